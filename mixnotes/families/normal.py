"""The normal family on the line, and the log-normal, its exponential."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mixnotes.components.constraints import (
    LOG_POSITIVE,
    LOG_REAL,
    POSITIVE,
    REAL,
    Scalar,
    parameter,
)
from mixnotes.components.exponential import (
    FEW,
    FLOOR,
    ROUNDING,
    SMALLEST,
    Standardization,
    StandardizedFamily,
    Tie,
    Values,
)
from mixnotes.components.joint import (
    NormalInverseWishart,
    WithJoint,
    checked_joint,
)
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.special import (
    HALF_LOG_2_PI,
    log_normal_cdf,
    normal_cdf,
    normal_quantile,
    squared,
)


class _Bell(StandardizedFamily):
    """A normal distribution of one coordinate: `place` is the name of its mean,
    `spread` that of its standard deviation."""

    has_log_tails = True  # its `_log_cdf` and `_log_sf` are right beyond floats

    def columns(self, x: Array) -> Array:
        """The coordinate, shape (1, n)."""
        return self.coordinate(x)[None]

    def coordinate(self, x: Array) -> Array:
        """The transformed x that is normal, shape (n,): x itself, or its logarithm."""
        return x

    def n_statistics(self, d: int) -> int:
        """The coordinate and its square."""
        return 2

    def fill(self, columns: Array, out: Array) -> None:
        """The coordinate and its square."""
        out[0] = columns[0]
        np.multiply(columns[0], columns[0], out=out[1])

    def natural(self, values: Values) -> tuple[Sequence[Array], Array]:
        """mean / sd^2 and -1 / (2 sd^2)."""
        mean, sd = values[self.place], values[self.spread]
        second = -0.5 / (sd * sd)
        pull = second * mean
        normaliser = HALF_LOG_2_PI + np.log(sd) - pull * mean
        return (-2 * pull, second), normaliser

    has_short_way = True

    def natural_of(self, sums: Array, theta: Array) -> float:
        """In floats, which for the few components of a small problem are faster."""
        columns, sharpest = [], 0.0
        for weight, first, square in sums.T.tolist():
            mean = first / weight if weight else math.nan
            variance = square / weight - mean * mean if weight else math.nan
            if not variance > 0:
                return math.inf
            precision = 1 / variance
            pull = mean * precision
            height = math.log(weight * math.sqrt(precision)) - HALF_LOG_2_PI
            columns.append((height - 0.5 * mean * pull, pull, -0.5 * precision))
            sharpest = max(sharpest, precision)
        theta.T[:] = columns
        return sharpest

    def learn_about(
        self, weight: Array, means: Array, tie: Tie, origin: Any, current: Any
    ) -> Values:
        """The weighted mean, and the root of the weighted mean square about it."""
        first, square = means
        if tie.nothing:
            return {
                self.place: first if isinstance(origin, float) else origin + first,
                self.spread: np.sqrt(square - first * first),
            }
        # Means that are shared are averaged by precision (one conditional maximum).
        precision = weight / (current[self.spread] ** 2 if current else 1.0)
        mean = tie(self.place, origin + first, precision)
        aside = mean - origin
        variance = square - aside * (2 * first - aside)
        sd = np.sqrt(tie.average(self.spread, variance, weight))
        return {self.place: mean, self.spread: tie(self.spread, sd, weight)}

    def sharpness(self, natural: Any) -> float:
        """1 / sd^2."""
        second = natural[1]
        return -2 * float(second[second.argmin()])

    def into(self, values: Values, frame: Standardization) -> Values:
        """(place - centre) / scale and spread / scale."""
        centre, scale = frame.centre[0], frame.scale[0]
        framed = {}
        if self.place in values:
            framed[self.place] = (values[self.place] - centre) / scale
        if self.spread in values:
            framed[self.spread] = values[self.spread] / scale
        return framed

    def out_of(self, values: Values, frame: Standardization) -> Values:
        """The inverse of `into`."""
        centre, scale = frame.centre[0], frame.scale[0]
        found = {}
        if self.place in values:
            found[self.place] = centre + scale * values[self.place]
        if self.spread in values:
            found[self.spread] = scale * values[self.spread]
        return found

    def centred_log_prob(self, values: Values, columns: Array, out: Array) -> None:
        """-((y - mean) / sd)^2 / 2 - log sd - log(2 pi) / 2."""
        mean, sd = values[self.place][:, None], values[self.spread][:, None]
        np.subtract(columns, mean, out=out)
        out /= sd
        np.multiply(out, out, out=out)
        out *= -0.5
        out -= np.log(sd) + HALF_LOG_2_PI

    def centred_sums(self, origin: Array, columns: Array, share: Array) -> Array:
        """Of y - origin and its square."""
        aside = columns - origin[:, None]
        first = np.einsum("kn,kn->k", share, aside)
        aside *= aside
        return np.stack([first, np.einsum("kn,kn->k", share, aside)], axis=1)

    def collapsed(
        self, values: Values, effective_n: Array, frame: Standardization
    ) -> str | None:
        """Is some learned spread below its floor, relative to the data's range?"""
        sd, span = np.nan_to_num(values[self.spread]), frame.span[0]  # a root below 0
        low = sd <= FLOOR * span
        fallen = low & ((sd <= ROUNDING * span) | (effective_n < FEW))
        if not fallen.any():
            return None
        k, scale = int(np.argmax(fallen)), frame.scale[0]
        return (
            f"{type(self).__name__} collapsed on x = "
            f"{self.value(frame.centre[0] + scale * values[self.place][k]):g}: its "
            f"{self.spread} fell to {scale * sd[k]:.3g}, below {FLOOR:g} of the data's "
            f"range {scale * span:.6g}; give {self.spread}, or use fewer components"
        )

    def value(self, coordinate: float) -> float:
        """The x that has this coordinate."""
        return float(coordinate)

    def require_spread(self, frame: Standardization) -> None:
        """Raise an error unless the data vary enough for a spread to be learned."""
        if not self._is_blank(self.spread):
            return
        span = float(frame.span[0] * frame.scale[0])
        if span == 0:
            raise ValueError(
                f"{self.spread} must be learned from values that differ, got values "
                f"all equal to {self.value(frame.centre[0]):g}; give {self.spread}, "
                f"for example {type(self).__name__}({self.spread}=1.0)"
            )
        if span < SMALLEST:
            raise ValueError(
                f"x must vary by more than {SMALLEST:g} for {self.spread} to be "
                f"learned, got a range of {span:.3g}; rescale it, for example "
                "x / np.ptp(x)"
            )

    def bind(self, x: Array) -> Callable[[Self], Array]:
        """-((y - mean) / sd)^2 / 2 - log sd - log(2 pi) / 2 + log base(x)."""
        fill_value, inside = self.with_fill_value(x)
        y, base = self.coordinate(fill_value), self.log_base(fill_value)
        rest = np.where(inside, 0.0 if base is None else base, -np.inf)

        def log_prob(filled: Self) -> Array:
            sd = filled.given(self.spread)
            with np.errstate(over="ignore"):  # so far out that the density is 0
                distance = (y - filled.given(self.place)) / sd
                bell = -0.5 * distance * distance - (math.log(sd) + HALF_LOG_2_PI)
            return bell + rest

        return log_prob


@dataclass(frozen=True, repr=False, eq=False)
class Normal(WithJoint, _Bell):
    """Normal(mean, sd) on the line, with sd the standard deviation, not the variance.

    Known noise about an unknown mean: `Normal(sd=0.1)`.

    Args:
        mean: E[x], in the unit of x; blank if left out.
        sd: the standard deviation, above 0, in the unit of x; blank if left out.
        prior: what is believed of mean and sd together; nothing if left out.

    Examples:
        >>> import mixnotes as mx
        >>> waiting = mx.datasets.faithful()["waiting"]
        >>> model = mx.Mixture([mx.Normal(), mx.Normal()])
        >>> fit = mx.em(model, waiting, starts=1, rng=0)
        >>> print([round(part.mean, 1) for part in fit.mixture.components])
        [54.6, 80.1]
    """

    mean: Scalar = parameter(REAL)
    sd: Scalar = parameter(POSITIVE)
    prior: NormalInverseWishart | None = None

    support = "finite numbers"
    place, spread = "mean", "sd"
    is_plain = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.prior is not None:
            checked_joint(self, self.prior, 1)

    def kind(self) -> tuple[Any, ...]:
        """Components of equal kind share one matrix product."""
        return (type(self),)

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        return rng.normal(self.given("mean"), self.given("sd"), n)

    def _narrowed(self, filled: Self, at: float, factor: float) -> dict[str, Any]:
        return {"mean": at, "sd": factor * filled.given("sd")}

    def moments(self) -> tuple[float, float]:
        """E[x] = mean and Var[x] = sd^2."""
        return self.given("mean"), squared(self.given("sd"))

    def _cdf(self, x: Array) -> Array:
        return normal_cdf((x - self.given("mean")) / self.given("sd"))

    def _sf(self, x: Array) -> Array:
        return normal_cdf((self.given("mean") - x) / self.given("sd"))

    def _log_cdf(self, x: Array) -> Array:
        return log_normal_cdf((x - self.given("mean")) / self.given("sd"))

    def _log_sf(self, x: Array) -> Array:
        return log_normal_cdf((self.given("mean") - x) / self.given("sd"))

    def _quantile(self, q: Array) -> Array:
        return self.given("mean") + self.given("sd") * normal_quantile(q)


@dataclass(frozen=True, repr=False, eq=False)
class LogNormal(_Bell):
    """LogNormal(mu, sigma) on x > 0: log x is normal with mean mu and sd sigma.

    Incomes, sizes, concentrations: what is multiplied rather than added.

    Args:
        mu: E[log x], which changes by log c where the unit of x changes by c; blank if
            left out.
        sigma: the standard deviation of log x, above 0, no unit; blank if left out.

    Examples:
        >>> import mixnotes as mx
        >>> import numpy as np
        >>> grams = mx.datasets.penguins()["body_mass_g"]
        >>> weight = mx.LogNormal().fit(grams[~np.isnan(grams)])
        >>> print(f"median {weight.quantile(0.5):.0f} g, sigma {weight.sigma:.3f}")
        median 4128 g, sigma 0.188
    """

    mu: Scalar = parameter(LOG_REAL)  # mean of log x
    sigma: Scalar = parameter(LOG_POSITIVE)  # standard deviation of log x

    support = "numbers above 0"
    ends = (0.0, math.inf)
    place, spread = "mu", "sigma"
    fill_value = 1.0

    def inside(self, x: Array) -> NDArray[np.bool_]:
        """Which observations are above 0."""
        inside: NDArray[np.bool_] = x > 0
        return inside

    def coordinate(self, x: Array) -> Array:
        """The logarithm."""
        return np.log(x)

    def log_base(self, x: Array) -> Array:
        """-log x."""
        return -np.log(x)

    def value(self, coordinate: float) -> float:
        """The x of a coordinate."""
        return math.exp(coordinate)

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        return rng.lognormal(self.given("mu"), self.given("sigma"), n)

    def _narrowed(self, filled: Self, at: float, factor: float) -> dict[str, Any]:
        if not at > 0:
            return {}
        return {"mu": math.log(at), "sigma": factor * filled.given("sigma")}

    def moments(self) -> tuple[float, float]:
        """E[x] = exp(mu + sigma^2 / 2) and Var[x] = (exp(sigma^2) - 1) E[x]^2, inf
        where that is beyond what floats can hold."""
        mu, sigma = self.given("mu"), self.given("sigma")
        square = sigma * sigma
        with np.errstate(over="ignore"):
            first, second = np.exp([mu + square / 2, 2 * (mu + square)])
        spread = -math.expm1(-square)
        return float(first), float(second) * spread if spread else 0.0

    def _z(self, x: Array) -> Array:
        with np.errstate(divide="ignore"):
            logs = np.log(np.maximum(x, 0.0))
        return (logs - self.given("mu")) / self.given("sigma")

    def _cdf(self, x: Array) -> Array:
        return normal_cdf(self._z(x))

    def _sf(self, x: Array) -> Array:
        return normal_cdf(-self._z(x))

    def _log_cdf(self, x: Array) -> Array:
        return log_normal_cdf(self._z(x))

    def _log_sf(self, x: Array) -> Array:
        return log_normal_cdf(-self._z(x))

    def _quantile(self, q: Array) -> Array:
        return np.exp(self.given("mu") + self.given("sigma") * normal_quantile(q))
