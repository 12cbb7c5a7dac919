"""What tools for code in Markdown do with the same small pages, tried one by one.

    python -m venv field && . field/bin/activate
    python -m pip install ./livefence mkdocs-material matplotlib pytest \\
        pytest-markdown-docs==0.9.2 sybil mktestdocs "markdown-exec[ansi]" \\
        mkdocs-jupyter ipykernel
    python -m benchmarks.fences

Each trial is a page, written in the form that the tool asks for; what is seen is what
its tests and its build say and show. Prints the table of docs/livefence.md.
"""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

LIMIT = 40  # seconds, after which a trial has not ended by itself


@dataclass(frozen=True)
class Seen:
    """What a tool did with a page: whether it failed, what it said, what it shows."""

    failed: bool
    said: str
    shown: str = ""


def call(root: Path, *command: str) -> Seen:
    """Run it there; one that does not end has not failed."""
    try:
        run = subprocess.run(
            [sys.executable, *command],
            cwd=root,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Seen(False, "")
    html = root / "site/page/index.html"
    shown = html.read_text(encoding="utf-8") if html.is_file() else ""
    return Seen(run.returncode != 0, run.stdout + run.stderr, shown)


def write(root: Path, page: str, mkdocs: str = "", name: str = "page.md") -> None:
    """A site of one page."""
    (root / "docs").mkdir()
    (root / "docs" / name).write_text(page, encoding="utf-8")
    (root / "docs/index.md").write_text("# A\n", encoding="utf-8")
    (root / "mkdocs.yml").write_text(f"site_name: A\n{mkdocs}", encoding="utf-8")


MARKDOWN = "markdown_extensions: [admonition, pymdownx.superfences]\n"


class Tool:
    """How a tool is told of a page; None where it does no such thing."""

    name = ""
    distribution = ""
    first, more = "python", "python"  # headers of a fence, and of one that goes on

    def fences(self, *codes: str, indent: str = "") -> str:
        """The page of these fences, each but the first going on with the last."""
        heads = [self.first] + [self.more] * (len(codes) - 1)
        whole = "\n".join(
            f"```{head}\n{code}\n```\n" for head, code in zip(heads, codes, strict=True)
        )
        return textwrap.indent(whole, indent)

    def test(self, root: Path, page: str) -> Seen | None:
        """Its tests of the page."""
        return None

    def build(self, root: Path, page: str) -> Seen | None:
        """Its build of the page."""
        return None

    number: str | None = None  # in prose, the value of x
    said: Callable[[str, str], str] | None = None  # code, and its output in the page
    fix: tuple[str, ...] | None = None  # the command that writes it anew


class Livefence(Tool):
    name, distribution = "livefence", "livefence"
    more = "python { continuation }"
    number = "`{python} x`"
    fix = ("-m", "livefence", "fix", "docs/page.md")
    options = (
        "plugins:\n  - livefence: {timeout: 3}\nmarkdown_extensions: [admonition]\n"
    )

    def test(self, root: Path, page: str) -> Seen:
        write(root, page, self.options)
        return call(root, "-m", "pytest", "--markdown-docs", "docs/page.md")

    def build(self, root: Path, page: str) -> Seen:
        write(root, page, self.options)
        return call(root, "-m", "mkdocs", "build", "--strict")

    @staticmethod
    def said(code: str, output: str) -> str:
        return f"{code}\n#> {output}"


class PytestMarkdownDocs(Tool):
    name, distribution = "pytest-markdown-docs", "pytest-markdown-docs"
    more = "python continuation"

    def test(self, root: Path, page: str) -> Seen:
        write(root, page)
        options = ("-p", "no:livefence", "--markdown-docs", "docs/page.md")
        return call(root, "-m", "pytest", *options)


class Sybil(Tool):
    name, distribution = "sybil", "sybil"
    conftest = (
        "from sybil import Sybil\n"
        "from sybil.parsers.markdown.codeblock import PythonCodeBlockParser\n"
        "pytest_collect_file = Sybil(\n"
        "    parsers=[PythonCodeBlockParser()], patterns=['*.md']).pytest()\n"
    )

    def test(self, root: Path, page: str) -> Seen:
        write(root, page)
        (root / "conftest.py").write_text(self.conftest)
        return call(root, "-m", "pytest", "-p", "no:livefence", "docs/page.md")

    @staticmethod
    def said(code: str, output: str) -> str:
        return f">>> {code}\n{output}"


class Mktestdocs(Tool):
    name, distribution = "mktestdocs", "mktestdocs"

    def test(self, root: Path, page: str) -> Seen:
        write(root, page)
        (root / "test_docs.py").write_text(
            "from mktestdocs import check_md_file\n"
            "def test_page():\n    check_md_file('docs/page.md', memory=True)\n"
        )
        return call(root, "-m", "pytest", "-p", "no:livefence", "test_docs.py")


class MarkdownExec(Tool):
    name, distribution = "markdown-exec", "markdown-exec"
    first = more = 'python exec="1" source="above" session="a"'

    def build(self, root: Path, page: str) -> Seen:
        write(root, page, f"plugins: [markdown-exec]\n{MARKDOWN}")
        return call(root, "-m", "mkdocs", "build", "--strict")


class MkdocsJupyter(Tool):
    name, distribution = "mkdocs-jupyter", "mkdocs-jupyter"

    def fences(self, *codes: str, indent: str = "") -> str:
        if indent:
            return ""  # a cell stands in nothing
        cells = [
            {
                "cell_type": "code",
                "id": f"c{k}",
                "metadata": {},
                "execution_count": None,
                "outputs": [],
                "source": code,
            }
            for k, code in enumerate(codes)
        ]
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        whole = {"cells": cells, "metadata": {"kernelspec": kernel}}
        return json.dumps(whole | {"nbformat": 4, "nbformat_minor": 5})

    def build(self, root: Path, page: str) -> Seen | None:
        if not page:
            return None
        options = "{execute: true, allow_errors: false}"
        write(root, page, f"plugins:\n  - mkdocs-jupyter: {options}\n", "page.ipynb")
        return call(root, "-m", "mkdocs", "build", "--strict")


TOOLS = [Livefence, PytestMarkdownDocs, Sybil, Mktestdocs, MarkdownExec, MkdocsJupyter]
FIGURE = "#| alt: A line.\nimport matplotlib.pyplot as plt\nplt.plot([0, 1])"
COUNT = "open({!r}, 'a').write('x')"
RANDOM = "import random\nprint(random.random())"


def on(tool: Tool, how: str, page: str) -> Seen | None:
    """Test or build a page in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        return getattr(tool, how)(Path(folder), page)


def fails(tool: Tool, how: str, page: str, good: str) -> bool | None:
    """Whether it refuses the page, and takes the good one."""
    seen, sound = on(tool, how, page), on(tool, how, good)
    if seen is None or sound is None:
        return None
    return seen.failed and not sound.failed


def names_line(tool: Tool, how: str) -> bool | None:
    """Whether it says `page.md:4`, where the error of the second fence stands."""
    seen = on(tool, how, tool.fences("x = 1", "y = x\ny / 0"))
    if seen is None:
        return None
    return any(
        s in seen.said for s in ("page.md:7", 'page.md", line 7', "page.md, line 7")
    )


def once(tool: Tool) -> bool | None:
    """Whether a fence that is gone on with runs once."""
    with tempfile.TemporaryDirectory() as folder:
        mark = Path(folder) / "mark"
        page = tool.fences(COUNT.format(str(mark)), "x = 1", "y = x")
        if on(tool, "test", page) is None and on(tool, "build", page) is None:
            return None
        return mark.exists() and mark.read_text() == "x"


def shows(tool: Tool, code: str, *marks: str) -> bool | None:
    """Whether the built page shows one of these."""
    seen = on(tool, "build", tool.fences(code))
    return None if seen is None else any(mark in seen.shown for mark in marks)


def number(tool: Tool) -> bool | None:
    """Whether a number in a sentence is computed."""
    if on(tool, "build", tool.fences("x = 1")) is None:
        return None
    if tool.number is None:
        return False
    seen = on(tool, "build", f"{tool.fences('x = 6 * 7')}\nIt is {tool.number}.\n")
    return seen is not None and ">42<" in seen.shown


def asserted(tool: Tool) -> bool | None:
    """Whether output that stands in the page is compared."""
    if tool.said is None:
        return False
    wrong, right = (tool.fences(tool.said("1 + 1", s)) for s in "32")
    return fails(tool, "test", wrong, right)


def written(tool: Tool) -> bool | None:
    """Whether a command writes it anew."""
    if tool.fix is None or tool.said is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write(root, tool.fences(tool.said("1 + 1", "3")))
        call(root, *tool.fix)
        return "3" not in (root / "docs/page.md").read_text()


def either(trial: Callable[[Tool, str], bool | None]) -> Callable[[Tool], bool | None]:
    """By the tests or by the build, whichever the tool has."""

    def tried(tool: Tool) -> bool | None:
        found = [trial(tool, how) for how in ("test", "build")]
        return None if found == [None, None] else any(found)

    return tried


def endless(tool: Tool, how: str) -> bool | None:
    """Whether a loop without end is stopped."""
    seen = on(tool, how, tool.fences("while True:\n    pass"))
    return None if seen is None else seen.failed


def inside(tool: Tool, how: str) -> bool | None:
    """Whether a fence below `!!! note` runs."""
    wrong, right = (
        f"!!! note\n\n{tool.fences(code, indent='    ')}"
        if tool.fences(code, indent="    ")
        else ""
        for code in ("1 / 0", "1 / 1")
    )
    return fails(tool, how, wrong, right) if wrong else False


TRIALS: dict[str, Callable[[Tool], bool | None]] = {
    "a fence that fails, fails the tests": lambda t: fails(
        t, "test", t.fences("1 / 0"), t.fences("1 / 1")
    ),
    "they name the file and the line": lambda t: names_line(t, "test"),
    "it fails the build": lambda t: fails(
        t, "build", t.fences("1 / 0"), t.fences("1 / 1")
    ),
    "which names the file and the line": lambda t: names_line(t, "build"),
    "fences in an admonition run": either(inside),
    "a fence that others continue runs once": once,
    "the page shows what is printed": lambda t: shows(
        t, "print(6 * 7)", ">42\n", ">42<"
    ),
    "and what is drawn, by no more code": lambda t: shows(
        t, FIGURE, "<svg role", "image/png"
    ),
    "numbers in sentences are computed": number,
    "output that stands in the page is compared": asserted,
    "and written anew by a command": written,
    "a loop without end is stopped": either(endless),
    "unseeded random numbers are refused": either(
        lambda t, how: fails(t, how, t.fences(RANDOM), t.fences("print(1)"))
    ),
}
WORDS = {True: "yes", False: "no", None: "–"}


def main() -> None:
    """Print the table."""
    tools = [kind() for kind in TOOLS]
    versions = [importlib.metadata.version(tool.distribution) for tool in tools]
    names = [f"{t.name} {v}" for t, v in zip(tools, versions, strict=True)]
    print(f"| | {' | '.join(names)} |")
    print(f"|---{'|---' * len(tools)}|")
    for words, trial in TRIALS.items():
        row = [WORDS[trial(tool)] for tool in tools]
        print(f"| {words} | {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
