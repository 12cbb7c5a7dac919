"""What every page promises: in both schemes, on a wide and on a narrow screen."""

import gzip
import re
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import TWO_FRAMES, pages_of_the_book, until

WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
WHOLE = {
    "",
    "chapters/03-em/",
    "your-data/columns/",
    "labs/galaxies/",
    "reference/Normal/",
}
UNFOLD = "document.querySelectorAll('details').forEach((d) => (d.open = true))"
pytestmark = pytest.mark.timeout(400)  # some look at every page at every size
STYLE = "assets/css/book.css"
both_schemes = pytest.mark.parametrize("scheme", ["light", "dark"])


def ready(page, url):
    """Open `url` and wait until fonts and formulas stand."""
    page.goto(url)
    page.evaluate("document.fonts.ready.then(() => true)")


def search(page, word):
    page.keyboard.press("s")
    page.keyboard.type(word)
    expect(page.locator(".md-search-result__link").first).to_be_visible()


@pytest.fixture(scope="module")
def visit(browser, site):
    """Open a page of the book in one context, which has fetched what they share."""
    with browser.new_context(reduced_motion="reduce") as context:
        page = context.new_page()

        def opened(path):
            page.emulate_media(color_scheme="light")
            page.set_viewport_size(WIDE)
            ready(page, site.url + path)
            page.evaluate(UNFOLD)
            return page

        yield opened


def test_pages_of_each_kind_are_looked_at_whole():
    assert set(pages_of_the_book()) >= WHOLE


@pytest.mark.parametrize("path", pages_of_the_book())
def test_no_page_violates_wcag_a_or_aa(visit, violations, path):
    """As axe sees it, light and dark, wide and narrow, with all that folds unfolded.

    The dark scheme changes colours alone, and a narrow screen what is shown and where:
    light and wide all rules are run, light and narrow those that ask for no colour, and
    dark and narrow those that do. What stands around pages is the same on all: on some
    all four are run whole. The pages of objects are of one mould, too.
    """
    page = visit(path)
    found = {}
    whole = path in WHOLE
    for scheme, name in (("light", "default"), ("dark", "slate")):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_selector(f"body[data-md-color-scheme={name}]")
        for size in (WIDE, NARROW):
            light, wide = scheme == "light", size is WIDE
            of_one_mould = path.startswith("reference/") and path != "reference/"
            if not whole and wide != light and (of_one_mould or not light):
                continue
            colours = None if whole or (light and wide) else not light
            page.set_viewport_size(size)
            found[scheme, size["width"]] = violations(page, colours)
    assert not any(found.values()), found


def test_the_style_of_objects_comes_with_the_first_of_them(page, site):
    """Pages without an object do not have it, nor need it before one is gone to."""
    name = "_mkdocstrings.css"
    assert name not in site.source("chapters/03-em/")
    assert name in site.source("reference/Normal/")
    ready(page, site.url + "reference/")
    page.evaluate("window.kept = true")
    page.locator("article a[href*='Normal/']").first.click()
    expect(page.locator(".doc-object").first).to_be_visible()
    assert page.evaluate("window.kept")
    style = f"document.querySelector('link[href*=\"{name}\"]')?.sheet?.cssRules.length"
    until(page, style)


def test_every_page_of_the_book_is_looked_at(site):
    """What is built is what the sources were said to become."""
    assert site.pages == pages_of_the_book()


def test_axe_sees_what_is_planted(visit, violations):
    """Words too pale in either scheme, and a picture without words."""
    page = visit("promises/")
    style = "<p style='color: {0}; background: {1}'>pale</p><img src='{2}'>"
    picture = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="
    for ink, paper in (("#bbb", "#fff"), ("#333", "#000")):
        page.evaluate(
            "(html) => document.querySelector('article').innerHTML = html",
            style.format(ink, paper, picture),
        )
        found = [line.partition(":")[0] for line in violations(page)]
        assert sorted(found) == ["color-contrast", "image-alt"]
        parts = [violations(page, colours) for colours in (True, False)]
        assert [[x.partition(":")[0] for x in part] for part in parts] == [
            found[:1],
            found[1:],
        ]


@both_schemes
def test_the_open_search_dialog_violates_nothing(page, site, violations, scheme):
    """With results in it, wide and narrow."""
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    ready(page, site.url + "notation/")
    search(page, "responsibility")
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)
        assert violations(page) == []


@both_schemes
def test_every_colour_of_the_book_can_be_read_on_its_page(page, site, scheme):
    """Ink, accent, marbles and components have at least 4.5 to 1 on the paper."""
    page.emulate_media(color_scheme=scheme)
    ready(page, site.url)
    names = ["ink", "muted", "accent", "string", "red", "blue", *"123456"]
    paper, *colours = page.evaluate(
        """(names) => names.map((name) => {
             const style = getComputedStyle(document.body);
             const pairs = style.getPropertyValue("--mx-" + name).match(/[0-9a-f]{2}/g);
             return pairs.map((pair) => parseInt(pair, 16) / 255); })""",
        ["paper", *names],
    )
    found = {n: contrast(c, paper) for n, c in zip(names, colours, strict=True)}
    assert min(found.values()) >= 4.5, found


def contrast(one, other) -> float:
    """The contrast ratio of two sRGB colours, as WCAG 2 defines it."""

    def luminance(colour):
        r, g, b = (
            v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in colour
        )
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_every_colour_that_a_figure_asks_for_exists(site):
    """Each var(--mx-...) in a page has a value in book.css."""
    known = set(re.findall(r"(--mx-[\w-]+):", (site.folder / STYLE).read_text()))
    for path in site.pages:
        asked = set(re.findall(r"var\((--mx-[\w-]+)\)", site.source(path)))
        assert asked <= known, path


def test_the_landing_page_shows_em_on_its_first_screen(page, site):
    """At 1280 by 800 and on a phone: the picture whole, and what moves it."""
    for size in (WIDE, {"width": 390, "height": 844}):
        page.set_viewport_size(size)
        ready(page, site.url)
        move = page.locator("[data-move='geyser']")
        expect(move.locator("svg").first).to_be_in_viewport(ratio=1)
        expect(move.get_by_role("slider")).to_be_in_viewport(ratio=1)
        expect(move.get_by_role("button", name="Step")).to_be_in_viewport(ratio=1)


def test_the_search_finds_every_term_of_the_glossary(page, site):
    """Its entry is among the results, be it folded under its page."""
    source = site.folder / "notation/index.html"
    terms = re.findall(r'<h3 id="([^"]+)">([^<]+)<', source.read_text("utf-8"))
    assert len(terms) > 20
    ready(page, site.url)
    page.keyboard.press("s")
    missing = []
    for name, title in terms:
        page.locator(".md-search__input").fill("")
        page.keyboard.type(title)
        entry = page.locator(f".md-search-result__link[href$='notation/#{name}']")
        try:
            expect(entry).to_be_attached()
        except AssertionError:
            missing.append(title)
    assert missing == []


# Boxes whose content scrolls sideways and that the keyboard does not reach.
NO_STOPS = """[...document.querySelectorAll("article *")]
  .filter((e) => e.scrollWidth > e.clientWidth + 1 && e.clientWidth
    && /auto|scroll/.test(getComputedStyle(e).overflowX) && e.tabIndex < 0)
  .map((e) => e.outerHTML.slice(0, 200))
"""


def test_a_phone_shows_every_page_without_scrolling_sideways(page, site):
    """At 390 pixels wide boxes scroll inside, and each of those is a tab stop."""
    page.set_viewport_size(NARROW)
    for path in site.pages:
        ready(page, site.url + path)
        page.evaluate(UNFOLD)
        page.evaluate(TWO_FRAMES)  # the observer of sizes acts in the first
        assert page.evaluate("document.documentElement.scrollWidth") == 390, path
        assert page.evaluate(NO_STOPS) == [], path


def test_a_box_that_a_late_font_widens_is_a_tab_stop_too(page, site):
    """Its content grows, and not the box itself."""
    held, late = [], True
    page.route(
        "**/*.woff2", lambda route: held.append(route) if late else route.continue_()
    )
    page.set_viewport_size(NARROW)
    page.goto(site.url + "approximation/", wait_until="domcontentloaded")
    expect(page.locator("article .arithmatex:not(:has(.katex))")).to_have_count(0)
    page.evaluate(TWO_FRAMES)
    assert held
    late = False
    for route in held:
        route.continue_()
    page.evaluate("document.fonts.ready.then(() => true)")
    page.evaluate(TWO_FRAMES)
    assert page.evaluate(NO_STOPS) == []


def test_on_a_phone_no_copy_button_covers_a_running_block(page, site):
    """It stands below the code, beside Run, where a first line may be long."""
    page.set_viewport_size(NARROW)
    seen = 0
    for path in ["chapters/01-choice-not-sum/", "labs/galaxies/"]:
        ready(page, site.url + path)
        page.evaluate(UNFOLD)
        expect(page.locator(".livefence-bar").first).to_be_visible()
        bars = ":not([data-chain=empty]) > .livefence-bar"  # nothing to copy there
        below = page.locator(bars).evaluate_all(
            """(bars) => bars.map((bar) => bar.parentElement).map((box) =>
                 box.querySelector(".md-code__button").getBoundingClientRect().top
                 - box.querySelector("pre > code").getBoundingClientRect().bottom)"""
        )
        assert min(below) >= 0, path
        seen += len(below)
    assert seen > 10


def test_on_a_phone_a_finger_finds_every_button_and_code_that_goes_on_says_so(
    page, site
):
    page.set_viewport_size(NARROW)
    ready(page, site.url + "chapters/03-em/")
    page.wait_for_selector(".mx-move[data-live] button")
    page.evaluate(UNFOLD)
    small = page.eval_on_selector_all(
        "article :is(button, summary, input[type=range])",
        """all => all.filter((e) => e.offsetParent)
          .map((e) => [e.className, e.textContent, e.getBoundingClientRect().height])
          .filter(([, , height]) => height < 44)""",
    )
    assert not small
    shadows = page.eval_on_selector_all(
        "article pre > code",
        """all => all.map((e) => [e.scrollWidth > e.clientWidth + 1,
          getComputedStyle(e).backgroundImage.includes("gradient")])""",
    )
    assert [True, True] in shadows
    assert [True, False] not in shadows


def test_a_short_formula_stays_on_one_line_with_its_comma(page, site):
    """On a phone; a longer one may break."""
    page.set_viewport_size(NARROW)
    ready(page, site.url + "chapters/01-choice-not-sum/")
    expect(page.locator("article .arithmatex:not(:has(.katex))")).to_have_count(0)
    page.evaluate("document.fonts.ready.then(() => true)")
    found = page.locator("article .mx-whole").evaluate_all(
        """(all) => all.map((e) => {
             const tops = [...e.getClientRects()].map((r) => r.top);
             return [e.textContent.at(-1), Math.max(...tops) - Math.min(...tops)]; })"""
    )
    assert len(found) > 50
    assert max(apart for _, apart in found) < 10  # a line is 29 pixels
    assert {",", "."} <= {end for end, _ in found}


def test_every_formula_renders(page, site):
    """KaTeX takes each formula of each page; a failure names page and formula."""
    ready(page, site.url)
    for path in site.pages:
        failures = page.evaluate(
            r"""(source) => [...new DOMParser().parseFromString(source, "text/html")
                .querySelectorAll(".arithmatex")].flatMap((element) => {
              const tex = element.querySelector("annotation").textContent;
              try {
                katex.renderToString(tex, { throwOnError: true, strict: "error",
                  displayMode: element.matches("div") });
                return [];
              } catch (error) { return [`${tex}: ${error.message}`]; }
            })""",
            site.source(path),
        )
        assert failures == [], f"{path or 'index'}: {failures}"


def test_formulas_are_read_without_scripts(browser, site):
    """The browser draws each, in the rows that it has; none is left as TeX."""
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(site.url + "chapters/08-spikes-and-starts/")
        formulas = page.locator("article .arithmatex")
        assert formulas.count() > 100
        assert formulas.locator("annotation").count() == formulas.count()
        assert "\\" not in "".join(formulas.all_inner_texts())
        fraction = page.locator("article math mfrac").first
        above, below = fraction.locator("> *").all()
        assert above.bounding_box()["y"] < below.bounding_box()["y"]
        rows = page.locator("article math mtable").first.locator("mtr").all()
        places = [row.bounding_box()["y"] for row in rows]
        assert len(places) > 1
        assert places == sorted(set(places))


def test_formulas_stand_after_instant_navigation(page, site):
    """A link changes the article and not the page; its formulas are rendered."""
    ready(page, site.url + "reference/")
    page.evaluate("window.still = true")
    page.locator("article a[href*='notation']").first.click()
    expect(page.locator("article .katex").first).to_be_visible()
    assert page.evaluate("window.still")
    assert page.locator("article .arithmatex:not(:has(.katex))").count() == 0


def test_reduced_motion_is_honoured(page, site):
    """Nothing in the page animates for a reader who asked for that."""
    page.emulate_media(reduced_motion="reduce")
    ready(page, site.url)
    moving = page.evaluate(
        """[...document.querySelectorAll("*")].map((e) => getComputedStyle(e)).filter(
             (s) => s.animationName !== "none" || parseFloat(s.transitionDuration) > 0
           ).length"""
    )
    assert moving == 0


def test_on_a_phone_the_menu_works_by_keyboard(page, site):
    """Enter opens it and leads to a part, whose pages it then holds; a closed one holds
    no tab stop."""
    page.set_viewport_size(NARROW)
    page.emulate_media(reduced_motion="reduce")
    ready(page, site.url)
    menu = page.locator(".md-nav--primary")
    part = menu.get_by_role("link", name="Reference")
    expect(part).to_be_hidden()
    page.locator("header").get_by_role("button", name="Menu").press("Enter")
    expect(part).to_be_in_viewport()
    part.press("Enter")
    page.wait_for_url("**/notation/")
    expect(page.locator("article h1")).to_contain_text("Notation")  # the page is there
    target = menu.get_by_role("link", name="Bibliography")
    expect(target).to_be_hidden()
    page.locator("header").get_by_role("button", name="Menu").press("Enter")
    expect(target).to_be_in_viewport()
    target.press("Enter")
    page.wait_for_url("**/bibliography/")


TABS = 20  # at a time: they fall idle together


class Tour(NamedTuple):
    """What was seen on a walk over all pages and through what a reader can press."""

    asked: dict[str, list[str]]  # page -> the addresses it loads before a reader acts
    later: list[str]  # addresses asked for while searching, switching, navigating
    said: list[str]  # errors of scripts
    ways: dict[str, list[str | None]]  # page -> where previous and next lead


@pytest.fixture(scope="module")
def tour(browser, site):
    tour = Tour({}, [], [], {})
    with browser.new_context() as context:
        context.on("weberror", lambda found: tour.said.append(str(found.error)))
        context.on("console", lambda m: m.type == "error" and tour.said.append(m.text))
        last_first = list(reversed(site.pages))
        for start in range(0, len(last_first), TABS):
            tabs = {}
            for path in last_first[start : start + TABS]:
                page = tabs[path] = context.new_page()
                asked = tour.asked[path] = []
                page.on("request", lambda request, to=asked: to.append(request.url))
                ready(page, site.url + path)
            for path, page in tabs.items():
                page.wait_for_load_state("networkidle")
                tour.asked[path] = list(tour.asked[path])  # later ones are not its own
                tour.ways[path] = [
                    page.locator(f".md-footer__link--{way}").evaluate_all(
                        "(a) => a[0]?.href"
                    )
                    for way in ("prev", "next")
                ]
                if path:
                    page.close()
        asked.clear()  # of the last page, the landing page
        page.locator("label[for^='__palette_']:visible").click()
        search(page, "mixture")
        page.locator(".md-search-result__link").first.click()
        page.wait_for_url(lambda url: url != site.url)
        page.locator(".md-footer__link").first.click()
        page.wait_for_load_state("networkidle")
        tour.later.extend(asked)
    return tour


def test_no_script_fails(tour):
    """No page raises an error or logs one, opened or navigated to."""
    assert tour.said == []


def test_no_request_goes_to_another_host(tour):
    """Not on any page, nor by searching, switching the scheme, or navigating."""
    urls = {urlsplit(u) for urls in [*tour.asked.values(), tour.later] for u in urls}
    hosts = {url.hostname for url in urls if url.scheme not in ("data", "blob")}
    assert hosts == {"127.0.0.1"}


def test_previous_and_next_lead_through_the_book(site, tour):
    """Next, from the landing page on, reaches every page; previous leads back."""
    seen, url = [], site.url
    while url:
        before, after = tour.ways[url.removeprefix(site.url)]
        assert before == (seen[-1] if seen else None)
        seen.append(url)
        url = after
    assert sorted(seen) == sorted(site.url + path for path in site.pages)


def test_a_first_visit_weighs_at_most_350_kilobytes(site, tour):
    """Gzipped, all that loads before the reader acts: fonts, scripts, search, text."""
    weights = {}
    for path, asked in tour.asked.items():
        names = {u.removeprefix(site.url) for u in asked if u.startswith(site.url)}
        files = [site.folder / name for name in names]
        files = [file / "index.html" if file.is_dir() else file for file in files]
        weights[path] = sum(len(gzip.compress(file.read_bytes())) for file in files)
    assert min(weights.values()) > 100_000, "the requests were not seen"
    assert max(weights.values()) <= 350_000, weights


def test_a_page_that_is_not_there_offers_to_search_for_the_words_of_its_address(
    page, site
):
    lost = (site.folder / "404.html").read_text("utf-8")
    page.route("**/chapters/hidden-factory/", lambda route: route.fulfill(body=lost))
    page.goto(site.url + "chapters/hidden-factory/")
    link = page.get_by_role(
        "link", name="Search the book for “chapters hidden factory”"
    )
    link.click()
    page.wait_for_url("**/?q=chapters%20hidden%20factory")
    expect(page.locator(".md-search-result__link").first).to_be_visible()
