"""The learned values of a whole mixture as one vector.

On the line, where a search moves them freely, or as they are, where distances between
fits are measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from mixnotes.components.vector import Axis
from mixnotes.fitting.blocks.base import Block
from mixnotes.fitting.tree import dotted
from mixnotes.fitting.weights import Weights
from mixnotes.numeric.arrays import Array


class State(NamedTuple):
    """The values of a mixture, taken apart."""

    weights: list[Array]  # of each mixture in the tree, the outermost first
    values: list[Any]  # of each block of components


class Vector:
    """What is learned of mixtures whose components are in these blocks; `scale` is the
    standard deviation of the data."""

    def __init__(self, weights: Weights, blocks: Sequence[Block], scale: float) -> None:
        self.tree, self.weights = weights.tree, weights
        self.blocks, self.scale = blocks, scale
        self._lengths: list[int] | None = None

    def learned_values(self, state: State) -> Array:
        """Shape (p,): weights and probabilities as they are, what is in the data's unit
        divided by the data's standard deviation."""
        parts = self.weights.measured(state.weights)
        for block, values in zip(self.blocks, state.values, strict=True):
            parts += block.measured(values, self.scale)
        return np.concatenate(parts) if parts else np.zeros(0)

    def unconstrain(self, state: State) -> Array:
        """Mapped to the whole line, shape (p,)."""
        parts = self.weights.unconstrain(state.weights)
        for block, values in zip(self.blocks, state.values, strict=True):
            parts += block.unconstrain(values)
        return np.concatenate(parts) if parts else np.zeros(0)

    def constrain(self, line: Array, like: State) -> State:
        """The state at a point of the line; what is given is as in `like`."""
        weights, place = self.weights.constrain(line, like.weights)
        values: list[Any] = []
        for block, seen, size in zip(
            self.blocks, like.values, self._sizes(like), strict=True
        ):
            values.append(block.constrain(line[place : place + size], seen))
            place += size
        return self.project(State(weights, values))

    def _sizes(self, like: State) -> list[int]:
        """How many coordinates each block has, which is the same at every state."""
        if self._lengths is None:
            pairs = zip(self.blocks, like.values, strict=True)
            parts = [block.unconstrain(values) for block, values in pairs]
            self._lengths = [sum(part.size for part in own) for own in parts]
        return self._lengths

    def project(self, state: State) -> State:
        """The state nearest to this one that the model allows, in the sense of EM:
        what a step would learn from the moments of the state itself."""
        weights = self.weights.project(state.weights)
        leaf = self.tree.leaf_weights(weights, self.weights.label is not None)
        values = [
            block.project(own, leaf[block.slots])
            for block, own in zip(self.blocks, state.values, strict=True)
        ]
        return State(weights, values)

    def axes(self, state: State) -> list[Axis]:
        """What stands where on the line, by name as in `Mixture.blanks`."""
        found = self.weights.axes(state.weights)
        order = self.tree.order
        for block, values in zip(self.blocks, state.values, strict=True):
            prefixes = [dotted(self.tree.paths[i]) for i in order[block.slots]]
            found += block.axes(values, prefixes)
        return found
