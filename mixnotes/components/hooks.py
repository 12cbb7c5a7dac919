"""What a component may tell the climb about itself, beyond the contract.

For the author of a family whose likelihood jumps, has kinks, or has no maximum.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Self

from mixnotes.components.blanks import Blanks
from mixnotes.numeric.arrays import Array


class Hooks(Blanks):
    """Each of these may be left as it is."""

    fits_exactly: ClassVar[bool] = False  # is its weighted fit no search?
    has_moves: ClassVar[bool] = False  # does `moves` find components that EM cannot?
    edges_move: bool = False  # does the support end where a blank parameter says?

    def moves(self, filled: Self, x: Array, weight: Array) -> Iterator[Self]:
        """Components beside `filled` that no step of EM leads to, where the likelihood
        jumps or has a kink. x, weight: distinct observations and how much of each is
        this component's, (n,)."""
        return iter(())

    def narrowed(self, filled: Self, at: float, factor: float) -> Self | None:
        """`filled` at this place, its spread times `factor`, where the blanks allow it;
        None where not."""
        changed = self._narrowed(filled, at, factor)
        if changed and set(changed) <= set(self.blanks) - set(self.shares):
            return filled.filled(changed)
        return None

    def _narrowed(self, filled: Self, at: float, factor: float) -> dict[str, Any]:
        """The parameters that differ then; none where a family does not say."""
        return {}

    def stretched(self, filled: Self, x: Array) -> Self:
        """`filled` with ends that reach to these observations, where blanks allow."""
        return filled

    def remark(self, x: Array, weight: Array) -> str:
        """What a user should know who learns this from such data; else no words."""
        return ""

    @property
    def limit(self) -> str:
        """What this component is the limit of, where a parameter is infinite; else
        no words."""
        return ""

    def require_unit(self, x: Array, weight: Array) -> None:
        """Raise an error where x is plainly in another unit than this family takes."""
        return
