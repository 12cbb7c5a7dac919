"""Counts among trials whose probabilities vary from row to row: beta-binomial and
Dirichlet-multinomial.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from mixnotes.components.constraints import (
    POSITIVE_VECTOR,
    SHAPE,
    Scalar,
    Shared,
    parameter,
)
from mixnotes.data.check import as_count
from mixnotes.families.discrete import log_factorial
from mixnotes.families.rows import (
    remembering_d,
    state_without_d,
)
from mixnotes.families.search import Stepped
from mixnotes.families.totals import RowTotals, WithTotals
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.ascent import ascend
from mixnotes.numeric.special import digamma, log_gamma_ratio, trigamma

_STEPS = 500
_STILL = 1e-12  # relative; a smaller step is the last
_GAIN = 1e-14  # relative; a step that gains less is rounding
_HALVINGS = 12
_FAR, _LEVEL = 1e4, 1e-10  # where an endless alpha is tried, and is as good; or 1 / it
_LEAST = 1e-30  # an alpha that stands for 0: of counts that never come
_ENDLESS = 1e8  # the sum of alpha from which the shares no longer vary; 1 / it, from
# which they are all 0 but one


class Table:
    """The distinct counts of each column of some rows, and of their sums."""

    def __init__(self, columns: Sequence[Any]) -> None:
        found: Any = [np.unique(np.asarray(c), return_inverse=True) for c in columns]
        self.values = [values for values, _ in found]
        self.where = [where for _, where in found]

    def weighed(self, weight: Array) -> list[Any]:
        """The weight of each distinct count."""
        pairs = zip(self.values, self.where, strict=True)
        return [np.bincount(where, weight, len(values)) for values, where in pairs]


def _rises(alpha: float, values: Array) -> Array:
    """log of alpha (alpha + 1) ... (alpha + count - 1), for each count."""
    return log_gamma_ratio(alpha, values) + values * math.log(alpha)


def log_prob_of(alpha: Array, table: Table) -> Array:
    """The log-probability of rows but for the ways to order them, (n,)."""
    total: Any = 0.0
    for a, values, where in zip(alpha, table.values, table.where, strict=False):
        total = total + _rises(float(a), values)[where]
    fall: Array = _rises(float(alpha.sum()), table.values[-1])[table.where[-1]]
    return total - fall


class _Climb:
    """The weighted log-likelihood of alpha, and steps up it."""

    def __init__(self, table: Table, weight: Array) -> None:
        self.values, self.weights = table.values, table.weighed(weight)

    def height(self, alpha: Array) -> float:
        """The weighted log-likelihood, but for what does not depend on alpha."""
        sums = [*alpha.tolist(), float(alpha.sum())]
        each = [
            float(w @ _rises(a, v))
            for a, v, w in zip(sums, self.values, self.weights, strict=True)
        ]
        return sum(each[:-1]) - each[-1]

    def _gains(self, a: float, k: int) -> tuple[float, float]:
        """The first and second derivatives of one term."""
        values, weights = self.values[k], self.weights[k]
        first = weights @ (digamma(a + values) - digamma(a))
        return float(first), float(weights @ (trigamma(a + values) - trigamma(a)))

    def step(self, alpha: Array) -> tuple[Array, Array]:
        """Where Newton's step leads, and where one leads that never falls (Minka 2000,
        equation 55)."""
        each = [self._gains(float(a), j) for j, a in enumerate(alpha)]
        first, bend = map(np.array, zip(*each, strict=True))
        fall, curve = self._gains(float(alpha.sum()), len(alpha))
        come = first > 0  # counts of the others are 0 in all rows
        slope, inverse = first - fall, np.zeros(len(alpha))
        with np.errstate(all="ignore"):  # far out a difference may be 0
            inverse[come] = 1 / bend[come]
            shift = (slope * inverse).sum() / (np.divide(-1, curve) + inverse.sum())
            newton = alpha - (slope - shift) * inverse
            sure = alpha * np.divide(first, fall)
        sure = np.maximum(np.where(np.isfinite(sure), sure, alpha), _LEAST)
        bounded = np.clip(newton, np.maximum(alpha / 10, _LEAST), alpha * 10)
        return np.where(come & np.isfinite(newton), bounded, sure), sure

    def top(self, alpha: Array, steps: int = _STEPS) -> Array:
        """The alpha to which steps lead, or an endless one, or one of nearly 0."""
        here = self.height(alpha)
        for _ in range(steps):
            newton, sure = self.step(alpha)
            ahead, height = self._rise(alpha, newton, here)
            if height <= here:  # or a sum of alpha of another size
                others = [sure, np.maximum(alpha / 10, _LEAST), 10 * alpha]
                height, best = max((self.height(a), k) for k, a in enumerate(others))
                ahead = others[best]
            moved = float((np.abs(ahead - alpha) / alpha).max())
            if height > here:
                alpha = ahead
            if not height - here > _GAIN * abs(here) or moved < _STILL:
                break
            here = height
            if alpha.sum() >= _ENDLESS:
                break
        for far, limit in (
            (alpha.sum() > _FAR, _ENDLESS),
            (alpha.sum() < 1 / _FAR, 1 / _ENDLESS),
        ):
            there = np.maximum(alpha * (limit / alpha.sum()), _LEAST)
            if far and self.height(there) >= here - _LEVEL * abs(here):
                return there
        return alpha

    def _rise(self, alpha: Array, target: Array, here: float) -> tuple[Array, float]:
        """The first place on the way back from the target that is higher."""
        for k in range(_HALVINGS):
            place = np.maximum(alpha + (target - alpha) / 2**k, _LEAST)
            height = self.height(place)
            if height > here:
                return place, height
        return alpha, here


def _limit(total: float, endless: str, none: str) -> str:
    """What the distribution is the limit of, by the sum of alpha, in words."""
    if total >= 0.99 * _ENDLESS:
        return endless
    return none if total <= 1.01 / _ENDLESS else ""


def _first_alpha(shares: Array, weight: Array) -> Array:
    """Moments: the mean shares, and how much they vary."""
    mean = np.maximum(weight @ shares / weight.sum(), 1e-6)
    mean /= mean.sum()
    spread = float((weight @ (shares - mean) ** 2).sum() / weight.sum())
    whole = float((mean * (1 - mean)).sum())
    found: Array = mean * min(max(whole / max(spread, 1e-9) - 1, 0.5), 1e4)
    return found


@dataclass(frozen=True, repr=False, eq=False)
class BetaBinomial(WithTotals, Stepped):
    """BetaBinomial(n, a, b): how many of n trials succeed, where the probability is
    itself a draw from Beta(a, b).

    For shares that vary more than a binomial's: litters, wards, sequencing reads.
    `scipy.stats.betabinom(n, a, b)` is the same. Where data vary no more than a
    binomial's a and b are endless, and the fit says so.

    Source: Minka (2000), Estimating a Dirichlet distribution, section 4.

    Args:
        n: trials an observation, a whole number above 0; or the name of a column that
            holds them.
        a: above 0, no unit; blank if left out.
        b: above 0, no unit; blank if left out.
        target: the name of the column of successes, where n is one; if left out it is
            the only other column of the data, or the key in a `Product`.

    Examples:
        >>> import mixnotes as mx
        >>> litter = mx.BetaBinomial(10).fit([0, 1, 2, 2, 5, 9, 10, 4])
        >>> print(f"a {litter.a:.2f}, b {litter.b:.2f}")
        a 0.62, b 0.78
    """

    discrete = True
    n: int | str
    a: Scalar = parameter(SHAPE)
    b: Scalar = parameter(SHAPE)
    target: str | None = None

    def __post_init__(self) -> None:
        self._check_totals()
        super().__post_init__()

    @property
    def support(self) -> str:  # type: ignore[override]
        """The support in words."""
        return self.words

    @property
    def limit(self) -> str:
        """The binomial, where a and b are endless."""
        return (
            ""
            if self.blanks
            else _limit(
                self.given("a") + self.given("b"),
                "a and b endless, a Binomial",
                "a and b 0, where all trials of a row end alike",
            )
        )

    def prepare(self, x: Array) -> tuple[Table, Array]:
        """The distinct counts, and the log of n over x."""
        hits, trials = self.split(x)
        misses = trials - hits
        total = hits + misses
        ways = log_factorial(total) - log_factorial(hits) - log_factorial(misses)
        return Table([hits, misses, total]), ways

    def density(self, prepared: tuple[Table, Array]) -> Array:
        """log of n over x, and B(x + a, n - x + b) / B(a, b)."""
        table, ways = prepared
        return log_prob_of(np.array([self.given("a"), self.given("b")]), table) + ways

    def _search(
        self, x: Array, weight: Array, start: Self | None, extent: Any
    ) -> dict[str, Any]:
        hits, trials = self.split(x)
        climb = _Climb(Table([hits, trials - hits, hits + (trials - hits)]), weight)
        shares = np.array([hits / trials, 1 - hits / trials]).T
        alpha = _first_alpha(shares, weight)
        if start is not None:
            alpha = np.array([start.given("a"), start.given("b")])
        free = [j for j, name in enumerate(("a", "b")) if self._is_blank(name)]
        if len(free) == 2:
            a, b = climb.top(alpha, _STEPS if start is None else 1).tolist()
            return {"a": a, "b": b}
        known = np.array([0.0 if self._is_blank(n) else self.given(n) for n in "ab"])
        total = float(weight.sum())

        def height(line: Array) -> float:
            if not abs(line[0]) < 40:
                return -np.inf
            known[free[0]] = math.exp(line[0])
            return climb.height(known) / total

        top = ascend(height, np.log(alpha[free]))
        return {"ab"[free[0]]: math.exp(top.place[0])}

    def rank(self) -> tuple[float, ...]:
        """The mean share, then a."""
        a, b = self.given("a"), self.given("b")
        return a / (a + b), a

    def _draw(self, trials: Any, rng: np.random.Generator) -> Array:
        p = rng.beta(self.given("a"), self.given("b"), len(trials))
        return rng.binomial(trials, p).astype(np.float64)

    def moments(self) -> tuple[float, float]:
        """E[x] = n p and Var[x] = n p (1 - p) (a + b + n) / (a + b + 1), with p = a /
        (a + b)."""
        a, b, n = self.given("a"), self.given("b"), self.one_total("moments")
        p = a / (a + b)
        return n * p, n * p * (1 - p) * ((a + b + n) / (a + b + 1))

    def _cdf(self, x: Array) -> Array:
        return self._tail(x, False)

    def _sf(self, x: Array) -> Array:
        return self._tail(x, True)

    def _tail(self, x: Array, above: bool) -> Array:
        n = self.one_total("cdf")
        each = np.exp(self.bind(np.arange(n + 1.0))(self))
        below = np.concatenate([[0.0], np.cumsum(each)])
        over = np.concatenate([np.cumsum(each[::-1])[::-1], [0.0]])
        below[-1] = over[0] = 1.0
        k = np.floor(np.clip(x, -1, n)).astype(np.intp) + 1
        return np.minimum((over if above else below)[k], 1.0)


@dataclass(frozen=True, repr=False, eq=False)
class DirichletMultinomial(RowTotals, Stepped):
    """DirichletMultinomial(alpha, n): how often each of d outcomes came, where their
    probabilities are themselves a draw from Dirichlet(alpha); an observation is a row
    of d counts.

    For rows of counts that vary more than a multinomial's: words in texts, species in
    samples. Rows have totals of their own unless n is given. Where data vary no more
    than a multinomial's alpha is endless, and the fit says so.

    Source: Minka (2000), Estimating a Dirichlet distribution, section 4.

    Args:
        alpha: the weight of each outcome, shape (d,), above 0, no unit; blank if left
            out.
        n: trials an observation, a whole number above 0; the sum of each row if left
            out.
        d: how many outcomes there are, the columns of x; if left out it is taken from
            alpha or the data.

    Examples:
        >>> import mixnotes as mx
        >>> words = [[9, 1, 0], [2, 6, 1], [0, 1, 5], [7, 0, 4]]
        >>> mx.DirichletMultinomial().fit(words).alpha.round(2)
        array([0.81, 0.49, 0.59])
    """

    discrete = True
    alpha: Array | Shared | None = parameter(POSITIVE_VECTOR)  # (d,)
    n: int | None = None
    d: int | None = None  # columns of x; known from alpha or the data

    def __post_init__(self) -> None:
        if self.n is not None:
            object.__setattr__(
                self, "n", as_count(self.n, "DirichletMultinomial: n", 1)
            )
        super().__post_init__()
        given = None if self._is_blank("alpha") else len(self.given("alpha"))
        if self.d is not None:
            as_count(self.d, "DirichletMultinomial: d", 1)
        if None not in (given, self.d) and given != self.d:
            raise ValueError(
                "DirichletMultinomial: alpha must have one number a column, d = "
                f"{self.d}, got {given}; leave d out"
            )
        object.__setattr__(self, "d", self.d if given is None else given)

    @property
    def support(self) -> str:  # type: ignore[override]
        """The support in words."""
        total = "at least 1" if self.n is None else self.n
        return f"rows of whole numbers from 0 up that sum to {total}"

    @property
    def limit(self) -> str:
        """The multinomial, where alpha is endless."""
        return (
            ""
            if self.blanks
            else _limit(
                float(self.given("alpha").sum()),
                "alpha endless, a Multinomial",
                "alpha 0, where each row has all its counts in one column",
            )
        )

    @property
    def n_free(self) -> int:
        """How many numbers are blank."""
        if not self.blanks:
            return 0
        if self.d is None:
            raise ValueError(
                "how many numbers are blank depends on the columns of x, and "
                "DirichletMultinomial has no alpha or d; give d, for example "
                "DirichletMultinomial(d=3)"
            )
        return self.d

    def prepare(self, x: Array) -> tuple[Table, Array]:
        """The distinct counts, and the log of n! over the product of x_j!"""
        ways: Array = log_factorial(x.ravel()).reshape(x.shape).sum(axis=1)
        total = x.sum(axis=1)
        return Table([*x.T, total]), log_factorial(total) - ways

    def density(self, prepared: tuple[Table, Array]) -> Array:
        """The log-probability."""
        table, ways = prepared
        return log_prob_of(self.given("alpha"), table) + ways

    def _search(
        self, x: Array, weight: Array, start: Self | None, extent: Any
    ) -> dict[str, Any]:
        total = x.sum(axis=1)
        alpha = _first_alpha(x / total[:, None], weight)
        if start is not None:
            alpha = start.given("alpha")
        climb = _Climb(Table([*x.T, total]), weight)
        return {"alpha": climb.top(alpha, _STEPS if start is None else 1)}

    def rank(self) -> tuple[float, ...]:
        """The mean shares, then the sum of alpha."""
        alpha = self.given("alpha")
        return (*(alpha / alpha.sum()).tolist(), float(alpha.sum()))

    def _draw(self, totals: Any, rng: np.random.Generator) -> Array:
        shares = np.maximum(rng.dirichlet(self.given("alpha"), len(totals)), 1e-300)
        shares /= shares.sum(axis=1, keepdims=True)
        return rng.multinomial(totals, shares).astype(np.float64)

    def moments(self) -> tuple[Any, Any]:
        """E[x] = n p, shape (d,), and n (diag p - p p') (A + n) / (A + 1), (d, d), with
        A the sum of alpha and p = alpha / A."""
        alpha, n = self.given("alpha"), self.one_total("moments")
        total = float(alpha.sum())
        p = alpha / total
        return n * p, n * (np.diag(p) - np.outer(p, p)) * ((total + n) / (total + 1))

    def _state(self) -> dict[str, Any]:
        return state_without_d(self, super()._state(), "alpha")

    def filled(self, values: dict[str, Any]) -> Self:
        """The same component with these parameters set."""
        return remembering_d(super().filled(values), values.get("alpha"))
