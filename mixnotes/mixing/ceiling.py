"""How far a fit is from the top of all: a bound on every mixture of its class.

For whoever asks whether another start, or more components, could still do better.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from mixnotes.components.belief import is_weighed
from mixnotes.components.mixture import Mixture, leaves
from mixnotes.data.sources import Source
from mixnotes.mixing.summit import Summit
from mixnotes.mixing.tracks import Unbounded

_SAME = 1e-6  # nats: log-likelihoods nearer than this are one
_GAP = 1e-9  # nats, to which the supremum is bounded
_EPS = float(np.finfo(float).eps)


class Ceiling(float):
    """By how many nats any mixture of the class could still be above the fit.

    A float: 0.0 where it is proved that none is above by 1e-6 nats, which is the
    smallest difference that the package tells apart; `inf` where the likelihood has no
    bound.

    Examples:
        >>> import mixnotes as mx
        >>> days = mx.datasets.london_times()
        >>> two = mx.Mixture([mx.Poisson(), mx.Poisson()])
        >>> fit = mx.em(two, days["deaths"], sample_weight=days["days"])
        >>> ceiling = fit.ceiling()
        >>> print(f"{ceiling:.3f} nats")
        0.019 nats
        >>> len(ceiling.better.components)
        3
    """

    reason: str
    """The bound in words."""
    at: Any
    """The component that would raise the log-likelihood most; None where none would,
    and where there is no bound."""
    exact: float
    """The bound itself, in nats, where the float may be 0.0."""
    found: float
    """By how many nats `better` is above the fit."""
    better: Mixture | None
    """The best mixture of the class that was found, of any number of components."""

    def __new__(
        cls,
        exact: float,
        reason: str,
        at: Any = None,
        found: float = 0.0,
        better: Mixture | None = None,
    ) -> Ceiling:
        """The float, and what else is known."""
        self = super().__new__(cls, exact if exact >= _SAME else 0.0)
        self.reason, self.at, self.exact = reason, at, exact
        self.found, self.better = found, better
        return self

    def __getnewargs__(self) -> tuple[Any, ...]:
        return self.exact, self.reason, self.at, self.found, self.better


def distinct(model: Mixture) -> list[Any]:
    """The different components of a model, each once, with what is shared left free."""
    found: list[Any] = []
    for c in leaves(model):
        c = c.filled(dict.fromkeys(c.shares)) if c.shares else c
        if c not in found:
            found.append(c)
    return found


def ceiling(
    model: Mixture, mixture: Mixture, source: Source, least: float | None
) -> Ceiling:
    """What `Fit.ceiling` gives."""
    templates = distinct(model)
    _require_no_belief(model)
    least = checked_least(templates, least)
    _require_above(model, mixture, least)
    summit = Summit.of(templates, source, least)
    if isinstance(summit, Unbounded):
        shared = "; what is shared can shrink too, with a component at each value"
        return Ceiling(math.inf, summit.words + shared * _shares(model))
    problem = summit.problem
    start, whole = summit.atoms(mixture)
    log_f = problem.log_f(start) if whole else mixture.log_prob(problem.x)
    top = summit.certified(start if len(start.owner) else None, _GAP, log_f)
    found = float(problem.weight @ (top.log_f - log_f))
    error = 4 * _EPS * float(problem.weight @ (np.abs(log_f) + np.abs(top.log_f)))
    exact = max(found + top.slack, 0.0)
    if top.slack > max(_SAME, 0.1 * found):  # the search has failed: without it
        exact = min(exact, summit.slack(log_f, _GAP))
    exact += error
    what = f"no mixture of {named(templates, least)}, of any number of components, is"
    if exact < _SAME:
        reason = f"{what} above by more than {exact:.1e} nats: this is the best of all"
        return Ceiling(exact, reason, None, max(found, 0.0), top.mixture)
    at = summit.steepest(start if whole else None, mixture)
    reason = (
        f"{what} above by more than {exact:.6g} nats; one of "
        f"{len(top.mixture.components)} components is above by {max(found, 0):.6g}"
    )
    if at is not None:
        reason += f"; a component at {_values(at, templates)} would raise it most"
    return Ceiling(exact, reason + _narrower(model), at, max(found, 0.0), top.mixture)


def _require_no_belief(model: Mixture) -> None:
    """Raise an error where something is believed, by which the fit is no maximum of the
    likelihood."""
    names = [name for name, known in model.told.items() if is_weighed(known)]
    if names:
        raise TypeError(
            "a ceiling is of the likelihood alone, and this fit has beliefs, about "
            f"{', '.join(names)}, so that it is no maximum of it; leave them out"
        )


def _narrower(model: Mixture) -> str:
    """Sentences on what the model fixes beyond its class, which may keep it from
    reaching the bound.
    """
    words = []
    if _shares(model):
        words.append("what is shared is free in the bound")
    if _has_given_weights(model):
        words.append("the weights that are given are free in the bound")
    return "".join(f"; {w}, so that it may not be reached" for w in words)


def _shares(model: Mixture) -> bool:
    return any(getattr(c, "shares", {}) for c in leaves(model))


def _has_given_weights(model: Mixture) -> bool:
    given = model.weights is not None and len(model.components) > 1
    inner = [c for c in model.components if isinstance(c, Mixture)]
    return given or any(map(_has_given_weights, inner))


def named(templates: Sequence[Any], least: float | None) -> str:
    """The class in words."""
    words = " and ".join(f"{t!r:.80}" for t in templates)
    return words if least is None else f"{words} with a spread of at least {least:.6g}"


def _values(component: Any, templates: Sequence[Any]) -> str:
    """The learned parameters of a component in words; all of it where the class has
    components of several kinds."""
    names = templates[0].blanks if len(templates) == 1 else ()
    values = {name: component.value_of(name) for name in names}
    if not values or any(np.ndim(value) for value in values.values()):
        return repr(component)
    return ", ".join(f"{name} = {value:.6g}" for name, value in values.items())


def _spread_of(template: Any) -> str | None:
    """The name of the blank that `least_scale` is a bound for; None where there is
    none.
    """
    name = getattr(template, "spread", None)
    if name in ("sd", "sigma", "scale") and name in template.blanks:
        return str(name)
    return None


def checked_least(templates: Sequence[Any], least: float | None) -> float | None:
    """`least_scale`, if it is a number above 0 that means something here."""
    if least is None:
        return None
    number = isinstance(least, int | float | np.number) and not isinstance(least, bool)
    if not (number and 0 < least < math.inf):
        raise ValueError(f"least_scale must be a number above 0, got {least!r}")
    if not any(map(_spread_of, templates)):
        raise ValueError(
            "least_scale is the least value of a blank sd, sigma or scale, and "
            f"{named(templates, None)} has none; leave it out"
        )
    return float(least)


def _require_above(model: Mixture, mixture: Mixture, least: float | None) -> None:
    """Raise an error where a component of the fit is narrower than allowed."""
    if least is None:
        return
    for template, component in zip(leaves(model), leaves(mixture), strict=True):
        name = _spread_of(template)
        if name and component.value_of(name) < least * (1 - 1e-9):
            raise ValueError(
                f"least_scale must not be above the {name} of a component of the fit, "
                f"or it is not of the class, got least_scale = {least:g} and "
                f"{component!r:.80}; take a smaller one, or give {name} to fit"
            )
