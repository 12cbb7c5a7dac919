"""Chapter 13's numbers, against scipy, enumeration and scikit-learn."""

from functools import partial
from itertools import product
from math import lgamma

import numpy as np
import pytest
from scipy import optimize, special, stats
from sklearn.mixture import BayesianGaussianMixture

import mixnotes as mx
from tests.book import chains

pytestmark = pytest.mark.slow
ran = partial(chains.ran, "13-what-you-believed")


def ten():
    """The chain of the ten waits, before the galaxies."""
    return ran("def digamma", upto="gap = exact")


def log_posterior(p, red, blue, worth):
    likelihood = red * np.log(0.3 + 0.5 * p) + blue * np.log(0.7 - 0.5 * p)
    return likelihood + worth / 2 * (np.log(p) + np.log(1 - p))


def test_the_table_has_the_tops_of_likelihood_times_belief():
    """By scipy's search over the weight."""
    found = ran("rows.append")
    for row, counts in zip(found["rows"], found["bags"].values(), strict=True):
        for said, worth in zip(row[1:], [0, 4, 20], strict=True):
            top = optimize.minimize_scalar(
                lambda p, counts=counts, worth=worth: -log_posterior(p, *counts, worth),
                bounds=(1e-9, 1 - 1e-9),
                method="bounded",
                options={"xatol": 1e-10},
            ).x
            assert float(said) == pytest.approx(top, abs=6e-4)


def test_no_step_lowers_the_posterior():
    step = ran("def em_step")["em_step"]
    for red, blue, alpha in [(5, 0, (3, 3)), (3, 2, (1.5, 6)), (35, 15, (11, 11))]:
        heights, p = [], 0.05
        for _ in range(60):
            heights.append(
                red * np.log(0.3 + 0.5 * p)
                + blue * np.log(0.7 - 0.5 * p)
                + (alpha[0] - 1) * np.log(p)
                + (alpha[1] - 1) * np.log(1 - p)
            )
            p = step(p, red, blue, alpha)
        assert (np.diff(heights) > -1e-12).all()
        assert heights[-1] > heights[0] + 0.01


def test_the_belief_is_mclusts_default():
    """Shape and scale of the page are half of the package's df and scale."""
    found = ran("widths")
    prior = mx.NormalInverseWishart.default(found["waiting"], 2)
    assert found["a"] == pytest.approx(prior.df / 2)
    assert found["b"] == pytest.approx(float(np.ravel(prior.scale)[0]) / 2)
    other = ran("def digamma")
    prior = mx.NormalInverseWishart.default(other["x"], 8)
    assert other["a0"] == pytest.approx(prior.df / 2)
    assert other["b0"] == pytest.approx(float(np.ravel(prior.scale)[0]) / 2)
    assert other["c0"] == pytest.approx(prior.shrinkage)


def test_the_belief_takes_the_spike_away():
    found = ran("widths")
    fits, both = np.array(found["fits"]), found["both"]
    assert fits.argmax() == 0
    assert 1 < found["widths"][both.argmax()] < 10
    assert (np.diff(both[found["widths"] < 0.5]) > 0).all()


@pytest.mark.parametrize("c0", [None, 0.5])
def test_the_product_is_below_the_bound_of_its_proof(c0):
    """At random mixtures with very narrow components: the sum over labelings, each at
    its own best variances; with a flat belief about the means, or a normal one of
    variance v / c0 on an observation."""
    x = np.array([1.0, 1.0, 2.0, 5.0])
    a, b = 1.5, 0.3

    def best(n):
        """The largest v^(-n/2 - a - 1) exp(-b/v) (2 pi)^(-n/2): at v = b / power."""
        power = n / 2 + a + 1 + (0.5 if c0 else 0)
        v = b / power
        return -power * np.log(v) - b / v - n / 2 * np.log(2 * np.pi)

    terms = [best(sum(z)) + best(4 - sum(z)) for z in product([0, 1], repeat=4)]
    bound = np.logaddexp.reduce(terms)
    rng, highest = np.random.default_rng(0), -np.inf
    for _ in range(3000):
        sd = np.exp(rng.uniform(-12, 2, size=2))
        parts = [mx.Normal(m, s) for m, s in zip(rng.choice(x, 2), sd, strict=True)]
        weight = rng.uniform(0.01, 0.99)
        fit = mx.Mixture(parts, [weight, 1 - weight]).log_prob(x).sum()
        prior = (-2 * (a + 1) * np.log(sd) - b / sd**2).sum()
        if c0:
            means = np.array([part.mean for part in parts])
            prior += (-np.log(sd) - c0 * (means - 1) ** 2 / 2 / sd**2).sum()
        highest = max(highest, fit + prior)
    assert highest < bound
    assert highest > bound - 20


def test_a_small_alpha_empties_weights_and_does_not_count():
    """With 0.1 the weight of the four components too many shrinks as the data grow,
    and that some of them own an observation becomes more probable."""
    gibbs = ran("def gibbs")["gibbs"]
    weight, more = {60: 0.0, 2000: 0.0}, {60: 0.0, 2000: 0.0}
    for n in weight:
        for seed in (1, 2):
            rng = np.random.default_rng(seed)
            x = rng.normal(rng.choice([-3, 3], n), 1)
            weights, _, count = (each[1000:] for each in gibbs(x, 6, 0.1, 3000, rng))
            least = np.argsort(count, axis=1)[:, :4]
            weight[n] += np.take_along_axis(weights, least, axis=1).sum(axis=1).mean()
            more[n] += ((count > 0).sum(axis=1) > 2).mean() / 2
    assert weight[2000] < weight[60] / 2
    assert more[2000] > max(more[60], 0.5)


def by_enumeration(x, alpha):
    """How probable it is that two observations share one of two components, with
    standard deviation 1 and means believed to be N(0, 25)."""
    n, logs, same = len(x), [], []
    for z in product([0, 1], repeat=n):
        z, height = np.array(z), 0.0
        for k in (0, 1):
            own = x[z == k]
            cov = np.eye(len(own)) + 25
            if len(own):
                zero = np.zeros(len(own))
                height += stats.multivariate_normal.logpdf(own, zero, cov)
            height += lgamma(alpha + len(own))
        logs.append(height)
        same.append(z[:, None] == z)
    p = np.exp(np.array(logs) - np.logaddexp.reduce(logs))
    return np.tensordot(p, np.array(same), axes=1)


def test_the_sampler_draws_from_the_posterior():
    """Pairs of ten observations share a component as often as the sum over all
    labelings says, and its first mean is as often the lower as the higher."""
    gibbs = ran("def gibbs")["gibbs"]
    x = np.array([-1.9, -1.4, -1.0, -0.6, 0.1, 0.3, 0.9, 1.3, 1.8, 2.6])
    rng = np.random.default_rng(4)
    weights, means, _ = gibbs(x, 2, 1, 20_000, rng)
    joint = np.log(weights)[:, None] - (x[:, None] - means[:, None]) ** 2 / 2
    r = np.exp(joint - np.logaddexp.reduce(joint, axis=2)[:, :, None])
    same = np.einsum("sik,sjk->ij", r, r) / len(r)
    np.fill_diagonal(same, 1)
    np.testing.assert_allclose(same, by_enumeration(x, 1), atol=0.02)
    assert (means[:, 0] < means[:, 1]).mean() == pytest.approx(0.5, abs=0.05)


def test_a_small_alpha_empties_what_is_too_many():
    occupied = ran("def gibbs")["occupied"]
    assert np.mean(occupied[0.01] == 2) > 0.7
    assert np.mean(occupied[2] >= 5) > 0.9


def test_labels_switch_and_averages_mean_nothing():
    found = ran("def gibbs")
    assert found["swaps"] > 50
    assert abs(found["averages"][0] - found["averages"][1]) < 0.5
    assert found["ordered"][1] - found["ordered"][0] > 1.5


def predictive(x, z, K, m0, c0, a0, b0, alpha0):
    """log p(x, z) as a chain: each label by an urn, each value by a Student t."""
    total, groups = 0.0, [[] for _ in range(K)]
    for i, (value, k) in enumerate(zip(x, z, strict=True)):
        own = np.array(groups[k])
        n = len(own)
        total += np.log((alpha0 + n) / (K * alpha0 + i))
        mean = own.mean() if n else 0.0
        c = c0 + n
        m = (c0 * m0 + n * mean) / c
        a = a0 + n / 2
        b = b0 + ((own - mean) ** 2).sum() / 2 + c0 * n * (mean - m0) ** 2 / (2 * c)
        scale = np.sqrt(b * (c + 1) / (a * c))
        total += stats.t.logpdf(value, 2 * a, m, scale)
        groups[k].append(value)
    return total


def test_the_exact_marginal_likelihood_by_enumeration():
    """All 1,024 labelings, each by predictive Student t's and an urn."""
    found = ten()
    x = found["x"]
    np.testing.assert_array_equal(x, mx.datasets.faithful()["waiting"][:10])
    prior = [found[name] for name in ("m0", "c0", "a0", "b0", "alpha0")]
    logs = [predictive(x, z, 2, *prior) for z in product([0, 1], repeat=10)]
    assert found["exact"] == pytest.approx(np.logaddexp.reduce(logs), abs=1e-9)
    assert found["single"] == pytest.approx(predictive(x, [0] * 10, 1, *prior))


def test_the_bound_lies_below_and_never_falls():
    """From many starts and at random responsibilities; its gap is more than log 2."""
    found = ten()
    assert (np.diff(found["bounds"]) > -1e-9).all()
    assert found["gap"] > np.log(2)
    for seed in range(20):
        r = np.random.default_rng(seed).dirichlet([1, 1], size=10)
        assert found["bound"](r) < found["exact"]
        for _ in range(100):
            r = found["step"](r)
        assert found["bound"](r) <= found["bounds"][-1] + 1e-6
    assert round(found["gap"], 3) == 0.940


def test_the_derivative_of_log_gamma():
    at = np.array([0.01, 0.3, 1, 2.5, 40, 1000])
    np.testing.assert_allclose(ten()["digamma"](at), special.digamma(at), rtol=1e-8)


@pytest.mark.parametrize("K", [1, 2, 3])
def test_the_bound_is_that_of_scikit_learn(K):
    """Where its fit ends, ours stays; and the two bounds differ by the constants of
    the prior, which scikit-learn leaves out."""
    found = ten()
    x = found["x"]
    m0, c0, a0, b0, alpha0 = (found[k] for k in ("m0", "c0", "a0", "b0", "alpha0"))
    seen = []
    for seed in range(4):
        other = BayesianGaussianMixture(
            n_components=K,
            weight_concentration_prior_type="dirichlet_distribution",
            weight_concentration_prior=alpha0,
            mean_prior=[m0],
            mean_precision_prior=c0,
            degrees_of_freedom_prior=2 * a0,
            covariance_prior=[[2 * b0]],
            reg_covar=0,
            tol=1e-14,
            max_iter=5000,
            init_params="random",
            random_state=seed,
        ).fit(x[:, None])
        r = other.predict_proba(x[:, None])
        np.testing.assert_allclose(found["step"](r), r, atol=1e-6)
        count, alpha, _, m, a, b = found["update"](r)
        assert count.sum() == pytest.approx(10)
        np.testing.assert_allclose(other.weight_concentration_, alpha, rtol=1e-6)
        np.testing.assert_allclose(other.means_[:, 0], m, rtol=1e-6)
        np.testing.assert_allclose(other.degrees_of_freedom_, 2 * a, rtol=1e-6)
        np.testing.assert_allclose(other.covariances_[:, 0, 0], b / a, rtol=1e-6)
        constant = -lgamma(a0) + a0 * np.log(b0) + np.log(c0) / 2 - lgamma(alpha0)
        constant = K * constant + lgamma(K * alpha0) - 5 * np.log(2 * np.pi)
        ours = found["bound"](r)
        assert other.lower_bound_ + constant == pytest.approx(ours, abs=1e-7)
        seen.append(ours)
    if K == 1:
        assert max(seen) == pytest.approx(found["single"], abs=1e-9)
    if K == 2:
        assert max(seen) == pytest.approx(found["bounds"][-1], abs=1e-6)


def test_sparse_weights_keep_four_and_bic_three():
    found = ran("def digamma")
    assert found["left"][0.01] == 4
    assert found["left"][1] >= 7
    assert min(found["fits"], key=lambda K: found["fits"][K].bic) == 3
