"""Components of which only a log-density and the bounds of its parameters are known.

What is left blank is found by Newton steps on the weighted log-likelihood with
numerical derivatives, from where Nelder and Mead's simplex (scipy.optimize) came first.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

import numpy as np

from mixnotes.components.component import Component
from mixnotes.components.constraints import Shared
from mixnotes.components.saving import shown
from mixnotes.data.check import CollapseError
from mixnotes.families.kinks import Held, Pin, held, kinks
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.ascent import ascend
from mixnotes.numeric.special import scipy_functions

Bounds = tuple[float, float]
_RISING = 1e-3  # nats an observation that a search which ends still promised
_NEAREST, _NEAR = 1e-12, 1e-6  # places beside an end, of the range of the data
_RISES = 0.5  # nats between them: the density is infinite at the end
_FAR = 40.0  # e-folds from the start beyond which a parameter has run off
_LONG, _ON = 10.0, 5.0  # e-folds after which it is asked whether as many more rise
_SHORT = 1.0  # e-folds; a longer step does not begin near a maximum
_SOME = 8  # steps that are taken from there
_HELD_STEPS = 6  # of Newton in an M-step with kinks held; EM's next one goes on
_SIMPLEX = (1e-4, 1e-2)  # sizes of one that looks about where densities have kinks
_WORST = -1e3  # a log-density that stands for -inf while the simplex looks for others


class Made(Component):
    """A component of which only a log-density and the bounds of its parameters are
    known.

    A subclass writes `logs`, `guesses`, `again`, and what `Component` leaves open.
    """

    bounds: dict[str, Bounds]  # of what can be learned
    values: dict[str, Any]  # all parameters; None is blank
    pins: tuple[Pin, ...] = ()  # kinks of the density that stay on observations

    @abstractmethod
    def logs(self, x: Array, values: dict[str, Any]) -> Array:
        """log p(x), shape (n,), -inf where x is impossible under these values."""

    @abstractmethod
    def guesses(self, x: Array, share: Array) -> list[dict[str, float]]:
        """Values of the blanks from which a search may begin."""

    @abstractmethod
    def again(self, values: dict[str, Any]) -> Self:
        """The same component with these parameters, None for blanks."""

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(
            f"a {type(self).__name__} is immutable, cannot set {name}; make a new one"
        )

    def __getattr__(self, name: str) -> Any:
        values = self.__dict__.get("values", {})
        if name in values:
            return values[name]
        raise AttributeError(f"{type(self).__name__} has no {name}")

    def constraints(self) -> dict[str, Bounds]:
        """The parameters that can be learned, each with its bounds."""
        return self.bounds

    @property
    def blanks(self) -> tuple[str, ...]:
        """The names of the blank parameters."""
        return tuple(name for name, value in self.values.items() if value is None)

    @property
    def n_free(self) -> int:
        """How many numbers are blank."""
        return len(self.blanks)

    def blank(self, *names: str) -> Self:
        """The same component with these parameters (all, if none is named) blank."""
        unknown = sorted(set(names) - set(self.bounds))
        if unknown:
            raise ValueError(
                f"{type(self).__name__} can have blanks in {', '.join(self.bounds)}, "
                f"got {', '.join(unknown)}"
            )
        return self.filled(dict.fromkeys(names or self.bounds))

    def filled(self, values: dict[str, Any]) -> Self:
        """The same component with these parameters set."""
        return self.again(self.values | values)

    def checked(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """All parameters in order, those that can be learned within their bounds."""
        found = dict(values)
        for name, (low, high) in self.bounds.items():
            value = found.get(name)
            found[name] = None if value is None else self._number(name, value)
            if value is not None and not low <= found[name] <= high:
                raise ValueError(
                    f"{name} must be from {low:g} to {high:g}, got {value!r:.80}; "
                    f"leave {name} out to have it learned"
                )
        return found

    def _number(self, name: str, value: Any) -> float:
        if isinstance(value, Shared):
            raise ValueError(
                f"{name} cannot be Shared in a density that is only known as a "
                "function; give its value, or leave it blank in each"
            )
        real = isinstance(value, int | float | np.number) and not isinstance(
            value, bool | np.complexfloating
        )
        if not real or math.isnan(value):
            raise ValueError(f"{name} must be a number, got {value!r:.80}")
        return float(value)

    def bind(self, x: Array) -> Callable[[Self], Array]:
        """log p(x)."""
        return lambda filled: filled.logs(x, filled.values)

    # ---------------------------------------------------------------- the search

    def _fit(self, x: Array, weight: Array, start: Self | None) -> Self:
        there = (weight > 0) & self.inside(x)
        if not there.any():
            if start is None:
                raise ValueError(f"{self!r} cannot be learned from weights that are 0")
            return start
        x, share = x[there], weight[there] / weight[there].sum()

        def height(values: dict[str, Any], worst: float = -math.inf) -> float:
            with np.errstate(all="ignore"):
                logs = np.asarray(self.logs(x, self.values | values))
            # a density of infinity at an observation is as useless as none
            useless = np.isnan(logs) | (logs == np.inf)
            each = np.where(useless, worst, np.maximum(logs, worst))
            return float(share @ each)

        if start is not None and start.pins:
            return self._climb_pinned(start, height)
        if start is not None:
            begin = {name: start.values[name] for name in self.blanks}
            filled = self._stepped(start, begin, height, x)
            filled = filled if height(filled.values) >= height(begin) else start
        else:
            begin = self._begin(self.guesses(x, share), height)
            filled = self.filled(self._climb(self._simplex(begin, height), height, x))
        self._require_bound(filled, x)
        self._require_width(filled, x, share)
        return filled

    def _climb_pinned(self, start: Self, height: Any) -> Self:
        """Newton steps while kinks of the density stay on their observations."""
        names, settle = self.held(start.pins)
        free = {n: start.values[n] for n in self.blanks if n not in names}
        if not free:
            return start
        line = _Line(self.bounds, free, lambda v: self._settled(v, settle, height))
        top = ascend(
            lambda u: self._settled(line.values(u), settle, height),
            np.zeros(len(free)),
            _HELD_STEPS,
        )
        found = settle(start.values | line.values(top.place))
        here = {n: start.values[n] for n in self.blanks}
        if found is None or not height({n: found[n] for n in here}) > height(here):
            return start
        filled = self.filled({n: found[n] for n in here})
        filled.__dict__["pins"] = start.pins
        return filled

    def _settled(self, values: dict[str, Any], settle: Any, height: Any) -> float:
        """The height with the kinks held; -inf out of bounds."""
        found = settle(self.values | values)
        if found is None:
            return -math.inf
        for name in self.blanks:
            low, high = self.bounds[name]
            if not low <= found[name] <= high:
                return -math.inf
        return float(height({n: found[n] for n in self.blanks}))

    def _require_width(self, filled: Self, x: Array, share: Array) -> None:
        """Raise an error where the density changes within the rounding of x."""
        if self.discrete:
            return
        with np.errstate(all="ignore"):
            here = filled.logs(x, filled.values)
            beside = filled.logs(x * (1 + 8 * np.finfo(float).eps), filled.values)
            change = share @ np.abs(np.subtract(beside, here))
        if _RISING < change < math.inf:
            ends = {n: any(map(math.isfinite, self.bounds[n])) for n in self.blanks}
            name = max(self.blanks, key=lambda n: ends[n])
            raise self._ran_off(name, filled.values[name])

    def _ran_off(self, name: str, value: float) -> CollapseError:
        return CollapseError(
            f"{self!r} collapsed: {name} ran off to {value:g}, where the likelihood "
            f"has no maximum; give {name}, or closer bounds"
        )

    def _require_bound(self, filled: Self, x: Array) -> None:
        """Raise an error where the support ends at a place that is learned and the
        density is infinite there: with the end on an observation the likelihood has no
        bound."""
        span = float(np.ptp(x)) if x.ndim == 1 else 0.0
        for end, inwards in zip(filled.ends, (1, -1), strict=True):
            if not (span and math.isfinite(end) and self._is_learned(filled, inwards)):
                continue
            near = end + inwards * span * np.array([_NEAREST, _NEAR])
            with np.errstate(all="ignore"):
                logs = np.asarray(filled.logs(near, filled.values))
            if logs[0] > logs[1] + _RISES:
                at = x[int(np.argmin(np.abs(x - end)))]
                raise CollapseError(
                    f"{self!r} collapsed on x = {at:g}: the likelihood has no bound "
                    "where its support ends on an observation, for its density is "
                    f"infinite at the end; give {' or '.join(self.blanks)}"
                )

    def _is_learned(self, filled: Self, inwards: int) -> bool:
        """True where the lower (1) or the upper (-1) end of the support moves with a
        blank.
        """
        side = 0 if inwards > 0 else 1
        here = filled.ends[side]
        for name in self.blanks:
            low, high = self.bounds[name]
            value = filled.values[name]
            moved = _moved(_within(value, (low, high)), 1e-3, (low, high), 1.0)
            with np.errstate(all="ignore"):
                if filled.again(filled.values | {name: moved}).ends[side] != here:
                    return True
        return False

    def _begin(self, guesses: list[dict[str, float]], height: Any) -> dict[str, float]:
        """The highest of the guesses; of those under which the data are possible, if
        any are.
        """
        return max(guesses, key=lambda v: (height(v), height(v, _WORST)))

    def _simplex(self, begin: dict[str, float], height: Any) -> dict[str, float]:
        """The place where the Nelder-Mead simplex of scipy ends."""
        (minimize,) = scipy_functions("optimize", "minimize")

        line = _Line(self.bounds, begin, height)
        with np.errstate(invalid="ignore"):  # corners that are impossible alike
            found = minimize(
                lambda u: -height(line.values(u), _WORST),
                np.zeros(len(begin)),
                method="Nelder-Mead",
                options={
                    "maxfev": 400 * len(begin),
                    "initial_simplex": _corners(len(begin)),
                    "xatol": 1e-4,
                    "fatol": 1e-6,
                },
            )
        values = line.values(found.x)
        if height(values) == -math.inf:
            raise CollapseError(
                f"{self!r}: no values of {', '.join(begin)} were found under which "
                "every observation is possible; give some of them, or a guess"
            )
        return values

    def kinks(self, filled: Self, x: Array) -> list[float]:
        """Where the density has a kink, between the ends of the data."""
        if self.discrete or x.ndim > 1:
            return []
        low, high = np.clip(filled.ends, x.min(), x.max())
        if not low < high:
            return []
        return kinks(lambda x: filled.logs(x, filled.values), float(low), float(high))

    def pinned(self, filled: Self, pins: tuple[Pin, ...]) -> Self | None:
        """`filled` with kinks on observations; None where its bounds do not allow."""
        names, settle = self.held(pins)
        values = settle(filled.values)
        if values is None or not names:
            return None
        try:
            moved = filled.filled({name: values[name] for name in names})
        except ValueError:
            return None
        moved.__dict__["pins"] = pins
        return moved

    def held(self, pins: tuple[Pin, ...]) -> Held:
        """Which blanks keep kinks where they are pinned, and how."""
        return held(self.blanks, pins)

    def about_kinks(self, filled: Self, x: Array, weight: Array) -> Iterator[Self]:
        """Where simplexes lead that look about, if the density has kinks."""
        if self.kinks(filled, x[weight > 0]):
            for size in _SIMPLEX:
                yield self.by_simplex(filled, x, weight, size)

    def by_simplex(self, filled: Self, x: Array, weight: Array, size: float) -> Self:
        """Where a simplex of this size leads, by scipy: it needs no slopes."""
        (minimize,) = scipy_functions("optimize", "minimize")

        def height(values: dict[str, Any]) -> float:
            logs = self.logs(x[weight > 0], self.values | values)
            total = float(weight[weight > 0] @ logs)
            return total if math.isfinite(total) else -math.inf

        begin = {name: filled.values[name] for name in self.blanks}
        line = _Line(self.bounds, begin, height)
        p = len(begin)
        with np.errstate(all="ignore"):
            found = minimize(
                lambda u: min(-height(line.values(u)), 1e300),
                np.zeros(p),
                method="Nelder-Mead",
                options={
                    "maxfev": 200 * p,
                    "initial_simplex": _corners(p) / 0.3 * size,
                    "xatol": 1e-9,
                    "fatol": 1e-9,
                },
            )
        return self.filled(line.values(found.x))

    def _stepped(
        self, start: Self, begin: dict[str, float], height: Any, x: Array
    ) -> Self:
        """A Newton step from the last of EM's, which squares the distance to a maximum,
        or some where that leads far; a whole climb where these lead very far, or where
        there is a slope and none of them rises."""
        units, sights = start.__dict__.get("sights", (None, None))
        line = _Line(self.bounds, begin, height, units)
        origin = np.zeros(len(begin))

        def at(u: Array) -> float:
            return float(height(line.values(u)))

        top = ascend(at, origin, 1, sights=sights)
        moved = float(np.abs(top.place).max())
        if moved >= _SHORT or not (moved or top.promised < _RISING):
            top = ascend(at, top.place, _SOME, sights=top.sights)
            moved = float(np.abs(top.place).max())
            if moved >= _LONG or not (moved or top.promised < _RISING):
                return self.filled(self._climb(begin, height, x))
        if (
            top.value < height(begin) - _RISING
        ):  # the line does not reach so near a bound
            return self.filled(self._climb(begin, height, x))
        filled = self.filled(line.values(top.place))
        filled.__dict__["sights"] = line.units, top.sights
        return filled

    def _climb(
        self, begin: dict[str, float], height: Any, x: Array
    ) -> dict[str, float]:
        """Newton steps from there to the end."""
        line = _Line(self.bounds, begin, height)
        top = ascend(lambda u: height(line.values(u)), np.zeros(len(begin)))
        name = list(begin)[int(np.argmax(np.abs(top.place)))]
        further = top.place + _ON * np.sign(top.place) * (np.abs(top.place) > _LONG)
        goes_on = height(line.values(further)) > top.value + _RISING
        stalled = not top.promised < _RISING
        if stalled and not goes_on:  # at a kink no step keeps what slopes promise
            stalled = not self.kinks(self.filled(line.values(top.place)), x)
        if line.ran_off(top.place) or goes_on or stalled:
            raise self._ran_off(name, line.values(top.place)[name])
        return line.values(top.place)


class _Line:
    """Parameters as numbers without bounds, of order 1, which are 0 where the search
    begins.
    """

    def __init__(
        self,
        bounds: dict[str, Bounds],
        begin: dict[str, float],
        height: Any,
        units: dict[str, float] | None = None,
    ) -> None:
        self.bounds = {name: bounds[name] for name in begin}
        self.begin = {n: _within(v, self.bounds[n]) for n, v in begin.items()}
        self.units = units or {name: self._unit(name, height) for name in begin}

    def _unit(self, name: str, height: Any) -> float:
        """By how much an unbounded parameter must change to change the fit; 1 for
        others.
        """
        if not all(map(math.isinf, self.bounds[name])):
            return 1.0
        here, centre = height(self.begin), self.begin[name]
        unit = max(abs(centre), 1.0)
        for _ in range(80):
            sides = [height(self.begin | {name: centre + s * unit}) for s in (-1, 1)]
            fall = here - min(sides)
            if math.isfinite(here) and not fall <= 0.5:
                unit /= 4
            elif math.isfinite(here) and abs(fall) < 0.005:
                unit *= 4
            else:
                break
        return unit

    def values(self, u: Array) -> dict[str, float]:
        """The parameters at a point of the line."""
        return {
            name: _moved(self.begin[name], float(step), self.bounds[name], unit)
            for step, (name, unit) in zip(u, self.units.items(), strict=True)
        }

    def ran_off(self, u: Array) -> bool:
        """True where a parameter with a bound is many e-folds from where it began."""
        bounded = [not all(map(math.isinf, b)) for b in self.bounds.values()]
        return bool((np.abs(u)[bounded] > _FAR).any())


def _within(value: float, bounds: Bounds) -> float:
    """The value, or one beside it strictly inside the bounds."""
    low, high = bounds
    width = high - low if math.isfinite(high - low) else max(abs(value), 1.0)
    inner = 1e-9 * width
    return min(max(value, low + inner), high - inner)


def _moved(value: float, step: float, bounds: Bounds, unit: float) -> float:
    """A value moved by a distance in the coordinate that its bounds define."""
    low, high = bounds
    step = min(max(step, -600.0), 600.0)
    if math.isinf(low) and math.isinf(high):
        return value + unit * step
    if math.isinf(high):
        return low + (value - low) * math.exp(step)
    if math.isinf(low):
        return high - (high - value) * math.exp(-step)
    odds = (value - low) / (high - value) * math.exp(step)
    return low + (high - low) * odds / (1 + odds)


def _corners(p: int) -> Array:
    """A first simplex of size 0.3 about 0."""
    return np.concatenate([np.zeros((1, p)), 0.3 * np.eye(p)])


# ------------------------------------------------------------------- the reader's own


def written(values: dict[str, Any]) -> list[str]:
    """The parameters that have a value, as code writes them."""
    return [f"{n}={shown(v)}" for n, v in values.items() if v is not None]


def first_guesses(bounds: Bounds, mean: float, sd: float) -> list[float]:
    """First guesses for a parameter that is only known to lie between bounds."""
    low, high = bounds
    if math.isfinite(low) and math.isfinite(high):
        return [low + share * (high - low) for share in (0.5, 0.2, 0.8)]
    if math.isfinite(low):
        return [low + v for v in (sd, 1 / sd, 1.0, abs(mean) or 1.0)]
    if math.isfinite(high):
        return [high - v for v in (sd, 1 / sd, 1.0, abs(mean) or 1.0)]
    return [mean, 0.0]
