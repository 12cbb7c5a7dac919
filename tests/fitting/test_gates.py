"""Weights that depend on columns, by hand, against scipy, and what goes wrong."""

import itertools
import pickle
import subprocess
import sys

import numpy as np
import pytest
import scipy.optimize
import scipy.special

import mixnotes as mx

RNG = np.random.default_rng(0)
N = 200
AGE = RNG.uniform(20, 70, N)
PARTY = RNG.choice(["left", "none", "right"], N)
Z = (RNG.random(N) < scipy.special.expit(0.1 * (AGE - 45) + (PARTY == "right"))) * 1
X = 3.0 * Z + RNG.normal(size=N)
ON = {"age": AGE, "party": PARTY}
TWO = mx.Mixture(2 * [mx.Normal()], weights=mx.Gate(["age", "party"]))
FIT = mx.em(TWO, X, covariates=ON, starts=2)


def dummies():
    """1, age, and a column for each word but the first."""
    return np.c_[np.ones(N), AGE, PARTY == "none", PARTY == "right"]


def test_the_weights_are_softmax_of_a_linear_predictor():
    """log p(x) = log sum_k exp(eta_k) / sum_j exp(eta_j) p(x | k), from scratch."""
    gate = FIT.mixture.weights
    party = gate.coef["party"]
    eta = gate.intercept[:, None] + np.outer(gate.coef["age"], AGE)
    eta += sum(np.outer(party[word], word == PARTY) for word in party)
    level = eta - scipy.special.logsumexp(eta, axis=0)
    dens = np.array([c.log_prob(X) for c in FIT.mixture.components])
    row = scipy.special.logsumexp(level + dens, axis=0)
    np.testing.assert_allclose(FIT.mixture.log_prob(X, ON), row, atol=1e-12)
    assert FIT.log_likelihood == pytest.approx(row.sum(), abs=1e-9)
    r = np.exp(level + dens - row).T
    np.testing.assert_allclose(FIT.mixture.responsibilities(X, ON), r, atol=1e-12)
    np.testing.assert_array_equal(FIT.mixture.predict(X, ON), r.argmax(axis=1))
    assert (gate.coef["party"]["left"] == 0).all()
    assert FIT.converged
    assert (np.diff(FIT.history) >= 0).all()
    share = r * np.log(np.where(r > 0, r, 1))
    assert FIT.entropy == pytest.approx(-share.sum(), abs=1e-8)


def test_scipy_climbs_no_higher():
    """Nine numbers: two means, two sds, four coefficients, from where EM ended."""
    design = dummies()

    def loss(v):
        eta = design @ v[4:]
        logs = np.array([-np.logaddexp(0, eta), -np.logaddexp(0, -eta)])
        dens = [mx.Normal(v[k], np.exp(v[2 + k])).log_prob(X) for k in range(2)]
        return -np.logaddexp(logs[0] + dens[0], logs[1] + dens[1]).sum()

    first, second = FIT.mixture.components
    gate = FIT.mixture.weights
    coef = [gate.intercept[1], gate.coef["age"][1]]
    coef += [gate.coef["party"][word][1] for word in ("none", "right")]
    at = np.array([first.mean, second.mean, np.log(first.sd), np.log(second.sd), *coef])
    found = scipy.optimize.minimize(loss, at, method="BFGS")
    assert -loss(at) == pytest.approx(FIT.log_likelihood, abs=1e-8)
    assert -found.fun <= FIT.log_likelihood + 1e-6


def test_standard_errors_are_those_of_the_curvature():
    """Of components that are known, the information of the gate in closed form."""
    known = mx.Mixture([mx.Normal(0, 1), mx.Normal(3, 1)], mx.Gate(["age", "party"]))
    fit = mx.em(known, X, covariates=ON)
    design = dummies()
    r = fit.mixture.responsibilities(X, ON)[:, 1]
    p = np.exp(fit.mixture.weights.log_weights(ON, N))[1]
    curved = (design.T * (p * (1 - p) - r * (1 - r))) @ design
    expected = np.sqrt(np.diagonal(np.linalg.inv(curved)))
    errors = fit.standard_errors()
    assert list(errors) == list(fit.model.blanks) == list(fit.intervals())
    found = [errors["weights.intercept"][1], errors["weights.coef['age']"][1]]
    found += [errors[f"weights.coef['party']['{w}']"][1] for w in ("none", "right")]
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    scores = design * (r - p)[:, None]
    bread = np.linalg.inv(curved)
    sandwich = np.sqrt(np.diagonal(bread @ scores.T @ scores @ bread))
    found = fit.sandwich_errors()
    np.testing.assert_allclose(found["weights.coef['age']"][1], sandwich[1], rtol=1e-4)


def test_a_weight_of_two_is_the_observation_twice():
    w = np.where(np.arange(N) < 50, 2.0, 1.0)
    twice = np.r_[np.arange(N), np.arange(50)]
    a = mx.em(TWO, X, covariates=ON, sample_weight=w, starts=2)
    again = {name: column[twice] for name, column in ON.items()}
    b = mx.em(TWO, X[twice], covariates=again, starts=2)
    assert a.log_likelihood == pytest.approx(b.log_likelihood, abs=1e-7)
    w = np.where(np.arange(N) < 50, 0.0, 1.0)
    c = mx.em(TWO, X, covariates=ON, sample_weight=w, starts=2)
    rest = {name: column[50:] for name, column in ON.items()}
    d = mx.em(TWO, X[50:], covariates=rest, starts=2)
    assert c.log_likelihood == pytest.approx(d.log_likelihood, abs=1e-7)


def test_no_slope_is_plain_weights():
    """A slope of 0 leaves the intercept, which is a weight."""
    gate = mx.Gate({"age": [0, 0]})
    fit = mx.em(mx.Mixture(2 * [mx.Normal()], gate), X, covariates=ON, starts=2)
    plain = mx.em(mx.Mixture(2 * [mx.Normal()]), X, starts=2)
    assert fit.model.n_free == plain.model.n_free == 5
    assert fit.log_likelihood == pytest.approx(plain.log_likelihood, abs=1e-8)
    np.testing.assert_allclose(
        fit.mixture.at({"age": 3}).weights, plain.mixture.weights, atol=1e-6
    )


def test_known_and_shared_coefficients_stay_so():
    gate = mx.Gate({"age": [0, mx.Shared("s"), mx.Shared("s")]}, [0, None, -1.0])
    model = mx.Mixture(3 * [mx.Normal()], weights=gate)
    assert model.n_free == 6 + 2
    fit = mx.em(model, X, covariates=ON, starts=2)
    found = fit.mixture.weights
    assert found.coef["age"][1] == found.coef["age"][2] != 0
    assert found.intercept[[0, 2]].tolist() == [0, -1]
    assert fit.converged
    assert (np.diff(fit.history) >= 0).all()


def test_all_blank_components_come_by_increasing_mean_and_the_first_is_the_base():
    means = [c.mean for c in FIT.mixture.components]
    assert means == sorted(means)
    assert FIT.mixture.weights.matrix[0].tolist() == [0] * 5
    three = mx.Mixture(3 * [mx.Normal()], weights=mx.Gate(["age"]))
    fit = mx.em(three, X, covariates=ON, starts=3)
    means = [c.mean for c in fit.mixture.components]
    assert means == sorted(means)
    direct = fit.mixture.log_prob(X, ON).sum()
    assert direct == pytest.approx(fit.log_likelihood, abs=1e-8)


def test_a_table_holds_the_columns_of_components_and_of_the_gate():
    """In a product with gaps, and where a column is a predictor too."""
    y = np.where(np.arange(N) % 7 == 0, np.nan, X)
    table = {"y": y, "u": X + 1, **ON}
    product = mx.Product({"y": mx.Normal(), "u": mx.Normal()})
    fit = mx.em(mx.Mixture([product] * 2, weights=mx.Gate(["age"])), table, starts=2)
    assert fit.converged
    assert fit.mixture.responsibilities(table).shape == (N, 2)
    line = mx.LinearRegression("y", ["age"])
    lines = mx.Mixture(2 * [line], weights=mx.Gate(["age", "party"]))
    fit = mx.em(lines, table | {"y": X}, starts=2)
    direct = fit.mixture.log_prob(table | {"y": X}).sum()
    assert direct == pytest.approx(fit.log_likelihood, abs=1e-8)


def test_mixtures_within_have_plain_weights_of_their_own():
    inner = mx.Mixture([mx.Normal(), mx.Normal()])
    model = mx.Mixture([inner, mx.Normal(3, 1)], weights=mx.Gate(["age"]))
    fit = mx.em(model, X, covariates=ON, starts=2)
    direct = fit.mixture.log_prob(X, ON).sum()
    assert direct == pytest.approx(fit.log_likelihood, abs=1e-8)
    assert (np.diff(fit.history) >= 0).all()


def test_a_step_of_em_by_hand():
    """The gate's step is a logistic regression on the responsibilities."""
    model = mx.Mixture([mx.Normal(0, 1), mx.Normal(3, 1)], mx.Gate(["age"]))
    here = mx.Mixture(model.components, mx.Gate({"age": [0, 0.05]}, [0, -2]))
    r = here.responsibilities(X, ON)[:, 1]
    step = mx.em_step(model, here, X, covariates=ON).weights
    p = np.exp(step.log_weights(ON, N))[1]
    assert (r - p).sum() == pytest.approx(0, abs=1e-9)
    assert ((r - p) * AGE).sum() == pytest.approx(0, abs=1e-8)


@pytest.mark.parametrize("filled", [False, True])
def test_a_gated_mixture_is_a_value(filled):
    """It compares, hashes, copies, pickles, prints as code and saves as JSON."""
    mixture = FIT.mixture if filled else TWO
    assert mx.from_json(mixture.to_json()) == mixture
    assert pickle.loads(pickle.dumps(mixture)) == mixture
    assert len({mixture, mx.from_json(mixture.to_json())}) == 1
    assert eval(repr(TWO), vars(mx)) == TWO
    assert mixture != mx.Mixture(mixture.components)
    assert mixture.weights != mx.Gate(["age"])
    assert FIT.mixture.blank().n_free == FIT.model.n_free == 8
    assert FIT.mixture.blank("weights").blanks == tuple(
        n for n in FIT.model.blanks if n.startswith("weights")
    )
    with pytest.raises(AttributeError, match="immutable"):
        mixture.weights.intercept = None


def test_draws_follow_the_columns():
    n = 4000
    on = {"age": np.repeat([30.0, 60.0], n // 2), "party": np.full(n, "left")}
    x, z = FIT.mixture.sample(n, 0, labels=True, covariates=on)
    assert x.shape == z.shape == (n,)
    for age in (30, 60):
        share = FIT.mixture.at({"age": age, "party": "left"}).weights[1]
        assert z[on["age"] == age].mean() == pytest.approx(share, abs=0.04)


def test_a_fit_prints_its_coefficients(shown):
    shown.append("\n".join(repr(FIT).splitlines()[:-2]))


def test_words_keep_the_order_of_their_categories():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"x": X, "party": PARTY})
    table["party"] = pandas.Categorical(
        table["party"], categories=["right", "none", "left", "other"]
    )
    one = mx.Product({"x": mx.Normal()})
    fit = mx.em(mx.Mixture([one, one], weights=mx.Gate(["party"])), table, starts=2)
    assert list(fit.mixture.weights.coef["party"]) == ["right", "none", "left"]


def test_a_gate_that_is_sure_says_so():
    """Groups that a column tells apart need infinite coefficients."""
    u = np.r_[np.zeros(50), np.ones(50)]
    x = np.r_[RNG.normal(0, 1, 50), RNG.normal(30, 1, 50)]
    fit = mx.em(mx.Mixture(2 * [mx.Normal()], mx.Gate(["u"])), x, covariates={"u": u})
    assert fit.converged
    assert "at a limit: weights" in fit.reason
    alone = [mx.Normal().fit(part) for part in (x[:50], x[50:])]
    best = sum(
        c.log_prob(part).sum() for c, part in zip(alone, (x[:50], x[50:]), strict=True)
    )
    assert fit.log_likelihood == pytest.approx(best, abs=1e-6)


def test_known_components_take_some_starts():
    """The likelihood of a gate has more than one summit where components are known."""
    known = mx.Mixture([mx.Normal(0, 1), mx.Normal(3, 1)], mx.Gate(["age"]))
    assert len(mx.em(known, X, covariates=ON).starts) > 3
    assert len(mx.em(known, X, covariates=ON, starts=3).starts) == 3


def test_the_bootstrap_draws_rows_with_their_columns():
    draws = mx.bootstrap(FIT, 40).draws["weights.coef['age']"]
    assert (draws[:, 0] == 0).all()
    low, high = np.quantile(draws[:, 1], [0.16, 0.84])
    errors = FIT.standard_errors()["weights.coef['age']"]
    assert 0.5 < (high - low) / 2 / errors[1] < 2


def test_models_are_compared_by_what_they_say_of_rows_not_seen():
    models = {
        "gate": mx.Mixture(2 * [mx.Normal()], weights=mx.Gate(["age"])),
        "plain": mx.Mixture(2 * [mx.Normal()]),
    }
    table = {"x": X, "age": AGE}
    named = {
        name: mx.Mixture(
            [mx.Product({"x": c}) for c in model.components], model.weights
        )
        for name, model in models.items()
    }
    found = mx.select(named, table, folds=4, starts=2, by="held_out")
    assert found.best.name == "gate"
    assert found.best.held_out > found["plain"].held_out
    only = mx.select({"gate": models["gate"]}, X, covariates={"age": AGE}, starts=2)
    assert only.best.fit.log_likelihood == pytest.approx(
        found["gate"].fit.log_likelihood, abs=1e-6
    )


def test_it_needs_no_scipy():
    code = (
        "import sys; sys.modules['scipy'] = None\n"
        "import numpy as np, mixnotes as mx\n"
        "x = np.r_[np.arange(9.0), 6 + np.arange(9.0)]\n"
        "u = np.r_[np.arange(9.0), 4 + np.arange(9.0)]\n"
        "gate = mx.Gate(['u'])\n"
        "fit = mx.em(mx.Mixture(2 * [mx.Normal()], gate), x, covariates={'u': u})\n"
        "assert fit.converged, fit.reason\n"
        "print(fit.mixture.weights.columns)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout == "('u',)\n", run.stderr


NORMALS = 2 * [mx.Normal()]
BAD = {
    "no name": lambda: mx.Gate("age"),
    "no column": lambda: mx.Gate([]),
    "one number": lambda: mx.Gate({"age": 0.5}),
    "no number": lambda: mx.Gate({"age": [0, "x"]}),
    "no words": lambda: mx.Gate({"party": {}}),
    "infinite": lambda: mx.Gate({"age": [0, np.inf]}),
    "too many": lambda: mx.Mixture(NORMALS, mx.Gate({"age": [0, 1, 2]})),
    "no base": lambda: mx.Mixture(NORMALS, mx.Gate({"age": [None, None]})),
    "nested": lambda: mx.Mixture([TWO, mx.Normal()]),
    "missing": lambda: mx.em(TWO, X, covariates={"age": AGE}),
    "no columns": lambda: mx.em(TWO, X),
    "no mapping": lambda: mx.em(TWO, X, covariates=AGE),
    "too short": lambda: mx.em(TWO, X, covariates={"age": AGE[1:], "party": PARTY}),
    "two dimensions": lambda: mx.em(
        TWO, X, covariates={"age": np.c_[AGE, AGE], "party": PARTY}
    ),
    "a gap": lambda: mx.em(
        TWO, X, covariates={"age": np.where(AGE < 21, np.nan, AGE), "party": PARTY}
    ),
    "a gap in words": lambda: mx.em(
        TWO, X, covariates={"age": AGE, "party": [None, *PARTY[1:]]}
    ),
    "dates": lambda: mx.em(
        mx.Mixture(NORMALS, mx.Gate(["age"])),
        X,
        covariates={"age": np.arange(N).astype("datetime64[D]")},
    ),
    "not asked for": lambda: mx.em(mx.Mixture(NORMALS), X, covariates=ON),
    "an unknown word": lambda: FIT.mixture.at({"age": 3, "party": "green"}),
    "a number for a word": lambda: FIT.mixture.at({"age": 3, "party": 2}),
    "a word for a number": lambda: FIT.mixture.at({"age": "old", "party": "left"}),
    "words for numbers": lambda: mx.em(
        mx.Mixture(NORMALS, mx.Gate({"age": [0, 1]})), X, covariates={"age": PARTY}
    ),
    "numbers for words": lambda: mx.em(
        mx.Mixture(NORMALS, mx.Gate({"age": {"a": None, "b": [0, 0]}})),
        X,
        covariates={"age": AGE},
    ),
    "the mean": lambda: FIT.mixture.mean(),
    "the cdf": lambda: FIT.mixture.cdf(0.0),
    "draws": lambda: FIT.mixture.sample(3, 0),
    "draws of numbers": lambda: mx.Mixture(NORMALS, [0.5, 0.5]).sample(
        3, 0, covariates=ON
    ),
    "blocks": lambda: mx.em(TWO, Blocks(), covariates=ON),
    "blocks alone": lambda: mx.em(TWO, Blocks()),
    "online": lambda: mx.em_online(TWO, [X]),
    "start of others": lambda: mx.em(
        TWO, X, covariates=ON, start=mx.Mixture([mx.Normal(0, 1)] * 2, [0.5, 0.5])
    ),
    "start of other values": lambda: mx.em(
        mx.Mixture(NORMALS, mx.Gate({"age": [0, 1]})),
        X,
        covariates=ON,
        start=mx.Mixture([mx.Normal(0, 1)] * 2, mx.Gate({"age": [0, 2]}, [0, 0])),
    ),
    "a ceiling": lambda: FIT.ceiling(),
    "a ratio": lambda: mx.likelihood_ratio_test(TWO, TWO, X, covariates=ON),
    "a ratio of columns": lambda: mx.likelihood_ratio_test(
        mx.Mixture([mx.Normal()]), mx.Mixture(NORMALS), X, covariates=ON
    ),
    "parametric": lambda: mx.bootstrap(FIT, 2, parametric=True),
    "held out": lambda: mx.select(
        [TWO], X, covariates=ON, folds=3, tol=1e-3, by="held_out"
    ),
}


class Blocks:
    """Blocks of rows that begin anew in every pass."""

    def __iter__(self):
        return itertools.chain([X, X])


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_is_refused_with_a_reason(name):
    with pytest.raises((ValueError, TypeError), match=r"\w{3}"):
        BAD[name]()


def test_a_column_far_from_0_is_as_good_as_one_near_it():
    """Years, and units of any size: the slope and its error follow."""
    age = {"age": AGE}
    model = mx.Mixture(2 * [mx.Normal()], weights=mx.Gate(["age"]))
    near = mx.em(model, X, covariates=age, starts=2)
    name = "weights.coef['age']"
    error = near.standard_errors()[name][1]
    for unit, offset in [(1.0, 2e4), (1.0, 1e7), (1e-9, 0.0), (1e12, 0.0)]:
        column = {"age": unit * (AGE + offset)}
        far = mx.em(model, X, covariates=column, starts=2)
        assert far.log_likelihood == pytest.approx(near.log_likelihood, abs=1e-6)
        slope = far.mixture.weights.coef["age"][1] * unit
        assert slope == pytest.approx(near.mixture.weights.coef["age"][1], rel=1e-4)
        assert far.standard_errors()[name][1] * unit == pytest.approx(error, rel=1e-3)


def test_columns_that_say_the_same_are_learned_and_have_no_errors():
    twice = {"age": AGE, "months": 12 * AGE}
    model = mx.Mixture(2 * [mx.Normal()], weights=mx.Gate(["age", "months"]))
    fit = mx.em(model, X, covariates=twice, starts=2)
    one = mx.Mixture(2 * [mx.Normal()], weights=mx.Gate(["age"]))
    alone = mx.em(one, X, covariates=twice, starts=2)
    assert fit.log_likelihood == pytest.approx(alone.log_likelihood, abs=1e-6)
    with pytest.raises(ValueError, match="do not tell all parameters apart"):
        fit.standard_errors()


def test_bins_and_what_was_censored_have_weights_by_columns():
    """The bound on rows held with probability 1 is one of plain weights."""
    bins = mx.Binned(np.arange(11), np.arange(3, 13))
    model = mx.Mixture(2 * [mx.Normal()], weights=mx.Gate(["age"]))
    fit = mx.em(model, bins, covariates={"age": np.arange(10.0)}, starts=2)
    assert (np.diff(fit.history) >= 0).all()
    few = mx.Binned([0, 1, 2], [3, 4])
    known = mx.Mixture([mx.Normal(0.5, 1), mx.Normal(1.5, 1)], mx.Gate(["age"]))
    assert mx.em(known, few, covariates={"age": [1.0, 2.0]}).log_likelihood < 0
    narrow = mx.em(model, few, covariates={"age": [1.0, 2.0]}, starts=1, max_iter=20)
    assert np.isfinite(narrow.log_likelihood)
