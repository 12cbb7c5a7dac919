"""What a component is: the contract, and what everybody gets who meets it.

Read this first if you want to write a component of your own.
"""

from __future__ import annotations

import json
import math
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixnotes.components.hooks import Hooks
from mixnotes.components.quantiles import bisected
from mixnotes.data import intervals
from mixnotes.data.check import (
    LARGEST,
    Rng,
    as_count,
    as_data,
    as_places,
    as_rng,
    as_sample_weight,
    require,
)
from mixnotes.data.intervals import Binned, Censored, Intervals
from mixnotes.data.table import column_names
from mixnotes.numeric.arrays import Array

SCHEMA = 1  # of the JSON: a number more where older readers would misread it


@runtime_checkable
class ComponentLike(Protocol):
    """The whole contract. Any object that meets it can stand in a `Mixture`.

    `fit` fills the blanks by weighted maximum likelihood, never lowers the weighted
    log-likelihood of `start`, and never changes a parameter that was given.
    """

    @property
    def n_free(self) -> int:
        """How many parameters are blank."""

    def log_prob(self, x: Any) -> Array:
        """log p(x), shape (n,)."""

    def fit(self, x: Any, sample_weight: Any = None, start: Any = None) -> Any:
        """A new component of the same kind with the blanks filled."""


# -------------------------------------------------------------------- the component


class Component(Hooks):
    """A distribution p(x) whose parameters may be blank (None): what is blank is
    learned.

    Components are immutable values: they compare, print, copy, pickle and save as
    JSON. `fit` returns a new one.

    Examples:
        >>> import mixnotes as mx
        >>> noise = mx.Normal(mean=0.0)  # the sd is blank
        >>> noise.blanks
        ('sd',)
        >>> noise.fit([-3.0, 3.0, -3.0, 3.0])
        Normal(mean=0, sd=3)
        >>> isinstance(noise, mx.Component)
        True
    """

    support: ClassVar[str]  # in words, for errors: "whole numbers from 0 up"
    registry: ClassVar[dict[str, type[Component]]] = {}
    column_names: tuple[str, ...] | None = None  # of a row, where they have names

    def __init_subclass__(cls, saved: bool = True, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not saved:
            return
        Component.registry[_qualified(cls)] = cls
        mine = Component.registry.get(cls.__name__)
        if mine is None or not _is_built_in(mine) or _is_built_in(cls):
            Component.registry[cls.__name__] = cls

    @classmethod
    def type_name(cls) -> str:
        """The name of this class in JSON: with its module where the name alone is that
        of another class."""
        short = Component.registry.get(cls.__name__) is cls
        return cls.__name__ if short else _qualified(cls)

    @property
    def class_name(self) -> str:
        """What errors call a component of this class."""
        return type(self).__name__

    # What the author of a component writes.

    @abstractmethod
    def bind(self, x: Array) -> Callable[[Self], Array]:
        """log p(x), shape (n,), as a function of a filled component of this kind.

        What depends on the data alone is computed here, once, and not in every step.

        Args:
            x: observations, shape (n,), or rows (n, d).
        """

    @abstractmethod
    def _fit(self, x: Array, weight: Array, start: Self | None) -> Self:
        """This component with its blanks filled by weighted maximum likelihood.

        Args:
            x: observations inside the support, shape (n,), or rows (n, d).
            weight: how often each counts, shape (n,), above 0.
            start: a component of this class with values everywhere, below whose
                weighted log-likelihood the result must not be; None where there is
                none.
        """

    @abstractmethod
    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        """n independent draws, shape (n,), or rows (n, d).

        Args:
            n: how many, 0 or more.
            rng: where the random numbers come from.
        """

    @abstractmethod
    def inside(self, x: Array) -> NDArray[np.bool_]:
        """Which observations lie in the support, shape (n,).

        Args:
            x: observations, shape (n,), or rows (n, d).
        """

    @abstractmethod
    def moments(self) -> tuple[float, float]:
        """E[x] and Var[x]: two numbers; of rows a vector (d,) and the covariance
        matrix.

        Examples:
            >>> import mixnotes as mx
            >>> mx.Gamma(shape=2.0, scale=3.0).moments()
            (6.0, 18.0)
        """

    @abstractmethod
    def _state(self) -> dict[str, Any]:
        """The arguments that make this component again, as JSON values, with its
        `type_name()` under "type".
        """

    def described(self, template: Self) -> str:
        """This component as the table of a `Fit` shows it, with what was given in
        `template` marked.
        """
        return repr(self)

    def reordered(self, names: Sequence[str]) -> Self:
        """The same component with its named columns in this order."""
        return self

    def with_columns(self, names: Sequence[str] | None) -> Self:
        """The same component, for data of columns with these names; None where they
        have none.
        """
        return self

    needs_levels = False  # must the data say which categories there are?

    def with_levels(self, x: Any) -> Self:
        """The same component, which knows the categories in these data."""
        return self

    def decoded(self, x: Array) -> Any:
        """Rows as the user gave them: words where they hold codes of words."""
        return x

    # What the author may add.

    discrete: ClassVar[bool] = False  # is log_prob a probability, not a density?

    @property
    def probable(self) -> Mapping[str | None, bool | None]:
        """For each named column, or for None where columns have no names: True where
        log_prob is the logarithm of a probability there, False where it is that of a
        density.
        """
        return {None: self.discrete}

    @property
    def atoms(self) -> Mapping[str | None, frozenset[float]]:
        """For each column, the single values that have a probability of their own
        although the rest of the distribution is a density.
        """
        return {}

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the largest x that the support reaches; -inf and inf unless it
        says.
        """
        return -math.inf, math.inf

    def _cdf(self, x: Array) -> Array:
        """P(X <= x), for the methods `cdf`, `sf` and `quantile`, and for fits to
        intervals.

        Args:
            x: places, of any shape; may be infinite.
        """
        raise TypeError(
            f"{type(self).__name__} has no distribution function; write "
            "_cdf(x), or use a family that has one"
        )

    def _sf(self, x: Array) -> Array:
        """P(X > x), where there is a way to it that keeps the digits of small values;
        unless it says 1 - cdf.

        Args:
            x: places, of any shape; may be infinite.
        """
        return 1 - self._cdf(x)

    def _quantile(self, q: Array) -> Array:
        """The least x with cdf(x) >= q, where there is a formula; unless it says by
        bisection.

        Args:
            q: probabilities, of any shape, from 0 to 1.
        """
        return bisected(self, q)

    @property
    def has_moments(self) -> bool:
        """True where there is a mean and a variance."""
        return True

    def rank(self) -> tuple[float, ...]:
        """The numbers by which components are sorted: the mean, then the variance, of
        vectors entry after entry; () where there are none.
        """
        if not self.has_moments:
            return ()
        mean, variance = self.moments()
        ranks = np.concatenate([np.ravel(mean), np.ravel(variance)])
        return tuple(np.nan_to_num(ranks, nan=np.inf, posinf=np.inf, neginf=-np.inf))

    up_to_infinity = ""  # the parameter that may be infinite, which is a `limit`

    def _finite(self, filled: Self) -> Array:
        """Values of it to compare with where it is infinite in `filled`, large to
        small."""
        return np.zeros(0)

    def about(self) -> tuple[float, float]:
        """Where a search for quantiles begins: a place, and the square of a spread."""
        return self.moments()

    # What everybody gets.

    def cdf(self, x: ArrayLike) -> Array:
        """P(X <= x), of the shape of x.

        Args:
            x: places, of any shape, in the unit of the data; may be infinite.

        Raises:
            ValueError: where a parameter is blank.
            TypeError: where the component has no distribution function.

        Examples:
            >>> import mixnotes as mx
            >>> mx.Exponential(rate=0.5).cdf([0.0, 2.0]).round(3)
            array([0.   , 0.632])
        """
        self._require_complete("cdf")
        with np.errstate(over="ignore"):
            return self._cdf(as_places(x, "x"))

    def sf(self, x: ArrayLike) -> Array:
        """P(X > x), of the shape of x: 1 - cdf(x) without the loss of digits in the
        upper tail.

        Args:
            x: places, of any shape, in the unit of the data; may be infinite.

        Examples:
            >>> import mixnotes as mx
            >>> print(f"{mx.Normal(0, 1).sf(10.0):.3g}")
            7.62e-24
        """
        self._require_complete("sf")
        with np.errstate(over="ignore"):
            return self._sf(as_places(x, "x"))

    def quantile(self, q: ArrayLike) -> Array:
        """The least x with cdf(x) >= q, of the shape of q.

        Args:
            q: probabilities, of any shape, from 0 to 1.

        Examples:
            >>> import mixnotes as mx
            >>> mx.Normal(mean=100, sd=15).quantile([0.025, 0.975]).round(1)
            array([ 70.6, 129.4])
        """
        self._require_complete("quantile")
        levels = as_places(q, "q")
        require(
            (levels >= 0) & (levels <= 1),
            levels,
            "q must be a probability, from 0 to 1",
            "divide percentages by 100",
            name="q",
        )
        with np.errstate(over="ignore"):
            found = self._quantile(np.clip(levels, 0.0, 1.0))
        low, high = self.ends
        return np.where(levels == 0, low, np.where(levels == 1, high, found))

    def log_prob(self, x: ArrayLike | Censored) -> Array:
        """log p(x), shape (n,), in nats; -inf outside the support.

        Args:
            x: observations, shape (n,), or rows (n, d). Where it is `Censored`, the
                result is the log of the probability of each interval.

        Raises:
            ValueError: where a parameter is blank.

        Examples:
            >>> import mixnotes as mx
            >>> mx.Uniform(0, 4).log_prob([1.0, 5.0]).round(3)
            array([-1.386,   -inf])
        """
        self._require_complete("log_prob")
        return self.bound(self._rows(x))(self)

    def bound(self, x: Array) -> Callable[[Self], Array]:
        """`bind`, where x may also be intervals."""
        if isinstance(x, Intervals):
            return intervals.bind(self, x)
        return self.bind(x)

    def filled_to(self, x: Array, weight: Array, start: Self | None) -> Self:
        """`_fit`, where x may also be intervals; the component itself where nothing is
        blank.
        """
        if not self.learns:
            return self
        if self.told:  # the maximum of more than the likelihood
            from mixnotes.components import posterior

            return posterior.fit(self, x, weight, start)
        return self.fitted_to(x, weight, start)

    def fitted_to(self, x: Array, weight: Array, start: Self | None) -> Self:
        """The same by the likelihood alone, whatever is believed of the blanks."""
        if not isinstance(x, Intervals):
            return self._fit(x, weight, start)
        if start is not None and not weight.any():  # nothing was assigned here
            return start
        found: Self = intervals.fit(self, x, weight, start)
        return found

    def fit(
        self,
        x: ArrayLike | Censored | Binned,
        sample_weight: ArrayLike | None = None,
        start: Self | None = None,
    ) -> Self:
        """This component with its blanks filled by weighted maximum likelihood.

        The weighted log-likelihood of `start` is never lowered, and what was given
        is never changed.

        Args:
            x: observations, shape (n,), or rows (n, d); `Censored` or `Binned` data.
            sample_weight: how often each observation counts, shape (n,); once if left
                out.
            start: a component of this class with values everywhere, from which a family
                that has to search begins; if left out the data suggest one.

        Returns:
            A new component without blanks.

        Raises:
            ValueError: where the data cannot be learned from, with the first value that
                is wrong.
            CollapseError: where the likelihood grows without bound.

        Examples:
            >>> import mixnotes as mx
            >>> mx.Poisson().fit([2, 3, 4], sample_weight=[1, 1, 2])
            Poisson(rate=3.25)
        """
        data, sample_weight = self._rows(x), weight_of(x, sample_weight)
        weight = as_sample_weight(sample_weight, len(data))
        if start is not None and type(start) is not type(self):
            raise TypeError(f"start must be a {type(self).__name__}, got {start!r}")
        self.check_support(data, weight)
        data, weight = data[weight > 0], weight[weight > 0]
        return self.filled_to(data, weight, start)

    def sample(self, n: int, rng: Rng) -> Array:
        """n independent draws, shape (n,), or rows (n, d).

        Args:
            n: how many, 0 or more.
            rng: a seed or a numpy Generator.

        Examples:
            >>> import mixnotes as mx
            >>> mx.Poisson(rate=2.5).sample(4, rng=0).shape
            (4,)
        """
        self._require_complete("sample")
        found: Array = self.decoded(self._sample(as_count(n, "n", 0), as_rng(rng)))
        return found

    def check_support(self, x: Array, weight: Array) -> None:
        """Raise an error that names the first observation that cannot be learned from:
        outside the support, or so large that its square is not finite."""
        if isinstance(x, Intervals):
            ends = np.asarray(x)
            finite = np.where(np.isfinite(ends), ends, 0.0)
            for end in finite.T:
                self.require_unit(end, weight)
            return
        require(
            self.inside(x) | (weight == 0),
            x,
            f"{type(self).__name__}: x must be {self.support}",
            "mend the data, or add a component that can produce such values",
        )
        self._require_size(x, weight)
        self.require_unit(x, weight)

    def _require_size(self, x: Array, weight: Array) -> None:
        """Raise an error that names the first value whose square is not finite."""
        ends = (
            np.fmax.reduce(x, None, initial=0.0),
            np.fmin.reduce(x, None, initial=0.0),
        )
        if not max(ends[0], -ends[1]) <= LARGEST:
            require(
                ~(np.abs(np.where(weight > 0, x.T, 0.0).T) > LARGEST),
                x,
                f"{type(self).__name__}: x must be at most {LARGEST:g} in size",
                "rescale it, for example x / np.ptp(x)",
            )

    def to_json(self) -> str:
        """This component as JSON text; `from_json` reads it back, to the last bit.

        Examples:
            >>> import mixnotes as mx
            >>> mx.Poisson(rate=2.5).to_json()
            '{"schema": 1, "type": "Poisson", "rate": 2.5}'
        """
        return json.dumps({"schema": SCHEMA} | self._state())

    def _rows(self, x: Any) -> Array:
        """x as an array in the layout that this component takes: shape (n,), unless a
        class says otherwise.
        """
        if isinstance(x, Censored | Binned):
            return x.rows
        if isinstance(x, Intervals):
            return x
        data = as_data(x)
        if data.ndim != 1:
            raise ValueError(
                f"{type(self).__name__} takes one number an observation, x of shape "
                f"(n,), got shape {data.shape}; {_one_column(x, data)}"
            )
        return data

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._state() == other._state()

    def __hash__(self) -> int:
        return hash(self.to_json())


def _one_column(x: Any, data: Array) -> str:
    """How to pass one column of what was passed, in words."""
    names = column_names(x)
    if names and data.shape[1] == 1:
        return f"pass the column alone, x[{names[0]!r}]"
    if names:
        return (
            f"pass one column, such as x[{names[0]!r}], or say what each is: Product("
            f"{{{names[0]!r}: ..., ...}})"
        )
    if data.shape[1] == 1:
        return "pass one column, x[:, 0]"
    return (
        "take a family of rows, such as MultivariateNormal, or pass one column; "
        f"np.ravel(x) where all {data.size} numbers are observations of one kind"
    )


def _qualified(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def _is_built_in(cls: type) -> bool:
    return cls.__module__.partition(".")[0] == __name__.partition(".")[0]


def weight_of(x: Any, sample_weight: ArrayLike | None) -> ArrayLike | None:
    """The weights of observations; those of bins come with them."""
    if not isinstance(x, Binned):
        return sample_weight
    if sample_weight is not None:
        raise ValueError(
            "sample_weight must be left out for Binned data, whose counts are weights"
        )
    return x.weight
