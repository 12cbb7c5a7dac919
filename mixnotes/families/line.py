"""Families of a place and a spread on the line: Laplace, logistic, Gumbel; and Weibull,
whose logarithm is one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mixnotes.components.constraints import POSITIVE, REAL, SHAPE, Scalar, parameter
from mixnotes.families.log_concave import LogConcave
from mixnotes.families.search import LocationScale, places_beside, weighted_median
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.special import squared

_EULER = 0.57721566490153286061  # Euler's constant
_CARRIED = 1e-6  # of the largest share: what is less is not this component's
_ZETA = (  # of 2, 3, ... 8
    math.pi**2 / 6, 1.2020569031595942, math.pi**4 / 90, 1.0369277551433699,
    1.0173430619844491, 1.0083492773819228, 1.0040773561979443,
)  # fmt: skip
_FAR = 1e3  # exp(-exp(1e3)) is 0
_EPS = float(np.finfo(float).eps)


@dataclass(frozen=True, repr=False, eq=False)
class Laplace(LocationScale):
    """Laplace(loc, scale): p(x) = exp(-|x - loc| / scale) / (2 scale).

    A fit is exact: loc is the weighted median, scale the weighted mean distance from
    it. Where every loc between two values is as good, it is halfway between them.

    Args:
        loc: the median, in the unit of x; blank if left out.
        scale: E|x - loc|, above 0, in the unit of x; blank if left out.

    Examples:
        >>> import mixnotes as mx
        >>> mx.Laplace().fit(mx.datasets.newcomb()["deviation"])
        Laplace(loc=27, scale=5.30303)
    """

    loc: Scalar = parameter(REAL)
    scale: Scalar = parameter(POSITIVE)

    support = "finite numbers"
    place, spread = "loc", "scale"

    def density(self, prepared: Any) -> Array:
        """-|x - loc| / scale - log(2 scale)."""
        scale = self.given("scale")
        distance: Array = np.abs(prepared - self.given("loc")) / scale
        return -distance - math.log(2 * scale)

    def _standard(
        self, y: Array, share: Array, fixed: dict[str, float], start: Any
    ) -> dict[str, float]:
        loc = fixed.get("loc", weighted_median(y, share))
        return {"loc": loc, "scale": float(share @ np.abs(y - loc))} | fixed

    fits_exactly = True
    has_moves = True

    def moves(self, filled: Self, x: Array, weight: Array) -> Iterator[Self]:
        """loc at other observations: a step of EM stops at the first peak that it
        meets, and the likelihood has one at every observation.
        """
        if not self._is_blank("loc") or "loc" in self.shares:
            return
        there = np.sort(x[weight > _CARRIED * weight.max()])
        here = int(np.searchsorted(there, filled.given("loc")))
        for step in places_beside(here, len(there)):
            yield filled.filled({"loc": float(there[step])})

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        return rng.laplace(self.given("loc"), self.given("scale"), n)

    def _narrowed(self, filled: Self, at: float, factor: float) -> dict[str, Any]:
        return {"loc": at, "scale": factor * filled.given("scale")}

    def moments(self) -> tuple[float, float]:
        """E[x] = loc and Var[x] = 2 scale^2."""
        return self.given("loc"), 2 * squared(self.given("scale"))

    def _z(self, x: Array) -> Array:
        return (x - self.given("loc")) / self.given("scale")

    def _cdf(self, x: Array) -> Array:
        z = self._z(x)
        tail = 0.5 * np.exp(-np.abs(z))
        return np.where(z < 0, tail, 1 - tail)

    def _sf(self, x: Array) -> Array:
        z = self._z(x)
        tail = 0.5 * np.exp(-np.abs(z))
        return np.where(z < 0, 1 - tail, tail)

    def _quantile(self, q: Array) -> Array:
        tail = np.maximum(np.minimum(q, 1 - q), 5e-324)
        z = np.log(2 * tail) * np.where(q < 0.5, 1, -1)
        return self.given("loc") + self.given("scale") * z


@dataclass(frozen=True, repr=False, eq=False)
class Logistic(LogConcave):
    """Logistic(loc, scale): P(X <= x) = 1 / (1 + exp(-(x - loc) / scale)).

    Its tails fall as those of an exponential. scale is not the standard deviation,
    which is pi scale / sqrt 3.

    Args:
        loc: the mean, in the unit of x; blank if left out.
        scale: how wide it is, above 0, in the unit of x; blank if left out.

    Examples:
        >>> import mixnotes as mx
        >>> light = mx.Logistic().fit(mx.datasets.newcomb()["deviation"])
        >>> print(f"{light.loc:.2f} {light.scale:.2f}")
        27.35 3.89
    """

    loc: Scalar = parameter(REAL)
    scale: Scalar = parameter(POSITIVE)

    support = "finite numbers"
    place, spread = "loc", "scale"

    def shape_of(self, z: Array) -> tuple[Array, Array, Array]:
        """-z - 2 log(1 + exp(-z)) and its derivatives."""
        tail = np.exp(-np.abs(z))
        p = tail / (1 + tail)
        return (
            -np.abs(z) - 2 * np.log1p(tail),
            -np.tanh(z / 2),
            -2 * p * (1 - p),
        )

    def density(self, prepared: Any) -> Array:
        """-|z| - 2 log(1 + exp(-|z|)) - log scale for z = (x - loc) / scale."""
        distance = np.abs(self._z(prepared))
        bell: Array = -distance - 2 * np.log1p(np.exp(-distance))
        return bell - math.log(self.given("scale"))

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        return rng.logistic(self.given("loc"), self.given("scale"), n)

    def _narrowed(self, filled: Self, at: float, factor: float) -> dict[str, Any]:
        return {"loc": at, "scale": factor * filled.given("scale")}

    def moments(self) -> tuple[float, float]:
        """E[x] = loc and Var[x] = pi^2 scale^2 / 3."""
        return self.given("loc"), math.pi**2 / 3 * squared(self.given("scale"))

    def _z(self, x: Array) -> Array:
        return (x - self.given("loc")) / self.given("scale")

    def _cdf(self, x: Array) -> Array:
        z = self._z(x)
        tail = np.exp(-np.abs(z))
        return np.where(z < 0, tail, 1.0) / (1 + tail)

    def _sf(self, x: Array) -> Array:
        z = self._z(x)
        tail = np.exp(-np.abs(z))
        return np.where(z < 0, 1.0, tail) / (1 + tail)

    def _quantile(self, q: Array) -> Array:
        inner = np.clip(q, 5e-324, 1 - _EPS / 2)
        z = np.log(inner) - np.log1p(-inner)
        return self.given("loc") + self.given("scale") * z


class _Extreme(LogConcave):
    """g(z) = -z - exp(-z), which falls steeply on the left. Where one value lies far
    out on that side a Newton step is useless, but the best place for a given spread has
    a formula.
    """

    def shape_of(self, z: Array) -> tuple[Array, Array, Array]:
        """-z - exp(-z) and its derivatives."""
        with np.errstate(over="ignore"):  # a step too far, which is not taken
            fall = np.exp(-z)
        return -z - fall, fall - 1, -fall

    def shift_of(self, z: Array, share: Array) -> float:
        """-log of the mean of exp(-z)."""
        lowest = z.min()
        return float(lowest) - math.log(max(share @ np.exp(lowest - z), 5e-324))


@dataclass(frozen=True, repr=False, eq=False)
class Gumbel(_Extreme):
    """Gumbel(loc, scale) of maxima: P(X <= x) = exp(-exp(-(x - loc) / scale)).

    The largest of many. For the smallest of many, fit it to -x. It is
    `scipy.stats.gumbel_r`.

    Args:
        loc: the mode, in the unit of x; blank if left out.
        scale: how wide it is, above 0, in the unit of x; blank if left out.

    Examples:
        >>> import mixnotes as mx
        >>> floods = [3.1, 4.0, 2.7, 5.2, 3.6, 4.4]
        >>> river = mx.Gumbel().fit(floods)
        >>> print(f"{river.quantile(0.99):.2f} is exceeded once in 100 years")
        6.68 is exceeded once in 100 years
    """

    loc: Scalar = parameter(REAL)
    scale: Scalar = parameter(POSITIVE)

    support = "finite numbers"
    place, spread = "loc", "scale"

    def density(self, prepared: Any) -> Array:
        """-z - exp(-z) - log scale for z = (x - loc) / scale."""
        z = np.maximum(self._z(prepared), -_FAR)
        return -z - np.exp(-z) - math.log(self.given("scale"))

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        return rng.gumbel(self.given("loc"), self.given("scale"), n)

    def _narrowed(self, filled: Self, at: float, factor: float) -> dict[str, Any]:
        return {"loc": at, "scale": factor * filled.given("scale")}

    def moments(self) -> tuple[float, float]:
        """E[x] = loc + 0.5772 scale and Var[x] = pi^2 scale^2 / 6."""
        scale = self.given("scale")
        return self.given("loc") + _EULER * scale, math.pi**2 / 6 * squared(scale)

    def _z(self, x: Array) -> Array:
        return (x - self.given("loc")) / self.given("scale")

    def _cdf(self, x: Array) -> Array:
        with np.errstate(over="ignore"):
            return np.exp(-np.exp(-self._z(x)))

    def _sf(self, x: Array) -> Array:
        with np.errstate(over="ignore"):
            return -np.expm1(-np.exp(-self._z(x)))

    def _quantile(self, q: Array) -> Array:
        inner = np.clip(q, 5e-324, 1 - _EPS / 2)
        return self.given("loc") - self.given("scale") * np.log(-np.log(inner))


@dataclass(frozen=True, repr=False, eq=False)
class Weibull(_Extreme):
    """Weibull(shape, scale) on x > 0: P(X > x) = exp(-(x / scale)^shape).

    Lifetimes: with a shape below 1 the hazard falls, above 1 it rises. -log x is
    Gumbel(-log scale, 1 / shape), and is fitted as that.

    Args:
        shape: the power, above 0, no unit; blank if left out.
        scale: the x that is exceeded with probability 1 / e, above 0, in the unit of x;
            blank if left out.

    Examples:
        >>> import mixnotes as mx
        >>> hours = [105.0, 83.0, 123.0, 64.0, 41.0]
        >>> lamp = mx.Weibull().fit(hours)
        >>> print(f"{lamp.sf(100.0):.2f} live longer than 100 hours")
        0.28 live longer than 100 hours
    """

    shape: Scalar = parameter(SHAPE)
    scale: Scalar = parameter(POSITIVE)  # in the unit of x

    support = "numbers above 0"
    ends = (0.0, math.inf)
    fill_value = 1.0
    place, spread = "scale", "shape"

    def inside(self, x: Array) -> NDArray[np.bool_]:
        """Which observations are above 0."""
        inside: NDArray[np.bool_] = x > 0
        return inside

    def coordinate(self, x: Array) -> Array:
        """-log x."""
        return -np.log(x)

    def value(self, coordinate: float) -> float:
        """The x of a coordinate."""
        return math.exp(-coordinate)

    def standing(self, component: Any) -> dict[str, float]:
        """loc = -log scale and 1 / shape, as far as this component has them."""
        found = super().standing(component)
        if "scale" in found:
            found["scale"] = -math.log(found["scale"])
        if "shape" in found:
            found["shape"] = 1 / found["shape"]
        return found

    def named(self, values: dict[str, float]) -> dict[str, Any]:
        """scale and shape from the place and the spread of -log x."""
        return {"scale": math.exp(-values["scale"]), "shape": 1 / values["shape"]}

    def prepare(self, x: Array) -> Array:
        """log x."""
        return np.log(x)

    def density(self, prepared: Any) -> Array:
        """shape log(x / scale) - (x / scale)^shape + log shape - log x."""
        shape = self.given("shape")
        power = shape * (prepared - math.log(self.given("scale")))
        fallen = np.minimum(power, _FAR)
        return fallen - np.exp(fallen) + math.log(shape) - prepared

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        draws = self.given("scale") * rng.weibull(self.given("shape"), n)
        return np.maximum(draws, np.finfo(float).tiny)

    def _narrowed(self, filled: Self, at: float, factor: float) -> dict[str, Any]:
        if not at > 0:
            return {}
        return {"scale": at, "shape": filled.given("shape") / factor}

    def moments(self) -> tuple[float, float]:
        """E[x] = scale Gamma(1 + 1 / shape), and Var[x] from Gamma(1 + 2 / shape)."""
        scale, s = self.given("scale"), 1 / self.given("shape")
        if s > 80:
            return math.inf, math.inf
        first = math.gamma(1 + s)
        log_ratio = math.lgamma(1 + 2 * s) - 2 * math.lgamma(1 + s)
        if s < 0.01:  # the two cancel; log Gamma(1 + s) is a sum of zeta(k) (-s)^k / k
            terms = enumerate(_ZETA, start=2)
            log_ratio = sum(z * (2**k - 2) * (-s) ** k / k for k, z in terms)
        return scale * first, squared(scale * first * math.sqrt(math.expm1(log_ratio)))

    def _power(self, x: Array) -> Array:
        with np.errstate(over="ignore"):
            return (np.maximum(x, 0) / self.given("scale")) ** self.given("shape")

    def _cdf(self, x: Array) -> Array:
        return -np.expm1(-self._power(x))

    def _sf(self, x: Array) -> Array:
        return np.exp(-self._power(x))

    def _quantile(self, q: Array) -> Array:
        power = -np.log1p(-np.minimum(q, 1 - _EPS / 2))
        return self.given("scale") * power ** (1 / self.given("shape"))
