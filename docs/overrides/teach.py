"""Hook for MkDocs: slides and problems that are made of a chapter's own blocks.

A page below teaching/ names its `chapter` in the front matter. What it shows of the
chapter it takes from there, and cannot show anything else:

    [figure: words of its caption]      a figure
    [code: words of the code]           a block, and what it prints
    [output: words of the code]         what a block prints, without it
    [live: words of the code]           a block that the reader can run
    [move: name]                        what moves
    `{chapter} weight:.3f`              a number, by its expression on the page

Numbers that are typed are looked at by typed.py.
"""

from __future__ import annotations

import html as entities
import itertools
import logging
import re
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup
from mkdocs.exceptions import PluginError
from mkdocs.plugins import event_priority

from livefence.extension import ran
from livefence.page import Number

FOLDER = "teaching/"
ASKED = re.compile(r"^\[(?P<kind>figure|code|output|live|move): (?P<words>.+)\]$", re.M)
NUMBER = re.compile(r"`\{chapter\} (?P<expression>[^`]+)`")
HERE = re.compile(
    r'<div data-chapter="(?P<kind>\w+)" data-words="(?P<words>[^"]*)" '
    r'data-line="(?P<line>\d+)"></div>'
)
IDS = re.compile(r'(\bid="|href="#|url\(#)lf')
BORROWED = "<!-- of the chapter -->{}<!-- here -->"
SVG = re.compile(r"<svg\b.*?</svg>", re.S)
STAND_IN = re.compile(r'<svg data-drawing="(\d+)"></svg>')
CHAIN = re.compile(r'data-chain="(?=\d)')  # those of the page have numbers of their own
STYLE = '<link rel="stylesheet" href="{}assets/css/teach.css">\n'
log = logging.getLogger("mkdocs.teach")

numbers: dict[str, dict[str, str]] = {}  # of each chapter: the values of expressions
pages: dict[str, str] = {}  # its HTML


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Numbers in the place of their expressions, and slots for the rest; every line
    stays where it is."""
    source = page.file.src_uri
    chapter = _chapter(page)
    if chapter is None:
        return markdown
    known = numbers[chapter]
    lead = _lead(page, markdown)

    def line(match: re.Match[str]) -> int:
        at = max(markdown.find(match[0]), 0)
        return lead + markdown.count("\n", 0, at) + 1

    def value(match: re.Match[str]) -> str:
        expression = match["expression"].strip()
        if expression not in known:
            said = f"{chapter} has no number `{{python}} {expression}`"
            log.error(f"docs/{source}:{line(match)}: {said}")
        return f'<span class="mx-number">{known.get(expression, "?")}</span>'

    def slot(match: re.Match[str]) -> str:
        words = entities.escape(match["words"])
        return (
            f'<div data-chapter="{match["kind"]}" data-words="{words}" '
            f'data-line="{line(match)}"></div>'
        )

    return ASKED.sub(slot, NUMBER.sub(value, markdown))


def _lead(page: Any, markdown: str) -> int:
    """How many lines of the file stand before the text, in its front matter."""
    file = Path(page.file.abs_src_path)
    whole = file.read_text(encoding="utf-8") if file.is_file() else markdown
    return max(0, whole.rstrip().count("\n") - markdown.rstrip().count("\n"))


def _chapter(page: Any) -> str | None:
    """The chapter that a page below teaching/ is made of; it must have been built."""
    source = page.file.src_uri
    chapter = page.meta.get("chapter")
    if not source.startswith(FOLDER) or chapter is None:
        return None
    if chapter not in pages:
        raise PluginError(f"{source}: {chapter} must stand before it in the nav")
    return str(chapter)


@event_priority(60)  # before livefence forgets what it ran
def on_page_content(html: str, page: Any, config: Any, **_: Any) -> str | None:
    """Remember a chapter; fill the slots of a page that is made of one."""
    source = page.file.src_uri
    if source.startswith("chapters/"):
        found = ran.get(page.file.abs_src_path)
        parsed, results = found or (None, {})
        numbers[source] = {
            cell.expression.strip(): str(results[cell]["text"])
            for cell in (parsed.cells if parsed else ())
            if isinstance(cell, Number) and "text" in results.get(cell, {})
        }
        pages[source] = html
        return None
    chapter = _chapter(page)
    if chapter is None:
        return None
    parts = Parts(pages[chapter])

    def part(match: re.Match[str]) -> str:
        words = entities.unescape(match["words"])
        found = parts.find(match["kind"], words)
        if len(found) == 1:
            return BORROWED.format(IDS.sub(r"\g<1>ch", found[0]))
        kind = match["kind"]
        said = f"[{kind}: {words}] is found {len(found)} times in {chapter}"
        log.error(f"docs/{source}:{match['line']}: {said}")
        return ""

    up = "../" * len(Path(page.url).parts)
    return STYLE.format(up) + HERE.sub(part, html)


class Parts:
    """The figures and the blocks of a chapter.

    Drawings are most of it: others stand in for them while it is taken apart.
    """

    def __init__(self, html: str) -> None:
        self.drawings = SVG.findall(html)
        places = itertools.count()
        light = SVG.sub(lambda _: f'<svg data-drawing="{next(places)}"></svg>', html)
        self.soup = BeautifulSoup(light, "html.parser")
        self.blocks = [
            block
            for block in self.soup.select("div.livefence")
            if not block.find_parent(class_="exercise")
        ]

    def find(self, kind: str, words: str) -> list[str]:
        """The HTML of each that holds these words."""

        def drawing(match: re.Match[str]) -> str:
            return self.drawings[int(match[1])]

        return [STAND_IN.sub(drawing, html) for html in self._find(kind, words)]

    def _find(self, kind: str, words: str) -> list[str]:
        if kind == "figure":
            figures = self.soup.select("figure.livefence-figure")
            return [str(f) for f in figures if words in _text(f.figcaption or f)]
        if kind == "move":
            data = "".join(map(str, self.soup.select(f'[data-of="{words}"]')))
            return [f"{m}{data}" for m in self.soup.select(f'[data-move="{words}"]')]
        found = [b for b in self.blocks if words in _text(b.find("code") or b)]
        made = {"live": self._live, "code": self._still, "output": self._printed}
        return [made[kind](b) for b in found]

    def _still(self, block: Any) -> str:
        """The code, and below it what it prints, with nothing to press."""
        code = block.find(class_="highlight")
        return f'<div class="mx-still">{code}</div>{self._printed(block)}'

    def _live(self, block: Any) -> str:
        """The block, below those that it continues, which are folded."""
        chain = [b for b in self.blocks if b["data-chain"] == block["data-chain"]]
        before = chain[: chain.index(block)]
        text = "".join(f"{each}{self._printed(each)}" for each in before)
        if before:
            text = f"<details><summary>What comes before</summary>{text}</details>"
        return CHAIN.sub('data-chain="chapter-', f"{text}{block}{self._printed(block)}")

    def _printed(self, block: Any) -> str:
        after = block.find_next_sibling()
        shows = after is not None and "livefence-output" in after.get("class", [])
        return str(after) if shows else ""


def _text(element: Any) -> str:
    return " ".join(element.get_text().split())
