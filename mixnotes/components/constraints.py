"""The set that a parameter lies in, and a map of its inside to the real numbers.

For the author of a family: pick one for each parameter.
"""

from __future__ import annotations

import math
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Union

import numpy as np

from mixnotes.data.check import as_array
from mixnotes.numeric.arrays import Array, below_diagonal

if TYPE_CHECKING:
    from mixnotes.components.component import Component

_INFINITE = 60.0  # on the line; e^60 degrees of freedom are a normal to all digits
_TINY = 1e-300  # keeps the logarithm of a parameter on its boundary finite


@dataclass(frozen=True)
class Shared:
    """A blank that several components of a mixture have in common.

    Blanks with the same name are one parameter, learned from all of them together.

    Args:
        name: any text; blanks of this parameter with the same name are equal.

    Examples:
        >>> import mixnotes as mx
        >>> waiting = mx.datasets.faithful()["waiting"]
        >>> one = mx.Normal(sd=mx.Shared("sd"))  # unknown, and equal in both
        >>> fit = mx.em(mx.Mixture([one, one]), waiting, starts=1)
        >>> print([round(part.sd, 2) for part in fit.mixture.components])
        [5.87, 5.87]
    """

    name: str

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise TypeError(f"Shared takes a name, a text, got {self.name!r}")


@dataclass(frozen=True)
class Between:
    """A blank that is learned within bounds.

    What fits best within the bounds is learned, which is a bound itself where the data
    would have it beyond.

    Args:
        low: the least value, in the unit of the parameter; None for no bound there.
        high: the largest value, likewise.

    Examples:
        >>> import mixnotes as mx
        >>> mx.Normal(sd=mx.Between(0.5, None)).fit([1.0, 1.1, 0.9, 1.0])
        Normal(mean=1, sd=0.5)
        >>> mx.Normal(sd=mx.Between(0.05, 0.5)).fit([1.0, 2.0]).sd
        0.5
    """

    low: float | None
    high: float | None

    def __post_init__(self) -> None:
        for name in ("low", "high"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, _bound(name, value))
        if self.low is None and self.high is None:
            raise ValueError(
                "Between must have a bound, got none; leave the parameter out to have "
                "it learned without"
            )
        if not self.ends[0] < self.ends[1]:
            raise ValueError(
                "Between: low must be below high, got "
                f"low={self.low:g} and high={self.high:g}; give the value itself where "
                "they are equal"
            )

    @property
    def ends(self) -> tuple[float, float]:
        """Both bounds, infinite where there is none."""
        low = -math.inf if self.low is None else self.low
        return low, math.inf if self.high is None else self.high

    def __repr__(self) -> str:
        ends = ["None" if v is None else f"{v:.6g}" for v in (self.low, self.high)]
        return f"Between({', '.join(ends)})"


def _bound(name: str, value: Any) -> float:
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not number or not abs(value) < math.inf or abs(value) > sys.float_info.max:
        raise ValueError(
            f"Between: {name} must be a finite number or None, got {value!r:.80}"
        )
    return float(value)


Scalar = Union[float, Shared, Between, "Component", None]
"""What a parameter of one number may be: a value, blank, shared, bounded, believed."""


@dataclass(frozen=True)
class Constraint(ABC):
    """The set that a parameter lies in. A stack, shape (K, ...), holds the values of K
    components.
    """

    words: str

    @abstractmethod
    def read(self, value: Any) -> Any:
        """`value` in its proper form, or None where it is not in the set."""

    def read_bounds(self, bounds: Between) -> str:
        """What is wrong with these bounds of such a parameter, in words; "" if
        nothing."""
        return "which Between cannot bound: it is of one number"

    def refuses(self, belief: Component) -> str:
        """Why this is no belief about such a parameter, in words; "" if it is one."""
        return "is none that a distribution of this package can say"

    @abstractmethod
    def unconstrain(self, stack: Array) -> Array:
        """The values as unconstrained coordinates, shape (K, m)."""

    @abstractmethod
    def constrain(self, line: Array, like: Array) -> Array:
        """The values at unconstrained coordinates, in a stack of the same form as
        `like`.
        """

    def width(self, stack: Array) -> int:
        """How many coordinates of the line, m, one component takes."""
        return 1 if stack.ndim == 1 else stack.shape[1]

    def line_units(self, stack: Array, scales: Array) -> Array:
        """The unit of each of the m coordinates of `unconstrain`, shape (m,), for data
        whose columns have the units `scales`, (d,)."""
        return np.ones(self.width(stack))

    def interval(self, value: Any, error: Any, z: float) -> tuple[Any, Any]:
        """The value less and plus z standard errors."""
        return value - z * error, value + z * error

    def measured(self, stack: Array) -> Array:
        """The values on the scale on which the distance to a limit is measured."""
        return stack


@dataclass(frozen=True)
class Number(Constraint):
    """One number. `power` is the power of the data's unit in it: 1 for a mean, -1 for a
    rate.

    `measure` says on which scale the distance to a limit is measured: a logarithm where
    the parameter has no unit and can be large, since a shape of 1e6 is never known to
    1e-8.
    """

    contains: Callable[[float], bool]
    up: Callable[[Array], Array]
    down: Callable[[Array], Array]
    power: int = 0
    measure: Callable[[Array], Array] | None = None
    turn: float = math.inf  # after which the values are the same again

    def measured(self, stack: Array) -> Array:
        """The values, or their logarithms."""
        return stack if self.measure is None else self.measure(stack)

    def read(self, value: Any) -> float | None:
        """`value` as a float, or None where it is not in the set."""
        if type(value) is float and self.contains(value):
            return value
        try:  # an array that holds one text or one complex number is a float to numpy
            scalar = np.ndim(value) == 0 and np.asarray(value).dtype.kind in "iufO"
            number = float(value) if scalar else math.nan
        except (TypeError, ValueError, OverflowError):
            return None
        return number if self.contains(number) else None

    def read_bounds(self, bounds: Between) -> str:
        """The bounds must be values, too, where they are not beyond all of them."""
        low, high = bounds.ends
        ends = (
            self.contains(low) or self._edge(low, -1),
            (self.contains(high) or self._edge(high, 1)),
        )
        return "" if all(ends) else "so its bounds must be, too"

    def _edge(self, end: float, side: int) -> bool:
        """Is an end of a range, below if side is -1, no end of what is allowed?"""
        if math.isinf(end):
            return True
        return self.contains(math.nextafter(end, -side * math.inf))

    def refuses(self, belief: Component) -> str:
        """It must be a density of one number that gives all of itself to values."""
        low, high = belief.ends
        if belief.column_names is not None or hasattr(belief, "with_dimension"):
            return "must be a density of one number"
        if belief.discrete or belief.atoms:
            return "must be a density of one number"
        if type(belief).__name__ == "Beta" and self.contains(2.0):
            return (
                f"must be of {self.words}, and a Beta is of what lies between 0 and 1; "
                "take a Gamma"
            )
        far = 1e300
        outside = [
            end
            for end, side, away in ((low, -1, -far), (high, 1, far))
            if not (
                self.contains(away)
                if math.isinf(end)
                else self.contains(end) or self._edge(end, side)
            )
        ]
        if outside:
            return (
                f"must keep to {self.words}, and this one reaches from {low:g} to "
                f"{high:g}; take another, or cut it with Truncated"
            )
        return ""

    def clipped(self, values: Any, low: float, high: float) -> Array:
        """Values within bounds: what is beyond them at the nearest. Of an angle that is
        the nearest by turns, whole turns aside."""
        values = np.asarray(values, dtype=np.float64)
        if self.turn < math.inf:
            ends = [end for end in (low, high) if math.isfinite(end)]
            if len(ends) == 1:  # a whole turn is on the other side
                low, high = (low, low + self.turn) if low in ends else (
                    high - self.turn, high)  # fmt: skip
            middle = 0.5 * (low + high)
            values = np.where(
                (values >= low) & (values <= high),
                values,
                values - self.turn * np.round((values - middle) / self.turn),
            )
        return np.clip(values, low, high)

    def unconstrain(self, stack: Array) -> Array:
        """Values mapped to the whole line, shape (K, 1)."""
        return self.up(stack)[:, None]

    def constrain(self, line: Array, like: Array) -> Array:
        """The values, shape (K,)."""
        return self.down(line[:, 0])

    def line_units(self, stack: Array, scales: Array) -> Array:
        """The unit of the data where the value stands there as it is, else 1."""
        as_it_is = self.up is _same and self.power
        return np.full(1, scales[0] ** self.power if as_it_is else 1.0)

    def interval(self, value: Any, error: Any, z: float) -> tuple[Any, Any]:
        """The value less and plus z standard errors in the unconstrained coordinate,
        mapped back.
        """
        ends = _around(self, np.array([value]), np.array([error]), z)
        return float(ends[0][0]), float(ends[1][0])


@dataclass(frozen=True)
class Vector(Constraint):
    """A vector of finite numbers, shape (d,)."""

    def read(self, value: Any) -> Array | None:
        """`value` as a read-only array, or None."""
        return _array(value, 1)

    def refuses(self, belief: Component) -> str:
        """It must be a density of rows on all of space."""
        if type(belief).__name__ in ("MultivariateNormal", "MultivariateStudentT"):
            return ""
        return "must be a MultivariateNormal or a MultivariateStudentT"

    def unconstrain(self, stack: Array) -> Array:
        """The values themselves."""
        return stack

    def constrain(self, line: Array, like: Array) -> Array:
        """The values themselves."""
        return line

    def line_units(self, stack: Array, scales: Array) -> Array:
        """The units of the columns."""
        return np.array(scales[: stack.shape[1]])


@dataclass(frozen=True)
class Matrix(Constraint):
    """A matrix of finite numbers, shape (d, q)."""

    def read(self, value: Any) -> Array | None:
        """`value` as a read-only array, or None."""
        return _array(value, 2)

    def unconstrain(self, stack: Array) -> Array:
        """The entries, row by row."""
        return stack.reshape(len(stack), -1)

    def constrain(self, line: Array, like: Array) -> Array:
        """The matrices."""
        return line.reshape(-1, *like.shape[1:])

    def width(self, stack: Array) -> int:
        """All entries."""
        return stack.shape[1] * stack.shape[2]


@dataclass(frozen=True)
class PositiveVector(Constraint):
    """A vector of numbers above 0, shape (d,)."""

    def read(self, value: Any) -> Array | None:
        """`value` as a read-only array, or None."""
        vector = _array(value, 1)
        return None if vector is None or (vector <= 0).any() else vector

    def unconstrain(self, stack: Array) -> Array:
        """Logarithms."""
        return _log(stack)

    def constrain(self, line: Array, like: Array) -> Array:
        """Exponentials."""
        return _exp(line)

    def measured(self, stack: Array) -> Array:
        """Logarithms."""
        return _log(stack)


@dataclass(frozen=True)
class Direction(Constraint):
    """A vector of length 1, shape (d,), by its stereographic projection from the far
    end of the last axis."""

    def read(self, value: Any) -> Array | None:
        """`value` as a read-only array, or None."""
        vector = _array(value, 1)
        if vector is None or abs(float(vector @ vector) - 1) > 1e-6:
            return None
        unit = vector / math.sqrt(float(vector @ vector))
        unit.setflags(write=False)
        return unit

    def unconstrain(self, stack: Array) -> Array:
        """The first d - 1 coordinates over 1 plus the last."""
        return stack[:, :-1] / np.maximum(1 + stack[:, -1:], 1e-12)

    def constrain(self, line: Array, like: Array) -> Array:
        """The vector that is projected there."""
        square = (line * line).sum(axis=1, keepdims=True)
        found: Array = np.concatenate([2 * line, 1 - square], axis=1) / (1 + square)
        return found

    def width(self, stack: Array) -> int:
        """One less than there are coordinates."""
        return stack.shape[1] - 1


@dataclass(frozen=True)
class Simplex(Constraint):
    """Probabilities that sum to 1, shape (n,)."""

    def read(self, value: Any) -> Array | None:
        """`value` as a read-only array, or None."""
        probs = _array(value, 1)
        if probs is None or (probs < 0).any() or abs(probs.sum() - 1) > 1e-8:
            return None
        return probs

    def refuses(self, belief: Component) -> str:
        """It must be a Dirichlet."""
        if type(belief).__name__ == "Dirichlet":
            return ""
        return "must be a Dirichlet"

    def unconstrain(self, stack: Array) -> Array:
        """Logarithms; a constant added to a row changes nothing."""
        return _log(stack)

    def constrain(self, line: Array, like: Array) -> Array:
        """Probabilities."""
        return softmax(line)

    def interval(self, value: Any, error: Any, z: float) -> tuple[Any, Any]:
        """Each probability by itself, on the scale of log-odds."""
        return _around(PROBABILITY, value, error, z)


@dataclass(frozen=True)
class Covariance(Constraint):
    """A symmetric positive definite matrix, shape (d, d)."""

    def read(self, value: Any) -> Array | None:
        """`value` as a read-only array, or None."""
        cov = _array(value, 2)
        if cov is None or cov.shape[0] != cov.shape[1]:
            return None
        width = np.sqrt(np.abs(np.diagonal(cov)))
        if not width.all() or (abs(cov - cov.T) > 1e-8 * np.outer(width, width)).any():
            return None
        try:
            np.linalg.cholesky(cov / np.outer(width, width))
        except np.linalg.LinAlgError:
            return None
        return cov

    def unconstrain(self, stack: Array) -> Array:
        """The entries of the Cholesky factor, those of its diagonal as logarithms. A
        stack of shape (K, d) holds the diagonals of diagonal matrices.
        """
        if stack.ndim == 2:
            return _log(stack)
        factor = np.linalg.cholesky(stack)
        d = factor.shape[-1]
        diagonal = _log(np.diagonal(factor, axis1=1, axis2=2))
        lower = below_diagonal(d)
        return np.concatenate([diagonal, factor[:, lower[0], lower[1]]], axis=1)

    def constrain(self, line: Array, like: Array) -> Array:
        """The matrices, shape (K, d, d), or their diagonals."""
        if like.ndim == 2:
            return _exp(line)
        d = int((math.isqrt(8 * line.shape[1] + 1) - 1) // 2)
        factor = np.zeros((len(line), d, d))
        factor[:, np.arange(d), np.arange(d)] = np.exp(np.minimum(line[:, :d], 300))
        lower = below_diagonal(d)
        factor[:, lower[0], lower[1]] = line[:, d:]
        return factor @ factor.transpose(0, 2, 1)

    def width(self, stack: Array) -> int:
        """The numbers on and below the diagonal, or on it alone."""
        d = stack.shape[-1]
        return d if stack.ndim == 2 else d * (d + 1) // 2

    def line_units(self, stack: Array, scales: Array) -> Array:
        """1 for logarithms, and for the rest of the factor the units of its rows."""
        units = np.ones(self.width(stack))
        if stack.ndim > 2:
            d = stack.shape[-1]
            units[d:] = np.asarray(scales)[below_diagonal(d)[0]]
        return units


def _array(value: Any, ndim: int) -> Array | None:
    try:
        raw = as_array(value, "the parameter")
    except (TypeError, ValueError):
        return None
    if raw.ndim != ndim or not raw.size or raw.dtype.kind not in "iuf":
        return None
    array = np.array(raw, dtype=np.float64)
    if not np.isfinite(array).all():
        return None
    array.setflags(write=False)
    return array


def _around(
    constraint: Number, value: Array, error: Array, z: float
) -> tuple[Array, Array]:
    """The values z standard errors down and up in the unconstrained coordinate, mapped
    back.
    """
    at = constraint.up(value)
    width = 1e-6
    slope = (constraint.down(at + width) - constraint.down(at - width)) / (2 * width)
    with np.errstate(divide="ignore", invalid="ignore"):  # on an edge
        aside = np.where(error == 0, 0.0, z * error / slope)
    return constraint.down(at - aside), constraint.down(at + aside)


def softmax(line: Array) -> Array:
    """exp(line) divided by its sum, along the last axis."""
    top = np.exp(line - line.max(axis=-1, keepdims=True))
    probs: Array = top / top.sum(axis=-1, keepdims=True)
    return probs


def _log(v: Array) -> Array:
    return np.log(np.maximum(v, _TINY))


def _logit(p: Array) -> Array:
    return _log(p) - _log(1 - p)


def _expit(u: Array) -> Array:
    return 1 / (1 + np.exp(-np.clip(u, -700, 700))) * (u > -700)


def _exp(u: Array) -> Array:
    return np.where(u < 700, np.exp(np.minimum(u, 700)), np.inf)


def _same(v: Array) -> Array:
    return v


PROBABILITY = Number("a number from 0 to 1", lambda v: 0 <= v <= 1, _logit, _expit)
CHANCE = Number("a number above 0, at most 1", lambda v: 0 < v <= 1, _logit, _expit)
REAL = Number("a finite number", math.isfinite, _same, _same, 1)
LOG_REAL = Number("a finite number", math.isfinite, _same, _same)
POSITIVE = Number("a number above 0", lambda v: 0 < v < math.inf, _log, _exp, 1)
LOG_POSITIVE = Number("a number above 0", lambda v: 0 < v < math.inf, _log, _exp)
INVERSE = Number("a number above 0", lambda v: 0 < v < math.inf, _log, _exp, -1)
NOT_NEGATIVE = Number(
    "a number not below 0", lambda v: 0 <= v < math.inf, _log, _exp, 1
)
SHAPE = Number("a number above 0", lambda v: 0 < v < math.inf, _log, _exp, measure=_log)
POSITIVE_SHAPE = Number(  # in the data's unit, and as large as a shape can be
    "a number above 0", lambda v: 0 < v < math.inf, _log, _exp, 1, _log
)
CONCENTRATION = Number(
    "a number not below 0", lambda v: 0 <= v < math.inf, _log, _exp, measure=np.log1p
)
UP_TO_INFINITY = Number(
    "a number above 0, or infinity",
    lambda v: v > 0,
    lambda v: np.minimum(_log(v), _INFINITE),
    lambda u: np.where(u < _INFINITE, np.exp(np.minimum(u, _INFINITE)), np.inf),
    measure=lambda v: 1 / (1 + v),
)
ANGLE = Number(  # in radians
    "a finite number", math.isfinite, _same, _same, turn=2 * math.pi
)
WHOLE = Number(
    "a whole number", lambda v: math.isfinite(v) and v == round(v), _same, _same
)
VECTOR = Vector("a vector of finite numbers, shape (d,)")
MATRIX = Matrix("a matrix of finite numbers, shape (d, q)")
POSITIVE_VECTOR = PositiveVector("a vector of numbers above 0, shape (d,)")
DIRECTION = Direction("a vector of length 1, shape (d,)")
SIMPLEX = Simplex("probabilities that are not negative and sum to 1, shape (n,)")
COVARIANCE = Covariance("a symmetric positive definite matrix, shape (d, d)")


def parameter(constraint: Constraint) -> Any:
    """A field of a `Family` that is blank (None) unless it is given."""
    return field(default=None, metadata={"constraint": constraint})
