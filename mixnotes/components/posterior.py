"""A weighted fit of one component of which something is believed, or bounded.

For families without sums of statistics: the maximum of the likelihood times the density
of what is believed, by a search that never ends below where it began.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from mixnotes.components.belief import bounds_of, inward, is_weighed
from mixnotes.components.composite import Composite
from mixnotes.components.exponential import ExponentialFamily
from mixnotes.data.intervals import Intervals, climbed_to_a_limit, midpoints
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.ascent import ascend

_STEPS = 100  # Newton steps of a search
_ENDLESS = 1e8  # a parameter that may be infinite is compared with that from here on


def fit(template: Any, x: Array, weight: Array, start: Any) -> Any:
    """`template` filled with the mode; not below `start`, where there is one."""
    if isinstance(template, Composite):  # each part knows its own
        return template.fitted_to(x, weight, start)
    if isinstance(template, ExponentialFamily) and not isinstance(x, Intervals):
        from mixnotes.components.mixture import Mixture

        first = None if start is None else Mixture([start])
        return Mixture([template])._fit(x, weight, first).parts[0]
    free = template.without_told()
    if not weight.any():
        return free.fitted_to(x, weight, start)
    bound, share = template.bound(x), weight / weight.sum()
    carried = share > 0

    def height(filled: Any) -> float:
        log_prob = share[carried] @ bound(filled)[carried]
        return float(log_prob + template.log_prior(filled) / weight.sum())

    with np.errstate(all="ignore"):
        found = _within(template, free, height, x, weight, start)
        if start is not None and not height(found) >= height(start):
            return start
    return found


def _within(
    template: Any, free: Any, height: Any, x: Array, weight: Array, start: Any
) -> Any:
    """The highest within the bounds: what would be beyond is held at its bound, and the
    rest is learned beside it."""
    found = _highest(template, free, height, x, weight, start)
    for name, known in template.told.items():
        ends = bounds_of(known)
        if ends is not None:
            there = float(np.clip(found.value_of(name), *ends))
            if there != found.value_of(name):
                free = free.filled({name: there})
                begin = found.filled({name: there})
                found = begin
                if free.blanks:
                    found = _highest(template, free, height, x, weight, begin)
    return found


def _highest(
    template: Any, free: Any, height: Any, x: Array, weight: Array, start: Any
) -> Any:
    """The highest without bounds, in what is blank in `free`."""
    weighed = {n: v for n, v in template.told.items() if is_weighed(v)}
    if not set(weighed) & set(free.blanks):
        return free.fitted_to(x, weight, start)
    begin = free.fitted_to(x, weight, None) if start is None else start
    inner = {n: inward(v, begin.value_of(n)) for n, v in weighed.items()}
    begin = begin.filled({n: v for n, v in inner.items() if n in free.blanks})
    scales = scales_of(x)
    if free.up_to_infinity in free.blanks:
        unit = float(scales[0])
        return climbed_to_a_limit(free, height, begin, unit, _STEPS)[0]
    found = climbed(free, height, begin, scales)
    return _at_limit(free, height, found)


def _at_limit(free: Any, height: Any, found: Any) -> Any:
    """The same with degrees of freedom at infinity, where that is no lower."""
    name = "df"
    if name not in free.blanks or not found.value_of(name) > _ENDLESS:
        return found
    limit = found.filled({name: math.inf})
    top = height(found)
    return limit if height(limit) >= top - 1e-12 * (1 + abs(top)) else found


def scales_of(x: Array) -> Array:
    """The units of the columns of x."""
    rows = midpoints(x) if isinstance(x, Intervals) else x
    sd = np.std(rows.reshape(len(rows), -1), axis=0)
    return np.where(sd > 0, sd, 1.0)


def climbed(
    free: Any,
    height: Callable[[Any], float],
    begin: Any,
    scales: Array,
    steps: int = _STEPS,
) -> Any:
    """Where Newton steps in all blanks of `free` lead, on the line."""
    entries = free.entries(begin)
    units = np.concatenate([free.units_of(entry, scales) for entry in entries])
    origin = free.unconstrain(begin)

    def at(aside: Array) -> float:
        try:
            there = height(free.constrain(origin + units * aside, begin))
        except ValueError:  # past the edge of what floats can hold
            return -np.inf
        return there if np.isfinite(there) else -np.inf

    top = ascend(at, np.zeros(len(origin)), steps)
    return free.constrain(origin + units * top.place, begin)
