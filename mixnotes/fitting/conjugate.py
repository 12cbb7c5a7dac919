"""Conjugate beliefs as observations that nobody made: how much they weigh, and their
sums of statistics.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mixnotes.families.beta import Beta
from mixnotes.families.categorical import Categorical
from mixnotes.families.counts import Multinomial
from mixnotes.families.dirichlet import Dirichlet
from mixnotes.families.discrete import (
    Bernoulli,
    Binomial,
    Geometric,
    Poisson,
)
from mixnotes.families.positive import Exponential, Gamma
from mixnotes.numeric.arrays import Array


def counts_of(template: Any, beliefs: Mapping[str, Any], unit: float) -> Array | None:
    """The weight and the p sums that the beliefs about a component add to those of its
    data, which were divided by `unit`; None where they are not conjugate."""
    if len(beliefs) != 1:
        return None
    belief = next(iter(beliefs.values()))
    for families, kind, counts in _CONJUGATE:
        if isinstance(template, families) and isinstance(belief, kind):
            return np.array(counts(template, belief, unit), dtype=np.float64)
    return None


def _of_hits(template: Any, belief: Any, unit: float) -> list[float]:
    """A Beta(a, b): a - 1 hits and b - 1 misses."""
    hits, misses = belief.given("a") - 1, belief.given("b") - 1
    trials = getattr(template, "n", 1)
    return [(hits + misses) / trials, hits, misses]


def _of_waiting(template: Any, belief: Any, unit: float) -> list[float]:
    """A Beta(a, b): b - 1 failures before a - 1 successes."""
    return [belief.given("a") - 1, belief.given("b") - 1]


def _of_shares(template: Any, belief: Any, unit: float) -> list[float]:
    """A Dirichlet(alpha): each outcome seen alpha - 1 times."""
    more = belief.given("alpha") - 1
    return [more.sum(), *more]


def _of_counts(template: Any, belief: Any, unit: float) -> list[float]:
    """A Gamma(k, scale): k - 1 events in 1 / scale observations."""
    return [1 / belief.given("scale"), belief.given("shape") - 1]


def _of_times(template: Any, belief: Any, unit: float) -> list[float]:
    """A Gamma(k, scale): k - 1 events in a time of 1 / scale."""
    return [belief.given("shape") - 1, 1 / belief.given("scale") / unit]


_CONJUGATE: list[tuple[Any, Any, Any]] = [
    ((Bernoulli, Binomial), Beta, _of_hits),
    (Geometric, Beta, _of_waiting),
    ((Categorical, Multinomial), Dirichlet, _of_shares),
    (Poisson, Gamma, _of_counts),
    (Exponential, Gamma, _of_times),
]
