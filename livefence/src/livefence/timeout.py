"""A limit on the time that a fence may compute.

What counts is the time of its own thread on the processor, so that a busy machine
makes no fence fail. By the clock on the wall it has much more, for what waits.
"""

import ctypes
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from livefence.faults import TimeLimit

AGAIN = 1.0  # seconds until a fence that swallowed the exception meets it anew


@contextmanager
def time_limit(seconds: float, patience: float) -> Iterator[None]:
    """Raise TimeLimit in the block once it has computed for so many seconds, or once
    `patience` seconds have passed."""
    main = threading.current_thread() is threading.main_thread()
    usable = main and hasattr(signal, "setitimer")
    with (_by_signal if usable else _by_thread)(seconds, patience):
        yield


class Watch:
    """The time that a thread has used of its limit."""

    def __init__(
        self, seconds: float, patience: float, clock: Callable[[], float]
    ) -> None:
        self.seconds, self.patience, self.clock = seconds, patience, clock
        self.computing, self.waiting = clock(), time.monotonic()

    @property
    def rest(self) -> float:
        """Seconds before which the limit cannot be met."""
        computed = self.clock() - self.computing
        waited = time.monotonic() - self.waiting
        return min(self.seconds - computed, self.patience - waited)

    @property
    def message(self) -> str:
        """Why the limit is met."""
        if self.clock() - self.computing >= self.seconds:
            return f"still running after {self.seconds:g} s"
        return f"still waiting after {self.patience:g} s"


@contextmanager
def _by_signal(seconds: float, patience: float) -> Iterator[None]:
    """With the interval timer, which is handed back as it was to its owner."""
    watch = Watch(seconds, patience, time.thread_time)

    def look(*_: Any) -> None:
        rest = watch.rest
        signal.setitimer(signal.ITIMER_REAL, max(rest, 0.001) if rest > 0 else AGAIN)
        if rest <= 0:
            raise TimeLimit(watch.message)

    began = time.monotonic()
    before = signal.signal(signal.SIGALRM, look)
    remaining, interval = signal.setitimer(signal.ITIMER_REAL, watch.rest)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if remaining:
            left = max(remaining - (time.monotonic() - began), 0.001)
            signal.setitimer(signal.ITIMER_REAL, left, interval)


@contextmanager
def _by_thread(seconds: float, patience: float) -> Iterator[None]:
    """Where signals cannot reach: an exception set from a second thread."""
    ident = threading.get_ident()
    watch = Watch(seconds, patience, _clock_of(ident))
    late = type("TimeLimit", (TimeLimit,), {"__str__": lambda _: said[0]})
    said: list[str] = []
    done = threading.Event()

    def look() -> None:
        wait = watch.rest
        while not done.wait(wait):
            if not said and (wait := watch.rest) > 0:
                continue
            said.append(watch.message)
            wait = AGAIN
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(ident), ctypes.py_object(late)
            )

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _clock_of(ident: int) -> Callable[[], float]:
    """The time on the processor of a thread, or of the process where none is kept."""
    if not hasattr(time, "pthread_getcpuclockid"):
        return time.process_time
    clock = time.pthread_getcpuclockid(ident)
    return lambda: time.clock_gettime(clock)
