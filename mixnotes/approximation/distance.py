"""How far a mixture of normals is from a density on the line, measured.

On nodes that the fit never saw, with the tails.
"""

from __future__ import annotations

import math

import numpy as np

from mixnotes.approximation.gaussians import Gaussians
from mixnotes.approximation.quadrature import Curves, nodes_on, refine
from mixnotes.approximation.target import Target
from mixnotes.numeric.arrays import Array

_CLOSE = 64  # panels on which the largest gap is looked for
_POINTS, _LOOKS = 33, 6  # points on each, and how often it is cut to two of their gaps
NORMS = ("L1", "hellinger", "KL", "sup")


def pointwise(norm: str, f: Array, mixture: Gaussians, x: Array) -> Array:
    """What is integrated over x (or, for "sup", maximised), shape (n,)."""
    if norm == "KL":
        log_g = mixture.log_density(x)
        log_f = np.log(np.where(f > 0, f, 1.0))
        return f * (log_f - log_g) - f + np.exp(log_g)
    g = mixture.density(x)
    if norm == "hellinger":
        return 0.5 * (np.sqrt(f) - np.sqrt(g)) ** 2
    return np.abs(f - g)


def finish(norm: str, total: float) -> float:
    """The distance, from the integral."""
    return math.sqrt(max(total, 0.0)) if norm == "hellinger" else max(total, 0.0)


def measure(target: Target, mixture: Gaussians, norm: str) -> float:
    """The distance: roughly, then with panels fine enough for that."""
    rough = _measure(target, mixture, norm, 1e-2)
    return _measure(target, mixture, norm, rough) if rough < 1e-2 else rough


def _measure(target: Target, mixture: Gaussians, norm: str, rough: float) -> float:
    """The distance by Gauss-Legendre nodes of order 16, on panels that follow both
    curves and are halved again where the curves cross.
    """

    def both(x: Array) -> Array:
        return np.array([target.pdf(x), mixture.density(x[:, None])])

    def cost(x: Array) -> Array:
        return pointwise(norm, target.pdf(x), mixture, x[:, None])

    tolerance = max(1e-4 * min(rough, 1.0), 1e-12) / 30
    low, high = refine(both, _edges(target, mixture), tolerance, order=16)
    low, high = refine(cost, np.append(low, high[-1]), tolerance, order=16)
    x, w = nodes_on(low, high, 16)
    if norm == "sup":
        at_nodes = cost(x.ravel()).reshape(x.shape).max(axis=1)
        top = np.argsort(at_nodes, kind="stable")[-_CLOSE:]
        ends = float(cost(low).max())
        return max(
            ends, _largest(cost, low[top], high[top]), _at_jumps(target, mixture)
        )
    inside = float(w.ravel() @ cost(x.ravel()))
    return finish(norm, inside + _outside(target, mixture, norm, low[0], high[-1]))


def _largest(cost: Curves, low: Array, high: Array) -> float:
    """The largest value on panels on which the function is smooth. Between nodes it may
    be higher than at any of them, so each panel is refined around its highest node.
    """
    largest, row = 0.0, np.arange(len(low))
    for _ in range(_LOOKS):
        x = low[:, None] + (high - low)[:, None] * np.linspace(0, 1, _POINTS)
        values = cost(x.ravel()).reshape(x.shape)
        largest = max(largest, float(values.max()))
        k = values.argmax(axis=1)
        low = x[row, np.maximum(k - 1, 0)]
        high = x[row, np.minimum(k + 1, _POINTS - 1)]
    return largest


def _edges(target: Target, mixture: Gaussians) -> Array:
    """Panels for measuring: the middles of the target's, and what the mixture needs."""
    reach = np.array([-9, -5, -2.5, 0, 2.5, 5, 9.0])
    around = mixture.means + mixture.sds[:, None] * reach
    middles = 0.5 * (target.low + target.high)
    ends = [target.low[0], target.high[-1], *target.support]
    breaks = [*(jump.place for jump in target.jumps), *target.poles]
    edges = np.unique(np.concatenate([around.ravel(), middles, ends, breaks]))
    return edges[np.isfinite(edges)]


def _at_jumps(target: Target, mixture: Gaussians) -> float:
    """The largest gap just beside a jump."""
    g = mixture.density(
        np.array([[jump.place] for jump in target.jumps]).reshape(-1, 1)
    )
    sides = np.array([[jump.left, jump.right] for jump in target.jumps]).reshape(-1, 2)
    return float(np.abs(sides - g[:, None]).max(initial=0.0))


def _outside(
    target: Target, mixture: Gaussians, norm: str, first: float, last: float
) -> float:
    """The error beyond the panels: all the probability there, which is a bound except
    for "KL".
    """
    below = mixture.cdf(np.array([first]))[0]
    above = mixture.mirrored().cdf(np.array([-last]))[0]
    f = 0.0
    if target.cdf is not None:
        left, right = target.cdf(np.array([first, last]))
        f = float(left + (1 - right))
    if norm == "KL":
        return float(below + above)
    return float((0.5 if norm == "hellinger" else 1.0) * (below + above + f))
