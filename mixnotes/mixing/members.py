"""The contract of a ceiling: what a family's templates allow, as a `Track`.

For the author of a family: register a function with `track_of` that makes the track of
a template on observations, or says why the likelihood of such mixtures has no bound.
`places`, `positives` and `counts` do.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import singledispatch
from typing import Any

import numpy as np

from mixnotes.components.belief import bounds_of, is_weighed
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


def track(
    template: Any,
    x: Array,
    least: float | None,
    atoms: frozenset[float] = frozenset(),
) -> Track | Unbounded:
    """`track_of`, within the bounds of a blank; a component without blanks is the only
    member of its class.

    `atoms`: values with a probability of their own, which belong to those who give it.
    """
    values = aside(template, atoms)
    seen = ~np.isin(x, sorted(values))
    if not seen.any():  # none of its observations is left
        return Listed.of([], x)
    if not seen.all():
        found = track(template, x[seen], least)
        return found if isinstance(found, Unbounded) else found.barred(values, x)
    if isinstance(template, Component) and not template.learns:
        return Listed.of([template], x)
    told = getattr(template, "told", {})
    if not told:
        return track_of(template, x, least)
    require_bounds(template)
    spread = getattr(template, "spread", None)
    if spread in told:
        low, high = bounds_of(told[spread]) or (-math.inf, math.inf)
        if least is not None and least > high:
            raise ValueError(
                f"least_scale must not be above the largest {spread}, {high:g}, got "
                f"{least:g}; take a smaller one, or leave it out"
            )
        if low > 0 and spread in SPREADS:
            least = low if least is None else max(low, least)
    found = track_of(template, x, least)
    return _within(template, found) if isinstance(found, Line) else found


def aside(template: Any, atoms: frozenset[float]) -> frozenset[float]:
    """The atoms of others at which a component has a density, so that what lies there
    is not its own."""
    if not atoms or template.probable.get(None, True) is not False:
        return frozenset()
    return atoms - template.atoms.get(None, frozenset())


SPREADS = ("sd", "sigma", "scale")


def require_bounds(template: Any) -> None:
    """Raise an error where something is believed of a blank that is no bound, or where
    the bounds are such that no ceiling is known for them."""
    for name, known in template.told.items():
        if is_weighed(known):
            raise TypeError(
                f"no bound is known where something is believed of {name}, got "
                f"{template!r:.80}: a mixing distribution and a ceiling are of the "
                f"likelihood alone; leave {name} out, or give it bounds by Between"
            )
    alone = len(template.blanks) == 1
    placed = getattr(template, "place", None) in template.blanks
    narrowest = placed and set(template.told) == {getattr(template, "spread", None)}
    if narrowest:  # wider ones are mixtures of the narrowest, wherever these are
        narrowest = template.spread in SPREADS and len(template.blanks) == 2
    turns = any(
        getattr(template.constraint_of(name), "turn", np.inf) < np.inf
        for name in template.told
    )
    if turns or not (alone or narrowest):
        raise TypeError(
            f"no bound is known for mixtures of {template!r:.120}: bounds can be on "
            "the only blank, if it is no angle, or on a blank spread alone beside a "
            "blank place; give a value, or leave the bounds out"
        )


def _within(template: Any, line: Line) -> Line:
    """The members within the bounds of the only blank."""
    if len(template.blanks) > 1:
        return line
    ((name, known),) = template.told.items()
    found = [_arc_of(line, template, name, end) for end in bounds_of(known) or ()]
    low, high = found if _rises(line, template, name) else found[::-1]
    return line.between(
        -math.inf if low is None else low, math.inf if high is None else high
    )


def _arc_of(line: Line, template: Any, name: str, value: float) -> float | None:
    """The u of a value; None for an end that is no value, beyond all of them."""
    try:
        there = template.filled({name: value})
    except ValueError:
        return None
    return float(line.form.arc(np.asarray(line.q_of(there))))


def _rises(line: Line, template: Any, name: str) -> bool:
    """Does u rise with the blank?"""
    u = [float(best) for best in line.best[[0, -1]]] if line.best.size else []
    values = [line.write(float(line.form.place(np.asarray(at))))[name] for at in u]
    for end in bounds_of(template.told[name]) or ():
        there = _arc_of(line, template, name, end)
        if there is not None:
            u, values = [*u, there], [*values, end]
    low, high = int(np.argmin(u)), int(np.argmax(u))
    return bool(values[low] <= values[high])


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
