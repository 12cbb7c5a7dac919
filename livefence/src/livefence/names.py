"""Which names a piece of code finds, and which it leaves behind."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Sequence

Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def wanted(code: str) -> set[str]:
    """The names that the code uses and does not bind itself; none where it is no
    Python."""
    tree = parsed(code)
    used = {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    inner = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    return used - inner - _bound(ast.walk(tree)) - set(dir(builtins))


def left(code: str) -> set[str]:
    """The names that the code binds for the code after it."""
    return _bound(_outside(parsed(code)))


def sources(code: str, chains: Sequence[Sequence[str]]) -> list[tuple[int, int]]:
    """Of the chains of blocks above it, those that bind names which the code wants,
    each with how many of its blocks are needed for that.

    Of several chains that bind a name it is the last.
    """
    needed: dict[int, int] = {}
    for name in wanted(code):
        for place in range(len(chains) - 1, -1, -1):
            upto = [
                k + 1 for k, block in enumerate(chains[place]) if name in left(block)
            ]
            if upto:
                needed[place] = max(needed.get(place, 0), upto[-1])
                break
    return sorted(needed.items())


def parsed(code: str) -> ast.AST:
    """The code as a tree; an empty one where it is no Python."""
    lines = ("" if line.startswith("%") else line for line in code.splitlines())
    try:
        return ast.parse("\n".join(lines))
    except (SyntaxError, ValueError):
        return ast.Module([], [])


def _outside(tree: ast.AST) -> list[ast.AST]:
    """The nodes that are not inside a function or a class."""
    found, todo = [], [tree]
    while todo:
        node = todo.pop()
        found.append(node)
        if not isinstance(node, Scope | ast.Lambda):
            todo += ast.iter_child_nodes(node)
    return found


def _bound(nodes: Iterable[ast.AST]) -> set[str]:
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, Scope):
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).partition(".")[0])
    return names
