"""A wheel for the page has the code, its lines and the words of help, and no more."""

import ast
import base64
import hashlib
import inspect
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from livefence.browser import site
from livefence.browser.lean import lean, lean_module, solid
from test_fence_browser import wheel

MODULES = sorted(Path(site.__file__).parents[1].rglob("*.py"))
RECORD = "shelf-1.2.dist-info/RECORD"
MODULE = '''"""What this module is for."""

# a comment
URL = "x # y"  # another


class Shape:
    """A shape,
    of any size.

    Args:
        size: its size.
    """

    def area(self):
        "Its area."; return 4  # in cm

    def _hidden(self):
        """Not for readers."""
        return "# no comment"


def half(x):
    """é half."""
    return x / 2
'''


def test_lines_stay_and_help_keeps_its_first_paragraph():
    found = lean_module(MODULE)
    assert "comment\n" not in found
    assert "another" not in found
    assert len(found.splitlines()) == len(MODULE.splitlines())
    space = {}
    exec(compile(found, "module", "exec"), space)
    assert space["URL"] == "x # y"
    assert inspect.getdoc(space["Shape"]) == "A shape, of any size."
    assert inspect.getdoc(space["half"]) == "é half."
    assert not inspect.getdoc(space["Shape"]._hidden)
    assert space["Shape"]()._hidden() == "# no comment"
    assert space["Shape"]().area() == 4
    assert space["half"].__code__.co_firstlineno == 23


@pytest.mark.parametrize("path", MODULES, ids=[path.name for path in MODULES])
def test_the_code_of_the_package_is_the_same(path):
    """Everything but the words, at the same places."""
    source = path.read_text(encoding="utf-8")

    def bare(text):
        tree = ast.parse(text)
        for node in ast.walk(tree):
            documented = isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module)
            if documented and ast.get_docstring(node, clean=False) is not None:
                node.body[0].value.value = ""
        places = [getattr(node, "lineno", 0) for node in ast.walk(tree)]
        return ast.dump(tree), places

    assert bare(lean_module(source)) == bare(source)


def test_a_lean_wheel_is_smaller_and_records_what_it_holds(tmp_path):
    file = wheel(tmp_path)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("shelf/shape.py", MODULE)
        archive.writestr("shelf/words.txt", "# stays")
        archive.writestr("shelf-1.2.dist-info/RECORD", "as it was")
    before = file.read_bytes()
    after = lean(before)
    assert lean(before) == after
    with (
        zipfile.ZipFile(io.BytesIO(before)) as old,
        zipfile.ZipFile(io.BytesIO(after)) as new,
    ):
        assert new.namelist() == old.namelist()
        assert new.testzip() is None
        found = {name: new.read(name) for name in new.namelist()}
        assert len(found["shelf/shape.py"]) < len(old.read("shelf/shape.py"))
    assert found["shelf/words.txt"] == b"# stays"
    rows = [line.split(",") for line in found.pop(RECORD).decode().splitlines()]
    assert rows.pop() == [RECORD, "", ""]
    assert {name: int(size) for name, _, size in rows} == {
        name: len(content) for name, content in found.items()
    }
    for name, digest, _ in rows:
        sum_ = hashlib.sha256(found[name]).digest()
        told = digest.removeprefix("sha256=")
        assert base64.urlsafe_b64decode(told + "=") == sum_


def test_a_solid_archive_holds_what_is_in_a_wheel_but_its_record(tmp_path):
    file = wheel(tmp_path)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("shelf/shape.py", MODULE)
        archive.writestr(RECORD, "as it was")
        held = {name: archive.read(name) for name in archive.namelist()}
    found = solid(file.read_bytes())
    assert found == solid(file.read_bytes())
    with tarfile.open(fileobj=io.BytesIO(found)) as archive:
        names = archive.getnames()
        told = {name: archive.extractfile(name).read() for name in names}
        assert all(member.isfile() for member in archive)
    assert told == {name: held[name] for name in held if name != RECORD}


def test_a_wheel_is_packed_once_and_what_is_older_goes(tmp_path, monkeypatch):
    first = wheel(tmp_path).read_bytes()
    count = []
    monkeypatch.setattr(
        site, "solid", lambda given: count.append(given) or solid(given)
    )
    shelf = tmp_path / "packed"
    assert site.packed(first, shelf) == site.packed(first, shelf) == solid(first)
    assert count == [first]
    (kept,) = shelf.iterdir()
    kept.write_bytes(b"half")
    assert site.packed(first, shelf) == solid(first)
    assert count == [first, first]
    with zipfile.ZipFile(tmp_path / "shelf-1.2-py3-none-any.whl", "a") as archive:
        archive.writestr("shelf/shape.py", MODULE)
    second = (tmp_path / "shelf-1.2-py3-none-any.whl").read_bytes()
    site.packed(second, shelf)
    site._tidy(shelf, [second])
    (left,) = shelf.iterdir()
    assert left.name != kept.name


def test_the_scripts_of_every_page_come_without_comments():
    script = "// why\n/** what\n * and how */\nlet a = 1; // stays\n\n  if (a) {\n  }\n"
    assert site.brief(script) == b"let a = 1; // stays\nif (a) {\n}\n"


def test_a_comment_goes_to_its_end_and_code_that_looks_like_one_stays():
    script = (
        "/** What\n    and how. */\nlet b = 2\n  * 3;\n/* one */ let c = b; /* two */\n"
    )
    assert site.brief(script) == b"let b = 2\n* 3;\n/* one */ let c = b; /* two */\n"


USED = [
    "numpy/__init__.py",
    "numpy/testing/__init__.py",
    "numpy/_core/_multiarray_umath.so",
    "matplotlib/mpl-data/matplotlibrc",
    "matplotlib/mpl-data/fonts/ttf/DejaVuSerif.ttf",
    "matplotlib/backends/backend_agg.py",
    "matplotlib/backends/backend_svg.py",
    "PIL/_imaging.cpython-314-wasm32-emscripten.so",
    "shelf/tests.py",
    "shelf-1.2.dist-info/licenses/LICENSE",
]
UNUSED = [
    "numpy/__init__.pyi",
    "numpy/f2py/crackfortran.py",
    "numpy/_core/include/numpy/arrayobject.h",
    "numpy/random/lib/libnpyrandom.a",
    "shelf/tests/test_a.py",
    "matplotlib/mpl-data/sample_data/data_x_x2_x3.csv",
    "matplotlib/backends/backend_qt5agg.py",
    "PIL/_webp.cpython-314-wasm32-emscripten.so",
]


def test_files_that_no_page_can_use_are_left_out_of_an_archive(tmp_path):
    file = wheel(tmp_path)
    with zipfile.ZipFile(file, "a") as archive:
        for name in USED + UNUSED:
            archive.writestr(name, name)
    found = solid(file.read_bytes())
    with tarfile.open(fileobj=io.BytesIO(found)) as archive:
        names = set(archive.getnames())
    assert names >= set(USED)
    assert not names & set(UNUSED)


def test_folders_that_no_page_needs_are_left_out_of_a_wheel_and_its_record(tmp_path):
    file = wheel(tmp_path)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("shelf/extras/shape.py", MODULE)
        archive.writestr("shelf/extras_of_another.py", MODULE)
        archive.writestr("shelf-1.2.dist-info/RECORD", "as it was")
    found = lean(file.read_bytes(), ["shelf/extras"])
    with zipfile.ZipFile(io.BytesIO(found)) as archive:
        record = archive.read("shelf-1.2.dist-info/RECORD").decode()
        assert "shelf/extras_of_another.py" in archive.namelist()
        for names in (archive.namelist(), record.splitlines()):
            assert not [name for name in names if name.startswith("shelf/extras/")]
