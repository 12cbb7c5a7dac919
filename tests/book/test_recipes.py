"""The table of families and the examples of the README say what is so."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import mixnotes as mx
from tests.components.test_components import FILLED

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/your-data/which-component.md"
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.read_text(encoding="utf-8").splitlines()
    if line.startswith("| `")
]
CDF = {row[0].strip("`"): row[4] for row in ROWS}
MADE = {"Chain", "Custom", "Mixture", "Component"}
FIRST = {type(part).__name__: part for part in reversed(FILLED)}
WITHOUT_SCIPY = """
import json, sys
sys.modules["scipy"] = None
import mixnotes as mx
found = {}
for name, text in json.load(sys.stdin).items():
    try:
        mx.from_json(text).cdf([0.5])
        found[name] = "numpy"
    except ImportError:
        found[name] = "scipy"
json.dump(found, sys.stdout)
"""


def test_every_family_stands_in_the_table():
    public = {
        name
        for name in mx.__all__
        if isinstance(getattr(mx, name), type)
        and issubclass(getattr(mx, name), mx.Component)
    }
    assert set(CDF) == public - MADE


def test_the_table_says_which_cdf_needs_scipy():
    told = {name: needs for name, needs in CDF.items() if needs != "–"}
    texts = {name: FIRST[name].to_json() for name in told}
    run = subprocess.run(
        [sys.executable, "-c", WITHOUT_SCIPY],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == told


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_table_names_parameters(row):
    """Each is a parameter of the family by that name."""
    family = getattr(mx, row[0].strip("`"))
    known = set().union(*(vars(c).get("__annotations__", {}) for c in family.__mro__))
    for name in re.findall(r"`(\w+)`", row[1]):
        assert name in known, name


README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize(("code", "output"), EXAMPLES, ids=["bag", "newcomb"])
def test_the_examples_of_the_readme_print_what_stands_below(code, output, tmp_path):
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert run.stdout == output, run.stderr
