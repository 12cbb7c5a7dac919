"""From rows to sums: where the data are, and what a pass over them adds up.

A `Source` is data in memory (`Rows`), or blocks of rows that are read again in every
pass (`Stream`): a memory map, any iterable that can be begun anew, a Dask array. All
that crosses from one block to the next is sums, so each gives the same fit.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cached_property, partial
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from mixnotes.data.beside import Beside, renumbered
from mixnotes.data.check import as_array, as_weights, require_weighty, slices
from mixnotes.data.intervals import Intervals, midpoints
from mixnotes.data.summary import Summary, as_columns, summary
from mixnotes.numeric.arrays import Array

_FEW = 32  # rows that are not worth counting
_PROBE = 4096
_FINE = float(np.finfo(np.float64).eps)
_SINGLE = 1e-6  # float32 is finer, float16 coarser
_SMALL = float(np.finfo(np.float32).tiny)
_COARSE = 0.01  # of the standard deviation, by which rounding may move a value
_SLICE = 2**16  # rows of an array in memory that are looked at together
_SAMPLE = 4096  # rows of a stream on which starts are tried
_T = TypeVar("_T")
OfBlock = Callable[[Array, Array | None], _T]


class Source(ABC):
    """Observations, each with a weight: how many it stands for."""

    n: int  # rows with a weight above 0
    total: float  # sum of the weights

    @abstractmethod
    def map(self, f: OfBlock[_T]) -> Iterator[_T]:
        """f(x, weight) for each block of rows, in order; weight None is 1 each."""

    @abstractmethod
    def sample(self, rng: np.random.Generator, most: int = _SAMPLE) -> Rows:
        """Some rows to try starts on."""

    def require_digits(self, eps: float) -> None:
        """Raise an error where the data came as floats so coarse that rounding has
        removed what tells them apart.
        """
        if eps <= _FINE:
            return
        sample = self.sample(np.random.default_rng(0))
        found = sample.whole.summary
        largest = np.maximum(np.abs(found.low), np.abs(found.high))
        step = eps * 2 ** np.floor(np.log2(np.maximum(largest, _SMALL)))
        lost = (step > _COARSE * found.sd) & (found.sd > 0)
        if lost.any():
            k = int(np.argmax(lost))
            raise ValueError(
                "x must have enough digits to tell its values apart, and "
                f"{'float32' if eps < _SINGLE else 'float16'} rounds "
                f"x{'' if sample.x.ndim == 1 else f'[:, {k}]'} to steps of "
                f"{step[k]:.2g}, with a standard deviation of {found.sd[k]:.2g}; "
                "subtract an offset before rounding, or, if x is exact as it is, "
                "pass x.astype(np.float64)"
            )

    @cached_property
    def summary(self) -> Summary:
        """Range, weighted mean and standard deviation of each column."""
        return summary(self, as_columns)

    @cached_property
    def scale(self) -> float:
        """The weighted standard deviation of the data, largest column; 1 if it is 0."""
        source = self.whole if isinstance(self, Rows) else self
        return float(source.summary.sd.max()) or 1.0


class Rows(Source):
    """Distinct observations in memory and how much each weighs.

    A thousand marbles are two values and two counts; the sums that EM needs are the
    same.
    """

    def __init__(
        self,
        x: Array,
        weight: Array | None,
        n: int | None = None,
        origin: Array | None = None,
        labels: NDArray[np.intp] | None = None,
        beside: Beside | None = None,
    ) -> None:
        self.x = x  # (m,) or (m, d); NaN is a gap
        self.origin = x if origin is None else origin  # the data as they came
        self.weight = weight  # (m,), above 0
        self.labels = labels  # (m,): z where it is known, else -1
        self.beside = beside  # what the labels depend on; then no row is put together
        self.n = len(x) if n is None else n
        self.total = float(len(x)) if weight is None else float(weight.sum())

    @cached_property
    def whole(self) -> Rows:
        """The same rows without gaps, to begin with and to find the unit of the data: a
        gap holds the mean of its column, an interval its middle.
        """
        if isinstance(self.x, Intervals):
            return Rows(midpoints(self.x), self.weight, labels=self.labels)
        if self.x.ndim == 1 or not any(np.isnan(p).any() for p in slices(self.x)):
            return self
        x = self.x.copy()
        for column in x.T:
            gap = np.isnan(column)
            column[gap] = column[~gap].mean() if not gap.all() else 0.0
        return Rows(x, self.weight, labels=self.labels)

    def take(self, rows: NDArray[np.intp]) -> Rows:
        """Some of the rows, in order; one that is named twice is there twice."""
        weight = None if self.weight is None else self.weight[rows]
        labels = None if self.labels is None else self.labels[rows]
        beside = None if self.beside is None else self.beside.take(rows)
        return Rows(self.x[rows], weight, labels=labels, beside=beside)

    def weighted(self, weight: Array) -> Rows:
        """The same rows with other weights."""
        return Rows(self.x, weight, labels=self.labels, beside=self.beside)

    def take_groups(self, groups: NDArray[np.intp]) -> Rows:
        """The rows of some groups, in order; a group that is named twice is two."""
        assert self.beside is not None
        assert self.beside.group is not None
        group = self.beside.group
        order = np.argsort(group, kind="stable")
        ends = np.bincount(group).cumsum()
        each = [order[(ends[g - 1] if g else 0) : ends[g]] for g in groups]
        found = self.take(np.concatenate(each))
        assert found.beside is not None
        new = np.repeat(np.arange(len(each)), [len(rows) for rows in each])
        return Rows(
            found.x,
            found.weight,
            labels=found.labels,
            beside=replace(found.beside, group=new),
        )

    def unlabelled(self) -> Rows:
        """The rows whose component is not known."""
        if self.labels is None:
            return self
        rows = self.labels < 0
        weight = None if self.weight is None else self.weight[rows]
        return Rows(self.x[rows], weight)

    @property
    def gaps(self) -> bool:
        """Is something missing?"""
        return self.whole is not self and not isinstance(self.x, Intervals)

    @property
    def weights(self) -> Array:
        """The weights as an array, shape (m,)."""
        return np.ones(len(self.x)) if self.weight is None else self.weight

    def position(self, row: int) -> int:
        """Where the value of a row stands first in the data as they came."""
        same = np.isclose(self.origin, self.x[row], 0.0, 0.0, equal_nan=True)
        return int(np.argmax(same.reshape(len(self.origin), -1).all(axis=1)))

    def map(self, f: OfBlock[_T]) -> Iterator[_T]:
        """f of views, some rows at a time: no array of the size of x is made."""
        for start in range(0, len(self.x), _SLICE):
            rows = slice(start, start + _SLICE)
            yield f(self.x[rows], None if self.weight is None else self.weight[rows])

    def sample(self, rng: np.random.Generator, most: int = _SAMPLE) -> Rows:
        """All rows, or some of very many."""
        if len(self.x) <= most:
            return self
        chosen = np.sort(rng.choice(len(self.x), most, replace=False))
        if self.beside is not None:
            return self.take(self.beside.whole_groups(chosen, rng))
        weight = None if self.weight is None else self.weight[chosen]
        labels = None if self.labels is None else self.labels[chosen]
        return Rows(self.x[chosen], weight, labels=labels)


class Survey(NamedTuple):
    """What a first pass over a stream finds out."""

    n: int
    total: float
    kept: Array  # some rows, in random order
    weight: Array  # and their weights
    eps: float  # how coarse their floats are, relative


class Stream(Source):
    """Blocks of rows that are read again in every pass; one at a time is in memory."""

    survey: Survey
    rows: int | None = None  # of all blocks, once they have been counted

    @abstractmethod
    def blocks(self) -> Iterable[tuple[Any, Any]]:
        """Each block as (x, weight or None), from the first block on, anew in every
        pass.
        """

    def map(self, f: OfBlock[_T]) -> Iterator[_T]:
        """f of one block after another, which must be as many rows in every pass."""
        rows = 0
        for x, weight in self.blocks():
            rows += len(x) if np.ndim(x) else 1
            if self.rows is not None and rows > self.rows:
                raise changed(self.rows, f"{rows} or more")
            yield of_block(f, x, weight)
        if self.rows is None:
            self.rows = rows
        elif rows < self.rows:
            raise changed(self.rows, str(rows))

    def check(self, check: OfBlock[None]) -> None:
        """Read everything once: count, check every block, and keep some rows."""
        found: Survey | None = None
        for k, part in enumerate(self.map(partial(_numbered, partial(_look, check)))):
            if isinstance(part, Exception):
                raise type(part)(f"in block {k} of x: {part}") from part
            found = part if found is None else _merged(found, part)
        if found is None or not found.n:
            raise ValueError(
                "x must hold at least one observation of a weight above 0, got none "
                "in all its blocks; an iterator that was read before gives none"
            )
        require_weighty(found.total)
        self.survey = found
        self.n, self.total = found.n, found.total

    def stretch(self) -> Rows:
        """Some of the first rows, where each block is a sequence."""
        parts, size = [], 0
        for x, weight in self.blocks():
            x, weight = of_block(lambda x, weight: (x, weight), x, weight)
            level = np.asarray(as_weights(weight, len(x)))
            parts.append((np.asarray(x, dtype=np.float64)[level > 0], level[level > 0]))
            size += len(parts[-1][0])
            if size >= _SAMPLE:
                break
        group = np.repeat(np.arange(len(parts)), [len(x) for x, _ in parts])[:_SAMPLE]
        x, level = (np.concatenate(p)[:_SAMPLE] for p in zip(*parts, strict=True))
        return Rows(x, level, beside=Beside(group=renumbered(group), ordered=True))

    def sample(self, rng: np.random.Generator, most: int = _SAMPLE) -> Rows:
        """The rows that the first pass kept."""
        unit = bool((self.survey.weight == 1).all())
        return Rows(self.survey.kept, None if unit else self.survey.weight)


def changed(first: int, now: str) -> ValueError:
    """The error for a stream that has other rows in a later pass."""
    return ValueError(
        f"x must give the same rows in every pass, got {first} in the first and {now} "
        "in a later one; let its __iter__ begin anew each time, and not return an "
        "iterator that was read before"
    )


def of_block(f: OfBlock[_T], x: Any, weight: Any) -> _T:
    """f of one block, which may be anything that numpy reads."""
    if weight is not None:
        weight = np.asarray(as_array(weight, "sample_weight"), dtype=np.float64)
    return f(as_array(x, "x"), weight)


def _numbered(f: OfBlock[_T], x: Array, weight: Array | None) -> _T | Exception:
    """An error as a value instead of one raised, so that the caller can add which block
    it was.
    """
    try:
        return f(x, weight)
    except (TypeError, ValueError) as error:
        return error


def _look(check: OfBlock[None], x: Array, weight: Array | None) -> Survey:
    check(x, weight)
    rng = np.random.default_rng(0)
    level = as_weights(weight, len(x))
    there = np.flatnonzero(level)
    chosen = rng.permutation(there)[:_SAMPLE]
    kept = np.asarray(x[chosen], dtype=np.float64)
    return Survey(len(there), float(level.sum()), kept, level[chosen], eps_of(x))


def _merged(a: Survey, b: Survey) -> Survey:
    """What two parts of a stream have told together. Of the rows that it keeps, each
    part has its share.
    """
    n = a.n + b.n
    if a.kept.shape[1:] != b.kept.shape[1:]:
        raise ValueError(
            "all blocks of x must have the same columns, got shapes "
            f"(n, {', '.join(map(str, a.kept.shape[1:]))}) and "
            f"(n, {', '.join(map(str, b.kept.shape[1:]))})"
        )
    size = min(_SAMPLE, len(a.kept) + len(b.kept))
    mine = min(round(size * a.n / n), len(a.kept))
    its = min(size - mine, len(b.kept))
    order = np.random.default_rng(n).permutation(mine + its)
    kept = np.concatenate([a.kept[:mine], b.kept[:its]])[order]
    weight = np.concatenate([a.weight[:mine], b.weight[:its]])[order]
    return Survey(n, a.total + b.total, kept, weight, max(a.eps, b.eps))


def eps_of(x: Any) -> float:
    """The relative rounding of the floats in x; 0 for whole numbers."""
    dtype = getattr(x, "dtype", None)
    kind = getattr(dtype, "kind", None)
    own = isinstance(dtype, np.dtype)  # pandas has types of its own
    return float(np.finfo(dtype).eps) if own and kind == "f" else 0.0


def compress(
    x: Array,
    weight: Array | None,
    labels: NDArray[np.intp] | None = None,
    beside: Beside | None = None,
) -> Rows:
    """The distinct values or rows of x with the summed weight of each, where they
    repeat and nothing says that one of them has another label."""
    origin = x
    if weight is not None and not weight.all():
        labels = None if labels is None else labels[weight > 0]
        beside = None if beside is None else beside.take(weight > 0)
        x, weight = x[weight > 0], weight[weight > 0]
    n = len(x)
    if labels is not None or beside is not None:
        return Rows(x, weight, n, origin, labels, beside)
    if x.ndim > 1:
        distinct = distinct_rows(x)
        if distinct is None:
            return Rows(x, weight, n, origin)
        first, where = distinct
        counts = np.bincount(where, weights=weight).astype(np.float64)
        return Rows(x[first], counts, n, origin)
    if not _repeats(x):
        return Rows(x, weight, n, origin)
    low = x.min()
    if x.max() - low < 4 * n and _whole(x):
        counts = np.zeros(int(x.max() - low) + 1)
        for start in range(0, n, _SLICE):
            rows = slice(start, start + _SLICE)
            part = None if weight is None else weight[rows]
            found = np.bincount((x[rows] - low).astype(np.intp), part)
            counts[: len(found)] += found
        there = np.flatnonzero(counts)
        return Rows(low + there, counts[there], n, origin)
    x, where = np.unique(x, return_inverse=True)
    counts = np.bincount(where, weights=weight).astype(np.float64)
    return Rows(x, counts, n, origin)


def _repeats(x: Array) -> bool:
    """Do values repeat? A look at a spread of rows tells, without a sort of all."""
    probe = x[:: max(1, len(x) // _PROBE)]
    return len(np.unique(probe)) <= len(probe) // 2


def distinct_rows(x: Array) -> tuple[NDArray[np.intp], NDArray[np.intp]] | None:
    """Where each distinct row of x, (n, d), stands first, and for each row which of
    these it is; None where rows do not repeat so often that counting them pays.

    How often two rows of some agree tells how many distinct ones there are. Rows are
    compared bit by bit, a gap with a gap.
    """
    n = len(x)
    marks = _marks(x[:: max(1, n // _PROBE)])
    m, distinct = len(marks), len(np.unique(marks))
    if n < _FEW:
        return None
    if 2 * distinct > m and 2 * m * m > n * (m - distinct):  # more than n / 4 distinct
        return None
    _, first, where = np.unique(_marks(x), return_index=True, return_inverse=True)
    bits = _bits(x)
    if 2 * len(first) > n or not (bits[first][where] == bits).all():
        return None
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return first[order], rank[where]


def _bits(x: Array) -> Any:
    """The floats as whole numbers, (n, d)."""
    return np.ascontiguousarray(np.asarray(x), dtype=np.float64).view(np.uint64)


def _marks(x: Array) -> NDArray[np.uint64]:
    """One number a row, (n,), by which all but a few distinct rows differ."""
    mixers = np.random.default_rng(0).integers(2**63, size=x.shape[1], dtype=np.uint64)
    total: Any = np.zeros(len(x), dtype=np.uint64)
    odd: Any = 2 * mixers + np.uint64(1)
    for column, mixer in zip(_bits(x).T, odd, strict=True):
        total += (column ^ (column >> np.uint64(32))) * mixer
        total ^= total >> np.uint64(29)
    return total


def _whole(x: Array) -> bool:
    parts = (x[start : start + _SLICE] for start in range(0, len(x), _SLICE))
    return all((part == np.floor(part)).all() for part in parts)
