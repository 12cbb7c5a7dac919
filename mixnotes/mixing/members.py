"""The contract of a ceiling: what a family's templates allow, as a `Track`.

For the author of a family: register a function with `track_of` that makes the track of
a template on observations, or says why the likelihood of such mixtures has no bound.
`places`, `positives` and `counts` do.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch
from typing import Any

import numpy as np

from mixnotes.components.component import Component
from mixnotes.mixing.forms import Form
from mixnotes.mixing.tracks import Line, Listed, Track, Unbounded
from mixnotes.numeric.arrays import Array


@singledispatch
def track_of(template: Any, x: Array, least: float | None) -> Track | Unbounded:
    """The members that a template allows, on observations x (m,); or why the likelihood
    of their mixtures has no bound. `least`: the least value of a blank spread."""
    blanks = ", ".join(getattr(template, "blanks", ())) or "what is not told"
    raise TypeError(
        f"no bound is known for mixtures of {template!r:.80}, which leave {blanks} to "
        "be learned; a ceiling is for components of one number with one such blank, or "
        "with a place and a spread and least_scale"
    )


def track(template: Any, x: Array, least: float | None) -> Track | Unbounded:
    """`track_of`; a component without blanks is the only member of its class."""
    if isinstance(template, Component) and not template.learns:
        return Listed.of([template], x)
    return track_of(template, x, least)


def refuse(template: Any) -> Any:
    """Raise the error for a component for which no bound is known."""
    other: Callable[..., Any] = track_of.dispatch(object)
    return other(template, np.zeros(1), None)


def line(
    template: Any,
    form: Form,
    x: Array,
    read: Callable[[Array], tuple[Any, Any]],
    write: Callable[[float], dict[str, float]],
    q_of: Callable[[Any], float],
    **more: Any,
) -> Line:
    """A line whose `read` is asked for observations inside the support only."""

    def reads(x: Array) -> tuple[Array, Array]:
        fill_value, inside = template.with_fill_value(x)
        z, peak = read(fill_value)
        return z, np.where(inside, peak, -np.inf)

    return Line(template, form, reads, write, q_of, *reads(x), **more)


def _one(template: Any) -> str:
    """The family with its article."""
    name = type(template).__name__
    return f"{'an' if name[0] in 'AEIO' else 'a'} {name}"


def free_spread(template: Any, name: str, x: Array) -> Unbounded:
    """Why the likelihood has no bound where place and spread are both blank."""
    at = float(x[int(np.argmax(template.inside(x)))])
    return Unbounded(
        f"the likelihood has no bound: {_one(template)} whose {name} is "
        f"free, at the observation {at:.6g}, rises without end; give {name}"
    )


def at_place(template: Any, name: str, at: float) -> Unbounded:
    """Why the likelihood has no bound where the spread is blank and an observation lies
    exactly at the place.
    """
    return Unbounded(
        f"the likelihood has no bound: an observation is {at:.6g}, the place that is "
        f"given, and {_one(template)} there rises without end as its "
        f"{name} changes; give {name}"
    )


OR_LEAST = ", or say the least it can be with least_scale=..."
