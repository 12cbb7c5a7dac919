"""The blanks of components as one vector of unconstrained coordinates.

It is made of an ordered list of entries, one for each blank. From the list follow the
map to the coordinates and back, which coordinate is whose, units and distances.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mixnotes.components.constraints import LOG_REAL, REAL, Constraint, Number, Simplex
from mixnotes.numeric.arrays import Array


class Entry(NamedTuple):
    """A blank of one component, or of several of a kind."""

    name: str  # as in `blanks`
    constraint: Constraint
    tie: str | None  # the name under which it is shared
    stack: Array  # its values, (m, ...), one for each component


class Axis(NamedTuple):
    """Which number of which blank a coordinate stands for."""

    name: str
    size: int  # how many coordinates it has
    simplex: bool  # logarithms of probabilities, of which the last is not free?
    shared: str | None  # the name under which it is shared
    unit: bool = False  # in a unit of its own, so that no size of it is large?


def unconstrain(entries: Sequence[Entry]) -> Array:
    """The values as unconstrained coordinates, one entry after another, shape (p,)."""
    parts = [entry.constraint.unconstrain(entry.stack).ravel() for entry in entries]
    return np.concatenate(parts) if parts else np.zeros(0)


def constrain(line: Array, entries: Sequence[Entry]) -> list[Array]:
    """The values at these coordinates, in stacks of the same form as those of the
    entries.
    """
    found, place = [], 0
    for entry in entries:
        shape = len(entry.stack), entry.constraint.width(entry.stack)
        end = place + shape[0] * shape[1]
        flat = line[place:end].reshape(shape)
        found.append(entry.constraint.constrain(flat, entry.stack))
        place = end
    return found


def axes(entries: Sequence[Entry]) -> list[Axis]:
    """What each coordinate stands for, for each component of each stack."""
    return [
        Axis(
            entry.name,
            entry.constraint.width(entry.stack),
            isinstance(entry.constraint, Simplex),
            entry.tie,
            entry.constraint in (REAL, LOG_REAL),
        )
        for entry in entries
    ]


def measured(entries: Sequence[Entry], scale: float) -> Array:
    """The values on the scale on which distances are measured, shape (q,); those with
    the data's unit are divided by `scale`.
    """
    parts = []
    for _, constraint, _, stack in entries:
        unit = scale**-constraint.power if isinstance(constraint, Number) else 1.0
        parts.append(constraint.measured(stack * unit).ravel())
    return np.concatenate(parts) if parts else np.zeros(0)
