"""Chapter 6's mixture for The Times, against mixnotes, for up to six components."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

import mixnotes as mx

DEATHS, DAYS = mx.datasets.london_times().values()
BLANK = {"Poisson": mx.Poisson(), "geometric": mx.Geometric()}
STATES = [
    [("Poisson", 1.0, 2.0)],
    [("Poisson", 0.3, 1.0), ("Poisson", 0.7, 2.5)],
    [("Poisson", 0.8, 2.2), ("geometric", 0.2, 1.0)],
    [("geometric", 0.5, 0.5), ("Poisson", 0.3, 3.0), ("geometric", 0.2, 4.0)],
]


def as_mixture(parts):
    built = [
        mx.Poisson(p["mean"])
        if p["family"] == "Poisson"
        else mx.Geometric(1 / (1 + p["mean"]))
        for p in parts
    ]
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


def test_without_scripts_the_table_stands(still):
    """The page is complete before any script runs."""
    box = still("components")
    expect(box.locator("tbody tr")).to_have_count(5)
