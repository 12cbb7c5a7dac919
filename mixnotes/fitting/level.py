"""Is the log-likelihood itself level where a run stands?

Where steps of EM are exact, one that stands still says so. Where they are searches, one
may stand still on a slope: then the log-likelihood is looked at, and climbed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from mixnotes.fitting import information
from mixnotes.fitting.run import OUT_OF_FLOATS, Proposal, Run
from mixnotes.fitting.vector import State
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.ascent import Scale, ascend, slope_left

_FEW = 40  # free directions up to which the log-likelihood itself is climbed
_LEVELLED = 1e-8  # nats that the log-likelihood may still rise at a maximum
_LOOSE = 100.0  # times as many where there are too many directions for Newton steps
_ASCENTS = 30  # of the log-likelihood itself, in one run
_NEWTON = 20  # steps of each, at most


class View(NamedTuple):
    """The log-likelihood about a point, along the directions that a model can move
    in."""

    height: Callable[[Array], float]  # of a move (m,); -inf where there is none
    placed: Callable[[Array], State]  # where a move (m,) leads
    size: int  # m
    scale: Scale  # how far to look


def is_level(run: Run, thorough: bool = False) -> bool:
    """Is the log-likelihood itself level here, too?

    thorough: look where steps are exact, too.
    """
    if not (run.searched or (thorough and run.engine.has_line)):
        return True
    view = view_of(run)
    if view is None:
        return True
    promised = slope_left(view.height, view.size, view.scale)
    if promised <= _LEVELLED * (0.1 if view.size <= _FEW else _LOOSE):
        return True
    return view.size <= _FEW and ascend_likelihood(run, view) <= _LEVELLED


def may_ascend(run: Run) -> bool:
    """Are there ascents left?"""
    return run.ascents < _ASCENTS


def view_of(run: Run) -> View | None:
    """The log-likelihood about where a run stands; None where nothing can move."""
    engine, here, statistics = run.engine, run.current, run.statistics
    try:
        point = engine.vector.unconstrain(here)
        free = information.directions(engine, here)
    except OUT_OF_FLOATS:
        return None
    if not len(free):
        return None

    def placed(move: Array) -> State:
        return engine.vector.constrain(point + move @ free, here)

    def height(move: Array) -> float:
        try:
            found = engine.e_step(placed(move), statistics)[0]
        except OUT_OF_FLOATS:
            return -math.inf
        return found if math.isfinite(found) else -math.inf

    scale = Scale(max(1e-4, 1e3 * run.resolution), 0.5)
    return View(height, placed, len(free), scale)


def ascend_likelihood(run: Run, view: View | None = None) -> float:
    """Newton steps on the log-likelihood itself, along all that is learned, kept if
    they rise; by how much. Where a step of EM is a search they cost little more."""
    run.since_ascent = 0
    view = view or view_of(run)
    if view is None or view.size > _FEW or not may_ascend(run):
        return math.inf
    run.ascents += 1
    top = ascend(view.height, np.zeros(view.size), _NEWTON, view.scale)
    rise = top.value - run.log_likelihood
    if not run.settings.accelerate or not rise > run.resolution:
        return max(rise, 0.0)
    state = view.placed(top.place)
    run.keep(Proposal(state, *run.engine.e_step(state, run.statistics)))
    run.history.append(run.log_likelihood)
    run.tell()
    return rise
