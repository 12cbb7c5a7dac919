"""From results.json to what the docs show: a table, and plots in both schemes."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

OUT = Path(__file__).parents[1] / "docs/assets/benchmarks"
SCHEMES = {"light": ("#1b1e23", "#009e73"), "dark": ("#e6e6e6", "#5fd3ae")}


def main() -> None:
    record = json.loads((OUT / "results.json").read_text())
    (OUT / "table.md").write_text(table(record))
    for scheme, colours in SCHEMES.items():
        plots(record["scaling"], OUT / f"scaling-{scheme}.svg", *colours)


def table(record) -> str:
    """How many times as long each peer takes, and what it needs beside the data."""
    peers = [*list(record["versions"]), "plain numpy"]
    peers = [p for p in dict.fromkeys(peers) if p != "mixnotes"]
    lines = [
        "| work | mixnotes, µs a step | times the floor | "
        + " | ".join(f"{p}, times" for p in peers)
        + " |",
        "|---|" + "--:|" * (len(peers) + 2),
    ]
    for name, work in record["works"].items():
        rows = work["peers"]
        ours = rows["mixnotes"]
        cells = [f"{ours['us_a_step']:,.0f}", f"{above_floor(work, record['floor'])}"]
        for peer in peers:
            row = rows[peer]
            if "ratio" not in row:
                cells.append("–")
            else:
                mark = "" if row["same"] else "\\*"
                cells.append(f"{row['ratio']:,.3g}{mark}")
        size = f"n = {work['n']:,}, K = {work['k']}"
        lines.append(f"| {name}, {size} | " + " | ".join(cells) + " |")
    lines += ["", "Peak memory of a fit beyond its data, MB:", ""]
    lines += [
        "| work | " + " | ".join(["mixnotes", *peers]) + " |",
        "|---|" + "--:|" * (len(peers) + 1),
    ]
    for name, work in record["works"].items():
        cells = [
            f"{row['memory_mb']:,.0f}" if "memory_mb" in row else "–"
            for row in (work["peers"][p] for p in ["mixnotes", *peers])
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    ratios, worse = (record["acceleration"][k] for k in ("ratios", "worse"))
    versions = ", ".join(f"{k} {v}" for k, v in record["versions"].items())
    lines += [
        "",
        f"Acceleration on {len(ratios)} fresh random problems with overlapping "
        f"components: {median(ratios):.1f} times fewer sweeps in the median "
        f"({min(ratios):.1f} to {max(ratios):.1f}) to within 1e-6 of the same "
        f"log-likelihood; the worst accelerated end is {max(max(worse), 0):.0e} below "
        "that of plain EM.",
        "",
        f"{record['machine']}; {versions}.",
        "",
    ]
    return "\n".join(lines)


def above_floor(work, floor) -> str:
    """Our time over the least that exponentials, products or memory traffic take."""
    if work["kind"] in ("bernoulli", "poisson") or work["n"] < 1000:
        return "–"
    k, p, d = work["k"], work["p"], work["d"]
    flops = 4 * k * p / floor["gflops"]
    least = max(k * floor["exp_ns"] + flops, 8 * d / floor["gbytes"])
    ours = work["peers"]["mixnotes"]["us_a_step"] * 1e3 / work["n"]
    return f"{ours / least:.1f}"


def plots(scaling, file, ink, accent) -> None:
    colours = {"axes.edgecolor": ink, "text.color": ink, "axes.labelcolor": ink}
    colours |= {"xtick.color": ink, "ytick.color": ink, "font.size": 9}
    colours |= {"svg.hashsalt": "mixnotes", "svg.fonttype": "none"}
    with plt.rc_context(colours):
        figure, axes = plt.subplots(1, 4, figsize=(10, 2.8), layout="constrained")
        for axis, (name, points) in zip(axes, scaling.items(), strict=True):
            values = [point["value"] for point in points]
            for peer, style in (("mixnotes", accent), ("scikit-learn", ink)):
                if peer in points[0]:
                    unit = 1 if name == "streamed" else 1e-9
                    seconds = [point[peer] * unit for point in points]
                    axis.loglog(values, seconds, "o-", color=style, ms=3, lw=1)
                    axis.text(
                        values[0], seconds[0] * 1.6, peer, color=style, fontsize=8
                    )
            axis.set_xlabel({"k": "K", "streamed": "n, streamed"}.get(name, name))
            axis.spines[["top", "right"]].set_visible(False)
        axes[0].set_ylabel("seconds a step")
        axes[3].set_ylabel("seconds, four passes")
        figure.savefig(file, transparent=True, metadata={"Date": None})
        plt.close(figure)


if __name__ == "__main__":
    main()
