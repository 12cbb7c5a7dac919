"""What is printed: ink on white whatever the scheme, and nothing to press."""

import subprocess
import sys

import pytest
from pypdf import PdfReader

from tools import book

PAGE = "chapters/03-em/"


@pytest.fixture
def paper(page, site):
    """A chapter as it is printed from a scheme of the screen."""

    def printed(scheme):
        page.emulate_media(media="print", color_scheme=scheme)
        page.goto(site.url + PAGE)
        page.wait_for_selector(".mx-move[data-live] .mx-move__still", state="attached")
        return page

    return printed


LIGHTNESS = """(name) => {
  const style = getComputedStyle(document.querySelector(name));
  const [r, g, b] = style.color.match(/[0-9.]+/g).map(Number);
  return (r + g + b) / 3;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_and_code_are_dark_on_white(paper, scheme):
    page = paper(scheme)
    for name in (".md-content p", ".md-content pre code", ".md-content h2"):
        assert page.evaluate(LIGHTNESS, name) < 90
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(255, 255, 255)"


def test_nothing_that_is_pressed_is_printed(paper):
    page = paper("dark")
    for name in (".md-code__nav", ".livefence-bar", ".md-header", ".headerlink"):
        assert page.locator(name).count()
        assert not page.locator(f"{name}:visible").count(), name
    assert not page.locator("article button:visible").count()


def test_a_move_is_printed_as_the_table_of_the_page_without_scripts(paper):
    page = paper("light")
    move = page.locator(".mx-move").first
    assert move.locator("table").is_visible()
    assert not move.locator("button").first.is_visible()
    page.emulate_media(media="screen")
    assert move.locator("button").first.is_visible()
    assert not move.locator("table").is_visible()


def test_no_line_of_code_is_cut_off(paper):
    page = paper("light")
    page.set_viewport_size({"width": 680, "height": 900})  # of A4 within its margins
    cut = page.eval_on_selector_all(
        "pre > code", "all => all.filter(e => e.scrollWidth > e.clientWidth + 1).length"
    )
    assert cut == 0


def test_no_heading_stands_at_the_foot_of_a_page(paper, tmp_path):
    page = paper("dark")
    headings = page.eval_on_selector_all(
        "article :is(h2, h3)", "all => all.map(e => e.firstChild.textContent.trim())"
    )
    file = tmp_path / "page.pdf"
    page.pdf(path=file, format="A4", print_background=True)
    sheets = [sheet.extract_text().strip() for sheet in PdfReader(file).pages]
    assert len(sheets) > 5
    lasts = [sheet.splitlines()[-1].strip() for sheet in sheets if sheet]
    assert not set(lasts) & set(headings)


def test_pages_become_a_pdf_with_an_outline(page, site, tmp_path):
    file, which = tmp_path / "book.pdf", book.pages(site.folder)[:2]
    words = (
        "from pathlib import Path; from tools import book;"
        f"book.pdf(Path({str(site.folder)!r}), Path({str(file)!r}), {which!r})"
    )  # on its own: a browser is driven here already
    subprocess.run([sys.executable, "-c", words], check=True)
    read = PdfReader(file)
    first, inside = read.outline
    assert first.title == "The book"
    assert [item.title for item in inside] == [title for _, title, _ in which]
    second = read.get_destination_page_number(inside[1])
    assert "The hidden factory" in read.pages[second].extract_text()
