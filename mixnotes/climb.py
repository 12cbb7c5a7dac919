"""One start's climb: plain EM steps, extrapolated ones that are kept only if they rise,
and a stop on the estimated distance still to go.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mixnotes.check import Array
from mixnotes.component import CollapseError
from mixnotes.coordinates import Coordinates
from mixnotes.mixture import Mixture, expect
from mixnotes.sums import Rows

_CONFIRM = 10  # plain steps taken after an extrapolation before convergence is believed
_ROUNDING = 1e-12  # a fall by this share of the log-likelihood is rounding
_NOISE = 100 * float(np.finfo(float).eps)  # relative; steps below it are rounding
_NEAR = 1e-3  # gain a step; to extrapolate earlier can change the summit


@dataclass(frozen=True)
class End:
    """How one start ended."""

    mixture: Mixture
    log_likelihood: float
    history: Array  # log-likelihood at the start and after every step
    converged: bool
    reason: str
    error: float  # the estimated distance to the limit; inf if not seen
    collapsed: bool = False

    @property
    def steps(self) -> int:
        """How many steps were taken."""
        return len(self.history) - 1


@dataclass(frozen=True)
class Climb:
    """EM from given starts: the model, the data, and when to stop."""

    model: Mixture
    rows: Rows
    tol: float
    max_iter: int
    accelerate: bool

    def run(self, first: Mixture) -> End:
        """Climb from `first`."""
        return _Path(self, first).climb()


class _Path:
    """The state of one climb."""

    def __init__(self, climb: Climb, first: Mixture) -> None:
        self.model, self.rows, self.tol = climb.model, climb.rows, climb.tol
        self.max_iter = climb.max_iter
        self.coordinates = Coordinates(climb.model, climb.rows)
        self.log_joint = climb.model.bind_joint(climb.rows.x)
        self.extrapolates = climb.accelerate and self.coordinates.has_line
        self.current = first
        self.log_likelihood, self.joint = self.expect(first)
        self.history = [self.log_likelihood]
        self.trail = [first]  # successive plain iterates, the last three
        self.places = [self.place(first)]  # the same, in units of their own
        self.slowest = 0.0  # an extrapolated step hides the slow direction for a while
        self.error = math.inf
        self.near = False  # is a step's gain small enough to extrapolate?
        self.plain_since_jump = _CONFIRM

    def expect(self, mixture: Mixture) -> tuple[float, Array]:
        return expect(self.log_joint(mixture), self.rows.weight)

    def place(self, mixture: Mixture) -> Array:
        return self.coordinates.natural(mixture)

    def climb(self) -> End:
        while len(self.history) <= self.max_iter:
            before = self.log_likelihood
            try:
                stopped = self.plain_step()
            except CollapseError as collapse:
                return self.end(False, f"collapsed: {collapse}", collapsed=True)
            if stopped:
                return stopped
            if self.error <= self.tol and self.plain_since_jump >= _CONFIRM:
                return self.end(
                    True,
                    f"converged: estimated distance to the limit {self.error:.1e}",
                )
            self.near = self.log_likelihood - before < _NEAR
            if self.extrapolates and self.near and self.error > self.tol:
                self.jump()
        return self.end(
            False,
            f"not converged at max_iter = {self.max_iter}: estimated distance to the "
            f"limit {self.error:.1e}; raise max_iter",
        )

    def plain_step(self) -> End | None:
        """One EM step; an `End` where it lowers the log-likelihood."""
        candidate = self.model.maximise(self.rows.x, self.joint, self.current)
        log_likelihood, joint = self.expect(candidate)
        fall = self.log_likelihood - log_likelihood
        if not fall <= _ROUNDING * (abs(self.log_likelihood) + self.rows.total):
            return self.end(
                False,
                f"stopped: a step lowered the log-likelihood by {fall:.3g}, so the fit "
                "of some component is not a weighted maximum likelihood",
            )
        self.current, self.joint = candidate, joint
        # A step never lowers the likelihood; where the sum says so, it is rounding.
        self.log_likelihood = max(self.log_likelihood, log_likelihood)
        self.history.append(self.log_likelihood)
        self.plain_since_jump += 1
        self.trail = [*self.trail, candidate][-3:]
        self.places = [*self.places, self.place(candidate)][-3:]
        self.measure()
        return None

    def measure(self) -> None:
        """Estimate the distance to the limit, step x rate / (1 - rate)."""
        if len(self.places) < 3:
            return
        a, b, c = self.places
        before, step = float(np.linalg.norm(b - a)), float(np.linalg.norm(c - b))
        if step <= _NOISE * float(np.linalg.norm(c)):
            self.error = step  # only the last bits move
            return
        rate = step / before if before else math.inf
        if rate >= 1:  # still speeding up: no limit in sight
            self.error = math.inf
            return
        if self.near:
            self.slowest = max(self.slowest, rate)
        rate = max(rate, self.slowest)
        self.error = step * rate / (1 - rate)

    @property
    def resolution(self) -> float:
        """Differences of log-likelihoods below this are rounding."""
        return 8 * float(np.finfo(float).eps) * abs(self.log_likelihood)

    def jump(self) -> None:
        """Extrapolate from the last three iterates (SQUAREM); keep it if it rises."""
        if len(self.trail) < 3 or len(self.history) > self.max_iter:
            return
        a, b, c = (self.coordinates.to_line(m) for m in self.trail)
        r, v = b - a, (c - b) - (b - a)
        curvature = float(np.linalg.norm(v))
        self.trail, self.places = self.trail[-1:], self.places[-1:]
        if curvature == 0:
            return
        alpha = max(float(np.linalg.norm(r)) / curvature, 1.0)
        target = a + 2 * alpha * r + alpha**2 * v
        proposal = self.proposed(target)
        if proposal is not None:
            log_likelihood, joint = self.expect(proposal)
            if log_likelihood >= self.log_likelihood - self.resolution:
                self.current, self.joint = proposal, joint
                self.log_likelihood = max(self.log_likelihood, log_likelihood)
                self.trail, self.places = [proposal], [self.place(proposal)]
                self.plain_since_jump = 0
            self.history.append(self.log_likelihood)

    def proposed(self, target: Array) -> Mixture | None:
        """The mixture at a point of the line, or None where there is none."""
        if not np.isfinite(target).all():
            return None
        try:
            return self.coordinates.from_line(target)
        except ValueError:  # past the edge of what floats can hold
            return None

    def end(self, converged: bool, reason: str, collapsed: bool = False) -> End:
        return End(
            self.current,
            self.log_likelihood,
            np.array(self.history),
            converged,
            reason,
            self.error,
            collapsed,
        )
