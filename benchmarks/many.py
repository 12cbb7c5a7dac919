"""A step of very many components: each row looked at by all, or by the nearest few.

    python -m benchmarks --many    # some minutes; writes docs/assets/benchmarks/

A step is the wall time of a call of twelve steps less that of one of two, divided by
ten, on one thread, the median of interleaved repeats; what else a call takes is its
set-up and, with `nearest`, the look at all components in the end.
"""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

import mixnotes as mx
from benchmarks.answers import machine

REPEATS = 3
N, K, D = 100_000, 1024, 128
NEAREST = 32
FEW, MORE = 2, 12  # steps
Fit = Callable[[int], tuple[float, int]]


def main(folder: Path, quick: bool = False) -> None:
    """Measure, and write what the page shows."""
    n, k, d = (4000, 64, 8) if quick else (N, K, D)
    x, means = data(n, k, d)
    everyone = packages(x, means)
    seconds: dict[str, dict[int, list[float]]] = {}
    heights: dict[str, float] = {}
    for _ in range(1 if quick else REPEATS):
        for name, fit in everyone.items():
            for steps in (FEW, MORE):
                began = time.perf_counter()
                heights[name], made = fit(steps)
                took = time.perf_counter() - began
                assert made == steps, (name, made)
                own = seconds.setdefault(name, {}).setdefault(steps, [])
                own.append(took)
                print(f"{name:24} {steps:3} steps {took:8.2f} s {heights[name]:.6f}")
    record = {
        name: {
            "step": (median(times[MORE]) - median(times[FEW])) / (MORE - FEW),
            "two": median(times[FEW]),
            "log_likelihood": heights[name],
        }
        for name, times in seconds.items()
    }
    if quick:
        return
    found = {"n": n, "k": k, "d": d, "of": record, "machine": machine()}
    (folder / "many.json").write_text(json.dumps(found, indent=1) + "\n")
    (folder / "many.md").write_text(table(found))


def data(n: int, k: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    """Normals of sd 1 about places eight apart, and means beside these places."""
    rng = np.random.default_rng(0)
    places = rng.normal(0, 8 / (2 * d) ** 0.5, (k, d))
    x = places[rng.integers(0, k, n)] + rng.normal(size=(n, d))
    return x, places + rng.normal(0, 1 / d**0.5, (k, d))


def packages(x: np.ndarray, means: np.ndarray) -> dict[str, Fit]:
    """How each takes so many steps from the same start: the log-likelihood, and how
    many it took."""
    k, d = means.shape
    parts = [
        mx.MultivariateNormal(mean=m, cov=np.eye(d), covariance="spherical")
        for m in means
    ]
    start = mx.Mixture(parts, np.full(k, 1 / k))
    model = mx.gaussian_mixture(k, "spherical")

    def ours(nearest: int | None) -> Fit:
        def fit(steps: int) -> tuple[float, int]:
            found = mx.em(
                model,
                x,
                start=start,
                nearest=nearest,
                max_iter=steps,
                tol=0,
                accelerate=False,
            )
            return found.log_likelihood, found.steps

        return fit

    def sklearn(steps: int) -> tuple[float, int]:
        from sklearn.mixture import GaussianMixture

        found = GaussianMixture(
            k,
            covariance_type="spherical",
            means_init=means,
            weights_init=np.full(k, 1 / k),
            precisions_init=np.ones(k),
            init_params="random_from_data",
            max_iter=steps,
            tol=0,
            reg_covar=0.0,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it did not converge
            found.fit(x)
        return float(found.score_samples(x).sum()), found.n_iter_

    return {
        "mx.em": ours(None),
        f"mx.em, nearest={NEAREST}": ours(NEAREST),
        "scikit-learn": sklearn,
    }


def table(found: dict) -> str:
    """Seconds a step and of a call of two, and the log-likelihood after twelve."""
    top = max(row["log_likelihood"] for row in found["of"].values())
    theirs = found["of"]["scikit-learn"]["step"]
    lines = [
        "| | a step | scikit-learn's | two steps, whole call | log-likelihood |",
        "|---|--:|--:|--:|--:|",
    ]
    for name, row in found["of"].items():
        times, below = theirs / row["step"], top - row["log_likelihood"]
        words = f"{row['log_likelihood']:,.3f}" if below < 1e-3 else f"−{below:,.3g}"
        lines.append(
            f"| {name} | {row['step']:.3g} s | {times:.3g} × | {row['two']:.3g} s "
            f"| {words} |"
        )
    return "\n".join([*lines, "", found["machine"]]) + "\n"
