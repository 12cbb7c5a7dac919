"""What probabilities and densities have in common: lengths plus atoms.

A single value that has a probability of its own, as 0 has under `PointMass(0)`, is an
atom. Measured by lengths plus the atoms, a density gives an atom probability 0: an
observation that lies exactly there belongs to the point mass, whatever the unit of
the data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixnotes.data.intervals import Intervals
from mixnotes.numeric.arrays import Array

Column = str | None  # of a row with names; None where an observation has none
Atoms = Mapping[Column, frozenset[float]]

_LARGEST = 2.0**53  # whole numbers above it are all that floats can hold


def joined(each: Iterable[Atoms]) -> Atoms:
    """The atoms of several components."""
    found: dict[Column, frozenset[float]] = {}
    for atoms in each:
        for column, values in atoms.items():
            found[column] = found.get(column, frozenset()) | values
    return found


def barred(
    component: Any, x: Array, names: Sequence[str] | None, atoms: Atoms
) -> NDArray[np.bool_] | None:
    """Which observations a component cannot have made, since they lie on an atom where
    it has a density, (n,); None where there are none.
    """
    mask: NDArray[np.bool_] | None = None
    own, kinds = component.atoms, component.probable
    for column, values in atoms.items():
        others = values - own.get(column, frozenset())
        if kinds.get(column, True) is True or not others:
            continue
        here = np.isin(_column(x, names, column), list(others))
        if not here.any():
            continue
        if kinds[column] is None:
            raise TypeError(
                f"{component!r:.80} stands beside a PointMass, so it must say whether "
                "its log_prob is that of a probability or of a density; set discrete = "
                f"True or discrete = False in class {component.class_name}"
            )
        mask = here if mask is None else mask | here
    return mask


def _column(x: Array, names: Sequence[str] | None, column: Column) -> Array:
    """The values of a column; of intervals those that were seen exactly, else NaN."""
    if isinstance(x, Intervals):
        low, high = np.asarray(x).T
        return np.where(low == high, low, np.nan)
    if column is None or names is None:
        return x
    place: Array = x[:, list(names).index(column)]
    return place


def require_one_measure(
    components: Sequence[Any], x: Array, names: Sequence[str] | None, weight: Array
) -> None:
    """Raise an error where probabilities of several values would be weighed against
    densities, on data that are not counts."""
    atoms = joined(component.atoms for component in components)
    kinds: dict[Column, dict[bool, Any]] = {}
    for component in components:
        for column, kind in component.probable.items():
            if kind is False and column in atoms:
                kinds.setdefault(column, {}).setdefault(False, component)
            elif kind is not None and column not in component.atoms:
                kinds.setdefault(column, {}).setdefault(kind, component)
    for column, found in kinds.items():
        if len(found) == 2:
            _require_known_place(found)
            _require_counts(found, _column(x, names, column), column, atoms, weight)


def _require_known_place(found: Mapping[bool, Any]) -> None:
    """Raise an error for a single value that is to be learned beside a density."""
    if "at" in found[True].blanks:
        raise ValueError(
            f"{_name(found[True])} must know its value beside a density, which each "
            f"{_name(found[False])} is, got a blank; give it, for example "
            f"{_name(found[True])}(at=0)"
        )


def _require_counts(
    found: Mapping[bool, Any], x: Array, column: Column, atoms: Atoms, weight: Array
) -> None:
    """Raise an error unless the values beside the atoms are counts, some of them seen
    more than once."""
    away = ~np.isnan(x) & ~np.isin(x, list(atoms.get(column, ())))
    if x.ndim == 1:
        away &= weight > 0
        counts = weight[away]
    else:
        counts = np.ones(int(away.sum()))
    values = x[away]
    odd = (values != np.floor(values)) | (np.abs(values) > _LARGEST)
    pair = (
        f"{_name(found[True])} gives each value a probability and "
        f"{_name(found[False])} a density, and which of them is larger depends on the "
        "unit of x; beside each other they can stand on counts alone"
    )
    remedy = (
        "; take families of one kind, or a PointMass for a single value that has a "
        "probability of its own"
    )
    where = "" if column is None else f"column {column!r}: "
    if odd.any():
        raise ValueError(f"{where}{pair}, got {values[int(np.argmax(odd))]:g}{remedy}")
    repeats = (counts > 1).any() or len(np.unique(values)) < len(values)
    if len(values) > 1 and not repeats:
        raise ValueError(
            f"{where}{pair}, and here no value is seen twice among "
            f"{len(values)}{remedy}"
        )


def _name(component: Any) -> str:
    name: str = component.class_name
    return name
