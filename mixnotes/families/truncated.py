"""What is seen only between two ends: a truncated component, or a truncated mixture."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mixnotes.components import vector
from mixnotes.components.component import Component
from mixnotes.components.composite import Composite
from mixnotes.components.measure import Atoms
from mixnotes.components.mixture import Mixture
from mixnotes.components.parts import pooled, require_of_one_row
from mixnotes.components.posterior import climbed, highest_within, scales_of
from mixnotes.data.intervals import log_mass
from mixnotes.families import tails
from mixnotes.families.normal import Normal
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.special import log_sum_exp

_FEW = 10_000  # whole numbers that are summed one by one
_NEAR = 1  # Newton step from where a step of EM before has ended
_MOST, _STILL = 200, 1e-12  # such steps of a fit by itself, and when they are over
_OUT = -450.0  # log P(seen) of a normal 30 standard deviations away
_RARE = 0.05  # a probability of being seen below which draws are made by quantiles
COUNTS = "whole numbers from 0"  # how the support of families of counts begins
_LEVELS = np.array([0.0, 1e-15, 1e-12, 1e-9, 1e-6, 1e-4, 1e-3, 0.01, 0.05, 0.2, 0.4])
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(30)


class Truncated(Composite):
    """Truncated(component, low, high): the component, as far as it lies from low to
    high; what lies elsewhere was never seen, and nobody knows how often it came.

    Counts from 1 up are `Truncated(Poisson(), 1, None)`. Values that are only known to
    lie beyond an end are `Censored` instead.

    Of what it is taken matters for weights. In a mixture of truncated components they
    are shares of what was seen. In `Truncated(Mixture(...), low, high)` they are shares
    of what there was before: `em` takes that as it takes a mixture, and `seen` is the
    share of it that lies between the ends.

    Source: McLachlan and Jones (1988), Fitting mixture models to grouped and truncated
    data via the EM algorithm.

    Args:
        component: a component of one number, or a mixture of such.
        low: the least value that is seen, included, in the unit of x; None for no end.
        high: the largest, likewise.

    Examples:
        >>> import mixnotes as mx
        >>> times, groups = [1, 2, 3, 4, 5, 6, 7, 8], [46, 28, 21, 13, 23, 14, 6, 11]
        >>> found = mx.Truncated(mx.Poisson(), 1, None).fit(times, groups)
        >>> print(found, f"{found.seen:.3f}")
        Truncated(Poisson(rate=3.23813), 1, None) 0.961
    """

    component: Any
    """What it is taken of."""
    low: float | None
    """The least value that is seen; None for no end."""
    high: float | None
    """The largest."""

    def __init__(self, component: Any, low: float | None, high: float | None) -> None:
        if not isinstance(component, Component):
            raise TypeError(
                "Truncated takes a component of mixnotes or a mixture of them, got "
                f"{component!r:.80}"
            )
        _require_one_number(component)
        require_of_one_row(component, "Truncated: the component")
        ends = [_checked_end(n, v) for n, v in (("low", low), ("high", high))]
        if ends == [None, None]:
            raise ValueError(
                "Truncated must have an end, got low=None and high=None; take the "
                "component itself"
            )
        if None not in ends and not ends[0] < ends[1]:  # type: ignore[operator]
            raise ValueError(
                f"Truncated: low must be below high, got low={low:g} and high={high:g}"
            )
        self.__dict__.update(component=component, low=ends[0], high=ends[1])
        least, most = component.ends if not component.blanks else (-math.inf, math.inf)
        if self._low > most or self._high < least:
            raise ValueError(
                "Truncated: the ends must hold some of the component, got "
                f"{self!r:.120}"
            )

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(
            f"a Truncated is immutable, cannot set {name}; make a new one"
        )

    @property
    def _low(self) -> float:
        return -math.inf if self.low is None else self.low

    @property
    def _high(self) -> float:
        return math.inf if self.high is None else self.high

    # ------------------------------------------------------------------- the whole

    @property
    def children(self) -> Mapping[str, Component]:
        """The component, by what the names of its blanks begin with here."""
        return {"component.": self.component}

    def remade(self, children: Mapping[str, Component], own: Mapping[str, Any]) -> Self:
        """The same ends of another component."""
        return self.of(next(iter(children.values())))

    def of(self, component: Any) -> Self:
        """The same ends of another component, which needs no check."""
        truncated = object.__new__(type(self))
        truncated.__dict__.update(component=component, low=self.low, high=self.high)
        return truncated

    @property
    def n_free(self) -> int:
        """How many numbers are blank."""
        free: int = self.component.n_free
        return free

    @property
    def has_line(self) -> bool:  # type: ignore[override]
        """True where the component can map its blanks to unconstrained coordinates."""
        return _has_line(self.component)

    def measured(self, filled: Self, scale: float) -> Array | None:
        """The values of the blanks; what has the data's unit is divided by `scale`."""
        return vector.measured(self.entries(filled), scale)

    @property
    def discrete(self) -> bool:  # type: ignore[override]
        """True where log_prob is the logarithm of a probability."""
        found: bool = self.component.discrete
        return found

    @property
    def probable(self) -> Mapping[str | None, bool | None]:
        """What the component says of its column."""
        found: Mapping[str | None, bool | None] = self.component.probable
        return found

    @property
    def atoms(self) -> Atoms:
        """Those of the component that are seen."""
        return {
            column: frozenset(v for v in values if self._low <= v <= self._high)
            for column, values in self.component.atoms.items()
        }

    @property
    def limit(self) -> str:
        """What the component is the limit of; a normal that is seen only so far out is
        one itself."""
        if isinstance(self.component, Mixture):
            each = dict.fromkeys(part.limit for part in self.component.parts)
            return " and ".join(filter(None, each))
        found: str = self.component.limit
        known = not self.component.blanks
        alone = known and isinstance(self.component, Normal)
        if not found and alone and self._log_mass() < _OUT:
            return "mean and sd endless, an Exponential from the end"
        return found

    def rank(self) -> tuple[float, ...]:
        """That of the component."""
        found: tuple[float, ...] = self.component.rank()
        return found

    # --------------------------------------------------------------- distribution

    @property
    def support(self) -> str:  # type: ignore[override]
        """The support in words."""
        ends = [f"{v:g}" for v in (self.low, self.high) if v is not None]
        if self.low is None or self.high is None:
            between = f"{'up to' if self.low is None else 'from'} {ends[0]}"
            between += " up" if self.high is None else ""
        else:
            between = f"from {ends[0]} to {ends[1]}"
        return f"{self.component.support}, seen {between}"

    @property
    def ends(self) -> tuple[float, float]:
        """The ends, or those of the component where they are nearer."""
        low, high = self.component.ends
        return max(low, self._low), min(high, self._high)

    def inside(self, x: Array) -> NDArray[np.bool_]:
        """Which observations are seen, and are the component's."""
        seen: NDArray[np.bool_] = (x >= self._low) & (x <= self._high)
        return seen & self.component.inside(x)

    @property
    def seen(self) -> float:
        """The probability that a value of the component is seen.

        Examples:
            >>> import mixnotes as mx
            >>> round(mx.Truncated(mx.Normal(0, 1), -1.0, 1.0).seen, 4)
            0.6827
        """
        self._require_complete("seen")
        return math.exp(self._log_mass())

    def _log_mass(self) -> float:
        """The logarithm of the same."""
        return self._mass()(self.component)

    def _mass(self) -> Callable[[Any], float]:
        """The logarithm of the probability of being seen, of a filled component."""
        component, first = self.component, self._first
        if first is not None and math.isinf(self._high):
            return tails.log_rest(component, first)
        if first is not None:
            log_prob = component.bind(np.arange(first, math.floor(self._high) + 1.0))
            return lambda c: float(log_sum_exp(log_prob(c)[:, None])[0])
        ends = np.array([[self._below], [self._high]])
        return lambda c: float(log_mass(c, *ends)[0])

    @property
    def _first(self) -> int | None:
        """The first count that is seen, where counts can be summed one by one, those
        that are seen or those below; else None."""
        component = self.component
        if not component.discrete or not component.support.startswith(COUNTS):
            return None
        first = 0 if self.low is None else max(math.ceil(self.low), 0)
        few = first if math.isinf(self._high) else self._high - first
        return first if few <= _FEW else None

    @property
    def _below(self) -> float:
        """The largest float that is too low: P(x > it) is that of being high enough,
        of an atom at the end, too."""
        return float(np.nextafter(self._low, -math.inf))

    def log_prob(self, x: Any) -> Array:
        """log p(x), shape (n,), in nats; -inf beyond the ends.

        Args:
            x: observations, shape (n,).

        Raises:
            ValueError: where a parameter is blank, or so little of the component lies
                between the ends that floats do not hold it.

        Examples:
            >>> import mixnotes as mx
            >>> mx.Truncated(mx.Normal(0, 1), 1.0, None).log_prob([0.5, 1.5]).round(3)
            array([  -inf, -0.203])
        """
        self._require_complete("log_prob")
        if self._log_mass() == -math.inf:
            raise ValueError(
                "Truncated: the ends must hold some of the component, got a "
                f"probability of 0 between those of {self!r:.120}; move the ends"
            )
        return super().log_prob(x)

    def bind(self, x: Array) -> Callable[[Self], Array]:
        """log p(x) - log P(seen); -inf where nothing is seen."""
        log_prob, mass = self.component.bind(x), self._mass()
        rest = np.where(self.inside(x), 0.0, -np.inf)

        def truncated(filled: Self) -> Array:
            seen = mass(filled.component)
            if seen == -math.inf:  # so far beyond the ends that nothing is known there
                return np.full(len(x), -np.inf)
            return log_prob(filled.component) - seen + rest

        return truncated

    def _table(self) -> tuple[int, Array] | None:
        """Where little is seen of counts, the first of these, and the probabilities of
        it and the next; else None, and differences of the component's own keep their
        digits."""
        first, mass = self._first, self._log_mass()
        if first is None or not mass < math.log(tails.LITTLE):
            return None
        if math.isinf(self._high):
            logs = tails.summed(self.component.bind, first)(self.component)
            if logs is None:
                return None
        else:
            there = np.arange(first, math.floor(self._high) + 1.0)
            logs = self.component.bind(there)(self.component)
        return first, np.exp(logs - mass)

    def _cdf(self, x: Array) -> Array:
        table = self._table()
        if table is not None:
            below = np.concatenate([[0.0], np.cumsum(table[1])])
            counted = np.clip(np.floor(x) - table[0] + 1, 0, len(table[1]))
            return np.minimum(below[counted.astype(int)], 1.0)
        within = np.clip(x, self._below, self._high)
        logs = log_mass(self.component, np.full_like(within, self._below), within)
        found = np.exp(logs - self._log_mass())
        return np.where(x >= self._high, 1.0, np.minimum(found, 1.0))

    def _sf(self, x: Array) -> Array:
        table = self._table()
        if table is not None:
            above = np.concatenate([np.cumsum(table[1][::-1])[::-1], [0.0]])
            counted = np.clip(np.floor(x) - table[0] + 1, 0, len(table[1]))
            return np.minimum(above[counted.astype(int)], 1.0)
        within = np.clip(x, self._below, self._high)
        logs = log_mass(self.component, within, np.full_like(within, self._high))
        found = np.exp(logs - self._log_mass())
        return np.where(x <= self._below, 1.0, np.minimum(found, 1.0))

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        if self.seen < _RARE:
            return self._quantile(rng.random(n))
        found = np.empty(0)
        while len(found) < n:
            more = self.component.sample(
                int(1.2 * (n - len(found)) / self.seen) + 9, rng
            )
            found = np.concatenate([found, more[self.inside(more)]])
        return found[:n]

    def about(self) -> tuple[float, float]:
        """Where a search for quantiles begins."""
        low, high = self.ends
        if math.isfinite(low) and math.isfinite(high):
            return 0.5 * (low + high), (high - low) ** 2 / 12
        mean, variance = self.component.about()
        return min(max(mean, low), high), variance

    def moments(self) -> tuple[float, float]:
        """E[x] and Var[x]: sums, or integrals between quantiles."""
        if isinstance(self.component, Mixture):
            return self._moments_of_parts()
        low, high = self.ends
        if self.discrete:
            edge = (
                high
                if math.isfinite(high)
                else float(self._quantile(np.array(1 - 1e-15)))
            )
            x = np.arange(math.ceil(low), math.floor(edge) + 1.0)
            share = np.exp(self.log_prob(x))
        else:
            levels = np.r_[_LEVELS, 1 - _LEVELS[::-1]]
            with np.errstate(all="ignore"):
                edges = np.unique(self.quantile(levels))
            edges = edges[np.isfinite(edges)]
            half = 0.5 * np.diff(edges)
            middle = edges[:-1] + half
            x = (middle[:, None] + half[:, None] * _NODES).ravel()
            share = np.exp(self.log_prob(x)) * np.outer(half, _WEIGHTS).ravel()
        share = share / share.sum()
        mean = float(share @ x)
        return mean, float(share @ (x - mean) ** 2)

    def _moments_of_parts(self) -> tuple[float, float]:
        """Those of the components as far as each is seen, some of which may be single
        values."""
        apart = self.apart()
        pairs = zip(apart.parts, apart.weights, strict=True)
        live = [(part.moments(), weight) for part, weight in pairs if weight > 0]
        mean, variance = pooled([m for m, _ in live], np.array([w for _, w in live]))
        return float(mean), float(variance)

    # -------------------------------------------------------------------- learning

    def fit(self, x: Any, sample_weight: Any = None, start: Self | None = None) -> Self:
        """This component with its blanks filled by weighted maximum likelihood; of a
        mixture, with `start`, after one step of EM.

        The weighted log-likelihood of `start` is never lowered, and what was given
        is never changed.
        """
        here = super().fit(x, sample_weight, start)
        if start is None or isinstance(self.component, Mixture):
            return here
        for _ in range(_MOST):  # each a Newton step
            before, here = here, super().fit(x, sample_weight, here)
            if here == before or _near(self, before, here):
                break
        return here

    def _fit(self, x: Array, weight: Array, start: Self | None) -> Self:
        if not weight.any():
            if start is None:
                raise ValueError(f"{self!r} cannot be learned from weights that are 0")
            return start
        there = (weight > 0) & self.inside(x)
        x, weight = x[there], weight[there]
        if self.has_free_weights:
            return self._fit_mixture(x, weight, start)
        free = self.component.without_told()
        begin: Any = start or self.of(free.filled_to(x, weight, None))
        log_prob, mass = self.component.bind(x), self._mass()
        share, told = weight / weight.sum(), self.told

        def height(filled: Self) -> float:
            found = float(share @ log_prob(filled.component))
            found -= mass(filled.component)
            return found + self.log_prior(filled) / weight.sum() if told else found

        steps, scales = 100 if start is None else _NEAR, scales_of(x)

        def climb(less: Self, near: Self) -> Self:
            return climbed(less, height, near, scales, steps)

        with np.errstate(all="ignore"):
            found = highest_within(self, self.without_told(), begin, height, climb)
            if start is not None and not height(found) >= height(start):
                return start
        return found

    @property
    def has_moves(self) -> bool:  # type: ignore[override]
        """True where the component has others beside it that EM does not reach."""
        found: bool = self.component.has_moves
        return found

    def moves(self, filled: Self, x: Array, weight: Array) -> Iterator[Self]:
        """Those of the component, seen between the same ends."""
        for component in self.component.moves(filled.component, x, weight):
            yield self.of(component)

    @property
    def has_free_weights(self) -> bool:
        """True where it is taken of a mixture of whose weights nothing is known."""
        mixture = self.component
        if not isinstance(mixture, Mixture):
            return False
        return mixture.weights is None and mixture.believed is None

    def _fit_mixture(self, x: Array, weight: Array, start: Self | None) -> Self:
        """The mixture of the truncated components, whose weights are then those of what
        there was before."""
        first = None if start is None else start.apart()
        return self.whole(self.apart()._fit(x, weight, first))

    def apart(self) -> Mixture:
        """The mixture of the truncated components, of a truncated mixture; its weights
        are shares of what is seen."""
        mixture = self.component
        parts = [self.of(part) for part in mixture.parts]
        if mixture.weights is None:
            return Mixture(parts)
        seen = np.array([part.seen for part in parts]) * mixture.weights
        return Mixture(parts, seen / seen.sum())

    def whole(self, apart: Mixture) -> Self:
        """The truncated mixture, of a mixture of truncated components."""
        parts: Any = apart.parts
        level = np.asarray(apart.weights)
        each: Any = zip(level, parts, strict=True)
        before = np.array([weight / part.seen for weight, part in each])
        mixture = self.component.with_parts(
            [part.component for part in parts], before / before.sum()
        )
        return self.of(mixture)

    # ------------------------------------------------------------------- the value

    def _state(self) -> dict[str, Any]:
        return {
            "type": self.type_name(),
            "component": self.component._state(),
            "low": self.low,
            "high": self.high,
        }

    def __hash__(self) -> int:
        return hash(self.to_json())

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.component, self.low, self.high)

    def described(self, template: Self) -> str:
        """This component as a table shows it: what was given in `template` marked."""
        inner = self.component.described(template.component)
        return f"Truncated({inner}, {_shown(self.low)}, {_shown(self.high)})"

    def __repr__(self) -> str:
        return f"Truncated({self.component!r}, {_shown(self.low)}, {_shown(self.high)})"


def as_mixture(model: Any) -> Any:
    """A truncated component or mixture as a mixture of one; others as they are."""
    return Mixture([model]) if isinstance(model, Truncated) else model


def _shown(end: float | None) -> str:
    return "None" if end is None else f"{end:.6g}"


def _checked_end(name: str, value: Any) -> float | None:
    if value is None:
        return None
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not number or math.isnan(value):
        raise ValueError(
            f"Truncated: {name} must be a number or None, got {value!r:.80}"
        )
    return None if math.isinf(value) else float(value)


def _require_one_number(component: Any) -> None:
    """Raise an error unless observations are numbers that have a distribution
    function."""
    parts = getattr(component, "parts", None)
    if isinstance(parts, tuple):
        for part in parts:
            _require_one_number(part)
        return
    rows = component.column_names is not None or hasattr(component, "with_dimension")
    if rows or type(component)._cdf is Component._cdf:
        raise TypeError(
            "Truncated takes components of one number that have a distribution "
            f"function, got {component!r:.80}"
        )


def _near(template: Any, before: Any, here: Any) -> bool:
    """Are all blanks the same to rounding?"""
    one, other = template.unconstrain(before), template.unconstrain(here)
    return bool(np.abs(one - other).max(initial=0.0) <= _STILL)


def _has_line(component: Any) -> bool:
    parts = getattr(component, "parts", None)
    if isinstance(parts, tuple):
        return all(map(_has_line, parts))
    found: bool = component.has_line
    return found
