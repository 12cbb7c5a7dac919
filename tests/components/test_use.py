"""What is done with a filled mixture: distribution functions and quantiles of mixtures
of all sorts, nested too; marginals, conditionals and gaps of normal ones."""

import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

import mixnotes as mx

NORMALS = mx.Mixture([mx.Normal(-2.0, 1.0), mx.Normal(3.0, 0.5)], [0.3, 0.7])
NESTED = mx.Mixture([NORMALS, mx.Gamma(2.0, 3.0)], [0.6, 0.4])
COUNTS = mx.Mixture([mx.Poisson(1.0), mx.Binomial(30, 0.6)], [0.25, 0.75])
ZERO_INFLATED = mx.Mixture([mx.PointMass(0.0), mx.Exponential(0.5)], [0.2, 0.8])
FAR = mx.Mixture([mx.Normal(0.0, 1.0), mx.Normal(1e9, 1.0)], [0.5, 0.5])
IDLE = mx.Mixture([mx.Normal(0.0, 1.0), mx.Normal(50.0, 1.0)], [1.0, 0.0])
n, g = scipy.stats.norm, scipy.stats.gamma(2, scale=3)

BELOW = {  # the distribution functions, from scipy's of the components
    NORMALS: lambda x: 0.3 * n(-2, 1).cdf(x) + 0.7 * n(3, 0.5).cdf(x),
    NESTED: lambda x: 0.6 * BELOW[NORMALS](x) + 0.4 * g.cdf(x),
    COUNTS: lambda x: (
        0.25 * scipy.stats.poisson(1).cdf(x) + 0.75 * scipy.stats.binom(30, 0.6).cdf(x)
    ),
    ZERO_INFLATED: lambda x: 0.2 * (x >= 0) + 0.8 * scipy.stats.expon(scale=2).cdf(x),
    FAR: lambda x: 0.5 * n.cdf(x) + 0.5 * n(1e9, 1).cdf(x),
    IDLE: n.cdf,
}
ABOVE = {
    NORMALS: lambda x: 0.3 * n(-2, 1).sf(x) + 0.7 * n(3, 0.5).sf(x),
    NESTED: lambda x: 0.6 * ABOVE[NORMALS](x) + 0.4 * g.sf(x),
    COUNTS: lambda x: (
        0.25 * scipy.stats.poisson(1).sf(x) + 0.75 * scipy.stats.binom(30, 0.6).sf(x)
    ),
    ZERO_INFLATED: lambda x: 0.2 * (x < 0) + 0.8 * scipy.stats.expon(scale=2).sf(x),
    FAR: lambda x: 0.5 * n.sf(x) + 0.5 * n(1e9, 1).sf(x),
    IDLE: n.sf,
}
PLACES = {
    FAR: np.r_[np.linspace(-4, 4, 9), 5e8, 1e9 + np.linspace(-4, 4, 9)],
    COUNTS: np.r_[-1.0, 0.0, 0.5, 3.0, 17.9, 18.0, 30.0, 31.0],
}
every_mixture = pytest.mark.parametrize("mixture", BELOW, ids=repr)


@every_mixture
def test_the_distribution_function_is_the_average_of_the_components(mixture):
    x = PLACES.get(mixture, np.r_[-30.0, np.linspace(-8, 12, 41), 40.0])
    np.testing.assert_allclose(
        mixture.cdf(x), BELOW[mixture](x), rtol=1e-9, atol=1e-300
    )
    np.testing.assert_allclose(mixture.sf(x), ABOVE[mixture](x), rtol=1e-9, atol=1e-300)
    assert mixture.cdf(x[3]) == mixture.cdf(x)[3]  # a number gives a number
    assert mixture.cdf([-np.inf, np.inf]).tolist() == [0, 1]
    assert mixture.sf([-np.inf, np.inf]).tolist() == [1, 0]


@every_mixture
def test_a_quantile_of_a_mixture_is_the_least_value_that_reaches_its_level(mixture):
    levels = np.r_[1e-12, 1e-6, np.linspace(0.01, 0.99, 23), 1 - 1e-6]
    x = mixture.quantile(levels)
    assert x.shape == levels.shape
    assert np.all(np.diff(x) >= 0)
    assert np.all(mixture.cdf(x) >= levels * (1 - 1e-14))
    just_below = np.nextafter(x, -np.inf)
    if mixture.discrete:
        assert np.array_equal(x, np.round(x))
        just_below = x - 1
    assert np.all(mixture.cdf(just_below) <= levels * (1 + 1e-14))
    assert mixture.quantile(levels[5]) == x[5]
    assert mixture.quantile([0, 1]).tolist() == list(mixture.ends)


def test_quantiles_of_two_normals_are_the_roots_that_scipy_finds():
    levels = np.r_[1e-9, np.linspace(0.05, 0.95, 7), 1 - 1e-9]
    roots = [
        scipy.optimize.brentq(lambda x, q=q: BELOW[NORMALS](x) - q, -20, 20, xtol=1e-13)
        for q in levels
    ]
    np.testing.assert_allclose(NORMALS.quantile(levels), roots, rtol=1e-6, atol=1e-9)


def test_the_median_between_two_far_components_is_found():
    """Half of the probability ends at 4 and begins again a thousand million on."""
    assert FAR.quantile(0.25) == pytest.approx(0, abs=1e-9)
    assert FAR.quantile(0.75) == pytest.approx(1e9, abs=1e-6)
    assert ZERO_INFLATED.quantile([0.1, 0.2]).tolist() == [0, 0]
    assert ZERO_INFLATED.quantile(0.6) == pytest.approx(2 * np.log(2))


def test_the_ends_and_the_kind_of_a_mixture_are_those_of_all_components():
    assert NESTED.ends == (-np.inf, np.inf)
    assert ZERO_INFLATED.ends == (0, np.inf)
    assert mx.Mixture([mx.Beta(2, 2), mx.Uniform(3, 4)], [0.5, 0.5]).ends == (0, 4)
    assert COUNTS.discrete
    assert not ZERO_INFLATED.discrete


# ------------------------------------------------------ mixtures drawn by hypothesis

LEAVES = st.one_of(
    st.builds(mx.Normal, st.floats(-9, 9), st.floats(0.1, 5)),
    st.builds(mx.Laplace, st.floats(-9, 9), st.floats(0.1, 5)),
    st.builds(mx.Logistic, st.floats(-9, 9), st.floats(0.1, 5)),
    st.builds(mx.StudentT, st.floats(1, 30), st.floats(-9, 9), st.floats(0.1, 5)),
    st.builds(mx.Gamma, st.floats(0.5, 9), st.floats(0.1, 5)),
    st.builds(mx.Uniform, st.floats(-9, -1), st.floats(0, 9)),
)


@st.composite
def mixtures(draw, parts):
    components = draw(st.lists(parts, min_size=1, max_size=3))
    w = np.array([draw(st.floats(0.05, 1)) for _ in components])
    return mx.Mixture(components, w / w.sum())


@settings(max_examples=60, deadline=None, derandomize=True)
@given(mixtures(st.one_of(LEAVES, mixtures(LEAVES))), st.floats(0.001, 0.999))
def test_any_mixture_has_the_density_and_the_distribution_of_its_draws(mixture, level):
    x = mixture.sample(400, rng=0)
    joint = mixture.log_joint(x)
    np.testing.assert_allclose(
        np.exp(mixture.log_prob(x)), np.exp(joint).sum(axis=1), rtol=1e-9
    )
    r = mixture.responsibilities(x)
    np.testing.assert_allclose(r.sum(axis=1), 1, rtol=1e-12)
    assert np.array_equal(mixture.predict(x), joint.argmax(axis=1))
    assert mixture.cdf(mixture.quantile(level)) == pytest.approx(level, rel=1e-9)
    np.testing.assert_allclose(mixture.cdf(x) + mixture.sf(x), 1, atol=1e-9)
    within = scipy.stats.kstest(x, mixture.cdf)
    assert within.pvalue > 1e-6
    assert mx.from_json(mixture.to_json()) == mixture


# --------------------------------------------------------------- rows of normals

COV = np.array([[2.0, 0.6, -0.4], [0.6, 1.0, 0.3], [-0.4, 0.3, 1.5]])
ROW = mx.MultivariateNormal([1.0, -2.0, 0.5], COV)
OTHER = mx.MultivariateNormal([-1.0, 0.0, 3.0], np.diag([0.5, 1.0, 2.0]) + 0.2)
ROWS = mx.Mixture([ROW, OTHER], [0.35, 0.65])


@pytest.mark.parametrize("known", [{0: 1.7}, {2: -0.3, 0: 0.4}, {1: 5.0, 2: 4.0}])
@pytest.mark.parametrize("rows", [ROW, ROWS], ids=["one", "two"])
def test_the_conditional_is_the_joint_over_the_marginal(rows, known):
    """p(rest | known) p(known) = p(row), for any rest."""
    lost = [j for j in range(3) if j not in known]
    rest = np.random.default_rng(0).normal(size=(20, len(lost)))
    whole = np.empty((20, 3))
    whole[:, lost] = rest
    for j, value in known.items():
        whole[:, j] = value
    columns = list(known)
    expected = rows.log_prob(whole) - rows.marginal(columns).log_prob(whole[:, columns])
    np.testing.assert_allclose(
        rows.conditional(known).log_prob(rest), expected, rtol=1e-9, atol=1e-12
    )


def test_a_marginal_integrates_the_other_columns_out_and_keeps_the_order():
    swapped = ROWS.marginal([2, 0])
    np.testing.assert_allclose(swapped.mean(), ROWS.mean()[[2, 0]], rtol=1e-12)
    np.testing.assert_allclose(
        swapped.variance(), ROWS.variance()[np.ix_([2, 0], [2, 0])], rtol=1e-12
    )
    at = np.array([0.3, -1.2])
    area = scipy.integrate.quad(
        lambda v: np.exp(ROWS.log_prob([[at[1], v, at[0]]]))[0], -12, 12
    )[0]
    assert np.exp(swapped.log_prob([at]))[0] == pytest.approx(area, rel=1e-8)


@pytest.mark.parametrize("known", [{1: -1.0}, {0: 0.2, 2: 2.0}])
def test_a_gap_is_filled_with_the_mean_of_the_conditional(known):
    row = np.full((1, 3), np.nan)
    for j, value in known.items():
        row[0, j] = value
    filled = ROWS.impute(row)
    rest = ROWS.conditional(known)
    lost = [j for j in range(3) if j not in known]
    np.testing.assert_allclose(filled[0, lost], rest.mean(), rtol=1e-12)
    assert filled[0, list(known)].tolist() == list(known.values())
    inside = np.isnan(row[0])
    assert inside.sum() == len(lost)  # what was given is left as it was


def test_the_conditional_has_the_moments_of_draws_near_what_is_known():
    """A million draws, those with x[1] within 0.02 of 0: five standard errors."""
    x = ROWS.sample(1_000_000, rng=1)
    near = x[np.abs(x[:, 1]) < 0.02][:, [0, 2]]
    rest = ROWS.conditional({1: 0.0})
    spread = np.sqrt(np.diagonal(rest.variance()) / len(near))
    assert np.all(np.abs(near.mean(axis=0) - rest.mean()) < 5 * spread + 0.01)
    np.testing.assert_allclose(np.cov(near.T), rest.variance(), atol=0.12)
