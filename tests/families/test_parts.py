"""Pieces that whole fits lean on, by themselves."""

import math

import numpy as np
import pytest
import scipy.special
import scipy.stats

import mixnotes as mx
from mixnotes.approximation import certificate, descent
from mixnotes.approximation.gaussians import Gaussians
from mixnotes.approximation.panels import as_target
from mixnotes.data import sources
from mixnotes.numeric.special import versed_mean
from mixnotes.study.likelihood_ratio import _split

# ------------------------------------------------------------------ data that repeat


def counted(x, weight=None, labels=None):
    rows = sources.compress(np.asarray(x, dtype=float), weight, labels)
    return dict(zip(rows.x.tolist(), rows.weights.tolist(), strict=True)), rows


@pytest.mark.parametrize("low", [-7.0, 0.0, 5.0])
def test_whole_numbers_that_repeat_are_counted_wherever_they_lie(low):
    x = low + np.random.default_rng(0).integers(0, 5, size=500)
    found, rows = counted(x)
    values, counts = np.unique(x, return_counts=True)
    assert found == dict(zip(values.tolist(), counts.tolist(), strict=True))
    assert rows.n == 500
    assert rows.origin is not None
    weight = 1.0 + np.arange(500) % 2
    expected = {v: weight[x == v].sum() for v in values}
    assert counted(x, weight)[0] == expected
    found, rows = counted(x, np.where(np.arange(500) < 50, 0.0, 1.0))
    assert sum(found.values()) == rows.n == 450


def test_values_that_repeat_and_are_not_whole_are_counted_as_they_are():
    x = np.repeat([0.5, 1.0, 2.25], [10, 20, 30])
    assert counted(x)[0] == {0.5: 10, 1.0: 20, 2.25: 30}
    assert counted(np.r_[x, 7.0])[0] == {0.5: 10, 1.0: 20, 2.25: 30, 7.0: 1}
    far = np.repeat([0.0, 1e9], 40)  # whole, and too far apart for a table
    assert counted(far)[0] == {0.0: 40, 1e9: 40}


def test_values_that_do_not_repeat_and_labelled_ones_stay_in_place():
    x = np.random.default_rng(0).normal(size=300)
    rows = sources.compress(x, None)
    assert np.array_equal(rows.x, x)
    labels = np.arange(300) % 2
    weight = np.where(np.arange(300) % 3, 1.0, 0.0)
    kept = sources.compress(np.round(x), weight, labels)
    assert np.array_equal(kept.x, np.round(x)[weight > 0])
    assert np.array_equal(kept.labels, labels[weight > 0])
    assert len(kept.labels) == len(kept.weights) == 200


def test_the_position_of_an_error_is_that_in_the_data_as_they_came():
    model = mx.Mixture([mx.Uniform(0, 3), mx.Uniform(1, 4)])
    x = np.r_[np.repeat([1.0, 2.0, 3.0], 30), 9.0]
    with pytest.raises(ValueError, match=r"x\[90\] = 9"):
        mx.em(model, x)

    class Lower:
        """Half a normal below 0."""

        n_free = 1

        def __init__(self, sd=1.0):
            self.sd = sd

        def log_prob(self, x):
            return np.where(x < 0, scipy.stats.norm(0, self.sd).logpdf(x), -np.inf)

        def fit(self, x, sample_weight=None, start=None):
            return Lower(np.sqrt(np.average(x**2, weights=sample_weight)))

    start = mx.Mixture([Lower(1.0), Lower(3.0)], [0.5, 0.5])
    x = np.array([5.0, -1.0, -2.0, 7.0, -3.0, 8.0])
    with pytest.raises(ValueError, match=r"x\[3\] = 7.0 with probability 0 under all"):
        mx.em(mx.Mixture([Lower(), Lower()]), x, sample_weight=[0, 1, 1, 1, 1, 1],
              start=start)  # fmt: skip


# --------------------------------------------------------------------------- errors


def test_a_collapse_names_the_component_that_fell():
    angles = np.r_[np.random.default_rng(0).uniform(-3, 0, 50), 10 * [2.5]]
    start = mx.Mixture([mx.VonMises(-1.5, 1.0), mx.VonMises(2.5, 1e5)], [0.8, 0.2])
    fit = mx.em(start.blank(), angles, start=start)
    assert fit.reason.startswith("collapsed: VonMises collapsed on x = 2.5: ")
    rng = np.random.default_rng(1)
    shares = np.r_[rng.dirichlet([2, 3, 4], 60), 12 * [[0.5, 0.25, 0.25]]]
    start = mx.Mixture(
        [mx.Dirichlet([2, 3, 4]), mx.Dirichlet([5e5, 2.5e5, 2.5e5])], [0.8, 0.2]
    )
    fit = mx.em(start.blank(), shares, start=start)
    assert fit.reason.startswith("collapsed: ")
    assert "[0.5, 0.25, 0.25]" in fit.reason


def test_what_needs_every_parameter_says_what_is_blank():
    for call in ("mean", "variance", "moments"):
        with pytest.raises(ValueError, match=r"has blanks: .*rate"):
            getattr(mx.Mixture([mx.Poisson(1.0), mx.Poisson()], [0.5, 0.5]), call)()


def test_a_search_without_a_possible_value_names_all_blanks():
    def log_prob(x, low, high):
        return np.where((x > low + 5) & (x < high - 1e6), -np.log(high - low), -np.inf)

    bounds = {"low": (0.0, 1.0), "high": (2.0, 3.0)}
    with pytest.raises(ValueError, match="no values of low, high were found"):
        mx.Custom(log_prob, bounds).fit(np.linspace(0, 1, 20))


# ----------------------------------------------------------------- numbers and limits


def test_a_t_with_infinite_df_is_the_normal_wherever():
    t = mx.StudentT(np.inf, 0.0, 1.0)
    assert t.log_prob([1e200])[0] == -np.inf
    x = [0.0, 30.0, 1e100]
    np.testing.assert_allclose(t.log_prob(x), scipy.stats.norm.logpdf(x), rtol=1e-13)


@pytest.mark.parametrize("k", [0.0, 1e-6, 0.5, 30.0, 250.0, 1e3, 1e5, 1e9])
def test_the_versed_mean_and_its_slope_are_those_of_bessel_functions(k):
    """1 - I1 / I0; its derivative is (I1 / I0)^2 + (I1 / I0) / k - 1."""
    value, slope = versed_mean(k)
    i0, i1 = scipy.special.ive(0, k), scipy.special.ive(1, k)
    assert value == pytest.approx((i0 - i1) / i0, rel=1e-9, abs=1e-15 * max(1, k))
    if 0 < k < 1e4:
        ratio = i1 / i0
        assert slope == pytest.approx(ratio**2 + ratio / k - 1, rel=1e-5, abs=1e-10)
    if k >= 1e3:  # 1 / (2 k) and -1 / (2 k^2), and the next terms of both
        near = 0.5 / k + 0.125 / k**2 + 0.125 / k**3
        assert value == pytest.approx(near, rel=1e-8)
        assert slope == pytest.approx(-0.5 / k**2 - 0.25 / k**3, rel=1e-5)


def test_the_series_of_the_versed_mean_joins_the_sum():
    """Where one ends and the other begins, to nine digits: all terms are needed."""
    k = np.geomspace(20, 2000, 4001)
    value, slope = versed_mean(k)
    steps = np.diff(value) / np.diff(k)
    middle = 0.5 * (slope[1:] + slope[:-1])
    np.testing.assert_allclose(steps, middle, rtol=1e-5)


# ------------------------------------------------------- a mixture cut and put together


def test_a_split_mixture_has_the_density_of_the_whole():
    whole = mx.Mixture([mx.Normal(0.0, 1.0), mx.Normal(4.0, 2.0)], [0.3, 0.7])
    x = np.linspace(-5, 9, 30)
    for k, cut in enumerate(_split(whole)):
        assert len(cut.components) == 3
        assert cut.weights.sum() == pytest.approx(1)
        assert cut.weights[k] == pytest.approx(0.6 * whole.weights[k])
        np.testing.assert_allclose(cut.log_prob(x), whole.log_prob(x), rtol=1e-12)
    assert k == 1


FACTORS = np.array(
    [[[1.0, 0], [0.4, 0.8]], [[0.5, 0], [-0.2, 1.2]], [[2.0, 0], [0, 1]]]
)
THREE = Gaussians(
    np.log([0.2, 0.3, 0.5]), np.array([[0.0, 1], [3, -1], [-4, 2]]), FACTORS
)


def moments(gaussians):
    mixture = gaussians.mixture()
    return mixture.mean(), mixture.variance()


@pytest.mark.parametrize(("j", "k"), [(0, 1), (2, 0), (1, 2)])
def test_two_normals_are_merged_into_the_one_of_their_moments(j, k):
    merged = THREE.merged(j, k)
    assert merged.K == 2
    for mine, before in zip(moments(merged), moments(THREE), strict=True):
        np.testing.assert_allclose(mine, before, rtol=1e-12, atol=1e-12)
    assert merged.weights[-1] == pytest.approx(THREE.weights[j] + THREE.weights[k])


@pytest.mark.parametrize("axis", [0, 1])
def test_a_normal_is_cut_in_two_about_its_mean(axis):
    cut = THREE.split(1, axis)
    assert cut.K == 4
    np.testing.assert_allclose(cut.weights, [0.2, 0.15, 0.5, 0.15])
    along = 0.5 * FACTORS[1, :, axis]
    np.testing.assert_allclose(cut.means[1], THREE.means[1] - along)
    np.testing.assert_allclose(cut.means[3], THREE.means[1] + along)
    np.testing.assert_allclose(cut.factors[1], cut.factors[3])
    np.testing.assert_allclose(moments(cut)[0], moments(THREE)[0])


def test_one_normal_more_or_less():
    more = THREE.joined(0.25, np.array([7.0, 8.0]), np.eye(2))
    assert more.K == 4
    np.testing.assert_allclose(more.weights, np.r_[0.2, 0.3, 0.5, 0.25] / 1.25)
    np.testing.assert_allclose(more.means[3], [7, 8])
    less = more.without(1)
    np.testing.assert_allclose(less.means, more.means[[0, 2, 3]])
    np.testing.assert_allclose(less.weights, np.r_[0.2, 0.5, 0.25] / 0.95)


def test_densities_of_the_arrays_are_those_of_the_mixture():
    x = np.random.default_rng(0).normal(size=(50, 2)) * 4
    mixture = THREE.mixture()
    np.testing.assert_allclose(THREE.density(x), np.exp(mixture.log_prob(x)))
    np.testing.assert_allclose(THREE.log_density(1e3 * x), mixture.log_prob(1e3 * x))
    again = Gaussians.of(mixture)
    np.testing.assert_allclose(again.density(x), THREE.density(x))


def test_draws_in_the_plane_follow_a_density_that_is_not_normalised():
    def density(x):
        first = np.exp(-((x - [-3, 0]) ** 2).sum(axis=1) / 2)
        return 5 * first + 15 * np.exp(-((x - [3, 1]) ** 2).sum(axis=1) / 2)

    a = mx.approximate(density, components=2, support=((-9, 9), (-8, 8)))
    x = a.draw(20_000, rng=0)
    assert (x[:, 0] > 0).mean() == pytest.approx(0.75, abs=0.02)
    assert x.mean(axis=0) == pytest.approx([1.5, 0.75], abs=0.1)
    assert a.mixture.mean() == pytest.approx([1.5, 0.75], abs=0.02)


def test_standard_normal_probabilities_do_not_need_scipy(monkeypatch):
    import sys

    from mixnotes.approximation.gaussians import normal_cdf

    z = np.linspace(-9, 9, 41)
    with_scipy = normal_cdf()(z)
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    np.testing.assert_allclose(normal_cdf()(z), with_scipy, rtol=1e-13)
    assert math.isclose(with_scipy[20], 0.5)


# ------------------------------------------------------- losses, and what is certified

F = np.array([0.0, 1e-4, 0.3, 0.8, 2.5])
G = np.array([0.2, 3e-4, 0.25, 1.0, 2.0])
LOSSES = {
    "hellinger": (descent.hellinger(), 0.5 * (np.sqrt(F) - np.sqrt(G)) ** 2),
    "divergence": (descent.divergence(), scipy.special.rel_entr(F, G) - F + G),
    "absolute": (
        descent.absolute(np.full(5, 0.1)),
        np.hypot(G - F, 0.1) - 0.1,
    ),
    "power": (descent.power(4, 0.5), ((G - F) / 0.5) ** 4),
}


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_what_it_is_called_and_its_slope_its_derivative(name):
    loss, expected = LOSSES[name]
    np.testing.assert_allclose(loss.value(F, G), expected, rtol=1e-12, atol=1e-17)
    assert np.all(loss.value(F, F) == 0)
    h = 1e-6 * G
    rise = (loss.value(F, G + h) - loss.value(F, G - h)) / (2 * h)
    np.testing.assert_allclose(loss.slope(F, G), rise, rtol=1e-6, atol=1e-9)
    assert np.all(loss.curvature(F, G) > 0)


def test_lines_over_cells_have_the_area_of_their_triangles():
    """The integral of |a + b t| over a cell, by many small steps."""
    rises = np.array([0.1, 0.3, -0.2, 0.05, -0.4, 0.9])
    t = (np.arange(100_000) + 0.5) / 100_000 - 0.5
    total = 0.0
    for k in range(1, 5):
        half = (rises[k + 1] - rises[k - 1]) / 4
        total += np.abs(rises[k] + 2 * half * t).mean()
    assert certificate._lines(rises) == pytest.approx(total, rel=1e-6)
    assert certificate._flat(rises) == pytest.approx(0.3 + 0.2 + 0.05 + 0.4)


def test_what_is_beyond_the_cells_is_counted_as_error():
    """Both distributions below the first inner edge and above the last."""
    target = as_target(scipy.stats.logistic)
    mixture = Gaussians.of(mx.Mixture([mx.Normal(0.5, 2.0)], [1.0]))
    edges = np.linspace(-4, 5, 10)
    rises, tails = certificate._rises(target, mixture, edges)
    f, g = scipy.stats.logistic, scipy.stats.norm(0.5, 2)
    expected = f.cdf(-3) + f.sf(4) + g.cdf(-3) + g.sf(4)
    assert tails == pytest.approx(expected, rel=1e-9)
    np.testing.assert_allclose(
        rises, np.diff(f.cdf(edges) - g.cdf(edges)), rtol=1e-9, atol=1e-12
    )


# --------------------------------------------------------------- moments that are not


@pytest.mark.parametrize("df", [0.5, 1.0, 1.5, 2.0, 3.0, np.inf])
def test_a_t_has_a_mean_above_1_and_a_variance_above_2(df):
    mean, variance = mx.StudentT(df, 4.0, 3.0).moments()
    assert np.isnan(mean) if df <= 1 else mean == 4
    if df > 2:
        wide = 1.0 if df == np.inf else df / (df - 2)
        assert variance == pytest.approx(9 * wide)
    else:
        assert not np.isfinite(variance)
    rows = mx.MultivariateStudentT(df, [4.0, 1.0], [[9.0, 1.0], [1.0, 4.0]])
    mean, covariance = rows.moments()
    assert np.isnan(mean).all() if df <= 1 else mean.tolist() == [4, 1]
    assert np.isfinite(covariance).all() == (df > 2)


def test_a_blank_shape_remembers_how_many_columns_it_had():
    t = mx.MultivariateStudentT(3.0, [0.0, 0.0], np.eye(2))
    assert t.blank("shape", "loc").d == 2
    assert t.blank().n_free == 1 + 2 + 3


def test_a_categorical_without_anything_says_what_it_needs():
    with pytest.raises(ValueError, match=r"has blanks: probs; fit first"):
        mx.Categorical().log_prob([0.0, 1.0])
