"""How sure: the bootstrap, sandwich errors, intervals."""

import numpy as np
import pytest

import mixnotes as mx

WAITING = mx.datasets.faithful()["waiting"]
FIT = mx.em(mx.Mixture(2 * [mx.Normal()]), WAITING, starts=2)
MARBLES = [1] * 600 + [0] * 400
BAG = mx.em(mx.Mixture([mx.Bernoulli(0.8), mx.Bernoulli(0.3)]), MARBLES)


@pytest.mark.parametrize("parametric", [False, True])
def test_the_bootstrap_agrees_with_the_closed_form_of_the_marbles(parametric):
    """The weight is (mean - 0.3) / 0.5: its error is 2 sqrt(p (1 - p) / n), 0.0310."""
    found = mx.bootstrap(BAG, 400, parametric=parametric)
    expected = 2 * np.sqrt(0.6 * 0.4 / 1000)
    errors = found.standard_errors()["weights"]
    assert errors == pytest.approx([expected, expected], rel=0.15)
    low, high = found.intervals()["weights"]
    assert low[0] < 0.6 < high[0]
    assert high[0] - low[0] == pytest.approx(2 * 1.96 * expected, rel=0.15)
    assert found.draws["weights"].shape == (400, 2)
    assert found.failed == 0
    assert "Bootstrap of 400 samples" in repr(found)


def test_the_bootstrap_agrees_with_the_curvature_where_that_is_good():
    found = mx.bootstrap(FIT, 200).standard_errors()
    for name, error in FIT.sandwich_errors().items():
        assert found[name] == pytest.approx(error, rel=0.3)


def test_the_sandwich_of_a_mean_is_the_sample_s_own_spread():
    """Of one normal: the error of the mean is sd / sqrt(n) whatever the data are, that
    of the sd counts the fourth moment."""
    x = np.random.default_rng(0).exponential(size=400)
    fit = mx.em(mx.Mixture([mx.Normal()]), x)
    aside = x - x.mean()
    errors = fit.sandwich_errors()
    assert errors["components[0].mean"] == pytest.approx(x.std() / 20, rel=1e-6)
    fourth = np.mean(aside**4) - x.var() ** 2
    expected = np.sqrt(fourth) / (2 * x.std() * 20)
    assert errors["components[0].sd"] == pytest.approx(expected, rel=1e-5)
    assert fit.standard_errors()["components[0].sd"] < expected


def test_a_count_is_as_many_rows():
    """Compressed marbles have the errors of marbles one by one."""
    expected = 2 * np.sqrt(0.6 * 0.4 / 1000)
    assert BAG.sandwich_errors()["weights"] == pytest.approx([expected] * 2, rel=1e-6)


def test_intervals_keep_within_their_bounds():
    """Forty marbles, nearly all of one kind: a symmetric interval would pass 1."""
    fit = mx.em(mx.Mixture([mx.Bernoulli(0.8), mx.Bernoulli(0.3)]), [1] * 31 + [0] * 9)
    estimate, error = fit.mixture.weights[0], fit.standard_errors()["weights"][0]
    assert estimate + 1.96 * error > 1
    low, high = fit.intervals()["weights"]
    assert 0 < low[0] < estimate < high[0] < 1


def test_intervals_are_estimate_and_errors_on_their_own_scale():
    found = FIT.intervals(0.9)
    errors = FIT.standard_errors()
    mean, sd = "components[0].mean", "components[0].sd"
    at = FIT.mixture.value_of(mean)
    assert found[mean] == pytest.approx(
        (at - 1.6448536 * errors[mean], at + 1.6448536 * errors[mean])
    )
    at = FIT.mixture.value_of(sd)
    ratio = np.exp(1.6448536 * errors[sd] / at)
    assert found[sd] == pytest.approx((at / ratio, at * ratio), rel=1e-6)


def test_regressions_products_and_labels_can_be_resampled():
    x = np.random.default_rng(0).normal(size=80)
    table = {"x": x, "y": 2 * x + 0.1 * np.random.default_rng(1).normal(size=80)}
    line = mx.em(mx.Mixture([mx.LinearRegression("y", ["x"])]), table)
    name = "components[0].coef['x']"
    found = mx.bootstrap(line, 100).standard_errors()[name]
    assert found == pytest.approx(line.standard_errors()[name], rel=0.4)
    labels = np.where(np.arange(272) % 2 == 0, (WAITING > 67).astype(int), -1)
    fit = mx.em(mx.Mixture(2 * [mx.Normal()]), WAITING, labels=labels)
    assert mx.bootstrap(fit, 20).failed == 0
    with pytest.raises(ValueError, match="leave parametric out"):
        mx.bootstrap(fit, 20, parametric=True)


def test_the_same_seed_gives_the_same_draws():
    a, b = (mx.bootstrap(BAG, 5, rng=3).draws["weights"] for _ in range(2))
    assert np.array_equal(a, b)


def test_errors_say_what_to_do():
    with pytest.raises(ValueError, match="samples must be a whole number from 2 up"):
        mx.bootstrap(FIT, 1)
    for level in (95, 0.0, 1.0, True):
        with pytest.raises(ValueError, match="level must be a number between 0 and 1"):
            FIT.intervals(level)
        with pytest.raises(ValueError, match="level must be a number between 0 and 1"):
            mx.bootstrap(BAG, 2).intervals(level)

    class Blocks:
        def __iter__(self):
            yield WAITING

    stream = mx.em(mx.Mixture(2 * [mx.Normal()]), Blocks(), starts=1)
    with pytest.raises(ValueError, match="observations in memory"):
        mx.bootstrap(stream)
    with pytest.raises(ValueError, match="observations in memory"):
        stream.sandwich_errors()
    assert stream.standard_errors().keys() == FIT.standard_errors().keys()


def test_a_bootstrap_of_labelled_rows_keeps_their_labels():
    """All labels known: the mean of a component is that of its rows, whatever the
    others are like."""
    x = np.random.default_rng(0).normal(size=60)
    z = np.arange(60) % 2
    fit = mx.em(mx.Mixture(2 * [mx.Normal(sd=1.0)]), x, labels=z)
    found = mx.bootstrap(fit, 60, rng=1)
    for k in (0, 1):
        draws = found.draws[f"components[{k}].mean"]
        spread = x[z == k].std() / np.sqrt(30)
        assert draws.mean() == pytest.approx(x[z == k].mean(), abs=spread)
        assert draws.std() == pytest.approx(spread, rel=0.35)
