"""Tables as HTML for notebooks: plain markup, which takes the notebook's own style."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape


def table(caption: str, rows: Sequence[Sequence[str]], notes: Sequence[str]) -> str:
    """A table whose first row is its head and whose first column names its rows, with
    notes below it. All texts are escaped."""
    head, *body = rows
    lines = [
        "<table>",
        f"<caption>{escape(caption)}</caption>",
        f"<thead><tr>{_cells(head, 'col')}</tr></thead>",
        "<tbody>",
        *(f"<tr>{_cells(row[:1], 'row')}{_cells(row[1:])}</tr>" for row in body),
        "</tbody>",
        "</table>",
        *(f"<p>{escape(note)}</p>" for note in notes if note),
    ]
    return "\n".join(lines)


def _cells(texts: Sequence[str], scope: str = "") -> str:
    start, end = (f'<th scope="{scope}">', "</th>") if scope else ("<td>", "</td>")
    return "".join(f"{start}{escape(text)}{end}" for text in texts)
