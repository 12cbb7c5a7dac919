"""Rows of several columns: within a component each column has a family of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mixnotes.components import vector
from mixnotes.components.component import Component
from mixnotes.components.composite import Composite
from mixnotes.components.measure import Atoms
from mixnotes.data import table
from mixnotes.data.check import as_sample_weight, require_seen
from mixnotes.families.keys import Key, checked_pairs, names_of, prefix, takes_gaps
from mixnotes.numeric.arrays import Array


class Product(Composite):
    """Product({column: component}): p(x) is the product over the columns.

    Within a component the columns are independent. x is a mapping of column names to
    arrays, a structured array, or a DataFrame of pandas or polars. NaN is missing: such
    an entry says nothing of its row, which is exact where values are missing at random
    (Little and Rubin 2019, section 6.2).

    Args:
        parts: the component of each column. A key is the name of a column, or a tuple
            of names for a component that takes rows, such as `MultivariateNormal`.

    Examples:
        >>> import mixnotes as mx
        >>> birds = mx.datasets.penguins()
        >>> bill = "bill_length_mm", "bill_depth_mm"
        >>> parts = {bill: mx.MultivariateNormal(), "body_mass_g": mx.Normal()}
        >>> one = mx.Product(parts)
        >>> fit = mx.em(mx.Mixture([one, one, one]), birds, rng=0)
        >>> fit.mixture.weights.round(2)
        array([0.64, 0.18, 0.18])
    """

    parts: dict[Key, Any]
    """The component of each column."""

    def __init__(self, parts: Mapping[Key, Any] | Sequence[Any]) -> None:
        given = dict(checked_pairs(parts))
        if not given:
            raise ValueError(
                "Product must have a component for at least one column, got none; "
                'write Product({"column": Normal()})'
            )
        self._set(given)
        names = self.column_names
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(
                f"Product: each column must have one component, got {twice[0]!r} in "
                "two keys"
            )

    def _set(self, parts: dict[Key, Any]) -> None:
        object.__setattr__(self, "parts", parts)
        names = tuple(name for key in parts for name in names_of(key))
        object.__setattr__(self, "column_names", names)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(
            f"a Product is immutable, cannot set {name}; make a new one"
        )

    def reordered(self, names: Sequence[str]) -> Self:
        """The same product with its columns in this order."""
        keys = sorted(self.parts, key=lambda key: names.index(names_of(key)[0]))
        product = self.with_parts({key: self.parts[key] for key in keys})
        if product.column_names != tuple(names):
            raise ValueError(
                "the components of a mixture must take the columns that go together "
                f"in one order, got {', '.join(names)} and "
                f"{', '.join(product.column_names)}"
            )
        return product

    def with_dimension(self, d: int) -> Self:
        """The same product, in which components of rows know how many columns."""
        return self.with_parts(
            {
                key: part.with_dimension(len(key))
                if isinstance(key, tuple) and hasattr(part, "with_dimension")
                else part
                for key, part in self.parts.items()
            }
        )

    def with_parts(self, parts: dict[Key, Any]) -> Self:
        """The same product of other parts, which need no check."""
        product = object.__new__(type(self))
        product._set(parts)
        return product

    # ------------------------------------------------------------------ the data

    column_names: tuple[str, ...]

    def _rows(self, x: Any) -> Array:
        data = table.rows(x, self.column_names, gaps=True, levels=self.levels)
        for key, columns, part in self._columns(data):
            gap = np.isnan(columns)
            if gap.any() and isinstance(key, tuple) and not takes_gaps(part):
                raise ValueError(
                    f"columns {key!r} must have no missing values for a "
                    f"{type(part).__name__}, got {int(gap.sum())}; drop those rows"
                )
        return data

    @property
    def levels(self) -> dict[str, Sequence[str]]:
        """The words of each column of words."""
        found = {k: getattr(p, "word_levels", None) for k, p in self.parts.items()}
        return {str(key): words for key, words in found.items() if words}

    @property
    def columns_of_words(self) -> dict[int, Any]:
        """By column the part of each column of words."""
        names = self.column_names
        return {names.index(key): self.parts[key] for key in self.levels}

    def with_levels(self, x: Any) -> Self:
        """The same product, in which each part knows the categories in its column."""
        if not self.needs_levels:
            return self
        named = table.column_names(x)
        found = dict(self.parts)
        for j, key in enumerate(self.parts):
            if not (isinstance(key, str) and found[key].needs_levels):
                continue
            if named is not None and key not in named:
                continue  # which is told with all that is missing
            column = np.asarray(x)[:, j] if named is None else x[key]
            found[key] = found[key].with_levels(column)
        same = all(found[key] is part for key, part in self.parts.items())
        return self if same else self.with_parts(found)

    def decoded(self, x: Array) -> Any:
        """Rows as the user gave them: columns by name where some hold words."""
        if not self.levels:
            return x
        found: dict[str, Any] = {}
        for key, columns, part in self._columns(x):
            whole = columns.reshape(len(x), -1).T
            found |= dict(zip(names_of(key), whole, strict=True))
            if isinstance(key, str):
                found[key] = part.decoded(columns)
        return found

    def _columns(self, x: Array) -> Iterator[tuple[Key, Array, Any]]:
        """Each part with its columns, (n,) or (n, m)."""
        place = 0
        for key, part in self.parts.items():
            if isinstance(key, str):
                yield key, x[:, place], part
                place += 1
            else:
                yield key, x[:, place : place + len(key)], part
                place += len(key)

    def _seen(self, x: Array) -> Iterator[tuple[Key, Any, Array, Any]]:
        """Each part with the rows in which it was seen, and its columns there."""
        for key, columns, part in self._columns(x):
            gap = np.isnan(columns)
            if not gap.any() or columns.ndim > 1:
                yield key, slice(None), columns, part
            else:
                rows = np.flatnonzero(~gap)
                yield key, rows, columns[rows], part

    @property
    def probable(self) -> Mapping[str | None, bool | None]:
        """By column, is log_prob there that of a probability?"""
        found: dict[str | None, bool | None] = {}
        for key, part in self.parts.items():
            kinds = part.probable
            if part.column_names is None:
                kinds = dict.fromkeys(names_of(key), kinds[None])
            found |= kinds
        return found

    @property
    def atoms(self) -> Atoms:
        """The single values, by column, that have a probability beside densities."""
        return {
            key: part.atoms[None]
            for key, part in self.parts.items()
            if isinstance(key, str) and None in part.atoms
        }

    @property
    def support(self) -> str:  # type: ignore[override]
        """The support in words."""
        return "; ".join(f"{k}: {p.support}" for k, p in self.parts.items())

    def inside(self, x: Array) -> NDArray[np.bool_]:
        """Which rows every part can produce, as far as they were seen."""
        fine = np.ones(len(x), dtype=bool)
        for _, rows, columns, part in self._seen(x):
            fine[rows] &= part.inside(columns)
        return fine

    def require_unit(self, x: Array, weight: Array) -> None:
        """Raise an error where a column is plainly in another unit than its part's."""
        for key, rows, columns, part in self._seen(x):
            try:
                part.require_unit(columns, weight[rows])
            except ValueError as error:
                raise ValueError(f"column {key!r}: {error}") from None

    def remark(self, x: Array, weight: Array) -> str:
        """What a user should know of some column; else no words."""
        found = (
            (key, part.remark(columns, weight[rows]))
            for key, rows, columns, part in self._seen(x)
        )
        return "; ".join(f"column {key!r}: {words}" for key, words in found if words)

    def rank(self) -> tuple[float, ...]:
        """The numbers by which components are sorted: those of the parts that have
        some.
        """
        return tuple(v for part in self.parts.values() for v in part.rank())

    def check_support(self, x: Array, weight: Array) -> None:
        """Raise an error that names the column and the first value that is outside."""
        require_seen(x[weight > 0], self.column_names)
        for key, columns, part in self._columns(x):
            gap = np.isnan(columns) if columns.ndim == 1 else np.zeros(len(x), bool)
            try:
                part.check_support(columns, np.where(gap, 0.0, weight))
            except ValueError as error:
                raise ValueError(f"column {key!r}: {error}") from None

    def bind(self, x: Array) -> Callable[[Self], Array]:
        """The sum of the log-densities of what was seen."""
        bound = [
            (key, rows, part.bind(columns))
            for key, rows, columns, part in self._seen(x)
        ]

        def log_prob(filled: Self) -> Array:
            total = np.zeros(len(x))
            for key, rows, f in bound:
                total[rows] += f(filled.parts[key])
            return total

        return log_prob

    def fit(self, x: Any, sample_weight: Any = None, start: Self | None = None) -> Self:
        """This product with the blanks of every part filled by weighted maximum
        likelihood. The weighted log-likelihood of `start` is never lowered."""
        known = self.with_levels(x)
        if known is not self:
            return known.fit(x, sample_weight, start)
        data = self._rows(x)
        weight = as_sample_weight(sample_weight, len(data))
        if start is not None and not (
            isinstance(start, Product) and start.parts.keys() == self.parts.keys()
        ):
            raise TypeError(f"start must be a Product of the same keys, got {start!r}")
        self.check_support(data, weight)

        def fitted(part: Any, columns: Array, weight: Array, before: Any) -> Any:
            return part.fit(columns, weight, before)

        return self._with_fits(data, weight, start, fitted)

    def _fit(self, x: Array, weight: Array, start: Self | None) -> Self:
        def fitted(part: Any, columns: Array, weight: Array, before: Any) -> Any:
            return part.filled_to(columns, weight, before)

        return self._with_fits(x, weight, start, fitted)

    def _with_fits(
        self, x: Array, weight: Array, start: Self | None, fitted: Callable[..., Any]
    ) -> Self:
        """This product with each part fitted to where it was seen; an error says in
        which column."""
        found = {}
        for key, rows, columns, part in self._seen(x):
            before = None if start is None else start.parts[key]
            try:
                found[key] = (
                    fitted(part, columns, weight[rows], before) if part.blanks else part
                )
            except ValueError as error:
                raise type(error)(f"column {key!r}: {error}") from None
        return self.with_parts(found)

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        drawn = [
            part._sample(n, rng).reshape(n, len(names_of(key)))
            for key, part in self.parts.items()
        ]
        return np.concatenate(drawn, axis=1)

    def moments(self) -> tuple[Any, Any]:
        """E[x], shape (d,), and Cov[x], (d, d), columns in order; no part depends on
        another."""
        mean = np.zeros(len(self.column_names))
        cov = np.zeros((len(mean), len(mean)))
        place = 0
        for key, part in self.parts.items():
            rows = slice(place, place + len(names_of(key)))
            mean[rows], cov[rows, rows] = part.moments()
            place = rows.stop
        return mean, cov

    def filled_in(self, x: Array) -> Array:
        """The rows with each gap filled by its expectation, (n, d): the mean of its
        part, or, in a part of several columns, the mean given what was seen of them.
        """
        filled = np.empty(x.shape)
        place = 0
        for key, columns, part in self._columns(x):
            if isinstance(key, tuple) and hasattr(part, "filled_in"):
                here = part.filled_in(columns)
            else:
                here = np.broadcast_to(part.moments()[0], columns.shape)
            width = len(names_of(key))
            filled[:, place : place + width] = here.reshape(len(x), width)
            place += width
        return filled

    def marginal(self, names: Sequence[str]) -> Self:
        """The distribution of some of the columns, a product of their components.

        Args:
            names: names of columns; of those under one key some may be left out where
                its component has a `marginal`.

        Examples:
            >>> import mixnotes as mx
            >>> bird = mx.Product({"sex": mx.Bernoulli(0.5), "kg": mx.Normal(4.2, 0.8)})
            >>> bird.marginal(["kg"])
            Product({'kg': Normal(mean=4.2, sd=0.8)})
        """
        parts = dict(self._partly(names))
        found = self.with_parts(parts)
        if set(found.column_names) != set(names) or not names:
            raise ValueError(
                f"marginal takes names of columns, {', '.join(self.column_names)}, got "
                f"{list(names)}"
            )
        return found

    def _partly(self, names: Sequence[str]) -> Iterator[tuple[Key, Any]]:
        """The parts of some columns; of some columns under one key their marginal."""
        for key, part in self.parts.items():
            kept = tuple(name for name in names_of(key) if name in names)
            if not kept:
                continue
            if len(kept) == len(names_of(key)):
                yield key, part
                continue
            places = [names_of(key).index(name) for name in kept]
            yield _of_fewer(kept, self._method(key, "marginal")(places))

    def _method(self, key: Key, name: str) -> Any:
        """A method of the part of several columns, or the error that it has none."""
        part = self.parts[key]
        if not hasattr(part, name):
            raise ValueError(
                f"{name} takes the columns {', '.join(names_of(key))} together, since "
                f"a {type(part).__name__} has no {name}; name all of them or none"
            )
        return getattr(part, name)

    def conditional(self, known: Mapping[str, Any]) -> Self:
        """The distribution of the other columns where these have these values: since
        columns are independent here, that of their components, and the conditional of
        one that takes several columns of which some are known.

        Args:
            known: values by the names of columns.

        Examples:
            >>> import mixnotes as mx
            >>> bird = mx.Product({"sex": mx.Bernoulli(0.5), "kg": mx.Normal(4.2, 0.8)})
            >>> bird.conditional({"sex": 1}).quantile([0.025, 0.975]).round(2)
            array([2.63, 5.77])
        """
        if not isinstance(known, Mapping):
            raise TypeError(
                "known must be a mapping of columns to values, such as "
                f"{{{self.column_names[0]!r}: ...}}, got {known!r:.80}"
            )
        rest = [name for name in self.column_names if name not in known]
        unknown = [name for name in known if name not in self.column_names]
        if unknown or not rest:
            raise ValueError(
                f"known must be some of the columns {', '.join(self.column_names)}, "
                f"got {', '.join(map(str, known))}"
            )
        found = dict[Key, Any]()
        for key, part in self.parts.items():
            names = names_of(key)
            seen = {j: known[name] for j, name in enumerate(names) if name in known}
            left = tuple(name for name in names if name not in known)
            if not seen:
                found[key] = part
            elif left:
                inner = self._method(key, "conditional")(seen)
                key, part = _of_fewer(left, inner)
                found[key] = part
        return self.with_parts(found)

    def on_line(self) -> Any:
        """The component of the only column, which has quantiles."""
        if len(self.column_names) > 1:
            raise TypeError(
                "cdf and quantile are of one column, and this Product has "
                f"{', '.join(self.column_names)}; take those of marginal([...]) or "
                "conditional({...})"
            )
        return next(iter(self.parts.values()))

    def _cdf(self, x: Array) -> Array:
        found: Array = self.on_line()._cdf(x)
        return found

    def _sf(self, x: Array) -> Array:
        found: Array = self.on_line()._sf(x)
        return found

    def _quantile(self, q: Array) -> Array:
        found: Array = self.on_line()._quantile(q)
        return found

    @property
    def ends(self) -> tuple[float, float]:
        """Those of the only column; else -inf and inf."""
        alone = len(self.column_names) == 1
        return self.on_line().ends if alone else (-math.inf, math.inf)

    # ---------------------------------------------------------------- the blanks

    @property
    def n_free(self) -> int:
        """How many numbers are blank."""
        return int(sum(part.n_free for part in self.parts.values()))

    @property
    def children(self) -> Mapping[str, Component]:
        """The parts, by what the names of their blanks begin with here."""
        return {prefix(key): part for key, part in self.parts.items()}

    def remade(self, children: Mapping[str, Component], own: Mapping[str, Any]) -> Self:
        """The same product of other parts, in the same order."""
        return self.with_parts(dict(zip(self.parts, children.values(), strict=True)))

    @property
    def has_line(self) -> bool:  # type: ignore[override]
        """True where every part can map its blanks to unconstrained coordinates."""
        return all(part.has_line for part in self.parts.values())

    def units_of(self, entry: vector.Entry, scales: Array) -> Array:
        """The units of the coordinates of one blank, from those of its part's
        columns.
        """
        place = 0
        for key, part in self.parts.items():
            width = len(names_of(key))
            if entry.name.startswith(prefix(key)):
                inner = entry._replace(name=entry.name.removeprefix(prefix(key)))
                return part.units_of(inner, scales[place : place + width])
            place += width
        raise KeyError(entry.name)

    # ---------------------------------------------------------------- the value

    def described(self, template: Self) -> str:
        """This product as a table shows it: what was given in `template` marked."""
        return ", ".join(
            f"{key if isinstance(key, str) else ' '.join(key)}: "
            f"{part.described(template.parts[key])}"
            for key, part in self.parts.items()
        )

    def _state(self) -> dict[str, Any]:
        parts = [
            [list(key) if isinstance(key, tuple) else key, part._state()]
            for key, part in self.parts.items()
        ]
        return {"type": self.type_name(), "parts": parts}

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.parts == other.parts

    def __hash__(self) -> int:
        return hash(frozenset(self.parts.items()))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.parts,)

    def __repr__(self) -> str:
        parts = ", ".join(f"{key!r}: {part!r}" for key, part in self.parts.items())
        return f"Product({{{parts}}})"


def _of_fewer(names: tuple[str, ...], part: Any) -> tuple[Key, Any]:
    """The key and the component of these columns, of rows or of one number."""
    return (names[0], part.on_line()) if len(names) == 1 else (names, part)
