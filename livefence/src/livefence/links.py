"""Links inside the site: the page, image or place that they lead to is there."""

from __future__ import annotations

import difflib
import functools
import os
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from livefence import markup
from livefence.masked import Wrong, at, masked, without_fences

TARGET = re.compile(r"\]\(\s*<?(?P<target>[^\s)>]+)")
DEFINED = re.compile(r"^ {0,3}\[(?P<name>[^\]^]+)\]: *<?(?P<target>[^\s>]+)", re.M)
REFERENCE = re.compile(r"(?<!\\)\[[^\[\]]+\]\[(?P<name>[^\[\]^]+)\]")
HEADING = re.compile(r"^[ >]*#{1,6} +(?P<words>.+?)[ #]*$", re.M)
OWN = re.compile(r"\{:?[^{}]*#[^{}]*\} *$")
MADE = re.compile(r"^ *(?::::|--8<--|\[TOC\])", re.M)  # ids that others make
UNTOLD = re.compile(r"`|\\\(|<|\$|\[")  # words whose id is not told from the text


def lost(
    prose: str, text: str, folder: Path, source: str, made: tuple[str, ...] = ()
) -> Iterator[Wrong]:
    """Links of a page of this folder that lead nowhere; `prose` is its text without
    code and formulas, `made` the names of references that others define."""
    for pattern in (TARGET, DEFINED):
        for match in pattern.finditer(prose):
            if said := _lost(match["target"], text, folder, source):
                yield at(prose, match.start("target")), said
    defined = {_key(match["name"]) for match in DEFINED.finditer(prose)}
    for match in REFERENCE.finditer(prose):
        name = match["name"]
        if _key(name) not in defined and not name.startswith(made or ("\0",)):
            said = f"nothing defines the reference [{name}]: write [{name}]: and where"
            yield at(prose, match), f"{said} it leads"


def _lost(target: str, text: str, folder: Path, source: str) -> str | None:
    """What is wrong with a link, if anything."""
    try:
        parts = urlsplit(target)
    except ValueError:
        return f"the link to {target} cannot be read"
    if parts.scheme or parts.netloc or target.startswith("/"):
        return None
    path = unquote(parts.path)
    file = folder / source
    if path:
        file = Path(os.path.normpath(file.parent / path))
        if not file.is_file():
            return f"there is no {path}{_near(file)}"
        text = ""
    anchor = unquote(parts.fragment)
    if not anchor or file.suffix != ".md":
        return None
    known = ids(text) if text else _ids_of(file, file.stat().st_mtime_ns)
    if known is None or anchor in known or anchor.startswith(("fn:", "fnref:")):
        return None
    if re.sub(r"_\d+$", "", anchor) in known:
        return None
    near = difflib.get_close_matches(anchor, known, 1, 0.6)
    where = path or "this page"
    return f"there is no #{anchor} in {where}" + (f"; #{near[0]} is" if near else "")


def _near(file: Path) -> str:
    """The name of a file that may have been meant."""
    if not file.parent.is_dir():
        return ""
    names = [each.name for each in file.parent.iterdir()]
    near = difflib.get_close_matches(file.name, names, 1, 0.6)
    return f"; {near[0]} is" if near else ""


@functools.lru_cache(maxsize=512)
def _ids_of(file: Path, _: int) -> frozenset[str] | None:
    return ids(file.read_text(encoding="utf-8", errors="replace"))


def ids(text: str) -> frozenset[str] | None:
    """The ids of a page; None where not all of them can be told from its text."""
    if MADE.search(text):
        return None
    found = {
        match["attribute"] or match["html"]
        for match in markup.NAMED.finditer(masked(text))
    }
    for match in HEADING.finditer(without_fences(text)):
        words = match["words"]
        if OWN.search(words):
            continue
        if UNTOLD.search(words):
            return None
        found.add(slug(words))
    return frozenset(found)


def slug(words: str) -> str:
    """The id that Markdown gives to a heading."""
    plain = re.sub(r"[*_]{1,2}(\S.*?)[*_]{1,2}", r"\1", words)
    plain = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^\w\s-]", "", plain).strip().lower()
    return re.sub(r"[-\s]+", "-", plain)


def _key(name: str) -> str:
    return " ".join(name.lower().split())
