"""Output that stands in the page itself, and must be what the code gives.

Two forms say it: a comment `#> 3` (or `# > 3`) below what prints it, in a Python
fence, and the session of an interpreter, `>>> 1 + 2` and `3` below, in a pycon fence.
Whatever is asserted so is not shown once more.
"""

from __future__ import annotations

import io
import re
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from livefence import value
from livefence.page import Fence
from livefence.session import CONSOLE, entries, without_prompt

MARK = re.compile(r"(?P<mark>#>|# >)(?: (?P<text>.*)|$)")  # formatters write "# >"
RAISES = "Traceback (most recent call last):"
FIX = "; `livefence fix` writes what it gives"


class Unlike(Exception):
    """What a piece of code gives is not what the page says; holds the line."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message + FIX)
        self.line = line


@dataclass(frozen=True)
class Piece:
    """Code, and what is said of its output: nothing where `said` is None."""

    first: int  # the line of the fence's code, from 1, on which it begins
    last: int  # and on which it ends, before what is said
    code: str
    said: tuple[str, ...] | None = None
    end: int = 0  # the last line of what is said


def asserts(fence: Fence) -> bool:
    """Does the fence say what any of its code gives?"""
    lines = fence.code.splitlines()
    return bool(fence.console) or any(map(MARK.fullmatch, lines))


def pieces(fence: Fence) -> list[Piece]:
    """The code between what is said of its output."""
    return list(_of_session(fence) if fence.console else _of_comments(fence))


def _of_comments(fence: Fence) -> Iterator[Piece]:
    lines = fence.code.splitlines()
    first = k = 0
    while k < len(lines):
        if not MARK.fullmatch(lines[k]):
            k += 1
            continue
        end = k
        while end < len(lines) and MARK.fullmatch(lines[end]):
            end += 1
        said = tuple(MARK.fullmatch(line)["text"] or "" for line in lines[k:end])  # type: ignore[index]
        yield Piece(first + 1, k, "\n".join(lines[first:k]), said, end)
        first = k = end
    if any(line.strip() for line in lines[first:]):
        yield Piece(first + 1, len(lines), "\n".join(lines[first:]))


def _of_session(fence: Fence) -> Iterator[Piece]:
    for each in entries(fence.console, CONSOLE):
        code = "\n".join(map(without_prompt, each.code))
        yield Piece(each.first, each.last, code, each.said, each.end)


def run(fence: Fence, file: str, namespace: dict[str, Any]) -> None:
    """Run the pieces; `Unlike` says what one gives that the page does not say.

    What is asserted is taken out of what was printed.
    """
    for piece in pieces(fence):
        printed = printed_by(piece, fence, file, namespace, keep=piece.said is None)
        if piece.said is not None:
            _compare(piece, fence, printed)


def printed_by(
    piece: Piece, fence: Fence, file: str, namespace: dict[str, Any], keep: bool
) -> list[str]:
    """The lines that a piece prints; unless they are to `keep`, the stream forgets
    them. A traceback is one only where the page says that there is one."""
    stream = sys.stdout
    assert isinstance(stream, io.StringIO)
    at = stream.tell()
    source = "\n" * (fence.line + piece.first - 1) + piece.code
    raised: list[str] = []
    try:
        value.execute(source, file, namespace)
    except Exception as error:
        if not (piece.said and piece.said[0] == RAISES):
            raise
        raised = [RAISES, *_last_words(error)]
    text = stream.getvalue()[at:]
    if not keep:
        stream.seek(at)
        stream.truncate()
    return [line.rstrip() for line in text.splitlines()] + raised


def _last_words(error: Exception) -> list[str]:
    words = traceback.format_exception_only(error)
    return "".join(words).rstrip().splitlines()


def _compare(piece: Piece, fence: Fence, printed: list[str]) -> None:
    assert piece.said is not None
    said = [line.rstrip() for line in piece.said]
    line = fence.line + piece.last + 1
    if said and said[0] == RAISES:
        if printed[:1] != [RAISES]:
            raise Unlike(line, f"raises nothing, where the page says {said[-1]!r}")
        if printed[-1] != said[-1]:
            what = f"raises {printed[-1]!r}, where the page says {said[-1]!r}"
            raise Unlike(line + len(said) - 1, what)
        return
    if not said and printed:
        what = f"prints {printed[0]!r}, where the page says nothing"
        raise Unlike(line - 1, what)
    for k, expected in enumerate(said):
        if k == len(printed):
            raise Unlike(line + k, f"prints no more, where the page says {expected!r}")
        if printed[k] != expected:
            what = f"prints {printed[k]!r}, where the page says {expected!r}"
            raise Unlike(line + k, what)
    if len(printed) > len(said):
        what = f"prints {printed[len(said)]!r} after that, which the page does not say"
        raise Unlike(line + len(said) - 1, what)


def lines_of(piece: Piece, fence: Fence, printed: list[str]) -> list[str]:
    """What the page should say of the piece, as lines of the fence."""
    if fence.console:
        return printed
    lines = fence.code.splitlines()
    mark = MARK.fullmatch(lines[piece.last])["mark"]  # type: ignore[index]
    return [f"{mark} {line}".rstrip() for line in printed]
