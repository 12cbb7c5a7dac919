"""Fits that ask much of their components: searches, gaps, counts, ceilings.

    python -m benchmarks --components          # prints a line each, some of a minute
    python -m benchmarks --components gaps     # those whose name contains this

CPU time of one call on one thread, and what it reached: to compare two versions run
them one after the other, more than once.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

import mixnotes as mx


def _two(component: mx.Component, x, **options) -> float:
    return mx.em(mx.Mixture(2 * [component]), x, **options).log_likelihood


def gaps_of_penguins() -> float:
    """`select` over K = 1 to 5 on four columns, in which two rows have nothing."""
    table = mx.datasets.penguins()
    names = "bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"
    x = np.column_stack([table[name] for name in names])
    found = mx.select([mx.gaussian_mixture(k) for k in range(1, 6)], x)
    return found.best_by("bic").fit.log_likelihood


def gaps_in_many_rows() -> float:
    """100,000 rows of four columns, 10 % of the entries lost: 20 steps."""
    rng = np.random.default_rng(0)
    places = 3 * rng.normal(size=(5, 4))
    x = places[rng.integers(0, 5, 100_000)] + rng.normal(size=(100_000, 4))
    x[rng.random(x.shape) < 0.1] = np.nan
    normals = [mx.MultivariateNormal(place, np.eye(4)) for place in places]
    start = mx.Mixture(normals, np.full(5, 0.2))
    fit = mx.em(start.blank(), x, start=start, max_iter=20, accelerate=False)
    return fit.log_likelihood


def negative_binomials() -> float:
    """600 counts around 1,000 and 10,000."""
    rng = np.random.default_rng(0)
    near, far = (rng.negative_binomial(k, p, 300) for k, p in ((5, 5e-3), (50, 5e-3)))
    return _two(mx.NegativeBinomial(), np.concatenate([near, far]))


def rounded_shares() -> float:
    """700 shares rounded to 0.01, as intervals, two betas, one start."""
    rng = np.random.default_rng(0)
    y = np.concatenate([rng.beta(2, 8, 350), rng.beta(9, 3, 350)]).round(2)
    low, high = np.maximum(y - 0.005, 0), np.minimum(y + 0.005, 1)
    return _two(mx.Beta(), mx.Censored(low, high), starts=1)


def shared_slope() -> float:
    """1,000 counts on a line whose slope two components share, two starts."""
    rng = np.random.default_rng(0)
    x, z = rng.normal(size=1000), rng.integers(0, 2, 1000)
    y = rng.poisson(np.exp(np.where(z, 1.5, 0.2) + 0.5 * x))
    line = mx.PoissonRegression("y", {"x": mx.Shared("slope")})
    return _two(line, {"y": y, "x": x}, starts=2)


def scipys_exponnorm() -> float:
    """500 values, two of scipy's exponnorm, one start."""
    from scipy import stats

    both = [
        stats.exponnorm.rvs(2, loc=loc, size=250, random_state=seed)
        for loc, seed in ((0, 1), (5, 2))
    ]
    return _two(mx.from_scipy("exponnorm"), np.concatenate(both), starts=1)


def latent_classes() -> float:
    """100,000 answers to four questions, of which 120 rows differ: 50 steps."""
    rng = np.random.default_rng(0)
    sizes, z = (2, 3, 4, 5), rng.integers(0, 3, 100_000)
    table, known = {}, [{} for _ in range(3)]
    for size in sizes:
        probs = rng.dirichlet(np.ones(size), 3)
        above = rng.random(len(z))[:, None] > probs.cumsum(axis=1)[z, :-1]
        table[f"q{size}"] = above.sum(axis=1).astype(float)
        for k in range(3):
            known[k][f"q{size}"] = mx.Categorical(probs[k])
    start = mx.Mixture([mx.Product(parts) for parts in known], np.full(3, 1 / 3))
    fit = mx.em(start.blank(), table, start=start, max_iter=50, accelerate=False)
    return fit.log_likelihood


def ceiling_of_t() -> float:
    """The bound above two t of 5 degrees of freedom, 100,000 values."""
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.standard_t(5, 50_000), 5 + rng.standard_t(5, 50_000)])
    fit = mx.em(mx.Mixture(2 * [mx.StudentT(df=5, scale=1.0)]), x, starts=1)
    return fit.ceiling().exact


CASES: dict[str, Callable[[], float]] = {
    f.__name__: f
    for f in (
        gaps_of_penguins, gaps_in_many_rows, negative_binomials, rounded_shares,
        shared_slope, scipys_exponnorm, latent_classes, ceiling_of_t,
    )
}  # fmt: skip


def main(only: str = "") -> None:
    """A line for each: its name, seconds of CPU, and what was reached."""
    for name, case in CASES.items():
        if only in name:
            begun = time.process_time()
            reached = case()
            print(f"{name:20} {time.process_time() - begun:8.2f} s  {reached!r}")
