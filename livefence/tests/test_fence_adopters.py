"""Three trees of documentation in other styles, each adopted in under ten lines."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sites import Site

TREES = Path(__file__).with_name("adopters")
CONFIGS = ("mkdocs.yml", "pytest.ini", "zensical.toml")
pytestmark = pytest.mark.slow


@pytest.fixture
def adopted(tmp_path, request):
    """The tree as it stands, and how to call what is installed there."""
    root = tmp_path / "tree"
    shutil.copytree(TREES / request.param, root)
    made = Site.__new__(Site)  # nothing is written into it
    made.root = root
    return made


def tree(name):
    return pytest.mark.parametrize("adopted", [name], indirect=True)


def outputs(html):
    shown = re.findall(r"livefence-output.*?<code[^>]*>(.*?)\n</code>", html, re.DOTALL)
    return shown, re.findall(r'livefence-number">(.*?)<', html)


@pytest.mark.parametrize("name", ["library", "course", "zensical"])
def test_nine_lines_are_enough(name):
    configs = [TREES / name / each for each in CONFIGS]
    lines = [line for c in configs if c.exists() for line in c.read_text().splitlines()]
    assert len([line for line in lines if line.strip()]) < 10


@tree("library")
def test_a_library_tests_its_readme_and_guides_by_pytest_alone(adopted):
    plugins = ("-p", "pytest_markdown_docs.plugin", "-p", "livefence.pytest_plugin")
    tested = adopted.test(*plugins).stdout
    assert "6 passed" in tested, tested
    guide = adopted.root / "docs/guide.md"
    guide.write_text(guide.read_text().replace("# > Emma", "# > Persuasion"))
    tested = adopted.test(*plugins).stdout
    assert "docs/guide.md:17: prints 'Emma', where the page says 'Persuasion'" in tested
    assert adopted.python("-m", "livefence", "fix", "docs").returncode == 0
    assert "# > Emma" in guide.read_text()


@tree("course")
def test_a_course_is_built_with_another_theme(adopted):
    built = adopted.build()
    assert built.returncode == 0, built.stderr
    assert outputs(adopted.html("weeks/one/index.html")) == (["HHTHTTTTHH"], ["5"])
    shown, _ = outputs(adopted.html("weeks/two/index.html"))
    assert shown == ["6", "6", "quoted"]
    assert adopted.python("-m", "livefence", "check", "docs").stdout == ""


@tree("zensical")
def test_a_site_of_zensical_is_built(adopted):
    pytest.importorskip("zensical", reason="python -m pip install zensical")
    build = [sys.executable, "-m", "zensical", "build", "--strict"]
    run = subprocess.run(build, cwd=adopted.root, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr + run.stdout
    assert outputs(adopted.html("index.html")) == (["2"], ["42"])


@tree("zensical")
def test_its_faults_are_told(adopted):
    page = adopted.root / "docs/index.md"
    page.write_text(page.read_text().replace("6 * 7", "6 / 0"))
    checked = adopted.python("-m", "livefence", "check", "docs")
    assert checked.stdout.startswith("docs/index.md:10: ZeroDivisionError")
    pytest.importorskip("zensical", reason="python -m pip install zensical")
    build = [sys.executable, "-m", "zensical", "build", "--strict"]
    run = subprocess.run(build, cwd=adopted.root, capture_output=True, text=True)
    assert run.returncode != 0
    assert "docs/index.md:10: ZeroDivisionError" in run.stderr
