"""Gaussian mixtures as arrays that several tests of approximations begin with."""

import numpy as np
from scipy import stats

from mixnotes.approximation.gaussians import Gaussians


def normals(weights, means, sds):
    """K normals on the line."""
    weights, means, sds = (
        np.array(part, dtype=float) for part in (weights, means, sds)
    )
    return Gaussians(np.log(weights), means[:, None], sds[:, None, None])


def pair_on_the_line():
    return normals([0.3, 0.7], [-1.0, 2.0], [0.5, 1.5])


def three_in_the_plane():
    factors = [[[1.0, 0], [0.4, 0.8]], [[0.5, 0], [-0.2, 1.2]], [[2.0, 0], [0, 1]]]
    means = [[0.0, 1], [3, -1], [-4, 2]]
    return Gaussians(np.log([0.2, 0.3, 0.5]), np.array(means), np.array(factors))


def bell(x, mean=0.0, sd=1.0):
    return stats.norm.pdf(x, mean, sd)
