"""The reader's own log-density as a component."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixnotes.data.check import as_data
from mixnotes.data.intervals import Binned, Censored, Intervals
from mixnotes.families.kinks import Held, Pin, held_by_one, led
from mixnotes.families.numerical import Bounds, Made, first_guesses, written
from mixnotes.families.search import places_beside
from mixnotes.numeric.arrays import Array

_GUESSES = 64  # combinations of first guesses that are tried


class Custom(Made):
    """Custom(log_prob, bounds): any log-density with named parameters.

    A blank is learned by weighted maximum likelihood: a numerical search, which needs
    scipy unless it has a place to begin from. A `Custom` cannot be saved as JSON, since
    a function cannot.

    Args:
        log_prob: a function log_prob(x, **parameters) that returns log p(x), shape
            (n,); x has shape (n,) or (n, d).
        bounds: for each parameter the pair (low, high) that it lies between; infinite
            where there is no bound.
        guess: for some parameters the value from which the search begins; if left out
            the bounds and the data suggest one.
        support: the pair (low, high) that x lies between, or a function of x that says
            which observations are possible; every x is if it is left out.
        sample: a function sample(n, rng, **parameters) that returns n draws; without it
            there is no `sample`.
        moments: a function moments(**parameters) that returns the mean and the
            variance; without it there are no `moments`.
        cdf: a function cdf(x, **parameters) that returns P(X <= x); without it there
            are no `cdf`, `sf` and `quantile`, nor fits to intervals.
        discrete: True where log_prob is the logarithm of a probability, False where it
            is that of a density.
        **given: the values of the parameters that are known, by their names in
            `bounds`; those left out are blank.

    Examples:
        >>> import mixnotes as mx
        >>> import numpy as np
        >>> def log_prob(x, rate):
        ...     return np.log(rate) - rate * x
        >>> bounds = {"rate": (0, np.inf)}
        >>> decay = mx.Custom(log_prob, bounds, guess={"rate": 1}, support=(0, np.inf))
        >>> print(round(decay.fit([0.5, 1.5, 4.0]).rate, 3))
        0.5
    """

    def __init__(
        self,
        log_prob: Callable[..., Any],
        bounds: Mapping[str, Bounds],
        *,
        guess: Mapping[str, float] | None = None,
        support: Bounds | Callable[[Array], Any] | None = None,
        sample: Callable[..., Any] | None = None,
        moments: Callable[..., tuple[float, float]] | None = None,
        cdf: Callable[..., Any] | None = None,
        discrete: bool = False,
        **given: float | None,
    ) -> None:
        if not callable(log_prob):
            raise TypeError(f"log_prob must be a function, got {log_prob!r:.80}")
        own = self.__dict__
        own["functions"] = {
            "log_prob": log_prob,
            "support": support,
            "sample": sample,
            "moments": moments,
            "cdf": cdf,
        }
        for name in ("sample", "moments", "cdf"):
            if not (own["functions"][name] is None or callable(own["functions"][name])):
                found = own["functions"][name]
                raise TypeError(f"{name} must be a function, got {found!r:.80}")
        own["bounds"] = _checked_bounds(bounds)
        own["discrete"] = bool(discrete)
        own["guess"] = self._known_names(guess or {}, "guess")
        own["limits"] = _checked_support(support)
        self._known_names(given, "a keyword")
        own["values"] = self.checked({n: given.get(n) for n in own["bounds"]})

    def _known_names(self, values: Mapping[str, Any], what: str) -> dict[str, Any]:
        unknown = sorted(set(values) - set(self.bounds))
        if unknown:
            raise ValueError(
                f"{what} must name a parameter of bounds, {', '.join(self.bounds)}; "
                f"got {', '.join(map(str, unknown))}"
            )
        return dict(values)

    @property
    def support(self) -> str:  # type: ignore[override]
        """The support in words."""
        if self.limits is None:
            return "possible" if callable(self.functions["support"]) else "finite"
        low, high = self.limits
        return f"numbers from {low:g} to {high:g}"

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the largest x."""
        return self.limits or (-math.inf, math.inf)

    def inside(self, x: Array) -> NDArray[np.bool_]:
        """Which observations are in the support."""
        support = self.functions["support"]
        if callable(support):
            return np.asarray(support(x), dtype=bool)
        if self.limits is None:
            return np.ones(len(x), dtype=bool)
        low, high = self.limits
        here = (x >= low) & (x <= high)
        inside: NDArray[np.bool_] = here.all(axis=tuple(range(1, x.ndim)))
        return inside

    def _rows(self, x: Any) -> Array:
        if isinstance(x, Binned | Censored):
            return x.rows
        return x if isinstance(x, Intervals) else as_data(x)

    has_moves = True

    def moves(self, filled: Self, x: Array, weight: Array) -> Iterator[Self]:
        """A kink of the density at observations beside it, and free of the one where it
        stands; and what a simplex finds."""
        places = np.unique(x[weight > 0]) if x.ndim == 1 else x
        found = self.kinks(filled, places) if len(places) > 1 and self.blanks else []
        if filled.pins:
            yield filled.filled({})
        for place in found:
            pin = led(filled, place, float(np.ptp(places)))
            if pin is None:
                continue
            for k in places_beside(int(np.searchsorted(places, place)), len(places)):
                moved = self.pinned(filled, (pin._replace(at=float(places[k])),))
                if moved is not None:
                    yield moved
        if found:
            yield from self.about_kinks(filled, x, weight)

    def held(self, pins: tuple[Pin, ...]) -> Held:
        """The blank that moves the kink most holds it."""
        return held_by_one(self.blanks, pins)

    def logs(self, x: Array, values: dict[str, Any]) -> Array:
        """What log_prob gives; -inf outside the support."""
        inside = self.inside(x)
        found = np.full(len(x), -np.inf)
        logs = np.asarray(self.functions["log_prob"](x[inside], **values), float)
        if logs.shape != (int(inside.sum()),):
            raise ValueError(
                "log_prob must give one number an observation, shape "
                f"({int(inside.sum())},), got shape {logs.shape}"
            )
        found[inside] = logs
        return found

    def log_prob(self, x: ArrayLike | Censored) -> Array:
        """log p(x), shape (n,); -inf outside the support."""
        logs = super().log_prob(x)
        if np.isnan(logs).any():
            first = int(np.argmax(np.isnan(logs)))
            raise ValueError(
                f"log_prob must not be NaN, got it at x[{first}] = "
                f"{np.asarray(x)[first]} with {self.values}; give -inf where x is "
                "impossible"
            )
        return logs

    def guesses(self, x: Array, share: Array) -> list[dict[str, float]]:
        """Combinations of what the bounds, the data and the guess suggest."""
        mean = float(np.mean(share @ x))
        sd = float(np.sqrt(np.mean(share @ (x - mean) ** 2))) or 1.0
        options = [
            [self.guess[n]]
            if n in self.guess
            else first_guesses(self.bounds[n], mean, sd)
            for n in self.blanks
        ]
        found: list[dict[str, float]] = [{}]
        for name, values in zip(self.blanks, options, strict=True):
            found = [known | {name: v} for known in found for v in values]
            found = found[:_GUESSES]
        return found

    def again(self, values: dict[str, Any]) -> Self:
        """The same density with these parameters."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other.__dict__["values"] = self.checked(values)
        other.__dict__["pins"] = ()
        return other

    def _asked(self, name: str) -> Callable[..., Any]:
        function: Callable[..., Any] | None = self.functions[name]
        if function is None:
            raise TypeError(
                f"this Custom was made without {name}; pass {name}=a function to Custom"
            )
        return function

    @property
    def has_moments(self) -> bool:
        """Was a function given for them?"""
        return self.functions["moments"] is not None

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        return np.asarray(self._asked("sample")(n, rng, **self.values), float)

    def moments(self) -> tuple[float, float]:
        """E[x] and Var[x]."""
        self._require_complete("moments")
        mean, variance = self._asked("moments")(**self.values)
        return mean, variance

    def _cdf(self, x: Array) -> Array:
        return np.asarray(self._asked("cdf")(x, **self.values), float)

    def _state(self) -> dict[str, Any]:
        raise TypeError(
            "a Custom does not save as JSON, for its log_prob is a function; save its "
            f"values, {self.values}"
        )

    def _key(self) -> tuple[Any, ...]:
        return (*self.functions.values(), *self.bounds.items(), *self.values.items())

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        name = getattr(self.functions["log_prob"], "__name__", "log_prob")
        return f"Custom({', '.join([name, *written(self.values)])})"


def _checked_bounds(bounds: Any) -> dict[str, Bounds]:
    if not isinstance(bounds, Mapping) or not bounds:
        raise TypeError(
            "bounds must be a mapping of parameter names to (low, high), for example "
            f'{{"rate": (0, numpy.inf)}}, got {bounds!r:.80}'
        )
    found = {}
    for name, pair in bounds.items():
        if not isinstance(name, str) or not name.isidentifier():
            raise TypeError(f"bounds must have names as keys, got {name!r:.80}")
        if hasattr(Custom, name):
            raise ValueError(
                f"a parameter cannot have the name {name}, which is a method; rename it"
            )
        found[name] = _pair(f"bounds of {name}", pair)
    return found


def _checked_support(support: Any) -> Bounds | None:
    if support is None or callable(support):
        return None
    return _pair("support", support)


def _pair(what: str, pair: Any) -> Bounds:
    try:
        low, high = map(float, pair)
    except (TypeError, ValueError):
        low = high = math.nan
    if not low < high:
        raise ValueError(
            f"{what} must be (low, high), low below high, got {pair!r:.80}"
        )
    return low, high
