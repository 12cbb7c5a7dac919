"""Labels that are known in part: as probabilities, or as what is allowed."""

import numpy as np
import pytest

import mixnotes as mx

RNG = np.random.default_rng(2)
Z = np.repeat([0, 1], 50)
X = RNG.normal(2.0 * Z, 1.0)
TWO = mx.Mixture(2 * [mx.Normal()])
SOFT = RNG.uniform(0.1, 1, (100, 2))


def test_certain_labels_are_labels():
    known = np.where(np.arange(100) % 4 == 0, Z, -1)
    allowed = np.ones((100, 2), dtype=bool)
    allowed[known == 0, 1] = allowed[known == 1, 0] = False
    sure, hard = mx.em(TWO, X, labels=allowed), mx.em(TWO, X, labels=known)
    assert sure.log_likelihood == pytest.approx(hard.log_likelihood, abs=1e-8)
    for a, b in zip(sure.mixture.components, hard.mixture.components, strict=True):
        assert (a.mean, a.sd) == pytest.approx((b.mean, b.sd), abs=1e-6)


def test_all_allowed_is_no_label():
    free, plain = mx.em(TWO, X, labels=np.ones((100, 2))), mx.em(TWO, X)
    assert free.log_likelihood == pytest.approx(plain.log_likelihood, abs=1e-8)


def test_the_likelihood_weighs_each_label_with_its_evidence():
    """log p(x) = log sum_k labels[i, k] weights[k] p(x | k), row by row."""
    fit = mx.em(TWO, X, labels=SOFT)
    joint = SOFT * np.exp(fit.mixture.log_joint(X))
    assert fit.log_likelihood == pytest.approx(
        np.log(joint.sum(axis=1)).sum(), abs=1e-9
    )
    assert fit.converged
    assert (np.diff(fit.history) >= 0).all()
    r = joint / joint.sum(axis=1, keepdims=True)
    step = mx.em_step(TWO, fit.mixture, X, labels=SOFT)
    np.testing.assert_allclose(step.weights, r.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(
        [c.mean for c in step.components], r.T @ X / r.sum(axis=0), atol=1e-12
    )
    share = -(r * np.log(r)).sum()
    assert fit.entropy == pytest.approx(share, abs=1e-9)
    assert len(fit.standard_errors()["weights"]) == 2
    assert len(fit.sandwich_errors()["weights"]) == 2


def test_evidence_goes_with_weights_of_rows_groups_and_gates():
    w = np.where(np.arange(100) < 20, 2.0, 1.0)
    twice = np.r_[np.arange(100), np.arange(20)]
    a = mx.em(TWO, X, labels=SOFT, sample_weight=w)
    b = mx.em(TWO, X[twice], labels=SOFT[twice])
    assert a.log_likelihood == pytest.approx(b.log_likelihood, abs=1e-7)
    group = np.arange(100) // 2
    fit = mx.em(TWO, X, labels=SOFT, groups=group)
    dens = np.array([c.log_prob(X) for c in fit.mixture.components]).T + np.log(SOFT)
    pairs = dens.reshape(50, 2, 2).sum(axis=1) + np.log(fit.mixture.weights)
    total = np.log(np.exp(pairs).sum(axis=1)).sum()
    assert fit.log_likelihood == pytest.approx(total, abs=1e-9)
    gate = mx.Mixture(2 * [mx.Normal()], weights=mx.Gate(["u"]))
    fit = mx.em(gate, X, labels=SOFT, covariates={"u": Z + RNG.normal(size=100)})
    assert fit.converged
    assert mx.bootstrap(fit, 3).failed == 0


def test_what_is_not_allowed_stays_out():
    three = mx.Mixture(3 * [mx.Normal()])
    allowed = np.ones((100, 3), dtype=bool)
    allowed[X < 0, 2] = False
    fit = mx.em(three, X, labels=allowed)
    joint = np.where(allowed, np.exp(fit.mixture.log_joint(X)), 0)
    total = np.log(joint.sum(axis=1)).sum()
    assert fit.log_likelihood == pytest.approx(total, abs=1e-8)


BAD = {
    "columns": np.ones((100, 3)),
    "rows": np.ones((99, 2)),
    "negative": np.where(Z[:, None] == [0, 1], -0.5, 1),
    "above 1": np.full((100, 2), 2.0),
    "a gap": np.where(Z[:, None] == [0, 1], np.nan, 1),
    "nowhere": np.zeros((100, 2)),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_is_refused_with_a_reason(name):
    with pytest.raises(ValueError, match="labels"):
        mx.em(TWO, X, labels=BAD[name])
