"""Bad input gets an error that says what must hold, what came, and what to do."""

import re

import numpy as np
import pytest

import mixnotes as mx

BAG = mx.Mixture([mx.Bernoulli(0.8), mx.Bernoulli(0.3)])
FULL = mx.Mixture([mx.Bernoulli(0.8), mx.Bernoulli(0.3)], [0.5, 0.5])
POISSONS = mx.Mixture([mx.Poisson(1.0), mx.Poisson(2.0)], [0.5, 0.5])
TWO = mx.Mixture(2 * [mx.Poisson()])
NORMALS = mx.Mixture(2 * [mx.Normal()])
X = [0.0, 1.0, 2.0, 5.0]
NAN, INF = float("nan"), float("inf")

CASES = [
    # --- constructors
    (lambda: mx.Bernoulli(1.2), "p must be a number from 0 to 1, got 1.2"),
    (lambda: mx.Bernoulli(-0.1), "p must be a number from 0 to 1, got -0.1"),
    (lambda: mx.Bernoulli(NAN), "p must be a number from 0 to 1, got nan"),
    (lambda: mx.Bernoulli("0.5"), "p must be .* got '0.5'; leave p out"),
    (lambda: mx.Bernoulli(np.array("0.5")), "p must be a number from 0 to 1, got"),
    (lambda: mx.Bernoulli(np.True_), "p must be a number from 0 to 1, got"),
    (lambda: mx.Bernoulli([0.5, 0.5]), "p must be a number from 0 to 1, got"),
    (lambda: mx.Bernoulli(True), "p must be a number from 0 to 1, got True"),
    (lambda: mx.Binomial(0), "n must be a whole number from 1 up, got 0"),
    (lambda: mx.Binomial(2.5), "n must be a whole number from 1 up, got 2.5"),
    (lambda: mx.Binomial("3"), "n must be a whole number from 1 up, got '3'"),
    (lambda: mx.Binomial(3, 1.5), "p must be a number from 0 to 1, got 1.5"),
    (lambda: mx.Poisson(-1), "rate must be a number not below 0, got -1"),
    (lambda: mx.Poisson(INF), "rate must be a number not below 0, got inf"),
    (lambda: mx.Poisson(10**400), "rate must be a number not below 0, got 1000"),
    (lambda: mx.Normal(np.complex128(1 + 1j), 1), "mean must be a finite number"),
    (lambda: mx.Normal(INF, 1), "mean must be a finite number, got inf"),
    (lambda: mx.Normal(0, 0), "sd must be a number above 0, got 0"),
    (lambda: mx.Normal(0, -1), "sd must be a number above 0, got -1"),
    (lambda: mx.Normal(0, NAN), "sd must be a number above 0, got nan"),
    (lambda: mx.Normal(1j, 1), "mean must be a finite number, got 1j"),
    (lambda: mx.Mixture([]), "must have at least one component, got none"),
    (lambda: mx.Mixture(mx.Poisson()), r"must be a list of components.*\[first"),
    (lambda: mx.Mixture([mx.Poisson]), r"components\[0\] must have log_prob, fit"),
    (lambda: mx.Mixture([0.5, 0.5]), r"components\[0\] must have .* got 0.5"),
    (lambda: mx.Mixture(BAG.components, [0.5, 0.6]), r"sum to 1, .*sum 1.1.*divide"),
    (lambda: mx.Mixture(BAG.components, [-0.5, 1.5]), "non-negative and sum to 1"),
    (lambda: mx.Mixture(BAG.components, [0, 0]), r"sum to 1, got \[0.0, 0.0\]"),
    (lambda: mx.Mixture(BAG.components, [NAN, 1]), "non-negative and sum to 1"),
    (lambda: mx.Mixture(BAG.components, [1.0]), r"shape \(2,\), got shape \(1,\)"),
    (lambda: mx.Mixture(BAG.components, ["a", "b"]), "weights must be numbers"),
    (lambda: mx.Mixture(BAG.components, ["0.5", "0.5"]), "weights must be numbers"),
    (lambda: mx.Mixture(BAG.components, [10**400, 1]), "weights must be numbers"),
    (
        lambda: mx.Mixture(BAG.components, np.array([0.5 + 1j, 0.5])),
        "weights must be numbers, got complex128",
    ),
    (lambda: mx.Mixture(BAG.components, {"a": 1}), "weights must be numbers"),
    (lambda: mx.Mixture(BAG.components, 0.5), r"shape \(2,\), got shape \(\)"),
    # --- data
    (lambda: mx.em(TWO, []), "at least one observation, got shape"),
    (lambda: mx.em(TWO, [1, NAN, 2]), r"must be finite, got x\[1\] = nan"),
    (lambda: mx.em(TWO, [1, 2, INF]), r"must be finite, got x\[2\] = inf"),
    (lambda: mx.em(TWO, ["red", "blue"]), "must be numbers.*'red'.*take a Categorical"),
    (lambda: mx.em(TWO, None), "must be numbers, got object data"),
    (lambda: mx.em(TWO, [1, None]), "must be numbers, got object data"),
    (lambda: mx.em(TWO, [1 + 2j, 1]), "must be numbers, got complex128"),
    (lambda: mx.em(TWO, [[1, 2], [3]]), "one array of numbers, got rows of unequal"),
    (lambda: mx.em(TWO, 3), r"shape \(n,\) or \(n, d\), got shape \(\)"),
    (lambda: mx.em(TWO, [[1, 2], [3, 4]]), r"x of shape \(n,\), got shape \(2, 2\)"),
    (lambda: mx.em(TWO, np.zeros((2, 2, 2))), r"got shape \(2, 2, 2\)"),
    (lambda: mx.em(TWO, [1, -2, 3]), r"whole numbers from 0 up, got x\[1\] = -2"),
    (lambda: mx.em(TWO, [1, 2.5, 3]), r"whole numbers from 0 up, got x\[1\] = 2.5"),
    (lambda: mx.em(BAG, [1, 0, 2]), r"x must be 0 or 1, got x\[2\] = 2"),
    (lambda: mx.Binomial(5).fit([1, 6]), r"from 0 to 5, got x\[1\] = 6"),
    (lambda: mx.Poisson().fit([-1]), r"Poisson: x must be .* got x\[0\] = -1"),
    (lambda: mx.Poisson(1.0).log_prob([NAN]), r"must be finite, got x\[0\] = nan"),
    (lambda: mx.Poisson(1.0).log_prob("1"), "must be numbers"),
    (lambda: FULL.responsibilities([[1]]), r"shape \(n,\), got shape \(1, 1\)"),
    (lambda: mx.em(NORMALS, [3.0]), "as many observations as components"),
    (lambda: mx.em(NORMALS, [3.0, 3.0, 3.0]), "values that differ.*give sd"),
    (lambda: mx.Normal().fit([2.0]), "values that differ.*give sd"),
    (
        lambda: mx.Poisson().fit(np.ma.array([1, 2, 9], mask=[0, 0, 1])),
        r"no masked values, got 1 of 3.*x\.compressed",
    ),
    (lambda: mx.Poisson().fit([10**400]), "x must be numbers, got object"),
    (lambda: mx.Normal().fit([1e200, 2e200]), r"at most 1e\+150.*\[0\] = 1e\+200"),
    (lambda: mx.em(NORMALS, [0.0, 1e200, 1.0]), r"got x\[1\] = 1e\+200.*rescale"),
    (lambda: mx.Normal().fit([1e-200, 2e-200]), "x must vary by more than.*rescale"),
    (lambda: mx.em(NORMALS, [1e-200, 2e-200, 5e-200]), "must vary by more than"),
    (
        lambda: mx.em(
            NORMALS,
            [3.0, 3.0],
            start=mx.Mixture([mx.Normal(0, 1), mx.Normal(1, 1)], [0.5, 0.5]),
        ),
        "values that differ.*give sd",
    ),
    # --- sample weights
    (lambda: mx.em(TWO, X, sample_weight=[1, 1]), r"shape \(4,\), got shape \(2,\)"),
    (lambda: mx.em(TWO, X, sample_weight=[1, 1, -1, 1]), r"sample_weight\[2\] = -1"),
    (lambda: mx.em(TWO, X, sample_weight=[0, 0, 0, 0]), "must not be all zero"),
    (lambda: mx.em(TWO, X, sample_weight=[1, NAN, 1, 1]), r"sample_weight\[1\] = nan"),
    (lambda: mx.em(TWO, X, sample_weight=list("abcd")), "sample_weight must be numb"),
    (lambda: mx.em(TWO, X, sample_weight=list("1234")), "sample_weight must be numb"),
    (lambda: mx.em(TWO, X, sample_weight=np.full(4, 1j)), "must be numbers, got compl"),
    (lambda: mx.em(TWO, X, sample_weight=[10**400, 1, 1, 1]), "must be numbers"),
    (lambda: mx.em(TWO, X, sample_weight=4 * [1e308]), "sample_weight must have a fin"),
    (lambda: mx.em(TWO, X, sample_weight=2), r"shape \(4,\), got shape \(\)"),
    (lambda: mx.em_step(TWO, POISSONS, X, [1, -1, 1, 1]), r"sample_weight\[1\] = -1"),
    (lambda: mx.Poisson().fit(X, [1, 1]), r"shape \(4,\), got shape \(2,\)"),
    # --- em and em_step
    (lambda: mx.em(mx.Poisson(), X), r"must be a Mixture, .*Mixture\(\[component"),
    (lambda: mx.em(FULL, [1, 0]), "must have a blank to learn.*blank()"),
    (lambda: mx.em(TWO, X, tol=-1), "tol must be a number not below 0, got -1"),
    (lambda: mx.em(TWO, X, tol=NAN), "tol must be a number not below 0, got nan"),
    (lambda: mx.em(TWO, X, max_iter=0), "max_iter must be a whole number from 1 up"),
    (lambda: mx.em(TWO, X, starts=0), "starts must be a whole number from 1 up, got 0"),
    (lambda: mx.em(TWO, X, rng=-1), "rng must be an int not below 0"),
    (lambda: mx.em(TWO, X, rng=1.5), "rng must be an int not below 0.*got 1.5"),
    (lambda: mx.em(TWO, X, rng=None), "rng must be .*for fresh randomness pass"),
    (lambda: mx.em(BAG, [1], start=FULL, starts=2), "give start or starts, not both"),
    (lambda: mx.em(BAG, [1], start=BAG), "start needs every parameter.*weights"),
    (lambda: mx.em(BAG, [1], start=mx.Poisson(1)), "must be a Mixture of 2 components"),
    (
        lambda: mx.em(BAG, [1], start=mx.Mixture(2 * [mx.Bernoulli(0.5)], [0.5, 0.5])),
        r"start must keep what mixture gives: components\[0\] is Bernoulli\(p=0.8\)",
    ),
    (
        lambda: mx.em(
            mx.Mixture(2 * [mx.Poisson()], [0.3, 0.7]),
            X,
            start=mx.Mixture([mx.Poisson(1), mx.Poisson(2)], [0.5, 0.5]),
        ),
        "start must keep the weights that mixture gives",
    ),
    (
        lambda: mx.em(TWO, X, start=mx.Mixture(2 * [mx.Poisson(0.0)], [0.5, 0.5])),
        r"x\[1\] = 1\.0 with probability 0 under all 2",
    ),
    (lambda: mx.em(mx.Mixture, X), "mixture must be a Mixture, got <class"),
    (lambda: mx.em(TWO, X, tol="1"), "tol must be a number not below 0, got '1'"),
    (lambda: mx.em(TWO, X, max_iter=1.5), "max_iter must be a whole number.*got 1.5"),
    (lambda: mx.em(TWO, X, starts=2.5), "starts must be a whole number.*got 2.5"),
    (lambda: mx.em(BAG, [1], starts=0), "starts must be a whole number from 1 up"),
    (lambda: mx.em(TWO, X, rng="0"), "rng must be an int not below 0.*got '0'"),
    (lambda: mx.em_step(mx.Poisson(), POISSONS, X), "mixture must be a Mixture"),
    (lambda: mx.em_step(TWO, mx.Poisson(1), X), "current must be a Mixture of 2"),
    (lambda: mx.em_step(TWO, POISSONS, []), "at least one observation"),
    (lambda: mx.em_step(TWO, POISSONS, [1, NAN]), r"must be finite, got x\[1\] = nan"),
    (lambda: mx.em_step(BAG, BAG, [1]), "current needs every parameter"),
    (
        lambda: mx.em(mx.Mixture([mx.Bernoulli(1.0), mx.Bernoulli(1.0)]), [1, 0]),
        r"x\[1\] = 0\.0 with probability 0 under all 2",
    ),
    # --- the rest
    (lambda: BAG.log_prob([1]), "log_prob needs every parameter.*weights; fit first"),
    (lambda: FULL.sample(-1, 0), "n must be a whole number from 0 up, got -1"),
    (lambda: FULL.sample(2.5, 0), "n must be a whole number from 0 up, got 2.5"),
    (lambda: FULL.sample(2, None), "rng must be an int"),
    (lambda: mx.Normal(0, 1).blank("rate"), "blanks in mean, sd, got rate"),
    (lambda: FULL.blank("sd"), "parameters of its parts, or 'weights', got sd"),
    (lambda: mx.Poisson().fit(X, start=mx.Normal(0, 1)), "start must be a Poisson"),
    (lambda: mx.from_json("{"), "must be what to_json wrote"),
    (lambda: mx.from_json('{"type": "Cauchy"}'), "known component .* got 'Cauchy'"),
    (lambda: mx.from_json("[1]"), "must name a known component in 'type', got None"),
    (lambda: mx.from_json('{"type": []}'), "known component in 'type', got \\[\\]"),
    (lambda: mx.from_json('{"type": "Family"}'), "known component .* got 'Family'"),
    (lambda: mx.from_json('{"type": "Normal", "df": 1}'), "parameters of Normal.*'df'"),
    (lambda: mx.from_json('{"type": "Mixture"}'), "parameters of Mixture"),
    (lambda: mx.from_json('{"type": "Normal", "sd": -1}'), "sd must be a number above"),
    (lambda: mx.from_json(None), "must be what to_json wrote, got None"),
    (lambda: mx.datasets.london_times()["hits"], "columns deaths, days, not 'hits'"),
]


@pytest.mark.parametrize(
    ("bad", "message"), CASES, ids=[re.sub(r"\W+", " ", m)[:50] for _, m in CASES]
)
def test_bad_input_gets_the_error_that_the_user_needs(bad, message):
    with pytest.raises((ValueError, TypeError, KeyError), match=message):
        bad()


def test_the_position_counts_the_rows_that_came_in():
    """Also those of weight 0, which are otherwise left out."""
    with pytest.raises(ValueError, match=r"x\[2\] = -5"):
        mx.em(TWO, [-1, 1, -5, 2], sample_weight=[0, 1, 1, 1])
