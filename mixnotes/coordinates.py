"""The learned values of a mixture as one vector, and back.

Two maps: `natural` measures how far an iterate still moves, `to_line` is where an
extrapolated step can go without leaving the parameter space.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from mixnotes.check import Array
from mixnotes.component import Family
from mixnotes.mixture import Mixture, log_prob_of
from mixnotes.sums import Rows

_TINY = 1e-300  # keeps the logarithm of a weight of 0 finite


def natural(template: Any, filled: Any, scale: float, probe: Array) -> Array:
    """The values that `filled` has where `template` is blank, shape (p,), no units.

    Weights and probabilities as they are; what is measured in the data's unit divided
    by `scale`. A reader's own component is measured by its log-density on `probe`.
    """
    if isinstance(template, Mixture):
        parts = [
            natural(t, f, scale, probe)
            for t, f in zip(template.components, filled.components, strict=True)
        ]
        if template.weights is None:
            parts.append(filled.weights)
        return np.concatenate(parts)
    if isinstance(template, Family):
        units = [scale if d.in_data_units else 1.0 for d in _blank_domains(template)]
        return np.array([filled.given(n) for n in template.blanks]) / units
    return log_prob_of(filled, probe) if template.n_free else np.empty(0)


def has_line(template: Any) -> bool:
    """Is every blank a declared parameter, so that `to_line` can map it?"""
    if isinstance(template, Mixture):
        return all(has_line(c) for c in template.components)
    return isinstance(template, Family) or not template.n_free


def to_line(template: Any, filled: Any, scale: float) -> Array:
    """The learned values mapped to the whole line, shape (p,)."""
    if isinstance(template, Mixture):
        parts = [
            to_line(t, f, scale)
            for t, f in zip(template.components, filled.components, strict=True)
        ]
        if template.weights is None:
            parts.append(np.log(np.maximum(filled.weights, _TINY)))
        return np.concatenate(parts) if parts else np.empty(0)
    if not template.n_free:
        return np.empty(0)
    values = natural(template, filled, scale, np.empty(0))
    return np.array(
        [d.to_line(v) for d, v in zip(_blank_domains(template), values, strict=True)]
    )


def from_line(template: Any, values: Array, scale: float) -> Any:
    """`template` with its blanks filled from values on the line."""
    return _filled(template, iter(values.tolist()), scale)


def _filled(template: Any, values: Iterator[float], scale: float) -> Any:
    if isinstance(template, Mixture):
        components = [_filled(c, values, scale) for c in template.components]
        weights = template.weights
        if weights is None:
            logs = np.array([next(values) for _ in components])
            weights = np.exp(logs - logs.max())
            weights = weights / weights.sum()
        return Mixture(components, weights)
    if not template.n_free:
        return template
    units = [scale if d.in_data_units else 1.0 for d in _blank_domains(template)]
    learned = {
        name: domain.from_line(next(values)) * unit
        for name, domain, unit in zip(
            template.blanks, _blank_domains(template), units, strict=True
        )
    }
    return template.filled(learned)


def _blank_domains(template: Family) -> list[Any]:
    domains = template.domains()
    return [domains[name] for name in template.blanks]


def rate(model: Mixture, limit: Mixture, rows: Rows) -> float:
    """The largest eigenvalue of the derivative of one EM step at its limit."""
    if not has_line(model):
        return float("nan")
    point = to_line(model, limit, rows.scale)
    # A logarithm of 0 stands at -691; its neighbours must be within reach of floats.
    at_edge = np.abs(point) >= -np.log(_TINY) - 1
    point = np.where(at_edge, 60 * np.sign(point), point)

    def stepped(place: Array) -> Array:
        here = from_line(model, place, rows.scale)
        joint = model.expect(here, rows.x, rows.weight)[1]
        return to_line(model, model.maximise(rows.x, joint, here), rows.scale)

    # A value on its way to an edge, 0 or 1, shrinks by a constant factor a step, which
    # on the line is a constant move; the others settle.
    move = np.abs(stepped(point) - point)
    edge = (move > 1e-4) & (np.abs(point) > 10)
    factors = np.exp(-move[edge])
    inner = np.flatnonzero(~edge)
    width = 1e-5
    columns = []
    for k in inner:
        aside = width * (np.arange(len(point)) == k)
        change = stepped(point + aside) - stepped(point - aside)
        columns.append(change[inner] / (2 * width))
    settled = np.array(columns).reshape(len(inner), len(inner))
    eigenvalues = np.abs(np.linalg.eigvals(settled))
    return float(np.max([*factors, *eigenvalues]))
