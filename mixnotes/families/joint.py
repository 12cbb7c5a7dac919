"""Parameters that components share in ways for which there is no closed form."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mixnotes.components.exponential import ExponentialFamily, Tie, Values
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.ascent import ascend


def learn_jointly(
    family: ExponentialFamily, weight: Array, means: Array, tie: Tie, near: Values
) -> Values:
    """Weighted maximum likelihood over everything that K components leave blank at
    once, by Newton steps from the values `near`; what is shared is one number.

    Each parameter is one number a component, mapped smoothly to the line.
    """
    share = weight / weight.sum()
    places = {name: variables(name, len(weight), tie) for name in near}
    constraints = family.constraints()

    def values_at(line: Array) -> Values:
        found, first = {}, 0
        for name, where in places.items():
            count = where.max(initial=-1) + 1
            part = constraints[name].constrain(
                line[first : first + count, None], near[name]
            )
            known = near[name].copy()
            known[where >= 0] = part[where[where >= 0]]
            found[name], first = known, first + count
        return found

    def height(line: Array) -> float:
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            natural, normaliser = family.natural(values_at(line))
            each = (np.array(natural) * means).sum(axis=0) - normaliser
            value = float(share @ np.where(share > 0, each, 0.0))
        return value if np.isfinite(value) else -np.inf

    return values_at(ascend(height, _line_of(near, places, family)).place)


def variables(name: str, k: int, tie: Tie) -> NDArray[np.intp]:
    """For each component which free number this parameter is; -1 where it is given."""
    owner = np.arange(k)
    for places in tie.shared.get(name, ()):
        owner[places] = places[0]
    if name in tie.given:
        owner[tie.given[name][0]] = -1
    free = owner >= 0
    owner[free] = np.unique(owner[free], return_inverse=True)[1]
    return owner


def _line_of(
    near: Values, places: dict[str, NDArray[np.intp]], family: ExponentialFamily
) -> Array:
    """The free numbers as unconstrained coordinates, one after another."""
    parts = []
    for name, where in places.items():
        line = family.constraints()[name].unconstrain(near[name])[:, 0]
        count = where.max(initial=-1) + 1
        parts += [line[int(np.flatnonzero(where == j)[0])] for j in range(count)]
    return np.array(parts)
