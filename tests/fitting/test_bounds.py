"""Every bounded parameter of every family ends within its bounds, at the best there."""

import itertools

import numpy as np
import pytest

import mixnotes as mx
from mixnotes.components.posterior import highest_within
from tests.components.test_components import FILLED
from tests.components.test_contract_rows import FILLED as ROWS

RNG = np.random.default_rng(0)
LINE = np.r_[RNG.laplace(0, 1, 45), RNG.laplace(4, 0.7, 25)]
Z = RNG.normal(size=70)
ERROR = RNG.uniform(0.1, 0.4, 70)
COUNT = np.r_[RNG.poisson(2, 45), RNG.poisson(9, 25)].astype(float)
ABOVE = np.exp(LINE / 3)
BIRD = {"size": LINE, "eggs": COUNT}
CASES = [  # a component whose parameters can be bounded, and data
    (mx.Bernoulli(), COUNT > 3),
    (mx.Binomial(20), COUNT),
    (mx.BetaBinomial(20), COUNT),
    (mx.Geometric(), COUNT),
    (mx.Poisson(), COUNT),
    (mx.NegativeBinomial(), COUNT),
    (mx.Normal(), LINE),
    (mx.LogNormal(), ABOVE),
    (mx.Exponential(), ABOVE),
    (mx.Gamma(), ABOVE),
    (mx.Weibull(), ABOVE),
    (mx.InverseGaussian(), ABOVE),
    (mx.Beta(), 1 / (1 + np.exp(-LINE / 2))),
    (mx.VonMises(), LINE),
    (mx.Laplace(), LINE),
    (mx.Logistic(), LINE),
    (mx.Gumbel(), LINE),
    (mx.StudentT(), LINE),
    (mx.Truncated(mx.Normal(), -4.0, 7.0), np.clip(LINE, -3.9, 6.9)),
    (mx.WithError(mx.Normal(), "e"), {"y": LINE, "e": ERROR}),
    (mx.Product({"size": mx.Laplace(), "eggs": mx.Poisson()}), BIRD),
    (mx.LinearRegression("y", ["z"]), {"y": LINE + 2 * Z, "z": Z}),
    (mx.StudentTRegression("y", ["z"]), {"y": LINE + 2 * Z, "z": Z}),
    (mx.GammaRegression("y", ["z"]), {"y": np.exp((LINE + Z) / 3), "z": Z}),
    (mx.PoissonRegression("y", ["z"]), {"y": COUNT, "z": Z}),
    (mx.NegativeBinomialRegression("y", ["z"]), {"y": COUNT, "z": Z}),
    (mx.LogisticRegression("y", ["z"]), {"y": (LINE + Z > 1.5) * 1.0, "z": Z}),
    (
        mx.BinomialRegression("y", ["z"], "n"),
        {"y": COUNT, "z": Z, "n": np.full(70, 30)},
    ),
]
NONE = (  # whose parameters no Between bounds: vectors, matrices, ends that jump
    mx.Categorical, mx.Multinomial, mx.PointMass, mx.Uniform, mx.MultivariateNormal,
    mx.MultivariateStudentT, mx.Dirichlet, mx.DirichletMultinomial, mx.VonMisesFisher,
    mx.FactorNormal,
)  # fmt: skip
SLOW = (mx.BetaBinomial, mx.StudentT, mx.Truncated, mx.WithError, mx.GammaRegression,
        mx.StudentTRegression, mx.NegativeBinomialRegression, mx.BinomialRegression,
        mx.NegativeBinomial, mx.Gumbel)  # fmt: skip


def about(part, free, names, sides):
    """`part` with bounds below ("l"), above ("h") or about ("m") what fits freely; and
    the ends by name."""
    ends = {}
    for name, side in zip(names, sides, strict=True):
        value = free.value_of(name)
        value = value if np.isfinite(value) else 20.0
        aside = 0.1 * abs(value) + 0.03
        reach = {"l": (-2, -1), "h": (1, 2), "m": (-1, 1)}[side]
        low, high = (value + k * aside for k in reach)
        if name == "p":
            low, high = max(low, 0.001), min(high, 0.999)
        ends[name] = (low, high)
    bounds = {name: mx.Between(*pair) for name, pair in ends.items()}
    return part.filled(bounds), ends


def require_within(filled, ends):
    for name, (low, high) in ends.items():
        assert low <= filled.value_of(name) <= high, (name, filled)


def grid_of(ends, steps):
    """All combinations of values within the bounds."""
    names = list(ends)
    lines = [np.linspace(*ends[name], steps).tolist() for name in names]
    return [dict(zip(names, v, strict=True)) for v in itertools.product(*lines)]


def log_likelihood(part, x):
    return float(part.log_prob(x).sum())


def case(part, x):
    marks = [pytest.mark.slow] * isinstance(part, SLOW)
    return pytest.param(part, x, id=repr(part), marks=marks)


every_case = pytest.mark.parametrize(("part", "x"), [case(*c) for c in CASES])


def test_every_family_that_can_be_bounded_is_looked_at():
    """But for what is only known as a function, which has bounds of its own."""
    every = [c for c in [*FILLED, *ROWS] if not isinstance(c, mx.Mixture)]
    families = {type(c) for c in every if hasattr(mx, type(c).__name__)}
    assert families - {type(part) for part, _ in CASES} == set(NONE)


@every_case
def test_one_component_ends_at_the_best_within_its_bounds(part, x):
    """As on a grid of what is bounded, with the rest learned beside it."""
    free = part.fit(x)
    for count in (1, 2):
        for names in itertools.combinations(part.blanks, count):
            for sides in itertools.product("lhm", repeat=count):
                bounded, ends = about(part, free, names, sides)
                found = bounded.fit(x)
                require_within(found, ends)
                top = log_likelihood(found, x)
                for values in grid_of(ends, 5):
                    held = part.filled(values)
                    other = held.fit(x) if held.blanks else held
                    assert top >= log_likelihood(other, x) - 1e-6, (bounded, other)


def pairs_of(part):
    """Some names to bound together: each by itself, and all two."""
    return [(n,) for n in part.blanks] + list(itertools.combinations(part.blanks, 2))


@every_case
def test_two_components_end_within_their_bounds_and_cannot_be_moved_up(part, x):
    free = part.fit(x)
    for names in pairs_of(part):
        for sides in ("lh", "ml"):
            bounded, ends = about(part, free, names, sides[: len(names)])
            fit = mx.em(mx.Mixture(2 * [bounded]), x, starts=1)
            assert (np.diff(fit.history) >= -1e-9 * abs(fit.history[-1])).all()
            for k, component in enumerate(fit.mixture.components):
                require_within(component, ends)
                for name, pair in ends.items():
                    for value in np.linspace(*pair, 5).tolist():
                        parts = list(fit.mixture.components)
                        parts[k] = component.filled({name: value})
                        moved = mx.Mixture(parts, fit.mixture.weights)
                        less = log_likelihood(moved, x)
                        assert less <= fit.log_likelihood + 1e-5, (bounded, fit)


LAPLACE = mx.Laplace(loc=mx.Between(0.3, 2.1))
WEIGHTS = np.where(np.arange(70) < 20, 2.0, 1.0)
LABELS = np.where(np.arange(70) % 9 == 0, np.arange(70) // 45, -1)
GROUPS = np.arange(70) // 2


@pytest.mark.parametrize(
    ("model", "more"),
    [
        (mx.Mixture([LAPLACE]), {}),
        (mx.Mixture(2 * [LAPLACE]), {"accelerate": False}),
        (mx.Mixture(2 * [LAPLACE]), {"sample_weight": WEIGHTS}),
        (mx.Mixture(2 * [LAPLACE]), {"labels": LABELS}),
        (mx.Mixture(2 * [LAPLACE]), {"groups": GROUPS}),
        (mx.Chain(2 * [LAPLACE]), {}),
        (mx.Mixture([mx.Mixture(2 * [LAPLACE]), mx.Normal()]), {}),
        (mx.Mixture([LAPLACE, mx.Laplace(loc=mx.Between(4.5, 9.0))]), {}),
        (mx.Mixture([mx.Laplace(mx.Between(0.3, 2.1), mx.Between(1.5, 2.0))] * 2), {}),
        (mx.Mixture(2 * [mx.Laplace(mx.Uniform(0.3, 2.1))]), {}),
    ],
    ids=lambda v: repr(v)[:60],
)
def test_moves_of_a_place_keep_within_its_bounds(model, more):
    fit = mx.em(model, LINE, starts=2, **more)
    assert fit.converged, fit.reason
    leaves = [
        leaf
        for part, template in zip(fit.mixture.components, model.components, strict=True)
        for leaf in zip(
            getattr(part, "components", [part]),
            getattr(template, "components", [template]),
            strict=True,
        )
    ]
    for filled, template in leaves:
        for name, known in template.told.items():
            low, high = known.ends
            assert low <= filled.value_of(name) <= high


def test_a_gate_keeps_places_within_their_bounds():
    model = mx.Mixture(2 * [LAPLACE], mx.Gate(["z"]))
    fit = mx.em(model, LINE, covariates={"z": Z}, starts=1)
    assert all(0.3 <= c.loc <= 2.1 for c in fit.mixture.components)


def test_two_bounded_places_are_as_high_as_on_a_grid():
    fit = mx.em(mx.Mixture(2 * [LAPLACE]), LINE, starts=4)
    for one, two in itertools.combinations(np.linspace(0.3, 2.1, 7).tolist(), 2):
        held = mx.Mixture([mx.Laplace(loc=one), mx.Laplace(loc=two)])
        other = mx.em(held, LINE, starts=2)
        assert other.log_likelihood <= fit.log_likelihood + 1e-6


def test_a_start_beyond_the_bounds_begins_within():
    start = mx.Laplace(9.0, 1.0)
    assert LAPLACE.fit(LINE, start=start).loc <= 2.1
    line = mx.WithError(mx.Normal(sd=mx.Between(4.0, 5.0)), "e")
    begin = line.filled({"component.mean": 0.0, "component.sd": 1.0})
    found = line.fit({"y": LINE, "e": ERROR}, start=begin)
    assert found.component.sd == 4.0


def test_equal_values_with_errors_are_learned_above_a_bound():
    same = mx.WithError(mx.Normal(sd=mx.Between(0.5, None)), "e")
    found = same.fit({"y": np.ones(9), "e": np.full(9, 0.1)})
    assert found.component.sd == 0.5


def test_degrees_of_freedom_stay_within_where_the_scale_is_at_its_bound():
    part = mx.StudentTRegression("y", ["z"], df=mx.Between(5, 9),
                                 scale=mx.Between(0.1, 0.2))  # fmt: skip
    fit = mx.em(mx.Mixture(2 * [part]), {"y": LINE, "z": Z}, starts=1)
    assert fit.converged, fit.reason
    assert all(5 <= c.df <= 9 for c in fit.mixture.components)


def test_bounds_beside_what_is_shared_are_held_one_after_the_other():
    """Both shapes are beyond their bounds freely, and one is not beside the other."""
    rng = np.random.default_rng(1)
    x = np.r_[rng.gamma(2, 1, 60), rng.gamma(9, 1, 40)]
    shapes = mx.Between(1, 1.5), mx.Between(3, 4)
    fit = mx.em(mx.Mixture([mx.Gamma(s, mx.Shared("s")) for s in shapes]), x, starts=2)
    assert fit.converged, fit.reason
    for pair in itertools.product((1.0, 1.25, 1.37, 1.5), (3.0, 3.5, 4.0)):
        held = mx.Mixture([mx.Gamma(s, mx.Shared("s")) for s in pair])
        other = mx.em(held, x, starts=1).log_likelihood
        assert other <= fit.log_likelihood + 1e-6


@pytest.mark.parametrize("K", [1, 2])
def test_a_bound_beside_a_belief_is_the_best_within(K):
    rng = np.random.default_rng(1)
    x = np.r_[rng.gamma(2, 1, 60), rng.gamma(9, 1, 40)]
    part = mx.Gamma(mx.Gamma(20, 0.1), mx.Between(0.5, 0.7))
    fit = mx.em(mx.Mixture(K * [part]), x, starts=1)
    assert fit.converged, fit.reason
    height = fit.log_likelihood + fit.log_prior
    for k, component in enumerate(fit.mixture.components):
        assert 0.5 <= component.scale <= 0.7
        for values in grid_of({"shape": (2.0, 9.0), "scale": (0.5, 0.7)}, 30):
            parts = list(fit.mixture.components)
            parts[k] = mx.Gamma(**values)
            moved = mx.Mixture(parts, fit.mixture.weights)
            prior = sum(part.log_prior(c) for c in parts)
            assert log_likelihood(moved, x) + prior <= height + 1e-6


@pytest.mark.slow
def test_lines_that_share_an_sd_keep_their_slopes_within():
    part = mx.LinearRegression("y", {"z": mx.Between(0, 0.5)}, sd=mx.Shared("sd"))
    fit = mx.em(mx.Mixture(2 * [part]), {"y": LINE + 2 * Z, "z": Z}, starts=2)
    assert (np.diff(fit.history) >= -1e-9).all()
    assert all(0 <= c.coef["z"] <= 0.5 for c in fit.mixture.components)


def test_an_angle_is_bounded_by_turns():
    """3.2 and -3.08 are one direction."""
    x = np.random.default_rng(0).vonmises(3.2, 20.0, 200)
    free = mx.VonMises().fit(x)
    inside = mx.VonMises(mean=mx.Between(3.0, 4.0)).fit(x)
    assert inside.mean == pytest.approx(free.mean % (2 * np.pi), abs=1e-9)
    assert mx.VonMises(mean=mx.Between(3.4, 4.0)).fit(x).mean == 3.4
    assert mx.VonMises(mean=mx.Between(-2.5, 1.0)).fit(x).mean == -2.5
    above = mx.VonMises(mean=mx.Between(10.0, None)).fit(x).mean
    assert above >= 10.0
    assert np.cos(above - free.mean) == pytest.approx(1.0)


def test_many_bounds_that_are_all_met_end_within():
    rng = np.random.default_rng(2)
    columns = {name: rng.normal(size=90) for name in "abcdefgh"}
    x = {"y": sum((k + 1) * v for k, v in enumerate(columns.values())), **columns}
    part = mx.LinearRegression("y", dict.fromkeys(columns, mx.Between(-0.5, 0.5)))
    found = part.fit(x)
    assert all(-0.5 <= v <= 0.5 for v in found.coef.values())
    assert [found.coef[n] for n in "bcdefgh"] == 7 * [0.5]


@pytest.mark.parametrize(
    ("part", "x"),
    [
        (
            mx.LinearRegression("y", ["z"], sd=mx.Between(0.5, None)),
            {"y": 2 * Z, "z": Z},
        ),
        (mx.StudentTRegression("y", ["z"], scale=mx.Between(0.5, 3)), {"y": Z, "z": Z}),
        (mx.Laplace(scale=mx.Between(0.5, None)), np.ones(9)),
        (mx.Gumbel(mx.Between(0, 3), mx.Between(0.5, None)), np.ones(9)),
        (mx.Weibull(shape=mx.Between(None, 9.0)), np.ones(9)),
    ],
    ids=lambda v: repr(v)[:60],
)
def test_a_bound_holds_what_would_collapse_without_it(part, x):
    found = part.fit(x)
    for name, known in part.told.items():
        low, high = known.ends
        assert low <= found.value_of(name) <= high
    assert any(found.value_of(n) in k.ends for n, k in part.told.items())
    fit = mx.em(mx.Mixture([part]), x, starts=1)
    assert fit.mixture.components[0].log_prob(x) == pytest.approx(found.log_prob(x))


def test_bounds_are_held_in_the_order_that_leaves_the_most():
    """By hand: -(a - 3)^2 - (b - 2 a)^2 with a at most 1 and b at least 3: the top is
    at a = 1, b = 3."""

    def climb(less, begin):
        if {"loc", "scale"} == set(less.blanks):
            return mx.Laplace(3.0, 6.0)
        a, b = begin.value_of("loc"), begin.value_of("scale")
        if "loc" in less.blanks:
            return begin.filled({"loc": (3 + 2 * b) / 5})
        return begin.filled({"scale": 2 * a})

    def height(filled):
        a, b = filled.value_of("loc"), filled.value_of("scale")
        return -((a - 3) ** 2) - (b - 2 * a) ** 2

    template = mx.Laplace(mx.Between(None, 1), mx.Between(3, None))
    top = highest_within(template, mx.Laplace(), None, height, climb)
    assert (top.loc, top.scale) == (1.0, 3.0)
