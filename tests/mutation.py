"""How many small faults in mixnotes the tests see: mutmut's mutants, a random sample.

    python -m pip install -e ".[mutation]"
    python -m tests.mutation --sample 500        # half an hour and more on two cores
    python -m tests.mutation mixnotes.data.missing       # all mutants of a module

`mutmut run "mixnotes.data.missing*"` tries the same and takes longer: it starts pytest
anew for each of them. Here pytest collects once and each mutant is tried in a
fork, with the tests that call the mutated function, those first that have failed for
its like, then the quicker ones, until one fails or `--cap` seconds are over. What is
stopped by the cap counts as survived, what hangs as killed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections import Counter, defaultdict
from collections.abc import Generator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TREE = ROOT / ".cache" / "mutants"  # mutmut itself writes into mutants/
NAMES, CALLS, RESULTS = (TREE / f"{n}.json" for n in ("names", "calls", "results"))
TRACES = os.environ.get("MUTATION") == "trace"
CALLED: set[str] = set()
IMPORTS: dict[str, list[str]] = defaultdict(list)


def write_mutants() -> dict[str, list[str]]:
    """The package with all mutants in it, beside the tests; their names by module."""
    from mutmut.mutation.file_mutation import mutate_file_contents

    shutil.rmtree(TREE, ignore_errors=True)
    shutil.copytree(ROOT / "mixnotes", TREE / "mixnotes")
    for name in ("tests", "livefence", "mkdocs.yml", "pyproject.toml"):
        (TREE / name).symlink_to(ROOT / name)
    beside = TREE.parent / "shared"  # where tests look for it
    beside.unlink(missing_ok=True)
    beside.symlink_to(ROOT.parent / "shared")
    names = {}
    for path in sorted((TREE / "mixnotes").rglob("*.py")):
        own = path.relative_to(TREE)
        mutated = mutate_file_contents(str(own), path.read_text())
        path.write_text(mutated.code)
        module = ".".join(own.with_suffix("").parts)
        names[module] = [f"{module}.{name}" for name in mutated.mutant_names]
    NAMES.write_text(json.dumps(names))
    return names


def run_pytest(**settings: str) -> None:
    """pytest in the tree, with this file as a plugin."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mutmut"]
    chosen = (
        config["pytest_add_cli_args"] + config["pytest_add_cli_args_test_selection"]
    )
    plugin = ["--rootdir=.", "-q", "-p", "tests.mutation", "-p", "no:cacheprovider"]
    subprocess.run(
        [sys.executable, "-m", "pytest", *plugin, *chosen],
        cwd=TREE,
        env=os.environ | {"PYTHONPATH": ".", "OMP_NUM_THREADS": "1"} | settings,
        stdout=subprocess.DEVNULL if settings["MUTATION"] == "try" else None,
        check=True,
    )


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool:
    """Trace which test calls what, or try mutants."""
    if TRACES:
        _trace(session)
    else:
        _Trial(session, float(os.environ["MUTATION_CAP"])).run()
    return True


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Note what a file of tests calls when it is imported."""
    CALLED.clear()
    report = yield
    if isinstance(collector, pytest.Module):
        for function in CALLED:
            IMPORTS[function].append(collector.nodeid)
    return report


def pytest_configure() -> None:
    """Hear of every call of a function that has mutants."""
    if TRACES:
        from mutmut.mutation import trampoline

        trampoline.set_mutant_under_test("stats")
        trampoline.record_trampoline_hit = lambda name, caller=None: CALLED.add(name)
        trampoline.MutmutCallStack = _NoStack


def _run_test(item: pytest.Item, following: pytest.Item | None) -> None:
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)


def _trace(session: pytest.Session) -> None:
    """Each test once, with the functions that it calls and how long it takes."""
    tests, took = defaultdict(list), {}
    for item, following in zip(session.items, [*session.items[1:], None], strict=True):
        CALLED.clear()
        began = time.perf_counter()
        _run_test(item, following)
        took[item.nodeid] = time.perf_counter() - began
        for function in CALLED:
            tests[function].append(item.nodeid)
    if session.testsfailed:
        pytest.exit("the tests must pass before mutants are tried", 1)
    CALLS.write_text(json.dumps({"tests": tests, "took": took, "imports": IMPORTS}))


class _NoStack:
    """In place of mutmut's, which takes as long as the tests do."""

    @staticmethod
    def get() -> tuple[None, int]:
        return None, 0

    @staticmethod
    def set(value: object) -> None:
        pass

    reset = set


class _Trial:
    """Mutants, two at a time, each in a fork of the session."""

    def __init__(self, session: pytest.Session, cap: float) -> None:
        known = json.loads(CALLS.read_text())
        self.tests, self.took = known["tests"], known["took"]
        self.imports = known["imports"]
        self.session, self.cap = session, cap
        self.items = {item.nodeid: item for item in session.items}
        self.killers: dict[str, Counter[str]] = defaultdict(Counter)
        self.running: dict[int, tuple[str, float, int]] = {}
        self.results: dict[str, str] = {}

    def run(self) -> None:
        chosen = json.loads(os.environ["MUTATION_CHOSEN"])
        for name in chosen:
            while len(self.running) >= 2:
                self.wait()
            self.start(name)
        while self.running:
            self.wait()
        RESULTS.write_text(json.dumps(self.results))

    def start(self, name: str) -> None:
        order = self.order(name)
        if not order:
            self.results[name] = "no test calls it"
            return
        reader, writer = os.pipe()
        child = os.fork()
        if child:
            os.close(writer)
            limit = 60 + 6 * min(self.cap, sum(map(self.took.__getitem__, order)))
            self.running[child] = name, time.monotonic() + limit, reader
            return
        try:
            os.write(writer, self.try_out(name, order).encode())
        finally:
            os._exit(0)

    def order(self, name: str) -> list[str]:
        """The tests that call the function, those first that are likely to fail."""
        function = name.rpartition("__mutmut_")[0]
        files = self.imports.get(function, [])
        calls = [
            test
            for test in {
                **dict.fromkeys(self.tests.get(function, [])),
                **dict.fromkeys(t for t in self.took if t.partition("::")[0] in files),
            }
            if test in self.items
        ]
        likely = [
            test
            for like in (function, name.rpartition(".")[0])
            for test, _ in self.killers[like].most_common(6)
            if test in calls and self.took[test] < 4
        ]
        return list(dict.fromkeys(likely + sorted(calls, key=self.took.__getitem__)))

    def try_out(self, name: str, order: list[str]) -> str:
        """In the fork: the test that fails, or why none does."""
        from mutmut.mutation import trampoline

        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        trampoline.set_mutant_under_test(name)
        if not self.collect_again(self.imports.get(name.rpartition("__mutmut_")[0])):
            return "killed when tests are collected"
        end = time.monotonic() + self.cap
        for test, following in zip(order, [*order[1:], None], strict=True):
            if time.monotonic() > end:
                return "survived, capped"
            _run_test(self.items[test], self.items.get(following or ""))
            if self.session.testsfailed:
                return f"killed {test}"
        return "survived"

    def collect_again(self, files: list[str] | None) -> bool:
        """Import the files that call the mutant when they are imported; do they
        yield their tests?"""
        if not files:
            return True
        old = {
            item.getparent(pytest.Module)
            for name, item in self.items.items()
            if name.partition("::")[0] in files
        }
        for file in old:  # all gone before one is imported: they import one another
            del sys.modules[file.module.__name__]
        for file in old:
            again = pytest.Module.from_parent(file.parent, path=file.path)
            self.items |= {i.nodeid: i for i in self.session.genitems(again)}
        return not self.session.testsfailed

    def wait(self) -> None:
        """Until a fork has ended or hangs."""
        for child, (name, limit, reader) in list(self.running.items()):
            if os.waitpid(child, os.WNOHANG)[0]:
                found = os.read(reader, 10_000).decode() or "killed, the process died"
            elif time.monotonic() > limit:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                found = "killed, it hangs"
            else:
                continue
            os.close(reader)
            del self.running[child]
            word, _, test = found.partition(" ")
            if word == "killed":
                for like in (name.rpartition("__mutmut_")[0], name.rpartition(".")[0]):
                    self.killers[like][test] += 1
            self.results[name] = found
        time.sleep(0.005)


def diff(name: str) -> str:
    """The line that the mutant changes, before and after."""
    module, _, function = name.rpartition(".")
    lines = (TREE / (module.replace(".", "/") + ".py")).read_text().splitlines()

    def body(of: str) -> list[str]:
        first = next(i for i, line in enumerate(lines) if f"def {of}(" in line)
        last = first + 1
        while last < len(lines) and "def x" not in lines[last]:
            last += 1
        return lines[first + 1 : last]

    pairs = zip(body(function.rpartition("__mutmut_")[0] + "__mutmut_orig"),
                body(function), strict=False)  # fmt: skip
    changed = next(((a, b) for a, b in pairs if a != b), ("", ""))
    return f"  - {changed[0].strip()}\n  + {changed[1].strip()}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("modules", nargs="*")
    parser.add_argument("--sample", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cap", type=float, default=60.0)
    options = parser.parse_args()
    names = json.loads(NAMES.read_text()) if NAMES.exists() else write_mutants()
    if not CALLS.exists():
        run_pytest(MUTATION="trace")
    modules = options.modules or list(names)
    every = [name for module in modules for name in names[module]]
    chosen = random.Random(options.seed).sample(every, options.sample or len(every))
    run_pytest(
        MUTATION="try",
        MUTATION_CAP=str(options.cap),
        MUTATION_CHOSEN=json.dumps(chosen),
    )
    results = json.loads(RESULTS.read_text())
    for name in sorted(results):
        if not results[name].startswith("killed"):
            print(f"{name.replace('ǁ', '.')}: {results[name]}\n{diff(name)}")
    killed = sum(found.startswith("killed") for found in results.values())
    print(f"{killed} of {len(results)} killed, {killed / len(results):.1%}; "
          f"{len(every)} mutants in all")  # fmt: skip


if __name__ == "__main__":
    main()
