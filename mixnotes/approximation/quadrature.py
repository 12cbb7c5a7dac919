"""Gauss-Legendre nodes on panels, cut finer wherever a function needs it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mixnotes.numeric.arrays import Array

Curves = Callable[[Array], Array]  # x of shape (n,) to values of shape (n,) or (m, n)

_ULPS = 8 * np.finfo(np.float64).eps
_LEAST = 1e-290  # the narrowest panel
_MOST = 30_000  # panels
_LEVELS = 2000  # halvings between the largest number and the smallest


def _rule(order: int) -> tuple[Array, Array, Array]:
    """Nodes and weights on (-1, 1), and the matrix from values to Legendre's last two
    coefficients, shape (2, order)."""
    nodes, weights = np.polynomial.legendre.leggauss(order)
    basis = np.polynomial.legendre.legvander(nodes, order - 1)
    degrees = np.arange(order)
    coefficients = (basis * weights[:, None]).T * (degrees[:, None] + 0.5)
    return nodes, weights, coefficients[-2:]


_RULES = {order: _rule(order) for order in (10, 16)}


def nodes_on(low: Array, high: Array, order: int = 10) -> tuple[Array, Array]:
    """Nodes and weights on the panels (low[i], high[i]), both of shape (p, order)."""
    nodes, weights, _ = _RULES[order]
    half = 0.5 * (high - low)
    return low[:, None] + half[:, None] * (1 + nodes), half[:, None] * weights


def is_narrow(low: Array, high: Array) -> NDArray[np.bool_]:
    """True for panels that are too narrow to be halved."""
    narrow: NDArray[np.bool_] = high - low <= np.maximum(
        _ULPS * np.maximum(abs(low), abs(high)), _LEAST
    )
    return narrow


def refine(
    curves: Curves, edges: Array, tolerance: float, order: int = 10
) -> tuple[Array, Array]:
    """The panels between `edges`, halved until a polynomial follows every curve.

    A panel is done when its width times the last two Legendre coefficients of each
    curve is at most `tolerance`, or when it is as narrow as rounding allows. Returns
    the panels' ends, low and high, sorted.
    """
    last = _RULES[order][2]
    low, high = edges[:-1], edges[1:]
    low, high = low[high > low], high[high > low]
    done_low, done_high = [], []
    for _ in range(_LEVELS):
        x, _ = nodes_on(low, high, order)
        values = np.atleast_2d(curves(x.ravel())).reshape(-1, *x.shape)
        rough = np.abs(values @ last.T).sum(axis=2).max(axis=0) * (high - low)
        middle = 0.5 * (low + high)
        more = (rough > tolerance) & ~is_narrow(low, high)
        done_low.append(low[~more])
        done_high.append(high[~more])
        if not more.any():
            break
        if sum(map(len, done_low)) + 2 * more.sum() > _MOST:
            raise ValueError(
                "the density must be smooth but for some kinks, jumps and poles, got "
                f"one that {_MOST:,} pieces between {edges[0]:g} and {edges[-1]:g} do "
                "not follow; give a narrower support, or a smoother function"
            )
        low, high, middle = low[more], high[more], middle[more]
        low, high = np.concatenate([low, middle]), np.concatenate([middle, high])
    low, high = np.concatenate(done_low), np.concatenate(done_high)
    order_ = np.argsort(low, kind="stable")
    return low[order_], high[order_]
