"""What a block keeps of the data, and what an E-step adds up of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mixnotes.data.missing import Pattern, patterns
from mixnotes.fitting.blocks.gappy import Gaps
from mixnotes.numeric.arrays import Array


class Columns:
    """What a block keeps of the data: coordinates (d, n), log base (n,), features: 1,
    p statistics and, where the mixture needs it, the log base."""

    def __init__(self, columns: Array, base: Array | None, p: int) -> None:
        self.columns, self.base = columns, base
        self.n_features = 1 + p + (base is not None)
        self.features: Array | None = None
        self.gaps: Gaps | None = None
        self._patterns: dict[tuple[int, int], list[Pattern]] = {}

    def patterns(self, rows: slice) -> list[Pattern]:
        """The rows of a chunk by what is missing in them."""
        key = rows.start, rows.stop
        if key not in self._patterns:
            self._patterns[key] = patterns(self.columns[:, rows])
        return self._patterns[key]


@dataclass(slots=True)  # frozen, it would take three times as long to make
class Sums:
    """Responsibilities and, weighted by them, the statistics of distances to an origin:
    (1 + p, K), and below them what the features have more."""

    sums: Array
    origin: Any = 0.0  # one for all, or (K, ...): then the form is the exact one
    squares: Array | None = None  # there, the sums of squared responsibilities, (K,)

    def __add__(self, other: Sums) -> Sums:
        """Of some rows and of others, about the same origin."""
        squares = None
        if self.squares is not None and other.squares is not None:
            squares = self.squares + other.squares
        return Sums(self.sums + other.sums, self.origin, squares)

    def __mul__(self, factor: float) -> Sums:
        """Of each row so many times."""
        squares = None if self.squares is None else factor * factor * self.squares
        return Sums(factor * self.sums, self.origin, squares)

    __rmul__ = __mul__
