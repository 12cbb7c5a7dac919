"""Hook for MkDocs: what stands around a chapter.

Below its title, what it needs and how long it takes. Before its first section, the
symbols that light up together in formulas, code and pictures (`ties` in the front
matter; assets/js/ties.js). And the picture first: a folded block that stands right
before what the reader moves is shown right below it.
"""

import html
import re
from typing import Any

from mkdocs.exceptions import PluginError

WORDS_A_MINUTE, LINES_A_MINUTE = 150, 12  # of prose with formulas; of code
KEYS = {"name", "symbol", "code", "means", "color"}
KNOWN = ", ".join(sorted(KEYS))
FOLDED = re.compile(r"<details\b.*?</details>", re.DOTALL)
CODE = re.compile(r"<pre\b.*?</pre>", re.DOTALL)
NO_WORDS = re.compile(r"<(svg|pre|script|style)\b.*?</\1>", re.DOTALL)
TAG = re.compile(r"<[^>]+>")
EXERCISE = 'class="admonition exercise"'
NAME = re.compile(r"[a-z][a-z-]*")
FOLD_BEFORE_MOVE = re.compile(
    r'(<div class="livefence"[^>]*><details class="livefence-fold">'
    r'(?:(?!</details>).)*</details></div>)\s*(?=<div class="mx-move")',
    re.DOTALL,
)
DIV = re.compile(r"<(/?)div\b")


def on_page_content(page_html: str, page: Any, **_: Any) -> str:
    """The page with what its front matter asks for."""
    source = page.file.src_uri
    if needs := page.meta.get("needs"):
        page_html = page_html.replace("</h1>", f"</h1>\n{_before(needs, page_html)}", 1)
    if ties := page.meta.get("ties"):
        head, mark, rest = page_html.partition("<h2")
        if not mark:
            raise PluginError(
                f"{source}: its ties stand before a ##, and there is none"
            )
        page_html = f"{head}{_ties(ties, source)}\n{mark}{rest}"
    return _pictures_first(page_html)


def _pictures_first(page_html: str) -> str:
    """The page with each folded block that a move follows put right below the move.

    In the source the block comes first, since the move's numbers are computed from it.
    """
    done, rest = "", page_html
    while found := FOLD_BEFORE_MOVE.search(rest):
        end = _end_of_div(rest, found.end())
        done += f"{rest[: found.start()]}{rest[found.end() : end]}\n{found[1]}"
        rest = rest[end:]
    return done + rest


def _end_of_div(page_html: str, start: int) -> int:
    """Where the <div> ends that begins at `start`, with all that it holds."""
    depth = 0
    for tag in DIV.finditer(page_html, start):
        depth += -1 if tag[1] else 1
        if not depth:
            return page_html.index(">", tag.end()) + 1
    raise PluginError(f"a <div> is never closed: {page_html[start : start + 80]}")


def _before(needs: str, page_html: str) -> str:
    """A line: what one needs, how long it takes, and how many exercises there are."""
    exercises = page_html.count(EXERCISE)
    return (
        '<p class="mx-before" data-search-exclude>'
        f"You need {html.escape(needs)}. About {minutes(page_html)} minutes to read, "
        f'and <span class="mx-done" data-exercises="{exercises}">{exercises} exercises'
        "</span>.</p>"
    )


def minutes(page_html: str) -> int:
    """How long a page takes: the words and the lines of code that are seen at once, to
    five minutes; the exercises are not counted in."""
    seen = FOLDED.sub(" ", page_html)
    lines = sum(code.count("\n") for code in CODE.findall(seen))
    words = len(TAG.sub(" ", NO_WORDS.sub(" ", seen)).split())
    exact = words / WORDS_A_MINUTE + lines / LINES_A_MINUTE
    return max(5, 5 * round(exact / 5))


def _ties(ties: Any, source: str) -> str:
    """The symbols as a list, each of which lights up what it stands for."""
    if not isinstance(ties, list) or not all(isinstance(tie, dict) for tie in ties):
        raise PluginError(f"{source}: ties must be a list of mappings")
    items = []
    for tie in ties:
        if unknown := set(tie) - KEYS:
            raise PluginError(f"{source}: {min(unknown)} is not known in ties: {KNOWN}")
        if missing := {"name", "symbol", "means"} - set(tie):
            raise PluginError(f"{source}: each of ties needs a {min(missing)}")
        if not NAME.fullmatch(tie["name"]):
            raise PluginError(f"{source}: {tie['name']!r} must be small letters and -")
        items.append(_tie(tie))
    head = (
        '<div class="mx-ties" role="list" data-search-exclude '
        'aria-label="Symbols of this chapter">'
    )
    return "\n".join([head, *items, "</div>"])


def _tie(tie: dict[str, Any]) -> str:
    names = tie.get("code", [])
    color = f"var(--mx-{tie['color']})" if "color" in tie else "var(--mx-accent)"
    code = f" <code>{html.escape(names[0])}</code>" if names else ""
    return (
        f'<div class="mx-tie" role="listitem" data-tie="{tie["name"]}" '
        f'data-code="{html.escape(" ".join(names))}" style="--mx-tie:{color}">'
        f'<span class="arithmatex">\\({html.escape(tie["symbol"])}\\)</span>{code} '
        f"{html.escape(tie['means'])}</div>"
    )
