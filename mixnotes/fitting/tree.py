"""The tree of nested mixtures, and its components in a row.

Mixtures nest, and are worked on as one flat mixture of all their components. Each has a
slot there, so that those of a block stand next to each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mixnotes.components.mixture import Mixture
from mixnotes.numeric.arrays import Array

Path = tuple[int, ...]  # component of component of ... the outermost


class Node(NamedTuple):
    """A mixture in the tree of mixtures."""

    path: Path
    given: Any  # its weights, if given
    leaves: NDArray[np.intp]  # the components in it, slots
    branch: NDArray[np.intp]  # which of its own components each is in


class Tree:
    """A mixture of mixtures, and `order`: which component stands in each slot."""

    def __init__(self, model: Mixture, order: Sequence[int]) -> None:
        self.model = model
        self.paths = [path for path, _ in leaves(model)]
        self.order = np.asarray(order, dtype=np.intp)
        self.slot_of = np.argsort(self.order)
        self.nodes = list(_nodes(model, (), self.paths, self.slot_of))
        self.flat = len(self.nodes) == 1
        self.straight = self.flat and bool((np.diff(self.order) > 0).all())

    def path(self, slot: int) -> Path:
        """Where the component in this slot stands."""
        return self.paths[self.order[slot]]

    def by_slot(self, mixture: Mixture | None = None) -> list[Any]:
        """The components in the order of the slots: blank ones, or those of a filled
        mixture."""
        filled = self.model if mixture is None else mixture
        return [at(filled, self.paths[i]) for i in self.order]

    def weights(self, mixture: Mixture) -> list[Array]:
        """The weights of each mixture in a filled tree, the outermost first."""
        return [at(mixture, node.path).label_value for node in self.nodes]

    def rebuilt(self, by_slot: Sequence[Any], weights: Sequence[Array]) -> Mixture:
        """The mixture of these filled components and these weights."""
        parts = {
            self.paths[i]: part for i, part in zip(self.order, by_slot, strict=True)
        }
        level = {node.path: w for node, w in zip(self.nodes, weights, strict=True)}
        return _rebuilt(self.model, (), parts, level)

    def leaf_weights(self, weights: Sequence[Array], inner: bool = False) -> Array:
        """The weight of each component in the flat mixture, by slot, (K,); with `inner`
        that within its component of the outermost mixture."""
        if self.straight and not inner:
            return weights[0]
        leaf = np.ones(len(self.order))
        for node, own in zip(self.nodes, weights, strict=True):
            if inner and not node.path:
                continue
            leaf[node.leaves] *= own[node.branch]
        return leaf


def leaves(template: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """The components that are no mixtures, with their places in the tree."""
    for k, component in enumerate(template.parts):
        if isinstance(component, Mixture):
            yield from leaves(component, (*path, k))
        else:
            yield (*path, k), component


def in_order(model: Mixture, filled: Mixture) -> Mixture:
    """The same distribution with interchangeable components by increasing mean.

    Components that the model does not tell apart come in no order of their own; this
    one is the same in every run. Nothing moves where the weights are given, or believed
    to differ.
    """
    believed = getattr(model, "believed", None)
    if not model.label_symmetric or np.ptp(getattr(believed, "alpha", 1.0)) > 0:
        return filled
    order = list(range(len(filled.parts)))
    for places in _alike(model.parts):
        ranked = sorted(places, key=lambda j: filled.parts[j].rank())
        for place, found in zip(places, ranked, strict=True):
            order[place] = found
    return filled.permuted(order)


def _alike(parts: Sequence[Any]) -> list[list[int]]:
    """The places of equal components together."""
    found: list[tuple[Any, list[int]]] = []
    for k, part in enumerate(parts):
        for first, places in found:
            if part is first or part == first:
                places.append(k)
                break
        else:
            found.append((part, [k]))
    return [places for _, places in found]


def at(mixture: Any, path: Path) -> Any:
    """What stands in this place of the tree."""
    for k in path:
        mixture = mixture.parts[k]
    return mixture


def dotted(path: Path) -> str:
    """The place as it begins names in `Mixture.blanks`."""
    return "".join(f"components[{k}]." for k in path)


def _nodes(
    template: Mixture, path: Path, paths: Sequence[Path], slot: NDArray[np.intp]
) -> Iterator[Node]:
    """The mixtures in the tree, the outermost first."""
    depth = len(path)
    inside = [i for i, leaf in enumerate(paths) if leaf[:depth] == path]
    inside.sort(key=lambda i: slot[i])
    branch = np.array([paths[i][depth] for i in inside])
    yield Node(path, template.label_given, slot[inside], branch)
    for k, component in enumerate(template.parts):
        if isinstance(component, Mixture):
            yield from _nodes(component, (*path, k), paths, slot)


def _rebuilt(
    template: Any, path: Path, parts: Mapping[Path, Any], weights: Mapping[Path, Array]
) -> Any:
    if not isinstance(template, Mixture):
        return parts[path]
    components = [
        _rebuilt(c, (*path, k), parts, weights) for k, c in enumerate(template.parts)
    ]
    return template.with_parts(components, weights[path])
