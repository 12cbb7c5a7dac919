"""The site, built once and served where its `site_url` says, and a Chromium."""

import os
import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.conftest import ADDRESS, own

HERE = Path(__file__).parent
DOCS = HERE.parents[1] / "docs"
PAGES = (".md", ".ipynb")
WITH_ADDRESS = (".html", ".ipynb", ".xml")  # files of a site
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
OF_COLOUR = ["color-contrast", "link-in-text-block"]  # rules that ask for a colour
TWO_FRAMES = """new Promise((done) =>
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"""
expect.set_options(timeout=120_000)  # against what hangs: no test measures time
HOW = "these tests need Chromium: apt-get install chromium, or set CHROMIUM to its path"


def pytest_collection_modifyitems(items):
    """All are slow, and the first of them waits for the site."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("slow")
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(300))


class Site(NamedTuple):
    url: str  # ends in a slash
    folder: Path  # the built pages

    @property
    def pages(self) -> list[str]:
        """The addresses of all pages, relative to `url`; first the landing page."""
        files = self.folder.rglob("index.html")
        folders = (file.parent.relative_to(self.folder).as_posix() for file in files)
        return sorted("" if folder == "." else f"{folder}/" for folder in folders)

    def source(self, path: str) -> str:
        """The HTML of one page, as built."""
        return (self.folder / path / "index.html").read_text(encoding="utf-8")

    def page_with(self, text: str) -> str:
        """The address of the one page whose source holds `text`."""
        found = [path for path in self.pages if text in own(self.source(path))]
        assert len(found) == 1, f"{text} stands on {found}, not on one page"
        return self.url + found[0]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="session")
def site(browser, build, tmp_path_factory):
    """Instant navigation acts only below `site_url`, so each process has a copy of the
    one build where its own address stands."""
    folder = tmp_path_factory.mktemp("served")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    server.daemon_threads = False
    url = f"http://127.0.0.1:{server.server_port}/mixnotes/"
    moved = 0
    built = build()
    for file in filter(Path.is_file, built.rglob("*")):
        copy = folder / "mixnotes" / file.relative_to(built)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix in WITH_ADDRESS:
            text = file.read_text(encoding="utf-8")
            moved += ADDRESS in text
            copy.write_text(text.replace(ADDRESS, url), encoding="utf-8", newline="\n")
        else:
            shutil.copy(file, copy)
    assert moved > 30, "the address of the site is not where it is looked for"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Site(url, folder / "mixnotes")
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args, browser_type):
    """Debian's Chromium, or the one that Playwright brought, where there is one."""
    found = os.environ.get("CHROMIUM")
    found = found or next(filter(None, map(shutil.which, NAMES)), None)
    found = found or browser_type.executable_path
    if not Path(found).exists():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(HOW)
    ours = {"executable_path": found, "args": ["--no-sandbox"]}
    return browser_type_launch_args | ours


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    """What a page asks for is asked of the site, but where a test is about the script
    that answers without it."""
    return browser_context_args | {"service_workers": "block"}


@pytest.fixture(scope="session")
def base_url():
    """None: tests use the site's address. The plugin's own warns under pytest 9."""
    return None


def pages_of_the_book() -> list[str]:
    """The addresses of all pages, as in `Site`, before any is built: by the sources."""
    files = [f.relative_to(DOCS) for f in DOCS.rglob("*") if f.suffix in PAGES]
    names = [f.with_suffix("").as_posix() for f in files if f.parts[0] != "assets"]
    return sorted("" if n == "index" else f"{n.removesuffix('/index')}/" for n in names)


@pytest.fixture
def move(page, site):
    """Open the page that holds a move: its box, scripts running."""

    def opened(name):
        page.goto(site.page_with(f'data-move="{name}"'))
        box = page.locator(f"[data-move='{name}'][data-live]")
        expect(box).to_be_visible()
        return box

    return opened


@pytest.fixture
def still(browser, site):
    """The box of a move for a reader without scripts, with nothing to press in it."""
    with browser.new_context(java_script_enabled=False) as context:

        def opened(name):
            page = context.new_page()
            page.goto(site.page_with(f'data-move="{name}"'))
            box = page.locator(f"[data-move='{name}']")
            expect(box).to_be_visible()
            assert box.locator("input, button").count() == 0
            return box

        yield opened


# The header has its title of the top of the page again, and nothing moves.
STILL = """
  !document.querySelector(".md-header__title--active") &&
  document.getAnimations().every(a => a.playState !== "running"
    || a.effect.getComputedTiming().iterations === Infinity)
"""


def until(page, condition: str) -> None:
    """Wait until an expression holds.

    The page waits by itself: Playwright's `wait_for_function` has the expression
    evaluated anew at each look, which the pages' policy refuses from the second on.
    """
    page.evaluate(f"""async () => {{
      while (!({condition})) await new Promise(requestAnimationFrame);
    }}""")


# axe reads the same few colours of a page tens of thousands of times, which takes two
# thirds of its time: each is read once.
READ_ONCE = """() => {
  const colour = axe.commons.color.Color.prototype, read = colour.parseString;
  const known = new Map();
  colour.parseString = function (text) {
    if (known.has(text)) [this.r, this.g, this.b, this.alpha] = known.get(text);
    else {
      read.call(this, text);
      known.set(text, [this.r, this.g, this.b, this.alpha]);
    }
    return this;
  };
}"""


@pytest.fixture(scope="session")
def violations():
    """What axe holds against a page as it stands, one line for each element."""
    script = Axe().axe_script

    def look(page, colours: bool | None = None) -> list[str]:
        """By all rules; by those of colours alone, or by all but those."""
        page.evaluate("scrollTo(0, 0)")  # what scrolls under the header is no finding
        page.evaluate(TWO_FRAMES)  # what a new size asks for is done by then
        until(page, STILL)  # nor is what fades from one title to another
        if not page.evaluate("'axe' in window"):
            page.evaluate(script)
            page.evaluate(READ_ONCE)
        options = {
            "runOnly": OF_COLOUR if colours else WCAG,
            "resultTypes": ["violations"],
        }
        if colours is False:
            options["rules"] = {rule: {"enabled": False} for rule in OF_COLOUR}
        found = page.evaluate(
            "(options) => axe.run(options).then((found) => found.violations)", options
        )
        return [
            f"{rule['id']}: {node['html'][:200]} {node['failureSummary'][:200]}"
            for rule in found
            for node in rule["nodes"]
        ]

    return look
