"""A wheel as a page needs it: packed as one, without what no page can use.

What a reader downloads before the first Run is code that no reader of the page reads.
A project's own modules lose their comments, and of docstrings all but what `help` is
for; every line stays where it is, so that errors name the lines of the source. Other
packages are as they were, less whole files that are for compilers, desktops and tests.
"""

from __future__ import annotations

import ast
import hashlib
import io
import lzma
import tarfile
import tokenize
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from fnmatch import fnmatch

Documented = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module


def lean(wheel: bytes, without: Sequence[str] = ()) -> bytes:
    """The wheel with lean modules, and their sums in its record; `without` are folders
    in it that no page needs."""
    left_out = tuple(f"{folder.rstrip('/')}/" for folder in without)
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(wheel)) as source,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as target,
    ):
        record: list[str] = []
        for info in source.infolist():
            if info.filename.startswith(left_out):
                continue
            content = source.read(info)
            if info.filename.endswith(".dist-info/RECORD"):
                content = "".join([*record, f"{info.filename},,\n"]).encode()
            elif info.filename.endswith(".py"):
                content = lean_module(content.decode()).encode()
            record.append(_line(info.filename, content))
            target.writestr(info, content, zipfile.ZIP_DEFLATED, 9)
    return packed.getvalue()


UNUSED = (  # files of a wheel that nothing in a page can use
    *("*.pyi", "*.pyx", "*.pxd", "*.pxi", "*.h", "*.a", "*/RECORD"),
    *("*/tests/*", "*/conftest.py", "numpy/f2py/*", "numpy/_pyinstaller/*"),
    *("PIL/_webp.*", "PIL/_avif.*", "PIL/_imagingtk.*", "PIL/_imagingft.*"),
    *("matplotlib/mpl-data/sample_data/*", "matplotlib/mpl-data/images/*"),
    *("matplotlib/mpl-data/fonts/afm/*", "matplotlib/mpl-data/fonts/pdfcorefonts/*"),
    *("matplotlib/testing/*", "matplotlib/sphinxext/*"),
    *("matplotlib/mpl-data/plot_directive/*", "matplotlib/backends/web_backend/*"),
    *("matplotlib/backends/*gtk*", "matplotlib/backends/*qt*"),
    *("matplotlib/backends/*wx*", "matplotlib/backends/*_tk*"),
    *("matplotlib/backends/*mac*", "matplotlib/backends/*cairo*"),
    *("matplotlib/backends/*webagg*", "matplotlib/backends/*nbagg*"),
)
WINDOW = 1 << 24  # bytes that are looked back on; a reader's memory holds as many
PACKING = [
    {"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": WINDOW}
]


def solid(wheel: bytes) -> bytes:
    """What a page can use of a wheel as a tar archive, packed as one by xz: a half of
    what the wheel takes, in which each file is packed by itself. The same bytes each
    time."""
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(wheel)) as source,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as target,
    ):
        infos = sorted(source.infolist(), key=_likeness)
        for info in infos:
            if info.is_dir() or is_unused(info.filename):
                continue
            content = source.read(info)
            member = tarfile.TarInfo(info.filename)
            member.size = len(content)
            target.addfile(member, io.BytesIO(content))
    return lzma.compress(packed.getvalue(), filters=PACKING)


def is_unused(name: str) -> bool:
    """Is it a file of a wheel that nothing in a page can use?"""
    return any(fnmatch(name, pattern) for pattern in UNUSED)


def _likeness(info: zipfile.ZipInfo) -> tuple[str, str]:
    """Files of a kind stand beside each other, where they pack best."""
    return info.filename.rpartition(".")[2], info.filename


def _line(name: str, content: bytes) -> str:
    """The line of a file in a wheel's record."""
    digest = urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(content)}\n"


def lean_module(source: str) -> str:
    """The module without comments. Of a docstring the first paragraph stays, and only
    where the name does not begin with an underscore."""
    lines = _uncommented(source)
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, Documented) or ast.get_docstring(node) is None:
            continue
        first = node.body[0]
        assert isinstance(first, ast.Expr)
        words = ""
        if not (isinstance(node, ast.Module) or node.name.startswith("_")):
            words = " ".join((ast.get_docstring(node) or "").split("\n\n")[0].split())
        end = first.end_lineno or first.lineno
        rest = lines[end - 1].encode()[first.end_col_offset or 0 :].decode()
        before = lines[first.lineno - 1].encode()[: first.col_offset].decode()
        for number in range(first.lineno - 1, end):
            lines[number] = "\n"
        lines[first.lineno - 1] = before + repr(words) + rest
    return "".join(lines)


def _uncommented(source: str) -> list[str]:
    """The lines without comments."""
    lines = source.splitlines(keepends=True)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column].rstrip() + "\n"
    return lines
