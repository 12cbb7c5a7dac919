"""Labels that are known for some observations."""

import numpy as np
import pytest

import mixnotes as mx

X = np.r_[
    np.random.default_rng(0).normal(0, 1, 60), np.random.default_rng(1).normal(3, 1, 40)
]
Z = np.r_[np.zeros(60, int), np.ones(40, int)]
TWO = mx.Mixture(2 * [mx.Normal()])


def test_all_labels_known_is_each_component_by_itself():
    fit = mx.em(TWO, X, labels=Z)
    assert fit.converged
    assert fit.mixture.weights.tolist() == pytest.approx([0.6, 0.4])
    for k, component in enumerate(fit.mixture.components):
        assert component == mx.Normal().fit(
            X[k == Z]
        ) or component.mean == pytest.approx(X[k == Z].mean())
    joint = fit.mixture.log_joint(X)[np.arange(100), Z].sum()
    assert fit.log_likelihood == pytest.approx(joint, rel=1e-12)


def test_no_labels_known_is_no_labels():
    fit, plain = mx.em(TWO, X, labels=np.full(100, -1)), mx.em(TWO, X)
    assert fit.log_likelihood == pytest.approx(plain.log_likelihood, abs=1e-8)


def test_some_labels_count_where_they_are():
    labels = np.where(np.arange(100) % 3 == 0, Z, -1)
    fit = mx.em(TWO, X, labels=labels)
    m = fit.mixture
    seen = labels >= 0
    joint = m.log_joint(X)[np.arange(100), labels][seen].sum()
    expected = joint + m.log_prob(X[~seen]).sum()
    assert fit.log_likelihood == pytest.approx(expected, rel=1e-12)
    assert np.all(np.diff(fit.history) >= 0)
    assert len(fit.standard_errors()) == 5
    assert all(v > 0 for v in fit.sandwich_errors().values() if np.ndim(v) == 0)


def test_labels_name_the_components():
    """Turned labels are turned components: nothing is put in another order."""
    labels = np.where(np.arange(100) % 3 == 0, Z, -1)
    fit = mx.em(TWO, X, labels=labels)
    turned = mx.em(TWO, X, labels=np.where(labels < 0, -1, 1 - labels))
    a, b = fit.mixture.components, turned.mixture.components
    assert a[0].mean == pytest.approx(b[1].mean, abs=1e-6)
    assert a[0].mean < a[1].mean
    assert turned.log_likelihood == pytest.approx(fit.log_likelihood, abs=1e-8)


def test_the_entropy_is_that_of_rows_without_a_label():
    fit = mx.em(TWO, X, labels=Z)
    assert fit.entropy == 0
    assert fit.icl == fit.bic


def test_known_components_and_weights_alone():
    bag = mx.Mixture([mx.Bernoulli(0.8), mx.Bernoulli(0.3)])
    marbles = [1, 1, 0, 0, 1, 0]
    fit = mx.em(bag, marbles, labels=[0, 0, 1, 1, 0, 1])
    assert fit.mixture.weights.tolist() == pytest.approx([0.5, 0.5])
    expected = 3 * np.log(0.5 * 0.8) + 3 * np.log(0.5 * 0.7)
    assert fit.log_likelihood == pytest.approx(expected)


def test_a_label_of_a_nested_mixture_is_that_of_the_outer_component():
    nested = mx.Mixture([mx.Normal(), mx.Mixture(2 * [mx.Normal()])])
    fit = mx.em(nested, X, labels=np.where(np.arange(100) % 2 == 0, Z, -1), starts=3)
    assert np.all(np.diff(fit.history) >= 0)
    assert fit.mixture.predict(X[:60]).mean() < 0.5


def test_one_step_with_labels():
    start = mx.Mixture([mx.Normal(0, 1), mx.Normal(3, 1)], [0.5, 0.5])
    step = mx.em_step(TWO, start, X, labels=Z)
    assert step.components[0].mean == pytest.approx(X[:60].mean())


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (Z[:5], r"one number an observation, shape \(100,\), got shape \(5,\)"),
        (Z + 1, r"0 to 1, or -1 \(unknown\), got labels\[60\] = 2"),
        (Z - 0.5, r"0 to 1, or -1 \(unknown\), got labels\[0\] = -0.5"),
        (["a"] * 100, "labels must be numbers"),
    ],
)
def test_bad_labels(labels, words):
    with pytest.raises((TypeError, ValueError), match=words):
        mx.em(TWO, X, labels=labels)


def test_a_label_that_is_impossible_is_named():
    model = mx.Mixture([mx.Poisson(2.0), mx.Binomial(3, 0.5)])
    with pytest.raises(ValueError, match=r"x\[1\] = 7.0 with label 1"):
        mx.em(model, [1, 7, 2], labels=[0, 1, 1])


def test_labels_of_blocks_are_refused():
    class Blocks:
        def __iter__(self):
            yield X

    with pytest.raises(ValueError, match="left out where x comes in blocks"):
        mx.em(TWO, Blocks(), labels=Z)
