"""HTML and images on a page: ids twice, scripts, and what comes from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

from livefence.masked import Wrong, at

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
STYLE = re.compile(r"<style\b|<[a-z][^<>]*?\s(?P<attribute>style)\s*=", re.I)
FRAME = re.compile(r"<iframe\b(?![^>]*\ssrc=[\"']?(?:https?:)?//)", re.I)
BLOCK = re.compile(r"<(?P<close>/?)(?P<name>div|aside|section|details)\b[^<>]*>", re.I)
HOST = re.compile(r"(?:https?:)?//(?P<host>[^/\s]+)", re.I)


def ids(prose: str) -> Iterator[Wrong]:
    """Ids that stand twice, in attributes or in HTML."""
    seen: dict[str, int] = {}
    for match in NAMED.finditer(prose):
        name = match["attribute"] or match["html"]
        line = at(prose, match.start(match.lastgroup or 0))
        if name in seen:
            yield line, f"the id {name} stands on line {seen[name]} already"
        seen.setdefault(name, line)


def scripts(prose: str) -> Iterator[Wrong]:
    """Scripts that a page brings in its text."""
    where = "put it in a file of extra_javascript"
    for match in SCRIPT.finditer(prose):
        yield at(prose, match), f"a script in the page: {where}"
    for match in HANDLER.finditer(prose):
        line = at(prose, match.start("name"))
        yield line, f"a script in the page, {match['name'].lower()}=...: {where}"
    for match in SCHEME.finditer(prose):
        yield at(prose, match), "a link that is a script: write where it leads"


def images(prose: str, source: str | None) -> Iterator[Wrong]:
    """Images without alternative text, and what a page brings from another host."""
    brought = list(BROUGHT.finditer(prose))
    for match in IMAGE.finditer(prose):
        if not match["alt"].strip():
            yield (
                at(prose, match),
                "the image has no alternative text: ![what it shows]",
            )
        if match["src"] and HOST.match(match["src"]):
            brought.append(match)
    for match in TAG.finditer(prose):
        if not ALT.search(match["rest"]):
            yield at(prose, match), 'the image has no alternative text: alt="..."'
    if source is None:  # a README's badges come from elsewhere
        return
    for match in brought:
        host = HOST.match(match["src"])
        if host:
            said = f"from another host, {host['host']}: keep the file beside the page"
            yield at(prose, match), said


def styles(prose: str) -> Iterator[Wrong]:
    """Styles and frames that a page brings in its text."""
    for match in STYLE.finditer(prose):
        what = 'style="..."' if match["attribute"] else "<style>"
        line = at(prose, match.start(match.lastgroup or 0))
        yield line, f"a style in the page, {what}: put it in a file of extra_css"
    for match in FRAME.finditer(prose):
        yield at(prose, match), "a frame in the page: link to what it shows"


def blocks(prose: str) -> Iterator[Wrong]:
    """Blocks of HTML that are not closed, or closed twice."""
    opened: list[re.Match[str]] = []
    for match in BLOCK.finditer(prose):
        name = match["name"].lower()
        if not match["close"]:
            if not match[0].endswith("/>"):
                opened.append(match)
            continue
        while opened and opened[-1]["name"].lower() != name:
            lost = opened.pop()
            yield at(prose, lost), f"the <{lost['name']}> is not closed"
        if opened:
            opened.pop()
        else:
            yield at(prose, match), f"the </{name}> closes nothing"
    for lost in opened:
        yield at(prose, lost), f"the <{lost['name']}> is not closed"
