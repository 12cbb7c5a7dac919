"""Formulas that do not end, and what is the prose without formulas."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from livefence.masked import Wrong, at

MACRO = re.compile(r"(?<!\\)(?:\\\\)*\\([A-Za-z]+)")
DELIMITER = re.compile(r"(?<!\\)\\(?P<mark>[()\[\]])|\n[ >]*(?=\n)")


def formulas(
    prose: str, macros: frozenset[str] | None = None
) -> tuple[list[Wrong], str]:
    """Formulas that do not end, whose braces do not, or that use other macros than
    these; and the prose without formulas."""
    wrong: list[Wrong] = []
    opened: re.Match[str] | None = None
    pieces, upto = [], 0
    for match in DELIMITER.finditer(prose):
        mark = match["mark"]
        if opened is None:
            if mark in ("(", "["):
                opened = match
            elif mark:
                wrong.append((at(prose, match), f"\\{mark} ends no formula"))
            continue
        close = {"(": ")", "[": "]"}[opened["mark"]]
        if mark == close:
            formula = prose[opened.end() : match.start()]
            wrong += [(at(prose, opened), said) for said in _unbalanced(formula)]
            wrong += [
                (at(prose, opened.end() + each.start()), _unknown(each[1], macros))
                for each in MACRO.finditer(formula)
                if macros is not None and each[1] not in macros
            ]
            blank = re.sub(r"[^\n]", " ", prose[opened.start() : match.end()])
            pieces += [prose[upto : opened.start()], blank]
            upto = match.end()
            opened = None
        else:
            said = f"the formula is not closed: \\{opened['mark']} needs \\{close}"
            wrong.append((at(prose, opened), said))
            opened = match if mark in ("(", "[") else None
    if opened:
        close = {"(": ")", "[": "]"}[opened["mark"]]
        said = f"the formula is not closed: \\{opened['mark']} needs \\{close}"
        wrong.append((at(prose, opened), said))
    return wrong, "".join(pieces) + prose[upto:]


def _unknown(name: str, macros: frozenset[str]) -> str:
    """What is wrong with a macro that nobody knows, and what may have been meant."""
    near = difflib.get_close_matches(name, macros, 1, 0.75)
    meant = f"; \\{near[0]} is" if near else ""
    return f"the macro \\{name} is not known{meant}"


def _unbalanced(formula: str) -> Iterator[str]:
    """What of a formula's braces and environments does not match."""
    bare = re.sub(r"\\[{}\\]", "", formula)
    depth = 0
    for brace in re.findall(r"[{}]", bare):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            break
    if depth:
        yield f"the braces of the formula do not match: {' '.join(formula.split())}"
    words = re.findall(r"\\(begin|end) *\{([^}]*)\}", formula)
    begun = [name for word, name in words if word == "begin"]
    if sorted(begun) != sorted(name for word, name in words if word == "end"):
        yield "a \\begin of the formula has no \\end, or the other way round"
    if len(re.findall(r"\\left\b", formula)) != len(re.findall(r"\\right\b", formula)):
        yield "a \\left of the formula has no \\right, or the other way round"
