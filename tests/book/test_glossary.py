"""Terms are linked where they matter, and every term from somewhere."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
CHAPTERS = sorted((DOCS / "chapters").glob("*.md"))
TERMS = re.findall(
    r"^### .* \{ #([a-z-]+) \}$", (DOCS / "notation.md").read_text("utf-8"), re.M
)


def linked(page):
    return set(re.findall(r"notation\.md#([a-z-]+)\)", page.read_text("utf-8")))


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_links_its_terms(chapter):
    assert len(linked(chapter)) >= 3
    assert linked(chapter) <= set(TERMS)


def test_every_term_is_linked_from_a_chapter():
    assert len(TERMS) > 20
    assert set.union(*map(linked, CHAPTERS)) == set(TERMS)


def test_the_landing_page_names_every_chapter():
    index = (DOCS / "index.md").read_text("utf-8")
    for chapter in CHAPTERS:
        text = chapter.read_text("utf-8")
        title = re.search(r"^# \d+ (.+)$", text, re.M)[1]
        question = re.search(r"^\*\*(.+\?)\*\*$", text, re.M)[1]
        assert f"[{title}](chapters/{chapter.name}) | {question} |" in index
