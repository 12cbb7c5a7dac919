"""Parameters that are believed or bounded, against other searches and closed forms."""

import pickle

import numpy as np
import pytest
import scipy.optimize
import scipy.special
import scipy.stats as st

import mixnotes as mx

RNG = np.random.default_rng(0)
LINE = RNG.normal(3, 2, 40)
ABOVE = RNG.gamma(2.0, 3.0, 40)
COUNT = RNG.poisson(4.0, 40).astype(float)
COIN = (RNG.random(40) < 0.3).astype(float)
WIDE = COUNT + RNG.poisson(4.0, 40) ** 2
TWO = np.r_[RNG.normal(0, 1, 60), RNG.normal(6, 2, 40)]


def gamma(v, shape, scale=1.0):
    return st.gamma.logpdf(v, shape, scale=scale)


MODES = [  # a component, data, and log-likelihood + log prior as scipy has it
    (mx.Bernoulli(mx.Beta(3, 5)), COIN,
     lambda p: st.bernoulli.logpmf(COIN, p).sum() + st.beta.logpdf(p, 3, 5)),
    (mx.Bernoulli(mx.Truncated(mx.Normal(0.5, 0.05), 0, 1)), COIN,
     lambda p: st.bernoulli.logpmf(COIN, p).sum()
     + st.truncnorm.logpdf(p, -10, 10, 0.5, 0.05)),
    (mx.Binomial(20, mx.Beta(3, 5)), COUNT,
     lambda p: st.binom.logpmf(COUNT, 20, p).sum() + st.beta.logpdf(p, 3, 5)),
    (mx.Geometric(mx.Beta(3, 5)), COUNT,
     lambda p: st.geom.logpmf(COUNT + 1, p).sum() + st.beta.logpdf(p, 3, 5)),
    (mx.Poisson(mx.Gamma(30, 1)), COUNT,
     lambda r: st.poisson.logpmf(COUNT, r).sum() + gamma(r, 30)),
    (mx.Poisson(mx.LogNormal(3, 0.1)), COUNT,
     lambda r: st.poisson.logpmf(COUNT, r).sum()
     + st.lognorm.logpdf(r, 0.1, scale=np.exp(3))),
    (mx.Exponential(mx.Gamma(30, 0.1)), ABOVE,
     lambda r: st.expon.logpdf(ABOVE, scale=1 / r).sum() + gamma(r, 30, 0.1)),
    (mx.Normal(mx.Normal(0, 0.2)), LINE,
     lambda m, s: st.norm.logpdf(LINE, m, s).sum() + st.norm.logpdf(m, 0, 0.2)),
    (mx.Normal(mx.Normal(0, 0.2), 1.0), LINE,
     lambda m: st.norm.logpdf(LINE, m, 1.0).sum() + st.norm.logpdf(m, 0, 0.2)),
    (mx.Normal(mx.Normal(0, 0.2), mx.Gamma(50, 0.01)), LINE,
     lambda m, s: st.norm.logpdf(LINE, m, s).sum() + st.norm.logpdf(m, 0, 0.2)
     + gamma(s, 50, 0.01)),
    (mx.Gamma(mx.Gamma(50, 0.1)), ABOVE,
     lambda a, s: st.gamma.logpdf(ABOVE, a, scale=s).sum() + gamma(a, 50, 0.1)),
    (mx.StudentT(df=mx.Gamma(2, 10)), LINE,
     lambda d, m, s: st.t.logpdf(LINE, d, m, s).sum() + gamma(d, 2, 10)),
    (mx.Weibull(shape=mx.Gamma(20, 0.1)), ABOVE,
     lambda a, s: st.weibull_min.logpdf(ABOVE, a, scale=s).sum() + gamma(a, 20, 0.1)),
    (mx.NegativeBinomial(mean=mx.Gamma(20, 1)), WIDE,
     lambda s, m: st.nbinom.logpmf(WIDE, s, s / (s + m)).sum() + gamma(m, 20)),
]  # fmt: skip


LONG = ("Gamma(shape=Gamma", "StudentT", "Normal(mean=Normal(mean=0, sd=0.2), sd=Gamma")


def case_of(mode):
    """A case by its component; those that take seconds wait for the whole suite."""
    name = repr(mode[0])
    return pytest.param(
        *mode, id=name, marks=[pytest.mark.slow] * name.startswith(LONG)
    )


@pytest.mark.parametrize(("part", "x", "height"), [case_of(mode) for mode in MODES])
def test_the_mode_of_likelihood_times_prior_is_where_another_search_finds_it(
    part, x, height
):
    fit = mx.em(mx.Mixture([part]), x, starts=2)
    found = np.array([getattr(fit.mixture.components[0], n) for n in part.blanks])
    with np.errstate(all="ignore"):
        other = scipy.optimize.minimize(
            lambda u: -height(*u), found * 1.02, method="Nelder-Mead",
            options={"xatol": 1e-9, "fatol": 1e-11, "maxiter": 4000},
        )  # fmt: skip
    assert fit.converged, fit.reason
    top = fit.log_likelihood + fit.log_prior
    assert top == pytest.approx(height(*found), rel=1e-9)
    assert top >= -other.fun - 1e-8
    np.testing.assert_allclose(found, other.x, rtol=1e-4)
    assert (np.diff(fit.history) >= 0).all()
    alone = part.fit(x)
    for name, value in zip(part.blanks, found, strict=True):
        assert getattr(alone, name) == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_a_belief_is_in_the_unit_of_the_parameter(unit):
    belief = mx.Normal(0.0, 0.2 * unit)
    here = mx.em(mx.Mixture([mx.Normal(belief)]), LINE * unit).mixture.components[0]
    there = mx.Normal(mx.Normal(0.0, 0.2)).fit(LINE)
    assert here.mean == pytest.approx(unit * there.mean, rel=1e-9)
    assert here.sd == pytest.approx(unit * there.sd, rel=1e-9)
    times = mx.Exponential(mx.Gamma(30, 0.1 / unit)).fit(ABOVE * unit)
    expected = mx.Exponential(mx.Gamma(30, 0.1)).fit(ABOVE).rate / unit
    assert times.rate == pytest.approx(expected, rel=1e-9)


def test_a_mean_of_rows_lies_between_data_and_belief():
    x = np.random.default_rng(1).normal(size=(30, 2)) @ [[1.0, 0.5], [0.0, 2.0]] + 3
    cov = np.array([[1.0, 0.3], [0.3, 2.0]])
    belief = mx.MultivariateNormal([0.0, 1.0], [[0.1, 0.05], [0.05, 0.2]])
    found = mx.MultivariateNormal(belief, cov).fit(x)
    own, data = np.linalg.inv(belief.cov), 30 * np.linalg.inv(cov)
    by_hand = np.linalg.solve(own + data, own @ belief.mean + data @ x.mean(axis=0))
    np.testing.assert_allclose(found.mean, by_hand, rtol=1e-12)
    free = mx.MultivariateNormal(belief).fit(x)
    aside = x - free.mean
    np.testing.assert_allclose(free.cov, aside.T @ aside / 30, rtol=1e-10)
    data = 30 * np.linalg.inv(free.cov)
    there = np.linalg.solve(own + data, own @ belief.mean + data @ x.mean(axis=0))
    np.testing.assert_allclose(free.mean, there, rtol=1e-9)


def test_shares_that_are_believed():
    seen = np.repeat([0.0, 1.0, 2.0], [5, 3, 2])
    found = mx.Categorical(mx.Dirichlet([2, 1, 4]), n=3).fit(seen)
    np.testing.assert_allclose(found.probs, np.array([6, 3, 5]) / 14)
    rows = np.array([[2.0, 1, 0], [1, 1, 1]])
    many = mx.Multinomial(3, mx.Dirichlet([3, 1, 1])).fit(rows)
    np.testing.assert_allclose(many.probs, np.array([5, 2, 1]) / 8)


# --------------------------------------------------------------------------- weights


def test_believed_weights_are_counts_beside_the_data():
    parts = [mx.Normal(0.0, 1.0), mx.Normal(6.0, 2.0)]
    alpha = np.array([20.0, 30.0])
    fit = mx.em(mx.Mixture(parts, mx.Dirichlet(alpha)), TWO)
    r = fit.mixture.responsibilities(TWO).sum(axis=0)
    np.testing.assert_allclose(
        fit.mixture.weights, (r + alpha - 1) / (100 + 48), atol=1e-7
    )
    expected = st.dirichlet.logpdf(fit.mixture.weights, alpha)
    assert fit.log_prior == pytest.approx(expected, rel=1e-12)
    flat = mx.em(mx.Mixture(parts, mx.Dirichlet([1, 1])), TWO)
    plain = mx.em(mx.Mixture(parts), TWO)
    assert flat.log_likelihood == pytest.approx(plain.log_likelihood, abs=1e-9)


def test_surplus_components_die_under_a_sparse_dirichlet():
    x = np.r_[RNG.normal(0, 1, 150), RNG.normal(8, 1, 150)]
    prior = mx.NormalInverseWishart.default(x, 4)
    model = mx.Mixture(6 * [mx.Normal(prior=prior)], mx.Dirichlet(6 * [1e-3]))
    fit = mx.em(model, x)
    weights = fit.mixture.weights
    assert (weights == 0).sum() >= 3
    assert weights.sum() == pytest.approx(1.0)
    assert (np.diff(fit.history) >= 0).all()
    assert fit.history[-1] == pytest.approx(fit.log_likelihood + fit.log_prior)
    log_likelihood = fit.mixture.log_prob(x).sum()
    assert fit.log_likelihood == pytest.approx(log_likelihood, rel=1e-10)


def test_components_are_not_reordered_where_their_weights_are_believed_to_differ():
    alpha = [2.0, 60.0]
    fit = mx.em(mx.Mixture(2 * [mx.Poisson()], mx.Dirichlet(alpha)), COUNT, starts=3)
    top = fit.log_likelihood + fit.log_prior
    swapped = fit.mixture.weights[::-1]
    less = fit.log_likelihood + st.dirichlet.logpdf(swapped, alpha)
    assert top >= less


# ---------------------------------------------------------------------------- bounds


@pytest.mark.parametrize(
    ("part", "x"),
    [
        (mx.Normal(sd=mx.Between(2.5, None)), TWO),
        (mx.Normal(mean=mx.Between(None, 5.0)), TWO),
        (mx.Gumbel(scale=mx.Between(2.0, 3.0)), TWO),
        (mx.Poisson(mx.Between(5, None)), COUNT),
        (mx.StudentT(df=mx.Between(None, 5.0)), TWO),
    ],
    ids=lambda value: repr(value) if isinstance(value, mx.Component) else "",
)
def test_a_bounded_parameter_is_the_best_within_its_bounds(part, x):
    model = mx.Mixture(2 * [part])
    fit = mx.em(model, x, starts=2)
    assert fit.converged, fit.reason
    assert (np.diff(fit.history) >= 0).all()
    (name,) = part.told
    low, high = part.told[name].ends
    at = [getattr(c, name) for c in fit.mixture.components]
    assert min(at) >= low
    assert max(at) <= high
    assert low in at or high in at
    for k, value in enumerate(at):
        for moved in (value * 0.99, value * 1.01):
            if low <= moved <= high:
                parts = list(fit.mixture.components)
                parts[k] = parts[k].filled({name: moved})
                less = mx.Mixture(parts, fit.mixture.weights).log_prob(x).sum()
                assert less <= fit.log_likelihood + 1e-9


def test_a_uniform_belief_is_a_bound_with_a_density():
    fit = mx.em(mx.Mixture([mx.Bernoulli(mx.Uniform(0.4, 1.0))]), COIN)
    assert fit.mixture.components[0].p == 0.4
    assert fit.log_prior == pytest.approx(-np.log(0.6))


# ------------------------------------------------------------------ the joint prior


def test_a_joint_prior_of_uncorrelated_columns_is_that_of_each():
    x = np.random.default_rng(1).normal(size=(30, 2)) * [1.0, 40.0] + [3, -100.0]
    prior = mx.NormalInverseWishart([2.0, -90.0], 5.0, 4, np.diag([2.0, 900.0]))
    both = mx.MultivariateNormal(covariance="diagonal", prior=prior)
    fit = mx.em(mx.Mixture([both]), x)
    total = 0.0
    for j in range(2):
        one = mx.NormalInverseWishart(prior.mean[j], 5.0, 4, prior.scale[j, j])
        alone = mx.em(mx.Mixture([mx.Normal(prior=one)]), x[:, j])
        part = alone.mixture.components[0]
        found = fit.mixture.components[0]
        assert found.mean[j] == pytest.approx(part.mean, rel=1e-12)
        assert found.cov[j, j] == pytest.approx(part.sd**2, rel=1e-12)
        total += alone.log_prior
    assert fit.log_prior == pytest.approx(total, rel=1e-12)


def test_the_joint_density_is_that_of_scipy():
    prior = mx.NormalInverseWishart([1.0, 2.0], 3.0, 5, [[2.0, 0.5], [0.5, 1.0]])
    mean, cov = np.array([0.5, 2.5]), np.array([[1.5, 0.2], [0.2, 0.8]])
    expected = st.invwishart.logpdf(cov, 5, prior.scale)
    expected += st.multivariate_normal.logpdf(mean, prior.mean, cov / 3.0)
    assert prior.log_prob(mean, cov) == pytest.approx(expected, rel=1e-12)


def test_a_joint_prior_beside_a_given_parameter():
    prior = mx.NormalInverseWishart(0.0, 4.0, 3, 2.0)
    n = len(LINE)
    given = mx.Normal(sd=2.0, prior=prior).fit(LINE)
    assert given.mean == pytest.approx(LINE.sum() / (n + 4), rel=1e-12)
    held = mx.Normal(mean=1.0, prior=prior).fit(LINE)
    square = (2.0 + 4.0 + ((LINE - 1.0) ** 2).sum()) / (n + 3 + 3)
    assert held.sd == pytest.approx(np.sqrt(square), rel=1e-12)


def test_one_observation_that_stands_apart_takes_no_component_down_with_it():
    x = np.r_[LINE, 1e3]
    prior = mx.NormalInverseWishart.default(x, 2)
    fit = mx.em(mx.Mixture(2 * [mx.Normal(prior=prior)]), x)
    assert fit.converged
    assert not fit.collapsed
    assert min(c.sd for c in fit.mixture.components) > 0


# ----------------------------------------------------------- what everybody must know

TOLD = [
    mx.Normal(mx.Normal(0, 1), mx.Between(0.5, None)),
    mx.Normal(prior=mx.NormalInverseWishart(0.0, 1.0, 3, 2.0)),
    mx.MultivariateNormal(
        prior=mx.NormalInverseWishart([0.0, 1.0], 1.0, 4, np.eye(2) * 2)
    ),
    mx.Mixture(2 * [mx.Bernoulli(mx.Beta(2, 2))], mx.Dirichlet([1.5, 2])),
    mx.Product({"a": mx.Poisson(mx.Gamma(2, 2)), "b": mx.Normal(sd=mx.Between(1, 2))}),
    mx.Categorical(mx.Dirichlet([2, 2, 3]), n=3),
]


@pytest.mark.parametrize("told", TOLD, ids=lambda t: f"{t!r:.60}")
def test_what_is_believed_is_kept_everywhere(told):
    assert mx.from_json(told.to_json()) == told
    assert pickle.loads(pickle.dumps(told)) == told
    assert hash(pickle.loads(pickle.dumps(told))) == hash(told)
    assert eval(repr(told), vars(mx) | {"mx": mx}) == told
    assert told.blank() != told
    assert not told.blank().told
    assert told.blank().n_free == told.n_free


CONTRACT = [
    (mx.Normal(mx.Normal(0, 1)), LINE),
    (mx.Normal(sd=mx.Between(2.5, None)), LINE),
    (mx.Normal(prior=mx.NormalInverseWishart(0.0, 1.0, 3, 2.0)), LINE),
    (mx.Bernoulli(mx.Beta(3, 5)), COIN),
    (mx.Gumbel(scale=mx.Gamma(20, 0.1)), LINE),
    (mx.Gumbel(scale=mx.Between(2.0, 3.0)), LINE),
    (mx.Truncated(mx.Normal(mx.Normal(0, 1)), 0.0, 6.0), LINE),
]
every_told = pytest.mark.parametrize(
    ("part", "x"), CONTRACT, ids=[repr(pair[0]) for pair in CONTRACT]
)


@every_told
def test_a_weight_of_two_is_the_observation_twice(part, x):
    x = x[part.inside(x)]
    w = np.where(np.arange(len(x)) < 10, 2.0, 1.0)
    weighted = part.fit(x, w)
    repeated = part.fit(np.r_[x, x[:10]])
    np.testing.assert_allclose(weighted.log_prob(x), repeated.log_prob(x), rtol=1e-6)


@every_told
def test_a_fit_never_lowers_the_posterior_of_its_start(part, x):
    x = x[part.inside(x)]
    before = repr(part)
    for seed in range(4):
        rng = np.random.default_rng(seed)
        weight = rng.random(len(x))
        start = part.fit(rng.choice(x, len(x)))
        found = part.fit(x, weight, start)
        heights = [
            weight @ filled.log_prob(x) + part.log_prior(filled)
            for filled in (start, found)
        ]
        assert heights[1] >= heights[0] - 1e-9 * abs(heights[0])
        assert not found.told
        assert not found.blanks
    assert repr(part) == before


def test_standard_errors_know_what_is_believed():
    """A normal of known sd with a normal belief: the posterior's own sd."""
    fit = mx.em(mx.Mixture([mx.Normal(mx.Normal(0, 0.2), 1.0)]), LINE)
    expected = 1 / np.sqrt(len(LINE) + 1 / 0.2**2)
    error = fit.standard_errors()["components[0].mean"]
    assert error == pytest.approx(expected, rel=1e-6)
    p = mx.em(mx.Mixture([mx.Bernoulli(mx.Beta(4, 8))]), COIN)
    at = p.mixture.components[0].p
    expected = np.sqrt(at * (1 - at) / (len(COIN) + 10))
    error = p.standard_errors()["components[0].p"]
    assert error == pytest.approx(expected, rel=1e-5)


def test_a_bound_that_is_reached_has_no_standard_error():
    fit = mx.em(mx.Mixture([mx.Normal(sd=mx.Between(5, None))]), TWO)
    words = r"at one of them is components\[0\].sd; give it that value"
    with pytest.raises(ValueError, match=words):
        fit.standard_errors()
    inside = mx.em(mx.Mixture([mx.Normal(sd=mx.Between(0.1, 50))]), TWO)
    plain = mx.em(mx.Mixture([mx.Normal()]), TWO).standard_errors()
    for name, error in inside.standard_errors().items():
        assert error == pytest.approx(plain[name], rel=1e-6)


def test_degrees_of_freedom_may_be_endless_beside_a_belief():
    x = np.random.default_rng(4).uniform(-1, 1, 100)
    fit = mx.em(mx.Mixture([mx.StudentT(loc=mx.Normal(0, 1))]), x, starts=1)
    assert fit.mixture.components[0].df == np.inf
    assert "at a limit: df = inf, a normal" in fit.reason


def test_a_fit_shows_both_terms():
    fit = mx.em(mx.Mixture([mx.Bernoulli(mx.Beta(4, 8))]), COIN)
    assert f"log-likelihood {fit.log_likelihood:.4f}   log prior " in repr(fit)
    assert "log prior" not in repr(mx.em(mx.Mixture([mx.Bernoulli()]), COIN))
    assert fit.aic == pytest.approx(2 - 2 * fit.log_likelihood)


@pytest.mark.parametrize(
    "make",
    [
        lambda: mx.Poisson(mx.Beta(2, 2)),
        lambda: mx.Normal(sd=mx.Normal(0, 1)),
        lambda: mx.Bernoulli(mx.Gamma(2, 2)),
        lambda: mx.Bernoulli(mx.Beta(0.5, 2)),
        lambda: mx.Poisson(mx.Gamma(0.5, 1)),
        lambda: mx.Normal(mx.Poisson(2.0)),
        lambda: mx.Normal(mx.Normal()),
        lambda: mx.Normal(sd=mx.Between(-1, 2)),
        lambda: mx.Between(2, 1),
        lambda: mx.Between(None, None),
        lambda: mx.Between("a", None),
        lambda: mx.Categorical(mx.Dirichlet([0.5, 2])),
        lambda: mx.Categorical(mx.Gamma(2, 2), n=2),
        lambda: mx.Normal(mx.Dirichlet([2, 2])),
        lambda: mx.MultivariateNormal(cov=mx.Normal(0, 1)),
        lambda: mx.MultivariateNormal(mean=mx.Normal(0, 1)),
        lambda: mx.MultivariateNormal(mean=mx.Between(0, 1)),
        lambda: mx.Mixture(2 * [mx.Poisson()], mx.Dirichlet([1, 1, 1])),
        lambda: mx.Mixture(2 * [mx.Poisson()], mx.Beta(1, 1)),
        lambda: mx.Normal(prior=mx.Normal(0, 1)),
        lambda: mx.Normal(mx.Normal(0, 1), prior=mx.NormalInverseWishart(0, 1, 3, 1)),
        lambda: mx.Normal(prior=mx.NormalInverseWishart([0, 0], 1, 4, np.eye(2))),
        lambda: mx.NormalInverseWishart(0.0, -1, 3, 1),
        lambda: mx.NormalInverseWishart(0.0, 1, -3, 1),
        lambda: mx.NormalInverseWishart(0.0, 1, 3, -1),
        lambda: mx.NormalInverseWishart([0.0, 1.0], 1, 3, 1),
        lambda: mx.MultivariateNormal(
            covariance="tied", prior=mx.NormalInverseWishart([0, 0], 1, 4, np.eye(2))
        ),
    ],
)
def test_what_is_no_belief_is_refused(make, snapshot):
    with pytest.raises((TypeError, ValueError)) as error:
        make()
    assert str(error.value) == snapshot


# -------------------------------------------------------------------------- evidence


def test_laplace_is_near_the_exact_evidence_of_a_coin_and_of_a_normal():
    fit = mx.em(mx.Mixture([mx.Bernoulli(mx.Beta(20, 30))]), 300 * [1] + 200 * [0])
    exact = scipy.special.betaln(320, 230) - scipy.special.betaln(20, 30)
    assert fit.log_evidence() == pytest.approx(exact, abs=0.01)
    x = np.random.default_rng(0).normal(3, 2, 400)
    prior = mx.NormalInverseWishart.default(x, 1)
    fit = mx.em(mx.Mixture([mx.Normal(prior=prior)]), x)
    n, k, a, b = len(x), 0.01, 1.5, prior.scale[0, 0] / 2
    after = b + 0.5 * ((x - x.mean()) ** 2).sum()
    exact = scipy.special.gammaln(a + n / 2) - scipy.special.gammaln(a)
    exact += a * np.log(b) - (a + n / 2) * np.log(after)
    exact += 0.5 * np.log(k / (k + n)) - n / 2 * np.log(2 * np.pi)
    assert fit.log_evidence() == pytest.approx(exact, abs=0.02)


def test_the_evidence_of_two_components_is_near_an_integral():
    """Two known normals: one weight to integrate over, by quadrature."""
    parts = [mx.Normal(0.0, 1.0), mx.Normal(6.0, 2.0)]
    joint = np.exp([part.log_prob(TWO) for part in parts])
    grid = (np.arange(20000) + 0.5) / 20000
    heights = np.log(np.outer(1 - grid, joint[1]) + np.outer(grid, joint[0])).sum(
        axis=1
    )
    heights += st.beta.logpdf(grid, 2.0, 3.0)
    exact = heights.max() + np.log(np.exp(heights - heights.max()).mean())
    fit = mx.em(mx.Mixture(parts, mx.Dirichlet([2.0, 3.0])), TWO)
    assert fit.log_evidence() == pytest.approx(exact, abs=0.02)
    flat = mx.em(mx.Mixture(parts), TWO).log_evidence()
    told = mx.em(mx.Mixture(parts, mx.Dirichlet([1.0, 1.0])), TWO).log_evidence()
    assert flat == pytest.approx(told, abs=1e-6)


def test_the_evidence_needs_a_distribution_for_every_blank(snapshot):
    errors = []
    for part in (
        mx.Normal(),
        mx.Normal(mx.Normal(0, 9)),
        mx.Normal(mx.Normal(0, 9), mx.Between(0.5, 9)),
        mx.Normal(prior=mx.NormalInverseWishart.penalty(TWO)),
    ):
        fit = mx.em(mx.Mixture([part]), TWO)
        with pytest.raises(ValueError, match="the evidence needs") as error:
            fit.log_evidence()
        errors.append(str(error.value))
    assert errors == snapshot


def test_models_are_chosen_by_their_evidence():
    models = {
        k: mx.Mixture(k * [mx.Normal(prior=mx.NormalInverseWishart.default(TWO, k))])
        for k in (1, 2)
    }
    found = mx.select(models, TWO, by="evidence", starts=3)
    assert found.best.name == 2
    assert f"{found.best.fit.log_evidence():.2f}*" in repr(found)
    assert "evidence" not in repr(mx.select(mx.Normal(), TWO, K=[1], starts=1))
    with pytest.raises(ValueError, match="the evidence needs a belief about every"):
        mx.select(mx.Normal(), TWO, K=[1, 2], by="evidence", starts=1).best  # noqa: B018


# ----------------------------------------------------------------------- regressions


def test_believed_coefficients_are_ridge_regression():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(50, 2))
    y = x @ [1.0, -2.0] + 0.5 + rng.normal(size=50)
    prior = mx.Normal(0.0, 0.2)
    line = mx.LinearRegression("y", {"a": prior, "b": prior}, sd=1.0)
    table = {"y": y, "a": x[:, 0], "b": x[:, 1]}
    fit = mx.em(mx.Mixture([line]), table, starts=1)
    design = np.c_[np.ones(50), x]
    precision = design.T @ design + np.diag([0, 25.0, 25.0])
    expected = np.linalg.solve(precision, design.T @ y)
    found = fit.mixture.components[0]
    got = [found.intercept, *found.coef.values()]
    np.testing.assert_allclose(got, expected, rtol=1e-6)
    bounded = mx.LinearRegression("y", {"a": mx.Between(None, 0.5), "b": None}, sd=1.0)
    found = mx.em(mx.Mixture([bounded]), table, starts=1).mixture.components[0]
    assert found.coef["a"] == 0.5
    rest = np.linalg.lstsq(design[:, [0, 2]], y - 0.5 * x[:, 0], rcond=None)[0]
    np.testing.assert_allclose([found.intercept, found.coef["b"]], rest, rtol=1e-8)
    assert mx.from_json(line.to_json()) == line
    assert pickle.loads(pickle.dumps(line)) == line


def test_a_power_of_the_spread_keeps_no_component_from_a_point():
    """Beside equal values a Gamma's density at 0 falls more slowly than their
    likelihood rises; that of a LogNormal does not, nor does a bound."""
    same = np.ones(10)
    gamma = mx.Mixture([mx.Normal(sd=mx.Gamma(2, 1))])
    with pytest.raises(ValueError, match="learned from values that differ"):
        mx.em(gamma, same, starts=1)
    bounded = mx.em(mx.Mixture([mx.Normal(sd=mx.Between(0.5, None))]), same, starts=1)
    assert bounded.mixture.components[0].sd == 0.5
    joint = mx.Mixture([mx.Normal(prior=mx.NormalInverseWishart(0, 1, 3, 1.0))])
    assert mx.em(joint, same, starts=1).mixture.components[0].sd > 0.1
