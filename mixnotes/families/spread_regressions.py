"""Regressions with a parameter beside the line: counts that scatter, what is above 0,
and lines with outliers.

The line and what is beside it are learned in turn, each the best beside the other, so
that no round lowers the likelihood.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mixnotes.components.belief import checked_belief, is_blank
from mixnotes.components.component import Component
from mixnotes.components.constraints import (
    POSITIVE,
    SHAPE,
    UP_TO_INFINITY,
    Between,
    Scalar,
)
from mixnotes.data.check import CollapseError
from mixnotes.families.counts import rising
from mixnotes.families.design import Design
from mixnotes.families.discrete import drawn_counts, log_factorial
from mixnotes.families.regression import Regression
from mixnotes.families.regressions import Curve
from mixnotes.families.totals import whole
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.ascent import up_to_a_limit
from mixnotes.numeric.special import (
    HALF_LOG_2_PI,
    log_gamma,
    log_gamma_ratio_of,
    log_less_digamma,
    trigamma,
)

_ROUNDS = 500  # of the line and what is beside it, without a start
_FEW = 5  # and from one, as EM comes again
_STILL = 1e-13  # relative; a round that gains less is the last
_GUESSES = np.array([1e-4, 0.01, 0.1, 1.0, 10.0])
_SHARPEST = 1e12  # a shape beyond it is a line through all that carries it
_NARROWEST = 1e-9  # of the range of the target; a scale below it, likewise


class _InTurn(Regression):
    """A regression whose line and own parameters are learned in turn."""

    def _take_own(self, **values: Any) -> None:
        """Check the parameters beside the line."""
        name = type(self).__name__
        for own, value in values.items():
            constraint = self.own_constraints[own]
            if isinstance(value, Component | Between):
                checked_belief(name, own, value, constraint)
            proper = value if is_blank(value) else constraint.read(value)
            if proper is None and value is not None:
                raise ValueError(
                    f"{name}: {own} must be {constraint.words}, got {value!r:.80}; "
                    "leave it out to have it learned"
                )
            self.__dict__[own] = proper

    @abstractmethod
    def _first(
        self, y: Array, weight: Array, design: Design, start: Any
    ) -> tuple[Array, dict[str, float]]:
        """The blank coefficients and all own parameters to begin from."""

    @abstractmethod
    def _beside(
        self, y: Array, weight: Array, eta: Array, own: dict[str, float]
    ) -> dict[str, float]:
        """The blank own parameters that are best beside a line."""

    @abstractmethod
    def _line(
        self,
        y: Array,
        weight: Array,
        design: Design,
        point: Array,
        own: dict[str, float],
    ) -> Array:
        """Coefficients that are no worse, beside these own parameters."""

    def _solve(self, y: Array, weight: Array, design: Design, start: Any) -> Any:
        density = self.log_density(y)
        point, own = self._first(y, weight, design, start)
        top = -np.inf
        for _ in range(_ROUNDS if start is None else _FEW):
            eta = design.offset + design.matrix @ point
            own = own | self._beside(y, weight, eta, own)
            point = self._line(y, weight, design, point, own)
            eta = design.offset + design.matrix @ point
            height = float(weight @ density(eta, self._with(**own)))
            if not height - top > _STILL * abs(height):
                break
            top = height
        return point, own


class NegativeBinomialRegression(_InTurn, Curve):
    """NegativeBinomialRegression(target, on): target ~ NegativeBinomial with mean
    exp(intercept + coef x) and this size; its variance is mean + mean^2 / size.

    For counts that vary more about their curve than a Poisson's. size = inf is the
    Poisson, and a fit that ends there says so.

    Source: Hilbe (2011), Negative Binomial Regression, NB2.

    Args:
        target: the name of the column that is explained, counts.
        on: the names of the predictors, whose coefficients are then all blank; or each
            name with its coefficient: a number where it is known, None where it is
            blank, or `Shared`. exp(coefficient) is the factor by which the mean grows
            with one unit of the predictor.
        intercept: the logarithm of the mean where all predictors are 0; blank if left
            out.
        size: above 0, infinity included, no unit; blank if left out. R calls it theta.

    Examples:
        >>> import mixnotes as mx
        >>> calls = {"hour": [0, 1, 2, 3, 4, 5], "calls": [1, 4, 2, 12, 9, 41]}
        >>> line = mx.NegativeBinomialRegression("calls", ["hour"]).fit(calls)
        >>> print(f"size {line.size:.2f}, {line.coef['hour']:.3f} an hour")
        size 12.48, 0.672 an hour
    """

    discrete = True
    target_support = "whole numbers from 0 up"
    own = ("size",)
    own_constraints = MappingProxyType({"size": UP_TO_INFINITY})
    size: Any
    """The shape of the gamma by which rates vary."""

    def __init__(
        self,
        target: str,
        on: Sequence[str] | Mapping[str, Scalar],
        intercept: Scalar = None,
        size: Scalar = None,
    ) -> None:
        super().__init__(target, on, intercept)
        self._take_own(size=size)

    @property
    def limit(self) -> str:
        """The Poisson, where size is infinite."""
        return "size = inf, a Poisson" if self.size == math.inf else super().limit

    def _target_inside(self, y: Array) -> NDArray[np.bool_]:
        return whole(y)

    def log_density(self, y: Array) -> Callable[[Array, Self], Array]:
        """That of a negative binomial about the curve."""
        base = log_factorial(y)

        def log_prob(eta: Array, filled: Self) -> Array:
            eta = np.minimum(eta, 700)
            return _nb_log_prob(y, eta, np.exp(eta), filled.size) - base

        return log_prob

    def mean_of(self, eta: Array) -> Array:
        """exp(eta)."""
        mean: Array = np.exp(np.minimum(eta, 700))
        return mean

    def _variance_of(self, mean: Array) -> Array:
        return mean

    def _working(self, y: Array, mean: Array) -> tuple[Array, Array]:
        more = 1 + mean / self.size
        return (y - mean) / more, mean / more

    def _level(self, mean: float) -> float:
        return math.log(max(mean, 1e-3))

    def _first(
        self, y: Array, weight: Array, design: Design, start: Any
    ) -> tuple[Array, dict[str, float]]:
        point = self._first_line(y, weight, design, start)
        if not is_blank(self.size):
            return point, {"size": self.size}
        if start is not None:
            return point, {"size": start.size}
        own = {"size": math.inf}
        return self._line(y, weight, design, point, own), own

    def _beside(
        self, y: Array, weight: Array, eta: Array, own: dict[str, float]
    ) -> dict[str, float]:
        if not is_blank(self.size):
            return {}
        share, mean = weight / weight.sum(), self.mean_of(eta)
        square = float(share @ (mean * mean))
        if not square > 0:
            return {"size": math.inf}

        def height(t: float) -> float:
            size = 1 / t if t else math.inf
            return float(share @ _nb_log_prob(y, eta, mean, size))

        middle = float(share @ mean)
        excess = max(float(share @ (y - mean) ** 2) - middle, 0.01 * middle)
        t = up_to_a_limit(height, 1 / own["size"], excess / square * _GUESSES)
        return {"size": math.inf if t * middle <= 1e-12 else 1 / t}

    def _line(
        self,
        y: Array,
        weight: Array,
        design: Design,
        point: Array,
        own: dict[str, float],
    ) -> Array:
        return self._with(**own)._newton(y, weight, design, point)

    def _draw(self, eta: Array, rng: np.random.Generator) -> Array:
        mean = self.mean_of(eta)
        if self.size < math.inf:
            mean = mean * rng.gamma(self.size, 1 / self.size, len(eta))
        return drawn_counts(mean, len(eta), rng)


def _nb_log_prob(y: Array, eta: Array, mean: Array, size: float) -> Array:
    """The log-probability but for -log y!"""
    powers: Array = y * eta
    if size == math.inf:
        return powers - mean
    return rising(size, y) + powers - (size + y) * np.log1p(mean / size)


class GammaRegression(_InTurn, Curve):
    """GammaRegression(target, on): target ~ Gamma with mean exp(intercept + coef x) and
    this shape; its sd is mean / sqrt(shape).

    For what is above 0 and scatters in proportion to its mean: costs, waits, rainfall.

    Source: McCullagh and Nelder (1989), Generalized Linear Models, chapter 8.

    Args:
        target: the name of the column that is explained, above 0.
        on: the names of the predictors, whose coefficients are then all blank; or each
            name with its coefficient: a number where it is known, None where it is
            blank, or `Shared`. exp(coefficient) is the factor by which the mean grows
            with one unit of the predictor.
        intercept: the logarithm of the mean where all predictors are 0; blank if left
            out.
        shape: above 0, no unit; blank if left out.

    Examples:
        >>> import mixnotes as mx
        >>> cost = {"size": [1, 2, 3, 4, 5], "cost": [2.0, 4.5, 7.0, 17.0, 30.0]}
        >>> line = mx.GammaRegression("cost", ["size"]).fit(cost)
        >>> line.expected({"size": [6.0]}).round(1)
        array([60.5])
    """

    target_support = "a number above 0"
    target_fill = 1.0
    own = ("shape",)
    own_constraints = MappingProxyType({"shape": SHAPE})
    shape: Any
    """How little the target scatters: 1 / shape is its squared sd over its mean."""

    def __init__(
        self,
        target: str,
        on: Sequence[str] | Mapping[str, Scalar],
        intercept: Scalar = None,
        shape: Scalar = None,
    ) -> None:
        super().__init__(target, on, intercept)
        self._take_own(shape=shape)

    limit = ""

    def _target_inside(self, y: Array) -> NDArray[np.bool_]:
        inside: NDArray[np.bool_] = y > 0
        return inside

    def log_density(self, y: Array) -> Callable[[Array, Self], Array]:
        """That of a gamma about the curve."""
        logs = np.log(y)

        def log_prob(eta: Array, filled: Self) -> Array:
            k: Any = filled.shape
            above = logs - eta  # log of y / mean
            ratio = np.exp(np.minimum(above, 700))
            value: Array = k * (above - ratio) - logs
            return value + (k * math.log(k) - float(log_gamma(k)))

        return log_prob

    def mean_of(self, eta: Array) -> Array:
        """exp(eta)."""
        mean: Array = np.exp(np.clip(eta, -700, 700))
        return mean

    def _variance_of(self, mean: Array) -> Array:
        return np.ones_like(mean)

    def _working(self, y: Array, mean: Array) -> tuple[Array, Array]:
        return y / mean - 1, np.ones_like(mean)

    def _level(self, mean: float) -> float:
        return math.log(mean)

    def _require_open(
        self, y: Array, weight: Array, design: Design, eta: Array
    ) -> None:
        """No coefficient goes to infinity: each target is above 0."""

    def _first(
        self, y: Array, weight: Array, design: Design, start: Any
    ) -> tuple[Array, dict[str, float]]:
        point = self._first_line(y, weight, design, start)
        known = self if not is_blank(self.shape) else start
        own = {"shape": 1.0 if known is None else known.shape}
        return self._line(y, weight, design, point, own), own

    def _beside(
        self, y: Array, weight: Array, eta: Array, own: dict[str, float]
    ) -> dict[str, float]:
        if not is_blank(self.shape):
            return {}
        above = np.log(y) - eta
        excess = float(weight @ (np.expm1(above) - above) / weight.sum())
        if not excess * _SHARPEST > 1:
            raise CollapseError(
                "GammaRegression collapsed: its curve passes through all rows that "
                "carry it, and its shape grew without bound; use fewer components, or "
                'share the shape: shape=Shared("shape")'
            )
        return {"shape": shape_of(excess)}

    def _line(
        self,
        y: Array,
        weight: Array,
        design: Design,
        point: Array,
        own: dict[str, float],
    ) -> Array:
        return self._with(shape=1.0)._newton(y, weight, design, point)

    def _draw(self, eta: Array, rng: np.random.Generator) -> Array:
        return rng.gamma(self.shape, self.mean_of(eta) / self.shape)


def shape_of(excess: float) -> float:
    """The shape k with log k - digamma(k) = excess, above 0, by Newton on log k."""
    k = (3 - excess + math.sqrt((excess - 3) ** 2 + 24 * excess)) / (12 * excess)
    for _ in range(60):
        gap = float(log_less_digamma(k)) - excess
        step = gap / (k * float(trigamma(k)) - 1)
        k *= math.exp(min(max(step, -2.0), 2.0))
        if abs(step) < 1e-15:
            break
    return k


class StudentTRegression(_InTurn):
    """StudentTRegression(target, on): target ~ StudentT(df, intercept + coef x, scale).

    A line that outliers do not move. df = inf is a `LinearRegression`, and a fit that
    ends there says so.

    Source: Lange, Little and Taylor (1989); Liu and Rubin (1995), ECME.

    Args:
        target: the name of the column that is explained.
        on: the names of the predictors, whose coefficients are then all blank; or each
            name with its coefficient: a number where it is known, None where it is
            blank, or `Shared`. A coefficient is in units of the target per unit of the
            predictor.
        intercept: the middle where all predictors are 0; blank if left out.
        df: degrees of freedom, above 0, infinity included; blank if left out.
        scale: the scale about the line, above 0, in the unit of the target; blank if
            left out.

    Examples:
        >>> import mixnotes as mx
        >>> line = {"x": [0, 1, 2, 3, 4, 5], "y": [0.1, 0.9, 2.1, 2.9, 4.1, 50.0]}
        >>> robust = mx.StudentTRegression("y", ["x"], df=2.0).fit(line)
        >>> print(f"{robust.coef['x']:.2f}")
        1.00
    """

    target_support = "a finite number"
    own = ("df", "scale")
    own_constraints = MappingProxyType({"df": UP_TO_INFINITY, "scale": POSITIVE})
    df: Any
    """Degrees of freedom."""
    scale: Any
    """The scale about the line."""

    def __init__(
        self,
        target: str,
        on: Sequence[str] | Mapping[str, Scalar],
        intercept: Scalar = None,
        df: Scalar = None,
        scale: Scalar = None,
    ) -> None:
        super().__init__(target, on, intercept)
        self._take_own(df=df, scale=scale)

    @property
    def limit(self) -> str:
        """The normal, where df is infinite."""
        return "df = inf, a LinearRegression" if self.df == math.inf else ""

    def predictor_unit(self, scales: Array) -> float:
        """That of the target."""
        return float(scales[0])

    def _target_inside(self, y: Array) -> NDArray[np.bool_]:
        return np.ones(len(y), dtype=bool)

    def log_density(self, y: Array) -> Callable[[Array, Self], Array]:
        """That of a t about the line."""

        def log_prob(eta: Array, filled: Self) -> Array:
            square = ((y - eta) / filled.scale) ** 2
            return _t_log_prob(square, filled.df) - math.log(filled.scale)

        return log_prob

    def mean_of(self, eta: Array) -> Array:
        """eta itself."""
        return eta

    def _first(
        self, y: Array, weight: Array, design: Design, start: Any
    ) -> tuple[Array, dict[str, float]]:
        own = {n: getattr(self, n) for n in self.own if not is_blank(getattr(self, n))}
        if start is not None:
            return self._blank_line(start), {"df": start.df, "scale": start.scale} | own
        point = design.solve(y - design.offset, weight)
        rest = np.abs(y - design.offset - design.matrix @ point)
        middle = float(weight @ rest / weight.sum())
        return point, {"df": 5.0, "scale": middle or 1.0} | own

    def _beside(
        self, y: Array, weight: Array, eta: Array, own: dict[str, float]
    ) -> dict[str, float]:
        share, rest = weight / weight.sum(), (y - eta) ** 2
        found = dict(own)
        if is_blank(self.scale):
            u = _t_weights(rest / own["scale"] ** 2, own["df"])
            found["scale"] = math.sqrt(float(share @ (u * rest) / (share @ u)))
            few = float(weight.sum() ** 2 / (weight @ weight)) < len(self.coef) + 3
            floor = (1e-7 if few else _NARROWEST) * float(np.ptp(y))
            if not found["scale"] > floor:
                raise CollapseError(
                    "StudentTRegression collapsed: its line passes through the rows "
                    "that carry it, and its scale shrank to 0; use fewer components, "
                    'or share the scale: scale=Shared("scale")'
                )
        if is_blank(self.df):
            square = rest / found["scale"] ** 2

            def height(t: float) -> float:
                return float(share @ _t_log_prob(square, 1 / t if t else math.inf))

            t = up_to_a_limit(height, 1 / own["df"], 0.2 * _GUESSES)
            found["df"] = 1 / t if t > 1e-12 else math.inf
        return found

    def _line(
        self,
        y: Array,
        weight: Array,
        design: Design,
        point: Array,
        own: dict[str, float],
    ) -> Array:
        rest = (y - design.offset - design.matrix @ point) / own["scale"]
        u = _t_weights(rest * rest, own["df"])
        return design.solve(y - design.offset, weight * u)

    def _draw(self, eta: Array, rng: np.random.Generator) -> Array:
        if self.df == math.inf:
            return rng.normal(eta, self.scale)
        return eta + self.scale * rng.standard_t(self.df, len(eta))


def _t_weights(square: Array, df: float) -> Array:
    """How much each row counts, by its squared distance."""
    if df == math.inf:
        return np.ones_like(square)
    weights: Array = (df + 1) / (df + square)
    return weights


def _t_log_prob(square: Array, df: float) -> Array:
    """The log-density of a standard t at squared distances."""
    if df == math.inf:
        return -0.5 * square - HALF_LOG_2_PI
    constant = log_gamma_ratio_of(0.5 * df, 0.5) - HALF_LOG_2_PI
    value: Array = constant - 0.5 * (df + 1) * np.log1p(square / df)
    return value
