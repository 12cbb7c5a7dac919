"""The family of words: one of some categories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mixnotes.components.constraints import SIMPLEX, parameter
from mixnotes.components.exponential import ExponentialFamily, Tie, Values
from mixnotes.components.saving import shown
from mixnotes.data.categories import (
    checked_levels,
    codes_of,
    has_words,
    levels_in,
    listed,
)
from mixnotes.data.check import as_count
from mixnotes.numeric.arrays import Array


@dataclass(frozen=True, repr=False, eq=False)
class Categorical(ExponentialFamily):
    """Categorical(probs) on categories: P(x = levels[j]) = probs[j].

    Categories are words, or whole numbers. `Categorical()` learns which there are from
    the data; a column of pandas, polars or Arrow keeps the order of its categories,
    others are sorted. An empty word, None and NaN are missing.

    Args:
        probs: the probability of each category, shape (n,), which sum to 1, or a
            mapping of words to theirs; blank if left out.
        n: how many categories there are; if left out it is taken from the others, or
            from the data.
        levels: the categories, different words or different whole numbers; 0 to n - 1
            if left out where probs or n are given.

    Examples:
        >>> import mixnotes as mx
        >>> mx.Categorical().fit(["yes", "no", "no", "yes", "no"])
        Categorical({'no': 0.6, 'yes': 0.4})
        >>> mx.Categorical({"heads": 0.5, "tails": 0.5}).log_prob(["tails"]).round(3)
        array([-0.693])
    """

    discrete = True
    probs: Any = parameter(SIMPLEX)  # shape (n,)
    n: int | None = None  # number of categories
    levels: tuple[str, ...] | tuple[int, ...] | None = (
        None  # their names, where they are not 0 to n - 1
    )

    def __post_init__(self) -> None:
        own = self.__dict__
        if isinstance(self.probs, Mapping):
            if self.levels is not None:
                raise ValueError(
                    "Categorical: levels must be left out where probs name them, got "
                    f"{self.levels!r:.80}"
                )
            own["levels"] = list(self.probs)
            own["probs"] = list(self.probs.values())
        super().__post_init__()
        if self.levels is not None:
            own["levels"] = checked_levels(self.levels)
        sizes = {
            "probs": self._size_of_probs(),
            "n": None if self.n is None else as_count(self.n, "Categorical: n", 1),
            "levels": None if self.levels is None else len(self.levels),
        }
        told = {name: size for name, size in sizes.items() if size is not None}
        if len(set(told.values())) > 1:
            words = " and ".join(f"{size} by {name}" for name, size in told.items())
            raise ValueError(
                f"Categorical: there must be one number of categories, got {words}; "
                "leave one of them out"
            )
        own["n"] = next(iter(told.values()), None)

    def _size_of_probs(self) -> int | None:
        alpha = getattr(self.probs, "alpha", None)  # what is believed of them
        if alpha is not None:
            return len(alpha)
        return None if self._is_blank("probs") else len(self.given("probs"))

    # ------------------------------------------------------------- the categories

    @property
    def count(self) -> int:
        """How many categories there are, which the data may have to say."""
        if self.n is None:
            raise ValueError(
                "how many categories there are is learned from the data, and "
                "Categorical() has seen none; name them: Categorical(levels=[...])"
            )
        return self.n

    @property
    def needs_levels(self) -> bool:  # type: ignore[override]
        """Must the data say which categories there are?"""
        return self.n is None or (self.levels is None and self._is_blank("probs"))

    @property
    def word_levels(self) -> tuple[str, ...] | None:
        """The levels, where they are words, of which data hold the codes."""
        levels: Any = self.levels
        return levels if levels and isinstance(levels[0], str) else None

    @property
    def _values(self) -> Array:
        """What stands in the data for each category."""
        numbers = self.levels if self.word_levels is None else None
        return np.array(range(self.count) if numbers is None else numbers, dtype=float)

    def with_levels(self, x: Any) -> Self:
        """The same component, which knows the categories in these data."""
        if not self.needs_levels or (self.n is not None and not has_words(x, "x")):
            return self
        found = levels_in(x, "x")
        if self.n is not None and self.n != len(found):  # type: ignore[arg-type]
            raise ValueError(
                "Categorical: n must be the number of categories, and the data have "
                f"{listed(found)}, got n={self.n}; leave n out, or name all levels: "  # type: ignore[arg-type]
                "Categorical(levels=[...])"
            )
        known = self.filled({})
        size = found if isinstance(found, int) else len(found)
        levels = None if isinstance(found, int) else found
        known.__dict__.update(n=size, levels=levels)
        return known

    def _rows(self, x: Any) -> Array:
        if isinstance(x, np.ndarray) and x.dtype.kind == "f":
            return super()._rows(x)
        if self.word_levels is not None:
            return super()._rows(codes_of(x, self.word_levels, "x", gaps=False))
        if not self._is_blank("probs") and has_words(x, "x"):
            raise TypeError(
                "Categorical: the words must be known, got probabilities of numbers "
                f"alone for words such as {next(iter(x))!r:.40}; write "
                "Categorical({word: probability, ...})"
            )
        return super()._rows(x)

    def decoded(self, x: Array) -> Any:
        """The words that codes stand for, shape (n,); numbers as they are."""
        if self.word_levels is None:
            return x
        there = ~np.isnan(x)
        found = np.full(len(x), None, dtype=object)
        found[there] = np.array(self.word_levels, dtype=object)[
            x[there].astype(np.intp)
        ]
        return found if not there.all() else found.astype(str)

    def fit(self, x: Any, sample_weight: Any = None, start: Self | None = None) -> Self:
        """This component with its blanks filled by weighted maximum likelihood.

        Args:
            x: observations, shape (n,): words, or whole numbers.
            sample_weight: how often each observation counts, shape (n,); once if left
                out.
            start: as in other components; nothing is searched here.

        Examples:
            >>> import mixnotes as mx
            >>> mx.Categorical().fit([1, 2, 2, 3]).levels
            (1, 2, 3)
        """
        known = self.with_levels(x) if self.needs_levels else self
        return super(Categorical, known).fit(x, sample_weight, start)

    # ------------------------------------------------------------ the distribution

    @property
    def support(self) -> str:  # type: ignore[override]
        """The support in words."""
        if self.n is None:
            return "categories that the data name"
        if self.levels is not None:
            return f"one of {listed(self.levels)}"
        return f"whole numbers from 0 to {self.n - 1}"

    @property
    def ends(self) -> tuple[float, float]:
        """The least category and the largest."""
        values = self._values
        return float(values.min()), float(values.max())

    @property
    def fill_value(self) -> float:
        """The first category."""
        return float(self._values[0])

    @property
    def n_free(self) -> int:
        """How many numbers are blank: n probabilities are n - 1."""
        return (self.count - 1) * len(self.blanks)

    def inside(self, x: Array) -> NDArray[np.bool_]:
        """Which observations are categories."""
        return np.isin(x, self._values)

    def statistics(self, x: Array) -> Sequence[Array]:
        """1 where x is the category, for each."""
        return [(x == value).astype(np.float64) for value in self._values]

    def natural(self, values: Values) -> tuple[Sequence[Array], Array]:
        """log probs."""
        probs = values["probs"]
        return list(np.log(probs).T), np.zeros(len(probs))

    def learn(self, weight: Array, means: Array, tie: Tie) -> Values:
        """probs are the weighted shares of the categories."""
        shares = means.T / means.sum(axis=0)[:, None]
        return {"probs": tie("probs", shares, weight)}

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        probs = self.given("probs")
        codes = rng.choice(len(probs), size=n, p=probs / probs.sum())
        drawn: Array = self._values[codes]
        return drawn

    def moments(self) -> tuple[float, float]:
        """E[x] and Var[x] of the category's number."""
        probs, values = self.given("probs"), self._values
        mean = float(probs @ values)
        return mean, float(probs @ (values - mean) ** 2)

    def _cdf(self, x: Array) -> Array:
        order = np.argsort(self._values)
        below = np.concatenate([[0.0], np.cumsum(self.given("probs")[order])])
        below /= below[-1]
        return below[np.searchsorted(self._values[order], x, side="right")]

    # ------------------------------------------------------------------- the value

    def filled(self, values: dict[str, Any]) -> Self:
        """The same component with these parameters set."""
        probs = values.get("probs")
        known = isinstance(probs, np.ndarray | list | tuple)
        if known and np.shape(np.asarray(probs)) != (self.count,):
            raise ValueError(f"probs must have shape ({self.n},), got {probs!r:.80}")
        return super().filled(values)

    def _state(self) -> dict[str, Any]:
        state = super()._state()
        if not self._is_blank("probs") or self.levels is not None:
            state.pop("n", None)  # the others say it
        if self.levels is not None:
            state["levels"] = list(self.levels)
        return state

    def described(self, template: Self) -> str:
        """This component as a table shows it: what was given in `template` marked."""
        if self.levels is None:
            return super().described(template)
        given = "" if template.blanks else " (given)"
        return f"Categorical({self._by_level()}{given})"

    def _by_level(self) -> str:
        pairs = zip(self.levels or (), self.given("probs"), strict=True)
        return ", ".join(f"{level}: {shown(p)}" for level, p in pairs)

    def __repr__(self) -> str:
        if self.levels is None:
            return super().__repr__()
        if self.blanks:
            known = [] if self.probs is None else [f"probs={shown(self.probs)}"]
            parts = [*known, f"levels={list(self.levels)!r}"]
            return f"Categorical({', '.join(parts)})"
        pairs = zip(self.levels, self.given("probs"), strict=True)
        inner = ", ".join(f"{level!r}: {shown(p)}" for level, p in pairs)
        return f"Categorical({{{inner}}})"
