"""Covariances of a few factors: factor analysers and probabilistic principal
components."""

import csv
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import scipy.optimize
import scipy.stats as st
from sklearn.decomposition import PCA, FactorAnalysis

import mixnotes as mx

SHARED = Path(__file__).parents[3] / "shared"
RNG = np.random.default_rng(0)
LOADINGS = np.array(
    [[2, 0], [2, 0.6], [1.6, 1], [0, 2], [0.4, 2], [1, 1.6]], dtype=float
)
NOISE = np.array([1.0, 1.2, 1.5, 1.2, 2.0, 1.0])
X = RNG.normal(size=(600, 2)) @ LOADINGS.T + RNG.normal(size=(600, 6)) * NOISE
X += np.arange(6)


@pytest.fixture(scope="module")
def cases():
    path = SHARED / "reference/labels.json"
    if not path.exists():
        pytest.skip("no ../shared here")
    return {case["id"]: case for case in json.loads(path.read_text())["cases"]}


def data_of(case, columns):
    with open(SHARED / "reference" / case["data"], newline="") as file:
        rows = list(csv.reader(file))[1:]
    return np.array([[float(v) for v in row[:columns]] for row in rows])


def test_the_density_is_that_of_a_normal_with_that_covariance():
    part = mx.FactorNormal(2, np.arange(6), LOADINGS, [1, 2, 3, 1, 2, 3])
    expected = st.multivariate_normal(np.arange(6), part.cov).logpdf(X)
    np.testing.assert_allclose(part.log_prob(X), expected, rtol=1e-10)
    np.testing.assert_allclose(
        part.cov, LOADINGS @ LOADINGS.T + np.diag([1, 2, 3, 1, 2, 3])
    )
    drawn = part.sample(100_000, rng=0)
    np.testing.assert_allclose(np.cov(drawn.T), part.cov, atol=0.3)


def test_factor_analysis_is_that_of_scikit_learn():
    found = mx.FactorNormal(2).fit(X)
    other = FactorAnalysis(2, tol=1e-8, max_iter=20_000).fit(X)
    assert found.log_prob(X).mean() == pytest.approx(other.score(X), abs=1e-6)
    np.testing.assert_allclose(found.noise, other.noise_variance_, rtol=1e-3)
    scores = found.scores(X)
    theirs = other.transform(X)
    angle = np.corrcoef(scores.T, theirs.T)[:2, 2:]
    assert np.abs(np.linalg.det(angle)) == pytest.approx(1, abs=1e-3)


def test_spherical_noise_is_probabilistic_principal_components():
    found = mx.FactorNormal(2, kind_of_noise="spherical").fit(X)
    other = PCA(2).fit(X)
    n = len(X)
    theirs = other.get_covariance()  # of the unbiased covariance
    squares = np.linalg.eigvalsh(found.cov) * n / (n - 1)
    np.testing.assert_allclose(squares, np.linalg.eigvalsh(theirs), rtol=1e-8)
    assert np.ptp(found.noise) == 0
    assert found.blank().with_dimension(6).n_free == 6 + 11 + 1


def test_a_unit_of_a_column_does_not_matter():
    units = np.array([1.0, 1e3, 1e-3, 1.0, 1e6, 1.0])
    here, there = mx.FactorNormal(2).fit(X), mx.FactorNormal(2).fit(X * units)
    np.testing.assert_allclose(there.noise, here.noise * units**2, rtol=1e-4)
    moved = here.log_prob(X) - np.log(units).sum()
    np.testing.assert_allclose(there.log_prob(X * units), moved, rtol=1e-6)


@pytest.mark.slow
def test_more_columns_than_rows():
    rng = np.random.default_rng(1)
    d, n = 2000, 120
    z = rng.integers(2, size=n)
    loadings, means = rng.normal(size=(2, d, 2)), rng.normal(size=(2, d))
    x = np.einsum("nq,ndq->nd", rng.normal(size=(n, 2)), loadings[z])
    x += means[z] + rng.normal(size=(n, d))
    fit = mx.em(mx.Mixture(2 * [mx.FactorNormal(2)]), x, starts=1)
    assert fit.converged, fit.reason
    right = (fit.mixture.predict(x) == z).mean()
    assert max(right, 1 - right) == 1
    assert fit.model.n_free == 2 * (2000 + 3999 + 2000) + 1


def test_a_mixture_of_factor_analysers_climbs():
    x = np.r_[X, X[::-1] * 0.5 + 20]
    part = mx.MultivariateNormal(covariance=mx.Factors(2))
    fit = mx.em(mx.Mixture([part, part]), x, starts=2)
    assert fit.converged, fit.reason
    assert (np.diff(fit.history) >= 0).all()
    np.testing.assert_allclose(fit.mixture.weights, [0.5, 0.5], atol=1e-6)
    alone = mx.FactorNormal(2).fit(X)
    assert fit.mixture.components[0].log_prob(X).sum() == pytest.approx(
        alone.log_prob(X).sum(), abs=1e-2
    )
    short = mx.gaussian_mixture(2, covariance=mx.Factors(2))
    assert short == mx.Mixture([part, part])


def test_iris_has_one_factor_and_a_column_without_noise(cases):
    """A Heywood case: the limit is reached to 1e-5 of the log-likelihood."""
    case = cases["factor_iris_1"]
    x = data_of(case, 4)
    fit = mx.em(mx.Mixture([mx.MultivariateNormal(covariance=mx.Factors(1))]), x)
    assert fit.converged, fit.reason
    assert fit.model.n_free == case["n_free"]
    assert fit.log_likelihood == pytest.approx(case["log_likelihood"], rel=1e-5)
    found = fit.mixture.components[0].loadings
    expected = np.array(case["parameters"]["loadings"])
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-2)


def test_wine_has_two_factors(cases):
    case = cases["factor_wine_2"]
    x = data_of(case, 13)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    fit = mx.em(mx.Mixture([mx.MultivariateNormal(covariance=mx.Factors(2))]), x)
    assert fit.converged, fit.reason
    assert fit.model.n_free == case["n_free"]
    assert fit.log_likelihood == pytest.approx(case["log_likelihood"], rel=1e-5)
    found = fit.mixture.components[0]
    expected = np.array(case["parameters"]["loadings"])
    signs = np.sign((found.loadings * expected).sum(axis=0))
    np.testing.assert_allclose(found.loadings * signs, expected, atol=1e-2)
    np.testing.assert_allclose(found.noise, case["parameters"]["psi"], atol=1e-2)


def test_iris_in_two_principal_directions(cases):
    case = cases["ppca_iris_2"]
    x = data_of(case, 4)
    part = mx.MultivariateNormal(covariance=mx.Factors(1, noise="spherical"))
    fit = mx.em(mx.Mixture(2 * [part]), x)
    assert fit.converged, fit.reason
    assert fit.model.n_free == case["n_free"]
    assert fit.log_likelihood == pytest.approx(case["log_likelihood"], rel=1e-5)
    expected = case["parameters"]
    found = [np.abs(c.loadings[:, 0]) for c in fit.mixture.components]
    np.testing.assert_allclose(found, np.abs(expected["W"]), atol=1e-2)
    noise = [c.noise[0] for c in fit.mixture.components]
    np.testing.assert_allclose(noise, expected["s2"], rtol=1e-2)


def test_what_is_given_stays():
    found = mx.FactorNormal(2, mean=np.arange(6.0)).fit(X)
    np.testing.assert_array_equal(found.mean, np.arange(6.0))
    held = mx.FactorNormal(2, loadings=LOADINGS, noise=np.ones(6)).fit(X)
    np.testing.assert_array_equal(held.loadings, LOADINGS)
    np.testing.assert_allclose(held.mean, X.mean(axis=0))


@pytest.mark.parametrize(
    "part",
    [
        mx.FactorNormal(2),
        mx.FactorNormal(1, d=4),
        mx.FactorNormal(1, kind_of_noise="spherical"),
        mx.FactorNormal(1, [0.0, 1], [[1.0], [2]], [1.0, 1]),
    ],
    ids=repr,
)
def test_a_component_of_factors_is_kept_everywhere(part):
    for other in (
        mx.from_json(part.to_json()),
        pickle.loads(pickle.dumps(part)),
        eval(repr(part), vars(mx)),
    ):
        assert other == part
        assert hash(other) == hash(part)


ONE = np.tile(np.arange(5.0), (3, 1)) + np.arange(3.0)[:, None] ** 2


@pytest.mark.parametrize(
    "make",
    [
        lambda: mx.Factors(0),
        lambda: mx.Factors(1, noise="full"),
        lambda: mx.MultivariateNormal(cov=np.eye(3), covariance=mx.Factors(1)),
        lambda: mx.FactorNormal(3, d=3),
        lambda: mx.FactorNormal(1, loadings=[[1.0], [2.0]]),
        lambda: mx.FactorNormal(2, [0, 0, 0], np.ones((3, 1)), [1, 1, 1]),
        lambda: mx.FactorNormal(1, [0, 0], np.ones((3, 1)), [1, 1, 1]),
        lambda: mx.FactorNormal(1, [0, 0], np.ones((2, 1)), [1, 0]),
        lambda: mx.FactorNormal(2).fit(X[:, :2]),
        lambda: mx.FactorNormal(2).fit(X[:, 0]),
        lambda: mx.FactorNormal(1).fit(np.c_[X, np.ones(600)]),
        lambda: mx.FactorNormal(2).fit(X[:3]),
        lambda: mx.FactorNormal(1).fit(ONE),
        lambda: mx.em(mx.Mixture([mx.FactorNormal(1)]), X, starts=1).standard_errors(),
        lambda: mx.FactorNormal(1).n_free,
    ],
)
def test_what_is_no_covariance_of_factors_is_refused(make, snapshot):
    with pytest.raises((TypeError, ValueError)) as error:
        make()
    assert str(error.value) == snapshot


# ------------------------------------------------------------------------------ gaps

LOST = np.where(np.random.default_rng(1).random(X.shape) < 0.15, np.nan, X)


def test_the_density_of_rows_with_gaps_is_that_of_what_was_seen():
    part = mx.FactorNormal(2, np.arange(6), LOADINGS, [1, 2, 3, 1, 2, 3])
    whole = mx.MultivariateNormal(part.mean, part.cov)
    np.testing.assert_allclose(part.log_prob(LOST), whole.log_prob(LOST), rtol=1e-10)
    for columns in ([0, 2, 3], [4], [5, 1]):
        one, other = part.marginal(columns), whole.marginal(columns)
        np.testing.assert_allclose(one.mean, other.mean)
        np.testing.assert_allclose(one.cov, other.cov)
    known = {1: 2.0, 4: 3.5}
    one, other = part.conditional(known), whole.conditional(known)
    np.testing.assert_allclose(one.mean, other.mean)
    np.testing.assert_allclose(one.cov, other.cov)
    filled = mx.Mixture([part]).impute(LOST)
    np.testing.assert_allclose(filled, mx.Mixture([whole]).impute(LOST), rtol=1e-10)
    seen = ~np.isnan(LOST)
    np.testing.assert_array_equal(filled[seen], LOST[seen])


@pytest.mark.parametrize("kind", ["diagonal", "spherical"])
def test_rows_with_gaps_are_learned_to_where_scipy_climbs(kind):
    found = mx.FactorNormal(2, kind_of_noise=kind).fit(LOST[:200])
    size = 6 if kind == "diagonal" else 1

    def loss(v):
        noise = np.exp(v[18:]) * np.ones(6)
        part = mx.FactorNormal(2, v[:6], v[6:18].reshape(6, 2), noise)
        return -part.log_prob(LOST[:200]).sum()

    at = np.r_[found.mean, found.loadings.ravel(), np.log(found.noise[:size])]
    other = scipy.optimize.minimize(loss, at, method="BFGS", options={"gtol": 1e-3})
    top = found.log_prob(LOST[:200]).sum()
    assert top == pytest.approx(-loss(at), rel=1e-10)
    assert -other.fun <= top + 1e-4


def test_a_mixture_of_factor_analysers_takes_gaps():
    """Every step rises, in any unit, and without gaps it is the fit that it was."""
    rows = np.r_[LOST[:150], LOST[150:300] + 9]
    part = mx.MultivariateNormal(covariance=mx.Factors(1))
    fit = mx.em(mx.Mixture([part, part]), rows, starts=2)
    assert (np.diff(fit.history) >= -1e-8).all()
    assert fit.converged
    np.testing.assert_allclose(fit.mixture.weights, 0.5, atol=0.03)
    small = mx.em(mx.Mixture([part, part]), rows * 1e-9, starts=2)
    moved = fit.log_likelihood - (~np.isnan(rows)).sum() * np.log(1e-9)
    assert small.log_likelihood == pytest.approx(moved, rel=1e-8)


def test_only_the_mean_is_learned_beside_gaps():
    """Its gradient is 0 there, and what was given stays."""
    known = mx.FactorNormal(1, loadings=np.ones((6, 1)), noise=np.ones(6))
    found = known.fit(LOST)
    assert found.loadings.tolist() == [[1.0]] * 6

    def height(mean):
        return known.filled({"mean": mean}).log_prob(LOST).sum()

    for j in range(6):
        aside = 1e-4 * np.eye(6)[j]
        slope = (height(found.mean + aside) - height(found.mean - aside)) / 2e-4
        assert abs(slope) < 1e-3


def test_a_column_that_a_component_never_saw_is_told():
    rows = LOST.copy()
    rows[:, 2] = np.nan
    with pytest.raises(ValueError, match="at least one value"):
        mx.em(mx.Mixture([mx.FactorNormal(1)]), rows)


def test_a_column_that_is_constant_in_a_component_is_named():
    """Its noise goes to 0; with the same noise in all columns nothing does."""
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(0, 1, (60, 4)), rng.normal(8, 1, (60, 4))])
    x[:60, 2] = 3.0
    fit = mx.em(mx.gaussian_mixture(2, mx.Factors(1)), x)
    assert not fit.converged
    assert "column 2 is the same in all rows that carry a component" in fit.reason
    one = mx.em(mx.gaussian_mixture(2, mx.Factors(1, noise="spherical")), x)
    assert one.converged
    assert min(part.noise.min() for part in one.mixture.components) > 0.4


def test_a_column_that_never_varies_needs_the_same_noise_as_the_others():
    """As in probabilistic principal components of scikit-learn."""
    rng = np.random.default_rng(1)
    x = np.column_stack([rng.normal(size=(50, 3)), np.full(50, 2.0)])
    with pytest.raises(ValueError, match="column 3 all equal"):
        mx.FactorNormal(1).fit(x)
    part = mx.FactorNormal(1, kind_of_noise="spherical").fit(x)
    theirs = PCA(1).fit(x).get_covariance() * 49 / 50  # of the unbiased covariance
    np.testing.assert_allclose(part.cov, theirs, atol=1e-9)
