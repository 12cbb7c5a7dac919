"""The climbs of one `fit`: from each start, or above `reg_covar` where all collapse."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from mixnotes.components.mixture import Mixture
from mixnotes.data.check import CollapseError
from mixnotes.data.sources import Rows
from mixnotes.fitting.em import em, em_rows
from mixnotes.fitting.fit import Fit
from mixnotes.fitting.run import RunResult, Settings, Step
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.ties import ties_with
from mixnotes.sklearn.starts import flat, floor_of

_CUT_OFF = "not converged at "  # how the reason of a fit begins that took all steps


@dataclass(frozen=True)
class Climbs:
    """Climbs of one model to its maximum on the same data."""

    model: Mixture
    source: Any  # the data as rows, with their weights
    data: Any  # the same as the caller gave them
    weight: Array | None  # how often each row counts, (n,)
    tol: float
    max_iter: int
    reg_covar: float | None  # None where the model is not scikit-learn's normal one
    verbose: int
    verbose_interval: int

    def best(self, starts: list[Mixture]) -> Fit:
        """The highest of the fits from these starts."""
        if not self.max_iter:
            return _at_start(self.model, self.source, starts[0])
        fits: list[Fit] = []
        fallen = "" if self.reg_covar is None else flat(self.source.x)
        for k, start in enumerate([] if fallen else starts):
            try:
                fits.append(self._from(start, k))
            except CollapseError as error:
                fallen = f"collapsed: {error}"
        return _highest(fits) if fits else self._above_floor(starts, fallen)

    def drawn(self, starts: int, seed: int) -> Fit:
        """The fit from starts that `em` draws; an error where it collapses."""
        fit = em(
            self.model,
            self.data,
            sample_weight=self.weight,
            starts=starts,
            rng=seed,
            tol=self.tol,
            max_iter=max(self.max_iter, 1),
            callback=_printer(self.verbose, self.verbose_interval, 0),
        )
        return _standing(fit)

    def _from(self, start: Mixture, number: int) -> Fit:
        """The fit from one start; an error where it collapses. As scikit-learn's it
        ends where a step gains little, and does not look for a saddle there."""
        settings = Settings(self.tol, self.max_iter, True, escapes=False)
        printer = _printer(self.verbose, self.verbose_interval, number)
        watchers = False, printer
        fit = em_rows(
            self.model, self.source, start, settings=settings, watchers=watchers
        )
        return _standing(fit)

    def _above_floor(self, starts: list[Mixture], fallen: str) -> Fit:
        """The fit above `reg_covar`, and a warning; an error where there is none."""
        if not self.reg_covar or self.source.gaps:
            normal = self.reg_covar is not None
            raise CollapseError(
                f"the likelihood must have a maximum, got only starts that {fallen}"
                + ("; or set reg_covar above 0" if normal else "")
            )
        floor = floor_of(self.reg_covar, self.source)
        fits = [
            floor.fit(self.model, self.source, start, self.tol, self.max_iter)
            for start in starts
        ]
        warn(
            f"every start {fallen}. Fitted again with no variance below "
            f"{floor.least:g} (reg_covar)"
        )
        return _highest(fits)


def _standing(fit: Fit) -> Fit:
    """The fit; an error where it collapsed."""
    if fit.collapsed:
        raise CollapseError(fit.reason.removeprefix("collapsed: "))
    return fit


def still_rises(fit: Fit, tol: float, goes_on: bool) -> bool:
    """Would `GaussianMixture` have gone on where this fit was cut off?

    It does while the mean log-likelihood rises by `tol` a step, and after the first
    step, unless that goes on from an earlier fit.
    """
    cut_off = fit.reason.startswith(_CUT_OFF) and fit.steps > (not goes_on)
    return not cut_off or fit.history[-1] - fit.history[-2] >= tol * fit.n


def unfinished(fit: Fit) -> str:
    """How such a fit ended, in words, with those of scikit-learn among them."""
    return f"the best start did not converge: {fit.reason.removeprefix(_CUT_OFF)}"


def warn(words: str) -> None:
    """Warn of a fit that is not what was asked for."""
    warnings.warn(words, ConvergenceWarning, stacklevel=3)


def _printer(verbose: int, interval: int, number: int) -> Callable[[Step], None] | None:
    """What prints the steps, if any is to be printed."""
    if not verbose:
        return None

    def show(step: Step) -> None:
        if step.step == 1:
            print(f"Initialization {step.start + number}")
        if step.step % interval == 0:
            height = f"\tlog-likelihood {step.log_likelihood:.5f}"
            print(f"  Iteration {step.step}{height if verbose > 1 else ''}")

    return show


def _highest(fits: list[Fit]) -> Fit:
    """The highest of some fits, with what became of all starts: of those that agree
    the first that converged, so that rounding does not choose."""
    top = max(fit.log_likelihood for fit in fits)
    level = [fit for fit in fits if ties_with(fit.log_likelihood, top)]
    chosen = next((fit for fit in level if fit.converged), level[0])
    return replace(chosen, starts=tuple(end for fit in fits for end in fit.starts))


def _at_start(model: Mixture, source: Rows, start: Mixture) -> Fit:
    """The start itself as a `Fit`: no step was taken."""
    height = float(source.weights @ start.log_prob(source.x))
    words = "not converged: max_iter = 0, so this is the start itself"
    end = RunResult(start, height, np.array([height]), False, words, math.inf)
    return Fit.of(model, start, source, end, (end,))
