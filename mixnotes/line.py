"""Up a hill of a few dimensions: Newton's method by differences, kept where it rises.

For families whose weighted fit has no closed form.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mixnotes.check import Array

_WIDTH = 1e-4  # of the differences; coordinates on the line are of size 1
_STEPS = 50
_HALVINGS = 30
_SLACK = 1e-14  # relative; a fall by less is rounding
_LAST = 1e-6  # a Newton step shorter than this squares its error: none is needed after
_LONGEST = 3.0  # a step on the line, where e^3 is a factor of 20


def ascend(height: Callable[[Array], float], start: Array) -> Array:
    """A point of the line, shape (p,), at least as high as `start`, where the height
    is level as far as differences can tell.

    Heights cannot tell points nearer than the root of their rounding; slopes can. So
    the last steps are taken on the slope, and must only not fall.
    """
    point, top = start, height(start)
    for _ in range(_STEPS):
        step = _step(height, point, top)
        for _ in range(_HALVINGS):
            ahead = height(point + step)
            if ahead >= top - _SLACK * abs(top):
                break
            step = step / 4
        else:
            return point
        point, top = point + step, ahead
        if np.abs(step).max(initial=0.0) < _LAST:
            return point
    return point


def _step(height: Callable[[Array], float], point: Array, top: float) -> Array:
    """Newton's step, turned up the hill where the surface is not concave."""
    p = len(point)
    axes = _WIDTH * np.eye(p)
    plus = np.array([height(point + a) for a in axes])
    minus = np.array([height(point - a) for a in axes])
    slope = (plus - minus) / (2 * _WIDTH)
    bend = np.diag((plus + minus - 2 * top) / _WIDTH**2)
    for i in range(p):
        for j in range(i):
            both = height(point + axes[i] + axes[j])
            cross = (both - plus[i] - plus[j] + top) / _WIDTH**2
            bend[i, j] = bend[j, i] = cross
    if not (np.isfinite(slope).all() and np.isfinite(bend).all()):
        slope = np.where(np.isfinite(slope), slope, 0.0)
        bend = -np.eye(p) * max(float(np.abs(slope).max()), 1.0)
    curvature, directions = np.linalg.eigh(bend)
    floor = 1e-8 * max(float(np.abs(curvature).max()), 1e-12)
    step: Array = directions @ (
        (directions.T @ slope) / np.maximum(np.abs(curvature), floor)
    )
    length = float(np.linalg.norm(step))
    return step * min(1.0, _LONGEST / length) if length > 0 else step
