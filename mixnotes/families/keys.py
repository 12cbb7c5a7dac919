"""Which columns a part of a product is for: a name, or a tuple of names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mixnotes.components.component import Component
from mixnotes.components.parts import require_of_one_row
from mixnotes.families.custom import Custom
from mixnotes.families.noise import Noise

Key = str | tuple[str, ...]


def checked_pairs(
    parts: Mapping[Key, Any] | Sequence[Any],
) -> Iterator[tuple[Key, Any]]:
    """The checked parts; JSON has them as a list of pairs."""
    pairs: Any = parts.items() if isinstance(parts, Mapping) else parts
    if not isinstance(pairs, Sequence) and not isinstance(parts, Mapping):
        raise TypeError(
            f"Product takes a mapping of columns to components, got {parts!r:.80}"
        )
    for key, part in pairs:
        name = tuple(key) if isinstance(key, list | tuple) else key
        if not name or not all(isinstance(n, str) for n in names_of(name)):
            raise TypeError(
                "Product: a column must be a name, or a tuple of names, got "
                f"{key!r:.80}"
            )
        if not isinstance(part, Component):
            raise TypeError(
                f"Product: column {key!r} must have a component of mixnotes, got "
                f"{part!r:.80}"
            )
        require_of_one_row(part, f"Product: column {key!r}")
        if isinstance(name, str) and getattr(part, "by_row", False):
            name = name, part.n  # type: ignore[attr-defined]
        if isinstance(name, tuple):
            part = part.with_columns(name)
        _require_width(name, part)
        yield name, part


def _require_width(key: Key, part: Component) -> None:
    """Raise an error unless a part takes what its key names: a number or rows."""
    names = part.column_names
    if names is not None and names != key:
        raise ValueError(
            f"Product: a component with named columns must have them as its key, "
            f"{names!r}, got {key!r}"
        )
    rows = takes_rows(part)
    if isinstance(key, tuple) and rows is False:
        raise ValueError(
            f"Product: columns {key!r} must have a component that takes rows, such as "
            f"MultivariateNormal, got {part!r:.80}; give each column a component"
        )
    if isinstance(key, str) and rows:
        raise ValueError(
            f"Product: column {key!r} must have a component of one number an "
            f"observation, got {part!r:.80}; give it a tuple of columns"
        )
    if isinstance(key, tuple) and hasattr(part, "with_dimension"):
        part.with_dimension(len(key))


def takes_rows(part: Any) -> bool | None:
    """True where an observation of this component is a row, False where it is a number;
    None where it can be either.
    """
    if part.column_names is not None:
        return True
    if hasattr(part, "components"):
        return takes_rows(part.components[0])
    return None if isinstance(part, Custom | Noise) else hasattr(part, "with_dimension")


def names_of(key: Key) -> tuple[str, ...]:
    """The columns, in order."""
    return key if isinstance(key, tuple) else (key,)


def prefix(key: Key) -> str:
    """The prefix that the names of this part's blanks have in the product."""
    return f"parts[{key!r}]."


def takes_gaps(part: Any) -> bool:
    """May an entry be missing in a row of this part?"""
    return bool(getattr(part, "takes_gaps", False))
