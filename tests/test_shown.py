"""What a reader sees, in whole: tables in print and in a notebook, and every line, area
and word of the pictures. tests/__snapshots__/ holds it."""

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("agg")

import matplotlib.pyplot as plt
from matplotlib.collections import Collection
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

import mixnotes as mx
from tests.test_plot import COUNTS, PLANE, TWO

WAITING = mx.datasets.faithful()["waiting"]
X = np.array([-3.0, -2.5, -1.0, 0.5, 1.5, 2.0, 2.25, 3.0])


def some_steps(model, x=WAITING, start=None, **options):
    """A fit whose digits do not hang on where a climb ends."""
    first = start or mx.Mixture([mx.Normal(50, 10), mx.Normal(80, 10)], [0.5, 0.5])
    return mx.em(model, x, start=first, max_iter=3, accelerate=False, **options)


# ----------------------------------------------------------------------------- tables


def test_a_fit_is_a_table(shown):
    free = some_steps(mx.Mixture(2 * [mx.Normal()]))
    shown.append(repr(free))
    shown.append(free._repr_html_())
    known = mx.Mixture([mx.Normal(sd=10), mx.Normal()], [0.5, 0.5])
    shown.append(repr(some_steps(known)))
    weighted = some_steps(mx.Mixture(2 * [mx.Normal()]), sample_weight=WAITING / 100)
    shown.append(repr(weighted))
    assert all(text.startswith(("Mixture of 2", "<")) for text in shown)


def test_a_fit_of_several_starts_says_how_many_ended_there(shown):
    fit = mx.em(mx.Mixture(2 * [mx.Normal()]), WAITING, starts=3)
    shown.append(repr(fit).splitlines()[-1])
    assert shown == ["3 of 3 starts ended here"]


def test_a_fit_of_columns_is_a_table(shown):
    part = mx.Product({"size": mx.Normal(), "eggs": mx.Poisson(3.0)})
    x = np.array([[1.0, 2], [2.0, 3], [6.0, 4], [7.0, 1]])
    start = mx.Mixture(
        [
            mx.Product({"size": mx.Normal(1, 1), "eggs": mx.Poisson(3.0)}),
            mx.Product({"size": mx.Normal(7, 1), "eggs": mx.Poisson(3.0)}),
        ],
        [0.5, 0.5],
    )
    shown.append(repr(some_steps(mx.Mixture([part, part]), x, start)))
    line = mx.LinearRegression("y", {"x": None, "z": 1.0})
    first = mx.LinearRegression("y", {"x": 0.0, "z": 1.0}, intercept=0.0, sd=1.0)
    data = {"x": X, "y": 2 * X + np.cos(X), "z": 0 * X}
    one = mx.Mixture([line])
    shown.append(repr(some_steps(one, data, mx.Mixture([first], [1.0]))))
    assert "(given)" in shown[0]
    assert "(given)" in shown[1]


def test_a_selection_is_a_table(shown):
    models = {
        "one": mx.Mixture([mx.Normal()]),
        "two": mx.Mixture(2 * [mx.Normal(sd=6.0)]),
    }
    for folds in (0, 3):
        chosen = mx.select(models, WAITING, starts=2, folds=folds)
        shown += [repr(chosen), chosen._repr_html_()]
    assert "held-out" not in shown[0].splitlines()[0]
    assert "held-out" in shown[2].splitlines()[0]


def test_a_bootstrap_a_test_and_data_say_what_they_are(shown):
    one = mx.em(mx.Mixture([mx.Normal()]), WAITING)
    shown.append(repr(mx.bootstrap(one, 5)))
    ratio = mx.likelihood_ratio_test(
        mx.Mixture([mx.Normal()]),
        mx.Mixture(2 * [mx.Normal()]),
        WAITING,
        samples=3,
        starts=2,
    )
    shown.append(repr(ratio))
    shown.append(repr(mx.datasets.faithful()))
    shown.append(str(mx.datasets.faithful().sheet))
    shown.append(repr(mx.Censored([1.0, 2.0, 3.0], [1.0, 2.5, np.inf])))
    shown.append(repr(mx.Binned([0, 1, 2, np.inf], [3, 4, 5])))
    assert shown[2] == "Dataset(faithful: eruptions, waiting; 272 rows)"
    assert shown[4] == "Censored: 3 values, 1 of them seen exactly"
    assert shown[5] == "Binned: 12 values in 3 bins"


def test_components_and_what_they_leave_open(shown):
    shown += map(
        repr,
        [
            mx.Mixture([mx.Normal(sd=2.0), mx.Categorical(n=3)]),
            mx.Product({("a", "b"): mx.MultivariateNormal(), "c": mx.StudentT(df=4)}),
            mx.LogisticRegression("y", {"x": mx.Shared("s")}, intercept=1.5),
            mx.MultivariateNormal(d=2, covariance="VVE"),
            mx.Mixture([TWO, COUNTS], [0.1234567, 0.8765433]),
        ],
    )
    models = [
        mx.Mixture([mx.Normal(sd=2.0), mx.Categorical(n=3)]),
        mx.Mixture([mx.Product({"a": mx.Normal(), "b": mx.Gamma()})]),
        mx.Mixture([mx.PoissonRegression("y", ["x"])]),
    ]
    shown += [", ".join(model.blanks) for model in models]
    assert shown[-1] == "components[0].intercept, components[0].coef['x']"


# --------------------------------------------------------------------------- pictures


def rounded(values):
    """Some numbers of many, with three digits; 0 for what is so by rounding alone."""
    flat = np.asarray(values, dtype=float).ravel()
    if not len(flat):
        return "nothing"
    some = flat[np.unique(np.linspace(0, len(flat) - 1, 7).astype(int))]
    some = np.where(abs(some) < 1e-14 * abs(flat).max(), 0.0, some)
    return f"{len(flat)}: " + " ".join(f"{v + 0.0:.3g}" for v in some)


def drawn(artist):
    """One line of text that changes with what the artist shows."""
    words = [type(artist).__name__, f"{artist.get_label()}", f"z{artist.get_zorder()}"]
    words.append(f"alpha {artist.get_alpha()}")
    if isinstance(artist, Line2D):
        words += [str(artist.get_color()), f"{artist.get_linewidth()}"]
        words += [str(artist.get_linestyle()), str(artist.get_marker())]
        words += [f"{artist.get_markersize()}", str(artist.get_markerfacecolor())]
        words += [rounded(artist.get_xdata()), rounded(artist.get_ydata())]
    elif isinstance(artist, Collection):
        words += [rounded(artist.get_facecolor()), rounded(artist.get_linewidth())]
        paths = [path.vertices for path in artist.get_paths()]
        words += [rounded(np.concatenate(paths)) if paths else "no paths"]
    elif isinstance(artist, Patch):
        words += [rounded(artist.get_facecolor()), rounded(artist.get_linewidth())]
        words += [rounded(artist.get_path().vertices)]
        words += [rounded(artist.get_transform().transform([[0, 0], [1, 1]]))]
    return ", ".join(words)


def picture(ax):
    """All that is on the axes, in words."""
    texts = [ax.get_xlabel(), ax.get_ylabel(), ax.get_xscale(), ax.get_yscale()]
    texts += [rounded(ax.get_xlim()), rounded(ax.get_ylim())]
    texts += ["|".join(tick.get_text() for tick in ax.get_xticklabels())]
    legend = ax.get_legend()
    if legend:
        texts += [text.get_text() for text in legend.get_texts()]
    artists = [*ax.lines, *ax.collections, *ax.patches]
    return "\n".join(["; ".join(texts), *map(drawn, artists)])


def triangle(x):
    return np.maximum(1 - np.abs(x), 0)


def bell(x):
    return np.exp(-(x**2).sum(axis=1) / 2)


def a_fit():
    return some_steps(mx.Mixture(2 * [mx.Normal()]))


PICTURES = {
    "density": lambda ax: mx.plot.density(TWO, ax=ax),
    "density with data": lambda ax: mx.plot.density(TWO, X, ax, bins=4),
    "density, weighted": lambda ax: mx.plot.density(TWO, X, ax, sample_weight=X**2),
    "density of counts": lambda ax: mx.plot.density(COUNTS, [0, 2, 2, 7], ax),
    "density of counts alone": lambda ax: mx.plot.density(COUNTS, ax=ax),
    "responsibilities": lambda ax: mx.plot.responsibilities(TWO, ax=ax),
    "responsibilities with data": lambda ax: mx.plot.responsibilities(TWO, X, ax),
    "responsibilities of counts": lambda ax: mx.plot.responsibilities(COUNTS, [1], ax),
    "ellipses": lambda ax: mx.plot.ellipses(PLANE, ax=ax),
    "ellipses with rows": lambda ax: mx.plot.ellipses(PLANE, np.eye(3), ax, level=0.5),
    "ellipses of others": lambda ax: mx.plot.ellipses(PLANE, ax=ax, columns=(2, 0)),
    "history": lambda ax: mx.plot.history(a_fit(), ax),
    "residuals": lambda ax: mx.plot.residuals(TWO, X, ax),
    "residuals, weighted": lambda ax: mx.plot.residuals(TWO, X, ax, sample_weight=X**2),
    "residuals of counts": lambda ax: mx.plot.residuals(COUNTS, [0, 3, 3, 5], ax),
    "rootogram": lambda ax: mx.plot.rootogram(COUNTS, [0, 1, 1, 4], ax),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_as_it_was_seen(name, shown):
    """Each was looked at when it was written down here."""
    figure, ax = plt.subplots()
    try:
        assert PICTURES[name](ax) is ax
        shown.append(picture(ax))
    finally:
        plt.close(figure)
    assert "None" not in shown[0].splitlines()[0]


def test_pictures_of_approximations_are_as_they_were_seen(shown):
    figure, axes = plt.subplots(1, 2)
    try:
        a = mx.approximate(triangle, components=1, support=(-1, 1))
        mx.plot.approximation(a, axes[0], error=axes[1])
        shown += map(picture, axes)
        for ax in axes:
            ax.clear()
        mx.plot.path(a, axes[0])
        b = mx.approximate(bell, components=1, support=((-5, 5), (-5, 5)))
        mx.plot.approximation(b, axes[1])
        shown += [picture(axes[0]), f"{len(axes[1].collections)} sets of contours"]
    finally:
        plt.close(figure)
    assert len(shown) == 4
