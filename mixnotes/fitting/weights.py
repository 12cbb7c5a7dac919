"""The weights of each mixture in a tree, as an M-step learns them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mixnotes.components.constraints import softmax
from mixnotes.components.vector import Axis
from mixnotes.fitting.label import Label, OwnLabel
from mixnotes.fitting.prior import Prior, Priors
from mixnotes.fitting.tree import Node, Tree, at, dotted
from mixnotes.numeric.arrays import Array

_TINY = 1e-300  # keeps the logarithm of a weight of 0 finite


class Weights:
    """The weights of each mixture in the tree, and what is known of them."""

    def __init__(self, tree: Tree, priors: Priors, label: Label | None = None) -> None:
        self.tree = tree
        self.label = label if isinstance(label, OwnLabel) else None
        self.priors: list[Prior | None] = [
            None if self._is_known(node) else priors([at(tree.model, node.path)])
            for node in tree.nodes
        ]

    def _is_known(self, node: Node) -> bool:
        """Are there no weights of this mixture to learn?"""
        return node.given is not None or (self.label is not None and not node.path)

    @property
    def are_free(self) -> bool:
        """Is there one mixture, whose weights are all learned?"""
        straight = self.tree.straight and self.tree.nodes[0].given is None
        return straight and self.priors[0] is None and self.label is None

    def learned(
        self,
        totals: Array,
        before: Sequence[Array] | None,
        own: Any = None,
        begun: Array | None = None,
    ) -> list[Array]:
        """From the summed responsibilities of the components, by slot; `own` is what a
        label adds up for the outermost mixture, `begun` what it begins with."""
        plain = own is None and begun is None
        if self.tree.straight and self.priors[0] is None and plain:
            whole = sum(totals.tolist())  # of few numbers faster than numpy's
            if self.tree.nodes[0].given is None and whole > 0:
                return [totals / whole]
        weights = []
        for i, (node, prior) in enumerate(
            zip(self.tree.nodes, self.priors, strict=True)
        ):
            counts = np.bincount(node.branch, totals[node.leaves]).astype(float)
            if i == 0 and own is not None:
                counts = own
            if i == 0 and begun is not None:
                weights.append(begun)
            elif i == 0 and self.label is not None:
                assert before is not None
                weights.append(self.label.learned(own, before[0]))
            elif node.given is not None:
                weights.append(node.given)
            elif prior is not None:
                weights.append(_under(prior, counts))
            elif counts.sum() > 0:
                weights.append(counts / counts.sum())
            elif before is not None:  # nothing came here: stay
                weights.append(before[i])
            else:
                weights.append(np.full(len(counts), 1 / len(counts)))
        return weights

    def first(self, share: Array) -> list[Array]:
        """For responsibilities of the components, (K, n), by slot."""
        begun = None
        if self.label is not None:
            node = self.tree.nodes[0]
            branch = np.zeros((len(self.tree.model.parts), share.shape[1]))
            np.add.at(branch, node.branch, share[node.leaves])
            begun = self.label.first(branch)
        return self.learned(share.sum(axis=1), None, begun=begun)

    # ------------------------------------------------------------------- the line

    def _free(self, weights: Sequence[Array]) -> list[tuple[Node, Array]]:
        """The mixtures with plain weights to learn, and these."""
        pairs = zip(self.tree.nodes, weights, strict=True)
        return [(node, own) for node, own in pairs if not self._is_known(node)]

    def measured(self, weights: Sequence[Array]) -> list[Array]:
        """What is learned of them, as distances are measured in."""
        own = [] if self.label is None else [self.label.measured(weights[0])]
        return own + [w for _, w in self._free(weights)]

    def unconstrain(self, weights: Sequence[Array]) -> list[Array]:
        """What is learned of them, on the whole line."""
        own = [] if self.label is None else [self.label.unconstrain(weights[0])]
        return own + [np.log(np.maximum(w, _TINY)) for _, w in self._free(weights)]

    def constrain(self, line: Array, like: Sequence[Array]) -> tuple[list[Array], int]:
        """The weights at a point of the line, and how many coordinates they took."""
        place, found = 0, list(like)
        if self.label is not None:
            place = len(self.label.unconstrain(like[0]))
            found[0] = self.label.constrain(line[:place], like[0])
        for i, node in enumerate(self.tree.nodes):
            if not self._is_known(node):
                size = len(like[i])
                found[i] = softmax(line[place : place + size])
                place += size
        return found, place

    def axes(self, weights: Sequence[Array]) -> list[Axis]:
        """What stands where on the line, by name as in `Mixture.blanks`."""
        own = [] if self.label is None else self.label.axes(weights[0])
        return own + [
            Axis(dotted(node.path) + "weights", len(w), True, None)
            for node, w in self._free(weights)
        ]

    def project(self, weights: Sequence[Array]) -> list[Array]:
        """The weights within their bounds."""
        return [
            own if prior is None else prior.bounded("weights", own)
            for own, prior in zip(weights, self.priors, strict=True)
        ]

    def log_prior(self, weights: Sequence[Array]) -> float:
        """What their priors add to the log-likelihood."""
        return sum(
            prior.log_prob({"weights": own})
            for own, prior in zip(weights, self.priors, strict=True)
            if prior is not None
        )


def _under(prior: Prior, counts: Array) -> Array:
    """The weights of a mixture whose components were seen so often, (K,)."""
    found = prior.observations()
    if found is not None:
        counts = np.maximum(counts + found[1], 0.0)
    return prior.bounded("weights", counts / counts.sum())
