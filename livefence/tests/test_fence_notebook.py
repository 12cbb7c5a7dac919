"""A page's text becomes the cells of a notebook."""

import json

import pytest

from livefence.notebook import notebook
from livefence.page import parse


def cells(text, *args, **options):
    """Kind and source of each cell; the ids are 1, 2, ..."""
    found = json.loads(notebook(parse(text), *args, **options))["cells"]
    assert [c["id"] for c in found] == [f"cell-{i + 1}" for i in range(len(found))]
    return [(c["cell_type"][:4], "".join(c["source"])) for c in found]


def test_prose_and_code_take_turns():
    """The #| lines stay behind; a number without its value stands as code."""
    page = (
        "# A\n\n```python\n#| alt: B.\nx = 1\n\ny = 2\n```\n\nIt is `{python} x:.1f`."
    )
    assert cells(page, first="Install it.\n") == [
        ("mark", "Install it."),
        ("mark", "# A"),
        ("code", "x = 1\n\ny = 2"),
        ("mark", "It is `x:.1f`."),
    ]


def test_numbers_and_captions_have_the_values_of_the_build():
    """What Markdown would take for its own is escaped, but not in TeX."""
    page = "```python\nx = 1\n```\n\n`{python} x` and $`{python} x`$"
    fence, *numbers = parse(page).cells
    results = {number: {"text": "a_b"} for number in numbers}
    results[fence] = {"figures": [["<svg>", "", "<span>1 &lt; 2</span>."]]}
    assert cells(page, results)[1:] == [
        ("mark", "*Figure.* 1 < 2."),
        ("mark", "a\\_b and $a_b$"),
    ]


def test_exercises_become_headings_and_solutions_unfold():
    page = """\
## Exercises

!!! exercise "1. Add"

    What is 1 + 1?

    ??? solution

        Count.

        ```python
        assert 1 + 1 == 2
        ```

        Done.

After.
"""
    assert cells(page) == [
        ("mark", "## Exercises"),
        ("mark", "### 1. Add\n\nWhat is 1 + 1?"),
        ("mark", "#### Solution\n\nCount."),
        ("code", "assert 1 + 1 == 2"),
        ("mark", "Done."),
        ("mark", "After."),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('!!! note "T"\n\n    One.\n\n    Two.\n', "> **T**\n>\n> One.\n>\n> Two."),
        ("!!! note\n    One.\n", "> **Note**\n>\n> One."),
        ('<div class="a" markdown>\n\nB\n\n</div>', "B"),
        ('<div class="a"><div hidden>{"b": 1}</div></div>\n\nB', "B"),
        ("<span hidden data-a>[1, 2]</span>\n\nB", "B"),
        ("A\n{ .b }\n", "A"),
        ("## A { #b }\n", "## A"),
        ("A <!-- b\n\nc --> d", "A  d"),
        (r"\( a_{1} \) and `\(b\)`", r"$a_{1}$ and `\(b\)`"),
        ("\\[\na \\\\[2pt] b\n\\]", "$$\na \\\\[2pt] b\n$$"),
        ("```text\n!!! note\n\\(a\\)\n```", "```text\n!!! note\n\\(a\\)\n```"),
        ("```python { notest }\nx\n```", "```python\nx\n```"),
        ("[a](b.md#c) and `[a](b)`", "[a](<b.md#c>) and `[a](b)`"),
    ],
)
def test_what_only_a_site_has_is_put_plainly(text, expected):
    assert cells(text, link="<{}>".format) == [("mark", expected)]
