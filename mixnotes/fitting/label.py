"""How the labels of rows are drawn: the seam between components and weights.

A `Label` turns log-densities into responsibilities and statistics, and learns from
these what labels depend on. Labels that are drawn one a row by weights that are the
same for all need none: `rows` does that in chunks. Here is one label for each unit, a
row or a group of rows, by weights or by a gate; `chain` has those that follow one
another.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from mixnotes.components.exponential import NEVER
from mixnotes.components.gate import Gate
from mixnotes.components.mixture import Mixture
from mixnotes.components.vector import Axis
from mixnotes.data.beside import Beside
from mixnotes.numeric import logit
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.special import log_sum_exp
from mixnotes.numeric.units import summed

_NEVER_BETWEEN = 1e-9  # of the design; weights less between 0 and 1 never are
_WATCHED = 64  # rows of a design at which weights are watched

Shares = tuple[float, Array, Any]  # log-likelihood, responsibilities (K, n), statistics


class Label(ABC):
    """How labels are drawn, as `Mixture.label_value` says."""

    @abstractmethod
    def e_step(self, value: Array, joint: Array, weight: Array | None) -> Shares:
        """The log-likelihood, the responsibilities times weights, (K, n), and what the
        label is learned from, for log-densities (K, n); -inf where something is
        impossible."""

    @abstractmethod
    def scores(self, value: Array, joint: Array, weight: Array | None) -> Array:
        """The log-likelihood of each independent unit."""

    @abstractmethod
    def entropy(self, value: Array, joint: Array, weight: Array | None) -> float:
        """The entropy of the labels given the data, in nats."""


class OwnLabel(Label):
    """One whose value is more than weights, which `Weights` knows how to learn."""

    @abstractmethod
    def learned(self, statistics: Any, before: Array) -> Array:
        """The value that fits the statistics best."""

    @abstractmethod
    def first(self, share: Array) -> Array:
        """A value to begin with, for responsibilities (K, n)."""

    @abstractmethod
    def random(self, rng: np.random.Generator) -> Array:
        """A value to begin with where all components are known."""

    def limit(self, value: Array) -> str:
        """What is infinite in it, in words; else no words."""
        return ""

    @abstractmethod
    def measured(self, value: Array) -> Array:
        """What is learned, as distances are measured in."""

    @abstractmethod
    def unconstrain(self, value: Array) -> Array:
        """What is learned on the whole line."""

    @abstractmethod
    def constrain(self, line: Array, like: Array) -> Array:
        """The value at a point of the line."""

    @abstractmethod
    def axes(self, value: Array) -> list[Axis]:
        """What stands where on the line."""


class UnitLabel(Label):
    """One label for each unit, a row or a group of rows, by plain weights."""

    def __init__(self, model: Mixture, beside: Beside) -> None:
        self.group, self.evidence = beside.group, beside.evidence
        if self.evidence is not None:
            self.evidence = np.maximum(self.evidence.T, NEVER)

    def log_weights(self, value: Array) -> Array:
        """log P(z = k) of each unit, (K, 1) or (K, units)."""
        return np.log(value)[:, None]

    def summed(self, share: Array) -> Any:
        """What is learned from, of responsibilities by unit."""
        return share.sum(axis=1)

    def _joint(self, value: Array, joint: Array, weight: Array | None) -> Array:
        """log p(unit, z = k), (K, units)."""
        if self.evidence is not None:
            joint = joint + self.evidence
        if self.group is not None:
            joint = summed(joint if weight is None else joint * weight, self.group)
        return np.maximum(joint + self.log_weights(value), NEVER)

    def e_step(self, value: Array, joint: Array, weight: Array | None) -> Shares:
        """By Bayes' rule, unit by unit."""
        joint = self._joint(value, joint, weight)
        top = joint.max(axis=0)
        if not top.min() > 0.1 * NEVER:
            return -np.inf, joint, None
        share = np.exp(joint - top)
        norm = share.sum(axis=0)
        logs = top + np.log(norm)
        share /= norm
        if self.group is None:
            total = float(logs.sum() if weight is None else weight @ logs)
            share = share if weight is None else share * weight
            return total, share, self.summed(share)
        each = share[:, self.group]
        each = each if weight is None else each * weight
        return float(logs.sum()), each, self.summed(share)

    def scores(self, value: Array, joint: Array, weight: Array | None) -> Array:
        """log p(unit), shape (units,)."""
        joint = self._joint(value, joint, weight)
        return log_sum_exp(joint)

    def entropy(self, value: Array, joint: Array, weight: Array | None) -> float:
        """Summed over the units."""
        joint = self._joint(value, joint, weight)
        share = np.exp(joint - log_sum_exp(joint))
        each = -(share * np.log(np.where(share > 0, share, 1.0))).sum(axis=0)
        if weight is None or self.group is not None:
            return float(each.sum())
        return float(weight @ each)


class GateLabel(UnitLabel, OwnLabel):
    """The same, by weights that depend on columns."""

    def __init__(self, model: Mixture, beside: Beside) -> None:
        super().__init__(model, beside)
        gate = model.weights
        assert isinstance(gate, Gate)
        assert beside.design is not None
        self.places, self.level = gate.places, gate.matrix
        self.names = list(gate.named)
        design = beside.design
        if self.group is not None:
            first = np.unique(self.group, return_index=True)[1]
            design = design[first]
        self.design, which = np.unique(design, axis=0, return_inverse=True)
        self.which = which.ravel()
        sd = self.design.std(axis=0)
        self.units = np.where(sd > 0, sd, 1.0)
        # On the line an intercept is that of the middle of the columns: at 0, far from
        # them, it would be as good as known from the slopes.
        alone = np.bincount(self.places[self.places >= 0], minlength=1) == 1
        own = self.places[:, 0]
        self.moved = (own >= 0) & alone[np.maximum(own, 0)]
        self.middle = np.where(np.arange(len(sd)) == 0, 0.0, self.design.mean(axis=0))
        known = (self.places < 0).all(axis=1)
        central = bool((self.moved | known).all())  # else some intercept stays put
        self.origin = self.middle if central else np.zeros_like(self.middle)
        self.about = self.design - self.origin
        self.watched = np.linspace(0, len(self.design) - 1, _WATCHED).astype(int)

    def log_weights(self, value: Array) -> Array:
        """By the design of each unit."""
        logs: Array = logit.log_softmax(value, self.design)[:, self.which]
        return logs

    def summed(self, share: Array) -> Array:
        """By distinct row of the design."""
        return summed(share, self.which)

    def limit(self, value: Array) -> str:
        """Which coefficients are at infinity, where no weight in the data is between 0
        and 1 that depends on them."""
        probs = np.exp(logit.log_softmax(value, self.design))
        between = (probs * (1 - probs)) @ self.design**2
        least = _NEVER_BETWEEN * (self.design**2).sum(axis=0)
        lost = (self.places >= 0) & (between < least)
        found = [
            n for n, some in zip(self.names, lost.any(axis=0), strict=True) if some
        ]
        if not found:
            return ""
        return (
            f"weights.{', weights.'.join(found)} infinite: some weights are 0 or 1 at "
            "all values of these columns"
        )

    def learned(self, statistics: Any, before: Array) -> Array:
        """The coefficients of highest likelihood, from those before: about the middle
        of the columns, far from which an intercept and slopes cannot be told apart."""
        matrix = before.copy()
        matrix[:, 0] += before @ self.origin
        found = logit.ascended(matrix, self.places, self.about, statistics)
        found[:, 0] -= found @ self.origin
        return np.where(self.places < 0, before, found)

    def first(self, share: Array) -> Array:
        """Level weights, where nothing is given."""
        return self.level

    def random(self, rng: np.random.Generator) -> Array:
        """Coefficients about level weights."""
        free = self.places >= 0
        draws = rng.normal(size=int(self.places.max()) + 1)
        found = self.level.copy()
        found[free] = (draws[self.places] / self.units)[free]
        return found

    def measured(self, value: Array) -> Array:
        """The weights at some rows, which stay finite where coefficients do not."""
        rows = self.design[np.unique(self.watched)]
        found: Array = np.exp(logit.log_softmax(value, rows)).ravel()
        return found

    @property
    def _spots(self) -> tuple[Array, Array]:
        """Where each free number first stands in the matrix of coefficients."""
        flat = self.places.ravel()
        numbers, first = np.unique(flat, return_index=True)
        return np.divmod(first[numbers >= 0], self.places.shape[1])

    def unconstrain(self, value: Array) -> Array:
        """The coefficients, each times the spread of its column."""
        rows, columns = self._spots
        centred = value.copy()
        centred[self.moved, 0] += value[self.moved] @ self.middle
        found: Array = centred[rows, columns] * self.units[columns]
        return found

    def constrain(self, line: Array, like: Array) -> Array:
        """The coefficients, and those that are given."""
        free = self.places >= 0
        found = like.copy()
        theta = line / self.units[self._spots[1]]
        found[free] = theta[self.places[free]]
        found[self.moved, 0] -= found[self.moved] @ self.middle
        return found

    def axes(self, value: Array) -> list[Axis]:
        """One coordinate for each free number."""
        columns = self._spots[1]
        return [Axis(f"weights.{self.names[j]}", 1, False, None) for j in columns]
