"""The fourteen covariance models of a mixture of normals: volume, shape, orientation.

cov_k = volume_k x orientation_k diag(shape_k) orientation_k'. Each of the three is
equal in all components (E), varies (V), or is that of a sphere or of the axes (I).
Source: Celeux and Govaert (1995), Pattern Recognition 28:781.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mixnotes.numeric.arrays import Array

MODELS = (  # as mclust names them
    *("EII", "VII", "EEI", "VEI", "EVI", "VVI"),
    *("EEE", "VEE", "EVE", "VVE", "EEV", "VEV", "EVV", "VVV"),
)
NAMES = {"full": "VVV", "tied": "EEE", "diagonal": "VVI", "spherical": "VII"}
_ROUNDS = 200  # of an inner iteration; it never lowers the likelihood
_CLOSE = 1e-12


def model_of(covariance: str) -> str:
    """The three letters of a name."""
    name = {"diag": "diagonal"}.get(covariance, covariance)
    letters = NAMES.get(name, name)
    if letters not in MODELS:
        raise ValueError(
            f"covariance must be one of {', '.join(NAMES)} or of mclust's "
            f"{', '.join(MODELS)}, got {covariance!r}"
        )
    return letters


def n_free(model: str, d: int, k: int) -> int:
    """How many numbers are free in the covariances of k components."""
    volume, shape, orientation = tuple(model)
    count = {"E": 1, "V": k}
    free = count[volume]
    free += (d - 1) * count.get(shape, 0)
    free += d * (d - 1) // 2 * count.get(orientation, 0)
    return free


def is_axial(model: str) -> bool:
    """True where the matrices are diagonal; a stack of them is then (K, d)."""
    return model[2] == "I"


def is_tied(model: str) -> bool:
    """True where components have something in common."""
    return "E" in model


def binds(model: str) -> bool:
    """True where entries depend on one another, between components or, for spheres,
    within a matrix.
    """
    return is_tied(model) or model == "VII"


def needs_one_scale(model: str) -> bool:
    """True where changing the unit of one column changes the model."""
    return model in ("EII", "VII", "EVE", "VVE", "EEV", "VEV")


def learn(model: str, weight: Array, scatter: Array, current: Array | None) -> Array:
    """The maximum-likelihood covariances, (K, d, d), or their diagonals, (K, d).

    weight: sums of the responsibilities, (K,), above 0. scatter: the weighted sums of
    (x - mean_k)(x - mean_k)', (K, d, d), or of the squares, (K, d). A model without a
    closed form is iterated from `current`, so that the likelihood never falls.
    """
    if is_axial(model):
        return _axial(model, weight, scatter, current)
    if model in ("EEE", "VEE"):
        return _proportional(model, weight, scatter, current)
    if model == "VVV":
        cov = scatter / weight[:, None, None]
        symmetric: Array = 0.5 * (cov + np.swapaxes(cov, -1, -2))
        return symmetric
    if model[2] == "V":
        values, vectors = np.linalg.eigh(scatter)
        seen = None if current is None else _eigenvalues(current)
        squares: Array = np.maximum(values, 0)
        diagonals = _axial(model, weight, squares, seen)
        return _rotated(diagonals, vectors)
    return _common_axes(model, weight, scatter, current)


def _eigenvalues(cov: Array) -> Array:
    return np.linalg.eigvalsh(cov).astype(np.float64)


def _rotated(values: Array, vectors: Array) -> Array:
    """The matrices with these eigenvalues, (K, d), and eigenvectors."""
    cov = (vectors * values[:, None, :]) @ np.swapaxes(vectors, -1, -2)
    symmetric: Array = 0.5 * (cov + np.swapaxes(cov, -1, -2))
    return symmetric


def _geometric_mean(squares: Array) -> Array:
    """The d-th root of the product of each row."""
    mean: Array = np.exp(np.log(np.maximum(squares, 1e-300)).mean(axis=-1))
    return mean


def _axial(model: str, weight: Array, squares: Array, current: Array | None) -> Array:
    """Diagonals, (K, d), from sums of squares, (K, d)."""
    volume, shape = model[0], model[1]
    k, d = squares.shape
    if shape == "I":
        total = squares.sum(axis=1)
        if volume == "E":
            return np.full((k, d), total.sum() / (d * weight.sum()))
        return np.repeat((total / (d * weight))[:, None], d, axis=1)
    if shape == "V":
        if volume == "V":
            return squares / weight[:, None]
        roots = _geometric_mean(squares)
        return squares / roots[:, None] * (roots.sum() / weight.sum())
    if volume == "E":
        return np.repeat(squares.sum(axis=0)[None] / weight.sum(), k, axis=0)

    def rest(volumes: Array) -> Array:
        pooled = (squares / volumes[:, None]).sum(axis=0)
        return pooled / _geometric_mean(pooled)

    def volumes_of(common: Array) -> Array:
        return (squares / common).sum(axis=1) / (d * weight)

    volumes, common = _alternate(
        rest, volumes_of, _first_volumes(current, weight, squares.sum(axis=1) / d)
    )
    return volumes[:, None] * common


def _first_volumes(current: Array | None, weight: Array, mean: Array) -> Array:
    if current is None:
        return mean / weight
    if current.ndim == 2:
        return _geometric_mean(current)
    return _geometric_mean(_eigenvalues(current))


def _alternate(
    rest: Callable[[Array], Array], volumes_of: Callable[[Array], Array], volumes: Array
) -> tuple[Array, Array]:
    """Volumes, and what is common to the components, each the best for the other, in
    turn until neither changes.
    """
    for _ in range(_ROUNDS):
        common = rest(volumes)
        before, volumes = volumes, volumes_of(common)
        if np.abs(volumes - before).max() <= _CLOSE * volumes.max():
            break
    return volumes, common


def _proportional(
    model: str, weight: Array, scatter: Array, current: Array | None
) -> Array:
    """EEE and VEE: one matrix, or its multiples."""
    k, d = scatter.shape[:2]
    if model == "EEE":
        return np.repeat(scatter.sum(axis=0)[None] / weight.sum(), k, axis=0)

    def rest(volumes: Array) -> Array:
        pooled = (scatter / volumes[:, None, None]).sum(axis=0)
        return pooled / np.exp(np.linalg.slogdet(pooled)[1] / d)

    def volumes_of(common: Array) -> Array:
        inverse = np.linalg.inv(common)
        return np.einsum("kij,ji->k", scatter, inverse) / (d * weight)

    trace = np.einsum("kii->k", scatter)
    volumes, common = _alternate(
        rest, volumes_of, _first_volumes(current, weight, trace / d)
    )
    return volumes[:, None, None] * common


def _common_axes(
    model: str, weight: Array, scatter: Array, current: Array | None
) -> Array:
    """EVE and VVE: common eigenvectors, by rotations in one plane after another.

    In a plane the objective is a cos 2t + b sin 2t, so the best angle is known.
    Source: after Flury and Gautschi (1986), SIAM J. Sci. Stat. Comput. 7:169.
    """
    if current is None:
        axes = np.linalg.eigh(scatter.sum(axis=0))[1]
    else:  # generic multiples, so that equal eigenvalues do not hide the axes
        mix = np.sqrt(2.0 + np.arange(len(current)))
        axes = np.linalg.eigh(np.tensordot(mix, current, axes=1))[1]
    turned = axes.T @ scatter @ axes
    for _ in range(_ROUNDS):
        values = _axial(model[:2] + "I", weight, np.einsum("kii->ki", turned), None)
        turn = _sweep_planes(turned, 1 / values)
        turned = turn.T @ turned @ turn
        axes = axes @ turn
        if np.abs(turn - np.eye(len(turn))).max() < 1e-9:
            break
    values = _axial(model[:2] + "I", weight, np.einsum("kii->ki", turned), None)
    return _rotated(values, axes)


def _sweep_planes(turned: Array, precision: Array) -> Array:
    """One rotation in each plane that lowers sum_k tr(W_k D diag(precision_k) D')."""
    d = turned.shape[1]
    total = np.eye(d)
    for i in range(d):
        for j in range(i):
            gap = precision[:, i] - precision[:, j]
            even = 0.5 * gap @ (turned[:, i, i] - turned[:, j, j])
            odd = gap @ turned[:, i, j]
            angle = 0.5 * np.arctan2(-odd, -even)
            turn = np.eye(d)
            turn[i, i] = turn[j, j] = np.cos(angle)
            turn[j, i], turn[i, j] = np.sin(angle), -np.sin(angle)
            turned = turn.T @ turned @ turn
            total = total @ turn
    return total
