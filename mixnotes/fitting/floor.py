"""A floor under the variances of normal components, for data on which the likelihood
has no maximum.

For who fits more columns than rows, or a constant column, and wants an answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mixnotes.components.mixture import Mixture
from mixnotes.data.sources import Rows
from mixnotes.families.multivariate import MultivariateNormal
from mixnotes.fitting.climb import climb
from mixnotes.fitting.engine import Engine
from mixnotes.fitting.fit import Fit
from mixnotes.fitting.prior import Prior
from mixnotes.fitting.run import Settings
from mixnotes.numeric.arrays import Array


class Floor(Prior):
    """No eigenvalue of a covariance is below `least`, in the data's unit, squared.

    The best covariance above the floor is the one without it, its eigenvalues raised,
    by von Neumann's trace inequality; one for all components, or of a sphere or of the
    axes, stays so.
    """

    def __init__(self, least: float) -> None:
        self.least = least

    def __call__(self, components: Sequence[Any]) -> Prior | None:
        """It says something of multivariate normals alone."""
        return self if isinstance(components[0], MultivariateNormal) else None

    def bounded(self, name: str, values: Array) -> Array:
        """Covariances, (K, d, d), or variances along the axes, (K, d), above it."""
        if name != "cov":
            return values
        if values.ndim == 2:
            return np.maximum(values, self.least)
        return np.array([self._raised(cov) for cov in values])

    def _raised(self, cov: Array) -> Array:
        """The nearest covariance matrix above the floor, (d, d)."""
        if not np.isfinite(cov).all():  # of no observations: the block says so
            return cov
        squares, vectors = np.linalg.eigh(cov)
        if squares[0] >= self.least:
            return cov
        raised = (vectors * np.maximum(squares, self.least)) @ vectors.T
        symmetric: Array = 0.5 * (raised + raised.T)
        return symmetric

    def fit(
        self, model: Mixture, rows: Rows, start: Mixture, tol: float, max_iter: int
    ) -> Fit:
        """The maximum above the floor to which EM climbs from `start`."""
        engine = Engine(model, rows, priors=self)
        first = engine.vector.project(engine.state(start))
        end = climb(engine, first, Settings(tol, max_iter, accelerate=True))
        words = f"; no variance is below {self.least:g}, which some would fall to"
        end = replace(end, reason=end.reason + words)
        return Fit.of(model, end.mixture, rows, end, (end,))
