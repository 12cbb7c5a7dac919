"""Components made of any log-density: the reader's own, or one of scipy.stats.

Their parameters have names and bounds; what is left blank is found by Newton steps on
the weighted log-likelihood with numerical derivatives, from where Nelder and Mead's
simplex (scipy.optimize) came first.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixnotes.ascent import ascend
from mixnotes.check import Array, as_data
from mixnotes.component import CollapseError, Component, shown
from mixnotes.domains import Shared

Bounds = tuple[float, float]
_RISING = 1e-3  # nats an observation that a search which ends still promised
_FAR = 40.0  # e-folds from the start beyond which a parameter has run off
_WORST = -1e3  # a log-density that stands for -inf while the simplex looks for others
_GUESSES = 64  # combinations of first guesses that are tried


class Made(Component):
    """A component whose parameters are known by name and bounds only.

    It writes `logs`, `guesses`, `again`, and what `Component` leaves open.
    """

    bounds: dict[str, Bounds]  # of what can be learned
    values: dict[str, Any]  # all parameters; None is blank

    @abstractmethod
    def logs(self, x: Array, values: dict[str, Any]) -> Array:
        """log p(x), shape (n,), -inf where x is impossible under these values."""

    @abstractmethod
    def guesses(self, x: Array, share: Array) -> list[dict[str, float]]:
        """Values of the blanks from which a search may begin."""

    @abstractmethod
    def again(self, values: dict[str, Any]) -> Self:
        """The same component with these parameters, None for blanks."""

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(
            f"a {type(self).__name__} is immutable, cannot set {name}; make a new one"
        )

    def __getattr__(self, name: str) -> Any:
        values = self.__dict__.get("values", {})
        if name in values:
            return values[name]
        raise AttributeError(f"{type(self).__name__} has no {name}")

    def domains(self) -> dict[str, Bounds]:
        """The parameters that can be learned, each with its bounds."""
        return self.bounds

    @property
    def blanks(self) -> tuple[str, ...]:
        """The names of the blank parameters."""
        return tuple(name for name, value in self.values.items() if value is None)

    @property
    def n_free(self) -> int:
        """How many numbers are blank."""
        return len(self.blanks)

    def blank(self, *names: str) -> Self:
        """The same component with these parameters (all, if none is named) blank."""
        unknown = sorted(set(names) - set(self.bounds))
        if unknown:
            raise ValueError(
                f"{type(self).__name__} can have blanks in {', '.join(self.bounds)}, "
                f"got {', '.join(unknown)}"
            )
        return self.filled(dict.fromkeys(names or self.bounds))

    def filled(self, values: dict[str, Any]) -> Self:
        """The same component with these parameters set."""
        return self.again(self.values | values)

    def checked(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """All parameters in order, those that can be learned within their bounds."""
        found = dict(values)
        for name, (low, high) in self.bounds.items():
            value = found.get(name)
            found[name] = None if value is None else self._number(name, value)
            if value is not None and not low <= found[name] <= high:
                raise ValueError(
                    f"{name} must be from {low:g} to {high:g}, got {value!r:.80}; "
                    f"leave {name} out to have it learned"
                )
        return found

    def _number(self, name: str, value: Any) -> float:
        if isinstance(value, Shared):
            raise ValueError(
                f"{name} cannot be Shared, which families in exponential form can; "
                "give its value, or leave it blank in each"
            )
        real = isinstance(value, int | float | np.number) and not isinstance(
            value, bool | np.complexfloating
        )
        if not real or math.isnan(value):
            raise ValueError(f"{name} must be a number, got {value!r:.80}")
        return float(value)

    def bind(self, x: Array) -> Callable[[Self], Array]:
        """log p(x)."""
        return lambda filled: filled.logs(x, filled.values)

    # ---------------------------------------------------------------- the search

    def _fit(self, x: Array, weight: Array, start: Self | None) -> Self:
        there = (weight > 0) & self.inside(x)
        if not there.any():
            if start is None:
                raise ValueError(f"{self!r} cannot be learned from weights that are 0")
            return start
        x, share = x[there], weight[there] / weight[there].sum()

        def height(values: dict[str, Any], worst: float = -math.inf) -> float:
            with np.errstate(all="ignore"):
                logs = np.asarray(self.logs(x, self.values | values))
            each = np.where(np.isnan(logs), worst, np.maximum(logs, worst))
            return float(share @ each)

        if start is not None:
            begin = {name: start.values[name] for name in self.blanks}
            found = self._climb(begin, height)
            return self.filled(found) if height(found) >= height(begin) else start
        begin = self._begin(self.guesses(x, share), height)
        return self.filled(self._climb(self._simplex(begin, height), height))

    def _begin(self, guesses: list[dict[str, float]], height: Any) -> dict[str, float]:
        """The highest of the guesses, of the possible ones if there are such."""
        return max(guesses, key=lambda v: (height(v), height(v, _WORST)))

    def _simplex(self, begin: dict[str, float], height: Any) -> dict[str, float]:
        """Where Nelder and Mead's simplex ends, by scipy."""
        from scipy.optimize import minimize

        line = _Line(self.bounds, begin, height)
        found = minimize(
            lambda u: -height(line.values(u), _WORST),
            np.zeros(len(begin)),
            method="Nelder-Mead",
            options={
                "maxfev": 400 * len(begin),
                "initial_simplex": _corners(len(begin)),
                "xatol": 1e-4,
                "fatol": 1e-6,
            },
        )
        values = line.values(found.x)
        if height(values) == -math.inf:
            raise ValueError(
                f"{self!r}: no values of {', '.join(begin)} were found under which "
                "every observation is possible; give some of them, or a guess"
            )
        return values

    def _climb(self, begin: dict[str, float], height: Any) -> dict[str, float]:
        """Newton steps from there."""
        line = _Line(self.bounds, begin, height)
        top = ascend(lambda u: height(line.values(u)), np.zeros(len(begin)))
        if line.ran_off(top.place) or not top.promised < _RISING:
            name = list(begin)[int(np.argmax(np.abs(top.place)))]
            raise CollapseError(
                f"{self!r} collapsed: {name} ran off to "
                f"{line.values(top.place)[name]:g}, where the likelihood has no "
                f"maximum; give {name}, or closer bounds"
            )
        return line.values(top.place)


class _Line:
    """Parameters as numbers without bounds, of order 1, 0 where they begin."""

    def __init__(
        self, bounds: dict[str, Bounds], begin: dict[str, float], height: Any
    ) -> None:
        self.bounds = {name: bounds[name] for name in begin}
        self.begin = {n: _within(v, self.bounds[n]) for n, v in begin.items()}
        self.units = {name: self._unit(name, height) for name in begin}

    def _unit(self, name: str, height: Any) -> float:
        """How far an unbounded parameter must move to matter; 1 for others."""
        if not all(map(math.isinf, self.bounds[name])):
            return 1.0
        here, centre = height(self.begin), self.begin[name]
        unit = max(abs(centre), 1.0)
        for _ in range(80):
            sides = [height(self.begin | {name: centre + s * unit}) for s in (-1, 1)]
            fall = here - min(sides)
            if math.isfinite(here) and not fall <= 0.5:
                unit /= 4
            elif math.isfinite(here) and abs(fall) < 0.005:
                unit *= 4
            else:
                break
        return unit

    def values(self, u: Array) -> dict[str, float]:
        """The parameters at a point of the line."""
        return {
            name: _moved(self.begin[name], float(step), self.bounds[name], unit)
            for step, (name, unit) in zip(u, self.units.items(), strict=True)
        }

    def ran_off(self, u: Array) -> bool:
        """Is a parameter with a bound many e-folds from where it began?"""
        bounded = [not all(map(math.isinf, b)) for b in self.bounds.values()]
        return bool((np.abs(u)[bounded] > _FAR).any())


def _within(value: float, bounds: Bounds) -> float:
    """The value, or one beside it strictly inside the bounds."""
    low, high = bounds
    width = high - low if math.isfinite(high - low) else max(abs(value), 1.0)
    inner = 1e-9 * width
    return min(max(value, low + inner), high - inner)


def _moved(value: float, step: float, bounds: Bounds, unit: float) -> float:
    """A value moved along the line that its bounds make."""
    low, high = bounds
    step = min(max(step, -600.0), 600.0)
    if math.isinf(low) and math.isinf(high):
        return value + unit * step
    if math.isinf(high):
        return low + (value - low) * math.exp(step)
    if math.isinf(low):
        return high - (high - value) * math.exp(-step)
    odds = (value - low) / (high - value) * math.exp(step)
    return low + (high - low) * odds / (1 + odds)


def _corners(p: int) -> Array:
    """A first simplex of size 0.3 about 0."""
    return np.concatenate([np.zeros((1, p)), 0.3 * np.eye(p)])


# ------------------------------------------------------------------- the reader's own


class Custom(Made):
    """Custom(log_prob, bounds): any log-density with named parameters.

    log_prob(x, **parameters): log p(x), shape (n,); x is (n,) or (n, d).
    bounds: {name: (low, high)} for each parameter, infinite where there is none; a
    parameter that is given is a keyword of its name.
    guess: {name: value} to search from. support: (low, high), or a function of x that
    says which observations are possible. sample(n, rng, **parameters),
    moments(**parameters), the mean and the variance, and cdf(x, **parameters) serve
    the methods of that name. discrete: is log_prob that of a probability?

        def log_prob(x, rate):
            return np.log(rate) - rate * x

        decay = Custom(log_prob, {"rate": (0, np.inf)}, support=(0, np.inf))
        em(Mixture([decay, decay]), x)

    A blank is learned by weighted maximum likelihood: a numerical search, which needs
    scipy where nothing is known to begin from. It does not save as JSON, for a
    function does not.
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
                raise TypeError(f"{name} must be a function, got {given!r:.80}")
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
        inside: NDArray[np.bool_] = here.reshape(len(x), -1).all(axis=1)
        return inside

    def _rows(self, x: ArrayLike) -> Array:
        return as_data(x)

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

    def log_prob(self, x: ArrayLike) -> Array:
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
            [self.guess[n]] if n in self.guess else _options(self.bounds[n], mean, sd)
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
        return f"Custom({', '.join([name, *_written(self.values)])})"


def _written(values: dict[str, Any]) -> list[str]:
    return [f"{n}={shown(v)}" for n, v in values.items() if v is not None]


def _options(bounds: Bounds, mean: float, sd: float) -> list[float]:
    """First guesses for a parameter that is only known to lie between bounds."""
    low, high = bounds
    if math.isfinite(low) and math.isfinite(high):
        return [low + share * (high - low) for share in (0.5, 0.2, 0.8)]
    if math.isfinite(low):
        return [low + v for v in (sd, 1 / sd, 1.0, abs(mean) or 1.0)]
    if math.isfinite(high):
        return [high - v for v in (sd, 1 / sd, 1.0, abs(mean) or 1.0)]
    return [mean, 0.0]


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


# ---------------------------------------------------------------------- scipy's


def from_scipy(distribution: Any, **given: float | None) -> FromScipy:
    """Any continuous or discrete distribution of scipy.stats as a component.

    What is known is a keyword of scipy's name; the rest is blank, loc and scale too:

        from_scipy(scipy.stats.genextreme, loc=0)       # c and scale are learned
        from_scipy(scipy.stats.genextreme(c=0.1))       # frozen: nothing is learned

    Of a discrete distribution loc is 0 unless given, and parameters that are whole
    numbers must be given. A name, "genextreme", does as well as the object. Where
    this package has the family, its own is faster and exact.
    """
    name = distribution
    if hasattr(distribution, "dist") and hasattr(distribution, "args"):  # frozen
        name = distribution.dist
        args, _, scale = name._parse_args(*distribution.args, **distribution.kwds)
        loc = distribution.kwds.get("loc", 0.0)
        shapes = [s.strip() for s in (name.shapes or "").split(",") if s.strip()]
        if len(distribution.args) > len(shapes):
            loc = distribution.args[len(shapes)]
        known = dict(zip(shapes, args, strict=True)) | {"loc": loc}
        given = known | ({"scale": scale} if hasattr(name, "pdf") else {}) | given
    return FromScipy(getattr(name, "name", name), given)


class FromScipy(Made):
    """A distribution of scipy.stats: `from_scipy` makes one."""

    def __init__(self, name: str, given: Mapping[str, float | None]) -> None:
        own = self.__dict__
        own["name"], own["distribution"] = name, _looked_up(name)
        own["discrete"] = not hasattr(own["distribution"], "pdf")
        own["bounds"], whole = _parameters(own["distribution"], own["discrete"])
        unknown = sorted(set(given) - set(own["bounds"]) - set(whole))
        if unknown:
            raise ValueError(
                f"{name} has the parameters {', '.join([*whole, *own['bounds']])}; "
                f"got {', '.join(unknown)}"
            )
        known: dict[str, Any] = {"loc": 0.0} if own["discrete"] else {}
        known |= given
        missing = [n for n in whole if known.get(n) is None]
        if missing:
            raise ValueError(
                f"{name}: {', '.join(missing)} must be given, for whole numbers are "
                f"not learned; write from_scipy({name!r}, {missing[0]}=...)"
            )
        fixed = {n: _whole(self._number(n, known[n])) for n in whole}
        own["values"] = self.checked(fixed | {n: known.get(n) for n in own["bounds"]})

    @property
    def support(self) -> str:  # type: ignore[override]
        """The support in words."""
        return f"in the support of {self.name}"

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the largest x."""
        low, high = self.distribution.support(**self.values)
        return float(low), float(high)

    def inside(self, x: Array) -> NDArray[np.bool_]:
        """Which observations are possible; all of them while blanks say nothing."""
        if not self.blanks:
            return np.asarray(self.logs(x, self.values) > -np.inf)
        inside: NDArray[np.bool_] = np.ones(len(x), dtype=bool)
        return inside & (x == np.floor(x)) if self.discrete else inside

    def logs(self, x: Array, values: dict[str, Any]) -> Array:
        """scipy's logpdf or logpmf."""
        density = (
            self.distribution.logpmf if self.discrete else self.distribution.logpdf
        )
        with np.errstate(all="ignore"):
            return np.asarray(density(x, **values), dtype=np.float64)

    def guesses(self, x: Array, share: Array) -> list[dict[str, float]]:
        """What scipy itself begins from, and simple ones."""
        order = np.argsort(x)
        levels = np.searchsorted(
            np.cumsum(share[order]), np.linspace(0.005, 0.995, 100)
        )
        typical = x[order][np.minimum(levels, len(x) - 1)]
        mean = float(share @ x)
        sd = math.sqrt(float(share @ (x - mean) ** 2)) or 1.0
        low = float(x.min()) - 1e-3 * sd
        simple = [
            {"loc": loc, "scale": scale} | self._shapes_near(mean, k)
            for loc, scale in ((mean, sd), (low, sd), (0.0, abs(mean) or 1.0))
            for k in range(3)
        ]
        found = [{n: s[n] for n in self.blanks} for s in simple]
        if not self.discrete:
            with np.errstate(all="ignore"):
                begin = self._scipys_start(typical)
            if begin:
                found.append({n: begin[n] for n in self.blanks})
        return found

    def _shapes_near(self, mean: float, k: int) -> dict[str, float]:
        """The k-th guess of each shape parameter."""
        centre = mean if self.discrete else 1.0
        names = [n for n in self._shapes() if n in self.bounds]
        guesses = {n: _options(self.bounds[n], centre, 1.0) for n in names}
        return {n: values[k % len(values)] for n, values in guesses.items()}

    def _scipys_start(self, x: Array) -> dict[str, float] | None:
        names = [*self._shapes(), "loc", "scale"]
        try:
            values = np.array(self.distribution._fitstart(x), dtype=float)
        except Exception:  # whatever it is, there are other guesses
            return None
        if len(values) != len(names) or not np.isfinite(values).all():
            return None
        return dict(zip(names, values.tolist(), strict=True))

    def _shapes(self) -> list[str]:
        return [n for n in self.values if n not in ("loc", "scale")]

    def again(self, values: dict[str, Any]) -> Self:
        """The same distribution with these parameters."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other.__dict__["values"] = self.checked(values)
        return other

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        draws = self.distribution.rvs(**self.values, size=n, random_state=rng)
        return np.asarray(draws, dtype=np.float64)

    def moments(self) -> tuple[float, float]:
        """E[x] and Var[x]."""
        self._require_complete("moments")
        mean, variance = self.distribution.stats(**self.values, moments="mv")
        return float(mean), float(variance)

    def _cdf(self, x: Array) -> Array:
        return np.asarray(self.distribution.cdf(x, **self.values))

    def _sf(self, x: Array) -> Array:
        return np.asarray(self.distribution.sf(x, **self.values))

    def _quantile(self, q: Array) -> Array:
        return np.asarray(self.distribution.ppf(q, **self.values))

    def _state(self) -> dict[str, Any]:
        known = {n: v for n, v in self.values.items() if v is not None}
        return {"type": "FromScipy", "name": self.name, "given": known}

    def __repr__(self) -> str:
        return f"from_scipy({', '.join([repr(self.name), *_written(self.values)])})"

    def __reduce__(self) -> tuple[Any, ...]:
        return FromScipy, (self.name, self.values)


def _whole(value: float) -> float:
    """A whole number as an int, which scipy asks for."""
    return int(value) if value == math.floor(value) else value


def _looked_up(name: Any) -> Any:
    """The distribution of this name in scipy.stats."""
    from scipy import stats

    found = getattr(stats, name, None) if isinstance(name, str) else None
    if not isinstance(found, stats.rv_continuous | stats.rv_discrete):
        raise TypeError(
            "from_scipy takes a continuous or discrete distribution of scipy.stats, "
            f"such as scipy.stats.genextreme, got {name!r:.80}"
        )
    return found


def _parameters(
    distribution: Any, discrete: bool
) -> tuple[dict[str, Bounds], list[str]]:
    """The bounds of what can be learned, and the names of what must be given."""
    bounds: dict[str, Bounds] = {}
    whole: list[str] = []
    for info in distribution._shape_info():
        if info.integrality:
            whole.append(info.name)
        else:
            low, high = map(float, info.domain)
            bounds[info.name] = low, high
    if discrete:
        return bounds, [*whole, "loc"]
    return bounds | {"loc": (-math.inf, math.inf), "scale": (0.0, math.inf)}, whole
