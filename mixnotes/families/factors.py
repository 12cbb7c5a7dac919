"""Normals of many columns whose covariance is a few factors and a noise of its own for
each column: factor analysers, and probabilistic principal components.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixnotes.components.constraints import (
    MATRIX,
    POSITIVE_VECTOR,
    VECTOR,
    parameter,
)
from mixnotes.components.exponential import FLOOR, effective_n_of
from mixnotes.data.check import CollapseError, as_count, as_sample_weight
from mixnotes.data.missing import chosen
from mixnotes.families.normal import Normal
from mixnotes.families.rows import require_one_column, rows_of, with_dimension
from mixnotes.families.search import Searched
from mixnotes.numeric import factors_gaps as gaps
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.factors import Scatter, climbed, closed_form
from mixnotes.numeric.special import LOG_2_PI

_FIRST, _ROUNDS = 5, 1  # of the noise, at first and from a step of EM before
_FIRST_GAPS, _ROUNDS_GAPS = 30, 5  # the same beside gaps
_MOST = 2000  # such steps of a fit by itself
_STILL = 1e-11  # relative; one that gains less is the last
_LEAST = 1e-8  # of a column's variance; a noise below it counts as 0


@dataclass(frozen=True)
class Factors:
    """A covariance of q factors: loadings loadings' + diag(noise).

    For `MultivariateNormal(covariance=Factors(q))`, which is then a `FactorNormal`: d
    (q + 1) numbers and not d (d + 1) / 2.

    Args:
        q: how many factors, a whole number from 1 up.
        noise: "diagonal", each column has a noise of its own (factor analysis), or
            "spherical", all have the same (probabilistic principal components).

    Examples:
        >>> import mixnotes as mx
        >>> mx.MultivariateNormal(covariance=mx.Factors(2))
        FactorNormal(q=2)
    """

    q: int
    noise: str = "diagonal"

    def __post_init__(self) -> None:
        object.__setattr__(self, "q", as_count(self.q, "Factors: q", 1))
        _check_kind(self.noise, "Factors: noise")


@dataclass(frozen=True, repr=False, eq=False)
class FactorNormal(Searched):
    """FactorNormal(q, mean, loadings, noise): x = mean + loadings z + e, with q normal
    factors z of variance 1 and a normal noise e of variances `noise`.

    The covariance is loadings loadings' + diag(noise), which is never written out: ten
    thousand columns are no more than ten thousand rows. What `fit` returns has loadings
    whose columns are orthogonal in units of the noise, the largest first, each with a
    positive sum; any rotation of them is the same distribution.

    Source: Tipping and Bishop (1999) for spherical noise; Zhao, Yu and Jiang (2008),
    ML estimation for factor analysis: EM or non-EM?

    Args:
        q: how many factors.
        mean: E[x], shape (d,); blank if left out.
        loadings: shape (d, q), in the units of the columns; blank, with noise, if left
            out.
        noise: the variances of the noise, shape (d,); blank if left out.
        kind_of_noise: "diagonal", or "spherical", the same in all columns.
        d: the columns of x; if left out it is taken from mean, loadings or the data.

    Examples:
        >>> import mixnotes as mx
        >>> import numpy as np
        >>> birds = mx.datasets.penguins()
        >>> names = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm"]
        >>> x = np.array([birds[name] for name in names]).T
        >>> one = mx.FactorNormal(1).fit(x[~np.isnan(x).any(axis=1)])
        >>> one.loadings.round(1).ravel()
        array([ 3.6, -1.2, 14. ])
    """

    q: int
    mean: Array | None = parameter(VECTOR)  # (d,)
    loadings: Array | None = parameter(MATRIX)  # (d, q)
    noise: Array | None = parameter(POSITIVE_VECTOR)  # (d,), variances
    kind_of_noise: str = "diagonal"
    d: int | None = None  # columns of x; known from what is given or the data

    support = "rows of finite numbers"
    has_line = False
    without_line = "rotations of the loadings of a FactorNormal are one distribution"

    def __post_init__(self) -> None:
        object.__setattr__(self, "q", as_count(self.q, "FactorNormal: q", 1))
        _check_kind(self.kind_of_noise, "FactorNormal: kind_of_noise")
        super().__post_init__()
        if self._is_blank("loadings") != self._is_blank("noise"):
            raise ValueError(
                "FactorNormal: loadings and noise must both be given or both be blank"
            )
        given = [n for n in self.constraints() if not self._is_blank(n)]
        sizes = {len(self.given(name)) for name in given}
        if self.d is not None:
            sizes.add(as_count(self.d, "FactorNormal: d", 1))
        if len(sizes) > 1:
            raise ValueError(
                "FactorNormal: mean, loadings, noise and d must be of one dimension, "
                f"got {sorted(sizes)}"
            )
        object.__setattr__(self, "d", sizes.pop() if sizes else None)
        self._require_fewer()
        if "loadings" in given and self.given("loadings").shape[1] != self.q:
            raise ValueError(
                f"FactorNormal: loadings must have q = {self.q} columns, got "
                f"{self.given('loadings').shape[1]}"
            )

    def _require_fewer(self) -> None:
        if self.d is not None and self.q >= self.d:
            raise ValueError(
                f"FactorNormal: q must be below the {self.d} columns of x, got "
                f"{self.q}; take MultivariateNormal"
            )

    @property
    def n_free(self) -> int:
        """How many numbers are blank; rotations of the loadings are none."""
        if not self.blanks:
            return 0
        if self.d is None:
            raise ValueError(
                "how many numbers are blank depends on the dimension, and FactorNormal "
                f"has none; give d, for example FactorNormal({self.q}, d=10)"
            )
        return sum(self.size_of(name) for name in self.blanks)

    def size_of(self, name: str) -> int:
        """How many free numbers a blank parameter is."""
        d, q = self.d or 0, self.q
        noise = d if self.kind_of_noise == "diagonal" else 1
        return {"mean": d, "loadings": d * q - q * (q - 1) // 2, "noise": noise}[name]

    def with_dimension(self, d: int) -> Self:
        """This component for data of d columns."""
        known: Self = with_dimension(self, d)
        known._require_fewer()
        return known

    takes_gaps = True

    def _rows(self, x: ArrayLike) -> Array:
        return rows_of(self, x, gaps=True)

    def inside(self, x: Array) -> NDArray[np.bool_]:
        """Every row is."""
        return np.ones(len(x), dtype=bool)

    def density(self, prepared: Array) -> Array:
        """By Woodbury's identity: of d columns only q by q matrices are solved."""
        if np.isnan(prepared).any():
            return gaps.factored(gaps.Seen.of(prepared), self._values).log_prob
        loadings, noise = self.given("loadings"), self.given("noise")
        aside = prepared - self.given("mean")
        scaled = loadings / noise[:, None]
        inner = np.eye(self.q) + loadings.T @ scaled
        root = np.linalg.cholesky(inner)
        along = np.linalg.solve(root, (aside @ scaled).T)
        np.multiply(aside, aside, out=aside)
        square = aside @ (1 / noise) - (along * along).sum(axis=0)
        log_det = np.log(noise).sum() + 2 * np.log(np.diagonal(root)).sum()
        found: Array = -0.5 * (square + log_det + len(noise) * LOG_2_PI)
        return found

    @property
    def _values(self) -> gaps.Values:
        return gaps.Values(*(self.given(name) for name in self.constraints()))

    def bind(self, x: Array) -> Callable[[Self], Array]:
        """log p(x)."""
        return lambda filled: filled.density(x)

    def extent(self, x: Array) -> Array:
        """The range of each column."""
        found: Array = np.nanmax(x, axis=0) - np.nanmin(x, axis=0)
        return found

    def fit(self, x: Any, sample_weight: Any = None, start: Self | None = None) -> Self:
        """This component with its blanks filled by weighted maximum likelihood.

        The weighted log-likelihood of `start` is never lowered, and what was given
        is never changed.
        """
        here = super().fit(x, sample_weight, start)
        data = self._rows(x)
        closed = not self._is_blank("noise") or self.kind_of_noise == "spherical"
        if closed and not np.isnan(data).any():
            return here
        weight = as_sample_weight(sample_weight, len(data))
        top, still = float(weight @ here.log_prob(data)), 0
        for _ in range(_MOST):
            here = super().fit(x, sample_weight, here)
            reached = float(weight @ here.log_prob(data))
            still = still + 1 if reached - top <= _STILL * abs(top) else 0
            if still >= 3:
                break
            top = reached
        return here

    def _search(
        self, x: Array, weight: Array, start: Self | None, extent: Any
    ) -> dict[str, Any]:
        share = weight / weight.sum()
        if np.isnan(x).any():
            return self._search_beside_gaps(x, weight, start, extent)
        mean = self.given("mean") if not self._is_blank("mean") else share @ x
        if not self._is_blank("noise"):
            return {"mean": mean}
        scatter = Scatter.of(x - mean, share)
        self._require_spread(scatter, weight, extent)
        if self.kind_of_noise == "spherical":
            loadings, noise = closed_form(scatter, np.ones(len(mean)), self.q, True)
        else:
            rounds = _FIRST if start is None else _ROUNDS
            noise = 0.5 * scatter.diagonal if start is None else start.given("noise")
            loadings, noise = climbed(scatter, noise, self.q, _LEAST, rounds)
        self._require_noise(noise, scatter, extent)
        return {"mean": mean, "loadings": _signed(loadings), "noise": noise}

    def _search_beside_gaps(
        self, x: Array, weight: Array, start: Self | None, extent: Any
    ) -> dict[str, Any]:
        """The same by EM over the factors, where entries are missing."""
        seen = gaps.Seen.of(x)
        level = seen.mask * weight[:, None]
        if not (level.sum(axis=0) > 0).all():
            raise CollapseError(
                "FactorNormal collapsed: some column was not seen in the rows that "
                "carry a component; use fewer components"
            )
        middle = (level * seen.x).sum(axis=0) / level.sum(axis=0)
        aside = np.where(seen.mask > 0, seen.x - middle, 0.0)
        spread = (level * aside**2).sum(axis=0) / level.sum(axis=0)
        scatter = Scatter.of(aside, weight / weight.sum())._replace(diagonal=spread)
        self._require_spread(scatter, weight, extent)
        if not self._is_blank("noise"):
            mean = middle if start is None else start.given("mean")
            begin = gaps.Values(mean, self.given("loadings"), self.given("noise"))
        elif start is None:
            mean = self.given("mean") if not self._is_blank("mean") else middle
            whole = Scatter.of(seen.mask * (seen.x - mean), weight / weight.sum())
            spherical = self.kind_of_noise == "spherical"
            found = closed_form(whole, 0.5 * spread, self.q, spherical)
            noise = np.maximum(found[1], 0.1 * spread.min() if spherical else 0.0)
            begin = gaps.Values(mean, found[0], noise)
        else:
            begin = start._values
        rounds = _FIRST_GAPS if start is None else _ROUNDS_GAPS
        here = gaps.climbed(
            seen,
            weight / weight.sum(),
            begin,
            gaps.Free(
                self._is_blank("mean"),
                not self._is_blank("noise"),
                self.kind_of_noise == "spherical",
            ),
            _LEAST * spread,
            rounds,
        )
        self._require_noise(here.noise, scatter, extent)
        return here._asdict() | {"loadings": _signed(here.loadings)}

    def _require_spread(self, scatter: Scatter, weight: Array, extent: Array) -> None:
        """Raise an error where the rows are too few, or too alike for the noise: for
        the same noise in all columns together, else in each."""
        alike = scatter.diagonal <= (FLOOR * extent) ** 2
        if self.kind_of_noise == "spherical":
            alike[:] = alike.all()
        elif not extent.all():
            raise ValueError(
                "each column must vary for its noise to be learned, got column "
                f"{int(extent.argmin())} all equal; leave it out, or ask for the same "
                "noise in all columns"
            )
        if effective_n_of(weight) < self.q + 2 or alike.all():
            raise CollapseError(
                "FactorNormal collapsed: a component was left with fewer rows than "
                "its factors need; use fewer components or factors"
            )
        if alike.any():
            raise CollapseError(
                f"FactorNormal collapsed: column {int(alike.argmax())} is the same in "
                "all rows that carry a component, so that its noise goes to 0 and the "
                "likelihood has no bound; leave the column out, or ask for the same "
                'noise in all columns, as mx.Factors(q, noise="spherical") does'
            )

    def _require_noise(self, noise: Array, scatter: Scatter, extent: Array) -> None:
        """Raise an error where the factors explain all: more columns without noise than
        there are factors."""
        none = noise <= 2 * _LEAST * scatter.diagonal
        if none.sum() > self.q or not (noise > (FLOOR * extent) ** 2 * _LEAST).all():
            raise CollapseError(
                "FactorNormal collapsed: its factors explain the rows that carry it "
                "without noise; use fewer components or factors"
            )

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        loadings, noise = self.given("loadings"), self.given("noise")
        factors = rng.normal(size=(n, self.q)) @ loadings.T
        draws: Array = self.given("mean") + factors
        return draws + rng.normal(size=draws.shape) * np.sqrt(noise)

    def scores(self, x: ArrayLike) -> Array:
        """E[z | x], shape (n, q): where each row lies along the factors.

        Args:
            x: rows (n, d).

        Examples:
            >>> import mixnotes as mx
            >>> one = mx.FactorNormal(1, [0.0, 0.0], [[2.0], [1.0]], [1.0, 1.0])
            >>> one.scores([[2.0, 1.0]]).round(3)
            array([[0.833]])
        """
        self._require_complete("scores")
        return gaps.factored(gaps.Seen.of(self._rows(x)), self._values).expected

    def filled_in(self, x: Array) -> Array:
        """The rows with each gap filled by its expectation given what was seen, (n,
        d)."""
        values = self._values
        expected = gaps.factored(gaps.Seen.of(x), values).expected
        found: Array = np.where(
            np.isnan(x), values.mean + expected @ values.loadings.T, x
        )
        return found

    def marginal(self, columns: Sequence[int]) -> Any:
        """The distribution of some columns, by the same factors; a `MultivariateNormal`
        where they are no more than factors.

        Args:
            columns: numbers of columns, from 0, in the order in which they shall stand.

        Examples:
            >>> import mixnotes as mx
            >>> one = mx.FactorNormal(1, [0.0, 1.0], [[2.0], [1.0]], [1.0, 1.0])
            >>> one.marginal([1])
            MultivariateNormal(mean=[1], cov=[[2]])
        """
        mean, loadings, noise = self._values
        kept = chosen(columns, len(mean))
        if len(kept) > self.q:
            values = (mean[kept], loadings[kept], noise[kept])
            return FactorNormal(self.q, *values, kind_of_noise=self.kind_of_noise)
        cov = loadings[kept] @ loadings[kept].T + np.diag(noise[kept])
        return _multivariate()(mean[kept], cov)

    def conditional(self, known: Mapping[int, float]) -> Any:
        """p(the other columns | these columns have these values), a
        `MultivariateNormal`.

        Args:
            known: the number of each known column, from 0, and its value.

        Examples:
            >>> import mixnotes as mx
            >>> one = mx.FactorNormal(1, [0.0, 1.0], [[2.0], [1.0]], [1.0, 1.0])
            >>> one.conditional({0: 5.0})
            MultivariateNormal(mean=[3], cov=[[1.2]])
        """
        return _multivariate()(self.given("mean"), self.cov).conditional(known)

    @property
    def cov(self) -> Array:
        """The covariance matrix, (d, d).

        Examples:
            >>> import mixnotes as mx
            >>> mx.FactorNormal(1, [0.0, 0.0], [[2.0], [1.0]], [1.0, 1.0]).cov
            array([[5., 2.],
                   [2., 2.]])
        """
        self._require_complete("cov")
        loadings = self.given("loadings")
        found: Array = loadings @ loadings.T + np.diag(self.given("noise"))
        return found

    def rank(self) -> tuple[float, ...]:
        """The means, by which components are sorted."""
        return tuple(self.given("mean").tolist())

    def moments(self) -> tuple[Any, Any]:
        """E[x] = mean, shape (d,), and the covariance matrix, (d, d)."""
        return self.given("mean"), self.cov

    def _state(self) -> dict[str, Any]:
        state = super()._state()
        if self.kind_of_noise == "diagonal":
            del state["kind_of_noise"]
        if set(self.constraints()) - set(self.blanks):
            del state["d"]
        return state

    def filled(self, values: dict[str, Any]) -> Self:
        """The same component with these parameters set."""
        component = super().filled(values)
        for value in values.values():
            if value is not None:
                component.__dict__["d"] = len(value)
        return component


def _multivariate() -> Any:
    """The class of normals of rows, which stands on this module."""
    from mixnotes.families.multivariate import MultivariateNormal

    return MultivariateNormal


class NormalOfRows:
    """What a `MultivariateNormal` has beside its covariance models."""

    def __new__(cls, *given: Any, **named: Any) -> Any:
        """A `FactorNormal` where covariance is `Factors`."""
        names = ("mean", "cov", "covariance", "d", "prior")
        values = dict(zip(names, given, strict=False)) | named
        covariance = values.pop("covariance", None)
        if not isinstance(covariance, Factors):
            return super().__new__(cls)
        return factor_normal(covariance, **values)

    def on_line(self) -> Normal:
        """The same as a component of one number, where there is one column."""
        mean, cov = self.moments()  # type: ignore[attr-defined]
        require_one_column(self, len(mean))
        return Normal(mean[0], math.sqrt(cov[0, 0]))


def factor_normal(
    covariance: Factors,
    mean: Any = None,
    cov: Any = None,
    d: int | None = None,
    prior: Any = None,
) -> FactorNormal:
    """The component that a `MultivariateNormal` with such a covariance is."""
    if cov is not None or prior is not None:
        raise ValueError(
            "MultivariateNormal: with covariance=Factors neither cov nor prior can be "
            "given; give loadings and noise to a FactorNormal"
        )
    return FactorNormal(covariance.q, mean=mean, kind_of_noise=covariance.noise, d=d)


def _signed(loadings: Array) -> Array:
    """Each column with a sum that is not negative."""
    found: Array = loadings * np.where(loadings.sum(axis=0) < 0, -1.0, 1.0)
    return found


def _check_kind(kind: str, name: str) -> None:
    if kind not in ("diagonal", "spherical"):
        raise ValueError(f"{name} must be 'diagonal' or 'spherical', got {kind!r}")
