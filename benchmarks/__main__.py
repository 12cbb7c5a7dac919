"""mixnotes beside its peers, in one run: `python -m benchmarks`.

    python -m pip install -r requirements.txt -e ".[bench]"
    python -m benchmarks            # some minutes; writes docs/assets/benchmarks/
    python -m benchmarks --quick    # small sizes, writes nothing: does it all work?
    python -m benchmarks --answers           # only whole calls with defaults
    python -m benchmarks --approximations    # only mixtures beside published tables
    python -m benchmarks --many          # only a step of a thousand components
    python -m benchmarks --components        # only fits that ask much of components

One thread each. A figure is the CPU time of a whole call divided by its EM steps, the
median of interleaved repeats; ratios are of repeats that ran next to each other. A
result counts only if its log-likelihood is that of the others. Peak memory is that of
a process of its own, less that of one which only makes the data.
"""

from __future__ import annotations

import os

for _name in ("OMP", "OPENBLAS", "MKL"):  # before numpy is loaded
    os.environ[f"{_name}_NUM_THREADS"] = "1"

import argparse
import dataclasses
import importlib.metadata
import json
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

import mixnotes as mx
from benchmarks import answers, approximations, components, many, report
from benchmarks.peers import PEERS, Unfit
from benchmarks.works import WORKS, Work

OUT = Path(__file__).parents[1] / "docs/assets/benchmarks"
REPEATS = 5
PATIENCE = 30  # seconds after which a slow peer is repeated no more


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--approximations", action="store_true")
    parser.add_argument("--answers", action="store_true")
    parser.add_argument("--many", action="store_true")
    parser.add_argument("--components", nargs="?", const="", help="those so named")
    parser.add_argument("--only", help="works whose name contains this")
    parser.add_argument("--memory", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory:
        print_memory(*options.memory)
        return
    if options.approximations:
        approximations.main()
        return
    if options.components is not None:
        components.main(options.components)
        return
    if options.many:
        many.main(OUT, options.quick)
        return
    one_thread_torch()
    if options.answers:
        answers.write(OUT, options.only)
        return
    works = [w for w in WORKS if not options.only or options.only in w.name]
    if options.quick:
        works = [dataclasses.replace(w, n=min(w.n, 3000), steps=5) for w in works]
    curves = {} if options.quick or options.only else {"streamed": streamed()}
    found = {work.name: compare(work, options.quick) for work in works}
    found_acceleration = acceleration(2 if options.quick else 16)
    if options.quick or options.only:
        return
    floors = floor()
    curves = scaling() | curves
    record = {
        "machine": f"{platform.machine()}, numpy {np.__version__}, one thread",
        "versions": versions(),
        "floor": floors,
        "works": found,
        "acceleration": found_acceleration,
        "scaling": curves,
    }
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "results.json").write_text(json.dumps(record, indent=1) + "\n")
    answers.write(OUT)
    report.main()
    approximations.main()
    print(f"wrote {OUT}")


def one_thread_torch() -> None:
    try:
        import torch
    except ImportError:
        return
    torch.set_num_threads(1)


def versions() -> dict[str, str]:
    found = {}
    for name in PEERS:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def compare(work: Work, quick: bool) -> dict[str, object]:
    """Everyone's CPU time a step, its ratio to ours, likelihood and memory."""
    print(f"\n{work.name}: n = {work.n:,}, K = {work.k}, d = {work.d}")
    ready, why = {}, {}
    for name, peer in PEERS.items():
        try:
            ready[name] = peer(work)
        except (Unfit, ImportError) as error:
            why[name] = str(error)
    ends = {}
    taken = dict.fromkeys(ready, work.steps)
    for name, (run, mixture) in list(ready.items()):  # also warms up
        try:
            found = run()
            ends[name] = height(mixture(found), work)
            if name == "mixnotes":  # stops where only the last bits move
                taken[name] = found.steps
        except Exception as error:  # a peer's failure is a result
            why[name] = f"fails: {type(error).__name__}: {error!s:.60}"
            del ready[name]
    seconds: dict[str, list[float]] = {name: [] for name in ready}
    for _ in range(2 if quick else REPEATS):
        for name, (run, _) in ready.items():
            if len(seconds[name]) > 1 and sum(seconds[name]) > PATIENCE:
                continue
            start = time.process_time()
            run()
            seconds[name].append(time.process_time() - start)
    for name, times in seconds.items():
        seconds[name] = [time / taken[name] for time in times]
    ours = seconds["mixnotes"]
    rows: dict[str, object] = {}
    for name in PEERS:
        if name not in ready:
            rows[name] = {"unfit": why[name]}
            print(f"  {name:14} {why[name]}")
            continue
        ratio = median(b / a for a, b in zip(ours, seconds[name], strict=False))
        step = median(seconds[name])
        same = abs(ends[name] - ends["mixnotes"]) <= 1e-9 * abs(ends["mixnotes"])
        row = {
            "us_a_step": step * 1e6,
            "ratio": ratio,
            "log_likelihood": ends[name],
            "same": bool(same),
        }
        if not quick:
            row["memory_mb"] = memory(work, name)
        rows[name] = row
        print(
            f"  {name:14} {row['us_a_step']:12.1f} us a step {ratio:8.1f} x "
            f"{'' if same else 'ANOTHER LIKELIHOOD ' + format(ends[name], '.6f')} "
            f"{row.get('memory_mb', 0):.0f} MB",
            flush=True,
        )
    found = {**dataclasses.asdict(work), "p": work.p, "peers": rows}
    if work.is_compressed:
        after = after_the_pass(work)
        found["us_after_the_pass"] = after * 1e6
        plain = median(seconds["plain numpy"])
        print(f"  after one pass {after * 1e6:.1f} us, {plain / after:,.0f} x less")
    return found


def after_the_pass(work: Work) -> float:
    """Seconds a step where the distinct values are counted already: of a long run less
    a short one, both from the counts."""
    values, counts = np.unique(work.x, return_counts=True)
    start = {"start": work.start, "sample_weight": counts.astype(float)}
    plain = {"tol": 1e-15, "accelerate": False}

    def seconds(steps: int) -> tuple[float, int]:
        times = []
        for _ in range(20):
            began = time.process_time()
            fit = mx.em(work.model, values, max_iter=steps, **start, **plain)
            times.append(time.process_time() - began)
        return median(times), fit.steps

    (short, few), (long, many) = seconds(2), seconds(work.steps)
    return (long - short) / (many - few)


def height(mixture: mx.Mixture, work: Work) -> float:
    """The log-likelihood of what someone found."""
    plane = isinstance(mixture.components[0], mx.MultivariateNormal)
    return float(
        mixture.log_prob(work.x.reshape(work.n, -1) if plane else work.x).sum()
    )


def memory(work: Work, peer: str) -> float:
    """Peak memory of a fit beyond that of its data, in MB, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "x.npy", work.x)
        command = [sys.executable, "-m", "benchmarks", "--memory", work.name, peer]
        command.append(folder)
        run = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(run.stdout.splitlines()[-1])


def print_memory(name: str, peer: str, folder: str) -> None:
    one_thread_torch()
    work = dataclasses.replace(next(w for w in WORKS if w.name == name), steps=3)
    PEERS[peer](dataclasses.replace(work, n=max(300, 60 * work.k)))[0]()  # loads all
    work.__dict__["x"] = np.load(Path(folder) / "x.npy")
    run = PEERS[peer](work)[0]
    forget_peak()
    before = peak()
    run()
    print(peak() - before)


def peak() -> float:
    """The peak of this process's memory in MB, since it was last forgotten."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def acceleration(problems: int) -> dict[str, object]:
    """To the same likelihood on overlapping components: sweeps and time, plain EM over
    accelerated, on fresh random problems; and how much worse an end is, at most."""
    ratios, worse = [], []
    for seed in range(problems):
        rng = np.random.default_rng(1000 + seed)
        k = int(rng.integers(2, 5))
        d = int(rng.integers(1, 4))
        places = rng.normal(0, 1, (k, d))
        x = places[rng.integers(0, k, 2000)] + rng.normal(size=(2000, d))
        model = mx.gaussian_mixture(k)
        start = mx.em(model, x, starts=1, rng=seed, max_iter=3).mixture
        limit = {"start": start, "max_iter": 200_000}
        fast = mx.em(model, x, **limit)
        slow = mx.em(model, x, **limit, accelerate=False)
        goal = min(fast.log_likelihood, slow.log_likelihood) - 1e-6
        steps = [int(np.argmax(f.history >= goal)) for f in (fast, slow)]
        ratios.append(max(steps[1], 1) / max(steps[0], 1))
        worse.append(slow.log_likelihood - fast.log_likelihood)
    print(
        f"\nacceleration: {median(ratios):.1f} times fewer sweeps in the median "
        f"({min(ratios):.1f} to {max(ratios):.1f}); worst end {max(worse):.1e} below"
    )
    return {"ratios": ratios, "worse": worse}


def floor() -> dict[str, float]:
    """What this machine does: an exponential, multiply-adds, bytes."""
    x = np.random.default_rng(0).normal(size=2**14)
    a, b = np.ones((256, 256)), np.ones((256, 256))
    big = np.ones(2**24)
    out, product, copy = np.empty_like(x), np.empty_like(a), np.empty_like(big)

    def best(f, count):
        times = []
        for _ in range(7):
            start = time.process_time()
            for _ in range(count):
                f()
            times.append((time.process_time() - start) / count)
        return min(times)

    return {
        "exp_ns": best(lambda: np.exp(x, out), 200) / len(x) * 1e9,
        "gflops": 2 * 256**3 / best(lambda: np.dot(a, b, product), 50) / 1e9,
        "gbytes": 16 * len(big) / best(lambda: np.copyto(copy, big), 3) / 1e9,
    }


def scaling() -> dict[str, list[dict[str, float]]]:
    """Nanoseconds a row and step against n, K and d, one at a time."""
    base = Work("scaling", 10**5, 8, 4, "full", 10)
    curves: dict[str, list[dict[str, float]]] = {}
    for name, values in {
        "n": [10**3, 10**4, 10**5, 10**6, 10**7],
        "k": [2, 4, 8, 16, 32, 64],
        "d": [1, 2, 4, 8, 16, 32],
    }.items():
        curves[name] = []
        for value in values:
            work = dataclasses.replace(base, **{name: value})
            point = {"value": value}
            for peer in ("mixnotes", "scikit-learn"):
                run, _ = PEERS[peer](work)
                times = []
                for _ in range(1 if work.n > 10**6 else 3):
                    start = time.process_time()
                    found = run()
                    times.append(time.process_time() - start)
                steps = found.steps if peer == "mixnotes" else work.steps
                point[peer] = median(times) / steps * 1e9
            curves[name].append(point)
            print(name, point, flush=True)
    return curves


class Draws:
    """Draws that are made as they are read: any number of rows, in no memory."""

    def __init__(self, n: int) -> None:
        self.n = n

    def __iter__(self):
        place = np.array([[0.0, 0.0], [4.0, 1.0], [1.0, 5.0]])
        for seed in range(max(1, self.n // 2**18)):
            rng = np.random.default_rng(seed)
            size = min(self.n, 2**18)
            x = rng.standard_normal((size, 2))
            x += place[rng.integers(0, 3, size)]
            yield x


def streamed() -> list[dict[str, float]]:
    """Seconds of a pass over rows that are never in memory together."""
    start = mx.em(mx.gaussian_mixture(3), next(iter(Draws(2**12))), starts=2).mixture
    points = []
    for n in (10**6, 10**7, 10**8):
        forget_peak()
        before = time.process_time()
        mx.em(mx.gaussian_mixture(3), Draws(n), start=start, max_iter=1)
        points.append(
            {
                "value": n,
                "mixnotes": time.process_time() - before,
                "peak_mb": peak(),
            }
        )
        print("streamed", points[-1], flush=True)
    return points


if __name__ == "__main__":
    main()
