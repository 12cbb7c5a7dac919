"""Components that are worked on together: what a block of them does, and known ones.

A block prepares the data once, loads parameters once an E-step, and then, chunk by
chunk of rows, writes log-densities and adds up what the weighted fits need.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mixnotes.components.component import Axis
from mixnotes.components.mixture import bind_of
from mixnotes.data.missing import Pattern, patterns
from mixnotes.data.sources import Source
from mixnotes.numeric.arrays import Array


class RecentreError(ArithmeticError):
    """Squares of the data have too few digits for how sharp a component became."""


@dataclass
class Columns:
    """What a block keeps of the data: coordinates (d, n), log base (n,), features."""

    columns: Array
    base: Array | None
    features: Array | None = None

    def patterns(self, rows: slice) -> list[Pattern]:
        """The rows of a chunk by what is missing in them."""
        key = rows.start, rows.stop
        if key not in self._patterns:
            self._patterns[key] = patterns(self.columns[:, rows])
        return self._patterns[key]

    _patterns: dict[tuple[int, int], list[Pattern]] = field(default_factory=dict)


class Workspace:
    """The arrays that chunks of one size are worked out in, one after another."""

    def __init__(self, k: int, size: int) -> None:
        self.joint = np.empty((k, size))
        self.norm = np.empty(size)
        self.logs = np.empty(size)
        self.ones = np.ones(size)
        self.each = np.ones(k)
        self.features: dict[int, Array] = {}  # by the id of a block


class Block(ABC):
    """Some components of a mixture, next to each other in the joint densities."""

    def __init__(self, templates: Sequence[Any], first: int) -> None:
        self.templates = list(templates)
        self.slots = slice(first, first + len(templates))
        self.shift = 0.0  # log-densities here are those of the data plus this

    @abstractmethod
    def prepare(self, x: Array, alone: bool) -> Any:
        """What is kept of these observations."""

    @abstractmethod
    def size(self, data: Any) -> int:
        """How many rows were prepared."""

    @abstractmethod
    def load(self, values: Any, log_weight: Array, data: Any) -> Any:
        """What an E-step needs of the parameters."""

    @abstractmethod
    def joint(
        self, loaded: Any, data: Any, rows: slice, out: Array, workspace: Workspace
    ) -> None:
        """Write log p(x, z = k) of a chunk of rows into `out`, (K, rows)."""

    @abstractmethod
    def collect(
        self,
        loaded: Any,
        data: Any,
        rows: slice,
        share: Array,
        statistics: Any,
        workspace: Workspace,
    ) -> None:
        """Add a chunk's responsibilities, (K, rows), to the statistics."""

    @abstractmethod
    def empty(self, loaded: Any, data: Any) -> Any:
        """Sums of nothing."""

    @abstractmethod
    def totals(self, statistics: Any) -> Array:
        """The summed responsibilities, (K,)."""

    @abstractmethod
    def learn(self, statistics: Any, values: Any) -> Any:
        """The parameters that fit the statistics best."""

    @abstractmethod
    def stack(self, components: Sequence[Any]) -> Any:
        """The parameters of filled components."""

    @abstractmethod
    def components(self, values: Any) -> list[Any]:
        """The filled components."""

    # What most blocks have no part in.

    has_line = True  # do all components say where their blanks stand on the line?
    ties = False  # are values bound to each other in ways that the line could break?
    has_sums = True  # are all of them learned from statistics, in closed form?
    is_exact = True  # are steps right to the last digits, or do they end a search?
    is_costly = False  # does a step take many looks at the data?
    width = 0  # numbers that a row takes while it is worked on, beside its densities

    def frame_on(self, source: Source) -> None:
        """Centre and scale the data, where that helps."""
        return

    def level(self, shift: float) -> None:
        """Give log-densities in the unit of the mixture: those of the data plus
        `shift`."""
        self.shift = shift

    def keep_features(self, data: Any) -> None:
        """Keep what a step needs of data that fit into one chunk."""
        return

    def first(self, share: Array, data: Any) -> Any:
        """The parameters that fit given responsibilities (K, n)."""
        return self.learn(share, None)

    def pack(self) -> None:
        """Take the form in squares of the data, where that has digits enough."""
        return

    def recentre(self) -> None:
        """Take the form in distances to each component."""
        return

    def project(self, values: Any, weight: Array) -> Any:
        """The values that the model allows nearest to these."""
        return values

    def measured(self, values: Any, scale: float) -> list[Array]:
        """The learned values as distances are measured in."""
        return []

    def to_line(self, values: Any) -> list[Array]:
        """The learned values mapped to the whole line, in parts."""
        return []

    def from_line(self, line: Array, like: Any) -> Any:
        """The values at a point of the line; what is given is as in `like`."""
        return like

    def axes(self, values: Any, prefixes: Sequence[str]) -> list[Axis]:
        """What stands where on the line; a prefix names each component."""
        return []


class FixedBlock(Block):
    """Components without blanks: their log-densities are computed once."""

    def prepare(self, x: Array, alone: bool) -> Array:
        """log p(x | z = k), (K, n)."""
        return np.array([bind_of(c, x)(c) for c in self.templates])

    def size(self, data: Any) -> int:
        """How many rows were prepared."""
        return data.shape[1]

    def load(self, values: Any, log_weight: Array, data: Any) -> Array:
        """The log-weights."""
        return log_weight[:, None] + self.shift

    def joint(
        self, loaded: Any, data: Any, rows: slice, out: Array, workspace: Workspace
    ) -> None:
        """Log-densities plus log-weights."""
        np.add(data[:, rows], loaded, out=out)

    def collect(
        self,
        loaded: Any,
        data: Any,
        rows: slice,
        share: Array,
        statistics: Any,
        workspace: Workspace,
    ) -> None:
        """The responsibilities are all that is summed."""
        statistics += share.sum(axis=1)

    def empty(self, loaded: Any, data: Any) -> Array:
        """K zeros."""
        return np.zeros(len(self.templates))

    def totals(self, statistics: Any) -> Array:
        """The statistics themselves."""
        totals: Array = statistics
        return totals

    def learn(self, statistics: Any, values: Any) -> Any:
        """Nothing is learned."""
        return values

    def stack(self, components: Sequence[Any]) -> None:
        """There is nothing to stack."""

    def components(self, values: Any) -> list[Any]:
        """The components as they were given."""
        return self.templates
