"""X as the model takes it: numbers, rows, or columns by their names.

scikit-learn's X is always rows of one table; a component of mixnotes may be of one
number, or of named columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mixnotes.components.component import Component
from mixnotes.components.mixture import Mixture
from mixnotes.numeric.arrays import Array


def as_the_model_takes(X: Array, model: Mixture, seen: Sequence[str] | None) -> Any:
    """One column as numbers, named columns as a mapping; `seen` are the names of X."""
    X = np.asarray(X, dtype=np.float64)
    names = model.column_names
    if names is None:
        return X[:, 0] if _takes_numbers(model, X) else X
    if seen is None:
        return X
    if set(seen) != set(names):
        raise ValueError(
            f"X must have the columns that the model names, {', '.join(names)}, "
            f"got {', '.join(seen)}; pass X[{list(names)!r}]"
        )
    return {name: X[:, j] for j, name in enumerate(seen)}


def takes_gaps(component: Any) -> bool:
    """May a value be missing in a row of this component, or of this mixture?"""
    if isinstance(component, Mixture):
        return all(map(takes_gaps, component.parts))
    named = isinstance(component, Component) and component.column_names is not None
    return named or bool(getattr(component, "takes_gaps", False))


def _takes_numbers(model: Mixture, X: Array) -> bool:
    """Is an observation one number, where X has one column?"""
    if X.shape[1] > 1:
        return False
    try:
        model._rows(np.zeros(1))
    except ValueError:
        return False
    return True
