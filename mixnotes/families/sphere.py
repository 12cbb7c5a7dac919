"""Directions in space: the von Mises-Fisher family."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixnotes.components.constraints import (
    CONCENTRATION,
    DIRECTION,
    Scalar,
    parameter,
)
from mixnotes.components.exponential import ExponentialFamily, Tie, Values
from mixnotes.data.check import CollapseError, as_count
from mixnotes.families.rows import (
    remembering_d,
    rows_of,
    state_without_d,
    with_dimension,
)
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.bessel import bessel_ratio, log_bessel

_UNIT = 1e-6  # how far from 1 the square of a length may be
_SHARPEST = 1e10  # a concentration beyond it is a component on one direction


@dataclass(frozen=True, repr=False, eq=False)
class VonMisesFisher(ExponentialFamily):
    """VonMisesFisher(mean, concentration) on directions, the rows of length 1 in d
    dimensions: p(x) is proportional to exp(concentration mean . x).

    For directions in space and for texts by the angles between them. The density is one
    over the surface of the sphere; `scipy.stats.vonmises_fisher` is the same.

    Source: Banerjee, Dhillon, Ghosh and Sra (2005); Mardia and Jupp (2000), section
    10.3.

    Args:
        mean: the middle direction, shape (d,), of length 1; blank if left out.
        concentration: 0 (all directions alike) or above, no unit; blank if left out.
        d: how many coordinates there are, the columns of x, 2 or more; if left out it
            is taken from mean or the data.

    Examples:
        >>> import mixnotes as mx
        >>> x = [[1.0, 0.0, 0.0], [0.8, 0.6, 0.0], [0.8, 0.0, 0.6]]
        >>> found = mx.VonMisesFisher().fit(x)
        >>> print(found.mean.round(3), round(found.concentration, 2))
        [0.951 0.219 0.219] 11.32
    """

    mean: Array | None = parameter(DIRECTION)  # (d,)
    concentration: Scalar = parameter(CONCENTRATION)
    d: int | None = None  # columns of x; known from mean or the data

    support = "rows of length 1"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.shares:
            raise ValueError(
                "VonMisesFisher: no parameter can be Shared, got "
                f"{', '.join(self.shares)}; give it, or leave it blank"
            )
        given = None if self._is_blank("mean") else len(self.given("mean"))
        for d in (self.d, given):
            if d is not None:
                as_count(d, "VonMisesFisher: d", 2)
        if None not in (given, self.d) and given != self.d:
            raise ValueError(
                "VonMisesFisher: mean must have one number a column, d = "
                f"{self.d}, got {given}; leave d out"
            )
        object.__setattr__(self, "d", self.d if given is None else given)

    @property
    def n_free(self) -> int:
        """How many numbers are blank: a direction is d - 1."""
        free = int(self._is_blank("concentration"))
        if not self._is_blank("mean"):
            return free
        if self.d is None:
            raise ValueError(
                "how many numbers are blank depends on the columns of x, and "
                "VonMisesFisher has no mean or d; give d, for example "
                "VonMisesFisher(d=3)"
            )
        return free + self.d - 1

    def size_of(self, name: str) -> int:
        """How many free numbers a blank parameter is."""
        return 1 if name == "concentration" else (self.d or 1) - 1

    def with_dimension(self, d: int) -> Self:
        """This component for data of d columns."""
        return with_dimension(self, d)

    def _rows(self, x: ArrayLike) -> Array:
        return rows_of(self, x)

    @property
    def fill_value(self) -> Array:
        """Along the first axis."""
        return np.eye(self.d or 2)[0]

    def inside(self, x: Array) -> NDArray[np.bool_]:
        """Which rows have length 1."""
        return np.asarray(np.abs((x * x).sum(axis=1) - 1) <= _UNIT)

    def check_support(self, x: Array, weight: Array) -> None:
        """Raise an error that names the first row of another length."""
        fine = self.inside(x) | (weight == 0)
        if not fine.all():
            i = int(np.argmin(fine))
            raise ValueError(
                f"VonMisesFisher: each row of x must have length 1, got x[{i}] of "
                f"length {np.linalg.norm(x[i]):.6g} ({int((~fine).sum())} of {len(x)} "
                "rows); divide by np.linalg.norm(x, axis=1, keepdims=True)"
            )

    def statistics(self, x: Array) -> Sequence[Array]:
        """The columns."""
        return list(x.T)

    def natural(self, values: Values) -> tuple[Sequence[Array], Array]:
        """concentration x mean, and the logarithm of the integral."""
        kappa, mean = values["concentration"], values["mean"]
        d = mean.shape[1]
        normaliser = np.array([_log_surface(d, float(k)) for k in kappa])
        return list((kappa[:, None] * mean).T), normaliser

    def learn(self, weight: Array, means: Array, tie: Tie) -> Values:
        """The direction of the mean row, and the concentration whose mean row is as
        long."""
        d, k = means.shape
        rows = np.where(weight > 0, means, np.eye(d)[:, :1]).T
        length = np.sqrt((rows * rows).sum(axis=1))
        mean = np.where(length[:, None] > 0, rows, np.eye(d)[:1])
        mean = mean / np.maximum(np.sqrt((mean * mean).sum(axis=1)), 1e-300)[:, None]
        mean = tie("mean", mean, weight)
        along = np.clip((rows * mean).sum(axis=1), 0.0, 1.0)
        known = tie.is_given("concentration", k)
        kappa = np.array(
            [1.0 if known[j] or not weight[j] > 0 else concentration_of(d, float(r))
             for j, r in enumerate(along)]
        )  # fmt: skip
        if (kappa > _SHARPEST).any():
            at = np.round(mean[int(np.argmax(kappa))], 6).tolist()
            raise CollapseError(
                f"VonMisesFisher collapsed on x = {at}: its concentration grew without "
                "bound; give concentration, or use fewer components"
            )
        return {"mean": mean, "concentration": tie("concentration", kappa, weight)}

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        mean, kappa = self.given("mean"), self.given("concentration")
        d = len(mean)
        across = rng.normal(size=(n, d))
        across -= (across @ mean)[:, None] * mean
        across /= np.linalg.norm(across, axis=1, keepdims=True)
        along = _drawn_along(d, kappa, n, rng)
        rows: Array = along[:, None] * mean
        rows += np.sqrt(np.maximum(1 - along * along, 0))[:, None] * across
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def moments(self) -> tuple[Any, Any]:
        """E[x], shape (d,), and the covariance matrix, shape (d, d)."""
        mean, kappa = self.given("mean"), self.given("concentration")
        d = len(mean)
        length = bessel_ratio(d / 2 - 1, kappa)
        aside = length / kappa if kappa > 1e-8 else 1 / d
        along = 1 - (d - 1) * aside - length * length
        outer = np.outer(mean, mean)
        return length * mean, aside * (np.eye(d) - outer) + along * outer

    def _state(self) -> dict[str, Any]:
        return state_without_d(self, super()._state(), "mean")

    def filled(self, values: dict[str, Any]) -> Self:
        """The same component with these parameters set."""
        return remembering_d(super().filled(values), values.get("mean"))


def _log_surface(d: int, kappa: float) -> float:
    """The logarithm of the integral of exp(kappa mean . x) over the sphere."""
    order = d / 2 - 1
    constant = 0.5 * d * math.log(2 * math.pi)
    if kappa < 1e-300:
        return constant - order * math.log(2) - math.lgamma(order + 1)
    return constant + log_bessel(order, kappa) - order * math.log(kappa)


def concentration_of(d: int, length: float) -> float:
    """The concentration whose mean has this length, from 0 to 1, by Newton from
    Banerjee's approximation."""
    if length <= 0:
        return 0.0
    rest = 1 - length * length
    if rest < 1e-11:
        return math.inf
    kappa = length * (d - length * length) / rest
    for _ in range(50):
        ratio = bessel_ratio(d / 2 - 1, kappa)
        slope = 1 - ratio * ratio - (d - 1) / kappa * ratio
        step = (length - ratio) / slope if slope > 0 else 0.0
        ahead = kappa + step if kappa + step > 0 else kappa / 2
        if abs(ahead - kappa) <= 1e-13 * kappa:
            return ahead
        kappa = ahead
    return kappa


def _drawn_along(d: int, kappa: float, n: int, rng: np.random.Generator) -> Array:
    """The coordinate along the mean, (n,), by rejection (Wood 1994)."""
    b = (d - 1) / (2 * kappa + math.sqrt(4 * kappa**2 + (d - 1) ** 2))
    middle = (1 - b) / (1 + b)
    top = kappa * middle + (d - 1) * math.log1p(-middle * middle)
    found = np.empty(n)
    left = np.arange(n)
    while len(left):
        z = rng.beta(0.5 * (d - 1), 0.5 * (d - 1), len(left))
        along = (1 - (1 + b) * z) / (1 - (1 - b) * z)
        height = kappa * along + (d - 1) * np.log1p(-middle * along) - top
        kept = height >= np.log(rng.random(len(left)))
        found[left[kept]] = along[kept]
        left = left[~kept]
    return found
