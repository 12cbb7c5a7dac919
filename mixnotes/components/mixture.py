"""A mixture: pick a component by its weight, then draw from it.

For the reader of chapters 1 and 2: everything here is Bayes' rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, Self, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixnotes.components.belief import checked_dirichlet
from mixnotes.components.component import Component
from mixnotes.components.density import log_density
from mixnotes.components.foreign import unwrapped
from mixnotes.components.gate import Gate
from mixnotes.components.labelled import Labelled
from mixnotes.components.measure import Atoms, barred, joined
from mixnotes.components.parts import (
    checked_components,
    checked_weights,
    counted_twice,
    method_of,
    on_line,
    pooled,
    rows_of,
    with_one_layout,
)
from mixnotes.components.quantiles import between
from mixnotes.components.saving import plain
from mixnotes.data.check import CollapseError, Rng, as_count, as_rng, require
from mixnotes.data.intervals import Binned, Censored
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.special import log_sum_exp


class Mixture(Labelled):
    """p(x) = sum_k weights[k] p(x | z = k), for any components.

    A component is any object with `log_prob`, `fit` and `n_free`; a mixture is one, so
    mixtures nest.

    Args:
        components: K components, of this package or of classes of your own.
        weights: P(z = k), shape (K,), not negative, which sum to 1; or a `Gate`, where
            they depend on columns; blank if left out.

    Examples:
        >>> import mixnotes as mx
        >>> bag = mx.Mixture([mx.Bernoulli(0.8), mx.Bernoulli(0.3)])  # no weights
        >>> bag.blanks
        ('weights',)
        >>> bag.fit([1] * 591 + [0] * 409).weights.round(3)
        array([0.582, 0.418])
    """

    components: tuple[Any, ...]  # as they were given
    parts: tuple[Component, ...]  # the same, a reader's own classes wrapped
    weights: Any  # (K,), a Gate, or None
    believed: Component | None  # the Dirichlet of the weights, where they are blank

    def __init__(
        self,
        components: Sequence[Any],
        weights: ArrayLike | Gate | Component | None = None,
    ) -> None:
        parts = with_one_layout(checked_components(components))
        believed = None
        if isinstance(weights, Gate):
            self._set(parts, weights.for_components(len(parts)))
            return
        if isinstance(weights, Component):
            believed, weights = checked_dirichlet(weights, len(parts)), None
        if len(parts) == 1 and weights is None:
            believed, weights = None, [1.0]
        given = None if weights is None else checked_weights(weights, len(parts))
        self._set(parts, given, believed)

    def _set(
        self,
        parts: tuple[Component, ...],
        weights: Any,
        believed: Component | None = None,
    ) -> None:
        own = self.__dict__
        own["parts"], own["weights"], own["believed"] = parts, weights, believed
        own["components"] = tuple(map(unwrapped, parts))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(
            f"a {type(self).__name__} is immutable, cannot set {name}; make a new one"
        )

    @property
    def column_names(self) -> tuple[str, ...] | None:  # type: ignore[override]
        """The names of the columns of a row, where the components name them; else
        None.
        """
        return self.parts[0].column_names

    def reordered(self, names: Sequence[str]) -> Self:
        """The same mixture with its named columns in this order."""
        parts = [component.reordered(names) for component in self.parts]
        return self.with_components(parts)

    def with_levels(self, x: Any) -> Self:
        """The same mixture, in which every component knows the categories in x."""
        if not self.needs_levels:
            return self
        parts = [part.with_levels(x) for part in self.parts]
        pairs = zip(parts, self.parts, strict=True)
        same = all(part is before for part, before in pairs)
        return self if same else self.with_components(parts)

    @property
    def word_levels(self) -> tuple[str, ...] | None:
        """The words that observations are one of; None where they are not words."""
        return getattr(self.parts[0], "word_levels", None)

    def decoded(self, x: Array) -> Any:
        """Rows as the user gave them: words where they hold codes of words."""
        return self.parts[0].decoded(x)

    @property
    def columns_of_words(self) -> dict[int, list[Any]]:
        """Where rows hold codes of words, by column the parts of all components."""
        each = [getattr(part, "columns_of_words", {}) for part in self.parts]
        return {j: [mine[j] for mine in each] for j in each[0]}

    def with_components(self, parts: Sequence[Any]) -> Self:
        """The same mixture of other components."""
        return type(self)(parts, self._level)

    @property
    def children(self) -> Mapping[str, Component]:
        """The components, each by the prefix that the names of its blanks have in the
        mixture.
        """
        return {f"components[{k}].": part for k, part in enumerate(self.parts)}

    def _own(self) -> dict[str, Any]:
        if isinstance(self.weights, Gate):
            return super()._own()
        return {"weights": self._level}

    @property
    def _level(self) -> Any:
        """The weights, or what is believed of them."""
        return self.believed if self.weights is None else self.weights

    def log_prior(self, filled: Self) -> float:
        """The logarithm of the density of all that is believed of blanks, at their
        values in `filled`.
        """
        own = 0.0
        if self.believed is not None:
            own = log_density(self.believed, filled.weights)
        return own + super().log_prior(filled)

    def remade(self, children: Mapping[str, Component], own: Mapping[str, Any]) -> Self:
        """A mixture of these components, with these weights."""
        parts = list(children.values())
        if isinstance(self.weights, Gate):
            return type(self)(parts, self.weights.with_named(own))
        return type(self)(parts, own["weights"])

    def permuted(self, order: Sequence[int]) -> Self:
        """The filled mixture with its components in this order."""
        parts = [self.parts[k] for k in order]
        if isinstance(self.weights, Gate):
            return type(self)(parts, self.weights.reordered(order))
        return type(self)(parts, self.weights[list(order)])

    def bind_joint(
        self, x: Array, beside: Atoms | None = None
    ) -> Callable[[Mixture], Array]:
        """log p(x, z = k), shape (K, n), as a function of a filled mixture. Where x is
        an atom of this mixture, or one of `beside`, a component that has a density
        there gets -inf. Where the weights depend on columns they are left out.
        """
        atoms = self.atoms if beside is None else joined([self.atoms, beside])
        bound = [_bind_beside(c, x, atoms) for c in self.parts]
        bars = [
            None if isinstance(c, Mixture) else barred(c, x, self.column_names, atoms)
            for c in self.parts
        ]

        def log_joint(filled: Mixture) -> Array:
            joint = np.empty((len(bound), len(x)))
            for row, log_prob, bar, component in zip(
                joint, bound, bars, filled.parts, strict=True
            ):
                row[:] = log_prob(component)
                if bar is not None:
                    row[bar] = -np.inf
            if filled.label_rule:
                return joint
            with np.errstate(divide="ignore"):  # a weight of 0 is log-weight -inf
                joint += np.log(filled.weights)[:, None]
            return joint

        return log_joint

    def bind(self, x: Array) -> Callable[[Mixture], Array]:
        """log sum_k weights[k] p(x | z = k)."""
        log_joint = self.bind_joint(x)
        return lambda filled: log_sum_exp(log_joint(filled))

    def bound(self, x: Array) -> Callable[[Mixture], Array]:
        """The same of intervals, too: each component looks at them by itself."""
        return self.bind(x)

    def with_weights(self, weights: Any) -> Mixture:
        """The mixture of the same components with these weights."""
        return Mixture(self.parts, weights)

    # ---------------------------------------------------------------- fitting

    def with_parts(self, parts: Sequence[Component], label: Array) -> Self:
        """A mixture of parts that need no check, since the engine made them, and of
        this `label_value`.
        """
        weights: Any = label
        if isinstance(self.weights, Gate):
            weights = self.weights.with_matrix(label)
        else:
            label.setflags(write=False)
        mixture = object.__new__(type(self))
        mixture._set(tuple(parts), weights)
        return mixture

    def fit(
        self,
        x: ArrayLike | Binned | Censored,
        sample_weight: ArrayLike | None = None,
        start: Self | None = None,
    ) -> Self:
        """This mixture with its blanks filled by `em`; or, with `start`, after one EM
        step.

        `em` tells more, in a `Fit`: how the climb ended, how sure the values are.

        Args:
            x: observations, shape (n,), rows (n, d), columns by name; `Censored` or
                `Binned`.
            sample_weight: how often each observation counts, shape (n,); once if left
                out.
            start: a mixture with values everywhere, from which one step is taken.

        Raises:
            CollapseError: where every start collapses.

        Examples:
            >>> import mixnotes as mx
            >>> bag = mx.Mixture([mx.Bernoulli(0.8), mx.Bernoulli(0.3)])
            >>> bag.fit([1, 0], sample_weight=[591, 409]).weights.round(3)
            array([0.582, 0.418])
        """
        if start is None and self.blanks:  # em stands on this module
            from mixnotes.fitting.em import em

            fit = em(self, x, sample_weight=sample_weight)
            if fit.collapsed:
                raise CollapseError(fit.reason)
            return fit.mixture  # type: ignore[return-value]
        return super().fit(x, sample_weight, start)

    def _fit(self, x: Array, weight: Array, start: Self | None) -> Self:
        from mixnotes.fitting.em import em, em_step

        if start is not None:
            return em_step(self, start, x, weight) if weight.any() else start  # type: ignore[return-value]
        fit = em(self, x, sample_weight=weight, starts=1)
        if fit.collapsed:
            raise CollapseError(fit.reason)
        return fit.mixture  # type: ignore[return-value]

    # ----------------------------------------------------------------- values

    @property
    def n_free(self) -> int:
        """How many numbers are blank. K blank weights are K - 1 free numbers, and a
        shared parameter counts once.
        """
        free = sum(c.n_free for c in self.parts) + self._free_label()
        return int(free) - self._once()

    def _once(self) -> int:
        """How many blank numbers the sum over the components counts too often; a
        mixture within has taken off its own.
        """
        inner = sum(c._once() for c in self.parts if isinstance(c, Mixture))
        return counted_twice(list(leaves(self))) - inner

    def with_dimension(self, d: int) -> Self:
        """The same mixture, for data of d columns."""
        components = [
            c.with_dimension(d) if hasattr(c, "with_dimension") else c
            for c in self.parts
        ]
        return self.with_components(components)

    def inside(self, x: Array) -> NDArray[np.bool_]:
        """Which observations at least one component can produce, shape (n,)."""
        some: NDArray[np.bool_] = np.any([c.inside(x) for c in self.parts], axis=0)
        return some

    def check_support(self, x: Array, weight: Array) -> None:
        """Raise an error that names the first row that no component can produce."""
        first = self.parts[0]
        if isinstance(first, Mixture) or self.column_names is None:
            return super().check_support(x, weight)
        self._require_size(x, weight)
        self.require_unit(x, weight)
        impossible = ~self.inside(x) & (weight > 0)
        if impossible.any():  # the component says in which column
            first.check_support(x, np.where(impossible, weight, 0.0))

    def require_unit(self, x: Array, weight: Array) -> None:
        """Raise an error where x is plainly in another unit than a component takes."""
        for component in self.parts:
            component.require_unit(x, weight)

    @property
    def support(self) -> str:  # type: ignore[override]
        """The support in words."""
        return " or ".join(dict.fromkeys(c.support for c in self.parts))

    def moments(self) -> tuple[Any, Any]:
        """E[x] and Var[x]: the mean of the means, and the law of total variance.

        Examples:
            >>> import mixnotes as mx
            >>> mx.Mixture([mx.Poisson(1), mx.Poisson(3)], [0.5, 0.5]).moments()
            (2.0, 3.0)
        """
        self._require_complete("moments")
        self._require_plain("moments")
        return pooled([part.moments() for part in self.parts], self.weights)

    @property
    def has_moments(self) -> bool:
        """True where every component has a mean and a variance."""
        return all(part.has_moments for part in self.parts)

    def mean(self) -> Any:
        """E[x]: a number, or a vector (d,) where an observation is a row.

        Examples:
            >>> import mixnotes as mx
            >>> mx.Mixture([mx.Poisson(1), mx.Poisson(3)], [0.5, 0.5]).mean()
            2.0
        """
        return self.moments()[0]

    def variance(self) -> Any:
        """Var[x]: a number, or the covariance matrix (d, d).

        Examples:
            >>> import mixnotes as mx
            >>> mx.Mixture([mx.Poisson(1), mx.Poisson(3)], [0.5, 0.5]).variance()
            3.0
        """
        return self.moments()[1]

    @property
    def discrete(self) -> bool:  # type: ignore[override]
        """True where log_prob is the logarithm of a probability, not of a density."""
        return all(c.discrete for c in self.parts)

    @property
    def probable(self) -> Mapping[str | None, bool | None]:
        """For each named column, or for None where columns have no names: True where
        log_prob is the logarithm of a probability there under every component.
        """
        each = [c.probable for c in self.parts]
        return {
            column: all(kinds.get(column, False) for kinds in each)
            for column in each[0]
        }

    @property
    def atoms(self) -> Atoms:
        """For each column, the single values that have a probability of their own
        although the rest of the distribution is a density.
        """
        return joined(c.atoms for c in self.parts)

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the largest x that the support reaches."""
        each = [c.ends for c in self.parts]
        return min(low for low, _ in each), max(high for _, high in each)

    def _cdf(self, x: Array) -> Array:
        return self._averaged("cdf", x)

    def _sf(self, x: Array) -> Array:
        return self._averaged("sf", x)

    def _averaged(self, name: str, x: Array) -> Array:
        self._require_plain(name)
        each = np.array([getattr(on_line(c), name)(x) for c in self.parts])
        mean: Array = np.tensordot(self.weights, each, axes=1)
        return np.minimum(mean, 1.0)

    def _quantile(self, q: Array) -> Array:
        """By bisection between the least and the largest quantile of the components."""
        self._require_plain("quantile")
        pairs = zip(self.parts, self.weights, strict=True)
        live = [on_line(c) for c, w in pairs if w > 0]
        ends = np.array([c.quantile(q) for c in live])
        return between(self._cdf, q, ends.min(axis=0), ends.max(axis=0))

    def marginal(self, columns: Any) -> Mixture:
        """The distribution of some columns, a mixture of the components' marginals.

        Args:
            columns: numbers of columns, from 0, where the components are multivariate
                normal or t; names of columns where they are products.

        Examples:
            >>> import mixnotes as mx
            >>> cov = [[1, 0], [0, 1]]
            >>> at = [mx.MultivariateNormal(mean, cov) for mean in ([0, 0], [3, 4])]
            >>> mx.Mixture(at, [0.5, 0.5]).marginal([1]).mean()
            array([2.])
        """
        return self.with_components(
            [method_of(c, "marginal")(columns) for c in self.parts]
        )

    def conditional(self, known: Mapping[Any, Any]) -> Mixture:
        """p(the other columns | these columns have these values), for multivariate
        normal and t components, and products.

        It is a mixture again: its weights are the responsibilities given what is known,
        its components the conditional distributions.

        Args:
            known: the number of each known column, from 0, and its value; of products
                the name of the column, and its value or word.

        Examples:
            >>> import mixnotes as mx
            >>> cov = [[1, 0], [0, 1]]
            >>> at = [mx.MultivariateNormal(mean, cov) for mean in ([0, 0], [3, 4])]
            >>> mx.Mixture(at, [0.5, 0.5]).conditional({0: 3.0}).weights.round(3)
            array([0.011, 0.989])
        """
        self._require_complete("conditional")
        self._require_plain("conditional")
        pairs = [method_of(c, "conditional")(known) for c in self.parts]
        columns = sorted(known)
        there: Any = {name: [known[name]] for name in columns}
        if self.column_names is None:
            there = np.array([[float(known[j]) for j in columns]])
        level = self.marginal(columns).responsibilities(there)[0]
        return Mixture(pairs, level)

    def impute(self, x: Any) -> Array:
        """x with each gap filled by its expectation given what was seen of its row, (n,
        d).

        That is the mean over the components of E[gap | seen, z], weighted by p(z |
        seen). A filled value looks more certain than the truth is: do not fit to it
        again. A word that is missing is the most probable one; where there are words,
        columns by name come back.

        Args:
            x: rows (n, d), or columns by name, in which NaN is a gap. Rows of named
                columns come back in the order of `column_names`.

        Raises:
            ValueError: where a gap has no expectation.

        Examples:
            >>> import mixnotes as mx
            >>> import numpy as np
            >>> pair = mx.MultivariateNormal([0, 5], [[1, 0.5], [0.5, 2]])
            >>> mx.Mixture([pair]).impute([[2.0, np.nan]])
            array([[2., 6.]])
        """
        self._require_complete("impute")
        self._require_plain("impute")
        data = self._rows(x)
        filled = self.filled_in(data)
        for j, parts in self.columns_of_words.items():
            gap = np.isnan(data[:, j])
            if gap.any():
                likely = self.responsibilities(data[gap]) @ [p.probs for p in parts]
                filled[gap, j] = likely.argmax(axis=1)
        require(
            np.isfinite(filled),
            data,
            "each gap must have an expectation to be filled with, and a component that "
            "may have made it has no mean",
            "give it more degrees of freedom, or take sample",
        )
        found: Array = self.decoded(filled)
        return found

    def filled_in(self, x: Array) -> Array:
        """The rows with each gap filled by its expectation given what was seen, (n,
        d).
        """
        gap = np.isnan(x)
        filled = np.where(gap, 0.0, x)
        if not gap.any():
            return filled
        r = self.responsibilities(x)
        for share, component in zip(r.T, self.parts, strict=True):
            here = method_of(component, "filled_in")(x)
            counts = gap & (share > 0)[:, None]
            filled += np.where(counts, share[:, None] * here, 0.0)
        return filled

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
        """n independent draws, shape (n,), or rows (n, d).

        Args:
            n: how many, 0 or more.
            rng: a seed or a numpy Generator.
            labels: True to return z too, which component made each draw, shape (n,).
            covariates: the columns by name that the weights depend on, each of shape
                (n,).

        Examples:
            >>> import mixnotes as mx
            >>> bag = mx.Mixture([mx.Bernoulli(0.8), mx.Bernoulli(0.3)], [0.9, 0.1])
            >>> x, z = bag.sample(5, rng=0, labels=True)
            >>> x.shape, z.shape
            ((5,), (5,))
        """
        self._require_complete("sample")
        n, generator = as_count(n, "n", 0), as_rng(rng)
        if self.label_rule or covariates is not None:
            if covariates is None:
                raise ValueError(
                    f"sample needs covariates where {self.label_rule}; pass "
                    "covariates={column: values, ...}, n values each"
                )
            logs = self._log_gate(None, covariates, n)
            z = (logs + generator.gumbel(size=logs.shape)).argmax(axis=0)
        else:
            z = generator.choice(len(self.parts), size=n, p=self.weights)
        x = self.decoded(self._draw(z, generator))
        return (x, z) if labels else x

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        return self._draw(rng.choice(len(self.parts), size=n, p=self.weights), rng)

    def _draw(self, z: NDArray[np.intp], rng: np.random.Generator) -> Array:
        """A draw from the component of each label."""
        draws = [c._sample(int((z == k).sum()), rng) for k, c in enumerate(self.parts)]
        x = np.empty((len(z), *draws[0].shape[1:]))
        for k, drawn in enumerate(draws):
            x[z == k] = drawn
        return x

    def _rows(self, x: Any) -> Array:
        return rows_of(self.parts, x)

    def _state(self) -> dict[str, Any]:
        gate = isinstance(self.weights, Gate)
        weights = self.weights._state() if gate else plain(self._level)
        state = {"type": self.type_name(), "weights": weights}
        return state | {"components": [c._state() for c in self.parts]}

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[Any, ...]:
        weights = self.weights
        if isinstance(weights, np.ndarray):
            weights = tuple(weights.tolist())
        return self.parts, weights, self.believed

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.components, self._level)

    def __repr__(self) -> str:
        parts = ", ".join(repr(c) for c in self.components)
        if self.believed is not None:
            return f"Mixture([{parts}], weights={self.believed!r})"
        if self.weights is None:
            return f"Mixture([{parts}])"
        if isinstance(self.weights, Gate):
            return f"Mixture([{parts}], weights={self.weights!r})"
        weights = ", ".join(f"{w:.6g}" for w in self.weights)
        return f"Mixture([{parts}], weights=[{weights}])"


def leaves(mixture: Mixture) -> Iterator[Any]:
    """The components that are not mixtures themselves, those of inner mixtures
    included.
    """
    for component in mixture.parts:
        if isinstance(component, Mixture):
            yield from leaves(component)
        else:
            yield component


def _bind_beside(
    component: Component, x: Array, atoms: Atoms
) -> Callable[[Any], Array]:
    """`bound`, where some values are atoms of other components."""
    if not isinstance(component, Mixture):
        return component.bound(x)
    log_joint = component.bind_joint(x, atoms)
    return lambda filled: log_sum_exp(log_joint(filled))
