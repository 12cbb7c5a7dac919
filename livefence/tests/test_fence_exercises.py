"""An exercise has a hint, a solution that asserts, and mistakes that are mistakes."""

from textwrap import indent

import pytest

from livefence import lint
from livefence.judge import mistaken
from livefence.settings import Settings
from sites import Site

FORM = '```python { check="a" }\na = ...\n```\n'
HINT = "??? hint\n\n    Begin.\n"
SOLUTION = "??? solution\n\n    ```python\n    a = 0.5253\n    assert a > 0\n    ```\n"


def exercise(*parts):
    """An exercise of these parts."""
    return '!!! exercise "1. A"\n\n' + indent("\n".join(("Of 41.\n", *parts)), "    ")


TOLD = {
    "no hint": (exercise(FORM, SOLUTION), 9, "the exercise has no hint"),
    "a hint too late": (exercise(FORM, SOLUTION, HINT), 9, "the exercise has no hint"),
    "no assertion": (
        exercise(FORM, HINT, SOLUTION.replace("assert a > 0", "print(a)")),
        17,
        "the solution asserts nothing",
    ),
    "no code": (
        exercise(HINT, "??? solution\n\n    Think.\n"),
        9,
        "the solution asserts nothing",
    ),
    "no solution": (exercise(HINT) + "\nB\n", 1, "the exercise has no solution"),
}
MEANT = {
    "all of it": exercise(FORM, HINT, SOLUTION),
    "no form": exercise(SOLUTION),
    "two": exercise(FORM, HINT, SOLUTION) + "\n" + exercise(FORM, HINT, SOLUTION),
    "a note": "!!! note\n\n    A.\n",
}


@pytest.mark.parametrize("name", TOLD)
def test_what_an_exercise_lacks_is_told(name):
    text, line, message = TOLD[name]
    [(at, said)] = lint.faults(text, Settings(exercises=True), "a.md")
    assert (at, said.partition(":")[0]) == (line, message)
    assert lint.faults(text, Settings(), "a.md") == []


@pytest.mark.parametrize("name", MEANT)
def test_an_exercise_that_lacks_nothing_is_not(name):
    assert lint.faults(MEANT[name], Settings(exercises=True), "a.md") == []


@pytest.mark.parametrize(
    ("mistakes", "said"),
    [
        ({"a": {0.4747: "The other."}}, None),
        ({"a": {0.5253: "The other."}}, "mistakes calls a = 0.5253 wrong, and it is"),
        ({"a": {0.53: "Rounded."}}, "mistakes calls a = 0.53 wrong, and it is right"),
        ({"b": {1: "No."}}, "mistakes has 'b', and the form asks for a"),
        (3, None),
    ],
)
def test_a_mistake_that_is_right_is_found(mistakes, said):
    found = mistaken("a", {"a": 0.525253, "mistakes": mistakes}, "")
    assert found is said if said is None else found.startswith(said)


def test_the_solutions_own_function_says_whether_a_mistake_is_right():
    known = {"a": 0.5, "right": lambda a: a > 0, "mistakes": {"a": {-1: "No."}}}
    assert mistaken("a", known, "") is None
    known["mistakes"] = {"a": {2: "No."}}
    assert mistaken("a", known, "").startswith("mistakes calls a = 2 wrong")


@pytest.mark.slow
def test_the_check_tells_a_mistake_that_is_right(tmp_path):
    site = Site(tmp_path)
    solution = SOLUTION.replace(
        "assert a > 0",
        'assert a > 0\n    mistakes = {\n        "a": {0.53: "A."}\n    }',
    )
    site.write("docs/index.md", "# A\n\n" + exercise(FORM, HINT, solution))
    checked = site.python("-m", "livefence", "check", "docs")
    expected = "docs/index.md:20: mistakes calls a = 0.53 wrong, and it is right"
    assert checked.stdout.startswith(expected)
    assert len(checked.stdout.splitlines()) == checked.returncode == 1
