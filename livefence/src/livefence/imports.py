"""What a block imports and its readers do not have."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator

from livefence import names
from livefence.masked import Wrong
from livefence.page import Page
from livefence.settings import Settings

HOW = "write python { norun } where the page says what it needs"


def lacking(parsed: Page, settings: Settings) -> Iterator[Wrong]:
    """Imports of blocks that readers run, from elsewhere than Python and what `readers`
    lists, or from a folder that no wheel of the page brings along."""
    if settings.readers is None:
        return
    left_out = [each.strip("/").replace("/", ".") for each in settings.wheels_without]
    for fence in parsed.fences:
        if fence.head.norun or fence.fault or not fence.head.runs:
            continue
        for node in ast.walk(names.parsed(fence.code)):
            for name in _imported(node):
                top = name.partition(".")[0]
                line = fence.line + getattr(node, "lineno", 0)
                if top not in sys.stdlib_module_names and top not in settings.readers:
                    yield line, f"readers have no {top}: do without it, or {HOW}"
                elif any(f"{name}.".startswith(f"{each}.") for each in left_out):
                    yield line, f"the page has no {name} (wheels_without): {HOW}"


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and not node.level:
        return [node.module or ""]
    return []
