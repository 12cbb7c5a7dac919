"""Newton's method for functions whose derivatives are known, each step halved until the
function rises.

For the author of a family. Where only the function is known, `ascent` takes
differences of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from mixnotes.numeric.arrays import Array

_EPS = float(np.finfo(float).eps)
_DONE = 4 * _EPS  # relative; a promised rise below it is rounding
_FLAT = 1e-14  # of the largest curvature; in a direction with less there is none
_HALVINGS = 40
_MOST = 200  # steps
_LAST = 3  # steps whose rise is less than the rounding of the function
_STILL = 1e-13  # a step below it is rounding


class Slopes(NamedTuple):
    """Gradient (p,) and matrix of second derivatives (p, p)."""

    first: Array
    second: Array


def newton(
    f: Callable[[Array], float],
    slopes: Callable[[Array], Slopes],
    start: Array,
    longest: float = math.inf,
) -> Array:
    """The maximum of f that Newton steps reach from `start`, never below it but for
    rounding.

    Where f is not concave, the sign of that curvature is reversed. f is -inf outside
    its domain. No step is longer than `longest`.
    """
    place = np.array(start, dtype=np.float64)
    value, last = f(place), 0
    for _ in range(_MOST):
        first, second = slopes(place)
        step = uphill(first, -second)
        length = float(np.abs(step).max())
        if not math.isfinite(length):
            break
        step *= min(1.0, longest / max(length, _EPS))
        if float(first @ step) <= _DONE * (1 + abs(value)):
            # The function tells no more, but slopes do: each step squares what is left.
            if not math.isfinite(f(place + step)):
                break
            place, last = place + step, last + 1
            if last == _LAST or length <= _STILL:
                break
            continue
        for _ in range(_HALVINGS):
            ahead = f(place + step)
            if ahead > value:
                break
            step = step / 2
        else:
            break
        place, value = place + step, ahead
    return place


def uphill(slope: Array, curve: Array) -> Array:
    """The Newton step, without the directions in which there is no curvature; uphill
    where the function is convex."""
    sizes, axes = np.linalg.eigh(curve)
    sizes = np.abs(sizes)
    seen = sizes > _FLAT * sizes.max()
    along = np.where(seen, (axes.T @ slope) / np.where(seen, sizes, 1.0), 0.0)
    step: Array = axes @ along
    return step
