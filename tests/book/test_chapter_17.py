"""Chapter 17 against the package, finite differences, scipy and scikit-learn."""

import numpy as np
import pytest
from scipy import optimize, stats
from sklearn.linear_model import LogisticRegression

import mixnotes as mx
from tests.book import chains


@pytest.fixture(scope="module")
def space():
    """What the long chain of fences defines."""
    return chains.ran("17-experts", "def em_step")


@pytest.fixture(scope="module")
def ride(space):
    X = np.column_stack([np.ones(60), space["speed"]])
    gate = np.array([[0, -4.2], [0, 0.3]])
    start = gate, np.array([[80.0, 50.0], [0.0, 0.0]]), np.array([15.0, 15.0])
    return X, space["cadence"], start


def test_em_of_the_page_ends_where_the_package_does(space, ride):
    """Log-likelihood, lines, spreads and gate, by another M-step of the gate."""
    X, y, model = ride
    heights = [space["log_likelihood"](X, y, *model)]
    for _ in range(100):
        model = space["em_step"](X, y, *model)
        heights.append(space["log_likelihood"](X, y, *model))
    assert np.diff(heights).min() > -1e-9
    line = mx.LinearRegression("cadence", ["speed"])
    gated = mx.Mixture([line, line], weights=mx.Gate(["speed"]))
    start = mx.em(gated, {"speed": X[:, 1], "cadence": y}, rng=5)
    assert heights[-1] == pytest.approx(start.log_likelihood, abs=1e-6)
    gate, lines, sd = model
    order = np.argsort([-part.coef["speed"] for part in start.mixture.components])
    for k, at in enumerate(order):
        part = start.mixture.components[at]
        wanted = [part.intercept, part.coef["speed"], part.sd]
        np.testing.assert_allclose([*lines[:, k], sd[k]], wanted, rtol=1e-4, atol=1e-3)
    slope = start.mixture.weights.coef["speed"][order]
    assert gate[1, 1] - gate[1, 0] == pytest.approx(slope[1] - slope[0], rel=1e-4)


def test_the_log_likelihood_of_the_page_is_the_sum_over_labels(space, ride):
    X, y, (gate, lines, sd) = ride
    total = 0.0
    for row, answer in zip(X, y, strict=True):
        odds = np.exp(row @ gate)
        bells = [stats.norm.pdf(answer, row @ lines[:, k], sd[k]) for k in (0, 1)]
        total += np.log((odds / odds.sum()) @ bells)
    assert space["log_likelihood"](X, y, gate, lines, sd) == pytest.approx(total)


def test_the_gate_climbs_to_the_top_of_a_weighted_logistic_regression(space):
    """Three classes, soft labels: scikit-learn has each row three times, weighted."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=80)
    r = rng.dirichlet([0.5, 0.7, 0.9], size=80)
    X, gate = np.column_stack([np.ones(80), x]), np.zeros((2, 3))
    for _ in range(20):
        before = gate
        gate = space["climb"](X, r, gate)
        sums = [
            (r * space["log_parts"](X, x, each, each, 1)[0]).sum()
            for each in (before, gate)
        ]
        assert sums[1] >= sums[0]
    regression = LogisticRegression(C=np.inf, tol=1e-10, max_iter=10_000)
    regression.fit(np.tile(x, 3)[:, None], np.repeat(range(3), 80), r.T.ravel())
    wanted = np.vstack([regression.intercept_, regression.coef_[:, 0]])
    both = [each - each[:, :1] for each in (gate, wanted)]
    np.testing.assert_allclose(*both, atol=1e-4)


def test_the_gate_step_is_halved_where_newton_overshoots(space):
    """From a start that is far too steep the sum still does not fall."""
    rng = np.random.default_rng(1)
    x = rng.uniform(-1, 1, 60)
    X, r = np.column_stack([np.ones(60), x]), rng.dirichlet([1, 1], size=60)
    gate = np.array([[0.0, 3.0], [0.0, 12.0]])
    g = 1 / (1 + np.exp(-X @ (gate[:, 1] - gate[:, 0])))
    full = np.linalg.solve((X.T * g * (1 - g)) @ X, X.T @ (r[:, 1] - g))

    def height(gate):
        return (r * space["log_parts"](X, x, gate, gate, 1)[0]).sum()

    whole = gate + np.column_stack([0 * full, full])
    assert height(whole) < height(gate)
    assert height(space["climb"](X, r, gate)) >= height(gate)


def weights(space, K, seed=0):
    rng = np.random.default_rng(seed)
    return [
        rng.normal(0, s, shape)
        for s, shape in zip((2, 1, 0.5, 0.5), (10, 10, (10, 3 * K), 3 * K), strict=True)
    ]


@pytest.mark.parametrize("K", [1, 3])
def test_the_gradient_by_hand_is_that_of_finite_differences(space, K):
    x, y = space["draw"](40, np.random.default_rng(1))
    w = weights(space, K)
    for k, by_hand in enumerate(space["gradient"](x, y, w)):

        def moved(flat, k=k):
            at = [flat.reshape(v.shape) if j == k else v for j, v in enumerate(w)]
            return space["network_fit"](x, y, at)

        seen = optimize.approx_fprime(w[k].ravel(), moved, 1e-6)
        np.testing.assert_allclose(by_hand.ravel(), seen, atol=2e-5)


@pytest.mark.parametrize("K", [1, 3])
def test_the_likelihood_of_the_network_is_that_of_direct_evaluation(space, K):
    """Unit by unit, with scipy's normal."""
    x, y = space["draw"](15, np.random.default_rng(2))
    u, c, out, level = weights(space, K, seed=3)
    total = 0.0
    for at, answer in zip(x, y, strict=True):
        hidden = [np.tanh(at * a + b) for a, b in zip(u, c, strict=True)]
        eta, mean, log_sd = np.split(np.dot(hidden, out) + level, 3)
        g = np.exp(eta) / np.exp(eta).sum()
        total += np.log(g @ stats.norm.pdf(answer, mean, np.exp(log_sd)))
    found = space["network_fit"](x, y, [u, c, out, level])
    assert found == pytest.approx(total / 15)


def test_lines_win_where_there_are_several_answers_and_one_network_where_one(space):
    """In every repetition, on rows that no fit has seen."""
    one, mixed, lines = np.transpose(space["held_out"]["inverse"])
    assert (lines - one > 0.4).all()
    assert (mixed - one > 0.3).all()
    assert np.ptp(mixed) > 5 * np.ptp(lines)
    one, _, lines = np.transpose(space["held_out"]["forward"])
    assert (one - lines > 0.03).all()


def test_three_lines_are_as_good_as_those_of_the_package(space):
    """So that the network does not win by a poor climb of the other."""
    x, y = space["draw"](300, np.random.default_rng(0))
    line = mx.LinearRegression("y", ["x"])
    model = mx.Mixture(3 * [line], weights=mx.Gate(["x"]))
    rng = np.random.default_rng(7)
    for a, b in ((x, y), (y, x)):
        fit = mx.em(model, {"x": a, "y": b}, starts=1, tol=1e-4)
        found = space["fit_lines"](a, b, 3, rng)
        X = np.column_stack([np.ones(300), a])
        found = space["log_likelihood"](X, b, *found)
        assert found == pytest.approx(fit.log_likelihood, abs=3)


def test_the_gradient_of_a_top_1_gate_is_that_of_its_loss(space):
    """The picks held; who is not picked has none of his own."""
    rng = np.random.default_rng(4)
    X, y, balance = space["X"], space["y"], 0.3
    w = [rng.normal(size=(2, 4)), rng.normal(size=(2, 4))]
    picked = space["route"](X, w)[1]
    load = picked.mean(axis=0)

    def loss(gate, lines):
        g = space["route"](X, [gate, lines])[0]
        off = (g * picked * (X @ lines)).sum(axis=1) - y
        return (off**2).mean() / 2 + balance * 4 * load @ g.mean(axis=0)

    found = space["top_1"](X, y, w, balance)
    for k in (0, 1):
        seen = optimize.approx_fprime(
            w[k].ravel(),
            lambda flat, k=k: loss(
                *(flat.reshape(2, 4) if j == k else w[j] for j in (0, 1))
            ),
            1e-6,
        )
        np.testing.assert_allclose(-found[k].ravel(), seen, atol=1e-5)
    assert (load == 0).any()
    assert (found[1][:, load == 0] == 0).all()


def test_experts_starve_without_balancing_and_strong_balancing_is_slow(space):
    """Trained to the end the errors of all three are within a tenth of each other."""
    routed = space["routed"]
    starved = {name: (load < 0.01).sum(axis=1) for name, (load, _) in routed.items()}
    error = {name: np.median(each[1]) for name, each in routed.items()}
    assert 1 < starved["at the start"].mean() < starved[0].mean() - 0.5
    assert starved[0.3].mean() < 0.2
    assert starved["EM"].mean() < starved["at the start"].mean() - 0.5
    ends = [error[0], error[0.3], error[1]]
    assert error["EM"] < min(ends)
    assert max(ends) < 1.1 * min(ends)
    assert error["1, stopped early"] > 2 * max(ends)
    for load, _ in routed.values():
        np.testing.assert_allclose(load.sum(axis=1), 1)
