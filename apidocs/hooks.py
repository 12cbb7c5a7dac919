"""Hooks for MkDocs: the menu of the reference, who uses what, and the readers' words.

The menu is the catalogue's. Under each object stand the pages whose code calls it.
"""

from __future__ import annotations

import json
import re
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

from mkdocs.plugins import event_priority

from apidocs.catalogue import GROUPS, PAGES
from apidocs.uses import Uses, kind_of

MENU = "reference/index.md"  # the entry of `nav` that the menu takes the place of
USED = re.compile(r"<!-- used in: (?P<paths>[\w.|]+) -->")
SIGNATURE = re.compile(
    r'(?P<before> id="mixnotes\.(?P<path>[\w.]+)" class="doc doc-heading">'
    r'(?:(?!doc-heading).)*?<span class="nf">)(?P<name>\w+)</span>',
    re.DOTALL,
)
uses = Uses({}, {})


def on_config(config: Any) -> None:
    """Put the pages of the reference under their groups."""
    config.nav = [_with_menu(entry) for entry in config.nav]


def _with_menu(entry: Any) -> Any:
    """The entry of `nav`, with the menu where the first page of the reference was."""
    if isinstance(entry, list):
        return [_with_menu(each) for each in entry]
    if not isinstance(entry, dict):
        return entry
    return {
        title: menu() if target == MENU else _with_menu(target)
        for title, target in entry.items()
    }


def menu() -> list[Any]:
    """The first page, and the others by group."""
    first: list[Any] = [{"All, by task": MENU}]
    return first + [
        {group.title: [{p.name: f"reference/{p.name}.md"} for p in group.pages]}
        for group in GROUPS
    ]


def on_files(files: Any, config: Any) -> None:
    """Read which pages use what."""
    global uses
    pages = [f for f in files.documentation_pages() if f.src_uri not in _OWN]
    uses = Uses.of({f.src_uri: Path(f.abs_src_path) for f in pages if f.abs_src_path})


_OWN = {MENU, *(f"reference/{name}.md" for name in PAGES)}


def on_page_content(html: str, page: Any, config: Any, files: Any) -> str:
    """List the pages that use an object, in the order of the menu."""

    def linked(uri: str) -> str:
        url = files.get_file_from_path(uri).url_relative_to(page.file)
        return f'<a href="{url}">{escape(uses.titles[uri])}</a>'

    def listed(match: re.Match[str]) -> str:
        found = uses.pages(match["paths"].split("|"))
        lines = []
        for kind, uris in groupby(found, key=kind_of):
            lines.append(f"<dt>{kind}</dt><dd>{' · '.join(map(linked, uris))}</dd>")
        if not lines:
            return ""
        heading = '<p class="doc-section-title">Used in</p>'
        return (
            f'<div class="mx-used" data-search-exclude>{heading}'
            f"<dl>{''.join(lines)}</dl></div>"
        )

    return USED.sub(listed, SIGNATURE.sub(_as_typed, html))


def _as_typed(match: re.Match[str]) -> str:
    """The signature of a public object as it is called where `mx` is the package."""
    path = match["path"]
    public = "." not in path or path.startswith(("plot.", "datasets."))
    typed = f"mx.{path}" if public and path[0] != "_" else match["name"]
    return f"{match['before']}{typed}</span>"


@event_priority(-100)  # after the search has written its index
def on_post_build(config: Any) -> None:
    """Words of a page are those of the page, and not of each of its sections; and an
    object is the page that describes it."""
    file = Path(config.site_dir) / "search/search_index.json"
    if not file.is_file():  # a build without the search
        return
    index = json.loads(file.read_text(encoding="utf-8"))
    index["docs"] = _entries(index["docs"])
    text = json.dumps(index, separators=(",", ":"))
    file.write_text(text, encoding="utf-8")


def _entries(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the search is to know, the page before its sections."""
    pages: dict[str, dict[str, Any]] = {}
    kept = []
    for entry in found:
        address, _, section = entry["location"].partition("#")
        page = pages.setdefault(address, entry)
        if page is not entry:
            entry.pop("tags", None)
            if address.startswith("reference/"):
                if section.startswith("mixnotes.") and entry["title"] == page["title"]:
                    page["text"] = entry["text"]  # of the object itself
                    continue
                if section == "see-also" or not entry["text"]:
                    continue
        kept.append(entry)
    return kept
