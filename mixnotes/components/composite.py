"""A component that is made of others: a mixture, a product of columns."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from mixnotes.components.belief import is_blank
from mixnotes.components.component import Component
from mixnotes.components.constraints import Constraint


class Composite(Component):
    """A component that is made of others. Its blanks are those of its parts, with the
    part in the name, as in "parts['sex'].probs", and its own, such as "weights".
    """

    own: ClassVar[Mapping[str, Constraint]] = {}  # parameters that are of no part

    @property
    @abstractmethod
    def children(self) -> Mapping[str, Component]:
        """The parts, each by the prefix that the names of its blanks have in the
        whole.
        """

    @abstractmethod
    def remade(self, children: Mapping[str, Component], own: Mapping[str, Any]) -> Self:
        """A component of the same kind with these parts, and these parameters of its
        own.
        """

    def _own(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.own}

    def _child_of(self, name: str) -> tuple[str, str]:
        """A name in `blanks` cut in two: the prefix of the part, and the name in that
        part.
        """
        for at in self.children:
            if name.startswith(at):
                return at, name.removeprefix(at)
        raise KeyError(name)

    @property
    def needs_levels(self) -> bool:  # type: ignore[override]
        """Must the data say which categories some part has?"""
        return any(part.needs_levels for part in self.children.values())

    @property
    def blanks(self) -> tuple[str, ...]:
        """The names of the blank parameters."""
        names = [
            at + name for at, part in self.children.items() for name in part.blanks
        ]
        return (
            *names,
            *(name for name, value in self._own().items() if is_blank(value)),
        )

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names that `blank` takes: "probs" for every part that has it,
        "parts['sex'].probs" for that of one part, and the component's own.
        """
        items = self.children.items()
        found = [(at, name) for at, part in items for name in part.parameters]
        names = [name for _, name in found] + [at + name for at, name in found]
        return tuple(dict.fromkeys([*names, *self.own]))

    def blank(self, *names: str) -> Self:
        """The same component with these parameters blank, to be learned anew.

        Args:
            *names: names of parameters, as in `parameters`; all of them if none is
                named.

        Examples:
            >>> import mixnotes as mx
            >>> bag = mx.Mixture([mx.Bernoulli(0.8), mx.Bernoulli(0.3)], [0.5, 0.5])
            >>> bag.blank("weights")
            Mixture([Bernoulli(p=0.8), Bernoulli(p=0.3)])
        """
        unknown = sorted(set(names) - set(self.parameters))
        if unknown:
            others = "".join(f", or {name!r}" for name in self.own)
            raise ValueError(
                f"{type(self).__name__}: blank takes parameters of its parts{others}, "
                f"got {', '.join(unknown)}"
            )
        found = {}
        for at, part in self.children.items():
            mine = [n for n in part.parameters if not names or {n, at + n} & set(names)]
            found[at] = part.blank(*(mine if names else ())) if mine else part
        free = [name for name in self.own if not names or name in names]
        return self.remade(found, self._own() | dict.fromkeys(free))

    def value_of(self, name: str) -> Any:
        """The value of a parameter, by its name in `blanks`."""
        if name in self.own:
            return getattr(self, name)
        at, rest = self._child_of(name)
        return self.children[at].value_of(rest)

    def size_of(self, name: str) -> int:
        """How many free numbers a blank parameter is, by its name in `blanks`."""
        at, rest = self._child_of(name)
        return self.children[at].size_of(rest)

    def constraint_of(self, name: str) -> Constraint:
        """The set that a parameter lives in, by its name in `blanks`."""
        if name in self.own:
            return self.own[name]
        at, rest = self._child_of(name)
        return self.children[at].constraint_of(rest)

    def filled(self, values: dict[str, Any]) -> Self:
        """The same with these parameters set, by their names in `blanks`."""
        found, own = dict(self.children), self._own()
        mine: dict[str, dict[str, Any]] = {}
        for name, value in values.items():
            if name in own:
                own[name] = value
                continue
            at, rest = self._child_of(name)
            mine.setdefault(at, {})[rest] = value
        for at, inner in mine.items():
            found[at] = found[at].filled(inner)
        return self.remade(found, own)

    @property
    def shares(self) -> dict[str, str]:
        """The blanks that other components have too: parameter to shared name."""
        return {
            at + name: shared
            for at, part in self.children.items()
            for name, shared in part.shares.items()
        }

    @property
    def told(self) -> dict[str, Any]:
        """What is known of blanks of the parts, and of its own."""
        found = {
            at + name: known
            for at, part in self.children.items()
            for name, known in part.told.items()
        }
        own = {n: v for n, v in self._own().items() if v is not None and is_blank(v)}
        return found | own

    def log_prior(self, filled: Self) -> float:
        """That of the parts, and of its own."""
        pairs = zip(self.children.values(), filled.children.values(), strict=True)
        return sum(part.log_prior(there) for part, there in pairs)

    @property
    def edges_move(self) -> bool:  # type: ignore[override]
        """Does the support of some part end where a blank parameter says?"""
        return any(part.edges_move for part in self.children.values())
