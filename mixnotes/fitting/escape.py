"""Where a small push off a level point, or a move of a component beside it, leads.

A saddle of the likelihood attracts EM from some directions and repels it in others: the
push is along the direction that a step shrinks least. Where the likelihood jumps or has
a kink, as at the ends of a `Uniform`, the places beside are tried, which no step of EM
reaches.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from mixnotes.components.belief import within_bounds
from mixnotes.components.mixture import Mixture
from mixnotes.data.check import CollapseError
from mixnotes.data.sources import Rows
from mixnotes.fitting import information
from mixnotes.fitting.climb import climb
from mixnotes.fitting.engine import Engine
from mixnotes.fitting.run import OUT_OF_FLOATS, RunResult, Settings
from mixnotes.fitting.vector import State
from mixnotes.numeric.arrays import Array, quiet

_EPS = float(np.finfo(float).eps)
_HIGHER = 1e-7  # nats by which a place must be above
_ROUNDS = 50  # moves of components beside, one after another
_TRIED = 4  # steps in which such a move must pay
_HOPE = 4  # times the last gain that each step which is left may bring
_LEVEL = 0.999  # a step that shrinks some direction less than this may be at a saddle
_SOME = 4  # beyond which the largest eigenvalue alone is looked at first
_SURELY = 0.9  # if it is below this no direction is at a saddle
_MANY = 200  # coordinates beyond which the derivative of a step is not computed
_PUSHES = 20  # steps after a push

_Movers = list[tuple[int, Any]]  # slots, and the templates there


def escape(
    engine: Engine, result: RunResult, settings: Settings, start: int = 0
) -> RunResult:
    """Where runs from beside a level point lead, if they lead up; else `result`."""
    for _ in range(_ROUNDS):
        if not result.converged or result.steps >= settings.max_iter:
            return result
        with quiet():
            found = _beside(engine, result)
            if found is not None:
                on = climb(engine, found, settings, start, result.steps)
                if on.collapsed:
                    return result
                words = "after a move that no step of EM makes, from"
                result = _joined(result, on, words)
                continue
            found = _pushed(engine, result)
            if found is None:
                return result
            on = climb(engine, found, settings, start, result.steps)
            return _joined(result, on, "after a saddle at")
    return result


def _joined(before: RunResult, on: RunResult, words: str) -> RunResult:
    """Two runs, the second from beside the end of the first, as one."""
    reason = on.reason
    if reason.startswith("after"):  # say the last of such moves alone
        reason = reason.split(", ", 1)[1]
    # Where weights ended at 0 under a belief that has no bound there, each run counts
    # from its own end.
    moved = min(0.0, float(on.history[1:2].min(initial=np.inf)) - before.history[-1])
    return replace(
        on,
        history=np.concatenate([before.history + moved, on.history[1:]]),
        reason=f"{words} {before.log_likelihood:.6f}, {reason}",
    )


def _beside(engine: Engine, result: RunResult) -> State | None:
    """A higher state in which some component is another one beside it, after a few
    steps; None where there is none."""
    rows, movers = engine.source, _movers(engine)
    if not movers or not isinstance(rows, Rows):
        return None
    shares = engine.shares(engine.state(result.mixture))
    top = result.log_likelihood - engine.constant
    top += max(_HIGHER, 8 * _EPS * abs(top))
    best = None
    for moved in _moves(engine, result.mixture, movers, shares):
        here, before = engine.state(moved), -np.inf
        try:
            for left in reversed(range(_TRIED)):
                log_likelihood, statistics = engine.e_step(here)
                gain, before = log_likelihood - before, log_likelihood
                if log_likelihood + _HOPE * left * gain < top or np.isnan(gain):
                    break  # far too low, or some row is impossible
                reached, here = here, engine.m_step(statistics, here)
        except (CollapseError, np.linalg.LinAlgError):
            continue
        if log_likelihood > top:
            best, top = reached, log_likelihood
    return best


def _movers(engine: Engine) -> _Movers:
    """The components that have others beside them."""
    rows = engine.source
    movers = [
        (slot, component)
        for slot, component in enumerate(engine.by_slot())
        if component.has_moves and component.n_free
    ]
    if engine.apart:  # intervals: values that were seen exactly have kinks
        return [(slot, c) for slot, c in movers if not c.edges_move]
    return movers if isinstance(rows, Rows) and rows.x.ndim == 1 else []


def _moves(
    engine: Engine, mixture: Mixture, movers: _Movers, shares: Array
) -> Iterator[Mixture]:
    """The mixtures in which one component is another one beside it, and those in which
    one more reaches to what that one left."""
    rows = engine.source
    assert isinstance(rows, Rows)
    x = rows.x
    filled = engine.by_slot(mixture)
    seen = np.ones(len(x), dtype=bool)
    if engine.apart:
        low, high = np.asarray(x).T
        seen, x = low == high, low
    for slot, template in movers if seen.any() else ():
        mine = (rows.weights * shares[slot])[seen]
        carried = x[seen][mine > 0]
        for component in _within(template, filled[slot], x[seen], mine):
            moved = engine.with_component(mixture, slot, component)
            yield moved
            if not template.edges_move:
                continue
            left = carried[component.log_prob(carried) == -np.inf]
            for other, its in movers if len(left) else ():
                if other != slot:
                    wider = its.stretched(filled[other], left)
                    yield engine.with_component(moved, other, wider)


def _within(template: Any, filled: Any, x: Array, mine: Array) -> Iterator[Any]:
    """The moves of a component within its bounds: those that lead beyond end there,
    each place once."""
    found = []
    for component in template.moves(filled, x, mine):
        moved = within_bounds(template, component)
        if moved is component:
            yield component
        elif moved not in found:
            found.append(moved)
            yield moved


def _pushed(engine: Engine, result: RunResult) -> State | None:
    """A state above a saddle, or None where there is none near."""
    if not engine.has_line:
        return None
    limit = engine.state(result.mixture)
    log_likelihood = result.log_likelihood - engine.constant
    try:
        line = engine.vector.unconstrain(limit)
        if len(line) > _MANY:
            return None
        if len(line) > _SOME and information.leading(engine, limit) < _SURELY:
            return None
        eigenvalues, _, direction = information.spectrum(engine, limit)
        if not np.abs(eigenvalues).max(initial=0.0) > _LEVEL:
            return None
        beside = [line + size * direction for size in (0.1, -0.1, 1.0, -1.0)]
        if _falls(engine, limit, beside[:2], log_likelihood):
            return None
        for place in beside:
            state = engine.vector.constrain(place, limit)
            for _ in range(_PUSHES):
                here, statistics = engine.e_step(state)
                if here > log_likelihood + _HIGHER:
                    return state
                state = engine.m_step(statistics, state)
    except OUT_OF_FLOATS:
        return None
    return None


def _falls(
    engine: Engine, limit: State, beside: list[Array], log_likelihood: float
) -> bool:
    """Is the log-likelihood lower to both sides? A saddle is higher to some."""
    states = (engine.vector.constrain(place, limit) for place in beside)
    rounding = 100 * _EPS * (abs(log_likelihood) + engine.total)
    return all(engine.e_step(s)[0] < log_likelihood - rounding for s in states)
