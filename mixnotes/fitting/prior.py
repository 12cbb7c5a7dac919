"""What an M-step is told beside the data: a bound, a penalty or a prior.

A bound moves what was learned, a conjugate prior adds observations that nobody made,
and a prior or a penalty adds its logarithm to what is climbed.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mixnotes.components.exponential import Values
from mixnotes.numeric.arrays import Array


class Prior:
    """What is known of the parameters of some components, or of a mixture's weights.

    All of it is in the data's unit. As it stands it says nothing: a kind of bound,
    penalty or prior says what it has to say, so that a step of EM never lowers
    log_likelihood + log_prob.
    """

    def observations(self) -> tuple[Any, Array] | None:
        """Observations x beside the data, (m,) or (m, d), and how much each weighs for
        each of the K components, (K, m). Of weights: none, and how often each of the
        K components was seen, (K,).

        A conjugate prior is such observations: a `Beta(3, 2)` of a probability, two
        ones and one zero. They say nothing of the weights.
        """
        return None

    def bounded(self, name: str, values: Array) -> Array:
        """A parameter as it was learned by K components, (K, ...), within its bounds;
        of a mixture's weights, named "weights", (K,).

        The family learns the rest beside it, so it must be the best within the bounds
        if the rest stays.
        """
        return values

    def log_prob(self, values: Mapping[str, Array]) -> float:
        """What is added to the log-likelihood: the logarithm of a prior, or a penalty
        with a minus; a bound adds nothing."""
        return 0.0


class Learner(Prior):
    """A prior that makes the M-step of a block itself."""

    searches = False  # is something learned by a search?
    keeps_spread = False  # is each spread held by what is known of it?

    @abstractmethod
    def prepare(self, block: Any) -> None:
        """Take up the block, once its unit is known."""

    @abstractmethod
    def learn(self, statistics: Any, values: Any) -> Values:
        """The parameters where likelihood times prior is largest, from the sums."""


Priors = Callable[[Sequence[Any]], Prior | None]
"""From components that are learned together, or from `[mixture]` for its weights, to
what is known of them."""
