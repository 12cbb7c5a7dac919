"""Each citation has an entry, and each entry a citation."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
BIBLIOGRAPHY = (DOCS / "bibliography.md").read_text(encoding="utf-8")
ENTRIES = re.findall(r'^- <a id="([^"]+)"></a>', BIBLIOGRAPHY, re.M)
CITED = re.findall(
    r"\(\S*bibliography\.md#([^)]+)\)",
    "".join(page.read_text(encoding="utf-8") for page in PAGES),
)


def test_citations_and_entries_are_the_same_set():
    assert len(ENTRIES) == len(set(ENTRIES)) > 20
    assert set(CITED) == set(ENTRIES)


@pytest.mark.parametrize("page", sorted((DOCS / "chapters").glob("*.md")), ids=str)
def test_every_source_of_a_chapter_stands_in_the_bibliography(page):
    """But for the notes that the book grew from."""
    sources = page.read_text(encoding="utf-8").partition("## Sources")[2]
    items = [line for line in sources.splitlines() if line.startswith("- ")]
    assert items
    for item in items:
        assert "bibliography.md#" in item or item.startswith("- The notes"), item


def test_entries_are_in_order():
    assert sorted(ENTRIES) == ENTRIES
