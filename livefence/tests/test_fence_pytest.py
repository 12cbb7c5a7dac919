"""The tests of a page: one item a fence and a number, in one namespace a chain."""

import re

import pytest

from sites import PYTEST, Site

pytestmark = pytest.mark.slow  # all wait for one run of the tests

PAGES = {
    "chain": """\
# A

```python
runs = 1
print("silent")
```

Once `{python} runs`, twice `{python} runs:d`.

=== "Tab"

    ```python { continuation }
    runs += 1
    assert runs == 2
    ```

Then `{python} [][2 - runs]`.
""",
    "failed": """\
```python
print("said")
a
```

`{python} 1`

```python { continuation }
b = 1
```
""",
    "header": """\
```python
a = 1
```

```py
1
```

```python { continuation }
1
```

```python
a
```
""",
    "once": """\
```python
with open("MARK", "a") as f:
    f.write("x")
```

```python { continuation }
1
```

```python { continuation }
f.closed
```
""",
}


@pytest.fixture(scope="module")
def tested(tmp_path_factory):
    """All pages, tested in one run, with nothing captured by pytest."""
    site = Site(tmp_path_factory.mktemp("pages"))
    mark = (site.root / "mark").as_posix()
    for name, text in PAGES.items():
        site.write(f"docs/{name}.md", text.replace("MARK", mark))
    return site, site.test("-v", "-s").stdout


def outcomes(stdout, page):
    return re.findall(rf"^docs/{page}\.md::(\S+) (\w+)", stdout, re.MULTILINE)


def test_fences_and_numbers_are_items_in_the_order_of_the_page(tested):
    _, stdout = tested
    assert outcomes(stdout, "chain") == [
        ("[CodeFence#1][line:3]", "PASSED"),
        ("[Number][line:8]", "PASSED"),
        ("[Number][line:8][2]", "PASSED"),
        ("[CodeFence#2][line:12]", "PASSED"),
        ("[Number][line:17]", "FAILED"),
    ]
    assert "docs/chain.md:17: IndexError: list index out of range in" in stdout


def test_what_follows_a_fence_that_failed_does_not_pass(tested):
    _, stdout = tested
    assert [outcome for _, outcome in outcomes(stdout, "failed")] == 3 * ["FAILED"]
    for line in (6, 8):
        told = "not run: the fence above failed on line 3"
        assert f"docs/failed.md:{line}: {told}" in stdout


def test_what_follows_a_fence_with_a_bad_header_does_not_pass(tested):
    _, stdout = tested
    assert "docs/header.md:5: fence header 'py'" in stdout
    assert "docs/header.md:9: not run: the fence on line 5 is faulty" in stdout


def test_names_of_one_chain_are_unknown_to_the_next(tested):
    _, stdout = tested
    assert "docs/header.md:14: NameError: name 'a' is not defined" in stdout


def test_a_continuation_does_not_run_again_what_came_before(tested):
    site, stdout = tested
    assert [outcome for _, outcome in outcomes(stdout, "once")] == 3 * ["PASSED"]
    assert (site.root / "mark").read_text() == "x"


def test_what_was_printed_is_told_with_a_failure_alone(tested):
    _, stdout = tested
    assert "Printed:\nsaid" in stdout
    assert "silent" not in stdout


def test_an_item_runs_alone_as_well(tested):
    """A split over workers, and a choice of tests, need no other item."""
    site, _ = tested
    items = ["chain.md::[CodeFence#2][line:12]", "failed.md::[CodeFence#2][line:8]"]
    stdout = site.test("-v", *(f"docs/{item}" for item in items)).stdout
    assert outcomes(stdout, "chain") == [("[CodeFence#2][line:12]", "PASSED")]
    told = "not run: the fence above failed on line 3"
    assert f"docs/failed.md:8: {told}" in stdout


@pytest.mark.slow
def test_folders_of_tests_may_each_have_a_conftest(site):
    site.write("pytest.ini", PYTEST.replace("testpaths = docs\n", ""))
    for folder in ("a", "b"):
        site.write(f"{folder}/conftest.py", "X = 1\n")
        site.write(f"{folder}/test_{folder}.py", "def test():\n    assert 1\n")
    result = site.test()
    assert "2 passed" in result.stdout, result.stdout
    assert "error" not in result.stdout
