"""Products: a block of blocks, one a column.

The parts of all components in one column are a block as they would be alone. Their
log-densities add up, and each takes the same responsibilities, less the rows in which
its column is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixnotes.components.vector import Axis
from mixnotes.data.sources import Rows, Source, Stream
from mixnotes.data.streams import Chosen
from mixnotes.fitting.blocks.base import Block, Form, Statistics, Workspace
from mixnotes.fitting.prior import Priors
from mixnotes.numeric.arrays import Array

Kept = tuple[Any, NDArray[np.bool_] | None]  # what is kept, and where it was seen


@dataclass
class Part:
    """The parts in one column that go together."""

    key: Any  # of the products
    columns: Any  # of a row: one, or some
    places: list[int]  # of the components
    block: Block
    scale: float = 1.0  # the unit of the column


class ProductBlock(Block):
    """Products of the same columns; `together` says which parts of a column go
    together, as `blocks_of` does."""

    def __init__(self, templates: Sequence[Any], first: int, together: Any) -> None:
        super().__init__(templates, first)
        self.parts: list[Part] = []
        place = 0
        for key in self.templates[0].parts:
            width = 1 if isinstance(key, str) else len(key)
            columns: Any = (
                place if isinstance(key, str) else slice(place, place + width)
            )
            here = [template.parts[key] for template in self.templates]
            for kind, places in together(here, True, False):
                block = kind([here[k] for k in places], 0)
                self.parts.append(Part(key, columns, places, block))
            place += width

    @property
    def has_line(self) -> bool:  # type: ignore[override]
        """Do all parts say where their blanks stand on the line?"""
        return all(part.block.has_line for part in self.parts)

    @property
    def has_sums(self) -> bool:  # type: ignore[override]
        """Are all parts learned from statistics?"""
        return all(part.block.has_sums for part in self.parts)

    @property
    def is_exact(self) -> bool:  # type: ignore[override]
        """Are the steps of all parts?"""
        return all(part.block.is_exact for part in self.parts)

    @property
    def is_costly(self) -> bool:  # type: ignore[override]
        """Are the steps of some part?"""
        return any(part.block.is_costly for part in self.parts)

    @property
    def width(self) -> int:  # type: ignore[override]
        """That of all parts, and their densities."""
        return sum(p.block.width + len(p.places) for p in self.parts)

    # ------------------------------------------------------------------ the data

    def regularize(self, priors: Priors) -> None:
        """In every part."""
        for part in self.parts:
            part.block.regularize(priors)

    def log_prior(self, values: Any) -> float:
        """That of all parts."""
        return sum(
            part.block.log_prior(value)
            for part, value in zip(self.parts, values, strict=True)
        )

    def standardize(self, source: Source) -> None:
        """Each part by the seen values of its column; a stream has no gaps."""
        for part in self.parts:
            if isinstance(source, Stream):
                chosen = Chosen(source, part.columns)
                part.block.standardize(chosen)
                part.block.level(0.0)
                part.scale = chosen.scale
                continue
            assert isinstance(source, Rows)
            x, weight = source.x[:, part.columns], source.weight
            if x.ndim == 1:
                seen = ~np.isnan(x)
                x, weight = x[seen], None if weight is None else weight[seen]
            rows = Rows(x, weight)
            part.block.standardize(rows)
            part.block.level(0.0)
            part.scale = rows.scale

    def prepare(self, x: Array, alone: bool) -> list[Kept]:
        """What each part keeps, and the rows in which its column was seen."""
        kept = []
        for part in self.parts:
            columns, seen = x[:, part.columns], None
            if columns.ndim == 1 and np.isnan(columns).any():
                seen = ~np.isnan(columns)
                columns = np.where(seen, columns, columns[seen][0])
            kept.append((part.block.prepare(columns, False), seen))
        return kept

    def size(self, data: Any) -> int:
        """How many rows were prepared."""
        return self.parts[0].block.size(data[0][0])

    def keep_features(self, data: Any) -> None:
        """Those of each part."""
        for part, (kept, _) in zip(self.parts, data, strict=True):
            part.block.keep_features(kept)

    # --------------------------------------------------------------- the products

    def load(self, values: Any, log_weight: Array, data: Any, form: Form) -> Any:
        """The log-weights, and what each part needs."""
        loaded = [
            part.block.load(value, np.zeros(len(part.places)), kept, form)
            for part, value, (kept, _) in zip(self.parts, values, data, strict=True)
        ]
        return log_weight[:, None] + self.shift, loaded, form

    def joint(
        self, loaded: Any, data: Any, rows: slice, out: Array, workspace: Workspace
    ) -> None:
        """Log-weights, and the log-densities of the columns that were seen."""
        out[:] = loaded[0]
        for part, load, (kept, seen) in zip(self.parts, loaded[1], data, strict=True):
            here = np.empty((len(part.places), out.shape[1]))
            part.block.joint(load, kept, rows, here, workspace)
            if seen is not None:
                here[:, ~seen[rows]] = 0.0
            out[part.places] += here

    def collect(
        self,
        loaded: Any,
        data: Any,
        rows: slice,
        share: Array,
        statistics: Any,
        workspace: Workspace,
    ) -> None:
        """Each part takes the responsibilities for the rows that it was seen in."""
        totals, *rest = statistics.parts
        totals += share.sum(axis=1)
        for part, load, (kept, seen), own in zip(
            self.parts, loaded[1], data, rest, strict=True
        ):
            here = share[part.places]
            if seen is not None:
                here = here * seen[rows]
            part.block.collect(load, kept, rows, here, own, workspace)

    def empty(self, loaded: Any, data: Any) -> Statistics:
        """Zeros for the components, and for each part."""
        rest = [
            part.block.empty(load, kept)
            for part, load, (kept, _) in zip(self.parts, loaded[1], data, strict=True)
        ]
        return Statistics([np.zeros(len(self.templates)), *rest], loaded[2])

    def totals(self, statistics: Any) -> Array:
        """The summed responsibilities."""
        totals: Array = statistics.parts[0]
        return totals

    # -------------------------------------------------------------- the parameters

    def first(self, share: Array, data: Any) -> list[Any]:
        """Each part by the rows that it was seen in; by all of them, where none of a
        component's rows was."""
        values = []
        for part, (kept, seen) in zip(self.parts, data, strict=True):
            here = share[part.places]
            if seen is not None:
                here = here * seen
                idle = ~here.any(axis=1)
                level = share.sum(axis=0) * seen
                here[idle] = level if level.any() else seen
            values.append(part.block.first(here, kept))
        return values

    def learn(self, statistics: Any, values: Any) -> list[Any]:
        """Each part from its own statistics."""
        before = values or [None] * len(self.parts)
        rest = statistics.parts[1:]
        return [
            part.block.learn(own, value)
            for part, own, value in zip(self.parts, rest, before, strict=True)
        ]

    def stack(self, components: Sequence[Any]) -> list[Any]:
        """The parameters of each part."""
        return [
            part.block.stack([components[k].parts[part.key] for k in part.places])
            for part in self.parts
        ]

    def components(self, values: Any) -> list[Any]:
        """The products of the filled parts."""
        found: list[dict[Any, Any]] = [dict(t.parts) for t in self.templates]
        for part, value in zip(self.parts, values, strict=True):
            for k, filled in zip(
                part.places, part.block.components(value), strict=True
            ):
                found[k][part.key] = filled
        return [
            template.with_parts(parts)
            for template, parts in zip(self.templates, found, strict=True)
        ]

    # ------------------------------------------------------------------- the line

    @property
    def ties(self) -> bool:  # type: ignore[override]
        """Are values of some part bound to each other?"""
        return any(part.block.ties for part in self.parts)

    def project(self, values: Any, weight: Array) -> list[Any]:
        """Of each part."""
        return [
            part.block.project(value, weight[part.places])
            for part, value in zip(self.parts, values, strict=True)
        ]

    def measured(self, values: Any, scale: float) -> list[Array]:
        """Those of each part, in the unit of its column."""
        return [
            array
            for part, value in zip(self.parts, values, strict=True)
            for array in part.block.measured(value, part.scale)
        ]

    def unconstrain(self, values: Any) -> list[Array]:
        """Those of each part."""
        return [
            array
            for part, value in zip(self.parts, values, strict=True)
            for array in part.block.unconstrain(value)
        ]

    def constrain(self, line: Array, like: Any) -> list[Any]:
        """Those of each part."""
        found, place = [], 0
        for part, value in zip(self.parts, like, strict=True):
            size = sum(array.size for array in part.block.unconstrain(value))
            found.append(part.block.constrain(line[place : place + size], value))
            place += size
        return found

    def axes(self, values: Any, prefixes: Sequence[str]) -> list[Axis]:
        """Those of each part, by its key."""
        return [
            axis
            for part, value in zip(self.parts, values, strict=True)
            for axis in part.block.axes(
                value, [f"{prefixes[k]}parts[{part.key!r}]." for k in part.places]
            )
        ]
