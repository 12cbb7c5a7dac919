"""Families of one blank as functions of it: log p(x | q) = peak(x) - loss(z(x), q).

z(x) is the q that fits x alone best, and the loss is 0 there. In an exponential family
the loss is the Kullback-Leibler divergence from the member z to the member q.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mixnotes.numeric.arrays import Array


def _bent(r: Array) -> Array:
    """r - log(1 + r), for r from -1 up."""
    return np.asarray(r - np.log1p(r))


class Form(ABC):
    """The loss of q for an observation that z fits best, and a coordinate u = arc(q).

    Along u the curvature of the loss is 1 where it is least steep, so that steps of a
    given length are as fine everywhere.
    """

    period: float = math.inf  # of u
    ends: tuple[float, ...] = ()  # of u, about which everything is even

    @abstractmethod
    def loss(self, z: Array, q: Array) -> Array:
        """peak(x) - log p(x | q), not below 0."""

    @abstractmethod
    def place(self, u: Array) -> Array:
        """The q at u."""

    @abstractmethod
    def arc(self, q: Array) -> Array:
        """The u at q."""

    def cell(self, z: Array) -> Array:
        """A coordinate for grouping: observations that differ by less than 1 in it may
        share a cell of `bounds`. That is a quarter of a peak's width and, for positive
        numbers, a fifth of their size.
        """
        return 4 * self.arc(z)

    def excess(self, middle: Array, end: Array) -> Array:
        """By how much log D between two ends can be higher than at the larger of them,
        on account of the end `end`.

        With A such that log p(x | q) + A(q) is convex for all x, it is A at the end
        less the tangent of A in the middle: in an exponential family, the loss.
        """
        return self.loss(middle, end)

    def factors(self, z: Array, q: Array, origin: Array) -> tuple[Array, Array] | None:
        """Two factors, of q and of z, whose product is
        loss(z, origin) + loss(origin, q) - loss(z, q); None where there are none."""
        return None


class Bell(Form):
    """Half the square of the distance: a normal's place."""

    def loss(self, z: Array, q: Array) -> Array:
        """(z - q)^2 / 2."""
        aside = np.asarray(z - q)
        aside *= aside
        aside *= 0.5
        return aside

    def place(self, u: Array) -> Array:
        """u itself."""
        return u

    def arc(self, q: Array) -> Array:
        """q itself."""
        return q

    def factors(self, z: Array, q: Array, origin: Array) -> tuple[Array, Array]:
        """q and z from the origin."""
        return q - origin, z - origin


@dataclass(frozen=True)
class Counting(Form):
    """Counts of mean q: Poisson where `size` is infinite, else negative binomial."""

    size: float = math.inf

    ends = (0.0,)

    def loss(self, z: Array, q: Array) -> Array:
        """z log(z / q) - (size + z) log((size + z) / (size + q))."""
        aside = q - z
        share = np.divide(aside, z, out=np.full(np.shape(aside), 0.0), where=z > 0)
        loss = np.where(z > 0, z * _bent(share), q)
        if self.size < math.inf:
            loss = loss - (self.size + z) * _bent(aside / (self.size + z))
        return np.maximum(loss, 0.0)

    def place(self, u: Array) -> Array:
        """(u / 2)^2 of a Poisson."""
        if self.size == math.inf:
            return np.asarray(0.25 * u * u)
        return np.asarray(self.size * np.sinh(u / (2 * math.sqrt(self.size))) ** 2)

    def arc(self, q: Array) -> Array:
        """2 sqrt(q) of a Poisson."""
        if self.size == math.inf:
            return np.asarray(2 * np.sqrt(q))
        root = math.sqrt(self.size)
        return np.asarray(2 * root * np.arcsinh(np.sqrt(q) / root))


@dataclass(frozen=True)
class Trials(Form):
    """Successes among n trials, each with probability q."""

    n: int

    @property
    def ends(self) -> tuple[float, ...]:  # type: ignore[override]
        """Where q is 0 and 1."""
        return 0.0, math.pi * math.sqrt(self.n)

    def loss(self, z: Array, q: Array) -> Array:
        """n (z log(z / q) + (1 - z) log((1 - z) / (1 - q)))."""
        aside = q - z
        hit = np.divide(aside, z, out=np.full(np.shape(aside), 0.0), where=z > 0)
        y = 1 - z
        miss = np.divide(-aside, y, out=np.full(np.shape(aside), 0.0), where=y > 0)
        loss = np.where(z > 0, z * _bent(hit), q) + np.where(
            y > 0, y * _bent(miss), -aside
        )
        return np.asarray(self.n * np.maximum(loss, 0.0))

    def place(self, u: Array) -> Array:
        """sin(u / (2 sqrt n))^2."""
        return np.asarray(np.sin(u / (2 * math.sqrt(self.n))) ** 2)

    def arc(self, q: Array) -> Array:
        """2 sqrt(n) arcsin(sqrt q)."""
        return np.asarray(2 * math.sqrt(self.n) * np.arcsin(np.sqrt(np.clip(q, 0, 1))))


@dataclass(frozen=True)
class Spread(Form):
    """A spread whose logarithm is q: with the spread e^q, -log p is
    a (q + e^(z - q)) and what depends on x alone."""

    a: float

    def loss(self, z: Array, q: Array) -> Array:
        """a (e^(z - q) - 1 - (z - q))."""
        aside = z - q
        with np.errstate(over="ignore"):
            return np.asarray(self.a * (np.expm1(aside) - aside))

    def place(self, u: Array) -> Array:
        """u / sqrt a."""
        return np.asarray(u / math.sqrt(self.a))

    def arc(self, q: Array) -> Array:
        """sqrt(a) q."""
        return np.asarray(math.sqrt(self.a) * q)

    def cell(self, z: Array) -> Array:
        """Of the spread and its logarithm."""
        return np.asarray(max(4 * math.sqrt(self.a), 5.0) * z)

    def factors(self, z: Array, q: Array, origin: Array) -> tuple[Array, Array]:
        """-a (e^(origin - q) - 1) and e^(z - origin) - 1."""
        with np.errstate(over="ignore"):
            return -self.a * np.expm1(origin - q), np.expm1(z - origin)


@dataclass(frozen=True)
class Passage(Form):
    """The mean q of an inverse Gaussian of this shape."""

    shape: float

    def loss(self, z: Array, q: Array) -> Array:
        """shape (z - q)^2 / (2 q^2 z)."""
        aside = (z - q) / q
        return np.asarray(0.5 * self.shape * aside * aside / z)

    def place(self, u: Array) -> Array:
        """4 shape / u^2."""
        return np.asarray(4 * self.shape / (u * u))

    def arc(self, q: Array) -> Array:
        """-2 sqrt(shape / q)."""
        return np.asarray(-2 * np.sqrt(self.shape / q))

    def cell(self, z: Array) -> Array:
        """The sum of both."""
        return np.asarray(4 * self.arc(z) + 5 * np.log(z))

    def factors(self, z: Array, q: Array, origin: Array) -> tuple[Array, Array]:
        """-shape (1 / q^2 - 1 / origin^2) / 2 and z - origin."""
        return -0.5 * self.shape * (1 / q + 1 / origin) * (
            1 / q - 1 / origin
        ), z - origin


@dataclass(frozen=True)
class Shifted(Form):
    """A place whose loss is g(z - q), curved by at most `curve`. `reach` is half the
    width of a cell in which few nodes stand for many observations, as `shifts` asks."""

    g: Callable[[Array], Array]
    curve: float
    turn: float = math.inf  # the period of q
    reach: float | None = None

    @property
    def period(self) -> float:  # type: ignore[override]
        """That of q, along u."""
        return self.turn * math.sqrt(self.curve)

    def loss(self, z: Array, q: Array) -> Array:
        """g(z - q)."""
        return self.g(z - q)

    def place(self, u: Array) -> Array:
        """u / sqrt(curve)."""
        return np.asarray(u / math.sqrt(self.curve))

    def arc(self, q: Array) -> Array:
        """sqrt(curve) q."""
        return np.asarray(math.sqrt(self.curve) * q)

    def excess(self, middle: Array, end: Array) -> Array:
        """curve (middle - end)^2 / 2, for log p + curve q^2 / 2 is convex in q."""
        aside = middle - end
        return np.asarray(0.5 * self.curve * aside * aside)
