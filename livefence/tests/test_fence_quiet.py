"""What fails nowhere by itself is told by the build, the tests and the check alike."""

import re
import time
from dataclasses import dataclass

import pytest

from livefence import lint
from livefence.settings import Settings
from sites import Site

FORM = '```python { check="a" }\na = ...\n```\n\n'
NETWORK = "OutsideError: asks another host, "
CLOCK = "shows what changes from build to build, as it reads the clock"
BARE = "import matplotlib.pyplot as plt\nplt.plot([1])"
DRAW = f"{BARE}\nplt.xlabel('a')"


@dataclass(frozen=True)
class Planted:
    """A page that is wrong, the line of it, and what is said there."""

    text: str
    line: int
    message: str


def fence(code, header="python"):
    return f"```{header}\n{code}\n```\n"


RUN = {  # told when the page runs
    "urlopen": Planted(
        fence("import urllib.request as r\nr.urlopen('http://example.invalid/x')"),
        3,
        f"{NETWORK}example.invalid",
    ),
    "socket": Planted(
        fence("import socket\nsocket.create_connection(('192.0.2.1', 80))"),
        3,
        f"{NETWORK}192.0.2.1",
    ),
    "swallowed": Planted(
        fence(
            "import urllib.request as r\ntry:\n    r.urlopen('https://example.invalid')"
            "\nexcept Exception:\n    pass"
        ),
        1,
        "asks another host, example.invalid",
    ),
    "subprocess": Planted(
        fence("import subprocess\nsubprocess.run(['true'])"),
        3,
        "OutsideError: starts another program, true",
    ),
    "system": Planted(
        fence("import os\nos.system('true')"), 3, "OutsideError: starts another program"
    ),
    "many-lines": Planted(
        fence("for i in range(200_000):\n    print(i)"),
        3,
        "prints too much: 10,000 lines",
    ),
    "long-line": Planted(
        fence("a = 1\nprint('x' * 2_000_000)"), 3, "prints too much: "
    ),
    "last-value": Planted(fence("'x' * 2_000_000"), 1, "prints too much: "),
    "clock": Planted(fence("import time\n\nprint(time.time())"), 4, CLOCK),
    "now": Planted(
        fence("from datetime import datetime\nf'{datetime.now():%Y-%m-%d %H}'"),
        3,
        CLOCK,
    ),
    "today": Planted(fence("import datetime as d\nd.date.today()"), 3, CLOCK),
    "strftime": Planted(
        fence("from time import strftime\nstrftime('%c')"), 1, "shows "
    ),
    "a-duration": Planted(
        fence(
            "from time import perf_counter\nbegun = perf_counter()\n"
            "sum(range(10**6))\nprint(f'{perf_counter() - begun:.3f} s')"
        ),
        3,
        CLOCK,
    ),
    "later": Planted(
        fence("import time\nnow = time.time()")
        + fence("print(now)", "python { continuation }"),
        5,
        "shows what changes from build to build",
    ),
    "in-prose": Planted(
        fence("import time") + "\nIt is `{python} time.time():.0f`.\n",
        5,
        f"{CLOCK.partition(' reads')[0]} reads the clock, the environment or chance "
        "in `{python} time.time():.0f`",
    ),
    "environment": Planted(
        fence("import os\nprint(os.environ['HOME'])"),
        3,
        "shows what changes from build to build, as it reads the environment",
    ),
    "folder": Planted(
        fence("import os\nprint(os.getcwd())"),
        3,
        "shows what changes from build to build, as it reads where it runs",
    ),
    "order": Planted(
        fence(
            "import os\nopen('a', 'w').close()\nopen('b', 'w').close()\n"
            "print(os.listdir())"
        ),
        5,
        "shows what changes from build to build, as it reads the order of files",
    ),
    "processors": Planted(
        fence("import os\nos.cpu_count()"),
        3,
        "shows what changes from build to build, as it reads the machine",
    ),
    "uuid": Planted(
        fence("import uuid\nprint(uuid.uuid4())"),
        3,
        "shows what changes from build to build, as it reads chance",
    ),
    "hash": Planted(
        fence("a = 1\nprint(hash('red'))"),
        3,
        "shows what changes from build to build, as it reads a hash",
    ),
    "id": Planted(fence("print(id([]))"), 2, "shows what changes from build to build"),
    "set": Planted(
        fence("print(list(set('the quick brown fox jumps over it'.split())))"),
        2,
        "shows what changes from build to build, as it reads the order of a set",
    ),
    "set-in-prose": Planted(
        fence("a = 'the quick brown fox jumps over it'.split()")
        + "\nOf `{python} set(a)`.\n",
        5,
        "shows what changes from build to build",
    ),
    "set-after-clock": Planted(
        fence("import time\nprint(1)")
        + fence("print({*'abcdefghij'})", "python { continuation }"),
        6,
        "shows what changes from build to build, as it reads the order of a set",
    ),
    "locale": Planted(
        fence("import locale\nprint(locale.getlocale())"),
        3,
        "shows what changes from build to build, as it reads the place",
    ),
    "zone": Planted(
        fence("import datetime as d\nprint(d.datetime.fromtimestamp(0))"),
        3,
        "shows what changes from build to build, as it reads the place",
    ),
    "numpy-now": Planted(
        fence("import numpy as np\nprint(np.datetime64('now'))"),
        3,
        "shows what changes from build to build, as it reads the clock",
    ),
    "package-path": Planted(
        fence("import numpy as np\nprint(np.__file__)"),
        1,
        "shows a path of this machine, ",
    ),
    "path-in-prose": Planted(
        fence("import numpy as np") + "\nIn `{python} np.__file__`.\n",
        5,
        "shows a path of this machine, ",
    ),
    "writes": Planted(
        fence("import tempfile\nopen(tempfile.gettempdir() + '/lf.txt', 'w').close()"),
        3,
        "OutsideError: writes ",
    ),
    "left-open": Planted(
        fence("open('a', 'w').close()\nprint(open('a').read())"),
        1,
        "ResourceWarning: unclosed file ",
    ),
    "address": Planted(fence("print(object())"), 1, "shows an address in memory"),
    "no-labels": Planted(
        fence(f"#| alt: A line.\n#| caption: A line.\n{BARE}"),
        1,
        "the axes say not what they are",
    ),
    "no-caption": Planted(
        fence(f"#| alt: A line.\n{DRAW}"), 1, "the figure has no caption"
    ),
}
TEXT = {  # told of the text alone
    "misspelt-check": Planted(
        fence("a = ...", 'python { chekc="a" }'),
        1,
        "fence header 'python { chekc=\"a\" }': chekc is not known, check is; ",
    ),
    "data-check": Planted(
        fence("a = ...", 'python { data-check="a" }'), 1, "fence header"
    ),
    "dotted-word": Planted(fence("a = 1", "python { .norun }"), 1, "fence header"),
    "misspelt-word": Planted(
        fence("a = 1", "python { norum }"),
        1,
        "fence header 'python { norum }': norum is not known, norun is; ",
    ),
    "pyhton": Planted(fence("a = 1", "pyhton"), 1, "fence language 'pyhton'"),
    "py3": Planted(fence("a = 1", "py3"), 1, "fence language 'py3'"),
    "inline": Planted(
        fence("a = 1") + "\nA sum\nis `{pyhton} a`.\n", 6, "`{pyhton} a`: write"
    ),
    "no-solution": Planted("A\n\n" + FORM, 3, "the form has no solution"),
    "one-for-two": Planted(
        FORM.replace("...", "...  # one") + FORM + fence("a = 1"),
        5,
        "the form has no solution",
    ),
    "another-name": Planted(
        FORM.replace('"a"', '"b"') + fence("b = 1"),
        1,
        "check asks for b, which the form does not bind",
    ),
    "not-solved": Planted(
        FORM + fence("b = 1"),
        1,
        "check asks for a, which the solution on line 5 does not bind",
    ),
    "right-as-it-is": Planted(
        FORM.replace("...", "1") + fence("a = 1"),
        1,
        "the form as it stands could be right: write a = ...",
    ),
    "answer-answer": Planted(
        fence("a = 1\nassert abs(a - a) < 1e-12"), 3, "assert abs(a - a) < 1e-12 cannot"
    ),
    "assert-pair": Planted(
        fence("import warnings\nwarnings.simplefilter('ignore')\nassert True"),
        4,
        "assert True cannot fail",
    ),
    "always-right": Planted(
        FORM + fence("a = 1\n\ndef right(a):\n    return True"),
        8,
        "right takes every answer",
    ),
    "typed": Planted("# A\n\nIt is 12345.\n", 3, "12345 is typed by hand: compute it"),
    "open-formula": Planted("A\n\nSo \\(x is.\n\nB\n", 3, "the formula is not closed"),
    "open-display": Planted("\\[\nx\n\nB\n", 1, "the formula is not closed"),
    "end-alone": Planted("So x\\) is.\n", 1, "\\) ends no formula"),
    "braces": Planted("So \\(\\frac{1}{2\\).\n", 1, "the braces of the formula"),
    "environment-open": Planted(
        "A\n\n\\[\n\\begin{aligned} x\n\\]\n", 3, "a \\begin of the formula has no"
    ),
    "left-right": Planted(
        "So \\(\\left( x )\\).\n", 1, "a \\left of the formula has no"
    ),
    "two-ids": Planted(
        "## A {#here}\n\n## B {#here}\n", 3, "the id here stands on line 1 already"
    ),
    "id-of-html": Planted(
        'A <b id="x">b</b>\n\n<p\nid="x">c</p>\n', 4, "the id x stands on line 1"
    ),
    "script": Planted("A\n\n<script>alert(1)</script>\n", 3, "a script in the page: "),
    "handler": Planted(
        '<p title="a"\nonclick="f()">A</p>\n', 2, "a script in the page, onclick=..."
    ),
    "javascript": Planted("A [b](javascript:f()).\n", 1, "a link that is a script"),
    "no-alt": Planted("A\n\n![](a.png)\n", 3, "the image has no alternative text"),
    "no-alt-html": Planted('<img src="a.png">\n', 1, "the image has no alternative"),
    "other-host": Planted(
        "![A](https://example.invalid/a.png)\n", 1, "from another host, example.invalid"
    ),
    "other-frame": Planted(
        '<iframe src="//example.invalid/a"></iframe>\n', 1, "from another host"
    ),
    "no-footnote": Planted("A.[^b]\n", 1, "the footnote [^b] is not there"),
    "front-matter": Planted(
        "---\ntitle: a: b\n---\n\n# A\n", 2, "the front matter is no YAML"
    ),
    "by-two": Planted("!!! note\n\n  A\n", 3, "indent this by four blanks"),
}
EVERY = RUN | TEXT
SOUND = r"""---
title: A
---

# A {#a}

Of `<script>`, `onclick=`, `\(`, `![](x)` and `[^b]` one may write; and of 1999, 1000
and 12.[^c] If \(x \in \{1, 2\}\) then
\[ \left( \begin{aligned} x \end{aligned} \right) \]
stands; \\(and this is none.

<!-- \( <script> ![](x) -->

```js
<script>onclick="\("</script>  // 12345
```

```python
import time
from datetime import date, datetime
import os, platform, uuid, socket, tempfile
import numpy as np

begun = time.perf_counter()
print(sorted(set("abc")), {1, 2}, len({"a", "b"}), np.datetime64("2020-02-03"))
with tempfile.TemporaryFile() as file, open("a.txt", "w") as other:
    print(file.write(b"a"), other.write("b"))
path = os.path.join("a", "b")
assert time.time() > 0, "a clock that is not shown"
print(path, date(2020, 2, 3), repr(datetime(2020, 2, 3, 4)))
print("\n".join(map(str, range(9_997))))
```

On `{python} datetime(2020, 2, 3)`.

```python { check="a b" }
a = ...
b = "..."  # or a word
```

!!! note "Solution"

    ```python
    a, b = 1, "c"
    assert a == 1
    ```

[^c]: A note.

## Sources

Pages 12345 of a book.
"""
OPTIONS = {
    "captions": "true",
    "labels": "true",
    "formulas": "true",
    "given": "{'*.md': ['54.6']}",
}


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    """All of them in one site: its folder, its build, its tests and its check."""
    site = Site(tmp_path_factory.mktemp("quiet"), **OPTIONS)
    for name, planted in EVERY.items():
        site.write(f"docs/{name}.md", planted.text)
    site.write("docs/sound.md", SOUND)
    site.write("docs/a.png", "")
    check = site.python("-m", "livefence", "check", "docs")
    return site, site.build(), site.test("-p", "matplotlib.pyplot"), check


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", EVERY)
def test_a_quiet_mistake_is_told_by_all_three_with_file_and_line(quiet, name):
    _, built, tested, checked = quiet
    planted = EVERY[name]
    expected = f"docs/{name}.md:{planted.line}: {planted.message}"
    assert f"\n{expected}" in "\n" + checked.stdout
    assert f"ERROR   -  {expected}" in built.stderr
    assert f"\n{expected}" in tested.stdout


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_check_fails_and_says_nothing_else(quiet):
    """No mistake twice, and nothing of a page that is sound."""
    _, built, tested, checked = quiet
    assert (checked.returncode, built.returncode, tested.returncode) == (1, 1, 1)
    pages = re.findall(r"^docs/(.+?)\.md:\d+: ", checked.stdout, re.M)
    assert sorted(pages) == sorted(EVERY), checked.stdout
    assert len(checked.stdout.splitlines()) == len(EVERY)
    assert built.stderr.count("ERROR   -  ") == len(EVERY)
    assert f"{len(EVERY)} failed" in tested.stdout


@pytest.mark.parametrize("name", TEXT)
def test_the_text_alone_tells(name):
    planted = TEXT[name]
    settings = Settings(captions=True, formulas=True, given={"*.md": ["54.6"]})
    found = lint.faults(planted.text, settings, f"{name}.md")
    if not planted.message.startswith("fence header"):  # which the parser tells
        [(line, message)] = found
        assert line == planted.line
        assert message.startswith(planted.message)
    else:
        assert found == []


def test_what_is_meant_is_not_told():
    settings = Settings(formulas=True, given={"*.md": []})
    assert lint.faults(SOUND, settings, "sound.md") == []


def test_a_readme_may_show_badges():
    badge = "[![CI](https://example.invalid/ci.svg)](https://example.invalid)\n"
    assert lint.faults(badge, Settings(), None) == []
    [(line, message)] = lint.faults(badge, Settings(), "index.md")
    assert line == 1
    assert "another host" in message


def test_without_formulas_a_bracket_may_be_escaped():
    assert lint.faults("As \\[a] or \\(b.\n", Settings(), "a.md") == []


def test_a_whole_page_is_read_in_an_instant():
    text = SOUND * 50
    begun = time.thread_time()
    lint.faults(text, Settings(formulas=True, given={"*.md": []}), "a.md")
    assert time.thread_time() - begun < 5  # no expression that explodes


def test_a_number_that_the_page_starts_from_may_be_typed():
    settings = Settings(given={"chapters/*.md": [], "chapters/a.md": ["54.6"]})
    assert lint.faults("It is 54.6.\n", settings, "chapters/a.md") == []
    assert lint.faults("It is 54.6.\n", settings, "index.md") == []
    assert lint.faults("It is 54.6.\n", settings, "chapters/b.md") != []


@pytest.mark.slow
def test_a_page_left_out_of_the_menu_is_told(site):
    nav = "nav: [index.md]\nnot_in_nav: /meant.md\nexclude_docs: /hidden.md\n"
    site = Site(site.root, plugins=nav)
    for name in ("index", "lost", "meant", "hidden"):
        site.write(f"docs/{name}.md", "# A\n")
    expected = "docs/lost.md:1: the page is not in the nav of mkdocs.yml"
    checked = site.python("-m", "livefence", "check", "docs")
    assert checked.stdout.startswith(expected)
    assert len(checked.stdout.splitlines()) == checked.returncode == 1
    tested = site.test("docs/lost.md").stdout
    assert f"\n{expected}" in tested
    assert "1 failed" in tested


@pytest.mark.slow
def test_a_file_in_another_encoding_is_told_without_a_traceback(site):
    site = Site(site.root, plugins="plugins: [livefence]\n")
    site.write("docs/index.md", "# A\n")
    (site.root / "docs/latin.md").write_bytes(b"# A\n\nCaf\xe9.\n")
    expected = "docs/latin.md:3: the file is not UTF-8 (byte 0xe9)"
    checked = site.python("-m", "livefence", "check", "docs/latin.md")
    assert checked.stdout.startswith(expected)
    assert checked.returncode == 1
    built = site.build()
    assert expected in built.stderr
    assert "Traceback" not in built.stderr
    tested = site.test("docs/latin.md").stdout
    assert f"\n{expected}" in tested
    assert "Traceback" not in tested


def test_a_file_that_is_not_there_is_told(site):
    checked = site.python("-m", "livefence", "check", "docs/none.md")
    assert checked.returncode == 2
    assert "there is no docs/none.md" in checked.stderr


@pytest.mark.slow
def test_a_page_that_is_sound_passes_the_check(site):
    site.write("docs/index.md", "# A\n\n```python\nprint(1)\n```\n")
    checked = site.python("-m", "livefence", "check", "docs/index.md")
    assert (checked.returncode, checked.stdout) == (0, "")


def test_a_macro_that_the_renderer_does_not_know_is_told(tmp_path):
    script = tmp_path / "maths.js"
    script.write_text(r'define("\\alpha");define("\\frac",2);f(["\\left","\\right"])')
    settings = Settings(formulas=True, macros="maths.js", root=tmp_path)
    text = "# A\n\n\\(\\alpha \\\\ \\frac12\\)\n\n\\[\nx = \\alhpa\n\\]\n"
    assert lint.faults(text, settings) == [
        (6, r"the macro \alhpa is not known; \alpha is")
    ]
    assert lint.faults(text, Settings(formulas=True)) == []


def test_a_script_of_macros_that_is_not_there_is_told(tmp_path):
    settings = Settings(formulas=True, macros="none.js", root=tmp_path)
    with pytest.raises(
        ValueError, match=r"macros must be a file, and none\.js is none"
    ):
        lint.faults("\\(x\\)", settings)
