"""The engine: parameters as arrays, the E-step over the data, and the M-step from it.

A `State` is a mixture taken apart: the weights of each mixture in the tree (mixtures
nest, and are worked on as one flat mixture of all their components), and the
parameters of each block of components. The E-step gives the log-likelihood and the
statistics; from the statistics alone the M-step makes the next parameters.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mixnotes.components.component import Axis
from mixnotes.components.constraints import softmax
from mixnotes.components.exponential import NEVER
from mixnotes.components.measure import barred
from mixnotes.components.mixture import Mixture, bind_of, impossible, log_sum_exp
from mixnotes.data.intervals import Intervals
from mixnotes.data.sources import Rows, Source
from mixnotes.fitting.blocks.base import Block, FixedBlock, Workspace
from mixnotes.fitting.blocks.exponential import ExponentialBlock
from mixnotes.fitting.blocks.product import blocks_of
from mixnotes.numeric.arrays import Array, quiet
from mixnotes.numeric.threads import in_threads, one_blas_thread, threads

_WORTH_THREADS = 2**17  # rows
_SAME = 1e-6  # log-likelihoods nearer than this are one
_TINY = 1e-300  # keeps the logarithm of a weight of 0 finite
_LOWEST = -745.0  # the logarithm of the least float
_CACHED = 2**20  # log-densities of known components that are kept
_TINIEST = 1e-280  # normalisers above it need no subtraction of the maximum


class State(NamedTuple):
    """The values of a mixture, taken apart."""

    weights: list[Array]  # of each mixture in the tree, the outermost first
    values: list[Any]  # of each block of components


class Node(NamedTuple):
    """A mixture in the tree of mixtures."""

    path: tuple[int, ...]  # component of component of ... the outermost
    given: Array | None  # its weights, if given
    leaves: NDArray[np.intp]  # the components in it, positions
    branch: NDArray[np.intp]  # which of its own components each is in


class Engine:
    """A model, some data, and all that can be prepared before the first step."""

    def __init__(self, model: Mixture, source: Source) -> None:
        self.model, self.source = model, source
        self.total = source.total
        self.leaves = list(leaves(model, ()))
        self.paths, templates = zip(*self.leaves, strict=True)
        k = len(templates)
        rows = source if isinstance(source, Rows) else None
        known = sum(not c.n_free for c in templates)
        cache = rows is not None and known * len(rows.x) <= _CACHED
        self.blocks: list[Block] = []
        order: list[int] = []
        self.apart = rows is not None and isinstance(rows.x, Intervals)
        for kind, places in blocks_of(templates, cache, self.apart):
            parts = [templates[i] for i in places]
            self.blocks.append(kind(parts, len(order)))
            order += places
        self.slot_of = np.argsort(order)  # where each component stands
        self.k = k
        self.nodes = list(_nodes(model, (), self.paths, self.slot_of))
        self.flat = len(self.nodes) == 1
        self.straight = self.flat and order == sorted(order)
        self._frame()
        self.names, self.atoms = model.column_names, model.atoms
        self.workspaces: dict[int, Workspace] = {}
        self.crowd: dict[int, dict[int, Workspace]] = {}  # of each thread
        self.likelihoods: Array | None = None
        self.constant = -self.shift * self.total  # of log-likelihoods in data's units
        self.data: list[Any] | None = None
        self.labels: NDArray[np.intp] | None = None
        self.bars: NDArray[np.bool_] | None = None
        self.alone = rows is not None and len(self.blocks) == 1
        if rows is not None:
            self._load(rows)
        elif not self.has_sums:
            raise TypeError(
                "blocks of rows need components of exponential families, and one here "
                "is a class of its own, whose fit takes all rows at once; pass the "
                "data as one array"
            )

    def __getstate__(self) -> dict[str, Any]:
        """What a worker needs that is sent a chunk: no data."""
        without: dict[str, Any] = {
            "source": None,
            "data": None,
            "workspaces": {},
            "crowd": {},
        }
        return self.__dict__ | without

    # ------------------------------------------------------------------- the data

    def _frame(self) -> None:
        """Centre and scale, and bring log-densities to one unit."""
        for block in self.blocks:
            block.frame_on(self.source)
        self.shift = self.blocks[0].shift
        for block in self.blocks:
            block.level(self.shift)

    def _load(self, rows: Rows) -> None:
        """Prepare data in memory, once."""
        self.weight = rows.weight
        if rows.labels is not None:
            self.labels, node = rows.labels, self.nodes[0]
            self.branch = np.empty((self.k, 1), dtype=np.intp)
            self.branch[node.leaves, 0] = node.branch
        self.data = [block.prepare(rows.x, self.alone) for block in self.blocks]
        self.bars = self._barred(rows.x)
        m = len(rows.x)
        block = self.blocks[0]
        if self.alone and isinstance(block, ExponentialBlock):
            for x, weight in rows.map(lambda x, weight: (x, weight)):
                base = block.family.log_base(x / block.unit if block.unit != 1 else x)
                if base is None:
                    break
                total = base.sum() if weight is None else weight @ base
                self.constant += float(total)
        if m <= self.chunk_rows:
            for block, data in zip(self.blocks, self.data, strict=True):
                block.keep_features(data)
        known = isinstance(block, FixedBlock) and self.labels is None
        if self.alone and known and self.flat:
            if self.bars is not None:
                self.data[0][self.bars] = -np.inf
            top = self.data[0].max(axis=0)
            if np.isfinite(top).all():
                self.tops = float(rows.weights @ top)
                self.likelihoods = np.exp(self.data[0] - top)

    def _barred(self, x: Array) -> NDArray[np.bool_] | None:
        """Which component has a density where another has an atom, (K, n) by slot; None
        where no row lies on one."""
        bars = [barred(c, x, self.names, self.atoms) for _, c in self.leaves]
        if all(bar is None for bar in bars):
            return None
        found = np.zeros((self.k, len(x)), dtype=bool)
        for slot, bar in zip(self.slot_of, bars, strict=True):
            if bar is not None:
                found[slot] = bar
        return found

    @cached_property
    def chunk_rows(self) -> int:
        """How many rows are worked on together, so that all of it stays in cache."""
        features = sum(block.width for block in self.blocks)
        size = 2**21 / (8 * (features + self.k + 1))
        return int(np.clip(2 ** int(np.log2(size)), 2**10, 2**14))

    # ---------------------------------------------------------------- states

    def state(self, mixture: Mixture) -> State:
        """A filled mixture, taken apart."""
        weights = [np.array(_at(mixture, node.path).weights) for node in self.nodes]
        parts = [_at(mixture, path) for path in self.paths]
        order = np.argsort(self.slot_of)
        return State(
            weights,
            [g.stack([parts[i] for i in order[g.slots]]) for g in self.blocks],
        )

    def mixture(self, state: State) -> Mixture:
        """The filled mixture of a state."""
        parts: dict[tuple[int, ...], Any] = {}
        order = np.argsort(self.slot_of)
        for block, values in zip(self.blocks, state.values, strict=True):
            filled = block.components(values)
            for i, component in zip(order[block.slots], filled, strict=True):
                parts[self.paths[i]] = component
        weights = {n.path: w for n, w in zip(self.nodes, state.weights, strict=True)}
        mixture: Mixture = _rebuilt(self.model, (), parts, weights)
        return mixture

    def by_slot(self, mixture: Mixture | None = None) -> list[Any]:
        """The components in the order of the slots: blank ones, or those of a filled
        mixture."""
        order = np.argsort(self.slot_of)
        filled = self.model if mixture is None else mixture
        return [_at(filled, self.paths[i]) for i in order]

    def with_component(self, mixture: Mixture, slot: int, component: Any) -> Mixture:
        """A filled mixture with another component in this slot."""
        place = self.paths[int(np.flatnonzero(self.slot_of == slot)[0])]
        parts = {path: _at(mixture, path) for path in self.paths} | {place: component}
        weights = {n.path: np.array(_at(mixture, n.path).weights) for n in self.nodes}
        found: Mixture = _rebuilt(self.model, (), parts, weights)
        return found

    def shares(self, state: State) -> Array:
        """The responsibilities of the rows in memory, (K, n), by slot."""
        mixture, rows = self.mixture(state), self.source
        assert isinstance(rows, Rows)
        joint = np.array(
            [
                bind_of(c, rows.x)(c) + np.log(w)
                for c, w in zip(
                    self.by_slot(mixture), self.leaf_weights(state), strict=True
                )
            ]
        )
        if self.bars is not None:
            joint[self.bars] = -np.inf
        if self.labels is not None:
            z = self.labels
            joint[(z >= 0) & (z != self.branch)] = -np.inf
        shares: Array = np.exp(joint - log_sum_exp(joint))
        return shares

    def learns(self, slot: int) -> bool:
        """Has the component in this slot a blank?"""
        component = self.leaves[int(np.flatnonzero(self.slot_of == slot)[0])][1]
        return bool(component.n_free)

    def leaf_weights(self, state: State) -> Array:
        """The weight of each component in the flat mixture, by slot, (K,)."""
        if self.flat:
            return (
                state.weights[0]
                if self.straight
                else state.weights[0][self.nodes[0].branch]
            )
        leaf = np.ones(self.k)
        for node, weights in zip(self.nodes, state.weights, strict=True):
            leaf[node.leaves] *= weights[node.branch]
        return leaf

    # ---------------------------------------------------------------- one step

    def e_step(self, state: State) -> tuple[float, list[Any]]:
        """The log-likelihood less `constant`, and the statistics for the M-step. What
        is compared in a climb so depends on no unit, nor does the rounding of it.

        -inf where some observation is impossible; the statistics mean nothing then.
        """
        if self.likelihoods is not None:
            return self._e_step_known(self.leaf_weights(state))
        if self.data is not None:
            total, statistics = self._e_step(
                state, self.data, self.weight, self.bars, self.workspaces
            )
            return total, statistics
        assert self.source is not None
        total, statistics = 0.0, []
        for here, part in self.source.map(partial(self.e_step_of, state)):
            total += here
            statistics = added(statistics, part)
        return total, statistics

    def e_step_of(
        self, state: State, x: Array, weight: Array | None
    ) -> tuple[float, list[Any]]:
        """The log-likelihood and the statistics of some rows, wherever they are."""
        with quiet():
            x = np.asarray(x, dtype=np.float64)
            if weight is not None and not weight.all():
                x, weight = x[weight > 0], weight[weight > 0]
            prepared = [block.prepare(x, False) for block in self.blocks]
            return self._e_step(state, prepared, weight, self._barred(x), {})

    def _e_step(
        self,
        state: State,
        data: list[Any],
        weight: Array | None,
        bars: NDArray[np.bool_] | None,
        workspaces: dict[int, Workspace],
    ) -> tuple[float, list[Any]]:
        """The same of prepared rows."""
        log_weight = np.log(self.leaf_weights(state))
        loaded = [
            block.load(values, log_weight[block.slots], part)
            for block, values, part in zip(self.blocks, state.values, data, strict=True)
        ]
        m = self.blocks[0].size(data[0])
        work = partial(self._rows, loaded, data, weight, bars)
        if m <= self.chunk_rows:
            return work(workspaces, 0, m)
        with one_blas_thread():
            count = 1 if m < _WORTH_THREADS else threads()
            if count == 1:
                return work(workspaces, 0, m)
            whole = -(-m // (count * self.chunk_rows))  # chunks each
            share = self.chunk_rows * whole
            ends = [*range(0, m, share), m]
            each = [self.crowd.setdefault(k, {}) for k in range(len(ends) - 1)]
            total = 0.0
            statistics: list[Any] = []
            for here, part in in_threads(work, each, ends[:-1], ends[1:]):
                total += here
                statistics = added(statistics, part)
        return total, statistics

    def _rows(
        self,
        loaded: list[Any],
        data: list[Any],
        weight: Array | None,
        bars: NDArray[np.bool_] | None,
        workspaces: dict[int, Workspace],
        first: int,
        last: int,
    ) -> tuple[float, list[Any]]:
        """The same of the rows from `first` to `last`, chunk after chunk."""
        statistics = [
            block.empty(load, part)
            for block, load, part in zip(self.blocks, loaded, data, strict=True)
        ]
        parts = list(zip(self.blocks, loaded, data, statistics, strict=True))
        total, chunk = 0.0, self.chunk_rows
        for start in range(first, last, chunk):
            rows = slice(start, min(start + chunk, last))
            size = rows.stop - start
            if size not in workspaces:
                workspaces[size] = Workspace(self.k, size)
            part = workspaces[size].ones if weight is None else weight[rows]
            bar = None if bars is None else bars[:, rows]
            total += self._chunk(parts, rows, part, bar, workspaces[size])
        return total, statistics

    def require_possible(self, state: State) -> None:
        """Raise an error that names the first observation no component can produce."""
        start = 0
        if self.labels is not None:
            self._require_possible_labels(self.mixture(state))
        find = partial(_first_impossible, self.mixture(state))
        for size, first, value in self.source.map(find):
            if first is not None:
                place = start + first
                if isinstance(self.source, Rows):
                    place = self.source.position(place)
                raise impossible(place, value, len(self.model.components))
            start += size

    def _require_possible_labels(self, mixture: Mixture) -> None:
        """The same of rows whose component is known."""
        rows, z = self.source, self.labels
        assert isinstance(rows, Rows)
        assert z is not None
        seen = np.flatnonzero(z >= 0)
        own = mixture.log_joint(rows.x[seen])[np.arange(len(seen)), z[seen]]
        if not np.isfinite(own).all():
            i = int(seen[np.argmin(np.isfinite(own))])
            raise ValueError(
                "each labelled observation must be possible under its component, got "
                f"x[{rows.position(i)}] = {rows.x[i]} with label {z[i]}, under which "
                "it has probability 0; mend the label, or set it to -1 (unknown)"
            )

    def _e_step_known(self, weights: Array) -> tuple[float, list[Any]]:
        """Only weights are unknown: likelihoods are at hand, no exponentials."""
        likelihoods = self.likelihoods
        assert likelihoods is not None
        norm = weights @ likelihoods
        share = 1 / norm if self.weight is None else self.weight / norm
        logs = np.log(norm)
        total = float(logs.sum() if self.weight is None else self.weight @ logs)
        return total + self.tops, [weights * (likelihoods @ share)]

    def _chunk(
        self,
        parts: list[Any],
        rows: slice,
        weight: Array,
        bar: NDArray[np.bool_] | None,
        workspace: Workspace,
    ) -> float:
        """The log-likelihood of a chunk; its responsibilities go to the statistics."""
        joint, norm = workspace.joint, workspace.norm
        self._joint(parts, rows, bar, workspace)
        total = self._normalise(weight, workspace)
        if total is None:
            self._joint(parts, rows, bar, workspace)
            top = joint.max(axis=0)
            if not top.min() > 0.1 * NEVER:
                return -np.inf
            joint -= top
            np.exp(joint, joint)
            np.dot(workspace.each, joint, norm)
            total = float(np.dot(weight, top + np.log(norm)))
            joint *= weight / norm
        for block, load, data, statistics in parts:
            block.collect(load, data, rows, joint[block.slots], statistics, workspace)
        return total

    def _joint(
        self,
        parts: list[Any],
        rows: slice,
        bar: NDArray[np.bool_] | None,
        workspace: Workspace,
    ) -> None:
        """Write log p(x, z = k), (K, rows); where z is known, of that k alone."""
        for block, load, data, _ in parts:
            block.joint(load, data, rows, workspace.joint[block.slots], workspace)
        if bar is not None:
            workspace.joint[bar] = NEVER
        if self.labels is not None:
            z = self.labels[rows]
            workspace.joint[(z >= 0) & (z != self.branch)] = NEVER

    @staticmethod
    def _normalise(weight: Array, workspace: Workspace) -> float | None:
        """The log-likelihood; what is in `joint` becomes weighted responsibilities.
        None where all densities of some row are too small, or one is too large."""
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

    def m_step(self, statistics: list[Any], state: State | None) -> State:
        """The state that fits the statistics best: the M-step."""
        values, parts = [], []
        for g, block in enumerate(self.blocks):
            here = None if state is None else state.values[g]
            values.append(block.learn(statistics[g], here))
            parts.append(block.totals(statistics[g]))
        totals = parts[0] if len(parts) == 1 else np.concatenate(parts)
        return State(self._weights(totals, state), values)

    def _weights(self, totals: Array, state: State | None) -> list[Array]:
        """The weights of each mixture in the tree, from those of the components."""
        weights = []
        for i, node in enumerate(self.nodes):
            if node.given is not None:
                weights.append(node.given)
                continue
            share = totals
            if not self.straight:
                share = np.bincount(node.branch, totals[node.leaves]).astype(float)
            whole = share.sum()
            if whole > 0:
                weights.append(share / whole)
            elif state is not None:  # nothing came here: stay
                weights.append(state.weights[i])
            else:
                weights.append(np.full(len(share), 1 / len(share)))
        return weights

    def first(self, share: Array) -> State:
        """The state that fits given responsibilities times weights, (K, m), best."""
        share = share[np.argsort(self.slot_of)]
        values: list[Any] = []
        assert self.data is not None  # starts are made of data in memory
        for block, data in zip(self.blocks, self.data, strict=True):
            values.append(block.first(share[block.slots], data))
        return State(self._weights(share.sum(axis=1), None), values)

    # ------------------------------------------------------- packed and centred

    def pack(self) -> None:
        """Take the packed form of every block that allows it."""
        for block in self.blocks:
            block.pack()

    def recentre(self) -> None:
        """Take the centred form: slower, and right for components of any sharpness."""
        for block in self.blocks:
            block.recentre()

    # ------------------------------------------------------ states as one vector

    @cached_property
    def scale(self) -> float:
        """The unit of the data."""
        return self.source.scale

    @property
    def has_line(self) -> bool:
        """Are all parameters known to the engine?"""
        return all(block.has_line for block in self.blocks)

    @cached_property
    def is_exact(self) -> bool:
        """Are steps right to the last digits, or do they end a search?"""
        return all(block.is_exact for block in self.blocks)

    @cached_property
    def is_costly(self) -> bool:
        """Does a step take many looks at the data?"""
        return any(block.is_costly for block in self.blocks)

    @cached_property
    def has_sums(self) -> bool:
        """Is every component learned from statistics, in closed form?"""
        return all(block.has_sums for block in self.blocks)

    def learned_values(self, state: State) -> Array:
        """The learned values, shape (p,): weights and probabilities as they are, what
        is in the data's unit divided by the data's standard deviation."""
        parts = [
            weights
            for node, weights in zip(self.nodes, state.weights, strict=True)
            if node.given is None
        ]
        for block, values in zip(self.blocks, state.values, strict=True):
            parts += block.measured(values, self.scale)
        return np.concatenate(parts) if parts else np.zeros(0)

    def to_line(self, state: State) -> Array:
        """The learned values mapped to the whole line, shape (p,)."""
        parts = [
            np.log(np.maximum(weights, _TINY))
            for node, weights in zip(self.nodes, state.weights, strict=True)
            if node.given is None
        ]
        for block, values in zip(self.blocks, state.values, strict=True):
            parts += block.to_line(values)
        return np.concatenate(parts) if parts else np.zeros(0)

    def from_line(self, line: Array, like: State) -> State:
        """The state at a point of the line; what is given is as in `like`."""
        place = 0
        weights = []
        for node, seen in zip(self.nodes, like.weights, strict=True):
            if node.given is None:
                weights.append(softmax(line[place : place + len(seen)]))
                place += len(seen)
            else:
                weights.append(seen)
        values: list[Any] = []
        for block, seen in zip(self.blocks, like.values, strict=True):
            size = sum(part.size for part in block.to_line(seen))
            values.append(block.from_line(line[place : place + size], seen))
            place += size
        state = State(weights, values)
        return self.project(state)

    def project(self, state: State) -> State:
        """The state nearest to this one that the model allows, in the sense of EM:
        what a step would learn from the moments of the state itself."""
        leaf = self.leaf_weights(state)
        for g, block in enumerate(self.blocks):
            state.values[g] = block.project(state.values[g], leaf[block.slots])
        return state

    def axes(self, state: State) -> list[Axis]:
        """What stands where on the line, by name as in `Mixture.blanks`."""
        found = [
            Axis(_dotted(node.path) + "weights", len(weights), True, None)
            for node, weights in zip(self.nodes, state.weights, strict=True)
            if node.given is None
        ]
        order = np.argsort(self.slot_of)
        for block, values in zip(self.blocks, state.values, strict=True):
            prefixes = [_dotted(self.paths[i]) for i in order[block.slots]]
            found += block.axes(values, prefixes)
        return found


def ties_with(log_likelihood: float, top: float) -> bool:
    """Is one log-likelihood as high as another, to 1e-6 in total or what can be told
    apart? So rounding does not choose among fits that agree."""
    return log_likelihood >= top - max(_SAME, 1e-12 * abs(top))


def added(statistics: list[Any], part: list[Any]) -> list[Any]:
    """The statistics of some rows and of others; the first are changed."""
    for mine, its in zip(statistics, part, strict=True) if statistics else ():
        mine += its
    return statistics or part


def _first_impossible(
    mixture: Mixture, x: Array, weight: Array | None
) -> tuple[int, int | None, Any]:
    """How many rows there are, and the first with probability 0."""
    possible = np.isfinite(mixture.log_prob(x))
    if weight is not None:
        possible |= weight == 0
    first = None if possible.all() else int(np.argmin(possible))
    return len(x), first, None if first is None else x[first]


def _dotted(path: Sequence[int]) -> str:
    return "".join(f"components[{k}]." for k in path)


def _at(mixture: Any, path: Sequence[int]) -> Any:
    for k in path:
        mixture = mixture.components[k]
    return mixture


def leaves(
    template: Any, path: tuple[int, ...]
) -> Iterator[tuple[tuple[int, ...], Any]]:
    """The components that are no mixtures, with their places in the tree."""
    for k, component in enumerate(template.components):
        if isinstance(component, Mixture):
            yield from leaves(component, (*path, k))
        else:
            yield (*path, k), component


def _nodes(
    template: Mixture,
    path: tuple[int, ...],
    paths: Sequence[tuple[int, ...]],
    slot: NDArray[np.intp],
) -> Iterator[Node]:
    """The mixtures in the tree, the outermost first."""
    depth = len(path)
    inside = [i for i, leaf in enumerate(paths) if leaf[:depth] == path]
    inside.sort(key=lambda i: slot[i])
    branch = np.array([paths[i][depth] for i in inside])
    yield Node(path, template.weights, slot[inside], branch)
    for k, component in enumerate(template.components):
        if isinstance(component, Mixture):
            yield from _nodes(component, (*path, k), paths, slot)


def _rebuilt(
    template: Any,
    path: tuple[int, ...],
    parts: dict[Any, Any],
    weights: dict[Any, Array],
) -> Any:
    if not isinstance(template, Mixture):
        return parts[path]
    components = [
        _rebuilt(c, (*path, k), parts, weights)
        for k, c in enumerate(template.components)
    ]
    return template.with_parts(components, weights[path])
