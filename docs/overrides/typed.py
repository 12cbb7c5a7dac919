"""Hook for MkDocs: a number that is typed on a slide must be its chapter's.

A page below teaching/ names its `chapter` in the front matter. A number on its slides
that is no expression of the chapter's (see teach.py), in figures or in a word such as
ten or half, must stand in the chapter between the same words: the one that tells what
it is before it, and the one after it, with no other number between. So nearly always
one of the chapter's numbers in the place of another is found. In the speaker's notes
one of both words is enough, and only numbers of two digits or more, below 0 or in
percent are looked at. A number in a formula must have the same signs on both sides in
a formula of the chapter. Problems are not looked at.

What is the deck's own is `given` in the front matter, as the error has it, once for
each place.
"""

from __future__ import annotations

import html as entities
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

FOLDER, CHAPTERS = "teaching/", "chapters/"
SLIDES, PROBLEMS = "\n## Slides", "\n## Problems"
NOTE = "    "  # how a line of the speaker's notes begins
MARKUP = re.compile(r"<!--.*?-->|<(script|style)\b.*?</\1>|</?[A-Za-z][^<>]*>", re.S)
CODE = re.compile(r"```.*?```|`[^`]*`|\]\([^)]*\)|(?m:^\d\. )", re.S)
ANCHOR, MINUTES = re.compile(r"\{ #\w+ \}"), re.compile(r'"Say, \d+ minutes"')
HOMEWORK = re.compile(
    r"problems \d[\d, ]* and \d+|(?:[Pp]roblem|[Ee]xercise|[Ss]lide) \d+"
)
VALUE = re.compile(r'<span class="mx-number">([^<]*)</span>')  # of an expression
MADE = "\u2060"  # what stands before it
WORD = re.compile(
    MADE + r"?-?\d+(?:,\d{3})*(?:\.\d+)?(?:[ \xa0]?(?:%|percent\b))?|[^\W\d_]+"
)
COMMAND = re.compile(r"\\[A-Za-z]+|\^\{?\d\}?")  # of TeX, and powers
NAMES = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
IN_WORDS = {name: str(k) for k, name in enumerate(NAMES, 2)} | {
    "twenty": "20",
    "thirty": "30",
    "fifty": "50",
    "hundred": "100",
    "thousand": "1000",
    "million": "1000000",
    "half": "1/2",
    "twice": "2",
}
# Words that say nothing of what a number counts.
SMALL = re.compile(
    "a|about|all|also|am|an|and|any|are|as|at|be|been|before|between|but|by|can|could|"
    "did|do|does|down|each|every|for|from|had|has|have|he|her|his|how|if|in|into|is|it|"
    "its|least|less|may|might|more|most|near|no|not|of|on|one|only|or|other|out|over|per|"
    "she|so|some|than|that|the|their|then|there|these|they|this|those|to|up|very|was|we|"
    "were|what|when|where|which|who|will|with|would|you"
)
NEAR = 10  # words of a chapter on either side of a number
FORMULA = re.compile(r"\\\((.+?)\\\)|\\\[(.+?)\\\]", re.S)
LAYOUT = re.compile(
    r"\\(?:begin|end)\{\w+\}|\\[,;!: ]|"
    r"\\(?:left|right|[bB]igg?[lr]?|q?quad)(?![A-Za-z])"
)
APART = re.compile(  # ends a part of a formula, but a comma within brackets
    r"[,;.](?!\d)(?![^()\[\]]*[)\]])|\\text\{[^}]*\}|\\\\"
)
SIGN = re.compile(r"\\[A-Za-z]+|\d+(?:\.\d+)?|[^\s\\{}&~]")
BESIDE = 2  # signs on either side of a number in a formula
log = logging.getLogger("mkdocs.typed")


class Sides(NamedTuple):
    """The words on either side of a number, each as far as the next number."""

    before: set[str]
    after: set[str]


class Chapter(NamedTuple):
    """What a chapter shows: where each number stands, and its formulas."""

    numbers: dict[str, list[Sides]]
    formulas: list[str]


chapters: dict[str, Chapter] = {}
formulas: dict[str, list[str]] = {}


def on_page_markdown(markdown: str, page: Any, **_: Any) -> None:
    """Remember the formulas of a chapter; look at the numbers of a deck."""
    source, name = page.file.src_uri, page.meta.get("chapter")
    if source.startswith(CHAPTERS):
        found = (part for tex, _ in _formulas(markdown) for part in _parts(tex))
        formulas[source] = [f" {' '.join(part)} " for part in found]
    if not source.startswith(FOLDER) or name not in chapters:
        return  # teach.py says so of a name that is no chapter's
    before, mark, after = markdown.partition(SLIDES)
    slides = after.partition(PROBLEMS)[0]
    whole = Path(page.file.abs_src_path).read_text(encoding="utf-8")
    lead = whole.rstrip().count("\n") - markdown.rstrip().count("\n")
    first = lead + (before + mark).count("\n") + 1
    left = [str(words) for words in page.meta.get("given", [])]
    for words, line in _unknown(slides, chapters[name]):
        if words in left:
            left.remove(words)
        else:
            said = f'"{words}" stands on a slide and not in {name}'
            log.error(f"docs/{source}:{first + line}: {said}")
    for words in left:
        before = whole[: whole.find(words, whole.find("\ngiven:"))]
        line = before.count("\n") + 1
        said = f'given has "{words}", which the slides do not need'
        log.error(f"docs/{source}:{line}: {said}")


def on_page_content(html: str, page: Any, **_: Any) -> None:
    """Remember where the numbers of a chapter stand: in text, code and figures."""
    source = page.file.src_uri
    if source.startswith(CHAPTERS):
        text = entities.unescape(MARKUP.sub(" ", html))
        chapters[source] = Chapter(_sides(_words(text)), formulas.get(source, []))


def _unknown(slides: str, chapter: Chapter) -> list[tuple[str, int]]:
    """The numbers of slides that the chapter does not have, each between its words,
    with the line that it stands on."""
    text = VALUE.sub(MADE + r"\1", slides)
    text = MARKUP.sub(_blank, text)
    for other in (CODE, ANCHOR, MINUTES, HOMEWORK):
        text = other.sub(_blank, text)
    found = []
    for tex, start in _formulas(text):
        for part in _parts(tex):
            for k, sign in enumerate(part):
                around = " ".join(part[max(k - BESIDE, 0) : k + BESIDE + 1])
                if sign[0].isdigit() and not _holds(chapter.formulas, around):
                    found.append((around, text.count("\n", 0, start)))
    for slide in _slides(FORMULA.sub(_blank, text)):
        words = [word for word, _, _ in slide]
        for k, (word, line, noted) in enumerate(slide):
            if _counts(word, noted):
                before = next(filter(_tells, words[:k][::-1]), "").strip(MADE)
                after = next(filter(_tells, words[k + 1 :]), "").strip(MADE)
                if not _stands(chapter.numbers.get(word, []), before, after, noted):
                    told_as = " ".join(filter(None, (before, word, after)))
                    found.append((told_as, line))
    return sorted(found, key=lambda each: each[1])


def _slides(text: str) -> Iterator[list[tuple[str, int, bool]]]:
    """The words of each slide, and those of each line of its notes: every word with
    its line, and whether it is a note's."""
    slide: list[tuple[str, int, bool]] = []
    notes = False
    for number, line in enumerate(text.split("\n")):
        if line.startswith(("###", "???")):
            notes = line.startswith("???")
        noted = notes and line.startswith((NOTE, "???"))
        words = [(word, number, noted) for word in _words(line)]
        if noted:
            yield words
        elif line.startswith("###"):
            yield slide
            slide = words
        else:
            slide = slide + words
    yield slide


def _blank(found: re.Match[str]) -> str:
    return " " + "\n" * found[0].count("\n")


def _holds(formulas: list[str], around: str) -> bool:
    return any(f" {around} " in formula for formula in formulas)


def _stands(places: list[Sides], before: str, after: str, noted: bool) -> bool:
    """Whether a number stands somewhere between these words."""
    if not before and not after:
        return bool(places)
    enough = any if noted else all
    return any(
        enough(
            word in side
            for word, side in ((before, sides.before), (after, sides.after))
            if word
        )
        for sides in places
    )


def _counts(word: str, noted: bool) -> bool:
    """Whether a word is a number that is looked at."""
    digits = 0 if word[0] == MADE else len(re.sub(r"\D", "", word))
    return digits >= 2 or (
        digits == 1 and (not noted or word[0] == "-" or word[-1] == "%")
    )


def _tells(word: str) -> bool:
    """Whether a word says what a number beside it is."""
    return not SMALL.fullmatch(word) and (len(word) > 1 or word.isdigit())


def _words(text: str) -> list[str]:
    """Words and numbers, those in words as figures, each as short as it can be written;
    a percentage is one word, and commands of TeX are none."""
    text = COMMAND.sub(" ", text).replace("−", "-").lower()
    return [IN_WORDS.get(word, _short(word)) for word in WORD.findall(text)]


def _short(word: str) -> str:
    """A number as short as it can be written: 0.5% of 0.50 percent."""
    word = re.sub(r"[ \xa0,]", "", word).replace("percent", "%") or word
    number = word.rstrip("%")
    if "." not in number:
        return word
    return number.rstrip("0").rstrip(".") + word[len(number) :]


def _sides(words: list[str]) -> dict[str, list[Sides]]:
    found: dict[str, list[Sides]] = {}
    for k, word in enumerate(words):
        if _number(word):
            before = _until_number(words[max(k - NEAR, 0) : k][::-1])
            after = _until_number(words[k + 1 : k + NEAR + 1])
            found.setdefault(word, []).append(Sides(before, after))
    return found


def _number(word: str) -> bool:
    return any(map(str.isdigit, word))


def _until_number(words: list[str]) -> set[str]:
    """The words as far as the first number, and that."""
    k = next((k for k, word in enumerate(words) if _number(word)), len(words))
    return set(words[: k + 1])


def _formulas(text: str) -> list[tuple[str, int]]:
    """The formulas of a text, and where each begins."""
    return [(m[1] or m[2], m.start()) for m in FORMULA.finditer(text)]


def _parts(tex: str) -> list[list[str]]:
    """The signs of a formula, without its layout: of each part between commas."""
    plain = re.sub(r"\\[dt]frac", r"\\frac", LAYOUT.sub(" ", tex))
    plain = re.sub(r"\\frac(\d)(\d)", r"\\frac \1 \2", plain)
    return [SIGN.findall(part) for part in APART.split(plain)]
