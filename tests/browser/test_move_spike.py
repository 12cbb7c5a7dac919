"""Chapter 8's spike on a data point, against mixnotes' own log-likelihood."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

import mixnotes as mx

WAITING = mx.datasets.faithful()["waiting"]
WIDE = mx.Normal(WAITING.mean(), WAITING.std())


def log_likelihood(weight, at, sd):
    rival = mx.Mixture([mx.Normal(at, sd), WIDE], [weight, 1 - weight])
    return float(rival.log_prob(WAITING).sum())


@pytest.fixture
def box(move):
    return move("spike")


def test_the_arithmetic_of_the_page_is_that_of_mixnotes(page, site):
    """The data, the fit, and the log-likelihood over the whole slider, to 1e-9."""
    page.goto(site.url)
    grid = [-30 + k / 10 for k in range(311)]
    cases = [(w, at, 10.0**g) for w in (0.1, 0.5) for at in (43, 78, 79) for g in grid]
    first, counts, best, parts, numbers = page.evaluate(
        """async (cases) => {
             const m = await import("./assets/js/moves/spike.js");
             return [m.first, m.counts, m.best, m.fit,
               cases.map((all) => m.logLikelihood(...all))]; }""",
        cases,
    )
    shown = np.repeat(np.arange(first, first + len(counts)), counts)
    np.testing.assert_array_equal(shown, np.sort(WAITING))
    wanted = [log_likelihood(*case) for case in cases]
    np.testing.assert_allclose(numbers, wanted, rtol=0, atol=1e-9)
    fit = mx.em(mx.Mixture([mx.Normal(), mx.Normal()]), WAITING)
    assert abs(best - fit.log_likelihood) < 1e-6
    shown = zip(fit.mixture.weights, fit.mixture.components, strict=True)
    wanted = [(w, part.mean, part.sd) for w, part in shown]
    np.testing.assert_allclose(parts, wanted, rtol=1e-8)


def test_the_width_works_by_keyboard(page, box, violations):
    """At 1e-10 the spike on 79 beats the fit; wide, narrow and widest are shown."""
    slider = box.get_by_role("slider", name=re.compile("its sd"))
    status = box.get_by_role("status")
    assert status.get_attribute("aria-live") == "polite"
    slider.focus()
    page.keyboard.press("Home")
    for _ in range(200):
        page.keyboard.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "1.0e−10 minutes")
    expect(status).to_have_text(re.compile("is −1025.70, 8.30 above Ada's"))
    expect(box.locator("svg")).to_contain_text("Ben, −1025.70")
    assert violations(page) == []
    for key, sd in (("Home", 1e-30), ("End", 10)):
        page.keyboard.press(key)
        shown = f"{log_likelihood(0.5, 79, sd):.2f}".replace("-", "−")
        expect(box.locator("svg")).to_contain_text(f"Ben, {shown}")
        assert not re.search("NaN|Infinity", box.inner_html())


def test_the_place_works_by_keyboard(page, box, violations):
    """On a value that occurs once the same width is worth much less."""
    box.get_by_role("radio", name=re.compile("79")).focus()
    page.keyboard.press("ArrowRight")
    expect(box.get_by_role("radio", name=re.compile("43, once"))).to_be_checked()
    shown = f"{log_likelihood(0.5, 43, 1):.2f}".replace("-", "−")
    expect(box.locator("svg")).to_contain_text(f"Ben, {shown}")
    assert violations(page) == []


def test_the_width_can_be_dragged_in_the_picture(page, box):
    """A press on the landscape takes the width beneath it."""
    slider = box.get_by_role("slider", name=re.compile("its sd"))
    frame = box.locator("svg").bounding_box()
    page.mouse.move(frame["x"] + 0.76 * frame["width"], frame["y"] + 80)
    page.mouse.down()
    page.mouse.move(frame["x"] + 0.6 * frame["width"], frame["y"] + 80)
    page.mouse.up()
    assert -30 <= float(slider.input_value()) < -10
    sd = 10 ** float(slider.input_value())
    shown = f"{log_likelihood(0.5, 79, sd):.2f}".replace("-", "−")
    expect(box.get_by_role("status")).to_contain_text(shown)


def test_without_scripts_the_table_stands(still):
    """The page is complete before any script runs."""
    box = still("spike")
    expect(box.locator("tbody tr")).to_have_count(5)
