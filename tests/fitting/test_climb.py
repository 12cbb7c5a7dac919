"""How a climb goes: its longer steps, what it says of the distance still to go, and
that it needs no more steps than it did."""

import itertools

import numpy as np
import pytest
import scipy.stats

import mixnotes as mx
from mixnotes.fitting.accelerate import Accelerator
from mixnotes.fitting.vector import Vector

BAG = mx.Mixture([mx.Bernoulli(0.8), mx.Bernoulli(0.3)])
MARBLES = np.repeat([1, 0], [350, 650])
GEYSER = mx.datasets.faithful()
GALAXIES = mx.datasets.galaxies_mass()["velocity"] / 1000
TIMES = mx.datasets.london_times()
RNG = np.random.default_rng(0)
OVERLAP = np.r_[RNG.normal(0, 1, 2000), RNG.normal(1.5, 1, 2000)]
DECAYS = np.r_[RNG.exponential(1, 500), RNG.exponential(3, 500)]
COMMON = mx.Normal(sd=mx.Shared("sd"))


def of(weight):
    return mx.Mixture(BAG.components, [weight, 1 - weight])


def plain(weight, steps=1):
    """EM on the bag by hand: the mean of the responsibilities."""
    for _ in range(steps):
        red, white = 0.8 * weight, 0.2 * weight
        red /= red + 0.3 * (1 - weight)
        white /= white + 0.7 * (1 - weight)
        weight = 0.35 * red + 0.65 * white
    return weight


def normals_by_hand(x, counts, weights, means, sds):
    """One step of EM on normals, and the log-likelihood before it."""
    joint = weights * scipy.stats.norm.pdf(x[:, None], means, sds)
    total = joint.sum(axis=1)
    share = counts[:, None] * joint / total[:, None]
    N = share.sum(axis=0)
    means = x @ share / N
    sds = np.sqrt((share * (x[:, None] - means) ** 2).sum(axis=0) / N)
    return counts @ np.log(total), N / counts.sum(), means, sds


@pytest.mark.parametrize("K", [2, 6, 7, 9])
@pytest.mark.parametrize("counted", [False, True])
def test_normals_step_as_they_do_by_hand(K, counted):
    """Few and many components are worked on in different ways."""
    x = np.random.default_rng(K).normal(3.0 * (np.arange(500) % K), 1.0)
    counts = 1.0 + np.arange(500) % 3 if counted else np.ones(500)
    here = np.arange(1, K + 1) / (K * (K + 1) / 2), 3.0 * np.arange(K) + 0.3, 1.2
    start = mx.Mixture([mx.Normal(m, 1.2) for m in here[1]], here[0])
    heights = []
    for _ in range(8):
        height, *here = normals_by_hand(x, counts, *here)
        heights.append(height)
    fit = mx.em(
        mx.Mixture(K * [mx.Normal()]), x, start=start, accelerate=False, max_iter=8,
        sample_weight=counts if counted else None, tol=1e-300,
    )  # fmt: skip
    np.testing.assert_allclose(fit.history[:8], heights, rtol=1e-12)
    found = fit.mixture
    np.testing.assert_allclose(found.weights, here[0], rtol=1e-9)
    np.testing.assert_allclose([c.mean for c in found.components], here[1], rtol=1e-9)
    np.testing.assert_allclose([c.sd for c in found.components], here[2], rtol=1e-9)


def height(weight):
    p = 0.8 * weight + 0.3 * (1 - weight)
    return 350 * np.log(p) + 650 * np.log(1 - p)


def watched(start, **options):
    """The fit, and the weight at the start and after each step."""
    seen = [start]
    fit = mx.em(
        BAG,
        MARBLES,
        start=of(start),
        callback=lambda step: seen.append(step.mixture().weights[0]),
        **options,
    )
    return fit, seen


def test_plain_steps_are_those_by_hand():
    fit, seen = watched(0.2, accelerate=False, max_iter=12)
    np.testing.assert_allclose(seen, [plain(0.2, k) for k in range(13)], rtol=1e-12)
    np.testing.assert_allclose(fit.history, [height(w) for w in seen], rtol=1e-12)
    assert fit.steps == 12


def test_the_error_is_the_last_step_times_rate_over_one_less_rate():
    """A geometric series goes on: step (rate + rate^2 + ...), of both weights."""
    fit, seen = watched(0.2, accelerate=False, max_iter=12)
    a, b, c = (np.array([w, 1 - w]) for w in seen[-3:])
    step, before = np.linalg.norm(c - b), np.linalg.norm(b - a)
    rate = step / before
    assert fit.error == pytest.approx(step * rate / (1 - rate), rel=1e-6)
    assert f"estimated distance to the limit {fit.error:.1e}" in fit.reason
    gain = fit.history[-1] - fit.history[-2]
    assert f"still rises by {gain:.2g} a step" in fit.reason


def test_without_acceleration_it_stops_at_the_first_step_that_is_near_enough():
    fit, seen = watched(0.2, accelerate=False, tol=1e-6)
    assert fit.converged
    assert fit.error <= 1e-6
    distance = np.sqrt(2) * abs(seen[-1] - 0.1)
    assert distance <= 1.01e-6
    assert np.sqrt(2) * abs(seen[-2] - 0.1) > 1e-6


def test_a_longer_step_goes_to_where_steps_of_em_would_stand_still():
    """Along the last move, by how f, an EM step aside, changed over it; beyond that
    move it is a step of EM. On the line of logarithms."""
    fit, seen = watched(0.1009)
    logs = np.log([[w, 1 - w] for w in seen])
    for before, after in itertools.pairwise(seen[:4]):
        assert after == pytest.approx(plain(before), rel=1e-12)
    move = logs[3] - logs[2]
    before, aside = logs[3] - logs[2], np.log([plain(seen[3]), 1 - plain(seen[3])])
    aside = aside - logs[3]
    along = move / np.linalg.norm(move)
    rate = along @ (aside - before) / np.linalg.norm(move)
    assert -1 < rate < 0
    target = logs[3] + aside + along * (along @ aside) * (-1 / rate - 1)
    target = np.exp(target) / np.exp(target).sum()
    assert seen[4] == pytest.approx(target[0], rel=1e-10)
    assert abs(seen[4] - 0.1) < 0.01 * abs(seen[3] - 0.1)
    assert fit.converged


@pytest.mark.parametrize(
    ("change", "times", "cut", "slowest"),
    [
        (-0.25, 4.0, False, 0.75),  # steps shrink by it: their sum is ahead
        (0.25, 4.0, False, 0.0),  # they grow: what stands still is behind
        (-1e-3, 16.0, True, 0.0),  # they hardly shrink: at most so far
    ],
)
def test_a_longer_step_goes_ahead_even_where_steps_grow(change, times, cut, slowest):
    accelerator = Accelerator()
    accelerator.moves.append(np.array([1.0, 0.0]))
    accelerator.changes.append(np.array([change, 0.0]))
    move, is_cut, rate = accelerator._move(np.array([0.5, 0.1]))
    np.testing.assert_allclose(move, [times * 0.5, 0.1])
    assert is_cut == cut
    assert rate == pytest.approx(slowest)


def test_after_a_jump_plain_steps_must_agree_before_it_converges():
    """Ten, or three of which rounding is all that is left."""
    fit, seen = watched(0.1009)
    jumps = [
        k
        for k in range(1, len(seen))
        if abs(seen[k] - plain(seen[k - 1])) > 1e-13 * seen[k]
    ]
    assert jumps[0] == 4
    assert len(seen) - 1 - jumps[-1] >= 3
    assert abs(seen[-1] - 0.1) < 1e-12
    assert fit.error <= 1e-8


def test_far_from_the_summit_nothing_is_extrapolated():
    """While a step gains more than 0.01, a hundred-thousandth of a nat a marble."""
    _, seen = watched(0.9)
    for before, after in itertools.pairwise(seen):
        if height(after) - height(before) <= 0.01:
            break
        assert after == pytest.approx(plain(before), rel=1e-12)
    assert seen.index(before) > 5


def test_a_fit_that_is_not_a_maximum_is_told():
    class Worse:
        """Its fit goes away from the maximum."""

        n_free = 1

        def __init__(self, mean=0.0):
            self.mean = mean

        def log_prob(self, x):
            return -0.5 * (x - self.mean) ** 2

        def fit(self, x, sample_weight=None, start=None):
            return Worse((0.0 if start is None else start.mean) + 1)

    x = np.linspace(-1, 1, 20)
    start = mx.Mixture([Worse(0.0), Worse(0.0)], [0.5, 0.5])
    fit = mx.em(mx.Mixture([Worse(), Worse()]), x, start=start)
    assert not fit.converged
    assert fit.reason == (
        "stopped: a step lowered the log-likelihood by 10, so the fit of some "
        "component is not a weighted maximum likelihood"
    )
    assert fit.steps == 0


# steps: what `mx.em(model, x, starts=1, rng=0)` took when this was written
STEPS = {
    "times": (mx.Mixture(2 * [mx.Poisson()]), TIMES["deaths"], TIMES["days"], 57),
    "waiting": (mx.Mixture(2 * [mx.Normal()]), GEYSER["waiting"], None, 19),
    "geyser": (
        mx.gaussian_mixture(3, "diagonal"),
        np.column_stack([GEYSER["eruptions"], GEYSER["waiting"]]),
        None,
        73,
    ),
    "six": (mx.Mixture(6 * [COMMON]), GALAXIES, None, 37),
    "gamma": (mx.Mixture(2 * [mx.Gamma()]), GEYSER["waiting"], None, 20),
    "overlap": (mx.Mixture(2 * [COMMON]), OVERLAP, None, 154),
    "decays": (mx.Mixture(2 * [mx.Exponential()]), DECAYS, None, 73),
}


@pytest.mark.parametrize("name", STEPS)
def test_no_more_steps_are_needed_than_were(name):
    """A speed that no clock is needed for."""
    model, x, weight, steps = STEPS[name]
    fit = mx.em(model, x, sample_weight=weight, starts=1, rng=0)
    assert fit.converged
    assert fit.steps <= 1.25 * steps + 1
    assert np.all(np.diff(fit.history) >= 0)


def test_plain_steps_would_be_many_more():
    """Two normals that overlap: 780 plain steps, 154 with longer ones."""
    model, x, _, steps = STEPS["overlap"]
    slow = mx.em(model, x, starts=1, rng=0, accelerate=False)
    assert slow.steps > 4 * steps
    fast = mx.em(model, x, starts=1, rng=0)
    assert fast.log_likelihood == pytest.approx(slow.log_likelihood, abs=1e-8)


def test_max_iter_bounds_the_steps_whatever_they_are():
    for most in (1, 2, 5, 20, 30):
        model, x, _, _ = STEPS["overlap"]
        fit = mx.em(model, x, starts=1, rng=0, max_iter=most)
        assert fit.steps <= most
        assert not fit.converged


def test_where_an_iterate_has_no_place_on_the_line_plain_steps_go_on(monkeypatch):
    """As where floats hold its covariance as singular, which Cholesky refuses."""
    x = np.r_[RNG.normal(0, 1, 80), RNG.normal(5, 1, 80)]
    model = mx.Mixture(2 * [mx.Normal()])
    plainly = mx.em(model, x, starts=1, accelerate=False)

    def refused(self, state):
        raise np.linalg.LinAlgError("Matrix is not positive definite")

    monkeypatch.setattr(Vector, "unconstrain", refused)
    fit = mx.em(model, x, starts=1)
    assert fit.converged
    assert fit.log_likelihood == pytest.approx(plainly.log_likelihood, abs=1e-9)
