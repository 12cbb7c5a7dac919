"""The labs: stored without outputs, and each runs from top to bottom."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
LABS = sorted((ROOT / "docs/labs").glob("*.ipynb"))
RUN = """
import sys
import nbformat
from nbclient import NotebookClient
NotebookClient(nbformat.read(sys.argv[1], as_version=4), timeout=None).execute()
"""
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
    assert any("assert " in cell.source for cell in code)


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.stem)
def test_a_lab_runs_in_a_fresh_kernel_and_an_empty_folder(lab, tmp_path):
    """Its assertions hold, and it leaves no file behind."""
    run = subprocess.run(
        [sys.executable, "-c", RUN, lab], cwd=tmp_path, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert not list(tmp_path.iterdir())


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
