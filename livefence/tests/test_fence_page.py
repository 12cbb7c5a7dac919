"""The parser: what is a fence, what is a number, and which lines they stand on."""

import pytest

from livefence import header, page


def fences(text):
    return [(f.line, f.source) for f in page.parse(text).fences]


@pytest.mark.parametrize(
    ("info", "continuation", "runs", "shown"),
    [
        ("python", False, True, "python"),
        ("python { continuation }", True, True, "python"),
        ("python { notest }", False, False, "python"),
        ("python { norun }", False, True, "python"),
        ("python { continuation norun }", True, True, "python"),
        ('python title="A b"', False, True, 'python { title="A b" }'),
        (
            'python { continuation title="A b" hl_lines="1 2" }',
            True,
            True,
            'python { title="A b" hl_lines="1 2" }',
        ),
        ('python { title="A continuation" }', False, True, None),
    ],
)
def test_a_good_header_means_the_same_to_all(info, continuation, runs, shown):
    head, fault = header.parse(info)
    assert fault is None
    assert (head.continuation, head.runs) == (continuation, runs)
    assert head.shown == (shown or info)


@pytest.mark.parametrize(
    "info",
    [
        "python continuation",
        "python {continuation}",
        "python { continuation}",
        "{.python continuation}",
        "{ .python }",
        ".python",
        "python { fixture:x }",
        'python { title="open }',
        "python { titel='x' }",
        "python3",
        "Python",
        "py",
    ],
)
def test_a_bad_header_is_told_the_good_forms(info):
    assert header.is_python(info)
    _, fault = header.parse(info)
    assert fault is not None
    assert header.GOOD in fault


@pytest.mark.parametrize("info", ["", "bash", "pycon", "python-repl", "markdown"])
def test_other_languages_are_left_alone(info):
    assert not header.is_python(info)


@pytest.mark.parametrize(
    ("before", "prefix"),
    [
        ("", ""),
        ("- item\n\n", "    "),
        ("1. item\n\n    - deeper\n\n", "        "),
        ("!!! note\n\n", "    "),
        ('??? note "Closed"\n\n', "    "),
        ('=== "Tab"\n\n', "    "),
        ("[^1]: note\n\n", "    "),
        ("Word\n:   what it is\n\n", "    "),
        ("", "> "),
    ],
)
def test_a_fence_is_found_where_a_reader_sees_it(before, prefix):
    text = before + f"{prefix}```python\n{prefix}a = 1\n\n{prefix}b = 2\n{prefix}```\n"
    [fence] = page.parse(text).fences
    assert fence.fault is None
    assert fence.source == "a = 1\n\nb = 2"
    assert fence.line == before.count("\n") + 1


def test_a_fence_that_is_shown_as_text_is_not_one():
    shown = "````markdown\n```python\nno\n```\n````\n"
    comment = "<!--\n```python\nno\n```\n-->\n"
    assert fences(shown + comment) == []


def test_a_fence_in_a_block_of_indented_code_is_told_to_move():
    [fence] = page.parse("Text\n\n    ```python\n    1\n    ```\n").fences
    assert (
        fence.fault == "the fence is indented, but stands in no list, tab or admonition"
    )


@pytest.mark.parametrize(
    "text", ["```python\n1\n", "- a\n\n    ```python\n1\n    ```\n"]
)
def test_a_fence_without_an_end_is_a_fault(text):
    [cell] = page.parse(text).cells
    assert "not closed" in cell.fault


def test_a_fence_on_the_line_of_a_list_marker_is_a_fault():
    [cell] = page.parse("- ```python\n  1\n  ```\n").cells[:1]
    assert "below the list marker" in cell.fault


def test_numbers_are_found_in_prose_alone():
    text = (
        "```python\n`{python} no`\n```\n"
        "`` `{python} no` `` `{python} a:.2f` and `{python} b!r`\n\n"
        "| `{python} c` | \\`{python} no` |\n"
    )
    numbers = [c for c in page.parse(text).cells if isinstance(c, page.Number)]
    found = [(n.line, n.expression) for n in numbers]
    assert found == [(4, "a:.2f"), (4, "b!r"), (6, "c")]


def test_a_number_above_all_fences_is_a_fault():
    [number, _] = page.parse("`{python} 1`\n\n```python\n```\n").cells
    assert "no fence above" in number.fault


@pytest.mark.parametrize(("first", "second"), [("norun ", ""), ("", "norun ")])
def test_a_chain_that_readers_can_run_in_part_is_a_fault(first, second):
    """In the page the second block would find nothing that the first has made."""
    head = f"python {{ {first}}}" if first else "python"
    text = f"```{head}\na = 1\n```\n```python {{ continuation {second}}}\na\n```\n"
    one, two = page.parse(text).fences
    assert one.fault is None
    assert two.fault == "norun must stand on all fences of a chain, or on none"


def test_front_matter_is_not_read_but_counted():
    text = "---\ntitle: `{python} 1`\n---\n```python\na\n```\n"
    assert fences(text) == [(4, "a")]


def test_comment_lines_are_neither_shown_nor_copied():
    text = "```python\n#| alt: A\n#|   line.\n#| caption: B\n#| alt: C\nx = 1\n```\n"
    [fence] = page.parse(text).fences
    assert fence.source == "x = 1"
    assert page.figure_texts(fence.code) == [
        page.FigureText(alt="A line.", caption="B"),
        page.FigureText(alt="C"),
    ]


def test_what_is_copied_is_the_block_with_all_that_it_continues():
    parsed = page.parse(
        "```python\nlost = 0\n```\n```python\na = 1\n```\n"
        "```python { notest }\nno\n```\n"
        "```python { continuation }\nb = a\n```\n"
    )
    assert parsed.copied(parsed.fences[3]) == "a = 1\n\nb = a\n"
    assert parsed.copied(parsed.fences[2]) == "no\n"
