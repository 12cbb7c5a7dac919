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
import math
import os
import re
import sys
import time
import traceback
import types
import warnings
from collections.abc import Callable, Iterable, Sequence
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
        # Whoever imports matplotlib first: its own backend for browsers evaluates
        # scripts at plt.show(), which the policy of the page forbids.
        os.environ["MPLBACKEND"] = "agg"
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
        """Run the reader's answer, then the solution, and tell whether what they call
        by these names is right; JSON as of `run`, with `right` and the `verdict`.

        A solution that defines a function `right` says by it which answers are right:
        it is given those of the reader, and returns True, or False, or in words what
        is wrong. Otherwise each name is compared with the solution's (`judge`).
        """
        output = Output(self.show)
        mine = Chain(self.style)
        try:
            drawn = self._block(mine, 0, answer, True, output)
        except BaseException as error:
            output.close()
            if isinstance(error, SyntaxError) and (comma := _comma_in(error.text)):
                return _verdict(comma)
            return json.dumps(_fault(error, 0, True))
        output.close()
        heard: list[str] = []
        solved = Chain(self.style)
        self._block(solved, 0, solution, True, said := Output(heard.append))
        said.close()
        asked = [each.partition(":")[::2] for each in names]
        given, known = mine.module.__dict__, solved.module.__dict__
        answers = {name: given.get(name) for name, _ in asked}
        if callable(right := known.get("right")):
            solutions = {name: known[name] for name, _ in asked}
            wrong = asked_of(right, answers, solutions)
        else:
            told = printed("".join(heard))
            each = (
                judge(name, answers[name], known[name], how, told)
                for name, how in asked
            )
            wrong = next(filter(None, each), None)
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
ROUNDED = 2  # digits to which an answer may be rounded, if it is rounded right
NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+(?:e[-+]?\d+)?|e[-+]?\d+)", re.IGNORECASE)
COMMA = re.compile(r"(?<![\w.,])[-+]?\d+,0\d+(?![\w.,])")


def judge(
    name: str, mine: Any, right: Any, how: str = "", told: Iterable[str] = ()
) -> str | None:
    """What is wrong with an answer, or None.

    Whole numbers and words must be equal. Another number must agree to three digits,
    with `how` "2" to two, with ".3" to a unit of the third decimal. Without decimals
    to keep to, it may also be the right one rounded to two digits or more, or as the
    solution prints it: `told` has the numbers that it prints. Of several answers the
    first that differs is named.
    """
    if missing := unanswered(name, mine):
        return missing
    if isinstance(right, dict):
        if not isinstance(mine, dict) or set(mine) != set(right):
            return f"{name} must have the keys {', '.join(map(str, right))}"
        each = (
            judge(f"{name}[{key!r}]", mine[key], right[key], how, told) for key in right
        )
        return next(filter(None, each), None)
    if isinstance(right, list | tuple) or getattr(right, "ndim", 0):
        return _judge_all(name, mine, list(right), how, told)
    if isinstance(right, str):
        return None if _word(mine) == _word(right) else f"{name} is another word"
    low, complaint = number(name, mine)
    if complaint:
        return complaint
    value = float(right)
    whole = value.is_integer() and not isinstance(right, float)
    if low == value or (not whole and _is_near(low, value, how, told)):
        return None
    return f"{name} is too {'small' if low < value else 'large'}"


def _judge_all(
    name: str, mine: Any, right: list[Any], how: str, told: Iterable[str]
) -> str | None:
    """What is wrong with several answers in a row, or None."""
    if isinstance(mine, str | dict | set):
        kind = type(mine).__name__
        return f"{name} must be a list of {len(right)} values, and is a {kind}"
    try:
        mine = list(mine)
    except TypeError:
        return f"{name} must hold {len(right)} values, and is one"
    if len(mine) != len(right):
        wrong = f"{name} must hold {len(right)} values, and holds {len(mine)}"
        if len(mine) == 2 * len(right) and all(type(each) is int for each in mine):
            wrong += " (a decimal comma makes two of one: write a point)"
        return wrong
    pairs = enumerate(zip(mine, right, strict=True))
    each = (judge(f"{name}[{i}]", a, b, how, told) for i, (a, b) in pairs)
    return next(filter(None, each), None)


def unanswered(name: str, mine: Any) -> str | None:
    """What is still to be filled in of an answer, or None."""
    if mine is None:
        return f"give {name} a value"
    if mine is ...:
        return f"put your answer in place of the dots after {name} ="
    if isinstance(mine, list | tuple | dict):
        inside = mine.values() if isinstance(mine, dict) else mine
        if any(each is ... for each in inside):
            return f"put your answers in place of the dots in {name}"
    return None


def number(name: str, mine: Any) -> tuple[float, str | None]:
    """An answer as a number, with what is wrong where it is none.

    An array or a list of one value is that value.
    """
    while isinstance(mine, list | tuple) and len(mine) == 1:
        mine = mine[0]
    if getattr(mine, "ndim", 0) and getattr(mine, "size", 0) == 1:
        mine = mine.item()
    if isinstance(mine, tuple) and [type(each) for each in mine] == [int, int]:
        return math.nan, _comma(name, f"{mine[0]}.{mine[1]}")
    if isinstance(mine, str) and re.fullmatch(r"\s*[-+]?\d+,\d+\s*", mine):
        return math.nan, _comma(name, mine.strip().replace(",", "."))
    kind = type(mine).__name__
    many = getattr(mine, "shape", None) or (
        len(mine) if isinstance(mine, list | tuple) else None
    )
    if many:
        size = math.prod(many) if isinstance(many, tuple) else many
        return math.nan, f"{name} must be one number, and holds {size}"
    try:
        if kind in ("bool", "bool_"):
            raise TypeError
        value = float(mine)
    except OverflowError:
        return math.nan, f"{name} is too {'small' if mine < 0 else 'large'}"
    except Exception:
        return math.nan, f"{name} must be a number, and is {kind}"
    return value, f"{name} is nan" if math.isnan(value) else None


def asked_of(
    right: Callable[..., Any], answers: dict[str, Any], solved: dict[str, Any]
) -> str | None:
    """What the solution's own function says is wrong with the answers, or None.

    Where the solution's answer is a number, so is what the function is given, if the
    reader's can be read as one.
    """
    given, complaints = [], []
    for name, mine in answers.items():
        if missing := unanswered(name, mine):
            return missing
        if isinstance(solved[name], int | float) or _is_scalar(solved[name]):
            value, complaint = number(name, mine)
            complaints += [complaint] if complaint else []
            mine = mine if complaint else value
        given.append(mine)
    try:
        told = right(*given)
        if isinstance(told, str):
            return told
        told = bool(told)
    except Exception as error:
        plain = f"{' and '.join(answers)} cannot be read as an answer ({error})"
        return next(iter(complaints), plain)
    if told:
        return None
    several = "are" if len(answers) > 1 else "is"
    return next(iter(complaints), f"{' and '.join(answers)} {several} not right")


def _is_scalar(value: Any) -> bool:
    """Whether it is one number of numpy's."""
    return hasattr(value, "dtype") and not getattr(value, "ndim", 0)


def printed(text: str) -> list[str]:
    """The numbers with decimals, or a power of ten, in what a solution prints."""
    return [found.replace(",", "") for found in NUMBER.findall(text)]


def _is_near(mine: float, value: float, how: str, told: Iterable[str]) -> bool:
    """Whether a number is the value, as far as `judge` asks."""
    if how.startswith("."):
        return abs(mine - value) <= 10.0 ** -int(how[1:])
    if not math.isfinite(mine) or not math.isfinite(value):
        return False
    most = int(how or DIGITS)
    slack = 0.5 * 10.0 ** (1 - most) * abs(value) or 1e-12
    if abs(mine - value) <= slack:
        return True
    rounded = (float(f"{value:.{digits - 1}e}") for digits in range(ROUNDED, most))
    return mine != 0 and (
        mine in rounded
        or any(mine == float(each) and _rounds(value, each) for each in told)
    )


def _rounds(value: float, text: str) -> bool:
    """Whether the text is this value, rounded to the digits that it shows."""
    mantissa, _, power = text.lower().partition("e")
    unit = 10.0 ** (int(power or 0) - len(mantissa.partition(".")[2]))
    return abs(float(text) - value) <= 0.5000001 * unit


def _word(text: Any) -> str | None:
    """A word as it is compared: letters and digits alone, small; letters in a list
    are one word."""
    if isinstance(text, list | tuple) or getattr(text, "ndim", 0):
        text = "".join(map(str, text))
    if not isinstance(text, str):
        return None
    return "".join(filter(str.isalnum, text)).lower()


def _comma(name: str, better: str) -> str:
    return f"{name} must be one number: write {better}, with a point for the comma"


def _comma_in(line: str | None) -> str | None:
    """What to say of a line that Python cannot read for its decimal comma, or None."""
    found = COMMA.search(line or "")
    if found is None:
        return None
    return f"write {found[0].replace(',', '.')}, with a point for the comma"


def _verdict(wrong: str) -> str:
    return json.dumps({"figures": [], "right": False, "verdict": f"Not yet: {wrong}."})


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
