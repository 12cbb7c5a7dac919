"""Counts, and classes that are a list of members."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mixnotes.components.belief import bounds_of
from mixnotes.families.categorical import Categorical
from mixnotes.families.counts import NegativeBinomial, PointMass
from mixnotes.families.discrete import (
    Bernoulli,
    Binomial,
    Geometric,
    Poisson,
    log_factorial,
)
from mixnotes.families.uniform import Uniform
from mixnotes.mixing.forms import Counting, Trials
from mixnotes.mixing.members import at_place, line, refuse, track_of
from mixnotes.mixing.tracks import Line, Listed, Track, Unbounded
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.special import log_gamma_ratio

_MOST = 4096  # members of a list


def _counts(template: Any, x: Array, size: float, write: Any, q_of: Any) -> Line:
    """Counts of mean q."""

    def read(x: Array) -> tuple[Array, Array]:
        x = np.asarray(x, dtype=np.float64)
        powers = x * np.log(np.where(x > 0, x, 1.0))
        if size == math.inf:
            return x, powers - x - log_factorial(x)
        fall = (size + x) * np.log1p(x / size)
        return x, log_gamma_ratio(size, x) + powers - fall - log_factorial(x)

    return line(template, Counting(size), x, read, write, q_of)


@track_of.register
def _(template: Poisson, x: Array, least: float | None) -> Track | Unbounded:
    return _counts(
        template, x, math.inf, lambda q: {"rate": q}, lambda c: c.given("rate")
    )


@track_of.register
def _(template: Geometric, x: Array, least: float | None) -> Track | Unbounded:
    return _counts(
        template, x, 1.0,
        lambda q: {"p": 1 / (1 + q)},
        lambda c: (1 - c.given("p")) / c.given("p"),
    )  # fmt: skip


@track_of.register
def _(template: NegativeBinomial, x: Array, least: float | None) -> Track | Unbounded:
    """With size blank: each is a mixture of Poissons, and those are among them."""
    if "size" not in template.blanks:
        size = template.given("size")
        return _counts(
            template, x, size, lambda q: {"mean": q}, lambda c: c.given("mean")
        )
    if "mean" not in template.blanks:
        return refuse(template)
    return _counts(
        template.filled({"size": math.inf}),
        x,
        math.inf,
        lambda q: {"mean": q},
        lambda c: c.given("mean"),
    )


@track_of.register(Bernoulli)
@track_of.register(Binomial)
def _(template: Any, x: Array, least: float | None) -> Track | Unbounded:
    """Of one trial D is linear in p, as that of a `Categorical`."""
    n = getattr(template, "n", 1)
    if n == 1:
        ends = bounds_of(template.told.get("p")) or (0.0, 1.0)
        least, most = max(ends[0], 0.0), min(ends[1], 1.0)
        return Listed.of([template.filled({"p": p}) for p in (least, most)], x)

    def read(x: Array) -> tuple[Array, Array]:
        z = x / n
        most = x * np.log(np.where(x > 0, z, 1.0))
        most = most + (n - x) * np.log(np.where(x < n, 1 - z, 1.0))
        ways = math.lgamma(n + 1) - log_factorial(x) - log_factorial(n - x)
        return z, most + ways

    return line(
        template, Trials(n), x, read, lambda q: {"p": q}, lambda c: c.given("p")
    )


@track_of.register
def _(template: Categorical, x: Array, least: float | None) -> Track | Unbounded:
    """D is linear in probs: largest where one category is certain."""
    members = [template.filled({"probs": row}) for row in np.eye(template.n or 1)]
    return Listed.of(members, x)


@track_of.register
def _(template: PointMass, x: Array, least: float | None) -> Track | Unbounded:
    values = _few(template, np.unique(x))
    return Listed.of([template.filled({"at": v}) for v in values], x)


@track_of.register
def _(template: Uniform, x: Array, least: float | None) -> Track | Unbounded:
    """With one end given the other is at an observation, or D would be larger there."""
    if len(template.blanks) == 2:
        return Unbounded(
            "the likelihood has no bound: a Uniform whose ends are free, about the "
            f"observation {x[0]:.6g}, rises without end; give low and high"
        )
    (free,) = template.blanks
    fixed = template.given("low" if free == "high" else "high")
    if (x == fixed).any():
        return at_place(template, free, fixed)
    values = np.unique(x[x > fixed] if free == "high" else x[x < fixed])
    members = [template.filled({free: v}) for v in _few(template, values)]
    return Listed.of(members, x)


def _few(template: Any, values: Array) -> list[float]:
    if len(values) > _MOST:
        raise ValueError(
            f"a ceiling for {template!r:.80} needs at most {_MOST} distinct "
            f"observations, got {len(values)}; round them"
        )
    found: list[float] = values.tolist()
    return found
