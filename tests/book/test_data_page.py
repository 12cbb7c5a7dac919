"""The page on data shows the sheet of every file that the package ships."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import mixnotes as mx
from livefence import page

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "mixnotes" / "datasets" / "csv").iterdir())
each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def digest(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def printed():
    """What the fences of the page print, line ends and indents as single spaces."""
    fences = page.read(ROOT / "docs" / "data.md").fences
    program = "\n".join(fence.source for fence in fences)
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    return re.sub(r"\s+", " ", run.stdout)


def test_the_package_ships_data_files_and_nothing_else_beside_them():
    """The page takes every file in the folder for a data set."""
    assert FILES
    assert {file.suffix for file in FILES} == {".csv"}


@each_file
def test_every_file_has_a_loader_of_its_name_and_the_sheet_of_its_bytes(file):
    """The SHA-256 on the sheet is that of the file as it lies here."""
    data = getattr(mx.datasets, file.stem)()
    assert data.sheet.name == file.stem
    assert data.sheet.sha256 == digest(file)


@each_file
def test_the_page_prints_the_whole_sheet_of_every_file(file, printed):
    """What, source, terms, rows and SHA-256, in this order, under its name."""
    sheet = getattr(mx.datasets, file.stem)().sheet
    rows = len(file.read_text(encoding="utf-8").splitlines()) - 1
    terms = f"terms: {sheet.terms}; rows: {rows}"
    parts = [sheet.name, sheet.what, f"source: {sheet.source}", terms, digest(file)]
    assert " ".join(parts) in printed
    assert all(len(part) > 3 for part in parts)
