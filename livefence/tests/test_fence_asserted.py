"""Output that stands in the page is asserted, and `livefence fix` writes it."""

import re
import shutil

import pytest
from markdown import Markdown

from livefence import fix
from livefence.faults import FenceError
from livefence.page import Command, Fence, parse

BASH = pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")


def show(text, **options):
    extensions = ["pymdownx.superfences", "livefence"]
    md = Markdown(extensions=extensions, extension_configs={"livefence": options})
    return md.convert(text)


def python(code, header="python"):
    return f"```{header}\n{code}```\n"


# ------------------------------------------------------------------- what is asserted

RIGHT = {
    "a print": "print(3)\n#> 3\n",
    "a value": "1 + 2\n#> 3\n",
    "two lines": "print('a\\n\\nb')\n#> a\n#>\n#> b\n",
    "blanks at the end of lines": "print('a  ')\n#> a\n",
    "as formatters write it": "print('a\\n\\nb')\n# > a\n# >\n# > b\n",
    "two places": "x = 1\nprint(x)\n#> 1\nx += 1\nx\n#> 2\n",
    "statements of several lines": "for i in range(2):\n    print(i)\n#> 0\n#> 1\n",
    "after other output": "print(1)\nprint(2)\n#> 1\n#> 2\n",
}


@pytest.mark.parametrize("kind", RIGHT)
def test_output_that_is_right_stands_once(kind):
    html = show(python(RIGHT[kind]))
    assert "livefence-output" not in html
    assert "&gt;" in html


def test_what_no_comment_asserts_stands_below():
    html = show(python("print(1)\n#> 1\nprint(2)\n"))
    shown = re.findall(r"livefence-output.*?<code[^>]*>(.*?)</code>", html, re.DOTALL)
    assert shown == ["2\n"]


WRONG = {
    "another": ("x = 1\nprint(4)\n#> 3\n", 4, "prints '4', where the page says '3'"),
    "the second line": ("print('a\\nb')\n#> a\n#> c\n", 4, "'b', where .* 'c'"),
    "too few": ("print('a\\nb')\n#> a\n", 3, "prints 'b' after that"),
    "too many": ("print('a')\n#> a\n#> b\n", 4, "prints no more, .* says 'b'"),
    "nothing": ("x = 1\n#> 1\n", 3, "prints no more, where the page says '1'"),
    "an error": ("1 / 0\n#> 1\n", 2, "ZeroDivisionError"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_output_that_is_wrong_is_a_fault_with_its_line(kind):
    code, line, said = WRONG[kind]
    with pytest.raises(FenceError, match=rf"^<markdown>:{line}: .*{said}") as caught:
        show(python(code))
    if "Error" not in said:
        assert "livefence fix" in str(caught.value)


# ------------------------------------------------------------------------------ pycon

CONSOLE = """\
>>> x = 2
>>> for i in range(x):
...     print(i)
...
0
1

>>> x * 3
6
>>> None
>>> int("a")
Traceback (most recent call last):
  ...
ValueError: invalid literal for int() with base 10: 'a'
"""


def test_a_session_of_an_interpreter_is_run_and_shown_as_it_stands():
    html = show(python(CONSOLE, "pycon"))
    assert "livefence-output" not in html
    text = re.sub(r"<[^>]+>", "", html)
    assert "&gt;&gt;&gt; x * 3\n6\n" in text
    copied = re.search(r'data-copy="(.*?)"', html)[1]
    assert copied.startswith("x = 2&#10;for i in range(x):&#10;    print(i)&#10;")
    assert "&#10;x * 3&#10;" in copied
    assert "&gt;" not in copied
    assert 'class="livefence-still"' in html


def test_sessions_continue_one_another():
    first, second = ">>> x = 2\n", ">>> x + 1\n3\n"
    html = show(
        python(first, "pycon") + "\n" + python(second, "pycon { continuation }")
    )
    assert "livefence-error" not in html


SESSIONS = {
    "a value": (">>> 1 + 1\n3\n", 3, "prints '2', where the page says '3'"),
    "silence": (">>> x = 1\n>>> x\n", 3, "prints '1', where the page says nothing"),
    "no error": (
        ">>> 1\nTraceback (most recent call last):\nValueError: x\n",
        3,
        "raises nothing, where the page says 'ValueError: x'",
    ),
    "another error": (
        ">>> int('a')\nTraceback (most recent call last):\nValueError: x\n",
        4,
        "raises .ValueError: invalid literal.* where the page says 'ValueError: x'",
    ),
    "an error": (">>> x = 1\n>>> 1 / 0\n", 3, "ZeroDivisionError"),
    "no prompt": ("1 + 1\n", 1, "a pycon fence begins with >>>"),
}


@pytest.mark.parametrize("kind", SESSIONS)
def test_a_session_that_is_wrong_is_a_fault_with_its_line(kind):
    code, line, said = SESSIONS[kind]
    with pytest.raises(FenceError, match=rf"^<markdown>:{line}: .*{said}"):
        show(python(code, "pycon"))


# ---------------------------------------------------------------------------- commands


@BASH
def test_commands_run_where_that_is_asked_for():
    html = show(python("echo $((1 + 2))\n", "bash { run }"))
    assert ">3\n</code>" in html
    assert "run" not in re.sub(r"<[^>]+>", "", html)
    assert "livefence-output" not in show(python("echo 3\n", "bash"))


@BASH
def test_a_session_of_a_shell_is_asserted():
    code = "$ x=4\n$ echo $x; echo b\n4\nb\n"
    code += "$ for i in 1 2; do\n>   echo $i\n> done\n1\n2\n"
    html = show(python(code, "console { run }"))
    assert "livefence-output" not in html


COMMANDS = {
    "a status": ("bash", "true\nfalse\ntrue\n", 2, "ends with status 1"),
    "a word": ("bash", "nosuchcommand\n", 2, "ends with status 127: .*nosuchcommand"),
    "another": ("console", "$ true\n$ echo 3\n4\n", 4, "prints '3', .* says '4'"),
    "silence": ("console", "$ echo 3\n$ echo 4\n4\n", 2, "'3', .* says nothing"),
    "a failure": ("console", "$ true\n$ exit 3\n", 3, "ends with status 3"),
    "no prompt": ("console", "true\n", 2, "begins with \\$"),
}


@BASH
@pytest.mark.parametrize("kind", COMMANDS)
def test_a_command_that_is_wrong_is_a_fault_with_its_line(kind):
    language, code, line, said = COMMANDS[kind]
    with pytest.raises(FenceError, match=rf"^<markdown>:{line}: .*{said}"):
        show(python(code, f"{language} {{ run }}"))


@BASH
def test_a_command_that_never_ends_is_ended():
    with pytest.raises(FenceError, match=r"^<markdown>:1: took more than 1 s"):
        show(python("sleep 100\n", "bash { run }"), patience=1)


def test_cells_are_what_they_are():
    text = python("a\n", "bash { run }") + "\n" + python("b\n", "bash")
    (cell,) = parse(text).cells
    assert isinstance(cell, Command)
    assert isinstance(parse(python(">>> 1\n1\n", "pycon")).cells[0], Fence)


# --------------------------------------------------------------------- typed numbers

TYPED = "It is <!-- {python} x / 3:.2f -->0.67<!-- / --> wide.\n"


def test_a_number_that_stands_in_the_page_is_asserted():
    text = python("x = 2\n") + f"\n{TYPED}"
    assert '<span class="livefence-number">0.67</span> wide' in show(text)
    with pytest.raises(FenceError, match=r"^<markdown>:5: .* gives 0.67, .* says 0.66"):
        show(text.replace("0.67", "0.66"))


# ------------------------------------------------------------------------------- fix


def test_what_the_page_says_is_written_anew(tmp_path):
    text = (
        "# A\n\n```python\nx = 2\n```\n\n"
        "It is <!-- {python} x / 3:.2f -->0.1<!-- / --> wide.\n\n"
        "> ```python\n> print(3)\n> #> 1\n> #> 2\n> 1 + 1\n> #> 8\n> ```\n\n"
        "```pycon\n>>> x = 5\n>>> x\n1\n>>> print('a')\n```\n"
    )
    page = tmp_path / "page.md"
    page.write_text(text)
    fixed = (
        text.replace("-->0.1<", "-->0.67<")
        .replace("> #> 1\n> #> 2\n", "> #> 3\n")
        .replace("#> 8", "#> 2")
        .replace(">>> x\n1\n", ">>> x\n5\n")
        .replace(">>> print('a')\n", ">>> print('a')\na\n")
    )
    faults, written = fix.fix(page)
    assert (faults, written) == ([], 5)
    assert page.read_text() == fixed
    assert fix.fix(page) == ([], 0)


@BASH
def test_what_a_shell_says_is_written_anew(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```console { run }\n$ echo 3\n4\n$ true\nno\n$ echo a\n```\n")
    assert fix.fix(page) == ([], 3)
    assert (
        page.read_text()
        == "```console { run }\n$ echo 3\n3\n$ true\n$ echo a\na\n```\n"
    )


def test_an_error_is_told_and_nothing_around_it_is_lost(tmp_path):
    page = tmp_path / "page.md"
    page.write_bytes(b"# A\r\n\r\n```python\r\n1 / 0\r\n#> 1\r\n```\r\n\r\nx\ty\r\n")
    before = page.read_bytes()
    (fault,), written = fix.fix(page)
    assert (fault.line, written) == (4, 0)
    assert page.read_bytes() == before


@pytest.mark.slow
def test_by_command_and_in_the_tests(site):
    site.write(
        "docs/index.md",
        python("print(2)\n#> 3\n") + "\n" + python(">>> 1\n2\n", "pycon"),
    )
    told = "docs/index.md:3: prints '2', where the page says '3'"
    assert told in site.python("-m", "livefence", "check", "docs").stdout
    tested = site.test().stdout
    assert told in tested
    assert "docs/index.md:8: prints '1', where the page says '2'" in tested
    run = site.python("-m", "livefence", "fix", "docs")
    assert (run.returncode, run.stdout) == (0, "docs/index.md: 2 written\n")
    tested = site.test().stdout
    assert "2 passed" in tested, tested
    again = site.python("-m", "livefence", "fix", "docs/index.md")
    assert (again.returncode, again.stdout) == (0, "")
    assert site.build().returncode == 0
