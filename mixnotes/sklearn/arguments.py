"""The arguments of the estimator, checked at `fit`, as scikit-learn asks.

An argument that is not what it must be, or that the model has no use for, is an error.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_scalar

from mixnotes.components.mixture import Mixture
from mixnotes.data.check import as_numbers
from mixnotes.families.truncated import as_mixture
from mixnotes.numeric.arrays import Array
from mixnotes.sklearn.shapes import KINDS, inverses, matrices, shape_of

_STARTS = ("kmeans", "k-means++", "random", "random_from_data")
_NORMALS_ONLY = ("covariance_type", "reg_covar", "means_init", "precisions_init")


def check_arguments(given: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
    """Raise an error for the first argument that is not what it must be."""
    for name, least in (
        ("n_components", 1),
        ("max_iter", 0),
        ("n_init", 1),
        ("verbose", 0),
        ("verbose_interval", 1),
    ):
        check_scalar(given[name], name, Integral, min_val=least)
    for name in ("tol", "reg_covar"):
        value = check_scalar(given[name], name, Real)
        if not 0 <= value < math.inf:
            raise ValueError(
                f"{name} must be a finite number not below 0, got {value!r}"
            )
    check_scalar(given["warm_start"], "warm_start", (bool, np.bool_))
    require_one_of(given["covariance_type"], "covariance_type", tuple(KINDS))
    require_one_of(given["init_params"], "init_params", _STARTS)
    _check_model(given, defaults)


def _check_model(given: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
    """Raise an error for an argument that the model has no use for."""
    idle: tuple[str, ...] = ()
    mixture = given["mixture"]
    if mixture is not None:
        if not isinstance(as_mixture(mixture), Mixture):
            raise TypeError(
                f"mixture must be a mixnotes.Mixture, got {mixture!r:.80}; "
                "for K components of one kind use component"
            )
        idle = (*_NORMALS_ONLY, "n_components", "init_params", "weights_init")
        idle = (*idle, "component")
        if not given["max_iter"]:
            raise ValueError("max_iter must be at least 1 with mixture, got 0")
    elif given["component"] is not None:
        idle = _NORMALS_ONLY
    source = "component" if mixture is None else "mixture"
    for name in idle:
        value, default = given[name], defaults[name]
        if value is not default and not _equal(value, default):
            raise ValueError(
                f"{name} must be left out where {source} describes the model, got "
                f"{value!r:.80}; say it in {source}"
            )


def first_weights(values: ArrayLike | None, K: int) -> Array | None:
    """weights_init, (K,), divided by their sum; None if left out."""
    return None if values is None else as_weights_of(values, "weights_init", K)


def first_means(values: ArrayLike | None, K: int, d: int) -> Array | None:
    """means_init, (K, d); None if left out."""
    return None if values is None else as_numbers_of(values, "means_init", (K, d))


def first_covariances(
    values: ArrayLike | None, covariance_type: str, K: int, d: int
) -> Array | None:
    """The inverses of precisions_init, (K, d, d); None if left out."""
    if values is None:
        return None
    found = as_numbers_of(values, "precisions_init", shape_of(covariance_type, K, d))
    return inverses(matrices(found, covariance_type, K, d), "precisions_init")


def as_weights_of(values: Any, name: str, K: int) -> Array:
    """Weights of K components, divided by their sum."""
    weights = as_numbers_of(values, name, (K,))
    if (weights < 0).any() or abs(weights.sum() - 1) > 1e-6:
        raise ValueError(
            f"{name} must not be negative and sum to 1, got {weights.tolist()}; divide "
            "them by their sum"
        )
    return weights / weights.sum()


def as_numbers_of(values: Any, name: str, shape: tuple[int, ...]) -> Array:
    """Finite numbers of this shape."""
    found = as_numbers(values, name)
    if found.shape != shape or not np.isfinite(found).all():
        raise ValueError(
            f"{name} must be finite numbers of shape {shape}, got shape {found.shape}"
            f"{'' if np.isfinite(found).all() else ' with some that are not finite'}"
        )
    return found


def require_one_of(value: Any, name: str, allowed: tuple[str, ...]) -> None:
    """Raise an error for another word."""
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {value!r}")


def _equal(value: Any, default: Any) -> bool:
    return default is not None and bool(value == default)
