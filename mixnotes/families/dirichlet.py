"""The Dirichlet distribution on the simplex."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixnotes.components.constraints import POSITIVE_VECTOR, Shared, parameter
from mixnotes.components.exponential import (
    ExponentialFamily,
    Tie,
    Values,
    with_defaults,
)
from mixnotes.data.check import CollapseError, as_count
from mixnotes.families.rows import (
    remembering_d,
    rows_of,
    state_without_d,
    with_dimension,
)
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.special import digamma, log_gamma, trigamma

_NARROW = 1e-11  # a relative variance below it is rounding of the mean statistics
_SUM = 1e-8  # by which the entries of a row may miss 1


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

    The density is one in the first d - 1 shares, as that of `scipy.stats.dirichlet`.

    Source: Minka (2000), Estimating a Dirichlet distribution.

    Args:
        alpha: the power of each share plus 1, shape (d,), above 0, no unit; blank if
            left out.
        d: how many shares there are, the columns of x; if left out it is taken from
            alpha or the data.

    Examples:
        >>> import mixnotes as mx
        >>> shares = [[0.2, 0.3, 0.5], [0.1, 0.4, 0.5], [0.3, 0.3, 0.4]]
        >>> mx.Dirichlet().fit(shares).moments()[0].round(3)
        array([0.191, 0.338, 0.471])
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

    def with_dimension(self, d: int) -> Self:
        """This component for data of d columns."""
        return with_dimension(self, d)

    def _rows(self, x: ArrayLike) -> Array:
        return rows_of(self, x)

    @property
    def fill_value(self) -> Array:
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

    def learn(self, weight: Array, means: Array, tie: Tie) -> Values:
        """digamma(alpha_j) - digamma(sum alpha) = mean log x_j, by Newton."""
        known = tie.is_given("alpha", len(weight))
        filler = np.full(len(means), -1.0 - math.log(len(means)))
        logs = tie.average(
            "alpha", with_defaults(means, weight, filler).T.copy(), weight
        )
        logs[known] = filler
        if (fallen := 1 - np.exp(logs).sum(axis=1) <= _NARROW).any():
            at = np.round(np.exp(logs[int(np.argmax(fallen))]), 6).tolist()
            raise CollapseError(
                f"Dirichlet collapsed on x = {at}: alpha grew without bound; use fewer "
                "components"
            )
        return {"alpha": tie("alpha", _alpha_of(logs), weight)}

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
