"""Where a density lies: places that share its probability evenly, found by a search."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mixnotes.approximation.forms import CdfError, Form
from mixnotes.approximation.target import Function
from mixnotes.numeric.arrays import Array

_U = np.concatenate([10.0 ** np.arange(-9, -1), np.arange(1, 64) / 64])
_U = np.sort(np.concatenate([_U, 1 - _U[:8]]))


def require(ok: Any, values: Array, x: Array, what: str) -> None:
    """Every value, or an error that names the first that is not."""
    if not ok.all():
        i = int(np.argmin(ok))
        mend = {
            "finite": "give the support on which it is, or mend the function",
            "not negative": "clip it: np.maximum(f(x), 0)",
        }[what]
        raise ValueError(
            f"the density must be {what}, got {values[i]:g} at x = {x[i]:.12g}; {mend}"
        )


def levels(form: Form, pdf: Function) -> Array:
    """Some hundred places that share the probability evenly, sorted.

    By the distribution function, where there is one, else by a scan of the line.
    """
    low, high = form.support
    if form.cdf is None:
        return _scanned(pdf, low, high)
    first, last = form.cdf(np.array([low, high]))
    if not (np.isfinite([first, last]).all() and first < last):
        raise CdfError(
            f"cdf must rise over the support {(low, high)}, got {first:g} and "
            f"{last:g} at its ends"
        )
    return _bisected(form.cdf, first + _U * (last - first), low, high)


def _scanned(pdf: Function, low: float, high: float) -> Array:
    x = _scan(low, high)
    values = pdf(x)
    require(~np.isnan(values), values, x, "finite")
    require(values >= 0, values, x, "not negative")
    values = np.where(np.isinf(values), 0.0, values)
    top = values.max(initial=0.0)
    if top == 0:
        raise ValueError(
            f"the density must be above 0 somewhere, got 0 at all of {len(x):,} "
            f"places between {x[0]:g} and {x[-1]:g}; give the support, or the cdf, to "
            "say where it lies"
        )
    values /= top
    pieces = 0.5 * (values[1:] + values[:-1]) * np.diff(x)
    mass = np.append(0.0, np.cumsum(pieces))
    return np.unique(np.interp(_U * mass[-1], mass, x))


def _scan(low: float, high: float) -> Array:
    """Places to evaluate the density at where nothing is known of it; they are denser
    about 0 and about the ends.
    """
    near, middle = np.geomspace(1e-12, 0.01, 240), 0.01 * np.arange(1, 20_001)
    far = np.concatenate([near, middle, np.geomspace(200, 1e12, 11_000)])
    if math.isfinite(low) and math.isfinite(high):
        share = np.concatenate(
            [np.geomspace(1e-12, 1e-4, 100), np.arange(1, 5000) / 1e4]
        )
        x = np.concatenate([low + (high - low) * share, high - (high - low) * share])
    elif math.isfinite(low):
        x = np.concatenate([low + far, far[far > low]])
    elif math.isfinite(high):
        x = np.concatenate([high - far, -far[-far < high]])
    else:
        x = np.concatenate([-far, [0.0], far])
    return np.unique(x[(x > low) & (x < high)])


def _bisected(cdf: Function, u: Array, low: float, high: float) -> Array:
    """The places where cdf is u, by bisection in t with x = sinh(t), which reaches far
    out in few steps.
    """
    first, last = _bracket(cdf, u, low, high)
    a, b = np.full(len(u), np.arcsinh(first)), np.full(len(u), np.arcsinh(last))
    for _ in range(64):
        t = 0.5 * (a + b)
        under = cdf(np.sinh(t)) < u
        a, b = np.where(under, t, a), np.where(under, b, t)
    return np.unique(np.clip(np.sinh(0.5 * (a + b)), low, high))


def _bracket(cdf: Function, u: Array, low: float, high: float) -> tuple[float, float]:
    """Two places that have all quantiles between them, not far beyond: very far out a
    distribution function may have been written too carelessly to be trusted.
    """
    first, last = max(low, min(-1.0, high - 1)), min(high, max(1.0, low + 1))
    for _ in range(170):
        if first <= low or cdf(np.array([first]))[0] < u[0]:
            break
        first = max(low, 4 * first)
    for _ in range(170):
        if last >= high or cdf(np.array([last]))[0] > u[-1]:
            break
        last = min(high, 4 * last)
    return first, last
