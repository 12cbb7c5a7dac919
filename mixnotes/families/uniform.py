"""The uniform distribution between two ends, which can be learned."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mixnotes.components.constraints import REAL, Scalar, parameter
from mixnotes.data.check import CollapseError
from mixnotes.families.search import Searched, ends_beside
from mixnotes.numeric.arrays import Array


@dataclass(frozen=True, repr=False, eq=False)
class Uniform(Searched):
    """Uniform(low, high): p(x) = 1 / (high - low) for low <= x <= high.

    A background: `Mixture([Normal(), Uniform(0, 10)])`. A blank end is learned as the
    least or the largest observation. In a mixture no step of EM moves an end: an
    observation outside has no responsibility, and one inside never loses all of it. So
    `em` begins with groups that do not overlap, and tries to move the ends of the best
    fit to other observations. Give both ends where they are known.

    Args:
        low: the lower end, in the unit of x; blank if left out.
        high: the upper end, above low, in the unit of x; blank if left out.

    Examples:
        >>> import mixnotes as mx
        >>> x = mx.datasets.newcomb()["deviation"]
        >>> fit = mx.em(mx.Mixture([mx.Normal(), mx.Uniform(-50, 50)]), x, starts=1)
        >>> fit.mixture.weights.round(3)
        array([0.956, 0.044])
    """

    low: Scalar = parameter(REAL)
    high: Scalar = parameter(REAL)

    has_line = False  # its density jumps where an end moves past an observation

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.shares:
            name = next(iter(self.shares))
            raise ValueError(
                f"Uniform: {name} cannot be Shared, since the likelihood jumps where "
                f"an end moves; give its value, or leave {name} out in each"
            )
        if not self.blanks and not self.given("low") < self.given("high"):
            raise ValueError(
                f"Uniform: low must be below high, got low = {self.low} and high = "
                f"{self.high}; for a single value use PointMass"
            )

    @property
    def support(self) -> str:  # type: ignore[override]
        """The support in words."""
        if self.low is None and self.high is None:
            return "finite numbers"
        if self.high is None:
            return f"numbers not below {self.low:g}"
        if self.low is None:
            return f"numbers not above {self.high:g}"
        return f"numbers from {self.low:g} to {self.high:g}"

    @property
    def ends(self) -> tuple[float, float]:
        """low and high."""
        return self.given("low"), self.given("high")

    def inside(self, x: Array) -> NDArray[np.bool_]:
        """Which observations lie between the ends that are given."""
        low = -math.inf if self.low is None else self.given("low")
        high = math.inf if self.high is None else self.given("high")
        inside: NDArray[np.bool_] = (x >= low) & (x <= high)
        return inside

    def bind(self, x: Array) -> Callable[[Self], Array]:
        """-log(high - low) inside."""

        def log_prob(filled: Self) -> Array:
            width = filled.given("high") - filled.given("low")
            return np.where(filled.inside(x), -math.log(width), -np.inf)

        return log_prob

    def density(self, prepared: Any) -> Array:
        """The log-densities."""
        return self.bind(prepared)(self)

    def _search(
        self, x: Array, weight: Array, start: Self | None, extent: Any
    ) -> dict[str, Any]:
        low = float(x.min()) if self.low is None else self.given("low")
        high = float(x.max()) if self.high is None else self.given("high")
        if not low < high:
            raise CollapseError(
                f"Uniform collapsed on x = {low:g}: low and high must be learned from "
                "values that differ; give low and high, or use PointMass"
            )
        return {"low": low, "high": high}

    fits_exactly = True
    has_moves = True

    @property
    def edges_move(self) -> bool:  # type: ignore[override]
        """True where an end is blank."""
        return bool(self.blanks)

    def moves(self, filled: Self, x: Array, weight: Array) -> Iterator[Self]:
        """An end at other observations, outwards and inwards."""
        places = np.sort(x[self.inside(x)])
        low, high = filled.given("low"), filled.given("high")
        if self.low is None:
            for end in ends_beside(places, low):
                if end != low and end < high:
                    yield filled.filled({"low": end})
        if self.high is None:
            for end in ends_beside(places, high):
                if end != high and end > low:
                    yield filled.filled({"high": end})

    def stretched(self, filled: Self, x: Array) -> Self:
        """The ends that are blank moved outwards to these observations."""
        ends = {
            "low": min(filled.given("low"), float(x.min())),
            "high": max(filled.given("high"), float(x.max())),
        }
        return filled.filled({name: ends[name] for name in self.blanks})

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        return rng.uniform(self.given("low"), self.given("high"), n)

    def moments(self) -> tuple[float, float]:
        """E[x] = (low + high) / 2 and Var[x] = (high - low)^2 / 12."""
        low, high = self.given("low"), self.given("high")
        return 0.5 * low + 0.5 * high, (high - low) ** 2 / 12

    def _cdf(self, x: Array) -> Array:
        low, high = self.given("low"), self.given("high")
        return (np.clip(x, low, high) - low) / (high - low)

    def _sf(self, x: Array) -> Array:
        low, high = self.given("low"), self.given("high")
        return (high - np.clip(x, low, high)) / (high - low)

    def _quantile(self, q: Array) -> Array:
        low, high = self.given("low"), self.given("high")
        return low + q * (high - low)
