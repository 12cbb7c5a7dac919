"""The two things that move in chapters 2 and 3, against mixnotes."""

import re

import pytest
from playwright.sync_api import expect

import mixnotes as mx

A, B = 0.8, 0.3
FACTORIES = mx.Mixture([mx.Bernoulli(A), mx.Bernoulli(B)])


def bag(p):
    return mx.Mixture(FACTORIES.components, weights=[p, 1 - p])


def posterior(p, red):
    return float(bag(p).responsibilities([int(red)])[0, 0])


def em_step(p, share):
    step = mx.em_step(FACTORIES, bag(p), [1, 0], sample_weight=[share, 1 - share])
    return float(step.weights[0])


def test_the_arithmetic_of_the_page_is_that_of_mixnotes(page, site):
    """To 1e-12, over the whole range of the slider and twenty steps."""
    page.goto(site.url)
    grid = [k / 100 for k in range(101)]
    numbers = page.evaluate(
        """async ([grid, a, b]) => {
             const { posterior, emStep } = await import("./assets/js/moves/marbles.js");
             const trail = [0.5];
             while (trail.length <= 20) trail.push(emStep(trail.at(-1), 0.5, a, b));
             return [grid.map((p) => posterior(p, a, b, true)),
                     grid.map((p) => posterior(p, a, b, false)), trail]; }""",
        [grid, A, B],
    )
    trail = [0.5]
    while len(trail) <= 20:
        trail.append(em_step(trail[-1], 0.5))
    expected = [[posterior(p, red) for p in grid] for red in (True, False)]
    for seen, wanted in zip(numbers, [*expected, trail], strict=True):
        assert seen == pytest.approx(wanted, rel=0, abs=1e-12)
    assert trail[1:3] == pytest.approx([0.474747, 0.456004], abs=5e-7)


def test_the_bayes_slider_works_by_keyboard(page, move, violations):
    """Arrow keys move p; numbers and announcement follow, and the average is p."""
    box = move("bayes")
    slider = box.get_by_role("slider", name=re.compile("share of factory A"))
    slider.focus()
    page.keyboard.press("Home")
    for _ in range(40):
        page.keyboard.press("ArrowRight")
    expect(box.locator("label b")).to_have_text("0.40")
    status = box.get_by_role("status")
    expect(status).to_have_text(re.compile(r"0\.640.*0\.160.*0\.400"))
    assert status.get_attribute("aria-live") == "polite"
    assert violations(page) == []


def test_the_em_buttons_work_by_keyboard(page, move, violations):
    """E, M, Run 10 and Reset, each announced; M waits for E."""
    box = move("em-step")
    status = box.get_by_role("status")

    def press(name):
        box.get_by_role("button", name=name).focus()
        page.keyboard.press("Enter")

    press("M-step")
    expect(status).to_have_text(re.compile("press E-step"))
    press("E-step")
    red, blue = posterior(0.5, True), posterior(0.5, False)
    expect(status).to_have_text(re.compile(rf"{red:.6f}.*{blue:.6f}"))
    press("M-step")
    expect(status).to_have_text(re.compile(r"0\.474747"))
    press("E-step")
    press("M-step")
    expect(status).to_have_text(re.compile(r"0\.456004"))
    press("Run 10")
    expect(status).to_have_text(re.compile(r"After 12 steps.*limit is 0\.4\."))
    assert box.locator("circle").count() == 13
    assert violations(page) == []
    press("Reset")
    expect(box.locator("circle")).to_have_count(1)


def test_a_move_comes_alive_after_instant_navigation(page, site):
    """A reader who arrives by a link finds the slider, not the still picture."""
    target = site.page_with('data-move="bayes"')
    page.goto(site.url)
    page.evaluate("window.still = true")
    page.locator(f"article a[href$='{target.removeprefix(site.url)}']").first.click()
    expect(page.locator("[data-move='bayes'] input")).to_be_visible()
    assert page.evaluate("window.still")


@pytest.mark.parametrize("name", ["bayes", "em-step"])
def test_without_scripts_the_still_content_stands(still, name):
    """The page is complete before any script runs."""
    assert len(still(name).inner_text().split()) > 10
