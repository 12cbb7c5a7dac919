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


def test_the_gap_is_drawn_where_the_eye_sees_it(box):
    """Before anything is pressed: the gap after the step from 0.9, by its name."""
    expect(box.locator("svg text", has_text="KL 0.0190")).to_have_count(1)
    bar = box.locator("svg [data-tie=gap]").first.bounding_box()
    assert bar["height"] > 14
    names = box.locator("svg text").all_text_contents()
    assert {"log-likelihood per marble", "lower bound", "π, weight of A"} <= set(names)
    assert any("q" in name for name in names)


def test_its_words_keep_the_size_of_the_readers_text(page, box):
    """No picture shrinks its words: a unit of the drawing is more than a pixel on a
    phone, and still more where there is room."""
    for width, unit in ((1280, 1.2), (390, 8 / 7)):
        page.set_viewport_size({"width": width, "height": 844})
        svg = box.locator("svg").first
        wide = round(svg.bounding_box()["width"] / unit)
        expect(svg).to_have_attribute("viewBox", re.compile(rf"^0 0 {wide} "))
        inner = box.evaluate("(b) => b.clientWidth - 60")
        assert svg.bounding_box()["width"] > inner


def test_the_slider_works_by_keyboard(page, box, violations):
    """At the ends and between, the gap is Python's, shown and announced."""
    slider = box.get_by_role("slider", name=re.compile("weight of A"))
    status = box.get_by_role("status")
    slider.focus()
    for _ in range(14):
        page.keyboard.press("ArrowLeft")
    expect(box.locator("label b")).to_have_text("0.7")
    _, _, gap = three(0.9, 0.7, 0.5)
    expect(box.locator("dd").last).to_have_text(f"{gap:.6f}")
    expect(status).to_have_text(re.compile(f"lower by {gap:.6f}"))
    assert status.get_attribute("aria-live") == "polite"
    assert violations(page) == []
    for key, place in (("Home", "0.3"), ("End", "0.96")):
        slider.focus()
        page.keyboard.press(key)
        expect(status).to_have_text(re.compile(f"At {place} "))
        assert "NaN" not in box.inner_html()
        assert not re.search(r"-\d", box.inner_text())  # one minus sign, U+2212


def test_the_buttons_walk_the_path_of_em(page, box, violations):
    """E closes the gap, M goes to the top of the bound, and so on from the start."""
    status = box.get_by_role("status")

    def press(name):
        box.get_by_role("button", name=name).focus()
        page.keyboard.press("Enter")

    weight = 0.84
    expect(box.locator("label b")).to_have_text("0.84")
    for _ in range(3):
        press("E-step")
        expect(status).to_have_text(re.compile(rf"E-step: .* {weight:.7g}\."))
        expect(box.locator("dd").last).to_have_text("0.000000")
        press("M-step")
        weight = round(float(bag(weight).responsibilities([1, 0])[:, 0].mean()), 6)
        expect(status).to_have_text(re.compile(rf"M-step: π is {weight:.7g}, the top"))
    assert box.locator("svg circle").count() == 5  # three places left, and two at work
    assert violations(page) == []
    press("Start again")
    expect(box.locator("label b")).to_have_text("0.84")


def test_without_scripts_the_table_stands(still):
    """The page is complete before any script runs."""
    box = still("bound")
    expect(box.locator("tbody tr")).to_have_count(5)
