"""Components that say how one column depends on others: lines, counts, yes and no.

A mixture of them has a line (or a curve) for each component: p(target | predictors, z).
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from mixnotes.components import vector
from mixnotes.components.belief import checked_belief, is_blank
from mixnotes.components.component import Component
from mixnotes.components.constraints import (
    LOG_REAL,
    Between,
    Constraint,
    Scalar,
    Shared,
)
from mixnotes.components.saving import plain, shown
from mixnotes.data import table
from mixnotes.families.design import Design
from mixnotes.numeric.arrays import Array

_REMOTE = 5e4  # spreads from 0: further out the intercept loses its digits

Coefficient = Scalar


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
    own_constraints: ClassVar[Mapping[str, Constraint]] = {}
    beside: ClassVar[tuple[str, ...]] = ()  # columns that are no predictors
    target_fill: ClassVar[Any] = 0.0  # a possible target, in place of others
    target_support: ClassVar[str]

    def __init__(
        self,
        target: str,
        on: Sequence[str] | Mapping[str, Coefficient],
        intercept: Coefficient = None,
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
        self._set(target, checked, self._number("intercept", intercept), {})

    def _set(self, target: str, coef: Any, intercept: Any, rest: Any) -> None:
        values = {"target": target, "coef": coef, "intercept": intercept, **rest}
        beside = {name: getattr(self, name) for name in self.beside}
        values["column_names"] = (target, *coef, *beside.values())
        self.__dict__.update(values)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(
            f"a {type(self).__name__} is immutable, cannot set {name}; make a new one"
        )

    def _number(self, name: str, value: Any) -> Coefficient:
        if value is None or isinstance(value, Shared):
            return value
        if isinstance(value, Component | Between):
            return checked_belief(type(self).__name__, name, value, LOG_REAL)
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

    def reordered(self, names: Sequence[str]) -> Self:
        """The same component with its predictors in this order."""
        if names[0] != self.target:
            raise ValueError(
                "the regressions of a mixture must explain the same target, got "
                f"{names[0]} and {self.target}"
            )
        order = [name for name in names[1:] if name in self.coef]
        return self._with(coef={name: self.coef[name] for name in order})

    def predictor(self, x: Array) -> Array:
        """eta, shape (n,), of rows (target, predictors)."""
        known: Any = [self.intercept, *self.coef.values()]
        eta: Array = known[0] + self._predictors(x) @ np.array(known[1:])
        return eta

    def _predictors(self, x: Array) -> Array:
        """The columns of the predictors, (n, q), of rows."""
        return x[:, 1 : 1 + len(self.coef)]

    def _targets(self, x: Array) -> Array:
        """What is explained, of rows: (n,), or (n, m) with what is known beside it."""
        return x[:, 0] if not self.beside else x[:, [0, -1]]

    def expected(self, x: Any) -> Array:
        """E[target | predictors], shape (n,), in the unit of the target.

        Args:
            x: the columns of the predictors by name, each of shape (n,). The target is
                not looked at and may be left out.

        Examples:
            >>> import mixnotes as mx
            >>> line = mx.LinearRegression("waiting", {"eruptions": 10.7}, 33.5, sd=5.9)
            >>> line.expected({"eruptions": [2.0, 4.5]}).round(2)
            array([54.9 , 81.65])
        """
        self._require_complete("expected")
        return self._expected(self._with_any_target(x))

    def _expected(self, x: Array) -> Array:
        """E[target | predictors] of rows."""
        return self.mean_of(self.predictor(x))

    def _drawn(self, x: Array, rng: np.random.Generator) -> Array:
        """A draw of the target for each row."""
        return self._draw(self.predictor(x), rng)

    def sample_target(self, x: Any, rng: Any) -> Array:
        """A draw of the target for each row of predictors, shape (n,).

        Args:
            x: the columns of the predictors by name, each of shape (n,). The target is
                not looked at and may be left out.
            rng: a seed or a numpy Generator.

        Examples:
            >>> import mixnotes as mx
            >>> line = mx.LinearRegression("waiting", {"eruptions": 10.7}, 33.5, sd=5.9)
            >>> line.sample_target({"eruptions": [2.0, 4.5]}, rng=0).shape
            (2,)
        """
        from mixnotes.data.check import as_rng

        self._require_complete("sample_target")
        return self._drawn(self._with_any_target(x), as_rng(rng))

    def _with_any_target(self, x: Any) -> Array:
        predictors = table.rows(x, self.column_names[1:], gaps=False)
        return np.concatenate([np.zeros((len(predictors), 1)), predictors], axis=1)

    @property
    def support(self) -> str:  # type: ignore[override]
        """The support in words."""
        return f"rows whose {self.target} is {self.target_support}"

    def inside(self, x: Array) -> NDArray[np.bool_]:
        """Which rows have a possible target."""
        return self._target_inside(self._targets(x))

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
        if not is_blank(self.intercept) or len(x) < 2:
            return
        columns = self._predictors(x).T
        for column, (name, value) in zip(columns, self.coef.items(), strict=True):
            with np.errstate(over="ignore", invalid="ignore"):  # of what is refused
                mean, spread = float(column.mean()), float(column.std())
            if is_blank(value) and abs(mean) > _REMOTE * spread > 0:
                raise ValueError(
                    f"{type(self).__name__}: the predictor {name!r} must lie within "
                    f"{_REMOTE:g} of its spreads of 0 for an intercept to keep its "
                    f"digits, got a mean of {mean:g} and a spread of {spread:.3g}; "
                    "subtract a number near the mean"
                )

    def bind(self, x: Array) -> Callable[[Self], Array]:
        """log p(target | predictors); -inf where the target is impossible."""
        inside = self.inside(x)
        targets, predictors = self._targets(x).copy(), self._predictors(x)
        targets[~inside] = self.target_fill
        density = self.log_density(targets)
        rest = np.where(inside, 0.0, -np.inf)
        centre = predictors.mean(axis=0) if len(x) else np.zeros(len(self.coef))
        aside = predictors - centre  # far from 0 the products would lose their digits

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
        design = Design.of(self.coef, self.intercept, self._predictors(x))
        found, rest = self._solve(self._targets(x), weight, design, start)
        values = iter(found)
        intercept = next(values) if design.constant else self.intercept
        coef = {
            name: float(next(values)) if name in design.names else value
            for name, value in self.coef.items()
        }
        return self._with(coef=coef, intercept=float(intercept), **rest)  # type: ignore[arg-type]

    def _blank_line(self, filled: Self) -> Array:
        """The blank coefficients of `filled`, in the order of the columns of
        `Design`.
        """
        values = [filled.intercept] if is_blank(self.intercept) else []
        values += [filled.coef[n] for n, v in self.coef.items() if is_blank(v)]
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
        """The numbers by which components are sorted: the intercept, then the
        coefficients.
        """
        values: Any = (self.intercept, *self.coef.values())
        return tuple(values)

    # ---------------------------------------------------------------- the blanks

    @cached_property
    def named(self) -> dict[str, Any]:
        """All parameters by name, "coef['x']"."""
        named = {f"coef[{name!r}]": value for name, value in self.coef.items()}
        own = {name: getattr(self, name) for name in self.own}
        return {"intercept": self.intercept} | named | own

    def _with(self, **values: Any) -> Self:
        names = ("coef", "intercept", *self.own)
        found = {n: values.get(n, getattr(self, n)) for n in names}
        component = object.__new__(type(self))
        component.__dict__.update({n: getattr(self, n) for n in self.beside})
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
        return tuple(n for n, v in self.named.items() if is_blank(v))

    @property
    def n_free(self) -> int:
        """How many numbers are blank."""
        return len(self.blanks)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names that `blank` takes."""
        return ("coef", *self.named)

    def blank(self, *names: str) -> Self:
        """The same component with these parameters (all, if none is named) blank;
        "coef" stands for all coefficients."""
        known = list(self.named)
        chosen = set(names or known)
        if "coef" in chosen:
            chosen = chosen - {"coef"} | {n for n in known if n.startswith("coef[")}
        if chosen - set(known):
            raise ValueError(
                f"{type(self).__name__} can have blanks in {', '.join(known)}, got "
                f"{', '.join(sorted(chosen - set(known)))}"
            )
        return self.filled(dict.fromkeys(chosen))

    def constraints(self) -> dict[str, Any]:
        """The parameters that can be blank, by name."""
        return dict.fromkeys(self.named)

    def value_of(self, name: str) -> Any:
        """The value of a parameter, by its name in `blanks`."""
        return self.named[name]

    def constraint_of(self, name: str) -> Constraint:
        """The whole line for a coefficient, above 0 for a standard deviation."""
        return self.own_constraints.get(name, LOG_REAL)

    @property
    def shares(self) -> dict[str, str]:
        """The blanks that other components have too: parameter to shared name."""
        items = self.named.items()
        return {n: v.name for n, v in items if isinstance(v, Shared)}

    @property
    def told(self) -> dict[str, Any]:
        """What is believed of blanks, or bounds them: by the parameter."""
        items = self.named.items()
        return {n: v for n, v in items if isinstance(v, Component | Between)}

    has_line = True

    def units_of(self, entry: vector.Entry, scales: Array) -> Array:
        """The units of the coordinates of one blank: for the intercept that of the
        linear predictor, for a coefficient that over the unit of its column, and 1 for
        a logarithm.
        """
        if entry.name in self.own:
            return np.ones(1)
        level = self.predictor_unit(scales)
        if entry.name == "intercept":
            return np.full(1, level)
        place = list(self.named).index(entry.name)  # the intercept, then coefficients
        return np.full(1, level / scales[place])

    def predictor_unit(self, scales: Array) -> float:
        """The unit of the linear predictor."""
        return 1.0

    # ---------------------------------------------------------------- the value

    def described(self, template: Self) -> str:
        """This component as a table shows it: what was given in `template` marked."""
        named = {"intercept": "intercept"} | {f"coef[{n!r}]": n for n in self.coef}
        return f"{type(self).__name__}({self.target!r}): " + ", ".join(
            f"{named.get(name, name)} {value:.6g}"
            f"{'' if name in template.blanks else ' (given)'}"
            for name, value in self.named.items()
        )

    def _state(self) -> dict[str, Any]:
        state: dict[str, Any] = {
            "type": self.type_name(),
            "target": self.target,
            "on": {name: plain(value) for name, value in self.coef.items()},
        } | {name: getattr(self, name) for name in self.beside}
        for name in ("intercept", *self.own):
            value = getattr(self, name)
            if value is not None:
                state[name] = plain(value)
        return state

    def __hash__(self) -> int:
        return hash(self.to_json())

    def __reduce__(self) -> tuple[Any, ...]:
        rest = {name: getattr(self, name) for name in (*self.beside, *self.own)}
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
        beside = "".join(f", {name}={getattr(self, name)!r}" for name in self.beside)
        return f"{type(self).__name__}({self.target!r}, {{{on}}}{beside}{rest})"


def _remade(cls: Any, target: str, coef: Any, intercept: Any, rest: Any) -> Any:
    return cls(target, coef, intercept=intercept, **rest)
