"""Columns by name -> rows of numbers: a mapping, a structured array, a DataFrame.

A DataFrame of pandas or polars is asked for its columns by name and needs neither to be
installed here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mixnotes.data.categories import codes_of
from mixnotes.data.check import (
    as_array,
    as_data,
    first_of,
    from_objects,
    remedy_for,
    require,
)
from mixnotes.numeric.arrays import Array


def rows(
    x: Any,
    names: Sequence[str],
    gaps: bool,
    levels: Mapping[str, Sequence[str]] | None = None,
) -> Array:
    """The columns of these names as rows, shape (n, d); with `gaps` what is missing
    (NaN, None, masked) is NaN. An array must have one column for each name, in order.
    Of a column of words, of these levels, stand the codes.
    """
    words = levels or {}
    known = column_names(x)
    if known is None and words and _holds_words(x):
        x = dict(zip(names, np.asarray(x, dtype=object).T, strict=False))
        known = list(x)
    if known is None:
        data = as_data(x, gaps)
        if data.ndim != 2 or data.shape[1] != len(names):
            raise ValueError(
                f"x must have the columns {', '.join(names)}, by name or in this "
                f"order, got an array of shape {data.shape}; pass for example "
                f"{{{names[0]!r}: ..., ...}} or a DataFrame"
            )
        return data
    lacking = [name for name in names if name not in known]
    if lacking:
        raise ValueError(
            f"x must have the columns {', '.join(names)}, got {', '.join(known)}; "
            f"{', '.join(lacking)} is missing"
        )
    columns = [
        codes_of(x[name], words[name], f"column {name!r}", gaps)
        if name in words
        else _column(x[name], name, gaps)
        for name in names
    ]
    sizes = {name: len(c) for name, c in zip(names, columns, strict=True)}
    if len(set(sizes.values())) > 1:
        raise ValueError(
            "the columns of x must be of one length, got "
            + ", ".join(f"{name}: {size}" for name, size in sizes.items())
        )
    if not len(columns[0]):
        raise ValueError("x must hold at least one observation, got empty columns")
    return np.array(columns).T.copy()


def column_names(x: Any) -> list[str] | None:
    """The names of the columns of x, or None where it has none."""
    if isinstance(x, Mapping):
        return list(x)
    if isinstance(getattr(x, "column_names", None), list):  # a table of Arrow
        return list(x.column_names)
    fields = getattr(getattr(x, "dtype", None), "names", None)
    if fields:
        return list(fields)
    framed = hasattr(x, "columns") and hasattr(x, "__getitem__")
    if framed and not isinstance(x, np.ndarray):
        return [str(name) for name in x.columns]
    return None


def _holds_words(x: Any) -> bool:
    """Is this an array of rows in which there are words?"""
    raw = np.asarray(x)
    return raw.ndim == 2 and raw.dtype.kind in "OU"


def _column(values: Any, name: str, gaps: bool) -> Array:
    """One column as floats, shape (n,)."""
    if isinstance(values, np.ma.MaskedArray):
        values = np.ma.filled(values.astype(np.float64), np.nan)
    raw = as_array(values, f"column {name!r}")
    if raw.dtype.kind == "O":
        raw = from_objects(raw)
    if raw.dtype.kind not in "biuf":
        raise TypeError(
            f"column {name!r} must be numbers, got {raw.dtype.name} data"
            f"{first_of(raw)}; {remedy_for(raw, f'x[{name!r}]')}"
        )
    if raw.ndim != 1:
        raise ValueError(
            f"column {name!r} must be of shape (n,), got shape {raw.shape}"
        )
    column = raw.astype(np.float64)
    fine = np.isfinite(column) | (np.isnan(column) if gaps else False)
    remedy = "drop or mend those rows first"
    require(fine, column, f"column {name!r} must be finite", remedy, name=name)
    return column
