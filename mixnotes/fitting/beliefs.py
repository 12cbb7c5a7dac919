"""What is believed of the parameters of components that are learned together.

A conjugate prior counts as observations; of a normal's mean it is weighed with the
data; of anything else the mode is searched for, from the sums of statistics alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mixnotes.components.belief import bounds_of, is_weighed
from mixnotes.components.constraints import Between
from mixnotes.components.density import log_dirichlet
from mixnotes.components.exponential import Tie, Values
from mixnotes.components.joint import NormalInverseWishart
from mixnotes.components.mixture import Mixture
from mixnotes.families.multivariate import MultivariateNormal
from mixnotes.families.normal import Normal
from mixnotes.fitting.conjugate import counts_of
from mixnotes.fitting.modes import mode_from
from mixnotes.fitting.prior import Learner, Prior
from mixnotes.numeric.arrays import Array

_ROUNDS = 200  # of a mean and the spread beside it
_STILL = 1e-14  # relative
_NONE = 1e-300  # what a weight of 0 counts as in a density without a bound there
_TINY = 1e-150  # a spread next to 0, and the log-density there of a belief that bars 0
_STEEP = -1e4


def beliefs_of(components: Sequence[Any]) -> Prior | None:
    """What is believed of these, or of the weights of `[mixture]`; None if nothing."""
    first = components[0]
    if isinstance(first, Mixture):
        believed = first.believed
        return None if believed is None else WeightBelief(alpha_of(believed))
    return Beliefs(components) if any(c.told for c in components) else None


def alpha_of(believed: Any) -> Array:
    """The numbers of a Dirichlet."""
    return np.asarray(believed.given("alpha"))


class WeightBelief(Prior):
    """A Dirichlet of the weights. Where some alpha is below 1 its density has no bound:
    a component that is left with less than 1 - alpha observations dies."""

    def __init__(self, alpha: Array) -> None:
        self.alpha = alpha

    def observations(self) -> tuple[Any, Array]:
        """How often each component was seen before."""
        return None, self.alpha - 1

    def log_prob(self, values: Mapping[str, Array]) -> float:
        """The log-density."""
        return log_dirichlet(self.alpha, values["weights"], _NONE)


def excess(model: Any, filled: Any, n: float) -> float:
    """By how much the log-density of the weights counts those that are 0 above what it
    counts a weight of 1 / n.

    A sparse Dirichlet has no bound there, which a climb must not see as a fall, and
    runs that end at different places must not be compared by.
    """
    if not isinstance(model, Mixture):
        return 0.0
    total = 0.0
    if model.believed is not None:
        alpha = alpha_of(model.believed)
        dead = (filled.weights < 1 / n) & (alpha < 1)
        least = np.log(np.maximum(filled.weights[dead], _NONE)) + np.log(n)
        total = float((alpha[dead] - 1) @ least)
    pairs = zip(model.parts, filled.parts, strict=True)
    return total + sum(excess(part, there, n) for part, there in pairs)


def is_sparse(model: Any) -> bool:
    """Has the belief about some weights no bound where they are 0?"""
    if not isinstance(model, Mixture):
        return False
    own = model.believed is not None and bool((alpha_of(model.believed) < 1).any())
    return own or any(map(is_sparse, model.parts))


class Beliefs(Learner):
    """Of the components of a block."""

    def __init__(self, templates: Sequence[Any]) -> None:
        self.templates = templates
        self.told = [template.told for template in templates]

    def bounded(self, name: str, values: Array) -> Array:
        """Within the bounds of each component."""
        found = values
        for k, told in enumerate(self.told):
            ends = bounds_of(told.get(name))
            if ends is not None:
                found = found.copy() if found is values else found
                constraint = self.templates[k].constraint_of(name)
                found[k] = constraint.clipped(values[k], *ends)
        return found

    def log_prob(self, values: Mapping[str, Array]) -> float:
        """The log-densities of all that is believed."""
        family: Any = self.templates[0]
        total = 0.0
        for k, (template, told) in enumerate(
            zip(self.templates, self.told, strict=True)
        ):
            if all(isinstance(known, Between) for known in told.values()):
                continue
            found = family.unstack(values, k)
            filled = template.filled({name: found[name] for name in template.blanks})
            total += template.log_prior(filled)
        return total

    @property
    def keeps_spread(self) -> bool:  # type: ignore[override]
        """Is each spread held by what is known of it, so that none can collapse?"""
        spread = getattr(self.templates[0], "spread", None)
        return all(
            not template._is_blank(spread) or _holds(told, spread)
            for template, told in zip(self.templates, self.told, strict=True)
        )

    # ----------------------------------------------------------------- the M-step

    def prepare(self, block: Any) -> None:
        """What each component is learned by, in the unit of the block."""
        self.block = block
        self.counts: list[Any] = [None] * len(self.templates)
        self.means: list[int] = []
        self.joint: list[int] = []
        self.searched: list[int] = []
        for k, (template, told) in enumerate(
            zip(self.templates, self.told, strict=True)
        ):
            beliefs = {n: v for n, v in told.items() if is_weighed(v)}
            if not beliefs:
                continue
            if isinstance(beliefs.get("prior"), NormalInverseWishart):
                self.joint.append(k)
            elif _is_normal_mean(template, beliefs):
                self.means.append(k)
            else:
                self.counts[k] = counts_of(template, beliefs, block.unit)
                if self.counts[k] is None:
                    self.searched.append(k)

    @property
    def searches(self) -> bool:  # type: ignore[override]
        """Is something learned by a search?"""
        return bool(self.searched)

    def learn(self, statistics: Any, values: Any) -> Values:
        """The mode from the sums of statistics."""
        block = self.block
        sums, origin = statistics.sums[: 1 + block.p].copy(), statistics.origin
        bare = sums.copy()
        for k, counts in enumerate(self.counts):
            if counts is not None:
                sums[:, k] += counts
        for k in self.joint:
            sums[:, k] += self._seen(k, origin)
        weight, means = sums[0], sums[1:] / sums[0]

        def learned(tie: Tie) -> Values:
            found = block._fitted(weight, means, tie, origin, values)
            if self.joint:
                found = self._with_scales(found, weight, bare[0], tie)
            if self.means:
                found = self._with_means(found, weight, means, tie, origin, values)
            return found

        found = learned(block.tie)
        if self.searched:
            return mode_from(self, found, bare, origin, values)
        plain = isinstance(origin, float) and not (self.joint or self.means)
        return block.within_bounds(
            found, learned, block.height_of(sums) if plain else None
        )

    # ------------------------------------------------- a mean and a covariance at once

    def _seen(self, k: int, origin: Any) -> Array:
        """The statistics of the observations that a joint prior is worth."""
        block, prior = self.block, self.told[k]["prior"]
        framed = (prior.mean - block.frame.centre) / block.frame.scale
        if not isinstance(origin, float):
            framed = framed - np.reshape(origin[k], -1)
        out = np.ones((1 + block.p, 1))
        block.family.fill(framed[:, None], out[1:])
        return prior.shrinkage * out[:, 0]

    def _with_scales(
        self, found: Values, weight: Array, seen: Array, tie: Tie
    ) -> Values:
        """The spreads with the scale of the prior."""
        family, frame = self.block.family, self.block.frame
        known = tie.is_given(family.spread, len(weight))
        for k in self.joint:
            if known[k]:
                continue
            prior, spread = self.told[k]["prior"], found[family.spread]
            scale = prior.scale / np.outer(frame.scale, frame.scale)
            if family.spread == "sd":
                square = weight[k] * spread[k] ** 2 + scale[0, 0]
                spread[k] = np.sqrt(square / (seen[k] + prior.counts))
            elif spread.ndim == 2:
                square = weight[k] * spread[k] + np.diagonal(scale)
                spread[k] = square / (seen[k] + prior.counts + 1 - prior.d)
            else:
                square = weight[k] * spread[k] + scale
                spread[k] = square / (seen[k] + prior.counts)
        return found

    # ------------------------------------------------------------- a mean by itself

    def _with_means(
        self,
        found: Values,
        weight: Array,
        means: Array,
        tie: Tie,
        origin: Any,
        now: Any,
    ) -> Values:
        """Each mean as data and belief have it by their precisions, and the spread
        beside it, in turn."""
        block, place = self.block, self.block.family.place
        spread = block.family.spread
        known = tie.is_given(place, len(weight)) | (weight == 0)
        rows = np.array([k for k in self.means if not known[k]], dtype=np.intp)
        if not len(rows):
            return found
        d = found[place].shape[1] if found[place].ndim == 2 else 1
        seen = means[0] if found[place].ndim == 1 else means[:d].T
        centre = seen + (0.0 if isinstance(origin, float) else origin)
        here = found if now is None else now
        for _ in range(_ROUNDS):
            there = [
                self._weighed(k, centre[k], here[spread][k], weight[k]) for k in rows
            ]
            held = tie.giving(place, rows, np.array(there))
            before, here = here, block._fitted(weight, means, held, origin, here)
            moved = np.abs(here[spread] - before[spread]).max()
            if moved <= _STILL * np.abs(here[spread]).max():
                break
        return here

    def _weighed(self, k: int, centre: Any, spread: Any, weight: float) -> Any:
        """The mean of one component between its data's and the one believed."""
        frame, belief = self.block.frame, self.told[k][self.block.family.place]
        if isinstance(belief, Normal):
            at = (belief.given("mean") - frame.centre[0]) / frame.scale[0]
            own = (frame.scale[0] / belief.given("sd")) ** 2
            data = weight / spread**2
            return (data * centre + own * at) / (data + own)
        at = (belief.given("mean") - frame.centre) / frame.scale
        units = np.outer(frame.scale, frame.scale)
        own = np.linalg.inv(belief.given("cov") / units)
        cov = np.diag(spread) if spread.ndim == 1 else spread
        data = weight * np.linalg.inv(cov)
        return np.linalg.solve(data + own, data @ centre + own @ at)


def _holds(told: Mapping[str, Any], spread: Any) -> bool:
    """Can the spread not fall to 0, by what is known of it?"""
    known = told.get(spread)
    ends = bounds_of(known)
    if ends is not None:
        return ends[0] > 0
    return "prior" in told or (known is not None and _bars_zero(known))


def _bars_zero(belief: Any) -> bool:
    """Does the density at 0 fall faster than a likelihood rises there? A power of the
    spread, as that of a Gamma, does not, where many values are equal."""
    if np.ndim(belief.ends[0]):
        return True  # of a covariance
    return belief.ends[0] > 0 or bool(belief.log_prob([_TINY])[0] < _STEEP)


def _is_normal_mean(template: Any, beliefs: Mapping[str, Any]) -> bool:
    """Is a normal's mean all that is believed of it, and that by a normal?"""
    if set(beliefs) != {getattr(template, "place", None)}:
        return False
    belief = next(iter(beliefs.values()))
    return any(
        isinstance(template, family) and isinstance(belief, family)
        for family in (Normal, MultivariateNormal)
    )
