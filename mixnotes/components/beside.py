"""A component of one number beside regressions: it says how their target is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mixnotes.components import vector
from mixnotes.components.component import Component
from mixnotes.components.composite import Composite
from mixnotes.components.measure import Atoms
from mixnotes.data import table
from mixnotes.numeric.arrays import Array


class OfTarget(Composite, saved=False):
    """p(target), whatever the predictors are: a `PointMass(0)` beside a regression
    makes more zeros. `Mixture` wraps the component and gives it back in
    `components`."""

    def __init__(self, inner: Component, names: tuple[str, ...]) -> None:
        self.inner, self.column_names = inner, names

    column_names: tuple[str, ...]

    @property
    def class_name(self) -> str:
        """The name of the component's class."""
        return self.inner.class_name

    def of(self, inner: Any) -> Self:
        """The same of another component."""
        return type(self)(inner, self.column_names)

    @property
    def children(self) -> Mapping[str, Component]:
        """The component; the names of its blanks are as they are."""
        return {"": self.inner}

    def remade(self, children: Mapping[str, Component], own: Mapping[str, Any]) -> Self:
        """The same of another component."""
        return self.of(children[""])

    def reordered(self, names: Sequence[str]) -> Self:
        """The same with its columns in this order, the target first."""
        return type(self)(self.inner, tuple(names))

    # ------------------------------------------------------------ the distribution

    def _rows(self, x: Any) -> Array:
        return table.rows(x, self.column_names, gaps=False)

    def bind(self, x: Array) -> Callable[[Self], Array]:
        """log p of the first column."""
        log_prob = self.inner.bind(x[:, 0])
        return lambda filled: log_prob(filled.inner)

    def inside(self, x: Array) -> NDArray[np.bool_]:
        """Which targets the component can produce."""
        return self.inner.inside(x[:, 0])

    @property
    def support(self) -> str:  # type: ignore[override]
        """The support in words."""
        return f"rows whose {self.column_names[0]} is {self.inner.support}"

    @property
    def discrete(self) -> bool:  # type: ignore[override]
        """True where log_prob is the logarithm of a probability."""
        return self.inner.discrete

    @property
    def probable(self) -> Mapping[str | None, bool | None]:
        """The same for the target."""
        return {self.column_names[0]: self.inner.probable[None]}

    @property
    def atoms(self) -> Atoms:
        """The single values of the target that have a probability."""
        found = self.inner.atoms
        return {self.column_names[0]: found[None]} if None in found else {}

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        raise TypeError(
            f"rows cannot be drawn, since a regression does not say how its predictors "
            f"are distributed; draw {self.column_names[0]} for given predictors by "
            "sample_target of a component"
        )

    @property
    def has_moments(self) -> bool:
        """Not of rows."""
        return False

    def moments(self) -> tuple[Any, Any]:
        """Not without predictors."""
        raise TypeError(
            f"the mean of {self.column_names[0]} depends on its predictors; ask the "
            "components"
        )

    def rank(self) -> tuple[float, ...]:
        """That of the component."""
        return self.inner.rank()

    # -------------------------------------------------------------------- learning

    def _fit(self, x: Array, weight: Array, start: Self | None) -> Self:
        before = None if start is None else start.inner
        return self.of(self.inner.filled_to(x[:, 0], weight, before))

    def remark(self, x: Array, weight: Array) -> str:
        """That of the component."""
        return self.inner.remark(x[:, 0], weight)

    @property
    def n_free(self) -> int:
        """How many numbers are blank."""
        return self.inner.n_free

    @property
    def has_line(self) -> bool:  # type: ignore[override]
        """True where the component has one."""
        return self.inner.has_line

    def measured(self, filled: Self, scale: float) -> Array | None:
        """The values of the blanks; what has the data's unit is divided by `scale`."""
        return vector.measured(self.entries(filled), scale)

    def units_of(self, entry: vector.Entry, scales: Array) -> Array:
        """In the unit of the target."""
        return self.inner.units_of(entry, scales[:1])

    # ------------------------------------------------------------------- the value

    def described(self, template: Self) -> str:
        """The component as a table shows it."""
        return self.inner.described(template.inner)

    def _state(self) -> dict[str, Any]:
        return self.inner._state()

    def __repr__(self) -> str:
        return repr(self.inner)


def beside_regressions(parts: Sequence[Component]) -> tuple[Component, ...]:
    """The components; those of one number say how the target of the others is, where
    these are regressions on one."""
    targets = {getattr(part, "target", None) for part in parts if part.column_names}
    if len(targets) != 1 or None in targets:
        return tuple(parts)
    named = next(part.column_names for part in parts if part.column_names)
    return tuple(
        OfTarget(part, tuple(named or ())) if _is_of_one_number(part) else part
        for part in parts
    )


def _is_of_one_number(part: Component) -> bool:
    rows = part.column_names is not None or hasattr(part, "with_dimension")
    return not (rows or hasattr(part, "components") or hasattr(part, "inner"))
