"""The best mixture of a class, with a proof of how far any other may be above it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from mixnotes.components.measure import joined as joined_atoms
from mixnotes.components.mixture import Mixture
from mixnotes.data.intervals import Intervals
from mixnotes.data.sources import Rows, Source
from mixnotes.mixing import counts, places, positives
from mixnotes.mixing.bounds import largest, log_sum
from mixnotes.mixing.members import track
from mixnotes.mixing.nodes import thinned
from mixnotes.mixing.search import Atoms, Problem, joined
from mixnotes.mixing.tracks import Track, Unbounded
from mixnotes.numeric.arrays import Array

FAMILIES = (counts, places, positives)  # which register with `track_of`
_SHARE = 0.01  # of what is missing, that need not be known
_THIN = 1e-12  # of log D, to which few observations stand for many
_ENOUGH = 3e-7  # nats above a fit, that need not be known where observations are many
_ROUNDS = 4  # of these


@dataclass(frozen=True)
class Certificate:
    """A mixture of the class, and a bound on how far any other is above it."""

    mixture: Mixture
    log_f: Array  # of the observations, (m,)
    slack: float  # nats


@dataclass(frozen=True)
class Summit:
    """The observations and the class, ready for the search of the best mixture."""

    problem: Problem

    @classmethod
    def of(
        cls, templates: Sequence[Any], source: Source, least: float | None
    ) -> Summit | Unbounded:
        """The same, or why the likelihood of such mixtures has no bound."""
        rows, atoms = _plain(source), _atoms(templates)
        tracks: list[Track] = []
        for template in templates:
            found = track(template, rows.x, least, atoms)
            if isinstance(found, Unbounded):
                return found
            tracks.append(found)
        return cls(Problem(tracks, rows.x, rows.weights))

    def atoms(self, mixture: Mixture) -> tuple[Atoms, bool]:
        """The components of a mixture as atoms, and whether these are all of it."""
        owner, at, weights, whole = [], [], [], True
        for component, weight in _flat(mixture, 1.0):
            for k, t in enumerate(self.problem.tracks):
                place = t.find(component)
                if place is not None:
                    owner.append(float(k))
                    at.append(place)
                    weights.append(weight)
                    break
            else:
                whole = False
        return Atoms(np.array(owner), np.array(at), np.array(weights)), whole

    def begun(self, start: Atoms | None) -> Atoms:
        """Atoms to begin the search with: those given, and some of every track beside
        them.
        """
        parts = [] if start is None else [start]
        for k, t in enumerate(self.problem.tracks):
            grid = t.guesses()
            if t.moves and len(grid):
                grid = grid[np.unique(np.linspace(0, len(grid) - 1, 40).astype(int))]
            parts.append(Atoms(np.full(len(grid), float(k)), grid, np.zeros(len(grid))))
        found = parts[0]
        for more in parts[1:]:
            found = joined(found, more)
        return found

    @cached_property
    def few(self) -> Problem:
        """Nearly the same problem, on a few weighted values instead of all
        observations.
        """
        whole = self.problem
        x, weight = thinned(whole.tracks, whole.x, whole.weight)
        if x is whole.x:
            return whole
        return Problem([t.on(x) for t in whole.tracks], x, weight)

    def certified(
        self, start: Atoms | None, gap: float, log_f: Array | None = None
    ) -> Certificate:
        """The best mixing distribution found from `start`, with a bound on how far it
        is from the best of all: at most `gap`, or a share of its height above `log_f`.
        """
        whole, few = self.problem, self.few
        atoms = start
        if atoms is None or not np.isfinite(few.log_f(atoms)).all():
            atoms = few.weighed(self.begun(start))
        level = 1e-2 * gap / whole.total
        atoms = few.solved(atoms, level if few is whole else max(level, _THIN))
        best = self._judged(atoms, gap)
        for _ in range(_ROUNDS if few is not whole else 0):
            if best.slack <= max(gap, self._needless(best.log_f, log_f)):
                break
            atoms = whole.polished(whole.weighed(atoms), 3, level)
            ahead = self._judged(atoms, gap)
            if not ahead.slack < best.slack:
                break
            best = ahead
        return best

    def _judged(self, atoms: Atoms, gap: float) -> Certificate:
        """Atoms with the bound that belongs to them."""
        log_f = self.problem.log_f(atoms)
        return Certificate(self.mixture(atoms), log_f, self.slack(log_f, gap))

    def _needless(self, mine: Array, log_f: Array | None) -> float:
        """The nats above f that need not be known, for a log-likelihood."""
        if log_f is None:
            return 0.0
        return max(_SHARE * float(self.problem.weight @ (mine - log_f)), _ENOUGH)

    def slack(self, log_f: Array, gap: float) -> float:
        """W log sup D: how far any mixture of the class may be above f."""
        problem, log_c = self.problem, self.problem.log_c(log_f)
        tops = [largest(t, log_c, 0.3 * gap / problem.total) for t in problem.tracks]
        return problem.total * max(max(top.upper for top in tops), 0.0)

    def mixture(self, atoms: Atoms) -> Mixture:
        """The atoms as a mixture."""
        order = np.lexsort([atoms.at, atoms.owner])
        tracks = self.problem.tracks
        parts = [tracks[int(atoms.owner[k])].component(atoms.at[k]) for k in order]
        weights = atoms.weights[order]
        return Mixture(parts, weights / weights.sum())

    def steepest(self, start: Atoms | None, mixture: Mixture) -> Any:
        """The component at which D is largest, as far as a search tells."""
        problem = self.few
        log_f = mixture.log_prob(problem.x) if start is None else problem.log_f(start)
        new, _ = problem.peaks(log_f)
        if not len(new.owner):
            return None
        logs = log_sum(problem.log_probs(new) + problem.log_c(log_f))
        k = int(logs.argmax())
        return problem.tracks[int(new.owner[k])].component(new.at[k])


def _atoms(templates: Sequence[Any]) -> frozenset[float]:
    """The values that have a probability of their own."""
    each = joined_atoms(getattr(template, "atoms", {}) for template in templates)
    return each.get(None, frozenset())


def _plain(source: Source) -> Rows:
    """Plain observations of one number in memory; an error where they are not."""
    if not isinstance(source, Rows):
        raise TypeError(
            "a ceiling needs the data in memory, got blocks of rows; pass them as one "
            "array"
        )
    if source.labels is not None:
        raise ValueError(
            "a ceiling is for fits without labels, for they make another likelihood; "
            "leave labels out"
        )
    if isinstance(source.x, Intervals) or source.x.ndim != 1:
        kind = "intervals" if isinstance(source.x, Intervals) else "rows of columns"
        raise TypeError(
            f"a ceiling needs plain observations of one number each, got {kind}; there "
            "is no bound for them here"
        )
    return source


def _flat(mixture: Mixture, weight: float) -> list[tuple[Any, float]]:
    """The components of a filled mixture, of mixtures within too, and their weights."""
    found: list[tuple[Any, float]] = []
    for part, share in zip(mixture.components, mixture.weights, strict=True):
        if isinstance(part, Mixture):
            found += _flat(part, weight * float(share))
        else:
            found.append((part, weight * float(share)))
    return found
