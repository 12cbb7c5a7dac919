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
    distinct, where = distinct_patterns(columns)
    few = len(distinct) < 2**15  # of which numpy sorts small numbers in one pass
    order = np.argsort(where.astype(np.int16) if few else where, kind="stable")
    ends = np.searchsorted(where[order], np.arange(len(distinct) + 1))
    return [
        Pattern(np.flatnonzero(seen), np.flatnonzero(~seen), order[first:last])
        for seen, first, last in zip(distinct, ends[:-1], ends[1:], strict=True)
    ]


def distinct_patterns(columns: Array) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """What is seen in the rows of some columns, (d, n): each pattern once, (P, d), and
    the number of that of each row, (n,)."""
    seen = ~np.isnan(columns)
    if seen.all():
        return np.ones((1, len(columns)), bool), np.zeros(columns.shape[1], np.intp)
    packed = np.packbits(~seen, axis=0)  # eight columns a byte, to compare fewer
    if len(packed) == 1:  # a byte is one of 256
        first = np.full(256, -1)
        first[packed[0]] = np.arange(packed.shape[1])
        there = np.flatnonzero(first >= 0)
        number = np.zeros(256, dtype=np.intp)
        number[there] = np.arange(len(there))
        return seen[:, first[there]].T, number[packed[0]]
    _, first, where = np.unique(packed, axis=1, return_index=True, return_inverse=True)
    return seen[:, first].T, where.ravel()


def _root(cov: Array, seen: NDArray[np.intp]) -> Array:
    """The inverse of the Cholesky factor of the seen part of a matrix."""
    root: Array = np.linalg.inv(np.linalg.cholesky(cov[..., seen[:, None], seen]))
    return root


class Masks:
    """What is seen in some patterns, (..., d), as masks of matrices (..., 1, d, d)."""

    def __init__(self, seen: NDArray[np.bool_]) -> None:
        self.seen = seen
        row, column = seen[..., None, :, None], seen[..., None, None, :]
        self.both, self.neither = row & column, ~row & ~column
        self.across = ~row & column  # what is lost by what was seen
        unit = np.eye(seen.shape[-1])
        self.unit = unit * ~row  # takes the place of what is lost
        self.same = unit * row


class Completion(NamedTuple):
    """What normals of K covariances say of rows of some patterns, in arrays (..., K, d,
    d) that are 0 where they say nothing."""

    level: Array  # -1/2 log det of the seen covariance, (..., K)
    precision: Array  # its inverse
    slope: Array  # E[y - mean], whole, from what was seen of it
    rest: Array  # Cov[lost | seen]

    @classmethod
    def of(cls, cov: Array, masks: Masks) -> Completion:
        """From covariances, (K, d, d), and what was seen."""
        root = np.linalg.inv(np.linalg.cholesky(cov * masks.both + masks.unit))
        level = np.log(np.einsum("...ii->...i", root)).sum(axis=-1)
        root *= masks.both
        precision = root.swapaxes(-1, -2) @ root
        slope = (cov @ precision) * masks.across + masks.same
        rest = (cov - slope @ cov) * masks.neither
        return cls(level, precision, slope, rest)


@dataclass(frozen=True)
class Given:
    """Normal distributions given the seen entries of the rows of a pattern."""

    root: Array  # the inverse of the Cholesky factor of the seen covariance
    slope: Array  # E[lost] = mean[lost] + slope (seen - mean[seen])
    rest: Array  # Cov[lost | seen]

    @classmethod
    def of(cls, cov: Array, pattern: Pattern) -> Given:
        """From the covariance matrix (d, d), or those of some normals, (K, d, d)."""
        seen, lost = pattern.seen, pattern.lost
        root = _root(cov, seen)
        across = cov[..., lost[:, None], seen]
        slope = across @ np.swapaxes(root, -1, -2) @ root
        rest = cov[..., lost[:, None], lost] - slope @ np.swapaxes(across, -1, -2)
        return cls(root, slope, rest)


class Distances(NamedTuple):
    """How far the seen entries of each row are from K means, and what the density needs
    beside that.
    """

    square: Array  # Mahalanobis distances squared, (K, n)
    level: Array  # -1/2 log det of the seen part of the matrix, (K, n)
    seen: NDArray[np.intp]  # how many entries were seen, (n,)


def distances(
    mean: Array, cov: Array, columns: Array, parts: list[Pattern]
) -> Distances:
    """The distances of rows, columns (d, n), from K means, (K, d), in units of
    covariances (K, d, d)."""
    shape = len(mean), columns.shape[1]
    found = Distances(np.zeros(shape), np.zeros(shape), np.zeros(shape[1], np.intp))
    for pattern in parts:
        seen, rows = pattern.seen, pattern.rows
        root = _root(cov, seen)
        aside = columns[seen[:, None], rows] - mean[:, seen, None]
        standard = root @ aside
        found.square[:, rows] = np.einsum("kin,kin->kn", standard, standard)
        level = np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)
        found.level[:, rows] = level[:, None]
        found.seen[rows] = len(seen)
    return found


def log_prob(
    mean: Array, cov: Array, columns: Array, parts: list[Pattern], out: Array
) -> None:
    """Write the log p of the seen entries of each row under K normals, (K, n), into
    `out`."""
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
        aside[seen] = columns[seen[:, None], rows] - mean[seen, None]
        aside[lost] = given.slope @ aside[seen]
        rest = np.zeros_like(cov)
        rest[lost[:, None], lost] = given.rest
        yield pattern, aside, rest


def sums(
    mean: Array,
    cov: Array,
    columns: Array,
    parts: list[Pattern],
    weight: Array,
    unseen: Array,
) -> tuple[Array, Array]:
    """Of K normals the sums of y - mean, (K, d), and of its products, (K, d, d), as
    expected where an entry is missing, weighted by `weight`, (K, n); there `unseen` are
    the weights of the covariance.
    """
    first, second = np.zeros(mean.shape), np.zeros(cov.shape)
    for pattern in parts:
        seen, lost, rows = pattern.seen, pattern.lost, pattern.rows
        aside = columns[:, rows] - mean[:, :, None]
        if len(lost):
            given = Given.of(cov, pattern)
            aside[:, lost] = given.slope @ aside[:, seen]
            level = unseen[:, rows].sum(axis=1)
            second[:, lost[:, None], lost] += level[:, None, None] * given.rest
        weighted = aside * weight[:, None, rows]
        first += weighted.sum(axis=2)
        second += weighted @ np.swapaxes(aside, 1, 2)
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
