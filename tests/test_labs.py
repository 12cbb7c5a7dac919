"""The labs: stored without outputs, and each runs from top to bottom."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
LABS = sorted((ROOT / "docs/labs").glob("*.ipynb"))
RUN = """
import sys
import nbformat
from nbclient import NotebookClient
NotebookClient(nbformat.read(sys.argv[1], as_version=4), timeout=100).execute()
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
    assert any("assert " in cell.source for cell in code)


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.stem)
def test_a_lab_runs_in_a_fresh_kernel_and_an_empty_folder(lab, tmp_path):
    """Its assertions hold, and it leaves no file behind."""
    run = subprocess.run(
        [sys.executable, "-c", RUN, lab], cwd=tmp_path, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert not list(tmp_path.iterdir())
