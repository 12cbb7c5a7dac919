"""Data that are known up to an interval: binned counts, censored values.

For the reader with a table of counts, or with values of which some are only known to
be above, below or between limits. `em` takes both wherever it takes plain data of one
number an observation, for every family that has a `cdf`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixnotes.data.check import CollapseError, as_numbers, require
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.ascent import ascend

_LEVEL = 0.01  # nats an observation, beyond the rounding of a sharp density
_FLOOR = 1e-7  # of the range; a standard deviation below it collapsed
_EPS = float(np.finfo(float).eps)
_FAR = 1e-290  # a probability below it has lost digits, or underflows


class Intervals(np.ndarray[Any, np.dtype[np.float64]]):
    """Rows (low, high), shape (n, 2): low <= x <= high, one value where they agree."""


class Censored:
    """Values that are known up to an interval: low <= x <= high, each of shape (n,).

    Args:
        low: the lower ends, shape (n,), in the unit of x; -inf says "at most high".
        high: the upper ends, shape (n,), in the unit of x; inf says "at least low".
            Where low = high the value was seen.

    Examples:
        >>> import mixnotes as mx
        >>> import numpy as np
        >>> hours = mx.Censored(low=[3.0, 5.0, 5.0], high=[3.0, 5.0, np.inf])
        >>> hours  # the third was still running after 5 hours
        Censored: 3 values, 2 of them seen exactly
        >>> print(f"{mx.Exponential().fit(hours).rate:.3f}")
        0.154
    """

    def __init__(self, low: ArrayLike, high: ArrayLike) -> None:
        ends = np.array([_ends(low, "low"), _ends(high, "high")]).T
        require(
            ends[:, 0] <= ends[:, 1],
            ends[:, 0],
            "Censored: low must not be above high",
            "swap the two",
            name="low",
        )
        require(
            (ends[:, 0] < np.inf) & (ends[:, 1] > -np.inf),
            ends,
            "Censored: low must be below inf and high above -inf",
            'write low=-inf for "at most high", high=inf for "at least low"',
            name="rows",
        )
        self.rows = ends.view(Intervals)

    @property
    def low(self) -> Array:
        """The lower ends, shape (n,)."""
        return np.asarray(self.rows[:, 0])

    @property
    def high(self) -> Array:
        """The upper ends, shape (n,)."""
        return np.asarray(self.rows[:, 1])

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        seen = int((self.low == self.high).sum())
        return f"Censored: {len(self)} values, {seen} of them seen exactly"


class Binned:
    """Counts in bins: counts[i] values lie from edges[i] up to edges[i + 1].

    A value on an edge belongs to the bin above it, and one on the last edge to the last
    bin, as `numpy.histogram` has it.

    Args:
        edges: the edges of m bins, shape (m + 1,), increasing, in the unit of x; the
            outer ones may be -inf and inf.
        counts: how many values each bin holds, shape (m,), not negative.

    Examples:
        >>> import mixnotes as mx
        >>> ages = mx.Binned(edges=[0, 20, 40, 60, 80], counts=[3, 8, 6, 3])
        >>> ages
        Binned: 20 values in 4 bins
        >>> print(f"{mx.Normal().fit(ages).mean:.1f}")
        39.0
    """

    def __init__(self, edges: ArrayLike, counts: ArrayLike) -> None:
        self.edges = _ends(edges, "edges")
        self.counts = as_numbers(counts, "counts")
        if self.counts.ndim != 1 or len(self.edges) != len(self.counts) + 1:
            raise ValueError(
                "Binned: there must be one edge more than counts, got "
                f"{len(self.edges)} edges and counts of shape {self.counts.shape}"
            )
        require(
            np.diff(self.edges) > 0,
            self.edges[:-1],
            "Binned: edges must increase",
            "sort them, and merge bins of width 0",
            name="edges",
        )
        require(
            np.isfinite(self.counts) & (self.counts >= 0),
            self.counts,
            "Binned: counts must be finite and not negative",
            "mend them",
            name="counts",
        )
        if not self.counts.any():
            raise ValueError("Binned: some count must be above 0, got none")
        high = np.nextafter(self.edges[1:], -np.inf)
        high[-1] = self.edges[-1]
        ends = np.array([self.edges[:-1], high]).T
        self.rows = ends[self.counts > 0].view(Intervals)
        self.weight = self.counts[self.counts > 0]

    def __repr__(self) -> str:
        return f"Binned: {self.counts.sum():g} values in {len(self.counts)} bins"


def _ends(values: ArrayLike, name: str) -> Array:
    """Numbers that may be infinite, shape (n,)."""
    ends = as_numbers(values, name)
    if ends.ndim != 1 or not ends.size:
        raise ValueError(f"{name} must be of shape (n,), got shape {ends.shape}")
    require(~np.isnan(ends), ends, f"{name} must not be NaN", "say inf", name=name)
    return ends


def midpoints(rows: Intervals) -> Array:
    """One value for each interval, shape (n,): its middle, or, where one end is
    infinite, a place a little inside the other.
    """
    low, high = np.asarray(rows).T
    finite = np.concatenate([low[np.isfinite(low)], high[np.isfinite(high)]])
    if not finite.size:
        raise ValueError(
            "some interval must have a finite end, got none; nothing can be learned"
        )
    widths = (high - low)[np.isfinite(high - low) & (high > low)]
    aside = 0.5 * float(np.median(widths)) if widths.size else 0.0
    low = np.where(np.isfinite(low), low, high - 2 * aside)
    high = np.where(np.isfinite(high), high, low + 2 * aside)
    middle = 0.5 * low + 0.5 * high
    everywhere = ~np.isfinite(middle)
    middle[everywhere] = finite.mean()
    return middle


def finite_ends(x: Array) -> Array:
    """The finite ends of intervals; other data as they are."""
    if not isinstance(x, Intervals):
        return x
    ends = np.asarray(x).ravel()
    return ends[np.isfinite(ends)]


def spread_over(rows: Intervals, weight: Array, edges: Array) -> Array:
    """How much weight each bin between edges gets, where an interval is spread evenly;
    one without an end is in none."""
    low, high = np.asarray(rows).T
    exact = low == high
    found = np.histogram(low[exact], edges, weights=weight[exact])[0].astype(float)
    for a, b, w in zip(low[~exact], high[~exact], weight[~exact], strict=True):
        if math.isfinite(b - a):
            found += w * np.diff(np.clip((edges - a) / (b - a), 0.0, 1.0))
    return found


def bind(component: Any, rows: Intervals) -> Callable[[Any], Array]:
    """log P(low <= x <= high), shape (n,), as a function of a filled component; the
    log-density where the two agree."""
    low, high = np.asarray(rows).T
    exact = low == high
    density = component.bind(low[exact])
    inner = ~exact
    below, above = low[inner], high[inner]
    if component.discrete:
        below, above = np.ceil(below) - 1, np.floor(above)
    elif component.atoms:  # one that is the low end of an interval is in it
        below = np.nextafter(below, -np.inf)

    mass = log_mass_between(below, above)

    def log_prob(filled: Any) -> Array:
        out = np.empty(len(low))
        if exact.any():
            out[exact] = density(filled)
        out[inner] = mass(filled)
        return out

    return log_prob


def log_mass(filled: Any, low: Array, high: Array) -> Array:
    """log P(low < x <= high), of the shape of `low` and `high`: a difference of cdf or
    of sf, whichever keeps more digits.
    """
    low, high = np.broadcast_arrays(low, high)
    mass: Array = log_mass_between(low.ravel(), high.ravel())(filled)
    return mass.reshape(low.shape)


def log_mass_between(low: Array, high: Array) -> Callable[[Any], Array]:
    """log P(low < x <= high), shape (n,), as a function of a filled component: a
    difference of cdf or of sf, whichever keeps more digits.

    Intervals beside one another have an end in common, which is looked at once.
    """
    ends, where = np.unique(np.concatenate([low, high]), return_inverse=True)
    first, last = where[: len(low)], where[len(low) :]

    def log_prob(filled: Any) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            below = filled._cdf(ends)
            mass = below[last] - below[first]
            # The sf of the ends of intervals that begin above the median.
            upper = ~(below[first] <= 0.5)
            if upper.any():
                start = int(first[upper].min())
                above = filled._sf(ends[start:])
                mass[upper] = above[first[upper] - start] - above[last[upper] - start]
            logs = np.log(np.maximum(mass, 0.0))
            far = mass < _FAR
            if far.any() and getattr(filled, "has_log_tails", False):
                logs[far] = _log_tail(filled, low[far], high[far], upper[far])
            return logs

    return log_prob


def _log_tail(filled: Any, low: Array, high: Array, upper: NDArray[np.bool_]) -> Array:
    """The same from logarithms, where a probability itself has no digits."""
    most = np.where(upper, filled._log_sf(low), filled._log_cdf(high))
    least = np.where(upper, filled._log_sf(high), filled._log_cdf(low))
    logs: Array = most + np.log1p(-np.exp(least - most))
    return np.where(np.isnan(logs), -np.inf, logs)


def fit(template: Any, rows: Intervals, weight: Array, start: Any) -> Any:
    """`template` filled by weighted maximum likelihood of intervals, by Newton's
    method; never below `start`."""
    steps = 20
    if start is None:
        places = midpoints(rows)
        if template.discrete:
            places = np.floor(places)
        inside = template.inside(places) & (weight > 0)
        if not inside.any():
            raise ValueError(
                f"{type(template).__name__}: some interval must reach into "
                f"{template.support}, got none; mend the data"
            )
        start = _first_guess(template, places, weight, inside)
    else:
        steps = 1  # from near a maximum it squares the distance
    log_prob = bind(template, rows)
    carried = weight > 0
    share = weight[carried] / weight.sum()
    scale = float(np.std(midpoints(rows))) or 1.0

    def height(filled: Any) -> float:
        return float(share @ log_prob(filled)[carried])

    with np.errstate(all="ignore"):
        filled, top = climbed_to_a_limit(template, height, start, scale, steps)
    _require_width(filled, rows)
    _require_bound(template, filled, rows, top, weight / weight.sum(), log_prob)
    return filled


def _climbed(
    template: Any, height: Any, start: Any, scale: float, steps: int
) -> tuple[Any, float]:
    """Where Newton steps in all blanks of the template lead, and how high."""
    if not template.n_free:
        return start, height(start)
    origin = template.unconstrain(start)
    units = template.line_units(start, np.full(1, scale))

    def at(aside: Array) -> float:
        try:
            return float(height(template.constrain(origin + units * aside, start)))
        except ValueError:  # past the edge of what floats can hold
            return -np.inf

    top = ascend(at, np.zeros(len(origin)), steps)
    return template.constrain(origin + units * top.place, start), top.value


def climbed_to_a_limit(
    template: Any, height: Any, start: Any, scale: float, steps: int
) -> tuple[Any, float]:
    """The same where a parameter may be infinite, to which Newton steps only creep: a
    large one is compared with infinity, and infinity with some that are finite."""
    name = template.up_to_infinity
    if name not in template.blanks:
        return _climbed(template, height, start, scale, steps)
    held = template.filled({name: math.inf})
    if start.given(name) == math.inf:
        found, top = _climbed(held, height, start, scale, steps)
        beside = [found.filled({name: v}) for v in template._finite(found).tolist()]
        heights = [height(other) for other in beside]
        best = int(np.argmax(heights)) if heights else 0
        if heights and heights[best] > top + 8 * _EPS * (1 + abs(top)):
            return _climbed(template, height, beside[best], scale, steps)
        return found, top
    found, top = _climbed(template, height, start, scale, steps)
    finite = template._finite(found)
    if len(finite) and found.given(name) < finite[len(finite) // 2]:
        return found, top
    limit = found.filled({name: math.inf})
    limit, its = _climbed(held, height, limit, scale, steps)
    return (limit, its) if its >= top - 8 * _EPS * (1 + abs(top)) else (found, top)


def _require_bound(
    template: Any, filled: Any, rows: Intervals, top: float, share: Array, log_prob: Any
) -> None:
    """Raise an error where the likelihood has no bound: where it keeps rising as the
    component shrinks onto a value that was seen exactly, because every interval that
    the component explains reaches there.
    """
    low, high = np.asarray(rows).T
    exact = (low == high) & (share > 0)
    if template.discrete or not exact.any():
        return
    at = float(low[np.argmax(np.where(exact, share, 0.0))])
    heights = [top]
    for factor in (0.1, 0.01):
        narrow = template.narrowed(filled, at, factor)
        if narrow is None:
            return
        with np.errstate(all="ignore"):
            heights.append(float(share[share > 0] @ log_prob(narrow)[share > 0]))
    if min(heights) > top - _LEVEL:  # at a maximum the narrower are far below it
        raise CollapseError(
            f"{type(template).__name__} collapsed on x = {at:g}: the likelihood has no "
            "bound as it shrinks onto a value that was seen exactly; give a parameter, "
            "or use fewer components"
        )


def _first_guess(template: Any, places: Array, weight: Array, inside: Any) -> Any:
    """The fit to one value for each interval. Where those with weight all have one
    value, which says nothing of a spread, it is fitted to all intervals instead.
    """
    try:
        return template._fit(places[inside], weight[inside], None)
    except ValueError:
        possible = template.inside(places)
        return template._fit(places[possible], np.ones(int(possible.sum())), None)


def _require_width(filled: Any, rows: Intervals) -> None:
    """Raise an error where a component shrank onto a value that was seen exactly."""
    low, high = np.asarray(rows).T
    if filled.discrete or not (low == high).any():
        return
    mean, variance = filled.moments()
    if math.sqrt(max(variance, 0.0)) <= _FLOOR * float(np.ptp(midpoints(rows))):
        raise CollapseError(
            f"{type(filled).__name__} collapsed on x = {mean:.6g}: it shrank onto a "
            "value that was seen exactly; use fewer components"
        )
