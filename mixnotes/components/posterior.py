"""A weighted fit of one component of which something is believed, or bounded.

For families without sums of statistics: the maximum of the likelihood times the density
of what is believed, by a search that never ends below where it began.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from mixnotes.components.belief import (
    beyond,
    bounds_of,
    inward,
    is_weighed,
    within_bounds,
)
from mixnotes.components.composite import Composite
from mixnotes.components.exponential import ExponentialFamily
from mixnotes.data.intervals import Intervals, climbed_to_a_limit, midpoints
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.ascent import ascend

_STEPS = 100  # Newton steps of a search
_WAYS = 32  # to hold blanks at their bounds that are looked at beside each other
_ENDLESS = 1e8  # a parameter that may be infinite is compared with that from here on


class _Held(NamedTuple):
    """A component with some of its blanks held at their bounds."""

    height: float
    filled: Any
    free: Any  # the same without what is learned
    ends: frozenset[tuple[str, float]]  # at which blanks are held
    found: bool = True  # is there a highest?


def fit(template: Any, x: Array, weight: Array, start: Any) -> Any:
    """`template` filled with the mode; not below `start`, where there is one."""
    start = None if start is None else within_bounds(template, start)
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

    def climb(less: Any, begin: Any) -> Any:
        return _highest(template, less, height, x, weight, begin)

    with np.errstate(all="ignore"):
        found = highest_within(template, free, start, height, climb)
        if start is not None and not height(found) >= height(start):
            return start
    return found


def highest_within(
    template: Any,
    free: Any,
    begin: Any,
    height: Callable[[Any], float],
    climb: Callable[[Any, Any], Any],
) -> Any:
    """The highest within the bounds of a template, of what is blank in `free`. `climb`
    gives the highest without bounds of a component with some of its blanks, from a
    start, or raises an error where there is none.

    Where some blanks are beyond their bounds, one of them at least is at its bound in
    the end: each is tried there, with the rest learned beside it. Where there is no
    highest, any of them may be, at either end. What is found with fewer of them held is
    never lower than with more, so the highest that is within is the highest of all: by
    branch and bound.
    """
    here, error = _climbed(climb, height, free, begin, frozenset())
    waiting: list[_Held] = []
    seen: set[frozenset[tuple[str, float]]] = set()
    while out := _ends_to_try(template, here):
        if len(seen) > _WAYS:  # go down from here alone
            waiting, seen = [], set()
        for end in out:
            ends = here.ends | {end}
            if ends in seen:
                continue
            seen.add(ends)
            less = here.free.filled(dict([end]))
            near = None if here.filled is None else here.filled.filled(dict([end]))
            waiting.append(_climbed(climb, height, less, near, ends)[0])
        if not waiting:
            break
        best = max(range(len(waiting)), key=lambda k: waiting[k].height)
        here = waiting.pop(best)
    if not here.found and error is not None:
        raise error
    return here.filled


def _climbed(
    climb: Callable[[Any, Any], Any],
    height: Callable[[Any], float],
    free: Any,
    begin: Any,
    ends: frozenset[tuple[str, float]],
) -> tuple[_Held, ValueError | None]:
    """What is learned beside what is held, and why there is none."""
    try:
        filled = climb(free, begin) if free.blanks else begin
        if filled is None:
            filled = free
    except ValueError as error:  # it rises without end, or to no place
        return _Held(math.inf, begin, free, ends, False), error
    top = height(filled)
    return _Held(-math.inf if math.isnan(top) else top, filled, free, ends), None


def _ends_to_try(template: Any, here: _Held) -> list[tuple[str, float]]:
    """Bounds, one of which holds in the end, by name."""
    if here.found:
        return list(beyond(template, here.filled).items())
    return [
        (name, end)
        for name, known in template.told.items()
        if name in here.free.blanks
        for end in bounds_of(known) or ()
        if math.isfinite(end)
    ]


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
