"""Multinomial logits: their probabilities, and the coefficients that fit counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mixnotes.numeric.arrays import Array
from mixnotes.numeric.special import log_sum_exp

_STEPS = 60  # of Newton, at most
_HALVED = 40  # times that a step is halved at most
_STILL = 1e-13  # relative; a shorter step is rounding
_FLAT = 1e-12  # curvature beside the largest below which a direction is flat


def log_softmax(matrix: Array, design: Array) -> Array:
    """log P(k | row), shape (K, n), for coefficients (K, q) and a design (n, q)."""
    eta = matrix @ design.T
    logs: Array = eta - log_sum_exp(eta)
    return logs


def ascended(
    matrix: Array, places: NDArray[np.intp], design: Array, counts: Array
) -> Array:
    """The coefficients, (K, q), that maximise sum_ku counts[k, u] log P(k | row u).

    By Newton's steps from `matrix`, halved where they do not rise, so that the sum is
    never below that of `matrix`. The likelihood is concave: there is one summit.

    places: which free number each coefficient is, from 0; -1 where it is given.
    """
    free = places >= 0
    if not free.any():
        return matrix
    size = int(places.max()) + 1
    spread = np.zeros((matrix.size, size))
    spread[np.flatnonzero(free), places[free]] = 1.0
    height = _height(matrix, design, counts)
    for _ in range(_STEPS):
        slope, curvature = _derivatives(matrix, design, counts)
        step = _newton(spread.T @ slope, spread.T @ curvature @ spread)
        move = (spread @ step).reshape(matrix.shape)
        found = _risen(matrix, move, design, counts, height)
        if found is None:
            return matrix
        before, (matrix, height) = matrix, found
        unit = np.abs(design).max(axis=0)
        if (np.abs(matrix - before) * unit).max() <= _STILL * max(
            1.0, (np.abs(matrix) * unit).max()
        ):
            break
    return matrix


def _height(matrix: Array, design: Array, counts: Array) -> float:
    return float((counts * log_softmax(matrix, design)).sum())


def _derivatives(matrix: Array, design: Array, counts: Array) -> tuple[Array, Array]:
    """The slope, (K q,), and the curvature with its sign turned, (K q, K q)."""
    K, q = matrix.shape
    probs = np.exp(log_softmax(matrix, design))
    total = counts.sum(axis=0)
    slope = (counts - total * probs) @ design
    curvature = np.empty((K, q, K, q))
    for k in range(K):
        for j in range(k + 1):
            level = probs[k] * ((k == j) - probs[j]) * total
            curvature[k, :, j] = (design.T * level) @ design
            curvature[j, :, k] = curvature[k, :, j].T
    return slope.ravel(), curvature.reshape(K * q, K * q)


def _newton(slope: Array, curvature: Array) -> Array:
    """Newton's step, of which nothing along flat directions."""
    size = np.sqrt(np.maximum(np.diagonal(curvature), 0.0))
    size = np.where(size > 0, size, 1.0)
    values, vectors = np.linalg.eigh(curvature / np.outer(size, size))
    curved = values > _FLAT * max(values.max(), 0.0)
    along = vectors[:, curved].T @ (slope / size)
    step: Array = vectors[:, curved] @ (along / values[curved]) / size
    return step


def _risen(
    matrix: Array, move: Array, design: Array, counts: Array, height: float
) -> tuple[Array, float] | None:
    """The place after a move, or the largest part of it that rises; None if none."""
    if not np.isfinite(move).all():
        return None
    for _ in range(_HALVED):
        reached = matrix + move
        here = _height(reached, design, counts)
        if here >= height:
            return reached, here
        move = move / 2
    return None
