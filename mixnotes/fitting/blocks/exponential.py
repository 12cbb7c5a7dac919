"""Components of one exponential family: a matrix product gives their log-densities,
and another one the sums that all of them are learned from.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixnotes.components.component import Axis
from mixnotes.components.constraints import Number, Simplex
from mixnotes.components.exponential import (
    NEVER,
    ExponentialFamily,
    FramedKeep,
    Keep,
    ScaledKeep,
    Standardization,
    StandardizedFamily,
    Values,
)
from mixnotes.data.check import CollapseError, slices
from mixnotes.data.sources import Rows, Source
from mixnotes.fitting.blocks.base import Block, Columns, RecentreError, Workspace
from mixnotes.numeric.arrays import Array

_EPS = float(np.finfo(float).eps)
_EXACT = 1e-9  # the error of a log-density above which the centred form is taken


class ExponentialBlock(Block):
    """Components of one exponential family: a matrix product gives log-densities, and
    another one the sums of statistics. Row 0 of the features is 1, the last the log
    base measure."""

    templates: list[ExponentialFamily]

    def __init__(self, templates: Sequence[Any], first: int) -> None:
        super().__init__(templates, first)
        self.family: ExponentialFamily = templates[0]
        self.keep = Keep(self.templates)
        self.frame: Standardization | None = None
        self.d = 1
        self.p = 0  # statistics; of framed families known with the frame
        if not isinstance(self.family, StandardizedFamily):
            self.p = len(self.family.statistics(np.array([self.family.tame])))
        self.centred = False
        self.gaps = False  # are entries of the data missing?

    # ------------------------------------------------------------------ the data

    def frame_on(self, source: Source) -> None:
        """Centre and scale the data of a family of places and spreads; divide those of
        one of scales by a power of 2, which rounds nothing."""
        if self.family.scales:
            self.unit = float(np.ldexp(1.0, math.frexp(source.scale)[1]))
            self.keep = ScaledKeep(self.templates, self.unit)
            self.shift = math.log(self.unit)
        if not isinstance(self.family, StandardizedFamily):
            return
        whole = source.whole if isinstance(source, Rows) else source
        frame = Standardization.of(whole, self.family)
        for template in self.templates:
            template.require_spread(frame)  # type: ignore[attr-defined]
        self.gaps = isinstance(source, Rows) and source.gaps
        self.fix_frame(frame)

    def level(self, shift: float) -> None:
        """Log-densities are those of the framed data until they are levelled."""
        self.relative = shift - self.shift

    @property
    def is_exact(self) -> bool:  # type: ignore[override]
        """What is shared may be learned by a search."""
        return not (self.keep.shared and self.family.searches_shared)

    @property
    def width(self) -> int:  # type: ignore[override]
        """1, the statistics, and the log base."""
        return 1 + self.p + 1

    def keep_features(self, data: Columns) -> None:
        """Write the features of all rows, once."""
        m = data.columns.shape[1]
        data.features = np.ones((self.n_features(data), m))
        self.write(data, slice(0, m), data.features)

    def pack(self) -> None:
        """Squares of the data, unless that costs more."""
        self.centred = self.starts_centred

    def recentre(self) -> None:
        """Distances to each component."""
        self.centred = isinstance(self.family, StandardizedFamily)

    def fix_frame(self, frame: Standardization) -> None:
        """Work on data centred and scaled in this way from now on."""
        family = self.family
        assert isinstance(family, StandardizedFamily)
        self.frame, self.d = frame, len(frame.centre)
        self.keep = FramedKeep(self.templates, frame)  # type: ignore[arg-type]
        self.shift = float(np.log(frame.scale).sum())
        reach = frame.reach
        if family.place in self.keep.given:
            reach = max(reach, float(np.abs(self.keep.given[family.place][1]).max()))
        self.sharpest = _EXACT / (_EPS * max(reach, 1.0) ** 2)
        p = self.p = family.n_statistics(self.d)
        costly = p > 4 * self.d and self.d > 8 and 4 * len(self.templates) < self.d
        self.starts_centred = costly or self.gaps

    starts_centred = False

    def prepare(self, x: Array, alone: bool) -> Columns:
        """Coordinates in the frame; without one, the data as they are."""
        family = self.family
        framed = isinstance(family, StandardizedFamily) and self.frame is not None
        whole = not framed and self.unit == 1
        columns = x[None] if whole else np.empty((self.d, len(x)))
        base: Array | None = None
        start = 0
        for part in slices(x):
            rows = slice(start, start + len(part))
            start = rows.stop
            inside = family.inside(part)
            outside = None if inside.all() else ~inside
            if outside is not None:
                part = part.copy()
                part[outside] = family.tame
                if whole and columns.base is x:
                    columns = columns.copy()
            if isinstance(family, StandardizedFamily) and self.frame is not None:
                self.frame.apply(family.columns(part), out=columns[:, rows])
            elif outside is not None or not whole:
                part = part / self.unit
                columns[0, rows] = part
            here = family.log_base(part)
            if outside is not None:
                here = np.zeros(len(part)) if here is None else here
                here[outside] = NEVER
            if here is not None and not alone:
                base = np.zeros(len(x)) if base is None else base
                base[rows] = here
        if self.gaps:  # the unit of an entry counts where it was seen
            assert self.frame is not None
            base = np.log(self.frame.scale) @ np.isnan(columns)
        return Columns(columns, base)

    def n_features(self, data: Columns) -> int:
        """1, the statistics, and the log base where the mixture needs it."""
        return 1 + self.p + (data.base is not None)

    def features(self, data: Columns, rows: slice, workspace: Workspace) -> Array:
        """The features of a chunk of rows, (q, rows)."""
        if data.features is not None:
            return data.features
        out = workspace.features.get(id(self))
        if out is None:
            shape = self.n_features(data), len(workspace.ones)
            out = workspace.features[id(self)] = np.ones(shape)
        self.write(data, rows, out)
        return out

    def write(self, data: Columns, rows: slice, out: Array) -> None:
        """Write the features of a chunk of rows."""
        columns = data.columns[:, rows]
        if isinstance(self.family, StandardizedFamily):
            self.family.fill(columns, out[1 : 1 + self.p])
        else:
            statistics = self.family.statistics(columns[0])
            for row, statistic in zip(out[1:], statistics, strict=False):
                row[:] = statistic
        if data.base is not None:
            out[-1] = data.base[rows]

    # --------------------------------------------------------------- the products

    def size(self, data: Columns) -> int:
        """How many rows were prepared."""
        return data.columns.shape[1]

    def load(self, values: Values, log_weight: Array, data: Columns) -> Any:
        """The matrix of log-weights less normalisers, natural parameters and, for the
        log base, 1: (K, q). In the centred form, the values."""
        if self.centred:
            return values, log_weight + self.relative
        try:
            natural, normaliser = self.family.natural(values)
        except (CollapseError, np.linalg.LinAlgError):
            raise RecentreError from None
        theta = np.empty((self.n_features(data), len(log_weight)))
        np.subtract(log_weight, normaliser, out=theta[0])
        if self.relative:
            theta[0] += self.relative
        if isinstance(natural, np.ndarray):
            theta[1 : 1 + self.p] = natural
        else:
            for row, parameter in zip(theta[1:], natural, strict=False):
                row[:] = parameter
        if data.base is not None:
            theta[-1] = 1.0
        if self.frame is None:
            np.maximum(theta, NEVER, out=theta)
        elif not self.family.sharpness(natural) <= self.sharpest:  # type: ignore[attr-defined]
            raise RecentreError
        return theta.T

    unit = 1.0  # the data are divided by it
    relative = 0.0  # this block's shift, less that of the mixture

    def joint(
        self, loaded: Any, data: Any, rows: slice, out: Array, workspace: Workspace
    ) -> None:
        """One matrix product."""
        if not self.centred:
            np.dot(loaded, self.features(data, rows, workspace), out=out)
            return
        values, log_weight = loaded
        family: Any = self.family
        columns = data.columns[:, rows]
        if self.gaps:
            family.gappy_log_prob(values, columns, data.patterns(rows), out)
        else:
            family.centred_log_prob(values, columns, out)
        out += log_weight[:, None]
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
        """Another one."""
        if not self.centred:
            features = data.features
            if features is None:
                features = workspace.features[id(self)]
            statistics += np.dot(features, share.T)
            return
        family: Any = self.family
        statistics[0] += share.sum(axis=1)
        columns = data.columns[:, rows]
        if self.gaps:
            parts = data.patterns(rows)
            statistics[1:-1] += family.gappy_sums(loaded[0], columns, parts, share).T
        else:
            statistics[1:-1] += family.centred_sums(loaded[0], columns, share).T
        statistics[-1] += np.einsum("kn,kn->k", share, share)

    def empty(self, loaded: Any, data: Any) -> Array:
        """Zeros: (q, K), or in the centred form (p + 2, K)."""
        q = self.p + 2 if self.centred else self.n_features(data)
        return np.zeros((q, len(self.templates)))

    def totals(self, statistics: Any) -> Array:
        """Those of the constant feature."""
        return statistics[0]

    # -------------------------------------------------------------- the parameters

    def first(self, share: Array, data: Columns) -> Values:
        """The parameters that fit given responsibilities (K, n)."""
        weight = share.sum(axis=1)
        if not weight.all():
            idle = self.templates[int(np.argmin(weight))]
            raise ValueError(f"{idle!r} cannot be learned from weights that are 0")
        family = self.family
        if not isinstance(family, StandardizedFamily):
            statistics = np.array(family.statistics(data.columns[0]))
            return family.learn(weight, statistics @ share.T / weight, self.keep)
        if self.gaps:
            statistics, origin = self._first_gappy(share, data)
        else:
            origin = family.at(share @ data.columns.T / weight[:, None])
            statistics = family.centred_sums(origin, data.columns, share)
        values = family.learn_about(
            weight, statistics.T / weight, self.keep, origin[family.place], None
        )
        effective_n = weight * weight / np.einsum("kn,kn->k", share, share)
        self.require_standing(values, effective_n)
        return values

    def _first_gappy(self, share: Array, data: Columns) -> tuple[Array, Values]:
        """Sums about the means of what was seen, gaps as their column's spread has
        them."""
        family: Any = self.family
        origin = family.begin(data.columns, share)
        parts = data.patterns(slice(0, data.columns.shape[1]))
        return family.gappy_sums(origin, data.columns, parts, share), origin

    def learn(self, statistics: Any, values: Any) -> Values:
        """From the mean statistics; a component without weight stays as it is."""
        weight = statistics[0]
        means = statistics[1 : 1 + self.p] / weight
        family = self.family
        if isinstance(family, StandardizedFamily):
            origin = values[family.place] if self.centred else 0.0
            learned = family.learn_about(weight, means, self.keep, origin, values)
        else:
            learned = family.learn(weight, means, self.keep)
        idle = weight == 0
        if values is not None and np.count_nonzero(idle):
            for name, stack in learned.items():
                stack[idle] = values[name][idle]
        if self.centred:
            effective_n = np.where(idle, np.inf, weight * weight / statistics[-1])
            self.require_standing(learned, effective_n)
        return learned

    def require_standing(self, values: Values, effective_n: Array) -> None:
        """Raise an error where a component that is learned has collapsed."""
        for k, template in enumerate(self.templates):
            one = {name: stack[k : k + 1] for name, stack in values.items()}
            reason = template.collapsed(one, effective_n[k : k + 1], self.frame)  # type: ignore[attr-defined]
            if reason:
                raise CollapseError(reason)

    def stack(self, components: Sequence[Any]) -> Values:
        """The parameters, (K, ...), in the frame."""
        values = self.family.stack(components)
        if self.frame is not None and isinstance(self.family, StandardizedFamily):
            values = self.family.into(values, self.frame)
        elif self.unit != 1:
            values = self.family.in_unit(values, self.unit)
        return values

    def components(self, values: Values) -> list[Any]:
        """The templates with their blanks filled."""
        if self.frame is not None and isinstance(self.family, StandardizedFamily):
            values = self.family.out_of(values, self.frame)
        elif self.unit != 1:
            values = self.family.in_unit(values, 1 / self.unit)
        filled = []
        for k, template in enumerate(self.templates):
            found = self.family.unstack(values, k)
            filled.append(template.filled({n: found[n] for n in template.blanks}))
        return filled

    # ------------------------------------------------------------------- the line

    @property
    def ties(self) -> bool:  # type: ignore[override]
        """Can a point of the line break what binds values to each other?"""
        family = self.family
        return isinstance(family, StandardizedFamily) and family.ties

    def project(self, values: Values, weight: Array) -> Values:
        """What would be learned from components with these values."""
        if not self.ties:
            return values
        family: Any = self.family
        means = family.own_means(values)
        learned: Values = family.learn_about(
            weight, means, self.keep, values[family.place], None
        )
        return learned

    def free(self, name: str) -> NDArray[np.intp]:
        """Which components learn this parameter, positions."""
        known = self.keep.given.get(name)
        every = np.arange(len(self.templates))
        return every if known is None else np.setdiff1d(every, known[0])

    def blanks(self) -> Iterator[tuple[str, Any, NDArray[np.intp]]]:
        """The parameters that are learned, and in which components."""
        for name, domain in self.family.domains().items():
            free = self.free(name)
            if len(free):
                yield name, domain, free

    def measured(self, values: Values, scale: float) -> list[Array]:
        """Weights and probabilities as they are, what is in the data's unit divided by
        `scale`, the data's standard deviation; framed values are so already."""
        parts = []
        for name, domain, free in self.blanks():
            unit = 1.0
            if self.frame is None and isinstance(domain, Number):
                unit = (scale / self.unit) ** -domain.power
            parts.append(domain.measured(values[name][free] * unit).ravel())
        return parts

    def to_line(self, values: Values) -> list[Array]:
        """The learned values mapped to the whole line."""
        return [d.to_line(values[n][free]).ravel() for n, d, free in self.blanks()]

    def from_line(self, line: Array, like: Values) -> Values:
        """The values at a point of the line."""
        found, place = {name: stack.copy() for name, stack in like.items()}, 0
        for name, domain, free in self.blanks():
            here = like[name][free]
            m = domain.to_line(here).size
            flat = line[place : place + m].reshape(len(free), -1)
            found[name][free] = domain.from_line(flat, here)
            place += m
        return found

    def axes(self, values: Values, prefixes: Sequence[str]) -> list[Axis]:
        """What stands where on the line."""
        found = []
        for name, domain, free in self.blanks():
            size = domain.to_line(values[name][free]).shape[1]
            simplex = isinstance(domain, Simplex)
            for k in free:
                shared = self.templates[k].shares.get(name)
                found.append(Axis(prefixes[k] + name, size, simplex, shared))
        return found
