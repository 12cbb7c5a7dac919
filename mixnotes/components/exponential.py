"""Exponential families: log p(x) = natural . statistics(x) - normaliser + log base(x).

For the author of a family. Such a family writes three short methods over *stacks* of
parameters, one value a component, and the engine does the rest: the log-densities of
all components of a family at all observations are one matrix product, and so are the
sums that the weighted fits need.
"""

from __future__ import annotations

import copy
import dataclasses
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixnotes.components.component import Component
from mixnotes.components.constraints import Shared
from mixnotes.components.family import Family
from mixnotes.data.check import CollapseError
from mixnotes.data.sources import Rows, Source
from mixnotes.data.summary import summary
from mixnotes.numeric.arrays import Array

Values = dict[str, Array]  # parameters of K components of one family, shape (K, ...)
NEVER = -1e300  # stands for a log of 0 in a product, where 0 x -inf would be NaN


class Tie:
    """What is given, and what is shared, put in the place of what was learned."""

    def __init__(self, templates: Sequence[Family]) -> None:
        self.given: dict[str, tuple[NDArray[np.intp], Array]] = {}
        self.shared: dict[str, list[NDArray[np.intp]]] = {}
        for name in templates[0].constraints():
            here = [getattr(c, name) for c in templates]
            known = [not c._is_blank(name) for c in templates]
            if any(known):
                where = np.flatnonzero(known)
                self.given[name] = where, np.array([here[k] for k in where])
            groups: dict[str, list[int]] = {}
            for k, value in enumerate(here):
                if isinstance(value, Shared):
                    groups.setdefault(value.name, []).append(k)
            if groups:
                self.shared[name] = [np.array(places) for places in groups.values()]
        self.nothing = not (self.given or self.shared)

    unit = 1.0  # that the data were divided by

    def is_given(self, name: str, k: int) -> NDArray[np.bool_]:
        """Which of K components are given this parameter, shape (K,)."""
        known = np.zeros(k, dtype=bool)
        if name in self.given:
            known[self.given[name][0]] = True
        return known

    def giving(self, name: str, places: NDArray[np.intp], values: Array) -> Self:
        """The same with this parameter given in some more components."""
        none = np.zeros(0, dtype=np.intp), values[:0]
        where, known = self.given.get(name, none)
        more = np.concatenate([where, places]), np.concatenate([known, values])
        other = copy.copy(self)
        other.given, other.nothing = self.given | {name: more}, False
        return other

    def __call__(self, name: str, learned: Array, weight: Array) -> Array:
        """`learned`, shape (K, ...), averaged by `weight` where shared, or as given."""
        if self.nothing:
            return learned
        found = self.average(name, learned, weight)
        if name in self.given:
            where, values = self.given[name]
            found[where] = values
        return found

    def average(self, name: str, learned: Array, weight: Array) -> Array:
        """`learned`, averaged by `weight` among those that share this parameter."""
        if self.nothing:
            return learned
        found = learned.copy()
        for places in self.shared.get(name, ()):
            share = np.where(weight[places] > 0, weight[places], 0.0)
            if share.sum() > 0:
                seen = learned[places]
                seen[share == 0] = 0.0
                found[places] = share @ seen / share.sum()
        return found


def with_defaults(means: Array, weight: Array, filler: ArrayLike) -> Array:
    """Mean statistics, shape (p, K). A component without weight has none: it gets
    `values` that can be learned from, and keeps its parameters whatever comes out.
    """
    return np.where(weight > 0, means, np.asarray(filler)[:, None])


class ExponentialFamily(Family):
    """A family in exponential form. It writes `statistics`, `natural` and `learn`,
    and `log_base` where the base measure is not 1.
    """

    @abstractmethod
    def statistics(self, x: Array) -> Sequence[Array]:
        """The p sufficient statistics of the observations, each of shape (n,)."""

    @abstractmethod
    def natural(self, values: Values) -> tuple[Sequence[Array], Array]:
        """The p natural parameters, each of shape (K,), and the log-normaliser (K,)."""

    @abstractmethod
    def learn(self, weight: Array, means: Array, tie: Tie) -> Values:
        """Weighted maximum likelihood from the mean statistics, shape (p, K).

        `weight`, shape (K,), is how much each component weighs.
        """

    def learn_about(
        self, weight: Array, means: Array, tie: Tie, origin: Any, current: Any
    ) -> Values:
        """`learn` from mean statistics of distances to `origin`, one for each component
        or 0 for all; `current`, if any, is where an inner iteration begins."""
        return self.learn(weight, means, tie)

    def log_base(self, x: Array) -> Array | None:
        """The log of the base measure, shape (n,); None where it is 0 everywhere."""
        return None

    def kind(self) -> tuple[Any, ...]:
        """Components of equal kind share one matrix product."""
        constraints = self.constraints()
        fields = dataclasses.fields(self)  # type: ignore[arg-type]
        rest = [getattr(self, f.name) for f in fields if f.name not in constraints]
        return (type(self), *rest)

    def stack(self, components: Sequence[Self]) -> Values:
        """The parameters of filled components of this kind, stacked."""
        return {
            name: np.array([c.given(name) for c in components])
            for name in self.constraints()
        }

    def unstack(self, values: Values, k: int) -> dict[str, Any]:
        """The parameters of one component of a stack."""
        return {name: stack[k] for name, stack in values.items()}

    def bind(self, x: Array) -> Callable[[Self], Array]:
        """natural . statistics(x) - normaliser + log base(x)."""
        fill_value, inside = self.with_fill_value(x)
        statistics = np.array(self.statistics(fill_value))
        base = self.log_base(fill_value)
        rest = np.where(inside, 0.0 if base is None else base, -np.inf)

        def log_prob(filled: Self) -> Array:
            with np.errstate(divide="ignore", over="ignore"):
                natural, normaliser = self.natural(self.stack([filled]))
                finite = np.maximum(np.array(natural)[:, 0], NEVER)
                value: Array = finite @ statistics - normaliser[0]
            return np.where(value < 0.1 * NEVER, -np.inf, value) + rest

        return log_prob

    scales = False  # is a multiple of x of the same family, whatever the factor?

    def in_unit(self, values: Values, unit: float) -> Values:
        """Parameters of x as those of x / unit."""
        constraints = self.constraints()
        return {
            name: stack * unit ** -getattr(constraints[name], "power", 0)
            for name, stack in values.items()
        }

    searches_shared = False  # is what components share learned by a search?

    def _learn(self, x: Array, weight: Array) -> dict[str, Any]:
        total = weight.sum()
        means = np.array(self.statistics(x)) @ (weight / total)
        values = self.learn(np.array([total]), means[:, None], Tie([self]))
        return self.unstack(values, 0)


def is_exponential(component: Any) -> bool:
    """Can the engine take this component into a matrix product?"""
    return isinstance(component, Component) and isinstance(component, ExponentialFamily)


# -------------------------------------------------------------- centred and scaled data

FLOOR = 1e-7  # an sd below this share of the data's range, of few values, collapsed
ROUNDING = 1e-12  # below this share of the range any sd is rounding
FEW = 3  # values that carry the weight
SMALLEST = 1e-150  # the squares of a smaller range underflow


@dataclasses.dataclass(frozen=True)
class Standardization:
    """Coordinates y = (x - centre) / scale, in which the data are about 0 and of size
    1.

    Sums of squares of the data as they come lose the variance at an offset of 1e8, and
    underflow at a scale of 1e-200.
    """

    centre: Array  # (d,)
    scale: Array  # (d,)
    low: Array  # (d,), of the framed data
    high: Array  # (d,)

    @classmethod
    def of(cls, source: Source, family: StandardizedFamily) -> Standardization:
        """From the weighted means and standard deviations of a family's coordinates;
        one standard deviation for all columns where the family needs that.
        """
        plain = family.is_plain
        found = source.summary if plain else summary(source, family.coordinates)
        scale = found.sd
        if family.common:
            scale = np.full_like(scale, scale.max())
        scale = np.where(scale == 0, 1.0, scale)
        low, high = ((end - found.mean) / scale for end in (found.low, found.high))
        return cls(found.mean, scale, low, high)

    def apply(self, columns: Array, out: Array | None = None) -> Array:
        """The columns in these coordinates."""
        framed = np.subtract(columns, self.centre[:, None], out=out)
        framed /= self.scale[:, None]
        return framed

    @property
    def span(self) -> Array:
        """The range of each standardised column, shape (d,)."""
        return self.high - self.low

    @property
    def reach(self) -> float:
        """The standardised value of largest size."""
        return float(max(-self.low.min(), self.high.max()))


class StandardizedFamily(ExponentialFamily):
    """An exponential family of means and spreads, learned in a `Standardization`.

    The parameters in a stack are those of the standardised data. It has two forms: a
    packed one, which sums squares of the data; and a centred one, which sums squares of
    their distances to each component's mean. The second is slower, and right however
    narrow a component is beside its distance from the origin.
    """

    def inside(self, x: Array) -> NDArray[np.bool_]:
        """Every observation is."""
        return np.ones(len(x), dtype=bool)

    @abstractmethod
    def columns(self, x: Array) -> Array:
        """The data as columns of coordinates, shape (d, n)."""

    def coordinates(self, x: Array) -> tuple[Array, Any]:
        """The columns of those observations that lie in the support, and which."""
        inside = self.inside(x)
        if inside.all():
            return self.columns(x), slice(None)
        return self.columns(x[inside]), inside

    def natural_of(self, sums: Array, theta: Array) -> float:
        """Write the natural parameters of what is learned from the sums, and above
        them the log of the weight less the normaliser; how sharp the sharpest is. For
        families with `has_short_way`."""
        raise NotImplementedError

    @abstractmethod
    def into(self, values: Values, frame: Standardization) -> Values:
        """Parameters of the data as parameters of the standardised data."""

    @abstractmethod
    def out_of(self, values: Values, frame: Standardization) -> Values:
        """Parameters of the standardised data as parameters of the data."""

    @abstractmethod
    def fill(self, columns: Array, out: Array) -> None:
        """Write the p statistics of standardised columns (d, n) into `out`, (p, n)."""

    @abstractmethod
    def learn_about(
        self, weight: Array, means: Array, tie: Tie, origin: Any, current: Any
    ) -> Values:
        """From this comes `learn`, which is about 0."""

    @abstractmethod
    def sharpness(self, natural: Any) -> float:
        """An upper bound on 1 / variance, over all components and all directions, from
        what `natural` gave.
        """

    @abstractmethod
    def collapsed(
        self, values: Values, effective_n: Array, frame: Standardization
    ) -> str | None:
        """Why some component, whose spread is learned, has collapsed; or None.

        `effective_n`, shape (K,), is how many observations carry each component.
        """

    @abstractmethod
    def centred_log_prob(self, values: Values, columns: Array, out: Array) -> None:
        """Write the log-densities of standardised data into `out`, (K, n)."""

    @abstractmethod
    def centred_sums(self, origin: Array, columns: Array, share: Array) -> Array:
        """Sums of the statistics of distances to `origin`, (K, d) or, of one column,
        (K,), weighted by `share`, (K, n): (K, p)."""

    @abstractmethod
    def require_spread(self, frame: Standardization) -> None:
        """Raise an error unless the data vary enough for a spread to be learned."""

    place: str  # the name of the parameter that moves with the data
    spread: str  # and of the one that can collapse
    ties = False  # are values bound to each other in ways that Shared does not say?
    common = False  # is one scale for all columns needed?
    is_plain = False  # are its coordinates the data as they are, wherever these lie?
    has_short_way = False  # can natural parameters be made of sums at once?

    def statistics(self, x: Array) -> Sequence[Array]:
        """The statistics of the coordinates of x as they are."""
        columns = self.columns(x)
        out = np.empty((self.n_statistics(len(columns)), columns.shape[1]))
        self.fill(columns, out)
        return list(out)

    @abstractmethod
    def n_statistics(self, d: int) -> int:
        """How many statistics there are for data of d columns."""

    def learn(self, weight: Array, means: Array, tie: Tie) -> Values:
        """`learn_about` the origin 0."""
        return self.learn_about(weight, means, tie, 0.0, None)

    def _learn(self, x: Array, weight: Array) -> dict[str, Any]:
        frame = Standardization.of(Rows(x, weight), self)
        self.require_spread(frame)
        framed = frame.apply(self.columns(x))
        total = weight.sum()
        features = np.empty((self.n_statistics(len(framed)), framed.shape[1]))
        self.fill(framed, features)
        tie = StandardizedTie([self], frame)
        values = self.learn(np.array([total]), features @ weight[:, None] / total, tie)
        if self._is_blank(self.spread):
            effective_n = np.array([effective_n_of(weight)])
            reason = self.collapsed(values, effective_n, frame)
            if reason:
                raise CollapseError(reason)
        return self.unstack(self.out_of(values, frame), 0)


class ScaledTie(Tie):
    """A `Tie` whose given values are divided by a unit of the data."""

    def __init__(self, templates: Sequence[ExponentialFamily], unit: float) -> None:
        super().__init__(templates)
        self.unit = unit
        for name, (where, values) in self.given.items():
            self.given[name] = where, templates[0].in_unit({name: values}, unit)[name]


class StandardizedTie(Tie):
    """A `Tie` whose given values are those of the standardised data."""

    def __init__(
        self, templates: Sequence[StandardizedFamily], frame: Standardization
    ) -> None:
        super().__init__(templates)
        for name, (where, values) in self.given.items():
            self.given[name] = where, templates[0].into({name: values}, frame)[name]


def effective_n_of(weight: Array) -> float:
    """How many observations carry the weight, (sum w)^2 / sum w^2."""
    share = weight / weight.max()
    return float(share.sum() ** 2 / (share @ share))
