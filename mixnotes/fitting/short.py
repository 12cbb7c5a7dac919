"""A step of EM without the parameters in between, for few observations.

Of some hundred of them most of a step would go into making means and standard
deviations of sums, and natural parameters of those. Here these are made of the sums at
once, and the parameters where somebody asks for them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from mixnotes.fitting.blocks.base import Form, Statistics, Workspace
from mixnotes.fitting.blocks.gaussian import GaussianBlock
from mixnotes.fitting.blocks.sums import Sums
from mixnotes.fitting.rows import PreparedRows, normalise
from mixnotes.fitting.vector import State
from mixnotes.numeric.arrays import Array

if TYPE_CHECKING:
    from mixnotes.fitting.engine import Engine

_FEW = 16  # components


class Reached:
    """A `State` that is made where somebody looks at it."""

    __slots__ = ("_make", "_state")

    def __init__(self, make: Callable[[], State]) -> None:
        self._make = make
        self._state: State | None = None

    @property
    def _made(self) -> State:
        if self._state is None:
            self._state = self._make()
        return self._state

    @property
    def weights(self) -> list[Array]:
        """As of a `State`."""
        return self._made.weights

    @property
    def values(self) -> list[Any]:
        """As of a `State`."""
        return self._made.values


class ShortStep:
    """The short way of one engine."""

    @classmethod
    def of(cls, engine: Engine) -> ShortStep | None:
        """None where there is no such way: it is for normals on the line, all of them
        unknown, that fit in one chunk of rows, and of which nothing else is known."""
        rows, (block, *others) = engine.rows, engine.blocks
        short = (
            type(rows) is PreparedRows
            and rows.few
            and rows.size > 0
            and rows.k <= _FEW
            and rows.excluded is None
            and not others
            and isinstance(block, GaussianBlock)
            and block.family.has_short_way
            and block.is_free
            and rows.data[0].base is None
            and rows.data[0].gaps is None
            and not engine.has_priors
            and engine.label is None
            and engine.weights.are_free
        )
        return cls(engine) if short else None

    def __init__(self, engine: Engine) -> None:
        rows, block = engine.rows, engine.blocks[0]
        assert isinstance(rows, PreparedRows)
        assert isinstance(block, GaussianBlock)
        self.engine, self.block = engine, block
        self.features = rows.data[0].features
        self.workspace = Workspace(rows.k, rows.size)
        self.weight = self.workspace.ones if rows.weight is None else rows.weight
        self.theta = np.empty((len(self.features), rows.k))
        self.level = self.block.relative - math.log(engine.total)

    def __call__(self, statistics: Statistics) -> tuple[float, Any, Statistics] | None:
        """The log-likelihood of the next state, that state, and its statistics; None
        where a component has no weight or is too sharp, or a density too small."""
        if statistics.form is Form.EXACT:
            return None
        sums, theta, joint = statistics.parts[0].sums, self.theta, self.workspace.joint
        sharpness = self.block.family.natural_of(sums, theta)
        if not sharpness <= self.block.sharpest:
            return None
        theta[0] += self.level
        np.dot(theta.T, self.features, joint)
        total = normalise(self.weight, self.workspace)
        if total is None:
            return None
        found = Sums(np.dot(self.features, joint.T))
        reached = Reached(lambda: self.engine.m_step(statistics, None))
        return total, reached, Statistics([found], statistics.form)
