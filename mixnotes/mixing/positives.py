"""Families of positive numbers with one blank."""

from __future__ import annotations

import math

import numpy as np

from mixnotes.components.belief import bounds_of
from mixnotes.families.line import Weibull
from mixnotes.families.positive import Exponential, Gamma, InverseGaussian
from mixnotes.mixing.forms import Passage, Spread
from mixnotes.mixing.members import (
    at_place,
    free_spread,
    line,
    refuse,
    track_of,
)
from mixnotes.mixing.tracks import Track, Unbounded
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.special import HALF_LOG_2_PI, log_gamma

_SMALL = -42.0  # log of 1 / the best shape, over the largest, that is as good as 0


@track_of.register
def _(template: Weibull, x: Array, least: float | None) -> Track | Unbounded:
    if "shape" in template.blanks:
        if "scale" in template.blanks:
            return free_spread(template, "shape", x)
        return refuse(template)
    shape = template.given("shape")

    def read(x: Array) -> tuple[Array, Array]:
        logs = np.log(x)
        return shape * logs, math.log(shape) - 1 - logs

    return line(
        template, Spread(1.0), x, read,
        lambda q: {"scale": math.exp(q / shape)},
        lambda c: shape * math.log(c.given("scale")),
    )  # fmt: skip


@track_of.register
def _(template: Exponential, x: Array, least: float | None) -> Track | Unbounded:
    _, most = bounds_of(template.told.get("rate")) or (0.0, math.inf)
    if (x == 0).any() and most == math.inf:
        return Unbounded(
            "the likelihood has no bound: an observation is 0, and an Exponential "
            "rises there without end as its rate grows; give rate, or use a component "
            "for values that are exactly 0"
        )
    return line(
        template, Spread(1.0), x,
        lambda x: (np.log(np.maximum(x, 1e-300)), -1 - np.log(np.maximum(x, 1e-300))),
        lambda q: {"rate": math.exp(-q)},
        lambda c: -math.log(c.given("rate")),
    )  # fmt: skip


@track_of.register
def _(template: Gamma, x: Array, least: float | None) -> Track | Unbounded:
    if "shape" in template.blanks:
        if "scale" in template.blanks:
            return free_spread(template, "shape", x)
        return refuse(template)
    a = template.given("shape")
    top = a * math.log(a) - a - float(log_gamma(a))

    def read(x: Array) -> tuple[Array, Array]:
        logs = np.log(x)
        return logs - math.log(a), top - logs

    return line(
        template, Spread(a), x, read,
        lambda q: {"scale": math.exp(q)},
        lambda c: math.log(c.given("scale")),
    )  # fmt: skip


@track_of.register
def _(template: InverseGaussian, x: Array, least: float | None) -> Track | Unbounded:
    if "shape" not in template.blanks:
        shape = template.given("shape")
        top = 0.5 * math.log(shape) - HALF_LOG_2_PI
        return line(
            template, Passage(shape), x,
            lambda x: (x, top - 1.5 * np.log(x)),
            lambda q: {"mean": q}, lambda c: c.given("mean"),
        )  # fmt: skip
    if "mean" in template.blanks:
        return free_spread(template, "shape", x)
    mean = template.given("mean")
    _, most = bounds_of(template.told.get("shape")) or (0.0, math.inf)
    if (x == mean).any() and most == math.inf:
        return at_place(template, "shape", mean)
    floor = _SMALL - math.log(most) if most < math.inf else -math.inf

    def read(x: Array) -> tuple[Array, Array]:
        with np.errstate(divide="ignore"):  # 1 / the best shape
            logs = 2 * np.log(np.abs((x - mean) / mean)) - np.log(x)
        logs = np.maximum(logs, floor)
        return logs, -0.5 * logs - 0.5 - 1.5 * np.log(x) - HALF_LOG_2_PI

    return line(
        template, Spread(0.5), x, read,
        lambda q: {"shape": math.exp(-q)},
        lambda c: -math.log(c.given("shape")),
    )  # fmt: skip
