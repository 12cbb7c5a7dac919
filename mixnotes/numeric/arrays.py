"""The types of arrays, and computing with them without numpy's warnings."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@lru_cache(maxsize=32)
def triangle(d: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The rows and the columns of the upper triangle of a matrix (d, d), which a step
    of EM asks for many times."""
    rows, columns = np.triu_indices(d)
    rows.flags.writeable = columns.flags.writeable = False
    return rows, columns


@lru_cache(maxsize=32)
def below_diagonal(d: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The rows and the columns of what is below the diagonal."""
    rows, columns = np.tril_indices(d, -1)
    rows.flags.writeable = columns.flags.writeable = False
    return rows, columns


def quiet() -> np.errstate:
    """`with quiet():` numpy says nothing of infinities and NaN: they are looked for."""
    return np.errstate(divide="ignore", over="ignore", under="ignore", invalid="ignore")
