"""Covariances and their inverses in the shapes of scikit-learn's covariance types.

For who reads `covariances_` or gives `precisions_init`: the components of mixnotes hold
matrices, (d, d), whatever their kind.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from mixnotes.numeric.arrays import Array

KINDS = {  # scikit-learn's name of a covariance, and that of mixnotes
    "full": "full",
    "tied": "tied",
    "diag": "diagonal",
    "spherical": "spherical",
}


def type_of(kinds: Iterable[str]) -> str:
    """The covariance_type by whose shape components of these kinds go."""
    names = {kind: name for name, kind in KINDS.items()}
    found = set(kinds)
    return names.get(found.pop(), "full") if len(found) == 1 else "full"


def shape_of(covariance_type: str, K: int, d: int) -> tuple[int, ...]:
    """The shape of precisions and covariances."""
    shapes = {"full": (K, d, d), "tied": (d, d), "diag": (K, d), "spherical": (K,)}
    return shapes[covariance_type]


def matrices(values: Array, covariance_type: str, K: int, d: int) -> Array:
    """Matrices, (K, d, d), from the shape of a covariance_type."""
    if covariance_type == "full":
        return values
    if covariance_type == "tied":
        return np.repeat(values[None], K, axis=0)
    return np.eye(d) * values.reshape(K, 1, -1)


def compact(cov: list[Array], covariance_type: str) -> Array:
    """Covariance matrices in the shape of a covariance_type."""
    if covariance_type == "tied":
        return cov[0].copy()
    if covariance_type == "full":
        return np.array(cov)
    diagonals = np.array([np.diagonal(c) for c in cov])
    return diagonals if covariance_type == "diag" else diagonals[:, 0]


def cholesky_of_precisions(cov: Array, covariance_type: str) -> Array:
    """U of precision = U U', upper triangular, in the shape of the covariances."""
    if covariance_type in ("diag", "spherical"):
        return 1 / np.sqrt(cov)
    return np.swapaxes(np.linalg.inv(np.linalg.cholesky(cov)), -1, -2)


def covariances_of(root: Array, covariance_type: str) -> Array:
    """The covariances whose precisions are U U' of these U, in the same shape."""
    if covariance_type in ("diag", "spherical"):
        return root**-2.0
    factor = np.linalg.inv(root)
    return np.swapaxes(factor, -1, -2) @ factor


def inverses(precisions: Array, name: str) -> Array:
    """Covariance matrices, (K, d, d), from their inverses; an error where these are
    none."""
    symmetric = np.allclose(precisions, precisions.transpose(0, 2, 1))
    if not symmetric or (np.linalg.eigvalsh(precisions) <= 0).any():
        raise ValueError(
            f"{name} must be symmetric and positive definite, got "
            f"{precisions!r:.120}; they are inverses of covariances"
        )
    cov = np.linalg.inv(precisions)
    return 0.5 * (cov + cov.transpose(0, 2, 1))


def precisions_of(root: Array, covariance_type: str) -> Array:
    """The precisions U U' of these U, in the same shape."""
    if covariance_type in ("diag", "spherical"):
        return root**2
    return root @ np.swapaxes(root, -1, -2)
