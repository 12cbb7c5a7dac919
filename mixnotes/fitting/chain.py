"""Labels that follow one another: a chain, learned by forward and backward passes.

Source: Baum, Petrie, Soules and Weiss (1970).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mixnotes.components.chain import Chain
from mixnotes.components.constraints import softmax
from mixnotes.components.exponential import NEVER
from mixnotes.components.gate import Gate
from mixnotes.components.mixture import Mixture
from mixnotes.components.vector import Axis
from mixnotes.data.beside import Beside
from mixnotes.data.sources import Rows
from mixnotes.fitting.label import GateLabel, Label, OwnLabel, Shares, UnitLabel
from mixnotes.numeric import steady
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.chain import Sequences

_TINY = 1e-300  # keeps the logarithm of a probability of 0 finite
_SMOOTH = 0.02  # of the counts that a chain begins with, given to all pairs


class ChainLabel(OwnLabel):
    """One label for each row, by the label of the row before.

    Its value is a table, (1 + K, K): the start above the transitions."""

    def __init__(self, model: Chain, beside: Beside) -> None:
        assert beside.group is not None
        self.model = model
        self.sequences = Sequences(beside.group)
        self.group = beside.group
        self.blank, self.level = model.label_blank, model.level_label()
        self.stationary = model.is_stationary
        self.evidence = beside.evidence
        if self.evidence is not None:
            self.evidence = np.maximum(self.evidence.T, NEVER)
        self.room = 1 - np.where(self.blank, 0.0, self.level).sum(axis=1)

    def on(self, n: int) -> ChainLabel:
        """The same of a sequence of n rows."""
        return ChainLabel(self.model, _sequence_of(n))

    def _joint(self, joint: Array) -> Array:
        joint = joint if self.evidence is None else joint + self.evidence
        if joint.min() > 0.1 * NEVER:
            return joint
        return np.where(joint > 0.1 * NEVER, joint, -np.inf)

    def e_step(self, value: Array, joint: Array, weight: Array | None) -> Shares:
        """Forward and backward."""
        found = self.sequences.passed(value[0], value[1:], self._joint(joint), weight)
        logs = found.logs if weight is None else np.where(weight > 0, found.logs, 0.0)
        total = logs.sum() if weight is None else weight @ logs
        if not total > -np.inf:
            return -np.inf, found.share, found.counts
        share = found.share if weight is None else found.share * weight
        return float(total), share, found.counts

    def scores(self, value: Array, joint: Array, weight: Array | None) -> Array:
        """log p(sequence), one for each."""
        logs = self.sequences.passed(value[0], value[1:], self._joint(joint)).logs
        found: Array = np.bincount(self.group, logs).astype(np.float64)
        return found

    def entropy(self, value: Array, joint: Array, weight: Array | None) -> float:
        """log p(x) - E[log p(x, z) | x], summed over the sequences."""
        joint = self._joint(joint)
        found = self.sequences.passed(value[0], value[1:], joint, weight)
        level = 1.0 if weight is None else weight
        share = found.share * level
        with np.errstate(divide="ignore", invalid="ignore"):
            dense = np.where(share > 0, share * joint, 0.0).sum()
            steps = np.where(found.counts > 0, found.counts * np.log(value), 0.0)
        return max(float((found.logs * level).sum() - dense - steps.sum()), 0.0)

    def learned(self, statistics: Any, before: Array) -> Array:
        """The table of highest likelihood: the shares of what followed what."""
        if self.stationary:
            return steady.learned(statistics, before, self.blank[1:])
        counts = np.where(self.blank, statistics, 0.0)
        total = counts.sum(axis=1, keepdims=True)
        share = counts * (self.room[:, None] / np.where(total > 0, total, 1.0))
        return np.where(self.blank & (total > 0), share, before)

    def first(self, share: Array) -> Array:
        """What follows what by responsibilities of rows that stand alone, (K, n)."""
        size = np.maximum(share.sum(axis=0), _TINY)
        share = share / size
        rows, others = self.sequences.sorted(share), self.sequences.following
        pairs = (rows[:, :-1] * others[1:]) @ rows[:, 1:].T
        counts = np.vstack([rows[:, ~others].sum(axis=1), pairs])
        counts += _SMOOTH * counts.sum(axis=1, keepdims=True) + _TINY
        return self._table(counts)

    def random(self, rng: np.random.Generator) -> Array:
        """A table where all components are known."""
        return self._table(rng.dirichlet(np.ones(len(self.level) - 1), len(self.level)))

    def _table(self, counts: Array) -> Array:
        counts = np.where(self.blank, counts, 0.0)
        total = np.maximum(counts.sum(axis=1), _TINY)
        table = np.where(self.blank, counts * (self.room / total)[:, None], self.level)
        if self.stationary:
            table[0] = steady.distribution(table[1:])
        return table

    def limit(self, value: Array) -> str:
        """Nothing is infinite."""
        return ""

    # ------------------------------------------------------------------- the line

    def measured(self, value: Array) -> Array:
        """The probabilities."""
        return value[self.blank]

    def unconstrain(self, value: Array) -> Array:
        """The logarithms of what is blank, row after row."""
        found: Array = np.log(np.maximum(value[self.blank], _TINY))
        return found

    def constrain(self, line: Array, like: Array) -> Array:
        """The table at logarithms, each row of which makes up what is left."""
        found, place = like.copy(), 0
        for row, blank, room in zip(found, self.blank, self.room, strict=True):
            size = int(blank.sum())
            if size:
                row[blank] = room * softmax(line[place : place + size])
            place += size
        if self.stationary:
            found[0] = steady.distribution(found[1:])
        return found

    def axes(self, value: Array) -> list[Axis]:
        """A set of probabilities for each row that has blanks."""
        names = ["start", *["transition"] * (len(self.blank) - 1)]
        return [
            Axis(name, int(blank.sum()), True, None)
            for name, blank in zip(names, self.blank, strict=True)
            if blank.any()
        ]


def label_of(model: Mixture, rows: Rows | None) -> Label | None:
    """How labels are drawn; None where each row has its own, by plain weights."""
    beside = None if rows is None else rows.beside
    if rows is None and isinstance(model, Chain):
        beside = _sequence_of(1)  # blocks, each a sequence
    if beside is None:
        return None
    if isinstance(model, Chain):
        return ChainLabel(model, beside)
    if isinstance(model.weights, Gate):
        return GateLabel(model, beside)
    return UnitLabel(model, beside)


def _sequence_of(n: int) -> Beside:
    """A sequence of n rows."""
    return Beside(group=np.zeros(n, dtype=np.intp), ordered=True)
