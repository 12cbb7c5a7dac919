"""Distributions of scipy.stats as components; scipy is imported where it is used."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mixnotes.families.kinks import followed
from mixnotes.families.numerical import Bounds, Made, first_guesses, written
from mixnotes.families.search import ends_beside, places_beside
from mixnotes.numeric.arrays import Array

_EDGE = 1e-3  # of the range of a shape; nearer to its bound there is no kink to be seen


def from_scipy(distribution: Any, **given: float | None) -> FromScipy:
    """Any continuous or discrete distribution of scipy.stats as a component.

    Of a discrete distribution loc is 0 unless it is given, and parameters that are
    whole numbers must be given. Where this package has the family itself, that is
    faster and exact. Needs scipy.

    Args:
        distribution: a distribution of scipy.stats or its name, of which nothing is
            known; or a frozen one, such as `scipy.stats.genextreme(c=0.1)`, of which
            everything is.
        **given: the values of the parameters that are known, by scipy's names; those
            left out are blank, loc and scale too.

    Returns:
        A component, with the methods of any other.

    Examples:
        >>> import mixnotes as mx
        >>> x = mx.datasets.newcomb()["deviation"]
        >>> light = mx.from_scipy("hypsecant").fit(x)
        >>> print(f"{light.loc:.1f} {light.scale:.1f}")
        27.3 4.5
    """
    name = distribution
    if hasattr(distribution, "dist") and hasattr(distribution, "args"):  # frozen
        name = distribution.dist
        args, _, scale = name._parse_args(*distribution.args, **distribution.kwds)
        loc = distribution.kwds.get("loc", 0.0)
        shapes = _shape_names(name)
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
        own["shape_names"] = _shape_names(own["distribution"])
        own["is_plain"] = _is_plain(own["distribution"])
        own["pins"] = ()
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

    @property
    def edges_move(self) -> bool:  # type: ignore[override]
        """True where the support can end at a place that loc or scale decides."""
        if not {"loc", "scale"} & set(self.blanks):
            return False
        ends = self.distribution.a, self.distribution.b
        by_shape = "_get_support" in vars(type(self.distribution))
        return by_shape or ends != (-math.inf, math.inf)

    has_moves = True

    def moves(self, filled: Self, x: Array, weight: Array) -> Iterator[Self]:
        """An end of the support at other observations, outwards and inwards, and a kink
        of the density at those beside it."""
        if x.ndim > 1:
            return
        if not self.discrete and self.blanks:
            yield from self._kinks_beside(filled, np.unique(x[weight > 0]))
            yield from self.about_kinks(filled, x, weight)
        if not self.edges_move:
            return
        places = np.sort(x)
        loc, scale = filled.values["loc"], filled.values.get("scale", 1.0)
        for side, end in enumerate(filled.ends):
            other = filled.ends[1 - side]
            if not math.isfinite(end):
                continue
            for here in ends_beside(places, end):
                unit = (end - loc) / scale
                moved: dict[str, float] = {}
                if {"loc", "scale"} <= set(self.blanks) and math.isfinite(other):
                    width = (here - other) / (end - other) * scale
                    moved = {"loc": here - unit * width, "scale": width}
                elif "loc" in self.blanks:
                    moved = {"loc": loc + here - end}
                elif unit:
                    moved = {"scale": (here - loc) / unit}
                if moved and moved.get("scale", 1.0) > 0:
                    yield filled.filled(moved)

    def _kinks_beside(self, filled: Self, places: Array) -> Iterator[Self]:
        """The component with kinks of its density at observations beside, and free of
        those where they stand."""
        if len(places) < 2:
            return
        span = float(places[-1] - places[0])
        filled = self._off_the_edge(filled)
        found = self.kinks(filled, places)
        pins = [followed(filled, place, span) for place in found]
        here = [
            (pin, int(np.searchsorted(places, place)), place)
            for pin, place in zip(pins, found, strict=True)
            if pin is not None
        ]
        if filled.pins:
            yield filled.filled({})  # free again
        for pin, position, _ in here:
            others = [
                other._replace(at=at)
                for other, _, at in here
                if other is not pin and any(at == kept.at for kept in filled.pins)
            ]
            for k in places_beside(position, len(places)):
                first = pin._replace(at=float(places[k]))
                for rest in (others, []) if others else ([],):
                    moved = self.pinned(filled, (first, *rest))
                    if moved is not None:
                        yield moved
        for i, (one, a, _) in enumerate(here):
            for two, b, _ in here[:i]:
                for k in (a - 1, a):
                    for j in (b - 1, b):
                        if 0 <= k < len(places) and 0 <= j < len(places):
                            both = (
                                one._replace(at=float(places[k])),
                                two._replace(at=float(places[j])),
                            )
                            moved = self.pinned(filled, both)
                            if moved is not None:
                                yield moved

    def _off_the_edge(self, filled: Self) -> Self:
        """The component with shapes inside of their bounds, where a kink may be."""
        moved = {}
        for name in self.blanks:
            low, high = self.bounds[name]
            width = high - low
            if math.isfinite(width):
                nearest = min(filled.values[name] - low, high - filled.values[name])
                if nearest < _EDGE * width:
                    moved[name] = low + 0.5 * width
        return filled.filled(moved) if moved else filled

    def logs(self, x: Array, values: dict[str, Any]) -> Array:
        """scipy's logpdf or logpmf."""
        with np.errstate(all="ignore"):
            if self.discrete:
                return np.asarray(self.distribution.logpmf(x, **values), np.float64)
            if not self.is_plain:
                return np.asarray(self.distribution.logpdf(x, **values), np.float64)
            return self._plain_logs(x, values)

    def _plain_logs(self, x: Array, values: dict[str, Any]) -> Array:
        """What `scipy.stats.rv_continuous.logpdf` does, without an array for each shape
        parameter and a search for those that are wrong, which take most of its time."""
        own, scale = self.distribution, values["scale"]
        shapes = [values[name] for name in self.shape_names]
        if not (scale > 0 and own._argcheck(*shapes)):
            return np.full(len(x), np.nan)
        y = (x - values["loc"]) / scale
        inside = own._support_mask(y, *shapes)
        out = np.full(len(x), -np.inf)
        if inside.all():
            out[:] = own._logpdf(y, *shapes)
        elif inside.any():
            out[inside] = own._logpdf(y[inside], *shapes)
        out -= math.log(scale)
        return out

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
        guesses = {n: first_guesses(self.bounds[n], centre, 1.0) for n in names}
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
        other.__dict__["pins"] = ()
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
        return f"from_scipy({', '.join([repr(self.name), *written(self.values)])})"

    def __reduce__(self) -> tuple[Any, ...]:
        return FromScipy, (self.name, self.values)


def _whole(value: float) -> float:
    """A whole number as an int, which scipy asks for."""
    return int(value) if value == math.floor(value) else value


def _shape_names(distribution: Any) -> list[str]:
    """The shape parameters in scipy's order."""
    return [s.strip() for s in (distribution.shapes or "").split(",") if s.strip()]


def _is_plain(distribution: Any) -> bool:
    """Does it compute log-densities as most of scipy's continuous distributions do?"""
    from scipy import stats

    own = getattr(type(distribution), "logpdf", None)
    return own is stats.rv_continuous.logpdf


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
