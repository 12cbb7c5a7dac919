"""The front matter of a page, and the title that it gives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from livefence import page
from livefence.masked import Wrong, at, masked
from livefence.settings import Settings

OPENED = re.compile(r"---[ \t]*\n(?:[ \t]*#.*\n)*[A-Za-z_][\w-]*[ \t]*:(?:[ \t]|\n)")
HEADING = re.compile(r"^# +(?P<words>.+?)(?: *\{[^{}]*\})?[ #]*$", re.M)
NUMBERED = re.compile(r"[\dA-Z]+[.:]? +")


def faults(text: str) -> Iterator[Wrong]:
    """What is wrong with the front matter, if there is one."""
    found = page.FRONT_MATTER.match(text)
    if not found:
        if OPENED.match(text):
            yield 1, "the front matter is not closed: write a line --- below it"
        return
    try:
        import yaml
    except ImportError:
        return
    try:
        read = _read(found[0])
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        said = getattr(error, "problem", None) or "it cannot be read"
        yield (mark.line + 1 if mark else 1), f"the front matter is no YAML: {said}"
        return
    if read is not None and not isinstance(read, dict):
        yield 1, "the front matter is no YAML of keys and values"


def _read(matter: str) -> Any:
    import yaml

    class Loader(yaml.SafeLoader):
        """Passes over tags."""

    Loader.add_multi_constructor("", lambda *_: None)
    return yaml.load("\n" + "\n".join(matter.split("\n")[1:-2]), Loader)


def titles(text: str, settings: Settings, source: str) -> Iterator[Wrong]:
    """A title in the front matter that the heading of the page has not, on the pages
    that `titles` names; a number may stand before the heading's."""
    if not any(PurePosixPath(source).match(each) for each in settings.titles):
        return
    found = heading(text)
    if found is None:
        yield 1, "the page has no title: begin it with a line # and its title"
        return
    line, words = found
    said = re.search(r"^title: *(?P<title>.+?) *$", matter_of(text), re.M)
    if not said:
        return
    title = said["title"].strip("\"'")
    if title not in (words, NUMBERED.sub("", words, count=1)):
        at_line = at(text, said.start("title"))
        yield (
            at_line,
            f"the title is {title!r}, and the heading on line {line} {words!r}",
        )


def matter_of(text: str) -> str:
    """The front matter, or nothing."""
    found = page.FRONT_MATTER.match(text)
    return found[0] if found else ""


def heading(text: str) -> tuple[int, str] | None:
    """The title that the page itself has, and its line."""
    found = HEADING.search(masked(text))
    return (at(text, found), found["words"].strip()) if found else None
