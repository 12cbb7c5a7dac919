"""Mixtures of very many components: each row is looked at by the nearest few."""

import numpy as np
import pytest

import mixnotes as mx
from mixnotes.fitting.engine import Engine
from mixnotes.fitting.inputs import checked
from mixnotes.fitting.nearest import NearestRows
from mixnotes.numeric.arrays import quiet


def blobs(k, d, n, apart, seed=0, covariance="spherical"):
    """Rows of k normals of sd 1, and a mixture near the truth to climb from."""
    r = np.random.default_rng(seed)
    places = apart * r.normal(size=(k, d))
    x = places[r.integers(0, k, n)] + r.normal(size=(n, d))
    beside = places + 0.2 * r.normal(size=(k, d))
    parts = [
        mx.MultivariateNormal(mean=m, cov=np.eye(d), covariance=covariance)
        for m in beside
    ]
    return x, mx.Mixture(parts, np.full(k, 1 / k))


def close(found, wanted):
    for a, b in zip(found.components, wanted.components, strict=True):
        np.testing.assert_allclose(a.mean, b.mean, atol=1e-6)
        np.testing.assert_allclose(a.cov, b.cov, atol=1e-6)
    np.testing.assert_allclose(found.weights, wanted.weights, atol=1e-7)


@pytest.mark.parametrize("count", [1, 4, 12])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_nearest_components_lead_to_the_maximum_of_all(count, weighted):
    x, start = blobs(40, 4, 3000, 4.0)
    weight = np.random.default_rng(1).integers(1, 4, 3000) if weighted else None
    model = mx.gaussian_mixture(40, "spherical")
    fit = mx.em(model, x, start=start, nearest=count, sample_weight=weight)
    whole = mx.em(model, x, start=start, sample_weight=weight)
    assert fit.converged
    assert fit.log_likelihood == pytest.approx(whole.log_likelihood, abs=1e-5)
    close(fit.mixture, whole.mixture)
    assert np.diff(fit.history).min() > -1e-6
    assert fit.history[-1] == pytest.approx(fit.log_likelihood, abs=1e-5)


def test_a_fit_says_how_many_were_looked_at_and_what_the_others_hold():
    x, start = blobs(40, 4, 3000, 40.0)
    fit = mx.em(mx.gaussian_mixture(40, "spherical"), x, start=start, nearest=3)
    assert "the 3 nearest components were looked at, and the others hold" in fit.reason


def test_few_components_that_overlap_are_all_looked_at_in_the_end():
    x, start = blobs(6, 2, 500, 0.8, covariance="EII")
    model = mx.gaussian_mixture(6, "EII")
    fit = mx.em(model, x, start=start, nearest=1, max_iter=3000)
    whole = fit.mixture.log_prob(x).sum()
    assert fit.log_likelihood == pytest.approx(whole, abs=1e-6)
    assert "nearest" not in fit.reason


def test_the_bound_of_some_components_is_below_the_whole_and_that_of_all_is_it():
    x, start = blobs(20, 3, 400, 1.0)
    model, source = checked(
        mx.gaussian_mixture(20, "spherical"), x, None, None, None, None
    )
    engine = Engine(model, source)
    with quiet():
        state = engine.state(start)
        whole, statistics = engine.e_step(state)
        heights = []
        for count in (1, 3, 8, 20):
            rows = NearestRows(engine.rows, count)
            weights = engine.tree.leaf_weights(state.weights)
            rows.regroup(weights, state.values[0])
            args = weights, state.values, engine.form
            height, own = rows.e_step(*args)
            heights.append(height)
    assert heights == sorted(heights)
    assert heights[0] < whole - 1
    assert heights[-1] == pytest.approx(whole, rel=1e-12)
    np.testing.assert_allclose(own.parts[0].sums, statistics.parts[0].sums, atol=1e-9)


def test_other_families_have_nearest_components_too():
    r = np.random.default_rng(0)
    rates = 10 * 2.0 ** np.arange(14)
    x = r.poisson(rates[r.integers(0, 14, 4000)])
    model = mx.Mixture(14 * [mx.Poisson()])
    start = mx.Mixture([mx.Poisson(1.1 * rate) for rate in rates], np.full(14, 1 / 14))
    fit = mx.em(model, x, start=start, nearest=5)
    whole = mx.em(model, x, start=start)
    assert fit.converged
    assert fit.log_likelihood == pytest.approx(whole.log_likelihood, abs=1e-5)


def test_a_component_that_no_row_is_near_stays_as_it_is():
    """With a spread in common it must not spoil that of the others."""
    x, start = blobs(6, 2, 600, 30.0, covariance="EII")
    far = start.components[0].filled({"mean": np.array([1e4, 1e4])})
    start = mx.Mixture([far, *start.components[1:]], start.weights)
    model = mx.gaussian_mixture(6, "EII")
    fit = mx.em(model, x, start=start, nearest=2, max_iter=3)
    found = [c.mean for c in fit.mixture.components]
    assert [1e4, 1e4] in np.round(found).tolist()
    assert np.isfinite(fit.log_likelihood)


def test_starts_are_drawn_if_none_is_given():
    x, _ = blobs(30, 3, 2000, 10.0)
    fit = mx.em(mx.gaussian_mixture(30, "spherical"), x, nearest=4)
    assert len(fit.starts) == 1
    assert fit.converged


def test_a_component_too_sharp_for_squares_of_the_data_is_looked_at_exactly():
    r = np.random.default_rng(0)
    x = np.concatenate([r.normal(k, 1e-7, 50) for k in range(8)])[:, None] * [1.0, 1.0]
    x = x + 1e-7 * r.normal(size=x.shape)
    parts = [
        mx.MultivariateNormal(
            mean=[k, k], cov=np.eye(2) * 1e-13, covariance="spherical"
        )
        for k in range(8)
    ]
    start = mx.Mixture(parts, np.full(8, 1 / 8))
    model = mx.gaussian_mixture(8, "spherical")
    fit = mx.em(model, x, start=start, nearest=2)
    whole = mx.em(model, x, start=start)
    assert fit.log_likelihood == pytest.approx(whole.log_likelihood, rel=1e-9)


class Blocks:
    """Rows that come in blocks."""

    def __iter__(self):
        return iter([np.eye(9), np.eye(9)])


GAPS = np.array([[0.0, np.nan], [1.0, 2.0], [3.0, 4.0], [2.0, 2.0], [5.0, 1.0]])
NORMALS = mx.gaussian_mixture(2, "spherical")


@pytest.mark.parametrize(
    ("model", "x", "more"),
    [
        (mx.Mixture([mx.StudentT(), mx.StudentT()]), np.arange(9.0), {}),
        (mx.Mixture([mx.Normal(), mx.Gumbel()]), np.arange(9.0), {}),
        (mx.gaussian_mixture(2), GAPS, {}),
        (NORMALS, np.eye(9), {"labels": [0] + 8 * [-1]}),
        (NORMALS, np.eye(9), {"groups": [0, 0, 0, 1, 1, 1, 2, 2, 2]}),
        (NORMALS, Blocks(), {}),
    ],
    ids=["search", "two", "gaps", "labels", "groups", "blocks"],
)
def test_what_the_nearest_cannot_be_asked_of_is_refused(model, x, more):
    with pytest.raises(ValueError, match="nearest needs components of one exponential"):
        mx.em(model, x, nearest=2, **more)


@pytest.mark.parametrize("count", [0, 1.5, True, "8"])
def test_the_nearest_are_a_whole_number(count):
    with pytest.raises(ValueError, match="nearest must be"):
        mx.em(NORMALS, np.eye(9), nearest=count)
