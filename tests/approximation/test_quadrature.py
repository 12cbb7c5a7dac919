"""Quadrature, breaks of densities and distances: against exact integrals, closed
forms and brute force."""

import math

import numpy as np
import pytest
from numpy.polynomial import legendre
from scipy import stats
from scipy.special import ndtr, rel_entr

import mixnotes as mx
from mixnotes.approximation import breaks, distance, quadrature
from mixnotes.approximation.panels import as_target
from mixnotes.approximation.target import Jump, Target
from tests.gaussians import bell, normals, pair_on_the_line

INF = math.inf


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


SUP = {
    "uniform": (stats.uniform(0, 1), {0: (0, 1), 1: (1, 0)}),
    "exponential": (stats.expon, {0: (0, 1)}),
    "triangle": (stats.triang(0.5, -1, 2), {}),
    "Laplace": (stats.laplace, {}),
    "logistic": (stats.logistic, {}),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SUP)
def test_the_largest_gap_is_that_of_brute_force(name):
    """Between nodes, on components far narrower than the rest, and just beside a jump:
    a grid of 2,000,001 points, 4,001 about each component, and one-sided limits."""
    law, limits = SUP[name]
    target = as_target(law, None, None, None, None)
    rng = np.random.default_rng(3)
    for K in (1, 2, 5, 12):
        weights = rng.dirichlet(np.ones(K))
        means = law.ppf(rng.uniform(0.01, 0.99, size=K))
        sds = law.std() * 10 ** rng.uniform(-2.5, 0, size=K)
        mixture = normals(weights, means, sds)
        around = means[:, None] + sds[:, None] * np.linspace(-8, 8, 4001)
        ends = law.mean() + law.std() * np.array([-15, 15])
        x = np.unique(np.append(np.linspace(*ends, 2_000_001), around))
        x = x[~np.isin(x, list(limits))]
        g = sum(w * bell(x, m, s) for w, m, s in zip(weights, means, sds, strict=True))
        exact = np.abs(g - law.pdf(x)).max()
        for place, sides in limits.items():
            g = sum(
                w * bell(place, m, s)
                for w, m, s in zip(weights, means, sds, strict=True)
            )
            exact = max(exact, *(abs(g - side) for side in sides))
        found = distance.measure(target, mixture, "sup")
        assert found == pytest.approx(exact, rel=1e-6), K
