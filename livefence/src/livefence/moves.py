"""What moves on a page: its script is there, and its numbers are those of the page."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from livefence import names
from livefence.masked import Wrong, at
from livefence.page import Fence, Page
from livefence.settings import Settings

OPENING = re.compile(r"<\w+\b[^<>]*?\sdata-move=\"(?P<name>[^\"]*)\"[^<>]*>")
SAYS = re.compile(r"\sdata-(?P<key>[\w-]+)=\"(?P<value>[^\"]*)\"")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")


def faults(
    prose: str, parsed: Page, settings: Settings, source: str
) -> Iterator[Wrong]:
    """Elements with a `data-move` whose script is not there or does not know what they
    say, and numbers of theirs that no code of the chain above has."""
    if settings.moves is None:
        return
    given = {
        float(number.replace(",", ""))
        for pattern, numbers in settings.given.items()
        if PurePosixPath(source).match(pattern)
        for number in numbers
    }
    for match in OPENING.finditer(prose):
        line = at(prose, match)
        script = settings.root / settings.moves.format(match["name"])
        if not script.is_file():
            others = [each.stem for each in script.parent.glob(f"*{script.suffix}")]
            near = difflib.get_close_matches(match["name"], others, 1, 0.6)
            meant = f"; {near[0]} is" if near else ""
            yield line, f"there is no script for the move {match['name']!r}{meant}"
            continue
        known = script.read_text(encoding="utf-8")
        coded = _coded(parsed, line) | given
        for said in SAYS.finditer(match[0]):
            key, value = said["key"], said["value"]
            if key in ("move", "instead"):
                continue
            told = at(prose, match.start() + said.start())
            if not re.search(rf"\b(?:{_camel(key)}|{re.escape(key)})\b", known):
                yield told, f"the script of {match['name']} knows no data-{key}"
            elif re.match(r"-?[\d.]", value) and not NUMBER.fullmatch(value):
                yield told, f'data-{key}="{value}" is no number: write 0.5'
            elif NUMBER.fullmatch(value) and abs(float(value)) not in coded:
                said_there = "the code of the chain above does not have"
                yield (
                    told,
                    (
                        f'data-{key}="{value}", which {said_there}: let both be the '
                        "same, or list it in `given`"
                    ),
                )


def numbers(prose: str) -> set[str]:
    """The numbers that elements are told."""
    return {
        said["value"].lstrip("-")
        for match in OPENING.finditer(prose)
        for said in SAYS.finditer(match[0])
        if NUMBER.fullmatch(said["value"])
    }


def _coded(parsed: Page, line: int) -> set[float]:
    """The numbers in the code of the last chain that begins above this line."""
    above = [
        chain
        for chain in parsed.chains
        if chain[0].line < line and any(isinstance(cell, Fence) for cell in chain)
    ]
    return {
        float(node.value)
        for cell in (above[-1] if above else ())
        if isinstance(cell, Fence)
        for node in ast.walk(names.parsed(cell.code))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, int | float)
        and abs(node.value) < 1e300
    }


def _camel(key: str) -> str:
    """The name that JavaScript has for an attribute."""
    first, *rest = key.split("-")
    return first + "".join(word.capitalize() for word in rest)
