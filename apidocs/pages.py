"""The Markdown of each page of the reference."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import griffe

from apidocs.catalogue import GROUPS, PAGES, Entry, Page
from apidocs.examples import code

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs/reference"
WRITTEN = "<!-- Written by `python -m apidocs` from the docstrings. -->"
USED = "<!-- used in: {name} -->"  # what `apidocs.hooks` puts the pages in place of
INTRODUCTION = f"""\
---
title: API
description: Every public object of the package, by what you want to do.
tags: [API, reference, documentation, functions, classes]
---

{WRITTEN}

# API

Everything public is in `mixnotes`, which the book imports as `mx`; arguments and attributes have the names of the [notation](../notation.md).
Each object has a page: how it is called, what each argument is, an example that you can run and change, and the chapters and recipes that use it.

Coming from another package? [From scikit-learn](../from-scikit-learn.md) has its calls beside these, and those of mclust, flexmix and pomegranate.
"""  # noqa: E501
TYPES = """\
## Words in the tables

| type | is |
|---|---|
| `Array` | a numpy array of floats |
| `ArrayLike` | whatever numpy makes an array of: a list, an array, a column of a table |
| `Data` | `ArrayLike`, columns by name, `Binned` or `Censored`, or blocks of rows |
| `Scalar` | a number; `Shared` or `Between`; a component, for what is believed of it; or None, for a blank |
| `Coefficient` | the same, for an intercept or the coefficient of a column |
| `Bounds` | a pair (low, high) |
| `Key` | the name of a column, or a tuple of names |
| `Rng` | a seed or a numpy `Generator` |
| `Norm` | "L1", "hellinger", "KL" or "sup" |
| `Space` | the interval, or the box, on which a density lives |

`None` as a default means that the argument may be left out; of a parameter of a component it means a blank, which is learned.
"""  # noqa: E501


@cache
def package() -> griffe.Object:
    """The package as griffe reads it, without running it."""
    found = griffe.load("mixnotes", search_paths=[ROOT], docstring_parser="google")
    assert isinstance(found, griffe.Object)
    return found


def documented(path: str) -> griffe.Object:
    """The object of a path below `mixnotes`, wherever it is written or inherited."""
    found = package()
    for name in path.split("."):
        found = found.all_members[name] if found.is_class else found[name]
        found = found.final_target if found.is_alias else found  # type: ignore
    return found


def summary(path: str) -> str:
    """The first sentence or paragraph of its docstring, on one line."""
    docstring = documented(path).docstring
    assert docstring, f"{path} has no docstring"
    return " ".join(docstring.value.split("\n\n")[0].split())


def texts() -> dict[str, str]:
    """The text of each page, by the name of its file."""
    pages = {f"{name}.md": _text(each) for name, each in PAGES.items()}
    return {"index.md": _index(), **pages}


def write(folder: Path) -> list[str]:
    """Write all pages, as ruff formats their code, and drop what is none any more."""
    found = texts()
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.glob("*.md"):
        if file.name not in found:
            file.unlink()
    for name, text in found.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    ruff = shutil.which("ruff", path=Path(sys.executable).parent) or "ruff"
    settings = ["--config", str(ROOT / "pyproject.toml"), "--preview", "--quiet"]
    subprocess.run([ruff, "format", *settings, str(folder)], check=True)
    return sorted(found)


def _text(page: Page) -> str:
    first, *others = page.entries
    parts = [_front_matter(page), WRITTEN, *_entry(page, first, 1)]
    for entry in others:
        parts += _entry(page, entry, 2)
    if page.note:
        parts.append(page.note)
    return "\n\n".join([*parts, _ways(page)]) + "\n"


def _front_matter(page: Page) -> str:
    """Title, description and the readers' words."""
    says = json.dumps(summary(page.entries[0].path), ensure_ascii=False)
    lines = ["---", f"title: {page.title}", f"description: {says}"]
    if page.words:
        lines.append(f"tags: [{', '.join(map(json.dumps, page.words.split(', ')))}]")
    return "\n".join([*lines, "---"])


def _entry(page: Page, entry: Entry, level: int) -> list[str]:
    """The object, its example, and its members with theirs."""
    parts = []
    if not _is_seen_elsewhere(page, entry):
        parts.append(_object(entry.path, level, page.title if level == 1 else ""))
        parts += _example(page, entry.path, level + 1)
    else:
        parts.append(f"{'#' * level} For a class of {entry.name}")
    if entry.note:
        parts.append(entry.note)
    elif entry.members and level == 1:
        parts.append(f"## {_kinds(entry)}")
    for member in entry.members:
        path = f"{entry.path}.{member}"
        parts.append(_object(path, 3))
        parts += _example(page, path, 0)
    return parts


def _is_seen_elsewhere(page: Page, entry: Entry) -> bool:
    """Has the object a page of its own?"""
    return entry.name in PAGES and PAGES[entry.name] is not page


def _kinds(entry: Entry) -> str:
    """What the members are, in a heading."""
    kinds = {documented(f"{entry.path}.{name}").kind.value for name in entry.members}
    words = {"attribute": "Fields", "function": "Methods", "class": "Classes"}
    if documented(entry.path).is_module:
        words["function"] = "Functions"
    names = [words[kind] for kind in words if kind in kinds]
    return " and ".join([names[0], *(name.lower() for name in names[1:])])


def _object(path: str, level: int, heading: str = "") -> str:
    """What mkdocstrings makes a heading, a signature, words and tables of."""
    options = [f"heading_level: {level}"]
    if "." in heading:
        options.append(f"heading: {heading}")
    kind = documented(path).kind.value
    if kind == "attribute":
        options += ["show_signature_annotations: true", "separate_signature: false"]
    elif kind == "class" and level == 3:  # of a module
        options += ["members: true", "merge_init_into_class: false"]
        options.append("show_signature_annotations: true")
    elif kind == "class" and not _is_called(path):
        options.append("merge_init_into_class: false")
    lines = [f"::: mixnotes.{path}", "    options:", *(f"      {o}" for o in options)]
    return "\n".join(lines)


def _is_called(path: str) -> bool:
    """Do readers make one, or does a function return it?"""
    docstring = documented(path).docstring
    sections = docstring.parsed if docstring else []
    return any(section.kind.value == "parameters" for section in sections)


def _example(page: Page, path: str, level: int) -> list[str]:
    """The example of a docstring as fences, with the words among them."""
    docstring = documented(path).docstring
    sections = docstring.parsed if docstring else []
    pieces = [p for s in sections if s.kind.value == "examples" for p in s.value]
    parts = [f"{'#' * level} Example"] if pieces and level else []
    header = " ".join(["norun"] * page.apart)
    for kind, text in pieces:
        if kind.value == "text":
            parts.append(text)
            continue
        figure = f"#| alt: {page.alt}\n#| caption: {page.caption}\n" * bool(page.alt)
        start = f"python {{ {header} }}" if header else "python"
        parts.append(f"```{start}\n{figure}{code(text)}```")
        header = " ".join(["continuation", *["norun"] * page.apart])
    return parts


def _ways(page: Page) -> str:
    """What to read next."""
    names = "|".join(entry.path for entry in page.entries)
    lines = ["## See also", ""]
    for path in page.reads:
        lines.append(f"- [{_title(path)}](../{path})")
    for name in page.see:
        path = PAGES[name].entries[0].path
        lines.append(f"- [`{name}`]({name}.md): {_short(path)}")
    return "\n".join([*lines, "", USED.format(name=names)])


def _short(path: str) -> str:
    """The summary of an object, its stars and underscores as they stand."""
    return escaped(summary(path))


def escaped(text: str) -> str:
    """The text with what Markdown would take for markup made plain, but for code."""
    pieces = text.split("`")
    for i in range(0, len(pieces), 2):
        for sign in "\\*_[]":
            pieces[i] = pieces[i].replace(sign, f"\\{sign}")
        pieces[i] = pieces[i].replace("<", "&lt;")
    return "`".join(pieces)


def _title(path: str) -> str:
    """The first heading of a page."""
    text = (ROOT / "docs" / path).read_text(encoding="utf-8")
    heading = next(line for line in text.splitlines() if line.startswith("# "))
    return heading.removeprefix("# ")


def _index() -> str:
    """The first page: what is where, by what a reader wants."""
    lines = [INTRODUCTION]
    for group in GROUPS:
        lines += [f"## {group.title}", "", group.says, ""]
        lines += [*map(_line, group.pages), ""]
    return "\n".join([*lines, TYPES]) + "\n"


def _line(page: Page) -> str:
    """A page in the list; the anchors are those of the one page that there was once."""
    anchors = "".join(f'<a id="mixnotes.{e.path}"></a>' for e in page.entries)
    also = [f"`{entry.name}`" for entry in page.entries[1:]]
    beside = f", with {' and '.join(also)}" if also else ""
    words = _short(page.entries[0].path)
    return f"- {anchors}[`{page.name}`]({page.name}.md){beside}: {words}"
