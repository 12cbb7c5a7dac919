"""The stationary distribution of a Markov chain, and transitions learned with it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mixnotes.numeric.arrays import Array

_STEPS = 500  # of the fixed point, at most
_STILL = 1e-15  # a probability that moves less stands still


def is_one(transition: Array) -> bool:
    """Is one distribution alone left as it is by these transitions, (K, K)?"""
    K = len(transition)
    reach = (transition > 0) | np.eye(K, dtype=bool)
    for _ in range(K):
        reach = reach @ reach
    # one closed part alone: some state can be reached from all others
    return bool(reach.all(axis=0).any())


def distribution(transition: Array) -> Array:
    """The distribution that these transitions leave as it is, shape (K,)."""
    K = len(transition)
    system = np.vstack([np.eye(K) - transition.T, np.ones(K)])
    found = np.linalg.lstsq(system, np.append(np.zeros(K), 1.0), rcond=None)[0]
    found = np.maximum(found, 0.0)
    return found / found.sum()


def learned(counts: Array, before: Array, blank: NDArray[np.bool_]) -> Array:
    """The transitions t that maximise sum_k counts[0, k] log d_k + sum_ij
    counts[1 + i, j] log t_ij, where d is their stationary distribution, with d above
    them, shape (1 + K, K).

    By the fixed point of what a multiplier for each row asks for, from the better of
    those before and those without the first sum; a step that does not rise is halved.
    """
    first, pairs = counts[0], counts[1:]
    room = 1 - np.where(blank, 0.0, before[1:]).sum(axis=1)
    plain = _scaled(pairs, before[1:], blank, room)
    here, height = before[1:], _height(first, pairs, before[1:])
    level = _height(first, pairs, plain)
    if level > height:
        here, height = plain, level
    for _ in range(_STEPS):
        target = _scaled(_pull(first, pairs, here), here, blank, room)
        move = target - here
        if np.abs(move).max() <= _STILL:
            break
        for _ in range(40):
            level = _height(first, pairs, here + move)
            if level > height:
                break
            move = move / 2
        else:
            break
        here, height = here + move, level
    return np.vstack([distribution(here), here])


def _pull(first: Array, pairs: Array, here: Array) -> Array:
    """pairs_ij + t_ij d_i h_j, with h moved so that none is negative."""
    K = len(here)
    level = distribution(here)
    slope = np.where(first > 0, first / np.maximum(level, 1e-300), 0.0)
    ahead = np.linalg.lstsq(
        np.eye(K) - here + np.outer(np.ones(K), level), slope, rcond=None
    )[0]
    pull: Array = pairs + here * level[:, None] * (ahead - ahead.min())
    return pull


def _scaled(
    counts: Array, before: Array, blank: NDArray[np.bool_], room: Array
) -> Array:
    """The blank entries of each row in proportion to counts, as before where there are
    none; together what the given ones leave."""
    mine = np.where(blank, counts, 0.0)
    total = mine.sum(axis=1)
    scale = np.where(total > 0, room / np.where(total > 0, total, 1.0), 0.0)
    found = np.where(blank, mine * scale[:, None], before)
    return np.where((total > 0)[:, None], found, before)


def _height(first: Array, pairs: Array, here: Array) -> float:
    """What is maximised; -inf where something that occurred has probability 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(distribution(here)), np.log(here)
        return float(
            np.where(first > 0, first * logs[0], 0.0).sum()
            + np.where(pairs > 0, pairs * logs[1], 0.0).sum()
        )
