"""What families learn from weighted sums and from rows: against scipy.optimize,
closed forms and slopes that must be 0."""

import itertools
import math

import numpy as np
import pytest
import scipy.optimize
import scipy.special
import scipy.stats

import mixnotes as mx
from mixnotes.components import exponential
from mixnotes.components.exponential import Tie
from mixnotes.families import joint, search
from mixnotes.numeric import covariance

INF, NAN = np.inf, np.nan
close = np.testing.assert_allclose

# ------------------------------------------- learning from sums, given and in common


def values_of(family, templates, names, free):
    """A stack with given values, and the free numbers in place of the others."""
    owner, values = {}, {}
    for name in names:
        row = []
        for k, template in enumerate(templates):
            here = getattr(template, name)
            if isinstance(here, mx.Shared):
                place = owner.setdefault((name, here.name), len(owner))
            elif here is None:
                place = owner.setdefault((name, k), len(owner))
            else:
                row.append(here)
                continue
            row.append(free[place] if free is not None else 0.0)
        values[name] = np.array(row)
    return values, len(owner)


def height_of(family, values, weight, means):
    with np.errstate(all="ignore"):
        natural, normaliser = family.natural(values)
        return float(weight @ ((np.array(natural) * means).sum(axis=0) - normaliser))


def s(name="s"):
    return mx.Shared(name)


SUMS = {
    "exponential": lambda: (mx.Exponential(s()), mx.Exponential(s()), mx.Exponential()),
    "exponential given": lambda: (mx.Exponential(), mx.Exponential(3.0)),
    "poisson": lambda: (mx.Poisson(s()), mx.Poisson(s()), mx.Poisson(4.0)),
    "geometric": lambda: (mx.Geometric(s()), mx.Geometric(s()), mx.Geometric(0.5)),
    "bernoulli": lambda: (mx.Bernoulli(s()), mx.Bernoulli(s()), mx.Bernoulli(0.5)),
    "binomial": lambda: (mx.Binomial(9, s()), mx.Binomial(9, s()), mx.Binomial(9)),
    "binomial given": lambda: (mx.Binomial(9), mx.Binomial(9, 0.5)),
    "gamma shape": lambda: (mx.Gamma(s()), mx.Gamma(s()), mx.Gamma(), mx.Gamma(2.0)),
    "gamma given scale": lambda: (
        mx.Gamma(s(), 2.0),
        mx.Gamma(s()),
        mx.Gamma(None, 0.5),
        mx.Gamma(),
    ),
    "gamma scale": lambda: (
        mx.Gamma(None, s()),
        mx.Gamma(2.0, s()),
        mx.Gamma(s("a"), None),
        mx.Gamma(s("a"), s()),
    ),
    "gamma all": lambda: (mx.Gamma(s(), s("b")), mx.Gamma(s(), s("b"))),
    "inverse gaussian shape": lambda: (
        mx.InverseGaussian(None, s()),
        mx.InverseGaussian(2.0, s()),
        mx.InverseGaussian(None, 1.5),
        mx.InverseGaussian(),
    ),
    "inverse gaussian mean": lambda: (
        mx.InverseGaussian(s()),
        mx.InverseGaussian(s(), 2.0),
        mx.InverseGaussian(3.0),
    ),
    "beta": lambda: (mx.Beta(), mx.Beta(), mx.Beta()),
    "beta a": lambda: (mx.Beta(s()), mx.Beta(s(), 2.0), mx.Beta(2.0), mx.Beta()),
    "beta both": lambda: (mx.Beta(s(), s("b")), mx.Beta(s(), s("b")), mx.Beta(s())),
    "beta crossed": lambda: (mx.Beta(None, s()), mx.Beta(3.0, s()), mx.Beta(1.0, 2.0)),
}


def sums_of(templates):
    """Weights and mean statistics of components that see other draws."""
    rng = np.random.default_rng(7)
    family, means = templates[0], []
    for k in range(len(templates)):
        if isinstance(family, mx.Beta):
            x = rng.beta(2 + k, 3, 40)
        elif isinstance(family, mx.Bernoulli):
            x = (rng.random(40) < 0.2 + 0.2 * k).astype(float)
        elif family.discrete:
            x = rng.binomial(9, 0.2 + 0.2 * k, 40).astype(float)
        else:
            x = rng.gamma(2 + 2 * k, 1.0 + k, 40)
        means.append(np.mean(family.statistics(x), axis=1))
    return np.array([3.0, 1.0, 0.7, 2.0][: len(templates)]), np.array(means).T


@pytest.mark.parametrize("name", SUMS)
def test_what_is_learned_from_sums_is_the_maximum_over_what_is_free(name):
    templates = SUMS[name]()
    family, names = templates[0], list(templates[0].constraints())
    weight, means = sums_of(templates)
    found = family.learn(weight, means, Tie(templates))
    _, count = values_of(family, templates, names, None)
    bounded = isinstance(family, mx.Geometric | mx.Bernoulli | mx.Binomial)
    free_of = scipy.special.expit if bounded else np.exp

    def lowness(u):
        return -height_of(
            family, values_of(family, templates, names, free_of(u))[0], weight, means
        )

    best = scipy.optimize.minimize(lowness, np.zeros(count), options={"gtol": 1e-9})
    best = scipy.optimize.minimize(lowness, best.x, options={"gtol": 1e-9})
    expected = values_of(family, templates, names, free_of(best.x))[0]
    for key in names:
        close(found[key], expected[key], rtol=2e-5)
    assert height_of(family, found, weight, means) >= -best.fun - 1e-11


@pytest.mark.parametrize("name", [n for n in SUMS if n != "beta"])
def test_a_component_without_weight_says_nothing(name):
    """Neither to those that share with it, nor through an error or a NaN."""
    templates = (*SUMS[name](), SUMS[name]()[0])
    family = templates[0]
    weight, means = sums_of(templates[:-1])
    weight = np.append(weight, 0.0)
    means = np.concatenate([means, np.full((len(means), 1), NAN)], axis=1)
    if not isinstance(
        family, mx.Gamma | mx.Beta | mx.InverseGaussian | mx.VonMises
    ):  # these fill in what they iterate over
        means[:, -1] = 0.5
    found = family.learn(weight, means, Tie(templates))
    alone = family.learn(weight[:-1], means[:, :-1], Tie(templates[:-1]))
    for key, values in found.items():
        close(values[:-1], alone[key], rtol=1e-6)


def angles(k):
    return np.random.default_rng(k).vonmises(0.5 * k, 2.0 + k, 60)


def test_directions_in_common_are_at_the_maximum():
    for templates in (
        (mx.VonMises(s()), mx.VonMises(s()), mx.VonMises()),
        (mx.VonMises(None, s()), mx.VonMises(None, s()), mx.VonMises(0.7, s())),
        (mx.VonMises(s(), 2.0), mx.VonMises(s()), mx.VonMises(0.3)),
        (mx.VonMises(s(), s("k")), mx.VonMises(s(), s("k")), mx.VonMises(1.0, 2.0)),
    ):
        family, names = templates[0], ["mean", "concentration"]
        weight = np.array([3.0, 1.0, 0.7])
        means = np.array([np.mean(family.statistics(angles(k)), 1) for k in range(3)]).T
        found = family.learn(weight, means, Tie(templates))
        _, count = values_of(family, templates, names, None)
        best = scipy.optimize.minimize(
            lambda u, family=family, templates=templates, names=names, means=means: (
                -height_of(
                    family,
                    values_of(family, templates, names, np.abs(u))[0],
                    np.array([3.0, 1.0, 0.7]),
                    means,
                )
            ),
            np.ones(count),
            options={"gtol": 1e-10},
        )
        expected = values_of(family, templates, names, np.abs(best.x))[0]
        for key in names:
            close(found[key], expected[key], rtol=2e-5)


def test_tables_of_shares_in_common_are_averaged_by_weight():
    weight = np.array([3.0, 1.0, 2.0])
    means = np.array([[0.5, 0.1, 0.3], [0.2, 0.2, 0.3], [0.3, 0.7, 0.4]])
    pooled = (3 * means[:, 0] + means[:, 1]) / 4
    for templates in (
        (mx.Categorical(s(), n=3), mx.Categorical(s(), n=3), mx.Categorical(n=3)),
        (mx.Multinomial(1, s(), d=3), mx.Multinomial(1, s(), d=3), mx.Multinomial(1)),
    ):
        found = templates[0].learn(weight, means, Tie(templates))["probs"]
        close(found, [pooled, pooled, means[:, 2]])
    given = (mx.Categorical([0.2, 0.3, 0.5]), mx.Categorical(n=3), mx.Categorical(n=3))
    found = given[0].learn(weight, 5 * means, Tie(given))["probs"]
    close(found, [[0.2, 0.3, 0.5], means[:, 1], means[:, 2]])


def test_given_and_shared_blanks_are_put_in_place():
    templates = (mx.Normal(s(), 2.0), mx.Normal(s()), mx.Normal(1.0), mx.Normal(s("t")))
    tie = Tie(templates)
    assert not tie.nothing
    assert Tie([mx.Normal(), mx.Normal()]).nothing
    assert list(tie.given) == ["mean", "sd"]
    learned, weight = np.array([3.0, 7.0, 9.0, 4.0]), np.array([1.0, 3.0, 1.0, 1.0])
    assert tie("mean", learned, weight).tolist() == [6, 6, 1, 4]
    assert tie.average("mean", learned, weight).tolist() == [6, 6, 9, 4]
    assert tie("sd", learned, weight).tolist() == [2, 7, 9, 4]
    assert learned.tolist() == [3, 7, 9, 4]
    none = np.array([0.0, -1.0, 1.0, 1.0])
    assert tie.average("mean", learned, none).tolist() == [3, 7, 9, 4]
    some = np.array([NAN, 7.0, 9.0, 4.0])
    assert tie.average("mean", some, np.array([0, 3.0, 1, 1])).tolist() == [7, 7, 9, 4]
    assert joint.variables("mean", 4, tie).tolist() == [0, 0, -1, 1]
    assert joint.variables("sd", 4, tie).tolist() == [-1, 0, 1, 2]
    means = np.array([[1.0, NAN], [2.0, NAN]])
    filled = exponential.with_defaults(means, np.array([1.0, 0.0]), (5.0, 6.0))
    assert filled.tolist() == [[1, 5], [2, 6]]


def test_the_carriers_of_a_weight():
    assert exponential.effective_n_of(np.ones(7)) == 7
    assert exponential.effective_n_of(np.array([3.0, 1e-200, 0])) == 1
    close(exponential.effective_n_of(1e200 * np.array([3.0, 1.0])), 1.6)


# ---------------------------------------------------------------- covariance models

COUNTS = {  # free numbers of 3 matrices of dimension 4, by mclust's table
    **{"EII": 1, "VII": 3, "EEI": 4, "VEI": 6, "EVI": 10, "VVI": 12, "EEE": 10},
    **{"VEE": 12, "EVE": 16, "VVE": 18, "EEV": 22, "VEV": 24, "EVV": 28, "VVV": 30},
}


def covariance_height(weight, scatter, cov):
    inverse = np.linalg.inv(cov)
    logs = np.linalg.slogdet(cov)[1]
    return -float(weight @ logs + np.einsum("kij,kji->", scatter, inverse))


def orthogonal(angles):
    """The rotation matrix of the plane."""
    c, d = np.cos(angles[0]), np.sin(angles[0])
    return np.array([[c, -d], [d, c]])


def modelled(model, u, k, d):
    """The covariances of a model from free numbers, wherever it has them."""
    place = iter(u)
    turns = d * (d - 1) // 2

    def drawn(letter, make, none):
        if letter == "I":
            return [none] * k
        if letter == "E":
            return [make()] * k
        return [make() for _ in range(k)]

    def shape():
        logs = np.array([next(place) for _ in range(d - 1)])
        return np.exp(np.append(logs, -logs.sum()))

    volume = drawn(model[0], lambda: np.exp(next(place)), 1.0)
    shapes = drawn(model[1], shape, np.ones(d))
    axes = drawn(
        model[2], lambda: orthogonal([next(place) for _ in range(turns)]), np.eye(d)
    )
    return np.array(
        [v * a @ np.diag(b) @ a.T for v, b, a in zip(volume, shapes, axes, strict=True)]
    )


@pytest.mark.parametrize("model", COUNTS)
def test_each_covariance_model_is_at_its_maximum(model):
    k, d = 3, 2
    rng = np.random.default_rng(3)
    root = rng.normal(size=(k, d, d)) * np.array([1.0, 3.0, 0.5])[:, None, None]
    scatter = 20 * (root @ root.transpose(0, 2, 1) + 0.2 * np.eye(d))
    weight = np.array([10.0, 25.0, 40.0])
    axial = model[2] == "I"
    sums = np.einsum("kii->ki", scatter) if axial else scatter
    found = covariance.learn(model, weight, sums, None)
    matrices = np.eye(d) * found[:, None, :] if axial else found
    count = covariance.n_free(model, d, k)
    height = covariance_height(weight, scatter, matrices)
    tops = []
    for seed in range(3):
        begin = np.random.default_rng(seed).normal(size=count)
        best = scipy.optimize.minimize(
            lambda u: -covariance_height(weight, scatter, modelled(model, u, k, d)),
            begin,
            options={"gtol": 1e-7},
        )
        tops.append(-best.fun)
    assert height == pytest.approx(max(tops), abs=1e-7)
    again = covariance.learn(model, weight, sums, found)
    close(again, found, rtol=1e-6, atol=1e-9)
    far = np.stack([np.diag([1.0, 5.0 + j]) for j in range(k)])
    begin = np.einsum("kii->ki", far) if axial else far
    there = covariance.learn(model, weight, sums, begin)
    close(there, found, rtol=1e-6, atol=1e-8)


def test_the_names_and_counts_of_covariance_models():
    assert {m: covariance.n_free(m, 4, 3) for m in covariance.MODELS} == COUNTS
    names = {"full": "VVV", "tied": "EEE", "diagonal": "VVI", "spherical": "VII"}
    for name, model in (names | {"diag": "VVI", "VEV": "VEV"}).items():
        assert covariance.model_of(name) == model
    assert [m for m in COUNTS if covariance.is_axial(m)] == list(COUNTS)[:6]
    one_scale = {m for m in COUNTS if covariance.needs_one_scale(m)}
    assert one_scale == {"EII", "VII", "EVE", "VVE", "EEV", "VEV"}
    with pytest.raises(ValueError, match="covariance must be one of full, tied"):
        covariance.model_of("FULL")
    with pytest.raises(ValueError, match="got 'EE'"):
        mx.MultivariateNormal(covariance="EE")


def test_the_models_that_bind_entries_to_each_other():
    free = [m for m in COUNTS if not covariance.binds(m)]
    assert free == ["VVI", "VVV"]


@pytest.mark.parametrize("model", ["EVE", "VVE", "VEE", "EEE", "EEV", "VEV"])
def test_three_dimensions_have_no_better_neighbour(model):
    rng = np.random.default_rng(8)
    x = rng.normal(size=(2, 30, 3)) @ rng.normal(size=(2, 3, 3))
    scatter = np.einsum("kni,knj->kij", x, x)
    weight = np.array([30.0, 30.0])
    found = covariance.learn(model, weight, scatter, None)
    top = covariance_height(weight, scatter, found)
    values, axes = np.linalg.eigh(found)
    for i, j in itertools.combinations(range(3), 2):
        for angle in (-1e-3, 1e-3):
            turn = np.eye(3)
            turn[i, i] = turn[j, j] = np.cos(angle)
            turn[i, j], turn[j, i] = -np.sin(angle), np.sin(angle)
            if model[2] == "E":  # turned together
                moved = turn @ found @ turn.T
            else:
                frames = axes @ turn
                moved = (frames * values[:, None, :]) @ frames.transpose(0, 2, 1)
            assert covariance_height(weight, scatter, moved) < top + 1e-10
    for factor in (0.999, 1.001):
        assert covariance_height(weight, scatter, factor * found) < top


# ------------------------------------------------------ fits, from a start and without

FITS = {
    "normal": lambda: mx.Normal(1.0, 2.0),
    "lognormal": lambda: mx.LogNormal(0.5, 0.7),
    "exponential": lambda: mx.Exponential(0.3),
    "gamma": lambda: mx.Gamma(2.5, 3.0),
    "gamma small": lambda: mx.Gamma(0.2, 3.0),
    "gamma large": lambda: mx.Gamma(300.0, 0.1),
    "inverse gaussian": lambda: mx.InverseGaussian(2.0, 5.0),
    "beta": lambda: mx.Beta(0.7, 3.0),
    "von mises": lambda: mx.VonMises(0.5, 2.0),
    "von mises wide": lambda: mx.VonMises(0.5, 0.3),
    "von mises sharp": lambda: mx.VonMises(0.5, 3e3),
    "laplace": lambda: mx.Laplace(1.0, 2.0),
    "logistic": lambda: mx.Logistic(1.0, 2.0),
    "gumbel": lambda: mx.Gumbel(1.0, 2.0),
    "weibull": lambda: mx.Weibull(1.5, 3.0),
    "student": lambda: mx.StudentT(3.0, 1.0, 2.0),
    "student sharp": lambda: mx.StudentT(0.7, 1.0, 2.0),
    "negative binomial": lambda: mx.NegativeBinomial(2.0, 5.0),
    "negative binomial large": lambda: mx.NegativeBinomial(3.0, 2e4),
    "poisson": lambda: mx.Poisson(3.0),
    "geometric": lambda: mx.Geometric(0.3),
}
SUBSETS = [
    (name, blanks)
    for name, size in ((n, 3 if "student" in n else 2) for n in FITS)
    for blanks in itertools.product((False, True), repeat=size)
    if any(blanks)
]


def slopes_of(model, filled, x, w):
    """The gradient of the mean log-density on the line, by differences."""
    line = model.unconstrain(filled)
    found = []
    for k, name in enumerate(model.blanks):
        unit = 1.0
        if name == "loc" or isinstance(filled, mx.Normal):
            unit = getattr(filled, "scale", None) or filled.sd
        if name == "mean" and isinstance(filled, mx.VonMises):
            unit = 1 / math.sqrt(filled.concentration)
        aside = 1e-3 * unit * np.eye(len(line))[k]
        at = [
            w @ model.constrain(line + m * aside, filled).log_prob(x) / w.sum()
            for m in (-2, -1, 1, 2)
        ]
        found.append(np.dot(at, [1, -8, 8, -1]) / 12e-3)
    return np.array(found)


@pytest.mark.parametrize(("name", "blanks"), SUBSETS)
def test_a_fit_is_level_on_the_line_of_its_blanks(name, blanks):
    truth = FITS[name]()
    names = [n for n, b in zip(truth.constraints(), blanks, strict=False) if b]
    if not names or (name.startswith("laplace") and "loc" in names):
        assert truth.blanks == ()
        return
    x = truth.sample(90, rng=4)
    w = np.random.default_rng(5).exponential(size=90)
    w[:9] = 0.0
    model = truth.blank(*names)
    fitted = model.fit(x, w)
    assert fitted == model.fit(x[9:], w[9:])
    close(slopes_of(model, fitted, x, w), 0.0, atol=3e-7)
    near = {n: 1.3 * getattr(truth, n) for n in names}
    if name == "geometric":
        near = {"p": 0.5}
    again = model.fit(x, w, start=truth.filled(near))
    for n in truth.constraints():
        assert getattr(again, n) == pytest.approx(getattr(fitted, n), rel=2e-6)
    higher = model.fit(x, w, start=fitted)
    assert w @ higher.log_prob(x) >= w @ fitted.log_prob(x) - 1e-12


def test_weighted_medians():
    def of(x, w):
        w = np.array(w, float)
        return search.weighted_median(np.array(x, float), w / w.sum())

    assert of([3, 1, 2], [1, 1, 1]) == 2
    assert of([4, 1, 3, 2], [1, 1, 1, 1]) == 2.5
    assert of([4, 1], [1, 3]) == 1
    assert of([4, 1], [3, 1]) == 4
    assert of([4], [1]) == 4
    assert of([1, 2, 3], [1, 1, 2]) == 2.5
    assert of([1, 2, 9], [0.3, 0.3, 0.4]) == 2
    assert of([1e308, 1.5e308], [1, 1]) == 1.25e308
    many = np.arange(10.0)
    assert of(many, np.full(10, 0.1)) == 4.5
