"""How many threads work, and that BLAS does not work against them."""

import itertools
import sys
import threading

import numpy as np
import pytest
import threadpoolctl

import mixnotes as mx
from mixnotes.numeric import threads


@pytest.mark.parametrize(
    ("asked", "expected"),
    [("1", 1), ("3", 3), ("99", 8), ("0", 5), ("two", 5), ("", 5)],
)
def test_the_environment_says_how_many(asked, expected, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    cores = set(range(5))
    monkeypatch.setattr(threads.os, "sched_getaffinity", lambda _: cores, raising=False)
    assert threads.threads() == expected


def test_without_a_hint_it_is_as_many_as_there_are_cores_up_to_eight(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    cores = set(range(64))
    monkeypatch.setattr(threads.os, "sched_getaffinity", lambda _: cores, raising=False)
    assert threads.threads() == 8
    monkeypatch.delattr(threads.os, "sched_getaffinity")
    monkeypatch.setattr(threads.os, "cpu_count", lambda: 6)
    assert threads.threads() == 6
    monkeypatch.setattr(threads.os, "cpu_count", lambda: None)
    assert threads.threads() == 1


def test_one_where_blas_cannot_be_held_or_in_a_browser(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    monkeypatch.setattr(threads.sys, "platform", "emscripten")
    assert threads.threads() == 1
    monkeypatch.undo()
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    threads._controller.cache_clear()
    try:
        assert threads.threads() == 1
        with threads.one_blas_thread():
            pass
    finally:
        threads._controller.cache_clear()


def blas():
    """How many threads each BLAS that is loaded has."""
    found = threadpoolctl.threadpool_info()
    return [each["num_threads"] for each in found if each["user_api"] == "blas"]


def test_blas_is_held_to_one_thread_and_let_go():
    np.linalg.inv(np.eye(3))
    before = blas()
    assert before
    with threads.one_blas_thread():
        assert set(blas()) == {1}
    assert blas() == before


class Fit(threading.Thread):
    """Holds BLAS in a thread of its own, from one word to another."""

    def __init__(self, fails=False):
        super().__init__(daemon=True)
        self.came, self.may_go = threading.Event(), threading.Event()
        self.fails, self.error = fails, None
        self.start()
        assert self.came.wait(60)

    def run(self):
        try:
            with threads.one_blas_thread():
                self.came.set()
                assert self.may_go.wait(60)
                if self.fails:
                    raise ArithmeticError
        except ArithmeticError as error:
            self.error = error

    def go(self):
        self.may_go.set()
        self.join(60)
        assert not self.is_alive()


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("fails", [False, True])
def test_of_fits_side_by_side_the_last_to_leave_gives_the_threads_back(order, fails):
    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        assert set(blas()) == {2}
        fits = [Fit(fails) for _ in range(3)]
        for number, k in enumerate(order):
            assert set(blas()) == {1}
            fits[k].go()
            assert (fits[k].error is not None) == fails
            assert set(blas()) == ({1} if number < 2 else {2})
        with threads.one_blas_thread(), threads.one_blas_thread():
            assert set(blas()) == {1}
        assert set(blas()) == {2}


def test_two_fits_at_once_leave_blas_as_it_was():
    """One begins in the middle of the other, and ends after it."""
    x = np.random.default_rng(0).normal(size=40_000)
    model = mx.Mixture(2 * [mx.Normal()])
    other = None

    def begin(step):
        nonlocal other
        if step.step == 1:
            assert set(blas()) == {1}  # held for the whole of a fit
            other = Fit()

    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        mx.em(model, x, starts=1, max_iter=2, callback=begin)
        assert set(blas()) == {1}
        other.go()
        assert set(blas()) == {2}


def test_results_come_in_order_and_without_warnings():
    found = threads.in_threads(lambda a, b: np.log(a) + b, [0.0, 1.0, np.e], [5, 6, 7])
    assert list(found) == [-np.inf, 6, 8]
