"""Chapter 4's bound and its gap, against Python's own arithmetic."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

import mixnotes as mx

GIVEN = [mx.Bernoulli(0.8), mx.Bernoulli(0.3)]
GRID = [k / 100 for k in range(1, 100)]
SHARES = [0.0, 0.3, 0.5, 1.0]


def bag(weight):
    return mx.Mixture(GIVEN, [weight, 1 - weight])


def three(start, weight, red):
    """Log-likelihood, bound with q from `start`, and divergence, a marble."""
    share, x = np.array([red, 1 - red]), [1, 0]
    q, r = bag(start).responsibilities(x), bag(weight).responsibilities(x)
    joint = bag(weight).log_joint(x)
    return [
        share @ bag(weight).log_prob(x),
        share @ (q * (joint - np.log(q))).sum(axis=1),
        share @ (q * np.log(q / r)).sum(axis=1),
    ]


@pytest.fixture
def box(move):
    return move("bound")


def test_the_arithmetic_of_the_page_is_that_of_python(page, site):
    """To 1e-12, over the whole slider, for q from three weights and four shares."""
    page.goto(site.url)
    cases = [(s, w, red) for s in (0.1, 0.5, 0.9) for w in GRID for red in SHARES]
    numbers = page.evaluate(
        """async ([cases, a, b]) => {
             const m = await import("./assets/js/moves/bound.js");
             return cases.map(([from, p, red]) => [
               m.logLikelihood(p, red, a, b), m.lowerBound(from, p, red, a, b),
               m.divergence(from, p, red, a, b)]); }""",
        [cases, 0.8, 0.3],
    )
    wanted = np.array([three(*case) for case in cases])
    np.testing.assert_allclose(numbers, wanted, rtol=0, atol=1e-12)
    top, bound, gap = wanted.T
    np.testing.assert_allclose(top - bound, gap, rtol=0, atol=1e-12)


def test_the_slider_works_by_keyboard(page, box, violations):
    """Ten steps left of 0.5 the gap is that of exercise 1, shown and announced."""
    slider = box.get_by_role("slider", name=re.compile("weight of A"))
    status = box.get_by_role("status")
    slider.focus()
    for _ in range(10):
        page.keyboard.press("ArrowLeft")
    expect(box.locator("label b")).to_have_text("0.4")
    expect(box.locator("dd").last).to_have_text("0.015197")
    expect(status).to_have_text(re.compile("lower by 0.015197"))
    assert status.get_attribute("aria-live") == "polite"
    assert violations(page) == []
    for key in ("Home", "End"):
        page.keyboard.press(key)
        expect(status).to_have_text(re.compile("At 0.[09][19] "))
        assert "NaN" not in box.inner_html()
        assert not re.search(r"-\d", box.inner_text())  # one minus sign, U+2212


def test_the_buttons_walk_the_path_of_em(page, box, violations):
    """M goes to the top of the bound, E closes the gap, Reset begins again."""
    status = box.get_by_role("status")

    def press(name):
        box.get_by_role("button", name=name).focus()
        page.keyboard.press("Enter")

    press("M-step")
    expect(status).to_have_text(re.compile(r"M-step: π is 0\.474747"))
    press("E-step")
    expect(status).to_have_text(re.compile(r"E-step: .* 0\.474747\. The gap is closed"))
    expect(box.locator("dd").last).to_have_text("0.000000")
    press("M-step")
    expect(status).to_have_text(re.compile(r"M-step: π is 0\.456004"))
    assert violations(page) == []
    press("Reset")
    expect(box.locator("label b")).to_have_text("0.5")


def test_without_scripts_the_table_stands(still):
    """The page is complete before any script runs."""
    box = still("bound")
    expect(box.locator("tbody tr")).to_have_count(5)
