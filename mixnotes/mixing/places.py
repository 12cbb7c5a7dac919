"""Families of a place and a spread, one of them known; and von Mises."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from mixnotes.families.circular import VonMises
from mixnotes.families.line import Gumbel, Laplace, Logistic
from mixnotes.families.normal import LogNormal, Normal
from mixnotes.families.student import StudentT
from mixnotes.mixing.forms import Bell, Form, Shifted, Spread
from mixnotes.mixing.members import (
    OR_LEAST,
    at_place,
    free_spread,
    line,
    refuse,
    track_of,
)
from mixnotes.mixing.tracks import Line, Listed, Track, Unbounded
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.special import HALF_LOG_2_PI, LOG_2_PI, log_bessel_i0

_FAR = 1e150  # its square is finite
_SMALL = 1e-9  # of the least spread: a distance that is as good as 0


def _coordinate(template: Any, x: Array) -> tuple[Array, Array]:
    """The coordinate of a place and a spread, and its log-Jacobian."""
    fill_value, inside = template.with_fill_value(x)
    if isinstance(template, LogNormal):
        y = np.log(fill_value)
        return y, np.where(inside, -y, -np.inf)
    return fill_value, np.zeros(len(x))


def _centre(y: Array) -> float:
    """An observation in the middle; any origin would do."""
    return float(np.partition(y, len(y) // 2)[len(y) // 2]) if len(y) else 0.0


def _placed(
    template: Any,
    x: Array,
    form: Form,
    top: float,
    least: float | None,
    sign: float = 1.0,
) -> Track | Unbounded:
    """A blank place q, in units of a spread that is given and from an observation.

    All these families are self-decomposable: a wider member is a narrower one about a
    place that is itself drawn. So every mixture of members not narrower than `least` is
    a mixture of the narrowest.
    Source: Steutel and van Harn (2004), Infinite divisibility, chapter V; Halgreen
    (1979), for Student's t.
    """
    place, name = template.place, template.spread
    if name in template.blanks:
        if least is None:
            found = free_spread(template, name, x)
            return Unbounded(found.words + OR_LEAST)
        template = template.filled({name: least})
    spread = template.given(name)
    unit = sign * spread
    y, base = _coordinate(template, x)
    centre = _centre(y[np.isfinite(base)])

    def read(x: Array) -> tuple[Array, Array]:
        y, base = _coordinate(template, x)
        return (y - centre) / unit, base + (top - math.log(spread))

    def write(q: float) -> dict[str, float]:
        return {place: centre + unit * q}

    def q_of(c: Any) -> float:
        return (c.given(place) - centre) / unit

    moves = not isinstance(template, Laplace)
    return Line(template, form, read, write, q_of, *read(x), moves=moves)


def _spread(
    template: Any, x: Array, a: float, top: float, power: float, least: float | None
) -> Track | Unbounded:
    """A blank spread about a place that is given: q is the logarithm of the spread to
    the `power`.
    """
    place, spread = template.given(template.place), template.spread
    y, base = _coordinate(template, x)
    there = np.isfinite(base) & (y == place)
    if there.any() and least is None:
        found = at_place(template, spread, float(x[int(np.argmax(there))]))
        return Unbounded(found.words + OR_LEAST)
    floor = _SMALL * least if least is not None else 0.0

    def read(x: Array) -> tuple[Array, Array]:
        y, base = _coordinate(template, x)
        distance = np.maximum(np.abs(y - place), floor)
        with np.errstate(divide="ignore"):
            logs = np.log(distance)
        return power * logs, np.where(np.isfinite(base), base + top - logs, -np.inf)

    form = Spread(a)
    low = -math.inf
    if least is not None:
        low = float(form.arc(np.asarray(power * math.log(least))))
    return Line(
        template, form, read,
        lambda q: {spread: math.exp(q / power)},
        lambda c: power * math.log(c.given(spread)),
        *read(x), low=low,
    )  # fmt: skip


@track_of.register(Normal)
@track_of.register(LogNormal)
def _(template: Any, x: Array, least: float | None) -> Track | Unbounded:
    if template.place in template.blanks:
        return _placed(template, x, Bell(), -HALF_LOG_2_PI, least)
    return _spread(template, x, 0.5, -HALF_LOG_2_PI - 0.5, 2.0, least)


def _sech(z: Array) -> Array:
    """Of a logistic."""
    size = np.abs(z)
    return np.asarray(size + 2 * np.log1p(np.exp(-size)) - 2 * math.log(2))


def _heavy(df: float, z: Array) -> Array:
    """Of Student's t."""
    size = np.minimum(np.abs(z), _FAR)
    return np.asarray(0.5 * (df + 1) * np.log1p(size * size / df))


def _around(k: float, z: Array) -> Array:
    """Of a von Mises."""
    return np.asarray(2 * k * np.sin(0.5 * z) ** 2)


@track_of.register
def _(template: Laplace, x: Array, least: float | None) -> Track | Unbounded:
    if "loc" not in template.blanks:
        return _spread(template, x, 1.0, -math.log(2) - 1, 1.0, least)
    form = Shifted(np.abs, 1.0)  # with a kink, so that no curvature is used
    return _placed(template, x, form, -math.log(2), least)


@track_of.register
def _(template: Logistic, x: Array, least: float | None) -> Track | Unbounded:
    if "loc" not in template.blanks:
        return refuse(template)
    # In the disc of radius 1, |cosh(z / 2)|^2 falls by less than e: M < 2.8.
    form = Shifted(_sech, 0.5, reach=1 / 6)
    return _placed(template, x, form, -2 * math.log(2), least)


@track_of.register
def _(template: StudentT, x: Array, least: float | None) -> Track | Unbounded:
    if "df" in template.blanks or "loc" not in template.blanks:
        return refuse(template)
    df = template.given("df")
    if df == math.inf:
        return _placed(template, x, Bell(), -HALF_LOG_2_PI, least)
    standard = template.filled({"loc": 0.0, "scale": 1.0})
    # In a disc of s sqrt(df), |1 + z^2 / df| falls by less than (1 - s)^2.
    share = min(0.5, 2 / (df + 1))
    reach = share * math.sqrt(df) / 6
    form = Shifted(partial(_heavy, df), (df + 1) / df, reach=reach)
    return _placed(template, x, form, float(standard.log_prob([0.0])[0]), least)


@track_of.register
def _(template: VonMises, x: Array, least: float | None) -> Track | Unbounded:
    if "concentration" in template.blanks:
        if "mean" in template.blanks:
            return free_spread(template, "concentration", x)
        return refuse(template)
    k = template.given("concentration")
    if k == 0:  # every mean is the same
        return Listed.of([template.filled({"mean": 0.0})], x)
    top = -LOG_2_PI - float(log_bessel_i0(k))

    def read(x: Array) -> tuple[Array, Array]:
        return x, np.full(len(x), top)

    # In a disc of s, k cos z grows by less than k s + k (cosh s - 1).
    form = Shifted(partial(_around, k), k, 2 * math.pi, min(1.0, 1.5 / k) / 6)
    return line(
        template, form, x, read,
        lambda q: {"mean": q}, lambda c: c.given("mean") % (2 * math.pi),
    )  # fmt: skip


@track_of.register
def _(template: Gumbel, x: Array, least: float | None) -> Track | Unbounded:
    """exp(-x / scale) is an exponential, of rate exp(-loc / scale)."""
    if "loc" not in template.blanks:
        return refuse(template)
    return _placed(template, x, Spread(1.0), -1.0, least, sign=-1.0)
