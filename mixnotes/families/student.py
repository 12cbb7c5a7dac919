"""Student's t on the line and in space: a normal whose scale is itself drawn.

Given df, a place and a scale are learned by EM over the latent scales, stretched
(parameter expansion); df by a search along 1 / df, which includes 0: the normal.
Source: Liu and Rubin (1995), ML estimation of the t distribution using EM and its
extensions, ECM and ECME; Kent, Tyler and Vardi (1994), for the stretched step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixnotes.ascent import ascend, up_to_a_limit
from mixnotes.check import Array, as_count
from mixnotes.component import CollapseError
from mixnotes.domains import (
    COVARIANCE,
    POSITIVE,
    REAL,
    UP_TO_INFINITY,
    VECTOR,
    parameter,
)
from mixnotes.exponential import FEW, FLOOR, ROUNDING, carriers_of
from mixnotes.families.bounded import remembering_d, rows_of, sized
from mixnotes.families.search import OnLine, Stepped
from mixnotes.special import (
    log_gamma_ratio_of,
    normal_cdf,
    normal_quantile,
)

_LOG_2_PI = math.log(2 * math.pi)
_GUESSES = np.array([0.02, 0.1, 0.3, 1.0])  # of 1 / df
_NEAR = np.array([1e-4, 3e-3])  # of 1 / df, to see whether the limit is a maximum
_TRIAL = 10  # rounds at each guess
_ROUNDS = 3  # of place and scale, then df, in a step
_TINY = 1e-14  # a scale in standard units that has collapsed
_NARROW = 1e-6  # one in which a first guess is passed over
_FAR = 30.0  # degrees of freedom beyond which the limit may be higher
_HUGE = 1e140  # its square is finite


def _constant(df: float, d: int) -> float:
    """The log-density at the centre of d dimensions, at unit scale."""
    if df == math.inf:
        return -0.5 * d * _LOG_2_PI
    return log_gamma_ratio_of(0.5 * df, 0.5 * d) - 0.5 * d * _LOG_2_PI


def _log_bell(square: Array, df: float, d: int) -> Array:
    """log p at squared distances, of d dimensions at unit scale."""
    if df == math.inf:
        return _constant(df, d) - 0.5 * square
    return _constant(df, d) - 0.5 * (df + d) * np.log1p(square / df)


def _latent(square: Array, df: float, d: int) -> Array:
    """The expected latent precision of each observation: small far out."""
    return np.ones_like(square) if df == math.inf else (df + d) / (df + square)


def _df_of(square: Array, share: Array, d: int, start: float | None) -> float:
    """The df that fits squared distances best, infinity included."""

    def height(t: float) -> float:
        return float(share @ _log_bell(square, 1 / t if t else math.inf, d))

    begin = None if start is None else 1 / start
    t = up_to_a_limit(height, begin, np.concatenate([_NEAR, _GUESSES]))
    return 1 / t if t else math.inf


@dataclass(frozen=True, repr=False, eq=False)
class StudentT(OnLine, Stepped):
    """StudentT(df, loc, scale) on the line: p(x) falls as |x|^-(df + 1) far out.

    A normal for data with outliers: `StudentT(df=4)`. df = inf is the normal itself,
    and a fit that ends there says so. scale is not the standard deviation, which is
    scale sqrt(df / (df - 2)), and infinite for df <= 2.
    Source: Liu and Rubin (1995).
    """

    df: float | None = parameter(UP_TO_INFINITY)  # degrees of freedom
    loc: float | None = parameter(REAL)
    scale: float | None = parameter(POSITIVE)

    support = "finite numbers"
    place, spread = "loc", "scale"

    @property
    def limit(self) -> str:
        """The normal, where df is infinite."""
        return "df = inf, a normal" if self.df == math.inf else ""

    def density(self, prepared: Any) -> Array:
        """log p at (x - loc) / scale, less log scale."""
        scale = self.given("scale")
        return self._bell((prepared - self.given("loc")) / scale) - math.log(scale)

    def _bell(self, z: Array) -> Array:
        """The same of standard units; exact where z^2 overflows."""
        df, size = self.given("df"), np.abs(z)
        if df == math.inf or not size.max(initial=0.0) > _HUGE:
            return _log_bell(size * size, df, 1)
        far = _constant(df, 1) - 0.5 * (df + 1) * (
            2 * np.log(np.maximum(size, 1.0)) - math.log(df)
        )
        near = np.minimum(size, _HUGE)
        return np.where(size > _HUGE, far, _log_bell(near * near, df, 1))

    def _standard(
        self, y: Array, share: Array, fixed: dict[str, float], start: Any
    ) -> dict[str, float]:
        if start is not None:
            return self._step(y, share, fixed, start)
        best: dict[str, float] = {}
        top = -math.inf
        for df in (fixed["df"],) if "df" in fixed else (math.inf, *(1 / _GUESSES)):
            begin = {"loc": 0.0, "scale": 1.0} | fixed | {"df": df}
            found = self._rounds(y, share, fixed | {"df": df}, begin, _TRIAL)
            if not found["scale"] > _NARROW and best:
                continue  # the likelihood is without bound there
            z = (y - found["loc"]) / found["scale"]
            height = share @ _log_bell(z * z, df, 1) - math.log(found["scale"])
            if height > top:
                best, top = found, float(height)
        here = self._rounds(y, share, fixed, best, _ROUNDS)
        return self._polished(y, share, fixed, here, 100)

    def _step(
        self, y: Array, share: Array, fixed: dict[str, float], start: dict[str, float]
    ) -> dict[str, float]:
        """One round of place and scale, then two Newton steps in everything; df is
        searched for where it is infinite or nearly so."""
        far = not start["df"] < _FAR
        known = fixed if far else fixed | {"df": start["df"]}
        here = self._rounds(y, share, known, start, 1)
        here = self._polished(y, share, fixed, here, 2)
        if not here["df"] < _FAR and not far:
            here = self._rounds(y, share, fixed, here, 1)
        return here

    def _polished(
        self,
        y: Array,
        share: Array,
        fixed: dict[str, float],
        here: dict[str, float],
        steps: int,
    ) -> dict[str, float]:
        """Newton steps in all blanks together, while df is finite: EM is slow where df
        and scale move together."""
        free = [name for name in here if name not in fixed]
        if here["df"] == math.inf or not here["scale"] > _TINY:
            return here

        def values(u: Array) -> dict[str, float]:
            found = dict(here)
            for name, step in zip(free, u.tolist(), strict=True):
                if name == "loc":
                    found[name] += here["scale"] * step
                else:
                    found[name] *= math.exp(min(max(step, -300.0), 300.0))
            return found

        def height(u: Array) -> float:
            at = values(u)
            z = (y - at["loc"]) / at["scale"]
            return float(share @ _log_bell(z * z, at["df"], 1)) - math.log(at["scale"])

        return values(ascend(height, np.zeros(len(free)), steps).place)

    def _rounds(
        self,
        y: Array,
        share: Array,
        fixed: dict[str, float],
        start: dict[str, float],
        rounds: int,
    ) -> dict[str, float]:
        """Some rounds of place and scale, then df, each up from the last."""
        df, loc, scale = start["df"], start["loc"], start["scale"]
        for _ in range(rounds):
            square = ((y - loc) / scale) ** 2
            pull = share * _latent(square, df, 1)
            loc = fixed.get("loc", float(pull @ y / pull.sum()))
            if "scale" not in fixed:
                scale = math.sqrt(float(pull @ (y - loc) ** 2 / pull.sum()))
            if not scale > _TINY:
                break  # the caller sees that it has collapsed
            if "df" not in fixed:
                df = _df_of(((y - loc) / scale) ** 2, share, 1, df)
        return {"df": df, "loc": loc, "scale": scale} | fixed

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        df, loc, scale = self.given("df"), self.given("loc"), self.given("scale")
        if df == math.inf:
            return rng.normal(loc, scale, n)
        return loc + scale * rng.standard_t(df, n)

    def moments(self) -> tuple[float, float]:
        """E[x] = loc for df > 1, and Var[x] = scale^2 df / (df - 2) for df > 2.

        nan where there is no mean, infinity where there is no variance.
        """
        df, square = self.given("df"), self.given("scale") ** 2
        mean = self.given("loc") if df > 1 else math.nan
        if df == math.inf:
            return mean, square
        return mean, square * df / (df - 2) if df > 2 else math.inf

    def _z(self, x: Array) -> Array:
        return (x - self.given("loc")) / self.given("scale")

    def _cdf(self, x: Array) -> Array:
        from scipy.special import stdtr

        z, df = self._z(x), self.given("df")
        return normal_cdf(z) if df == math.inf else stdtr(df, z)

    def _sf(self, x: Array) -> Array:
        from scipy.special import stdtr

        z, df = self._z(x), self.given("df")
        return normal_cdf(-z) if df == math.inf else stdtr(df, -z)

    def _quantile(self, q: Array) -> Array:
        from scipy.special import stdtrit

        df = self.given("df")
        z = normal_quantile(q) if df == math.inf else stdtrit(df, q)
        return self.given("loc") + self.given("scale") * z


@dataclass(frozen=True, repr=False, eq=False)
class MultivariateStudentT(Stepped):
    """MultivariateStudentT(df, loc, shape) in d dimensions; an observation is a row.

    The covariance is shape df / (df - 2), and infinite for df <= 2. df = inf is the
    multivariate normal, and a fit that ends there says so.
    Source: Liu and Rubin (1995); Peel and McLachlan (2000), for mixtures.
    """

    df: float | None = parameter(UP_TO_INFINITY)  # degrees of freedom
    loc: Array | None = parameter(VECTOR)  # (d,)
    shape: Array | None = parameter(COVARIANCE)  # (d, d)
    d: int | None = None  # columns of x; known from loc, shape or the data

    support = "rows of finite numbers"

    def __post_init__(self) -> None:
        super().__post_init__()
        sizes = {len(v) for v in (self.loc, self.shape) if v is not None}
        if self.d is not None:
            sizes.add(as_count(self.d, "MultivariateStudentT: d", 1))
        if len(sizes) > 1:
            raise ValueError(
                "MultivariateStudentT: loc, shape and d must be of one dimension, got "
                f"{sorted(sizes)}"
            )
        object.__setattr__(self, "d", sizes.pop() if sizes else None)

    @property
    def n_free(self) -> int:
        """How many numbers are blank."""
        if self.d is None and {"loc", "shape"} & set(self.blanks):
            raise ValueError(
                "how many numbers are blank depends on the dimension, and "
                "MultivariateStudentT has no loc, shape or d; give d, for example "
                "MultivariateStudentT(d=2)"
            )
        d = self.d or 0
        sizes = {"df": 1, "loc": d, "shape": d * (d + 1) // 2}
        return sum(sizes[name] for name in self.blanks)

    @property
    def limit(self) -> str:
        """The normal, where df is infinite."""
        return "df = inf, a normal" if self.df == math.inf else ""

    def sized(self, d: int) -> Self:
        """This component for data of d columns."""
        return sized(self, d)

    def _rows(self, x: ArrayLike) -> Array:
        return rows_of(self, x)

    def inside(self, x: Array) -> NDArray[np.bool_]:
        """Every row is."""
        return np.ones(len(x), dtype=bool)

    def density(self, prepared: Any) -> Array:
        """log p at Mahalanobis distances, less half of log det shape."""
        square, log_det = _squares(prepared, self.given("loc"), self.given("shape"))
        return _log_bell(square, self.given("df"), prepared.shape[1]) - 0.5 * log_det

    def extent(self, x: Array) -> Array:
        """The range of each column; an error where one is constant."""
        span: Array = np.ptp(x, axis=0)
        if self.shape is None and (span == 0).any():
            j = int(np.argmin(span))
            raise ValueError(
                "each column must vary for a shape to be learned, got column "
                f"{j} all equal to {x[0, j]:g}; leave it out"
            )
        return span

    def _search(
        self, x: Array, weight: Array, start: Self | None, extent: Array
    ) -> dict[str, Any]:
        share = weight / weight.sum()
        if start is not None:
            known = start.given("df"), start.given("loc"), start.given("shape")
            return self._rounds(x, weight, extent, known, _ROUNDS, self.df is None)
        loc = share @ x if self.loc is None else self.loc
        shape = (x - loc).T @ ((x - loc) * share[:, None])
        shape = shape if self.shape is None else self.shape
        self._require_width(shape, loc, weight, extent)
        best, top = {}, -math.inf
        for df in (math.inf, *(1 / _GUESSES)) if self.df is None else (self.df,):
            found = self._rounds(x, weight, extent, (df, loc, shape), _TRIAL, False)
            square, log_det = _squares(x, found["loc"], found["shape"])
            height = share @ _log_bell(square, df, x.shape[1]) - 0.5 * log_det
            if height > top:
                best, top = found, float(height)
        return best

    def _rounds(
        self,
        x: Array,
        weight: Array,
        extent: Array,
        start: tuple[float, Array, Array],
        rounds: int,
        learns_df: bool,
    ) -> dict[str, Any]:
        """Some rounds of loc and shape, then df, each up from the last."""
        df, loc, shape = start
        share, d = weight / weight.sum(), x.shape[1]
        square, _ = _squares(x, loc, shape)
        for _ in range(rounds):
            pull = share * _latent(square, df, d)
            pull = pull / pull.sum()
            if self.loc is None:
                loc = pull @ x
            if self.shape is None:
                aside = x - loc
                shape = aside.T @ (aside * pull[:, None])
                shape = 0.5 * (shape + shape.T)
                self._require_width(shape, loc, weight, extent)
            square, _ = _squares(x, loc, shape)
            if learns_df:
                df = _df_of(square, share, d, df)
        return {"df": df, "loc": loc, "shape": shape}

    def _require_width(
        self, shape: Array, loc: Array, weight: Array, span: Array
    ) -> None:
        """Raise an error where a learned shape is flat, relative to the data."""
        if self.shape is not None:
            return
        few = carriers_of(weight) < FEW + len(span) - 1
        squares = np.linalg.eigvalsh(shape / np.outer(span, span))
        floor = FLOOR if few else ROUNDING
        if not squares[0] > max(floor**2, 1e-14 * squares[-1]):
            raise CollapseError(
                f"MultivariateStudentT collapsed near x = {np.round(loc, 6).tolist()}: "
                "its shape became singular; use fewer components, or leave out a "
                "column that others determine"
            )

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        df, d = self.given("df"), len(self.given("loc"))
        draws = rng.normal(size=(n, d)) @ np.linalg.cholesky(self.given("shape")).T
        if df != math.inf:
            draws /= np.sqrt(rng.chisquare(df, n) / df)[:, None]
        return self.given("loc") + draws

    def moments(self) -> tuple[Any, Any]:
        """E[x] = loc, shape (d,), for df > 1, else nan; and the covariance matrix
        shape df / (df - 2) for df > 2, else infinite."""
        df, loc, shape = self.given("df"), self.given("loc"), self.given("shape")
        mean = loc if df > 1 else np.full_like(loc, math.nan)
        if df == math.inf:
            return mean, shape
        return mean, shape * (df / (df - 2)) if df > 2 else np.full_like(shape, np.inf)

    def _state(self) -> dict[str, Any]:
        state = super()._state()
        if not (self.loc is None and self.shape is None):
            state.pop("d", None)  # loc and shape say it
        return state

    def filled(self, values: dict[str, Any]) -> Self:
        """The same component with these parameters set."""
        component = super().filled(values)
        for name in ("loc", "shape"):
            component = remembering_d(component, values.get(name))
        return component


def _squares(x: Array, loc: Array, shape: Array) -> tuple[Array, float]:
    """Mahalanobis distances squared, (n,), and log det shape."""
    width = np.sqrt(np.diagonal(shape))
    factor = np.linalg.cholesky(shape / np.outer(width, width))
    root = np.linalg.inv(factor)
    standard = root @ ((x - loc) / width).T
    log_det = 2 * (np.log(np.diagonal(factor)).sum() + np.log(width).sum())
    return np.einsum("in,in->n", standard, standard), float(log_det)
