"""pytest: every fence and every number in prose of a page is a test.

pytest-markdown-docs collects the fences; it is handed livefence's parser and runner,
so that the tests read a page with the same eyes as the site.
Its runner interface is private: the version is pinned.
"""

from __future__ import annotations

import functools
import os
from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from livefence import nav, page
from livefence.faults import Fault, FenceError
from livefence.header import Header
from livefence.page import Cell, Command, Fence, Number
from livefence.process import ChainProcess, close_all
from livefence.quiet import quiet
from livefence.run import known_filters
from livefence.settings import Settings, config_in, from_config

SETTINGS = pytest.StashKey[Settings]()
CHAINS = pytest.StashKey["dict[Path, Kept]"]()


@dataclass
class Kept:
    """The chain that a file is at, and the source that has run in it."""

    source: str
    chain: ChainProcess


def pytest_configure(config: pytest.Config) -> None:
    """Read the site's settings, and take the place of the default runner; all this
    only where `--markdown-docs` asks for the tests of pages."""
    if not config.getoption("markdowndocs", False):
        return
    from pytest_markdown_docs._runners import register_runner

    os.environ.setdefault("MPLBACKEND", "agg")
    config.stash[SETTINGS] = from_config(config_in(config.rootpath))
    config.stash[CHAINS] = {}
    runner = type("LiveFenceRunner", (Runner,), {"config": config})
    register_runner(default=True)(runner)


def pytest_unconfigure(config: pytest.Config) -> None:
    """No process outlives the tests."""
    if SETTINGS in config.stash:
        _close_chains(config)
        close_all()


@pytest.hookimpl(tryfirst=True, optionalhook=True)
def pytest_markdown_docs_markdown_it() -> Any:
    """The parser of the site: fences in tabs and admonitions are fences."""
    return SimpleNamespace(parse=_tokens)


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(
    file_path: Path, parent: pytest.Collector
) -> Generator[None, list[Any], list[Any]]:
    """Pages are collected with their numbers and faults."""
    collectors = yield
    if SETTINGS not in parent.config.stash:
        return collectors
    plain, ours, docstrings = _page_classes()
    if file_path.name == "conftest.py":  # two of them cannot be imported by one name
        collectors = [c for c in collectors if type(c) is not docstrings]
    return [
        ours.from_parent(parent, path=file_path) if type(c) is plain else c
        for c in collectors
    ]


@functools.cache
def _page_classes() -> tuple[Any, Any, Any]:
    """The collector of pages of pytest-markdown-docs, the one that takes its place, and
    the collector of docstrings.

    Imported late: pytest rewrites the assertions of the plugins that it loads.
    """
    from pytest_markdown_docs.plugin import (
        MarkdownDocstringCodeModule,
        MarkdownTextFile,
    )

    ours = type("MarkdownPage", (Collector, MarkdownTextFile), {})
    return MarkdownTextFile, ours, MarkdownDocstringCodeModule


class Collector:
    """Collects the fences, and among them what else of a page can fail."""

    def collect(self: Any) -> Iterator[pytest.Item]:
        """All items, in the order of the page."""
        wrong = quiet(
            self.path,
            _shown(self.config, self.path),
            nav.read(config_in(self.config.rootpath)),
            self.config.stash[SETTINGS],
        )
        for k, fault in enumerate(wrong):
            name = f"[Quiet#{k + 1}][line:{fault.line}]"
            item = QuietItem.from_parent(self, name=name)
            item.fault = fault
            yield item
        try:
            self.path.read_text(encoding="utf-8")
        except UnicodeDecodeError:  # which is among them
            return
        fences = {item.start_line: item for item in super().collect()}  # type: ignore[misc]
        names: Counter[str] = Counter()
        for chain in page.read(self.path).chains:
            for i, cell in enumerate(chain):
                if cell.line in fences and isinstance(cell, Fence):
                    yield fences[cell.line]
                    continue
                kind = "Number" if isinstance(cell, Number) else "Fault"
                kind = "Command" if isinstance(cell, Command) else kind
                name = f"[{kind}][line:{cell.line}]"
                names[name] += 1
                suffix = f"[{names[name]}]" if names[name] > 1 else ""
                item = CellItem.from_parent(self, name=name + suffix)
                item.cell = cell
                item.before = [c for c in chain[:i] if isinstance(c, Fence)]
                yield item


class CellItem(pytest.Item):
    """A number in prose, or something that the parser found wrong."""

    cell: Cell
    before: list[Fence]

    def runtest(self) -> None:
        """Evaluate the cell where it stands in its chain."""
        faulty = [fence for fence in self.before if fence.fault]
        if faulty:
            where = f"{_shown(self.config, self.path)}:{self.cell.line}"
            line = faulty[0].line
            pytest.fail(f"{where}: not run: the fence on line {line} is faulty")
        chain = _chain(self.config, self.path, _joined(self.before))
        if isinstance(self.cell, Number):
            chain.evaluate(self.cell)
        else:
            chain.run(self.cell)

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """The file and the line."""
        if isinstance(excinfo.value, FenceError):
            return _report(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the cell stands."""
        return self.path, self.cell.line - 1, self.name


class QuietItem(pytest.Item):
    """Something that is wrong with the text and fails nowhere else."""

    fault: Fault

    def runtest(self) -> None:
        """Fail."""
        raise FenceError(self.fault)

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """The file and the line."""
        return _report(excinfo.value)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where it stands."""
        return self.path, self.fault.line - 1, self.name


class Runner:
    """Runs a fence in the namespace of the fences it continues."""

    config: pytest.Config

    def runtest(self, test: Any, args: dict[str, Any], **_: Any) -> None:
        """Run one fence; no TypeError may leave, or it would be run again."""
        before, code = _split(test.source, test.start_line)
        path = Path(test.source_path)
        chain = _chain(self.config, path, before)
        if args:
            chain.bind(args)
        kept = self.config.stash[CHAINS]
        kept[path] = Kept(_key(test.source), chain)
        chain.run(_fence_at(path, test.start_line) or _as_fence(test.start_line, code))

    def repr_failure(self, test: Any, excinfo: Any, style: Any = None) -> str:
        """The file and the line, the traceback within the page, what was printed."""
        error = excinfo.value
        if not isinstance(error, FenceError):
            return str(excinfo.getrepr(style=style or "long"))
        kept = self.config.stash[CHAINS].get(Path(test.source_path))
        return _report(error, kept.chain.output if kept else "")


def _tokens(text: str) -> list[Any]:
    """The fences as tokens of markdown-it, the form pytest-markdown-docs reads."""
    parsed = page.parse(text)
    return [
        SimpleNamespace(type="fence", map=[f.line - 1, 0], info=info, content=f.code)
        for chain in parsed.chains
        for f, info in _sound(chain)
    ]


def _sound(chain: tuple[Cell, ...]) -> Iterator[tuple[Fence, str]]:
    """The fences of a chain before the first faulty one, with a plain header."""
    info = "python"
    for cell in chain:
        if isinstance(cell, Fence):
            if cell.fault:
                return
            yield cell, info
            info = "python continuation"


def _chain(config: pytest.Config, path: Path, before: str) -> ChainProcess:
    """The chain in which the source `before` has run, in this process or now."""
    kept = config.stash[CHAINS].get(path)
    if kept and before.strip() and kept.source == _key(before):
        return kept.chain
    settings = config.stash[SETTINGS]
    _close_chains(config)
    shown = _shown(config, path)
    chain = ChainProcess(settings, shown, str(path), known_filters())
    if before.strip():
        chain.catch_up(_as_fence(0, before))
    config.stash[CHAINS][path] = Kept(_key(before), chain)
    return chain


def _close_chains(config: pytest.Config) -> None:
    """The tests come page by page: the chain before is done with."""
    kept = config.stash[CHAINS]
    while kept:
        kept.popitem()[1].chain.close()


def _shown(config: pytest.Config, path: Path) -> str:
    """The path as faults name it."""
    return os.path.relpath(path, config.rootpath).replace(os.sep, "/")


def _joined(fences: list[Fence]) -> str:
    """The code of the fences, each line on its line of the file."""
    source = ""
    for fence in fences:
        source += "\n" * (fence.line - source.count("\n")) + fence.code
    return source


def _split(source: str, start_line: int) -> tuple[str, str]:
    """The code that a fence continues, and its own."""
    lines = source.splitlines(keepends=True)
    return "".join(lines[:start_line]), "".join(lines[start_line:])


def _key(source: str) -> str:
    return source.rstrip("\n")


def _fence_at(path: Path, line: int) -> Fence | None:
    """The fence as the page has it, which may say what its code gives."""
    found = [fence for fence in page.read(path).fences if fence.line == line]
    return found[0] if found else None


def _as_fence(line: int, code: str) -> Fence:
    return Fence(line, 0, 0, "", "```", Header(), code)


def _report(error: FenceError, output: str = "") -> str:
    fault = error.faults[0]
    text = str(fault)
    if fault.detail:
        text += f"\nTraceback (most recent call last):\n{fault.detail.rstrip()}"
    return f"{text}\nPrinted:\n{output}" if output else text
