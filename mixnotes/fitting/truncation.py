"""A truncated mixture, fitted as the mixture of its truncated components.

Both are one distribution, whose weights are told before or after: so one is climbed,
and the other is what the fit shows.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mixnotes.components.mixture import Mixture
from mixnotes.families.truncated import Truncated, as_mixture
from mixnotes.fitting.fit import Fit


def is_whole(model: Any) -> bool:
    """Is it a truncated mixture with free weights, and nothing beside it?"""
    model = as_mixture(model)
    if not isinstance(model, Mixture) or len(model.parts) != 1:
        return False
    part = model.parts[0]
    return isinstance(part, Truncated) and part.has_free_weights


def require_free(model: Any, labels: Any, groups: Any) -> None:
    """Raise an error where labels, or groups of rows with one label, would be those of
    a truncated mixture that cannot be taken apart."""
    given = [n for n, v in (("labels", labels), ("groups", groups)) if v is not None]
    if not given or not isinstance(model, Truncated) or is_whole(model):
        return
    if isinstance(model.component, Mixture):
        raise ValueError(
            f"{given[0]} are of the components of a mixture, and of a Truncated one "
            "they are known only where its weights are blank, got "
            f"{model!r:.120}; leave the weights out, or write a Mixture of Truncated "
            "components"
        )


def of_whole(model: Mixture, fit: Fit) -> Fit:
    """The fit of the truncated mixture, from that of its truncated components."""
    part: Any = model.parts[0]

    def whole(apart: Mixture) -> Mixture:
        return Mixture([part.whole(apart)])

    ends = tuple(replace(end, made=whole(end.mixture)) for end in fit.starts)
    return replace(fit, model=model, mixture=whole(fit.mixture), starts=ends)
