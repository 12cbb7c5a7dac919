"""What is wrong with the code of a block, seen without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from livefence import names
from livefence.masked import Wrong
from livefence.page import Page
from livefence.settings import Settings

CLOSES = {"plt.close", "pyplot.close", "matplotlib.pyplot.close"}
SLEEPS = {"sleep", "time.sleep"}


def closed(parsed: Page) -> Iterator[Wrong]:
    """Figures that a block closes before anybody sees them."""
    for line, call in _calls(parsed, "savefig"):
        if ast.unparse(call.func) in CLOSES:
            yield line, "the figure is closed before it is shown: take the line away"


def waits(parsed: Page, settings: Settings) -> Iterator[Wrong]:
    """Blocks that sleep for longer than one may compute."""
    for line, call in _calls(parsed):
        if ast.unparse(call.func) not in SLEEPS or not call.args:
            continue
        given = call.args[0]
        seconds = given.value if isinstance(given, ast.Constant) else 0
        if isinstance(seconds, int | float) and seconds > settings.timeout:
            least = f"a block may take {settings.timeout:g}"
            yield line, f"sleeps for {seconds:g} s, and {least}: let it wait less"


def _calls(parsed: Page, unless: str = "\0") -> Iterator[tuple[int, ast.Call]]:
    """The calls in blocks that run, with their lines, of blocks without a word."""
    for fence in parsed.fences:
        if not fence.head.runs or unless in fence.code:
            continue
        for node in ast.walk(names.parsed(fence.code)):
            if isinstance(node, ast.Call):
                yield fence.line + node.lineno, node
