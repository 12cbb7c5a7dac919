"""The best mixing distribution: atoms and weights with the largest likelihood.

Atoms are added where D has its peaks (vertex direction), the weights are a sequence of
quadratic programs (constrained Newton), and Newton steps in atoms and weights together
end it, for near the limit they square the distance.
Source: Lindsay (1983); Wang (2007), for the weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mixnotes.mixing.bounds import log_d
from mixnotes.mixing.peaks import climbed, summits
from mixnotes.mixing.tracks import Track
from mixnotes.mixing.weights import along, quadratic
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.special import log_sum_exp

_ROUNDS = 200  # of new atoms
_STEP = 1e-4  # of a coordinate, for differences: in widths of a peak
_BELOW = -0.04  # log D of nodes between which it may be above 0
_NEAR = 0.2  # atoms nearer than that are tried as one
_LEAST = 1e-14  # a weight below it is 0
_FAINT = 1e-100  # of what some atom gives; weights that give less begin anew
_MANY = 1000  # atoms beyond which Newton steps in all of them cost too much
_LEVEL = 1e-14  # of the mean log-likelihood: heights nearer than that are one
_STEPS = 30  # of Newton in a round, at most
_PATIENCE = 5  # rounds that may not rise
_STILL = 1e-15  # of the mean log-likelihood: a gain below it is rounding


class Atoms(NamedTuple):
    """Members of tracks as components of a mixture, and their weights."""

    owner: Array  # (K,), which track, whole numbers
    at: Array  # (K,), coordinates
    weights: Array  # (K,)

    def take(self, rows: NDArray[Any]) -> Atoms:
        """The atoms in these rows."""
        return Atoms(self.owner[rows], self.at[rows], self.weights[rows])


def joined(a: Atoms, b: Atoms) -> Atoms:
    """The atoms of both."""
    return Atoms(*(np.concatenate(pair) for pair in zip(a, b, strict=True)))


@dataclass(frozen=True)
class Problem:
    """The classes of components as tracks on the same observations, and the weights of
    these.
    """

    tracks: Sequence[Track]
    x: Array  # (m,)
    weight: Array  # (m,)

    @property
    def total(self) -> float:
        """The sum of the weights."""
        return float(self.weight.sum())

    def log_probs(self, atoms: Atoms) -> Array:
        """log p(x_i | atom), (K, m)."""
        out = np.empty((len(atoms.owner), len(self.weight)))
        for k, track in enumerate(self.tracks):
            mine = atoms.owner == k
            if mine.any():
                out[mine] = track.log_prob(atoms.at[mine])
        return out

    def log_f(self, atoms: Atoms) -> Array:
        """log f(x_i), (m,)."""
        joint = self.log_probs(atoms)
        with np.errstate(divide="ignore"):
            joint += np.log(atoms.weights)[:, None]
        return log_sum_exp(joint)

    def height(self, atoms: Atoms) -> float:
        """The mean log-likelihood."""
        return float(self.weight @ self.log_f(atoms) / self.total)

    def log_c(self, log_f: Array) -> Array:
        """log of w_i / (W f(x_i))."""
        return np.log(self.weight / self.total) - log_f

    # -------------------------------------------------------------- new atoms

    def peaks(self, log_f: Array) -> tuple[Atoms, float]:
        """The peaks of D above 1, as atoms without weight, and the largest log D."""
        log_c, found, top = self.log_c(log_f), [], -np.inf
        for k, track in enumerate(self.tracks):
            grid = track.guesses()
            if not grid.size:
                continue
            of = log_d(track, log_c)
            heights = of(grid)
            where = summits(grid, heights)
            if track.moves:
                where = np.logical_or(where, heights > _BELOW)
                at, high = climbed(track, of, grid[where], heights[where])
            else:
                at, high = grid[where], heights[where]
            top = max(top, float(high.max(initial=-np.inf)))
            at = at[high > _STILL]
            found.append(Atoms(np.full(len(at), float(k)), at, np.zeros(len(at))))
        new = found[0]
        for more in found[1:]:
            new = joined(new, more)
        return new, top

    # ------------------------------------------------------------------ weights

    def weighed(self, atoms: Atoms) -> Atoms:
        """The best weights for given atoms; those whose weight is then 0 are left
        out.
        """
        logs = self.log_probs(atoms)
        scale = logs.max(axis=0)
        p = np.exp(logs - scale)  # (K, m)
        share = self.weight / self.total
        weights = np.maximum(atoms.weights, 0.0)
        if not (weights @ p > _FAINT).all():
            weights = np.full(len(weights), 1 / len(weights))
        for _ in range(100):
            ratio = p / (weights @ p)
            gradient = ratio @ share
            hessian = (ratio * share) @ ratio.T
            aim = quadratic(hessian, 2 * gradient - 1, weights)
            if not aim.sum() > 0:
                break
            step = aim / aim.sum() - weights
            slope = float(gradient @ step)
            if slope <= _STILL:
                break
            weights, gain = along(p, share, weights, step, slope)
            if gain <= _STILL:
                break
        weights = weights / weights.sum()
        return Atoms(atoms.owner, atoms.at, weights).take(weights > _LEAST)

    # ----------------------------------------------------------- atoms and weights

    def polished(self, atoms: Atoms, rounds: int, gap: float) -> Atoms:
        """The atoms after Newton steps in everything that is free, none of which lowers
        the likelihood, until log D exceeds 0 by at most `gap`: a step promises the
        square of that.
        """
        here, before = self.height(atoms), np.inf
        for _ in range(rounds if len(atoms.owner) <= _MANY else 0):
            step, slope = self._newton(atoms)
            size, ahead = 1.0, -np.inf
            while size > 1e-6:
                there = self._moved(atoms, size * step)
                ahead = self.height(there)
                if ahead >= here - _LEVEL:
                    break
                size /= 4
            if not ahead >= here - _LEVEL:
                break
            gain, atoms, here = ahead - here, there, ahead
            if gain <= _LEVEL and not 0.01 * gap * gap < slope < 0.5 * before:
                break  # near enough, or as near as rounding lets it
            before = slope
        return atoms.take(atoms.weights > _LEAST)

    def _moved(self, atoms: Atoms, step: Array) -> Atoms:
        """The atoms after a step in the weights and in the coordinates."""
        K = len(atoms.owner)
        weights = np.maximum(atoms.weights + step[:K], 0.0)
        at = self._each("proper", atoms, atoms.at + np.clip(step[K:], -0.5, 0.5))
        return Atoms(atoms.owner, at, weights / weights.sum())

    def _each(self, name: str, atoms: Atoms, at: Array) -> Array:
        """Coordinates of atoms, each brought back into the set of its track."""
        at = at.copy()
        for k, track in enumerate(self.tracks):
            mine = atoms.owner == k
            at[mine] = getattr(track, name)(at[mine])
        return at

    def _newton(self, atoms: Atoms) -> tuple[Array, float]:
        """The step to where log L - W sum(weights) is level, and what it promises."""
        K, share = len(atoms.owner), self.weight / self.total
        level = atoms.weights
        logs = self.log_probs(atoms)
        with np.errstate(divide="ignore"):
            log_f = log_sum_exp(logs + np.log(level)[:, None])
        r, up, down = (
            np.exp(self.log_probs(atoms._replace(at=atoms.at + side)) - log_f)
            for side in (0.0, _STEP, -_STEP)
        )
        first = (up - down) / (2 * _STEP)
        slopes, bends = first @ share, ((up - 2 * r + down) / _STEP**2) @ share
        both = np.concatenate([r, first * level[:, None]])
        curve = (both * share) @ both.T
        rows = np.arange(K)
        curve[K + rows, K + rows] -= level * bends
        curve[rows, K + rows] -= slopes
        curve[K + rows, rows] -= slopes
        gradient = np.concatenate([r @ share - 1, level * slopes])
        moves = np.array([self.tracks[int(k)].moves for k in atoms.owner])
        ahead = atoms.at + np.sign(slopes) * _STEP
        moves &= self._each("proper", atoms, ahead) != atoms.at  # not at an edge
        go = np.concatenate([np.ones(K, dtype=bool), moves])
        step = np.zeros(2 * K)
        step[go] = _uphill(curve[np.ix_(go, go)], gradient[go])
        return step, float(gradient @ step)

    # -------------------------------------------------------------------- all of it

    def solved(self, atoms: Atoms, gap: float) -> Atoms:
        """The best mixing distribution, with its largest log D below `gap` as far as
        possible.

        Near the limit the likelihood changes only by rounding while D still does: of
        atoms with the same likelihood those with the least D are kept.
        """
        here = best = atoms.take(atoms.weights > _LEAST)
        least, height, idle = np.inf, -np.inf, 0
        for _ in range(_ROUNDS):
            new, top = self.peaks(self.log_f(here))
            ahead = self.height(here)
            higher = ahead > height + _LEVEL
            if higher or (ahead >= height - _LEVEL and top < least):
                best, least, height = here, top, max(height, ahead)
            idle = 0 if higher else idle + 1
            if least <= gap or idle > _PATIENCE:
                break
            here = self.polished(self.weighed(joined(here, new)), _STEPS, gap)
            fewer = self._merged(here)
            if len(fewer.owner) < len(here.owner):
                here = self._fewer(here, self.polished(fewer, _STEPS, gap), gap)
        return self._tidy(best, gap)

    def _fewer(self, many: Atoms, few: Atoms, gap: float) -> Atoms:
        """The smaller set of atoms, if it is as good in likelihood and in the largest
        D.
        """
        if self.height(few) < self.height(many) - _LEVEL:
            return many
        top = self.peaks(self.log_f(few))[1]
        return few if top <= gap or top <= self.peaks(self.log_f(many))[1] else many

    def _tidy(self, atoms: Atoms, gap: float) -> Atoms:
        """The atoms with those next to an end of their set moved onto it, and with
        those that differ only by rounding merged.
        """
        at = self._each("tidy", atoms, atoms.at)
        atoms = self._fewer(atoms, Atoms(atoms.owner, at, atoms.weights), gap)
        return self._fewer(atoms, self._merged(atoms), gap)

    def _merged(self, atoms: Atoms) -> Atoms:
        """The atoms of a track with those near to each other merged."""
        order = np.lexsort([atoms.at, atoms.owner])
        owner, at, weights = (part[order] for part in atoms)
        apart = (np.diff(owner) != 0) | (np.diff(at) >= _NEAR)
        apart |= ~np.array([self.tracks[int(k)].moves for k in owner[1:]], dtype=bool)
        starts = np.flatnonzero(np.concatenate([[True], apart]))
        total = np.add.reduceat(weights, starts)
        middle = np.add.reduceat(weights * at, starts) / total
        return Atoms(owner[starts], middle, total)


def _uphill(curve: Array, gradient: Array) -> Array:
    """A Newton step, damped in directions that are not curved downwards."""
    size = np.sqrt(np.maximum(np.abs(np.diag(curve)), 1e-300))
    curve, gradient = curve / np.outer(size, size), gradient / size
    try:
        np.linalg.cholesky(curve - 1e-10 * np.eye(len(size)))
        return np.asarray(np.linalg.solve(curve, gradient) / size)
    except np.linalg.LinAlgError:
        sizes, axes = np.linalg.eigh(curve)
        level = np.maximum(np.abs(sizes), 1e-10)
        return np.asarray(axes @ ((axes.T @ gradient) / level) / size)
