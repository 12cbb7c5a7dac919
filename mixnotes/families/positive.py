"""Families on the positive numbers: exponential, gamma, inverse Gaussian.

Log-normal is with the normals, Weibull with the families of one shape on the line.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mixnotes.components.constraints import (
    INVERSE,
    POSITIVE,
    POSITIVE_SHAPE,
    SHAPE,
    Scalar,
    parameter,
)
from mixnotes.components.exponential import (
    ExponentialFamily,
    Tie,
    Values,
    with_defaults,
)
from mixnotes.data.check import CollapseError
from mixnotes.families.joint import learn_jointly
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.special import (
    HALF_LOG_2_PI,
    log_gamma,
    log_less_digamma,
    log_normal_cdf,
    normal_cdf,
    scipy_functions,
    squared,
    trigamma,
)

_NARROW = 1e-11  # a relative variance below it is rounding of the mean statistics
_LEAST = 1e-300  # a mean or a scale of which one over it is finite
_ROUNDS = 100  # of a mean that is shared and the shapes about it


@dataclass(frozen=True, repr=False, eq=False)
class Exponential(ExponentialFamily):
    """Exponential(rate) on x >= 0: p(x) = rate exp(-rate x).

    The time to the next event, where events come at a constant rate.

    Args:
        rate: events per unit of x, above 0; 1 / rate is the mean. Blank if left out.

    Examples:
        >>> import mixnotes as mx
        >>> minutes = [2.0, 0.5, 1.5, 4.0]
        >>> mx.Exponential().fit(minutes)
        Exponential(rate=0.5)
    """

    rate: Scalar = parameter(INVERSE)  # events per unit of x; scale = 1 / rate

    scales = True
    support = "numbers not below 0"
    ends = (0.0, math.inf)

    def inside(self, x: Array) -> NDArray[np.bool_]:
        """Which observations are not below 0."""
        inside: NDArray[np.bool_] = x >= 0
        return inside

    def statistics(self, x: Array) -> Sequence[Array]:
        """The observations themselves."""
        return (x,)

    def natural(self, values: Values) -> tuple[Sequence[Array], Array]:
        """-rate, and the normaliser -log rate."""
        rate = values["rate"]
        return (-rate,), -np.log(rate)

    def learn(self, weight: Array, means: Array, tie: Tie) -> Values:
        """The rate is one over the weighted mean."""
        mean = means[0]
        if not (mean >= _LEAST).all():
            raise CollapseError(
                "Exponential collapsed on x = 0: its rate grew without bound; give "
                "rate, or use a component for values that are exactly 0"
            )
        return {"rate": tie("rate", 1 / mean, weight * mean)}

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        return rng.exponential(1 / self.given("rate"), n)

    def moments(self) -> tuple[float, float]:
        """E[x] = 1 / rate and Var[x] = 1 / rate^2."""
        rate = self.given("rate")
        return 1 / rate, squared(1 / rate)

    def _cdf(self, x: Array) -> Array:
        return -np.expm1(-self.given("rate") * np.maximum(x, 0))

    def _sf(self, x: Array) -> Array:
        return np.exp(-self.given("rate") * np.maximum(x, 0))

    has_log_tails = True

    def _log_cdf(self, x: Array) -> Array:
        with np.errstate(divide="ignore"):
            return np.log(self._cdf(x))

    def _log_sf(self, x: Array) -> Array:
        return -self.given("rate") * np.maximum(x, 0)

    def _quantile(self, q: Array) -> Array:
        return -np.log1p(-np.minimum(q, 1 - 1e-16)) / self.given("rate")


@dataclass(frozen=True, repr=False, eq=False)
class Gamma(ExponentialFamily):
    """Gamma(shape, scale) on x > 0: p(x) is x^(shape - 1) exp(-x / scale) over
    Gamma(shape) scale^shape.

    Waiting times, rainfall, claims: the mean is shape x scale, the variance shape x
    scale^2.

    Source: Minka (2002), Estimating a gamma distribution, for where Newton begins.

    Args:
        shape: the power of x plus 1, above 0, no unit; blank if left out.
        scale: how far it spreads, above 0, in the unit of x; blank if left out.

    Examples:
        >>> import mixnotes as mx
        >>> rain = mx.Gamma().fit([3.2, 0.4, 7.9, 1.5, 2.8])
        >>> print(f"shape {rain.shape:.3f}, scale {rain.scale:.3f}")
        shape 1.391, scale 2.272
    """

    shape: Scalar = parameter(SHAPE)
    scale: Scalar = parameter(POSITIVE)  # in the unit of x

    searches_shared = True
    scales = True
    support = "numbers above 0"
    ends = (0.0, math.inf)
    fill_value = 1.0

    def inside(self, x: Array) -> NDArray[np.bool_]:
        """Which observations are above 0."""
        inside: NDArray[np.bool_] = x > 0
        return inside

    def statistics(self, x: Array) -> Sequence[Array]:
        """x and log x."""
        return x, np.log(x)

    def natural(self, values: Values) -> tuple[Sequence[Array], Array]:
        """-1 / scale and shape, with the base measure 1 / x."""
        shape, scale = values["shape"], values["scale"]
        return (-1 / scale, shape), log_gamma(shape) + shape * np.log(scale)

    def log_base(self, x: Array) -> Array:
        """-log x."""
        return -np.log(x)

    def learn(self, weight: Array, means: Array, tie: Tie) -> Values:
        """shape from digamma(shape) - log shape = mean log x - log mean, by Newton;
        scale is mean / shape. With scale given, digamma(shape) = mean log(x / scale).
        """
        means = with_defaults(means, weight, (1.0, -0.5))
        mean, logs = means
        level = logs - np.log(mean)
        self._require_width(level, logs, tie)
        profile = np.ones(len(mean))  # is the scale what fits the shape best?
        if "scale" in tie.given:
            where, scales = tie.given["scale"]
            level[where] = logs[where] - np.log(scales)
            profile[where] = 0.0
        shape = _shape_of(
            tie.average("shape", level, weight), tie.average("shape", profile, weight)
        )
        shape = tie("shape", shape, weight)
        scale = tie("scale", mean / shape, weight * shape)
        if not (scale >= _LEAST).all():
            raise CollapseError(
                f"Gamma collapsed: its scale fell below {_LEAST:g}; rescale x, or give "
                "shape or scale"
            )
        found = {"shape": shape, "scale": scale}
        if "scale" in tie.shared:
            return learn_jointly(self, weight, means, tie, found)
        return found

    def _require_width(self, level: Array, logs: Array, tie: Tie) -> None:
        narrow = -level <= _NARROW * (1 + np.abs(logs))
        for name in ("shape", "scale"):
            if name in tie.given:
                narrow[tie.given[name][0]] = False
        if narrow.any():
            at = tie.unit * float(np.exp(logs[int(np.argmax(narrow))]))
            raise CollapseError(
                f"Gamma collapsed on x = {at:g}: its shape grew without bound; give "
                "shape or scale, or use fewer components"
            )

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        return rng.gamma(self.given("shape"), self.given("scale"), n)

    def _narrowed(self, filled: Self, at: float, factor: float) -> dict[str, Any]:
        shape = filled.given("shape") / factor**2
        return {"shape": shape, "scale": at / shape} if at > 0 else {}

    def moments(self) -> tuple[float, float]:
        """E[x] = shape scale and Var[x] = shape scale^2."""
        shape, scale = self.given("shape"), self.given("scale")
        return shape * scale, shape * squared(scale)

    def _cdf(self, x: Array) -> Array:
        (gammainc,) = scipy_functions("special", "gammainc")

        return gammainc(self.given("shape"), np.maximum(x, 0) / self.given("scale"))

    def _sf(self, x: Array) -> Array:
        (gammaincc,) = scipy_functions("special", "gammaincc")

        return gammaincc(self.given("shape"), np.maximum(x, 0) / self.given("scale"))

    def _quantile(self, q: Array) -> Array:
        (gammaincinv,) = scipy_functions("special", "gammaincinv")

        return gammaincinv(self.given("shape"), q) * self.given("scale")


def _shape_of(level: Array, profile: Array) -> Array:
    """The a with digamma(a) - profile log a = level, for profile from 0 to 1.

    The left side rises with a. Newton in log a.
    """
    s = np.maximum(-level, 1e-300)
    with_scale = (3 - s + np.sqrt((s - 3) ** 2 + 24 * s)) / (12 * s)
    clipped = np.clip(level, -700, 700)
    alone = np.where(
        level > -2.2, np.exp(clipped) + 0.5, 1 / np.maximum(-0.5772 - level, 1e-300)
    )
    # Where scales are given, level may be 0 or above, where with_scale means nothing:
    # Newton, which moves by e^2 at most, must be able to come back from there.
    most = np.where(profile < 1, 1e10, np.inf)
    u = np.log(np.where(profile > 0.5, np.minimum(with_scale, most), alone))
    for _ in range(100):
        a = np.exp(u)
        aside = (1 - profile) * u - log_less_digamma(a) - level
        move = np.clip(aside / (a * trigamma(a) - profile), -2, 2)
        u = u - move
        if not np.abs(move).max() > 1e-14 * (1 + np.abs(u).max()):
            break
    return np.exp(u)


@dataclass(frozen=True, repr=False, eq=False)
class InverseGaussian(ExponentialFamily):
    """InverseGaussian(mean, shape) on x > 0: p(x) = sqrt(shape / (2 pi x^3)) times
    exp(-shape (x - mean)^2 / (2 mean^2 x)).

    The time at which a Brownian motion with drift first reaches a level. Its variance
    is mean^3 / shape. `scipy.stats.invgauss(mean / shape, scale=shape)` is the same.

    Source: Tweedie (1957), for the estimates.

    Args:
        mean: E[x], above 0, in the unit of x; blank if left out.
        shape: how narrow it is, above 0, in the unit of x; blank if left out.

    Examples:
        >>> import mixnotes as mx
        >>> mx.InverseGaussian().fit([1.0, 2.0, 4.0])
        InverseGaussian(mean=2.33333, shape=6.46154)
    """

    mean: Scalar = parameter(POSITIVE)
    shape: Scalar = parameter(POSITIVE_SHAPE)  # in the unit of x

    scales = True
    support = "numbers above 0"
    ends = (0.0, math.inf)
    fill_value = 1.0

    def inside(self, x: Array) -> NDArray[np.bool_]:
        """Which observations are above 0 (and 1 / x is finite)."""
        inside: NDArray[np.bool_] = x > 1e-300
        return inside

    def statistics(self, x: Array) -> Sequence[Array]:
        """x and 1 / x."""
        return x, 1 / x

    def natural(self, values: Values) -> tuple[Sequence[Array], Array]:
        """-shape / (2 mean^2) and -shape / 2."""
        mean, shape = values["mean"], values["shape"]
        normaliser = -shape / mean - 0.5 * np.log(shape) + HALF_LOG_2_PI
        return (-0.5 * shape / mean / mean, -0.5 * shape), normaliser

    def log_base(self, x: Array) -> Array:
        """-3/2 log x."""
        return -1.5 * np.log(x)

    def learn(self, weight: Array, means: Array, tie: Tie) -> Values:
        """mean is the weighted mean; 1 / shape that of (x - mean)^2 / (mean^2 x)."""
        first, inverse = with_defaults(means, weight, (1.0, 2.0))
        shape = np.ones_like(first)
        for _ in range(_ROUNDS):  # more than one only where mean is shared
            mean = tie("mean", first, weight * shape)
            width = first / mean**2 - 2 / mean + inverse
            self._require_width(width, first, tie)
            before = shape
            width = tie.average("shape", np.maximum(width, 1e-300), weight)
            shape = tie("shape", 1 / width, weight)
            still = (np.abs(shape - before) <= 1e-14 * shape).all()
            if still or "mean" not in tie.shared:
                break
        return {"mean": mean, "shape": shape}

    def _require_width(self, width: Array, first: Array, tie: Tie) -> None:
        narrow = width * first <= _NARROW
        if "shape" in tie.given:
            narrow[tie.given["shape"][0]] = False
        if narrow.any():
            at = tie.unit * float(first[int(np.argmax(narrow))])
            raise CollapseError(
                f"InverseGaussian collapsed on x = {at:g}: "
                "its shape grew without bound; give shape, or use fewer components"
            )

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        return rng.wald(self.given("mean"), self.given("shape"), n)

    def _narrowed(self, filled: Self, at: float, factor: float) -> dict[str, Any]:
        if not at > 0:
            return {}
        return {"mean": at, "shape": filled.given("shape") / factor**2}

    def moments(self) -> tuple[float, float]:
        """E[x] = mean and Var[x] = mean^3 / shape."""
        mean = self.given("mean")
        return mean, mean / self.given("shape") * squared(mean)

    def _cdf(self, x: Array) -> Array:
        low, high, reflected = self._passages(x)
        below = normal_cdf(low) + np.exp(reflected + log_normal_cdf(-high))
        return np.minimum(below, 1.0)

    def _sf(self, x: Array) -> Array:
        low, high, reflected = self._passages(x)
        above = normal_cdf(-low) - np.exp(reflected + log_normal_cdf(-high))
        return np.maximum(above, 0.0)

    def _passages(self, x: Array) -> tuple[Array, Array, float]:
        """The two normal deviates of the distribution function, and 2 shape / mean."""
        mean, shape = self.given("mean"), self.given("shape")
        inner = np.where((x > 0) & (x < np.inf), x, mean)
        root = np.sqrt(shape / inner)
        low, high = root * (inner / mean - 1), root * (inner / mean + 1)
        outside = np.where(x > 0, np.inf, -np.inf)
        there = (x > 0) & (x < np.inf)
        return (
            np.where(there, low, outside),
            np.where(there, high, np.inf),
            2 * shape / mean,
        )
