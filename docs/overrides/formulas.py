"""Hook for MkDocs: formulas can be read without scripts.

Each goes out as MathML, which browsers draw by themselves, with its TeX beside it;
where scripts run, site.js has KaTeX draw it from that.
"""

import html
import logging
import re
from pathlib import Path
from typing import Any

from math_core import LatexError, LatexToMathML

FORMULA = re.compile(r'(<(span|div) class="arithmatex">)(.*?)(?=</\2>)', re.S)
converter = LatexToMathML(annotation=True, fancy_error=False)
log = logging.getLogger("mkdocs.formulas")


def on_post_page(output: str, page: Any, **_: Any) -> str:
    """The page with its formulas drawn; one that cannot be is told with its line."""

    def drawn(match: re.Match[str]) -> str:
        tex = html.unescape(match[3]).strip()
        try:
            math = converter.convert_with_local_state(
                tex[2:-2], displaystyle=tex.startswith(r"\[")
            )
        except LatexError as error:
            log.error(f"{_place(page, tex)}: {tex}: {error}")
            return match[0]
        return match[1] + math

    return FORMULA.sub(drawn, output)


def _place(page: Any, tex: str) -> str:
    """The file of the page, and the line on which a formula begins, if it is there."""
    text = Path(page.file.abs_src_path).read_text(encoding="utf-8")
    place = f"docs/{page.file.src_uri}"
    at = text.find(tex)
    return place if at < 0 else f"{place}:{text.count(chr(10), 0, at) + 1}"
