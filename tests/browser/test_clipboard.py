"""What the copy button puts on the clipboard runs alone, as a reader would run it."""

import json
import subprocess
import sys
import textwrap

import pytest

# Each text in a process of its own, forked before anything of it has run, in an empty
# directory, where only mixnotes[plot] and the standard library can be imported.
DRIVER = textwrap.dedent(
    """
    import json, os, sys, tempfile, traceback
    import matplotlib
    matplotlib.use("svg")
    import matplotlib.pyplot, numpy, mixnotes

    ALLOWED = {"mixnotes", "numpy", "matplotlib", "mpl_toolkits", "PIL", "kiwisolver",
               "cycler", "contourpy", "dateutil", "fontTools", "packaging",
               "pyparsing", "six", *sys.stdlib_module_names}

    class Fence:
        def find_spec(self, name, path=None, target=None):
            if name.partition(".")[0] not in ALLOWED:
                raise ImportError(f"a reader does not have {name}")

    sys.meta_path.insert(0, Fence())
    failed = {}
    for key, code in json.load(sys.stdin).items():
        read, write = os.pipe()
        if not os.fork():
            os.chdir(tempfile.mkdtemp())
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            try:
                exec(compile(code, key, "exec"), {"__name__": "__main__"})
                os._exit(0)
            except BaseException:
                os.write(write, traceback.format_exc().encode()[-2000:])
                os._exit(1)
        if os.wait()[1]:
            failed[key] = os.read(read, 4000).decode() or "no message"
        os.close(read)
        os.close(write)
    json.dump(failed, sys.stdout)
    """
)


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


def whole(copied):
    """Without the texts with which another one begins: they run when that one does."""
    lines = {key: text.rstrip().splitlines() for key, text in copied.items()}
    return {
        key: text
        for key, text in copied.items()
        if not any(
            len(longer) > len(lines[key]) and longer[: len(lines[key])] == lines[key]
            for longer in lines.values()
        )
    }


@pytest.mark.timeout(300)
def test_every_copied_block_runs_alone(copied, tmp_path):
    assert len(copied) > 100
    assert all(copied.values())
    run = subprocess.run(
        [sys.executable, "-c", DRIVER],
        input=json.dumps(whole(copied)),
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == {}


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
