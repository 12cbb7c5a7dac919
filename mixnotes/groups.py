"""Components that are worked on together: known ones, those of one exponential family,
and those that only meet the contract.

A group prepares the data once, loads parameters once a sweep, and then, block by block
of rows, writes log-densities and adds up what the weighted fits need.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
from mixnotes.mixture import bind_of, fit_of

_EPS = float(np.finfo(float).eps)
_EXACT = 1e-9  # the error of a log-density above which the centred form is taken
PROBES = 64  # observations at which a component of the reader's own is watched


class RecentreError(ArithmeticError):
    """Squares of the data have too few digits for how sharp a component became."""


@dataclass
class Columns:
    """What a group keeps of the data: coordinates (d, n), log base (n,), features."""

    columns: Array
    base: Array | None
    features: Array | None = None


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

    def prepare(self, x: Array, alone: bool) -> Any:
        """Their log-densities as functions of their parameters."""
        self.x = x
        return [bind_of(template, x) for template in self.templates]

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
        starts = values or [None] * len(self.templates)
        return [
            fit_of(template, self.x, share, start)
            for template, share, start in zip(self.templates, sums, starts, strict=True)
        ]

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
        self.starts_centred = costly

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
        family.centred_log_prob(values, data.columns[:, rows], out)
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
        sums[1:-1] += family.centred_sums(loaded[0], data.columns[:, rows], share).T
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
        origin = family.at(share @ data.columns.T / weight[:, None])
        sums = family.centred_sums(origin, data.columns, share)
        values = family.learn_about(
            weight, sums.T / weight, self.keep, origin[family.place], None
        )
        carriers = weight * weight / np.einsum("kn,kn->k", share, share)
        self.require_standing(values, carriers)
        return values

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
    components: Sequence[Any], cache: bool
) -> list[tuple[type[Group], list[int]]]:
    """How components go together: positions by group."""
    kinds: dict[Any, tuple[type[Group], list[int]]] = {}
    for k, component in enumerate(components):
        key: Any
        group: type[Group]
        if isinstance(component, ExponentialFamily) and (component.blanks or not cache):
            key, group = component.kind(), Packed
        else:
            group = Opaque if component.n_free else Known
            key = group
        kinds.setdefault(key, (group, []))[1].append(k)
    return list(kinds.values())
