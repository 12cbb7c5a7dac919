"""Bad input to the families: what must hold, what came, what to do."""

import numpy as np
import pytest

import mixnotes as mx

NAN, INF = float("nan"), float("inf")
SHARED = mx.Shared("s")

CASES = [
    # --- parameters outside their sets
    (lambda: mx.Gamma(0, 1), "Gamma: shape must be a number above 0, got 0; leave sh"),
    (lambda: mx.Gamma(1, -1), "scale must be a number above 0, got -1"),
    (lambda: mx.Gamma(NAN, 1), "shape must be a number above 0, got nan"),
    (lambda: mx.Gamma(INF, 1), "shape must be a number above 0, got inf"),
    (lambda: mx.Gamma("2", 1), "shape must be a number above 0, got '2'"),
    (lambda: mx.Weibull(0, 1), "Weibull: shape must be a number above 0, got 0"),
    (lambda: mx.Weibull(1, INF), "scale must be a number above 0, got inf"),
    (lambda: mx.InverseGaussian(-1, 1), "mean must be a number above 0, got -1"),
    (lambda: mx.InverseGaussian(1, 0), "shape must be a number above 0, got 0"),
    (lambda: mx.Beta(0, 1), "Beta: a must be a number above 0, got 0"),
    (lambda: mx.Beta(1, [2, 3]), r"b must be a number above 0, got \[2, 3\]"),
    (lambda: mx.Dirichlet([1, 0]), "alpha must be a vector of numbers above 0"),
    (lambda: mx.Dirichlet([1, NAN]), "alpha must be a vector of numbers above 0"),
    (lambda: mx.Dirichlet([2.0]), "at least 2 numbers, got 1"),
    (lambda: mx.Dirichlet([[1, 2]]), "alpha must be a vector"),
    (lambda: mx.Dirichlet([1, 2], d=3), "one number a column, d = 3, got 2; leave d"),
    (lambda: mx.Dirichlet(d=1), "Dirichlet: d must be a whole number from 2 up"),
    (lambda: mx.Laplace(INF, 1), "loc must be a finite number, got inf"),
    (lambda: mx.Laplace(0, 0), "Laplace: scale must be a number above 0, got 0"),
    (lambda: mx.Logistic(0, -2), "Logistic: scale must be a number above 0, got -2"),
    (lambda: mx.Gumbel(NAN, 1), "Gumbel: loc must be a finite number, got nan"),
    (lambda: mx.StudentT(0, 0, 1), "df must be a number above 0, or infinity, got 0"),
    (lambda: mx.StudentT(-1), "df must be a number above 0, or infinity, got -1"),
    (lambda: mx.StudentT(NAN), "df must be a number above 0, or infinity, got nan"),
    (lambda: mx.StudentT(3, 0, 0), "scale must be a number above 0, got 0"),
    (
        lambda: mx.MultivariateStudentT(3, [0, 0], [[1, 2], [2, 1]]),
        "symmetric positive",
    ),
    (lambda: mx.MultivariateStudentT(3, [0, 0], [[1]]), r"one dimension, got \[1, 2\]"),
    (lambda: mx.MultivariateStudentT(3, 0.0), "loc must be a vector of finite numbers"),
    (lambda: mx.MultivariateStudentT(d=0), "d must be a whole number from 1 up, got 0"),
    (lambda: mx.VonMises(INF), "VonMises: mean must be a finite number, got inf"),
    (lambda: mx.VonMises(0, -1), "concentration must be a number not below 0, got -1"),
    (
        lambda: mx.VonMises(0, INF),
        "concentration must be a number not below 0, got inf",
    ),
    (lambda: mx.Uniform(2, 1), "low must be below high, got low = 2.0 and high = 1.0"),
    (lambda: mx.Uniform(2, 2), "low must be below high.*for a single value use Point"),
    (lambda: mx.Uniform(-INF, 1), "low must be a finite number, got -inf"),
    (lambda: mx.PointMass(NAN), "at must be a finite number, got nan"),
    (lambda: mx.NegativeBinomial(0, 1), "size must be a number above 0, or infinity"),
    (lambda: mx.NegativeBinomial(1, -1), "mean must be a number not below 0, got -1"),
    (lambda: mx.NegativeBinomial(1, INF), "mean must be a number not below 0, got inf"),
    (lambda: mx.Multinomial(0), "n must be a whole number from 1 up, got 0"),
    (lambda: mx.Multinomial(2.5), "n must be a whole number from 1 up, got 2.5"),
    (lambda: mx.Multinomial(3, [0.5, 0.6]), "probabilities that are not negative"),
    (lambda: mx.Multinomial(3, [0.5, 0.5], d=3), "one number a column, d = 3, got 2"),
    # --- observations outside the support
    (
        lambda: mx.Gamma().fit([1, 0]),
        r"Gamma: x must be numbers above 0, got x\[1\] = 0",
    ),
    (lambda: mx.Weibull().fit([1, -2]), r"numbers above 0, got x\[1\] = -2"),
    (lambda: mx.InverseGaussian().fit([0, 1]), r"numbers above 0, got x\[0\] = 0"),
    (lambda: mx.Beta().fit([0.5, 1]), r"above 0 and below 1, got x\[1\] = 1"),
    (lambda: mx.Dirichlet().fit([[0.5, 0.6]]), "rows of numbers above 0 that sum to 1"),
    (lambda: mx.Dirichlet().fit([[0.0, 1.0]]), "rows of numbers above 0 that sum to 1"),
    (lambda: mx.Multinomial(3).fit([[1, 1]]), "whole numbers from 0 up that sum to 3"),
    (lambda: mx.Multinomial(3).fit([[1.5, 1.5]]), "whole numbers from 0 up that sum"),
    (lambda: mx.NegativeBinomial().fit([1.5]), "whole numbers from 0 up, got"),
    (lambda: mx.Uniform(low=0.0).fit([1, -1]), r"not below 0, got x\[1\] = -1"),
    (lambda: mx.Uniform(high=0.0).fit([-1, 1]), r"not above 0, got x\[1\] = 1"),
    (lambda: mx.Uniform(0, 1).fit([2]), r"numbers from 0 to 1, got x\[0\] = 2"),
    (lambda: mx.PointMass(0).fit([1]), r"0 exactly, got x\[0\] = 1"),
    (lambda: mx.StudentT().fit([NAN, 1]), r"must be finite, got x\[0\] = nan"),
    (lambda: mx.Laplace().fit([1, INF]), r"must be finite, got x\[1\] = inf"),
    (lambda: mx.Gumbel().fit([1e200, 0]), r"at most 1e\+150 in size, got x\[0\]"),
    # --- shapes of data
    (lambda: mx.Gamma().fit([[1, 2]]), r"one number an observation.*shape \(1, 2\)"),
    (
        lambda: mx.Dirichlet().fit([0.5, 0.5]),
        r"one row an observation.*got shape \(2,\)",
    ),
    (lambda: mx.Multinomial(2).fit([1, 1]), "Multinomial takes one row an observation"),
    (lambda: mx.MultivariateStudentT().fit([1, 2]), "takes one row an observation"),
    (
        lambda: mx.Dirichlet([1, 2]).log_prob([[0.2, 0.3, 0.5]]),
        r"of 2 columns takes x of shape \(n, 2\), got 3 columns",
    ),
    (
        lambda: mx.MultivariateStudentT(d=3).fit(np.ones((4, 2))),
        r"of 3 columns takes x of shape \(n, 3\), got 2 columns",
    ),
    # --- too little to learn from
    (lambda: mx.Laplace().fit([3, 3]), "values that differ, got values all equal to 3"),
    (lambda: mx.StudentT().fit([3]), r"give scale, for example StudentT\(scale=1.0\)"),
    (lambda: mx.Logistic().fit([1e-200, 2e-200]), "must vary by more than.*rescale it"),
    (lambda: mx.Weibull().fit([2, 2]), "shape must be learned from values that differ"),
    (lambda: mx.Gamma().fit([2, 2]), "collapsed on x = 2: its shape grew"),
    (lambda: mx.InverseGaussian().fit([2, 2]), "InverseGaussian collapsed on x = 2"),
    (lambda: mx.Beta().fit([0.2, 0.2]), "Beta collapsed on x = 0.2"),
    (
        lambda: mx.Dirichlet().fit([[0.2, 0.8]]),
        r"Dirichlet collapsed on x = \[0.2, 0.8",
    ),
    (lambda: mx.VonMises().fit([1, 1]), "VonMises collapsed on x = 1"),
    (lambda: mx.Uniform().fit([1, 1]), "Uniform collapsed on x = 1.*or use PointMass"),
    (
        lambda: mx.MultivariateStudentT().fit([[1, 2], [1, 3], [1, 4]]),
        "each column must vary.*got column 0 all equal to 1",
    ),
    (
        lambda: mx.MultivariateStudentT().fit([[1, 2], [2, 4], [3, 6], [4, 8]]),
        "its shape became singular.*a column that others determine",
    ),
    (lambda: mx.Dirichlet().n_free, r"give d, for example Dirichlet\(d=3\)"),
    (lambda: mx.Multinomial(4).n_free, r"for example Multinomial\(4, d=3\)"),
    (lambda: mx.MultivariateStudentT().n_free, "depends on the dimension.*give d"),
    # --- distribution functions
    (lambda: mx.Gamma(1, 1).cdf([1, NAN]), r"x must be numbers, got x\[1\] = nan"),
    (lambda: mx.Gamma(1, 1).cdf("a"), "x must be numbers, got"),
    (
        lambda: mx.Gamma(1, 1).quantile([0.5, 1.5]),
        r"from 0 to 1, got q\[1\] = 1.5.*divid",
    ),
    (lambda: mx.Gamma(1, 1).quantile(-0.1), "from 0 to 1, got q = -0.1"),
    (lambda: mx.Gamma(shape=1).cdf([1]), "cdf needs every parameter.*scale; fit first"),
    (lambda: mx.Normal(0).sf([1]), "sf needs every parameter.*has blanks: sd"),
    (lambda: mx.Normal(0).quantile(0.5), "quantile needs every parameter"),
    (
        lambda: mx.MultivariateNormal([0, 0], np.eye(2)).cdf([0.0]),
        "MultivariateNormal has no distribution function",
    ),
    # --- starts, blanks, JSON
    (
        lambda: mx.Gamma().fit([1, 2], start=mx.Beta(1, 1)),
        "start must be a Gamma, got B",
    ),
    (lambda: mx.Gamma(1, 1).blank("rate"), "can have blanks in shape, scale, got rate"),
    (lambda: mx.Gamma().sample(3, 0), "sample needs every parameter.*fit first"),
    (lambda: mx.from_json('{"type": "Gamma", "rate": 1}'), "parameters of Gamma"),
    (lambda: mx.from_json('{"type": "Searched"}'), "known component in 'type'"),
    (
        lambda: mx.em(
            mx.Mixture([mx.Gamma(shape=SHARED), mx.Weibull()]), [1.0, 2.0, -3.0]
        ),
        r"Mixture: x must be numbers above 0, got x\[2\] = -3",
    ),
    (
        lambda: mx.em(
            mx.Mixture([mx.Gamma(shape=SHARED), mx.Beta(a=SHARED)]), [0.1, 0.2, 0.3]
        ),
        "must stand for one parameter of one family, got Beta.a and Gamma.shape",
    ),
]


@pytest.mark.parametrize(
    ("bad", "message"), CASES, ids=[f"{k} {m[:40]}" for k, (_, m) in enumerate(CASES)]
)
def test_bad_input_gets_the_error_that_the_user_needs(bad, message):
    with pytest.raises((ValueError, TypeError), match=message):
        bad()
