"""One start's climb: plain EM steps, extrapolated ones that are kept only if they rise,
and a stop on the estimated distance still to go.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from mixnotes.components.mixture import Mixture
from mixnotes.data.check import CollapseError
from mixnotes.data.sources import Rows
from mixnotes.fitting import information
from mixnotes.fitting.engine import Engine
from mixnotes.fitting.exclusion import require_possible
from mixnotes.fitting.vector import State
from mixnotes.numeric.arrays import Array, quiet
from mixnotes.numeric.ascent import Scale, ascend, slope_left
from mixnotes.numeric.special import log_sum_exp

_CONFIRM = 10  # plain steps taken after an extrapolation before convergence is believed
_ROUNDING = 1e-11  # a fall by this share of the log-likelihood is rounding
_DIGITS = 1e-6  # nats that a sharp density may lose to rounding
_EPS = float(np.finfo(float).eps)
_NOISE = 100 * _EPS  # relative; steps below it are rounding
_SEARCHED = 1e-9  # the same where a component's fit is itself a search
_LAST = 4 * _EPS  # relative; what rounding leaves of a step at the least
_FLAT = 100  # gains of rounding alone after which the log-likelihood is looked at
_FLAT_SEARCHED = 20  # the same where each step is a long search
_SHRINKS = 0.9  # of the step so many before; a smaller one is still on its way
_STANDS = 3  # steps of rounding alone after which a climb is over
_AGREED = 0.03  # of 1 - rate; what rates of steps and of gains may differ by
_SETTLED = 0.01  # of 1 - rate; a rate that changes more from step to step says nothing
_NEAR = 1e-3  # gain a step; to extrapolate earlier can change the summit
_LOOK = 1e-6  # estimated gain still to come below which the distance is measured


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
    """EM from given starts: the engine, when to stop, and who watches."""

    engine: Engine
    tol: float
    max_iter: int
    accelerate: bool
    watch: Callable[[Step], object] | None = None

    def run(self, first: State, start: int = 0) -> End:
        """Climb from `first`."""
        with quiet():
            return _Path(self, first, start).climb()

    def go_on(self, end: End, start: int = 0) -> End:
        """Where a small push off a level point leads, if it leads up; else `end`.

        A saddle of the likelihood attracts EM from some directions and repels it in
        others: the push is along the direction that a step shrinks least. Where the
        likelihood jumps or has a kink, as at the ends of a `Uniform`, the places beside
        are tried, which no step of EM reaches.
        """
        for _ in range(_ROUNDS):
            if not end.converged or end.steps >= self.max_iter:
                return end
            with quiet():
                found = self._beside(end)
                words = "after a move that no step of EM makes, from"
                if found is None and self.engine.has_line:
                    state = self.engine.state(end.mixture)
                    level = end.log_likelihood - self.engine.constant
                    found = self._pushed(state, level)
                    words = "after a saddle at"
                if found is None:
                    return end
                on = _Path(self, found, start, end.steps).climb()
            if on.collapsed and not words.startswith("after a saddle"):
                return end
            end = replace(
                on,
                history=np.concatenate([end.history, on.history[1:]]),
                reason=f"{words} {end.log_likelihood:.6f}, {_last_words(on.reason)}",
            )
            if words.startswith("after a saddle"):
                return end
        return end

    def _beside(self, end: End) -> State | None:
        """A higher state in which some component is another one beside it, after a few
        steps; None where there is none."""
        engine, rows = self.engine, self.engine.source
        movers = [
            (slot, component)
            for slot, component in enumerate(engine.by_slot())
            if component.has_moves and component.n_free
        ]
        if not movers or not isinstance(rows, Rows):
            return None
        if engine.apart:  # intervals: values that were seen exactly have kinks
            movers = [(s, c) for s, c in movers if not c.edges_move]
        elif rows.x.ndim > 1:
            return None
        state = engine.state(end.mixture)
        top = end.log_likelihood - engine.constant
        top += max(_LOOK, 8 * _EPS * abs(top))
        best = None
        for moved in self._moves(end.mixture, movers, engine.shares(state), rows):
            here = engine.state(moved)
            try:
                for _ in range(_TRIED):
                    log_likelihood, statistics = engine.e_step(here)
                    reached, here = here, engine.m_step(statistics, here)
            except (CollapseError, np.linalg.LinAlgError):
                continue
            if log_likelihood > top:
                best, top = reached, log_likelihood
        return best

    def _moves(
        self,
        mixture: Mixture,
        movers: list[tuple[int, Any]],
        shares: Array,
        rows: Rows,
    ) -> Iterator[Mixture]:
        """The mixtures in which one component is another one beside it, and those in
        which one more reaches to what that one left."""
        engine, x = self.engine, rows.x
        filled = engine.by_slot(mixture)
        seen = np.ones(len(x), dtype=bool)
        if engine.apart:
            low, high = np.asarray(x).T
            seen, x = low == high, low
        for slot, template in movers if seen.any() else ():
            mine = (rows.weights * shares[slot])[seen]
            carried = x[seen][mine > 0]
            for component in template.moves(filled[slot], x[seen], mine):
                moved = engine.with_component(mixture, slot, component)
                yield moved
                if not template.edges_move:
                    continue
                left = carried[component.log_prob(carried) == -np.inf]
                for other, its in movers if len(left) else ():
                    if other != slot:
                        wider = its.stretched(filled[other], left)
                        yield engine.with_component(moved, other, wider)

    def _pushed(self, limit: State, log_likelihood: float) -> State | None:
        """A state above a saddle, or None where there is none near."""
        engine = self.engine
        try:
            line = engine.vector.unconstrain(limit)
            if len(line) > _MANY:
                return None
            eigenvalues, _, direction = information.spectrum(engine, limit)
            if not np.abs(eigenvalues).max(initial=0.0) > _LEVEL:
                return None
            for size in (0.1, -0.1, 1.0, -1.0):
                state = engine.vector.constrain(line + size * direction, limit)
                for _ in range(_PUSHES):
                    here, statistics = engine.e_step(state)
                    if here > log_likelihood + _LOOK:
                        return state
                    state = engine.m_step(statistics, state)
        except (ArithmeticError, ValueError, np.linalg.LinAlgError):
            return None
        return None


_ROUNDS = 50  # moves of components beside, one after another
_TRIED = 4  # steps in which such a move must pay
_LEVEL = 0.999  # a step that shrinks some direction less than this may be at a saddle
_MANY = 200  # coordinates beyond which the derivative of a step is not computed
_PUSHES = 20  # steps after a push
_LONGER = 4.0  # by which the longest jump grows and shrinks
_SLOW = 0.95  # rate beyond which Newton steps are thought of
_COSTLY = 200  # sweeps that a Newton step may take
_PATIENCE = 50  # steps to wait after one that did not help; doubled each time
_NARROW = 0.05  # of the range; a component narrower than it may be on its way to 0
_LEAST = 1e-300  # a weight that stands for 0
_STRAY = 0.01  # of what a component carries that may be seen exactly on its way
_TOUCHED = 1e-6  # nats below a bound from which it counts as reached
_WEIGHED = 20  # steps of the weights alone
_HELD = 1e-3  # of the largest share; a row of which a component has less is another's
_FEW = 40  # free directions up to which the log-likelihood itself is climbed
_EARLY = 25  # steps of EM before that, where gains are not small
_LEVELLED = 1e-8  # nats that the log-likelihood may still rise at a maximum
_LOOSE = 100.0  # times as many where there are too many directions for Newton steps
_ASCENTS = 30  # of the log-likelihood itself, in one climb
_NEWTON = 20  # steps of each, at most


_STALLED = (
    "stopped: the search within a step stands still where the log-likelihood still has "
    "a slope, so this is no maximum; try another start, or give a parameter"
)


def _between(least: float, most: float) -> str:
    """Two ends, of which one may be infinite, in words."""
    if most == math.inf:
        return f"above {least:g}"
    return f"below {most:g}" if least == -math.inf else f"from {least:g} to {most:g}"


def _last_words(reason: str) -> str:
    """A reason without what came before the last climb."""
    return reason if not reason.startswith("after") else reason.split(", ", 1)[1]


def _length(vector: Array) -> float:
    """The Euclidean norm."""
    return math.sqrt(vector.dot(vector))


class _Point:
    """Where a climb was, and its learned values, which are looked at three times."""

    def __init__(self, engine: Engine, state: State) -> None:
        self.engine, self.state = engine, state

    @cached_property
    def values(self) -> Array:
        return self.engine.vector.learned_values(self.state)


class _Path:
    """The state of one climb."""

    def __init__(self, climb: Climb, first: State, start: int, spent: int = 0) -> None:
        self.spent = spent  # steps before this climb
        self.engine, self.tol, self.max_iter = climb.engine, climb.tol, climb.max_iter
        self.accelerates = climb.accelerate
        self.extrapolates = climb.accelerate and climb.engine.has_line
        self.watch, self.start = climb.watch, start
        self.current = first
        self.log_likelihood, self.statistics = self.engine.e_step(first)
        if self.log_likelihood == -np.inf:
            require_possible(self.engine.mixture(first), self.engine.source)
        self.history = [self.log_likelihood]
        self.older: tuple[_Point, ...] = ()  # the one before those, and the next
        self.trail = [_Point(self.engine, first)]  # plain iterates, the last three
        self.gain = math.inf
        self.slowest = 0.0  # an extrapolated step hides the slow direction for a while
        self.error = math.inf
        self.near = False  # is a step's gain small enough to extrapolate?
        self.plain_since_jump = _CONFIRM
        self.still = 0  # successive steps of rounding alone
        self.flat = 0  # successive gains of rounding alone
        self.stride = math.inf  # the last step when they were counted last
        self.searched = not self.engine.is_exact and self.engine.has_line
        self.ascents, self.since_ascent = 0, 0
        self.costly = self.searched and self.engine.is_costly
        self.longest = _LONGER  # a jump; more where such jumps rise, less where not
        self.next_leap, self.patience = 0, _PATIENCE

    def climb(self) -> End:
        while self.spent + len(self.history) <= self.max_iter:
            try:
                fallen = self.plain_step()
            except CollapseError as collapse:
                return self.end(False, f"collapsed: {collapse}", collapsed=True)
            fallen = fallen or self.runaway()
            if fallen:
                return self.end(False, fallen)
            if self.arrived():
                if self.is_level():
                    return self.end(True, self.arrival())
                if self.still >= _STANDS:
                    return self.end(False, _STALLED)
            if self.near and self.flat >= (_FLAT_SEARCHED if self.costly else _FLAT):
                self.flat, before, self.stride = 0, self.stride, self.last_step()
                stalled = self.stride > _SHRINKS * before
                if stalled and self.is_level(thorough=True):
                    return self.end(True, self.flat_words())
            if not self.extrapolates or self.still:
                continue
            if self.costly and self.ascents < _ASCENTS:
                if self.near or self.since_ascent >= _EARLY:
                    self.ascend()
            elif self.near and self.error > self.tol:
                if self.should_leap():
                    self.leap()
                else:
                    self.jump()
        self.look_ahead()
        self.accelerates = False  # what is looked at now is not moved
        if self.near and self.error <= self.tol and self.is_level():
            return self.end(True, self.arrival())
        return self.end(
            False,
            f"not converged at max_iter = {self.max_iter}: the log-likelihood still "
            f"rises by {self.gain:.2g} a step, estimated distance to the limit "
            f"{self.error:.1e}; raise max_iter",
        )

    def arrival(self) -> str:
        """In words, how near the limit is."""
        words = f"estimated distance to the limit {self.error:.1e}"
        if self.error <= self.tol:
            return f"converged: {words}"
        if self.engine.is_exact:
            return (
                f"converged: all that steps still move is rounding, {words}; tol = "
                f"{self.tol:g} is nearer than floats come"
            )
        return (
            "converged: all that steps still move is the rounding of the searches "
            f"within them, {words}"
        )

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
        self.plain_since_jump += 1
        self.since_ascent += 1
        self.flat = self.flat + 1 if gain <= self.resolution else 0
        self.trail.append(_Point(engine, state))
        if len(self.trail) > 3:
            self.older = self.trail.pop(0), self.trail[0]
        self.compare(gain)
        if self.watch:
            self.tell()
        return None

    def compare(self, gain: float) -> None:
        """How gains shrink says how far the log-likelihood still has to go."""
        before, self.gain = self.gain, gain
        self.near = gain < _NEAR
        if self.near and len(self.trail) > 2 and gain > 100 * self.resolution:
            ratio = gain / before if before > 0 else math.inf
            if ratio < 1:
                self.slowest = max(self.slowest, math.sqrt(ratio))

    def arrived(self) -> bool:
        """Is the estimated distance to the limit within tol, or rounding alone?"""
        gain, rate = max(self.gain, 0.0), self.slowest**2
        if not self.near or gain * rate > _LOOK * (1 - rate):
            self.error, self.still = math.inf, 0
            return False
        self.measure()
        if self.still >= _STANDS:
            return True
        enough = 2 if self.costly else _CONFIRM
        return self.error <= self.tol and self.plain_since_jump >= enough

    def measure(self) -> None:
        """Estimate the distance to the limit, step x rate / (1 - rate); never less than
        what rounding hides of it, rounding / (1 - rate)."""
        if len(self.trail) < 3:
            return
        a, b, c = (point.values for point in self.trail)
        before, step, size = _length(b - a), _length(c - b), _length(c)
        rounding = _LAST * size
        noise = _NOISE * size
        if not self.engine.is_exact:  # a place far from 0 is searched for about it
            noise = max(4 * rounding, _SEARCHED * min(size, math.sqrt(len(c))))
        if step <= noise:  # only the last bits move
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

    @property
    def seen_four(self) -> bool:
        """Are there four plain iterates in a row?"""
        return len(self.trail) == 3 and self.older[1:] == (self.trail[0],)

    def error_on(self) -> float:
        """The estimated distance where a climb is cut off; infinite where the rate of
        the steps before has not settled, so that there is none to estimate it by."""
        if self.engine.model.n_free == 1:  # no other direction hides behind that rate
            return self.error
        if not self.seen_four:
            return math.inf
        o, a, b, c = (point.values for point in (self.older[0], *self.trail))
        first, before, step = (float(np.linalg.norm(v)) for v in (a - o, b - a, c - b))
        if not first > 0 or not before > 0:
            return math.inf
        rate, change = step / before, step / before - before / first
        if not abs(change) <= _SETTLED * (1 - rate):
            return math.inf
        earlier, gain = np.diff(self.history[-3:])
        if (
            gain > 100 * self.resolution
        ):  # gains shrink by the rate squared, if it is one
            apart = abs(math.sqrt(gain / max(earlier, gain)) - rate)
            if not apart <= _AGREED * (1 - rate):
                return math.inf
        return self.error

    def look_ahead(self) -> None:
        """Measure at the last step that is allowed, by steps that are not kept."""
        kept = self.current, self.statistics, self.log_likelihood, self.watch
        steps, gain, near = len(self.history), self.gain, self.near
        self.watch = None
        try:
            alone = self.engine.model.n_free == 1
            while len(self.trail) < 3 or not (alone or self.seen_four):
                if self.plain_step():
                    break
            self.measure()
            if self.error > self.tol and self.still == 0:
                self.error = self.error_on()
        except CollapseError:
            self.error = math.inf
        if math.isfinite(gain):
            self.gain, self.near = gain, near
        del self.history[steps:]
        self.current, self.statistics, self.log_likelihood, self.watch = kept

    def last_step(self) -> float:
        """How far the last plain step moved the learned values."""
        if len(self.trail) < 2:
            return 0.0
        before, here = (point.values for point in self.trail[-2:])
        return _length(here - before)

    def flat_words(self) -> str:
        """In words, that the data hardly tell apart where it still moves."""
        if not math.isfinite(self.error):
            self.measure()
        return (
            "converged: the log-likelihood no longer rises beyond rounding; estimated "
            f"distance to the limit {self.error:.1e}, along which it is flat"
        )

    def is_level(self, thorough: bool = False) -> bool:
        """Is the log-likelihood itself level here, too? Where steps are exact, one that
        stands still says so; a search may stand still on a slope."""
        if not (self.searched or (thorough and self.engine.has_line)):
            return True
        view = self.view()
        if view is None:
            return True
        height, free, scale = view
        promised = slope_left(height, len(free), scale)
        if promised <= _LEVELLED * (0.1 if len(free) <= _FEW else _LOOSE):
            return True
        return len(free) <= _FEW and self.ascend(view) <= _LEVELLED

    def view(self) -> tuple[Callable[[Array], float], Array, Scale] | None:
        """The log-likelihood about this point, along the directions that a model can
        move in, and how far to look; None where there is none."""
        engine, here = self.engine, self.current
        try:
            point = engine.vector.unconstrain(here)
            free = information.directions(engine, here)
        except (ArithmeticError, ValueError, np.linalg.LinAlgError):
            return None  # at the edge of what floats can hold
        if not len(free):
            return None

        def height(aside: Array) -> float:
            try:
                found = engine.e_step(placed(aside), self.statistics)[0]
            except (ArithmeticError, ValueError, np.linalg.LinAlgError):
                return -math.inf
            return found if math.isfinite(found) else -math.inf

        def placed(aside: Array) -> State:
            return engine.vector.constrain(point + aside @ free, here)

        self.placed = placed
        return height, free, Scale(max(1e-4, 1e3 * self.resolution), 0.5)

    def ascend(self, view: Any = None) -> float:
        """Newton steps on the log-likelihood itself, along all that is learned, kept if
        they rise; by how much. Where a step of EM is a search they cost little more."""
        self.since_ascent = 0
        view = view or self.view()
        if view is None or len(view[1]) > _FEW or self.ascents >= _ASCENTS:
            return math.inf
        self.ascents += 1
        height, free, scale = view
        top = ascend(height, np.zeros(len(free)), _NEWTON, scale)
        rise = top.value - self.log_likelihood
        if not self.accelerates or not rise > self.resolution:
            return max(rise, 0.0)
        state = self.placed(top.place)
        log_likelihood, statistics = self.engine.e_step(state, self.statistics)
        self.current, self.statistics = state, statistics
        self.log_likelihood = max(self.log_likelihood, log_likelihood)
        self.trail = [_Point(self.engine, self.current)]
        self.plain_since_jump, self.still = 0, 0
        self.history.append(self.log_likelihood)
        if self.watch:
            self.tell()
        return rise

    @property
    def resolution(self) -> float:
        """Differences of log-likelihoods below this are rounding."""
        return 8 * _EPS * (abs(self.log_likelihood) + self.engine.total)

    def jump(self) -> None:
        """Extrapolate from the last three iterates (SQUAREM); keep it if it rises."""
        if len(self.trail) < 3 or self.spent + len(self.history) > self.max_iter:
            return
        engine = self.engine
        try:
            a, b, c = (engine.vector.unconstrain(point.state) for point in self.trail)
            del self.trail[:-1]
            r, v = b - a, (c - b) - (b - a)
            curvature = float(np.linalg.norm(v))
            if curvature == 0:
                return
            alpha = max(float(np.linalg.norm(r)) / curvature, 1.0)
            alpha = min(alpha, self.longest)
            target = a + 2 * alpha * r + alpha**2 * v
            proposal = engine.vector.constrain(target, self.current)
            log_likelihood, statistics = engine.e_step(proposal, self.statistics)
        except (ArithmeticError, ValueError, np.linalg.LinAlgError):
            self.history.append(self.log_likelihood)
            self.longest = max(alpha / _LONGER, 2.0)
            return  # past the edge of what floats can hold
        if not log_likelihood >= self.log_likelihood - self.resolution:
            self.longest = max(alpha / _LONGER, 2.0)
        else:
            if alpha == self.longest:
                self.longest *= _LONGER
            self.current, self.statistics = proposal, statistics
            self.log_likelihood = max(self.log_likelihood, log_likelihood)
            self.trail = [_Point(self.engine, self.current)]
            self.plain_since_jump = 0
        self.history.append(self.log_likelihood)
        if self.watch:
            self.tell()

    def should_leap(self) -> bool:
        """Would a Newton step cost less than what is saved by it?"""
        if len(self.trail) < 3 or len(self.history) < self.next_leap:
            return False
        a, b, c = (point.values for point in self.trail)
        step, before = _length(c - b), _length(b - a)
        rate = min(max(step / before, self.slowest), 1 - 1e-6) if before else 1 - 1e-6
        if not rate > _SLOW:
            return False
        sweeps = 2 * len(self.engine.vector.unconstrain(self.current))
        if sweeps > _COSTLY or self.spent + len(self.history) + sweeps > self.max_iter:
            return False
        error = step * rate / (1 - rate)
        least = max(self.tol, _LAST * _length(c))
        to_come = math.log(max(error, least) / least) / -math.log(rate)
        return to_come > 15 * sweeps

    def leap(self) -> None:
        """A Newton step to where a plain step stands still; kept if it rises.

        Only where plain steps shrink in every direction: near a maximum, no saddle.
        """
        engine, here = self.engine, self.current
        point = engine.vector.unconstrain(here)
        spent = 2 * len(point) + 2
        self.history += spent * [self.log_likelihood]
        self.next_leap = len(self.history) + self.patience
        self.patience *= 2
        try:
            step = information.step_of(engine, here)
            aside = step(point) - point
            derivative = information.derivative(step, point)
            if not np.abs(np.linalg.eigvals(derivative)).max() < 1:
                return
            move = np.linalg.solve(np.eye(len(point)) - derivative, aside)
            proposal = engine.vector.constrain(point + move, here)
            log_likelihood, statistics = engine.e_step(proposal, self.statistics)
        except (ArithmeticError, ValueError, np.linalg.LinAlgError):
            return
        if log_likelihood >= self.log_likelihood - self.resolution:
            self.current, self.statistics = proposal, statistics
            self.log_likelihood = max(self.log_likelihood, log_likelihood)
            self.trail = [_Point(self.engine, self.current)]
            self.plain_since_jump = 0
            self.next_leap = len(self.history) + 5
            self.patience = _PATIENCE
        self.history[-1] = self.log_likelihood
        if self.watch:
            self.tell()

    def tell(self) -> None:
        """Show the step to whoever watches."""
        state, engine = self.current, self.engine
        assert self.watch is not None
        self.watch(
            Step(
                self.start,
                len(self.history) - 1,
                self.log_likelihood + engine.constant,
                lambda: engine.mixture(state),
            )
        )

    def runaway(self) -> str:
        """Of intervals, words for a component that holds all the rows that it carries
        with a probability of 1, a bound that no parameter reaches; else none."""
        engine, rows = self.engine, self.engine.source
        steps = len(self.history) - 1
        if not (engine.apart and isinstance(rows, Rows)):
            return ""
        if steps > _CONFIRM and steps % _CONFIRM and not self.near:
            return ""
        joint = engine.joint(self.current)
        weights = np.maximum(engine.tree.leaf_weights(self.current.weights), _LEAST)
        level = log_sum_exp(joint)
        shares = rows.weights * np.exp(joint - level)
        low, high = np.asarray(rows.x).T
        filled = engine.by_slot(engine.mixture(self.current))
        for slot, template in enumerate(engine.by_slot()):
            component, mine = filled[slot], shares[slot]
            if not (getattr(template, "has_line", False) and template.n_free):
                continue
            wide = low < high
            stray = _STRAY if self.ascents < _ASCENTS else 1.0
            if not mine[wide].sum() > max(_LOOK, (1 - stray) * mine.sum()):
                continue
            held = wide & (mine >= _HELD * mine[wide].max())
            least, most = float(low[held].max()), float(high[held].min())
            if least >= most:
                continue
            if component.discrete and not component.ends[1] == most == math.inf:
                continue  # a probability of 1 can be reached
            sure = np.where(wide & (low <= least) & (high >= most), 0.0, -np.inf)
            if engine.excluded is not None:
                sure[joint[slot] == -np.inf] = -np.inf
            there = joint - np.log(weights)[:, None]
            there[slot] = sure
            bound = self._bound(there, weights)
            said = round(bound + engine.constant, 6) + 0.0
            if bound >= rows.weights @ level - _TOUCHED:
                return (
                    f"stopped: {type(component).__name__} carries only rows of which "
                    f"no more is known than that they are {_between(least, most)}, and "
                    f"the log-likelihood rises to a bound, about {said:.10g}, that no "
                    "parameter reaches, where it holds them with probability 1; give "
                    "its parameters, or use fewer components"
                )
        return ""

    def _bound(self, densities: Array, weights: Array) -> float:
        """The log-likelihood of components with these log-densities, (K, n), after some
        steps of their weights where these are learned."""
        rows = self.engine.source
        assert isinstance(rows, Rows)
        learned = self.engine.tree.flat and self.engine.tree.nodes[0].given is None
        for _ in range(_WEIGHED if learned else 1):
            joint = densities + np.log(np.maximum(weights, _LEAST))[:, None]
            level = log_sum_exp(joint)
            if learned:
                weights = np.exp(joint - level) @ rows.weights / rows.weights.sum()
        return float(rows.weights @ level)

    def boundless(self) -> str:
        """Of intervals, words for a component that rises without end as it shrinks onto
        a value that was seen exactly; else none."""
        engine, rows = self.engine, self.engine.source
        if not (engine.apart and isinstance(rows, Rows)):
            return ""
        mixture, shares = engine.mixture(self.current), engine.shares(self.current)
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
            heights = [self.log_likelihood]
            for factor in (0.1, 0.01):
                narrow = template.narrowed(component, at, factor)
                if narrow is not None:
                    moved = engine.with_component(mixture, slot, narrow)
                    heights.append(engine.e_step(engine.state(moved))[0])
            if len(heights) == 3 and heights[2] > heights[1] > heights[0] + _LOOK:
                return (
                    f"{type(component).__name__} collapsed on x = {at:g}: the "
                    "likelihood has no bound as it shrinks onto a value that was seen "
                    "exactly; use fewer components"
                )
        return ""

    def end(self, converged: bool, reason: str, collapsed: bool = False) -> End:
        fallen = "" if collapsed else self.boundless()
        if fallen:
            converged, reason, collapsed = False, f"collapsed: {fallen}", True
        return End(
            self.engine.mixture(self.current),
            self.log_likelihood + self.engine.constant,
            np.array(self.history) + self.engine.constant,
            converged,
            reason,
            self.error,
            collapsed,
        )
