"""Mixtures of regressions."""

import copy
import pickle

import numpy as np
import pytest
import scipy.optimize
import scipy.stats

import mixnotes as mx
from mixnotes.data.check import CollapseError
from tests.families.test_product import penguins
from tests.published.test_published import SHARED

RNG = np.random.default_rng(0)
X = RNG.normal(size=200)
Z = RNG.integers(0, 2, 200)
ETA = np.where(Z == 1, 1.0 + 0.5 * X, -1.0 + X)
TABLE = {
    "x": X,
    "line": ETA + 0.2 * RNG.normal(size=200),
    "count": RNG.poisson(np.exp(ETA)).astype(float),
    "yes": (RNG.random(200) < 1 / (1 + np.exp(-ETA))).astype(float),
    "log_t": np.log(RNG.uniform(1, 3, 200)),
}
KINDS = [
    (mx.LinearRegression, "line"),
    (mx.PoissonRegression, "count"),
    (mx.LogisticRegression, "yes"),
]
every_kind = pytest.mark.parametrize(("kind", "target"), KINDS)


def shared(name, *columns):
    path = SHARED / name
    if not path.exists():
        pytest.skip("no ../shared here")
    data = np.genfromtxt(path, delimiter=",", names=True)
    return {column: data[column] for column in columns}


@pytest.mark.parametrize(
    ("file", "target", "predictor", "expected", "lines"),
    [
        ("nodata.csv", "Equivalence", "NO", 122.038355785,
         [(0.564985903, 0.0850229376), (1.24708115, -0.0829994916)]),
        ("co2data.csv", "CO2", "GNP", -66.9397677928,
         [(1.41514301458, 0.676596414503), (8.67897076891, -0.0233434620169)]),
    ],
)  # fmt: skip
def test_two_lines(file, target, predictor, expected, lines):
    """Brinkman (1981) and Hurn, Justel and Robert (2003), recomputed with mixtools."""
    model = mx.Mixture(2 * [mx.LinearRegression(target, [predictor])])
    fit = mx.em(model, shared(file, target, predictor))
    assert fit.log_likelihood == pytest.approx(expected, abs=1e-5)
    found = [(c.intercept, c.coef[predictor]) for c in fit.mixture.components]
    np.testing.assert_allclose(found, lines, rtol=1e-4)


def test_two_parabolas_are_maximum_likelihood():
    """Leisch (2004). flexmix corrects its sd for degrees of freedom and so ends at
    -642.5451, below the maximum."""
    table = shared("npreg.csv", "x", "yn")
    table["square"] = table["x"] ** 2
    fit = mx.em(mx.Mixture(2 * [mx.LinearRegression("yn", ["x", "square"])]), table)
    assert fit.log_likelihood == pytest.approx(-642.532013736, abs=1e-5)
    assert fit.bic < 1332.775


@every_kind
def test_the_density_is_that_of_scipy(kind, target):
    own = {"sd": 0.3} if kind is mx.LinearRegression else {}
    component = kind(target, {"x": 0.7}, intercept=0.2, **own)
    eta = 0.2 + 0.7 * X
    y = TABLE[target]
    twin = {
        "line": lambda: scipy.stats.norm(eta, 0.3).logpdf(y),
        "count": lambda: scipy.stats.poisson(np.exp(eta)).logpmf(y),
        "yes": lambda: scipy.stats.bernoulli(1 / (1 + np.exp(-eta))).logpmf(y),
    }[target]()
    np.testing.assert_allclose(component.log_prob(TABLE), twin, rtol=1e-10)
    assert component.expected({"x": [0.0]}) == pytest.approx(
        {"line": 0.2, "count": np.exp(0.2), "yes": 1 / (1 + np.exp(-0.2))}[target]
    )


@every_kind
@pytest.mark.parametrize("given", [{}, {"x": 0.5}, {"intercept": 0.1}])
def test_the_weighted_fit_is_the_maximum(kind, target, given):
    """Against scipy's optimiser on the same weighted log-likelihood."""
    weight = 1.0 + np.arange(200) % 3
    template = kind(target, {"x": given.get("x")}, intercept=given.get("intercept"))
    fitted = template.fit(TABLE, weight)

    def loss(line):
        return -weight @ template.constrain(line, fitted).log_prob(TABLE)

    start = template.unconstrain(fitted) + 0.1
    best = scipy.optimize.minimize(loss, start, tol=1e-12)
    top = weight @ fitted.log_prob(TABLE)
    assert top >= -best.fun - 1e-9
    if "x" in given:
        assert fitted.coef["x"] == 0.5
    if "intercept" in given:
        assert fitted.intercept == 0.1


@every_kind
def test_a_weight_of_two_is_the_row_twice_and_fitting_changes_nothing(kind, target):
    template = kind(target, ["x"])
    before = copy.deepcopy(template)
    weight = np.where(np.arange(200) < 10, 2.0, 1.0)
    twice = {name: np.append(c, c[:10]) for name, c in TABLE.items()}
    a, b = template.fit(TABLE, weight), template.fit(twice)
    np.testing.assert_allclose(a.log_prob(TABLE), b.log_prob(TABLE), rtol=1e-9)
    assert template == before


@every_kind
def test_a_fit_never_lowers_that_of_its_start(kind, target):
    template = kind(target, ["x"])
    rng = np.random.default_rng(3)
    for _ in range(10):
        weight = rng.random(200) ** 4
        own = {"sd": 1.0} if kind is mx.LinearRegression else {}
        start = kind(target, {"x": rng.normal()}, intercept=rng.normal(), **own)
        fitted = template.fit(TABLE, weight, start)
        assert weight @ fitted.log_prob(TABLE) >= weight @ start.log_prob(TABLE) - 1e-9


@every_kind
def test_it_prints_copies_pickles_and_saves(kind, target):
    for component in (
        kind(target, ["x", "log_t"]),
        kind(target, {"x": None, "log_t": 1.0, "z": mx.Shared("slope")}, intercept=2.0),
    ):
        assert eval(repr(component), vars(mx)) == component
        assert copy.deepcopy(component) == component
        assert pickle.loads(pickle.dumps(component)) == component
        assert mx.from_json(component.to_json()) == component
    with pytest.raises(AttributeError, match="immutable"):
        component.target = "other"


@pytest.mark.parametrize("place", [0.0, 1e3, -2e4])
def test_predictors_far_from_0_keep_their_digits(place):
    """Two lines, moved along: the same slopes and the same log-likelihood."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=300)
    y = np.where(rng.random(300) < 0.5, 1 + 2 * x, -1 - x) + 0.1 * rng.normal(size=300)
    model = mx.Mixture(2 * [mx.LinearRegression("y", ["x"])])
    near = mx.em(model, {"x": x, "y": y}, starts=3)
    x = (x + place) - place  # as far as the digits of x + place go
    moved = mx.em(model, {"x": x + place, "y": y}, starts=3)
    assert moved.converged
    assert moved.log_likelihood == pytest.approx(near.log_likelihood, abs=1e-3)
    at = mx.em(model, {"x": x, "y": y}, starts=3)
    assert moved.log_likelihood == pytest.approx(at.log_likelihood, abs=1e-7)
    slopes = [sorted(c.coef["x"] for c in f.mixture.components) for f in (moved, at)]
    np.testing.assert_allclose(*slopes, rtol=1e-7)


def test_predictors_so_far_that_the_intercept_loses_its_digits_are_refused():
    table = TABLE | {"far": X + 1e6}
    for kind, target in KINDS:
        with pytest.raises(ValueError, match="'far' must lie within 50000 of its spr"):
            mx.em(mx.Mixture(2 * [kind(target, ["x", "far"])]), table)
        known = kind(target, ["far"], intercept=0.5)
        assert known.fit(table | {"far": X + 1e6}).blanks == ()
    constant = {"x": np.full(200, 7.0), "y": X}
    with pytest.raises(ValueError, match="do not vary apart"):
        mx.LinearRegression("y", ["x"]).fit(constant)


@every_kind
def test_the_predictors_of_a_mixture_may_come_in_any_order(kind, target):
    """And "coef" blanks them all, where a name blanks one."""
    own = {"sd": 0.5} if kind is mx.LinearRegression else {}
    first = kind(target, {"x": 0.7, "log_t": 0.2, "w": 0.1}, intercept=0.2, **own)
    other = kind(target, {"w": -0.5, "x": 0.3, "log_t": 1.0}, intercept=0.1, **own)
    mixture = mx.Mixture([first, other], [0.5, 0.5])
    assert mixture.components[1].column_names == (target, "x", "log_t", "w")
    assert mixture.components[1].coef == {"x": 0.3, "log_t": 1.0, "w": -0.5}
    table = TABLE | {"w": X**2}
    np.testing.assert_allclose(
        mixture.log_joint(table)[:, 1], np.log(0.5) + other.log_prob(table), rtol=1e-12
    )
    assert first.blank("coef").coef == {"x": None, "log_t": None, "w": None}
    assert first.blank("coef").intercept == 0.2
    assert first.blank("coef['w']").coef == {"x": 0.7, "log_t": 0.2, "w": None}
    assert first.blank("coef", "intercept").intercept is None
    assert mixture.blank("coef").n_free == 6
    with pytest.raises(ValueError, match=f"{kind.__name__} can have blanks in "):
        first.blank("slope")


def test_a_coefficient_of_one_is_an_offset():
    fitted = mx.PoissonRegression("count", {"log_t": 1.0}).fit(TABLE)
    rate = TABLE["count"].sum() / np.exp(TABLE["log_t"]).sum()
    assert fitted.intercept == pytest.approx(np.log(rate))


@every_kind
def test_a_mixture_climbs_to_a_maximum(kind, target):
    fit = mx.em(mx.Mixture(2 * [kind(target, ["x"])]), TABLE, starts=3)
    assert np.all(np.diff(fit.history) >= 0)
    assert fit.converged
    best = fit.log_likelihood
    for name in fit.model.blanks[:-1]:
        k = int(name[11])
        for step in (0.99, 1.01):
            value = fit.mixture.value_of(name) * step
            parts = list(fit.mixture.components)
            parts[k] = parts[k].filled({name.partition("].")[2]: value})
            moved = mx.Mixture(parts, fit.mixture.weights)
            assert moved.log_prob(TABLE).sum() < best + 1e-9


@pytest.mark.slow
def test_a_coefficient_that_components_have_in_common():
    """One slope in three lines of different height, in one model and by hand."""
    table = penguins()
    fine = ~np.isnan(table["flipper"])
    table = {name: column[fine] for name, column in table.items()}
    line = mx.LinearRegression("mass", {"flipper": mx.Shared("slope")})
    fit = mx.em(mx.Mixture(2 * [line]), table, starts=4)
    a, b = fit.mixture.components
    assert a.coef["flipper"] == pytest.approx(b.coef["flipper"], rel=1e-12)
    assert fit.model.n_free == 1 + 2 + 2 + 1
    errors = fit.standard_errors()
    slopes = [errors[f"components[{k}].coef['flipper']"] for k in (0, 1)]
    assert slopes[0] == pytest.approx(slopes[1])
    free = mx.em(mx.Mixture(2 * [mx.LinearRegression("mass", ["flipper"])]), table)
    assert fit.log_likelihood < free.log_likelihood

    def height(slope):
        fixed = mx.Mixture(2 * [mx.LinearRegression("mass", {"flipper": slope})])
        return mx.em(fixed, table, starts=4).log_likelihood

    best = a.coef["flipper"]
    assert fit.log_likelihood == pytest.approx(height(best), abs=1e-6)
    assert height(best * 1.02) < fit.log_likelihood
    assert height(best * 0.98) < fit.log_likelihood


def test_known_coefficients_take_no_part_in_the_fit():
    lines = [
        mx.LinearRegression("line", {"x": 0.5}, intercept=1.0),
        mx.LinearRegression("line", ["x"]),
    ]
    fit = mx.em(mx.Mixture(lines), TABLE, starts=3)
    assert fit.mixture.components[0].coef == {"x": 0.5}
    assert fit.mixture.components[0].intercept == 1.0
    assert "(given)" in repr(fit)


def test_draws_of_the_target_follow_the_line():
    line = mx.LinearRegression("y", {"x": 2.0}, intercept=1.0, sd=0.1)
    y = line.sample_target({"x": np.full(4000, 3.0)}, rng=0)
    assert y.mean() == pytest.approx(7.0, abs=0.01)
    assert y.std() == pytest.approx(0.1, abs=0.01)
    yes = mx.LogisticRegression("y", {"x": 0.0}, intercept=0.0)
    assert yes.sample_target({"x": np.zeros(4000)}, rng=0).mean() == pytest.approx(
        0.5, abs=0.05
    )
    count = mx.PoissonRegression("y", {"x": 0.0}, intercept=np.log(4))
    assert count.sample_target({"x": np.zeros(4000)}, rng=0).mean() == pytest.approx(
        4, abs=0.2
    )


def test_a_line_through_its_own_points_collapses_and_does_not_win():
    x = np.r_[np.linspace(0, 1, 40), 5.0, 6.0]
    y = np.r_[np.random.default_rng(1).normal(size=40), 50.0, 60.0]
    line = mx.LinearRegression("y", ["x"])
    start = mx.Mixture(
        [
            mx.LinearRegression("y", {"x": 0.0}, intercept=0.0, sd=1.0),
            mx.LinearRegression("y", {"x": 10.0}, intercept=0.0, sd=0.01),
        ],
        [0.9, 0.1],
    )
    fit = mx.em(mx.Mixture(2 * [line]), {"x": x, "y": y}, start=start)
    assert not fit.converged
    assert "LinearRegression collapsed" in fit.reason


@pytest.mark.parametrize(("rows", "weight"), [(3, 1.0), (50, 1e-9), (50, 1.0)])
def test_a_line_through_few_rows_needs_more_spread_than_one_through_many(rows, weight):
    """A residual of 1e-9 of the range is one of 50 rows, not of the 3 that count."""
    x = np.linspace(0, 1, rows)
    y = 2 + x + 1e-9 * np.random.default_rng(0).normal(size=rows)
    weights = np.r_[np.ones(3), np.full(rows - 3, weight)]
    line = mx.LinearRegression("y", ["x"])
    if rows == 50 and weight == 1:
        sd = np.std(y - np.polyval(np.polyfit(x, y, 1), x))
        assert line.fit({"x": x, "y": y}, weights).sd == pytest.approx(sd, rel=1e-4)
    else:
        with pytest.raises(ValueError, match="LinearRegression collapsed"):
            line.fit({"x": x, "y": y}, weights)


BENT = {"poisson": mx.PoissonRegression, "logistic": mx.LogisticRegression}


@pytest.mark.parametrize("weight", [1e-30, 1e-9, 0.01, 1.0])
@pytest.mark.parametrize("far", [30.0, 100.0, 1e4, 1e6, 1e9])
@pytest.mark.parametrize("bend", BENT)
def test_a_row_far_out_that_the_line_foretells_is_no_sign_of_trouble(bend, far, weight):
    """Only where no row stands against it do coefficients grow without end."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=100)
    y = rng.poisson(np.exp(0.5 - 0.3 * x))
    if bend == "logistic":
        y = rng.random(100) < 1 / (1 + np.exp(x))
    table = {"x": np.append(x, far), "y": np.append(y, 0.0)}
    share = np.append(np.ones(100), weight)
    found = BENT[bend]("y", ["x"]).fit(table, share)
    alone = BENT[bend]("y", ["x"]).fit({"x": x, "y": y})
    assert found.coef["x"] == pytest.approx(alone.coef["x"], rel=1e-3)
    gap = share * (table["y"] - found.expected(table))
    assert abs(gap.sum()) < 1e-6
    assert abs(gap @ table["x"]) < 1e-6


@pytest.mark.parametrize("bend", BENT)
def test_a_row_far_out_against_the_line_turns_it(bend):
    x, y = np.array([-1.0, 0, 0, 1, 1, 2, 1e4]), np.array([0.0, 1, 0, 1, 0, 1, 0])
    found = BENT[bend]("y", ["x"]).fit({"x": x, "y": y})
    gap = y - found.expected({"x": x})
    assert abs(gap.sum()) < 1e-6
    assert abs(gap @ x) < 1e-3
    assert found.coef["x"] < 0


@pytest.mark.parametrize("n", [20, 20_000])
@pytest.mark.parametrize("bend", BENT)
def test_where_a_predictor_tells_some_rows_its_coefficient_has_no_end(bend, n):
    """Of those with z = 1 none has y > 0; the others are not told."""
    z, y = np.arange(n) % 4 == 1, np.arange(n) % 2 == 0
    x = np.sin(np.arange(n))
    with pytest.raises(CollapseError, match="some combination of x, z tells y without"):
        BENT[bend]("y", ["x", "z"]).fit({"x": x, "z": z, "y": y})


@pytest.mark.parametrize("bend", BENT)
@pytest.mark.parametrize("on", [[], ["x"]])
def test_a_target_of_one_value_has_a_line_at_the_end_of_its_range(bend, on):
    x = np.sin(np.arange(20.0))
    found = BENT[bend]("y", on).fit({"x": x, "y": np.zeros(20)})
    assert found.intercept < -25
    assert all(abs(value) < 1e-9 for value in found.coef.values())
    np.testing.assert_allclose(
        found.log_prob({"x": x, "y": np.zeros(20)}), 0, atol=1e-9
    )


def test_zeros_that_no_line_foretells_are_a_component_without_a_slope():
    rng = np.random.default_rng(0)
    x, none = rng.normal(size=300), rng.random(300) < 0.4
    y = np.where(none, 0, rng.poisson(np.exp(1.5 + 0.5 * x)))
    line = mx.PoissonRegression("y", ["x"])
    zeros = mx.PoissonRegression("y", {"x": 0.0})
    fit = mx.em(mx.Mixture([zeros, line]), {"x": x, "y": y}, starts=2)
    assert fit.converged, fit.reason
    known = mx.PoissonRegression("y", {"x": 0.0}, intercept=-50.0)
    other = mx.em(mx.Mixture([known, line]), {"x": x, "y": y}, starts=2)
    assert fit.log_likelihood == pytest.approx(other.log_likelihood, abs=1e-6)
    assert fit.mixture.components[1].coef["x"] == pytest.approx(0.514, abs=5e-4)
    both = mx.em(mx.Mixture([line, line]), {"x": x, "y": y}, starts=1)
    assert both.reason.endswith("or give a coefficient, such as 0")


BAD = [
    (lambda: mx.LinearRegression("y", "x"), TypeError, "list of column names"),
    (lambda: mx.LinearRegression("y", 3), TypeError, "list of column names"),
    (lambda: mx.LinearRegression("y", ["y"]), ValueError, "different column names"),
    (lambda: mx.LinearRegression("y", [3]), ValueError, "different column names"),
    (
        lambda: mx.LinearRegression("y", {"x": np.nan}),
        ValueError,
        r"coef\['x'\] must be a finite number, got nan",
    ),
    (
        lambda: mx.LinearRegression("y", {"x": "1"}),
        ValueError,
        r"coef\['x'\] must be a finite number, got",
    ),
    (
        lambda: mx.PoissonRegression("y", ["x"], intercept=np.inf),
        ValueError,
        "intercept must be a finite number, got inf",
    ),
    (
        lambda: mx.LinearRegression("y", ["x"], sd=0),
        ValueError,
        "sd must be a number above 0, got 0",
    ),
    (
        lambda: mx.PoissonRegression("y", ["x"]).fit({"x": [1, 2], "y": [1, 2.5]}),
        ValueError,
        r"column 'y' must be whole numbers from 0 up, got y\[1\] = 2.5",
    ),
    (
        lambda: mx.LogisticRegression("y", ["x"]).fit({"x": [1, 2], "y": [1, 2]}),
        ValueError,
        r"column 'y' must be 0 or 1, got y\[1\] = 2",
    ),
    (
        lambda: mx.LinearRegression("y", ["x"]).fit({"x": [1, np.nan], "y": [1, 2]}),
        ValueError,
        r"column 'x' must be finite, got x\[1\] = nan",
    ),
    (
        lambda: mx.LinearRegression("y", ["x"]).fit({"x": [1, 1, 1.0], "y": [1, 2, 3]}),
        ValueError,
        "do not vary apart",
    ),
    (
        lambda: mx.LogisticRegression("y", ["x"]).fit(
            {"x": [1, 2, 3, 4.0], "y": [0, 0, 1, 1]}
        ),
        ValueError,
        "tells y without error",
    ),
    (
        lambda: mx.LinearRegression("y", ["x"]).fit({"y": [1.0]}),
        ValueError,
        "columns y, x, got y; x is missing",
    ),
    (
        lambda: mx.LinearRegression("y", {"x": 1.0}, 0.0, 1.0).sample(3, rng=0),
        TypeError,
        r"call sample_target\(x, rng\)",
    ),
    (
        lambda: mx.LinearRegression("y", {"x": 1.0}, 0.0, 1.0).moments(),
        TypeError,
        r"call expected\(x\)",
    ),
    (
        lambda: mx.LinearRegression("y", ["x"]).expected({"x": [1.0]}),
        ValueError,
        "has blanks",
    ),
    (
        lambda: mx.LinearRegression("y", ["x"]).blank("slope"),
        ValueError,
        "can have blanks in intercept, .* got slope",
    ),
    (
        lambda: mx.Mixture(
            [mx.LinearRegression("y", ["x"]), mx.LinearRegression("y", ["z"])]
        ),
        ValueError,
        "must describe the same columns",
    ),
    (
        lambda: mx.Mixture(
            [mx.LinearRegression("y", ["x"]), mx.LinearRegression("x", ["y"])]
        ),
        ValueError,
        "must explain the same target",
    ),
]


@pytest.mark.parametrize(("call", "error", "words"), BAD, ids=range(len(BAD)))
def test_errors_say_what_to_do(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize(
    "kind", [mx.LinearRegression, mx.PoissonRegression, mx.LogisticRegression]
)
def test_a_parameter_that_a_regression_does_not_have_is_refused(kind):
    with pytest.raises(TypeError, match="interceptt"):
        kind("y", ["x"], interceptt=2.0)


@pytest.mark.parametrize(("kind", "target"), KINDS[1:])
@pytest.mark.parametrize("place", [0.0, 300.0])
def test_a_shared_slope_is_learned_with_all_else_at_once(kind, target, place):
    """A step from anywhere ends where the weighted log-likelihood has no slope in the
    two intercepts, the own slope, and the shared one; a known one stays."""
    table = TABLE | {"x": X + place, "z": np.sin(5 * X)}
    both = {"x": mx.Shared("b"), "log_t": 1.0}
    model = mx.Mixture(
        [kind(target, both | {"z": None}), kind(target, both | {"z": 0.5})]
    )
    start = mx.Mixture(
        [kind(target, {"x": 0.3, "log_t": 1.0, "z": 0.1}, -0.3 * place),
         kind(target, {"x": 0.3, "log_t": 1.0, "z": 0.5}, 1 - 0.3 * place)], [0.4, 0.6]
    )  # fmt: skip
    share = start.responsibilities(table)
    step = mx.em_step(model, start, table)
    one, two = step.components
    assert one.coef["x"] == two.coef["x"]
    assert (one.coef["log_t"], two.coef["log_t"], two.coef["z"]) == (1.0, 1.0, 0.5)

    def height(aside):
        a, b, z, x = 1e-4 * np.array(aside)
        here = [
            kind(target, c.coef | {"x": c.coef["x"] + x, "z": c.coef["z"] + more},
                 c.intercept + level - x * place)
            for c, level, more in ((one, a, z), (two, b, 0.0))
        ]  # fmt: skip
        logs = [component.log_prob(table) for component in here]
        return float((share * np.array(logs).T).sum())

    for axis in np.eye(4):
        sides = height(axis) - height(-axis), height(axis) + height(-axis)
        assert sides[1] < 2 * height(np.zeros(4))
        assert sides[0] == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize(("kind", "target"), KINDS[1:])
def test_a_shared_slope_of_two_lines_is_that_of_one_search(kind, target):
    model = mx.Mixture(2 * [kind(target, {"x": mx.Shared("b")})])
    table = TABLE | {target: np.tile(TABLE[target][:100], 2)}
    fit = mx.em(model, table, starts=2)
    free = kind(target, ["x"])

    def height(q):
        w, a, b, c = q
        both = [free.filled({"intercept": v, "coef['x']": c}) for v in (a, b)]
        w = 1 / (1 + np.exp(-w))
        return mx.Mixture(both, [w, 1 - w]).log_prob(table).sum()

    one, two = fit.mixture.components
    first = fit.mixture.weights
    start = [np.log(first[0] / first[1]), one.intercept, two.intercept, one.coef["x"]]
    if first.min() > 1e-3:
        best = scipy.optimize.minimize(lambda q: -height(q), start, method="BFGS")
        assert fit.log_likelihood >= -best.fun - 1e-5
    assert np.all(np.diff(fit.history) >= 0)


# ------------------------------------------------------ components beside regressions

ZERO_RNG = np.random.default_rng(5)
DOSE = ZERO_RNG.normal(size=300)
COUNT = ZERO_RNG.poisson(np.exp(1 + 0.7 * DOSE)) * (ZERO_RNG.random(300) < 0.65)
ZEROS = {"count": COUNT, "dose": DOSE}


def test_a_zero_mass_stands_beside_a_regression():
    """Zero inflation, against scipy's search of the same likelihood."""
    poisson = mx.PoissonRegression("count", ["dose"])
    fit = mx.em(mx.Mixture([mx.PointMass(0), poisson]), ZEROS)

    def loss(v):
        rate, share = np.exp(v[0] + v[1] * DOSE), scipy.special.expit(v[2])
        there = np.log1p(-share) + scipy.stats.poisson.logpmf(COUNT, rate)
        return -np.where(COUNT == 0, np.logaddexp(np.log(share), there), there).sum()

    found = scipy.optimize.minimize(loss, np.array([0.5, 0.5, 0.0]))
    assert fit.log_likelihood == pytest.approx(-found.fun, abs=1e-5)
    mass, line = fit.mixture.components
    assert mass == mx.PointMass(0)
    assert line.coef["dose"] == pytest.approx(found.x[1], abs=1e-3)
    model = fit.mixture
    assert mx.from_json(model.to_json()) == model
    assert pickle.loads(pickle.dumps(model)) == model
    turned = mx.em(mx.Mixture([poisson, mx.PointMass(0)]), ZEROS)
    assert turned.log_likelihood == pytest.approx(fit.log_likelihood, abs=1e-8)


def test_a_zero_mass_beside_a_density_of_what_is_above():
    """A hurdle: zeros are the mass's, whatever the unit, and the rest the gamma's."""
    y = np.where(COUNT > 0, np.exp(0.3 * DOSE) * ZERO_RNG.gamma(2.0, size=300), 0.0)
    model = mx.Mixture([mx.PointMass(0), mx.GammaRegression("y", ["dose"])])
    above = y > 0
    rest = {"y": y[above], "dose": DOSE[above]}
    alone = mx.em(mx.Mixture([mx.GammaRegression("y", ["dose"])]), rest)
    for unit in (1.0, 1e6):
        fit = mx.em(model, {"y": y * unit, "dose": DOSE})
        assert fit.mixture.weights[0] == pytest.approx((~above).mean())
        line, other = fit.mixture.components[1], alone.mixture.components[0]
        assert line.coef["dose"] == pytest.approx(other.coef["dose"], abs=1e-5)


def test_outliers_and_groups_apart_stand_beside_a_line():
    y = np.where(np.arange(300) % 7 == 0, 20 + DOSE, 2 * DOSE)
    y = y + ZERO_RNG.normal(size=300)
    line = mx.LinearRegression("y", ["dose"])
    apart = mx.em(mx.Mixture([mx.Normal(), line]), {"y": y, "dose": DOSE})
    assert apart.mixture.weights[0] == pytest.approx(43 / 300, abs=0.01)
    flat = mx.Mixture([mx.Uniform(-50, 50), line])
    fit = mx.em(flat, {"y": y, "dose": DOSE})
    assert fit.mixture.components[1].coef["dose"] == pytest.approx(2, abs=0.2)
    assert (np.diff(fit.history) >= -1e-9).all()
    assert len(fit.standard_errors()) == 4


def test_rows_stand_beside_no_regression():
    line = mx.LinearRegression("y", ["dose"])
    with pytest.raises(ValueError, match=r"no names in components\[0\] and y, dose in"):
        mx.Mixture([mx.MultivariateNormal(), line])
    with pytest.raises(ValueError, match=r"y, dose in components\[0\] and x, y in"):
        mx.Mixture([line, mx.Product({"x": mx.Normal(), "y": mx.Normal()})])
    both = mx.Mixture([mx.PointMass(0), line.filled(FILLED_LINE)], [0.5, 0.5])
    with pytest.raises(TypeError, match="rows cannot be drawn"):
        both.sample(3, 0)


FILLED_LINE = {"intercept": 0.0, "coef['dose']": 1.0, "sd": 1.0}
