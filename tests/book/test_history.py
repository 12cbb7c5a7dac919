"""The worked history: Newcomb, Pearson, and Dempster, Laird and Rubin."""

import contextlib
import io
from math import comb
from pathlib import Path

import numpy as np
import pytest

from livefence.page import Fence, read

PAGE = read(Path(__file__).parents[2] / "docs/history.md")
# Dempster, Laird and Rubin (1977), table 1, to eight digits.
PRINTED = "0.60824742 0.62432105 0.62648888 0.62677732"
PRINTED += " 0.62681563 0.62682072 0.62682139 0.62682148"


@pytest.fixture(scope="module")
def chains():
    """The names that each chain of the page binds, its pictures left out."""
    spaces = []
    for chain in PAGE.chains:
        names = {}
        for fence in chain:
            if isinstance(fence, Fence) and "matplotlib" not in fence.source:
                with contextlib.redirect_stdout(io.StringIO()):
                    exec(fence.source, names)
        spaces.append(names)
    return spaces


def central(mixture, power):
    """The central moment of a mixture of normals, by the binomial theorem."""
    odd = [1, 0, 1, 0, 3, 0, 15]  # moments of a standard normal
    total = 0.0
    for weight, part in zip(mixture.weights, mixture.components, strict=True):
        off = part.mean - mixture.mean()
        total += weight * sum(
            comb(power, k) * off ** (power - k) * part.sd**k * odd[k]
            for k in range(power + 1)
        )
    return total


def test_both_dissections_have_the_five_moments_of_the_crabs(chains):
    crabs = next(names for names in chains if "by_moments" in names)
    middle = 58.15 + 0.4 * crabs["bins"]
    mean = np.average(middle, weights=crabs["count"])
    assert len(crabs["by_moments"]) == 2
    for mixture in crabs["by_moments"]:
        assert mixture.mean() == pytest.approx(mean, abs=1e-9)
        for power in range(2, 6):
            wanted = np.average((middle - mean) ** power, weights=crabs["count"])
            assert central(mixture, power) == pytest.approx(wanted, rel=1e-8)


def test_the_sixth_moment_and_the_likelihood_choose_the_same_dissection(chains):
    crabs = next(names for names in chains if "by_moments" in names)
    one, other = crabs["by_moments"]
    off = [abs(central(m, 6) / 0.4**6 - crabs["m6"]) for m in (one, other)]
    assert off[0] < off[1]
    heights = [crabs["log_likelihood"](m) for m in (one, other, crabs["fit"].mixture)]
    assert heights[1] < heights[0] < heights[2]
    assert heights[2] == pytest.approx(crabs["fit"].log_likelihood, abs=1e-9)


def test_newcombs_weighted_mean_is_where_em_ends(chains):
    light = next(names for names in chains if "careless" in names)
    assert light["fit"].mixture.components[0].mean == pytest.approx(light["mean"])
    assert light["weight"].argmin() == light["x"].argmin()


def test_the_path_of_the_linkage_data_is_the_printed_one(chains):
    step = next(names for names in chains if "linked" not in names and "theta" in names)
    theta, path = 0.5, []
    for _ in range(8):
        theta = step["em_step"](theta)
        path.append(theta)
    assert path == pytest.approx([float(x) for x in PRINTED.split()], abs=6e-9)
