"""Runs a chain: its fences one after the other in one namespace."""

import ast
import contextlib
import html
import importlib
import io
import linecache
import os
import sys
import types
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from livefence import asserted, elsewhere, figures, judge, outside, page, shell, value
from livefence.chance import HOW, Watch
from livefence.faults import Fault, FenceError, OutputLimit, from_exception
from livefence.page import Cell, Command, Fence, Number
from livefence.settings import Settings
from livefence.timeout import time_limit

KEPT = 40  # lines of an output that was too much
MODULE = "fence"  # the __name__ that the code of a page sees
Filter = tuple[str, str, str, str, int]  # of warnings; the category as module:name


@dataclass(frozen=True)
class Figure:
    """A drawn figure: SVG without ids of its own, alt text and caption."""

    svg: str
    alt: str
    caption: str


@dataclass(frozen=True)
class Result:
    """What a fence printed and drew."""

    output: str
    figures: list[Figure]


class Chain:
    """A namespace, a canvas and an empty folder, which the fences of a chain share.

    It changes what it likes: it is meant for a process of its own, `livefence.process`.
    """

    def __init__(
        self,
        settings: Settings,
        path: str,
        file: str,
        filters: list[Filter] | None,
        folder: Path,
    ) -> None:
        self.settings = settings
        self.path = path  # as faults name it
        self.file = file  # as tracebacks name it
        self.filters = filters  # of warnings; None: each is an error
        self.module = types.ModuleType(MODULE)
        self.canvas = figures.Canvas(settings.style_file)
        self.folder = folder
        self.watch = Watch(file)
        self.outside = outside.Watch(file)
        self.failed: Fault | None = None  # of the first fence that failed
        self.output = ""  # of the fence that ran last, also when it failed

    @property
    def namespace(self) -> dict[str, Any]:
        """The names that the fences have bound."""
        return self.module.__dict__

    def run(self, cell: Cell) -> Result:
        """Run a fence; a FenceError holds what is wrong with it."""
        self.output = ""
        self._check(cell)
        if isinstance(cell, Command):
            return self._command(cell)
        if not isinstance(cell, Fence):
            return Result("", [])
        try:
            drawn = self._execute(cell)
        except FenceError as error:
            self.failed = error.faults[0]
            raise
        texts = page.figure_texts(cell.code)
        return Result(self.output, self._figures(cell, drawn, texts))

    def catch_up(self, fence: Fence) -> None:
        """Run a fence for its names alone; a failure is met by what comes next."""
        try:
            self._execute(fence, draw=False)
        except FenceError as error:
            self.failed = error.faults[0]

    def evaluate(self, number: Number) -> str:
        """The text of a number in prose."""
        self._check(number)
        text = self._format(number.expression, number.line)
        wrong = elsewhere.address(text) or elsewhere.path(text, self.settings.root)
        if wrong:
            said = f"{wrong} in `{{python}} {number.expression}`"
            raise FenceError(Fault(self.path, number.line, said))
        if number.typed not in (None, text):
            gives = f"`{{python}} {number.expression}` gives {text}"
            said = f"{gives}, where the page says {number.typed}{asserted.FIX}"
            raise FenceError(Fault(self.path, number.line, said))
        return text

    def record(self, cell: Cell) -> Any:
        """What the page should say of a cell: the lines of each piece of a fence, what
        each command printed, the text of a number."""
        self._check(cell)
        if isinstance(cell, Number):
            return self._format(cell.expression, cell.line)
        if isinstance(cell, Command):
            return shell.run(cell, self.path, self.folder, self.settings.patience)
        assert isinstance(cell, Fence)
        with self._running(cell.line):
            found = [
                asserted.printed_by(each, cell, self.file, self.namespace, keep=False)
                for each in asserted.pieces(cell)
            ]
            self.canvas.take()
        return found

    def _command(self, cell: Command) -> Result:
        """What commands print; of a session all is asserted and nothing shown again."""
        try:
            done = shell.run(cell, self.path, self.folder, self.settings.patience)
            shell.compare(done, cell, self.path)
        except FenceError as error:
            self.failed = error.faults[0]
            raise
        shown = [line for each in done if each.said is None for line in each.printed]
        self.output = "".join(f"{line}\n" for line in shown)
        return Result(self.output, [])

    def answers(self, check: str, heard: str) -> dict[str, Any] | None:
        """What a form that asks for these names can compare by itself, if it can; the
        fences, which are its solution, have printed what was `heard`."""
        if wrong := judge.mistaken(check, self.namespace, heard):
            raise FenceError(Fault(self.path, 0, wrong))
        return judge.plainly(check, self.namespace, heard)

    def _check(self, cell: Cell) -> None:
        """Report what the parser found, and what leans on a fence that failed."""
        if self.failed:
            where = f"the fence above failed on line {self.failed.line}"
            self._fail(cell.line, f"not run: {where}")
        if cell.fault:
            fault = Fault(self.path, cell.line, cell.fault)
            self.failed = fault if isinstance(cell, Fence) else None
            raise FenceError(fault)

    def _execute(self, fence: Fence, draw: bool = True) -> list[str]:
        """Run the code; the figures that it leaves open, as SVG."""
        with self._running(fence.line):
            source = "\n" * fence.line + fence.code
            if not Path(self.file).is_file():  # else tracebacks read the page
                lines = source.splitlines(keepends=True)
                linecache.cache[self.file] = (len(source), None, lines, self.file)
            if asserted.asserts(fence):
                self._asserted(fence)
            else:
                value.execute(source, self.file, self.namespace)
            return self.canvas.take() if draw else []

    def _asserted(self, fence: Fence) -> None:
        """Run code that says itself what it prints."""
        try:
            asserted.run(fence, self.file, self.namespace)
        except asserted.Unlike as error:
            raise FenceError(Fault(self.path, error.line, str(error))) from None

    def _format(self, expression: str, line: int) -> str:
        """The expression as an f-string would write it."""
        try:
            code = _as_f_string(expression)
        except SyntaxError as error:
            message = f"SyntaxError: {error.msg} in `{{python}} {expression}`"
            raise FenceError(Fault(self.path, line, message)) from error
        with self._running(line, f" in `{{python}} {expression}`"):
            return str(eval(code, self.namespace))

    def _figures(
        self, fence: Fence, drawn: list[str], texts: list[page.FigureText]
    ) -> list[Figure]:
        """The figures with their texts, or the fault of those that lack one."""
        line = fence.line
        if len(texts) > len(drawn):
            self._fail(line, f"{len(texts)} #| texts, but {len(drawn)} figures")
        found = []
        for i, svg in enumerate(drawn):
            alt, caption = self._texts(line, texts[i] if i < len(texts) else None)
            if not alt:
                which = f"figure {i + 1}" if len(drawn) > 1 else "the figure"
                self._fail(line, f"{which} has no alt text: add a line '#| alt: ...'")
            size = len(figures.wide(svg).encode()) / 1000
            if self.settings.captions and not caption:
                which = f"figure {i + 1}" if len(drawn) > 1 else "the figure"
                self._fail(
                    line, f"{which} has no caption: add a line '#| caption: ...'"
                )
            if self.settings.labels and self.canvas.unlabelled[i]:
                self._fail(line, "the axes say not what they are: plt.xlabel(...)")
            if size > self.settings.max_svg_kb:
                self._fail(
                    line,
                    f"the SVG has {size:.0f} kB, {self.settings.max_svg_kb:g} at most: "
                    "draw fewer points or set rasterized=True",
                )
            found.append(Figure(svg, alt, caption))
        return found

    def _texts(self, line: int, text: page.FigureText | None) -> tuple[str, str]:
        """Alt text and caption, their numbers filled in; the caption is Markdown."""
        if text is None:
            return "", ""
        alt, caption = text.alt, text.caption
        for span, expression in page.numbers_in(alt):
            alt = alt.replace(span, self._format(expression, line))
        for span, expression in page.numbers_in(caption):
            shown = number_html(self._format(expression, line))
            caption = caption.replace(span, shown)
        return alt, caption

    def _fail(self, line: int, message: str) -> None:
        raise FenceError(Fault(self.path, line, message))

    @contextlib.contextmanager
    def _running(self, line: int, where: str = "") -> Iterator[None]:
        """All that surrounds code of the page; what it raises becomes a FenceError."""
        stream = Heard(self.settings)
        try:
            with (
                self._as_main(),
                _in_folder(self.folder),
                contextlib.redirect_stdout(stream),
                contextlib.redirect_stderr(stream),
                _warnings(self.filters),
                self.canvas,
                self.outside.listening(),
                _ignored() as ignored,
                time_limit(self.settings.timeout, self.settings.patience),
            ):
                yield
            if self.watch.drawn():
                raise FenceError(Fault(self.path, line, HOW + where))
            shown = stream.getvalue()
            wrong = self.outside.refused or (ignored[0] if ignored else None)
            wrong = wrong or elsewhere.address(shown)
            wrong = wrong or elsewhere.path(shown, self.settings.root)
            if wrong:
                raise FenceError(Fault(self.path, line, wrong + where))
        except (FenceError, KeyboardInterrupt):
            raise
        except BaseException as error:
            fault = from_exception(error, self.path, self.file, line)
            if where:
                fault = Fault(self.path, line, fault.message + where, fault.detail)
            raise FenceError(fault) from error
        finally:
            self.output = stream.kept()

    @contextlib.contextmanager
    def _as_main(self) -> Iterator[None]:
        """The module of the chain can be found, as pickle and dataclasses need."""
        sys.modules[MODULE] = self.module
        try:
            yield
        finally:
            sys.modules.pop(MODULE, None)


class Heard(io.StringIO):
    """What a fence prints, which is stopped where it is too much."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        self.lines = self.size = 0

    def write(self, text: str) -> int:
        """Take it, or raise."""
        self.lines += text.count("\n")
        self.size += len(text.encode(errors="replace"))
        if self.too_much:
            lines, size = self.settings.max_output_lines, self.settings.max_output_kb
            raise OutputLimit(
                f"prints too much: {lines:,} lines and {size:g} kB at most; show the "
                "first few, as in x[:10]"
            )
        return super().write(text)

    @property
    def too_much(self) -> bool:
        """Is it more than the page may hold?"""
        most = 1000 * self.settings.max_output_kb
        return self.lines > self.settings.max_output_lines or self.size > most

    def kept(self) -> str:
        """What the page, or who reads of the fault, gets to see."""
        text = self.getvalue()
        if not self.too_much:
            return text
        return "".join(line[:200] for line in text.splitlines(True)[:KEPT]) + "...\n"


def number_html(value: str) -> str:
    """A number in prose as HTML."""
    return f'<span class="livefence-number">{html.escape(value)}</span>'


def _as_f_string(expression: str) -> types.CodeType:
    """The code of f"{expression}", which must be one replacement field."""
    quotes = next((q for q in ('"""', "'''") if q not in expression), '"""')
    tree = ast.parse(f"f{quotes}{{ {expression}}}{quotes}", mode="eval")
    parts = tree.body.values if isinstance(tree.body, ast.JoinedStr) else []
    fields = [part for part in parts if isinstance(part, ast.FormattedValue)]
    if len(fields) != 1 or parts[-1] is not fields[0]:
        raise SyntaxError("expected one expression")
    return compile(tree, "<number>", "eval", dont_inherit=True)


@contextlib.contextmanager
def _in_folder(folder: Path) -> Iterator[None]:
    """The working folder, so that no page leans on the files around it."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@contextlib.contextmanager
def _ignored() -> Iterator[list[str]]:
    """What is raised where nobody can catch it, as of a file that is never closed."""
    found: list[str] = []
    before = sys.unraisablehook

    def hear(raised: Any) -> None:
        said = f"{raised.exc_type.__name__}: {raised.exc_value}"
        if issubclass(raised.exc_type, ResourceWarning):
            said += ": close it, as in `with open(name) as file:`"
        found.append(said)

    sys.unraisablehook = hear
    try:
        yield found
    finally:
        sys.unraisablehook = before


@contextlib.contextmanager
def _warnings(filters: list[Filter] | None) -> Iterator[None]:
    """A warning is an error, unless there are filters, those of the tests."""
    with warnings.catch_warnings():
        if filters is None:
            warnings.simplefilter("error")
        else:
            _set_filters(filters)
        warnings.filterwarnings("ignore", ".* is non-interactive")  # plt.show()
        yield


def known_filters() -> list[Filter]:
    """The filters of warnings that are set here, as another process can set them."""
    return [
        (
            action,
            getattr(message, "pattern", message) or "",
            f"{category.__module__}:{category.__qualname__}",
            getattr(module, "pattern", module) or "",
            line,
        )
        for action, message, category, module, line in warnings.filters
    ]


def _set_filters(filters: list[Filter]) -> None:
    """Set them, but for those of pytest's own warnings, which no fence gives."""
    warnings.resetwarnings()
    for action, message, category, module, line in reversed(filters):
        where, _, name = category.partition(":")
        if where.partition(".")[0] in {"pytest", "_pytest"}:
            continue
        with contextlib.suppress(ImportError, AttributeError):
            kind = getattr(importlib.import_module(where), name)
            warnings.filterwarnings(action, message, kind, module, line)  # type: ignore[arg-type]
