"""Climbing a smooth function of a few numbers, for fits that have no closed form.

For the author of a family. The function is an average log-likelihood, of order 1, in
coordinates of order 1 (logarithms of scales); -inf stands outside its domain. A search
never ends below where it began.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from mixnotes.check import Array

_EPS = float(np.finfo(float).eps)
_WIDTH = 1e-3  # of differences; their error is of order width^4
_NARROWEST = 1e-6
_STILL = 1e-10  # a step below it is rounding
_LONGEST = 2.0  # a step
_HALVINGS = 30


class Top(NamedTuple):
    """Where a climb ended, how high, and how much the last step had promised."""

    place: Array
    value: float
    promised: float = 0.0


class Slopes(NamedTuple):
    """Gradient (p,) and matrix of second derivatives (p, p)."""

    first: Array
    second: Array


def ascend(f: Callable[[Array], float], start: Array, steps: int = 100) -> Top:
    """The maximum of f that Newton steps reach from `start`, never below it.

    Where f is not concave the curvature's sign is turned, and a step that does not
    rise is halved: it always goes up.
    """
    here = Top(np.array(start, dtype=np.float64), f(np.asarray(start, float)))
    width = _WIDTH
    for _ in range(steps):
        slopes = _slopes(f, here, width)
        while slopes is None and width > _NARROWEST:  # an edge is near
            width /= 10
            slopes = _slopes(f, here, width)
        if slopes is None:
            return here
        step = _step(slopes)
        promised = float(slopes.first @ step)
        ahead = _along(f, here, step, promised)
        if ahead is None:
            return here._replace(promised=promised)
        moved = float(np.abs(ahead.place - here.place).max())
        here = ahead._replace(promised=promised)
        if moved < _STILL:
            return here
    return here


def _step(slopes: Slopes) -> Array:
    """The Newton step uphill, not too long."""
    sizes, axes = np.linalg.eigh(-slopes.second)
    sizes = np.maximum(np.abs(sizes), 1e-8 * max(1.0, float(np.abs(sizes).max())))
    step: Array = axes @ ((axes.T @ slopes.first) / sizes)
    return step * min(1.0, _LONGEST / max(float(np.abs(step).max()), _EPS))


def _along(
    f: Callable[[Array], float], here: Top, step: Array, slope: float
) -> Top | None:
    """The first of the step, half of it, ... that does not fall; None if all do."""
    noise = 4 * _EPS * (1 + abs(here.value))
    if slope < noise:  # the rise is rounding: the step is the last
        value = f(here.place + step)
        return Top(here.place + step, value) if value >= here.value - noise else None
    for k in range(_HALVINGS):
        place = here.place + step / 2**k
        value = f(place)
        if value > here.value:
            return Top(place, value)
    return None


def _slopes(f: Callable[[Array], float], here: Top, h: float) -> Slopes | None:
    """By central differences; None where f is not finite around."""
    p = len(here.place)
    axes = h * np.eye(p)
    values = np.array([[f(here.place + m * e) for m in (-2, -1, 1, 2)] for e in axes])
    if not np.isfinite(values).all():
        return None
    a, b, c, d = values.T
    first = (a - 8 * b + 8 * c - d) / (12 * h)
    second = np.diag((-a + 16 * b - 30 * here.value + 16 * c - d) / (12 * h * h))
    for i in range(p):
        for j in range(i):
            plus, minus = axes[i] + axes[j], axes[i] - axes[j]
            corners = [f(here.place + e) for e in (plus, -plus, minus, -minus)]
            if not np.isfinite(corners).all():
                return None
            mixed = corners[0] + corners[1] - corners[2] - corners[3]
            second[i, j] = second[j, i] = mixed / (4 * h * h)
    return Slopes(first, second)


def up_to_a_limit(
    f: Callable[[float], float], start: float | None, guesses: Array
) -> float:
    """The t >= 0 where f has a maximum, not below that of `start`; 0 where f is
    highest there, which is how an infinite 1 / t is told from a large one.

    Without a start the highest of the guesses is climbed from.
    """
    at_limit = f(0.0)
    inner = guesses[guesses > 0]
    if start is None or start == 0:
        heights = [f(float(t)) for t in inner]
        best = int(np.argmax(heights))
        if not heights[best] > at_limit:
            return 0.0
        start = float(inner[best])
    top = ascend(lambda u: f(math.exp(u[0])) if u[0] < 300 else -math.inf,
                 np.array([math.log(start)]))  # fmt: skip
    if at_limit >= top.value - 8 * _EPS * (1 + abs(top.value)):
        return 0.0
    return math.exp(top.place[0])
