"""A certified error is never below the true one, and little above it."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtr

import mixnotes as mx
from mixnotes.approximation import certificate
from mixnotes.approximation.certificate import certify
from mixnotes.approximation.forms import _PEAKS
from mixnotes.approximation.gaussians import Gaussians
from mixnotes.approximation.panels import as_target


def gaussians(weights, means, sds):
    weights, means, sds = map(np.asarray, (weights, means, sds))
    return Gaussians(np.log(weights), means[:, None] * 1.0, sds[:, None, None] * 1.0)


def random_gaussians(rng, centre, scale):
    K = int(rng.integers(1, 7))
    means = centre + 2 * scale * rng.normal(size=K)
    sds = scale * 10 ** rng.uniform(-2, 0.5, size=K)
    return gaussians(rng.dirichlet(np.ones(K)), means, sds)


def rises(cdf, normals, x):
    """How much F - G rises from each x to the next, by scipy."""
    z = (x[:, None] - normals.means[:, 0]) / normals.sds
    with np.errstate(over="ignore"):
        return np.diff(cdf(x) - ndtr(z) @ normals.weights)


def true_error(cdf, normals, low, high, n=60_001):
    """The L1 error: the variation of F - G, on a fine grid, so never above it."""
    z = np.linspace(-9, 9, 601)
    around = (normals.means + normals.sds[:, None] * z).ravel()
    x = np.unique(np.concatenate([np.linspace(low, high, n), around]))
    x = np.concatenate([[-1e9], x, [1e9]])
    return np.abs(rises(cdf, normals, x)).sum()


TARGETS = {
    "uniform": stats.uniform(1, 3),
    "exponential": stats.expon(scale=2),
    "Laplace": stats.laplace(-1, 0.5),
    "logistic": stats.logistic,
    "Gumbel": stats.gumbel_r,
    "triangle": stats.triang(0.3),
    "gamma": stats.gamma(2.5),
    "Weibull": stats.weibull_min(1.5),
    "beta": stats.beta(2, 3),
    "t": stats.t(8),
    "log-normal": stats.lognorm(0.5),
}


@pytest.mark.parametrize("name", TARGETS)
def test_no_certificate_is_below_the_error(name):
    """The bounds on the variation are the package's own, for mixtures of all sorts."""
    dist = TARGETS[name]
    target, rng = as_target(dist), np.random.default_rng(0)
    low, high = dist.ppf([1e-12, 1 - 1e-12])
    seen = 0
    for sharp in (0.1, 0.01, 0.003):
        for _ in range(6):
            normals = random_gaussians(rng, dist.median(), dist.std())
            bound = certify(target, normals, sharp)
            if bound is None:
                continue
            error = true_error(dist.cdf, normals, low, high)
            assert error - 1e-9 <= bound <= error + 1.2 * sharp + 1e-3
            seen += 1
    assert seen >= 10


@pytest.mark.parametrize("sharp", [0.1, 1e-3, 1e-6])
def test_the_curvature_certifies_sharply(sharp):
    """N(0, 1) and N(a, 1) are 2 (2 Phi(a / 2) - 1) apart: a closed form."""
    known = mx.Normal(0, 1)
    target = as_target(known)
    for a in (0.0, 0.01, 0.5, 3.0):
        bound = certify(target, gaussians([1], [a], [1]), sharp)
        exact = 2 * (2 * ndtr(a / 2) - 1)
        assert exact - 1e-15 <= bound <= exact + 1.1 * sharp


@pytest.mark.parametrize("sharp", [0.1, 0.01, 1e-3])
def test_mixtures_that_cross_often_are_bounded_by_both_routes(sharp):
    rng = np.random.default_rng(1)
    for _ in range(4):
        f = random_gaussians(rng, 0.0, 1.0)
        g = random_gaussians(rng, 0.0, 1.0)
        target = as_target(f.mixture())
        error = true_error(target.cdf, g, -30, 30)
        for known in ("variation", "curvature"):
            other = {"variation": "curvature", "curvature": "variation"}[known]
            part = as_target(
                target.pdf,
                cdf=f.cdf,
                **{known: getattr(as_target(f.mixture()), known)},
            )
            assert getattr(part, other) is None
            bound = certify(part, g, sharp)
            assert bound is None or error - 1e-9 <= bound <= error + 1.2 * sharp + 1e-3


def test_the_constant_of_the_straight_line_is_an_eighth():
    """The integrals of Peano's kernel over the three cells in reach, h = 1."""
    x = (np.arange(2000) + 0.5) / 2000 - 0.5

    def reach(t):
        ends = np.maximum(np.array([-1.5, -0.5, 0.5, 1.5]) - t, 0) ** 2 / 2
        left, middle, right = np.diff(ends)  # averages of max(y - t, 0)
        kernel = np.maximum(x - t, 0) - middle - x * (right - left) / 2
        return np.abs(kernel).mean()

    sums = [sum(reach(t + i) for i in (-1, 0, 1)) for t in np.linspace(-0.5, 0.5, 101)]
    assert max(sums) == pytest.approx(1 / 8, abs=1e-6)
    assert reach(1.6) == pytest.approx(0, abs=1e-12)
    assert reach(-1.6) == pytest.approx(0, abs=1e-12)


def test_a_cell_hides_no_more_than_half_its_width_times_the_variation():
    """The lemma of the certificate, on steps of both signs; it is nearly reached."""
    rng = np.random.default_rng(2)
    worst = 0.0
    for _ in range(2000):
        u = rng.normal(size=int(rng.integers(1, 6)))
        widths = rng.dirichlet(np.ones(len(u)))
        hidden = widths @ np.abs(u) - abs(widths @ u)
        variation = np.abs(np.diff(u)).sum()
        assert hidden <= variation / 2 + 1e-12
        worst = max(worst, hidden / variation if variation else 0)
    assert worst > 0.47


def wiggly(x):
    """Uniform on (0, 1) but for a wave that quadrature could alias, of mean 0."""
    return np.where((x >= 0) & (x <= 1), 1 + 0.5 * np.sin(2 * np.pi * 50 * x), 0.0)


def wiggly_cdf(x):
    x = np.clip(x, 0, 1)
    return x + 0.5 * (1 - np.cos(2 * np.pi * 50 * x)) / (2 * np.pi * 50)


def test_a_wave_between_the_nodes_is_in_the_certificate():
    """Its variation is 50 rises and 100 half-falls of 1, and two jumps of 1."""
    a = mx.approximate(
        wiggly, components=1, support=(0, 1), cdf=wiggly_cdf, variation=102.0
    )
    assert a.kind == "certified"
    (part,) = a.mixture.components
    normals = gaussians([1], [part.mean], [part.sd])
    error = true_error(wiggly_cdf, normals, 0, 1)
    assert error <= a.error <= 1.1 * error


def test_a_spike_that_nodes_miss_contradicts_the_distribution_function():
    """The density hides a hundredth in a width of 1e-12."""

    def cdf(x):
        return 0.99 * ndtr(x) + 0.01 * ndtr((x - 0.123456) / 1e-12)

    with pytest.raises(ValueError, match="cdf must be the integral of the density"):
        mx.approximate(normal, 0.1, cdf=cdf)


def normal(x):
    return np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)


def test_a_proof_needs_both_a_distribution_function_and_a_bound():
    ask = {"components": 2}
    assert mx.approximate(normal, **ask).kind == "measured"
    assert mx.approximate(normal, cdf=ndtr, **ask).kind == "measured"
    assert mx.approximate(normal, variation=0.8, **ask).kind == "measured"


def test_what_is_certified_keeps_the_measured_error_beside_it():
    a = mx.approximate(stats.gumbel_r, tolerance=0.02)
    assert a.kind == "certified"
    assert a.measured <= a.error <= 0.02
    assert a.error == pytest.approx(a.measured, rel=0.1)


def test_only_l1_is_certified():
    a = mx.approximate(stats.gumbel_r, tolerance=0.05, norm="hellinger")
    assert a.kind == "measured"
    assert a.error == a.measured


def test_a_variation_that_is_too_small_is_told():
    with pytest.raises(ValueError, match="variation must be a bound from above"):
        mx.approximate(normal, 0.1, cdf=ndtr, variation=0.7)
    with pytest.raises(ValueError, match="curvature must be a bound from above"):
        mx.approximate(normal, 0.1, cdf=ndtr, curvature=0.9)
    with pytest.raises(ValueError, match="curvature must be left out where the dens"):
        mx.approximate(
            lambda x: np.exp(-x) * (x >= 0), 0.1, support=(0, np.inf), curvature=5.0
        )


def test_bounds_of_an_unnormalised_density_are_its_own():
    """Twice the density, twice the variation: the same certificate."""
    one = mx.approximate(normal, components=1, cdf=ndtr, variation=0.8)
    two = mx.approximate(
        lambda x: 2 * normal(x), components=1, cdf=lambda x: 2 * ndtr(x), variation=1.6
    )
    assert two.notes == ("the density integrates to 2; it was divided by that",)
    assert two.distance(one.mixture) == pytest.approx(one.measured, abs=1e-12)
    target = as_target(lambda x: 2 * normal(x), cdf=ndtr, variation=1.6)
    assert target.variation == pytest.approx(0.8, rel=1e-5)
    assert target.variation >= 0.8


def test_a_grid_has_the_variation_of_its_straight_lines():
    x, f = np.array([0.0, 1.0, 2.0, 4.0]), np.array([1.0, 3.0, 0.0, 2.0])
    target = as_target((x, f))
    area = 2 + 1.5 + 2
    assert target.variation == pytest.approx((1 + 2 + 3 + 2 + 2) / area, rel=1e-5)
    a = mx.approximate((x, f), tolerance=0.1)
    assert a.kind == "certified"
    w, c = a.mixture.weights, a.mixture.components
    normals = gaussians(w, [p.mean for p in c], [p.sd for p in c])
    assert true_error(target.cdf, normals, 0, 4) <= a.error <= 0.1


@pytest.mark.parametrize("density", [stats.norm, mx.Normal(0, 1)])
def test_a_cut_adds_jumps_and_takes_away_no_proof(density):
    """The normal between 0 and 1: up by .3989, down to .2420, down to 0, over .3413."""
    target = as_target(density, support=(0, 1))
    height, mass = normal(0), ndtr(1) - ndtr(0)
    assert [jump.place for jump in target.jumps] == [0, 1]
    assert target.variation == pytest.approx(2 * height / mass, rel=1e-5)
    assert target.curvature is None
    a = mx.approximate(density, tolerance=0.1, support=(0, 1))
    assert a.kind == "certified"
    w, c = a.mixture.weights, a.mixture.components
    normals = gaussians(w, [p.mean for p in c], [p.sd for p in c])
    assert true_error(target.cdf, normals, 0, 1) <= a.error <= 0.1


SHAPES = {
    "beta": (2.0, 3.5),
    "gamma": (1.0,),
    "invgamma": (3.0,),
    "lognorm": (0.9,),
    "t": (4.0,),
    "triang": (0.2,),
    "weibull_min": (1.7,),
}


@pytest.mark.parametrize("name", _PEAKS)
def test_one_peak_is_where_it_is_said_to_be(name):
    """The variation claimed for scipy's family is that of the density on a grid."""
    dist = getattr(stats, name)(*SHAPES.get(name, ()), loc=3, scale=0.5)
    x = dist.ppf(np.linspace(0, 1, 20_001)[1:-1])
    seen = np.abs(np.diff(dist.pdf(x), prepend=0, append=0)).sum()
    claimed = as_target(dist).variation
    assert seen <= claimed <= 1.001 * seen


@pytest.mark.parametrize(("name", "shapes"), [("gamma", (0.5,)), ("beta", (0.5, 2))])
def test_a_pole_has_no_variation(name, shapes):
    assert as_target(getattr(stats, name)(*shapes)).variation is None


@pytest.mark.parametrize("known", ["variation", "curvature"])
def test_a_certificate_counts_the_tails_in_full(monkeypatch, known):
    part = as_target(mx.Normal(0.0, 1.0))
    target = as_target(part.pdf, cdf=part.cdf, **{known: getattr(part, known)})
    g, bounds = gaussians([1], [0.1], [1]), []
    for tails in (0.0, 0.25):
        monkeypatch.setattr(
            certificate,
            "_rises",
            lambda target, mixture, edges, tails=tails: (
                np.zeros(len(edges) - 1),
                tails,
            ),
        )
        bounds.append(certificate.certify(target, g, 0.01))
    assert bounds[1] - bounds[0] == pytest.approx(0.25, abs=1e-12)
    assert 0 < bounds[0] <= 0.01
