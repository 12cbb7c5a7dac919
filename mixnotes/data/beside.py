"""What is known of the labels of rows beside the rows themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixnotes.numeric.arrays import Array


@dataclass(frozen=True)
class Beside:
    """The columns that weights depend on, which rows go together, and evidence."""

    design: Array | None = None  # (n, q), of a gate
    group: NDArray[np.intp] | None = None  # (n,), numbered as they first occur
    evidence: Array | None = None  # (n, K), logarithms: how well a label fits
    ordered: bool = False  # are groups sequences, whose labels follow one another?

    def take(self, rows: Any) -> Beside:
        """That of some rows."""
        group = None
        if self.group is not None:
            group = renumbered(self.group[rows])
        return Beside(
            None if self.design is None else self.design[rows],
            group,
            None if self.evidence is None else self.evidence[rows],
            self.ordered,
        )

    def whole_groups(
        self, rows: NDArray[np.intp], rng: np.random.Generator
    ) -> NDArray[np.intp]:
        """These rows; where rows go together, as many in whole groups, at least ten, or
        a stretch of a sequence that is longer."""
        if self.group is None:
            return rows
        sizes = np.bincount(self.group)
        if self.ordered and sizes.max() > len(rows):  # a stretch of the longest
            longest = np.flatnonzero(self.group == sizes.argmax())
            begin = int(rng.integers(sizes.max() - len(rows) + 1))
            return longest[begin : begin + len(rows)]
        order = rng.permutation(len(sizes))
        enough = int(np.searchsorted(sizes[order].cumsum(), len(rows))) + 1
        return np.flatnonzero(np.isin(self.group, order[: max(enough, 10)]))

    @property
    def n_groups(self) -> int:
        """How many groups or sequences there are; 0 where rows stand alone."""
        return 0 if self.group is None else int(self.group.max()) + 1


def renumbered(group: NDArray[np.intp]) -> NDArray[np.intp]:
    """The groups that are left, numbered as they first occur."""
    _, first, where = np.unique(group, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.intp)
    rank[np.argsort(first)] = np.arange(len(first))
    found: NDArray[np.intp] = rank[where.ravel()]
    return found
