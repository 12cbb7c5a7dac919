"""Categories: the words or whole numbers in a column, and their codes 0, 1, ..."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixnotes.data.check import (
    as_array,
    from_objects,
    is_nothing,
    require,
    with_gaps_kept,
)
from mixnotes.numeric.arrays import Array

Levels = tuple[str, ...] | tuple[int, ...]
_FEW = 4  # levels that an error lists before it counts the rest


def levels_in(values: Any, name: str) -> Levels | int:
    """The categories that occur: words, in the order that a categorical column has for
    them and else sorted; whole numbers, or only how many where they are 0 to n - 1.
    What is missing is none."""
    raw = _objects_or_numbers(values, name)
    if raw.dtype.kind != "O":
        seen = np.unique(raw[~np.isnan(raw)])
        if not len(seen):
            raise _nothing(name)
        require(
            seen == np.floor(seen),
            seen,
            f"{name} must be categories, words or whole numbers",
            "round it, or take a family for measurements",
            name=name,
        )
        whole = tuple(int(v) for v in seen)
        return len(whole) if whole == tuple(range(len(whole))) else whole
    there = {str(v) for v in raw if not _is_gap(v)}
    if not there:
        raise _nothing(name)
    return tuple(v for v in known_levels(values, there) if v in there)


def known_levels(values: Any, there: set[str]) -> list[str]:
    """The categories of a column in its own order, where it has one; else those that
    are there, sorted."""
    kind = getattr(values, "dtype", None)
    known = getattr(kind, "categories", None)
    if known is None and hasattr(values, "unify_dictionaries"):  # Arrow, in chunks
        whole = values.unify_dictionaries()
        values = whole.chunk(0) if whole.num_chunks else values
    if known is None and hasattr(values, "dictionary"):
        known = values.dictionary.to_pylist()
    try:
        own = [] if known is None else [str(level) for level in known]
    except TypeError:  # polars' Categorical has no order of its own
        own = []
    return own if there <= set(own) else sorted(there)


def has_words(values: Any, name: str) -> bool:
    """Are these words, and not numbers?"""
    return _objects_or_numbers(values, name).dtype.kind == "O"


def codes_of(values: Any, levels: Sequence[str], name: str, gaps: bool) -> Array:
    """Which of the levels each word is, (n,), as floats; NaN where it is missing. What
    are numbers already are the codes."""
    raw = _objects_or_numbers(values, name)
    if raw.dtype.kind != "O":
        return raw
    known = {level: float(j) for j, level in enumerate(levels)}
    codes = np.array(
        [np.nan if _is_gap(v) else known.get(str(v), -1.0) for v in raw.tolist()]
    )
    bare = name.removeprefix("column ").strip("'")
    if (codes < 0).any():
        i = int(np.argmax(codes < 0))
        raise ValueError(
            f"{name} must be one of {listed(levels)}, got {bare}[{i}] = "
            f"{str(raw[i])!r:.40} ({int((codes < 0).sum())} of {len(codes)} values); "
            "leave those rows out, or name all levels: Categorical(levels=[...])"
        )
    if not gaps:
        require(
            ~np.isnan(codes),
            codes,
            f"{name} must have no missing words",
            f"leave those rows out, or take Product({{{bare!r}: ...}}), where an entry "
            "may be missing",
            name=bare,
        )
    return codes


def listed(levels: Sequence[Any]) -> str:
    """Some levels for an error."""
    some = ", ".join(map(str, levels[:_FEW]))
    more = len(levels) - _FEW
    return f"{some} and {more} more" if more > 0 else some


def checked_levels(levels: Any) -> Levels:
    """Different words, or different whole numbers."""
    found = list(levels) if isinstance(levels, Sequence | np.ndarray) else []
    if isinstance(levels, str) or not found:
        raise TypeError(
            f"Categorical: levels must be a list of words, got {levels!r:.80}; write "
            "for example levels=['no', 'yes']"
        )
    words = all(isinstance(v, str) and v for v in found)
    whole = all(
        isinstance(v, int | np.integer) and not isinstance(v, bool) for v in found
    )
    if not (words or whole) or len(set(found)) < len(found):
        raise ValueError(
            "Categorical: levels must be different words, or different whole numbers, "
            f"got {found!r:.80}"
        )
    return tuple(map(str, found)) if words else tuple(map(int, found))


def _objects_or_numbers(values: Any, name: str) -> NDArray[Any]:
    """A column as floats, or as objects where words are among them."""
    raw = as_array(with_gaps_kept(values), name)
    if raw.dtype.kind == "O":
        raw = from_objects(raw)
    if raw.ndim != 1:
        raise ValueError(f"{name} must be of shape (n,), got shape {raw.shape}")
    if raw.dtype.kind in "biuf":
        return raw.astype(np.float64)
    words = raw.astype(object)
    for i, value in enumerate(words):
        if not (isinstance(value, str) or _is_gap(value)):
            raise TypeError(
                f"{name} must be words, or numbers, and nothing else, got {name}[{i}] "
                f"= {value!r:.40}; write what is no word as one, str(value)"
            )
    return words


def _is_gap(value: Any) -> bool:
    """Is a word missing? An empty one is."""
    return is_nothing(value) or value == "" or value != value


def _nothing(name: str) -> ValueError:
    return ValueError(f"{name} must hold a category, got only missing values")
