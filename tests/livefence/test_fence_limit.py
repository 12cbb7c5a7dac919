"""The limit on time: it stops code, and leaves the timers of others alone."""

import signal
import threading
import time

import pytest

from livefence.faults import TimeLimit
from livefence.limit import time_limit


def forever():
    while True:
        try:
            time.sleep(0.001)
        except Exception:
            continue


def test_code_that_swallows_exceptions_is_stopped():
    with pytest.raises(TimeLimit, match=r"after 0\.05 s"), time_limit(0.05):
        forever()


def test_code_in_a_thread_is_stopped():
    caught = []

    def run():
        try:
            with time_limit(0.05):
                forever()
        except TimeLimit as error:
            caught.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(5)
    assert caught == ["still running after 0.05 s"]


def test_the_timer_of_another_goes_on():
    rang = []
    before = signal.signal(signal.SIGALRM, lambda *_: rang.append(1))
    outer = signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        with time_limit(5):
            pass
        time.sleep(0.2)
    finally:
        signal.setitimer(signal.ITIMER_REAL, *outer)
        signal.signal(signal.SIGALRM, before)
    assert rang == [1]
