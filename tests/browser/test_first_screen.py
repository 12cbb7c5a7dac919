"""On a phone's first screen each chapter has something to touch, and it moves."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

import mixnotes as mx

TALL = 844
CHAPTERS = sorted(Path(__file__).parents[2].glob("docs/chapters/*.md"))

# Of a drawing that takes the finger: where it is drawn from and to, in the drawing's
# own pixels of (across, down) and of its width, and what must then be read beside the
# slider.
DRAWN = {
    "02-hidden-factory": ((0.5, 60), (0.75, 60), "0.74"),
    "04-why-em-climbs": ((0.4, 60), (0.5, 60), r"0\.\d\d"),
    "10-how-many": ((0.6, 250), (1, 250), "10 %"),
    "15-hard-e-step": ((0.7, 120), (0.8, 120), r"1\.\d\d"),
    "16-diffusion": ((0.5, 60), (0, 60), r"0\.000"),
}


@pytest.fixture
def phone(browser, site):
    with browser.new_context(
        viewport={"width": 390, "height": TALL},
        has_touch=True,
        reduced_motion="reduce",
        service_workers="block",
    ) as context:

        def opened(chapter):
            page = context.new_page()
            page.goto(f"{site.url}chapters/{chapter}/")
            box = page.locator(".mx-move[data-live]").first
            expect(box.locator("svg").first).to_be_visible()
            return page, box

        yield opened


@pytest.mark.parametrize("chapter", [path.stem for path in CHAPTERS])
def test_something_to_touch_is_on_the_first_screen(phone, chapter):
    """A button or a slider, whole; or more than half of a drawing to be touched."""
    _, box = phone(chapter)
    lowest = box.evaluate(
        """box => {
             const touched = [...box.querySelectorAll("svg")].filter((svg) =>
               svg.style.touchAction || svg.style.cursor === "pointer");
             const middle = touched.map((svg) => svg.getBoundingClientRect())
               .map(({ top, bottom }) => (top + bottom) / 2);
             const whole = [...box.querySelectorAll("button, input")]
               .map((each) => each.getBoundingClientRect())
               .filter(({ height }) => height).map(({ bottom }) => bottom);
             return Math.min(...middle, ...whole); }"""
    )
    assert lowest <= TALL, f"what can be touched is {lowest - TALL:.0f} pixels below"


@pytest.mark.parametrize("chapter", DRAWN)
def test_the_drawing_takes_the_finger(phone, chapter):
    page, box = phone(chapter)
    start, end, shown = DRAWN[chapter]
    frame = box.locator("svg").first.bounding_box()
    label = box.locator("label b").first
    before = label.inner_text()

    def at(place):
        across = min(place[0] * frame["width"], frame["width"] - 1)
        return frame["x"] + across, frame["y"] + place[1]

    page.mouse.move(*at(start))
    page.mouse.down()
    page.mouse.move(*at(end), steps=4)
    page.mouse.up()
    expect(label).to_have_text(re.compile(f"^{shown}$"))
    assert label.inner_text() != before
    page.mouse.move(*at(start))  # nothing is held any more
    expect(label).to_have_text(re.compile(f"^{shown}$"))


def test_a_tap_on_the_waits_draws_one(phone):
    _, box = phone("01-choice-not-sum")
    box.locator("svg").tap()
    expect(box.get_by_role("status")).to_have_text(re.compile("^Choice 1: "))


def test_the_bar_of_chapter_3_is_drawn_to_another_start(phone):
    page, box = phone("03-em")
    bar = box.locator("svg .bar").bounding_box()
    frame = box.locator("svg").bounding_box()
    page.mouse.move(bar["x"] + bar["width"], bar["y"] + 8)
    page.mouse.down()
    page.mouse.move(frame["x"] + 0.8 * frame["width"], bar["y"] + 8, steps=3)
    page.mouse.up()
    expect(box.locator("svg .weight")).to_have_text(re.compile("π = 0.8000"))
    expect(box.get_by_role("status")).to_have_text(re.compile("^π starts at 0.8. "))
    page.mouse.move(frame["x"] + 20, frame["y"] + 60)  # the marbles are not the bar
    page.mouse.down()
    page.mouse.move(frame["x"] + 90, frame["y"] + 60)
    page.mouse.up()
    expect(box.locator("svg .weight")).to_have_text(re.compile("π = 0.8000"))


@pytest.mark.parametrize("start", [0.8, 0.3])
def test_the_lever_of_chapter_7_moves_the_weight_that_is_not_computed(phone, start):
    """b is computed: wherever the finger begins, a moves, and b balances it."""
    page, box = phone("07-identifiable")
    frame = box.locator("svg").bounding_box()
    unit = frame["width"] / box.locator("svg").evaluate("e => e.viewBox.baseVal.width")

    def across(share):
        return frame["x"] + 22 * unit + (frame["width"] - 44 * unit) * share

    page.mouse.move(across(start), frame["y"] + 76 * unit)
    page.mouse.down()
    page.mouse.move(across(0.9), frame["y"] + 76 * unit, steps=3)
    page.mouse.up()
    expect(box.locator("svg")).to_contain_text("a = 0.9")
    balance = (0.6 - 0.6 * 0.9) / 0.4
    expect(box.locator("svg")).to_contain_text(f"b = {balance:.2f}")


def test_the_belief_of_chapter_13_is_where_the_finger_is(phone):
    page, box = phone("13-what-you-believed")
    frame = box.locator("svg").bounding_box()
    page.mouse.move(frame["x"] + 0.5 * frame["width"], frame["y"] + 80)
    page.mouse.down()
    page.mouse.move(
        frame["x"] + 12 + 0.2 * (frame["width"] - 24), frame["y"] + 80, steps=3
    )
    page.mouse.up()
    expect(box.locator("label b").nth(1)).to_have_text("20 %")
    factories = [mx.Bernoulli(0.8), mx.Bernoulli(0.3)]
    belief = mx.Dirichlet([1 + 4 * 0.2, 1 + 4 * 0.8])
    fit = mx.em(mx.Mixture(factories, weights=belief), [1, 0], sample_weight=[5, 0])
    expect(box.get_by_role("status")).to_contain_text(f"{fit.mixture.weights[0]:.3f}")
