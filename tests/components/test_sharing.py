"""What components have in common where no sums tell them: t, counts, columns."""

import numpy as np
import pytest
import scipy.optimize

import mixnotes as mx

CASES = [
    (
        [mx.StudentT(df=mx.Shared("df"))] * 2,
        [mx.StudentT(4.0, 0.0, 1.0), mx.StudentT(4.0, 12.0, 2.0)],
    ),
    (
        [mx.StudentT(df=5.0, scale=mx.Shared("s"))] * 2,
        [mx.StudentT(5.0, 0.0, 1.0), mx.StudentT(5.0, 6.0, 1.0)],
    ),
    (
        [mx.Weibull(shape=mx.Shared("k"))] * 2,
        [mx.Weibull(3.0, 1.0), mx.Weibull(3.0, 9.0)],
    ),
    (
        [mx.NegativeBinomial(size=mx.Shared("r"))] * 2,
        [mx.NegativeBinomial(3.0, 2.0), mx.NegativeBinomial(3.0, 30.0)],
    ),
    (
        [mx.Logistic(scale=mx.Shared("s"))] * 2,
        [mx.Logistic(0.0, 1.0), mx.Logistic(9.0, 1.0)],
    ),
]


@pytest.mark.parametrize(("templates", "truth"), CASES, ids=repr)
def test_a_shared_parameter_is_one_number_at_a_maximum(templates, truth):
    """No general optimiser that begins at the fit, over all blanks, ends higher."""
    x = mx.Mixture(truth, [0.5, 0.5]).sample(300, rng=0)
    model = mx.Mixture(templates)
    fit = mx.em(model, x, start=mx.Mixture(truth, [0.5, 0.5]))
    assert fit.converged, fit.reason
    assert np.all(np.diff(fit.history) >= 0)
    (name,) = templates[0].shares
    a, b = (getattr(c, name) for c in fit.mixture.components)
    assert a == pytest.approx(b, rel=1e-9)
    assert model.n_free == 2 * templates[0].n_free - 1 + 1

    def loss(u):
        weight = 1 / (1 + np.exp(-u[0]))
        common = {name: u[1]}
        half = (len(u) - 2) // 2
        parts = []
        for k, template in enumerate(templates):
            own = [n for n in template.blanks if n != name]
            values = dict(zip(own, u[2 + k * half : 2 + (k + 1) * half], strict=True))
            try:
                parts.append(template.filled(values | common))
            except ValueError:
                return 1e10
        return -mx.Mixture(parts, [weight, 1 - weight]).log_prob(x).sum()

    w = fit.mixture.weights[0]
    start = [np.log(w / (1 - w)), a]
    for template, component in zip(templates, fit.mixture.components, strict=True):
        start += [getattr(component, n) for n in template.blanks if n != name]
    assert loss(np.array(start)) == pytest.approx(-fit.log_likelihood, rel=1e-12)
    best = scipy.optimize.minimize(
        loss, start, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-10}
    )
    assert -fit.log_likelihood <= best.fun + 1e-6


@pytest.mark.slow
def test_sharing_counts_once_and_has_standard_errors():
    x = mx.Mixture(CASES[2][1], [0.5, 0.5]).sample(300, rng=0)
    fit = mx.em(mx.Mixture(CASES[2][0]), x, starts=3)
    errors = fit.standard_errors()
    assert errors["components[0].shape"] == pytest.approx(errors["components[1].shape"])
    free = mx.em(mx.Mixture(2 * [mx.Weibull()]), x, starts=3)
    assert errors["components[0].shape"] < free.standard_errors()["components[0].shape"]
    assert fit.log_likelihood <= free.log_likelihood + 1e-8


def test_a_shared_gamma_scale_is_seen_to_converge():
    """What is shared is learned by a search, whose last digits move."""
    x = np.r_[mx.Gamma(2, 1).sample(90, rng=1), mx.Gamma(20, 1).sample(60, rng=2)]
    scale = mx.Shared("s")
    fit = mx.em(mx.Mixture([mx.Gamma(2.0, scale), mx.Gamma(20.0, scale)]), x, starts=2)
    assert fit.converged, fit.reason


def test_a_shared_name_stands_for_one_parameter_at_whatever_depth():
    inner = mx.Mixture([mx.Normal(sd=mx.Shared("s")), mx.Normal()])
    model = mx.Mixture([inner, mx.Laplace(scale=mx.Shared("s"))])
    with pytest.raises(ValueError, match=r"got Laplace.scale and Normal.sd; use two"):
        mx.em(model, np.arange(20.0))


def test_a_tied_covariance_is_learned_or_given_at_whatever_depth():
    tied = mx.MultivariateNormal(covariance="EEE")
    given = mx.MultivariateNormal(cov=np.eye(2), covariance="EEE")
    x = np.random.default_rng(0).normal(size=(40, 2))
    with pytest.raises(ValueError, match="must all have cov blank, or all given"):
        mx.em(mx.Mixture([mx.Mixture([tied, tied]), given]), x)
