"""Steps longer than those of EM, kept if they rise.

An EM step aside, f(x) = G(x) - x on the line, is 0 at the limit. From how f changed
over the last moves its derivative is known along them, and so is where f would be 0
there: that is Anderson's extrapolation. Where the derivative says that steps grow, as
on a plateau beside a saddle, that place is behind; the step then goes as far ahead.

Sources: Anderson (1965); Henderson and Varadhan (2019) for EM; Dauphin et al. (2014)
for steps off a saddle.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from mixnotes.data.check import CollapseError
from mixnotes.fitting.blocks.base import RecentreError
from mixnotes.fitting.distance import length
from mixnotes.fitting.run import OUT_OF_FLOATS, Run
from mixnotes.numeric.arrays import Array

_MEMORY = 30  # moves that are remembered
_LONGER = 4.0  # by which the longest step grows and shrinks, in steps of EM
_FIRST = 16.0  # the longest at the beginning
_SAME = 1e-7  # of the largest; directions less apart are one
_SHRINKS = 0.5  # of the step of EM before
_ROUND = 25  # proposals in a row, before a step of EM is looked at again


class Accelerator:
    """What is known of how steps of EM change, and how far to trust it."""

    def __init__(self) -> None:
        self.moves: deque[Array] = deque()
        self.changes: deque[Array] = deque()
        self.last: tuple[Array, Array] | None = None
        self.longest = _FIRST
        self.rests = False  # nothing is gained: look at steps of EM first
        self.doubts = False  # did the log-likelihood not tell whether one helped?
        self.size = math.inf  # of the last step of EM that was looked at

    def elsewhere(self) -> Accelerator:
        """What is known of the same model, for a run on more of the data."""
        found = Accelerator()
        found.moves, found.changes = self.moves.copy(), self.changes.copy()
        return found

    def step(self, run: Run) -> None:
        """Some proposals in a row, while they rise and are not yet near."""
        if self.rests and not run.trail.has_three:
            return
        self.rests = False
        for _ in range(_ROUND):
            if run.steps_left <= 0 or self.rests or not self._proposes(run):
                return

    def _proposes(self, run: Run) -> bool:
        """Extrapolate once; was it kept?"""
        engine = run.engine
        try:
            here = engine.vector.unconstrain(run.current)
            reached = engine.m_step(run.statistics, run.current)
            aside = engine.vector.unconstrain(reached) - here
            self._remember(here, aside)
            if not self.moves or self._stalls(aside):
                return False
            move, bound, rate = self._move(aside)
            proposal = run.proposal(here + move)
        except (*OUT_OF_FLOATS, RecentreError, CollapseError):
            self._forget()
            return False
        values = engine.vector.learned_values
        before, height = values(run.current), run.log_likelihood
        kept = run.keep_if_it_rises(proposal)
        run.history.append(run.log_likelihood)
        if not kept:
            self.longest = max(self.longest / _LONGER, 2.0)
            return False
        run.tell()
        if bound:
            self.longest *= _LONGER
        self.doubts = run.log_likelihood - height <= run.resolution
        if not (self.doubts or bound):  # plain steps that are few may not show it
            run.distance.slowest = max(run.distance.slowest, rate)
        self.rests = length(values(run.current) - before) <= run.settings.tol
        return True

    def _stalls(self, aside: Array) -> bool:
        """Where the log-likelihood can no longer tell: has the step of EM stopped
        shrinking?"""
        before, self.size = self.size, length(aside)
        self.rests = self.doubts and self.size > _SHRINKS * before
        self.doubts = False
        return self.rests

    def _remember(self, here: Array, aside: Array) -> None:
        if self.last is not None:
            move, change = here - self.last[0], aside - self.last[1]
            size = length(move)
            if size > 0:
                if len(self.moves) == min(_MEMORY, len(move)):
                    self.moves.popleft()
                    self.changes.popleft()
                self.moves.append(move / size)
                self.changes.append(change / size)
        self.last = here, aside

    def _forget(self) -> None:
        self.moves.clear()
        self.changes.clear()
        self.last = None

    def _move(self, aside: Array) -> tuple[Array, bool, float]:
        """The step to where nothing moves along what is known; is it cut to the
        longest? And the rate of the slowest direction in which steps shrink."""
        left, size, right = np.linalg.svd(np.array(self.moves).T, full_matrices=False)
        known = size > _SAME * size[0]
        basis = left[:, known]
        back = right[known].T / size[known]
        derivative = basis.T @ (np.array(self.changes).T @ back)
        rates, modes = np.linalg.eig(derivative)
        within = basis.T @ aside
        parts = np.linalg.solve(modes, within.astype(modes.dtype))
        sizes = np.abs(rates)
        least = 1 / self.longest
        cut = sizes < least
        ahead = 1 / np.maximum(sizes, least)
        shrinks = (rates.real < 0) & ~cut
        factors = np.where(shrinks, -1 / np.where(shrinks, rates, 1.0), ahead)
        move = (modes @ (factors * parts)).real
        slowest = float(np.max(1 + rates.real[shrinks], initial=0.0))
        return aside + basis @ (move - within), bool(cut.any()), slowest
