"""Stepwise EM against EM on the same rows, and what it refuses."""

import numpy as np
import pytest

import mixnotes as mx

POISSONS = mx.Mixture([mx.Poisson(1.0), mx.Poisson(7.0)], [0.4, 0.6])
MODEL = mx.Mixture(2 * [mx.Poisson()])

TRUTH = mx.Mixture([mx.Normal(0.0, 1.0), mx.Normal(4.0, 0.5)], [0.3, 0.7])
TWO = mx.Mixture(2 * [mx.Normal()])


def blocks_of(x, size):
    return (x[k : k + size] for k in range(0, len(x), size))


@pytest.mark.parametrize(
    ("model", "truth"),
    [
        (TWO, TRUTH),
        (
            mx.Mixture(2 * [mx.Poisson()]),
            mx.Mixture([mx.Poisson(1.0), mx.Poisson(7.0)], [0.6, 0.4]),
        ),
        (
            mx.gaussian_mixture(2, "tied"),
            mx.Mixture(
                [
                    mx.MultivariateNormal([0, 0], np.eye(2)),
                    mx.MultivariateNormal([3, 1], np.eye(2)),
                ],
                [0.5, 0.5],
            ),
        ),
        (mx.Mixture([mx.Bernoulli(0.8), mx.Bernoulli(0.3)]), None),
    ],
    ids=["normals", "Poissons", "plane, tied", "weights only"],
)
def test_one_reading_comes_near_to_the_maximum(model, truth):
    """Within 2 nats of what em reaches on all 100,000 rows, of which a step sees 500;
    the truth itself is about one nat a free parameter below."""
    truth = truth or mx.Mixture(model.components, [0.4, 0.6])
    x = truth.sample(100_000, rng=0)
    found = mx.em_online(model, blocks_of(x, 500))
    best = mx.em(model, x).log_likelihood
    assert best - found.log_prob(x).sum() < 2


def test_a_block_may_bring_weights():
    x = TRUTH.sample(20_000, rng=1)
    twice = mx.em_online(TWO, ((b, np.full(len(b), 2.0)) for b in blocks_of(x, 500)))
    once = mx.em_online(TWO, blocks_of(x, 500))
    np.testing.assert_allclose(once.log_prob(x), twice.log_prob(x), atol=1e-8)


def test_what_is_given_stays_and_a_start_is_taken():
    model = mx.Mixture([mx.Normal(mean=0.0), mx.Normal(sd=0.5)])
    start = mx.Mixture([mx.Normal(0.0, 2.0), mx.Normal(3.0, 0.5)], [0.5, 0.5])
    found = mx.em_online(model, blocks_of(TRUTH.sample(20_000, 2), 10), start=start)
    assert found.components[0].mean == 0.0
    assert found.components[1].sd == 0.5
    assert found.components[1].mean == pytest.approx(4, abs=0.05)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: mx.em_online(TWO, []), "at least one block, got none"),
        (lambda: mx.em_online(TWO, [[1.0, 2.0]]), "20 here, got 2; pass larger"),
        (lambda: mx.em_online(TWO, [[1.0]], power=0.5), "power must be above 0.5"),
        (lambda: mx.em_online(TWO, [np.ones((30, 2))]), r"x of shape \(n,\)"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_a_weight_is_as_many_rows_in_every_block():
    x = POISSONS.sample(600, rng=0)
    w = np.arange(600) % 3 + 1.0
    start = mx.Mixture([mx.Poisson(2.0), mx.Poisson(6.0)], [0.5, 0.5])
    parts = [slice(k, k + 100) for k in range(0, 600, 100)]
    weighted = mx.em_online(MODEL, [(x[p], w[p]) for p in parts], start=start)
    rows = [np.repeat(x[p], w[p].astype(int)) for p in parts]
    repeated = mx.em_online(MODEL, rows, start=start)
    np.testing.assert_allclose(
        weighted.log_prob(np.arange(9.0)), repeated.log_prob(np.arange(9.0)), rtol=1e-12
    )
    alone = mx.em_online(MODEL, [x[p] for p in parts], start=start)
    assert abs(alone.mean() - weighted.mean()) > 1e-6


def test_beliefs_are_refused_in_a_stream():
    model = mx.Mixture(2 * [mx.Poisson(mx.Gamma(2, 2))])
    with pytest.raises(TypeError, match="em_online takes no beliefs and no bounds"):
        mx.em_online(model, [np.arange(9.0)])


def test_what_only_the_whole_stream_would_tell_is_refused():
    """The region of the noise; and a truncated mixture, as one of truncated parts."""
    blocks = [np.linspace(-1, 3, 50)]
    with pytest.raises(ValueError, match="needs the volume of Noise"):
        mx.em_online(mx.Mixture([mx.Normal(), mx.Noise()]), blocks)
    for model in (
        mx.Truncated(mx.Mixture(2 * [mx.Normal()]), -5, 5),
        mx.Mixture(2 * [mx.Truncated(mx.Normal(), -5, 5)]),
    ):
        with pytest.raises((TypeError, ValueError), match="em_online needs components"):
            mx.em_online(model, blocks)
