"""The fitted parameters as plain arrays, as scikit-learn has them, and back.

For who loads known parameters, or puts components in another order: an estimator's
arrays may be set, whole or in part, and the mixture is then that of the arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mixnotes.components.mixture import Mixture
from mixnotes.families.multivariate import MultivariateNormal
from mixnotes.numeric.arrays import Array
from mixnotes.sklearn.arguments import as_numbers_of, as_weights_of, require_one_of
from mixnotes.sklearn.shapes import (
    KINDS,
    cholesky_of_precisions,
    compact,
    covariances_of,
    inverses,
    matrices,
    precisions_of,
    shape_of,
    type_of,
)

OF_NORMALS = ("means_", "covariances_", "precisions_", "precisions_cholesky_")
NAMES = ("weights_", *OF_NORMALS)
# Each says what the covariances are: where several were set, the first of these does.
_SPREADS = ("precisions_cholesky_", "precisions_", "covariances_")


def parameters_of(mixture: Mixture) -> dict[str, Array]:
    """The weights, and of normal components what scikit-learn keeps of them."""
    found = {"weights_": np.array(mixture.weights)}
    if not are_normal(mixture.components):
        return found
    parts: tuple[Any, ...] = mixture.components
    kind = type_of(c.covariance for c in parts)
    cov = compact([c.cov for c in parts], kind)
    root = cholesky_of_precisions(cov, kind)
    found["means_"] = np.array([c.mean for c in parts])
    found["covariances_"] = cov
    found["precisions_"] = precisions_of(root, kind)
    found["precisions_cholesky_"] = root
    return found


def are_normal(components: tuple[Any, ...]) -> bool:
    """Have these components means and covariances?"""
    return all(isinstance(c, MultivariateNormal) for c in components)


def are_enough(given: Mapping[str, Any]) -> bool:
    """Do these arrays alone say what a normal mixture is?"""
    spread = any(name in given for name in _SPREADS)
    return spread and "weights_" in given and "means_" in given


def mixture_of(
    given: Mapping[str, Any],
    covariance_type: str,
    last: Mixture | None = None,
    kept: Mapping[str, Array] | None = None,
) -> Mixture:
    """The mixture of some arrays: that of the last fit where nothing was set since.

    Args:
        given: the arrays of the estimator, by name.
        covariance_type: by whose shapes they go, where there was no fit.
        last: the mixture that was fitted last; None if none was.
        kept: its arrays, as they were then.
    """
    new = [name for name in given if not _equal(given[name], (kept or {}).get(name))]
    if last is not None:
        if not new:
            return last
        if not are_normal(last.components):
            K = len(last.components)
            return Mixture(
                last.components, as_weights_of(given["weights_"], "weights_", K)
            )
        covariance_type = type_of(c.covariance for c in last.components)
    require_one_of(covariance_type, "covariance_type", tuple(KINDS))
    means = np.asarray(given["means_"], dtype=np.float64)
    K = len(np.atleast_1d(given["weights_"]))
    d = means.shape[-1] if means.ndim else 0
    means = as_numbers_of(means, "means_", (K, d))
    weights = as_weights_of(given["weights_"], "weights_", K)
    name = next((name for name in _SPREADS if name in new), None)
    if name is None and last is not None and len(last.components) == K:
        cov = [component.cov for component in last.components]
    else:
        name = name or next(name for name in _SPREADS if name in given)
        cov = list(_covariances(given[name], name, covariance_type, K, d))
    kinds = K * [KINDS[covariance_type]]
    if last is not None and len(last.components) == K:
        kinds = [component.covariance for component in last.components]
    parts = [
        MultivariateNormal(m, c, covariance=kind)
        for m, c, kind in zip(means, cov, kinds, strict=True)
    ]
    return Mixture(parts, weights)


def _covariances(values: Any, name: str, covariance_type: str, K: int, d: int) -> Array:
    """The covariances, (K, d, d), by covariances_, precisions_ or their roots."""
    found = as_numbers_of(values, name, shape_of(covariance_type, K, d))
    if name == "precisions_cholesky_":
        diagonal = np.diagonal(matrices(found, covariance_type, K, d), 0, 1, 2)
        if not diagonal.all():
            raise ValueError(
                "precisions_cholesky_ must have no 0 on a diagonal, got "
                f"{values!r:.120}; they are roots of inverses of covariances"
            )
        found = covariances_of(found, covariance_type)
    whole = matrices(found, covariance_type, K, d)
    if name == "precisions_":
        return inverses(whole, name)
    return whole


def _equal(one: Any, other: Any) -> bool:
    return other is not None and np.array_equal(one, other)
