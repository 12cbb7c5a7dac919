"""The blanks of components as one vector, each mapped to the whole line.

An ordered list of entries says it all, one for each blank: from it come the map there
and back, what stands where, units and distances.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mixnotes.components.constraints import LOG_REAL, REAL, Domain, Number, Simplex
from mixnotes.numeric.arrays import Array


class Entry(NamedTuple):
    """A blank of one component, or of several of a kind."""

    name: str  # as in `blanks`
    domain: Domain
    tie: str | None  # the name under which it is shared
    stack: Array  # its values, (m, ...), one for each component


class Axis(NamedTuple):
    """Where a blank stands on the line."""

    name: str
    size: int  # how many coordinates it has
    simplex: bool  # logarithms of probabilities, of which the last is not free?
    shared: str | None  # the name under which it is shared
    unit: bool = False  # in a unit of its own, so that no size of it is large?


def to_line(entries: Sequence[Entry]) -> Array:
    """The values mapped to the whole line, one entry after another, shape (p,)."""
    parts = [entry.domain.to_line(entry.stack).ravel() for entry in entries]
    return np.concatenate(parts) if parts else np.zeros(0)


def from_line(line: Array, entries: Sequence[Entry]) -> list[Array]:
    """The stacks that stand at a point of the line, of the form of those in entries."""
    found, place = [], 0
    for entry in entries:
        shape = len(entry.stack), entry.domain.width(entry.stack)
        end = place + shape[0] * shape[1]
        flat = line[place:end].reshape(shape)
        found.append(entry.domain.from_line(flat, entry.stack))
        place = end
    return found


def axes(entries: Sequence[Entry]) -> list[Axis]:
    """What stands where on the line, for each component of each stack."""
    return [
        Axis(
            entry.name,
            entry.domain.width(entry.stack),
            isinstance(entry.domain, Simplex),
            entry.tie,
            entry.domain in (REAL, LOG_REAL),
        )
        for entry in entries
    ]


def measured(entries: Sequence[Entry], scale: float) -> Array:
    """The values as distances are measured in; what has the data's unit is divided by
    `scale`, shape (q,)."""
    parts = []
    for _, domain, _, stack in entries:
        unit = scale**-domain.power if isinstance(domain, Number) else 1.0
        parts.append(domain.measured(stack * unit).ravel())
    return np.concatenate(parts) if parts else np.zeros(0)
