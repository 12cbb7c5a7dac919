"""EM of very many components, of which each row is looked at by the nearest few.

Rows are grouped by the component that most likely made them, and a group is looked at
by the components that come next for its rows. That is EM on a lower bound of the
log-likelihood, the truncated one; it is exact as far as the others have no
responsibility. So where such a climb ends the whole log-likelihood is computed, and
where it is higher more components are looked at.

Source: Luecke and Eggert (2010); Neal and Hinton (1998), for why the bound rises.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mixnotes.components.exponential import NEVER
from mixnotes.data.sources import Rows
from mixnotes.fitting.accelerate import Accelerator
from mixnotes.fitting.blocks.base import Form, RecentreError, Statistics, Workspace
from mixnotes.fitting.blocks.exponential import ExponentialBlock
from mixnotes.fitting.blocks.gaussian import About
from mixnotes.fitting.blocks.sums import Sums
from mixnotes.fitting.climb import Climb, climb
from mixnotes.fitting.engine import Engine
from mixnotes.fitting.rows import PreparedRows
from mixnotes.fitting.run import RunResult, Settings
from mixnotes.fitting.vector import State
from mixnotes.numeric.arrays import Array, quiet
from mixnotes.numeric.threads import one_blas_thread

_MISSED = 1e-6, 1e-12  # nats, and of the log-likelihood, that other components may hold
_FIRST = 4  # steps before rows are grouped anew
_MORE = 4  # times as many then, ...
_LEAST = 5e-324  # the smallest number above 0
_CHUNK = 2**19  # numbers that are worked on together where all components are looked at


class Groups(NamedTuple):
    """Rows group by group, and who looks at each group."""

    order: NDArray[np.intp]  # the rows, (n,)
    ends: NDArray[np.intp]  # of the groups, (G,)
    near: NDArray[np.intp]  # the components that look at each, (G, C)

    def parts(self) -> Iterator[tuple[slice, NDArray[np.intp]]]:
        """Where the rows of each group are in `order`, and who looks at them."""
        first = 0
        for last, near in zip(self.ends.tolist(), self.near, strict=True):
            yield slice(first, last), near
            first = last


class NearestRows:
    """Rows as an engine of one exponential family takes them, each looked at by the
    `count` components nearest to its group."""

    def __init__(self, whole: PreparedRows, count: int) -> None:
        self.whole, self.count = whole, count
        self.block: Any = whole.blocks[0]
        self.data, self.weight = whole.data, whole.weight
        self.groups: Groups | None = None
        self.features = self.columns = np.empty(0)  # in the order of the groups

    # --------------------------------------------------------------------- a step

    def e_step(
        self, weights: Array, values: Sequence[Any], form: Form
    ) -> tuple[float, Statistics]:
        """The bound and the statistics."""
        data, groups = self.data[0], self.groups
        assert groups is not None
        loaded = self.block.load(values[0], np.log(weights), data, form)
        found = self.block.empty(loaded, data)
        with one_blas_thread():
            if isinstance(loaded, About):
                total = self._exact(groups, loaded, found)
            else:
                total = self._packed(groups, np.ascontiguousarray(loaded), found)
        return total, Statistics([found], form)

    def _packed(self, groups: Groups, theta: Array, found: Sums) -> float:
        """Sums of the data as they are; the bound."""
        if not len(self.features):
            self.features = self._features[groups.order]
        sums, total = np.zeros_like(theta), 0.0
        for rows, near in groups.parts():
            features = self.features[rows]
            share = features @ theta[near].T
            total += self._shares(share, groups.order[rows])
            sums[near] += share.T @ features
        found.sums[:] = sums.T
        return total

    def _exact(self, groups: Groups, about: About, found: Sums) -> float:
        """Sums about each component; the bound."""
        if not len(self.columns):
            self.columns = self.data[0].columns[:, groups.order]
        family, total = self.block.family, 0.0
        assert found.squares is not None
        for rows, near in groups.parts():
            columns = self.columns[:, rows]
            own = {name: stack[near] for name, stack in about.values.items()}
            share = np.empty((len(near), columns.shape[1]))
            family.centred_log_prob(own, columns, share)
            share += about.log_weight[near, None]
            total += self._shares(share.T, groups.order[rows])
            found.sums[0, near] += share.sum(axis=1)
            sums = family.centred_sums(found.origin[near], columns, share)
            found.sums[1:, near] += sums.T
            found.squares[near] += (share * share).sum(axis=1)
        return total

    def _shares(self, joint: Array, rows: NDArray[np.intp]) -> float:
        """Log-densities, (m, C), become weighted responsibilities; the bound."""
        top = joint.max(axis=1)
        if not top.min() > 0.1 * NEVER:
            return -np.inf
        joint -= top[:, None]
        np.exp(joint, joint)
        norm = joint.sum(axis=1)
        logs = top + np.log(norm)
        if self.weight is None:
            joint /= norm[:, None]
            return float(logs.sum())
        weight = self.weight[rows]
        joint *= (weight / norm)[:, None]
        return float(weight @ logs)

    @cached_property
    def _features(self) -> Array:
        """The features of all rows, (n, q)."""
        data, n = self.data[0], self.whole.size
        found = np.empty((n, data.n_features))
        for rows in _chunks(n, data.n_features):
            part = np.ones((data.n_features, rows.stop - rows.start))
            self.block.write(data, rows, part)
            found[rows] = part.T
        return found

    # ----------------------------------------------------------------- the groups

    def regroup(self, weights: Array, values: Any) -> None:
        """Group the rows by the likeliest component of all for each. Who looks at a
        group are the next likeliest for some row of it, and those that are likeliest
        for one of them."""
        n, k = self.whole.size, len(weights)
        homes = np.empty(n, dtype=np.intp)
        claims = np.zeros(k * k)  # of each component on the rows of each group
        heights = np.empty((k, k))  # of all components at a row of each group
        seen = np.zeros(k, dtype=bool)
        with one_blas_thread():
            for rows, joint in self._joints(weights, values):
                each = np.arange(len(joint))
                best = homes[rows] = joint.argmax(axis=1)
                new = np.flatnonzero(~seen[best])
                heights[best[new]] = joint[new]
                seen[best[new]] = True
                top = joint[each, best].copy()
                joint[each, best] = -np.inf
                second = joint.argmax(axis=1)
                claim = np.exp(joint[each, second] - top)
                claims += np.bincount(k * best + second, claim, k * k)
        order = np.argsort(homes, kind="stable")
        ends = np.flatnonzero(np.diff(homes[order], append=k)) + 1
        mine = homes[order][ends - 1]
        claims = claims.reshape(k, k)[mine]
        claims[np.arange(len(mine)), mine] = np.inf
        heights = heights[mine]
        with np.errstate(divide="ignore"):  # above all heights, if at all
            claims = np.log(claims) - np.log(_LEAST) + heights.max()
        wanted = np.where(claims > -np.inf, claims, heights)
        count = min(self.count, k)
        near = np.argpartition(-wanted, count - 1, axis=1)[:, :count]
        self.group(Groups(order, ends, near))

    def group(self, groups: Groups) -> None:
        """Take these groups."""
        self.groups = groups
        self.features = self.columns = np.empty(0)

    def _joints(self, weights: Array, values: Any) -> Iterator[tuple[slice, Array]]:
        """log p(x, z = k) of chunks of rows, (m, K)."""
        data, log_weight = self.data[0], np.log(weights)
        try:
            loaded = self.block.load(values, log_weight, data, Form.PACKED)
        except RecentreError:
            loaded = self.block.load(values, log_weight, data, Form.EXACT)
        k, n = len(weights), self.whole.size
        if not isinstance(loaded, About):  # near enough in single precision
            theta = loaded.astype(np.float32).T
            features = self._features
            for rows in _chunks(n, k):
                yield rows, features[rows].astype(np.float32) @ theta
            return
        for rows in _chunks(n, k):
            workspace = Workspace(0, rows.stop - rows.start)
            joint = np.empty((k, rows.stop - rows.start))
            self.block.joint(loaded, data, rows, joint, workspace)
            yield rows, joint.T.copy()


def _chunks(n: int, width: int) -> Iterator[slice]:
    """Rows that are worked on together."""
    size = max(_CHUNK // width, 1)
    return (slice(a, min(a + size, n)) for a in range(0, n, size))


def require_nearest(engine: Engine) -> PreparedRows:
    """The rows of an engine, if `nearest` can be asked of it; else an error."""
    rows, source, blocks = engine.rows, engine.source, engine.blocks
    plain = engine.label is None and engine.excluded is None
    alone = len(blocks) == 1 and isinstance(blocks[0], ExponentialBlock)
    whole = isinstance(source, Rows) and not source.gaps
    if not (plain and alone and whole):
        raise ValueError(
            "nearest needs components of one exponential family, all with blanks, and "
            "rows in memory without gaps, labels and groups; leave nearest out"
        )
    assert isinstance(rows, PreparedRows)
    return rows


def climb_nearest(
    engine: Engine, first: State, settings: Settings, start: int = 0
) -> RunResult:
    """EM from `first` on the bound of the nearest components, until those that are not
    looked at hold nothing."""
    assert settings.nearest is not None
    whole = require_nearest(engine)
    bound = _Bound(engine, NearestRows(whole, settings.nearest), settings, start)
    with quiet():
        here, budget = first, float(_FIRST)
        while 2 * bound.rows.count < engine.k:
            ended = bound.climbed(here, budget)
            here, budget = bound.here, _MORE * budget
            if ended is None:
                continue
            engine.rows = whole
            height = engine.e_step(here)[0] + engine.constant
            missed = height - ended.log_likelihood
            held = missed > _MISSED[0] + _MISSED[1] * abs(height)
            if not (held and (ended.converged or ended.collapsed)):
                return bound.result(ended, height, missed)
            bound.rows.count *= 2
        engine.rows = whole
        on = climb(engine, here, settings, start, bound.steps)
        return replace(on, history=np.concatenate([*bound.histories, on.history]))


class _Bound:
    """Where a climb on bounds is, and how it came there."""

    def __init__(
        self, engine: Engine, rows: NearestRows, settings: Settings, start: int
    ) -> None:
        self.engine, self.rows = engine, rows
        self.settings, self.start = settings, start
        self.accelerator = Accelerator()
        self.histories: list[Array] = []
        self.height = -np.inf  # of the bound
        self.steps = 0

    def climbed(self, state: State, budget: float) -> RunResult | None:
        """Some steps on with rows grouped anew; how the run ended, if it has."""
        self._regroup(state)
        run = Climb(self.engine, state, self.settings, self.start, self.steps,
                    self.accelerator.elsewhere())  # fmt: skip
        ended = run.advance(budget)
        self.accelerator, self.here = run.accelerator, run.run.current
        self.height = run.run.log_likelihood
        history = np.array(run.run.history) + self.engine.constant
        self.histories.append(history if not self.histories else history[1:])
        self.steps += len(history) - 1
        return ended

    def _regroup(self, state: State) -> None:
        """Group the rows anew, unless the bound would fall."""
        engine, rows = self.engine, self.rows
        engine.rows = rows  # type: ignore[assignment]
        before = rows.groups
        rows.regroup(engine.tree.leaf_weights(state.weights), state.values[0])
        if before is not None and engine.e_step(state)[0] < self.height:
            rows.group(before)

    def result(self, ended: RunResult, height: float, missed: float) -> RunResult:
        """The end, with the whole log-likelihood."""
        history = np.concatenate(self.histories)
        words = (
            f"{ended.reason}; of each row the {self.rows.count} nearest components "
            f"were looked at, and the others hold {max(missed, 0.0):.1e} nats in all"
        )
        history[-1] = max(height, history[-1])
        return replace(ended, log_likelihood=height, history=history, reason=words)
