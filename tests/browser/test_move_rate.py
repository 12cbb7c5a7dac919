"""Chapter 5's rate by separation and weight, against Python and against `Fit.rate`."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

import mixnotes as mx

PAIR = ("observed", "complete")
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


def test_a_step_is_a_climb_to_the_top_of_the_touching_bound(page, site):
    """The bound is a parabola of curvature 1 that touches that of curvature 1 - rho,
    lies below it, and has its top at rho times the distance."""
    places = [(d, rho) for d in (-2.0, 0.5, 3.6) for rho in (0.05, 0.53, 0.9)]
    xs = np.linspace(-4, 4, 161)
    page.goto(site.url)
    drawn = page.evaluate(
        """async ([places, xs]) => {
             const m = await import("./assets/js/moves/rate.js");
             return places.map(([d, rho]) => [xs.map((x) => m.curve(x, rho)),
               xs.map((x) => m.boundFrom(d, x, rho)), m.boundFrom(d, d, rho)]); }""",
        [places, xs.tolist()],
    )
    for (d, rho), (curve, bound, touch) in zip(places, drawn, strict=True):
        np.testing.assert_allclose(curve, -(1 - rho) * xs**2 / 2, atol=1e-12)
        assert touch == pytest.approx(-(1 - rho) * d**2 / 2, abs=1e-12)
        gap = np.array(curve) - bound
        np.testing.assert_allclose(gap, rho * (xs - d) ** 2 / 2, atol=1e-12)
        top = -((1 - rho) * d**2) / 2 + ((1 - rho) * d) ** 2 / 2
        wanted = top - (xs - rho * d) ** 2 / 2
        np.testing.assert_allclose(bound, wanted, atol=1e-12)


def test_the_parabolas_are_those_of_the_marbles_too():
    """Of a step of EM near the maximum: what is left of the distance is 1 - I / I_c,
    with I and I_c from the curves themselves."""
    bag = mx.Mixture([mx.Bernoulli(0.8), mx.Bernoulli(0.3)])
    counts, x = np.array([600.0, 400.0]), [1, 0]

    def at(weight):
        return mx.Mixture(bag.components, [weight, 1 - weight])

    def log_likelihood(weight):
        return counts @ at(weight).log_prob(x)

    def bound(weight):
        r = at(0.6).responsibilities(x)
        return counts @ (r * (at(weight).log_joint(x) - np.log(r))).sum(axis=1)

    def curvature(f, h=1e-3):
        return -(f(0.6 + h) - 2 * f(0.6) + f(0.6 - h)) / h**2

    left = mx.em_step(bag, at(0.601), x, counts).weights[0] - 0.6
    rate = 1 - curvature(log_likelihood) / curvature(bound)
    assert rate == pytest.approx(0.75, abs=1e-4)
    assert left / 0.001 == pytest.approx(rate, abs=2e-3)


def test_steps_are_taken_and_begun_again_by_keyboard(page, box, violations):
    """Each step leaves the rate of the distance; a slider begins again."""
    status = box.get_by_role("status")
    rho = rate(0.5, 2.0)

    def press(name):
        box.get_by_role("button", name=name).focus()
        page.keyboard.press("Enter")

    assert box.locator("svg").first.locator("circle").count() == 1
    for step in (1, 2, 3):
        press("EM step")
        left = f"{100 * rho**step:.0f} % of the first distance"
        expect(status).to_have_text(re.compile(f"Step {step}, .*: {left} is left"))
    assert box.locator("svg").first.locator("circle").count() == 4
    for _ in range(30):
        press("EM step")
    expect(status).to_have_text(re.compile("less than 1 %"))
    assert "NaN" not in box.inner_html()
    assert violations(page) == []
    press("Start again")
    expect(status).to_have_text(re.compile(f"The rate is {rho:.4f}: "))
    assert box.locator("svg").first.locator("circle").count() == 1


def test_both_curvatures_are_named_in_the_picture(box):
    names = box.locator("svg").first.locator("text").all_text_contents()
    names = {"".join(name.split()) for name in names}
    assert {"log-likelihood:curvatureI", "bounds:curvatureIc"} <= names
    assert {"−1/√I", "1/√Ic", "distanceofπfromthemaximum"} <= names


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
    line = "path[stroke='var(--mx-ink)'][stroke-width='2']"
    assert box.locator("svg").last.locator(line).count() == 1


def test_without_scripts_the_table_stands(still):
    """The page is complete before any script runs."""
    box = still("rate")
    expect(box.locator("tbody tr")).to_have_count(4)


def test_one_information_does_not_light_up_with_the_other(page, box):
    """The I of I_c belongs to I_c; each lights up in formulas, with its
    powers, and in the picture."""
    item = {name: page.locator(f".mx-tie[data-tie={name}]") for name in PAIR}
    lit = page.locator(".katex .mx-lit")
    seen = {}
    for name in PAIR:
        item[name].focus()
        page.keyboard.press("Enter")
        seen[name] = [text.replace("\u200b", "") for text in lit.all_text_contents()]
        assert box.locator("svg .mx-lit").count() > 1
        page.keyboard.press("Enter")
        page.locator("h1").click()
        expect(lit).to_have_count(0)
    assert {"".join(text.split()) for text in seen["observed"]} == {"I"}
    powers = {"Ic", "Ic−1"}
    assert {"".join(text.split()) for text in seen["complete"]} == powers
