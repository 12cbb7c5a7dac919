"""Imports go one way, and the package needs numpy alone."""

import ast
import inspect
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import livefence.page
import mixnotes

ROOT = Path(__file__).parents[1]
# A folder (or a file at the top) and all that it may import, at the top of a file or
# in a function.
MAY_IMPORT = {
    "numeric": set(),
    "data": {"numeric"},
    "components": {"data", "numeric"},
    "families": {"components", "data", "numeric"},
    "mixing": {"families", "components", "data", "numeric"},
    "fitting": {"mixing", "families", "components", "data", "numeric"},
    "study": {"fitting", "mixing", "families", "components", "data", "numeric"},
    "approximation": {"fitting", "families", "components", "data", "numeric"},
    "datasets": set(),
    "plot": {
        "approximation",
        "study",
        "fitting",
        "families",
        "components",
        "data",
        "numeric",
    },
    "sklearn": {"fitting", "families", "components", "data", "numeric"},
}
MODULES = sorted((ROOT / "mixnotes").rglob("*.py"))
UPWARDS = {  # a mixture is a component, and its fit is EM
    ("components/mixture.py", "mixnotes.fitting.em"),
}


def imported(path):
    """The modules of mixnotes that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module


@pytest.mark.parametrize(
    "path",
    sorted((ROOT / "mixnotes").rglob("*.py")),
    ids=lambda p: p.relative_to(ROOT).as_posix(),
)
def test_imports_go_one_way(path):
    own = path.relative_to(ROOT / "mixnotes").with_suffix("").parts[0]
    for name in imported(path):
        package, _, rest = name.partition(".")
        assert package != "livefence"
        other = rest.partition(".")[0]
        if package != "mixnotes" or not other or own in (other, "__init__"):
            continue
        upwards = (path.relative_to(ROOT / "mixnotes").as_posix(), name) in UPWARDS
        assert upwards or other in MAY_IMPORT[own], f"{path} imports {name}"


def test_each_folder_says_what_it_is_for():
    """In a few lines: what for, what it stands on, who imports it; then examples."""
    for folder in sorted({path.parent for path in MODULES}):
        words = ast.get_docstring(ast.parse((folder / "__init__.py").read_text()))
        assert words, folder
        words = words.partition("\n\nExamples:\n")[0]
        assert 2 <= len(words.splitlines()) <= 8, folder


FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
DOCUMENTED = (ast.Module, ast.ClassDef, *FUNCTIONS)


def lines_of(node):
    """The lines on which a piece of code stands, from 1."""
    return set(range(node.lineno, node.end_lineno + 1))


def lines_of_code(text):
    """The lines of a module that are not blank, a comment or part of a docstring."""
    written = {
        number
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.strip().startswith("#")
    }
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node) is not None:
            written -= lines_of(node.body[0])
    return written


def test_lines_of_code_are_those_that_say_what_is_done():
    text = (
        '"""A module\n\nof words."""\n\n# a remark\nx = 1  # a remark\n'
        'def f():\n    """Words."""\n    # a remark\n\n    return """text"""\n'
    )
    assert lines_of_code(text) == {6, 7, 11}


@pytest.mark.parametrize(
    "path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix()
)
def test_a_module_is_read_in_one_sitting(path):
    """At most 400 lines of code; in fitting/ 300, and 40 a function."""
    text = path.read_text(encoding="utf-8")
    written = lines_of_code(text)
    fitting = ROOT / "mixnotes/fitting" in path.parents
    assert len(written) <= (300 if fitting else 400)
    if fitting:
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, FUNCTIONS):
                assert len(written & lines_of(node)) <= 40, node.name


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


SOURCE = "livefence/src"
TEXTS = {".css", ".csv", ".js", ".md", ".mplstyle", ".py", ".toml", ".yml"}


@pytest.mark.slow
def test_a_tree_with_the_line_ends_of_windows_passes_the_tests_of_its_pages(tmp_path):
    """Whoever's git turned them: every data set is read, a figure is drawn."""
    for name in ("mixnotes", "livefence", "docs", "pyproject.toml", "mkdocs.yml"):
        whole = ROOT / name
        copied = shutil.copytree if whole.is_dir() else shutil.copy
        copied(whole, tmp_path / name)
    for path in tmp_path.rglob("*"):
        if path.suffix in TEXTS:
            unix = path.read_bytes().replace(b"\r\n", b"\n")
            path.write_bytes(unix.replace(b"\n", b"\r\n"))
    pages = ["docs/data.md", "docs/your-data/pictures.md"]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *pages],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{tmp_path / SOURCE}"},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout
    for page in pages:
        assert page in run.stdout
        here = livefence.page.read(ROOT / page)
        assert livefence.page.read(tmp_path / page) == here


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_git_leaves_line_ends_as_they_are_where_it_would_turn_them(tmp_path):
    """With core.autocrlf, the usual setting on Windows."""
    names = [
        "mixnotes/datasets/csv/v1_hits.csv",
        "mixnotes/datasets/csv/linkage_rao.csv",
    ]
    names += [".gitattributes", "mkdocs.yml", "docs/assets/readme.png", ".ci/run"]
    before = {name: (ROOT / name).read_bytes() for name in names}
    assert b"\r\n" in before[names[1]]
    git = ["git", "-C", str(tmp_path), "-c", "core.autocrlf=true"]
    git += ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    for name, content in before.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    subprocess.run([*git, "add", "."], check=True, capture_output=True)
    subprocess.run([*git, "commit", "-q", "-m", "all"], check=True)
    for name in names:
        (tmp_path / name).unlink()
    subprocess.run([*git, "checkout", "-q", "."], check=True)
    assert {name: (tmp_path / name).read_bytes() for name in names} == before


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mixnotes", f"{SOURCE}/livefence"])
def test_the_package_of_another_clone_is_not_what_is_tested(tmp_path, name):
    """An environment of one clone, and the tests of another: told, not run."""
    package = ROOT / name
    (tmp_path / package.name).symlink_to(package, target_is_directory=True)
    run = subprocess.run(
        [sys.executable, "-P", "-m", "pytest", "-n", "0", "tests/test_tree.py", "--co"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 4
    assert f"{package.name} must be that of this clone" in run.stderr
