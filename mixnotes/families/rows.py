"""What families have in common whose observations are rows."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from mixnotes.components.belief import is_blank
from mixnotes.data.check import as_data
from mixnotes.numeric.arrays import Array


def with_dimension(component: Any, d: int) -> Any:
    """A component of rows, told that the data have d columns."""
    if component.d not in (None, d):
        raise ValueError(
            f"{type(component).__name__} of {component.d} columns takes x of shape "
            f"(n, {component.d}), got {d} columns"
        )
    known = component.filled({})
    known.__dict__["d"] = d
    return known


def rows_of(component: Any, x: ArrayLike, gaps: bool = False) -> Array:
    """x as rows of as many columns as the component has; with `gaps` NaN is missing."""
    data = as_data(x, gaps)
    name = type(component).__name__
    if data.ndim != 2:
        raise ValueError(
            f"{name} takes one row an observation, x of shape (n, d), got shape "
            f"{data.shape}"
        )
    component.with_dimension(data.shape[1])
    return data


def require_one_column(component: Any, d: int) -> None:
    """Raise an error unless a component of rows has one column, as for quantiles."""
    if d != 1:
        raise TypeError(
            f"cdf and quantile are of one column, and {type(component).__name__} has "
            f"{d}; take those of marginal([0]), say, or of conditional(known)"
        )


def state_without_d(component: Any, state: dict[str, Any], name: str) -> dict[str, Any]:
    """The JSON values without d, where the parameter `name` is given and says what d
    is.
    """
    if not component._is_blank(name):
        state.pop("d", None)
    return state


def remembering_d(component: Any, value: Any) -> Any:
    """A component whose d is the length of the vector that it was filled with."""
    if not is_blank(value):
        component.__dict__["d"] = len(value)
    return component
