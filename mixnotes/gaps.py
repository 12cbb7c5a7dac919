"""Rows of a multivariate normal with gaps: what the seen entries say of the others.

Exact where values are missing at random: whether an entry is missing may depend on
what was seen, not on the missing value itself (Little and Rubin 2019, section 11.2).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixnotes.check import Array

_LOG_2_PI = math.log(2 * math.pi)


@dataclass(frozen=True)
class Pattern:
    """Rows of which the same columns were seen."""

    seen: NDArray[np.intp]  # columns
    lost: NDArray[np.intp]  # the others
    rows: NDArray[np.intp]


def patterns(columns: Array) -> list[Pattern]:
    """The rows of some columns, (d, n), by what is missing in them."""
    missing = np.isnan(columns)
    distinct, where = np.unique(missing, axis=1, return_inverse=True)
    return [
        Pattern(
            np.flatnonzero(~gap),
            np.flatnonzero(gap),
            np.flatnonzero(where.ravel() == k),
        )
        for k, gap in enumerate(distinct.T)
    ]


@dataclass(frozen=True)
class Given:
    """A normal distribution, given the seen entries of a pattern."""

    root: Array  # the inverse of the Cholesky factor of the seen covariance
    slope: Array  # E[lost] = mean[lost] + slope (seen - mean[seen])
    rest: Array  # Cov[lost | seen]

    @classmethod
    def of(cls, cov: Array, pattern: Pattern) -> Given:
        """From the covariance matrix (d, d)."""
        seen, lost = pattern.seen, pattern.lost
        root = np.linalg.inv(np.linalg.cholesky(cov[np.ix_(seen, seen)]))
        across = cov[np.ix_(lost, seen)]
        slope = across @ root.T @ root
        return cls(root, slope, cov[np.ix_(lost, lost)] - slope @ across.T)


def log_prob(
    mean: Array, cov: Array, columns: Array, parts: list[Pattern], out: Array
) -> None:
    """Write log p of the seen entries of each row into `out`, (n,)."""
    for pattern in parts:
        if not len(pattern.seen):
            out[pattern.rows] = 0.0
            continue
        root = Given.of(cov, pattern).root
        aside = columns[np.ix_(pattern.seen, pattern.rows)]
        standard = root @ (aside - mean[pattern.seen, None])
        level = np.log(np.diagonal(root)).sum() - 0.5 * len(root) * _LOG_2_PI
        out[pattern.rows] = level - 0.5 * (standard * standard).sum(axis=0)


def expected(
    mean: Array, cov: Array, columns: Array, parts: list[Pattern]
) -> Iterator[tuple[Pattern, Array, Array]]:
    """For each pattern y - mean of its rows, (d, rows), the lost entries as expected,
    and their covariance, which is 0 where an entry was seen, (d, d)."""
    for pattern in parts:
        seen, lost, rows = pattern.seen, pattern.lost, pattern.rows
        given = Given.of(cov, pattern)
        aside = np.empty((len(columns), len(rows)))
        aside[seen] = columns[np.ix_(seen, rows)] - mean[seen, None]
        aside[lost] = given.slope @ aside[seen]
        rest = np.zeros_like(cov)
        rest[np.ix_(lost, lost)] = given.rest
        yield pattern, aside, rest
