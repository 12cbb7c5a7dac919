"""The engine: the E-step over the data, and the M-step from what it leaves.

The E-step takes a `State`, parameters as arrays, and gives the log-likelihood and the
statistics; from the statistics alone the M-step makes the next state. Where components
become too sharp for statistics of the data as they are, the engine takes those of
distances to each component instead: who calls it need not know.
"""

from __future__ import annotations

from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixnotes.components.exponential import NEVER
from mixnotes.components.mixture import Mixture
from mixnotes.data.intervals import Intervals
from mixnotes.data.sources import Rows, Source, Stream
from mixnotes.fitting.beliefs import beliefs_of, is_sparse
from mixnotes.fitting.blocks.base import (
    Block,
    FixedBlock,
    Form,
    RecentreError,
    Statistics,
)
from mixnotes.fitting.blocks.exponential import ExponentialBlock
from mixnotes.fitting.blocks.kinds import blocks_of
from mixnotes.fitting.chain import ChainLabel, label_of
from mixnotes.fitting.exclusion import Exclusion
from mixnotes.fitting.prior import Priors
from mixnotes.fitting.rows import KnownRows, LabelledRows, PreparedRows
from mixnotes.fitting.short import ShortStep
from mixnotes.fitting.tree import Tree, leaves
from mixnotes.fitting.vector import State, Vector
from mixnotes.fitting.weights import Weights
from mixnotes.numeric.arrays import Array, quiet
from mixnotes.numeric.special import log_sum_exp

_CACHED = 2**20  # log-densities of known components that are kept


class Engine:
    """A model, some data, and all that can be prepared before the first step.

    exact: take the exact form of statistics from the beginning, as for derivatives.
    priors: what is known of parameters and weights beside the data.
    """

    def __init__(
        self,
        model: Mixture,
        source: Source,
        *,
        exact: bool = False,
        priors: Priors = beliefs_of,
    ) -> None:
        self.model, self.source, self.priors = model, source, priors
        self.form = Form.EXACT if exact else Form.CHEAPEST
        self.total = source.total
        rows = source if isinstance(source, Rows) else None
        self.apart = rows is not None and isinstance(rows.x, Intervals)
        self.leaves = list(leaves(model))
        self.blocks: list[Block] = []
        self.tree = Tree(model, self._put_together(rows))
        self.k = len(self.leaves)
        self.label = label_of(model, rows)
        self.weights = Weights(self.tree, priors, self.label)
        self.has_priors = priors is not beliefs_of or bool(model.told)
        for block in self.blocks:
            block.regularize(priors)
            block.standardize(source)
        self.shift = self.blocks[0].shift
        for block in self.blocks:
            block.level(self.shift)
        self.exclusion = Exclusion(self.tree)
        self.constant = -self.shift * self.total  # of log-likelihoods in data's units
        self.bars: NDArray[np.bool_] | None = None
        self.excluded: NDArray[np.bool_] | None = None
        self.rows: PreparedRows | KnownRows | LabelledRows | None = None
        if rows is not None:
            self._load(rows)
        elif not self.has_sums:
            raise TypeError(
                "blocks of rows need components of exponential families, and one here "
                "is a class of its own, whose fit takes all rows at once; pass the "
                "data as one array"
            )

    def __getstate__(self) -> dict[str, Any]:
        """What a worker needs that is sent a block of rows: no data."""
        return self.__dict__ | {"source": None, "rows": None}

    def on(self, source: Source) -> Engine:
        """The same model on other data."""
        exact = self.form is Form.EXACT
        return Engine(self.model, source, exact=exact, priors=self.priors)

    def sample(self, rng: np.random.Generator) -> Rows:
        """Some rows to try starts on; of blocks that are sequences the first."""
        source = self.source
        blocks = isinstance(source, Stream) and self.label is not None
        return source.stretch() if blocks else source.sample(rng)  # type: ignore[attr-defined]

    # ------------------------------------------------------------------- the data

    def _put_together(self, rows: Rows | None) -> list[int]:
        """Make the blocks; which component stands in each slot."""
        templates = [component for _, component in self.leaves]
        known = sum(not c.n_free for c in templates)
        cache = rows is not None and known * len(rows.x) <= _CACHED
        order: list[int] = []
        for kind, places in blocks_of(templates, cache, self.apart):
            self.blocks.append(kind([templates[i] for i in places], len(order)))
            order += places
        return order

    def _load(self, rows: Rows) -> None:
        """Prepare data in memory, once."""
        alone = len(self.blocks) == 1
        block = self.blocks[0]
        if alone and isinstance(block, ExponentialBlock):
            self.constant += sum(rows.map(block.base_of))
        data = [block.prepare(rows.x, alone) for block in self.blocks]
        self.bars = self.excluded = self.exclusion.bars(rows.x)
        if rows.labels is not None:
            self.excluded = self.exclusion.others(rows.labels, self.bars)
        if self.label is not None:
            tree, label = self.tree, self.label
            part = self.blocks, data, rows.weight, self.excluded
            self.rows = LabelledRows(*part, tree.nodes[0], label)
        elif rows.labels is not None:
            pass
        elif alone and isinstance(block, FixedBlock) and self.tree.flat:
            self.rows = KnownRows.of(data[0], rows.weight, self.bars)
        if self.rows is None:
            self.rows = PreparedRows(self.blocks, data, rows.weight, self.excluded)

    # ---------------------------------------------------------------- states

    def state(self, mixture: Mixture) -> State:
        """A filled mixture, taken apart."""
        parts = self.tree.by_slot(mixture)
        values = [block.stack(parts[block.slots]) for block in self.blocks]
        return State(self.tree.weights(mixture), values)

    def mixture(self, state: State) -> Mixture:
        """The filled mixture of a state."""
        pairs = zip(self.blocks, state.values, strict=True)
        parts = [c for block, values in pairs for c in block.components(values)]
        return self.tree.rebuilt(parts, state.weights)

    def by_slot(self, mixture: Mixture | None = None) -> list[Any]:
        """The components by slot: blank ones, or those of a filled mixture."""
        return self.tree.by_slot(mixture)

    def with_component(self, mixture: Mixture, slot: int, component: Any) -> Mixture:
        """A filled mixture with another component in this slot."""
        parts = self.tree.by_slot(mixture)
        parts[slot] = component
        return self.tree.rebuilt(parts, self.tree.weights(mixture))

    @cached_property
    def unknown(self) -> list[int]:
        """Which components have a blank, by their places in `leaves`."""
        return [i for i, (_, component) in enumerate(self.leaves) if component.n_free]

    @cached_property
    def is_sparse(self) -> bool:
        """Is it believed of some weights that most are 0?"""
        return is_sparse(self.model)

    @cached_property
    def short(self) -> ShortStep | None:
        """A shorter way to the next state, where there is one."""
        return ShortStep.of(self)

    @cached_property
    def edges_move(self) -> bool:
        """Does some support end where the data do?"""
        return self.model.edges_move

    @cached_property
    def vector(self) -> Vector:
        """What is learned as one vector."""
        return Vector(self.weights, self.blocks, self.source.scale)

    # ---------------------------------------------------------------- one step

    def e_step(
        self, state: State, like: Statistics | None = None
    ) -> tuple[float, Statistics]:
        """The log-likelihood less `constant`, and the statistics for the M-step, in the
        form of others if these are given. What is compared in a climb so depends on no
        unit, nor does the rounding of it.

        -inf where some observation is impossible; the statistics mean nothing then.
        """
        form = self.form if like is None else like.form
        try:
            return self._e_step(state, form)
        except RecentreError:
            return self._e_step(state, Form.EXACT)

    def m_step(self, statistics: Statistics, state: State | None) -> State:
        """The state that fits the statistics best."""
        values, parts = [], []
        for g, block in enumerate(self.blocks):
            own = statistics.parts[g]
            values.append(block.learn(own, None if state is None else state.values[g]))
            parts.append(block.totals(own))
        totals = parts[0] if len(parts) == 1 else np.concatenate(parts)
        before = None if state is None else state.weights
        own = statistics.parts[-1] if self.label is not None else None
        return State(self.weights.learned(totals, before, own), values)

    def step(
        self, state: State, statistics: Statistics
    ) -> tuple[float, State, Statistics]:
        """The next state, from the statistics of this one, and its own log-likelihood
        and statistics. Where it is too sharp for their form, the step is made again in
        the exact one, in which all that follow are made."""
        if self.short is not None and (made := self.short(statistics)) is not None:
            return made
        try:
            reached = self.m_step(statistics, state)
            log_likelihood, found = self._e_step(reached, statistics.form)
        except RecentreError:
            statistics = self._e_step(state, Form.EXACT)[1]
            reached = self.m_step(statistics, state)
            log_likelihood, found = self._e_step(reached, Form.EXACT)
        return log_likelihood, reached, found

    def first(self, share: Array) -> State:
        """The state that fits given responsibilities times weights, (K, m), best."""
        assert self.rows is not None  # starts are made of data in memory
        share = share[self.tree.order]
        values = [
            block.first(share[block.slots], data)
            for block, data in zip(self.blocks, self.rows.data, strict=True)
        ]
        return State(self.weights.first(share), values)

    def packed_statistics(
        self, state: State, x: Array, weight: Array | None
    ) -> Statistics | None:
        """The statistics of some rows, in the form in which those of other states can
        be added to them; None where a component is too sharp for it."""
        try:
            return self._e_step_of(state, Form.PACKED, x, weight)[1]
        except RecentreError:
            return None

    def _e_step(self, state: State, form: Form) -> tuple[float, Statistics]:
        """The E-step in this form, or a `RecentreError`."""
        if isinstance(self.rows, LabelledRows):
            weights = self.tree.leaf_weights(state.weights, True)
            own = state.weights[0]
            total, statistics = self.rows.e_step_by(own, weights, state.values, form)
        elif self.rows is not None:
            weights = self.tree.leaf_weights(state.weights)
            total, statistics = self.rows.e_step(weights, state.values, form)
        else:
            each = list(self.source.map(partial(self._e_step_of, state, form)))
            total = sum(here for here, _ in each)
            statistics = sum((part for _, part in each[1:]), each[0][1])
        if self.has_priors:
            total += self._log_prior(state)
        return total, statistics

    def _e_step_of(
        self, state: State, form: Form, x: Array, weight: Array | None
    ) -> tuple[float, Statistics]:
        """The same of some rows, wherever they are."""
        with quiet():
            x = np.asarray(x, dtype=np.float64)
            if self.label is not None:
                labelled = self._labelled(x, weight)
                weights = self.tree.leaf_weights(state.weights, True)
                own = state.weights[0]
                return labelled.e_step_by(own, weights, state.values, form)
            if weight is not None and not weight.all():
                x, weight = x[weight > 0], weight[weight > 0]
            data = [block.prepare(x, False) for block in self.blocks]
            rows = PreparedRows(self.blocks, data, weight, self.exclusion.bars(x))
            weights = self.tree.leaf_weights(state.weights)
            return rows.e_step(weights, state.values, form)

    def _log_prior(self, state: State) -> float:
        """What all priors add to the log-likelihood."""
        pairs = zip(self.blocks, state.values, strict=True)
        each = [block.log_prior(values) for block, values in pairs]
        return self.weights.log_prior(state.weights) + sum(each)

    # ------------------------------------------------------------- single rows

    def joint(self, state: State) -> Array:
        """log p(x, z = k) of the rows in memory, (K, n), by slot; without the weights
        of the outermost mixture where a label has them."""
        mixture, rows = self.mixture(state), self.source
        assert isinstance(rows, Rows)
        weights = self.tree.leaf_weights(state.weights, self.label is not None)
        parts = zip(self.by_slot(mixture), weights, strict=True)
        joint = np.array([c.bound(rows.x)(c) + np.log(w) for c, w in parts])
        if self.excluded is not None:
            joint[self.excluded] = -np.inf
        return joint

    def shares(self, state: State) -> Array:
        """The responsibilities of the rows in memory, (K, n), by slot."""
        joint = self.joint(state)
        if isinstance(self.rows, LabelledRows):
            here = self.rows.shares(state.weights[0], np.maximum(joint, NEVER))
            weight = self.source.weights  # type: ignore[attr-defined]
            return here[1] / weight
        shares: Array = np.exp(joint - log_sum_exp(joint))
        return shares

    def scores(self, state: State) -> Array:
        """The log-likelihood of each unit that a label is drawn for by itself."""
        assert isinstance(self.rows, LabelledRows)
        self._e_step(state, Form.EXACT)
        return self.rows.scores(state.weights[0])

    def label_entropy(self, state: State) -> float:
        """The entropy of the labels given the data, in nats."""
        if isinstance(self.rows, LabelledRows):
            self._e_step(state, Form.EXACT)
            return self.rows.entropy(state.weights[0])
        return sum(self.source.map(partial(self._entropy_of, state)))

    def _entropy_of(self, state: State, x: Array, weight: Array | None) -> float:
        """The same of a block, which is a sequence."""
        rows = self._labelled(x, weight)
        weights = self.tree.leaf_weights(state.weights, True)
        with quiet():
            rows.e_step_by(state.weights[0], weights, state.values, Form.EXACT)
            return rows.entropy(state.weights[0])

    def _labelled(self, x: Array, weight: Array | None) -> LabelledRows:
        """A block of rows, which is a sequence."""
        assert isinstance(self.label, ChainLabel)
        data = [block.prepare(x, False) for block in self.blocks]
        node, label = self.tree.nodes[0], self.label.on(len(x))
        bars = self.exclusion.bars(x)
        return LabelledRows(self.blocks, data, weight, bars, node, label)

    def mean_shares(self, state: State) -> Array:
        """The responsibilities of the components of the outermost mixture on average,
        (K,)."""
        statistics = self.e_step(state)[1]
        pairs = zip(self.blocks, statistics.parts, strict=False)
        totals = np.concatenate([block.totals(own) for block, own in pairs])
        node = self.tree.nodes[0]
        shares: Array = np.bincount(node.branch, totals[node.leaves]) / totals.sum()
        return shares

    # --------------------------------------------------- what the blocks can do

    @cached_property
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
        """Is every component learned from sums, in closed form?"""
        return all(block.has_sums for block in self.blocks)


def log_likelihood_of(model: Mixture, filled: Mixture, source: Source) -> float:
    """The log-likelihood of data under a filled mixture, in the data's units."""
    engine = Engine(model, source, exact=True)
    with quiet():
        return engine.e_step(engine.state(filled))[0] + engine.constant
