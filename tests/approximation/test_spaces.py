"""The line, the plane, and the proofs of errors on the line."""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtr

import mixnotes as mx
from mixnotes.approximation import certificate
from mixnotes.approximation.descent import Nodes
from mixnotes.approximation.gaussians import Gaussians
from mixnotes.approximation.line import Line
from mixnotes.approximation.panels import as_target
from mixnotes.approximation.plane import Plane, _function_of_rows, is_plane
from tests.gaussians import bell, normals, pair_on_the_line, three_in_the_plane

INF = math.inf


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


def test_the_mass_of_a_gap_is_that_between_two_crossings():
    line = Line(as_target(mx.Normal(0.0, 1.0)))
    g = normals([1.0], [0.0], [1.0])
    x = np.linspace(-3.0, 3.0, 13).reshape(-1, 1)
    lacks = np.array([-1, -1, 2, 4, 2, -3, -3, -3, 5, 6, 5, 5, -1]) / 100
    nodes = Nodes(x, np.ones(13), g.density(x) + lacks)
    gaps = line.gaps(g, nodes)
    assert [round(mass, 12) for mass, _, _ in gaps] == [0.21, 0.08]
    middles = [float(middle[0]) for _, middle, _ in gaps]
    assert 1.0 < middles[0] < 2.5
    assert -2.0 < middles[1] < -1.0
