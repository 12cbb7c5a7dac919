"""The blanks of a component: which they are, what fills them, and their vector."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np

from mixnotes.components import vector
from mixnotes.components.constraints import Constraint
from mixnotes.components.density import log_density
from mixnotes.numeric.arrays import Array


class Blanks(ABC):
    """The part of a component that deals with parameters, each of which is given,
    blank, or blank and shared.
    """

    @property
    @abstractmethod
    def n_free(self) -> int:
        """How many numbers are blank.

        Examples:
            >>> import mixnotes as mx
            >>> mx.Mixture([mx.Normal(), mx.Normal(sd=1.0)]).n_free
            4
        """

    @property
    @abstractmethod
    def blanks(self) -> tuple[str, ...]:
        """The names of the blank parameters.

        Examples:
            >>> import mixnotes as mx
            >>> mx.StudentT(df=4).blanks
            ('loc', 'scale')
        """

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of all parameters that `blank` can make blank."""
        return tuple(getattr(self, "constraints", dict)())

    @abstractmethod
    def blank(self, *names: str) -> Self:
        """The same component with these parameters blank, to be learned anew.

        Args:
            *names: names of parameters, as in `parameters`; all of them if none is
                named.

        Examples:
            >>> import mixnotes as mx
            >>> mx.Normal(mean=1.0, sd=2.0).blank("mean")
            Normal(sd=2)
        """

    @property
    def learns(self) -> bool:
        """True where something is blank. `n_free` cannot say so before the data have
        come: how many numbers are blank may depend on how many columns there are.
        """
        return bool(self.blanks)

    @property
    def told(self) -> dict[str, Any]:
        """What is known of blanks: for each of them the distribution that is believed,
        or the bounds.
        """
        return {}

    def without_told(self) -> Self:
        """The same component, of whose blanks nothing is known."""
        names = [name for name in self.told if name in self.blanks]
        return self.blank(*names) if names else self

    def log_prior(self, filled: Self) -> float:
        """The logarithm of the density of all that is believed of blanks, at their
        values in `filled`; 0 where nothing is.

        Examples:
            >>> import mixnotes as mx
            >>> coin = mx.Bernoulli(p=mx.Beta(2, 2))
            >>> round(coin.log_prior(mx.Bernoulli(0.5)), 3)
            0.405
        """
        return sum(
            log_density(belief, filled.value_of(name))
            for name, belief in self.told.items()
            if name in self.blanks and hasattr(belief, "log_prob")
        )

    # The blanks as coordinates of a line without ends: for those who can say, `em`
    # extrapolates, looks for saddles and knows the rate and standard errors.

    has_line = False
    without_line = ""  # why not, in words, where an author knows

    def entries(self, filled: Self) -> list[vector.Entry]:
        """The blanks in order, each with its constraint and its value in `filled`. This
        list is the parameter vector: all that follows is computed from it.
        """
        shares = self.shares
        return [
            vector.Entry(
                name,
                self.constraint_of(name),
                shares.get(name),
                np.array([filled.value_of(name)]),
            )
            for name in self.blanks
        ]

    def axes(self, filled: Self) -> list[vector.Axis]:
        """For each coordinate of the unconstrained vector, which blank it belongs
        to.
        """
        return vector.axes(self.entries(filled))

    def unconstrain(self, filled: Self) -> Array:
        """The values of the blanks in `filled` as unconstrained coordinates, shape
        (p,).
        """
        return vector.unconstrain(self.entries(filled))

    def constrain(self, line: Array, like: Self) -> Self:
        """The component with these unconstrained coordinates, shape (p,); what is given
        is as in `like`.
        """
        entries = self.entries(like)
        stacks = vector.constrain(line, entries)
        return like.filled({e.name: v[0] for e, v in zip(entries, stacks, strict=True)})

    def line_units(self, filled: Self, scales: Array) -> Array:
        """The unit of each unconstrained coordinate, shape (p,). It is the unit of the
        data, from `scales`, (d,), where the coordinate is the value itself, and 1 where
        it is a logarithm.
        """
        parts = [self.units_of(e, scales) for e in self.entries(filled)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def units_of(self, entry: vector.Entry, scales: Array) -> Array:
        """The units of the coordinates of one blank."""
        return entry.constraint.line_units(entry.stack, scales)

    def measured(self, filled: Self, scale: float) -> Array | None:
        """The values of the blanks on the scale on which `em` measures how far they
        still have to go: those with the data's unit are divided by `scale`. None where
        a component cannot say; `em` then watches log-densities at some observations
        instead.
        """
        return None

    def with_shared_fixed(self, filled: Self) -> Self:
        """This component with its shared blanks given, at their values in `filled`."""
        return self.filled({name: filled.value_of(name) for name in self.shares})

    @property
    def shares(self) -> dict[str, str]:
        """The blanks that are shared with other components: for each parameter the
        shared name.
        """
        return {}

    def kind(self) -> tuple[Any, ...]:
        """What two components must have equal to share parameters."""
        return (type(self),)

    def value_of(self, name: str) -> Any:
        """The value of a parameter, by its name in `blanks`."""
        return getattr(self, name)

    def size_of(self, name: str) -> int:
        """How many free numbers a blank parameter is, by its name in `blanks`."""
        return self.n_free if len(self.blanks) == 1 else 1

    def constraint_of(self, name: str) -> Constraint:
        """The set that a parameter lives in, by its name in `blanks`."""
        raise NotImplementedError

    def filled(self, values: dict[str, Any]) -> Self:
        """The same component with these parameters set, by their names in `blanks`."""
        raise NotImplementedError

    def _require_complete(self, what: str) -> None:
        if self.blanks:
            raise ValueError(
                f"{what} needs every parameter, and {self!r} has blanks: "
                f"{', '.join(self.blanks)}; fit first, for example with "
                ".fit(x) or mx.em(mixture, x).mixture"
            )
