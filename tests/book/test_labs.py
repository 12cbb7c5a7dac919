"""The labs: stored without outputs, and each runs from top to bottom."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
LABS = sorted((ROOT / "docs/labs").glob("*.ipynb"))
RUN = """
import sys
import nbformat
from nbclient import NotebookClient
found = nbformat.read(sys.argv[1], as_version=4)
found.cells.append(nbformat.v4.new_code_cell(sys.argv[2]))
NotebookClient(found, timeout=None).execute()
"""
# What holds at the end of a lab that readers run on data of their own, and that
# asserts nothing itself.
HOLDS = {
    "whole-analysis": """
assert x.var(ddof=1) > 2 * x.mean() and lag > 0.5
assert table.best.name == "smooth"
assert abs(fit.log_likelihood - -328.5275) < 1e-3
assert fit.bic < table.best.fit.bic - 15
assert drawn["no memory"][1][1] < seen[1] < drawn["chain"][1][1]
assert drawn["chain"][0][1] < seen[1]
"""
}
# Asks mkdocs-jupyter of every file of the site whether it is a notebook, as a build.
CHOOSE = """
from mkdocs.config import load_config
from mkdocs.structure.files import get_files
config = load_config("mkdocs.yml")
files = get_files(config)
files = config.plugins["mkdocs-jupyter"].on_files(files, config=config)
print(len(files.documentation_pages()))
print(*sorted(f.src_uri for f in files if type(f).__name__ == "NotebookFile"))
"""
# Tells its version, which jupytext asks for when it is imported, and does nothing else.
FAKE = """#!/bin/sh
if [ "$1" = --version ]; then echo pandoc 3.1; exit; fi
echo "$@" >> {called}
exit 1
"""


def test_there_are_labs_and_all_are_in_the_nav():
    nav = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert LABS
    for lab in LABS:
        assert f"labs/{lab.name}" in nav


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.stem)
def test_a_lab_is_stored_without_outputs(lab):
    found = nbformat.read(lab, as_version=nbformat.NO_CONVERT)
    nbformat.validate(found)
    code = [cell for cell in found.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
    assert lab.stem in HOLDS or any("assert " in cell.source for cell in code)


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.stem)
def test_a_lab_runs_in_a_fresh_kernel_and_an_empty_folder(lab, tmp_path):
    """Its assertions hold, and it leaves no file behind."""
    run = subprocess.run(
        [sys.executable, "-c", RUN, lab, HOLDS.get(lab.stem, "")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert not list(tmp_path.iterdir())


def test_the_whole_analysis_runs_on_a_column_of_the_readers_own(tmp_path):
    """Counts at one rate, about which none of the lab's sentences would be true."""
    counts = np.random.default_rng(0).poisson(7, 80)
    (tmp_path / "mine.csv").write_text("count\n" + "".join(f"{n}\n" for n in counts))
    text = (ROOT / "docs/labs/whole-analysis.ipynb").read_text(encoding="utf-8")
    for theirs, yours in [
        ('data[\\"count\\"]', 'mx.read_csv(\\"mine.csv\\")[\\"count\\"]'),
        ('data[\\"year\\"]', "np.arange(len(x))"),
    ]:
        assert f"= {theirs}  # yours: {yours}" in text
        text = text.replace(f"= {theirs}  # yours: {yours}", f"= {yours}")
    (tmp_path / "mine.ipynb").write_text(text, encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-c", RUN, "mine.ipynb", "assert len(x) == 80"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr


def test_labs_alone_are_notebooks_and_no_page_is_read_with_pandoc(tmp_path):
    """jupytext hands a page with lines of ::: to pandoc, which does not come back."""
    called = tmp_path / "called"
    pandoc = tmp_path / "pandoc"
    pandoc.write_text(FAKE.format(called=called))
    pandoc.chmod(0o755)
    path = os.pathsep.join([str(tmp_path), os.environ["PATH"]])
    run = subprocess.run(
        [sys.executable, "-c", CHOOSE],
        cwd=ROOT,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    pages, chosen = run.stdout.splitlines()[-2:]
    assert int(pages) > len(LABS)
    assert chosen.split() == [f"labs/{lab.name}" for lab in LABS]
    assert not called.exists()
