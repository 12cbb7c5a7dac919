"""D of a class of places from some hundred nodes in place of all observations.

In a cell of width 2 r about z0, p(z - q) as a function of z is next to a polynomial,
whatever q is: the one that agrees with it at m = 20 Chebyshev nodes z_j. So the sum
over the observations of the cell is one over its nodes, with weights that q does not
change: the sums of the observations' weights times the nodes' Lagrange polynomials.

If p is analytic in the disc of radius 6 r about any place, and at most M times as large
there as at that place, the error of one observation is at most 6 / 5 M 2 (r / 2)^m /
(5 r)^m = 2.4 M 1e-20 times p(z0 - q). Each form gives an r for which M is at most 16
and p(z - q) changes in half a cell by less than exp(1 / 4), so that the error is less
than 5e-19 of the sum, far below its rounding.
Source: Trefethen (2019), Approximation theory and approximation practice, chapters 4
and 11.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mixnotes.mixing.forms import Shifted
from mixnotes.mixing.nodes import Rows, grouped
from mixnotes.mixing.tracks import Line
from mixnotes.numeric.arrays import Array

NODES = 20  # of a cell
ROUNDED = (
    6.0  # times: nodes' weights have signs, and may be so much more than their sum
)
_WORTH = 4096  # observations from which it is worth it
_LESS = 4  # times fewer nodes than observations there must be
_OUTSIDE = 1 + 1e-6  # half widths
_CHUNK = 2**21  # numbers in memory together
_ANGLES = np.pi * (np.arange(NODES) + 0.5) / NODES
_PLACES = np.cos(_ANGLES)  # of the nodes, in half widths
_T = np.cos(np.arange(NODES)[:, None] * _ANGLES)  # Chebyshev's polynomials there


def from_nodes(line: Line, log_c: Array) -> Callable[[Array], Array] | None:
    """log D at coordinates, to rounding; None where there is no such form, or where
    it would save little."""
    form, inside = line.form, np.isfinite(line.peak)
    if not isinstance(form, Shifted) or form.reach is None or inside.sum() < _WORTH:
        return None
    z, logs = line.z[inside], (log_c + line.peak)[inside]
    if form.turn < np.inf:
        z = z % form.turn
    order, starts = grouped([np.floor(z / (2 * form.reach))])
    counts = np.diff(np.append(starts, len(order)))
    if _LESS * int(np.minimum(counts, NODES).sum()) > len(z):
        return None
    places, weights, tops = _summed(form, z[order], logs[order], starts, counts)

    def log_d(u: Array) -> Array:
        size = max(1, _CHUNK // len(places))
        parts = [chunk(u[k : k + size]) for k in range(0, len(u), size)]
        return np.concatenate(parts) if parts else np.empty(0)

    def chunk(u: Array) -> Array:
        logs = tops - form.loss(places, form.place(u)[:, None])
        top = logs.max(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            total = (np.exp(logs - top[:, None]) * weights).sum(axis=1)
            return np.asarray(np.log(np.maximum(total, 0.0)) + top)

    return log_d


def _summed(
    form: Shifted, z: Array, logs: Array, starts: Rows, counts: Rows
) -> tuple[Array, Array, Array]:
    """The nodes, their weights and the logarithm that these are relative to, from
    observations that stand cell by cell; where a cell has few, they are the nodes."""
    reach: Any = form.reach
    tops = np.maximum.reduceat(logs, starts)
    weight = np.exp(logs - np.repeat(tops, counts))
    cell = 2 * reach * (np.floor(z[starts] / (2 * reach)) + 0.5)
    aside = (z - np.repeat(cell, counts)) / reach  # from -1 to 1
    few = counts < NODES
    few |= np.maximum.reduceat(np.abs(aside), starts) > _OUTSIDE  # too far for floats
    own = np.repeat(few, counts)
    aside[own] = 0.0
    moments = np.empty((NODES, len(starts)))
    before, here = np.ones(len(z)), aside
    for k in range(NODES):
        moments[k] = np.add.reduceat(weight * before, starts)
        before, here = here, 2 * aside * here - before
    moments[1:] *= 2
    shares = moments[:, ~few].T @ _T / NODES  # (cells, nodes)
    nodes = cell[~few, None] + reach * _PLACES
    return (
        np.concatenate([nodes.ravel(), z[own]]),
        np.concatenate([shares.ravel(), weight[own]]),
        np.concatenate(
            [np.repeat(tops[~few], NODES), np.repeat(tops[few], counts[few])]
        ),
    )
