"""What a component is: the contract, blanks, and what every family shares.

Read this first if you want to write a component of your own.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar, NamedTuple, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixnotes import intervals
from mixnotes.check import (
    LARGEST,
    Array,
    Rng,
    as_count,
    as_data,
    as_places,
    as_rng,
    as_sample_weight,
    require,
)
from mixnotes.check import CollapseError as CollapseError
from mixnotes.domains import LOG_REAL, REAL, Domain, Number, Shared, Simplex
from mixnotes.intervals import Binned, Censored, Intervals


@runtime_checkable
class ComponentLike(Protocol):
    """The whole contract. Any object that meets it can stand in a `Mixture`.

    `fit` fills the blanks by weighted maximum likelihood, never lowers the weighted
    log-likelihood of `start`, and never touches what was given.
    """

    @property
    def n_free(self) -> int:
        """How many parameters are blank."""

    def log_prob(self, x: Any) -> Array:
        """log p(x), shape (n,)."""

    def fit(self, x: Any, sample_weight: Any = None, start: Any = None) -> Any:
        """A new component of the same kind with the blanks filled."""


class Axis(NamedTuple):
    """Where a blank stands on the line."""

    name: str
    size: int  # how many coordinates it has
    simplex: bool  # logarithms of probabilities, of which the last is not free?
    shared: str | None  # the name under which it is shared
    unit: bool = False  # in a unit of its own, so that no size of it is large?


# -------------------------------------------------------------------- the component


class Component(ABC):
    """A distribution whose parameters may be blank (None): what is blank is learned.

    Components are immutable values: they compare, print, copy, pickle and save as
    JSON. `fit` returns a new one.
    """

    support: ClassVar[str]  # in words, for errors: "whole numbers from 0 up"
    registry: ClassVar[dict[str, type[Component]]] = {}
    column_names: tuple[str, ...] | None = None  # of a row, where they have names

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
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

    # What the author of a component writes.

    @property
    @abstractmethod
    def n_free(self) -> int:
        """How many parameters are blank."""

    @property
    @abstractmethod
    def blanks(self) -> tuple[str, ...]:
        """The names of the blank parameters."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names that `blank` takes."""
        return tuple(getattr(self, "domains", dict)())

    @abstractmethod
    def blank(self, *names: str) -> Self:
        """The same component with these parameters (all, if none is named) blank."""

    @abstractmethod
    def bind(self, x: Array) -> Callable[[Self], Array]:
        """log p(x), shape (n,), as a function of a filled component of this kind.

        What depends on the data alone is computed here, once, and not in every step.
        """

    @abstractmethod
    def _fit(self, x: Array, weight: Array, start: Self | None) -> Self:
        """This component with its blanks filled by weighted maximum likelihood."""

    @abstractmethod
    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        """n draws."""

    @abstractmethod
    def inside(self, x: Array) -> NDArray[np.bool_]:
        """Which observations lie in the support, shape (n,)."""

    @abstractmethod
    def moments(self) -> tuple[float, float]:
        """E[x] and Var[x]."""

    @abstractmethod
    def _state(self) -> dict[str, Any]:
        """The arguments that make this component again, as JSON values."""

    # The blanks as coordinates of a line without ends: for those who can say, `em`
    # extrapolates, looks for saddles and knows the rate and standard errors.

    has_line = False

    def axes(self, filled: Self) -> list[Axis]:
        """What stands where on the line."""
        raise NotImplementedError

    def to_line(self, filled: Self) -> Array:
        """The values of the blanks in `filled`, on the whole line, shape (p,)."""
        raise NotImplementedError

    def from_line(self, line: Array, like: Self) -> Self:
        """The component at a point of the line; what is given is as in `like`."""
        raise NotImplementedError

    def line_units(self, filled: Self, scales: Array) -> Array:
        """The unit of each coordinate of the line, shape (p,): that of the data, in
        `scales`, (d,), where a value stands there as it is; 1 for logarithms."""
        return np.ones(len(self.to_line(filled)))

    def measured(self, filled: Self, scale: float) -> Array | None:
        """The values of the blanks as distances are measured in: what has the data's
        unit divided by `scale`. None where there is no such unit: then log-densities
        at some observations are watched."""
        return None

    def settled(self, filled: Self) -> Self:
        """This component with what it shares given, at the values of `filled`."""
        raise NotImplementedError

    @property
    def shares(self) -> dict[str, str]:
        """The blanks that other components have too: parameter to shared name."""
        return {}

    def kind(self) -> tuple[Any, ...]:
        """Components of equal kind can share parameters."""
        return (type(self),)

    def value_of(self, name: str) -> Any:
        """The value of a parameter, by its name in `blanks`."""
        return getattr(self, name)

    def size_of(self, name: str) -> int:
        """How many free numbers a blank parameter is, by its name in `blanks`."""
        return self.n_free if len(self.blanks) == 1 else 1

    def domain_of(self, name: str) -> Domain:
        """The set that a parameter lives in, by its name in `blanks`."""
        raise NotImplementedError

    def filled(self, values: dict[str, Any]) -> Self:
        """The same component with these parameters set, by their names in `blanks`."""
        raise NotImplementedError

    def described(self, template: Self) -> str:
        """This component as a table shows it: what was given in `template` marked."""
        return repr(self)

    def laid_out(self, names: Sequence[str]) -> Self:
        """The same component with its named columns in this order."""
        return self

    # What the author may add.

    discrete: ClassVar[bool] = False  # is log_prob a probability, not a density?

    @property
    def probable(self) -> Mapping[str | None, bool | None]:
        """By column, is log_prob there that of a probability? None is the column of
        observations that have no names."""
        return {None: self.discrete}

    @property
    def atoms(self) -> Mapping[str | None, frozenset[float]]:
        """The single values, by column, that have a probability beside densities."""
        return {}

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the largest x that the support reaches."""
        return -math.inf, math.inf

    def _cdf(self, x: Array) -> Array:
        """P(X <= x), for x that may be infinite."""
        raise TypeError(
            f"{type(self).__name__} has no distribution function; write "
            "_cdf(x), or use a family that has one"
        )

    def _sf(self, x: Array) -> Array:
        """P(X > x): to full relative accuracy, where a family has a way to it."""
        return 1 - self._cdf(x)

    def _quantile(self, q: Array) -> Array:
        """The least x with cdf(x) >= q, by bisection."""
        return bisected(self, q)

    fits_exactly: ClassVar[bool] = False  # is its weighted fit no search?
    has_moves: ClassVar[bool] = False  # does `moves` find components that EM cannot?
    edges_move: bool = False  # does the support end where a blank parameter says?

    def moves(self, filled: Self, x: Array, weight: Array) -> Iterator[Self]:
        """Components beside `filled` that no step of EM leads to, where the likelihood
        jumps or has a kink. x, weight: distinct observations and how much of each is
        this component's, (n,)."""
        return iter(())

    def narrowed(self, filled: Self, at: float, factor: float) -> Self | None:
        """`filled` at this place, its spread times `factor`, where the blanks allow it;
        None where not."""
        changed = self._narrowed(filled, at, factor)
        if changed and set(changed) <= set(self.blanks) - set(self.shares):
            return filled.filled(changed)
        return None

    def _narrowed(self, filled: Self, at: float, factor: float) -> dict[str, Any]:
        """The parameters that differ then; none where a family does not say."""
        return {}

    def stretched(self, filled: Self, x: Array) -> Self:
        """`filled` with ends that reach to these observations, where blanks allow."""
        return filled

    def remark(self, x: Array, weight: Array) -> str:
        """What a user should know who learns this from such data; else no words."""
        return ""

    @property
    def limit(self) -> str:
        """What this component is the limit of, where a parameter is infinite; else
        no words."""
        return ""

    # What everybody gets.

    def cdf(self, x: ArrayLike) -> Array:
        """P(X <= x), of the shape of x; x may be infinite."""
        self._require_complete("cdf")
        with np.errstate(over="ignore"):
            return self._cdf(as_places(x, "x"))

    def sf(self, x: ArrayLike) -> Array:
        """P(X > x), 1 - cdf(x) without the loss of digits in the upper tail."""
        self._require_complete("sf")
        with np.errstate(over="ignore"):
            return self._sf(as_places(x, "x"))

    def quantile(self, q: ArrayLike) -> Array:
        """The least x with cdf(x) >= q, of the shape of q."""
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
        """log p(x), shape (n,); -inf outside the support. Of a `Censored` x the log of
        the probability of each interval."""
        self._require_complete("log_prob")
        return self.bound(self._rows(x))(self)

    def bound(self, x: Array) -> Callable[[Self], Array]:
        """`bind`, of observations or of intervals."""
        if isinstance(x, Intervals):
            return intervals.bind(self, x)
        return self.bind(x)

    def filled_to(self, x: Array, weight: Array, start: Self | None) -> Self:
        """`_fit`, to observations or to intervals."""
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
        is never touched.
        """
        data, sample_weight = self._rows(x), weight_of(x, sample_weight)
        weight = as_sample_weight(sample_weight, len(data))
        if start is not None and type(start) is not type(self):
            raise TypeError(f"start must be a {type(self).__name__}, got {start!r}")
        self.check_support(data, weight)
        data, weight = data[weight > 0], weight[weight > 0]
        return self.filled_to(data, weight, start) if self.blanks else self

    def sample(self, n: int, rng: Rng) -> Array:
        """n independent draws, shape (n,). `rng` is a seed or a numpy Generator."""
        self._require_complete("sample")
        return self._sample(as_count(n, "n", 0), as_rng(rng))

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

    def require_unit(self, x: Array, weight: Array) -> None:
        """Raise an error where x is plainly in another unit than this family takes."""
        return

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
        """This component as JSON text; `from_json` reads it back, to the last bit."""
        return json.dumps(self._state())

    def _rows(self, x: Any) -> Array:
        """x as this component takes it: one number an observation, unless it says."""
        if isinstance(x, Censored | Binned):
            return x.rows
        if isinstance(x, Intervals):
            return x
        data = as_data(x)
        if data.ndim != 1:
            raise ValueError(
                f"{type(self).__name__} takes one number an observation, x of shape "
                f"(n,), got shape {data.shape}; pass one column, x[:, 0]"
            )
        return data

    def _require_complete(self, what: str) -> None:
        if self.blanks:
            raise ValueError(
                f"{what} needs every parameter, and {self!r} has blanks: "
                f"{', '.join(self.blanks)}; fit first, for example with "
                ".fit(x) or mx.em(mixture, x).mixture"
            )

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._state() == other._state()

    def __hash__(self) -> int:
        return hash(self.to_json())


def _qualified(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def _is_built_in(cls: type) -> bool:
    return cls.__module__.partition(".")[0] == __name__.partition(".")[0]


def rank_of(component: Any) -> tuple[float, ...]:
    """What components are put in order by: mean, then variance; of vectors, their
    entries one after another; () where there are none."""
    if hasattr(component, "rank"):
        rank: tuple[float, ...] = component.rank()
        return rank
    if not getattr(component, "has_moments", hasattr(component, "moments")):
        return ()
    mean, variance = component.moments()
    ranks = np.concatenate([np.ravel(mean), np.ravel(variance)])
    return tuple(np.nan_to_num(ranks, nan=np.inf, posinf=np.inf, neginf=-np.inf))


def weight_of(x: Any, sample_weight: ArrayLike | None) -> ArrayLike | None:
    """The weights of observations; those of bins come with them."""
    if not isinstance(x, Binned):
        return sample_weight
    if sample_weight is not None:
        raise ValueError(
            "sample_weight must be left out for Binned data, whose counts are weights"
        )
    return x.weight


def from_json(text: str) -> Component:
    """The component that `to_json` wrote."""
    try:
        state = json.loads(text)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"text must be what to_json wrote, got {text!r:.60}"
        ) from error
    return from_state(state)


def from_state(state: Any) -> Component:
    """The component of one JSON object {"type": name, parameter: value, ...}."""
    name = state.get("type") if isinstance(state, dict) else None
    known = {k: c for k, c in Component.registry.items() if not inspect.isabstract(c)}
    if not isinstance(name, str) or name not in known:
        raise ValueError(
            f"the JSON must name a known component in 'type', got {name!r}; known are "
            f"{', '.join(sorted(k for k in known if '.' not in k))}; import your own "
            "class first"
        )
    arguments = {key: value for key, value in state.items() if key != "type"}
    try:
        return known[name](**_revive(arguments))
    except TypeError as error:
        raise ValueError(
            f"the JSON must hold the parameters of {name}, got {sorted(arguments)}: "
            f"{error}"
        ) from error


def _revive(value: Any) -> Any:
    if isinstance(value, dict):
        if "type" in value:
            return from_state(value)
        if set(value) == {"shared"}:
            return Shared(value["shared"])
        if set(value) == {"number"}:  # JSON has no infinity
            return float(value["number"])
        return {key: _revive(v) for key, v in value.items()}
    return [_revive(v) for v in value] if isinstance(value, list) else value


@cache
def _domains(cls: type[Family]) -> dict[str, Domain]:
    return {
        f.name: f.metadata["domain"]
        for f in dataclasses.fields(cls)  # type: ignore[arg-type]
        if "domain" in f.metadata
    }


class Family(Component):
    """A component whose parameters are declared as dataclass fields.

    A family writes `inside`, `bind`, `_learn`, `_sample` and `moments`; the rest
    follows from the domains of its parameters.
    """

    def __post_init__(self) -> None:
        for name, domain in self.domains().items():
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, self._checked(name, value, domain))

    def _checked(self, name: str, value: Any, domain: Domain) -> Any:
        if isinstance(value, Shared):
            return value
        proper = domain.read(value)
        if proper is None:
            raise ValueError(
                f"{type(self).__name__}: {name} must be {domain.words}, got "
                f"{value!r:.80}; leave {name} out to have it learned"
            )
        return proper

    @classmethod
    def domains(cls) -> dict[str, Domain]:
        """The parameters that can be learned, each with its domain."""
        return _domains(cls)

    def domain_of(self, name: str) -> Domain:
        """The set that a parameter lives in."""
        return self.domains()[name]

    @abstractmethod
    def _learn(self, x: Array, weight: Array) -> dict[str, Any]:
        """The weighted maximum-likelihood values of the blanks; weight sums above 0."""

    def given(self, name: str) -> Any:
        """The value of a parameter that must not be blank here."""
        value = getattr(self, name)
        if value is None or isinstance(value, Shared):
            self._require_complete(name)
        return value

    @property
    def shares(self) -> dict[str, str]:
        """The blanks that other components have too: parameter to shared name."""
        found = {name: getattr(self, name) for name in self.domains()}
        return {k: v.name for k, v in found.items() if isinstance(v, Shared)}

    tame: Any = 0.0  # a value inside the support, in place of those outside

    def tamed(self, x: Array) -> tuple[Array, NDArray[np.bool_]]:
        """x with `tame` in place of what is outside the support, and what is inside."""
        inside = self.inside(x)
        if inside.all():
            return x, inside
        x = x.copy()
        x[~inside] = self.tame
        return x, inside

    @property
    def blanks(self) -> tuple[str, ...]:
        """The names of the blank parameters."""
        return tuple(name for name in self.domains() if self._is_blank(name))

    def _is_blank(self, name: str) -> bool:
        value = getattr(self, name)
        return value is None or isinstance(value, Shared)

    def described(self, template: Self) -> str:
        """This component as a table shows it: what was given in `template` marked."""
        parts = [
            f"{name}={shown(getattr(self, name))}"
            f"{'' if name in template.blanks else ' (given)'}"
            for name in self._state()
            if name != "type"
        ]
        return f"{type(self).__name__}({', '.join(parts)})"

    @property
    def n_free(self) -> int:
        """How many numbers are blank."""
        return len(self.blanks)

    def blank(self, *names: str) -> Self:
        """The same component with these parameters (all, if none is named) blank."""
        unknown = sorted(set(names) - set(self.domains()))
        if unknown:
            raise ValueError(
                f"{type(self).__name__} can have blanks in "
                f"{', '.join(self.domains())}, got {', '.join(unknown)}"
            )
        return self.filled(dict.fromkeys(names or self.domains()))

    # The line: what the domains of the parameters say.

    has_line = True

    def _line(self, filled: Self) -> Iterator[tuple[str, Domain, Array]]:
        """The blanks, with their domain and value as a stack of one."""
        domains = self.domains()
        for name in self.blanks:
            yield name, domains[name], np.array([filled.given(name)])

    def axes(self, filled: Self) -> list[Axis]:
        """What stands where on the line."""
        return [
            Axis(
                name,
                domain.to_line(value).shape[1],
                isinstance(domain, Simplex),
                self.shares.get(name),
                domain in (REAL, LOG_REAL),
            )
            for name, domain, value in self._line(filled)
        ]

    def to_line(self, filled: Self) -> Array:
        """The values of the blanks in `filled`, on the whole line, shape (p,)."""
        return np.concatenate([d.to_line(v)[0] for _, d, v in self._line(filled)])

    def from_line(self, line: Array, like: Self) -> Self:
        """The component at a point of the line; what is given is as in `like`."""
        values, place = {}, 0
        for name, domain, here in self._line(like):
            size = domain.to_line(here).shape[1]
            values[name] = domain.from_line(line[None, place : place + size], here)[0]
            place += size
        return like.filled(values)

    def line_units(self, filled: Self, scales: Array) -> Array:
        """The units of the data for places and for products of places."""
        return np.concatenate(
            [d.line_units(v, scales) for _, d, v in self._line(filled)]
        )

    def measured(self, filled: Self, scale: float) -> Array | None:
        """The values of the blanks; what has the data's unit is divided by `scale`."""
        return np.concatenate(
            [
                d.measured(v * scale**-d.power if isinstance(d, Number) else v).ravel()
                for _, d, v in self._line(filled)
            ]
        )

    def settled(self, filled: Self) -> Self:
        """This component with what it shares given, at the values of `filled`."""
        return self.filled({name: filled.given(name) for name in self.shares})

    def _fit(self, x: Array, weight: Array, start: Self | None) -> Self:
        if weight.sum() <= 0:  # nothing was assigned here: nothing can be learned
            if start is None:
                raise ValueError(f"{self!r} cannot be learned from weights that are 0")
            return start
        learned = self._learn(x, weight)
        return self.filled({name: learned[name] for name in self.blanks})

    def filled(self, values: dict[str, Any]) -> Self:
        """The same component with these parameters set."""
        domains = self.domains()
        component = object.__new__(type(self))
        component.__dict__.update(self.__dict__)
        for name, value in values.items():
            checked = value
            if value is not None:
                checked = self._checked(name, value, domains[name])
            component.__dict__[name] = checked
        return component

    def _state(self) -> dict[str, Any]:
        names = [f.name for f in dataclasses.fields(self)]  # type: ignore[arg-type]
        values = {name: getattr(self, name) for name in names}
        return {"type": self.type_name()} | {
            name: _plain(value) for name, value in values.items() if value is not None
        }

    def __hash__(self) -> int:
        return hash(_frozen(self._state()))

    def __repr__(self) -> str:
        names = [name for name in self._state() if name != "type"]
        parts = [f"{name}={shown(getattr(self, name))}" for name in names]
        return f"{type(self).__name__}({', '.join(parts)})"


_BISECTIONS = 200  # halvings: enough to tell any two floats apart


def bisected(component: Component, q: Array) -> Array:
    """The least x with cdf(x) >= q: whole numbers where the component is discrete."""
    low, high = _bracket(component, q)
    for _ in range(_BISECTIONS):
        middle = low + 0.5 * (high - low)
        if component.discrete:
            middle = np.floor(middle)
        done = (middle <= low) | (middle >= high)
        if done.all():
            break
        reached = _reaches(component, middle, q)
        high = np.where(reached & ~done, middle, high)
        low = np.where(reached | done, low, middle)
    return high


def _reaches(component: Component, x: Array, q: Array) -> NDArray[np.bool_]:
    """Is cdf(x) >= q, told in the tail that has the digits?"""
    below, above = component._cdf(x), component._sf(x)
    reached: NDArray[np.bool_] = np.where(q < 0.5, below >= q, above <= 1 - q)
    return reached


def _bracket(component: Component, q: Array) -> tuple[Array, Array]:
    """Places of which the lower does not reach q, and the upper does."""
    least, largest = component.ends
    mean, variance = component.moments()
    centre = mean if math.isfinite(mean) else max(min(0.0, largest), least)
    step = math.sqrt(variance) if 0 < variance < math.inf else 1.0
    if component.discrete:
        centre, step = float(math.floor(centre)), float(math.ceil(step))
    low, high = np.full(q.shape, centre - step), np.full(q.shape, centre + step)
    for _ in range(_BISECTIONS):
        short = ~_reaches(component, high, q) & (high < largest) & (q < 1)
        long = _reaches(component, low, q) & (low >= least) & (q > 0)
        if not (short.any() or long.any()):
            break
        step *= 2
        high = np.where(short, np.minimum(high + step, largest), high)
        low = np.where(long, low - step, low)
    return low, high


def _plain(value: Any) -> Any:
    """A parameter as JSON has it."""
    if isinstance(value, Shared):
        return {"shared": value.name}
    if isinstance(value, float) and math.isinf(value):
        return {"number": str(value)}
    return value.tolist() if isinstance(value, np.ndarray) else value


def _frozen(value: Any) -> Any:
    """JSON values as something that can be hashed."""
    if isinstance(value, dict):
        return tuple((key, _frozen(v)) for key, v in value.items())
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def shown(value: Any) -> str:
    """A parameter as code writes it, to six digits."""
    if isinstance(value, Shared):
        return f"Shared({value.name!r})"
    if isinstance(value, np.ndarray):
        return f"[{', '.join(map(shown, value))}]"
    return repr(value) if isinstance(value, str) else f"{value:.6g}"
