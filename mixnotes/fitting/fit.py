"""What `em` found, and how far to trust it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, partial
from statistics import NormalDist
from typing import Any

import numpy as np

from mixnotes.components import html as markup
from mixnotes.components.chain import Chain
from mixnotes.components.mixture import Mixture
from mixnotes.data.sources import Rows, Source
from mixnotes.fitting import information
from mixnotes.fitting.beliefs import excess
from mixnotes.fitting.engine import Engine
from mixnotes.fitting.evidence import log_evidence
from mixnotes.fitting.run import RunResult
from mixnotes.fitting.vector import State
from mixnotes.mixing.ceiling import Ceiling, ceiling
from mixnotes.numeric.arrays import Array, quiet
from mixnotes.numeric.ties import ties_with


@dataclass(frozen=True, eq=False, repr=False)
class Fit:
    """What `em` found: the mixture, its log-likelihood, and how the climb ended.

    Print it for a table.

    Examples:
        >>> import mixnotes as mx
        >>> waiting = mx.datasets.faithful()["waiting"]
        >>> fit = mx.em(mx.Mixture(2 * [mx.Normal()]), waiting, starts=1)
        >>> print(f"{fit.log_likelihood:.2f} {fit.converged} {fit.bic:.2f}")
        -1034.00 True 2096.03
        >>> print(fit)
        Mixture of 2, fitted to 272 observations; 5 learned
          weight  component
          0.3609  Normal(mean=54.6149, sd=5.87122)
          0.6391  Normal(mean=80.0911, sd=5.86773)
        log-likelihood -1034.0017   AIC 2078.00   BIC 2096.03
        ... steps; converged: estimated distance to the limit ...
    """

    model: Mixture
    """The mixture as it was given, with its blanks."""
    mixture: Mixture
    """The same with every blank filled."""
    log_likelihood: float
    """sum_i sample_weight_i log p(x_i), in nats."""
    history: Array
    """The log-likelihood, plus `log_prior` where something is believed, at the start
    and after every step; it never falls."""
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
    starts: tuple[RunResult, ...]
    """How each start ended: at a summit, on the way to that of another start, or left
    on the way, since others were ahead; `reason` says it in words.
    """
    source: Source
    """The observations, which `icl`, `rate` and `standard_errors` look at again."""
    columns: tuple[str, ...] = ()
    """The names of the columns, in the order of vectors such as `mean`, where the data
    had names and the components have none."""

    @classmethod
    def of(
        cls,
        model: Mixture,
        mixture: Mixture,
        source: Source,
        best: RunResult,
        ends: tuple[RunResult, ...],
    ) -> Fit:
        """The fit that keeps the best of the ends."""
        return cls(
            model,
            mixture,
            best.log_likelihood - log_prior_of(model, mixture, source.total),
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
    def log_prior(self) -> float:
        """The logarithm of the density of all that the model believes of its blanks, at
        what was learned; 0 where nothing is believed. Where a sparse Dirichlet let a
        component die its weight, 0, counts as 1 / n.

        `log_likelihood + log_prior` is what `em` made largest.

        Examples:
            >>> import mixnotes as mx
            >>> coin = mx.Mixture([mx.Bernoulli(p=mx.Beta(5, 5))])
            >>> fit = mx.em(coin, [1, 1, 1, 0])
            >>> print(f"{fit.mixture.components[0].p:.3f} {fit.log_prior:.3f}")
            0.583 0.788
        """
        return log_prior_of(self.model, self.mixture, self.n)

    def log_evidence(self) -> float:
        """log p(x), in nats, by Laplace's approximation at the mode; more is better.

        The posterior is taken for a normal there, and the same mode in another order of
        interchangeable components is counted. Blank weights of which nothing is
        believed count as uniform.

        Source: Tierney and Kadane (1986); Fraley and Raftery (2007), section 2.

        Raises:
            ValueError: where a blank has no distribution, or as `standard_errors` does.

        Examples:
            >>> import mixnotes as mx
            >>> coin = mx.Mixture([mx.Bernoulli(p=mx.Beta(2, 2))])
            >>> fit = mx.em(coin, 30 * [1] + 20 * [0])
            >>> print(f"{fit.log_evidence():.2f}")  # exactly: -35.07
            -35.05
        """
        return log_evidence(*self._limit(), self.log_likelihood + self.log_prior)

    @property
    def collapsed(self) -> bool:
        """True where every start shrank onto single values, where there is no
        maximum.
        """
        return all(end.collapsed for end in self.starts)

    @cached_property
    def shares(self) -> Array:
        """How much of the data each component made, shape (K,): the mean of the
        responsibilities, which are the weights where these are the same for all rows.

        Examples:
            >>> import mixnotes as mx
            >>> x = mx.datasets.faithful()["waiting"]
            >>> fit = mx.em(mx.Chain(2 * [mx.Normal()]), x, starts=1)
            >>> fit.shares.round(2)
            array([0.38, 0.62])
        """
        engine, limit = self._limit()
        with quiet():
            return engine.mean_shares(limit)

    @cached_property
    def entropy(self) -> float:
        """sum_i sample_weight_i H(z_i | x_i), in nats: how unsure the labels are."""
        source = self.source
        beside = isinstance(source, Rows) and source.beside is not None
        if beside or isinstance(self.mixture, Chain):
            engine, limit = self._limit()
            return engine.label_entropy(limit)
        if isinstance(source, Rows):
            source = source.unlabelled()
        return sum(source.map(partial(_entropy, self.mixture)))

    @cached_property
    def rate(self) -> float:
        """The factor by which a plain EM step near the limit shortens the distance to
        it.

        It is the largest eigenvalue of the derivative of one step at the limit, which
        is the fraction of missing information: close to 1, EM is slow. It is nan where
        a component is a class of your own, whose parameters are not known here.

        Source: Dempster, Laird and Rubin (1977), theorem 4.

        Examples:
            >>> import mixnotes as mx
            >>> bag = mx.Mixture([mx.Bernoulli(0.8), mx.Bernoulli(0.3)])
            >>> print(f"{mx.em(bag, [1] * 591 + [0] * 409).rate:.3f}")
            0.748
        """
        return information.rate(*self._limit())

    def standard_errors(self) -> dict[str, float | Array]:
        """Standard errors of what was learned, by name as in `Mixture.blanks`, in its
        units.

        From the observed information, the curvature of the log-likelihood at the
        maximum; `weights` has one for each component. A probability that is 0 or 1, or
        a coefficient that is infinite, is on its edge and has none (NaN); those of the
        others are with it there.

        Source: Louis (1982), for what is computed; by differences here.

        Raises:
            ValueError: where all is on its edge, or the maximum is flat in some
                direction.

        Examples:
            >>> import mixnotes as mx
            >>> bag = mx.Mixture([mx.Bernoulli(0.8), mx.Bernoulli(0.3)])
            >>> fit = mx.em(bag, [1] * 591 + [0] * 409)
            >>> fit.standard_errors()["weights"].round(3)
            array([0.031, 0.031])
        """
        return information.standard_errors(*self._limit())

    def sandwich_errors(self) -> dict[str, float | Array]:
        """Standard errors that hold where the model is wrong, too, by name.

        The inverse information on both sides of the sum of squared scores.

        Source: Huber (1967); White (1982).

        Raises:
            ValueError: as `standard_errors` does.

        Examples:
            >>> import mixnotes as mx
            >>> bag = mx.Mixture([mx.Bernoulli(0.8), mx.Bernoulli(0.3)])
            >>> fit = mx.em(bag, [1] * 591 + [0] * 409)
            >>> fit.sandwich_errors()["weights"].round(3)
            array([0.031, 0.031])
        """
        return information.sandwich_errors(*self._limit())

    def intervals(self, level: float = 0.95) -> dict[str, tuple[Any, Any]]:
        """Confidence intervals, (low, high) by name, from `standard_errors`.

        Each is symmetric on a scale without ends, the logarithm of what is positive,
        the log-odds of what is a probability, so that none passes a bound.

        Source: Wald (1943).

        Args:
            level: the probability that an interval shall have, between 0 and 1.

        Examples:
            >>> import mixnotes as mx
            >>> bag = mx.Mixture([mx.Bernoulli(0.8), mx.Bernoulli(0.3)])
            >>> fit = mx.em(bag, [1] * 591 + [0] * 409)
            >>> low, high = fit.intervals()["weights"]
            >>> low.round(3), high.round(3)
            (array([0.52 , 0.359]), array([0.641, 0.48 ]))
        """
        z = NormalDist().inv_cdf(0.5 + _checked_level(level) / 2)
        return {
            name: self.model.constraint_of(name).interval(
                self.mixture.value_of(name), error, z
            )
            for name, error in self.standard_errors().items()
        }

    def ceiling(self, *, least_scale: float | None = None) -> Ceiling:
        """By how many nats any mixture of the class could still be above this one.

        The class: mixtures, of any number of components, of the components of the
        model, with what is given as given. It is a bound with a proof, not a guess: 0.0
        says that this is the global maximum (to 1e-6 nats), `inf` that the likelihood
        has none. It can be had for components of one number that are known but for one
        blank; and for normals and log-normals with both blank, given `least_scale`.
        Bounds by `Between` are of the class: on the only blank, or on a spread, whose
        least value is then a `least_scale`. Blanks that are shared, and weights that
        are given, are free in the bound.

        Source: Lindsay (1983), The geometry of mixture likelihoods.

        Args:
            least_scale: the least value of a blank sd, sigma or scale, in its unit;
                none if left out.

        Returns:
            The bound, a float; `reason` says it in words, `better` is the best mixture
            found.

        Examples:
            >>> import mixnotes as mx
            >>> days = mx.datasets.london_times()
            >>> two = mx.Mixture([mx.Poisson(), mx.Poisson()])
            >>> fit = mx.em(two, days["deaths"], sample_weight=days["days"])
            >>> print(f"{fit.ceiling():.3f}")
            0.019
        """
        beside = isinstance(self.source, Rows) and self.source.beside is not None
        if beside or self.mixture.label_rule:
            raise ValueError(
                "a ceiling is known where each row has a label of its own, drawn by "
                "weights that are the same for all, and here labels depend on columns, "
                "on groups or on each other"
            )
        return ceiling(self.model, self.mixture, self.source, least_scale)

    def _limit(self) -> tuple[Engine, State]:
        """The engine and the state where the climb ended, in the exact form."""
        engine = Engine(self.model, self.source, exact=True)
        return engine, engine.state(self.mixture)

    @property
    def aic(self) -> float:
        """Akaike's criterion, 2 p - 2 log L for p free parameters; less is better."""
        return 2 * self.model.n_free - 2 * self.log_likelihood

    @property
    def bic(self) -> float:
        """Schwarz's criterion, p log n - 2 log L for p free parameters; less is
        better. Where groups of rows have one label, n is the number of groups.
        """
        chain = isinstance(self.mixture, Chain)
        size = math.log(self.n if chain else self.n_groups or self.n)
        return self.model.n_free * size - 2 * self.log_likelihood

    @property
    def n_groups(self) -> int:
        """How many groups of rows have a label each, or how many sequences there are;
        0 where rows have nothing to do with each other."""
        beside = self.source.beside if isinstance(self.source, Rows) else None
        return 0 if beside is None else beside.n_groups

    @property
    def icl(self) -> float:
        """BIC + 2 x the entropy of the labels; less is better.

        Source: Biernacki, Celeux and Govaert (2000).
        """
        return self.bic + 2 * self.entropy

    def __repr__(self) -> str:
        rows = self._table()
        width = max(len(left) for left, _ in rows)
        table = [f"  {left:>{width}}  {right}" for left, right in rows]
        return "\n".join([self._title(), *table, *self._notes()])

    def _repr_html_(self) -> str:
        """The same as a table for a notebook."""
        return markup.table(self._title(), self._table(), self._notes())

    def _title(self) -> str:
        chain = isinstance(self.mixture, Chain)
        word = ("sequence" if chain else "group") + "s" * (self.n_groups != 1)
        groups = f" in {self.n_groups:,} {word}" if self.n_groups else ""
        return (
            f"{type(self.mixture).__name__} of {len(self.mixture.components)}, fitted "
            f"to {self.n:,.6g} observations{groups}; {self.model.n_free} learned"
        )

    def _notes(self) -> list[str]:
        """What stands below the table."""
        prior = f"   log prior {self.log_prior:.4f}" if self.model.told else ""
        names = [f"columns: {', '.join(self.columns)}"] if self.columns else []
        lines = [
            *names,
            *self.mixture.label_lines(),
            f"log-likelihood {self.log_likelihood:.4f}{prior}   AIC {self.aic:.2f}   "
            f"BIC {self.bic:.2f}",
            f"{self.steps} steps; {self.reason}",
        ]
        if len(self.starts) > 1:
            left = len(self.starts) - self.n_followed
            lines.append(
                f"{self.n_best} of {len(self.starts)} starts ended here"
                + (f"; {left} left behind on the way" if left else "")
            )
        return lines

    @property
    def n_best(self) -> int:
        """How many starts reached the kept log-likelihood, to 1e-6 in total, or were so
        near to one that did that the two went on as one.
        """
        standing = [e for e in self.starts if not (e.collapsed or e.left)]
        top = self.log_likelihood + self.log_prior
        return sum(ties_with(e.log_likelihood, top) for e in standing)

    @property
    def n_followed(self) -> int:
        """How many starts were followed to their end, alone or joined to another; the
        others were left on the way, when they had fallen behind."""
        return sum(not end.left for end in self.starts)

    def _table(self) -> list[tuple[str, str]]:
        rows = [("weight", "component")]
        weights = self.mixture.weights
        if self.mixture.label_rule:
            rows = [("share", "component")]
            weights = self.shares
        for k, component in enumerate(self.mixture.parts):
            template = self.model.parts[k]
            rows.append((f"{weights[k]:.4f}", component.described(template)))
        if self.model.weights is not None and not self.model.label_rule:
            rows[0] = ("weight (given)", "component")
        return rows


def log_prior_of(model: Mixture, filled: Mixture, n: float) -> float:
    """The log-density of all that is believed, of a fit to n observations."""
    return model.log_prior(filled) - excess(model, filled, n)


def _checked_level(level: float) -> float:
    if isinstance(level, bool) or not isinstance(level, float) or not 0 < level < 1:
        raise ValueError(
            f"level must be a number between 0 and 1, such as 0.95, got {level!r}"
        )
    return level


def _entropy(mixture: Mixture, x: Array, weight: Array | None) -> float:
    """The summed entropy of the labels of some rows."""
    r = mixture.responsibilities(x)
    logs = np.log(r, out=np.zeros_like(r), where=r > 0)
    each = -(r * logs).sum(axis=1)
    return float(each.sum() if weight is None else weight @ each)
