"""Modified Bessel functions of the first kind, of any order from -1/2 up.

For directions in space, without scipy.
"""

from __future__ import annotations

import math

import numpy as np

from mixnotes.numeric.special import log_gamma

_FAR = 2000.0  # an argument from which the series in 1 / x is taken
_SQUARES = 4.0  # and how many squares of the order it must be


def log_bessel(order: float, x: float) -> float:
    """log I_order(x) for x > 0.

    The sum of its power series, all of whose terms are positive; far out Hankel's
    series (Abramowitz and Stegun 9.6.10 and 9.7.1).
    """
    if x > _FAR and x > _SQUARES * (order + 1) ** 2:
        return x - 0.5 * math.log(2 * math.pi * x) + math.log(_hankel(order, x))
    most = int(0.5 * math.hypot(order, x) + 20 * math.sqrt(x) + 60)
    m = np.arange(most)
    logs = (2 * m + order) * math.log(0.5 * x)
    logs = logs - log_gamma(m + 1.0) - log_gamma(m + order + 1.0)
    top = float(logs.max())
    return top + math.log(float(np.exp(logs - top).sum()))


def _hankel(order: float, x: float) -> float:
    """1 - (mu - 1) / (8 x) + ..., with mu = 4 order^2."""
    mu, term, total = 4 * order * order, 1.0, 1.0
    for k in range(1, 30):
        term *= -(mu - (2 * k - 1) ** 2) / (8 * k * x)
        total += term
        if abs(term) < 1e-17:
            break
    return total


def bessel_ratio(order: float, x: float) -> float:
    """I_{order + 1}(x) / I_order(x) for x >= 0, from 0 to 1, by its continued fraction;
    far out by Hankel's series."""
    if x <= 0:
        return 0.0
    if x > _FAR and x > _SQUARES * (order + 2) ** 2:
        return _hankel(order + 1, x) / _hankel(order, x)
    ratio = 0.0
    for k in range(int(2 * x + 100), 0, -1):
        ratio = 1 / (2 * (order + k) / x + ratio)
    return ratio
