"""What a fit says of itself holds: convergence, bounds, ends, orders, names."""

import math
import re

import numpy as np
import pytest
from scipy import optimize, stats

import mixnotes as mx
from mixnotes.components.component import Component
from mixnotes.components.saving import from_json
from mixnotes.data.check import CollapseError
from mixnotes.fitting import level
from mixnotes.fitting.engine import Engine
from mixnotes.fitting.inputs import checked
from mixnotes.sklearn import MixtureModel

R = np.random.default_rng(11)
TWO = np.concatenate([R.normal(0, 1, 100), R.normal(3, 1, 100)])


# ------------------------------------------------------------- how near the limit is


def test_the_distance_is_never_less_than_rounding_over_what_a_step_leaves():
    days = mx.datasets.london_times()
    fit = mx.em(
        mx.Mixture(2 * [mx.Poisson()]), days["deaths"], sample_weight=days["days"],
        tol=1e-14,
    )  # fmt: skip
    assert fit.rate > 0.99
    assert fit.error >= np.finfo(float).eps / (1 - fit.rate)


def test_one_component_is_known_to_rounding_and_no_better():
    fit = mx.em(mx.Mixture([mx.Normal()]), TWO)
    assert 1e-17 < fit.error < 1e-14


@pytest.mark.parametrize("accelerate", [True, False])
@pytest.mark.parametrize("family", [mx.Normal(), mx.StudentT(df=4.0), mx.Laplace()])
def test_a_tolerance_of_0_takes_steps_until_rounding_and_says_so(family, accelerate):
    model = mx.Mixture(2 * [family])
    fit = mx.em(model, TWO, tol=0, starts=2, accelerate=accelerate)
    assert fit.converged
    assert "rounding" in fit.reason
    assert fit.error < 1e-6
    assert np.all(np.diff(fit.history) >= 0)


def test_a_climb_that_is_cut_off_at_the_limit_says_that_it_is_there():
    whole = mx.em(mx.Mixture(2 * [mx.Normal()]), TWO, starts=1)
    again = mx.em(mx.Mixture(2 * [mx.Normal()]), TWO, start=whole.mixture, max_iter=1)
    assert again.converged
    assert again.steps == 1
    early = mx.em(mx.Mixture(2 * [mx.Normal()]), TWO, starts=1, max_iter=1)
    assert not early.converged
    assert early.error == math.inf  # after one step no rate has settled


def stopped_climbs(accelerate):
    """Pairs (error, true distance) of climbs cut off, from climbs that went on."""
    families = [mx.Normal(), mx.Poisson(), mx.Exponential(), mx.Normal(sd=1.0)]
    for seed in range(12):
        r = np.random.default_rng(seed)
        x = [
            np.r_[r.normal(0, 1, 150), r.normal(2.2, 1, 100)],
            np.r_[r.poisson(3, 150), r.poisson(8, 100)],
            np.r_[r.exponential(1, 150), r.exponential(6, 100)],
            np.r_[r.normal(0, 1, 150), r.normal(2.5, 1, 100)],
        ][seed % 4]
        model = mx.Mixture(2 * [families[seed % 4]])
        for most in (3, 5, 10, 30):
            fit = mx.em(model, x, starts=1, max_iter=most, accelerate=accelerate)
            if fit.converged:
                continue
            on = mx.em(model, x, start=fit.mixture, tol=1e-10)
            assert on.converged
            engine = Engine(*checked(model, x, None))
            here, there = (
                engine.vector.learned_values(engine.state(f.mixture)) for f in (fit, on)
            )
            yield fit.error, np.linalg.norm(here - there)


@pytest.mark.parametrize("accelerate", [True, False])
def test_a_climb_that_is_cut_off_claims_no_less_than_is_to_come(accelerate):
    """Where its rate still changed the distance was down to a tenth of the true one;
    there is none to be estimated there. A direction that hardly shows may hide."""
    pairs = np.array(list(stopped_climbs(accelerate)))
    told = np.isfinite(pairs[:, 0]) & (pairs[:, 1] > 1e-12)  # not rounding alone
    error, distance = pairs[told].T
    assert len(pairs) >= 20
    assert len(error) >= 6
    assert np.sum(distance > 1.1 * error) <= 1
    assert (distance < 3 * error).all()
    assert (error < 2 * distance).all()


def test_looking_ahead_changes_nothing_that_is_kept():
    model, start = mx.Mixture(2 * [mx.Normal()]), mx.Mixture(
        [mx.Normal(-1.0, 1.0), mx.Normal(4.0, 2.0)], [0.5, 0.5]
    )  # fmt: skip
    seen = []
    fit = mx.em(
        model,
        TWO,
        start=start,
        max_iter=1,
        callback=lambda step: seen.append(step.step),
    )
    by_hand = mx.em_step(model, start, TWO)
    assert seen == [1]
    assert len(fit.history) == 2
    np.testing.assert_allclose(fit.mixture.weights, by_hand.weights, rtol=1e-12)


@pytest.mark.parametrize("kind", ["full", "tied", "diag", "spherical"])
def test_a_warm_start_of_one_step_a_call_converges(kind):
    X = np.concatenate([R.normal(m, 1.0, (60, 2)) for m in (0.0, 3.0, 7.0)])
    model = MixtureModel(
        3, covariance_type=kind, warm_start=True, max_iter=1, random_state=0
    )
    heights = []
    with pytest.warns(match="did not converge"):
        model.fit(X)
    for _ in range(500):
        if model.fit_.converged:
            break
        heights.append(model.lower_bound_)
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(X)
    assert model.fit_.converged
    assert np.all(np.diff(heights) >= 0)
    whole = MixtureModel(3, covariance_type=kind, random_state=0, max_iter=1000).fit(X)
    assert model.lower_bound_ == pytest.approx(whole.lower_bound_, abs=1e-3)


# ------------------------------------------------------ searches that stand on a slope


def test_a_search_that_stalls_is_no_arrival(monkeypatch):
    """A family whose fit returns its start stands still on a slope."""

    class Lazy(mx.StudentT):
        def _fit(self, x, weight, start):
            return super()._fit(x, weight, start) if start is None else start

    monkeypatch.setattr(level, "ascend_likelihood", lambda run, view=None: math.inf)
    start = mx.Mixture([Lazy(5.0, -1.0, 1.0), Lazy(5.0, 4.0, 1.0)], [0.5, 0.5])
    fit = mx.em(mx.Mixture(2 * [Lazy()]), TWO, start=start)
    assert not fit.converged
    assert "still has a slope" in fit.reason


@pytest.mark.slow
def test_where_a_search_stalls_the_log_likelihood_itself_is_climbed():
    class Lazy(mx.StudentT):
        def _fit(self, x, weight, start):
            return super()._fit(x, weight, start) if start is None else start

    start = mx.Mixture([Lazy(5.0, -1.0, 1.0), Lazy(5.0, 4.0, 1.0)], [0.5, 0.5])
    fit = mx.em(mx.Mixture(2 * [Lazy()]), TWO, start=start)
    right = mx.em(mx.Mixture(2 * [mx.StudentT()]), TWO, starts=3)
    assert fit.converged
    assert fit.log_likelihood == pytest.approx(right.log_likelihood, abs=1e-6)


@pytest.mark.parametrize("sigma", [1e-4, 1e-2, 1.0])
def test_a_censored_lognormal_ends_at_its_maximum_however_narrow(sigma):
    x = np.exp(np.random.default_rng(0).normal(0, sigma, 300))
    limit = np.quantile(x, 0.7)
    low, high = np.minimum(x, limit), np.where(x < limit, x, np.inf)
    fit = mx.em(mx.Mixture([mx.LogNormal()]), mx.Censored(low, high), starts=1)

    def loss(u):
        z = (np.log(low) - sigma * u[0]) / (sigma * np.exp(u[1]))
        logs = np.where(
            low == high,
            stats.norm.logpdf(z) - np.log(sigma) - u[1] - np.log(low),
            stats.norm.logsf(z),
        )
        return -logs.sum()

    found = optimize.minimize(loss, [0.0, 0.0], method="BFGS")
    assert fit.converged
    assert fit.log_likelihood == pytest.approx(-found.fun, abs=1e-6)


@pytest.mark.parametrize("shape", [10.0, 1e4, 9e6])
def test_a_censored_gamma_ends_at_its_maximum_however_narrow(shape):
    x = np.random.default_rng(0).gamma(shape, 1 / np.sqrt(shape), 300)
    limit = np.quantile(x, 0.7)
    low, high = np.minimum(x, limit), np.where(x < limit, x, np.inf)
    fit = mx.em(mx.Mixture([mx.Gamma()]), mx.Censored(low, high), starts=1)

    def loss(u):
        mean, k = np.sqrt(shape) + u[0], shape * np.exp(u[1])
        gamma = stats.gamma(k, scale=mean / k)
        return -np.where(low == high, gamma.logpdf(low), gamma.logsf(low)).sum()

    found = optimize.minimize(loss, [0.0, 0.0], method="Nelder-Mead",
                              options={"xatol": 1e-7, "fatol": 1e-9})  # fmt: skip
    assert fit.converged
    # the logarithm of a density with a shape of 9e6 is known to 1e-8 a row
    assert fit.log_likelihood == pytest.approx(-found.fun, abs=1e-6 + 1e-12 * shape)


# --------------------------------------------------------- likelihoods without a bound


@pytest.mark.slow
def test_units_that_end_with_the_test_have_no_bound_and_that_is_said():
    fails = [2.0] + 9 * [8.0] + 5 * [9.0] + 10 * [20.0]
    low = np.array(fails + 75 * [20.0])
    high = np.array(fails + 75 * [np.inf])
    fit = mx.em(mx.Mixture(2 * [mx.Weibull()]), mx.Censored(low, high), starts=2)
    assert not any(end.converged for end in fit.starts)
    assert all(end.collapsed for end in fit.starts)
    assert fit.reason.startswith("collapsed: Weibull collapsed on x = 20")


def test_a_support_that_ends_on_the_largest_claim_has_no_bound_and_that_is_said():
    x = np.random.default_rng(0).uniform(0, 1, 100) ** 0.3
    model = mx.from_scipy(stats.genpareto, loc=0)
    with pytest.raises(CollapseError, match=r"no bound where its support ends on an"):
        model.fit(x)


def test_a_support_that_ends_where_the_density_is_finite_is_a_fit():
    x = np.random.default_rng(0).uniform(2, 5, 50)
    fit = mx.from_scipy(stats.uniform).fit(x)
    assert fit.ends == pytest.approx((x.min(), x.max()), abs=1e-2)


# ----------------------------------------------------------------------- ends that move


@pytest.mark.parametrize(
    "groups",
    [
        [(0, 1), (2, 3)],
        [(0, 1), (1.05, 3), (5, 5.5)],
        [(0, 10), (4, 5)],
        [(0, 4), (3, 7)],
    ],
)
def test_uniform_groups_are_found_whether_they_touch_or_not(groups):
    r = np.random.default_rng(0)
    parts = [r.uniform(a, b, 150) for a, b in groups]
    x = np.concatenate(parts)
    fit = mx.em(mx.Mixture(len(groups) * [mx.Uniform()]), x)
    truth = mx.Mixture(
        [mx.Uniform(p.min(), p.max()) for p in parts],
        np.full(len(groups), 1 / len(groups)),
    )
    assert fit.log_likelihood >= truth.log_prob(x).sum()


def test_two_uniforms_that_do_not_touch_have_their_closed_form():
    r = np.random.default_rng(0)
    a, b = r.uniform(0, 1, 200), r.uniform(2, 3, 200)
    fit = mx.em(mx.Mixture(2 * [mx.Uniform()]), np.concatenate([a, b]))
    exact = -400 * np.log(2) - 200 * np.log(np.ptp(a)) - 200 * np.log(np.ptp(b))
    assert fit.log_likelihood == pytest.approx(exact, abs=1e-9)


def test_an_end_moves_inwards_from_a_start():
    r = np.random.default_rng(4)
    x = np.concatenate([r.uniform(0, 1, 100), r.uniform(2, 3, 100)])
    start = mx.Mixture([mx.Uniform(-1.0, 4.0), mx.Uniform(-1.0, 4.0)], [0.4, 0.6])
    fit = mx.em(mx.Mixture(2 * [mx.Uniform()]), x, start=start)
    low = np.sort([c.low for c in fit.mixture.components])
    assert low == pytest.approx([x[:100].min(), x[100:].min()])


def test_a_signal_between_bounds_over_a_known_background():
    r = np.random.default_rng(3)
    x = np.concatenate([r.uniform(0, 10, 100), r.uniform(4, 4.5, 100)])
    fit = mx.em(mx.Mixture([mx.Uniform(0, 10), mx.Uniform()]), x)
    signal = fit.mixture.components[1]
    assert (signal.low, signal.high) == pytest.approx((4, 4.5), abs=0.05)


def test_the_ends_of_scipys_distributions_are_tried_at_other_observations():
    x = np.array([1.0, 1.5, 2.0, 10.0, 11.0, 13.0])
    pareto = mx.from_scipy(stats.pareto, loc=0)
    moved = list(pareto.moves(pareto.filled({"b": 2.0, "scale": 1.0}), x, np.ones(6)))
    assert {c.ends[0] for c in moved} >= {1.0, 1.5, 2.0, 11.0}
    uniform = mx.from_scipy(stats.uniform)
    here = uniform.filled({"loc": 1.0, "scale": 12.0})
    ends = {tuple(np.round(c.ends, 9)) for c in uniform.moves(here, x, np.ones(6))}
    assert {(1.5, 13.0), (2.0, 13.0), (1.0, 11.0), (1.0, 10.0)} <= ends
    assert not list(
        pareto.moves(pareto.filled({"b": 2.0, "scale": 1.0}), x[:, None], x)
    )


def test_a_support_that_is_the_line_has_no_ends_to_move():
    assert not mx.from_scipy(stats.norm).edges_move
    assert not mx.from_scipy(stats.expon, loc=0, scale=1.0).edges_move
    assert mx.from_scipy(stats.expon).edges_move


@pytest.mark.parametrize("k", [1, 2])
def test_the_place_of_a_laplace_is_no_lower_than_its_neighbours(k):
    """The likelihood has a peak at every value; a step of EM ends on the first."""
    x = np.concatenate([R.laplace(0, 1, 40), R.laplace(3, 1, 40)])
    fit = mx.em(mx.Mixture(k * [mx.Laplace()]), x, starts=3)
    for j, c in enumerate(fit.mixture.components):
        for loc in x:
            parts = list(fit.mixture.components)
            parts[j] = mx.Laplace(loc, c.scale)
            beside = mx.Mixture(parts, fit.mixture.weights)
            assert beside.log_prob(x).sum() <= fit.log_likelihood + 1e-6


# ----------------------------------------------------------- units that get a word


def test_angles_in_degrees_are_refused():
    x = R.uniform(0, 360, 50)
    with pytest.raises(ValueError, match=r"angles in radians.*np\.deg2rad"):
        mx.em(mx.Mixture([mx.VonMises()]), x)
    with pytest.raises(ValueError, match=r"column 'wind'.*deg2rad"):
        mx.em(mx.Mixture([mx.Product({"wind": mx.VonMises()})]), {"wind": x})
    assert mx.em(mx.Mixture([mx.VonMises()]), np.deg2rad(x)).converged
    two_turns = np.linspace(-4 * np.pi, 4 * np.pi, 40)
    assert math.isfinite(mx.em(mx.Mixture([mx.VonMises()]), two_turns).log_likelihood)


def test_trials_given_to_a_geometric_get_a_word():
    trials = R.geometric(0.5, 200)
    fit = mx.em(mx.Mixture([mx.Geometric()]), trials)
    assert "fit it to x - 1" in fit.reason
    assert "fit it to" not in mx.em(mx.Mixture([mx.Geometric()]), trials - 1).reason
    row = mx.Product({"n": mx.Geometric(), "y": mx.Normal()})
    named = mx.em(mx.Mixture([row]), {"n": trials, "y": R.normal(size=200)})
    assert "column 'n'" in named.reason


def test_trials_beside_a_mass_at_0_and_a_size_of_1_get_the_same_word():
    trials = np.random.default_rng(4).geometric(0.5, 200)
    beside = mx.em(mx.Mixture([mx.PointMass(0), mx.Geometric()]), trials)
    assert "fit it to x - 1" in beside.reason
    one = mx.em(mx.Mixture([mx.NegativeBinomial(size=1)]), trials)
    assert "fit it to x - 1" in one.reason
    for size, x in ((1, trials - 1), (2, trials)):
        fit = mx.em(mx.Mixture([mx.NegativeBinomial(size=size)]), x)
        assert "fit it to" not in fit.reason


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
@pytest.mark.parametrize("short", [np.float32, np.float16])
def test_a_mass_whose_value_is_rounded_otherwise_in_the_data_gets_a_word(short, unit):
    if short is np.float16:
        unit = unit**0.1
    at, r = unit / 3, np.random.default_rng(6)
    x = np.r_[np.full(40, at), unit * r.normal(0, 1, 60)].astype(short).astype(float)
    fit = mx.em(mx.Mixture([mx.PointMass(at), mx.Normal()]), x)
    seen = float(short(at))
    assert "40 are that in another rounding" in fit.reason
    assert repr(seen) in fit.reason
    right = mx.em(mx.Mixture([mx.PointMass(seen), mx.Normal()]), x)
    assert right.mixture.weights[0] == pytest.approx(0.4)
    assert "rounding;" not in right.reason
    row = mx.Product({"x": mx.PointMass(at)}), mx.Product({"x": mx.Normal()})
    assert "column 'x': no observation" in mx.em(mx.Mixture(row), {"x": x}).reason


def test_a_mass_that_has_been_rounded_and_one_of_a_sum_get_a_word_too():
    normal = np.random.default_rng(6).normal(0, 1, 60)
    for at, seen in ((float(np.float32(0.1)), 0.1), (0.3, 0.1 + 0.2)):
        x = np.r_[np.full(40, seen), normal]
        fit = mx.em(mx.Mixture([mx.PointMass(at), mx.Normal()]), x)
        assert "40 are that in another rounding" in fit.reason
    for at in (0.0, 0.1):
        fit = mx.em(mx.Mixture([mx.PointMass(at), mx.Normal()]), normal)
        assert "no observation" not in fit.reason


# ------------------------------------------------------------- orders, labels, names


@pytest.mark.slow
def test_a_product_with_a_regression_has_an_order():
    x = np.arange(20.0)
    data = {"x": x, "y": np.where(x % 2, x, 20 - x) + np.sin(9 * x), "b": x % 2}
    line = mx.Product(
        {("y", "x"): mx.LinearRegression("y", ["x"]), "b": mx.Bernoulli()}
    )
    fit = mx.em(mx.Mixture(2 * [line]), data, starts=2)
    slopes = [c.parts["y", "x"].coef["x"] for c in fit.mixture.components]
    assert sorted(np.round(slopes)) == [-1, 1]
    again = mx.em(mx.Mixture(2 * [line]), data, starts=2, rng=7)
    assert [c.parts["y", "x"].coef["x"] for c in again.mixture.components] == (
        pytest.approx(slopes, abs=1e-6)
    )


def test_a_product_with_a_part_without_moments_has_an_order():
    def bell(x, m):
        return -0.5 * (x - m) ** 2 - 0.5 * np.log(2 * np.pi)

    custom = mx.Custom(bell, {"m": (-np.inf, np.inf)}, guess={"m": 0.0})
    model = mx.Mixture(2 * [mx.Product({"a": custom, "b": mx.Normal()})])
    fit = mx.em(model, {"a": TWO, "b": TWO + R.normal(size=200)}, starts=2)
    means = [c.parts["b"].mean for c in fit.mixture.components]
    assert means == sorted(means)


def test_labels_guide_the_starts_of_nested_mixtures():
    r = np.random.default_rng(0)
    centres = np.array([[-6, 0], [6, 0], [-6, 8], [6, 8], [-6, 16], [6, 16.0]])
    z = r.integers(6, size=1200)
    x, y = centres[z] + r.normal(size=(1200, 2)), z // 2
    labels = np.where(r.random(1200) < 0.05, y, -1)
    model = mx.Mixture(3 * [mx.gaussian_mixture(2)])
    fit = mx.em(model, x, labels=labels, starts=1)
    assert (fit.mixture.predict(x) == y).mean() > 0.99


def test_labels_without_enough_rows_of_a_component_leave_the_starts_to_chance():
    x = np.concatenate([TWO, TWO + 20])
    labels = np.full(400, -1)
    labels[0] = 0
    model = mx.Mixture(2 * [mx.Mixture(2 * [mx.Normal()])])
    fit = mx.em(model, x, labels=labels, starts=3)
    assert fit.converged
    assert len(fit.starts) == 3


def test_a_class_of_the_readers_of_the_same_name_breaks_nothing():
    saved = mx.Poisson(2.0).to_json()
    theirs = type("Poisson", (mx.Normal,), {"__module__": "readers"})
    assert from_json(saved) == mx.Poisson(2.0)
    back = from_json(theirs(1.0, 2.0).to_json())
    assert type(back) is theirs
    assert (back.mean, back.sd) == (1.0, 2.0)
    assert '"type": "Poisson"' in mx.Poisson(2.0).to_json()
    mixed = mx.Mixture([mx.Normal(0.0, 1.0), theirs(1.0, 2.0)], [0.5, 0.5])
    kinds = [type(c) for c in from_json(mixed.to_json()).components]
    assert kinds == [mx.Normal, theirs]


def test_a_class_of_the_readers_has_its_own_name_in_json():
    class Plain(mx.Normal):
        pass

    assert re.search(r'"type": "Plain"', Plain(0.0, 1.0).to_json())
    assert type(from_json(Plain(0.0, 1.0).to_json())) is Plain
    assert Component.registry["Plain"] is Plain


# ------------------------------------------------- found by others, and mended since


@pytest.mark.slow
@pytest.mark.parametrize(
    "family",
    [mx.Gamma(), mx.InverseGaussian(), mx.Weibull(), mx.LogNormal(), mx.Normal(),
     mx.Laplace(), mx.Logistic(), mx.Gumbel(), mx.StudentT()],
    ids=repr,
)  # fmt: skip
@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_a_spread_that_shrinks_onto_a_value_in_every_interval_is_told(family, unit):
    rows = mx.Censored(
        unit * np.array([1.0, 2, 3]), unit * np.array([np.inf, np.inf, 3])
    )
    try:
        fit = mx.em(mx.Mixture([family]), rows, starts=1)
    except CollapseError as error:
        words = str(error)
    else:
        assert not fit.converged
        words = fit.reason
    assert "collapsed on x = " in words


@pytest.mark.parametrize("family", [mx.Beta(), mx.VonMises()], ids=repr)
def test_so_is_one_of_a_share_or_of_an_angle(family):
    rows = mx.Censored([0.1, 0.2, 0.3], [1, 1, 0.3])
    with pytest.raises(CollapseError, match=r"collapsed on x = 0\.3"):
        mx.em(mx.Mixture([family]), rows, starts=1)


def test_angles_in_degrees_are_refused_in_intervals_too():
    with pytest.raises(ValueError, match=r"np\.deg2rad"):
        mx.em(mx.Mixture([mx.VonMises()]), mx.Censored([89.5, 179.5], [90.5, 180.5]))


def test_a_mass_stands_beside_uniforms():
    r = np.random.default_rng(0)
    x = np.concatenate([np.zeros(20), r.uniform(2, 3, 40), r.uniform(5, 6, 40)])
    fit = mx.em(mx.Mixture([mx.PointMass(0), mx.Uniform(), mx.Uniform()]), x)
    np.testing.assert_allclose(fit.mixture.weights, [0.2, 0.4, 0.4], atol=1e-12)
    rows = [
        mx.Product({"a": c, "b": mx.Normal()}) for c in (mx.PointMass(0), mx.Uniform())
    ]
    fit = mx.em(mx.Mixture(rows), {"a": x, "b": r.normal(size=100)})
    assert fit.mixture.weights[0] == pytest.approx(0.2, abs=1e-12)


@pytest.mark.parametrize("labelled", [1, 5, 20])
def test_labels_guide_the_ends_of_uniforms(labelled):
    r = np.random.default_rng(3)
    parts = [r.uniform(a, a + 1, 100) for a in (0, 2, 5)]
    x, labels = np.concatenate(parts), np.full(300, -1)
    for k in range(3):
        labels[100 * k : 100 * k + labelled] = k
    fit = mx.em(mx.Mixture(3 * [mx.Uniform()]), x, labels=labels)
    found = [(c.low, c.high) for c in fit.mixture.components]
    np.testing.assert_allclose(found, [(p.min(), p.max()) for p in parts])


def test_targets_that_are_all_alike_have_an_endless_intercept():
    x = R.normal(size=100)
    for line, y in ((mx.PoissonRegression, 0.0), (mx.LogisticRegression, 1.0)):
        fit = mx.em(mx.Mixture([line("y", ["x"])]), {"x": x, "y": np.full(100, y)})
        assert "an endless intercept" in fit.reason


def test_digits_lost_by_a_sharp_density_are_no_fault_of_its_fit():
    r = np.random.default_rng(0)
    b = np.concatenate([r.beta(2e4, 3e4, 100), r.beta(2, 3, 100)])
    fit = mx.em(mx.Mixture(2 * [mx.Beta()]), b, starts=3)
    assert fit.converged
    assert np.all(np.diff(fit.history) >= 0)


@pytest.mark.parametrize("most", [1, 2, 3, 8])
def test_moves_of_ends_count_among_the_steps(most):
    x = np.random.default_rng(0).normal(size=60)
    fit = mx.em(mx.Mixture(2 * [mx.Uniform()]), x, max_iter=most, starts=1)
    assert fit.steps <= most
