"""A run of EM from one start to its end.

Plain steps, longer ones that are kept only if they rise, and a stop on the estimated
distance still to go.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

import numpy as np

from mixnotes.data.check import CollapseError
from mixnotes.fitting import level
from mixnotes.fitting.accelerate import Accelerator
from mixnotes.fitting.beliefs import excess
from mixnotes.fitting.boundless import no_bound, unreached_bound
from mixnotes.fitting.engine import Engine
from mixnotes.fitting.run import Run, RunResult, Settings
from mixnotes.fitting.vector import State
from mixnotes.numeric.arrays import quiet

_FLAT = 100  # gains of rounding alone after which the log-likelihood is looked at
_FLAT_SEARCHED = 20  # the same where each step is a long search
_SHRINKS = 0.9  # of the step so many before; a smaller one is still on its way
_EARLY = 25  # steps of EM before an ascent, where gains are not small

_STALLED = (
    "stopped: the search within a step stands still where the log-likelihood still has "
    "a slope, so this is no maximum; try another start, or give a parameter"
)


class Climb:
    """EM from one start, which can be halted and taken up again."""

    def __init__(
        self,
        engine: Engine,
        first: State,
        settings: Settings,
        start: int = 0,
        spent: int = 0,
        accelerator: Accelerator | None = None,
    ) -> None:
        with quiet():
            self.run = Run(engine, first, settings, start, spent)
        self.accelerator = accelerator or Accelerator()
        self.flatness = _Flatness()

    def advance(self, step: float = math.inf) -> RunResult | None:
        """Climb up to this step; how the run ended, once it has."""
        run = self.run
        with quiet():
            while run.steps_left > 0:
                if len(run.history) > step:
                    return None
                ended = _plain_step(run) or self.flatness.end(run)
                if ended:
                    return ended
                _longer_step(run, self.accelerator)
            return _cut_off(run)

    def halted(self, reason: str) -> RunResult:
        """Where the run is, left for this reason."""
        return replace(_state_of(self.run, False, reason), error=math.inf, left=True)


def climb(
    engine: Engine, first: State, settings: Settings, start: int = 0, spent: int = 0
) -> RunResult:
    """EM from `first`, the start of this number, after `spent` steps before."""
    ended = Climb(engine, first, settings, start, spent).advance()
    assert ended is not None
    return ended


def _plain_step(run: Run) -> RunResult | None:
    """A step of EM; how the run ended, where it is over."""
    try:
        fallen = run.plain_step()
    except CollapseError as collapse:
        return _end(run, False, f"collapsed: {collapse}", collapsed=True)
    fallen = fallen or unreached_bound(run)
    if fallen:
        return _end(run, False, fallen)
    if run.distance.has_arrived(run.trail, run.plain_steps, run.nearer):
        if level.is_level(run):
            return _end(run, True, _arrival(run))
        if run.distance.stands_still:
            return _end(run, False, _STALLED)
    return None


class _Flatness:
    """Has the log-likelihood long stopped rising, where steps no longer shrink?"""

    def __init__(self) -> None:
        self.stride = math.inf  # the last step when flat ones were counted last

    def end(self, run: Run) -> RunResult | None:
        """How the run ended, where it has."""
        enough = _FLAT_SEARCHED if run.costly else _FLAT
        if not run.distance.near or run.flat < enough:
            return None
        run.flat, before, self.stride = 0, self.stride, run.trail.last_step()
        if self.stride > _SHRINKS * before and level.is_level(run, thorough=True):
            return _end(run, True, _flat_words(run))
        return None


def _longer_step(run: Run, accelerator: Accelerator) -> None:
    """A step that EM does not make, where it pays."""
    distance = run.distance
    if not (run.settings.accelerate and run.engine.has_line) or distance.still:
        return
    if run.costly and level.may_ascend(run):
        if distance.near or run.since_ascent >= _EARLY:
            level.ascend_likelihood(run)
    elif run.is_slow and distance.error > run.settings.tol:
        accelerator.step(run)


def _cut_off(run: Run) -> RunResult:
    """The end at `max_iter`."""
    run.look_ahead()
    # What is looked at now is not moved.
    run.settings = replace(run.settings, accelerate=False)
    distance, tol = run.distance, run.settings.tol
    if distance.near and distance.error <= tol and level.is_level(run):
        return _end(run, True, _arrival(run))
    return _end(
        run,
        False,
        f"not converged at max_iter = {run.settings.max_iter}: the log-likelihood "
        f"still rises by {distance.gain:.2g} a step, estimated distance to the limit "
        f"{distance.error:.1e}; raise max_iter",
    )


def _arrival(run: Run) -> str:
    """In words, how near the limit is."""
    error, tol = run.distance.error, run.settings.tol
    words = f"estimated distance to the limit {error:.1e}"
    if error <= tol:
        return f"converged: {words}"
    if run.engine.is_exact:
        return (
            f"converged: all that steps still move is rounding, {words}; tol = "
            f"{tol:g} is nearer than floats come"
        )
    return (
        "converged: all that steps still move is the rounding of the searches "
        f"within them, {words}"
    )


def _flat_words(run: Run) -> str:
    """In words, that the data hardly tell apart where it still moves."""
    if not math.isfinite(run.distance.error):
        run.distance.measure(run.trail)
    return (
        "converged: the log-likelihood no longer rises beyond rounding; estimated "
        f"distance to the limit {run.distance.error:.1e}, along which it is flat"
    )


def _end(run: Run, converged: bool, reason: str, collapsed: bool = False) -> RunResult:
    """How the run ended; that it collapsed, where the likelihood has no bound."""
    fallen = "" if collapsed else no_bound(run)
    if fallen:
        converged, reason, collapsed = False, f"collapsed: {fallen}", True
    return replace(_state_of(run, converged, reason), collapsed=collapsed)


def _state_of(run: Run, converged: bool, reason: str) -> RunResult:
    """Where a run is."""
    engine = run.engine
    constant = engine.constant
    if engine.model.told:
        mixture = engine.mixture(run.current)
        constant -= excess(engine.model, mixture, engine.total)
    return RunResult(
        partial(engine.mixture, run.current),
        run.log_likelihood + constant,
        np.array(run.history) + constant,
        converged,
        reason,
        run.distance.error,
    )
