"""The types of arrays, and computing with them without numpy's warnings."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def quiet() -> np.errstate:
    """`with quiet():` numpy says nothing of infinities and NaN: they are looked for."""
    return np.errstate(divide="ignore", over="ignore", under="ignore", invalid="ignore")
