"""The multivariate normal family, with the covariances of one mixture free or tied."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixnotes.components.component import Component
from mixnotes.components.constraints import COVARIANCE, VECTOR, Shared, parameter
from mixnotes.components.exponential import (
    FEW,
    FLOOR,
    ROUNDING,
    Standardization,
    StandardizedFamily,
    Tie,
    Values,
)
from mixnotes.components.joint import (
    NormalInverseWishart,
    WithJoint,
    checked_joint,
)
from mixnotes.components.mixture import Mixture
from mixnotes.data import missing as gaps
from mixnotes.data.check import CollapseError, as_count, as_data, require_seen
from mixnotes.families.factors import NormalOfRows
from mixnotes.numeric import covariance as models
from mixnotes.numeric.arrays import Array, triangle
from mixnotes.numeric.special import LOG_2_PI

_FLAT = 1e-14  # the ratio of eigenvalues below which the least is rounding


@dataclass(frozen=True, repr=False, eq=False)
class MultivariateNormal(NormalOfRows, WithJoint, StandardizedFamily):
    """MultivariateNormal(mean, cov) in d dimensions; an observation is a row of x.

    An entry of x may be missing, NaN: its row is then used as far as it was seen.

    Args:
        mean: E[x], shape (d,), each entry in the unit of its column; blank if left out.
        cov: the covariance matrix, shape (d, d), always the whole of it, in products of
            the columns' units; blank if left out.
        covariance: what is known of a blank cov: "full", nothing; "diagonal", columns
            are uncorrelated; "spherical", and of equal variance; "tied", it is the same
            in all components of the mixture that say so. Or one of mclust's fourteen
            models, "EII" to "VVV", in which an E is common to those components. Or
            `Factors(q)`, which makes this a `FactorNormal`.
        d: the columns of x; if left out it is taken from mean, cov or the data.
        prior: what is believed of mean and cov together, where covariance is "full" or
            "diagonal"; nothing if left out.

    Examples:
        >>> import mixnotes as mx
        >>> import numpy as np
        >>> geyser = mx.datasets.faithful()
        >>> x = np.column_stack([geyser["eruptions"], geyser["waiting"]])
        >>> mx.MultivariateNormal().fit(x).mean.round(2)
        array([ 3.49, 70.9 ])
    """

    mean: Array | Component | None = parameter(VECTOR)  # (d,)
    cov: Array | None = parameter(COVARIANCE)  # (d, d), always the whole matrix
    covariance: Any = "full"
    d: int | None = None  # columns of x; known from mean, cov or the data
    prior: NormalInverseWishart | None = None

    support = "rows of finite numbers"
    place, spread = "mean", "cov"
    is_plain = True
    takes_gaps = True

    def __post_init__(self) -> None:
        super().__post_init__()
        models.model_of(self.covariance)
        for name in ("mean", "cov"):
            if isinstance(getattr(self, name), Shared):
                raise ValueError(
                    f"MultivariateNormal: {name} cannot be Shared; for what "
                    'covariances have in common write covariance="tied" or an E model'
                )
        given = [getattr(self, n) for n in ("mean", "cov") if not self._is_blank(n)]
        sizes = {len(v) for v in given}
        if self.prior is not None:
            checked_joint(self, self.prior, None)
        for known in self.told.values():
            sizes.add(known.d)
        if "prior" in self.told and self.model not in ("VVV", "VVI"):
            raise ValueError(
                'MultivariateNormal: prior needs covariance="full" or "diagonal", got '
                f"{self.covariance!r}"
            )
        if self.d is not None:
            sizes.add(as_count(self.d, "MultivariateNormal: d", 1))
        if len(sizes) > 1:
            raise ValueError(
                "MultivariateNormal: mean, cov and d must be of one dimension, got "
                f"{sorted(sizes)}"
            )
        if sizes:
            object.__setattr__(self, "d", sizes.pop())
        if self.cov is not None and self.model[2] == "I":
            self._require_axial()

    def _require_axial(self) -> None:
        diagonal = np.diagonal(self.given("cov"))
        aside = self.given("cov") - np.diag(diagonal)
        if aside.any() or (self.model[1] == "I" and np.ptp(diagonal) > 0):
            raise ValueError(
                f"MultivariateNormal: cov must be {self.covariance}, got "
                f"{self.cov!r:.120}; write covariance='full'"
            )

    @property
    def model(self) -> str:
        """The covariance model in three letters."""
        return models.model_of(self.covariance)

    @property
    def common(self) -> bool:  # type: ignore[override]
        """True where the covariance model needs one scale for all columns."""
        return models.needs_one_scale(self.model)

    @property
    def n_free(self) -> int:
        """How many numbers are blank."""
        if self.d is None:
            raise ValueError(
                "how many numbers are blank depends on the dimension, and "
                "MultivariateNormal has no mean, cov or d; give d, for example "
                "MultivariateNormal(d=2)"
            )
        free = self.d if self._is_blank("mean") else 0
        if self.cov is None:
            free += models.n_free(self.model, self.d, 1)
        return free

    def saved_by_ties(self, alike: Sequence[Self]) -> int:
        """How many blank numbers of these components, all of one covariance model, are
        the same numbers as others.
        """
        blank = [c for c in alike if c.cov is None]
        single = sum(models.n_free(self.model, c.d or 1, 1) for c in blank)
        if not blank:
            return 0
        return single - models.n_free(self.model, blank[0].d or 1, len(blank))

    def with_dimension(self, d: int) -> Self:
        """This component for data of d columns."""
        if self.d not in (None, d):
            raise ValueError(
                f"MultivariateNormal of dimension {self.d} takes x of shape "
                f"(n, {self.d}), got {d} columns"
            )
        known = self.filled({})
        known.__dict__["d"] = d
        return known

    def _rows(self, x: ArrayLike) -> Array:
        data = as_data(x, gaps=True)
        if data.ndim != 2:
            raise ValueError(
                "MultivariateNormal takes one row an observation, x of shape (n, d), "
                f"got shape {data.shape}; write x[:, None] for one column, or use "
                "Normal"
            )
        self.with_dimension(data.shape[1])
        return data

    def check_support(self, x: Array, weight: Array) -> None:
        """Raise an error for a column of which nothing was seen."""
        super().check_support(x, weight)
        require_seen(x[weight > 0])

    def kind(self) -> tuple[Any, ...]:
        """Components of equal kind share one matrix product."""
        return (type(self), self.model)

    def columns(self, x: Array) -> Array:
        """The columns of x, shape (d, n)."""
        return x.T

    # ------------------------------------------------------------ the packed form

    def n_statistics(self, d: int) -> int:
        """The coordinates, and their squares or all their products."""
        return 2 * d if self.model[2] == "I" else d + d * (d + 1) // 2

    def fill(self, columns: Array, out: Array) -> None:
        """The coordinates, then their products y_i y_j for i <= j."""
        d = len(columns)
        out[:d] = columns
        if self.model[2] == "I":
            np.multiply(columns, columns, out=out[d:])
            return
        row = d
        for i in range(d):
            np.multiply(columns[i], columns[i:], out=out[row : row + d - i])
            row += d - i

    def natural(self, values: Values) -> tuple[Sequence[Array], Array]:
        """precision mean, then -1/2 of the precision (its off-diagonal twice)."""
        mean, cov = values["mean"], values["cov"]
        d = mean.shape[1]
        if self.model[2] == "I":
            precision = 1 / cov
            first = precision * mean
            second = -0.5 * precision
            log_det = np.log(cov).sum(axis=1)
        else:
            root = _inverse_factor(cov)
            matrix = root.transpose(0, 2, 1) @ root
            first = (matrix @ mean[:, :, None])[:, :, 0]
            second = self.paired(matrix)
            log_det = -2 * np.log(np.einsum("kii->ki", root)).sum(axis=1)
        normaliser = 0.5 * ((first * mean).sum(axis=1) + log_det + d * LOG_2_PI)
        return np.concatenate([first, second], axis=1).T, normaliser  # type: ignore[return-value]

    def begin(self, columns: Array, share: Array) -> Values:
        """Means and variances of what was seen, weighted by `share`, (K, n)."""
        seen = ~np.isnan(columns)
        fill_value = np.where(seen, columns, 0.0)
        weight = np.maximum(share @ seen.T, 1e-300)
        mean = share @ fill_value.T / weight
        variance = share @ (fill_value * fill_value).T / weight - mean * mean
        spread = np.nanvar(columns, axis=1)
        cov = np.where(variance > FLOOR * spread, variance, spread)
        if self.model[2] != "I":
            cov = self.matrices(cov)
        return {"mean": mean, "cov": cov}

    def sharpness(self, natural: Any) -> float:
        """The trace of the precision."""
        axial = self.model[2] == "I"
        d = _dimension(len(natural), axial)
        rows = d + (np.arange(d) if axial else _diagonal(d))
        return float(-2 * natural[rows].sum(axis=0).min())

    def learn_about(
        self, weight: Array, means: Array, tie: Tie, origin: Any, current: Any
    ) -> Values:
        """The weighted means, and the covariances that the model allows about them."""
        d = self.d or _dimension(len(means), self.model[2] == "I")
        first = means[:d].T
        mean = tie("mean", origin + first, weight)
        aside = mean - origin
        if self.model[2] == "I":
            square = means[d:].T - aside * (2 * first - aside)
            scatter = weight[:, None] * np.maximum(square, 0.0)
        else:
            square = _unpacked(means[d:].T, d)
            cross = first[:, :, None] * aside[:, None, :]
            square = square - cross - cross.transpose(0, 2, 1)
            square += aside[:, :, None] * aside[:, None, :]
            scatter = weight[:, None, None] * square
        before = None if current is None else current["cov"]
        cov = models.learn(self.model, weight, scatter, before)
        return {"mean": mean, "cov": tie("cov", cov, weight)}

    @property
    def ties(self) -> bool:  # type: ignore[override]
        """True where entries of the covariances depend on one another."""
        return models.binds(self.model)

    def own_means(self, values: Values) -> Array:
        """For each component the mean statistics of y - mean under that component, (p,
        K).
        """
        mean, cov = values["mean"], values["cov"]
        second = cov if self.model[2] == "I" else self.packed(cov)
        return np.concatenate([np.zeros_like(mean), second], axis=1).T

    # ----------------------------------------------------------- the centred form

    def centred_log_prob(self, values: Values, columns: Array, out: Array) -> None:
        """-1/2 (y - mean)' cov^-1 (y - mean) - log det(cov) / 2 - d log(2 pi) / 2."""
        mean, cov = values["mean"], values["cov"]
        axial = self.model[2] == "I"
        root = 1 / np.sqrt(cov) if axial else _inverse_factor(cov)
        for k in range(len(mean)):
            aside = columns - mean[k][:, None]
            standard = root[k][:, None] * aside if axial else root[k] @ aside
            np.einsum("in,in->n", standard, standard, out=out[k])
            diagonal = root[k] if axial else np.diagonal(root[k])
            out[k] *= -0.5
            out[k] += np.log(diagonal).sum() - 0.5 * len(columns) * LOG_2_PI

    def centred_sums(self, origin: Array, columns: Array, share: Array) -> Array:
        """Of y - origin and its products."""
        d = len(columns)
        sums = np.empty((len(share), self.n_statistics(d)))
        for k, part in enumerate(share):
            aside = columns - origin[k][:, None]
            weighted = aside * part
            sums[k, :d] = weighted.sum(axis=1)
            if self.model[2] == "I":
                sums[k, d:] = np.einsum("in,in->i", weighted, aside)
            else:
                sums[k, d:] = self.packed(weighted @ aside.T)
        return sums

    # ------------------------------------------------------------------- with gaps

    def gappy_log_prob(
        self, values: Values, columns: Array, parts: list[gaps.Pattern], out: Array
    ) -> None:
        """`centred_log_prob` of the entries that were seen."""
        gaps.log_prob(values["mean"], self.matrices(values["cov"]), columns, parts, out)

    def gappy_sums(
        self, values: Values, columns: Array, parts: list[gaps.Pattern], share: Array
    ) -> Array:
        """`centred_sums`, as expected where an entry is missing."""
        mean, cov = values["mean"], self.matrices(values["cov"])
        first, second = gaps.sums(mean, cov, columns, parts, share, share)
        return np.concatenate([first, self.packed(second)], axis=1)

    def paired(self, precision: Array) -> Array:
        """What multiplies the products y_i y_j, i <= j, in the log-density."""
        if self.model[2] == "I":
            return -0.5 * np.diagonal(precision, axis1=-2, axis2=-1)
        d = precision.shape[-1]
        entries = -self.packed(precision)
        entries[..., _diagonal(d)] *= 0.5
        return entries

    def packed(self, matrices: Array) -> Array:
        """Of symmetric matrices, (..., d, d), the entries that are statistics."""
        if self.model[2] == "I":
            return np.diagonal(matrices, axis1=-2, axis2=-1)
        rows, columns = triangle(matrices.shape[-1])
        entries: Array = matrices[..., rows, columns]
        return entries

    def unpacked(self, entries: Array, d: int) -> Array:
        """The inverse: matrices, (..., d, d), with 0 in what is no statistic."""
        axial = self.model[2] == "I"
        return np.eye(d) * entries[..., None] if axial else _unpacked(entries, d)

    def matrices(self, cov: Array) -> Array:
        """The covariances as matrices, (K, d, d)."""
        return cov if cov.ndim == 3 else np.eye(cov.shape[1]) * cov[:, None, :]

    def _fit(self, x: Array, weight: Array, start: Self | None) -> Self:
        if not np.isnan(x).any() or weight.sum() <= 0:
            return super()._fit(x, weight, start)
        first = None if start is None else Mixture([start])
        return Mixture([self])._fit(x, weight, first).components[0]

    def collapsed(
        self, values: Values, effective_n: Array, frame: Standardization
    ) -> str | None:
        """Is some learned covariance flat, relative to the data's spread?"""
        cov = values["cov"]
        span = float(frame.span.min())
        few = effective_n < FEW + len(frame.span) - 1
        floor = np.where(few, FLOOR, ROUNDING) * span
        if cov.ndim == 3 and _is_far_from_flat(cov, floor):
            return None
        good = np.isfinite(cov).reshape(len(cov), -1).all(axis=1)
        fill_value = np.where(good.reshape(-1, *[1] * (cov.ndim - 1)), cov, 0.0)
        if cov.ndim == 2:
            least = fill_value.min(axis=1)
            flat = np.zeros(len(cov))
        else:
            squares = np.linalg.eigvalsh(fill_value)
            least, flat = squares[:, 0], _FLAT * squares[:, -1]
        fallen = ~(least > np.maximum(floor**2, flat))
        if not fallen.any():
            return None
        k = int(np.argmax(fallen))
        place = frame.centre + frame.scale * values["mean"][k]
        return (
            f"MultivariateNormal collapsed near x = {np.round(place, 6).tolist()}: its "
            "covariance became singular; use fewer components, leave out a column that "
            "others determine, or take a simpler covariance such as 'diagonal'"
        )

    def require_spread(self, frame: Standardization) -> None:
        """Raise an error for a constant column."""
        constant = np.flatnonzero(frame.span == 0)
        if self.cov is None and len(constant):
            j = int(constant[0])
            raise ValueError(
                "each column must vary for a covariance to be learned, got column "
                f"{j} all equal to {frame.centre[j]:g}; leave it out"
            )

    # ------------------------------------------------------- one component, in public

    def into(self, values: Values, frame: Standardization) -> Values:
        """(mean - centre) / scale, and cov over the scales of its row and column."""
        framed = {}
        if "mean" in values:
            framed["mean"] = (values["mean"] - frame.centre) / frame.scale
        if "cov" in values:
            cov = values["cov"]
            if self.model[2] == "I" and cov.ndim == 3:
                cov = np.einsum("kii->ki", cov)
            framed["cov"] = cov / self._units(frame, cov.ndim)
        return framed

    def out_of(self, values: Values, frame: Standardization) -> Values:
        """The inverse of `into`."""
        cov = values["cov"]
        return {
            "mean": frame.centre + frame.scale * values["mean"],
            "cov": cov * self._units(frame, cov.ndim),
        }

    def _units(self, frame: Standardization, ndim: int) -> Array:
        return frame.scale**2 if ndim == 2 else np.outer(frame.scale, frame.scale)

    def stack(self, components: Sequence[Self]) -> Values:
        """Means (K, d) and covariances (K, d, d), or their diagonals (K, d)."""
        values = super().stack(components)
        if self.model[2] == "I":
            values["cov"] = np.einsum("kii->ki", values["cov"]).copy()
        return values

    def unstack(self, values: Values, k: int) -> dict[str, Any]:
        """The parameters of one component of a stack."""
        cov = values["cov"][k]
        return {
            "mean": values["mean"][k],
            "cov": np.diag(cov) if cov.ndim == 1 else cov,
        }

    def _state(self) -> dict[str, Any]:
        state = super()._state()
        if self.covariance == "full":
            del state["covariance"]
        if {"mean", "cov"} - set(self.blanks):
            del state["d"]  # mean and cov say it
        return state

    def filled(self, values: dict[str, Any]) -> Self:
        """The same component with these parameters set."""
        component = super().filled(values)
        for name in ("mean", "cov"):
            if values.get(name) is not None:
                component.__dict__["d"] = len(values[name])
        return component

    def bind(self, x: Array) -> Callable[[Self], Array]:
        """log p(x) by the distances to the mean."""
        columns = np.ascontiguousarray(x.T)

        parts = gaps.patterns(columns) if np.isnan(columns).any() else None

        def log_prob(filled: Self) -> Array:
            out = np.empty((1, columns.shape[1]))
            values = filled.stack([filled])
            with np.errstate(over="ignore"):
                if parts is None:
                    filled.centred_log_prob(values, columns, out)
                else:
                    filled.gappy_log_prob(values, columns, parts, out)
            return out[0]

        return log_prob

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        factor = np.linalg.cholesky(self.given("cov"))
        draws: Array = self.given("mean") + rng.normal(size=(n, self.d)) @ factor.T  # type: ignore[arg-type]
        return draws

    def marginal(self, columns: Sequence[int]) -> MultivariateNormal:
        """The distribution of some columns, a normal in fewer dimensions.

        Args:
            columns: numbers of columns, from 0, in the order in which they shall stand.

        Examples:
            >>> import mixnotes as mx
            >>> pair = mx.MultivariateNormal([0, 5], [[1, 0.5], [0.5, 2]])
            >>> pair.marginal([1])
            MultivariateNormal(mean=[5], cov=[[2]])
        """
        mean, cov = self.given("mean"), self.given("cov")
        chosen = gaps.chosen(columns, len(mean))
        return MultivariateNormal(mean[chosen], cov[np.ix_(chosen, chosen)])

    def conditional(self, known: Mapping[int, float]) -> MultivariateNormal:
        """p(the other columns | these columns have these values), a normal.

        Args:
            known: the number of each known column, from 0, and its value.

        Examples:
            >>> import mixnotes as mx
            >>> pair = mx.MultivariateNormal([0, 5], [[1, 0.5], [0.5, 2]])
            >>> pair.conditional({0: 2.0})
            MultivariateNormal(mean=[6], cov=[[1.75]])
        """
        mean, cov = self.given("mean"), self.given("cov")
        part, values = gaps.known_part(known, len(mean))
        given = gaps.Given.of(cov, part)
        there = mean[part.lost] + given.slope @ (values - mean[part.seen])
        return MultivariateNormal(there, given.rest)

    def filled_in(self, x: Array) -> Array:
        """The rows with each gap filled by its expectation given what was seen, (n,
        d).
        """
        mean, cov = self.given("mean"), self.given("cov")
        filled = np.empty(x.shape)
        for pattern, aside, _ in gaps.expected(mean, cov, x.T, gaps.patterns(x.T)):
            filled[pattern.rows] = mean + aside.T
        return filled

    def moments(self) -> tuple[Any, Any]:
        """E[x] = mean, shape (d,), and the covariance matrix cov, shape (d, d)."""
        return self.given("mean"), self.given("cov")


def _inverse_factor(cov: Array) -> Array:
    """The inverses of the Cholesky factors, (K, d, d)."""
    try:
        inverse: Array = np.linalg.inv(np.linalg.cholesky(cov))
    except np.linalg.LinAlgError:
        raise CollapseError(
            "MultivariateNormal collapsed: a covariance became singular; use fewer "
            "components, or a simpler covariance such as 'tied' or 'diagonal'"
        ) from None
    return inverse


def _is_far_from_flat(cov: Array, floor: Array) -> bool:
    """Are all eigenvalues surely above the floor, and above a share of the largest?
    By a Cholesky factorisation, which takes a fifth of the time that they do."""
    traces = np.trace(cov, axis1=1, axis2=2)
    least = np.maximum(floor**2, _FLAT * traces)
    try:
        np.linalg.cholesky(cov - least[:, None, None] * np.eye(cov.shape[1]))
    except np.linalg.LinAlgError:
        return False
    return bool(np.isfinite(traces).all())


def _unpacked(upper: Array, d: int) -> Array:
    """Symmetric matrices from their upper triangles, row by row."""
    full = np.empty((*upper.shape[:-1], d, d))
    rows, columns = triangle(d)
    full[..., rows, columns] = upper
    full[..., columns, rows] = upper
    return full


@cache
def _diagonal(d: int) -> NDArray[np.intp]:
    """The positions of y_i^2 among the products y_i y_j, i <= j."""
    rows, columns = triangle(d)
    return np.flatnonzero(rows == columns)


def _dimension(p: int, axial: bool) -> int:
    """The dimension d of a normal that has p statistics."""
    return p // 2 if axial else (math.isqrt(9 + 8 * p) - 3) // 2
