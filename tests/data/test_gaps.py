"""Rows with missing entries, exact under missing at random."""

import numpy as np
import pytest
import scipy.stats

import mixnotes as mx
from mixnotes.fitting.blocks.base import Form
from mixnotes.fitting.engine import Engine
from mixnotes.fitting.inputs import checked
from tests.published.test_published import ERUPTIONS, SHARED

MURRAY = [
    [1, 1], [1, -1], [-1, 1], [-1, -1], [2, None], [2, None], [-2, None], [-2, None],
    [None, 2], [None, 2], [None, -2], [None, -2],
]  # fmt: skip
MURRAY = np.array(MURRAY, dtype=np.float64)
CENTRED = mx.Mixture([mx.MultivariateNormal(mean=[0, 0])])


def with_gaps(x, share, rng=0):
    """A share of the entries lost at random, never a whole row."""
    lost = np.random.default_rng(rng).random(x.shape) < share
    lost[lost.all(axis=1)] = False
    return np.where(lost, np.nan, x)


def test_the_density_is_that_of_what_was_seen():
    mean, cov = (
        np.array([1.0, -1.0, 0.5]),
        np.array([[2, 1, 0], [1, 3, 1], [0, 1, 1.0]]),
    )
    normal = mx.MultivariateNormal(mean, cov)
    row = np.array([0.3, -2.0, 1.0])
    for seen in ([0], [1, 2], [0, 2], [0, 1, 2]):
        x = np.full(3, np.nan)
        x[seen] = row[seen]
        twin = scipy.stats.multivariate_normal(mean[seen], cov[np.ix_(seen, seen)])
        assert normal.log_prob([x]) == pytest.approx(twin.logpdf(row[seen]), rel=1e-12)
    assert normal.log_prob([[np.nan] * 3]) == pytest.approx(0)


def test_old_faithful_with_gaps():
    """55 eruptions and 31 waiting times missing by row number; the maximum recomputed
    by an independent program, and by tgmm."""
    path = SHARED / "faithful_missing.csv"
    if not path.exists():
        pytest.skip("no ../shared here")
    x = np.genfromtxt(path, delimiter=",", skip_header=1)[:, -2:]
    assert np.isnan(x).sum(axis=0).tolist() == [55, 31]
    fit = mx.em(mx.gaussian_mixture(2), x)
    assert fit.log_likelihood == pytest.approx(-1003.1618653631047, abs=1e-6)
    np.testing.assert_allclose(
        fit.mixture.weights, [0.350182101, 0.649817899], rtol=1e-6
    )
    first = fit.mixture.components[0]
    np.testing.assert_allclose(first.mean, [2.0077525554, 54.5353619403], rtol=1e-6)
    np.testing.assert_allclose(
        first.cov,
        [[0.0588620463, 0.2280783630], [0.2280783630, 31.9563548794]],
        rtol=1e-5,
    )


def test_murrays_saddle_is_left_for_a_maximum():
    """Murray (1977): two maxima at correlation +-1/2 and variance 8/3, a saddle at
    correlation 0, where plain EM that starts there stays."""
    assert mx.em(CENTRED, MURRAY).log_likelihood == pytest.approx(-29.9742864105)
    level = mx.Mixture([mx.MultivariateNormal([0, 0], 2.5 * np.eye(2))])
    stays = mx.em_step(CENTRED, level, MURRAY).components[0].cov
    np.testing.assert_allclose(stays, 2.5 * np.eye(2), atol=1e-12)
    fit = mx.em(CENTRED, MURRAY, start=level)
    cov = fit.mixture.components[0].cov
    assert "after a saddle at -30.033342" in fit.reason
    assert fit.log_likelihood == pytest.approx(-29.9742864105, abs=1e-9)
    np.testing.assert_allclose(np.diagonal(cov), 8 / 3, rtol=1e-6)
    assert abs(cov[0, 1]) / cov[0, 0] == pytest.approx(0.5, rel=1e-6)


@pytest.mark.parametrize("covariance", ["EII", "VVI", "EEE", "VEV", "VVE", "VVV"])
def test_the_climb_rises_in_every_covariance_model(covariance):
    fit = mx.em(mx.gaussian_mixture(2, covariance), with_gaps(ERUPTIONS, 0.2), starts=2)
    assert fit.converged
    assert np.all(np.diff(fit.history) >= 0)


@pytest.mark.parametrize("covariance", ["EII", "VVI", "EEE", "VEV", "VVV"])
@pytest.mark.parametrize("n", [80, 20_000])
def test_statistics_of_patterns_are_those_of_rows(covariance, n):
    """One matrix product a pattern says the same as the distances of each row, of some
    rows and, with weights, of so many that they are worked on in chunks."""
    rng = np.random.default_rng(4)
    places = 2 * rng.normal(size=(3, 4))
    x = with_gaps(places[rng.integers(0, 3, n)] + rng.normal(size=(n, 4)), 0.3)
    weight = None if n < 100 else rng.integers(1, 4, n)
    root = np.eye(4) if covariance[2] == "I" else np.eye(4) + 0.3 * np.tri(4)
    normals = [mx.MultivariateNormal(m, root @ root.T, covariance) for m in places]
    start = mx.Mixture(normals, [0.5, 0.3, 0.2])
    model, source = checked(start.blank(), x, weight)
    steps = []
    for exact in (False, True):
        engine = Engine(model, source, exact=exact)
        state = engine.state(start)
        log_likelihood, statistics = engine.e_step(state)
        assert statistics.form is engine.form
        found = engine.m_step(statistics, state)
        steps.append((log_likelihood + engine.constant, found))
    weights = np.ones(n) if weight is None else weight
    assert steps[0][0] == pytest.approx(weights @ start.log_prob(x), rel=1e-12)
    assert steps[1][0] == pytest.approx(steps[0][0], rel=1e-12)
    (packed,), (rows,) = steps[0][1].values, steps[1][1].values
    np.testing.assert_allclose(steps[0][1].weights[0], steps[1][1].weights[0])
    for name in ("mean", "cov"):
        np.testing.assert_allclose(packed[name], rows[name], rtol=1e-9, atol=1e-12)


def test_a_narrow_component_with_gaps_keeps_its_digits():
    """Two clusters 1e7 widths apart: a step is that of each alone, by distances."""
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(0, 1, (50, 2)), rng.normal(1e7, 1, (50, 2))])
    x[::5, 1] = np.nan
    cov = [[1.0, 0.3], [0.3, 2.0]]
    normals = [mx.MultivariateNormal([m, m], cov) for m in (0.0, 1e7)]
    start = mx.Mixture(normals, [0.5, 0.5])
    model, source = checked(start.blank(), x, None)
    engine = Engine(model, source)
    log_likelihood, statistics = engine.e_step(engine.state(start))
    assert statistics.form is Form.EXACT
    expected = start.log_prob(x).sum()
    assert log_likelihood + engine.constant == pytest.approx(expected, rel=1e-8)
    step = mx.em_step(model, start, x)
    for k, part in enumerate((x[:50], x[50:] - 1e7)):
        alone = mx.Mixture([mx.MultivariateNormal([0.0, 0.0], cov)])
        own = mx.em_step(alone.blank(), alone, part).components[0].cov
        np.testing.assert_allclose(step.components[k].cov, own, rtol=1e-7)


def test_the_limit_is_a_maximum():
    """No small move of the parameters goes up."""
    x = with_gaps(ERUPTIONS, 0.3)
    fit = mx.em(mx.Mixture([mx.MultivariateNormal()]), x)
    best = fit.mixture.components[0]
    rng = np.random.default_rng(1)
    for _ in range(20):
        aside = np.linalg.cholesky(best.cov) @ (
            np.eye(2) + 1e-3 * rng.normal(size=(2, 2))
        )
        mean = best.mean * (1 + 1e-4 * rng.normal(size=2))
        near = mx.MultivariateNormal(mean, aside @ aside.T)
        assert near.log_prob(x).sum() < fit.log_likelihood


def test_gaps_in_one_column_have_a_closed_form():
    """Of a normal with gaps in y alone: the regression of y on x in the complete rows
    (Anderson 1957)."""
    x = ERUPTIONS.copy()
    x[40:200, 1] = np.nan
    normal = mx.MultivariateNormal().fit(x)
    a, b = ERUPTIONS[:, 0], ERUPTIONS[np.r_[:40, 200:272]]
    slope = np.cov(b.T, ddof=0)[0, 1] / b[:, 0].var()
    assert normal.mean[0] == pytest.approx(a.mean())
    expected = b[:, 1].mean() + slope * (a.mean() - b[:, 0].mean())
    assert normal.mean[1] == pytest.approx(expected, rel=1e-7)
    assert normal.cov[0, 1] == pytest.approx(slope * a.var(), rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_a_change_of_unit_changes_nothing_else(factor):
    x = with_gaps(ERUPTIONS, 0.2)
    here, there = (
        mx.em(mx.gaussian_mixture(2), x),
        mx.em(mx.gaussian_mixture(2), x * factor),
    )
    seen = np.isfinite(x).sum()
    expected = here.log_likelihood - seen * np.log(factor)
    assert there.log_likelihood == pytest.approx(expected, abs=1e-4)
    np.testing.assert_allclose(there.mixture.weights, here.mixture.weights, rtol=1e-5)


def test_a_weight_of_two_is_the_row_twice():
    x = with_gaps(ERUPTIONS[:60], 0.2)
    weight = np.where(np.arange(60) < 10, 2.0, 1.0)
    start = mx.Mixture(
        [mx.MultivariateNormal(m, np.diag([1, 40])) for m in ([2, 55], [4, 80])],
        [0.5, 0.5],
    )
    a = mx.em_step(start.blank(), start, x, weight)
    b = mx.em_step(start.blank(), start, np.concatenate([x, x[:10]]))
    np.testing.assert_allclose(a.log_prob(x), b.log_prob(x), rtol=1e-12)


def test_known_and_other_components_stand_beside_one_with_gaps():
    x = with_gaps(ERUPTIONS, 0.2)
    known = mx.MultivariateNormal([2.0, 54.5], [[0.07, 0.4], [0.4, 33]])
    fit = mx.em(mx.Mixture([known, mx.MultivariateNormal(covariance="diagonal")]), x)
    assert fit.converged
    assert fit.mixture.components[0] == known
    expected = fit.mixture.log_prob(x).sum()
    assert fit.log_likelihood == pytest.approx(expected, rel=1e-12)


def test_gaps_are_filled_with_what_the_rest_of_the_row_says():
    normal = mx.Mixture([mx.MultivariateNormal([0, 10], [[1, 2], [2, 5]])], [1.0])
    filled = normal.impute([[1.0, np.nan], [np.nan, 10.0], [np.nan, np.nan]])
    np.testing.assert_allclose(filled, [[1.0, 12.0], [0.0, 10.0], [0.0, 10.0]])


def test_errors():
    with pytest.raises(ValueError, match=r"at least one value, got only .* column 1;"):
        mx.em(CENTRED, [[1.0, np.nan], [2.0, np.nan]])
    with pytest.raises(ValueError, match=r"finite, got x\[0, 1\] = inf"):
        mx.em(CENTRED, [[1.0, np.inf], [2.0, 1.0]])
    with pytest.raises(ValueError, match=r"finite, got x\[0\] = nan"):
        mx.em(mx.gaussian_mixture(2, "V"), [np.nan, 1.0, 2.0])
