"""Chapter 11's lost waits, against numpy, a closed form and the package."""

import json
import re

import numpy as np
import pytest
from playwright.sync_api import expect

import mixnotes as mx

GEYSER = mx.datasets.faithful()
X, Y = GEYSER["eruptions"], GEYSER["waiting"]
RULES = {"any": Y > 0, "eruption": X > 3, "wait": Y > 75}


def by_closed_form(gone):
    """Mean, sd and correlation where one column has gaps (Anderson 1957): the line of
    the whole rows, carried to the first column of all."""
    slope, level = np.polyfit(X[~gone], Y[~gone], 1)
    left = np.var(Y[~gone] - level - slope * X[~gone])
    var = slope**2 * X.var() + left
    return level + slope * X.mean(), var**0.5, slope * X.std() / var**0.5


def dropped(gone):
    kept = Y[~gone]
    return kept.mean(), kept.std(), np.corrcoef(X[~gone], kept)[0, 1]


def mean_filled(gone):
    y = np.where(gone, Y[~gone].mean(), Y)
    return y.mean(), y.std(), np.corrcoef(X, y)[0, 1]


WAYS = {"drop": dropped, "fillMean": mean_filled, "em": by_closed_form}


@pytest.fixture
def box(move):
    return move("gaps")


@pytest.fixture
def data(site):
    """What the page brings."""
    source = site.source("chapters/11-outliers-gaps-lines/")
    text = re.search(r'<div class="mx-data" hidden[^>]*>(.*?)</div>', source, re.S)[1]
    return json.loads(re.sub("<[^>]*>", "", text).replace("&quot;", '"'))


def test_the_page_brings_the_geyser(data):
    np.testing.assert_array_equal(data["x"], X)
    np.testing.assert_array_equal(data["y"], Y)
    assert len(set(data["u"])) > 90
    assert 0 <= min(data["u"]) < max(data["u"]) <= 1


def test_the_arithmetic_of_the_page_is_that_of_python(page, site, data):
    """For each rule, share and way; EM against the closed form."""
    page.goto(site.url)
    found = page.evaluate(
        """async ([data, ways]) => {
             const m = await import("./assets/js/moves/gaps.js");
             return Object.keys(m.rules).flatMap((rule) => [0, 0.3, 0.8, 0.95].flatMap(
               (share) => { const gone = m.lost(data, rule, share);
                 return ways.map((way) => { const { mean, sd, r } = m[way](data, gone);
                   return [rule, share, way, gone, [mean, sd, r]]; }); })); }""",
        [data, list(WAYS)],
    )
    assert len(found) == 36
    for rule, share, way, gone, numbers in found:
        gone = np.array(gone)
        np.testing.assert_array_equal(gone, (np.array(data["u"]) < share) & RULES[rule])
        np.testing.assert_allclose(numbers, WAYS[way](gone), rtol=1e-6)


def test_em_is_that_of_the_package_too(data):
    """The closed form that the page is held to is the package's maximum."""
    gone = (np.array(data["u"]) < 0.8) & RULES["eruption"]
    rows = np.column_stack([X, np.where(gone, np.nan, Y)])
    part = mx.em(mx.gaussian_mixture(1), rows).mixture.components[0]
    mean, sd, r = by_closed_form(gone)
    assert part.mean[1] == pytest.approx(mean, abs=1e-6)
    assert part.cov[1, 1] ** 0.5 == pytest.approx(sd, rel=1e-6)
    assert part.cov[0, 1] / (part.cov[0, 0] ** 0.5 * sd) == pytest.approx(r, rel=1e-6)


def test_it_is_worked_by_keyboard(page, box, data, violations):
    """Each radio and the slider say what they did."""
    status = box.get_by_role("status")
    assert status.get_attribute("aria-live") == "polite"
    gone = (np.array(data["u"]) < 0.8) & RULES["eruption"]
    filled = "Fill in the mean: mean {:.2f}, sd {:.2f}, correlation {:.3f}"
    expect(status).to_contain_text(filled.format(*mean_filled(gone)))
    box.get_by_role("radio", name="fill in the mean").focus()
    page.keyboard.press("ArrowRight")
    expected = "EM: mean {:.2f}, sd {:.2f}, correlation {:.3f}"
    expect(status).to_contain_text(expected.format(*by_closed_form(gone)))
    box.get_by_role("radio", name=re.compile(r"\(MAR\)")).focus()
    page.keyboard.press("ArrowRight")
    gone = (np.array(data["u"]) < 0.8) & RULES["wait"]
    expect(status).to_contain_text(expected.format(*by_closed_form(gone)))
    assert violations(page) == []
    box.get_by_role("slider").focus()
    for key, share in (("Home", 0), ("End", 0.95)):
        page.keyboard.press(key)
        gone = (np.array(data["u"]) < share) & RULES["wait"]
        expect(status).to_contain_text(f"{gone.sum()} are lost")
        assert "NaN" not in box.inner_html()


def test_without_scripts_the_table_stands(still):
    expect(still("gaps").locator("tbody tr")).to_have_count(3)
