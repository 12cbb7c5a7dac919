"""The short way of a step leads where the long one does, or is not taken."""

import numpy as np
import pytest

import mixnotes as mx
from mixnotes.data.sources import compress
from mixnotes.fitting.engine import Engine


def data(seed, n=200, k=3):
    rng = np.random.default_rng(seed)
    return rng.normal(rng.normal(0, 4, k)[rng.integers(k, size=n)], 1)


def engine(model, x, weight=None):
    return Engine(model, compress(np.asarray(x, float), weight))


def start(family, k, x):
    places = np.quantile(x, (np.arange(k) + 0.5) / k)
    return mx.Mixture([family(at, 1.0) for at in places], np.full(k, 1 / k))


@pytest.mark.parametrize("k", [2, 3, 5])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("family", [mx.Normal, mx.LogNormal])
def test_it_leads_to_the_same_state_likelihood_and_sums(family, weighted, k):
    x = data(k, k=k)
    weight = np.random.default_rng(k).exponential(size=len(x)) if weighted else None
    values = np.exp(x) if family is mx.LogNormal else x
    made = engine(mx.Mixture(k * [family()]), values, weight)
    state = made.state(start(family, k, x))
    for _ in range(20):
        _, statistics = made.e_step(state)
        found = made.short(statistics)
        state = made.m_step(statistics, state)
        height, sums = made.e_step(state)
        assert found[0] == pytest.approx(height, rel=1e-12)
        np.testing.assert_allclose(found[1].weights[0], state.weights[0], rtol=1e-13)
        for name, stack in state.values[0].items():
            np.testing.assert_allclose(found[1].values[0][name], stack, rtol=1e-13)
        np.testing.assert_allclose(
            found[2].parts[0].sums, sums.parts[0].sums, rtol=1e-9, atol=1e-9
        )


def taken(model, x=None, weight=None):
    return engine(model, data(0) if x is None else x, weight).short is not None


def test_it_is_for_unknown_normals_of_which_nothing_else_is_known():
    shared = mx.Shared("s")
    assert taken(mx.Mixture(2 * [mx.Normal()]))
    for model in [
        mx.Mixture([mx.Normal(), mx.Normal(0, 1)]),
        mx.Mixture([mx.Normal(), mx.Normal(sd=1.0)]),
        mx.Mixture([mx.Normal(sd=shared), mx.Normal(sd=shared)]),
        mx.Mixture([mx.Normal(), mx.Laplace()]),
        mx.Mixture([mx.Normal(sd=mx.Between(0.1, 9)), mx.Normal()]),
        mx.Mixture(2 * [mx.Normal(prior=mx.NormalInverseWishart(0, 1, 3, 1))]),
        mx.Mixture(2 * [mx.Normal()], weights=[0.5, 0.5]),
        mx.Mixture(2 * [mx.Normal()], weights=mx.Dirichlet([2, 2])),
        mx.Mixture([mx.Mixture(2 * [mx.Normal()]), mx.Normal()]),
        mx.Mixture(40 * [mx.Normal()]),
    ]:
        assert not taken(model), model
    plane = mx.Mixture(2 * [mx.MultivariateNormal(d=2)])
    assert not taken(plane, np.stack([data(0), data(1)], axis=1))
    many = np.random.default_rng(0).normal(size=100_000)
    assert not taken(mx.Mixture(2 * [mx.Normal()]), many)


def test_where_a_component_is_too_sharp_or_idle_the_long_way_is_gone():
    made = engine(mx.Mixture(2 * [mx.Normal()]), data(0))
    state = made.state(start(mx.Normal, 2, data(0)))
    _, statistics = made.e_step(state)
    (part,) = statistics.parts
    for second in (part.sums[1, 1] ** 2 / part.sums[0, 1] * (1 + 1e-12), 0.0):
        sums = part.sums.copy()
        sums[2, 1] = second
        assert made.short(type(statistics)([type(part)(sums)], statistics.form)) is None
    sums = part.sums.copy()
    sums[:, 1] = 0
    assert made.short(type(statistics)([type(part)(sums)], statistics.form)) is None


def test_where_all_densities_of_a_row_vanish_the_fit_goes_on():
    x = np.append(data(0, k=1), 1e3)
    first = mx.Mixture([mx.Normal(0, 1), mx.Normal(1, 1)], [0.5, 0.5])
    fit = mx.em(mx.Mixture(2 * [mx.Normal()]), x, start=first, max_iter=3)
    assert np.isfinite(fit.log_likelihood)
    assert fit.log_likelihood == pytest.approx(fit.mixture.log_prob(x).sum(), rel=1e-12)


def test_a_callback_sees_each_state():
    x = data(1, k=2)
    seen = []
    mx.em(
        mx.Mixture(2 * [mx.Normal()]),
        x,
        start=start(mx.Normal, 2, x),
        max_iter=5,
        callback=lambda step: seen.append(step.mixture().log_prob(x).sum()),
    )
    assert len(seen) >= 5
    assert (np.diff(seen) > -1e-9).all()
