"""The contract, over one list of all components: what `em` relies on."""

import copy
import itertools
import pickle

import numpy as np
import pytest
import scipy.integrate
import scipy.stats

import mixnotes as mx
from mixnotes.components.component import Component
from mixnotes.families.scipys import FromScipy

FILLED = [
    mx.Bernoulli(0.8),
    mx.Bernoulli(0.0),
    mx.Bernoulli(1.0),
    mx.Binomial(10, 0.3),
    mx.Binomial(1, 0.5),
    mx.Binomial(2000, 1e-3),
    mx.BetaBinomial(10, 2.0, 0.7),
    mx.BetaBinomial(400, 30.0, 50.0),
    mx.Categorical([0.2, 0.5, 0.3]),
    mx.Categorical([0.0, 1.0]),
    mx.Categorical([0.2, 0.5, 0.3], levels=[1, 2, 5]),
    mx.Geometric(0.3),
    mx.Geometric(1.0),
    mx.Poisson(2.66),
    mx.Poisson(0.0),
    mx.Poisson(400.0),
    mx.Normal(-3.0, 0.5),
    mx.Normal(1e6, 1e-3),
    mx.Exponential(0.2),
    mx.LogNormal(1.0, 0.5),
    mx.NegativeBinomial(0.4, 3.0),
    mx.NegativeBinomial(30.0, 5.0),
    mx.NegativeBinomial(np.inf, 5.0),
    mx.NegativeBinomial(2.0, 0.0),
    mx.PointMass(3.0),
    mx.Gamma(0.7, 3.0),
    mx.Gamma(80.0, 0.7),
    mx.Weibull(0.8, 2.0),
    mx.Weibull(5.0, 2.0),
    mx.InverseGaussian(2.0, 5.0),
    mx.InverseGaussian(1.0, 200.0),
    mx.Beta(2.0, 0.9),
    mx.Beta(40.0, 60.0),
    mx.Uniform(2.0, 5.0),
    mx.VonMises(1.0, 3.0),
    mx.VonMises(-2.0, 0.2),
    mx.VonMises(0.5, 900.0),
    mx.Laplace(-1.0, 2.0),
    mx.Logistic(-1.0, 2.0),
    mx.Gumbel(-1.0, 2.0),
    mx.StudentT(5.5, -1.0, 2.0),
    mx.StudentT(60.0, -1.0, 2.0),
    mx.StudentT(np.inf, -1.0, 2.0),
    mx.Truncated(mx.Normal(1.0, 2.0), 0.0, 3.0),
    mx.Truncated(mx.Poisson(2.66), 1, None),
    mx.Truncated(mx.Binomial(10, 0.3), 2, 9),
    mx.Truncated(mx.Exponential(0.2), 2.0, None),
    mx.Truncated(
        mx.Mixture([mx.Normal(0.0, 1.0), mx.Normal(4.0, 2.0)], [0.5, 0.5]), -1.0, 6.0
    ),
    mx.from_scipy(scipy.stats.genextreme, c=0.1, loc=2.0, scale=0.5),
    mx.from_scipy(scipy.stats.nbinom, n=4, p=0.3),
    mx.Mixture([mx.Poisson(1.0), mx.Binomial(5, 0.9)], [0.25, 0.75]),
    mx.Mixture(
        [
            mx.Normal(0.0, 1.0),
            mx.Mixture([mx.Normal(4.0, 2.0), mx.Normal(9.0, 1.0)], [0.5, 0.5]),
        ],
        [0.2, 0.8],
    ),
]
every_component = pytest.mark.parametrize("component", FILLED, ids=repr)
LEARNABLE = [c for c in FILLED if c != mx.Normal(1e6, 1e-3)]
every_learnable = pytest.mark.parametrize("component", LEARNABLE, ids=repr)


def is_discrete(component):
    return all(map(is_discrete, getattr(component, "components", ()))) and (
        isinstance(component, mx.Mixture) or component.discrete
    )


def twin(component):
    """The same distribution in scipy.stats."""
    match component:
        case mx.Bernoulli(p=p):
            return scipy.stats.bernoulli(p)
        case mx.Binomial(n=n, p=p):
            return scipy.stats.binom(n, p)
        case mx.BetaBinomial(n=n, a=a, b=b):
            return scipy.stats.betabinom(n, a, b)
        case mx.Geometric(p=p):
            return scipy.stats.geom(p, loc=-1)
        case mx.Exponential(rate=rate):
            return scipy.stats.expon(scale=1 / rate)
        case mx.LogNormal(mu=mu, sigma=sigma):
            return scipy.stats.lognorm(sigma, scale=np.exp(mu))
        case mx.Poisson(rate=rate):
            return scipy.stats.poisson(rate)
        case mx.Normal(mean=mean, sd=sd):
            return scipy.stats.norm(mean, sd)
        case mx.NegativeBinomial(size=size, mean=mean) if size < np.inf and mean:
            return scipy.stats.nbinom(size, size / (size + mean))
        case mx.Gamma(shape=shape, scale=scale):
            return scipy.stats.gamma(shape, scale=scale)
        case mx.Weibull(shape=shape, scale=scale):
            return scipy.stats.weibull_min(shape, scale=scale)
        case mx.InverseGaussian(mean=mean, shape=shape):
            return scipy.stats.invgauss(mean / shape, scale=shape)
        case mx.Beta(a=a, b=b):
            return scipy.stats.beta(a, b)
        case mx.Uniform(low=low, high=high):
            return scipy.stats.uniform(low, high - low)
        case mx.VonMises(mean=mean, concentration=k):
            return scipy.stats.vonmises(k, mean)
        case mx.Laplace(loc=loc, scale=scale):
            return scipy.stats.laplace(loc, scale)
        case mx.Logistic(loc=loc, scale=scale):
            return scipy.stats.logistic(loc, scale)
        case mx.Gumbel(loc=loc, scale=scale):
            return scipy.stats.gumbel_r(loc, scale)
        case mx.StudentT(df=df, loc=loc, scale=scale) if df < np.inf:
            return scipy.stats.t(df, loc, scale)
        case mx.StudentT(loc=loc, scale=scale):
            return scipy.stats.norm(loc, scale)
        case mx.Truncated(component=mx.Normal(mean=mean, sd=sd), low=low, high=high):
            return scipy.stats.truncnorm(
                (low - mean) / sd, (high - mean) / sd, mean, sd
            )
        case mx.Truncated(component=mx.Exponential(rate=rate), low=low):
            return scipy.stats.expon(low, 1 / rate)  # it has no memory
        case mx.Truncated():
            return None
        case mx.NegativeBinomial() | mx.Categorical() | mx.PointMass() | mx.Mixture():
            return None  # scipy has none of them, nor these limits
        case FromScipy():
            return None  # it is scipy's own
    raise NotImplementedError(f"twin() needs a case for {component!r}")


def test_every_family_that_is_exported_stands_in_a_list_of_the_contract():
    """A family that no list holds is a family that nothing tests."""
    from tests.components.test_contract_rows import FILLED as ROWS

    exported = {getattr(mx, name) for name in mx.__all__}
    families = {c for c in exported if isinstance(c, type) and issubclass(c, Component)}
    families -= {mx.Component, mx.Custom}  # the contract; a reader's own density
    families -= {mx.Noise}  # a density on no region in particular: test_noise
    families -= {mx.Chain}  # of rows that depend on each other: test_label_contract
    assert families - {type(c) for c in [*FILLED, *ROWS]} == set()


@every_component
def test_the_density_sums_or_integrates_to_one(component):
    if is_discrete(component):
        total = np.exp(component.log_prob(np.arange(2000.0))).sum()
    else:
        mean, variance = component.moments()
        ends = mean + np.sqrt(variance) * np.array([-12, 0, 40])
        if not component.inside(ends[:1])[0]:
            ends[0] = 0.0
        if not isinstance(component, mx.Mixture):
            levels = [1e-9, 1e-6, 1e-3, *np.linspace(0.01, 0.99, 9)]
            levels += [1 - 1e-3, 1 - 1e-6, 1 - 1e-9]
            ends = component.quantile(levels)
        total = sum(
            scipy.integrate.quad(
                lambda v: np.exp(component.log_prob([v]))[0], *pair, limit=200
            )[0]
            for pair in itertools.pairwise(ends)
        )
    assert total == pytest.approx(1, abs=1e-7)


@pytest.mark.parametrize("component", [c for c in FILLED if twin(c)], ids=repr)
def test_the_log_density_is_that_of_scipy_in_the_bulk_and_the_tails(component):
    """To 1e-10, relative."""
    mean, variance = component.moments()
    if is_discrete(component):
        x = np.unique(np.r_[np.arange(12.0), np.round(mean) + np.arange(0, 900, 50)])
        with np.errstate(divide="ignore"):  # scipy takes the logarithm of 0 aloud
            expected = twin(component).logpmf(x)
    else:
        x = mean + np.sqrt(variance) * np.linspace(-30, 30, 41)
        expected = twin(component).logpdf(x)
    np.testing.assert_allclose(component.log_prob(x), expected, rtol=1e-10, atol=1e-12)
    with np.errstate(divide="ignore"):
        assert component.moments() == pytest.approx(twin(component).stats("mv"))


@pytest.mark.parametrize("component", [c for c in FILLED if is_discrete(c)], ids=repr)
def test_outside_the_support_the_log_density_is_minus_infinity(component):
    x = np.array([-1.0, 0.5, 1.5, -0.001])
    assert np.all(component.log_prob(x) == -np.inf)


@every_component
def test_samples_agree_with_the_density_and_follow_the_seed(component):
    """Mean and variance of 20,000 draws, within 6 standard errors."""
    x = component.sample(20_000, rng=3)
    assert x.shape == (20_000,)
    assert np.array_equal(x, component.sample(20_000, rng=np.random.default_rng(3)))
    assert np.all(np.isfinite(component.log_prob(x)))
    mean, variance = component.moments()
    sd = np.sqrt(variance)
    assert x.mean() == pytest.approx(mean, abs=6 * sd / np.sqrt(len(x)) + 1e-12)
    fourth = np.mean((x - mean) ** 4)
    assert x.var() == pytest.approx(variance, abs=6 * np.sqrt(fourth / len(x)) + 1e-12)


@every_component
def test_samples_follow_the_density_and_not_only_its_moments(component):
    """Chi-square of 5,000 draws over cells of probability 1/20 or more, p > 1e-4."""
    x = component.sample(5000, rng=7)
    if is_discrete(component):
        values = np.arange(x.max() + 60)
        below = np.cumsum(np.exp(component.log_prob(values)))
    else:
        mean, variance = component.moments()
        values = mean + np.sqrt(variance) * np.linspace(-12, 12, 40_001)
        low, high = component.ends  # what is periodic is drawn from one turn
        values = values[(values >= low) & (values <= high)]
        density = np.exp(component.log_prob(values))
        below = np.cumsum(density) / density.sum()
    edges = np.unique(np.searchsorted(below, np.linspace(0.05, 0.95, 19)))
    inner = values[np.minimum(edges, len(values) - 1)]
    expected = np.diff(np.r_[0, below[np.minimum(edges, len(values) - 1)], 1])
    observed = np.bincount(np.searchsorted(inner, x), minlength=len(expected))
    cells = expected > 1e-9
    assert observed[~cells].sum() == 0
    squares = (observed - 5000 * expected)[cells] ** 2 / (5000 * expected[cells])
    assert scipy.stats.chi2.sf(squares.sum(), max(cells.sum() - 1, 1)) > 1e-4


ONE = [c for c in FILLED if not isinstance(c, mx.Mixture)]
TWINS = [c for c in ONE if twin(c)]
every_one = pytest.mark.parametrize("component", ONE, ids=repr)


# ------------------------------------------------------------- distribution functions


@pytest.mark.parametrize("component", TWINS, ids=repr)
def test_the_distribution_function_is_that_of_scipy(component):
    """cdf and sf, each to 1e-9 of itself: both tails keep their digits."""
    oracle = twin(component)
    levels = np.r_[1e-12, 1e-6, np.linspace(0.01, 0.99, 25), 1 - 1e-6]
    with np.errstate(divide="ignore"):  # scipy divides by 0 aloud
        x = np.r_[oracle.ppf(levels), component.ends[0] - 1, oracle.isf(1e-12)]
        below, above = oracle.cdf(x), oracle.sf(x)
    if isinstance(component, mx.VonMises):
        tolerance = {"rtol": 1e-6, "atol": 1e-7}  # scipy's own is that coarse
    elif isinstance(component, mx.Truncated):
        tolerance = {"rtol": 1e-9, "atol": 1e-15}  # next to an end x has no more digits
    elif isinstance(component, mx.BetaBinomial):
        tolerance = {"rtol": 1e-9, "atol": 1e-12}  # scipy's sf is 1 - cdf
    else:
        tolerance = {"rtol": 1e-9, "atol": 1e-300}
    np.testing.assert_allclose(component.cdf(x), below, **tolerance)
    np.testing.assert_allclose(component.sf(x), above, **tolerance)


@every_one
def test_the_distribution_function_is_the_integral_of_the_density(component):
    if is_discrete(component):
        x = np.arange(0.0, 60.0)
        steps = np.diff(component.cdf(np.r_[-1, x]))
        np.testing.assert_allclose(steps, np.exp(component.log_prob(x)), atol=1e-12)
        np.testing.assert_allclose(component.cdf(x + 0.5), component.cdf(x))
        return
    ends = component.quantile(np.linspace(0.02, 0.98, 9))
    for low, high in itertools.pairwise(ends):
        area = scipy.integrate.quad(
            lambda v: np.exp(component.log_prob([v]))[0], low, high, epsabs=1e-13
        )[0]
        rounding = 4 * np.exp(component.log_prob([low]))[0] * np.spacing(abs(low))
        found = component.cdf(high) - component.cdf(low)
        assert found == pytest.approx(area, abs=1e-9 + rounding)


@every_one
def test_cdf_and_sf_are_complements_and_reach_0_and_1(component):
    x = component.quantile(np.linspace(0.001, 0.999, 30))
    np.testing.assert_allclose(component.cdf(x) + component.sf(x), 1, atol=1e-12)
    assert component.cdf([-np.inf, np.inf]).tolist() == [0, 1]
    assert component.sf([-np.inf, np.inf]).tolist() == [1, 0]


@every_one
def test_a_quantile_is_the_least_value_that_reaches_its_level(component):
    levels = np.r_[1e-9, np.linspace(0.003, 0.997, 40)]
    x = component.quantile(levels)
    assert x.shape == levels.shape
    assert np.all(np.diff(x) >= 0)
    if is_discrete(component):
        assert np.all(component.cdf(x) >= levels - 1e-12)
        assert np.all(component.cdf(x - 1) < levels + 1e-12)
    else:
        rounding = np.exp(component.log_prob(x)) * np.spacing(np.abs(x)) + 2e-16
        assert np.all(np.abs(component.cdf(x) - levels) < 1e-9 * levels + rounding)
    low, high = component.quantile([0, 1])
    assert (low, high) == component.ends


@every_learnable
def test_a_weight_of_two_is_the_observation_twice(component):
    x = component.sample(60, rng=0)
    w = np.where(np.arange(60) < 20, 2.0, 1.0)
    model, start = component.blank(), component
    once = model.fit(x, w, start)
    twice = model.fit(np.concatenate([x, x[:20]]), None, start)
    np.testing.assert_allclose(once.log_prob(x), twice.log_prob(x), atol=1e-9)


@every_learnable
def test_the_fit_never_lowers_the_weighted_log_likelihood_of_its_start(component):
    x = component.sample(50, rng=1)
    w = np.random.default_rng(2).exponential(size=50)
    for draw in range(5):
        seen = component.sample(200, rng=10 + draw)
        near = component.blank().fit(seen, start=component)
        fitted = component.blank().fit(x, w, near)
        with np.errstate(invalid="ignore"):
            before = np.where(w > 0, near.log_prob(x), 0) @ w
        assert fitted.log_prob(x) @ w >= before - 1e-9 * abs(before)


@every_component
def test_fitting_leaves_the_object_and_what_was_given_alone(component):
    text = component.to_json()
    assert component.fit(component.sample(5, rng=0)) == component
    assert component.to_json() == text


def test_a_given_parameter_stays_and_the_blank_is_fitted_around_it():
    x = np.array([1.0, 2.0, 6.0])
    assert mx.Normal(mean=0.0).fit(x) == mx.Normal(0.0, np.sqrt(41 / 3))
    assert mx.Normal(sd=2.0).fit(x) == mx.Normal(3.0, 2.0)
    assert mx.Binomial(10).fit([3, 5]) == mx.Binomial(10, 0.4)
    assert mx.Poisson().fit([0, 3]) == mx.Poisson(1.5)
    assert mx.Bernoulli().fit([1, 1, 0, 1]) == mx.Bernoulli(0.75)


def test_a_categorical_is_its_table():
    component = mx.Categorical([0.2, 0.5, 0.3])
    np.testing.assert_allclose(
        component.log_prob([2, 0, 1, 3]), [*np.log([0.3, 0.2, 0.5]), -np.inf]
    )
    assert component.moments() == pytest.approx((1.1, 0.49))
    assert mx.Categorical(n=3).fit([0, 2, 2, 2]) == mx.Categorical([0.25, 0, 0.75])


def test_a_fit_without_weight_keeps_its_start():
    start = mx.Poisson(3.0)
    assert mx.Poisson()._fit(np.ones(2), np.zeros(2), start) is start


@every_component
def test_copies_pickles_and_json_are_the_same_component(component):
    copies = [
        copy.copy(component),
        copy.deepcopy(component),
        pickle.loads(pickle.dumps(component)),
        mx.from_json(component.to_json()),
    ]
    for other in copies:
        assert other == component
        assert hash(other) == hash(component)
        assert repr(other) == repr(component)


@every_component
def test_components_are_immutable(component):
    for name in ("p", "rate", "mean", "weights", "components"):
        if hasattr(component, name):
            with pytest.raises(AttributeError):
                setattr(component, name, 0.5)


@every_component
def test_blank_makes_all_parameters_blank_and_log_prob_says_to_fit(component):
    model = component.blank()
    assert model.n_free > 0
    assert model.blanks
    assert model != component
    assert model.blank() == model
    with pytest.raises(ValueError, match=r"has blanks: .*; fit first"):
        model.log_prob([0.0])
    with pytest.raises(ValueError, match="fit first"):
        model.sample(3, rng=0)


def test_blank_can_name_the_parameters():
    assert mx.Normal(1.0, 2.0).blank("sd") == mx.Normal(mean=1.0)
    mixture = mx.Mixture([mx.Normal(1.0, 2.0), mx.Poisson(3.0)], [0.5, 0.5])
    assert mixture.blank("weights").blanks == ("weights",)
    assert mixture.blank("rate").blanks == ("components[1].rate",)
    assert mixture.blank().n_free == 4


def test_equal_components_have_equal_hashes():
    """0.0 and -0.0 are equal."""
    assert mx.Normal(0.0, 1.0) == mx.Normal(-0.0, 1.0)
    assert hash(mx.Normal(0.0, 1.0)) == hash(mx.Normal(-0.0, 1.0))
    first, second = (
        mx.Mixture([mx.Poisson(), mx.Poisson(w)], [1.0, w]) for w in (0.0, -0.0)
    )
    assert first == second
    assert hash(first) == hash(second)
    assert len({mx.Poisson(), mx.Poisson(1.0), mx.Poisson(1), mx.Bernoulli(1.0)}) == 3


def test_a_rare_event_keeps_its_digits():
    """log(1 - p) where 1 - p is rounded: in a thousand million trials it shows."""
    np.testing.assert_allclose(
        mx.Bernoulli(1e-12).log_prob([0]), np.log1p(-1e-12), rtol=1e-12
    )
    np.testing.assert_allclose(
        mx.Binomial(10**9, 1e-9).log_prob([0]), 1e9 * np.log1p(-1e-9), rtol=1e-12
    )


def test_a_repr_is_the_code_that_makes_the_component():
    assert repr(mx.Normal(sd=0.1)) == "Normal(sd=0.1)"
    assert repr(mx.Binomial(10)) == "Binomial(n=10)"
    mixture = mx.Mixture([mx.Bernoulli(0.8), mx.Bernoulli()], [0.4, 0.6])
    assert eval(repr(mixture), vars(mx)) == mixture


def test_a_normal_beside_a_far_outlier_is_not_a_collapse():
    """100 values of sd 1 are no spike because the data reach out to 1e9."""
    x = np.random.default_rng(0).normal(size=100)
    alone = mx.Normal().fit(x)
    beside = mx.Normal().fit(np.r_[1e9, x], np.r_[1e-30, np.ones(100)])
    assert beside.mean == pytest.approx(alone.mean, abs=1e-6)
    assert beside.sd == pytest.approx(alone.sd, rel=1e-6)


@pytest.mark.parametrize("scale", [1e-140, 1e140])
def test_a_normal_is_fitted_at_extreme_scales(scale):
    x = np.array([1.0, 2.0, 6.0])
    fitted = mx.Normal().fit(scale * x)
    assert fitted.mean == pytest.approx(3 * scale)
    assert fitted.sd == pytest.approx(np.sqrt(14 / 3) * scale)


def test_a_normal_is_fitted_without_loss_at_a_large_offset():
    """Sums of squares would lose the variance here; two passes do not."""
    x = np.random.default_rng(0).normal(size=1000)
    fitted = mx.Normal().fit(x + 1e8)
    assert fitted.sd == pytest.approx(x.std(), rel=1e-7)
