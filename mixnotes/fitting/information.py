"""How fast EM converges and how sure the fit is: derivatives at the maximum.

For the reader of chapter 5.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mixnotes.components.belief import bounds_of
from mixnotes.components.vector import Axis
from mixnotes.data.sources import Rows
from mixnotes.fitting.engine import Engine
from mixnotes.fitting.vector import State
from mixnotes.numeric.arrays import Array, quiet
from mixnotes.numeric.special import log_sum_exp

_WIDTH = 1e-5  # of a first difference, on the line
_FLAT = 1e-4  # information on the line below it: a standard error beyond 100 there
_APART = 1e-9  # the same of correlations, where coordinates have units
_SAME = 1e-4  # directions that differ by less lead to one model
_AT = 1e-9  # relative; as near to a bound as rounding leaves it
_EDGE = 690.0  # the logarithm of what stands for 0
_FAR = 15.0  # on the line, or of logarithms below the largest; beyond may be an edge
_STILL = 1e-9  # a standard error that is none


def rate(engine: Engine, limit: State) -> float:
    """The largest eigenvalue of the derivative of one EM step at its limit.

    nan where a component is the reader's own: its parameters are not known here.
    """
    if not engine.has_line:
        return float("nan")
    eigenvalues, edge, _ = spectrum(engine, limit)
    return float(np.max([*edge, *np.abs(eigenvalues)], initial=0.0))


def spectrum(engine: Engine, limit: State) -> tuple[Array, Array, Array]:
    """The eigenvalues of the derivative of a step, those of values on their way to an
    edge, and the eigenvector of the largest inner eigenvalue, on the line."""
    point = engine.vector.unconstrain(limit)
    # A logarithm of 0 stands at -691; its neighbours must be within reach.
    at_edge = np.abs(point) >= _EDGE - 1
    point = np.where(at_edge, 60 * np.sign(point), point)
    step = step_of(engine, limit)
    # A value on its way to an edge, 0 or 1, shrinks by a constant factor a step, which
    # on the line is a constant move; the others settle.
    move = np.abs(step(point) - point)
    edge = (move > 1e-4) & (np.abs(point) > 10)
    inner = np.flatnonzero(~edge)
    direction = np.zeros(len(point))
    if not len(inner):
        return np.zeros(0), np.exp(-move[edge]), direction
    settled = _derivative(step, point, np.eye(len(point))[inner])[inner]
    if not np.isfinite(settled).all():
        return np.full(1, np.nan), np.exp(-move[edge]), direction
    eigenvalues, vectors = np.linalg.eig(settled)
    leading = int(np.argmax(np.abs(eigenvalues)))
    direction[inner] = vectors[:, leading].real
    return eigenvalues, np.exp(-move[edge]), direction


def leading(engine: Engine, limit: State, looks: int = 12) -> float:
    """About the largest eigenvalue of the derivative of a step, from below, by that
    many derivatives along a direction instead of all; differences to one side are near
    enough for a first digit, and half the steps.

    Source: Arnoldi (1951).
    """
    point = engine.vector.unconstrain(limit)
    step = step_of(engine, limit)
    here = step(point)
    direction = np.random.default_rng(0).normal(size=len(point))
    basis = [direction / np.linalg.norm(direction)]
    within = np.zeros((looks + 1, looks))
    for j in range(looks):
        moved = (step(point + _WIDTH * basis[-1]) - here) / _WIDTH
        for _ in range(2):  # once more, for what rounding leaves
            parts = np.array(basis) @ moved
            within[: j + 1, j] += parts
            moved = moved - parts @ np.array(basis)
        size = float(np.linalg.norm(moved))
        within[j + 1, j] = size
        if not size > _SAME:
            break
        basis.append(moved / size)
    seen = within[: j + 1, : j + 1]
    return (
        float(np.abs(np.linalg.eigvals(seen)).max()) if np.isfinite(seen).all() else 1
    )


def standard_errors(engine: Engine, limit: State) -> dict[str, float | Array]:
    """The square roots of the diagonal of the inverse observed information.

    By name as in `Mixture.blanks`; `weights` has one for each component.
    """
    information, slope = curvature(engine, limit)
    variance = (slope * np.linalg.solve(information, slope.T).T).sum(axis=1)
    return _by_name(engine, limit, variance)


def sandwich_errors(engine: Engine, limit: State) -> dict[str, float | Array]:
    """The same of information^-1 (sum of squared scores) information^-1, which holds
    where the model is wrong, too."""
    if len(_weights_of_units(engine)) < 2:
        raise ValueError(
            "sandwich errors need sequences or groups of rows that know nothing of "
            "each other, got one; take standard_errors()"
        )
    information, slope = curvature(engine, limit)
    point, free = engine.vector.unconstrain(limit), _inner(engine, limit)[1]

    def rows(place: Array) -> Array:
        return _row_log_likelihoods(engine, engine.vector.constrain(place, limit))

    with quiet():
        scores = _derivative(rows, point, free)
    weight = _weights_of_units(engine)
    middle = scores.T @ (scores * weight[:, None])
    bread = np.linalg.solve(information, slope.T)
    variance = ((bread.T @ middle) * bread.T).sum(axis=1)
    return _by_name(engine, limit, variance)


def _weights_of_units(engine: Engine) -> Array:
    """How often each row, or each group of rows, counts."""
    rows = engine.source
    if not isinstance(rows, Rows):
        raise ValueError(
            "sandwich errors need the observations in memory, and this fit was made "
            "of blocks; fit one array, or take standard_errors()"
        )
    if rows.beside is None or rows.beside.group is None:
        return rows.weights
    return np.ones(rows.beside.n_groups)  # the weights of rows are within groups


def _row_log_likelihoods(engine: Engine, state: State) -> Array:
    """log p(x_i), or log p(x_i, z_i) where z is known, shape (n,); of groups of rows
    with one label, or of sequences, that of each."""
    source = engine.source
    assert isinstance(source, Rows)
    if engine.label is not None:
        return engine.scores(state)
    mixture = engine.mixture(state)
    if source.labels is None:
        return mixture.log_prob(source.x)
    joint = mixture.log_joint(source.x)
    own = joint[np.arange(len(joint)), np.maximum(source.labels, 0)]
    return np.where(source.labels >= 0, own, log_sum_exp(joint.T))


def curvature(engine: Engine, limit: State) -> tuple[Array, Array]:
    """The observed information along the free directions of the line, (m, m), and the
    derivative of the learned values along them, (values, m)."""
    if not engine.has_line:
        for component in engine.by_slot():
            if not component.has_line and component.without_line:
                raise ValueError(
                    "standard errors need parameters that the data tell apart, and "
                    f"{component.without_line}; take bootstrap, of what you need"
                )
        raise ValueError(
            "standard errors need components whose parameters are declared, and one "
            "here is a class of its own; derive it from mixnotes.Component's families"
        )
    _require_inside(engine, limit)
    point = engine.vector.unconstrain(limit)
    axes, free, _ = _inner(engine, limit)
    log_likelihood = log_likelihood_of(engine, limit)
    with quiet():
        information = -_hessian(log_likelihood, point, free)
    if not (len(free) and _is_curved(information, axes)):
        raise ValueError(
            "standard errors need a maximum that is curved in every direction, and "
            "this one is flat in some: a weight or a parameter is on its edge, the "
            "data do not tell all parameters apart, or the climb has not converged"
        )

    def values(place: Array) -> Array:
        return _values(engine, engine.vector.constrain(place, limit))[0]

    with quiet():  # a number that is endless has no error: nan
        return information, _derivative(values, point, free)


def _require_inside(engine: Engine, limit: State) -> None:
    """Raise an error where a parameter is at one of its bounds."""
    told = engine.model.told
    filled = engine.mixture(limit) if told else None
    at_bound = [
        name
        for name, known in told.items()
        if filled is not None
        and (ends := bounds_of(known)) is not None
        and any(abs(filled.value_of(name) - end) <= _AT * abs(end) for end in ends)
    ]
    if at_bound:
        raise ValueError(
            "standard errors need a maximum inside the bounds, and at one of them is "
            f"{', '.join(at_bound)}; give it that value to have the errors of the rest"
        )


def _is_curved(information: Array, axes: list[Axis]) -> bool:
    """Does the log-likelihood fall in every direction?

    Coordinates of no unit by their curvature; all of them together by how far the data
    tell them apart.
    """
    curved = np.diagonal(information)
    if not (curved > 0).all():
        return False
    if any(axis.unit for axis in axes):
        size = np.sqrt(curved)
        apart = np.linalg.eigvalsh(information / np.outer(size, size)).min()
        return bool(apart >= _APART)
    return bool(np.linalg.eigvalsh(information).min() >= _FLAT)


def _by_name(engine: Engine, limit: State, variance: Array) -> dict[str, float | Array]:
    """The roots of variances of the learned values, each in its shape; NaN where a
    value is on its edge."""
    errors = np.sqrt(np.maximum(variance, 0))
    edges = _inner(engine, limit)[2]
    found: dict[str, float | Array] = {}
    place = 0
    for name, shape in _values(engine, limit)[1]:
        size = int(np.prod(shape, dtype=int))
        part = errors[place : place + size]
        if name in edges:
            part[(part < _STILL) & ~engine.model.is_given(name, shape).ravel()] = np.nan
        found[name] = float(part[0]) if shape == () else part.reshape(shape)
        place += size
    return {name: found[name] for name in engine.model.blanks}


def _values(
    engine: Engine, state: State
) -> tuple[Array, list[tuple[str, tuple[int, ...]]]]:
    """The learned values in the data's units, flat, and the name and shape of each."""
    mixture = engine.mixture(state)
    flat, names = [], []
    for name in engine.model.blanks:
        value = np.asarray(mixture.value_of(name), dtype=np.float64)
        flat.append(value.ravel())
        names.append((name, value.shape))
    return np.concatenate(flat), names


def _directions(engine: Engine, limit: State) -> tuple[list[Axis], Array]:
    """What stands where on the line, and the directions in which it can move.

    Where entries of covariances are bound to each other, a point of the line stands for
    the nearest one that the model allows; one direction is kept of those that lead to
    the same.
    """
    axes = engine.vector.axes(limit)
    free = _free(axes, engine.vector.unconstrain(limit))
    if not any(block.ties for block in engine.blocks):
        return axes, free

    def projected(place: Array) -> Array:
        return engine.vector.unconstrain(engine.vector.constrain(place, limit))

    with quiet():
        moves = _derivative(projected, engine.vector.unconstrain(limit), free)
    return axes, free[_independent(moves)]


def _inner(engine: Engine, limit: State) -> tuple[list[Axis], Array, set[str]]:
    """What stands where on the line, the directions in which it can move but those
    along an edge, and the names of what is on one.

    A probability that is 0 or 1, or a coefficient that is infinite, is so far out that
    the log-likelihood is level there; what is left is learned with it where it is.
    """
    axes, free = _directions(engine, limit)
    point = engine.vector.unconstrain(limit)
    log_likelihood = log_likelihood_of(engine, limit)
    far, names = _far_out(axes, point)
    kept, edges = [], set()
    with quiet():
        top = log_likelihood(point)
        for i, direction in enumerate(free):
            along = np.flatnonzero(direction)
            aside = (1.0, -1.0) if far[along].all() else ()
            moves = [log_likelihood(point + side * direction) - top for side in aside]
            if moves and np.abs(moves).max() < _FLAT:
                edges |= {names[j] for j in along}
            else:
                kept.append(i)
    return axes, free[kept], edges


def _far_out(axes: list[Axis], point: Array) -> tuple[NDArray[np.bool_], list[str]]:
    """Which coordinates are far out, those of probabilities beside the largest of
    them, and what each belongs to."""
    far, names, place = np.zeros(len(point), dtype=bool), [], 0
    for axis in axes:
        rows = slice(place, place + axis.size)
        level = point[rows].max(initial=-np.inf) if axis.simplex else 0.0
        far[rows] = (np.abs(point[rows] - level) > _FAR) & (not axis.unit)
        names += axis.size * [axis.name]
        place = rows.stop
    return far, names


def directions(engine: Engine, limit: State) -> Array:
    """The directions of the line in which a model can move freely, shape (m, p)."""
    return _directions(engine, limit)[1]


def _independent(columns: Array) -> list[int]:
    """Columns that span what all of them do, the longest that is left at a time."""
    rest = columns.copy()
    length = np.linalg.norm(rest, axis=0)
    kept, least = [], _SAME * length.max()
    while length.max() > least:
        kept.append(int(length.argmax()))
        axis = rest[:, kept[-1]] / length.max()
        rest -= np.outer(axis, axis @ rest)
        length = np.linalg.norm(rest, axis=0)
    return sorted(kept)


def _free(axes: list[Axis], point: Array) -> Array:
    """The directions in which a point can move freely, shape (m, p): of the logarithms
    of K weights all but the largest, and those of a shared blank together."""
    places: dict[object, list[int]] = {}
    fixed: dict[object, int] = {}  # which of the logarithms stands still
    place = 0
    for k, axis in enumerate(axes):
        owner = k if axis.shared is None else axis.shared
        if axis.simplex:
            largest = int(point[place : place + axis.size].argmax())
            fixed.setdefault(owner, largest)
        for j in range(axis.size):
            if fixed.get(owner) != j:
                places.setdefault((owner, j), []).append(place + j)
        place += axis.size
    directions = np.zeros((len(places), place))
    for direction, together in zip(directions, places.values(), strict=True):
        direction[together] = 1.0
    return directions


def step_of(engine: Engine, like: State) -> Callable[[Array], Array]:
    """One EM step, from the line to the line."""

    def step(place: Array) -> Array:
        with quiet():
            here = engine.vector.constrain(place, like)
            return engine.vector.unconstrain(
                engine.m_step(engine.e_step(here)[1], here)
            )

    return step


def log_likelihood_of(engine: Engine, like: State) -> Callable[[Array], float]:
    """The log-likelihood as a function of a point of the line."""
    return lambda place: engine.e_step(engine.vector.constrain(place, like))[0]


def _derivative(f: Callable[[Array], Array], point: Array, along: Array) -> Array:
    """df/du by central differences along directions (m, p), shape (values, m)."""
    columns = []
    for direction in along:
        aside = _WIDTH * direction
        columns.append((f(point + aside) - f(point - aside)) / (2 * _WIDTH))
    return np.array(columns).reshape(len(along), -1).T


def _hessian(f: Callable[[Array], float], point: Array, along: Array) -> Array:
    """Second differences along directions (m, p), the error of order width^4.

    The width is a twentieth of the standard error that the curvature suggests: wide
    enough for the differences to stand out of the rounding.
    """
    top = f(point)
    rough = [
        (f(point + 1e-4 * e) + f(point - 1e-4 * e) - 2 * top) / 1e-8 for e in along
    ]
    widths = 0.05 / np.sqrt(np.maximum(np.abs(rough), 1.0))
    axes = along * widths[:, None]

    def second(a: Array, b: Array, h: float) -> float:
        plus = f(point + h * (a + b)) + f(point - h * (a + b))
        minus = f(point + h * (a - b)) + f(point - h * (a - b))
        return (plus - minus) / (4 * h * h)

    size = len(along)
    found = np.empty((size, size))
    for i in range(size):
        for j in range(i + 1):
            coarse = second(axes[i], axes[j], 1.0)
            fine = second(axes[i], axes[j], 0.5)
            found[i, j] = found[j, i] = (4 * fine - coarse) / 3
    return found / np.outer(widths, widths)
