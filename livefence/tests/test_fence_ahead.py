"""Chains run ahead on all cores, and a page shows what it would have shown without."""

import ast
import os
import threading

import pytest

from livefence import chains
from livefence.page import parse
from livefence.settings import Settings
from sites import Site

WAITS = """\
```python
import pathlib
import time

here = pathlib.Path({folder!r})
(here / {mine!r}).touch()
for _ in range(400):
    if (here / {other!r}).exists():
        print("met")
        break
    time.sleep(0.02)
```
"""


@pytest.fixture
def planted(tmp_path):
    made = Site(tmp_path)
    made.write("mkdocs.yml", "site_name: A\nplugins: [livefence]\n")
    made.write("docs/index.md", "# A\n\n```python\nprint(1 + 1)\n```\n")
    return made


@pytest.mark.slow
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one core runs one at a time")
def test_two_pages_run_at_the_same_time(planted, tmp_path):
    """Each waits for the other, as long as it takes: eight seconds, one by one."""
    folder = tmp_path / "meet"
    folder.mkdir()
    for mine, other in (("index", "second"), ("second", "index")):
        text = WAITS.format(folder=str(folder), mine=mine, other=other)
        planted.write(f"docs/{mine}.md", text)
    result = planted.build()
    assert result.returncode == 0, result.stderr
    for name in ("index.html", "second/index.html"):
        assert ">met\n</code>" in planted.html(name)


@pytest.mark.slow
def test_a_fault_is_told_once_and_where_it_stands(planted):
    front = "---\ntitle: B\n---\n\n"
    planted.write("docs/second.md", front + "# B\n\n```python\n1 / 0\n```\n")
    result = planted.build()
    assert result.returncode == 1
    said = result.stdout + result.stderr
    assert said.count("ZeroDivisionError") == 1, said
    assert "docs/second.md:8: ZeroDivisionError" in said


@pytest.mark.slow
def test_a_chain_whose_process_ends_is_told_like_any_other(planted):
    planted.write("docs/second.md", "```python\nimport os\nos._exit(3)\n```\n")
    said = planted.build()
    assert said.returncode == 1
    assert "docs/second.md:1: " in said.stderr


def jobs(tmp_path, *codes):
    text = "".join(f"```python\n{code}\n```\n\n" for code in codes)
    settings = Settings(root=tmp_path)
    return chains.of_page(parse(text), "a.md", "a.md", settings), settings


@pytest.fixture(autouse=True)
def _nothing_begun():
    yield
    chains.forget()


def test_what_runs_ahead_is_what_would_run(tmp_path, monkeypatch):
    found, settings = jobs(tmp_path, "print('one')", "print('two')")
    plain = [chains.results(job, settings) for job in found]
    assert [each[0]["output"] for each in plain] == ["one\n", "two\n"]
    chains.run_ahead(found, settings)
    assert [chains.results(job, settings) for job in found] == plain


def test_what_runs_ahead_makes_no_syntax_tree(tmp_path, monkeypatch):
    """Python 3.11 fails where two threads make one at once."""
    parse_, elsewhere = ast.parse, []

    def seen(*args, **kwargs):
        if threading.current_thread() is not threading.main_thread():
            elsewhere.append(args)
        return parse_(*args, **kwargs)

    monkeypatch.setattr(ast, "parse", seen)
    found, settings = jobs(tmp_path, "print({1, 2})", "import time\nprint(3)")
    chains.run_ahead(found, settings)
    outputs = [chains.results(job, settings)[0]["output"] for job in found]
    assert outputs == ["{1, 2}\n", "3\n"]
    assert elsewhere == []


def test_nobody_waits_for_what_has_not_begun(tmp_path, monkeypatch):
    """The page runs it itself, and it is not run a second time."""
    found, settings = jobs(tmp_path, "print('one')", "print('two')")
    begin, ran = threading.Event(), []
    run = chains._run

    def slowly(job, settings):
        ran.append(job.cells[0].code.strip())
        if threading.current_thread() is not threading.main_thread():
            begin.wait(60)
        return run(job, settings)

    monkeypatch.setattr(chains, "_run", slowly)
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    chains.run_ahead(found, settings)
    assert chains.results(found[1], settings)[0]["output"] == "two\n"
    begin.set()
    assert chains.results(found[0], settings)[0]["output"] == "one\n"
    assert sorted(ran) == ["print('one')", "print('two')"]


def test_what_is_forgotten_does_not_begin(tmp_path, monkeypatch):
    found, settings = jobs(tmp_path, "1", "2", "3")
    begun, go = [], threading.Event()

    def never(job, settings):
        begun.append(job)
        go.wait(60)
        return []

    monkeypatch.setattr(chains, "_run", never)
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    chains.run_ahead(found, settings)
    chains.forget()
    go.set()
    assert len(begun) <= 1


def test_a_chain_that_fails_ahead_is_run_again_for_its_fault(tmp_path):
    found, settings = jobs(tmp_path, "1 / 0")
    chains.run_ahead(found, settings)
    told = chains.results(found[0], settings)
    assert "ZeroDivisionError" in told[0]["fault"].message
