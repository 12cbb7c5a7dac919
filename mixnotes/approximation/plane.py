"""A density in the plane, on grids: what `approximate` sees of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from mixnotes.approximation.descent import Nodes
from mixnotes.approximation.distance import finish, pointwise
from mixnotes.approximation.gaussians import Gaussians
from mixnotes.approximation.space import Gap
from mixnotes.numeric.arrays import Array

_FIT = 72  # cells a side of the grid of the fit
_FINE = 250  # and of the grid that measures, at first
_MOST = 2000


def is_plane(support: Any) -> bool:
    """True for a pair of pairs, the support of a density in the plane."""
    try:
        return np.shape(support) == (2, 2)
    except ValueError:
        return False


class Plane:
    """A density on a rectangle, zero outside.

    A fit uses the middles of the cells of a grid. To measure the error the grid is made
    twice as fine, and again, until the error no longer changes; it reaches beyond the
    rectangle as far as the mixture does.
    """

    d = 2
    most = 40  # components, where only a tolerance is given

    def __init__(self, density: Any, support: Any) -> None:
        self.low, self.high = np.array(support, dtype=np.float64).T
        ends = np.array([self.low, self.high])
        if not (np.isfinite(ends).all() and (self.low < self.high).all()):
            raise ValueError(
                "support in two dimensions must be finite, ((low, high), (low, high)) "
                f"with low below high, got {support!r:.80}; take it wide enough to "
                "leave out less than the tolerance"
            )
        self._raw = _function_of_rows(density)
        x, cell = self._grid(self.low, self.high, _MOST // 4)
        values = self._values(x)
        self._total = float(values.sum() * cell)
        if not (self._total > 0 and math.isfinite(self._total)):
            raise ValueError(
                "the density must be above 0 somewhere in its support, and finite, got "
                f"an integral of {self._total:g}; check the support"
            )
        self.notes: tuple[str, ...] = ()
        if abs(self._total - 1) > 1e-6:
            self.notes = (
                f"the density integrates to {self._total:.6g} over its support; it "
                "was divided by that",
            )
        share = values / values.sum()
        self._rows, self._mass = x, np.cumsum(share)
        self._side = (self.high - self.low) / (_MOST // 4)
        self._moments = _moments_of(x, share)

    @staticmethod
    def _grid(low: Array, high: Array, n: int) -> tuple[Array, float]:
        """The middles of n by n cells, shape (n n, 2), and a cell's area."""
        side = (high - low) / n
        axes = [low[i] + side[i] * (np.arange(n) + 0.5) for i in range(2)]
        x = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
        return x, float(side.prod())

    def _values(self, x: Array) -> Array:
        with np.errstate(all="ignore"):
            values = np.asarray(self._raw(x), dtype=np.float64)
        if values.shape != (len(x),):
            raise ValueError(
                "the density must take rows, shape (n, 2), and give one number for "
                f"each, got shape {values.shape} for {x.shape}; write "
                "lambda x: f(x[:, 0], x[:, 1])"
            )
        for ok, what in (
            (np.isfinite(values), "finite"),
            (values >= 0, "not negative"),
        ):
            if not ok.all():
                i = int(np.argmin(ok))
                raise ValueError(
                    f"the density must be {what}, got {values[i]:g} at x = "
                    f"({x[i, 0]:g}, {x[i, 1]:g}); mend the function"
                )
        return values

    def limits(self, norm: str, tolerance: float | None) -> tuple[str, ...]:
        """No notes: for a bounded density on a rectangle no limit is known
        beforehand.
        """
        return ()

    def density(self, x: Array) -> Array:
        """Normalised, zero outside the rectangle, shape (n,)."""
        inside = ((x >= self.low) & (x <= self.high)).all(axis=1)
        values = np.zeros(len(x))
        if inside.any():
            values[inside] = self._values(x[inside]) / self._total
        return values

    def interval(self) -> tuple[tuple[float, float], ...]:
        """The rectangle."""
        return tuple(
            (float(a), float(b)) for a, b in zip(self.low, self.high, strict=True)
        )

    def draw(self, n: int, rng: np.random.Generator) -> Array:
        """A cell by its probability, then anywhere in it."""
        cell = np.searchsorted(self._mass, rng.random(n) * self._mass[-1])
        drawn: Array = self._rows[cell] + self._side * (rng.random((n, 2)) - 0.5)
        return drawn

    def start(self) -> Gaussians:
        """One normal of the density's mean and covariance."""
        mean, cov = self._moments
        return Gaussians(np.zeros(1), mean[None], _cholesky(cov)[None])

    def nodes(self, mixture: Gaussians, goal: float) -> Nodes:
        """A grid over the rectangle and a little beyond."""
        margin = 0.1 * (self.high - self.low)
        low, high = self.low - margin, self.high + margin
        x, cell = self._grid(low, high, _FIT)
        return Nodes(
            x, np.full(len(x), cell), self.density(x), slack=max(0.01 * goal, 1e-4)
        )

    def can_certify(self, norm: str) -> bool:
        """False: there is no proof in the plane."""
        return False

    def certify(self, mixture: Gaussians, sharp: float) -> float | None:
        """None: there is no proof in the plane."""
        return None

    def ladder(self, mixture: Gaussians) -> Gaussians | None:
        """None: there are no mixtures about one centre in the plane."""
        return None

    def measure(self, mixture: Gaussians, norm: str) -> float:
        """The distance on grids that no fit sees, each twice as fine as the one before,
        until it no longer changes.
        """
        reach = 7 * np.sqrt(np.einsum("kij,kij->ki", mixture.factors, mixture.factors))
        low = np.minimum(self.low, (mixture.means - reach).min(axis=0))
        high = np.maximum(self.high, (mixture.means + reach).max(axis=0))
        n, last = _FINE, math.inf
        while True:
            error = self._error(mixture, norm, low, high, n)
            if abs(error - last) <= 0.01 * error or 2 * n > _MOST:
                return error
            last, n = error, 2 * n

    def _error(
        self, mixture: Gaussians, norm: str, low: Array, high: Array, n: int
    ) -> float:
        """The error over the rectangle, cut into n by n cells, and over bands of such
        cells around it.
        """
        total, largest = 0.0, 0.0
        xs = [low[0], self.low[0], self.high[0], high[0]]
        ys = [low[1], self.low[1], self.high[1], high[1]]
        for i in range(3):
            for j in range(3):
                a, b = np.array([xs[i], ys[j]]), np.array([xs[i + 1], ys[j + 1]])
                if (a >= b).any():
                    continue
                x, cell = self._grid(a, b, n if i == j == 1 else n // 3)
                for part in np.array_split(x, max(1, len(x) // 60_000)):
                    f = self.density(part) if i == j == 1 else np.zeros(len(part))
                    cost = pointwise(norm, f, mixture, part)
                    total += float(cost.sum()) * cell
                    largest = max(largest, float(cost.max()))
        return largest if norm == "sup" else finish(norm, total)

    def gaps(self, mixture: Gaussians, nodes: Nodes) -> list[Gap]:
        """Where the mixture is too low: normals about the nodes with most of what is
        missing.
        """
        rest = np.maximum(nodes.w * (nodes.f - mixture.density(nodes.x)), 0)
        gaps: list[Gap] = []
        for _ in range(4):
            if not rest.max() > 0:
                break
            at = nodes.x[int(np.argmax(rest))]
            k = int(np.argmax(mixture.parts(at[None])[0][:, 0]))
            factor = 0.5 * mixture.factors[k]
            z = np.linalg.solve(factor, (nodes.x - at).T)
            near = rest * np.exp(-0.5 * np.square(z).sum(axis=0))
            mass = float(near.sum())
            mean, cov = _moments_of(nodes.x, near / mass)
            cov += 1e-3 * factor @ factor.T + np.diag(self._side**2)
            gaps.append((mass, mean, _cholesky(cov)))
            rest = rest - near
        return sorted(gaps, key=lambda gap: -gap[0])


def _function_of_rows(density: Any) -> Callable[[Array], Any]:
    """What was handed over, as a function of rows."""
    if hasattr(density, "pdf"):
        density = density.pdf
    elif hasattr(density, "log_prob"):
        log_prob = density.log_prob
        return lambda x: np.exp(log_prob(x))
    if not callable(density):
        raise TypeError(
            "density in two dimensions must be a function of rows, shape (n, 2), "
            f"got {density!r:.80}"
        )
    function: Callable[[Array], Any] = density
    return function


def _moments_of(x: Array, p: Array) -> tuple[Array, Array]:
    """Mean and covariance of rows with these probabilities."""
    mean = p @ x
    aside = x - mean
    return mean, (aside * p[:, None]).T @ aside


def _cholesky(cov: Array) -> Array:
    return np.asarray(np.linalg.cholesky(cov), dtype=np.float64)
