"""Numbers in prose that somebody typed, where a page computes its own."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from livefence import exercises, names, page
from livefence.masked import Wrong, at, blank, without_fences
from livefence.settings import Settings

NUMBER = r"\d[\d,]*(?:\.\d+)?(?:e-?\d+)?"
DIGITS = re.compile(rf"(?<![\w.]){NUMBER}")
NO_PROSE = re.compile(r"`[^`]*`|\\\[.*?\\\]|\]\([^)]*\)", re.S)
NO_TEXT = re.compile(r"<!--.*?-->|<[a-zA-Z/][^<>]*>", re.S)
DISPLAY = re.compile(r"\\\[.*?\\\]|\$\$.*?\$\$", re.S)
BARE = re.compile(rf"`[-+−]?(?P<number>{NUMBER})`")
PERCENT = re.compile(r"[\s\u00a0]*\\?%")
FREE = re.compile(r"1[6-9]\d\d|20\d\d|1[0,]*")  # years, and powers of ten
LISTED = re.compile(r"^Sources: .*$", re.M)
SOURCED = re.compile(r"(?<![\w./])(?!0\.\d)\d[\d,.]*")  # volumes, pages, editions
SOLUTION = re.compile(r" *\?\?\?\+? +solution\b")


def by_hand(text: str, settings: Settings, source: str) -> Iterator[Wrong]:
    """Numbers in the prose of a page that `given` names, other than those that it
    lists."""
    lists = [
        given
        for pattern, given in settings.given.items()
        if PurePosixPath(source).match(pattern)
    ]
    if not lists:
        return
    allowed = set().union(*lists)
    lab = source.endswith(".ipynb")  # whose prose computes nothing
    how = "assert it in a cell" if lab else "compute it, as in `{python} x:.3f`"
    coded = _coded(page.parse(text)) if lab else set()
    for line, number in numbers(text):
        if number not in allowed and not _value(number) & coded:
            said = f"{how}, or list it in `given` if the page starts from it"
            yield line, f"{number} is typed by hand: {said}"


def numbers(text: str) -> list[tuple[int, str]]:
    """The numbers that somebody typed, with their lines; of the sources at the end
    of the page those below 1 alone, no year and no power of ten.

    In the prose they are those of three digits or more. Those of two, behind a point or
    before a percent sign, count where neither the code nor the exercise around them has
    them; so do all in the texts of figures, in display formulas, and alone in a code
    span.
    """
    matter = page.FRONT_MATTER.match(text)
    if matter:
        text = blank(matter) + text[matter.end() :]
    text, mark, sources = text.partition("\n## Sources")
    text = LISTED.sub(lambda found: SOURCED.sub(blank, found[0]), text)
    text += SOURCED.sub(blank, mark + sources)
    parsed = page.parse(text)
    coded = _coded(parsed)
    bare = NO_TEXT.sub(blank, page.TYPED.sub(blank, without_fences(text)))
    prose = NO_PROSE.sub(blank, page.TYPED.sub(blank, without_fences(text)))
    asked = _asked(bare)
    found = [(at(prose, m), n) for m, n in _long(prose)]
    found += [
        (at(bare, m), n)
        for m, n in _short(NO_PROSE.sub(blank, bare), coded)
        if at(bare, m) not in asked
    ]
    places = [(at(bare, m), m[0]) for m in DISPLAY.finditer(bare)]
    places += [(at(bare, m), m["number"]) for m in BARE.finditer(bare)]
    places += [(f.line + 1, _texts(f)) for f in parsed.fences]
    for line, said in places:
        found += [
            (line + at(said, match) - 1, number)
            for match, number in [*_long(said), *_short(said, coded)]
            if not _value(number) & coded
        ]
    return sorted(dict.fromkeys(found), key=lambda each: each[0])


def _long(text: str) -> Iterator[tuple[re.Match[str], str]]:
    """Numbers of three digits or more."""
    for match in DIGITS.finditer(text):
        number = match[0].rstrip(",")
        if not FREE.fullmatch(number) and _size(number) > 2:
            yield match, number


def _short(text: str, coded: set[float]) -> Iterator[tuple[re.Match[str], str]]:
    """Numbers of two digits behind a point or before a percent sign, that no code of
    the page has."""
    for match in DIGITS.finditer(text):
        number = match[0].rstrip(",")
        behind = number.partition("e")[0].partition(".")[2]
        percent = PERCENT.match(text, match.start() + len(number))
        if _size(number) != 2 or not (percent or len(behind) > 1):
            continue
        values = _value(number)
        if percent:
            values |= {round(value / 100, 9) for value in values}
        if not values & coded:
            yield match, number


def _size(number: str) -> int:
    return len(re.sub(r"\D", "", number).lstrip("0"))


def _value(number: str) -> set[float]:
    return {float(number.replace(",", ""))}


def _coded(parsed: page.Page) -> set[float]:
    """The numbers that stand in the code of the page."""
    return {
        float(node.value)
        for fence in parsed.fences
        for node in ast.walk(names.parsed(fence.code))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, int | float)
        and abs(node.value) < 1e300
    }


def _texts(fence: page.Fence) -> str:
    """The #| lines of a fence, their expressions blank."""
    top = "\n".join(fence.code.splitlines()[: fence.n_comments])
    return re.sub(r"`[^`]*`", blank, top)


def _asked(text: str) -> set[int]:
    """The lines in which an exercise says what is given."""
    found: set[int] = set()
    indent: int | None = None
    for line, said in enumerate(text.split("\n"), 1):
        opening = exercises.EXERCISE.match(said)
        if opening:
            indent = len(opening["indent"])
        elif said.strip() and indent is not None:
            inside = len(said) - len(said.lstrip()) > indent
            if not inside or SOLUTION.match(said):
                indent = None
        if indent is not None:
            found.add(line)
    return found
