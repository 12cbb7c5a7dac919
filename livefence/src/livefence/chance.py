"""Randomness that no seed fixes: a page that uses it says something else each time.

Works within the process of one chain, whose modules may be changed freely.
"""

from __future__ import annotations

import functools
import linecache
import random
import re
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

WHAT = "draws random numbers that no seed fixes, so that the page changes"
HOW = f"{WHAT}; give a seed, as in np.random.default_rng(0)"
# A RandomState asks for entropy before it looks at its seed.
SEEDED = re.compile(r"RandomState\((?!\s*(?:seed=)?(?:None)?\s*\))")


class UnseededError(Exception):
    """Raised where a generator would seed itself."""


class Watch:
    """Looks whether the page draws from a generator that it has not seeded."""

    def __init__(self, file: str) -> None:
        self.file = file  # of the page
        self.seeded: set[str] = set()  # modules whose own generator has a seed
        self._watch(random, "seed", "setstate")
        random.Random.seed = self._refusing(random.Random.seed)  # type: ignore[method-assign]
        self.legacy: Any = None  # numpy.random, once it is there
        self._look()
        self.states = self._states()

    def drawn(self) -> bool:
        """Did something draw from a module's own generator, and nothing seed it?"""
        before, self.states = self.states, self._states()
        changed = {m for m, s in self.states.items() if before.get(m, s) != s}
        self._look()
        return bool(changed - self.seeded)

    def _look(self) -> None:
        """Watch numpy, if it has been imported by now."""
        entropy = sys.modules.get("numpy.random.bit_generator")
        if self.legacy is None and entropy is not None:
            self.legacy = sys.modules["numpy.random"]
            self._watch(self.legacy, "seed", "set_state", "set_bit_generator")
            entropy.randbits = _entropy(entropy.randbits)  # type: ignore[attr-defined]

    def _states(self) -> dict[str, Any]:
        found: dict[str, Any] = {"random": random.getstate()}
        if self.legacy is not None:
            kind, key, *rest = self.legacy.get_state()
            found["numpy.random"] = kind, key.tobytes(), *rest
        return found

    def _watch(self, module: Any, *names: str) -> None:
        """Whoever calls one of these functions has seeded the module."""

        def watched(f: Callable[..., Any]) -> Callable[..., Any]:
            @functools.wraps(f)
            def seed(*args: Any, **kwargs: Any) -> Any:
                if f.__name__ == "seed" and not _gives_seed(args, kwargs):
                    raise UnseededError(HOW)
                self.seeded.add(module.__name__)
                return f(*args, **kwargs)

            return seed

        for name in names:
            if hasattr(module, name):
                setattr(module, name, watched(getattr(module, name)))

    def _refusing(self, f: Callable[..., None]) -> Callable[..., None]:
        """`random.Random.seed`, which refuses to go without a seed on the page."""

        @functools.wraps(f)
        def seed(own: random.Random, *args: Any, **kwargs: Any) -> None:
            caller = sys._getframe(1)
            if caller.f_code.co_filename == random.__file__:  # of __init__
                caller = caller.f_back or caller
            on_page = caller.f_code.co_filename == self.file
            if on_page and not _gives_seed(args, kwargs):
                raise UnseededError(HOW)
            f(own, *args, **kwargs)

        return seed


def _gives_seed(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    return any(value is not None for value in (*args[:1], *kwargs.values()))


def _is_import(frame: FrameType | None) -> bool:
    """Is a module being imported? scipy.stats draws examples for its docstrings."""
    while frame:
        if frame.f_code.co_name == "exec_module" and "importlib" in frame.f_globals.get(
            "__name__", ""
        ):
            return True
        frame = frame.f_back
    return False


def _entropy(randbits: Callable[[int], int]) -> Callable[[int], int]:
    """What numpy seeds a generator with where it is given nothing."""

    def refuse(bits: int) -> int:
        caller = sys._getframe(1)
        line = linecache.getline(caller.f_code.co_filename, caller.f_lineno)
        if SEEDED.search(line) or _is_import(caller):
            return randbits(bits)
        raise UnseededError(HOW)

    return refuse
