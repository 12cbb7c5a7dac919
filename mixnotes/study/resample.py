"""How sure a fit is, by fitting again: the bootstrap.

It needs no derivative, and it shows where estimates are skewed, which standard errors
from the curvature of the likelihood do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mixnotes.components.mixture import Mixture
from mixnotes.data.check import Rng, as_count, as_rng
from mixnotes.data.intervals import Intervals
from mixnotes.data.sources import Rows
from mixnotes.fitting.em import em, em_rows
from mixnotes.fitting.fit import Fit
from mixnotes.numeric.arrays import Array


@dataclass(frozen=True, eq=False, repr=False)
class Bootstrap:
    """The learned values of every refit, by name, and how far they scatter.

    Examples:
        >>> import mixnotes as mx
        >>> bag = mx.Mixture([mx.Bernoulli(0.8), mx.Bernoulli(0.3)])
        >>> fit = mx.em(bag, [1] * 591 + [0] * 409)
        >>> again = mx.bootstrap(fit, samples=50, rng=0)
        >>> again.draws["weights"].shape
        (50, 2)
    """

    draws: dict[str, Array]
    """The learned values by name, as in `Mixture.blanks`, each of shape (samples, ...),
    in the unit of the value."""
    failed: int
    """How many samples had no fit (a component collapsed); they are left out."""

    def standard_errors(self) -> dict[str, float | Array]:
        """The standard deviations of the draws, by name, in the units of the values.

        Examples:
            >>> import mixnotes as mx
            >>> bag = mx.Mixture([mx.Bernoulli(0.8), mx.Bernoulli(0.3)])
            >>> fit = mx.em(bag, [1] * 591 + [0] * 409)
            >>> again = mx.bootstrap(fit, samples=50, rng=0)
            >>> again.standard_errors()["weights"].round(2)
            array([0.03, 0.03])
        """
        return {name: _plain(d.std(axis=0, ddof=1)) for name, d in self.draws.items()}

    def intervals(self, level: float = 0.95) -> dict[str, tuple[Any, Any]]:
        """Percentile intervals, (low, high) by name, in the units of the values.

        Source: Efron and Tibshirani (1993), chapter 13.

        Args:
            level: the probability that an interval shall have, between 0 and 1.

        Examples:
            >>> import mixnotes as mx
            >>> bag = mx.Mixture([mx.Bernoulli(0.8), mx.Bernoulli(0.3)])
            >>> fit = mx.em(bag, [1] * 591 + [0] * 409)
            >>> low, high = mx.bootstrap(fit, samples=50, rng=0).intervals()["weights"]
            >>> (low < fit.mixture.weights) & (fit.mixture.weights < high)
            array([ True,  True])
        """
        ends = _tails(level)
        found = {}
        for name, draws in self.draws.items():
            low, high = np.quantile(draws, ends, axis=0)
            found[name] = _plain(low), _plain(high)
        return found

    def __repr__(self) -> str:
        count = len(next(iter(self.draws.values())))
        lost = f", {self.failed} more failed" if self.failed else ""
        lines = [f"Bootstrap of {count} samples{lost}"]
        for name, error in self.standard_errors().items():
            lines.append(f"  {name}: standard error {np.round(error, 6).tolist()}")
        return "\n".join(lines)


def bootstrap(
    fit: Fit, samples: int = 200, *, parametric: bool = False, rng: Rng = 0
) -> Bootstrap:
    """The same model fitted to `samples` data sets like the one that `fit` was made of.

    Every climb begins at the fit, so that components keep their order.

    Source: Efron (1979).

    Args:
        fit: what `em` returned, of observations in memory.
        samples: how many data sets, 2 or more.
        parametric: True to draw the data sets from the fitted mixture, False to draw
            them from the observations with replacement.
        rng: a seed or a numpy Generator.

    Returns:
        The values that each refit learned, with their standard errors and intervals.

    Examples:
        >>> import mixnotes as mx
        >>> bag = mx.Mixture([mx.Bernoulli(0.8), mx.Bernoulli(0.3)])
        >>> fit = mx.em(bag, [1] * 591 + [0] * 409)
        >>> mx.bootstrap(fit, samples=50, rng=0).draws["weights"].shape
        (50, 2)
    """
    if not isinstance(fit, Fit):
        raise TypeError(f"bootstrap takes a Fit, as em returns it, got {fit!r:.80}")
    count = as_count(samples, "samples", 2)
    generator = as_rng(rng)
    source = fit.source
    if not isinstance(source, Rows):
        raise ValueError(
            "the bootstrap needs the observations in memory, and this fit was made of "
            "blocks; fit one array"
        )
    if source.beside is not None and source.beside.n_groups == 1:
        raise ValueError(
            "the bootstrap draws whole sequences or groups of rows, and there is one; "
            "cut it, or take standard_errors()"
        )
    if parametric and source.beside is not None:
        raise ValueError(
            "a parametric bootstrap would draw data without the groups, columns or "
            "labels beside them, unlike those that were fitted; leave parametric out"
        )
    if parametric and (source.labels is not None or isinstance(source.x, Intervals)):
        raise ValueError(
            "a parametric bootstrap would draw data without labels or intervals, "
            "unlike those that were fitted; leave parametric out"
        )
    found: dict[str, list[Any]] = {name: [] for name in fit.model.blanks}
    failed = 0
    for _ in range(count):
        refit = _again(fit, source, parametric, generator)
        if refit is None:
            failed += 1
            continue
        for name, values in found.items():
            values.append(refit.value_of(name))
    if failed > count - 2:
        raise ValueError(
            f"at least two samples must have a fit, got {count - failed} of {count}: "
            "a component collapsed in the others; use fewer components"
        )
    return Bootstrap({name: np.array(v) for name, v in found.items()}, failed)


def _again(
    fit: Fit, source: Rows, parametric: bool, rng: np.random.Generator
) -> Mixture | None:
    """One more fit, or None where it collapsed."""
    if source.beside is not None:
        return _again_beside(fit, source, rng)
    level = source.weights / source.total
    n = round(source.total)
    if parametric:
        x: Any = fit.mixture.sample(n, rng)
        weight = labels = None
    else:
        counts = rng.multinomial(n, level)
        drawn = counts > 0
        x, weight = source.x[drawn], counts[drawn]
        labels = None if source.labels is None else source.labels[drawn]
    try:
        found = em(fit.model, x, sample_weight=weight, labels=labels, start=fit.mixture)
    except ValueError:
        return None
    return None if found.collapsed else found.mixture


def _again_beside(fit: Fit, source: Rows, rng: np.random.Generator) -> Mixture | None:
    """One more fit to rows drawn with what belongs to them, in whole groups where rows
    go together."""
    assert source.beside is not None
    group = source.beside.group
    if group is None:
        counts = rng.multinomial(round(source.total), source.weights / source.total)
        drawn = source.take(np.flatnonzero(counts))
        drawn = drawn.weighted(counts[counts > 0].astype(np.float64))
    else:
        drawn = source.take_groups(
            rng.integers(source.beside.n_groups, size=source.beside.n_groups)
        )
    try:
        found = em_rows(fit.model, drawn, start=fit.mixture)
    except ValueError:
        return None
    return None if found.collapsed else found.mixture


def _tails(level: float) -> tuple[float, float]:
    """The two tail probabilities of an interval."""
    if not (isinstance(level, float) and 0 < level < 1):
        raise ValueError(f"level must be a number between 0 and 1, got {level!r}")
    return 0.5 - level / 2, 0.5 + level / 2


def _plain(value: Array) -> float | Array:
    return float(value) if np.ndim(value) == 0 else value
