"""A normalised density on the line, cut into panels on which it is smooth."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from mixnotes.numeric.arrays import Array

Function = Callable[[Array], Array]


class Jump(NamedTuple):
    """A place where the density jumps, and its limits on either side."""

    place: float
    left: float
    right: float

    @property
    def size(self) -> float:
        """Its height."""
        return abs(self.right - self.left)


@dataclass(frozen=True)
class Target:
    """A normalised density on the line.

    pdf and cdf take and give shape (n,); cdf is None where it is not known. low and
    high are the panels' ends, masses their probabilities. poles are places where it
    grows without bound. variation and curvature are bounds on the integrals of |f'| and
    |f''|, or None.
    """

    pdf: Function
    support: tuple[float, float]
    low: Array
    high: Array
    masses: Array
    cdf: Function | None = None
    variation: float | None = None
    curvature: float | None = None
    jumps: tuple[Jump, ...] = ()
    poles: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()

    def quantile(self, u: Array) -> Array:
        """The places where the distribution function is u, taken as straight within
        panels.
        """
        x, mass = self._ladder
        return np.interp(np.asarray(u) * mass[-1], mass, x)

    @cached_property
    def _ladder(self) -> tuple[Array, Array]:
        fine = np.linspace(0, 1, 33)
        x = self.low[:, None] + (self.high - self.low)[:, None] * fine
        middle = 0.5 * (x[:, 1:] + x[:, :-1])
        rough = self.pdf(middle.ravel()).reshape(middle.shape) * np.diff(x, axis=1)
        sums = rough.sum(axis=1, keepdims=True)
        equal = np.full(rough.shape, 1 / rough.shape[1])
        share = np.divide(rough, sums, out=equal, where=sums > 0)
        mass = np.cumsum(share * self.masses[:, None])
        return np.append(x[0, 0], x[:, 1:].ravel()), np.append(0.0, mass)

    @property
    def largest_jump(self) -> Jump | None:
        """The jump of largest height; None where the density is continuous."""
        return max(self.jumps, key=lambda jump: jump.size, default=None)

    def centre_scale(self) -> tuple[float, float]:
        """The median, and a standard deviation from the quartiles, half the range
        between them over 0.674.
        """
        first, median, third = self.quantile(np.array([0.25, 0.5, 0.75]))
        return float(median), float(third - first) / 1.349

    def has_second_moment(self) -> bool:
        """True where x^2 f(x) has a finite integral, judging by how the far tails
        fall.
        """
        centre, scale = self.centre_scale()
        for side, end in ((-1, self.support[0]), (1, self.support[1])):
            if math.isfinite(end):
                continue
            far = centre + side * scale * np.exp2(np.arange(8.0, 200.0))
            values = self.pdf(far)
            far, values = far[values > 1e-280], values[values > 1e-280]
            share = np.abs(far - centre) ** 3 * values  # of the moment, to each octave
            if len(share) > 10 and (share[-9:] >= 0.999 * share[-10:-1]).all():
                return False
        return True
