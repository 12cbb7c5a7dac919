"""The beta distribution, on (0, 1)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mixnotes.components.constraints import SHAPE, Scalar, parameter
from mixnotes.components.exponential import (
    ExponentialFamily,
    Tie,
    Values,
    with_defaults,
)
from mixnotes.data.check import CollapseError
from mixnotes.families.dirichlet import _alpha_of, _dirichlet_height, _with_sum
from mixnotes.families.joint import variables
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.newton import Slopes, newton
from mixnotes.numeric.special import digamma, log_gamma, scipy_functions, trigamma

_WIDE = 1e3  # a power of 1 - x that leaves its digits
_NARROW = 1e-11  # a relative variance below it is rounding of the mean statistics


@dataclass(frozen=True, repr=False, eq=False)
class Beta(ExponentialFamily):
    """Beta(a, b) on 0 < x < 1: p(x) = x^(a - 1) (1 - x)^(b - 1) / B(a, b).

    Shares and rates. For a share that can be exactly 0 or 1, take a mixture with
    `PointMass`.

    Source: Minka (2000), Estimating a Dirichlet distribution.

    Args:
        a: the power of x plus 1, above 0, no unit; blank if left out.
        b: the power of 1 - x plus 1, above 0, no unit; blank if left out.

    Examples:
        >>> import mixnotes as mx
        >>> shares = [0.12, 0.35, 0.41, 0.58, 0.29]
        >>> beta = mx.Beta().fit(shares)
        >>> print(f"a = {beta.a:.2f}, b = {beta.b:.2f}")
        a = 3.08, b = 5.78
    """

    a: Scalar = parameter(SHAPE)
    b: Scalar = parameter(SHAPE)

    support = "numbers above 0 and below 1"
    ends = (0.0, 1.0)
    fill_value = 0.5

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

    def learn(self, weight: Array, means: Array, tie: Tie) -> Values:
        """digamma(a) - digamma(a + b) = mean log x, and so for b, by Newton."""
        means = with_defaults(means, weight, (-1.5, -1.5))
        total = np.exp(means).sum(axis=0)
        learned = ~np.any([tie.is_given(n, len(weight)) for n in ("a", "b")], axis=0)
        if (fallen := learned & (1 - total <= _NARROW)).any():
            at = float(np.exp(means[0][int(np.argmax(fallen))]))
            raise CollapseError(
                f"Beta collapsed on x = {at:g}: a and b grew without bound; give one "
                "of them, or use fewer components"
            )
        if tie.nothing:
            a, b = _alpha_of(means.T).T
            return {"a": a, "b": b}
        return _beta_of(means, weight, tie)

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
        betainc, betaincc = scipy_functions("special", "betainc", "betaincc")

        a, b, x = self.given("a"), self.given("b"), np.clip(x, 0, 1)
        found = np.asarray(1 - betainc(a, b, x))
        small = found < 0.5  # where the difference would lose its digits
        # betaincc takes much longer, and the rounding of 1 - x costs b of it.
        high = (x >= 0.5) | (b < _WIDE)
        found[small & high] = betainc(b, a, 1 - x[small & high])
        found[small & ~high] = betaincc(a, b, x[small & ~high])
        return found

    def _quantile(self, q: Array) -> Array:
        (betaincinv,) = scipy_functions("special", "betaincinv")

        return betaincinv(self.given("a"), self.given("b"), q)


def _selection(k: int, tie: Tie) -> Array:
    """select[v, i, k] is 1 where free number v is parameter i of component k, else 0;
    shape (free, 2, K).
    """
    owner = np.full((2, k), -1)
    count = 0
    for row, name in enumerate("ab"):
        where = variables(name, k, tie)
        owner[row] = np.where(where >= 0, where + count, -1)
        count = max(count, int(owner[row].max()) + 1)
    free = owner >= 0
    select = np.zeros((count, 2, k))
    select[owner[free], *np.nonzero(free)] = 1.0
    return select


def _beta_of(means: Array, weight: Array, tie: Tie) -> Values:
    """a and b of K components where some are given or shared, by Newton steps in all
    that is free; the log-likelihood is concave in them."""
    share, select = weight / weight.sum(), _selection(len(weight), tie)
    count = len(select)
    begin = np.array([tie(name, np.ones(len(weight)), weight) for name in "ab"])
    if not count:
        return {"a": begin[0], "b": begin[1]}
    known = np.where(select.any(axis=0), 0.0, begin)

    def placed(at: Array) -> Array:
        found: Array = known + np.einsum("v,vik->ik", at, select)
        return found

    def height(at: Array) -> float:
        alpha = placed(at)
        if not (alpha > 0).all():
            return -math.inf
        return float(share @ _dirichlet_height(alpha.T, means.T))

    def slopes(at: Array) -> Slopes:
        both = _with_sum(placed(at).T).T
        first, second = digamma(both), share * trigamma(both)
        aside = share * (means - first[:2] + first[2])
        summed = select.sum(axis=1)
        curve = (summed * second[2]) @ summed.T
        curve -= np.einsum("vik,uik,ik->vu", select, select, second[:2])
        return Slopes(select.reshape(count, -1) @ aside.ravel(), curve)

    a, b = placed(newton(height, slopes, np.ones(count)))
    return {"a": a, "b": b}
