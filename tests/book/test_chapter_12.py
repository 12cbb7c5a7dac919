"""Chapter 12 against enumeration, published values, scipy, and data in memory."""

from functools import partial
from itertools import pairwise, product

import numpy as np
import pytest
from scipy import optimize, stats

import mixnotes as mx
from tests.book import chains

ran = partial(chains.ran, "12-order-and-streams")


def by_enumeration(start, transition, probabilities):
    """p(x), the sum over all paths; probabilities has a row for each x."""
    n, K = probabilities.shape
    total = 0.0
    for path in product(range(K), repeat=n):
        p = start[path[0]] * probabilities[0, path[0]]
        for t in range(1, n):
            p *= transition[path[t - 1], path[t]] * probabilities[t, path[t]]
        total += p
    return total


@pytest.mark.parametrize("seed", range(5))
def test_the_forward_pass_is_the_sum_over_all_paths(seed):
    """Of three Poisson states, with a start of its own."""
    rng = np.random.default_rng(seed)
    start, transition = rng.dirichlet(np.ones(3)), rng.dirichlet(np.ones(3), 3)
    rates, x = rng.uniform(0.5, 20, 3), rng.integers(0, 25, 7)
    whole = by_enumeration(start, transition, stats.poisson.pmf(x[:, None], rates))
    chain = mx.Chain([mx.Poisson(rate) for rate in rates], start, transition)
    assert chain.log_prob(x).sum() == pytest.approx(np.log(whole), abs=1e-10)


def test_the_forward_pass_of_the_page_is_that_of_every_sequence_of_marbles():
    """All sequences of five colours, which together have probability 1."""
    page_has = ran("def joint", "def forward")
    forward, red = page_has["forward"], np.array([0.8, 0.3])
    stay = np.array([[0.9, 0.1], [0.1, 0.9]])
    total = 0.0
    for colours in product([0, 1], repeat=5):
        shares = np.array([red if colour else 1 - red for colour in colours])
        wanted = by_enumeration([0.5, 0.5], stay, shares)
        found = forward(colours)[-1].sum()
        assert found == pytest.approx(wanted, abs=1e-15)
        total += found
    assert total == pytest.approx(1)


def log_likelihood(line, x, K):
    """Of a stationary chain of Poisson states, from rates and transitions alone."""
    rates = np.exp(line[:K])
    logits = np.zeros((K, K))
    logits[~np.eye(K, dtype=bool)] = line[K:]
    gamma = np.exp(logits - logits.max(axis=1, keepdims=True))
    gamma /= gamma.sum(axis=1, keepdims=True)
    delta = np.linalg.solve((np.eye(K) - gamma + 1).T, np.ones(K))
    total, ahead = 0.0, delta
    for p in stats.poisson.pmf(x[:, None], rates):
        total += np.log(ahead @ p)
        ahead = (ahead * p / (ahead @ p)) @ gamma
    return total


@pytest.mark.parametrize(
    ("K", "published"), [(1, -391.9189), (2, -342.3183), (3, -329.4603), (4, -327.8316)]
)
def test_the_earthquakes_are_those_of_the_book_and_scipy_climbs_no_higher(K, published):
    """Zucchini and MacDonald's log-likelihoods of one to four states."""
    x = mx.datasets.earthquakes()["count"]
    chain = mx.Chain(K * [mx.Poisson()], start="stationary")
    fit = mx.em(chain, x, starts=4)
    assert fit.log_likelihood == pytest.approx(published, abs=5.1e-5)
    table = np.maximum(fit.mixture.transition, 1e-12)
    away = np.log(table / np.diag(table)[:, None])[~np.eye(K, dtype=bool)]
    line = np.r_[np.log([c.rate for c in fit.mixture.components]), away]
    there = log_likelihood(line, x, K)
    assert there == pytest.approx(fit.log_likelihood, abs=1e-6)
    climbed = optimize.minimize(lambda v: -log_likelihood(v, x, K), line)
    assert -climbed.fun < there + 1e-5


def test_shuffling_leaves_the_mixture_and_lowers_the_chain():
    x = mx.datasets.earthquakes()["count"]
    blank = mx.Chain(3 * [mx.Poisson()], start="stationary")
    chain = mx.em(blank, x, starts=4).mixture
    mixture = mx.em(mx.Mixture(3 * [mx.Poisson()]), x).mixture
    rng = np.random.default_rng(3)
    for _ in range(200):
        order = rng.permutation(x)
        same = mixture.log_prob(order).sum()
        assert same == pytest.approx(mixture.log_prob(x).sum(), abs=1e-9)
        assert chain.log_prob(order).sum() < same < chain.log_prob(x).sum()
    again = mx.em(blank, rng.permutation(x), starts=4)
    assert mixture.log_prob(x).sum() < again.log_likelihood < -350


def test_the_covariance_of_the_page_is_that_of_all_pairs_of_paths():
    """Of a small chain of Poisson states, three rows apart."""
    delta = np.array([2 / 3, 1 / 3])
    gamma, rates = np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([1.0, 6.0])
    product_mean = 0.0
    for path in product([0, 1], repeat=4):
        p = delta[path[0]] * np.prod([gamma[i, j] for i, j in pairwise(path)])
        product_mean += p * rates[path[0]] * rates[path[3]]
    of_page = delta * rates @ np.linalg.matrix_power(gamma, 3) @ rates
    assert of_page == pytest.approx(product_mean)
    chain = mx.Chain([mx.Poisson(1.0), mx.Poisson(6.0)], "stationary", gamma)
    x = chain.sample(400_000, rng=0)
    seen = np.cov(x[:-3], x[3:])[0, 1]
    assert seen == pytest.approx(of_page - (delta @ rates) ** 2, abs=0.06)


class Blocks:
    """Rows in blocks of a size, read anew in every pass."""

    def __init__(self, x, size):
        self.x, self.size = x, size

    def __iter__(self):
        for at in range(0, len(self.x), self.size):
            yield self.x[at : at + self.size]


@pytest.mark.parametrize("size", [1, 37, 500, 3000])
@pytest.mark.parametrize(
    "truth",
    [
        mx.Mixture([mx.Poisson(1.0), mx.Poisson(5.0)], [0.4, 0.6]),
        mx.Mixture([mx.Normal(-1.0, 1.0), mx.Normal(2.0, 0.5)], [0.4, 0.6]),
    ],
    ids=["Poisson", "Normal"],
)
def test_the_streamed_fit_is_the_one_in_memory(truth, size):
    n = 400 if size == 1 else 4000
    x = truth.sample(n, rng=5)
    streamed = mx.em(truth.blank(), Blocks(x, size), start=truth)
    whole = mx.em(truth.blank(), x, start=truth)
    assert streamed.log_likelihood == pytest.approx(whole.log_likelihood, rel=1e-10)
    np.testing.assert_allclose(streamed.mixture.weights, whole.mixture.weights, 1e-6)


def test_online_em_of_the_page_ends_within_a_standard_error():
    """Of the maximum; and the package's, from the same start, does too."""
    page_has = ran("class Stream", "share = t**-0.6")
    best, error = page_has["best"], page_has["error"]
    assert (abs(page_has["once"] - best) < error).all()
    found = mx.em_online(page_has["two"], page_has["Stream"](1000))
    rates = np.array([c.rate for c in found.components])
    assert (abs(rates - best) < 2 * error).all()


def test_the_second_half_of_the_path_has_about_twice_the_variance():
    """Of the weight of two known factories, over 400 streams of 4,000 marbles."""
    rng = np.random.default_rng(0)
    red = rng.random((400, 4000)) < 0.55
    weight, path = np.full(400, 0.4), []
    for t in range(1, 4001):
        a = np.where(red[:, t - 1], 0.8, 0.2) * weight
        b = np.where(red[:, t - 1], 0.3, 0.7) * (1 - weight)
        weight = weight + t**-0.6 * (a / (a + b) - weight)
        path.append(weight)
    best = (red.mean(axis=1) - 0.3) / 0.5
    half = np.mean(path[2000:], axis=0).var() / best.var()
    everything = np.mean(path, axis=0).var() / best.var()
    assert 1.2 < half < 2.2
    assert 0.9 < everything < 1.3
