"""A density on the line, as the search sees it."""

from __future__ import annotations

import math

import numpy as np

from mixnotes.approximation.certificate import can_certify, certify
from mixnotes.approximation.descent import Nodes
from mixnotes.approximation.distance import measure
from mixnotes.approximation.gaussians import Gaussians
from mixnotes.approximation.quadrature import nodes_on, refine
from mixnotes.approximation.space import Gap
from mixnotes.approximation.target import Target
from mixnotes.numeric.arrays import Array


class Line:
    """A density on the line: nodes to fit and to measure on, and starts, from a
    `Target`.
    """

    d = 1
    most = 100  # components, where only a tolerance is given

    def __init__(self, target: Target) -> None:
        self.target = target
        self.notes = target.notes
        u = np.array([0.001, 0.05, 0.25, 0.75, 0.95, 0.999])
        self._spread = target.quantile(u)
        self.centre = self._centre()

    def _centre(self) -> float | None:
        """The median, if the density is the same on both sides of it."""
        centre, _ = self.target.centre_scale()
        x = np.linspace(0, np.abs(self._spread - centre).max(), 101)[1:]
        left, right = self.target.pdf(centre - x), self.target.pdf(centre + x)
        same = np.allclose(left, right, rtol=1e-4, atol=1e-6 * left.max())
        return centre if same else None

    def limits(self, norm: str, tolerance: float | None) -> tuple[str, ...]:
        """Notes on what no mixture can do for this density; an error where none can
        keep the tolerance.
        """
        if norm == "KL" and not self.target.has_second_moment():
            raise ValueError(
                "norm='KL' must have a density whose mean of x^2 is finite, got one "
                "with tails so heavy that its divergence from every mixture of normals "
                "is infinite; ask for norm='hellinger' or norm='L1'"
            )
        if norm != "sup":
            return ()
        if self.target.poles:
            raise ValueError(
                "norm='sup' must have a bounded density, got one that grows without "
                f"bound at x = {self.target.poles[0]:.6g}: every mixture is infinitely "
                "far from it there; ask for norm='L1' or norm='hellinger'"
            )
        jump = self.target.largest_jump
        if jump is None:
            return ()
        said = (
            f"the density jumps by {jump.size:.6g} at x = {jump.place:.6g}, and a "
            "mixture of normals is continuous: its sup error is at least "
            f"{jump.size / 2:.6g}"
        )
        if tolerance is not None and tolerance < jump.size / 2 * (1 + 1e-9):
            raise ValueError(
                f"tolerance must be above half the largest jump, got {tolerance:g}: "
                f"{said}; ask for norm='L1'"
            )
        return (said,)

    def density(self, x: Array) -> Array:
        """The density, shape (n,)."""
        return self.target.pdf(x)

    def interval(self) -> tuple[float, float]:
        """The interval that leaves out a thousandth of the density on either side."""
        return float(self._spread[0]), float(self._spread[-1])

    def draw(self, n: int, rng: np.random.Generator) -> Array:
        """By inverting the distribution function."""
        return self.target.quantile(rng.random(n))

    def start(self) -> Gaussians:
        """One normal, with the density's median and a spread from its quartiles."""
        centre, scale = self.target.centre_scale()
        return Gaussians(np.zeros(1), np.array([[centre]]), np.array([[[scale]]]))

    def nodes(self, mixture: Gaussians, goal: float) -> Nodes:
        """Nodes on those panels of the density that matter at this error, cut finer
        where the mixture needs it.
        """
        target, kept = self.target, [0]
        mass, limit = 0.0, 3e-3 * goal
        for i, more in enumerate(target.masses):
            if mass and mass + more > limit:
                kept.append(i)
                mass = 0.0
            mass += more
        means, sds = mixture.means, mixture.sds[:, None]
        around = means + sds * np.array([-4, -2, 0, 2, 4])
        reach = [(means - 6 * sds).min(), (means + 6 * sds).max()]
        edges = np.unique(
            np.concatenate([target.low[kept], target.high[-1:], reach, around.ravel()])
        )
        low, high = refine(lambda x: mixture.density(x[:, None]), edges, 1e-2 * goal)
        x, w = nodes_on(low, high)
        f = target.pdf(x.ravel())
        return Nodes(x.reshape(-1, 1), w.ravel(), f, slack=0.01 * goal)

    def measure(self, mixture: Gaussians, norm: str) -> float:
        """The distance, measured on nodes that no fit sees."""
        return measure(self.target, mixture, norm)

    def can_certify(self, norm: str) -> bool:
        """True where an error in this norm can be proved."""
        return norm == "L1" and can_certify(self.target)

    def certify(self, mixture: Gaussians, sharp: float) -> float | None:
        """A proved bound on the L1 error, where the density came with what that needs;
        else None.
        """
        return certify(self.target, mixture, sharp)

    def gaps(self, mixture: Gaussians, nodes: Nodes) -> list[Gap]:
        """Where the mixture is too low, the largest probability first."""
        rest = nodes.w * (nodes.f - mixture.density(nodes.x))
        cuts = np.flatnonzero(np.diff(np.sign(rest))) + 1
        gaps = []
        for part in np.split(np.arange(len(rest)), cuts):
            mass = rest[part].sum()
            if mass <= 0 or len(part) < 2:
                continue
            first, middle, third = np.interp(
                np.array([0.25, 0.5, 0.75]) * mass,
                np.cumsum(rest[part]),
                nodes.x[part, 0],
            )
            sd = float(third - first) / 1.1
            if sd > 0:
                gaps.append((float(mass), np.array([middle]), np.array([[sd]])))
        return sorted(gaps, key=lambda gap: -gap[0])

    def ladder(self, mixture: Gaussians) -> Gaussians | None:
        """K + 1 normals about one common centre, with standard deviations chosen anew.

        A symmetric density with tails is often a mixture of normals about its centre.
        None where the density is not symmetric.
        """
        if self.centre is None:
            return None
        order = np.argsort(mixture.sds)
        sds, weights, K = mixture.sds[order], mixture.weights[order], mixture.K
        old, new = (np.arange(K) + 0.5) / K, (np.arange(K + 1) + 0.5) / (K + 1)
        if K == 1:
            logs, heights = math.log(sds[0]) + np.array([-0.3, 0.3]), np.zeros(2)
        else:
            logs = np.polynomial.Polynomial.fit(old, np.log(sds), 1)(new)
            heights = np.interp(new, old, np.log(weights + 1e-9))
        means = np.full((K + 1, 1), self.centre)
        return Gaussians(heights, means, np.exp(logs)[:, None, None])
