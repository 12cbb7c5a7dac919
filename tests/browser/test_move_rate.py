"""Chapter 5's rate by separation and weight, against Python and against `Fit.rate`."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

import mixnotes as mx

GRID = np.arange(-13, 13, 0.02)
PLACES = [(p, s / 10) for p in (0.05, 0.3, 0.5, 0.95) for s in range(5, 61, 5)]


def two_normals(p, s):
    return mx.Mixture([mx.Normal(-s / 2, 1), mx.Normal(s / 2, 1)], [p, 1 - p])


def rate(p, s):
    """The average variance of a label given x, over its variance before."""
    r = two_normals(p, s).responsibilities(GRID)
    density = np.exp(two_normals(p, s).log_prob(GRID))
    return 0.02 * density @ (r[:, 0] * r[:, 1]) / (p * (1 - p))


@pytest.fixture
def box(move):
    return move("rate")


def from_the_page(page, site, places):
    page.goto(site.url)
    return page.evaluate(
        """async (places) => {
             const m = await import("./assets/js/moves/rate.js");
             return places.map(([p, s]) => {
               const rho = m.rate(p, s);
               return [rho, m.stepsToADigit(rho), ...m.standardErrors(p, rho, 1000)];
             }); }""",
        places,
    )


def test_the_arithmetic_of_the_page_is_that_of_python(page, site):
    """Rate, steps and standard errors, over both sliders."""
    for (p, s), numbers in zip(PLACES, from_the_page(page, site, PLACES), strict=True):
        rho, labelled = rate(p, s), (p * (1 - p) / 1000) ** 0.5
        wanted = [np.log(0.1) / np.log(rho), labelled, labelled / (1 - rho) ** 0.5]
        np.testing.assert_allclose(numbers, [rho, *wanted], rtol=1e-9)


def test_it_is_the_rate_and_the_error_that_a_fit_measures(page, site):
    """On a grid weighted by the density, which is an endless sample."""
    places = [(0.5, 2.0), (0.3, 1.0), (0.6, 4.0)]
    numbers = from_the_page(page, site, places)
    for (p, s), (rho, _, _, error) in zip(places, numbers, strict=True):
        truth = two_normals(p, s)
        weight = 1000 * 0.02 * np.exp(truth.log_prob(GRID))
        fit = mx.em(mx.Mixture(truth.components), GRID, sample_weight=weight)
        assert fit.mixture.weights[0] == pytest.approx(p, abs=1e-6)
        assert fit.rate == pytest.approx(rho, abs=1e-6)
        assert fit.standard_errors()["weights"][0] == pytest.approx(error, rel=1e-3)


def test_the_sliders_work_by_keyboard(page, box, violations):
    """The numbers are shown, announced, and stay numbers at the ends."""
    status = box.get_by_role("status")
    assert status.get_attribute("aria-live") == "polite"
    separation = box.get_by_role("slider", name=re.compile("separation"))
    separation.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    expect(box.locator("dd").first).to_have_text(f"{rate(0.5, 3.0):.4f}")
    expect(status).to_have_text(re.compile(f"The rate is {rate(0.5, 3.0):.4f}: "))
    page.evaluate("scrollTo(0, 0)")  # nothing half under the header
    assert violations(page) == []
    for name in ("separation", "weight of A"):
        box.get_by_role("slider", name=re.compile(name)).focus()
        for key in ("Home", "End"):
            page.keyboard.press(key)
            assert "NaN" not in box.inner_html()
    expect(status).to_have_text(re.compile(f"{rate(0.95, 6.0):.4f}"))


def test_the_legend_names_the_line_that_it_means(box):
    """The missing share is the area under the black line, drawn in the ink's colour."""
    legend = box.locator("p").first
    expect(legend).to_contain_text("the area under this line: the missing share")
    swatch = legend.locator(".mx-swatch").last
    assert "var(--mx-ink)" in (swatch.get_attribute("style") or "")
    assert box.locator("path[stroke='var(--mx-ink)'][stroke-width='2']").count() == 1


def test_without_scripts_the_table_stands(still):
    """The page is complete before any script runs."""
    box = still("rate")
    expect(box.locator("tbody tr")).to_have_count(4)
