"""Chapter 6's mixture for The Times, against mixnotes, for up to six components."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

import mixnotes as mx

DEATHS, DAYS = mx.datasets.london_times().values()
BLANK = {
    "Poisson": mx.Poisson(),
    "geometric": mx.Geometric(),
    "binomial": mx.Binomial(20),
}
WITH_MEAN = {
    "Poisson": mx.Poisson,
    "geometric": lambda mean: mx.Geometric(1 / (1 + mean)),
    "binomial": lambda mean: mx.Binomial(20, mean / 20),
}
STATES = [
    [("Poisson", 1.0, 2.0)],
    [("Poisson", 0.3, 1.0), ("Poisson", 0.7, 2.5)],
    [("Poisson", 0.8, 2.2), ("geometric", 0.2, 1.0)],
    [("geometric", 0.5, 0.5), ("Poisson", 0.3, 3.0), ("geometric", 0.2, 4.0)],
    [("binomial", 0.4, 1.5), ("Poisson", 0.4, 3.0), ("binomial", 0.2, 10.0)],
]


def as_mixture(parts):
    built = [WITH_MEAN[p["family"]](p["mean"]) for p in parts]
    return mx.Mixture(built, [p["weight"] for p in parts])


def model(parts):
    return mx.Mixture([BLANK[p["family"]] for p in parts])


def log_likelihood(mixture):
    return DAYS @ mixture.log_prob(DEATHS)


def means(mixture):
    return [float(mx.Mixture([c], [1.0]).mean()) for c in mixture.components]


def run(page, site, body, states=STATES):
    """What the JavaScript of the page gives for each state."""
    page.goto(site.url)
    keys = ("family", "weight", "mean")
    states = [[dict(zip(keys, p, strict=True)) for p in state] for state in states]
    script = """async (states) => {
      const m = await import("./assets/js/moves/components.js");
      return states.map((parts) => (%s)); }"""
    return states, page.evaluate(script % body, states)


@pytest.fixture
def box(move):
    return move("components")


def test_its_days_are_those_of_the_package(page, site):
    """The ten counts, typed once more in JavaScript."""
    _, (days,) = run(page, site, "m.DAYS", STATES[:1])
    assert days == DAYS.tolist()


def test_log_likelihood_and_step_are_those_of_mixnotes(page, site):
    """Mixtures of one family and of two, before and after a step."""
    body = "[m.logLikelihood(parts), m.aic(parts), m.emStep(parts)]"
    for parts, (height, aic, after) in zip(*run(page, site, body), strict=True):
        here = as_mixture(parts)
        assert height == pytest.approx(log_likelihood(here), abs=1e-9)
        assert aic == pytest.approx(2 * (2 * len(parts) - 1) - 2 * height, abs=1e-9)
        wanted = mx.em_step(model(parts), here, DEATHS, DAYS)
        got = as_mixture(after)
        np.testing.assert_allclose(got.weights, wanted.weights, atol=1e-12)
        np.testing.assert_allclose(means(got), means(wanted), atol=1e-12)


def test_a_climb_ends_where_em_does(page, site):
    """To 1e-6 in the log-likelihood; one Poisson, two, and two families."""
    body = "m.climb(parts).parts"
    for parts, end in zip(*run(page, site, body, STATES[:3]), strict=True):
        fit = mx.em(model(parts), DEATHS, sample_weight=DAYS)
        height = log_likelihood(as_mixture(end))
        assert height == pytest.approx(fit.log_likelihood, abs=1e-6)


def test_add_step_and_remove_by_keyboard(page, box, violations):
    """To the two Poissons of the page, a third that gains nothing, and back."""
    status = box.get_by_role("status")
    assert status.get_attribute("aria-live") == "polite"

    def press(name):
        box.get_by_role("button", name=name).focus()
        page.keyboard.press("Enter")

    expect(status).to_have_text(re.compile("−2001.398"))
    press("Add a Poisson")
    expect(status).to_have_text(re.compile("2 components"))
    press("One EM step")
    expect(status).to_have_text(re.compile("One step on"))
    press("Climb")
    expect(status).to_have_text(re.compile(r"−1989.946, AIC 3985.89"))
    expect(box.locator("dt").first).to_have_text(re.compile("rate 1.256"))
    expect(box.locator("dd").first).to_have_text("π 0.3599")
    press("Add a Poisson")
    press("Climb")
    expect(status).to_have_text(re.compile(r"−1989.946, AIC 3989.89"))
    page.evaluate("scrollTo(0, 0)")  # nothing half under the header
    assert violations(page) == []
    for _ in range(5):
        press("Add a geometric")
    expect(status).to_have_text(re.compile("6 components"))
    assert "NaN" not in box.inner_html()
    page.evaluate("scrollTo(0, 0)")  # nothing half under the header
    assert violations(page) == []
    for _ in range(7):
        press("Remove the last")
    expect(status).to_have_text(re.compile("one component"))
    press("Climb")
    expect(status).to_have_text(re.compile("−2001.398"))


def test_dots_take_the_colours_of_what_they_belong_to(page, box):
    """One colour with one component; with two a mixture of both, by responsibility."""
    dots = box.locator("svg circle")

    def fills():
        return [dots.nth(k).evaluate("(d) => d.style.fill") for k in range(10)]

    assert set(fills()) == {"var(--mx-1)"}
    for name in ("Add a Poisson", "Climb"):
        box.get_by_role("button", name=name).click()
    expect(box.get_by_role("status")).to_have_text(re.compile("−1989.946"))
    found = fills()
    model = mx.Mixture([mx.Poisson(), mx.Poisson()])
    two = mx.em(model, DEATHS, sample_weight=DAYS).mixture
    for fill, r in zip(found, two.responsibilities(DEATHS), strict=True):
        share = float(re.search(r"var\(--mx-2\) ([\d.]+)%", fill)[1])
        assert share == pytest.approx(100 * r[1], abs=0.1)


def test_a_binomial_can_stand_beside_a_poisson(page, box):
    """The last row of the table, reached by pressing."""
    for name in ("Add a binomial", "Climb"):
        box.get_by_role("button", name=name).click()
    model = mx.Mixture([mx.Poisson(), mx.Binomial(20)])
    fit = mx.em(model, DEATHS, sample_weight=DAYS)
    height = f"−{-fit.log_likelihood:.3f}"
    expect(box.get_by_role("status")).to_have_text(re.compile(height))
    expect(box.locator("dl")).to_contain_text("binomial of 20, p 0.")


def test_without_scripts_the_table_stands(still):
    """The page is complete before any script runs."""
    box = still("components")
    expect(box.locator("tbody tr")).to_have_count(5)
