"""mixnotes: EM for mixtures of any n component distributions.

Write what you know; EM fills in the blanks.

Examples:
    >>> import mixnotes as mx
    >>> marbles = mx.datasets.marbles_2000()
    >>> bag = mx.Mixture([mx.Bernoulli(0.8), mx.Bernoulli(0.3)])  # no weights
    >>> fit = mx.em(bag, marbles["red"], sample_weight=marbles["count"])
    >>> fit.mixture.weights.round(3)
    array([0.659, 0.341])
"""

from mixnotes import datasets, plot
from mixnotes.approximation.approximate import Approximation, approximate
from mixnotes.components.chain import Chain
from mixnotes.components.component import Component
from mixnotes.components.constraints import Between, Shared
from mixnotes.components.gate import Gate
from mixnotes.components.joint import NormalInverseWishart
from mixnotes.components.mixture import Mixture
from mixnotes.components.saving import from_json
from mixnotes.data.intervals import Binned, Censored
from mixnotes.datasets.reading import read_csv
from mixnotes.families.beta import Beta
from mixnotes.families.categorical import Categorical
from mixnotes.families.circular import VonMises
from mixnotes.families.counts import Multinomial, NegativeBinomial, PointMass
from mixnotes.families.custom import Custom
from mixnotes.families.dirichlet import Dirichlet
from mixnotes.families.discrete import (
    Bernoulli,
    Binomial,
    Geometric,
    Poisson,
)
from mixnotes.families.factors import FactorNormal, Factors
from mixnotes.families.gaussian_mixture import gaussian_mixture
from mixnotes.families.line import Gumbel, Laplace, Logistic, Weibull
from mixnotes.families.multivariate import MultivariateNormal
from mixnotes.families.noise import Noise
from mixnotes.families.normal import LogNormal, Normal
from mixnotes.families.overdispersed import BetaBinomial, DirichletMultinomial
from mixnotes.families.positive import Exponential, Gamma, InverseGaussian
from mixnotes.families.product import Product
from mixnotes.families.regressions import (
    BinomialRegression,
    LinearRegression,
    LogisticRegression,
    PoissonRegression,
)
from mixnotes.families.scipys import from_scipy
from mixnotes.families.sphere import VonMisesFisher
from mixnotes.families.spread_regressions import (
    GammaRegression,
    NegativeBinomialRegression,
    StudentTRegression,
)
from mixnotes.families.student import StudentT
from mixnotes.families.student_rows import MultivariateStudentT
from mixnotes.families.truncated import Truncated
from mixnotes.families.uniform import Uniform
from mixnotes.families.with_error import WithError
from mixnotes.fitting.em import em, em_step
from mixnotes.fitting.fit import Fit
from mixnotes.fitting.online import em_online
from mixnotes.fitting.run import Step
from mixnotes.study.likelihood_ratio import likelihood_ratio_test
from mixnotes.study.npmle import npmle
from mixnotes.study.resample import Bootstrap, bootstrap
from mixnotes.study.select import Selection, select

__all__ = [
    "Approximation",
    "Bernoulli",
    "Beta",
    "BetaBinomial",
    "Between",
    "Binned",
    "Binomial",
    "BinomialRegression",
    "Bootstrap",
    "Categorical",
    "Censored",
    "Chain",
    "Component",
    "Custom",
    "Dirichlet",
    "DirichletMultinomial",
    "Exponential",
    "FactorNormal",
    "Factors",
    "Fit",
    "Gamma",
    "GammaRegression",
    "Gate",
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
    "NegativeBinomialRegression",
    "Noise",
    "Normal",
    "NormalInverseWishart",
    "PointMass",
    "Poisson",
    "PoissonRegression",
    "Product",
    "Selection",
    "Shared",
    "Step",
    "StudentT",
    "StudentTRegression",
    "Truncated",
    "Uniform",
    "VonMises",
    "VonMisesFisher",
    "Weibull",
    "WithError",
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
    "read_csv",
    "select",
]
__version__ = "0.1.0"
