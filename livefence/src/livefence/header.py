"""The header of a fence: the forms that the site and the tests read alike."""

import difflib
import re
from dataclasses import dataclass

ATTRIBUTE = re.compile(
    r"""(?P<pair>[A-Za-z_][\w:-]*=(?:"[^"]*"|'[^']*'))|(?P<word>[^\s"'=]+)"""
)
PYTHON = re.compile(r"\s*\{?\s*\.?(?:python3?|py)(?![\w+.-])", re.IGNORECASE)
BRACED = re.compile(r"python \{ (?P<options>.+) \}")
BARE = re.compile(r"python(?P<options>(?: [a-z_]+=\"[^\"]*\")*)")
WORDS = {"continuation", "norun", "notest"}
PAIRS = {"title", "hl_lines", "linenums"}
SESSION = re.compile(r"\s*\{?\s*\.?pycon(?![\w+.-])", re.IGNORECASE)
COMMAND = re.compile(r"(?P<language>bash|sh|console) \{ run \}")
NAME = r"[A-Za-z_]\w*(?::\.?\d)?"
CHECK = re.compile(rf"check=[\"']({NAME}(?: {NAME})*)[\"']")
GOOD = (
    'python, python { continuation title="..." }, python { notest }, '
    'python { norun } or python { check="name" }'
)


SESSIONS = "pycon, pycon { continuation } or pycon { notest }"


@dataclass(frozen=True)
class Header:
    """What a header says; `shown` is what is left for the highlighter."""

    continuation: bool = False
    runs: bool = True
    norun: bool = False  # in the page: readers get no Run
    shown: str = "python"
    # of an answer to be filled in: names that are compared, to 3 digits, or to as
    # many digits or decimals as stand behind a colon (a:2, a:.3)
    check: str = ""


def is_session(info: str) -> bool:
    """Whether the fence is a session of an interpreter, with prompts."""
    return SESSION.match(info) is not None


def command(info: str) -> str | None:
    """The language of commands that are to run."""
    found = COMMAND.fullmatch(info.strip())
    return found["language"] if found else None


def is_python(info: str) -> bool:
    """Whether a reader takes the fence for Python, however its header is written."""
    return PYTHON.match(info) is not None


def parse(info: str) -> tuple[Header, str | None]:
    """The header, and what is wrong with it."""
    info = info.strip()
    if session := is_session(info):
        info = info.replace("pycon", "python", 1)
    match = BRACED.fullmatch(info) or BARE.fullmatch(info)
    tokens = list(ATTRIBUTE.finditer(match["options"] if match else info))
    words = {token["word"].strip("{}") for token in tokens if token["word"]}
    checks = [m[1] for token in tokens if (m := CHECK.fullmatch(token[0]))]
    shown = [
        token[0]
        for token in tokens
        if token[0] not in WORDS and not CHECK.fullmatch(token[0])
    ]
    language = "pycon" if session else "python"
    head = Header(
        continuation="continuation" in words,
        runs="notest" not in words and not checks,
        norun="norun" in words or session,
        shown=f"{language} {{ {' '.join(shown)} }}" if match and shown else language,
        check=checks[0] if checks else "",
    )
    unknown = [token[0] for token in tokens if not _known(token)]
    if match and not unknown and "".join(_rest(match)) == "":
        return head, None
    meant = _meant(unknown[0]) if match and unknown else ""
    good = SESSIONS if session else GOOD
    return head, f"fence header {info!r}: {meant}write {good}"


def _meant(token: str) -> str:
    """What the author may have meant by a word that is not known."""
    word = token.partition("=")[0].strip(".#")
    near = difflib.get_close_matches(word.lower(), WORDS | PAIRS | {"check"}, 1, 0.7)
    if near and near[0] != token.partition("=")[0]:
        return f"{word} is not known, {near[0]} is; "
    return ""


def _known(token: re.Match[str]) -> bool:
    if token["word"]:
        word = token["word"]
        return word in WORDS or (word[0] in ".#" and word[1:] not in WORDS | {"check"})
    key = token[0].partition("=")[0]
    if key == "check":
        return CHECK.fullmatch(token[0]) is not None
    return key in PAIRS or (key.startswith("data-") and key != "data-check")


def _rest(match: re.Match[str]) -> list[str]:
    """What is neither a word nor a pair, such as a lone quote."""
    return ATTRIBUTE.sub("", match["options"]).split()
