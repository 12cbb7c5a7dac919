"""Each chapter as a notebook: valid, the same bytes in each build, and it runs."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
CHAPTERS = sorted((ROOT / "docs/chapters").glob("*.md"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(400),
]  # the first one waits for two builds
RUN = """
import json, sys, warnings
warnings.simplefilter("error")
import matplotlib
matplotlib.use("agg")
space = {"__name__": "__main__"}
cells = json.load(open(sys.argv[1], encoding="utf-8"))["cells"]
for cell in cells:
    if cell["cell_type"] == "code":
        exec(compile("".join(cell["source"]), cell["id"], "exec"), space)
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].close("all")
"""


@pytest.fixture(scope="module")
def builds(build):
    """The chapters of two builds, the hashes of which are seeded unlike."""
    return [build(seed) / "chapters" for seed in (1, 2)]


@pytest.mark.parametrize("name", [path.stem for path in CHAPTERS])
def test_a_chapter_is_a_notebook_that_runs_from_top_to_bottom(name, builds, tmp_path):
    """In one fresh process and an empty folder; a second build gives the same bytes."""
    one, two = (folder / name / f"{name}.ipynb" for folder in builds)
    assert one.read_bytes() == two.read_bytes()
    found = nbformat.read(one, as_version=nbformat.NO_CONVERT)
    assert (found.nbformat, found.nbformat_minor) == (4, 5)
    nbformat.validate(found)
    assert "pip install" in found.cells[0].source
    assert not any(cell.get("outputs") for cell in found.cells)
    run = subprocess.run(
        [sys.executable, "-c", RUN, one], cwd=tmp_path, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert not list(tmp_path.iterdir())


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
