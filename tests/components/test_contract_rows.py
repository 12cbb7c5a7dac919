"""The contract of test_components.py, over components of rows: products of columns,
regressions, vectors, and mixtures of them, nested ones too."""

import copy
import itertools
import pickle

import numpy as np
import pytest
import scipy.integrate
import scipy.stats

import mixnotes as mx

BIRD = mx.Product({"size": mx.Normal(2.0, 0.5), "eggs": mx.Poisson(3.0)})
OTHER = mx.Product({"size": mx.Normal(5.0, 1.0), "eggs": mx.Poisson(9.0)})
THIRD = mx.Product({"size": mx.Normal(0.0, 0.7), "eggs": mx.Poisson(0.5)})
LINE = mx.LinearRegression("y", {"x": 0.7}, intercept=0.2, sd=0.3)
COUNT = mx.PoissonRegression("y", {"x": 0.7}, intercept=0.2)
YES = mx.LogisticRegression("y", {"x": 0.7}, intercept=0.2)
SHARE = mx.BinomialRegression("y", {"x": 0.7}, "n", intercept=0.2)
SPREAD = mx.NegativeBinomialRegression("y", {"x": 0.7}, intercept=0.2, size=3.0)
ABOVE = mx.GammaRegression("y", {"x": 0.7}, intercept=0.2, shape=4.0)
ROBUST = mx.StudentTRegression("y", {"x": 0.7}, intercept=0.2, df=8.0, scale=0.3)
CURVES = [SHARE, SPREAD, ABOVE, ROBUST]

FILLED = [
    BIRD,
    mx.Product({("a", "b"): mx.MultivariateNormal([0, 1], [[2, 0.5], [0.5, 1]])}),
    mx.Product({"angle": mx.VonMises(1.0, 3.0), "kind": mx.Categorical([0.2, 0.8])}),
    LINE,
    COUNT,
    YES,
    mx.MultivariateNormal([0.0, 1.0], [[2.0, 0.5], [0.5, 1.0]]),
    mx.MultivariateStudentT(5.0, [1.0, -2.0], [[2.0, 0.3], [0.3, 0.5]]),
    mx.Dirichlet([2.0, 3.0, 0.9]),
    mx.Multinomial(6, [0.2, 0.3, 0.5]),
    mx.Mixture([BIRD, OTHER], [0.4, 0.6]),
    mx.Mixture([mx.Mixture([BIRD, OTHER], [0.3, 0.7]), THIRD], [0.8, 0.2]),
    mx.Mixture(
        [LINE, mx.LinearRegression("y", {"x": -1.0}, intercept=4.0, sd=0.5)], [0.5, 0.5]
    ),
    *CURVES,
    mx.DirichletMultinomial([2.0, 0.7, 3.0], 6),
    mx.VonMisesFisher([0.6, 0.0, 0.8], 5.0),
    mx.VonMisesFisher([0.0, 1.0], 0.5),
    mx.FactorNormal(1, [0.0, 1.0, 2.0], [[1.0], [2.0], [0.5]], [1.0, 0.5, 2.0]),
    mx.WithError(mx.Normal(1.0, 2.0)),
    mx.WithError(mx.MultivariateNormal([0.0, 1.0], [[2.0, 0.5], [0.5, 1.0]])),
]
every_component = pytest.mark.parametrize("component", FILLED, ids=repr)


def parts_of(component):
    if isinstance(component, mx.Mixture):
        return [leaf for c in component.components for leaf in parts_of(c)]
    return [component]


def is_regression(component):
    return hasattr(parts_of(component)[0], "target")


def draw(component, n, seed):
    """n rows; those of a regression have predictors of their own, measured ones have
    errors.
    """
    if isinstance(component, mx.WithError):
        rng = np.random.default_rng(seed)
        true = component.component.sample(n, rng)
        sd = rng.uniform(0.1, 1.0, true.shape)
        return component.rows(true + sd * rng.normal(size=true.shape), sd)
    if not is_regression(component):
        return component.sample(n, rng=seed)
    rng = np.random.default_rng(seed)
    x = {"x": rng.normal(size=n)}
    if SHARE in parts_of(component):
        x["n"] = rng.integers(1, 30, n).astype(float)
    lines = parts_of(component)
    y = np.array([line.sample_target(x, rng) for line in lines])
    return x | {"y": y[rng.integers(len(lines), size=n), np.arange(n)]}


def rows(data, which):
    """The rows with these numbers."""
    if isinstance(data, dict):
        return {name: np.asarray(column)[which] for name, column in data.items()}
    return data[which]


def joined(first, second):
    if isinstance(first, dict):
        return {name: np.r_[first[name], second[name]] for name in first}
    return np.concatenate([first, second])


# -------------------------------------------------------------------------- densities


def test_the_density_of_a_product_is_the_sum_of_the_logarithms():
    x = draw(BIRD, 50, 0)
    expected = scipy.stats.norm(2, 0.5).logpdf(x[:, 0])
    expected += scipy.stats.poisson(3).logpmf(x[:, 1])
    np.testing.assert_allclose(BIRD.log_prob(x), expected, rtol=1e-12)


@pytest.mark.parametrize("component", FILLED[:1] + FILLED[10:12], ids=repr)
def test_the_density_sums_and_integrates_to_one(component):
    eggs = np.arange(60.0)

    def density(size):
        x = {"size": np.full(60, size), "eggs": eggs}
        return np.exp(component.log_prob(x)).sum()

    edges = [-8.0, 0.0, 2.0, 5.0, 15.0]
    total = sum(
        scipy.integrate.quad(density, *pair)[0] for pair in itertools.pairwise(edges)
    )
    assert total == pytest.approx(1, abs=1e-7)


@pytest.mark.parametrize("component", [LINE, FILLED[12], COUNT, YES, *CURVES], ids=repr)
@pytest.mark.parametrize("at", [-1.0, 0.0, 2.0])
def test_the_density_of_a_regression_is_one_of_its_target(component, at):
    """Given the predictors it sums, or integrates, to one over y."""

    def density(y):
        y = np.atleast_1d(y)
        x = {"x": np.full(len(y), at), "y": y, "n": np.full(len(y), 9.0)}
        return np.exp(component.log_prob(x))

    if component in (COUNT, YES, SHARE, SPREAD):
        most = {COUNT: 200.0, YES: 2.0, SHARE: 10.0, SPREAD: 400.0}[component]
        total = density(np.arange(most)).sum()
    elif component in (ABOVE, ROBUST):
        ends = (0.0 if component is ABOVE else -np.inf, np.inf)
        total = scipy.integrate.quad(lambda y: density(y)[0], *ends)[0]
    else:
        edges = np.linspace(-6, 12, 7)
        total = sum(
            scipy.integrate.quad(lambda y: density(y)[0], *pair)[0]
            for pair in itertools.pairwise(edges)
        )
    assert total == pytest.approx(1, abs=1e-7)


@every_component
def test_draws_follow_the_seed_and_can_all_have_been_drawn(component):
    x = draw(component, 500, 3)
    again = draw(component, 500, 3)
    for name in x if isinstance(x, dict) else [slice(None)]:
        assert np.array_equal(x[name], again[name])
    assert np.all(np.isfinite(component.log_prob(x)))


@pytest.mark.parametrize("component", [LINE, COUNT, YES, *CURVES], ids=repr)
def test_draws_of_a_target_have_the_mean_that_is_expected(component):
    """The standardized sum of 20,000 residuals, within 5 standard errors."""
    x = draw(component, 20_000, 4)
    expected = component.expected(x)
    spread = (x["y"] - expected).std() / np.sqrt(20_000)
    assert abs((x["y"] - expected).mean()) < 5 * spread
    assert abs(np.mean((x["y"] - expected) * x["x"])) < 8 * spread


@pytest.mark.parametrize("component", FILLED[:1] + FILLED[10:12], ids=repr)
def test_draws_of_a_product_have_its_moments(component):
    x = component.sample(20_000, rng=5)
    mean, cov = component.moments()
    spread = np.sqrt(np.diagonal(cov) / 20_000)
    assert np.all(np.abs(x.mean(axis=0) - mean) < 5 * spread)
    np.testing.assert_allclose(np.cov(x.T), cov, atol=0.05 * np.abs(cov).max())


# --------------------------------------------------------------------------- learning


def log_likelihood(component, x, weight):
    with np.errstate(invalid="ignore"):
        return weight @ np.where(weight > 0, component.log_prob(x), 0)


@every_component
def test_a_weight_of_two_is_the_row_twice_and_a_weight_of_zero_none(component):
    x = draw(component, 80, 0)
    w = np.where(np.arange(80) < 20, 2.0, 1.0)
    w[70:] = 0.0
    model = component.blank()
    seen = rows(x, slice(0, 70))
    once = model.fit(x, w, component)
    twice = model.fit(joined(seen, rows(x, slice(0, 20))), None, component)
    np.testing.assert_allclose(once.log_prob(seen), twice.log_prob(seen), atol=1e-7)


@every_component
def test_the_fit_never_lowers_the_weighted_log_likelihood_of_its_start(component):
    x = draw(component, 80, 1)
    w = np.random.default_rng(2).exponential(size=80)
    for seed in range(3):
        near = component.blank().fit(draw(component, 200, 10 + seed), start=component)
        fitted = component.blank().fit(x, w, near)
        before = log_likelihood(near, x, w)
        assert log_likelihood(fitted, x, w) >= before - 1e-9 * abs(before)


@every_component
def test_em_climbs_above_the_truth(component):
    model = component if isinstance(component, mx.Mixture) else mx.Mixture([component])
    x = draw(component, 300, 6)
    fit = mx.em(model.blank(), x, start=model)
    assert np.all(np.diff(fit.history) >= -1e-9 * abs(fit.log_likelihood))
    assert fit.log_likelihood >= log_likelihood(component, x, np.ones(300))


@every_component
def test_fitting_leaves_the_object_and_what_was_given_alone(component):
    text = component.to_json()
    assert component.fit(draw(component, 5, 0)) == component
    model = component.blank()
    before = model.to_json()
    model.fit(draw(component, 60, 0), None, component)
    assert (component.to_json(), model.to_json()) == (text, before)


# --------------------------------------------------------------------- plain objects


@every_component
def test_copies_pickles_and_json_are_the_same_component(component):
    for model in (component, component.blank()):
        for other in (
            copy.copy(model),
            copy.deepcopy(model),
            pickle.loads(pickle.dumps(model)),
            mx.from_json(model.to_json()),
        ):
            assert other == model
            assert hash(other) == hash(model)
            assert repr(other) == repr(model)


@every_component
def test_a_repr_is_the_code_that_makes_the_component(component):
    assert eval(repr(component), vars(mx)) == component


@every_component
def test_components_are_immutable(component):
    names = ("parts", "target", "coef", "mean", "loc", "alpha", "probs", "weights")
    names += ("component",)
    present = [name for name in names if hasattr(component, name)]
    assert present
    for name in present:
        with pytest.raises(AttributeError):
            setattr(component, name, 0.5)


@every_component
def test_blank_makes_all_parameters_blank_and_log_prob_says_to_fit(component):
    x = draw(component, 3, 0)
    model = component.blank()
    assert model.n_free > 0
    assert model.blanks
    assert model != component
    assert model.blank() == model
    with pytest.raises(ValueError, match=r"has blanks: .*; fit first"):
        model.log_prob(x)
    fitted = model.fit(draw(component, 200, 1), None, component)
    assert not fitted.blanks
    assert fitted.n_free == 0
