"""The largest D(theta) = sum_i c_i p(x_i | theta) of a class, between two numbers.

With c_i = w_i / (W f(x_i)), W = sum_i w_i, every mixture g of the class has
log L(g) - log L(f) <= W log sup D, by Jensen's inequality.

Where log p(x | t) + A(t) is convex in t for all x, so is log(D) + A, for sums of
log-convex functions are log-convex. Between two ends it is at most the larger of them,
and A is at least its tangent: log D <= max over the ends of log D + excess. In an
exponential family with its natural parameter as t, A is the log-normaliser and the
excess a Kullback-Leibler divergence; it falls with the square of the length.
Source: Lindsay (1983), for D; the bounds are branch and bound on this inequality.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from mixnotes.mixing.nodes import grouped
from mixnotes.mixing.shifts import ROUNDED, from_nodes
from mixnotes.mixing.tracks import Line, Track
from mixnotes.numeric.arrays import Array

_EPS = float(np.finfo(float).eps)
_ROUNDS = 3000  # halvings: between the largest float and the smallest
_MANY = 200_000  # intervals that are halved together
_CHUNK = 2**21  # numbers in memory together
_TERMS = 16  # of the series of a cell
_FAR = 4.0  # arguments of exp in a cell beyond which its largest value stands for all
_WORTH = 4096  # observations from which cells are worth it
LogD = Callable[[Array], Array]  # log D at coordinates (K,), shape (K,)


class Top(NamedTuple):
    """The largest log D of a class."""

    upper: float  # not below it, with all rounding
    lower: float  # that of the member at `at`
    at: float


def log_sum(terms: Array) -> Array:
    """log of the sums of exp along the last axis."""
    top = terms.max(axis=-1, initial=-np.inf)
    safe = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        total = np.log(np.exp(terms - safe[..., None]).sum(axis=-1))
    return np.asarray(total + safe)


def log_d(track: Track, log_c: Array) -> LogD:
    """log D at coordinates, from all observations."""

    def of(at: Array) -> Array:
        size = max(1, _CHUNK // max(len(log_c), 1))
        parts = [
            log_sum(track.log_prob(at[k : k + size]) + log_c)
            for k in range(0, len(at), size)
        ]
        return np.concatenate(parts) if parts else np.empty(0)

    return of


def largest(track: Track, log_c: Array, gap: float) -> Top:
    """The largest log D of a track, between two numbers. The upper is at most `gap`
    above the larger of the lower and 0, as far as rounding allows.
    """
    error = rounding(track, log_c)
    if isinstance(track, Line) and not track.moves:
        top = _at_kinks(track, log_c)
    elif isinstance(track, Line):
        nodes = from_nodes(track, log_c)
        error *= 1.0 if nodes is None else ROUNDED
        of = nodes or cells(track, log_c) or log_d(track, log_c)
        top = _on_line(track, of, gap)
    else:
        at = track.guesses()
        if not len(at):
            return Top(-math.inf, -math.inf, 0.0)
        values = log_d(track, log_c)(at)
        k = int(values.argmax())
        top = Top(float(values[k]), float(values[k]), float(at[k]))
    return top._replace(upper=top.upper + error)


def rounding(track: Track, log_c: Array) -> float:
    """A bound on what rounding did to log D. Sums are pairwise, so that their error
    grows with the logarithm of their length, and an exponent is as exact as its size
    allows. The observations count as known to the last bit but one.
    """
    size = float(np.abs(log_c[np.isfinite(log_c)]).max(initial=0.0))
    peak = getattr(track, "peak", np.zeros(1))
    size += float(np.abs(peak[np.isfinite(peak)]).max(initial=0.0))
    return (200 + math.log2(len(log_c) + 1) + 4 * size) * _EPS


def _on_line(line: Line, log_d: LogD, gap: float) -> Top:
    """The largest log D along a line, by branch and bound. Left and right of all
    observations' best places every p(x_i | u) falls; between two neighbours of them
    each is largest at an end, so that D is at most the sum of both.
    """
    best = line.best
    if not best.size:
        return Top(-math.inf, -math.inf, 0.0)
    nodes = line.steps(0.9)
    heights = log_d(nodes)
    k = int(heights.argmax())
    lower, at = float(heights[k]), nodes[k]
    a, b, high_a, high_b = nodes[:-1], nodes[1:], heights[:-1], heights[1:]
    upper = -math.inf  # of intervals that are halved no more
    for rounds in range(_ROUNDS):
        bound = _bounds(line, best, a, b, high_a, high_b)
        open_ = bound > max(lower, 0.0) + gap
        a, b, high_a, high_b = a[open_], b[open_], high_a[open_], high_b[open_]
        middle = 0.5 * a + 0.5 * b
        stop = (middle <= a) | (middle >= b)
        stop |= len(a) > _MANY or rounds == _ROUNDS - 1
        upper = max(upper, float(bound[open_][stop].max(initial=-math.inf)))
        a, b, high_a, high_b, middle = (
            v[~stop] for v in (a, b, high_a, high_b, middle)
        )
        if not len(a):
            break
        height = log_d(middle)
        k = int(height.argmax())
        if height[k] > lower:
            lower, at = float(height[k]), middle[k]
        a, b = np.concatenate([a, middle]), np.concatenate([middle, b])
        high_a = np.concatenate([high_a, height])
        high_b = np.concatenate([height, high_b])
    return Top(max(upper, max(lower, 0.0) + gap), lower, float(at))


def _at_kinks(line: Line, log_c: Array) -> Top:
    """The largest log D for losses |z - u|: between neighbouring observations log D is
    convex, so that it is largest at one; there it is two sums, each computed from that
    at the observation before.
    """
    inside = np.isfinite(line.peak)
    order = np.argsort(line.z[inside], kind="stable")
    if not len(order):
        return Top(-math.inf, -math.inf, 0.0)
    u, logs = line.z[inside][order], (log_c + line.peak)[inside][order]
    if len(u) <= _WORTH:
        best = line.best
        heights = log_d(line, log_c)(best)
        k = int(heights.argmax())
        return Top(float(heights[k]), float(heights[k]), float(best[k]))
    below = np.logaddexp.accumulate(logs + u) - u
    above = np.logaddexp.accumulate((logs - u)[::-1])[::-1] + u
    with np.errstate(divide="ignore"):
        later = above + np.log1p(-np.exp(np.minimum(logs - above, 0.0)))
    heights = np.logaddexp(below, later)
    heights[(u < line.low) | (u > line.high)] = -np.inf
    ends = np.array([end for end in (line.low, line.high) if math.isfinite(end)])
    u = np.concatenate([u, ends])
    heights = np.concatenate([heights, log_d(line, log_c)(ends)])
    k = int(heights.argmax())
    error = 4 * len(u) * _EPS * float(np.abs(u).max() + np.abs(logs).max())
    return Top(float(heights[k]) + error, float(heights[k]), float(u[k]))


def _bounds(
    line: Line, best: Array, a: Array, b: Array, high_a: Array, high_b: Array
) -> Array:
    """A bound on log D in each interval."""
    form = line.form
    q, ends = form.place(0.5 * a + 0.5 * b), (form.place(a), form.place(b))
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        tangent = np.maximum(
            high_a + form.excess(q, ends[0]), high_b + form.excess(q, ends[1])
        )
        for here, high, there, other in (
            (ends[0], high_a, ends[1], high_b),
            (ends[1], high_b, ends[0], high_a),
        ):  # the tangent at an end, where q may be at the edge of its set
            tangent = np.fmin(
                tangent, np.maximum(high, other + form.excess(here, there))
            )
        tangent = np.where(np.isnan(tangent), np.inf, tangent)
        free = np.searchsorted(best, b, "left") <= np.searchsorted(best, a, "right")
        return np.where(
            free, np.minimum(tangent, np.logaddexp(high_a, high_b)), tangent
        )


def cells(line: Line, log_c: Array) -> LogD | None:
    """log D, rounded up by less than rounding, from cells of neighbouring observations;
    None where cells would save nothing.

    With z0 in the middle of a cell, loss(z, q) = loss(z, z0) + loss(z0, q) - u v for
    two factors u of q and v of z. So a cell is exp(-loss(z0, q)) times a sum of
    weights times exp(u v): a power series in u, whose remainder is bounded.
    """
    form, inside = line.form, np.isfinite(line.peak)
    if (
        inside.sum() < _WORTH
        or form.factors(np.ones(1), np.ones(1), np.ones(1)) is None
    ):
        return None
    z, log_c = line.z[inside], (log_c + line.peak)[inside]
    order, starts = grouped([np.floor(form.cell(z))])
    counts = np.diff(np.append(starts, len(order)))
    z, log_c = z[order], log_c[order]
    ends = np.minimum.reduceat(z, starts), np.maximum.reduceat(z, starts)
    origin = 0.5 * ends[0] + 0.5 * ends[1]
    at = np.repeat(origin, counts)
    logs = log_c - form.loss(z, at)
    top = np.maximum.reduceat(logs, starts)
    weight = np.exp(logs - np.repeat(top, counts))
    _, aside = form.factors(z, at, at)  # type: ignore[misc]
    width = np.maximum.reduceat(np.abs(aside), starts)
    aside = aside / np.repeat(np.where(width > 0, width, 1.0), counts)
    moments = np.empty((_TERMS, len(starts)))
    for j in range(_TERMS):
        moments[j] = np.add.reduceat(weight, starts)
        weight = weight * aside / (j + 1)

    def log_d(u: Array) -> Array:
        q = form.place(u)[:, None]
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            pull = form.factors(origin, q, origin)[0] * width  # type: ignore[index]
            size = np.abs(pull)
            series = np.zeros_like(pull)
            for moment in moments[::-1]:
                series *= pull
                series += moment
            rest = _TERMS * np.log(size) + size - math.lgamma(_TERMS + 1)
            near = np.log(series + moments[0] * np.exp(rest))
            far = np.log(moments[0]) + size
            logs = np.where(size < _FAR, near, far) + top - form.loss(origin, q)
        return log_sum(np.where(np.isnan(logs), -np.inf, logs))

    return log_d
