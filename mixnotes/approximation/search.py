"""The growth of a mixture from one component to enough, and back to as few.

Each step puts components where the density is above the mixture, or cuts those with
most of the error under them, and polishes what comes out. Li and Barron (1999) show
that greedy growth is enough in principle.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from mixnotes.approximation.descent import Nodes
from mixnotes.approximation.gaussians import Gaussians
from mixnotes.approximation.polish import Found, Polish, goal_of
from mixnotes.approximation.space import Space

Show = Callable[[int, float], None]
_SINGLY = 12  # components up to which one is added at a time
_FINE = 5e-6  # a tolerance below which a quick polish would mislead the search
_ROOM = 0.95  # of the tolerance, where the rest is for the proof


class Search:
    """The growth of a mixture; `path` has the best (error, mixture) for each K on the
    way.
    """

    def __init__(
        self, space: Space, norm: str, tolerance: float | None, most: int
    ) -> None:
        self.space, self.norm, self.most = space, norm, most
        self.tolerance = tolerance
        if tolerance is not None and space.can_certify(norm):
            self.tolerance = _ROOM * tolerance
        self.polish = Polish(space, norm)
        self.path: dict[int, Found] = {}
        self.why = f"{most} components were allowed"

    def run(self, show: Show) -> Gaussians:
        """The mixture, grown until it keeps the tolerance or has as many components as
        allowed.
        """
        start = self.polish.settled([self.space.start()], goal_of(0.5, self.tolerance))
        error, mixture = self._note(start, show)
        while not self._enough(error) and self.most > mixture.K:
            if self._stalled():
                self.why = f"the search gained no more from {mixture.K} components on"
                break
            error, mixture = self._note(self._grown(mixture, error), show)
        if self.tolerance is None:
            return self._best_of_so_many(error, mixture, show)
        if self._enough(error):
            return self._pruned(mixture, error, show)
        return min(self.path.values(), key=lambda found: found[0])[1]

    def _note(self, mixture: Gaussians, show: Show) -> Found:
        """Keep this mixture in `path` if it is the best so far with as many
        components.
        """
        found = self.space.measure(mixture, self.norm), mixture
        kept = self.path.get(mixture.K)
        if kept is None or found[0] < kept[0]:
            self.path[mixture.K] = found
        show(mixture.K, self.path[mixture.K][0])
        return self.path[mixture.K]

    def _enough(self, error: float) -> bool:
        return self.tolerance is not None and error <= self.tolerance

    def _stalled(self) -> bool:
        errors = [error for _, (error, _) in sorted(self.path.items())]
        return (self.tolerance is not None and len(errors) > 8
                and errors[-1] > 0.98 * errors[-6])  # fmt: skip

    def _more(self, K: int, error: float) -> int:
        """How many components to add: one, or most of those that are missing judging by
        the last gains; without a tolerance an eighth of what there are.
        """
        if self.tolerance is None or self.tolerance < _FINE:
            more = 1 if K < _SINGLY else K // 8
            return min(max(more, 1), self.most - K)
        last = max((k for k in self.path if k < K), default=0)
        rate = math.log(self.path[last][0] / error) / (K - last) if last else 0.0
        missing = math.log(error / self.tolerance) / rate if rate > 0 else 1.0
        more = int(min(0.7 * missing, K / 3))
        return min(max(more, 1), self.most - K)

    def _grown(self, mixture: Gaussians, error: float) -> Gaussians:
        goal, more = goal_of(error, self.tolerance), self._more(mixture.K, error)
        nodes = self.space.nodes(mixture, goal)
        gaps = self.space.gaps(mixture, nodes)
        heavy = _blame(mixture, nodes)
        if more > 1:
            joined, split = mixture, mixture
            for gap in gaps[:more]:
                joined = joined.joined(*gap)
            for k in heavy[:more]:
                split = split.split(k, 0)
            return self._settled([joined, split], goal)
        firsts = [mixture.joined(*gap) for gap in gaps[:3]]
        firsts += [
            mixture.split(k, axis) for k in heavy[:4] for axis in range(mixture.d)
        ]
        ladder = self.space.ladder(mixture)
        if ladder is not None:
            firsts.append(self.polish.centred(ladder, goal))
        return self._settled(firsts, goal)

    def _settled(self, firsts: list[Gaussians], goal: float) -> Gaussians:
        """The best of some starts, polished to the end; only a little where the
        tolerance is kept already or is far away.
        """
        if self.tolerance is None or self.tolerance < _FINE:
            return self.polish.settled(firsts, goal)
        quick = self.polish.settled(firsts, goal, keep=1, rounds=3)
        error = self.polish.rough(quick, self.space.nodes(quick, goal))
        if not self.tolerance < error < 1.15 * self.tolerance:
            return quick
        return self.polish.settled([quick], goal)

    def _pruned(self, mixture: Gaussians, error: float, show: Show) -> Gaussians:
        """The mixture with as few components as still keep the tolerance: they are
        dropped one at a time.
        """
        while mixture.K > 1:
            fewer = self._lesser(mixture, goal_of(error, self.tolerance))
            error, fewer = self._note(fewer, show)
            if not self._enough(error):
                break
            mixture = fewer
        return mixture

    def _best_of_so_many(self, error: float, mixture: Gaussians, show: Show
                         ) -> Gaussians:  # fmt: skip
        """The best mixture with this many components: one is dropped and another put
        elsewhere, as long as that lowers the error; then small steps.
        """
        K = mixture.K
        for _ in range(3 if K > 1 else 0):
            _, fewer = self._note(self._lesser(mixture, goal_of(error, None)), show)
            reached, mixture = self._note(self._regrown(fewer, error), show)
            if reached > 0.99 * error:
                break
            error = reached
        error, mixture = self.path[K]
        goal = goal_of(error, None)
        if 1e-12 < error < 1e-5:
            for sharp in self.polish.sharpened(mixture, goal / 10):
                self._note(sharp, show)
        return self.path[K][1]

    def _regrown(self, fewer: Gaussians, error: float) -> Gaussians:
        most, self.most = self.most, fewer.K + 1
        grown = self._grown(fewer, error)
        self.most = most
        return grown

    def _lesser(self, mixture: Gaussians, goal: float) -> Gaussians:
        """The best mixture found with one component less. One of the lightest is
        dropped, or two neighbours are merged; the few tries nearest to the density are
        polished.
        """
        order = [int(k) for k in np.argsort(mixture.weights, kind="stable")]
        lesser = [mixture.without(k) for k in order[:3]]
        for j in order[:4] if mixture.d > 1 else range(mixture.K):
            others = [k for k in range(mixture.K) if k != j]
            apart = np.linalg.norm(mixture.means[others] - mixture.means[j], axis=1)
            lesser.append(mixture.merged(j, others[int(np.argmin(apart))]))
        nodes = self.space.nodes(mixture, goal)
        lesser.sort(key=lambda fewer: self.polish.rough(fewer, nodes))
        return self._settled(lesser[:4], goal)


def _blame(mixture: Gaussians, nodes: Nodes) -> list[int]:
    """The components in order, the one with most of the error under it first."""
    parts, _ = mixture.parts(nodes.x)
    g = parts.sum(axis=0)
    gap = nodes.w * np.abs(nodes.f - g) / np.maximum(g, 1e-300)
    return [int(k) for k in np.argsort(-(parts @ gap), kind="stable")]
