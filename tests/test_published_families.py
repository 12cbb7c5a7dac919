"""Published and independently recomputed maxima of mixtures that are not normal.

As in test_published: data that may not be shipped are read from ../shared where it is
there. Each value stands in its cases.json with its source.
"""

from pathlib import Path

import numpy as np
import pytest

import mixnotes as mx

SHARED = Path(__file__).parents[2] / "shared/data"
FAITHFUL = mx.datasets.faithful()


def shared(name, column=0):
    path = SHARED / name
    if not path.exists():
        pytest.skip("no ../shared here")
    return np.loadtxt(path, delimiter=",", skiprows=1, ndmin=2)[:, column]


def test_two_gammas_on_the_waiting_times():
    """mixtools' gammamixEM ends at -1033.05821249; the case's value is 2e-6 lower."""
    fit = mx.em(mx.Mixture(2 * [mx.Gamma()]), FAITHFUL["waiting"])
    first, second = fit.mixture.components
    assert fit.converged, fit.reason
    assert fit.log_likelihood == pytest.approx(-1033.05821447, abs=1e-5)
    assert fit.log_likelihood >= -1033.05821249
    np.testing.assert_allclose(
        fit.mixture.weights, [0.370913865, 0.629086135], rtol=1e-4
    )
    assert first.shape == pytest.approx(79.7042122617, rel=1e-4)
    assert second.shape == pytest.approx(199.653603108, rel=1e-3)
    assert first.scale == pytest.approx(0.689668358971, rel=1e-4)
    assert second.scale == pytest.approx(0.402137038909, rel=1e-3)


def test_two_multivariate_t_on_old_faithful_of_which_one_is_normal():
    """Peel and McLachlan (2000); EMMIXskew and teigen stop at their cap of 200 degrees
    of freedom, -1129.96017, below the supremum at infinity."""
    x = np.c_[FAITHFUL["eruptions"], FAITHFUL["waiting"]]
    fit = mx.em(mx.Mixture(2 * [mx.MultivariateStudentT()]), x, starts=3)
    first, second = fit.mixture.components
    assert fit.converged, fit.reason
    assert fit.log_likelihood == pytest.approx(-1129.9386739354, abs=1e-5)
    assert first.df == pytest.approx(19.15177, rel=1e-4)
    assert second.df == np.inf
    assert fit.mixture.weights[0] == pytest.approx(0.35611989, abs=1e-5)
    assert fit.reason.endswith("; at a limit: df = inf, a normal")


def test_darwins_plants_have_heavy_tails():
    """The data of Box and Tiao (1973), by R's optim."""
    fit = mx.em(mx.Mixture([mx.StudentT()]), shared("darwin.csv"), starts=1)
    found = fit.mixture.components[0]
    assert fit.log_likelihood == pytest.approx(-74.5461805029, abs=1e-7)
    assert found.loc == pytest.approx(26.8397788615, rel=1e-5)
    assert found.scale == pytest.approx(22.695084197, rel=1e-5)
    assert found.df == pytest.approx(2.5009107902, rel=1e-5)


def test_newcombs_light_times_on_three_degrees_of_freedom():
    """The value -44 counts for .0136 of one that fits."""
    x = mx.datasets.newcomb()["deviation"]
    assert x.mean() == pytest.approx(26.21, abs=0.005)
    found = mx.StudentT(df=3).fit(x)
    assert found.loc == pytest.approx(27.4548, abs=5e-5)
    latent = (3 + 1) / (3 + ((-44 - found.loc) / found.scale) ** 2)
    assert latent == pytest.approx(0.0136, abs=5e-5)


def test_a_known_poisson_and_a_negative_binomial():
    """Simulated; scipy's direct optimisation."""
    model = mx.Mixture([mx.Poisson(2.0), mx.NegativeBinomial()])
    fit = mx.em(model, shared("sim_pois_nb.csv"), starts=3)
    found = fit.mixture.components[1]
    assert fit.log_likelihood == pytest.approx(-9267.58202484973, abs=1e-6)
    assert fit.mixture.weights[0] == pytest.approx(0.40753455859761717, abs=1e-6)
    assert found.size == pytest.approx(3.0160555542425014, rel=1e-5)
    assert found.mean == pytest.approx(11.960138754424582, rel=1e-6)
    assert fit.mixture.components[0] == mx.Poisson(2.0)


CHOLERA = np.array([[0, 168], [1, 32], [2, 16], [3, 6], [4, 1]])  # cases, households


def test_the_households_that_cholera_could_reach():
    """McKendrick (1926), table in Meng (1997): zeros of two kinds; 88.5 households."""
    cases, households = CHOLERA.T
    model = mx.Mixture([mx.PointMass(0.0), mx.Poisson()])
    fit = mx.em(model, cases, sample_weight=households)
    assert fit.log_likelihood == pytest.approx(-179.347714659, abs=1e-8)
    assert fit.mixture.components[1].rate == pytest.approx(0.972177854923, abs=1e-8)
    assert fit.mixture.weights[1] == pytest.approx(0.396686904831, abs=1e-8)
    reached = fit.mixture.weights[1] * households.sum()
    assert reached == pytest.approx(88.4611797774, abs=1e-5)


def test_latent_classes_as_multinomials_agree_with_bernoullis():
    """Columns of one trial each are the same likelihood in both forms."""
    rng = np.random.default_rng(0)
    z = rng.random(300) < 0.4
    x = (rng.random(300) < np.where(z, 0.8, 0.2)).astype(float)
    rows = np.c_[x, 1 - x]
    start = mx.Mixture([mx.Bernoulli(0.7), mx.Bernoulli(0.3)], [0.5, 0.5])
    twin = mx.Mixture(
        [mx.Multinomial(1, [0.7, 0.3]), mx.Multinomial(1, [0.3, 0.7])], [0.5, 0.5]
    )
    one = mx.em(start.blank(), x, start=start, max_iter=5, accelerate=False)
    two = mx.em(twin.blank(), rows, start=twin, max_iter=5, accelerate=False)
    np.testing.assert_allclose(one.history, two.history, rtol=1e-12)
