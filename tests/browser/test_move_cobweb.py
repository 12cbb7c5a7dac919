"""Chapter 3's stairs of EM, against mixnotes."""

import re

import pytest
from playwright.sync_api import expect

import mixnotes as mx

A, B = 0.8, 0.3
FACTORIES = mx.Mixture([mx.Bernoulli(A), mx.Bernoulli(B)])


def em_step(weight, share):
    bag = mx.Mixture(FACTORIES.components, weights=[weight, 1 - weight])
    step = mx.em_step(FACTORIES, bag, [1, 0], sample_weight=[share, 1 - share])
    return float(step.weights[0])


def test_limit_slope_and_stop_are_those_of_the_package(page, site):
    """The slope against a difference, the steps until one is below 1e-8 to the step."""
    page.goto(site.url)
    shares = [0.35, 0.5, 0.62, 0.78]
    found = page.evaluate(
        """async (shares) => {
             const m = await import("./assets/js/moves/cobweb.js");
             return shares.map((x) => ({ ...m.atLimit(x, 0.8, 0.3),
                                         ...m.stopped(x, 0.5, 0.8, 0.3) })); }""",
        shares,
    )
    for share, seen in zip(shares, found, strict=True):
        limit = (share - B) / (A - B)
        assert seen["limit"] == pytest.approx(limit, abs=1e-12)
        ends = [em_step(limit + h, share) for h in (1e-5, -1e-5)]
        assert seen["rate"] == pytest.approx((ends[0] - ends[1]) / 2e-5, abs=1e-8)
        weight, steps = 0.5, 0
        while True:
            before, weight = weight, em_step(weight, share)
            steps += 1
            if abs(weight - before) < 1e-8:
                break
        assert seen["steps"] == steps
        assert seen["error"] == pytest.approx(abs(weight - limit), rel=1e-4)


def test_the_sliders_work_by_keyboard(page, move, violations):
    """Down to a share of 0.3, where the slope is 1 and no multiple of a step holds."""
    box = move("cobweb")
    status = box.get_by_role("status")
    expect(status).to_have_text(re.compile(r"after 62 steps; .* 2\.4e−8"))
    assert status.get_attribute("aria-live") == "polite"
    expect(box.locator("dl")).to_contain_text("0.760")
    start = box.get_by_role("slider", name=re.compile("start of"))
    start.focus()
    for _ in range(40):
        page.keyboard.press("ArrowLeft")
    box.get_by_role("slider", name=re.compile("share of red")).focus()
    page.keyboard.press("Home")
    expect(status).to_have_text(re.compile(r"after 9170 steps; .* 9\.2e−5"))
    expect(box.locator("dl")).to_contain_text("no multiple of that step")
    assert "NaN" not in box.inner_html()
    assert violations(page) == []
    page.keyboard.press("End")
    expect(box.locator("dl")).to_contain_text("1.000")


def test_without_scripts_the_table_stands(still):
    """The page is complete before any script runs."""
    expect(still("cobweb").locator("tbody tr")).to_have_count(4)
