"""Of intervals: a likelihood without a bound, or with one that no parameter reaches."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mixnotes.data.sources import Rows
from mixnotes.fitting.engine import Engine
from mixnotes.fitting.level import may_ascend
from mixnotes.fitting.run import Run
from mixnotes.fitting.vector import State
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.special import log_sum_exp

_EVERY = 10  # steps; all of the first are looked at, then each of so many
_NARROW = 0.05  # of the range; a component narrower than it may be on its way to 0
_LEAST = 1e-300  # a weight that stands for 0
_STRAY = 0.01  # of what a component carries that may be seen exactly on its way
_CARRIED = 1e-6  # observations that a component must carry to be looked at
_RISES = 1e-6  # nats that a narrower component must gain
_TOUCHED = 1e-6  # nats below a bound from which it counts as reached
_WEIGHED = 20  # steps of the weights alone
_HELD = 1e-3  # of the largest share; a row of which a component has less is another's


def unreached_bound(run: Run) -> str:
    """Words for a component that holds all the rows that it carries with a probability
    of 1, a bound that no parameter reaches; else none."""
    engine, rows = run.engine, run.engine.source
    if not (engine.apart and isinstance(rows, Rows) and _is_due(run)):
        return ""
    if engine.label is not None:  # whose weights are not those of a row
        return ""
    joint = engine.joint(run.current)
    level = log_sum_exp(joint)
    shares = rows.weights * np.exp(joint - level)
    filled = engine.by_slot(engine.mixture(run.current))
    stray = _STRAY if may_ascend(run) else 1.0
    for slot, template in enumerate(engine.by_slot()):
        component = filled[slot]
        if not (getattr(template, "has_line", False) and template.n_free):
            continue
        held = _held(rows, shares[slot], stray)
        if held is None or _can_be_sure(component, held[1]):
            continue
        bound = _bound(engine, run.current, joint, slot, held)
        if bound >= rows.weights @ level - _TOUCHED:
            return _words(component, held, bound + engine.constant)
    return ""


def _is_due(run: Run) -> bool:
    """Is it time to look?"""
    steps = len(run.history) - 1
    return steps <= _EVERY or steps % _EVERY == 0 or run.distance.near


def _held(rows: Rows, mine: Array, stray: float) -> tuple[float, float] | None:
    """Between which ends all intervals overlap that a component carries; None where
    they do not, or where it carries more than `stray` that was seen exactly."""
    low, high = np.asarray(rows.x).T
    wide = low < high
    if not mine[wide].sum() > max(_CARRIED, (1 - stray) * mine.sum()):
        return None
    held = wide & (mine >= _HELD * mine[wide].max())
    least, most = float(low[held].max()), float(high[held].min())
    return None if least >= most else (least, most)


def _can_be_sure(component: Any, most: float) -> bool:
    """Has some parameter a probability of 1 up to there? A discrete one has it, but of
    what has no end."""
    return component.discrete and not component.ends[1] == most == math.inf


def _bound(
    engine: Engine, state: State, joint: Array, slot: int, held: tuple[float, float]
) -> float:
    """The log-likelihood where this component holds with probability 1 what lies
    between these ends."""
    rows = engine.source
    assert isinstance(rows, Rows)
    low, high = np.asarray(rows.x).T
    weights = np.maximum(engine.tree.leaf_weights(state.weights), _LEAST)
    around = (low < high) & (low <= held[0]) & (high >= held[1])
    sure = np.where(around, 0.0, -np.inf)
    if engine.excluded is not None:
        sure[joint[slot] == -np.inf] = -np.inf
    densities = joint - np.log(weights)[:, None]
    densities[slot] = sure
    return _weighed(engine, densities, weights)


def _weighed(engine: Engine, densities: Array, weights: Array) -> float:
    """The log-likelihood of components with these log-densities, (K, n), after some
    steps of their weights where these are learned."""
    rows = engine.source
    assert isinstance(rows, Rows)
    learned = engine.tree.flat and engine.tree.nodes[0].given is None
    for _ in range(_WEIGHED if learned else 1):
        joint = densities + np.log(np.maximum(weights, _LEAST))[:, None]
        level = log_sum_exp(joint)
        if learned:
            weights = np.exp(joint - level) @ rows.weights / rows.weights.sum()
    return float(rows.weights @ level)


def _words(component: Any, held: tuple[float, float], bound: float) -> str:
    """What to say of a bound that is not reached."""
    said = round(bound, 6) + 0.0
    return (
        f"stopped: {type(component).__name__} carries only rows of which "
        f"no more is known than that they are {_between(*held)}, and "
        f"the log-likelihood rises to a bound, about {said:.10g}, that no "
        "parameter reaches, where it holds them with probability 1; give "
        "its parameters, or use fewer components"
    )


def _between(least: float, most: float) -> str:
    """Two ends, of which one may be infinite, in words."""
    if most == math.inf:
        return f"above {least:g}"
    return f"below {most:g}" if least == -math.inf else f"from {least:g} to {most:g}"


def no_bound(run: Run) -> str:
    """Words for a component that rises without end as it shrinks onto a value that was
    seen exactly; else none."""
    engine, rows = run.engine, run.engine.source
    if not (engine.apart and isinstance(rows, Rows)):
        return ""
    mixture, shares = engine.mixture(run.current), engine.shares(run.current)
    low, high = np.asarray(rows.x).T
    seen = np.flatnonzero(low == high)
    if not len(seen):
        return ""
    spread = float(np.ptp(rows.whole.x))
    for slot, component in enumerate(engine.by_slot(mixture)):
        template = engine.by_slot()[slot]
        at = float(low[seen[np.argmax((rows.weights * shares[slot])[seen])]])
        sd = math.sqrt(component.moments()[1]) if template.n_free else math.inf
        if not sd <= _NARROW * spread:
            continue
        narrowed = (template.narrowed(component, at, by) for by in (0.1, 0.01))
        heights = [
            engine.e_step(engine.state(engine.with_component(mixture, slot, narrow)))[0]
            for narrow in narrowed
            if narrow is not None
        ]
        if len(heights) == 2 and heights[1] > heights[0] > run.log_likelihood + _RISES:
            return (
                f"{type(component).__name__} collapsed on x = {at:g}: the "
                "likelihood has no bound as it shrinks onto a value that was seen "
                "exactly; use fewer components"
            )
    return ""
