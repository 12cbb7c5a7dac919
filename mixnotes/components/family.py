"""What every family shares: parameters that are declared, with their constraints."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from functools import cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mixnotes.components import vector
from mixnotes.components.belief import checked_belief, is_blank
from mixnotes.components.component import Component
from mixnotes.components.constraints import Between, Constraint, Shared
from mixnotes.components.saving import frozen, plain, shown
from mixnotes.numeric.arrays import Array


@cache
def _constraints(cls: type[Family]) -> dict[str, Constraint]:
    return {
        f.name: f.metadata["constraint"]
        for f in dataclasses.fields(cls)  # type: ignore[arg-type]
        if "constraint" in f.metadata
    }


class Family(Component):
    """A component whose parameters are declared as dataclass fields.

    A family writes `inside`, `bind`, `_learn`, `_sample` and `moments`; the rest
    follows from the constraints of its parameters.
    """

    def __post_init__(self) -> None:
        for name, constraint in self.constraints().items():
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, self._checked(name, value, constraint))

    def _checked(self, name: str, value: Any, constraint: Constraint) -> Any:
        if isinstance(value, Shared):
            return value
        if isinstance(value, Component | Between) and self.has_line:
            return checked_belief(type(self).__name__, name, value, constraint)
        proper = constraint.read(value)
        if proper is None:
            raise ValueError(
                f"{type(self).__name__}: {name} must be {constraint.words}, got "
                f"{value!r:.80}; leave {name} out to have it learned"
            )
        return proper

    @classmethod
    def constraints(cls) -> dict[str, Constraint]:
        """The parameters that can be learned, each with its constraint."""
        return _constraints(cls)

    def constraint_of(self, name: str) -> Constraint:
        """The set that a parameter lives in."""
        return self.constraints()[name]

    @abstractmethod
    def _learn(self, x: Array, weight: Array) -> dict[str, Any]:
        """The weighted maximum-likelihood values of the blanks; weight sums above 0."""

    def given(self, name: str) -> Any:
        """The value of a parameter that must not be blank here."""
        value = getattr(self, name)
        if is_blank(value):
            self._require_complete(name)
        return value

    @property
    def shares(self) -> dict[str, str]:
        """The blanks that other components have too: parameter to shared name."""
        found = {name: getattr(self, name) for name in self.constraints()}
        return {k: v.name for k, v in found.items() if isinstance(v, Shared)}

    @property
    def told(self) -> dict[str, Component | Between]:
        """What is believed of blanks, or bounds them: by the parameter."""
        found = {name: getattr(self, name) for name in self.constraints()}
        return {k: v for k, v in found.items() if isinstance(v, Component | Between)}

    fill_value: Any = 0.0  # a value inside the support, in place of those outside

    def with_fill_value(self, x: Array) -> tuple[Array, NDArray[np.bool_]]:
        """x with `fill_value` for what is outside the support, so that a formula can be
        computed everywhere; and which observations are inside.
        """
        inside = self.inside(x)
        if inside.all():
            return x, inside
        x = x.copy()
        x[~inside] = self.fill_value
        return x, inside

    @property
    def blanks(self) -> tuple[str, ...]:
        """The names of the blank parameters."""
        return tuple(name for name in self.constraints() if self._is_blank(name))

    def _is_blank(self, name: str) -> bool:
        return is_blank(getattr(self, name))

    def described(self, template: Self) -> str:
        """This component as the table of a `Fit` shows it, with what was given in
        `template` marked.
        """
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
        """The same component with these parameters blank, to be learned anew.

        Args:
            *names: names of parameters; all of them if none is named.
        """
        unknown = sorted(set(names) - set(self.constraints()))
        if unknown:
            raise ValueError(
                f"{type(self).__name__} can have blanks in "
                f"{', '.join(self.constraints())}, got {', '.join(unknown)}"
            )
        return self.filled(dict.fromkeys(names or self.constraints()))

    has_line = True

    def measured(self, filled: Self, scale: float) -> Array | None:
        """The values of the blanks; what has the data's unit is divided by `scale`."""
        return vector.measured(self.entries(filled), scale)

    def _fit(self, x: Array, weight: Array, start: Self | None) -> Self:
        if weight.sum() <= 0:  # nothing was assigned here: nothing can be learned
            if start is None:
                raise ValueError(f"{self!r} cannot be learned from weights that are 0")
            return start
        learned = self._learn(x, weight)
        return self.filled({name: learned[name] for name in self.blanks})

    def filled(self, values: dict[str, Any]) -> Self:
        """The same component with these parameters set."""
        constraints = self.constraints()
        component = object.__new__(type(self))
        component.__dict__.update(self.__dict__)
        for name, value in values.items():
            checked = value
            if value is not None:
                checked = self._checked(name, value, constraints[name])
            component.__dict__[name] = checked
        return component

    def _state(self) -> dict[str, Any]:
        names = [f.name for f in dataclasses.fields(self)]  # type: ignore[arg-type]
        values = {name: getattr(self, name) for name in names}
        return {"type": self.type_name()} | {
            name: plain(value) for name, value in values.items() if value is not None
        }

    def __hash__(self) -> int:
        return hash(frozen(self._state()))

    def __repr__(self) -> str:
        names = [name for name in self._state() if name != "type"]
        parts = [f"{name}={shown(getattr(self, name))}" for name in names]
        return f"{type(self).__name__}({', '.join(parts)})"
