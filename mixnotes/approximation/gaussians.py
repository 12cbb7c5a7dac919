"""A Gaussian mixture as arrays, in coordinates that have no units.

The coordinates of a step are log weights, means in standard deviations, and E in
covariance factors L (1 + E).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from mixnotes.components.mixture import Mixture
from mixnotes.families.multivariate import MultivariateNormal
from mixnotes.families.normal import Normal
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.special import LOG_2_PI, log_sum_exp

_TINY = 1e-300
# integrals of |f'| and |f''| of the standard normal density
VARIATION = 2 / math.sqrt(2 * math.pi)
CURVATURE = 4 * math.exp(-0.5) / math.sqrt(2 * math.pi)


@dataclass(frozen=True)
class Gaussians:
    """K normals: log_weights (K,), means (K, d), factors (K, d, d), lower triangular.

    A factor L has L L^T = the covariance; in one dimension it is the standard
    deviation.
    """

    log_weights: Array
    means: Array
    factors: Array

    @property
    def K(self) -> int:
        """How many normals there are."""
        return len(self.log_weights)

    @property
    def d(self) -> int:
        """The dimension."""
        return self.means.shape[1]

    @property
    def weights(self) -> Array:
        """The weights, shape (K,), which sum to 1."""
        raised = np.exp(self.log_weights - self.log_weights.max())
        return raised / raised.sum()

    @property
    def sds(self) -> Array:
        """Standard deviations, in one dimension, shape (K,)."""
        return self.factors[:, 0, 0]

    def parts(self, x: Array) -> tuple[Array, Array]:
        """weight * density, shape (K, n), and standardised x, shape (d, K, n)."""
        K, d = self.means.shape
        z = np.empty((d, K, len(x)))
        for i in range(d):
            aside = x[:, i] - self.means[:, i, None]
            for j in range(i):
                aside -= self.factors[:, i, j, None] * z[j]
            np.divide(aside, self.factors[:, i, i, None], out=z[i])
        heights = self.weights / np.prod(
            math.sqrt(2 * math.pi) * np.diagonal(self.factors, axis1=1, axis2=2), axis=1
        )
        with np.errstate(over="ignore", under="ignore"):
            p = np.square(z[0]) if d == 1 else np.square(z).sum(axis=0)
            p *= -0.5
            np.exp(p, out=p)
        p *= heights[:, None]
        return p, z

    def density(self, x: Array) -> Array:
        """The mixture's density, shape (n,)."""
        return self.parts(x)[0].sum(axis=0)

    def log_density(self, x: Array) -> Array:
        """Its logarithm, also where the density is too small for a number."""
        _, z = self.parts(x)
        diagonal = np.diagonal(self.factors, axis1=1, axis2=2)
        logs = np.log(self.weights + _TINY) - np.log(diagonal).sum(axis=1)
        logs -= 0.5 * self.d * LOG_2_PI
        return log_sum_exp(logs[:, None] - 0.5 * np.square(z).sum(axis=0))

    def cdf(self, x: Array) -> Array:
        """The distribution function in one dimension, shape (n,)."""
        order = np.argsort(x, kind="stable")
        x, total, of_x = x[order], np.zeros(len(x)), np.empty(len(x))
        ndtr = normal_cdf()
        for p, m, s in zip(self.weights, self.means[:, 0], self.sds, strict=True):
            first, last = np.searchsorted(x, [m - 39 * s, m + 9 * s])
            total[first:last] += p * ndtr((x[first:last] - m) / s)
            total[last:] += p  # 1 to the last bit
        of_x[order] = total
        return of_x

    def mirrored(self) -> Self:
        """The mixture of -x, in one dimension."""
        return type(self)(self.log_weights, -self.means, self.factors)

    def joined(self, weight: float, mean: Array, factor: Array) -> Self:
        """The mixture with one more normal, which has this share of the whole."""
        return type(self)(
            np.append(np.log(self.weights + _TINY), math.log(weight)),
            np.concatenate([self.means, np.reshape(mean, (1, -1))]),
            np.concatenate([self.factors, np.asarray(factor)[None]]),
        )

    def without(self, k: int) -> Self:
        """The mixture without the k-th normal."""
        rest = np.arange(self.K) != k
        return type(self)(self.log_weights[rest], self.means[rest], self.factors[rest])

    def split(self, k: int, axis: int) -> Self:
        """The mixture with the k-th normal cut in two along a column of its factor."""
        logs = np.log(self.weights + _TINY)
        logs[k] -= math.log(2)
        means, factors = self.means.copy(), self.factors.copy()
        along = 0.5 * factors[k, :, axis]
        means[k] -= along
        factors[k, :, axis] *= 0.85
        return type(self)(
            np.append(logs, logs[k]),
            np.concatenate([means, (self.means[k] + along)[None]]),
            np.concatenate([factors, factors[k : k + 1]]),
        )

    def merged(self, j: int, k: int) -> Self:
        """The mixture with two normals replaced by one of their common mean and
        covariance.
        """
        p, q = self.weights[j], self.weights[k]
        total = p + q + _TINY
        apart = self.means[j] - self.means[k]
        mean = (p * self.means[j] + q * self.means[k]) / total
        each = self.factors @ self.factors.transpose(0, 2, 1)
        covariance = (p * each[j] + q * each[k]) / total
        covariance += p * q / total**2 * np.outer(apart, apart)
        rest = self.without(max(j, k)).without(min(j, k))
        logs = np.log(np.delete(self.weights, [j, k]) + _TINY)
        return type(self)(
            np.append(logs, math.log(total)),
            np.concatenate([rest.means, mean[None]]),
            np.concatenate([rest.factors, np.linalg.cholesky(covariance)[None]]),
        )

    def mixture(self) -> Mixture:
        """As a mixture of the package, sorted by mean."""
        order = np.lexsort(self.means.T[::-1])
        weights = self.weights[order]
        means, factors = self.means[order], self.factors[order]
        parts: list[Any]
        if self.d == 1:
            pairs = zip(means[:, 0].tolist(), factors[:, 0, 0].tolist(), strict=True)
            parts = [Normal(mean, sd) for mean, sd in pairs]
        else:
            covs = factors @ factors.transpose(0, 2, 1)
            parts = [
                MultivariateNormal(*pair) for pair in zip(means, covs, strict=True)
            ]
        return Mixture(parts, weights / weights.sum())

    @classmethod
    def of(cls, mixture: Any) -> Self:
        """The arrays of a mixture of the package, each component a normal."""
        parts = getattr(mixture, "components", ())
        weights = getattr(mixture, "weights", None)
        normal = all(isinstance(part, Normal | MultivariateNormal) for part in parts)
        if not parts or weights is None or not normal or mixture.blanks:
            raise ValueError(
                "the mixture must be a filled one of normals, got "
                f"{mixture!r:.80}; fit it first"
            )
        if isinstance(parts[0], Normal):
            means = np.array([[part.given("mean")] for part in parts])
            factors = np.array([[[part.given("sd")]] for part in parts])
        else:
            means = np.array([part.moments()[0] for part in parts])
            factors = np.linalg.cholesky([part.moments()[1] for part in parts])
        return cls(np.log(np.maximum(weights, _TINY)), means, factors)


def normal_cdf() -> Any:
    """The standard normal distribution function, of arrays."""
    try:
        from scipy.special import ndtr
    except ImportError:  # in a browser before scipy is fetched: slower, as exact
        error = np.frompyfunc(math.erfc, 1, 1)
        return lambda z: 0.5 * np.asarray(error(-z / math.sqrt(2)), dtype=np.float64)
    return ndtr
