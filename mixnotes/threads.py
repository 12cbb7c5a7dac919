"""Threads over blocks of rows: numpy lets go of Python while it computes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any, TypeVar

import numpy as np

_T = TypeVar("_T")
_MOST = 8


@cache
def _controller() -> Any:
    """What holds BLAS to one thread, or None: its threads and ours together lose."""
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        return None
    return ThreadpoolController()


def one_blas_thread() -> AbstractContextManager[Any]:
    """BLAS held to one thread: on blocks that stay in cache more of them only wait for
    each other, for long where other programs run."""
    controller = _controller()
    return nullcontext() if controller is None else controller.limit(limits=1)


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
    """As the caller computes: a thread begins with numpy's own warnings."""
    with np.errstate(all="ignore"):
        return f(*arguments)
