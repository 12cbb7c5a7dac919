"""Checks on what comes in: data, sample weights, seeds."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixnotes.numeric.arrays import Array

Rng = int | np.random.Generator


class CollapseError(ValueError):
    """A component shrank onto a single value, where the likelihood has no maximum."""


_SLICE = 2**16
TINIEST = float(np.finfo(np.float64).tiny / np.finfo(np.float64).eps)
LARGEST = 1e150  # what is learned from squares: those of larger data overflow


class MaskedError(ValueError):
    """Values are hidden by a mask, and nothing says what should take their place."""


REMEDIES = {
    "x": "leave them out: x.compressed()",
    "sample_weight": "use 0 to leave an observation out: sample_weight.filled(0)",
}


def as_array(values: Any, name: str) -> NDArray[Any]:
    """The values as numpy reads them, where that does not lose what they say.

    A mask would be dropped, a sparse matrix become one object; what pandas marks as
    missing is NaN.
    """
    masks = sys.modules.get("numpy.ma")  # without a look: to load it takes a while
    if masks and isinstance(values, masks.MaskedArray) and masks.is_masked(values):
        hidden = int(np.sum(masks.getmaskarray(values)))
        raise MaskedError(
            f"{name} must have no masked values, got {hidden} of {values.size}; "
            f"{REMEDIES.get(name, 'fill them, or leave them out')}"
        )
    if is_sparse(values):
        raise TypeError(
            f"{name} must be a dense array, got a sparse one, "
            f"{type(values).__name__}; pass {name}.toarray()"
        )
    if hasattr(values, "to_pylist") and not _is_numeric(values.type):
        return from_objects(_as_objects(values.to_pylist()))  # Arrow's own loses gaps
    frame = hasattr(values, "to_numpy")
    if frame and not hasattr(values, "__array__"):
        values = values.to_numpy()
    raw = np.asarray(values)
    return from_objects(raw) if frame and raw.dtype.kind == "O" else raw


def with_gaps_kept(values: Any) -> Any:
    """A list in which there are words as objects: numpy would make words of all else,
    also of what is missing."""
    if isinstance(values, list | tuple) and any(isinstance(v, str) for v in values):
        return _as_objects(values)
    return values


def _is_numeric(kind: Any) -> bool:
    """Is a type of Arrow one of numbers?"""
    return str(kind).startswith(("int", "uint", "float", "double", "halffloat"))


def _as_objects(values: Sequence[Any]) -> NDArray[Any]:
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found


def is_sparse(values: Any) -> bool:
    """Is this a sparse matrix, of scipy or another library?"""
    return hasattr(values, "nnz") and hasattr(values, "shape")


def from_objects(raw: NDArray[Any]) -> NDArray[Any]:
    """Objects that are numbers or nothing, as floats; others as they are, also words
    that read like numbers, such as codes of places."""
    if any(isinstance(value, str) for value in raw.ravel()):
        return raw
    try:
        flat = [np.nan if is_nothing(value) else value for value in raw.ravel()]
        return np.array(flat, dtype=np.float64).reshape(raw.shape)
    except (TypeError, ValueError, OverflowError):
        return raw


def _from_decimals(raw: NDArray[Any]) -> NDArray[Any]:
    """Objects that are all numbers, such as Decimals of a database, as floats."""
    kinds = set(map(type, raw.ravel()))
    if all(issubclass(kind, Real | Decimal) for kind in kinds):
        return from_objects(raw)
    return raw


def is_nothing(value: Any) -> bool:
    """None, or pandas' NA: asked without importing pandas."""
    return value is None or type(value).__name__ == "NAType"


def as_numbers(values: Any, name: str) -> Array:
    """A new array of floats; text, complex numbers and objects are no numbers."""
    try:
        raw = as_array(values, name)
    except MaskedError:
        raise
    except ValueError:
        raise TypeError(f"{name} must be numbers, got {values!r:.80}") from None
    if raw.dtype.kind not in "biuf":
        raise TypeError(
            f"{name} must be numbers, got {raw.dtype.name} data{first_of(raw)}"
        )
    return np.array(raw, dtype=np.float64)


def as_data(x: ArrayLike, gaps: bool = False) -> Array:
    """The observations as finite floats, shape (n,) or (n, d); with `gaps` an entry may
    be NaN: it is missing."""
    if isinstance(x, Mapping):
        raise TypeError(
            f"x must be an array, got columns by name ({', '.join(map(str, x))}); pass "
            "one of them, or name them in a Product"
        )
    try:
        raw = as_array(x, "x")
    except MaskedError:
        raise
    except ValueError as error:
        raise ValueError(
            f"x must be one array of numbers, got rows of unequal length ({error})"
        ) from None
    if raw.dtype.kind == "O" and raw.size and isinstance(raw.flat[0], Mapping):
        raise TypeError(
            "x must be an array, or columns by name, got mappings one after another; "
            "pass one mapping, {name: values, ...}, or an object whose __iter__ begins "
            "anew in every pass and yields blocks such as that one"
        )
    if raw.dtype.kind == "O":
        raw = _from_decimals(raw)
    if raw.dtype.kind not in "biuf":
        raise TypeError(
            f"x must be numbers, got {raw.dtype.name} data"
            f"{first_of(raw)}; {remedy_for(raw, 'x')}"
        )
    if raw.ndim not in (1, 2):
        raise ValueError(
            f"x must have shape (n,) or (n, d), got shape {raw.shape}; "
            "put a single observation into a list: [x]"
        )
    if raw.size == 0:
        raise ValueError(f"x must hold at least one observation, got shape {raw.shape}")
    data = np.asarray(raw, dtype=np.float64)
    if not all(np.isfinite(part).all() for part in slices(data)):
        fine = np.isfinite(data) | np.isnan(data) if gaps else np.isfinite(data)
        require(fine, data, "x must be finite", _remedy_for_gaps(data))
    return data


def _remedy_for_gaps(data: Array) -> str:
    """What to do with values that are missing, in words."""
    remedy = "drop or mend those rows first"
    if data.ndim == 1 and np.isnan(data).any():
        return f"{remedy}, or name the column, Product({{'x': ...}}), which takes gaps"
    return remedy


def as_places(x: ArrayLike, name: str) -> Array:
    """Numbers of any shape, which may be infinite and not NaN."""
    values = as_numbers(x, name)
    require(~np.isnan(values), values, f"{name} must be numbers", "", name=name)
    return values


def slices(x: Array) -> Iterator[Array]:
    """Slices of some rows after another, so that what is computed of each stays
    small.
    """
    for start in range(0, len(x), _SLICE):
        yield x[start : start + _SLICE]


def as_sample_weight(sample_weight: ArrayLike | None, n: int) -> Array:
    """One non-negative weight an observation, shape (n,), and at least one above 0."""
    weight = as_weights(sample_weight, n)
    if not weight.any():
        raise ValueError(
            "sample_weight must not be all zero: no observation is left; "
            "give at least one a weight above 0"
        )
    require_weighty(float(weight.max()))
    return weight


def require_weighty(most: float) -> None:
    """Raise an error where weights sum to so little that floats lose their digits."""
    if most < TINIEST:
        raise ValueError(
            f"sample_weight must not be so small that sums of it lose their digits, "
            f"got weights up to {most:g}; divide them by their maximum"
        )


def as_weights(sample_weight: ArrayLike | None, n: int) -> Array:
    """One non-negative weight an observation, shape (n,); None is a weight of 1."""
    if sample_weight is None:
        return np.ones(n)
    weight = as_numbers(sample_weight, "sample_weight")
    if weight.shape != (n,):
        raise ValueError(
            f"sample_weight must have one number an observation, shape ({n},), "
            f"got shape {weight.shape}"
        )
    ok = np.isfinite(weight) & (weight >= 0)
    require(
        ok,
        weight,
        "sample_weight must be finite and not negative",
        "use 0 to leave an observation out",
        name="sample_weight",
    )
    if weight.max(initial=0.0) > np.finfo(np.float64).max / max(n, 1):
        raise ValueError(
            f"sample_weight must have a finite sum, got weights up to "
            f"{weight.max():g}; divide them by their maximum"
        )
    return weight


def as_rng(rng: Rng) -> np.random.Generator:
    """The generator that `rng` names: an int is a seed, a Generator is itself."""
    if isinstance(rng, np.random.Generator):
        return rng
    if isinstance(rng, int | np.integer) and not isinstance(rng, bool) and rng >= 0:
        return np.random.default_rng(rng)
    raise TypeError(
        "rng must be an int not below 0 (a seed) or a numpy Generator, "
        f"got {rng!r}; for fresh randomness pass np.random.default_rng()"
    )


LAST_WHOLE = 2**53  # the last up to which floats hold every whole number


def as_count(n: int, name: str, least: int) -> int:
    """A whole number not below `least`."""
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < least:
        raise ValueError(f"{name} must be a whole number from {least} up, got {n!r}")
    if n > LAST_WHOLE:
        raise ValueError(f"{name} must be at most {LAST_WHOLE:,}, got {n!r:.40}")
    return int(n)


def require_seen(x: Array, names: Sequence[str] | None = None) -> None:
    """Raise an error for a column of which nothing was seen."""
    empty = np.array([np.isnan(column).all() for column in x.T])
    if empty.any():
        j = int(np.argmax(empty))
        raise ValueError(
            "each column must have at least one value, got only missing ones in "
            f"column {j if names is None else repr(names[j])}; leave it out"
        )


def remedy_for(raw: NDArray[Any], name: str) -> str:
    """What makes numbers of values that are none, in words."""
    if raw.dtype.kind in "mM":
        since = f"({name} - {name}.min())" if raw.dtype.kind == "M" else name
        return f"count days, for example {since} / np.timedelta64(1, 'D')"
    if raw.dtype.kind == "c":
        return f"take its size or a part, for example np.abs({name})"
    first = raw.ravel()[0] if raw.size else None
    if isinstance(first, str) and not _reads_as_number(first):
        return (
            "take a Categorical for words, or make numbers of one: "
            f"(np.asarray({name}) == {str(first)!r:.20}).astype(float)"
        )
    return f"convert it first, for example np.array({name}, dtype=float)"


def _reads_as_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def first_of(raw: NDArray[Any]) -> str:
    """The first value, for an error."""
    if not raw.size:
        return ""
    first = raw.ravel()[0]
    plain = str(first) if isinstance(first, str) else first
    return f" (the first value is {plain!r:.40})"


def _short(value: Any) -> str:
    """A number, or a row of them, to six digits."""
    if np.ndim(value) == 0:
        return f"{value:g}"
    return f"[{', '.join(f'{v:g}' for v in value)}]"[:80]


def require(
    ok: NDArray[np.bool_], values: Array, what: str, remedy: str, name: str = "x"
) -> None:
    """Raise an error that names the first value which is not `ok`, and where it is."""
    if not ok.all():
        where = np.unravel_index(int(np.argmin(ok)), ok.shape)
        position = ", ".join(str(int(i)) for i in where)
        place = f"{name}[{position}]" if position else name
        raise ValueError(
            f"{what}, got {place} = {_short(values[where])}"
            f" ({int((~ok).sum())} of {ok.size} values){remedy and '; ' + remedy}"
        )
