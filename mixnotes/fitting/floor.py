"""Normal mixtures in which no variance falls below a floor, for data on which the
likelihood has no maximum.

For who fits more columns than rows, or a constant column, and wants an answer.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from mixnotes.components.mixture import Mixture
from mixnotes.data.sources import Rows
from mixnotes.families.multivariate import MultivariateNormal
from mixnotes.fitting.climb import End
from mixnotes.fitting.fit import Fit
from mixnotes.numeric import covariance as models
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.special import log_sum_exp

_LEAST = 1e-300  # of a component that no observation is left to


class Floor(NamedTuple):
    """The rows, and what bounds the covariances of the components."""

    rows: Rows
    kind: str  # "full", "tied", "diagonal" or "spherical"
    least: float  # no eigenvalue of a covariance is below it

    def step(self, share: Array) -> Mixture:
        """The mixture that fits shares of the observations, (K, n), best: of all that
        keep above the floor.

        The covariance is the one without a floor, its eigenvalues raised to it: the
        maximum of the likelihood under that bound, by von Neumann's trace inequality.
        """
        x, model = self.rows.x, models.model_of(self.kind)
        share = share * self.rows.weights
        weight = share.sum(axis=1)
        level = np.maximum(weight, _LEAST)
        means = share @ x / level[:, None]
        cov = models.learn(model, level, self._scatter(share, means), None)
        return Mixture(
            [
                MultivariateNormal(mean, self._raised(part), covariance=self.kind)
                for mean, part in zip(means, cov, strict=True)
            ],
            weight / weight.sum(),
        )

    def _scatter(self, share: Array, means: Array) -> Array:
        """The weighted sums of squares, (K, d), or of products, (K, d, d)."""
        x = self.rows.x
        sides = [x - mean for mean in means]
        if models.is_axial(models.model_of(self.kind)):
            return np.array([s @ a**2 for s, a in zip(share, sides, strict=True)])
        return np.array([(s * a.T) @ a for s, a in zip(share, sides, strict=True)])

    def _raised(self, cov: Array) -> Array:
        """The nearest covariance matrix above the floor, (d, d)."""
        if cov.ndim == 1:
            return np.diag(np.maximum(cov, self.least))
        values, vectors = np.linalg.eigh(cov)
        raised = (vectors * np.maximum(values, self.least)) @ vectors.T
        return 0.5 * (raised + raised.T)

    def measured(self, mixture: Mixture) -> Array:
        """The parameters as a vector, in standard deviations of the data."""
        sd = self.rows.x.std(axis=0)
        sd[sd == 0] = 1.0
        parts = [mixture.value_of("weights")]
        for component in mixture.components:
            parts += [component.mean / sd, (component.cov / np.outer(sd, sd)).ravel()]
        return np.concatenate(parts)


def climb(
    floor: Floor, model: Mixture, start: Mixture, tol: float, max_iter: int
) -> Fit:
    """The maximum above the floor that EM reaches from `start`, as a `Fit`.

    It stops like `em` does, on the estimated distance to the limit.
    """
    x, weight = floor.rows.x, floor.rows.weights
    here, place = start, floor.measured(start)
    history: list[float] = []
    last, error = math.inf, math.inf
    while True:
        joint = here.log_joint(x).T
        log_prob = log_sum_exp(joint)
        history.append(float(weight @ log_prob))
        if error <= tol or len(history) > max_iter:
            break
        here = floor.step(np.exp(joint - log_prob))
        before, place = place, floor.measured(here)
        step = float(np.linalg.norm(place - before))
        error, last = _to_come(step, last), step
    words = f"no variance is below {floor.least:g}, which some would fall to"
    reason = (
        f"converged: {words}; estimated distance to the limit {error:.1e}"
        if error <= tol
        else f"not converged at max_iter = {max_iter}: {words}; raise max_iter"
    )
    end = End(here, history[-1], np.array(history), error <= tol, reason, error)
    return Fit.of(model, here, floor.rows, end, (end,))


def _to_come(step: float, before: float) -> float:
    """The distance to the limit, as two steps in a row tell it."""
    if step == 0:
        return 0.0
    rate = step / before
    return step * rate / (1 - rate) if 0 < rate < 1 else math.inf
