"""Published and independently recomputed maxima, reached through the public API.

Most come from default starts; sources stand with each table. Data that may not be
shipped are read from ../shared where it is there.
"""

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_iris

import mixnotes as mx

SHARED = Path(__file__).parents[3] / "shared/data"
FAITHFUL = mx.datasets.faithful()
ERUPTIONS = np.c_[FAITHFUL["eruptions"], FAITHFUL["waiting"]]


def galaxies(name):
    return getattr(mx.datasets, name)()["velocity"] / 1000


def shared(name, column):
    path = SHARED / name
    if not path.exists():
        pytest.skip("no ../shared here")
    return np.loadtxt(path, delimiter=",", skiprows=1, ndmin=2)[:, column]


@pytest.mark.parametrize(
    ("data", "kind", "expected"),
    [
        ("galaxies_mass", "E2", -230.35238738802727),
        ("galaxies_mass", "E3", -212.35185518034416),
        ("galaxies_mass", "E4", -207.72233003919604),
        ("galaxies_mass", "E5", -204.60540968242742),
        ("galaxies_mass", "E6", -197.01082152645884),
        ("galaxies_mass", "V2", -220.05797296991776),
        ("galaxies_mass", "V3", -203.17922796512607),
        ("galaxies_corrected", "E2", -230.49866864755137),
        ("galaxies_corrected", "E3", -212.68022595300246),
        ("galaxies_corrected", "E4", -208.24713058540684),
        ("galaxies_corrected", "E5", -205.3422967157593),
        ("galaxies_corrected", "E6", -197.2900024392274),
        ("galaxies_corrected", "V2", -220.19314360471466),
        ("galaxies_corrected", "V3", -203.48198014820485),
        ("waiting", "E2", -1034.0017603578299),
        ("waiting", "V2", -1034.0017498316124),
        ("enzyme", "E2", -188.60669074137127),
        ("enzyme", "E3", -126.18561124931318),
        ("enzyme", "V2", -54.64001504572812),
        ("enzyme", "V3", -47.8267909352345),
    ],
)
def test_normals_on_the_line_reach_the_best_known_maximum(data, kind, expected):
    """Roeder (1990), Bechtel (1993), Härdle (1991); best of 100 starts of
    an independent program. Equal variances (E) is where mclust stops ten short."""
    if data == "waiting":
        x = FAITHFUL["waiting"]
    elif data == "enzyme":
        x = shared("enzyme.csv", 0)
    else:
        x = galaxies(data)
    fit = mx.em(mx.gaussian_mixture(int(kind[1]), kind[0]), x)
    assert fit.log_likelihood == pytest.approx(expected, abs=1e-5)
    assert fit.converged, fit.reason


def test_more_components_never_fit_worse():
    """A likelihood ratio of nested maxima cannot be negative."""
    x = galaxies("galaxies_mass")
    heights = [
        mx.em(mx.gaussian_mixture(k, "E"), x).log_likelihood for k in range(1, 7)
    ]
    assert np.all(np.diff(heights) >= 0)


IRIS = load_iris()
FOURTEEN = {  # from the species; Celeux and Govaert's models, mclust 6.0.0 and our own
    "EII": (-401.8021757889893, -1709.6813729497358),
    "VII": (-384.31409506084924, -1709.5292821774303),
    "EEI": (-361.4255220428107, -1157.680012341692),
    "VEI": (-339.4687272607274, -1152.8801963662413),
    "EVI": (-340.08558073660305, -1153.885568222227),
    "VVI": (-306.86046050635434, -1147.806352537811),
    "EEE": (-256.35404312558853, -1140.1867594370822),
    "VEE": (-237.56016279595207, -1136.2598541365332),
    "EVE": (-234.140235060052, -1136.910260670452),
    "VVE": (-214.05320778814334, -1132.1126424588374),
    "EEV": (-214.85037887345868, -1139.3315986554026),
    "VEV": (-186.07328340377995, -1134.679203519445),
    "EVV": (-205.5358808174526, -1135.7699039359486),
    "VVV": (-180.18547713130795, -1130.2639601847454),
}


def from_groups(model, x, labels, weight=None):
    """`em` from each component fitted to its own group."""
    weight = np.ones(len(x)) if weight is None else weight
    groups = [labels == k for k in range(len(model.components))]
    parts = [
        c.fit(x[g], weight[g]) for c, g in zip(model.components, groups, strict=True)
    ]
    start = mx.Mixture(parts, [weight[g].sum() / weight.sum() for g in groups])
    return mx.em(model, x, sample_weight=weight, start=start)


@pytest.mark.slow
@pytest.mark.parametrize("model", FOURTEEN)
@pytest.mark.parametrize("data", ["iris", "faithful"])
def test_the_fourteen_models(model, data):
    """From known groups to 1e-6 of the reference; default starts end no lower."""
    if data == "iris":
        x, labels, expected = IRIS.data, IRIS.target, FOURTEEN[model][0]
    else:
        x, expected = ERUPTIONS, FOURTEEN[model][1]
        labels = (x[:, 1] > 67).astype(int)
    mixture = mx.gaussian_mixture(labels.max() + 1, model)
    found = from_groups(mixture, x, labels).log_likelihood
    assert found == pytest.approx(expected, abs=1e-6)
    assert mx.em(mixture, x).log_likelihood >= expected - 1e-6


def test_old_faithful_in_two_dimensions():
    """Härdle (1991); numpy, mclust, mixtools, scikit-learn agree."""
    fit = mx.em(mx.gaussian_mixture(2), ERUPTIONS)
    first, second = fit.mixture.components
    assert fit.log_likelihood == pytest.approx(-1130.2639601847, abs=1e-6)
    assert fit.bic == pytest.approx(2322.191743, abs=1e-5)
    np.testing.assert_allclose(fit.mixture.weights, [0.35587286, 0.64412714], atol=1e-6)
    np.testing.assert_allclose(first.mean, [2.03638846, 54.47851639], rtol=1e-6)
    np.testing.assert_allclose(second.mean, [4.28966197, 79.96811519], rtol=1e-6)
    expected = [[0.06916767, 0.43516764], [0.43516764, 33.69728216]]
    np.testing.assert_allclose(first.cov, expected, rtol=1e-5)


def test_three_components_with_a_common_covariance():
    """mclust's vignette prints -1126.326: it stops 0.010 short."""
    fit = mx.em(mx.gaussian_mixture(3, "EEE"), ERUPTIONS)
    assert fit.log_likelihood == pytest.approx(-1126.3159278238, abs=1e-5)
    assert fit.bic == pytest.approx(2314.295678, abs=1e-4)
    expected = [0.16860443, 0.35637811, 0.47501746]
    np.testing.assert_allclose(np.sort(fit.mixture.weights), expected, atol=1e-4)


def test_the_model_that_mclust_chooses_for_the_flowers():
    fit = mx.em(mx.gaussian_mixture(2, "VEV"), IRIS.data)
    assert fit.log_likelihood == pytest.approx(-215.72597223, abs=1e-4)
    assert fit.bic == pytest.approx(561.728462, abs=1e-3)


def test_weighted_flowers():
    """Weights 1, 2, 3, 1, 2, 3, ... are the rows repeated."""
    x, weight = IRIS.data, np.tile([1.0, 2.0, 3.0], 50)
    fit = from_groups(mx.gaussian_mixture(3), x, IRIS.target, weight)
    assert fit.log_likelihood == pytest.approx(-377.9819316984763, abs=1e-6)
    expected = [0.33, 0.31139487, 0.35860513]
    np.testing.assert_allclose(fit.mixture.weights, expected, atol=1e-6)


def test_the_standard_errors_on_old_faithful():
    """Observed information by numDeriv in R."""
    fit = mx.em(mx.Mixture(2 * [mx.Normal()]), FAITHFUL["waiting"])
    errors = fit.standard_errors()
    assert errors["weights"][0] == pytest.approx(0.0311647494206, rel=1e-4)
    for name, expected in {
        "components[0].mean": 0.699674596061,
        "components[1].mean": 0.504594101175,
        "components[0].sd": 0.537322018406,
        "components[1].sd": 0.400961227367,
    }.items():
        assert errors[name] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("k", "expected"),
    [
        (1, -2135.421864192),
        (2, -1633.529403197),
        (3, -1568.281087157),
        (4, -1553.81017734),
        (5, -1553.81017734),
    ],
)
def test_fevers_of_children_in_thailand(k, expected):
    """Schlattmann and Boehning (1993): a fifth Poisson adds nothing."""
    x, count = shared("thai.csv", 0), shared("thai.csv", 1)
    fit = mx.em(mx.Mixture(k * [mx.Poisson()]), x, sample_weight=count)
    assert fit.log_likelihood == pytest.approx(expected, abs=2e-5)
