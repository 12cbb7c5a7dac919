"""Families between bounds: beta on (0, 1), Dirichlet on the simplex, uniform."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixnotes.components.constraints import (
    POSITIVE_VECTOR,
    REAL,
    SHAPE,
    Shared,
    parameter,
)
from mixnotes.components.exponential import ExponentialFamily, Keep, Values, awake
from mixnotes.data.check import CollapseError, as_count, as_data
from mixnotes.families.joint import variables
from mixnotes.families.search import Searched, ends_beside
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.special import digamma, log_gamma, scipy_functions, trigamma

_NARROW = 1e-11  # a relative variance below it is rounding of the mean statistics
_SUM = 1e-8  # by which the entries of a row may miss 1


@dataclass(frozen=True, repr=False, eq=False)
class Beta(ExponentialFamily):
    """Beta(a, b) on 0 < x < 1: p(x) = x^(a - 1) (1 - x)^(b - 1) / B(a, b).

    Shares and rates. A share that can be exactly 0 or 1 is a mixture with `PointMass`.
    Source: Minka (2000), Estimating a Dirichlet distribution.
    """

    a: float | Shared | None = parameter(SHAPE)
    b: float | Shared | None = parameter(SHAPE)

    support = "numbers above 0 and below 1"
    ends = (0.0, 1.0)
    tame = 0.5

    def inside(self, x: Array) -> NDArray[np.bool_]:
        """Which observations are above 0 and below 1."""
        inside: NDArray[np.bool_] = (x > 0) & (x < 1)
        return inside

    def statistics(self, x: Array) -> Sequence[Array]:
        """log x and log(1 - x)."""
        return np.log(x), np.log1p(-x)

    def natural(self, values: Values) -> tuple[Sequence[Array], Array]:
        """a and b, with the base measure 1 / (x (1 - x))."""
        a, b = values["a"], values["b"]
        return (a, b), log_gamma(a) + log_gamma(b) - log_gamma(a + b)

    def log_base(self, x: Array) -> Array:
        """-log x - log(1 - x)."""
        return -np.log(x) - np.log1p(-x)

    def learn(self, weight: Array, means: Array, keep: Keep) -> Values:
        """digamma(a) - digamma(a + b) = mean log x, and so for b, by Newton."""
        means = awake(means, weight, (-1.5, -1.5))
        total = np.exp(means).sum(axis=0)
        learned = ~np.any([_given(keep, n, len(weight)) for n in ("a", "b")], axis=0)
        if (fallen := learned & (1 - total <= _NARROW)).any():
            at = float(np.exp(means[0][int(np.argmax(fallen))]))
            raise CollapseError(
                f"Beta collapsed on x = {at:g}: a and b grew without bound; give one "
                "of them, or use fewer components"
            )
        if keep.nothing:
            a, b = _alpha_of(means.T).T
            return {"a": a, "b": b}
        return _beta_of(means, weight, keep)

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        draws = rng.beta(self.given("a"), self.given("b"), n)
        return np.clip(draws, np.finfo(float).tiny, 1 - np.finfo(float).epsneg)

    def _narrowed(self, filled: Self, at: float, factor: float) -> dict[str, Any]:
        total = (filled.given("a") + filled.given("b")) / factor**2
        return {"a": at * total, "b": (1 - at) * total} if 0 < at < 1 else {}

    def moments(self) -> tuple[float, float]:
        """E[x] = a / (a + b) and Var[x] = a b / ((a + b)^2 (a + b + 1))."""
        a, b = self.given("a"), self.given("b")
        total = a + b
        return a / total, a / total * (b / total) / (total + 1)

    def _cdf(self, x: Array) -> Array:
        (betainc,) = scipy_functions("special", "betainc")

        return betainc(self.given("a"), self.given("b"), np.clip(x, 0, 1))

    def _sf(self, x: Array) -> Array:
        (betaincc,) = scipy_functions("special", "betaincc")

        return betaincc(self.given("a"), self.given("b"), np.clip(x, 0, 1))

    def _quantile(self, q: Array) -> Array:
        (betaincinv,) = scipy_functions("special", "betaincinv")

        return betaincinv(self.given("a"), self.given("b"), q)


def _given(keep: Keep, name: str, k: int) -> NDArray[np.bool_]:
    """Which of K components are given this parameter."""
    known = np.zeros(k, dtype=bool)
    if name in keep.given:
        known[keep.given[name][0]] = True
    return known


def _selection(k: int, keep: Keep) -> Array:
    """1 where a free number is that parameter of that component, (free, 2, K)."""
    owner = np.full((2, k), -1)
    count = 0
    for row, name in enumerate("ab"):
        where = variables(name, k, keep)
        owner[row] = np.where(where >= 0, where + count, -1)
        count = max(count, int(owner[row].max()) + 1)
    free = owner >= 0
    select = np.zeros((count, 2, k))
    select[owner[free], *np.nonzero(free)] = 1.0
    return select


def _beta_of(means: Array, weight: Array, keep: Keep) -> Values:
    """a and b of K components where some are given or shared, by Newton steps in all
    that is free; the log-likelihood is concave in them."""
    share, select = weight / weight.sum(), _selection(len(weight), keep)
    count = len(select)
    alpha = np.array([keep(name, np.ones(len(weight)), weight) for name in "ab"])

    def height(at: Array) -> float:
        each = _dirichlet_height(at.T, means.T)
        return float(share @ each)

    here = height(alpha)
    for _ in range(200):
        both = _with_sum(alpha.T).T
        first, second = digamma(both), share * trigamma(both)
        aside = share * (means - first[:2] + first[2])
        slope = select.reshape(count, -1) @ aside.ravel()
        own, common = second[:2], second[2]
        curve = np.einsum("vik,uik,ik->vu", select, select, own)
        summed = select.sum(axis=1)
        curve -= (summed * common) @ summed.T
        step = np.linalg.solve(curve + 1e-300 * np.eye(count), slope)
        move = np.einsum("v,vik->ik", step, select)
        size, ahead = 1.0, -math.inf
        while size > 1e-12 and not ahead >= here - 1e-15 * (1 + abs(here)):
            there = alpha + size * move
            ahead = height(there) if (there > 0).all() else -math.inf
            size /= 2
        if not ahead >= here - 1e-15 * (1 + abs(here)):
            break
        moved = np.abs(there - alpha).max()
        alpha, here = there, ahead
        if moved <= 1e-12 * np.abs(alpha).max():
            break
    return {"a": alpha[0], "b": alpha[1]}


def _alpha_of(means: Array) -> Array:
    """The Dirichlet parameters (K, d) with these means of log x, (K, d), by Newton.

    The log-likelihood is concave; the first guess is what the means say if the
    parameters are large. A step that would leave the positive numbers, or fall, is
    halved.
    """
    share = np.exp(means)
    total = share.sum(axis=1, keepdims=True)
    count = means.shape[1]
    alpha = share / total * np.maximum(0.5 * (count - 1) / (1 - total), 1e-3)
    alpha = np.maximum(alpha, 1e-8)
    height = _dirichlet_height(alpha, means)
    for _ in range(200):
        both = _with_sum(alpha)
        first, second = digamma(both), trigamma(both)
        slope = means - first[:, :-1] + first[:, -1:]
        curve, common = second[:, :-1], second[:, -1:]
        ratio = (slope / curve).sum(axis=1, keepdims=True)
        level = ratio / (1 / common - (1 / curve).sum(axis=1, keepdims=True))
        move = (slope + level) / curve
        size = np.ones((len(alpha), 1))
        for _ in range(60):
            ahead = alpha + size * move
            risen = np.full(len(alpha), -np.inf)
            proper = (ahead > 0).all(axis=1)
            risen[proper] = _dirichlet_height(ahead[proper], means[proper])
            short = ~(risen >= height - 1e-14 * (1 + np.abs(height)))
            if not short.any():
                break
            size[short] /= 2
        alpha = np.where(short[:, None], alpha, ahead)
        height = np.where(short, height, risen)
        if not (np.abs(size * move) > 1e-13 * alpha).any() or short.all():
            break
    return alpha


def _dirichlet_height(alpha: Array, means: Array) -> Array:
    """The mean log-density, (K,), less what does not depend on alpha."""
    logs = log_gamma(_with_sum(alpha))
    return (alpha * means).sum(axis=1) - logs[:, :-1].sum(axis=1) + logs[:, -1]


def _with_sum(alpha: Array) -> Array:
    """alpha with its sum as one more column: one call for both."""
    return np.concatenate([alpha, alpha.sum(axis=1, keepdims=True)], axis=1)


@dataclass(frozen=True, repr=False, eq=False)
class Dirichlet(ExponentialFamily):
    """Dirichlet(alpha) on rows of d shares that sum to 1: p(x) is the product of
    x_j^(alpha_j - 1), over B(alpha).

    A density in the first d - 1 shares, as `scipy.stats.dirichlet` has it.
    Source: Minka (2000), Estimating a Dirichlet distribution.
    """

    alpha: Array | Shared | None = parameter(POSITIVE_VECTOR)  # (d,)
    d: int | None = None  # columns of x; known from alpha or the data

    support = "rows of numbers above 0 that sum to 1"

    def __post_init__(self) -> None:
        super().__post_init__()
        given = None if self._is_blank("alpha") else len(self.given("alpha"))
        if self.d is not None:
            as_count(self.d, "Dirichlet: d", 2)
        if given == 1:
            raise ValueError(
                "Dirichlet: alpha must have at least 2 numbers, got 1; a single share "
                "is always 1"
            )
        if None not in (given, self.d) and given != self.d:
            raise ValueError(
                f"Dirichlet: alpha must have one number a column, d = {self.d}, got "
                f"{given}; leave d out"
            )
        object.__setattr__(self, "d", self.d if given is None else given)

    @property
    def n_free(self) -> int:
        """How many numbers are blank."""
        if not self.blanks:
            return 0
        if self.d is None:
            raise ValueError(
                "how many numbers are blank depends on the columns of x, and Dirichlet "
                "has no alpha or d; give d, for example Dirichlet(d=3)"
            )
        return self.d

    def sized(self, d: int) -> Self:
        """This component for data of d columns."""
        return sized(self, d)

    def _rows(self, x: ArrayLike) -> Array:
        return rows_of(self, x)

    @property
    def tame(self) -> Array:
        """Equal shares."""
        return np.full(self.d or 2, 1 / (self.d or 2))

    def inside(self, x: Array) -> NDArray[np.bool_]:
        """Which rows are above 0 and sum to 1."""
        whole = np.abs(x.sum(axis=1) - 1) <= _SUM
        return np.asarray((x > 0).all(axis=1) & whole)

    def statistics(self, x: Array) -> Sequence[Array]:
        """The logarithms of the columns."""
        return list(np.log(x).T)

    def natural(self, values: Values) -> tuple[Sequence[Array], Array]:
        """alpha, with the base measure 1 / (x_1 ... x_d)."""
        alpha = values["alpha"]
        normaliser = log_gamma(alpha).sum(axis=1) - log_gamma(alpha.sum(axis=1))
        return list(alpha.T), normaliser

    def log_base(self, x: Array) -> Array:
        """The sum of -log x_j."""
        return -np.log(x).sum(axis=1)

    def learn(self, weight: Array, means: Array, keep: Keep) -> Values:
        """digamma(alpha_j) - digamma(sum alpha) = mean log x_j, by Newton."""
        known = _given(keep, "alpha", len(weight))
        filler = np.full(len(means), -1.0 - math.log(len(means)))
        logs = keep.pool("alpha", awake(means, weight, filler).T.copy(), weight)
        logs[known] = filler
        if (fallen := 1 - np.exp(logs).sum(axis=1) <= _NARROW).any():
            at = np.round(np.exp(logs[int(np.argmax(fallen))]), 6).tolist()
            raise CollapseError(
                f"Dirichlet collapsed on x = {at}: alpha grew without bound; use fewer "
                "components"
            )
        return {"alpha": keep("alpha", _alpha_of(logs), weight)}

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        draws = np.maximum(rng.dirichlet(self.given("alpha"), n), 1e-300)
        return draws / draws.sum(axis=1, keepdims=True)

    def moments(self) -> tuple[Any, Any]:
        """E[x], shape (d,), and the covariance matrix, shape (d, d)."""
        alpha = self.given("alpha")
        total = alpha.sum()
        mean = alpha / total
        return mean, (np.diag(mean) - np.outer(mean, mean)) / (total + 1)

    def _state(self) -> dict[str, Any]:
        return state_without_d(self, super()._state(), "alpha")

    def filled(self, values: dict[str, Any]) -> Self:
        """The same component with these parameters set."""
        return remembering_d(super().filled(values), values.get("alpha"))


# ----------------------------------- what families of rows with one vector have alike


def sized(component: Any, d: int) -> Any:
    """A component of rows, for data of d columns."""
    if component.d not in (None, d):
        raise ValueError(
            f"{type(component).__name__} of {component.d} columns takes x of shape "
            f"(n, {component.d}), got {d} columns"
        )
    known = component.filled({})
    known.__dict__["d"] = d
    return known


def rows_of(component: Any, x: ArrayLike, gaps: bool = False) -> Array:
    """x as rows of as many columns as the component has; with `gaps` NaN is missing."""
    data = as_data(x, gaps)
    name = type(component).__name__
    if data.ndim != 2:
        raise ValueError(
            f"{name} takes one row an observation, x of shape (n, d), got shape "
            f"{data.shape}"
        )
    component.sized(data.shape[1])
    return data


def state_without_d(component: Any, state: dict[str, Any], name: str) -> dict[str, Any]:
    """The JSON values, where the parameter `name` says what d is if it is given."""
    if not component._is_blank(name):
        state.pop("d", None)
    return state


def remembering_d(component: Any, value: Any) -> Any:
    """A component whose d is that of the vector it was filled with."""
    if value is not None and not isinstance(value, Shared):
        component.__dict__["d"] = len(value)
    return component


# --------------------------------------------------------------------------- uniform


@dataclass(frozen=True, repr=False, eq=False)
class Uniform(Searched):
    """Uniform(low, high): p(x) = 1 / (high - low) for low <= x <= high.

    A background: `Mixture([Normal(), Uniform(0, 10)])`. What is left blank is learned
    as the least or the largest observation. In a mixture a step of EM never moves an
    end: an observation outside has no responsibility, and one inside never loses all of
    it. So `em` begins with groups that do not overlap, and tries to move the ends of
    the best fit to other observations. Give both where they are known.
    """

    low: float | Shared | None = parameter(REAL)
    high: float | Shared | None = parameter(REAL)

    has_line = False  # its density jumps where an end moves past an observation

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.blanks and not self.given("low") < self.given("high"):
            raise ValueError(
                f"Uniform: low must be below high, got low = {self.low} and high = "
                f"{self.high}; for a single value use PointMass"
            )

    @property
    def support(self) -> str:  # type: ignore[override]
        """The support in words."""
        if self.low is None and self.high is None:
            return "finite numbers"
        if self.high is None:
            return f"numbers not below {self.low:g}"
        if self.low is None:
            return f"numbers not above {self.high:g}"
        return f"numbers from {self.low:g} to {self.high:g}"

    @property
    def ends(self) -> tuple[float, float]:
        """low and high."""
        return self.given("low"), self.given("high")

    def inside(self, x: Array) -> NDArray[np.bool_]:
        """Which observations lie between the ends that are given."""
        low = -math.inf if self.low is None else self.given("low")
        high = math.inf if self.high is None else self.given("high")
        inside: NDArray[np.bool_] = (x >= low) & (x <= high)
        return inside

    def bind(self, x: Array) -> Callable[[Self], Array]:
        """-log(high - low) inside."""

        def log_prob(filled: Self) -> Array:
            width = filled.given("high") - filled.given("low")
            return np.where(filled.inside(x), -math.log(width), -np.inf)

        return log_prob

    def density(self, prepared: Any) -> Array:
        """The log-densities."""
        return self.bind(prepared)(self)

    def _search(
        self, x: Array, weight: Array, start: Self | None, extent: Any
    ) -> dict[str, Any]:
        low = float(x.min()) if self.low is None else self.given("low")
        high = float(x.max()) if self.high is None else self.given("high")
        if not low < high:
            raise CollapseError(
                f"Uniform collapsed on x = {low:g}: low and high must be learned from "
                "values that differ; give low and high, or use PointMass"
            )
        return {"low": low, "high": high}

    fits_exactly = True
    has_moves = True

    @property
    def edges_move(self) -> bool:  # type: ignore[override]
        """Is an end blank?"""
        return bool(self.blanks)

    def moves(self, filled: Self, x: Array, weight: Array) -> Iterator[Self]:
        """An end at other observations, outwards and inwards."""
        if self.shares:
            return
        places = np.sort(x[self.inside(x)])
        low, high = filled.given("low"), filled.given("high")
        if self.low is None:
            for end in ends_beside(places, low):
                if end != low and end < high:
                    yield filled.filled({"low": end})
        if self.high is None:
            for end in ends_beside(places, high):
                if end != high and end > low:
                    yield filled.filled({"high": end})

    def stretched(self, filled: Self, x: Array) -> Self:
        """The ends that are blank moved outwards to these observations."""
        ends = {
            "low": min(filled.given("low"), float(x.min())),
            "high": max(filled.given("high"), float(x.max())),
        }
        return filled.filled({name: ends[name] for name in self.blanks})

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        return rng.uniform(self.given("low"), self.given("high"), n)

    def moments(self) -> tuple[float, float]:
        """E[x] = (low + high) / 2 and Var[x] = (high - low)^2 / 12."""
        low, high = self.given("low"), self.given("high")
        return 0.5 * low + 0.5 * high, (high - low) ** 2 / 12

    def _cdf(self, x: Array) -> Array:
        low, high = self.given("low"), self.given("high")
        return (np.clip(x, low, high) - low) / (high - low)

    def _sf(self, x: Array) -> Array:
        low, high = self.given("low"), self.given("high")
        return (high - np.clip(x, low, high)) / (high - low)

    def _quantile(self, q: Array) -> Array:
        low, high = self.given("low"), self.given("high")
        return low + q * (high - low)
