"""Pictures, each drawn on an axes of the caller's: the only module with matplotlib.

Colours and sizes are those of the caller's style; nothing global is changed. Component
k has the k-th colour of the cycle in every picture.

Examples:
    >>> import mixnotes as mx
    >>> x = mx.datasets.faithful()["waiting"]
    >>> fit = mx.em(mx.Mixture(2 * [mx.Normal()]), x, starts=1)
    >>> axes = mx.plot.density(fit, x, bins=20)
    >>> axes.get_ylabel()
    'density'
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mixnotes.approximation.approximate import Approximation
from mixnotes.components.chain import Chain
from mixnotes.components.component import weight_of
from mixnotes.components.mixture import Mixture
from mixnotes.components.parts import method_of
from mixnotes.data.check import as_weights
from mixnotes.data.intervals import (
    Binned,
    Intervals,
    finite_ends,
    midpoints,
    spread_over,
)
from mixnotes.families.noise import Noise
from mixnotes.fitting.fit import Fit
from mixnotes.numeric.arrays import Array
from mixnotes.study.select import Selection

# ------------------------------------------------------------------ data and mixture


def density(
    mixture: Mixture | Fit,
    x: ArrayLike | None = None,
    ax: Any = None,
    *,
    sample_weight: ArrayLike | None = None,
    bins: Any = "auto",
) -> Any:
    """The density of a mixture on the line, its weighted components, and the data.

    Of a mixture on whole numbers it draws probabilities, and the share of each value.

    Args:
        mixture: a mixture without blanks, or a `Fit`, whose mixture is drawn.
        x: observations, shape (n,), drawn as a histogram of area 1; none if left out.
        ax: the axes to draw on; the current ones if left out.
        sample_weight: how often each observation counts, shape (n,); once if left out.
        bins: the bins of the histogram, as `numpy.histogram` takes them.

    Returns:
        The axes.

    Examples:
        >>> import mixnotes as mx
        >>> x = mx.datasets.faithful()["waiting"]
        >>> fit = mx.em(mx.Mixture(2 * [mx.Normal()]), x, starts=1)
        >>> axes = mx.plot.density(fit, x, bins=20)
        >>> [line.get_label() for line in axes.lines]
        ['mixture', 'component 0', 'component 1']
    """
    model, ax = _filled(mixture), _axes(ax)
    _require_line(model, "density")
    data = None if x is None else model._rows(x)
    weight = None
    if data is not None:
        weight = as_weights(weight_of(x, sample_weight), len(data))
    if model.discrete:
        return _probabilities(model, data, weight, ax)
    if isinstance(data, Intervals) and weight is not None:
        _intervals(data, weight, ax, _edges_of(x, data, bins))
    elif data is not None:
        edges = np.histogram_bin_edges(data, bins)
        heights, _ = np.histogram(data, edges, weights=weight, density=True)
        ax.stairs(heights, edges, fill=True, color="0.5", alpha=0.3, label="data")
    places = _places(model, data)
    parts = np.exp(model.log_joint(places))
    ax.plot(places, parts.sum(axis=1), color="black", label="mixture")
    for k, part in enumerate(parts.T):
        ax.plot(places, part, color=f"C{k}", label=f"component {k}")
    ax.set_xlabel("x")
    ax.set_ylabel("density")
    return ax


def _edges_of(x: Any, data: Intervals, bins: Any) -> Array:
    """The edges of the bins of a histogram of values that are known up to an interval:
    those of the data, where they are binned."""
    if isinstance(x, Binned):
        return x.edges[np.isfinite(x.edges)]
    found: Array = np.histogram_bin_edges(finite_ends(data), bins)
    return found


def _intervals(data: Intervals, weight: Array, ax: Any, edges: Array) -> None:
    """A histogram of intervals, each spread evenly. The area lacks those without an
    end, which are arrows at the other."""
    if len(edges) > 1:
        mass = spread_over(data, weight, edges)
        heights = mass / (np.diff(edges) * weight.sum())
        ax.stairs(heights, edges, fill=True, color="0.5", alpha=0.3, label="data")
    low, high = np.asarray(data).T
    for ends, marker in ((low[high == np.inf], ">"), (high[low == -np.inf], "<")):
        places = np.unique(ends[np.isfinite(ends)])
        ax.plot(places, np.zeros(len(places)), marker, color="0.3", clip_on=False)


def _probabilities(model: Mixture, data: Any, weight: Any, ax: Any) -> Any:
    """The same for whole numbers: bars for the data, points for the mixture."""
    values = _whole_places(model, data)
    parts = np.exp(model.log_joint(values))
    if data is not None:
        share = _share(data, weight, values)
        ax.bar(values, share, color="0.5", alpha=0.3, label="data")
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.plot(values, parts.sum(axis=1), "o-", color="black", ms=4, label="mixture")
    for k, part in enumerate(parts.T):
        ax.plot(values, part, ".-", color=f"C{k}", label=f"component {k}")
    ax.set_xlabel("x")
    ax.set_ylabel("probability")
    return ax


def _share(data: Array, weight: Array, values: Array) -> Array:
    """The share of the data at each whole number."""
    if isinstance(data, Intervals):
        low, high = np.asarray(data).T
        whole = np.array([np.ceil(low) - 0.5, np.floor(high) + 0.5]).T.view(Intervals)
        edges = np.append(values - 0.5, values[-1] + 0.5)
        return spread_over(whole, weight, edges) / weight.sum()
    return np.array([weight @ (data == v) / weight.sum() for v in values])


def responsibilities(
    mixture: Mixture | Fit, x: ArrayLike | None = None, ax: Any = None
) -> Any:
    """p(z = k | x) over the line, each component's share stacked on those before.

    Args:
        mixture: a mixture without blanks, or a `Fit`, whose mixture is drawn.
        x: observations, shape (n,), shown as ticks at the bottom; none if left out.
        ax: the axes to draw on; the current ones if left out.

    Returns:
        The axes.

    Examples:
        >>> import mixnotes as mx
        >>> x = mx.datasets.faithful()["waiting"]
        >>> fit = mx.em(mx.Mixture(2 * [mx.Normal()]), x, starts=1)
        >>> axes = mx.plot.responsibilities(fit, x)
        >>> axes.get_ylabel()
        'p(z = k | x)'
    """
    model, ax = _filled(mixture), _axes(ax)
    _require_line(model, "responsibilities")
    data = None if x is None else model._rows(x)
    choose = _whole_places if model.discrete else _places
    places = choose(model, data)
    possible = np.isfinite(model.log_prob(places))
    places = places[possible]
    share = model.responsibilities(places)
    colours = [f"C{k}" for k in range(share.shape[1])]
    labels = [f"component {k}" for k in range(share.shape[1])]
    ax.stackplot(places, share.T, colors=colours, labels=labels)
    if data is not None:
        seen = midpoints(data) if isinstance(data, Intervals) else data
        ax.plot(seen, np.full(len(seen), 0.02), "|", color="black")
    ax.set_xlim(places[0], places[-1])
    ax.set_ylim(0, 1)
    ax.set_xlabel("x")
    ax.set_ylabel("p(z = k | x)")
    return ax


def ellipses(
    mixture: Mixture | Fit,
    x: ArrayLike | None = None,
    ax: Any = None,
    *,
    level: float = 0.9,
    columns: tuple[int, int] = (0, 1),
) -> Any:
    """The components of a mixture of multivariate normals in two of its columns, each
    as the ellipse that holds `level` of its probability.

    Args:
        mixture: a mixture without blanks, or a `Fit`, whose mixture is drawn.
        x: rows (n, d), drawn as points in the colour of the most probable component;
            none if left out.
        ax: the axes to draw on; the current ones if left out.
        level: the probability within an ellipse, between 0 and 1.
        columns: the two columns to draw, numbers from 0.

    Returns:
        The axes.

    Examples:
        >>> import mixnotes as mx
        >>> import numpy as np
        >>> geyser = mx.datasets.faithful()
        >>> x = np.column_stack([geyser["eruptions"], geyser["waiting"]])
        >>> fit = mx.em(mx.gaussian_mixture(2), x, starts=1)
        >>> axes = mx.plot.ellipses(fit, x, level=0.5)
        >>> axes.set_xlabel("minutes").get_text()
        'minutes'
    """
    model, ax = _filled(mixture), _axes(ax)
    if not 0 < level < 1:
        raise ValueError(f"level must be a number between 0 and 1, got {level!r}")
    first, second = columns
    if x is not None:
        data = model._rows(x)
        seen = ~np.isnan(data[:, [first, second]]).any(axis=1)
        for k, rows in _by_component(model, data[seen]):
            ax.plot(rows[:, first], rows[:, second], ".", color=f"C{k}", alpha=0.6)
    radius = math.sqrt(-2 * math.log1p(-level))
    angle = np.linspace(0, 2 * np.pi, 181)
    circle = radius * np.array([np.cos(angle), np.sin(angle)])
    for k, whole in enumerate(model.parts):
        if isinstance(whole, Noise):  # is everywhere
            continue
        mean, cov = method_of(whole, "marginal")([first, second]).moments()
        edge = mean[:, None] + np.linalg.cholesky(cov) @ circle
        ax.plot(*edge, color=f"C{k}", label=f"component {k}")
        ax.plot(*mean, "+", color=f"C{k}", ms=10)
    names = mixture.columns if isinstance(mixture, Fit) else ()
    labels = [names[j] if names else f"column {j}" for j in (first, second)]
    ax.set_xlabel(labels[0])
    ax.set_ylabel(labels[1])
    return ax


def _by_component(model: Mixture, data: Array) -> Any:
    """For each component, the rows that it most probably made."""
    z = model.predict(data)
    for k in range(len(model.components)):
        yield k, data[z == k]


# ------------------------------------------------------------------------- the climb


def history(fit: Fit, ax: Any = None) -> Any:
    """The log-likelihood at every step of every start, the start that was kept in
    black.

    The axis of steps is logarithmic.

    Args:
        fit: what `em` returned.
        ax: the axes to draw on; the current ones if left out.

    Returns:
        The axes.

    Examples:
        >>> import mixnotes as mx
        >>> x = mx.datasets.faithful()["waiting"]
        >>> fit = mx.em(mx.Mixture(2 * [mx.Normal()]), x, starts=1)
        >>> axes = mx.plot.history(fit)
        >>> axes.get_xscale()
        'log'
    """
    if not isinstance(fit, Fit):
        raise TypeError(f"history takes a Fit, as em returns it, got {fit!r:.80}")
    ax = _axes(ax)
    for end in fit.starts:
        if end.history is not fit.history:
            ax.plot(np.arange(1, len(end.history) + 1), end.history, color="0.6", lw=1)
    steps = np.arange(1, len(fit.history) + 1)
    ax.plot(steps, fit.history, color="black", label="the kept start")
    ax.set_xscale("log")
    ax.set_xlabel("step")
    ax.set_ylabel("log-likelihood")
    return ax


def criteria(selection: Selection, ax: Any = None) -> Any:
    """BIC, AIC and ICL of the models of a `Selection`, less is better; the least of
    each is filled.

    A model of which every start collapsed has no criterion: its name says so, and the
    curves have a gap there.

    Args:
        selection: what `select` returned.
        ax: the axes to draw on; the current ones if left out.

    Returns:
        The axes.

    Examples:
        >>> import mixnotes as mx
        >>> x = mx.datasets.faithful()["waiting"]
        >>> found = mx.select(mx.Normal(), x, K=[1, 2], starts=1)
        >>> axes = mx.plot.criteria(found)
        >>> [label.get_text() for label in axes.get_xticklabels()]
        ['1', '2']
    """
    if not isinstance(selection, Selection):
        raise TypeError(
            f"criteria takes a Selection, as select returns it, got {selection!r:.80}"
        )
    ax = _axes(ax)
    models = selection.candidates
    names = [f"{c.name}" if c.stands else f"{c.name}\ncollapsed" for c in models]
    places = np.arange(len(names))
    for k, by in enumerate(("bic", "aic", "icl")):
        values = [c.score(by) if c.stands else np.nan for c in models]
        ax.plot(places, values, "o-", color=f"C{k}", mfc="none", label=by.upper())
        least = models.index(selection.best_by(by))
        ax.plot(places[least], values[least], "o", color=f"C{k}")
    ax.set_xticks(places, names)
    ax.set_xlabel("model")
    ax.set_ylabel("criterion, less is better")
    ax.legend()
    return ax


# -------------------------------------------------------------------- does it fit


def residuals(
    mixture: Mixture | Fit,
    x: ArrayLike,
    ax: Any = None,
    *,
    sample_weight: ArrayLike | None = None,
) -> Any:
    """The share of the data up to each value less what the mixture says, P(X <= x).

    The grey band holds, at any one place, the share of n draws from the mixture in 19
    cases of 20: +-1.96 sqrt(p (1 - p) / n). Of values that are known up to an interval
    it is drawn at their ends, where it is known, or as the dark area in which it lies.

    Args:
        mixture: a mixture without blanks, or a `Fit`, whose mixture is drawn.
        x: observations, shape (n,).
        ax: the axes to draw on; the current ones if left out.
        sample_weight: how often each observation counts, shape (n,); once if left out.

    Returns:
        The axes.

    Examples:
        >>> import mixnotes as mx
        >>> x = mx.datasets.faithful()["waiting"]
        >>> fit = mx.em(mx.Mixture(2 * [mx.Normal()]), x, starts=1)
        >>> axes = mx.plot.residuals(fit, x)
        >>> axes.get_xlabel()
        'x'
    """
    model, ax = _filled(mixture), _axes(ax)
    _require_line(model, "residuals")
    data = model._rows(x)
    weight = as_weights(weight_of(x, sample_weight), len(data))
    ends = np.asarray(data)[:, 1] if isinstance(data, Intervals) else data
    if isinstance(data, Intervals) and not model.discrete:
        ends = np.asarray(data).ravel()
    values = np.unique(ends[np.isfinite(ends)])
    expected = model.cdf(values)
    band = 1.96 * np.sqrt(expected * (1 - expected) / weight.sum())
    ax.fill_between(values, -band, band, color="0.5", alpha=0.3, lw=0, step="post")
    if isinstance(data, Intervals):
        low, high = np.asarray(data).T
        above = np.where(low < high, np.nextafter(low, np.inf), low)
        least, most = (_shares_up_to(v, weight, values) for v in (high, above))
        ax.fill_between(values, least - expected, most - expected, color="0.3")
        ax.plot(values, 0.5 * (least + most) - expected, ".-", color="black", ms=3)
    else:
        share = _shares_up_to(data, weight, values)
        ax.step(values, share - expected, where="post", color="black")
    ax.axhline(0, color="0.5", lw=0.8)
    ax.set_xlabel("x")
    ax.set_ylabel("data less mixture, of P(X <= x)")
    return ax


def _shares_up_to(data: Array, weight: Array, values: Array) -> Array:
    """The share of the data up to each value."""
    order = np.argsort(data)
    summed = np.append(0.0, np.cumsum(weight[order]))
    found: Array = summed[np.searchsorted(data[order], values, side="right")]
    return found / weight.sum()


def rootogram(
    mixture: Mixture | Fit,
    x: ArrayLike,
    ax: Any = None,
    *,
    sample_weight: ArrayLike | None = None,
) -> Any:
    """A hanging rootogram of counts: bars of height sqrt(observed) hang from the curve
    sqrt(expected), and stray from 0 by about 1/2 where the model is right.

    Source: Tukey (1977).

    Args:
        mixture: a mixture without blanks, or a `Fit`, whose mixture is drawn.
        x: counts, shape (n,).
        ax: the axes to draw on; the current ones if left out.
        sample_weight: how often each observation counts, shape (n,); once if left out.

    Returns:
        The axes.

    Examples:
        >>> import mixnotes as mx
        >>> days = mx.datasets.london_times()
        >>> x, weight = days["deaths"], days["days"]
        >>> fit = mx.em(mx.Mixture([mx.Poisson()]), x, sample_weight=weight)
        >>> axes = mx.plot.rootogram(fit, x, sample_weight=weight)
        >>> axes.get_ylabel()
        'sqrt(count)'
    """
    model, ax = _filled(mixture), _axes(ax)
    if not model.discrete:
        raise ValueError(
            "a rootogram needs a mixture on whole numbers, such as Poissons, got "
            f"{model!r:.80}; for other data see residuals"
        )
    data = model._rows(x)
    weight = as_weights(weight_of(x, sample_weight), len(data))
    values = _whole_places(model, data)
    observed = weight.sum() * _share(data, weight, values)
    expected = weight.sum() * np.exp(model.log_prob(values))
    top = np.sqrt(expected)
    ax.bar(values, np.sqrt(observed), bottom=top - np.sqrt(observed), color="0.6")
    ax.plot(values, top, "o-", color="C0", ms=4)
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.axhline(0, color="black", lw=0.8)
    ax.set_xlabel("x")
    ax.set_ylabel("sqrt(count)")
    return ax


# ------------------------------------------------------------------- approximations


def approximation(a: Approximation, ax: Any = None, error: Any = None) -> Any:
    """The density, the mixture and its components, and where they differ.

    In the plane it draws two contours of each, which hold half and nine tenths of the
    density.

    Args:
        a: what `approximate` returned.
        ax: the axes for the densities; the current ones if left out.
        error: other axes, for mixture less density, on the line alone; none if left
            out.

    Returns:
        The axes of the densities.

    Examples:
        >>> import mixnotes as mx
        >>> a = mx.approximate(lambda x: 1 - abs(x), components=2, support=(-1, 1))
        >>> axes = mx.plot.approximation(a)
        >>> [line.get_label() for line in axes.lines]
        ['mixture', 'density']
    """
    ax = _axes(ax)
    if a.dimension == 2:
        if error is not None:
            raise ValueError(
                "error must be left out in two dimensions: draw a.density and "
                "a.mixture.log_prob as you need them"
            )
        return _contours(a, ax)
    x = _around(a)
    parts = np.exp(a.mixture.log_joint(x))
    ax.stackplot(x, parts.T)
    ax.plot(x, parts.sum(axis=1), color="tab:gray", label="mixture")
    ax.plot(x, a.density(x), color="black", label="density")
    ax.set_xlabel("x")
    ax.set_ylabel("density")
    if error is not None:
        error.plot(x, parts.sum(axis=1) - a.density(x), color="black")
        error.set_xlabel("x")
        error.set_ylabel("mixture less density")
    return ax


def path(a: Approximation, ax: Any = None) -> Any:
    """Error against K, both logarithmic: how many components a tolerance costs.

    Args:
        a: what `approximate` returned.
        ax: the axes to draw on; the current ones if left out.

    Returns:
        The axes.

    Examples:
        >>> import mixnotes as mx
        >>> a = mx.approximate(lambda x: 1 - abs(x), components=3, support=(-1, 1))
        >>> axes = mx.plot.path(a)
        >>> axes.get_ylabel()
        'L1 error'
    """
    ax = _axes(ax)
    sizes = [point.K for point in a.path]
    ax.loglog(sizes, [point.error for point in a.path], "o-", color="black", ms=3)
    ticks = [K for K in (1, 2, 3, 5, 10, 20, 30, 50, 100, 200) if max(sizes) >= K]
    ax.set_xticks(ticks, map(str, ticks))
    ax.set_xticks([], minor=True)
    ax.set_xlabel("K")
    ax.set_ylabel(f"{a.norm} error")
    return ax


# --------------------------------------------------------------------------- shared


def _filled(mixture: Any) -> Mixture:
    """A mixture with values everywhere, or that of a fit; with the average weights
    where they are not the same for all rows."""
    model = mixture.mixture if isinstance(mixture, Fit) else mixture
    if not isinstance(model, Mixture):
        raise TypeError(f"mixture must be a Mixture or a Fit, got {mixture!r:.80}")
    model._require_complete("a picture")
    if not model.label_rule:
        return model
    if isinstance(mixture, Fit):
        return model.with_weights(mixture.shares)
    if isinstance(model, Chain):
        return model.with_weights(model.weights)
    raise TypeError(
        f"a picture needs weights that are numbers, and here the {model.label_rule}; "
        "pass the Fit, whose average is drawn, or mixture.at({column: value, ...})"
    )


def _axes(ax: Any) -> Any:
    if ax is None:
        import matplotlib.pyplot as plt

        ax = plt.gca()
    if not hasattr(ax, "plot"):
        raise TypeError(f"ax must be axes of matplotlib, got {ax!r:.80}")
    return ax


def _require_line(model: Mixture, what: str) -> None:
    if np.ndim(_moments(model)[0]):
        raise ValueError(
            f"{what} needs a mixture of one number an observation, and this one has "
            "rows; draw a marginal, or ellipses"
        )


def _moments(model: Mixture) -> Any:
    """The mean and the variance of the mixture, without a `Noise` that has none."""
    if not any(isinstance(part, Noise) for part in model.parts):
        return model.moments()
    placed = [k for k, part in enumerate(model.parts) if not isinstance(part, Noise)]
    if not placed:
        raise ValueError("a picture needs a component that has a place, got noise only")
    level = model.weights[placed] + 1e-300
    rest = Mixture([model.parts[k] for k in placed], level / level.sum())
    return rest.moments()


def _whole_places(model: Mixture, data: Array | None) -> Array:
    """The whole numbers at which the data or the mixture have some share."""
    mean, variance = _moments(model)
    low, high = mean - 4 * math.sqrt(variance), mean + 4 * math.sqrt(variance)
    if data is not None:
        seen = finite_ends(data)
        low, high = min(low, seen.min()), max(high, seen.max())
    values = np.arange(math.floor(low), math.ceil(high) + 1, dtype=np.float64)
    return values[np.isfinite(model.log_prob(values))]


def _places(model: Mixture, data: Array | None) -> Array:
    """The x at which to draw: evenly over data and mixture, and close together where a
    component is narrow.
    """
    mean, variance = _moments(model)
    low, high = mean - 4 * math.sqrt(variance), mean + 4 * math.sqrt(variance)
    if data is not None:
        seen = finite_ends(data)
        low, high = seen.min(), seen.max()
        low, high = low - 0.1 * (high - low), high + 0.1 * (high - low)
    around = []
    for part in filter(lambda part: part.has_moments, model.parts):
        middle, spread = part.moments()
        around.append(middle + math.sqrt(spread) * np.linspace(-4, 4, 81))
    x = np.unique(np.concatenate([np.linspace(low, high, 400), *around]))
    return x[(x >= low) & (x <= high)]


def _around(a: Approximation, n: int = 200) -> Array:
    """The x at which to draw: evenly, and close together where components are
    narrow.
    """
    low, high = a.interval
    margin = 0.1 * (high - low)
    even = np.linspace(low - margin, high + margin, n)
    reach = np.linspace(-3, 3, 13)
    around = [part.mean + part.sd * reach for part in a.mixture.components]
    x = np.unique(np.concatenate([even, *around]))
    return x[(x >= even[0]) & (x <= even[-1])]


def _contours(a: Approximation, ax: Any, n: int = 200) -> Any:
    (left, right), (bottom, top) = a.interval
    first, second = np.linspace(left, right, n), np.linspace(bottom, top, n)
    rows = np.stack(np.meshgrid(first, second), axis=-1).reshape(-1, 2)
    f, g = a.density(rows), np.exp(a.mixture.log_prob(rows))
    heights = np.sort(f)[::-1]
    held = np.cumsum(heights) / heights.sum()
    levels = sorted({float(heights[np.searchsorted(held, p)]) for p in (0.5, 0.9)})
    for values, colour in ((f, "black"), (g, "C0")):
        ax.contour(first, second, values.reshape(n, n), levels, colors=colour)
    for part in a.mixture.components:
        ax.plot(*part.moments()[0], "+", color="C0")
    ax.set_xlabel("first column")
    ax.set_ylabel("second column")
    ax.set_aspect("equal")
    return ax
