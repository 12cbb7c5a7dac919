"""What mkdocs-jupyter makes of a notebook becomes a page like any other."""

import base64
import json

import pytest

from livefence.jupyter import Reader
from livefence.shown import blocks as shown_blocks
from sites import Site

SVG = '<svg viewBox="0 0 72 36"><path d="M 0 0" style="fill: #000000"/></svg>'
PROSE = """<div class="jp-Cell jp-MarkdownCell"><div class="jp-RenderedMarkdown">
<h2 id="a">A<a class="anchor-link" href="#a">¶</a></h2><p>$a &lt; b$, <code>$c$</code>
</p><p>$$d$$</p></div></div>"""
CODE = """<div class="jp-Cell jp-CodeCell"><div class="jp-Cell jp-CodeCell" id="x">
<div class="highlight-ipynb"><pre><span></span>f(x)\n</pre></div>{}</div></div>"""


def read(shown, *cells):
    """The page, and what was found wrong."""
    stored = [{"cell_type": kind, "metadata": says} for kind, says in cells]
    faults = []
    reader = Reader({"#000000": "var(--ink)"}, faults.append)
    return reader.page(shown, json.dumps({"cells": stored})), faults


def output(kind, text):
    return f'<div class="jp-OutputArea-output" data-mime-type="{kind}">{text}</div>'


def image():
    data = base64.b64encode(SVG.encode()).decode()
    shown = f'<img src="data:image/svg+xml;base64,{data}">'
    return CODE.format(output("image/svg+xml", shown))


def test_prose_has_formulas_and_links_as_a_page_has():
    page, faults = read(f"<style>a</style><script></script>{PROSE}", ("markdown", {}))
    assert '<span class="arithmatex">\\(a &lt; b\\)</span>' in page
    assert "<code>$c$</code>" in page
    assert '<div class="arithmatex">\\[d\\]</div>' in page
    assert "<p><div" not in page
    assert 'class="headerlink"' in page
    assert "style" not in page
    assert "script" not in page
    assert not faults


def test_what_is_printed_in_pieces_is_joined():
    pieces = [output("text/plain", f"<pre>{text}</pre>") for text in ("1\n2", "3\n")]
    page, faults = read(CODE.format("".join(pieces)), ("code", {}))
    assert page.count("livefence-output") == 1
    assert ">1\n23\n</code>" in page
    assert "<code>f(x)\n</code>" in page
    assert not faults


def test_a_figure_has_the_alt_text_and_the_caption_of_its_cell():
    says = {"alt": "Two <bars>", "caption": "A & B"}
    page, faults = read(image(), ("code", says))
    assert 'aria-label="Two &lt;bars&gt;"' in page
    assert "<figcaption><p>A &amp; B</p>" in page
    assert "var(--ink)" in page
    assert not faults


@pytest.mark.parametrize(
    ("shown", "fault"),
    [
        (image(), "alt"),
        (CODE.format(output("application/vnd.jupyter.stderr", "!")), "stderr"),
        ("", "1 cells are stored, 0 are shown"),
    ],
)
def test_what_must_not_be_published_is_a_fault(shown, fault):
    _, faults = read(shown, ("code", {}))
    assert fault in faults[0]


def test_cells_are_one_chain_without_what_plain_python_does_not_know():
    source = ["%config A.b = 1\n", "a = 1"]
    first = {"cell_type": "code", "metadata": {}, "source": source}
    second = {"cell_type": "code", "metadata": {}, "source": ["b = a"]}
    shown = CODE.format("") + CODE.format("")
    page = Reader({}, pytest.fail).page(shown, json.dumps({"cells": [first, second]}))
    assert page.count('data-chain="0"') == 2
    first, second = shown_blocks(page)
    assert first.copied == "a = 1\n"
    assert second.copied == "a = 1\n\nb = a\n"


def test_a_text_for_a_figure_that_is_not_drawn_is_told():
    """A kernel with another backend draws nothing."""
    _, faults = read(CODE.format(""), ("code", {"alt": "A line."}))
    assert faults == ["a cell's metadata has 1 `alt` more than it draws"]


@pytest.mark.slow
def test_a_notebook_runs_again_only_when_something_it_leans_on_changed(tmp_path):
    plugins = (
        "plugins:\n  - mkdocs-jupyter: {execute: true, allow_errors: false}\n"
        "  - livefence\n"
    )
    made = Site(tmp_path, plugins, cache=".cache", packages="[shelf]")
    book = made.write("shelf/__init__.py", "title = 'First'\n")
    mark = tmp_path / "mark"
    code = f"with open({mark.as_posix()!r}, 'a') as f:\n    print(f.write('x'))"
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "source": code}
    stored = {
        "cells": [cell | {"execution_count": None, "outputs": []}],
        "metadata": {},
    }
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    stored["metadata"]["kernelspec"] = kernel
    stored |= {"nbformat": 4, "nbformat_minor": 5}
    made.write("docs/index.ipynb", json.dumps(stored))
    for runs in ("x", "x"):
        result = made.build()
        assert result.returncode == 0, result.stderr
        assert mark.read_text() == runs
    book.write_text("title = 'The second'\n")
    assert made.build().returncode == 0
    assert mark.read_text() == "xx"
    assert len(list((tmp_path / ".cache").glob("notebooks-*"))) == 1
