"""Forms of exercises, and assertions, that say nothing of an answer."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from livefence import names
from livefence.masked import Wrong
from livefence.page import Cell, Fence, Page

EXERCISE = re.compile(r"(?P<indent> *)(?:!!!|\?\?\?\+?) +exercise\b")
FOLD = re.compile(r" *\?\?\?\+? +(?P<kind>hint|solution)\b")


def forms(parsed: Page) -> Iterator[Wrong]:
    """Forms of exercises that no answer, or any, would satisfy."""
    solved: set[int] = set()
    for form in parsed.fences:
        if not form.head.check or form.fault:
            continue
        asked = [name.partition(":")[0] for name in form.head.check.split()]
        yield from _left_open(form, asked)
        place = parsed.solution_of(form)
        if place is None or place in solved:
            yield form.line, "the form has no solution: a fence that runs, below it"
            continue
        solved.add(place)
        solution = [c for c in parsed.chains[place] if isinstance(c, Fence)]
        bound = set().union(*(names.left(each.source) for each in solution))
        for name in asked:
            if name not in bound:
                below = next(c for c in solution if c.start > form.start)
                yield (
                    form.line,
                    (
                        f"check asks for {name}, which the solution on line "
                        f"{below.line} does not bind"
                    ),
                )


def _left_open(form: Fence, asked: list[str]) -> Iterator[Wrong]:
    """Names that are not there to be filled in, or of which none is left open."""
    missing = [name for name in asked if name not in names.left(form.source)]
    for name in missing:
        yield form.line, f"check asks for {name}, which the form does not bind"
    if not missing and not _open(form.source) & set(asked):
        yield (
            form.line,
            (
                f"the form as it stands could be right: write {asked[0]} = ... for "
                "what the reader fills in"
            ),
        )


def _open(code: str) -> set[str]:
    """The names in whose value something is left to fill in."""
    found: set[str] = set()
    for node in ast.walk(names.parsed(code)):
        if isinstance(node, ast.Assign | ast.AnnAssign | names.Scope) and any(
            isinstance(part, ast.Constant) and part.value in (..., "...", None)
            for part in ast.walk(node)
        ):
            found |= names.left(ast.unparse(node))
    return found


def line_of(name: str, cells: Sequence[Cell]) -> int:
    """The line of these cells on which the name is bound last, or that of the last."""
    line = cells[-1].line
    for fence in (cell for cell in cells if isinstance(cell, Fence)):
        for node in ast.walk(names.parsed(fence.code)):
            if isinstance(node, ast.Name) and node.id == name:
                line = fence.line + node.lineno
    return line


def complete(text: str, prose: str, parsed: Page) -> Iterator[Wrong]:
    """Exercises whose solution asserts nothing, or whose form has no hint below it."""
    lines = prose.split("\n")
    for first, opening in enumerate(lines):
        found = EXERCISE.match(opening)
        if not found:
            continue
        last = _end(text.split("\n"), first, len(found["indent"]))
        folds = {
            fold["kind"]: first + 1 + below
            for below, line in enumerate(lines[first + 1 : last])
            if (fold := FOLD.match(line))
        }
        inside = [f for f in parsed.fences if first < f.line - 1 < last]
        solution = folds.get("solution")
        form = next((f for f in inside if f.head.check), None)
        if solution is None:
            if form is None:
                yield first + 1, "the exercise has no solution: write a ??? solution"
            continue
        if form and not first < folds.get("hint", first) < solution:
            said = "the exercise has no hint: write a ??? hint before its solution"
            yield solution + 1, said
        solving = [f for f in inside if f.head.runs and f.line - 1 > solution]
        if not any("assert" in f.code and _asserts(f) for f in solving):
            said = "the solution asserts nothing: let it run, and assert its answer"
            ends = [f.line + f.code.count("\n") for f in solving]
            yield max(ends, default=solution + 1), said


def _end(lines: list[str], first: int, indent: int) -> int:
    """The line after the block that begins on this one."""
    for i in range(first + 1, len(lines)):
        line = lines[i]
        if line.strip() and len(line) - len(line.lstrip()) <= indent:
            return i
    return len(lines)


def _asserts(fence: Fence) -> bool:
    return any(
        isinstance(node, ast.Assert) for node in ast.walk(names.parsed(fence.code))
    )


def assertions(parsed: Page) -> Iterator[Wrong]:
    """Assertions that hold whatever was computed."""
    for fence in parsed.fences:
        for node in ast.walk(names.parsed(fence.code)):
            if isinstance(node, ast.Assert) and _always(node.test):
                shown = ast.unparse(node.test)
                yield fence.line + node.lineno, f"assert {shown} cannot fail"
            if isinstance(node, ast.FunctionDef) and node.name == "right":
                given = [n.value for n in ast.walk(node) if isinstance(n, ast.Return)]
                if given and all(each is not None and _always(each) for each in given):
                    line = fence.line + node.lineno
                    yield line, "right takes every answer: the check cannot fail"


def _always(test: ast.expr) -> bool:
    """Is it true by its form alone?"""
    if isinstance(test, ast.Constant):
        return bool(test.value)
    if isinstance(test, ast.Tuple):
        return bool(test.elts)
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        sides = [ast.dump(test.left), ast.dump(test.comparators[0])]
        if isinstance(test.ops[0], ast.Eq | ast.Is | ast.LtE | ast.GtE):
            return sides[0] == sides[1] or _nothing(test.left)
        return isinstance(test.ops[0], ast.Lt) and _nothing(test.left)
    return False


def _nothing(value: ast.expr) -> bool:
    """Is it x - x, or the absolute value of that?"""
    if isinstance(value, ast.Call) and len(value.args) == 1 and not value.keywords:
        return ast.unparse(value.func).endswith("abs") and _nothing(value.args[0])
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Sub):
        return ast.dump(value.left) == ast.dump(value.right)
    return False
