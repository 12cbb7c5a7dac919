"""Gaussian mixtures as arrays, and the steps that bring them nearer to a density."""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtr

import mixnotes as mx
from mixnotes.approximation import descent, polish
from mixnotes.approximation.descent import Nodes
from mixnotes.approximation.gaussians import Gaussians
from tests.gaussians import normals, pair_on_the_line, three_in_the_plane

INF = math.inf


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
