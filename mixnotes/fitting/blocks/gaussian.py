"""Components of one family of places and spreads, in a `Standardization`.

There are two forms. The packed one squares the data, so that all is two matrix products
as of any exponential family; the exact one squares distances to each component. Where
components become too sharp for the first, it says so by a `RecentreError`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from mixnotes.components import vector
from mixnotes.components.constraints import Number
from mixnotes.components.exponential import (
    Standardization,
    StandardizedFamily,
    StandardizedTie,
    Values,
)
from mixnotes.data.check import CollapseError
from mixnotes.data.sources import Rows, Source
from mixnotes.fitting.blocks.base import CROWD, Form, RecentreError, Workspace
from mixnotes.fitting.blocks.exponential import ExponentialBlock
from mixnotes.fitting.blocks.gappy import Gaps, PackedGaps
from mixnotes.fitting.blocks.sums import Columns, Sums
from mixnotes.fitting.prior import Learner
from mixnotes.numeric.arrays import Array

_EPS = float(np.finfo(float).eps)
_EXACT = 1e-9  # the error of a log-density above which the exact form is taken


class About(NamedTuple):
    """What the exact form needs of the parameters."""

    values: Values
    log_weight: Array  # (K,), in the unit of the mixture


class GaussianBlock(ExponentialBlock):
    """Components of one `StandardizedFamily`, whose parameters are those of the
    standardized data."""

    family: StandardizedFamily
    templates: list[StandardizedFamily]  # type: ignore[assignment]
    frame: Standardization

    # ------------------------------------------------------------------ the data

    def standardize(self, source: Source) -> None:
        """Centre and scale the data."""
        family = self.family
        whole = source.whole if isinstance(source, Rows) else source
        frame = self.frame = Standardization.of(whole, family)
        if not self.is_held:
            for template in self.templates:
                template.require_spread(frame)
        self.gaps = isinstance(source, Rows) and source.gaps
        self.d = len(frame.centre)
        self.p = p = family.n_statistics(self.d)
        self.tie = StandardizedTie(self.templates, frame)
        self.shift = float(np.log(frame.scale).sum())
        reach = max(frame.reach, 1.0)
        if family.place in self.tie.given:
            reach = max(reach, float(np.abs(self.tie.given[family.place][1]).max()))
        self.sharpest = _EXACT / (_EPS * reach**2)
        costly = p > 4 * self.d and self.d > 8 and 4 * len(self.templates) < self.d
        self.cheaper = Form.EXACT if costly else Form.PACKED
        self.prepare_prior()

    @property
    def is_held(self) -> bool:
        """Does something beside the observations hold the spreads?"""
        prior = self.prior
        return prior.keeps_spread if isinstance(prior, Learner) else prior is not None

    @property
    def is_free(self) -> bool:
        """Is all of it learned, and nothing known beside the data?"""
        return self.tie.nothing and self.prior is None and self.beside is None

    def prepare(self, x: Array, alone: bool) -> Columns:
        """Standardized coordinates, and the log base measure, unless it is `alone`."""
        columns = np.empty((self.d, len(x)))
        base: Array | None = None
        for rows, part, outside in self.with_fill_value(x):
            self.frame.apply(self.family.columns(part), out=columns[:, rows])
            base = None if alone else self.with_base(base, len(x), rows, part, outside)
        if self.gaps:  # the unit of an entry counts where it was seen
            base = np.log(self.frame.scale) @ np.isnan(columns)
        data = Columns(columns, base, self.p)
        data.gaps = Gaps(columns) if self.gaps else None
        return data

    def fill(self, columns: Array, out: Array) -> None:
        """Write the statistics of some columns, (d, n), into `out`, (p, n), as if gaps
        were 0."""
        self.family.fill(np.nan_to_num(columns) if self.gaps else columns, out)

    def write(self, data: Columns, rows: slice, out: Array) -> None:
        """Write the features of a chunk of rows; with gaps, pattern after pattern."""
        super().write(data, rows, out)
        if data.gaps is not None:
            out[:] = out[:, data.gaps.chunk(rows).order]

    # --------------------------------------------------------------- the products

    def load(self, values: Values, log_weight: Array, data: Columns, form: Form) -> Any:
        """The matrix of an exponential family, or what the exact form needs."""
        if form is Form.CHEAPEST:
            form = self.cheaper
        if form is Form.EXACT:
            return About(values, log_weight + self.relative)
        if data.gaps is not None:
            return self._load_gappy(values, log_weight + self.relative, data)
        try:
            natural, normaliser = self.family.natural(values)
        except (CollapseError, np.linalg.LinAlgError):
            raise RecentreError from None
        if not self.family.sharpness(natural) <= self.sharpest:
            raise RecentreError
        return self.theta(natural, normaliser, log_weight, data).T

    def _load_gappy(self, values: Values, log_weight: Array, data: Columns) -> Any:
        """The matrix of each pattern; where there are too many, the exact form."""
        assert data.gaps is not None
        if not data.gaps.few(len(self.templates), data.n_features):
            return About(values, log_weight)
        try:
            found = PackedGaps(self.family, values, data.gaps)
        except np.linalg.LinAlgError:
            raise RecentreError from None
        if not found.sharpness <= self.sharpest:
            raise RecentreError
        found.weigh(log_weight, data.n_features)
        return found

    def joint(
        self, loaded: Any, data: Any, rows: slice, out: Array, workspace: Workspace
    ) -> None:
        """One matrix product, or a look at each component."""
        if isinstance(loaded, PackedGaps):
            features = data.features
            if features is None:
                features = self.features(data, rows, workspace)
            loaded.joint(features, data.gaps.chunk(rows), out)
            return
        if not isinstance(loaded, About):
            super().joint(loaded, data, rows, out, workspace)
            return
        family: Any = self.family
        columns = data.columns[:, rows]
        if self.gaps:
            parts = data.patterns(rows)
            family.gappy_log_prob(loaded.values, columns, parts, out)
        else:
            family.centred_log_prob(loaded.values, columns, out)
        out += loaded.log_weight[:, None]
        if data.base is not None:
            out += data.base[rows]

    def collect(
        self,
        loaded: Any,
        data: Any,
        rows: slice,
        share: Array,
        statistics: Any,
        workspace: Workspace,
    ) -> None:
        """Another one, or another look."""
        if isinstance(loaded, PackedGaps):
            features = data.features
            if features is None:
                features = workspace.features[id(self)]
            statistics.add(features, data.gaps.chunk(rows), share)
            return
        if not isinstance(loaded, About):
            super().collect(loaded, data, rows, share, statistics, workspace)
            return
        parts = data.patterns(rows) if self.gaps else None
        self._add(statistics, loaded.values, data.columns[:, rows], share, parts)

    def _add(
        self, statistics: Sums, values: Values, columns: Array, share: Array, parts: Any
    ) -> None:
        """Add to sums about each component; with gaps, what is expected in them."""
        family: Any = self.family
        sums, squares = statistics.sums, statistics.squares
        assert squares is not None
        sums[0] += share.sum(axis=1)
        if parts is None:
            found = family.centred_sums(statistics.origin, columns, share)
        else:
            found = family.gappy_sums(values, columns, parts, share)
        sums[1:] += found.T
        squares += np.einsum("kn,kn->k", share, share)

    def empty(self, loaded: Any, data: Any) -> Any:
        """Zeros, about each component in the exact form."""
        if isinstance(loaded, PackedGaps):
            return loaded.empty()
        if not isinstance(loaded, About):
            return super().empty(loaded, data)
        return self._empty(loaded.values[self.family.place])

    def _empty(self, origin: Array) -> Sums:
        k = len(self.templates)
        return Sums(np.zeros((1 + self.p, k)), origin, np.zeros(k))

    # -------------------------------------------------------------- the parameters

    def summed(self, share: Array, data: Columns, origin: Any = None) -> Sums:
        """The sums for given responsibilities (K, n): about an origin, or the means;
        gaps are then as the spread of their column has them."""
        family: Any = self.family
        columns = data.columns
        if isinstance(origin, float):
            return super().summed(share, data)
        values: Values = {}
        if origin is None and self.gaps:
            values = family.begin(columns, share)
            origin = values[family.place]
        elif origin is None:
            origin = share @ columns.T / share.sum(axis=1)[:, None]
            if isinstance(family.constraints()[family.place], Number):
                origin = origin[:, 0]
        found = self._empty(origin)
        parts = data.patterns(slice(0, columns.shape[1])) if values else None
        self._add(found, values, columns, share, parts)
        return found

    def first(self, share: Array, data: Any) -> Values:
        """The parameters that fit given responsibilities (K, n); of very many
        components by one product, which is near enough for a first guess."""
        if len(self.templates) < CROWD or self.gaps:
            return super().first(share, data)
        return self.learn(self.summed(share, data, 0.0), None)

    def learn(self, statistics: Sums, values: Any) -> Values:
        """As of any exponential family; in the exact form, an error where a component
        has collapsed."""
        learned = super().learn(statistics, values)
        squares = statistics.squares
        if squares is not None:
            weight = statistics.sums[0]
            effective_n = np.where(weight == 0, np.inf, weight * weight / squares)
            if self.is_held:  # what it says is not carried by observations
                effective_n[:] = np.inf
            self.require_standing(learned, effective_n)
        return learned

    def require_standing(self, values: Values, effective_n: Array) -> None:
        """Raise an error where a component that learns its spread has collapsed."""
        free = self.free(self.family.spread)
        if not len(free):
            return
        learned = {name: stack[free] for name, stack in values.items()}
        reason = self.templates[free[0]].collapsed(
            learned, effective_n[free], self.frame
        )
        if reason:
            raise CollapseError(reason)

    def inward(self, values: Values) -> Values:
        """Parameters of the data as those of the standardized data."""
        return self.family.into(values, self.frame)

    def outward(self, values: Values) -> Values:
        """The inverse."""
        return self.family.out_of(values, self.frame)

    # ------------------------------------------------------------------- the line

    @property
    def ties(self) -> bool:  # type: ignore[override]
        """Can a point of the line break what binds values to each other?"""
        return self.family.ties

    def project(self, values: Values, weight: Array) -> Values:
        """What would be learned from components with these values, within bounds."""
        if self.ties:
            family: Any = self.family
            means, place = family.own_means(values), values[family.place]
            values = family.learn_about(weight, means, self.tie, place, None)
        return super().project(values, weight)

    def measured(self, values: Values, scale: float) -> list[Array]:
        """The learned values, which are in standard deviations of the data already."""
        return [vector.measured(self.entries(values), 1.0)]
