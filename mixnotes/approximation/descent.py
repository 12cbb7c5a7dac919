"""Steps that bring a Gaussian mixture nearer to a known density.

They are Levenberg and Marquardt's, on quadrature nodes. Source: Nocedal and Wright
(2006), chapter 10.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mixnotes.approximation.gaussians import Gaussians
from mixnotes.numeric.arrays import Array

_FAINT = 1e-140  # a density below which slopes are not followed


@dataclass(frozen=True)
class Loss:
    """What a fit lowers: sum of w * value(f, g), with its slope and curvature in g."""

    value: Callable[[Array, Array], Array]
    slope: Callable[[Array, Array], Array]
    curvature: Callable[[Array, Array], Array]


def hellinger() -> Loss:
    """(sqrt f - sqrt g)^2 / 2."""
    return Loss(
        lambda f, g: 0.5 * (np.sqrt(f) - np.sqrt(g)) ** 2,
        lambda f, g: 0.5 * (1 - np.sqrt(f / np.maximum(g, _FAINT))),
        lambda f, g: (
            0.25 * np.sqrt(np.maximum(f, 0.01 * g) / np.maximum(g, _FAINT))
            / np.maximum(g, _FAINT)
        ),
    )  # fmt: skip


def divergence() -> Loss:
    """f log (f / g) - f + g, whose integral is Kullback and Leibler's divergence."""

    def value(f: Array, g: Array) -> Array:
        positive = np.where(f > 0, f, 1.0)
        return f * np.log(positive / np.maximum(g, _FAINT)) - f + g

    return Loss(
        value,
        lambda f, g: 1 - f / np.maximum(g, _FAINT),
        lambda f, g: (
            np.maximum(f, 0.01 * g) / np.maximum(g, _FAINT) / np.maximum(g, _FAINT)
        ),
    )


def absolute(width: Array) -> Loss:
    """|g - f| with its corner rounded off where it is below `width`, shape (n,)."""

    def root(f: Array, g: Array) -> Array:
        return np.hypot(g - f, width)

    return Loss(
        lambda f, g: (g - f) ** 2 / (root(f, g) + width),
        lambda f, g: (g - f) / root(f, g),
        lambda f, g: 1 / root(f, g),
    )


def power(exponent: float, unit: float) -> Loss:
    """|(g - f) / unit|^exponent; a large one asks for the largest error."""

    def ratio(f: Array, g: Array) -> Array:
        return (g - f) / unit

    return Loss(
        lambda f, g: np.abs(ratio(f, g)) ** exponent,
        lambda f, g: (
            exponent / unit * ratio(f, g) * np.abs(ratio(f, g)) ** (exponent - 2)
        ),
        lambda f, g: (
            exponent * (exponent - 1) / unit**2
            * (np.abs(ratio(f, g)) ** (exponent - 2) + 1e-9)
        ),
    )  # fmt: skip


@dataclass(frozen=True)
class Nodes:
    """Quadrature nodes x (n, d), their weights w (n,), and the density there, f (n,).

    slack: how much of a mixture's probability the nodes may overlook, or count twice.
    """

    x: Array
    w: Array
    f: Array
    slack: float = 0.0

    def overlooked(self, g: Array) -> float:
        """The part of the probability of g that the nodes do not see, less what is
        allowed.
        """
        return max(abs(1 - float(self.w @ g)) - self.slack, 0.0)


def descend(
    mixture: Gaussians,
    nodes: Nodes,
    loss: Loss,
    steps: int,
    gain: float = 1e-6,
    still: Array | None = None,
    exact: bool = True,
) -> Gaussians:
    """The mixture after at most `steps` steps, each of which lowers the loss.

    What the nodes overlook of the mixture counts in full, so that no component can hide
    between them or beyond them. It stops where two steps in a row gain less than the
    share `gain`. still: which entries of a step stay 0, in the order of `means_of`.
    exact: True to solve with the Jacobian's singular values, which errors below 1e-5
    or so need; else with its Gram matrix, in half the time.
    """
    here, damping, slow = _place(mixture, nodes, loss), 1e-3, 0
    for _ in range(steps):
        solve = _least_squares(here, nodes, loss, still, exact)
        reached, damping = _lower(here, nodes, loss, solve, damping)
        if reached is None:
            break
        slow = slow + 1 if here.value - reached.value <= gain * here.value else 0
        here, damping = reached, damping / 8
        if slow == 2 or here.value <= 0:
            break
    return here.mixture


def means_of(mixture: Gaussians) -> Array:
    """Which entries of a step are means: K log weights, K d means, then factors."""
    K, d = mixture.K, mixture.d
    means = np.zeros(K + K * d + K * len(_triangle(d)), dtype=bool)
    means[K : K + K * d] = True
    return means


class _Place(NamedTuple):
    """A mixture, its parts at the nodes (K, n), standardised nodes, its loss."""

    mixture: Gaussians
    parts: Array
    z: Array
    g: Array
    value: float


def _place(mixture: Gaussians, nodes: Nodes, loss: Loss) -> _Place:
    parts, z = mixture.parts(nodes.x)
    g = parts.sum(axis=0)
    value = float(nodes.w @ loss.value(nodes.f, g)) + nodes.overlooked(g)
    return _Place(mixture, parts, z, g, value)


def _lower(
    here: _Place,
    nodes: Nodes,
    loss: Loss,
    solve: Callable[[float], Array],
    damping: float,
) -> tuple[_Place | None, float]:
    """The first mixture found that has a lower loss, as the damping is raised; None if
    none.
    """
    for _ in range(12):
        step = solve(damping)
        if np.abs(step).max() <= 1.5:  # not where it is not a number
            moved = _place(_moved(here.mixture, step), nodes, loss)
            if moved.value < here.value:
                return moved, damping
        damping = max(5 * damping, 1e-14)
    return None, damping


def _triangle(d: int) -> list[tuple[int, int]]:
    """The entries of a lower triangle."""
    return [(i, j) for i in range(d) for j in range(i + 1)]


def _moved(mixture: Gaussians, step: Array) -> Gaussians:
    """After a step in the coordinates of the Jacobian, shape (rows,)."""
    K, d = mixture.means.shape
    means = step[K : K + K * d].reshape(d, K).T
    E = np.zeros((K, d, d))
    rows = step[K + K * d :].reshape(-1, K)
    for (i, j), row in zip(_triangle(d), rows, strict=True):
        E[:, i, j] = np.expm1(row) if i == j else row
    return Gaussians(
        mixture.log_weights + step[:K],
        mixture.means + np.einsum("kij,kj->ki", mixture.factors, means),
        mixture.factors + mixture.factors @ E,
    )


def _jacobian(here: _Place) -> Array:
    """d density / d step, shape (rows, n): weights, then means, then factors."""
    p, z = here.parts, here.z
    K, d = here.mixture.means.shape
    rows = np.empty((1 + d + len(_triangle(d)), K, p.shape[1]))
    np.subtract(p, here.mixture.weights[:, None] * here.g, out=rows[0])
    for i in range(d):
        np.multiply(p, z[i], out=rows[1 + i])
    for row, (i, j) in zip(rows[1 + d :], _triangle(d), strict=True):
        np.multiply(rows[1 + i], z[j], out=row)
        if i == j:
            row -= p
    return rows.reshape(-1, p.shape[1])


def _least_squares(
    here: _Place, nodes: Nodes, loss: Loss, still: Array | None, exact: bool
) -> Callable[[float], Array]:
    """The damped least-squares step, as a function of the damping."""
    slope, curvature = loss.slope(nodes.f, here.g), loss.curvature(nodes.f, here.g)
    root = np.sqrt(nodes.w * curvature)
    rows = _jacobian(here)
    rows *= root
    if still is not None:
        rows[still] = 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        right = np.where(root > 0, -nodes.w * slope / root, 0.0)
    scale = np.sqrt(np.einsum("rn,rn->r", rows, rows))
    scale[scale < _FAINT] = np.inf  # nothing depends on that coordinate: it rests
    rows /= scale[:, None]
    return (_by_singular_values if exact else _by_gram)(rows, right, scale)


def _by_singular_values(
    rows: Array, right: Array, scale: Array
) -> Callable[[float], Array]:
    q, triangle = np.linalg.qr(rows.T)
    left, values, turn = np.linalg.svd(triangle)
    target = values * (left.T @ (q.T @ right))
    return lambda damping: (turn.T @ (target / (values**2 + damping))) / scale


def _by_gram(rows: Array, right: Array, scale: Array) -> Callable[[float], Array]:
    gram, target = rows @ rows.T, rows @ right
    diagonal = np.arange(len(gram))

    def solve(damping: float) -> Array:
        damped = gram.copy()
        damped[diagonal, diagonal] += max(damping, 1e-13)
        try:
            step: Array = np.linalg.solve(damped, target) / scale
        except np.linalg.LinAlgError:
            return np.full(len(gram), np.nan)
        return step

    return solve
