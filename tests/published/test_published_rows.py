"""Published and independently recomputed maxima of rows with totals of their own and of
regressions, from default starts."""

import csv

import numpy as np
import pytest

import mixnotes as mx
from tests.published.conftest import SHARED


def columns(case):
    with open(SHARED / "reference" / case["data"], newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def check(fit, case):
    assert fit.converged, fit.reason
    assert fit.model.n_free == case["n_free"]
    assert fit.log_likelihood == pytest.approx(case["log_likelihood"], rel=1e-6)


def patients(case):
    x = columns(case)
    found = {name: x[name].astype(float) for name in ("Deaths", "Total")}
    return found | {"drug": (x["Treatment"] != "Control").astype(float)}


def test_binomials_of_wards(cases):
    case = cases["totals_betablocker_plain_2"]
    x = patients(case)
    del x["drug"]
    fit = mx.em(mx.Mixture(2 * [mx.Binomial("Total")]), x)
    check(fit, case)
    expected = case["parameters"]
    found = [c.p for c in fit.mixture.components]
    np.testing.assert_allclose(found, expected["probabilities"], rtol=1e-3)
    np.testing.assert_allclose(fit.mixture.weights, expected["weights"], atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("k", [1, 2])
def test_binomial_regressions_of_wards(cases, k):
    case = cases[f"totals_betablocker_fixed_{k}"]
    part = mx.BinomialRegression("Deaths", {"drug": mx.Shared("drug")}, "Total")
    fit = mx.em(mx.Mixture(k * [part]), patients(case))
    check(fit, case)
    expected = case["parameters"]
    found = [c.intercept for c in fit.mixture.components]
    np.testing.assert_allclose(found, expected["intercepts"], rtol=1e-3)
    effect = fit.mixture.components[0].coef["drug"]
    there = expected["effect of Treatment (not Control)"]
    assert effect == pytest.approx(there[0], rel=1e-3)


def test_word_counts_of_texts(cases):
    case = cases["totals_multinomial_docs"]
    x = np.array(list(columns(case).values()), dtype=float).T
    fit = mx.em(mx.Mixture(2 * [mx.Multinomial()]), x)
    check(fit, case)
    expected = case["parameters"]["probabilities"]
    found = sorted(c.probs.tolist() for c in fit.mixture.components)
    np.testing.assert_allclose(found, sorted(expected), atol=1e-3)


@pytest.mark.slow
def test_negative_binomial_regressions(cases):
    case = cases["regression_negbin_2"]
    x = {name: v.astype(float) for name, v in columns(case).items()}
    fit = mx.em(mx.Mixture(2 * [mx.NegativeBinomialRegression("y", ["x"])]), x)
    check(fit, case)
    expected = case["parameters"]
    parts = fit.mixture.components
    found = [[c.intercept, c.coef["x"]] for c in parts]
    np.testing.assert_allclose(found, expected["coef_1_x"], rtol=1e-3)
    np.testing.assert_allclose([c.size for c in parts], expected["theta"], rtol=1e-3)


def test_the_articles_of_biochemists(cases):
    case = cases["regression_negbin_biochemists_1"]
    x = columns(case)
    table = {name: x[name].astype(float) for name in ("art", "kid5", "phd", "ment")}
    table["woman"] = (x["fem"] == "Women").astype(float)
    table["married"] = (x["mar"] == "Married").astype(float)
    on = ["woman", "married", "kid5", "phd", "ment"]
    fit = mx.em(mx.Mixture([mx.NegativeBinomialRegression("art", on)]), table, starts=1)
    check(fit, case)
    found = fit.mixture.components[0]
    got = [found.intercept, *found.coef.values()]
    np.testing.assert_allclose(got, case["parameters"]["coef"], rtol=1e-3)
    assert found.size == pytest.approx(case["parameters"]["theta"], rel=1e-3)
