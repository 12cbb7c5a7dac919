"""Expectation-maximization: `em_step` is one step in the open, `em` is the whole climb.

For the reader of chapters 3 to 5. The log-likelihood never falls, and the climb stops
on the estimated distance still to go, not on the size of a step.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixnotes.components.component import (
    Component,
    rank_of,
    weight_of,
)
from mixnotes.components.exponential import is_exponential
from mixnotes.components.measure import require_one_measure
from mixnotes.components.mixture import Mixture, learns, tied
from mixnotes.data.check import (
    Rng,
    as_count,
    as_numbers,
    as_rng,
    as_sample_weight,
    as_weights,
    require,
    require_seen,
)
from mixnotes.data.intervals import Binned, Censored, Intervals
from mixnotes.data.sources import Rows, Source, Stream, compress, eps_of, stream_of
from mixnotes.fitting.climb import Climb, End, Step
from mixnotes.fitting.engine import Engine
from mixnotes.fitting.exclusion import require_possible
from mixnotes.fitting.fit import Fit
from mixnotes.fitting.progress import watcher
from mixnotes.fitting.starts import level_start, random_starts
from mixnotes.fitting.tree import leaves
from mixnotes.fitting.vector import State
from mixnotes.numeric.arrays import Array, quiet
from mixnotes.numeric.covariance import is_tied
from mixnotes.numeric.ties import ties_with

Data = ArrayLike | Mapping[str, ArrayLike] | Binned | Censored
_STARTS = 10  # random starts where the likelihood can have several summits


def em_step(
    mixture: Mixture,
    current: Mixture,
    x: Data,
    sample_weight: ArrayLike | None = None,
    labels: ArrayLike | None = None,
) -> Mixture:
    """The mixture after one EM step: responsibilities, then weighted fits.

    `mixture` says what is given and what is blank; `current` has values everywhere.
    """
    model, source = checked(mixture, x, sample_weight, labels)
    here = as_start(model, current, "current")
    engine = Engine(model, source, exact=True)
    with quiet():
        state = engine.state(here)
        log_likelihood, statistics = engine.e_step(state)
        if log_likelihood == -np.inf:
            require_possible(here, source)
        return engine.mixture(engine.m_step(statistics, state))


def em(
    mixture: Mixture,
    x: Data,
    *,
    sample_weight: ArrayLike | None = None,
    labels: ArrayLike | None = None,
    start: Mixture | None = None,
    starts: int | None = None,
    rng: Rng = 0,
    tol: float = 1e-8,
    max_iter: int = 10_000,
    accelerate: bool = True,
    progress: bool = False,
    callback: Callable[[Step], object] | None = None,
) -> Fit:
    """The maximum-likelihood values of what `mixture` leaves blank, as a `Fit`.

    x: observations, shape (n,), rows (n, d), columns by name where the components name
    them, `Binned` or `Censored`. sample_weight: how often each counts, shape (n,).
    labels: which component made each observation, shape (n,), -1 (or masked) where
    that is not known; where it is, log p(x, z) takes the place of log p(x).
    start: a mixture with values everywhere to climb from; what the model ties is tied
    in it first. Without it the best of
    `starts` random ones is kept (1 where only weights are blank, for then there is
    one summit; else 10). They are drawn from `rng`, a seed or a Generator: the same
    call gives the same answer.
    tol: stop when the learned values are estimated to be this near to their limit;
    weights and probabilities as they are, others in standard deviations of the data.
    A climb ends, too, where all that steps still move is rounding, and says so: 0 asks
    for that.
    max_iter: at most so many steps a start. accelerate: extrapolate (SQUAREM) where
    that raises the log-likelihood; False is plain EM. progress: show a bar (needs
    tqdm). callback: called with a `Step` after each step of each start.

    Not converging is told by the `Fit`, not raised.
    Source: Dempster, Laird and Rubin (1977); Varadhan and Roland (2008).

        fit = em(Mixture([Bernoulli(0.8), Bernoulli(0.3)]), marbles)
        fit.mixture.weights
    """
    model, source = checked(mixture, x, sample_weight, labels)
    if not model.n_free:
        raise ValueError(
            f"mixture must have a blank to learn, got {model!r}; leave a parameter or "
            "the weights out, or call mixture.blank()"
        )
    max_iter = as_count(max_iter, "max_iter", 1)
    if isinstance(tol, bool) or not (
        isinstance(tol, int | float) and 0 <= tol < math.inf
    ):
        raise ValueError(
            f"tol must be a number not below 0, got {tol!r}; 0 takes steps until only "
            "rounding moves"
        )
    engine = Engine(model, source)
    firsts = _firsts(engine, start, starts, rng)
    with watcher(progress, callback, len(firsts), max_iter) as watch:
        climb = Climb(engine, float(tol), max_iter, accelerate, watch)
        ends = [climb.run(first, k) for k, first in enumerate(firsts)]
        best = _best(ends)
        ends[best] = climb.go_on(ends[best], best)
    end = ends[best]
    if not end.collapsed:
        words = _limits(model, end.mixture) + _remarks(engine)
        end = replace(end, reason=end.reason + words)
    named = start is not None or labels is not None  # the components have an order
    filled = end.mixture if named else in_order(model, end.mixture)
    return Fit.of(model, filled, source, end, tuple(ends))


def _limits(model: Mixture, filled: Mixture) -> str:
    """Which components ended where a parameter is infinite, in words."""
    found = dict.fromkeys(
        c.limit
        for (_, template), (_, c) in zip(leaves(model), leaves(filled), strict=True)
        if getattr(c, "limit", "") and template.n_free and not template.limit
    )
    return "".join(f"; at a limit: {words}" for words in found)


def _remarks(engine: Engine) -> str:
    """What a user should know of a family on such data, in words."""
    rows = engine.source
    if not isinstance(rows, Rows) or isinstance(rows.x, Intervals):
        return ""
    found = dict.fromkeys(
        component.remark(rows.x, rows.weights)
        for _, component in engine.leaves
        if isinstance(component, Component) and component.n_free
    )
    return "".join(f"; note: {words}" for words in found if words)


def _best(ends: list[End]) -> int:
    """Which start ended highest: of those that agree the first that converged, so that
    rounding does not choose; one that collapsed never wins over others."""
    standing = [end for end in ends if not end.collapsed] or ends
    top = max(end.log_likelihood for end in standing)
    level = [end for end in standing if ties_with(end.log_likelihood, top)]
    chosen = next((end for end in level if end.converged), level[0])
    return next(k for k, end in enumerate(ends) if end is chosen)


def checked(
    mixture: Mixture,
    x: Any,
    sample_weight: ArrayLike | None,
    labels: ArrayLike | None = None,
) -> tuple[Mixture, Source]:
    """The model, for data of these columns, and where the data are."""
    if not isinstance(mixture, Mixture):
        raise TypeError(
            f"mixture must be a Mixture, got {mixture!r:.80}; write "
            "Mixture([component, component])"
        )
    own = any(not is_exponential(c) and learns(c) for _, c in leaves(mixture))
    source: Source | None = None
    if not isinstance(x, Binned | Censored):
        named = None if mixture.column_names is None else mixture._rows
        source = stream_of(x, sample_weight, own or labels is not None, named)
    if isinstance(source, Stream):
        if labels is not None:
            raise ValueError(
                "labels must be left out where x comes in blocks; pass the data as "
                "one array"
            )
        source.check(partial(_check_whole, mixture))
        source.require_digits(source.survey.eps)
        columns = source.survey.kept.shape[1:]
    else:
        data, sample_weight = mixture._rows(x), weight_of(x, sample_weight)
        if isinstance(data, Intervals):
            _require_cdfs(mixture)
        weight = None
        if sample_weight is not None:
            weight = as_sample_weight(sample_weight, len(data))
        try:
            for _ in Rows(data, weight).map(partial(_check, mixture)):
                pass
        except ValueError:
            _check(mixture, data, weight)  # says where, counted from the first row
            raise
        if data.ndim == 2 and not isinstance(data, Intervals):
            whole = data if weight is None else data[weight > 0]
            require_seen(whole, mixture.column_names)
        level = as_weights(weight, len(data))
        require_one_measure(_parts(mixture), data, mixture.column_names, level)
        z = None if labels is None else as_labels(labels, len(data), mixture)
        source = compress(data, weight, z)
        source.require_digits(eps_of(x))
        columns = () if isinstance(data, Intervals) else data.shape[1:]
    if columns:
        mixture = mixture.sized(columns[0])
    require_agreement(mixture)
    unknown = sum(c.n_free > 0 for c in mixture.components)
    if unknown > source.n:
        raise ValueError(
            "there must be at least as many observations as components to learn, got "
            f"{source.n} observations and {unknown} such components; use fewer "
            "components or more data"
        )
    return mixture, source


def as_labels(labels: ArrayLike, n: int, mixture: Mixture) -> NDArray[np.intp]:
    """Which component made each observation, shape (n,); -1 or masked is unknown."""
    masks = sys.modules.get("numpy.ma")  # without a look: to load it takes a while
    if masks and isinstance(labels, masks.MaskedArray):
        labels = np.where(masks.getmaskarray(labels), -1, masks.getdata(labels))
    values = as_numbers(labels, "labels")
    K = len(mixture.components)
    if values.shape != (n,):
        raise ValueError(
            f"labels must be one number an observation, shape ({n},), got shape "
            f"{values.shape}"
        )
    require(
        np.isin(values, np.arange(-1, K)),
        values,
        f"labels must be the number of a component, 0 to {K - 1}, or -1 (unknown)",
        "code them so",
        name="labels",
    )
    idle = np.setdiff1d(np.arange(K), values)
    if len(idle) and not (values < 0).any() and learns(mixture.components[idle[0]]):
        raise ValueError(
            f"each component to learn must have an observation, got no label {idle[0]} "
            "and none that is unknown (-1); leave that component out"
        )
    return values.astype(np.intp)


def _require_cdfs(mixture: Mixture) -> None:
    """Raise an error unless every component knows the probability of an interval."""
    for _, component in leaves(mixture):
        if getattr(type(component), "_cdf", Component._cdf) is Component._cdf:
            raise TypeError(
                "Binned and Censored data need components of one number that have a "
                f"distribution function, and {component!r:.80} has none"
            )


def _check(mixture: Mixture, x: Array, weight: Array | None) -> None:
    """Raise an error unless the model can learn from these rows."""
    data = mixture._rows(x)
    mixture.check_support(data, as_weights(weight, len(data)))


def _check_whole(mixture: Mixture, x: Array, weight: Array | None) -> None:
    """The same of a block, which must have no gaps."""
    remedy = "values that are missing need the data in memory: pass one array"
    require(~np.isnan(x), x, "x must be finite", remedy)
    _check(mixture, x, weight)
    require_one_measure(_parts(mixture), x, None, as_weights(weight, len(x)))


def _parts(mixture: Mixture) -> list[Any]:
    """The components that are no mixtures, of mixtures within too."""
    return [component for _, component in leaves(mixture)]


def require_agreement(mixture: Mixture) -> None:
    """Raise an error unless what is shared or tied is so among components alike,
    at whatever depth they stand: the engine shares across nested mixtures."""
    components = [component for _, component in leaves(mixture)]
    kinds: dict[Any, Any] = {}
    for component in components:
        for name, shared in getattr(component, "shares", {}).items():
            here = (component.kind(), name)
            if kinds.setdefault(shared, here) != here:
                raise ValueError(
                    f"Shared({shared!r}) must stand for one parameter of one family, "
                    f"got {here[0][0].__name__}.{name} and "
                    f"{kinds[shared][0][0].__name__}.{kinds[shared][1]}; use two names"
                )
    for alike in tied(components):
        model = alike[0].model
        if is_tied(model) and len({c._is_blank("cov") for c in alike}) > 1:
            raise ValueError(
                f"the components of covariance {model} must all have cov blank, or "
                "all given, got both; give those with a known cov another covariance"
            )


def as_start(model: Mixture, start: Mixture, name: str) -> Mixture:
    """`start`, if it has a value everywhere and agrees with all that `model` gives."""
    _require_same_parts(model, start, name)
    start._require_complete(name)
    _require_kept(model, start, name)
    return start


def _require_same_parts(template: Mixture, filled: Any, name: str) -> None:
    """Raise an error unless `filled` is a mixture of as many parts, nested alike."""
    size = len(template.components)
    if not isinstance(filled, Mixture) or len(filled.components) != size:
        raise ValueError(
            f"{name} must be a Mixture of {size} components as mixture is, got "
            f"{filled!r:.120}"
        )
    pairs = zip(template.components, filled.components, strict=True)
    for k, (inner, part) in enumerate(pairs):
        if isinstance(inner, Mixture):
            _require_same_parts(inner, part, f"components[{k}] of {name}")


def _require_kept(template: Mixture, filled: Mixture, name: str, at: str = "") -> None:
    """Raise an error unless `filled` agrees with all that `template` gives."""
    given, seen = template.weights, filled.weights
    if given is not None and not np.allclose(given, seen, rtol=0, atol=1e-12):  # type: ignore[arg-type]
        raise ValueError(
            f"{name} must keep the weights that mixture gives, {given}, got {seen}"
        )
    pairs = zip(template.components, filled.components, strict=True)
    for k, (inner, part) in enumerate(pairs):
        where = f"{at}components[{k}]"
        if isinstance(inner, Mixture):
            _require_kept(inner, part, name, f"{where}.")
        elif not _keeps(inner, part):
            raise ValueError(
                f"{name} must keep what mixture gives: {where} is {inner!r} in "
                f"mixture and {part!r} in {name}"
            )


def _keeps(template: Any, filled: Any) -> bool:
    """Is `filled` of the kind of `template`, with the same values where given?"""
    if type(filled) is not type(template):
        return False
    if not isinstance(template, Component):  # what the reader's own class was given
        return True  # is not known here
    blanks = template.blanks
    try:
        same = {name: filled.value_of(name) for name in blanks}
    except KeyError:  # of other columns
        return False
    kept: bool = filled == (template.filled(same) if blanks else template)
    return kept


def _firsts(
    engine: Engine, start: Mixture | None, starts: int | None, rng: Rng
) -> list[State]:
    """The states to climb from."""
    model = engine.model
    if start is not None:
        if starts is not None:
            raise ValueError("give start or starts, not both: start is the only one")
        return [engine.vector.project(engine.state(as_start(model, start, "start")))]
    generator = as_rng(rng)
    if not any(c.n_free for _, c in leaves(model)):
        as_count(1 if starts is None else starts, "starts", 1)
        return [engine.state(level_start(model))]  # concave in the weights: one summit
    count = as_count(_STARTS if starts is None else starts, "starts", 1)
    guided = _guided(engine)
    if guided is None:
        return list(random_starts(engine, count, generator))
    return [guided, *random_starts(engine, count - 1, generator)]


def _spread_labels(rows: Rows) -> NDArray[np.intp]:
    """The labels, and for rows without one that of the labelled row nearest to it: an
    end of a support that does not reach to them would never do so later."""
    labels = rows.labels
    assert labels is not None
    seen = np.flatnonzero(labels >= 0)
    points = rows.whole.x.reshape(len(labels), -1)
    points = points / np.where(points.std(axis=0) > 0, points.std(axis=0), 1.0)
    near = [((points[seen] - p) ** 2).sum(axis=1).argmin() for p in points]
    return np.where(labels >= 0, labels, labels[seen][near]) if len(seen) else labels


def _guided(engine: Engine) -> State | None:
    """Each component as fitted to the rows that are labelled as its own, where some is
    a mixture, whose own components no label tells; None where there are too few."""
    rows, model = engine.source, engine.model
    if not isinstance(rows, Rows) or rows.labels is None:
        return None
    nested = any(isinstance(c, Mixture) and c.n_free for c in model.components)
    if not (nested or model.edges_move):
        return None
    labels = rows.labels if nested else _spread_labels(rows)
    parts = []
    for k, component in enumerate(model.components):
        mine = labels == k
        try:
            parts.append(
                component.fit(rows.x[mine], rows.weights[mine])
                if learns(component)
                else component
            )
        except ValueError:  # none of its rows is labelled, or too few
            return None
    level = level_start(model)
    try:
        return engine.vector.project(engine.state(Mixture(parts, level.weights)))
    except ValueError:
        return None


def in_order(model: Mixture, filled: Mixture) -> Mixture:
    """The same distribution with interchangeable components by increasing mean.

    Components that the model does not tell apart come in no order of their own; this
    one is the same in every run. Nothing moves where the weights are given.
    """
    if model.weights is not None:
        return filled
    order = list(range(len(filled.components)))
    for k, template in enumerate(model.components):
        places = [j for j, c in enumerate(model.components) if c == template]
        if places[0] < k or len(places) == 1:
            continue
        ranked = sorted(places, key=lambda j: rank_of(filled.components[j]))
        for place, found in zip(places, ranked, strict=True):
            order[place] = found
    components = [filled.components[k] for k in order]
    return Mixture(components, filled.weights[order])  # type: ignore[index]
