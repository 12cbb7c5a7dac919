"""Rates and standard errors against closed forms and independent programs."""

import numpy as np
import pytest

import mixnotes as mx

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
