"""EM against closed forms, published results, and what it must never do."""

import importlib
import json
from pathlib import Path

import numpy as np
import pytest
import scipy.special
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

import mixnotes as mx
from mixnotes.fitting import starts

BAG = mx.Mixture([mx.Bernoulli(0.8), mx.Bernoulli(0.3)])
TIMES = mx.datasets.london_times()
DEATHS, DAYS = TIMES["deaths"], TIMES["days"]
TWO_POISSONS = mx.Mixture(2 * [mx.Poisson()])
SHARED = Path(__file__).parents[3] / "shared"
needs_shared = pytest.mark.skipif(not SHARED.exists(), reason="no ../shared here")


def marbles(red, n):
    return np.repeat([1, 0], [red, n - red])


def closed_form(share):
    return np.clip((share - 0.3) / 0.5, 0, 1)


# ------------------------------------------------------------------ known answers


@pytest.mark.parametrize("red", [0, 100, 299, 300, 301, 500, 600, 799, 800, 900, 1000])
def test_the_marbles_have_a_closed_form(red):
    """Also where the answer is 0 or 1, and where EM crawls to it."""
    fit = mx.em(BAG, marbles(red, 1000))
    assert fit.converged, fit.reason
    assert fit.mixture.weights[0] == pytest.approx(closed_form(red / 1000), abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 400), st.data())
def test_any_marbles_have_the_closed_form(n, data):
    red = data.draw(st.integers(0, n))
    fit = mx.em(BAG, marbles(red, n))
    assert fit.mixture.weights[0] == pytest.approx(closed_form(red / n), abs=1e-6)
    assert np.all(np.diff(fit.history) >= 0)


def test_two_thousand_marbles():
    data = mx.datasets.marbles_2000()
    model = mx.Mixture([mx.Bernoulli(0.3), mx.Bernoulli(0.8)])
    fit = mx.em(model, data["red"], sample_weight=data["count"])
    np.testing.assert_allclose(fit.mixture.weights, [0.341, 0.659], atol=1e-7)
    assert fit.log_likelihood == pytest.approx(-1318.4425058779311, abs=1e-7)
    assert [c.p for c in fit.mixture.components] == [0.3, 0.8]


@pytest.mark.parametrize("accelerate", [True, False])
@pytest.mark.parametrize("seed", range(20))
def test_deaths_in_the_times_from_twenty_starts(seed, accelerate):
    """Hasselblad (1969); recomputed independently to these digits."""
    fit = mx.em(
        TWO_POISSONS,
        DEATHS,
        sample_weight=DAYS,
        starts=1,
        rng=seed,
        accelerate=accelerate,
    )
    rates = [c.rate for c in fit.mixture.components]
    assert fit.converged, fit.reason
    assert fit.log_likelihood == pytest.approx(-1989.94585988, abs=1e-6)
    np.testing.assert_allclose(fit.mixture.weights, [0.35989, 0.64011], atol=1e-4)
    np.testing.assert_allclose(rates, [1.25609510122, 2.66340435663], atol=1e-4)
    assert np.all(np.diff(fit.history) >= 0)


def test_plain_steps_on_the_times_are_those_of_an_independent_program():
    """After 1, 2 and 10 steps from weights 0.3 and 0.7, rates 1.0 and 2.5."""
    expected = {
        1: (0.285690438369, 1.06138980766, 2.59510090122, -1990.15566745),
        2: (0.285000646578, 1.07497712003, 2.58820532277, -1990.09530626),
        10: (0.285509043622, 1.11032038077, 2.57515897174, -1990.03018111),
    }
    current = mx.Mixture([mx.Poisson(1.0), mx.Poisson(2.5)], [0.3, 0.7])
    for step in range(1, 11):
        current = mx.em_step(TWO_POISSONS, current, DEATHS, DAYS)
        if step in expected:
            rates = [c.rate for c in current.components]
            log_likelihood = DAYS @ current.log_prob(DEATHS)
            seen = (current.weights[0], *rates, log_likelihood)
            np.testing.assert_allclose(seen, expected[step], rtol=1e-9)


def test_the_coins_of_do_and_batzoglou():
    """Nature Biotechnology 26:897, table in figure 1, to more digits."""
    heads = mx.datasets.coinflip_do_batzoglou()["heads"]
    fair = mx.Mixture(2 * [mx.Binomial(10)], [0.5, 0.5])
    first = mx.Mixture([mx.Binomial(10, 0.6), mx.Binomial(10, 0.5)], [0.5, 0.5])
    expected = {
        1: (0.713012235401, 0.581339308314),
        10: (0.796744149475, 0.51965866220),
    }
    current = first
    for step in range(1, 11):
        current = mx.em_step(fair, current, heads)
        if step in expected:
            seen = [c.p for c in current.components]
            np.testing.assert_allclose(seen, expected[step], atol=1e-9)
    limit = mx.em(fair, heads, start=first)
    seen = [c.p for c in limit.mixture.components]
    np.testing.assert_allclose(seen, (0.796789066923, 0.519583120145), atol=1e-7)
    assert list(limit.mixture.weights) == [0.5, 0.5]
    assert limit.log_likelihood == pytest.approx(-9.79692429222, abs=1e-9)


def test_the_coins_with_a_free_weight():
    """Recomputed in R."""
    heads = mx.datasets.coinflip_do_batzoglou()["heads"]
    fit = mx.em(mx.Mixture(2 * [mx.Binomial(10)]), heads)
    seen = [c.p for c in fit.mixture.components]
    np.testing.assert_allclose(seen, (0.513916591214, 0.793367649613), atol=1e-7)
    assert fit.mixture.weights[1] == pytest.approx(0.522751316897, abs=1e-7)
    assert fit.log_likelihood == pytest.approx(-9.7954189562, abs=1e-9)


@pytest.mark.parametrize("weight", [0.05, 0.3, 0.5, 0.7, 0.95])
@pytest.mark.parametrize("rates", [(1.0, 2.5), (0.1, 6.0), (2.0, 2.1), (5.0, 0.5)])
def test_deaths_in_the_times_from_a_start_of_ones_own(weight, rates):
    """The same maximum, the components in the order of the start."""
    start = mx.Mixture([mx.Poisson(r) for r in rates], [weight, 1 - weight])
    fit = mx.em(TWO_POISSONS, DEATHS, sample_weight=DAYS, start=start)
    found = [c.rate for c in fit.mixture.components]
    assert fit.log_likelihood == pytest.approx(-1989.94585988, abs=1e-6)
    np.testing.assert_allclose(
        np.sort(found), [1.25609510122, 2.66340435663], atol=1e-4
    )
    assert (found[0] < found[1]) == (rates[0] < rates[1])


@pytest.mark.parametrize("other", [mx.Binomial(5), mx.Bernoulli()], ids=repr)
def test_families_of_different_support_are_told_apart_by_default(other):
    """A first guess must not fit a binomial to values it cannot produce: it would sit
    at p = 1, where EM never leaves."""
    truth = mx.Mixture([other.blank().filled({"p": 0.3}), mx.Poisson(30.0)], [0.5, 0.5])
    x = truth.sample(1000, rng=0)
    fit = mx.em(mx.Mixture([other, mx.Poisson()]), x)
    assert fit.log_likelihood >= truth.log_prob(x).sum()
    assert fit.mixture.components[0].p == pytest.approx(0.3, abs=0.05)


@needs_shared
@pytest.mark.parametrize(
    ("file", "column", "k", "case"),
    [
        ("faithful.csv", 1, 2, "best_waiting_V2"),
        ("galaxies_corrected.csv", 0, 3, "best_galaxies_corrected_V3"),
    ],
)
def test_normals_reach_the_best_known_maximum_from_default_starts(
    file, column, k, case
):
    """reference/cases.json; the galaxies there are in thousands of km/s."""
    cases = {
        c["id"]: c for c in json.loads((SHARED / "reference/cases.json").read_text())
    }
    values = cases[case]["values"]
    x = np.loadtxt(SHARED / "data" / file, delimiter=",", skiprows=1, ndmin=2)[
        :, column
    ]
    x = x / 1000 if file.startswith("galaxies") else x
    fit = mx.em(mx.Mixture(k * [mx.Normal()]), x)
    assert fit.log_likelihood == pytest.approx(values["loglik"], abs=1e-5)
    np.testing.assert_allclose(fit.mixture.weights, values["weights"], atol=1e-4)
    means = [c.mean for c in fit.mixture.components]
    np.testing.assert_allclose(means, values["means"], rtol=1e-4)


# --------------------------------------------------------------------- invariance


def normals(x, **options):
    return mx.em(mx.Mixture(2 * [mx.Normal()]), x, **options)


DRAWS = mx.Mixture([mx.Normal(0.0, 1.0), mx.Normal(4.0, 0.5)], [0.3, 0.7]).sample(
    200, 5
)


@pytest.mark.parametrize(("shift", "scale"), [(1e6, 1), (0, 1e9), (0, 1e-9), (-3, -2)])
def test_shifting_and_scaling_the_data_moves_the_fit_with_them(shift, scale):
    here, there = normals(DRAWS), normals(shift + scale * DRAWS)
    density = there.mixture.log_prob(shift + scale * DRAWS) + np.log(abs(scale))
    np.testing.assert_allclose(density, here.mixture.log_prob(DRAWS), atol=1e-6)


def test_the_order_of_the_rows_does_not_matter():
    start = mx.Mixture([mx.Normal(0.0, 1.0), mx.Normal(1.0, 1.0)], [0.5, 0.5])
    here, there = normals(DRAWS, start=start), normals(DRAWS[::-1], start=start)
    x = np.linspace(-3, 6, 50)
    np.testing.assert_allclose(
        here.mixture.log_prob(x), there.mixture.log_prob(x), atol=1e-9
    )


def test_relabelling_the_start_relabels_the_fit():
    a, b = mx.Normal(0.0, 1.0), mx.Normal(3.0, 2.0)
    here = normals(DRAWS, start=mx.Mixture([a, b], [0.2, 0.8])).mixture
    there = normals(DRAWS, start=mx.Mixture([b, a], [0.8, 0.2])).mixture
    np.testing.assert_allclose(here.weights, there.weights[::-1], atol=1e-9)
    x = np.linspace(-3, 6, 50)
    np.testing.assert_allclose(here.log_prob(x), there.log_prob(x), atol=1e-9)


def test_integers_lists_and_booleans_are_data():
    a = mx.em(BAG, [1, 0, 1, 1]).mixture
    assert a == mx.em(BAG, np.array([True, False, True, True])).mixture
    assert a == mx.em(BAG, np.array([1, 0, 1, 1], dtype=np.int8)).mixture


def test_sample_weights_are_repeats():
    x = np.array([0.0, 1.0, 1.5, 7.0, 8.5])
    w = np.array([3, 1, 2, 2, 1])
    start = mx.Mixture([mx.Normal(1.0, 1.0), mx.Normal(8.0, 1.0)], [0.5, 0.5])
    weighted = normals(x, sample_weight=w, start=start)
    repeated = normals(np.repeat(x, w), start=start)
    assert weighted.log_likelihood == pytest.approx(repeated.log_likelihood, rel=1e-12)
    assert weighted.n == repeated.n == 9
    assert weighted.bic == pytest.approx(repeated.bic)


def test_an_observation_of_weight_zero_is_not_there():
    fit = mx.em(BAG, [1, 0, 1], sample_weight=[1, 1, 0])
    assert fit.mixture.weights[0] == pytest.approx(closed_form(0.5), abs=1e-7)


def test_interchangeable_components_come_by_increasing_mean():
    for seed in range(5):
        fit = normals(DRAWS, starts=1, rng=seed)
        means = [c.mean for c in fit.mixture.components]
        assert means == sorted(means)


def test_the_same_call_gives_the_same_answer():
    a, b = normals(DRAWS), normals(DRAWS)
    assert a.mixture == b.mixture
    assert [e.steps for e in a.starts] == [e.steps for e in b.starts]


# ----------------------------------------------------------------- never, and honest

MODELS = {
    "Bernoulli": (mx.Mixture([mx.Bernoulli(), mx.Bernoulli(0.9)]), st.integers(0, 1)),
    "Binomial": (mx.Mixture(2 * [mx.Binomial(6)]), st.integers(0, 6)),
    "Poisson": (mx.Mixture(3 * [mx.Poisson()]), st.integers(0, 40)),
    "Normal": (
        mx.Mixture(2 * [mx.Normal()]),
        st.integers(-(10**6), 10**6).map(lambda k: k / 1000),  # 2e6 x the least gap
    ),
    "mixed": (mx.Mixture([mx.Poisson(), mx.Binomial(30)]), st.integers(0, 30)),
    "nested": (
        mx.Mixture([mx.Poisson(2.0), mx.Mixture(2 * [mx.Poisson()])]),
        st.integers(0, 20),
    ),
}


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=15, deadline=None)
@given(st.data())
def test_the_log_likelihood_never_falls_and_nothing_is_nan(name, data):
    """On any data: each start, accelerated, to the bit."""
    model, values = MODELS[name]
    x = data.draw(st.lists(values, min_size=5, max_size=30))
    if name == "Normal" and np.ptp(x) < 1e-3:
        x = [*x, 1.0, 2.0, 3.0]
    fit = mx.em(model, x, starts=2, max_iter=300)
    for end in fit.starts:
        assert np.all(np.diff(end.history) >= 0)
        assert np.isfinite(end.history).all()
    assert np.isfinite(fit.log_likelihood)
    total = fit.mixture.log_prob(np.asarray(x)).sum()
    assert fit.log_likelihood == pytest.approx(total, rel=1e-9, abs=1e-7)


def test_what_was_given_is_not_touched():
    model = mx.Mixture([mx.Normal(mean=0.0), mx.Normal(4.0, 0.5), mx.Normal(sd=2.0)])
    fit = mx.em(model, DRAWS)
    a, b, c = fit.mixture.components
    assert (a.mean, b.mean, b.sd, c.sd) == (0.0, 4.0, 0.5, 2.0)
    given_weights = mx.Mixture(2 * [mx.Poisson()], weights=[0.5, 0.5])
    fit = mx.em(given_weights, DEATHS, sample_weight=DAYS)
    assert list(fit.mixture.weights) == [0.5, 0.5]
    assert given_weights.blanks == ("components[0].rate", "components[1].rate")


@pytest.mark.parametrize("fits", [mx.em_step, lambda m, s, x: mx.em(m, x, start=s)])
def test_a_start_cannot_change_what_a_nested_mixture_gives(fits):
    inner = mx.Mixture([mx.Poisson(2.0), mx.Poisson()], [0.5, 0.5])
    model = mx.Mixture([mx.Poisson(), inner])

    def start(*parts, weights=(0.5, 0.5)):
        return mx.Mixture([mx.Poisson(1.0), mx.Mixture(parts, weights)], [0.5, 0.5])

    two, three = mx.Poisson(2.0), mx.Poisson(3.0)
    x = [0, 1, 2, 5]
    with pytest.raises(
        ValueError, match=r"components\[1\]\.components\[0\] is Poisson"
    ):
        fits(model, start(mx.Poisson(9.0), three), x)
    with pytest.raises(ValueError, match=r"keep the weights that mixture gives"):
        fits(model, start(two, three, weights=(0.1, 0.9)), x)
    with pytest.raises(
        ValueError, match=r"components\[1\]\.components\[1\] is Poisson"
    ):
        fits(model, start(two, mx.Normal(3.0, 1.0)), x)
    with pytest.raises(ValueError, match=r"a Mixture of 2 components"):
        fits(model, start(two, three, three, weights=(0.5, 0.25, 0.25)), x)
    fits(model, start(two, three), x)


@pytest.mark.parametrize("K", [2, 9])
def test_plain_steps_of_few_and_of_many_normals_are_those_by_hand(K):
    x = np.random.default_rng(5).normal(size=400) * 3
    mean, sd, weight = np.linspace(-4, 4, K), np.full(K, 1.5), np.full(K, 1 / K)
    start = mx.Mixture([mx.Normal(m, 1.5) for m in mean], weight)
    for _ in range(3):
        log = np.log(weight) + scipy.stats.norm(mean, sd).logpdf(x[:, None])
        r = np.exp(log - scipy.special.logsumexp(log, axis=1)[:, None])
        n = r.sum(axis=0)
        weight, mean = n / 400, r.T @ x / n
        sd = np.sqrt((r * (x[:, None] - mean) ** 2).sum(axis=0) / n)
    fit = mx.em(
        mx.Mixture(K * [mx.Normal()]), x, start=start, max_iter=3, accelerate=False
    )
    found = fit.mixture
    np.testing.assert_allclose(found.weights, weight, rtol=1e-10)
    np.testing.assert_allclose([c.mean for c in found.components], mean, atol=1e-10)
    np.testing.assert_allclose([c.sd for c in found.components], sd, rtol=1e-10)
    log = np.log(weight) + scipy.stats.norm(mean, sd).logpdf(x[:, None])
    total = scipy.special.logsumexp(log, axis=1).sum()
    assert fit.log_likelihood == pytest.approx(total, abs=1e-9)


@pytest.mark.parametrize("share", [0.35, 0.5, 0.6])
def test_the_error_that_a_stopped_fit_reports_is_the_true_one(share):
    """Plain EM, stopped early: within a factor of two of the distance to the truth."""
    x = marbles(round(1000 * share), 1000)
    fit = mx.em(BAG, x, accelerate=False, max_iter=15)
    assert not fit.converged
    assert "max_iter = 15" in fit.reason
    distance = np.sqrt(2) * abs(fit.mixture.weights[0] - closed_form(share))
    assert fit.error / 2 < distance < 2 * fit.error


@pytest.mark.parametrize(
    ("share", "rate"), [(0.6, 0.75), (0.5, 0.76), (0.35, 0.9010989), (0.9, 0.6875)]
)
@pytest.mark.parametrize("accelerate", [True, False])
def test_the_rate_is_the_fraction_of_missing_information(share, rate, accelerate):
    """1 - w(1-w)(a-b)^2 / (q(1-q)) inside; the last is on the boundary, 0.1 x 0.7/0.2
    + 0.9 x 0.3/0.8."""
    x = marbles(round(1000 * share), 1000)
    fit = mx.em(BAG, x, accelerate=accelerate)
    assert fit.rate == pytest.approx(rate, abs=1e-6)


def test_the_rate_on_the_times():
    fit = mx.em(TWO_POISSONS, DEATHS, sample_weight=DAYS)
    assert fit.rate == pytest.approx(0.995666223236, abs=1e-5)


def test_acceleration_saves_steps_and_ends_where_plain_em_does():
    start = mx.Mixture([mx.Poisson(1.0), mx.Poisson(2.5)], [0.3, 0.7])
    options = {"sample_weight": DAYS, "start": start}
    fast = mx.em(TWO_POISSONS, DEATHS, **options)
    plain = mx.em(TWO_POISSONS, DEATHS, **options, accelerate=False)
    assert fast.steps < plain.steps / 10
    assert fast.log_likelihood == pytest.approx(plain.log_likelihood, abs=1e-9)


@pytest.fixture
def single_runs(monkeypatch):
    """Starts as they are drawn, not the best of several, so that some collapse."""
    monkeypatch.setattr(starts, "_TRIES", 1)


def test_a_collapsing_start_is_reported_and_never_wins(single_runs):
    """One start sits on a data point; its likelihood would grow without bound."""
    x = np.r_[DRAWS, 20.0]
    spike = mx.Mixture([mx.Normal(20.0, 0.1), mx.Normal(2.0, 3.0)], [0.01, 0.99])
    fit = normals(x, start=spike)
    assert not fit.converged
    assert fit.reason.startswith("collapsed: Normal collapsed on x = 20")
    for best in (normals(x, starts=40), normals(x, starts=40, accelerate=False)):
        assert min(c.sd for c in best.mixture.components) > 0.1
        assert not best.reason.startswith("collapsed")
    assert any(end.collapsed for end in best.starts)  # each climbed to its end


def test_a_collapsed_start_does_not_win_by_its_likelihood(single_runs):
    """Five equal values: on its way onto them a start climbs above every other."""
    fit = normals(np.r_[DRAWS, 5 * [20.0]], starts=20)
    collapsed = [end.log_likelihood for end in fit.starts if end.collapsed]
    assert max(collapsed) > fit.log_likelihood
    assert fit.converged
    assert fit.n_best > 0


def test_a_collapse_inside_a_nested_mixture_is_reported_too():
    """The inner normal is left with the one value 100."""
    x = np.r_[np.random.default_rng(0).normal(0, 0.01, 50), 100.0]
    known = mx.Normal(0.0, 0.01)
    start = mx.Mixture([known, mx.Mixture([mx.Normal(50.0, 30.0)])], [0.5, 0.5])
    fit = mx.em(mx.Mixture([known, mx.Mixture([mx.Normal()])]), x, start=start)
    assert not fit.converged
    assert fit.reason.startswith("collapsed: Normal collapsed on x = 100")


def test_a_far_outlier_is_no_collapse_of_the_others():
    x = np.r_[np.random.default_rng(0).normal(size=100), 1e9]
    fit = mx.em(mx.Mixture([mx.Normal(), mx.Normal(1e9, 1.0)]), x)
    assert fit.converged, fit.reason
    assert fit.mixture.components[0].sd == pytest.approx(x[:-1].std())
    assert fit.mixture.weights[1] == pytest.approx(1 / 101)


def test_a_fit_that_lowers_the_likelihood_is_caught():
    class Wrong:
        n_free = 1

        def __init__(self, mean):
            self.mean = mean

        def log_prob(self, x):
            return mx.Normal(self.mean, 1.0).log_prob(x)

        def fit(self, x, sample_weight=None, start=None):
            return Wrong(50.0)

    fit = mx.em(
        mx.Mixture([Wrong(None), mx.Normal(0.0, 1.0)], [0.5, 0.5]),
        DRAWS,
        start=mx.Mixture([Wrong(4.0), mx.Normal(0.0, 1.0)], [0.5, 0.5]),
    )
    assert not fit.converged
    assert "lowered the log-likelihood" in fit.reason
    assert fit.mixture.components[0].mean == 4.0


def test_nothing_is_printed_and_the_global_random_state_is_left_alone(capsys):
    np.random.seed(1)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    normals(DRAWS)
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002
    assert capsys.readouterr().out == ""


# -------------------------------------------------------------------------- the Fit


def test_the_criteria_by_hand():
    """Three red of four: closed form 0.9, log L = 3 log 0.75 + log 0.25."""
    fit = mx.em(BAG, [1, 1, 1, 0])
    log_likelihood = 3 * np.log(0.75) + np.log(0.25)
    assert fit.log_likelihood == pytest.approx(log_likelihood)
    assert fit.aic == pytest.approx(2 - 2 * log_likelihood)
    assert fit.bic == pytest.approx(np.log(4) - 2 * log_likelihood)
    red, blue = 0.9 * 0.8 / 0.75, 0.9 * 0.2 / 0.25
    entropy = sum(
        -n * (r * np.log(r) + (1 - r) * np.log(1 - r)) for n, r in [(3, red), (1, blue)]
    )
    assert fit.icl == pytest.approx(fit.bic + 2 * entropy)


def test_a_fit_prints_what_was_given_and_what_was_learned():
    fit = mx.em(mx.Mixture([mx.Normal(sd=0.5), mx.Normal(0.0, 1.0)]), DRAWS)
    text = str(fit)
    assert "sd=0.5 (given)" in text
    assert "mean=0 (given)" in text
    assert f"log-likelihood {fit.log_likelihood:.4f}" in text
    assert "converged" in text
    assert f"of {len(fit.starts)} starts ended here" in text


def test_the_fitted_mixture_can_be_blanked_and_fitted_to_other_data():
    fit = normals(DRAWS)
    again = mx.em(fit.mixture.blank(), DRAWS + 100)
    assert again.mixture.mean() == pytest.approx(fit.mixture.mean() + 100, abs=1e-6)


def test_one_start_is_enough_where_only_weights_are_blank():
    assert len(mx.em(BAG, [1, 0]).starts) == 1
    assert 1 < len(mx.em(TWO_POISSONS, DEATHS).starts) <= 24
    assert len(mx.em(TWO_POISSONS, DEATHS, starts=3).starts) == 3


def test_rounding_does_not_choose_among_starts_that_agree():
    """The first that converged; one that collapsed never wins, if any other stands."""
    from dataclasses import replace

    from mixnotes.fitting.em import _best

    high = mx.em(mx.Mixture(2 * [mx.Poisson()]), [0, 1, 1, 5, 6], starts=1).starts[0]

    def end(above, converged=True, collapsed=False):
        height = high.log_likelihood + above
        return replace(
            high, log_likelihood=height, converged=converged, collapsed=collapsed
        )

    assert _best([end(-1), end(0), end(1e-12), end(1e-7)]) == 1
    assert _best([end(0, converged=False), end(-1e-9)]) == 1
    assert _best([end(-1), end(0, converged=False)]) == 1
    assert _best([end(9, collapsed=True), end(0), end(1e-12)]) == 1
    assert _best([end(0, collapsed=True), end(9, collapsed=True)]) == 1


def test_a_signal_of_unknown_place_is_found_over_a_known_background():
    """Every start must not begin with all rows: the background made most of them."""
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.uniform(0, 10, 300), rng.normal(4, 0.1, 100)])
    model = mx.Mixture([mx.Normal(sd=0.1), mx.Uniform(0, 10)])
    fit = mx.em(model, x)
    assert fit.mixture.components[0].mean == pytest.approx(4, abs=0.03)
    assert fit.mixture.weights[0] == pytest.approx(0.25, abs=0.03)
    assert fit.mixture.components[1] == mx.Uniform(0, 10)


def test_the_start_that_is_pushed_off_a_saddle_is_named(monkeypatch):
    went = []
    module = importlib.import_module("mixnotes.fitting.em")  # its name is the function
    monkeypatch.setattr(
        module, "escape", lambda engine, result, settings, k: went.append(k) or result
    )
    model = mx.Mixture(2 * [mx.Normal()])
    for best in range(3):
        monkeypatch.setattr(module, "_best", lambda ends, best=best: best)
        mx.em(model, DRAWS, starts=3)
    assert went == [0, 1, 2]
