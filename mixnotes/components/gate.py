"""Weights that depend on columns: a multinomial logit.

For the reader whose groups have different shares at different ages, places or doses.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixnotes.components.constraints import Shared
from mixnotes.components.saving import REVIVERS, plain, revived_numbers, shown
from mixnotes.data.words import Column, levels_of
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.logit import log_softmax

Entry = float | Shared | None
Entries = tuple[Entry, ...]
Term = Entries | None | dict[str, Entries | None]


class Gate:
    """P(z = k | columns) = exp(eta_k) / sum_j exp(eta_j), where eta_k is linear in the
    columns: an intercept and a coefficient for each column, of each component.

    Stands in the place of the weights of a `Mixture`: a mixture of experts, a latent
    class regression, concomitant variables. Only differences between components count,
    so that component 0 is the one that the others are compared with, with coefficients
    of 0, unless you give others. A column of words has a coefficient for each word
    beside the first.

    Source: Dayton and Macready (1988); Jacobs, Jordan, Nowlan and Hinton (1991).

    Args:
        on: the names of the columns, all coefficients blank; or a mapping of names to
            coefficients: None (blank), or a list with one entry a component, each a
            number (known), None (blank) or `Shared`. For a column of words a mapping of
            each word to such a list.
        intercept: the same for eta where all columns are 0; blank if left out.

    Examples:
        >>> import mixnotes as mx
        >>> birds = mx.datasets.penguins()
        >>> bill = mx.Product({"bill_length_mm": mx.Normal()})
        >>> model = mx.Mixture([bill, bill], weights=mx.Gate(["island"]))
        >>> fit = mx.em(model, birds)
        >>> fit.mixture.at({"island": "Dream"}).weights.round(2)
        array([0.45, 0.55])
    """

    coef: dict[str, Any]
    """The coefficients of each column, shape (K,), or by word."""
    intercept: Any
    """eta of each component where all columns are 0, shape (K,)."""

    def __init__(
        self,
        on: Sequence[str] | Mapping[str, Any],
        intercept: Any = None,
    ) -> None:
        if isinstance(on, str) or not isinstance(on, Sequence | Mapping):
            raise TypeError(
                "Gate: on must be a list of column names, or a mapping of names to "
                f"coefficients, got {on!r:.80}; write Gate([{on!r:.40}])"
            )
        given = dict(on) if isinstance(on, Mapping) else dict.fromkeys(on)
        if not given or not all(isinstance(c, str) and c for c in given):
            raise ValueError(
                f"Gate: on must name at least one column, got {list(given)!r:.80}; for "
                "weights that depend on none leave weights out"
            )
        self.__dict__["coef"] = {c: _read_term(c, v) for c, v in given.items()}
        self.__dict__["intercept"] = _read("intercept", intercept)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Gate is immutable, cannot set {name}; make a new one")

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(self.coef)

    # ------------------------------------------------------------- the coefficients

    def _terms(self) -> dict[str, Any]:
        """What stands for each column of the design, by name."""
        found = {"intercept": self.intercept}
        for column, term in self.coef.items():
            if isinstance(term, Mapping):
                pairs = ((f"coef[{column!r}][{w!r}]", e) for w, e in term.items())
                found.update(pairs)
            else:
                found[f"coef[{column!r}]"] = term
        return found

    def for_components(self, K: int) -> Gate:
        """The same gate, checked, for K components."""
        for name, entries in self._terms().items():
            if entries is not None and len(entries) != K:
                raise ValueError(
                    f"Gate: {name} must have one entry a component, {K}, got "
                    f"{len(entries)}"
                )
            if entries is not None and all(e is None for e in entries):
                raise ValueError(
                    f"Gate: {name} must give one entry, since only differences between "
                    "components count, got only blanks; write 0 for the component that "
                    f"the others are compared with: {[0, *[None] * (K - 1)]}"
                )
        gate = self._with(self.coef, self.intercept)
        gate.__dict__["K"] = K
        return gate

    def _with(self, coef: dict[str, Any], intercept: Any) -> Gate:
        gate = object.__new__(type(self))
        gate.__dict__.update({k: v for k, v in self.__dict__.items() if k == "K"})
        gate.__dict__.update({"coef": coef, "intercept": intercept})
        return gate

    def with_levels(self, columns: Mapping[str, Column], raw: Any) -> Gate:
        """The same gate, in which each column of words has its words; the first is the
        one that the others are compared with. `raw` has the columns as they came."""
        coef = dict(self.coef)
        for name, term in coef.items():
            words = columns[name].dtype.kind == "O"
            if words and term is None:
                levels = levels_of(raw.get(name), columns[name])
                zeros: Entries = (0.0,) * self.K
                coef[name] = {w: None if i else zeros for i, w in enumerate(levels)}
            elif words != isinstance(term, Mapping):
                raise TypeError(
                    f"Gate: column {name!r} must be "
                    + ("numbers" if words else "words")
                    + " as its coefficients say, got "
                    + (f"{columns[name][0]!r}" if words else f"{columns[name][0]:g}")
                )
        return self._with(coef, self.intercept)

    K: int

    @cached_property
    def _entries(self) -> list[Entries]:
        """The entries of each column of the design."""
        blank: Entries = (0.0, *[None] * (self.K - 1))
        return [blank if e is None else e for e in self._terms().values()]

    @cached_property
    def places(self) -> NDArray[np.intp]:
        """Which free number each coefficient is, (K, q), from 0; -1 where it is
        given."""
        seen: dict[Any, int] = {}
        places = np.full((self.K, len(self._entries)), -1, dtype=np.intp)
        for j, entries in enumerate(self._entries):
            for k, entry in enumerate(entries):
                if not isinstance(entry, float):
                    key = (j, k) if entry is None else entry.name
                    places[k, j] = seen.setdefault(key, len(seen))
        return places

    @property
    def n_free(self) -> int:
        """How many numbers are blank."""
        return int(self.places.max(initial=-1)) + 1

    @property
    def matrix(self) -> Array:
        """The coefficients, shape (K, q), the intercept first; 0 where one is blank."""
        rows = [[e if isinstance(e, float) else 0.0 for e in t] for t in self._entries]
        return np.array(rows).T

    def with_matrix(self, matrix: Array) -> Gate:
        """The gate with these coefficients, shape (K, q)."""
        columns = iter(matrix.T)
        intercept = _frozen(next(columns))
        coef = {
            name: {w: _frozen(next(columns)) for w in term}
            if isinstance(term, Mapping)
            else _frozen(next(columns))
            for name, term in self.coef.items()
        }
        return self._with(coef, intercept)

    def with_named(self, values: Mapping[str, Any]) -> Gate:
        """The gate with these coefficients, by "weights." and their name; None leaves
        one that has a blank as it is, and makes others blank."""
        terms = iter(self._terms().items())

        def after(word: int) -> Any:
            name, entries = next(terms)
            value = values[f"weights.{name}"]
            if value is not None:
                return _frozen(value)
            if entries is None or not isinstance(entries, np.ndarray):
                return entries
            return entries if word == 0 and not entries.any() else None

        intercept = after(-1)
        coef = {
            name: {w: after(i) for i, w in enumerate(term)}
            if isinstance(term, Mapping)
            else after(-1)
            for name, term in self.coef.items()
        }
        return self._with(coef, intercept)

    @property
    def named(self) -> dict[str, Array]:
        """The coefficients by name, each of shape (K,)."""
        return dict(zip(self._terms(), self.matrix.T, strict=True))

    @property
    def blanks(self) -> tuple[str, ...]:
        """The names of the coefficients of which some are blank."""
        free: NDArray[np.bool_] = np.any(self.places >= 0, axis=0)
        return tuple(n for n, f in zip(self._terms(), free, strict=True) if f)

    @property
    def is_symmetric(self) -> bool:
        """Is all blank but for the component that the others are compared with?"""
        free = self.places >= 0
        usual = (~free[0] & free[1:].all(axis=0)) | ~free.any(axis=0)
        alone = self.n_free == int(free.sum())
        return alone and bool(usual.all()) and not self.matrix.any()

    def reordered(self, order: Sequence[int]) -> Gate:
        """The filled gate of components in this order, compared with the first."""
        matrix = self.matrix[list(order)]
        return self.with_matrix(matrix - matrix[0])

    # ---------------------------------------------------------------- the weights

    def design(self, columns: Mapping[str, Column], n: int) -> Array:
        """The columns that coefficients belong to, shape (n, q), the first all 1."""
        parts = [np.ones(n)]
        for name, term in self.coef.items():
            values = columns[name]
            if not isinstance(term, Mapping):
                if values.dtype.kind == "O":
                    raise TypeError(
                        f"column {name!r} must be numbers, as the Gate was made for, "
                        f"got {values[0]!r:.40}"
                    )
                parts.append(values)
                continue
            unknown = sorted({str(v) for v in values} - set(term))
            if unknown:
                raise ValueError(
                    f"column {name!r} must be one of {', '.join(term)}, got "
                    f"{', '.join(unknown)}; the weights there are not known"
                )
            parts += [(values == word).astype(np.float64) for word in term]
        return np.array(parts).T

    def log_weights(self, columns: Mapping[str, Any], n: int) -> Array:
        """log P(z = k | columns), shape (K, n)."""
        return log_softmax(self.matrix, self.design(columns, n))

    # ------------------------------------------------------------------ the value

    def _state(self) -> dict[str, Any]:
        coef = {
            name: {w: _plain(e) for w, e in term.items()}
            if isinstance(term, Mapping)
            else _plain(term)
            for name, term in self.coef.items()
        }
        return {"type": "Gate", "on": coef, "intercept": _plain(self.intercept)}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Gate:
        """The gate of one JSON object."""
        on = {
            name: {w: revived_numbers(e) for w, e in term.items()}
            if isinstance(term, Mapping)
            else revived_numbers(term)
            for name, term in state["on"].items()
        }
        return cls(on, revived_numbers(state["intercept"]))

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._state() == other._state()

    def __hash__(self) -> int:
        return hash(repr(self._state()))

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self._state(), self.__dict__.get("K"))

    def __repr__(self) -> str:
        blank = all(term is None for term in self.coef.values())
        parts = ", ".join(f"{c!r}: {_shown(t)}" for c, t in self.coef.items())
        on = f"{list(self.coef)}" if blank else f"{{{parts}}}"
        if self.intercept is None:
            return f"Gate({on})"
        return f"Gate({on}, intercept={_shown(self.intercept)})"


def _restored(state: Mapping[str, Any], K: int | None) -> Gate:
    gate = Gate.from_state(state)
    return gate if K is None else gate.for_components(K)


def _read_term(column: str, value: Any) -> Term:
    name = f"coef[{column!r}]"
    if isinstance(value, Mapping):
        if not value or not all(isinstance(word, str) for word in value):
            raise ValueError(
                f"Gate: {name} must map words to coefficients, got {value!r:.80}"
            )
        return {w: _read(f"{name}[{w!r}]", e) for w, e in value.items()}
    return _read(name, value)


def _read(name: str, value: Any) -> Any:
    """The entries of one column, one a component; None where all are blank."""
    if value is None:
        return None
    if isinstance(value, str | Shared) or not isinstance(value, Sequence | np.ndarray):
        raise TypeError(
            f"Gate: {name} must be a list with one entry a component, each a number, "
            f"None (blank) or Shared, got {value!r:.80}; for K = 2 write [0, {value!r}]"
        )
    entries = tuple(_number(f"{name}[{k}]", e) for k, e in enumerate(value))
    known = all(isinstance(e, float) for e in entries)
    return _frozen(np.array(entries)) if known else entries


def _number(name: str, value: Any) -> Entry:
    if value is None or isinstance(value, Shared):
        return value
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not (number and math.isfinite(value)):
        raise ValueError(
            f"Gate: {name} must be a finite number, got {value!r}; leave it None to "
            "have it learned"
        )
    return float(value)


def _frozen(values: Array) -> Array:
    values = np.array(values, dtype=np.float64)
    values.setflags(write=False)
    return values


def _plain(entries: Any) -> Any:
    return None if entries is None else [plain(e) for e in entries]


def _shown(term: Any) -> str:
    if term is None:
        return "None"
    if isinstance(term, Mapping):
        return f"{{{', '.join(f'{w!r}: {_shown(e)}' for w, e in term.items())}}}"
    return f"[{', '.join('None' if e is None else shown(e) for e in term)}]"


REVIVERS["Gate"] = Gate.from_state
