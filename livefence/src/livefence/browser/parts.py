"""The parts of a Python that runs in a browser: brought once, and checked.

Pyodide comes from npm, and its lock file names the SHA-256 of every wheel that was
built for it. No registry has numpy and matplotlib for it under their own names yet; a
wheel that carries Pyodide's own ones does, and they are taken out of that. When that
changes, `_wheels` is the place to change.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Any

PYODIDE = "pyodide@314.0.4"
RUNTIME = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
LOCK = "pyodide-lock.json"
CARRIER = "open-webui==0.12.4"
UNNEEDED = {"fonttools", "pytz"}  # matplotlib draws without them
EDITOR = "editor.js"  # CodeMirror and `editor/editor.js`, bundled
SOURCES = Path(__file__).with_name("editor")
SUMS = {
    name: digest
    for digest, name in map(
        str.split, Path(__file__).with_name("SHA256SUMS").read_text().splitlines()
    )
}
RECORD = "parts.json"  # written last: a folder that has it is complete
UNREADABLE = (LookupError, TypeError, AttributeError, ValueError, RecursionError)
DAMAGED = (
    "{file} in {folder} is not what was brought; `python -m livefence.browser` brings "
    "it anew"
)
HALF = (
    "the parts in {folder} are not complete; `python -m livefence.browser` brings the "
    "rest"
)


class PartsError(Exception):
    """A part cannot be had, or is not what it should be."""


def found(folder: Path, packages: list[str]) -> dict[str, Any] | None:
    """What `bring` wrote into the folder for these packages, or None.

    Raises a `PartsError` where a part is there and not what it should be.
    """
    try:
        record = _read(folder)
        if record is None or record["for"] != _identity(packages):
            return None
        _check(folder, record)
    except (
        LookupError,
        TypeError,
        AttributeError,
        ValueError,
        RecursionError,
    ) as error:
        raise PartsError(DAMAGED.format(file=RECORD, folder=folder)) from error
    return record


def _read(folder: Path) -> dict[str, Any] | None:
    """The record of the folder, if there is one, and it is whole."""
    try:
        record: dict[str, Any] = json.loads((folder / RECORD).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        if folder.is_dir() and any(each.is_file() for each in folder.iterdir()):
            raise PartsError(HALF.format(folder=folder)) from None
        return None
    except OSError as error:
        raise PartsError(DAMAGED.format(file=RECORD, folder=folder)) from error
    seal = record.pop("seal", None)  # the first ones had none
    if seal is not None and seal != _seal(record):
        raise ValueError("the record is not the one that was written")
    return record


def _seal(record: dict[str, Any]) -> str:
    return sha256(json.dumps(record, sort_keys=True).encode())


def _check(folder: Path, record: dict[str, Any]) -> None:
    """Compare each file with its sum."""
    entries = record["lock"]["packages"].values()
    sums = SUMS | {entry["file_name"]: entry["sha256"] for entry in entries}
    names = {*RUNTIME, EDITOR, *(entry["file_name"] for entry in entries)}
    if names != set(record["sizes"]):
        raise ValueError("the files are not those of the packages")
    for name in sorted(names):
        try:
            content = (folder / name).read_bytes()
        except OSError as error:
            raise PartsError(DAMAGED.format(file=name, folder=folder)) from error
        if sha256(content) != sums[name]:
            raise PartsError(DAMAGED.format(file=name, folder=folder))


def bring(folder: Path, packages: list[str]) -> dict[str, Any]:
    """Put the runtime and the wheels of these packages into the folder, checked.

    Needs npm and pip. Raises a `PartsError` that says what failed.
    """
    with contextlib.suppress(PartsError):  # what is damaged is brought anew
        if record := found(folder, packages):
            return record
    with tempfile.TemporaryDirectory() as place:
        temporary = Path(place)
        _runtime(temporary)
        lock = json.loads((temporary / LOCK).read_text("utf-8"))
        chosen = closure(lock["packages"], packages)
        _wheels(temporary, chosen)
        _editor(temporary)
        names = [*RUNTIME, EDITOR, *(e["file_name"] for e in chosen.values())]
        record = {
            "for": _identity(packages),
            "lock": {"info": lock["info"], "packages": chosen},
            "sizes": {name: sizes((temporary / name).read_bytes()) for name in names},
        }
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / RECORD).unlink(missing_ok=True)
            for name in record["sizes"]:
                _put(folder / name, (temporary / name).read_bytes())
            sealed = record | {"seal": _seal(record)}
            _put(folder / RECORD, json.dumps(sealed, indent=1).encode())
        except OSError as error:
            raise PartsError(
                f"the parts cannot be put into {folder}: {error}"
            ) from error
    return record


def _put(file: Path, content: bytes) -> None:
    """Write the file whole or not at all."""
    handle, temporary = tempfile.mkstemp(dir=file.parent, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, file)
    except OSError:
        os.unlink(temporary)
        raise


def closure(known: dict[str, Any], packages: list[str]) -> dict[str, Any]:
    """The entries of these packages and of all that they need."""
    chosen: dict[str, Any] = {}
    todo = list(packages)
    while todo:
        name = todo.pop().lower()
        if name in chosen:
            continue
        if name not in known:
            raise PartsError(f"Pyodide has no package {name!r}; leave it out")
        needed = [each for each in known[name]["depends"] if each not in UNNEEDED]
        chosen[name] = known[name] | {"depends": needed}
        todo += needed
    return dict(sorted(chosen.items()))


def sizes(content: bytes) -> list[int]:
    """Bytes, and bytes as a server compresses them."""
    return [len(content), len(gzip.compress(content, 6))]


def sha256(content: bytes) -> str:
    """In hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _identity(packages: list[str]) -> list[Any]:
    return [PYODIDE, CARRIER, SUMS, sorted(packages)]


def _npm(folder: Path, *arguments: str) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise PartsError("npm is needed to bring the parts; install Node.js with npm")
    _call([npm, *arguments, "--silent"], folder)


def _runtime(folder: Path) -> None:
    """The files of the npm package."""
    _npm(folder, "pack", PYODIDE)
    (archive,) = folder.glob("*.tgz")
    _known(archive)
    with tarfile.open(archive) as tar:
        for name in (*RUNTIME, LOCK):
            member = tar.extractfile(f"package/{name}")
            assert member is not None
            _write(folder / name, member.read(), SUMS[name])


def _wheels(folder: Path, chosen: dict[str, Any]) -> None:
    """The wheels that Pyodide's lock file names."""
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet"]
    pip += ["--only-binary", ":all:", "--python-version", "3.12"]
    _call([*pip, "--dest", str(folder), CARRIER], folder)
    (carrier,) = folder.glob("open_webui-*.whl")
    _known(carrier)
    with zipfile.ZipFile(carrier) as archive:
        inside = {name.rpartition("/")[2]: name for name in archive.namelist()}
        for entry in chosen.values():
            name = entry["file_name"]
            if name not in inside:
                raise PartsError(f"{CARRIER} does not carry {name}")
            _write(folder / name, archive.read(inside[name]), entry["sha256"])


def _editor(folder: Path) -> None:
    """CodeMirror in one file, at the versions of `editor/package.json`; npm compares
    each with its sum in `package-lock.json` before anything of it is used."""
    work = folder / "editor"
    shutil.copytree(SOURCES, work)
    _npm(work, "ci", "--ignore-scripts", "--no-audit")
    command = [str(work / "node_modules/.bin/esbuild"), EDITOR, "--outfile=../built.js"]
    _call([*command, "--bundle", "--format=esm", "--minify"], work)
    _write(folder / EDITOR, (folder / "built.js").read_bytes(), SUMS[EDITOR])


def _known(archive: Path) -> None:
    """An archive is opened only where it is the one that was tried: one that is known
    leaves its folder nowhere, and unpacks to no more than it did."""
    expected = SUMS.get(archive.name)
    if expected is None:
        raise PartsError(f"SHA256SUMS has no sum of {archive.name}: it is not opened")
    _compare(archive.name, archive.read_bytes(), expected)


def _write(file: Path, content: bytes, expected: str) -> None:
    _compare(file.name, content, expected)
    file.write_bytes(content)


def _compare(name: str, content: bytes, expected: str) -> None:
    if sha256(content) != expected:
        raise PartsError(
            f"{name} must have the SHA-256 {expected}, got {sha256(content)}; "
            "it is not the file that was tried: nothing was written"
        )


def _call(command: list[str], folder: Path) -> None:
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError as error:
        said = (error.stderr or "").strip().splitlines() or ["nothing said"]
        name = Path(command[0]).name
        raise PartsError(f"{name} {command[1]} failed: {said[-1]}") from error
