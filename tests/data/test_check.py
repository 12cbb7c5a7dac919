"""Arrays of every make: what numpy would read without a word is told, or honoured."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import mixnotes as mx

X = np.r_[
    np.random.default_rng(0).normal(0, 1, 30), np.random.default_rng(1).normal(4, 1, 20)
]
Z = np.r_[np.zeros(30, int), np.ones(20, int)]
TWO = mx.Mixture(2 * [mx.Normal()])
FILLED = mx.Mixture([mx.Normal(0.0, 1.0), mx.Normal(4.0, 1.0)], [0.6, 0.4])
ROWS = np.c_[X, Z]
THIRD = np.arange(50) == 3


def masked(values, mask=THIRD):
    return np.ma.array(values, mask=mask)


# ---------------------------------------------------------------------------- masks


@pytest.mark.parametrize(
    "call",
    [
        lambda w: mx.em(TWO, X, sample_weight=w),
        lambda w: mx.em_step(TWO, FILLED, X, sample_weight=w),
        lambda w: mx.Normal().fit(X, sample_weight=w),
        lambda w: mx.select([TWO], X, sample_weight=w),
        lambda w: mx.em_online(TWO, [(X, w)]),
    ],
    ids=["em", "em_step", "fit", "select", "em_online"],
)
def test_a_masked_weight_is_refused_wherever_it_comes_in(call):
    """What lies under a mask is no weight: here it would count a thousand times."""
    weight = np.where(THIRD, 1000.0, 1.0)
    with pytest.raises(ValueError, match=r"sample_weight must have no masked values, "):
        call(masked(weight))


def test_weights_of_which_none_is_masked_are_weights():
    weight = np.arange(50) % 3.0
    here = mx.em(TWO, X, sample_weight=masked(weight, False), max_iter=5)
    assert here.mixture == mx.em(TWO, X, sample_weight=weight, max_iter=5).mixture


def test_a_masked_label_is_unknown():
    """Whatever lies under the mask, be it no label at all."""
    mask = np.arange(50) % 2 == 1
    for under in (Z, 1 - Z, np.full(50, 99)):
        labels = masked(np.where(mask, under, Z), mask)
        here = mx.em(TWO, X, labels=labels, max_iter=20)
        there = mx.em(TWO, X, labels=np.where(mask, -1, Z), max_iter=20)
        assert here.mixture == there.mixture
        assert here.log_likelihood == there.log_likelihood
    step = mx.em_step(TWO, FILLED, X, labels=labels)
    assert step == mx.em_step(TWO, FILLED, X, labels=np.where(mask, -1, Z))


def test_labels_all_of_which_are_masked_are_none():
    here = mx.em(TWO, X, labels=masked(Z, True))
    assert here.log_likelihood == pytest.approx(mx.em(TWO, X).log_likelihood, abs=1e-8)


def test_labels_that_are_masked_and_wrong_are_refused_where_they_are_seen():
    with pytest.raises(ValueError, match=r"0 to 1, or -1 \(unknown\), got labels\[4\]"):
        mx.em(TWO, X, labels=masked(np.where(np.arange(50) == 4, 7, Z)))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: mx.em(TWO, masked(X)), "x must have no masked values, got 1 of 50"),
        (lambda: FILLED.log_prob(masked(X)), "x must have no masked values"),
        (lambda: mx.em(mx.gaussian_mixture(2), masked(ROWS, ROWS > 3)), "x must have"),
        (
            lambda: mx.Mixture(FILLED.components, masked([0.6, 0.4], [0, 1])),
            "weights must have no masked values, got 1 of 2; fill them, or leave",
        ),
        (
            lambda: mx.MultivariateNormal(mean=masked([0.0, 1.0], [0, 1])),
            "mean must be",
        ),
        (
            lambda: mx.Binned(masked([0.0, 1, 2], [0, 1, 0]), [3, 4]),
            "edges must have no masked values",
        ),
        (
            lambda: mx.Binned([0, 1, 2], masked([3, 4], [0, 1])),
            "counts must have no masked values",
        ),
        (
            lambda: mx.Censored(masked([0.0, 1], [0, 1]), [1, 2]),
            "low must have no masked values",
        ),
        (lambda: FILLED.cdf(masked(X)), "x must have no masked values"),
        (lambda: FILLED.quantile(masked([0.1, 0.2], [0, 1])), "q must have no masked"),
    ],
)
def test_a_mask_is_dropped_nowhere(call, words):
    with pytest.raises(ValueError, match=words):
        call()


# ----------------------------------------------------------------- pandas' own types

NULLABLE = ["Float64", "Float32", "Int64", "boolean"]


@pytest.mark.parametrize("kind", NULLABLE)
def test_a_column_of_a_nullable_type_is_its_numbers(kind):
    x = pd.Series(Z, dtype=kind)
    assert mx.Bernoulli().fit(x) == mx.Bernoulli().fit(Z)
    named = mx.Mixture(2 * [mx.Product({"a": mx.Bernoulli()})])
    frame = pd.DataFrame({"a": x})
    assert (
        mx.em(named, frame, max_iter=5).mixture
        == mx.em(named, {"a": Z}, max_iter=5).mixture
    )
    assert mx.em(TWO, X, sample_weight=x + 1 if kind != "boolean" else x).n > 0


@pytest.mark.parametrize("kind", NULLABLE[:3])
def test_what_a_nullable_type_marks_as_missing_is_missing(kind):
    """NaN in a product, an error that says where elsewhere."""
    x = pd.Series(Z, dtype=kind)
    x[3] = pd.NA
    with pytest.raises(ValueError, match=r"x must be finite, got x\[3\] = nan"):
        mx.em(TWO, x)
    with pytest.raises(ValueError, match=r"finite .*, got sample_weight\[3\] = nan"):
        mx.em(TWO, X, sample_weight=x)
    with pytest.raises(ValueError, match=r"-1 \(unknown\), got labels\[3\] = nan"):
        mx.em(TWO, X, labels=x)
    named = mx.Mixture(2 * [mx.Product({"a": mx.Normal(), "b": mx.Normal()})])
    here = mx.em(named, pd.DataFrame({"a": x, "b": X}), starts=1, max_iter=5)
    columns = {"a": np.where(THIRD, np.nan, Z), "b": X}
    assert here.mixture == mx.em(named, columns, starts=1, max_iter=5).mixture


def test_rows_of_nullable_types_may_have_gaps_where_arrays_may():
    rows = ROWS.copy()
    rows[3, 0] = np.nan
    frame = pd.DataFrame(ROWS, columns=["a", "b"]).astype("Float64")
    frame.loc[3, "a"] = pd.NA
    here = mx.em(mx.gaussian_mixture(1), frame, max_iter=20)
    assert here.mixture == mx.em(mx.gaussian_mixture(1), rows, max_iter=20).mixture


def test_text_in_a_column_is_no_number_whatever_its_type():
    for kind in ("string", "category", object):
        with pytest.raises(
            TypeError, match=r"x must be numbers, got .*take a Categorical"
        ):
            mx.em(TWO, pd.Series(["a", "b"], dtype=kind))


# --------------------------------------------------------------------------- sparse


@pytest.mark.parametrize(
    "make", [sparse.csr_matrix, sparse.csr_array, sparse.coo_array]
)
def test_a_sparse_matrix_is_refused_and_not_read_as_blocks(make):
    told = r"must be a dense array, got a sparse one, \w+; pass \w+.toarray\(\)"
    plane = mx.gaussian_mixture(2)
    calls = [
        lambda: mx.em(plane, make(ROWS)),
        lambda: mx.em_step(plane, mx.em(plane, ROWS).mixture, make(ROWS)),
        lambda: mx.em(plane, ROWS).mixture.log_prob(make(ROWS)),
        lambda: mx.em(plane, ROWS, sample_weight=make(np.ones((1, 50)))),
        lambda: mx.em_online(plane, [make(ROWS)]),
    ]
    for call in calls:
        with pytest.raises(TypeError, match=told):
            call()


# --------------------------------------------------------------------- tiny weights


@pytest.mark.parametrize("size", [5e-324, 1e-310, 1e-300])
def test_weights_whose_sums_lose_their_digits_are_refused(size):
    told = r"sums of it lose their digits, got weights up to .*; divide them by their"
    for call in (
        lambda w: mx.em(TWO, X, sample_weight=w),
        lambda w: mx.Normal().fit(X, sample_weight=w),
        lambda w: mx.select([TWO], X, sample_weight=w),
    ):
        with pytest.raises(ValueError, match=told):
            call(np.full(50, size))


def test_the_smallest_weights_that_are_taken_give_the_fit_of_ones():
    tiny = np.full(50, 1e-291)
    component = mx.Normal().fit(X, sample_weight=tiny)
    assert component.mean == pytest.approx(X.mean(), rel=1e-12)
    assert component.sd == pytest.approx(X.std(), rel=1e-12)
    fit = mx.em(TWO, X, sample_weight=tiny, starts=3)
    ones = mx.em(TWO, X, starts=3)
    np.testing.assert_allclose(
        fit.mixture.log_prob(X), ones.mixture.log_prob(X), rtol=1e-5
    )


def test_a_weight_that_is_tiny_beside_others_counts_for_nothing():
    weight = np.where(THIRD, 5e-324, 1.0)
    component = mx.Normal().fit(X, sample_weight=weight)
    assert component.mean == pytest.approx(X[~THIRD].mean(), rel=1e-12)


# ------------------------------------------------------------------- columns by name


def test_a_stream_that_is_seen_once_takes_no_columns_by_name():
    named = mx.Mixture(2 * [mx.Product({"a": mx.Normal()})])
    with pytest.raises(
        TypeError, match=r"em_online takes no columns by name, .* take a;"
    ):
        mx.em_online(named, [{"a": X}])
