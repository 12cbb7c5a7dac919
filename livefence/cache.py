"""Remembers what a chain printed and drew, until anything that it leans on changes."""

import functools
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from livefence.page import Cell, Fence, Number
from livefence.settings import Settings

VERSIONS = ("numpy", "scipy", "matplotlib")
Stamp = tuple[tuple[str, int, int], ...]


def key(chain: tuple[Cell, ...], surroundings: str) -> str:
    """One name for the chain and all that its results depend on."""
    parts = [surroundings, [_identity(cell) for cell in chain]]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def surroundings(settings: Settings) -> str:
    """One name for all that the chains of a page lean on, beside their own text."""
    style = settings.style_file
    parts = [
        [_sources(name) for name in ("livefence", *settings.packages)],
        style.read_text(encoding="utf-8") if style else "",
        settings.max_svg_kb,
        sys.version,
        [_version(name) for name in VERSIONS],
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def load(name: str, settings: Settings) -> list[Any] | None:
    """What was stored under the name; a file that cannot be read holds nothing."""
    if settings.cache is None:
        return None
    try:
        text = (settings.root / settings.cache / f"{name}.json").read_text("utf-8")
        stored = json.loads(text)
    except (OSError, ValueError):
        return None
    sound = isinstance(stored, list) and all(isinstance(r, dict) for r in stored)
    return stored if sound else None


def store(name: str, results: list[Any], settings: Settings) -> None:
    """Store under the name, so that no reader meets half a file."""
    if settings.cache is None:
        return
    folder = settings.root / settings.cache
    folder.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=folder, suffix=".tmp")
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        json.dump(results, stream)
    os.replace(temporary, folder / f"{name}.json")


def _identity(cell: Cell) -> list[Any]:
    """What of a cell matters to its results: not where it stands."""
    if isinstance(cell, Fence):
        return ["fence", cell.code, cell.fault]
    return ["number", cell.expression] if isinstance(cell, Number) else []


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
