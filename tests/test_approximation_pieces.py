"""The parts of `approximate`, each against an integral or a derivative of its own."""

import math
import warnings

import numpy as np
import pytest
from numpy.polynomial import legendre
from scipy import integrate, stats
from scipy.special import ndtr, rel_entr

import mixnotes as mx
from mixnotes.approximation import (
    breaks,
    certificate,
    descent,
    distance,
    forms,
    levels,
    panels,
    polish,
    quadrature,
)
from mixnotes.approximation.descent import Nodes
from mixnotes.approximation.gaussians import Gaussians
from mixnotes.approximation.line import Line
from mixnotes.approximation.panels import as_target
from mixnotes.approximation.plane import Plane, _function_of_rows, is_plane
from mixnotes.approximation.search import Search, _blame
from mixnotes.approximation.target import Jump, Target

INF = math.inf


def normals(weights, means, sds):
    """K normals on the line."""
    weights, means, sds = (
        np.array(part, dtype=float) for part in (weights, means, sds)
    )
    return Gaussians(np.log(weights), means[:, None], sds[:, None, None])


def pair_on_the_line():
    return normals([0.3, 0.7], [-1.0, 2.0], [0.5, 1.5])


def three_in_the_plane():
    factors = [[[1.0, 0], [0.4, 0.8]], [[0.5, 0], [-0.2, 1.2]], [[2.0, 0], [0, 1]]]
    means = [[0.0, 1], [3, -1], [-4, 2]]
    return Gaussians(np.log([0.2, 0.3, 0.5]), np.array(means), np.array(factors))


def bell(x, mean=0.0, sd=1.0):
    return stats.norm.pdf(x, mean, sd)


# ------------------------------------------------------------------------- quadrature


@pytest.mark.parametrize("order", [10, 16])
def test_a_rule_is_exact_and_reads_off_the_last_two_coefficients(order):
    nodes, weights, last = quadrature._rule(order)
    for power in range(2 * order):
        exact = 2 / (power + 1) if power % 2 == 0 else 0
        assert weights @ nodes**power == pytest.approx(exact, abs=1e-14)
    assert last.shape == (2, order)
    c = np.random.default_rng(0).normal(size=order)
    np.testing.assert_allclose(last @ legendre.legval(nodes, c), c[-2:], rtol=1e-11)


def test_nodes_on_panels_integrate_powers_exactly():
    low, high = np.array([-1.0, 0.5, 2.0]), np.array([0.5, 2.0, 5.0])
    for order, given in ((10, ()), (16, (16,))):
        x, w = quadrature.nodes_on(low, high, *given)
        assert x.shape == w.shape == (3, order)
        assert ((x > low[:, None]) & (x < high[:, None])).all()
        top = 2 * order - 1
        exact = (high ** (top + 1) - low ** (top + 1)) / (top + 1)
        np.testing.assert_allclose((w * x**top).sum(axis=1), exact, rtol=1e-12)


def test_a_panel_is_narrow_within_eight_roundings_of_its_larger_end():
    eps = np.finfo(float).eps
    low = np.array([1.0, 1.0, -2 - 16 * eps, 0.0, 0.0, -1.0])
    high = np.array([1 + 8 * eps, 1 + 12 * eps, -2.0, 1e-290, 2e-290, 1.0])
    narrow = quadrature.is_narrow(low, high)
    assert narrow.tolist() == [True, False, True, True, False, False]


@pytest.mark.parametrize("order", [10, 16])
def test_a_panel_is_halved_where_its_last_coefficients_times_its_width_are_large(order):
    def curve(*degrees):
        c = np.zeros(order)
        c[list(degrees)] = 1.0
        return lambda x: legendre.legval(x, c)

    edges = np.array([-1.0, 1.0])

    def count(curves, tolerance):
        return len(quadrature.refine(curves, edges, tolerance, order)[0])

    assert count(curve(order - 3), 1e-9) == 1
    for degree in (order - 2, order - 1):
        assert count(curve(degree), 2.001) == 1
        assert count(curve(degree), 1.999) == 2
    both = curve(order - 2, order - 1)
    assert count(both, 4.001) == 1
    assert count(both, 3.999) == 2
    apart = [curve(order - 2), curve(order - 1)]
    assert count(lambda x: np.array([f(x) for f in apart]), 2.001) == 1
    assert count(lambda x: np.array([f(x) for f in apart]), 1.999) == 2
    assert count(lambda x: -curve(order - 2)(x), 1.999) == 2
    if order == 10:
        assert len(quadrature.refine(curve(8), edges, 1.999)[0]) == 2


def test_panels_follow_a_kink_and_cover_all_without_a_gap():
    edges = np.array([-1.0, 0.0, 0.0, 2.0])
    low, high = quadrature.refine(lambda x: np.abs(x - 0.3), edges, 1e-9)
    assert low[0] == -1
    assert high[-1] == 2
    assert np.array_equal(low[1:], high[:-1])
    assert np.all(high > low)
    assert high[0] == 0  # nothing to cut on the straight side
    at = np.searchsorted(low, 0.3) - 1
    assert high[at] - low[at] < 3e-4
    assert np.diff(low).max() <= 1
    x, w = quadrature.nodes_on(low, high)
    assert (w * np.abs(x - 0.3)).sum() == pytest.approx((1.3**2 + 1.7**2) / 2)


def test_a_pole_is_followed_to_the_narrowest_panel():
    low, high = quadrature.refine(lambda x: 1 / x, np.array([0.0, 1.0]), 1e-9)
    assert low[0] == 0
    assert 1e-291 < high[0] <= 1e-290
    x, w = quadrature.nodes_on(low[1:], high[1:])
    assert (w / x).sum() == pytest.approx(-math.log(high[0]), rel=1e-9)


def test_noise_is_refused_with_the_place_it_was_seen():
    with pytest.raises(
        ValueError, match=r"30,000 pieces between 2 and 3 do not follow"
    ):
        quadrature.refine(lambda x: np.sin(1e12 * x), np.array([2.0, 2.5, 3.0]), 1e-9)


# ----------------------------------------------------------------------------- breaks


def broken(pdf, places, scale=1.0, support=(-INF, INF)):
    places = np.array(places, dtype=float)
    return breaks.breaks(pdf, places[:-1], places[1:], scale, support)


@pytest.mark.parametrize("unit", [1.0, 1e-4, 1e7])
def test_jumps_have_their_place_and_both_limits(unit):
    def pdf(x):
        x = x / unit
        inside = np.where(x < 2, 0.3, 0.7 + 1e6 * (x - 2))
        return np.where((x < 0) | (x > 3), 0.0, np.minimum(inside, 0.8)) / unit

    ends = (0.0, 3 * unit)
    places = unit * np.array([1.0, 2.0])
    jumps, poles = broken(pdf, places, unit, ends)
    assert poles == ()
    assert [jump.place for jump in jumps] == [0, 2 * unit, 3 * unit]
    expected = [(0, 0.3), (0.3, 0.7001), (0.8, 0)]
    for jump, (left, right) in zip(jumps, expected, strict=True):
        assert jump.left * unit == pytest.approx(left, abs=1e-6)
        assert jump.right * unit == pytest.approx(right, abs=1e-6)
        assert jump.size * unit == pytest.approx(abs(right - left), abs=1e-6)


def test_a_jump_is_above_a_millionth_and_steeper_than_the_slopes_beside_it():
    def step(height, slope=0.0):
        def rises(x):
            return 1 + np.where(x > 0, height, 0.0) + slope * x

        jumps, poles = broken(rises, [-1, 0, 1])
        assert poles == ()
        return len(jumps)

    assert step(2e-6) == step(-2e-6) == 1
    assert step(5e-7) == step(-5e-7) == 0
    assert step(1e-3, slope=1e4) == 1  # drift 1e-4
    assert step(2e-4, slope=1e4) == 0
    assert step(0.0, slope=1e5) == 0


def test_a_jump_far_from_0_is_seen_across_the_rounding_there():
    jumps, _ = broken(lambda x: np.where(x >= 1e9, 1e3, 0.0), [1e9 - 1, 1e9], 1e-3)
    assert jumps == (Jump(1e9, 0.0, 1e3),)


@pytest.mark.parametrize("power", [-0.5, -0.1, -0.05])
@pytest.mark.parametrize("sides", ["left", "right", "both"])
def test_a_pole_is_found_on_whichever_side_it_is_and_is_no_jump(power, sides):
    def pdf(x):
        z = x - 1.0
        grown = np.abs(z) ** power
        if sides != "both":
            grown = np.where((z < 0) == (sides == "left"), grown, 0.0)
        return np.where(x > 3, 0.0, grown + 0.1)

    jumps, poles = broken(pdf, [0, 1, 3])
    assert poles == (1.0,)
    assert [jump.place for jump in jumps] == [3.0]


def test_what_hardly_grows_or_is_low_is_no_pole():
    assert broken(lambda x: np.abs(x) ** -0.02, [-1, 0, 1]) == ((), ())
    for scale, count in ((0.5, 0), (2.0, 1)):
        height = 1e-5 * scale**0.5

        def low(x, height=height):
            return height * np.abs(x) ** -0.5

        assert len(broken(low, [-1, 0, 1], scale)[1]) == count


def test_of_places_close_together_the_largest_is_kept():
    places = np.array([0.0, 1.0, 1.5, 1.75, 5.0, 5.25, 9.0])
    size = np.array([1.0, 2.0, 5.0, 3.0, 4.0, 1.0, 7.0])
    found = np.array([True, True, True, True, True, True, False])
    assert breaks._foremost(places, found, size, 0.5) == [0, 2, 4]
    assert breaks._foremost(places, found, size, 0.25) == [0, 1, 2, 4]
    assert breaks._foremost(places, ~found, size, 0.5) == [6]
    assert breaks._foremost(places, found & False, size, 0.5) == []


# --------------------------------------------------------------------------- distance


def test_what_is_integrated_is_the_cost_of_each_norm():
    x = np.array([[-1.0], [0.0], [2.5]])
    f, mixture = np.array([0.0, 0.2, 0.4]), pair_on_the_line()
    g = 0.3 * bell(x[:, 0], -1, 0.5) + 0.7 * bell(x[:, 0], 2, 1.5)
    expected = {
        "L1": np.abs(f - g),
        "sup": np.abs(f - g),
        "hellinger": 0.5 * (np.sqrt(f) - np.sqrt(g)) ** 2,
        "KL": rel_entr(f, g) - f + g,
    }
    for norm, cost in expected.items():
        found = distance.pointwise(norm, f, mixture, x)
        np.testing.assert_allclose(found, cost, rtol=1e-13, err_msg=norm)
        assert distance.finish(norm, -1e-20) == 0
        root = math.sqrt(0.25) if norm == "hellinger" else 0.25
        assert distance.finish(norm, 0.25) == root
    far = np.array([[200.0]])  # where g is 0 as a number, and its logarithm is not
    cost = distance.pointwise("KL", np.array([0.1]), mixture, far)
    log_g = math.log(0.7) + stats.norm.logpdf(200, 2, 1.5)
    assert cost[0] == pytest.approx(0.1 * (math.log(0.1) - log_g) - 0.1)


@pytest.mark.parametrize("shift", [1.0, 1e-3, 1e-6])
@pytest.mark.parametrize("known", ["component", "function"])
def test_two_normals_are_as_far_apart_as_the_closed_forms_say(shift, known):
    density = mx.Normal(0, 1) if known == "component" else bell
    target = as_target(density)
    other = normals([1.0], [shift], [1.0])
    x = np.linspace(-6, 7, 400_001)
    exact = {
        "L1": 2 * math.erf(shift / 2 / math.sqrt(2)),
        "hellinger": math.sqrt(-math.expm1(-(shift**2) / 8)),
        "KL": shift**2 / 2,
        "sup": np.abs(bell(x) - bell(x, shift)).max(),
    }
    for norm, value in exact.items():
        if norm == "KL" and shift == 1e-6:
            continue  # below the rounding of the integral
        found = distance.measure(target, other, norm)
        near = {"rel": 1e-3, "abs": 1e-9} if norm == "hellinger" else {"rel": 2e-4}
        assert found == pytest.approx(value, **near), norm


def test_the_divergence_and_the_others_see_another_width():
    target, s = as_target(mx.Normal(0, 1)), 1.7
    other = normals([1.0], [0.4], [s])
    kl = math.log(s) + (1 + 0.4**2) / (2 * s**2) - 0.5
    assert distance.measure(target, other, "KL") == pytest.approx(kl, rel=1e-5)
    overlap = math.sqrt(2 * s / (1 + s**2)) * math.exp(-(0.4**2) / 4 / (1 + s**2))
    assert distance.measure(target, other, "hellinger") == pytest.approx(
        math.sqrt(1 - overlap), rel=1e-5
    )


def test_a_uniform_and_a_normal_far_away_are_as_far_as_can_be():
    target = as_target(stats.uniform(0, 2))
    for mean in (-500.0, 700.0):
        away = normals([1.0], [mean], [3.0])
        assert distance.measure(target, away, "L1") == pytest.approx(2, rel=1e-4)
        assert distance.measure(target, away, "hellinger") == pytest.approx(1, rel=1e-4)
        assert distance.measure(target, away, "sup") == pytest.approx(0.5, rel=1e-4)


@pytest.mark.parametrize(("mean", "sd"), [(0.0, 0.3), (1.0, 1.0), (2.2, 0.15)])
def test_the_largest_error_is_sought_beside_jumps_and_within(mean, sd):
    def pdf(x):
        return np.where((x >= 0) & (x < 2), 0.3, np.where((x >= 2) & (x <= 4), 0.2, 0))

    target = as_target(pdf, (0, 4))
    mixture = normals([1.0], [mean], [sd])
    x = np.linspace(-3, 6, 1_800_001)
    brute = np.abs(pdf(x) - bell(x, mean, sd)).max()
    assert distance.measure(target, mixture, "sup") == pytest.approx(brute, rel=1e-4)
    sides = np.array([[0, 0.3], [0.3, 0.2], [0.2, 0]])
    beside = np.abs(sides - bell(np.array([0, 2, 4.0]), mean, sd)[:, None]).max()
    assert distance._at_jumps(target, mixture) == pytest.approx(beside)
    assert distance._at_jumps(as_target(bell), mixture) == 0


def test_what_lies_beyond_the_panels_counts_once_for_each_density():
    mixture, f = normals([0.4, 0.6], [0.0, 1.0], [1.0, 2.0]), stats.logistic
    g = 0.4 * ndtr(-2.0) + 0.6 * ndtr(-1.5) + 0.4 * ndtr(-3.0) + 0.6 * ndtr(-1.0)
    own = f.cdf(-2) + f.sf(3)
    for density, beyond in ((f, own), (lambda x: f.pdf(x), 0.0)):
        target = as_target(density)
        for norm, expected in (
            ("L1", g + beyond),
            ("hellinger", 0.5 * (g + beyond)),
            ("KL", g),
        ):
            found = distance._outside(target, mixture, norm, -2.0, 3.0)
            assert found == pytest.approx(expected, rel=1e-9), norm


def test_edges_are_at_breaks_ends_and_about_each_normal():
    target = Target(
        bell, (-4.0, INF), np.array([-3.0, 0]), np.array([0.0, 7]), np.ones(2) / 2,
        jumps=(Jump(0.25, 0.0, 1.0),), poles=(0.125,),
    )  # fmt: skip
    edges = distance._edges(target, normals([0.5, 0.5], [100.0, 200], [1.0, 2]))
    assert np.all(np.diff(edges) > 0)
    expected = {-4.0, -3.0, -1.5, 3.5, 7.0, 0.125, 0.25}
    for mean, sd in ((100, 1), (200, 2)):
        expected |= {mean + sd * r for r in (-9, -5, -2.5, 0, 2.5, 5, 9)}
    assert set(edges) == expected


# ------------------------------------------------------------------------------ forms


def test_a_function_is_taken_as_it_is_or_one_number_at_a_time():
    calls = []

    def whole(x):
        calls.append(np.shape(x))
        return x**2

    x = np.array([1.0, 2.0])
    called = forms.vectorised(whole, "density")
    assert called(x).tolist() == [1, 4]
    assert called(3 * x).tolist() == [9, 36]
    assert calls == [(3,), (2,), (2,)]
    single = forms.vectorised(lambda x: math.exp(-x) if x > 0 else 0, "density")
    np.testing.assert_allclose(single(np.array([-1.0, 2.0])), [0, math.exp(-2)])
    constant = forms.vectorised(lambda x: 1, "density")(x)
    assert constant.tolist() == [1, 1]
    for whole_numbers in (lambda x: x > 1.5, lambda x: (x > 1.5).astype(int)):
        values = forms.vectorised(whole_numbers, "density")(x)
        assert values.dtype == np.float64
        assert values.tolist() == [0, 1]


def test_warnings_of_a_density_are_not_the_readers():
    def noisy(x):
        warnings.warn("look out", RuntimeWarning, stacklevel=1)
        return 1 / (x - x)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isinf(forms.vectorised(noisy, "density")(np.ones(4))).all()


@pytest.mark.parametrize("name", ["density", "cdf"])
def test_a_function_that_is_none_names_itself(name):
    x = np.linspace(0, 1, 5)
    with pytest.raises(TypeError, match=f"^{name} must be a function of x, got 3$"):
        forms.vectorised(3, name)
    with pytest.raises(TypeError, match=f"^{name} must give real numbers, got complex"):
        forms.vectorised(lambda x: x + 1j, name)(x)
    with pytest.raises(
        ValueError, match=rf"^{name} must give one number for each x, shape \(5,\), got"
    ):
        forms.vectorised(lambda x: x[:3], name)(x)
    with pytest.raises(TypeError, match=r"got x{79}$|got 'x{79}$"):
        forms.vectorised(200 * "x", name)


def test_a_support_is_two_numbers_in_order():
    assert forms.as_support([0, "3"]) == (0.0, 3.0)
    assert forms.as_support((-INF, 2)) == (-INF, 2.0)
    for bad in ((1, 1), (2, 1), (math.nan, 1), (0, math.nan)):
        with pytest.raises(ValueError, match="support must have low below high, got"):
            forms.as_support(bad)
    for bad in (5, (1, 2, 3), "ab", None, (1, None), 90 * [0]):
        with pytest.raises(ValueError, match="support must be a pair"):
            forms.as_support(bad)


def test_what_is_no_density_is_told_what_is():
    with pytest.raises(TypeError, match=r"or a pair \(x, values\), got 7$"):
        forms.form_of(7)
    with pytest.raises(ValueError, match="got a discrete distribution; its"):
        forms.form_of(stats.poisson(2))
    with pytest.raises(ValueError, match=r"write scipy.stats.beta\(a, b\)$"):
        forms.form_of(stats.beta)
    with pytest.raises(ValueError, match=r"got an array of shape \(3,\)$"):
        forms.form_of(stats.norm([0, 1, 2], 1))
    with pytest.raises(ValueError, match="got it with sd blank; fit it, or give the"):
        forms.form_of(mx.Normal(0))


def test_a_distribution_comes_with_all_it_knows():
    x = np.array([0.5, 2.0, 4.0])
    gamma = stats.gamma(3, scale=0.5)
    for given in (gamma, gamma.pdf):
        form = forms.form_of(given)
        assert form.support == (0, INF)
        assert form.proper
        assert form.curvature is None
        assert len(form.edges) == 0
        np.testing.assert_allclose(form.pdf(x), gamma.pdf(x))
        np.testing.assert_allclose(form.cdf(x), gamma.cdf(x))
        assert form.variation == pytest.approx(2 * gamma.pdf(1.0), rel=1e-8)
    assert forms.form_of(stats.norm).variation == pytest.approx(2 * bell(0), rel=1e-8)
    form = forms.form_of(bell)
    assert form.cdf is form.variation is form.curvature is None
    assert not form.proper
    assert form.support == (-INF, INF)


@pytest.mark.parametrize(
    ("make", "peak"),
    [
        (lambda: stats.gamma(3, 1, 2), 5.0),
        (lambda: stats.gamma(3, loc=1, scale=2), 5.0),
        (lambda: stats.gamma(a=3, scale=2), 4.0),
        (lambda: stats.gamma(a=3, loc=1), 3.0),
        (lambda: stats.beta(2, b=4, loc=1), 1.25),
        (lambda: stats.norm(2), 2.0),
        (lambda: stats.norm(scale=3), 0.0),
        (lambda: stats.triang(0.25, scale=4), 1.0),
    ],
    ids=range(8),
)
def test_the_variation_of_one_peak_is_twice_its_height(make, peak):
    dist = make()
    found = forms._variation_of(dist)
    assert found == pytest.approx(2 * dist.pdf(peak), rel=1e-8)
    assert found > 2 * dist.pdf(peak)


def test_no_variation_is_taken_from_a_name_alone():
    class Fake:
        name, shapes = "norm", None

    class Frozen:
        dist, args, kwds = Fake(), (), {}

        def pdf(self, x):
            return bell(x)

        def cdf(self, x):
            return ndtr(x)

    assert forms._variation_of(Frozen()) is None
    assert forms._variation_of(stats.skewnorm(2)) is None
    assert forms._variation_of(stats.gamma(0.5)) is None
    form = forms.form_of(Frozen())
    assert form.support == (-INF, INF)
    assert form.proper
    assert form.variation is None


def test_a_mixture_of_normals_comes_with_its_bounds_and_edges():
    mixture = mx.Mixture([mx.Normal(0, 1), mx.Normal(5, 0.5)], [0.25, 0.75])
    form = forms.form_of(mixture)
    x = np.linspace(-10, 12, 2_200_001)
    np.testing.assert_allclose(form.pdf(x[::999]), np.exp(mixture.log_prob(x[::999])))
    np.testing.assert_allclose(form.cdf(x[::999]), mixture.cdf(x[::999]), atol=1e-15)

    def apart(power):
        """The sum over the parts of the integral of |a derivative|."""
        total = 0.0
        for weight, mean, sd in ((0.25, 0, 1), (0.75, 5, 0.5)):
            f = bell(x, mean, sd)
            slope = np.diff(f)
            total += weight * (
                np.abs(slope).sum()
                if power == 1
                else np.abs(np.diff(slope)).sum() / (x[1] - x[0])
            )
        return total

    assert form.variation == pytest.approx(apart(1), rel=1e-6)
    assert form.curvature == pytest.approx(apart(2), rel=1e-5)
    around = [-8, -3, 0, 3, 8, 1, 3.5, 5, 6.5, 9]
    assert sorted(form.edges) == sorted(around)
    assert form.proper
    alone = forms.form_of(mx.Normal(1, 2))
    assert sorted(alone.edges) == [-15, -5, 1, 7, 17]
    other = forms.form_of(mx.Mixture([mx.Normal(0, 1), mx.Gumbel(0, 1)], [0.5, 0.5]))
    assert other.cdf is other.variation is None
    assert other.proper


def test_straight_lines_between_points_are_integrated_exactly():
    x, f = np.array([-1.0, 0, 2, 2.5, 6]), np.array([1.0, 3, 0, 4, 2])
    form = forms.form_of((x, f))
    assert form.support == (-1, 6)
    assert np.array_equal(form.edges, x)
    assert form.variation == 2 + 3 + 4 + 2 + 1 + 2
    assert form.curvature is None
    assert not form.proper
    at = np.array([-2, -1, -0.3, 0, 1.1, 2, 2.2, 2.5, 4.4, 6, 9])
    values = form.pdf(at)
    np.testing.assert_allclose(values, np.interp(at, x, f, left=0, right=0))
    fine = np.unique(np.r_[np.linspace(-1, 6, 70_001), x])
    area = integrate.cumulative_trapezoid(np.interp(fine, x, f), fine, initial=0)
    expected = np.interp(at, fine, area) / area[-1]
    np.testing.assert_allclose(form.cdf(at), expected, atol=1e-8)
    assert form.cdf(at)[-1] == pytest.approx(1, rel=1e-15)
    assert forms.form_of([[0, 1], [0, 1]]).cdf(np.array([0.5]))[0] == 0.25


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        (([0, 1], [1, 1], [2, 2]), r"a pair \(x, values\), got 3 entries"),
        (([0, 1], [1, 1, 1]), r"at least 2 points, got \(2,\) and \(3,\)"),
        (([0], [1]), r"at least 2 points, got \(1,\) and \(1,\)"),
        (([[0, 1]], [[1, 1]]), r"at least 2 points, got \(1, 2\)"),
        (([0, 1, 1, 2, 3], [1, 1, 1, 1, 1]), r"got \[0\. 1\. 1\. 2\.\]\.\.\.; sort"),
        (([0, 1, 2], [1, 2, math.inf]), "be finite, got inf at x = 2$"),
        (([0, 1, 2], [1, math.nan, 1]), "be finite, got nan at x = 1$"),
        (([0, 1.5, 2], [1, -3, -1]), "be not negative, got -3 at x = 1.5$"),
        (([0, 1.5, 2], [0, 0, 0]), "above 0 somewhere, got zeros alone$"),
        (([-INF, 1.5, 2], [0, 0, 0]), "be finite and increase strictly"),
        ((["a", "b"], [0, 1]), "x"),
        (([0, 1], ["a", "b"]), "values"),
    ],
    ids=range(12),
)
def test_a_grid_that_is_none_is_told_why(pair, message):
    with pytest.raises((ValueError, TypeError), match=message):
        forms.form_of(pair)


# ----------------------------------------------------------------------------- levels


def test_the_first_bad_value_is_named_with_its_place():
    x, values = np.array([0.5, 1.5, 2.5]), np.array([1.0, -2.0, math.nan])
    levels.require(np.ones(3, bool), values, x, "finite")
    with pytest.raises(ValueError, match=r"got nan at x = 2.5; give the support on"):
        levels.require(np.isfinite(values), values, x, "finite")
    with pytest.raises(ValueError, match=r"got -2 at x = 1.5; clip it: np.maximum"):
        levels.require(values >= 0, values, x, "not negative")


@pytest.mark.parametrize("factor", [1.0, 3.0])
@pytest.mark.parametrize("place", [0.0, 300.0, -5e4])
def test_levels_are_quantiles_where_the_distribution_function_is_known(factor, place):
    dist = stats.norm(place, 2)
    form = forms.Form(dist.pdf, cdf=lambda x: factor * dist.cdf(x))
    found = levels.levels(form, dist.pdf)
    assert len(found) == 79
    tails = 10.0 ** np.arange(-9, -1)
    u = np.sort(np.r_[tails, np.arange(1, 64) / 64, 1 - tails])
    np.testing.assert_allclose(found - place, 2 * stats.norm.ppf(u), atol=2e-6)
    half = forms.Form(dist.pdf, (place, INF), dist.cdf)
    expected = 2 * stats.norm.ppf(0.5 + u / 2)
    np.testing.assert_allclose(levels.levels(half, dist.pdf) - place, expected,
                               atol=2e-6)  # fmt: skip


@pytest.mark.parametrize(
    ("cdf", "got"),
    [
        (lambda x: 0 * x + 0.5, "got 0.5 and 0.5 at its ends"),
        (lambda x: -np.clip(x, 0, 1), "got -0 and -1 at its ends"),
        (lambda x: np.full(len(x), math.nan), "got nan and nan at its ends"),
        (lambda x: np.where(x > 0.5, math.inf, 0), "got 0 and inf at its ends"),
    ],
    ids=range(4),
)
def test_a_distribution_function_that_does_not_rise_is_refused(cdf, got):
    with pytest.raises(forms.CdfError, match=rf"\(0.0, 1.0\), {got}"):
        levels.levels(forms.Form(bell, (0.0, 1.0), cdf), bell)


@pytest.mark.parametrize(
    ("make", "support", "rough"),
    [
        (lambda: stats.norm(0, 1), (-INF, INF), 6e-4),
        (lambda: stats.norm(40, 2), (-INF, INF), 6e-4),
        (lambda: stats.uniform(3, 4), (3, 7), 6e-4),
        (lambda: stats.beta(2, 5, -100, 300), (-100, 200), 6e-4),
        (lambda: stats.expon(7), (7, INF), 6e-4),
        (lambda: stats.expon(-7, 1e-3), (-7, INF), 0.05),
        (lambda: stats.gumbel_l(-7), (-INF, 0), 6e-4),
    ],
    ids=range(7),
)
def test_levels_by_a_scan_share_the_probability_evenly(make, support, rough):
    dist = make()
    for factor in (1.0, 1e6):
        x = levels._scanned(lambda x, c=factor: c * dist.pdf(x), *support)
        assert np.all(np.diff(x) > 0)
        assert np.all((x > support[0]) & (x < support[1]))
        assert len(x) == 79
        below = dist.cdf(x)
        shares = np.diff(below)[(below[:-1] > 0.1) & (below[:-1] < 0.9)]
        np.testing.assert_allclose(shares, 1 / 64, rtol=rough)
        assert below[0] < 3e-9
        assert dist.sf(x[-1]) < 3e-9


def test_a_scan_that_finds_no_density_says_where_it_looked():
    with pytest.raises(ValueError, match=r"at all of 10,196 places between .* and 1;"):
        levels._scanned(lambda x: 0 * x, 0, 1)
    with pytest.raises(ValueError, match=r"must be finite, got nan at x = 0.5001"):
        levels._scanned(lambda x: np.where(x > 0.5, math.nan, 1.0), 0, 1)
    with pytest.raises(ValueError, match=r"be not negative, got -1 at x = 0.5001"):
        levels._scanned(lambda x: np.where(x > 0.5, -1.0, 1.0), 0, 1)


def test_infinite_values_do_not_hide_the_others():
    x = levels._scanned(lambda x: np.where(x > 0.5, 1.0, math.inf), 0, 1)
    assert x[0] == pytest.approx(0.5, abs=1e-3)
    assert np.median(x) == pytest.approx(0.75, abs=1e-3)


def test_a_scan_is_dense_everywhere_and_denser_at_the_ends():
    for low, high in ((0.0, 1.0), (-30.0, 70.0), (5.0, 5.001)):
        x, wide = levels._scan(low, high), high - low
        assert low < x[0]
        assert x[-1] < high
        assert np.diff(x).max() <= 2.01e-4 * wide
        assert x[0] - low <= 1.1e-12 * wide + 8 * np.spacing(abs(low))
        assert high - x[-1] <= 1.1e-12 * wide + 8 * np.spacing(abs(high))
        np.testing.assert_allclose(low + high - x[::-1], x, atol=1e-13 * wide)
        assert np.sum(x - low < 1e-3 * wide) > 90
    assert 10_000 < len(levels._scan(0.0, 1.0)) < 10_300


@pytest.mark.parametrize("low", [0.0, 5.0, -5.0, 1e4])
def test_a_half_line_is_scanned_from_its_end_and_from_0(low):
    x = levels._scan(low, INF)
    assert np.all(np.diff(x) > 0)
    assert x[0] > low
    assert x[0] - low == pytest.approx(1e-12, abs=2 * np.spacing(abs(low)))
    assert x[-1] >= 1e12
    from_end, from_0 = x[:-1] - low, np.abs(x[:-1])
    allowed = np.maximum(0.01001, 0.00205 * np.minimum(from_end, np.maximum(from_0, 1)))
    allowed[-9:] = INF
    assert np.all(np.diff(x) <= allowed)
    fine = from_end < 0.0095
    steps = x[1:][fine[: len(x) - 1]] - low
    assert np.all(steps <= 1.2 * from_end[fine] + 4 * np.spacing(abs(low)))
    assert np.array_equal(levels._scan(-INF, -low), -x[::-1])


def test_the_whole_line_is_scanned_on_both_sides_of_0():
    x = levels._scan(-INF, INF)
    assert np.array_equal(x, -x[::-1])
    above = x[x > 0]
    assert 0 in x
    assert above[0] == pytest.approx(1e-12)
    assert above[-1] == pytest.approx(1e12)
    assert np.all(np.diff(above) <= np.maximum(0.01001, 0.00205 * above[:-1]))
    assert np.all(above[1:240] / above[:239] < 1.12)
    assert 31_000 < len(above) < 31_500


@pytest.mark.parametrize(
    ("make", "low", "high"),
    [
        (lambda: stats.norm(0, 1), -INF, INF),
        (lambda: stats.norm(0, 1e3), -INF, INF),
        (lambda: stats.norm(-4000, 1), -INF, INF),
        (lambda: stats.cauchy(0, 1), -INF, INF),
        (lambda: stats.uniform(10, 10), 10.0, 20.0),
        (lambda: stats.uniform(-20, 10), -20.0, -10.0),
        (lambda: stats.expon(10), 10.0, INF),
        (lambda: stats.gumbel_l(-300), -INF, -10.0),
    ],
    ids=range(8),
)
def test_quantiles_are_bracketed_closely_and_found(make, low, high):
    dist, u = make(), np.array([1e-3, 0.2, 0.5, 0.9, 0.999])
    first, last = levels._bracket(dist.cdf, u, low, high)
    assert low <= first < last <= high
    assert first == low or dist.cdf(first) < u[0]
    assert last == high or dist.cdf(last) > u[-1]
    q = dist.ppf(u)
    reach = 4 * np.abs(q).max() + 4
    assert max(first, -reach) == first
    assert min(last, reach) == last
    np.testing.assert_allclose(levels._bisected(dist.cdf, u, low, high), q, rtol=1e-9,
                               atol=1e-9)  # fmt: skip


def test_brackets_begin_a_step_within_the_support():
    def straight(x):
        return np.clip((x - 10) / 10, 0, 1)

    assert levels._bracket(straight, np.array([0.01, 0.05]), 10.0, 20.0) == (10, 11)
    assert levels._bracket(straight, np.array([0.01, 0.9]), 10.0, 20.0) == (10, 20)
    mirrored = levels._bracket(
        lambda x: np.clip((x + 20) / 10, 0, 1), np.array([0.95, 0.99]), -20.0, -10.0
    )
    assert mirrored == (-11, -10)
    assert levels._bracket(ndtr, np.array([0.2, 0.8]), -INF, INF) == (-1, 1)
    assert levels._bracket(ndtr, np.array([0.1, 0.9]), -INF, INF) == (-4, 4)
    assert levels._bracket(ndtr, np.array([0.1, 0.9]), -2.0, 3.0) == (-2, 3)


# -------------------------------------------------------------------------- gaussians


def test_weights_sum_to_1_whatever_is_added_to_their_logarithms():
    for more in (0.0, 800.0, -800.0):
        moved = Gaussians(
            np.log([1.0, 3.0]) + more, np.zeros((2, 3)), np.ones((2, 3, 3))
        )
        np.testing.assert_allclose(moved.weights, [0.25, 0.75], rtol=1e-12)
        assert (moved.K, moved.d) == (2, 3)


@pytest.mark.parametrize("make", [pair_on_the_line, three_in_the_plane])
def test_parts_are_weighted_densities_at_standardised_places(make):
    mixture = make()
    d = mixture.d
    x = 3 * np.random.default_rng(0).normal(size=(7, d))
    parts, z = mixture.parts(x)
    assert parts.shape == (mixture.K, 7)
    assert z.shape == (d, mixture.K, 7)
    logs = []
    for k in range(mixture.K):
        mean, factor = mixture.means[k], mixture.factors[k]
        whole = stats.multivariate_normal(mean, factor @ factor.T)
        np.testing.assert_allclose(parts[k], mixture.weights[k] * whole.pdf(x))
        np.testing.assert_allclose(z[:, k], np.linalg.solve(factor, (x - mean).T))
        logs.append(np.log(mixture.weights[k]) + whole.logpdf(60 * x))
    np.testing.assert_allclose(mixture.density(x), parts.sum(axis=0))
    np.testing.assert_allclose(mixture.log_density(60 * x), np.logaddexp.reduce(logs))
    assert mixture.density(np.full((1, d), 1e200))[0] == 0


def test_the_distribution_function_is_right_in_both_tails_and_in_any_order():
    mixture = pair_on_the_line()
    x = np.array([40.0, -1.0, -11.0, 0.3, 5.0, -20.0, 2.0, 15.0, -56.0, 12.0])
    exact = 0.3 * ndtr((x + 1) / 0.5) + 0.7 * ndtr((x - 2) / 1.5)
    np.testing.assert_allclose(mixture.cdf(x), exact, rtol=1e-13)
    one = normals([1.0], [3.0], [2.0])
    far = 3 + 2 * np.array([-38.9, -37.0, -30.0, 8.1, 8.9, 9.1, 40.0])
    np.testing.assert_allclose(one.cdf(far), ndtr((far - 3) / 2), rtol=1e-12)
    assert one.cdf(far)[-2:].tolist() == [1, 1]
    np.testing.assert_allclose(mixture.mirrored().cdf(-x), 1 - exact, atol=1e-15)
    np.testing.assert_allclose(
        mixture.mirrored().density(-x[:, None]), mixture.density(x[:, None])
    )


def test_on_the_line_too_normals_join_part_and_merge():
    mixture = pair_on_the_line()
    more = mixture.joined(0.25, [7.0], [[0.1]])
    np.testing.assert_allclose(more.weights, np.array([0.3, 0.7, 0.25]) / 1.25)
    assert more.means.tolist() == [[-1.0], [2.0], [7.0]]
    assert more.sds.tolist() == [0.5, 1.5, 0.1]
    cut = mixture.split(1, 0)
    np.testing.assert_allclose(cut.weights, [0.3, 0.35, 0.35])
    np.testing.assert_allclose(cut.means[:, 0], [-1, 1.25, 2.75])
    np.testing.assert_allclose(cut.sds, [0.5, 1.275, 1.275])
    assert mixture.means.tolist() == [[-1.0], [2.0]]
    assert mixture.sds.tolist() == [0.5, 1.5]
    merged = more.merged(0, 1)
    np.testing.assert_allclose(merged.weights, [0.2, 0.8])
    np.testing.assert_allclose(merged.means[:, 0], [7, 1.1])
    variance = 0.3 * 0.25 + 0.7 * 2.25 + 0.21 * 9
    np.testing.assert_allclose(merged.sds, [0.1, math.sqrt(variance)])
    gone = Gaussians(np.array([-900.0, 0.0]), mixture.means, mixture.factors)
    for whole in (gone.joined(0.5, [0.0], [[1.0]]), gone.split(0, 0)):
        assert np.isfinite(whole.log_weights).all()
    x = np.array([[-1.0], [400.0]])
    np.testing.assert_allclose(gone.log_density(x),
                               stats.norm.logpdf(x[:, 0], 2, 1.5))  # fmt: skip


def test_a_mixture_of_the_package_is_sorted_by_its_means():
    mixture = normals([0.2, 0.3, 0.5], [3.0, -1.0, 2.0], [1.0, 2.0, 3.0]).mixture()
    assert [part.mean for part in mixture.components] == [-1, 2, 3]
    assert [part.sd for part in mixture.components] == [2, 3, 1]
    assert all(isinstance(part.sd, float) for part in mixture.components)
    np.testing.assert_allclose(mixture.weights, [0.3, 0.5, 0.2])
    plane = three_in_the_plane()
    plane = Gaussians(plane.log_weights, np.array([[1.0, 2], [0, 5], [1, -2]]),
                      plane.factors)  # fmt: skip
    mixture = plane.mixture()
    assert np.array([part.moments()[0] for part in mixture.components]).tolist() == [
        [0, 5], [1, -2], [1, 2]
    ]  # fmt: skip
    np.testing.assert_allclose(mixture.weights, [0.3, 0.5, 0.2])
    np.testing.assert_allclose(
        mixture.components[0].moments()[1], plane.factors[1] @ plane.factors[1].T
    )


def test_arrays_of_a_mixture_give_it_back():
    parts = [mx.Normal(0.0, 1.0), mx.Normal(3.0, 2.0)]
    arrays = Gaussians.of(mx.Mixture(parts, [0.0, 1.0]))
    assert np.isfinite(arrays.log_weights).all()
    np.testing.assert_allclose(arrays.weights, [0, 1], atol=1e-290)
    assert arrays.means.tolist() == [[0.0], [3.0]]
    assert arrays.factors.tolist() == [[[1.0]], [[2.0]]]
    plane = three_in_the_plane()
    again = Gaussians.of(plane.mixture())
    order = [2, 0, 1]
    np.testing.assert_allclose(again.means, plane.means[order])
    np.testing.assert_allclose(again.factors, plane.factors[order])
    np.testing.assert_allclose(again.weights, plane.weights[order])


@pytest.mark.parametrize(
    "make",
    [
        lambda: mx.Normal(0, 1),
        lambda: None,
        lambda: mx.Mixture([mx.Normal(0, 1), mx.Gumbel(0, 1)], [0.5, 0.5]),
        lambda: mx.Mixture([mx.Normal(0, 1), mx.Normal()], [0.5, 0.5]),
        lambda: mx.Mixture([mx.Normal(0, 1), mx.Normal(1, 1)]),
    ],
    ids=range(5),
)
def test_what_is_no_mixture_of_normals_is_refused(make):
    with pytest.raises(
        ValueError, match=r"a filled one of normals, got .*; fit it first"
    ):
        Gaussians.of(make())


# ---------------------------------------------------------------------------- descent

LOW = np.array([0.0, 1e-4, 0.3, 0.8, 2.5])
HIGH = np.array([0.2, 3e-4, 0.25, 1.0, 2.0])


def slope_of(slope, f, g):
    h = 1e-6 * g
    return (slope(f, g + h) - slope(f, g - h)) / (2 * h)


def test_curvatures_are_second_derivatives_or_what_stands_for_them():
    f, g = LOW[1:], HIGH[1:]
    for loss in (descent.hellinger(), descent.divergence(), descent.power(4, 0.5)):
        np.testing.assert_allclose(loss.curvature(f, g), slope_of(loss.slope, f, g),
                                   rtol=1e-6, atol=6e-8)  # fmt: skip
    width = 0.1 * np.arange(1, 5)
    loss = descent.absolute(width)
    np.testing.assert_allclose(loss.curvature(f, g) * (g - f), loss.slope(f, g))
    np.testing.assert_allclose(loss.curvature(f, f), 1 / width)
    g = np.array([0.5, 2.0])
    for loss in (descent.hellinger(), descent.divergence()):
        floor = loss.curvature(0.01 * g, g)  # below a hundredth of g it is no smaller
        np.testing.assert_allclose(loss.curvature(0 * g, g), floor)
        np.testing.assert_allclose(loss.curvature(0.001 * g, g), floor)
    flat = descent.power(4, 0.5).curvature(g, g)
    np.testing.assert_allclose(flat, 4 * 3 / 0.25 * 1e-9)


def test_losses_are_finite_where_the_mixture_is_0():
    f, g = np.array([0.0, 0.5]), np.zeros(2)
    for loss in (descent.hellinger(), descent.divergence()):
        for part in (loss.value, loss.slope):
            assert np.isfinite(part(f, g)).all()
        assert loss.value(f, g)[0] == 0
        assert loss.slope(f, g)[1] < -1e10
        assert loss.value(f, g)[1] > 0.24
    faint = np.array([1e-145])
    assert descent.divergence().value(f[1:], faint)[0] == pytest.approx(
        0.5 * (math.log(0.5) + 140 * math.log(10)) - 0.5
    )
    assert descent.divergence().slope(f[1:], faint)[0] == pytest.approx(-0.5e140)
    assert descent.hellinger().slope(f[1:], faint)[0] == pytest.approx(
        -0.5 * math.sqrt(0.5e140)
    )


def grid_nodes(d, slack=0.0):
    """A grid about everything, with a density that the mixtures are not."""
    axis = np.linspace(-14, 14, 281 if d == 1 else 57)
    x = np.stack(np.meshgrid(*d * [axis]), axis=-1).reshape(-1, d)
    w = np.full(len(x), (axis[1] - axis[0]) ** d)
    f = stats.multivariate_t(np.zeros(d), 2 * np.eye(d), df=4).pdf(x)
    return Nodes(x, w, f, slack)


def test_what_nodes_overlook_is_beyond_the_slack():
    x, w = np.zeros((2, 1)), np.array([0.5, 0.25])
    g = np.array([1.0, 1.0])
    assert Nodes(x, w, g).overlooked(g) == 0.25
    assert Nodes(x, w, g).overlooked(2 * g) == 0.5
    assert Nodes(x, w, g, 0.125).overlooked(g) == 0.125
    assert Nodes(x, w, g, 0.3).overlooked(g) == 0


@pytest.mark.parametrize("make", [pair_on_the_line, three_in_the_plane])
def test_the_jacobian_is_the_derivative_of_a_step(make):
    mixture = make()
    nodes, loss = grid_nodes(mixture.d), descent.hellinger()
    here = descent._place(mixture, nodes, loss)
    cost = 0.5 * (np.sqrt(nodes.f) - np.sqrt(here.g)) ** 2
    assert here.value == pytest.approx(nodes.w @ cost + abs(1 - nodes.w @ here.g))
    assert here.mixture is mixture
    jacobian = descent._jacobian(here)
    K, d = mixture.K, mixture.d
    assert len(jacobian) == K + K * d + K * d * (d + 1) // 2
    for row, found in enumerate(jacobian):
        step = np.zeros(len(jacobian))
        step[row] = 1e-5
        up, down = (
            descent._moved(mixture, sign * step).density(nodes.x) for sign in (1, -1)
        )
        np.testing.assert_allclose(found, (up - down) / 2e-5, atol=1e-9)


def test_a_step_moves_weights_means_and_factors_in_their_own_units():
    mixture = three_in_the_plane()
    step = np.arange(18.0) / 20
    moved = descent._moved(mixture, step)
    np.testing.assert_allclose(moved.log_weights - mixture.log_weights, step[:3])
    for k in range(3):
        factor = mixture.factors[k]
        aside = factor @ [step[3 + k], step[6 + k]]
        np.testing.assert_allclose(moved.means[k] - mixture.means[k], aside)
        E = np.array([
            [math.exp(step[9 + k]), 0],
            [step[12 + k], math.exp(step[15 + k])],
        ])  # fmt: skip
        np.testing.assert_allclose(moved.factors[k], factor @ E)
    assert descent._triangle(3) == [(0, 0), (1, 0), (1, 1), (2, 0), (2, 1), (2, 2)]


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("resting", [False, True])
@pytest.mark.parametrize("make", [pair_on_the_line, three_in_the_plane])
def test_a_step_is_the_damped_least_squares_one(make, resting, exact):
    mixture = make()
    nodes, loss = grid_nodes(mixture.d), descent.hellinger()
    here = descent._place(mixture, nodes, loss)
    still = polish.means_of(mixture) if resting else None
    solve = descent._least_squares(here, nodes, loss, still, exact)
    curvature = loss.curvature(nodes.f, here.g)
    root = np.sqrt(nodes.w * curvature)
    matrix = (descent._jacobian(here) * root).T
    moving = np.ones(matrix.shape[1], bool) if still is None else ~still
    matrix = matrix[:, moving]
    right = -nodes.w * loss.slope(nodes.f, here.g) / root
    for damping in (0.3, 1e-3):
        damped = np.diag(math.sqrt(damping) * np.linalg.norm(matrix, axis=0))
        expected = np.zeros(len(moving))
        expected[moving] = np.linalg.lstsq(
            np.vstack([matrix, damped]), np.r_[right, np.zeros(moving.sum())]
        )[0]
        np.testing.assert_allclose(solve(damping), expected, rtol=1e-6, atol=1e-9)


def test_a_singular_system_gives_no_step_and_faint_coordinates_rest():
    rows = np.array([[1.0, 0.0], [1.0, 0.0]])
    step = descent._by_gram(rows, np.array([1.0, 0.0]), np.ones(2))(0.0)
    np.testing.assert_allclose(step, [0.5, 0.5], rtol=1e-3)
    bad = descent._by_gram(np.full((2, 2), math.nan), np.ones(2), np.ones(2))(0.1)
    assert np.isnan(bad).all()
    mixture = normals([0.5, 0.5], [0.0, 1e6], [1.0, 1.0])
    nodes, loss = grid_nodes(1), descent.hellinger()
    here = descent._place(mixture, nodes, loss)
    for exact in (True, False):
        step = descent._least_squares(here, nodes, loss, None, exact)(1e-3)
        assert np.isfinite(step).all()
        assert step[3] == step[5] == 0
        assert abs(step[2]) > 0


def test_damping_is_raised_until_a_step_leads_down():
    mixture, loss = pair_on_the_line(), descent.hellinger()
    nodes = grid_nodes(1)
    here, asked = descent._place(mixture, nodes, loss), []
    good = descent._least_squares(here, nodes, loss, None, True)(0.1)

    def solve(damping):
        asked.append(damping)
        return [np.full(6, math.nan), 1e3 * good, -good, good][min(len(asked), 4) - 1]

    lower, damping = descent._lower(here, nodes, loss, solve, 0.01)
    np.testing.assert_allclose(asked, [0.01, 0.05, 0.25, 1.25])
    assert damping == asked[-1]
    assert lower.value < here.value
    nowhere, damping = descent._lower(here, nodes, loss, lambda damping: -good, 0.0)
    assert nowhere is None
    assert damping == pytest.approx(1e-14 * 5**11)
    wide = np.eye(6)[0]
    for size, found in ((1.6, False), (1.5, True)):
        towards = normals([0.67, 0.33], [-1.0, 2.0], [0.5, 1.5])
        goal = Nodes(nodes.x, nodes.w, towards.density(nodes.x))
        at = descent._place(mixture, goal, loss)
        ends = descent._lower(at, goal, loss, lambda damping, s=size * wide: s, 1.0)
        assert (ends[0] is not None) == found


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("make", [pair_on_the_line, three_in_the_plane])
def test_from_nearby_the_descent_finds_the_mixture_itself(make, exact):
    truth = make()
    blank = grid_nodes(truth.d, 1e-6)
    nodes = Nodes(blank.x, blank.w, truth.density(blank.x), 1e-6)
    step = 0.1 * np.cos(np.arange(len(polish.means_of(truth))))
    start = descent._moved(truth, step)
    for loss in (descent.hellinger(), descent.divergence()):
        end = descent.descend(start, nodes, loss, 60, 0.0, exact=exact)
        error = nodes.w @ np.abs(end.density(nodes.x) - nodes.f)
        assert error < 1e-5
        assert descent.descend(start, nodes, loss, 0) is start
        twice = descent.descend(start, nodes, loss, 2, 0.0, exact=exact)
        slow = descent.descend(start, nodes, loss, 60, 1.0, exact=exact)
        assert np.array_equal(slow.means, twice.means)  # two small gains in a row
        values = [descent._place(m, nodes, loss).value for m in (start, twice, end)]
        assert values[0] > values[1] > values[2]
        assert values[1] < 0.1 * values[0]
    still = polish.means_of(truth)
    end = descent.descend(start, nodes, descent.hellinger(), 9, 0.0, still, exact)
    assert np.array_equal(end.means, start.means)
    assert not np.allclose(end.factors, start.factors, rtol=1e-3)


def test_means_are_after_the_weights_and_before_the_factors():
    assert polish.means_of(pair_on_the_line()).tolist() == 2 * [0] + 2 * [1] + 2 * [0]
    assert polish.means_of(three_in_the_plane()).tolist() == (
        3 * [False] + 6 * [True] + 9 * [False]
    )


# ----------------------------------------------------------------------------- target


@pytest.mark.parametrize(
    ("make", "finite"),
    [
        (lambda: stats.t(1.5), False),
        (lambda: stats.t(2), False),
        (lambda: stats.t(2.2), True),
        (lambda: stats.pareto(2), False),
        (lambda: stats.pareto(2.5), True),
        (lambda: stats.laplace(1e3), True),
        (lambda: stats.levy(), False),
        (lambda: stats.levy_l(), False),
        (lambda: stats.lognorm(1), True),
        (lambda: stats.uniform(), True),
    ],
    ids=range(10),
)
def test_a_second_moment_is_seen_in_the_tails(make, finite):
    target = as_target(make())
    assert target.has_second_moment() == finite


def test_quantiles_and_their_range_are_the_densitys():
    for dist in (stats.norm(3, 2), stats.expon(1), stats.uniform(-2, 5)):
        target = as_target(dist)
        u = np.array([0.0, 0.001, 0.1, 0.5, 0.77, 0.999, 1.0])
        found = target.quantile(u)
        np.testing.assert_allclose(found[1:-1], dist.ppf(u[1:-1]), atol=2e-3)
        assert found[0] == target.low[0]
        assert found[-1] == target.high[-1]
        centre, scale = target.centre_scale()
        assert centre == pytest.approx(dist.median(), abs=2e-3)
        quartiles = dist.ppf([0.25, 0.75])
        assert scale == pytest.approx(np.diff(quartiles)[0] / 1.349, rel=1e-3)
    empty = Target(lambda x: np.where(x < 1, 1.0, 0), (0, 2), np.array([0.0, 1]),
                   np.array([1.0, 2]), np.array([0.5, 0.5]))  # fmt: skip
    np.testing.assert_allclose(empty.quantile([0.25, 0.75]), [0.5, 1.5])
    jumps = (Jump(0.0, 1.0, 0.5), Jump(2.0, 0.0, 0.75), Jump(3.0, 0.75, 0.25))
    with_jumps = Target(bell, (0, 2), empty.low, empty.high, empty.masses, jumps=jumps)
    assert with_jumps.largest_jump == jumps[1]
    assert [jump.size for jump in jumps] == [0.5, 0.75, 0.5]
    assert empty.largest_jump is None


# ----------------------------------------------------------------------------- panels


@pytest.mark.parametrize(
    ("make", "support"),
    [
        (lambda: stats.norm(2, 3), None),
        (lambda: stats.expon(1, 2), (1, INF)),
        (lambda: stats.gumbel_l(), None),
        (lambda: stats.cauchy(), None),
        (lambda: stats.beta(0.5, 0.7), (0, 1)),
        (lambda: stats.uniform(-3, 2), (-3, -1)),
    ],
    ids=range(6),
)
@pytest.mark.parametrize("factor", [1.0, 5.0])
def test_panels_hold_the_probabilities_that_the_distribution_function_says(
    make, support, factor
):
    dist = make()
    target = as_target(lambda x: factor * dist.pdf(x), support)
    np.testing.assert_allclose(
        target.masses, dist.cdf(target.high) - dist.cdf(target.low), atol=2e-9
    )
    assert target.masses.sum() == pytest.approx(1, rel=1e-12)
    assert np.array_equal(target.low[1:], target.high[:-1])
    assert np.all(target.high > target.low)
    assert dist.cdf(target.low[0]) < 1e-9
    assert dist.sf(target.high[-1]) < 1e-9
    assert (target.low[0] > -1e50) or factor * dist.pdf(target.low[0]) > 1e-300
    x = dist.ppf([0.2, 0.5, 0.9])
    np.testing.assert_allclose(target.pdf(x), dist.pdf(x), rtol=1e-6)
    if factor == 5:
        said = "the density integrates to 5; it was divided by that"
        assert target.notes == (said,)
    else:
        assert target.notes == ()
    assert target.cdf is target.variation is target.curvature is None
    assert target.support == (support or (-INF, INF))


def test_jumps_and_poles_of_a_target_are_of_the_normalised_density():
    target = as_target(lambda x: 5.0 + 0 * x, (-3, -1))
    assert [jump.place for jump in target.jumps] == [-3, -1]
    assert [jump.size for jump in target.jumps] == pytest.approx([0.5, 0.5])
    target = as_target(stats.beta(0.5, 0.7))
    assert target.poles == pytest.approx((0, 1), abs=1e-9)
    assert target.jumps == ()
    assert as_target(bell).jumps == as_target(bell).poles == ()


def test_bounds_are_divided_by_the_integral_and_stay_bounds():
    variation, curvature = 2 * bell(0), 4 * bell(1)
    for factor in (1.0, 5.0):
        target = as_target(
            lambda x, c=factor: c * bell(x),
            None,
            lambda x, c=factor: c * ndtr(x),
            1.01 * factor * variation,
            1.01 * factor * curvature,
        )
        for found, bound in (
            (target.variation, 1.01 * variation),
            (target.curvature, 1.01 * curvature),
        ):
            assert bound <= found <= bound * (1 + 3e-6)
        x = np.array([-50.0, -1.0, 0.5, 50.0])
        np.testing.assert_allclose(target.cdf(x), ndtr(x), atol=1e-15)
    assert as_target(bell, variation=1).variation == pytest.approx(1, rel=3e-6)
    assert as_target(bell, curvature=2).curvature == pytest.approx(2, rel=3e-6)


def test_a_cut_leaves_out_the_curvature_that_a_mixture_knows():
    mixture = mx.Mixture([mx.Normal(0, 1), mx.Normal(1, 2)], [0.5, 0.5])
    whole = as_target(mixture)
    assert whole.curvature > 0
    assert whole.support == (-INF, INF)
    cut = as_target(mixture, (0, INF))
    assert cut.curvature is None
    assert cut.support == (0, INF)
    np.testing.assert_allclose(cut.cdf(np.array([-1.0, 0.0, 1e3])), [0, 0, 1])
    smooth = as_target(lambda x: 6 * x * (1 - x), (0, 1), curvature=40.0)
    assert smooth.curvature == pytest.approx(40, rel=3e-6)


@pytest.mark.parametrize("bound", [0, -1.0, math.inf, math.nan, "3", [1]])
@pytest.mark.parametrize("name", ["variation", "curvature"])
def test_a_bound_is_a_finite_number_above_0(name, bound):
    with pytest.raises(
        ValueError, match=f"^{name} must be a finite bound above 0, got"
    ):
        as_target(bell, **{name: bound})


class Poor:
    """A distribution whose distribution function is another's."""

    def pdf(self, x):
        return bell(x)

    def cdf(self, x):
        return ndtr(x / 2)


def test_a_poor_distribution_function_of_a_library_is_left_unused():
    target = as_target(Poor())
    assert target.cdf is None
    assert len(target.notes) == 1
    assert target.notes[0].startswith("cdf left unused: cdf must be the integral of")
    np.testing.assert_allclose(target.quantile([0.5, 0.9]), [0, 1.2816], atol=1e-3)
    with pytest.raises(forms.CdfError, match="mend one, or leave cdf out"):
        as_target(Poor(), cdf=lambda x: ndtr(x / 2))
    with pytest.raises(
        forms.CdfError, match=r"a probability of .* where the density has"
    ):
        as_target(bell, cdf=lambda x: ndtr(x + 1e-3))
    assert as_target(bell, cdf=lambda x: ndtr(x + 1e-9)).cdf is not None


def test_a_function_is_0_outside_its_support_and_not_called_there():
    seen = []

    def pdf(x):
        seen.extend(x.tolist())
        return 1 + x

    inside = panels._inside(forms.Form(pdf, (1.0, 2.0)))
    assert inside(np.array([0.5, 1.0, 1.5, 2.0, 2.5])).tolist() == [0, 2, 2.5, 3, 0]
    assert seen == [1.0, 1.5, 2.0]


def test_an_infinite_value_is_replaced_by_one_beside_it():
    def pdf(x):
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(x > 4, np.inf, np.where(x >= 1, (x - 1) ** -0.5, 0.0))

    inside = panels._inside(forms.Form(pdf, (0.0, 9.0)))
    found = inside(np.array([0.5, 1.0, 2.0, 4.5, 9.5]))
    beside = 8 * np.spacing(1.0)
    np.testing.assert_allclose(found, [0, beside**-0.5, 1, math.inf, 0])
    mirrored = panels._inside(forms.Form(lambda x: pdf(2 - x), (-2.0, 2.0)))
    assert mirrored(np.array([1.0]))[0] == pytest.approx(beside**-0.5)
    low = panels._inside(forms.Form(lambda x: np.where(x == 0, np.inf, 1 + 0 * x)))
    assert low(np.array([0.0, 3.0])).tolist() == [1, 1]


def test_a_density_within_rounding_is_refused():
    form = forms.Form(bell)
    assert panels._core(np.linspace(3, 7, 101), form) == pytest.approx(2)
    near = 1e6 + 1e-7 * np.linspace(0, 1, 101)
    with pytest.raises(ValueError, match=r"within 4.99.*e-08 of 1e.06; shift it to 0"):
        panels._core(near, form)
    with pytest.raises(forms.CdfError, match="more than rounding, got half of it"):
        panels._core(near, forms.Form(bell, cdf=ndtr))
    with pytest.raises(ValueError, match="within 0 of 2; shift it"):
        panels._core(np.full(9, 2.0), form)
    assert panels._core(1e6 + 1e-5 * np.linspace(0, 1, 101), form) > 4e-6


@pytest.mark.parametrize(
    "edges",
    [
        [0, 1, 2, 102, 103, 104],
        [0, 1, 2, 3, 1000, 1990, 3000],
        [0, 900, 1000, 2000, 2001, 2002],
        [0, 1, 2, 4, 7, 12, 20],
    ],
)
def test_beside_a_narrow_panel_no_wide_one_begins(edges):
    edges = np.array(edges, dtype=float)
    graded = np.unique(panels._graded(edges))
    assert np.isin(edges, graded).all()
    assert graded[[0, -1]].tolist() == [edges[0], edges[-1]]
    width = np.diff(graded)
    ratio = np.maximum(width[2:-1] / width[1:-2], width[1:-2] / width[2:-1])
    assert ratio.max() < 7
    if edges[-1] == 20:
        assert np.array_equal(graded, edges)


def test_edges_beside_a_narrow_panel_double_from_it():
    graded = np.unique(panels._graded(np.array([0.0, 1, 2, 34, 36, 38])))
    assert graded.tolist() == [0, 1, 2, 3, 5, 9, 17, 20, 28, 32, 34, 36, 38]


def test_tails_are_followed_until_three_octaves_hold_nothing():
    rough = np.array([-1.0, 0.0, 1.0])

    def bumps(x):
        """A third octave beyond two empty ones: (5, 9) on the right."""
        x = np.where(x < 0, -x, x)
        return np.where((x < 1) | ((x > 5) & (x < 9)), 1.0, 0.0)

    left, right = panels._outer(forms.Form(bumps), bumps, rough)
    assert right.tolist() == [2, 3, 5, 9, 17, 33]
    assert left.tolist() == [-2, -3, -5, -9, -17, -33]
    one, other = panels._outer(forms.Form(bumps, (-4.0, INF)), bumps, rough)
    assert one.tolist() == [-4]
    assert other.tolist() == right.tolist()
    one, other = panels._outer(forms.Form(bumps, (-INF, 4.0)), bumps, rough)
    assert one.tolist() == left.tolist()
    assert other.tolist() == [4]
    heavy = panels._outer(forms.Form(bell), lambda x: 1 / (1 + np.abs(x)), rough)
    assert 1e99 < heavy[1][-1] < 1e101
    assert heavy[0][-1] == -heavy[1][-1]
    unequal = np.array([-1.0, -0.5, 3.0])
    left, right = panels._outer(forms.Form(bell), bell, unequal)
    assert left[:3].tolist() == [-1.5, -2, -3]
    assert right[:3].tolist() == [6.5, 10, 17]
    pole = panels._outer(
        forms.Form(bell), lambda x: np.where(np.abs(x) > 50, np.inf, bell(x)), rough
    )
    assert pole[1].tolist() == [2, 3, 5, 9, 17, 33]


def test_an_integral_is_cut_to_where_it_is():
    edges = np.linspace(-60, 80, 15)
    for total in (INF, 1.0):
        low, high, masses = panels._integral(bell, edges, 1e-9, total)
        assert masses.sum() == pytest.approx(1, rel=1e-8)
        assert low[0] <= -8
        assert high[-1] >= 8
        assert low[0] >= -20
        assert high[-1] <= 20
        np.testing.assert_allclose(masses, ndtr(high) - ndtr(low), atol=1e-8)
    coarse = len(panels._integral(bell, edges, 1e-2, 1.0)[0])
    assert coarse < len(panels._integral(bell, edges, 1e-6, 1.0)[0])
    scaled = panels._integral(lambda x: 1e9 * bell(x), edges, 1e-9, INF)
    assert len(scaled[0]) == len(panels._integral(bell, edges, 1e-9, INF)[0])
    low, high, masses = panels._integral(lambda x: 0 * x, edges, 1e-9, INF)
    assert len(low) == len(high) == len(masses) == 14
    gap = panels._integral(lambda x: bell(x, -50) + bell(x, 50), edges, 1e-9, INF)
    assert np.array_equal(gap[0][1:], gap[1][:-1])


def test_what_cannot_be_integrated_is_named_with_its_place():
    def check(low, high, masses, support=(-INF, INF)):
        panels._require_integrable(
            np.array(low), np.array(high), np.array(masses), forms.Form(bell, support)
        )

    ends = [-4e99, 0.0, 1.0], [0.0, 1.0, 4e99]
    check(*ends, [1e-10, 1.0, 1e-10])
    with pytest.raises(ValueError, match=r"still holds 0.33 of it beyond -2e.99; give"):
        check(*ends, [1.0, 2.0, 1e-10])
    with pytest.raises(ValueError, match=r"still holds 0.2 of it beyond 2e.99; give"):
        check(*ends, [1e-10, 4.0, 1.0])
    check(*ends, [1.0, 2.0, 3.0], (-4e99, 4e99))
    check([-2e99, 0.0, 1.0], [0.0, 1.0, 2e99], [1.0, 2.0, 3.0])
    tiny = 4 * np.spacing(3.0)
    cells = [0.0, 3.0, 3 + tiny], [3.0, 3 + tiny, 5.0]
    check(*cells, [1.0, 1e-7, 1.0])
    with pytest.raises(ValueError, match=r"bound at x = 3: 0.25 of it lies within"):
        check(*cells, [1.0, 1.0, 2.0])


@pytest.mark.parametrize(
    ("density", "options", "message"),
    [
        (
            lambda x: 1 / np.abs(x - 2),
            {"support": (0, 3)},
            "some kinks, jumps and poles",
        ),
        (
            lambda x: 1 / np.abs(x),
            {"support": (-1, 2)},
            "move a pole that can be|poles",
        ),
        (lambda x: 1 / (9 + np.abs(x)), {}, "give a finite support|give the support"),
    ],
    ids=range(3),
)
def test_an_integral_that_is_none_is_refused(density, options, message):
    with np.errstate(all="ignore"), pytest.raises(ValueError, match=message):
        as_target(density, **options)


def test_a_distribution_function_is_checked_against_the_masses():
    low, high = np.array([0.0, 0.5]), np.array([0.5, 1.0])
    half = np.array([1.0, 1.0])

    def checked(cdf, masses=half):
        return panels._checked_cdf(forms.Form(bell, (0.0, 1.0), cdf), low, high, masses)

    for factor in (1.0, 4.0):
        cdf = checked(lambda x, c=factor: 2 + c * x)
        x = np.array([-3.0, 0.25, 1.0, 7.0])
        np.testing.assert_allclose(cdf(x), [0, 0.25, 1, 1])
    with pytest.raises(forms.CdfError, match=r"of 0.25 between 0 and 0.5 .* has 0.5;"):
        checked(lambda x: x**2)
    form = forms.Form(bell, (0.0, 1.0), lambda x: np.minimum(1.2 * x, 0.2 + 0.8 * x))
    with pytest.raises(forms.CdfError, match=r"of 0.4 between 0.5 and 1 .* has 0.5;"):
        panels._checked_cdf(
            form,
            np.array([0.0, 0.25, 0.5]),
            np.array([0.25, 0.5, 1.0]),
            np.array([1.0, 1.0, 2.0]),
        )
    for bad in (
        lambda x: np.where(x == 0.5, math.nan, x),
        lambda x: np.where(x == 0.5, -1e-9, x),
        lambda x: np.where(x == 0.5, math.inf, x),
    ):
        with pytest.raises(forms.CdfError, match="finite, got one that is not"):
            checked(bad)
    assert checked(lambda x: x + 4e-8 * (x == 0.5))(np.array([0.25]))[0] == 0.25


def test_bounds_below_what_is_seen_are_refused():
    x = np.linspace(-1, 1, 41)

    def tent(x):
        return np.maximum(1 - np.abs(x), 0)

    def target(pdf=tent, jumps=(), **bounds):
        return Target(pdf, (-1, 1), x[:1], x[-1:], np.ones(1), jumps=jumps, **bounds)

    panels._require_bounds(target(variation=2.0, curvature=2.0), x)
    panels._require_bounds(target(), x)
    with pytest.raises(
        ValueError, match=r"^variation .* one of 1.999 .* show 2; give a"
    ):
        panels._require_bounds(target(variation=1.999), x)
    with pytest.raises(
        ValueError, match=r"^curvature .* one of 1.999 .* show 2; give a"
    ):
        panels._require_bounds(target(variation=2.0, curvature=1.999), x)

    def raised(x):
        return 1 + tent(x)

    with pytest.raises(ValueError, match=r"one of 3.9 .* show 4; give"):
        panels._require_bounds(target(raised, variation=3.9), x)
    jumps = (Jump(0.25, 0.0, 1.0), Jump(0.5, 0.0, 9.0))
    with pytest.raises(ValueError, match=r"as it does at x = 0.25; give variation"):
        panels._require_bounds(target(jumps=jumps, curvature=99.0), x)
    panels._require_bounds(target(jumps=jumps, variation=99.0), x)
    close = np.sort(np.r_[x, x + 1e-9])  # rounding between these is no slope

    def rounded(x):
        return np.round(tent(x), 7)

    panels._require_bounds(target(rounded, variation=2.01, curvature=2.01), close)


# ------------------------------------------------------------------------------- line


def test_a_line_knows_its_centre_where_both_sides_are_the_same():
    for dist in (
        stats.norm(3, 2),
        stats.laplace(-1),
        stats.t(3, 5),
        stats.uniform(1, 2),
    ):
        line = Line(as_target(dist))
        assert line.centre == pytest.approx(dist.median(), abs=1e-3)
    for dist in (
        stats.gumbel_r(),
        stats.expon(),
        stats.skewnorm(0.3),
        stats.beta(2, 3),
    ):
        assert Line(as_target(dist)).centre is None

    def uneven(x):
        return bell(x) * (1 + 0.01 * np.tanh(x))

    assert Line(as_target(uneven)).centre is None


def test_a_line_shows_where_it_lies_and_starts_with_one_normal():
    dist = stats.norm(3, 2)
    line = Line(as_target(dist))
    assert line.interval() == pytest.approx(dist.ppf([0.001, 0.999]), abs=1e-2)
    assert all(isinstance(end, float) for end in line.interval())
    x = np.linspace(-3, 9, 7)
    np.testing.assert_allclose(line.density(x), dist.pdf(x))
    start = line.start()
    assert start.weights.tolist() == [1]
    assert start.means[0, 0] == pytest.approx(3, abs=1e-3)
    assert start.sds[0] == pytest.approx(2, abs=2e-3)
    assert start.factors.shape == (1, 1, 1)
    drawn = line.draw(4000, np.random.default_rng(0))
    assert drawn.shape == (4000,)
    assert stats.kstest(drawn, dist.cdf).pvalue > 0.01
    assert np.array_equal(drawn, line.draw(4000, np.random.default_rng(0)))


def test_limits_of_a_norm_are_told_before_the_search():
    flat = Line(as_target(stats.uniform(0, 4)))
    for norm in ("L1", "hellinger", "KL"):
        assert flat.limits(norm, 1e-9) == ()
    (said,) = flat.limits("sup", None)
    assert said.startswith(
        "the density jumps by 0.25 at x = 0, and a mixture of normals"
    )
    assert said.endswith("its sup error is at least 0.125")
    assert flat.limits("sup", 0.126) == (said,)
    with pytest.raises(
        ValueError, match=r"got 0.125: the density jumps by 0.25 at x = 0"
    ):
        flat.limits("sup", 0.125)
    assert Line(as_target(bell)).limits("sup", 1e-9) == ()
    heavy = Line(as_target(stats.t(2)))
    assert heavy.limits("sup", 0.1) == heavy.limits("L1", 0.1) == ()
    with pytest.raises(
        ValueError, match=r"^norm='KL' must have a density whose mean of x"
    ):
        heavy.limits("KL", 0.1)
    pole = Line(as_target(stats.beta(2, 0.5)))
    assert pole.limits("L1", 0.1) == ()
    with pytest.raises(
        ValueError, match=r"^norm='sup' must have .* bound at x = 1: every"
    ):
        pole.limits("sup", 0.1)


@pytest.mark.parametrize(
    "make",
    [
        lambda: normals([1.0], [0.0], [1.0]),
        lambda: normals([0.5, 0.5], [0.2, 0.3], [1e-4, 1.0]),
        lambda: normals([0.5, 0.5], [-300.0, 5000.0], [1.0, 40.0]),
    ],
    ids=range(3),
)
@pytest.mark.parametrize("goal", [0.1, 1e-4])
def test_nodes_see_the_density_and_the_mixture_as_exactly_as_the_goal(make, goal):
    mixture, line = make(), Line(as_target(stats.gumbel_r))
    nodes = line.nodes(mixture, goal)
    assert nodes.x.shape == (len(nodes.w), 1)
    np.testing.assert_allclose(nodes.f, stats.gumbel_r.pdf(nodes.x[:, 0]))
    assert np.all(np.diff(nodes.x[:, 0]) > 0)
    assert nodes.w @ nodes.f == pytest.approx(1, abs=goal)
    g = mixture.density(nodes.x)
    assert nodes.w @ g == pytest.approx(1, abs=goal)
    assert nodes.overlooked(g) <= goal
    assert 0 < nodes.slack <= 0.02 * goal
    assert nodes.x.min() < (mixture.means[:, 0] - 5.9 * mixture.sds).min()
    assert nodes.x.max() > (mixture.means[:, 0] + 5.9 * mixture.sds).max()
    assert len(nodes.w) < 4000


def test_coarse_goals_need_few_nodes():
    line, mixture = Line(as_target(stats.gumbel_r)), normals([1.0], [0.0], [1.0])
    counts = [len(line.nodes(mixture, goal).w) for goal in (0.5, 1e-2, 1e-5, 1e-9)]
    assert counts == sorted(counts)
    assert counts[0] < 0.8 * counts[-1]


def test_gaps_are_where_the_mixture_is_too_low():
    truth = mx.Mixture(
        [mx.Normal(0, 1), mx.Normal(30, 0.5), mx.Normal(-40, 2)], [0.5, 0.2, 0.3]
    )
    line = Line(as_target(truth))
    mixture = normals([1.0], [0.0], [1.0])
    gaps = line.gaps(mixture, line.nodes(mixture, 1e-6))
    assert [gap[0] for gap in gaps] == sorted([gap[0] for gap in gaps], reverse=True)
    for (mass, mean, factor), expected in zip(
        gaps, [(0.3, -40, 2), (0.2, 30, 0.5)], strict=False
    ):
        assert mass == pytest.approx(expected[0], rel=1e-6)
        assert mean.shape == (1,)
        assert mean[0] == pytest.approx(expected[1], abs=0.3 * expected[2])
        assert factor.shape == (1, 1)
        assert factor[0, 0] == pytest.approx(1.349 / 1.1 * expected[2], rel=0.25)
    assert len(gaps) >= 2
    assert all(gap[0] < 1e-6 for gap in gaps[2:])
    exact = Gaussians.of(truth)
    assert all(gap[0] < 1e-9 for gap in line.gaps(exact, line.nodes(exact, 1e-6)))


def test_a_ladder_has_one_normal_more_about_the_centre():
    line = Line(as_target(stats.t(5, 7)))
    first = line.ladder(normals([1.0], [3.0], [2.0]))
    np.testing.assert_allclose(first.means, 7, atol=1e-3)
    np.testing.assert_allclose(first.weights, 0.5)
    np.testing.assert_allclose(first.sds, [2 * math.exp(-0.3), 2 * math.exp(0.3)])
    second = line.ladder(normals([0.8, 0.2], [1.0, 2.0], [4.0, 1.0]))
    assert second.means.shape == (3, 1)
    assert second.factors.shape == (3, 1, 1)
    np.testing.assert_allclose(second.means, 7, atol=1e-3)
    np.testing.assert_allclose(second.sds, 4 ** np.array([-1 / 6, 0.5, 7 / 6]))
    shares = np.array([0.2, 0.4, 0.8])
    np.testing.assert_allclose(second.weights, shares / shares.sum(), rtol=1e-6)
    third = line.ladder(normals([0.2, 0.3, 0.5], np.zeros(3), [1.0, 3.0, 9.0]))
    steps = np.diff(np.log(third.sds))
    np.testing.assert_allclose(steps, 0.75 * math.log(3))
    assert Line(as_target(stats.gumbel_r)).ladder(pair_on_the_line()) is None


def test_only_l1_is_proved_and_only_with_what_a_proof_needs():
    known, unknown = Line(as_target(stats.norm)), Line(as_target(bell))
    assert known.can_certify("L1")
    assert not known.can_certify("KL")
    assert not unknown.can_certify("L1")
    mixture = normals([1.0], [0.5], [1.0])
    exact = 2 * math.erf(0.25 / math.sqrt(2))
    assert exact < known.certify(mixture, 1e-3) < exact + 1.2e-3
    assert unknown.certify(mixture, 1e-3) is None
    assert known.measure(mixture, "L1") == pytest.approx(exact, rel=1e-5)


# ------------------------------------------------------------------------ certificate


@pytest.mark.parametrize("sharp", [0.03, 1e-3])
def test_each_proof_spends_the_sharpness_it_is_given(sharp):
    mixture = normals([1.0], [0.5], [1.0])
    exact = 2 * math.erf(0.25 / math.sqrt(2))
    for known, share in (("variation", 1.0), ("curvature", 0.5)):
        size = {"variation": 2 * bell(0), "curvature": 4 * bell(1)}[known]
        target = as_target(bell, cdf=ndtr, **{known: size * (1 + 1e-9)})
        bound = certificate.certify(target, mixture, sharp)
        assert exact + 0.85 * share * sharp < bound < exact + (share + 0.15) * sharp
    both = as_target(bell, cdf=ndtr, variation=2 * bell(0), curvature=4.001 * bell(1))
    assert certificate.certify(both, mixture, sharp) == pytest.approx(bound, rel=1e-4)
    assert certificate.can_certify(both)
    assert not certificate.can_certify(as_target(bell, variation=1))
    assert not certificate.can_certify(as_target(bell, cdf=ndtr))


def test_a_proof_of_too_many_cells_is_none():
    target = as_target(stats.norm)
    rough = normals([0.5, 0.5], [0.0, 1.0], [1e-4, 1.0])
    assert certificate.certify(target, rough, 1e-6) is None
    assert certificate.certify(target, rough, 1e-2) is not None


def test_the_interval_of_a_proof_leaves_a_twentieth_of_the_sharpness():
    target = as_target(stats.logistic)
    for mixture in (normals([0.5, 0.5], [-60.0, 80.0], [1.0, 2.0]), pair_on_the_line()):
        for sharp in (0.1, 1e-4):
            low, high = certificate._interval(target, mixture, sharp)
            f = stats.logistic.cdf(low), stats.logistic.sf(high)
            g = mixture.cdf(np.array([low]))[0], 1 - mixture.cdf(np.array([high]))[0]
            assert max(f) <= 1.05 * sharp / 40
            assert max(g) <= sharp / 40
            z = math.sqrt(2 * math.log(40 / sharp))
            reach = [-np.log(40 / sharp)], mixture.means[:, 0] - z * mixture.sds
            assert low == pytest.approx(np.concatenate(reach).min(), rel=0.02)
            reach = [np.log(40 / sharp)], mixture.means[:, 0] + z * mixture.sds
            assert high == pytest.approx(np.concatenate(reach).max(), rel=0.02)


def test_the_variation_of_a_mixture_is_bounded_closely():
    x = np.linspace(-12, 14, 2_600_001)
    near = normals([0.5, 0.5], [0.0, 1.0], [1.0, 1.0])
    seen = np.abs(np.diff(near.density(x[:, None]))).sum()
    found = certificate._variation(near, -12, 14)
    assert seen <= found <= seen * (1 + 2e-3)
    alone = normals([1.0], [0.0], [1.0])
    assert certificate._variation(alone, -12, 14) == pytest.approx(2 * bell(0))
    fine = normals([0.5, 0.5], [0.0, 0.0], [1e-5, 1e-5])  # finer than the cells
    assert certificate._variation(fine, -12, 14) == pytest.approx(2e5 * bell(0))
    slope = np.diff(near.density(x[:, None])) / (x[1] - x[0])
    assert certificate._curvature(near) == pytest.approx(4 * bell(1))
    assert np.abs(np.diff(slope)).sum() <= certificate._curvature(near)
    mixed = normals([0.25, 0.75], [0.0, 1.0], [1.0, 2.0])
    expected = 0.25 * 4 * bell(1) + 0.75 * bell(1)
    assert certificate._curvature(mixed) == pytest.approx(expected)


# ------------------------------------------------------------------------------ plane


def plane_bell(mean=(0.0, 0.0), cov=((1.0, 0.0), (0.0, 1.0)), factor=1.0):
    whole = stats.multivariate_normal(mean, cov)
    return lambda x: factor * whole.pdf(x)


SQUARE = ((-8.0, 8.0), (-8.0, 8.0))


def test_a_pair_of_pairs_is_a_plane():
    assert is_plane(SQUARE)
    assert is_plane(np.array(SQUARE))
    for other in (None, (0, 1), ((0, 1),), ((0, 1), (0, 1, 2)), 3 * [[0, 1]], "all"):
        assert not is_plane(other)


@pytest.mark.parametrize(
    "support",
    [((0, INF), (0, 1)), ((0, 1), (1, 0)), ((0, 0), (0, 1)), ((0, 1), (math.nan, 1))],
    ids=range(4),
)
def test_a_rectangle_has_finite_ends_in_order(support):
    with pytest.raises(ValueError, match=r"in two dimensions must be finite, .* got"):
        Plane(plane_bell(), support)


@pytest.mark.parametrize(
    ("density", "message"),
    [
        (lambda x: x, r"got shape \(250000, 2\) for \(250000, 2\); write lambda x"),
        (lambda x: 0 * x[:, 0], "and finite, got an integral of 0; check the support$"),
        (lambda x: 1e308 + 0 * x[:, 0], "an integral of inf; check the support$"),
        (
            lambda x: x[:, 1],
            r"not negative, got -0.998 at x = \(-1.996, -0.998\); mend",
        ),
        (
            lambda x: np.where(x[:, 0] > 0, np.inf, 1),
            r"finite, got inf at x = \(0.004, -",
        ),
    ],
    ids=range(5),
)
@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
def test_a_density_in_the_plane_that_is_none_is_told_why(density, message):
    with pytest.raises(ValueError, match=message):
        Plane(density, ((-2, 2), (-1, 1)))


def test_a_function_of_rows_may_come_as_a_distribution_or_a_mixture():
    x, mixture = np.array([[0.5, 1.0], [0, 2]]), three_in_the_plane()
    whole = stats.multivariate_normal([0, 1], 2)
    np.testing.assert_allclose(_function_of_rows(whole)(x), whole.pdf(x))
    np.testing.assert_allclose(_function_of_rows(mixture.mixture())(x),
                               mixture.density(x))  # fmt: skip
    assert _function_of_rows(sum) is sum
    with pytest.raises(TypeError, match=r"of rows, shape \(n, 2\), got 'x{79}$"):
        _function_of_rows(99 * "x")


@pytest.fixture(scope="module")
def wide():
    """Rows of a rectangle that is no square, a density that integrates to 3."""
    cov = [[2.0, 0.6], [0.6, 0.5]]
    return lambda: Plane(
        plane_bell([1, -2], cov, 3.0), ((-9.0, 11.0), (-7.0, 3.0))
    )  # made when a test asks for it


def test_a_plane_is_normalised_and_0_outside_of_its_rectangle(wide):
    plane = wide()
    said = "the density integrates to 3 over its support; it was divided by that"
    assert plane.notes == (said,)
    assert Plane(plane_bell(), SQUARE).notes == ()
    assert plane.interval() == ((-9, 11), (-7, 3))
    inside = plane_bell([1, -2], [[2.0, 0.6], [0.6, 0.5]])
    x = [
        [1, -2],
        [0, 1],
        [-9, 3],
        [11, -7],
        [11.01, 0],
        [-9.01, 0],
        [0, 3.1],
        [0, -7.1],
    ]
    x = np.array(x, dtype=float)
    found = plane.density(x)
    np.testing.assert_allclose(found[:4], inside(x[:4]), rtol=1e-6)
    assert found[4:].tolist() == 4 * [0]
    assert plane.density(x[4:]).tolist() == 4 * [0]
    flat = Plane(lambda x: 1 + 0 * x[:, 0], ((0, 2), (0, 4)))
    corners = np.array([[0.0, 0], [2, 4], [0, 4], [2, 0]])
    np.testing.assert_allclose(flat.density(corners), 1 / 8)
    assert plane.limits("sup", 1e-9) == ()
    assert plane.certify(plane.start(), 0.1) is None
    assert plane.ladder(plane.start()) is None
    assert not plane.can_certify("L1")


def test_a_plane_starts_with_the_normal_of_its_moments(wide):
    start = wide().start()
    assert start.weights.tolist() == [1]
    np.testing.assert_allclose(start.means, [[1, -2]], atol=1e-6)
    factor = start.factors[0]
    np.testing.assert_allclose(factor @ factor.T, [[2.0, 0.6], [0.6, 0.5]], atol=1e-4)
    assert factor[0, 1] == 0
    drawn = wide().draw(20_000, np.random.default_rng(0))
    np.testing.assert_allclose(drawn.mean(axis=0), [1, -2], atol=0.05)
    np.testing.assert_allclose(np.cov(drawn.T), [[2.0, 0.6], [0.6, 0.5]], atol=0.06)
    ends = np.array([[-9, -7], [11, 3.0]])
    place = (drawn - ends[0]) / (ends[1] - ends[0]) * 500 % 1  # within the cells
    assert stats.kstest(place.ravel(), "uniform").pvalue > 0.01


def test_a_grid_is_of_the_middles_of_equal_cells():
    x, cell = Plane._grid(np.array([0.0, -1]), np.array([2.0, 5]), 2)
    assert x.tolist() == [[0.5, 0.5], [0.5, 3.5], [1.5, 0.5], [1.5, 3.5]]
    assert cell == 3
    assert isinstance(cell, float)


def test_nodes_in_the_plane_reach_a_tenth_beyond(wide):
    plane = wide()
    for goal, slack in ((0.5, 0.005), (1e-4, 1e-4)):
        nodes = plane.nodes(plane.start(), goal)
        assert nodes.slack == pytest.approx(slack)
    assert nodes.x.shape == (72 * 72, 2)
    side = np.array([24.0, 12.0]) / 72
    np.testing.assert_allclose(
        nodes.x.min(axis=0), [-11 + side[0] / 2, -8 + side[1] / 2]
    )
    np.testing.assert_allclose(nodes.x.max(axis=0), [13 - side[0] / 2, 4 - side[1] / 2])
    assert nodes.w @ nodes.f == pytest.approx(1, abs=1e-3)
    assert nodes.w.sum() == pytest.approx(24 * 12)
    np.testing.assert_allclose(nodes.f, plane.density(nodes.x))


def test_normals_in_the_plane_are_as_far_apart_as_the_closed_forms_say():
    plane = Plane(plane_bell(), SQUARE)
    other = Gaussians(np.zeros(1), np.array([[0.6, 0.8]]), np.eye(2)[None])
    x = np.linspace(-4, 5, 200_001)
    exact = {
        "L1": 2 * math.erf(0.5 / math.sqrt(2)),
        "hellinger": math.sqrt(-math.expm1(-1 / 8)),
        "KL": 0.5,
        "sup": bell(0) * np.abs(bell(x) - bell(x, 1)).max(),
    }
    for norm, value in exact.items():
        assert plane.measure(other, norm) == pytest.approx(value, rel=2e-3), norm


def test_what_is_beyond_the_rectangle_is_measured_too():
    flat = Plane(lambda x: 1 + 0 * x[:, 0], ((0, 1), (0, 2)))
    factor = np.array([[0.2, 0], [0.1, 0.3]])
    for mean in ([9.0, 1.0], [-7, 8], [0.5, -9], [0.5, 11], [-8, 1.0]):
        away = Gaussians(np.zeros(1), np.array([mean]), factor[None])
        assert flat.measure(away, "L1") == pytest.approx(2, rel=2e-2)
        assert flat.measure(away, "hellinger") == pytest.approx(1, rel=1e-2)
        peak = 1 / (2 * math.pi * 0.06)
        assert flat.measure(away, "sup") == pytest.approx(peak, rel=2e-2)
    within = Gaussians(np.zeros(1), np.array([[0.5, 1.0]]), 0.05 * np.eye(2)[None])
    assert flat.measure(within, "L1") == pytest.approx(
        2 * (1 - 0.5 * math.pi * 0.05**2 * (2 * math.log(1 / (math.pi * 0.05**2)) + 2)),
        rel=1e-2,
    )


def test_gaps_in_the_plane_are_about_what_is_missing(wide):
    truth = three_in_the_plane()
    far = Gaussians(truth.log_weights, 3 * truth.means, truth.factors)
    plane = Plane(lambda x: far.density(x), ((-22, 22), (-16, 16)))
    mixture = far.without(1)
    mixture = Gaussians(np.log([0.2, 0.5]), mixture.means, mixture.factors)
    nodes = plane.nodes(mixture, 0.01)
    rest = nodes.w * np.maximum(nodes.f - mixture.density(nodes.x), 0)
    gaps = plane.gaps(mixture, nodes)
    masses = [gap[0] for gap in gaps]
    assert masses == sorted(masses, reverse=True)
    assert 0 < len(gaps) <= 4
    assert sum(masses) <= rest.sum()
    mass, mean, factor = max(gaps, key=lambda gap: gap[0])
    assert 0.02 < mass < 0.3
    np.testing.assert_allclose(mean, 3 * truth.means[1], atol=1.5)
    assert factor.shape == (2, 2)
    assert factor[0, 1] == 0
    enough = plane.gaps(far.joined(50.0, far.means[0], 30 * np.eye(2)),
                        Nodes(nodes.x, nodes.w, 0 * nodes.f))  # fmt: skip
    assert enough == []


def test_a_gap_has_the_moments_of_the_rest_near_its_peak(wide):
    plane = wide()
    axis = np.linspace(-4, 4, 161)
    x = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    w = np.full(len(x), 0.05**2)
    f = plane_bell([0.5, 0.0], 0.25 * np.eye(2))(x)
    mixture = Gaussians(np.log([1.0, 1e-300]), np.array([[90.0, 0], [900, 0]]),
                        np.array([2 * np.eye(2), np.eye(2)]))  # fmt: skip
    mass, mean, factor = plane.gaps(mixture, Nodes(x, w, f))[0]
    near = 1 / (1 / 0.25 + 1)  # of the product with a normal of half the factor
    assert mass == pytest.approx(1 / 1.25, rel=1e-3)
    np.testing.assert_allclose(mean, [0.5, 0], atol=1e-6)
    expected = near * np.eye(2) + 1e-3 * np.eye(2) + np.diag([0.04**2, 0.02**2])
    np.testing.assert_allclose(factor @ factor.T, expected, rtol=1e-3, atol=1e-9)


# ------------------------------------------------------------------- polish and search


def skewed_line():
    return Line(as_target(stats.gumbel_r))


@pytest.mark.parametrize("norm", ["L1", "hellinger", "KL", "sup"])
def test_the_rough_distance_is_near_the_measured(norm):
    line = skewed_line()
    mixture = normals([0.5, 0.5], [0.0, 1.2], [0.8, 1.5])
    rough = polish.Polish(line, norm).rough(mixture, line.nodes(mixture, 1e-6))
    assert rough == pytest.approx(line.measure(mixture, norm), rel=2e-2)


@pytest.mark.parametrize("norm", ["L1", "hellinger", "KL", "sup"])
def test_a_polished_mixture_is_nearer_in_its_norm(norm):
    line = skewed_line()
    worker = polish.Polish(line, norm)
    start = normals([0.6, 0.4], [0.0, 1.5], [0.9, 1.5])
    nodes = line.nodes(start, 1e-3)
    found, end = worker._polished(start, 1e-3, 8)
    assert found == pytest.approx(worker.rough(end, nodes), rel=0.05)
    best = {"L1": 0.0612, "hellinger": 0.0575, "KL": 0.0142, "sup": 0.015}[norm]
    assert line.measure(end, norm) < best
    far = normals([0.5, 0.5], [-8.0, 9.0], [0.1, 0.1])
    settled = worker.settled([far, start], 1e-3, keep=1)
    assert line.measure(settled, norm) < best
    both = worker.settled([far, start, start.split(0, 0).without(2)], 1e-3)
    assert line.measure(both, norm) < best


class Told:
    """A polish whose distances are told: the first mean of the mixture."""

    def __init__(self, monkeypatch, norm="L1"):
        self.asked = []
        monkeypatch.setattr(
            polish.Polish, "rough", lambda self, mixture, nodes: mixture.means[0, 0]
        )
        monkeypatch.setattr(polish, "descend", self.descend)
        self.line = skewed_line()
        self.polish = polish.Polish(self.line, norm)
        self.to = iter(())

    def descend(self, mixture, nodes, loss, steps, gain=1e-6, still=None, exact=True):
        self.asked.append((steps, gain, still, exact))
        return self.at(next(self.to, mixture.means[0, 0]))

    @staticmethod
    def at(error):
        return normals([1.0], [error], [1.0])


def test_a_descent_that_leads_away_in_the_norm_is_not_taken(monkeypatch):
    told = Told(monkeypatch)
    nodes = told.line.nodes(told.at(0.5), 0.1)
    for reached, kept in ((0.25, 0.25), (0.75, 0.5)):
        told.to = iter([reached])
        error, mixture = told.polish._nearer(told.at(0.5), nodes, 5, 0.1, True)
        assert error == mixture.means[0, 0] == kept


def test_aims_are_followed_while_one_of_them_pays(monkeypatch):
    told = Told(monkeypatch)
    nodes = told.line.nodes(told.at(1.0), 0.1)

    def turned(errors, **how):
        told.asked.clear()
        told.to = iter(errors)
        aims = len(errors) * [lambda mixture: descent.hellinger()]
        error, mixture = told.polish._turned(told.at(1.0), nodes, aims, **how)
        assert error == mixture.means[0, 0]
        return error, len(told.asked)

    assert turned([0.9, 0.8, 0.7]) == (0.7, 3)
    assert turned([0.9, 2.0, 2.0, 0.1]) == (0.9, 3)
    assert turned([0.9, 2.0, 0.8, 2.0, 0.5]) == (0.5, 5)
    assert turned([0.999, 0.998, 0.1]) == (0.998, 2)  # half a per cent is no gain
    assert turned([0.99, 0.98, 0.1]) == (0.1, 3)
    assert turned([2.0, 2.0, 2.0, 0.1], patience=3) == (1.0, 3)
    assert turned([1.0, 1.0, 0.1]) == (1.0, 2)


def test_the_best_starts_are_followed_to_the_end(monkeypatch):
    told = Told(monkeypatch)
    ends = {}

    def polished(self, start, goal, rounds):
        ends[start.means[0, 0]] = goal, rounds
        return 1 / start.means[0, 0], start

    monkeypatch.setattr(polish.Polish, "_polished", polished)
    firsts = [told.at(error) for error in (0.5, 0.2, 0.9, 0.3)]
    assert told.polish.settled(firsts, 0.1).means[0, 0] == 0.3
    assert ends == {0.2: (0.1, 8), 0.3: (0.1, 8)}
    ends.clear()
    assert told.polish.settled(firsts, 0.1, keep=1, rounds=3).means[0, 0] == 0.2
    assert ends == {0.2: (0.1, 3)}
    assert told.polish.settled(firsts, 0.1, keep=4).means[0, 0] == 0.9


@pytest.mark.parametrize(("goal", "exact"), [(9e-7, True), (1e-5, False)])
def test_steps_are_exact_where_the_goal_is_tiny(goal, exact, monkeypatch):
    told = Told(monkeypatch)
    told.polish.settled([told.at(0.5)], goal)
    assert len(told.asked) > 3
    assert {asked[3] for asked in told.asked} == {exact}
    told.asked.clear()
    told.polish._polished(told.at(0.5), goal, 4)
    assert {asked[3] for asked in told.asked} == {exact}


def test_aims_lead_to_their_norm():
    line, mixture = skewed_line(), normals([1.0], [0.5], [1.2])
    nodes = line.nodes(mixture, 1e-3)
    f, g = nodes.f, mixture.density(nodes.x)
    error = nodes.w @ np.abs(f - g)

    def aims(norm, wide=0.5, rounds=3):
        return [
            aim(mixture) for aim in polish.Polish(line, norm)._aims(nodes, wide, rounds)
        ]

    for norm, loss in (
        ("hellinger", descent.hellinger()),
        ("KL", descent.divergence()),
    ):
        (aim,) = aims(norm)
        np.testing.assert_array_equal(aim.value(f, g), loss.value(f, g))
    losses = aims("L1")
    assert len(losses) == 3
    for share, loss in zip((0.5, 0.25, 0.125), losses, strict=True):
        same = 1 / loss.curvature(g, g)  # the width that corners are rounded by
        np.testing.assert_allclose(same, share * error * (f + g))
    total = nodes.w @ aims("L1", 1e-9, 1)[0].value(f, g)
    assert total == pytest.approx(error, rel=1e-6)
    losses = aims("sup")
    for exponent, loss in zip((4, 8, 16, 32, 64), losses, strict=True):
        expected = (np.abs(f - g) / np.abs(f - g).max()) ** exponent
        np.testing.assert_allclose(loss.value(f, g), expected, atol=1e-300)
    zeros = Nodes(nodes.x, nodes.w, 0 * f)
    empty = polish.Polish(line, "L1")._aims(zeros, 0.5, 1)[0](
        normals([1.0], [1e9], [1.0])
    )
    assert np.isfinite(empty.slope(0 * f, 0 * f + 1)).all()


def test_small_steps_pay_for_a_scale_mixture():
    """The t is one: normals about its centre get near, whatever the start."""
    line = Line(as_target(stats.t(9)))
    worker = polish.Polish(line, "L1")
    ladder = worker._scale_mixture(3, 1e-6)
    assert ladder.K == 3
    np.testing.assert_allclose(ladder.means, line.centre)
    errors = [line.measure(worker._scale_mixture(K, 1e-6), "L1") for K in (1, 2, 3)]
    assert errors[0] > 5 * errors[1] > 20 * errors[2]
    assert polish.Polish(skewed_line(), "L1")._scale_mixture(2, 1e-6) is None
    rough = line.ladder(line.start())
    centred = worker.centred(rough, 1e-3)
    assert np.array_equal(centred.means, rough.means)
    assert line.measure(centred, "hellinger") < 0.5 * line.measure(rough, "hellinger")
    one = worker.sharpened(centred, 1e-5)
    assert len(one) == 2
    assert all(sharp.K == 2 for sharp in one)
    assert line.measure(one[0], "L1") < line.measure(centred, "L1")
    np.testing.assert_allclose(one[1].means, line.centre)
    other = normals([0.5, 0.5], [0.0, 1.0], [1.0, 1.0])
    assert len(polish.Polish(skewed_line(), "L1").sharpened(other, 1e-3)) == 1


def test_nodes_are_ten_times_as_exact_as_what_is_asked():
    assert polish.goal_of(0.5, None) == pytest.approx(0.05)
    assert polish.goal_of(0.5, 0.01) == pytest.approx(1e-3)
    assert polish.goal_of(0.001, 0.01) == pytest.approx(1e-4)
    assert polish.goal_of(1e-14, None) == pytest.approx(1e-11)
    assert polish.goal_of(0.5, 1e-12) == pytest.approx(1e-11)


class Stairs:
    """A space where only the number of components counts."""

    d, most, notes = 1, 40, ()

    def __init__(self, errors, proof=False):
        self.errors, self.proof = errors, proof

    def measure(self, mixture, norm):
        return self.errors[mixture.K]

    def can_certify(self, norm):
        return self.proof

    def start(self):
        return normals([1.0], [0.0], [1.0])

    def nodes(self, mixture, goal):
        x = np.linspace(-3, 3, 61)[:, None]
        return Nodes(x, np.full(61, 0.1), bell(x[:, 0]))

    def gaps(self, mixture, nodes):
        return [(0.3 / (1 + k), np.array([1.0 + k]), np.eye(1)) for k in range(9)]

    def ladder(self, mixture):
        return None


class Bare:
    """A polish that leaves all as it is, and takes the first."""

    def __init__(self):
        self.calls = []

    def settled(self, firsts, goal, keep=2, rounds=8):
        self.calls.append((firsts, goal, keep, rounds))
        return firsts[0]

    def rough(self, mixture, nodes):
        return 1.0


def searching(errors, tolerance=None, most=40, proof=False):
    search = Search(Stairs(errors, proof), "L1", tolerance, most)
    search.polish = Bare()
    return search


def shown_to(seen):
    return lambda K, error: seen.append((K, error))


def test_a_search_grows_to_as_many_as_are_asked_for():
    errors, seen = {K: 1 / K for K in range(1, 30)}, []
    search = searching(errors, most=5)
    assert search.run(shown_to(seen)).K == 5
    assert sorted(search.path) == [1, 2, 3, 4, 5]
    assert seen[:5] == [(K, errors[K]) for K in range(1, 6)]
    assert searching(errors, most=1).run(shown_to([])).K == 1


def test_a_search_stops_at_the_tolerance_and_goes_back_to_as_few():
    errors = {1: 0.9, 2: 0.8, 3: 0.5, 4: 0.05, 5: 0.01}
    search = searching(errors, 0.1)
    assert search.run(shown_to([])).K == 4
    assert sorted(search.path) == [1, 2, 3, 4]
    assert searching(dict.fromkeys(range(1, 9), 0.1), 0.1).run(shown_to([])).K == 1
    short = searching(errors, 0.1, most=3)
    assert short.run(shown_to([])).K == 3
    assert short.why == "3 components were allowed"
    room = searching({1: 0.096, 2: 0.094}, 0.1, proof=True)
    assert room.tolerance == pytest.approx(0.095)
    assert room.run(shown_to([])).K == 2
    assert searching({1: 0.096}, 0.1).run(shown_to([])).K == 1


def test_a_search_without_gains_says_from_where_on():
    errors = {K: 0.9**K if K < 7 else 0.9**6 * 0.9999**K for K in range(1, 41)}
    search = searching(errors, 1e-3)
    best = search.run(shown_to([]))
    assert search.why == f"the search gained no more from {best.K} components on"
    assert 9 <= best.K <= 30
    worse = searching({K: 0.5 + 0.01 * (K > 3) for K in range(1, 41)}, 1e-3)
    assert worse.run(shown_to([])).K <= 3
    search = searching({}, 1e-3)
    for sizes, last, stalled in (
        (9, 0.981, True), (9, 0.979, False), (8, 1.0, False)
    ):  # fmt: skip
        search.path = {K: (2.0 if sizes - 6 >= K else 1.0, None) for K in range(sizes)}
        search.path[sizes - 6] = 1.0, None
        search.path[sizes - 1] = last, None
        assert search._stalled() == stalled
    search.tolerance = None
    search.path[sizes - 1] = 2.0, None
    search.path[90] = 2.0, None
    assert not search._stalled()


def test_the_best_of_each_size_is_kept():
    search, seen = searching({1: 0.5}), []
    first, second = (normals([1.0], [mean], [1.0]) for mean in (0.0, 1.0))
    assert search._note(first, shown_to(seen)) == (0.5, first)
    search.space.errors[1] = 0.7
    assert search._note(second, shown_to(seen)) == (0.5, first)
    search.space.errors[1] = 0.5
    assert search._note(second, shown_to(seen))[1] is first
    search.space.errors[1] = 0.2
    assert search._note(second, shown_to(seen)) == (0.2, second)
    assert search.path == {1: (0.2, second)}
    assert seen == [(1, 0.5), (1, 0.5), (1, 0.5), (1, 0.2)]


def test_enough_is_within_the_tolerance():
    assert searching({}, 0.1)._enough(0.1)
    assert not searching({}, 0.1)._enough(0.1001)
    assert not searching({})._enough(0.0)


def test_as_many_are_added_as_the_last_gains_say_are_missing():
    for tolerance in (None, 1e-6):
        search = searching({}, tolerance)
        more = {K: search._more(K, 0.5) for K in (1, 11, 12, 16, 31, 38, 39)}
        assert more == {1: 1, 11: 1, 12: 1, 16: 2, 31: 3, 38: 2, 39: 1}
    search = searching({}, 0.01)
    assert search._more(1, 0.5) == 1
    search.path = {4: (0.64, None), 8: (0.16, None), 9: (0.01, None)}
    assert search._more(8, 0.16) == 2  # 5.6 of the 8 that are missing; K / 3
    search.path = {20: (0.64, None), 24: (0.16, None)}
    assert search._more(24, 0.16) == 5
    search.most = 27
    assert search._more(24, 0.16) == 3
    search.path = {20: (0.16, None), 24: (0.16, None)}
    assert search._more(24, 0.16) == 1
    search.path = {20: (0.1, None), 24: (0.16, None)}
    assert search._more(24, 0.16) == 1
    fine = searching({}, 5e-6)
    fine.path = {20: (64e-5, None), 24: (16e-5, None)}
    assert fine._more(24, 16e-5) == 7


def test_a_growth_of_one_tries_gaps_and_cuts():
    search = searching({}, 0.01)
    mixture = normals(np.full(5, 0.2), [-2.0, -1, 0, 1, 2], np.ones(5))
    assert search._grown(mixture, 0.5).K == 6
    firsts, goal, keep, rounds = search.polish.calls[0]
    assert goal == pytest.approx(1e-3)
    assert (keep, rounds) == (1, 3)
    assert len(firsts) == 3 + 4
    assert {first.K for first in firsts} == {6}
    for k, first in enumerate(firsts[:3]):
        assert first.means[-1, 0] == 1 + k
    heavy = _blame(mixture, search.space.nodes(mixture, goal))
    for k, first in zip(heavy[:4], firsts[3:], strict=True):
        np.testing.assert_allclose(
            first.means[[k, 5]], mixture.means[k] + [[-0.5], [0.5]]
        )
    search.space.ladder = lambda mixture: normals([1.0], [77.0], [1.0])
    search.polish.centred = lambda ladder, goal: ladder.joined(0.5, [goal], [[1.0]])
    search._grown(mixture, 0.5)
    last = search.polish.calls[-1][0][-1]
    np.testing.assert_allclose(last.means[:, 0], [77, 1e-3])
    assert len(search.polish.calls[-1][0]) == 8


def test_a_growth_of_many_joins_or_cuts_all_at_once():
    search = searching({}, None)
    mixture = normals(np.full(24, 1 / 24), np.linspace(-3, 3, 24), np.full(24, 0.2))
    assert search._grown(mixture, 0.5).K == 27
    joined, split = search.polish.calls[0][0]
    assert joined.means[24:, 0].tolist() == [1, 2, 3]
    assert split.K == 27
    heavy = _blame(mixture, search.space.nodes(mixture, 0.05))[:3]
    moved = np.flatnonzero(split.means[:24, 0] != mixture.means[:, 0])
    assert sorted(moved) == sorted(heavy)
    assert search.polish.calls[0][2:] == (2, 8)


def test_near_the_tolerance_a_quick_polish_is_not_the_last():
    mixture = normals([1.0], [0.0], [1.0])
    for rough, calls in ((0.05, 1), (0.11, 2), (0.116, 1), (0.1, 1)):
        search = searching({}, 0.1)
        search.polish.rough = lambda mixture, nodes, error=rough: error
        assert search._settled([mixture], 0.01) is mixture
        assert [call[2:] for call in search.polish.calls] == [(1, 3), (2, 8)][:calls]
    for tolerance in (None, 1e-6):
        search = searching({}, tolerance)
        search._settled([mixture], 0.01)
        assert [call[2:] for call in search.polish.calls] == [(2, 8)]


def test_the_blame_is_the_error_under_a_component():
    mixture = normals(np.full(3, 1 / 3), [-20.0, 0.0, 20.0], np.ones(3))
    x = np.linspace(-30, 30, 1201)
    f = 0.25 * bell(x, -20) + 0.45 * bell(x) + 0.30 * bell(x, 20)
    nodes = Nodes(x[:, None], np.full(1201, 0.05), f)
    assert _blame(mixture, nodes) == [1, 0, 2]
    heavier = Nodes(x[:, None], np.where(x < -10, 0.5, 0.05), f)
    assert _blame(mixture, heavier) == [0, 1, 2]
    beyond = Nodes(np.array([[1e9]]), np.ones(1), np.ones(1))
    assert sorted(_blame(mixture, beyond)) == [0, 1, 2]


def test_one_less_is_one_dropped_or_two_neighbours_merged():
    search = searching({}, None)
    mixture = normals([0.3, 0.1, 0.2, 0.4], [0.0, 5.0, 6.0, 20.0], np.ones(4))
    ranks = {}

    def rough(fewer, nodes):
        return ranks.setdefault(tuple(fewer.means[:, 0].round(6)), len(ranks))

    search.polish.rough = rough
    search._lesser(mixture, 0.01)
    merged = {
        (6.0, 20.0, 1.25), (0.0, 20.0, 5.666667), (0.0, 5.0, 15.333333),
    }  # fmt: skip
    dropped = [(0.0, 6.0, 20.0), (0.0, 5.0, 20.0), (5.0, 6.0, 20.0)]
    assert list(ranks)[:3] == dropped
    assert set(ranks) == merged | set(dropped)
    firsts = search.polish.calls[0][0]
    assert [tuple(first.means[:, 0].round(6)) for first in firsts] == list(ranks)[:4]
    order = dict(zip(reversed(list(ranks)), range(6), strict=True))
    search.polish.rough = lambda fewer, nodes: order[tuple(fewer.means[:, 0].round(6))]
    search._lesser(mixture, 0.01)
    firsts = search.polish.calls[1][0]
    assert [order[tuple(first.means[:, 0].round(6))] for first in firsts] == [
        0,
        1,
        1,
        2,
    ]


def test_as_many_as_asked_are_moved_about_while_that_pays():
    def run(later):
        search = searching({4: 0.5, 5: 0.4}, None, most=5)
        mixture = normals(np.full(5, 0.2), np.arange(5.0), np.ones(5))
        search.path = {5: (0.4, mixture)}
        steps = iter(later)
        search.space.measure = lambda m, norm: 0.5 if m.K == 4 else next(steps)
        end = search._best_of_so_many(0.4, mixture, shown_to([]))
        assert end is search.path[5][1]
        assert search.most == 5
        return search.path[5][0], len(list(steps))

    assert run([0.3, 0.2, 0.1, 0.05]) == (0.1, 1)
    assert run([0.398, 0.2, 0.1, 0.05]) == (0.398, 3)
    assert run([0.5, 0.2, 0.1]) == (0.4, 2)
    assert run([0.3, 0.299, 0.1]) == (0.299, 1)


@pytest.mark.parametrize(
    ("error", "sharp"), [(2e-5, 0), (9e-6, 1), (2e-12, 1), (9e-13, 0)]
)
def test_tiny_errors_are_sharpened(error, sharp):
    search, asked = searching({1: error}, None, most=1), []
    end = normals([1.0], [7.0], [1.0])

    def sharpened(mixture, goal):
        asked.append(goal)
        search.space.errors[1] = error / 2
        return [end]

    search.polish.sharpened = sharpened
    found = search.run(shown_to([]))
    assert len(asked) == sharp
    assert (found is end) == bool(sharp)
    if sharp:
        assert asked[0] == pytest.approx(max(error, 1e-10) / 100)
