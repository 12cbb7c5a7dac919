"""A page's text -> its cells in order: the one parser of the site and of the tests.

A cell is a Python fence, a number in prose (`` `{python} x:.3f` ``) or a piece of
text that only looks like a fence. A chain is a fence with the fences that continue
it and the numbers that stand among them: it runs in one namespace.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from livefence import header, session

FRONT_MATTER = re.compile(r"---[ \t]*\n.*?\n(?:\.{3}|-{3})[ \t]*\n", re.DOTALL)
FENCE = re.compile(r"(?P<prefix>[> ]*)(?P<mark>`{3,}|~{3,})(?P<info>.*)")
ON_A_MARKER = re.compile(r"[> ]*(?:[-*+]|\d+[.)]) +(?:`{3,}|~{3,})(?P<info>.*)")
CONTAINER = re.compile(
    r"(?:[-*+]|\d+[.)]|:) |!!! |\?\?\?\+? |===[!+]* |\[\^[^\]]+\]:|/{3,}"
)
BACKTICKS = re.compile(r"(?<!\\)(?P<mark>`+)(?P<content>.+?)(?<!`)(?P=mark)(?!`)", re.S)
NUMBER = re.compile(r"\{python\}\s+(.*)", re.S)
TYPED = re.compile(  # a number that the page says itself, and the code that gives it
    r"<!-- *\{python\} +(?P<expression>(?:(?!-->).)+?) *-->"
    r"(?P<value>[^<\n]*)<!-- */ *-->",
    re.S,
)
COMMENT = re.compile(r"#\|\s?(?:(?P<key>[a-z]+):(?:\s+|$))?(?P<value>.*)")


@dataclass(frozen=True)
class FigureText:
    """What a fence says of one of its figures; either may hold numbers in prose."""

    alt: str = ""
    caption: str = ""


@dataclass(frozen=True)
class Cell:
    """A piece of the page that livefence answers for."""

    line: int  # in the file, from 1
    start: int  # offsets in the text of the page
    end: int
    fault: str | None = field(default=None, kw_only=True)


@dataclass(frozen=True)
class Fence(Cell):
    """A Python fence; its first line of code stands on `line + 1`."""

    prefix: str  # the blanks and > before it
    mark: str
    head: header.Header
    code: str  # without prefix, with the #| lines
    console: str = field(default="", kw_only=True)  # a session with its prompts

    @property
    def source(self) -> str:
        """The code that a reader copies."""
        lines = self.code.splitlines()
        return "\n".join(lines[self.n_comments :]).strip("\n")

    @property
    def seen(self) -> str:
        """The code that a reader sees."""
        return self.console.strip("\n") or self.source

    @property
    def n_comments(self) -> int:
        """How many #| lines stand at the top."""
        return count_comments(self.code)

    @property
    def fold(self) -> str:
        """The words under which the code is folded away, or none."""
        return " ".join(value for key, value in _comments(self.code) if key == "fold")


@dataclass(frozen=True)
class Number(Cell):
    """An expression in prose, as it would stand in the braces of an f-string."""

    expression: str
    in_math: bool = False  # between dollars, where HTML has no place
    typed: str | None = None  # what the page says itself, between two comments


@dataclass(frozen=True)
class Command(Cell):
    """Commands of a shell that are to run; `session` with prompts and outputs."""

    prefix: str
    mark: str
    language: str
    code: str

    @property
    def session(self) -> bool:
        """Has it prompts?"""
        return self.language == "console"


@dataclass(frozen=True)
class Page:
    """The cells of a page, in order, with the line numbers of its file."""

    text: str
    cells: tuple[Cell, ...]

    @property
    def fences(self) -> list[Fence]:
        """All Python fences, those that do not run among them."""
        return [cell for cell in self.cells if isinstance(cell, Fence)]

    @property
    def chains(self) -> list[tuple[Cell, ...]]:
        """The cells that run or are at fault, grouped by the namespace they share."""
        chains: list[list[Cell]] = []
        last: list[Cell] | None = None  # of Python
        for cell in self.cells:
            if isinstance(cell, Fence) and not cell.head.runs and not cell.fault:
                continue
            if isinstance(cell, Command):
                chains.append([cell])
                continue
            if last is None or (isinstance(cell, Fence) and not cell.head.continuation):
                chains.append(last := [])
            last.append(cell)
        return [tuple(chain) for chain in chains]

    def chain_of(self, fence: Fence) -> int:
        """The place of its chain among all of the page."""
        return next(i for i, chain in enumerate(self.chains) if fence in chain)

    def solution_of(self, form: Fence) -> int | None:
        """The place of the chain whose fences solve the exercise of a form: the next
        that runs."""
        after = self.fences[self.fences.index(form) + 1 :]
        running = (fence for fence in after if fence.head.runs)
        solution = next(running, None)
        return None if solution is None else self.chain_of(solution)

    def copied(self, fence: Fence) -> str:
        """The fence with all that it continues: what the copy button gives."""
        if not fence.head.runs:
            return fence.source + "\n"
        chain = self.chains[self.chain_of(fence)]
        upto = chain[: chain.index(fence) + 1]
        sources = [cell.source for cell in upto if isinstance(cell, Fence)]
        return "\n\n".join(filter(None, sources)) + "\n"


def normalise(text: str) -> str:
    """The text as Python-Markdown sees it: no tabs, no blanks on empty lines."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").expandtabs(4)
    return re.sub(r"(?<=\n) +\n", "\n", text)


def read(path: Path) -> Page:
    """The page in a file, front matter and all."""
    return parse(path.read_text(encoding="utf-8"))


def parse(text: str, first_line: int = 1) -> Page:
    """The page in a text whose first line is line `first_line` of its file."""
    text = normalise(text)
    cells: list[Cell] = []
    for cell in sorted(_scan(text), key=lambda cell: cell.start):
        cells.append(_placed(replace(cell, line=cell.line + first_line - 1), cells))
    return Page(text, tuple(cells))


def _placed(cell: Cell, before: list[Cell]) -> Cell:
    """The cell, with a fault if it needs a fence before it and there is none."""
    running = any(isinstance(c, Fence) and c.head.runs for c in before)
    if not cell.fault and isinstance(cell, Fence) and cell.head.runs:
        cell = _as_before(cell, before)
    if cell.fault or running:
        return cell
    if isinstance(cell, Number):
        return replace(cell, fault=f"`{{python}} {cell.expression}` has no fence above")
    if isinstance(cell, Fence) and cell.head.runs and cell.head.continuation:
        return replace(cell, fault="stale continuation: no Python fence comes before")
    return cell


def _as_before(fence: Fence, before: list[Cell]) -> Fence:
    """The fence, with a fault if readers can run it and not all that it continues, or
    the other way round."""
    chain = [c for c in before if isinstance(c, Fence) and c.head.runs]
    if chain and fence.head.continuation and fence.head.norun != chain[-1].head.norun:
        fault = "norun must stand on all fences of a chain, or on none"
        return replace(fence, fault=fault)
    return fence


def _scan(text: str) -> Iterator[Cell]:
    """All cells of the text; prose is searched for numbers block by block."""
    lines = text.split("\n")
    offsets = [0]
    for line in lines:
        offsets.append(offsets[-1] + len(line) + 1)
    i = _after_front_matter(text)
    block = i
    while i < len(lines):
        opening = FENCE.fullmatch(lines[i])
        if opening and "`" not in opening["info"]:
            yield from _numbers(lines, offsets, block, i)
            fence, i = _fence(lines, offsets, i, opening)
            if fence:
                yield fence
            block = i
            continue
        if lines[i].lstrip().startswith("<!--") and not TYPED.match(lines[i].lstrip()):
            yield from _numbers(lines, offsets, block, i)
            i = block = _after_comment(lines, i)
            continue
        marker = ON_A_MARKER.fullmatch(lines[i])
        if marker and header.is_python(marker["info"]):
            fault = "a fence needs a line of its own, below the list marker"
            yield Cell(i + 1, offsets[i], offsets[i + 1] - 1, fault=fault)
        i += 1
        if i == len(lines) or not lines[i].strip(" >"):
            yield from _numbers(lines, offsets, block, i)
            block = i
    yield from _numbers(lines, offsets, block, len(lines))


def _after_front_matter(text: str) -> int:
    match = FRONT_MATTER.match(text)
    return match[0].count("\n") if match else 0


def _after_comment(lines: list[str], i: int) -> int:
    while i < len(lines) - 1 and "-->" not in lines[i]:
        i += 1
    return i + 1


def _fence(
    lines: list[str], offsets: list[int], i: int, opening: re.Match[str]
) -> tuple[Cell | None, int]:
    """The fence that opens on line i, if it is Python, and the line after it."""
    prefix, mark = opening["prefix"], opening["mark"]
    fault: str | None
    last = closing(lines, i, prefix, mark)
    python = header.is_python(opening["info"]) or header.is_session(opening["info"])
    language = header.command(opening["info"])
    if language and last is not None:
        code = "".join(line[len(prefix) :] + "\n" for line in lines[i + 1 : last])
        span = (offsets[i], offsets[last + 1] - 1)
        return Command(i + 1, *span, prefix, mark, language, code), last + 1
    if last is None:
        fault = "the fence is not closed, or its code stands left of its header"
        end = offsets[i + 1] - 1
        return (Cell(i + 1, offsets[i], end, fault=fault) if python else None), i + 1
    if not python:
        return None, last + 1
    head, fault = header.parse(opening["info"])
    code = "".join(line[len(prefix) :] + "\n" for line in lines[i + 1 : last])
    span = (offsets[i], offsets[last + 1] - 1)
    fault = fault or misplaced(lines, i, prefix)
    if not header.is_session(opening["info"]):
        fault = fault or _comment_fault(code)
        return Fence(i + 1, *span, prefix, mark, head, code, fault=fault), last + 1
    fault = fault or session.fault(code)
    plain = session.plain(code)
    fence = Fence(i + 1, *span, prefix, mark, head, plain, fault=fault, console=code)
    return fence, last + 1


def closing(lines: list[str], i: int, prefix: str, mark: str) -> int | None:
    """The line that closes the fence of line i, or None, as superfences has it."""
    bare = prefix.rstrip()
    for j in range(i + 1, len(lines)):
        line = lines[j]
        if line.startswith(prefix):
            if line[len(prefix) :].rstrip() == mark:
                return j
        elif line.rstrip() not in ("", bare):
            return None
    return None


def misplaced(lines: list[str], i: int, prefix: str) -> str | None:
    """Four blanks without a list, a tab or the like above are a block of code."""
    indent = len(prefix)
    if ">" in prefix or indent < 4:
        return None
    for line in reversed(lines[:i]):
        stripped = line.lstrip()
        if stripped and len(line) - len(stripped) < indent:
            indent = len(line) - len(stripped)
            if CONTAINER.match(stripped):
                return None
        if not indent:
            break
    return "the fence is indented, but stands in no list, tab or admonition"


def _numbers(
    lines: list[str], offsets: list[int], first: int, end: int
) -> Iterator[Number]:
    """The expressions in the prose of the lines first ... end - 1."""
    text = "\n".join(lines[first:end])
    for span in BACKTICKS.finditer(text):
        number = NUMBER.fullmatch(span["content"])
        if number and len(span["mark"]) == 1:
            start = offsets[first] + span.start()
            line = first + 1 + text.count("\n", 0, span.start())
            expression = " ".join(number[1].split("\n"))
            in_math = _in_math(text[: span.start()])
            yield Number(line, start, start + len(span[0]), expression, in_math)
    for typed in TYPED.finditer(text):
        start = offsets[first] + typed.start()
        line = first + 1 + text.count("\n", 0, typed.start())
        expression = " ".join(typed["expression"].split())
        span = (start, start + len(typed[0]))
        yield Number(line, *span, expression, typed=typed["value"])


def _in_math(before: str) -> bool:
    """Whether the text before leaves a dollar open; $$ opens a display."""
    return len(re.findall(r"(?<!\\)\${1,2}", BACKTICKS.sub("", before))) % 2 == 1


def numbers_in(text: str) -> list[tuple[str, str]]:
    """The numbers in a caption: the code span as it stands, and its expression."""
    spans = [(m[0], NUMBER.fullmatch(m["content"])) for m in BACKTICKS.finditer(text)]
    return [(span, number[1]) for span, number in spans if number]


def count_comments(code: str) -> int:
    """How many #| lines stand at the top of the code."""
    lines = code.splitlines()
    return next((i for i, s in enumerate(lines) if not s.startswith("#|")), len(lines))


def _comment_fault(code: str) -> str | None:
    """What is wrong with the #| lines, if anything."""
    lines = code.splitlines()
    top = count_comments(code)
    if any(line.startswith("#|") for line in lines[top:]):
        return "a #| line stands below code; move it to the top of the fence"
    keys = [match["key"] for s in lines[:top] if (match := COMMENT.match(s))]
    if keys and keys[0] is None:
        return "the first #| line needs a key: alt, caption or fold"
    if unknown := set(keys) - {"alt", "caption", "fold", None}:
        return f"#| {min(map(str, unknown))}: is not known; write alt, caption or fold"
    if keys.count("fold") > 1:
        return "#| fold: stands twice; a fence folds once"
    if ("fold", "") in _comments(code):
        return "#| fold: needs the words that stand for the folded code"
    return None


def _comments(code: str) -> Iterator[tuple[str, str]]:
    """The #| lines as keys and values; a line without a key goes on with the last."""
    key = ""
    for line in code.splitlines()[: count_comments(code)]:
        match = COMMENT.match(line)
        assert match  # count_comments has seen it
        key = match["key"] or key
        yield key, match["value"].strip()


def figure_texts(code: str) -> list[FigureText]:
    """The #| lines, one FigureText a figure, in the order in which they are drawn.

    A key that comes again begins the next figure; a line without a key goes on
    with the one above.
    """
    figures: list[dict[str, str]] = []
    lines = code.splitlines()[: count_comments(code)]
    for line, (key, value) in zip(lines, _comments(code), strict=True):
        if key == "fold":
            continue
        if COMMENT.match(line)["key"]:  # type: ignore[index]
            if not figures or key in figures[-1]:
                figures.append({})
            figures[-1][key] = value
        elif figures:
            figures[-1][key] += " " + value
    return [FigureText(**figure) for figure in figures]


def attribute(text: str) -> str:
    """The text in a double-quoted attribute, on one line."""
    return html.escape(text).replace("\n", "&#10;")


def without_magics(code: str) -> str:
    """The code of a notebook's cell for plain Python: lines such as `%config` go."""
    lines = code.splitlines()
    return "\n".join(line for line in lines if not line.startswith("%"))
