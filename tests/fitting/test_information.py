"""Rates and standard errors against closed forms and independent programs."""

import numpy as np
import pytest
import scipy.stats

import mixnotes as mx
from mixnotes.data.sources import Rows
from mixnotes.fitting.engine import Engine
from mixnotes.fitting.information import _independent, leading, spectrum
from mixnotes.numeric.covariance import MODELS

BAG = mx.Mixture([mx.Bernoulli(0.8), mx.Bernoulli(0.3)])
TIMES = mx.datasets.london_times()


def test_the_standard_error_of_a_share_of_marbles():
    """sqrt(q (1 - q) / n) / (a - b) = 0.0310, twice what known labels would give."""
    errors = mx.em(BAG, np.repeat([1, 0], [600, 400])).standard_errors()
    expected = np.sqrt(0.6 * 0.4 / 1000) / 0.5
    np.testing.assert_allclose(errors["weights"], [expected, expected], rtol=1e-6)
    assert expected == pytest.approx(2 * np.sqrt(0.6 * 0.4 / 1000))


def test_the_standard_errors_on_the_times_are_those_of_an_independent_program():
    model = mx.Mixture(2 * [mx.Poisson()])
    fit = mx.em(model, TIMES["deaths"], sample_weight=TIMES["days"])
    errors = fit.standard_errors()
    assert list(errors) == list(fit.model.blanks)
    assert errors["weights"][0] == pytest.approx(0.194684298721, rel=1e-4)
    assert errors["components[0].rate"] == pytest.approx(0.350029711451, rel=1e-4)
    assert errors["components[1].rate"] == pytest.approx(0.250478270349, rel=1e-4)


def test_linkage_is_a_mixture_in_a_mixture_of_known_parts():
    """Rao's animals: theta, its rate and its standard error (Louis 1982)."""
    inner = mx.Mixture(
        [mx.Categorical([0.5, 0, 0, 0.5]), mx.Categorical([0, 0.5, 0.5, 0])]
    )
    model = mx.Mixture([mx.Categorical([1, 0, 0, 0]), inner], weights=[0.5, 0.5])
    fit = mx.em(model, range(4), sample_weight=[125, 18, 20, 34])
    assert len(fit.starts) == 1
    theta = fit.mixture.components[1].weights[0]
    assert theta == pytest.approx(0.6268214978709824, abs=1e-9)
    assert fit.rate == pytest.approx(0.132778733746, abs=1e-6)
    error = fit.standard_errors()["components[1].weights"][0]
    assert error == pytest.approx(0.0514673492009, rel=1e-4)


def test_of_one_normal_they_are_the_textbook_ones():
    """sd / sqrt(n) and sd / sqrt(2 n), at any scale and offset."""
    x = 1e-6 * np.random.default_rng(0).normal(size=400) + 3
    fit = mx.em(mx.Mixture([mx.Normal()]), x)
    errors = fit.standard_errors()
    sd = x.std()
    assert errors["components[0].mean"] == pytest.approx(sd / 20, rel=1e-5)
    assert errors["components[0].sd"] == pytest.approx(sd / np.sqrt(800), rel=1e-5)


# --------------------------------------- covariances that are bound to each other

GEYSER = np.column_stack(
    [mx.datasets.faithful()["eruptions"], mx.datasets.faithful()["waiting"] / 10]
)


def test_of_a_common_covariance_they_are_the_textbook_ones_where_labels_are_known():
    """sqrt(s_ij^2 + s_ii s_jj over n), and of a mean sqrt(s_ii / n_k)."""
    z = (GEYSER[:, 0] > 3.2).astype(int)
    fit = mx.em(mx.gaussian_mixture(2, "tied"), GEYSER, labels=z)
    errors = fit.standard_errors()
    cov = fit.mixture.components[0].cov
    variance = np.diagonal(cov)
    expected = np.sqrt((cov**2 + np.outer(variance, variance)) / len(z))
    for k in (0, 1):
        found = errors[f"components[{k}].cov"]
        np.testing.assert_allclose(found, expected, rtol=1e-5)
        mean = np.sqrt(variance / (z == k).sum())
        np.testing.assert_allclose(errors[f"components[{k}].mean"], mean, rtol=1e-5)


def test_of_columns_that_say_the_same_one_is_kept():
    a, b, c = np.eye(4)[:3]
    columns = np.array([a, 3 * b, a + b, 1e-7 * c, -2 * a, a - b + 2 * c]).T
    kept = _independent(columns)
    assert kept == [1, 4, 5]
    assert np.linalg.matrix_rank(columns[:, kept]) == 3


def parts_of(model, point):
    """Weights, means and covariances of two normals in the plane from free numbers:
    volumes, shapes and angles, each once (E) or twice (V)."""
    point = list(point)
    take = point.pop
    weight = take(0)
    means = np.reshape([take(0) for _ in range(4)], (2, 2))

    def pair(letter):
        if letter == "I":
            return [0.0, 0.0]
        first = take(0)
        return [first, first if letter == "E" else take(0)]

    covariances = []
    for volume, shape, angle in zip(*map(pair, model), strict=True):
        turn = np.array(
            [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        )
        axes = np.diag(np.exp([volume + shape, volume - shape]))
        covariances.append(turn @ axes @ turn.T)
    assert not point
    return np.array([weight, 1 - weight]), means, np.array(covariances)


def point_of(model, mixture):
    """The free numbers of a fit."""
    point = [mixture.weights[0], *np.ravel([c.mean for c in mixture.components])]
    rows = []
    for component in mixture.components:
        values, vectors = np.linalg.eigh(component.cov)
        low, high = np.log(values)
        x, y = vectors[:, 1]
        rows.append(((low + high) / 2, (high - low) / 2, np.arctan2(y, x)))
    if model[2] == "I":
        variances = np.array([np.diagonal(c.cov) for c in mixture.components])
        a, b = np.log(variances).T
        rows = [*zip((a + b) / 2, (a - b) / 2, [0, 0], strict=True)]
    for letter, (first, second) in zip(model, zip(*rows, strict=True), strict=True):
        point += {"I": [], "E": [first], "V": [first, second]}[letter]
    return np.array(point)


@pytest.mark.parametrize("model", MODELS)
def test_of_every_covariance_model_they_are_those_of_its_own_free_numbers(model):
    """Second differences over volumes, shapes and angles, carried to the entries."""
    fit = mx.em(mx.gaussian_mixture(2, model), GEYSER, starts=2, tol=1e-9)
    point = point_of(model, fit.mixture)
    assert len(point) == fit.model.n_free

    def height(at):
        weights, means, covs = parts_of(model, at)
        joint = [
            w * scipy.stats.multivariate_normal(m, c).pdf(GEYSER)
            for w, m, c in zip(weights, means, covs, strict=True)
        ]
        return np.log(np.sum(joint, axis=0)).sum()

    def values(at):
        weights, means, covs = parts_of(model, at)
        return np.concatenate([weights, means.ravel(), covs.ravel()])

    def along(f, h=1e-4):
        step = h * np.eye(len(point))
        return np.array([(f(point + e) - f(point - e)) / (2 * h) for e in step])

    assert height(point) == pytest.approx(fit.log_likelihood, rel=1e-9)
    h = 1e-3 * np.eye(len(point))
    hessian = [
        [
            height(point + a + b) - height(point + a - b)
            - height(point - a + b) + height(point - a - b)
            for b in h
        ]
        for a in h
    ]  # fmt: skip
    slope = along(values)
    covariance = slope.T @ np.linalg.solve(-np.array(hessian) / 4e-6, slope)
    expected = np.sqrt(np.maximum(np.diagonal(covariance), 0))
    errors = fit.standard_errors()
    both = range(2)
    found = np.concatenate(
        [errors["weights"]]
        + [errors[f"components[{k}].mean"] for k in both]
        + [errors[f"components[{k}].cov"].ravel() for k in both]
    )
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=1e-7)
    sandwich = fit.sandwich_errors()
    assert sandwich.keys() == errors.keys()
    ratio = sandwich["components[0].mean"] / errors["components[0].mean"]
    assert ((ratio > 0.5) & (ratio < 2)).all()


@pytest.mark.parametrize("model", ["EEE", "VII", "VEV", "VVV"])
def test_in_a_product_covariances_are_bound_as_they_are_alone(model):
    """As many free numbers, the same errors and the same rate."""
    alone = mx.em(mx.gaussian_mixture(2, model), GEYSER, starts=2)
    pair = {("a", "b"): mx.MultivariateNormal(covariance=model)}
    table = {"a": GEYSER[:, 0], "b": GEYSER[:, 1]}
    within = mx.em(mx.Mixture(2 * [mx.Product(pair)]), table, starts=2)
    assert within.model.n_free == alone.model.n_free
    assert within.bic == pytest.approx(alone.bic, abs=1e-6)
    assert within.rate == pytest.approx(alone.rate, abs=1e-6)
    errors, expected = within.standard_errors(), alone.standard_errors()
    for k in range(2):
        for name in ("mean", "cov"):
            np.testing.assert_allclose(
                errors[f"components[{k}].parts[('a', 'b')].{name}"],
                expected[f"components[{k}].{name}"],
                rtol=1e-4,
                atol=1e-9,
            )


def test_a_tied_covariance_is_known_of_all_components_or_of_none():
    def pair(covariance, cov=None):
        return mx.MultivariateNormal(cov=cov, covariance=covariance)

    def product(part):
        return mx.Product({("a", "b"): part})

    table = {"a": GEYSER[:, 0], "b": GEYSER[:, 1]}
    for make, x in ((lambda part: part, GEYSER), (product, table)):
        mixed = mx.Mixture([make(pair("tied")), make(pair("tied", np.eye(2)))])
        with pytest.raises(ValueError, match="of covariance EEE must all have cov"):
            mx.em(mixed, x)
        balls = [make(pair("spherical")), make(pair("spherical", 0.5 * np.eye(2)))]
        fit = mx.em(mx.Mixture(balls), x, starts=2)
        assert fit.converged
        assert len(fit.standard_errors()) == 4


def test_on_one_column_a_tied_covariance_is_a_shared_spread():
    x = GEYSER[:, 1]
    tied = mx.em(mx.gaussian_mixture(2, "tied"), x[:, None]).standard_errors()
    common = mx.em(mx.gaussian_mixture(2, "E"), x)
    errors = common.standard_errors()
    sd = common.mixture.components[0].sd
    variance = 2 * sd * errors["components[0].sd"]
    assert tied["components[0].cov"][0, 0] == pytest.approx(variance, rel=1e-4)
    assert tied["weights"] == pytest.approx(errors["weights"], rel=1e-4)


@pytest.mark.parametrize(
    ("model", "x"),
    [
        (BAG, np.repeat([1, 0], [900, 100])),
        (mx.Mixture(2 * [mx.Bernoulli()]), np.repeat([1, 0], [70, 30])),
    ],
    ids=["a weight on its edge", "parameters that single draws do not tell apart"],
)
def test_where_the_maximum_is_flat_there_are_none_and_it_says_so(model, x):
    with pytest.raises(ValueError, match=r"curved in every direction, .* flat in some"):
        mx.em(model, x).standard_errors()


def test_the_rate_of_a_weight_on_its_way_to_0_is_a_factor_below_1():
    """One value, known components: each step takes the weight of the worse one times
    p2(x) / p1(x)."""
    model = mx.Mixture([mx.Poisson(2.0), mx.Poisson(3.0)])
    fit = mx.em(model, np.zeros(50), tol=1e-6)
    assert fit.mixture.weights[1] == pytest.approx(0.0, abs=1e-5)
    assert fit.rate == pytest.approx(np.exp(-1.0), abs=0.01)


@pytest.mark.parametrize("K", [1, 2, 3])
def test_the_largest_eigenvalue_alone_is_that_of_all(K):
    """Of a few looks along a direction, be there more coordinates than looks or not."""
    data = mx.datasets.faithful()
    x = np.column_stack([data["eruptions"], data["waiting"]])
    fit = mx.em(mx.gaussian_mixture(K), x, starts=3)
    engine = Engine(fit.model, fit.source, exact=True)
    limit = engine.state(fit.mixture)
    largest = np.abs(spectrum(engine, limit)[0]).max()
    assert leading(engine, limit) == pytest.approx(largest, abs=1e-4)


def test_the_largest_eigenvalue_is_above_1_at_a_saddle():
    """Two components that are one, halfway between two groups."""
    x = np.random.default_rng(0).normal(size=(200, 4))
    x[::2] += 3
    one = mx.MultivariateNormal().fit(x)
    model = mx.Mixture(2 * [mx.MultivariateNormal(d=4)])
    engine = Engine(model, Rows(x, None), exact=True)
    saddle = engine.state(mx.Mixture([one, one], [0.5, 0.5]))
    assert leading(engine, saddle) > 1.01
    left = mx.em(model, x, start=mx.Mixture([one, one], [0.5, 0.5]))
    assert "after a saddle at" in left.reason


def test_what_is_on_an_edge_has_no_error_and_the_rest_has_one():
    """A class that never gives one answer: as if its other two were all there are."""
    rng = np.random.default_rng(0)
    z = rng.random(600) < 0.4
    p, q = [0.7, 0.2, 0.1], [0.1, 0.2, 0.7]
    x = np.where(z[:, None], rng.choice(3, (600, 4), p=p), rng.choice(3, (600, 4), p=q))
    x = x.astype(float)
    x[z, 0] = np.where(x[z, 0] == 2, 0, x[z, 0])
    kind = mx.Product({f"q{j}": mx.Categorical(n=3) for j in range(4)})
    fit = mx.em(mx.Mixture([kind, kind]), x, starts=2)
    errors = fit.standard_errors()
    k = int(np.argmin([c.parts["q0"].probs[2] for c in fit.mixture.components]))
    name = f"components[{k}].parts['q0'].probs"
    assert fit.mixture.value_of(name)[2] < 1e-9
    assert np.isnan(errors[name]).tolist() == [False, False, True]
    own = fit.mixture.components[k].parts["q0"]
    given = mx.Product({**kind.parts, "q0": own})  # less is learned: never less sure
    parts = [given if j == k else kind for j in range(2)]
    known = mx.em(mx.Mixture(parts), x, start=fit.mixture).standard_errors()
    assert all(np.isfinite(known[key]).all() for key in known)
    apart = errors["weights"] / known["weights"]
    assert apart == pytest.approx([1.05, 1.05], abs=0.06)
    assert (apart >= 1 - 1e-6).all()
    low, high = fit.intervals()[name]
    assert np.isnan(low[2])
    assert (low[:2] < high[:2]).all()
    sandwich = fit.sandwich_errors()
    np.testing.assert_allclose(sandwich["weights"], errors["weights"], rtol=0.2)


def test_a_weight_of_0_leaves_the_errors_of_the_others():
    """Three known coins, of which one made none: those of the two."""
    x = np.repeat([0, 1, 2, 3], [40, 60, 30, 10])
    coins = [mx.Binomial(3, 0.2), mx.Binomial(3, 0.6)]
    three = mx.em(mx.Mixture([*coins, mx.Binomial(3, 0.999)]), x)
    two = mx.em(mx.Mixture(coins), x)
    if three.mixture.weights[2] > 1e-12:
        pytest.fail(f"the third coin made some: {three.mixture.weights}")
    errors = three.standard_errors()["weights"]
    assert np.isnan(errors[2])
    np.testing.assert_allclose(errors[:2], two.standard_errors()["weights"], rtol=1e-5)


def test_endless_degrees_have_no_error_and_the_rest_has():
    """Two normals: without a warning, and as the fit of normals has them."""
    rng = np.random.default_rng(0)
    x = np.r_[rng.normal(size=80), rng.normal(5, 1, size=80)]
    fit = mx.em(mx.Mixture(2 * [mx.StudentT()]), x)
    normal = mx.em(mx.Mixture(2 * [mx.Normal()]), x).standard_errors()
    for found in (fit.standard_errors(), fit.sandwich_errors()):
        assert np.isnan(found["components[0].df"])
    found = fit.standard_errors()
    for one, other in (("loc", "mean"), ("scale", "sd")):
        error = normal[f"components[1].{other}"]
        assert found[f"components[1].{one}"] == pytest.approx(error, rel=1e-4)
    assert fit.intervals()
