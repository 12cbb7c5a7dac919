"""Faults: what is wrong on a page, with its file and line."""

import traceback
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """Prints as `docs/page.md:57: ZeroDivisionError: division by zero`."""

    path: str
    line: int
    message: str
    detail: str = ""  # the traceback from the page inwards

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


class FenceError(Exception):
    """Raised where nothing else can report the faults of a page."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


class Limit(BaseException):
    """Raised in a fence that meets one; no `except Exception` stops it."""


class TimeLimit(Limit):
    """Raised in a fence that runs too long."""


class OutputLimit(Limit):
    """Raised in a fence that prints too much."""


def from_exception(error: BaseException, path: str, file: str, line: int) -> Fault:
    """The fault of a fence of `file`, on the line of the page that was running."""
    frames = traceback.extract_tb(error.__traceback__)
    inside = [i for i, frame in enumerate(frames) if frame.filename == file]
    if isinstance(error, SyntaxError) and error.filename == file:
        line = error.lineno or line
    elif inside:
        line = frames[inside[-1]].lineno or line
    shown = frames[inside[0] :] if inside else []
    if isinstance(error, Limit) and inside:
        shown = frames[inside[0] : inside[-1] + 1]
    return Fault(path, line, _message(error), "".join(traceback.format_list(shown)))


def _message(error: BaseException) -> str:
    if isinstance(error, Limit):
        return str(error)
    name = type(error).__name__
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{name}: {text}" if text else name
