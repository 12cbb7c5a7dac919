"""Slides and problems are made of their chapter, and hold to one form."""

import logging
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup

from docs.overrides import teach, typed
from livefence.page import read

DOCS = Path(__file__).parents[2] / "docs"
DECKS = sorted((DOCS / "teaching").glob("[0-9]*.md"))
TIME = re.compile(r'\?\?\? note "Say, (\d+) minutes?"')
each_deck = pytest.mark.parametrize("file", DECKS, ids=lambda file: file.stem)


def parts(file):
    text = file.read_text(encoding="utf-8")
    slides, _, problems = text.partition(typed.PROBLEMS)
    slides = slides.partition(typed.SLIDES)[2]
    return re.split(r"(?m)^### ", slides)[1:], problems.split("!!! question ")[1:]


@each_deck
def test_a_deck_has_slides_for_75_minutes_with_notes_for_the_speaker(file):
    slides, _ = parts(file)
    assert 12 <= len(slides) <= 20
    assert all('??? note "Say' in slide for slide in slides)
    assert 65 <= sum(map(int, TIME.findall("".join(slides)))) <= 75
    shown = teach.ASKED.findall("".join(slides))
    kinds = [kind for kind, _ in shown]
    assert kinds.count("live") == 1
    assert kinds.count("figure") + kinds.count("move") >= 2


@each_deck
def test_a_deck_has_ten_problems_some_for_machines_and_some_for_pencil(file):
    _, problems = parts(file)
    assert len(problems) == 10
    assert all('??? success "Solution"' in problem for problem in problems)
    marked = sum("check=" in problem for problem in problems)
    assert 3 <= marked <= 6
    forms = [fence for fence in read(file).fences if fence.head.check]
    assert len(forms) == marked


@each_deck
def test_a_deck_is_of_the_chapter_of_its_name(file):
    assert f"\nchapter: chapters/{file.name}\n" in file.read_text(encoding="utf-8")


CHAPTER = """
<h1>C</h1><p>The weight is <span>0.25</span> of 200.</p>
<div class="livefence" data-chain="0"><div class="highlight"><pre><code>x = 1
</code></pre></div></div>
<div class="livefence" data-chain="0"><div class="highlight"><pre><code>print(x)
</code></pre></div></div>
<div class="livefence-output"><pre><code>1</code></pre></div>
<div data-move="dots" class="mx-move"></div>
<p>Later.</p><div hidden data-of="dots">[1, 2]</div>
<figure class="livefence-figure"><svg id="lf1-a"></svg>
<figcaption>A line.</figcaption></figure>
"""


@pytest.fixture
def deck(monkeypatch, caplog):
    """The page of these slides of the chapter, and what was said on the way."""
    chapter = "chapters/c.md"
    monkeypatch.setattr(teach, "pages", {chapter: CHAPTER})
    monkeypatch.setattr(teach, "numbers", {chapter: {"w:.2f": "0.25"}})
    caplog.set_level(logging.ERROR)

    def made(slides, chapter=chapter, **meta):
        file = SimpleNamespace(src_uri="teaching/c.md", abs_src_path="")
        meta |= {"chapter": chapter}
        page = SimpleNamespace(file=file, meta=meta, url="teaching/c/")
        text = teach.on_page_markdown(f"# T\n\n## Slides\n\n{slides}\n", page)
        html = teach.on_page_content(text, page, None)
        return html, [record.getMessage() for record in caplog.records]

    return made


def test_a_slide_shows_what_its_chapter_shows(deck):
    html, said = deck(
        "It is `{chapter} w:.2f` of 200.\n\n[figure: A line]\n\n[live: print(x)]\n"
    )
    assert said == []
    assert ">0.25</span> of 200." in html
    soup = BeautifulSoup(html, "html.parser")
    assert soup.svg["id"] == "ch1-a"
    assert soup.details.code.text == "x = 1\n"
    chains = [block["data-chain"] for block in soup.select(".livefence")]
    assert chains == ["chapter-0", "chapter-0"]
    assert soup.select_one(".livefence-output").text == "1"
    assert 'href="../../assets/css/teach.css"' in html


def test_a_move_brings_its_data_from_wherever_they_stand(deck):
    html, said = deck("[move: dots]")
    assert said == []
    moved = BeautifulSoup(html, "html.parser").select_one('[data-move="dots"]')
    assert moved.find_next_sibling().text == "[1, 2]"


def test_a_block_that_stands_still_has_nothing_to_press(deck):
    html, _ = deck("[code: print(x)]")
    assert "livefence-output" in html
    assert 'class="livefence"' not in html
    html, said = deck("[output: print(x)]")
    assert said == []
    assert "livefence-output" in html
    assert "print" not in html


FAULTS = {
    "an expression": ("`{chapter} w:.3f`", "has no number `{python} w:.3f`"),
    "a figure": ("[figure: A curve]", "[figure: A curve] is found 0 times"),
    "a block": ("[code: x]", "[code: x] is found 2 times"),
    "a move": ("[move: dance]", "[move: dance] is found 0 times"),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_what_a_slide_has_not_from_its_chapter_fails_the_build(deck, kind):
    slides, wrong = FAULTS[kind]
    _, said = deck(slides)
    assert len(said) == 1
    assert wrong in said[0]
    assert said[0].startswith("docs/teaching/c.md:5: ")


def test_a_chapter_that_was_not_built_is_told(deck):
    with pytest.raises(teach.PluginError, match="must stand before it in the nav"):
        deck("a", chapter="chapters/d.md")
