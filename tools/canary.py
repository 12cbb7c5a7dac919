"""Does Zensical, which follows Material for MkDocs, build this book?

    zensical build --strict && python -m tools.canary site

Every block that runs must stand on its page, with no fault. What may be missing stands
in `MISSING`: hooks and most plugins of MkDocs are not called there.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from livefence import page

DOCS = Path(__file__).parents[1] / "docs"
MISSING = (
    "Run, and notebooks to download: the plugin of livefence",
    "the labs: mkdocs-jupyter",
    "what a chapter needs and its ties, pages of the API that use an object, Markdown "
    "copies, the feed: hooks",
)


def faults(docs: Path, site: Path) -> list[str]:
    """What is wrong with the built pages, a line each."""
    found = []
    for source in sorted(docs.rglob("*.md")):
        name = source.relative_to(docs).with_suffix("").as_posix()
        if name.startswith(("overrides/", "assets/")):
            continue
        folder = "" if name == "index" else name.removesuffix("/index")
        built = site / folder / "index.html"
        wanted = sum(f.head.runs for f in page.read(source).fences)
        if not built.is_file():
            found.append(f"{name}: is not there")
            continue
        html = built.read_text(encoding="utf-8")
        shown = html.count('data-chain="')
        if shown != wanted:
            found.append(f"{name}: shows {shown} blocks that run, of {wanted}")
        if 'class="livefence-error' in html:
            found.append(f"{name}: shows a fault")
    return found


def main() -> int:
    """0 where nothing is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("site", type=Path)
    found = faults(DOCS, parser.parse_args().site)
    print("\n".join(found) or "all pages are there; missing, as is known:")
    if not found:
        print("\n".join(f"- {each}" for each in MISSING))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
