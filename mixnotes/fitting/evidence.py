"""Laplace's approximation of the evidence, p(x): how well a model foretold the data.

For who compares models whose blanks are all believed.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mixnotes.components.constraints import Between, Covariance, Simplex
from mixnotes.components.mixture import Mixture
from mixnotes.fitting.beliefs import alpha_of
from mixnotes.fitting.engine import Engine
from mixnotes.fitting.information import curvature
from mixnotes.fitting.tree import leaves
from mixnotes.fitting.vector import State
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.special import LOG_2_PI


def log_evidence(engine: Engine, mode: State, height: float) -> float:
    """log p(x) from the posterior's height and curvature at its mode, as if it were
    normal there; of components without an order of their own all orders together.

    Weights of which nothing is believed count as uniform.
    """
    model, filled = engine.model, engine.mixture(mode)
    _require_beliefs(model)
    information, slope = curvature(engine, mode)
    rows = _rows(model, filled)
    if len(rows) != len(information):
        raise ValueError(
            "the evidence needs parameters that move by themselves, and some are tied "
            "or shared here; give each its own"
        )
    log_det = float(np.linalg.slogdet(information)[1])
    volume = float(np.linalg.slogdet(slope[rows])[1])
    for (_, template), (_, part) in zip(leaves(model), leaves(filled), strict=True):
        if "prior" in template.told and "sd" in template.blanks:
            volume += math.log(2 * part.sd)  # its density is one of the variance
    around = 0.5 * (len(rows) * LOG_2_PI - log_det) + volume
    return height + around + _orders(model)


def _require_beliefs(model: Mixture) -> None:
    """Raise an error unless every blank but weights has a distribution."""
    told = model.told
    wanting = [
        name
        for name in model.blanks
        if not name.endswith("weights")
        and (isinstance(told.get(name), Between) or name not in told)
        and name.rpartition(".")[0] + ".prior" not in told
    ]
    if wanting:
        raise ValueError(
            "the evidence needs a belief about every blank, a distribution, and none "
            f"stands for {', '.join(wanting)}; bounds are none"
        )
    joint = [known for name, known in told.items() if name.endswith("prior")]
    if any(not prior.df > prior.d - 1 or not prior.shrinkage for prior in joint):
        raise ValueError(
            "the evidence needs distributions, and a penalty is none; take "
            "NormalInverseWishart.default"
        )


def _rows(model: Mixture, filled: Mixture) -> list[int]:
    """Which of the learned values, flat by name, are free: of probabilities all but the
    last, of a covariance those on and below its diagonal."""
    found: list[int] = []
    place = 0
    for name in model.blanks:
        value: Any = np.asarray(filled.value_of(name))
        size = max(value.size, 1)
        constraint = model.constraint_of(name)
        free = np.arange(size)
        if isinstance(constraint, Simplex):
            free = free[:-1]
        elif isinstance(constraint, Covariance):
            free = np.flatnonzero(_is_free(value))
        found += (place + free).tolist()
        place += size
    return found


def _is_free(cov: Array) -> Array:
    """Which entries of a covariance are free, flat; of uncorrelated columns those on
    its diagonal."""
    axial = not (cov - np.diag(np.diagonal(cov))).any()
    return (np.eye(len(cov)) if axial else np.tri(len(cov))).ravel()


def _orders(model: Mixture) -> float:
    """The logarithm of the constant of weights that are uniform, and of how many orders
    of the components are the same."""
    total = 0.0
    if model.weights is None:
        if model.believed is None:
            total += math.lgamma(len(model.parts))
        if model.believed is None or np.ptp(alpha_of(model.believed)) == 0:
            alike = [sum(c == other for other in model.parts) for c in model.parts]
            total += sum(math.lgamma(n + 1) / n for n in alike)
    inner = [part for part in model.parts if isinstance(part, Mixture)]
    return total + sum(map(_orders, inner))
