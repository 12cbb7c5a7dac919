"""A run of EM from one start: where it is, a plain step, and how it ended."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from mixnotes.components.mixture import Mixture
from mixnotes.data.check import CollapseError
from mixnotes.fitting.blocks.base import Statistics
from mixnotes.fitting.distance import Distance, Trail
from mixnotes.fitting.engine import Engine
from mixnotes.fitting.exclusion import require_possible
from mixnotes.fitting.vector import State
from mixnotes.numeric.arrays import Array

_EPS = float(np.finfo(float).eps)
_ROUNDING = 1e-11  # a fall by this share of the log-likelihood is rounding
_LITTLE = 1e-5  # gain a row in a step; to extrapolate earlier can change the summit
_LEAST_GAIN, _MOST_GAIN = 1e-3, 0.1  # of all rows in a step, between which it is held
_FAST = 0.2  # of the gain before; a step whose gains shrink so is soon there
_WELL = 0.1  # of tol
_DIGITS = 1e-6  # nats that a sharp density may lose to rounding

OUT_OF_FLOATS = (ArithmeticError, ValueError, np.linalg.LinAlgError)
"""What is raised past the edge of what floats can hold."""


@dataclass(frozen=True)
class Step:
    """What a callback of `em` sees after each step.

    Examples:
        >>> import mixnotes as mx
        >>> bag = mx.Mixture([mx.Bernoulli(0.8), mx.Bernoulli(0.3)])
        >>> seen = []
        >>> fit = mx.em(bag, [1] * 591 + [0] * 409, callback=seen.append)
        >>> seen[0].step, seen[0].start
        (1, 0)
        >>> seen[-1].mixture().weights.round(3)
        array([0.582, 0.418])
    """

    start: int
    """Which start climbs, from 0."""
    step: int
    """How many steps it has taken."""
    log_likelihood: float
    """The log-likelihood at this step, in nats."""
    mixture: Callable[[], Mixture]
    """Call it for the mixture at this step."""


@dataclass(frozen=True)
class Settings:
    """When a run stops, whether it extrapolates, who watches, whether the best is tried
    for a saddle and for what lies beside its end, and how many components look at each
    row, if not all."""

    tol: float
    max_iter: int
    accelerate: bool
    watch: Callable[[Step], object] | None = None
    escapes: bool = True
    nearest: int | None = None


@dataclass(frozen=True)
class RunResult:
    """How the run from one start ended."""

    # Most starts are never asked for their mixture.
    made: Mixture | Callable[[], Mixture] = field(repr=False)
    log_likelihood: float
    history: Array  # log-likelihood at the start and after every step
    converged: bool
    reason: str
    error: float  # the estimated distance to the limit; inf if not seen
    collapsed: bool = False
    left: bool = False  # on the way, where others were ahead
    joined: bool = False  # another on the way to the same summit, whose end this is

    @cached_property
    def mixture(self) -> Mixture:
        """The mixture where the run ended."""
        return self.made if isinstance(self.made, Mixture) else self.made()

    @property
    def steps(self) -> int:
        """How many steps were taken."""
        return len(self.history) - 1

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled: the mixture itself, not how it is made."""
        state = {**self.__dict__, "made": self.mixture}
        state.pop("mixture", None)
        return state


class Proposal(NamedTuple):
    """A state that no plain step led to, and its E-step."""

    state: State
    log_likelihood: float
    statistics: Statistics


class Run:
    """The state of EM from one start; `spent` are steps that were taken before."""

    def __init__(
        self,
        engine: Engine,
        first: State,
        settings: Settings,
        start: int = 0,
        spent: int = 0,
    ) -> None:
        self.engine, self.settings = engine, settings
        self.start, self.spent = start, spent
        self.current = first
        self.log_likelihood, self.statistics = engine.e_step(first)
        if self.log_likelihood == -np.inf:
            require_possible(engine.mixture(first), engine.source)
            raise ValueError(
                "the observations must be possible together, and labels that fit each "
                "of them cannot be so in these groups or in this order; give no "
                "transition or label of 0 that the data need, or another start"
            )
        self.history = [self.log_likelihood]
        self.searched = not engine.is_exact and engine.has_line
        self.costly = self.searched and engine.is_costly
        self.trail = Trail(engine, first)
        self.distance = Distance(engine, settings.tol, self.costly)
        self.plain_steps = math.inf  # since a proposal was kept; none was yet
        self.flat = 0  # successive gains of rounding alone
        self.ascents, self.since_ascent = 0, 0  # of the log-likelihood itself

    @property
    def steps_left(self) -> int:
        """How many more steps `max_iter` allows."""
        return self.settings.max_iter + 1 - self.spent - len(self.history)

    @property
    def resolution(self) -> float:
        """Differences of log-likelihoods below this are rounding."""
        return 8 * _EPS * (abs(self.log_likelihood) + self.engine.total)

    @property
    def is_slow(self) -> bool:
        """Does a step gain so little that a longer one can hardly change the summit,
        and not much less than the one before?"""
        little = min(max(_LITTLE * self.engine.total, _LEAST_GAIN), _MOST_GAIN)
        history = self.history
        gain = self.distance.gain
        if not gain < little or len(history) < 3:
            return False
        before = history[-2] - history[-3]
        return gain > _FAST * before or gain <= self.resolution

    @property
    def nearer(self) -> float:
        """Steps that are cheap are taken to well within `tol`, as longer ones lead to
        where none was needed: nothing else checks a rate that never was slow."""
        never = math.isinf(self.plain_steps)
        return _WELL if self.settings.accelerate and never else 1.0

    def plain_step(self) -> str | None:
        """One EM step; what is wrong where it lowers the log-likelihood."""
        engine = self.engine
        log_likelihood, state, statistics = engine.step(self.current, self.statistics)
        gain = log_likelihood - self.log_likelihood
        rounding = _ROUNDING * (abs(self.log_likelihood) + engine.total)
        if engine.has_line:  # of a family here, which has its own tests: digits of a
            rounding = max(rounding, _DIGITS)  # sharp density, no fault of its fit
        if not gain >= -rounding:
            return (
                f"stopped: a step lowered the log-likelihood by {-gain:.3g}, so the "
                "fit of some component is not a weighted maximum likelihood"
            )
        self.current, self.statistics = state, statistics
        # A step never lowers the likelihood; where the sum says so, it is rounding.
        if gain > 0:
            self.log_likelihood = log_likelihood
        self.history.append(self.log_likelihood)
        self.plain_steps += 1
        self.since_ascent += 1
        self.flat = self.flat + 1 if gain <= self.resolution else 0
        self.trail.add(state)
        self.distance.compare(gain, self.trail, self.resolution)
        self.tell()
        return None

    def proposal(self, target: Array) -> Proposal:
        """The state at a point of the line, looked at."""
        state = self.engine.vector.constrain(target, self.current)
        return Proposal(state, *self.engine.e_step(state, self.statistics))

    def keep_if_it_rises(self, proposal: Proposal) -> bool:
        """Go on from this proposal, if it is no lower than rounding explains."""
        rises = proposal.log_likelihood >= self.log_likelihood - self.resolution
        if rises:
            self.keep(proposal)
        return rises

    def keep(self, proposal: Proposal) -> None:
        """Go on from this proposal."""
        self.current, self.statistics = proposal.state, proposal.statistics
        self.log_likelihood = max(self.log_likelihood, proposal.log_likelihood)
        self.trail.restart(self.current)
        self.plain_steps, self.distance.still = 0, 0

    def tell(self) -> None:
        """Show the step to whoever watches."""
        if self.settings.watch is None:
            return
        state, engine = self.current, self.engine
        self.settings.watch(
            Step(
                self.start,
                len(self.history) - 1,
                self.log_likelihood + engine.constant,
                lambda: engine.mixture(state),
            )
        )

    def look_ahead(self) -> None:
        """Measure at the last step that is allowed, by steps that are not kept."""
        kept = self.current, self.statistics, self.log_likelihood, self.settings
        distance = self.distance
        steps, gain, near = len(self.history), distance.gain, distance.near
        self.settings = replace(self.settings, watch=None)
        try:
            alone = self.engine.model.n_free == 1
            while not (self.trail.has_four or (alone and self.trail.has_three)):
                if self.plain_step():
                    break
            distance.measure(self.trail)
            if distance.error > distance.tol and distance.still == 0:
                distance.error = distance.error_if_settled(
                    self.trail, self.history, self.resolution
                )
        except CollapseError:
            distance.error = math.inf
        if math.isfinite(gain):
            distance.gain, distance.near = gain, near
        del self.history[steps:]
        self.current, self.statistics, self.log_likelihood, self.settings = kept
