"""Components of one exponential family: a matrix product gives their log-densities,
and another one the sums that all of them are learned from.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixnotes.components import vector
from mixnotes.components.exponential import NEVER, ScaledTie, Tie, Values
from mixnotes.data.check import slices
from mixnotes.data.sources import Source
from mixnotes.fitting.blocks.base import Form, Workspace
from mixnotes.fitting.blocks.stacked import StackedBlock
from mixnotes.fitting.blocks.sums import Columns, Sums
from mixnotes.fitting.prior import Learner
from mixnotes.numeric.arrays import Array


class ExponentialBlock(StackedBlock):
    """Components of one exponential family: a matrix product gives log-densities, and
    another one the sums of statistics. Row 0 of the features is 1, the last the log
    base measure, where the mixture needs it."""

    def __init__(self, templates: Sequence[Any], first: int) -> None:
        super().__init__(templates, first)
        self.beside: tuple[Columns, Array] | None = None  # observations of the prior
        self.d = 1
        self.p = 0  # statistics, known once there are data
        self.unit = 1.0  # the data are divided by it
        self.relative = 0.0  # the shift of this block, less that of the mixture

    # ------------------------------------------------------------------ the data

    def standardize(self, source: Source) -> None:
        """Divide data of a family of scales by a power of 2, which rounds nothing."""
        self.p = len(self.family.statistics(np.array([self.family.fill_value])))
        if self.family.scales:
            self.unit = float(np.ldexp(1.0, math.frexp(source.scale)[1]))
            self.tie = ScaledTie(self.templates, self.unit)
            self.shift = math.log(self.unit)
        self.prepare_prior()

    def prepare_prior(self) -> None:
        """What the prior adds to the data."""
        if isinstance(self.prior, Learner):
            self.prior.prepare(self)
            return
        found = None if self.prior is None else self.prior.observations()
        if found is not None:
            x, weight = np.asarray(found[0], dtype=np.float64), found[1]
            self.beside = self.prepare(x, True), weight

    def level(self, shift: float) -> None:
        """Log-densities are those of the standardized data until they are levelled."""
        self.relative = shift - self.shift

    @property
    def is_exact(self) -> bool:  # type: ignore[override]
        """What is shared, or believed, may be learned by a search."""
        if isinstance(self.prior, Learner) and self.prior.searches:
            return False
        return not (self.tie.shared and self.family.searches_shared)

    @property
    def width(self) -> int:  # type: ignore[override]
        """1, the statistics, and the log base."""
        return 1 + self.p + 1

    def prepare(self, x: Array, alone: bool) -> Columns:
        """The data in their unit, and the log base measure, unless it is `alone`."""
        whole = self.unit == 1
        columns = x[None] if whole else np.empty((1, len(x)))
        base: Array | None = None
        for rows, part, outside in self.with_fill_value(x):
            if outside is not None and whole and columns.base is x:
                columns = columns.copy()
            if outside is not None or not whole:
                part = part / self.unit
                columns[0, rows] = part
            base = None if alone else self.with_base(base, len(x), rows, part, outside)
        return Columns(columns, base, self.p)

    def with_fill_value(
        self, x: Array
    ) -> Iterator[tuple[slice, Array, NDArray[np.bool_] | None]]:
        """Some rows after others: where they are, their values, with `fill_value` in
        place of those outside of the support, and which these are."""
        start = 0
        for part in slices(x):
            rows = slice(start, start + len(part))
            start = rows.stop
            inside = self.family.inside(part)
            outside = None if inside.all() else ~inside
            if outside is not None:
                part = part.copy()
                part[outside] = self.family.fill_value
            yield rows, part, outside

    def with_base(
        self,
        base: Array | None,
        n: int,
        rows: slice,
        part: Array,
        outside: NDArray[np.bool_] | None,
    ) -> Array | None:
        """The log base measure, (n,), with that of some rows; None while it is 0."""
        here = self.family.log_base(part)
        if outside is not None:
            here = np.zeros(len(part)) if here is None else here
            here[outside] = NEVER
        if here is not None:
            base = np.zeros(n) if base is None else base
            base[rows] = here
        return base

    def base_of(self, x: Array, weight: Array | None) -> float:
        """The summed log base measure of some rows, which no parameter changes."""
        base = self.family.log_base(x / self.unit if self.unit != 1 else x)
        if base is None:
            return 0.0
        return float(base.sum() if weight is None else weight @ base)

    def keep_features(self, data: Columns) -> None:
        """Write the features of all rows, once."""
        m = data.columns.shape[1]
        data.features = np.ones((data.n_features, m))
        self.write(data, slice(0, m), data.features)

    def features(self, data: Columns, rows: slice, workspace: Workspace) -> Array:
        """The features of a chunk of rows, (q, rows), where they are not kept."""
        out = workspace.features.get(id(self))
        if out is None:
            shape = data.n_features, len(workspace.ones)
            out = workspace.features[id(self)] = np.ones(shape)
        self.write(data, rows, out)
        return out

    def write(self, data: Columns, rows: slice, out: Array) -> None:
        """Write the features of a chunk of rows."""
        self.fill(data.columns[:, rows], out[1 : 1 + self.p])
        if data.base is not None:
            out[-1] = data.base[rows]

    def fill(self, columns: Array, out: Array) -> None:
        """Write the statistics of some columns, (d, n), into `out`, (p, n)."""
        for row, statistic in zip(out, self.family.statistics(columns[0]), strict=True):
            row[:] = statistic

    # --------------------------------------------------------------- the products

    def size(self, data: Columns) -> int:
        """How many rows were prepared."""
        return data.columns.shape[1]

    def load(
        self, values: Values, log_weight: Array, data: Columns, form: Form
    ) -> Array:
        """The matrix of log-weights less normalisers, natural parameters and, for the
        log base, 1: (K, q)."""
        natural, normaliser = self.family.natural(values)
        theta = self.theta(natural, normaliser, log_weight, data)
        return np.maximum(theta, NEVER, out=theta).T

    def theta(
        self, natural: Any, normaliser: Array, log_weight: Array, data: Columns
    ) -> Array:
        """The same, (q, K), whatever sizes it has."""
        theta = np.empty((data.n_features, len(log_weight)))
        theta[0] = log_weight - normaliser
        if self.relative:
            theta[0] += self.relative
        if isinstance(natural, np.ndarray):
            theta[1 : 1 + self.p] = natural
        else:
            for row, parameter in enumerate(natural, 1):
                theta[row] = parameter
        if data.base is not None:
            theta[-1] = 1.0
        return theta

    def joint(
        self, loaded: Any, data: Any, rows: slice, out: Array, workspace: Workspace
    ) -> None:
        """One matrix product."""
        features = data.features
        if features is None:
            features = self.features(data, rows, workspace)
        np.dot(loaded, features, out)

    def collect(
        self,
        loaded: Any,
        data: Any,
        rows: slice,
        share: Array,
        statistics: Any,
        workspace: Workspace,
    ) -> None:
        """Another one, of the features that `joint` made."""
        features = data.features
        if features is None:
            features = workspace.features[id(self)]
        np.add(statistics.sums, np.dot(features, share.T), statistics.sums)

    def empty(self, loaded: Any, data: Any) -> Sums:
        """Zeros."""
        return Sums(np.zeros((data.n_features, len(self.templates))))

    def totals(self, statistics: Sums) -> Array:
        """Those of the constant feature."""
        return statistics.sums[0]

    # -------------------------------------------------------------- the parameters

    def first(self, share: Array, data: Columns) -> Values:
        """The parameters that fit given responsibilities (K, n)."""
        statistics = self.summed(share, data)
        weight = statistics.sums[0]
        if not weight.all() and not isinstance(self.prior, Learner):
            idle = self.templates[int(np.argmin(weight))]
            raise ValueError(f"{idle!r} cannot be learned from weights that are 0")
        return self.learn(statistics, None)

    def summed(self, share: Array, data: Columns, origin: Any = None) -> Sums:
        """The sums for given responsibilities (K, n): about an origin, or the best."""
        features = np.ones((1 + self.p, data.columns.shape[1]))
        self.fill(data.columns, features[1:])
        return Sums(features @ share.T)

    def learn(self, statistics: Sums, values: Any) -> Values:
        """From the mean statistics; a component without weight stays as it is."""
        if self.prior is not None and isinstance(self.prior, Learner):
            return self.prior.learn(statistics, values)
        if self.beside is not None:
            statistics = self.with_observations(statistics)
        sums, origin = statistics.sums, statistics.origin
        weight = sums[0]
        means = sums[1 : 1 + self.p] / weight
        busy = np.count_nonzero(weight)
        if self.prior is None and busy == len(weight):
            return self.family.learn_about(weight, means, self.tie, origin, values)
        if 0 < busy < len(weight):  # kept as they were; others may share theirs
            means[:, weight == 0] = means[:, weight.argmax(), None]
        if self.prior is None:
            return self._fitted(weight, means, self.tie, origin, values)

        def learned(tie: Tie) -> Values:
            return self._fitted(weight, means, tie, origin, values)

        height = self.height_of(sums) if isinstance(origin, float) else None
        return self.within_bounds(learned(self.tie), learned, height)

    def height_of(self, sums: Array) -> Callable[[Values], Array]:
        """What each component has of the expected log-likelihood, (K,), as a function
        of the parameters, from the sums about 0."""

        def height(values: Values) -> Array:
            natural, normaliser = self.family.natural(values)
            pairs = zip(natural, sums[1:], strict=False)
            found: Array = sum(n * s for n, s in pairs) - sums[0] * normaliser
            return found

        return height

    def _fitted(
        self, weight: Array, means: Array, tie: Tie, origin: Any, values: Any
    ) -> Values:
        """As learned, and as they were where there is no weight."""
        learned = self.family.learn_about(weight, means, tie, origin, values)
        if values is None or np.count_nonzero(weight) == len(weight):
            return learned
        idle = weight == 0
        found = {name: stack.copy() for name, stack in learned.items()}
        for name, stack in found.items():
            stack[idle] = values[name][idle]
        return found

    def with_observations(self, statistics: Sums) -> Sums:
        """The sums with those of the prior's own observations."""
        assert self.beside is not None
        more = self.summed(self.beside[1], self.beside[0], statistics.origin)
        return Sums(statistics.sums[: 1 + self.p] + more.sums, statistics.origin)

    def inward(self, values: Values) -> Values:
        """Parameters of the data as those of the data in their unit."""
        return values if self.unit == 1 else self.family.in_unit(values, self.unit)

    def outward(self, values: Values) -> Values:
        """The inverse."""
        return values if self.unit == 1 else self.family.in_unit(values, 1 / self.unit)

    def measured(self, values: Values, scale: float) -> list[Array]:
        """Weights and probabilities as they are, what is in the data's unit divided by
        `scale`, the data's standard deviation."""
        return [vector.measured(self.entries(values), scale / self.unit)]
