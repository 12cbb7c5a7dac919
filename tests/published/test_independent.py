"""Whole fits of every family against what needs no trust in the engine: random moves,
rows in another order, another unit, second differences of the log-likelihood."""

import numpy as np
import pytest

import mixnotes as mx

PAIRS = [
    (mx.Normal(0, 1), mx.Normal(4, 1.5)),
    (mx.Laplace(0, 1), mx.Laplace(6, 1)),
    (mx.Logistic(0, 1), mx.Logistic(8, 1)),
    (mx.Gumbel(0, 1), mx.Gumbel(7, 1)),
    (mx.StudentT(4, 0, 1), mx.StudentT(6, 8, 1)),
    (mx.LogNormal(0, 0.5), mx.LogNormal(3, 0.4)),
    (mx.Exponential(1), mx.Exponential(0.1)),
    (mx.Gamma(2, 1), mx.Gamma(20, 1)),
    (mx.Weibull(2, 1), mx.Weibull(8, 8)),
    (mx.InverseGaussian(1, 3), mx.InverseGaussian(8, 200)),
    (mx.Beta(2, 9), mx.Beta(20, 4)),
    (mx.VonMises(-1, 4), mx.VonMises(1.8, 6)),
    (mx.Poisson(1), mx.Poisson(9)),
    (mx.NegativeBinomial(3, 2), mx.NegativeBinomial(9, 20)),
    (mx.Geometric(0.7), mx.Geometric(0.1)),
    (mx.Binomial(10, 0.2), mx.Binomial(10, 0.8)),
    (mx.Normal(0, 1), mx.Laplace(7, 1)),
    (mx.Gamma(2, 1), mx.Normal(9, 1)),
    (mx.Poisson(1), mx.NegativeBinomial(9, 20)),
]
every_pair = pytest.mark.parametrize("pair", PAIRS, ids=repr)


def data(pair):
    return np.concatenate([pair[0].sample(90, rng=1), pair[1].sample(60, rng=2)])


def fitted(pair, x, **options):
    start = mx.Mixture(pair, [0.5, 0.5])
    return mx.em(start.blank(), x, start=start, **options)


def at(model, like, line):
    """The mixture at a point of the line: parameters, then log-odds of weight 0."""
    parts, place = [], 0
    for template, filled in zip(model.components, like.components, strict=True):
        size = len(template.unconstrain(filled))
        parts.append(template.constrain(line[place : place + size], filled))
        place += size
    first = 1 / (1 + np.exp(-line[place]))
    return mx.Mixture(parts, [first, 1 - first])


def line_of(model, filled):
    pairs = zip(model.components, filled.components, strict=True)
    odds = np.log(filled.weights[0] / filled.weights[1])
    return np.append(np.concatenate([t.unconstrain(f) for t, f in pairs]), odds)


@every_pair
def test_no_small_move_goes_up(pair):
    x = data(pair)
    fit = fitted(pair, x)
    assert fit.converged
    assert np.all(np.diff(fit.history) >= 0)
    assert fit.log_likelihood == pytest.approx(fit.mixture.log_prob(x).sum(), rel=1e-10)
    line, rng = line_of(fit.model, fit.mixture), np.random.default_rng(0)
    for size in np.repeat([1e-2, 1e-3, 1e-4], 15):
        near = at(fit.model, fit.mixture, line + size * rng.normal(size=len(line)))
        assert near.log_prob(x).sum() <= fit.log_likelihood + 1e-7


@every_pair
def test_weights_order_and_labels_of_components_change_nothing(pair):
    """A weight of two is the row twice, in any order; so is the model turned round."""
    x = data(pair)
    weight = np.where(np.arange(150) < 20, 2.0, 1.0)
    order = np.random.default_rng(0).permutation(170)
    once = fitted(pair, x, sample_weight=weight)
    twice = fitted(pair, np.concatenate([x, x[:20]])[order])
    turned = fitted(pair[::-1], x, sample_weight=weight)
    expected = pytest.approx(once.log_likelihood, abs=1e-6)
    assert twice.log_likelihood == expected
    assert turned.log_likelihood == expected
    np.testing.assert_allclose(turned.mixture.weights[::-1], once.mixture.weights,
                               atol=1e-5)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("unit", [1e-9, 1e9])
@pytest.mark.parametrize("pair", PAIRS[:5], ids=repr)
def test_another_unit_and_place_change_nothing_else(pair, unit):
    x = data(pair)
    here = fitted(pair, x)
    there = mx.em(here.model, unit * x + 3 * unit, starts=3)
    expected = mx.em(here.model, x, starts=3).log_likelihood - 150 * np.log(unit)
    assert there.converged
    assert there.log_likelihood == pytest.approx(expected, abs=1e-5)


SMOOTH = [p for p in PAIRS if "Laplace" not in repr(p)]


@pytest.mark.parametrize("pair", SMOOTH, ids=repr)
def test_standard_errors_are_those_of_second_differences(pair):
    x = data(pair)
    fit = fitted(pair, x)
    if "at a limit" in fit.reason:
        pytest.skip("a parameter is infinite")
    line = line_of(fit.model, fit.mixture)
    steps = 2e-3 * np.eye(len(line))

    def height(u):
        return at(fit.model, fit.mixture, u).log_prob(x).sum()

    hessian = np.array(
        [
            [
                height(line + a + b) - height(line + a - b) - height(line - a + b)
                + height(line - a - b)
                for a in steps
            ]
            for b in steps
        ]
    ) / (4 * 2e-3**2)  # fmt: skip
    variance = np.linalg.inv(-hessian)[-1, -1]
    expected = np.sqrt(variance) * np.prod(fit.mixture.weights)
    assert fit.standard_errors()["weights"] == pytest.approx(expected, rel=0.01)
