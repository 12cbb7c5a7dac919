"""Pictures, each drawn on an axes of the caller's: the only module with matplotlib.

Colours and sizes are those of the caller's style; nothing global is changed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mixnotes.approximate import Approximation


def approximation(a: Approximation, ax: Any = None, error: Any = None) -> Any:
    """The density, the mixture and its components, and where they differ.

    ax: axes for the densities; the current ones where it is None. In the plane two
    contours of each, which hold half and nine tenths of the density. error: other
    axes for mixture less density, on the line alone. Returns the axes.
    """
    ax = _axes(ax)
    if a.dimension == 2:
        if error is not None:
            raise ValueError(
                "error must be left out in two dimensions: draw a.density and "
                "a.mixture.log_prob as you need them"
            )
        return _contours(a, ax)
    x = _places(a)
    parts = np.exp(a.mixture.log_joint(x))
    ax.stackplot(x, parts.T)
    ax.plot(x, parts.sum(axis=1), color="tab:gray", label="mixture")
    ax.plot(x, a.density(x), color="black", label="density")
    ax.set_xlabel("x")
    ax.set_ylabel("density")
    if error is not None:
        error.plot(x, parts.sum(axis=1) - a.density(x), color="black")
        error.set_xlabel("x")
        error.set_ylabel("mixture less density")
    return ax


def path(a: Approximation, ax: Any = None) -> Any:
    """Error against K, both logarithmic: the price of a tolerance. Returns the axes."""
    ax = _axes(ax)
    sizes = [point.K for point in a.path]
    ax.loglog(sizes, [point.error for point in a.path], "o-", color="black", ms=3)
    ticks = [K for K in (1, 2, 3, 5, 10, 20, 30, 50, 100, 200) if max(sizes) >= K]
    ax.set_xticks(ticks, map(str, ticks))
    ax.set_xticks([], minor=True)
    ax.set_xlabel("K")
    ax.set_ylabel(f"{a.norm} error")
    return ax


def _axes(ax: Any) -> Any:
    if ax is None:
        import matplotlib.pyplot as plt

        ax = plt.gca()
    if not hasattr(ax, "plot"):
        raise TypeError(f"ax must be axes of matplotlib, got {ax!r:.80}")
    return ax


def _places(a: Approximation, n: int = 400) -> np.ndarray[Any, Any]:
    """Where to draw: evenly, and close together where components are narrow."""
    low, high = a.interval
    margin = 0.1 * (high - low)
    even = np.linspace(low - margin, high + margin, n)
    reach = np.linspace(-3, 3, 25)
    around = [part.mean + part.sd * reach for part in a.mixture.components]
    x = np.unique(np.concatenate([even, *around]))
    return x[(x >= even[0]) & (x <= even[-1])]


def _contours(a: Approximation, ax: Any, n: int = 200) -> Any:
    (left, right), (bottom, top) = a.interval
    first, second = np.linspace(left, right, n), np.linspace(bottom, top, n)
    rows = np.stack(np.meshgrid(first, second), axis=-1).reshape(-1, 2)
    f, g = a.density(rows), np.exp(a.mixture.log_prob(rows))
    heights = np.sort(f)[::-1]
    held = np.cumsum(heights) / heights.sum()
    levels = sorted({float(heights[np.searchsorted(held, p)]) for p in (0.5, 0.9)})
    for values, colour in ((f, "black"), (g, "C0")):
        ax.contour(first, second, values.reshape(n, n), levels, colors=colour)
    for part in a.mixture.components:
        ax.plot(*part.moments()[0], "+", color="C0")
    ax.set_xlabel("first column")
    ax.set_ylabel("second column")
    ax.set_aspect("equal")
    return ax
