"""What is wrong with a mkdocs.yml or the like: its options, and where its nav leads."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from livefence import lint, matter, nav, page
from livefence.faults import Fault, FenceError
from livefence.settings import Settings, from_config, load


def broken(config: Path) -> Fault | None:
    """Why nothing can be read of the file, with its line."""
    if not config.is_file():
        return None
    try:
        load(config)
    except Exception as error:  # of YAML or of TOML, which need not be here
        mark = getattr(error, "problem_mark", None)
        at = re.search(r"at line (\d+)", str(error))
        line = mark.line + 1 if mark else int(at[1]) if at else 1
        kind = "TOML" if config.suffix == ".toml" else "YAML"
        said = getattr(error, "problem", None) or str(error)
        return Fault(config.name, line, f"the file is no {kind}: {said}")
    try:
        from_config(config)
    except (TypeError, ValueError) as error:
        return Fault(config.name, _line_of(config, str(error)), str(error))
    return None


def _line_of(config: Path, said: str) -> int:
    """The line of the last word of an error, where it is one of the file."""
    word = said.rpartition("got ")[2].strip("'\"").split(",")[0]
    text = config.read_text(encoding="utf-8")
    found = re.search(rf"^[ \"'#-]*{re.escape(word)}[\"']?\s*[:=]", text, re.M)
    return text.count("\n", 0, found.start()) + 1 if found and word else 1


def faults(config: Path) -> list[Fault]:
    """Entries of the nav that lead to nothing or to a page that has one already, and on
    the pages that `titles` names those that are called otherwise there."""
    site = nav.read(config)
    if site.folder is None or site.nav is None:
        return []
    settings = from_config(config)
    text = config.read_text(encoding="utf-8")
    opening = re.search(r"^nav\b", text, re.M)
    at = opening.start() if opening else 0
    seen: dict[str, int] = {}
    found = []
    for title, target in _entries(site.nav):
        if "://" in target or target.endswith("/"):
            continue
        place = re.compile(rf"(?<![\w/.-]){re.escape(target)}(?![\w/.-])")
        match = place.search(text, at) or place.search(text)
        if match:
            at = match.end()
        line = text.count("\n", 0, match.start()) + 1 if match else 1
        for said in _wrong(title, target, site.folder, settings):
            found.append(Fault(config.name, line, said))
        if target in seen:
            said = f"{target} stands in the nav on line {seen[target]} already"
            found.append(Fault(config.name, line, said))
        seen.setdefault(target, line)
    return found


def _entries(
    entries: Any, title: str | None = None
) -> Iterator[tuple[str | None, str]]:
    """The titles and the pages of a nav, in its order."""
    if isinstance(entries, str):
        yield title, entries
    elif isinstance(entries, dict):
        for key, below in entries.items():
            yield from _entries(below, str(key))
    elif isinstance(entries, list):
        for below in entries:
            yield from _entries(below)


def _wrong(
    title: str | None, target: str, folder: Path, settings: Settings
) -> Iterator[str]:
    file = folder / target
    if not file.is_file():
        pages = [each.relative_to(folder).as_posix() for each in folder.rglob("*.md")]
        near = difflib.get_close_matches(target, pages, 1, 0.6)
        yield f"the nav leads to {target}, which is not there" + (
            f"; {near[0]} is" if near else ""
        )
        return
    named = any(PurePosixPath(target).match(each) for each in settings.titles)
    if title is None or not named or file.suffix != ".md":
        return
    try:
        found = matter.heading(page.normalise(lint.text_of(file, target)))
    except FenceError:  # told of the page
        return
    if found and found[1] != title:
        yield f"the nav calls {target} {title!r}, and the page itself {found[1]!r}"
