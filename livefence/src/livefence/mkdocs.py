"""The plugin for MkDocs: what an extension of Markdown cannot do.

A page that `notebooks` names is written as a notebook beside its HTML. A notebook
that mkdocs-jupyter runs gets the markup of a page. Both get a link to the notebook.
What Run needs becomes part of the site.
"""

import logging
import os
import shutil
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

from mkdocs.config.config_options import ExtraScriptValue
from mkdocs.exceptions import BuildError, PluginError
from mkdocs.plugins import BasePlugin
from mkdocs.structure.files import File

from livefence import cache, chains, jupyter, lint
from livefence.browser.parts import PartsError
from livefence.browser.site import FOLDER, has_parts, protect
from livefence.browser.site import files as browser_files
from livefence.extension import MARKS, ran
from livefence.faults import FenceError
from livefence.notebook import notebook
from livefence.page import attribute, parse
from livefence.settings import Settings, from_options

LINK = (
    '\n<p class="livefence-notebook" data-search-exclude>'
    '<a href="{name}" download>Download this page as a notebook</a></p>\n'
)
NAME, FENCES = "livefence", "pymdownx.superfences"  # extensions of Markdown
STYLE = Path(__file__).with_name("page.css")
Source = tuple[str, Path, str]  # of a page: its name in faults, its file, its text
log = logging.getLogger("mkdocs.livefence")


class LiveFencePlugin(BasePlugin):
    """Switches the extension on, and adds the files that it cannot write.

    The options are those of the extension; they stand below the plugin or below the
    extension, not below both.
    """

    def __init__(self) -> None:
        super().__init__()
        self.options: dict[str, Any] = {}
        self.serving = False
        self.looked_at: dict[str, tuple[str, str]] = {}  # pages: text, surroundings
        # of notebooks that ran, for mkdocs-jupyter
        self.remembered: tempfile.TemporaryDirectory[str] | None = None

    def load_config(
        self, options: dict[str, Any], config_file_path: str | None = None
    ) -> tuple[list[Any], list[Any]]:
        """What is wrong with the options is said in livefence's own words."""
        super().load_config({}, config_file_path)
        self.options = dict(options)
        try:
            from_options(self.options, Path())
        except ValueError as error:
            return [(NAME, error)], []
        return [], []

    def on_startup(self, command: str, dirty: bool) -> None:
        """Pages that are served reload by a script of the server's own."""
        self.serving = command == "serve"

    def on_config(self, config: Any) -> None:
        """The kernels that mkdocs-jupyter starts draw in the style of the pages. Pages
        get the script of Run where its parts are there."""
        self._switch_on(config)
        settings = _settings(config)
        if notebooks := config.plugins.get("mkdocs-jupyter"):
            if style := settings.style_file:
                os.environ.setdefault("MATPLOTLIBRC", str(style))
            # A kernel that inherits another backend draws nothing, and says nothing.
            os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
            self._remember_notebooks(notebooks, settings)
        config.extra_css.insert(0, f"{FOLDER}/{STYLE.name}")
        if not settings.browser:
            return
        try:
            there = has_parts(settings)
        except PartsError as error:
            log.warning(f"the pages get no Run buttons: {error}")
            return
        if not there:
            log.info(
                "the pages get no Run buttons: their parts are not in "
                f"{settings.browser}; `python -m livefence.browser` brings them"
            )
            return
        script = ExtraScriptValue(f"{FOLDER}/run.js")
        script.type = "module"
        config.extra_javascript.append(script)
        config.extra_css.append(f"{FOLDER}/run.css")

    def _switch_on(self, config: Any) -> None:
        """The extension, with the options of one place, and one that knows fences."""
        extensions, options = config.markdown_extensions, config.mdx_configs
        if self.options and options.get(NAME):
            raise PluginError(
                "livefence has options under plugins and under markdown_extensions; "
                "write all of them in one of the two"
            )
        extensions += [name for name in (FENCES, NAME) if name not in extensions]
        options[NAME] = options.get(NAME) or self.options

    def on_files(self, files: Any, config: Any) -> None:
        """The style of the pages, and what Run needs, become part of the site."""
        settings = _settings(config)
        pages = _read_all(files, config)
        self._run_ahead(pages, settings)
        style = f"{FOLDER}/{STYLE.name}"
        files.append(File.generated(config, style, abs_src_path=str(STYLE)))
        try:
            if not has_parts(settings):
                return
        except PartsError:  # told by `on_config`
            return
        for name, content in browser_files(settings).items():
            kind = "content" if isinstance(content, bytes) else "abs_src_path"
            file = File.generated(config, name, **{kind: content})
            files.append(file)

    def _run_ahead(self, pages: list[Source], settings: Settings) -> None:
        """Begin to run the chains of pages that have changed since the last build."""
        surroundings = cache.hold(settings)
        jobs = []
        for name, path, text in pages:
            if self.looked_at.get(name) == (text, surroundings):
                continue
            self.looked_at[name] = text, surroundings
            if any(mark in text for mark in MARKS):
                jobs += chains.of_page(parse(text), name, str(path), settings)
        chains.run_ahead(jobs, settings)

    def on_build_error(self, error: Exception) -> None:
        """What was begun ahead is of no use any more."""
        chains.forget()
        cache.let_go()

    def on_post_build(self, config: Any) -> None:
        """No page runs scripts of another host, or any that were not built with it."""
        self._keep_notebooks(_settings(config))
        chains.forget()
        cache.let_go()
        if _settings(config).browser and not self.serving:
            protect(Path(config.site_dir))

    def on_page_content(self, html: str, page: Any, config: Any, files: Any) -> str:
        """Write the notebook, and put the link at the end of the page."""
        settings, source = _settings(config), Path(page.file.abs_src_path)
        html += _empty_block(config, settings)
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

    def _remember_notebooks(self, plugin: Any, settings: Settings) -> None:
        """mkdocs-jupyter runs a notebook again where it changed; here also where
        anything changed that it leans on. It trusts what it finds: it is given what
        is whole."""
        if self.remembered is not None:  # of a build that failed
            self.remembered.cleanup()
            self.remembered = None
        if not settings.cache:
            return
        self.remembered = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        for file in _notebooks(settings).glob("*.json"):
            if content := cache.read(file):
                (Path(self.remembered.name) / file.name).write_bytes(content)
        plugin.config["cache_dir"] = self.remembered.name

    def _keep_notebooks(self, settings: Settings) -> None:
        """Keep what mkdocs-jupyter remembers, and nothing older."""
        if self.remembered is None:
            return
        here = _notebooks(settings)
        for older in here.parent.glob("notebooks-*"):
            if older != here:
                shutil.rmtree(older, ignore_errors=True)
        for file in Path(self.remembered.name).glob("*.json"):
            cache.keep(here / file.name, file.read_bytes())
        self.remembered.cleanup()
        self.remembered = None


def _read_all(files: Any, config: Any) -> list[Source]:
    """The pages: path, file and text. One in another encoding ends the build with its
    name and line."""
    found = []
    root = Path(config.config_file_path or "mkdocs.yml").resolve().parent
    for file in files.documentation_pages():
        path = Path(file.abs_src_path or "")
        if path.suffix == ".md" and path.is_file():
            name = os.path.relpath(path, root).replace(os.sep, "/")
            try:
                found.append((name, path, lint.text_of(path, name)))
            except FenceError as error:
                raise BuildError(str(error)) from None
    return found


def _empty_block(config: Any, settings: Settings) -> str:
    """The place of an empty block at the foot of a page, where Run is there to use it;
    without scripts it is not seen."""
    has_run = any(str(each).startswith(FOLDER) for each in config.extra_javascript)
    if settings.empty_block is None or not has_run:
        return ""
    first = attribute(settings.empty_block)
    kind = 'class="livefence-empty" data-search-exclude'
    return f'\n<div {kind} data-first="{first}"></div>\n'


def _notebooks(settings: Settings) -> Path:
    """Where notebooks are kept that lean on all as it is now."""
    name = f"notebooks-{cache.surroundings(settings)[:16]}"
    return settings.root / str(settings.cache) / name


def _settings(config: Any) -> Settings:
    root = Path(config.config_file_path or "mkdocs.yml").resolve().parent
    return from_options(config.mdx_configs.get(NAME) or {}, root)


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
