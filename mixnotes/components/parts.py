"""What a mixture is made of: components of one layout, and weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mixnotes.components.component import Component
from mixnotes.components.foreign import NEEDED, wrapped
from mixnotes.data.check import as_numbers
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
    return tuple(map(wrapped, components))


def with_one_layout(
    components: tuple[Component, ...],
) -> tuple[Component, ...]:
    """The components, with columns that have names in the order of the first."""
    names = [c.column_names for c in components]
    first = names[0]
    if not any(names):
        return components
    for k, mine in enumerate(names):
        if mine is None or first is None or set(mine) != set(first):
            raise ValueError(
                "the components of a mixture must describe the same columns, got "
                f"{first} in components[0] and {mine} in components[{k}]; give what "
                "a component does not depend on a coefficient of 0, and what it does "
                "not describe a family"
            )
    return tuple(
        c if first is None or mine == first else c.laid_out(first)
        for c, mine in zip(components, names, strict=True)
    )


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
