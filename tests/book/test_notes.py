"""The notes that the book grew from, and their errata: each leads to the other."""

import re
from pathlib import Path

from livefence.page import read

DOCS = Path(__file__).parents[2] / "docs"
NOTES = (DOCS / "notes.md").read_text(encoding="utf-8")
ERRATA = (DOCS / "errata.md").read_text(encoding="utf-8")
ITEMS = dict(
    re.findall(r"^## \d+ [^\n]+ \{ #([a-z-]+) \}\n(.*?)(?=^## )", ERRATA, re.M | re.S)
)


def test_each_erratum_quotes_the_notes_and_leads_to_its_place_there():
    assert len(ITEMS) == 13
    places = set(re.findall(r'id="([a-z-]+)"', NOTES))
    for name, text in ITEMS.items():
        assert re.search(r"^> ", text, re.M), name
        back = set(re.findall(r"\(notes\.md#([a-z-]+)\)", text))
        assert back, name
        assert back <= places, name


def test_each_correction_in_the_notes_leads_to_its_erratum():
    leads = re.findall(r"\[Erratum (\d+)\]\(errata\.md#([a-z-]+)\)", NOTES)
    numbers = dict(re.findall(r"^## (\d+) [^\n]+ \{ #([a-z-]+) \}", ERRATA, re.M))
    assert {(number, numbers[number]) for number, _ in leads} == set(leads)
    assert {name for _, name in leads} == set(ITEMS)


def test_the_program_is_the_one_that_chapter_3_runs_but_for_the_seed():
    (shown,) = read(DOCS / "notes.md").fences
    (run,) = (
        fence
        for fence in read(DOCS / "chapters/03-em.md").fences
        if "np.random.seed" in fence.source
    )
    assert not shown.head.runs
    seeded = re.sub(r"np\.random\.seed.*\n\n", "", run.source)
    assert seeded.strip() == shown.source.strip()


def test_what_the_latent_variable_is_for_stands_in_the_notes_and_in_a_chapter():
    assert "it does allow for us to **interpret** why" in NOTES
    chapter = (DOCS / "chapters/02-hidden-factory.md").read_text(encoding="utf-8")
    assert "(../notes.md#interpret)" in chapter
