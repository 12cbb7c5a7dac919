"""Passes over chains, stationary distributions and logits, against plainer ways."""

import itertools

import numpy as np
import pytest
import scipy.optimize

from mixnotes.numeric import logit, steady
from mixnotes.numeric.chain import Sequences

RNG = np.random.default_rng(5)


def table(K, zeros=False):
    """A start, and transitions, of which those backwards may be 0."""
    steps = RNG.dirichlet(np.ones(K), K)
    if zeros:
        steps = np.triu(steps)
        steps /= steps.sum(axis=1, keepdims=True)
    return RNG.dirichlet(np.ones(K)), steps


GROUPS = {
    "one row": np.zeros(1, dtype=np.intp),
    "ten rows": np.zeros(10, dtype=np.intp),
    "one sequence": np.zeros(3000, dtype=np.intp),
    "rows alone": np.arange(500),
    "short ones": np.sort(RNG.integers(0, 400, 2000)),
    "one among the other": np.arange(2000) % 7,
    "a long one and short ones": np.repeat(np.arange(60), [900, *59 * [3]]),
}


@pytest.mark.parametrize("name", GROUPS)
@pytest.mark.parametrize("K", [1, 2, 4])
@pytest.mark.parametrize("zeros", [False, True])
def test_blocks_side_by_side_are_rows_one_after_another(name, K, zeros):
    """In any layout, with weights and without; probabilities to 1e-10."""
    group = np.unique(GROUPS[name], return_inverse=True)[1].ravel()
    start, steps = table(K, zeros)
    joint = RNG.normal(-3, 2, (K, len(group)))
    weight = RNG.random(group.max() + 1)[group]
    sequences = Sequences(group)
    for level in (None, weight):
        inner = None if level is None else sequences.sorted(level)
        with np.errstate(divide="ignore"):
            slow = sequences._by_logs(start, steps, sequences.sorted(joint), inner)
        fast = sequences.passed(start, steps, joint, level, filtered=True)
        order = np.argsort(group, kind="stable")
        np.testing.assert_allclose(fast.logs[order], slow.logs, atol=1e-9)
        np.testing.assert_allclose(fast.share[:, order], slow.share, atol=1e-10)
        np.testing.assert_allclose(fast.filtered[:, order], slow.filtered, atol=1e-10)
        np.testing.assert_allclose(fast.counts, slow.counts, atol=1e-8)
        assert fast.share.sum(axis=0) == pytest.approx(np.ones(len(group)))


def test_many_blocks_are_scanned_in_stretches():
    """More blocks than are multiplied one after another."""
    group = np.zeros(40_000, dtype=np.intp)
    start, steps = table(3)
    joint = RNG.normal(0, 3, (3, len(group)))
    sequences = Sequences(group)
    fast = sequences._side_by_side(start, steps, joint, None)
    logs, share = fast.logs.copy(), fast.share.copy()
    slow = sequences._by_logs(start, steps, joint, None)
    np.testing.assert_allclose(logs, slow.logs, atol=1e-9)
    np.testing.assert_allclose(share, slow.share, atol=1e-10)


def test_what_densities_lose_is_found_with_logarithms():
    """A way that is forced, through rows that are 1e5 nats better elsewhere."""
    steps = np.array([[0.0, 1.0], [1.0, 0.0]])
    joint = np.zeros((2, 60))
    joint[1] = -1e5
    sequences = Sequences(np.zeros(60, dtype=np.intp))
    with np.errstate(divide="ignore", invalid="ignore"):
        assert sequences._side_by_side(np.array([1.0, 0.0]), steps, joint, None) is None
    found = sequences.passed(np.array([1.0, 0.0]), steps, joint)
    assert found.logs.sum() == pytest.approx(-30 * 1e5, rel=1e-12)
    np.testing.assert_allclose(found.share[0], np.arange(60) % 2 == 0)


def test_the_best_path_is_the_best_of_all():
    start, steps = table(3)
    joint = RNG.normal(0, 2, (3, 14))
    group = np.repeat([0, 1, 2], [7, 1, 6])
    found = Sequences(group).path(start, steps, joint)

    def height(z, rows):
        total = np.log(start[z[0]]) + sum(
            joint[k, t] for k, t in zip(z, rows, strict=True)
        )
        return total + sum(np.log(steps[a, b]) for a, b in itertools.pairwise(z))

    for g in range(3):
        rows = np.flatnonzero(group == g)
        paths = itertools.product(range(3), repeat=len(rows))
        best = max(paths, key=lambda z: height(z, rows))
        assert tuple(found[rows]) == best


@pytest.mark.parametrize(
    ("transition", "one"),
    [
        (np.eye(1), True),
        (np.eye(2), False),
        ([[0, 1], [1, 0]], True),
        ([[1, 0], [0.5, 0.5]], True),
        ([[1, 0, 0], [0.5, 0, 0.5], [0, 0, 1]], False),
        ([[0.5, 0.5, 0], [0.5, 0.5, 0], [0.2, 0.2, 0.6]], True),
    ],
)
def test_a_stationary_distribution_is_one_where_all_ends_are_one(transition, one):
    steps = np.array(transition, dtype=float)
    assert steady.is_one(steps) == one
    if one:
        level = steady.distribution(steps)
        np.testing.assert_allclose(level @ steps, level, atol=1e-14)
        assert level.sum() == pytest.approx(1)


@pytest.mark.parametrize("seed", range(5))
def test_transitions_with_a_stationary_start_are_the_best(seed):
    """As high as scipy's search, where starts count as much as what follows."""
    rng = np.random.default_rng(seed)
    counts = rng.gamma(1.0, 20.0, (4, 3))
    counts[0] *= 5
    blank = np.ones((3, 3), dtype=bool)
    before = np.vstack([np.full(3, np.nan), rng.dirichlet(np.ones(3), 3)])
    found = steady.learned(counts, before, blank)
    np.testing.assert_allclose(found[0] @ found[1:], found[0], atol=1e-12)

    def loss(line):
        steps = np.exp(line.reshape(3, 3))
        steps /= steps.sum(axis=1, keepdims=True)
        return -steady._height(counts[0], counts[1:], steps)

    at = np.log(found[1:]).ravel()
    best = scipy.optimize.minimize(loss, at, method="BFGS")
    assert best.fun == pytest.approx(loss(at), abs=1e-7)
    assert loss(at) <= loss(np.log(before[1:]).ravel())


def test_a_given_transition_is_not_moved():
    counts = RNG.gamma(1.0, 20.0, (4, 3))
    blank = np.array([[True, True, False], [True, False, True], [True, True, True]])
    before = np.full((4, 3), 1 / 3)
    before[1] = [0.4, 0.6, 0.0]
    before[2] = [0.3, 0.5, 0.2]
    found = steady.learned(counts, before, blank)
    assert (found[1, 2], found[2, 1]) == (0.0, 0.5)
    np.testing.assert_allclose(found.sum(axis=1), 1)


def test_coefficients_are_those_of_scipy():
    """Of three classes with a coefficient in common and one that is known."""
    design = np.c_[np.ones(50), RNG.normal(100, 1, 50)]
    counts = RNG.gamma(1.0, 1.0, (3, 50))
    places = np.array([[-1, -1], [0, 1], [2, 1]])
    given = np.zeros((3, 2))
    found = logit.ascended(given, places, design, counts)
    assert found[1, 1] == found[2, 1]
    assert (found[0] == 0).all()

    def loss(v):
        matrix = np.array([[0, 0], [v[0], v[1]], [v[2], v[1]]])
        return -(counts * logit.log_softmax(matrix, design)).sum()

    at = np.array([found[1, 0], found[1, 1], found[2, 0]])
    best = scipy.optimize.minimize(loss, at, method="Nelder-Mead")
    assert loss(at) <= best.fun + 1e-9
    left = counts - counts.sum(axis=0) * np.exp(logit.log_softmax(found, design))
    slope = left @ design
    assert slope[1, 0] == pytest.approx(0, abs=1e-9)
    assert slope[2, 0] == pytest.approx(0, abs=1e-9)
    assert slope[1:, 1].sum() == pytest.approx(0, abs=1e-7)


def test_nothing_is_lost_where_classes_are_told_apart():
    """The likelihood has no maximum, and the search ends near its bound."""
    design = np.c_[np.ones(20), np.repeat([0.0, 1.0], 10)]
    counts = np.array([np.repeat([1.0, 0.0], 10), np.repeat([0.0, 1.0], 10)])
    places = np.array([[-1, -1], [0, 1]])
    found = logit.ascended(np.zeros((2, 2)), places, design, counts)
    assert np.isfinite(found).all()
    assert (counts * logit.log_softmax(found, design)).sum() > -1e-6
