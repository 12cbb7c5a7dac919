"""Runs the blocks of a page in the reader's browser, as the build ran them.

Loaded by `worker.js` under Pyodide, with `livefence.figures` beside it; nothing here
needs a browser, so that it is tested without one.
"""

from __future__ import annotations

import base64
import contextlib
import importlib
import io
import json
import linecache
import os
import sys
import time
import traceback
import types
import warnings
from collections.abc import Callable, Iterable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from livefence import figures, judge, names, value
from livefence.browser.state import Shelf

MOST = 100_000  # characters of output that are shown
OFTEN = 0.05  # seconds between two pieces of output
LARGEST = 1_000_000  # bytes of an SVG, beyond which a figure is drawn in pixels
OURS = "livefence"  # frames in it are not the reader's


class Output(io.TextIOBase):
    """Hands on what is printed, in pieces, up to a limit."""

    def __init__(self, show: Callable[[str], object]) -> None:
        self.show = show
        self.waiting: list[str] = []
        self.shown = self.left_out = 0
        self.last = 0.0

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, text: str) -> int:
        """Keep the text for the next piece."""
        room = max(MOST - self.shown, 0)
        self.left_out += max(len(text) - room, 0)
        self.shown += min(len(text), room)
        if room:
            self.waiting.append(text[:room])
        if time.monotonic() - self.last > OFTEN:
            self.flush()
        return len(text)

    def flush(self) -> None:
        """Hand on what waits."""
        if self.waiting:
            self.show("".join(self.waiting))
            self.waiting.clear()
        self.last = time.monotonic()

    def close(self) -> None:
        """Hand on the rest, and say what was left out."""
        if self.left_out:
            self.waiting.append(f"\n... and {self.left_out:,} characters more\n")
            self.left_out = 0
        self.flush()


class Chain:
    """A namespace and a canvas that the blocks of a chain share, as on the page."""

    def __init__(self, style: Path | None) -> None:
        self.module = types.ModuleType("fence")
        self.canvas = figures.Canvas(style)
        self.shelf = Shelf()
        self.done: list[str] = []  # the code of the blocks that ran, in order


class Runner:
    """The chains of all pages that were opened."""

    def __init__(
        self,
        show: Callable[[str], object],
        style: str,
        colors: dict[str, str],
        modules: Sequence[str] = (),
    ) -> None:
        self.show, self.colors = show, colors
        # Whoever imports matplotlib first: its own backend for browsers evaluates
        # scripts at plt.show(), which the policy of the page forbids.
        os.environ["MPLBACKEND"] = "agg"
        self.modules = modules  # imported before a block that names them runs
        self.narrow = False  # the reader has a phone: figures in its width
        self.style: Path | None = None
        if style:
            self.style = Path.cwd() / "livefence.mplstyle"
            self.style.write_text(style, encoding="utf-8")
        self.chains: dict[str, Chain] = {}

    def run(
        self, name: str, blocks: list[str], prefix: str, quiet: bool = False
    ) -> str:
        """Run the last block, after those before it where they have not run as they
        are; JSON of what it drew, and of what went wrong.

        What a block finds is always what those before it leave, so that it gives the
        same each time. A `quiet` run is for what the blocks define: what has run as it
        is does not run again.
        """
        chain = self.chains.get(name)
        if quiet and chain and chain.done[: len(blocks)] == blocks:
            return json.dumps({"figures": []})
        if chain is None or chain.done != blocks[:-1]:
            chain = self.chains[name] = Chain(self.style)
        for k in range(len(chain.done), len(blocks)):
            last = k == len(blocks) - 1
            loud = last and not quiet
            output = Output(self.show if loud else lambda text: None)
            try:
                drawn = self._block(chain, k, blocks[k], last, output)
            except BaseException as error:
                del self.chains[name]
                output.close()
                return json.dumps(_fault(error, k, last))
            output.close()
            chain.done.append(blocks[k])
        return json.dumps({"figures": self._inline(drawn, prefix)})

    def _inline(self, drawn: list[str], prefix: str) -> list[str]:
        """Figures as they stand in a page; their ids begin with `prefix`."""
        return [
            figures.inline(svg, f"{prefix}{i}-", "", self.colors)
            for i, svg in enumerate(drawn)
        ]

    def needs(self, answer: str, chains: list[list[str]]) -> str:
        """Which of the chains above it the answer leans on: JSON of pairs, the place of
        a chain and how many of its blocks it takes."""
        return json.dumps(names.sources(answer, chains))

    def check(
        self,
        answer: str,
        solution: str,
        asked: list[str],
        above: Sequence[tuple[str, list[str]]] = (),
    ) -> str:
        """Run the reader's answer, then the solution, and tell whether what they call
        by these names is right; JSON as of `run`, with `right` and the `verdict`.

        The answer finds what the chains `above` leave, each given by its name and its
        blocks. A solution that defines a function `right` says by it which answers are
        right: it is given those of the reader, and returns True, or False, or in words
        what is wrong. Otherwise each name is compared with the solution's (`judge`). A
        wrong answer that stands in its `mistakes` gets the words that stand there.
        """
        output = Output(self.show)
        mine = Chain(self.style)
        for name, blocks in above:
            failed = json.loads(self.run(name, blocks, "above", quiet=True))
            if "figures" not in failed or "error" in failed or "stopped" in failed:
                return json.dumps(failed | {"where": len(blocks) - 1})
            mine.module.__dict__.update(_defined(self.chains[name]))
        try:
            drawn = self._block(mine, 0, answer, True, output)
        except BaseException as error:
            output.close()
            comma = isinstance(error, SyntaxError) and judge.comma_in(error.text)
            if comma:
                return _verdict(comma)
            return json.dumps(_fault(error, 0, True))
        output.close()
        heard: list[str] = []
        solved = Chain(self.style)
        self._block(solved, 0, solution, True, said := Output(heard.append))
        said.close()
        wrong = _wrong(
            judge.asked(asked),
            mine.module.__dict__,
            solved.module.__dict__,
            "".join(heard),
        )
        if wrong:
            return _verdict(wrong)
        shown = self._inline(drawn, "answer")
        return json.dumps({"figures": shown, "right": True, "verdict": "Right."})

    def _block(
        self, chain: Chain, k: int, code: str, last: bool, output: Output
    ) -> list[str]:
        """Run one block; its figures. A notebook's own lines, `%config`, do nothing."""
        file = _file(k, last)
        lines = code.splitlines(keepends=True)
        linecache.cache[file] = (len(code), None, lines, file)
        plain = "".join("\n" if line.startswith("%") else line for line in lines)
        for name in self.modules:  # so that their functions are known as they are
            if name in code:
                with contextlib.suppress(Exception):
                    importlib.import_module(name)
        with (
            chain.shelf.out(),
            redirect_stdout(output),
            redirect_stderr(output),
            warnings.catch_warnings(),
            chain.canvas,
        ):
            warnings.filterwarnings("ignore", ".* is non-interactive")  # plt.show()
            sys.modules[chain.module.__name__] = chain.module
            value.execute(plain, file, chain.module.__dict__)
            return _drawn(self.narrow) if last else []


def _defined(chain: Chain) -> dict[str, Any]:
    """What the blocks of a chain have bound."""
    bound = chain.module.__dict__
    return {name: bound[name] for name in bound if not name.startswith("__")}


def _wrong(
    asked: Iterable[tuple[str, str]],
    given: dict[str, Any],
    known: dict[str, Any],
    heard: str,
) -> str | None:
    """What is wrong with the answers `given`, by those that the solution gives and by
    what it prints, or None."""
    asked = list(asked)
    answers = {name: given.get(name) for name, _ in asked}
    mistakes = known.get("mistakes")
    if callable(right := known.get("right")):
        solved = {name: known[name] for name in answers}
        wrong = judge.asked_of(right, answers, solved)
        each = (judge.recognised(a, answers[a], mistakes, how) for a, how in asked)
        return wrong and next(filter(None, each), wrong)
    told = judge.printed(heard)
    for name, how in asked:
        if wrong := judge.judge(name, answers[name], known[name], how, told):
            return judge.recognised(name, answers[name], mistakes, how) or wrong
    return None


def _verdict(wrong: str) -> str:
    told = judge.verdict(wrong)
    return json.dumps({"figures": [], "right": False, "verdict": told})


def _drawn(narrow: bool) -> list[str]:
    """The open figures as SVG; one of very many points as pixels in an SVG."""
    managers = sys.modules.get("matplotlib._pylab_helpers")
    if managers is None:
        return []
    found = []
    for manager in managers.Gcf.get_all_fig_managers():
        figure = manager.canvas.figure
        small = narrow and figure.get_size_inches()[0] > figures.NARROW
        with figures.narrowed(figure) if small else contextlib.nullcontext():
            svg = figures.to_svg(figure)
            found.append(svg if len(svg) <= LARGEST else _pixels(figure))
    figures.close_all()
    return found


def _pixels(figure: Any) -> str:
    """The figure as a PNG of twice the usual resolution, in an SVG of its size."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=144, facecolor="white")
    data = base64.b64encode(stream.getvalue()).decode()
    width, height = figure.get_size_inches() * 72
    box = f"0 0 {width:g} {height:g}"
    return (
        f'<svg viewBox="{box}" style="max-width:{width * 96 / 72:.0f}px">'
        f'<image width="{width:g}" height="{height:g}" '
        f'href="data:image/png;base64,{data}"/></svg>'
    )


def _file(k: int, last: bool) -> str:
    """How a traceback names a block."""
    return "this block" if last else f"block {k + 1} of those that this one continues"


def _fault(error: BaseException, k: int, last: bool) -> dict[str, Any]:
    """What went wrong, as the reader should see it."""
    where = None if last else k
    if isinstance(error, KeyboardInterrupt):
        return {"figures": [], "stopped": True, "where": where}
    if isinstance(error, ModuleNotFoundError) and error.name:
        missing = error.name.partition(".")[0]
    else:
        missing = None
    shown = traceback.TracebackException.from_exception(error)
    each: Any = shown
    while each is not None:
        mine = [f for f in each.stack if f.filename not in _INSIDE]
        each.stack = traceback.StackSummary.from_list(mine)
        each = each.__cause__ or each.__context__
    text = "".join(shown.format())
    return {"figures": [], "error": text, "missing": missing, "where": where}


_INSIDE = {
    place(file)
    for file in (__file__, value.__file__)
    for place in (str, os.path.abspath)
}
