"""Families on whole numbers: Bernoulli, binomial, Poisson."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixnotes.check import Array, as_count
from mixnotes.component import NOT_NEGATIVE, PROBABILITY, Family, parameter


def whole(x: Array) -> NDArray[np.bool_]:
    """Which observations are whole numbers from 0 up."""
    inside: NDArray[np.bool_] = (x >= 0) & (x == np.floor(x))
    return inside


def _times_log(x: Array, value: float) -> Array:
    """x log(value), shape (n,), with 0 log 0 = 0."""
    if value > 0:
        return x * math.log(value)
    return np.where(x == 0, 0.0, -np.inf)


def _times_log_rest(x: Array, p: float) -> Array:
    """x log(1 - p), shape (n,), with 0 log 0 = 0, and all digits where p is small."""
    if p < 1:
        return x * math.log1p(-p)
    return np.where(x == 0, 0.0, -np.inf)


_TABLE = np.array([math.lgamma(k + 1) for k in range(4096)])  # log 0!, log 1!, ...


def _log_factorial(x: Array) -> Array:
    """log x!, shape (n,), for whole numbers x >= 0."""
    if x.size and x.max() < len(_TABLE):
        return _TABLE[x.astype(np.intp)]
    values, where = np.unique(x, return_inverse=True)
    return np.array([math.lgamma(v + 1) for v in values])[where]


def _within(
    x: Array, inside: NDArray[np.bool_], log_base: Callable[[Array], Array]
) -> tuple[Array, Array]:
    """x with 0 in place of what lies outside, and the base measure, -inf there."""
    tame = np.where(inside, x, 0.0)
    return tame, np.where(inside, log_base(tame), -np.inf)


@dataclass(frozen=True, repr=False, eq=False)
class Bernoulli(Family):
    """Bernoulli(p) on {0, 1}: P(x = 1) = p.

    A red marble from a factory that makes 80 % red: `Bernoulli(0.8)`.
    """

    p: float | None = parameter(PROBABILITY)  # P(x = 1)

    support = "0 or 1"

    def inside(self, x: Array) -> NDArray[np.bool_]:
        """Which observations are 0 or 1."""
        return np.isin(x, (0.0, 1.0))

    def bind(self, x: Array) -> Callable[[Bernoulli], Array]:
        """x log p + (1 - x) log(1 - p)."""
        one, base = _within(x, self.inside(x), np.zeros_like)
        zero = 1 - one

        def log_prob(filled: Bernoulli) -> Array:
            p = filled.given("p")
            return _times_log(one, p) + _times_log_rest(zero, p) + base

        return log_prob

    def _learn(self, x: Array, weight: Array) -> dict[str, float]:
        return {"p": _share(float(weight @ x), float(weight.sum()))}

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        return rng.binomial(1, self.given("p"), n).astype(np.float64)

    def moments(self) -> tuple[float, float]:
        """E[x] = p and Var[x] = p (1 - p)."""
        p = self.given("p")
        return p, p * (1 - p)


@dataclass(frozen=True, repr=False, eq=False)
class Binomial(Family):
    """Binomial(n, p): how many of n trials succeed, each with probability p.

    n is how the data were collected; it is always given. Ten tosses of a coin that
    lands heads with unknown probability: `Binomial(10)`.
    """

    n: int  # trials an observation
    p: float | None = parameter(PROBABILITY)  # P(one trial succeeds)

    def __post_init__(self) -> None:
        object.__setattr__(self, "n", as_count(self.n, "Binomial: n", 1))
        super().__post_init__()

    @property
    def support(self) -> str:  # type: ignore[override]
        """The support in words."""
        return f"whole numbers from 0 to {self.n}"

    def inside(self, x: Array) -> NDArray[np.bool_]:
        """Which observations are whole numbers from 0 to n."""
        return whole(x) & (x <= self.n)

    def bind(self, x: Array) -> Callable[[Binomial], Array]:
        """log of n over x, + x log p + (n - x) log(1 - p)."""

        def log_ways(k: Array) -> Array:
            whole_factorial = math.lgamma(self.n + 1)
            return whole_factorial - _log_factorial(k) - _log_factorial(self.n - k)

        hits, base = _within(x, self.inside(x), log_ways)
        misses = self.n - hits

        def log_prob(filled: Binomial) -> Array:
            p = filled.given("p")
            return _times_log(hits, p) + _times_log_rest(misses, p) + base

        return log_prob

    def _learn(self, x: Array, weight: Array) -> dict[str, float]:
        return {"p": _share(float(weight @ x), self.n * float(weight.sum()))}

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        return rng.binomial(self.n, self.given("p"), n).astype(np.float64)

    def moments(self) -> tuple[float, float]:
        """E[x] = n p and Var[x] = n p (1 - p)."""
        p = self.given("p")
        return self.n * p, self.n * p * (1 - p)


@dataclass(frozen=True, repr=False, eq=False)
class Poisson(Family):
    """Poisson(rate) on 0, 1, 2, ...: p(x) = rate^x exp(-rate) / x!

    Deaths a day, hits a square, calls an hour: `Poisson()`.
    """

    rate: float | None = parameter(NOT_NEGATIVE)  # expected events an observation

    support = "whole numbers from 0 up"

    def inside(self, x: Array) -> NDArray[np.bool_]:
        """Which observations are whole numbers from 0 up."""
        return whole(x)

    def bind(self, x: Array) -> Callable[[Poisson], Array]:
        """x log rate - rate - log x!"""
        events, base = _within(x, self.inside(x), lambda k: -_log_factorial(k))

        def log_prob(filled: Poisson) -> Array:
            rate = filled.given("rate")
            return _times_log(events, rate) + (base - rate)

        return log_prob

    def _learn(self, x: Array, weight: Array) -> dict[str, float]:
        return {"rate": float(weight @ x / weight.sum())}

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        return rng.poisson(self.given("rate"), n).astype(np.float64)

    def moments(self) -> tuple[float, float]:
        """E[x] = Var[x] = rate."""
        rate = self.given("rate")
        return rate, rate


def _share(part: float, whole: float) -> float:
    """part / whole, kept in [0, 1] where rounding would leave it."""
    return float(min(max(part / whole, 0.0), 1.0))
