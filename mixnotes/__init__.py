"""mixnotes: EM for mixtures of any n component distributions.

Write what you know; EM fills in the blanks.
"""

from mixnotes import datasets, plot
from mixnotes.approximate import Approximation, approximate
from mixnotes.climb import Step
from mixnotes.component import Component, from_json
from mixnotes.domains import Shared
from mixnotes.em import em, em_step
from mixnotes.families.bounded import Beta, Dirichlet, Uniform
from mixnotes.families.circular import VonMises
from mixnotes.families.counts import Multinomial, NegativeBinomial, PointMass
from mixnotes.families.custom import Custom
from mixnotes.families.discrete import (
    Bernoulli,
    Binomial,
    Categorical,
    Geometric,
    Poisson,
)
from mixnotes.families.line import Gumbel, Laplace, Logistic, Weibull
from mixnotes.families.multivariate import MultivariateNormal
from mixnotes.families.normal import LogNormal, Normal
from mixnotes.families.positive import Exponential, Gamma, InverseGaussian
from mixnotes.families.product import Product
from mixnotes.families.regression import (
    LinearRegression,
    LogisticRegression,
    PoissonRegression,
)
from mixnotes.families.scipys import from_scipy
from mixnotes.families.student import StudentT
from mixnotes.families.student_rows import MultivariateStudentT
from mixnotes.fit import Fit
from mixnotes.intervals import Binned, Censored
from mixnotes.mixture import Mixture, gaussian_mixture
from mixnotes.npmle import npmle
from mixnotes.online import em_online
from mixnotes.resample import Bootstrap, bootstrap
from mixnotes.select import Selection, likelihood_ratio_test, select

__all__ = [
    "Approximation",
    "Bernoulli",
    "Beta",
    "Binned",
    "Binomial",
    "Bootstrap",
    "Categorical",
    "Censored",
    "Component",
    "Custom",
    "Dirichlet",
    "Exponential",
    "Fit",
    "Gamma",
    "Geometric",
    "Gumbel",
    "InverseGaussian",
    "Laplace",
    "LinearRegression",
    "LogNormal",
    "Logistic",
    "LogisticRegression",
    "Mixture",
    "Multinomial",
    "MultivariateNormal",
    "MultivariateStudentT",
    "NegativeBinomial",
    "Normal",
    "PointMass",
    "Poisson",
    "PoissonRegression",
    "Product",
    "Selection",
    "Shared",
    "Step",
    "StudentT",
    "Uniform",
    "VonMises",
    "Weibull",
    "approximate",
    "bootstrap",
    "datasets",
    "em",
    "em_online",
    "em_step",
    "from_json",
    "from_scipy",
    "gaussian_mixture",
    "likelihood_ratio_test",
    "npmle",
    "plot",
    "select",
]
__version__ = "0.1.0"
