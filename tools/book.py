"""The built book as one PDF and as an EPUB.

    python -m pip install -e ".[carry]"   # pandoc and pypdf
    mkdocs build --strict
    python -m tools.book site             # writes mixnotes.pdf and mixnotes.epub there

Chromium prints each page of the book as the site's style for paper has it; pypdf puts
them together with an outline. Pandoc makes the EPUB from the copies in Markdown, with
formulas as MathML.
"""

from __future__ import annotations

import argparse
import re
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SECTIONS = ("The book", "Your data")  # of llms.txt, whose pages are the book's
NAMES = ("chromium", "chromium-browser", "google-chrome")
PAPER = {"format": "A4", "print_background": True}
LINK = re.compile(r"^- \[(?P<title>.+?)\]\((?P<address>\S+?)\)(?:: .*)?$")


def pages(site: Path) -> list[tuple[str, str, str]]:
    """Of each page of the book: its section, its title, and its folder in the site."""
    found, section, root = [], "", ""
    for line in (site / "llms.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            section = line[3:]
        elif link := LINK.match(line):
            root = root or link["address"].removesuffix("index.md")
            folder = link["address"].removeprefix(root).removesuffix("index.md")
            if section in SECTIONS:
                found.append((section, link["title"], folder))
    return found


def pdf(site: Path, target: Path, which: list[tuple[str, str, str]]) -> None:
    """These pages as one PDF."""
    from playwright.sync_api import sync_playwright
    from pypdf import PdfWriter

    chromium = next(filter(None, map(shutil.which, NAMES)), None)
    book, sections = PdfWriter(), {}
    with (
        tempfile.TemporaryDirectory() as folder,
        served(site) as address,
        sync_playwright() as playwright,
        playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox"]
        ) as browser,
    ):
        page = browser.new_page(color_scheme="light")
        for number, (section, title, place) in enumerate(which):
            page.goto(address + place, wait_until="networkidle")
            page.evaluate("document.fonts.ready.then(() => true)")
            file = Path(folder) / f"{number}.pdf"
            page.pdf(path=file, **PAPER)
            first = len(book.pages)
            book.append(file, import_outline=False)
            if section not in sections:
                sections[section] = book.add_outline_item(
                    title=section, page_number=first
                )
            book.add_outline_item(
                title=title, page_number=first, parent=sections[section]
            )
    book.add_metadata({"/Title": "mixnotes", "/Author": "The mixnotes authors"})
    book.compress_identical_objects()
    book.write(target)


def epub(site: Path, target: Path, which: list[tuple[str, str, str]]) -> None:
    """These pages as an EPUB."""
    import pypandoc

    with tempfile.TemporaryDirectory() as folder:
        parts = []
        for number, (_, _, place) in enumerate(which):
            text = (site / place / "index.md").read_text(encoding="utf-8")
            for picture in sorted((site / place).glob("figure-*.svg")):
                name = f"{number}-{picture.name}"
                shutil.copy(picture, Path(folder) / name)
                text = text.replace(f"]({picture.name})", f"]({name})")
            parts.append(text)
        whole = Path(folder) / "book.md"
        whole.write_text("\n\n".join(parts), encoding="utf-8")
        pypandoc.convert_file(
            str(whole),
            "epub3",
            format="markdown-yaml_metadata_block-simple_tables",
            outputfile=str(target),
            extra_args=[
                "--mathml",
                "--toc",
                "--toc-depth=1",
                "--split-level=1",
                f"--resource-path={folder}",
                "--metadata=title:mixnotes",
                "--metadata=author:The mixnotes authors",
                "--metadata=lang:en",
                "--metadata=rights:CC BY 4.0",
            ],
        )


@contextmanager
def served(site: Path) -> Iterator[str]:
    """The address at which the site can be read here."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=site))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def main() -> None:
    """Make both from the site that the command names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("site", type=Path, help="the folder of the built site")
    site = parser.parse_args().site
    which = pages(site)
    pdf(site, site / "mixnotes.pdf", which)
    epub(site, site / "mixnotes.epub", which)
    for name in ("mixnotes.pdf", "mixnotes.epub"):
        print(f"{site / name}: {(site / name).stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
