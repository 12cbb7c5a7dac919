"""Kinks of a density, and fits that hold one on an observation.

For the author of a component of which only a log-density is known. Where a density has
a kink, as a triangle has at its mode, the log-likelihood has a peak wherever the kink
stands on an observation, and no slope leads from one peak to the next: so the kink is
moved from observation to observation, and what is left is climbed while it stands.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from mixnotes.numeric.arrays import Array

_CELLS = 2000  # of the range of the data, in which kinks are looked for
_SHARP = 30.0  # times the bend beside it; a smooth density has no such bend
_NOISE = 1e3 * float(np.finfo(float).eps)  # relative; what differences may round off
_FINE = 1e-7  # of the range, as far as a kink is narrowed down
_STAYS = 0.2  # of the jump of the slope that must be left there
_ASIDE = 1e-3  # change of a parameter by which the kink's place is followed
_REACH = 0.01  # of the range, in which a kink is looked for again
_STRAIGHT = 1e-6  # of the range; a place that bends more is not followed


Held = tuple[tuple[str, ...], Callable[[dict[str, Any]], dict[str, Any] | None]]


class Pin(NamedTuple):
    """A kink at `place` in standard units, with slopes in shape parameters about
    `shapes`, and the observation `at` that it stands on."""

    place: float
    slopes: dict[str, float]
    shapes: dict[str, float]
    at: float

    def placed(self, values: dict[str, Any]) -> float:
        """Where the kink is in standard units with these parameters."""
        return self.place + sum(
            slope * (values[name] - self.shapes[name])
            for name, slope in self.slopes.items()
        )


def kinks(log: Callable[[Array], Array], low: float, high: float) -> list[float]:
    """Where the slope of a log-density jumps between two places."""
    grid = np.linspace(low, high, _CELLS + 1)
    bend = np.abs(_bends(log, grid))
    with np.errstate(all="ignore"):
        size = np.abs(log(grid))
    noise = (
        _NOISE * (1 + size[np.isfinite(size)].max(initial=0.0)) / (grid[1] - grid[0])
    )
    found = []
    usual = np.array([np.roll(bend, k) for k in (-8, -6, -4, 4, 6, 8)]).max(axis=0)
    for j in np.flatnonzero(bend > _SHARP * usual + noise):
        if bend[j] < bend[max(j - 1, 0) : j + 2].max():
            continue
        place = narrowed(log, grid[j], grid[j + 2], high - low)
        if place is not None:
            found.append(place)
    return found


def narrowed(
    log: Callable[[Array], Array], low: float, high: float, span: float
) -> float | None:
    """The kink between two places; None where the slope does not jump."""
    first = 0.0
    while True:
        grid = np.linspace(low, high, 33)
        bend = np.abs(_bends(log, grid))
        j = int(np.argmax(bend))
        first = first or float(bend[j])
        if not bend[j] >= _STAYS * first > 0:
            return None
        if high - low < 32 * _FINE * span:
            break
        low, high = grid[j], grid[j + 2]
    width = _FINE * span
    middle = float(grid[j + 1])
    a, b, c, d = log(middle + width * np.array([-4.0, -2.0, 2.0, 4.0]))
    left, right = (b - a) / 2, (d - c) / 2  # where the two tangents cross
    if left == right:
        return None
    cross = (c - 2 * right - b - 2 * left) / (left - right)
    return middle + width * float(np.clip(cross, -2, 2))


def _bends(log: Callable[[Array], Array], grid: Array) -> Array:
    """Changes of the slope between cells of a grid; 0 at the ends of the support."""
    with np.errstate(all="ignore"):
        slopes = np.diff(log(grid)) / (grid[1] - grid[0])
        bends = np.diff(slopes)
    return np.where(np.isfinite(bends), bends, 0.0)


def followed(component: Any, place: float, span: float) -> Pin | None:
    """A kink of a filled component, with how it moves as shapes do; None where it is
    not on a straight line."""
    values = component.values
    loc, scale = values["loc"], values.get("scale", 1.0)
    names = [n for n in component.bounds if n not in ("loc", "scale")]
    slopes: dict[str, float] = {}
    for name in names:
        places = []
        for step in (_ASIDE, 2 * _ASIDE):
            high = component.bounds[name][1]
            sign = 1 if values[name] + 2 * _ASIDE < high else -1
            moved = component.filled({name: values[name] + sign * step})
            reach = 5 * step * scale
            there = narrowed(_log_of(moved), place - reach, place + reach, span)
            if there is None:
                return None
            places.append(sign * (there - place))
        if abs(places[1] - 2 * places[0]) > _STRAIGHT * span:
            return None
        slope = places[0] / _ASIDE / scale
        rounded = round(slope)
        slopes[name] = rounded if abs(slope - rounded) < 1e-3 else slope
    standard = (place - loc) / scale
    for name, slope in slopes.items():  # a shape is the kink's place itself
        if slope == 1 and abs(values[name] - standard) < 1e-4:
            standard = values[name]
    return Pin(
        standard, {n: s for n, s in slopes.items() if s}, {n: values[n] for n in names},
        math.nan,
    )  # fmt: skip


def _log_of(filled: Any) -> Callable[[Array], Array]:
    """Its log-density."""

    def log(x: Array) -> Array:
        found: Array = filled.logs(x, filled.values)
        return found

    return log


def led(component: Any, place: float, span: float) -> Pin | None:
    """A kink of a filled component whose parameters mean what its author knows, with
    how it moves as each of them does; None where it is not on a straight line."""
    values = component.values
    slopes: dict[str, float] = {}
    aside = {name: _ASIDE * _size(values[name], span) for name in component.bounds}
    total = 0.0

    def moved(steps: dict[str, float]) -> float | None:
        try:
            there = component.filled({n: values[n] + s for n, s in steps.items()})
        except ValueError:  # out of bounds
            return None
        reach = _REACH * span
        found = narrowed(_log_of(there), place - reach, place + reach, span)
        return None if found is None else found - place

    for name in component.bounds:
        step = aside[name]
        if values[name] + 2 * step > component.bounds[name][1]:
            step = aside[name] = -step
        once, twice = moved({name: step}), moved({name: 2 * step})
        if once is None or twice is None or abs(twice - 2 * once) > _STRAIGHT * span:
            return None
        slope = once / step
        slopes[name] = round(slope) if abs(slope - round(slope)) < 1e-3 else slope
        total += once
    both = moved(aside)
    if both is None or abs(both - total) > len(aside) * _STRAIGHT * span:
        return None
    slopes = {name: slope for name, slope in slopes.items() if slope}
    if list(slopes.values()) == [1]:  # a parameter is the kink's place itself
        (name,) = slopes
        near = abs(values[name] - place) < 1e-4 * span
        place = values[name] if near else place
    return Pin(place, slopes, dict(values), math.nan) if slopes else None


def _size(value: float, span: float) -> float:
    """What a parameter is moved in proportion to."""
    return min(abs(value), span) or span


def held_by_one(blanks: tuple[str, ...], pins: tuple[Pin, ...]) -> Held:
    """The blank that moves a kink most keeps it where it is pinned, whatever the others
    are."""
    pin = pins[0]
    names = sorted(
        (n for n in pin.slopes if n in blanks), key=lambda n: -abs(pin.slopes[n])
    )

    def settle(values: dict[str, Any]) -> dict[str, Any] | None:
        if not names:
            return None
        name = names[0]
        rest = pin.placed(values | {name: pin.shapes[name]})
        return values | {name: pin.shapes[name] + (pin.at - rest) / pin.slopes[name]}

    return tuple(names[:1]), settle


def held(blanks: tuple[str, ...], pins: tuple[Pin, ...]) -> Held:
    """Which blanks keep kinks where they are pinned, and how they do in terms of all
    others; None as values where nothing does."""
    if len(pins) > 1 and {"loc", "scale"} <= set(blanks):
        names: tuple[str, ...] = ("loc", "scale")
    elif "loc" in blanks:
        names = ("loc",)
    elif "scale" in blanks:
        names = ("scale",)
    else:
        names = tuple(n for n in pins[0].slopes if n in blanks)[:1]

    def settle(values: dict[str, Any]) -> dict[str, Any] | None:
        first = pins[0]
        if names == ("loc", "scale"):
            apart = pins[1].placed(values) - first.placed(values)
            scale = (pins[1].at - first.at) / apart if apart else math.nan
            loc = first.at - scale * first.placed(values)
            return values | {"loc": loc, "scale": scale} if scale > 0 else None
        if names == ("loc",):
            unit = values.get("scale", 1.0)
            return values | {"loc": first.at - unit * first.placed(values)}
        if names == ("scale",):
            place = first.placed(values)
            scale = (first.at - values["loc"]) / place if place else math.nan
            return values | {"scale": scale} if scale > 0 else None
        if not names:
            return None
        name = names[0]
        wanted = (first.at - values["loc"]) / values.get("scale", 1.0)
        rest = first.placed(values | {name: first.shapes[name]})
        return values | {
            name: first.shapes[name] + (wanted - rest) / first.slopes[name]
        }

    return names, settle
