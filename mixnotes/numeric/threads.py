"""Threads over blocks of rows: numpy lets go of Python while it computes."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

from mixnotes.numeric.arrays import quiet

_T = TypeVar("_T")
_MOST = 8


@cache
def _controller() -> Any:
    """What holds BLAS to one thread, or None where threadpoolctl is not installed: BLAS
    threads beside our own are slower than either alone.
    """
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        return None
    return ThreadpoolController()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """A context in which BLAS has one thread: on blocks that stay in cache more threads
    only wait for each other, and for long where other programs run.

    Fits side by side hold it together: the first takes its threads, and the last to
    leave gives them back, in whichever order they came.
    """
    controller = _controller()
    if controller is None:
        yield
        return
    _hold.take(controller)
    try:
        yield
    finally:
        _hold.give_back()


class _Hold:
    """How many fits hold BLAS to one thread, and what it had before."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.count = 0
        self.controller: Any = None
        self.limit: Any = None

    def take(self, controller: Any) -> None:
        with self.lock:
            if not self.count:
                _let_set(controller)
                self.controller, self.limit = controller, controller.limit(limits=1)
            self.count += 1

    def give_back(self) -> None:
        with self.lock:
            self.count -= 1
            if not self.count:
                _let_set(self.controller)
                self.limit.restore_original_limits()
                _let_set(self.controller)


def _let_set(controller: Any) -> None:
    """Let this thread set how many BLAS has: from threadpoolctl 3.8 on the first thread
    that does is the only one that can, and others are not told."""
    for library in controller.lib_controllers:
        if clear := getattr(library, "clear_controlling_thread", None):
            clear(force=True)


_hold = _Hold()


def threads() -> int:
    """How many to use: OMP_NUM_THREADS, or the cores that this process may use; 1
    where threadpoolctl is not installed."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked == "1" or sys.platform == "emscripten" or _controller() is None:
        return 1
    if asked.isdigit() and int(asked):
        return min(int(asked), _MOST)
    if hasattr(os, "sched_getaffinity"):
        return min(len(os.sched_getaffinity(0)), _MOST)
    return min(os.cpu_count() or 1, _MOST)


def in_threads(f: Callable[..., _T], *arguments: Any) -> Iterator[_T]:
    """f over the arguments side by side; the results in order."""
    with ThreadPoolExecutor(len(arguments[0])) as pool:
        yield from pool.map(lambda *a: _quietly(f, *a), *arguments)


def _quietly(f: Callable[..., _T], *arguments: Any) -> _T:
    """f without numpy's warnings: a new thread begins with the defaults."""
    with quiet():
        return f(*arguments)
