"""Rows with totals of their own, and counts that vary more than trials do."""

import numpy as np
import pytest
import scipy.optimize
import scipy.special
import scipy.stats as st

import mixnotes as mx

RNG = np.random.default_rng(0)
N = RNG.integers(20, 400, 200)
HITS = RNG.binomial(N, np.where(RNG.random(200) < 0.4, 0.2, 0.5))
TABLE = {"hits": HITS, "trials": N}


def test_trials_in_a_column_are_those_of_each_row():
    one = mx.Binomial("trials").fit(TABLE)
    assert one.p == pytest.approx(HITS.sum() / N.sum(), rel=1e-13)
    np.testing.assert_allclose(one.log_prob(TABLE), st.binom.logpmf(HITS, N, one.p))
    rows = np.c_[HITS, N]
    np.testing.assert_array_equal(one.log_prob(rows), one.log_prob(TABLE))
    assert mx.from_json(one.to_json()) == one
    drawn = one.sample_target(np.full(20_000, 50), rng=0)
    assert drawn.mean() == pytest.approx(50 * one.p, rel=0.01)


def test_a_mixture_of_binomials_with_totals_in_any_form_is_the_same():
    model = mx.Mixture(2 * [mx.Binomial("trials")])
    fit = mx.em(model, TABLE)
    assert fit.converged
    p = np.array([c.p for c in fit.mixture.components])
    each = st.binom.logpmf(HITS, N, p[:, None])
    height = np.log(fit.mixture.weights @ np.exp(each)).sum()
    assert fit.log_likelihood == pytest.approx(height, rel=1e-10)
    column = mx.Mixture(2 * [mx.Product({"hits": mx.Binomial("trials")})])
    named = mx.Mixture(2 * [mx.Binomial("trials", target="hits")])
    more = TABLE | {"other": N}
    for other, data in ((column, more), (named, more), (model, np.c_[HITS, N])):
        found = mx.em(other, data)
        assert found.log_likelihood == pytest.approx(fit.log_likelihood, rel=1e-12)
    errors = fit.standard_errors()
    assert all(0 < errors[f"components[{k}].p"] < 0.05 for k in range(2))
    labels = fit.mixture.predict(TABLE)
    assert set(labels) == {0, 1}


def test_what_is_shared_is_weighed_by_trials():
    """One p for two components is the share of all hits, not a mean of two shares."""
    part = mx.Binomial("trials", mx.Shared("p"))
    fit = mx.em(mx.Mixture([part, part], [0.5, 0.5]), TABLE, starts=1)
    assert fit.mixture.components[0].p == pytest.approx(HITS.sum() / N.sum(), rel=1e-9)


def test_rows_of_counts_take_their_sums_for_given():
    shares = RNG.dirichlet(np.ones(5), 2)
    z = (RNG.random(300) < 0.4).astype(int)
    totals = RNG.integers(5, 300, 300)
    x = np.array(
        [RNG.multinomial(n, shares[k]) for n, k in zip(totals, z, strict=True)]
    )
    fit = mx.em(mx.Mixture(2 * [mx.Multinomial()]), x)
    wrong = (fit.mixture.predict(x) == z).mean()
    assert max(wrong, 1 - wrong) > 0.95
    part = fit.mixture.components[0]
    expected = [st.multinomial.logpmf(row, row.sum(), part.probs) for row in x[:9]]
    np.testing.assert_allclose(part.log_prob(x[:9]), expected, rtol=1e-10)
    assert mx.from_json(fit.mixture.to_json()) == fit.mixture
    drawn = part.sample_rows(totals, rng=0)
    np.testing.assert_array_equal(drawn.sum(axis=1), totals)


def test_a_beta_binomial_is_fitted_as_scipy_would():
    x = np.array([0.0, 1, 2, 2, 5, 9, 10, 4])
    other = scipy.optimize.minimize(
        lambda u: -st.betabinom.logpmf(x, 10, *np.exp(u)).sum(), [0.0, 0.0],
        method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-12},
    )  # fmt: skip
    found = mx.BetaBinomial(10).fit(x)
    np.testing.assert_allclose([found.a, found.b], np.exp(other.x), rtol=1e-6)
    held = mx.BetaBinomial(10, a=2.0).fit(x)
    assert held.a == 2.0
    one = scipy.optimize.minimize_scalar(
        lambda u: -st.betabinom.logpmf(x, 10, 2.0, np.exp(u)).sum(),
        bounds=(-3, 5), method="bounded", options={"xatol": 1e-10},
    )  # fmt: skip
    assert held.b == pytest.approx(np.exp(one.x), rel=1e-6)


def test_beta_binomials_with_totals_of_their_own():
    hits = RNG.binomial(N, RNG.beta(2.0, 5.0, 200))
    fit = mx.em(mx.Mixture([mx.BetaBinomial("n")]), {"y": hits, "n": N}, starts=1)
    found = fit.mixture.components[0]
    expected = st.betabinom.logpmf(hits, N, found.a, found.b).sum()
    assert fit.log_likelihood == pytest.approx(expected, rel=1e-10)
    for a, b in ((1.02, 1.0), (1.0, 1.02), (0.98, 1.0), (1.0, 0.98)):
        less = st.betabinom.logpmf(hits, N, a * found.a, b * found.b).sum()
        assert less < expected


def test_a_dirichlet_multinomial_is_at_its_maximum():
    alpha = np.array([2.0, 0.5, 4.0, 1.0])
    x = mx.DirichletMultinomial(alpha).sample_rows(N, rng=1)
    found = mx.DirichletMultinomial().fit(x)
    np.testing.assert_allclose(found.alpha, alpha, rtol=0.3)
    counts = x.astype(int)

    def height(a):
        return st.dirichlet_multinomial.logpmf(counts, a, N).sum()

    assert found.log_prob(x).sum() == pytest.approx(height(found.alpha), rel=1e-10)
    for j in range(4):
        for factor in (0.98, 1.02):
            moved = found.alpha * np.where(np.arange(4) == j, factor, 1.0)
            assert height(moved) < height(found.alpha)


def test_counts_that_vary_no_more_than_trials_say_so():
    found = mx.BetaBinomial(10).fit([5, 5, 5, 4, 5, 6])
    assert found.limit == "a and b endless, a Binomial"
    assert found.a / (found.a + found.b) == pytest.approx(0.5, rel=1e-6)
    even = np.array([[4, 4, 2], [4, 4, 2], [4, 3, 3], [4, 4, 2]])
    many = mx.DirichletMultinomial().fit(even)
    assert many.limit == "alpha endless, a Multinomial"
    plain = mx.Multinomial(10).fit(even)
    np.testing.assert_allclose(many.alpha / many.alpha.sum(), plain.probs, rtol=1e-4)


# ----------------------------------------------------------------------- regressions

T = RNG.normal(size=200)
CURVED = [
    (mx.NegativeBinomialRegression("y", ["t"]),
     RNG.poisson(np.exp(1 + 0.5 * T) * RNG.gamma(2, 0.5, 200)).astype(float),
     lambda y, u: st.nbinom.logpmf(
         y, np.exp(u[2]), 1 / (1 + np.exp(u[0] + u[1] * T - u[2]))).sum()),
    (mx.GammaRegression("y", ["t"]),
     np.exp(1 + 0.5 * T) * RNG.gamma(4, 0.25, 200),
     lambda y, u: st.gamma.logpdf(
         y, np.exp(u[2]), scale=np.exp(u[0] + u[1] * T - u[2])).sum()),
    (mx.StudentTRegression("y", ["t"]),
     2 + 3 * T + RNG.standard_t(3, 200),
     lambda y, u: st.t.logpdf(y, np.exp(u[2]), u[0] + u[1] * T, np.exp(u[3])).sum()),
    (mx.StudentTRegression("y", ["t"], df=4.0),
     2 + 3 * T + RNG.standard_t(3, 200),
     lambda y, u: st.t.logpdf(y, 4.0, u[0] + u[1] * T, np.exp(u[2])).sum()),
]  # fmt: skip


@pytest.mark.parametrize(
    ("part", "y", "height"), CURVED, ids=[repr(c[0]) for c in CURVED]
)
def test_a_regression_ends_where_another_search_does(part, y, height):
    found = part.fit({"y": y, "t": T})
    own = [np.log(getattr(found, name)) for name in part.own if name in part.blanks]
    here = [found.intercept, found.coef["t"], *own]
    top = found.log_prob({"y": y, "t": T}).sum()
    assert top == pytest.approx(height(y, here), rel=1e-10)
    other = scipy.optimize.minimize(lambda u: -height(y, u), here, method="BFGS")
    assert top >= -other.fun - 1e-8
    np.testing.assert_allclose(here, other.x, atol=1e-4)
    again = mx.em(mx.Mixture([part]), {"y": y, "t": T}, starts=1)
    assert again.log_likelihood == pytest.approx(top, abs=1e-8)
    assert set(again.standard_errors()) == {f"components[0].{n}" for n in part.blanks}


def test_a_count_that_scatters_as_a_poisson_has_an_infinite_size():
    y = np.array([3.0, 3, 4, 3, 3, 4, 3, 3])
    x = {"y": y, "t": np.arange(8.0)}
    found = mx.NegativeBinomialRegression("y", ["t"]).fit(x)
    plain = mx.PoissonRegression("y", ["t"]).fit(x)
    assert found.size == np.inf
    assert found.coef["t"] == pytest.approx(plain.coef["t"], rel=1e-6)
    assert found.limit == "size = inf, a Poisson"


# -------------------------------------------------------------------------- directions


def test_directions_are_fitted_as_scipy_does():
    for d, kappa in ((2, 3.0), (3, 50.0), (10, 20.0)):
        mean = np.ones(d) / np.sqrt(d)
        x = mx.VonMisesFisher(mean, kappa).sample(500, rng=d)
        found = mx.VonMisesFisher().fit(x)
        other = st.vonmises_fisher.fit(x)
        np.testing.assert_allclose(found.mean, other[0], atol=1e-9)
        assert found.concentration == pytest.approx(other[1], rel=1e-8)
        density = st.vonmises_fisher(*other).logpdf(x)
        np.testing.assert_allclose(found.log_prob(x), density, atol=1e-7)


@pytest.mark.slow
def test_a_mixture_of_directions_is_found():
    parts = [mx.VonMisesFisher(v, 15.0) for v in np.vstack([np.eye(3), [0, 0, -1.0]])]
    truth = mx.Mixture(parts, [0.25] * 4)
    x, z = truth.sample(800, rng=0, labels=True)
    fit = mx.em(mx.Mixture(4 * [mx.VonMisesFisher()]), x)
    assert fit.converged
    assert fit.model.n_free == 4 * 3 + 3
    assert fit.log_likelihood > truth.log_prob(x).sum()
    found = fit.mixture.predict(x)
    for k, part in enumerate(parts):
        near = [c.mean @ part.mean for c in fit.mixture.components]
        assert max(near) > 0.99
        assert (found[z == k] == int(np.argmax(near))).mean() > 0.9
    errors = fit.standard_errors()
    assert errors["components[0].mean"].shape == (3,)


@pytest.mark.parametrize("order", [0.0, 0.5, 1.5, 9.0, 49.0])
@pytest.mark.parametrize("x", [0.5, 10.0, 500.0, 1999.0, 2100.0, 3e4])
def test_bessel_functions_are_those_of_scipy(order, x):
    from mixnotes.numeric.bessel import bessel_ratio, log_bessel

    own = scipy.special.ive(order, x)
    if own > 0:
        assert log_bessel(order, x) == pytest.approx(
            np.log(own) + x, rel=1e-12, abs=1e-10
        )
        expected = scipy.special.ive(order + 1, x) / own
        assert bessel_ratio(order, x) == pytest.approx(expected, rel=1e-11)


# ------------------------------------------------------------------------------ errors


@pytest.mark.parametrize(
    "make",
    [
        lambda: mx.Binomial("trials").fit({"a": [1], "b": [2], "trials": [3]}),
        lambda: mx.Binomial("trials").fit({"a": [1, 2], "trials": [3, 0]}),
        lambda: mx.Binomial("trials").fit({"a": [4, 2], "trials": [3, 3]}),
        lambda: mx.Binomial("trials").fit([1, 2, 3]),
        lambda: mx.Binomial("trials", 0.5).sample(3, 0),
        lambda: mx.Binomial("trials", 0.5).cdf(3),
        lambda: mx.Binomial(10, target="a"),
        lambda: mx.Binomial("a", target="a"),
        lambda: mx.Multinomial().fit([[1, 2], [0, 0]]),
        lambda: mx.Multinomial(probs=[0.5, 0.5]).sample(3, 0),
        lambda: mx.Multinomial(probs=[0.5, 0.5]).moments(),
        lambda: mx.DirichletMultinomial().fit([[1, 2], [0, 0]]),
        lambda: mx.DirichletMultinomial([1, 2], d=3),
        lambda: mx.BetaBinomial(0),
        lambda: mx.BetaBinomial(10, a=-1.0),
        lambda: mx.BinomialRegression("y", ["x"], "x"),
        lambda: mx.BinomialRegression("y", ["x"], 3),
        lambda: mx.BinomialRegression("y", ["x"], "n").fit(
            {"y": [1, 2], "x": [0, 1], "n": [2, 0]}
        ),
        lambda: mx.NegativeBinomialRegression("y", ["x"], size=-1.0),
        lambda: mx.GammaRegression("y", ["x"]).fit({"y": [0, 1], "x": [0, 1]}),
        lambda: mx.GammaRegression("y", ["x"]).fit({"y": [1, 2], "x": [0, 1]}),
        lambda: mx.StudentTRegression("y", ["x"]).fit({"y": [1, 2], "x": [0, 1]}),
        lambda: mx.StudentTRegression("y", ["x"], scale=0),
        lambda: mx.VonMisesFisher([1.0, 1.0]),
        lambda: mx.VonMisesFisher().fit([[1.0, 0.0], [3.0, 4.0]]),
        lambda: mx.VonMisesFisher().fit([[1.0, 0.0], [1.0, 0.0]]),
        lambda: mx.VonMisesFisher(concentration=mx.Shared("k")),
    ],
)
def test_what_has_no_totals_is_refused(make, snapshot):
    with pytest.raises((TypeError, ValueError)) as error:
        make()
    assert str(error.value) == snapshot


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_two_of_them_on_counts_of_one_kind_end_at_the_limit(seed):
    """One group of binomials, or of multinomials: alpha is endless in some component,
    and the fit is no lower than that of the one group."""
    rng = np.random.default_rng(seed)
    hits, rows = rng.binomial(10, 0.4, 60), rng.multinomial(9, [0.2, 0.3, 0.5], 60)
    rows[:, 1] += rows[:, 2] * (seed == 2)
    rows[:, 2] *= seed != 2  # a column that never comes
    for part, one, x in (
        (mx.BetaBinomial(10), mx.Binomial(10), hits),
        (mx.DirichletMultinomial(), mx.Multinomial(), rows),
    ):
        fit = mx.em(mx.Mixture(2 * [part]), x, starts=2)
        least = mx.em(mx.Mixture([one]), x).log_likelihood
        assert fit.log_likelihood > least - 1e-6
        assert np.isfinite(fit.mixture.log_prob(x)).all()


def test_rows_that_each_have_one_column_alone_say_so():
    """alpha goes to 0: of three counts all fall into one column, as a coin does."""
    fit = mx.em(mx.Mixture([mx.DirichletMultinomial()]), [[3, 0], [0, 3]], starts=1)
    assert fit.converged
    assert fit.log_likelihood == pytest.approx(2 * np.log(0.5), abs=1e-6)
    assert "alpha 0, where each row has all its counts in one column" in fit.reason
    coin = mx.em(mx.Mixture([mx.BetaBinomial(3)]), [3, 0, 3, 3], starts=1)
    assert "a and b 0, where all trials of a row end alike" in coin.reason
    assert coin.log_likelihood == pytest.approx(4 * np.log(0.75) - np.log(3), abs=1e-6)
