"""Run without one of its files, slowly, and without a connection: it says so."""

import re
import threading
from functools import partial
from http.server import ThreadingHTTPServer

import pytest
from playwright.sync_api import expect
from test_run import FIGURE, PAGE, Block, _parts  # noqa: F401 (a fixture)

from conftest import Quiet

pytestmark = pytest.mark.timeout(300)
FIT = (
    "import mixnotes as mx\n"
    "model = mx.Mixture(2 * [mx.Poisson()])\n"
    "mx.em(model, [0, 1, 1, 5, 6], starts=1).converged"
)
FILES = [
    "browser.json",
    "worker.js",
    "runner.zip",
    "pyodide.mjs",
    "pyodide.asm.mjs",
    "pyodide.asm.wasm",
    "python_stdlib.zip",
    "numpy-*",
    "mixnotes-*",
]


@pytest.fixture
def opened(page, site):
    page.goto(site.url + PAGE)
    return Block(page)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_refused_is_named_and_asked_for_three_times_at_most(
    opened, name
):
    """Then there are words and a Retry, which runs it once the file is there."""
    page, asked = opened.page, []

    def refuse(route):
        asked.append(route.request.url)
        route.abort()

    opened.write(FIT)
    page.route(f"**/{name}", refuse)
    opened.button("Run").click()
    words = re.compile(rf"^Missing is .*{name.strip('*')}.* did not come\.$")
    expect(opened.status).to_have_text(words)
    expect(opened.button("Retry")).to_be_focused()
    expect(opened.button("Run")).to_be_hidden()
    first = len(asked)
    assert 1 <= first <= 3
    opened.button("Retry").click()  # and so each time
    while len(asked) == first:
        page.wait_for_timeout(20)
    expect(opened.button("Retry")).to_be_visible()
    assert len(asked) == 2 * first
    page.unroute(f"**/{name}")
    opened.button("Retry").click()
    expect(opened.status).to_have_text(re.compile("^Ran in"))
    assert opened.output == "True\n"
    assert len(asked) == 2 * first


def test_what_the_site_says_it_has_not_is_asked_for_once(opened):
    asked = []

    def answer(route):
        asked.append(route.request.url)
        route.fulfill(status=404)

    opened.page.route("**/numpy-*", answer)
    opened.write("import numpy")
    opened.button("Run").click()
    expect(opened.status).to_have_text(
        re.compile(r"Missing is numpy \(1\.\d MB\): .* The site answered 404\.$")
    )
    assert len(asked) == 1


def test_a_file_that_is_not_the_one_that_was_built_is_not_used(opened):
    """Such as an old one, or a page of a hotel's network."""
    page = opened.page
    page.route("**/numpy-*", lambda route: route.fulfill(body="<h1>Log in</h1>"))
    opened.write("import numpy")
    opened.button("Run").click()
    expect(opened.status).to_have_text(re.compile("came damaged, three times"))


def test_without_a_connection_it_says_so_and_keeps_what_is_there(opened):
    """A figure's files are missing; what was defined stays."""
    page = opened.page
    opened.write("import sys\nsys.kept = 41")
    opened.run()
    page.context.set_offline(True)
    opened.write(FIGURE + "print(sys.kept)")
    opened.button("Run").click()
    expect(opened.status).to_have_text(
        re.compile(r"You are offline: connect, then press Retry\.$")
    )
    page.context.set_offline(False)
    opened.write("import sys\n" + FIGURE + "print(sys.kept + 1)")
    opened.button("Retry").click()
    expect(opened.status).to_have_text(re.compile("^Ran in"))
    assert opened.output == "42\n"


def test_what_is_loaded_is_named_with_how_much_of_how_much(opened):
    """The last package is held back until that was read."""
    page, held = opened.page, []
    page.route("**/numpy-*", lambda route: held.append(route))
    opened.write("import numpy")
    opened.button("Run").click()
    expect(opened.status).to_have_text("Loading numpy, once.")
    amount = opened.box.locator(".livefence-amount")
    expect(amount).to_have_text(re.compile(r"^\d\.\d of [78]\.\d MB"))
    expect(opened.box.get_by_role("progressbar", name="Loading")).to_be_visible()
    held[0].continue_()
    expect(opened.status).to_have_text(re.compile("^Ran in"))
    expect(amount).to_be_hidden()


# -------------------------------------------------------------------------- offline


@pytest.fixture
def closing(site):
    """The site at an address that can be closed; its server."""
    handler = partial(Quiet, directory=site.folder.parent)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


KEPT = """async (names) => {
  const all = await Promise.all(names.map((name) => caches.match(name)));
  return all.every(Boolean);
}"""


def test_what_was_read_and_run_is_there_without_a_connection(browser, closing):
    page = browser.new_page()
    root = f"http://127.0.0.1:{closing.server_port}/mixnotes/"
    page.goto(root + PAGE)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    own = [root + PAGE, f"{root}assets/livefence/run.js", f"{root}assets/css/book.css"]
    while not page.evaluate(KEPT, own):
        page.wait_for_timeout(50)
    block = Block(page)
    block.write("import numpy as np\nnp.arange(3).sum().item()")
    block.run()
    assert block.output == "3\n"
    closing.shutdown()
    closing.socket.close()
    page.goto("about:blank")
    page.goto(root + PAGE)
    expect(page.locator("h1")).to_contain_text("EM in twenty lines")
    assert page.evaluate("getComputedStyle(document.body).fontFamily").startswith('"S')
    block = Block(page)
    block.button("Reset").click()
    block.write("import numpy as np\nnp.arange(4).sum().item()")
    block.run()
    assert block.output == "6\n"
    page.goto(f"{root}chapters/04-why-em-climbs/")
    expect(page.locator("h1")).to_have_text("You are offline")
    page.close()
