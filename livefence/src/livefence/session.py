"""The text of a session of an interpreter, `>>> 1 + 2` and `3` below, or of a shell,
`$ echo 3` and `3` below."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

PROMPT = re.compile(r"(?:>>>|\.\.\.)(?: (?P<code>.*)|$)")
CONSOLE = (re.compile(r">>>( |$)"), re.compile(r"\.\.\.( |$)"))  # begins, goes on
SHELL = (re.compile(r"\$ "), re.compile(r">( |$)"))
NO_PROMPT = "a pycon fence begins with >>>, as in an interpreter"


@dataclass(frozen=True)
class Entry:
    """What was typed, with its prompts, and what stands below it."""

    first: int  # the line of the session, from 1, on which it begins
    last: int  # and on which what was typed ends
    code: tuple[str, ...]
    said: tuple[str, ...]
    end: int  # the last line of what stands below


def entries(
    session: str, prompts: tuple[re.Pattern[str], re.Pattern[str]]
) -> Iterator[Entry]:
    """What was typed, one after the other; blank lines between two are nothing that
    the first has said."""
    begins, goes_on = prompts
    lines = session.splitlines()
    starts = [k for k, line in enumerate(lines) if begins.match(line)]
    for k, after in zip(starts, [*starts[1:], len(lines)], strict=True):
        last = k + 1
        while last < after and goes_on.match(lines[last]):
            last += 1
        end = after
        while end > last and not lines[end - 1].strip():
            end -= 1
        yield Entry(k + 1, last, tuple(lines[k:last]), tuple(lines[last:end]), end)


def plain(session: str) -> str:
    """Its code, each line where it stands, and blank lines for what is printed."""
    return "".join(f"{without_prompt(line)}\n" for line in session.splitlines())


def without_prompt(line: str) -> str:
    """The code of a line."""
    found = PROMPT.fullmatch(line)
    return (found["code"] or "") if found else ""


def fault(session: str) -> str | None:
    """What is wrong with it, if anything."""
    first = next((line for line in session.splitlines() if line.strip()), ">>>")
    return None if first.startswith(">>>") else NO_PROMPT
