"""Pictures are drawn on the caller's axes, of what was found."""

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("agg")

import matplotlib.pyplot as plt

import mixnotes as mx


def triangle(x):
    return np.maximum(1 - np.abs(x), 0)


@pytest.fixture
def axes():
    figure, axes = plt.subplots(1, 2)
    yield axes
    plt.close(figure)


def test_the_density_the_mixture_its_components_and_the_error(axes):
    a = mx.approximate(triangle, components=2, support=(-1, 1))
    before = dict(mpl.rcParams)
    assert mx.plot.approximation(a, axes[0], error=axes[1]) is axes[0]
    assert dict(mpl.rcParams) == before
    assert len(axes[0].collections) == 2
    mixture, density = axes[0].lines
    x = density.get_xdata()
    np.testing.assert_allclose(density.get_ydata(), triangle(x), atol=1e-6)
    np.testing.assert_allclose(mixture.get_ydata(), np.exp(a.mixture.log_prob(x)))
    (gap,) = axes[1].lines
    np.testing.assert_allclose(
        gap.get_ydata(), mixture.get_ydata() - density.get_ydata(), atol=1e-12
    )


def test_the_path_is_error_over_K(axes):
    a = mx.approximate(triangle, components=3, support=(-1, 1))
    mx.plot.path(a, axes[0])
    (line,) = axes[0].lines
    np.testing.assert_array_equal(line.get_xdata(), [1, 2, 3])
    np.testing.assert_array_equal(line.get_ydata(), [p.error for p in a.path])
    assert axes[0].get_xscale() == axes[0].get_yscale() == "log"
    assert axes[0].get_ylabel() == "L1 error"


def test_without_axes_the_current_ones_are_drawn_on(axes):
    a = mx.approximate(triangle, components=1, support=(-1, 1))
    plt.sca(axes[1])
    assert mx.plot.path(a) is axes[1]
    assert mx.plot.approximation(a) is axes[1]


def test_in_the_plane_contours_are_drawn(axes):
    def bell(x):
        return np.exp(-(x**2).sum(axis=1) / 2)

    a = mx.approximate(bell, components=1, support=((-5, 5), (-5, 5)))
    mx.plot.approximation(a, axes[0])
    assert len(axes[0].collections) == 2
    with pytest.raises(ValueError, match="error must be left out in two dimensions"):
        mx.plot.approximation(a, axes[0], error=axes[1])


def test_ax_is_axes():
    a = mx.approximate(triangle, components=1, support=(-1, 1))
    with pytest.raises(TypeError, match="ax must be axes of matplotlib"):
        mx.plot.path(a, ax=3)
