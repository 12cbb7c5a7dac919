"""A mkdocs.yml that is wrong is told by the check, with its line and in words."""

import pytest

from livefence import menu

YML = """\
site_name: A
nav:
  - Home: index.md
  - Book:
      - 1 One: a/one.md
      - Two: a/two.md
  - Elsewhere: https://example.invalid/
markdown_extensions:
  - livefence:
      titles: [a/*.md]
      captions: true
"""
BROKEN = {
    "no YAML": ("nav:\n", "nav: [\n", 3, "the file is no YAML: "),
    "an option": ("captions", "captoins", 11, "livefence knows the options "),
    "a colour": (
        "captions: true",
        'colors: {"red": a}',
        1,
        "livefence colors are written #rrggbb, got 'red'",
    ),
}
TOLD = {
    "nothing": ("one.md", "onne.md", 5, "the nav leads to a/onne.md, which is not"),
    "twice": ("Two: a/two.md", "1 One: a/one.md", 6, "a/one.md stands in the nav on"),
    "a title": (
        "1 One:",
        "1 Two:",
        5,
        "the nav calls a/one.md '1 Two', and the page itself '1 One'",
    ),
}


@pytest.fixture
def book(tmp_path):
    """The file of a book of three pages."""

    def write(old="", new=""):
        pages = {"index": "# Else\n", "a/one": "# 1 One { #one }\n", "a/two": "# Two\n"}
        for name, text in pages.items():
            path = tmp_path / "docs" / f"{name}.md"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        config = tmp_path / "mkdocs.yml"
        config.write_text(YML.replace(old, new, 1))
        return config

    return write


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_cannot_be_read_is_told(book, name):
    old, new, line, message = BROKEN[name]
    fault = menu.broken(book(old, new))
    assert (fault.path, fault.line) == ("mkdocs.yml", line)
    assert fault.message.startswith(message)


@pytest.mark.parametrize("name", TOLD)
def test_a_nav_that_leads_astray_is_told(book, name):
    old, new, line, message = TOLD[name]
    [fault] = menu.faults(book(old, new))
    assert (fault.path, fault.line) == ("mkdocs.yml", line)
    assert fault.message.startswith(message)


def test_a_nav_that_is_right_is_not(book):
    config = book()
    assert menu.broken(config) is None
    assert menu.faults(config) == []


@pytest.mark.slow
def test_the_check_says_it_without_a_traceback(site):
    site.write("docs/index.md", "# A\n")
    config = site.root / "mkdocs.yml"
    config.write_text(config.read_text() + "nav: [\n")
    for command in ("check", "fix"):
        run = site.python("-m", "livefence", command, "docs/index.md")
        assert run.stdout.startswith("mkdocs.yml:")
        assert "the file is no YAML" in run.stdout
        assert (run.returncode, run.stderr) == (1, "")
