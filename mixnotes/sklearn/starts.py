"""Where to climb from: mixtures learned from groups of the rows.

The groups are those of scikit-learn's k-means and seeds, so that the starts are those
of `GaussianMixture`; of more than 32,768 rows k-means looks at so many.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans, kmeans_plusplus

from mixnotes.components.mixture import Mixture
from mixnotes.data.check import CollapseError
from mixnotes.data.sources import Rows
from mixnotes.fitting.engine import Engine
from mixnotes.fitting.floor import Floor
from mixnotes.fitting.starts import from_shares
from mixnotes.numeric.arrays import Array

_SOFT = 0.3  # the part of each row that is shared by all, where a group is too small
_MANY = 2**15  # rows of which k-means finds the middles at the most
_ROUNDING = 1e-12  # of the largest variance: below it a matrix has no inverse


def start_of(
    model: Mixture,
    rows: Rows,
    init_params: str,
    reg_covar: float | None,
    rng: np.random.RandomState,
) -> Mixture:
    """The mixture that fits groups of the rows; `reg_covar` is None where the
    components are not scikit-learn's normal ones."""
    points = rows.whole.x.reshape(len(rows.x), -1)
    distinct, weight, where = _distinct(points, rows.weights)
    size = len(model.components)
    share = shares(_of_size_1(distinct), weight, size, init_params, rng)[:, where]
    poor = np.zeros(len(share), dtype=bool)
    if reg_covar is not None:  # too few rows for a covariance of their own
        poor = share @ rows.weights <= points.shape[1] + 1
    soft = softened(share, poor)
    if reg_covar is not None and flat(rows.x):
        return _above(model, rows.whole, soft, reg_covar)
    engine = Engine(model, rows)
    try:
        return engine.mixture(from_shares(engine, soft))
    except CollapseError:
        soft = softened(share, ~np.zeros_like(poor))
    try:
        return engine.mixture(from_shares(engine, soft))
    except CollapseError:
        if reg_covar is None:
            raise
        return _above(model, rows.whole, soft, reg_covar)


def with_values(
    start: Mixture, weights: Array | None, means: Array | None, cov: Array | None
) -> Mixture:
    """A start with these first values in it."""
    parts = list(start.components)
    for name, values in (("mean", means), ("cov", cov)):
        if values is not None:
            parts = [p.filled({name: v}) for p, v in zip(parts, values, strict=True)]
    return Mixture(parts, start.weights if weights is None else weights)


def floor_of(reg_covar: float, rows: Rows) -> Floor:
    """`reg_covar`, or what rounding leaves of the largest variance if that is more.

    A start is learned above it, too, so that none is singular.
    """
    return Floor(max(reg_covar, _ROUNDING * float(rows.x.var(axis=0).max())))


def _above(model: Mixture, rows: Rows, share: Array, reg_covar: float) -> Mixture:
    """The mixture above the floor that fits shares of the rows, (K, n), best."""
    engine = Engine(model, rows, priors=floor_of(reg_covar, rows))
    return engine.mixture(from_shares(engine, share))


def flat(x: Array) -> str:
    """Words for a column that is constant, where there is one."""
    low, high = np.nanmin(x, axis=0), np.nanmax(x, axis=0)
    if not (low == high).any():
        return ""
    j = int(np.argmax(low == high))
    return f"would collapse: column {j} is constant, all equal to {low[j]:g}"


# ----------------------------------------------------------------- the groups


def shares(
    points: Array,
    weight: Array | None,
    K: int,
    init_params: str,
    rng: np.random.RandomState,
) -> Array:
    """The share of each row in each group, (K, m), as `init_params` says."""
    m = len(points)
    if init_params == "random":
        share = rng.uniform(size=(m, K)).T
        return share / share.sum(axis=0)
    if init_params == "kmeans" and m >= K:
        labels = _groups(points, weight, K, rng)
    else:
        labels = _nearest(points, _seeds(points, weight, K, init_params, rng))
    return np.eye(K)[labels].T


def _groups(
    points: Array, weight: Array | None, K: int, rng: np.random.RandomState
) -> NDArray[np.intp]:
    """The group of each row by k-means, shape (m,); of very many rows the middles are
    found on some, since a start need not be so exact."""
    means = KMeans(K, n_init=1, random_state=rng)
    if len(points) <= _MANY:
        labels: NDArray[np.intp] = means.fit(points, sample_weight=weight).labels_
        return labels
    some = np.sort(rng.choice(len(points), _MANY, replace=False))
    means.fit(points[some], sample_weight=None if weight is None else weight[some])
    labels = means.predict(points)
    return labels


def _seeds(
    points: Array,
    weight: Array | None,
    K: int,
    init_params: str,
    rng: np.random.RandomState,
) -> Array:
    """Rows to gather others around, (K, d)."""
    m = len(points)
    if init_params == "random_from_data" or m < K:
        level = None if weight is None else weight / weight.sum()
        return points[rng.choice(m, size=K, replace=m < K, p=level)]
    seeds, _ = kmeans_plusplus(points, K, sample_weight=weight, random_state=rng)
    return seeds


def softened(share: Array, poor: NDArray[np.bool_]) -> Array:
    """The shares, (K, m), each spread out a little, if some group is too small to have
    a covariance of its own."""
    return (1 - _SOFT) * share + _SOFT / len(share) if poor.any() else share


def _nearest(points: Array, seeds: Array) -> NDArray[np.intp]:
    """Which seed each row is nearest to, shape (m,)."""
    squares = [((points - seed) ** 2).sum(axis=1) for seed in seeds]
    labels: NDArray[np.intp] = np.argmin(squares, axis=0)
    return labels


def _of_size_1(points: Array) -> Array:
    """The rows centred and divided by a power of 2, so that groups are the same in
    every unit and at every offset: nothing but the offset is rounded."""
    middle = points - points.mean(axis=0)
    size = float(np.abs(middle).max())
    scaled: Array = np.ldexp(middle, -math.frexp(size)[1]) if size else middle
    return scaled


def _distinct(
    points: Array, weight: Array
) -> tuple[Array, Array | None, NDArray[np.intp]]:
    """The distinct rows, their weights, None if each is 1, and where each row is.

    Sorted where rows repeat or weigh: so an observation of weight 2 is drawn as if it
    were there twice. Else as they are: so starts are those of `GaussianMixture`.
    """
    unit = bool((weight == 1).all())
    as_they_are = np.arange(len(points))
    if unit and len(np.unique(points[:, 0])) == len(points):
        return points, None, as_they_are
    rows, where = np.unique(points, axis=0, return_inverse=True)
    where = where.reshape(-1)
    if unit and len(rows) == len(points):
        return points, None, as_they_are
    counts = np.bincount(where, weights=weight).astype(np.float64)
    return rows, counts, where
