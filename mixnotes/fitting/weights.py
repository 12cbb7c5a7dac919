"""The weights of each mixture in a tree, as an M-step learns them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mixnotes.fitting.prior import Prior, Priors
from mixnotes.fitting.tree import Tree, at
from mixnotes.numeric.arrays import Array


class Weights:
    """The weights of each mixture in the tree, and what is known of them."""

    def __init__(self, tree: Tree, priors: Priors) -> None:
        self.tree = tree
        self.priors: list[Prior | None] = [
            None if node.given is not None else priors([at(tree.model, node.path)])
            for node in tree.nodes
        ]

    def learned(self, totals: Array, before: Sequence[Array] | None) -> list[Array]:
        """From the summed responsibilities of the components, by slot."""
        if self.tree.straight and self.priors[0] is None:
            whole = sum(totals.tolist())  # of few numbers faster than numpy's
            if self.tree.nodes[0].given is None and whole > 0:
                return [totals / whole]
        weights = []
        for i, (node, prior) in enumerate(
            zip(self.tree.nodes, self.priors, strict=True)
        ):
            if node.given is not None:
                weights.append(node.given)
                continue
            counts = np.bincount(node.branch, totals[node.leaves]).astype(float)
            if prior is not None:
                weights.append(_under(prior, counts))
            elif counts.sum() > 0:
                weights.append(counts / counts.sum())
            elif before is not None:  # nothing came here: stay
                weights.append(before[i])
            else:
                weights.append(np.full(len(counts), 1 / len(counts)))
        return weights

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
