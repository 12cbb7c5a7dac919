"""The value of a last expression is shown as a notebook shows it, and what an answer
leans on is found."""

import json

import matplotlib.pyplot as plt
import pytest

from livefence import judge, names, value

SHOWN = {
    "5 + 5": "10\n",
    "x = 1\nx": "1\n",
    "x = 1\n# the end\nx  # a comment": "1\n",
    "'a'": "'a'\n",
    "print(1)\n2": "1\n2\n",
    "None": "",
    "print(1)": "1\n",
    "x = 5": "",
    "5;": "",
    "5;  # a comment": "",
    "'a;b'": "'a;b'\n",
    "if True:\n    5": "",
    "": "",
    "from __future__ import annotations\ndef f(x: y): ...\nf.__annotations__": (
        "{'x': 'y'}\n"
    ),
    "import matplotlib.pyplot as plt\nplt.plot([0, 1])": "",
    "import matplotlib.pyplot as plt\nplt.plot([0, 1])\nplt.axis('off')": "",
    "import matplotlib.pyplot as plt\nplt.plot([0, 1])\n5 + 5": "10\n",
    "import matplotlib.pyplot as plt\nfig, axes = plt.subplots(2)\naxes": "",
    "import matplotlib.pyplot as plt\nfig, axes = plt.subplots(2)\n[axes]": "",
}


@pytest.mark.parametrize("code", SHOWN)
def test_the_value_of_the_last_expression_is_printed(code, capsys):
    value.execute(code, "block", {})
    plt.close("all")
    assert capsys.readouterr().out == SHOWN[code]


def test_a_block_sees_nothing_of_the_futures_of_the_engine(capsys):
    value.execute("def f(x: int): ...\nf.__annotations__", "block", {})
    assert capsys.readouterr().out == "{'x': <class 'int'>}\n"


@pytest.mark.parametrize("code", ["x = 1\n\n1 / 0", "1 / 0", "x = (\n", "return"])
def test_an_error_names_the_line_of_the_block(code):
    with pytest.raises((ZeroDivisionError, SyntaxError)) as caught:
        value.execute(code, "block", {})
    if isinstance(caught.value, SyntaxError):
        assert caught.value.filename == "block"
    else:
        frame = caught.tb
        while frame.tb_next:
            frame = frame.tb_next
        assert frame.tb_lineno == code.count("\n") + 1


CHAINS = [
    ["import numpy as np\n\n\ndef step(x):\n    y = x\n    return y", "z = step(1)"],
    ["z = 2"],
    [
        "class Shape:\n    side = 1",
        "with open('a') as file:\n    pass",
        "for i in x: ...",
    ],
]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("step(3)", [(0, 1)]),
        ("np.zeros(3)", [(0, 1)]),
        ("z", [(1, 1)]),  # the last that binds it
        ("step(z)", [(0, 1), (1, 1)]),
        ("def step(x):\n    return x\nstep(1)", []),
        ("y + side", []),  # names inside a function and a class
        ("Shape, file, i", [(2, 3)]),
        ("print(len([a for a in [1]]))", []),
        ("lambda q: q", []),
        ("no Python", []),
        ("", []),
    ],
)
def test_an_answer_leans_on_the_blocks_that_bind_its_names(code, expected):
    assert names.sources(code, CHAINS) == expected


PLAIN = [
    (7, "", {"number": 7.0, "slack": 0.0, "others": []}),
    (7.0, ".3", {"number": 7.0, "slack": 0.001, "others": []}),
    ("A, B", "", {"word": "ab"}),
    ([1, 2], "", None),
    (True, "", None),
    (float("nan"), "", None),
    (None, "", None),
    (lambda: 1, "", None),
]


@pytest.mark.parametrize(("right", "how", "expected"), PLAIN)
def test_what_a_page_can_compare_by_itself(right, how, expected):
    assert judge.plain(right, how) == expected
    assert json.dumps(expected)


VALUES = [0.8258064516129032, -2.7146, 153.7236473696032, 3.7432e-28, 0.5, 5.0, 1e12]


@pytest.mark.parametrize("right", VALUES)
@pytest.mark.parametrize("how", ["", "2", "4", ".3"])
def test_what_the_page_is_told_decides_as_python_does(right, how):
    """Around the value, at its rounded forms, and at what the solution prints."""
    told = judge.printed(f"{right:.4f} or {right:.2e}")
    known = judge.plain(right, how, told)
    tried = [right * (1 + k * 2e-4) for k in range(-40, 41)]
    tried += [float(f"{right:.{k}g}") for k in range(1, 6)] + [float(t) for t in told]
    found = {True: 0, False: 0}
    for mine in tried:
        near = abs(mine - known["number"]) <= known["slack"]
        page = near or mine in known["others"]
        found[page] += 1
        assert page == (judge.judge("a", mine, right, how, told) is None), mine
    assert found[True]


def test_the_page_knows_mistakes_where_it_can_compare_them():
    known = {"a": 0.5, "b": "up", "mistakes": {"a": {0.25: "Half of it."}}}
    found = judge.plainly("a b", known, "")
    wrong = judge.plain(0.25) | {"words": "Half of it."}
    assert found["a"]["mistakes"] == [wrong]
    assert "mistakes" not in found["b"]
    known["mistakes"] = {"b": {"down": "Other."}}
    [other] = judge.plainly("a b", known, "")["b"]["mistakes"]
    assert other == {"word": "down", "words": "Other."}
    known["mistakes"] = {"a": {(1, 2): "Two."}}
    assert judge.plainly("a b", known, "") is None


def test_a_solution_that_judges_by_itself_takes_python():
    known = {"right": lambda a: a == 1, "a": 1}
    assert judge.plainly("a", known, "") is None
    del known["right"]
    assert judge.plainly("a:2 b", known | {"b": "x"}, "1.0") is not None
    assert judge.plainly("a c", known, "") is None
