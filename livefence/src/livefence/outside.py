"""What a page reaches outside itself: another host, another program.

Neither is there in every build, nor gives the same in each. Works within the process
of one chain: what listens to Python's audit events cannot be taken away again.
"""

from __future__ import annotations

import contextlib
import os
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

HOSTS = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}
ADDRESSES = {"socket.connect", "socket.sendto"}
PROGRAMS = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn"}
HERE = ("", "0.0.0.0", "::", "::1", "localhost")
NETWORK = "asks another host, {}: keep what a page needs beside it, so that it builds "
NETWORK += "without a network"
PROGRAM = "starts another program, {}, which not every machine has"
WRITES = (
    "writes {}, a file of the machine: write it where the block runs, open('a.txt')"
)
STANDARD = str(Path(sysconfig.get_path("stdlib")))
INSTALLED = ("site-packages", "dist-packages")


class OutsideError(Exception):
    """Raised where a page would reach what is outside."""


class Watch:
    """Refuses what a page reaches for while it runs, and remembers it: code that
    catches the error is told of all the same."""

    def __init__(self, file: str) -> None:
        self.file = file  # of the page
        self.running = False
        self.refused: str | None = None
        sys.addaudithook(self._hear)

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """While code of the page runs."""
        self.running, self.refused = True, None
        try:
            yield
        finally:
            self.running = False

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.running:
            return
        if host := _host(event, args):
            self._refuse(NETWORK.format(host))
        if event in PROGRAMS and self._asks(sys._getframe(1)):
            self._refuse(PROGRAM.format(_program(args)))
        if (file := _written(event, args)) and self._asks(sys._getframe(1)):
            self._refuse(WRITES.format(file))

    def _refuse(self, message: str) -> None:
        self.refused = self.refused or message
        raise OutsideError(message)

    def _asks(self, frame: FrameType | None) -> bool:
        """Is it the page that asks, by itself or through Python's own modules? What a
        package asks for, such as where fonts are, is its own affair."""
        while frame and _is_standard(frame.f_code.co_filename):
            frame = frame.f_back
        return frame is not None and frame.f_code.co_filename == self.file


def _host(event: str, args: tuple[Any, ...]) -> str | None:
    """The other host that is asked for, if it is one."""
    if event == "urllib.Request":
        parts = urlsplit(str(args[0]))
        host = (
            (parts.hostname or "") if parts.scheme in ("http", "https", "ftp") else ""
        )
    elif event in HOSTS:
        host = _text(args[0])
    elif event in ADDRESSES and isinstance(args[1], tuple):  # else a file's name
        host = _text(args[1][0])
    else:
        return None
    return None if host in HERE or host.startswith("127.") else host


def _written(event: str, args: tuple[Any, ...]) -> str | None:
    """The file that is opened to be written, if it lies neither in the working folder
    nor in one that the page has made."""
    if (
        event != "open"
        or not isinstance(args[1], str)
        or not set(args[1]) & set("wax+")
    ):
        return None
    if not isinstance(args[0], str | bytes | os.PathLike):
        return None
    path = Path(os.fsdecode(args[0])).absolute()
    made = Path(tempfile.gettempdir()).absolute()
    if path.is_dir() or path.is_relative_to(Path.cwd()) or str(path) == os.devnull:
        return None
    return None if made in path.parents[1:] else str(path)


def _text(host: Any) -> str:
    return host.decode(errors="replace") if isinstance(host, bytes) else str(host or "")


def _program(args: tuple[Any, ...]) -> str:
    """The name of the program, without where it lies and what it is given."""
    first = args[0] or (args[1][0] if len(args) > 1 and args[1] else "")
    words = _text(first).split()
    return Path(words[0]).name if words else "one without a name"


def _is_standard(file: str) -> bool:
    if file.startswith("<frozen"):
        return True
    return file.startswith(STANDARD) and not any(name in file for name in INSTALLED)
