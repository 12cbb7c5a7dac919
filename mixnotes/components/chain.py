"""A chain of hidden labels: which component comes next depends on the one before.

For the reader whose rows come in order: days, steps of a sequence, places on a strand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Literal, Self, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixnotes.components.constraints import SIMPLEX, Constraint
from mixnotes.components.measure import Atoms
from mixnotes.components.mixture import Mixture
from mixnotes.components.parts import checked_components, with_one_layout
from mixnotes.components.saving import shown
from mixnotes.data.check import Rng, as_count, as_rng
from mixnotes.data.intervals import Censored
from mixnotes.data.words import group_of
from mixnotes.numeric import steady
from mixnotes.numeric.arrays import Array, quiet
from mixnotes.numeric.chain import Passed, Sequences

STATIONARY = "stationary"
_SUM = 1e-8  # by which probabilities may miss 1


class Chain(Mixture):
    """p(x_1, ..., x_n) of a hidden Markov chain.

    The label of a row depends on that of the row before, P(z_t = j | z_(t-1) = i) =
    transition[i, j], and each row on its label alone.

    Everything is by Bayes' rule over all rows of a sequence, forward and backward.
    `mean`, `variance`, `cdf` and `quantile` are those of a row far from the start,
    whose label is drawn by `weights`, the stationary distribution.

    Source: Baum, Petrie, Soules and Weiss (1970).

    Args:
        components: K components, one for each state.
        start: P(z_1 = k), shape (K,); "stationary" for the distribution that the
            transitions leave as it is; blank if left out. None in a list is blank.
        transition: the probabilities of what comes next, shape (K, K), each row of
            which sums to 1; blank if left out. None in a row is blank: a 0 that is
            given stays 0.

    Examples:
        >>> import mixnotes as mx
        >>> calm, wild = mx.Normal(0, 1), mx.Normal(0, 4)
        >>> chain = mx.Chain([calm, wild], [0.5, 0.5], [[0.95, 0.05], [0.1, 0.9]])
        >>> x = chain.sample(500, rng=0)
        >>> fit = mx.em(mx.Chain(2 * [mx.Normal(mean=0.0)]), x, starts=2)
        >>> fit.mixture.transition.round(1)
        array([[0.9, 0.1],
               [0.1, 0.9]])
    """

    start: Any
    """P(z_1 = k), shape (K,), or "stationary"."""
    transition: Any
    """P(z_t = j | z_(t-1) = i), shape (K, K)."""

    def __init__(
        self,
        components: Sequence[Any],
        start: ArrayLike | Sequence[float | None] | str | None = None,
        transition: ArrayLike | Sequence[Sequence[float | None]] | None = None,
    ) -> None:
        parts = with_one_layout(checked_components(components))
        K = len(parts)
        if K == 1 and start is None:
            start = [1.0]
        if K == 1 and transition is None:
            transition = [[1.0]]
        steps = None
        if transition is not None:
            steps = _as_rows(transition, (K, K), "transition")
        if isinstance(start, str):
            if start != STATIONARY:
                raise ValueError(
                    'start must be "stationary" where it is a word, got '
                    f"{start!r}; else give {K} probabilities, or leave it out"
                )
        elif start is not None:
            start = _as_rows(start, (K,), "start")
        self._set_chain(parts, start, steps)
        if self.is_stationary:
            self._require_one_distribution()

    def _set_chain(self, parts: Any, start: Any, transition: Any) -> None:
        self.__dict__["start"], self.__dict__["transition"] = start, transition
        self._set(parts, None)

    def _require_one_distribution(self) -> None:
        """Raise an error where more than one distribution is stationary."""
        allowed = np.where(self._blank[1:], 1.0, self._table[1:])
        if not steady.is_one(allowed):
            raise ValueError(
                'start="stationary" needs transitions that leave one distribution as '
                "it is, got two parts that no transition leads out of; give start"
            )

    # -------------------------------------------------------- start and transition

    @cached_property
    def _table(self) -> Array:
        """The start above the transitions, (1 + K, K); NaN where one is blank."""
        K = len(self.parts)
        table = np.full((1 + K, K), np.nan)
        if self.transition is not None:
            table[1:] = self.transition
        if self.start is not None and not self.is_stationary:
            table[0] = self.start
        elif self.is_stationary and not np.isnan(table[1:]).any():
            table[0] = steady.distribution(table[1:])
        return table

    @cached_property
    def _blank(self) -> NDArray[np.bool_]:
        """Which entries of the table are blank; none of a start that follows from the
        transitions."""
        blank: NDArray[np.bool_] = np.isnan(self._table)
        if self.is_stationary:
            blank[0] = False
        return blank

    @property
    def is_stationary(self) -> bool:
        """Does the start follow from the transitions?"""
        return isinstance(self.start, str)

    @property
    def weights(self) -> Any:
        """The stationary distribution, shape (K,): P(z = k) far from the start; None
        where a transition is blank.
        """
        if self.transition is None or np.isnan(self.transition).any():
            return None
        if not steady.is_one(self.transition):
            raise ValueError(
                "the chain has no one stationary distribution: there are two parts "
                "that no transition leads out of, and where it ends up depends on start"
            )
        return steady.distribution(self.transition)

    @property
    def own(self) -> Mapping[str, Constraint]:  # type: ignore[override]
        """The parameters that are of no component."""
        both = {"start": SIMPLEX, "transition": SIMPLEX}
        return {"transition": SIMPLEX} if self.is_stationary else both

    def _own(self) -> dict[str, Any]:
        rows = {"start": self._blank[0], "transition": self._blank[1:]}
        return {
            name: None if rows[name].any() else getattr(self, name) for name in self.own
        }

    def value_of(self, name: str) -> Any:
        """The value of a parameter, by its name in `blanks`."""
        if name in self.own:
            return getattr(self, name)
        return super().value_of(name)

    def remade(self, children: Mapping[str, Any], own: Mapping[str, Any]) -> Self:
        """A chain of these components, start and transitions; a blank that is given in
        part stays so.
        """
        found = {}
        for name in ("start", "transition"):
            value, now = own.get(name), getattr(self, name)
            known = now is None or isinstance(now, str) or not np.isnan(now).any()
            found[name] = value if value is not None or known else now
        if self.is_stationary:
            found["start"] = self.start
        return type(self)(list(children.values()), found["start"], found["transition"])

    def with_components(self, parts: Sequence[Any]) -> Self:
        """The same chain of other components."""
        return type(self)(parts, self.start, self.transition)

    def _free_label(self) -> int:
        """How many of the numbers are blank that say how labels are drawn."""
        return int(np.maximum(self._blank.sum(axis=1) - 1, 0).sum())

    @property
    def label_rule(self) -> str:
        """What labels depend on, in words."""
        return "label of a row depends on the one before"

    @property
    def label_given(self) -> Any:
        """Labels are not drawn by weights."""
        return self

    @property
    def label_value(self) -> Array:
        """The start above the transitions, shape (1 + K, K)."""
        return self._table

    @property
    def label_blank(self) -> NDArray[np.bool_]:
        """Which entries of that are blank, shape (1 + K, K)."""
        return self._blank

    def is_given(self, name: str, shape: tuple[int, ...]) -> NDArray[np.bool_]:
        """Which entries of a blank are given, in its shape; of most none."""
        rows = {"start": ~self._blank[0], "transition": ~self._blank[1:]}
        return rows.get(name, np.zeros(shape, dtype=bool))

    def level_label(self) -> Array:
        """The same where it is known, and level where it is not."""
        table, blank = self._table.copy(), self._blank
        table[0] = np.where(np.isnan(table[0]) & ~blank[0], 0.0, table[0])
        room = 1 - np.where(blank, 0.0, table).sum(axis=1)
        share = np.maximum(room, 0.0) / np.maximum(blank.sum(axis=1), 1)
        table = np.where(blank, share[:, None], table)
        if self.is_stationary:
            table[0] = steady.distribution(table[1:])
        return table

    def with_parts(self, parts: Sequence[Any], label: Array) -> Self:
        """A chain of parts that need no check, and of this `label_value`."""
        chain = object.__new__(type(self))
        table = label.copy()
        table.setflags(write=False)
        start = self.start if self.is_stationary else table[0]
        chain._set_chain(tuple(parts), start, table[1:])
        return chain

    @property
    def label_symmetric(self) -> bool:
        """Would the model be the same with its components in another order?"""
        free = self.start is None or self.is_stationary
        return free and self.transition is None

    def permuted(self, order: Sequence[int]) -> Self:
        """The filled chain with its components in this order."""
        parts = [self.parts[k] for k in order]
        start = self.start if self.is_stationary else self.start[list(order)]
        return type(self)(parts, start, self.transition[np.ix_(order, order)])

    @property
    def unweighted(self) -> Mixture:
        """The mixture of the same components with equal weights."""
        return self.with_weights(np.full(len(self.parts), 1 / len(self.parts)))

    def at(self, covariates: Mapping[str, Any]) -> Self:
        """The chain itself, which depends on no column."""
        return self

    def require_label_kept(self, filled: Any, name: str) -> None:
        """Raise an error unless a filled chain has all that this one gives."""
        known = ~(self._blank | np.isnan(self._table))
        kept = np.allclose(
            self._table[known], filled.label_value[known], rtol=0, atol=1e-12
        )
        if not kept or self.is_stationary != filled.is_stationary:
            raise ValueError(
                f"{name} must keep the start and the transitions that mixture gives, "
                f"{self!r}, got {filled!r}"
            )

    def label_lines(self) -> list[str]:
        """The start and the transitions, as lines below a table."""
        lines = []
        rows = ["start", *(f"from {k} to" for k in range(len(self.parts)))]
        for name, row in zip(rows, self.label_value, strict=True):
            lines.append(f"  {name:>9}  {'  '.join(f'{p:7.4f}' for p in row)}")
        return ["P(next component):", *lines[1:], lines[0]]

    def _require_plain(self, what: str) -> None:
        if what in ("conditional", "impute"):
            raise TypeError(
                f"{what} is of rows that know nothing of each other, and here the "
                f"{self.label_rule}; take Mixture(components, responsibilities[t])"
            )

    # ------------------------------------------------------------- whole sequences

    def bind_joint(
        self, x: Array, beside: Atoms | None = None
    ) -> Callable[[Mixture], Array]:
        """log p(x_t | z_t = k), shape (K, n), as a function of a filled chain."""
        plain = self.unweighted
        log_joint = plain.bind_joint(x, beside)
        level = np.log(len(self.parts))

        def densities(filled: Mixture) -> Array:
            return log_joint(filled.unweighted) + level

        return densities

    def _passed(
        self, what: str, x: Any, groups: Any, filtered: bool = False
    ) -> tuple[Passed, Array]:
        """Both passes, and the rows."""
        self._require_complete(what)
        data = self._rows(x)
        dense = self.bind_joint(data)(self)
        found = self._sequences(x, groups, len(data)).passed(
            self.label_value[0], self.label_value[1:], dense, None, filtered
        )
        return found, data

    def _sequences(self, x: Any, groups: Any, n: int) -> Sequences:
        if groups is None:
            return Sequences(np.zeros(n, dtype=np.intp))
        return Sequences(group_of(groups, x, None, n))

    def log_prob(
        self, x: ArrayLike | Censored, covariates: Any = None, groups: Any = None
    ) -> Array:
        """log p(x_t | the rows before it in its sequence), shape (n,), in nats: their
        sum is the log-likelihood.

        Args:
            x: observations in order, shape (n,), rows (n, d), or columns by name.
            covariates: nothing: labels of a chain depend on no columns.
            groups: which sequence each row is in, the name of a column or values (n,);
                one sequence if left out.

        Examples:
            >>> import mixnotes as mx
            >>> rate = [[0.9, 0.1], [0.1, 0.9]]
            >>> two = [mx.Bernoulli(0.0), mx.Bernoulli(1.0)]
            >>> mx.Chain(two, [0.5, 0.5], rate).log_prob([1, 1, 0]).round(3)
            array([-0.693, -0.105, -2.303])
        """
        self._log_gate(x, covariates, 0)
        return self._passed("log_prob", x, groups)[0].logs

    def log_joint(
        self, x: ArrayLike, covariates: Any = None, groups: Any = None
    ) -> Array:
        """log p(x_t, z_t = k | the rows before it in its sequence), shape (n, K).

        Args:
            x: observations in order, shape (n,), rows (n, d), or columns by name.
            covariates: nothing: labels of a chain depend on no columns.
            groups: which sequence each row is in, the name of a column or values (n,);
                one sequence if left out.
        """
        self._log_gate(x, covariates, 0)
        found, _ = self._passed("log_joint", x, groups, filtered=True)
        assert found.filtered is not None
        with quiet():
            joint: Array = (np.log(found.filtered) + found.logs).T
        return joint

    def responsibilities(
        self,
        x: ArrayLike,
        covariates: Any = None,
        groups: Any = None,
        sample_weight: ArrayLike | None = None,
    ) -> Array:
        """p(z_t = k | all rows of the sequence), shape (n, K); each row sums to 1.

        Args:
            x: observations in order, shape (n,), rows (n, d), or columns by name.
            covariates: nothing: labels of a chain depend on no columns.
            groups: which sequence each row is in, the name of a column or values (n,);
                one sequence if left out.
            sample_weight: how often each sequence counts, which changes nothing here.

        Raises:
            ValueError: where a sequence is impossible.

        Examples:
            >>> import mixnotes as mx
            >>> rate = [[0.9, 0.1], [0.1, 0.9]]
            >>> two = [mx.Normal(0, 1), mx.Normal(2, 1)]
            >>> chain = mx.Chain(two, [0.5, 0.5], rate)
            >>> chain.responsibilities([0, 1.1, 0])[:, 1].round(3)
            array([0.051, 0.067, 0.051])
        """
        self._log_gate(x, covariates, 0)
        found, data = self._passed("responsibilities", x, groups)
        if not np.isfinite(found.logs).all():
            t = int(np.argmin(np.isfinite(found.logs)))
            raise ValueError(
                "each row must be possible after those before it, got "
                f"x[{t}] = {data[t]} with probability 0 there; mend it, or give no "
                "transition of 0"
            )
        return found.share.T

    def path(self, x: ArrayLike, groups: Any = None) -> NDArray[np.intp]:
        """The labels that together are the most probable of a sequence, shape (n,).

        `predict` takes the most probable label of each row by itself, which may follow
        each other in a way that has probability 0.

        Source: Viterbi (1967).

        Args:
            x: observations in order, shape (n,), rows (n, d), or columns by name.
            groups: which sequence each row is in, the name of a column or values (n,);
                one sequence if left out.

        Examples:
            >>> import mixnotes as mx
            >>> rate = [[0.9, 0.1], [0.1, 0.9]]
            >>> two = [mx.Normal(0, 1), mx.Normal(2, 1)]
            >>> mx.Chain(two, [0.5, 0.5], rate).path([0, 0, 1.5, 3, 2, 0.9])
            array([0, 0, 1, 1, 1, 1])
        """
        self._require_complete("path")
        data = self._rows(x)
        dense = self.bind_joint(data)(self)
        table = self.label_value
        return self._sequences(x, groups, len(data)).path(table[0], table[1:], dense)

    @overload
    def sample(
        self,
        n: int,
        rng: Rng,
        labels: Literal[False] = False,
        covariates: Any = None,
    ) -> Array: ...
    @overload
    def sample(
        self, n: int, rng: Rng, labels: Literal[True], covariates: Any = None
    ) -> tuple[Array, NDArray[np.intp]]: ...
    def sample(
        self, n: int, rng: Rng, labels: bool = False, covariates: Any = None
    ) -> Array | tuple[Array, NDArray[np.intp]]:
        """A sequence of n rows, shape (n,), or (n, d).

        Args:
            n: how many, 0 or more.
            rng: a seed or a numpy Generator.
            labels: True to return z too, which component made each row, shape (n,).
            covariates: nothing: labels of a chain depend on no columns.

        Examples:
            >>> import mixnotes as mx
            >>> two = [mx.Poisson(1), mx.Poisson(9)]
            >>> ever = mx.Chain(two, [1, 0], [[0, 1], [1, 0]])
            >>> ever.sample(4, rng=0, labels=True)[1]
            array([0, 1, 0, 1])
        """
        self._require_complete("sample")
        self._log_gate(None, covariates, 0)
        count, generator = as_count(n, "n", 0), as_rng(rng)
        z = self._labels(count, generator)
        x = self._draw(z, generator)
        return (x, z) if labels else x

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        return self._draw(self._labels(n, rng), rng)

    def _labels(self, n: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """The labels of n rows, one after another."""
        ends = self.label_value.cumsum(axis=1)
        ends /= ends[:, -1:]
        z = np.empty(n, dtype=np.intp)
        row = 0
        for t, u in enumerate(rng.random(n)):
            z[t] = np.searchsorted(ends[row], u, side="right")
            row = 1 + z[t]
        return z

    # ------------------------------------------------------------------- the value

    def _state(self) -> dict[str, Any]:
        return {
            "type": self.type_name(),
            "start": _plain(self.start),
            "transition": _plain(self.transition),
            "components": [c._state() for c in self.parts],
        }

    def _key(self) -> tuple[Any, ...]:
        return self.parts, repr(_plain(self.start)), repr(_plain(self.transition))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.components, self.start, self.transition)

    def __repr__(self) -> str:
        parts = ", ".join(repr(c) for c in self.components)
        rest = "".join(
            f", {name}={_shown(getattr(self, name))}"
            for name in ("start", "transition")
            if getattr(self, name) is not None
        )
        return f"{type(self).__name__}([{parts}]{rest})"


def _as_rows(values: Any, shape: tuple[int, ...], name: str) -> Array:
    """Probabilities whose last axis sums to 1; NaN where one is blank."""
    table = _as_table(values, shape, name)
    for place, row in _rows_of(table):
        where = f"{name}[{place}]" if len(shape) > 1 else name
        blank = np.isnan(row)
        known = row[~blank]
        fine = np.isfinite(known).all() and (known >= 0).all()
        total = known.sum() if fine else np.nan
        if not fine or (total > 1 + _SUM if blank.any() else abs(total - 1) > _SUM):
            raise ValueError(
                f"{where} must be probabilities that are not negative and sum to 1, "
                f"got {_shown(row)} (sum {known.sum():g}); divide them by their sum, "
                "or write None for what shall be learned"
            )
        if blank.sum() == 1:
            row[blank] = max(1 - total, 0.0)
    table.setflags(write=False)
    return table


def _as_table(values: Any, shape: tuple[int, ...], name: str) -> Array:
    try:
        raw = np.array(values, dtype=object)
        flat = [np.nan if v is None else float(v) for v in raw.ravel()]
        table = np.array(flat).reshape(raw.shape)
    except (TypeError, ValueError):
        raise TypeError(
            f"{name} must be probabilities, or None for what shall be learned, got "
            f"{values!r:.80}"
        ) from None
    if table.shape != shape:
        raise ValueError(
            f"{name} must have one number for each component, shape {shape}, got shape "
            f"{table.shape}"
        )
    return table


def _rows_of(table: Array) -> Iterator[tuple[int, Array]]:
    yield from enumerate(table.reshape(-1, table.shape[-1]))


def _plain(value: Any) -> Any:
    """As JSON has it."""
    if not isinstance(value, np.ndarray):
        return value
    if value.ndim > 1:
        return [_plain(row) for row in value]
    return [None if np.isnan(v) else float(v) for v in value]


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray) and value.ndim > 1:
        return f"[{', '.join(_shown(row) for row in value)}]"
    if isinstance(value, np.ndarray):
        return f"[{', '.join('None' if np.isnan(v) else shown(v) for v in value)}]"
    return repr(value)
