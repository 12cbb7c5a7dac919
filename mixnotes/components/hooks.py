"""What a component may tell EM about itself, beyond the contract.

For the author of a family whose likelihood jumps, has kinks, or has no maximum.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Self

from mixnotes.components.blanks import Blanks
from mixnotes.numeric.arrays import Array


class Hooks(Blanks):
    """What an author may add to a component; each of these may be left as it is."""

    fits_exactly: ClassVar[bool] = False  # is its weighted fit no search?
    has_moves: ClassVar[bool] = False  # does `moves` find components that EM cannot?
    edges_move: bool = False  # does the support end where a blank parameter says?

    def moves(self, filled: Self, x: Array, weight: Array) -> Iterator[Self]:
        """Other values of the blanks to try, which no step of EM leads to, since the
        likelihood jumps or has a kink on the way.

        Args:
            filled: the component that EM found.
            x: the distinct observations, shape (n,).
            weight: how much of each observation is this component's, shape (n,).
        """
        return iter(())

    def narrowed(self, filled: Self, at: float, factor: float) -> Self | None:
        """`filled` moved to a place and made narrower, to test whether the likelihood
        has a bound; None where the blanks do not allow it.

        Args:
            filled: the component that EM found.
            at: the place, in the unit of x.
            factor: what its spread is multiplied by, below 1.
        """
        changed = self._narrowed(filled, at, factor)
        if changed and set(changed) <= set(self.blanks) - set(self.shares):
            return filled.filled(changed)
        return None

    def _narrowed(self, filled: Self, at: float, factor: float) -> dict[str, Any]:
        """The values of the parameters that `narrowed` changes; empty where a family
        does not say.
        """
        return {}

    def fitted_together(
        self, templates: Sequence[Self], x: Array, shares: Array, starts: Sequence[Self]
    ) -> list[Self] | None:
        """Components of this kind that share parameters, each filled where the weighted
        log-likelihood of all is highest, not below `starts`; None where that is left to
        a search.

        Args:
            templates: the components, with what is shared.
            x: the observations.
            shares: how much of each observation is each component's, shape (K, n).
            starts: the components filled, with what is shared in agreement.
        """
        return None

    def stretched(self, filled: Self, x: Array) -> Self:
        """`filled` with the blank ends of its support moved outwards, to hold every
        observation.

        Args:
            filled: the component that EM begins from.
            x: the observations, shape (n,).
        """
        return filled

    def remark(self, x: Array, weight: Array) -> str:
        """A note for the user who learns this component from such data, in words; ""
        for none.

        Args:
            x: the observations, shape (n,), or rows (n, d).
            weight: how often each counts, shape (n,).
        """
        return ""

    @property
    def limit(self) -> str:
        """What this component is the limit of, in words, where a parameter is infinite;
        else "".
        """
        return ""

    def require_unit(self, x: Array, weight: Array) -> None:
        """Raise an error where x is plainly in another unit than this family takes.

        Args:
            x: the observations, shape (n,), or rows (n, d).
            weight: how often each counts, shape (n,).
        """
        return
