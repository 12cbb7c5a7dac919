"""How many threads work, and that BLAS does not work against them."""

import sys

import numpy as np
import pytest
import threadpoolctl

from mixnotes import threads


@pytest.mark.parametrize(
    ("asked", "expected"),
    [("1", 1), ("3", 3), ("99", 8), ("0", 5), ("two", 5), ("", 5)],
)
def test_the_environment_says_how_many(asked, expected, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    monkeypatch.setattr(threads.os, "sched_getaffinity", lambda _: set(range(5)))
    assert threads.threads() == expected


def test_without_a_hint_it_is_as_many_as_there_are_cores_up_to_eight(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(threads.os, "sched_getaffinity", lambda _: set(range(64)))
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


def test_blas_is_held_to_one_thread_and_let_go():
    def blas():
        found = threadpoolctl.threadpool_info()
        return [each["num_threads"] for each in found if each["user_api"] == "blas"]

    np.linalg.inv(np.eye(3))
    before = blas()
    assert before
    with threads.one_blas_thread():
        assert set(blas()) == {1}
    assert blas() == before


def test_results_come_in_order_and_without_warnings():
    found = threads.in_threads(lambda a, b: np.log(a) + b, [0.0, 1.0, np.e], [5, 6, 7])
    assert list(found) == [-np.inf, 6, 8]
