"""A few weighted values in place of many observations, with nearly the same
likelihood.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mixnotes.mixing.tracks import Line, Listed, Track
from mixnotes.numeric.arrays import Array

_WORTH = 4096  # observations from which it is worth it
Rows = NDArray[np.intp]
_CELL = 0.02  # the width of a cell, in widths of a peak
_CHANGE = 0.1  # of a known log-density in a cell
_FEW = 8  # known components


def thinned(tracks: Sequence[Track], x: Array, weight: Array) -> tuple[Array, Array]:
    """Two values for each cell of neighbouring observations, with the same mean,
    variance and third moment: the nodes of Gauss's rule. What is found from them is a
    first guess.
    """
    if len(x) <= _WORTH or not any(isinstance(t, Line) for t in tracks):
        return x, weight
    codes = []
    for track in tracks:
        if isinstance(track, Line):
            u, inside = track.form.arc(track.z), np.isfinite(track.peak)
            codes.append(_floored(u / _CELL, inside))
        elif isinstance(track, Listed) and len(track.members) <= _FEW:
            codes += [_floored(logs / _CHANGE, np.isfinite(logs))
                      for logs in track.log_probs]  # fmt: skip
        else:
            return x, weight
    order, starts = grouped(codes)
    if 4 * len(starts) > len(x):
        return x, weight
    x, weight = x[order], weight[order]
    counts = np.diff(np.append(starts, len(x)))
    total = np.add.reduceat(weight, starts)
    first = x[starts]
    mean = np.add.reduceat(weight * (x - first.repeat(counts)), starts) / total + first
    aside = x - mean.repeat(counts)
    square = np.add.reduceat(weight * aside**2, starts) / total
    cube = np.add.reduceat(weight * aside**3, starts) / total
    wide = square > 0
    skew = np.divide(cube, square, out=np.zeros_like(cube), where=wide)
    root = np.sqrt(skew**2 + 4 * square)
    down, up = 0.5 * (skew - root), 0.5 * (skew + root)
    share = np.divide(up, root, out=np.full_like(root, 0.5), where=wide)
    ends = np.minimum.reduceat(x, starts), np.maximum.reduceat(x, starts)
    nodes = [np.clip(mean + side, *ends) for side in (down, up)]
    levels = [total * share, total * (1 - share)]
    values, level = np.concatenate(nodes), np.concatenate(levels)
    return values[level > 0], level[level > 0]


def _floored(values: Array, inside: NDArray[np.bool_]) -> Array:
    """Whole numbers, nan where outside."""
    return np.floor(values, out=np.full(len(values), np.nan), where=inside)


def grouped(codes: Sequence[Array]) -> tuple[Rows, Rows]:
    """An order in which rows with equal codes stand together, and where each group
    begins. Codes are whole numbers, or nan for a row that is a group by itself.
    """
    whole = np.zeros(len(codes[0]), dtype=np.int64)
    for code in codes:
        if np.isnan(code).all():
            continue
        low, high = np.nanmin(code), np.nanmax(code)
        if not high - low < 2**20:
            code = np.unique(code, return_inverse=True)[1].astype(np.float64)
            low, high = np.float64(0), code.max()
        size = int(high - low) + 2
        mine = np.where(np.isnan(code), size - 1, code - low).astype(np.int64)
        if size * (int(whole.max()) + 1) > 2**62:
            whole = np.unique(whole, return_inverse=True)[1]
        whole = whole * size + mine
    small = whole.astype(np.int16) if whole.max() < 2**15 else whole
    order = np.argsort(small, kind="stable")
    starts = np.flatnonzero(np.diff(whole[order], prepend=-1) != 0)
    return order, starts
