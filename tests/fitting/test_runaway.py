"""Likelihoods of censored values that rise to a bound, or creep to a limit."""

import math

import numpy as np
import pytest
from scipy import optimize, stats

import mixnotes as mx
from mixnotes.numeric.ascent import Scale, slope_left
from tests.fitting.test_stationary import Problem

pytestmark = pytest.mark.slow  # climbs of intervals, each step of which is a search

OPEN = mx.Censored([1.0, 1.5, 2.0], [np.inf] * 3)
SCORES = stats.norm.ppf((np.arange(200) + 0.5) / 200)
GRID = mx.Censored(np.floor(SCORES / 0.2) * 0.2, np.floor(SCORES / 0.2) * 0.2 + 0.2)


@pytest.mark.parametrize(
    "family",
    ["Exponential", "Normal", "LogNormal", "Weibull", "Gamma", "Gumbel", "Geometric"],
)
def test_values_that_are_only_known_to_be_large_have_no_maximum(family):
    """The likelihood is below 1, which it comes near to as all goes to infinity."""
    fit = mx.em(mx.Mixture([getattr(mx, family)()]), OPEN)
    assert not fit.converged
    assert f"{family} carries only rows" in fit.reason
    assert "above 2" in fit.reason
    assert "that no parameter reaches" in fit.reason
    assert fit.steps <= 10
    assert -1e-5 < fit.log_likelihood <= 0


def test_rows_that_never_have_the_event_are_told_as_that():
    """An exponential beside a share without an event: the best likelihood has a rate of
    0 in the second component, which is none."""
    x = np.random.default_rng(0).exponential(1, 60)
    data = mx.Censored(np.r_[x, np.full(40, 30.0)], np.r_[x, np.full(40, np.inf)])

    def loss(u):
        share = 1 / (1 + math.exp(-u[1]))
        late = math.log(share * math.exp(-30 * math.exp(u[0])) + 1 - share)
        return -(60 * math.log(share) + stats.expon.logpdf(
            x, scale=math.exp(-u[0])).sum() + 40 * late)  # fmt: skip

    bound = -optimize.minimize(loss, [0.0, 0.0], tol=1e-12).fun
    fit = mx.em(mx.Mixture(2 * [mx.Exponential()]), data)
    assert not fit.converged
    assert "that no parameter reaches" in fit.reason
    assert fit.steps <= 60
    assert fit.log_likelihood == pytest.approx(bound, abs=1e-5)


def test_a_component_within_one_bin_is_told_as_that():
    """Two bins far from each other, a normal for each."""
    data = mx.Binned([0, 1, 8, 9], [30, 0, 10])
    fit = mx.em(mx.Mixture(2 * [mx.Normal()]), data)
    assert not fit.converged
    assert "from 0 to 1" in fit.reason or "from 8 to 9" in fit.reason
    bound = 30 * math.log(0.75) + 10 * math.log(0.25)
    assert fit.log_likelihood == pytest.approx(bound, abs=1e-5)


def test_a_censored_group_with_a_maximum_is_fitted():
    """The second group is seen, too: all beyond 7 is cut off."""
    r = np.random.default_rng(3)
    x = np.r_[r.normal(0, 1, 100), r.normal(6, 1, 100)]
    data = mx.Censored(np.minimum(x, 7), np.where(x < 7, x, np.inf))
    fit = mx.em(mx.Mixture(2 * [mx.Normal()]), data)
    assert fit.converged
    assert fit.mixture.components[1].mean == pytest.approx(6, abs=0.5)


def test_degrees_of_freedom_of_censored_normals_are_infinite_within_a_few_steps():
    fit = mx.em(mx.Mixture([mx.StudentT()]), GRID)
    assert fit.converged
    assert fit.mixture.components[0].df == math.inf
    assert "at a limit: df = inf, a normal" in fit.reason
    assert fit.steps < 15
    normal = mx.em(mx.Mixture([mx.Normal()]), GRID)
    assert fit.log_likelihood == pytest.approx(normal.log_likelihood, abs=1e-9)


def test_a_start_at_the_normal_comes_back_from_there():
    """A Cauchy's values on a grid, from infinitely many degrees of freedom."""
    x = np.floor(np.random.default_rng(5).standard_cauchy(150).clip(-90, 90))
    data = mx.Censored(x, x + 1)
    start = mx.Mixture([mx.StudentT(math.inf, 0.0, 5.0)])
    fit = mx.em(mx.Mixture([mx.StudentT()]), data, start=start)
    best = mx.em(mx.Mixture([mx.StudentT()]), data)
    assert fit.converged
    assert fit.mixture.components[0].df < 2
    assert fit.log_likelihood == pytest.approx(best.log_likelihood, abs=1e-7)


def test_bins_of_counts_less_scattered_than_a_poissons_end_there():
    data = mx.Binned([0, 2, 4, 6, 8], [2, 30, 30, 2])
    fit = mx.em(mx.Mixture([mx.NegativeBinomial()]), data)
    assert fit.converged
    assert "size = inf, a Poisson" in fit.reason
    poisson = mx.em(mx.Mixture([mx.Poisson()]), data)
    assert fit.log_likelihood == pytest.approx(poisson.log_likelihood, abs=1e-9)


def test_a_mixture_with_a_censored_student_ends_at_the_normal():
    """It crept to df = 1e8 through some hundred steps, and stopped with a slope."""
    problem = Problem(211)
    fit = mx.em(problem.model, problem.data, sample_weight=problem.weight, starts=1)
    assert fit.converged
    assert "df = inf" in fit.reason
    assert fit.steps < 60


def test_a_flat_ridge_of_censored_values_is_climbed():
    """Two lognormals that nearly agree: Newton steps as wide as the ridge seems gained
    less than 1e-7 here."""
    problem = Problem(157)
    parts = [mx.LogNormal(-0.03383, 0.68447), mx.LogNormal(-0.33279, 0.67402)]
    start = mx.Mixture(parts, [0.521012, 0.478988])
    fit = mx.em(
        problem.model, problem.data, sample_weight=problem.weight, start=start,
        max_iter=6,
    )  # fmt: skip
    assert fit.log_likelihood - fit.history[0] > 2e-5


def test_a_skewed_summit_has_no_slope_left():
    skewed = slope_left(lambda u: -0.5 * u[0] ** 2 + u[0] ** 3 / 3, 1, Scale())
    tilted = slope_left(lambda u: -0.5 * u[0] ** 2 + 1e-3 * u[0], 1, Scale())
    assert skewed < 1e-12
    assert tilted == pytest.approx(5e-7, rel=1e-3)


def test_a_peak_at_a_kink_has_no_slope_left():
    peak = slope_left(lambda u: -abs(u[0]) - 3 * max(u[0], 0.0), 1, Scale())
    slope = slope_left(lambda u: 1e-3 * u[0] - abs(u[0] - 0.1), 1, Scale())
    assert peak < 1e-12
    assert slope > 1e-3


def test_two_bins_that_touch_are_not_held_at_their_edge():
    """No continuous component has both with probability 1."""
    low = np.repeat([0.0, 1.0, 4.0, 5.0], [20, 20, 30, 10])
    fit = mx.em(mx.Mixture(2 * [mx.Normal(sd=0.5)]), mx.Censored(low, low + 1))
    assert fit.converged, fit.reason
