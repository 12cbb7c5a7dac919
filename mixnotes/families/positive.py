"""Families on the positive numbers: exponential. Log-normal is with the normals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixnotes.check import Array
from mixnotes.component import CollapseError
from mixnotes.domains import INVERSE, Shared, parameter
from mixnotes.exponential import ExponentialFamily, Keep, Values


@dataclass(frozen=True, repr=False, eq=False)
class Exponential(ExponentialFamily):
    """Exponential(rate) on x >= 0: p(x) = rate exp(-rate x).

    The time to the next of events that come at a constant rate.
    """

    rate: float | Shared | None = parameter(
        INVERSE
    )  # events per unit of x; scale = 1 / rate

    support = "numbers not below 0"

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

    def learn(self, weight: Array, means: Array, keep: Keep) -> Values:
        """The rate is one over the weighted mean."""
        mean = means[0]
        if (mean <= 0).any():
            raise CollapseError(
                "Exponential collapsed on x = 0: its rate grew without bound; give "
                "rate, or use a component for values that are exactly 0"
            )
        return {"rate": keep("rate", 1 / mean, weight * mean)}

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        return rng.exponential(1 / self.given("rate"), n)

    def moments(self) -> tuple[float, float]:
        """E[x] = 1 / rate and Var[x] = 1 / rate^2."""
        rate = self.given("rate")
        return 1 / rate, 1 / rate**2
