"""Noise: observations that belong to no group, anywhere in the region of the data."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mixnotes.components.family import Family
from mixnotes.data.check import as_data
from mixnotes.numeric.arrays import Array


@dataclass(frozen=True, repr=False, eq=False)
class Noise(Family):
    """p(x) = 1 / volume, for numbers and for rows: a Poisson process of points that
    belong to no group, beside components that do.

    It keeps a few odd rows from becoming, or widening, a component. The volume is that
    of the region in which the data were taken; `Noise()` takes the smaller of two boxes
    about the data, one along the columns and one along their principal axes, as
    mclust's `hypvol` does. On the line `Uniform(low, high)` says the same with ends.

    Source: Banfield and Raftery (1993); Fraley and Raftery (2002), section 5.

    Args:
        volume: the length, area or volume of the region, above 0, in the unit of the
            data to the power of their dimension; from the data if left out.

    Examples:
        >>> import mixnotes as mx
        >>> light = mx.datasets.newcomb()["deviation"]
        >>> fit = mx.em(mx.Mixture([mx.Normal(), mx.Noise()]), light)
        >>> print(fit.mixture.weights.round(2), fit.mixture.components[1])
        [0.95 0.05] Noise(volume=84)
    """

    volume: float | None = None

    support = "finite numbers, or rows of them"

    def __post_init__(self) -> None:
        if self.volume is None:
            return
        number = isinstance(self.volume, int | float | np.number)
        if not number or isinstance(self.volume, bool) or not 0 < self.volume < np.inf:
            raise ValueError(
                "Noise: volume must be a number above 0, that of the region in which "
                f"x was taken, got {self.volume!r:.80}; leave it out to have it taken "
                "from the data"
            )
        object.__setattr__(self, "volume", float(self.volume))

    @property
    def needs_levels(self) -> bool:  # type: ignore[override]
        """Must the data say how large their region is?"""
        return self.volume is None

    def with_levels(self, x: Any) -> Self:
        """The same noise in the region of these data."""
        if self.volume is not None:
            return self
        return type(self)(region_of(self._rows(x)))

    def _rows(self, x: Any) -> Array:
        return as_data(x)

    def inside(self, x: Array) -> NDArray[np.bool_]:
        """All observations."""
        return np.ones(len(x), dtype=bool)

    def bind(self, x: Array) -> Callable[[Self], Array]:
        """-log volume."""
        return lambda filled: np.full(len(x), -math.log(filled._known()))

    def _known(self) -> float:
        if self.volume is None:
            raise ValueError(
                "Noise() takes its volume from the data that a mixture is fitted to, "
                "and has seen none; give it: Noise(volume=...)"
            )
        return self.volume

    def _learn(self, x: Array, weight: Array) -> dict[str, Any]:
        return {}

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        raise TypeError(
            "Noise says how large its region is and not where, so nothing can be "
            "drawn; for draws on the line take Uniform(low, high)"
        )

    def described(self, template: Self) -> str:
        """As it prints itself: the volume may be that of the data."""
        return repr(self)

    @property
    def has_moments(self) -> bool:
        """Not without a place."""
        return False

    def moments(self) -> tuple[float, float]:
        """Not without a place: an error that says what to take."""
        raise TypeError(
            "Noise says how large its region is and not where, so it has no mean; on "
            "the line take Uniform(low, high)"
        )


def region_of(x: Array) -> float:
    """The volume of the smaller of two boxes about some rows, (n,) or (n, d)."""
    rows = x.reshape(len(x), -1)
    centred = rows - rows.mean(axis=0)
    scale = centred.std(axis=0)
    if not (scale > 0).all():
        raise ValueError(
            "Noise: the data must vary in every column for their region to have a "
            f"volume, got column {int(np.argmin(scale > 0))} all equal; leave it out, "
            "or give the volume"
        )
    axes = np.linalg.svd(centred, full_matrices=False)[2]
    whole = len(axes) == rows.shape[1]
    turned = [rows, centred @ axes.T] if whole else [rows]
    logs = [np.log(np.maximum(np.ptp(box, axis=0), 1e-300)).sum() for box in turned]
    volume = math.exp(min(logs)) if min(logs) < 700 else math.inf
    if not 0 < volume < math.inf:
        raise ValueError(
            "Noise: the volume of the region of the data must be a float, got one of "
            f"exp({min(logs):.0f}); rescale the columns, or take fewer"
        )
    return volume
