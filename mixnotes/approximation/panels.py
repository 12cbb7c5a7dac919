"""A form of a density, checked, normalised and cut into panels: a `Target`."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from mixnotes.approximation.breaks import breaks
from mixnotes.approximation.forms import CdfError, Form, as_support, form_of, vectorised
from mixnotes.approximation.levels import levels, require
from mixnotes.approximation.quadrature import is_narrow, nodes_on, refine
from mixnotes.approximation.target import Function, Target
from mixnotes.numeric.arrays import Array

_FAR = 1e100  # how far out a tail is followed


def as_target(
    density: Any,
    support: Any = None,
    cdf: Any = None,
    variation: float | None = None,
    curvature: float | None = None,
) -> Target:
    """What `approximate` was handed, as a Target; see there for the forms."""
    form = form_of(density)
    of_library = form.proper and cdf is None
    if cdf is not None:
        form.cdf = vectorised(cdf, "cdf")
    for name, bound in (("variation", variation), ("curvature", curvature)):
        if bound is not None:
            if not (isinstance(bound, int | float) and 0 < bound < math.inf):
                raise ValueError(
                    f"{name} must be a finite bound above 0, got {bound!r}; leave it "
                    "out where none is known: the error is then measured"
                )
            setattr(form, name, float(bound))
    if support is not None:
        form.support, form.notes = as_support(support), ()
        if curvature is None:  # a mixture's own: a cut adds jumps
            form.curvature = None
    try:
        return _target_of(form)
    except CdfError as error:
        if not of_library:
            raise
        form.cdf = None  # a library's was poor: the density alone will do
        target = _target_of(form)
        return replace(target, notes=(*target.notes, f"cdf left unused: {error}"))


def _target_of(form: Form) -> Target:
    """Checked, normalised, and cut into panels."""
    pdf = _inside(form)
    rough = levels(form, pdf)
    core = _core(rough, form)
    low, high, masses = _panels(form, pdf, rough)
    integral = float(masses.sum())
    off = abs(integral - 1) > 1e-6
    notes = (f"the density integrates to {integral:.8g}; it was divided by that",)

    def normalised(x: Array) -> Array:
        return pdf(x) / integral

    jumps, poles = breaks(normalised, low, high, core, form.support)
    cdf = None if form.cdf is None else _checked_cdf(form, low, high, masses)
    # (1 + 2e-6) is for an integral that is 1 but for 1e-6, and its own error
    scale = (1 + 2e-6) / (integral if off else 1.0)
    target = Target(
        normalised,
        form.support,
        low,
        high,
        masses / integral,
        cdf=cdf,
        variation=scale * form.variation if form.variation else None,
        curvature=scale * form.curvature if form.curvature else None,
        jumps=jumps,
        poles=poles,
        notes=form.notes + (notes if off else ()),
    )
    _require_bounds(target, rough)
    return target


def _inside(form: Form) -> Function:
    """The function, 0 outside of its support."""
    low, high = form.support

    def pdf(x: Array) -> Array:
        values = np.zeros(len(x))
        inside = (x >= low) & (x <= high)
        if inside.any():
            values[inside] = form.pdf(x[inside])
        if np.isposinf(values).any():
            values = _off_poles(form.pdf, x, values, inside)
        return values

    return pdf


def _off_poles(pdf: Function, x: Array, values: Array, inside: Any) -> Array:
    """The function with infinite values replaced by those a few roundings away, where
    these are finite.
    """
    at = np.flatnonzero(np.isposinf(values) & inside)
    beside = 8 * np.spacing(np.abs(x[at]))
    for side in (-1, 1):
        near = pdf(x[at] + side * beside)
        values[at] = np.where(np.isfinite(near) & (near > 0), near, values[at])
    return values


def _core(rough: Array, form: Form) -> float:
    """The range between the quartiles."""
    core = float(np.subtract(*np.quantile(rough, [0.75, 0.25])))
    if not (core > 0 and core > 1e-12 * abs(np.median(rough))):
        raise (ValueError if form.cdf is None else CdfError)(
            "the density must spread over more than rounding, got half of it within "
            f"{core:g} of {np.median(rough):g}; shift it to 0, or widen it"
        )
    return core


def _panels(form: Form, pdf: Function, rough: Array) -> tuple[Array, Array, Array]:
    """The panels' ends and their masses, not normalised."""
    low, high = form.support

    def checked(x: Array) -> Array:
        values = pdf(x)
        require(np.isfinite(values), values, x, "finite")
        require(values >= 0, values, x, "not negative")
        return values

    outer = _outer(form, pdf, rough)
    edges = np.unique(np.concatenate([_graded(rough), form.edges, *outer]))
    edges = edges[(edges >= low) & (edges <= high)]
    total = _integral(checked, edges, 1e-6, np.inf)[2].sum()
    if not (total > 0 and math.isfinite(total)):
        raise ValueError(
            f"the density must have a finite integral above 0, got {total:g}; divide "
            "it by its maximum first"
        )
    left, right, masses = _integral(checked, edges, 1e-12, total)
    _require_integrable(left, right, masses, form)
    return left, right, masses


def _graded(edges: Array) -> Array:
    """Edges with more of them added where a panel is far wider than its neighbour."""
    width = np.diff(edges)
    more = [edges]
    for i in range(1, len(width) - 1):
        for start, beside, side in (
            (edges[i], width[i - 1], 1),
            (edges[i + 1], width[i + 1], -1),
        ):
            if 0 < 3 * beside < width[i]:
                count = int(np.log2(width[i] / beside))
                more.append(start + side * beside * (2.0 ** np.arange(1, count) - 1))
    return np.concatenate(more)


def _outer(form: Form, pdf: Function, rough: Array) -> list[Array]:
    """Edges outside of the levels: up to a finite end, or ever further apart until
    nothing is left of the density.
    """
    outer = []
    low, high = form.support
    x, w = nodes_on(rough[:-1], rough[1:])
    most = float((w.ravel() * np.nan_to_num(pdf(x.ravel()), posinf=0.0)).sum())
    for end, last, beside, side in (
        (low, rough[0], rough[1] - rough[0], -1),
        (high, rough[-1], rough[-1] - rough[-2], 1),
    ):
        if math.isfinite(end):
            outer.append(np.array([end]))
            continue
        octaves = np.arange(0, math.log2(_FAR / beside))
        far = last + side * beside * 2.0**octaves
        ends = np.sort(np.stack([far[:-1], far[1:]]), axis=0)
        x, w = nodes_on(ends[0], ends[1])
        values = np.nan_to_num(pdf(x.ravel()), posinf=0.0).reshape(w.shape)
        little = (w * values).sum(axis=1) < 1e-17 * most
        ends_at = np.flatnonzero(little[:-2] & little[1:-1] & little[2:])
        outer.append(far[: ends_at[0] + 3] if len(ends_at) else far)
    return outer


def _integral(
    pdf: Function, edges: Array, share: float, total: float
) -> tuple[Array, Array, Array]:
    """The panels and the integrals over them, rough ones at first where the total is
    not known.
    """
    if not math.isfinite(total):
        x, w = nodes_on(edges[:-1], edges[1:])
        with np.errstate(over="ignore"):
            coarse = float((w * pdf(x.ravel()).reshape(w.shape)).sum())
        total = coarse if 0 < coarse < math.inf else 1.0
    low, high = refine(pdf, edges, share * total)
    x, w = nodes_on(low, high)
    masses = (w * pdf(x.ravel()).reshape(w.shape)).sum(axis=1)
    kept = np.flatnonzero(masses > 1e-17 * masses.sum())
    if not len(kept):
        return low, high, masses
    part = slice(kept[0], kept[-1] + 1)
    return low[part], high[part], masses[part]


def _require_integrable(low: Array, high: Array, masses: Array, form: Form) -> None:
    total = masses.sum()
    for side, end, mass in ((low[0], form.support[0], masses[0]),
                            (high[-1], form.support[1], masses[-1])):  # fmt: skip
        if math.isinf(end) and abs(side) > _FAR / 4 and mass > 1e-9 * total:
            raise ValueError(
                "the density must have a finite integral, got a tail that still holds "
                f"{mass / total:.2g} of it beyond {side / 2:.3g}; give a finite support"
            )
    narrow = is_narrow(low, high)
    worst = int(np.argmax(np.where(narrow, masses, 0.0)))
    if narrow[worst] and masses[worst] > 1e-6 * total:
        raise ValueError(
            "the density must have a finite integral, got one that grows without "
            f"bound at x = {low[worst]:.12g}: {masses[worst] / total:.2g} of it lies "
            "within rounding of that; leave the place out by `support`, or move a "
            "pole that can be integrated to 0"
        )


def _checked_cdf(form: Form, low: Array, high: Array, masses: Array) -> Function:
    """The distribution function on the support, from 0 to 1, checked."""
    raw, ends = form.cdf, np.array(form.support)
    assert raw is not None
    first, last = raw(ends)
    masses = masses / masses.sum()
    left, right = raw(low), raw(high)
    if not np.isfinite([*left, *right]).all() or (np.diff(left) < -1e-12).any():
        raise CdfError("cdf must rise from 0 to 1 and be finite, got one that is not")
    rises = (right - left) / (last - first)
    apart = np.abs(rises - masses)
    worst = int(np.argmax(apart))
    if apart.sum() > 1e-7:
        raise CdfError(
            "cdf must be the integral of the density, got a probability of "
            f"{rises[worst]:.9g} between {low[worst]:g} and {high[worst]:g} where the "
            f"density has {masses[worst]:.9g}; mend one, or leave cdf out"
        )

    def cdf(x: Array) -> Array:
        values = raw(np.clip(x, *ends))
        return np.clip((values - first) / (last - first), 0.0, 1.0)

    return cdf


def _require_bounds(target: Target, x: Array) -> None:
    """Raise an error for a variation or a curvature that is below what a hundred places
    already show: it is no bound.
    """
    x = x[np.append(True, np.diff(x) > 1e-6 * (x[-1] - x[0]))]
    f = target.pdf(x)
    slopes = np.diff(f) / np.diff(x)
    if target.curvature is not None and target.jumps:
        raise ValueError(
            "curvature must be left out where the density jumps, as it does at x = "
            f"{target.jumps[0].place:.6g}; give variation, which counts a jump by "
            "its height"
        )
    for name, bound, seen in (
        ("variation", target.variation, np.abs(np.diff(f, prepend=0, append=0)).sum()),
        ("curvature", target.curvature, np.abs(np.diff(slopes)).sum()),
    ):
        if bound is not None and bound < seen * (1 - 1e-6):
            raise ValueError(
                f"{name} must be a bound from above, got one of {bound:.6g} for the "
                f"normalised density where some hundred places show {seen:.6g}; give a "
                "larger one, or leave it out: the error is then measured"
            )
