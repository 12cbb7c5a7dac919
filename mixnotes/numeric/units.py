"""Sums over the rows of each unit."""

import numpy as np
from numpy.typing import NDArray

from mixnotes.numeric.arrays import Array


def summed(values: Array, unit: NDArray[np.intp]) -> Array:
    """The sums of values (K, n) over the rows of each unit, (K, G), for which unit,
    from 0 to G - 1, each row is in."""
    size = int(unit.max()) + 1
    return np.array([np.bincount(unit, row, size) for row in values])
