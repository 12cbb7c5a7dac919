"""Chapter 8's four kinds of covariance, against mixnotes' own fits."""

import json
import re
from html import unescape

import numpy as np
import pytest
from playwright.sync_api import expect

import mixnotes as mx

KINDS = ["full", "tied", "diagonal", "spherical"]


@pytest.fixture(scope="module")
def given(site):
    """What stands in the page: the points, and of each kind what was fitted."""
    path = site.page_with('data-move="shapes"').removeprefix(site.url)
    box = site.source(path).partition('data-move="shapes"')[2]
    hidden = re.search(r"<span hidden[^>]*>(.*?)</span>\s*</p>", box, re.DOTALL)
    return json.loads(unescape(re.sub("<[^>]+>", "", hidden[1])))


@pytest.fixture(scope="module")
def fits():
    geyser = mx.datasets.faithful()
    x = np.column_stack([geyser["eruptions"], geyser["waiting"]])
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    return {kind: mx.em(mx.gaussian_mixture(2, kind), x) for kind in KINDS}


@pytest.fixture
def box(move):
    return move("shapes")


def test_the_fits_of_the_page_are_those_of_mixnotes(given, fits):
    """To what was rounded; and the numbers of each kind are counted right."""
    points, shown = given
    assert np.shape(points) == (272, 2)
    for fit, (height, numbers, bic, *parts) in zip(fits.values(), shown, strict=True):
        assert abs(height - fit.log_likelihood) < 1e-4
        assert abs(bic - fit.bic) < 1e-3
        assert numbers == fit.model.n_free - 5  # two means in the plane, a weight
        for (weight, mean, cov), w, part in zip(
            parts, fit.mixture.weights, fit.mixture.components, strict=True
        ):
            assert abs(weight - w) < 1e-5
            np.testing.assert_allclose(mean, part.mean, atol=1e-5)
            np.testing.assert_allclose(cov, part.cov[np.triu_indices(2)], atol=1e-5)


def test_the_arithmetic_of_the_page_is_that_of_mixnotes(page, site, given, fits):
    """Responsibilities to 1e-4 of the page's own points; each ellipse lies where the
    distance by the covariance is 1."""
    points, shown = given
    page.goto(site.url)
    seen, rings = page.evaluate(
        """async ([points, shown]) => {
             const m = await import("./assets/js/moves/shapes.js");
             return [shown.map(([, , , ...parts]) =>
                points.map((x) => m.responsibility(x, parts))),
               shown.map(([, , , [, mean, cov]]) => m.ellipse(mean, cov, 1))]; }""",
        [points, shown],
    )
    for r, ring, fit in zip(seen, rings, fits.values(), strict=True):
        wanted = fit.mixture.responsibilities(points)[:, 0]
        np.testing.assert_allclose(r, wanted, rtol=0, atol=1e-4)
        part = fit.mixture.components[0]
        away = np.array(ring) - part.mean
        length = np.einsum("ij,jk,ik->i", away, np.linalg.inv(part.cov), away)
        np.testing.assert_allclose(length, 1, atol=1e-3)


def test_the_kind_works_by_keyboard(page, box, fits, violations):
    """Each kind says its numbers, its log-likelihood and its BIC; circles are round."""
    status = box.get_by_role("status")
    assert status.get_attribute("aria-live") == "polite"
    box.get_by_role("radio", name="full").focus()
    for kind, numbers in zip(KINDS, (6, 3, 4, 2), strict=True):
        if kind != "full":
            page.keyboard.press("ArrowRight")
        expect(box.get_by_role("radio", name=kind)).to_be_checked()
        height = f"{fits[kind].log_likelihood:.2f}".replace("-", "−")
        said = f"{numbers} numbers.*{re.escape(height)}, BIC {fits[kind].bic:.1f}"
        expect(status).to_have_text(re.compile(said))
        assert not re.search("NaN|Infinity", box.inner_html())
    expect(box.locator("circle")).to_have_count(272)
    ring = box.locator("svg path").first.bounding_box()
    assert abs(ring["width"] - ring["height"]) < 0.5
    assert violations(page) == []


def test_without_scripts_the_table_stands(still):
    """Four kinds, counted; the points stay hidden."""
    box = still("shapes")
    expect(box.locator("tbody tr")).to_have_count(4)
    expect(box.locator("[hidden]")).to_be_hidden()
