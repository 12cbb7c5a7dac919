"""What a reader of the book sees is what ran."""

import ast
import html as entities
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from livefence import moves, page, shown, typed
from livefence.settings import from_config
from tests.conftest import own

# The first one waits for a build.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(
    path.relative_to(DOCS).as_posix()
    for path in DOCS.rglob("*.md")
    if "python" in path.read_text(encoding="utf-8")
)
# Runs the chains of a page without livefence, and says what each cell gave; a last
# expression as the prompt of Python shows it, but for calls, which draw on these pages.
# Those of a chapter run in one namespace, as its notebook does.
PLAIN = """
import ast, contextlib, io, json, sys, warnings
import matplotlib
matplotlib.use("agg")
import matplotlib.pyplot, numpy, mixnotes
warnings.simplefilter("error")
told, space = [], {}
for chain in json.load(sys.stdin):
    space = space if sys.argv[1] == "chapter" else {}
    space["__name__"] = "__main__"
    for kind, text in chain:
        if kind == "number":
            told.append([kind, eval("f'''{" + text + "}'''", space)])
            continue
        with contextlib.redirect_stdout(io.StringIO()) as heard:
            body = ast.parse(text).body
            shown = isinstance(body[-1], ast.Expr)
            shown = shown and not isinstance(body[-1].value, ast.Call)
            last = [body.pop()] if shown else []
            exec(compile(ast.Module(body, []), "cell", "exec"), space)
            exec(compile(ast.Interactive(last), "cell", "single"), space)
        matplotlib.pyplot.close("all")
        if heard.getvalue():
            told.append([kind, heard.getvalue().rstrip("\\n") + "\\n"])
json.dump(told, sys.stdout)
"""
OUTPUT = r'<div class="livefence-output[^>]*><pre><code[^>]*>(?P<output>.*?)</code>'
NUMBER = r'<span class="livefence-number"[^>]*>(?P<number>.*?)</span>'
# What prose gives or quotes, other than years and powers of ten, by page.
SETTINGS = from_config(ROOT / "mkdocs.yml")
RECIPES = sorted(DOCS.glob("your-data/*.md"))
# Blocks that are shown and do not run: page, first line of code, and why.
NOT_RUN = {
    ("notes.md", "import numpy as np"): "the notes' program, which draws anew in each "
    "run; chapter 3 runs it with a seed",
}


@pytest.fixture(scope="module")
def html(build):
    """The HTML of each page, by the path of its source."""
    folder = build()

    def read(source):
        path = Path(source).with_suffix("")
        path = path.parent if path.name == "index" else path
        text = (folder / path / "index.html").read_text(encoding="utf-8")
        return own(text)

    return read


@pytest.mark.parametrize("source", PAGES)
def test_the_blocks_that_a_reader_sees_are_the_blocks_that_ran(source, html):
    """In the same order, to the letter, save for exceptions listed with a reason."""
    fences = page.read(DOCS / source).fences
    for fence in fences:
        if not fence.head.runs and not fence.head.check:
            assert (source, fence.source.splitlines()[0]) in NOT_RUN
    seen = [
        block.code.strip("\n")
        for block in shown.blocks(html(source))
        # the API's signatures are no code: mkdocstrings makes them
        if block.is_python and "doc-signature" not in block.classes
    ]
    assert seen == [fence.source.strip("\n") for fence in fences]


def cells(source):
    """What the chains of a page run and say, in order, captions and all."""
    for chain in page.read(DOCS / source).chains:
        found = []
        for cell in chain:
            if isinstance(cell, page.Number):
                found.append(("number", cell.expression))
            elif isinstance(cell, page.Fence):
                found.append(("output", cell.code))
                for text in page.figure_texts(cell.code):
                    numbers = page.numbers_in(text.caption)
                    found += [("number", expression) for _, expression in numbers]
        yield found


@pytest.mark.parametrize("source", PAGES)
def test_the_outputs_and_numbers_are_those_of_plain_python(source, html, tmp_path):
    """To the byte, but for blank lines at an end; in an empty folder, where a chapter
    leaves no file."""
    kind = "chapter" if source.startswith("chapters/") else "page"
    run = subprocess.run(
        [sys.executable, "-c", PLAIN, kind],
        input=json.dumps(list(cells(source))),
        cwd=tmp_path,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    if kind == "chapter":  # others may show how a file is written
        assert not list(tmp_path.iterdir())
    told = json.loads(run.stdout)
    found = re.finditer(f"{OUTPUT}|{NUMBER}", html(source), re.S)
    seen = [[m.lastgroup, entities.unescape(m[m.lastgroup])] for m in found]
    assert seen == told


@pytest.mark.parametrize("source", PAGES)
def test_a_copied_block_needs_the_package_and_its_plots_alone(source):
    """What a fence imports is there once `mixnotes[plot]` is installed, but for those
    that say that they need another package."""
    ours = {"mixnotes", "numpy", "matplotlib"} | sys.stdlib_module_names
    for fence in page.read(DOCS / source).fences:
        if fence.head.norun:
            continue
        for node in ast.walk(ast.parse(fence.source)):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            else:
                continue
            assert {name.partition(".")[0] for name in names} <= ours, fence.line


@pytest.mark.parametrize("source", PAGES)
def test_every_number_in_prose_was_computed(source, html):
    """As many values in the HTML as expressions outside fences, and none left raw."""
    text = html(source)
    cells = page.read(DOCS / source).cells
    numbers = [cell for cell in cells if isinstance(cell, page.Number)]
    assert text.count('class="livefence-number"') >= len(numbers)
    assert ("{python}" in text) == (source in SHOWS_THE_FORM)


SHOWS_THE_FORM = ("livefence.md",)  # of numbers in prose, to who writes pages

# What pages got wrong once, as it must stand: each number was computed elsewhere too.
MENDED = [
    ("chapters/03-em.md", "after 16 steps they are at 0.407, 0.401 and 0.392"),
    ("chapters/04-why-em-climbs.md", "gains 0.0172 and the log-likelihood 0.0363"),
    ("chapters/07-identifiable.md", "another hollow, 4.46 units above it"),
    ("chapters/08-spikes-and-starts.md", "log-likelihood -189.67, converged"),
    ("chapters/09-universal-approximator.md", "uniform 0.3954 0.1562 0.0286 0.639"),
    ("chapters/09-universal-approximator.md", "exponential 0.6377 0.1859 0.0176 0.638"),
    ("errata.md", "52% red: weight of Factory 1 0.44"),
    ("errata.md", "KL(g || f) 0.259"),
    ("errata.md", "printed: error 3.1e-08 thrown away: error 2.3e-08"),
    ("index.md", "women aged 80 and older"),
    ("data.md", "Härdle (1991)"),
    (
        "chapters/15-hard-e-step.md",
        "approximation gap 0.07, amortisation gap 4.21",
    ),
    ("chapters/17-experts.md", "at the start: starved 1.40 of 4"),
]


@pytest.mark.parametrize(("source", "stands"), MENDED)
def test_what_was_wrong_once_stands_right(source, stands, html):
    text = entities.unescape(re.sub(r"<[^>]+>", "", html(source)))
    assert stands in " ".join(text.split())


@pytest.mark.parametrize(
    "chapter", sorted(DOCS.glob("chapters/*.md")) + RECIPES, ids=str
)
def test_no_result_is_typed_by_hand(chapter):
    """What is typed into the prose is a number that the page starts from, as
    `mkdocs.yml` lists it; and it lists no other."""
    source = chapter.relative_to(DOCS).as_posix()
    text = chapter.read_text(encoding="utf-8")
    wrong = typed.by_hand(text, SETTINGS, source)
    assert [f"docs/{source}:{line}: {said}" for line, said in wrong] == []
    given = set(SETTINGS.given.get(source, ()))
    moved = moves.numbers(text)
    assert given <= {number for _, number in typed.numbers(text)} | moved


def test_the_pages_whose_numbers_are_computed_are_chapters_and_recipes():
    assert {"chapters/*.md", "your-data/*.md"} <= set(SETTINGS.given)
    assert not SETTINGS.given["chapters/*.md"]
    assert not SETTINGS.given["your-data/*.md"]


def test_a_planted_stale_number_is_found():
    source = "chapters/06-any-n-components.md"
    text = (DOCS / source).read_text(encoding="utf-8")
    planted = "A share of 0.3599, a rate of 2.6634, a log-likelihood of -1,989.946.\n"
    text = text.replace("## How many", f"{planted}\n## How many")
    line = text[: text.index(planted)].count("\n") + 1
    wrong = list(typed.by_hand(text, SETTINGS, source))
    assert [at for at, _ in wrong] == [line] * 3
    assert [said.split()[0] for _, said in wrong] == ["0.3599", "2.6634", "1,989.946"]


@pytest.mark.timeout(600)
def test_the_check_of_the_pages_finds_nothing_wrong_with_these():
    run = subprocess.run(
        [sys.executable, "-m", "livefence", "check", "docs", "README.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert (run.returncode, run.stdout) == (0, ""), run.stderr


def test_every_chapter_has_three_exercises_with_checked_solutions():
    """Each solution holds a fence with an assertion, which the tests run."""
    for chapter in sorted((DOCS / "chapters").glob("*.md")):
        text = chapter.read_text(encoding="utf-8")
        assert text.count("!!! exercise") >= 3, chapter.name
        solutions = text.split("??? solution")[1:]
        assert len(solutions) >= 3, chapter.name
        for solution in solutions:
            assert "        assert " in solution.split("!!! exercise")[0], chapter.name
