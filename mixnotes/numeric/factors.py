"""Factor analysis of a weighted scatter that is never written out where it is large."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from mixnotes.numeric.arrays import Array

_SMALL = 800  # rows or columns up to which all eigenvalues are computed
_STILL = 1e-12  # relative; a round that gains less stands still
_SWEEPS = 40  # of a subspace towards the largest eigenvalues
_LEAST_NOISE = 1e-300
_NOTHING = 1e-15  # of the largest share; a row below it says nothing


class Scatter(NamedTuple):
    """S = rows' rows, by rows that carry the roots of their weights, and its
    diagonal."""

    rows: Array  # (n, d)
    diagonal: Array  # (d,)

    @classmethod
    def of(cls, aside: Array, share: Array) -> Scatter:
        """Of distances to a mean, (n, d); share sums to 1."""
        d = aside.shape[1]
        kept = share > _NOTHING * share.max()
        rows = aside[kept] * np.sqrt(share[kept])[:, None]
        diagonal = np.einsum("nd,nd->d", rows, rows)
        if (
            len(rows) > d and d <= _SMALL
        ):  # as many rows as there are columns say the same
            rows = np.linalg.qr(rows, mode="r")
        return cls(rows, diagonal)

    def top(self, noise: Array, q: int) -> tuple[Array, Array]:
        """The q largest eigenvalues of noise^-1/2 S noise^-1/2, falling, and their
        eigenvectors, (d, q)."""
        scaled = self.rows / np.sqrt(noise)
        n, d = scaled.shape
        if min(n, d) > _SMALL:
            return _leading(scaled, q)
        if n < d:
            squares, left = np.linalg.eigh(scaled @ scaled.T)
            squares, left = squares[::-1][:q], left[:, ::-1][:, :q]
            vectors = scaled.T @ left
            length = np.sqrt(np.maximum((vectors * vectors).sum(axis=0), 1e-300))
            return _padded(np.maximum(squares, 0), vectors / length, q)
        squares, vectors = np.linalg.eigh(scaled.T @ scaled)
        return np.maximum(squares[::-1][:q], 0), vectors[:, ::-1][:, :q]


def _padded(squares: Array, vectors: Array, q: int) -> tuple[Array, Array]:
    """The same with zeros where there are fewer rows than factors."""
    short = q - len(squares)
    if short <= 0:
        return squares, vectors
    zeros = np.zeros((len(vectors), short))
    return np.r_[squares, np.zeros(short)], np.hstack([vectors, zeros])


def _leading(scaled: Array, q: int) -> tuple[Array, Array]:
    """The same by iterating a subspace of a few more dimensions."""
    rng = np.random.default_rng(0)
    basis = np.linalg.qr(rng.normal(size=(scaled.shape[1], q + 8)))[0]
    squares = np.zeros(q)
    for _ in range(_SWEEPS):
        basis = np.linalg.qr(scaled.T @ (scaled @ basis))[0]
        small = scaled @ basis
        found, turn = np.linalg.eigh(small.T @ small)
        before, squares = squares, found[::-1][:q]
        basis = basis @ turn[:, ::-1]
        if np.abs(squares - before).max() <= 1e-12 * squares.max():
            break
    return np.maximum(squares, 0), basis[:, :q]


def closed_form(
    scatter: Scatter, noise: Array, q: int, spherical: bool
) -> tuple[Array, Array]:
    """The best loadings, (d, q), beside this noise; where it is spherical the best
    noise, too (Tipping and Bishop 1999, equations 7 and 8)."""
    squares, vectors = scatter.top(noise, q)
    level = 1.0
    if spherical:
        rest = max(float(scatter.diagonal.sum() - squares.sum()), 0.0)
        level = max(rest / (len(noise) - q), _LEAST_NOISE)
        noise = np.full(len(noise), level)
        root = np.ones(len(noise))
    else:
        root = np.sqrt(noise)
    size = np.sqrt(np.maximum(squares - level, 0.0))
    return root[:, None] * vectors * size, noise


def one_round(
    scatter: Scatter, noise: Array, q: int, least: float
) -> tuple[float, Array]:
    """The mean log-likelihood of an observation beside the best loadings, but for a
    constant; and the noise after a step of EM from these, which never lowers it (Rubin
    and Thayer 1982), not below a share of the variance."""
    squares, vectors = scatter.top(noise, q)
    used = np.maximum(squares, 1.0)
    rest = float((scatter.diagonal / noise).sum() - squares.sum())
    inner = (np.log(used) + squares / used).sum()
    height = -0.5 * float(np.log(noise).sum() + inner + rest)
    # In units of the noise S has these eigenvectors, so that all is diagonal there.
    root = np.sqrt(noise)[:, None] * vectors
    size = np.sqrt(used - 1)
    slope = size / used  # of E[z | x] along them
    second = 1 / used + slope * slope * squares
    change = size * size * second - 2 * size * slope * squares
    found = scatter.diagonal + (root * root) @ change
    return height, np.maximum(found, least * scatter.diagonal)


def climbed(
    scatter: Scatter, noise: Array, q: int, least: float, rounds: int
) -> tuple[Array, Array]:
    """Loadings and noise to which so many rounds lead, extrapolated where that rises
    (Varadhan and Roland 2008)."""
    floor = least * scatter.diagonal
    noise = np.maximum(noise, floor)
    top, one = one_round(scatter, noise, q, least)
    still = 0
    for _ in range(rounds):
        middle, two = one_round(scatter, one, q, least)
        ahead = np.clip(_extrapolated(noise, one, two), floor, scatter.diagonal)
        reached, onward = one_round(scatter, ahead, q, least)
        if not reached >= middle:
            ahead = two
            reached, onward = one_round(scatter, ahead, q, least)
        still = still + 1 if reached - top <= _STILL * (1 + abs(top)) else 0
        if reached >= top:
            noise, top, one = ahead, reached, onward
        if still >= 3:
            break
    return closed_form(scatter, noise, q, False)


def _extrapolated(noise: Array, one: Array, two: Array) -> Array:
    """Where the logarithms of three iterates point to."""
    start, middle, end = np.log(noise), np.log(one), np.log(two)
    step, bend = middle - start, end - 2 * middle + start
    length = -math.sqrt(float(step @ step) / max(float(bend @ bend), 1e-300))
    length = min(length, -1.0)
    line = start - 2 * length * step + length**2 * bend
    found: Array = np.exp(np.clip(line, -600, 600))
    return found
