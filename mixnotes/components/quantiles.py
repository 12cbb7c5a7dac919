"""Quantiles by bisection, for a component that has a distribution function."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixnotes.numeric.arrays import Array

_HALVINGS = 2200  # between the largest float and the smallest
_DOUBLINGS = 200  # of a step, until a bracket holds a quantile


def bisected(component: Any, q: Array) -> Array:
    """The least x with cdf(x) >= q: whole numbers where the component is discrete."""
    low, high = _bracket(component, q)
    reached = partial(_reaches, component, q=q)
    return _least(reached, low, high, component.discrete)


def between(
    cdf: Callable[[Array], Array], level: Array, low: Array, high: Array
) -> Array:
    """The least x between low and high with cdf(x) >= level."""

    def reached(x: Array) -> NDArray[np.bool_]:
        enough: NDArray[np.bool_] = cdf(x) >= level
        return enough

    return _least(reached, low, np.where(reached(low), low, high))


def _least(
    reached: Callable[[Array], NDArray[np.bool_]],
    low: Array,
    high: Array,
    whole: bool = False,
) -> Array:
    """The least x above low where `reached` holds, as it does at high, by bisection; a
    whole number where low and high are."""
    for _ in range(_HALVINGS):
        middle = np.where(low < high, 0.5 * low + 0.5 * high, high)
        if whole:
            middle = np.floor(middle)
        moved = (middle > low) & (middle < high)
        if not moved.any():
            break
        enough = reached(middle)
        high = np.where(moved & enough, middle, high)
        low = np.where(moved & ~enough, middle, low)
    return high


def _reaches(component: Any, x: Array, q: Array) -> NDArray[np.bool_]:
    """Where cdf(x) >= q. It is compared in the tail that keeps the digits."""
    below, above = component._cdf(x), component._sf(x)
    reached: NDArray[np.bool_] = np.where(q < 0.5, below >= q, above <= 1 - q)
    return reached


def _bracket(component: Any, q: Array) -> tuple[Array, Array]:
    """Two places for each q: cdf is below q at the lower one, and not below at the
    upper.
    """
    least, largest = component.ends
    mean, variance = component.about()
    centre = mean if math.isfinite(mean) else max(min(0.0, largest), least)
    step = math.sqrt(variance) if 0 < variance < math.inf else 1.0
    if component.discrete:
        centre, step = float(math.floor(centre)), float(math.ceil(step))
    low, high = np.full(q.shape, centre - step), np.full(q.shape, centre + step)
    for _ in range(_DOUBLINGS):
        short = ~_reaches(component, high, q) & (high < largest) & (q < 1)
        long = _reaches(component, low, q) & (low >= least) & (q > 0)
        if not (short.any() or long.any()):
            break
        step *= 2
        high = np.where(short, np.minimum(high + step, largest), high)
        low = np.where(long, low - step, low)
    return low, high
