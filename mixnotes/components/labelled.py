"""How the labels of a mixture are drawn, and what is known of them given the data.

For the reader of chapters 1 and 2: everything here is Bayes' rule.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixnotes.components.component import Component
from mixnotes.components.composite import Composite
from mixnotes.components.constraints import SIMPLEX, VECTOR, Constraint
from mixnotes.components.gate import Gate
from mixnotes.components.parts import impossible
from mixnotes.data.check import as_weights
from mixnotes.data.intervals import Censored
from mixnotes.data.words import columns_of, group_of
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.special import log_sum_exp
from mixnotes.numeric.units import summed


class Labelled(Composite):
    """Components, one of which makes each row: which one is the label of the row."""

    parts: tuple[Component, ...]
    weights: Any  # (K,), a Gate, or None

    @abstractmethod
    def bind_joint(self, x: Array) -> Callable[[Any], Array]:
        """log p(x, z = k), shape (K, n), as a function of a filled mixture; without
        weights where these depend on columns.
        """

    @abstractmethod
    def with_weights(self, weights: Any) -> Any:
        """The mixture of the same components with these weights."""

    # ------------------------------------------------------- how labels are drawn

    @property
    def own(self) -> Mapping[str, Constraint]:  # type: ignore[override]
        """The parameters that are of no component: the weights, or the coefficients
        that they depend on.
        """
        if isinstance(self.weights, Gate):
            return {f"weights.{name}": VECTOR for name in self.weights.named}
        return {"weights": SIMPLEX}

    def _own(self) -> dict[str, Any]:
        if not isinstance(self.weights, Gate):
            return {"weights": self.weights}
        blank = set(self.weights.blanks)
        items = self.weights.named.items()
        return {f"weights.{n}": None if n in blank else v for n, v in items}

    def value_of(self, name: str) -> Any:
        """The value of a parameter, by its name in `blanks`."""
        if isinstance(self.weights, Gate) and name in self.own:
            return self.weights.named[name.removeprefix("weights.")]
        return super().value_of(name)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names that `blank` takes, "weights" for all that says how labels are
        drawn.
        """
        return tuple(dict.fromkeys([*super().parameters, "weights"]))

    def blank(self, *names: str) -> Self:
        """The same mixture with these parameters blank, to be learned anew.

        Args:
            *names: names of parameters, as in `parameters`; all of them if none is
                named.

        Examples:
            >>> import mixnotes as mx
            >>> bag = mx.Mixture([mx.Bernoulli(0.8), mx.Bernoulli(0.3)], [0.5, 0.5])
            >>> bag.blank("weights")
            Mixture([Bernoulli(p=0.8), Bernoulli(p=0.3)])
        """
        if "weights" in names:
            rest = [name for name in names if name != "weights"]
            names = tuple(dict.fromkeys([*rest, *self.own]))
        return super().blank(*names)

    def _free_label(self) -> int:
        """How many of the numbers are blank that say how labels are drawn."""
        if isinstance(self.weights, Gate):
            return self.weights.n_free
        return 0 if self.weights is not None else len(self.parts) - 1

    def is_given(self, name: str, shape: tuple[int, ...]) -> NDArray[np.bool_]:
        """Which entries of a blank are given, in its shape; of most none."""
        if isinstance(self.weights, Gate) and name in self.own:
            place = list(self.own).index(name)
            given: NDArray[np.bool_] = self.weights.places[:, place] < 0
            return given
        return np.zeros(shape, dtype=bool)

    @property
    def label_rule(self) -> str:
        """What weights depend on, in words; "" where they are the same for all rows."""
        if not isinstance(self.weights, Gate):
            return ""
        return f"weights depend on the columns {', '.join(self.weights.columns)}"

    @property
    def label_given(self) -> Any:
        """What says how labels are drawn, where it is not blank weights; else None."""
        return self.weights

    @property
    def label_value(self) -> Array:
        """What says how labels are drawn, as one array: weights (K,), coefficients."""
        weights = self.weights
        return weights.matrix if isinstance(weights, Gate) else np.array(weights)

    @property
    def label_symmetric(self) -> bool:
        """Would the model be the same with its components in another order?"""
        weights = self.weights
        return weights.is_symmetric if isinstance(weights, Gate) else weights is None

    def level_label(self) -> Array:
        """The same where it is known, and level where it is not."""
        if isinstance(self.weights, Gate):
            return self.weights.matrix
        K = len(self.parts)
        level: Array = np.full(K, 1 / K) if self.weights is None else self.weights
        return level

    @property
    def unweighted(self) -> Any:
        """The mixture of the same components with weights that are plain numbers."""
        if not self.label_rule:
            return self
        return self.with_weights(np.full(len(self.parts), 1 / len(self.parts)))

    def at(self, covariates: Mapping[str, Any]) -> Any:
        """The mixture that a row of these columns is from, its weights plain numbers.

        Args:
            covariates: one value for each column that the weights depend on.

        Examples:
            >>> import mixnotes as mx
            >>> two = [mx.Normal(0, 1), mx.Normal(5, 1)]
            >>> gate = mx.Gate({"age": [0, 0.1]}, intercept=[0, -4])
            >>> mx.Mixture(two, weights=gate).at({"age": 40}).weights
            array([0.5, 0.5])
        """
        if not isinstance(self.weights, Gate):
            return self
        self._require_complete("at")
        row = {name: [value] for name, value in covariates.items()}
        logs = self._log_gate(None, row, 1)
        return self.with_weights(np.exp(logs[:, 0]))

    def require_label_kept(self, filled: Any, name: str) -> None:
        """Raise an error unless a filled mixture has all that this one gives of how
        labels are drawn.
        """
        given, seen = self.weights, filled.weights
        if isinstance(given, Gate) or isinstance(seen, Gate):
            _require_kept_gate(given, seen, name)
        elif given is not None and not np.allclose(given, seen, rtol=0, atol=1e-12):
            raise ValueError(
                f"{name} must keep the weights that mixture gives, {given}, got {seen}"
            )

    def label_lines(self) -> list[str]:
        """What weights depend on, as lines below a table."""
        gate = self.weights
        if not isinstance(gate, Gate):
            return []
        width = max(map(len, gate.named))
        return [
            "weights are exp(eta) over their sum, eta of each component linear in:"
        ] + [
            f"  {name:>{width}}  {'  '.join(f'{v:9.4f}' for v in values)}"
            for name, values in gate.named.items()
        ]

    def _log_gate(self, x: Any, covariates: Any, n: int) -> Array:
        """log P(z = k) of each row beside the weights that are numbers, (K, n) or
        0.
        """
        gate = self.weights
        if not isinstance(gate, Gate):
            if covariates is not None:
                raise ValueError(
                    "covariates must be left out where the weights depend on no "
                    "columns; write Mixture(components, weights=Gate([...]))"
                )
            return np.zeros(())
        return gate.log_weights(columns_of(gate.columns, x, covariates, n), n)

    def _require_plain(self, what: str) -> None:
        if self.label_rule:
            raise TypeError(
                f"{what} needs weights that are numbers, and here the "
                f"{self.label_rule}; take those of one row: "
                f".at({{column: value, ...}}).{what}(...)"
            )

    # ------------------------------------------------------------ Bayes' rule

    def log_joint(self, x: ArrayLike, covariates: Any = None) -> Array:
        """log p(x, z = k), shape (n, K), in nats.

        Args:
            x: observations, shape (n,), rows (n, d), or columns by name.
            covariates: the columns by name that the weights depend on, where x does not
                hold them.

        Examples:
            >>> import mixnotes as mx
            >>> import numpy as np
            >>> bag = mx.Mixture([mx.Bernoulli(0.8), mx.Bernoulli(0.3)], [0.5, 0.5])
            >>> np.exp(bag.log_joint([1, 0])).round(3)
            array([[0.4 , 0.15],
                   [0.1 , 0.35]])
        """
        self._require_complete("log_joint")
        return self._joint(x, self._rows(x), covariates).T

    def _joint(self, x: Any, data: Array, covariates: Any) -> Array:
        """log p(x, z = k), (K, n), where `data` are the rows of x."""
        joint = self.bind_joint(data)(self)
        joint += self._log_gate(x, covariates, len(data))
        return joint

    def log_prob(self, x: ArrayLike | Censored, covariates: Any = None) -> Array:
        """log p(x), shape (n,), in nats; -inf outside the support.

        Args:
            x: observations, shape (n,), rows (n, d), or columns by name. Where it is
                `Censored`, the result is the log of the probability of each interval.
            covariates: the columns by name that the weights depend on, where x does not
                hold them.

        Raises:
            ValueError: where a parameter is blank.

        Examples:
            >>> import mixnotes as mx
            >>> import numpy as np
            >>> bag = mx.Mixture([mx.Bernoulli(0.8), mx.Bernoulli(0.3)], [0.5, 0.5])
            >>> np.exp(bag.log_prob([1, 0])).round(3)
            array([0.55, 0.45])
        """
        if not (self.label_rule or covariates is not None):
            return super().log_prob(x)
        self._require_complete("log_prob")
        return log_sum_exp(self._joint(x, self._rows(x), covariates))

    def responsibilities(
        self,
        x: ArrayLike,
        covariates: Any = None,
        groups: Any = None,
        sample_weight: ArrayLike | None = None,
    ) -> Array:
        """p(z = k | x), shape (n, K); each row sums to 1.

        Args:
            x: observations, shape (n,), rows (n, d), or columns by name.
            covariates: the columns by name that the weights depend on, where x does not
                hold them.
            groups: which rows have one label, the name of a column or values (n,); all
                rows of a group then have the same responsibilities. Each row has a
                label of its own if left out.
            sample_weight: how often each row counts in its group, shape (n,); once if
                left out.

        Raises:
            ValueError: where an observation is impossible under every component.

        Examples:
            >>> import mixnotes as mx
            >>> bag = mx.Mixture([mx.Bernoulli(0.8), mx.Bernoulli(0.3)], [0.5, 0.5])
            >>> bag.responsibilities([1, 0]).round(3)
            array([[0.727, 0.273],
                   [0.222, 0.778]])
        """
        self._require_complete("responsibilities")
        data = self._rows(x)
        if groups is None:
            log_joint = self._joint(x, data, covariates).T
        else:
            log_joint = self._grouped(x, data, covariates, groups, sample_weight).T
        log_prob = log_sum_exp(log_joint.T)
        if not np.isfinite(log_prob).all():
            first = int(np.argmin(np.isfinite(log_prob)))
            raise impossible(first, data[first], len(self.parts))
        return np.exp(log_joint - log_prob[:, None])

    def _grouped(
        self, x: Any, data: Array, covariates: Any, groups: Any, sample_weight: Any
    ) -> Array:
        """The log-joint of the group that each row is in, (K, n)."""
        group = group_of(groups, x, covariates, len(data))
        weight = as_weights(sample_weight, len(data))
        K = len(self.parts)
        level = self.bind_joint(data)(self.with_weights(np.full(K, 1 / K)))
        joint = summed((level + np.log(K)) * weight, group)[:, group]
        if isinstance(self.weights, Gate):
            return joint + self._log_gate(x, covariates, len(data))
        with np.errstate(divide="ignore"):
            found: Array = joint + np.log(self.weights)[:, None]
        return found

    def predict(
        self,
        x: ArrayLike,
        covariates: Any = None,
        groups: Any = None,
        sample_weight: ArrayLike | None = None,
    ) -> NDArray[np.intp]:
        """The most probable component of each observation, shape (n,), whole numbers
        from 0.

        Args:
            x: observations, shape (n,), rows (n, d), or columns by name.
            covariates: the columns by name that the weights depend on, where x does not
                hold them.
            groups: which rows have one label, the name of a column or values (n,). Each
                row has a label of its own if left out.
            sample_weight: how often each row counts in its group, shape (n,); once if
                left out.

        Examples:
            >>> import mixnotes as mx
            >>> two = mx.Mixture([mx.Normal(0, 1), mx.Normal(5, 1)], [0.5, 0.5])
            >>> two.predict([-1.0, 4.0, 2.0])
            array([0, 1, 0])
        """
        shares = self.responsibilities(x, covariates, groups, sample_weight)
        labels: NDArray[np.intp] = shares.argmax(axis=1)
        return labels


def _require_kept_gate(given: Any, seen: Any, name: str) -> None:
    """Raise an error unless a filled gate has the columns of another, and what it
    gives."""
    alike = isinstance(given, Gate) and isinstance(seen, Gate)
    if not alike or list(given.named) != list(seen.named):
        raise ValueError(
            f"{name} must have weights that depend on the columns that mixture's do, "
            f"{given!r}, got {seen!r}"
        )
    known = given.places < 0
    if not np.allclose(given.matrix[known], seen.matrix[known], rtol=0, atol=1e-12):
        raise ValueError(
            f"{name} must keep the coefficients that mixture gives, {given!r}, got "
            f"{seen!r}"
        )
