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
        "| work | µs a step | over the floor | " + " | ".join(peers) + " |",
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
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    lines.append("")
    for name, work in record["works"].items():
        if "us_after_the_pass" in work:
            after = work["us_after_the_pass"]
            plain = work["peers"]["plain numpy"]["us_a_step"]
            lines += [
                f"The {name} are {work['n']:,} rows of few distinct values: after the "
                f"one pass that counts them a step takes {after:.0f} µs, "
                f"{plain / after:,.0f} times less than one of plain numpy.",
                "",
            ]
    lines += ["Peak memory of a fit beyond its data, MB:", ""]
    lines += [
        "| work | n | K | " + " | ".join(["mixnotes", *peers]) + " |",
        "|---|" + "--:|" * (len(peers) + 3),
    ]
    for name, work in record["works"].items():
        cells = [f"{work['n']:,}", str(work["k"])]
        cells += [
            f"{row['memory_mb']:,.0f}" if "memory_mb" in row else "–"
            for row in (work["peers"][p] for p in ["mixnotes", *peers])
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    ratios, worse = (record["acceleration"][k] for k in ("ratios", "worse"))
    streamed = record["scaling"]["streamed"]
    lines += [
        "",
        "Streamed fits of "
        + ", ".join(f"{point['value']:,}" for point in streamed)
        + " rows: the whole process, packages and all, peaks at "
        + ", ".join(f"{point['peak_mb']:.0f}" for point in streamed)
        + " MB.",
    ]
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
    if "us_after_the_pass" in work or work["n"] < 1000:
        return "–"
    k, p, d = work["k"], work["p"], work["d"]
    flops = 4 * k * p / floor["gflops"]
    least = max(k * floor["exp_ns"] + flops, 8 * d / floor["gbytes"])
    ours = work["peers"]["mixnotes"]["us_a_step"] * 1e3 / work["n"]
    return f"{ours / least:.1f}"


def plots(scaling, file, ink, accent) -> None:
    """Four panels, each line named where it ends."""
    colours = {"axes.edgecolor": ink, "text.color": ink, "axes.labelcolor": ink}
    colours |= {"xtick.color": ink, "ytick.color": ink, "font.size": 9}
    colours |= {"svg.hashsalt": "mixnotes", "svg.fonttype": "none"}
    titles = {
        "n": "rows n",
        "k": "components K",
        "d": "columns d",
        "streamed": "rows n, streamed",
    }
    with plt.rc_context(colours):
        figure, axes = plt.subplots(2, 2, figsize=(6.4, 4.8), layout="constrained")
        for axis, (name, title) in zip(axes.flat, titles.items(), strict=True):
            points = scaling[name]
            values = [point["value"] for point in points]
            for peer, style, end in (
                ("mixnotes", accent, 0),
                ("scikit-learn", ink, -1),
            ):
                if peer not in points[0]:
                    continue
                unit = 1 if name == "streamed" else 1e-9
                seconds = [point[peer] * unit for point in points]
                axis.loglog(values, seconds, "o-", color=style, ms=3, lw=1)
                axis.annotate(
                    peer,
                    (values[end], seconds[end]),
                    (0, 7 if end else -7),
                    textcoords="offset points",
                    color=style,
                    ha="right" if end else "left",
                    va="bottom" if end else "top",
                )
            if name in ("k", "d"):
                axis.set_xticks(values, map(str, values))
                axis.minorticks_off()
            axis.margins(0.08, 0.25)
            axis.set_xlabel(title)
            axis.spines[["top", "right"]].set_visible(False)
            axis.set_ylabel("seconds" if name == "streamed" else "seconds a step")
        figure.savefig(file, transparent=True, metadata={"Date": None})
        plt.close(figure)


if __name__ == "__main__":
    main()
