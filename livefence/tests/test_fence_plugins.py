"""Found by name: the extension, the plugin for MkDocs and the one for pytest."""

import textwrap

import pytest

from livefence.settings import config_in, from_config
from sites import Site

PAGE = "# A\n\n```python\nprint(1 + 1)\n```\n"
pytestmark = pytest.mark.slow


def write(root, mkdocs):
    made = Site(root)
    made.write("mkdocs.yml", "site_name: A\n" + textwrap.dedent(mkdocs))
    made.write("docs/index.md", PAGE)
    return made


def test_the_plugin_alone_is_enough(tmp_path):
    made = write(tmp_path, "plugins: [livefence]\n")
    result = made.build()
    assert result.returncode == 0, result.stderr
    shown = made.html("index.html")
    assert ">2\n</code>" in shown
    assert 'class="highlight"' in shown
    assert 'href="assets/livefence/page.css"' in shown


@pytest.mark.parametrize(
    ("mkdocs", "wrong"),
    [
        (
            """\
            markdown_extensions:
              - livefence: {timeout: 5}
            plugins:
              - livefence: {captions: true}
            """,
            "livefence has options under plugins and under markdown_extensions; write",
        ),
        ("plugins:\n  - livefence: {stile: x}\n", "got stile"),
        ("plugins:\n  - livefence: {colors: {red: x}}\n", "are written #rrggbb"),
    ],
)
def test_options_that_are_wrong_end_the_build_with_words(tmp_path, mkdocs, wrong):
    result = write(tmp_path, mkdocs).build()
    assert result.returncode == 1
    assert wrong in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "mkdocs",
    [
        "plugins:\n  - livefence: {timeout: 5}\n",
        "plugins:\n  livefence: {timeout: 5}\n",
        "markdown_extensions:\n  - livefence: {timeout: 5}\nplugins: [livefence]\n",
        "markdown_extensions:\n  livefence: {timeout: 5}\n",
    ],
)
def test_options_are_read_wherever_they_stand(tmp_path, mkdocs):
    write(tmp_path, mkdocs)
    assert from_config(config_in(tmp_path)).timeout == 5


def test_options_of_zensical_are_read(tmp_path):
    made = Site(tmp_path)
    (tmp_path / "mkdocs.yml").unlink()
    made.write(
        "zensical.toml",
        '[project]\nsite_name = "A"\n[project.markdown_extensions.livefence]\n'
        "timeout = 5\n",
    )
    assert from_config(config_in(tmp_path)).timeout == 5
    made.write("docs/index.md", "```python\n1 / 0\n```\n")
    checked = made.python("-m", "livefence", "check", "docs/index.md")
    assert checked.stdout == "docs/index.md:2: ZeroDivisionError: division by zero\n"


def test_pytest_is_left_alone_where_no_tests_of_pages_are_asked_for(tmp_path):
    made = Site(tmp_path)
    made.write("pytest.ini", "[pytest]\n")
    made.write("mkdocs.yml", "markdown_extensions:\n  - livefence: {stile: x}\n")
    made.write("test_a.py", "def test_a():\n    assert 1\n")
    result = made.test(
        "-p", "pytest_markdown_docs.plugin", "-p", "livefence.pytest_plugin"
    )
    assert result.returncode == 0, result.stdout
    assert "1 passed" in result.stdout
