"""What of a page's text would be shown to readers, and is not what its author meant."""

from dataclasses import replace

import pytest

from livefence import links, lint
from livefence.settings import Settings

CODE = "import a\n\na.b(1)"
NEVER = "never runs: write ```python, or ```python { notest }"
TOLD = {
    "a fence without a language": (f"A\n\n```\n{CODE}\n```", 3, NEVER),
    "a fence of text": (f"```text\nx = a(1)\n```\n\n{CODE.splitlines()[0]}", 1, NEVER),
    "an indented block": ("The code:\n\n    import a\n    a.b(1)", 3, NEVER),
    "a pre": ("A\n\n<pre><code>import a\na.b(&quot;c&quot;)\n</code></pre>", 3, NEVER),
    "a figure that is closed": (
        "```python\nplt.plot([1])\nplt.close()\n```",
        3,
        "the figure is closed before it is shown",
    ),
    "a long sleep": (
        "```python\nimport time\n\ntime.sleep(90)\n```",
        4,
        "sleeps for 90 s, and a block may take 20",
    ),
    "no code": ("```python\n\n```", 1, "the block has no code"),
    "a word for the shell": (
        "```bash { rn }\ntrue\n```",
        1,
        "fence header 'bash { rn }': rn is not known; write bash { run }",
    ),
    "notest": (
        "A\n\n```python { notest }\na\n```",
        3,
        "notest: the block never runs, and the page is not among those",
    ),
    "no blank": (
        "```python\na = 1\n```\n\nIt is `{python}a:.3f`.",
        5,
        "`{python}a:.3f`: write `{python} ...`",
    ),
    "no backtick": ("It is `{python} a. The end.", 1, "`{python} a. The end.: a backt"),
    "an interpreter": ("```ipython\na\n```", 1, "fence language 'ipython'"),
    "an abbreviation": ("A BC.\n\n*[B]: Be", 3, "the abbreviation B does not occur"),
    "a backslash": ("A\\\nB", 1, "a line that ends in a backslash shows it"),
    "open front matter": ("---\ntitle: A\n\n# A", 1, "the front matter is not closed"),
    "another title": (
        "---\ntitle: A b\n---\n\n# 1 A c",
        2,
        "the title is 'A b', and the heading on line 5 '1 A c'",
    ),
    "a style": ("A\n\n<style>p {}</style>", 3, "a style in the page, <style>"),
    "an attribute": ('<p\nstyle="a:b">A</p>', 2, 'a style in the page, style="..."'),
    "a frame": ('<iframe src="../a/"></iframe>', 1, "a frame in the page"),
    "an open block": ("<div>\n<div>\n</div>\n\nA", 1, "the <div> is not closed"),
    "a block inside": ("<aside>\n<div>\n</aside>", 2, "the <div> is not closed"),
    "a block too few": ("A\n\n</div>", 3, "the </div> closes nothing"),
    "a page": ("A [b](others.md).", 1, "there is no others.md; other.md is"),
    "an image": ("A\n![b](c/d.png)", 2, "there is no c/d.png"),
    "a definition": ("[a][b]\n\n[b]: none.md", 3, "there is no none.md"),
    "a reference": ("A [b][c].", 1, "nothing defines the reference [c]"),
    "a place": ("[a](other.md#her)", 1, "there is no #her in other.md; #here is"),
    "a place here": ("# A b\n\n[c](#a-c)", 3, "there is no #a-c in this page; #a-b is"),
}
MEANT = {
    "output": "```text\nweight 0.5\na: 1\n```",
    "words": "A\n\n    some words, indented\n",
    "a figure that is saved": "```python\nplt.savefig('a')\nplt.close()\n```",
    "a short sleep": "```python\nimport time\ntime.sleep(0.1)\n```",
    "a list": "- A\n\n    import a\n",
    "a pre": "<pre>weight 0.5</pre>",
    "commands": '```bash { .a title="b" }\ntrue\n```\n\n```bash { run }\ntrue\n```',
    "two backticks": "Write `` `{python}a` `` or ``{python}a``.",
    "an abbreviation": "A B.\n\n*[B]: Be",
    "a rule": "---\n\nA: b\n\n---\n",
    "titles": '---\ntitle: "A b"\n---\n\n# 1 A b { #a }',
    "blocks": "<div>\n<aside>A</aside>\n</div>\n\n`<div>` and `<style>`",
    "links": "[a](other.md) [b](other.md#here) [c](https://a.org/b.md) "
    "[d](other.md#by-itself_1) [e](<other.md>) [f][Gh] [i][known.j] [k](#fn:1)\n\n"
    "[gh]: other.md#set",
    "made by others": "[a](made.md#anything) [b](hard.md#anything)",
    "formulas": "\\[\na \\\\\nb\n\\]",
}
FOLDER = {
    "other.md": '# Here\n\n## By *itself*\n\n### Else { #set }\n\n<p id="x">A</p>\n',
    "made.md": "# A\n\n::: a.b\n",
    "hard.md": "# `a`\n",
}


@pytest.fixture
def folder(tmp_path):
    """The pages to which a page leads."""
    for name, text in FOLDER.items():
        (tmp_path / name).write_text(text)
    return tmp_path


SETTINGS = Settings(notest=["b.md"], packages=["known"], formulas=True, plain_html=True)


def faults(text, folder, source="a.md"):
    """What is told of a page with a title."""
    if not text.startswith("---\ntitle"):
        settings = SETTINGS
    else:
        settings = replace(SETTINGS, titles=["a.md"])
    return lint.faults(text + "\n", settings, source, folder)


@pytest.mark.parametrize("name", TOLD)
def test_it_is_told_with_its_line(name, folder):
    text, line, message = TOLD[name]
    [(at, said)] = faults(text, folder)
    assert at == line
    assert message in said


@pytest.mark.parametrize("name", MEANT)
def test_what_is_meant_is_not(name, folder):
    assert faults(MEANT[name], folder) == []


def test_a_page_may_be_listed_as_one_that_shows_code(folder):
    text = f"```python {{ notest }}\na\n```\n\n```text\n{CODE}\n```"
    assert faults(text, folder, "b.md") == []
    assert len(faults(text, folder, "c.md")) == 2


def test_a_page_of_titles_has_one():
    [(line, said)] = lint.faults("A\n", Settings(titles=["a.md"]), "a.md")
    assert (line, said.partition(":")[0]) == (1, "the page has no title")


READERS = Settings(readers=["known"], wheels_without=["known/extra"])


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import os, known, known.part", None),
        ("from known import extras", None),
        ("import scipy.stats", "readers have no scipy: do without it, or write"),
        ("def f():\n    from scipy import stats", "readers have no scipy"),
        ("from known.extra.more import a", "the page has no known.extra.more (wheels_"),
    ],
)
def test_a_block_imports_what_readers_have(code, said):
    text = f"```python\n{code}\n```\n"
    found = lint.faults(text, READERS, "a.md")
    if said is None:
        assert found == []
        return
    [(line, message)] = found
    assert line == 1 + len(code.splitlines())
    assert message.startswith(said)
    for other in (text.replace("python", "python { norun }"), text):
        settings = Settings() if other is text else READERS
        assert lint.faults(other, settings, "a.md") == []


def test_a_heading_gets_the_id_that_markdown_gives_it():
    markdown = pytest.importorskip("markdown")
    for words in ("A b", "How many, then?", "A *b*, c-d", "Härdle's 1st", "a_b"):
        html = markdown.markdown(f"# {words}", extensions=["toc"])
        assert f'id="{links.slug(words)}"' in html
