"""Which component cannot have made which observation, and which none can."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixnotes.components.measure import barred
from mixnotes.components.mixture import Mixture
from mixnotes.components.parts import impossible
from mixnotes.data.check import CollapseError
from mixnotes.data.sources import Rows, Source
from mixnotes.fitting.tree import Tree
from mixnotes.numeric.arrays import Array


class Exclusion:
    """Which components of a tree are excluded for which rows, whatever is learned."""

    def __init__(self, tree: Tree) -> None:
        self.tree, self.components = tree, tree.by_slot()
        self.names, self.atoms = tree.model.column_names, tree.model.atoms

    def bars(self, x: Array) -> NDArray[np.bool_] | None:
        """Which component has a density where another has an atom, (K, n) by slot; None
        where no row lies on one."""
        bars = [barred(c, x, self.names, self.atoms) for c in self.components]
        if all(bar is None for bar in bars):
            return None
        none = np.zeros(len(x), dtype=bool)
        return np.array([none if bar is None else bar for bar in bars])

    def others(
        self, labels: NDArray[np.intp], bars: NDArray[np.bool_] | None
    ) -> NDArray[np.bool_]:
        """The same, and which component is not the one that a label says."""
        node = self.tree.nodes[0]
        branch = np.empty((len(self.components), 1), dtype=np.intp)
        branch[node.leaves, 0] = node.branch
        other = (labels >= 0) & (labels != branch)
        return other if bars is None else other | bars


def require_possible(mixture: Mixture, source: Source) -> None:
    """Raise an error that names the first observation no component can produce."""
    start = 0
    if isinstance(source, Rows) and source.labels is not None:
        _require_possible_labels(mixture, source)
    for size, first, value in source.map(partial(_first_impossible, mixture)):
        if first is not None:
            place = start + first
            if isinstance(source, Rows):
                place = source.position(place)
            raise impossible(place, value, len(mixture.components))
        start += size


def _require_possible_labels(mixture: Mixture, rows: Rows) -> None:
    """Raise an error for a row that the component of its label cannot produce."""
    z = rows.labels
    assert z is not None
    seen = np.flatnonzero(z >= 0)
    own = mixture.unweighted.log_joint(rows.x[seen])[np.arange(len(seen)), z[seen]]
    if not np.isfinite(own).all():
        i = int(seen[np.argmin(np.isfinite(own))])
        raise ValueError(
            "each labelled observation must be possible under its component, got "
            f"x[{rows.position(i)}] = {rows.x[i]} with label {z[i]}, under which "
            "it has probability 0; mend the label, or set it to -1 (unknown)"
        )


def _first_impossible(
    mixture: Mixture, x: Array, weight: Array | None
) -> tuple[int, int | None, Any]:
    """How many rows there are, and the first with probability 0."""
    possible = np.isfinite(mixture.unweighted.log_prob(x))
    if weight is not None:
        possible |= weight == 0
    first = None if possible.all() else int(np.argmin(possible))
    return len(x), first, None if first is None else x[first]


def impossible_together() -> CollapseError:
    """The error for a group or a sequence that no labels can have made."""
    return CollapseError(
        "each group or sequence must be possible as a whole, and a first guess gives "
        "one a probability of 0; see that each of its rows can come from a component "
        "that the labels, weights and transitions allow there"
    )
