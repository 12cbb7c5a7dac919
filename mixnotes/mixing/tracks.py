"""The members of a class of components by one coordinate, on given observations."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from mixnotes.components.belief import within_bounds
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

    @abstractmethod
    def barred(self, values: frozenset[float], x: Array) -> Track:
        """The same members, for observations of which those of these values are none of
        theirs: they lie on an atom, and the members have densities."""

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
    high: float = math.inf  # the largest u

    def barred(self, values: frozenset[float], x: Array) -> Line:
        """The same members, with no density at these values."""
        read = partial(_read_aside, self.read, sorted(values))
        return replace(self, read=read).on(x)

    def between(self, low: float, high: float) -> Line:
        """The members whose u is from `low` to `high`."""
        return replace(self, low=max(self.low, low), high=min(self.high, high))

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
        q = float(self.form.place(np.asarray(u)))
        return within_bounds(self.template, self.template.filled(self.write(q)))

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
        return u if self.low - _NEXT <= u <= self.high + _NEXT else None

    @property
    def best(self) -> Array:
        """The u that fits each observation best, sorted and distinct."""
        u = self.form.arc(self.z[np.isfinite(self.peak)])
        if self.form.period < math.inf:
            u = np.concatenate([[0.0, self.form.period], u % self.form.period])
        return np.unique(np.clip(u, self.low, self.high))

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
        """u, moved to the nearest that is allowed."""
        return np.clip(u, self.low, self.high)

    def tidy(self, u: Array) -> Array:
        """On an end of the form where within a millionth of it."""
        for end in (*self.form.ends, self.low, self.high):
            u = np.where(np.abs(u - end) < _NEXT, end, u)
        return np.clip(u, self.low, self.high)


def _read_aside(read: Read, values: Sequence[float], x: Array) -> tuple[Array, Array]:
    """z and peak of observations, of which those of these values are outside."""
    bar = np.isin(x, values)
    if bar.all():
        return np.ones(len(x)), np.full(len(x), -np.inf)
    z, peak = read(np.where(bar, x[int(np.argmin(bar))], x))
    return z, np.where(bar, -np.inf, peak)


@dataclass(frozen=True, eq=False)
class Listed(Track):
    """A list of members: the coordinate is the position in it."""

    members: tuple[Any, ...]
    log_probs: Array  # (members, m)

    aside: frozenset[float] = frozenset()  # values at which they have no density

    moves = False

    @classmethod
    def of(
        cls, members: list[Any], x: Array, aside: frozenset[float] = frozenset()
    ) -> Listed:
        """The members, on observations."""
        log_probs = np.array([c.log_prob(x) for c in members])
        log_probs = log_probs.reshape(len(members), len(x))
        log_probs[:, np.isin(x, sorted(aside))] = -np.inf
        return cls(tuple(members), log_probs, aside)

    def barred(self, values: frozenset[float], x: Array) -> Listed:
        """The same members, with no density at these values."""
        return self.of(list(self.members), x, values)

    def on(self, x: Array) -> Listed:
        """The same members, for other observations."""
        return self.of(list(self.members), x, self.aside)

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
