"""A notebook is checked as a page is, by the lines of its file."""

import json

import pytest

from livefence import check
from sites import Site

PLAIN = "import matplotlib.pyplot as plt\n"
DRAW = f"{PLAIN}plt.plot([1])\nplt.show()"


def cell(kind, text, **more):
    """A cell as a notebook stores it."""
    found = {"cell_type": kind, "metadata": {}, "source": text.splitlines(True), **more}
    return found | ({"outputs": []} if kind == "code" and "outputs" not in more else {})


def notebook(*cells):
    """A notebook of these cells, a line of a cell on each of its own."""
    first = [
        cell("markdown", "# A\n\nText."),
        cell("code", '%config A.b = ["c"]\na = [0.123]\n"a"'),
    ]
    return json.dumps({"cells": [*first, *cells], "metadata": {}}, indent=1)


TOLD = {
    "a typed number": (
        cell("markdown", "A\nIt is 0.407."),
        "It is",
        "0.407 is typed by hand: assert it in a cell, or list it",
    ),
    "two digits": (cell("markdown", "It is 41 %."), "It is", "41 is typed by hand"),
    "chance": (
        cell("code", "import random\nrandom.Random()"),
        "random.Random",
        "UnseededError: draws random numbers",
    ),
    "the clock": (
        cell("code", "import time\nprint(time.time())"),
        "print(time",
        "shows what changes from build to build, as it reads the clock",
    ),
    "a path": (
        cell("code", "import os\nprint(os.getcwd())"),
        "print(os",
        "shows what changes from build to build, as it reads where it runs",
    ),
    "an error": (cell("code", "b = a\nb.c"), "b.c", "AttributeError: "),
    "an assertion": (cell("code", "assert a == a"), "assert", "assert a == a cannot"),
    "a link": (cell("markdown", "See\n[b](c.md)."), "c.md", "there is no c.md"),
    "a macro": (cell("markdown", "So $\\alhpa$."), "So $", "the macro \\alhpa is not"),
    "a display": (cell("markdown", "$$\n0.407\n$$"), "0.407", "0.407 is typed by"),
    "no alternative text": (
        cell("code", DRAW, metadata={"caption": "A"}),
        '"cell_type": "code",\n   "metadata": {\n    "cap',
        "the figure has no alt text",
    ),
    "no caption": (
        cell("code", DRAW, metadata={"alt": "A"}),
        '"cell_type": "code",\n   "metadata": {\n    "alt',
        "the figure has no caption",
    ),
    "outputs": (
        cell("code", "a", outputs=[{"output_type": "stream", "text": "a"}]),
        '"cell_type": "code",\n   "metadata": {},\n   "source": [\n    "a"',
        "the cell is stored with outputs",
    ),
}
SOUND = notebook(
    cell("markdown", "Of 0.123, \\$5 and $\\alpha$.\n\nSources: A 45 (1990), 617."),
    cell("code", DRAW, metadata={"alt": ["A"], "caption": "B `c`"}),
    cell("code", "assert a[0] > 0\n\n\na"),
)


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """A book with a notebook of each fault, and one that is sound."""
    options = {"captions": "true", "formulas": "true", "macros": "m.js"}
    site = Site(tmp_path_factory.mktemp("lab"), given="{'*.ipynb': []}", **options)
    site.write("m.js", '"\\\\alpha"')
    site.write("docs/sound.ipynb", SOUND)
    for name, (wrong, _, _) in TOLD.items():
        site.write(f"docs/{name.replace(' ', '-')}.ipynb", notebook(wrong))
    return site


@pytest.mark.slow
@pytest.mark.parametrize("name", TOLD)
def test_a_fault_of_a_notebook_is_told_with_its_line(book, name):
    _, place, message = TOLD[name]
    path = book.root / "docs" / f"{name.replace(' ', '-')}.ipynb"
    text = path.read_text()
    [fault] = check.faults(path)
    assert fault.path == f"docs/{path.name}"
    assert fault.line == text.count("\n", 0, text.rindex(place)) + 1
    assert fault.message.startswith(message)


@pytest.mark.slow
def test_a_notebook_that_is_sound_passes(book):
    assert check.faults(book.root / "docs/sound.ipynb") == []


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (SOUND[:-5], SOUND.count("\n") + 1, "the notebook is no JSON: "),
        ("[]", 1, "the notebook has no cells"),
    ],
)
def test_what_is_no_notebook_is_told(tmp_path, text, line, message):
    path = tmp_path / "a.ipynb"
    path.write_text(text)
    [fault] = check.faults(path)
    assert abs(fault.line - line) <= 1
    assert fault.message.startswith(message)


def test_the_pages_of_a_folder_are_those_of_notebooks_too(tmp_path):
    (tmp_path / "mkdocs.yml").write_text("site_name: A\n")
    for name in ("a.md", "b.ipynb", ".ipynb_checkpoints/b.ipynb"):
        path = tmp_path / "docs" / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text("")
    found = check.pages([tmp_path / "docs"])
    assert [each.name for each in found] == ["a.md", "b.ipynb"]
