"""The nonparametric maximum-likelihood estimate of a mixing distribution."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from mixnotes.components.component import Component
from mixnotes.components.mixture import Mixture
from mixnotes.fitting.fit import Fit
from mixnotes.fitting.inputs import Data, checked
from mixnotes.fitting.run import RunResult
from mixnotes.mixing.ceiling import checked_least, named
from mixnotes.mixing.summit import Summit
from mixnotes.mixing.tracks import Unbounded


def npmle(
    component: Component,
    x: Data,
    *,
    sample_weight: ArrayLike | None = None,
    least_scale: float | None = None,
    tol: float = 1e-8,
) -> Fit:
    """The mixture with the largest likelihood of all, of any number of such components.

    The number of components is part of the answer, as are their weights: the best
    mixing distribution has at most as many atoms as there are distinct observations. It
    says how much any mixture of them could explain, not how many groups there are.

    Source: Lindsay (1983); Wang (2007).

    Args:
        component: a component of one number with one blank, such as `Poisson()` or
            `Normal(sd=1.0)`; or a normal or log-normal with both blank and a
            `least_scale`. A blank may have bounds, as in `Normal(sd=Between(2, None))`.
        x: observations, shape (n,).
        sample_weight: how often each observation counts, shape (n,); once if left out.
        least_scale: the least value of a blank sd, sigma or scale, in its unit; needed
            where the likelihood would have no bound without it.
        tol: no mixture is above by more than this, in nats.

    Returns:
        A `Fit`. `converged` says whether a bound of `tol` was proved, `error` is the
        bound.

    Examples:
        >>> import mixnotes as mx
        >>> days = mx.datasets.london_times()
        >>> best = mx.npmle(mx.Poisson(), days["deaths"], sample_weight=days["days"])
        >>> len(best.mixture.components)
        3
        >>> print(f"{best.log_likelihood:.3f}")
        -1989.927
    """
    if not isinstance(component, Component) or isinstance(component, Mixture):
        raise TypeError(
            "component must be one component with a blank, such as Poisson() or "
            f"Normal(sd=1.0), got {component!r:.80}"
        )
    if not component.blanks:
        raise ValueError(
            f"component must leave a number blank to be mixed over, got {component!r}"
        )
    if isinstance(tol, bool) or not isinstance(tol, int | float) or not 0 < tol < 1:
        raise ValueError(f"tol must be a number between 0 and 1, got {tol!r}")
    model, source = checked(Mixture([component]), x, sample_weight)
    component = model.parts[0]
    least = checked_least([component], least_scale)
    summit = Summit.of([component], source, least)
    if isinstance(summit, Unbounded):
        raise ValueError(f"there is no best mixing distribution: {summit.words}")
    top = summit.certified(None, float(tol))
    log_likelihood = float(summit.problem.weight @ top.log_f)
    slack = top.slack
    reason = (
        f"no mixture of {named([component], least)}, of any number of components, is "
        f"above by more than {slack:.1e} nats"
    )
    if not slack <= tol:
        reason = f"not converged: {reason}, and tol = {tol:g}"
    model = Mixture(len(top.mixture.components) * [component])
    history = np.array([log_likelihood])
    end = RunResult(top.mixture, log_likelihood, history, slack <= tol, reason, slack)
    return Fit.of(model, top.mixture, source, end, (end,))
