"""Each chapter as a notebook: valid, the same bytes in each build, and its code is the
page's, which `test_book` runs from top to bottom in one namespace."""

import ast
from pathlib import Path

import nbformat
import pytest

from livefence import page

ROOT = Path(__file__).parents[2]
CHAPTERS = sorted((ROOT / "docs/chapters").glob("*.md"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(400),
]  # the first one waits for two builds


@pytest.fixture(scope="module")
def builds(build):
    """The chapters of two builds, the hashes of which are seeded unlike."""
    return [build(seed) / "chapters" for seed in (1, 2)]


@pytest.mark.parametrize("name", [path.stem for path in CHAPTERS])
def test_a_chapter_is_a_notebook_of_its_code_from_top_to_bottom(name, builds):
    """All of it and nothing else; a second build gives the same bytes."""
    one, two = (folder / name / f"{name}.ipynb" for folder in builds)
    assert one.read_bytes() == two.read_bytes()
    found = nbformat.read(one, as_version=nbformat.NO_CONVERT)
    assert (found.nbformat, found.nbformat_minor) == (4, 5)
    nbformat.validate(found)
    assert "pip install" in found.cells[0].source
    assert not any(cell.get("outputs") for cell in found.cells)
    fences = page.read(ROOT / "docs/chapters" / f"{name}.md").fences
    code = [c.source for c in found.cells if c.cell_type == "code"]
    ran = [fence.code for fence in fences if fence.head.runs]
    assert [ast.dump(ast.parse(c)) for c in code] == [
        ast.dump(ast.parse(c)) for c in ran
    ]


@pytest.mark.parametrize("name", [path.stem for path in CHAPTERS])
def test_a_chapter_links_to_its_notebook_and_leaves_no_markup_of_the_site(name, builds):
    """Nothing of admonitions, folds, moves, TeX brackets or raw numbers is left."""
    html = (builds[0] / name / "index.html").read_text(encoding="utf-8")
    assert f'href="{name}.ipynb" download' in html
    found = nbformat.read(builds[0] / name / f"{name}.ipynb", as_version=4)
    prose = [c.source for c in found.cells if c.cell_type == "markdown"]
    for mark in ["!!! ", "??? ", "<div", "{python}", r"\(", r"\[", "](../", ".md#"]:
        assert not any(mark in text for text in prose), mark
    assert not any("#|" in c.source for c in found.cells)
