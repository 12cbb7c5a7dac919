"""Which page a Markdown instance converts, and to whom its faults are told."""

import logging
import os
from pathlib import Path
from typing import Any

from markdown import Markdown

from livefence import lint, nav, page
from livefence.faults import Fault, FenceError
from livefence.settings import Settings, config_in

INNER = "mkdocstrings_headings_list"  # registered where a docstring is converted
log = logging.getLogger("mkdocs.livefence")


class PageContext:
    """A page: its path as faults name it, its file, and the root of the project."""

    def __init__(
        self, path: str, file: str, root: Path, mkdocs: bool, source: str | None = None
    ) -> None:
        self.path, self.file, self.root, self.mkdocs = path, file, root, mkdocs
        self.source = source  # below the folder of pages

    @classmethod
    def of(cls, md: Markdown, source: str) -> "PageContext | None":
        """The place, or None where the text is no page, such as a docstring."""
        if INNER in md.treeprocessors:
            return None
        if "relpath" in md.treeprocessors:
            return cls._of_mkdocs(md.treeprocessors["relpath"], source)
        if "zrelpath" in md.treeprocessors:  # of older versions
            return cls._of_zensical(md.treeprocessors["zrelpath"].path)
        if "rendering_context" in md.preprocessors:
            return cls._of_zensical(md.preprocessors["rendering_context"].page.path)
        return cls("<markdown>", "<markdown>", Path.cwd(), mkdocs=False)

    @classmethod
    def _of_mkdocs(cls, relpath: Any, source: str) -> "PageContext | None":
        """MkDocs leaves the file with the processor that resolves links."""
        file = relpath.file
        if getattr(file.page, "markdown", None) != source:
            return None
        root = Path(relpath.config.config_file_path or "mkdocs.yml").resolve().parent
        path = os.path.relpath(file.abs_src_path, root).replace(os.sep, "/")
        return cls(path, file.abs_src_path, root, mkdocs=True, source=file.src_uri)

    @classmethod
    def _of_zensical(cls, source: str) -> "PageContext":
        """Zensical leaves the path below the folder of pages, `docs` by default."""
        root = Path.cwd()
        folder = nav.read(config_in(root)).folder or root / "docs"
        path = os.path.relpath(folder / source, root).replace(os.sep, "/")
        if not (root / path).is_file():
            path = source
        return cls(path, str(root / path), root, mkdocs=False, source=source)

    def first_line(self, source: str) -> int:
        """The line of the file on which the source begins, after the front matter."""
        try:
            whole = page.normalise(Path(self.file).read_text("utf-8-sig")).rstrip()
        except (OSError, ValueError):
            return 1
        before = whole.removesuffix(page.normalise("\n" + source).strip())
        if before == whole:
            return 1
        blank = source[: len(source) - len(source.lstrip())]
        return 1 + before.count("\n") - blank.count("\n")

    def quiet(self, settings: Settings) -> list[Fault]:
        """What is wrong with the text as the author wrote it, and fails nowhere."""
        file = Path(self.file)
        if file.suffix != ".md" or not file.is_file():  # generated, or a notebook
            return []
        text = lint.text_of(file, self.path)
        found = lint.faults(text, settings, self.source)
        return [Fault(self.path, line, message) for line, message in found]

    def report(self, faults: list[Fault]) -> None:
        """Tell MkDocs, whose strict build then fails, or raise."""
        if faults and not self.mkdocs:
            raise FenceError(*faults)
        for fault in faults:
            log.error(str(fault))
