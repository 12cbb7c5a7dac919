"""mixnotes: EM for mixtures of any n component distributions.

Write what you know; EM fills in the blanks.
"""

from mixnotes import datasets
from mixnotes.component import Component, from_json
from mixnotes.em import em, em_step
from mixnotes.families.discrete import Bernoulli, Binomial, Poisson
from mixnotes.families.normal import Normal
from mixnotes.fit import Fit
from mixnotes.mixture import Mixture

__all__ = [
    "Bernoulli",
    "Binomial",
    "Component",
    "Fit",
    "Mixture",
    "Normal",
    "Poisson",
    "datasets",
    "em",
    "em_step",
    "from_json",
]
__version__ = "0.1.0"
