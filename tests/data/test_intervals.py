"""Data that are known up to an interval: bins and censored values."""

import numpy as np
import pytest
import scipy.stats

import mixnotes as mx
from mixnotes.data.intervals import midpoints
from tests.published.test_published import shared

INF = np.inf
CRABS = mx.datasets.pearson_crabs()
BINS = mx.Binned(np.r_[-INF, 100 * CRABS["ratio"]], CRABS["freq"])


def test_the_probability_of_an_interval_is_that_of_scipy_also_far_out():
    x = mx.Censored(
        [-1.0, 2.0, -INF, 30.0, -31.0, -INF], [1.0, 2.0, 0.5, 31, -30.0, INF]
    )
    twin = scipy.stats.norm
    expected = [
        np.log(twin.cdf(1) - twin.cdf(-1)),
        twin.logpdf(2),
        twin.logcdf(0.5),
        twin.logsf(30) + np.log1p(-twin.sf(31) / twin.sf(30)),
        twin.logsf(30) + np.log1p(-twin.sf(31) / twin.sf(30)),
        0.0,
    ]
    np.testing.assert_allclose(mx.Normal(0, 1).log_prob(x), expected, rtol=1e-12)


def test_the_ends_of_an_interval_of_whole_numbers_belong_to_it():
    x = mx.Censored([2.0, 2.0, 1.5, -INF], [2.0, 4.0, 4.5, 3.0])
    twin = scipy.stats.poisson(3.0)
    expected = [
        twin.pmf(2),
        twin.pmf([2, 3, 4]).sum(),
        twin.pmf([2, 3, 4]).sum(),
        twin.cdf(3),
    ]
    np.testing.assert_allclose(np.exp(mx.Poisson(3.0).log_prob(x)), expected)


def test_a_value_on_an_edge_belongs_to_the_bin_above():
    """As numpy.histogram has it: bins of whole numbers count what they should."""
    x = np.array([0, 1, 1, 2, 3, 3, 3, 5])
    counts, edges = np.histogram(x, [0, 1, 3, 6])
    binned = mx.Binned(edges, counts)
    poisson = scipy.stats.poisson(2.0)
    expected = [
        poisson.pmf([0]).sum(),
        poisson.pmf([1, 2]).sum(),
        poisson.pmf([3, 4, 5, 6]).sum(),
    ]
    np.testing.assert_allclose(np.exp(mx.Poisson(2.0).log_prob(binned)), expected)
    assert mx.Binned([0, 1, 2], [3, 3]).weight.tolist() == [3, 3]


@pytest.mark.slow
def test_weldons_crabs_in_bins():
    """Pearson (1894), the first mixture ever fitted: the maximum that direct
    optimisation finds; mixdist stops a little below it."""
    fit = mx.em(mx.Mixture(2 * [mx.Normal()]), BINS, starts=2)
    assert fit.log_likelihood == pytest.approx(-2952.69590247, abs=1e-6)
    first, second = fit.mixture.components
    assert fit.mixture.weights[0] == pytest.approx(0.452759707837, abs=1e-4)
    assert (first.mean, second.mean) == pytest.approx((63.26165, 65.46869), abs=1e-3)
    assert (first.sd, second.sd) == pytest.approx((1.861941, 1.248300), abs=1e-3)
    assert fit.n == 1000
    assert fit.rate == pytest.approx(0.9943, abs=1e-3)


@pytest.mark.slow
def test_pike_of_five_years_with_one_coefficient_of_variation():
    """Macdonald and Pitcher (1979): log-normals of one common sigma."""
    length, count = (shared("pike65.csv", k) for k in (0, 1))
    bins = mx.Binned(np.r_[0.0, length], count)
    sigma = mx.Shared("sigma")
    start = mx.Mixture(
        [mx.LogNormal(np.log(m), 0.1) for m in (23, 34, 41, 50, 60)],
        [0.1, 0.5, 0.2, 0.1, 0.1],
    )
    fit = mx.em(mx.Mixture(5 * [mx.LogNormal(sigma=sigma)]), bins, start=start)
    assert fit.log_likelihood == pytest.approx(-1493.57439214, abs=1e-5)
    means = [component.moments()[0] for component in fit.mixture.components]
    expected = [23.0734539, 33.6068241, 41.1026437, 49.8822735, 60.4668654]
    np.testing.assert_allclose(means, expected, rtol=1e-3)
    cv = np.sqrt(np.expm1(fit.mixture.components[0].sigma ** 2))
    assert cv == pytest.approx(0.102809891, rel=1e-3)


def test_stamps_in_bins():
    """Izenman and Sommer (1988); mixR stops 0.0012 lower."""
    low, high, count = (shared("stamp2_binned.csv", k) for k in (0, 1, 2))
    edges = np.unique(np.round(np.r_[low, high], 6))
    counts = np.zeros(len(edges) - 1)
    counts[np.searchsorted(edges, np.round(low, 6))] = count
    bins = mx.Binned(edges, counts)
    fit = mx.em(mx.Mixture(2 * [mx.Normal()]), bins, starts=2)
    assert fit.log_likelihood == pytest.approx(-1865.51117545, abs=1e-5)
    assert fit.mixture.weights[0] == pytest.approx(0.610591167, abs=1e-4)


def test_censored_waiting_times_have_a_closed_form():
    """Exponential, right-censored: events over total time."""
    time = np.random.default_rng(0).exponential(2.0, 200)
    low, high = np.minimum(time, 3.0), np.where(time > 3.0, INF, time)
    fitted = mx.Exponential().fit(mx.Censored(low, high))
    assert fitted.rate == pytest.approx((time <= 3).sum() / low.sum(), rel=1e-8)


def test_exact_values_are_plain_data():
    x = np.random.default_rng(0).normal(size=100)
    a, b = mx.Normal().fit(mx.Censored(x, x)), mx.Normal().fit(x)
    assert (a.mean, a.sd) == pytest.approx((b.mean, b.sd), rel=1e-7)


def test_a_mixture_of_censored_values_is_near_that_of_the_whole_ones():
    x = mx.Mixture([mx.Normal(0, 1), mx.Normal(5, 1)], [0.6, 0.4]).sample(500, rng=0)
    seen = mx.Censored(np.where(x > 5, 5.0, x), np.where(x > 5, INF, x))
    fit = mx.em(mx.Mixture(2 * [mx.Normal()]), seen, starts=2)
    whole = mx.em(mx.Mixture(2 * [mx.Normal()]), x, starts=2)
    assert fit.converged
    errors = whole.standard_errors()
    for name, error in errors.items():
        gap = fit.mixture.value_of(name) - whole.mixture.value_of(name)
        assert np.all(np.abs(gap) < 4 * error)
    assert fit.standard_errors()["components[1].sd"] > errors["components[1].sd"]


@pytest.mark.parametrize(
    "component",
    [
        mx.Gamma(3.0, 2.0), mx.Weibull(2.0, 3.0), mx.StudentT(5.0, 1.0, 2.0),
        mx.Laplace(1.0, 2.0), mx.Gumbel(1.0, 2.0), mx.Logistic(1.0, 2.0),
        mx.NegativeBinomial(3.0, 4.0), mx.Poisson(3.0), mx.Beta(2.0, 3.0),
        mx.InverseGaussian(2.0, 3.0), mx.LogNormal(0.0, 0.5), mx.Geometric(0.3),
    ],
    ids=repr,
)  # fmt: skip
def test_every_family_with_a_distribution_function_takes_bins(component):
    """The fit to fine bins is near that to the values, and its likelihood a maximum."""
    x = component.sample(400, rng=1)
    if component.discrete:
        edges = np.arange(0, x.max() + 3)
    else:
        edges = np.quantile(x, np.linspace(0, 1, 41))
        edges[0], edges[-1] = component.ends[0], component.ends[1]
    counts, _ = np.histogram(x, edges)
    binned = mx.Binned(edges, counts)
    template = component.blank()
    fitted = template.fit(binned)
    at = template.unconstrain(fitted)

    def height(line):
        return binned.weight @ template.constrain(line, fitted).log_prob(binned)

    for k in range(len(at)):
        for step in (1e-2, -1e-2):
            assert height(at + step * (np.arange(len(at)) == k)) < height(at) + 1e-9
    whole = template.fit(x)
    assert whole.log_prob(x).mean() == pytest.approx(
        fitted.log_prob(x).mean(), abs=0.02
    )


def test_a_family_without_a_distribution_function_says_so():
    bins = mx.Binned([0, 1, 2], [3, 4])
    component = mx.Custom(
        lambda x, a: -a * x + np.log(a), {"a": (0, INF)}, support=(0, INF), a=1.0
    )
    with pytest.raises(TypeError, match="made without cdf; pass cdf="):
        component.log_prob(bins)


BAD = [
    (
        lambda: mx.Censored([2.0], [1.0]),
        r"low must not be above high, got low\[0\] = 2",
    ),
    (lambda: mx.Censored([np.nan], [1.0]), r"low must not be NaN"),
    (lambda: mx.Censored(1.0, 2.0), r"low must be of shape \(n,\), got shape \(\)"),
    (lambda: mx.Binned([0, 1], [1, 2]), "one edge more than counts, got 2 edges"),
    (lambda: mx.Binned([0, 1, 1], [1, 2]), r"edges must increase, got edges\[1\] = 1"),
    (lambda: mx.Binned([0, 1, 2], [1, -2]), r"not negative, got counts\[1\] = -2"),
    (lambda: mx.Binned([0, 1], [0]), "some count must be above 0"),
    (
        lambda: mx.em(mx.Mixture(2 * [mx.Normal()]), BINS, sample_weight=[1.0] * 29),
        "left out for Binned data",
    ),
    (
        lambda: mx.Normal().fit(mx.Censored([-INF], [INF])),
        "some interval must have a finite end",
    ),
]


@pytest.mark.parametrize(("call", "words"), BAD, ids=range(len(BAD)))
def test_errors_say_what_to_do(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_the_middle_of_an_interval():
    rows = mx.Censored([-INF, 2.0, 3.0, 10.0, -INF], [1.0, 4.0, 3.0, INF, INF])
    model = mx.Mixture([mx.Normal()])
    middle = midpoints(model._rows(rows))
    np.testing.assert_allclose(middle, [0.0, 3.0, 3.0, 11.0, 23 / 6])
