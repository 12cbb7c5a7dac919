"""A wheel as a page needs it: without comments, docstrings down to what `help` is for.

What a reader downloads before the first Run is code that no reader of the page reads.
Every line stays where it is, so that errors name the lines of the source.
"""

from __future__ import annotations

import ast
import gzip
import hashlib
import io
import tarfile
import tokenize
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Sequence

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


def solid(wheel: bytes) -> bytes:
    """What is in a wheel as a tar archive, packed as one: many small modules that are
    alike take a quarter less so. Without the record, which is for who takes a package
    off again. The same bytes each time."""
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(wheel)) as source,
        gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=9, mtime=0) as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as target,
    ):
        for info in source.infolist():
            if info.is_dir() or info.filename.endswith(".dist-info/RECORD"):
                continue
            content = source.read(info)
            member = tarfile.TarInfo(info.filename)
            member.size = len(content)
            target.addfile(member, io.BytesIO(content))
    return packed.getvalue()


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
