"""mixnotes: EM for mixtures of any n component distributions.

Write what you know; EM fills in the blanks.
"""

from mixnotes import datasets, plot
from mixnotes.approximate import Approximation, approximate
from mixnotes.climb import Step
from mixnotes.component import Component, from_json
from mixnotes.domains import Shared
from mixnotes.em import em, em_step
from mixnotes.families.discrete import (
    Bernoulli,
    Binomial,
    Categorical,
    Geometric,
    Poisson,
)
from mixnotes.families.multivariate import MultivariateNormal
from mixnotes.families.normal import LogNormal, Normal
from mixnotes.families.positive import Exponential
from mixnotes.fit import Fit
from mixnotes.mixture import Mixture, gaussian_mixture
from mixnotes.online import em_online

__all__ = [
    "Approximation",
    "Bernoulli",
    "Binomial",
    "Categorical",
    "Component",
    "Exponential",
    "Fit",
    "Geometric",
    "LogNormal",
    "Mixture",
    "MultivariateNormal",
    "Normal",
    "Poisson",
    "Shared",
    "Step",
    "approximate",
    "datasets",
    "em",
    "em_online",
    "em_step",
    "from_json",
    "gaussian_mixture",
    "plot",
]
__version__ = "0.1.0"
