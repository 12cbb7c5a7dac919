"""Mixtures of normals by the names of their covariances."""

from mixnotes.components.constraints import Shared
from mixnotes.components.mixture import Mixture
from mixnotes.data.check import as_count
from mixnotes.families.factors import Factors
from mixnotes.families.multivariate import MultivariateNormal
from mixnotes.families.normal import Normal


def gaussian_mixture(K: int, covariance: str | Factors = "full") -> Mixture:
    """A mixture of K normals in any dimension, all blank.

    Source: Celeux and Govaert (1995) and mclust, for the models.

    Args:
        K: how many components, a whole number above 0.
        covariance: what is known of the covariances. "full": nothing; "tied": all are
            the same; "diagonal": columns are uncorrelated; "spherical": and of equal
            variance. Or one of mclust's fourteen models, "EII" to "VVV"; or
            `Factors(q)`. For x of shape (n,) "V", or "E" where all variances are the
            same.

    Returns:
        A mixture to hand to `em`.

    Examples:
        >>> import mixnotes as mx
        >>> import numpy as np
        >>> geyser = mx.datasets.faithful()
        >>> x = np.column_stack([geyser["eruptions"], geyser["waiting"]])
        >>> fit = mx.em(mx.gaussian_mixture(2, covariance="tied"), x, starts=1, rng=0)
        >>> fit.mixture.weights.round(3)
        array([0.359, 0.641])
    """
    count = as_count(K, "K", 1)
    if covariance == "E":
        return Mixture(count * [Normal(sd=Shared("sd"))])
    if covariance == "V":
        return Mixture(count * [Normal()])
    return Mixture(count * [MultivariateNormal(covariance=covariance)])
