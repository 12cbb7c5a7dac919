"""Where a density lies, the line or the plane, as the search sees it."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from mixnotes.approximation.descent import Nodes
from mixnotes.approximation.gaussians import Gaussians
from mixnotes.numeric.arrays import Array

Gap = tuple[float, Array, Array]  # a probability, a mean, a factor


class Space(Protocol):
    """`Line` or `Plane`: nodes to fit on, others to measure on, and starts.

    d: its dimension. most: components, where only a tolerance is given. notes: what
    was done to the density.
    """

    d: int
    most: int
    notes: tuple[str, ...]

    def density(self, x: Array) -> Array:
        """The normalised density, shape (n,)."""

    def interval(self) -> Any:
        """Where to look."""

    def draw(self, n: int, rng: np.random.Generator) -> Array:
        """n independent draws from the density."""

    def limits(self, norm: str, tolerance: float | None) -> tuple[str, ...]:
        """Raise an error where no mixture can do it; say what the limit is."""

    def start(self) -> Gaussians:
        """One normal."""

    def nodes(self, mixture: Gaussians, goal: float) -> Nodes:
        """To fit on, with an error of the integral of about `goal`."""

    def measure(self, mixture: Gaussians, norm: str) -> float:
        """The distance, on nodes that no fit sees."""

    def can_certify(self, norm: str) -> bool:
        """Can an error in this norm be proved?"""

    def certify(self, mixture: Gaussians, sharp: float) -> float | None:
        """The certified L1 error, above the true one by `sharp` or so, or None."""

    def gaps(self, mixture: Gaussians, nodes: Nodes) -> list[Gap]:
        """Where the mixture is too low, the largest probability first."""

    def ladder(self, mixture: Gaussians) -> Gaussians | None:
        """One more normal, all about a common centre, or None where there is none."""
