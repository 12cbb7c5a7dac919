"""A family on the circle: von Mises."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mixnotes.components.constraints import ANGLE, CONCENTRATION, Scalar, parameter
from mixnotes.components.exponential import (
    ExponentialFamily,
    Tie,
    Values,
    with_defaults,
)
from mixnotes.data.check import CollapseError, require
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.special import LOG_2_PI, log_bessel_i0, versed_mean

_TWO_TURNS = 4 * math.pi * (1 + 1e-9)
_ROUNDS = 100  # of a mean that is shared and the concentrations about it
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(100)
_WIDE = 14.0  # standard deviations that hold everything
_NARROW = 1e-11  # a circular variance below it is rounding of the mean statistics


@dataclass(frozen=True, repr=False, eq=False)
class VonMises(ExponentialFamily):
    """VonMises(mean, concentration) on the circle: p(x) is exp(concentration cos(x -
    mean)) over 2 pi I0(concentration).

    Wind directions, times of day. x is an angle in radians; angles that differ by 2 pi
    are the same, and the density is per radian. A concentration of 0 is the uniform
    distribution; a large one is close to a normal of variance 1 / concentration.
    Draws, moments and `cdf` are those of the turn centred at mean, from mean - pi to
    mean + pi. Beyond it `cdf` keeps rising, by 1 a turn, so that the difference of two
    of its values is the probability of the arc between them.

    Source: Mardia and Jupp (2000), Directional statistics, 5.3.1.

    Args:
        mean: the centre, in radians; blank if left out.
        concentration: how narrow it is, 0 or above, no unit; blank if left out.

    Examples:
        >>> import mixnotes as mx
        >>> import numpy as np
        >>> hours = np.array([22.5, 23.0, 23.5, 0.5, 1.0])
        >>> night = mx.VonMises().fit(hours * np.pi / 12)
        >>> print(f"{night.mean * 12 / np.pi % 24:.2f} h")
        23.70 h
    """

    mean: Scalar = parameter(ANGLE)  # radians
    concentration: Scalar = parameter(CONCENTRATION)

    support = "finite numbers (angles in radians)"

    def inside(self, x: Array) -> NDArray[np.bool_]:
        """Every angle is."""
        return np.ones(len(x), dtype=bool)

    def require_unit(self, x: Array, weight: Array) -> None:
        """Raise an error for angles beyond two turns, which are hardly in radians."""
        require(
            (np.abs(x) <= _TWO_TURNS) | (weight == 0),
            x,
            "VonMises: x must be angles in radians, within two turns of 0 (12.57)",
            "convert degrees by np.deg2rad(x), and hours of a day by x * np.pi / 12; "
            "angles that were added up become one turn by np.angle(np.exp(1j * x))",
        )

    def statistics(self, x: Array) -> Sequence[Array]:
        """cos x and sin x."""
        return np.cos(x), np.sin(x)

    def natural(self, values: Values) -> tuple[Sequence[Array], Array]:
        """concentration times cos mean and sin mean."""
        mean, k = values["mean"], values["concentration"]
        normaliser = log_bessel_i0(k) + k + LOG_2_PI
        return (k * np.cos(mean), k * np.sin(mean)), normaliser

    def learn(self, weight: Array, means: Array, tie: Tie) -> Values:
        """mean is the direction of the mean vector; I1 / I0 of concentration is its
        length, or its part along mean where that is given."""
        cos, sin = with_defaults(means, weight, (0.5, 0.0))
        k = np.ones_like(cos)
        for _ in range(_ROUNDS):  # more than one only where mean is shared
            pull = weight * k
            across, along = (
                tie.average("mean", sin, pull),
                tie.average("mean", cos, pull),
            )
            mean = tie("mean", np.arctan2(across, along), weight)
            short = 1 - (cos * np.cos(mean) + sin * np.sin(mean))
            self._require_width(short, mean, tie)
            before = k
            k = _concentration_of(tie.average("concentration", short, weight))
            k = tie("concentration", k, weight)
            still = (np.abs(k - before) <= 1e-13 * (1 + k)).all()
            if still or "mean" not in tie.shared:
                break
        return {"mean": mean, "concentration": k}

    def _require_width(self, short: Array, mean: Array, tie: Tie) -> None:
        narrow = short <= _NARROW
        if "concentration" in tie.given:
            narrow[tie.given["concentration"][0]] = False
        if narrow.any():
            raise CollapseError(
                f"VonMises collapsed on x = {mean[int(np.argmax(narrow))]:g}: its "
                "concentration grew without bound; give concentration, or use fewer "
                "components"
            )

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        return self.given("mean") + rng.vonmises(0.0, self.given("concentration"), n)

    def _narrowed(self, filled: Self, at: float, factor: float) -> dict[str, Any]:
        k = max(filled.given("concentration"), 1.0) / factor**2
        return {"mean": at, "concentration": k}

    def moments(self) -> tuple[float, float]:
        """E[x] and Var[x] over the turn centred at mean: mean, and the mean of the
        squared angle from it. 1 - I1 / I0 is the circular variance."""
        k = self.given("concentration")
        reach = min(math.pi, _WIDE / math.sqrt(max(k, 1e-9)))
        angle = reach * _NODES
        density = _WEIGHTS * np.exp(-2 * k * np.sin(angle / 2) ** 2)
        return self.given("mean"), float(density @ angle**2 / density.sum())

    @property
    def ends(self) -> tuple[float, float]:
        """The ends of the turn centred at mean."""
        mean = self.given("mean")
        return mean - math.pi, mean + math.pi

    def _cdf(self, x: Array) -> Array:
        angle = np.where(np.isfinite(x), x - self.given("mean"), 0.0)
        turns = np.round(angle / (2 * math.pi))
        value = turns + 0.5 + self._arc(angle - 2 * math.pi * turns)
        return np.where(np.isfinite(x), value, x > 0)

    def _arc(self, angle: Array) -> Array:
        """The probability from mean to mean + angle, for angles within half a turn."""
        k = self.given("concentration")
        reach = np.minimum(np.abs(angle), _WIDE / math.sqrt(max(k, 1e-9)))
        t = 0.5 * reach[..., None] * (1 + _NODES)
        density = np.exp(-2 * k * np.sin(t / 2) ** 2 - float(log_bessel_i0(k)))
        area = 0.5 * reach * (density @ _WEIGHTS) / (2 * math.pi)
        return np.sign(angle) * np.minimum(area, 0.5)


@np.errstate(divide="ignore", over="ignore", invalid="ignore")  # of short = 0
def _concentration_of(short: Array) -> Array:
    """The k >= 0 with 1 - I1(k) / I0(k) = short; 0 where the mean points nowhere.

    Newton in log k, from Fisher's approximation.
    """
    r = np.clip(1 - short, 0.0, 1.0)
    small = r * (2 + r * r + 5 / 6 * r**4)
    large = np.abs(1 / (2 * short - short**2 - short**3))
    middle = -0.4 + 1.39 * r + 0.43 / short
    guess = np.where(r < 0.53, small, np.where(r < 0.85, middle, large))
    u = np.log(np.maximum(guess, 1e-12))
    for _ in range(60):
        k = np.exp(u)
        value, slope = versed_mean(k)
        move = np.clip((value - short) / (slope * k), -1, 1)
        u = np.where(r > 0, u - move, u)
        if not (np.abs(move) * (r > 0)).max() > 1e-14 * (1 + np.abs(u).max()):
            break
    return np.where(r > 0, np.exp(u), 0.0)
