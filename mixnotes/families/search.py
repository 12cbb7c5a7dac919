"""Families without an exponential form: each finds its own weighted maximum.

For the author of such a family: derive from `Searched` and write `density` and
`_search`; `Laplace` in line.py is a model. `LocationScale` is for a place (such as
loc) and a spread (such as scale).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, Self

import numpy as np

from mixnotes.components.exponential import (
    FEW,
    FLOOR,
    ROUNDING,
    SMALLEST,
    effective_n_of,
)
from mixnotes.components.family import Family
from mixnotes.data.check import CollapseError
from mixnotes.data.intervals import Intervals
from mixnotes.numeric.arrays import Array


class Searched(Family):
    """A family whose weighted fit begins at `start` and never ends below it."""

    def prepare(self, x: Array) -> Any:
        """What of the density depends on the data alone, computed once; here x
        itself.
        """
        return x

    @abstractmethod
    def density(self, prepared: Any) -> Array:
        """log p(x), shape (n,), from what `prepare` made of x inside the support."""

    def extent(self, x: Array) -> Any:
        """What of all the data a learned spread is compared with: the few observations
        that one component explains would not do.
        """
        return None

    @abstractmethod
    def _search(
        self, x: Array, weight: Array, start: Self | None, extent: Any
    ) -> dict[str, Any]:
        """The values of the blanks that fit the observations best. All of these are
        inside the support, and all weights above 0. With a start it may be one step
        from there.
        """

    def bind(self, x: Array) -> Callable[[Self], Array]:
        """log p(x); what depends on the data alone is computed once."""
        fill_value, inside = self.with_fill_value(x)
        prepared = self.prepare(fill_value)

        def log_prob(filled: Self) -> Array:
            with np.errstate(over="ignore"):  # so far out that the density is 0
                return np.where(inside, filled.density(prepared), -np.inf)

        return log_prob

    def _learn(self, x: Array, weight: Array) -> dict[str, Any]:
        return self._search(x, weight, None, self.extent(x))

    def _fit(self, x: Array, weight: Array, start: Self | None) -> Self:
        inside = self.inside(x)
        there = (weight > 0) & inside
        if not there.any():
            return super()._fit(x, np.zeros(len(x)), start)
        extent = self.extent(x if inside.all() else x[inside])
        if not there.all():
            x, weight = x[there], weight[there]
        found = self._search(x, weight, start, extent)
        filled = self.filled({name: found[name] for name in self.blanks})
        if start is None:
            return filled
        log_prob = self.bind(x)
        higher = weight @ log_prob(filled) >= weight @ log_prob(start)
        return filled if higher else start


class Stepped(Searched):
    """A family whose `_search` from a start takes one step. `fit` repeats it to the
    end; within a mixture each step of EM takes one.
    """

    def fit(self, x: Any, sample_weight: Any = None, start: Self | None = None) -> Self:
        """This component with its blanks filled by weighted maximum likelihood.

        The weighted log-likelihood of `start` is never lowered, and what was given
        is never changed.
        """
        here = super().fit(x, sample_weight, start)
        if not self.blanks or isinstance(self._rows(x), Intervals):
            return here
        for _ in range(_MOST):
            ahead = super().fit(x, sample_weight, here)
            if ahead == here or _near(ahead, here):
                return ahead
            here = ahead
        return here


_MOST = 5000  # steps
_STILL = 1e-10  # relative; searches by differences are no finer


def _near(a: Family, b: Family) -> bool:
    """Are all parameters the same to rounding?"""
    pairs = [(getattr(a, n), getattr(b, n)) for n in a.constraints()]
    return all(
        np.abs(np.subtract(u, v)).max() <= _STILL * np.abs(v).max()
        for u, v in pairs
        if np.all(np.isfinite(u)) or np.all(np.isfinite(v))
    )


class LocationScale(Searched):
    """A family of a place and a spread. It is fitted to centred and scaled data, so
    that neither the unit nor an offset matters.
    """

    place: str
    spread: str

    def inside(self, x: Array) -> Any:
        """Every observation is."""
        return np.ones(len(x), dtype=bool)

    def coordinate(self, x: Array) -> Array:
        """The transformed x that has the place and the spread, shape (n,): x itself, or
        its logarithm.
        """
        return x

    @abstractmethod
    def _standard(
        self, y: Array, share: Array, fixed: dict[str, float], start: Any
    ) -> dict[str, float]:
        """`_search` for centred and scaled data. Names are `place`, `spread` and
        others; those in `fixed` are given. `share` sums to 1. `start` has all names, or
        is None.
        """

    def into(self, values: dict[str, float], centre: float, unit: float) -> Any:
        """Parameters of the data as those of y = (x - centre) / unit."""
        found = dict(values)
        if self.place in found:
            found[self.place] = (found[self.place] - centre) / unit
        if self.spread in found:
            found[self.spread] = found[self.spread] / unit
        return found

    def out_of(self, values: dict[str, float], centre: float, unit: float) -> Any:
        """The inverse of `into`."""
        place, spread = values[self.place], values[self.spread]
        moved = {self.place: centre + unit * place, self.spread: unit * spread}
        return values | moved

    def extent(self, x: Array) -> float:
        """The range of the data; an error where no spread can be learned from it."""
        y = self.coordinate(x)
        span = float(y.max() - y.min())
        if not self._is_blank(self.spread):
            return span
        if span == 0:
            raise ValueError(
                f"{self.spread} must be learned from values that differ, got values "
                f"all equal to {x[0]:g}; give {self.spread}, for example "
                f"{type(self).__name__}({self.spread}=1.0)"
            )
        if span < SMALLEST:
            raise ValueError(
                f"x must vary by more than {SMALLEST:g} for {self.spread} to be "
                f"learned, got a range of {span:.3g}; rescale it, for example "
                "x / np.ptp(x)"
            )
        return span

    def _search(
        self, x: Array, weight: Array, start: Self | None, extent: float
    ) -> dict[str, Any]:
        y = self.coordinate(x)
        share = weight / weight.sum()
        known = self.standing(self)
        centre = known.get(self.place, weighted_median(y, share))
        unit = known.get(self.spread, float(share @ np.abs(y - centre)))
        self._require_width(unit, y, weight, extent)
        begin = None
        if start is not None:
            begin = self.into(self.standing(start), centre, unit)
        fixed = self.into(known, centre, unit)
        found = self._standard((y - centre) / unit, share, fixed, begin)
        found = self.out_of(fixed | found, centre, unit)
        self._require_width(found[self.spread], y, weight, extent)
        return self.named(found)

    def standing(self, component: Self) -> dict[str, float]:
        """The place and the spread of the coordinate, as far as this component has
        them.
        """
        names = [n for n in self.constraints() if not component._is_blank(n)]
        return {name: component.given(name) for name in names}

    def named(self, values: dict[str, float]) -> dict[str, Any]:
        """This component's parameters, from the place and the spread of the
        coordinate.
        """
        return values

    def _require_width(
        self, spread: float, y: Array, weight: Array, span: float
    ) -> None:
        """Raise an error where a spread that is learned is below its floor, which is
        relative to the data."""
        if not self._is_blank(self.spread):
            return
        few = effective_n_of(weight) < FEW
        if not spread > (FLOOR if few else ROUNDING) * span:
            at = weighted_median(y, weight / weight.sum())
            raise CollapseError(
                f"{type(self).__name__} collapsed on x = {self.value(at):g}: its "
                f"spread fell below {FLOOR:g} of the data's range {span:.6g}; "
                f"give {self.spread}, or use fewer components"
            )

    def value(self, coordinate: float) -> float:
        """The x that has this coordinate."""
        return coordinate


def places_beside(here: int, n: int) -> Iterator[int]:
    """Positions among n that are 1, 2, 4, ... away from one on either side, and that
    one.
    """
    yield min(max(here, 0), n - 1)
    step = 1
    while step < n:
        yield from (k for k in (here - step, here + step) if 0 <= k < n)
        step *= 2


_GAPS = 8  # the widest between observations, on either side of which an end may lie


def ends_beside(places: Array, end: float) -> Iterator[float]:
    """Sorted observations to try as an end of the support: those 1, 2, 4, ... places
    away, and those on either side of the widest gaps.
    """
    here = int(np.searchsorted(places, end))
    found = set(places_beside(here, len(places)))
    gaps = np.argsort(np.diff(places))[-_GAPS:]
    for k in sorted(found | set(gaps.tolist()) | set((gaps + 1).tolist())):
        yield float(places[k])


def weighted_median(x: Array, share: Array) -> float:
    """A value with at most half of the weight on either side; halfway between two that
    have exactly half. `share` sums to 1."""
    order = np.argsort(x, kind="stable")
    below = np.cumsum(share[order])
    tie = 8 * np.finfo(float).eps * len(x)
    first = int(np.searchsorted(below, 0.5 - tie))
    last = int(np.searchsorted(below, 0.5 + tie))
    ends = x[order[min(first, len(x) - 1)]], x[order[min(last, len(x) - 1)]]
    return float(0.5 * ends[0] + 0.5 * ends[1])
