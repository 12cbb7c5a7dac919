"""What stands around a chapter: what it needs, how long it takes, and its symbols."""

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import pytest
from mkdocs.exceptions import PluginError

FILE = Path(__file__).parents[2] / "docs/overrides/chapter.py"
PAGE = "<h1>One</h1>\n<p>The question?</p>\n<h2>First</h2>\n<p>Text.</p>\n"
EXERCISE = '<div class="admonition exercise"><p>Try it.</p></div>\n'
WEIGHT = {"name": "weight", "symbol": r"\pi", "means": "share of A & B"}


@pytest.fixture(scope="module")
def hook():
    spec = importlib.util.spec_from_file_location("chapter", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def page(**meta):
    return SimpleNamespace(meta=meta, file=SimpleNamespace(src_uri="one.md"))


def test_a_page_without_either_is_as_it_was(hook):
    assert hook.on_page_content(PAGE, page()) == PAGE


def test_below_the_title_stands_what_is_needed_and_how_long_it_takes(hook):
    html = PAGE + 4 * EXERCISE + "<p>" + 3000 * "word " + "</p>"
    found = hook.on_page_content(html, page(needs="chapter 2 & a pen"))
    head, _, rest = found.partition("</p>")
    assert head.startswith("<h1>One</h1>\n<p ")
    assert "You need chapter 2 &amp; a pen. About 20 minutes to read, and" in head
    assert 'data-exercises="4">4 exercises' in head
    assert "The question?" in rest


@pytest.mark.parametrize(
    ("added", "expected"),
    [
        ("", 5),
        ("<p>" + 1500 * "word " + "</p>", 10),
        ("<pre>" + 2000 * "word " + "</pre>", 5),
        ("<pre>" + 180 * "word\n" + "</pre>", 15),
        ("<details><p>" + 2000 * "word " + "</p></details>", 5),
        ("<details><pre>" + 180 * "word\n" + "</pre></details>", 5),
        (5 * EXERCISE, 5),
    ],
)
def test_minutes_are_those_of_what_is_seen_at_once(hook, added, expected):
    assert hook.minutes(PAGE + added) == expected


def test_the_symbols_stand_before_the_first_section(hook):
    tie = WEIGHT | {"code": ["weight", "weights"], "color": 2}
    found = hook.on_page_content(PAGE, page(ties=[tie, WEIGHT | {"name": "rate"}]))
    assert found.index("question") < found.index('role="list"') < found.index("<h2>")
    assert 'data-tie="weight" data-code="weight weights"' in found
    assert "--mx-tie:var(--mx-2)" in found
    assert r"\(\pi\)</span> <code>weight</code> share of A &amp; B" in found
    assert 'data-tie="rate" data-code=""' in found


@pytest.mark.parametrize(
    ("text", "ties", "words"),
    [
        ("<h1>One</h1>", [WEIGHT], "there is none"),
        (PAGE, WEIGHT, "must be a list"),
        (PAGE, [WEIGHT | {"colour": 1}], "colour is not known"),
        (PAGE, [{"name": "weight", "symbol": "w"}], "needs a means"),
        (PAGE, [WEIGHT | {"name": "The weight"}], "'The weight' must be small letters"),
    ],
    ids=["section", "list", "key", "means", "name"],
)
def test_what_is_wrong_is_said_with_the_page(hook, text, ties, words):
    with pytest.raises(PluginError, match=r"^one\.md: ") as told:
        hook.on_page_content(text, page(ties=ties))
    assert words in str(told.value)


FOLD = (
    '<div class="livefence" data-chain="0"><details class="livefence-fold">'
    "<summary>How</summary>\n<div><pre>{}</pre></div>\n</details></div>"
)
MOVE = '<div class="mx-move" data-move="{}">\n<div>\n<p>1</p>\n</div>\n</div>'


def test_a_folded_block_stands_below_the_move_that_it_computes(hook):
    one, two, three = (FOLD.format(name) for name in ["one", "two", "three"])
    draw, step = MOVE.format("draw"), MOVE.format("step")
    html = f"{PAGE}{one}\n{two}\n{draw}\n<p>And</p>\n{three}\n{step}\n<p>End</p>"
    found = hook.on_page_content(html, page())
    assert found == (
        f"{PAGE}{one}\n{draw}\n{two}\n<p>And</p>\n{step}\n{three}\n<p>End</p>"
    )


@pytest.mark.parametrize(
    "between", ['<pre class="livefence-output">1</pre>', "<p>Text.</p>"]
)
def test_a_folded_block_with_something_below_it_stays(hook, between):
    html = f"{PAGE}{FOLD.format('one')}\n{between}\n{MOVE.format('draw')}"
    assert hook.on_page_content(html, page()) == html


def test_a_move_that_is_never_closed_is_an_error(hook):
    html = f'{PAGE}{FOLD.format("one")}\n<div class="mx-move"><p>1</p>'
    with pytest.raises(PluginError, match='never closed: <div class="mx-move">'):
        hook.on_page_content(html, page())
