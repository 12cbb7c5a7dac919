"""Components that are worked on together: known ones, those of one exponential family,
and those that only meet the contract.

A group prepares the data once, loads parameters once a sweep, and then, block by block
of rows, writes log-densities and adds up what the weighted fits need.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixnotes.ascent import ascend
from mixnotes.check import Array, slices
from mixnotes.component import CollapseError
from mixnotes.exponential import (
    NEVER,
    ExponentialFamily,
    Frame,
    Framed,
    FramedKeep,
    Keep,
    Values,
)
from mixnotes.gaps import Pattern, patterns
from mixnotes.mixture import bind_of, fit_of

_EPS = float(np.finfo(float).eps)
_EXACT = 1e-9  # the error of a log-density above which the centred form is taken
_LEAST = 1e-300
PROBES = 64  # observations at which a component of the reader's own is watched


class RecentreError(ArithmeticError):
    """Squares of the data have too few digits for how sharp a component became."""


@dataclass
class Columns:
    """What a group keeps of the data: coordinates (d, n), log base (n,), features."""

    columns: Array
    base: Array | None
    features: Array | None = None

    def patterns(self, rows: slice) -> list[Pattern]:
        """The rows of a block by what is missing in them."""
        key = rows.start, rows.stop
        if key not in self._patterns:
            self._patterns[key] = patterns(self.columns[:, rows])
        return self._patterns[key]

    _patterns: dict[tuple[int, int], list[Pattern]] = field(default_factory=dict)


class Desk:
    """The arrays that blocks of one size are worked out in, one after another."""

    def __init__(self, k: int, size: int) -> None:
        self.joint = np.empty((k, size))
        self.norm = np.empty(size)
        self.logs = np.empty(size)
        self.ones = np.ones(size)
        self.each = np.ones(k)
        self.features: dict[int, Array] = {}  # by the first slot of a group


class Group(ABC):
    """Some components of a mixture, next to each other in the joint densities."""

    def __init__(self, templates: Sequence[Any], first: int) -> None:
        self.templates = list(templates)
        self.slots = slice(first, first + len(templates))
        self.shift = 0.0  # log-densities here are those of the data plus this

    @abstractmethod
    def prepare(self, x: Array, alone: bool) -> Any:
        """What is kept of these observations."""

    @abstractmethod
    def size(self, data: Any) -> int:
        """How many rows were prepared."""

    @abstractmethod
    def load(self, values: Any, log_weight: Array, data: Any) -> Any:
        """What a sweep needs of the parameters."""

    @abstractmethod
    def joint(
        self, loaded: Any, data: Any, rows: slice, out: Array, desk: Desk
    ) -> None:
        """Write log p(x, z = k) of a block of rows into `out`, (K, rows)."""

    @abstractmethod
    def collect(
        self, loaded: Any, data: Any, rows: slice, share: Array, sums: Any, desk: Desk
    ) -> None:
        """Add a block's responsibilities, (K, rows), to the sums."""

    @abstractmethod
    def empty(self, loaded: Any, data: Any) -> Any:
        """Sums of nothing."""

    @abstractmethod
    def totals(self, sums: Any) -> Array:
        """The summed responsibilities, (K,)."""

    @abstractmethod
    def learn(self, sums: Any, values: Any) -> Any:
        """The parameters that fit the sums best."""

    @abstractmethod
    def stack(self, components: Sequence[Any]) -> Any:
        """The parameters of filled components."""

    @abstractmethod
    def components(self, values: Any) -> list[Any]:
        """The filled components."""


class Known(Group):
    """Components without blanks: their log-densities are computed once."""

    def prepare(self, x: Array, alone: bool) -> Array:
        """log p(x | z = k), (K, n)."""
        return np.array([bind_of(c, x)(c) for c in self.templates])

    def size(self, data: Any) -> int:
        """How many rows were prepared."""
        return data.shape[1]

    def load(self, values: Any, log_weight: Array, data: Any) -> Array:
        """The log-weights."""
        return log_weight[:, None] + self.shift

    def joint(
        self, loaded: Any, data: Any, rows: slice, out: Array, desk: Desk
    ) -> None:
        """Log-densities plus log-weights."""
        np.add(data[:, rows], loaded, out=out)

    def collect(
        self, loaded: Any, data: Any, rows: slice, share: Array, sums: Any, desk: Desk
    ) -> None:
        """The responsibilities are all that is summed."""
        sums += share.sum(axis=1)

    def empty(self, loaded: Any, data: Any) -> Array:
        """K zeros."""
        return np.zeros(len(self.templates))

    def totals(self, sums: Any) -> Array:
        """The sums themselves."""
        totals: Array = sums
        return totals

    def learn(self, sums: Any, values: Any) -> Any:
        """Nothing is learned."""
        return values

    def stack(self, components: Sequence[Any]) -> None:
        """There is nothing to stack."""

    def components(self, values: Any) -> list[Any]:
        """The components as they were given."""
        return self.templates


class Opaque(Group):
    """Components that only meet the contract: each is asked for its log-densities and
    fitted by itself, which takes its responsibilities at all observations at once, so
    that these must be in memory."""

    x: Array

    def __init__(self, templates: Sequence[Any], first: int) -> None:
        super().__init__(templates, first)
        shared = [set(getattr(t, "shares", {}).values()) for t in self.templates]
        self.shared = sorted(set().union(*shared))

    @property
    def has_line(self) -> bool:
        """Do all components say where their blanks stand on the line?"""
        return all(getattr(template, "has_line", False) for template in self.templates)

    def prepare(self, x: Array, alone: bool) -> Any:
        """Their log-densities as functions of their parameters."""
        self.x = x
        self.bound = [bind_of(template, x) for template in self.templates]
        return self.bound

    def size(self, data: Any) -> int:
        """How many rows were prepared."""
        return len(self.x)

    def load(self, values: Any, log_weight: Array, data: Any) -> Array:
        """log p(x, z = k), (K, n)."""
        rows = np.array([f(c) for f, c in zip(data, values, strict=True)])
        rows += log_weight[:, None] + self.shift
        return rows

    def joint(
        self, loaded: Any, data: Any, rows: slice, out: Array, desk: Desk
    ) -> None:
        """A copy: the rows become responsibilities as the blocks go by."""
        out[:] = loaded[:, rows]

    def collect(
        self, loaded: Any, data: Any, rows: slice, share: Array, sums: Any, desk: Desk
    ) -> None:
        """The responsibilities themselves are kept."""
        sums[:, rows] = share

    def empty(self, loaded: Any, data: Any) -> Array:
        """Room for the responsibilities, (K, n)."""
        return np.zeros_like(loaded)

    def totals(self, sums: Any) -> Array:
        """Summed over the rows."""
        totals: Array = sums.sum(axis=1)
        return totals

    def learn(self, sums: Any, values: Any) -> list[Any]:
        """Each component's own weighted fit."""
        if self.shared:
            return self._learn_shared(sums, values)
        starts = values or [None] * len(self.templates)
        return [
            fit_of(template, self.x, share, start)
            for template, share, start in zip(self.templates, sums, starts, strict=True)
        ]

    def _learn_shared(self, sums: Any, values: Any) -> list[Any]:
        """First what is a component's own, then what is shared: each a conditional
        maximum, so that none lowers the likelihood (Meng and Rubin 1993)."""
        if values is None:  # as if nothing were shared; then what is shared in the mean
            values = [
                fit_of(template, self.x, share, None)
                for template, share in zip(self.templates, sums, strict=True)
            ]
            values = self._agreed(values, sums.sum(axis=1))
        found = []
        for template, share, start in zip(self.templates, sums, values, strict=True):
            own = template.settled(start)
            found.append(fit_of(own, self.x, share, start) if own.n_free else start)
        for name in self.shared:
            found = self._moved(name, found, sums)
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
            line = template.to_line(value)
            line[place] = np.resize(common, len(place))
            moved.append(template.from_line(line, value) if len(place) else value)
        return moved

    def _agreed(self, values: Sequence[Any], weight: Array) -> list[Any]:
        """The components with every shared blank at its weighted mean on the line."""
        found = list(values)
        for name in self.shared:
            places = self._places(name, found)
            lines = [
                template.to_line(value)[place]
                for template, value, place in zip(
                    self.templates, found, places, strict=True
                )
            ]
            there = [k for k, line in enumerate(lines) if len(line)]
            share = weight[there] / max(float(weight[there].sum()), _LEAST)
            common = share @ np.array([lines[k] for k in there])
            found = self._with(name, common, found, places)
        return found

    def _moved(self, name: str, values: list[Any], sums: Array) -> list[Any]:
        """The components with one shared blank where their weighted log-likelihood is
        largest, the rest as it is."""
        places = self._places(name, values)
        first = next(k for k, place in enumerate(places) if len(place))
        weight = max(float(sums.sum()), _LEAST)
        start = self.templates[first].to_line(values[first])[places[first]]

        def height(common: Array) -> float:
            try:
                moved = self._with(name, common, values, places)
            except ValueError:  # past the edge of what floats can hold
                return -np.inf
            total = 0.0
            for f, component, share, place in zip(
                self.bound, moved, sums, places, strict=True
            ):
                if len(place):
                    carried = share > 0
                    total += float(share[carried] @ f(component)[carried])
            return total / weight

        top = ascend(height, start, steps=2)
        return self._with(name, top.place, values, places)

    def stack(self, components: Sequence[Any]) -> list[Any]:
        """The components themselves."""
        return list(components)

    def components(self, values: Any) -> list[Any]:
        """The components themselves."""
        return list(values)


class Packed(Group):
    """Components of one exponential family: a matrix product gives log-densities, and
    another one the sums. Row 0 of the features is 1, the last the log base measure."""

    templates: list[ExponentialFamily]

    def __init__(self, templates: Sequence[Any], first: int) -> None:
        super().__init__(templates, first)
        self.family: ExponentialFamily = templates[0]
        self.keep = Keep(self.templates)
        self.frame: Frame | None = None
        self.d = 1
        self.p = 0  # statistics; of framed families known with the frame
        if not isinstance(self.family, Framed):
            self.p = len(self.family.statistics(np.array([self.family.tame])))
        self.centred = False
        self.gaps = False  # are entries of the data missing?

    # ------------------------------------------------------------------ the data

    def fix_frame(self, frame: Frame) -> None:
        """Work on data centred and scaled in this way from now on."""
        family = self.family
        assert isinstance(family, Framed)
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
        framed = isinstance(family, Framed) and self.frame is not None
        columns = np.empty((self.d, len(x))) if framed else x[None]
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
                if not framed and columns.base is x:
                    columns = columns.copy()
            if isinstance(family, Framed) and self.frame is not None:
                self.frame.apply(family.columns(part), out=columns[:, rows])
            elif outside is not None:
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

    def features(self, data: Columns, rows: slice, desk: Desk) -> Array:
        """The features of a block of rows, (q, rows)."""
        if data.features is not None:
            return data.features
        out = desk.features.get(self.slots.start)
        if out is None:
            shape = self.n_features(data), len(desk.ones)
            out = desk.features[self.slots.start] = np.ones(shape)
        self.write(data, rows, out)
        return out

    def write(self, data: Columns, rows: slice, out: Array) -> None:
        """Write the features of a block of rows."""
        columns = data.columns[:, rows]
        if isinstance(self.family, Framed):
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

    relative = 0.0  # this group's shift, less that of the mixture

    def joint(
        self, loaded: Any, data: Any, rows: slice, out: Array, desk: Desk
    ) -> None:
        """One matrix product."""
        if not self.centred:
            np.dot(loaded, self.features(data, rows, desk), out=out)
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
        self, loaded: Any, data: Any, rows: slice, share: Array, sums: Any, desk: Desk
    ) -> None:
        """Another one."""
        if not self.centred:
            features = data.features
            if features is None:
                features = desk.features[self.slots.start]
            sums += np.dot(features, share.T)
            return
        family: Any = self.family
        sums[0] += share.sum(axis=1)
        columns = data.columns[:, rows]
        if self.gaps:
            parts = data.patterns(rows)
            sums[1:-1] += family.gappy_sums(loaded[0], columns, parts, share).T
        else:
            sums[1:-1] += family.centred_sums(loaded[0], columns, share).T
        sums[-1] += np.einsum("kn,kn->k", share, share)

    def empty(self, loaded: Any, data: Any) -> Array:
        """Zeros: (q, K), or in the centred form (p + 2, K)."""
        q = self.p + 2 if self.centred else self.n_features(data)
        return np.zeros((q, len(self.templates)))

    def totals(self, sums: Any) -> Array:
        """Those of the constant feature."""
        return sums[0]

    # -------------------------------------------------------------- the parameters

    def first(self, share: Array, data: Columns) -> Values:
        """The parameters that fit given responsibilities (K, n)."""
        weight = share.sum(axis=1)
        if not weight.all():
            idle = self.templates[int(np.argmin(weight))]
            raise ValueError(f"{idle!r} cannot be learned from weights that are 0")
        family = self.family
        if not isinstance(family, Framed):
            statistics = np.array(family.statistics(data.columns[0]))
            return family.learn(weight, statistics @ share.T / weight, self.keep)
        if self.gaps:
            sums, origin = self._first_gappy(share, data)
        else:
            origin = family.at(share @ data.columns.T / weight[:, None])
            sums = family.centred_sums(origin, data.columns, share)
        values = family.learn_about(
            weight, sums.T / weight, self.keep, origin[family.place], None
        )
        carriers = weight * weight / np.einsum("kn,kn->k", share, share)
        self.require_standing(values, carriers)
        return values

    def _first_gappy(self, share: Array, data: Columns) -> tuple[Array, Values]:
        """Sums about the means of what was seen, gaps as their column's spread has
        them."""
        family: Any = self.family
        origin = family.begin(data.columns, share)
        parts = data.patterns(slice(0, data.columns.shape[1]))
        return family.gappy_sums(origin, data.columns, parts, share), origin

    def learn(self, sums: Any, values: Any) -> Values:
        """From the mean statistics; a component without weight stays as it is."""
        weight = sums[0]
        means = sums[1 : 1 + self.p] / weight
        if not isinstance(self.family, Framed):
            learned = self.family.learn(weight, means, self.keep)
        else:
            learned = self._learn_framed(self.family, weight, means, values, sums)
        if values is not None and not weight[weight.argmin()] > 0:
            idle = weight == 0
            for name, stack in learned.items():
                stack[idle] = values[name][idle]
        return learned

    def _learn_framed(
        self, family: Framed, weight: Array, means: Array, values: Any, sums: Array
    ) -> Values:
        if not self.centred:
            return family.learn_about(weight, means, self.keep, 0.0, values)
        origin = values[family.place]
        learned = family.learn_about(weight, means, self.keep, origin, values)
        carriers = np.where(weight > 0, weight * weight / sums[-1], np.inf)
        assert self.frame is not None
        for name, stack in learned.items():
            stack[weight == 0] = values[name][weight == 0]
        self.require_standing(learned, carriers)
        return learned

    def require_standing(self, values: Values, carriers: Array) -> None:
        """Raise an error where a component that is learned has collapsed."""
        for k, template in enumerate(self.templates):
            one = {name: stack[k : k + 1] for name, stack in values.items()}
            reason = template.collapsed(one, carriers[k : k + 1], self.frame)  # type: ignore[attr-defined]
            if reason:
                raise CollapseError(reason)

    def stack(self, components: Sequence[Any]) -> Values:
        """The parameters, (K, ...), in the frame."""
        values = self.family.stack(components)
        if self.frame is not None and isinstance(self.family, Framed):
            values = self.family.into(values, self.frame)
        return values

    def components(self, values: Values) -> list[Any]:
        """The templates with their blanks filled."""
        if self.frame is not None and isinstance(self.family, Framed):
            values = self.family.out_of(values, self.frame)
        filled = []
        for k, template in enumerate(self.templates):
            found = self.family.unstack(values, k)
            filled.append(template.filled({n: found[n] for n in template.blanks}))
        return filled

    # ------------------------------------------------------------------- the line

    @property
    def ties(self) -> bool:
        """Can a point of the line break what components have in common?"""
        family = self.family
        return isinstance(family, Framed) and family.ties

    def nearest(self, values: Values, weight: Array) -> Values:
        """What would be learned from components with these values."""
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


def group_of(
    components: Sequence[Any], cache: bool, apart: bool
) -> list[tuple[type[Group], list[int]]]:
    """How components go together: positions by group. `apart`: the data are intervals,
    of which no sums of statistics are known."""
    kinds: dict[Any, tuple[type[Group], list[int]]] = {}
    for k, component in enumerate(components):
        key: Any
        group: type[Group]
        exponential = isinstance(component, ExponentialFamily) and not apart
        if exponential and (component.blanks or not cache):
            key, group = component.kind(), Packed
        else:
            group = Opaque if component.n_free else Known
            key = group
        kinds.setdefault(key, (group, []))[1].append(k)
    return list(kinds.values())
