"""A limit on the time that a fence may run."""

import ctypes
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from livefence.faults import TimeLimit

AGAIN = 1.0  # seconds until a fence that swallowed the exception meets it anew


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeLimit in the block once it has run for so many seconds."""
    main = threading.current_thread() is threading.main_thread()
    usable = main and hasattr(signal, "setitimer")
    with _by_signal(seconds) if usable else _by_thread(seconds):
        yield


@contextmanager
def _by_signal(seconds: float) -> Iterator[None]:
    """With the interval timer, which is handed back as it was to its owner."""

    def stop(*_: Any) -> None:
        raise TimeLimit(f"still running after {seconds:g} s")

    began = time.monotonic()
    before = signal.signal(signal.SIGALRM, stop)
    remaining, interval = signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if remaining:
            left = max(remaining - (time.monotonic() - began), 0.001)
            signal.setitimer(signal.ITIMER_REAL, left, interval)


@contextmanager
def _by_thread(seconds: float) -> Iterator[None]:
    """Where signals cannot reach: an exception set from a second thread."""
    ident = ctypes.c_ulong(threading.get_ident())
    message = f"still running after {seconds:g} s"
    late = type("TimeLimit", (TimeLimit,), {"__str__": lambda _: message})
    done = threading.Event()

    def watch() -> None:
        wait = seconds
        while not done.wait(wait):
            wait = AGAIN
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ident, ctypes.py_object(late))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
