"""Lines, counts, and yes and no, by a linear predictor."""

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
from mixnotes.components.constraints import POSITIVE, Between, Scalar
from mixnotes.data.check import CollapseError
from mixnotes.families.design import Design
from mixnotes.families.discrete import (
    drawn_counts,
    log_factorial,
    log_ways,
)
from mixnotes.families.regression import Regression
from mixnotes.families.shared_lines import SharedLines
from mixnotes.families.totals import whole, with_totals
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.special import HALF_LOG_2_PI

_FLOOR = 1e-7  # an sd below this share of the target's range, of few rows, collapsed
_ROUNDING = 1e-12  # below this share any sd is rounding
_DIGITS = 1e-14  # of the target's size; what is below it is rounding
_STEPS = 100
_GAIN = 1e-14  # relative; a gain below it is rounding
_TOLD = 1e-6  # a variance of the target below which it is told without error
_ENDLESS = 20.0  # an intercept beyond it stands for an infinite one
_FLAT = 1e-12  # a mean variance of the target from which no step can be computed
_NOTHING = 1e-12  # of the largest weight; a row of less stands against nothing
Coefficient = Scalar


class LinearRegression(Regression):
    """LinearRegression(target, on): target ~ Normal(intercept + coef x, sd).

    The sd is that of maximum likelihood: no correction for degrees of freedom.

    Args:
        target: the name of the column that is explained.
        on: the names of the predictors, whose coefficients are then all blank; or each
            name with its coefficient: a number where it is known, None where it is
            blank, or `Shared`. A coefficient is in units of the target per unit of the
            predictor.
        intercept: the mean of the target where all predictors are 0, in its unit; blank
            if left out.
        sd: the standard deviation of the target about the line, above 0, in its unit;
            blank if left out.

    Examples:
        >>> import mixnotes as mx
        >>> geyser = mx.datasets.faithful()
        >>> line = mx.LinearRegression("waiting", ["eruptions"]).fit(geyser)
        >>> print(f"{line.intercept:.2f} + {line.coef['eruptions']:.2f} eruptions")
        33.47 + 10.73 eruptions
    """

    sd: Scalar
    """The standard deviation of the target about the line."""
    own = ("sd",)
    own_constraints = MappingProxyType({"sd": POSITIVE})
    target_support = "a finite number"

    def __init__(
        self,
        target: str,
        on: Sequence[str] | Mapping[str, Coefficient],
        intercept: Coefficient = None,
        sd: Scalar = None,
    ) -> None:
        value = sd if is_blank(sd) else POSITIVE.read(sd)
        if isinstance(sd, Component | Between):
            checked_belief("LinearRegression", "sd", sd, POSITIVE)
        if value is None and sd is not None:
            raise ValueError(
                f"LinearRegression: sd must be a number above 0, got {sd!r}; leave it "
                "out to have it learned"
            )
        super().__init__(target, on, intercept)
        self.__dict__["sd"] = value

    def predictor_unit(self, scales: Array) -> float:
        """That of the target."""
        return float(scales[0])

    def _target_inside(self, y: Array) -> NDArray[np.bool_]:
        return np.ones(len(y), dtype=bool)

    def log_density(self, y: Array) -> Callable[[Array, Self], Array]:
        """That of a normal about the line."""

        def log_prob(eta: Array, filled: Self) -> Array:
            sd: Any = filled.sd
            standard = (y - eta) / sd
            value: Array = -0.5 * standard * standard - math.log(sd) - HALF_LOG_2_PI
            return value

        return log_prob

    def _solve(self, y: Array, weight: Array, design: Design, start: Any) -> Any:
        found = design.solve(y - design.offset, weight)
        if not is_blank(self.sd):
            return found, {"sd": self.sd}
        residual = y - design.offset - design.matrix @ found
        sd = math.sqrt(float(weight @ residual**2) / float(weight.sum()))
        effective_n = float(weight.sum() ** 2 / (weight @ weight))
        few = effective_n < design.matrix.shape[1] + 2
        floor = (_FLOOR if few else _ROUNDING) * float(np.ptp(y))
        if not sd > max(floor, _DIGITS * float(np.abs(y).max())):
            raise CollapseError(
                f"LinearRegression collapsed: its line passes through the "
                f"{design.matrix.shape[1]} or so rows that carry it, and its sd "
                "shrank to 0; use fewer components, or share the sd: "
                'sd=Shared("sd")'
            )
        return found, {"sd": sd}

    def mean_of(self, eta: Array) -> Array:
        """eta itself."""
        return eta

    def _draw(self, eta: Array, rng: np.random.Generator) -> Array:
        return rng.normal(eta, self.sd)  # type: ignore[arg-type]


class Curve(Regression):
    """A regression whose coefficients are found by Newton's method: its log-likelihood
    is concave in them."""

    @abstractmethod
    def _variance_of(self, mean: Array) -> Array:
        """Var[target], shape (n,), from its mean, or what stands for it."""

    def _working(self, y: Array, mean: Array) -> tuple[Array, Array]:
        """The derivative of log_density in eta, and minus the second one as it is
        expected, both (n,)."""
        return y - mean, self._variance_of(mean)

    @abstractmethod
    def _level(self, mean: float) -> float:
        """The linear predictor eta that has this mean, kept within a finite range."""

    def _solve(self, y: Array, weight: Array, design: Design, start: Any) -> Any:
        point = self._first_line(y, weight, design, start)
        return self._newton(y, weight, design, point), {}

    def _first_line(self, y: Array, weight: Array, design: Design, start: Any) -> Array:
        """The blank coefficients of `start`, or those that say the mean."""
        if start is not None:
            return self._blank_line(start)
        point = np.zeros(design.matrix.shape[1])
        if design.constant:
            middle = float(np.average(y, weights=weight))
            point[0] = self._level(middle) - np.average(design.offset, weights=weight)
        return point

    def _newton(self, y: Array, weight: Array, design: Design, point: Array) -> Array:
        """The blank coefficients that Newton's method reaches from a point."""
        density = self.log_density(y)
        eta = design.offset + design.matrix @ point
        top = float(weight @ density(eta, self))
        for _ in range(_STEPS):
            gap, spread = self._working(y, self.mean_of(eta))
            level = weight @ spread / weight.sum()
            if not level > _FLAT:
                break
            against = np.abs(gap) > 2 * spread  # a step that suits it alone is too long
            spread = np.where(against, np.maximum(spread, _FLAT * level), spread)
            pull = np.divide(gap, spread, out=np.zeros_like(gap), where=spread > 0)
            try:
                step = design.solve(pull, weight * spread)
            except CollapseError:
                self._require_open(y, weight, design, eta)
                raise
            if weight @ (gap * (design.matrix @ step)) <= _GAIN * abs(top):
                point = point + step  # what is left to go, exact to rounding
                break
            for _ in range(_STEPS):
                ahead = design.offset + design.matrix @ (point + step)
                height = float(weight @ density(ahead, self))
                if height >= top:
                    break
                step = step / 2
            else:
                break
            top, point, eta = height, point + step, ahead
        self._require_open(y, weight, design, eta)
        return point

    def fitted_together(
        self, templates: Sequence[Self], x: Array, shares: Array, starts: Sequence[Self]
    ) -> list[Self] | None:
        """By Newton's method in all that is blank, of all of them at once, where these
        are coefficients of which nothing is believed."""
        alike = all(type(template) is type(self) for template in templates)
        if not alike or self.own or self.beside or any(t.told for t in templates):
            return None
        return SharedLines(templates, x, shares).climbed(starts)

    @property
    def limit(self) -> str:
        """In words, that the intercept has gone to infinity since all targets are
        alike; else "".
        """
        slopes = [v for v in self.coef.values() if isinstance(v, float)]
        level = self.intercept
        if len(slopes) < len(self.coef) or not isinstance(level, float):
            return ""
        alike = abs(level) > _ENDLESS and all(abs(v) <= _TOLD for v in slopes)
        return "an endless intercept, for all its targets are alike" if alike else ""

    def _require_open(
        self, y: Array, weight: Array, design: Design, eta: Array
    ) -> None:
        """Raise an error where coefficients are on their way to infinity: where the
        rows whose target is not predicted without error do not determine every
        coefficient.

        A component of one value alone may end there: a share or a rate of 0.
        """
        mean = self.mean_of(eta)
        spread = self._variance_of(mean)
        counts = weight > _NOTHING * weight.max()
        told = (spread <= _TOLD) & (np.abs(y - mean) <= 2 * spread + _TOLD)
        untold = counts & ~told
        told &= counts
        one_value = told.any() and np.ptp(y[told]) == 0
        if one_value and weight[untold].sum() < _TOLD * weight.sum():
            return
        if told.any() and not design.part(untold).determines():
            raise CollapseError(
                f"{type(self).__name__} collapsed: some combination of "
                f"{', '.join(design.names) or 'the intercept'} tells {self.target} "
                "without error, so that coefficients grow without end; use fewer "
                "components or predictors, or give a coefficient, such as 0"
            )


class PoissonRegression(Curve):
    """PoissonRegression(target, on): target ~ Poisson(exp(intercept + coef x)).

    For counts. Where each row was exposed for another time t, give log t the
    coefficient 1: `PoissonRegression("deaths", {"age": None, "log_t": 1.0})`.

    Args:
        target: the name of the column that is explained, counts.
        on: the names of the predictors, whose coefficients are then all blank; or each
            name with its coefficient: a number where it is known, None where it is
            blank, or `Shared`. exp(coefficient) is the factor by which the mean grows
            with one unit of the predictor.
        intercept: the logarithm of the mean where all predictors are 0; blank if left
            out.

    Examples:
        >>> import mixnotes as mx
        >>> calls = {"hour": [0.0, 1.0, 2.0, 3.0], "calls": [1.0, 2.0, 4.0, 8.0]}
        >>> line = mx.PoissonRegression("calls", ["hour"]).fit(calls)
        >>> line.expected({"hour": [4.0]}).round(3)
        array([16.])
    """

    discrete = True
    target_support = "whole numbers from 0 up"

    def _target_inside(self, y: Array) -> NDArray[np.bool_]:
        return whole(y)

    def log_density(self, y: Array) -> Callable[[Array, Self], Array]:
        """y eta - exp(eta) - log y!"""
        base = log_factorial(y)
        return lambda eta, filled: y * eta - np.exp(np.minimum(eta, 700)) - base

    def mean_of(self, eta: Array) -> Array:
        """exp(eta)."""
        rate: Array = np.exp(np.minimum(eta, 700))
        return rate

    def _variance_of(self, mean: Array) -> Array:
        return mean

    def _level(self, mean: float) -> float:
        return math.log(max(mean, 1e-3))

    def _draw(self, eta: Array, rng: np.random.Generator) -> Array:
        return drawn_counts(self.mean_of(eta), len(eta), rng)


class LogisticRegression(Curve):
    """LogisticRegression(target, on): P(target = 1) = 1 / (1 + exp(-eta)), where eta is
    intercept + coef x.

    For targets of 0 and 1. In a mixture one row a unit tells nothing of the components'
    shares: repeat the rows of a unit, or let the predictors vary.

    Args:
        target: the name of the column that is explained, 0 or 1.
        on: the names of the predictors, whose coefficients are then all blank; or each
            name with its coefficient: a number where it is known, None where it is
                blank, or `Shared`. A coefficient is the change of the log-odds with one
                unit of the predictor.
        intercept: the log-odds where all predictors are 0; blank if left out.

    Examples:
        >>> import mixnotes as mx
        >>> exam = {"hours": [1.0, 2.0, 3.0, 4.0, 5.0], "passed": [0, 0, 1, 0, 1]}
        >>> line = mx.LogisticRegression("passed", ["hours"]).fit(exam)
        >>> line.expected({"hours": [1.0, 5.0]}).round(3)
        array([0.057, 0.826])
    """

    discrete = True
    target_support = "0 or 1"

    def _target_inside(self, y: Array) -> NDArray[np.bool_]:
        return np.isin(y, (0.0, 1.0))

    def log_density(self, y: Array) -> Callable[[Array, Self], Array]:
        """y eta - log(1 + exp(eta))."""
        return lambda eta, filled: y * eta - np.logaddexp(0, eta)

    def mean_of(self, eta: Array) -> Array:
        """1 / (1 + exp(-eta))."""
        p: Array = 0.5 * (1 + np.tanh(0.5 * eta))
        return p

    def _variance_of(self, mean: Array) -> Array:
        return mean * (1 - mean)

    def _level(self, mean: float) -> float:
        share = min(max(mean, 1e-3), 1 - 1e-3)
        return math.log(share / (1 - share))

    def _draw(self, eta: Array, rng: np.random.Generator) -> Array:
        return rng.binomial(1, self.mean_of(eta)).astype(np.float64)


class BinomialRegression(LogisticRegression):
    """BinomialRegression(target, on, n): target ~ Binomial(n, 1 / (1 + exp(-eta))),
    where eta is intercept + coef x and n is a column.

    For how many of each row's own number of trials succeeded: deaths among patients,
    clicks among views.

    Args:
        target: the name of the column that is explained, how many succeeded.
        on: the names of the predictors, whose coefficients are then all blank; or each
            name with its coefficient: a number where it is known, None where it is
            blank, or `Shared`. A coefficient is the change of the log-odds with one
            unit of the predictor.
        n: the name of the column of how many trials a row had.
        intercept: the log-odds where all predictors are 0; blank if left out.

    Examples:
        >>> import mixnotes as mx
        >>> ward = {"deaths": [3, 14, 11], "patients": [39, 116, 93], "drug": [0, 0, 1]}
        >>> line = mx.BinomialRegression("deaths", ["drug"], "patients").fit(ward)
        >>> line.expected({"drug": [1.0], "patients": [93.0]}).round(3)
        array([11.])
    """

    target_support = "a whole number from 0 to its number of trials, which is 1 or more"
    beside = ("n",)
    target_fill = (0.0, 1.0)
    n: str
    """The column of how many trials a row had."""

    def __init__(
        self,
        target: str,
        on: Sequence[str] | Mapping[str, Coefficient],
        n: str,
        intercept: Coefficient = None,
    ) -> None:
        names = (target, *on)
        if not isinstance(n, str) or not n or n in names:
            raise ValueError(
                "BinomialRegression: n must be the name of a column of its own, how "
                f"many trials a row had, got {n!r:.80}"
            )
        self.__dict__["n"] = n
        super().__init__(target, on, intercept)

    def _target_inside(self, y: Array) -> NDArray[np.bool_]:
        return with_totals(y)

    def log_density(self, y: Array) -> Callable[[Array, Self], Array]:
        """That of a binomial."""
        hits, trials = y.T
        base = log_ways(hits, trials)

        def log_prob(eta: Array, filled: Self) -> Array:
            return hits * eta - trials * np.logaddexp(0, eta) + base

        return log_prob

    def _solve(self, y: Array, weight: Array, design: Design, start: Any) -> Any:
        hits, trials = y.T
        plain = LogisticRegression(self.target, self.coef, self.intercept)
        return plain._solve(hits / trials, weight * trials, design, start)

    def _expected(self, x: Array) -> Array:
        return x[:, -1] * super()._expected(x)

    def _drawn(self, x: Array, rng: np.random.Generator) -> Array:
        p = self.mean_of(self.predictor(x))
        return rng.binomial(x[:, -1].astype(np.int64), p).astype(np.float64)
