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


# ---------------------------------------------------------- mixtures, climbs, choices

TWO = mx.Mixture([mx.Normal(-2, 1), mx.Normal(2, 0.5)], [0.4, 0.6])
COUNTS = mx.Mixture([mx.Poisson(1.0), mx.Poisson(4.0)], [0.3, 0.7])
PLANE = mx.Mixture(
    [
        mx.MultivariateNormal([0, 0, 9], [[2, 1, 0], [1, 3, 0], [0, 0, 1]]),
        mx.MultivariateNormal([5, 5, 9], np.eye(3)),
    ],
    [0.5, 0.5],
)


def labels(ax):
    return ax.get_xlabel(), ax.get_ylabel()


def values(line):
    return np.array(line.get_xdata()), np.array(line.get_ydata())


@pytest.fixture(scope="module")
def galaxies():
    x = mx.datasets.galaxies_mass()["velocity"] / 1000
    return mx.select(mx.Normal(), x, K=(1, 2, 3), starts=3)


def test_density_draws_the_mixture_its_parts_and_a_histogram_of_area_1(axes):
    x = TWO.sample(200, rng=0)
    ax = mx.plot.density(TWO, x, axes[0], bins=12)
    assert ax is axes[0]
    whole, *parts = ax.lines
    places, height = values(whole)
    np.testing.assert_allclose(height, np.exp(TWO.log_prob(places)))
    joint = np.exp(TWO.log_joint(places)).T
    for part, expected in zip(parts, joint, strict=True):
        np.testing.assert_allclose(part.get_ydata(), expected)
    assert [line.get_color() for line in parts] == ["C0", "C1"]
    (bars,) = ax.patches
    heights, edges, _ = bars.get_data()
    expected, ends = np.histogram(x, 12, density=True)
    np.testing.assert_allclose(heights, expected)
    np.testing.assert_allclose(edges, ends)
    assert labels(ax) == ("x", "density")
    names = ["data", "mixture", "component 0", "component 1"]
    assert ax.get_legend_handles_labels()[1] == names


def test_density_weighs_the_data(axes):
    x, w = np.array([0.0, 1.0, 2.0]), np.array([1.0, 5.0, 2.0])
    ax = mx.plot.density(TWO, x, axes[0], sample_weight=w, bins=3)
    np.testing.assert_allclose(ax.patches[0].get_data()[0], w / (8 * 2 / 3))


def test_density_of_counts_draws_shares(axes):
    ax = mx.plot.density(COUNTS, [0, 0, 2, 3], axes[0], sample_weight=[1, 2, 3, 4])
    share = {round(bar.get_x() + 0.4): bar.get_height() for bar in ax.patches}
    assert (share[0], share[1], share[2], share[3]) == (0.3, 0, 0.3, 0.4)
    places, height = values(ax.lines[0])
    np.testing.assert_array_equal(places, np.arange(len(places)))
    np.testing.assert_allclose(height, np.exp(COUNTS.log_prob(places)))
    assert labels(ax) == ("x", "probability")


def test_responsibilities_are_stacked_to_1(axes):
    ax = mx.plot.responsibilities(TWO, [-2.0, 2.0], axes[0])
    below, above = (area.get_paths()[0].vertices for area in ax.collections)
    assert below[:, 1].min() == 0
    assert above[:, 1].max() == pytest.approx(1)
    inside = below[(below[:, 1] > 0) & (below[:, 1] < 1)]
    expected = TWO.responsibilities(inside[:, 0])[:, 0]
    np.testing.assert_allclose(inside[:, 1], expected)
    (ticks,) = ax.lines
    np.testing.assert_array_equal(ticks.get_xdata(), [-2, 2])
    assert labels(ax) == ("x", "p(z = k | x)")
    assert ax.get_ylim() == (0, 1)
    assert ax.get_legend_handles_labels()[1] == ["component 0", "component 1"]


def test_an_ellipse_holds_its_level_of_a_component(axes):
    """Its points have one Mahalanobis distance, the quantile of chi-squared on 2."""
    ax = mx.plot.ellipses(PLANE, ax=axes[0], level=0.8)
    first, centre, _, other = ax.lines
    edge = np.array(values(first))
    inverse = np.linalg.inv([[2, 1], [1, 3]])
    distance = np.einsum("in,ij,jn->n", edge, inverse, edge)
    np.testing.assert_allclose(distance, -2 * np.log(0.2))
    np.testing.assert_array_equal(np.ravel(values(centre)), [0, 0])
    np.testing.assert_array_equal(np.ravel(values(other)), [5, 5])
    assert labels(ax) == ("column 0", "column 1")


def test_ellipses_colour_the_rows_that_are_seen_and_take_other_columns(axes):
    x = np.array([[0, 0, 9], [5, 5, 9], [5, np.nan, 9], [4, 6, np.nan]])
    ax = mx.plot.ellipses(PLANE, x, axes[0])
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), [0])
    np.testing.assert_array_equal(ax.lines[1].get_xdata(), [5, 4])
    assert [ax.lines[k].get_color() for k in (0, 1)] == ["C0", "C1"]
    ax = mx.plot.ellipses(PLANE, ax=axes[1], columns=(1, 2))
    np.testing.assert_array_equal(np.ravel(values(ax.lines[1])), [0, 9])
    assert labels(ax) == ("column 1", "column 2")


def test_history_draws_every_start_and_the_kept_one_in_black(axes):
    x = TWO.sample(100, rng=0)
    fit = mx.em(mx.Mixture(2 * [mx.Normal()]), x, starts=3)
    ax = mx.plot.history(fit, axes[0])
    *others, kept = ax.lines
    steps, height = values(kept)
    np.testing.assert_array_equal(height, fit.history)
    np.testing.assert_array_equal(steps, np.arange(1, len(fit.history) + 1))
    assert len(others) >= 2
    assert all((a.get_color(), a.get_lw()) == ("0.6", 1) for a in others)
    assert kept.get_color() == "black"
    assert ax.get_xscale() == "log"
    assert labels(ax) == ("step", "log-likelihood")


def test_criteria_draws_three_and_fills_the_least_of_each(axes, galaxies):
    ax = mx.plot.criteria(galaxies, axes[0])
    fits = [c.fit for c in galaxies.candidates]
    for k, by in enumerate(["bic", "aic", "icl"]):
        curve, best = ax.lines[2 * k : 2 * k + 2]
        expected = [getattr(fit, by) for fit in fits]
        np.testing.assert_array_equal(curve.get_ydata(), expected)
        assert curve.get_label() == by.upper()
        np.testing.assert_array_equal(best.get_ydata(), [min(expected)])
        np.testing.assert_array_equal(best.get_xdata(), [np.argmin(expected)])
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["1", "2", "3"]
    assert labels(ax) == ("model", "criterion, less is better")


def test_a_collapsed_model_has_no_criterion(axes):
    """Its likelihood has no bound, so that it would be the least and hide the rest."""
    x = np.r_[np.zeros(50), 1.0, 2.0, 3.0]
    found = mx.select(mx.Normal(), x, K=[1, 2], starts=2)
    ax = mx.plot.criteria(found, axes[0])
    assert [t.get_text() for t in ax.get_xticklabels()] == ["1", "2\ncollapsed"]
    for k, by in enumerate(["bic", "aic", "icl"]):
        curve, best = ax.lines[2 * k : 2 * k + 2]
        np.testing.assert_array_equal(
            curve.get_ydata(), [getattr(found[1].fit, by), np.nan]
        )
        assert (best.get_xdata()[0], best.get_ydata()[0]) == (0, curve.get_ydata()[0])
    with pytest.raises(ValueError, match="some model must have a fit"):
        mx.plot.criteria(mx.select(mx.Normal(), x, K=[2], starts=2), axes[1])


def test_residuals_are_the_share_below_less_the_cdf(axes):
    x, w = np.array([-2.0, 2.0, 2.5]), np.array([1.0, 2.0, 1.0])
    ax = mx.plot.residuals(TWO, x, axes[0], sample_weight=w)
    places, gap = values(ax.lines[0])
    np.testing.assert_array_equal(places, x)
    p = TWO.cdf(x)
    np.testing.assert_allclose(gap, [0.25, 0.75, 1] - p)
    band = ax.collections[0].get_paths()[0].vertices[:, 1]
    np.testing.assert_allclose(band.max(), (1.96 * np.sqrt(p * (1 - p) / 4)).max())
    assert labels(ax) == ("x", "data less mixture, of P(X <= x)")


def test_the_bars_of_a_rootogram_hang_from_the_model(axes):
    ax = mx.plot.rootogram(COUNTS, [0, 1, 4], axes[0], sample_weight=[9, 16, 25])
    places, top = values(ax.lines[0])
    np.testing.assert_allclose(top, np.sqrt(50 * np.exp(COUNTS.log_prob(places))))
    for place, root in [(0, 3), (1, 4), (2, 0), (4, 5)]:
        bar = ax.patches[place]
        np.testing.assert_allclose(bar.get_height(), root)
        np.testing.assert_allclose(bar.get_y() + bar.get_height(), top[place])
    assert labels(ax) == ("x", "sqrt(count)")


def test_counts_far_from_0_are_drawn_where_they_are(axes):
    far = mx.Mixture([mx.Poisson(400.0), mx.Poisson(500.0)], [0.5, 0.5])
    x = np.array([380, 420, 510])
    hanging = mx.plot.rootogram(far, x, axes[0])
    drawn = mx.plot.density(far, x, axes[1])
    for ax, scale in ((hanging, np.sqrt), (drawn, np.array)):
        places, height = values(ax.lines[0])
        assert 200 < places[0] < 380
        assert 510 < places[-1] < 700
        total = 3 if ax is hanging else 1
        np.testing.assert_allclose(height, scale(total * np.exp(far.log_prob(places))))
        middles = [bar.get_x() + bar.get_width() / 2 for bar in ax.patches]
        np.testing.assert_allclose(middles, places)


@pytest.fixture(scope="module")
def calls(galaxies):
    """Each picture as a function of the axes."""
    fit, x = galaxies[2].fit, TWO.sample(30, rng=0)
    return {
        "density": lambda ax: mx.plot.density(fit, ax=ax),
        "responsibilities": lambda ax: mx.plot.responsibilities(fit, ax=ax),
        "ellipses": lambda ax: mx.plot.ellipses(PLANE, ax=ax),
        "history": lambda ax: mx.plot.history(fit, ax),
        "criteria": lambda ax: mx.plot.criteria(galaxies, ax),
        "residuals": lambda ax: mx.plot.residuals(TWO, x, ax),
        "rootogram": lambda ax: mx.plot.rootogram(COUNTS, [1, 2], ax),
    }


PICTURES = [
    "density",
    "responsibilities",
    "ellipses",
    "history",
    "criteria",
    "residuals",
    "rootogram",
]


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_stays_on_its_axes_and_changes_nothing_global(name, calls, axes):
    """A fit does as well as its mixture; without axes the current ones are taken."""
    before = dict(mpl.rcParams)
    plt.sca(axes[1])
    assert calls[name](axes[0]) is axes[0]
    assert not axes[1].has_data()
    assert dict(mpl.rcParams) == before
    assert plt.gca() is axes[1]
    assert calls[name](None) is axes[1]
    with pytest.raises(TypeError, match="ax must be axes of matplotlib"):
        calls[name](3)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: mx.plot.density(3), TypeError, "must be a Mixture or a Fit, got 3"),
        (
            lambda: mx.plot.density(mx.Mixture(2 * [mx.Normal()])),
            ValueError,
            "a picture needs every parameter",
        ),
        (lambda: mx.plot.density(PLANE), ValueError, "density needs .* one number"),
        (lambda: mx.plot.residuals(PLANE, [[0, 0, 0]]), ValueError, "residuals needs"),
        (
            lambda: mx.plot.responsibilities(PLANE),
            ValueError,
            "draw a marginal, or ellipses",
        ),
        (lambda: mx.plot.ellipses(PLANE, level=90), ValueError, "between 0 and 1"),
        (lambda: mx.plot.ellipses(TWO), TypeError, r"must have marginal\(\)"),
        (lambda: mx.plot.history(TWO), TypeError, "history takes a Fit, as em returns"),
        (lambda: mx.plot.criteria(TWO), TypeError, "criteria takes a Selection"),
        (lambda: mx.plot.rootogram(TWO, [1.0]), ValueError, "for other data see resid"),
        (
            lambda: mx.plot.density(TWO, [1.0, 2.0], sample_weight=[1.0]),
            ValueError,
            "sample_weight",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused(call, error, words, axes):
    with pytest.raises(error, match=words):
        call()


def test_bars_of_data_are_named_and_open_points_are_not_the_least(axes, galaxies):
    counts = mx.Mixture([mx.Poisson(1.0), mx.Poisson(4.0)], [0.5, 0.5])
    ax = mx.plot.density(counts, [0, 1, 4], axes[0])
    assert "data" in ax.get_legend_handles_labels()[1]
    ax = mx.plot.criteria(galaxies, axes[1])
    assert [line.get_markerfacecolor() for line in ax.lines[::2]] == 3 * ["none"]


def test_weights_that_differ_from_row_to_row_are_drawn_on_average(axes):
    """A fit knows its rows; a chain alone, where it goes in the long run."""
    ax = axes[0]
    geyser = mx.datasets.faithful()
    x, on = geyser["eruptions"][1:], {"wait": geyser["waiting"][:-1]}
    gate = mx.Mixture(2 * [mx.Normal()], weights=mx.Gate(["wait"]))
    fit = mx.em(gate, x, covariates=on, starts=2)
    mx.plot.density(fit, x, ax=ax)
    black = ax.lines[0]
    average = mx.Mixture(fit.mixture.components, fit.shares)
    expected = np.exp(average.log_prob(black.get_xdata()))
    np.testing.assert_allclose(black.get_ydata(), expected, atol=1e-12)
    with pytest.raises(TypeError, match=r"pass the Fit, .* or mixture\.at"):
        mx.plot.density(fit.mixture, x, ax=ax)
    ax.clear()
    steps = [[0.9, 0.1], [0.3, 0.7]]
    chain = mx.Chain([mx.Normal(0, 1), mx.Normal(5, 1)], [1, 0], steps)
    mx.plot.density(chain, ax=ax)
    black = ax.lines[0]
    average = mx.Mixture(chain.components, [0.75, 0.25])
    expected = np.exp(average.log_prob(black.get_xdata()))
    np.testing.assert_allclose(black.get_ydata(), expected, atol=1e-12)


def test_binned_and_censored_data_are_drawn_by_what_is_known(axes):
    x = np.random.default_rng(0).normal(size=400)
    counts, edges = np.histogram(x, 12)
    fit = mx.em(mx.Mixture([mx.Normal()]), mx.Binned(edges, counts), starts=1)
    mx.plot.density(fit, mx.Binned(edges, counts), axes[0])
    (data,) = axes[0].patches
    heights = counts / (400 * np.diff(edges))
    np.testing.assert_allclose(data.get_data().values, heights)
    mx.plot.residuals(fit, mx.Binned(edges, counts), axes[1])
    line = axes[1].lines[0]
    share = np.cumsum(counts) / 400 - fit.mixture.cdf(edges[1:])
    at = np.isin(line.get_xdata(), edges[1:])
    np.testing.assert_allclose(line.get_ydata()[at], share, atol=1e-9)


def test_what_was_censored_is_an_arrow_and_no_area(axes):
    x = np.random.default_rng(0).normal(size=400)
    data = mx.Censored(np.minimum(x, 1), np.where(x > 1, np.inf, x))
    fit = mx.em(mx.Mixture([mx.Normal()]), data, starts=1)
    mx.plot.density(fit, data, axes[0])
    (stairs,) = axes[0].patches
    drawn = stairs.get_data()
    area = drawn.values @ np.diff(drawn.edges)
    assert area == pytest.approx((x <= 1).mean())
    arrow = next(line for line in axes[0].lines if line.get_marker() == ">")
    assert arrow.get_xdata().tolist() == [1.0]
    mx.plot.responsibilities(fit, data, axes[1])
    mx.plot.residuals(fit, data, axes[1])


def test_counts_in_bins_are_drawn_as_counts(axes):
    data = mx.Binned([0, 1, 2, 3, np.inf], [5, 8, 4, 3])
    fit = mx.em(mx.Mixture([mx.Poisson()]), data, starts=1)
    mx.plot.density(fit, data, axes[0])
    bars = {
        round(b.get_x() + b.get_width() / 2): b.get_height() for b in axes[0].patches
    }
    assert [bars[k] for k in range(4)] == pytest.approx([0.25, 0.4, 0.2, 0.0])
    mx.plot.rootogram(fit, data, axes[1])
    assert axes[1].patches[1].get_height() == pytest.approx(np.sqrt(8))


def test_noise_has_no_ellipse(axes):
    rng = np.random.default_rng(0)
    x = np.r_[rng.normal(size=(80, 2)), rng.uniform(-5, 5, (20, 2))]
    model = mx.Mixture([mx.MultivariateNormal(), mx.Noise()])
    mx.plot.ellipses(mx.em(model, x, starts=1), x, axes[0])
    labels = [line.get_label() for line in axes[0].lines]
    assert "component 0" in labels
    assert "component 1" not in labels
    line = mx.em(mx.Mixture([mx.Normal(), mx.Noise()]), x[:, 0], starts=1)
    mx.plot.density(line, x[:, 0], axes[1])
    assert "component 1" in [line.get_label() for line in axes[1].lines]
