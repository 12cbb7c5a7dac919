"""Hooks for MkDocs: pages as notebooks, and notebooks as pages.

A page that `notebooks` names is written as a notebook beside its HTML. A notebook
that mkdocs-jupyter runs gets the markup of a page. Both get a link to the notebook.
"""

import logging
import os
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

from livefence import jupyter
from livefence.extension import ran
from livefence.notebook import notebook
from livefence.settings import Settings, from_options

LINK = (
    '\n<p class="livefence-notebook" data-search-exclude>'
    '<a href="{name}" download>Download this page as a notebook</a></p>\n'
)
log = logging.getLogger("mkdocs.livefence")


def on_config(config: Any) -> None:
    """The kernels that mkdocs-jupyter starts draw in the style of the pages."""
    if style := _settings(config).style_file:
        os.environ.setdefault("MATPLOTLIBRC", str(style))


def on_page_content(html: str, page: Any, config: Any, files: Any) -> str:
    """Write the notebook, and put the link at the end of the page."""
    settings, source = _settings(config), Path(page.file.abs_src_path)
    found = ran.pop(page.file.abs_src_path, None)
    if source.suffix == ".ipynb":
        text = source.read_text(encoding="utf-8")

        def fail(message: str) -> None:
            log.error(f"{page.file.src_uri}: {message}")

        html = jupyter.Reader(settings.colors, fail).page(html, text)
    elif found and _wanted(page.file.src_uri, settings):
        text = notebook(*found, settings.notebook_first, Links(page, files))
    else:
        return html
    target = Path(page.file.abs_dest_path).with_name(f"{source.stem}.ipynb")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(text.encode())
    return html + LINK.format(name=target.name)


def _settings(config: Any) -> Settings:
    root = Path(config.config_file_path or "mkdocs.yml").resolve().parent
    return from_options(config.mdx_configs.get("livefence") or {}, root)


def _wanted(path: str, settings: Settings) -> bool:
    return any(PurePosixPath(path).match(each) for each in settings.notebooks)


class Links:
    """The target of a link in a page's source -> its address on the published site."""

    def __init__(self, page: Any, files: Any) -> None:
        self.page, self.files = page, files

    def __call__(self, target: str) -> str:
        """As it stands where it is an address, or where the site has none."""
        if urlsplit(target).scheme or not self.page.canonical_url:
            return target
        path, anchor = urldefrag(target)
        url = ""
        if path:
            source = urljoin(self.page.file.src_uri, path)
            file = self.files.get_file_from_path(source)
            url = file.url_relative_to(self.page.file) if file else path
        return urljoin(self.page.canonical_url, url) + (f"#{anchor}" if anchor else "")
