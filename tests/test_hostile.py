"""Bad and extreme input to composed models: the error that is needed, or the answer."""

import re

import numpy as np
import pytest
import scipy.stats

import mixnotes as mx
from mixnotes.components.vector import Axis
from mixnotes.fitting.information import _is_curved

NAN, INF = np.nan, np.inf
X = np.concatenate([np.linspace(-2, 2, 20), np.linspace(4, 6, 15)])
COUNTS = np.array([0, 0, 1, 2, 2, 3, 5, 8, 9, 4, 0, 1])
COLUMNS = {"a": X, "b": np.arange(35) % 3}
ROWS = np.array([[0.1, 0.9], [NAN, 0.5], [0.4, 0.6], [0.7, 0.3]])
S = mx.Shared("s")


def two(component):
    return mx.Mixture([component, component])


def known_t(df=3.0):
    return mx.MultivariateStudentT(df, [0, 0], np.eye(2))


def line(a, b):
    return mx.em(two(mx.LinearRegression("a", ["b"])), {"a": a, "b": b})


BAD = [
    # --- keys of a product that do not suit their component
    (
        lambda: mx.Product({"a": mx.MultivariateNormal()}),
        "column 'a' must have a component of one number.*a tuple of columns",
    ),
    (
        lambda: mx.Product({"a": mx.Mixture([mx.Dirichlet()])}),
        "column 'a' must have a component of one number",
    ),
    (
        lambda: mx.Product({("a", "b"): mx.Normal()}),
        "must have a component that takes rows.*give each column",
    ),
    (
        lambda: mx.Product({("a", "b"): two(mx.Normal())}),
        "must have a component that takes rows",
    ),
    (
        lambda: mx.Product({("a", "b", "c"): mx.MultivariateNormal([0, 0], np.eye(2))}),
        "got 3 columns",
    ),
    (
        lambda: mx.Product({"a": mx.LinearRegression("a", ["b"])}),
        r"must have them as its key, \('a', 'b'\), got 'a'",
    ),
    (
        lambda: mx.Product({("b", "a"): mx.LinearRegression("a", ["b"])}),
        r"as its key, \('a', 'b'\), got \('b', 'a'\)",
    ),
    (
        lambda: mx.Product(
            {("b", "a"): mx.Product({"a": mx.Normal(), "b": mx.Normal()})}
        ),
        r"as its key, \('a', 'b'\), got \('b', 'a'\)",
    ),
    # --- products and data
    (
        lambda: mx.em(
            two(mx.Product({"a": mx.Normal()})), mx.Censored([1.0, 2], [2.0, 3])
        ),
        "binned and censored data are of one number.*columns a;",
    ),
    (
        lambda: mx.em(
            two(mx.Product({"a": mx.Normal()})), mx.Binned([0, 1, 2], [3, 4])
        ),
        "binned and censored data are of one number",
    ),
    (
        lambda: mx.Product({"a": mx.Normal()}).fit({"a": [3.0, 3.0]}),
        "column 'a': sd must be learned from values that differ",
    ),
    (
        lambda: mx.Product({"a": mx.Gamma()}).fit({"a": [3.0, 3.0]}),
        "column 'a': Gamma collapsed",
    ),
    (
        lambda: mx.Product({"a": mx.Normal()}).fit({"a": X}, start=mx.Normal(0, 1)),
        "start must be a Product of the same keys",
    ),
    (
        lambda: mx.Product({"a": mx.Normal()}).fit(
            {"a": X}, start=mx.Product({"b": mx.Normal(0, 1)})
        ),
        "start must be a Product of the same keys",
    ),
    # --- components that take unlike data
    (
        lambda: mx.em(
            mx.Mixture([mx.MultivariateNormal(), mx.Normal()]), np.ones((4, 2))
        ),
        r"Normal takes one number an observation.*got shape \(4, 2\)",
    ),
    (
        lambda: mx.em(mx.Mixture([mx.Normal(), mx.MultivariateNormal()]), X),
        "MultivariateNormal takes one row an observation",
    ),
    (
        lambda: mx.em(mx.Mixture([mx.MultivariateNormal(), mx.Dirichlet()]), ROWS),
        r"must be finite, got x\[1, 0\] = nan",
    ),
    (
        lambda: mx.Mixture([known_t(), mx.Dirichlet([1, 2])], [0.5, 0.5]).log_prob(
            ROWS
        ),
        r"must be finite, got x\[1, 0\] = nan",
    ),
    # --- too large, too small
    (lambda: line(X * 1e200, np.arange(35)), r"at most 1e\+150 in size, got x\[0, 0\]"),
    (lambda: line(X, np.arange(35) * 1e300), r"at most 1e\+150 in size, got x\[1, 1\]"),
    (
        lambda: mx.em(
            two(mx.PoissonRegression("a", ["b"])), {"a": COUNTS, "b": COUNTS * 1e300}
        ),
        r"at most 1e\+150 in size",
    ),
    (
        lambda: mx.MultivariateStudentT().fit(ROWS[[0, 2, 3]] * 1e-300),
        "each column must vary by more than.*rescale it",
    ),
    (
        lambda: mx.Exponential().fit([5e-324, 1e-323, 2e-323]),
        "Exponential collapsed on x = 0",
    ),
    (
        lambda: mx.Gamma().fit([5e-324, 1e-323, 2e-323, 3e-323]),
        "Gamma collapsed: its scale fell below 1e-300; rescale x",
    ),
    # --- intervals
    (lambda: mx.Censored([INF, 1.0], [INF, 2.0]), "low must be below inf"),
    (lambda: mx.Censored([-INF, 1.0], [-INF, 2.0]), "high above -inf"),
    # --- marginals and conditionals
    (lambda: known_t().marginal([]), "different numbers from 0 to 1.*got \\[\\]"),
    (lambda: known_t().marginal([0, 0]), r"different numbers from 0 to 1.*got \[0, 0"),
    (lambda: known_t().marginal([2]), r"different numbers from 0 to 1.*got \[2\]"),
    (lambda: known_t().marginal([True]), "different numbers from 0 to 1"),
    (lambda: known_t().marginal("ab"), "different numbers from 0 to 1.*got 'ab'"),
    (lambda: known_t().conditional({}), "different numbers from 0 to 1"),
    (lambda: known_t().conditional({0: NAN}), "known values must be finite numbers"),
    (lambda: known_t().conditional({0: "1"}), "known values must be numbers"),
    (lambda: known_t().conditional({0: [1, 2]}), "known values must be finite num"),
    (lambda: known_t().conditional({0: 1.0, 1: 2.0}), "must leave a column"),
    (lambda: known_t().conditional([0]), "must be a mapping of columns to values"),
    (
        lambda: mx.MultivariateNormal([0, 0], np.eye(2)).marginal([0, 0]),
        r"different numbers from 0 to 1.*got \[0, 0\]",
    ),
    (
        lambda: mx.MultivariateNormal([0, 0], np.eye(2)).conditional({0: "a"}),
        "known values must be numbers",
    ),
    (
        lambda: mx.Mixture([mx.Normal(0, 1)]).marginal([0]),
        r"every component must have marginal\(\)",
    ),
]


@pytest.mark.parametrize(("bad", "message"), BAD, ids=range(len(BAD)))
def test_bad_input_gets_the_error_that_the_user_needs(bad, message):
    with pytest.raises((ValueError, TypeError), match=message):
        bad()


# What is unusual and right: it has an answer, without a warning.

GOOD = {
    "a shared size": (two(mx.NegativeBinomial(size=S)), COUNTS),
    "a shared mean": (two(mx.NegativeBinomial(mean=S)), COUNTS),
    "a shared df in space": (
        two(mx.MultivariateStudentT(df=S)),
        np.random.default_rng(3).standard_t(3, size=(40, 2)),
    ),
    "a mixture in a product": (
        mx.Mixture(2 * [mx.Product({"a": two(mx.Normal()), "b": mx.Categorical(n=3)})]),
        COLUMNS,
    ),
    "a product in a nested mixture": (
        mx.Mixture(
            [
                mx.Mixture([mx.Product({"a": mx.Normal(), "b": mx.Categorical(n=3)})]),
                mx.Product({"b": mx.Categorical(n=3), "a": mx.Normal()}),
            ]
        ),
        COLUMNS,
    ),
    "a regression in a product": (
        mx.Mixture([mx.Product({("a", "b"): mx.LinearRegression("a", ["b"])})]),
        COLUMNS,
    ),
    "a weight of 0": (mx.Mixture([mx.Laplace(), mx.StudentT()], [1, 0]), X),
    "supports that do not overlap": (
        mx.Mixture([mx.Gamma(), mx.Normal(-3, 1)]),
        np.array([-3.0, -3.5, 1.0, 2.0, 3.5, 1.5]),
    ),
    "a far value": (two(mx.Gumbel()), np.append(X, -1e6)),
    "bins of two families": (
        mx.Mixture([mx.Gamma(), mx.Weibull()]),
        mx.Binned([0, 1, 2, 4, 8], [3, 8, 9, 7]),
    ),
    "scipy beside a normal": (
        mx.Mixture([mx.from_scipy(scipy.stats.gamma), mx.Normal()]),
        np.abs(X) + 0.1,
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", GOOD)
def test_what_is_unusual_and_right_climbs(name):
    model, x = GOOD[name]
    fit = mx.em(model, x, starts=2, max_iter=100)
    assert np.isfinite(fit.log_likelihood)
    assert np.all(np.diff(fit.history) >= -1e-9)
    assert np.isfinite(fit.mixture.weights).all()
    assert "nan" not in repr(fit)


@pytest.mark.slow
def test_a_shared_size_is_one_number():
    fit = mx.em(two(mx.NegativeBinomial(size=S)), COUNTS, starts=2)
    first, second = fit.mixture.components
    assert first.size == second.size


def test_what_is_shared_is_counted_once_and_whole():
    """A vector as all its numbers; across mixtures that nest, too."""
    alpha = mx.Dirichlet(alpha=mx.Shared("a"), d=4)
    assert mx.Mixture([alpha, alpha], [0.5, 0.5]).n_free == 4
    nested = mx.Mixture([mx.Mixture([mx.Normal(sd=S), mx.Normal()]), mx.Normal(sd=S)])
    assert nested.n_free == 2 + 2 + 1 + 1 + 1  # two means, a pair, sd, two weights
    inside = two(mx.Normal(sd=S))
    assert mx.Mixture([inside, inside], [0.5, 0.5]).n_free == 4 + 1 + 2


def test_a_product_learns_each_part_to_its_end():
    """Also those whose step is not the last."""
    x = mx.MultivariateStudentT(3.0, [0, 1], [[2, 1], [1, 2]]).sample(80, rng=0)
    product = mx.Product({("a", "b"): mx.MultivariateStudentT()}).fit(x)
    alone = mx.MultivariateStudentT().fit(x)
    assert product.log_prob(x).sum() == pytest.approx(alone.log_prob(x).sum(), abs=1e-9)


def test_gaps_of_nested_mixtures_are_filled():
    a, b = (mx.MultivariateNormal([m, -m], np.eye(2) + 0.5) for m in (0.0, 3.0))
    flat = mx.Mixture([a, b, a], [0.2, 0.5, 0.3])
    nested = mx.Mixture([mx.Mixture([a, b], [2 / 7, 5 / 7]), a], [0.7, 0.3])
    np.testing.assert_allclose(nested.impute(ROWS), flat.impute(ROWS), rtol=1e-12)


def test_a_component_of_weight_0_fills_no_gap():
    """Even one that has no mean."""
    normal = mx.MultivariateNormal([1.0, 2.0], np.eye(2))
    mixture = mx.Mixture([normal, known_t(df=0.5)], [1.0, 0.0])
    np.testing.assert_allclose(mixture.impute([[NAN, NAN]]), [[1.0, 2.0]])


def test_a_narrow_interval_is_a_probability_and_no_density():
    x = mx.Censored([0.5, 0.5], [0.5, 0.5 + 1e-4])
    exact, narrow = mx.Normal(0.0, 1.0).log_prob(x)
    assert narrow == pytest.approx(exact + np.log(1e-4), abs=1e-4)


CONTINUOUS = [
    mx.LogNormal,
    mx.Normal,
    mx.Gamma,
    mx.Weibull,
    mx.InverseGaussian,
    mx.Beta,
    mx.Laplace,
    mx.Logistic,
    mx.Gumbel,
    mx.StudentT,
    mx.VonMises,
    mx.Uniform,
    lambda: mx.from_scipy("norm"),
]


@pytest.mark.slow
@pytest.mark.parametrize("family", CONTINUOUS)
@pytest.mark.parametrize("K", [1, 3])
def test_values_that_are_all_equal_are_named(family, K):
    """Not the second of two seeds on one value, for which nothing is left."""
    words = "learned from values that differ, got|collapsed on x = 0.5|scale ran off"
    with pytest.raises(ValueError, match=words):
        mx.em(mx.Mixture(K * [family()]), np.full(6, 0.5))


@pytest.mark.parametrize("K", [2, 3, 5])
def test_a_spread_falls_to_0_and_not_to_nan(K):
    fit = mx.em(mx.Mixture(K * [mx.Normal()]), [0.0, 0, 1, 1, 0, 1])
    fallen = re.compile(r"its sd fell to [\d.e-]+, below")
    assert all(fallen.search(end.reason) for end in fit.starts)


@pytest.mark.parametrize(
    "family", [mx.Gumbel, mx.Weibull, lambda: mx.from_scipy("norm")]
)
def test_where_every_start_collapses_the_fit_says_so(family):
    """Also where a first guess stands on one value, and where exp overflows there."""
    starts = 1 if family not in (mx.Gumbel, mx.Weibull) else 10
    fit = mx.em(mx.Mixture(3 * [family()]), [1.0, 1, 2, 2, 2, 3], rng=2, starts=starts)
    assert all(end.collapsed for end in fit.starts)
    assert "collapsed" in fit.reason


def test_the_rounding_of_a_sharp_component_is_no_fall():
    """A gamma of shape 5000 on 6 values: its log-densities end 2e-12 away."""
    x = [
        *(0.10978053695110701, 0.2962559550393429, 0.5109604789214502),
        *(0.4971649650726536, 0.24366138788293934, 0.8253015581668586),
    ]
    fit = mx.em(mx.Mixture(3 * [mx.Gamma()]), x, starts=2, rng=2)
    assert not any("lowered" in end.reason for end in fit.starts)


def test_counts_whose_mean_is_next_to_0_are_a_poisson():
    x, weight = [3.0, 201.0, 0.0], [1e-250, 0.0, 1.0]
    found = mx.NegativeBinomial().fit(x, weight)
    assert (found.size, found.mean) == (np.inf, 3e-250)


FAMILIES = {
    "Beta": mx.Beta,
    "Exponential": mx.Exponential,
    "Gamma": mx.Gamma,
    "Gumbel": mx.Gumbel,
    "InverseGaussian": mx.InverseGaussian,
    "Laplace": mx.Laplace,
    "LogNormal": mx.LogNormal,
    "Logistic": mx.Logistic,
    "NegativeBinomial": mx.NegativeBinomial,
    "Normal": mx.Normal,
    "Poisson": mx.Poisson,
    "StudentT": mx.StudentT,
    "Uniform": mx.Uniform,
    "VonMises": mx.VonMises,
    "Weibull": mx.Weibull,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("kind", ["ties", "decades", "nearly equal", "far", "weights"])
def test_a_few_odd_values_give_a_fit_or_words(name, kind):
    """Never a warning, a NaN, or another error than the one that says what to do."""
    rng = np.random.default_rng([len(kind), *map(ord, name)])
    for n in (3, 8):
        x = {
            "ties": rng.integers(1, 4, n).astype(float),
            "decades": np.exp(40 * rng.normal(size=n)),
            "nearly equal": 1 + 1e-8 * rng.random(n),
            "far": rng.integers(0, 3, n) * 1e6 + 1,
            "weights": rng.random(n),
        }[kind]
        weight = rng.random(n) * (rng.random(n) < 0.8) if kind == "weights" else None
        if name in ("Poisson", "NegativeBinomial"):
            x = np.minimum(np.round(x), 1e15)
        x = x / (1.01 * x.max()) if name == "Beta" else x
        x = x % 6 if name == "VonMises" else x
        model = mx.Mixture(2 * [FAMILIES[name]()])
        try:
            fit = mx.em(model, x, sample_weight=weight, starts=1, max_iter=100)
        except ValueError as error:
            assert re.search(r"collaps|must (be|not be|have|lie)", str(error))  # noqa: PT017
            continue
        assert np.isfinite(fit.log_likelihood)
        assert "lowered" not in fit.reason


def test_two_rows_far_apart_have_no_common_axes_yet():
    x = [[2000001.0, 2000001], [1000001, 1000001]]
    with pytest.raises(ValueError, match="its covariance became singular"):
        mx.em(mx.gaussian_mixture(2, "EVE"), x, sample_weight=[0.8, 0.3], rng=26)


def test_information_that_falls_in_no_direction_is_flat():
    axes = [Axis(name, 1, False, None, unit=True) for name in "ab"]
    assert not _is_curved(np.array([[-1.0, 1e200], [1e200, 1e300]]), axes)
    assert _is_curved(np.diag([1e-200, 1e300]), axes)


@pytest.mark.parametrize("sigma", [1e-9, 0.5, 27.0, 40.0])
@pytest.mark.parametrize("mu", [-800.0, 0.0, 700.0])
def test_the_moments_of_a_lognormal_go_to_infinity_and_not_further(mu, sigma):
    mean, variance = mx.LogNormal(mu, sigma).moments()
    logs = mu + sigma**2 / 2, 2 * (mu + sigma**2) + np.log(-np.expm1(-(sigma**2)))
    expected = [np.exp(log) if log < 709 else np.inf for log in logs]
    np.testing.assert_allclose([mean, variance], expected, rtol=1e-10)


def test_a_direction_alone_is_learned_from_values_that_are_all_equal():
    found = mx.VonMises(concentration=2.0).fit([1.0, 1.0])
    assert (found.mean, found.concentration) == (pytest.approx(1.0), 2.0)


@pytest.mark.parametrize("name", ["cdf", "sf", "quantile"])
def test_the_ends_of_narrow_components_are_reached_without_a_warning(name):
    narrow = [mx.Normal(0.0, 1e-300), mx.Laplace(0.0, 1e-300), mx.LogNormal(0.0, 1e-9)]
    for component in narrow:
        if name == "quantile":
            np.testing.assert_allclose(component.quantile([0.0, 1.0]), component.ends)
            continue
        found = getattr(component, name)([-1e300, 1e300])
        assert found.tolist() == ([0.0, 1.0] if name == "cdf" else [1.0, 0.0])


def test_a_shared_shape_beside_a_known_scale_is_found():
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.gamma(20, 5.0, 600), rng.gamma(20, 0.01, 400)])
    model = mx.Mixture([mx.Gamma(S), mx.Gamma(S, 0.01)])
    truth = mx.Mixture([mx.Gamma(20.0, 5.0), mx.Gamma(20.0, 0.01)], [0.6, 0.4])
    found = mx.em(model, x)
    assert 0 < found.log_likelihood - truth.log_prob(x).sum() < 5
