"""Steps longer than those of EM, kept if they rise: SQUAREM's, and Newton's.

Source: Varadhan and Roland (2008).
"""

from __future__ import annotations

import math

import numpy as np

from mixnotes.fitting import information
from mixnotes.fitting.distance import length, rounding_of
from mixnotes.fitting.engine import Engine
from mixnotes.fitting.run import OUT_OF_FLOATS, Run
from mixnotes.fitting.vector import State
from mixnotes.numeric.arrays import Array

_LONGER = 4.0  # by which the longest SQUAREM step grows and shrinks
_SLOW = 0.95  # rate beyond which Newton steps are thought of
_COSTLY = 200  # E-steps that a Newton step may take
_PATIENCE = 50  # steps to wait after one that did not help; doubled each time


class Accelerator:
    """Which longer step is next, as those before it fared."""

    def __init__(self) -> None:
        self.longest = _LONGER  # more where such steps rise, less where not
        self.next_newton, self.patience = 0, _PATIENCE

    def step(self, run: Run) -> None:
        """A Newton step where it saves more than it costs, else one of SQUAREM."""
        if self.should_take_newton_step(run):
            self.newton_step(run)
        else:
            self.squarem_step(run)

    def squarem_step(self, run: Run) -> None:
        """Extrapolate from the last three iterates (SQUAREM); keep it if it rises."""
        if not run.trail.has_three or run.steps_left <= 0:
            return
        alpha = self.longest
        try:
            unconstrain = run.engine.vector.unconstrain
            a, b, c = (unconstrain(point.state) for point in run.trail.points)
            run.trail.keep_last()
            r, v = b - a, (c - b) - (b - a)
            curvature = float(np.linalg.norm(v))
            if curvature == 0:
                return
            alpha = max(float(np.linalg.norm(r)) / curvature, 1.0)
            alpha = min(alpha, self.longest)
            proposal = run.proposal(a + 2 * alpha * r + alpha**2 * v)
        except OUT_OF_FLOATS:
            run.history.append(run.log_likelihood)
            self.longest = max(alpha / _LONGER, 2.0)
            return
        if not run.keep_if_it_rises(proposal):
            self.longest = max(alpha / _LONGER, 2.0)
        elif alpha == self.longest:
            self.longest *= _LONGER
        run.history.append(run.log_likelihood)
        run.tell()

    def should_take_newton_step(self, run: Run) -> bool:
        """Would a Newton step cost less than what is saved by it?"""
        if not run.trail.has_three or len(run.history) < self.next_newton:
            return False
        a, b, c = (point.values for point in run.trail.points)
        step, before = length(c - b), length(b - a)
        rate = 1 - 1e-6
        if before:
            rate = min(max(step / before, run.distance.slowest), rate)
        if not rate > _SLOW:
            return False
        e_steps = 2 * len(run.engine.vector.unconstrain(run.current))
        if e_steps > _COSTLY or e_steps >= run.steps_left:
            return False
        error = step * rate / (1 - rate)
        least = max(run.settings.tol, rounding_of(c))
        to_come = math.log(max(error, least) / least) / -math.log(rate)
        return to_come > 15 * e_steps

    def newton_step(self, run: Run) -> None:
        """A Newton step to where a plain step stands still; kept if it rises."""
        point = run.engine.vector.unconstrain(run.current)
        e_steps = 2 * len(point) + 2
        run.history += e_steps * [run.log_likelihood]
        self.next_newton = len(run.history) + self.patience
        self.patience *= 2
        try:
            target = _standstill(run.engine, run.current, point)
            if target is None:
                return
            proposal = run.proposal(target)
        except OUT_OF_FLOATS:
            return
        if run.keep_if_it_rises(proposal):
            self.next_newton = len(run.history) + 5
            self.patience = _PATIENCE
        run.history[-1] = run.log_likelihood
        run.tell()


def _standstill(engine: Engine, here: State, point: Array) -> Array | None:
    """Where on the line a plain step would stand still, were it linear.

    None where plain steps do not shrink in every direction: only where they do is a
    maximum near, and no saddle.
    """
    step = information.step_of(engine, here)
    aside = step(point) - point
    derivative = information.derivative(step, point)
    if not np.abs(np.linalg.eigvals(derivative)).max() < 1:
        return None
    return point + np.linalg.solve(np.eye(len(point)) - derivative, aside)
