"""Slides are gone through by keys and buttons, and the sheet has no solutions."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import TWO_FRAMES

PAGE = "teaching/03-em/"
FOLDER = Path(__file__).parents[2] / "docs/teaching"
DECKS = sorted(file.stem for file in FOLDER.glob("[0-9]*.md"))


@pytest.fixture
def deck(page, site):
    page.goto(site.url + PAGE)
    page.get_by_role("button", name="Present", exact=True).click()
    return page


def now(page, count):
    shown = page.locator(".mx-slide:visible")
    expect(shown).to_have_count(1)
    expect(shown.locator(".mx-count")).to_have_text(re.compile(rf"^{count} of \d+$"))


def test_arrow_keys_go_through_the_slides_and_escape_ends(deck):
    now(deck, 1)
    deck.keyboard.press("ArrowRight")
    deck.keyboard.press("PageDown")
    now(deck, 3)
    deck.keyboard.press("ArrowLeft")
    now(deck, 2)
    notes = deck.locator(".mx-now details.note")
    expect(notes).to_be_hidden()
    deck.keyboard.press("n")
    expect(notes.locator("p:not(.admonition-title)").first).to_be_visible()
    deck.keyboard.press("ArrowRight")
    expect(notes.locator("p:not(.admonition-title)").first).to_be_visible()
    deck.keyboard.press("Escape")
    expect(deck.locator(".mx-slide details.note[open]")).to_have_count(0)
    expect(deck.locator(".mx-slide:visible").nth(5)).to_be_visible()
    deck.keyboard.press("ArrowRight")
    expect(deck.locator(".mx-deckbar")).to_have_count(0)


def test_buttons_do_the_same_where_there_is_no_keyboard(deck):
    deck.get_by_role("button", name="On", exact=True).click()
    now(deck, 2)
    deck.get_by_role("button", name="Back", exact=True).click()
    deck.get_by_role("button", name="Back", exact=True).click()
    now(deck, 1)
    deck.get_by_role("button", name="End", exact=True).click()
    expect(deck.locator(".mx-slide:visible").nth(5)).to_be_visible()


def test_the_sheet_has_the_problems_and_no_solutions(page, site):
    page.goto(site.url + PAGE)
    page.evaluate(
        "window.print = () => { window.sheet = document.documentElement.className }"
    )
    page.get_by_role("button", name="Print the sheet").click()
    page.emulate_media(media="print")
    assert "mx-sheet" in page.evaluate("window.sheet")
    page.evaluate("document.documentElement.classList.add('mx-sheet')")
    expect(page.locator(".admonition.question").first).to_be_visible()
    expect(page.locator(".mx-slide").first).to_be_hidden()
    expect(page.locator("details.success").first).to_be_hidden()


def test_the_live_block_runs_on_its_slide(deck):
    live = deck.locator(".mx-slide .livefence").last
    slide = deck.locator(".mx-slide:has(.livefence)")
    count = deck.locator(".mx-slide").evaluate_all(
        "(all) => all.findIndex((s) => s.querySelector('.livefence'))"
    )
    for _ in range(count):
        deck.keyboard.press("ArrowRight")
    expect(slide).to_be_visible()
    if live.get_by_role("button", name="Run", exact=True).count() == 0:
        pytest.skip("these tests need what Run needs: python -m livefence.browser")
    live.get_by_role("button", name="Run", exact=True).click()
    expect(live.locator(".livefence-status")).to_have_text(re.compile("^Ran in"))


HIGH = """async () => {
  const slides = document.querySelectorAll(".mx-slide"), high = [];
  const on = [...document.querySelectorAll(".mx-deckbar button")].find(
    (each) => each.textContent === "On");
  for (const slide of slides) {
    for (let k = 0; k < 3; k++) await new Promise(requestAnimationFrame);
    if (slide.scrollHeight > slide.clientHeight + 4) high.push(slide.textContent);
    on.click();
  }
  return [slides.length, high];
}"""


@pytest.mark.parametrize("deck", DECKS)
def test_every_slide_fits_a_usual_screen(page, site, deck):
    """At two thirds of its size if it must."""
    page.set_viewport_size({"width": 1280, "height": 720})
    page.goto(f"{site.url}teaching/{deck}/")
    page.evaluate("document.fonts.ready.then(() => true)")
    page.get_by_role("button", name="Present", exact=True).click()
    count, high = page.evaluate(HIGH)
    assert count >= 12
    assert high == []


def test_a_slide_gets_smaller_until_it_fits_and_what_is_beyond_is_paged_to(page, site):
    """On a low screen: each slide is at two thirds or fits, and Page Down leaves none
    before its end was seen."""
    page.set_viewport_size({"width": 1280, "height": 420})
    page.goto(site.url + PAGE)
    page.get_by_role("button", name="Present", exact=True).click()
    count, looked, paged = page.locator(".mx-slide").count(), 0, 0
    state = """() => { const s = document.querySelector(".mx-now");
      return [s.querySelector(".mx-count").textContent, s.scrollTop, s.clientHeight,
        s.scrollHeight, Number(s.style.getPropertyValue("--mx-fit"))]; }"""
    page.evaluate(TWO_FRAMES)
    while looked < count - 1:
        name, top, seen, whole, size = page.evaluate(state)
        assert size == 0.67 or whole <= seen + 2
        page.keyboard.press("PageDown")
        page.evaluate(TWO_FRAMES)
        after = page.evaluate(state)
        if after[0] == name:
            assert after[1] > top
            paged += 1
        else:
            assert top + seen >= whole - 3
            looked += 1
    assert paged > 0
    page.keyboard.press("Home")
    now(page, 1)
    page.keyboard.press("End")
    now(page, count)
