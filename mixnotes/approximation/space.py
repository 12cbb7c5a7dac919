"""Where a density lies, the line or the plane, as the search sees it."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from mixnotes.approximation.descent import Nodes
from mixnotes.approximation.gaussians import Gaussians
from mixnotes.numeric.arrays import Array

Gap = tuple[float, Array, Array]  # a probability, a mean, a factor


class Space(Protocol):
    """The line or the plane, with a density on it: nodes to fit on, others to measure
    on, and starts.

    d: its dimension. most: how many components are allowed where only a tolerance is
    given. notes: what was done to the density.
    """

    d: int
    most: int
    notes: tuple[str, ...]

    def density(self, x: Array) -> Array:
        """The normalised density, shape (n,)."""

    def interval(self) -> Any:
        """The place of all but a thousandth of the density, (low, high), or a pair of
        those.
        """

    def draw(self, n: int, rng: np.random.Generator) -> Array:
        """n independent draws from the density."""

    def limits(self, norm: str, tolerance: float | None) -> tuple[str, ...]:
        """Notes on what no mixture can do for this density; an error where none can
        keep the tolerance.
        """

    def start(self) -> Gaussians:
        """One normal to begin with."""

    def nodes(self, mixture: Gaussians, goal: float) -> Nodes:
        """Nodes to fit on, with which an integral is right to about `goal`."""

    def measure(self, mixture: Gaussians, norm: str) -> float:
        """The distance, on nodes that no fit sees."""

    def can_certify(self, norm: str) -> bool:
        """True where an error in this norm can be proved."""

    def certify(self, mixture: Gaussians, sharp: float) -> float | None:
        """A proved bound on the L1 error, about `sharp` above the true one, or None."""

    def gaps(self, mixture: Gaussians, nodes: Nodes) -> list[Gap]:
        """Where the mixture is too low, the largest probability first."""

    def ladder(self, mixture: Gaussians) -> Gaussians | None:
        """One normal more, all of them about a common centre; None where there is no
        centre.
        """
