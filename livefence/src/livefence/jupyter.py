"""The HTML that mkdocs-jupyter makes of a notebook -> the HTML of any other page.

mkdocs-jupyter brings a style sheet of half a megabyte and MathJax from afar. Here its
cells get the markup that fences have, formulas that of arithmatex, figures that of
livefence, and nothing else is left.

A code cell says of its figures, in its metadata, what #| lines say in a page: `alt`
and `caption`, each a text, or a list of texts where it draws several.
"""

import html
import json
import re
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

from bs4 import BeautifulSoup, NavigableString, Tag

from livefence import figures
from livefence.page import attribute, without_magics

CELL = ".jp-MarkdownCell, .jp-CodeCell[id]"  # the outer of two code cells has no id
PARTS = ".highlight-ipynb > pre, .jp-OutputArea-output"
MATH = re.compile(r"\$\$(?P<display>.+?)\$\$|(?<!\\)\$(?P<inline>[^$]+?)\$", re.S)
SVG = "data:image/svg+xml;base64,"


class Reader:
    """Rewrites a notebook; `fail` hears what must not be published."""

    def __init__(self, colors: dict[str, str], fail: Callable[[str], object]) -> None:
        self.colors, self.fail = colors, fail
        self.drawn = 0

    def page(self, shown: str, source: str) -> str:
        """The page of a notebook: `shown` by mkdocs-jupyter, `source` as stored."""
        found = BeautifulSoup(shown, "html.parser").select(CELL)
        cells = json.loads(source)["cells"]
        if len(found) != len(cells):
            self.fail(f"{len(cells)} cells are stored, {len(found)} are shown")
        pieces: list[str] = []
        for tag, cell in zip(found, cells, strict=False):
            if cell["cell_type"] == "markdown":
                pieces.append(_markdown(tag))
            else:
                pieces += self._code(tag, cell)
        return "\n".join(pieces)

    def _code(self, tag: Tag, cell: dict[str, Any]) -> Iterator[str]:
        """The code, what it printed and what it drew.

        A kernel hands over what is printed in pieces cut by the clock; they are joined.
        """
        says = cell["metadata"]
        alts, captions = (texts(says.get(key)) for key in ("alt", "caption"))
        for kind, parts in groupby(tag.select(PARTS), _kind):
            if kind == "text/plain":
                yield _output("".join(p.pre.decode_contents() for p in parts if p.pre))
                continue
            for part in parts:
                image = part.select_one(f"img[src^='{SVG}']")
                if kind == "code":
                    source = without_magics("".join(cell.get("source", "")))
                    yield _highlighted(part, source)
                elif image is None:
                    self.fail(f"a cell gave {kind}, which is not shown here")
                else:
                    alt = alts.pop(0) if alts else ""
                    caption = captions.pop(0) if captions else ""
                    yield self._figure(str(image["src"]), alt, caption)
        if alts:
            self.fail(f"a cell's metadata has {len(alts)} `alt` more than it draws")

    def _figure(self, source: str, alt: str, caption: str) -> str:
        if not alt:
            self.fail("a figure has no alt text: put `alt` into its cell's metadata")
        svg = figures.clean(figures.decoded(source.removeprefix(SVG)))
        self.drawn += 1
        svg = figures.inline(svg, f"lf{self.drawn}-", alt, self.colors)
        below = f"\n<figcaption><p>{html.escape(caption)}</p></figcaption>"
        return (
            f'<figure class="livefence-figure">\n{svg}{below if caption else ""}\n'
            "</figure>"
        )


def _kind(part: Tag) -> str:
    return "code" if part.name == "pre" else str(part["data-mime-type"])


def _highlighted(part: Tag, source: str) -> str:
    """The code as a fence has it: the cells of a notebook are one chain."""
    code = part.decode_contents().removeprefix("<span></span>").rstrip()
    other = source.strip() != part.get_text().strip()
    copied = f' data-copy="{attribute(source)}"' if other else ""
    return (
        f'<div class="livefence" data-search-exclude data-chain="0"{copied}>'
        '<div class="language-python highlight"><pre><span></span>'
        f"<code>{code}\n</code></pre></div></div>"
    )


def _output(text: str) -> str:
    return (
        '<div class="livefence-output no-copy" data-search-exclude role="group" '
        f'aria-label="Output"><pre><code tabindex="0">{text.rstrip()}\n'
        "</code></pre></div>"
    )


def texts(value: str | list[str] | None) -> list[str]:
    """What a cell says of its figures, one text or several."""
    return [value] if isinstance(value, str) else list(value or [])


def _markdown(tag: Tag) -> str:
    """The prose, with the links of its headings and its formulas as in a page."""
    prose = tag.select_one(".jp-RenderedMarkdown")
    assert prose is not None
    for link in prose.select("a.anchor-link"):
        link["class"], link["title"] = "headerlink", "Link to this section"
    texts = [t for t in prose.find_all(string=True) if not t.find_parent("code")]
    for text in texts:
        if "$" in text:
            _set_math(text)
    for display in prose.select("p > div.arithmatex"):
        if len(display.parent.contents) == 1:  # type: ignore[union-attr]
            display.parent.unwrap()  # type: ignore[union-attr]
    return prose.decode_contents().strip()


def _set_math(text: NavigableString) -> None:
    def marked(found: re.Match[str]) -> str:
        if found["display"]:
            return f'<div class="arithmatex">\\[{found["display"]}\\]</div>'
        return f'<span class="arithmatex">\\({found["inline"]}\\)</span>'

    shown = MATH.sub(marked, html.escape(str(text), quote=False))
    text.replace_with(BeautifulSoup(shown, "html.parser"))
