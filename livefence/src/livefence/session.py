"""The text of a session of an interpreter, `>>> 1 + 2` and `3` below."""

import re

PROMPT = re.compile(r"(?:>>>|\.\.\.)(?: (?P<code>.*)|$)")
NO_PROMPT = "a pycon fence begins with >>>, as in an interpreter"


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
