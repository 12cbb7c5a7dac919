"""What is wrong with the text of a page and fails nowhere: told with its line.

Nothing is run here. `livefence.page` tells what of a fence or a number it cannot read,
`livefence.run` what happens when they run.
"""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from livefence import names, page
from livefence.faults import Fault, FenceError
from livefence.page import Fence, Page
from livefence.settings import Settings

Wrong = tuple[int, str]  # the line, and what is wrong there

LANGUAGE = re.compile(r"[\s{.]*(?P<word>[\w+-]+)")
NOT_PYTHON = {"py3", "py2", "python2"}  # no highlighter's word, or not run
INLINE = re.compile(r"\{ *\.?(?P<word>\w+) *\}\s+\S")
ADMONITION = re.compile(r"(?P<indent> *)(?:!!!|\?\?\?\+?|===[!+]*) ")
DELIMITER = re.compile(r"(?<!\\)\\(?P<mark>[()\[\]])|\n[ >]*(?=\n)")
NAMED = re.compile(
    r"\{:?[^{}\n]*?(?<![\w&/])#(?P<attribute>[A-Za-z][\w:.-]*)[^{}\n]*\}"
    r"|<[a-zA-Z][^<>]*?\sid=[\"']?(?P<html>[^\s\"'<>]+)"
)
SCRIPT = re.compile(r"<script\b(?![^>]*type=[\"']application/(?:ld\+)?json)", re.I)
HANDLER = re.compile(r"<[a-z][^<>]*?\s(?P<name>on[a-z]+)\s*=", re.I)
SCHEME = re.compile(r"(?:\]\(\s*<?|\b(?:href|src)=[\"']?)\s*(?:java|vb)script:", re.I)
IMAGE = re.compile(
    r"!\[(?P<alt>(?:[^\[\]]|\[[^\[\]]*\])*)\](?:\(\s*<?(?P<src>[^\s)>]+)|\[)"
)
TAG = re.compile(r"<img\b(?P<rest>[^>]*)>", re.I)
ALT = re.compile(r"\salt(?:=|\s|$)", re.I)
BROUGHT = re.compile(
    r"<(?:img|iframe|video|audio|source|embed|script|link)\b[^>]*?"
    r"\s(?:src|href)=[\"']?(?P<src>(?:https?:)?//[^\s\"'>]+)",
    re.I,
)
HOST = re.compile(r"(?:https?:)?//(?P<host>[^/\s]+)", re.I)
NOTE = re.compile(r"\[\^(?P<name>[^\]\s]+)\]")
DEFINED = re.compile(r"^[ >]*\[\^(?P<name>[^\]\s]+)\]:", re.M)

FENCED = re.compile(r"^ *```.*?^ *```", re.S | re.M)
NO_PROSE = re.compile(r"`[^`]*`|\\\[.*?\\\]|\]\([^)]*\)", re.S)
DIGITS = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?:e-?\d+)?")
FREE = re.compile(r"1[6-9]\d\d|20\d\d|1[0,]*")  # years, and powers of ten


def text_of(path: Path, shown: str) -> str:
    """The text of a file, or a FenceError that says where it is no UTF-8."""
    raw = path.read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        byte = raw[error.start]
        said = f"the file is not UTF-8 (byte 0x{byte:02x}): save it in that encoding"
        raise FenceError(Fault(shown, line, said)) from None


def faults(text: str, settings: Settings, source: str | None = None) -> list[Wrong]:
    """All that is wrong, by line; `source` is the path of a page below the folder of
    pages, None for a text that is on no site."""
    text = page.normalise(text)
    parsed, prose = page.parse(text), masked(text)
    found = [*_front_matter(text), *_languages(text), *_forms(parsed)]
    found += [*_assertions(parsed), *_indented(prose)]
    plain = prose
    if settings.formulas:
        wrong, plain = _formulas(prose)
        found += wrong
    found += [*_ids(plain), *_scripts(plain), *_images(plain, source), *_notes(plain)]
    if source is not None:
        found += typed_by_hand(text, settings, source)
    return sorted(set(found))


def masked(text: str) -> str:
    """The prose: fences, comments, code spans and front matter are blank, and every
    line and column is where it was."""
    matter = page.FRONT_MATTER.match(text)
    if matter:
        text = _blank(matter) + text[matter.end() :]
    lines = text.split("\n")
    i = 0
    while i < len(lines):
        opening = page.FENCE.fullmatch(lines[i])
        after = i + 1
        if opening and "`" not in opening["info"]:
            last = page.closing(lines, i, opening["prefix"], opening["mark"])
            after = i + 1 if last is None else last + 1
            lines[i:after] = [" " * len(line) for line in lines[i:after]]
        i = after
    text = re.sub(r"<!--.*?-->", _blank, "\n".join(lines), flags=re.S)
    blocks = re.split(r"(\n[ >]*(?=\n))", text)
    return "".join(page.BACKTICKS.sub(_blank, block) for block in blocks)


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match[0])


def _at(text: str, match: re.Match[str] | int) -> int:
    """The line of a match, from 1."""
    start = match if isinstance(match, int) else match.start()
    return text.count("\n", 0, start) + 1


def _front_matter(text: str) -> Iterator[Wrong]:
    matter = page.FRONT_MATTER.match(text)
    if not matter:
        return
    try:
        import yaml
    except ImportError:
        return

    class Loader(yaml.SafeLoader):
        """Passes over tags."""

    Loader.add_multi_constructor("", lambda *_: None)
    try:
        read: Any = yaml.load("\n" + "\n".join(matter[0].split("\n")[1:-2]), Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        said = getattr(error, "problem", None) or "it cannot be read"
        yield (mark.line + 1 if mark else 1), f"the front matter is no YAML: {said}"
        return
    if read is not None and not isinstance(read, dict):
        yield 1, "the front matter is no YAML of keys and values"


def _languages(text: str) -> Iterator[Wrong]:
    """Fences and numbers whose word for Python is misspelt: shown, and never run."""
    lines = text.split("\n")
    i = 0
    while i < len(lines):
        opening = page.FENCE.fullmatch(lines[i])
        if opening and "`" not in opening["info"]:
            word = LANGUAGE.match(opening["info"])
            if word and _is_nearly_python(word["word"]):
                yield (
                    i + 1,
                    (
                        f"fence language {word['word']!r}: write python, or text where "
                        "it is not to run"
                    ),
                )
            last = page.closing(lines, i, opening["prefix"], opening["mark"])
            i = i if last is None else last
        i += 1
    for span in page.BACKTICKS.finditer(_without_fences(text)):
        inline = INLINE.match(span["content"])
        if not inline or page.NUMBER.fullmatch(span["content"]):
            continue
        if inline["word"].lower() in ("python", "py") or _is_nearly_python(
            inline["word"]
        ):
            yield _at(text, span), f"`{span['content']}`: write `{{python}} ...`"


def _without_fences(text: str) -> str:
    return FENCED.sub(_blank, text)


def _is_nearly_python(word: str) -> bool:
    word = word.lower()
    if word in NOT_PYTHON:
        return True
    near = difflib.get_close_matches(word, ["python"], cutoff=0.75)
    return bool(near) and word[0] == "p" and word not in ("python", "python3")


def _forms(parsed: Page) -> Iterator[Wrong]:
    """Forms of exercises that no answer, or any, would satisfy."""
    solved: set[int] = set()
    for form in parsed.fences:
        if not form.head.check or form.fault:
            continue
        asked = [name.partition(":")[0] for name in form.head.check.split()]
        yield from _left_open(form, asked)
        place = parsed.solution_of(form)
        if place is None or place in solved:
            yield form.line, "the form has no solution: a fence that runs, below it"
            continue
        solved.add(place)
        solution = [c for c in parsed.chains[place] if isinstance(c, Fence)]
        bound = set().union(*(names.left(each.source) for each in solution))
        for name in asked:
            if name not in bound:
                below = next(c for c in solution if c.start > form.start)
                yield (
                    form.line,
                    (
                        f"check asks for {name}, which the solution on line "
                        f"{below.line} does not bind"
                    ),
                )


def _left_open(form: Fence, asked: list[str]) -> Iterator[Wrong]:
    """Names that are not there to be filled in, or of which none is left open."""
    missing = [name for name in asked if name not in names.left(form.source)]
    for name in missing:
        yield form.line, f"check asks for {name}, which the form does not bind"
    if not missing and not _open(form.source) & set(asked):
        yield (
            form.line,
            (
                f"the form as it stands could be right: write {asked[0]} = ... for "
                "what the reader fills in"
            ),
        )


def _open(code: str) -> set[str]:
    """The names in whose value something is left to fill in."""
    found: set[str] = set()
    for node in ast.walk(names.parsed(code)):
        if isinstance(node, ast.Assign | ast.AnnAssign | names.Scope) and any(
            isinstance(part, ast.Constant) and part.value in (..., "...", None)
            for part in ast.walk(node)
        ):
            found |= names.left(ast.unparse(node))
    return found


def _assertions(parsed: Page) -> Iterator[Wrong]:
    """Assertions that hold whatever was computed."""
    for fence in parsed.fences:
        for node in ast.walk(names.parsed(fence.code)):
            if isinstance(node, ast.Assert) and _always(node.test):
                shown = ast.unparse(node.test)
                yield fence.line + node.lineno, f"assert {shown} cannot fail"
            if isinstance(node, ast.FunctionDef) and node.name == "right":
                given = [n.value for n in ast.walk(node) if isinstance(n, ast.Return)]
                if given and all(each is not None and _always(each) for each in given):
                    line = fence.line + node.lineno
                    yield line, "right takes every answer: the check cannot fail"


def _always(test: ast.expr) -> bool:
    """Is it true by its form alone?"""
    if isinstance(test, ast.Constant):
        return bool(test.value)
    if isinstance(test, ast.Tuple):
        return bool(test.elts)
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        sides = [ast.dump(test.left), ast.dump(test.comparators[0])]
        if isinstance(test.ops[0], ast.Eq | ast.Is | ast.LtE | ast.GtE):
            return sides[0] == sides[1] or _nothing(test.left)
        return isinstance(test.ops[0], ast.Lt) and _nothing(test.left)
    return False


def _nothing(value: ast.expr) -> bool:
    """Is it x - x, or the absolute value of that?"""
    if isinstance(value, ast.Call) and len(value.args) == 1 and not value.keywords:
        return ast.unparse(value.func).endswith("abs") and _nothing(value.args[0])
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Sub):
        return ast.dump(value.left) == ast.dump(value.right)
    return False


def _indented(prose: str) -> Iterator[Wrong]:
    """Text of an admonition, a fold or a tab that stands outside it."""
    lines = prose.split("\n")
    for i, line in enumerate(lines):
        opening = ADMONITION.match(line)
        if not opening:
            continue
        below = next((k for k in range(i + 1, len(lines)) if lines[k].strip()), None)
        if below is None:
            continue
        deeper = len(lines[below]) - len(lines[below].lstrip()) - len(opening["indent"])
        if 0 < deeper < 4:
            yield below + 1, f"indent this by four blanks below the {line.split()[0]}"


def _formulas(prose: str) -> tuple[list[Wrong], str]:
    """Formulas that do not end, or whose braces do not; and the prose without them."""
    wrong: list[Wrong] = []
    opened: re.Match[str] | None = None
    pieces, at = [], 0
    for match in DELIMITER.finditer(prose):
        mark = match["mark"]
        if opened is None:
            if mark in ("(", "["):
                opened = match
            elif mark:
                wrong.append((_at(prose, match), f"\\{mark} ends no formula"))
            continue
        close = {"(": ")", "[": "]"}[opened["mark"]]
        if mark == close:
            formula = prose[opened.end() : match.start()]
            wrong += [(_at(prose, opened), said) for said in _unbalanced(formula)]
            blank = re.sub(r"[^\n]", " ", prose[opened.start() : match.end()])
            pieces += [prose[at : opened.start()], blank]
            at = match.end()
            opened = None
        else:
            said = f"the formula is not closed: \\{opened['mark']} needs \\{close}"
            wrong.append((_at(prose, opened), said))
            opened = match if mark in ("(", "[") else None
    if opened:
        close = {"(": ")", "[": "]"}[opened["mark"]]
        said = f"the formula is not closed: \\{opened['mark']} needs \\{close}"
        wrong.append((_at(prose, opened), said))
    return wrong, "".join(pieces) + prose[at:]


def _unbalanced(formula: str) -> Iterator[str]:
    """What of a formula's braces and environments does not match."""
    bare = re.sub(r"\\[{}\\]", "", formula)
    depth = 0
    for brace in re.findall(r"[{}]", bare):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            break
    if depth:
        yield f"the braces of the formula do not match: {' '.join(formula.split())}"
    words = re.findall(r"\\(begin|end) *\{([^}]*)\}", formula)
    begun = [name for word, name in words if word == "begin"]
    if sorted(begun) != sorted(name for word, name in words if word == "end"):
        yield "a \\begin of the formula has no \\end, or the other way round"
    if len(re.findall(r"\\left\b", formula)) != len(re.findall(r"\\right\b", formula)):
        yield "a \\left of the formula has no \\right, or the other way round"


def _ids(prose: str) -> Iterator[Wrong]:
    seen: dict[str, int] = {}
    for match in NAMED.finditer(prose):
        name = match["attribute"] or match["html"]
        line = _at(prose, match.start(match.lastgroup or 0))
        if name in seen:
            yield line, f"the id {name} stands on line {seen[name]} already"
        seen.setdefault(name, line)


def _scripts(prose: str) -> Iterator[Wrong]:
    where = "put it in a file of extra_javascript"
    for match in SCRIPT.finditer(prose):
        yield _at(prose, match), f"a script in the page: {where}"
    for match in HANDLER.finditer(prose):
        line = _at(prose, match.start("name"))
        yield line, f"a script in the page, {match['name'].lower()}=...: {where}"
    for match in SCHEME.finditer(prose):
        yield _at(prose, match), "a link that is a script: write where it leads"


def _images(prose: str, source: str | None) -> Iterator[Wrong]:
    """Images without alternative text, and what a page brings from another host."""
    brought = list(BROUGHT.finditer(prose))
    for match in IMAGE.finditer(prose):
        if not match["alt"].strip():
            yield (
                _at(prose, match),
                "the image has no alternative text: ![what it shows]",
            )
        if match["src"] and HOST.match(match["src"]):
            brought.append(match)
    for match in TAG.finditer(prose):
        if not ALT.search(match["rest"]):
            yield _at(prose, match), 'the image has no alternative text: alt="..."'
    if source is None:  # a README's badges come from elsewhere
        return
    for match in brought:
        host = HOST.match(match["src"])
        if host:
            said = f"from another host, {host['host']}: keep the file beside the page"
            yield _at(prose, match), said


def _notes(prose: str) -> Iterator[Wrong]:
    defined = {match["name"] for match in DEFINED.finditer(prose)}
    for match in NOTE.finditer(prose):
        if match["name"] not in defined:
            yield _at(prose, match), f"the footnote [^{match['name']}] is not there"


def typed_by_hand(text: str, settings: Settings, source: str) -> Iterator[Wrong]:
    """Numbers of three digits or more in the prose of a page that `given` names, other
    than those that it lists."""
    lists = [
        given
        for pattern, given in settings.given.items()
        if PurePosixPath(source).match(pattern)
    ]
    if not lists:
        return
    allowed = set().union(*lists)
    for line, number in typed(text):
        if number not in allowed:
            yield (
                line,
                (
                    f"{number} is typed by hand: compute it, as in `{{python}} x:.3f`, "
                    "or list it in `given` if the page starts from it"
                ),
            )


def typed(text: str) -> list[tuple[int, str]]:
    """The numbers of three digits or more that somebody typed into the prose, with
    their lines; none of the sources at its end, no year and no power of ten."""
    matter = page.FRONT_MATTER.match(text)
    if matter:
        text = _blank(matter) + text[matter.end() :]
    text = text.partition("\n## Sources")[0]
    text = NO_PROSE.sub(_blank, FENCED.sub(_blank, text))
    found = []
    for match in DIGITS.finditer(text):
        number = match[0].rstrip(",")
        if FREE.fullmatch(number) or len(re.sub(r"\D", "", number).lstrip("0")) <= 2:
            continue
        found.append((_at(text, match), number))
    return found
