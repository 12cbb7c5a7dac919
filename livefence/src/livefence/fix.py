"""`livefence fix docs/page.md`: what a page says of outputs and numbers, written anew.

Written is what stands in the page and is asserted: `#>` comments, sessions of an
interpreter or a shell, and numbers between two comments of HTML. Nothing else changes.
"""

from __future__ import annotations

import os
import re
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from livefence import asserted, page
from livefence.check import root_of
from livefence.faults import Fault, FenceError
from livefence.page import Cell, Command, Fence, Number
from livefence.process import ChainProcess
from livefence.settings import config_in, from_config
from livefence.shell import Ran


class Change(NamedTuple):
    """Lines of the file, from `first` up to `end`, and those that take their place."""

    first: int
    end: int
    lines: list[str]


def fix(path: Path) -> tuple[list[Fault], int]:
    """Write the page anew: what failed on the way, and how many places have changed."""
    with path.open(encoding="utf-8", newline="") as file:
        text = file.read()
    root = root_of(path)
    shown = os.path.relpath(path.resolve(), root).replace(os.sep, "/")
    settings = from_config(config_in(root))
    faults: list[Fault] = []
    changes: list[Change] = []
    numbers: dict[Number, str] = {}
    parsed = page.parse(text)
    for cells in parsed.chains:
        with closing(ChainProcess(settings, shown, str(path.resolve()))) as chain:
            try:
                for cell in cells:
                    changes += _changes(cell, chain, numbers)
            except FenceError as error:
                faults += error.faults
    lines = re.split("(?<=\n)", text)
    ends = "\r\n" if "\r\n" in text else "\n"
    written = [change for change in changes if _differs(change, lines)]
    for first, end, new in sorted(written, reverse=True):
        lines[first:end] = [line + ends for line in new]
    text, replaced = _with_numbers("".join(lines), numbers)
    if written or replaced:
        with path.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
    return faults, len(written) + replaced


def _differs(change: Change, lines: list[str]) -> bool:
    stood = [line.rstrip("\r\n") for line in lines[change.first : change.end]]
    return [line.rstrip() for line in stood] != change.lines


def _changes(
    cell: Cell, chain: ChainProcess, numbers: dict[Number, str]
) -> list[Change]:
    """Run the cell; what the page should say where it says anything of it."""
    if isinstance(cell, Number):
        if cell.typed is not None:
            numbers[cell] = chain.record(cell)
        return []
    if isinstance(cell, Command):
        done: list[Ran] = chain.record(cell)
        return [
            Change(cell.line + each.last, cell.line + each.end, _in(cell, each.printed))
            for each in done
            if each.said is not None
        ]
    if not isinstance(cell, Fence) or not asserted.asserts(cell):
        chain.run(cell)
        return []
    found = []
    printed = chain.record(cell)
    for piece, lines in zip(asserted.pieces(cell), printed, strict=True):
        if piece.said is not None:
            said = asserted.lines_of(piece, cell, lines)
            first, end = cell.line + piece.last, cell.line + piece.end
            found.append(Change(first, end, _in(cell, said)))
    return found


def _in(cell: Fence | Command, lines: list[str] | tuple[str, ...]) -> list[str]:
    return [(cell.prefix + line).rstrip() for line in lines]


def _with_numbers(text: str, numbers: dict[Number, str]) -> tuple[str, int]:
    """The text with the numbers in it that stand between comments, in their order."""
    left = sorted(numbers.items(), key=lambda item: item[0].start)
    pieces, at, replaced = [], 0, 0
    for number, value in left:
        found = next(
            m
            for m in page.TYPED.finditer(text, at)
            if " ".join(m["expression"].split()) == number.expression
        )
        start, end = found.span("value")
        pieces += [text[at:start], value]
        replaced += found["value"] != value
        at = end
    return "".join(pieces) + text[at:], replaced
