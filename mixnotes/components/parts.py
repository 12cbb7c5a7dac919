"""What a mixture is made of: components of one layout, and weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mixnotes.components.beside import OfTarget, beside_regressions
from mixnotes.components.component import Component
from mixnotes.components.foreign import NEEDED, Foreign, lacks, wrapped
from mixnotes.data.check import as_data, as_numbers
from mixnotes.data.intervals import Binned, Censored, Intervals
from mixnotes.numeric.arrays import Array


def checked_components(components: Sequence[Any]) -> tuple[Component, ...]:
    """The components, each of which must meet the contract, wrapped where foreign."""
    if not isinstance(components, Sequence):
        raise TypeError(
            f"components must be a list of components, got {components!r:.80}; "
            "write Mixture([first, second])"
        )
    if not len(components):
        raise ValueError("a mixture must have at least one component, got none")
    for k, component in enumerate(components):
        ours = isinstance(component, Component)
        if not (ours or _meets_contract(component)):
            raise TypeError(
                f"components[{k}] must have log_prob, fit and n_free, got "
                f"{component!r:.80}; see chapter 6 for a component of your own"
            )
    parts = tuple(map(wrapped, components))
    for k, part in enumerate(parts):
        require_of_one_row(part, f"components[{k}]")
    return parts


def require_of_one_row(part: Any, name: str) -> None:
    """Raise an error where the labels of a mixture within another component depend on
    more than its weights."""
    if getattr(part, "label_rule", ""):
        raise ValueError(
            f"{name} must be a distribution of one row, got a {type(part).__name__} "
            f"where the {part.label_rule}; only the outermost mixture can be so"
        )


def with_one_layout(
    components: tuple[Component, ...],
) -> tuple[Component, ...]:
    """The components, with columns that have names in the order of the first."""
    components = beside_regressions(components)
    names = [c.column_names for c in components]
    first = names[0]
    if not any(names):
        return components
    for k, mine in enumerate(names):
        if mine is None or first is None or set(mine) != set(first):
            k = k or next(j for j, other in enumerate(names) if other != mine)
            mine = names[k]
            raise ValueError(
                "the components of a mixture must describe the same columns, got "
                f"{_named(first)} in components[0] and {_named(mine)} in "
                f"components[{k}]; give what a component does not depend on a "
                "coefficient of 0, and what it does not describe a family"
            )
    return tuple(
        c if first is None or mine == first else c.reordered(first)
        for c, mine in zip(components, names, strict=True)
    )


def _named(columns: Sequence[str] | None) -> str:
    return ", ".join(columns) if columns else "no names"


def _meets_contract(component: Any) -> bool:
    return not isinstance(component, type) and all(
        hasattr(component, name) for name in NEEDED
    )


def checked_weights(weights: ArrayLike, k: int) -> Array:
    """The weights of k components, shape (k,), which must sum to 1; read-only."""
    values = as_numbers(weights, "weights")
    if values.shape != (k,):
        raise ValueError(
            f"weights must be one number a component, shape ({k},), got shape "
            f"{values.shape}"
        )
    total = values.sum()
    proper = np.isfinite(values).all() and (values >= 0).all() and abs(total - 1) < 1e-8
    if not proper:
        raise ValueError(
            f"weights must be non-negative and sum to 1, got {values.tolist()} "
            f"(sum {total:g}); divide them by their sum, or leave them out to have "
            "them learned"
        )
    values.setflags(write=False)
    return values


def method_of(component: Any, name: str) -> Any:
    """A method that not every component has, or the error that says so."""
    if not hasattr(component, name):
        raise lacks(component, name)
    return getattr(component, name)


def on_line(component: Any) -> Any:
    """A component of rows of one column as one of numbers, which has quantiles; any
    other as it is."""
    return component.on_line() if hasattr(component, "on_line") else component


def impossible(position: int, value: Any, k: int) -> ValueError:
    """The error for an observation that no component can produce."""
    return ValueError(
        "each observation must be possible under at least one component, got "
        f"x[{position}] = {value} with probability 0 under all {k}; mend it, or add a "
        "component for it"
    )


def tied(components: Iterable[Any]) -> list[list[Any]]:
    """The components whose covariances depend on one another, those of each covariance
    model in a list; of products, the parts for the same column.
    """
    found: dict[Any, list[Any]] = {}
    for component in components:
        parts = getattr(component, "parts", None)
        whole = {None: component}
        for key, part in (parts if isinstance(parts, Mapping) else whole).items():
            if getattr(part, "ties", False):
                found.setdefault((key, part.model), []).append(part)
    return list(found.values())


def rows_of(parts: Sequence[Component], x: Any) -> Array:
    """x as the parts of a mixture take it, checked."""
    names = parts[0].column_names
    if isinstance(x, Binned | Censored) and names is not None:
        raise TypeError(
            f"binned and censored data are of one number an observation, and the "
            f"components take the columns {', '.join(names)}; leave "
            "out those rows, or fit the column alone"
        )
    if isinstance(x, Binned | Censored):
        return x.rows
    if isinstance(x, Intervals):
        return x
    data: Array | None = None
    seen = set()
    for part in parts:
        kind = type(part), getattr(part, "d", None)
        if isinstance(part, Foreign | OfTarget) or kind in seen:
            continue
        if not (part.column_names is not None or hasattr(part, "components")):
            seen.add(kind)  # its like would say the same of x
        found = part._rows(x if data is None else data)
        data = found if data is None else data
    return as_data(x) if data is None else data


def pooled(each: Sequence[tuple[Any, Any]], weights: Any) -> tuple[Any, Any]:
    """The mean and the variance of a mixture, from those of its parts: numbers, or
    vectors and covariance matrices."""
    means = np.array([mean for mean, _ in each])
    mean = weights @ means
    aside = means - mean
    if means.ndim == 1:
        spread = np.array([variance for _, variance in each]) + aside**2
        return float(mean), float(weights @ spread)
    spread = np.array([cov for _, cov in each])
    spread = spread + aside[:, :, None] * aside[:, None, :]
    return mean, np.tensordot(weights, spread, axes=1)


def counted_twice(leaves: Sequence[Component]) -> int:
    """How many blank numbers are counted more than once, since they are shared or
    tied.
    """
    sizes: dict[Any, list[int]] = {}
    for component in leaves:
        for name, shared in component.shares.items():
            size = component.size_of(name)
            sizes.setdefault((name, shared), []).append(size)
    twice = sum(sum(each[1:]) for each in sizes.values())
    return twice + sum(alike[0].saved_by_ties(alike) for alike in tied(leaves))
