"""Columns by name, and where they come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray


@dataclass(frozen=True)
class Sheet:
    """What the data are, who collected them, and under which terms they are here.

    Examples:
        >>> import mixnotes as mx
        >>> mx.datasets.newcomb().sheet.terms
        'out of copyright by age'
    """

    name: str
    """The name of the function that gives them."""
    what: str
    """What a row is, with units."""
    source: str
    """Who collected or published them."""
    terms: str
    """Under which terms they are here."""
    sha256: str
    """The SHA-256 of the file as it came, with its line ends."""

    def __str__(self) -> str:
        return (
            f"{self.name}: {self.what}\nSource: {self.source}\nTerms: {self.terms}\n"
            f"SHA-256: {self.sha256}"
        )


class Dataset(Mapping[str, NDArray[Any]]):
    """Columns by name, each an array of shape (n,), read-only, and a `sheet`; several
    columns of one kind, as pixels are, may be one array of shape (n, d).

    Args:
        columns: the columns by name.
        sheet: where they come from.

    Examples:
        >>> import mixnotes as mx
        >>> geyser = mx.datasets.faithful()
        >>> list(geyser), len(geyser["waiting"])
        (['eruptions', 'waiting'], 272)
    """

    def __init__(self, columns: dict[str, NDArray[Any]], sheet: Sheet) -> None:
        for column in columns.values():
            column.setflags(write=False)
        self._columns = columns
        self.sheet = sheet

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in self._columns:
            raise KeyError(
                f"{self.sheet.name} has the columns {', '.join(self._columns)}, "
                f"not {name!r}"
            )
        return self._columns[name]

    def to_frame(self) -> Any:
        """The same columns as a DataFrame of pandas, which must be installed; a word
        that is missing is None, and an array of d columns is as many, `pixels_0` and
        so on.

        Examples:
            >>> import mixnotes as mx
            >>> mx.datasets.penguins().to_frame()["sex"].isna().sum()
            np.int64(11)
        """
        from pandas import DataFrame  # type: ignore[import-untyped]

        shown: dict[str, Any] = {}
        for name, column in self._columns.items():
            if column.ndim == 2:
                shown |= {f"{name}_{k}": part for k, part in enumerate(column.T)}
            elif column.dtype.kind == "U":
                shown[name] = [word or None for word in column.tolist()]
            else:
                shown[name] = column
        return DataFrame(shown)

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def __repr__(self) -> str:
        rows = len(next(iter(self._columns.values())))
        plural = "" if rows == 1 else "s"
        names = ", ".join(self._columns)
        return f"Dataset({self.sheet.name}: {names}; {rows} row{plural})"
