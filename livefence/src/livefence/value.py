"""A block is run as a cell of a notebook: the value of a last expression is shown.

The build, the tests and Run in the page all run blocks by this, so that they show the
same.
"""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from typing import Any

DRAWN = "matplotlib"  # what its calls return stands for what is drawn


def execute(source: str, file: str, namespace: dict[str, Any]) -> None:
    """Run the source in the namespace, and print the value of its last expression.

    None is not shown, nor what a semicolon ends. Nor is what drawing returns: pieces
    of a figure, and what a last call returns in code that draws.
    """
    kind: Any = ast.PyCF_ONLY_AST
    tree = compile(source, file, "exec", kind, dont_inherit=True)
    last = tree.body[-1] if tree.body else None
    if not isinstance(last, ast.Expr) or _ends_in_semicolon(source):
        exec(compile(tree, file, "exec", dont_inherit=True), namespace)
        return
    flags = 0
    if tree.body[:-1]:
        before = compile(
            ast.Module(tree.body[:-1], tree.type_ignores),
            file,
            "exec",
            dont_inherit=True,
        )
        flags = before.co_flags & _FUTURES
        exec(before, namespace)
    ending = ast.Expression(last.value)
    value = eval(compile(ending, file, "eval", flags, dont_inherit=True), namespace)
    drawing = isinstance(last.value, ast.Call) and _draws()
    if value is not None and not drawing and not is_drawn(value):
        print(repr(value))


_FUTURES = 0x1000000  # annotations as text, the one future that still changes code


def _draws() -> bool:
    """Is a figure open?"""
    managers = sys.modules.get("matplotlib._pylab_helpers")
    return managers is not None and bool(managers.Gcf.figs)


def is_drawn(value: Any) -> bool:
    """Is it a piece of a figure, or a list of such pieces, as drawing returns?"""
    if type(value).__module__.partition(".")[0] == DRAWN:
        return True
    if isinstance(value, list | tuple):
        return any(map(is_drawn, value))
    objects = getattr(getattr(value, "dtype", None), "hasobject", False)
    return objects and any(map(is_drawn, value.flat))


def _ends_in_semicolon(source: str) -> bool:
    """Is a semicolon the last thing in it, but for comments?"""
    idle = {
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
    }
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    said = [token.string for token in tokens if token.type not in idle]
    return bool(said) and said[-1] == ";"
