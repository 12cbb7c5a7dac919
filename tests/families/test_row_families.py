"""Families of rows and their pieces: regressions, products, normals and t in space."""

import numpy as np
import pytest
import scipy.optimize
import scipy.special
import scipy.stats

import mixnotes as mx
from mixnotes.components import constraints, exponential
from mixnotes.components.exponential import Tie
from mixnotes.families import student

INF, NAN = np.inf, np.nan
close = np.testing.assert_allclose

# ------------------------------------------------------------------- regressions


def lines_of(n=60, seed=0):
    """A table of three columns, and weights."""
    rng = np.random.default_rng(seed)
    u, v = rng.normal(2.0, 1.0, n), rng.normal(-1.0, 2.0, n)
    eta = 0.5 + 0.4 * u - 0.3 * v
    return u, v, eta, rng


KINDS = {
    "linear": lambda on, **k: mx.LinearRegression("y", on, **k),
    "poisson": lambda on, **k: mx.PoissonRegression("y", on, **k),
    "logistic": lambda on, **k: mx.LogisticRegression("y", on, **k),
}
KNOWN = {
    "none": lambda: (["u", "v"], {}),
    "slope": lambda: ({"u": None, "v": -0.2}, {}),
    "intercept": lambda: (["u", "v"], {"intercept": 0.3}),
    "slopes": lambda: ({"u": 0.4, "v": -0.2}, {}),
    "only a slope": lambda: ({"u": None, "v": -0.2}, {"intercept": 0.3}),
}


def target_of(kind, eta, rng):
    if kind == "linear":
        return rng.normal(eta, 0.7)
    if kind == "poisson":
        return rng.poisson(np.exp(eta)).astype(float)
    return (rng.random(len(eta)) < scipy.special.expit(eta)).astype(float)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("known", KNOWN)
def test_a_regression_is_level_at_its_fit(kind, known):
    u, v, eta, rng = lines_of()
    table = {"y": target_of(kind, eta, rng), "u": u, "v": v}
    w = rng.exponential(size=60)
    w[:7] = 0
    on, rest = KNOWN[known]()
    model = KINDS[kind](on, **rest)
    fitted = model.fit(table, w)
    rows = np.stack([table["y"], u, v], axis=1)
    line = model.unconstrain(fitted)
    close(slopes_on(model, fitted, line, table, w), np.zeros(len(line)), atol=1e-7)
    start = model.constrain(line + 0.3, fitted)
    again = model.fit(table, w, start=start)
    close(model.unconstrain(again), line, rtol=1e-5, atol=1e-6)
    for name in set(fitted.named) - set(model.blanks):
        assert fitted.value_of(name) == model.value_of(name)
    assert [a.name for a in model.axes(fitted)] == list(model.blanks)
    for axis in model.axes(fitted):
        assert axis[1:] == (1, False, None, axis.name != "sd")
        constraint = model.constraint_of(axis.name)
        assert constraint is (
            constraints.POSITIVE if axis.name == "sd" else constraints.LOG_REAL
        )
    assert model.n_free == len(line)
    inner = model.bind(rows)(fitted)
    close(inner, fitted.log_prob(table))
    close(model.constrain(line, fitted).log_prob(table), inner)


def test_regressions_have_the_density_and_mean_of_their_target():
    table = {"y": [0.0, 1.0, 3.0], "u": [1.0, 2.0, 800.0]}
    eta = 0.5 + 2 * np.array(table["u"])
    model = mx.LinearRegression("y", {"u": 2.0}, 0.5, sd=3.0)
    close(model.log_prob(table), scipy.stats.norm(eta, 3).logpdf(table["y"]))
    close(model.expected(table), eta)
    poisson = mx.PoissonRegression("y", {"u": 2.0}, 0.5)
    expected = scipy.stats.poisson(np.exp(eta[:2])).logpmf([0, 1])
    close(poisson.log_prob(table)[:2], expected)
    close(poisson.log_prob(table)[2], 3 * eta[2] - np.exp(700) - np.log(6))
    close(poisson.expected({"u": [0.0, 800.0]}), np.exp([0.5, 700]))
    logistic = mx.LogisticRegression("y", {"u": -2.0}, 0.5)
    close(
        logistic.log_prob(table)[:2],
        scipy.stats.bernoulli(scipy.special.expit(0.5 - np.array([2, 4]))).logpmf(
            [0, 1]
        ),
    )
    assert logistic.log_prob(table)[2] == -INF
    close(logistic.expected(table), scipy.special.expit([-1.5, -3.5, -1599.5]))
    draws = logistic.sample_target({"u": np.zeros(5000)}, 0)
    assert draws.mean() == pytest.approx(scipy.special.expit(0.5), abs=0.02)
    assert set(draws) == {0.0, 1.0}
    counts = poisson.sample_target({"u": np.zeros(5000)}, 0)
    assert counts.dtype == np.float64
    assert counts.mean() == pytest.approx(np.exp(0.5), rel=0.04)
    drawn = model.sample_target({"u": np.zeros(5000)}, 0)
    assert drawn.std() == pytest.approx(3, rel=0.04)
    assert model.sample_target({"u": [1.0]}, 5) == model.sample_target({"u": [1.0]}, 5)


def test_a_regression_on_columns_that_hardly_vary_is_solved():
    rng = np.random.default_rng(2)
    u = 1e4 + rng.normal(size=50)
    y = 3 - 2 * u + rng.normal(size=50)
    w = rng.exponential(size=50)
    fitted = mx.LinearRegression("y", ["u"]).fit({"y": y, "u": u}, w)
    slope = np.cov(u, y, aweights=w)[0, 1] / np.cov(u, aweights=w)
    assert fitted.coef["u"] == pytest.approx(slope, rel=1e-8)
    mean = np.average(y, weights=w) - slope * np.average(u, weights=w)
    assert fitted.intercept == pytest.approx(mean, rel=1e-8)


def test_regressions_are_named_and_blank_by_their_parameters():
    model = mx.LinearRegression("y", {"u": 1.5, "v": None}, 2.0, sd=mx.Shared("s"))
    assert repr(model) == (
        "LinearRegression('y', {'u': 1.5, 'v': None}, intercept=2, sd=Shared('s'))"
    )
    assert model.blanks == ("coef['v']", "sd")
    assert model.shares == {"sd": "s"}
    assert model.parameters == (*("coef", "intercept", "coef['u']", "coef['v']", "sd"),)
    assert model.blank("coef").coef == {"u": None, "v": None}
    assert model.blank("coef").intercept == 2
    assert model.blank("coef['u']", "intercept").coef == {"u": None, "v": None}
    assert model.blank().n_free == 4
    assert model.blank("sd").sd is None
    filled = model.filled({"coef['v']": 3.0, "sd": 0.5})
    assert filled == mx.LinearRegression("y", {"u": 1.5, "v": 3.0}, 2.0, 0.5)
    assert model.with_shared_fixed(filled).sd == 0.5
    assert model.with_shared_fixed(filled).coef["v"] is None
    assert filled.described(model) == (
        "LinearRegression('y'): intercept 2 (given), u 1.5 (given), v 3, sd 0.5"
    )
    assert filled.rank() == (2, 1.5, 3)
    assert mx.from_json(model.to_json()) == model
    assert mx.from_json(filled.to_json()) == filled
    assert hash(filled) == hash(mx.from_json(filled.to_json()))
    assert model.support == "rows whose y is a finite number"
    with pytest.raises(ValueError, match="can have blanks in intercept, coef"):
        model.blank("slope")
    with pytest.raises(AttributeError, match="LinearRegression is immutable, cannot"):
        model.sd = 3.0
    with pytest.raises(ValueError, match="sample_target needs every parameter"):
        model.sample_target({"u": [1.0], "v": [1.0]}, 0)
    with pytest.raises(ValueError, match="expected needs every parameter"):
        model.expected({"u": [1.0], "v": [1.0]})
    with pytest.raises(TypeError, match=r"the mean of y depends on .* expected\(x\)"):
        filled.moments()
    with pytest.raises(TypeError, match="not how these are distributed; call sample_"):
        filled.sample(3, 0)


@pytest.mark.parametrize("unit", [1e-8, 1.0, 1e8])
def test_a_predictor_may_lie_fifty_thousand_spreads_away(unit):
    v = np.array([-1.0, 1.0, -1.0, 1.0]) * unit
    y = np.array([0.0, 1.0, 0.1, 1.2])
    near = {"y": y, "u": v + 4.99e4 * unit}
    fitted = mx.LinearRegression("y", ["u"]).fit(near)
    assert fitted.coef["u"] * unit == pytest.approx(0.525, rel=1e-6)
    far = {"y": y, "u": v - 5.01e4 * unit}
    with pytest.raises(ValueError, match="the predictor 'u' must lie within 50000 of"):
        mx.LinearRegression("y", ["u"]).fit(far)
    one = {"y": y[:1], "u": far["u"][:1]}
    known = mx.LinearRegression("y", ["u"], intercept=0.0)
    assert known.fit(far).coef["u"] == pytest.approx(
        (far["u"] @ y) / (far["u"] ** 2).sum()
    )
    assert mx.LinearRegression("y", {"u": 0.1}).fit(far).coef == {"u": 0.1}
    given = mx.LinearRegression("y", {"u": 0.0}, 0.0, sd=1.0)
    close(given.log_prob(one), scipy.stats.norm.logpdf(y[:1]))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: mx.PoissonRegression("y", ["u"]), "PoissonRegression collapsed: some"),
        (
            lambda: mx.LogisticRegression("y", ["u"]),
            "LogisticRegression collapsed: some combination of u tells y",
        ),
    ],
)
def test_coefficients_on_their_way_to_infinity_are_told(make, words):
    table = {"y": [0.0, 0.0, 0.0, 1.0, 1.0], "u": [-3.0, -2.0, -1.0, 1.0, 1.0]}
    with pytest.raises(ValueError, match=words):
        make().fit(table)


def test_a_count_that_is_large_is_no_collapse():
    table = {"y": [1e17, 3e17, 1e18], "u": [0.0, 1.0, 2.0]}
    fitted = mx.PoissonRegression("y", ["u"]).fit(table)
    assert fitted.coef["u"] == pytest.approx(1.15, abs=0.05)


def test_predictors_that_do_not_vary_apart_are_told():
    table = {"y": [1.0, 2.0, 4.0], "u": [1.0, 2.0, 3.0], "v": [2.0, 4.0, 6.0]}
    with pytest.raises(ValueError, match=r"its predictors \['u', 'v'\] do not vary"):
        mx.LinearRegression("y", ["u", "v"]).fit(table)
    table["v"] = [7.0, 7.0, 7.0]
    with pytest.raises(ValueError, match=r"its predictors \['u', 'v'\] do not vary"):
        mx.LinearRegression("y", ["u", "v"]).fit(table)


# ---------------------------------------------------------------------- products


def product():
    return mx.Product(
        {
            "a": mx.Normal(1.0, 2.0),
            ("b", "c"): mx.MultivariateNormal([0.0, 1.0], [[2.0, 0.6], [0.6, 1.0]]),
            "k": mx.Poisson(3.0),
            "t": mx.StudentT(4.0, 0.0, 1.0),
        }
    )


def test_a_product_has_the_moments_and_lines_of_its_parts():
    made_of = product()
    mean, cov = made_of.moments()
    assert mean.tolist() == [1, 0, 1, 3, 0]
    expected = np.diag([4.0, 2.0, 1.0, 3.0, 2.0])
    expected[1, 2] = expected[2, 1] = 0.6
    close(cov, expected)
    model = made_of.blank("sd", "cov", "parts['t'].loc", "df")
    assert model.blanks == (
        *("parts['a'].sd", "parts[('b', 'c')].cov", "parts['t'].df", "parts['t'].loc"),
    )
    line = model.unconstrain(made_of)
    assert line.shape == (6,)
    close(line[[0, 4, 5]], [np.log(2), np.log(4), 0])
    moved = model.constrain(line + 0.1, made_of)
    close(moved.parts["a"].sd, 2 * np.exp(0.1))
    close(moved.parts["t"].loc, 0.1)
    assert moved.parts["k"] == made_of.parts["k"]
    close(model.unconstrain(moved), line + 0.1)
    axes = model.axes(made_of)
    assert [(a.name, a.size) for a in axes] == list(
        zip(model.blanks, (1, 3, 1, 1), strict=True)
    )
    assert model.value_of("parts['t'].df") is None
    assert made_of.value_of("parts['a'].sd") == 2
    assert model.size_of("parts[('b', 'c')].cov") == 3
    assert model.size_of("parts['a'].sd") == 1
    assert model.constraint_of("parts['t'].df") is constraints.UP_TO_INFINITY
    filled = model.filled({"parts['t'].df": 9.0, "parts['t'].loc": 2.0})
    assert filled.parts["t"] == mx.StudentT(9.0, 2.0, 1.0)
    assert filled.parts["a"].sd is None
    with pytest.raises(KeyError, match="parts"):
        model.value_of("parts['z'].df")
    assert made_of.has_line
    assert not mx.Product({"a": mx.Uniform(), "b": mx.Normal()}).has_line
    known = mx.Product({"a": mx.Normal(0, 1)})
    assert known.unconstrain(known).shape == (0,)


def test_gaps_of_a_product_are_filled_with_what_is_expected():
    made_of = product()
    x = np.array([[NAN, 2.0, NAN, 5.0, NAN], [2.0, NAN, NAN, NAN, 1.0]])
    filled = made_of.filled_in(x)
    gap = np.isnan(x)
    close(filled[gap], [1, 1.6, 0, 0, 1, 3])
    logs = made_of.log_prob(x)
    first = scipy.stats.norm(0, np.sqrt(2)).logpdf(2) + scipy.stats.poisson(3).logpmf(5)
    second = scipy.stats.norm(1, 2).logpdf(2) + scipy.stats.t(4).logpdf(1)
    close(logs, [first, second])
    assert made_of.inside(
        np.array([[0, 0, 0, 1.5, 0], [NAN, 0, 0, NAN, 0]])
    ).tolist() == [
        False,
        True,
    ]
    found = made_of.marginal(["k", "b", "c"])
    assert list(found.parts) == [("b", "c"), "k"]
    rows = made_of.parts["b", "c"]
    assert made_of.marginal(["b"]).parts == {"b": rows.marginal([0]).on_line()}
    with pytest.raises(ValueError, match="marginal takes names of columns"):
        made_of.marginal(["none"])


def test_each_part_of_a_product_begins_at_its_start():
    """A search with two summits ends on that of its start."""
    x = np.r_[np.full(5, -10.0), np.full(5, 10.0)] + np.linspace(0, 1, 10)
    t = mx.StudentT(df=0.1, scale=0.5)
    model = mx.Product({"a": t, "b": mx.Normal()})
    table = {"a": x, "b": x}
    for loc in (-9.5, 10.5):
        start = mx.Product({"a": t.filled({"loc": loc}), "b": mx.Normal(0.0, 1.0)})
        for found in (
            model.fit(table, start=start),
            model._fit(np.stack([x, x], 1), np.ones(10), start),
        ):
            assert abs(found.parts["a"].loc - loc) < 1.5
            assert found.parts["b"] == mx.Normal().fit(x)
    with pytest.raises(TypeError, match="start must be a Product of the same keys"):
        model.fit(table, start=mx.Product({"a": t.filled({"loc": 0.0})}))
    with pytest.raises(TypeError, match="start must be a Product of the same keys"):
        model.fit(table, start=t)


def test_a_product_says_in_which_column_a_fit_failed():
    table = {"a": [1.0, 1.0, 1.0], "b": [1.0, 2.0, -3.0]}
    with pytest.raises(ValueError, match="column 'a': sd must be learned from values"):
        mx.Product({"a": mx.Normal(), "b": mx.Normal()}).fit(table)
    with pytest.raises(ValueError, match=r"column 'b': Gamma: x must be numbers above"):
        mx.Product({"a": mx.Normal(), "b": mx.Gamma()}).fit(table)
    fitted = mx.Product({"a": mx.Normal(0.0), "b": mx.Normal(0.0)}).fit(
        {"a": [1.0, NAN, 3.0], "b": [1.0, 2.0, NAN]}, [1.0, 2.0, 3.0]
    )
    assert fitted.parts["a"].sd == pytest.approx(np.sqrt((1 + 27) / 4))
    assert fitted.parts["b"].sd == pytest.approx(np.sqrt((1 + 8) / 3))


def test_the_columns_of_nested_mixtures_are_laid_out_as_those_of_the_first():
    one = mx.Product({"u": mx.Normal(0.0, 1.0), "v": mx.Poisson(2.0)})
    two = mx.Product({"v": mx.Poisson(5.0), "u": mx.Normal(4.0, 1.0)})
    three = mx.Product({"v": mx.Poisson(7.0), "u": mx.Normal(5.0, 1.0)})
    nested = mx.Mixture([one, mx.Mixture([two, three], [0.25, 0.75])], [0.2, 0.8])
    inner = nested.components[1]
    assert inner.column_names == ("u", "v")
    assert [part.column_names for part in inner.components] == [("u", "v")] * 2
    assert [part.parts["u"].mean for part in inner.components] == [4.0, 5.0]
    np.testing.assert_array_equal(inner.weights, [0.25, 0.75])
    x = {"v": [3.0, 6.0], "u": [0.5, 4.0]}
    flat = mx.Mixture([one, two, three], [0.2, 0.2, 0.6])
    np.testing.assert_allclose(nested.log_prob(x), flat.log_prob(x))


def test_products_are_written_and_read_and_compared():
    made_of, model = product(), product().blank("mean")
    assert mx.from_json(made_of.to_json()) == made_of
    assert hash(mx.from_json(made_of.to_json())) == hash(made_of)
    assert made_of != made_of.parts["a"]
    assert made_of != model
    assert model.n_free == 3
    assert made_of.reordered(["t", "k", "b", "c", "a"]).column_names == (
        *("t", "k", "b", "c", "a"),
    )
    assert made_of.support == (
        "a: finite numbers; ('b', 'c'): rows of finite numbers; "
        "k: whole numbers from 0 up; t: finite numbers"
    )
    assert made_of.described(model).startswith(
        "a: Normal(mean=1, sd=2 (given)), b c: MultivariateNormal(mean=[0, 1], cov="
    )
    unsized = mx.Product({("b", "c"): mx.MultivariateNormal(), "a": mx.Normal()})
    assert unsized.with_dimension(3).parts["b", "c"].d == 2
    assert unsized.with_dimension(3).n_free == 7
    shared = mx.Product({"a": mx.Normal(sd=mx.Shared("s")), "b": mx.Normal()})
    assert shared.shares == {"parts['a'].sd": "s"}
    settled = shared.with_shared_fixed(shared.filled({"parts['a'].sd": 3.0}))
    assert settled.parts == {"a": mx.Normal(sd=3.0), "b": mx.Normal()}
    for bad, words in (
        (lambda: made_of.reordered(["b", "a", "c", "k", "t"]), "go together in one"),
        (lambda: mx.Product({}), "at least one column, got none"),
        (lambda: mx.Product({("a", "b"): mx.Normal()}), "that takes rows, such as"),
        (lambda: mx.Product({"a": mx.MultivariateNormal()}), "give it a tuple of col"),
        (
            lambda: mx.Product({"a": mx.Normal(), ("a", "b"): mx.Dirichlet()}),
            "each column must have one component, got 'a' in two keys",
        ),
        (
            lambda: mx.Product({("b", "u"): mx.LinearRegression("y", ["u"])}),
            "a component with named columns must have them as its key",
        ),
        (lambda: made_of.blank("rats"), "takes parameters of its parts, got rats"),
    ):
        with pytest.raises(ValueError, match=words):
            bad()
    for bad, words in (
        (lambda: mx.Product({"": mx.Normal()}), "a column must be a name, or a tuple"),
        (lambda: mx.Product({3: mx.Normal()}), "a column must be a name, or a tuple"),
        (lambda: mx.Product({"a": 3}), "column 'a' must have a component of mixnotes"),
        (lambda: mx.Product(3), "Product takes a mapping of columns to components"),
    ):
        with pytest.raises(TypeError, match=words):
            bad()
    with pytest.raises(AttributeError, match="a Product is immutable, cannot set pa"):
        made_of.parts = {}


# ------------------------------------------------------------------- rows of numbers


def rows_of_three(seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(40, 3)) @ rng.normal(size=(3, 3)) + [1.0, 2.0, 3.0]
    return x, rng.exponential(size=40)


@pytest.mark.parametrize("df", [0.8, 4.0, INF])
@pytest.mark.parametrize("gap", [False, True])
def test_a_t_in_space_is_level_at_its_fit(df, gap):
    x, w = rows_of_three()
    if gap:
        x[3, 0] = x[7, 1:] = x[20, 2] = NAN
    model = mx.MultivariateStudentT(df=df)
    fitted = model.fit(x, w)
    line = model.unconstrain(fitted)
    close(slopes_on(model, fitted, line, x, w), 0, atol=2e-7)
    other = fitted.filled({"loc": fitted.loc + 0.5, "shape": 2 * fitted.shape})
    again = model.fit(x, w, start=other)
    close(again.loc, fitted.loc, rtol=1e-6)
    close(again.shape, fitted.shape, rtol=1e-6)
    known = mx.MultivariateStudentT(df=df, loc=[1.0, 2.0, 3.0])
    here = known.fit(x, w)
    close(slopes_on(known, here, known.unconstrain(here), x, w), 0, atol=2e-7)
    assert here.loc.tolist() == [1, 2, 3]
    shaped = mx.MultivariateStudentT(df=df, shape=fitted.shape)
    there = shaped.fit(x, w)
    close(slopes_on(shaped, there, shaped.unconstrain(there), x, w), 0, atol=2e-7)
    assert np.array_equal(there.shape, fitted.shape)


def slopes_on(model, filled, line, x, w):
    found = []
    for k in range(len(line)):
        aside = 1e-3 * np.eye(len(line))[k]
        at = [
            w @ model.constrain(line + m * aside, filled).log_prob(x) / w.sum()
            for m in (-2, -1, 1, 2)
        ]
        found.append(np.dot(at, [1, -8, 8, -1]) / 12e-3)
    return np.array(found)


@pytest.mark.parametrize("kind", ["full", "diagonal", "spherical"])
@pytest.mark.parametrize("gap", [False, True])
def test_a_normal_in_space_is_level_at_its_fit(kind, gap):
    x, w = rows_of_three(1)
    x *= [1.0, 10.0, 0.2]
    if gap:
        x[3, 0] = x[7, 1:] = x[20, 2] = NAN
    model = mx.MultivariateNormal(covariance=kind)
    fitted = model.fit(x, w)
    if not gap:
        mean, cov = np.average(x, axis=0, weights=w), np.cov(x.T, aweights=w, ddof=0)
        close(fitted.mean, mean, rtol=1e-12)
        if kind == "diagonal":
            cov = np.diag(np.diagonal(cov))
        if kind == "spherical":
            cov = np.eye(3) * np.trace(cov) / 3
        close(fitted.cov, cov, rtol=1e-10, atol=1e-13)
    top = w @ fitted.log_prob(x)
    for factor in (0.999, 1.001):
        scaled = fitted.filled({"cov": factor * fitted.cov})
        assert w @ scaled.log_prob(x) < top
        for j in range(3):
            moved = (
                fitted.mean + (factor - 1) * np.sqrt(fitted.cov[j, j]) * np.eye(3)[j]
            )
            assert w @ fitted.filled({"mean": moved}).log_prob(x) < top
    known = mx.MultivariateNormal([1.0, 20.0, 0.6], covariance=kind).fit(x, w)
    assert known.mean.tolist() == [1, 20, 0.6]
    top = w @ known.log_prob(x)
    for factor in (0.999, 1.001):
        assert w @ known.filled({"cov": factor * known.cov}).log_prob(x) < top


def test_parts_of_rows_given_others():
    mean, cov = (
        np.array([1.0, 2.0, 3.0]),
        np.array([[2.0, 0.6, 0.1], [0.6, 1.0, -0.3], [0.1, -0.3, 4.0]]),
    )
    normal, t = (
        mx.MultivariateNormal(mean, cov),
        mx.MultivariateStudentT(3.0, mean, cov),
    )
    assert normal.marginal([2, 0]) == mx.MultivariateNormal(
        [3.0, 1.0], [[4.0, 0.1], [0.1, 2.0]]
    )
    assert t.marginal([2, 0]) == mx.MultivariateStudentT(
        3.0, [3.0, 1.0], [[4.0, 0.1], [0.1, 2.0]]
    )
    for whole in (normal, t):
        given = whole.conditional({1: 2.5})
        x = np.array([[0.3, 2.5, 1.0], [2.0, 2.5, 5.0]])
        expected = whole.log_prob(x) - whole.marginal([1]).log_prob(x[:, 1:2])
        close(given.log_prob(x[:, [0, 2]]), expected, rtol=1e-10)
        two = whole.conditional({2: 1.0, 0: 0.3})
        expected = whole.log_prob(x[:1]) - whole.marginal([0, 2]).log_prob(
            x[:1, [0, 2]]
        )
        close(two.log_prob(x[:1, 1:2]), expected, rtol=1e-10)
        filled = whole.filled_in(
            np.array([[NAN, 2.5, NAN], [NAN] * 3, [1.0, 2.0, 4.0]])
        )
        place = mean[[0, 2]] + cov[[0, 2], 1] * 0.5
        close(filled, [[place[0], 2.5, place[1]], mean, [1, 2, 4]])
    heavy = mx.MultivariateStudentT(0.9, mean, cov)
    filled = heavy.filled_in(np.array([[NAN, 2.5, NAN], [NAN] * 3]))
    assert np.isnan(filled[1]).all()
    assert np.isfinite(filled[0]).all()
    one = mx.MultivariateStudentT(1.0, mean, cov).filled_in(np.full((1, 3), NAN))
    assert np.isnan(one).all()


def test_rows_know_how_many_columns_they_have():
    cov = np.eye(2)
    for family, names in (
        (mx.MultivariateNormal, ("mean", "cov")),
        (mx.MultivariateStudentT, ("loc", "shape")),
    ):
        for name, value in zip(names, ([0.0, 1.0], cov), strict=True):
            known = family(**{name: value})
            assert known.d == 2
            assert family().filled({name: value}).d == 2
            assert family().filled({name: value}).blank().d == 2
            assert mx.from_json(known.to_json()) == known
            assert "d" not in known._state()
        blank = family(d=3)
        assert blank.d == 3
        assert mx.from_json(blank.to_json()) == blank
        assert blank._state()["d"] == 3
        assert family().d is None
        assert family().with_dimension(4).d == 4
        with pytest.raises(ValueError, match=r"takes x of shape \(n, 3\), got 2 colum"):
            blank.with_dimension(2)
        with pytest.raises(ValueError, match=": d must be a whole number from 1 up"):
            family(d=0)
        with pytest.raises(ValueError, match=r"must be of one dimension, got \[2, 3\]"):
            family(**{names[1]: cov}, d=3)
        with pytest.raises(ValueError, match="how many numbers are blank depends on"):
            _ = family().n_free
    assert mx.MultivariateNormal(d=3).n_free == 9
    assert mx.MultivariateNormal(d=3, covariance="diagonal").n_free == 6
    assert mx.MultivariateNormal([0.0, 0.0], d=2).n_free == 3
    assert mx.MultivariateNormal(cov=cov).n_free == 2
    assert mx.MultivariateStudentT(d=3).n_free == 10
    assert mx.MultivariateStudentT(loc=[0.0, 0.0]).n_free == 4
    t = mx.MultivariateStudentT(d=3)
    assert [t.size_of(n) for n in ("df", "loc", "shape")] == [1, 3, 6]
    assert mx.MultivariateStudentT(loc=[0.0], shape=[[1.0]]).n_free == 1
    for family, vector in ((mx.Dirichlet, [1.0, 2.0]),):
        assert family(vector).d == 2
        assert family(vector).n_free == 0
        assert family(d=3).n_free == 3
        assert family().filled({"alpha": vector}).d == 2
        assert family(d=2).filled({"alpha": mx.Shared("a")}).d == 2
        assert family(vector, d=2).d == 2
        assert mx.from_json(family(vector).to_json()) == family(vector)
        assert "d" not in family(vector)._state()
        assert family(d=3)._state()["d"] == 3
        assert family().fill_value.tolist() == [0.5, 0.5]
        assert family(d=4).fill_value.tolist() == [0.25] * 4
    many = mx.Multinomial(4, [0.2, 0.8])
    assert many.d == 2
    assert mx.Multinomial(4, d=3).n_free == 2
    assert mx.Multinomial(4, d=3).fill_value.tolist() == [4, 0, 0]
    assert mx.Multinomial(4).fill_value.tolist() == [4]
    assert mx.Multinomial(4).filled({"probs": [0.5, 0.5]}).d == 2
    assert many.kind() == (mx.Multinomial, 4)
    assert mx.from_json(many.to_json()) == many
    mean, cov = many.moments()
    close(mean, [0.8, 3.2])
    close(cov, [[0.64, -0.64], [-0.64, 0.64]])
    mean, cov = mx.Dirichlet([1.0, 2.0, 3.0]).moments()
    close(mean, [1 / 6, 1 / 3, 1 / 2])
    close(cov, scipy.stats.dirichlet([1, 2, 3]).cov())
    with pytest.raises(ValueError, match="Multinomial: d must be a whole number from"):
        mx.Multinomial(4, d=0)
    assert mx.Multinomial(4, d=1).d == 1


def test_covariances_that_their_model_forbids_are_refused():
    turned, uneven = [[1.0, 0.1], [0.1, 1.0]], [[1.0, 0.0], [0.0, 2.0]]
    assert mx.MultivariateNormal(cov=uneven, covariance="diagonal").d == 2
    assert mx.MultivariateNormal(cov=turned, covariance="tied").d == 2
    assert mx.MultivariateNormal(cov=np.eye(2), covariance="spherical").d == 2
    for cov, kind in ((turned, "diagonal"), (turned, "spherical"), (uneven, "EII")):
        with pytest.raises(ValueError, match=f"cov must be {kind}, got"):
            mx.MultivariateNormal(cov=cov, covariance=kind)
    for name in ("mean", "cov"):
        with pytest.raises(ValueError, match=f"{name} cannot be Shared; for what cova"):
            mx.MultivariateNormal(**{name: mx.Shared("m")})


def test_rows_that_are_too_few_or_flat_are_told():
    x, _ = rows_of_three()
    flat = x.copy()
    flat[:, 2] = flat[:, 0] - flat[:, 1]
    constant = x.copy()
    constant[:, 1] = 7.0
    tiny = 1e-160 * x
    normal, t = mx.MultivariateNormal(), mx.MultivariateStudentT(df=3.0)
    for bad, words in (
        (
            lambda: normal.fit(flat),
            "MultivariateNormal collapsed near x = .*beca",
        ),
        (
            lambda: t.fit(flat),
            "MultivariateStudentT collapsed near x = .*its sh",
        ),
        (lambda: normal.fit(x[:3]), "MultivariateNormal collapsed near x"),
        (lambda: t.fit(x[:3]), "MultivariateStudentT collapsed near x"),
        (lambda: normal.fit(constant), "got column 1 all equal to 7; leave it out"),
        (lambda: t.fit(constant), "got column 1 all equal to 7; leave it out"),
        (lambda: t.fit(tiny), "each column must vary by more than 1e-150 for a shape"),
        (lambda: normal.fit(x[:, 0]), r"write x\[:, None\] for one column, or use No"),
        (lambda: t.fit(x[:, 0]), r"takes one row an observation, x of shape \(n, d\)"),
        (
            lambda: normal.fit(x * [1, NAN, 1]),
            "at least one value, got only missing ones in c",
        ),
        (
            lambda: t.fit(x * [1, NAN, 1]),
            "at least one value, got only missing ones in c",
        ),
    ):
        with pytest.raises(ValueError, match=words):
            bad()
    cov = np.eye(3)
    shaped = mx.MultivariateStudentT(df=3.0, shape=cov).fit(constant)
    assert shaped.loc[1] == pytest.approx(7)
    assert mx.MultivariateNormal(cov=cov).fit(constant).mean[1] == pytest.approx(7)


# --------------------------------------------------------------- the packed normal


def test_the_sharpness_of_normals_is_that_of_the_narrowest():
    values = {"mean": np.array([1.0, -3.0]), "sd": np.array([0.5, 2.0])}
    natural, _ = mx.Normal().natural(values)
    assert mx.Normal().sharpness(natural) == pytest.approx(4.0, rel=1e-12)


def test_normals_share_a_mean_by_precision_and_a_spread_by_weight():
    weight = np.array([3.0, 1.0])
    means = np.array([[1.0, 2.0], [5.0, 4.5]])
    tied = (mx.Normal(sd=mx.Shared("s")), mx.Normal(sd=mx.Shared("s")))
    found = tied[0].learn(weight, means, Tie(tied))
    close(found["mean"], [1, 2])
    close(found["sd"], np.sqrt((3 * 4 + 0.5) / 4))
    joined = (mx.Normal(mx.Shared("s")), mx.Normal(mx.Shared("s")))
    current = {"mean": np.zeros(2), "sd": np.array([1.0, 0.5])}
    found = joined[0].learn_about(weight, means, Tie(joined), 10.0, current)
    mean = (3 * 1 + 4 * 2) / 7
    close(found["mean"], 10 + mean)
    close(found["sd"], np.sqrt(np.array([5.0, 4.5]) - 2 * mean * means[0] + mean**2))
    found = joined[0].learn_about(weight, means, Tie(joined), 10.0, None)
    close(found["mean"], 11.25)
    given = (mx.Normal(0.5), mx.Normal())
    found = given[0].learn(weight, means, Tie(given))
    close(found["mean"], [0.5, 2])
    close(found["sd"], np.sqrt([5 - 1 + 0.25, 0.5]))


@pytest.mark.parametrize("kind", ["full", "diagonal", "spherical"])
def test_the_packed_and_the_centred_form_of_rows_agree(kind):
    rng = np.random.default_rng(5)
    d, k = 3, 2
    family = mx.MultivariateNormal(covariance=kind)
    if kind == "full":
        root = rng.normal(size=(k, d, d))
        cov = root @ root.transpose(0, 2, 1) + np.eye(d)
    else:
        cov = rng.random((k, d)) + 0.5
    matrices = family.matrices(cov)
    assert matrices.shape == (k, d, d)
    values = {"mean": rng.normal(size=(k, d)), "cov": cov}
    x = rng.normal(size=(20, d))
    expected = [
        scipy.stats.multivariate_normal(values["mean"][j], matrices[j]).logpdf(x)
        for j in range(k)
    ]
    natural, normaliser = family.natural(values)
    packed = np.array(natural).T @ np.array(family.statistics(x)) - normaliser[:, None]
    close(packed, expected, rtol=1e-10)
    out = np.empty((k, 20))
    family.centred_log_prob(values, x.T, out)
    close(out, expected, rtol=1e-10)
    traces = [np.trace(np.linalg.inv(m)) for m in matrices]
    assert family.sharpness(np.array(natural)) == pytest.approx(max(traces), rel=1e-9)
    share = rng.random((k, 20))
    sums = family.centred_sums(values["mean"], x.T, share)
    about = np.array(
        [
            share[j] @ np.array(family.statistics(x - values["mean"][j])).T
            for j in range(k)
        ]
    )
    close(sums, about, rtol=1e-10)
    own = family.own_means(values)
    kept = family.with_dimension(d).learn_about(
        np.ones(k), own, Tie([family] * k), values["mean"], None
    )
    close(kept["mean"], values["mean"])
    if kind != "spherical":
        close(kept["cov"], cov, rtol=1e-10)
    frame = exponential.Standardization(
        np.array([1.0, 2.0, 3.0]),
        np.array([2.0, 3.0, 0.5]),
        -np.ones(d),
        4 * np.ones(d),
    )
    assert frame.span.tolist() == [5, 5, 5]
    assert frame.reach == 4
    close(frame.apply(x.T), ((x - frame.centre) / frame.scale).T)
    there = family.into(values, frame)
    back = family.out_of(there, frame)
    close(back["cov"], cov)
    close(back["mean"], values["mean"])
    framed = family.matrices(there["cov"])
    close(framed, matrices / np.outer(frame.scale, frame.scale))
    begun = family.begin(x.T, share)
    for j in range(k):
        close(begun["mean"][j], np.average(x, axis=0, weights=share[j]))
        found = family.matrices(begun["cov"])[j]
        close(np.diagonal(found), np.diagonal(np.cov(x.T, aweights=share[j], ddof=0)))
        assert np.count_nonzero(found) == d


def test_a_frame_is_the_mean_and_the_deviation_of_each_column():
    from mixnotes.data.sources import Rows

    x = np.array([[1.0, 5.0, 10.0], [3.0, 5.0, 30.0], [2.0, 5.0, 80.0]])
    w = np.array([1.0, 2.0, 1.0])
    frame = exponential.Standardization.of(Rows(x, w), mx.MultivariateNormal())
    close(frame.centre, [2.25, 5, 37.5])
    sd = np.sqrt(np.average((x - frame.centre) ** 2, axis=0, weights=w))
    close(frame.scale, [sd[0], 1, sd[2]])
    close(frame.low, (x.min(0) - frame.centre) / frame.scale)
    close(frame.high, (x.max(0) - frame.centre) / frame.scale)
    assert frame.reach == max(-frame.low.min(), frame.high.max())
    ball = mx.MultivariateNormal(covariance="spherical")
    close(exponential.Standardization.of(Rows(x, w), ball).scale, [sd[2]] * 3)
    logs = exponential.Standardization.of(
        Rows(np.array([1.0, np.e, -4.0]), None), mx.LogNormal()
    )
    close([logs.centre, logs.scale], 0.5)


# ------------------------------------------------------- steps of a t on the line


@pytest.mark.parametrize("fixed", [{}, {"df": 2.0}, {"scale": 1.2}, {"loc": 0.3}])
def test_a_step_of_a_t_never_falls_and_leaves_what_is_given(fixed):
    rng = np.random.default_rng(6)
    y, share = rng.standard_t(2.5, 80), rng.random(80)
    share /= share.sum()
    t = mx.StudentT()

    def height(at):
        z = (y - at["loc"]) / at["scale"]
        return share @ student.log_bell(z * z, at["df"], 1) - np.log(at["scale"])

    begin = {"df": 8.0, "loc": 0.8, "scale": 2.0} | fixed
    before = height(begin)
    here = begin
    for steps in ("_rounds", "_step"):
        for _ in range(3):
            more = (1,) if steps == "_rounds" else ()
            if steps == "_rounds":
                found = t._rounds(y, share, fixed, here, *more)
            else:
                found = t._step(y, share, fixed, here)
            assert height(found) > before - 1e-14
            assert all(found[name] == value for name, value in fixed.items())
            assert list(found) == ["df", "loc", "scale"]
            here, before = found, height(found)
    assert before > height(begin) + 0.01
    polished = t._polished(y, share, fixed, begin, 50)
    best = t._standard(y, share, fixed, None)
    for name in best:
        assert polished[name] == pytest.approx(best[name], rel=1e-5, abs=1e-6)
    infinite = {"df": INF, "loc": 0.0, "scale": 1.0}
    assert t._polished(y, share, {}, infinite, 5) is infinite
    narrow = {"df": 3.0, "loc": 0.0, "scale": 1e-15}
    assert t._polished(y, share, {}, narrow, 5) is narrow


def test_one_round_of_a_t_is_that_of_its_latent_scales():
    y = np.array([-1.0, 0.0, 0.5, 6.0])
    share = np.array([0.2, 0.3, 0.3, 0.2])
    begin = {"df": 3.0, "loc": 0.1, "scale": 1.5}
    fixed = {"df": 3.0}
    found = mx.StudentT()._rounds(y, share, fixed, begin, 1)
    pull = share * 4 / (3 + ((y - 0.1) / 1.5) ** 2)
    loc = pull @ y / pull.sum()
    assert found["loc"] == pytest.approx(loc, rel=1e-14)
    scale = np.sqrt(pull @ (y - loc) ** 2 / pull.sum())
    assert found["scale"] == pytest.approx(scale, rel=1e-14)


def test_the_degrees_of_freedom_of_distances():
    rng = np.random.default_rng(9)
    square = rng.standard_t(4.0, 300) ** 2
    share = np.full(300, 1 / 300)
    found = student.df_of(square, share, 1, None)
    grid = np.geomspace(0.5, 100, 4000)
    heights = [share @ student.log_bell(square, df, 1) for df in grid]
    assert found == pytest.approx(grid[int(np.argmax(heights))], rel=2e-3)
    assert student.df_of(square, share, 1, 30.0) == pytest.approx(found, rel=1e-6)
    assert student.df_of(square, share, 1, INF) == pytest.approx(found, rel=1e-6)
    assert student.df_of(np.ones(300), share, 1, None) == INF
    assert student.df_of(np.ones(300), share, 1, 3.0) == INF


def test_a_given_alpha_and_given_shares_stay_and_say_how_many_they_are():
    templates = (mx.Dirichlet([1.0, 2.0]), mx.Dirichlet(d=2))
    means = np.array([[-1.0, -1.0], [-1.5, -1.5]])
    found = templates[0].learn(np.ones(2), means, Tie(templates))["alpha"]
    assert found[0].tolist() == [1, 2]
    assert found[1].tolist() != [1, 2]
    assert "n" not in mx.Categorical([0.2, 0.8])._state()
    assert mx.Categorical(n=3)._state()["n"] == 3
    assert mx.Categorical(mx.Shared("p"), n=3)._state()["n"] == 3
    assert mx.from_json(mx.Categorical(n=3).to_json()) == mx.Categorical(n=3)
