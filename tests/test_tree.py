"""Imports go one way, and the package needs numpy alone."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import mixnotes

ROOT = Path(__file__).parents[1]
LAYERS = [
    {"check", "markup", "threads"},
    {"ascent", "gaps", "special", "table"},
    {"intervals"},
    {"measure"},
    {"covariance", "domains", "sums"},
    {"component"},
    {"exponential"},
    {"families"},
    {"mixture"},
    {"groups"},
    {"opaque", "packed"},
    {"columns"},
    {"engine"},
    {"information", "starts"},
    {"climb"},
    {"fit", "progress"},
    {"em"},
    {"online", "resample", "select"},
    {"approximation"},
    {"approximate"},
    {"datasets"},
    {"floor", "plot"},
    {"sklearn"},
    {"__init__"},
]
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}


def imported(path):
    """The modules that a file imports at its top level."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from (f"{node.module}.{a.name}" for a in node.names)


def layer(name):
    """The module of mixnotes that a dotted name lies in, or None."""
    package, _, rest = name.partition(".")
    return rest.partition(".")[0] if package == "mixnotes" and rest else None


@pytest.mark.parametrize("path", sorted((ROOT / "mixnotes").rglob("*.py")), ids=str)
def test_imports_go_one_way(path):
    parts = path.relative_to(ROOT / "mixnotes").with_suffix("").parts
    own = parts[0]
    for name in imported(path):
        assert name.partition(".")[0] != "livefence"
        other = layer(name)
        if other and other != own:
            assert RANK[other] < RANK[own], f"{path.name} imports {name}"


def test_livefence_knows_nothing_of_mixnotes():
    for path in (ROOT / "livefence").rglob("*.py"):
        assert "mixnotes" not in path.read_text(encoding="utf-8"), path.name


def test_the_package_loads_with_numpy_alone():
    code = (
        "import sys, mixnotes; "
        "print({m.partition('.')[0] for m in sys.modules} "
        "& {'scipy', 'matplotlib', 'sklearn', 'pandas', 'livefence', 'mkdocs'})"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout.strip() == "set()", run.stderr


def test_all_names_are_sorted_and_documented():
    names = mixnotes.__all__
    assert names == sorted(names)
    for name in names:
        assert inspect.getdoc(getattr(mixnotes, name)), name


def test_every_public_name_stands_in_the_api_reference():
    text = (ROOT / "docs/reference/index.md").read_text(encoding="utf-8")
    for name in mixnotes.__all__:
        assert f"mixnotes.{name}" in text, name
