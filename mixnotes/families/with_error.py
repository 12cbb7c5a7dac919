"""Values that were measured with a normal error, whose size is known for each.

What is learned is the distribution of the true values: extreme deconvolution.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixnotes.components import vector
from mixnotes.components.belief import is_weighed, within_bounds
from mixnotes.components.component import Component
from mixnotes.components.composite import Composite
from mixnotes.components.constraints import LOG_POSITIVE
from mixnotes.components.posterior import climbed, highest_within
from mixnotes.data import table
from mixnotes.data.check import CollapseError, as_data
from mixnotes.families.multivariate import MultivariateNormal
from mixnotes.families.normal import Normal
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.special import LOG_2_PI

_ROUNDS = 3  # of EM over the true values, in each step
_MOST = 20_000  # and of a fit by itself
_STILL = 1e-12  # relative; a round that moves less is the last
_NOTHING = 1e-3  # of the smallest error: a spread below it is none
_LEAST = 1e-10  # of the spread of what was measured; a smaller sd counts as 0


class WithError(Composite):
    """WithError(component, error): values of a normal component, each measured with a
    normal error of its own, whose sd or covariance is known.

    The component is that of the true values: an observation x_i with error covariance
    S_i has the density N(x_i; mean, cov + S_i).

    x is columns by name, of which `error` names those of the sds, and the others are
    the measured values; or rows as `WithError.rows` makes them.

    Source: Bovy, Hogg and Roweis (2011), Extreme deconvolution, equations 8 to 16.

    Args:
        component: a `Normal`, or a `MultivariateNormal` whose covariance is "full",
            "diagonal" or "spherical".
        error: the name of the column of the sds of the errors, in the unit of x; in d
            dimensions d names; None where x is rows.
        of: the names of the columns that were measured, in the same order; all others
            if left out.

    Examples:
        >>> import mixnotes as mx
        >>> x = {"value": [1.0, 2.0, 4.0, 9.0], "sd": [0.5, 0.5, 1.0, 3.0]}
        >>> found = mx.WithError(mx.Normal(), "sd").fit(x)
        >>> print(f"{found.component.mean:.2f} {found.component.sd:.2f}")
        2.52 1.18
    """

    component: Any
    """The distribution of the true values."""
    error: tuple[str, ...] | None
    """The columns of the sds of the errors."""
    measured_as: tuple[str, ...] | None
    """The columns of the measured values."""

    def __init__(
        self,
        component: Any,
        error: str | Sequence[str] | None = None,
        of: str | Sequence[str] | None = None,
    ) -> None:
        if not isinstance(component, Normal | MultivariateNormal):
            raise TypeError(
                "WithError takes a Normal or a MultivariateNormal, got "
                f"{component!r:.80}"
            )
        allowed = ("VVV", "VVI", "VII")
        if isinstance(component, MultivariateNormal) and component.model not in allowed:
            raise ValueError(
                'WithError: covariance must be "full", "diagonal" or "spherical", got '
                f"{component.covariance!r}"
            )
        names = [_names("error", error), _names("of", of)]
        self._set(component, *names)

    def _set(self, component: Any, error: Any, of: Any) -> None:
        self.__dict__.update(component=component, error=error, measured_as=of)
        if error is None or of is None:
            return
        if len(error) != len(of) or set(error) & set(of):
            raise ValueError(
                "WithError: there must be a column of errors for each that was "
                f"measured, got {list(error)} for {list(of)}"
            )
        if isinstance(component, Normal) and len(of) > 1:
            raise ValueError(
                f"WithError: a Normal takes one column, got {list(of)}; take a "
                "MultivariateNormal"
            )
        self.__dict__["column_names"] = (*of, *error)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(
            f"a WithError is immutable, cannot set {name}; make a new one"
        )

    # -------------------------------------------------------------------- the rows

    column_names: tuple[str, ...] | None = None

    @staticmethod
    def rows(x: ArrayLike, error: ArrayLike) -> Array:
        """Measured values and their errors as rows, (n, d + d * d) or, of one number,
        (n, 2).

        Args:
            x: what was measured, shape (n,), or rows (n, d).
            error: the sds of the errors, shape (n,) or (n, d); or their covariances,
                (n, d, d).

        Examples:
            >>> import mixnotes as mx
            >>> mx.WithError.rows([1.0, 2.0], [0.1, 0.3]).shape
            (2, 2)
            >>> mx.WithError.rows([[1.0, 2.0]], [[0.1, 0.3]]).tolist()
            [[1.0, 2.0, 0.010000000000000002, 0.0, 0.0, 0.09]]
        """
        values = as_data(x)
        sizes = np.asarray(error, dtype=np.float64)
        if values.ndim == 1:
            if sizes.shape != values.shape:
                raise ValueError(
                    f"error must be one sd for each x, shape {values.shape}, got "
                    f"{sizes.shape}"
                )
            return np.column_stack([values, sizes])
        n, d = values.shape
        if sizes.shape == (n, d):
            sizes = np.eye(d) * (sizes * sizes)[:, None, :]
        if sizes.shape != (n, d, d):
            raise ValueError(
                f"error must be sds, shape {(n, d)}, or covariances, {(n, d, d)}, got "
                f"{sizes.shape}"
            )
        return np.concatenate([values, sizes.reshape(n, d * d)], axis=1)

    def with_columns(self, names: Sequence[str] | None) -> Self:
        """The same component, for data of these columns: it takes those that are no
        errors for measured.
        """
        if self.error is None or self.measured_as is not None or names is None:
            return self
        lacking = [name for name in self.error if name not in names]
        others = tuple(name for name in names if name not in self.error)
        if lacking or len(others) != len(self.error):
            raise ValueError(
                f"WithError: x must have the columns {', '.join(self.error)} and as "
                f"many others, got {', '.join(names)}; name the others by of="
            )
        found = object.__new__(type(self))
        found._set(self.component, self.error, others)
        return found

    def _rows(self, x: Any) -> Array:
        named = self.with_columns(table.column_names(x))
        if named.column_names is not None:
            return table.rows(x, named.column_names, gaps=False)
        data = as_data(x)
        if data.ndim != 2:
            raise ValueError(
                "WithError: x must be columns by name, or rows as WithError.rows makes "
                f"them, got an array of shape {data.shape}"
            )
        self.with_dimension(data.shape[1])
        return data

    @property
    def has_sds(self) -> bool:
        """True where a row holds sds, False where it holds a covariance."""
        return isinstance(self.component, Normal) or self.error is not None

    def _dimension(self, width: int) -> int:
        """How many numbers of a row of this width were measured."""
        return width // 2 if self.has_sds else (math.isqrt(4 * width + 1) - 1) // 2

    def _parts(self, x: Array) -> tuple[Array, Array]:
        """What was measured, (n, d), and the covariances of the errors, (n, d, d)."""
        d = self._dimension(x.shape[1])
        if self.has_sds:
            return x[:, :d], np.eye(d) * (x[:, d:] ** 2)[:, None, :]
        return x[:, :d], x[:, d:].reshape(len(x), d, d)

    def with_dimension(self, d: int) -> Self:
        """This component for rows of so many numbers."""
        size, inner = self._dimension(d), self.component
        fine = d == 2 * size if self.has_sds else d == size + size * size
        if isinstance(inner, Normal):
            fine = d == 2
        elif fine:
            inner = inner.with_dimension(size)
        if not fine:
            raise ValueError(
                f"WithError: rows of {d} numbers hold no errors; make them by "
                "WithError.rows(x, error)"
            )
        return self.remade({"": inner}, {})

    @property
    def probable(self) -> Mapping[str | None, bool | None]:
        """No column has a probability."""
        return dict.fromkeys(self.column_names or (None,), False)

    # ------------------------------------------------------------------- the whole

    @property
    def children(self) -> Mapping[str, Component]:
        """The component, by what the names of its blanks begin with here."""
        return {"component.": self.component}

    def remade(self, children: Mapping[str, Component], own: Mapping[str, Any]) -> Self:
        """The same errors about another component."""
        found = object.__new__(type(self))
        found.__dict__.update(self.__dict__)
        found.__dict__["component"] = next(iter(children.values()))
        return found

    @property
    def n_free(self) -> int:
        """How many numbers are blank."""
        free: int = self.component.n_free
        return free

    has_line = True

    def measured(self, filled: Self, scale: float) -> Array | None:
        """The values of the blanks; what has the data's unit is divided by `scale`."""
        return vector.measured(self.entries(filled), scale)

    @property
    def limit(self) -> str:
        """No spread of the true values, where the errors say all of it."""
        inner: str = self.component.limit
        none = "no spread of the true values, for the errors say all of it"
        return none if self.__dict__.get("exhausted") else inner

    def rank(self) -> tuple[float, ...]:
        """That of the component."""
        found: tuple[float, ...] = self.component.rank()
        return found

    @property
    def support(self) -> str:  # type: ignore[override]
        """The support in words."""
        return "finite numbers with errors that are not negative"

    def inside(self, x: Array) -> NDArray[np.bool_]:
        """Which rows have errors that are sds, or covariances."""
        if self.has_sds:
            return np.asarray((x[:, self._dimension(x.shape[1]) :] >= 0).all(axis=1))
        _, cov = self._parts(x)
        size = np.abs(cov).max(axis=(1, 2), initial=1e-300)
        aside = np.abs(cov - np.swapaxes(cov, 1, 2)).max(axis=(1, 2))
        least = np.linalg.eigvalsh(cov)[:, 0]
        return np.asarray((aside <= 1e-8 * size) & (least >= -1e-8 * size))

    def check_support(self, x: Array, weight: Array) -> None:
        """Raise an error that names the first row whose error is none."""
        self._require_size(x, weight)
        fine = self.inside(x) | (weight == 0)
        if not fine.all():
            i = int(np.argmin(fine))
            raise ValueError(
                "WithError: each error must be an sd that is not negative, or a "
                f"covariance, got row {i}: {np.round(x[i], 6).tolist()} "
                f"({int((~fine).sum())} of {len(x)} rows); mend the data"
            )

    def bind(self, x: Array) -> Callable[[Self], Array]:
        """log N(x; mean, cov + error)."""
        values, errors = self._parts(x)

        def log_prob(filled: Self) -> Array:
            mean, cov = _moments_of(filled.component)
            aside, total = values - mean, errors + cov
            if total.shape[1] == 1:
                variance = total[:, 0, 0]
                square = aside[:, 0] ** 2 / variance
                return -0.5 * (square + np.log(variance) + LOG_2_PI)
            sign, log_det = np.linalg.slogdet(total)
            solved = np.linalg.solve(total, aside[:, :, None])[:, :, 0]
            square = (aside * solved).sum(axis=1)
            found = -0.5 * (square + log_det + aside.shape[1] * LOG_2_PI)
            return np.where(sign > 0, found, -np.inf)

        return log_prob

    def expected(self, x: Any) -> Array:
        """E[true value | what was measured], shape (n,), or (n, d), by this component.

        Args:
            x: measured values and errors, as `fit` takes them.

        Examples:
            >>> import mixnotes as mx
            >>> part = mx.WithError(mx.Normal(0.0, 1.0), "sd")
            >>> part.expected({"value": [4.0, 4.0], "sd": [0.1, 1.0]}).round(2)
            array([3.96, 2.  ])
        """
        self._require_complete("expected")
        mean, cov = _moments_of(self.component)
        found = _true(*self._parts(self._rows(x)), mean, cov)[0]
        return found[:, 0] if isinstance(self.component, Normal) else found

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        raise TypeError(
            "WithError says how values were measured, not how large their errors are; "
            "draw true values with component.sample(n, rng)"
        )

    @property
    def has_moments(self) -> bool:
        """Not without the errors."""
        return False

    def moments(self) -> tuple[Any, Any]:
        """Not without errors: an error that says what to call."""
        raise TypeError("moments depend on the errors; take those of component")

    # -------------------------------------------------------------------- learning

    def fit(self, x: Any, sample_weight: Any = None, start: Self | None = None) -> Self:
        """This component with its blanks filled by weighted maximum likelihood.

        The weighted log-likelihood of `start` is never lowered, and what was given
        is never changed.
        """
        here = super().fit(x, sample_weight, start)
        if not self.blanks:
            return here
        for _ in range(_MOST // _ROUNDS):
            before, here = here, super().fit(x, sample_weight, here)
            one, other = self.unconstrain(before), self.unconstrain(here)
            if np.abs(one - other).max(initial=0.0) <= _STILL * (1 + np.abs(one).max()):
                break
        return here

    def _fit(self, x: Array, weight: Array, start: Self | None) -> Self:
        if not weight.any():
            if start is None:
                raise ValueError(f"{self!r} cannot be learned from weights that are 0")
            return start
        seen = weight > 0
        x, weight = x[seen], weight[seen]
        values, errors = self._parts(x)
        share = weight / weight.sum()
        begin = start or self._first(values, share)
        if self.told:
            return self._mode(x, weight, within_bounds(self, begin))
        mean, cov = _moments_of(begin.component)
        for _ in range(_ROUNDS):
            mean, cov = self._round(values, errors, share, mean, cov)
        found = self._with(mean, cov, values)
        if {"sd", "cov"} & set(self.component.blanks):
            least = np.linalg.eigvalsh(errors)[:, 0].min()
            found.__dict__["exhausted"] = bool(
                np.linalg.eigvalsh(cov)[0] < _NOTHING**2 * least
            )
        return found

    def _first(self, values: Array, share: Array) -> Self:
        """As if there were no errors."""
        weighed = any(map(is_weighed, self.told.values()))
        inner = self.component.without_told() if weighed else self.component
        x = values[:, 0] if isinstance(self.component, Normal) else values
        return self.remade({"": inner.fit(x, share * len(x))}, {})

    def _round(
        self, values: Array, errors: Array, share: Array, mean: Array, cov: Array
    ) -> tuple[Array, Array]:
        """One step of EM over the true values."""
        there, rest = _true(values, errors, mean, cov)
        blanks = self.component.blanks
        if "mean" in blanks:
            mean = share @ there
        if not {"sd", "cov"} & set(blanks):
            return mean, cov
        aside = there - mean
        square = (aside * share[:, None]).T @ aside
        cov = square + np.tensordot(share, rest, axes=1)
        if self._model == "VII":
            return mean, np.eye(len(cov)) * np.trace(cov) / len(cov)
        return mean, np.diag(np.diagonal(cov)) if self._model == "VVI" else cov

    def _with(self, mean: Array, cov: Array, values: Array) -> Self:
        """The component of these moments."""
        blanks = self.component.blanks
        found: dict[str, Any] = {}
        if "mean" in blanks:
            found["mean"] = mean
        spread = float(np.ptp(values, axis=0).max()) or 1.0
        if {"sd", "cov"} & set(blanks):
            least = float(np.linalg.eigvalsh(cov)[0])
            if not least > (_LEAST * spread) ** 2:
                raise CollapseError(
                    "WithError collapsed: the errors say all of the spread, and that "
                    "of the true values fell to 0; give it, or use fewer components"
                )
            found["cov"] = 0.5 * (cov + cov.T)
        if isinstance(self.component, Normal):
            if "cov" in found:
                found["sd"] = math.sqrt(float(found.pop("cov")[0, 0]))
            if "mean" in found:
                found["mean"] = float(found["mean"][0])
        return self.remade({"": self.component.filled(found)}, {})

    def _mode(self, x: Array, weight: Array, begin: Self) -> Self:
        """Where likelihood times prior is largest, from a start."""
        log_prob, total = self.bind(x), float(weight.sum())

        def height(filled: Self) -> float:
            found = float(weight @ log_prob(filled))
            return (found + self.log_prior(filled)) / total

        values = self._parts(x)[0]
        sd = values.std(axis=0)
        scales = np.where(sd > 0, sd, 1.0)

        def climb(less: Self, near: Self) -> Self:
            return climbed(less, height, near, scales)

        with np.errstate(all="ignore"):
            found = highest_within(self, self.without_told(), begin, height, climb)
            return found if height(found) >= height(begin) else begin

    @property
    def _model(self) -> str:
        """The covariance model; "VVV" in one dimension."""
        found: str = getattr(self.component, "model", "VVV")
        return found

    def entries(self, filled: Self) -> list[vector.Entry]:
        """The blanks, each with its value; of a covariance only what is free in it."""
        found = []
        for entry in super().entries(filled):
            if entry.name == "component.cov" and self._model == "VVI":
                entry = entry._replace(stack=np.einsum("kii->ki", entry.stack).copy())
            elif entry.name == "component.cov" and self._model == "VII":
                variance = entry.stack[:, 0, 0].copy()
                entry = entry._replace(stack=variance, constraint=LOG_POSITIVE)
            found.append(entry)
        return found

    def constrain(self, line: Array, like: Self) -> Self:
        """The component with these unconstrained coordinates, shape (p,)."""
        entries = self.entries(like)
        stacks = vector.constrain(line, entries)
        found: dict[str, Any] = {}
        for entry, stack in zip(entries, stacks, strict=True):
            value: Any = stack[0]
            if entry.name == "component.cov" and np.ndim(value) < 2:
                value = np.eye(len(like.component.mean)) * value
            found[entry.name] = value
        return like.filled(found)

    def units_of(self, entry: vector.Entry, scales: Array) -> Array:
        """The units of the coordinates of one blank."""
        inner = entry._replace(name=entry.name.removeprefix("component."))
        found: Array = self.component.units_of(inner, scales)
        return found

    # ------------------------------------------------------------------- the value

    def _state(self) -> dict[str, Any]:
        state: dict[str, Any] = {
            "type": self.type_name(),
            "component": self.component._state(),
        }
        if self.error is not None:
            state["error"] = list(self.error)
        if self.measured_as is not None:
            state["of"] = list(self.measured_as)
        return state

    def __hash__(self) -> int:
        return hash(self.to_json())

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.component, self.error, self.measured_as)

    def described(self, template: Self) -> str:
        """This component as a table shows it: what was given in `template` marked."""
        return f"WithError({self.component.described(template.component)})"

    def __repr__(self) -> str:
        rest = "" if self.error is None else f", {_shown(self.error)}"
        if self.measured_as is not None:
            rest += f", of={_shown(self.measured_as)}"
        return f"WithError({self.component!r}{rest})"


def _shown(names: tuple[str, ...]) -> str:
    return repr(names[0] if len(names) == 1 else list(names))


def _names(what: str, value: Any) -> tuple[str, ...] | None:
    if value is None:
        return None
    listed = isinstance(value, Sequence) and not isinstance(value, str)
    names = tuple(value) if listed else (value,)
    if not names or not all(isinstance(name, str) and name for name in names):
        raise TypeError(
            f"WithError: {what} must be a column name, or a list of them, got "
            f"{value!r:.80}"
        )
    return names


def _moments_of(component: Any) -> tuple[Array, Array]:
    """The mean, (d,), and the covariance, (d, d), of a filled normal."""
    mean, cov = component.moments()
    return np.atleast_1d(mean), np.atleast_2d(cov)


def _true(values: Array, errors: Array, mean: Array, cov: Array) -> tuple[Array, Array]:
    """The means, (n, d), and covariances, (n, d, d), of the true values given what was
    measured."""
    aside = values - mean
    if len(mean) == 1:
        gain = cov[0, 0] / (cov[0, 0] + errors[:, 0, 0])
        rest = (1 - gain) * cov[0, 0]
        return mean + gain[:, None] * aside, rest[:, None, None]
    total = errors + cov
    solved = np.linalg.solve(total, np.broadcast_to(cov, total.shape))  # T^-1 V
    there = mean + np.einsum("nij,ni->nj", solved, aside)
    return there, cov - cov @ solved
