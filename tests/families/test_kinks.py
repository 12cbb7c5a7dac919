"""Densities of scipy's with kinks: "converged" is a peak, at an observation or not."""

import numpy as np
import pytest
from scipy import optimize, stats

import mixnotes as mx
from mixnotes.families.kinks import held_by_one, kinks, led

pytestmark = pytest.mark.slow  # each a fit of scipy's density, or several


def gained(dist, x, filled):
    """How much higher scipy's simplex comes from where a fit ended, of four sizes."""
    names = list(filled.values)
    place = np.array([filled.values[name] for name in names])
    units = np.maximum(np.abs(place), 0.1)

    def loss(u):
        with np.errstate(all="ignore"):
            logs = dist.logpdf(x, **dict(zip(names, place + u * units, strict=True)))
        total = float(logs.sum())
        return -total if np.isfinite(total) else 1e10

    best = here = loss(np.zeros(len(place)))
    for size in (1e-6, 1e-5, 1e-4, 1e-3):
        corners = np.vstack([np.zeros(len(place)), size * np.eye(len(place))])
        found = optimize.minimize(
            loss, np.zeros(len(place)), method="Nelder-Mead",
            options={"initial_simplex": corners, "maxfev": 1500, "xatol": 1e-10,
                     "fatol": 1e-10},
        )  # fmt: skip
        best = min(best, found.fun)
    return here - best


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("dist", "truth"),
    [
        (stats.triang, (0.3, 1, 4)),
        (stats.trapezoid, (0.2, 0.7, 0, 5)),
        (stats.laplace_asymmetric, (1.5, 0, 2)),
        (stats.laplace, (1, 2)),
    ],
    ids=lambda v: getattr(v, "name", ""),
)
def test_a_simplex_gains_nothing_where_a_density_with_kinks_has_converged(
    dist, truth, seed
):
    r = np.random.default_rng(seed)
    x = dist.rvs(*truth, size=int(r.integers(20, 150)), random_state=r)
    fit = mx.em(mx.Mixture([mx.from_scipy(dist)]), x, starts=1)
    assert fit.converged
    assert gained(dist, x, fit.mixture.components[0]) < 1e-6


def test_the_mode_of_a_triangle_on_a_known_support_is_at_the_best_observation():
    """With loc and scale known every peak is at an observation (Oliver 1972), so the
    highest is found by trying all."""
    x = stats.triang.rvs(0.3, size=60, random_state=2)
    best = max(stats.triang.logpdf(x, c).sum() for c in x)
    fit = mx.em(mx.Mixture([mx.from_scipy(stats.triang, loc=0, scale=1)]), x)
    assert fit.converged
    assert fit.log_likelihood == pytest.approx(best, abs=1e-6)


def test_a_mode_that_stands_at_the_edge_moves_inwards():
    """Its first guess is c = 1, from which no slope leads to the peak at 0.3."""
    x = stats.triang.rvs(0.3, 1, 4, size=100, random_state=np.random.default_rng(0))
    fit = mx.em(mx.Mixture([mx.from_scipy(stats.triang)]), x, starts=1)
    assert fit.log_likelihood > stats.triang.logpdf(x, 0.3, 1, 4).sum()
    assert 0.1 < fit.mixture.components[0].c < 0.6


def test_a_triangle_over_a_known_normal_ends_at_a_peak():
    r = np.random.default_rng(7)
    x = np.r_[stats.triang.rvs(0.4, 0, 3, size=80, random_state=r), r.normal(8, 1, 40)]
    model = mx.Mixture([mx.from_scipy(stats.triang, loc=0, scale=3), mx.Normal(8, 1)])
    fit = mx.em(model, x, starts=2)
    assert fit.converged
    c, weight = fit.mixture.components[0].c, fit.mixture.weights[0]

    def height(u):
        parts = weight * np.exp(stats.triang.logpdf(x, c + u, 0, 3))
        return np.log(parts + (1 - weight) * stats.norm.pdf(x, 8, 1)).sum()

    assert max(map(height, np.linspace(-0.02, 0.02, 401))) < fit.log_likelihood + 1e-6


@pytest.mark.parametrize(
    ("dist", "values", "places"),
    [
        (stats.triang, (0.3, 1, 4), [2.2]),
        (stats.trapezoid, (0.2, 0.7, 0, 5), [1.0, 3.5]),
        (stats.laplace, (1, 2), [1.0]),
        (stats.laplace_asymmetric, (1.5, -2, 1), [-2.0]),
        (stats.norm, (1, 2), []),
        (stats.genextreme, (0.3, 0, 1), []),
        (stats.gamma, (1.5, 0, 2), []),
        (stats.beta, (1.2, 0.8, -1, 9), []),
        (stats.t, (1.2, 3, 0.1), []),
        (stats.genpareto, (0.2, 0, 1), []),
    ],
    ids=lambda v: getattr(v, "name", ""),
)
@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_kinks_are_found_where_they_are_and_nowhere_else(dist, values, places, unit):
    frozen = dist(*values[:-2], loc=values[-2] * unit, scale=values[-1] * unit)
    low, high = np.clip(frozen.support(), -9 * unit, 9 * unit)
    seen = kinks(frozen.logpdf, float(low), float(high))
    assert seen == pytest.approx([p * unit for p in places], abs=1e-7 * unit)


# ------------------------------------------------------------- the reader's own density


def two_sided(x, loc, scale):
    """Of Laplace."""
    return -np.abs(x - loc) / scale - np.log(2 * scale)


def tent(x, c):
    """Of a triangle on (0, 1) with its mode at c."""
    return np.log(2) + np.where(x < c, np.log(x / c), np.log((1 - x) / (1 - c)))


def hat(x, low, share, width):
    """Of a triangle whose mode no parameter is."""
    with np.errstate(all="ignore"):
        z = (x - low) / width
        return np.where((z > 0) & (z < 1), tent(z, share), -np.inf) - np.log(width)


@pytest.mark.parametrize("seed", range(4))
def test_a_custom_density_with_a_kink_is_fitted_as_the_family_that_it_is(seed):
    r = np.random.default_rng(seed)
    x = np.concatenate([r.laplace(0, 1, 100), r.laplace(6, 1, 100)])
    own = mx.Custom(two_sided, {"loc": (-np.inf, np.inf), "scale": (0, np.inf)})
    fit = mx.em(mx.Mixture(2 * [own]), x, starts=2)
    twin = mx.em(mx.Mixture(2 * [mx.Laplace()]), x)
    assert fit.converged
    assert fit.log_likelihood == pytest.approx(twin.log_likelihood, abs=1e-9)
    assert "a move that no step of EM makes" in fit.reason


@pytest.mark.parametrize("seed", range(4))
def test_the_mode_of_a_custom_triangle_is_at_the_best_observation(seed):
    """Every peak is at an observation (Oliver 1972)."""
    x = stats.triang.rvs(0.3, size=60, random_state=seed)
    best = max(stats.triang.logpdf(x, c).sum() for c in x)
    fit = mx.em(mx.Mixture([mx.Custom(tent, {"c": (0, 1)}, support=(0, 1))]), x)
    assert fit.converged
    assert fit.log_likelihood == pytest.approx(best, abs=1e-7)


def test_a_kink_that_no_single_parameter_is_ends_at_a_peak_too():
    x = stats.triang.rvs(0.4, 1, 4, size=80, random_state=3)
    bounds = {"low": (-np.inf, np.inf), "share": (0, 1), "width": (0, np.inf)}
    own = mx.Custom(hat, bounds, guess={"low": 0.9, "share": 0.5, "width": 4.2})
    fit = mx.em(mx.Mixture([own]), x, starts=1)
    twin = mx.em(mx.Mixture([mx.from_scipy(stats.triang)]), x, starts=1)
    assert fit.log_likelihood > twin.log_likelihood - 0.01


def test_a_kink_is_led_by_the_parameters_that_move_it():
    """One that is the mode itself, and a sum of two; along a curve it is not led."""
    free = (-np.inf, np.inf)

    def summed(x, a, b, scale):
        return two_sided(x, a + 2 * b, scale)

    def bent(x, a, scale):
        return two_sided(x, a + 5 * a**3, scale)

    known = mx.Custom(
        two_sided, {"loc": free, "scale": (0, np.inf)}, loc=1.0, scale=2.0
    )
    assert led(known, 1.0, 10.0)[:2] == (1.0, {"loc": 1})
    bounds = {"a": free, "b": free, "scale": (0, np.inf)}
    pin = led(mx.Custom(summed, bounds, a=1.0, b=0.5, scale=2.0), 2.0, 10.0)
    assert pin.slopes == {"a": 1, "b": 2}
    names, settle = held_by_one(("a", "b"), (pin._replace(at=3.0),))
    assert names == ("b",)
    assert settle({"a": 0.0, "b": 0.5, "scale": 1.0})["b"] == pytest.approx(1.5)
    curve = mx.Custom(bent, {"a": free, "scale": (0, np.inf)}, a=1.0, scale=2.0)
    assert led(curve, 6.0, 10.0) is None
