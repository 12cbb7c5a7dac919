"""Rows become distinct values and their weights; the sums stay."""

import numpy as np
import pytest

from mixnotes.data.sources import compress


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
