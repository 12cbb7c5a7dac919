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

from mixnotes.numeric.arrays import Array
from mixnotes.numeric.newton import Slopes, newton

_EPS = float(np.finfo(float).eps)
_WIDTH = 1e-3  # of the first differences; their error is of order width^4
_CURVED = 1e-9  # a second difference below it is half rounding
_MOST = 1e-2  # a difference above it may look past what is near
_STILL = 1e-10  # a step below it is rounding
_LONGEST = 2.0  # a step
_HALVINGS = 30
_SIZINGS = 40  # tries to find a width
_TURNS = 3  # of the axes, until none of them is a narrow ridge's
_LITTLE = 1e-10  # a promise that needs no second look
_HALVED = 18  # times, of a width at whose fractions it is looked for
_KEPT = 0.01  # of what a step promised; with less, differences are taken nearer
_BESIDE = 8.0  # times nearer, where what is lower than a kink tells itself
_KINK = 0.05  # of the fall that is left there; of a smooth one 1 / 64, of a kink 1 / 8
_RIDGE = 1e-4  # a ratio of curvatures below which differences along axes lose digits


class Top(NamedTuple):
    """Where a climb ended, how high, and how much the last step had promised; and how
    differences were taken there."""

    place: Array
    value: float
    promised: float = 0.0
    sights: Sights | None = None


class Sights(NamedTuple):
    """Along which axes, the columns of (p, p), and how far differences are taken."""

    axes: Array
    widths: Array


class Scale(NamedTuple):
    """How small a difference of the function can be told from rounding, and how near
    two places must be to count as one.
    """

    curved: float = _CURVED  # a second difference that stands out of the rounding
    most: float = _MOST  # a difference that still tells of the place itself


def ascend(
    f: Callable[[Array], float],
    start: Array,
    steps: int = 100,
    scale: Scale = Scale(),  # noqa: B008
    sights: Sights | None = None,
) -> Top:
    """The maximum of f that Newton steps reach from `start`, never below it.

    Derivatives are differences, over widths that the function's own rounding asks for
    and along axes turned to its ridges, so that neither a parameter of 1e5 nor one that
    moves with another stalls the search. Where f is not concave, the sign of that
    curvature is reversed. A step that does not rise is halved; where none rises, the
    highest of the places around is taken. So the search ends only where all of these
    are lower. Where steps gain far less than they promised, the function bends within
    that width, and differences are taken nearer. A climb that goes on from where
    another ended begins with its `sights`.
    """
    here = Top(np.array(start, dtype=np.float64), f(np.asarray(start, float)))
    axes, widths = np.eye(len(here.place)), np.full(len(here.place), _WIDTH)
    if sights is not None:
        axes, widths = sights
    for _ in range(steps):
        found = _look(f, here, axes, widths, scale)
        if found is None:
            return here
        axes, widths, slopes, around = found
        step = _step(slopes)
        step = axes @ step
        step *= min(1.0, _LONGEST / max(float(np.abs(step).max()), _EPS))
        promised = float(slopes.first @ np.linalg.solve(axes, step))
        ahead = _along(f, here, step, promised)
        if ahead is None:
            ahead = around
        gained = -math.inf if ahead is None else ahead.value - here.value
        nearer = _nearer(scale, here.value)
        if nearer != scale and gained < _KEPT * promised:
            scale = nearer
            axes, widths = np.eye(len(here.place)), np.full(len(here.place), _WIDTH)
            here = here if ahead is None else ahead._replace(promised=promised)
            continue
        sights = Sights(axes, widths)
        if ahead is None and promised > _LITTLE:
            ahead = _held_at_kinks(f, here, scale)
        if ahead is None:
            return here._replace(promised=promised, sights=sights)
        moved = float(np.abs(ahead.place - here.place).max())
        here = ahead._replace(promised=promised, sights=sights)
        if moved < _STILL * min(1.0, float(widths.max()) / _WIDTH):
            return here
    return here


def _held_at_kinks(f: Callable[[Array], float], here: Top, scale: Scale) -> Top | None:
    """Where a climb along the other coordinates leads, if f has a kink here along some:
    slopes taken across it promise what no place has. None where it leads no higher.
    """
    noise = 8 * _EPS * (1 + abs(here.value))
    axes = np.eye(len(here.place))
    widths, _ = _widths(f, here, axes, np.full(len(axes), _WIDTH), scale)
    kinked = np.zeros(len(widths), dtype=bool)
    for j, side in enumerate(axes * widths):
        far, near = (
            [here.value - f(here.place + s * side / d) for s in (-1, 1)]
            for d in (1.0, _BESIDE)
        )
        kinked[j] = min(near) > noise and sum(near) > _KINK * sum(far)
    if not 0 < kinked.sum() < len(kinked):
        return None
    along = axes[:, ~kinked]
    found = ascend(lambda u: f(here.place + along @ u), np.zeros(along.shape[1]),
                   _TURNS, scale)  # fmt: skip
    if not found.value > here.value + noise:
        return None
    return Top(here.place + along @ found.place, found.value, found.promised)


def _nearer(scale: Scale, value: float) -> Scale:
    """A scale on which differences are taken nearer; the same where rounding is."""
    least = max(_CURVED, 1e3 * 4 * _EPS * (1 + abs(value)))
    if not scale.curved > least:
        return scale
    return Scale(max(scale.curved / 100, least), max(scale.most / 10, _MOST))


def slope_left(f: Callable[[Array], float], p: int, scale: Scale) -> float:
    """How much Newton steps along each axis by itself still promise to gain from 0:
    about 0 at a maximum. It costs a few calls of f for each axis.
    """
    origin = np.zeros(p)
    here = Top(origin, f(origin))
    axes = np.eye(p)
    widths, _ = _widths(f, here, axes, np.full(p, _WIDTH), scale)
    total = 0.0
    for axis, width in zip(axes, widths, strict=True):
        up, down = f(width * axis), f(-width * axis)
        bend, tilt = abs(up + down - 2 * here.value), 0.5 * (up - down)
        noise = 8 * _EPS * (1 + abs(here.value))
        if abs(tilt) > noise:  # of a skewed function most of it is no slope
            half = 0.5 * (f(0.5 * width * axis) - f(-0.5 * width * axis))
            tilt = (8 * half - tilt) / 3
            promised = 0.5 * tilt * tilt / max(bend, noise)
            if promised > _LITTLE:  # at a kink slopes promise what no place has
                sides = [s * width / 2**k for k in range(_HALVED) for s in (-1, 1)]
                rise = max(f(side * axis) for side in sides) - here.value
                promised = min(promised, 2 * max(rise, 0.0))
            total += promised
    return total


def _look(
    f: Callable[[Array], float], here: Top, axes: Array, widths: Array, scale: Scale
) -> tuple[Array, Array, Slopes, Top | None] | None:
    """The axes, and along them the widths and the slopes; and the highest place around,
    if one is higher. None where f is not finite nearby.
    """
    for turn in range(_TURNS):
        widths, around = _widths(f, here, axes, widths, scale)
        slopes = _slopes(f, here, widths, axes)
        for _ in range(_SIZINGS // 4):
            if slopes is not None:
                break
            widths = widths / 8  # an edge is near
            slopes = _slopes(f, here, widths, axes)
        if slopes is None:
            return None
        curves = np.abs(np.diagonal(slopes.second))
        bend = np.sqrt(np.maximum(curves, 1e-10 * (curves.max() or 1.0)))
        sizes, turned = np.linalg.eigh(slopes.second / np.outer(bend, bend))
        sizes = np.abs(sizes)
        if turn == _TURNS - 1 or sizes.min() >= _RIDGE * sizes.max():
            return axes, widths, slopes, around
        turned = axes @ (turned / bend[:, None])
        length = np.abs(turned).max(axis=0)
        axes = turned / length
        widths = np.clip(1e-2 / length / np.sqrt(np.maximum(sizes, 1e-12)), 0, 1.0)
    raise AssertionError("the last turn returns")  # pragma: no cover


def _widths(
    f: Callable[[Array], float], here: Top, axes: Array, widths: Array, scale: Scale
) -> tuple[Array, Top | None]:
    """How far apart to evaluate f along each axis: far enough for the curvature to
    stand out from the rounding, not so far that f changes its shape.
    """
    found, higher = widths.copy(), None
    noise = 4 * _EPS * (1 + abs(here.value))
    for j, axis in enumerate(axes.T):
        grown = False
        for _ in range(_SIZINGS):
            places = [here.place + s * found[j] * axis for s in (-1, 1)]
            sides = np.array([f(place) for place in places])
            top = int(np.argmax(np.where(np.isnan(sides), -np.inf, sides)))
            level = here.value + noise if higher is None else higher.value
            if sides[top] > level:
                higher = Top(places[top], float(sides[top]))
            change = float(np.nan_to_num(np.abs(sides - here.value), nan=np.inf).max())
            bend = abs(float(sides.sum() - 2 * here.value))
            if not change <= scale.most:
                if found[j] < 1e-14:
                    break
                down = math.sqrt(0.1 * scale.most / change)  # 0 at an edge
                found[j] *= min(max(down, 1 / 64), 0.5)
                if grown:  # a kink, or a straight line: as wide as it may be
                    break
            elif bend < scale.curved and found[j] < 1.0:
                grown = True
                up = math.sqrt(10 * scale.curved / max(bend, 1e-300))
                found[j] = min(found[j] * min(max(up, 2.0), 16.0), 1.0)
            else:
                break
    return found, higher


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


def _slopes(
    f: Callable[[Array], float],
    here: Top,
    widths: float | Array,
    axes: Array | None = None,
) -> Slopes | None:
    """By central differences along axes, the columns of (p, p), as many widths each;
    None where f is not finite around."""
    p = len(here.place)
    h = np.full(p, widths) if np.ndim(widths) == 0 else np.asarray(widths)
    sides = (np.eye(p) if axes is None else axes).T * h[:, None]
    values = np.array([[f(here.place + m * e) for m in (-2, -1, 1, 2)] for e in sides])
    if not np.isfinite(values).all():
        return None
    a, b, c, d = values.T
    first = (a - 8 * b + 8 * c - d) / (12 * h)
    second = np.diag((-a + 16 * b - 30 * here.value + 16 * c - d) / (12 * h * h))
    for i in range(p):
        for j in range(i):
            plus, minus = sides[i] + sides[j], sides[i] - sides[j]
            corners = [f(here.place + e) for e in (plus, -plus, minus, -minus)]
            if not np.isfinite(corners).all():
                return None
            mixed = corners[0] + corners[1] - corners[2] - corners[3]
            second[i, j] = second[j, i] = mixed / (4 * h[i] * h[j])
    return Slopes(first, second)


def up_to_a_limit(
    f: Callable[[float], float],
    start: float | None,
    guesses: Array,
    slopes: Callable[[float], tuple[float, float]] | None = None,
) -> float:
    """The t >= 0 at which f has its maximum, not below f at `start`; exactly 0 where f
    is highest there. With t = 1 / size that tells an infinite size from a large one.

    Without a start the search begins at the highest of the guesses. Where `slopes`
    gives the first and second derivatives of f, it takes no differences.
    """
    at_limit = f(0.0)
    inner = guesses[guesses > 0]
    if start is None or start == 0:
        heights = [f(float(t)) for t in inner]
        best = int(np.argmax(heights))
        if not heights[best] > at_limit:
            return 0.0
        start = float(inner[best])
    begin = np.array([math.log(start)])

    def height(u: Array) -> float:
        return f(math.exp(u[0])) if u[0] < 300 else -math.inf

    def bends(u: Array) -> Slopes:
        assert slopes is not None
        t = math.exp(u[0])
        first, second = slopes(t)
        return Slopes(np.array([t * first]), np.array([[t * (first + t * second)]]))

    if slopes is None:
        place = ascend(height, begin).place
    else:
        place = newton(height, bends, begin, _LONGEST)
    top = height(place)
    if at_limit >= top - 8 * _EPS * (1 + abs(top)):
        return 0.0
    return math.exp(place[0])
