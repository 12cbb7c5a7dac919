"""Chains of hidden labels: what all rows of a sequence say of each label.

Forward and backward over the rows, and over many stretches of them side by side: the
rows are cut into blocks, what each block does to the labels before it is one matrix,
and a scan of these says where each block begins and ends. A sequence that begins within
a block begins anew there, whatever came before, so that many short sequences and one
long one are the same work. Densities are scaled by the largest of a row; where that
loses all of them, it is done again with logarithms, row after row.

Source: Baum, Petrie, Soules and Weiss (1970); Särkkä and García-Fernández (2021).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mixnotes.numeric.arrays import Array, quiet
from mixnotes.numeric.special import log_sum_exp

_ROWS = 64  # about how many rows a block has where there are many
_FEW = 48  # matrices that are multiplied one after another
_RENEWED = 4  # steps after which the sizes of matrices are brought back to 1
_APART = 1e-9  # by which the end of a block and the begin of the next may differ
_LOST = 1e-280  # a row less probable than that, beside its largest density, was lost


class Passed(NamedTuple):
    """What a pass over all rows found."""

    logs: Array  # log p(row | rows before it in its sequence), (n,)
    share: Array  # p(label | all rows of the sequence), (K, n)
    counts: Array  # (1 + K, K): of first labels, and of pairs of labels that follow
    filtered: Array | None = None  # p(label | rows up to it), (K, n), if asked for


class Sequences:
    """Rows in sequences. group: which sequence each row is in, (n,), from 0; those of a
    sequence are in order, and need not stand together."""

    def __init__(self, group: NDArray[np.intp]) -> None:
        n = len(group)
        self.n = n
        together = bool((np.diff(group) >= 0).all())
        self.order = None if together else np.argsort(group, kind="stable")
        sizes = np.bincount(group)
        self.sizes = sizes[sizes > 0]
        self.first = np.concatenate([[0], self.sizes.cumsum()[:-1]])  # in order
        length = max(int(np.ceil(np.sqrt(n))), 1)
        if length > _ROWS:
            length = int(_ROWS * (length / _ROWS) ** 0.25)
        self.length = length
        self.count = -(-n // length)
        begins = np.zeros(self.length * self.count, dtype=bool)
        begins[self.first] = True
        begins[n:] = True  # what fills up the last block
        self._arrays: dict[str, Array] = {}  # to write in, call after call
        self.begins = [
            np.flatnonzero(row) for row in begins.reshape(self.count, length).T
        ]

    # ------------------------------------------------------------------ the layout

    def sorted(self, rows: Array) -> Array:
        """Rows, (..., n), by sequence."""
        return rows if self.order is None else rows[..., self.order]

    def _unsorted(self, rows: Any) -> Any:
        """The same as they came."""
        if self.order is None:
            return rows
        found = np.empty_like(rows)
        found[..., self.order] = rows
        return found

    def _array(self, name: str, *shape: int) -> Array:
        """An array to write in, the same in each call: to get new memory takes as long
        as the work in it."""
        found = self._arrays.get(name)
        if found is None or found.shape != shape:
            found = self._arrays[name] = np.ones(shape)
        return found

    def _blocks(self, name: str, whole: Array) -> Array:
        """Rows that are filled up, (K, length * count), as (length, K, blocks)."""
        K = len(whole)
        found = self._array(name, self.length, K, self.count)
        cut = whole.reshape(K, self.count, self.length)
        np.copyto(found, cut.transpose(2, 0, 1))
        return found

    def _rows(self, name: str, blocks: Array) -> Array:
        """The inverse, (K, n)."""
        K = blocks.shape[1]
        whole = self._array(name, K, self.length * self.count)
        cut = whole.reshape(K, self.count, self.length)
        np.copyto(cut, blocks.transpose(1, 2, 0))
        return whole[:, : self.n]

    def _densities(self, joint: Array) -> tuple[Array, Array]:
        """Densities beside the largest of their row, in blocks, and its logarithm."""
        top = np.max(joint, axis=0, out=self._array("top", self.n))
        whole = self._array("whole", len(joint), self.length * self.count)
        rows = whole[:, : self.n]
        np.subtract(joint, top, out=rows)
        np.exp(rows, out=rows)
        return self._blocks("dense", whole), top

    @cached_property
    def following(self) -> NDArray[np.bool_]:
        """Which rows, by sequence, follow another, (n,)."""
        found = np.ones(self.n, dtype=bool)
        found[self.first] = False
        return found

    # ---------------------------------------------------------------- both passes

    def passed(
        self,
        start: Array,
        transition: Array,
        joint: Array,
        weight: Array | None = None,
        filtered: bool = False,
    ) -> Passed:
        """Forward and backward, for log-densities (K, n); counts are weighted by how
        often each row, and all of its sequence, counts. What is returned is written
        over by the next call."""
        joint = self.sorted(joint)
        level = None if weight is None else self.sorted(weight)
        with quiet():
            found = self._side_by_side(start, transition, joint, level, filtered)
            if found is None:
                found = self._by_logs(start, transition, joint, level)
        ahead = found.filtered
        return Passed(
            self._unsorted(found.logs),
            self._unsorted(found.share),
            found.counts,
            None if ahead is None else self._unsorted(ahead),
        )

    def _side_by_side(
        self,
        start: Array,
        transition: Array,
        joint: Array,
        weight: Array | None,
        keep: bool = False,
    ) -> Passed | None:
        """In blocks; None where densities were lost."""
        dense, top = self._densities(joint)
        matrices = self._matrices(start, transition, dense)
        into, out_of = _scanned(matrices), _scanned(matrices[::-1].transpose(0, 2, 1))
        filtered, scale = self._forward(start, transition, dense, into)
        least = scale.min()
        if not least > _LOST:
            return None
        ends, begun = filtered[-1][:, :-1], into[:, 1:]
        if not np.abs(ends - begun / begun.sum(axis=0)).max(initial=0.0) < _APART:
            return None
        level = None
        if weight is not None:
            whole = self._array("weight", 1, self.length * self.count)
            whole[:, : self.n] = weight
            level = self._blocks("level", whole)
        found = self._backward(
            start, transition, dense, filtered, scale, out_of[:, ::-1], level
        )
        if found is None:
            return None
        share, pairs = found
        logs = self._rows("logs", np.log(scale, out=scale)[:, None])[0]
        logs += top
        rows = self._rows("share", share)
        first = rows[:, self.first]
        if weight is not None:
            first = first * weight[self.first]
        ahead = self._rows("ahead", filtered) if keep else None
        return Passed(logs, rows, np.vstack([first.sum(axis=1), pairs]), ahead)

    def _matrices(self, start: Array, transition: Array, dense: Array) -> Array:
        """What each block does to the label before it, (blocks, K, K), up to a factor:
        [b, j, i] leads from i to j at its end."""
        K, count = len(start), self.count
        here = np.repeat(np.eye(K), count, axis=1)
        logs = np.zeros(K * count)
        back = np.ascontiguousarray(transition.T)
        for s in range(self.length):
            begins = self.begins[s]
            total = here.reshape(K, K, count)[:, :, begins].sum(axis=0)
            here = back @ here
            cube = here.reshape(K, K, count)
            if len(begins):
                cube[:, :, begins] = start[:, None, None] * total
            cube *= dense[s][:, None]
            if s % _RENEWED == _RENEWED - 1 or s == self.length - 1:
                size = here.sum(axis=0)
                size[size == 0] = 1.0
                here /= size
                logs += np.log(size)
        cube, level = here.reshape(K, K, count), logs.reshape(K, count)
        cube = cube * np.exp(level - level.max(axis=0))
        found: Array = np.ascontiguousarray(cube.transpose(2, 0, 1))
        return found

    def _forward(
        self, start: Array, transition: Array, dense: Array, into: Array
    ) -> tuple[Array, Array]:
        """p(label | rows up to it), (length, K, blocks), and p(row | rows before)."""
        back = np.ascontiguousarray(transition.T)
        filtered = self._array("filtered", *dense.shape)
        scale = self._array("scale", self.length, self.count)
        here = into / into.sum(axis=0)
        for s in range(self.length):
            own = filtered[s]
            np.matmul(back, here, out=own)
            begins = self.begins[s]
            if len(begins):
                own[:, begins] = start[:, None]
            own *= dense[s]
            own.sum(axis=0, out=scale[s])
            own /= scale[s]
            here = own
        return filtered, scale

    def _backward(
        self,
        start: Array,
        transition: Array,
        dense: Array,
        filtered: Array,
        scale: Array,
        out_of: Array,
        weight: Array | None,
    ) -> tuple[Array, Array] | None:
        """p(label | all rows), (length, K, blocks), and the counts of pairs, (K, K);
        None where densities were lost."""
        share = self._array("smoothed", *dense.shape)
        pairs = np.zeros(transition.shape)
        level = (filtered[-1] * out_of).sum(axis=0)
        here = out_of / level
        if not np.isfinite(here).all():
            return None
        before = np.empty_like(here)
        for s in range(self.length - 1, -1, -1):
            np.multiply(filtered[s], here, out=share[s])
            here *= dense[s]
            here /= scale[s]
            begins = self.begins[s]
            if s:
                earlier = filtered[s - 1]
            else:
                before[:, 0], before[:, 1:] = 0.0, filtered[-1][:, :-1]
                earlier = before
            pair = here if weight is None else here * weight[s]
            if len(begins):
                pair = pair.copy() if weight is None else pair
                pair[:, begins] = 0.0
            pairs += earlier @ pair.T
            here = transition @ here
            if len(begins):
                here[:, begins] = 1.0
        return share, pairs * transition

    # ---------------------------------------------------------------- row after row

    def _times(self) -> Iterator[NDArray[np.intp]]:
        """The first rows of all sequences, then their second rows, and so on; longer
        sequences first."""
        order = np.argsort(-self.sizes, kind="stable")
        first, sizes = self.first[order], self.sizes[order]
        left = np.searchsorted(-sizes, -np.arange(sizes[0]), side="left")
        for t, count in enumerate(left):
            yield first[:count] + t

    def _by_logs(
        self, start: Array, transition: Array, joint: Array, weight: Array | None
    ) -> Passed:
        """The same with logarithms, which lose nothing."""
        log_start, log_step = np.log(start), np.log(transition)
        ahead, logs = np.empty_like(joint), np.empty(self.n)
        times = list(self._times())
        for t, rows in enumerate(times):
            before = log_start[:, None]
            if t:
                before = _steps(log_step, ahead[:, rows - 1])
            here = before + joint[:, rows]
            logs[rows] = log_sum_exp(here)
            ahead[:, rows] = here - logs[rows]
        behind = np.zeros_like(joint)
        pairs = np.zeros(transition.shape)
        level = np.ones(self.n) if weight is None else weight
        for rows in times[:0:-1]:
            later = joint[:, rows] + behind[:, rows] - logs[rows]
            behind[:, rows - 1] = _steps(log_step.T, later)
            both = ahead[:, None, rows - 1] + log_step[:, :, None] + later[None]
            pairs += np.exp(both) @ level[rows]
        share = np.exp(ahead + behind)
        first = share[:, self.first] @ level[self.first]
        return Passed(logs, share, np.vstack([first, pairs]), np.exp(ahead))

    def path(self, start: Array, transition: Array, joint: Array) -> NDArray[np.intp]:
        """The labels of highest probability together, (n,); the first of several.

        Source: Viterbi (1967).
        """
        joint = self.sorted(joint)
        with quiet():
            log_start, log_step = np.log(start), np.log(transition)
        best = np.empty_like(joint)
        came = np.zeros(joint.shape, dtype=np.intp)
        times = list(self._times())
        for t, rows in enumerate(times):
            if not t:
                best[:, rows] = log_start[:, None] + joint[:, rows]
                continue
            ways = best[:, rows - 1][:, None] + log_step[:, :, None]
            came[:, rows] = ways.argmax(axis=0)
            best[:, rows] = ways.max(axis=0) + joint[:, rows]
        found = np.empty(self.n, dtype=np.intp)
        last = self.first + self.sizes - 1
        found[last] = best[:, last].argmax(axis=0)
        for rows in times[:0:-1]:
            found[rows - 1] = came[found[rows], rows]
        return self._unsorted(found)


def _steps(log_step: Array, logs: Array) -> Array:
    """log sum_i exp(logs[i] + log_step[i, j]), (K, m)."""
    return log_sum_exp(logs[:, None] + log_step[:, :, None])


def _scanned(matrices: Array) -> Array:
    """Where each of the matrices (B, K, K) begins, applied one after another to a
    vector of ones, each up to a factor, (K, B)."""
    B, K = matrices.shape[:2]
    found = np.empty((B, K))
    here = np.ones(K)
    if B <= _FEW:
        for b, matrix in enumerate(matrices):
            found[b] = here
            here = matrix @ here
            total = here.sum()
            here = here / total if total > 0 else here
        return found.T
    length = int(np.ceil(np.sqrt(B)))
    count = -(-B // length)
    whole = np.broadcast_to(np.eye(K), (length * count, K, K)).copy()
    whole[:B] = matrices
    cut = np.ascontiguousarray(whole.reshape(count, length, K, K).swapaxes(0, 1))
    each = cut[0]
    for matrix in cut[1:]:
        each = matrix @ each
        size = each.max(axis=(1, 2), keepdims=True)
        size[size == 0] = 1.0
        each = each / size
    here = _scanned(each).T[:, :, None]
    vectors = np.empty((count, length, K))
    for s, matrix in enumerate(cut):
        vectors[:, s] = here[..., 0]
        here = matrix @ here
        total = here.sum(axis=1, keepdims=True)
        total[total == 0] = 1.0
        here = here / total
    return vectors.reshape(-1, K)[:B].T
