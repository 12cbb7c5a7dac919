"""No absolute constant: any data times 10^u plus an offset give the same groups."""

import re
import warnings

import numpy as np
import pytest

import mixnotes as mx
from mixnotes.sklearn import MixtureModel

pytestmark = pytest.mark.slow

UNITS = [(1e-9, 0.0), (1e-4, 0.0), (1e5, 0.0), (1e9, 0.0)]
MOVED = [*UNITS, (1.0, 1e3), (1e-6, -1e-3), (1e6, 1e9)]
R = np.random.default_rng(5)
LINE = np.concatenate([R.normal(-3, 1, 150), R.normal(2, 0.5, 100), R.normal(9, 2, 50)])
POSITIVE = np.concatenate([R.gamma(3, 1, 150), R.gamma(30, 1, 100)])
PLANE = np.concatenate([R.normal(m, 0.4, (60, 2)) for m in ([0, 0], [3, 1], [1, 4])])

SHIFTED = [
    mx.Normal(), mx.Normal(sd=mx.Shared("s")), mx.Laplace(), mx.Logistic(), mx.Gumbel(),
    mx.StudentT(), mx.StudentT(df=4.0), mx.Uniform(),
]  # fmt: skip
SCALED = [
    mx.Exponential(), mx.Gamma(), mx.LogNormal(), mx.Weibull(), mx.InverseGaussian(),
    mx.Gamma(scale=mx.Shared("s")),
]  # fmt: skip


def told(reason: str) -> str:
    """The words of a reason without its numbers."""
    return re.sub(r"[-+]?\d[\d.]*(e[-+]?\d+)?", "#", reason)


def heights(fit, unit: float, d: int = 1) -> np.ndarray:
    """The log-likelihoods at which the starts ended, in the unit 1."""
    shift = d * fit.n * np.log(unit)
    return np.array([end.log_likelihood for end in fit.starts]) + shift


def require_same(fit, base, x, base_x, unit, d=1, digits=1e-5):
    np.testing.assert_allclose(heights(fit, unit, d), heights(base, 1.0, d), atol=1e-4)
    np.testing.assert_allclose(fit.mixture.weights, base.mixture.weights, atol=digits)
    np.testing.assert_allclose(
        fit.mixture.responsibilities(x),
        base.mixture.responsibilities(base_x),
        atol=1e-4,
    )
    assert fit.n_best == base.n_best
    assert fit.converged == base.converged
    assert told(fit.reason) == told(base.reason)


@pytest.mark.parametrize(("unit", "offset"), MOVED)
@pytest.mark.parametrize("family", SHIFTED, ids=repr)
def test_places_and_spreads_follow_the_unit_and_the_offset(family, unit, offset):
    model = mx.Mixture(2 * [family])
    x = unit * LINE + offset
    require_same(mx.em(model, x, starts=4), mx.em(model, LINE, starts=4), x, LINE, unit)


@pytest.mark.parametrize(("unit", "offset"), UNITS)
@pytest.mark.parametrize("family", SCALED, ids=repr)
def test_families_of_positive_numbers_follow_the_unit(family, unit, offset):
    model = mx.Mixture(2 * [family])
    x = unit * POSITIVE
    base = mx.em(model, POSITIVE, starts=4)
    require_same(mx.em(model, x, starts=4), base, x, POSITIVE, unit)


@pytest.mark.parametrize(("unit", "offset"), MOVED)
@pytest.mark.parametrize("covariance", ["full", "tied", "diagonal", "spherical", "VVE"])
def test_normals_of_two_columns_follow_the_unit_and_the_offset(
    covariance, unit, offset
):
    model = mx.gaussian_mixture(3, covariance)
    x = unit * PLANE + offset
    base = mx.em(model, PLANE, starts=3)
    require_same(mx.em(model, x, starts=3), base, x, PLANE, unit, d=2)


@pytest.mark.parametrize(("unit", "offset"), MOVED)
def test_vectors_with_heavy_tails_and_gaps_follow_the_unit(unit, offset):
    gaps = PLANE.copy()
    gaps[::7, 0] = np.nan
    for component, data in (
        (mx.MultivariateStudentT(df=5.0), PLANE),
        (mx.MultivariateNormal(), gaps),
    ):
        model = mx.Mixture(3 * [component])
        x = unit * data + offset
        base = mx.em(model, data, starts=1)
        shift = np.log(unit) * np.isfinite(data).sum()
        fit = mx.em(model, x, starts=1)
        assert fit.log_likelihood + shift == pytest.approx(
            base.log_likelihood, abs=1e-4
        )
        np.testing.assert_allclose(fit.mixture.weights, base.mixture.weights, atol=1e-5)


@pytest.mark.parametrize(("unit", "offset"), MOVED)
def test_columns_of_a_product_follow_their_own_units(unit, offset):
    a = mx.Product({"a": mx.Normal(), "b": mx.StudentT(df=5.0)})
    model = mx.Mixture(2 * [a])
    base_x = {"a": LINE, "b": LINE[::-1] ** 2}
    x = {"a": unit * LINE + offset, "b": LINE[::-1] ** 2}
    base = mx.em(model, base_x, starts=3)
    require_same(mx.em(model, x, starts=3), base, x, base_x, unit)


@pytest.mark.parametrize(("unit", "offset"), MOVED)
def test_lines_follow_the_units_of_both_columns(unit, offset):
    """In which order they stand may depend on where 0 is: an intercept does."""
    x = np.linspace(0, 10, 200)
    y = np.where(np.arange(200) % 2, 1 + 2 * x, 20 - x)
    y = y + np.random.default_rng(2).normal(size=200)
    model = mx.Mixture(2 * [mx.LinearRegression("y", ["x"])])
    base = mx.em(model, {"x": x, "y": y}, starts=3)
    for of_x, of_y in ((1.0, unit), (unit, 1.0)):
        data = {"x": of_x * x, "y": of_y * y}
        data["y" if of_y == unit else "x"] += offset
        fit = mx.em(model, data, starts=3)
        np.testing.assert_allclose(heights(fit, of_y), heights(base, 1.0), atol=1e-4)
        np.testing.assert_allclose(
            np.sort(fit.mixture.weights), np.sort(base.mixture.weights), atol=1e-5
        )


@pytest.mark.parametrize(("unit", "offset"), MOVED)
def test_censored_and_binned_values_follow_the_unit(unit, offset):
    limit = np.quantile(LINE, 0.9)
    low, high = np.minimum(LINE, limit), np.where(limit <= LINE, np.inf, LINE)
    model = mx.Mixture(2 * [mx.Normal()])
    base = mx.em(model, mx.Censored(low, high), starts=2)
    fit = mx.em(model, mx.Censored(unit * low + offset, unit * high + offset), starts=2)
    np.testing.assert_allclose(fit.mixture.weights, base.mixture.weights, atol=1e-5)
    counts, edges = np.histogram(LINE, 15)
    base = mx.em(model, mx.Binned(edges, counts), starts=2)
    fit = mx.em(model, mx.Binned(unit * edges + offset, counts), starts=2)
    np.testing.assert_allclose(fit.mixture.weights, base.mixture.weights, atol=1e-5)
    assert fit.log_likelihood == pytest.approx(base.log_likelihood, abs=1e-5)


@pytest.mark.parametrize(("unit", "offset"), MOVED)
def test_select_chooses_the_same_in_every_unit(unit, offset):
    base = mx.select(mx.Normal(), LINE, K=range(1, 4), starts=3, folds=3)
    found = mx.select(
        mx.Normal(), unit * LINE + offset, K=range(1, 4), starts=3, folds=3
    )
    assert found.best.name == base.best.name
    for mine, other in zip(found.candidates, base.candidates, strict=True):
        assert mine.share_of_starts == other.share_of_starts
        shift = np.log(unit)
        assert mine.held_out + shift == pytest.approx(other.held_out, abs=1e-5)


@pytest.mark.parametrize(("unit", "offset"), MOVED)
def test_online_em_follows_the_unit(unit, offset):
    blocks = np.array_split(R.permutation(LINE), 6)
    model = mx.Mixture(2 * [mx.Normal()])
    base = mx.em_online(model, blocks)
    found = mx.em_online(model, [unit * b + offset for b in blocks])
    np.testing.assert_allclose(found.weights, base.weights, atol=1e-5)


@pytest.mark.parametrize("init", ["kmeans", "k-means++", "random", "random_from_data"])
@pytest.mark.parametrize(("unit", "offset"), MOVED)
@pytest.mark.parametrize("kind", ["full", "tied", "diag", "spherical"])
def test_the_estimator_finds_the_same_groups_in_every_unit(kind, unit, offset, init):
    def fitted(X):
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            model = MixtureModel(
                3, covariance_type=kind, init_params=init, random_state=0, max_iter=1000
            ).fit(X)
        return model, [told(str(w.message)) for w in seen]

    base, said = fitted(PLANE)
    found, words = fitted(unit * PLANE + offset)
    assert words == said
    np.testing.assert_allclose(found.weights_, base.weights_, atol=1e-5)
    shift = 2 * np.log(unit)
    assert found.lower_bound_ + shift == pytest.approx(base.lower_bound_, abs=1e-6)


@pytest.mark.parametrize("unit", [1e-9, 1e-3, 1e6])
def test_an_approximation_follows_the_unit(unit):
    def triangle(x):
        return np.maximum(0, 1 - np.abs(x))

    def scaled(x):
        return triangle(x / unit) / unit

    base = mx.approximate(triangle, components=4, support=(-1, 1))
    found = mx.approximate(scaled, components=4, support=(-unit, unit))
    assert found.error == pytest.approx(base.error, rel=1e-3)
