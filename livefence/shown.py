"""What a reader meets on a built page: its blocks of code and what they copy.

For tests: the blocks that are seen must be the blocks that ran.
"""

from dataclasses import dataclass
from html.parser import HTMLParser

VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}


@dataclass
class Block:
    """A block of code in the HTML of a page."""

    code: str = ""
    classes: tuple[str, ...] = ()  # of the element around it
    copied: str | None = None  # what the copy button gives; None if nothing ran

    @property
    def is_python(self) -> bool:
        """Whether it is shown as Python (`pygments_lang_class: true` is needed)."""
        return "language-python" in self.classes or self.copied is not None


def blocks(html: str) -> list[Block]:
    """The highlighted blocks of a page, in order."""
    reader = _Reader()
    reader.feed(html)
    return reader.blocks


def python_blocks(html: str) -> list[str]:
    """The code of the blocks that a reader takes for Python."""
    return [block.code for block in blocks(html) if block.is_python]


class _Reader(HTMLParser):
    """Follows the elements that are open; only div, pre and code matter."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks: list[Block] = []
        self.open: list[tuple[str, Block | None]] = []
        self.copied: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A div.highlight begins a block."""
        if tag in VOID:
            return
        found = dict(attrs)
        classes = tuple((found.get("class") or "").split())
        block = None
        if tag == "div" and "highlight" in classes:
            copied = [c for _, c in zip(self.open, self.copied, strict=True) if c]
            block = Block(classes=classes, copied=copied[-1] if copied else None)
            self.blocks.append(block)
        self.open.append((tag, block))
        self.copied.append(found.get("data-copy"))

    def handle_endtag(self, tag: str) -> None:
        """Close the element, and what was left open in it."""
        while self.open:
            self.copied.pop()
            if self.open.pop()[0] == tag:
                return

    def handle_data(self, data: str) -> None:
        """Text in the code element of a block is its code."""
        block = next((b for _, b in reversed(self.open) if b), None)
        if block is not None and any(tag == "code" for tag, _ in self.open):
            block.code += data
