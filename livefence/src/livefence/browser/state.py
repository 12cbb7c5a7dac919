"""What blocks can change of what they all share, put away when another chain runs.

The build runs each chain in a process of its own; a browser has one for all. Known to
be kept apart are numpy's print options and error state, the module generators' states,
the environment, the folder, the import path, decimal's context, and functions and
classes of modules that were put in the place of others.
"""

from __future__ import annotations

import builtins
import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any

State = dict[str, Any]


class Shelf:
    """The state of a chain while others run."""

    def __init__(self) -> None:
        self.inside: State | None = None

    @contextlib.contextmanager
    def out(self) -> Iterator[None]:
        """The state is that of the chain; afterwards it is as it was."""
        outside = _taken()
        if self.inside is not None:
            _put(self.inside)
        try:
            yield
        finally:
            self.inside = _taken()
            self.inside["modules"] = _replaced(outside["modules"])
            _put(outside)


def _taken() -> State:
    state: State = {
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "path": list(sys.path),
        "modules": {
            name: dict(vars(module))
            for name, module in [*sys.modules.items()]
            if module is not None and hasattr(module, "__dict__")
        },
    }
    if numpy := sys.modules.get("numpy"):
        state["printing"], state["errors"] = numpy.get_printoptions(), numpy.geterr()
    if "numpy.random" in sys.modules:
        state["draws"] = sys.modules["numpy.random"].get_state()
    if "random" in sys.modules:
        state["random"] = sys.modules["random"].getstate()
    if decimal := sys.modules.get("decimal"):
        state["decimal"] = decimal.getcontext().copy()
    return state


def _replaced(before: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The functions and classes of modules that stand in the place of others."""
    found = {}
    for module, names in before.items():
        now = vars(sys.modules.get(module, builtins))
        new = {
            name: now[name]
            for name, value in names.items()
            if name in now and now[name] is not value and callable(value)
        }
        if new and module in sys.modules:
            found[module] = new
    return found


def _put(state: State) -> None:
    for name, before in state["modules"].items():
        module = sys.modules.get(name)
        if module is not None and name != "fence":
            _put_back(vars(module), before)
    os.environ.clear()
    os.environ.update(state["environment"])
    with contextlib.suppress(OSError):  # it may have been removed
        os.chdir(state["folder"])
    sys.path[:] = state["path"]
    if "printing" in state:
        sys.modules["numpy"].set_printoptions(**state["printing"])
        sys.modules["numpy"].seterr(**state["errors"])
    if "draws" in state:
        sys.modules["numpy.random"].set_state(state["draws"])
    if "random" in state:
        sys.modules["random"].setstate(state["random"])
    if "decimal" in state:
        sys.modules["decimal"].setcontext(state["decimal"].copy())


def _put_back(now: dict[str, Any], before: dict[str, Any]) -> None:
    """Functions and classes as they were; other values are the module's own affair."""
    for name, value in before.items():
        if name in now and now[name] is not value and callable(value):
            now[name] = value
