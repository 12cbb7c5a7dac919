"""How many components: criteria and held-out likelihood.

None of them knows how many groups there are; each says which model predicts best in
its own sense.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mixnotes.components import html as markup
from mixnotes.components.component import weight_of
from mixnotes.components.measure import Atoms, joined
from mixnotes.components.mixture import Mixture
from mixnotes.data.check import CollapseError, Rng, as_count, as_rng, as_sample_weight
from mixnotes.data.sources import Rows
from mixnotes.families.truncated import as_mixture
from mixnotes.fitting.em import em, em_rows
from mixnotes.fitting.engine import log_likelihood_of
from mixnotes.fitting.fit import Fit
from mixnotes.fitting.inputs import Data, checked
from mixnotes.numeric.arrays import Array

CRITERIA = ("bic", "aic", "icl", "held_out", "evidence")
_LEGEND = (
    "* the best by that criterion",
    "starts: the share that reached the best log-likelihood",
)


@dataclass(frozen=True)
class Candidate:
    """One model of a `Selection`, with its fit and its scores.

    Examples:
        >>> import mixnotes as mx
        >>> x = mx.datasets.faithful()["waiting"]
        >>> two = mx.select(mx.Normal(), x, K=[1, 2], starts=1)[2]
        >>> print(f"{two.score('bic'):.2f} {two.stands}")
        2096.03 True
    """

    name: Any
    """What the model is called in the table."""
    fit: Fit | None
    """What `em` found; None where every first guess collapsed before a step."""
    held_out: float | None
    """The mean log-likelihood of an observation that the fit never saw, in nats; None
    where it was not asked for."""
    impossible: bool = False
    """True where other models have a point mass, some of the data lie exactly on it,
    and this model has only a density there: it cannot be compared with them."""

    @property
    def stands(self) -> bool:
        """True where the model can win: False where every start collapsed, or the model
        cannot have made the data.
        """
        return not (self.fit is None or self.fit.collapsed or self.impossible)

    @property
    def share_of_starts(self) -> float:
        """The share of starts that reached the best log-likelihood, from 0 to 1."""
        fit = self._fit()
        return fit.n_best / len(fit.starts)

    def score(self, by: str) -> float:
        """The value of a criterion; less is better.

        Args:
            by: "bic", "aic", "icl", or "held_out", whose score is minus the held-out
                log-likelihood, or "evidence", whose score is minus its logarithm.
        """
        _require_criterion(by)
        if by == "held_out":
            if self.held_out is None:
                raise ValueError("held_out must be asked for: select(..., folds=5)")
            return -self.held_out
        if by == "evidence":
            return -self._evidence
        value: float = getattr(self._fit(), by)
        return value

    @cached_property
    def _evidence(self) -> float:
        return self._fit().log_evidence()

    @property
    def has_evidence(self) -> bool:
        """True where the model believes something of every blank, so that it has an
        evidence.
        """
        try:
            return math.isfinite(self._evidence)
        except ValueError:
            return False

    def _fit(self) -> Fit:
        if self.fit is None:
            raise ValueError(
                f"a model must have a fit to be judged, and of {self.name!r} every "
                "first guess collapsed; see stands, and use fewer components"
            )
        return self.fit


@dataclass(frozen=True, repr=False)
class Selection:
    """Every model, its fit and what the criteria say. Print it for a table.

    `selection[name]` is the candidate of that name.

    Examples:
        >>> import mixnotes as mx
        >>> x = mx.datasets.faithful()["waiting"]
        >>> found = mx.select(mx.Normal(), x, K=[1, 2], starts=1)
        >>> found.best.name
        2
        >>> print(found)
        model    log-lik  free       AIC       BIC       ICL  starts
            1  -1095.289     2  2194.58   2201.79   2201.79     100%
            2  -1034.002     5  2078.00*  2096.03*  2118.37*    100%
        * the best by that criterion
        starts: the share that reached the best log-likelihood
    """

    candidates: tuple[Candidate, ...]
    """The models, in the order in which they were given."""
    by: str
    """The criterion by which `best` is chosen."""

    @property
    def best(self) -> Candidate:
        """The best candidate by the criterion that was asked for, of those that can
        win; one of which every start collapsed never does.
        """
        return self.best_by(self.by)

    def best_by(self, by: str) -> Candidate:
        """The best candidate by another criterion.

        Args:
            by: "bic", "aic", "icl", "held_out" or "evidence".

        Examples:
            >>> import mixnotes as mx
            >>> x = mx.datasets.faithful()["waiting"]
            >>> found = mx.select(mx.Normal(), x, K=[1, 2], starts=1)
            >>> found.best_by("aic").name
            2
        """
        standing = [c for c in self.candidates if c.stands]
        if not standing:
            raise ValueError(
                "some model must have a fit, and in all of them every start "
                "collapsed; use fewer components"
            )
        return min(standing, key=lambda c: c.score(by))

    def __getitem__(self, name: Any) -> Candidate:
        for candidate in self.candidates:
            if candidate.name == name:
                return candidate
        raise KeyError(
            f"the models are {', '.join(repr(c.name) for c in self.candidates)}, not "
            f"{name!r}"
        )

    def __repr__(self) -> str:
        rows = self._table()
        widths = [max(len(row[j]) for row in rows) for j in range(len(rows[0]))]
        lines = [
            "  ".join(f"{v:>{w}}" for v, w in zip(row, widths, strict=True))
            for row in rows
        ]
        return "\n".join([*lines, *_LEGEND])

    def _repr_html_(self) -> str:
        """The same as a table for a notebook."""
        rows = [[text.strip() for text in row] for row in self._table()]
        return markup.table("What each criterion says", rows, _LEGEND)

    def _table(self) -> list[list[str]]:
        names = ["model", "log-lik", "free", "AIC", "BIC", "ICL"]
        names += ["held-out", "evidence", "starts"]
        rows = [names]
        winners = {by: self._winner(by) for by in CRITERIA}
        for c in self.candidates:
            marked = {by: "*" if winners[by] is c else " " for by in CRITERIA}
            held = "" if c.held_out is None else f"{c.held_out:.4f}{marked['held_out']}"
            told = ["", "", "", "", ""]
            if c.fit is not None:
                told = [
                    f"{c.fit.log_likelihood:.3f}",
                    str(c.fit.model.n_free),
                    *(f"{c.score(by):.2f}{marked[by]}" for by in ("aic", "bic", "icl")),
                ]
            share = f"{c.share_of_starts:.0%}" if c.stands else _fallen(c)
            known = (
                ""
                if winners["evidence"] is None or not c.stands
                else (f"{-c.score('evidence'):.2f}{marked['evidence']}")
            )
            rows.append([str(c.name), *told, held, known, share])
        empty = [j for j in (6, 7) if not any(row[j] for row in rows[1:])]
        return [[v for j, v in enumerate(row) if j not in empty] for row in rows]

    def _winner(self, by: str) -> Candidate | None:
        standing = [c for c in self.candidates if c.stands]
        if by == "held_out" and any(c.held_out is None for c in standing):
            return None
        if by == "evidence" and not all(c.has_evidence for c in standing):
            return None
        return self.best_by(by) if standing else None


def _fallen(candidate: Candidate) -> str:
    """Why a model cannot win, in words."""
    return "no such mass" if candidate.impossible else "collapsed"


def _require_criterion(by: str) -> None:
    if by not in CRITERIA:
        raise ValueError(f"by must be one of {', '.join(CRITERIA)}, got {by!r}")


def fitted(model: Mixture, x: Any, **options: Any) -> Fit | None:
    """What `em` finds; None where no first guess can be fitted."""
    try:
        return em(model, x, **options)
    except CollapseError:
        return None


def select(
    models: Any,
    x: Data,
    K: Iterable[int] | None = None,
    *,
    by: str = "bic",
    folds: int = 0,
    sample_weight: ArrayLike | None = None,
    rng: Rng = 0,
    **options: Any,
) -> Selection:
    """Fit several models to the same data, and say what each criterion thinks of them.

    A model of which every start collapses is a row of the table that says so, and never
    wins. Nor does a model without a point mass where others have one and some of the
    data lie exactly on it ("no such mass" in the table): its density there cannot be
    compared with their probability.

    Args:
        models: mixtures by name, or a list of mixtures; or one component, with `K`.
        x: observations, shape (n,), rows (n, d), columns by name; `Censored` or
            `Binned`.
        K: the numbers of components to try, where `models` is one component.
        by: the criterion of `best`: "bic", "aic", "icl", "held_out", or, where every
            blank is believed, "evidence".
        folds: in how many parts the data are cut for the held-out log-likelihood, 2 or
            more; 0 leaves it out.
        sample_weight: how often each observation counts, shape (n,); once if left out.
        rng: a seed or a numpy Generator, for the starts and the folds.
        **options: options of `em`, such as starts.

    Returns:
        A `Selection`, which prints as a table.

    Examples:
        >>> import mixnotes as mx
        >>> x = mx.datasets.galaxies_corrected()["velocity"] / 1000
        >>> found = mx.select(mx.Normal(), x, K=range(1, 4), starts=2)
        >>> found.best.name
        3
        >>> print(f"{found.best.fit.bic:.1f}")
        442.2
    """
    _require_criterion(by)
    if by == "held_out" and not folds:
        folds = 5
    if folds:
        as_count(folds, "folds", 2)
    named = _named(models, K)
    seed = int(as_rng(rng).integers(2**32))
    found = []
    atoms = joined(model.atoms for model in named.values())
    for name, model in named.items():
        fit = fitted(model, x, sample_weight=sample_weight, rng=seed, **options)
        held_out = None
        if folds:
            held_out = _held_out(model, x, sample_weight, folds, seed, options)
        impossible = lacks(fit, atoms)
        found.append(Candidate(name, fit, held_out, impossible))
    return Selection(tuple(found), by)


def lacks(fit: Fit | None, atoms: Atoms) -> bool:
    """True where some value in the data is impossible under this fit, although other
    models give it a probability.
    """
    if fit is None or not (atoms and _missing(fit.mixture, atoms)):
        return False
    return any(fit.source.map(partial(_impossible, fit.mixture, atoms)))


def _impossible(mixture: Mixture, atoms: Atoms, x: Array, weight: Array | None) -> bool:
    """The same for some rows."""
    log_joint = mixture.bind_joint(x, atoms)(mixture)
    impossible = np.isneginf(log_joint).all(axis=0)
    return bool((impossible if weight is None else impossible & (weight > 0)).any())


def _missing(model: Mixture, atoms: Atoms) -> bool:
    """True where a model has no point mass at some of these values."""
    none: frozenset[float] = frozenset()
    return any(values - model.atoms.get(c, none) for c, values in atoms.items())


def _named(models: Any, K: Iterable[int] | None) -> dict[Any, Mixture]:
    """The models by name."""
    if K is not None:
        if isinstance(models, Mixture | Mapping | Sequence):
            raise ValueError(
                "with K, models must be one component, as in select(Normal(), x, "
                f"K=range(1, 7)), got {models!r:.80}"
            )
        counts = [as_count(k, "K", 1) for k in K]
        named: dict[Any, Any] = {k: Mixture(k * [models]) for k in counts}
    elif isinstance(models, Mapping):
        named = dict(models)
    elif isinstance(models, Sequence):
        named = dict(enumerate(models))
    else:
        raise TypeError(
            "models must be a mapping of names to mixtures, a list of mixtures, or a "
            f"component with K, got {models!r:.80}"
        )
    if not named:
        raise ValueError("models must hold at least one mixture, got none")
    named = {name: as_mixture(model) for name, model in named.items()}
    for name, model in named.items():
        if not isinstance(model, Mixture):
            raise TypeError(f"models[{name!r}] must be a Mixture, got {model!r:.80}")
    return named


def _held_out(
    model: Mixture,
    x: Any,
    sample_weight: ArrayLike | None,
    folds: int,
    seed: int,
    options: Mapping[str, Any],
) -> float:
    """The mean log-likelihood of what each fold's fit did not see; -inf where it has
    probability 0 there, or where every start collapsed."""
    model = model.with_levels(x)
    data = model._rows(x)
    weight = as_sample_weight(weight_of(x, sample_weight), len(data))
    n = max(len(data), int(weight.sum()))
    if n < folds:
        raise ValueError(f"folds must be at most n = {n}, got {folds}")
    if any(name in options for name in ("groups", "covariates")) or model.label_rule:
        return _held_out_beside(model, x, sample_weight, folds, seed, options)
    if any(name in options for name in ("labels", "start")):
        raise ValueError("held-out likelihood takes no labels and no start; leave out")
    total = 0.0
    for mine in _folds(weight, folds, seed):
        rest = weight - mine
        fit = fitted(model, data, sample_weight=rest, rng=seed, **options)
        if fit is None or fit.collapsed:
            return -np.inf
        seen = mine > 0
        total += float(mine[seen] @ fit.mixture.log_prob(data[seen]))
    return total / float(weight.sum())


def _held_out_beside(
    model: Mixture,
    x: Any,
    sample_weight: ArrayLike | None,
    folds: int,
    seed: int,
    options: Mapping[str, Any],
) -> float:
    """The same where labels depend on columns, or rows have one together, which are
    left out together."""
    rest = {k: v for k, v in options.items() if k not in ("groups", "covariates")}
    if set(rest) - {"starts"}:
        raise ValueError(
            "held-out likelihood of groups and of weights that depend on columns takes "
            f"the option starts alone, got {', '.join(rest)}; leave out"
        )
    groups, covariates = options.get("groups"), options.get("covariates")
    checked_model, rows = checked(model, x, sample_weight, None, groups, covariates)
    assert isinstance(rows, Rows)
    assert rows.beside is not None
    group = rows.beside.group
    unit = np.arange(len(rows.x)) if group is None else group
    part = np.random.default_rng(seed).permutation(int(unit.max()) + 1) % folds
    if part.max() + 1 < folds:
        raise ValueError(
            f"folds must be at most the number of groups, {len(part)}, got {folds}"
        )
    total = 0.0
    for k in range(folds):
        seen, left = (np.flatnonzero(part[unit] != k), np.flatnonzero(part[unit] == k))
        try:
            fit = em_rows(checked_model, rows.take(seen), rng=seed, **rest)
        except CollapseError:
            return -np.inf
        if fit.collapsed:
            return -np.inf
        total += log_likelihood_of(checked_model, fit.mixture, rows.take(left))
    return total / rows.total


def _folds(weight: Array, folds: int, seed: int) -> Iterator[Array]:
    """What each fold leaves out, as weights, shape (n,).

    A weight that is a count stands for as many observations, which are left out one by
    one; any other goes into a fold whole.
    """
    count = weight if (weight == np.round(weight)).all() else np.ones(len(weight))
    units = np.repeat(np.arange(len(weight)), count.astype(np.intp))
    part = np.random.default_rng(seed).permutation(len(units)) % folds
    for k in range(folds):
        mine = np.bincount(units[part == k], minlength=len(weight))
        yield mine * weight / np.maximum(count, 1)
