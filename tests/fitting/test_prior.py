"""What an M-step is told beside the data, against closed forms and other searches."""

import numpy as np
import pytest
import scipy.optimize
import scipy.stats

import mixnotes as mx
from mixnotes.data.sources import Rows, compress
from mixnotes.fitting.climb import climb
from mixnotes.fitting.engine import Engine
from mixnotes.fitting.prior import Prior
from mixnotes.fitting.run import Settings
from mixnotes.numeric.arrays import quiet

RNG = np.random.default_rng(0)
X = np.r_[RNG.normal(0.0, 1.0, 60), RNG.normal(6.0, 2.0, 40)]


class Bound(Prior):
    """One parameter is not below this."""

    def __init__(self, name, least):
        self.name, self.least = name, least

    def bounded(self, name, values):
        return np.maximum(values, self.least) if name == self.name else values


class Seen(Prior):
    """Observations beside the data, which each component made as often."""

    def __init__(self, x, weight):
        self.x, self.weight = x, weight

    def observations(self):
        return self.x, self.weight


class Penalty(Prior):
    """A quadratic penalty on one parameter, which a step of EM does not know of."""

    def log_prob(self, values):
        return -float((values["mean"] ** 2).sum())


def of_all(prior):
    """The same for all components, and nothing of weights."""
    return lambda parts: None if isinstance(parts[0], mx.Mixture) else prior


def of_weights(prior):
    return lambda parts: prior if isinstance(parts[0], mx.Mixture) else None


def engine_of(parts, x, priors, weights=None, **how):
    mixture = parts if isinstance(parts, mx.Mixture) else mx.Mixture(parts, weights)
    return Engine(mixture, Rows(np.asarray(x, dtype=float), None), priors=priors, **how)


def climbed(engine, start, accelerate=True):
    state = engine.vector.project(engine.state(start))
    return climb(engine, state, Settings(1e-10, 5000, accelerate))


def learned(engine, share=None):
    """What one M-step makes of shares of the observations."""
    n = len(engine.source.x)
    share = np.ones((engine.k, n)) / engine.k if share is None else share
    return engine.mixture(engine.first(share))


# --------------------------------------------------------------------------- bounds


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_a_bound_is_in_the_units_of_the_data(unit):
    for least in (0.5, 2.0, 9.0):
        engine = engine_of([mx.Normal()], X * unit, of_all(Bound("sd", least * unit)))
        found = learned(engine).components[0]
        assert found.sd == pytest.approx(unit * max(least, X.std()), rel=1e-12)
        assert found.mean == pytest.approx(unit * X.mean(), rel=1e-12)


def test_the_rest_is_learned_beside_a_bound():
    engine = engine_of([mx.Normal()], X, of_all(Bound("mean", 4.0)))
    found = learned(engine).components[0]
    assert found.mean == pytest.approx(4.0, rel=1e-14)
    assert found.sd == pytest.approx(np.sqrt(np.mean((X - 4.0) ** 2)), rel=1e-12)
    y = np.random.default_rng(1).gamma(2.0, 3.0, 50)
    engine = engine_of([mx.Gamma()], y, of_all(Bound("shape", 5.0)))
    found = learned(engine).components[0]
    assert found.shape == pytest.approx(5.0, rel=1e-14)
    assert found.scale == pytest.approx(y.mean() / 5.0, rel=1e-9)


def test_what_is_given_is_not_moved_by_a_bound():
    parts = [mx.Normal(sd=0.5), mx.Normal()]
    engine = engine_of(parts, X, of_all(Bound("sd", 3.0)))
    found = learned(engine).components
    assert found[0].sd == 0.5
    assert found[1].sd == pytest.approx(max(3.0, X.std()), rel=1e-12)


@pytest.mark.parametrize("accelerate", [False, True])
@pytest.mark.parametrize("exact", [False, True])
def test_a_climb_under_a_bound_ends_where_another_search_does(accelerate, exact):
    least = 1.5
    engine = engine_of(2 * [mx.Normal()], X, of_all(Bound("sd", least)), exact=exact)
    start = mx.Mixture([mx.Normal(0.0, 1.0), mx.Normal(5.0, 1.0)], [0.5, 0.5])
    end = climbed(engine, start, accelerate)

    def fallen(line):
        (a, b), (s, t), w = line[:2], line[2:4], line[4]
        return -np.logaddexp(
            np.log(w) + scipy.stats.norm.logpdf(X, a, s),
            np.log(1 - w) + scipy.stats.norm.logpdf(X, b, t),
        ).sum()

    bounds = [(None, None)] * 2 + [(least, None)] * 2 + [(0.01, 0.99)]
    best = scipy.optimize.minimize(
        fallen, [0.0, 5.0, 2.0, 2.0, 0.5], bounds=bounds, method="L-BFGS-B"
    )
    assert end.converged, end.reason
    assert (np.diff(end.history) >= 0).all()
    assert end.log_likelihood == pytest.approx(-best.fun, abs=1e-6)
    sds = [c.sd for c in end.mixture.components]
    assert sds[0] == pytest.approx(least, rel=1e-14)
    assert sds[1] > least


def test_a_bound_in_a_column_of_a_product():
    table = np.c_[X, X[::-1] ** 2]
    part = {"a": mx.Normal(), "b": mx.Normal()}
    model = mx.Mixture([mx.Product(part), mx.Product(part)])
    engine = Engine(model, Rows(table, None), priors=of_all(Bound("sd", 30.0)))
    found = learned(engine).components[0].parts
    assert found["a"].sd == pytest.approx(30.0, rel=1e-12)
    assert found["b"].sd == pytest.approx(max(30.0, table[:, 1].std()), rel=1e-12)


def test_a_component_whose_fit_is_its_own_takes_no_bound():
    with pytest.raises(TypeError, match="a bound or a prior needs components of expon"):
        engine_of([mx.Gumbel()], X, of_all(Bound("scale", 1.0)))
    assert engine_of([mx.Gumbel()], X, of_all(None)).k == 1
    known = engine_of([mx.Gumbel(0.0, 1.0), mx.Normal()], X, of_all(Bound("sd", 9.0)))
    assert learned(known).components[1].sd == pytest.approx(9.0, rel=1e-14)


# --------------------------------------------------------------------------- priors


def test_a_beta_of_a_probability_is_ones_and_zeros_beside_the_data():
    """The posterior mode, and the point where log-likelihood + log prior is highest."""
    x, count = np.array([0.0, 1.0]), np.array([30.0, 10.0])
    ones, zeros = 3.0, 5.0
    prior = Seen(np.array([1.0, 0.0]), np.array([[ones, zeros]]))
    engine = Engine(mx.Mixture([mx.Bernoulli()]), Rows(x, count), priors=of_all(prior))
    found = engine.mixture(engine.first(count[None]))
    assert found.components[0].p == pytest.approx((10 + ones) / (40 + ones + zeros))
    beta = scipy.stats.beta(1 + ones, 1 + zeros)
    best = scipy.optimize.minimize_scalar(
        lambda p: -(10 * np.log(p) + 30 * np.log1p(-p) + beta.logpdf(p)),
        bounds=(0.01, 0.99), method="bounded", options={"xatol": 1e-10},
    )  # fmt: skip
    assert found.components[0].p == pytest.approx(best.x, abs=1e-7)


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize(
    "part", [mx.Normal(), mx.Poisson(), mx.Exponential(), mx.Gamma()], ids=repr
)
def test_observations_of_a_prior_count_as_data_for_parameters_alone(part, exact):
    """Of a component as if they were among its rows; its weight is that of the data."""
    y = np.random.default_rng(2).poisson(4.0, 80) + 1.0
    more, weight = np.array([3.0, 9.0, 30.0]), np.array([[2.0, 0.5, 4.0], [0, 1.0, 0]])
    engine = engine_of(2 * [part], y, of_all(Seen(more, weight)), exact=exact)
    share = np.random.default_rng(3).dirichlet([1, 1], 80).T
    state = engine.first(share)
    for form in (state, engine.m_step(engine.e_step(state)[1], state)):
        own = engine.shares(state) if form is not state else share
        found = engine.mixture(form)
        np.testing.assert_allclose(found.weights, own.sum(axis=1) / 80, rtol=1e-10)
        for k, component in enumerate(found.components):
            both = part.fit(np.r_[y, more], np.r_[own[k], weight[k]])
            for name in part.blanks:
                expected = getattr(both, name)
                assert getattr(component, name) == pytest.approx(expected, rel=1e-9)


def test_observations_of_a_prior_of_rows():
    x = RNG.normal(size=(50, 2)) * [1.0, 30.0] + [5.0, -100.0]
    more = np.array([[0.0, 0.0], [9.0, 50.0], [1.0, -70.0]])
    weight = np.array([[1.0, 2.0, 0.5]])
    part = mx.MultivariateNormal(d=2)
    for exact in (False, True):
        engine = engine_of([part], x, of_all(Seen(more, weight)), exact=exact)
        found = learned(engine).components[0]
        both = part.fit(np.r_[x, more], np.r_[np.ones(50), weight[0]])
        np.testing.assert_allclose(found.mean, both.mean, rtol=1e-10)
        np.testing.assert_allclose(found.cov, both.cov, rtol=1e-10)


def test_a_component_without_rows_is_what_its_prior_says():
    prior = Seen(np.array([2.0]), np.array([[0.0], [3.0]]))
    engine = engine_of(2 * [mx.Poisson()], [5.0, 7.0], of_all(prior))
    state = engine.state(mx.Mixture([mx.Poisson(6.0), mx.Poisson(1.0)], [1.0, 0.0]))
    with quiet():
        found = engine.mixture(engine.m_step(engine.e_step(state)[1], state))
    assert found.components[1].rate == pytest.approx(2.0)
    assert found.components[0].rate == pytest.approx(6.0)


def test_the_log_of_a_prior_is_in_what_is_climbed():
    engine = engine_of(2 * [mx.Normal(sd=1.0)], X, of_all(Penalty()))
    plain = engine_of(2 * [mx.Normal(sd=1.0)], X, of_all(None))
    start = mx.Mixture([mx.Normal(1.0, 1.0), mx.Normal(5.0, 1.0)], [0.5, 0.5])
    here, there = engine.e_step(engine.state(start)), plain.e_step(plain.state(start))
    assert here[0] == pytest.approx(there[0] - 26.0, rel=1e-13)
    for mine, its in zip(here[1].parts, there[1].parts, strict=True):
        np.testing.assert_array_equal(mine.sums, its.sums)


# -------------------------------------------------------------------------- weights


def test_weights_take_counts_and_bounds():
    model = 2 * [mx.Poisson()]
    engine = engine_of(model, [1.0, 2.0, 8.0], of_weights(Seen(None, [4.0, 1.0])))
    share = np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    np.testing.assert_allclose(learned(engine, share).weights, [6 / 8, 2 / 8])

    class Half(Prior):
        def bounded(self, name, values):
            assert name == "weights"
            return np.array([0.5, 0.5])

        def log_prob(self, values):
            return float(np.log(values["weights"]).sum())

    engine = engine_of(model, [1.0, 2.0, 8.0], of_weights(Half()))
    np.testing.assert_array_equal(learned(engine, share).weights, [0.5, 0.5])
    start = mx.Mixture([mx.Poisson(1.0), mx.Poisson(8.0)], [0.3, 0.7])
    plain = mx.Mixture([mx.Poisson(1.0), mx.Poisson(8.0)], [0.5, 0.5])
    state = engine.vector.project(engine.state(start))
    assert engine.mixture(state) == plain
    height = engine.e_step(state)[0] + engine.constant
    expected = plain.log_prob([1.0, 2.0, 8.0]).sum() + 2 * np.log(0.5)
    assert height == pytest.approx(expected, rel=1e-12)


def test_each_mixture_within_a_mixture_is_asked_for_its_weights():
    inner = mx.Mixture(2 * [mx.Normal(sd=1.0)], [0.5, 0.5])
    free = mx.Mixture(2 * [mx.Normal(sd=1.0)])
    asked = []

    def priors(parts):
        if isinstance(parts[0], mx.Mixture):
            asked.append(parts[0])
        return None

    Engine(mx.Mixture([inner, free]), compress(X, None, None), priors=priors)
    assert asked == [mx.Mixture([inner, free]), free]


# --------------------------------------------------------- nothing is changed in place


@pytest.mark.parametrize("exact", [False, True])
def test_a_step_leaves_what_it_was_given_as_it_was(exact):
    parts = [mx.Normal(0.0, 1.0), mx.Normal(5.0, 1.0), mx.Normal(1e6, 1.0)]
    engine = engine_of(3 * [mx.Normal()], X, of_all(Bound("sd", 3.0)), exact=exact)
    state = engine.state(mx.Mixture(parts, [0.5, 0.3, 0.2]))
    before = engine.mixture(state)
    _, statistics = engine.e_step(state)
    sums = [part.sums.copy() for part in statistics.parts]
    projected = engine.vector.project(state)
    with quiet():
        _, reached, _ = engine.step(state, statistics)
    assert engine.mixture(state) == before
    assert [c.sd for c in engine.mixture(projected).components] == [3.0, 3.0, 3.0]
    assert engine.mixture(reached).components[0].sd == pytest.approx(3.0, rel=1e-14)
    for kept, part in zip(sums, statistics.parts, strict=True):
        np.testing.assert_array_equal(kept, part.sums)


def test_a_step_that_is_too_sharp_is_made_in_the_exact_form_and_so_are_the_next():
    x = np.r_[np.zeros(6), 1e3]
    engine = engine_of(2 * [mx.Normal()], x, of_all(None))
    parts = [mx.Normal(0.0, 1.0), mx.Normal(1e3, 1.0)]
    state = engine.state(mx.Mixture(parts, [0.5, 0.5]))
    _, statistics = engine.e_step(state)
    assert statistics.form is engine.form
    wide = engine.state(mx.Mixture([mx.Normal(0.0, 500.0)] * 2, [0.5, 0.5]))
    sharp = engine.state(
        mx.Mixture([mx.Normal(0.0, 1e-8), mx.Normal(1e3, 1.0)], [0.9, 0.1])
    )
    height, found = engine.e_step(sharp)
    assert found.form is not engine.form
    expected = engine.mixture(sharp).log_prob(x).sum()
    assert height + engine.constant == pytest.approx(expected, rel=1e-12)
    assert engine.e_step(wide, found)[1].form is found.form
    assert engine.e_step(wide)[1].form is engine.form
