"""A process for each chain: what a chain changes ends with it.

What pages import is imported once, in a process that then does nothing but fork; each
chain is run by a fork of it. Where a system has no fork, or one that its libraries do
not stand, each chain gets a process that begins anew.
"""

from __future__ import annotations

import atexit
import contextlib
import faulthandler
import importlib
import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import warnings
from pathlib import Path
from typing import IO, Any

from livefence import cache, elsewhere
from livefence.faults import Fault, FenceError
from livefence.page import Cell, Fence, Number
from livefence.run import Chain, Filter, Result
from livefence.settings import Settings

FORKS = hasattr(os, "fork") and sys.platform != "darwin"
START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from livefence import process; process.{name}(*sys.argv[2:])"
)
AHEAD = ("numpy.random", "matplotlib.pyplot")  # imported before any chain runs
MORE = 2  # times the patience, after which a process is ended
ENDED = (
    "the process that ran this has ended: it left Python, was killed, ran out of "
    "memory, or was ended after {patience:g} s in which nothing could interrupt it"
)


class ChainProcess:
    """A chain of fences in a process of its own; used like a `Chain`."""

    def __init__(
        self,
        settings: Settings,
        path: str,
        file: str,
        filters: list[Filter] | None = None,
        away: bool = False,
        anew: bool = False,
    ) -> None:
        self.path = path
        self._made_with = settings, path, file, filters
        self._away = away  # at another hour, on another machine
        self._asked: list[tuple[str, Any]] = []
        self._replayed = 0  # of what was asked, by the twin
        self._hashes = False  # does it lean on hashes?
        self._twin: ChainProcess | None = None
        self.patience = MORE * settings.patience
        self.failed: Fault | None = None  # of the first fence that failed
        self.output = ""  # of the fence that ran last, also when it failed
        self._stack = contextlib.ExitStack()
        folder = tempfile.TemporaryDirectory(
            prefix="livefence-", ignore_cleanup_errors=True
        )
        self._stack.enter_context(folder)
        if FORKS and not anew:
            self._from, self._to = _from_server(settings, self._stack)
        else:
            self._from, self._to = _from_nothing(self._stack, away)
        self._send((away, settings, path, file, filters, Path(folder.name)))

    def run(self, fence: Cell) -> Result:
        """Run a fence; a FenceError holds what is wrong with it."""
        return self._show("run", fence)

    def catch_up(self, fence: Fence) -> None:
        """Run a fence for its names alone; a failure is met by what comes next."""
        self._asked.append(("catch_up", fence))
        self._ask("catch_up", fence)

    def record(self, cell: Cell) -> Any:
        """What the page should say of a cell; see `Chain`."""
        return self._ask("record", cell)

    def evaluate(self, number: Number) -> str:
        """The text of a number in prose."""
        return self._show("evaluate", number)

    def answers(self, asked: tuple[str, str]) -> dict[str, Any] | None:
        """What a form can compare by itself: the names it asks for, and what the fences
        of its solution have printed."""
        self._send(("answers", asked))
        try:
            faults, found, self.output, self.failed = pickle.load(self._from)
        except (EOFError, OSError, pickle.UnpicklingError):
            return None
        if faults:
            raise FenceError(*faults)
        return found

    def bind(self, names: dict[str, Any]) -> None:
        """Give the fences these names; their values must be such as pickle takes."""
        self._asked.append(("bind", names))
        self._send(("bind", names))

    def close(self) -> None:
        """End the process, and with it all that the chain has changed."""
        if self._twin:
            self._twin.close()
        with contextlib.suppress(OSError):  # what it has not read is lost
            self._stack.close()

    def _show(self, name: str, cell: Cell) -> Any:
        """What the cell shows, which must be the same elsewhere."""
        self._asked.append((name, cell))
        value = self._ask(name, cell)
        cells = [each for _, each in self._asked if isinstance(each, Cell)]
        leaning = self._twin or any(map(elsewhere.leans, cells))
        if leaning and not self._away and self._elsewhere() not in (None, value):
            line, message = elsewhere.message(cell)
            raise FenceError(Fault(self.path, line, message))
        return value

    def _elsewhere(self) -> Any:
        """What the cell that was asked for last shows at another hour and on another
        machine; None where it fails there, which is not for us to judge."""
        cells = [each for _, each in self._asked if isinstance(each, Cell)]
        hashes = any(map(elsewhere.hashes, cells))
        if self._twin and hashes and not self._hashes:
            self._twin.close()
            self._twin = None
        if self._twin is None:
            self._twin = ChainProcess(*self._made_with, away=True, anew=hashes)
            self._hashes, self._replayed = hashes, 0
        asked = self._asked[self._replayed :]
        self._replayed = len(self._asked)
        value = None
        for name, argument in asked:
            with contextlib.suppress(FenceError):
                value = getattr(self._twin, name)(argument)
        return None if self._twin.failed else value

    def _ask(self, name: str, cell: Cell) -> Any:
        """What the process answers; it may end before it does."""
        try:
            self._send((name, cell))
            faults, value, self.output, self.failed = pickle.load(self._from)
        except (EOFError, OSError, pickle.UnpicklingError):
            said = ENDED.format(patience=self.patience)
            self.failed = Fault(self.path, cell.line, said)
            raise FenceError(self.failed) from None
        if faults is None:
            raise KeyboardInterrupt
        if faults:
            raise FenceError(*faults)
        return value

    def _send(self, message: Any) -> None:
        self._to.write(pickle.dumps(message))
        self._to.flush()


Pipes = tuple[IO[bytes], IO[bytes]]


class Server:
    """The process that imports what pages use, and forks for each chain."""

    def __init__(self, packages: list[str]) -> None:
        self.stamps = [cache.stamp(package) for package in packages]
        self.control, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [*_python("serve"), str(theirs.fileno()), *packages],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env=_environment(),
            )

    def serves(self, packages: list[str]) -> bool:
        """Is it there, with the packages as they are now?"""
        stamps = [cache.stamp(package) for package in packages]
        return self.process.poll() is None and self.stamps == stamps

    def connect(self) -> socket.socket:
        """The near end of a connection to a new fork."""
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self.control, [b"+"], [theirs.fileno()])
        return ours

    def close(self) -> None:
        """End it."""
        _hang_up(self.control)
        self.process.wait()


_servers: dict[tuple[str, ...], Server] = {}
_one_at_a_time = threading.Lock()  # chains may be begun by several threads


@atexit.register
def close_all() -> None:
    """End the processes that wait for chains to run."""
    while _servers:
        _servers.popitem()[1].close()


def _from_server(settings: Settings, stack: contextlib.ExitStack) -> Pipes:
    """A fork of a process that has imported the packages as they are."""
    name = tuple(settings.packages)
    with _one_at_a_time:
        if name in _servers and not _servers[name].serves(settings.packages):
            _servers.pop(name).close()
        if name not in _servers:
            _servers[name] = Server(settings.packages)
        connection = _servers[name].connect()
    stack.callback(_hang_up, connection)
    return (
        stack.enter_context(connection.makefile("rb")),
        stack.enter_context(connection.makefile("wb")),
    )


def _hang_up(connection: socket.socket) -> None:
    """Close it for the other side too, whoever else holds a copy."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


def _from_nothing(stack: contextlib.ExitStack, away: bool) -> Pipes:
    """A process that imports everything itself, with other hashes if it is away."""
    process = stack.enter_context(
        subprocess.Popen(
            _python("serve_one"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_environment() | (_other_hashes() if away else {}),
        )
    )
    assert process.stdin
    assert process.stdout
    return process.stdout, process.stdin


def _python(name: str) -> list[str]:
    """The command that calls a function of this module."""
    flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
    start = START.format(name=name)
    return [sys.executable, *flags, "-c", start, json.dumps(sys.path)]


def _other_hashes() -> dict[str, str]:
    """Those of a seed that is not the one here."""
    here = os.environ.get("PYTHONHASHSEED", "")
    return {"PYTHONHASHSEED": "2" if here == "1" else "1"}


def _environment() -> dict[str, str]:
    return os.environ | {"MPLBACKEND": "agg"}


# ------------------------------------------------------------------- in the process


def serve(descriptor: str, *packages: str) -> None:
    """Fork for each connection that comes, until the other side has gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is the chain that is stopped
    for name in (*AHEAD, *packages):
        with contextlib.suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("error")
            importlib.import_module(name)
    warnings.filterwarnings("ignore", ".*fork", DeprecationWarning)
    control = socket.socket(fileno=int(descriptor))
    while True:
        received, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not received:
            return
        _bury()
        connection = socket.socket(fileno=descriptors[0])
        if os.fork() == 0:
            control.close()
            signal.signal(signal.SIGINT, signal.default_int_handler)
            _run(connection.makefile("rb"), connection.makefile("wb"))
        connection.close()


def serve_one() -> None:
    """Run one chain; what it prints behind Python's back is kept from the answers."""
    answers = os.fdopen(os.dup(1), "wb")
    questions = os.fdopen(os.dup(0), "rb")
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    _run(questions, answers)


def _bury() -> None:
    """Take leave of the forks that have ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _run(questions: IO[bytes], answers: IO[bytes]) -> None:
    """Answer, and end the process: its temporary files go, its threads do not count."""
    with contextlib.suppress(BaseException):
        _answer(questions, answers)
    with contextlib.suppress(BaseException):
        atexit._run_exitfuncs()
    os._exit(0)


def _answer(questions: IO[bytes], answers: IO[bytes]) -> None:
    """Run what is asked for, until the other side has gone."""
    away, settings, *others = pickle.load(questions)
    if away:
        elsewhere.move()
    chain = Chain(settings, *others)
    while True:
        name, argument = pickle.load(questions)
        if name == "bind":
            chain.namespace.update(argument)
            continue
        faults: tuple[Fault, ...] | None = ()
        value = None
        faulthandler.dump_traceback_later(  # where no limit reaches: in compiled code
            MORE * settings.patience, exit=True, file=sys.__stderr__
        )
        try:
            given = argument if isinstance(argument, tuple) else (argument,)
            value = getattr(chain, name)(*given)
        except FenceError as error:
            faults = error.faults
        except KeyboardInterrupt:
            faults = None
        finally:
            faulthandler.cancel_dump_traceback_later()
        answers.write(pickle.dumps((faults, value, chain.output, chain.failed)))
        answers.flush()
