"""Where to climb from: seeds far apart, and the best of some short runs.

For the reader of chapter 8.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from enum import Enum
from itertools import cycle

import numpy as np
from numpy.typing import NDArray

from mixnotes.components.component import Component
from mixnotes.components.mixture import Mixture
from mixnotes.data.check import CollapseError
from mixnotes.data.intervals import Intervals
from mixnotes.data.sources import Rows
from mixnotes.fitting.blocks.base import CROWD
from mixnotes.fitting.engine import Engine
from mixnotes.fitting.exclusion import impossible_together
from mixnotes.fitting.vector import State
from mixnotes.numeric.arrays import Array, quiet
from mixnotes.numeric.ties import ties_with


class Kind(Enum):
    """How the groups of a first guess are found."""

    APART = "the rows nearest to seeds far apart"
    GROUPS = "those of k-means"
    TOGETHER = "whole groups of rows that have one label, stretches of sequences"
    WIDTHS = "neighbourhoods of any rows, of very different widths"


_KINDS = (Kind.GROUPS, Kind.APART, Kind.GROUPS, Kind.WIDTHS)
_KINDS_OF_MANY = (*_KINDS, *2 * [Kind.GROUPS])
_KINDS_OF_NUMBERS = (Kind.APART, Kind.WIDTHS, Kind.GROUPS)  # k-means ends in one place
_STARTS = 24  # where a step is little work
_LEAST = 12  # where it is much
_LIGHT = 5e4  # numbers that a step works on, up to which it is little
_COLUMNS = 8  # from which groups tell most
_MANY = 4096  # rows above which starts are tried on some
_SOME = 1024, 4096  # at the least, and at the most
_LLOYD = 50  # steps of k-means at most
_CROWDED = 5  # the same of very many components
_SOFT = 0.1  # the share of each row that all have then
_EACH = 16  # rows for each component that are looked at
_SETTLED = 1e-3  # the share of rows that still change groups when it stops
_TRIES = 5  # short runs in all, where few starts are asked for
_NEAR_SEEDS = 0.8  # the share of guesses that leave much to known components
_FEWEST = 5  # rows that a component is first fitted to
_SHORT = 10  # steps of a short run


def sample_of(engine: Engine, rng: np.random.Generator) -> Engine:
    """The engine on some rows where there are very many: starts are tried on them."""
    rows = engine.source
    if not isinstance(rows, Rows):
        return engine.on(engine.sample(rng))
    if len(rows.x) <= _MANY:
        return engine
    numbers = engine.k * rows.whole.x[0].size
    most = int(np.clip(16 * numbers, *_SOME)) if engine.label is None else _SOME[1]
    most = max(most, _EACH * engine.k)
    return engine if most >= len(rows.x) else engine.on(rows.sample(rng, most))


def usual_count(engine: Engine) -> int:
    """How many starts to draw if nobody says: fewer where a step is much work."""
    rows = engine.source
    assert isinstance(rows, Rows)
    width = sum(block.width * len(block.templates) for block in engine.blocks)
    work = len(rows.x) * max(width, engine.k)
    return int(np.clip(_STARTS * (_LIGHT / work) ** 0.5, _LEAST, _STARTS))


def random_starts(
    engine: Engine, count: int, rng: np.random.Generator
) -> Iterator[State]:
    """First guesses of several kinds; where few are asked for, each is the highest of
    some after a short run."""
    tries = -(-_TRIES // max(count, 1)) if 1 < engine.k < CROWD else 1
    rows = engine.source
    assert isinstance(rows, Rows)
    columns = rows.whole.x.size // len(rows.whole.x)
    few = _KINDS_OF_NUMBERS if columns == 1 else _KINDS
    tried_kinds = few if columns < _COLUMNS else _KINDS_OF_MANY
    if engine.k >= CROWD:
        tried_kinds = (Kind.GROUPS,)
    if rows.beside is not None and rows.beside.group is not None:  # every other one
        tried_kinds = tuple(k for own in tried_kinds for k in (own, Kind.TOGETHER))
    kinds = cycle(tried_kinds)
    for _ in range(count):
        tried = [_standing_start(engine, rng, next(kinds)) for _ in range(tries)]
        if tries > 1:
            runs = [_short_run(engine, state) for state in tried]
            top = max(height for height, _ in runs)
            tried = [state for height, state in runs if ties_with(height, top)]
        yield tried[0]


def _short_run(engine: Engine, state: State) -> tuple[float, State]:
    """Some steps up, and the log-likelihood there; -inf where it collapses, or where a
    component is so sharp that the exact form is needed: it is about to."""
    first, before = state, -np.inf
    with quiet():
        try:
            for left in reversed(range(_SHORT)):
                log_likelihood, statistics = engine.e_step(state)
                if statistics.form is not engine.form:
                    return -np.inf, first
                if not left or ties_with(before, log_likelihood):
                    break  # the last, or one after which nothing rises
                before, state = log_likelihood, engine.m_step(statistics, state)
        except (CollapseError, np.linalg.LinAlgError):
            return -np.inf, first
    return (log_likelihood if np.isfinite(log_likelihood) else -np.inf), state


def _standing_start(engine: Engine, rng: np.random.Generator, kind: Kind) -> State:
    """A first guess in which no component has collapsed, if one is found."""
    for _ in range(_TRIES):
        for noise in (0.3 * rng.random() ** 2, 0.0):
            try:
                return random_start(engine, rng, noise, kind)
            except CollapseError:
                continue
        if kind is Kind.GROUPS:  # groups of few rows come again
            kind = Kind.APART
    return random_start(engine, rng, 0.9, Kind.APART)  # each near the fit of all


def random_start(
    engine: Engine, rng: np.random.Generator, noise: float, kind: Kind
) -> State:
    """A first guess: seeds far apart (k-means++), each component fitted around one.

    Some noise in the shares keeps components apart that got equal seeds.
    Source: Arthur and Vassilvitskii (2007), for the seeds.
    """
    rows, k = engine.source, engine.k
    assert isinstance(rows, Rows)
    weight = rows.weights
    m = len(rows.x)
    unknown = engine.unknown
    points = _points(engine, kind)
    if engine.edges_move or kind is Kind.GROUPS:  # an end would reach to a far row
        noise = 0.0
    seeds, nearest = _neighbourhoods(points, weight, len(unknown), rng, kind)
    if kind is Kind.TOGETHER:
        nearest = _together(nearest, rows, len(unknown), rng)
    share = np.zeros((k, m))
    if noise:
        share[unknown] = noise * rng.dirichlet(np.ones(len(unknown)), m).T
    if len(unknown) >= CROWD:  # some groups have too few rows for a spread
        noise = _SOFT
        share[unknown] = noise / len(unknown)
    share[np.array(unknown)[nearest], np.arange(m)] += 1 - noise
    # not where ends move: rows beyond an end are nobody's from then on
    if len(unknown) < k and not engine.edges_move and rng.random() < _NEAR_SEEDS:
        near = _near_seeds(share, points, np.array(unknown), seeds, rng)
        possible = _possible_shares(engine, near).any(axis=1, keepdims=True)
        share = np.where(possible, near, share)  # a seed that its component cannot make
    state = from_shares(engine, share)
    if engine.label is not None:
        with quiet():
            if engine.e_step(state)[0] == -np.inf:
                raise impossible_together()
    return state


def _points(engine: Engine, kind: Kind) -> Array:
    """The rows, (m, d), as distances between them are measured: each column in its
    standard deviations, but for groups in columns of one unit, which array data are."""
    rows = engine.source
    assert isinstance(rows, Rows)
    points = rows.whole.x.reshape(len(rows.x), -1)
    points = points - points[0]
    spread = _spread(points, rows.weights)
    if kind is Kind.GROUPS and engine.model.column_names is None:
        spread = np.full_like(spread, math.sqrt((spread * spread).mean()))
    return points / spread


def _together(
    nearest: NDArray[np.intp], rows: Rows, k: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """All rows of a group with the component of one of them, drawn at random; of
    sequences stretches, of one length on average, each with any component: states may
    differ in nothing but how rows scatter."""
    assert rows.beside is not None
    group, n = rows.beside.group, len(nearest)
    assert group is not None
    if not rows.beside.ordered:
        order = rng.permutation(n)
        one = np.zeros(rows.beside.n_groups, dtype=np.intp)
        one[group[order]] = nearest[order]
        return one[group]
    length = np.exp(rng.uniform(np.log(2), np.log(max(n / k, 2))))
    stretch = (rng.random(n) < 1 / length).cumsum()
    found = np.empty(n, dtype=np.intp)
    found[np.argsort(group, kind="stable")] = rng.integers(k, size=n + 1)[stretch]
    return found


def _neighbourhoods(
    points: Array, weight: Array, k: int, rng: np.random.Generator, kind: Kind
) -> tuple[list[int], NDArray[np.intp]]:
    """Positions of k seeds, and which of them each point is nearest to, (m,)."""
    if kind is Kind.GROUPS:
        return _groups(points, weight, k, rng)
    if kind is Kind.APART:
        seeds = _spread_seeds(points, weight, k, rng)
        squares = np.array([_squares(points, points[seed]) for seed in seeds])
        return seeds, squares.argmin(axis=0)
    seeds = _drawn(weight / weight.sum(), rng, k).tolist()
    squares = np.array([_squares(points, points[seed]) for seed in seeds])
    log = rng.normal(-1, 1, size=k)[:, None]
    return seeds, (squares * np.exp(-2 * log) + 2 * log).argmin(axis=0)


def _groups(
    points: Array, weight: Array, k: int, rng: np.random.Generator
) -> tuple[list[int], NDArray[np.intp]]:
    """The same of k-means: the points nearest to the middles of its groups.

    Source: Lloyd (1982).
    """
    crowded = k >= CROWD
    tries = 1 if crowded else 2 + int(np.log(k))
    middles = points[_spread_seeds(points, weight, k, rng, tries)]
    nearest = None
    for _ in range(_CROWDED if crowded else _LLOYD):
        before = nearest
        squares = _squares_from(points, middles)
        nearest = squares.argmin(axis=0)
        if before is not None and (nearest != before).mean() <= _SETTLED:
            break
        shares = np.where(nearest == np.arange(k)[:, None], weight, 0.0)
        held = shares.sum(axis=1)
        some = held > 0
        middles[some] = (shares[some] @ points) / held[some, None]
    return squares.argmin(axis=1).tolist(), squares.argmin(axis=0)


def _squares_from(points: Array, middles: Array) -> Array:
    """The squared distance of each point from each of some, (k, m), less what is the
    same for all."""
    squares: Array = -2 * middles @ points.T
    squares += (middles * middles).sum(axis=1)[:, None]
    return squares


def _drawn(p: Array, rng: np.random.Generator, size: int) -> NDArray[np.intp]:
    """Positions with these probabilities, as `rng.choice` draws them, without checks:
    many are drawn."""
    cdf = p.cumsum()
    cdf /= cdf[-1]
    return cdf.searchsorted(rng.random(size), side="right")


def _near_seeds(
    share: Array,
    points: Array,
    unknown: NDArray[np.intp],
    seeds: list[int],
    rng: np.random.Generator,
) -> Array:
    """The shares, (K, m), of the rows near the seeds alone: known components may have
    made the others. How near is near is drawn, over two powers of ten."""
    kept = np.zeros_like(share)
    least = min(_FEWEST / len(points), 1.0)
    for k, seed in zip(unknown, seeds, strict=True):
        distance = _squares(points, points[seed])
        reach = np.quantile(distance, max(10 ** rng.uniform(-2, 0), least))
        kept[k] = share[k] * (distance <= reach)
    return kept


def from_shares(engine: Engine, share: Array) -> State:
    """The first guess that fits some shares of the observations best.

    share: of each observation to each component, (K, m). What a component cannot have
    made is given to others. An error where a component gets too little to be learned.
    """
    rows = engine.source
    assert isinstance(rows, Rows)
    unknown = engine.unknown
    share = share.copy()
    share[unknown] = _possible_shares(engine, share)[unknown]
    if rows.labels is not None:
        share = _as_labelled(engine, rows.labels, share)
    idle = ~share.any(axis=1)  # two seeds of one value, for example
    if idle.any():
        share[idle] = _possible_shares(engine, np.ones_like(share))[idle]
    with quiet():
        values = engine.first(share * rows.weights)
        if engine.edges_move:  # what is beyond all ends would stay so
            mixture = engine.mixture(values).unweighted
            beyond = mixture.log_prob(rows.x) == -np.inf
            if beyond.any():
                share[:, beyond] = _possible_shares(engine, np.ones_like(share))[
                    :, beyond
                ]
                values = engine.first(share * rows.weights)
    weights = list(values.weights)
    learns = np.zeros(engine.k, dtype=bool)
    learns[engine.tree.slot_of[unknown]] = True
    for i, node in enumerate(engine.tree.nodes):  # known components start level
        learned = np.bincount(node.branch, learns[node.leaves])
        if node.given is None and not learned.all():
            weights[i] = np.full(len(learned), 1 / len(learned))
    return State(weights, values.values)


def level_start(model: Mixture) -> Mixture:
    """Equal weights wherever they are unknown, and nothing else is."""
    inside = [level_start(c) if isinstance(c, Mixture) else c for c in model.parts]
    return model.with_parts(inside, model.level_label())


def _spread(points: Array, weight: Array) -> Array:
    """The standard deviation of each column; 1 where it is 0."""
    share = weight / weight.sum()
    variance = share @ (points - share @ points) ** 2
    return np.where(variance > 0, np.sqrt(variance), 1.0)


def _squares(points: Array, seed: Array) -> Array:
    """The squared distance of each point from a seed, (m,)."""
    squares: Array = (points - seed) ** 2
    return squares[:, 0] if squares.shape[1] == 1 else squares.sum(axis=1)


def _as_labelled(engine: Engine, labels: NDArray[np.intp], share: Array) -> Array:
    """The shares, shape (K, m), where a row with a label is its component's alone."""
    own = np.array([path[0] for path in engine.tree.paths])[:, None] == labels
    mine = np.where(own, np.maximum(share, 1e-9), 0.0)
    divided = mine / np.maximum(mine.sum(axis=0), 1e-300)
    return np.where(labels >= 0, divided, share)


def _possible_shares(engine: Engine, share: Array) -> Array:
    """The shares, shape (K, m), within the support of each component, and none of what
    lies on an atom to a density."""
    rows, bars = engine.source, engine.bars
    assert isinstance(rows, Rows)
    bars = None if bars is None else bars[engine.tree.slot_of]
    return _within_support([c for _, c in engine.leaves], rows, share, bars)


def _within_support(
    components: list[Component],
    rows: Rows,
    share: Array,
    bars: NDArray[np.bool_] | None = None,
) -> Array:
    """The shares, shape (K, m), with those of impossible observations given to others.

    A binomial fitted to values above its n has p = 1, and EM never leaves an edge.
    """
    x = rows.whole.x if isinstance(rows.x, Intervals) else rows.x
    inside = np.array([component.inside(x) for component in components])
    if bars is not None:
        inside &= ~bars
    inside |= ~inside.any(axis=0, keepdims=True)  # an observation that suits nobody
    inside |= ~inside.any(axis=1, keepdims=True)  # a component that none suits
    kept: Array = share * inside
    total = kept.sum(axis=0)
    kept /= np.where(total > 0, total, 1.0)
    return kept


def _spread_seeds(
    points: Array, weight: Array, k: int, rng: np.random.Generator, tries: int = 1
) -> list[int]:
    """Positions of k observations, each drawn in proportion to its squared distance
    from those drawn before; of some tries each is the one that leaves least."""
    level = weight / weight.sum()
    seeds = [int(_drawn(level, rng, 1)[0])]
    distance = _squares(points, points[seeds[0]])
    norms = np.einsum("nd,nd->n", points, points)
    while len(seeds) < k:
        pull = weight * distance
        total = pull.sum()
        drawn = _drawn(pull / total if total > 0 else level, rng, tries)
        best = drawn[0]
        if tries > 1:  # by products of matrices, which rounding leaves good enough
            left = np.minimum(_squares_from(points, points[drawn]) + norms, distance)
            best = drawn[int(np.argmin(left @ weight))]
        seeds.append(int(best))
        if k < CROWD:
            squares = _squares(points, points[best])
        else:
            squares = norms - 2 * points @ points[best] + norms[best]
            squares = np.maximum(squares, 0.0)
            squares[best] = 0.0
        distance = np.minimum(distance, squares)
    return seeds
