"""A fit without the rows that it was made of, for a pickle.

The rows are large, and may be private; what `predict` and the rest need are parameters.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mixnotes.fitting.fit import Fit


class Forgotten:
    """Stands where the rows were: it knows how many, and says that they are gone."""

    def __init__(self, n: int, total: float) -> None:
        self.n, self.total = n, total

    def __getattr__(self, name: str) -> Any:
        """Whatever is asked of the rows."""
        if name.startswith("__"):
            raise AttributeError(name)
        raise ValueError(
            "this needs the rows that were fitted, and a pickled or copied estimator "
            "is without them; ask before, or fit again"
        )


def without_rows(fit: Fit) -> Fit:
    """The same fit, without its data."""
    source: Any = Forgotten(fit.source.n, fit.source.total)
    return replace(fit, source=source)
