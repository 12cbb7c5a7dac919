"""Mixtures of normals by the names of their covariances."""

from mixnotes.components.constraints import Shared
from mixnotes.components.mixture import Mixture
from mixnotes.data.check import as_count
from mixnotes.families.multivariate import MultivariateNormal
from mixnotes.families.normal import Normal


def gaussian_mixture(K: int, covariance: str = "full") -> Mixture:
    """A mixture of K normals in any dimension, all blank.

    covariance: "full", "tied", "diagonal" or "spherical", or one of mclust's fourteen
    models, "EII" ... "VVV"; for x of shape (n,) "E" (one common variance) or "V".
    Source: Celeux and Govaert (1995) and mclust, for the models.

        em(gaussian_mixture(2, covariance="tied"), x)
    """
    count = as_count(K, "K", 1)
    if covariance == "E":
        return Mixture(count * [Normal(sd=Shared("sd"))])
    if covariance == "V":
        return Mixture(count * [Normal()])
    return Mixture(count * [MultivariateNormal(covariance=covariance)])
