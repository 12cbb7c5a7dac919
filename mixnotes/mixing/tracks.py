"""The members of a class of components by one coordinate, on given observations."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from mixnotes.mixing.forms import Form
from mixnotes.numeric.arrays import Array

_NODE = 0.5  # between guesses, in widths of a peak
_ASIDE = 12  # guesses on either side of a gap
_NEXT = 1e-6  # of the width of a peak
Read = Callable[[Array], tuple[Array, Array]]  # x to z and peak; peak -inf is outside


class Unbounded(NamedTuple):
    """Why the likelihood has no bound, in words."""

    words: str


class Track(ABC):
    """The members of a class of components, told apart by one number u."""

    moves = True  # can a member be moved a little?

    @abstractmethod
    def on(self, x: Array) -> Track:
        """The same members, for other observations."""

    @abstractmethod
    def log_prob(self, u: Array) -> Array:
        """log p(x) of the members at these coordinates, (K,): shape (K, m)."""

    @abstractmethod
    def component(self, u: float) -> Any:
        """The member at a coordinate."""

    @abstractmethod
    def find(self, component: Any) -> float | None:
        """The number u of a member; None for a component that is not one."""

    @abstractmethod
    def guesses(self) -> Array:
        """Numbers u near which D has its peaks, shape (G,), increasing."""

    def proper(self, u: Array) -> Array:
        """The numbers u after a step, brought back into their set."""
        return u

    def tidy(self, u: Array) -> Array:
        """The numbers u, with those next to an end of their set moved onto it."""
        return u


@dataclass(frozen=True, eq=False)
class Line(Track):
    """One blank: the coordinate is the arc u of a `Form`."""

    template: Any
    form: Form
    read: Read
    write: Callable[[float], dict[str, float]]  # q to the blank
    q_of: Callable[[Any], float]  # of a filled component
    z: Array
    peak: Array
    low: float = -math.inf  # the least u
    moves: bool = True

    def on(self, x: Array) -> Line:
        """The same members, for other observations."""
        z, peak = self.read(x)
        return replace(self, z=z, peak=peak)

    def log_prob(self, u: Array) -> Array:
        """peak - loss."""
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            found = self.form.loss(self.z, self.form.place(u)[:, None])
            np.subtract(self.peak, found, out=found)
        if found.size and math.isnan(found.min()):  # from infinity to infinity
            found[np.isnan(found)] = -np.inf
        return found

    def component(self, u: float) -> Any:
        """The family with its blank at u."""
        return self.template.filled(self.write(float(self.form.place(np.asarray(u)))))

    def find(self, component: Any) -> float | None:
        """The u of a member; None where it is below the least, or differs in what is
        given."""
        template = self.template
        if type(component) is not type(template):
            return None
        values = {name: component.value_of(name) for name in template.blanks}
        if template.filled(values) != component:
            return None
        u = float(self.form.arc(np.asarray(self.q_of(component))))
        return u if u >= self.low - _NEXT else None

    @property
    def best(self) -> Array:
        """The u that fits each observation best, sorted and distinct."""
        u = self.form.arc(self.z[np.isfinite(self.peak)])
        if self.form.period < math.inf:
            u = np.concatenate([[0.0, self.form.period], u % self.form.period])
        return np.unique(np.maximum(u, self.low))

    def steps(self, size: float) -> Array:
        """Values of u around the observations, at most `size` apart; far from all of
        them none.
        """
        best = self.best
        if not best.size:
            return best
        floor = np.unique(np.floor(best / size))
        nodes = np.concatenate([floor, floor + 1]) * size
        ends = best[[0, -1]]
        return np.unique(np.concatenate([np.clip(nodes, *ends), ends]))

    def guesses(self) -> Array:
        """A value of u every half width of a peak, between observations too if they are
        near.
        """
        if not self.moves:
            return self.best
        nodes = self.steps(_NODE)
        gaps = np.flatnonzero(np.diff(nodes) > _NODE)
        if not len(gaps):
            return nodes
        aside = _NODE * np.arange(1, _ASIDE)
        left, right = nodes[gaps, None], nodes[gaps + 1, None]
        more = np.concatenate([left + aside, right - aside])
        inner = (more > np.tile(left, (2, 1))) & (more < np.tile(right, (2, 1)))
        return np.unique(np.concatenate([nodes, more[inner]]))

    def proper(self, u: Array) -> Array:
        """u, raised to the least that is allowed where it is below."""
        return np.maximum(u, self.low)

    def tidy(self, u: Array) -> Array:
        """On an end of the form where within a millionth of it."""
        for end in (*self.form.ends, self.low):
            u = np.where(np.abs(u - end) < _NEXT, end, u)
        return u


@dataclass(frozen=True, eq=False)
class Listed(Track):
    """A list of members: the coordinate is the position in it."""

    members: tuple[Any, ...]
    log_probs: Array  # (members, m)

    moves = False

    @classmethod
    def of(cls, members: list[Any], x: Array) -> Listed:
        """The members, on observations."""
        log_probs = np.array([c.log_prob(x) for c in members])
        return cls(tuple(members), log_probs.reshape(len(members), len(x)))

    def on(self, x: Array) -> Listed:
        """The same members, for other observations."""
        return self.of(list(self.members), x)

    def log_prob(self, u: Array) -> Array:
        """Those of the members at these positions."""
        return self.log_probs[u.astype(np.intp)]

    def component(self, u: float) -> Any:
        """The member."""
        return self.members[int(u)]

    def find(self, component: Any) -> float | None:
        """The position of an equal member."""
        if component not in self.members:
            return None
        return float(self.members.index(component))

    def guesses(self) -> Array:
        """All of them."""
        return np.arange(float(len(self.members)))
