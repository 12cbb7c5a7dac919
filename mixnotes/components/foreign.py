"""A reader's own class as a component, with defaults for what the class does not say.

`Mixture` wraps such a class where it takes it, and gives it back in `components`. All
else in the package sees a `Component`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixnotes.components.beside import OfTarget
from mixnotes.components.component import Component
from mixnotes.numeric.arrays import Array

NEEDED = ("log_prob", "fit", "n_free")


class Foreign(Component, saved=False):
    """Any object with `log_prob`, `fit` and `n_free`.

    What it has beside them, such as `sample`, `cdf`, `moments`, `inside` or `discrete`,
    is used; what it lacks is an error where it is asked for.
    """

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "inner":  # while it is copied or unpickled
            raise AttributeError(name)
        return getattr(self.inner, name)

    def optional(self, name: str, default: Any) -> Any:
        """An attribute that a reader's class may have."""
        return getattr(self.inner, name, default)

    @property
    def class_name(self) -> str:
        """The name of the reader's class."""
        return type(self.inner).__name__

    @property
    def n_free(self) -> int:
        """How many parameters are blank."""
        n_free: int = self.inner.n_free
        return n_free

    @property
    def blanks(self) -> tuple[str, ...]:
        """None by name: which attributes are parameters is not known here."""
        return ()

    @property
    def learns(self) -> bool:
        """Is something blank?"""
        return self.n_free > 0

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names that `blank` takes."""
        return tuple(self.optional("parameters", ()))

    def blank(self, *names: str) -> Self:
        """The same with these parameters blank."""
        return type(self)(self.inner.blank(*names))

    @property
    def column_names(self) -> tuple[str, ...] | None:  # type: ignore[override]
        """The names of the columns of a row, where the class names them."""
        names: tuple[str, ...] | None = self.optional("column_names", None)
        return names

    def reordered(self, names: Sequence[str]) -> Self:
        """The same with its named columns in this order."""
        return type(self)(self.inner.reordered(names))

    def bind(self, x: Array) -> Callable[[Self], Array]:
        """log p(x), shape (n,), as a function of a filled component of this class."""
        return lambda filled: filled._log_prob_of(x)

    def _log_prob_of(self, x: Array) -> Array:
        values = np.asarray(self.inner.log_prob(x), dtype=np.float64)
        if values.shape != (len(x),) or np.isnan(values).any():
            raise ValueError(
                f"log_prob of {self!r} must give one number an observation, shape "
                f"({len(x)},), none of them NaN; got shape {values.shape} with "
                f"{int(np.isnan(values).sum())} NaN"
            )
        return values

    def _fit(self, x: Array, weight: Array, start: Self | None) -> Self:
        if start is not None and not weight.any():  # nothing was assigned here
            return start
        first = None if start is None else start.inner
        return type(self)(self.inner.fit(x, sample_weight=weight, start=first))

    def sample(self, n: int, rng: Any) -> Array:
        """n draws."""
        return np.asarray(self._method("sample")(n, rng))

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        return self.sample(n, rng)

    def inside(self, x: Array) -> NDArray[np.bool_]:
        """Which observations lie in the support; all, where the class does not say."""
        found: NDArray[np.bool_] = self.optional("inside", _all)(x)
        return found

    @property
    def support(self) -> str:  # type: ignore[override]
        """The support in words."""
        words: str = self.optional("support", "anything")
        return words

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the largest x that the support reaches."""
        ends: tuple[float, float] = self.optional("ends", (-np.inf, np.inf))
        return ends

    @property
    def discrete(self) -> bool:  # type: ignore[override]
        """Is log_prob a probability, not a density?"""
        return bool(self.optional("discrete", False))

    @property
    def probable(self) -> Mapping[str | None, bool | None]:
        """The same by column; None where the class does not say."""
        return {None: self.optional("discrete", None)}

    def moments(self) -> tuple[Any, Any]:
        """E[x] and Var[x]."""
        if not hasattr(self.inner, "moments"):
            raise TypeError(f"{self!r} must have moments() for a mean or a variance")
        mean, variance = self.inner.moments()
        return mean, variance

    @property
    def has_moments(self) -> bool:
        """Has the class a mean and a variance?"""
        return hasattr(self.inner, "moments")

    def cdf(self, x: ArrayLike) -> Array:
        """P(X <= x)."""
        return np.asarray(self._method("cdf")(x))

    def sf(self, x: ArrayLike) -> Array:
        """P(X > x)."""
        return np.asarray(self._method("sf")(x))

    def quantile(self, q: ArrayLike) -> Array:
        """The least x with cdf(x) >= q."""
        return np.asarray(self._method("quantile")(q))

    def _method(self, name: str) -> Any:
        if not hasattr(self.inner, name):
            raise lacks(self, name)
        return getattr(self.inner, name)

    def _state(self) -> dict[str, Any]:
        raise TypeError(
            f"only mixnotes components save as JSON, got {self!r}; derive "
            "your class from mixnotes.Component, or pickle it"
        )

    def described(self, template: Self) -> str:
        """As the class prints itself."""
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Foreign) and bool(self.inner == other.inner)

    def __hash__(self) -> int:
        return hash(self.inner)

    def __repr__(self) -> str:
        return repr(self.inner)


def _all(x: Array) -> NDArray[np.bool_]:
    return np.ones(len(x), dtype=bool)


def lacks(component: Any, name: str) -> TypeError:
    """The error for a method that not every component has."""
    return TypeError(
        f"every component must have {name}(), and {component!r:.80} has none"
    )


def wrapped(component: Any) -> Component:
    """A component as the package works with it."""
    return component if isinstance(component, Component) else Foreign(component)


def unwrapped(component: Any) -> Any:
    """The component as it was given."""
    return component.inner if isinstance(component, Foreign | OfTarget) else component
