"""What `em` found, and how far to trust it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from mixnotes import information
from mixnotes.check import Array
from mixnotes.climb import End
from mixnotes.component import Component, Family, shown
from mixnotes.engine import Engine, State, as_high
from mixnotes.mixture import Mixture
from mixnotes.sums import Source


@dataclass(frozen=True, eq=False, repr=False)
class Fit:
    """What `em` found: the mixture, its log-likelihood, and how the climb ended.

    Print it for a table.
    """

    model: Mixture
    """The mixture as it was given, with its blanks."""
    mixture: Mixture
    """The same with every blank filled."""
    log_likelihood: float
    """sum_i sample_weight_i log p(x_i), in nats."""
    history: Array
    """The log-likelihood at the start and after every step; it never falls."""
    steps: int
    """How many steps the best start took."""
    converged: bool
    """Did it come within `tol` of the limit, as far as can be estimated?"""
    reason: str
    """Why it stopped, in words."""
    error: float
    """The estimated distance to the limit, in the units of `tol`."""
    n: float
    """The number of observations: the sum of sample_weight."""
    starts: tuple[End, ...]
    """How each start ended."""
    source: Source
    """The observations, which `icl`, `rate` and `standard_errors` look at again."""

    @classmethod
    def of(
        cls,
        model: Mixture,
        mixture: Mixture,
        source: Source,
        best: End,
        ends: tuple[End, ...],
    ) -> Fit:
        """The fit that keeps the best of the ends."""
        return cls(
            model,
            mixture,
            best.log_likelihood,
            best.history,
            best.steps,
            best.converged,
            best.reason,
            best.error,
            source.total,
            ends,
            source,
        )

    @cached_property
    def entropy(self) -> float:
        """sum_i sample_weight_i H(z_i | x_i), in nats: how unsure the labels are."""
        return sum(self.source.map(partial(_entropy, self.mixture)))

    @cached_property
    def rate(self) -> float:
        """The share of a small distance to the limit that a plain EM step leaves over.

        It is the largest eigenvalue of the derivative of one step at the limit, which
        is the fraction of missing information. Where a component is the reader's own,
        it is nan: its parameters are not known here.
        Source: Dempster, Laird and Rubin (1977), theorem 4.
        """
        return information.rate(*self._limit())

    def standard_errors(self) -> dict[str, float | Array]:
        """Standard errors of what was learned, by name as in `Mixture.blanks`.

        From the observed information, the curvature of the log-likelihood at the
        maximum; `weights` has one for each component. An error where the maximum is
        not inside the parameter space or is flat in some direction.
        Source: Louis (1982), for what is computed; by differences here.
        """
        return information.standard_errors(*self._limit())

    def _limit(self) -> tuple[Engine, State]:
        """The engine and the state where the climb ended, in the exact form."""
        engine = Engine(self.model, self.source)
        engine.recentre()
        return engine, engine.state(self.mixture)

    @property
    def aic(self) -> float:
        """Akaike's criterion, 2 p - 2 log L for p free parameters; less is better."""
        return 2 * self.model.n_free - 2 * self.log_likelihood

    @property
    def bic(self) -> float:
        """Schwarz's criterion, p log n - 2 log L; less is better."""
        return self.model.n_free * math.log(self.n) - 2 * self.log_likelihood

    @property
    def icl(self) -> float:
        """BIC + 2 x the entropy of the labels; less is better.

        Source: Biernacki, Celeux and Govaert (2000).
        """
        return self.bic + 2 * self.entropy

    def __repr__(self) -> str:
        lines = [
            f"Mixture of {len(self.mixture.components)}, fitted to {self.n:,.6g} "
            f"observations; {self.model.n_free} learned",
            *self._table(),
            f"log-likelihood {self.log_likelihood:.4f}   AIC {self.aic:.2f}   "
            f"BIC {self.bic:.2f}",
            f"{self.steps} steps; {self.reason}",
        ]
        if len(self.starts) > 1:
            lines.append(f"{self.n_best} of {len(self.starts)} starts ended here")
        return "\n".join(lines)

    @property
    def n_best(self) -> int:
        """How many starts reached the kept log-likelihood, to 1e-6 in total."""
        standing = [end for end in self.starts if not end.collapsed]
        return sum(as_high(e.log_likelihood, self.log_likelihood) for e in standing)

    def _table(self) -> list[str]:
        rows = [("weight", "component")]
        weights = self.mixture.weights
        for k, component in enumerate(self.mixture.components):
            template = self.model.components[k]
            rows.append((f"{weights[k]:.4f}", _described(component, template)))  # type: ignore[index]
        if self.model.weights is not None:
            rows[0] = ("weight (given)", "component")
        width = max(len(left) for left, _ in rows)
        return [f"  {left:>{width}}  {right}" for left, right in rows]


def _entropy(mixture: Mixture, x: Array, weight: Array | None) -> float:
    """The summed entropy of the labels of some rows."""
    r = mixture.responsibilities(x)
    logs = np.log(r, out=np.zeros_like(r), where=r > 0)
    each = -(r * logs).sum(axis=1)
    return float(each.sum() if weight is None else weight @ each)


def _described(component: Component, template: Component) -> str:
    """A component with what was given marked as such."""
    if not isinstance(component, Family):
        return repr(component)
    parts = [
        f"{name}={shown(getattr(component, name))}"
        f"{'' if name in template.blanks else ' (given)'}"
        for name in component._state()
        if name != "type"
    ]
    return f"{type(component).__name__}({', '.join(parts)})"
