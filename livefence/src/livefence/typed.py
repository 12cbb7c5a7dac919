"""Numbers in prose that somebody typed, where a page computes its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from livefence import page
from livefence.masked import Wrong, at, blank, without_fences
from livefence.settings import Settings

NO_PROSE = re.compile(r"`[^`]*`|\\\[.*?\\\]|\]\([^)]*\)", re.S)
DIGITS = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?:e-?\d+)?")
FREE = re.compile(r"1[6-9]\d\d|20\d\d|1[0,]*")  # years, and powers of ten


def by_hand(text: str, settings: Settings, source: str) -> Iterator[Wrong]:
    """Numbers of three digits or more in the prose of a page that `given` names, other
    than those that it lists."""
    lists = [
        given
        for pattern, given in settings.given.items()
        if PurePosixPath(source).match(pattern)
    ]
    if not lists:
        return
    allowed = set().union(*lists)
    for line, number in numbers(text):
        if number not in allowed:
            yield (
                line,
                (
                    f"{number} is typed by hand: compute it, as in `{{python}} x:.3f`, "
                    "or list it in `given` if the page starts from it"
                ),
            )


def numbers(text: str) -> list[tuple[int, str]]:
    """The numbers of three digits or more that somebody typed into the prose, with
    their lines; none of the sources at its end, no year and no power of ten."""
    matter = page.FRONT_MATTER.match(text)
    if matter:
        text = blank(matter) + text[matter.end() :]
    text = text.partition("\n## Sources")[0]
    text = NO_PROSE.sub(blank, page.TYPED.sub(blank, without_fences(text)))
    found = []
    for match in DIGITS.finditer(text):
        number = match[0].rstrip(",")
        if FREE.fullmatch(number) or len(re.sub(r"\D", "", number).lstrip("0")) <= 2:
            continue
        found.append((at(text, match), number))
    return found
