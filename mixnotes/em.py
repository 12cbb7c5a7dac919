"""Expectation-maximization: `em_step` is one step in the open, `em` is the whole climb.

For the reader of chapters 3 to 5. The log-likelihood never falls, and the climb stops
on the estimated distance still to go, not on the size of a step.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mixnotes.check import Array, Rng, as_count, as_rng, as_sample_weight
from mixnotes.climb import Climb
from mixnotes.component import Component
from mixnotes.fit import Fit
from mixnotes.mixture import Mixture, expect, impossible, moments_of
from mixnotes.sums import Rows, compress

_STARTS = 10  # random starts where the likelihood can have several summits


def em_step(
    mixture: Mixture,
    current: Mixture,
    x: ArrayLike,
    sample_weight: ArrayLike | None = None,
) -> Mixture:
    """The mixture after one EM step: responsibilities, then weighted fits.

    `mixture` says what is given and what is blank; `current` has values everywhere.
    """
    model, rows, data = _checked(mixture, x, sample_weight)
    here = _checked_start(model, current, "current")
    _require_possible(here, rows, data)
    joint = expect(model.bind_joint(rows.x)(here), rows.weight)[1]
    return model.maximise(rows.x, joint, here)


def em(
    mixture: Mixture,
    x: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    start: Mixture | None = None,
    starts: int | None = None,
    rng: Rng = 0,
    tol: float = 1e-8,
    max_iter: int = 10_000,
    accelerate: bool = True,
) -> Fit:
    """The maximum-likelihood values of what `mixture` leaves blank, as a `Fit`.

    x: observations, shape (n,). sample_weight: how often each counts, shape (n,).
    start: a mixture with values everywhere to climb from. Without it the best of
    `starts` random ones is kept (1 where only weights are blank, for then there is
    one summit; else 10). They are drawn from `rng`, a seed or a Generator: the same
    call gives the same answer.
    tol: stop when the learned values are estimated to be this near to their limit;
    weights and probabilities as they are, others in standard deviations of the data.
    max_iter: at most so many steps a start. accelerate: extrapolate (SQUAREM) where
    that raises the log-likelihood; False is plain EM.

    Not converging is told by the `Fit`, not raised.
    Source: Dempster, Laird and Rubin (1977); Varadhan and Roland (2008).

        fit = em(Mixture([Bernoulli(0.8), Bernoulli(0.3)]), marbles)
        fit.mixture.weights
    """
    model, rows, data = _checked(mixture, x, sample_weight)
    if not model.n_free:
        raise ValueError(
            f"mixture must have a blank to learn, got {model!r}; leave a parameter or "
            "the weights out, or call mixture.blank()"
        )
    max_iter = as_count(max_iter, "max_iter", 1)
    if isinstance(tol, bool) or not isinstance(tol, int | float) or not 0 < tol < 1:
        raise ValueError(f"tol must be a number between 0 and 1, got {tol!r}")
    climb = Climb(model, rows, float(tol), max_iter, accelerate)
    firsts = _firsts(model, rows, start, starts, rng)
    for first in firsts:
        _require_possible(first, rows, data)
    ends = [climb.run(first) for first in firsts]
    best = max(ends, key=lambda end: (not end.collapsed, end.log_likelihood))
    filled = best.mixture if start is not None else in_order(model, best.mixture)
    return Fit.of(model, filled, rows, best, tuple(ends))


def _checked(
    mixture: Mixture, x: ArrayLike, sample_weight: ArrayLike | None
) -> tuple[Mixture, Rows, Array]:
    """The model, its data as distinct rows, and the data as they came."""
    if not isinstance(mixture, Mixture):
        raise TypeError(
            f"mixture must be a Mixture, got {mixture!r:.80}; write "
            "Mixture([component, component])"
        )
    data = mixture._rows(x)
    weight = as_sample_weight(sample_weight, len(data))
    mixture.check_support(data, weight)
    rows = compress(data, weight)
    unknown = sum(c.n_free > 0 for c in mixture.components)
    if unknown > rows.n:
        raise ValueError(
            "there must be at least as many observations as components to learn, got "
            f"{rows.n} observations and {unknown} such components; use fewer "
            "components or more data"
        )
    return mixture, rows, data


def _require_possible(mixture: Mixture, rows: Rows, data: Array) -> None:
    """Raise an error that names the first observation no component can produce."""
    possible = np.isfinite(mixture.bind(rows.x)(mixture))
    if not possible.all():
        value = rows.x[int(np.argmin(possible))]
        same = (data == value).reshape(len(data), -1).all(axis=1)
        raise impossible(int(np.argmax(same)), value, len(mixture.components))


def _checked_start(model: Mixture, start: Mixture, name: str) -> Mixture:
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
    kept: bool = template == (filled.blank(*blanks) if blanks else filled)
    return kept


def _firsts(
    model: Mixture, rows: Rows, start: Mixture | None, starts: int | None, rng: Rng
) -> list[Mixture]:
    """The mixtures to climb from."""
    if start is not None:
        if starts is not None:
            raise ValueError("give start or starts, not both: start is the only one")
        return [_checked_start(model, start, "start")]
    generator = as_rng(rng)
    if not any(c.n_free for c in model.components):
        as_count(1 if starts is None else starts, "starts", 1)
        k = len(model.components)  # concave in the weights: one summit, one start
        return [Mixture(model.components, np.full(k, 1 / k))]
    count = as_count(_STARTS if starts is None else starts, "starts", 1)
    return [random_start(model, rows, generator) for _ in range(count)]


def random_start(model: Mixture, rows: Rows, rng: np.random.Generator) -> Mixture:
    """A first guess: seeds far apart (k-means++), each component fitted around one.

    Some noise in the shares keeps components apart that got equal seeds.
    Source: Arthur and Vassilvitskii (2007).
    """
    m, k = len(rows.x), len(model.components)
    unknown = [i for i, c in enumerate(model.components) if c.n_free]
    seeds = _spread_seeds(rows, len(unknown), rng)
    points = rows.x.reshape(m, -1)
    nearest = ((points[:, None, :] - points[seeds]) ** 2).sum(axis=2).argmin(axis=1)
    share = np.zeros((k, m))
    share[unknown] = 0.3 * rng.dirichlet(np.ones(len(unknown)), m).T
    share[np.array(unknown)[nearest], np.arange(m)] += 0.7
    share[unknown] = _within_support(model, rows.x, share)[unknown]
    filled = model.maximise(rows.x, share * rows.weight, None)
    if model.weights is None and len(unknown) < k:  # known components start level
        return Mixture(filled.components, np.full(k, 1 / k))
    return filled


def _within_support(model: Mixture, x: Array, share: Array) -> Array:
    """The shares, shape (K, m), with those of impossible observations given to others.

    A binomial fitted to values above its n has p = 1, and EM never leaves an edge.
    """
    tests = [getattr(c, "inside", None) for c in model.components]
    inside = np.array([t(x) if t else np.ones(len(x), dtype=bool) for t in tests])
    inside |= ~inside.any(axis=1, keepdims=True)  # a component that none suits
    kept: Array = share * inside
    total = kept.sum(axis=0)
    kept /= np.where(total > 0, total, 1.0)
    return kept


def _spread_seeds(rows: Rows, k: int, rng: np.random.Generator) -> list[int]:
    """Positions of k observations, each drawn in proportion to its squared distance
    from those drawn before."""
    points = rows.x.reshape(len(rows.x), -1)
    seeds = [int(rng.choice(len(points), p=rows.weight / rows.weight.sum()))]
    distance = np.full(len(points), np.inf)
    while len(seeds) < k:
        distance = np.minimum(distance, ((points - points[seeds[-1]]) ** 2).sum(axis=1))
        pull = rows.weight * distance
        total = pull.sum()
        p = pull / total if total > 0 else rows.weight / rows.weight.sum()
        seeds.append(int(rng.choice(len(points), p=p)))
    return seeds


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
        if places[0] < k or len(places) == 1 or not _has_moments(template):
            continue
        ranked = sorted(places, key=lambda j: moments_of(filled.components[j]))
        for place, found in zip(places, ranked, strict=True):
            order[place] = found
    components = [filled.components[k] for k in order]
    return Mixture(components, filled.weights[order])  # type: ignore[index]


def _has_moments(component: Any) -> bool:
    if isinstance(component, Mixture):
        return all(_has_moments(part) for part in component.components)
    return hasattr(component, "moments")
