"""Starts race on a sample of very many rows, and those that get through on all.

On more rows a summit is near that on fewer: a run begins where it ended on those, and
knows how steps of EM changed there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from mixnotes.data.sources import Rows
from mixnotes.fitting.climb import climb
from mixnotes.fitting.engine import Engine
from mixnotes.fitting.nearest import climb_nearest
from mixnotes.fitting.race import (
    FEWEST,
    Entrant,
    Field,
    Manner,
    followed,
    joined_to,
    result_of,
)
from mixnotes.fitting.run import RunResult, Settings
from mixnotes.fitting.vector import State

_SAMPLED = Settings(tol=1e-3, max_iter=200, accelerate=True)  # a summit is only near
_BETWEEN = 2**15  # rows of a second sample
_MANY = 2**16  # rows of which a second one is taken


def race(
    firsts: Iterator[State],
    count: int,
    engine: Engine,
    small: Engine,
    settings: Settings,
    manner: Manner,
) -> list[RunResult]:
    """How each start ended; the highest was followed to its end. Without acceleration
    there is no race.

    firsts: `count` states of `small`, which is the engine on a sample where there are
    very many rows, and else `engine` itself.
    """
    if settings.nearest is not None:
        states = (engine.state(small.mixture(first)) for first in firsts)
        return [climb_nearest(engine, f, settings, k) for k, f in enumerate(states)]
    if not settings.accelerate:  # each to its own end
        plain = (engine.state(small.mixture(first)) for first in firsts)
        return [climb(engine, f, settings, k) for k, f in enumerate(plain)]
    own = settings if small is engine else _SAMPLED
    entrants = (Entrant(small, first, k, own) for k, first in enumerate(firsts))
    if small is engine:
        return followed(entrants, count, manner).results()
    sampled = replace(manner, sampled=True)
    field = followed(entrants, count, sampled)
    finals = (field.ended or field.entrants)[:FEWEST]
    if isinstance(engine.source, Rows) and engine.source.n >= _MANY:
        between = engine.on(engine.source.sample(np.random.default_rng(0), _BETWEEN))
        finals = _on(between, finals, _SAMPLED)
        middle = Field(finals, sampled)
        middle.run()
        finals = middle.ended or finals
    finals = _on(engine, finals, settings)
    Field(finals, replace(manner, final=True)).run()
    through = {final.number: final for final in finals}
    return [_after_heat(entrant, through, engine.total) for entrant in field.entrants]


def _on(engine: Engine, entrants: list[Entrant], settings: Settings) -> list[Entrant]:
    """The same runs on more rows."""
    found = []
    for entrant in entrants:
        before = entrant.climb
        state = engine.state(entrant.engine.mixture(before.run.current))
        known = before.accelerator.elsewhere()
        found.append(Entrant(engine, state, entrant.number, settings, known))
    return found


def _after_heat(
    entrant: Entrant, finals: dict[int, Entrant], total: float
) -> RunResult:
    """How an entrant of a heat ended. That it was left behind is told by what its
    log-likelihood on the sample would be of all rows, which weigh `total`."""
    final = finals.get(entrant.number)
    if final is not None:
        return result_of(final)
    engine = entrant.engine
    here = result_of(entrant)
    head = entrant.head
    while head is not None and head.number not in finals:
        head = head.head
    if head is not None:
        return joined_to(entrant, here, finals[head.number])
    share = total / engine.total
    return replace(
        here,
        log_likelihood=share * here.log_likelihood,
        history=share * here.history,
        converged=False,
        left=True,
        error=math.inf,
        reason=f"on a sample of {engine.source.n:,} rows {here.reason}",
    )
