"""Chapter 16 against the Fokker-Planck equation on a grid, quadrature and draws."""

from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, linalg, stats

import mixnotes as mx
from tests.book import chains

ran = partial(chains.ran, "16-diffusion")


@pytest.fixture(scope="module")
def line():
    """The smallest example."""
    return ran("paths = [x]")


@pytest.fixture(scope="module")
def plane():
    """Ring and banana."""
    return ran("models = {")


def diffused(p, side, t):
    """The solution at t of dp/dt = div(x p) + laplacian p on a square grid, by the
    method of lines with central differences: nothing of it knows of mixtures."""
    h = side[1] - side[0]
    x, y = np.meshgrid(side, side, indexing="ij")
    steps = int(np.ceil(t / (0.2 * h**2)))

    def rate(p):
        q = np.pad(p, 1)
        laplacian = q[2:, 1:-1] + q[:-2, 1:-1] + q[1:-1, 2:] + q[1:-1, :-2] - 4 * p
        fx, fy = np.pad(x * p, 1), np.pad(y * p, 1)
        drift = fx[2:, 1:-1] - fx[:-2, 1:-1] + fy[1:-1, 2:] - fy[1:-1, :-2]
        return laplacian / h**2 + drift / (2 * h)

    for _ in range(steps):
        half = p + t / steps / 2 * rate(p)
        p = p + t / steps * rate(half)
    return p


@pytest.mark.parametrize("name", ["ring", "banana"])
def test_density_and_score_are_those_of_the_fokker_planck_equation(plane, name):
    """Of the ring and the banana, after a time of 0.2."""
    model = plane["models"][name]
    side = np.linspace(-4.5, 4.5, 151)
    h = side[1] - side[0]
    dots = np.stack(np.meshgrid(side, side, indexing="ij"), axis=-1).reshape(-1, 2)

    def density(t):
        log_joint = plane["parts"](dots, t, *model)[0]
        return np.exp(log_joint).sum(axis=1).reshape(151, 151)

    solved = diffused(density(0), side, 0.2)
    assert density(0.2).sum() * h**2 == pytest.approx(1, abs=1e-6)
    assert abs(solved - density(0.2)).sum() * h**2 < 5e-3
    slopes = np.stack(np.gradient(np.log(solved.clip(1e-300)), h), axis=-1)
    score = plane["score"](dots, 0.2, model).reshape(151, 151, 2)
    inside = density(0.2) > 0.01
    assert inside.sum() > 1000
    assert abs(slopes - score)[inside].max() < 0.1
    assert abs(slopes - score)[inside].mean() < 0.01


def backwards_on_a_grid(line, x, times, pull):
    """What the noisy way makes of N(0, 1): its own Fokker-Planck equation, with the
    drift x + pull * score, solved implicitly. pull is 2 in the chapter."""
    h = x[1] - x[0]
    between = (x[1:] + x[:-1]) / 2
    q = stats.norm.pdf(x)
    for t, then in pairwise(times):
        drift = between + pull * line["score"](between, max(then, 1e-9))
        up, down = drift / 2 - 1 / h, drift / 2 + 1 / h  # flux: up q[i+1] + down q[i]
        bands = np.zeros((3, len(x)))
        scale = (t - then) / h
        bands[1] = 1
        bands[1, :-1] += scale * down
        bands[1, 1:] -= scale * up
        bands[0, 1:] = scale * up
        bands[2, :-1] = -scale * down
        q = linalg.solve_banded((1, 1), bands, q)
    return q


def test_the_noisy_way_back_ends_in_the_data_by_its_own_equation(line):
    """From fog to the two peaks; with the score taken three times it does not."""
    x = np.linspace(-5, 5, 801)
    h = x[1] - x[0]
    times = 4 * np.linspace(1, 0, 1501) ** 3
    wanted = np.exp(line["after"](0).log_prob(x))
    made = backwards_on_a_grid(line, x, times, pull=2)
    assert made.sum() * h == pytest.approx(1, abs=1e-6)
    assert abs(made - wanted).sum() * h < 0.02
    assert abs(backwards_on_a_grid(line, x, times, pull=3) - wanted).sum() * h > 0.2


def test_dots_that_wander_have_the_density_of_the_grid(line, plane):
    """40,000 of them in one dimension, in bins, against the implicit solution."""
    rng = np.random.default_rng(3)
    times = 4 * np.linspace(1, 0, 201) ** 3
    dots = plane["wander"](rng.normal(size=40_000), times, line["score"], rng)
    x = np.linspace(-5, 5, 801)
    h = x[1] - x[0]
    made = backwards_on_a_grid(line, x, 4 * np.linspace(1, 0, 1501) ** 3, pull=2)
    edges = np.linspace(-3, 3, 21)
    total = np.concatenate([[0], np.cumsum(made) * h])
    at = np.interp(edges, np.concatenate([x - h / 2, [x[-1] + h / 2]]), total)
    seen = np.histogram(dots, edges)[0] / 40_000
    assert abs(seen - np.diff(at)).sum() < 0.04


def test_the_flow_makes_ring_and_banana_below_two_hundredths(plane):
    """And nearer still with more steps, a finer grid and a longer film."""
    for name in ("ring", "banana"):
        assert plane["errors"][name] < 0.02
    model = plane["models"]["banana"]
    side = np.linspace(-3.6, 3.6, 145)
    fine = np.stack(np.meshgrid(side, side, indexing="ij"), axis=-1).reshape(-1, 2)
    times = 5 * np.linspace(1, 0, 121) ** 3
    y = plane["follow"](fine, times[::-1], lambda x, t: plane["score"](x, t, model))
    h = side[1] - side[0]
    across, up = np.gradient(y.reshape(145, 145, 2), h, axis=(0, 1))
    area = across[..., 0] * up[..., 1] - across[..., 1] * up[..., 0]
    made = stats.norm.pdf(y).prod(axis=1) * abs(area).ravel()
    wanted = np.exp(plane["parts"](fine, 0, *model)[0]).sum(axis=1)
    error = abs(made - wanted).sum() * h**2
    assert error < 0.003 < plane["errors"]["banana"]


@pytest.mark.parametrize("name", ["ring", "banana"])
def test_the_flow_brings_fog_to_the_solution_on_the_grid(plane, name):
    """Back to a time of 0.2, where the Fokker-Planck equation was solved forwards;
    with a score of half the size it does not."""
    model = plane["models"][name]
    side = np.linspace(-4.5, 4.5, 151)
    h = side[1] - side[0]
    dots = np.stack(np.meshgrid(side, side, indexing="ij"), axis=-1).reshape(-1, 2)
    begin = np.exp(plane["parts"](dots, 0, *model)[0]).sum(axis=1)
    solved = diffused(begin.reshape(151, 151), side, 0.2)
    times = 0.2 + 4.8 * np.linspace(0, 1, 121) ** 3

    def far(share):
        y = plane["follow"](
            dots, times, lambda x, t: share * plane["score"](x, t, model)
        )
        across, up = np.gradient(y.reshape(151, 151, 2), h, axis=(0, 1))
        area = across[..., 0] * up[..., 1] - across[..., 1] * up[..., 0]
        made = stats.norm.pdf(y).prod(axis=1) * abs(area).ravel()
        return abs(made - solved.ravel()).sum() * h**2

    assert far(1) < 0.02
    assert far(0.5) > 0.2


@pytest.mark.parametrize("name", ["ring", "banana"])
def test_dots_of_the_flow_fall_as_the_density_says(plane, name):
    """100,000 of them, in columns and in rows, to the scatter of as many draws."""
    model = plane["models"][name]
    fog = np.random.default_rng(4).normal(size=(100_000, 2))
    dots = plane["follow"](
        fog, plane["times"], lambda x, t: plane["score"](x, t, model)
    )
    edges = np.linspace(-3.6, 3.6, 25)
    for axis in (0, 1):
        parts = [mx.Normal(m, 0.25) for m in model[0][:, axis]]
        wanted = np.diff(mx.Mixture(parts, model[1]).cdf(edges))
        seen = np.histogram(dots[:, axis], edges)[0] / 100_000
        assert abs(seen - wanted).sum() < 0.02


def test_tweedie_holds_for_what_is_no_mixture():
    """A uniform number: the posterior mean by quadrature, and by the score of p_t."""
    a = np.exp(-0.3)
    s = (1 - a**2) ** 0.5

    def moment(x, power):
        def inner(u):
            return u**power * stats.norm.pdf(x, a * u, s)

        return integrate.quad(inner, -1, 1, epsabs=1e-12)[0] / 2

    for x in (-1.2, 0.1, 0.9):
        h = 1e-4
        slope = (np.log(moment(x + h, 0)) - np.log(moment(x - h, 0))) / (2 * h)
        mean = moment(x, 1) / moment(x, 0)
        assert (x + s**2 * slope) / a == pytest.approx(mean, abs=1e-6)


def test_a_score_of_four_times_as_many_draws_is_about_twice_as_near(plane):
    found = []
    for n in (500, 2000, 8000):
        data = plane["draw"](n)
        fit = mx.em(mx.gaussian_mixture(24, covariance="EII"), data, starts=2)
        means = np.array([c.mean for c in fit.mixture.components])
        sd = fit.mixture.components[0].cov[0, 0] ** 0.5
        found.append(
            plane["l1"](
                plane["truth"]((means, fit.mixture.weights, sd)), plane["target"]
            )
        )
    assert 1.5 < found[0] / found[1] < 2.6
    assert 1.5 < found[1] / found[2] < 2.6


def test_a_regression_on_four_times_as_many_draws_gains_less(plane):
    """A hundred waves cannot make every score."""
    data, waves, times = plane["draw"](8000), plane["waves"], plane["times"]
    rng, learned = np.random.default_rng(6), {}
    for t in times[:-1]:
        epsilon, noise = rng.normal(size=data.shape), np.sqrt(1 - np.exp(-2 * t))
        seen = waves(np.exp(-t) * data + noise * epsilon)
        square = seen.T @ seen + 1e-3 * len(data) * np.eye(103)
        learned[t] = linalg.solve(square, seen.T @ epsilon)

    def score(x, t):
        t = max(t, times[-2])
        return -waves(x) @ learned[t] / np.sqrt(1 - np.exp(-2 * t))

    error = plane["l1"](plane["made"](times, score), plane["target"])
    assert 0.65 < error / plane["errors"]["regression"] < 1


def test_learned_scores_are_worse_and_the_flow_adds_little(plane):
    errors = plane["errors"]
    for name in ("EM", "regression"):
        assert 10 * errors["ring"] < errors[name] < 0.3
    assert abs(errors["EM"] - plane["itself"]) < 0.01


def test_needles_have_the_lowest_training_loss_and_copy(plane):
    """No other score does better on the draws that it was trained on."""
    few, needles, loss = plane["few"], plane["needles"], plane["loss"]
    ring = plane["models"]["ring"]
    for t in (0.02, 0.1, 0.5):
        assert loss(few, needles, t) < loss(few, ring, t)
        assert loss(plane["other"], needles, t) > loss(plane["other"], ring, t)
    assert plane["nearest"](plane["back"]) < 0.02 < plane["nearest"](plane["other"])
