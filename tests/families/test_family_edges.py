"""Edges of families, pieces of their searches, and what cannot be learned."""

import itertools
import math

import numpy as np
import pytest
import scipy.optimize
import scipy.special
import scipy.stats

import mixnotes as mx
from mixnotes.components.exponential import Tie
from mixnotes.families import numerical, student
from mixnotes.numeric import special

INF, NAN = np.inf, np.nan
close = np.testing.assert_allclose

# ------------------------------------------------------------------------- edges

EDGES = {  # component, quantile of 0 and of 1, a value below all
    "normal": (lambda: mx.Normal(1.0, 2.0), -INF, INF),
    "lognormal": (lambda: mx.LogNormal(0.0, 1.0), 0, INF),
    "exponential": (lambda: mx.Exponential(2.0), 0, INF),
    "gamma": (lambda: mx.Gamma(2.0, 3.0), 0, INF),
    "inverse": (lambda: mx.InverseGaussian(2.0, 3.0), 0, INF),
    "beta": (lambda: mx.Beta(2.0, 3.0), 0, 1),
    "uniform": (lambda: mx.Uniform(-1.0, 3.0), -1, 3),
    "laplace": (lambda: mx.Laplace(1.0, 2.0), -INF, INF),
    "logistic": (lambda: mx.Logistic(1.0, 2.0), -INF, INF),
    "gumbel": (lambda: mx.Gumbel(1.0, 2.0), -INF, INF),
    "weibull": (lambda: mx.Weibull(1.5, 2.0), 0, INF),
    "student": (lambda: mx.StudentT(3.0, 1.0, 2.0), -INF, INF),
    "student normal": (lambda: mx.StudentT(INF, 1.0, 2.0), -INF, INF),
    "bernoulli": (lambda: mx.Bernoulli(0.3), 0, 1),
    "binomial": (lambda: mx.Binomial(4, 0.3), 0, 4),
    "binomial one": (lambda: mx.Binomial(1, 0.3), 0, 1),
    "categorical": (lambda: mx.Categorical([0.2, 0.3, 0.5]), 0, 2),
    "geometric": (lambda: mx.Geometric(0.3), 0, INF),
    "poisson": (lambda: mx.Poisson(3.0), 0, INF),
    "negative": (lambda: mx.NegativeBinomial(2.0, 3.0), 0, INF),
    "negative poisson": (lambda: mx.NegativeBinomial(INF, 3.0), 0, INF),
    "point": (lambda: mx.PointMass(2.0), 2, 2),
}
SCIPYS = {
    "normal": lambda: scipy.stats.norm(1, 2),
    "lognormal": lambda: scipy.stats.lognorm(1),
    "exponential": lambda: scipy.stats.expon(scale=0.5),
    "gamma": lambda: scipy.stats.gamma(2, scale=3),
    "inverse": lambda: scipy.stats.invgauss(2 / 3, scale=3),
    "beta": lambda: scipy.stats.beta(2, 3),
    "uniform": lambda: scipy.stats.uniform(-1, 4),
    "laplace": lambda: scipy.stats.laplace(1, 2),
    "logistic": lambda: scipy.stats.logistic(1, 2),
    "gumbel": lambda: scipy.stats.gumbel_r(1, 2),
    "weibull": lambda: scipy.stats.weibull_min(1.5, scale=2),
    "student": lambda: scipy.stats.t(3, 1, 2),
    "student normal": lambda: scipy.stats.norm(1, 2),
    "bernoulli": lambda: scipy.stats.bernoulli(0.3),
    "binomial": lambda: scipy.stats.binom(4, 0.3),
    "binomial one": lambda: scipy.stats.binom(1, 0.3),
    "geometric": lambda: scipy.stats.geom(0.3, -1),
    "poisson": lambda: scipy.stats.poisson(3),
    "negative": lambda: scipy.stats.nbinom(2, 0.4),
    "negative poisson": lambda: scipy.stats.poisson(3),
}
PLACES = np.array([-INF, -1e300, -3.0, -1.0, -0.5, 0.0, 0.25, 0.5, 1.0, 1.5, 2.0])
PLACES = np.append(PLACES, [2.5, 3.0, 3.5, 4.0, 4.5, 9.0, 40.0, 1e300, INF])


@pytest.mark.parametrize("name", EDGES)
def test_distribution_functions_hold_at_every_edge(name):
    make, low, high = EDGES[name]
    component = make()
    assert component.quantile([0, 1]).tolist() == [low, high]
    assert component.ends == (low, high)
    assert component.cdf(-INF) == component.sf(INF) == 0
    assert component.cdf(INF) == component.sf(-INF) == 1
    if name in SCIPYS:
        truth = SCIPYS[name]()
        with np.errstate(all="ignore"):
            below, above = truth.cdf(PLACES), truth.sf(PLACES)
        close(component.cdf(PLACES), below, rtol=1e-11, atol=1e-300)
        close(component.sf(PLACES), above, rtol=1e-11, atol=1e-300)
        close(component.moments(), truth.stats("mv"), rtol=1e-12)
        q = np.array([[1e-12, 0.01, 0.3, 0.5], [0.50001, 0.7, 0.99, 1 - 1e-12]])
        close(component.quantile(q), truth.ppf(q), rtol=1e-7)
    inside = component.inside(np.array([low, high, low - 1, high + 1]))
    if math.isfinite(low) and name not in ("beta", "exponential"):
        assert not inside[2]
    if math.isfinite(high):
        assert not inside[3]


def test_extreme_levels_have_finite_quantiles():
    q = np.array([5e-324, 1e-300, 1 - 2**-53])
    for component in (
        mx.Laplace(0.0, 1.0),
        mx.Logistic(0.0, 1.0),
        mx.Gumbel(0.0, 1.0),
        mx.Weibull(1.0, 1.0),
        mx.Exponential(1.0),
    ):
        found = component._quantile(np.append(q, [0.0, 1.0]))
        assert np.isfinite(found).all(), component
        assert (np.diff(found[:3]) > 0).all()
    close(mx.Laplace(0.0, 1.0).quantile(1e-300), np.log(2e-300))
    close(mx.Logistic(0.0, 1.0).quantile(1e-300), np.log(1e-300))
    close(mx.Gumbel(0.0, 1.0).quantile(1e-300), -np.log(-np.log(1e-300)))
    close(mx.Weibull(2.0, 3.0).quantile(1 - 2**-53), 3 * np.sqrt(53 * np.log(2)))
    close(mx.Laplace(0.0, 1.0).quantile(1 - 2**-53), 52 * np.log(2))
    close(mx.Logistic(0.0, 1.0).quantile(1 - 2**-53), 53 * np.log(2))
    close(mx.Gumbel(0.0, 1.0).quantile(1 - 2**-53), 53 * np.log(2))


def test_what_moments_are_where_there_are_none():
    assert mx.StudentT(INF, 1.0, 2.0).moments() == (1, 4)
    assert mx.StudentT(2.0, 1.0, 2.0).moments() == (1, INF)
    assert mx.StudentT(2.5, 1.0, 2.0).moments() == (1, 20)
    for df in (0.5, 1.0):
        mean, variance = mx.StudentT(df, 1.0, 2.0).moments()
        assert math.isnan(mean)
        assert variance == INF
    rows = mx.MultivariateStudentT
    shape = np.array([[2.0, 0.5], [0.5, 1.0]])
    for df, mean, factor in ((1.0, NAN, INF), (2.0, 1.0, INF), (4.0, 1.0, 2.0)):
        found = rows(df, [1.0, 1.0], shape).moments()
        close(found[0], [mean, mean])
        close(found[1], factor * shape)
    found = rows(INF, [1.0, 2.0], shape).moments()
    assert found[0].tolist() == [1, 2]
    close(found[1], shape)
    assert mx.Weibull(1 / 81, 2.0).moments() == (INF, INF)
    close(mx.Weibull(1 / 70, 2.0).moments()[0], 2 * math.gamma(71))
    close(mx.Weibull(50.0, 2.0).moments(), scipy.stats.weibull_min(50, 0, 2).stats())
    assert mx.PointMass(3.0).moments() == (3, 0)
    assert mx.Uniform(-1.7e308, 1.7e308).moments()[0] == 0
    close(mx.Categorical([0.2, 0.3, 0.5]).moments(), (1.3, 0.61))
    assert mx.NegativeBinomial(2.0, 6.0).moments() == (6, 24)


@pytest.mark.parametrize("k", [0.0, 1e-12, 0.5, 19.0, 21.0, 900.0, 1e8])
def test_angles_have_the_moments_and_arcs_of_their_density(k):
    component = mx.VonMises(0.5, k)
    nodes, weight = np.polynomial.legendre.leggauss(400)
    reach = min(math.pi, 13 / math.sqrt(k or 1e-9))
    angle = reach * nodes
    density = weight * np.exp(-2 * k * np.sin(angle / 2) ** 2)
    density /= density.sum()
    mean, variance = component.moments()
    assert mean == 0.5
    assert variance == pytest.approx(density @ angle**2, rel=1e-12)
    assert component.ends == (0.5 - math.pi, 0.5 + math.pi)
    assert component.cdf(0.5 + reach) == pytest.approx(1, abs=1e-13)
    third = reach / 6 * (nodes + 1)
    logs = component.log_prob(0.5 + third)
    part = reach / 6 * weight @ np.exp(logs)
    found = component.cdf([[0.5 + reach / 3, 0.5 - reach / 3]])
    close(found, [[0.5 + part, 0.5 - part]], atol=1e-15 * max(k, 10))
    assert component.cdf(0.5) == 0.5
    turns = 0.5 + 2 * math.pi * np.array([-2, -1, 1, 3])
    close(component.cdf(turns), [-1.5, -0.5, 1.5, 3.5], rtol=1e-12)
    assert component.cdf([-INF, INF]).tolist() == [0, 1]
    assert component.cdf(0.5 + math.pi) <= 1
    assert component.cdf(0.5 - math.pi) >= 0


@pytest.mark.parametrize("short", [1e-9, 1e-4, 0.1, 0.14, 0.3, 0.46, 0.48, 0.9, 1.0])
def test_concentrations_from_the_length_of_the_mean(short):
    from mixnotes.families.circular import _concentration_of

    found = _concentration_of(np.array([short, 0.2, 1.2]))
    assert found[2] == 0
    mean = special.versed_mean(found)[0]
    close(mean[:2], [short, 0.2], rtol=1e-12)


LEVELS = [-1e9, -50.0, -2.3, -2.1, -1.0, -0.5, -1e-3, -1e-6, -1e-9]


@pytest.mark.parametrize("level", [*LEVELS, 0.0, 1e-3, 0.5, 1.0, 5.0])
@pytest.mark.parametrize("profile", [0.0, 0.3, 0.5, 0.6, 0.9, 1.0])
def test_the_shape_of_a_gamma_solves_its_equation(level, profile):
    from mixnotes.families.positive import _shape_of

    if profile == 1:
        level = -abs(level) or -1e-12
    a = _shape_of(np.array([level]), np.array([profile]))[0]
    left = (1 - profile) * math.log(a) - special.log_less_digamma(a)
    assert left == pytest.approx(level, rel=1e-9)


@pytest.mark.parametrize("alpha", [(1e-2, 0.1), (0.5, 40.0, 2.0), (1e5, 2e5), (1, 1)])
def test_the_parameters_of_a_dirichlet_solve_their_equation(alpha):
    from mixnotes.families.dirichlet import _alpha_of

    alpha = np.array(alpha, float)
    means = scipy.special.digamma(alpha) - scipy.special.digamma(alpha.sum())
    other = scipy.special.digamma(2 + alpha) - scipy.special.digamma(sum(2 + alpha))
    found = _alpha_of(np.array([means, other]))
    close(found, [alpha, 2 + alpha], rtol=1e-6 if alpha.max() > 1e4 else 1e-10)


# ------------------------------------------------------------- densities, by hand


def test_densities_from_what_was_prepared():
    x = np.array([-1.0, 0.5, 3.0])
    uniform = mx.Uniform(0.0, 2.0)
    close(uniform.density(uniform.prepare(x)), [-INF, -math.log(2), -INF])
    assert mx.PointMass(0.5).density(x).tolist() == [-INF, 0, -INF]
    assert mx.NegativeBinomial(2.0, 0.0).log_prob([0, 1]).tolist() == [0, -INF]
    assert mx.Poisson(0.0).log_prob([0, 1, 0.5]).tolist() == [0, -INF, -INF]
    assert mx.Bernoulli(1.0).log_prob([0, 1, 2]).tolist() == [-INF, 0, -INF]
    assert mx.Binomial(2, 0.0).log_prob([0, 1, 2]).tolist() == [0, -INF, -INF]
    close(mx.Geometric(1.0).log_prob([0, 1, -1]), [0, -INF, -INF])
    close(mx.Geometric(1.0).cdf([-0.5, 0, 3]), [0, 1, 1])
    close(mx.Geometric(1.0).sf([-0.5, 0, 3]), [1, 0, 0])
    close(mx.Categorical([0.0, 1.0]).log_prob([0, 1, 2]), [-INF, 0, -INF])


def test_large_counts_have_the_log_probabilities_of_scipy():
    x = np.array([0.0, 4095.0, 4096.0, 4097.0, 1e5, 4096.0])
    for rate in (3.0, 4e3, 1e5):
        expected = scipy.stats.poisson(rate).logpmf(x)
        close(mx.Poisson(rate).log_prob(x), expected, rtol=1e-9)
    for n in (1, 3, 4096, 4097):
        y = x[: n + 1]
        expected = scipy.stats.nbinom(2.5, 2.5 / (2.5 + 500.0)).logpmf(y)
        close(mx.NegativeBinomial(2.5, 500.0).log_prob(y), expected, rtol=1e-9)
        infinite = mx.NegativeBinomial(INF, 500.0).log_prob(y)
        close(infinite, scipy.stats.poisson(500.0).logpmf(y), rtol=1e-9)
    close(
        mx.Binomial(5000, 0.3).log_prob([1500, 4500]),
        scipy.stats.binom(5000, 0.3).logpmf([1500, 4500]),
        rtol=1e-9,
    )


def test_bells_of_several_dimensions():
    square = np.array([0.5, 3.0, 1e6])
    for df in (0.5, 4.0, 300.0):
        for d in (1, 2, 5):
            shape = scipy.stats.multivariate_t(np.zeros(d), np.eye(d), df=df)
            at = np.zeros((3, d))
            at[:, 0] = np.sqrt(square)
            close(student.log_bell(square, df, d), shape.logpdf(at), rtol=1e-12)
    mixed = student.log_bell(square, 4.0, np.array([1, 5, 2]))
    alone = [student.log_bell(square, 4.0, d)[k] for k, d in enumerate((1, 5, 2))]
    close(mixed, alone, rtol=1e-14)
    normal = student.log_bell(square, INF, np.array([1, 5, 2]))
    expected = -0.5 * square - 0.5 * np.array([1, 5, 2]) * math.log(2 * math.pi)
    close(normal, expected, rtol=1e-14)
    assert student.latent(square, INF, 2).tolist() == [1, 1, 1]
    close(student.latent(square, 4.0, 2), 6 / (4 + square))
    assert student.log_bell(np.zeros(0), 4.0, np.zeros(0, int)).shape == (0,)


def test_the_logistic_and_gumbel_shapes_are_their_derivatives():
    z = np.array([-30.0, -2.0, 0.3, 1.0, 40.0])
    for family in (mx.Logistic(), mx.Gumbel(), mx.Weibull()):
        _, first, second = family.shape_of(z)
        up, down = family.shape_of(z + 1e-5), family.shape_of(z - 1e-5)
        close(first, (up[0] - down[0]) / 2e-5, rtol=1e-6, atol=1e-9)
        close(second, (up[1] - down[1]) / 2e-5, rtol=1e-6, atol=1e-9)
    close(mx.Logistic().shape_of(z)[0], scipy.stats.logistic.logpdf(z))
    close(mx.Gumbel().shape_of(z)[0], scipy.stats.gumbel_r.logpdf(z))
    with np.errstate(all="raise"):
        assert mx.Gumbel().shape_of(np.array([-800.0]))[0] == -INF


# ----------------------------------------------------------- pieces of the searches


def test_bounded_parameters_move_along_their_line():
    for bounds in ((0.0, INF), (-INF, 5.0), (0.0, 4.0), (-INF, INF)):
        assert numerical._moved(2.0, 0.0, bounds, 3.0) == pytest.approx(2, rel=1e-14)
        ahead = [numerical._moved(2.0, u, bounds, 3.0) for u in (-1.0, 0.5, 1.0)]
        assert ahead == sorted(ahead)
        assert all(bounds[0] < v < bounds[1] for v in ahead)
        for far in (-1e5, 1e5):
            end = numerical._moved(2.0, far, bounds, 3.0)
            assert end == numerical._moved(2.0, math.copysign(600, far), bounds, 3.0)
            assert bounds[0] <= end <= bounds[1]
    assert numerical._moved(3.0, 1.0, (1.0, INF), 9.0) == pytest.approx(1 + 2 * math.e)
    assert numerical._moved(3.0, 1.0, (-INF, 5.0), 9.0) == pytest.approx(5 - 2 / math.e)
    assert numerical._moved(3.0, 2.0, (-INF, INF), 9.0) == 21
    odds = 2 / 3 * math.e
    assert numerical._moved(3.0, 1.0, (1.0, 6.0), 9.0) == pytest.approx(
        1 + 5 * odds / (1 + odds)
    )


def test_values_on_their_bounds_are_put_inside():
    assert numerical._within(2.0, (0.0, 4.0)) == 2
    assert numerical._within(0.0, (0.0, 4.0)) == 4e-9
    assert numerical._within(4.0, (0.0, 4.0)) == 4 - 4e-9
    assert numerical._within(0.0, (0.0, INF)) == 1e-9
    assert numerical._within(100.0, (100.0, INF)) == pytest.approx(100 + 1e-7, abs=1e-9)
    assert numerical._within(-50.0, (-INF, -50.0)) == pytest.approx(
        -50 - 5e-8, abs=1e-12
    )
    assert numerical._within(7.0, (-INF, INF)) == 7


def test_first_guesses_lie_between_the_bounds():
    assert numerical.first_guesses((0.0, 10.0), 3.0, 2.0) == [5, 2, 8]
    assert numerical.first_guesses((5.0, 10.0), 3.0, 2.0) == [7.5, 6, 9]
    assert numerical.first_guesses((1.0, INF), -3.0, 2.0) == [3, 1.5, 2, 4]
    assert numerical.first_guesses((1.0, INF), 0.0, 4.0) == [5, 1.25, 2, 2]
    assert numerical.first_guesses((-INF, 1.0), -3.0, 2.0) == [-1, 0.5, 0, -2]
    assert numerical.first_guesses((-INF, 1.0), 0.0, 4.0) == [-3, 0.75, 0, 0]
    assert numerical.first_guesses((-INF, INF), -3.0, 2.0) == [-3, 0]
    corners = numerical._corners(2)
    assert corners.tolist() == [[0, 0], [0.3, 0], [0, 0.3]]


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_the_unit_of_a_parameter_without_bounds_is_what_matters_of_it(scale):
    line = numerical._Line(
        {"m": (-INF, INF), "s": (0.0, INF)},
        {"m": 0.0, "s": 1.0},
        lambda v: -0.5 * (v["m"] / scale) ** 2,
    )
    assert line.units["s"] == 1
    assert 0.05 * scale < line.units["m"] < 1.01 * scale
    there = line.values(np.array([2.0, math.log(3)]))
    assert there["m"] == 2 * line.units["m"]
    assert there["s"] == pytest.approx(3)
    assert not line.ran_off(np.array([99.0, 39.0]))
    assert line.ran_off(np.array([0.0, 41.0]))
    assert line.ran_off(np.array([0.0, -41.0]))
    assert not line.ran_off(np.array([0.0, 40.0]))


def test_a_parameter_that_cannot_move_has_a_unit_all_the_same():
    line = numerical._Line({"m": (-INF, INF)}, {"m": 5.0}, lambda v: -INF)
    assert line.units == {"m": 5}
    flat = numerical._Line({"m": (-INF, INF)}, {"m": 5.0}, lambda v: 0.0)
    assert flat.units["m"] > 1e30


# --------------------------------------------------- the reader's own, and scipy's


def gaussian(x, m, s):
    return -0.5 * ((x - m) / s) ** 2 - np.log(s) - 0.5 * np.log(2 * np.pi)


def custom(**more):
    return mx.Custom(gaussian, {"m": (-INF, INF), "s": (0, INF)}, **more)


def test_a_custom_density_does_what_its_functions_say():
    made_of = custom(
        m=1.0,
        s=2.0,
        sample=lambda n, rng, m, s: rng.normal(m, s, n),
        moments=lambda m, s: (m, s * s),
        cdf=lambda x, m, s: scipy.special.ndtr((x - m) / s),
        support=(-50, 60),
    )
    assert made_of.moments() == (1, 4)
    close(made_of.cdf([0.0, 1.0]), scipy.special.ndtr([-0.5, 0]))
    close(made_of.sf([3.0]), scipy.special.ndtr([-1.0]))
    close(made_of.quantile([0.2, 0.9]), scipy.stats.norm(1, 2).ppf([0.2, 0.9]))
    assert made_of.quantile([0, 1]).tolist() == [-50, 60]
    assert made_of.ends == (-50, 60)
    assert custom().ends == (-INF, INF)
    assert made_of.support == "numbers from -50 to 60"
    assert custom().support == "finite"
    assert custom(support=lambda x: x > 0).support == "possible"
    assert made_of.inside(np.array([-50.0, 60.0, 61.0, -51.0])).tolist() == [
        *(True, True, False, False),
    ]
    plane = custom(support=(0, 1))
    assert plane.inside(np.array([[0.5, 0.5], [0.5, 2.0]])).tolist() == [True, False]
    assert made_of.sample(5, 0).shape == (5,)
    close(made_of.log_prob([0.0, 70.0]), [gaussian(0.0, 1, 2), -INF])
    assert repr(made_of) == "Custom(gaussian, m=1, s=2)"
    assert made_of.m == 1
    assert made_of.blank("m").blanks == ("m",)
    assert made_of.blank().n_free == 2
    assert made_of.blank("m").filled({"m": 1.0}) == made_of
    assert hash(made_of.blank("m").filled({"m": 1.0})) == hash(made_of)
    assert made_of != made_of.filled({"m": 3.0})
    assert made_of != 3
    assert made_of.constraints() == {"m": (-INF, INF), "s": (0, INF)}
    assert custom(discrete=1).discrete is True
    half = custom(support=lambda x: x > 0, m=0.0, s=1.0)
    close(half.log_prob([-1.0, 1.0]), [-INF, gaussian(1.0, 0, 1)])


@pytest.mark.parametrize("start", [None, (0.0, 1.0), (1.4, 2.5)])
def test_a_custom_density_is_fitted_with_weights_from_anywhere(start):
    x = np.random.default_rng(0).normal(3, 2, 50)
    w = np.random.default_rng(1).exponential(size=50)
    w[:5] = 0
    begin = None if start is None else custom(m=start[0], s=start[1])
    for guess in ({}, {"m": 10.0}):
        fitted = custom(guess=guess).fit(x, w, start=begin)
        best = mx.Normal().fit(x, w)
        assert fitted.m == pytest.approx(best.mean, rel=1e-6)
        assert fitted.s == pytest.approx(best.sd, rel=1e-6)
    known = custom(m=3.0).fit(x, w)
    assert known.m == 3
    assert known.s == pytest.approx(mx.Normal(3.0).fit(x, w).sd, rel=1e-6)


CUSTOM_ERRORS = [
    (lambda: mx.Custom(3, {"m": (0, 1)}), "log_prob must be a function, got 3"),
    (lambda: custom(sample=3), "sample must be a function, got 3"),
    (lambda: custom(moments=3), "moments must be a function, got 3"),
    (lambda: custom(cdf=3), "cdf must be a function, got 3"),
    (lambda: mx.Custom(gaussian, {}), "bounds must be a mapping of parameter names"),
    (lambda: mx.Custom(gaussian, [1]), "bounds must be a mapping of parameter names"),
    (lambda: mx.Custom(gaussian, {"a b": (0, 1)}), "bounds must have names as keys"),
    (lambda: mx.Custom(gaussian, {3: (0, 1)}), "bounds must have names as keys, got 3"),
    (lambda: mx.Custom(gaussian, {"fit": (0, 1)}), "cannot have the name fit, which"),
    (lambda: mx.Custom(gaussian, {"m": (1, 1)}), r"bounds of m must be \(low, high\)"),
    (lambda: mx.Custom(gaussian, {"m": 3}), r"bounds of m must be \(low, high\)"),
    (lambda: mx.Custom(gaussian, {"m": (0, "a")}), r"bounds of m must be \(low, high"),
    (lambda: custom(support=(2, 1)), r"support must be \(low, high\), low below high"),
    (lambda: custom(guess={"k": 1}), "guess must name a parameter of bounds, m, s; g"),
    (lambda: custom(k=1), "a keyword must name a parameter of bounds, m, s; got k"),
    (lambda: custom(s=-1), "s must be from 0 to inf, got -1; leave s out to have it"),
    (lambda: custom(s="a"), "s must be a number, got 'a'"),
    (lambda: custom(s=True), "s must be a number, got True"),
    (lambda: custom(s=NAN), "s must be a number, got nan"),
    (lambda: custom(s=1j), "s must be a number, got 1j"),
    (lambda: custom(s=np.complex128(1)), "s must be a number, got"),
    (lambda: custom(s=mx.Shared("s")), "s cannot be Shared in a density"),
    (lambda: mx.Uniform(high=mx.Shared("b")), "Uniform: high cannot be Shared, since"),
    (lambda: custom().moments(), r"moments needs every parameter, and Custom\(gauss"),
    (lambda: custom(m=0, s=1).moments(), "moments"),
    (lambda: custom(m=0, s=1).cdf([1.0]), "cdf"),
    (lambda: custom(m=0, s=1).sample(3, 0), "sample"),
    (lambda: custom(m=0, s=1).to_json(), "a Custom does not save as JSON, for its l"),
    (lambda: custom().blank("k", "j"), "Custom can have blanks in m, s, got j, k"),
    (lambda: custom().log_prob([1.0]), "log_prob needs every parameter"),
    (
        lambda: mx.Custom(lambda x, m: np.ones(2), {"m": (0, 1)}, m=0.5).log_prob([1]),
        r"one number an observation, shape \(1,\), got shape \(2,\)",
    ),
    (
        lambda: mx.Custom(lambda x, m: x * NAN, {"m": (0, 1)}, m=0.5).log_prob([1, 2]),
        r"log_prob must not be NaN, got it at x\[0\] = 1 with",
    ),
    (
        lambda: mx.Custom(
            lambda x, m: np.where(x == 2, NAN, 0.0), {"m": (0, 1)}, m=0.5
        ).log_prob([1, 2]),
        r"log_prob must not be NaN, got it at x\[1\] = 2 with",
    ),
    (
        lambda: mx.Custom(
            lambda x, m, s: np.full(len(x), -INF), {"m": (0, 1), "s": (0, INF)}
        ).fit([1.0, 2.0]),
        "no values of m, s were found under which every observation is possible",
    ),
    (
        lambda: mx.Custom(lambda x, m: m + 0 * x, {"m": (0, INF)}).fit([1.0, 2.0]),
        "m ran off to",
    ),
    (lambda: custom(m=3.0)._fit(np.ones(2), np.zeros(2), None), "from weights that a"),
]


@pytest.mark.parametrize(
    ("bad", "words"), CUSTOM_ERRORS, ids=[w[:50] for _, w in CUSTOM_ERRORS]
)
def test_a_custom_density_that_cannot_be_says_why(bad, words):
    with pytest.raises((ValueError, TypeError), match=words):
        bad()


def test_what_is_made_is_immutable_and_has_only_its_parameters():
    with pytest.raises(AttributeError, match="a Custom is immutable, cannot set m; m"):
        custom().m = 3
    with pytest.raises(AttributeError, match="Custom has no q"):
        _ = custom().q
    start = custom(m=1.0, s=1.0)
    assert custom()._fit(np.ones(2), np.zeros(2), start) is start


def test_scipys_distributions_keep_what_is_known():
    frozen = mx.from_scipy(scipy.stats.gamma(2.0, 1.0, scale=3.0))
    assert frozen.values == {"a": 2, "loc": 1, "scale": 3}
    assert mx.from_scipy(scipy.stats.gamma(2.0, 1.0, 3.0)) == frozen
    assert mx.from_scipy(scipy.stats.gamma(a=2.0, loc=1.0, scale=3.0)) == frozen
    assert mx.from_scipy("gamma", a=2.0, loc=1.0, scale=3.0) == frozen
    assert mx.from_scipy(scipy.stats.gamma(2.0), scale=3.0, loc=1.0) == frozen
    assert mx.from_scipy(scipy.stats.gamma(2.0)).values == {
        **{"a": 2, "loc": 0, "scale": 1},
    }
    assert repr(frozen) == "from_scipy('gamma', a=2, loc=1, scale=3)"
    assert frozen.support == "in the support of gamma"
    assert frozen.ends == (1, INF)
    assert frozen.blank("a").blanks == ("a",)
    assert frozen.blank("a").filled({"a": 2.0}) == frozen
    assert mx.from_json(frozen.to_json()) == frozen
    assert mx.from_json(frozen.blank("a").to_json()) == frozen.blank("a")
    truth = scipy.stats.gamma(2, 1, 3)
    x = np.array([0.5, 1.5, 4.0])
    close(frozen.log_prob(x), truth.logpdf(x))
    close(frozen.cdf(x), truth.cdf(x))
    close(frozen.sf(x), truth.sf(x))
    close(frozen.quantile([0.2, 0.7]), truth.ppf([0.2, 0.7]))
    close(frozen.moments(), truth.stats())
    assert frozen.inside(x).tolist() == [False, True, True]
    assert frozen.blank().inside(x).tolist() == [True, True, True]
    assert (
        frozen.sample(4, 0).tolist() == truth.rvs(4, np.random.default_rng(0)).tolist()
    )
    counts = mx.from_scipy("binom", n=5)
    assert counts.values == {"n": 5, "p": None, "loc": 0}
    assert counts.discrete
    assert counts.inside(np.array([1.0, 1.5])).tolist() == [True, False]
    fitted = counts.fit([1, 2, 4, 0], [1, 2, 1, 1])
    assert fitted.p == pytest.approx(9 / 25, rel=1e-6)
    close(fitted.log_prob([1, 9]), scipy.stats.binom(5, fitted.p).logpmf([1, 9]))
    close(fitted.moments(), (5 * fitted.p, 5 * fitted.p * (1 - fitted.p)))
    moved = mx.from_scipy(scipy.stats.poisson(3.0, 2))
    assert moved.values == {"mu": 3, "loc": 2}
    close(moved.log_prob([2, 4]), scipy.stats.poisson(3, 2).logpmf([2, 4]))
    for bad, words in (
        (lambda: mx.from_scipy("gamma", b=1.0), "gamma has the parameters a, loc, sca"),
        (lambda: mx.from_scipy("binom"), "binom: n must be given, for whole numbers a"),
        (lambda: mx.from_scipy("nothing"), "takes a continuous or discrete distributi"),
        (lambda: mx.from_scipy(3), "takes a continuous or discrete distribution of sc"),
        (lambda: frozen.blank("a").moments(), "moments needs every parameter, and fro"),
        (lambda: mx.from_scipy("gamma", a=-1.0), "a must be from .* to inf, got -1"),
    ):
        with pytest.raises((ValueError, TypeError), match=words):
            bad()


# ----------------------------------------------------------- what a fit cannot learn

TOO_LITTLE = [
    (lambda: mx.Normal().fit([3, 3]), "sd must be learned from values that differ, g"),
    (lambda: mx.LogNormal().fit([3, 3]), "sigma must be learned .* all equal to 3; g"),
    (lambda: mx.Normal().fit([1e-160, 2e-160]), "x must vary by more than 1e-150 for"),
    (lambda: mx.Normal().fit([0, 1], [1, 1e-18]), "Normal collapsed on x = .*its sd f"),
    (
        lambda: mx.LogNormal().fit([1, 100], [1, 1e-18]),
        "LogNormal collapsed on x = 1: its sigma fell to",
    ),
    (lambda: mx.Gumbel().fit([2, 2]), "scale must be learned from values that differ"),
    (lambda: mx.Laplace().fit([7, 7.0]), r"example Laplace\(scale=1.0\)"),
    (lambda: mx.Laplace().fit([0, 1e-160]), "x must vary by more than 1e-150 for sca"),
    (lambda: mx.Laplace().fit([0, 1], [1, 1e-9]), "Laplace collapsed on x = 0: its sp"),
    (lambda: mx.Logistic().fit([0, 1], [1, 1e-9]), "Logistic collapsed on x = 0: its"),
    (lambda: mx.Weibull().fit([2, 5], [1, 1e-9]), "Weibull collapsed on x = 2: its s"),
    (lambda: mx.Exponential().fit([0, 0]), "Exponential collapsed on x = 0: its rate"),
    (lambda: mx.Gamma().fit([3, 3]), "Gamma collapsed on x = 3: its shape grew witho"),
    (lambda: mx.Gamma().fit([1e-302, 2e-303]), "Gamma collapsed: its scale fell below"),
    (lambda: mx.InverseGaussian().fit([3, 3]), "InverseGaussian collapsed on x = 3: i"),
    (lambda: mx.Beta().fit([0.25, 0.25]), "Beta collapsed on x = 0.25: a and b grew"),
    (lambda: mx.Uniform(low=3.0).fit([3, 3]), "Uniform collapsed on x = 3: low and hi"),
    (lambda: mx.VonMises().fit([1, 1]), "VonMises collapsed on x = 1: its concentrat"),
    (
        lambda: mx.Normal()._fit(np.ones(2), np.zeros(2), None),
        r"Normal\(\) cannot be learned from weights that are 0",
    ),
    (
        lambda: mx.LinearRegression("y", ["u"])._fit(
            np.ones((2, 2)), np.zeros(2), None
        ),
        "cannot be learned from weights that are 0",
    ),
    (lambda: mx.Categorical().n_free, "categories there are is learned from the data"),
    (
        lambda: mx.Categorical([0.5, 0.5], n=3),
        "one number of categories, got 2 by probs and 3",
    ),
    (lambda: mx.Categorical(n=0), "Categorical: n must be a whole number from 1 up"),
    (
        lambda: mx.Categorical(n=3).filled({"probs": [0.5, 0.5]}),
        r"probs must have shape \(3,\), got \[0.5, 0.5\]",
    ),
    (lambda: mx.Binomial(0), "Binomial: n must be a whole number from 1 up, got 0"),
    (lambda: mx.Uniform(1.0, 1.0), "Uniform: low must be below high, got low = 1.0 an"),
    (lambda: mx.Dirichlet([1.0]), "Dirichlet: alpha must have at least 2 numbers, go"),
    (lambda: mx.Dirichlet([1.0, 2.0], d=3), "Dirichlet: alpha must have one number a"),
    (lambda: mx.Dirichlet().n_free, "Dirichlet has no alpha or d; give d, for example"),
    (lambda: mx.Multinomial(3).n_free, "Multinomial has no probs or d; give d, for ex"),
    (
        lambda: mx.LinearRegression("y", ["u"], sd=-1),
        "LinearRegression: sd must be a number above 0, got -1; leave it out",
    ),
    (lambda: mx.LinearRegression("y", "u"), "on must be a list of column names, or a"),
    (lambda: mx.LinearRegression("y", ["y"]), "target and predictors must be differen"),
    (lambda: mx.LinearRegression("y", [""]), "target and predictors must be different"),
    (lambda: mx.LinearRegression("y", {"u": INF}), r"coef\['u'\] must be a finite num"),
    (lambda: mx.LinearRegression("y", {"u": True}), r"coef\['u'\] must be a finite nu"),
    (lambda: mx.LinearRegression("y", ["u"], "a"), "intercept must be a finite number"),
]


@pytest.mark.parametrize(
    ("bad", "words"), TOO_LITTLE, ids=[f"{k}" for k in range(len(TOO_LITTLE))]
)
def test_what_cannot_be_learned_or_made_says_why(bad, words):
    with pytest.raises((ValueError, TypeError), match=words):
        bad()


def test_the_component_that_collapsed_is_the_one_that_is_named():
    """Of several that are learned together."""
    free = np.array([1.0, 1.0])

    def told(templates, means, words):
        with pytest.raises(ValueError, match=words):
            templates[0].learn(free, np.array(means).T, Tie(templates))

    beta = (mx.Beta(), mx.Beta())
    told(beta, [[-1.0, -1.5], [np.log(0.3), np.log(0.7)]], "Beta collapsed on x = 0.3:")
    told(
        (mx.Dirichlet(d=2), mx.Dirichlet(d=2)),
        [[-1.0, -1.5], [np.log(0.3), np.log(0.7)]],
        r"Dirichlet collapsed on x = \[0.3, 0.7\]:",
    )
    gamma = (mx.Gamma(), mx.Gamma())
    told(gamma, [[1.0, -0.5], [3.0, np.log(3.0)]], "Gamma collapsed on x = 3:")
    inverse = (mx.InverseGaussian(), mx.InverseGaussian())
    told(inverse, [[1.0, 2.0], [4.0, 0.25]], "InverseGaussian collapsed on x = 4:")
    angle = (mx.VonMises(), mx.VonMises())
    told(angle, [[0.5, 0.0], [np.cos(2), np.sin(2)]], "VonMises collapsed on x = 2:")
    rate = (mx.Exponential(), mx.Exponential())
    told(rate, [[1.0], [0.0]], "Exponential collapsed on x = 0: its rate grew without")


def test_a_given_spread_cannot_collapse():
    free = np.array([1.0, 1.0])
    for templates, means in (
        ((mx.Gamma(), mx.Gamma(2.0)), [[1.0, -0.5], [3.0, np.log(3.0) - 1e-12]]),
        ((mx.Gamma(), mx.Gamma(None, 2.0)), [[1.0, -0.5], [3.0, np.log(3.0)]]),
        (
            (mx.InverseGaussian(), mx.InverseGaussian(None, 2.0)),
            [[1.0, 2.0], [4.0, 0.25]],
        ),
        (
            (mx.VonMises(), mx.VonMises(None, 2.0)),
            [[0.5, 0.0], [(1 - 1e-12) * np.cos(2), np.sin(2)]],
        ),
        ((mx.Beta(), mx.Beta(2.0)), [[-1.0, -1.5], [np.log(0.3), np.log(0.7)]]),
        ((mx.Beta(), mx.Beta(None, 2.0)), [[-1.0, -1.5], [np.log(0.3), np.log(0.7)]]),
    ):
        found = templates[0].learn(free, np.array(means).T, Tie(templates))
        assert all(np.isfinite(v).all() for v in found.values())
    mx.Normal(sd=1.0).fit([3, 3])
    assert mx.Laplace(scale=1.0).fit([3, 3]).loc == 3
    assert mx.Gumbel(scale=1.0).fit([3, 3]).loc == pytest.approx(3)
    assert mx.Logistic(scale=1.0).fit([3, 3]).loc == pytest.approx(3)
    assert mx.StudentT(3.0, scale=1.0).fit([3, 3]).loc == pytest.approx(3)
    assert mx.Weibull(shape=2.0).fit([3, 3]).scale == pytest.approx(3)


EXTREME = (1e-100, 1e-10, 1e10, 1e100)


@pytest.mark.parametrize(
    ("family", "n"),
    [
        (mx.Normal, 2), (mx.Laplace, 2), (mx.Logistic, 2), (mx.Gumbel, 2),
        (mx.StudentT, 3), (mx.Gamma, 2), (mx.Weibull, 2), (mx.InverseGaussian, 2),
        (mx.Beta, 2), (mx.LogNormal, 2), (mx.Exponential, 1), (mx.Poisson, 1),
        (mx.NegativeBinomial, 2), (mx.VonMises, 2), (mx.Geometric, 1),
    ],
)  # fmt: skip
def test_parameters_however_large_or_small_give_numbers(family, n):
    """A variance that no float holds is infinite; only a mean of a t that is not there
    is nan."""
    sizes = [v for v in EXTREME if v < 1 or family is not mx.Geometric]
    for values in itertools.product(sizes, repeat=n):
        part = family(*values)
        x = [0.0, 3.0] if part.discrete else [0.25, 0.5]
        assert not np.isnan(part.log_prob(x)).any(), part
        for share in (part.cdf([0.5, 2.5]), part.sf([0.5, 2.5])):
            if family is not mx.VonMises:  # which counts its turns
                assert np.all((share >= 0) & (share <= 1)), part
        low, middle, high = part.quantile([1e-9, 0.5, 0.999])
        assert low * (1 - 1e-12) <= middle <= high * (1 + 1e-12), part
        mean, variance = part.moments()
        assert variance >= 0, part
        assert not np.isnan(mean) or (family is mx.StudentT and part.df <= 1), part
        assert not np.isnan(part.sample(3, rng=0)).any(), part


@pytest.mark.parametrize("shape", [0.1, 2.0, 99.0, 101.0, 1e4, 1e8, 1e12])
def test_the_variance_of_a_sharp_weibull_keeps_its_digits(shape):
    """Towards a Gumbel of spread scale / shape: pi^2 / 6 of its square."""
    variance = mx.Weibull(shape, 3.0).moments()[1]
    if shape < 1e3:
        assert variance == pytest.approx(scipy.stats.weibull_min.var(shape, scale=3))
    else:
        limit = np.pi**2 / 6 * (3 / shape) ** 2
        assert variance == pytest.approx(limit, rel=5 / shape + 1e-12)
    beside = mx.Weibull(shape * (1 + 1e-9), 3.0).moments()[1]
    assert beside == pytest.approx(variance, rel=1e-7)


@pytest.mark.parametrize("p", [1e-14, 1e-16, 1e-18, 1e-100])
def test_waits_for_what_hardly_ever_comes_are_exponential(p):
    draws = mx.Geometric(p).sample(4000, rng=0) * p
    assert draws.mean() == pytest.approx(1, abs=0.06)
    assert draws.std() == pytest.approx(1, abs=0.1)
    assert np.quantile(draws, 0.5) == pytest.approx(np.log(2), abs=0.06)


@pytest.mark.parametrize("rate", [1e10, 1e14, 1e16, 1e20])
def test_draws_of_a_rate_beyond_all_counts_scatter_as_its_root(rate):
    draws = mx.Poisson(rate).sample(4000, rng=0)
    assert draws.mean() == pytest.approx(rate, abs=4 * np.sqrt(rate / 4000))
    assert (draws - rate).std() == pytest.approx(np.sqrt(rate), rel=0.05)
    assert np.all(draws == np.floor(draws))
