"""Independently recomputed maxima and ceilings, from default starts: a mass beside a
density, a chain of known parameters, and how far any mixture could be above a fit."""

import numpy as np
import pytest

import mixnotes as mx
from tests.published.conftest import data_of


def check(fit, case):
    assert fit.converged, fit.reason
    assert fit.log_likelihood == pytest.approx(case["log_likelihood"], rel=1e-6)
    assert fit.model.n_free == case["n_free"]


def gained(fit, x, weight, parts):
    """n log max_theta of the mean of p_theta(x_i) / f(x_i), Lindsay's bound on what any
    mixture of such parts could gain; `Fit.ceiling` is below it."""
    logs = fit.mixture.log_prob(x)
    top = max(np.log(weight @ np.exp(part.log_prob(x) - logs)) for part in parts)
    return weight.sum() * (top - np.log(weight.sum()))


@pytest.mark.parametrize("name", ["exponential", "lognormal"])
def test_a_mass_at_0_beside_a_density(cases, name):
    case = cases[f"atom_{name}"]
    part = {"exponential": mx.Exponential(), "lognormal": mx.LogNormal()}[name]
    fit = mx.em(mx.Mixture([mx.PointMass(0), part]), data_of(case))
    check(fit, case)
    expected = case["parameters"]
    assert fit.mixture.weights[0] == pytest.approx(expected["weight_atom"], rel=1e-3)
    found = fit.mixture.components[1]
    names = {"rate": "rate", "meanlog": "mu", "sdlog": "sigma"}
    for theirs, ours in names.items():
        if theirs in expected:
            value = getattr(found, ours)
            assert value == pytest.approx(expected[theirs], rel=1e-3)


def test_ten_symbols_under_a_known_chain(cases):
    """The sum over all 1,024 paths, and the posterior of each state."""
    case = cases["hmm_categorical_brute"]
    known = case["parameters"]
    parts = [mx.Categorical(probs) for probs in known["emission"]]
    chain = mx.Chain(parts, known["start"], known["transition"])
    x = case["data"]["observations"]
    total = chain.log_prob(x).sum()
    assert total == pytest.approx(case["log_likelihood"], rel=1e-8)
    r = chain.responsibilities(x)
    np.testing.assert_allclose(r, case["posterior_of_states"], atol=1e-7)
    words = [
        mx.Categorical(dict(zip("abc", probs, strict=True)))
        for probs in known["emission"]
    ]
    named = mx.Chain(words, known["start"], known["transition"])
    spelt = ["abc"[symbol] for symbol in x]
    assert named.log_prob(spelt).sum() == pytest.approx(total, rel=1e-12)


@pytest.mark.parametrize(
    "name",
    [f"galaxies_sd1_{k}" for k in (2, 3, 5, 6)]
    + [f"galaxies_corrected_sd1_{k}" for k in (2, 4, 6)],
)
def test_normals_of_one_width_and_their_ceiling(cases, name):
    case = cases[f"ceiling_{name}"]
    K = int(name[-1])
    x = data_of(case)
    x = x / 1000 if x.max() > 1000 else x
    fit = mx.em(mx.Mixture(K * [mx.Normal(sd=1.0)]), x)
    check(fit, case)
    found = np.sort([c.mean for c in fit.mixture.components])
    np.testing.assert_allclose(found, case["parameters"]["means"], rtol=1e-3)
    near = case["gain_at"] + np.linspace(-0.01, 0.01, 2001)
    parts = [mx.Normal(mean, 1.0) for mean in near]
    bound = gained(fit, x, np.ones(len(x)), parts)
    assert bound == pytest.approx(case["gain_ceiling"], rel=1e-6, abs=1e-4)
    assert 0 <= fit.ceiling() <= case["gain_ceiling"] + 1e-4


@pytest.mark.parametrize("K", [1, 2])
def test_deaths_in_the_times_and_their_ceiling(cases, K):
    case = cases[f"ceiling_times_{K}"]
    deaths, days = data_of(case).T
    fit = mx.em(mx.Mixture(K * [mx.Poisson()]), deaths, sample_weight=days)
    check(fit, case)
    near = case["gain_at"] + np.linspace(-0.001, 0.001, 201)
    parts = [mx.Poisson(max(rate, 0.0)) for rate in near]
    bound = gained(fit, deaths, days, parts)
    assert bound == pytest.approx(case["gain_ceiling"], abs=1e-4)
    assert 0 <= fit.ceiling() <= case["gain_ceiling"] + 1e-4


@pytest.mark.parametrize(
    ("name", "least", "column"),
    [("faithful_waiting_2", 5.8, 1), ("acidity_2", 0.3, None)],
)
def test_normals_above_a_least_width_and_their_ceiling(cases, name, least, column):
    case = cases[f"ceiling_{name}"]
    x = data_of(case)
    x = x if column is None else x[:, column]
    bounded = mx.Normal(sd=mx.Between(least, None))
    fit = mx.em(mx.Mixture([bounded, bounded]), x)
    check(fit, case)
    sds = [c.sd for c in fit.mixture.components]
    np.testing.assert_allclose(sds, case["parameters"]["sds"], rtol=1e-3)
    mean, sd = case["gain_at"]
    near = mean + np.linspace(-0.01, 0.01, 201)
    parts = [mx.Normal(place, max(sd, least)) for place in near]
    bound = gained(fit, x, np.ones(len(x)), parts)
    assert bound == pytest.approx(case["gain_ceiling"], abs=1e-3)
    assert 0 <= fit.ceiling(least_scale=least) <= case["gain_ceiling"] + 1e-3
