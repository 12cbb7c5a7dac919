"""What the copy button puts on the clipboard is what a reader would run: the block with
all that it continues. `test_book` runs these alone, and a test there holds that they
import the package and its plots alone; a lab's cells run in `test_labs`."""

import json
from pathlib import Path

import pytest

from livefence import page as pages

DOCS = Path(__file__).parents[2] / "docs"


# Press the copy button of each block where nothing covers it, as a mouse would, and
# read what it put on the clipboard. The empty block has nothing to copy.
PRESS = """async (emptied) => {
  document.querySelectorAll("details").forEach((d) => (d.open = true));
  const texts = [];
  const blocks = "article .livefence:has(code):not([data-chain=empty])";
  for (const block of document.querySelectorAll(blocks)) {
    block.scrollIntoView({block: "center"});  // it has its buttons when it is seen
    let button;
    while (!(button = block.querySelector("button[data-clipboard-target]")))
      await new Promise(requestAnimationFrame);
    button.scrollIntoView({block: "center"});
    const {left, top, width, height} = button.getBoundingClientRect();
    const hit = document.elementFromPoint(left + width / 2, top + height / 2);
    if (!button.contains(hit)) throw new Error(`${hit?.outerHTML} covers a button`);
    await navigator.clipboard.writeText(emptied);
    hit.click();
    let text = emptied;
    while (text === emptied) text = await navigator.clipboard.readText();
    texts.push(text);
  }
  return texts;
}"""


@pytest.fixture
def copied(site, context, page):
    """Each Python block's text on the clipboard, by page and place."""
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    texts = {}
    for path in site.pages:
        page.goto(site.url + path)
        for k, text in enumerate(page.evaluate(PRESS, "nothing copied")):
            texts[f"{path} {k}"] = text
    return texts


def of_pages():
    """The texts of all pages, by their sources; of a lab each cell with those above,
    less what only a notebook knows."""
    for file in DOCS.rglob("*.md"):
        parsed = pages.read(file)
        yield from (parsed.copied(f) for f in parsed.fences if f.head.runs)
        yield from (f.source for f in parsed.fences if not f.head.runs)
    for file in DOCS.rglob("*.ipynb"):
        cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
        lines = [c["source"] for c in cells if c["cell_type"] == "code"]
        code = ["".join(s for s in cell if not s.startswith("%")) for cell in lines]
        yield from ("\n\n".join(code[: k + 1]) for k in range(len(code)))


@pytest.mark.timeout(300)
def test_every_copied_block_is_one_that_runs_alone(copied):
    assert len(copied) > 100
    known = {text.strip("\n") for text in of_pages()}
    for place, text in copied.items():
        assert text.strip("\n") in known, place


def test_a_block_that_continues_others_says_so(site, page):
    page.goto(site.url + "chapters/05-how-fast/")
    blocks = page.locator("article .livefence:has(code)")
    labels = []
    for text in ("*failed, last =", "N = first * p"):
        block = blocks.filter(has_text=text)
        button = block.locator("button[data-clipboard-target]").first
        button.focus()
        labels.append(
            button.get_attribute("aria-label") or button.get_attribute("title")
        )
    assert "continues" not in labels[0]
    assert labels[1] == "Copy, with the blocks that this one continues"
