"""Noise: a constant density over the region of the data."""

import pickle

import numpy as np
import pytest

import mixnotes as mx
from mixnotes.families.noise import region_of

RNG = np.random.default_rng(0)
CLUSTERS = np.r_[
    RNG.normal(size=(150, 2)), np.array([6, 0]) + RNG.normal(size=(150, 2))
]
X = np.r_[CLUSTERS, RNG.uniform(-10, 16, (60, 2))]
TWO = [mx.MultivariateNormal(), mx.MultivariateNormal()]


def test_on_the_line_it_is_a_uniform_over_the_data():
    x = X[:, 0]
    ends = x.min(), x.max()
    noise = mx.em(mx.Mixture([mx.Normal(), mx.Normal(), mx.Noise()]), x)
    flat = mx.em(mx.Mixture([mx.Normal(), mx.Normal(), mx.Uniform(*ends)]), x)
    assert noise.log_likelihood == pytest.approx(flat.log_likelihood, abs=1e-8)
    assert noise.model.components[2].volume == pytest.approx(ends[1] - ends[0])
    assert noise.model.n_free == flat.model.n_free


def test_odd_rows_are_left_to_the_noise():
    fit = mx.em(mx.Mixture([*TWO, mx.Noise()]), X)
    assert fit.mixture.weights[2] == pytest.approx(1 / 6, abs=0.05)
    for part, mean in zip(fit.mixture.components[:2], ([0, 0], [6, 0]), strict=True):
        np.testing.assert_allclose(part.mean, mean, atol=0.3)
        np.testing.assert_allclose(part.cov, np.eye(2), atol=0.4)
    z = fit.mixture.predict(X)
    assert (z[:300] == 2).mean() < 0.05
    assert (np.diff(fit.history) >= -1e-9).all()


@pytest.mark.parametrize("factor", [1e-9, 1e9])
def test_its_volume_goes_with_the_unit(factor):
    here = mx.em(mx.Mixture([*TWO, mx.Noise()]), X, starts=2)
    there = mx.em(mx.Mixture([*TWO, mx.Noise()]), X * factor, starts=2)
    moved = here.log_likelihood - X.size * np.log(factor)
    assert there.log_likelihood == pytest.approx(moved, rel=1e-9)


def test_the_region_is_the_smaller_of_two_boxes():
    """A long thin cloud across the axes fills a box along its own."""
    along = np.linspace(-10, 10, 101)
    rows = np.c_[along + 0.1 * np.sin(along), along - 0.1 * np.sin(along)]
    assert region_of(rows) < np.prod(np.ptp(rows, axis=0)) / 40
    square = np.array([[0.0, 0], [0, 2], [3, 0], [3, 2]])
    assert region_of(square) == pytest.approx(6)


def test_it_is_kept_everywhere():
    model = mx.em(mx.Mixture([mx.Normal(), mx.Noise()]), X[:, 0], starts=1).mixture
    for other in (mx.from_json(model.to_json()), pickle.loads(pickle.dumps(model))):
        assert other == model
    assert eval(repr(mx.Noise()), vars(mx)) == mx.Noise()
    assert eval(repr(mx.Noise(2.5)), vars(mx)) == mx.Noise(2.5)


def test_a_column_of_a_product_may_have_noise():
    one = mx.Product({"a": mx.Mixture([mx.Normal(), mx.Noise()]), "b": mx.Normal()})
    fit = mx.em(mx.Mixture([one]), {"a": X[:, 0], "b": X[:, 1]}, starts=1)
    assert np.isfinite(fit.log_likelihood)
    assert fit.model.components[0].parts["a"].components[1].volume > 0


@pytest.mark.parametrize(
    "make",
    [
        lambda: mx.Noise(-1.0),
        lambda: mx.Noise("all"),
        lambda: mx.Noise().log_prob([1.0]),
        lambda: mx.Noise(2.0).sample(3, 0),
        lambda: mx.Noise(2.0).moments(),
        lambda: mx.em(mx.Mixture([*TWO, mx.Noise()]), np.c_[X[:, 0], np.ones(360)]),
        lambda: mx.em(mx.Mixture([mx.Normal(), mx.Noise()]), [1.0, np.nan, 2.0]),
    ],
)
def test_what_is_no_noise_is_refused(make, snapshot):
    with pytest.raises((TypeError, ValueError)) as error:
        make()
    assert str(error.value) == snapshot
