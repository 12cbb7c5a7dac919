"""Components that say how one column depends on others: lines, counts, yes and no.

A mixture of them has a line (or a curve) for each component: p(target | predictors, z).
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from mixnotes.components.component import (
    Axis,
    Component,
)
from mixnotes.components.constraints import LOG_REAL, POSITIVE, Domain, Shared
from mixnotes.components.saving import shown
from mixnotes.data import table
from mixnotes.data.check import CollapseError
from mixnotes.families.discrete import drawn_counts, log_factorial, whole
from mixnotes.numeric.arrays import Array

_HALF_LOG_2_PI = 0.5 * math.log(2 * math.pi)
_FLOOR = 1e-7  # an sd below this share of the target's range, of few rows, collapsed
_ROUNDING = 1e-12  # below this share any sd is rounding
_DIGITS = 1e-14  # of the target's size; what is below it is rounding
_STEPS = 100
_GAIN = 1e-14  # relative; a gain below it is rounding
_TOLD = 1e-6  # a variance of the target below which it is told without error
_ENDLESS = 20.0  # an intercept beyond it stands for an infinite one
_FLAT = 1e-12  # a mean variance of the target from which no step can be computed
_NOTHING = 1e-12  # of the largest weight; a row of less stands against nothing

_REMOTE = 5e4  # spreads from 0: further out the intercept loses its digits

Coefficient = float | Shared | None


class Regression(Component):
    """p(target | predictors), by a linear predictor eta = intercept + sum of coef x.

    on: the names of the predictors, all coefficients blank; or a mapping of names to
    coefficients, each a number (known), None (blank) or `Shared`. A coefficient of 1
    on the logarithm of an exposure makes it an offset.
    """

    target: str
    """The column that is explained."""
    coef: dict[str, Coefficient]
    """The coefficient of each predictor."""
    intercept: Coefficient
    """eta where all predictors are 0."""
    own: ClassVar[tuple[str, ...]] = ()  # parameters beside the coefficients
    target_support: ClassVar[str]

    def __init__(
        self,
        target: str,
        on: Sequence[str] | Mapping[str, Coefficient],
        intercept: Coefficient = None,
        **rest: Any,
    ) -> None:
        name = type(self).__name__
        if isinstance(on, str) or not isinstance(on, Sequence | Mapping):
            raise TypeError(
                f"{name}: on must be a list of column names, or a mapping of names to "
                f"coefficients, got {on!r:.80}; write on=[{on!r:.40}]"
            )
        coef = dict(on) if isinstance(on, Mapping) else dict.fromkeys(on)
        columns = (target, *coef)
        if not all(isinstance(c, str) and c for c in columns) or target in coef:
            raise ValueError(
                f"{name}: target and predictors must be different column names, got "
                f"{target!r} on {list(coef)}"
            )
        checked = {c: self._number(f"coef[{c!r}]", v) for c, v in coef.items()}
        self._set(target, checked, self._number("intercept", intercept), rest)

    def _set(self, target: str, coef: Any, intercept: Any, rest: Any) -> None:
        values = {"target": target, "coef": coef, "intercept": intercept, **rest}
        values["column_names"] = (target, *coef)
        self.__dict__.update(values)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(
            f"a {type(self).__name__} is immutable, cannot set {name}; make a new one"
        )

    def _number(self, name: str, value: Any) -> Coefficient:
        if value is None or isinstance(value, Shared):
            return value
        if isinstance(value, bool) or not isinstance(value, int | float | np.number):
            value = math.nan
        if not math.isfinite(value):
            raise ValueError(
                f"{type(self).__name__}: {name} must be a finite number, got "
                f"{value!r}; leave it None to have it learned"
            )
        return float(value)

    @property
    def probable(self) -> Mapping[str | None, bool | None]:
        """Is log_prob that of a probability of the target?"""
        return {self.target: self.discrete}

    # --------------------------------------------------- what a kind of target says

    @abstractmethod
    def log_density(self, y: Array) -> Callable[[Array, Self], Array]:
        """log p(y | eta), shape (n,), as a function of eta and the filled component."""

    @abstractmethod
    def _solve(self, y: Array, weight: Array, design: Design, start: Any) -> Any:
        """The blank coefficients, shape (q,), and the other parameters."""

    @abstractmethod
    def _target_inside(self, y: Array) -> NDArray[np.bool_]:
        """Which values of the target are possible."""

    @abstractmethod
    def mean_of(self, eta: Array) -> Array:
        """E[target], shape (n,), from the linear predictor."""

    @abstractmethod
    def _draw(self, eta: Array, rng: np.random.Generator) -> Array:
        """Draws of the target."""

    # ------------------------------------------------------------------ the data

    column_names: tuple[str, ...]

    def _rows(self, x: Any) -> Array:
        data = table.rows(x, self.column_names, gaps=False)
        self._require_near(data)
        return data

    def laid_out(self, names: Sequence[str]) -> Self:
        """The same component with its predictors in this order."""
        if names[0] != self.target:
            raise ValueError(
                "the regressions of a mixture must explain the same target, got "
                f"{names[0]} and {self.target}"
            )
        return self._with(coef={name: self.coef[name] for name in names[1:]})

    def predictor(self, x: Array) -> Array:
        """eta, shape (n,), of rows (target, predictors)."""
        known: Any = [self.intercept, *self.coef.values()]
        eta: Array = known[0] + x[:, 1:] @ np.array(known[1:])
        return eta

    def expected(self, x: Any) -> Array:
        """E[target | predictors], shape (n,). x: columns by name; the target is not
        looked at and may be left out."""
        self._require_complete("expected")
        return self.mean_of(self.predictor(self._with_any_target(x)))

    def sample_target(self, x: Any, rng: Any) -> Array:
        """A draw of the target for each row of predictors, shape (n,)."""
        from mixnotes.data.check import as_rng

        self._require_complete("sample_target")
        return self._draw(self.predictor(self._with_any_target(x)), as_rng(rng))

    def _with_any_target(self, x: Any) -> Array:
        predictors = table.rows(x, self.column_names[1:], gaps=False)
        return np.concatenate([np.zeros((len(predictors), 1)), predictors], axis=1)

    @property
    def support(self) -> str:  # type: ignore[override]
        """The support in words."""
        return f"rows whose {self.target} is {self.target_support}"

    def inside(self, x: Array) -> NDArray[np.bool_]:
        """Which rows have a possible target."""
        return self._target_inside(x[:, 0])

    def check_support(self, x: Array, weight: Array) -> None:
        """Raise an error that names the first row with an impossible target."""
        self._require_size(x, weight)
        fine = self.inside(x) | (weight == 0)
        if not fine.all():
            i = int(np.argmin(fine))
            raise ValueError(
                f"{type(self).__name__}: column {self.target!r} must be "
                f"{self.target_support}, got {self.target}[{i}] = {x[i, 0]:g} "
                f"({int((~fine).sum())} of {len(x)} values); mend the data, or take "
                "another regression"
            )

    def _require_near(self, x: Array) -> None:
        """Raise an error where an intercept, the value at 0, would lose its digits."""
        if not _is_blank(self.intercept) or len(x) < 2:
            return
        for column, (name, value) in zip(x.T[1:], self.coef.items(), strict=True):
            with np.errstate(over="ignore", invalid="ignore"):  # of what is refused
                mean, spread = float(column.mean()), float(column.std())
            if _is_blank(value) and abs(mean) > _REMOTE * spread > 0:
                raise ValueError(
                    f"{type(self).__name__}: the predictor {name!r} must lie within "
                    f"{_REMOTE:g} of its spreads of 0 for an intercept to keep its "
                    f"digits, got a mean of {mean:g} and a spread of {spread:.3g}; "
                    "subtract a number near the mean"
                )

    def bind(self, x: Array) -> Callable[[Self], Array]:
        """log p(target | predictors); -inf where the target is impossible."""
        inside = self.inside(x)
        density = self.log_density(np.where(inside, x[:, 0], 0.0))
        rest = np.where(inside, 0.0, -np.inf)
        centre = x[:, 1:].mean(axis=0) if len(x) else np.zeros(x.shape[1] - 1)
        aside = x[:, 1:] - centre  # far from 0 the products would lose their digits

        def log_prob(filled: Self) -> Array:
            known: Any = [filled.intercept, *filled.coef.values()]
            coef = np.array(known[1:], dtype=np.float64)
            return density(known[0] + coef @ centre + aside @ coef, filled) + rest

        return log_prob

    def _fit(self, x: Array, weight: Array, start: Self | None) -> Self:
        if weight.sum() <= 0:
            if start is None:
                raise ValueError(f"{self!r} cannot be learned from weights that are 0")
            return start
        seen = weight > 0
        x, weight = x[seen], weight[seen]
        design = Design.of(self, x)
        found, rest = self._solve(x[:, 0], weight, design, start)
        values = iter(found)
        intercept = next(values) if design.constant else self.intercept
        coef = {
            name: float(next(values)) if name in design.names else value
            for name, value in self.coef.items()
        }
        return self._with(coef=coef, intercept=float(intercept), **rest)  # type: ignore[arg-type]

    def _blank_line(self, filled: Self) -> Array:
        """The blank coefficients of `filled`, in the order of `Design`."""
        values = [filled.intercept] if _is_blank(self.intercept) else []
        values += [filled.coef[n] for n, v in self.coef.items() if _is_blank(v)]
        return np.array(values, dtype=np.float64)

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        raise TypeError(
            f"{type(self).__name__} says how {self.target} depends on its predictors, "
            "not how these are distributed; call sample_target(x, rng)"
        )

    def moments(self) -> tuple[Any, Any]:
        """Not without predictors: an error that says what to call."""
        raise TypeError(
            f"the mean of {self.target} depends on its predictors; call expected(x)"
        )

    def rank(self) -> tuple[float, ...]:
        """What components are put in order by: intercept, then coefficients."""
        values: Any = (self.intercept, *self.coef.values())
        return tuple(values)

    # ---------------------------------------------------------------- the blanks

    def _parameters(self) -> dict[str, Any]:
        """All parameters by name, "coef['x']"."""
        named = {f"coef[{name!r}]": value for name, value in self.coef.items()}
        own = {name: getattr(self, name) for name in self.own}
        return {"intercept": self.intercept} | named | own

    def _with(self, **values: Any) -> Self:
        names = ("coef", "intercept", *self.own)
        found = {n: values.get(n, getattr(self, n)) for n in names}
        component = object.__new__(type(self))
        component._set(self.target, found.pop("coef"), found.pop("intercept"), found)
        return component

    def filled(self, values: dict[str, Any]) -> Self:
        """The same component with these parameters set, by name."""
        coef = {n: values.get(f"coef[{n!r}]", v) for n, v in self.coef.items()}
        rest = {n: values.get(n, getattr(self, n)) for n in ("intercept", *self.own)}
        return self._with(coef=coef, **rest)

    @property
    def blanks(self) -> tuple[str, ...]:
        """The names of the blank parameters, "coef['x']" for that of predictor x."""
        return tuple(n for n, v in self._parameters().items() if _is_blank(v))

    @property
    def n_free(self) -> int:
        """How many numbers are blank."""
        return len(self.blanks)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names that `blank` takes."""
        return ("coef", *self._parameters())

    def blank(self, *names: str) -> Self:
        """The same component with these parameters (all, if none is named) blank;
        "coef" stands for all coefficients."""
        known = list(self._parameters())
        chosen = set(names or known)
        if "coef" in chosen:
            chosen = chosen - {"coef"} | {n for n in known if n.startswith("coef[")}
        if chosen - set(known):
            raise ValueError(
                f"{type(self).__name__} can have blanks in {', '.join(known)}, got "
                f"{', '.join(sorted(chosen - set(known)))}"
            )
        return self.filled(dict.fromkeys(chosen))

    def domains(self) -> dict[str, Any]:
        """The parameters that can be blank, by name."""
        return dict.fromkeys(self._parameters())

    def value_of(self, name: str) -> Any:
        """The value of a parameter, by its name in `blanks`."""
        return self._parameters()[name]

    def domain_of(self, name: str) -> Domain:
        """The whole line for a coefficient, above 0 for a standard deviation."""
        return POSITIVE if name in self.own else LOG_REAL

    @property
    def shares(self) -> dict[str, str]:
        """The blanks that other components have too: parameter to shared name."""
        items = self._parameters().items()
        return {n: v.name for n, v in items if isinstance(v, Shared)}

    has_line = True

    def axes(self, filled: Self) -> list[Axis]:
        """What stands where on the line: coefficients, and logarithms of the rest."""
        shares, own = self.shares, self.own
        return [Axis(n, 1, False, shares.get(n), n not in own) for n in self.blanks]

    def to_line(self, filled: Self) -> Array:
        """The values of the blanks in `filled`, shape (p,)."""
        values = filled._parameters()
        return np.array(
            [math.log(values[n]) if n in self.own else values[n] for n in self.blanks]
        )

    def from_line(self, line: Array, like: Self) -> Self:
        """The filled component at a point of the line."""
        values = {
            name: math.exp(min(v, 700.0)) if name in self.own else float(v)
            for name, v in zip(self.blanks, line, strict=True)
        }
        return like.filled(values)

    def line_units(self, filled: Self, scales: Array) -> Array:
        """Those of the predictor for the intercept, and over those of the columns for
        the coefficients; 1 for logarithms."""
        level = self.predictor_unit(scales)
        units = dict.fromkeys(self.own, 1.0) | {"intercept": level}
        for name, scale in zip(self.coef, scales[1:], strict=True):
            units[f"coef[{name!r}]"] = level / scale
        return np.array([units[name] for name in self.blanks])

    def predictor_unit(self, scales: Array) -> float:
        """The unit of the linear predictor."""
        return 1.0

    def settled(self, filled: Self) -> Self:
        """This component with what it shares given, at the values of `filled`."""
        values = filled._parameters()
        return self.filled({name: values[name] for name in self.shares})

    # ---------------------------------------------------------------- the value

    def described(self, template: Self) -> str:
        """This component as a table shows it: what was given in `template` marked."""
        named = {"intercept": "intercept"} | {f"coef[{n!r}]": n for n in self.coef}
        return f"{type(self).__name__}({self.target!r}): " + ", ".join(
            f"{named.get(name, name)} {value:.6g}"
            f"{'' if name in template.blanks else ' (given)'}"
            for name, value in self._parameters().items()
        )

    def _state(self) -> dict[str, Any]:
        state: dict[str, Any] = {
            "type": self.type_name(),
            "target": self.target,
            "on": {name: _plain(value) for name, value in self.coef.items()},
        }
        for name in ("intercept", *self.own):
            value = getattr(self, name)
            if value is not None:
                state[name] = _plain(value)
        return state

    def __hash__(self) -> int:
        return hash(self.to_json())

    def __reduce__(self) -> tuple[Any, ...]:
        rest = {name: getattr(self, name) for name in self.own}
        return _remade, (type(self), self.target, self.coef, self.intercept, rest)

    def __repr__(self) -> str:
        on = ", ".join(
            f"{name!r}: {'None' if value is None else shown(value)}"
            for name, value in self.coef.items()
        )
        rest = "".join(
            f", {name}={shown(getattr(self, name))}"
            for name in ("intercept", *self.own)
            if getattr(self, name) is not None
        )
        return f"{type(self).__name__}({self.target!r}, {{{on}}}{rest})"


def _remade(cls: Any, target: str, coef: Any, intercept: Any, rest: Any) -> Any:
    return cls(target, coef, intercept, **rest)


def _is_blank(value: Any) -> bool:
    return value is None or isinstance(value, Shared)


def _plain(value: Any) -> Any:
    return {"shared": value.name} if isinstance(value, Shared) else value


class Design:
    """The columns of the blank coefficients, and what the known ones give."""

    def __init__(self, matrix: Array, offset: Array, names: list[str], constant: bool):
        self.matrix, self.offset = matrix, offset  # (n, q), (n,)
        self.names, self.constant = names, constant

    @classmethod
    def of(cls, template: Regression, x: Array) -> Design:
        """Of rows (target, predictors)."""
        offset = np.zeros(len(x))
        columns, names = [], []
        constant = _is_blank(template.intercept)
        if constant:
            columns.append(np.ones(len(x)))
        else:
            offset += template.intercept  # type: ignore[arg-type]
        for column, (name, value) in zip(x.T[1:], template.coef.items(), strict=True):
            if _is_blank(value):
                columns.append(column)
                names.append(name)
            else:
                offset += value * column
        matrix = np.array(columns).T.reshape(len(x), len(columns))
        return cls(matrix, offset, names, constant)

    def part(self, rows: NDArray[np.bool_]) -> Design:
        """The same of some of the rows."""
        return Design(self.matrix[rows], self.offset[rows], self.names, self.constant)

    def solve(self, values: Array, weight: Array) -> Array:
        """Weighted least squares, shape (q,)."""
        if not self.matrix.shape[1]:
            return np.zeros(0)
        root = np.sqrt(weight)
        matrix, centre = self.matrix, np.zeros(self.matrix.shape[1])
        if self.constant:  # predictors far from 0 are nearly constant themselves
            centre[1:] = weight @ matrix[:, 1:] / weight.sum()
            matrix = matrix - centre
        rows = matrix * root[:, None]
        size = np.linalg.norm(rows, axis=0)
        level = size <= 1e-12 * np.abs(centre) * np.linalg.norm(root)
        rows[:, level], size[level] = 0.0, 1.0  # what is left there is rounding
        found, _, rank, _ = np.linalg.lstsq(rows / size, values * root, rcond=1e-12)
        if rank < len(size):
            raise CollapseError(
                "a regression collapsed: its predictors "
                f"{self.names} do not vary apart from each other in the rows that "
                "carry it; use fewer components or fewer predictors"
            )
        coefficients: Array = found / size
        if self.constant:
            coefficients[0] -= coefficients[1:] @ centre[1:]
        return coefficients

    def determines(self) -> bool:
        """Do these rows alone determine every coefficient?"""
        if not self.matrix.shape[1]:
            return True
        n = len(self.matrix)
        if n == 0:
            return False
        try:
            self.solve(np.zeros(n), np.ones(n))
        except CollapseError:
            return False
        return True


class LinearRegression(Regression):
    """LinearRegression(target, on): target ~ Normal(intercept + coef x, sd).

    Two lines through one cloud, all of it unknown:

        em(Mixture(2 * [LinearRegression("co2", ["gnp"])]), table)

    The sd is that of maximum likelihood: no correction for degrees of freedom.
    """

    sd: float | Shared | None
    """The standard deviation of the target about the line."""
    own = ("sd",)
    target_support = "a finite number"

    def __init__(
        self,
        target: str,
        on: Sequence[str] | Mapping[str, Coefficient],
        intercept: Coefficient = None,
        sd: float | Shared | None = None,
    ) -> None:
        value = sd if _is_blank(sd) else POSITIVE.read(sd)
        if value is None and sd is not None:
            raise ValueError(
                f"LinearRegression: sd must be a number above 0, got {sd!r}; leave it "
                "out to have it learned"
            )
        super().__init__(target, on, intercept, sd=value)

    def predictor_unit(self, scales: Array) -> float:
        """That of the target."""
        return float(scales[0])

    def _target_inside(self, y: Array) -> NDArray[np.bool_]:
        return np.ones(len(y), dtype=bool)

    def log_density(self, y: Array) -> Callable[[Array, Self], Array]:
        """That of a normal about the line."""

        def log_prob(eta: Array, filled: Self) -> Array:
            sd: Any = filled.sd
            standard = (y - eta) / sd
            value: Array = -0.5 * standard * standard - math.log(sd) - _HALF_LOG_2_PI
            return value

        return log_prob

    def _solve(self, y: Array, weight: Array, design: Design, start: Any) -> Any:
        found = design.solve(y - design.offset, weight)
        if not _is_blank(self.sd):
            return found, {"sd": self.sd}
        residual = y - design.offset - design.matrix @ found
        sd = math.sqrt(float(weight @ residual**2) / float(weight.sum()))
        effective_n = float(weight.sum() ** 2 / (weight @ weight))
        few = effective_n < design.matrix.shape[1] + 2
        floor = (_FLOOR if few else _ROUNDING) * float(np.ptp(y))
        if not sd > max(floor, _DIGITS * float(np.abs(y).max())):
            raise CollapseError(
                f"LinearRegression collapsed: its line passes through the "
                f"{design.matrix.shape[1]} or so rows that carry it, and its sd "
                "shrank to 0; use fewer components, or share the sd: "
                'sd=Shared("sd")'
            )
        return found, {"sd": sd}

    def mean_of(self, eta: Array) -> Array:
        """eta itself."""
        return eta

    def _draw(self, eta: Array, rng: np.random.Generator) -> Array:
        return rng.normal(eta, self.sd)  # type: ignore[arg-type]


class _Curve(Regression):
    """A regression whose coefficients are found by Newton's method: its log-likelihood
    is concave in them."""

    @abstractmethod
    def _variance_of(self, mean: Array) -> Array:
        """Var[target], shape (n,), from its mean."""

    @abstractmethod
    def _level(self, mean: float) -> float:
        """The eta of a mean within its range."""

    def _solve(self, y: Array, weight: Array, design: Design, start: Any) -> Any:
        density = self.log_density(y)
        if start is not None:
            point = self._blank_line(start)
        else:
            point = np.zeros(design.matrix.shape[1])
            if design.constant:
                middle = float(np.average(y, weights=weight))
                point[0] = self._level(middle) - np.average(
                    design.offset, weights=weight
                )
        eta = design.offset + design.matrix @ point
        top = float(weight @ density(eta, self))
        for _ in range(_STEPS):
            mean = self.mean_of(eta)
            spread, gap = self._variance_of(mean), y - mean
            level = weight @ spread / weight.sum()
            if not level > _FLAT:
                break
            against = np.abs(gap) > 2 * spread  # a step that suits it alone is too long
            spread = np.where(against, np.maximum(spread, _FLAT * level), spread)
            pull = np.divide(gap, spread, out=np.zeros_like(gap), where=spread > 0)
            try:
                step = design.solve(pull, weight * spread)
            except CollapseError:
                self._require_open(y, weight, design, eta)
                raise
            if weight @ (gap * (design.matrix @ step)) <= _GAIN * abs(top):
                point = point + step  # what is left to go, exact to rounding
                break
            for _ in range(_STEPS):
                ahead = design.offset + design.matrix @ (point + step)
                height = float(weight @ density(ahead, self))
                if height >= top:
                    break
                step = step / 2
            else:
                break
            top, point, eta = height, point + step, ahead
        self._require_open(y, weight, design, eta)
        return point, {}

    @property
    def limit(self) -> str:
        """Where the intercept has no end, since all targets are alike."""
        slopes = [v for v in self.coef.values() if isinstance(v, float)]
        level = self.intercept
        if len(slopes) < len(self.coef) or not isinstance(level, float):
            return ""
        alike = abs(level) > _ENDLESS and all(abs(v) <= _TOLD for v in slopes)
        return "an endless intercept, for all its targets are alike" if alike else ""

    def _require_open(
        self, y: Array, weight: Array, design: Design, eta: Array
    ) -> None:
        """Raise an error where coefficients are on their way to infinity: the rows that
        are not told, or told wrongly, leave some direction free.

        A component of one value alone may end there: a share or a rate of 0.
        """
        mean = self.mean_of(eta)
        spread = self._variance_of(mean)
        counts = weight > _NOTHING * weight.max()
        told = (spread <= _TOLD) & (np.abs(y - mean) <= 2 * spread + _TOLD)
        untold = counts & ~told
        told &= counts
        one_value = told.any() and np.ptp(y[told]) == 0
        if one_value and weight[untold].sum() < _TOLD * weight.sum():
            return
        if told.any() and not design.part(untold).determines():
            raise CollapseError(
                f"{type(self).__name__} collapsed: some combination of "
                f"{', '.join(design.names) or 'the intercept'} tells {self.target} "
                "without error, so that coefficients grow without end; use fewer "
                "components or predictors, or give a coefficient, such as 0"
            )


class PoissonRegression(_Curve):
    """PoissonRegression(target, on): target ~ Poisson(exp(intercept + coef x)).

    For counts; with an exposure t give its logarithm the coefficient 1:
    `PoissonRegression("deaths", {"age": None, "log_t": 1.0})`.
    """

    discrete = True
    target_support = "whole numbers from 0 up"

    def _target_inside(self, y: Array) -> NDArray[np.bool_]:
        return whole(y)

    def log_density(self, y: Array) -> Callable[[Array, Self], Array]:
        """y eta - exp(eta) - log y!"""
        base = log_factorial(y)
        return lambda eta, filled: y * eta - np.exp(np.minimum(eta, 700)) - base

    def mean_of(self, eta: Array) -> Array:
        """exp(eta)."""
        rate: Array = np.exp(np.minimum(eta, 700))
        return rate

    def _variance_of(self, mean: Array) -> Array:
        return mean

    def _level(self, mean: float) -> float:
        return math.log(max(mean, 1e-3))

    def _draw(self, eta: Array, rng: np.random.Generator) -> Array:
        return drawn_counts(self.mean_of(eta), len(eta), rng)


class LogisticRegression(_Curve):
    """LogisticRegression(target, on): P(target = 1) = 1 / (1 + exp(-eta)).

    For 0 and 1. One row a unit tells nothing of the components' shares: repeat the
    rows of a unit, or let the predictors vary.
    """

    discrete = True
    target_support = "0 or 1"

    def _target_inside(self, y: Array) -> NDArray[np.bool_]:
        return np.isin(y, (0.0, 1.0))

    def log_density(self, y: Array) -> Callable[[Array, Self], Array]:
        """y eta - log(1 + exp(eta))."""
        return lambda eta, filled: y * eta - np.logaddexp(0, eta)

    def mean_of(self, eta: Array) -> Array:
        """1 / (1 + exp(-eta))."""
        p: Array = 0.5 * (1 + np.tanh(0.5 * eta))
        return p

    def _variance_of(self, mean: Array) -> Array:
        return mean * (1 - mean)

    def _level(self, mean: float) -> float:
        share = min(max(mean, 1e-3), 1 - 1e-3)
        return math.log(share / (1 - share))

    def _draw(self, eta: Array, rng: np.random.Generator) -> Array:
        return rng.binomial(1, self.mean_of(eta)).astype(np.float64)
