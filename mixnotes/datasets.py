"""The data that the chapters use, shipped with the package, each with its sheet.

days = mixnotes.datasets.london_times()
days["deaths"], days["days"]
print(days.sheet)
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files

import numpy as np

from mixnotes.check import Array


@dataclass(frozen=True)
class Sheet:
    """What the data are, who collected them, and under which terms they are here."""

    name: str
    what: str
    source: str
    terms: str
    sha256: str  # of the file

    def __str__(self) -> str:
        return (
            f"{self.name}: {self.what}\nSource: {self.source}\nTerms: {self.terms}\n"
            f"SHA-256: {self.sha256}"
        )


class Dataset(Mapping[str, Array]):
    """Columns by name, each an array of shape (n,), read-only, and a `sheet`."""

    def __init__(self, columns: dict[str, Array], sheet: Sheet) -> None:
        for column in columns.values():
            column.setflags(write=False)
        self._columns = columns
        self.sheet = sheet

    def __getitem__(self, name: str) -> Array:
        if name not in self._columns:
            raise KeyError(
                f"{self.sheet.name} has the columns {', '.join(self._columns)}, "
                f"not {name!r}"
            )
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def __repr__(self) -> str:
        rows = len(next(iter(self._columns.values())))
        return f"Dataset({self.sheet.name}: {', '.join(self._columns)}; {rows} rows)"


_SHEETS = {
    sheet.name: sheet
    for sheet in (
        Sheet(
            "coinflip_do_batzoglou",
            "heads in five sets of ten tosses, each set with one of two coins",
            "Do and Batzoglou (2008), Nature Biotechnology 26:897; made-up numbers",
            "facts",
            "f1b5c5dd147b2af878d46f04c891f0f003a5d863d1f7146aca002ff0762e34d2",
        ),
        Sheet(
            "london_times",
            "days by the number of deaths of women over 80 that The Times of London "
            "reported, 1910 to 1912",
            "Hasselblad (1969), JASA 64:1459; Titterington, Smith and Makov (1985)",
            "facts from a cited paper",
            "fad8c1e608b7a4e11fde7a2425bfbf0f9a1c5b63cdc14846a826d72450fab37c",
        ),
        Sheet(
            "marbles_2000",
            "2,000 marbles by colour, 1 for red, drawn from factories that make 80 % "
            "and 30 % red",
            "generated for this project with seed 0",
            "free",
            "a9030369f0c527c199892cbdf5055d452e8466cd42dbbb1acafedad6eefdbcd5",
        ),
    )
}


def coinflip_do_batzoglou() -> Dataset:
    """Heads in five sets of ten tosses: columns `set`, `heads`, `tosses`."""
    return _load("coinflip_do_batzoglou")


def london_times() -> Dataset:
    """Deaths a day in The Times: columns `deaths`, `days`."""
    return _load("london_times")


def marbles_2000() -> Dataset:
    """Two thousand marbles by colour: columns `red`, `count`."""
    return _load("marbles_2000")


def _load(name: str) -> Dataset:
    raw = (files("mixnotes") / "data" / f"{name}.csv").read_bytes()
    sheet = _SHEETS[name]
    if hashlib.sha256(raw).hexdigest() != sheet.sha256:
        raise ValueError(
            f"{name}.csv is not the file of its sheet (its SHA-256 differs); "
            "install mixnotes again"
        )
    head, *rows = csv.reader(raw.decode().splitlines())
    columns = np.array(rows, dtype=np.float64).T
    return Dataset(dict(zip(head, columns, strict=True)), sheet)
