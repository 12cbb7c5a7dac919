"""Which pages of the book use an object of the package: their code says."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from livefence import page

TITLE = re.compile(r"^# (.+)$", re.MULTILINE)
KINDS = {"chapters/": "The book", "your-data/": "Your data", "labs/": "Labs"}


@dataclass(frozen=True)
class Uses:
    """The names that each page uses, below `mixnotes`, and what each is called."""

    names: Mapping[str, frozenset[str]]
    titles: Mapping[str, str]

    @classmethod
    def of(cls, sources: Mapping[str, Path]) -> Uses:
        """What pages and notebooks use, by their address in the sources."""
        names, titles = {}, {}
        for uri, path in sources.items():
            text, blocks = _read(path)
            title = TITLE.search(text)
            titles[uri] = title[1] if title else path.stem
            names[uri] = frozenset(n for block in blocks for n in used(block))
        return cls(names, titles)

    def pages(self, paths: Sequence[str]) -> list[str]:
        """The pages that use one of these objects: chapters first, then recipes."""
        wanted = set(paths)
        found = [uri for uri, names in self.names.items() if names & wanted]
        order = [*KINDS.values(), "Elsewhere"]
        return sorted(found, key=lambda uri: (order.index(kind_of(uri)), uri))


def kind_of(uri: str) -> str:
    """What kind of page it is."""
    return next((k for start, k in KINDS.items() if uri.startswith(start)), "Elsewhere")


def _read(path: Path) -> tuple[str, list[str]]:
    """The words of a page, and its blocks of code."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        fences = page.parse(text).fences
        return text, [fence.source for fence in fences]
    cells = json.loads(text)["cells"]
    sources = {"markdown": [], "code": []}  # type: dict[str, list[str]]
    for cell in cells:
        sources.setdefault(cell["cell_type"], []).append("".join(cell["source"]))
    code = [page.without_magics(source) for source in sources["code"]]
    return "\n\n".join(sources["markdown"]), code


def used(code: str) -> Iterator[str]:
    """The names below `mixnotes` that a block of code uses, as `plot.density`."""
    try:
        tree = ast.parse(code)
    except SyntaxError:  # a fault that livefence tells
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            root, _, path = _dotted(node).partition(".")
            if root in ("mx", "mixnotes") and path:
                yield path
        elif isinstance(node, ast.ImportFrom) and node.module:
            package, _, module = node.module.partition(".")
            if package == "mixnotes":
                for alias in node.names:
                    yield f"{module}.{alias.name}".lstrip(".")


def _dotted(node: ast.expr) -> str:
    """`mx.plot.density`, or nothing where it is not a chain of names."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""
