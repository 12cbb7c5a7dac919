"""The mode of likelihood times prior by a search, from sums of statistics alone.

For components of which something is believed that has no closed form.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from mixnotes.components.belief import inward, is_weighed
from mixnotes.components.constraints import Constraint
from mixnotes.components.exponential import Values
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.ascent import ascend


class Place(NamedTuple):
    """A blank of one component, or of those that share it."""

    name: str
    slots: list[int]
    constraint: Constraint


def mode_from(
    beliefs: Any, found: Values, sums: Array, origin: Any, now: Any
) -> Values:
    """The modes that Newton steps reach from what was `found` without the beliefs, or
    from the values of `now` where these are higher: of one component after another, or
    of all of them together where they share."""
    block = beliefs.block
    here = _inside(beliefs, block.project(found, sums[0]))
    groups = [[k] for k in beliefs.searched]
    if block.tie.shared:
        groups = [list(range(len(beliefs.templates)))]
    for group in groups:
        search = _Search(beliefs, group, sums, origin)
        if now is not None:
            there = {name: stack.copy() for name, stack in here.items()}
            for name, stack in there.items():
                stack[group] = now[name][group]
            if not search.height(here) > search.height(there):
                here = there
        found = search.climbed(here)
        here = found if search.height(found) >= search.height(here) else here
    return here


def _inside(beliefs: Any, values: Values) -> Values:
    """The values, moved to where each belief has a density."""
    block = beliefs.block
    outward = {name: stack.copy() for name, stack in block.outward(values).items()}
    for k in beliefs.searched:
        for name, known in beliefs.told[k].items():
            if is_weighed(known):
                outward[name][k] = inward(known, outward[name][k])
    found: Values = block.inward(outward)
    return found


class _Search:
    """What an M-step makes largest, of some components of a block."""

    def __init__(
        self, beliefs: Any, group: list[int], sums: Array, origin: Any
    ) -> None:
        self.beliefs, self.group, self.origin = beliefs, group, origin
        self.block = beliefs.block
        self.sums = sums[:, group]
        self.total = max(1.0, float(self.sums[0].sum()))

    def height(self, values: Values) -> float:
        """The expected log-likelihood plus the log prior, over the weight; -inf where
        there is none."""
        block, family = self.block, self.block.family
        own = {name: stack[self.group] for name, stack in values.items()}
        if not isinstance(self.origin, float):
            own[family.place] = own[family.place] - self.origin[self.group]
        try:
            with np.errstate(all="ignore"):
                natural, normaliser = family.natural(own)
                outward = block.outward(values)
                found = (np.asarray(natural) * self.sums[1:]).sum()
                found += self.beliefs.log_prob(outward) - self.sums[0] @ normaliser
        except (ValueError, ArithmeticError, np.linalg.LinAlgError):
            return -np.inf
        return float(found) / self.total if np.isfinite(found) else -np.inf

    def places(self) -> list[Place]:
        """What is learned, each number once."""
        found = []
        for name, constraint, free in self.block.blanks:
            ties: dict[Any, list[int]] = {}
            for k in [int(k) for k in free if k in self.group]:
                shared = self.beliefs.templates[k].shares.get(name)
                ties.setdefault(k if shared is None else shared, []).append(k)
            found += [Place(name, slots, constraint) for slots in ties.values()]
        return found

    def climbed(self, begin: Values) -> Values:
        """Where Newton steps lead on the line; what ends beyond a bound is held there,
        and the rest is climbed beside it."""
        places = self.places()
        found = self._climbed(begin, places)
        while True:
            out, begin = [], {name: stack.copy() for name, stack in found.items()}
            for place in places:
                slots = np.array(place.slots)
                where, there = self.block.beyond(place.name, found, slots)
                if len(where):
                    begin[place.name][where] = there
                    out.append(place)
            if not out:
                return found
            places = [place for place in places if place not in out]
            found = self._climbed(begin, places) if places else begin

    def _climbed(self, begin: Values, places: list[Place]) -> Values:
        """Where Newton steps lead in what stands at these places."""
        start = [
            place.constraint.unconstrain(begin[place.name][place.slots[:1]])[0]
            for place in places
        ]
        cuts = np.cumsum([len(part) for part in start])[:-1]

        def at(line: Array) -> Values:
            values = {name: stack.copy() for name, stack in begin.items()}
            for place, part in zip(places, np.split(line, cuts), strict=True):
                like = begin[place.name][place.slots[:1]]
                found = place.constraint.constrain(part[None], like)
                values[place.name][place.slots] = found[0]
            return values

        top = ascend(lambda line: self.height(at(line)), np.concatenate(start))
        return at(top.place)
