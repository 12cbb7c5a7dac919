"""Weights: quadratic programs over numbers not below 0, and a line search."""

from __future__ import annotations

import numpy as np

from mixnotes.numeric.arrays import Array


def along(
    p: Array, share: Array, weights: Array, step: Array, slope: float
) -> tuple[Array, float]:
    """The weights after the first of 1, 1/2, ... of a step with which the likelihood
    rises, and the gain.
    """
    before = np.log(weights @ p)
    size = 1.0
    while size > 1e-10:
        there = np.maximum(weights + size * step, 0.0)
        f = there @ p
        if (f > 0).all():
            gain = float(share @ (np.log(f) - before))
            if gain >= 0.1 * size * slope or (gain > 0 and size < 1e-3):
                return there, gain
        size /= 2
    return weights, 0.0


def quadratic(hessian: Array, linear: Array, start: Array) -> Array:
    """The a >= 0 with the least a . hessian a / 2 - linear . a, from a first guess.

    Source: Lawson and Hanson (1974), chapter 23.
    """
    K = len(linear)
    hessian = hessian + 1e-13 * float(np.diag(hessian).max()) * np.eye(K)
    a, active = start.copy(), start > 0
    level = 1e-12 * (1 + float(np.abs(linear).max()))
    for _ in range(10 * K):
        while active.any():
            rows = np.flatnonzero(active)
            there = np.zeros(K)
            there[rows] = np.linalg.solve(hessian[np.ix_(rows, rows)], linear[rows])
            low = active & (there <= 0)
            if not low.any():
                a = there
                break
            share = a[low] / np.maximum(a[low] - there[low], 1e-300)
            a = a + float(share.min()) * (there - a)
            gone = low & (a <= 1e-15)
            if not gone.any():
                gone = np.zeros(K, dtype=bool)
                gone[np.flatnonzero(low)[share.argmin()]] = True
            a[gone] = 0.0
            active &= ~gone
        pull = np.where(active, -np.inf, linear - hessian @ a)
        k = int(pull.argmax())
        if pull[k] <= level:
            break
        active[k] = True
    return a
