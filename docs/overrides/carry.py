"""Hooks for MkDocs: what of the book can be carried elsewhere.

Each page also as Markdown with what its code printed, a list of them for machines that
read (llms.txt), a feed of changes, and robots.txt.
"""

import json
import os
import re
import time
from pathlib import Path
from typing import Any
from urllib.parse import urljoin
from xml.sax.saxutils import escape

from mkdocs.plugins import event_priority

from livefence import figures
from livefence.extension import ran
from livefence.mkdocs import Links
from livefence.notebook import notebook
from livefence.page import Fence

NAMES = (  # that a file of SVG needs and a page has already
    'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
)
ROOT = Path(__file__).parents[2]
BRACKETS = re.compile(r"[\[\]\s]+")
copied: dict[str, tuple[str, str, str]] = {}  # by source: title, description, address
sections: list[tuple[str, list[str]]] = []  # of the menu, with the sources of pages


def on_pre_build(config: Any) -> None:
    """Nothing stays from an earlier build."""
    copied.clear()
    sections.clear()


def on_nav(nav: Any, config: Any, files: Any) -> None:
    """The sections of the menu, in their order."""
    for item in nav.items:
        pages = [item] if item.is_page else _pages(item)
        sections.append((item.title or "", [page.file.src_uri for page in pages]))


def _pages(section: Any) -> list[Any]:
    found = []
    for child in section.children or []:
        found += [child] if child.is_page else _pages(child)
    return found


@event_priority(50)  # before livefence forgets what it ran
def on_page_content(html: str, page: Any, config: Any, files: Any) -> None:
    """Write the page as Markdown beside its HTML."""
    source = Path(page.file.abs_src_path)
    if source.suffix == ".ipynb":
        return  # its notebook is there already
    found = ran.get(page.file.abs_src_path)
    target = Path(page.file.abs_dest_path).with_suffix(".md")
    target.parent.mkdir(parents=True, exist_ok=True)
    if found is None:
        text = page.markdown
    else:
        text = _markdown(*found, Links(page, files), target.parent)
    target.write_text(text.strip("\n") + "\n", encoding="utf-8", newline="\n")
    address = urljoin(page.canonical_url or "", target.name)
    words = page.meta.get("description", "")
    copied[page.file.src_uri] = (page.title or "", words, address)


def _markdown(page: Any, results: Any, link: Any, folder: Path) -> str:
    """The text of the page's notebook, with what each block printed and drew below it;
    pictures are written into the folder."""
    cells = json.loads(notebook(page, results, "", link))["cells"]
    fences = (c for c in page.cells if isinstance(c, Fence) and c.head.runs)
    parts, drawn = [], 0
    for cell in cells:
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(text)
            continue
        parts.append(f"```python\n{text}\n```")
        result = results.get(next(fences), {})
        if printed := result.get("output"):
            parts.append("```text\n" + printed.rstrip("\n") + "\n```")
        for svg, alt, _ in result.get("figures", []):
            drawn += 1
            name = f"figure-{drawn}.svg"
            alone = figures.wide(svg).replace("<svg ", f"<svg {NAMES} ", 1)
            (folder / name).write_text(alone, encoding="utf-8", newline="\n")
            parts.append(f"![{BRACKETS.sub(' ', alt)}]({name})")
    return "\n\n".join(parts)


def on_post_build(config: Any) -> None:
    """Write what belongs to the whole site."""
    site = Path(config.site_dir)
    for name, text in {
        "llms.txt": _llms(config),
        "robots.txt": _robots(config.site_url or ""),
        "feed.xml": _feed(config.site_url or "", config.site_name),
    }.items():
        (site / name).write_text(text, encoding="utf-8", newline="\n")


def _llms(config: Any) -> str:
    """The pages as llmstxt.org asks for them: a section a heading."""
    lines = [f"# {config.site_name}", "", f"> {config.site_description}"]
    for title, sources in sections:
        there = [copied[source] for source in sources if source in copied]
        if there:
            lines += ["", f"## {title}", ""]
        for name, words, address in there:
            lines.append(f"- [{name}]({address})" + (f": {words}" if words else ""))
    return "\n".join(lines) + "\n"


def _robots(url: str) -> str:
    """Everything may be read."""
    return f"User-agent: *\nAllow: /\nSitemap: {urljoin(url, 'sitemap.xml')}\n"


def _feed(url: str, name: str) -> str:
    """The changelog as an Atom feed, an entry a version."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    built = int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(built))
    entries = []
    for heading, body in re.findall(
        r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", text, re.M | re.S
    ):
        day = re.search(r"\d{4}-\d\d-\d\d", heading)
        when = f"{day[0]}T00:00:00Z" if day else now
        place = urljoin(
            url, f"changes/#{escape(heading.split()[0].strip('[]').lower())}"
        )
        entries.append(
            f"<entry><title>{escape(heading)}</title><id>{place}</id>"
            f"<updated>{when}</updated>"
            f'<content type="text">{escape(body.strip())}</content></entry>'
        )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<feed xmlns="http://www.w3.org/2005/Atom">\n'
        f"<title>Changes of {escape(name)}</title><id>{escape(url)}</id>"
        f"<updated>{now}</updated>\n"
        f'<link href="{escape(url)}"/>\n'
        "<author><name>The mixnotes authors</name></author>\n"
        + "\n".join(entries)
        + "\n</feed>\n"
    )
