"""An example of a docstring -> a block that a page runs.

Lines of `>>>` become code without prompts. What an interpreter would show of an
expression a page has to print, so `print` is put around it; the output that stands in
the docstring is left out, since the page computes its own.
"""

import ast
import doctest
import re

DIRECTIVE = re.compile(r"\s*# doctest:.*$", re.MULTILINE)


def code(text: str) -> str:
    """The code of an example, as it would stand in a file."""
    found = doctest.DocTestParser().get_examples(text)
    return "".join(_printed(example) for example in found)


def _printed(example: doctest.Example) -> str:
    """The statement, in `print(...)` where an interpreter would show its value."""
    source = DIRECTIVE.sub("", example.source)
    body = ast.parse(source).body
    shows = example.want and len(body) == 1 and isinstance(body[0], ast.Expr)
    if not shows or _prints(body[0]):
        return source
    end = "\n)\n" if "#" in source else ")\n"
    return f"print({source.rstrip()}{end}"


def _prints(node: ast.stmt) -> bool:
    """Is it a call of `print`?"""
    call = node.value if isinstance(node, ast.Expr) else None
    return (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "print"
    )
