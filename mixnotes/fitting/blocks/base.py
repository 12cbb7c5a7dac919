"""Components that are worked on together: what a block of them does, and known ones.

A block prepares the data once, loads parameters once an E-step, and then, chunk by
chunk of rows, writes log-densities and adds up what the weighted fits need.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from mixnotes.components.vector import Axis
from mixnotes.data.sources import Source
from mixnotes.fitting.prior import Priors
from mixnotes.numeric.arrays import Array

CROWD = 256
"""Components from which a first guess is one short run of k-means and packed sums: to
compare each with every row in more than one way takes too long."""


class RecentreError(ArithmeticError):
    """Squares of the data have too few digits for how sharp a component became."""


class Form(Enum):
    """In which form statistics are summed, where there is a choice."""

    PACKED = "of the data as they are: those of other parameters can be added"
    CHEAPEST = "packed, or about each component where that costs less"
    EXACT = "about each component: slower, and right at any sharpness"


@dataclass(slots=True)
class Statistics:
    """What an E-step leaves to the M-step, of each block or part of one."""

    parts: list[Any]
    form: Form

    def __add__(self, other: Statistics) -> Statistics:
        """Those of some rows and of others."""
        pairs = zip(self.parts, other.parts, strict=True)
        return Statistics([a + b for a, b in pairs], self.form)

    def __mul__(self, factor: float) -> Statistics:
        """Those of each row so many times."""
        return Statistics([factor * part for part in self.parts], self.form)

    __rmul__ = __mul__


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
    def load(self, values: Any, log_weight: Array, data: Any, form: Form) -> Any:
        """What an E-step in this form needs of the parameters."""

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
        """Add a chunk's responsibilities, (K, rows), to what `empty` gave."""

    @abstractmethod
    def empty(self, loaded: Any, data: Any) -> Any:
        """The statistics of no rows."""

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

    def regularize(self, priors: Priors) -> None:
        """Let what is known of these components into the M-step."""
        if priors(self.templates) is not None:
            raise TypeError(
                "a bound or a prior needs components of exponential families, and "
                f"{self.templates[0]!r:.80} is none; give the parameter"
            )

    def log_prior(self, values: Any) -> float:
        """What that adds to the log-likelihood."""
        return 0.0

    def standardize(self, source: Source) -> None:
        """Centre and scale the data, where that helps."""
        return

    def level(self, shift: float) -> None:
        """Give log-densities in the unit of the mixture: those of the data plus
        `shift`."""
        self.shift = shift

    def keep_features(self, data: Any) -> None:
        """Tie what a step needs of data that fit into one chunk."""
        return

    def first(self, share: Array, data: Any) -> Any:
        """The parameters that fit given responsibilities (K, n)."""
        return self.learn(share, None)

    def project(self, values: Any, weight: Array) -> Any:
        """The values that the model allows nearest to these."""
        return values

    def measured(self, values: Any, scale: float) -> list[Array]:
        """The learned values as distances are measured in."""
        return []

    def unconstrain(self, values: Any) -> list[Array]:
        """The learned values mapped to the whole line, in parts."""
        return []

    def constrain(self, line: Array, like: Any) -> Any:
        """The values at a point of the line; what is given is as in `like`."""
        return like

    def axes(self, values: Any, prefixes: Sequence[str]) -> list[Axis]:
        """What stands where on the line; a prefix names each component."""
        return []


class FixedBlock(Block):
    """Components without blanks: their log-densities are computed once."""

    def regularize(self, priors: Priors) -> None:
        """What is known needs no prior."""

    def prepare(self, x: Array, alone: bool) -> Array:
        """log p(x | z = k), (K, n)."""
        return np.array([c.bound(x)(c) for c in self.templates])

    def size(self, data: Any) -> int:
        """How many rows were prepared."""
        return data.shape[1]

    def load(self, values: Any, log_weight: Array, data: Any, form: Form) -> Array:
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
