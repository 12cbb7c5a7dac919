"""What a page shows of the place and the hour at which it is built.

A chain that imports one of a few modules, such as `time` or `os`, is run a second
time as if at another hour and on another machine. What it then shows must be the same.
"""

from __future__ import annotations

import ast
import contextlib
import datetime
import functools
import locale
import os
import re
import sys
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from livefence import names, timeout
from livefence.page import Cell, Fence, Number

MODULES = "datetime getpass glob locale os pathlib platform secrets socket sys tempfile"
LEANS = re.compile(
    rf"^\s*(?:import|from)\s.*\b(?:{'|'.join(MODULES.split())}|time|uuid)\b"
    r"|\.(?:now|today|utcnow)\(|datetime64\(.(?:now|today)",
    re.MULTILINE,
)
READS = {
    **dict.fromkeys(
        ("time", "time_ns", "perf_counter", "perf_counter_ns"), "the clock"
    ),
    **dict.fromkeys(("monotonic", "process_time", "thread_time"), "the clock"),
    **dict.fromkeys(("now", "utcnow", "today", "localtime", "gmtime"), "the clock"),
    **dict.fromkeys(("ctime", "asctime"), "the clock"),
    **dict.fromkeys(("environ", "getenv", "expanduser", "home"), "the environment"),
    **dict.fromkeys(("getcwd", "cwd", "mkdtemp", "gettempdir"), "where it runs"),
    **dict.fromkeys(("listdir", "scandir", "iterdir", "glob"), "the order of files"),
    **dict.fromkeys(("getlocale", "tzname", "timezone", "fromtimestamp"), "the place"),
    "datetime64": "the clock",
    **dict.fromkeys(("cpu_count", "getpid", "node", "gethostname"), "the machine"),
    **dict.fromkeys(("urandom", "uuid1", "uuid4", "token_hex"), "chance"),
}
HASHED = {
    **dict.fromkeys(("set", "frozenset"), "the order of a set, which nothing fixes"),
    **{"hash": "a hash, which each process begins anew", "id": "where in memory it is"},
}
HASHES = re.compile(rf"\b(?:{'|'.join(HASHED)})\(|\{{ *['\"][^:]*\}}")
ANY = "the clock, the environment or chance"
CLOCKS = ("time", "monotonic", "perf_counter", "process_time", "thread_time")
ZONE = "ELSE-5:45"
LANGS = ("en_ZA.UTF-8", "en_NZ.UTF-8")
HOURS = 5000 * 3600.0
FASTER = 10  # so that a duration is another one, too
ADDRESS = re.compile(r"\bat (0x[0-9a-fA-F]{6,})\b")


def leans(cell: Cell) -> bool:
    """Whether code may read the clock or the like: cheap, and rather too often."""
    if isinstance(cell, Fence) and LEANS.search(cell.code):
        return True
    return hashes(cell)


@functools.cache
def hashes(cell: Cell) -> bool:
    """Whether code may show a hash, an order that leans on hashes, or an id."""
    if isinstance(cell, Number):
        return HASHES.search(cell.expression) is not None
    return isinstance(cell, Fence) and any(_hashed(names.parsed(cell.code)))


def message(cell: Cell) -> tuple[int, str]:
    """What to say of a cell that shows another thing elsewhere, and of which line."""
    line, what = cell.line, ANY
    code = cell.code if isinstance(cell, Fence) else ""
    for name, below in _read(ast.parse(code)):
        line, what = cell.line + below, (READS | HASHED)[name]
        break
    where = f" in `{{python}} {cell.expression}`" if isinstance(cell, Number) else ""
    return line, f"shows what changes from build to build, as it reads {what}{where}"


def _hashed(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """The calls of `id`, `hash` and `set` in code, and its sets."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Set | ast.SetComp):
            yield "set", node.lineno
        elif isinstance(node, ast.Call):
            called = node.func.id if isinstance(node.func, ast.Name) else ""
            if called in HASHED:
                yield called, node.lineno


def _read(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """The names of READS that code asks a module for, or has from one."""
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in READS:
            yield node.attr, node.lineno
        if isinstance(node, ast.Name) and node.id in READS.keys() & imported:
            yield node.id, node.lineno
    yield from _hashed(tree)


def address(output: str) -> str | None:
    """What is wrong with output that shows where in memory something lies."""
    found = ADDRESS.search(output)
    if found is None:
        return None
    return f"shows an address in memory, {found[1]}, which changes from build to build"


def move() -> None:
    """Let this process think that it runs at another hour, on another machine."""
    timeout.time = types.SimpleNamespace(**vars(time))  # type: ignore
    for name in CLOCKS:
        clock = _moved(getattr(time, name))
        setattr(time, name, clock)
        if hasattr(time, f"{name}_ns"):
            setattr(time, f"{name}_ns", _in_ns(clock))
    for name in ("localtime", "gmtime", "ctime"):
        setattr(time, name, _of_now(getattr(time, name)))
    strftime, asctime = time.strftime, time.asctime
    time.strftime = lambda form, t=None: strftime(form, t or time.localtime())
    time.asctime = lambda t=None: asctime(t or time.localtime())
    _move_datetime()
    _move_numpy()
    _move_place()
    count, listdir = os.cpu_count() or 1, os.listdir
    os.cpu_count = lambda: count + 1
    os.listdir = lambda *args: listdir(*args)[::-1]  # type: ignore[assignment]
    for name in ("HOME", "USER", "LOGNAME", "PATH", "TMPDIR"):
        os.environ[name] = f"{os.environ.get(name, '')}{os.sep}elsewhere"


def _move_place() -> None:
    """Another time zone and, of characters, another locale."""
    os.environ["LANG"] = next(e for e in LANGS if e != os.environ.get("LANG"))
    os.environ["TZ"] = ZONE
    if hasattr(time, "tzset"):
        time.tzset()
    plain = locale.setlocale(locale.LC_CTYPE) in ("C", "POSIX")
    with contextlib.suppress(locale.Error):
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8" if plain else "C")


def _move_numpy() -> None:
    """`datetime64("now")`, whose clock is none of Python's."""
    try:
        import numpy as np
    except ImportError:
        return
    own = np.datetime64

    def new(_: type, value: Any = None, *unit: str) -> Any:
        if value not in ("now", "today"):
            return own(value, *unit)
        return own(int(time.time()), "s").astype(
            f"M8[{'D' if value == 'today' else 's'}]"
        )

    np.datetime64 = type("datetime64", (own,), {"__new__": new})  # type: ignore


def path(output: str, root: Path) -> str | None:
    """What is wrong with output that shows where on this machine something lies."""
    for each in sorted({sys.prefix, sys.base_prefix, *sys.path, str(root)}, key=len):
        if os.path.isabs(each) and len(each) > 4 and f"{each}{os.sep}" in output:
            return (
                f"shows a path of this machine, {each}: show the name of a file alone"
            )
    return None


def _moved(clock: Callable[[], float]) -> Callable[[], float]:
    begun = clock()
    return lambda: begun + HOURS + FASTER * (clock() - begun)


def _in_ns(clock: Callable[[], float]) -> Callable[[], int]:
    return lambda: int(clock() * 1e9)


def _of_now(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function of seconds that takes those of now where it is given none."""
    return lambda seconds=None: f(time.time() if seconds is None else seconds)


def _move_datetime() -> None:
    """`now` and `today`; the classes look as they did."""

    def now(cls: Any, tz: Any = None) -> Any:
        return cls.fromtimestamp(time.time(), tz)

    def utcnow(cls: Any) -> Any:
        return cls.fromtimestamp(time.time(), datetime.UTC).replace(tzinfo=None)

    def today(cls: Any) -> Any:
        return cls.fromtimestamp(time.time())

    moments = {"now": now, "utcnow": utcnow, "today": today}
    for name, methods in {"date": {"today": today}, "datetime": moments}.items():
        own = {key: classmethod(f) for key, f in methods.items()}
        moved = type(f"datetime.{name}", (getattr(datetime, name),), own)
        setattr(datetime, name, moved)
