"""Published and independently recomputed maxima of what was seen only in part, from
default starts: golf tees of Borchers, Buckland and Zucchini (2002)."""

import numpy as np
import pytest

import mixnotes as mx
from tests.published.conftest import data_of


@pytest.mark.slow
@pytest.mark.parametrize("k", [1, 2])
def test_golf_tees(cases, k):
    case = cases[f"truncated_poisson_golf_{k}"]
    times, groups = data_of(case).T
    model = mx.Truncated(mx.Mixture(k * [mx.Poisson()]), 1, None)
    fit = mx.em(model, times, sample_weight=groups)
    assert fit.converged, fit.reason
    assert fit.log_likelihood == pytest.approx(case["log_likelihood"], rel=1e-6)
    assert fit.model.n_free == case["n_free"]
    (found,) = fit.mixture.components
    expected = case["parameters"]
    rates = [part.rate for part in found.component.components]
    np.testing.assert_allclose(rates, expected["rates"], rtol=1e-3)
    before = expected["weights_before_truncation"]
    np.testing.assert_allclose(found.component.weights, before, atol=1e-3)
    there = groups.sum() / found.seen
    assert there == pytest.approx(expected["estimate_of_all"], rel=1e-3)


@pytest.mark.slow
def test_exponentials_seen_between_two_ends(cases):
    case = cases["truncated_exponentials"]
    x = data_of(case)
    expected = case["parameters"]
    fit = mx.em(mx.Truncated(mx.Mixture(2 * [mx.Exponential()]), 2, 3000), x)
    assert fit.converged, fit.reason
    assert fit.log_likelihood == pytest.approx(case["log_likelihood"], rel=1e-6)
    (found,) = fit.mixture.components
    parts = sorted(found.component.components, key=lambda part: -part.rate)
    rates = [part.rate for part in parts]
    np.testing.assert_allclose(rates, expected["rates"], rtol=1e-3)
    assert found.seen == pytest.approx(expected["probability_of_being_seen"], rel=1e-3)
    apart = mx.em(mx.Mixture(2 * [mx.Truncated(mx.Exponential(), 2, 3000)]), x)
    assert apart.log_likelihood == pytest.approx(case["log_likelihood"], rel=1e-6)
    order = np.argsort([-part.component.rate for part in apart.mixture.components])
    after = expected["weights_among_the_seen"]
    np.testing.assert_allclose(apart.mixture.weights[order], after, atol=1e-3)
