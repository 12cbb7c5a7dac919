"""What a reader meets on a built page: its blocks of code and what they copy.

For tests: the blocks that are seen must be the blocks that ran.
"""

from dataclasses import dataclass

from bs4 import BeautifulSoup


@dataclass
class Block:
    """A block of code in the HTML of a page."""

    code: str = ""
    classes: tuple[str, ...] = ()  # of the element around it
    copied: str | None = None  # it and those that it continues; None if nothing ran

    @property
    def is_python(self) -> bool:
        """Whether it is shown as Python (`pygments_lang_class: true` is needed)."""
        return "language-python" in self.classes or self.copied is not None


def blocks(html: str) -> list[Block]:
    """The highlighted blocks of a page, in order."""
    found = []
    chains: dict[str, list[str]] = {}
    for shown in BeautifulSoup(html, "html.parser").select("div.highlight"):
        code = "".join(part.get_text() for part in shown.select("code"))
        around = shown.find_parent(attrs={"data-chain": bool})
        copied = None
        if around:
            chain = chains.setdefault(str(around["data-chain"]), [])
            chain.append(str(around.get("data-copy", code)).strip("\n"))
            copied = "\n\n".join(filter(None, chain)) + "\n"
        found.append(Block(code, tuple(shown["class"]), copied))
    return found


def python_blocks(html: str) -> list[str]:
    """The code of the blocks that a reader takes for Python."""
    return [block.code for block in blocks(html) if block.is_python]
