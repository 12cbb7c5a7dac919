"""Symbols that light up together, terms that show their meaning, and exercises that
are counted."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

FILES = Path(__file__).parents[2]
CHAPTERS = [f"chapters/{name}/" for name in ("03-em", "05-how-fast")]


@pytest.fixture
def chapter(page, site):
    page.goto(site.url + CHAPTERS[0])
    expect(page.locator(".mx-tie[tabindex]").first).to_be_visible()
    return page


def lit(page, where):
    return page.locator(f"article {where}.mx-lit")


def test_a_symbol_lights_up_in_formulas_code_and_pictures_by_keyboard(chapter):
    """And goes out where the focus goes, unless it was chosen."""
    first, second = chapter.locator(".mx-tie").all()[:2]
    name = first.get_attribute("data-tie")
    assert lit(chapter, "*").count() == 0
    first.focus()
    assert lit(chapter, f".katex [data-tie~='{name}']").count() > 3
    assert lit(chapter, f"pre [data-tie~='{name}']").count() > 3
    second.focus()
    assert lit(chapter, f".katex [data-tie='{name}']").count() == 0
    first.focus()
    chapter.keyboard.press("Enter")
    expect(first).to_have_attribute("aria-pressed", "true")
    second.focus()
    assert lit(chapter, f".katex [data-tie='{name}']").count() > 3
    first.focus()
    chapter.keyboard.press("Space")
    expect(first).to_have_attribute("aria-pressed", "false")
    second.focus()
    assert lit(chapter, f".katex [data-tie='{name}']").count() == 0


def test_a_name_in_code_that_is_pointed_at_lights_up_its_symbol(chapter):
    name = chapter.locator(".mx-tie").first.get_attribute("data-tie")
    words = chapter.locator(f"article pre [data-tie='{name}']")
    word = words.filter(visible=True).first  # not what is folded away
    word.scroll_into_view_if_needed()
    word.hover()
    expect(lit(chapter, f".katex [data-tie='{name}']").first).to_be_attached()
    chapter.mouse.move(0, 0)
    expect(lit(chapter, f".katex [data-tie='{name}']")).to_have_count(0)


COUNT = """() => [...document.querySelectorAll(".mx-tie")].map((item) => {
  const all = (where) => document.querySelectorAll(
    where.replaceAll("TIE", `[data-tie~="${item.dataset.tie}"]`)).length;
  return [item.dataset.tie, item.dataset.code, all("article .katex TIE"),
    all("article codeTIE, article code TIE"),
    all(".mx-move TIE, .livefence-figure TIE")]; })"""


@pytest.mark.parametrize(
    "path",
    [f"chapters/{file.stem}/" for file in sorted(FILES.glob("docs/chapters/*.md"))],
)
def test_every_symbol_of_a_list_stands_in_a_formula_and_its_names_in_code(
    page, site, path
):
    """And some of them in a picture."""
    page.goto(site.url + path)
    expect(page.locator(".mx-tie[tabindex]").first).to_be_visible()
    expect(page.locator(".mx-move[data-live]").first).to_be_visible()
    ties = page.evaluate(COUNT)
    assert len(ties) >= 2
    for name, code, formulas, names, _ in ties:
        assert formulas >= 2, f"{name} stands in no formula but its own"
        assert names or not code, name
    assert sum(pictures > 0 for *_, pictures in ties) >= 1


def test_a_symbol_of_several_parts_and_one_with_a_power_are_found(page, site):
    """g_k(x) is a letter with an index and a bracket; a variance is the spread's."""
    page.goto(site.url + "chapters/17-experts/")
    expect(page.locator(".mx-tie[tabindex]").first).to_be_visible()
    lit = "article .katex [data-tie~='{}']"
    gate = page.locator(lit.format("gate")).all_inner_texts()
    assert {"(", "x", ")"} < set(gate)
    assert page.locator(lit.format("sd")).count() > 4
    page.goto(site.url + "chapters/08-spikes-and-starts/")
    expect(page.locator(".mx-tie[tabindex]").first).to_be_visible()
    spread = page.locator(lit.format("spread")).all_inner_texts()
    assert any("2" in text for text in spread), spread  # the square


def test_a_term_shows_its_meaning_where_it_is_linked(chapter, violations):
    link = chapter.locator("article a[href*='notation/#']").first
    link.focus()
    chapter.keyboard.press("Shift+Tab")
    chapter.keyboard.press("Tab")
    card = chapter.get_by_role("tooltip")
    expect(card).to_be_visible()
    expect(link).to_have_attribute("aria-describedby", "mx-card")
    assert len(card.inner_text()) > 20
    assert violations(chapter) == []
    chapter.keyboard.press("Escape")
    expect(card).to_have_count(0)
    link.hover()
    expect(card).to_be_visible()
    card.hover()
    expect(card).to_be_visible()
    chapter.mouse.move(0, 0)
    expect(card).to_have_count(0)


def test_the_line_below_the_title_counts_what_is_solved(chapter):
    line = chapter.locator(".mx-before")
    expect(line).to_contain_text(
        re.compile(r"You need .*minutes to read, and \d exercises\.")
    )
    chapter.evaluate(
        """() => {
             const tick = document.createElement("span");
             tick.className = "livefence-tick";
             document.querySelector("article .admonition-title").append(tick);
             document.dispatchEvent(new CustomEvent("livefence-ticked")); }"""
    )
    expect(line).to_contain_text("1 solved")


def test_without_scripts_the_symbols_are_a_list(browser, site):
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(site.url + CHAPTERS[0])
        assert page.locator(".mx-tie").count() >= 2
        assert page.locator(".mx-tie[tabindex]").count() == 0


def test_the_landing_page_tells_what_was_solved(page, site):
    page.goto(site.url)
    told = page.locator(".mx-solved")
    expect(told).to_have_count(0)
    page.evaluate(
        """(path) => localStorage.setItem(`livefence:right:${path}`,
             JSON.stringify({ one: "yes", two: "yes" }))""",
        f"/mixnotes/{CHAPTERS[0]}",
    )
    page.reload()
    expect(told).to_have_text("2 solved")
    beside = told.locator("xpath=preceding-sibling::a")
    expect(beside).to_have_attribute("href", re.compile(f"{CHAPTERS[0]}$"))


@pytest.fixture
def touched(browser, site):
    """A chapter on a phone."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True,
        service_workers="block",
    )  # fmt: skip
    page = context.new_page()
    page.goto(site.url + CHAPTERS[0])
    expect(page.locator(".mx-tie[tabindex]").first).to_be_visible()
    yield page
    context.close()


def test_a_finger_lights_up_a_symbol_and_lets_go_of_it_elsewhere(touched):
    symbol = touched.locator("article p .katex [data-tie]").first
    name = symbol.get_attribute("data-tie").split()[0]
    symbol.tap()
    expect(lit(touched, f"pre [data-tie~='{name}']").first).to_be_attached()
    item = touched.locator(f".mx-tie[data-tie='{name}']")
    expect(item).to_have_attribute("aria-pressed", "true")
    touched.locator("article h1").tap()
    expect(lit(touched, "*")).to_have_count(0)
    expect(item).to_have_attribute("aria-pressed", "false")


def test_a_finger_asks_for_a_meaning_and_again_for_its_page(touched):
    link = touched.locator("article p > a[href*='notation/#']").first
    link.tap()
    card = touched.get_by_role("tooltip")
    expect(card).to_contain_text("again")
    assert "chapters/" in touched.url
    touched.locator("article h1").tap()
    expect(card).to_have_count(0)
    link.tap()
    expect(card).to_be_visible()
    link.tap()
    expect(touched).to_have_url(re.compile("notation/#"))


def test_a_finger_goes_to_the_page_where_there_is_no_meaning_to_show(touched):
    """As offline, or of a link to a part of the page that is no term."""
    touched.route("**/notation/", lambda route: route.abort())
    link = touched.locator("article p > a[href*='notation/#']").first
    mark = "(link) => link.addEventListener('click', () => (link.dataset.gone = 'to'))"
    link.evaluate(mark)
    link.tap()
    expect(link).to_have_attribute("data-gone", "to")
    expect(touched.get_by_role("tooltip")).to_have_count(0)
