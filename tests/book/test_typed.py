"""A number that is typed on a slide is its chapter's, or the deck's own and given."""

import logging
from types import SimpleNamespace

import pytest

from docs.overrides import typed

CHAPTER = "chapters/c.md"
TEXT = r"""
# C

Short waits are near 55 minutes, long ones near 80 minutes.
The weight is 0.25 of 200.

| | red | green |
|---|---|---|
| Ann | 0.6 | 0.8 |

There are three cures: \(\sigma^2 \ge 1\) in a box, and \(h \in [0, 1]\).

\[
\begin{aligned}
f(x) &= \tfrac{1}{2}\, x^{2} , \\
g(x) &= 1 - x
\end{aligned}
\]
"""
HTML = TEXT.replace("0.25", "<span>0.25</span>")


@pytest.fixture
def told(monkeypatch, caplog, tmp_path):
    """What is said of these slides of the chapter."""
    monkeypatch.setattr(typed, "chapters", {})
    monkeypatch.setattr(typed, "formulas", {})
    caplog.set_level(logging.ERROR)
    file = SimpleNamespace(src_uri=CHAPTER)
    page = SimpleNamespace(file=file, meta={})
    typed.on_page_markdown(TEXT, page)
    typed.on_page_content(HTML, page)

    def said(slides, given=()):
        path = tmp_path / "c.md"
        listed = "".join(f'  - "{words}"\n' for words in given)
        head = f"---\nchapter: {CHAPTER}\ngiven:\n{listed}---\n"
        text = f"# T\n\n## Slides\n\n{slides}\n\n## Problems\n\n77 of them\n"
        path.write_text(head + text, encoding="utf-8")
        file = SimpleNamespace(src_uri="teaching/c.md", abs_src_path=path)
        meta = {"chapter": CHAPTER, "given": list(given)}
        typed.on_page_markdown(text, SimpleNamespace(file=file, meta=meta))
        return [record.getMessage() for record in caplog.records]

    return said


SAY = '??? note "Say, 10 minutes"\n\n'
RESULT = '<span class="mx-number">0.6</span>'
FAULTS = {
    "a number that the chapter has not": ("The weight is 0.26.", "weight 0.26"),
    "a whole number": ("0.25 of 201", "0.25 201"),
    "the chapter's number of something else": ("The mean is 200.", "mean 200"),
    "its number on the other side of a word": ("Short 80 minutes", "short 80 minutes"),
    "the next but one": ("short waits near 80 minutes", "waits 80 minutes"),
    "two that are exchanged": ("| Ann | 0.8 | 0.6 |", "ann 0.8 0.6"),
    "one with one of its words alone": ("Weight 0.25 by mean", "weight 0.25 mean"),
    "a number of one digit": ("It takes 7 steps.", "takes 7 steps"),
    "a number in a word": ("There are two cures.", "2 cures"),
    "a share of one digit": ("Weight 5 % of it", "weight 5%"),
    "a number below 0": ("The weight is -9.", "weight -9"),
    "a number in a table": ("| weight | 7.5 | `x` |", "weight 7.5"),
    "a line above": ("Weight\n\n200", "weight 200"),
    "a number in another word": ("There are a hundred cures.", "100 cures"),
    "one half": ("Half the weight.", "1/2 weight"),
    "one beside a result": (RESULT.replace("6", "7") + " | 0.8 |", "0.7 0.8"),
    "one in an indented line": ("    Short waits near 5 minutes", "waits 5 minutes"),
    "one that the speaker says": (f"{SAY}    The weight is 0.26.", "weight 0.26"),
    "one in the title of notes": ('??? note "Say of 299, 6 minutes"', "say 299 6"),
    "a power": (r"\(\sigma^3 \ge 1\)", r"\sigma ^ 3 \ge 1"),
    "a bound": (r"\(\sigma^2 \ge 2\)", r"\sigma ^ 2 \ge 2"),
    "one within brackets": (r"\(h \in [0, 2]\)", "0 , 2 ]"),
    "a factor": (r"\(f(x) = \frac13 x^2\)", r"= \frac 1 3 x"),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_what_a_slide_has_not_from_its_chapter_fails_the_build(told, kind):
    slides, words = FAULTS[kind]
    said = told(slides)
    at = f"docs/teaching/c.md:{9 + slides.count(chr(10))}"
    assert f'{at}: "{words}" stands on a slide and not in {CHAPTER}' in said


RIGHT = [
    "Short waits near 55 minutes, long ones near 80 minutes.",
    "| Ann | 0.6 | 0.8 |",
    "Three cures.",
    r"\( \sigma^{2} \ge 1 \)",
    r"\[ g(x) = 1 - x . \]",
    r"\(f(x) = \frac{1}{2} x^2\)",
    "### A { #s10 }",
    "1. A weight\n2. A wait",
    "Homework: problems 6, 8 and 10.",
    f"{SAY}    Count to 7. A mean weight of 0.25.",
    "`code 17`",
    '<div data-words="17" data-line="17"></div>',
    "The weight is 0.250 of 200.",
    r"\(f(x) = \frac12 x^2\)",
    f"| Ann | {RESULT} | 0.8 |",
    "Slide 3, then exercise 4.",
]


@pytest.mark.parametrize("slides", RIGHT)
def test_what_is_the_chapters_is_not_told(told, slides):
    """Homework, anchors, minutes, the items of a list and what is asked of the chapter
    are no numbers of a slide; a speaker may count to nine, and needs one word."""
    assert told(slides) == []


def test_a_number_of_the_decks_own_is_given_with_its_words(told):
    assert told("Most try 0.5 first.", ["try 0.5 first"]) == []
    assert len(told("Most try 0.4 first.", ["try 0.5 first"])) == 2


def test_what_is_given_once_is_given_to_one_number(told):
    said = told("Most try 0.5 first.\n\nThey try 0.5 first.", ["try 0.5 first"])
    assert [each.partition(":")[2].partition(":")[0] for each in said] == ["12"]


def test_what_is_given_in_vain_is_told_with_its_line(told):
    said = told("The weight is 0.25 of 200.", ["a 1 b", "weight 0.25 200"])
    needless = 'given has "{}", which the slides do not need'
    assert said == [
        f"docs/teaching/c.md:{line}: {needless.format(words)}"
        for line, words in [(4, "a 1 b"), (5, "weight 0.25 200")]
    ]
