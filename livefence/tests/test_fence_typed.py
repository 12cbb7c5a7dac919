"""A number that somebody typed is told wherever a reader finds it."""

import pytest

from livefence import lint
from livefence.settings import Settings

GIVEN = Settings(formulas=True, given={"*.md": ["0.47"]})
DRAW = "import matplotlib.pyplot as plt\nplt.plot([0.25, 0.473])\n"
TOLD = {
    "two digits": ("The weight ends at 0.41 then.", 1, "0.41"),
    "a percentage": ("It ends\nat 41 % then.", 2, "41"),
    "close to its sign": ("It ends at 41%.", 1, "41"),
    "a caption": (
        f"```python\n#| alt: A\n#| caption: At 0.407.\n{DRAW}```",
        3,
        "0.407",
    ),
    "its second line": (
        f"```python\n#| alt: A\n#| caption: A\n#|   at 0.41.\n{DRAW}```",
        4,
        "0.41",
    ),
    "an alternative text": (f"```python\n#| alt: At 0.407.\n{DRAW}```", 2, "0.407"),
    "a display": ("A\n\n\\[\n\\hat\\pi = 0.407 .\n\\]", 4, "0.407"),
    "a formula": ("So \\(\\hat\\pi = 0.41\\).", 1, "0.41"),
    "a span": ("A\n\nIt prints `0.407`.", 3, "0.407"),
    "a negative one": ("It prints `-0.407`.", 1, "0.407"),
    "a table": ("| a |\n|---|\n| 0.41 |", 3, "0.41"),
    "a solution": (
        '!!! exercise "A"\n\n    Of 41 %?\n\n    ??? solution\n\n        It is 42 %.',
        7,
        "42",
    ),
}
MEANT = {
    "given": "It is 0.47.",
    "one digit": "It is 0.4, 0.05 or 5 %.",
    "a year": "In 1977, or `2026`, of 1,000 or 100 %.",
    "the code's": f"It is 0.25, which is 25 %.\n\n```python\n{DRAW}```",
    "the code's in a caption": f"```python\n#| alt: 0.473 `{{python}} 0.41`\n{DRAW}```",
    "the code's in a display": f"```python\n{DRAW}```\n\n\\[ 0.473 \\]",
    "asked": '!!! exercise "A"\n\n    Take 0.41 and 41 %.\n\n    What is it?',
    "computed": "```python\na = 1\n```\n\nIt is `{python} 0.41`.",
    "an attribute": '<div class="a" data-p="0.36">A</div>',
    "a link": "[A](a.md#0.41)",
    "code": "It is `x[0.41]`.",
}


@pytest.mark.parametrize("name", TOLD)
def test_a_typed_number_is_told(name):
    text, line, number = TOLD[name]
    [(at, said)] = lint.faults(text + "\n", GIVEN, "a.md")
    assert at == line
    assert said.startswith(f"{number} is typed by hand: compute it")


@pytest.mark.parametrize("name", MEANT)
def test_what_the_page_starts_from_may_be_typed(name):
    assert lint.faults(MEANT[name] + "\n", GIVEN, "a.md") == []


def test_a_page_that_computes_nothing_may_hold_any_number():
    assert lint.faults("It is 0.41.\n", Settings(given={"b.md": []}), "a.md") == []
