"""A place and a spread whose log-density is concave: Newton steps find both."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any

import numpy as np

from mixnotes.families.search import LocationScale
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.newton import Slopes, newton

_LEAST = 1e-150  # a spread from which a climb may start: its square is a number


class LogConcave(LocationScale):
    """A family of a place and a spread whose standard log-density g is concave.

    In a = 1 / spread and b = place / spread the log-likelihood, the mean of
    log a + g(a x - b), is concave: Newton steps, each halved until it rises, reach its
    only maximum.
    Source: Burridge (1981), for the concavity.
    """

    @abstractmethod
    def shape_of(self, z: Array) -> tuple[Array, Array, Array]:
        """g(z) and its first and second derivatives."""

    def shift_of(self, z: Array, share: Array) -> float:
        """The c for which the mean of g(z - c) is highest, where a formula gives it;
        else None.
        """
        return 0.0

    def _standard(
        self, y: Array, share: Array, fixed: dict[str, float], start: Any
    ) -> dict[str, float]:
        begin = {self.place: 0.0, self.spread: 1.0} | fixed
        a, place = 1 / begin[self.spread], begin[self.place]
        warm = None
        if start is not None and start[self.spread] > _LEAST:
            near, spread = float(start[self.place]), float(start[self.spread])
            warm = np.array([1 / spread, 0.0 if self.place in fixed else near / spread])
        if self.place in fixed:
            a, _ = self._climb(y - place, np.zeros_like(y), share, [a, 0.0], warm)
        elif self.spread in fixed:
            _, b = self._climb(np.zeros_like(y), np.ones_like(y), share,
                               [a, a * place], warm, a * y)  # fmt: skip
            place = b / a
        else:
            a, b = self._climb(y, np.ones_like(y), share, [a, a * place], warm)
            place = b / a
        return {self.place: place, self.spread: 1 / a} | fixed

    def _climb(
        self,
        y: Array,
        one: Array,
        share: Array,
        begin: list[float],
        warm: Array | None,
        offset: Array | float = 0.0,
    ) -> tuple[float, float]:
        """The a and b that maximise the mean of log a + g(offset + a y - b one).

        The climb starts from `warm`, or near `begin` where that is higher.
        """
        learns_a, learns_b = bool(y.any()), bool(one.any())
        design = np.stack([y, -one])  # (2, n)

        def height(at: Array) -> float:
            if learns_a and not at[0] > 0:
                return -math.inf
            with np.errstate(over="ignore", invalid="ignore"):
                value = share @ self.shape_of(offset + at @ design)[0]
            value += math.log(at[0]) if learns_a else 0.0
            return float(value) if math.isfinite(value) else -math.inf

        def placed(at: Array) -> Array:
            shift = self.shift_of(offset + at @ design, share) if learns_b else 0.0
            return np.array([at[0], at[1] + shift])

        point = placed(np.array(begin))
        here = height(point)
        while learns_a:  # until it is wide enough for all
            wider = placed(0.5 * point)
            there = height(wider)
            if here >= there > -math.inf:
                break
            point, here = wider, there
        if warm is not None and (there := height(warm)) > here:
            point, here = warm, there

        def slopes(at: Array) -> Slopes:
            _, first, second = self.shape_of(offset + at @ design)
            slope = design @ (share * first)
            curve = (design * (share * second)) @ design.T
            if learns_a:
                slope[0] += 1 / at[0]
                curve[0, 0] -= 1 / at[0] ** 2
            return Slopes(slope, curve)

        point = newton(height, slopes, point)
        return float(point[0]), float(point[1])
