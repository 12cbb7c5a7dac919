"""How far a mixture of normals is from a density on the line in L1, proved.

Let f be the density, F its distribution function, g and G the mixture's, u = f - g.
Beyond (a, b), |u| integrates to at most F(a) + 1 - F(b) + G(a) + 1 - G(b).
Cut (a, b) into cells of width h. No value of f is used, so nothing can hide between
nodes: the integral of u over a cell is a difference of F - G.

With the variation. On one cell let m be the integral of |u|, c that of u, and v the
variation of u there. If u has one sign, m = |c|. Otherwise let p be the largest value
of u, -q the least, so p + q <= v, and let u be positive on a part of length t. Then
m - |c| is twice the smaller of the integrals of u's two signs, which are at most p t
and q (h - t); the smaller of the two is largest at t = q h / (p + q), where it is
p q h / (p + q) <= h v / 4. So m <= |c| + h v / 2, and over all cells

    ||f - g||_1 <= sum of |c| + (h / 2) (V(f) + V(g)) + tails.

A jump is a part of the variation, by its height. For V(g), the same bound on g' says
V(g) <= sum of |g(right) - g(left)| + (h / 2) (integral of |g''|) over the cells, and
the last integral is at most the sum of weight / sd^2 times that of the standard normal
density, 4 exp(-1/2) / sqrt(2 pi).

With the curvature. On each cell compare u with the straight line l through its
averages: l has u's average there, and the slope of the averages of the two cells
beside. The map from u to u - l is linear and 0 for straight lines, so by Peano's
theorem (u - l)(x) = integral of K(x, t) u''(t) dt, where K(., t) is what becomes of
max(x - t, 0). A t is in reach of three cells; the integrals of |K(x, t)| over x in
them add up to at most h^2 / 8, which they reach where t is an edge (tests/
test_certificate.py computes them). So

    ||f - g||_1 <= sum of the integrals of |l| + (h^2 / 8) (C(f) + C(g)) + tails,

where C is the integral of |second derivative|; a kink counts by its change of slope,
and a density that jumps has no C. Sources: the first bound is elementary; the second
is Peano's (1913); the smoothing bounds that chapter 9 proves use the same V.

Rounding: each value of F and of G is taken to be right to 4e-15, some twenty roundings.
Taken on trust are that, and the bounds on V(f) and C(f).
"""

from __future__ import annotations

import math

import numpy as np

from mixnotes.approximation.gaussians import CURVATURE, VARIATION, Gaussians
from mixnotes.approximation.target import Target
from mixnotes.numeric.arrays import Array

_CELLS = 2_000_000
_COARSE = 20_000  # cells for the mixture's variation
_ROUNDING = 4e-15  # of one value of a distribution function


def can_certify(target: Target) -> bool:
    """Does the density come with what a proof needs?"""
    bounds = target.variation is not None or target.curvature is not None
    return target.cdf is not None and bounds


def certify(target: Target, mixture: Gaussians, sharp: float) -> float | None:
    """A bound on the L1 error that holds for certain, or None where none is known.

    It is above the error by `sharp` or so; None also where that takes more than two
    million cells.
    """
    if not can_certify(target):
        return None
    low, high = _interval(target, mixture, sharp)
    plans = []  # width of a cell, size of the derivative, by lines?
    if target.variation is not None:
        size = target.variation + _variation(mixture, low, high)
        plans.append((2 * sharp / size, size, False))
    if target.curvature is not None:
        size = target.curvature + _curvature(mixture)
        plans.append((math.sqrt(4 * sharp / size), size, True))
    width, size, lines = max(plans)
    count = max(math.ceil((high - low) / width), 4)
    if count > _CELLS:
        return None
    h = (high - low) / count
    edges = low + h * np.arange(-1.0, count + 2.0)  # one more on either side
    rises, tails = _rises(target, mixture, edges)
    rounding = 6 * _ROUNDING * len(edges)
    if lines:
        return _lines(rises) + h**2 / 8 * size + tails + rounding
    return _flat(rises) + h / 2 * size + tails + rounding


def _interval(target: Target, mixture: Gaussians, sharp: float) -> tuple[float, float]:
    """What holds all but about a twentieth of `sharp` of both."""
    z = math.sqrt(2 * math.log(40 / sharp))  # few of a normal are beyond
    ends = target.quantile(np.array([sharp / 40, 1 - sharp / 40]))
    low = min(float(ends[0]), float((mixture.means[:, 0] - z * mixture.sds).min()))
    high = max(float(ends[1]), float((mixture.means[:, 0] + z * mixture.sds).max()))
    return low, high


def _curvature(mixture: Gaussians) -> float:
    return float(mixture.weights @ (CURVATURE / mixture.sds**2))


def _variation(mixture: Gaussians, low: float, high: float) -> float:
    """A bound on the mixture's variation between low and high."""
    x = np.linspace(low, high, _COARSE + 1)
    h = (high - low) / _COARSE
    seen = float(np.abs(np.diff(mixture.density(x[:, None]))).sum())
    apart = float(mixture.weights @ (VARIATION / mixture.sds))
    return min(apart, seen * (1 + 1e-9) + h / 2 * _curvature(mixture))


def _rises(target: Target, mixture: Gaussians, edges: Array) -> tuple[Array, float]:
    """The integrals of u over the cells, and the tails beyond the inner ones."""
    assert target.cdf is not None
    f, g = target.cdf(edges), mixture.cdf(edges)
    above = mixture.mirrored().cdf(-edges[-2:-1])[0]
    return np.diff(f - g), float(f[1] + (1 - f[-2]) + g[1] + above)


def _flat(rises: Array) -> float:
    """The sum of |integral of u| over the inner cells."""
    return float(np.abs(rises[1:-1]).sum())


def _lines(rises: Array) -> float:
    """The sum over the inner cells of the integral of |the line|.

    On a cell it goes from middle - half to middle + half, times 1 / h; where it
    crosses 0 the integral is that of two triangles.
    """
    middle, half = np.abs(rises[1:-1]), np.abs(rises[2:] - rises[:-2]) / 4
    crosses = half > middle
    steep = np.where(crosses, half, 1.0)
    return float(np.where(crosses, (middle**2 / steep + steep) / 2, middle).sum())
