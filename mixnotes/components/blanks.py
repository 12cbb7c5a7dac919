"""The blanks of a component: which they are, what fills them, and their vector."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np

from mixnotes.components import vector
from mixnotes.components.constraints import Domain
from mixnotes.numeric.arrays import Array


class Blanks(ABC):
    """What has parameters, each of them given, blank, or blank and shared."""

    @property
    @abstractmethod
    def n_free(self) -> int:
        """How many parameters are blank."""

    @property
    @abstractmethod
    def blanks(self) -> tuple[str, ...]:
        """The names of the blank parameters."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names that `blank` takes."""
        return tuple(getattr(self, "domains", dict)())

    @abstractmethod
    def blank(self, *names: str) -> Self:
        """The same component with these parameters (all, if none is named) blank."""

    @property
    def learns(self) -> bool:
        """Is something blank? How many numbers may depend on data still to come."""
        return bool(self.blanks)

    # The blanks as coordinates of a line without ends: for those who can say, `em`
    # extrapolates, looks for saddles and knows the rate and standard errors.

    has_line = False

    def entries(self, filled: Self) -> list[vector.Entry]:
        """The blanks, each with its constraint and its value in `filled`: the vector
        that all maps to the line and back are made of."""
        shares = self.shares
        return [
            vector.Entry(
                name,
                self.domain_of(name),
                shares.get(name),
                np.array([filled.value_of(name)]),
            )
            for name in self.blanks
        ]

    def axes(self, filled: Self) -> list[vector.Axis]:
        """What stands where on the line."""
        return vector.axes(self.entries(filled))

    def to_line(self, filled: Self) -> Array:
        """The values of the blanks in `filled`, on the whole line, shape (p,)."""
        return vector.to_line(self.entries(filled))

    def from_line(self, line: Array, like: Self) -> Self:
        """The component at a point of the line; what is given is as in `like`."""
        entries = self.entries(like)
        stacks = vector.from_line(line, entries)
        return like.filled({e.name: v[0] for e, v in zip(entries, stacks, strict=True)})

    def line_units(self, filled: Self, scales: Array) -> Array:
        """The unit of each coordinate of the line, shape (p,): that of the data, in
        `scales`, (d,), where a value stands there as it is; 1 for logarithms."""
        parts = [self.units_of(e, scales) for e in self.entries(filled)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def units_of(self, entry: vector.Entry, scales: Array) -> Array:
        """The same for one blank."""
        return entry.domain.line_units(entry.stack, scales)

    def measured(self, filled: Self, scale: float) -> Array | None:
        """The values of the blanks as distances are measured in: what has the data's
        unit divided by `scale`. None where there is no such unit: then log-densities
        at some observations are watched."""
        return None

    def settled(self, filled: Self) -> Self:
        """This component with what it shares given, at the values of `filled`."""
        return self.filled({name: filled.value_of(name) for name in self.shares})

    @property
    def shares(self) -> dict[str, str]:
        """The blanks that other components have too: parameter to shared name."""
        return {}

    def kind(self) -> tuple[Any, ...]:
        """Components of equal kind can share parameters."""
        return (type(self),)

    def value_of(self, name: str) -> Any:
        """The value of a parameter, by its name in `blanks`."""
        return getattr(self, name)

    def size_of(self, name: str) -> int:
        """How many free numbers a blank parameter is, by its name in `blanks`."""
        return self.n_free if len(self.blanks) == 1 else 1

    def domain_of(self, name: str) -> Domain:
        """The set that a parameter lives in, by its name in `blanks`."""
        raise NotImplementedError

    def filled(self, values: dict[str, Any]) -> Self:
        """The same component with these parameters set, by their names in `blanks`."""
        raise NotImplementedError

    def _require_complete(self, what: str) -> None:
        if self.blanks:
            raise ValueError(
                f"{what} needs every parameter, and {self!r} has blanks: "
                f"{', '.join(self.blanks)}; fit first, for example with "
                ".fit(x) or mx.em(mixture, x).mixture"
            )
