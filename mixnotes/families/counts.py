"""Negative binomial and multinomial counts, and a single value."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mixnotes.components.constraints import (
    NOT_NEGATIVE,
    REAL,
    SIMPLEX,
    UP_TO_INFINITY,
    Scalar,
    parameter,
)
from mixnotes.components.exponential import ExponentialFamily, Tie, Values
from mixnotes.data.check import as_count
from mixnotes.families.discrete import drawn_counts, log_factorial, trials_remark
from mixnotes.families.rows import (
    remembering_d,
    state_without_d,
)
from mixnotes.families.search import Searched
from mixnotes.families.totals import RowTotals, whole
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.ascent import up_to_a_limit
from mixnotes.numeric.special import (
    log_gamma_ratio,
    log_less_digamma,
    scipy_functions,
    trigamma,
)

_TABLE = 4096  # counts up to which a table of sums is fastest
_GUESSES = np.array([1e-4, 0.01, 0.1, 1.0, 10.0])  # of 1 / size, of what moments say
_ROUNDED = 8 * float(np.finfo(float).eps)  # relative; what a sum or two may round off
_SMALLEST = 1e-12  # 1 / size as a share of 1 / mean
_NEAR, _TERMS = 0.05, 14  # below the first a series is exact with so many terms
_COARSE = 0.1  # 1 / size above which sums are no longer nearly integrals


@dataclass(frozen=True, repr=False, eq=False)
class NegativeBinomial(Searched):
    """NegativeBinomial(size, mean) on 0, 1, 2, ...: a Poisson whose rate is itself a
    gamma of this mean and of shape `size`; its variance is mean + mean^2 / size.

    For counts that vary more than a Poisson's. size = inf is the Poisson, and a fit
    that ends there says so: the data vary no more than a Poisson's do.
    `scipy.stats.nbinom(size, size / (size + mean))` is the same.

    Source: Levin and Reeds (1977), for the one maximum in size where there is one.

    Args:
        size: the shape of the gamma, above 0, infinity included, no unit; blank if
            left out.
        mean: E[x], 0 or above, in counts; blank if left out.

    Examples:
        >>> import mixnotes as mx
        >>> days = mx.datasets.london_times()
        >>> deaths = mx.NegativeBinomial().fit(days["deaths"], days["days"])
        >>> print(f"size {deaths.size:.1f}, mean {deaths.mean:.3f}")
        size 9.9, mean 2.157
    """

    size: Scalar = parameter(UP_TO_INFINITY)
    mean: Scalar = parameter(NOT_NEGATIVE)

    support = "whole numbers from 0 up"
    ends = (0.0, math.inf)
    discrete = True

    @property
    def limit(self) -> str:
        """The Poisson, where size is infinite."""
        return "size = inf, a Poisson" if self.size == math.inf else ""

    up_to_infinity = "size"

    def _finite(self, filled: Self) -> Array:
        """Sizes with variances from 1.0001 to 11 times the mean."""
        mean = filled.given("mean")
        return mean / _GUESSES if mean > 0 else np.zeros(0)

    def remark(self, x: Array, weight: Array) -> str:
        """Of size 1, the geometric, that these may be trials, counted from 1."""
        learns = self.size == 1 and self.n_free
        return trials_remark(f"{self!r}", x[weight > 0]) if learns else ""

    def inside(self, x: Array) -> NDArray[np.bool_]:
        """Which observations are whole numbers from 0 up."""
        return whole(x)

    def prepare(self, x: Array) -> tuple[Array, Array]:
        """x and log x!"""
        return x, log_factorial(x)

    def density(self, prepared: tuple[Array, Array]) -> Array:
        """log Gamma(size + x) / (Gamma(size) x!) and the powers of size / (size + mean)
        and mean / (size + mean)."""
        x, log_factorial_x = prepared
        mean = self.given("mean")
        if mean == 0:
            return np.where(x == 0, 0.0, -np.inf)
        return _log_prob(x, self.given("size"), mean) - log_factorial_x

    def _search(
        self, x: Array, weight: Array, start: Self | None, extent: Any
    ) -> dict[str, Any]:
        """mean is the weighted mean, whatever size is; size by a search along 1 / size,
        which includes 0."""
        share = weight / weight.sum()
        mean = float(share @ x) if self._is_blank("mean") else self.given("mean")
        if not self._is_blank("size"):
            return {"mean": mean}
        if mean * mean == 0:  # all are 0, or next to it, which any size says
            return {"size": math.inf, "mean": mean}

        def height(t: float) -> float:
            return float(share @ _log_prob(x, 1 / t if t else math.inf, mean))

        def slopes(t: float) -> tuple[float, float]:
            first, second = _slopes_of(x, t, mean)
            return float(share @ first), float(share @ second)

        excess = float(share @ (x - mean) ** 2) - mean
        guess = max(excess, 0.01 * mean) / mean / mean
        begin = None if start is None else 1 / start.given("size")
        t = up_to_a_limit(height, begin, guess * _GUESSES, slopes)
        tiny = t * mean <= _SMALLEST
        return {"size": math.inf if tiny else 1 / t, "mean": mean}

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        size, mean = self.given("size"), self.given("mean")
        if size == math.inf or mean == 0:
            return drawn_counts(mean, n, rng)
        return drawn_counts(rng.gamma(size, mean / size, n), n, rng)

    def moments(self) -> tuple[float, float]:
        """E[x] = mean and Var[x] = mean + mean^2 / size."""
        mean = self.given("mean")
        return mean, mean + mean * (mean / self.given("size"))

    def _tail(self, x: Array, complement: bool) -> Array:
        betainc, betaincc, gammainc, gammaincc = scipy_functions(
            "special", "betainc", "betaincc", "gammainc", "gammaincc"
        )

        size, mean = self.given("size"), self.given("mean")
        k = np.floor(np.clip(x, -1, 1e300))
        more = np.maximum(k, 0) + 1
        if size == math.inf:
            value = (gammainc if complement else gammaincc)(more, mean)
        else:
            # P(X <= k) is that a beta falls below size / (size + mean); of the two
            # forms the one whose argument is not rounded to 1 is taken.
            miss = mean / (size + mean)
            value = (betainc if complement else betaincc)(more, size, miss)
        return np.where(k < 0, float(complement), value)

    def _cdf(self, x: Array) -> Array:
        return self._tail(x, False)

    def _sf(self, x: Array) -> Array:
        return self._tail(x, True)


def _log_prob(x: Array, size: float, mean: float) -> Array:
    """The log-probability but for -log x!, which needs neither."""
    powers: Array = x * math.log(mean)
    if size == math.inf:
        return powers - mean
    fall = (size + x) * math.log1p(mean / size)
    return rising(size, x) + powers - fall


def rising(size: float, x: Array) -> Array:
    """log of size (size + 1) ... (size + x - 1) / size^x, for whole numbers x."""
    largest = int(x.max(initial=0))
    if largest > _TABLE:
        return log_gamma_ratio(size, x)
    factors = np.log1p(np.arange(largest) / size)
    return np.concatenate([[0.0], np.cumsum(factors)])[x.astype(np.intp)]


def _slopes_of(x: Array, t: float, mean: float) -> tuple[Array, Array]:
    """The first and second derivatives of the log-probability in t = 1 / size.

    The sum of log(1 + j t) over j < x has the derivatives that `_rises_of` gives, and
    (x + 1 / t) log(1 + t mean) those of `_fall`.
    """
    first, second = _rises_of(x, t)
    z = t * mean
    level, bend = _fall(z)
    first = first + mean * mean * level - x * (mean / (1 + z))
    second = second + mean**3 * bend + x * (mean / (1 + z)) ** 2
    return first, second


def _rises_of(x: Array, t: float) -> tuple[Array, Array]:
    """The sums of j / (1 + j t) over j < x, and of -(j / (1 + j t))^2: by a table, or
    for large x by the formula of Euler and Maclaurin where size is large beside 1."""
    largest = int(x.max(initial=0))
    if largest <= _TABLE:
        j = np.arange(largest)
        each = j / (1 + j * t)
        sums = np.zeros((2, largest + 1))
        np.cumsum(each, out=sums[0, 1:])
        np.cumsum(-each * each, out=sums[1, 1:])
        found = sums[:, x.astype(np.intp)]
        return found[0], found[1]
    z, size = x * t, 1 / t
    if t > _COARSE:  # j / (1 + j t) = size (1 - size / (size + j))
        harmonic = np.log1p(z) - log_less_digamma(size + x) + log_less_digamma(size)
        squares = trigamma(size) - trigamma(size + x)
        rest = x - 2 * size * harmonic + size * size * squares
        return size * size * (z - harmonic), -size * size * rest
    b = 1 / (1 + z)
    first = x * x * _ratio(z, lambda z: (z - np.log1p(z)) / z**2, 1, 2)
    first += -0.5 * x * b + (b**2 - 1) / 12 - t**2 * (b**4 - 1) / 120
    first += t**4 * (b**6 - 1) / 252
    second = x**3 * _ratio(
        z, lambda z: (z - 2 * np.log1p(z) + z / (1 + z)) / z**3, 2, 3
    )
    second += -0.5 * (x * b) ** 2 + x * b**3 / 6 - t * (1 - (1 - z) * b**5) / 60
    return first, -second


def _fall(z: float) -> tuple[float, float]:
    """(log(1 + z) - z / (1 + z)) / z^2 and its derivative."""
    if z > _NEAR:
        level = (math.log1p(z) - z / (1 + z)) / z / z
        return level, (1 / (1 + z) ** 2 - 2 * level) / z
    level = bend = 0.0
    for k in range(_TERMS, -1, -1):  # 1 / 2 - 2 z / 3 + 3 z^2 / 4 - ...
        bend = bend * z + level
        level = level * z + (-1) ** k * (k + 1) / (k + 2)
    return level, bend


def _ratio(z: Array, f: Callable[[Array], Array], top: int, bottom: int) -> Array:
    """f(z); near 0, where it would lose its digits, by its series, the sum of
    (-z)^k c_k with c_k = 1 / (k + 2) for top = 1 and (k + 1) / (k + 3) for top = 2."""
    near = np.minimum(z, _NEAR)
    total = np.zeros_like(z)
    for k in range(_TERMS, -1, -1):
        total = total * -near + (k + 1) ** (top - 1) / (k + bottom)
    return np.where(z > _NEAR, f(np.maximum(z, _NEAR)), total)


@dataclass(frozen=True, repr=False, eq=False)
class Multinomial(RowTotals, ExponentialFamily):
    """Multinomial(n, probs): how often each of d outcomes came in n trials; an
    observation is a row of d counts that sum to n.

    n is how the data were collected. Where rows have totals of their own, such as
    texts of different lengths, leave it out: `Multinomial()` takes the sum of each row
    for given. With one trial it is a categorical written in columns: `Multinomial(1)`.

    Args:
        n: trials an observation, a whole number above 0; the sum of each row if left
            out.
        probs: the probability of each outcome, shape (d,), which sum to 1; blank if
            left out.
        d: how many outcomes there are, the columns of x; if left out it is taken from
            probs or the data.

    Examples:
        >>> import mixnotes as mx
        >>> votes = [[2, 1, 0], [1, 1, 1], [3, 0, 0]]
        >>> mx.Multinomial(3).fit(votes).probs.round(3)
        array([0.667, 0.222, 0.111])
        >>> mx.Multinomial().fit([[8, 2, 0], [1, 1, 1]]).probs.round(3)
        array([0.692, 0.231, 0.077])
    """

    n: int | None = None  # trials an observation; the sum of the row if None
    probs: Array | None = parameter(SIMPLEX)  # (d,)
    d: int | None = None  # columns of x; known from probs or the data

    def __post_init__(self) -> None:
        if self.n is not None:
            object.__setattr__(self, "n", as_count(self.n, "Multinomial: n", 1))
        super().__post_init__()
        given = None if self._is_blank("probs") else len(self.given("probs"))
        if self.d is not None:
            as_count(self.d, "Multinomial: d", 1)
        if None not in (given, self.d) and given != self.d:
            raise ValueError(
                f"Multinomial: probs must have one number a column, d = {self.d}, got "
                f"{given}; leave d out"
            )
        object.__setattr__(self, "d", self.d if given is None else given)

    @property
    def support(self) -> str:  # type: ignore[override]
        """The support in words."""
        total = "at least 1" if self.n is None else self.n
        return f"rows of whole numbers from 0 up that sum to {total}"

    @property
    def n_free(self) -> int:
        """How many numbers are blank: d probabilities are d - 1."""
        if not self.blanks:
            return 0
        if self.d is None:
            raise ValueError(
                "how many numbers are blank depends on the columns of x, and "
                "Multinomial has no probs or d; give d, for example "
                f"Multinomial({'' if self.n is None else f'{self.n}, '}d=3)"
            )
        return self.d - 1

    def kind(self) -> tuple[Any, ...]:
        """Components of equal kind share one matrix product."""
        return (type(self), self.n)

    def statistics(self, x: Array) -> Sequence[Array]:
        """The columns."""
        return list(x.T)

    def natural(self, values: Values) -> tuple[Sequence[Array], Array]:
        """log probs."""
        probs = values["probs"]
        return list(np.log(probs).T), np.zeros(len(probs))

    def log_base(self, x: Array) -> Array:
        """log of n! over the product of x_j!"""
        ways: Array = log_factorial(x.ravel()).reshape(x.shape).sum(axis=1)
        return log_factorial(x.sum(axis=1)) - ways

    def learn(self, weight: Array, means: Array, tie: Tie) -> Values:
        """probs are the weighted shares of the outcomes."""
        total = means.sum(axis=0)
        return {"probs": tie("probs", means.T / total[:, None], weight * total)}

    def _draw(self, totals: Any, rng: np.random.Generator) -> Array:
        probs = self.given("probs")
        return rng.multinomial(totals, probs / probs.sum()).astype(np.float64)

    def moments(self) -> tuple[Any, Any]:
        """E[x] = n probs, shape (d,), and the covariance matrix, shape (d, d)."""
        probs, n = self.given("probs"), self.one_total("moments")
        return n * probs, n * (np.diag(probs) - np.outer(probs, probs))

    def rank(self) -> tuple[float, ...]:
        """The probabilities, by which components are sorted."""
        return tuple(self.given("probs").tolist())

    def _state(self) -> dict[str, Any]:
        return state_without_d(self, super()._state(), "probs")

    def filled(self, values: dict[str, Any]) -> Self:
        """The same component with these parameters set."""
        return remembering_d(super().filled(values), values.get("probs"))


@dataclass(frozen=True, repr=False, eq=False)
class PointMass(Searched):
    """PointMass(at): x is `at`, with probability 1.

    Counts with too many zeros are a mixture with one:
    `Mixture([PointMass(0), Poisson()])`. Beside a density, as in
    `Mixture([PointMass(0), Normal()])`, an observation that equals `at` belongs to the
    point mass for certain, whatever the unit of x: a density gives a single value
    probability 0.

    A blank `at` is learned as the value of most weight. A step of EM never moves it,
    since all that it explains is the value where it stands. Beside a density it must be
    given.

    Args:
        at: the one value, in the unit of x; blank if left out.

    Examples:
        >>> import mixnotes as mx
        >>> bombs = mx.datasets.v1_hits()
        >>> model = mx.Mixture([mx.PointMass(0), mx.Poisson()])
        >>> fit = mx.em(model, bombs["hits"], sample_weight=bombs["squares"])
        >>> fit.mixture.weights.round(2)
        array([0.01, 0.99])
    """

    at: float | None = parameter(REAL)

    discrete = True
    fits_exactly = True
    has_line = False  # a place a little aside has no probability

    @property
    def support(self) -> str:  # type: ignore[override]
        """The support in words."""
        return "finite numbers" if self.at is None else f"{self.at:g} exactly"

    @property
    def atoms(self) -> Mapping[str | None, frozenset[float]]:
        """The value, where it is known."""
        return {} if self.at is None else {None: frozenset([self.at])}

    @property
    def ends(self) -> tuple[float, float]:
        """The value twice."""
        return self.given("at"), self.given("at")

    def inside(self, x: Array) -> NDArray[np.bool_]:
        """Which observations are the value."""
        if self.at is None:
            return np.ones(len(x), dtype=bool)
        inside: NDArray[np.bool_] = x == self.at
        return inside

    def remark(self, x: Array, weight: Array) -> str:
        """That no observation is `at`, where some are `at` with another rounding."""
        at, seen = self.at, (weight > 0) & (x != 0)
        if not at or (x[seen] == at).any():
            return ""
        alike = np.abs(x - at) <= _ROUNDED * abs(at)
        with np.errstate(over="ignore", under="ignore"):
            for short in (np.float32, np.float16):
                alike |= (x == float(short(at))) | (x.astype(short).astype(float) == at)
        places = np.flatnonzero(alike & seen)
        if not len(places):
            return ""
        other = float(x[places[np.argmax(weight[places])]])
        return (
            f"no observation equals {at!r}, and {weight[places].sum():g} are that in "
            f"another rounding; PointMass({other!r}) takes those that are {other!r}"
        )

    def bind(self, x: Array) -> Callable[[Self], Array]:
        """0 at the value, -inf elsewhere."""
        return lambda filled: np.where(x == filled.given("at"), 0.0, -np.inf)

    def density(self, prepared: Any) -> Array:
        """The log-probabilities."""
        return self.bind(prepared)(self)

    def _search(
        self, x: Array, weight: Array, start: Self | None, extent: Any
    ) -> dict[str, Any]:
        values, where = np.unique(x, return_inverse=True)
        return {"at": float(values[np.argmax(np.bincount(where, weight))])}

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        return np.full(n, self.given("at"))

    def moments(self) -> tuple[float, float]:
        """E[x] = at and Var[x] = 0."""
        return self.given("at"), 0.0

    def _cdf(self, x: Array) -> Array:
        return (x >= self.given("at")).astype(np.float64)

    def _quantile(self, q: Array) -> Array:
        return np.full(q.shape, self.given("at"))
