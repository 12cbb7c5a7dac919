"""Mixtures of normals in the literature, and what `mx.approximate` finds.

    python -m benchmarks --approximations    # a minute; writes docs/assets/benchmarks/

Every L1 error is computed here by one rule: Simpson's, on a million cells and more,
over an interval beyond which the target has less than 1e-15; it knows nothing of the
package. approximation_tables.json has the published mixtures and their sources.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
from scipy.integrate import simpson

import mixnotes as mx

OUT = Path(__file__).parents[1] / "docs/assets/benchmarks"
TABLES = Path(__file__).parent / "approximation_tables.json"


def log_chi_squared(x):
    with np.errstate(over="ignore"):
        return np.exp(x / 2 - np.exp(x) / 2) / np.sqrt(2 * np.pi)


def logistic(x):
    return 0.25 / np.cosh(x / 2) ** 2


def gumbel(x):
    with np.errstate(over="ignore"):
        return np.exp(-x - np.exp(-x))


# name in the table: how the docs call it, the target's name, its density, the interval
PUBLISHED = {
    "kim_shephard_chib_1998": (
        "Kim, Shephard, Chib 1998",
        "log of χ²(1)",
        log_chi_squared,
        (-80, 10),
    ),
    "omori_2007": ("Omori et al. 2007", "log of χ²(1)", log_chi_squared, (-80, 10)),
    "fruehwirth_schnatter_2007": (
        "Frühwirth-Schnatter, Frühwirth 2007",
        "Gumbel",
        gumbel,
        (-10, 60),
    ),
    "monahan_stefanski_1992": (
        "Monahan, Stefanski 1992",
        "logistic",
        logistic,
        (-60, 60),
    ),
}


def l1_error(density, weights, means, sds, low, high, n=1_200_000) -> float:
    """The integral of |f - g|, by Simpson's rule."""
    x = np.linspace(low, high, n + 1)
    g = np.zeros(n + 1)
    for w, m, s in zip(weights, means, sds, strict=True):
        g += w / (s * np.sqrt(2 * np.pi)) * np.exp(-0.5 * ((x - m) / s) ** 2)
    return float(simpson(np.abs(density(x) - g), dx=(high - low) / n))


def error_of(mixture: mx.Mixture, density, ends) -> float:
    parts = mixture.components
    means, sds = [part.mean for part in parts], [part.sd for part in parts]
    return l1_error(density, mixture.weights, means, sds, *ends)


def compare(name: str) -> dict[str, object]:
    """The published mixture, ours with as many normals, and the fewest that beat it."""
    table = json.loads(TABLES.read_text("utf-8"))[name]
    source, target, density, ends = PUBLISHED[name]
    weights = np.array(table["weights"]) / sum(table["weights"])
    sds = np.sqrt(table["variances"])
    published = l1_error(density, weights, table["means"], sds, *ends)
    start = time.process_time()
    found = mx.approximate(density, components=len(weights))
    seconds = time.process_time() - start
    errors = {p.K: error_of(p.mixture, density, ends) for p in found.path}
    enough = [K for K, error in errors.items() if error <= published]
    row = {
        "source": source,
        "target": target,
        "K": len(weights),
        "published": published,
        "ours": errors[len(weights)],
        "measured": found.measured,
        "seconds": seconds,
        "fewest": min(enough, default=None),
    }
    print(row, flush=True)
    return row


def table(record) -> str:
    """The rows as Markdown."""
    lines = [
        "| target | table | K | its L1 error | mixnotes, same K | seconds "
        "| as good with K = |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    for row in record["rows"]:
        fewest = row["fewest"] or "–"
        lines.append(
            f"| {row['target']} | {row['source']} | {row['K']} "
            f"| {row['published']:.3g} | {row['ours']:.3g} | {row['seconds']:.1f} "
            f"| {fewest} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    record = {"rows": [compare(name) for name in PUBLISHED]}
    text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    (OUT / "approximations.json").write_text(text, "utf-8")
    (OUT / "approximations.md").write_text(table(record), "utf-8")
