"""Expectation-maximization: `em_step` is one step in the open, `em` is the whole climb.

For the reader of chapters 3 to 5. The log-likelihood never falls, and the climb stops
on the estimated distance still to go, not on the size of a step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixnotes.components.hooks import Hooks
from mixnotes.components.mixture import Mixture
from mixnotes.data.check import Rng, as_count, as_rng
from mixnotes.data.intervals import Intervals
from mixnotes.data.sources import Rows, Source
from mixnotes.data.table import column_names
from mixnotes.families.truncated import as_mixture
from mixnotes.fitting.engine import Engine
from mixnotes.fitting.escape import escape
from mixnotes.fitting.exclusion import require_possible
from mixnotes.fitting.fit import Fit
from mixnotes.fitting.heats import race
from mixnotes.fitting.inputs import Data, as_start, checked
from mixnotes.fitting.progress import watcher
from mixnotes.fitting.race import Manner
from mixnotes.fitting.run import RunResult, Settings, Step
from mixnotes.fitting.starts import (
    level_start,
    random_starts,
    sample_of,
    usual_count,
)
from mixnotes.fitting.tree import in_order, leaves
from mixnotes.fitting.truncation import is_whole, of_whole, require_free
from mixnotes.fitting.vector import State
from mixnotes.numeric.arrays import quiet
from mixnotes.numeric.threads import one_blas_thread
from mixnotes.numeric.ties import ties_with

DEFAULT = Settings(1e-8, 10_000, True)  # when a run stops


def em_step(
    mixture: Mixture,
    current: Mixture,
    x: Data,
    sample_weight: ArrayLike | None = None,
    labels: ArrayLike | None = None,
    groups: Any = None,
    covariates: Any = None,
) -> Mixture:
    """The mixture after one EM step: responsibilities, then weighted fits.

    Args:
        mixture: the model, which says what is given and what is blank.
        current: the same mixture with values everywhere.
        x: observations, shape (n,), rows (n, d), columns by name; `Censored` or
            `Binned`.
        sample_weight: how often each observation counts, shape (n,); once if left out.
        labels: which component made each observation, shape (n,), whole numbers from 0;
            -1 where that is not known; or what is known of it, (n, K), as for `em`. If
            left out no label is.
        groups: which rows have one label, as for `em`; each has its own if left out.
        covariates: the columns by name that the weights depend on, where x does not
            hold them.

    Returns:
        A mixture with values everywhere. The log-likelihood of x is not lower under it
        than under `current`.

    Examples:
        >>> import mixnotes as mx
        >>> bag = mx.Mixture([mx.Bernoulli(0.8), mx.Bernoulli(0.3)])
        >>> half = mx.Mixture(bag.components, weights=[0.5, 0.5])
        >>> mx.em_step(bag, half, [1] * 591 + [0] * 409).weights.round(3)
        array([0.521, 0.479])
    """
    model, source = checked(mixture, x, sample_weight, labels, groups, covariates)
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
    groups: Any = None,
    covariates: Any = None,
    start: Mixture | None = None,
    starts: int | None = None,
    rng: Rng = 0,
    tol: float = 1e-8,
    max_iter: int = 10_000,
    accelerate: bool = True,
    nearest: int | None = None,
    progress: bool = False,
    callback: Callable[[Step], object] | None = None,
) -> Fit:
    """The maximum-likelihood values of what `mixture` leaves blank, as a `Fit`.

    The log-likelihood never falls on the way. Not converging is told by the `Fit`, not
    raised. The same call gives the same answer.

    Source: Dempster, Laird and Rubin (1977); Anderson (1965), for longer steps.

    Args:
        mixture: the model, which says what is given and what is blank; a `Truncated`
            mixture is one, too.
        x: observations, shape (n,), rows (n, d), or columns by name where the
            components name them; `Binned` or `Censored`; or blocks of rows that can be
            read again in every pass.
        sample_weight: how often each observation counts, shape (n,); once if left out.
        labels: which component made each observation, shape (n,), whole numbers from 0;
            -1 (or masked) where that is not known. Where it is, log p(x, z) takes the
            place of log p(x). Or what is known of each label, shape (n, K): True for
            each component that is allowed, or P(what was seen of the label | z = k);
            then log p(x) is log sum_k labels[i, k] p(x_i, z = k). If left out no label
            is known.
        groups: which rows have one label, such as those of a subject: the name of a
            column, or one value a row, shape (n,). sample_weight is then how often a
            row counts in its group. Each row has a label of its own if left out.
        covariates: the columns by name that the weights depend on (see `Gate`), where x
            does not hold them.
        start: a mixture with values everywhere to climb from; what the model ties is
            made equal in it first. If left out, starts are drawn.
        starts: how many starts to draw, of which the best is kept. If left out it is 1
            where only weights are blank, for then there is one maximum; else up to 24,
            fewer where a step is much work, and no more where most of the first few
            agree on one summit.
        rng: a seed or a numpy Generator, from which the starts are drawn.
        tol: the climb stops when the learned values are estimated to be this near to
            their limit: weights and probabilities as they are, others in standard
            deviations of the data. It also stops, and says so, where all that a step
            still changes is rounding; 0 asks for that.
        max_iter: at most so many steps a start.
        accelerate: True to extrapolate where that raises the log-likelihood, and to
            leave starts that fall behind others on the way (`Fit.starts` says how far
            they came); False for plain EM, from each start to its end.
        nearest: how many components look at each row in a step, for mixtures of
            hundreds: those that come next for the rows whose likeliest component is
            the same. Where the climb ends all are looked at, and where others hold
            more than 1e-6 nats the number is doubled and the climb goes on.
            One start is drawn if `starts` is left out. All look at each if left out.
        progress: True to show a bar, which needs tqdm.
        callback: a function that is called with a `Step` after each step of each start,
            which go on in turns; none if left out.

    Returns:
        The filled mixture, its log-likelihood, and how the climb ended.

    Raises:
        ValueError: where nothing is blank, or x is impossible under the mixture.

    Examples:
        >>> import mixnotes as mx
        >>> bag = mx.Mixture([mx.Bernoulli(0.8), mx.Bernoulli(0.3)])  # no weights
        >>> fit = mx.em(bag, [1] * 591 + [0] * 409)
        >>> fit.mixture.weights.round(3)
        array([0.582, 0.418])
        >>> print(f"{fit.log_likelihood:.4f} {fit.converged}")
        -676.4925 True
    """
    require_free(mixture, labels, groups)
    if start is None and is_whole(mixture):
        options: dict[str, Any] = {"groups": groups, "covariates": covariates}
        options["labels"] = labels
        options |= {"starts": starts, "rng": rng, "tol": tol, "max_iter": max_iter}
        options |= {"accelerate": accelerate, "progress": progress, "nearest": nearest}
        return _em_of_whole(
            mixture, x, sample_weight=sample_weight, callback=callback, **options
        )
    model, source = checked(mixture, x, sample_weight, labels, groups, covariates)
    named = start is not None or labels is not None  # the components have an order
    settings = Settings(
        _as_tol(tol), as_count(max_iter, "max_iter", 1), accelerate,
        nearest=None if nearest is None else as_count(nearest, "nearest", 1),
    )  # fmt: skip
    if nearest is not None and start is None and starts is None:
        starts = 1
    fit = em_rows(
        model, source, start, starts, rng, settings, named, (progress, callback)
    )
    names = None if model.column_names else column_names(x)
    return replace(fit, columns=tuple(names)) if names else fit


def em_rows(
    model: Mixture,
    source: Source,
    start: Mixture | None = None,
    starts: int | None = None,
    rng: Rng = 0,
    settings: Settings = DEFAULT,
    named: bool = True,
    watchers: tuple[bool, Callable[[Step], object] | None] = (False, None),
) -> Fit:
    """What `em` finds, of a model and data that have been checked; `named` components
    keep their order."""
    if not model.n_free:
        raise ValueError(
            f"mixture must have a blank to learn, got {model!r}; leave a parameter or "
            "the weights out, or call mixture.blank()"
        )
    engine = Engine(model, source)
    manner = Manner(ordered=named, fixed=starts is not None)
    small, firsts, count = _firsts(engine, start, starts, rng)
    with one_blas_thread(), watcher(*watchers, count) as watch:
        settings = replace(settings, watch=watch)
        results = race(firsts, count, engine, small, settings, manner)
        best = _best(results)
        if settings.escapes:
            results[best] = escape(engine, results[best], settings, best)
    result = results[best]
    if not result.collapsed:
        words = _limits(engine, result.mixture) + _remarks(engine)
        result = replace(result, reason=result.reason + words)
    filled = result.mixture if named else in_order(model, result.mixture)
    return Fit.of(model, filled, engine.source, result, tuple(results))


def _em_of_whole(mixture: Mixture, x: Any, **options: Any) -> Fit:
    """`em` of a truncated mixture, by that of its truncated components."""
    mixture = as_mixture(mixture)
    part: Any = mixture.parts[0]
    return of_whole(mixture, em(part.apart(), x, **options))


def _as_tol(tol: Any) -> float:
    """A tolerance, a finite number not below 0."""
    if isinstance(tol, bool) or not (
        isinstance(tol, int | float) and 0 <= tol < math.inf
    ):
        raise ValueError(
            f"tol must be a number not below 0, got {tol!r}; 0 takes steps until only "
            "rounding moves"
        )
    return float(tol)


def _limits(engine: Engine, filled: Mixture) -> str:
    """Which components ended where a parameter is infinite, in words."""
    model, label = engine.model, engine.weights.label
    found = dict.fromkeys(
        c.limit
        for (_, template), (_, c) in zip(leaves(model), leaves(filled), strict=True)
        if c.limit and template.n_free and not template.limit
    )
    if label is not None:
        words = label.limit(filled.label_value)
        found |= {words: None} if words else {}
    return "".join(f"; at a limit: {words}" for words in found)


def _remarks(engine: Engine) -> str:
    """What a user should know of a family on such data, in words."""
    rows = engine.source
    if not isinstance(rows, Rows) or isinstance(rows.x, Intervals):
        return ""
    speak = [c for _, c in engine.leaves if type(c).remark is not Hooks.remark]
    weights = rows.weights if speak else np.empty(0)  # of many rows not for nothing
    found = dict.fromkeys(component.remark(rows.x, weights) for component in speak)
    return "".join(f"; note: {words}" for words in found if words)


def _best(results: list[RunResult]) -> int:
    """Which start ended highest: of those that agree the first that converged, so that
    rounding does not choose; one that collapsed never wins over others."""
    followed = [r for r in results if not (r.left or r.joined)]
    standing = [r for r in followed if not r.collapsed] or results
    top = max(r.log_likelihood for r in standing)
    level = [r for r in standing if ties_with(r.log_likelihood, top)]
    chosen = next((r for r in level if r.converged), level[0])
    return next(k for k, r in enumerate(results) if r is chosen)


def _firsts(
    engine: Engine, start: Mixture | None, starts: int | None, rng: Rng
) -> tuple[Engine, Iterator[State], int]:
    """The engine that starts are tried on, states of it to climb from, and how many."""
    model = engine.model
    if start is not None:
        if starts is not None:
            raise ValueError("give start or starts, not both: start is the only one")
        first = engine.state(as_start(model, start, "start"))
        return engine, iter([engine.vector.project(first)]), 1
    generator = as_rng(rng)
    if not any(c.n_free for _, c in leaves(model)):
        count = as_count(1 if starts is None else starts, "starts", 1)
        known = _known_starts(engine, None if starts is None else count, generator)
        return engine, iter(known), len(known)
    small = sample_of(engine, generator)
    count = usual_count(small) if starts is None else as_count(starts, "starts", 1)
    guided = _guided(engine)
    if guided is None:
        return small, random_starts(small, count, generator), count
    first = small.state(engine.mixture(guided))
    others = random_starts(small, count - 1, generator)
    return small, chain([first], others), count


def _known_starts(
    engine: Engine, count: int | None, rng: np.random.Generator
) -> list[State]:
    """Where to climb from if all components are known."""
    level = engine.state(level_start(engine.model))
    label = engine.weights.label
    if label is None:
        return [level]  # concave in the weights: one summit
    return [level] + [
        level._replace(weights=[label.random(rng), *level.weights[1:]])
        for _ in range((usual_count(engine) if count is None else count) - 1)
    ]


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
    nested = any(isinstance(c, Mixture) and c.n_free for c in model.parts)
    if not (nested or model.edges_move):
        return None
    labels = rows.labels if nested else _spread_labels(rows)
    parts = []
    for k, component in enumerate(model.parts):
        mine = labels == k
        try:
            parts.append(
                component.fit(rows.x[mine], rows.weights[mine])
                if component.learns
                else component
            )
        except ValueError:  # none of its rows is labelled, or too few
            return None
    level = level_start(model)
    try:
        filled = level.with_parts(parts, level.label_value)
        return engine.vector.project(engine.state(filled))
    except ValueError:
        return None
