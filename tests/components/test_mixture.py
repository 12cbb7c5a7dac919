"""Bayes' rule by hand, moments by hand, and a component of the reader's own."""

import numpy as np
import pytest

import mixnotes as mx

BAG = mx.Mixture([mx.Bernoulli(0.8), mx.Bernoulli(0.3)], weights=[0.4, 0.6])


class Geometric:
    """p(x) = (1 - q)^x q on 0, 1, 2, ...: the three names of the contract, no more."""

    def __init__(self, q=None):
        self.q = q
        self.n_free = int(q is None)

    def log_prob(self, x):
        return x * np.log1p(-self.q) + np.log(self.q)

    def fit(self, x, sample_weight=None, start=None):
        return Geometric(1 / (1 + np.average(x, weights=sample_weight)))


def test_the_posteriors_of_a_red_and_a_blue_marble_and_their_average():
    """0.32 / 0.50 and 0.08 / 0.50; half of the marbles are red, and 0.4 comes back."""
    r = BAG.responsibilities([1, 0])
    np.testing.assert_allclose(r, [[0.64, 0.36], [0.16, 0.84]], atol=1e-15)
    assert 0.5 * r[0, 0] + 0.5 * r[1, 0] == pytest.approx(0.40, abs=1e-15)
    np.testing.assert_allclose(BAG.predict([1, 0]), [0, 1])


def test_log_joint_is_log_weight_plus_log_density():
    joint = np.exp(BAG.log_joint([1, 0, 1]))
    np.testing.assert_allclose(joint, [[0.32, 0.18], [0.08, 0.42], [0.32, 0.18]])
    np.testing.assert_allclose(np.exp(BAG.log_prob([1, 0, 1])), 0.5)


def test_far_out_the_responsibilities_are_still_right():
    """Densities of exp(-1250) would be 0 / 0; their logarithms are not."""
    two = mx.Mixture([mx.Normal(-1.0, 1.0), mx.Normal(1.0, 1.0)], [0.5, 0.5])
    r = two.responsibilities([50.0, -50.0, 0.0])
    assert np.isfinite(r).all()
    np.testing.assert_allclose(r[2], [0.5, 0.5])
    assert r[0, 0] == pytest.approx(np.exp(-100.0), rel=1e-9)


def test_an_impossible_observation_is_named():
    bag = mx.Mixture([mx.Bernoulli(1.0), mx.Bernoulli(1.0)], [0.5, 0.5])
    with pytest.raises(ValueError, match=r"x\[1\] = 0\.0 with probability 0 under all"):
        bag.responsibilities([1, 0])


def test_mean_and_variance_of_a_mixture_are_not_those_of_an_average():
    """Total variance: 1 within, 4 between."""
    mixture = mx.Mixture([mx.Normal(-2.0, 1.0), mx.Normal(2.0, 1.0)], [0.5, 0.5])
    assert mixture.mean() == 0
    assert mixture.variance() == 5


def test_nesting_equals_the_flat_mixture():
    a, b, c = mx.Normal(0.0, 1.0), mx.Normal(3.0, 1.0), mx.Normal(7.0, 2.0)
    nested = mx.Mixture([a, mx.Mixture([b, c], [0.25, 0.75])], [0.2, 0.8])
    flat = mx.Mixture([a, b, c], [0.2, 0.2, 0.6])
    x = np.linspace(-5, 12, 50)
    np.testing.assert_allclose(nested.log_prob(x), flat.log_prob(x))
    assert nested.moments() == pytest.approx(flat.moments())


def test_a_nested_mixture_is_learned_like_the_flat_one():
    """The same likelihood surface: the same maximum."""
    x = mx.Mixture([mx.Normal(0.0, 1.0), mx.Normal(6.0, 1.0)], [0.3, 0.7]).sample(
        300, 1
    )
    inner = mx.Mixture([mx.Normal()])
    nested = mx.em(mx.Mixture([mx.Normal(), inner]), x)
    flat = mx.em(mx.Mixture(2 * [mx.Normal()]), x)
    assert nested.log_likelihood == pytest.approx(flat.log_likelihood, abs=1e-8)


def test_labels_say_which_component_made_each_draw():
    x, z = BAG.sample(5000, rng=0, labels=True)
    assert np.mean(z == 0) == pytest.approx(0.4, abs=0.03)
    assert np.mean(x[z == 0]) == pytest.approx(0.8, abs=0.04)
    assert np.array_equal(x, BAG.sample(5000, rng=0))


def test_a_class_with_three_names_is_a_component():
    """It is mixed, fitted alone to its closed form, and fitted beside a Poisson."""
    x = np.array([0, 1, 4, 2, 0, 3])
    alone = mx.em(mx.Mixture([Geometric()]), x)
    assert alone.mixture.components[0].q == pytest.approx(1 / (1 + x.mean()))
    assert np.isnan(alone.rate)
    truth = mx.Mixture([mx.Poisson(9.0), Geometric(0.6)], [0.5, 0.5])
    draws = np.concatenate(
        [
            mx.Poisson(9.0).sample(500, 0),
            np.random.default_rng(1).geometric(0.6, 500) - 1,
        ]
    )
    fit = mx.em(mx.Mixture([mx.Poisson(), Geometric()]), draws, starts=4)
    assert fit.converged
    assert np.all(np.diff(fit.history) >= 0)
    assert fit.log_likelihood >= truth.log_prob(draws).sum()


def test_a_class_with_three_names_can_stand_in_a_nested_mixture():
    """With a start of one's own, too; and such mixtures compare."""
    x = [0, 0, 0, 1, 1, 2, 3, 4, 9, 10, 11, 12]
    inner = mx.Mixture([Geometric(), mx.Poisson(10.0)])
    model = mx.Mixture([mx.Poisson(), inner])
    assert model == mx.Mixture([mx.Poisson(), inner])
    assert model != mx.Mixture([mx.Poisson(1.0), inner])
    fit = mx.em(model, x, starts=2)
    assert np.all(np.diff(fit.history) >= 0)
    filled = mx.Mixture([Geometric(0.5), mx.Poisson(10.0)], [0.5, 0.5])
    start = mx.Mixture([mx.Poisson(3.0), filled], [0.5, 0.5])
    fit = mx.em(model, x, start=start)
    assert fit.history[-1] > fit.history[0]
    assert fit.mixture.components[1].components[1] == mx.Poisson(10.0)


def test_a_component_of_the_readers_own_without_weight_keeps_its_start():
    """Its fit is not asked to divide by a sum of weights that is 0."""
    own = Geometric(0.5)
    start = mx.Mixture([mx.Poisson(1.0), own], [1.0, 0.0])
    fit = mx.em(mx.Mixture([mx.Poisson(), Geometric()]), [0, 1, 4], start=start)
    assert fit.mixture.components[1] is own
    assert fit.mixture.components[0].rate == pytest.approx(5 / 3)


def test_a_fit_that_collapses_is_an_error_where_there_is_no_report():
    """`em` reports it in its Fit; `fit` returns a mixture alone, so it must raise."""
    with pytest.raises(ValueError, match="collapsed on x = "):
        mx.Mixture(2 * [mx.Normal()]).fit([0, 1, 0, 1])


def test_the_shapes_are_those_of_the_notation():
    x = np.array([1, 0, 1, 1])
    assert BAG.log_joint(x).shape == BAG.responsibilities(x).shape == (4, 2)
    assert BAG.log_prob(x).shape == BAG.predict(x).shape == (4,)
    np.testing.assert_allclose(BAG.responsibilities(x).sum(axis=1), 1, rtol=1e-15)
    x, z = BAG.sample(0, rng=0, labels=True)
    assert x.shape == z.shape == (0,)


def test_what_was_passed_in_is_copied():
    weights, parts = np.array([0.4, 0.6]), [mx.Bernoulli(0.8), mx.Bernoulli(0.3)]
    bag = mx.Mixture(parts, weights)
    weights[0], parts[0] = 9.0, None
    assert bag == BAG
    with pytest.raises(ValueError, match="read-only"):
        bag.weights[0] = 0.5


def test_a_log_prob_of_the_wrong_shape_is_caught():
    class Scalar(Geometric):
        def log_prob(self, x):
            return -1.0

        def fit(self, x, sample_weight=None, start=None):
            return Scalar(0.5)

    with pytest.raises(ValueError, match=r"must give one number an observation"):
        mx.em(mx.Mixture([mx.Poisson(), Scalar()]), [1, 2, 3, 4])


def test_a_mixture_as_a_component_is_fitted_with_weights():
    x = np.array([0.0, 1.0, 1.5, 7.0, 8.5, 9.0])
    weight = np.array([3.0, 1.0, 2.0, 2.0, 1.0, 1.0])
    own = mx.Mixture(2 * [mx.Normal(sd=1.0)])
    fitted, plain = own.fit(x, sample_weight=weight), own.fit(x)
    climbed = mx.em(own, x, sample_weight=weight).mixture
    assert fitted == climbed
    assert fitted.weights[0] == pytest.approx(0.6, abs=1e-6)
    assert plain.weights[0] == pytest.approx(0.5, abs=1e-6)
