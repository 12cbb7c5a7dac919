"""Is the larger of two nested models better than chance would make it?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mixnotes.components.measure import joined
from mixnotes.components.mixture import Mixture
from mixnotes.data.check import Rng, as_count, as_rng
from mixnotes.families.truncated import as_mixture
from mixnotes.fitting.em import em
from mixnotes.fitting.fit import Fit
from mixnotes.numeric.arrays import Array
from mixnotes.study.select import fitted, lacks


@dataclass(frozen=True, repr=False)
class LikelihoodRatioTest:
    """What `likelihood_ratio_test` found: the statistic, and where it lies among those
    of samples from the smaller model.

    Examples:
        >>> import mixnotes as mx
        >>> days = mx.datasets.london_times()
        >>> x = days["deaths"].repeat(days["days"].astype(int))
        >>> one, two = mx.Mixture([mx.Poisson()]), mx.Mixture(2 * [mx.Poisson()])
        >>> test = mx.likelihood_ratio_test(one, two, x, samples=2, starts=1)
        >>> test.null.shape
        (2,)
    """

    statistic: float
    """2 (log-likelihood of the larger - that of the smaller)."""
    p_value: float
    """(1 + how many samples have as large a statistic) / (1 + samples): how rare it is
    if the smaller model is true."""
    null: Array
    """The statistics of the samples, shape (samples,)."""
    smaller: Fit
    """The fit of the smaller model."""
    larger: Fit
    """The fit of the larger model."""

    def __repr__(self) -> str:
        return (
            f"likelihood ratio {self.statistic:.4f}, p = {self.p_value:.4g} "
            f"({len(self.null)} samples of the smaller model)"
        )


def likelihood_ratio_test(
    smaller: Mixture,
    larger: Mixture,
    x: ArrayLike,
    *,
    samples: int = 99,
    rng: Rng = 0,
    **options: Any,
) -> LikelihoodRatioTest:
    """Is the larger of two nested models better than chance would make it?

    Twice the log-likelihood gained has no chi-squared distribution where the smaller
    model lies on the edge of the larger (a weight of 0), so its distribution is drawn:
    both models are fitted to samples of the fitted smaller one. The maximum of a larger
    model is never below that of a smaller one within it; where the fit of the larger
    is, it climbs again from the smaller's fit with a component split in two. A ratio
    that stays negative is an error.

    Source: McLachlan (1987).

    Args:
        smaller: the model of the null hypothesis, a case of `larger`.
        larger: the model that may be better.
        x: observations, shape (n,), or rows (n, d).
        samples: how many samples of the smaller model are fitted; the p-value is not
            below 1 / (1 + samples).
        rng: a seed or a numpy Generator.
        **options: options of `em`, such as starts.

    Returns:
        The statistic, its p-value, and both fits.

    Examples:
        >>> import mixnotes as mx
        >>> days = mx.datasets.london_times()
        >>> x = days["deaths"].repeat(days["days"].astype(int))
        >>> one, two = mx.Mixture([mx.Poisson()]), mx.Mixture(2 * [mx.Poisson()])
        >>> test = mx.likelihood_ratio_test(one, two, x, samples=2, starts=1)
        >>> print(f"{test.statistic:.2f}")
        22.90
    """
    count = as_count(samples, "samples", 1)
    smaller, larger = as_mixture(smaller), as_mixture(larger)
    for model in (smaller, larger):
        if model.label_rule:
            raise ValueError(
                "the test draws samples, and how rows are drawn is not known where the "
                f"{model.label_rule}; compare them by their BIC"
            )
    for name in ("groups", "covariates"):
        if name in options:
            raise ValueError(
                f"the test draws samples without {name}, unlike the data; compare the "
                "models by their BIC"
            )
    generator = as_rng(rng)
    small, large, statistic = _gained(smaller, larger, x, generator, options)
    n = round(small.n)
    null = np.empty(count)
    for i in range(count):
        drawn = small.mixture.sample(n, generator)
        null[i] = _gained(smaller, larger, drawn, generator, options)[-1]
    p_value = (1 + int((null >= statistic).sum())) / (1 + count)
    return LikelihoodRatioTest(statistic, p_value, null, small, large)


def _gained(
    smaller: Mixture, larger: Mixture, x: Any, rng: np.random.Generator, options: Any
) -> tuple[Fit, Fit, float]:
    """Both fits, and twice what the larger one gains."""
    small = _standing(fitted(smaller, x, rng=rng, **options))
    if small is None:
        raise _no_maximum("smaller")
    large = _standing(fitted(larger, x, rng=rng, **options))
    _require_one_measure(small, large)
    rounding = 1e-6
    if large is None or large.log_likelihood < small.log_likelihood - rounding:
        again = [_climbed(larger, start, x, options) for start in _split(small.mixture)]
        standing = [fit for fit in map(_standing, [large, *again]) if fit is not None]
        if not standing:
            raise _no_maximum("larger")
        large = max(standing, key=lambda fit: fit.log_likelihood)
    gain = 2 * (large.log_likelihood - small.log_likelihood)
    if gain < -2 * rounding:
        raise ValueError(
            "a likelihood ratio of nested models is never negative, got "
            f"{gain:.6g}: the larger model must contain the smaller one, and its best "
            "start must reach it; check the models, or raise starts"
        )
    return small, large, max(gain, 0.0)


def _require_one_measure(small: Fit, large: Fit | None) -> None:
    """Raise an error where one model has a point mass at values in the data where the
    other has only a density: their likelihoods cannot be compared.
    """
    fits = [small] if large is None else [small, large]
    atoms = joined(fit.mixture.atoms for fit in fits)
    if any(lacks(fit, atoms) for fit in fits):
        raise ValueError(
            "both models must have the same PointMass where the data lie on one, for a "
            "probability and a density cannot be compared, and got one without; no "
            "test is needed: a density never gives the same value twice"
        )


def _standing(fit: Fit | None) -> Fit | None:
    """The fit; None where every start collapsed."""
    return None if fit is None or fit.collapsed else fit


def _no_maximum(model: str) -> ValueError:
    return ValueError(
        f"both models must have a fit, and every start of the {model} one collapsed, "
        "where the likelihood has no bound; use fewer components, or share what "
        'collapses, as in Normal(sd=Shared("sd"))'
    )


def _split(mixture: Mixture) -> Iterable[Mixture]:
    """The mixture with one of its components cut into two copies of unequal weight, for
    each component in turn.
    """
    weights = np.array(mixture.weights)
    for k, component in enumerate(mixture.components):
        parts = [*mixture.components, component]
        shares = np.append(weights, 0.0)
        shares[-1], shares[k] = 0.4 * weights[k], 0.6 * weights[k]
        yield Mixture(parts, shares)


def _climbed(larger: Mixture, start: Mixture, x: Any, options: Any) -> Fit | None:
    """The larger model from this start, or None where it does not fit there."""
    kept = {k: v for k, v in options.items() if k != "starts"}
    try:
        return em(larger, x, start=start, **kept)
    except ValueError:
        return None
