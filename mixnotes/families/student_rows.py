"""Student's t in space, with gaps in the rows or without.

Given df, loc and shape are learned by EM over the latent scales, stretched (parameter
expansion), and over what is missing at random; df by a search along 1 / df.
Source: Liu and Rubin (1995), ML estimation of the t distribution using EM and its
extensions, ECM and ECME, section 3, for missing values.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixnotes.components.constraints import (
    COVARIANCE,
    UP_TO_INFINITY,
    VECTOR,
    Scalar,
    parameter,
)
from mixnotes.components.exponential import (
    FEW,
    FLOOR,
    ROUNDING,
    SMALLEST,
    effective_n_of,
)
from mixnotes.data import missing as gaps
from mixnotes.data.check import CollapseError, as_count, require_seen
from mixnotes.families.rows import (
    remembering_d,
    require_one_column,
    rows_of,
    with_dimension,
)
from mixnotes.families.search import Stepped
from mixnotes.families.student import (
    GUESSES,
    ROUNDS,
    TRIAL,
    StudentT,
    df_of,
    latent,
    log_bell,
)
from mixnotes.numeric.arrays import Array

Prepared = tuple[Array, list[gaps.Pattern]]  # columns (d, n), and rows by their gaps


@dataclass(frozen=True, repr=False, eq=False)
class MultivariateStudentT(Stepped):
    """MultivariateStudentT(df, loc, shape) in d dimensions; an observation is a row.

    The covariance is shape df / (df - 2), and infinite for df <= 2. df = inf is the
    multivariate normal, and a fit that ends there says so. An entry of x may be
    missing, NaN: its row is then used as far as it was seen.

    Source: Liu and Rubin (1995); Peel and McLachlan (2000), for mixtures.

    Args:
        df: the degrees of freedom, above 0, infinity included, no unit; blank if left
            out.
        loc: the centre, shape (d,), each entry in the unit of its column; blank if left
            out.
        shape: the matrix that takes the place of a covariance, shape (d, d), symmetric
            and positive definite; blank if left out.
        d: the columns of x; if left out it is taken from loc, shape or the data.

    Examples:
        >>> import mixnotes as mx
        >>> import numpy as np
        >>> geyser = mx.datasets.faithful()
        >>> x = np.column_stack([geyser["eruptions"], geyser["waiting"]])
        >>> mx.MultivariateStudentT(df=4).fit(x).loc.round(2)
        array([ 3.61, 72.16])
    """

    df: Scalar = parameter(UP_TO_INFINITY)  # degrees of freedom
    loc: Array | None = parameter(VECTOR)  # (d,)
    shape: Array | None = parameter(COVARIANCE)  # (d, d)
    d: int | None = None  # columns of x; known from loc, shape or the data

    support = "rows of finite numbers"
    takes_gaps = True

    def __post_init__(self) -> None:
        super().__post_init__()
        given = [n for n in ("loc", "shape") if not self._is_blank(n)]
        sizes = {len(getattr(self, name)) for name in given}
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
        return sum(self.size_of(name) for name in self.blanks)

    def size_of(self, name: str) -> int:
        """How many free numbers a blank parameter is."""
        d = self.d or 0
        return {"df": 1, "loc": d, "shape": d * (d + 1) // 2}[name]

    @property
    def limit(self) -> str:
        """The normal, where df is infinite."""
        return "df = inf, a normal" if self.df == math.inf else ""

    def with_dimension(self, d: int) -> Self:
        """This component for data of d columns."""
        return with_dimension(self, d)

    def _rows(self, x: ArrayLike) -> Array:
        return rows_of(self, x, gaps=True)

    def on_line(self) -> StudentT:
        """The same as a component of one number, where there is one column."""
        loc, shape = self.given("loc"), self.given("shape")
        require_one_column(self, len(loc))
        return StudentT(self.given("df"), loc[0], math.sqrt(shape[0, 0]))

    def check_support(self, x: Array, weight: Array) -> None:
        """Raise an error for a column of which nothing was seen."""
        super().check_support(x, weight)
        require_seen(x[weight > 0])

    def inside(self, x: Array) -> NDArray[np.bool_]:
        """Every row is."""
        return np.ones(len(x), dtype=bool)

    def prepare(self, x: Array) -> Prepared:
        """The columns, and the rows by what is missing in them."""
        columns = np.ascontiguousarray(x.T)
        return columns, gaps.patterns(columns)

    def density(self, prepared: Prepared) -> Array:
        """log p at Mahalanobis distances of what was seen, a t of the same df."""
        far = _distances(self.given("loc"), self.given("shape"), prepared)
        return log_bell(far.square, self.given("df"), far.seen) + far.level

    def extent(self, x: Array) -> Array:
        """The range of each column; an error where one is constant."""
        span: Array = np.nanmax(x, axis=0) - np.nanmin(x, axis=0)
        if self._is_blank("shape") and (span == 0).any():
            j = int(np.argmin(span))
            raise ValueError(
                "each column must vary for a shape to be learned, got column "
                f"{j} all equal to {np.nanmax(x[:, j]):g}; leave it out"
            )
        if self._is_blank("shape") and (span < SMALLEST).any():
            raise ValueError(
                f"each column must vary by more than {SMALLEST:g} for a shape to be "
                f"learned, got a range of {span.min():.3g}; rescale it, for example "
                "x / np.ptp(x, axis=0)"
            )
        return span

    def _search(
        self, x: Array, weight: Array, start: Self | None, extent: Array
    ) -> dict[str, Any]:
        climb = _Rounds(self, self.prepare(x), weight, extent)
        if start is not None:
            known = start.given("df"), start.given("loc"), start.given("shape")
            return climb.up(known, ROUNDS, self._is_blank("df"))
        loc, shape = self._first(x, climb.share, extent)
        self.require_width(shape, loc, weight, extent)
        best, top = {}, -math.inf
        for df in (math.inf, *(1 / GUESSES)) if self._is_blank("df") else (self.df,):
            found = climb.up((df, loc, shape), TRIAL, False)
            height = climb.share @ self.filled(found).density(climb.prepared)
            if height > top:
                best, top = found, float(height)
        return best

    def _first(self, x: Array, share: Array, extent: Array) -> tuple[Array, Array]:
        """A place and a shape to begin from: the moments of what was seen."""
        gap = np.isnan(x)
        fill_value = np.where(gap, 0.0, x)
        level = np.maximum(share @ ~gap, 1e-300)
        loc = share @ fill_value / level if self._is_blank("loc") else self.given("loc")
        aside = np.where(gap, 0.0, x - loc)
        if not self._is_blank("shape"):
            return loc, self.given("shape")
        if not gap.any():
            return loc, aside.T @ (aside * share[:, None])
        square = share @ (aside * aside) / level
        least = (FLOOR * extent) ** 2  # of a column of which these rows say nothing
        return loc, np.diag(np.where(square > least, square, extent**2 / 12))

    def require_width(
        self, shape: Array, loc: Array, weight: Array, span: Array
    ) -> None:
        """Raise an error where a learned shape is flat, relative to the data."""
        if not self._is_blank("shape"):
            return
        few = effective_n_of(weight) < FEW + len(span) - 1
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
        if not (self._is_blank("loc") and self._is_blank("shape")):
            state.pop("d", None)  # loc and shape say it
        return state

    def filled(self, values: dict[str, Any]) -> Self:
        """The same component with these parameters set."""
        component = super().filled(values)
        for name in ("loc", "shape"):
            component = remembering_d(component, values.get(name))
        return component

    def marginal(self, columns: Sequence[int]) -> MultivariateStudentT:
        """The distribution of some columns, a t of the same degrees of freedom.

        Args:
            columns: numbers of columns, from 0, in the order in which they shall stand.

        Examples:
            >>> import mixnotes as mx
            >>> pair = mx.MultivariateStudentT(4, [0, 5], [[1, 0.5], [0.5, 2]])
            >>> pair.marginal([1])
            MultivariateStudentT(df=4, loc=[5], shape=[[2]])
        """
        loc, shape = self.given("loc"), self.given("shape")
        chosen = gaps.chosen(columns, len(loc))
        return MultivariateStudentT(
            self.given("df"), loc[chosen], shape[np.ix_(chosen, chosen)]
        )

    def conditional(self, known: Mapping[int, float]) -> MultivariateStudentT:
        """p(the other columns | these columns have these values), a t again.

        It has as many more degrees of freedom as values are known, and is wider the
        further out they are.

        Source: Roth (2013), On the multivariate t distribution, section 3.3; Ding
        (2016), The American Statistician 70.

        Args:
            known: the number of each known column, from 0, and its value.

        Examples:
            >>> import mixnotes as mx
            >>> pair = mx.MultivariateStudentT(4, [0, 5], [[1, 0.5], [0.5, 2]])
            >>> pair.conditional({0: 2.0})
            MultivariateStudentT(df=5, loc=[6], shape=[[2.8]])
        """
        df, loc, shape = self.given("df"), self.given("loc"), self.given("shape")
        part, values = gaps.known_part(known, len(loc))
        given = gaps.Given.of(shape, part)
        aside = values - loc[part.seen]
        standard = given.root @ aside
        pull = latent(standard @ standard, df, len(part.seen))
        there = loc[part.lost] + given.slope @ aside
        return MultivariateStudentT(df + len(part.seen), there, given.rest / pull)

    def filled_in(self, x: Array) -> Array:
        """The rows with each gap filled by its expectation given what was seen, (n, d);
        nan where there is none, which is in rows with nothing seen if df <= 1.
        """
        loc, filled = self.given("loc"), np.empty(x.shape)
        for pattern, aside, _ in gaps.expected(
            loc, self.given("shape"), *self.prepare(x)
        ):
            filled[pattern.rows] = loc + aside.T
            if not self.given("df") + len(pattern.seen) > 1:
                filled[pattern.rows] = math.nan
        return filled


class _Rounds:
    """Rounds of ECME, an expectation and then conditional maximisations, for one
    component, from data that are prepared once.
    """

    def __init__(
        self,
        template: MultivariateStudentT,
        prepared: Prepared,
        weight: Array,
        extent: Array,
    ) -> None:
        self.template, self.prepared = template, prepared
        self.weight, self.extent = weight, extent
        self.share = weight / weight.sum()

    def up(
        self, start: tuple[float, Array, Array], rounds: int, learns_df: bool
    ) -> dict[str, Any]:
        """Some rounds of loc and shape, then df, each up from the last."""
        df, loc, shape = start
        far = _distances(loc, shape, self.prepared)
        for _ in range(rounds):
            pull = self.share * latent(far.square, df, far.seen)
            loc, shape = self._moments(loc, shape, pull)
            far = _distances(loc, shape, self.prepared)
            if learns_df:
                df = df_of(far.square, self.share, far.seen, df)
        return {"df": df, "loc": loc, "shape": shape}

    def _moments(self, loc: Array, shape: Array, pull: Array) -> tuple[Array, Array]:
        """loc and shape from rows weighted by their latent precisions.

        The covariance of a gap about its expectation is divided by the same precision,
        so that each row adds it once, however far out it is.
        """
        template = self.template
        (first,), (second,) = gaps.sums(
            loc[None], shape[None], *self.prepared, pull[None], self.share[None]
        )
        total = pull.sum()
        if template._is_blank("loc"):
            move = first / total
            loc = loc + move
            second -= total * np.outer(move, move)
        if template._is_blank("shape"):
            shape = second / total
            shape = 0.5 * (shape + shape.T)
            template.require_width(shape, loc, self.weight, self.extent)
        return loc, shape


def _distances(loc: Array, shape: Array, prepared: Prepared) -> gaps.Distances:
    """Those of one component, each of shape (n,)."""
    far = gaps.distances(loc[None], shape[None], *prepared)
    return far._replace(square=far.square[0], level=far.level[0])
