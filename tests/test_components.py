"""The contract, over one list of all components: what `em` relies on."""

import copy
import itertools
import pickle

import numpy as np
import pytest
import scipy.integrate
import scipy.stats

import mixnotes as mx

FILLED = [
    mx.Bernoulli(0.8),
    mx.Bernoulli(0.0),
    mx.Bernoulli(1.0),
    mx.Binomial(10, 0.3),
    mx.Binomial(1, 0.5),
    mx.Binomial(2000, 1e-3),
    mx.Categorical([0.2, 0.5, 0.3]),
    mx.Categorical([0.0, 1.0]),
    mx.Geometric(0.3),
    mx.Geometric(1.0),
    mx.Poisson(2.66),
    mx.Poisson(0.0),
    mx.Poisson(400.0),
    mx.Normal(-3.0, 0.5),
    mx.Normal(1e6, 1e-3),
    mx.Exponential(0.2),
    mx.LogNormal(1.0, 0.5),
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
    return not component.inside(np.array([0.5]))[0]


def twin(component):
    """The same distribution in scipy.stats."""
    match component:
        case mx.Bernoulli(p=p):
            return scipy.stats.bernoulli(p)
        case mx.Binomial(n=n, p=p):
            return scipy.stats.binom(n, p)
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
    return None


@every_component
def test_the_density_sums_or_integrates_to_one(component):
    if is_discrete(component):
        total = np.exp(component.log_prob(np.arange(2000.0))).sum()
    else:
        mean, variance = component.moments()
        ends = mean + np.sqrt(variance) * np.array([-12, 0, 40])
        if not component.inside(ends[:1])[0]:
            ends[0] = 0.0
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
