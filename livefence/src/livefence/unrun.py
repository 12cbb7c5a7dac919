"""Python that a page shows and never runs, so that nobody sees when it is wrong."""

from __future__ import annotations

import ast
import html
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from textwrap import dedent

from livefence import header, page
from livefence.masked import Wrong, at
from livefence.settings import Settings

PLAIN = {"", "text", "txt", "plain", "plaintext", "none"}
WORD = re.compile(r"[\s{.]*(?P<word>[\w+-]*)")
SHELL = re.compile(r"(?P<language>bash|sh|console) *\{(?P<options>[^}]*)\}?")
PRE = re.compile(r"<pre\b[^>]*>(?P<code>.*?)</pre>", re.S | re.I)
TAG = re.compile(r"<[^>]*>")
HOW = "write ```python, or ```python { notest } where it is not to run"


def shown(
    text: str, prose: str, settings: Settings, source: str | None
) -> Iterator[Wrong]:
    """Code in fences of no language, in indented blocks and in <pre>; `prose` is the
    text without its fences."""
    if listed(settings, source):
        return
    yield from _fences(text, settings, source)
    lines = prose.split("\n")
    i = 0
    while i < len(lines):
        first, block = i, []
        while i < len(lines) and (lines[i].startswith("    ") or not lines[i].strip()):
            block.append(lines[i])
            i += 1
        i = max(i, first + 1)
        alone = first == 0 or not lines[first].strip()
        code = "\n".join(block)
        if not alone or not code.strip() or not is_code(code):
            continue
        start = next(k for k, line in enumerate(block) if line.strip())
        if page.misplaced(lines, first + start, " " * 4):
            yield first + start + 1, f"Python in an indented block never runs: {HOW}"
    for match in PRE.finditer(prose):
        if is_code(html.unescape(TAG.sub("", match["code"]))):
            yield at(prose, match), f"Python in a <pre> never runs: {HOW}"


def _fences(text: str, settings: Settings, source: str | None) -> Iterator[Wrong]:
    lines = text.split("\n")
    i = 0
    while i < len(lines):
        opening = page.FENCE.fullmatch(lines[i])
        if not opening or "`" in opening["info"]:
            i += 1
            continue
        last = page.closing(lines, i, opening["prefix"], opening["mark"])
        if last is None:
            i += 1
            continue
        code = "\n".join(line[len(opening["prefix"]) :] for line in lines[i + 1 : last])
        yield from ((i + 1, said) for said in _wrong(opening["info"], code))
        if not _may_stand(opening["info"], settings, source):
            said = (
                "notest: the block never runs, and the page is not among those that "
                "`notest` lists; let it run, or list the page"
            )
            yield i + 1, said
        i = last + 1


def _wrong(info: str, code: str) -> Iterator[str]:
    """What is wrong with one fence."""
    word = WORD.match(info)
    language = word["word"] if word else ""
    if language in PLAIN and is_code(code):
        kind = f"a fence of {language}" if language else "a fence without a language"
        yield f"Python in {kind} never runs: {HOW}"
    if header.is_python(info) and not code.strip():
        yield "the block has no code: write some, or take it away"
    shell = SHELL.fullmatch(info.strip())
    if shell and not header.command(info):
        unknown = [
            option
            for option in shell["options"].split()
            if "=" not in option and option[0] not in ".#"
        ]
        if unknown:
            yield (
                f"fence header {info.strip()!r}: {unknown[0]} is not known; write "
                f"{shell['language']} {{ run }}, or {shell['language']} alone"
            )


def _may_stand(info: str, settings: Settings, source: str | None) -> bool:
    """Whether a block that never runs may stand on this page."""
    if settings.notest is None or source is None or not header.is_python(info):
        return True
    head, fault = header.parse(info)
    return bool(fault or head.runs or head.check)


def listed(settings: Settings, source: str | None) -> bool:
    """Whether the page is one that may show code which never runs."""
    path = PurePosixPath(source or "")
    return any(path.match(each) for each in settings.notest or [])


def is_code(text: str) -> bool:
    """Does it read as Python that imports, defines, assigns or calls?"""
    try:
        tree = ast.parse(dedent(text))
    except (SyntaxError, ValueError):
        return False
    return any(
        isinstance(
            node,
            ast.Import
            | ast.ImportFrom
            | ast.Assign
            | ast.AugAssign
            | ast.FunctionDef
            | ast.ClassDef
            | ast.For
            | ast.With,
        )
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call))
        for node in tree.body
    )
