"""Columns beside the observations: numbers, or words that name a category."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixnotes.data.categories import known_levels
from mixnotes.data.check import as_array, from_objects, require, with_gaps_kept
from mixnotes.data.table import column_names

Column = NDArray[Any]  # floats, or words as objects


def columns_of(
    names: Sequence[str], x: Any, covariates: Any, n: int
) -> dict[str, Column]:
    """The columns of these names, each of shape (n,), from `covariates` or else x."""
    beside = column_names(covariates) if covariates is not None else []
    if beside is None:
        raise TypeError(
            "covariates must be columns by name, such as {'age': ...} or a DataFrame, "
            f"got {type(covariates).__name__}"
        )
    known = column_names(x) or []
    lacking = [name for name in names if name not in beside and name not in known]
    if lacking:
        seen = ", ".join([*known, *beside]) or "an array without names"
        raise ValueError(
            f"the weights depend on the columns {', '.join(names)}, got {seen}; "
            f"{', '.join(lacking)} is missing: pass covariates={{{lacking[0]!r}: ...}}"
        )
    found = {}
    for name in names:
        found[name] = as_column((covariates if name in beside else x)[name], name)
        if len(found[name]) != n:
            raise ValueError(
                f"column {name!r} must have one value an observation, {n}, got "
                f"{len(found[name])}"
            )
    return found


def raw_column(name: str, x: Any, covariates: Any) -> Any:
    """A column as it came."""
    beside = covariates is not None and name in (column_names(covariates) or [])
    return (covariates if beside else x)[name]


def as_column(values: Any, name: str) -> Column:
    """A column of numbers as finite floats, or of words as objects; nothing missing."""
    raw = as_array(with_gaps_kept(values), f"column {name!r}")
    if raw.dtype.kind == "O":
        raw = from_objects(raw)
    if raw.ndim != 1:
        raise ValueError(
            f"column {name!r} must be of shape (n,), got shape {raw.shape}"
        )
    if raw.dtype.kind in "biuf":
        numbers = raw.astype(np.float64)
        what = f"column {name!r} must be finite where weights or groups depend on it"
        require(np.isfinite(numbers), numbers, what, "leave those rows out", name=name)
        return numbers
    words = raw.astype(object)
    odd = [i for i, word in enumerate(words) if not isinstance(word, str)]
    if odd:
        raise ValueError(
            f"column {name!r} must be numbers, or words and nothing else, got "
            f"{name}[{odd[0]}] = {words[odd[0]]!r:.40}; leave rows out that "
            "lack it, and write other things as numbers"
        )
    return words


def levels_of(values: Any, words: Column) -> tuple[str, ...]:
    """The categories that occur: in the order that pandas, polars or Arrow has for
    them, else sorted."""
    there = set(words)
    return tuple(level for level in known_levels(values, there) if level in there)


def codes_of(column: Column) -> NDArray[np.intp]:
    """Which distinct value each row has, (n,), numbered in the order in which they
    first occur."""
    if column.dtype.kind == "O":
        column = column.astype(str)
    _, first, where = np.unique(column, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.intp)
    rank[np.argsort(first)] = np.arange(len(first))
    codes: NDArray[np.intp] = rank[where.ravel()]
    return codes


def group_of(groups: Any, x: Any, covariates: Any, n: int) -> NDArray[np.intp]:
    """Which group each row is in, (n,), numbered in the order in which they first
    occur; `groups` is the name of a column, or one value a row."""
    if isinstance(groups, str):
        known = [*(column_names(x) or []), *(column_names(covariates) or [])]
        if groups not in known:
            raise ValueError(
                f"groups must name a column of x, got {groups!r}, and the columns are "
                f"{', '.join(known) or 'without names'}; pass one value a row"
            )
        beside = covariates is not None and groups in (column_names(covariates) or [])
        groups = (covariates if beside else x)[groups]
    groups = with_gaps_kept(groups)
    raw = as_array(groups, "groups")
    dates = raw.dtype.kind in "mM" and not np.isnat(raw).any()
    if raw.ndim == 1 and (dates or raw.dtype.kind in "iu"):
        exact = raw.astype(np.int64) if dates else raw
        _require_length(exact, n)  # as they are: floats run large numbers together
        return codes_of(exact)
    column = as_column(groups, "groups")
    _require_length(column, n)
    return codes_of(column)


def _require_length(column: Column, n: int) -> None:
    if len(column) != n:
        raise ValueError(
            f"groups must have one value an observation, shape ({n},), got "
            f"{len(column)}"
        )
