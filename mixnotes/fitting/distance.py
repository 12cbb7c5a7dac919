"""How near the limit is, as the steps of a run tell.

Near its limit EM shortens the distance by one rate a step, so that steps and their
ratio say how much is still to come: step x rate / (1 - rate).
"""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np

from mixnotes.fitting.engine import Engine
from mixnotes.fitting.vector import State
from mixnotes.numeric.arrays import Array

_EPS = float(np.finfo(float).eps)
_NOISE = 100 * _EPS  # relative; steps below it are rounding
_SEARCHED = 1e-9  # the same where a component's fit is itself a search
_LAST = 4 * _EPS  # relative; what rounding leaves of a step at the least
_CONFIRM = 5  # plain steps taken after an extrapolation before convergence is believed
_CONFIRM_COSTLY = 2  # the same where each step is a long search
_STANDS = 3  # steps of rounding alone after which a run is over
_AGREED = 0.03  # of 1 - rate; what rates of steps and of gains may differ by
_SETTLED = 0.01  # of 1 - rate; a rate that changes more from step to step says nothing
_NEAR = 1e-3  # gain a step; to extrapolate earlier can change the summit
_LOOK = 1e-6  # estimated gain still to come below which the distance is measured


def length(vector: Array) -> float:
    """The Euclidean norm."""
    return math.sqrt(vector.dot(vector))


def rounding_of(vector: Array) -> float:
    """The least length of a step to this vector that rounding leaves."""
    return _LAST * length(vector)


class Point:
    """Where a run was, and its learned values, which are looked at three times."""

    def __init__(self, engine: Engine, state: State) -> None:
        self.engine, self.state = engine, state

    @cached_property
    def values(self) -> Array:
        """Shape (p,)."""
        return self.engine.vector.learned_values(self.state)


class Trail:
    """The last three iterates that plain steps led to, one after another."""

    def __init__(self, engine: Engine, first: State) -> None:
        self.engine = engine
        self.older: tuple[Point, ...] = ()  # the one before those, and the next
        self.restart(first)

    def restart(self, state: State) -> None:
        """Begin anew where no plain step led to."""
        self.points = [Point(self.engine, state)]

    def add(self, state: State) -> None:
        """A plain step led here."""
        self.points.append(Point(self.engine, state))
        if len(self.points) > 3:
            self.older = self.points.pop(0), self.points[0]

    def keep_last(self) -> None:
        """Forget all but the last iterate."""
        del self.points[:-1]

    @property
    def has_three(self) -> bool:
        """Are there three plain iterates in a row?"""
        return len(self.points) == 3

    @property
    def has_four(self) -> bool:
        """Are there four, the one before these three with them?"""
        return self.has_three and self.older[1:] == (self.points[0],)

    def last_step(self) -> float:
        """How far the last plain step moved the learned values."""
        if len(self.points) < 2:
            return 0.0
        before, here = (point.values for point in self.points[-2:])
        return length(here - before)


class Distance:
    """The estimated distance to the limit, and what it is estimated from."""

    def __init__(self, engine: Engine, tol: float, costly: bool) -> None:
        self.engine, self.tol = engine, tol
        self.confirm = _CONFIRM_COSTLY if costly else _CONFIRM
        self.error = math.inf
        self.gain = math.inf  # of the last plain step
        self.near = False  # is a step's gain small enough to extrapolate?
        self.still = 0  # successive steps of rounding alone
        self.slowest = 0.0  # an extrapolated step hides the slow direction for a while

    @property
    def stands_still(self) -> bool:
        """Is all that steps still move rounding?"""
        return self.still >= _STANDS

    def compare(self, gain: float, trail: Trail, resolution: float) -> None:
        """How gains shrink says how far the log-likelihood still has to go."""
        before, self.gain = self.gain, gain
        self.near = gain < _NEAR
        if self.near and trail.has_three and gain > 100 * resolution:
            ratio = gain / before if before > 0 else math.inf
            if ratio < 1:
                self.slowest = max(self.slowest, math.sqrt(ratio))

    def has_arrived(self, trail: Trail, plain_steps: float, share: float = 1.0) -> bool:
        """Is the estimated distance to the limit within this share of tol, or rounding
        alone?

        Believed after some plain steps since the last extrapolation.
        """
        gain, rate = max(self.gain, 0.0), self.slowest**2
        if not self.near or gain * rate > _LOOK * (1 - rate):
            self.error, self.still = math.inf, 0
            return False
        self.measure(trail)
        if self.stands_still:
            return True
        return self.error <= share * self.tol and plain_steps >= self.confirm

    def measure(self, trail: Trail) -> None:
        """Estimate the distance to the limit, step x rate / (1 - rate); never less than
        what rounding hides of it, rounding / (1 - rate)."""
        if not trail.has_three:
            return
        a, b, c = (point.values for point in trail.points)
        before, step = length(b - a), length(c - b)
        rounding = rounding_of(c)
        if step <= self._noise(c):  # only the last bits move
            self.still += 1
            left = max(1 - self.slowest, _EPS)
            self.error = max(step, rounding) / left
            if self.error > 1:  # a rate of 1: where it is flat there is no limit
                self.error = math.inf
            return
        self.still = 0
        rate = step / before if before else math.inf
        if rate >= 1:  # still speeding up: no limit in sight
            self.error = math.inf
            return
        if self.near:
            self.slowest = max(self.slowest, rate)
        rate = max(rate, self.slowest)
        self.error = max(step * rate, rounding) / (1 - rate)

    def _noise(self, values: Array) -> float:
        """A step to these values that is no longer than this is rounding."""
        size = length(values)
        if self.engine.is_exact:
            return _NOISE * size
        # A place far from 0 is searched for about it.
        return max(4 * (_LAST * size), _SEARCHED * min(size, math.sqrt(len(values))))

    def error_if_settled(
        self, trail: Trail, history: list[float], resolution: float
    ) -> float:
        """The estimated distance where a run is cut off; infinite where the rate of the
        steps before has not settled, so that there is none to estimate it by."""
        if self.engine.model.n_free == 1:  # no other direction hides behind that rate
            return self.error
        if not trail.has_four:
            return math.inf
        o, a, b, c = (p.values for p in (trail.older[0], *trail.points))
        first, before, step = (float(np.linalg.norm(v)) for v in (a - o, b - a, c - b))
        if not first > 0 or not before > 0:
            return math.inf
        rate, change = step / before, step / before - before / first
        if not abs(change) <= _SETTLED * (1 - rate):
            return math.inf
        earlier, gain = np.diff(history[-3:])
        # Gains shrink by the rate squared, if it is one.
        if gain > 100 * resolution:
            apart = abs(math.sqrt(gain / max(earlier, gain)) - rate)
            if not apart <= _AGREED * (1 - rate):
                return math.inf
        return self.error
