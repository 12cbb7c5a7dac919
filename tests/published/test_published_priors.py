"""Modes under mclust's default prior, and penalised maxima, from default starts.

Fraley and Raftery (2007); Ciuperca, Ridolfi and Idier (2003). The values are of
independent programs; mclust itself stops lower from its own start.
"""

import numpy as np
import pytest

import mixnotes as mx
from tests.published.conftest import data_of


def check(fit, case):
    assert fit.converged, fit.reason
    assert fit.log_likelihood == pytest.approx(case["log_likelihood"], rel=1e-6)
    expected = case["parameters"]
    order = np.argsort([np.ravel(c.mean)[0] for c in fit.mixture.components])
    parts = [fit.mixture.components[k] for k in order]
    np.testing.assert_allclose(
        fit.mixture.weights[order], expected["weights"], atol=1e-3
    )
    means = [np.squeeze(c.mean) for c in parts]
    np.testing.assert_allclose(means, expected["means"], rtol=1e-3)
    if "sds" in expected:
        np.testing.assert_allclose([c.sd for c in parts], expected["sds"], rtol=1e-3)
    else:
        covs = [c.cov for c in parts]
        np.testing.assert_allclose(covs, expected["covariances"], rtol=1e-3)


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_the_mode_of_normals_on_the_line(cases, k):
    case = cases[f"map_galaxies_V_{k}"]
    x = data_of(case)
    prior = mx.NormalInverseWishart.default(x, k)
    fit = mx.em(mx.Mixture(k * [mx.Normal(prior=prior)]), x)
    check(fit, case)
    expected = case["log_prior_with_constants"]
    assert fit.log_prior == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("k", [1, 2])
def test_the_mode_of_normals_in_the_plane(cases, k):
    case = cases[f"map_faithful_VVV_{k}"]
    x = data_of(case)
    prior = mx.NormalInverseWishart.default(x, k)
    fit = mx.em(mx.Mixture(k * [mx.MultivariateNormal(prior=prior)]), x)
    check(fit, case)
    expected = case["log_prior_with_constants"]
    assert fit.log_prior == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("k", [3, 4])
def test_the_maximum_under_a_penalty(cases, k):
    case = cases[f"penalty_galaxies_{k}"]
    x = data_of(case)
    prior = mx.NormalInverseWishart.penalty(x)
    fit = mx.em(mx.Mixture(k * [mx.Normal(prior=prior)]), x)
    check(fit, case)
    found = fit.log_likelihood + fit.log_prior
    assert found == pytest.approx(case["penalised_log_likelihood"], rel=1e-6)
