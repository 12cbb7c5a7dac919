"""What is believed of a parameter: a distribution, or bounds, where its value would
stand.

For the author of a family: a parameter that is believed is a blank, and the maximum is
that of the likelihood times the density of all beliefs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mixnotes.components.component import Component
from mixnotes.components.constraints import Between, Constraint, Shared


def is_blank(value: Any) -> bool:
    """Is a parameter to be learned, whatever is known of it?"""
    return value is None or isinstance(value, Shared | Between | Component)


def bounds_of(known: Any) -> tuple[float, float] | None:
    """The ends between which a blank is learned, where all that is known of it are
    bounds, as a uniform belief says too; else None."""
    flat = isinstance(known, Between) or type(known).__name__ == "Uniform"
    return known.ends if flat else None


def beyond(template: Any, filled: Any) -> dict[str, float]:
    """Which blanks of a filled component are beyond a bound of its template, and the
    nearest values within, by name."""
    found = {}
    for name, known in template.told.items():
        ends = bounds_of(known)
        if ends is not None:
            value = filled.value_of(name)
            there = float(template.constraint_of(name).clipped(value, *ends))
            if there != value:
                found[name] = there
    return found


def within_bounds(template: Any, filled: Any) -> Any:
    """A filled component with what is beyond a bound of its template at that bound."""
    moved = beyond(template, filled)
    return filled.filled(moved) if moved else filled


def is_weighed(known: Any) -> bool:
    """Is something believed that favours some values over others?"""
    return known is not None and bounds_of(known) is None


def inward(belief: Any, value: Any) -> Any:
    """A value where the belief has a density: itself, or near an end of it."""
    low, high = belief.ends
    if np.ndim(value) or low < value < high:
        return value
    aside = 1e-3 * min(high - low, 1.0 + abs(low if value <= low else high))
    return low + aside if value <= low else high - aside


def checked_belief(
    owner: str, name: str, value: Component | Between, constraint: Constraint
) -> Component | Between:
    """The belief, or the bounds; an error where they are none for such a parameter."""
    if isinstance(value, Between):
        wrong = constraint.read_bounds(value)
        if wrong:
            raise ValueError(
                f"{owner}: {name} must be {constraint.words}, {wrong}, got {value!r}"
            )
        return value
    if value.blanks:
        raise ValueError(
            f"{owner}: a belief about {name} must be known, got {value!r:.120} with "
            f"blanks in {', '.join(value.blanks)}; give all its parameters"
        )
    wrong = constraint.refuses(value)
    if wrong:
        raise ValueError(f"{owner}: a belief about {name} {wrong}, got {value!r:.120}")
    require_no_pole(owner, name, value)
    return value


def checked_dirichlet(belief: Component, k: int) -> Component:
    """What is believed of the weights of k components."""
    alpha = getattr(belief, "alpha", None)
    if type(belief).__name__ != "Dirichlet" or belief.blanks:
        raise ValueError(
            "weights must be numbers, or a Dirichlet whose alpha is known, got "
            f"{belief!r:.120}; leave them out to have them learned"
        )
    if alpha is None or alpha.shape != (k,):
        raise ValueError(
            f"the Dirichlet of the weights must have one number a component, {k}, got "
            f"{belief!r:.120}"
        )
    return belief


def require_no_pole(owner: str, name: str, belief: Component) -> None:
    """Raise an error where the density of a belief has no largest value."""
    if not (np.asarray(getattr(belief, "alpha", 1.0)) >= 1).all():
        highest = True
    elif hasattr(belief, "with_dimension"):
        highest = False
    else:
        ends = np.array([end for end in belief.ends if np.isfinite(end)])
        with np.errstate(all="ignore"):
            highest = bool(len(ends)) and bool(_towards(belief, ends).any())
    if highest:
        raise ValueError(
            f"{owner}: the belief about {name} must have a highest density, got "
            f"{value_of(belief)}, whose density grows without bound at an end; take "
            "parameters of at least 1"
        )


def _towards(belief: Component, ends: Any) -> Any:
    """At which ends of its support does a density grow without bound?"""
    inward = np.where(ends == belief.ends[0], 1.0, -1.0)
    near, nearer = ends + 1e-9 * inward, ends + 1e-13 * inward
    return belief.log_prob(nearer) > belief.log_prob(near) + 1e-3


def value_of(belief: Component) -> str:
    """A belief as an error shows it."""
    return f"{belief!r:.120}"
