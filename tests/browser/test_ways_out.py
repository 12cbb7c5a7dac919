"""A block reaches no other host, by whichever way; without the policy it would."""

import json
import shutil
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import expect
from test_run import PAGE, Block, _parts  # noqa: F401 (a fixture)

pytestmark = pytest.mark.timeout(400)

# What a block may try, by the path that it asks for. Each fails by itself.
WAYS = {
    "XMLHttpRequest": """
request = js.XMLHttpRequest.new()
request.open("GET", here, False)
request.send()
""",
    "open_url": """
from pyodide.http import open_url
open_url(here)
""",
    "fetch": """
js.fetch(here)
""",
    "opaque": """
js.fetch(here, to_js({"mode": "no-cors", "method": "POST", "body": "a"},
                     dict_converter=js.Object.fromEntries))
""",
    "WebSocket": """
js.WebSocket.new(here.replace("http", "ws"))
""",
    "EventSource": """
js.EventSource.new(here)
""",
    "import": """
run_js(f"import('{here}')")
""",
    "FontFace": """
js.FontFace.new("a", f"url({here})").load()
""",
    "caches": """
js.caches.open("a").then(create_proxy(lambda cache: cache.add(here)))
""",
}
HEAD = """
import js
from pyodide.code import run_js
from pyodide.ffi import create_proxy, to_js
"""
# Ways that a module worker has not at all.
NONE = ["Worker", "SharedWorker", "document", "window"]


@pytest.fixture
def other():
    """Another host, and the paths that were asked of it."""
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(self.path)
            self.send_error(404)

        do_POST = do_OPTIONS = do_GET

        def log_message(self, *args):
            pass

    class Server(ThreadingHTTPServer):
        address_family = socket.AF_INET

        def get_request(self):
            found = super().get_request()
            seen.append("a connection")
            return found

    with Server(("localhost", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://localhost:{server.server_port}", seen
        server.shutdown()
        thread.join()


@pytest.fixture
def unguarded(site):
    """The address of a page without the policy, beside the others for a while."""
    begin, found, end = site.source(PAGE).partition('<meta http-equiv="Content-Sec')
    assert found
    folder = site.folder / "chapters/unguarded"
    folder.mkdir()
    file = folder / "index.html"
    file.write_text(begin + end.partition(">")[2], encoding="utf-8")
    yield site.url + "chapters/unguarded/"
    shutil.rmtree(folder)


def open_page(page, url):
    """The first block of the page."""
    page.goto(url)
    return Block(page)


def program(url):
    """All ways one after another, whatever becomes of each."""
    code = HEAD
    for name, way in WAYS.items():
        inner = way.strip().replace("\n", "\n    ")
        code += f"here = {url + '/' + name!r}\ntry:\n    {inner}\n"
        code += "except BaseException as error:\n    pass\n"
    return code + "print('tried')\n"


def asked(seen):
    return {path.strip("/") for path in seen if path.startswith("/")}


def test_a_block_has_no_way_out(page, site, other):
    """Each is refused by the policy before a connection is made. The worker says so
    itself, so that nothing is only late."""
    url, seen = other
    block = open_page(page, site.url + PAGE)
    block.write(
        "import js\nfrom pyodide.ffi import create_proxy\n"
        "js.refused = js.Array.new()\n"
        "js.addEventListener('securitypolicyviolation', create_proxy(\n"
        "    lambda event: js.refused.push(event.blockedURI)))\n"
        f"{program(url)}"
    )
    block.run()
    assert block.output == "tried\n"
    names = set(WAYS) - {"import"}  # what would import is text made code: no path
    expected = {f"{url}/{name}" for name in names} | {"eval"}
    block.write("import js\nprint(*js.refused)")
    for _ in range(100):
        block.run()
        refused = {each.replace("ws:", "http:") for each in block.output.split()}
        if refused >= expected:
            break
    assert refused == expected
    assert seen == []


def test_without_the_policy_each_way_leads_out(page, unguarded, other):
    """So the test above can fail."""
    url, seen = other
    block = open_page(page, unguarded)
    block.write(program(url))
    block.run()
    block.write("print('again')")
    for _ in range(100):
        if asked(seen) >= set(WAYS):
            break
        block.run()
    assert asked(seen) == set(WAYS)


def test_a_block_can_begin_no_worker_of_its_own(page, site, other):
    """One from the network would have no policy; so would a page, in a frame."""
    block = open_page(page, site.url + PAGE)
    block.write(f"import js\nprint([hasattr(js, name) for name in {NONE}])")
    block.run()
    assert block.output == f"{[False] * len(NONE)}\n"


FORGED = """
<svg viewBox="0 0 1 1"><circle r="1"/><a href="URL/a"><text>press</text></a>
<foreignObject><form action="URL/form"></form></foreignObject>
<script>planted = 1</script><set attributeName="href"/></svg>
<meta http-equiv="refresh" content="0;url=URL/meta">
<form action="URL/form" method="post"><input autofocus></form>
<iframe src="URL/frame"></iframe><img src="URL/image"><link rel="prefetch" href="URL/l">
"""
BARE = '<form action="URL/form"></form><meta http-equiv="refresh" content="0;url=URL">'


def test_what_a_block_says_it_has_drawn_is_shapes_alone(page, site, other):
    """It can speak in the worker's name; the page takes no more of it than SVG."""
    url, seen = other
    block = open_page(page, site.url + PAGE)
    html = [each.replace("URL", url) for each in (FORGED, BARE, "<svg/onload=a>", "")]
    block.write(
        "import js, json\n"
        f"html = {json.dumps(html)}\n"
        "said = json.dumps({'type': 'done', 'figures': html, 'known': []})\n"
        "js.postMessage(js.JSON.parse(said))\n"
    )
    block.run()
    figures = block.shown.locator("figure")
    expect(figures).to_have_count(2)
    inside = block.shown.locator("*:not(figure, svg, circle)")
    assert inside.all() == []
    assert block.shown.locator("circle").count() == 1
    assert page.url == site.url + PAGE
    assert asked(seen) == set()  # Chromium may connect ahead, and says nothing


def test_no_form_of_the_page_can_be_sent_elsewhere(page, site, other):
    url, seen = other
    open_page(page, site.url + PAGE)
    refused = page.evaluate(
        """(url) => new Promise((resolve) => {
            addEventListener("securitypolicyviolation",
                (event) => resolve([event.violatedDirective, event.blockedURI]));
            const form = document.createElement("form");
            Object.assign(form, {action: url, method: "post"});
            document.body.append(form);
            form.submit();
        })""",
        f"{url}/form",
    )
    assert refused[0] == "form-action"
    assert page.url == site.url + PAGE
    assert asked(seen) == set()  # Chromium may connect ahead, and says nothing
