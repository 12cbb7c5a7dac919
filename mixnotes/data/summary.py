"""Centre, spread and range of the data, block after block."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple, Protocol

import numpy as np

from mixnotes.numeric.arrays import Array


class HasRows(Protocol):
    """What `summary` can read: anything that goes through its rows block by block."""

    def map(self, f: Callable[[Array, Array | None], Any]) -> Iterator[Any]:
        """f(x, weight) for each block of rows, in order."""


class Summary(NamedTuple):
    """The weight, centre, spread and range of each column, shape (d,)."""

    low: Array
    high: Array
    mean: Array
    sd: Array


_FEW = 16  # columns that are faster looked at one after another
Coordinates = Callable[[Array], tuple[Array, Any]]


def as_columns(x: Array) -> tuple[Array, Any]:
    """The data as columns, shape (d, n), all rows of them."""
    return (x[None] if x.ndim == 1 else x.T), slice(None)


def summary(source: HasRows, columns: Coordinates) -> Summary:
    """Range, weighted mean and standard deviation of coordinates of the data.

    `columns` gives the coordinates, (d, m), and which rows of the block they are of.
    In two passes, block by block: no digits are lost at a large offset.
    """
    ends = [e for e in source.map(partial(_ends, columns)) if e is not None]
    low = np.min([e[0] for e in ends], axis=0)
    high = np.max([e[1] for e in ends], axis=0)
    reach = np.where(high > low, high - low, 1.0)  # squares of it stay within floats
    parts = source.map(partial(_moments, columns, reach))
    total, mean, square = next(parts)
    for weight, middle, spread in parts:
        if weight == 0:
            continue
        gap = middle - mean
        both = total + weight
        mean = mean + gap * (weight / both)
        square = square + spread + gap * gap * (total * weight / both)
        total = both
    return Summary(low, high, mean * reach, reach * np.sqrt(square / total))


def _ends(
    columns: Coordinates, x: Array, weight: Array | None
) -> tuple[Array, Array] | None:
    part, _ = columns(x)
    if not part.size:
        return None
    if len(part) > _FEW:
        return part.min(axis=1), part.max(axis=1)
    each = [(column.min(), column.max()) for column in part]  # where these lie apart
    low, high = np.array(each).T
    return low, high


def _moments(
    columns: Coordinates, reach: Array, x: Array, weight: Array | None
) -> tuple[float, Array, Array]:
    """Weight, mean and sum of squares about it, in units of `reach`."""
    part, rows = columns(x)
    if not part.size:
        return 0.0, np.zeros(len(reach)), np.zeros(len(reach))
    level = np.ones(part.shape[1]) if weight is None else weight[rows]
    total = float(level.sum())
    if total == 0:
        return 0.0, np.zeros(len(reach)), np.zeros(len(reach))
    origin = part[:, level.argmax()] / reach  # near the mean, whatever outliers
    aside = part / reach[:, None]
    aside -= origin[:, None]
    centre = aside @ level / total
    aside -= centre[:, None]
    np.multiply(aside, aside, out=aside)
    return total, origin + centre, aside @ level
