"""Rows of a normal or a t with gaps: what the seen entries say of the others.

Exact where values are missing at random: whether an entry is missing may depend on
what was seen, not on the missing value itself (Little and Rubin 2019, section 11.2).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mixnotes.data.check import as_numbers
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.special import LOG_2_PI

_MANY = (list, tuple, set, range, np.ndarray)


@dataclass(frozen=True)
class Pattern:
    """Rows of which the same columns were seen."""

    seen: NDArray[np.intp]  # columns
    lost: NDArray[np.intp]  # the others
    rows: NDArray[np.intp]


def patterns(columns: Array) -> list[Pattern]:
    """The rows of some columns, (d, n), by what is missing in them."""
    missing = np.isnan(columns)
    if not missing.any():
        d, n = columns.shape
        return [Pattern(np.arange(d), np.arange(0), np.arange(n))]
    distinct, where = np.unique(missing, axis=1, return_inverse=True)
    return [
        Pattern(
            np.flatnonzero(~gap),
            np.flatnonzero(gap),
            np.flatnonzero(where.ravel() == k),
        )
        for k, gap in enumerate(distinct.T)
    ]


def _root(cov: Array, seen: NDArray[np.intp]) -> Array:
    """The inverse of the Cholesky factor of the seen part of a matrix."""
    root: Array = np.linalg.inv(np.linalg.cholesky(cov[np.ix_(seen, seen)]))
    return root


@dataclass(frozen=True)
class Given:
    """A normal distribution given the seen entries of the rows of a pattern."""

    root: Array  # the inverse of the Cholesky factor of the seen covariance
    slope: Array  # E[lost] = mean[lost] + slope (seen - mean[seen])
    rest: Array  # Cov[lost | seen]

    @classmethod
    def of(cls, cov: Array, pattern: Pattern) -> Given:
        """From the covariance matrix (d, d)."""
        seen, lost = pattern.seen, pattern.lost
        root = _root(cov, seen)
        across = cov[np.ix_(lost, seen)]
        slope = across @ root.T @ root
        return cls(root, slope, cov[np.ix_(lost, lost)] - slope @ across.T)


class Distances(NamedTuple):
    """How far the seen entries of each row are from a mean, and what the density needs
    beside that, each of shape (n,).
    """

    square: Array  # Mahalanobis distances squared
    level: Array  # -1/2 log det of the seen part of the matrix
    seen: NDArray[np.intp]  # how many entries were seen


def distances(
    mean: Array, cov: Array, columns: Array, parts: list[Pattern]
) -> Distances:
    """The distances of rows, columns (d, n), from `mean` in units of `cov`."""
    n = columns.shape[1]
    found = Distances(np.zeros(n), np.zeros(n), np.zeros(n, dtype=np.intp))
    for pattern in parts:
        if not len(pattern.seen):
            continue
        root = _root(cov, pattern.seen)
        aside = columns[np.ix_(pattern.seen, pattern.rows)]
        standard = root @ (aside - mean[pattern.seen, None])
        found.square[pattern.rows] = (standard * standard).sum(axis=0)
        found.level[pattern.rows] = np.log(np.diagonal(root)).sum()
        found.seen[pattern.rows] = len(root)
    return found


def log_prob(
    mean: Array, cov: Array, columns: Array, parts: list[Pattern], out: Array
) -> None:
    """Write the normal log p of the seen entries of each row into `out`, (n,)."""
    far = distances(mean, cov, columns, parts)
    np.subtract(far.level, 0.5 * (far.square + far.seen * LOG_2_PI), out=out)


def expected(
    mean: Array, cov: Array, columns: Array, parts: list[Pattern]
) -> Iterator[tuple[Pattern, Array, Array]]:
    """For each pattern of gaps: y - mean of its rows, (d, rows), with missing entries
    at their expectation, and the covariance of these, (d, d), which is 0 where an entry
    was seen.
    """
    for pattern in parts:
        seen, lost, rows = pattern.seen, pattern.lost, pattern.rows
        given = Given.of(cov, pattern)
        aside = np.empty((len(columns), len(rows)))
        aside[seen] = columns[np.ix_(seen, rows)] - mean[seen, None]
        aside[lost] = given.slope @ aside[seen]
        rest = np.zeros_like(cov)
        rest[np.ix_(lost, lost)] = given.rest
        yield pattern, aside, rest


def sums(
    mean: Array,
    cov: Array,
    columns: Array,
    parts: list[Pattern],
    weight: Array,
    unseen: Array,
) -> tuple[Array, Array]:
    """The weighted sums of y - mean, (d,), and of its products, (d, d), as expected
    where an entry is missing; there `unseen` are the weights of the covariance.
    """
    first, second = np.zeros(len(mean)), np.zeros(cov.shape)
    for pattern, aside, rest in expected(mean, cov, columns, parts):
        weighted = aside * weight[pattern.rows]
        first += weighted.sum(axis=1)
        second += weighted @ aside.T + unseen[pattern.rows].sum() * rest
    return first, second


def chosen(columns: Sequence[int], d: int) -> NDArray[np.intp]:
    """Different numbers of columns, from 0 to d - 1."""
    found: list[Any] = list(columns) if isinstance(columns, _MANY) else [columns]
    whole = all(
        isinstance(j, int | np.integer) and not isinstance(j, bool) for j in found
    )
    if not (found and whole and set(found) <= set(range(d))) or len(set(found)) < len(
        found
    ):
        raise ValueError(
            f"columns must be different numbers from 0 to {d - 1}, at least one, got "
            f"{columns!r:.80}"
        )
    return np.array(found, dtype=np.intp)


def known_part(known: Mapping[int, float], d: int) -> tuple[Pattern, Array]:
    """The columns whose values are known, those that are not, and the values."""
    if not isinstance(known, Mapping):
        raise TypeError(
            f"known must be a mapping of columns to values, such as {{0: 1.5}}, got "
            f"{known!r:.80}"
        )
    seen = chosen(list(known), d)
    lost = np.setdiff1d(np.arange(d), seen)
    if not len(lost):
        raise ValueError(f"conditional must leave a column, got values for all {d}")
    values = as_numbers(list(known.values()), "known values")
    if values.ndim != 1 or not np.isfinite(values).all():
        raise ValueError(f"known values must be finite numbers, got {dict(known)}")
    return Pattern(seen, lost, np.arange(1)), values
