"""Values whose normal error is known, each its own: the true values are learned."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import scipy.optimize
import scipy.stats as st

import mixnotes as mx

SHARED = Path(__file__).parents[3] / "shared"
RNG = np.random.default_rng(0)
TRUE = np.r_[RNG.normal(0, 1, 150), RNG.normal(8, 2, 150)]
SD = RNG.uniform(0.1, 3.0, 300)
SEEN = TRUE + SD * RNG.normal(size=300)
TABLE = {"value": SEEN, "sd": SD}
PLANE = RNG.multivariate_normal([1.0, 2.0], [[2.0, 0.5], [0.5, 1.0]], 200)
HALF = RNG.normal(size=(200, 2, 2)) * 0.7
COVS = HALF @ HALF.transpose(0, 2, 1)
BLUR = np.array([RNG.multivariate_normal([0, 0], cov) for cov in COVS])
ROWS = mx.WithError.rows(PLANE + BLUR, COVS)


def test_the_density_is_that_of_a_wider_normal():
    part = mx.WithError(mx.Normal(1.0, 2.0), "sd")
    expected = st.norm.logpdf(SEEN, 1.0, np.hypot(2.0, SD))
    np.testing.assert_allclose(part.log_prob(TABLE), expected, rtol=1e-12)
    cov = np.array([[2.0, 0.3], [0.3, 1.0]])
    plane = mx.WithError(mx.MultivariateNormal([1.0, 2.0], cov))
    expected = [
        st.multivariate_normal.logpdf(row[:2], [1.0, 2.0], cov + error)
        for row, error in zip(ROWS, COVS, strict=True)
    ]
    np.testing.assert_allclose(plane.log_prob(ROWS), expected, rtol=1e-10)


def test_one_normal_ends_where_another_search_does():
    other = scipy.optimize.minimize(
        lambda u: -st.norm.logpdf(SEEN, u[0], np.hypot(np.exp(u[1]), SD)).sum(),
        [3.0, 1.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-9},
    )  # fmt: skip
    found = mx.WithError(mx.Normal(), "sd").fit(TABLE).component
    assert found.mean == pytest.approx(other.x[0], rel=1e-6)
    assert found.sd == pytest.approx(np.exp(other.x[1]), rel=1e-6)


@pytest.mark.slow
def test_a_mixture_of_true_values_is_found_in_any_form():
    named = mx.em(mx.Mixture(2 * [mx.WithError(mx.Normal(), "sd")]), TABLE)
    assert named.converged, named.reason
    assert (np.diff(named.history) >= 0).all()
    means = sorted(part.component.mean for part in named.mixture.components)
    np.testing.assert_allclose(means, [0, 8], atol=0.6)
    rows = mx.WithError.rows(SEEN, SD)
    bare = mx.em(mx.Mixture(2 * [mx.WithError(mx.Normal())]), rows)
    assert bare.log_likelihood == pytest.approx(named.log_likelihood, rel=1e-12)
    key = ("value", "sd")
    part = mx.Product({key: mx.WithError(mx.Normal(), "sd")})
    column = mx.em(mx.Mixture(2 * [part]), TABLE)
    assert column.log_likelihood == pytest.approx(named.log_likelihood, rel=1e-9)
    errors = named.standard_errors()
    assert set(errors) == {
        *(f"components[{k}].component.{n}" for k in (0, 1) for n in ("mean", "sd")),
        "weights",
    }


def test_no_error_is_the_normal_itself():
    x = np.random.default_rng(1).normal(3.0, 2.0, 50)
    found = mx.WithError(mx.Normal()).fit(mx.WithError.rows(x, np.zeros(50)))
    assert found.component.mean == pytest.approx(x.mean(), rel=1e-10)
    assert found.component.sd == pytest.approx(x.std(), rel=1e-8)


@pytest.mark.parametrize("covariance", ["full", "diagonal", "spherical"])
def test_rows_with_a_covariance_each_are_at_their_maximum(covariance):
    part = mx.WithError(mx.MultivariateNormal(covariance=covariance))
    found = part.fit(ROWS)
    assert found.component.n_free == 0
    top = found.log_prob(ROWS).sum()
    mean, cov = found.component.mean, found.component.cov
    rng = np.random.default_rng(2)
    for _ in range(20):
        moved = mean + 0.03 * rng.normal(size=2)
        scale = np.exp(0.03 * rng.normal())
        other = mx.WithError(mx.MultivariateNormal(moved, scale * cov, covariance))
        assert other.log_prob(ROWS).sum() < top
    if covariance != "full":
        assert cov[0, 1] == 0
    both = mx.em(mx.Mixture([part]), ROWS)
    assert both.converged, both.reason
    assert both.log_likelihood == pytest.approx(top, abs=1e-6)
    assert both.model.n_free == {"full": 5, "diagonal": 4, "spherical": 3}[covariance]
    assert both.standard_errors()["components[0].component.cov"].shape == (2, 2)


def test_sds_by_name_are_covariances_without_correlation():
    sds = np.sqrt(np.diagonal(COVS, axis1=1, axis2=2))
    x = ROWS[:, :2]
    table = {"a": x[:, 0], "b": x[:, 1], "ea": sds[:, 0], "eb": sds[:, 1]}
    named = mx.WithError(mx.MultivariateNormal(), ["ea", "eb"]).fit(table)
    bare = mx.WithError(mx.MultivariateNormal()).fit(mx.WithError.rows(x, sds))
    np.testing.assert_allclose(named.component.cov, bare.component.cov, rtol=1e-9)


def test_true_values_are_expected_between_what_was_seen_and_the_mean():
    part = mx.WithError(mx.Normal(0.0, 1.0), "sd")
    there = part.expected({"value": [4.0, 4.0], "sd": [0.5, 2.0]})
    np.testing.assert_allclose(there, [4 / 1.25, 4 / 5])


def test_what_is_given_stays_and_what_is_believed_counts():
    part = mx.WithError(mx.Normal(mean=1.0), "sd").fit(TABLE)
    assert part.component.mean == 1.0
    belief = mx.Normal(0.0, 0.1)
    fit = mx.em(mx.Mixture([mx.WithError(mx.Normal(belief, 4.0), "sd")]), TABLE)
    precision = 1 / (16 + SD**2)
    expected = (precision @ SEEN) / (precision.sum() + 100)
    found = fit.mixture.components[0].component.mean
    assert found == pytest.approx(expected, rel=1e-6)


def test_galaxies_behind_errors():
    """scipy L-BFGS-B on exact gradients from 30 starts; five of ten reach it here."""
    path = SHARED / "reference/labels.json"
    if not path.exists():
        pytest.skip("no ../shared here")
    cases = {case["id"]: case for case in json.loads(path.read_text())["cases"]}
    case = cases["deconvolve_galaxies_2"]
    data = SHARED / "reference" / case["data"]
    x, sd = np.loadtxt(data, delimiter=",", skiprows=1).T
    model = mx.Mixture(2 * [mx.WithError(mx.Normal(), "error_sd")])
    fit = mx.em(model, {"x": x, "error_sd": sd})
    assert fit.converged
    assert fit.log_likelihood == pytest.approx(case["log_likelihood"], rel=1e-6)
    assert fit.model.n_free == case["n_free"]
    expected = case["parameters"]
    parts = [part.component for part in fit.mixture.components]
    np.testing.assert_allclose([p.mean for p in parts], expected["means"], rtol=1e-3)
    np.testing.assert_allclose([p.sd for p in parts], expected["sds"], rtol=1e-3)
    np.testing.assert_allclose(fit.mixture.weights, expected["weights"], atol=1e-3)


@pytest.mark.parametrize(
    "part",
    [
        mx.WithError(mx.Normal(), "sd"),
        mx.WithError(mx.Normal(1.0), "sd", of="value"),
        mx.WithError(mx.MultivariateNormal([0, 1], np.eye(2)), ["ea", "eb"]),
        mx.WithError(mx.MultivariateNormal(covariance="diagonal")),
    ],
    ids=repr,
)
def test_a_component_with_errors_is_kept_everywhere(part):
    for other in (
        mx.from_json(part.to_json()),
        pickle.loads(pickle.dumps(part)),
        eval(repr(part), vars(mx)),
    ):
        assert other == part
        assert hash(other) == hash(part)


@pytest.mark.parametrize(
    "make",
    [
        lambda: mx.WithError(mx.Poisson(), "sd"),
        lambda: mx.WithError(mx.MultivariateNormal(covariance="tied")),
        lambda: mx.WithError(mx.Normal(), 3),
        lambda: mx.WithError(mx.Normal(), ["a", "b"], of=["c", "d"]),
        lambda: mx.WithError(mx.MultivariateNormal(), ["a", "b"], of="c"),
        lambda: mx.WithError(mx.Normal(), "sd").fit({"a": [1], "b": [2], "sd": [1]}),
        lambda: mx.WithError(mx.Normal(), "e").fit({"a": [1, 2], "sd": [1, 2]}),
        lambda: mx.WithError(mx.Normal(), "sd").fit({"a": [1, 2], "sd": [1, -1]}),
        lambda: mx.WithError(mx.Normal()).fit([1.0, 2.0]),
        lambda: mx.WithError(mx.MultivariateNormal()).fit([[1.0, 2, 3], [2, 3, 4]]),
        lambda: mx.WithError.rows([1.0, 2.0], [1.0]),
        lambda: mx.WithError.rows([[1.0, 2.0]], [[1.0, 2.0, 3.0]]),
        lambda: mx.WithError(mx.Normal(0, 1), "sd").sample(3, 0),
        lambda: mx.WithError(mx.Normal(0, 1), "sd").moments(),
    ],
)
def test_what_is_no_error_is_refused(make, snapshot):
    with pytest.raises((TypeError, ValueError)) as error:
        make()
    assert str(error.value) == snapshot


def test_errors_that_say_all_of_the_spread_are_named():
    """The best sd is 0 where values scatter less than their errors."""
    rng = np.random.default_rng(0)
    y, model = rng.normal(0, 0.5, 50), mx.Mixture([mx.WithError(mx.Normal(), "e")])
    fit = mx.em(model, {"y": y, "e": np.ones(50)})
    assert "at a limit: no spread of the true values" in fit.reason
    wanted = -0.5 * ((y - y.mean()) ** 2).sum() - 25 * np.log(2 * np.pi)
    assert fit.log_likelihood == pytest.approx(wanted, abs=1e-8)
    y = rng.normal(0, 1.5, 50)
    fit = mx.em(model, {"y": y, "e": np.ones(50)})
    assert "limit:" not in fit.reason
