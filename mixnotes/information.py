"""How fast EM converges and how sure the fit is: derivatives at the maximum.

For the reader of chapter 5.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mixnotes.check import Array
from mixnotes.coordinates import TINY, Coordinates
from mixnotes.mixture import Mixture, expect, log_sum_exp

_WIDTH = 1e-5  # of a first difference, on the line
_FLAT = 1e-4  # information on the line below it: a standard error beyond 100 there


def rate(coordinates: Coordinates, limit: Mixture) -> float:
    """The largest eigenvalue of the derivative of one EM step at its limit.

    nan where a component is the reader's own: its parameters are not known here.
    """
    if not coordinates.has_line:
        return float("nan")
    point = coordinates.to_line(limit)
    # A logarithm of 0 stands at -691; its neighbours must be within reach.
    at_edge = np.abs(point) >= -np.log(TINY) - 1
    point = np.where(at_edge, 60 * np.sign(point), point)
    step = _step(coordinates)
    # A value on its way to an edge, 0 or 1, shrinks by a constant factor a step, which
    # on the line is a constant move; the others settle.
    move = np.abs(step(point) - point)
    edge = (move > 1e-4) & (np.abs(point) > 10)
    inner = np.flatnonzero(~edge)
    settled = _derivative(step, point, inner)[inner]
    eigenvalues = np.abs(np.linalg.eigvals(settled))
    return float(np.max([*np.exp(-move[edge]), *eigenvalues]))


def standard_errors(
    coordinates: Coordinates, limit: Mixture
) -> dict[str, float | Array]:
    """The square roots of the diagonal of the inverse observed information.

    By name as in `Mixture.blanks`; `weights` has one for each component.
    """
    if not coordinates.has_line:
        raise ValueError(
            "standard errors need components whose parameters are declared, and one "
            "here is a class of its own; derive it from mixnotes.Component's families"
        )
    point = coordinates.to_line(limit)
    free = _free(coordinates, limit)
    information = -_hessian(_log_likelihood(coordinates), point, free)
    if np.linalg.eigvalsh(information).min() < _FLAT:
        raise ValueError(
            "standard errors need a maximum that is curved in every direction, and "
            "this one is flat in some: a weight or a parameter is on its edge, the "
            "data do not tell all parameters apart, or the climb has not converged"
        )
    slope = _derivative(
        lambda place: coordinates.values(coordinates.from_line(place)), point, free
    )
    variance = (slope * np.linalg.solve(information, slope.T).T).sum(axis=1)
    rest = iter(np.sqrt(variance).tolist())
    found: dict[str, float | Array] = {}
    for leaf in coordinates.leaves:
        if leaf.names:
            found |= {label: next(rest) for label in leaf.labels}
        else:
            found[leaf.labels[0]] = np.array([next(rest) for _ in leaf.read(limit)])
    return found


def _free(coordinates: Coordinates, limit: Mixture) -> NDArray[np.intp]:
    """Which coordinates can move freely: of the logarithms of K weights, K - 1."""
    free: list[bool] = []
    for leaf in coordinates.leaves:
        free += [True] * len(leaf.read(limit))
        free[-1] = bool(leaf.names)
    return np.flatnonzero(free)


def _step(coordinates: Coordinates) -> Callable[[Array], Array]:
    """One EM step, from the line to the line."""
    model, rows = coordinates.model, coordinates.rows
    log_joint = model.bind_joint(rows.x)

    def step(place: Array) -> Array:
        here = coordinates.from_line(place)
        joint = expect(log_joint(here), rows.weight)[1]
        return coordinates.to_line(model.maximise(rows.x, joint, here))

    return step


def _log_likelihood(coordinates: Coordinates) -> Callable[[Array], float]:
    rows = coordinates.rows
    log_joint = coordinates.model.bind_joint(rows.x)

    def log_likelihood(place: Array) -> float:
        log_prob = log_sum_exp(log_joint(coordinates.from_line(place)))
        return float(rows.weight @ log_prob)

    return log_likelihood


def _derivative(
    f: Callable[[Array], Array], point: Array, along: NDArray[np.intp]
) -> Array:
    """df/du by central differences, shape (values, len(along))."""
    columns = []
    for k in along:
        aside = _WIDTH * (np.arange(len(point)) == k)
        columns.append((f(point + aside) - f(point - aside)) / (2 * _WIDTH))
    return np.array(columns).reshape(len(along), -1).T


def _hessian(
    f: Callable[[Array], float], point: Array, along: NDArray[np.intp]
) -> Array:
    """Second differences along some coordinates, the error of order width^4.

    The width is a twentieth of the standard error that the curvature suggests: wide
    enough for the differences to stand out of the rounding.
    """
    top = f(point)
    axes = np.eye(len(point))[along]
    rough = [(f(point + 1e-4 * e) + f(point - 1e-4 * e) - 2 * top) / 1e-8 for e in axes]
    axes = axes * (0.05 / np.sqrt(np.maximum(np.abs(rough), 1.0)))[:, None]

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
    widths = axes.sum(axis=1)
    return found / np.outer(widths, widths)
