"""A race of starts: all climb a little, and those that fall behind are left.

How the gains of a run shrink says how high it will come. A run is left where others
are well ahead, or where even a limit far above the likely one is below what another has
reached; runs on the way to one summit become one. Of very many rows a sample decides
first.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from mixnotes.fitting.accelerate import Accelerator
from mixnotes.fitting.beliefs import excess
from mixnotes.fitting.climb import Climb
from mixnotes.fitting.engine import Engine
from mixnotes.fitting.run import RunResult, Settings
from mixnotes.fitting.tree import in_order
from mixnotes.fitting.vector import State
from mixnotes.numeric.arrays import Array

_ROUNDS = (  # up to which step, and the share that goes on from there
    *((2, 2 / 3), (4, 5 / 12), (8, 1 / 4), (16, 1 / 6)),
    *((32, 1 / 8), (64, 1 / 16), (128, 1 / 24)),
)
_FINALS = ((4, 1.0), (8, 2 / 3), (16, 1 / 3))  # the same after a heat
FEWEST = 3  # go on at the least in the first rounds, and through a heat
_MIDWAY = 32  # steps before which so many do
_WAVE = 8  # starts that are tried first where nobody says how many
_TRIAL = (8, 16)  # steps after which most of them may agree
_LITTLE, _SHORT = 4, (2, 4)  # the same where a step is much work
_GROWTH = 1.5  # of the steps of rounds after those
_HOPE = 5.0  # times the gain that is likely to come, at the most
_FROM = 16  # steps before the limit of a run is believed
_WINDOW = 4  # gains that are compared with as many before
_LEVEL = 1.0  # nats; runs at other heights are not on the way to one summit
_SAME = 0.02  # standard deviations; nor are those further apart


class Entrant:
    """A start in the race: where it is, and how high it will come."""

    def __init__(
        self,
        engine: Engine,
        first: State,
        number: int,
        settings: Settings,
        accelerator: Accelerator | None = None,
    ) -> None:
        self.engine, self.number = engine, number
        self.climb = Climb(engine, first, settings, number, accelerator=accelerator)
        self.result: RunResult | None = None  # once it has ended
        self.left = ""  # why it was left
        self.head: Entrant | None = None  # who goes on to the same summit
        self.seen: tuple[int, Array] | None = None  # what it had learned at some step

    def advance(self, step: float) -> None:
        """Climb up to this step."""
        self.result = self.climb.advance(step)

    @property
    def fell(self) -> bool:
        """Did it collapse?"""
        return self.result is not None and self.result.collapsed

    @property
    def height(self) -> float:
        """The log-likelihood where it is; under a sparse belief as runs that end at
        different places are compared."""
        run, engine = self.climb.run, self.engine
        if not engine.is_sparse:
            return run.log_likelihood
        mixture = engine.mixture(run.current)
        return run.log_likelihood - excess(engine.model, mixture, engine.total)

    @property
    def steps(self) -> int:
        """How many steps it has taken."""
        return len(self.climb.run.history) - 1

    def limit(self, hope: float = 1.0) -> float:
        """The log-likelihood that it will reach, with `hope` times the likely gain."""
        history = self.climb.run.history
        width = min(_WINDOW, (len(history) - 1) // 2)
        if not width:
            return math.inf
        last = history[-1] - history[-1 - width]
        before = history[-1 - width] - history[-1 - 2 * width]
        if not 0 < last < before:  # it does not shrink: no limit in sight
            return math.inf if last > 0 else self.height
        return self.height + hope * last * last / (before - last)

    def values(self, ordered: bool) -> Array:
        """What it has learned, components that nothing tells apart in one order."""
        if self.seen is None or self.seen[0] != self.steps:
            self.seen = self.steps, self._values(ordered)
        return self.seen[1]

    @property
    def weights(self) -> Array:
        """The weights in increasing order, where they are numbers of the components
        alone."""
        if self.engine.label is not None:
            return np.zeros(0)
        return np.sort(self.climb.run.current.weights[0])

    def _values(self, ordered: bool) -> Array:
        engine, state = self.engine, self.climb.run.current
        if not ordered:
            mixture = in_order(engine.model, engine.mixture(state))
            state = engine.state(mixture)
        return engine.vector.learned_values(state)


@dataclass(frozen=True)
class Manner:
    """How a race is run."""

    ordered: bool  # have the components an order of their own?
    fixed: bool  # did the caller say how many starts?
    sampled: bool = False  # on a sample, which cannot tell near heights apart?
    final: bool = False  # after a race on a sample?


class Field:
    """Some entrants, of whom the highest is followed to its end."""

    def __init__(self, entrants: Sequence[Entrant], manner: Manner) -> None:
        self.entrants, self.manner = list(entrants), manner
        self.running = list(entrants)

    def agrees(self, trial: Sequence[int]) -> bool:
        """Are more than half of them, and so of more than one kind, on the way to one
        summit, and none higher? The others are left then."""
        for step in trial:
            self._advance(step)
            self._join()
            alone = [e for e in self.entrants if e.head is None and not e.fell]
            top = max(alone, key=lambda e: max(e.limit(), e.height), default=None)
            joined = sum(e.head is top for e in self.entrants if top is not None)
            if top is not None and 2 * (1 + joined) > len(self.entrants):
                for entrant in [e for e in self.running if e is not top]:
                    if entrant.result is None:
                        self._leave_behind(entrant)
                return True
        return False

    def _advance(self, step: int) -> None:
        for entrant in self.running:
            if entrant.result is None:
                entrant.advance(step)

    def add(self, entrants: Iterable[Entrant]) -> None:
        """Let more into the race."""
        for entrant in entrants:
            self.entrants.append(entrant)
            self.running.append(entrant)

    def run(self) -> None:
        """Go on until all have ended or were left."""
        for step, places in self._rounds():
            self._advance(step)
            self._bring_back(places)
            self._join()
            self._leave(places, step)
            if not self.running:
                return

    def _rounds(self) -> Iterator[tuple[int, int]]:
        """Up to which step, and how many go on from there."""
        manner = self.manner
        rounds = iter(_FINALS if manner.final else _ROUNDS)
        step, share = 0, 1.0
        few = manner.fixed or manner.sampled
        while True:
            step, share = next(rounds, (math.ceil(_GROWTH * step), share))
            late = manner.final or (step >= _MIDWAY and not few)
            least = 1 if late else FEWEST
            yield step, max(least, math.ceil(share * len(self.entrants)))

    @property
    def ended(self) -> list[Entrant]:
        """Those that came to an end and did not collapse, the highest first."""
        found = [e for e in self.entrants if e.result is not None and not e.fell]
        return sorted(found, key=lambda e: -e.height)

    def _bring_back(self, places: int) -> None:
        """Where one collapsed that others were left behind, those run again."""
        fell = any(entrant.fell for entrant in self.running)
        self.running = [e for e in self.running if e.result is None]
        if not fell or self.ended:
            return
        left = sorted((e for e in self.entrants if e.left), key=lambda e: -e.height)
        for entrant in left[: max(places - len(self.running), 0)]:
            entrant.left = ""
            self.running.append(entrant)

    def _join(self) -> None:
        """Of those on the way to one summit, only the highest goes on."""
        ahead = list(self.ended)
        running = [e for e in self.running if e.result is None]
        for entrant in sorted(running, key=lambda e: -e.height):
            entrant.head = next((e for e in ahead if self._is_near(entrant, e)), None)
            if entrant.head is None:
                ahead.append(entrant)
            else:
                self.running.remove(entrant)

    def _is_near(self, a: Entrant, b: Entrant) -> bool:
        """Do two runs stand so near that they end at one summit?"""
        if not abs(a.height - b.height) < _LEVEL:
            return False
        if np.abs(a.weights - b.weights).max(initial=0.0) >= _SAME:  # soon said
            return False
        apart = a.values(self.manner.ordered) - b.values(self.manner.ordered)
        return bool(np.abs(apart).max(initial=0.0) < _SAME)

    def _leave(self, places: int, step: int) -> None:
        """Those that fall behind."""
        top = max((e.height for e in [*self.running, *self.ended]), default=-math.inf)
        if step >= _FROM and not self.manner.sampled:
            for entrant in [e for e in self.running if e.height < top]:
                hoped = entrant.limit(_HOPE)
                if hoped <= top:
                    words = f"at most {_said(entrant, hoped)} in sight"
                    self._leave_one(entrant, words)
        ranked = sorted(self.running, key=lambda e: -max(e.limit(), e.height))
        for entrant in ranked[places:]:
            self._leave_behind(entrant)

    def _leave_behind(self, entrant: Entrant) -> None:
        likely = _said(entrant, entrant.limit())
        self._leave_one(entrant, f"about {likely} in sight, others are ahead")

    def _leave_one(self, entrant: Entrant, words: str) -> None:
        entrant.left = words
        self.running.remove(entrant)

    def results(self) -> list[RunResult]:
        """How each ended."""
        return [result_of(entrant) for entrant in self.entrants]


def _said(entrant: Entrant, height: float) -> str:
    """A log-likelihood in words."""
    if not math.isfinite(height):
        return "no limit yet"
    return f"{height + entrant.engine.constant:,.2f}"


def followed(entrants: Iterator[Entrant], count: int, manner: Manner) -> Field:
    """The field of these, `count` of them, after the race; where the first few agree no
    more are drawn."""
    many = count >= 2 * _WAVE
    wave, trial = (_WAVE, _TRIAL) if many else (_LITTLE, _SHORT)
    field = Field(list(islice(entrants, None if manner.fixed else wave)), manner)
    if manner.fixed or not field.agrees(trial):
        field.add(entrants)
    field.run()
    return field


def result_of(entrant: Entrant) -> RunResult:
    """How an entrant ended: at a summit, on the way to that of another, or behind."""
    if entrant.result is not None:
        return entrant.result
    here = entrant.climb.halted(f"left at step {entrant.steps}: {entrant.left}")
    return here if entrant.head is None else joined_to(entrant, here, entrant.head)


def joined_to(entrant: Entrant, here: RunResult, head: Entrant) -> RunResult:
    """The end of the one that went on to the summit that this one was near."""
    end = result_of(head)
    words = f"joined start {head.number} at step {entrant.steps}, which {end.reason}"
    return replace(end, history=here.history, reason=words, joined=True)
