"""A pass over prepared rows: log-likelihood and statistics, chunk after chunk.

Chunks are small enough to stay in the processor's cache, and many of them are shared
among threads.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixnotes.components.exponential import NEVER
from mixnotes.fitting.blocks.base import Block, Form, Statistics, Workspace
from mixnotes.fitting.label import Label
from mixnotes.fitting.tree import Node
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.threads import in_threads, one_blas_thread, threads

_WORTH_THREADS = 2**21  # numbers that a pass works on
_KEPT = 2**25  # numbers that are kept of rows from step to step
_TINIEST = 1e-280  # normalisers above it need no subtraction of the maximum


class PreparedRows:
    """What each block keeps of some rows, how much they weigh, and which component,
    (K, n), cannot have made which row."""

    def __init__(
        self,
        blocks: Sequence[Block],
        data: list[Any],
        weight: Array | None,
        excluded: NDArray[np.bool_] | None,
    ) -> None:
        self.blocks, self.data = blocks, data
        self.weight, self.excluded = weight, excluded
        self.k = blocks[-1].slots.stop
        self.size = blocks[0].size(data[0])
        self.workspaces: dict[int, Workspace] = {}
        self.crowd: dict[int, dict[int, Workspace]] = {}  # of each thread
        self.few = self.size <= self.chunk_rows
        if self.few:
            for block, part in zip(blocks, data, strict=True):
                block.keep_features(part)

    @cached_property
    def row_numbers(self) -> int:
        """How many numbers a row takes while it is worked on."""
        return sum(block.width for block in self.blocks) + self.k

    @cached_property
    def chunk_rows(self) -> int:
        """How many rows are worked on together, so that all of it stays in cache."""
        size = 2**21 / (8 * (self.row_numbers + 1))
        return int(np.clip(2 ** int(np.log2(size)), 2**10, 2**14))

    def e_step(
        self, weights: Array, values: Sequence[Any], form: Form
    ) -> tuple[float, Statistics]:
        """The log-likelihood and the statistics, for weights (K,) and the values of
        each block; -inf where some row is impossible."""
        log_weight = np.log(weights)
        if self.few and self.size and len(self.blocks) == 1 and self.excluded is None:
            return self._few(self.blocks[0], values[0], log_weight, form)
        loaded = [
            block.load(own, log_weight[block.slots], part, form)
            for block, own, part in zip(self.blocks, values, self.data, strict=True)
        ]
        if self.few:
            total, parts = self._some(loaded, self.workspaces, 0, self.size)
            return total, Statistics(parts, form)
        with one_blas_thread():
            count = threads() if self.size * self.row_numbers >= _WORTH_THREADS else 1
            chunks = -(-self.size // (count * self.chunk_rows))  # of each thread
            ends = [*range(0, self.size, chunks * self.chunk_rows), self.size]
            some = partial(self._some, loaded)
            if count == 1:
                found = [some(self.workspaces, 0, self.size)]
            else:
                own = [self.crowd.setdefault(k, {}) for k in range(len(ends) - 1)]
                found = list(in_threads(some, own, ends[:-1], ends[1:]))
        each = [Statistics(parts, form) for _, parts in found]
        return sum(total for total, _ in found), sum(each[1:], each[0])

    def _few(
        self, block: Block, values: Any, log_weight: Array, form: Form
    ) -> tuple[float, Statistics]:
        """Of few rows that one block has made. There all that is not arithmetic takes
        most of the time, so they are not taken in chunks."""
        data, rows = self.data[0], slice(0, self.size)
        workspace = self.workspaces.get(self.size)
        if workspace is None:
            workspace = self.workspaces[self.size] = Workspace(self.k, self.size)
        weight = workspace.ones if self.weight is None else self.weight
        load = block.load(values, log_weight, data, form)
        block.joint(load, data, rows, workspace.joint, workspace)
        total = normalise(weight, workspace)
        if total is None:
            block.joint(load, data, rows, workspace.joint, workspace)
            total = _normalise_far(weight, workspace)
        statistics = block.empty(load, data)
        if total > -np.inf:
            block.collect(load, data, rows, workspace.joint, statistics, workspace)
        return total, Statistics([statistics], form)

    def _some(
        self,
        loaded: list[Any],
        workspaces: dict[int, Workspace],
        first: int,
        last: int,
    ) -> tuple[float, list[Any]]:
        """Of the rows from `first` to `last`, chunk after chunk."""
        parts = [
            (block, load, data, block.empty(load, data), block.slots)
            for block, load, data in zip(self.blocks, loaded, self.data, strict=True)
        ]
        total, size = 0.0, self.chunk_rows
        for start in range(first, last, size):
            rows = slice(start, min(start + size, last))
            length = rows.stop - start
            workspace = workspaces.get(length)
            if workspace is None:
                workspace = workspaces[length] = Workspace(self.k, length)
            self._joint(parts, rows, workspace)
            weight = workspace.ones if self.weight is None else self.weight[rows]
            here = normalise(weight, workspace)
            if here is None:
                self._joint(parts, rows, workspace)
                here = _normalise_far(weight, workspace)
            total += here
            if here > -np.inf:
                for block, load, data, statistics, slots in parts:
                    share = workspace.joint[slots]
                    block.collect(load, data, rows, share, statistics, workspace)
        return total, [part[3] for part in parts]

    def _joint(self, parts: list[Any], rows: slice, workspace: Workspace) -> None:
        """Write log p(x, z = k), (K, rows)."""
        joint = workspace.joint
        for block, load, data, _, slots in parts:
            block.joint(load, data, rows, joint[slots], workspace)
        if self.excluded is not None:
            joint[self.excluded[:, rows]] = NEVER


def normalise(weight: Array, workspace: Workspace) -> float | None:
    """The log-likelihood of a chunk; what is in `joint` becomes weighted
    responsibilities. None where all densities of some row are too small, or one is too
    large."""
    joint, norm, logs = workspace.joint, workspace.norm, workspace.logs
    np.exp(joint, joint)
    np.dot(workspace.each, joint, norm)
    np.log(norm, logs)
    total = float(np.dot(weight, logs))
    if not (math.isfinite(total) and norm[norm.argmin()] > _TINIEST):
        return None
    np.divide(weight, norm, norm)
    np.multiply(joint, norm, joint)
    return total


def _normalise_far(weight: Array, workspace: Workspace) -> float:
    """The same at any densities; -inf where some row is impossible."""
    joint, norm = workspace.joint, workspace.norm
    top = joint.max(axis=0)
    if not top.min() > 0.1 * NEVER:
        return -np.inf
    joint -= top
    np.exp(joint, joint)
    np.dot(workspace.each, joint, norm)
    total = float(np.dot(weight, top + np.log(norm)))
    joint *= weight / norm
    return total


class LabelledRows(PreparedRows):
    """Rows whose labels are drawn in another way than one by one, by weights that are
    the same for all: a `Label` says how, of all rows at once."""

    def __init__(
        self,
        blocks: Sequence[Block],
        data: list[Any],
        weight: Array | None,
        excluded: NDArray[np.bool_] | None,
        node: Node,
        label: Label,
    ) -> None:
        super().__init__(blocks, data, weight, excluded)
        self.node, self.label = node, label
        width = sum(block.width for block in blocks) + self.k
        self.whole = self.size * width <= _KEPT
        if self.whole:
            for block, part in zip(blocks, data, strict=True):
                block.keep_features(part)
        step = self.size if self.whole else self.chunk_rows
        steps = [*range(0, self.size, step), self.size]
        self.chunks = [slice(a, b) for a, b in itertools.pairwise(steps)]
        self.joint = np.empty((self.k, self.size))
        if len(self.chunks) == 1:
            workspace = self.workspaces[self.size] = Workspace(self.k, self.size)
            self.joint = workspace.joint
        order = np.argsort(node.branch, kind="stable")
        self.slots = node.leaves[order]  # by branch
        ends = np.flatnonzero(np.diff(node.branch[order])) + 1
        self.firsts = np.concatenate([[0], ends])  # of each branch
        self.flat = len(self.firsts) == self.k
        self.straight = bool((self.slots == np.arange(self.k)).all())

    def e_step_by(
        self, value: Array, weights: Array, values: Sequence[Any], form: Form
    ) -> tuple[float, Statistics]:
        """The log-likelihood and the statistics, those of the label last, for its value
        and the weights of each component within its part of the mixture."""
        log_weight = np.log(weights)
        parts = []
        for block, own, data in zip(self.blocks, values, self.data, strict=True):
            load = block.load(own, log_weight[block.slots], data, form)
            parts.append((block, load, data, block.empty(load, data), block.slots))
        with one_blas_thread():
            for rows in self.chunks:
                workspace = self._densities(parts, rows)
                if self.joint is not workspace.joint:
                    self.joint[:, rows] = workspace.joint
            total, share, statistics = self.shares(value, self.joint)
            for rows in self.chunks if total > -np.inf else ():
                if not self.whole:
                    workspace = self._densities(parts, rows)
                for block, load, data, own, slots in parts:
                    here = share[slots, rows]
                    block.collect(load, data, rows, here, own, workspace)
        return total, Statistics([*(part[3] for part in parts), statistics], form)

    def _densities(self, parts: list[Any], rows: slice) -> Workspace:
        """Log-densities of a chunk, and what its blocks need to collect from it."""
        length = rows.stop - rows.start
        workspace = self.workspaces.get(length)
        if workspace is None:
            workspace = self.workspaces[length] = Workspace(self.k, length)
        self._joint(parts, rows, workspace)
        return workspace

    def shares(self, value: Array, joint: Array) -> tuple[float, Array, Any]:
        """The log-likelihood, the responsibilities by slot times weights, and the
        statistics of the label, for log-densities by slot, (K, n)."""
        branch = self.by_branch(joint)
        total, share, statistics = self.label.e_step(value, branch, self.weight)
        leaf = share
        if not self.flat:
            sizes = np.diff([*self.firsts, self.k])
            aside = joint[self.slots] - np.repeat(branch, sizes, axis=0)
            leaf = np.repeat(share, sizes, axis=0) * np.exp(aside)
        if self.straight:
            return total, leaf, statistics
        by_slot = np.empty_like(leaf)
        by_slot[self.slots] = leaf
        return total, by_slot, statistics

    def scores(self, value: Array) -> Array:
        """The log-likelihood of each unit, at the last E-step."""
        joint = self.by_branch(self.joint)
        return self.label.scores(value, joint, self.weight)

    def entropy(self, value: Array) -> float:
        """The entropy of the labels given the data, at the last E-step."""
        joint = self.by_branch(self.joint)
        return self.label.entropy(value, joint, self.weight)

    def by_branch(self, joint: Array) -> Array:
        """Log-densities of the components of the outermost mixture, (K, n), from those
        by slot."""
        ordered = joint if self.straight else joint[self.slots]
        if self.flat:
            return ordered
        found: Array = np.logaddexp.reduceat(ordered, self.firsts, axis=0)
        return found


class KnownRows:
    """Rows that known components alone can have made: their likelihoods are kept, and
    no step takes an exponential."""

    @classmethod
    def of(
        cls, joint: Array, weight: Array | None, bars: NDArray[np.bool_] | None
    ) -> KnownRows | None:
        """From log-densities, (K, n), and who is barred from which row; None where some
        row is impossible."""
        joint = joint if bars is None else np.where(bars, -np.inf, joint)
        possible = np.isfinite(joint.max(axis=0)).all()
        return cls(joint, weight) if possible else None

    def __init__(self, joint: Array, weight: Array | None) -> None:
        self.data, self.weight = [joint], weight
        top = joint.max(axis=0)
        self.likelihoods = np.exp(joint - top)
        self.tops = float(top.sum() if weight is None else weight @ top)

    def e_step(
        self, weights: Array, values: Sequence[Any], form: Form
    ) -> tuple[float, Statistics]:
        """The log-likelihood, and the summed responsibilities."""
        norm = weights @ self.likelihoods
        share = 1 / norm if self.weight is None else self.weight / norm
        logs = np.log(norm)
        total = float(logs.sum() if self.weight is None else self.weight @ logs)
        summed = weights * (self.likelihoods @ share)
        return total + self.tops, Statistics([summed], form)
