"""What moves in chapters 2 and 3, against mixnotes."""

import re

import pytest
from playwright.sync_api import expect

import mixnotes as mx
from tests.browser.conftest import TWO_FRAMES

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
    """E, M, Ten steps and Reset, each announced; M waits for E."""
    box = move("em-step")
    status = box.get_by_role("status")

    def press(name):
        box.get_by_role("button", name=name).focus()
        page.keyboard.press("Enter")

    press("M-step")
    expect(status).to_have_text(re.compile("Press E-step"))
    press("E-step")
    red, blue = posterior(0.5, True), posterior(0.5, False)
    expect(status).to_have_text(re.compile(rf"{red:.6f}.*{blue:.6f}"))
    press("M-step")
    expect(status).to_have_text(re.compile(r"0\.474747"))
    press("E-step")
    press("M-step")
    expect(status).to_have_text(re.compile(r"0\.456004"))
    press("Ten steps")
    expect(status).to_have_text(re.compile(r"After 12 steps.*limit is 0\.4\."))
    assert box.locator(".trail circle").count() == 13
    assert violations(page) == []
    press("Reset")
    expect(box.locator(".trail circle")).to_have_count(1)


def test_the_marbles_are_tinted_in_the_e_step_and_the_bar_moves_in_the_m_step(
    page, move
):
    """Two hundred marbles, as many red as the slider says; each ring is A's as far as
    the marble is, and the bar becomes their average."""
    page.emulate_media(reduced_motion="reduce")
    box = move("em-step")
    share = box.get_by_role("slider", name=re.compile("share of red"))
    share.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    tinted = """(box) => [...box.querySelectorAll(".a")].map((ring) =>
      [ring.classList.contains("red"), parseFloat(ring.style.strokeDasharray)])"""
    before = box.evaluate(tinted)
    assert [len(before), sum(red for red, _ in before)] == [200, 120]
    assert {drawn for _, drawn in before} == {0}

    def bar():
        return box.evaluate(
            """(box) => parseFloat(box.querySelector(".bar").style.width)
                        / box.querySelector("svg").viewBox.baseVal.width"""
        )

    assert bar() == pytest.approx(0.5, abs=1e-4)
    box.get_by_role("button", name="E-step").click()
    for red, drawn in box.evaluate(tinted):
        assert drawn == pytest.approx(posterior(0.5, red), abs=1e-4)
    assert bar() == pytest.approx(0.5, abs=1e-4)
    box.get_by_role("button", name="M-step").click()
    assert bar() == pytest.approx(em_step(0.5, 0.6), abs=1e-4)


def test_the_start_can_be_chosen_and_every_end_of_the_sliders_has_numbers(page, move):
    """No NaN at a share of 0 or 1, or from a start near 0 or 1."""
    box = move("em-step")
    start = box.get_by_role("slider", name=re.compile("start of"))
    start.focus()
    page.keyboard.press("Home")
    expect(box.get_by_role("status")).to_have_text(re.compile(r"starts at 0\.01\."))
    for slider in box.get_by_role("slider").all():
        for key in ("Home", "End"):
            slider.focus()
            page.keyboard.press(key)
            box.get_by_role("button", name="Ten steps").click()
            expect(box.get_by_role("status")).to_have_text(re.compile("After [12]0"))
            assert "NaN" not in box.inner_html()


def test_the_areas_of_the_bag_are_joint_probabilities(page, move):
    """Drawn and labelled: of red and blue, what A made and what B made."""
    box = move("bayes")
    slider = box.get_by_role("slider")
    slider.focus()
    for key in ("Home", *["ArrowRight"] * 40):
        page.keyboard.press(key)
    sizes = box.evaluate(
        """(box) => [...box.querySelectorAll("rect")].map((rect) =>
             [+rect.getAttribute("width"), +rect.getAttribute("height")])"""
    )
    areas = [w * h for w, h in sizes if w != 8]  # 8 is the bar of a colour
    wanted = [0.4 * A, 0.6 * B, 0.4 * (1 - A), 0.6 * (1 - B)]
    assert [a / sum(areas) for a in areas] == pytest.approx(wanted, abs=1e-6)
    words = " ".join(box.locator("svg text").all_text_contents())
    for label in ("A and red: 0.32", "B and red: 0.18", "B and blue: 0.42", "0.08"):
        assert label in words
    assert "height P(red) = 0.50" in words
    assert "dashed: their average, π = 0.40" in words
    for key in ("Home", "End"):
        page.keyboard.press(key)
        assert "NaN" not in box.inner_html()


WITH_WORDS = [
    "approximator",
    "bayes",
    "belief",
    "bound",
    "chain",
    "choice",
    "cobweb",
    "comb",
    "components",
    "diffusion",
    "draw",
    "em-step",
    "experts",
    "floor",
    "gaps",
    "identifiable",
    "outlier",
    "posterior",
    "rate",
    "rod",
    "shapes",
    "spike",
]


SWEEP = """(box) => {
  const bad = [];
  const look = (...done) => {
    if (/NaN|undefined|Infinity/.test(box.innerHTML)) bad.push(done.join(" "));
  };
  for (const slider of box.querySelectorAll("input[type=range]")) {
    for (const end of [slider.min, slider.max]) {
      slider.value = end;
      for (const name of ["input", "change"]) {
        slider.dispatchEvent(new Event(name, { bubbles: true }));
      }
      look(end);
      for (const button of box.querySelectorAll("button")) {
        button.click();
        look(end, button.textContent);
      }
    }
  }
  return bad;
}"""


@pytest.mark.parametrize("name", WITH_WORDS)
def test_no_slider_and_no_button_leads_where_nothing_can_be_drawn(page, move, name):
    """From either end of each slider, all buttons one after another."""
    wrong = []
    page.on("pageerror", lambda error: wrong.append(error))
    page.on("console", lambda said: said.type == "error" and wrong.append(said.text))
    assert move(name).evaluate(SWEEP) == []
    page.evaluate(TWO_FRAMES)
    assert wrong == []


@pytest.mark.parametrize("name", WITH_WORDS)
def test_the_words_of_a_drawing_are_large_enough_on_a_phone(page, move, name):
    """16 pixels, as captions have, inside the drawing, at a width of 390."""
    page.set_viewport_size({"width": 390, "height": 844})
    box = move(name)
    found = box.evaluate(
        """(box) => {
             const svg = box.querySelector("svg").getBoundingClientRect();
             const scale = svg.width / box.querySelector("svg").viewBox.baseVal.width;
             return [...box.querySelectorAll("svg text")].filter((t) => t.textContent)
               .map((t) => { const r = t.getBoundingClientRect();
                 const size = parseFloat(getComputedStyle(t).fontSize);
                 return [t.textContent, scale * size,
                         r.left - svg.left, svg.right - r.right]; }); }"""
    )
    assert found
    for words, size, left, right in found:
        assert size > 15.9, words
        assert min(left, right) > -2, words


@pytest.mark.parametrize("name", ["bayes", "spike", "cobweb", "rod"])
def test_a_drawing_grows_with_the_readers_text(page, move, name):
    """Twice the size of letters: the words of the drawing are twice as large, within
    it, and a finger finds the same places."""
    page.set_viewport_size({"width": 2600, "height": 1400})
    box = move(name)
    sizes = """(box) => {
        const svg = box.querySelector("svg");
        const frame = svg.getBoundingClientRect();
        const scale = frame.width / svg.viewBox.baseVal.width;
        return [...svg.querySelectorAll("text")].filter((t) => t.textContent)
          .map((t) => { const r = t.getBoundingClientRect();
            return [scale * parseFloat(getComputedStyle(t).fontSize),
                    r.left - frame.left, frame.right - r.right]; }); }"""
    for letters, wanted in ((20, 17), (40, 34)):
        page.add_style_tag(content=f"html {{ font-size: {letters}px !important }}")
        page.evaluate(TWO_FRAMES)
        found = box.evaluate(sizes)
        assert {round(size) for size, *_ in found} == {wanted}
        assert min(min(left, right) for _, left, right in found) > -3


def test_a_move_comes_alive_after_instant_navigation(page, site):
    """A reader who arrives by a link finds the slider, not the still picture."""
    target = site.page_with('data-move="bayes"')
    page.goto(site.url)
    page.evaluate("window.still = true")
    page.locator(f"article a[href$='{target.removeprefix(site.url)}']").first.click()
    expect(page.locator("[data-move='bayes'] input")).to_be_visible()
    assert page.evaluate("window.still")


@pytest.mark.parametrize("name", ["bayes", "em-step", "cobweb"])
def test_without_scripts_the_still_content_stands(still, name):
    """The page is complete before any script runs."""
    assert len(still(name).inner_text().split()) > 10
