"""Hooks for MkDocs: a page as a notebook, beside the page, with a link to it.

Which pages, and what the first cell says, are options of the extension.
"""

from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

from livefence.extension import ran
from livefence.notebook import notebook
from livefence.settings import Settings, from_options

LINK = (
    '\n<p class="livefence-notebook" data-search-exclude>'
    '<a href="{name}" download>Download this page as a notebook</a></p>\n'
)


def on_page_content(html: str, page: Any, config: Any, files: Any) -> str:
    """Write the notebook, and put the link at the end of the page."""
    settings = from_options(config.mdx_configs.get("livefence") or {}, Path.cwd())
    found = ran.pop(page.file.abs_src_path, None)
    if found is None or not _wanted(page.file.src_uri, settings):
        return html
    target = Path(page.file.abs_dest_path).with_name(f"{page.file.name}.ipynb")
    target.parent.mkdir(parents=True, exist_ok=True)
    text = notebook(*found, settings.notebook_first, Links(page, files))
    target.write_bytes(text.encode())
    return html + LINK.format(name=target.name)


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
