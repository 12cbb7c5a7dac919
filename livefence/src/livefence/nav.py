"""Where a file stands on the site of a mkdocs.yml: which page it is, if it is one, and
whether a reader can find it."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LEFT_OUT = (
    "the page is not in the nav of {}: add it, or name it under not_in_nav if that is "
    "meant"
)


@dataclass(frozen=True)
class Site:
    """What a mkdocs.yml says of its pages."""

    config: Path
    folder: Path | None = None  # of the pages; None: there is no such file
    nav: Any = None
    hidden: list[str] = field(default_factory=list)  # as in a .gitignore
    unlisted: list[str] = field(default_factory=list)

    def source(self, path: Path) -> str | None:
        """The path of a page below the folder of pages; None where it is on no site."""
        if self.folder is None or not path.resolve().is_relative_to(self.folder):
            return None
        source = path.resolve().relative_to(self.folder).as_posix()
        return None if _matches(source, self.hidden) else source

    def left_out(self, path: Path) -> str | None:
        """What is wrong with a page that no entry of the menu leads to."""
        source = self.source(path)
        if source is None or self.nav is None or _matches(source, self.unlisted):
            return None
        if source in set(_targets(self.nav)):
            return None
        return LEFT_OUT.format(self.config.name)


@functools.lru_cache(maxsize=8)
def read(config: Path) -> Site:
    """The site of a mkdocs.yml, which need not be there."""
    if not config.is_file():
        return Site(config)
    from livefence.settings import load

    said = load(config)
    hidden = _lines(said.get("exclude_docs")) + _lines(said.get("draft_docs"))
    folder = (config.parent / (said.get("docs_dir") or "docs")).resolve()
    unlisted = _lines(said.get("not_in_nav"))
    return Site(config, folder, said.get("nav"), hidden, unlisted)


def _lines(patterns: Any) -> list[str]:
    return patterns.splitlines() if isinstance(patterns, str) else []


def _matches(source: str, patterns: list[str]) -> bool:
    """As MkDocs reads them."""
    if not patterns:
        return False
    from pathspec.gitignore import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(patterns).match_file(source)


def _targets(nav: Any) -> Iterator[str]:
    """The pages that a nav leads to."""
    if isinstance(nav, str):
        yield nav
    elif isinstance(nav, dict):
        for each in nav.values():
            yield from _targets(each)
    elif isinstance(nav, list):
        for each in nav:
            yield from _targets(each)
