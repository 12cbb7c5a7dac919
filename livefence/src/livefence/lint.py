"""What is wrong with the text of a page and fails nowhere: told with its line.

Nothing is run here. `livefence.page` tells what of a fence or a number it cannot read,
`livefence.run` what happens when they run.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from pathlib import Path

from livefence import (
    blocks,
    exercises,
    formulas,
    imports,
    links,
    markup,
    matter,
    moves,
    page,
    typed,
    unrun,
)
from livefence.faults import Fault, FenceError
from livefence.masked import Wrong, at, masked, without_fences
from livefence.settings import Settings

LANGUAGE = re.compile(r"[\s{.]*(?P<word>[\w+-]+)")
NOT_PYTHON = {
    "py3",
    "py2",
    "python2",
    "ipython",
    "ipython3",
    "python-repl",
}  # no highlighter's word, or not run
INLINE = re.compile(r"\{ *\.?(?P<word>\w+) *\}(?:\s+|(?<=python\}))\S")
OPEN = re.compile(r"`\{python\}[^`\n]*")
ADMONITION = re.compile(r"(?P<indent> *)(?:!!!|\?\?\?\+?|===[!+]*) ")
ABBREVIATION = re.compile(r"^\*\[(?P<name>[^\]\n]+)\]:.*$", re.M)
BREAK = re.compile(r"(?<!\\)\\ *$", re.M)
NOTE = re.compile(r"\[\^(?P<name>[^\]\s]+)\]")
DEFINED = re.compile(r"^[ >]*\[\^(?P<name>[^\]\s]+)\]:", re.M)


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


def faults(
    text: str,
    settings: Settings,
    source: str | None = None,
    folder: Path | None = None,
) -> list[Wrong]:
    """All that is wrong, by line; `source` is the path of a page below the folder of
    pages, None for a text that is on no site."""
    text = page.normalise(text)
    parsed, prose = page.parse(text), masked(text)
    found = [*matter.faults(text), *_languages(text), *exercises.forms(parsed)]
    found += [*exercises.assertions(parsed), *_indented(prose)]
    found += [
        *unrun.shown(text, prose, settings, source),
        *blocks.closed(parsed),
        *blocks.waits(parsed, settings),
        *_abbreviations(prose),
    ]
    if settings.exercises:
        found += exercises.complete(text, prose, parsed)
    plain = prose
    if settings.formulas:
        wrong, plain = formulas.formulas(prose, settings.known_macros)
        found += wrong
    found += [
        *markup.ids(plain),
        *markup.scripts(plain),
        *markup.images(plain, source),
        *_notes(plain),
        *_breaks(plain),
    ]
    if source is not None:
        found += markup.blocks(plain)
        found += markup.styles(plain) if settings.plain_html else []
        found += typed.by_hand(text, settings, source)
        found += imports.lacking(parsed, settings)
        found += moves.faults(plain, parsed, settings, source)
        found += matter.titles(text, settings, source)
    if source is not None and folder is not None:
        found += links.lost(plain, text, folder, source, tuple(settings.packages))
    return sorted(set(found))


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
    for span in page.BACKTICKS.finditer(without_fences(text)):
        inline = INLINE.match(span["content"])
        if (
            not inline
            or len(span["mark"]) > 1
            or page.NUMBER.fullmatch(span["content"])
        ):
            continue
        if inline["word"].lower() in ("python", "py") or _is_nearly_python(
            inline["word"]
        ):
            yield at(text, span), f"`{span['content']}`: write `{{python}} ...`"
    for block in OPEN.finditer(masked(text)):
        said = f"{block[0].strip()}: a backtick is missing, write `{{python}} ...`"
        yield at(text, block.start()), said


def _is_nearly_python(word: str) -> bool:
    word = word.lower()
    if word in NOT_PYTHON:
        return True
    near = difflib.get_close_matches(word, ["python"], cutoff=0.75)
    return bool(near) and word[0] == "p" and word not in ("python", "python3")


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


def _notes(prose: str) -> Iterator[Wrong]:
    defined = {match["name"] for match in DEFINED.finditer(prose)}
    for match in NOTE.finditer(prose):
        if match["name"] not in defined:
            yield at(prose, match), f"the footnote [^{match['name']}] is not there"


def _abbreviations(prose: str) -> Iterator[Wrong]:
    """Abbreviations that the page explains and does not use."""
    used = ABBREVIATION.sub("", prose)
    for match in ABBREVIATION.finditer(prose):
        if not re.search(rf"(?<!\w){re.escape(match['name'])}(?!\w)", used):
            said = f"the abbreviation {match['name']} does not occur: take it away"
            yield at(prose, match), said


def _breaks(plain: str) -> Iterator[Wrong]:
    """Lines of prose that end in a backslash, which Markdown shows as it stands."""
    for match in BREAK.finditer(plain):
        yield (
            at(plain, match),
            "a line that ends in a backslash shows it: take it away, or write <br>",
        )
