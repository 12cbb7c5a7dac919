"""What counts have far out on a tail, where 1 less the rest rounds to 0.

For the author of a family that looks at a tail alone, as `Truncated` does.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from mixnotes.data.intervals import log_mass
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.special import log_sum_exp

LITTLE = 0.1  # a probability of being seen below which what is seen is summed
_AT_ONCE = 64  # values of a tail that are summed at first; then twice as many
_LONGEST = 1 << 20  # a tail that is summed
_NOTHING = math.log(1e-17)  # beside the largest term of a sum


def log_rest(component: Any, first: int) -> Callable[[Any], float]:
    """log P(x >= first) of whole numbers from 0 up, of a filled component: 1 less what
    is below, or, where that is nearly 1, the sum of what is not."""
    log_prob = component.bind(np.arange(float(first)))
    tail = summed(component.bind, first)

    def rest(filled: Any) -> float:
        below = float(np.exp(log_prob(filled)).sum())
        if below <= 1 - LITTLE:
            return math.log1p(-below)
        logs = tail(filled)
        if logs is not None:
            return float(log_sum_exp(logs[:, None])[0])
        return float(log_mass(filled, np.array([first - 1.0]), np.array([np.inf]))[0])

    return rest


def summed(
    bind: Callable[[Array], Callable[[Any], Array]], first: int
) -> Callable[[Any], Array | None]:
    """The logarithms of the probabilities of whole numbers from `first` up, as far as
    they count, of a filled component; None where these are too many."""
    bound: list[Callable[[Any], Array]] = []

    def logs(filled: Any) -> Array | None:
        found: list[Array] = []
        start, size = first, _AT_ONCE
        while start - first < _LONGEST:
            if len(found) == len(bound):
                bound.append(bind(np.arange(start, start + size, dtype=float)))
            found.append(bound[len(found)](filled))
            last = found[-1]
            ratio = math.exp(min(last[-1] - last[-2], 0.0)) if last[-1] > -np.inf else 0
            top = max(float(each.max()) for each in found)
            # What follows is at most a geometric series, where the ratio no longer
            # grows; where it does, as of a small size, by less than a tenth of 1 - it.
            rest = last[-1] - math.log(max(0.9 * (1 - ratio), 1e-300))
            if rest < top + _NOTHING or top == -math.inf:
                return np.concatenate(found)
            start, size = start + size, 2 * size
        return None

    return logs
