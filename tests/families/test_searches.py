"""The searches under fits without a closed form, piece by piece."""

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest
from scipy import optimize, stats

import mixnotes as mx
from mixnotes.families.counts import _slopes_of
from mixnotes.families.numerical import _corners, _Line, _moved, _within, first_guesses
from mixnotes.numeric.ascent import (
    Top,
    _along,
    _slopes,
    _step,
    ascend,
    up_to_a_limit,
)
from mixnotes.numeric.newton import Slopes, newton

INF = math.inf


def cubic(u):
    x, y = u
    return 1 + 2 * x + 3 * y - x**2 / 2 + 0.3 * x * y - y**2 + 0.1 * x**3


def parabola(u):
    """Its maximum of 7 is at (1, -2)."""
    x, y = u[0] - 1, u[1] + 2
    return 7 - x**2 + 0.5 * x * y - y**2


# ------------------------------------------------------------------------- derivatives


@pytest.mark.parametrize("width", [1e-3, 1e-2])
def test_differences_are_the_derivatives_of_a_cubic(width):
    here = np.array([0.3, -0.2])
    found = _slopes(cubic, Top(here, cubic(here)), width)
    x, y = here
    first = [2 - x + 0.3 * y + 0.3 * x**2, 3 + 0.3 * x - 2 * y]
    second = [[-1 + 0.6 * x, 0.3], [0.3, -2.0]]
    np.testing.assert_allclose(found.first, first, rtol=1e-10)
    np.testing.assert_allclose(found.second, second, atol=1e-8)


def test_differences_are_of_fourth_order():
    """A tenth of the width, a ten thousandth of the error."""
    here = np.array([0.5])

    def error(width):
        found = _slopes(lambda u: math.sin(u[0]), Top(here, math.sin(0.5)), width)
        return found.first[0] - math.cos(0.5), found.second[0, 0] + math.sin(0.5)

    wide, narrow = np.array(error(0.2)), np.array(error(0.02))
    np.testing.assert_allclose(wide / narrow, 1e4, rtol=0.02)


def test_there_are_no_differences_over_an_edge():
    def halved(u):
        return -INF if u[0] > 0.1 else -(u[0] ** 2)

    assert _slopes(halved, Top(np.zeros(1), 0.0), 0.04) is not None
    assert _slopes(halved, Top(np.zeros(1), 0.0), 0.06) is None

    def cornered(u):
        return -INF if u[0] + u[1] > 0.15 else -(u[0] ** 2)

    assert _slopes(cornered, Top(np.zeros(2), 0.0), 0.07) is not None
    assert _slopes(cornered, Top(np.zeros(2), 0.0), 0.076) is None


# ------------------------------------------------------------------------------- steps


def test_a_step_is_newtons_and_goes_to_the_top_of_a_parabola():
    here = np.array([0.5, -1.5])
    slopes = _slopes(parabola, Top(here, parabola(here)), 1e-3)
    np.testing.assert_allclose(here + _step(slopes), [1, -2], atol=1e-7)


def test_a_step_is_no_longer_than_two():
    step = _step(Slopes(np.array([30.0, -12.0]), -np.eye(2)))
    np.testing.assert_allclose(step, [2.0, -0.8])
    np.testing.assert_allclose(_step(Slopes(np.array([1.5]), -np.eye(1))), [1.5])


def test_a_step_goes_up_where_the_function_is_hollow_or_flat():
    hollow = _step(Slopes(np.array([0.5, 0.5]), np.diag([2.0, -1.0])))
    np.testing.assert_allclose(hollow, [0.25, 0.5])
    flat = _step(Slopes(np.array([0.0, 1e-9]), np.diag([-1.0, 0.0])))
    np.testing.assert_allclose(flat, [0, 0.1])  # a curvature of at least 1e-8


@pytest.mark.parametrize(("most", "halvings"), [(1.0, 0), (0.5, 1), (0.13, 3)])
def test_a_step_is_halved_until_it_rises(most, halvings):
    def f(u):
        return u[0] if u[0] <= most else -1.0

    found = _along(f, Top(np.zeros(1), 0.0), np.ones(1), 1.0)
    assert found.place[0] == 0.5**halvings
    assert found.value == found.place[0]


def test_a_step_that_never_rises_is_none_and_rounding_ends_the_search():
    here = Top(np.zeros(1), 5.0)
    assert _along(lambda u: 4.0, here, np.ones(1), 1.0) is None
    noise = 4 * np.finfo(float).eps * 6
    last = _along(lambda u: 5.0 - noise / 2, here, np.ones(1), noise / 2)
    assert last.place[0] == 1
    assert _along(lambda u: 5.0 - 2 * noise, here, np.ones(1), noise / 2) is None


# ------------------------------------------------------------------------------ ascents


def test_an_ascent_ends_at_the_top():
    top = ascend(parabola, np.array([9.0, 9.0]))
    np.testing.assert_allclose(top.place, [1, -2], atol=1e-7)
    assert top.value == pytest.approx(7, abs=1e-13)
    assert abs(top.promised) < 1e-12
    assert ascend(parabola, np.array([9.0, 9.0]), steps=0).place.tolist() == [9, 9]
    one = ascend(parabola, np.array([9.0, 9.0]), steps=1)
    assert np.abs(one.place - 9).max() == 2
    assert one.promised > 1


def test_an_ascent_needs_few_steps():
    """Steps of two as far as it is long, and one of Newton's or two."""
    calls = []

    def f(u):
        calls.append(u)
        return parabola(u)

    ascend(f, np.array([3.0, -2.0]))
    assert len(calls) < 60


@pytest.mark.parametrize("edge", [0.02, 0.2, 3.0])
def test_an_ascent_comes_near_the_edge_of_what_is_possible(edge):
    """log(u) - u / edge is highest at `edge`, and not defined at 0 or below."""

    def f(u):
        return math.log(u[0]) - u[0] / edge if u[0] > 0 else -INF

    top = ascend(f, np.array([1.7 * edge]))
    assert top.place[0] == pytest.approx(edge, rel=1e-5)


@pytest.mark.parametrize("slant", [0.0, 0.4])
def test_an_ascent_goes_on_beside_a_kink(slant):
    """Laplace's log-likelihood has a kink in loc wherever one observation is: there it
    still rises along the spread, however the two lean."""

    def f(u):
        loc, log = u[0], u[1] + slant * u[0]
        return -(0.8 + abs(loc)) * math.exp(-log) - log

    top = ascend(f, np.array([0.0, 0.5]))
    assert top.place == pytest.approx([0.0, math.log(0.8)], abs=1e-6)


def test_an_ascent_stays_where_nothing_is_finite_around():
    top = ascend(lambda u: 0.0 if u[0] == 0 else -INF, np.zeros(1))
    assert (top.place[0], top.value) == (0.0, 0.0)


GUESSES = np.array([0.0, 0.1, 1.0])


def test_a_search_may_end_at_its_limit():
    up = up_to_a_limit
    assert up(lambda t: -((t - 0.3) ** 2), None, GUESSES) == pytest.approx(0.3, 1e-6)
    assert up(lambda t: -((t - 0.3) ** 2), 2.0, GUESSES) == pytest.approx(0.3, 1e-6)
    assert up(lambda t: -t, None, GUESSES) == 0
    assert up(lambda t: -t, 0.5, GUESSES) == 0
    assert up(lambda t: -t, 0.0, GUESSES) == 0
    # Highest at 0, with a lower summit at 1, from which the search comes back.
    two = {0.0: 1.0}
    assert up(lambda t: two.get(t, -((t - 1) ** 2)), 1.2, GUESSES) == 0
    # A summit above what stands at 0, by more than rounding.
    assert up(
        lambda t: -(abs(t - 1) ** 2) if t else -1e-9, 1.2, GUESSES
    ) == pytest.approx(1, rel=1e-4)
    assert up(lambda t: 0.0, None, GUESSES) == 0


# --------------------------------------------- parameters with bounds, on a line


def test_a_parameter_is_moved_within_its_bounds():
    assert _moved(2.0, 0.5, (-INF, INF), 3.0) == 3.5
    assert _moved(2.0, 0.5, (1.0, INF), 3.0) == pytest.approx(1 + math.exp(0.5))
    assert _moved(2.0, 0.5, (-INF, 4.0), 3.0) == pytest.approx(4 - 2 * math.exp(-0.5))
    odds = (2 - 1) / (4 - 2) * math.exp(0.5)
    assert _moved(2.0, 0.5, (1.0, 4.0), 3.0) == pytest.approx(1 + 3 * odds / (1 + odds))
    for bounds in ((-INF, INF), (1.0, INF), (-INF, 4.0), (1.0, 4.0)):
        assert _moved(2.0, 0.0, bounds, 3.0) == pytest.approx(2.0)
        twice = _moved(_moved(2.0, 0.3, bounds, 3.0), 0.4, bounds, 3.0)
        assert twice == pytest.approx(_moved(2.0, 0.7, bounds, 3.0), rel=1e-12)
        assert math.isfinite(_moved(2.0, 1e9, bounds, 3.0))
        assert math.isfinite(_moved(2.0, -1e9, bounds, 3.0))
    assert _moved(2.0, 1e9, (1.0, INF), 3.0) == pytest.approx(math.exp(600))
    assert _moved(2.0, -1e9, (-INF, INF), 3.0) == 2 - 1800


def test_a_value_on_a_bound_is_taken_a_little_inside():
    assert _within(0.0, (0.0, 2.0)) == pytest.approx(2e-9, rel=1e-6)
    assert _within(2.0, (0.0, 2.0)) == pytest.approx(2 - 2e-9, rel=1e-15)
    assert _within(0.0, (0.0, INF)) == pytest.approx(1e-9, rel=1e-6)
    assert _within(50.0, (50.0, INF)) == pytest.approx(50 + 50e-9, rel=1e-15)
    assert _within(-3.0, (-INF, -3.0)) == pytest.approx(-3 - 3e-9, rel=1e-15)
    assert _within(0.5, (0.0, 2.0)) == 0.5


def test_first_guesses_lie_within_the_bounds():
    assert first_guesses((1.0, 3.0), 9, 9) == pytest.approx([2.0, 1.4, 2.6])
    assert first_guesses((1.0, INF), -5.0, 4.0) == [5.0, 1.25, 2.0, 6.0]
    assert first_guesses((-INF, 1.0), -5.0, 4.0) == [-3.0, 0.75, 0.0, -4.0]
    assert first_guesses((0.0, INF), 0.0, 4.0) == [4.0, 0.25, 1.0, 1.0]
    assert first_guesses((-INF, 0.0), 0.0, 4.0) == [-4.0, -0.25, -1.0, -1.0]
    assert first_guesses((-INF, INF), -5.0, 4.0) == [-5.0, 0.0]


@pytest.mark.parametrize("width", [1e-12, 1e-3, 1.0, 1e6])
@pytest.mark.parametrize("centre", [0.0, -3.0, 4e5])
def test_the_unit_of_a_parameter_without_bounds_is_how_far_it_matters(width, centre):
    """A move by it costs between 0.005 and 0.5 nats an observation."""

    def height(values):
        return -(((values["m"] - centre) / width) ** 2)

    line = _Line({"m": (-INF, INF), "s": (0.0, INF)}, {"m": centre, "s": 1.0}, height)
    assert line.units["s"] == 1
    unit = line.units["m"]
    if width > 1e-16 * abs(centre) * 1e3:
        assert 0.005 <= (unit / width) ** 2 <= 0.5 * 1.01
    at = line.values(np.array([2.0, 1.0]))
    assert at == {"m": centre + 2 * unit, "s": pytest.approx(math.e)}


def test_only_a_parameter_with_a_bound_can_run_off():
    bounds = {"m": (-INF, INF), "s": (0.0, INF)}
    line = _Line(bounds, {"m": 0.0, "s": 1.0}, lambda v: -(v["m"] ** 2))
    assert not line.ran_off(np.array([1e3, 40.0]))
    assert line.ran_off(np.array([0.0, 40.1]))
    assert line.ran_off(np.array([0.0, -40.1]))


def test_the_first_simplex_is_about_0():
    np.testing.assert_array_equal(_corners(2), [[0, 0], [0.3, 0], [0, 0.3]])


# ---------------------------------------------------------- derivatives that are known


def slopes_of_parabola(u):
    x, y = u[0] - 1, u[1] + 2
    return Slopes(
        np.array([-2 * x + 0.5 * y, 0.5 * x - 2 * y]),
        np.array([[-2.0, 0.5], [0.5, -2.0]]),
    )


def test_newton_reaches_a_parabolas_maximum_in_a_step():
    looks = []

    def slopes(u):
        looks.append(u)
        return slopes_of_parabola(u)

    found = newton(parabola, slopes, np.array([9.0, 9.0]))
    np.testing.assert_allclose(found, [1, -2], rtol=1e-14)
    assert len(looks) == 2


def test_newton_climbs_where_the_function_is_convex_and_stays_in_its_domain():
    """x - log(1 + x^2), minus x^4 / 40: convex at 3 / 2, with an edge at 5."""

    def f(u):
        x = u[0]
        return x - math.log1p(x * x) - x**4 / 40 if x < 5 else -INF

    def slopes(u):
        x = u[0]
        bend = -2 / (1 + x * x) + 4 * x * x / (1 + x * x) ** 2
        return Slopes(
            np.array([1 - 2 * x / (1 + x * x) - x**3 / 10]),
            np.array([[bend - 0.3 * x * x]]),
        )

    found = newton(f, slopes, np.array([1.5]))
    assert slopes(found).first == pytest.approx(0, abs=1e-12)
    assert f(found) > f([1.5])
    short = newton(f, slopes, np.array([1.5]), longest=0.1)
    assert short == pytest.approx(found, rel=1e-12)


@pytest.mark.parametrize(
    ("x", "t", "mean"),
    [(3, 0.5, 2.0), (20, 1e-6, 18.0), (0, 0.3, 2.0), (9000, 0.02, 1e4),
     (9000, 1e-8, 9100.0), (5000, 3.0, 100.0), (5000, 1e-12, 5010.0)],
)  # fmt: skip
def test_the_slopes_of_a_negative_binomial_are_the_sums_in_sixty_digits(x, t, mean):
    with localcontext() as context:
        context.prec = 60
        t_, m = Decimal(t), Decimal(mean)
        each = [Decimal(j) / (1 + j * t_) for j in range(x)]
        z = t_ * m
        level = ((1 + z).ln() - z / (1 + z)) / z**2
        first = sum(each) + m * m * level - x * m / (1 + z)
        bend = (1 / (1 + z) ** 2 - 2 * level) / z
        second = m**3 * bend + x * (m / (1 + z)) ** 2 - sum(e * e for e in each)
        size = sum(each) + m * m
    found = _slopes_of(np.array([float(x)]), t, mean)
    assert found[0] == pytest.approx([float(first)], abs=1e-13 * float(size))
    assert found[1] == pytest.approx([float(second)], rel=1e-7)


def test_counts_around_thousands_end_at_the_maximum():
    """Two negative binomials; scipy's simplex, from the truth, finds no more."""
    rng = np.random.default_rng(0)
    x = np.concatenate(
        [rng.negative_binomial(5, 5 / 1005, 300), rng.negative_binomial(50, 0.005, 300)]
    )
    fit = mx.em(mx.Mixture(2 * [mx.NegativeBinomial()]), x)

    def height(q):
        w, (a, m, b, k) = 1 / (1 + np.exp(-q[0])), np.exp(q[1:])
        one, two = stats.nbinom(a, a / (a + m)), stats.nbinom(b, b / (b + k))
        parts = np.log(w) + one.logpmf(x), np.log1p(-w) + two.logpmf(x)
        return np.logaddexp(*parts).sum()

    start = [0, *np.log([5, 1000, 50, 10_000])]
    limits = {"maxiter": 4000, "maxfev": 4000, "xatol": 1e-9, "fatol": 1e-9}
    best = optimize.minimize(
        lambda q: -height(q), start, method="Nelder-Mead", options=limits
    )
    assert fit.converged
    assert fit.log_likelihood >= -best.fun - 1e-6


def test_a_climb_that_goes_on_begins_with_the_sights_of_the_last():
    """The axes that were turned to a narrow ridge, and the widths along them."""
    calls = []

    def ridge(u):
        calls.append(u)
        x, y = u[0] - 1, u[1] - 1
        return -0.5 * (x + y) ** 2 - 1e-7 * (x - y) ** 2

    first = ascend(ridge, np.zeros(2), 1)
    axes, widths = first.sights
    assert np.abs(axes[0]) == pytest.approx(np.abs(axes[1]), rel=1e-3)
    calls.clear()
    ascend(ridge, first.place, 1, sights=first.sights)
    assert calls[1] - calls[0] == pytest.approx(-widths[0] * axes[:, 0])


def test_a_step_of_em_looks_at_a_density_a_few_dozen_times():
    """One Newton step of three parameters near the maximum; a search to the end looked
    hundreds of times."""
    calls = []

    def log_prob(x, loc, scale, shape):
        calls.append(len(x))
        z = (x - loc) / scale
        bell = -0.5 * z * z - np.log(scale)
        return bell + np.log1p(np.tanh(shape * z)) - 0.5 * np.log(2 * np.pi)

    bounds = {"loc": (-INF, INF), "scale": (0, INF), "shape": (0, INF)}
    blank = mx.Custom(log_prob, bounds)
    x = stats.skewnorm(2).rvs(400, random_state=1)
    near = mx.Custom(log_prob, bounds, loc=-0.05, scale=1.05, shape=1.9)
    model, current = mx.Mixture([blank]), mx.Mixture([near])
    calls.clear()
    here = mx.em_step(model, current, x)
    assert len(calls) < 80
    assert here.log_prob(x).sum() > current.log_prob(x).sum() + 1e-3
