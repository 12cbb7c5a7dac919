"""A table in a text file -> columns by name."""

from __future__ import annotations

import csv
import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixnotes.datasets.dataset import Dataset, Sheet

SEPARATORS = ",;\t|"
GAPS = frozenset(("", "NA", "N/A", "NaN", "nan", "null"))


def read_csv(
    file: Any, *, separator: str | None = None, encoding: str = "utf-8"
) -> Dataset:
    """The columns of a CSV file by name: numbers where all of a column is numbers, else
    words.

    The first line has the names. What stands for nothing, an empty cell or one of NA,
    N/A, NaN, nan and null, is NaN among numbers and an empty word among words, which is
    what `Product` takes for a gap. Numbers may have a decimal comma where it does not
    separate the columns.

    Args:
        file: a path, or an open file.
        separator: what stands between two columns; left out, that of a comma, a
            semicolon, a tab and a bar which the first line has most of.
        encoding: of the text, such as "latin-1" where a file is old.

    Returns:
        A `Dataset`: columns by name, each of shape (n,), read-only.

    Raises:
        ValueError: if a line has more or fewer values than there are names, a name
            stands twice, there are no names or no rows, or the text is in another
            encoding.

    Examples:
        >>> import io
        >>> import mixnotes as mx
        >>> text = "wait;kind\\n3,5;long\\n;long\\n2;NA\\n"
        >>> data = mx.read_csv(io.StringIO(text))
        >>> data["wait"], data["kind"].tolist()
        (array([3.5, nan, 2. ]), ['long', 'long', ''])
    """
    name, raw, text = _opened(file, encoding)
    first = next((line for line in text.splitlines() if line.strip()), "")
    if not first:
        raise ValueError(
            f"{name} must have a line of names and then rows, and is empty"
        )
    if separator is None:
        separator = max(SEPARATORS, key=first.count)
    elif len(separator) != 1:
        raise ValueError(f"separator must be one character, got {separator!r}")
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True
    )
    rows = ((reader.line_num, row) for row in reader if any(map(str.strip, row)))
    _, head = next(rows)
    names = _names(head, name)
    cells = []
    for line, row in rows:
        if len(row) != len(names):
            raise ValueError(
                f"line {line} of {name} must have a value for each of the "
                f"{len(names)} names of its first line, and has {len(row)}"
            )
        cells.append(row)
    if not cells:
        raise ValueError(f"{name} must have rows below its line of names, and has none")
    comma = separator != ","
    columns = [column(values, comma) for values in zip(*cells, strict=True)]
    sheet = Sheet(name, "", name, "", hashlib.sha256(raw).hexdigest())
    return Dataset(dict(zip(names, columns, strict=True)), sheet)


def _opened(file: Any, encoding: str) -> tuple[str, bytes, str]:
    """The name of the file, its bytes and its text."""
    if hasattr(file, "read"):
        name, content = Path(str(getattr(file, "name", "the file"))).name, file.read()
        raw = content.encode() if isinstance(content, str) else bytes(content)
        if isinstance(content, str):
            return name, raw, content.removeprefix("\ufeff")
    else:
        name, raw = Path(file).name, Path(file).read_bytes()
    try:
        return name, raw, raw.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ValueError(
            f"line {line} of {name} is not {encoding}; save the file as UTF-8, or say "
            'what it is, as by encoding="latin-1"'
        ) from None


def _names(head: list[str], name: str) -> list[str]:
    """The names of the first line; one that is empty, as R writes it above the names of
    rows, is that of its place."""
    names = [each.strip() or f"column {k + 1}" for k, each in enumerate(head)]
    if all(_number(each) is not None for each in names):
        raise ValueError(
            f"the first line of {name} must be the names of the columns, and holds "
            f"numbers: {', '.join(names[:4])}"
        )
    if twice := [each for each in names if names.count(each) > 1]:
        raise ValueError(
            f"each column of {name} needs a name of its own, and {twice[0]!r} stands "
            "for two"
        )
    return names


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def column(cells: tuple[str, ...], comma: bool = False) -> NDArray[Any]:
    """Numbers, NaN where nothing stands; a column with any other text is of words."""
    cells = tuple(cell.strip() for cell in cells)
    known = ["nan" if cell in GAPS else cell for cell in cells]
    for tried in (known, [cell.replace(",", ".") for cell in known] if comma else []):
        try:
            if tried:
                return np.array(tried, dtype=float)
        except ValueError:
            continue
    return np.array(["" if cell in GAPS else cell for cell in cells])
