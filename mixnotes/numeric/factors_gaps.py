"""Factor analysis of rows with gaps, of which only q by q matrices are solved.

Source: Rubin and Thayer (1982), with the factors and what is missing unseen.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from mixnotes.numeric.arrays import Array
from mixnotes.numeric.special import LOG_2_PI

_STILL = 1e-13  # relative; a step that gains less stands still


class Values(NamedTuple):
    """The parameters of a factor model."""

    mean: Array  # (d,)
    loadings: Array  # (d, q)
    noise: Array  # (d,)


class Seen(NamedTuple):
    """Rows with gaps, 0 where an entry is missing, and 1 where one was seen."""

    x: Array  # (n, d)
    mask: Array  # (n, d)

    @classmethod
    def of(cls, x: Array) -> Seen:
        """From rows in which NaN is missing."""
        there = ~np.isnan(x)
        return cls(np.where(there, x, 0.0), there.astype(np.float64))


class Free(NamedTuple):
    """What is learned."""

    mean: bool
    mean_alone: bool  # loadings and noise are given
    spherical: bool  # is the noise that of all columns?


class Factored(NamedTuple):
    """What the seen entries of each row say of its factors."""

    expected: Array  # E[z | seen], (n, q)
    cov: Array  # Cov[z | seen], (n, q, q)
    log_prob: Array  # (n,)


def factored(seen: Seen, at: Values) -> Factored:
    """The factors of each row given what was seen of it, by Woodbury's identity."""
    d, q = at.loadings.shape
    scaled = at.loadings / at.noise[:, None]
    pairs = (scaled[:, :, None] * at.loadings[:, None, :]).reshape(d, q * q)
    inner = np.eye(q) + (seen.mask @ pairs).reshape(-1, q, q)
    aside = (seen.x - at.mean) * seen.mask
    cov = np.asarray(np.linalg.inv(inner), dtype=np.float64)
    along = aside @ scaled
    expected = np.einsum("nij,nj->ni", cov, along)
    square = (aside * aside) @ (1 / at.noise) - (along * expected).sum(axis=1)
    level = seen.mask @ np.log(at.noise) + np.linalg.slogdet(inner)[1]
    count = seen.mask.sum(axis=1)
    return Factored(expected, cov, -0.5 * (square + level + count * LOG_2_PI))


def stepped(
    seen: Seen, share: Array, at: Values, free: Free, least: Array
) -> tuple[float, Values]:
    """The weighted mean log-likelihood, and the values after a step of EM, which never
    lowers it. The noise is kept above `least`, (d,)."""
    d, q = at.loadings.shape
    here = factored(seen, at)
    height = float(share @ here.log_prob)
    level = seen.mask * share[:, None]  # (n, d)
    if free.mean_alone:
        rest = seen.x - here.expected @ at.loadings.T
        return height, at._replace(mean=(level * rest).sum(0) / level.sum(0))
    second = here.cov + here.expected[:, :, None] * here.expected[:, None, :]
    moments = np.empty((d, q + 1, q + 1))
    moments[:, :q, :q] = (level.T @ second.reshape(-1, q * q)).reshape(d, q, q)
    moments[:, :q, q] = moments[:, q, :q] = level.T @ here.expected
    moments[:, q, q] = level.sum(axis=0)
    x = seen.x if free.mean else seen.x - at.mean
    across = np.empty((d, q + 1))
    across[:, :q] = (level * x).T @ here.expected
    across[:, q] = (level * x).sum(axis=0)
    line = np.zeros((d, q + 1))
    size = q + 1 if free.mean else q
    line[:, :size] = np.linalg.solve(moments[:, :size, :size], across[:, :size, None])[
        ..., 0
    ]
    rest = (level * x * x).sum(axis=0) - (line * across).sum(axis=1)
    total = moments[:, q, q]
    noise = np.full(d, rest.sum() / total.sum()) if free.spherical else rest / total
    mean = line[:, q] if free.mean else at.mean
    return height, Values(mean, line[:, :q], np.maximum(noise, least))


def climbed(
    seen: Seen,
    share: Array,
    start: Values,
    free: Free,
    least: Array,
    rounds: int,
) -> Values:
    """The values after so many rounds, each of two steps that are extrapolated where
    that rises (Varadhan and Roland 2008); fewer where they stand still."""

    def step(at: Values) -> tuple[float, Values]:
        return stepped(seen, share, at, free, least)

    here = start
    top, one = step(here)
    for _ in range(rounds):
        middle, two = step(one)
        ahead = _extrapolated(here, one, two, least)
        with np.errstate(all="ignore"):
            reached, onward = step(ahead)
        if not reached >= middle:
            ahead = two
            reached, onward = step(ahead)
        if not reached >= top:  # rounding, or the least noise
            return here
        gain, (here, top, one) = reached - top, (ahead, reached, onward)
        if gain <= _STILL * (1 + abs(top)):
            break
    return here


def _extrapolated(start: Values, one: Values, two: Values, least: Array) -> Values:
    """Where three iterates point to, of the noise by their logarithms."""
    unit = np.sqrt(np.maximum(start.noise, least))  # so that all are of one size
    lines = [
        np.concatenate(
            [v.mean / unit, (v.loadings / unit[:, None]).ravel(), np.log(v.noise)]
        )
        for v in (start, one, two)
    ]
    step, bend = lines[1] - lines[0], lines[2] - 2 * lines[1] + lines[0]
    length = -math.sqrt(float(step @ step) / max(float(bend @ bend), 1e-300))
    length = max(min(length, -1.0), -1e6)
    line = lines[0] - 2 * length * step + length**2 * bend
    d = len(start.mean)
    noise = np.exp(np.clip(line[-d:], -600, 600))
    return Values(
        line[:d] * unit,
        line[d:-d].reshape(start.loadings.shape) * unit[:, None],
        np.maximum(noise, least),
    )
