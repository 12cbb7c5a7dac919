"""Each planted fault fails the tests and the strict build, with its file and line."""

from dataclasses import dataclass
from textwrap import indent

import pytest

from sites import Site

pytestmark = pytest.mark.slow  # all wait for one build and one run of the tests

DRAW = "import matplotlib.pyplot as plt\n"
DRAWS = "draws random numbers that no seed fixes"
UNSEEDED = f"UnseededError: {DRAWS}"


@dataclass(frozen=True)
class Planted:
    """Code that is wrong, and where: the line below the header, and the message."""

    code: str
    line: int
    message: str
    header: str | None = None
    after: str = ""


FAULTS = {
    "raises": Planted("a = 0\n1 / a", 2, "ZeroDivisionError: division by zero"),
    "syntax": Planted("a = 1\nb = = 2", 2, "SyntaxError: invalid syntax"),
    "type-error": Planted(
        "with open('MARK', 'a') as f:\n    f.write('x')\nlen(1)",
        3,
        "TypeError: object of type 'int' has no len()",
    ),
    "endless": Planted("n = 0\nwhile True: n += 1", 2, "still running after 1 s"),
    "warning": Planted(
        "import warnings\n\nwarnings.warn('old')", 3, "UserWarning: old"
    ),
    "no-alt": Planted(f"{DRAW}plt.plot([1])", 0, "the figure has no alt text"),
    "no-figure": Planted("#| alt: A line.\na = 1", 0, "1 #| texts, but 0 figures"),
    "too-big": Planted(
        f"#| alt: Points.\n{DRAW}plt.scatter(range(999), range(999))",
        0,
        "the SVG has ",
    ),
    "unknown-comment": Planted("#| title: x\na = 1", 0, "#| title: is not known"),
    "no-fold": Planted("#| fold:\na = 1", 0, "#| fold: needs the words"),
    "two-folds": Planted("#| fold: a\n#| fold: b\na = 1", 0, "#| fold: stands twice"),
    "generator": Planted(
        "import numpy as np\nnp.random.default_rng().normal()", 2, UNSEEDED
    ),
    "random": Planted("import random\nrandom.Random()", 2, UNSEEDED),
    "random-state": Planted("import numpy as np\nnp.random.RandomState()", 2, UNSEEDED),
    "seeded-by-chance": Planted("import random\nrandom.seed()", 2, UNSEEDED),
    "shuffle": Planted("import random\nrandom.shuffle([1, 2])", 0, DRAWS),
    "normal": Planted("import numpy as np\nnp.random.normal()", 0, DRAWS),
    "number-random": Planted(
        "import random",
        4,
        f"{DRAWS}, so that the page changes; give a seed, as in "
        "np.random.default_rng(0) in `{python} random.random()`",
        after="It is `{python} random.random()`.",
    ),
    "number": Planted(
        "a = 0",
        4,
        "ZeroDivisionError: division by zero in `{python} 1 / a`",
        after="It is `{python} 1 / a`.",
    ),
    "number-syntax": Planted(
        "a = 0", 4, "SyntaxError: ", after="It is `{python} a b`."
    ),
    "stale": Planted("a = 1", 0, "stale continuation", "python { continuation }"),
    "bare-word": Planted("a = 1", 0, "fence header", "python continuation"),
    "no-blanks": Planted("a = 1", 0, "fence header", "python {continuation}"),
    "dotted": Planted("a = 1", 0, "fence header", "{.python continuation}"),
    "py": Planted("a = 1", 0, "fence header", "py"),
}
PAGES = {
    "unclosed": ("# A\n\n```python\n1\n", 3, "the fence is not closed"),
    "left": ("- a\n\n    ```python\n1\n    ```\n", 3, "the fence is not closed"),
    "marker": ("- ```python\n  1\n  ```\n", 1, "a fence needs a line of its own"),
    "indented": ("A\n\n    ```python\n    1\n    ```\n", 3, "the fence is indented"),
    "early": (
        "So `{python} 1`.\n\n```python\n1\n```\n",
        1,
        "`{python} 1` has no fence",
    ),
    "notest": ("# A\n\n```python notest\n1\n```\n", 3, "fence header"),
    "exits": ("```python\nexit()\n```\n", 2, "SystemExit"),
    "low-comment": ("```python\n1\n#| alt: A\n```\n", 1, "a #| line stands below"),
}
PLACES = ("first", "continuation", "tab")
CASES = [
    pytest.param(fault, place, id=f"{fault}-{place}")
    for fault in FAULTS
    for place in PLACES
]


def planted(name, place):
    """A page with the fault in that place, and the line on which it is."""
    fault = FAULTS[name]
    before = "---\ntitle: Planted\n---\n\n# Page\n\n"
    header = fault.header or "python"
    if place == "continuation":
        # A fence that does not run is nothing to continue.
        options = "" if name != "stale" else " { notest }"
        before += f"```python{options}\nx = 1\n```\n\n"
        header = fault.header or "python { continuation }"
    if place == "tab":
        before += '=== "Tab"\n\n'
    fence = f"```{header}\n{fault.code}\n```\n"
    if fault.after:
        fence += f"\n{fault.after}\n"
    text = before + indent(fence, "    " if place == "tab" else "")
    return text, before.count("\n") + 1 + fault.line


@pytest.fixture(scope="module")
def faulty(tmp_path_factory):
    """All planted faults in one site: its folder, its build and its tests."""
    root = tmp_path_factory.mktemp("faulty")
    site = Site(root, timeout=1, max_svg_kb=50)
    for name in FAULTS:
        for place in PLACES:
            text, _ = planted(name, place)
            mark = (root / f"mark-{place}").as_posix()
            site.write(f"docs/{name}-{place}.md", text.replace("MARK", mark))
    for name, (text, _, _) in PAGES.items():
        site.write(f"docs/{name}.md", text)
    site.write("docs/index.md", "# Sound\n\n```python\nprint('sound')\n```\n")
    return site, site.build(), site.test("-p", "matplotlib.pyplot")


@pytest.mark.parametrize(("name", "place"), CASES)
def test_a_planted_fault_is_named_by_the_build_and_by_the_tests(faulty, name, place):
    _, built, tested = faulty
    _, line = planted(name, place)
    expected = f"docs/{name}-{place}.md:{line}: {FAULTS[name].message}"
    assert f"ERROR   -  {expected}" in built.stderr
    assert f"\n{expected}" in tested.stdout


@pytest.mark.parametrize("name", PAGES)
def test_text_that_only_looks_like_a_fence_is_named_by_both(faulty, name):
    _, built, tested = faulty
    _, line, message = PAGES[name]
    expected = f"docs/{name}.md:{line}: {message}"
    assert f"ERROR   -  {expected}" in built.stderr
    assert f"\n{expected}" in tested.stdout


def test_faults_fail_the_build_and_the_tests(faulty):
    _, built, tested = faulty
    assert built.returncode == 1
    assert tested.returncode == 1


def test_a_fault_is_told_once(faulty):
    _, built, tested = faulty
    assert built.stderr.count("ERROR   -  ") == len(CASES) + len(PAGES)
    assert f"{len(CASES) + len(PAGES)} failed" in tested.stdout


def test_a_fence_that_raises_type_error_runs_once(faulty):
    """Once in the build and once in the tests."""
    site, _, _ = faulty
    for place in PLACES:
        assert (site.root / f"mark-{place}").read_text() == "xx"


def test_a_fault_is_shown_where_it_is(faulty):
    site, _, _ = faulty
    page = site.html("raises-tab.html")
    tab = page[page.index("tabbed-block") :]
    assert 'class="livefence-error' in tab
    assert "docs/raises-tab.md:11: ZeroDivisionError" in tab


def test_what_was_left_of_the_site_is_sound(faulty):
    site, _, _ = faulty
    assert "sound\n</code></pre></div>" in site.html("index.html")
