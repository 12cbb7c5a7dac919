"""Run, Edit, Reset and Stop: what a reader does with a block, in a real Chromium."""

import gzip
import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.timeout(400)
BRING = "these tests need what Run needs: python -m livefence.browser"
FENCES = ".livefence:not([data-chain=empty]):not(:has(> .livefence-fold))"
FOLDED = ".livefence:has(> .livefence-fold)"
OURS = {"run.js", "cell.js", "answer.js", "kept.js", "python.js", "run.css", "page.css"}
PAGE = "chapters/03-em/"
FIGURE = "import matplotlib.pyplot as plt\nplt.plot([0, 1])\n"
both_schemes = pytest.mark.parametrize("scheme", ["light", "dark"])
# Where the last bits differ, an extrapolated climb takes other steps to one limit.
CLIMB = re.compile(r"\d+ steps; converged: estimated distance to the limit \S+")
NUMBER = re.compile(r"-?\d+(?:,\d{3})*\.?\d*(?:e[-+]?\d+)?")


@pytest.fixture(scope="session", autouse=True)
def _parts(site, pytestconfig):
    import os

    if not (site.folder / "assets/livefence/run.js").exists():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(BRING)


# What the page does 1.5 s after Stop, when nothing has answered, is held back until a
# test asks for it: a busy machine may answer later.
HOLD = """
const timer = window.setTimeout;
window.held = [];
window.setTimeout = (f, after, ...rest) =>
  after === 1500 ? held.push(f) : timer(f, after, ...rest);
"""


@pytest.fixture(autouse=True)
def _hold(context):
    context.add_init_script(HOLD)


class Block:
    """A block of the page and its buttons."""

    def __init__(self, page, place=0, box=None):
        self.page = page
        self.box = box or page.locator(f"article {FENCES}").nth(place)
        self.status = self.box.locator(".livefence-status")
        self.shown = self.box.locator("xpath=following-sibling::*[1]").and_(
            page.locator(".livefence-ran")
        )

    def button(self, name):
        return self.box.get_by_role("button", name=name, exact=True)

    def run(self, ends="^Ran in"):
        self.button("Run").click()
        expect(self.status).to_have_text(re.compile(ends))

    def write(self, code):
        """What a reader does: Edit, select all, type (pasted here: it is quicker)."""
        self.button("Edit").click()
        editor = self.box.get_by_role("textbox", name="Edit this block")
        expect(editor).to_be_focused()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.press("Delete")
        if code:
            self.page.keyboard.insert_text(code)

    @property
    def output(self):
        return self.shown.locator(".livefence-output").text_content()

    @property
    def error(self):
        return self.shown.locator(".livefence-error").text_content()


@pytest.fixture
def block(page, site):
    """The first block of a chapter, on a page where nothing has run."""
    page.goto(site.url + PAGE)
    return Block(page)


@pytest.fixture(scope="module")
def warm(browser, site):
    """A page whose Python has been loaded, figures too, for tests of what follows."""
    page = browser.new_page(service_workers="block")
    page.add_init_script(HOLD)
    page.goto(site.url + PAGE)
    block = Block(page)
    block.write(FIGURE)
    block.run()
    block.button("Reset").click()
    yield page
    page.close()


@pytest.fixture
def here(warm):
    """The first block of the warm page, as built."""
    block = Block(warm)
    yield block
    # Whatever is there now: a page that is being changed for another takes no click.
    block.button("Reset").evaluate_all("all => all.forEach((one) => one.click())")


# ------------------------------------------------------------------- the same answers


def as_read(text):
    """The words, and the numbers to compare beside them."""
    text = CLIMB.sub("steps; converged", text.rstrip("\n"))
    return NUMBER.sub("#", text), [
        float(number.replace(",", "")) for number in NUMBER.findall(text)
    ]


def pages_with_code():
    """Every page that has a block, by the sources."""
    from pathlib import Path

    from livefence.page import read

    docs = Path(__file__).parents[2] / "docs"
    found = []
    for file in sorted(docs.rglob("*.md")):
        heads = [fence.head for fence in read(file).fences]
        if any(head.runs and not head.norun for head in heads):
            path = file.relative_to(docs).with_suffix("").as_posix()
            found.append("" if path == "index" else f"{path.removesuffix('/index')}/")
    labs = sorted(docs.glob("labs/*.ipynb"))
    return found + [f"labs/{file.stem}/" for file in labs]


# As a reader who presses a link: the page is changed, and its Python stays.
FOLLOW = """(url) => {
  document.querySelector("article").dataset.left = "";
  const link = Object.assign(document.createElement("a"), {href: url});
  document.body.append(link);
  link.click();
  link.remove();
}"""


@pytest.fixture(scope="module")
def reader(browser, site):
    """Go to a page of the book, in one session of Python for all of them."""
    page = browser.new_page(service_workers="block")
    page.goto(site.url + PAGE)
    page.evaluate("window.still = true")

    def go_to(path):
        if page.url != site.url + path:
            page.evaluate(FOLLOW, site.url + path)
            expect(page.locator("article[data-left]")).to_have_count(0)
            expect(page).to_have_url(site.url + path)
        assert page.evaluate("window.still")
        return page

    yield go_to
    page.close()


@pytest.mark.parametrize("path", pages_with_code())
def test_every_block_prints_and_draws_what_the_build_did(reader, path):
    """Words to the letter, numbers to nine digits; as many figures, and their texts."""
    page = reader(path)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    found = page.locator(f"article {FENCES}").all()
    assert found
    other = []
    for place in range(len(found)):
        block = Block(page, place)
        built = block.box.evaluate(
            """box => {
                const found = {output: "", figures: []};
                let next = box.nextElementSibling;
                while (next?.matches(".livefence-output, .livefence-figure")) {
                    const svg = next.querySelector("svg");
                    if (svg) found.figures.push(svg.getAttribute("aria-label"));
                    else found.output = next.querySelector("code").textContent;
                    next = next.nextElementSibling;
                }
                return found;
            }"""
        )
        block.run()
        shown = block.shown
        output = "".join(shown.locator(".livefence-output code").all_text_contents())
        words, numbers = as_read(output)
        expected_words, expected = as_read(built["output"])
        if words != expected_words or numbers != pytest.approx(
            expected, rel=1e-9, abs=1e-12
        ):
            other.append(f"block {place}:\n{output}\n--- built:\n{built['output']}")
        svgs = shown.locator("figure > svg").all()
        assert [svg.get_attribute("aria-label") for svg in svgs] == built["figures"]
    assert not other, "\n\n".join(other)


# ------------------------------------------------------------------- what is fetched


def gzipped(site, url):
    path = urlsplit(url).path.removeprefix("/mixnotes/")
    return len(gzip.compress((site.folder / path).read_bytes(), 6))


def test_nothing_is_fetched_before_run_and_then_no_more_than_is_needed(page, site):
    """8.5 MB for a fit, 4.5 MB more for a figure, and nothing for what runs again."""
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(site.url + PAGE)
    page.evaluate("document.fonts.ready.then(() => true)")
    ours = [url for url in asked if "assets/livefence/" in url]
    assert {url.rpartition("/")[2] for url in ours} == OURS
    assert sum(gzipped(site, url) for url in ours) <= 20_000
    block = Block(page)
    block.write(
        "import mixnotes as mx\n"
        "model = mx.Mixture(2 * [mx.Poisson()])\n"
        "print(mx.em(model, [0, 1, 1, 5, 6], starts=1).converged)"
    )
    before = len(asked)
    block.run()
    assert block.output == "True\n"
    fetched = [u for u in asked[before:] if u.startswith("http")]
    assert not [u for u in fetched if "matplotlib" in u]
    assert sum(gzipped(site, url) for url in set(fetched)) <= 8.5e6
    before = len(asked)
    block.run()
    assert [u for u in asked[before:] if u.startswith("http")] == []
    block.write(FIGURE)
    block.run()
    fetched = [u for u in asked[before:] if u.startswith("http")]
    assert sum(gzipped(site, url) for url in set(fetched)) <= 4.5e6
    block.write("while True:\n    pass")
    block.button("Run").click()
    expect(block.status).to_have_text("Running.")
    block.button("Stop").click()
    expect(block.status).to_have_text(re.compile("^Stopped"))
    block.button("Reset").click()
    hosts = {urlsplit(u).netloc for u in asked if u.startswith("http")}
    assert hosts == {urlsplit(site.url).netloc}


def test_the_policy_of_the_page_forbids_other_hosts_and_inline_scripts(page, site):
    refused = []
    page.on("console", lambda m: refused.append(m.text) if m.type == "error" else None)
    for path in site.pages:
        page.goto(site.url + path)
        policy = page.locator("meta[http-equiv=Content-Security-Policy]")
        content = policy.get_attribute("content")
        assert "script-src 'self' 'wasm-unsafe-eval' 'sha256-" in content
        assert "unsafe-eval'" not in content.replace("'wasm-unsafe-eval'", "")
    assert refused == []
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'),"
        " {textContent: 'window.planted = 1'}))"
    )
    assert page.evaluate("window.planted") is None
    outside = "fetch('https://example.org/').then(() => 1, () => 0)"
    assert page.evaluate(outside) == 0
    assert any("Content Security Policy" in text for text in refused)


def test_without_scripts_the_page_reads_the_same(browser, page, site):
    """The words of the article are those with scripts, but for the buttons."""
    plain = browser.new_context(java_script_enabled=False).new_page()
    plain.goto(site.url + PAGE)
    assert plain.get_by_role("button", name="Run", exact=True).count() == 0
    page.goto(site.url + PAGE)
    words = f"article {FENCES} code, article .livefence-output, article h2"
    with_scripts = page.locator(words).all_text_contents()
    assert plain.locator(words).all_text_contents() == with_scripts
    plain.context.close()


# ------------------------------------------------------------------------- a session


def test_a_block_runs_those_that_it_continues_first(page, site):
    page.goto(site.url + PAGE)
    drawing = page.locator(f"article {FOLDED}").nth(1)
    drawing.locator("summary").click()
    block = Block(page, box=drawing)  # draws with the em_step of the first
    block.run()
    expect(block.shown.locator("figure svg")).to_be_visible()
    again = Block(page, 1)
    again.run()
    assert again.output.startswith("EM 0.40000")


def test_reset_brings_back_what_was_built(here):
    built = here.box.locator("xpath=following-sibling::*[1]")
    words = built.text_content()
    here.write("print('mine')")
    here.run()
    assert here.output == "mine\n"
    here.button("Reset").click()
    expect(here.page.locator(".livefence-ran")).to_have_count(0)
    expect(built).to_have_text(words.strip())
    expect(built).to_be_visible()
    expect(here.box.locator("code").first).to_be_visible()
    expect(here.button("Reset")).to_be_hidden()


def test_what_is_copied_is_what_is_seen(warm, here):
    warm.context.grant_permissions(["clipboard-read", "clipboard-write"])
    here.write("mine = 1\n")
    here.box.locator("button.md-clipboard, button[data-clipboard-target]").first.click()
    assert warm.evaluate("navigator.clipboard.readText()").strip() == "mine = 1"


def test_python_survives_navigation(warm, here, site):
    """By instant navigation to another page and back: nothing is loaded anew."""
    asked = []
    warm.on("request", lambda request: asked.append(request.url))
    warm.locator(".md-nav--primary a[href*='01-choice']").first.click()
    expect(warm).to_have_url(re.compile("01-choice"))
    block = Block(warm)
    block.run()
    assert not [url for url in asked if url.endswith((".wasm", "worker.js"))]
    warm.locator(".md-nav--primary a[href*='03-em']").first.click()
    expect(warm).to_have_url(re.compile("03-em"))
    expect(Block(warm).button("Run")).to_be_visible()


def test_what_runs_on_a_page_that_is_left_is_stopped(warm, here):
    here.write("while True:\n    pass")
    here.button("Run").click()
    expect(here.status).to_have_text("Running.")
    warm.locator(".md-nav--primary a[href*='01-choice']").first.click()
    expect(warm).to_have_url(re.compile("01-choice"))
    Block(warm).run()
    warm.locator(".md-nav--primary a[href*='03-em']").first.click()
    expect(warm).to_have_url(re.compile("03-em"))


def test_stop_ends_a_loop_and_keeps_python(here):
    here.write("import sys\nsys.kept = 41\nwhile True:\n    pass")
    here.button("Run").click()
    expect(here.status).to_have_text("Running.")
    here.button("Stop").click()
    expect(here.status).to_have_text(re.compile("^Stopped. What the blocks before"))
    here.write("import sys\nprint(sys.kept + 1)")
    here.run()
    assert here.output == "42\n"


def test_stop_keeps_what_earlier_blocks_defined(page, site):
    page.goto(site.url + PAGE)
    Block(page).run()
    block = Block(page, 1)
    block.write("while True:\n    pass")
    block.button("Run").click()
    expect(block.status).to_have_text("Running.")
    block.button("Stop").click()
    expect(block.status).to_have_text(re.compile("^Stopped"))
    block.write("print(em_step.__name__)")
    block.run()
    assert block.output == "em_step\n"


def test_stop_ends_a_long_call_after_a_while_and_says_what_is_gone(page, site):
    page.goto(site.url + PAGE)
    block = Block(page)
    block.write("import time\ntime.sleep(1000)")
    block.button("Run").click()
    expect(block.status).to_have_text("Running.")
    block.button("Stop").click()
    expect(block.status).to_have_text("Stopping.")
    page.evaluate("held.splice(0).forEach((end) => end())")  # 1.5 s later
    expect(block.status).to_have_text(re.compile("defined before is gone"))
    block.write("print('again')")
    block.run()
    assert block.output == "again\n"


def test_a_block_that_waits_can_be_taken_back(warm, here):
    here.write("while True:\n    pass")
    here.button("Run").click()
    other = Block(warm, 1)
    other.button("Run").click()
    expect(other.status).to_have_text("Waits for the block that runs now.")
    other.button("Stop").click()
    expect(other.button("Run")).to_be_visible()
    here.button("Stop").click()
    expect(here.status).to_have_text(re.compile("^Stopped"))


# ------------------------------------------------------------------------ bad input

BAD = [
    ("a =", "line 1", "SyntaxError: invalid syntax"),
    ("x = 1\n\ny = x / 0", 'File "this block", line 3', "ZeroDivisionError"),
    ("import nowhere", "No module named 'nowhere'", "matplotlib, mixnotes, numpy"),
    ("raise SystemExit(3)", "SystemExit: 3", "line 1"),
    ("input()", "EOFError", "line 1"),
]


@pytest.mark.parametrize(("code", "first", "second"), BAD)
def test_an_error_names_the_line_and_leaves_the_page_usable(here, code, first, second):
    here.write(code)
    here.run("^An error")
    assert first in here.error
    assert second in here.error
    assert "livefence" not in here.error
    here.write("print('well')")
    here.run()
    assert here.output == "well\n"


def test_ten_megabytes_of_output_are_cut(here):
    here.write("for _ in range(1000):\n    print('x' * 9_999)")
    here.run()
    assert here.output.endswith("... and 9,900,000 characters more\n")
    assert len(here.output) < 101_000


def test_a_figure_of_very_many_points_is_drawn_in_pixels(here):
    here.write(
        "import numpy as np\nimport matplotlib.pyplot as plt\n"
        "x = np.random.default_rng(0).normal(size=(100_000, 2))\n"
        "plt.plot(*x.T, '.')"
    )
    here.run()
    image = here.shown.locator("svg image")
    expect(image).to_be_visible()
    assert len(image.get_attribute("href")) < 1e6


def test_an_empty_block_says_so(here):
    here.write("")
    here.button("Run").click()
    expect(here.status).to_have_text(re.compile("^The block is empty"))


def test_an_error_in_a_block_before_is_told(page, site):
    page.goto(site.url + PAGE)
    Block(page).write("1 / 0")
    block = Block(page, 1)
    block.run("^An error in a block that this one continues")
    assert "block 1 of those that this one continues" in block.error


# ---------------------------------------------------------------- keyboard and readers


def test_the_keyboard_alone_runs_edits_stops_and_resets(page, site):
    page.goto(site.url + PAGE)
    block = Block(page)
    block.button("Run").focus()
    page.keyboard.press("Tab")
    expect(block.button("Edit")).to_be_focused()
    page.keyboard.press("Enter")
    expect(block.box.get_by_role("textbox")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text("while True:\n    pass")
    page.keyboard.press("Control+Enter")
    expect(block.status).to_have_text("Running.")
    page.keyboard.press("Escape")
    expect(block.button("Stop")).to_be_focused()
    page.keyboard.press("Enter")
    expect(block.status).to_have_text(re.compile("^Stopped"))
    expect(block.button("Run")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(block.button("Reset")).to_be_focused()
    page.keyboard.press("Enter")
    expect(block.button("Run")).to_be_focused()
    expect(block.box.get_by_role("textbox")).to_have_count(0)


@both_schemes
def test_axe_finds_nothing_with_the_editor_open(page, site, violations, scheme):
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto(site.url + PAGE)
    block = Block(page)
    block.write("print(1 / 0)")
    block.run("^An error")
    assert violations(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


# ------------------------------------------------------------------------- exercises


def test_an_exercise_tells_what_is_wrong_and_what_is_right(page, site):
    page.goto(site.url + "chapters/02-hidden-factory/")
    answer = Block(page, box=page.locator("article .livefence-answer").first)

    def verdict(code, ends):
        answer.write(code)
        answer.button("Check").click()
        expect(answer.status).to_have_text(re.compile(ends))

    dots = "Not yet: put your answer in place of the dots after answer ="
    verdict("answer = ...  # here", re.compile(dots))
    verdict("answer = 0.5", "^Not yet: answer is too small.$")
    verdict("answer = 0,8258", "write 0.8258, with a point for the comma.$")
    verdict("answer = 0,08258", "^Not yet: write 0.08258, with a point for the comma.$")
    verdict("answer = 10**400", "^Not yet: answer is too large.$")
    verdict("answer = bayes(0.4)", "^An error")  # no such name in the chapter
    verdict("answer = 0.256 / 0", "^An error")
    verdict("print('so:')\nanswer = 0.256 / 0.31", "^Right.$")
    assert answer.output == "so:\n"
    answer.button("Reset").click()
    expect(answer.box.locator("code").first).to_be_visible()
    assert "answer = ..." in answer.box.locator("code").first.text_content()
