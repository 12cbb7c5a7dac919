"""Published and independently recomputed maxima of mixtures that are not normal.

As in test_published: data that may not be shipped are read from ../shared where it is
there. Each value stands in its cases.json with its source.
"""

from pathlib import Path

import numpy as np
import pytest

import mixnotes as mx

SHARED = Path(__file__).parents[3] / "shared/data"
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


@pytest.mark.slow
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


class BloodGroups:
    """A, B, AB and O as 0 to 3, of the shares of three genes: a reader's own class.

    Its fit is one step of gene counting.
    """

    def __init__(self, *genes):
        self.genes = genes
        self.n_free = 0 if genes else 2

    def log_prob(self, x):
        a, b, o = self.genes
        groups = [a * (a + 2 * o), b * (b + 2 * o), 2 * a * b, o**2]
        return np.log(groups)[np.asarray(x, dtype=int)]

    def fit(self, x, sample_weight=None, start=None):
        A, B, AB, rest = np.bincount(np.asarray(x, dtype=int), sample_weight, 4)
        a, b, o = start.genes if start else (1 / 3, 1 / 3, 1 / 3)
        AA, BB = A * a / (a + 2 * o), B * b / (b + 2 * o)
        counted = np.array([A + AA + AB, B + BB + AB, 2 * rest + A - AA + B - BB])
        return BloodGroups(*counted / counted.sum())


def test_blood_groups_as_a_component_of_ones_own():
    """Ulcer patients (Clarke et al. 1959); shares of genes in Lange (2010), ch. 13."""
    people = mx.datasets.abo_clarke1959()["count"]
    start = mx.Mixture([BloodGroups(0.3, 0.2, 0.5)], [1.0])
    fit = mx.em(
        mx.Mixture([BloodGroups()]), range(4), sample_weight=people, start=start
    )
    assert fit.converged, fit.reason
    genes = fit.mixture.components[0].genes
    expected = [0.21359093909, 0.0501453288694, 0.736263732041]
    np.testing.assert_allclose(genes, expected, atol=1e-9)
    assert fit.log_likelihood == pytest.approx(-511.571469716, abs=1e-8)


class Linkage:
    """Four cells of chances 1/2 + t/4, (1 - t)/4, (1 - t)/4 and t/4."""

    def __init__(self, theta=None):
        self.theta = theta
        self.n_free = int(theta is None)

    def log_prob(self, x):
        t = self.theta
        cells = [0.5 + t / 4, (1 - t) / 4, (1 - t) / 4, t / 4]
        return np.log(cells)[np.asarray(x, dtype=int)]

    def fit(self, x, sample_weight=None, start=None):
        y = np.bincount(np.asarray(x, dtype=int), sample_weight, 4)
        t = start.theta if start else 0.5
        latent = y[0] * t / (2 + t)
        return Linkage((latent + y[3]) / (latent + y[1] + y[2] + y[3]))


def test_linkage_as_a_component_of_ones_own():
    """Rao's animals, step by step as Dempster, Laird and Rubin (1977) print them."""
    animals = [125, 18, 20, 34]
    here = mx.Mixture([Linkage(0.5)], [1.0])
    model = mx.Mixture([Linkage()])
    for printed in [0.608247423, 0.624321051, 0.626488879, 0.626777323]:
        here = mx.em_step(model, here, range(4), sample_weight=animals)
        assert here.components[0].theta == pytest.approx(printed, abs=2e-9)
    fit = mx.em(model, range(4), sample_weight=animals, start=here, tol=1e-10)
    theta = fit.mixture.components[0].theta
    assert theta == pytest.approx((15 + np.sqrt(53809)) / 394, abs=1e-9)


def test_the_best_mixing_distribution_of_the_times_has_days_without_deaths():
    """No mixture of Poissons, of any number, is higher: its support is 0 and two rates
    (R's nspmix); at 0 a Poisson is a point mass."""
    times = mx.datasets.london_times()
    model = mx.Mixture([mx.PointMass(0.0), mx.Poisson(), mx.Poisson()])
    fit = mx.em(model, times["deaths"], sample_weight=times["days"])
    assert fit.log_likelihood == pytest.approx(-1989.927105117, abs=1e-8)
    rates = [c.rate for c in fit.mixture.components[1:]]
    np.testing.assert_allclose(rates, [1.355443, 2.697977], atol=1e-5)
    weights = [0.00672981, 0.38947641, 0.60379378]
    np.testing.assert_allclose(fit.mixture.weights, weights, atol=1e-5)
    x = np.linspace(0, 12, 200)  # the slope towards a new rate is nowhere up
    towards = np.exp([mx.Poisson(r).log_prob(times["deaths"]) for r in x])
    share = times["days"] / np.exp(fit.mixture.log_prob(times["deaths"]))
    assert (towards @ share).max() <= times["days"].sum() * (1 + 1e-7)
