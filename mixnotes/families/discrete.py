"""Families on whole numbers: Bernoulli, binomial, categorical, geometric, Poisson."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixnotes.components.constraints import (
    CHANCE,
    NOT_NEGATIVE,
    PROBABILITY,
    Scalar,
    parameter,
)
from mixnotes.components.exponential import ExponentialFamily, Tie, Values
from mixnotes.families.totals import WithTotals, whole
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.special import scipy_functions


def drawn_counts(rate: float | Array, n: int, rng: np.random.Generator) -> Array:
    """Poisson draws, shape (n,). numpy has none beyond a rate of 9e18; long before
    that those of a normal are near to 1e-8."""
    small = np.minimum(rate, _HUGE)
    draws = rng.poisson(small, n).astype(np.float64)
    if np.max(rate, initial=0.0) > _HUGE:
        near = np.floor(rate + np.sqrt(rate) * rng.normal(size=n))
        draws = np.where(np.greater(rate, _HUGE), near, draws)
    return draws


_HUGE = 1e15
_TABLE = np.array([math.lgamma(k + 1) for k in range(4096)])  # log 0!, log 1!, ...


def log_factorial(x: Array) -> Array:
    """log x!, shape (n,), for whole numbers x >= 0."""
    if x.size and x.max() < len(_TABLE):
        return _TABLE[x.astype(np.intp)]
    values, where = np.unique(x, return_inverse=True)
    return np.array([math.lgamma(v + 1) for v in values])[where]


def log_ways(hits: Array, trials: Array) -> Array:
    """log of trials over hits, shape (n,)."""
    ways = log_factorial(trials) - log_factorial(hits)
    found: Array = ways - log_factorial(trials - hits)
    return found


def _share(hits_and_misses: Array) -> Array:
    """The proportion of hits, shape (K,); exactly 1 where nothing is missed."""
    hits, misses = hits_and_misses
    share: Array = hits / (hits + misses)
    return share


@dataclass(frozen=True, repr=False, eq=False)
class Bernoulli(ExponentialFamily):
    """Bernoulli(p) on {0, 1}: P(x = 1) = p.

    A red marble from a factory that makes 80 % red: `Bernoulli(0.8)`.

    Args:
        p: P(x = 1), from 0 to 1; blank if left out.

    Examples:
        >>> import mixnotes as mx
        >>> marbles = mx.datasets.marbles_2000()
        >>> mx.Bernoulli().fit(marbles["red"], sample_weight=marbles["count"])
        Bernoulli(p=0.6295)
    """

    p: Scalar = parameter(PROBABILITY)  # P(x = 1)

    support = "0 or 1"
    ends = (0.0, 1.0)
    discrete = True

    def inside(self, x: Array) -> NDArray[np.bool_]:
        """Which observations are 0 or 1."""
        return np.isin(x, (0.0, 1.0))

    def statistics(self, x: Array) -> Sequence[Array]:
        """x and 1 - x: two, so that p may be 0 or 1."""
        return x, 1 - x

    def natural(self, values: Values) -> tuple[Sequence[Array], Array]:
        """log p and log(1 - p)."""
        p = values["p"]
        return (np.log(p), np.log1p(-p)), np.zeros_like(p)

    def learn(self, weight: Array, means: Array, tie: Tie) -> Values:
        """p is the weighted share of ones."""
        return {"p": tie("p", _share(means), weight)}

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        return rng.binomial(1, self.given("p"), n).astype(np.float64)

    def moments(self) -> tuple[float, float]:
        """E[x] = p and Var[x] = p (1 - p)."""
        p = self.given("p")
        return p, p * (1 - p)

    def _cdf(self, x: Array) -> Array:
        return np.where(x < 0, 0.0, np.where(x < 1, 1 - self.given("p"), 1.0))

    def _sf(self, x: Array) -> Array:
        return np.where(x < 0, 1.0, np.where(x < 1, self.given("p"), 0.0))


@dataclass(frozen=True, repr=False, eq=False)
class Binomial(WithTotals, ExponentialFamily):
    """Binomial(n, p): how many of n trials succeed, each with probability p.

    n is how the data were collected, so it is always given. Ten tosses of a coin that
    lands heads with unknown probability: `Binomial(10)`. Where each observation has a
    number of trials of its own, n is the name of the column that holds it: x is then
    two columns by name, or rows (successes, trials).

    Args:
        n: trials an observation, a whole number above 0; or the name of a column.
        p: P(one trial succeeds), from 0 to 1; blank if left out.
        target: the name of the column of successes, where n is one; if left out it is
            the only other column of the data, or the key in a `Product`.

    Examples:
        >>> import mixnotes as mx
        >>> heads = mx.datasets.coinflip_do_batzoglou()["heads"]
        >>> mx.Binomial(10).fit(heads)
        Binomial(n=10, p=0.66)
        >>> mx.Binomial("patients").fit({"deaths": [3, 14], "patients": [39, 116]})
        Binomial(n='patients', p=0.109677)
    """

    discrete = True
    n: int | str  # trials an observation, or the column of them
    p: Scalar = parameter(PROBABILITY)  # P(one trial succeeds)
    target: str | None = None  # the column of successes, where n is one

    def __post_init__(self) -> None:
        self._check_totals()
        super().__post_init__()

    @property
    def support(self) -> str:  # type: ignore[override]
        """The support in words."""
        return self.words

    def statistics(self, x: Array) -> Sequence[Array]:
        """x and n - x: two, so that p may be 0 or 1."""
        hits, trials = self.split(x)
        return hits, trials - hits

    def natural(self, values: Values) -> tuple[Sequence[Array], Array]:
        """log p and log(1 - p)."""
        p = values["p"]
        return (np.log(p), np.log1p(-p)), np.zeros_like(p)

    def log_base(self, x: Array) -> Array:
        """log of n over x."""
        return log_ways(*self.split(x))

    def learn(self, weight: Array, means: Array, tie: Tie) -> Values:
        """p is the weighted share of successes."""
        return {"p": tie("p", _share(means), weight * means.sum(axis=0))}

    def rank(self) -> tuple[float, ...]:
        """p, by which components are sorted."""
        return (self.given("p"),)

    def _draw(self, trials: Any, rng: np.random.Generator) -> Array:
        return rng.binomial(trials, self.given("p")).astype(np.float64)

    def moments(self) -> tuple[float, float]:
        """E[x] = n p and Var[x] = n p (1 - p)."""
        p, n = self.given("p"), self.one_total("moments")
        return n * p, n * p * (1 - p)

    def _cdf(self, x: Array) -> Array:
        (betaincc,) = scipy_functions("special", "betaincc")

        n = self.one_total("cdf")
        k = np.floor(np.clip(x, 0, n - 1))
        value = betaincc(k + 1, n - k, self.given("p"))
        return np.where(x < 0, 0.0, np.where(x >= n, 1.0, value))

    def _sf(self, x: Array) -> Array:
        (betainc,) = scipy_functions("special", "betainc")

        n = self.one_total("sf")
        k = np.floor(np.clip(x, 0, n - 1))
        value = betainc(k + 1, n - k, self.given("p"))
        return np.where(x < 0, 1.0, np.where(x >= n, 0.0, value))


def trials_remark(name: str, seen: Array) -> str:
    """That these may be trials, counted from 1; no words where a 0 was seen."""
    if not seen.size or seen.min() < 1:
        return ""
    return (
        f"the least value is {seen.min():g}, and {name} counts the failures "
        "before a success, from 0; if x counts trials, from 1, fit it to x - 1"
    )


@dataclass(frozen=True, repr=False, eq=False)
class Geometric(ExponentialFamily):
    """Geometric(p) on 0, 1, 2, ...: P(x) = (1 - p)^x p, the failures before a success.

    `scipy.stats.geom` counts the success too: its x is ours plus 1.

    Args:
        p: P(one trial succeeds), above 0 and at most 1; blank if left out.

    Examples:
        >>> import mixnotes as mx
        >>> misses = [0, 2, 1, 0, 2]
        >>> mx.Geometric().fit(misses)
        Geometric(p=0.5)
    """

    p: Scalar = parameter(CHANCE)  # P(one trial succeeds)

    support = "whole numbers from 0 up"
    ends = (0.0, math.inf)
    discrete = True

    def inside(self, x: Array) -> NDArray[np.bool_]:
        """Which observations are whole numbers from 0 up."""
        return whole(x)

    def remark(self, x: Array, weight: Array) -> str:
        """That these may be trials, counted from 1."""
        return trials_remark("Geometric", x[weight > 0]) if self.n_free else ""

    def statistics(self, x: Array) -> Sequence[Array]:
        """The observations themselves."""
        return (x,)

    def natural(self, values: Values) -> tuple[Sequence[Array], Array]:
        """log(1 - p), and the normaliser -log p."""
        p = values["p"]
        return (np.log1p(-p),), -np.log(p)

    def learn(self, weight: Array, means: Array, tie: Tie) -> Values:
        """p is 1 / (1 + mean)."""
        trials = 1 + means[0]
        return {"p": tie("p", 1 / trials, weight * trials)}

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        p = self.given("p")
        if p < 1 / _HUGE:  # beyond 9e18 numpy gives that number instead
            return np.floor(rng.exponential(size=n) / -math.log1p(-p))
        return rng.geometric(p, n).astype(np.float64) - 1

    def moments(self) -> tuple[float, float]:
        """E[x] = (1 - p) / p and Var[x] = (1 - p) / p^2."""
        p = self.given("p")
        return (1 - p) / p, (1 - p) / p**2

    def _cdf(self, x: Array) -> Array:
        return -np.expm1(self._log_sf(x))

    def _sf(self, x: Array) -> Array:
        return np.exp(self._log_sf(x))

    def _log_sf(self, x: Array) -> Array:
        trials = np.where(x < 0, 0.0, np.floor(np.maximum(x, 0)) + 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = trials * np.log1p(-self.given("p"))
        return np.where(trials == 0, 0.0, logs)


@dataclass(frozen=True, repr=False, eq=False)
class Poisson(ExponentialFamily):
    """Poisson(rate) on 0, 1, 2, ...: p(x) = rate^x exp(-rate) / x!

    Deaths a day, hits a square, calls an hour: `Poisson()`.

    Args:
        rate: E[x], 0 or above, in events an observation; blank if left out.

    Examples:
        >>> import mixnotes as mx
        >>> days = mx.datasets.london_times()
        >>> model = mx.Mixture([mx.Poisson(), mx.Poisson()])
        >>> fit = mx.em(model, days["deaths"], sample_weight=days["days"])
        >>> print([round(part.rate, 2) for part in fit.mixture.components])
        [1.26, 2.66]
    """

    rate: Scalar = parameter(NOT_NEGATIVE)  # expected events an observation

    support = "whole numbers from 0 up"
    ends = (0.0, math.inf)
    discrete = True

    def inside(self, x: Array) -> NDArray[np.bool_]:
        """Which observations are whole numbers from 0 up."""
        return whole(x)

    def statistics(self, x: Array) -> Sequence[Array]:
        """The observations themselves."""
        return (x,)

    def natural(self, values: Values) -> tuple[Sequence[Array], Array]:
        """log rate, and the normaliser rate."""
        rate = values["rate"]
        return (np.log(rate),), rate

    def log_base(self, x: Array) -> Array:
        """-log x!"""
        return -log_factorial(x)

    def learn(self, weight: Array, means: Array, tie: Tie) -> Values:
        """The rate is the weighted mean."""
        return {"rate": tie("rate", means[0], weight)}

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        return drawn_counts(self.given("rate"), n, rng)

    def moments(self) -> tuple[float, float]:
        """E[x] = Var[x] = rate."""
        rate = self.given("rate")
        return rate, rate

    def _cdf(self, x: Array) -> Array:
        (gammaincc,) = scipy_functions("special", "gammaincc")

        value = gammaincc(np.floor(np.maximum(x, 0)) + 1, self.given("rate"))
        return np.where(x < 0, 0.0, value)

    def _sf(self, x: Array) -> Array:
        (gammainc,) = scipy_functions("special", "gammainc")

        value = gammainc(np.floor(np.maximum(x, 0)) + 1, self.given("rate"))
        return np.where(x < 0, 1.0, value)
