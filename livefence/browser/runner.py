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
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from livefence import figures
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
        self.modules = modules  # imported before a block that names them runs
        self.style: Path | None = None
        if style:
            self.style = Path.cwd() / "livefence.mplstyle"
            self.style.write_text(style, encoding="utf-8")
        self.chains: dict[str, Chain] = {}

    def run(self, name: str, blocks: list[str], prefix: str) -> str:
        """Run the last block, after those before it where they have not run as they
        are; JSON of what it drew, and of what went wrong.

        What a block finds is always what those before it leave, so that it gives the
        same each time.
        """
        chain = self.chains.get(name)
        if chain is None or chain.done != blocks[:-1]:
            chain = self.chains[name] = Chain(self.style)
        for k in range(len(chain.done), len(blocks)):
            last = k == len(blocks) - 1
            output = Output(self.show if last else lambda text: None)
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

    def check(self, answer: str, solution: str, names: list[str]) -> str:
        """Run the reader's answer, then the solution, and compare what they call by
        these names; JSON as of `run`, with `right` and the `verdict` in words."""
        output = Output(self.show)
        mine, right = Chain(self.style), Chain(self.style)
        try:
            drawn = self._block(mine, 0, answer, True, output)
        except BaseException as error:
            output.close()
            return json.dumps(_fault(error, 0, True))
        output.close()
        silent = Output(lambda text: None)
        self._block(right, 0, solution, True, silent)
        for each in names:
            name, _, digits = each.partition(":")
            wrong = judge(
                name,
                mine.module.__dict__.get(name),
                right.module.__dict__[name],
                int(digits or DIGITS),
            )
            if wrong:
                verdict = f"Not yet: {wrong}."
                return json.dumps({"figures": [], "right": False, "verdict": verdict})
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
        program = compile(plain, file, "exec", dont_inherit=True)
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
            exec(program, chain.module.__dict__)
            return _drawn() if last else []


DIGITS = 3  # of an answer that is no whole number


def judge(name: str, mine: Any, right: Any, digits: int = DIGITS) -> str | None:
    """What is wrong with an answer, or None. Whole numbers and texts must be equal,
    other numbers to some digits; of several the first that differs is named."""
    if mine is None:
        return f"give {name} a value"
    if mine is ...:
        return f"put your answer in place of the dots after {name} ="
    if isinstance(right, dict):
        if not isinstance(mine, dict) or set(mine) != set(right):
            return f"{name} must have the keys {', '.join(map(str, right))}"
        each = (
            judge(f"{name}[{key!r}]", mine[key], right[key], digits) for key in right
        )
        return next(filter(None, each), None)
    if isinstance(right, list | tuple) or getattr(right, "ndim", 0):
        try:
            mine, right = list(mine), list(right)
        except TypeError:
            return f"{name} must hold {len(right)} values, and is one"
        if len(mine) != len(right):
            return f"{name} must hold {len(right)} values, and holds {len(mine)}"
        pairs = enumerate(zip(mine, right, strict=True))
        each = (judge(f"{name}[{i}]", a, b, digits) for i, (a, b) in pairs)
        return next(filter(None, each), None)
    if isinstance(right, str):
        same = isinstance(mine, str) and mine.strip().lower() == right.strip().lower()
        return None if same else f"{name} is another word"
    try:
        low, value = float(mine), float(right)
    except (TypeError, ValueError):
        return f"{name} must be a number, and is {type(mine).__name__}"
    whole = float(right).is_integer() and not isinstance(right, float)
    slack = 0.0 if whole else 0.5 * 10.0 ** (1 - digits) * abs(value) or 1e-12
    if low != low:
        return f"{name} is nan"
    if abs(low - value) <= slack:
        return None
    return f"{name} is too {'small' if low < value else 'large'}"


def _drawn() -> list[str]:
    """The open figures as SVG; one of very many points as pixels in an SVG."""
    managers = sys.modules.get("matplotlib._pylab_helpers")
    if managers is None:
        return []
    found = []
    for manager in managers.Gcf.get_all_fig_managers():
        figure = manager.canvas.figure
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


_INSIDE = {__file__, os.path.abspath(__file__)}
