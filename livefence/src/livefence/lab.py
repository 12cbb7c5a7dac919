"""A notebook read as a page: its code cells are one chain, its text cells prose.

What is wrong is told by the line of the file, which holds a line of a cell on each.
"""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from livefence import jupyter, lint, nav, page
from livefence.context import PageContext
from livefence.extension import run_page
from livefence.faults import Fault, FenceError
from livefence.jupyter import MATH
from livefence.settings import Settings

FENCE = "``````"
LONGER = 30  # than a block of a page a cell may compute


def faults(
    path: Path, shown: str, root: Path, site: nav.Site, settings: Settings
) -> list[Fault]:
    """All that is wrong with the notebook; its cells run, as in the build."""
    try:
        lab = Lab(lint.text_of(path, shown), shown)
    except FenceError as error:
        return list(error.faults)
    source = site.source(path)
    found = [Fault(shown, line, said) for line, said in lab.stored]
    if left_out := site.left_out(path):
        found.append(Fault(shown, 1, left_out))
    for line, said in lint.faults(lab.text, settings, source, site.folder):
        found.append(Fault(shown, lab.line(line), said))
    patient = replace(
        settings,
        timeout=LONGER * settings.timeout,
        patience=LONGER * settings.patience,
    )
    place = PageContext(shown, f"{path.resolve()} as code", root, mkdocs=True)
    results = run_page(page.parse(lab.text), place, patient)
    for result in results.values():
        if "fault" in result:
            fault: Fault = result["fault"]
            found.append(replace(fault, line=lab.line(fault.line)))
    return found


class Lab:
    """The text of a notebook as a page, and which line of its file each line is."""

    def __init__(self, raw: str, shown: str) -> None:
        try:
            cells = json.loads(raw)["cells"]
        except json.JSONDecodeError as error:
            said = f"the notebook is no JSON: {error.msg}"
            raise FenceError(Fault(shown, error.lineno, said)) from None
        except (KeyError, TypeError):
            raise FenceError(Fault(shown, 1, "the notebook has no cells")) from None
        self.raw = raw
        self.upto = 0  # what of the file has been read
        self.lines: list[str] = []
        self.places: list[int] = []  # in the file
        self.stored: list[tuple[int, str]] = []  # faults of the notebook itself
        begun = False
        for cell in cells:
            start = self._find('"cell_type"')
            if cell.get("outputs"):
                said = "the cell is stored with outputs: clear them, the build runs it"
                self.stored.append((start, said))
            lines = self._located(cell.get("source", ""))
            if cell.get("cell_type") == "code":
                first = "python { continuation }" if begun else "python"
                begun = True
                lines = [
                    (f"{FENCE}{first}", start),
                    *((said, start) for said in _says(cell.get("metadata", {}))),
                    *(("" if s.startswith(("%", "!")) else s, at) for s, at in lines),
                    (FENCE, start),
                ]
            else:
                text = MATH.sub(_formula, "\n".join(said for said, _ in lines))
                places = [at for _, at in lines]
                lines = list(zip(text.split("\n"), places, strict=True))
            for said, at in [*lines, ("", start)]:
                self.lines.append(said)
                self.places.append(at)

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(self.lines) + "\n"

    def line(self, line: int) -> int:
        """The line of the file, for one of the page."""
        return self.places[min(line, len(self.places)) - 1] if self.places else 1

    def _located(self, source: Any) -> list[tuple[str, int]]:
        """The lines of a cell, each with its line of the file."""
        found = [("", self._find('"source"'))]
        for piece in [source] if isinstance(source, str) else source:
            at = self._find(*(json.dumps(piece, ensure_ascii=way) for way in (0, 1)))
            first, *others = piece.split("\n")
            said, before = found[-1]
            found[-1] = said + first, before if said else at
            found += [(other, at) for other in others]
        return found

    def _find(self, *written: str) -> int:
        """The line of the file on which this stands next."""
        for each in written:
            place = self.raw.find(each, self.upto)
            if place >= 0:
                self.upto = place + len(each)
                break
        return self.raw.count("\n", 0, self.upto) + 1


def _says(metadata: dict[str, Any]) -> list[str]:
    """What a cell says of its figures, as a block does."""
    texts = [
        [(key, each) for each in jupyter.texts(metadata.get(key))]
        for key in ("alt", "caption")
    ]
    pairs = itertools.chain.from_iterable(itertools.zip_longest(*texts))
    return [f"#| {pair[0]}: {' '.join(pair[1].split())}" for pair in pairs if pair]


def _formula(match: re.Match[str]) -> str:
    """A formula between dollars as one between brackets."""
    if match["display"]:
        return f"\\[{match['display']}\\]"
    return f"\\({match['inline']}\\)"
