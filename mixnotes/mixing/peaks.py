"""The peaks of D along a track, as far as a search finds them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mixnotes.mixing.bounds import LogD
from mixnotes.mixing.tracks import Track
from mixnotes.numeric.arrays import Array

_STRIDE = 1e-3  # of a coordinate, for differences of log D
_ONE = 0.02  # peaks nearer than that are one
_GAP = 1.0  # between neighbours of a grid, beyond which they are none


def summits(grid: Array, heights: Array) -> NDArray[np.bool_]:
    """Which entries are not below their neighbours; an entry next to a gap has no
    neighbour on that side.
    """
    padded = np.concatenate([[-np.inf], heights, [-np.inf]])
    gap = np.concatenate([[True], np.diff(grid) > _GAP, [True]])
    left, right = (
        np.where(gap[side], -np.inf, padded[part])
        for side, part in (
            (slice(None, -1), slice(None, -2)),
            (slice(1, None), slice(2, None)),
        )
    )
    return np.asarray(np.isfinite(heights) & (heights >= left) & (heights >= right))


def climbed(track: Track, of: LogD, at: Array, high: Array) -> tuple[Array, Array]:
    """The peaks that Newton steps in log D reach from these places, each once."""
    at, high = at.copy(), high.copy()
    for _ in range(5):
        ends = track.proper(at + _STRIDE), track.proper(at - _STRIDE)
        reach, middle, centre = 0.5 * (ends[0] - ends[1]) / _STRIDE, at, high
        cut = reach < 1 - 1e-6  # by an edge: about the middle of what is left
        if cut.any():
            middle, centre = np.where(cut, 0.5 * (ends[0] + ends[1]), at), high.copy()
            centre[cut] = of(middle[cut])
        up, down = of(ends[0]), of(ends[1])
        slope, bend = 0.5 * (up - down), up - 2 * centre + down
        with np.errstate(divide="ignore", invalid="ignore"):
            size = np.where(bend < 0, -reach * slope / bend, 200 * np.sign(slope))
        size = np.clip(np.nan_to_num(size), -300, 300)
        there = track.proper(middle + size * _STRIDE)
        ahead = of(there)
        better = ahead > high
        at[better], high[better] = there[better], ahead[better]
    order = np.argsort(at)
    groups = np.cumsum(np.diff(at[order], prepend=-np.inf) > _ONE)
    order = order[np.lexsort([-high[order], groups])]  # the highest of each first
    _, first = np.unique(np.sort(groups), return_index=True)
    return at[order[first]], high[order[first]]
