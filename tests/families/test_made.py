"""Components of any log-density: the reader's own, and those of scipy.stats."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest
import scipy.stats

import mixnotes as mx
from mixnotes.data.check import CollapseError

INF = np.inf


def exponential(x, rate):
    return np.log(rate) - rate * x


def bell(x, centre, width):
    return -0.5 * ((x - centre) / width) ** 2 - np.log(width) - 0.5 * np.log(2 * np.pi)


DECAY = mx.Custom(
    exponential,
    {"rate": (0, INF)},
    support=(0, INF),
    sample=lambda n, rng, rate: rng.exponential(1 / rate, n),
    moments=lambda rate: (1 / rate, 1 / rate**2),
    cdf=lambda x, rate: -np.expm1(-rate * np.clip(x, 0, 1e300)),
)
BELL = mx.Custom(bell, {"centre": (-INF, INF), "width": (0, INF)})


# ------------------------------------------------------------------ the reader's own


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_a_custom_density_is_fitted_as_the_family_that_it_is(unit):
    x = unit * mx.Exponential(1.0).sample(80, rng=0)
    w = np.random.default_rng(1).exponential(size=80)
    assert DECAY.fit(x, w).rate == pytest.approx(mx.Exponential().fit(x, w).rate)
    expected = mx.Normal().fit(x + unit, w)
    found = BELL.fit(x + unit, w)
    assert found.centre == pytest.approx(expected.mean, rel=1e-7)
    assert found.width == pytest.approx(expected.sd, rel=1e-7)
    known = mx.Custom(bell, BELL.bounds, centre=0.0).fit(x, w)
    assert known.centre == 0
    assert known.width == pytest.approx(mx.Normal(mean=0.0).fit(x, w).sd, rel=1e-7)


def test_a_custom_density_has_what_it_was_given():
    decay = DECAY.filled({"rate": 2.0})
    twin = mx.Exponential(2.0)
    x = np.array([-1.0, 0.5, 3.0])
    np.testing.assert_allclose(decay.log_prob(x), twin.log_prob(x))
    np.testing.assert_allclose(decay.cdf(x), twin.cdf(x))
    np.testing.assert_allclose(decay.sf(x), twin.sf(x))
    np.testing.assert_allclose(decay.quantile([0, 0.3, 1]), twin.quantile([0, 0.3, 1]))
    assert decay.moments() == twin.moments()
    assert decay.sample(3, rng=0).shape == (3,)
    assert repr(decay) == "Custom(exponential, rate=2)"
    assert decay.blanks == ()
    assert decay.blank("rate") == decay.blank() == DECAY
    assert hash(decay.blank()) == hash(DECAY)
    assert DECAY.n_free == 1
    assert copy.deepcopy(decay) == decay
    plain = mx.Custom(exponential, {"rate": (0, INF)}, rate=2.0)
    assert pickle.loads(pickle.dumps(plain)) == plain


def test_a_mixture_of_custom_densities_climbs_to_the_maximum_of_their_families():
    truth = mx.Mixture([mx.Normal(0.0, 1.0), mx.Normal(6.0, 2.0)], [0.4, 0.6])
    x = truth.sample(200, rng=0)
    expected = mx.em(truth.blank(), x)
    fit = mx.em(mx.Mixture([BELL, mx.Normal()]), x, starts=2)
    assert fit.converged, fit.reason
    assert fit.log_likelihood == pytest.approx(expected.log_likelihood, abs=1e-5)
    assert np.all(np.diff(fit.history) >= 0)


def test_the_fit_of_densities_without_moments_prints_them():
    """The example of the docstring: components that cannot be put in order."""
    truth = mx.Mixture([mx.Exponential(0.1), mx.Exponential(5.0)], [0.5, 0.5])
    x = truth.sample(300, rng=0)
    decay = mx.Custom(exponential, {"rate": (0, INF)}, support=(0, INF))
    fit = mx.em(mx.Mixture([decay, decay]), x, starts=2)
    expected = mx.em(mx.Mixture(2 * [mx.Exponential()]), x)
    assert fit.log_likelihood == pytest.approx(expected.log_likelihood, abs=1e-5)
    assert "Custom(exponential, rate=" in repr(fit)


def test_a_custom_density_of_rows():
    def log_prob(x, width):
        return -0.5 * ((x / width) ** 2).sum(axis=1) - 2 * np.log(width * 2.5066282746)

    disc = mx.Custom(log_prob, {"width": (0, INF)})
    x = np.random.default_rng(0).normal(0, 3, size=(50, 2))
    assert disc.fit(x).width == pytest.approx(np.sqrt(np.mean(x**2)), rel=1e-8)


def test_a_density_with_several_summits_is_climbed_from_the_guess():
    """A Cauchy of known width over two far values has one summit at each."""

    def cauchy(x, place):
        return -np.log1p((x - place) ** 2) - np.log(np.pi)

    x = [-30.0, -30.1, -29.9, 30.0, 30.1]
    for guess in (-25.0, 25.0):
        found = mx.Custom(cauchy, {"place": (-INF, INF)}, guess={"place": guess}).fit(x)
        assert abs(found.place - np.sign(guess) * 30) < 0.2


def test_bounds_on_both_sides_hold():
    def log_prob(x, p):
        return np.where(x == 1, np.log(p), np.log1p(-p))

    coin = mx.Custom(log_prob, {"p": (0, 1)}, support=lambda x: (x == 0) | (x == 1))
    assert coin.fit([1, 1, 0, 1]).p == pytest.approx(0.75)
    assert coin.filled({"p": 0.5}).log_prob([2.0]) == -INF
    below = mx.Custom(lambda x, top: -np.log(2.0 - top) + 0 * x, {"top": (-INF, 1)})
    assert below.filled({"top": 0.5}).top == 0.5


def test_a_likelihood_without_a_maximum_is_told():
    with pytest.raises(
        CollapseError, match=r"collapsed: width ran off .*closer bounds"
    ):
        BELL.fit([1.0, 1.0, 1.0])


BAD = [
    (lambda: mx.Custom(1, {"a": (0, 1)}), "log_prob must be a function, got 1"),
    (lambda: mx.Custom(bell, {}), r"bounds must be a mapping .*got \{\}"),
    (lambda: mx.Custom(bell, None), "bounds must be a mapping"),
    (lambda: mx.Custom(bell, {"a b": (0, 1)}), "must have names as keys, got 'a b'"),
    (lambda: mx.Custom(bell, {"a": (1, 0)}), r"bounds of a must be \(low, high\)"),
    (lambda: mx.Custom(bell, {"a": 1}), "bounds of a must be"),
    (lambda: mx.Custom(bell, {"fit": (0, 1)}), "cannot have the name fit, which is a"),
    (lambda: mx.Custom(bell, {"a": (0, 1)}, b=1), "a keyword must name .*, a; got b"),
    (lambda: mx.Custom(bell, {"a": (0, 1)}, guess={"b": 1}), "guess must name a param"),
    (lambda: mx.Custom(bell, {"a": (0, 1)}, a=2), "a must be from 0 to 1, got 2"),
    (lambda: mx.Custom(bell, {"a": (0, 1)}, a="x"), "a must be a number, got 'x'"),
    (lambda: mx.Custom(bell, {"a": (0, 1)}, a=True), "a must be a number, got True"),
    (lambda: mx.Custom(bell, {"a": (0, 1)}, a=mx.Shared("a")), "a cannot be Shared"),
    (lambda: mx.Custom(bell, {"a": (0, 1)}, support=(1, 1)), "support must be"),
    (
        lambda: mx.Custom(bell, {"a": (0, 1)}, sample=3),
        "sample must be a function, got 3",
    ),
    (lambda: DECAY.log_prob([1.0]), "has blanks: rate; fit first"),
    (lambda: DECAY.fit([1.0, -1.0]), r"numbers from 0 to inf, got x\[1\] = -1"),
    (lambda: DECAY.blank("loc"), "can have blanks in rate, got loc"),
    (lambda: DECAY.filled({"rate": 1}).to_json(), "does not save as JSON"),
    (
        lambda: BELL.filled({"centre": 0, "width": 1}).sample(1, 0),
        "without sample; pass",
    ),
    (lambda: BELL.filled({"centre": 0, "width": 1}).moments(), "made without moments"),
    (lambda: BELL.filled({"centre": 0, "width": 1}).cdf([0]), "made without cdf"),
    (lambda: setattr(DECAY, "rate", 1.0), "is immutable, cannot set rate"),
    (lambda: DECAY.missing, "Custom has no missing"),
    (
        lambda: mx.Custom(lambda x, a: 0.0, {"a": (0, 1)}, a=0.5).log_prob([1.0, 2.0]),
        r"one number an observation, shape \(2,\), got shape \(\)",
    ),
    (
        lambda: mx.Custom(lambda x, a: a * x * np.nan, {"a": (0, 1)}, a=1).log_prob(
            [1]
        ),
        r"must not be NaN, got it at x\[0\] = 1",
    ),
    (
        lambda: mx.Custom(lambda x, a: a + x - INF, {"a": (0, 1)}).fit([1.0, 2.0]),
        "no values of a were found under which every observation is possible",
    ),
    # --- from scipy
    (lambda: mx.from_scipy("norml"), "takes a continuous or discrete .* got 'norml'"),
    (lambda: mx.from_scipy(3), "such as scipy.stats.genextreme, got 3"),
    (lambda: mx.from_scipy(scipy.stats.multivariate_normal), "takes a continuous or"),
    (lambda: mx.from_scipy(scipy.stats.norm, sd=1), "norm has the parameters loc, sca"),
    (lambda: mx.from_scipy(scipy.stats.binom), r"n must be given.*'binom', n=\.\.\."),
    (lambda: mx.from_scipy(scipy.stats.norm, scale=-1), "scale must be from 0 to inf"),
    (lambda: mx.from_scipy(scipy.stats.norm, loc="a"), "loc must be a number, got 'a'"),
    (lambda: mx.from_scipy(scipy.stats.norm).log_prob([1]), "has blanks: loc, scale"),
    (
        lambda: mx.from_scipy(scipy.stats.poisson).fit([0.5]),
        r"poisson, got x\[0\] = 0.5",
    ),
    (
        lambda: mx.from_scipy(scipy.stats.gamma, a=2, loc=0, scale=1).fit([-1.0]),
        r"in the support of gamma, got x\[0\] = -1",
    ),
    (lambda: mx.from_json('{"type": "FromScipy"}'), "parameters of FromScipy"),
]


@pytest.mark.parametrize(("bad", "message"), BAD, ids=[m[:40] for _, m in BAD])
def test_bad_input_gets_the_error_that_the_user_needs(bad, message):
    with pytest.raises((ValueError, TypeError, AttributeError), match=message):
        bad()


# ---------------------------------------------------------------------- scipy.stats


def test_scipys_distributions_are_fitted_as_the_families_that_they_are():
    x = mx.Gamma(3.0, 2.0).sample(100, rng=0)
    w = np.random.default_rng(1).exponential(size=100)
    for scipys, ours in [
        (mx.from_scipy(scipy.stats.norm), mx.Normal()),
        (mx.from_scipy(scipy.stats.gamma, loc=0), mx.Gamma()),
        (mx.from_scipy(scipy.stats.weibull_min, loc=0), mx.Weibull()),
        (mx.from_scipy(scipy.stats.t), mx.StudentT()),
        (mx.from_scipy("laplace"), mx.Laplace()),
        (mx.from_scipy(scipy.stats.poisson), mx.Poisson()),
        (mx.from_scipy(scipy.stats.geom, loc=-1), mx.Geometric()),
    ]:
        data = np.round(x) if scipys.discrete else x
        expected = w @ ours.fit(data, w).log_prob(data)
        fitted = scipys.fit(data, w)
        assert w @ fitted.log_prob(data) == pytest.approx(expected, abs=1e-6), scipys
        again = scipys.fit(data, w, start=fitted)
        assert w @ again.log_prob(data) >= w @ fitted.log_prob(data) - 1e-9


@pytest.mark.parametrize(
    "truth",
    [
        scipy.stats.genextreme(c=-0.2, loc=1, scale=2),
        scipy.stats.skewnorm(a=3, loc=1, scale=2),
        scipy.stats.nbinom(n=3, p=0.4),
        scipy.stats.betabinom(n=10, a=2.0, b=3.0),
        scipy.stats.genpareto(c=0.3, loc=0, scale=2),
        scipy.stats.burr12(c=2, d=3, loc=0, scale=1),
        scipy.stats.johnsonsu(a=1, b=2, loc=0, scale=3),
    ],
    ids=lambda d: d.dist.name,
)
def test_a_fit_of_scipys_distribution_is_above_the_truth_and_scipys_own(truth):
    known = mx.from_scipy(truth)
    x = known.sample(300, rng=0)
    np.testing.assert_allclose(
        known.log_prob(x), (truth.logpmf if known.discrete else truth.logpdf)(x)
    )
    blanks = [n for n in known.bounds if n != "loc" or known.bounds == {}]
    model = known.blank(*blanks)
    fitted = model.fit(x)
    height = fitted.log_prob(x).sum()
    assert height >= known.log_prob(x).sum()
    if not known.discrete:
        values = truth.dist.fit(x, floc=known.loc)
        with np.errstate(all="ignore"):
            assert height >= truth.dist.logpdf(x, *values).sum() - 1e-6
    assert mx.from_json(fitted.to_json()) == fitted
    assert pickle.loads(pickle.dumps(fitted)) == fitted
    assert eval(repr(fitted), vars(mx)).name == fitted.name


def test_a_mixture_with_a_distribution_of_scipy():
    truth = mx.Mixture(
        [mx.from_scipy(scipy.stats.gumbel_r(0, 1)), mx.Normal(9.0, 1.0)], [0.5, 0.5]
    )
    x = truth.sample(200, rng=0)
    fit = mx.em(truth.blank(), x, starts=1)
    twin = mx.em(mx.Mixture([mx.Gumbel(), mx.Normal()]), x)
    assert fit.converged, fit.reason
    assert fit.log_likelihood == pytest.approx(twin.log_likelihood, abs=1e-5)


def test_what_needs_scipy_says_so_where_there_is_none():
    code = (
        "import sys; sys.modules['scipy'] = None; import mixnotes as mx\n"
        "for call in (lambda: mx.Gamma(2.0, 1.0).cdf([1.0]),\n"
        "             lambda: mx.StudentT(3.0, 0.0, 1.0).quantile([0.1]),\n"
        "    lambda: mx.Custom(lambda x, a: -a * x, {'a': (0, 9)}).fit([1])):\n"
        "    try: call()\n"
        "    except ImportError as error: print(error)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout.count("scipy is not installed") == 3, run.stderr


def continuous_distributions():
    """The continuous distributions that scipy tests, with its parameters."""
    slow = {"levy_stable", "studentized_range"}
    known = scipy.stats._distr_params.distcont
    return [(name, args) for name, args in known if name not in slow]


@pytest.mark.parametrize(("name", "args"), continuous_distributions())
def test_log_densities_are_those_of_scipy_to_the_last_bit(name, args):
    """Inside the support, at its ends and outside of it."""
    distribution = getattr(scipy.stats, name)
    frozen = distribution(*args, loc=1.5, scale=2.0)
    low, high = frozen.support()
    x = frozen.ppf(np.linspace(0.01, 0.99, 23))
    ends = [e for e in (low, high) if np.isfinite(e)]
    x = np.concatenate([x, ends, [1.5, 3.5, -1e3, 1e3]])
    with np.errstate(all="ignore"):
        expected = frozen.logpdf(x)
    np.testing.assert_array_equal(mx.from_scipy(frozen).logs(
        x, mx.from_scipy(frozen).values), expected)  # fmt: skip
