"""The limit on time: it stops code that computes too long, however busy the machine,
and code that waits too long; and leaves the timers of others alone."""

import signal
import threading
import time

import pytest

from livefence import timeout
from livefence.faults import TimeLimit
from livefence.page import Fence, parse
from livefence.process import ChainProcess, close_all
from livefence.settings import Settings
from livefence.timeout import time_limit


def compute():
    while True:
        try:
            sum(range(1000))
        except Exception:
            continue


def wait():
    while True:
        time.sleep(0.001)


def in_main(f):
    f()


def in_thread(f):
    caught = []

    def run():
        try:
            f()
        except BaseException as error:
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if caught:
        raise caught[0]


places = pytest.mark.parametrize("place", [in_main, in_thread])


def limited(seconds, f, patience=1e6):
    def run():
        with time_limit(seconds, patience):
            f()

    return run


@places
def test_code_that_computes_is_stopped_whatever_exceptions_it_swallows(place):
    with pytest.raises(TimeLimit) as caught:
        place(limited(0.05, compute))
    assert str(caught.value) == "still running after 0.05 s"


@places
def test_code_that_waits_is_stopped_later(place):
    with pytest.raises(TimeLimit) as caught:
        place(limited(1e6, wait, patience=0.2))
    assert str(caught.value) == "still waiting after 0.2 s"


@places
def test_time_in_which_others_compute_does_not_count(place):
    """Ten times the limit pass on the wall, and next to nothing on the processor."""
    place(limited(0.05, lambda: time.sleep(0.5)))


@places
def test_time_before_the_limit_does_not_count(place):
    def run():
        began = time.thread_time()
        while time.thread_time() - began < 0.2:
            pass
        with time_limit(0.1, 1e6):
            pass

    place(run)


def test_code_that_swallows_the_limit_itself_meets_it_anew(monkeypatch):
    monkeypatch.setattr(timeout, "AGAIN", 0.05)
    swallowed = []

    def swallow():
        while True:
            try:
                compute()
            except TimeLimit:
                if len(swallowed) == 2:
                    raise
                swallowed.append(1)

    with pytest.raises(TimeLimit):
        limited(0.05, swallow)()
    assert swallowed == [1, 1]


def test_a_call_that_nothing_interrupts_is_ended_with_its_process(tmp_path, capfd):
    """Its line is told, and where it stood, on the standard error."""
    close_all()  # what forks for it must have this test's standard error
    settings = Settings(root=tmp_path, timeout=0.05, patience=0.25)
    chain = ChainProcess(settings, "page.md", "page.md")
    (found,) = parse("```python\n1\nsum(range(10**15))\n```\n").fences
    assert isinstance(found, Fence)
    told = r"page.md:1: .* or was ended after 0.5 s in which nothing could interrupt it"
    with pytest.raises(Exception, match=told):
        chain.run(found)
    chain.close()
    close_all()
    assert 'File "page.md", line 3 in <module>' in capfd.readouterr().err


def test_the_timer_of_another_goes_on():
    rang = []
    before = signal.signal(signal.SIGALRM, lambda *_: rang.append(1))
    outer = signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        with time_limit(5, 100):
            pass
        while not rang:
            time.sleep(0.01)
    finally:
        signal.setitimer(signal.ITIMER_REAL, *outer)
        signal.signal(signal.SIGALRM, before)
    assert rang == [1]
