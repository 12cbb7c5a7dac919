"""The text of a page with parts of it blank: what is left stands where it stood."""

from __future__ import annotations

import re

from livefence import page

Wrong = tuple[int, str]  # the line, and what is wrong there

FENCED = re.compile(r"^ *```.*?^ *```", re.S | re.M)


def masked(text: str) -> str:
    """The prose: fences, comments, code spans and front matter are blank, and every
    line and column is where it was."""
    matter = page.FRONT_MATTER.match(text)
    if matter:
        text = blank(matter) + text[matter.end() :]
    lines = text.split("\n")
    i = 0
    while i < len(lines):
        opening = page.FENCE.fullmatch(lines[i])
        after = i + 1
        if opening and "`" not in opening["info"]:
            last = page.closing(lines, i, opening["prefix"], opening["mark"])
            after = i + 1 if last is None else last + 1
            lines[i:after] = [" " * len(line) for line in lines[i:after]]
        i = after
    text = page.TYPED.sub(blank, "\n".join(lines))
    text = re.sub(r"<!--.*?-->", blank, text, flags=re.S)
    blocks = re.split(r"(\n[ >]*(?=\n))", text)
    return "".join(page.BACKTICKS.sub(blank, block) for block in blocks)


def blank(match: re.Match[str]) -> str:
    """Blanks in the place of a match."""
    return re.sub(r"[^\n]", " ", match[0])


def at(text: str, match: re.Match[str] | int) -> int:
    """The line of a match, from 1."""
    start = match if isinstance(match, int) else match.start()
    return text.count("\n", 0, start) + 1


def without_fences(text: str) -> str:
    """The text, its fences blank."""
    return FENCED.sub(blank, text)
