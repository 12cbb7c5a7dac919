"""From rows to sums: what the engine needs to know of the data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixnotes.check import Array

_PROBE = 4096


@dataclass(frozen=True)
class Rows:
    """Distinct observations and how much each weighs.

    A thousand marbles are two values and two counts; the sums that EM needs are the
    same.
    """

    x: Array  # (m,) or (m, d)
    weight: Array  # (m,), above 0
    n: int  # rows that came in with a weight above 0
    total: float  # sum of the weights: the number of observations that they stand for

    @property
    def scale(self) -> float:
        """The weighted standard deviation of the data, largest column; 1 if it is 0."""
        mean = self.weight @ self.x / self.total
        variance = self.weight @ (self.x - mean) ** 2 / self.total
        return float(np.sqrt(np.max(variance))) or 1.0


def compress(x: Array, weight: Array) -> Rows:
    """The distinct values of x with the summed weight of each."""
    x, weight = x[weight > 0], weight[weight > 0]
    n, total = len(x), float(weight.sum())
    if x.ndim == 1 and _repeats(x):
        x, where = np.unique(x, return_inverse=True)
        weight = np.bincount(where, weights=weight).astype(np.float64)
    return Rows(x, weight, n, total)


def _repeats(x: Array) -> bool:
    """Do values repeat? A look at a spread of rows tells, without a sort of all."""
    probe = x[:: max(1, len(x) // _PROBE)]
    return len(np.unique(probe)) <= len(probe) // 2
