"""Chapter 11's numbers, each against something that the chapter does not use."""

import re
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, optimize, stats

import mixnotes as mx

PAGE = Path(__file__).parents[2] / "docs/chapters/11-outliers-gaps-lines.md"
LIGHT = mx.datasets.newcomb()["deviation"]


def test_newcombs_mean_becomes_27_4548_on_three_degrees_of_freedom():
    """By maximizing scipy's own density, without EM."""

    def below(theta):
        return -stats.t.logpdf(LIGHT, 3, theta[0], np.exp(theta[1])).sum()

    best = optimize.minimize(below, [27, 1.5], method="BFGS", options={"gtol": 1e-7})
    loc, scale = best.x[0], np.exp(best.x[1])
    assert f"{LIGHT.mean():.2f} {loc:.4f}" == "26.21 27.4548"
    assert f"{4 / (3 + ((-44 - loc) / scale) ** 2):.4f}" == "0.0136"
    t = mx.StudentT(df=3).fit(LIGHT)
    np.testing.assert_allclose([t.loc, t.scale], [loc, scale], rtol=1e-5)


@pytest.mark.parametrize("df", [0.7, 3, 12])
@pytest.mark.parametrize("x", [0.0, 1.3, 17.0])
def test_the_t_is_a_mixture_over_scales_and_u_has_the_mean_that_is_said(df, x):
    """Both integrals by quadrature, over the logarithm of u."""
    prior = stats.gamma(df / 2, scale=2 / df)

    def joint(v, power):  # u to this power, times the density of x and v = log u
        u = np.exp(v)
        return u**power * u * prior.pdf(u) * stats.norm.pdf(x, 0, u**-0.5)

    density, first = (
        integrate.quad(joint, -60, 5, (power,), epsabs=0, limit=500)[0]
        for power in (0, 1)
    )
    mean = first / density
    assert density == pytest.approx(stats.t.pdf(x, df), rel=1e-6)
    assert mean == pytest.approx((df + 1) / (df + x**2), rel=1e-6)


def test_the_slopes_of_the_penguins_are_those_of_least_squares():
    birds = mx.datasets.penguins()
    seen = ~np.isnan(birds["bill_length_mm"])
    x, y = birds["bill_length_mm"][seen], birds["bill_depth_mm"][seen]
    assert f"{stats.linregress(x, y).slope:.4f}" == "-0.0850"
    slopes = {}
    for kind in ("Adelie", "Gentoo", "Chinstrap"):
        mine = birds["species"][seen] == kind
        slopes[kind] = stats.linregress(x[mine], y[mine]).slope
    assert [f"{s:.2f}" for s in slopes.values()] == ["0.18", "0.20", "0.22"]


@pytest.fixture(scope="module")
def gated():
    birds = mx.datasets.penguins()
    seen = ~np.isnan(birds["bill_length_mm"])
    names = {"length": "bill_length_mm", "depth": "bill_depth_mm"}
    x = {name: birds[column][seen] for name, column in names.items()}
    line = mx.LinearRegression("depth", ["length"])
    plain = mx.em(mx.Mixture(3 * [line]), x, rng=0)
    model = mx.Mixture(3 * [line], weights=mx.Gate(["length"]))
    return x, birds["species"][seen], plain, model, mx.em(model, x, rng=0)


def test_with_a_gate_the_lines_rise_and_are_near_the_species(gated):
    """Without it one falls; no start of a hundred is better, by another seed."""
    x, species, plain, model, fit = gated
    slopes = [part.coef["length"] for part in fit.mixture.components]
    assert min(slopes) > 0
    assert min(part.coef["length"] for part in plain.mixture.components) < 0
    assert fit.bic < plain.bic - 100
    z = fit.mixture.predict(x)
    right = 0
    for kind, k in zip(np.unique(species), np.argsort(slopes)[[0, 2, 1]], strict=True):
        mine = species == kind
        right += (z[mine] == k).sum()
        own = stats.linregress(x["length"][mine], x["depth"][mine]).slope
        error = fit.standard_errors()[f"components[{k}].coef['length']"]
        assert abs(slopes[k] - own) < 2 * error
    assert right == 330
    again = mx.em(model, x, starts=100, rng=7)
    assert again.log_likelihood == pytest.approx(fit.log_likelihood, abs=1e-6)


def test_the_gated_likelihood_is_at_a_maximum_of_its_own_formula(gated):
    """Written out in numpy from the formulas of the page; no direction leads up."""
    x, _, _, _, fit = gated
    parts = fit.mixture.components
    center = x["length"] - x["length"].mean()

    def log_likelihood(theta):
        level, slope, log_sd, a, b = theta.reshape(5, 3)
        eta = a + b * center[:, None]
        gate = eta - np.logaddexp.reduce(eta, axis=1)[:, None]
        line = level + slope * center[:, None]
        log_p = stats.norm.logpdf(x["depth"][:, None], line, np.exp(log_sd))
        return np.logaddexp.reduce(gate + log_p, axis=1).sum()

    mean = x["length"].mean()
    rule = fit.mixture.weights
    slope = np.array([part.coef["length"] for part in parts])
    theta = np.concatenate(
        [
            [part.intercept for part in parts] + slope * mean,
            slope,
            np.log([part.sd for part in parts]),
            rule.intercept + rule.coef["length"] * mean,
            rule.coef["length"],
        ]
    )
    assert log_likelihood(theta) == pytest.approx(fit.log_likelihood, abs=1e-6)
    gradient = optimize.approx_fprime(theta, log_likelihood, 1e-7)
    assert abs(gradient).max() < 1e-2


def test_gaps_by_the_value_defeat_all_three_and_gaps_at_random_two():
    """On 400 repetitions, with EM in closed form (Anderson 1957)."""
    geyser = mx.datasets.faithful()
    x, y = geyser["eruptions"], geyser["waiting"]
    rng = np.random.default_rng(3)
    off = {}
    for name, may in {"MCAR": y > 0, "MAR": x > 3, "MNAR": y > 75}.items():
        draws = []
        for _ in range(400):
            gone = may & (rng.random(len(x)) < 0.8)
            slope, level = np.polyfit(x[~gone], y[~gone], 1)
            draws.append([y[~gone].mean(), level + slope * x.mean()])
        error = np.std(draws, axis=0) / 20
        off[name] = (np.mean(draws, axis=0) - y.mean(), error)
    assert (abs(off["MCAR"][0]) < 4 * off["MCAR"][1]).all()
    assert off["MAR"][0][0] < -9
    assert -0.6 < off["MAR"][0][1] < -0.2
    assert off["MNAR"][0][0] < -7
    assert off["MNAR"][0][1] < -1.5


def test_the_page_asserts_what_its_first_program_prints():
    assert '"26.21 27.4548 0.0136"' in PAGE.read_text("utf-8")
    assert len(re.findall("^!!! exercise", PAGE.read_text("utf-8"), re.M)) == 5
