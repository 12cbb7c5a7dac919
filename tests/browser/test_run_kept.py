"""What a reader writes is kept, can be sent as a link, and runs only when asked."""

import base64
import json
import re
import zlib
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect
from test_run import FOLLOW, PAGE, Block, _parts  # noqa: F401 (a fixture)

pytestmark = pytest.mark.timeout(300)
BACK = "As you left it, and not run since"
SENT = "From the link, and not run"
LEFT = "Object.keys(localStorage).filter((key) => key.startsWith('livefence'))"
NAME = """async (text) => {
  const folder = [...document.scripts].find((s) => s.src.endsWith("run.js")).src;
  return (await import(new URL("kept.js", folder))).named(text);
}"""


@pytest.fixture
def opened(page, site):
    page.goto(site.url + PAGE)
    return Block(page)


def shown(block):
    return block.box.locator("pre > code").text_content().rstrip("\n")


def test_an_edit_comes_back_after_a_reload_and_after_a_link(opened, site):
    page = opened.page
    original = shown(opened)
    opened.write("print('mine <b>')")
    page.reload()
    expect(opened.status).to_have_text(re.compile(f"^{BACK}"))
    assert shown(opened) == "print('mine <b>')"
    page.evaluate(FOLLOW, f"{site.url}chapters/01-choice-not-sum/")
    expect(page.locator("article[data-left]")).to_have_count(0)
    page.evaluate(FOLLOW, site.url + PAGE)
    expect(page.locator("article[data-left]")).to_have_count(0)
    expect(opened.status).to_have_text(re.compile(f"^{BACK}"))
    opened.run()
    assert opened.output == "mine <b>\n"
    opened.button("Reset").click()
    assert shown(opened) == original
    page.reload()
    expect(opened.button("Run")).to_be_visible()
    assert shown(opened) == original
    assert page.evaluate(LEFT) == []


def test_all_edits_of_a_page_can_be_let_go_at_once(opened):
    page, other = opened.page, Block(opened.page, 1)
    originals = [shown(opened), shown(other)]
    opened.write("a = 1")
    other.write("b = 2")
    page.reload()
    note = page.locator(".livefence-note")
    expect(note).to_contain_text("Your edits of 2 blocks on this page")
    note.get_by_role("button", name="Let them go").click()
    expect(note).to_have_count(0)
    assert [shown(opened), shown(other)] == originals
    assert page.evaluate(LEFT) == []


def test_a_page_whose_storage_is_forbidden_runs_and_says_what_it_cannot(
    context, page, site
):
    context.add_init_script(
        "Object.defineProperty(window, 'localStorage', "
        "{get() { throw new DOMException('no', 'SecurityError'); }})"
    )
    page.goto(site.url + PAGE)
    block = Block(page)
    block.write("print(1)")
    expect(block.status).to_have_text("This browser keeps no edits; Copy link does.")
    block.run()
    assert block.output == "1\n"


def test_a_link_brings_the_edit_and_does_not_run_it(browser, opened, site):
    """Into another browser, where nothing is kept; nothing is asked of any host."""
    page = opened.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    opened.write("print('sent: é, <b>, 1,000')\n" * 20)
    asked.clear()
    opened.button("Copy link").click()
    expect(opened.status).to_have_text("Copied: a link to this page with your edit.")
    link = page.evaluate("navigator.clipboard.readText()")
    assert asked == []
    assert link.startswith(f"{site.url}{PAGE}#run=")
    assert len(link) < len(site.url + PAGE) + 120
    other = browser.new_page(service_workers="block")
    workers = []
    other.on("worker", lambda worker: workers.append(worker.url))
    other.goto(link)
    block = Block(other)
    expect(block.status).to_have_text(re.compile(f"^{SENT}"))
    note = other.locator(".livefence-note")
    expect(note).to_contain_text("None of it runs before you press Run")
    assert "sent: é, <b>" in shown(block)
    assert not [url for url in workers if url.startswith("blob:")]
    assert other.evaluate(LEFT) == []
    block.run()
    assert block.output == "sent: é, <b>, 1,000\n" * 20
    note.get_by_role("button", name="Show the page's own code").click()
    expect(block.status).to_have_text("")
    assert other.evaluate("location.hash") == ""
    other.context.close()


def fragment(content, pack=True):
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    if pack:
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        text = packer.compress(text) + packer.flush()
    return "#run=" + base64.urlsafe_b64encode(text).decode().rstrip("=")


SCRIPT = "<img src=x onerror='window.planted = 1'><script>planted = 1</script>"
# What somebody may put behind the #, given the name of the first block: a text that
# stands there as code, and nothing more; and what does not fit the page.
CODES = {
    "HTML": SCRIPT,
    "HTML that ends the code": f"</code></pre>{SCRIPT}",
    "HTML that ends an attribute": f"\"'>{SCRIPT}",
    "an entity": "&lt;script&gt;planted = 1&lt;/script&gt;",
    "code that would run at once": "import js\njs.planted = 1",
    "a script's address": "javascript:planted=1",
    "a template": "${window.planted = 1}{{planted}}",
    "a sign that turns the line": "a = 1  # \u202e planted",
    "a zero": "a\0b",
}
MISFITS = {
    "another name": lambda name: fragment([[SCRIPT, "print(1)"]]),
    "the prototype": lambda name: fragment([["__proto__", "x"], ["constructor", "y"]]),
    "an object for a text": lambda name: fragment([[name, {"toString": "planted"}]]),
    "an object for the list": lambda name: fragment({name: SCRIPT}),
    "a number": lambda name: fragment(1),
    "null": lambda name: fragment(b"null"),
    "no JSON": lambda name: fragment(b"planted = 1"),
    "no text": lambda name: fragment(b'[["%s", "\xff\xfe"]]' % name.encode()),
    "not packed": lambda name: fragment([[name, SCRIPT]], pack=False),
    "a bomb": lambda name: fragment([[name, "x" * 50_000_000]]),
    "plain HTML": lambda name: f"#run={SCRIPT}",
    "a query in it": lambda name: "#run=?src=https://example.org/planted.js",
    "nothing": lambda name: "#run=",
    "deep": lambda name: fragment(b"[" * 50_000),
}


@pytest.fixture(scope="module")
def visited(browser, site):
    """Follow a link to the page; what it asked for, and who worked."""
    page = browser.new_page(service_workers="block")
    asked, workers = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("worker", lambda worker: workers.append(worker.url))
    page.goto(site.url + PAGE)
    name = page.evaluate(NAME, shown(Block(page)))

    def follow(hash_):
        page.goto("about:blank")
        page.goto(site.url + PAGE + hash_(name))
        expect(page.locator(".livefence-note")).to_be_visible()
        planted = "document.querySelectorAll('article :is(script, iframe, img)').length"
        assert page.evaluate(planted) == 0
        assert page.evaluate("window.planted") is None
        assert page.evaluate("({}).x ?? ({}).planted ?? null") is None
        assert not [url for url in workers if url.startswith("blob:")]
        hosts = {urlsplit(url).netloc for url in asked if url.startswith("http")}
        assert hosts == {urlsplit(site.url).netloc}
        assert page.evaluate(LEFT) == []
        return page

    yield follow
    page.context.close()


@pytest.mark.parametrize("what", CODES)
def test_code_of_a_link_is_a_text_that_does_not_run(visited, what):
    page = visited(lambda name: fragment([[name, CODES[what]]]))
    block = Block(page)
    expect(block.status).to_have_text(re.compile(f"^{SENT}"))
    assert shown(block) == CODES[what]
    assert block.box.locator("pre > code *").count() == 0


@pytest.mark.parametrize("what", MISFITS)
def test_what_does_not_fit_the_page_is_told_and_leaves_it_as_it_was(visited, what):
    page = visited(MISFITS[what])
    note = page.locator(".livefence-note")
    expect(note).to_contain_text("does not fit this page; the page is as it was")
    assert Block(page).box.locator("pre > code *").count() > 0
    expect(page.locator("article .livefence-status:not(:empty)")).to_have_count(0)


def test_the_empty_block_has_the_package_at_hand_and_shows_the_last_value(opened):
    page = opened.page
    box = page.locator(".livefence-empty .livefence")
    box.scroll_into_view_if_needed()
    box.locator("pre").click()
    block = Block(page, box=box)
    expect(box.get_by_role("textbox")).to_be_focused()
    page.keyboard.insert_text("mx.Poisson(2)")
    page.keyboard.press("Control+Enter")
    expect(block.status).to_have_text(re.compile("^Ran in"))
    assert block.output == "Poisson(rate=2)\n"
    page.reload()
    expect(block.status).to_have_text(re.compile(f"^{BACK}"))
    assert shown(block) == "mx.Poisson(2)"


VALUES = [
    ("5 + 5", "10\n"),
    ("print(1)\n'a'", "1\n'a'\n"),
    ("None", None),
    ("x = 5", None),
    ("5 + 5;", None),
    ("import numpy as np\nnp.arange(3)", "array([0, 1, 2])\n"),
    ("import matplotlib.pyplot as plt\nplt.plot([0, 1])", None),
]


def test_the_value_of_a_last_expression_is_shown_as_a_notebook_does(opened):
    for code, output in VALUES:
        opened.write(code)
        opened.run()
        if output is None:
            expect(opened.shown.locator(".livefence-output")).to_have_count(0)
        else:
            assert opened.output == output


def test_long_output_scrolls_in_its_place_and_says_how_long_it_is(opened):
    opened.write("for k in range(1234):\n    print(k)")
    opened.run()
    told = opened.shown.locator(".livefence-lines")
    expect(told).to_have_text("1,234 lines; they scroll here.")
    code = opened.shown.locator("code")
    assert code.evaluate("c => c.clientHeight") < 800
    assert code.evaluate("c => c.scrollHeight") > 10_000
    opened.write("for k in range(40):\n    print(k)")
    opened.run()
    expect(told).to_have_count(0)


def test_all_above_run_in_order_until_one_fails(page, site):
    page.goto(f"{site.url}chapters/02-hidden-factory/")
    page.evaluate("document.querySelectorAll('details').forEach((d) => d.open = true)")
    found = page.locator("article > .livefence, article section > .livefence").all()
    blocks = [Block(page, box=box) for box in found]
    all_above = (each.button("Run all above") for each in blocks[2:])
    last = next(button for button in all_above if button.is_visible())
    expect(blocks[0].button("Run all above")).to_be_hidden()
    last.click()
    expect(blocks[0].status).to_have_text(re.compile("^Ran in"))
    expect(blocks[1].status).to_have_text(re.compile("^Ran in"))
    blocks[0].write("1 / 0")
    last.click()
    expect(blocks[0].status).to_have_text(re.compile("^An error"))
    expect(blocks[1].button("Run")).to_be_visible()
    expect(blocks[1].status).to_have_text("")
