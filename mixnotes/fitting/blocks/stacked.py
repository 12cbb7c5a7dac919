"""Components whose parameters are stacks, one value a component.

What is given, what is shared and what a prior says of them, and where they stand on the
line. How they are learned from data is for others.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixnotes.components import vector
from mixnotes.components.belief import within_bounds
from mixnotes.components.constraints import Simplex
from mixnotes.components.exponential import ExponentialFamily, Tie, Values
from mixnotes.components.vector import Axis
from mixnotes.fitting.blocks.base import Block
from mixnotes.fitting.prior import Prior, Priors
from mixnotes.numeric.arrays import Array

_WAYS = 64  # to hold parameters at bounds that are looked at beside each other


class StackedBlock(Block):
    """Components of one family, whose parameters are stacks (K, ...) in its unit."""

    templates: list[ExponentialFamily]

    def __init__(self, templates: Sequence[Any], first: int) -> None:
        super().__init__(templates, first)
        self.family: ExponentialFamily = templates[0]
        self.tie = Tie(self.templates)
        self.prior: Prior | None = None

    @abstractmethod
    def inward(self, values: Values) -> Values:
        """Some parameters of the data as those of the data in the block's unit."""

    @abstractmethod
    def outward(self, values: Values) -> Values:
        """The inverse."""

    def stack(self, components: Sequence[Any]) -> Values:
        """The parameters, (K, ...), of the data in their unit."""
        return self.inward(self.family.stack(components))

    def components(self, values: Values) -> list[Any]:
        """The templates with their blanks filled."""
        values = self.outward(values)
        filled = []
        for k, template in enumerate(self.templates):
            found = self.family.unstack(values, k)
            here = template.filled({n: found[n] for n in template.blanks})
            filled.append(here if self.prior is None else within_bounds(template, here))
        return filled

    # ------------------------------------------------------------------ the prior

    def regularize(self, priors: Priors) -> None:
        """Any parameter of any such family can have a bound, a penalty or a prior."""
        self.prior = priors(self.templates)

    def within_bounds(
        self,
        found: Values,
        learned: Callable[[Tie], Values],
        height: Callable[[Values], Array] | None = None,
    ) -> Values:
        """What was learned, if it is within the prior's bounds; where it is not, the
        bound is as if it were given, and the rest is learned beside it.

        Where two parameters are beyond their bounds one of them at least is at its
        bound in the end: either is held first, and the higher of both ways is taken, by
        the `height` of each component, (K,).
        """
        if self.tie.shared and height is not None:
            return self._held_in_turn(found, learned, height)
        here = self._held(found, learned, self.blanks)
        out = np.zeros(len(self.templates), dtype=int)
        for name, _, free in self.blanks:
            out[self.beyond(name, found, free)[0]] += 1
        if height is None or out.max(initial=0) < 2:
            return here
        other = self._held(found, learned, self.blanks[::-1])
        higher = height(other) > height(here)
        return {name: np.where(higher, other[name], v) for name, v in here.items()}

    def _held(
        self, found: Values, learned: Callable[[Tie], Values], blanks: Sequence[Any]
    ) -> Values:
        """The same with what is beyond a bound held at it, one name after another,
        until nothing is."""
        tie, again = self.tie, True
        while again:
            again = False
            for name, _, free in blanks:
                if name in tie.given:
                    free = np.setdiff1d(free, tie.given[name][0])
                places, there = self.beyond(name, found, free)
                if len(places):
                    tie, again = tie.giving(name, places, there), True
                    found = learned(tie)
        return found

    def _held_in_turn(
        self,
        found: Values,
        learned: Callable[[Tie], Values],
        height: Callable[[Values], Array],
    ) -> Values:
        """The same where components share a parameter, so that one that is held moves
        the others: the highest that is within, by branch and bound."""
        none: frozenset[tuple[str, int, float]] = frozenset()
        waiting, seen = [(0.0, self.tie, found, none)], {none}
        while True:
            best = max(range(len(waiting)), key=lambda k: waiting[k][0])
            _, tie, found, ends = waiting.pop(best)
            out = self._out(found, tie)
            if not out:
                return found
            if len(seen) > _WAYS:  # go down from here alone
                waiting, seen = [], {none}
            for name, place, end in out:
                held = ends | {(name, place, end)}
                if held not in seen:
                    seen.add(held)
                    ahead = tie.giving(name, np.array([place]), np.array([end]))
                    here = learned(ahead)
                    waiting.append((float(height(here).sum()), ahead, here, held))

    def _out(self, found: Values, tie: Tie) -> list[tuple[str, int, float]]:
        """What is beyond a bound and is not held: its name, component and bound."""
        out = []
        for name, _, free in self.blanks:
            if name in tie.given:
                free = np.setdiff1d(free, tie.given[name][0])
            pairs = zip(*self.beyond(name, found, free), strict=True)
            out += [(name, int(place), float(end)) for place, end in pairs]
        return out

    def beyond(
        self, name: str, values: Values, free: NDArray[np.intp]
    ) -> tuple[NDArray[np.intp], Array]:
        """Which components are beyond a bound of the prior, and where they belong."""
        assert self.prior is not None
        own = self.outward(values)[name]
        bound = self.prior.bounded(name, own)
        places = free[(bound != own).reshape(len(own), -1).any(axis=1)[free]]
        return places, self.inward({name: bound})[name][places]

    def log_prior(self, values: Values) -> float:
        """What the prior adds to the log-likelihood."""
        return 0.0 if self.prior is None else self.prior.log_prob(self.outward(values))

    def project(self, values: Values, weight: Array) -> Values:
        """The values, within the bounds of the prior."""
        if self.prior is None:
            return values
        found = {name: stack.copy() for name, stack in values.items()}
        for name, _, free in self.blanks:
            places, there = self.beyond(name, values, free)
            found[name][places] = there
        return found

    # ------------------------------------------------------------------- the line

    def free(self, name: str) -> NDArray[np.intp]:
        """Which components learn this parameter, positions."""
        known = self.tie.given.get(name)
        every = np.arange(len(self.templates))
        return every if known is None else np.setdiff1d(every, known[0])

    @cached_property
    def blanks(self) -> list[tuple[str, Any, NDArray[np.intp]]]:
        """The parameters that are learned, and in which components."""
        every = [(n, d, self.free(n)) for n, d in self.family.constraints().items()]
        return [
            (name, constraint, free) for name, constraint, free in every if len(free)
        ]

    def entries(self, values: Values) -> list[vector.Entry]:
        """The blanks with their learned values, in the unit of the block."""
        return [
            vector.Entry(name, constraint, None, values[name][free])
            for name, constraint, free in self.blanks
        ]

    def unconstrain(self, values: Values) -> list[Array]:
        """The learned values mapped to the whole line."""
        return [vector.unconstrain(self.entries(values))]

    def constrain(self, line: Array, like: Values) -> Values:
        """The values at a point of the line."""
        found = {name: stack.copy() for name, stack in like.items()}
        stacks = vector.constrain(line, self.entries(like))
        for (name, _, free), stack in zip(self.blanks, stacks, strict=True):
            found[name][free] = stack
        return found

    def axes(self, values: Values, prefixes: Sequence[str]) -> list[Axis]:
        """What stands where on the line."""
        found = []
        for name, constraint, free in self.blanks:
            size = constraint.width(values[name][free])
            simplex = isinstance(constraint, Simplex)
            for k in free:
                shared = self.templates[k].shares.get(name)
                found.append(Axis(prefixes[k] + name, size, simplex, shared))
        return found
