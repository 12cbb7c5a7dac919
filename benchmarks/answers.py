"""Time to the answer: whole calls with defaults, as a user makes them.

    python -m benchmarks --answers    # some minutes; writes docs/assets/benchmarks/

Everyone gets the data and the number of components, and nothing else. A time is the
wall time of a call on one thread, the median of interleaved repeats; beside it is the
log-likelihood that was reached, below the highest that anyone did.
"""

from __future__ import annotations

import importlib.metadata
import json
import platform
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import median

import matplotlib.pyplot as plt
import numpy as np

import mixnotes as mx
from benchmarks.peers import gaussian
from benchmarks.report import SCHEMES

REPEATS = 3
PATIENCE = 60.0  # seconds after which a slow one is repeated no more


def blobs(n: int, d: int, k: int, apart: float, seed: int = 0) -> np.ndarray:
    """Normals of sd 1 about places of sd `apart`, (n, d)."""
    rng = np.random.default_rng(seed)
    places = rng.normal(0, apart, (k, d))
    return places[rng.integers(0, k, n)] + rng.normal(size=(n, d))


def line(n: int, apart: float) -> np.ndarray:
    """Three normals of sd 1 on a line, (n, 1)."""
    rng = np.random.default_rng(0)
    return (apart * rng.integers(0, 3, n) + rng.normal(size=n))[:, None]


def scaled(x: np.ndarray) -> np.ndarray:
    """Each column in its standard deviations."""
    return (x - x.mean(axis=0)) / x.std(axis=0)


def iris() -> np.ndarray:
    from sklearn.datasets import load_iris

    return load_iris().data


def faithful() -> np.ndarray:
    return np.array(list(mx.datasets.faithful().values())).T


def wine() -> np.ndarray:
    from sklearn.datasets import load_wine

    return scaled(load_wine().data)


def breast_cancer() -> np.ndarray:
    from sklearn.datasets import load_breast_cancer

    return scaled(load_breast_cancer().data)


def digits() -> np.ndarray:
    from sklearn.datasets import load_digits
    from sklearn.decomposition import PCA

    return PCA(20, random_state=0).fit_transform(load_digits().data)


def noise() -> np.ndarray:
    return np.random.default_rng(0).random((5000, 2))


SETTINGS: dict[str, tuple[Callable[[], np.ndarray], int]] = {
    "iris, 150 × 4": (iris, 3),
    "Old Faithful, 272 × 2": (faithful, 2),
    "wine, 178 × 13": (wine, 3),
    "breast cancer, 569 × 30": (breast_cancer, 2),
    "digits, 1,797 × 20": (digits, 10),
    "overlapping, 300 × 1": (lambda: blobs(300, 1, 2, 1.0, 3), 2),
    "apart, 2,000 × 50": (lambda: blobs(2000, 50, 5, 2.0), 5),
    "uniform noise, 5,000 × 2": (noise, 5),
    "apart, 20,000 × 2": (lambda: blobs(20_000, 2, 8, 10.0), 8),
    "overlapping, 20,000 × 2": (lambda: blobs(20_000, 2, 8, 1.5), 8),
    "overlapping, 100,000 × 10": (lambda: blobs(100_000, 10, 10, 0.8), 10),
    "apart, 1,000,000 × 1": (lambda: line(10**6, 6.0), 3),
    "overlapping, 1,000,000 × 1": (lambda: line(10**6, 2.0), 3),
}
HARD = "overlapping, 20,000 × 2"  # whose climbs are drawn


# ------------------------------------------------------------ each package's defaults


def mixnotes(x: np.ndarray, k: int, most: int | None = None) -> mx.Mixture:
    limit = {} if most is None else {"max_iter": most}
    return mx.em(mx.gaussian_mixture(k), x, **limit).mixture


def mixture_model(x: np.ndarray, k: int, most: int | None = None) -> mx.Mixture:
    from mixnotes.sklearn import MixtureModel

    limit = {} if most is None else {"max_iter": most}
    return MixtureModel(k, random_state=0, **limit).fit(x).mixture_


def sklearn(x: np.ndarray, k: int, most: int | None = None) -> mx.Mixture:
    from sklearn.mixture import GaussianMixture

    limit = {} if most is None else {"max_iter": most}
    model = GaussianMixture(k, random_state=0, **limit).fit(x)
    return gaussian(model.weights_, model.means_, model.covariances_)


def pomegranate(x: np.ndarray, k: int, most: int | None = None) -> mx.Mixture:
    import torch
    from pomegranate.distributions import Normal
    from pomegranate.gmm import GeneralMixtureModel

    limit = {} if most is None else {"max_iter": most}
    parts = [Normal() for _ in range(k)]
    model = GeneralMixtureModel(parts, **limit).fit(torch.tensor(x))
    parts = model.distributions
    means = [part.means.numpy() for part in parts]
    return gaussian(model.priors.numpy(), means, [part.covs.numpy() for part in parts])


def tgmm(x: np.ndarray, k: int, most: int | None = None) -> mx.Mixture:
    import torch
    from tgmm import GaussianMixture

    limit = {} if most is None else {"max_iter": most}
    model = GaussianMixture(k, device="cpu", **limit).fit(torch.tensor(x))
    found = (model.weights_, model.means_, model.covariances_)
    return gaussian(*(np.asarray(value, dtype=float) for value in found))


_MCLUST = """
suppressMessages(library(mclust))
arguments <- commandArgs(TRUE)
x <- as.matrix(read.csv(arguments[1], header = FALSE))
k <- as.integer(arguments[2])
model <- if (ncol(x) == 1) "V" else "VVV"
took <- system.time(fit <- Mclust(x, G = k, modelNames = model, verbose = FALSE))
cat(took[["elapsed"]], if (is.null(fit)) NA else fit$loglik)
"""


def mclust(x: np.ndarray, k: int) -> tuple[float, float]:
    """Seconds of `Mclust` without R's own beginning, and the log-likelihood."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "x.csv"
        np.savetxt(file, x, delimiter=",", fmt="%.17g")
        script = Path(folder) / "fit.R"
        script.write_text(_MCLUST)
        command = ["Rscript", str(script), str(file), str(k)]
        run = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=600
        )
    seconds, height = run.stdout.split()
    return float(seconds), float(height)


OURS = ("mx.em", "MixtureModel")
PACKAGES = {
    "mx.em": mixnotes,
    "MixtureModel": mixture_model,
    "scikit-learn": sklearn,
    "pomegranate": pomegranate,
    "tgmm": tgmm,
}
_MCLUST_ROWS = 2000  # beyond which its first groups take memory of rows squared


# ----------------------------------------------------------------------- the measuring


def main(only: str | None = None) -> dict[str, object]:
    """Print a row for each setting; everything as a record."""
    record = {
        name: one(name, *make)
        for name, make in SETTINGS.items()
        if only is None or only in name
    }
    found = {"settings": record, "climbs": {} if only else climbs()}
    return found | {"machine": machine()}


def machine() -> str:
    """What was run on, with which versions, in words."""
    names = ("mixnotes", "scikit-learn", "pomegranate", "tgmm", "numpy")
    each = [f"{name} {importlib.metadata.version(name)}" for name in names]
    if shutil.which("Rscript"):
        said = "cat(as.character(packageVersion('mclust')))"
        run = subprocess.run(["Rscript", "-e", said], capture_output=True, text=True)
        each.append(f"mclust {run.stdout.strip()}")
    return f"{platform.machine()}, one thread; {', '.join(each)}."


def one(name: str, make: Callable[[], np.ndarray], k: int) -> dict[str, object]:
    """Everyone's seconds and log-likelihood."""
    x = make()
    print(f"\n{name}, K = {k}")
    seconds: dict[str, list[float]] = {}
    heights: dict[str, float] = {}
    for _ in range(REPEATS):
        for package, fit in PACKAGES.items():
            if heights.get(package) is None and package in heights:
                continue
            if sum(seconds.get(package, [])) > PATIENCE:
                continue
            try:
                took, mixture = timed(fit, x, k)
            except Exception as error:  # a peer's failure is a result
                print(f"  {package:14} {type(error).__name__}: {error!s:.70}")
                heights[package] = None  # type: ignore[assignment]
                continue
            seconds.setdefault(package, []).append(took)
            heights[package] = float(mixture.log_prob(x).sum())
        if shutil.which("Rscript") and len(x) <= _MCLUST_ROWS:
            took, heights["mclust"] = mclust(x, k)
            seconds.setdefault("mclust", []).append(took)
    top = max(h for h in heights.values() if h is not None)
    found = {
        package: {"seconds": median(times), "below": top - heights[package]}
        for package, times in seconds.items()
        if heights[package] is not None
    }
    for package, row in found.items():
        print(f"  {package:14} {row['seconds']:9.4f} s   {row['below']:12.3f} below")
    return {"k": k, "n": len(x), "d": x.shape[1], "log_likelihood": top, "of": found}


def timed(
    fit: Callable[..., mx.Mixture], x: np.ndarray, k: int, most: int | None = None
) -> tuple[float, mx.Mixture]:
    """The seconds of a call, and what it found."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it did not converge
        began = time.perf_counter()
        mixture = fit(x, k, most)
        return time.perf_counter() - began, mixture


def climbs() -> dict[str, list[list[float]]]:
    """Seconds and log-likelihood along the climb of each package on the hard setting:
    of ours as it is watched, of others by calls with more and more steps."""
    make, k = SETTINGS[HARD]
    x = make()
    found = {"mx.em": watched(x, k)}
    for package in ("scikit-learn", "pomegranate", "tgmm"):
        points, most = [], 1
        while most <= 1024:
            try:
                took, mixture = timed(PACKAGES[package], x, k, most)
            except Exception as error:
                print(f"  {package}: {type(error).__name__}: {error!s:.70}")
                break
            points.append([took, float(mixture.log_prob(x).sum())])
            if took > PATIENCE or (len(points) > 2 and points[-1][1] == points[-2][1]):
                break
            most *= 2
        found[package] = points
    return found


def watched(x: np.ndarray, k: int) -> list[list[float]]:
    """Each time that `mx.em` comes higher than before, and how high."""
    points: list[list[float]] = []
    began = time.perf_counter()

    def see(step: mx.Step) -> None:
        if not points or step.log_likelihood > points[-1][1] + 0.01:
            points.append([time.perf_counter() - began, step.log_likelihood])

    fit = mx.em(mx.gaussian_mixture(k), x, callback=see)
    points.append([time.perf_counter() - began, fit.log_likelihood])
    return points


def table(record: dict) -> str:
    """Seconds of each package, and in brackets how far below the highest it ended."""
    settings = record["settings"]
    packages = [*PACKAGES, "mclust"]
    packages = [p for p in packages if any(p in s["of"] for s in settings.values())]
    lines = [
        "| data | K | " + " | ".join(packages) + " |",
        "|---|" + "--:|" * (1 + len(packages)),
    ]
    for name, setting in settings.items():
        cells = [cell(setting["of"].get(package)) for package in packages]
        lines.append(f"| {name} | {setting['k']} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", record["machine"]]) + "\n"


def cell(row: dict[str, float] | None) -> str:
    if row is None:
        return "–"
    below = row["below"]
    words = ""
    if below >= 0.01:
        words = f" (−{below:,.0f})" if below >= 10 else f" (−{below:,.2f})"
    return f"{row['seconds']:.3g}{words}"


def write(folder: Path, only: str | None = None) -> None:
    """Measure, and write what the page shows."""
    record = main(only)
    if only:
        return
    (folder / "answers.json").write_text(json.dumps(record, indent=1) + "\n")
    report(folder)


def report(folder: Path) -> None:
    """From answers.json to the table and the plots of the page."""
    record = json.loads((folder / "answers.json").read_text())
    (folder / "answers.md").write_text(table(record))
    for scheme, (ink, accent) in SCHEMES.items():
        plot(record["climbs"], folder / f"climbs-{scheme}.svg", ink, accent)


def plot(climbs: dict, file: Path, ink: str, accent: str) -> None:
    """How far below the highest each package is as time goes on."""
    top = max(height for points in climbs.values() for _, height in points)
    colours = {"axes.edgecolor": ink, "text.color": ink, "axes.labelcolor": ink}
    colours |= {"xtick.color": ink, "ytick.color": ink, "font.size": 9}
    colours |= {"svg.hashsalt": "mixnotes", "svg.fonttype": "none"}
    marks = {"scikit-learn": "o", "pomegranate": "s", "tgmm": "^"}
    with plt.rc_context(colours):
        figure, axis = plt.subplots(figsize=(6.4, 3.4), layout="constrained")
        for package, points in climbs.items():
            if not points:
                continue
            seconds, below = np.array([(t, max(top - h, 0.01)) for t, h in points]).T
            own = package == "mx.em"
            style = {"color": accent if own else ink, "marker": marks.get(package)}
            axis.loglog(seconds, below, lw=2 if own else 1, ms=4, **style)
            axis.annotate(
                package, (seconds[-1], below[-1]), (5, 3), textcoords="offset points",
                color=accent if own else ink,
            )  # fmt: skip
        axis.set_xlabel("seconds")
        axis.set_ylabel("below the highest, nats")
        axis.spines[["top", "right"]].set_visible(False)
        axis.margins(0.12, 0.1)
        figure.savefig(file, transparent=True, metadata={"Date": None})
        plt.close(figure)
