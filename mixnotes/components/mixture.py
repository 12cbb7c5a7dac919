"""A mixture: pick a component by its weight, then draw from it.

For the reader of chapters 1 and 2: everything here is Bayes' rule.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, Self, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixnotes.components.component import (
    Component,
    ComponentLike,
)
from mixnotes.components.constraints import SIMPLEX, Domain
from mixnotes.components.measure import Atoms, atoms_of, barred, joined, probable
from mixnotes.data.check import (
    CollapseError,
    Rng,
    as_count,
    as_data,
    as_numbers,
    as_rng,
    require,
)
from mixnotes.data.intervals import Binned, Censored, Intervals
from mixnotes.numeric.arrays import Array


class Mixture(Component):
    """p(x) = sum_k weights[k] p(x | z = k), for any components.

    `weights` are P(z = k), shape (K,); None is blank: they are learned. A component
    is any object with `log_prob`, `fit` and `n_free`; a mixture is one, so mixtures
    nest.

        bag = Mixture([Bernoulli(0.8), Bernoulli(0.3)])  # weights blank
    """

    components: tuple[Any, ...]
    weights: Array | None

    def __init__(
        self, components: Sequence[Any], weights: ArrayLike | None = None
    ) -> None:
        checked = _with_one_layout(_checked_components(components))
        if weights is None and len(checked) == 1:
            weights = [1.0]
        given = None if weights is None else _checked_weights(weights, len(checked))
        object.__setattr__(self, "components", checked)
        object.__setattr__(self, "weights", given)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(
            f"a Mixture is immutable, cannot set {name}; make a new one"
        )

    @property
    def column_names(self) -> tuple[str, ...] | None:  # type: ignore[override]
        """The names of the columns of a row, where the components name them."""
        names: tuple[str, ...] | None = getattr(
            self.components[0], "column_names", None
        )
        return names

    def laid_out(self, names: Sequence[str]) -> Self:
        """The same mixture with its named columns in this order."""
        parts = [component.laid_out(names) for component in self.components]
        return type(self)(parts, self.weights)

    def value_of(self, name: str) -> Any:
        """The value of a parameter, by its name in `blanks`."""
        if name == "weights":
            return self.weights
        component, rest = self._part_of(name)
        return component.value_of(rest)

    def filled(self, values: dict[str, Any]) -> Self:
        """The same mixture with these parameters set, by their names in `blanks`."""
        parts, weights = list(self.components), self.weights
        for name, value in values.items():
            if name == "weights":
                weights = value
                continue
            k, _, rest = name.removeprefix("components[").partition("].")
            parts[int(k)] = parts[int(k)].filled({rest: value})
        return type(self)(parts, weights)

    def domain_of(self, name: str) -> Domain:
        """The set that a parameter lives in, by its name in `blanks`."""
        if name == "weights":
            return SIMPLEX
        component, rest = self._part_of(name)
        found: Domain = component.domain_of(rest)
        return found

    def _part_of(self, name: str) -> tuple[Any, str]:
        """The component that a name in `blanks` is of, and its name there."""
        k, _, rest = name.removeprefix("components[").partition("].")
        return self.components[int(k)], rest

    # ------------------------------------------------------------ Bayes' rule

    def log_joint(self, x: ArrayLike) -> Array:
        """log p(x, z = k), shape (n, K)."""
        self._require_complete("log_joint")
        return self._log_joint(self._rows(x))

    def responsibilities(self, x: ArrayLike) -> Array:
        """p(z = k | x), shape (n, K); each row sums to 1."""
        self._require_complete("responsibilities")
        data = self._rows(x)
        log_joint = self._log_joint(data)
        log_prob = log_sum_exp(log_joint.T)
        if not np.isfinite(log_prob).all():
            first = int(np.argmin(np.isfinite(log_prob)))
            raise impossible(first, data[first], len(self.components))
        return np.exp(log_joint - log_prob[:, None])

    def predict(self, x: ArrayLike) -> NDArray[np.intp]:
        """The most probable component of each observation, shape (n,)."""
        labels: NDArray[np.intp] = self.responsibilities(x).argmax(axis=1)
        return labels

    def _log_joint(self, x: Array) -> Array:
        return self.bind_joint(x)(self).T

    def bind_joint(
        self, x: Array, beside: Atoms | None = None
    ) -> Callable[[Mixture], Array]:
        """log p(x, z = k), shape (K, n), as a function of a filled mixture. What lies
        on an atom, of this mixture or of one that it is in, no density can make."""
        atoms = self.atoms if beside is None else joined([self.atoms, beside])
        bound = [_bind_beside(c, x, atoms) for c in self.components]
        bars = [
            None if isinstance(c, Mixture) else barred(c, x, self.column_names, atoms)
            for c in self.components
        ]

        def log_joint(filled: Mixture) -> Array:
            joint = np.empty((len(bound), len(x)))
            for row, log_prob, bar, component in zip(
                joint, bound, bars, filled.components, strict=True
            ):
                row[:] = log_prob(component)
                if bar is not None:
                    row[bar] = -np.inf
            with np.errstate(divide="ignore"):  # a weight of 0 is log-weight -inf
                joint += np.log(filled.weights)[:, None]  # type: ignore[arg-type]
            return joint

        return log_joint

    def bind(self, x: Array) -> Callable[[Mixture], Array]:
        """log sum_k weights[k] p(x | z = k)."""
        log_joint = self.bind_joint(x)
        return lambda filled: log_sum_exp(log_joint(filled))

    # ---------------------------------------------------------------- fitting

    def with_parts(self, components: list[Any], weights: Array) -> Self:
        """A mixture from parts that need no check: the engine made them."""
        weights.setflags(write=False)
        mixture = object.__new__(type(self))
        object.__setattr__(mixture, "components", tuple(components))
        object.__setattr__(mixture, "weights", weights)
        return mixture

    def fit(
        self,
        x: ArrayLike | Binned | Censored,
        sample_weight: ArrayLike | None = None,
        start: Self | None = None,
    ) -> Self:
        """This mixture with its blanks filled by `em`; one EM step from `start`.

        An error where every start collapses; `em` reports that and more in a `Fit`.
        """
        if start is None and self.blanks:  # em stands on this module
            from mixnotes.fitting.em import em

            fit = em(self, x, sample_weight=sample_weight)
            if all(end.collapsed for end in fit.starts):
                raise CollapseError(fit.reason)
            return fit.mixture  # type: ignore[return-value]
        return super().fit(x, sample_weight, start)

    def _fit(self, x: Array, weight: Array, start: Self | None) -> Self:
        from mixnotes.fitting.em import em, em_step

        if start is not None:
            return em_step(self, start, x, weight) if weight.any() else start  # type: ignore[return-value]
        fit = em(self, x, sample_weight=weight, starts=1)
        if fit.starts[0].collapsed:
            raise CollapseError(fit.reason)
        return fit.mixture  # type: ignore[return-value]

    # ----------------------------------------------------------------- values

    @property
    def blanks(self) -> tuple[str, ...]:
        """The names of the blank parameters, `components[0].mean` and `weights`."""
        names = [
            f"components[{k}].{name}"
            for k, component in enumerate(self.components)
            for name in blanks_of(component)
        ]
        return tuple(names + ["weights"] * (self.weights is None))

    @property
    def n_free(self) -> int:
        """How many numbers are blank; K blank weights are K - 1 free numbers."""
        free_weights = 0 if self.weights is not None else len(self.components) - 1
        return int(sum(c.n_free for c in self.components)) + free_weights - self._once()

    def _once(self) -> int:
        """How many blank numbers are counted twice: what is shared, or tied."""
        found = list(leaves(self))
        sizes: dict[Any, list[int]] = {}
        for component in found:
            for name, shared in getattr(component, "shares", {}).items():
                size = component.size_of(name)
                sizes.setdefault((name, shared), []).append(size)
        twice = sum(sum(each[1:]) for each in sizes.values())
        twice += sum(alike[0].saved_by_ties(alike) for alike in tied(found))
        inner = [c._once() for c in self.components if isinstance(c, Mixture)]
        return twice - sum(inner)  # which their own counts leave out

    def sized(self, d: int) -> Self:
        """The same mixture, for data of d columns."""
        components = [c.sized(d) if hasattr(c, "sized") else c for c in self.components]
        return type(self)(components, self.weights)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names that `blank` takes: `weights`, and those of the components."""
        names = [n for c in self.components for n in getattr(c, "parameters", ())]
        return tuple(dict.fromkeys([*names, "weights"]))

    def blank(self, *names: str) -> Self:
        """The same mixture with these parameters blank, in every component.

        Without names all parameters of all components become blank, and the weights.
        """
        components = []
        for component in self.components:
            known = getattr(component, "parameters", ())
            mine = [name for name in known if name in names] if names else known
            if mine:
                component = component.blank(*(mine if names else ()))
            components.append(component)
        unknown = sorted(set(names) - set(self.parameters))
        if unknown:
            raise ValueError(
                f"blank takes parameters of the components, or 'weights'; got "
                f"{', '.join(unknown)}"
            )
        free = not names or "weights" in names
        return type(self)(components, None if free else self.weights)

    def inside(self, x: Array) -> NDArray[np.bool_]:
        """Which observations at least one component can produce, shape (n,)."""
        tests = [getattr(c, "inside", None) for c in self.components]
        columns = [t(x) if t else np.ones(len(x), dtype=bool) for t in tests]
        some: NDArray[np.bool_] = np.any(columns, axis=0)
        return some

    def check_support(self, x: Array, weight: Array) -> None:
        """Raise an error that names the first row that no component can produce."""
        first = self.components[0]
        if isinstance(first, Mixture) or self.column_names is None:
            return super().check_support(x, weight)
        self._require_size(x, weight)
        self.require_unit(x, weight)
        impossible = ~self.inside(x) & (weight > 0)
        if impossible.any():  # the component says in which column
            first.check_support(x, np.where(impossible, weight, 0.0))

    def require_unit(self, x: Array, weight: Array) -> None:
        """Raise an error where x is plainly in another unit than a component takes."""
        for component in self.components:
            if isinstance(component, Component):
                component.require_unit(x, weight)

    @property
    def edges_move(self) -> bool:  # type: ignore[override]
        """Does the support of some component end where a blank parameter says?"""
        return any(getattr(c, "edges_move", False) for c in self.components)

    @property
    def support(self) -> str:  # type: ignore[override]
        """The support in words."""
        words = [getattr(c, "support", "anything") for c in self.components]
        return " or ".join(dict.fromkeys(words))

    def moments(self) -> tuple[Any, Any]:
        """E[x] and Var[x]: the mean of the means, and the law of total variance."""
        self._require_complete("moments")
        each = [moments_of(component) for component in self.components]
        if np.ndim(each[0][0]):
            return self._moments_of_rows(each)
        means, variances = np.array(each).T
        mean = float(self.weights @ means)
        spread = variances + (means - mean) ** 2
        return mean, float(self.weights @ spread)

    def _moments_of_rows(self, each: list[tuple[Any, Any]]) -> tuple[Any, Any]:
        """The same for vectors: a mean vector and a covariance matrix."""
        means = np.array([mean for mean, _ in each])
        mean = self.weights @ means
        aside = means - mean
        spread = np.array([cov for _, cov in each])
        spread = spread + aside[:, :, None] * aside[:, None, :]
        return mean, np.tensordot(self.weights, spread, axes=1)  # type: ignore[arg-type]

    def mean(self) -> Any:
        """E[x]: a number, or a vector (d,) where an observation is a row."""
        return self.moments()[0]

    def variance(self) -> Any:
        """Var[x]: a number, or the covariance matrix (d, d)."""
        return self.moments()[1]

    @property
    def discrete(self) -> bool:  # type: ignore[override]
        """Is log_prob a probability, not a density?"""
        return all(getattr(c, "discrete", False) for c in self.components)

    @property
    def probable(self) -> Mapping[str | None, bool | None]:
        """By column, is log_prob there that of a probability, under all components?"""
        each = [probable(c) for c in self.components]
        return {
            column: all(kinds.get(column, False) for kinds in each)
            for column in each[0]
        }

    @property
    def atoms(self) -> Atoms:
        """The single values, by column, that have a probability beside densities."""
        return joined(map(atoms_of, self.components))

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the largest x that the support reaches."""
        each = [getattr(c, "ends", (-math.inf, math.inf)) for c in self.components]
        return min(low for low, _ in each), max(high for _, high in each)

    def _cdf(self, x: Array) -> Array:
        return self._averaged("cdf", x)

    def _sf(self, x: Array) -> Array:
        return self._averaged("sf", x)

    def _averaged(self, name: str, x: Array) -> Array:
        each = np.array([_method(c, name)(x) for c in self.components])
        mean: Array = np.tensordot(self.weights, each, axes=1)  # type: ignore[arg-type]
        return np.minimum(mean, 1.0)

    def _quantile(self, q: Array) -> Array:
        """Between the quantiles of the components; halved until floats end."""
        live = [c for c, w in zip(self.components, self.weights, strict=True) if w > 0]  # type: ignore[arg-type]
        ends = np.array([_method(c, "quantile")(q) for c in live])
        return _bisected(self._cdf, q, ends.min(axis=0), ends.max(axis=0))

    def marginal(self, columns: Any) -> Mixture:
        """The distribution of some columns: numbers of columns where the components are
        normal, names where they are products."""
        parts = [_method(c, "marginal")(columns) for c in self.components]
        return Mixture(parts, self.weights)

    def conditional(self, known: Mapping[int, float]) -> Mixture:
        """p(the other columns | these have these values), for normal components.

        known: column to value. A mixture again: its weights are the responsibilities
        given what is known, its components the conditional normals.
        """
        self._require_complete("conditional")
        pairs = [_method(c, "conditional")(known) for c in self.components]
        columns = sorted(known)
        there = np.array([[float(known[j]) for j in columns]])
        level = self.marginal(columns).responsibilities(there)[0]
        return Mixture(pairs, level)

    def impute(self, x: Any) -> Array:
        """x with each gap filled by its expectation given what was seen of its row,
        shape (n, d): the mean over components of E[gap | seen, z], each counted by
        p(z | seen). Rows of named columns come back in the order of `column_names`.

        A filled value is more certain than the truth: do not fit to it again.
        """
        self._require_complete("impute")
        data = self._rows(x)
        filled = self.filled_in(data)
        require(
            np.isfinite(filled),
            data,
            "each gap must have an expectation to be filled with, and a component that "
            "may have made it has no mean",
            "give it more degrees of freedom, or take sample",
        )
        return filled

    def filled_in(self, x: Array) -> Array:
        """The rows with each gap at its expectation given what was seen, (n, d)."""
        gap = np.isnan(x)
        filled = np.where(gap, 0.0, x)
        if not gap.any():
            return filled
        r = self.responsibilities(x)
        for share, component in zip(r.T, self.components, strict=True):
            here = _method(component, "filled_in")(x)
            counts = gap & (share > 0)[:, None]
            filled += np.where(counts, share[:, None] * here, 0.0)
        return filled

    @overload
    def sample(self, n: int, rng: Rng, labels: Literal[False] = False) -> Array: ...
    @overload
    def sample(
        self, n: int, rng: Rng, labels: Literal[True]
    ) -> tuple[Array, NDArray[np.intp]]: ...
    def sample(
        self, n: int, rng: Rng, labels: bool = False
    ) -> Array | tuple[Array, NDArray[np.intp]]:
        """n independent draws; with `labels=True` also z, which component made each."""
        self._require_complete("sample")
        x, z = self._draw(as_count(n, "n", 0), as_rng(rng))
        return (x, z) if labels else x

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        return self._draw(n, rng)[0]

    def _draw(self, n: int, rng: np.random.Generator) -> tuple[Array, NDArray[np.intp]]:
        z = rng.choice(len(self.components), size=n, p=self.weights)
        draws = [
            np.asarray(c.sample(int((z == k).sum()), rng))
            for k, c in enumerate(self.components)
        ]
        x = np.empty((n, *draws[0].shape[1:]))
        for k, drawn in enumerate(draws):
            x[z == k] = drawn
        return x, z

    def _rows(self, x: Any) -> Array:
        if isinstance(x, Binned | Censored) and self.column_names is not None:
            raise TypeError(
                f"binned and censored data are of one number an observation, and the "
                f"components take the columns {', '.join(self.column_names)}; leave "
                "out those rows, or fit the column alone"
            )
        if isinstance(x, Binned | Censored):
            return x.rows
        if isinstance(x, Intervals):
            return x
        data = None
        seen = set()
        for component in self.components:
            named = getattr(component, "column_names", None) is not None
            kind = type(component), getattr(component, "d", None)
            if not isinstance(component, Component) or kind in seen:
                continue
            if not (named or isinstance(component, Mixture)):
                seen.add(kind)  # its like would say the same of x
            found = component._rows(x if data is None else data)
            data = found if data is None else data
        return as_data(x) if data is None else data

    def _state(self) -> dict[str, Any]:
        foreign = [c for c in self.components if not isinstance(c, Component)]
        if foreign:
            raise TypeError(
                f"only mixnotes components save as JSON, got {foreign[0]!r}; derive "
                "your class from mixnotes.Component, or pickle it"
            )
        state = {"type": self.type_name(), "weights": self.weights}
        if self.weights is not None:
            state["weights"] = self.weights.tolist()
        return state | {"components": [c._state() for c in self.components]}

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[Any, ...]:
        weights = None if self.weights is None else tuple(self.weights.tolist())
        return self.components, weights

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.components, self.weights)

    def __repr__(self) -> str:
        parts = ", ".join(repr(c) for c in self.components)
        if self.weights is None:
            return f"Mixture([{parts}])"
        weights = ", ".join(f"{w:.6g}" for w in self.weights)
        return f"Mixture([{parts}], weights=[{weights}])"


# ------------------------------------- the contract, for our components and a reader's


def leaves(mixture: Mixture) -> Iterator[Any]:
    """The components that are no mixtures, of mixtures within too."""
    for component in mixture.components:
        if isinstance(component, Mixture):
            yield from leaves(component)
        else:
            yield component


def bind_of(component: ComponentLike, x: Array) -> Callable[[Any], Array]:
    """log p(x), shape (n,), as a function of a filled component like this one."""
    if isinstance(component, Component):
        return component.bound(x)
    return lambda filled: _log_prob_of_foreign(filled, x)


def _bind_beside(component: Any, x: Array, atoms: Atoms) -> Callable[[Any], Array]:
    """`bind_of`, where some values have a probability under other components."""
    if not isinstance(component, Mixture):
        return bind_of(component, x)
    log_joint = component.bind_joint(x, atoms)
    return lambda filled: log_sum_exp(log_joint(filled))


def _log_prob_of_foreign(component: ComponentLike, x: Array) -> Array:
    values = np.asarray(component.log_prob(x), dtype=np.float64)
    if values.shape != (len(x),) or np.isnan(values).any():
        raise ValueError(
            f"log_prob of {component!r} must give one number an observation, shape "
            f"({len(x)},), none of them NaN; got shape {values.shape} with "
            f"{int(np.isnan(values).sum())} NaN"
        )
    return values


def fit_of(component: ComponentLike, x: Array, weight: Array, start: Any) -> Any:
    """One component filled by its own weighted fit."""
    if not component.n_free:
        return component
    if isinstance(component, Component):
        return component.filled_to(x, weight, start)
    if start is not None and not weight.any():  # nothing was assigned here
        return start
    return component.fit(x, sample_weight=weight, start=start)


def blanks_of(component: ComponentLike) -> tuple[str, ...]:
    """The names of a component's blank parameters; empty for a reader's own class."""
    return component.blanks if isinstance(component, Component) else ()


def learns(component: ComponentLike) -> bool:
    """Has a component a blank? How many may depend on data that are still to come."""
    if isinstance(component, Component):
        return bool(component.blanks)
    return component.n_free > 0


def moments_of(component: Any) -> tuple[float, float]:
    """E[x] and Var[x] of one component."""
    if not hasattr(component, "moments"):
        raise TypeError(f"{component!r} must have moments() for a mean or a variance")
    mean, variance = component.moments()
    return mean, variance


def _method(component: Any, name: str) -> Any:
    """A method that not every component has."""
    if not hasattr(component, name):
        raise TypeError(
            f"every component must have {name}(), and {component!r:.80} has none"
        )
    return getattr(component, name)


def _bisected(
    cdf: Callable[[Array], Array], level: Array, low: Array, high: Array
) -> Array:
    """The least x between low and high with cdf(x) >= level."""
    high = np.where(cdf(low) >= level, low, high)
    for _ in range(2200):  # halvings between the largest float and the smallest
        open_ = low < high
        middle = np.where(open_, 0.5 * low + 0.5 * high, high)
        enough = cdf(middle) >= level
        moved = open_ & (middle > low) & (middle < high)
        if not moved.any():
            break
        high = np.where(moved & enough, middle, high)
        low = np.where(moved & ~enough, middle, low)
    return high


def impossible(position: int, value: Any, k: int) -> ValueError:
    """The error for an observation that no component can produce."""
    return ValueError(
        "each observation must be possible under at least one component, got "
        f"x[{position}] = {value} with probability 0 under all {k}; mend it, or add a "
        "component for it"
    )


def tied(components: Iterable[Any]) -> list[list[Any]]:
    """The components whose covariances are bound to each other, those of one model
    together; of products the parts in one place."""
    found: dict[Any, list[Any]] = {}
    for component in components:
        parts = getattr(component, "parts", None)
        whole = {None: component}
        for key, part in (parts if isinstance(parts, Mapping) else whole).items():
            if getattr(part, "ties", False):
                found.setdefault((key, part.model), []).append(part)
    return list(found.values())


def log_sum_exp(a: Array) -> Array:
    """log sum_k exp(a[k]), shape (n,); -inf where a whole column is -inf."""
    top = a.max(axis=0)
    if not np.isfinite(top).all():
        top = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        total: Array = top + np.log(np.exp(a - top).sum(axis=0))
    return total


def _checked_components(components: Sequence[Any]) -> tuple[Any, ...]:
    if not isinstance(components, Sequence):
        raise TypeError(
            f"components must be a list of components, got {components!r:.80}; "
            "write Mixture([first, second])"
        )
    if not len(components):
        raise ValueError("a mixture must have at least one component, got none")
    for k, component in enumerate(components):
        ours = isinstance(component, Component)
        if not (ours or _meets_contract(component)):
            raise TypeError(
                f"components[{k}] must have log_prob, fit and n_free, got "
                f"{component!r:.80}; see chapter 6 for a component of your own"
            )
    return tuple(components)


def _with_one_layout(components: tuple[Any, ...]) -> tuple[Any, ...]:
    """The components, with columns that have names in the order of the first."""
    names = [getattr(c, "column_names", None) for c in components]
    if not any(names):
        return components
    for k, mine in enumerate(names):
        if mine is None or names[0] is None or set(mine) != set(names[0]):
            raise ValueError(
                "the components of a mixture must describe the same columns, got "
                f"{names[0]} in components[0] and {mine} in components[{k}]; give what "
                "a component does not depend on a coefficient of 0, and what it does "
                "not describe a family"
            )
    return tuple(
        c if mine == names[0] else c.laid_out(names[0])
        for c, mine in zip(components, names, strict=True)
    )


def _meets_contract(component: Any) -> bool:
    needed = ("log_prob", "fit", "n_free")
    return not isinstance(component, type) and all(
        hasattr(component, n) for n in needed
    )


def _checked_weights(weights: ArrayLike, k: int) -> Array:
    values = as_numbers(weights, "weights")
    if values.shape != (k,):
        raise ValueError(
            f"weights must be one number a component, shape ({k},), got shape "
            f"{values.shape}"
        )
    total = values.sum()
    proper = np.isfinite(values).all() and (values >= 0).all() and abs(total - 1) < 1e-8
    if not proper:
        raise ValueError(
            f"weights must be non-negative and sum to 1, got {values.tolist()} "
            f"(sum {total:g}); divide them by their sum, or leave them out to have "
            "them learned"
        )
    values.setflags(write=False)
    return values
