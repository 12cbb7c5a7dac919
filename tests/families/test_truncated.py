"""What is seen only between two ends, of a component and of a mixture."""

import pickle

import numpy as np
import pytest
import scipy.optimize
import scipy.stats as st

import mixnotes as mx
from mixnotes.sklearn import MixtureModel

RNG = np.random.default_rng(0)
TIMES, GROUPS = np.arange(1.0, 9), np.array([46.0, 28, 21, 13, 23, 14, 6, 11])
WAITS = np.r_[RNG.exponential(20.0, 600), RNG.exponential(300.0, 600)]
WAITS = WAITS[(WAITS > 5) & (WAITS < 1000)]


def test_a_zero_truncated_poisson_solves_its_equation():
    """mean of what is seen = rate / (1 - exp(-rate))."""
    found = mx.Truncated(mx.Poisson(), 1, None).fit(TIMES, GROUPS)
    rate = found.component.rate
    assert rate / -np.expm1(-rate) == pytest.approx(GROUPS @ TIMES / GROUPS.sum())
    assert found.seen == pytest.approx(-np.expm1(-rate))
    assert found.log_prob([0.0]) == -np.inf


def test_a_truncated_normal_ends_where_another_search_does():
    x = RNG.normal(1.0, 1.5, 2000)
    x = x[(x > 0.5) & (x < 4.0)]

    def fallen(u):
        mean, sd = u[0], np.exp(u[1])
        ends = (0.5 - mean) / sd, (4.0 - mean) / sd
        return -st.truncnorm.logpdf(x, *ends, mean, sd).sum()

    other = scipy.optimize.minimize(
        fallen, [1.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-9}
    )
    found = mx.Truncated(mx.Normal(), 0.5, 4.0).fit(x)
    assert found.component.mean == pytest.approx(other.x[0], rel=1e-4)
    assert found.component.sd == pytest.approx(np.exp(other.x[1]), rel=1e-4)
    assert found.log_prob(x).sum() >= -other.fun - 1e-8


@pytest.mark.slow
def test_weights_are_told_before_of_a_mixture_and_after_of_its_components():
    apart = mx.em(mx.Mixture(2 * [mx.Truncated(mx.Exponential(), 5, 1000)]), WAITS)
    whole = mx.em(mx.Truncated(mx.Mixture(2 * [mx.Exponential()]), 5, 1000), WAITS)
    assert whole.log_likelihood == pytest.approx(apart.log_likelihood, abs=1e-6)
    assert whole.converged, whole.reason
    (found,) = whole.mixture.components
    after = apart.mixture
    rates = [part.component.rate for part in after.components]
    before = [part.rate for part in found.component.components]
    np.testing.assert_allclose(before, rates, rtol=1e-6)
    seen = np.array([part.seen for part in after.components])
    weights = after.weights / seen
    np.testing.assert_allclose(
        found.component.weights, weights / weights.sum(), rtol=1e-6
    )
    assert found.seen == pytest.approx(float(found.component.weights @ seen), rel=1e-9)
    assert whole.log_likelihood == pytest.approx(found.log_prob(WAITS).sum(), rel=1e-12)
    assert len(whole.starts) == len(apart.starts)
    errors = whole.standard_errors()
    assert errors["components[0].component.weights"].shape == (2,)
    assert (np.diff(whole.history) >= 0).all()


def test_a_truncated_mixture_with_given_weights_keeps_them():
    model = mx.Truncated(mx.Mixture(2 * [mx.Exponential()], [0.5, 0.5]), 5, 1000)
    start = mx.Truncated(
        mx.Mixture([mx.Exponential(0.1), mx.Exponential(0.005)], [0.5, 0.5]), 5, 1000
    )
    fit = mx.em(mx.Mixture([model]), WAITS, start=mx.Mixture([start]))
    (found,) = fit.mixture.components
    np.testing.assert_array_equal(found.component.weights, [0.5, 0.5])

    def fallen(u):
        a, b = np.exp(u)
        p = 0.5 * st.expon.pdf(WAITS, scale=1 / a) + 0.5 * st.expon.pdf(
            WAITS, scale=1 / b
        )
        seen = 0.5 * sum(np.exp(-5 * v) - np.exp(-1000 * v) for v in (a, b))
        return -np.log(p / seen).sum()

    other = scipy.optimize.minimize(fallen, np.log([0.05, 0.003]), method="BFGS")
    assert fit.log_likelihood == pytest.approx(-other.fun, abs=1e-5)


def test_a_truncated_component_beside_another():
    x = np.r_[np.zeros(50), RNG.poisson(3.0, 200)]
    x = np.r_[x[:50], x[50:][x[50:] > 0]]
    hurdle = mx.Mixture([mx.PointMass(0), mx.Truncated(mx.Poisson(), 1, None)])
    fit = mx.em(hurdle, x)
    assert fit.mixture.weights[0] == pytest.approx(50 / len(x), abs=1e-9)
    alone = mx.Truncated(mx.Poisson(), 1, None).fit(x[x > 0])
    found = fit.mixture.components[1].component.rate
    assert found == pytest.approx(alone.component.rate, rel=1e-7)


@pytest.mark.parametrize("unit", [1e-3, 1e3])
def test_the_unit_of_the_data_does_not_matter(unit):
    one = mx.Truncated(mx.Normal(), 0.5, 4.0)
    other = mx.Truncated(mx.Normal(), 0.5 * unit, 4.0 * unit)
    x = np.linspace(0.9, 3.9, 50) ** 1.2 / 3.9**0.2
    here, there = one.fit(x).component, other.fit(x * unit).component
    assert there.mean == pytest.approx(unit * here.mean, rel=1e-5)
    assert there.sd == pytest.approx(unit * here.sd, rel=1e-5)


def test_what_is_believed_of_a_truncated_component_counts():
    belief = mx.Gamma(30.0, 0.2)
    found = mx.Truncated(mx.Poisson(belief), 1, None).fit(TIMES, GROUPS)

    def fallen(rate):
        p = st.poisson.logpmf(TIMES, rate) - np.log(-np.expm1(-rate))
        return -(GROUPS @ p + st.gamma.logpdf(rate, 30.0, scale=0.2))

    other = scipy.optimize.minimize_scalar(
        fallen, bounds=(1, 9), method="bounded", options={"xatol": 1e-10}
    )
    assert found.component.rate == pytest.approx(other.x, rel=1e-6)
    bounded = mx.Truncated(mx.Poisson(mx.Between(4, None)), 1, None)
    assert bounded.fit(TIMES, GROUPS).component.rate == 4.0


def test_far_out_on_a_tail_the_density_keeps_its_digits():
    """Beyond 38 standard deviations a probability is less than the least float."""
    z = np.array([100.0, 100.5, 101.0])
    found = mx.Truncated(mx.Normal(2, 3), 302, 305).log_prob(2 + 3 * z)
    expected = st.truncnorm.logpdf(2 + 3 * z, 100, 101, 2, 3)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    below = mx.Truncated(mx.Normal(0, 1), None, -50)
    assert below.quantile([0.5]) == pytest.approx(-50 - np.log(2) / 50, abs=1e-4)
    late = mx.Truncated(mx.Exponential(1.0), 2000, None).log_prob([2001.0])
    assert late == pytest.approx([-1.0])
    long = mx.Truncated(mx.LogNormal(0, 0.01), 2.0, None).log_prob([2.001])
    assert np.isfinite(long).all()
    with pytest.raises(ValueError, match="hold some of the component"):
        mx.Truncated(mx.Gumbel(0, 1), 2000, 2001).log_prob([2000.5])


def test_exponential_values_have_no_best_truncated_normal():
    """Its mean would be endless; rounding in the tail once looked like a summit."""
    x = np.random.default_rng(1).exponential(size=300)
    x = np.r_[x, 9.0]  # a long tail, so that no normal is as good
    fit = mx.em(mx.Truncated(mx.Normal(), 0, None), x, starts=1, max_iter=300)
    limit = -len(x) * (1 + np.log(x.mean()))
    assert fit.log_likelihood <= limit
    assert fit.log_likelihood == pytest.approx(limit, abs=0.01)
    assert "an Exponential from the end" in fit.reason


def test_labels_are_those_of_the_components_of_a_truncated_mixture():
    """Weights before or after: the labelled likelihood is the same."""
    z = np.where(WAITS < 100, 0, np.where(WAITS > 500, 1, -1))
    two = mx.Mixture(2 * [mx.Exponential()])
    whole = mx.em(mx.Truncated(two, 5, 1000), WAITS, labels=z)
    apart = mx.Mixture(2 * [mx.Truncated(mx.Exponential(), 5, 1000)])
    expected = mx.em(apart, WAITS, labels=z)
    assert whole.log_likelihood == pytest.approx(expected.log_likelihood, abs=1e-6)
    known = mx.Truncated(mx.Mixture(2 * [mx.Exponential()], [0.5, 0.5]), 5, 1000)
    for beside in ({"labels": z}, {"groups": z}):
        with pytest.raises(ValueError, match="where its weights are blank"):
            mx.em(known, WAITS, **beside)


def test_a_truncated_mixture_is_compared_as_a_mixture_is():
    one, two = (mx.Truncated(mx.Mixture(K * [mx.Poisson()]), 1, None) for K in (1, 2))
    table = mx.select({1: one, 2: two}, TIMES, sample_weight=GROUPS, starts=2)
    assert table[2].fit.log_likelihood > table[1].fit.log_likelihood + 10
    x = TIMES.repeat(GROUPS.astype(int))
    test = mx.likelihood_ratio_test(one, two, x, samples=2, starts=1)
    gain = table[2].fit.log_likelihood - table[1].fit.log_likelihood
    assert test.statistic == pytest.approx(2 * gain, abs=1e-3)
    model = MixtureModel(mixture=two).fit(TIMES[:, None], sample_weight=GROUPS)
    score = model.score_samples(TIMES[:, None]) @ GROUPS
    assert score == pytest.approx(table[2].fit.log_likelihood, abs=0.01)


def test_a_truncated_component_is_kept_everywhere():
    model = mx.Truncated(mx.Mixture(2 * [mx.Exponential()]), 5, None)
    for other in (
        mx.from_json(model.to_json()),
        pickle.loads(pickle.dumps(model)),
        eval(repr(model), vars(mx)),
    ):
        assert other == model
        assert hash(other) == hash(model)
    assert model.blanks == (
        "component.components[0].rate",
        "component.components[1].rate",
        "component.weights",
    )
    assert model.n_free == 3


@pytest.mark.parametrize(
    "make",
    [
        lambda: mx.Truncated(mx.Normal(), 3, 1),
        lambda: mx.Truncated(mx.Normal(), 1, 1),
        lambda: mx.Truncated(mx.Normal(), None, None),
        lambda: mx.Truncated(mx.Normal(), "a", 1),
        lambda: mx.Truncated(mx.Normal(), float("nan"), 1),
        lambda: mx.Truncated(mx.MultivariateNormal(), 0, 1),
        lambda: mx.Truncated(mx.Categorical(n=3), 0, None).fit([-1.0]),
        lambda: mx.Truncated(mx.LinearRegression("y", ["x"]), 0, 1),
        lambda: mx.Truncated(3, 0, 1),
        lambda: mx.Truncated(mx.Uniform(0, 1), 2, 3),
        lambda: mx.Truncated(mx.Normal(), 0, 1).fit([0.5, 2.0]),
        lambda: mx.em(mx.Truncated(mx.Poisson(), 1, None), [0.0, 1.0]),
        lambda: mx.Truncated(mx.Normal(), 0, 1).log_prob([0.5]),
        lambda: mx.Truncated(
            mx.Mixture(2 * [mx.Normal()], weights=mx.Gate(["age"])), 0, None
        ),
        lambda: mx.Truncated(mx.Chain(2 * [mx.Normal()]), 0, None),
    ],
)
def test_what_cannot_be_truncated_is_refused(make, snapshot):
    with pytest.raises((TypeError, ValueError)) as error:
        make()
    assert str(error.value) == snapshot


# ------------------------------------------------------- counts in a tail, and atoms


@pytest.mark.parametrize(
    ("family", "dist"),
    [
        (mx.Poisson(3.0), st.poisson(3.0)),
        (mx.Poisson(1e-9), st.poisson(1e-9)),
        (mx.Binomial(100, 0.1), st.binom(100, 0.1)),
        (mx.Geometric(0.6), st.geom(0.6, loc=-1)),
        (mx.NegativeBinomial(0.3, 2.0), st.nbinom(0.3, 0.3 / 2.3)),
        (mx.BetaBinomial(90, 2.0, 30.0), st.betabinom(90, 2.0, 30.0)),
    ],
    ids=["poisson", "rare", "binomial", "geometric", "negative", "beta"],
)
@pytest.mark.parametrize(
    "ends", [(1, None), (8, None), (30, None), (40, 60), (None, 4)]
)
def test_counts_far_out_on_a_tail_keep_their_probabilities(family, dist, ends):
    """Also where all that is seen is less than rounding beside 1."""
    low, high = ends
    seen = np.arange(low or 0, (high or 4000) + 1)
    logs = family.log_prob(seen[seen <= family.ends[1]])
    wanted = logs - np.logaddexp.reduce(logs)
    part = mx.Truncated(family, low, high)
    few = seen[:12]
    np.testing.assert_allclose(part.log_prob(few), wanted[:12], atol=1e-10)
    np.testing.assert_allclose(
        dist.logpmf(few) - dist.logpmf(few[0]), wanted[:12] - wanted[0], rtol=1e-7
    )
    share = np.exp(wanted)
    below = np.cumsum(share)
    np.testing.assert_allclose(part.cdf(few), below[:12], atol=1e-10)
    np.testing.assert_allclose(part.cdf(few) + part.sf(few), 1, atol=1e-12)
    levels = np.array([0.1, 0.5, 0.9])
    wanted = seen[np.searchsorted(below, levels)]
    np.testing.assert_array_equal(part.quantile(levels), wanted)
    draws = part.sample(4000, rng=0)
    assert draws.min() >= seen[0]
    assert draws.max() <= seen[-1]
    mean, variance = part.moments()
    assert mean == pytest.approx(share @ seen[: len(share)], rel=1e-9)
    aside = abs(draws.mean() - mean)
    assert aside <= 5 * np.sqrt(variance / len(draws)) + 1e-9


@pytest.mark.parametrize(
    ("part", "x", "weight", "found"),
    [
        (mx.Poisson(), [30, 31], [95, 5], 1.4808),
        (mx.Poisson(), [10, 11], [97, 3], 0.32198),
        (mx.Poisson(), [15, 16], [97, 3], 0.4677),
        (mx.Geometric(), [3, 4], [99999, 1], 0.99999),
    ],
)
def test_counts_from_a_low_end_that_is_far_out_are_fitted(part, x, weight, found):
    """And end where another search does."""
    fit = mx.em(mx.Mixture([mx.Truncated(part, x[0], None)]), x, sample_weight=weight)
    assert fit.converged
    value = getattr(fit.mixture.components[0].component, part.blanks[0])
    assert value == pytest.approx(found, rel=1e-4)

    def lost(u):
        other = mx.Truncated(part.filled({part.blanks[0]: u}), x[0], None)
        return -float(weight @ other.log_prob(x))

    around = 0.9 * value, min(1.1 * value, 1 - 1e-9 if "p" in part.blanks else np.inf)
    best = scipy.optimize.minimize_scalar(
        lost, bounds=around, method="bounded", options={"xatol": 1e-10}
    )
    assert fit.log_likelihood > -best.fun - 1e-7
    assert fit.log_likelihood < -best.fun + 1e-5


def test_counts_may_have_a_high_end_alone():
    counts = np.array([0, 1, 2, 5, 3])
    fit = mx.em(mx.Truncated(mx.Poisson(), None, 5), counts)

    def lost(rate):
        seen = st.poisson.logpmf(np.arange(6), rate)
        logs = st.poisson.logpmf(counts, rate) - np.logaddexp.reduce(seen)
        return -logs.sum()

    best = scipy.optimize.minimize_scalar(lost, (1, 3), tol=1e-10)
    assert fit.log_likelihood == pytest.approx(-best.fun, abs=1e-7)


WITH_ZEROS = np.r_[0, 0, 0, 3, 2, 1, 4, 5.0]


def test_a_single_value_at_an_end_is_seen():
    """3 of 8 are at the end, which is included; the others are a truncated gamma."""
    model = mx.Truncated(mx.Mixture([mx.PointMass(0), mx.Gamma()]), 0, 9)
    others = mx.em(mx.Mixture([mx.Truncated(mx.Gamma(), 0, 9)]), WITH_ZEROS[3:])
    shares = 3 * np.log(3 / 8) + 5 * np.log(5 / 8)
    wanted = shares + others.log_likelihood
    for fitted in (
        mx.em(model, WITH_ZEROS),
        mx.em(mx.Mixture([mx.Product({"a": model})]), {"a": WITH_ZEROS}),
    ):
        assert fitted.log_likelihood == pytest.approx(wanted, abs=1e-8)


@pytest.mark.parametrize(
    ("at", "low", "high"),
    [(0, 0, None), (2, 0, 5), (0, -1, None), (5, 0, 5), (9, 0, 5)],
)
def test_a_single_value_has_its_probability_between_the_ends(at, low, high):
    part = mx.Mixture([mx.PointMass(at), mx.Normal(3, 1)], [0.5, 0.5])
    truncated = mx.Truncated(part, low, high)
    most = np.inf if high is None else high
    atom = 0.5 if low <= at <= most else 0.0
    rest = 0.5 * (st.norm(3, 1).cdf(most) - st.norm(3, 1).cdf(low))
    assert truncated.seen == pytest.approx(atom + rest, abs=1e-14)
    share = atom / (atom + rest)
    if atom:
        assert truncated.log_prob([at]) == pytest.approx(np.log(share))
        below = (st.norm(3, 1).cdf(at) - st.norm(3, 1).cdf(low)) * 0.5 / (atom + rest)
        assert truncated.cdf([at]) == pytest.approx(share + below)
    normal = st.truncnorm(low - 3, most - 3, 3, 1)
    mean = share * at + (1 - share) * normal.mean()
    square = share * at**2 + (1 - share) * (normal.var() + normal.mean() ** 2)
    assert truncated.moments()[0] == pytest.approx(mean, rel=1e-9)
    assert truncated.moments()[1] == pytest.approx(square - mean**2, rel=1e-8)
    draws = truncated.sample(20_000, rng=0)
    assert draws.mean() == pytest.approx(mean, abs=0.05)


def test_a_single_value_that_is_truncated_stands_beside_densities():
    model = mx.Mixture([mx.PointMass(0), mx.Normal()])
    fit = mx.em(mx.Truncated(model, -1, None), np.r_[WITH_ZEROS, 1.5])
    (found,) = fit.mixture.components
    assert found.component.components[1].mean > 1
    assert fit.mixture.log_prob(np.r_[WITH_ZEROS, 1.5]).sum() == pytest.approx(
        fit.log_likelihood
    )
    beside = mx.Mixture([mx.Truncated(mx.PointMass(0), -1, None), mx.Normal()])
    weights = mx.em(beside, np.r_[WITH_ZEROS, 0.5]).mixture.weights
    assert weights == pytest.approx([1 / 3, 2 / 3])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_a_truncated_laplace_ends_at_a_peak(seed):
    """Which is at an observation, where the density has its kink."""
    rng = np.random.default_rng(seed)
    x = np.r_[rng.laplace(0, 1, 60), rng.laplace(4, 0.7, 30)]
    x = x[(x > -1) & (x < 5)]
    fit = mx.em(mx.Mixture(2 * [mx.Truncated(mx.Laplace(), -1, 5)]), x, starts=2)
    assert fit.converged
    parts = [part.component for part in fit.mixture.components]
    begin = np.array([*(p.loc for p in parts), *(np.log(p.scale) for p in parts), 0])
    share = fit.mixture.weights[0]
    begin[-1] = np.log(share / (1 - share))

    def lost(u):
        a, b = (mx.Truncated(mx.Laplace(u[k], np.exp(u[2 + k])), -1, 5) for k in (0, 1))
        one = 1 / (1 + np.exp(-u[-1]))
        return -mx.Mixture([a, b], [one, 1 - one]).log_prob(x).sum()

    for size in (1e-5, 1e-3):
        corners = np.vstack([begin, begin + size * np.eye(5)])
        found = scipy.optimize.minimize(
            lost, begin, method="Nelder-Mead",
            options={"initial_simplex": corners, "maxfev": 2000, "xatol": 1e-10,
                     "fatol": 1e-10},
        )  # fmt: skip
        assert -found.fun < fit.log_likelihood + 1e-6


def test_degrees_of_freedom_that_are_0_are_named():
    """Between two ends a power of the distance is a distribution, and may be best."""
    for df, words in ((1e-6, "df = 0"), (3.0, ""), (np.inf, "df = inf, a normal")):
        part = mx.StudentT(loc=0.0, scale=1.0, df=df)
        assert mx.Truncated(part, -1, 1).limit.startswith(words)
        whole = mx.Mixture([part, mx.Normal(0, 1)], [0.5, 0.5])
        assert bool(mx.Truncated(whole, -1, 1).limit) == bool(words)
