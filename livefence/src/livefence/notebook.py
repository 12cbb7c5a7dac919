"""A page's text and fences -> a Jupyter notebook, the same bytes on every run.

Prose becomes Markdown cells, a fence that runs becomes a code cell. What only a site
has is put plainly: admonitions become quotes or headings, folds are unfolded, HTML
around Markdown and attribute lists are dropped, TeX stands between dollars.
"""

import html
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from livefence.page import FENCE, Cell, Fence, Number, Page

Results = Mapping[Cell, Mapping[str, Any]]  # what the extension got from each cell

SLOT = re.compile(r" *\x02(?P<number>\d+)\x03")  # where a fence stood
CONTAINER = re.compile(
    r'(?:!!!|\?\?\?\+?|===[!+]*) +(?P<words>[^"]*)(?:"(?P<title>.*)")?'
)
HEADING = re.compile(r"(?P<marks>#{1,6}) ")
TAG = re.compile(r"\s*</?(?:div|section|details|figure)\b[^>]*>\s*")
COMMENT = re.compile(r"<!--.*?-->\n?", re.S)
ATTRIBUTES = re.compile(
    r"[ \t]*(?:\n[ \t]*)?\{:?[ \t]*[.#][\w-][^{}\n]*\}[ \t]*$", re.M
)
HIDDEN = re.compile(r"\s*<(?:div|span)\b.*\bhidden\b[^>]*>.*</(?:div|span)>\s*")
TAGS = re.compile(r"<[^>]*>")
SPECIAL = re.compile(r"([\\`*_$|<])")
PROSE = re.compile(
    r"(?P<code>^(?P<fence>`{3,}|~{3,}).*?^(?P=fence)"
    r"|(?<!`)(?P<mark>`+)(?!`)(?:(?!\n\n).)+?(?<!`)(?P=mark)(?!`))"
    r"|\\\((?P<inline>.+?)\\\)|\\\[(?P<display>.+?)\\\]"
    r"|(?<=\]\()(?P<target>[^()\s]+)(?=[^()]*\))",
    re.M | re.S,
)
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


@dataclass(frozen=True)
class Code:
    """A code cell in the making."""

    source: str


def notebook(
    page: Page,
    results: Results | None = None,
    first: str = "",
    link: Callable[[str], str] = str,
) -> str:
    """The page as the text of an .ipynb file, without outputs.

    `results` gives numbers in prose their values; without one the expression stands
    there as code. `first` is the first cell. `link` makes the target of a link one
    that can be followed from anywhere.
    """
    parts: list[str | Code] = [first.strip("\n")] if first else []
    parts += _parts(_slotted(page, results or {}).split("\n"), page, results or {}, 0)
    cells = [
        _cell(number, part if isinstance(part, Code) else _prose(part, link))
        for number, part in enumerate(parts, 1)
    ]
    whole = {"cells": cells, "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _cell(number: int, part: str | Code) -> dict[str, Any]:
    """A cell of format 4.5; its id is its place."""
    text = part.source if isinstance(part, Code) else part
    cell = {
        "id": f"cell-{number}",
        "metadata": {},
        "source": text.splitlines(keepends=True),
    }
    if isinstance(part, Code):
        return cell | {"cell_type": "code", "execution_count": None, "outputs": []}
    return cell | {"cell_type": "markdown"}


def _slotted(page: Page, results: Results) -> str:
    """The text with numbers put in, and a slot for each fence that runs."""
    pieces, at = [], 0
    for i, cell in enumerate(page.cells):
        text = page.text[cell.start : cell.end]
        if isinstance(cell, Number):
            text = _number(cell, results.get(cell, {}))
        elif isinstance(cell, Fence) and cell.head.runs:
            text = f"{cell.prefix}\x02{i}\x03"
        elif isinstance(cell, Fence):
            lines = (cell.mark + "python", cell.seen, cell.mark)
            text = "\n".join(cell.prefix + s for s in "\n".join(lines).split("\n"))
        pieces += [page.text[at : cell.start], text]
        at = cell.end
    return COMMENT.sub("", "".join(pieces) + page.text[at:])


def _number(number: Number, result: Mapping[str, Any]) -> str:
    """The value, or the expression where there is none."""
    if "text" not in result:
        return f"`{number.expression}`"
    value = str(result["text"])
    return value if number.in_math else SPECIAL.sub(r"\\\1", value)


def _parts(
    lines: list[str], page: Page, results: Results, level: int
) -> Iterator[str | Code]:
    """Markdown and code in turn; `level` is that of the heading above."""
    text: list[str] = []
    i = 0
    while i < len(lines):
        line, last = lines[i], i + 1
        if slot := SLOT.fullmatch(line):
            yield from _joined(text)
            text = []
            yield from _fence(page.cells[int(slot["number"])], results)
        elif opening := FENCE.fullmatch(line):
            last = _closing(lines, i, opening)
            text += lines[i:last]
        elif container := CONTAINER.fullmatch(line):
            last = _after(lines, i)
            inside = [line[4:] for line in lines[i + 1 : last]]
            title = _title(container)
            if any(SLOT.fullmatch(s) or CONTAINER.fullmatch(s) for s in inside):
                yield from _joined(text)
                text = []
                heading = f"{'#' * min(level + 1, 6)} {title}"
                yield from _parts([heading, "", *inside], page, results, level)
            else:
                body = "\n".join(inside).strip("\n").split("\n")
                quote = [f"> {s}".rstrip() for s in [f"**{title}**", "", *body]]
                text += ["", *quote, ""]
        elif not TAG.fullmatch(line) and not HIDDEN.fullmatch(line):
            if found := HEADING.match(line):
                level = len(found["marks"])
            text.append(line)
        i = last
    yield from _joined(text)


def _joined(lines: Iterable[str]) -> Iterator[str]:
    """The lines as one Markdown cell, if they say anything."""
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")
    if text.strip():
        yield text


def _fence(cell: Cell, results: Results) -> Iterator[str | Code]:
    """The code without its #| lines; the captions of its figures below."""
    assert isinstance(cell, Fence)
    yield Code(cell.source)
    for _, _, caption in results.get(cell, {}).get("figures", []):
        if caption:
            yield f"*Figure.* {html.unescape(TAGS.sub('', caption))}"


def _closing(lines: list[str], i: int, opening: re.Match[str]) -> int:
    """The line after a block of code that is no Python."""
    close = opening["prefix"] + opening["mark"]
    ends = (j + 1 for j in range(i + 1, len(lines)) if lines[j].rstrip() == close)
    return next(ends, i + 1)


def _after(lines: list[str], i: int) -> int:
    """The line after the indented lines below line i."""
    last = i + 1
    for j in range(i + 1, len(lines)):
        if lines[j].startswith("    "):
            last = j + 1
        elif lines[j].strip():
            break
    return last


def _title(container: re.Match[str]) -> str:
    """The title of an admonition, a fold or a tab, by default its first word."""
    if container["title"] is not None:
        return container["title"]
    return next(iter(container["words"].split()), "").capitalize()


def _prose(text: str, link: Callable[[str], str]) -> str:
    """Markdown as notebooks know it."""

    def plain(found: re.Match[str]) -> str:
        if found["code"]:
            return found[0]
        if found["target"]:
            return link(found["target"])
        if found["inline"]:
            return f"${found['inline'].strip()}$"
        return f"$${found['display']}$$"

    return PROSE.sub(plain, ATTRIBUTES.sub("", text))
