"""The density of what is believed at a value, which may be at an end of its support."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mixnotes.numeric.arrays import Array

_TINY = 1e-300


def log_density(belief: Any, value: Any) -> float:
    """The logarithm of the density of a belief at one value, a number or a vector; at
    an end of its support that of what is next to it."""
    here = np.asarray(value, dtype=np.float64)
    if hasattr(belief, "alpha"):
        return log_dirichlet(np.asarray(belief.alpha), here, _TINY)
    if here.ndim == 0:
        low, high = belief.ends
        here = np.where(here == low, np.nextafter(low, np.inf), here)
        here = np.where(here == high, np.nextafter(high, -np.inf), here)
        here = np.where(here == 5e-324, _TINY, here)
    return float(belief.log_prob(here[None])[0])


def log_dirichlet(alpha: Array, probs: Array, least: float) -> float:
    """The logarithm of a Dirichlet's density at these probabilities, of which those
    below `least` count as that."""
    constant = math.lgamma(alpha.sum()) - sum(map(math.lgamma, alpha.tolist()))
    return constant + float((alpha - 1) @ np.log(np.maximum(probs, least)))
