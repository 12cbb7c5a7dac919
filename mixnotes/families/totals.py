"""Counts of successes among trials, of which each row may have a number of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixnotes.data import table
from mixnotes.data.check import Rng, as_count, as_data, as_rng
from mixnotes.families.rows import rows_of, with_dimension
from mixnotes.numeric.arrays import Array


def whole(x: Array) -> NDArray[np.bool_]:
    """Which observations are whole numbers from 0 up."""
    inside: NDArray[np.bool_] = (x >= 0) & (x == np.floor(x))
    return inside


def with_totals(x: Array) -> NDArray[np.bool_]:
    """Which rows (hits, trials) are whole numbers of hits among one trial or more."""
    hits, trials = x.T
    inside: NDArray[np.bool_] = whole(hits) & whole(trials) & (hits <= trials)
    return inside & (trials > 0)


class _Totals:
    """What is drawn where the total is one number."""

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        own: Any = self
        drawn: Array = own._draw(np.full(n, own.one_total("sample")), rng)
        return drawn


class WithTotals(_Totals):
    """What a family of successes has whose n is a number, or the name of a column."""

    n: int | str
    target: str | None
    column_names: tuple[str, ...] | None

    def _check_totals(self) -> None:
        name, own = type(self).__name__, self.__dict__
        if not isinstance(self.n, str) or self.n.strip().isdigit():
            own["n"] = as_count(self.n, f"{name}: n", 1)  # type: ignore[arg-type]
            if self.target is not None:
                raise ValueError(
                    f"{name}: target is the column of successes where n is a column "
                    f"too, got n={self.n} and target={self.target!r}; leave target out"
                )
            return
        if not self.n or self.n == self.target:
            raise ValueError(
                f"{name}: n and target must be two columns, got {self.n!r} and "
                f"{self.target!r}"
            )
        if self.target is not None:
            own["column_names"] = (self.target, self.n)

    @property
    def by_row(self) -> bool:
        """True where each row has a number of trials of its own."""
        return isinstance(self.n, str)

    def with_columns(self, names: Sequence[str] | None) -> Self:
        """The same component, for data of these columns: it takes the one beside the
        trials for its own.
        """
        if not self.by_row or self.target is not None or names is None:
            return self
        others = [name for name in names if name != self.n]
        if len(others) != 1:
            raise ValueError(
                f"{type(self).__name__}: x must have the column {self.n!r} and one "
                f"other, got {', '.join(names)}; name the other by target="
            )
        own: Any = self
        found: Self = own.filled({})
        found.__dict__.update(target=others[0], column_names=(others[0], self.n))
        return found

    def _rows(self, x: Any) -> Array:
        own: Any = super()
        if not self.by_row:
            rows: Array = own._rows(x)
            return rows
        named = self.with_columns(table.column_names(x))
        if named.column_names is not None:
            return table.rows(x, named.column_names, gaps=False)
        data = as_data(x)
        if data.ndim != 2 or data.shape[1] != 2:
            raise ValueError(
                f"{type(self).__name__}: x must be two columns by name, or rows "
                f"(successes, trials), got an array of shape {data.shape}"
            )
        return data

    def split(self, x: Array) -> tuple[Array, Any]:
        """Successes and trials."""
        if isinstance(self.n, str):
            return x[:, 0], x[:, 1]
        return x, np.float64(self.n)

    @property
    def words(self) -> str:
        """The support in words."""
        if self.by_row:
            return "whole numbers from 0 to their own number of trials, 1 or more"
        return f"whole numbers from 0 to {self.n}"

    @property
    def ends(self) -> tuple[float, float]:
        """0 and n."""
        return 0.0, np.inf if isinstance(self.n, str) else float(self.n)

    @property
    def fill_value(self) -> Any:
        """No success."""
        return np.array([0.0, 1.0]) if self.by_row else 0.0

    def inside(self, x: Array) -> NDArray[np.bool_]:
        """Which observations are whole numbers from 0 to n."""
        if isinstance(self.n, str):
            return with_totals(x)
        return whole(x) & (x <= self.n)

    @property
    def has_moments(self) -> bool:
        """Not without the trials."""
        return not self.by_row

    def one_total(self, what: str) -> int:
        """n, where it is one number."""
        if isinstance(self.n, str):
            raise TypeError(
                f"{what} needs one number of trials, and {type(self).__name__} takes "
                f"them from the column {self.n!r}; ask one with n=10, say"
            )
        return self.n

    def sample_target(self, trials: ArrayLike, rng: Rng) -> Array:
        """A draw for each number of trials, shape (n,).

        Args:
            trials: how many trials each row has, shape (n,), whole numbers.
            rng: a seed or a numpy Generator.

        Examples:
            >>> import mixnotes as mx
            >>> mx.Binomial("trials", 0.5).sample_target([10, 1000], rng=0)
            array([  6., 511.])
        """
        own: Any = self
        own._require_complete("sample_target")
        drawn: Array = own._draw(np.asarray(trials).astype(np.int64), as_rng(rng))
        return drawn


class RowTotals(_Totals):
    """What a family of rows of counts has whose n is a number, or each row's sum."""

    n: int | None
    d: int | None

    def with_dimension(self, d: int) -> Self:
        """This component for data of d columns."""
        return with_dimension(self, d)

    def _rows(self, x: ArrayLike) -> Array:
        return rows_of(self, x)

    @property
    def fill_value(self) -> Array:
        """All trials in the first column."""
        return np.eye(self.d or 1)[0] * (self.n or 1)

    def inside(self, x: Array) -> NDArray[np.bool_]:
        """Which rows are whole numbers from 0 up that sum to n, or are not all 0."""
        total = x.sum(axis=1)
        fine = total > 0 if self.n is None else total == self.n
        return np.asarray(whole(x).all(axis=1) & fine)

    @property
    def has_moments(self) -> bool:
        """Not without the totals."""
        return self.n is not None

    def one_total(self, what: str) -> int:
        """n, where it is one number."""
        if self.n is None:
            raise TypeError(
                f"{what} needs one number of trials, and {type(self).__name__} takes "
                "the sum of each row; give n, or call sample_rows(totals, rng) for "
                "draws"
            )
        return self.n

    def sample_rows(self, totals: ArrayLike, rng: Rng) -> Array:
        """A row of counts for each total, shape (n, d).

        Args:
            totals: what each row shall sum to, shape (n,), whole numbers.
            rng: a seed or a numpy Generator.

        Examples:
            >>> import mixnotes as mx
            >>> words = mx.Multinomial(probs=[0.5, 0.3, 0.2])
            >>> words.sample_rows([10, 1000], rng=0).sum(axis=1)
            array([  10., 1000.])
        """
        own: Any = self
        own._require_complete("sample_rows")
        drawn: Array = own._draw(np.asarray(totals).astype(np.int64), as_rng(rng))
        return drawn
