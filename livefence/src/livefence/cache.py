"""Remembers what a chain printed and drew, until anything that it leans on changes."""

import contextlib
import functools
import hashlib
import importlib.metadata
import importlib.util
import json
import logging
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from livefence.page import Cell, Command, Fence, Number
from livefence.settings import Settings

VERSIONS = ("numpy", "scipy", "matplotlib")
log = logging.getLogger("mkdocs.livefence")
Stamp = tuple[tuple[str, int, int], ...]


def key(chain: tuple[Cell, ...], surroundings: str) -> str:
    """One name for the chain and all that its results depend on."""
    parts = [surroundings, [_identity(cell) for cell in chain]]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def surroundings(settings: Settings) -> str:
    """One name for all that the chains of a page lean on, beside their own text; the
    one that is held, where one is."""
    if _held and _held[0][0] == settings:
        return _held[0][1]
    style = settings.style_file
    parts = [
        [_sources(name) for name in ("livefence", *settings.packages)],
        style.read_text(encoding="utf-8") if style else "",
        [settings.max_svg_kb, settings.timeout, settings.patience],
        [
            settings.max_output_lines,
            settings.max_output_kb,
            settings.captions,
            settings.labels,
        ],
        sys.version,
        [_version(name) for name in VERSIONS],
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def hold(settings: Settings) -> str:
    """Look once at all that chains lean on, for all pages until `let_go`."""
    let_go()
    found = surroundings(settings)
    _held.append((settings, found))
    return found


def let_go() -> None:
    """Look again each time."""
    _held.clear()


_held: list[tuple[Settings, str]] = []


def load(name: str, settings: Settings) -> list[Any] | None:
    """What was stored under the name; None where that is not there, or not whole."""
    if settings.cache is None:
        return None
    content = read(settings.root / settings.cache / f"{name}.json")
    return None if content is None else json.loads(content)


def store(name: str, results: list[Any], settings: Settings) -> None:
    """Store under the name, where something is to be stored."""
    if settings.cache is not None:
        path = settings.root / settings.cache / f"{name}.json"
        keep(path, json.dumps(results).encode())


def read(path: Path) -> bytes | None:
    """What `keep` has put there, or None: it may have been changed in the meantime, or
    cut short, or never have been whole."""
    try:
        if not path.is_file():  # a pipe would never end
            return None
        seal, _, content = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    return content if seal == _seal(path.name, content) else None


def keep(path: Path, content: bytes) -> None:
    """Put it there, below its digest, so that no reader meets half of it.

    A folder that takes nothing, as one that is full or must not be written to, is
    passed over: all that is lost is time.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
        with os.fdopen(handle, "wb") as stream:
            stream.write(_seal(path.name, content) + b"\n" + content)
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        if path.parent not in _refused:
            _refused.add(path.parent)
            log.info(f"nothing can be kept in {path.parent} ({error.strerror})")


_refused: set[Path] = set()  # folders of which that was said


def _seal(name: str, content: bytes) -> bytes:
    """A digest of the content under its name: of no other entry, and of no part."""
    return hashlib.sha256(name.encode() + b"\0" + content).hexdigest().encode()


def _identity(cell: Cell) -> list[Any]:
    """What of a cell matters to its results: not where it stands."""
    if isinstance(cell, Fence):
        return ["fence", cell.code, cell.console, cell.fault]
    if isinstance(cell, Command):
        return ["command", cell.language, cell.code]
    return ["number", cell.expression, cell.typed] if isinstance(cell, Number) else []


@functools.cache
def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _sources(package: str) -> str:
    """A digest of all files of the package."""
    return _digest(stamp(package))


@functools.lru_cache(maxsize=64)
def _digest(stamp: Stamp) -> str:
    digest = hashlib.sha256()
    for path, _, _ in stamp:
        digest.update(Path(path).name.encode() + b"\0" + Path(path).read_bytes())
    return digest.hexdigest()


def stamp(package: str) -> Stamp:
    """The files of the package with their times and sizes."""
    found = []
    for folder in _folders(package):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                status = path.stat()
                found.append((str(path), status.st_mtime_ns, status.st_size))
    return tuple(found)


def _folders(package: str) -> list[Path]:
    """Where the package lies, without importing it."""
    spec = importlib.util.find_spec(package)
    return [Path(place) for place in (spec and spec.submodule_search_locations) or []]
