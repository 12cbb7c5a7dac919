"""Commands of a shell that a page asks to be run: `bash { run }`, `console { run }`."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from livefence.asserted import FIX
from livefence.faults import Fault, FenceError
from livefence.page import Command
from livefence.session import SHELL, entries

NO_PROMPT = "a console fence begins with $, and the command"


@dataclass(frozen=True)
class Ran:
    """A command, where it stands, what is said of it and what it printed."""

    first: int  # the line of the fence's code, from 1
    last: int
    code: str
    said: tuple[str, ...] | None
    end: int
    printed: tuple[str, ...] = ()


def commands(cell: Command) -> list[Ran]:
    """The commands of a session, each with what is said below it; all the code of a
    script at once, of which nothing is said."""
    lines = cell.code.splitlines()
    if not cell.session:
        return [Ran(1, len(lines), cell.code, None, len(lines))]
    if any(line.strip() for line in lines) and not lines[0].startswith("$ "):
        raise ValueError(NO_PROMPT)
    return [
        Ran(
            each.first,
            each.last,
            "\n".join(s[2:] for s in each.code),
            each.said,
            each.end,
        )
        for each in entries(cell.code, SHELL)
    ]


def run(cell: Command, path: str, folder: Path, patience: float) -> list[Ran]:
    """Run the commands one after another in one shell, in the folder; a FenceError
    says which one failed, with its line."""

    def fail(line: int, message: str) -> None:
        raise FenceError(Fault(path, line, message))

    bash = shutil.which("bash")
    if bash is None:
        fail(cell.line, "commands are run by bash, which is not here")
    try:
        wanted = commands(cell)
    except ValueError as error:
        raise FenceError(Fault(path, cell.line + 1, str(error))) from None
    mark = secrets.token_hex(16)  # between the outputs of two commands
    script = "".join(f"{each.code}\necho {mark}\n" for each in wanted)
    process = subprocess.Popen(
        [str(bash), "-eo", "pipefail", "-c", script],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        fail(cell.line, f"took more than {patience:g} s: the commands were ended")
    outputs = said.split(f"{mark}\n")
    done = [
        Ran(w.first, w.last, w.code, w.said, w.end, tuple(_lines(output)))
        for w, output in zip(wanted, outputs, strict=False)
    ]
    if process.returncode:
        place = min(len(outputs), len(wanted)) - 1
        last = [line for line in outputs[place].splitlines() if line.strip()]
        words = f": {last[-1].strip()}" if last else ""
        line = cell.line + (wanted[place].first if cell.session else _line_of(last))
        fail(line, f"ends with status {process.returncode}{words}")
    return done


def _lines(output: str) -> list[str]:
    return [line.rstrip() for line in output.splitlines()]


def _line_of(last: list[str]) -> int:
    """The line that bash itself names, or the first."""
    found = re.search(r"line (\d+): ", last[-1]) if last else None
    return int(found[1]) if found else 1


def compare(done: list[Ran], cell: Command, path: str) -> None:
    """A FenceError where a command of a session printed what the page does not say."""
    for each in done:
        if each.said is None:
            continue
        said = [line.rstrip() for line in each.said]
        printed = list(each.printed)
        if said == printed:
            continue
        k = next(
            (i for i, (a, b) in enumerate(zip(said, printed, strict=False)) if a != b),
            min(len(said), len(printed)),
        )
        gives = repr(printed[k]) if k < len(printed) else "no more"
        says = repr(said[k]) if k < len(said) else "nothing"
        line = cell.line + each.last + (k + 1 if k < len(said) else k)
        message = f"prints {gives}, where the page says {says}{FIX}"
        raise FenceError(Fault(path, line, message))
