"""What moves on a page starts from the numbers of the code above it."""

import pytest

from livefence import lint
from livefence.settings import Settings

CODE = "```python\na = 0.8\n```\n\n"
TOLD = {
    "another number": (' data-red-a="0.7"', 'data-red-a="0.7", which the code of the'),
    "no number": (' data-red-a="0,8"', 'data-red-a="0,8" is no number: write 0.5'),
    "another name": (' data-reda="0.8"', "the script of walk knows no data-reda"),
}


@pytest.fixture
def settings(tmp_path):
    """A book with one move."""
    (tmp_path / "walk.js").write_text("export default ({ redA }, p) => redA;\n")
    return Settings(moves="{}.js", root=tmp_path, given={"a.md": ["0.25"]})


@pytest.mark.parametrize("name", TOLD)
def test_what_a_move_is_told_wrong_is_told(name, settings):
    says, message = TOLD[name]
    text = f'{CODE}A\n\n<div data-move="walk"{says}>A</div>\n'
    [(line, said)] = lint.faults(text, settings, "a.md")
    assert line == 7
    assert said.startswith(message)
    assert lint.faults(text, Settings(), "a.md") == []


def test_a_move_without_a_script_is_told(settings):
    [found] = lint.faults('<div data-move="wlak">A</div>\n', settings, "a.md")
    assert found == (1, "there is no script for the move 'wlak'; walk is")


@pytest.mark.parametrize("value", ["0.8", "-0.8", "0.25", "words"])
def test_what_the_chain_has_or_is_given_may_be_told(settings, value):
    text = f'{CODE}<div data-move="walk" data-instead data-p="{value}">A</div>\n'
    assert lint.faults(text, settings, "a.md") == []


def test_a_number_of_another_chain_is_none_of_this(settings):
    text = f'{CODE}```python\nb = 1\n```\n\n<div data-move="walk" data-p="0.8"></div>\n'
    assert len(lint.faults(text, settings, "a.md")) == 1
