"""From a start to the nearest mixture, in Hellinger's distance and then in the norm.

Hellinger's distance is smooth and sees tails, so it goes first. The L1 distance has a
corner wherever the curves cross: it is approached through smooth functions with ever
smaller roundings of these corners.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mixnotes.approximation.descent import (
    Loss,
    Nodes,
    absolute,
    descend,
    divergence,
    hellinger,
    means_of,
    power,
)
from mixnotes.approximation.distance import finish, pointwise
from mixnotes.approximation.gaussians import Gaussians
from mixnotes.approximation.space import Space
from mixnotes.numeric.arrays import Array

Aim = Callable[[Gaussians], Loss]
Found = tuple[float, Gaussians]  # an error, and the mixture that has it
_TINY = 1e-6  # nodes for an error ten times this want exact steps


class Polish:
    """Steps that bring a mixture nearer to a density in one norm."""

    def __init__(self, space: Space, norm: str) -> None:
        self.space, self.norm = space, norm

    def rough(self, mixture: Gaussians, nodes: Nodes) -> float:
        """The distance on the nodes of the fit."""
        cost = pointwise(self.norm, nodes.f, mixture, nodes.x)
        if self.norm == "sup":
            return float(cost.max())
        return finish(self.norm, float(nodes.w @ cost))

    def settled(
        self, firsts: list[Gaussians], goal: float, keep: int = 2, rounds: int = 8
    ) -> Gaussians:
        """The best mixture from some starts: each takes a few steps, the `keep` best go
        on to the end.
        """
        near = []
        for first in firsts:
            nodes = self.space.nodes(first, goal)
            near.append(self._nearer(first, nodes, 15, 1e-3, goal < _TINY))
        near.sort(key=lambda found: found[0])
        ends = [self._polished(start, goal, rounds) for _, start in near[:keep]]
        return min(ends, key=lambda found: found[0])[1]

    def _polished(self, mixture: Gaussians, goal: float, rounds: int) -> Found:
        nodes, exact = self.space.nodes(mixture, goal), goal < _TINY
        _, mixture = self._nearer(mixture, nodes, 30, 1e-4, exact)
        aims = self._aims(nodes, 0.75, rounds)
        return self._turned(mixture, nodes, aims, exact=exact)

    def _nearer(
        self, mixture: Gaussians, nodes: Nodes, steps: int, gain: float, exact: bool
    ) -> Found:
        """A mixture nearer in Hellinger's distance, unless it is further away in the
        norm.
        """
        moved = descend(mixture, nodes, hellinger(), steps, gain, exact=exact)
        ends = [(self.rough(end, nodes), end) for end in (moved, mixture)]
        return min(ends, key=lambda found: found[0])

    def _turned(
        self,
        mixture: Gaussians,
        nodes: Nodes,
        aims: list[Aim],
        steps: int = 20,
        gain: float = 1e-4,
        patience: int = 2,
        **how: Any,
    ) -> Found:
        """The mixture after lowering one aim after another; the best of those on the
        way.
        """
        best, idle = (self.rough(mixture, nodes), mixture), 0
        for aim in aims:
            mixture = descend(mixture, nodes, aim(mixture), steps, gain, **how)
            error = self.rough(mixture, nodes)
            idle = 0 if error < 0.995 * best[0] else idle + 1
            if error < best[0]:
                best = error, mixture
            if idle == patience:
                break
        return best

    def sharpened(self, mixture: Gaussians, goal: float) -> list[Gaussians]:
        """The mixture after many small steps more, which pay where the error is tiny
        already. A density with a centre is also tried with normals that all stay at it.
        """
        firsts: list[tuple[Gaussians, Array | None]] = [(mixture, None)]
        ladder = self._scale_mixture(mixture.K, goal)
        if ladder is not None:
            firsts.append((ladder, means_of(ladder)))
        sharp = []
        for first, still in firsts:
            nodes = self.space.nodes(first, goal)
            aims = self._aims(nodes, 30.0, 14)
            turned = self._turned(first, nodes, aims, 100, 1e-7, 14, still=still)
            sharp.append(turned[1])
        return sharp

    def _scale_mixture(self, K: int, goal: float) -> Gaussians | None:
        """K normals about the centre of a symmetric density, one after another."""
        mixture = self.space.start()
        while mixture.K < K:
            ladder = self.space.ladder(mixture)
            if ladder is None:
                return None
            mixture = self.centred(ladder, goal, 100, 1e-6)
        return self.centred(mixture, goal, 200, 1e-9)

    def centred(
        self, ladder: Gaussians, goal: float, steps: int = 40, gain: float = 1e-3
    ) -> Gaussians:
        """A mixture nearer in Hellinger's distance, with all means left where they
        are.
        """
        nodes, still = self.space.nodes(ladder, goal), means_of(ladder)
        return descend(ladder, nodes, hellinger(), steps, gain, still)

    def _aims(self, nodes: Nodes, wide: float, rounds: int) -> list[Aim]:
        """The functions to lower, one after another, on the way to the norm."""
        if self.norm == "hellinger":
            return [lambda mixture: hellinger()]
        if self.norm == "KL":
            return [lambda mixture: divergence()]

        def rounded(share: float) -> Aim:
            def aim(mixture: Gaussians) -> Loss:
                g = mixture.density(nodes.x)
                error = float(nodes.w @ np.abs(nodes.f - g))
                return absolute(share * error * np.maximum(nodes.f + g, 1e-140))

            return aim

        def largest(exponent: float) -> Aim:
            def aim(mixture: Gaussians) -> Loss:
                gap = np.abs(nodes.f - mixture.density(nodes.x)).max()
                return power(exponent, float(gap))

            return aim

        if self.norm == "L1":
            return [rounded(wide * 0.5**halving) for halving in range(rounds)]
        return [largest(exponent) for exponent in (4, 8, 16, 32, 64)]


def goal_of(error: float, tolerance: float | None) -> float:
    """How exact the nodes of a fit must be, as an error of their integral."""
    return 0.1 * max(min(error, tolerance or error), 1e-10)
