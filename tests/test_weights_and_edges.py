"""Small things that were once not looked at: a weight, a label, a tail, an edge."""

import importlib

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("agg")

import matplotlib.pyplot as plt

import mixnotes as mx
from mixnotes.approximation import certificate
from mixnotes.approximation.descent import Nodes
from mixnotes.approximation.line import Line
from mixnotes.approximation.panels import as_target
from mixnotes.engine import Engine
from mixnotes.intervals import midpoints
from mixnotes.starts import _within_support, from_shares
from mixnotes.sums import Rows
from tests.gaussians import normals

NAN, INF = np.nan, np.inf
X = np.array([0.0, 1.0, 1.5, 7.0, 8.5, 9.0])


def test_a_mixture_as_a_component_is_fitted_with_weights():
    weight = np.array([3.0, 1.0, 2.0, 2.0, 1.0, 1.0])
    own = mx.Mixture(2 * [mx.Normal(sd=1.0)])
    fitted, plain = own.fit(X, sample_weight=weight), own.fit(X)
    climbed = mx.em(own, X, sample_weight=weight).mixture
    assert fitted == climbed
    assert fitted.weights[0] == pytest.approx(0.6, abs=1e-6)
    assert plain.weights[0] == pytest.approx(0.5, abs=1e-6)


def test_a_bootstrap_of_labelled_rows_keeps_their_labels():
    """All labels known: the mean of a component is that of its rows, whatever the
    others are like."""
    x = np.random.default_rng(0).normal(size=60)
    z = np.arange(60) % 2
    fit = mx.em(mx.Mixture(2 * [mx.Normal(sd=1.0)]), x, labels=z)
    found = mx.bootstrap(fit, 60, rng=1)
    for k in (0, 1):
        draws = found.draws[f"components[{k}].mean"]
        spread = x[z == k].std() / np.sqrt(30)
        assert draws.mean() == pytest.approx(x[z == k].mean(), abs=spread)
        assert draws.std() == pytest.approx(spread, rel=0.35)


@pytest.mark.parametrize("known", ["variation", "curvature"])
def test_a_certificate_counts_the_tails_in_full(monkeypatch, known):
    part = as_target(mx.Normal(0.0, 1.0))
    target = as_target(part.pdf, cdf=part.cdf, **{known: getattr(part, known)})
    g, bounds = normals([1.0], [0.1], [1.0]), []
    for tails in (0.0, 0.25):
        monkeypatch.setattr(
            certificate,
            "_rises",
            lambda target, mixture, edges, tails=tails: (
                np.zeros(len(edges) - 1),
                tails,
            ),
        )
        bounds.append(certificate.certify(target, g, 0.01))
    assert bounds[1] - bounds[0] == pytest.approx(0.25, abs=1e-12)
    assert 0 < bounds[0] <= 0.01


def test_the_mass_of_a_gap_is_that_between_two_crossings():
    line = Line(as_target(mx.Normal(0.0, 1.0)))
    g = normals([1.0], [0.0], [1.0])
    x = np.linspace(-3.0, 3.0, 13).reshape(-1, 1)
    lacks = np.array([-1, -1, 2, 4, 2, -3, -3, -3, 5, 6, 5, 5, -1]) / 100
    nodes = Nodes(x, np.ones(13), g.density(x) + lacks)
    gaps = line.gaps(g, nodes)
    assert [round(mass, 12) for mass, _, _ in gaps] == [0.21, 0.08]
    middles = [float(middle[0]) for _, middle, _ in gaps]
    assert 1.0 < middles[0] < 2.5
    assert -2.0 < middles[1] < -1.0


def test_the_start_that_is_pushed_off_a_saddle_is_named(monkeypatch):
    went = []
    module = importlib.import_module("mixnotes.em")  # its name is the function
    monkeypatch.setattr(
        module.Climb, "go_on", lambda self, end, start=0: went.append(start) or end
    )
    model = mx.Mixture(2 * [mx.Normal()])
    for best in range(3):
        monkeypatch.setattr(module, "_best", lambda ends, best=best: best)
        mx.em(model, X, starts=3)
    assert went == [0, 1, 2]


def test_a_t_of_many_rows_may_be_narrow_beside_the_others():
    """What many rows carry is no collapse, down to what rounding leaves."""
    rng = np.random.default_rng(0)
    narrow, wide = 1e-9 * rng.normal(size=(80, 2)), rng.normal(size=(80, 2))
    model = mx.Mixture(2 * [mx.MultivariateStudentT(df=5.0)])
    start = mx.Mixture(
        [
            mx.MultivariateStudentT(5.0, [0, 0], 1e-16 * np.eye(2)),
            mx.MultivariateStudentT(5.0, [0, 0], np.eye(2)),
        ],
        [0.5, 0.5],
    )
    fit = mx.em(model, np.r_[narrow, wide], start=start)
    assert fit.converged, fit.reason
    assert fit.mixture.weights[0] == pytest.approx(0.5, abs=1e-3)
    sd = np.sqrt(np.diag(fit.mixture.components[0].shape))
    np.testing.assert_allclose(sd, 1e-9, rtol=0.3)


def test_one_column_may_be_given_by_its_number():
    plane = mx.Mixture(
        [
            mx.MultivariateNormal([0, 1], np.eye(2)),
            mx.MultivariateNormal([5, 6], 2 * np.eye(2)),
        ],
        [0.5, 0.5],
    )
    assert plane.marginal(1) == plane.marginal([1])


def test_the_rate_of_a_weight_on_its_way_to_0_is_a_factor_below_1():
    """One value, known components: each step takes the weight of the worse one times
    p2(x) / p1(x)."""
    model = mx.Mixture([mx.Poisson(2.0), mx.Poisson(3.0)])
    fit = mx.em(model, np.zeros(50), tol=1e-6)
    assert fit.mixture.weights[1] == pytest.approx(0.0, abs=1e-5)
    assert fit.rate == pytest.approx(np.exp(-1.0), abs=0.01)


def test_the_middle_of_an_interval():
    rows = mx.Censored([-INF, 2.0, 3.0, 10.0, -INF], [1.0, 4.0, 3.0, INF, INF])
    model = mx.Mixture([mx.Normal()])
    middle = midpoints(model._rows(rows))
    np.testing.assert_allclose(middle, [0.0, 3.0, 3.0, 11.0, 23 / 6])


def test_bars_of_data_are_named_and_open_points_mark_what_is_not_the_least():
    counts = mx.Mixture([mx.Poisson(1.0), mx.Poisson(4.0)], [0.5, 0.5])
    figure, (left, right) = plt.subplots(1, 2)
    ax = mx.plot.density(counts, [0, 1, 4], left)
    assert "data" in ax.get_legend_handles_labels()[1]
    ax = mx.plot.criteria(mx.select(mx.Normal(), X, K=[1, 2], starts=1), right)
    assert [line.get_markerfacecolor() for line in ax.lines[::2]] == 3 * ["none"]
    plt.close(figure)


def test_values_that_no_component_allows_are_left_to_all():
    """Their error comes later and says which; a share of nothing would be nan."""
    x = np.array([0.0, 3.0, 9.0])
    share = np.array([[0.25, 0.25, 0.25], [0.75, 0.75, 0.75]])
    few, many = mx.Binomial(2), mx.Binomial(5)
    kept = _within_support([few, many], Rows(x, None), share)
    np.testing.assert_allclose(kept, [[0.25, 0.0, 0.25], [0.75, 1.0, 0.75]])


def test_a_component_that_no_row_is_left_to_begins_with_all():
    model = mx.Mixture(2 * [mx.Normal()])
    engine = Engine(model, Rows(X, None))
    share = np.array([np.ones(6), np.zeros(6)])
    filled = engine.mixture(from_shares(engine, share))
    assert filled.components[0] == filled.components[1]
    assert filled.components[1].mean == pytest.approx(X.mean())


def test_the_first_row_with_a_value_is_the_same_to_the_last_bit():
    rows = Rows(np.array([1.0, 1.0 + 1e-12, 2.0, 1.0 + 1e-12]), None)
    assert [rows.position(k) for k in range(4)] == [0, 1, 2, 1]


def test_float32_values_that_are_all_equal_have_lost_no_digits():
    fit = mx.em(mx.Mixture([mx.Normal(sd=1.0)]), np.full(5, 3.0, dtype=np.float32))
    assert fit.mixture.components[0].mean == 3.0


def test_a_start_beyond_all_numbers_is_no_start():
    x = 1e-140 * np.array([1.0, 2.0, 4.0, 7.0])
    start = mx.Gumbel(1e149, 1e-240)
    found, free = mx.Gumbel().fit(x, start=start), mx.Gumbel().fit(x)
    assert found.scale == pytest.approx(free.scale, rel=1e-6)
