"""Normals of rows with gaps in the packed form: two matrix products a pattern.

Rows of one pattern are rows of a normal in fewer dimensions, whose statistics are those
of the rows with 0 in the gaps. What is expected in the gaps follows from the sums, once
a step.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixnotes.components.exponential import Values
from mixnotes.data.missing import Completion, Masks, distinct_patterns
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.special import LOG_2_PI

_ROOM = 2**21  # numbers that are kept of all patterns; more is not faster


class Chunk:
    """Rows by their patterns: their order, and where in it each pattern stands."""

    def __init__(self, where: NDArray[np.intp]) -> None:
        self.order = np.argsort(where, kind="stable")
        found, first = np.unique(where[self.order], return_index=True)
        last = [*first[1:].tolist(), len(where)]
        self.runs = [
            (p, slice(a, b)) for p, a, b in zip(found, first, last, strict=True)
        ]


class Gaps:
    """What is missing in which rows. The last pattern is that of whole rows, whether
    there are any or not."""

    def __init__(self, columns: Array) -> None:
        seen, self.where = distinct_patterns(columns)
        whole = np.ones((1, len(columns)), dtype=bool)
        self.seen = np.concatenate([seen, whole])
        self.size = self.seen.sum(axis=1)[:, None] * LOG_2_PI
        self._chunks: dict[tuple[int, int], Chunk] = {}

    def chunk(self, rows: slice) -> Chunk:
        """Some rows by their patterns."""
        key = rows.start, rows.stop
        if key not in self._chunks:
            self._chunks[key] = Chunk(self.where[rows])
        return self._chunks[key]

    @cached_property
    def masks(self) -> Masks:
        """All patterns as masks."""
        return Masks(self.seen)

    def few(self, k: int, q: int) -> bool:
        """Are the patterns so few that they are best worked on together, with k
        components and q features?"""
        patterns, d = self.seen.shape
        return patterns * k * (q + 4 * d * d) <= _ROOM


class PackedGaps:
    """Parameters, and what they say of the rows of each pattern."""

    def __init__(self, family: Any, values: Values, gaps: Gaps) -> None:
        self.family, self.gaps = family, gaps
        self.mean, self.cov = values["mean"], family.matrices(values["cov"])
        self.known = Completion.of(self.cov, gaps.masks)
        self.theta: Array = np.zeros(0)  # (P, K, q)

    @property
    def sharpness(self) -> float:
        """The largest trace of a precision."""
        return float(np.einsum("pkii->pk", self.known.precision).max())

    def weigh(self, log_weight: Array, q: int) -> None:
        """Make the matrix of each pattern, as `ExponentialBlock.theta` does."""
        known, d = self.known, self.mean.shape[1]
        first = np.einsum("pkij,kj->pki", known.precision, self.mean)
        square = np.einsum("pki,ki->pk", first, self.mean)
        normaliser = 0.5 * (square + self.gaps.size) - known.level
        self.theta = np.ones((*normaliser.shape, q))  # 1 for the log base
        self.theta[..., 0] = log_weight - normaliser
        self.theta[..., 1 : 1 + d] = first
        self.theta[..., 1 + d : -1] = self.family.paired(known.precision)

    def joint(self, features: Array, chunk: Chunk, out: Array) -> None:
        """Log-densities from the features of a chunk, in its order."""
        joint = np.empty(out.shape)
        for p, run in chunk.runs:
            np.matmul(self.theta[p], features[:, run], out=joint[:, run])
        out[:, chunk.order] = joint

    def empty(self) -> GappySums:
        """Sums of no rows."""
        patterns, k, q = self.theta.shape
        return GappySums(np.zeros((patterns, q, k)), self)


@dataclass(frozen=True)
class GappySums:
    """The sums of the rows of each pattern, (P, q, K), and under which parameters."""

    raw: Array
    of: PackedGaps

    squares = None

    def add(self, features: Array, chunk: Chunk, share: Array) -> None:
        """Add rows, whose features are in the order of the chunk."""
        share = share[:, chunk.order]
        for p, run in chunk.runs:
            self.raw[p] += features[:, run] @ share[:, run].T

    def __add__(self, other: GappySums) -> GappySums:
        """Of some rows and of others, under the same parameters."""
        return GappySums(self.raw + other.raw, self.of)

    def __mul__(self, factor: float) -> GappySums:
        """Of each row so many times."""
        return GappySums(factor * self.raw, self.of)

    __rmul__ = __mul__

    @property
    def origin(self) -> Array:
        """The means, about which `sums` are."""
        return self.of.mean

    @cached_property
    def sums(self) -> Array:
        """As in `Sums`: (1 + p, K), with what is expected in the gaps."""
        of, raw = self.of, np.swapaxes(self.raw, 1, 2)
        family, known, d = of.family, of.known, of.mean.shape[1]
        weight, first = raw[..., 0], raw[..., 1 : 1 + d]
        near = of.mean * of.gaps.seen[:, None, :]
        aside = first - weight[..., None] * near
        second = family.unpacked(raw[..., 1 + d : -1], d)
        second -= first[..., :, None] * near[..., None, :]
        second -= near[..., :, None] * aside[..., None, :]
        second = known.slope @ second @ known.slope.swapaxes(-1, -2)
        second += weight[..., None, None] * known.rest
        moved = np.einsum("pkij,pkj->ki", known.slope, aside)
        parts = [weight.sum(axis=0)[:, None], moved, family.packed(second.sum(axis=0))]
        return np.concatenate(parts, axis=1).T
