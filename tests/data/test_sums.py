"""Rows become distinct values and their weights; the sums stay."""

import numpy as np
import pytest

import mixnotes as mx
from mixnotes.components.exponential import StandardizedFamily
from mixnotes.data import sources
from mixnotes.data.intervals import Intervals
from mixnotes.data.sources import compress, distinct_rows


def test_a_thousand_marbles_are_two_values_and_two_counts():
    rows = compress(np.repeat([1.0, 0.0], [591, 409]), np.ones(1000))
    assert rows.x.tolist() == [0, 1]
    assert rows.weight.tolist() == [409, 591]
    assert (rows.n, rows.total) == (1000, 1000)


def test_the_weighted_sums_are_those_of_the_rows():
    rng = np.random.default_rng(0)
    x, w = rng.poisson(3, 5000).astype(float), rng.exponential(size=5000)
    rows = compress(x, w)
    assert len(rows.x) < 20
    for power in range(4):
        assert rows.weight @ rows.x**power == pytest.approx(w @ x**power, rel=1e-12)
    assert rows.scale == pytest.approx(np.sqrt(np.cov(x, aweights=w, bias=True)))


def test_values_that_do_not_repeat_stay_as_they_are():
    x = np.random.default_rng(0).normal(size=100)
    rows = compress(x, None)
    assert rows.x is x


def test_observations_without_weight_are_left_out():
    rows = compress(np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.0, 2.0]))
    assert rows.x.tolist() == [1, 3]
    assert (rows.n, rows.total) == (2, 3)


def test_a_constant_has_a_scale_of_one():
    assert compress(np.full(3, 7.0), np.ones(3)).scale == 1


def test_rows_become_distinct_rows_in_the_order_in_which_they_came():
    """A gap is equal to a gap, and to no number."""
    gap = np.nan
    pool = np.array([[2.0, 1.0], [gap, 1.0], [2.0, gap], [0.0, 1e-300], [0.0, 1.0]])
    places = np.concatenate([[3, 0, 4], np.random.default_rng(0).integers(0, 5, 997)])
    weight = np.random.default_rng(1).exponential(size=1000)
    rows = compress(pool[places], weight)
    later = [k for k in dict.fromkeys(places.tolist())]
    np.testing.assert_array_equal(rows.x, pool[later])
    assert later[:3] == [3, 0, 4]
    expected = [weight[places == k].sum() for k in later]
    np.testing.assert_allclose(rows.weight, expected, rtol=1e-12)
    assert (rows.n, rows.origin.shape) == (1000, (1000, 2))


@pytest.mark.parametrize("n", [40, 20_000])
def test_rows_that_hardly_repeat_are_not_counted(n):
    rng = np.random.default_rng(0)
    for x in (rng.normal(size=(n, 3)), rng.normal(size=(n, 3))[rng.integers(0, n, n)]):
        assert compress(x, None).x is x


def test_many_rows_of_ten_thousand_distinct_ones_are_counted():
    """Of a few thousand that are looked at most differ."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(10_000, 2))[rng.integers(0, 10_000, 100_000)]
    rows = compress(x, None)
    assert len(rows.x) == len(np.unique(x, axis=0))
    assert rows.weight.sum() == 100_000


def test_rows_are_told_apart_though_their_marks_agree(monkeypatch):
    x = np.random.default_rng(0).integers(0, 3, (1000, 4)).astype(float)
    assert len(distinct_rows(x)[0]) == 81
    monkeypatch.setattr(sources, "_marks", lambda x: np.zeros(len(x), np.uint64))
    assert distinct_rows(x) is None


def test_rounded_values_become_distinct_intervals():
    y = np.random.default_rng(0).normal(size=700).round(1)
    rows = compress(mx.Censored(y - 0.05, y + 0.05).rows, None)
    assert isinstance(rows.x, Intervals)
    assert len(rows.x) == len(np.unique(y))


def test_a_fit_of_counted_rows_answers_row_by_row():
    """Two classes of three questions: what is asked of the fit stands in the order of
    the data, and the fit is that of the eight rows with their counts."""
    rng = np.random.default_rng(0)
    z = rng.integers(0, 2, 2000)
    x = (rng.random((2000, 3)) < np.array([[0.8, 0.7, 0.9], [0.2, 0.4, 0.1]])[z]) * 1.0
    table = {name: x[:, j] for j, name in enumerate("abc")}
    one = mx.Product({name: mx.Bernoulli() for name in "abc"})
    fit = mx.em(mx.Mixture([one, one]), table, starts=2)
    distinct, counts = np.unique(x, axis=0, return_counts=True)
    few = {name: distinct[:, j] for j, name in enumerate("abc")}
    same = mx.em(mx.Mixture([one, one]), few, sample_weight=counts, start=fit.mixture)
    assert len(fit.mixture.responsibilities(table)) == 2000
    assert fit.log_likelihood == pytest.approx(same.log_likelihood, abs=1e-9)
    assert fit.log_likelihood == pytest.approx(
        fit.mixture.log_prob(table).sum(), rel=1e-12
    )
    assert fit.bic == pytest.approx(7 * np.log(2000) - 2 * fit.log_likelihood)


STANDARDIZED = [
    each
    for each in vars(mx).values()
    if isinstance(each, type) and issubclass(each, StandardizedFamily)
]


@pytest.mark.parametrize("family", STANDARDIZED)
def test_coordinates_that_are_called_plain_are_the_data_themselves(family):
    """Of those the range and the spread are found once for whoever asks."""
    x = np.array([-2.5, 0.0, 3.0, 7.0])
    x = x if "cov" not in family.spread else np.stack([x, x**2], axis=1)
    columns, _ = family().coordinates(x)
    same = columns.shape == np.atleast_2d(x.T).shape
    assert family.is_plain == (same and (columns == x.T).all())


class Read:
    """Blocks of rows that count how often they are gone through."""

    def __init__(self):
        self.times = 0

    def __iter__(self):
        self.times += 1
        return iter(np.split(np.random.default_rng(0).normal(size=400), 4))


def test_of_a_stream_range_and_spread_are_read_once():
    """Two passes, for all that ask; and one for each look at the likelihood."""
    start = mx.Mixture([mx.Normal(-1, 1), mx.Normal(1, 1)], [0.5, 0.5])
    model, times = mx.Mixture(2 * [mx.Normal()]), []
    for steps in (3, 4):
        blocks = Read()
        mx.em(model, blocks, start=start, max_iter=steps, accelerate=False)
        times.append(blocks.times)
    assert times == [7, 8]
