"""The chains of a page: run where a page asks for them, or ahead, on all cores.

A page asks for its chains one after the other, and pages are converted one after the
other. So the chains of all pages that are not remembered can be run `ahead`: as many
at a time as there are cores, each in its process, in the order of the pages. A page
that asks for one takes what is there, waits for what is running, and runs what nobody
has begun.
"""

import os
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

from livefence import cache, elsewhere, exercises
from livefence.faults import FenceError
from livefence.page import Cell, Fence, Number, Page
from livefence.process import ChainProcess
from livefence.settings import Settings

Result = dict[str, Any]  # {"text": ...}, {"output": ..., "figures": [...]}


@dataclass(frozen=True)
class Job:
    """A chain to be run, under the name that it is remembered by."""

    name: str
    cells: tuple[Cell, ...]
    form: Fence | None  # the one that asks for names, if the chain is its solution
    path: str  # of the page, as faults name it
    file: str  # of the page, as tracebacks name it

    @property
    def check(self) -> str:
        """The names that the form asks for."""
        return self.form.head.check if self.form else ""


def of_page(parsed: Page, path: str, file: str, settings: Settings) -> list[Job]:
    """The chains of a page, in its order."""
    surroundings = cache.surroundings(settings)
    forms = {parsed.solution_of(f): f for f in parsed.fences if f.head.check}
    found = []
    for number, cells in enumerate(parsed.chains):
        form = forms.get(number)
        name = cache.key(cells, surroundings + (form.head.check if form else ""))
        found.append(Job(name, cells, form, path, file))
    return found


def results(job: Job, settings: Settings) -> list[Result]:
    """What the cells of a chain gave, remembered or anew; with a fault always anew.
    What a form can compare by itself stands with the last."""
    stored = cache.load(job.name, settings)
    if stored is None:
        stored = _ahead.taken(job.name)
    if stored is not None and len(stored) == len(job.cells):
        return stored
    return _run(job, settings)


def run_ahead(jobs: Iterable[Job], settings: Settings) -> None:
    """Begin to run those that are not remembered; a chain that fails so is run again
    where its page is converted, and told there."""
    _ahead.begin(jobs, settings)


def forget() -> None:
    """Let go of what nobody has asked for, and begin no more."""
    _ahead.end()


def _run(job: Job, settings: Settings) -> list[Result]:
    with closing(ChainProcess(settings, job.path, job.file)) as chain:
        found = list(_run_cells(job.cells, chain))
        if job.check and not chain.failed:
            heard = "".join(result.get("output", "") for result in found)
            try:
                if answers := chain.answers((job.check, heard)):
                    found[-1]["answers"] = answers
            except FenceError as error:
                line = exercises.line_of("mistakes", job.cells)
                found[-1]["fault"] = replace(error.faults[0], line=line)
    if not any("fault" in result for result in found):
        cache.store(job.name, found, settings)
    return found


def _run_cells(cells: tuple[Cell, ...], chain: ChainProcess) -> Iterator[Result]:
    """Run the cells in order, until a fence fails: what follows leans on it."""
    for cell in cells:
        try:
            yield _run_cell(cell, chain)
        except FenceError as error:
            yield {"fault": error.faults[0], "output": chain.output}
        if chain.failed:
            return


def _run_cell(cell: Cell, chain: ChainProcess) -> Result:
    """What a cell gave, as it is stored."""
    if isinstance(cell, Number):
        return {"text": chain.evaluate(cell)}
    result = chain.run(cell)
    drawn = [[f.svg, f.alt, f.caption] for f in result.figures]
    return {"output": result.output, "figures": drawn}


@dataclass
class Begun:
    """A chain that is running ahead, or has run."""

    done: threading.Event = field(default_factory=threading.Event)
    results: list[Result] | None = None  # None after a fault


class Ahead:
    """The chains that wait, and those that are running or have run."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.waiting: deque[tuple[Job, Settings]] = deque()
        self.begun: dict[str, Begun] = {}

    def begin(self, jobs: Iterable[Job], settings: Settings) -> None:
        """Put them in the queue, and see that somebody works it off."""
        missing = [job for job in jobs if cache.load(job.name, settings) is None]
        # What asks for the syntax of code is asked here and remembered: Python 3.11
        # fails where two threads make a tree at once.
        for job in missing:
            for cell in job.cells:
                elsewhere.hashes(cell)
        with self.lock:
            self.waiting.extend((job, settings) for job in missing)
        for _ in range(min(len(missing), os.cpu_count() or 1)):
            threading.Thread(target=self._work, daemon=True).start()

    def end(self) -> None:
        """Empty the queue."""
        with self.lock:
            self.waiting.clear()
            self.begun.clear()

    def taken(self, name: str) -> list[Result] | None:
        """What a chain gave; None where nobody has begun it, or where it failed."""
        with self.lock:
            self.waiting = deque(each for each in self.waiting if each[0].name != name)
            begun = self.begun.get(name)
        if begun is None:
            return None
        begun.done.wait()
        return begun.results

    def _work(self) -> None:
        while True:
            with self.lock:
                if not self.waiting:
                    return
                job, settings = self.waiting.popleft()
                if job.name in self.begun:  # the same chain stands on another page
                    continue
                begun = self.begun[job.name] = Begun()
            try:
                found = _run(job, settings)
                if not any("fault" in result for result in found):
                    begun.results = found
            except (Exception, KeyboardInterrupt):
                pass  # met again, and told, where the page is converted
            finally:
                begun.done.set()


_ahead = Ahead()
