"""Components without statistics: families with a search of their own, a reader's class.

Each is asked for its log-densities and fitted by itself. What several of them share is
learned after what is their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixnotes.components import vector
from mixnotes.components.belief import within_bounds
from mixnotes.components.vector import Axis
from mixnotes.data.intervals import Intervals
from mixnotes.data.sources import Rows, Source
from mixnotes.fitting.blocks.base import Block, Form, Workspace
from mixnotes.fitting.prior import Learner, Priors
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.ascent import ascend

_LEAST = 1e-300
_LOWEST = -745.0  # the logarithm of the least float
_PROBES = 64  # observations at which a component without a line is watched


class DirectBlock(Block):
    """Components that only meet the contract: each is asked for its log-densities and
    fitted by itself, which takes its responsibilities at all observations at once, so
    that these must be in memory."""

    x: Array

    def __init__(self, templates: Sequence[Any], first: int) -> None:
        super().__init__(templates, first)
        shared = [set(t.shares.values()) for t in self.templates]
        self.shared = sorted(set().union(*shared))

        self.scales = np.ones(1)  # the units of the columns

    has_sums = False

    @property
    def is_exact(self) -> bool:  # type: ignore[override]
        """Has each component a weighted fit in closed form?"""
        exact = all(t.fits_exactly for t in self.templates)
        return exact and not self.is_costly

    def standardize(self, source: Source) -> None:
        """The units of the columns, in which the line is measured."""
        whole = source.whole if isinstance(source, Rows) else source
        sd = whole.summary.sd
        self.scales = np.where(sd > 0, sd, 1.0)

    @property
    def is_costly(self) -> bool:  # type: ignore[override]
        """Intervals and what is shared are searched for by differences."""
        return isinstance(getattr(self, "x", None), Intervals) or bool(self.shared)

    @property
    def has_line(self) -> bool:  # type: ignore[override]
        """Do all components say where their blanks stand on the line?"""
        return all(template.has_line for template in self.templates)

    def regularize(self, priors: Priors) -> None:
        """Each component knows itself what is believed of it."""
        if not isinstance(priors(self.templates), Learner):
            super().regularize(priors)

    def log_prior(self, values: Any) -> float:
        """The log-densities of all that is believed."""
        pairs = zip(self.templates, values, strict=True)
        return sum(template.log_prior(filled) for template, filled in pairs)

    def prepare(self, x: Array, alone: bool) -> Any:
        """Their log-densities as functions of their parameters."""
        self.x = x
        self.bound = [template.bound(x) for template in self.templates]
        return self.bound

    def size(self, data: Any) -> int:
        """How many rows were prepared."""
        return len(self.x)

    def load(self, values: Any, log_weight: Array, data: Any, form: Form) -> Array:
        """log p(x, z = k), (K, n)."""
        rows = np.array([f(c) for f, c in zip(data, values, strict=True)])
        rows += log_weight[:, None] + self.shift
        return rows

    def joint(
        self, loaded: Any, data: Any, rows: slice, out: Array, workspace: Workspace
    ) -> None:
        """A copy: the rows become responsibilities as the chunks go by."""
        out[:] = loaded[:, rows]

    def collect(
        self,
        loaded: Any,
        data: Any,
        rows: slice,
        share: Array,
        statistics: Any,
        workspace: Workspace,
    ) -> None:
        """The responsibilities themselves are kept."""
        statistics[:, rows] = share

    def empty(self, loaded: Any, data: Any) -> Array:
        """Room for the responsibilities, (K, n)."""
        return np.zeros_like(loaded)

    def totals(self, statistics: Any) -> Array:
        """Summed over the rows."""
        totals: Array = statistics.sum(axis=1)
        return totals

    def learn(self, statistics: Any, values: Any) -> list[Any]:
        """Each component's own weighted fit."""
        if self.shared:
            return self._learn_shared(statistics, values)
        starts = values or [None] * len(self.templates)
        return [
            template.filled_to(self.x, share, start)
            for template, share, start in zip(
                self.templates, statistics, starts, strict=True
            )
        ]

    def _learn_shared(self, shares: Any, values: Any) -> list[Any]:
        """First what is a component's own, then what is shared: each a conditional
        maximum, so that none lowers the likelihood (Meng and Rubin 1993)."""
        if values is None:  # as if nothing were shared; then what is shared in the mean
            values = [
                template.filled_to(self.x, share, None)
                for template, share in zip(self.templates, shares, strict=True)
            ]
            values = self._agreed(values, shares.sum(axis=1))
        if not isinstance(self.x, Intervals):
            first, *_ = self.templates
            found = first.fitted_together(self.templates, self.x, shares, values)
            if found is not None:  # what is its own is looked at once more, and refused
                return self._own(found, shares)  # where it is not determined
        found = self._own(values, shares)
        for name in self.shared:
            found = self._moved(name, found, shares)
        return found

    def _own(self, values: Sequence[Any], shares: Array) -> list[Any]:
        """What is a component's own, with what is shared as it stands."""
        found = []
        for template, share, start in zip(self.templates, shares, values, strict=True):
            own = template.with_shared_fixed(start)
            found.append(own.filled_to(self.x, share, start) if own.n_free else start)
        return found

    def _places(self, name: str, values: Sequence[Any]) -> list[NDArray[np.intp]]:
        """Where a shared blank stands on the line of each component."""
        places = []
        for template, value in zip(self.templates, values, strict=True):
            axes = template.axes(value)
            here = [np.full(axis.size, axis.shared == name) for axis in axes]
            places.append(np.flatnonzero(np.concatenate(here)))
        return places

    def _with(
        self, name: str, common: Array, values: Sequence[Any], places: Sequence[Any]
    ) -> list[Any]:
        """The components with a shared blank at one point of the line."""
        moved = []
        for template, value, place in zip(self.templates, values, places, strict=True):
            line, units = self._line_of(template, value)
            line[place] = np.resize(common, len(place))
            there = template.constrain(line * units, value) if len(place) else value
            moved.append(there)
        return moved

    def _line_of(self, template: Any, value: Any) -> tuple[Array, Array]:
        """The blanks of a component on the line in units of the data; the units."""
        entries = template.entries(value)
        units = [template.units_of(entry, self.scales) for entry in entries]
        both = np.concatenate(units) if units else np.zeros(0)
        return vector.unconstrain(entries) / both, both

    def _agreed(self, values: Sequence[Any], weight: Array) -> list[Any]:
        """The components with every shared blank at its weighted mean on the line."""
        found = list(values)
        for name in self.shared:
            places = self._places(name, found)
            lines = [
                self._line_of(template, value)[0][place]
                for template, value, place in zip(
                    self.templates, found, places, strict=True
                )
            ]
            there = [k for k, line in enumerate(lines) if len(line)]
            share = weight[there] / max(float(weight[there].sum()), _LEAST)
            common = share @ np.array([lines[k] for k in there])
            found = self._with(name, common, found, places)
        return found

    def _moved(self, name: str, values: list[Any], shares: Array) -> list[Any]:
        """The components with one shared blank where their weighted log-likelihood is
        largest, when each is fitted again beside it."""
        places = self._places(name, values)
        first = next(k for k, place in enumerate(places) if len(place))
        weight = max(float(shares.sum()), _LEAST)
        start = self._line_of(self.templates[first], values[first])[0][places[first]]

        def height(common: Array) -> float:
            try:
                moved = self._beside(self._with(name, common, values, places), shares)
            except ValueError:  # past the edge of what floats can hold
                return -np.inf
            total = 0.0
            for f, component, share in zip(self.bound, moved, shares, strict=True):
                carried = share > 0
                total += float(share[carried] @ f(component)[carried])
            return total / weight

        top = ascend(height, start, steps=2)
        return self._beside(self._with(name, top.place, values, places), shares)

    def _beside(self, values: list[Any], shares: Array) -> list[Any]:
        """Fitted again beside what is shared; not to intervals, each a search."""
        return values if isinstance(self.x, Intervals) else self._own(values, shares)

    def project(self, values: Any, weight: Array) -> list[Any]:
        """The components within the bounds of their blanks."""
        pairs = zip(self.templates, values, strict=True)
        return [within_bounds(template, filled) for template, filled in pairs]

    def stack(self, components: Sequence[Any]) -> list[Any]:
        """The components themselves."""
        return list(components)

    def components(self, values: Any) -> list[Any]:
        """The components themselves."""
        return list(values)

    # ------------------------------------------------------------------- the line

    def measured(self, values: Any, scale: float) -> list[Array]:
        """The learned values; of a component whose values have no common unit the
        log-densities at some observations."""
        found = []
        for k, (template, component) in enumerate(
            zip(self.templates, values, strict=True)
        ):
            here = None
            if template.has_line:
                here = template.measured(component, scale)
            if here is None:  # a density of 0 has no logarithm to take differences of
                here = np.maximum(self._watches[k](component), _LOWEST)
            found.append(here)
        return found

    @cached_property
    def _watches(self) -> list[Any]:
        probe = self.x[:: max(1, len(self.x) // _PROBES)]
        return [c.bound(probe) for c in self.templates]

    def unconstrain(self, values: Any) -> list[Array]:
        """The learned values mapped to the whole line."""
        return [
            self._line_of(template, component)[0]
            for template, component in zip(self.templates, values, strict=True)
        ]

    def constrain(self, line: Array, like: Any) -> list[Any]:
        """The components at a point of the line."""
        moved, place = [], 0
        for template, component in zip(self.templates, like, strict=True):
            units = template.line_units(component, self.scales)
            size = len(units)
            here = line[place : place + size] * units
            moved.append(template.constrain(here, component))
            place += size
        return moved

    def axes(self, values: Any, prefixes: Sequence[str]) -> list[Axis]:
        """What stands where on the line."""
        return [
            axis._replace(name=prefix + axis.name)
            for prefix, template, component in zip(
                prefixes, self.templates, values, strict=True
            )
            for axis in template.axes(component)
        ]
