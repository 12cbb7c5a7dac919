"""The normal family."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixnotes.check import Array
from mixnotes.component import POSITIVE, REAL, CollapseError, Family, parameter

_HALF_LOG_2_PI = 0.5 * math.log(2 * math.pi)
_FLOOR = 1e-7  # an sd below this share of the data's range, of few values, collapsed
_ROUNDING = 1e-12  # below this share of the range any sd is rounding
_FEW = 3  # values that carry the weight
_SMALLEST = 1e-150  # the squares of a smaller range underflow


@dataclass(frozen=True, repr=False, eq=False)
class Normal(Family):
    """Normal(mean, sd) on the line, with sd the standard deviation, not the variance.

    Of known noise and unknown place: `Normal(sd=0.1)`.
    """

    mean: float | None = parameter(REAL)
    sd: float | None = parameter(POSITIVE)

    support = "finite numbers"

    def inside(self, x: Array) -> NDArray[np.bool_]:
        """Every observation is."""
        return np.ones(len(x), dtype=bool)

    def bind(self, x: Array) -> Callable[[Normal], Array]:
        """-((x - mean) / sd)^2 / 2 - log sd - log(2 pi) / 2."""

        def log_prob(filled: Normal) -> Array:
            sd = filled.given("sd")
            with np.errstate(over="ignore"):  # so far out that the density is 0
                distance = (x - filled.given("mean")) / sd
                return -0.5 * distance * distance - (math.log(sd) + _HALF_LOG_2_PI)

        return log_prob

    def _learn(self, x: Array, weight: Array) -> dict[str, float]:
        total = weight.sum()
        # Two passes about the mean: sums of squares lose the variance at an offset.
        mean = self.mean
        if mean is None:
            origin = x[weight.argmax()]  # near the mean, whatever outliers there are
            mean = float(origin + weight @ (x - origin) / total)
        sd = self.sd
        if sd is None:
            sd = math.sqrt(float(weight @ (x - mean) ** 2 / total))
            self._refuse_collapse(x, weight, mean, sd)
        return {"mean": mean, "sd": sd}

    def _refuse_collapse(self, x: Array, weight: Array, mean: float, sd: float) -> None:
        spread = float(np.ptp(x))
        if sd == 0 and spread == 0:
            raise ValueError(
                f"sd must be learned from values that differ, got {len(x)} values all "
                f"equal to {x[0]:g}; give sd, for example Normal(sd=1.0)"
            )
        if sd < _SMALLEST and 0 < spread < _SMALLEST:
            raise ValueError(
                f"x must vary by more than {_SMALLEST:g} for sd to be learned, got a "
                f"range of {spread:.3g}; rescale it, for example x / np.ptp(x)"
            )
        if sd <= _FLOOR * spread and (
            sd <= _ROUNDING * spread or _carriers(weight) < _FEW
        ):
            raise CollapseError(
                f"Normal collapsed on x = {mean:g}: its sd fell to {sd:.3g}, below "
                f"{_FLOOR:g} of the data's range {spread:.6g}; give sd, or use fewer "
                "components"
            )

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        return rng.normal(self.given("mean"), self.given("sd"), n)

    def moments(self) -> tuple[float, float]:
        """E[x] = mean and Var[x] = sd^2."""
        return self.given("mean"), self.given("sd") ** 2


def _carriers(weight: Array) -> float:
    """How many observations carry the weight, (sum w)^2 / sum w^2."""
    share = weight / weight.max()
    return float(share.sum() ** 2 / (share @ share))
