"""The learned values of a mixture as one vector, and back.

Two maps: `natural` measures how far an iterate still moves, `to_line` is where an
extrapolated step can go without leaving the parameter space.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np

from mixnotes.check import Array
from mixnotes.component import Domain, Family
from mixnotes.mixture import Mixture, bind_of
from mixnotes.sums import Rows

TINY = 1e-300  # keeps the logarithm of a weight of 0 finite
_PROBES = 64  # observations at which a component of the reader's own is watched


@dataclass(frozen=True)
class Leaf:
    """The blanks of one component, or the blank weights of one mixture."""

    path: tuple[int, ...]  # component of component of ... the mixture
    names: tuple[str, ...] = ()
    domains: tuple[Domain, ...] = ()
    units: tuple[float, ...] = ()
    watch: Callable[[Any], Array] | None = None  # a component of the reader's own

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the blanks as `Mixture.blanks` has them."""
        prefix = "".join(f"components[{k}]." for k in self.path)
        return tuple(prefix + name for name in self.names or ("weights",))

    def of(self, mixture: Mixture) -> Any:
        """The part of `mixture` that this leaf is about."""
        part: Any = mixture
        for k in self.path:
            part = part.components[k]
        return part

    def read(self, mixture: Mixture) -> list[float]:
        """The values that `mixture` has here, in units of their own."""
        part = self.of(mixture)
        if self.watch:
            return list(self.watch(part))
        if not self.names:
            return list(part.weights)
        pairs = zip(self.names, self.units, strict=True)
        return [getattr(part, name) / unit for name, unit in pairs]

    def on_line(self, mixture: Mixture) -> list[float]:
        """The same, each mapped to the whole line."""
        values = self.read(mixture)
        if not self.names:
            return list(np.log(np.maximum(values, TINY)))
        return [d.to_line(v) for d, v in zip(self.domains, values, strict=True)]


class Coordinates:
    """The blanks of a model as a vector, for data of a given spread."""

    def __init__(self, model: Mixture, rows: Rows) -> None:
        self.model = model
        self.rows = rows
        self.scale = rows.scale
        probe = rows.x[:: max(1, len(rows.x) // _PROBES)]
        self.leaves = list(_leaves(model, (), self.scale, probe))
        self.has_line = not any(leaf.watch for leaf in self.leaves)

    def natural(self, mixture: Mixture) -> Array:
        """The learned values, shape (p,): weights and probabilities as they are, what
        is in the data's unit divided by the data's standard deviation."""
        return np.array([v for leaf in self.leaves for v in leaf.read(mixture)])

    def values(self, mixture: Mixture) -> Array:
        """The learned values as they are, shape (p,)."""
        return np.array(
            [
                value * unit
                for leaf in self.leaves
                for value, unit in zip(
                    leaf.read(mixture), leaf.units or repeat(1.0), strict=False
                )
            ]
        )

    def to_line(self, mixture: Mixture) -> Array:
        """The learned values mapped to the whole line, shape (p,)."""
        return np.array([v for leaf in self.leaves for v in leaf.on_line(mixture)])

    def from_line(self, values: Array) -> Mixture:
        """The model with its blanks filled from values on the line."""
        mixture: Mixture = _filled(self.model, iter(values.tolist()), self.scale)
        return mixture


def _leaves(
    template: Any, path: tuple[int, ...], scale: float, probe: Array
) -> Iterator[Leaf]:
    if isinstance(template, Mixture):
        for k, component in enumerate(template.components):
            yield from _leaves(component, (*path, k), scale, probe)
        if template.weights is None:
            yield Leaf(path)
    elif isinstance(template, Family):
        names = template.blanks
        domains = tuple(template.domains()[name] for name in names)
        if names:
            yield Leaf(path, names, domains, _units(domains, scale))
    elif template.n_free:
        yield Leaf(path, watch=bind_of(template, probe))


def _units(domains: tuple[Domain, ...], scale: float) -> tuple[float, ...]:
    return tuple(scale if d.in_data_units else 1.0 for d in domains)


def _filled(template: Any, values: Iterator[float], scale: float) -> Any:
    if isinstance(template, Mixture):
        components = [_filled(c, values, scale) for c in template.components]
        weights = template.weights
        if weights is None:
            logs = np.array([next(values) for _ in components])
            weights = np.exp(logs - logs.max())
            weights = weights / weights.sum()
        return Mixture(components, weights)
    if not template.n_free:
        return template
    domains = tuple(template.domains()[name] for name in template.blanks)
    parts = zip(template.blanks, domains, _units(domains, scale), strict=True)
    return template.filled(
        {name: domain.from_line(next(values)) * unit for name, domain, unit in parts}
    )
