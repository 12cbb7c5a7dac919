"""Data that are read again in every pass: a memory map, an iterable, a Dask array."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np

from mixnotes.data.check import (
    as_array,
    as_data,
    as_sample_weight,
    first_of,
    is_sparse,
)
from mixnotes.data.sources import _T, OfBlock, Stream, of_block
from mixnotes.data.table import column_names
from mixnotes.numeric.arrays import Array

_BLOCK = 2**17  # numbers that are read from a file together: one megabyte


class Mapped(Stream):
    """A memory map, read some rows at a time."""

    def __init__(self, x: Any, weight: Array | None) -> None:
        self.x, self.weight = x, weight

    def blocks(self) -> Iterator[tuple[Any, Any]]:
        """Slices of the file."""
        size = max(_BLOCK * len(self.x) // max(self.x.size, 1), 1)
        for start in range(0, len(self.x), size):
            rows = slice(start, start + size)
            yield self.x[rows], None if self.weight is None else self.weight[rows]


class Iterated(Stream):
    """Any iterable that begins anew each time: blocks x, or pairs (x, weight).

    `of_columns` makes rows of numbers of a block of columns by name.
    """

    def __init__(
        self, x: Iterable[Any], of_columns: Callable[[Any], Array] = as_data
    ) -> None:
        self.x, self.of_columns = x, of_columns

    def blocks(self) -> Iterator[tuple[Any, Any]]:
        """What it yields, as rows of numbers."""
        for k, block in enumerate(self.x):
            x, weight = parts_of(block)
            try:
                if column_names(x) is not None:
                    x = self.of_columns(x)
                x = as_array(x, "x")
                if getattr(x, "dtype", None) is not None and x.dtype.kind in "OU":
                    raise TypeError(
                        f"x must be numbers, got {x.dtype.name} data{first_of(x)}; let "
                        "each block be columns by name, {name: values}, for a Product "
                        "whose Categorical has levels"
                    )
                if weight is not None:
                    weight = as_array(weight, "sample_weight")
            except (TypeError, ValueError) as error:
                raise type(error)(f"in block {k} of x: {error}") from error
            yield x, weight


class Chosen(Stream):
    """Some columns of a stream that has been surveyed."""

    def __init__(self, whole: Stream, columns: int | slice) -> None:
        self.whole, self.columns = whole, columns
        survey = whole.survey
        self.survey = survey._replace(kept=survey.kept[:, columns])
        self.n, self.total = whole.n, whole.total

    def blocks(self) -> Iterator[tuple[Any, Any]]:
        """The columns of each block, as the whole reads them."""
        yield from self.map(lambda x, weight: (x, weight))

    def map(self, f: OfBlock[_T]) -> Iterator[_T]:
        """f of these columns, run where the blocks of the whole stream are."""
        yield from self.whole.map(partial(_of_chosen, f, self.columns))


def _of_chosen(
    f: OfBlock[_T], columns: int | slice, x: Array, weight: Array | None
) -> _T:
    return f(x[:, columns], weight)


def parts_of(block: Any) -> tuple[Any, Any]:
    """A block as (x, weight or None)."""
    return block if isinstance(block, tuple) else (block, None)


class Dask(Stream):
    """A Dask array: each block is worked on where it is stored, and only sums come
    back.
    """

    def __init__(self, x: Any, weight: Any) -> None:
        self.x = x if x.ndim == 1 else x.rechunk({1: -1})
        if weight is not None and not is_dask(weight):
            import dask.array

            weight = dask.array.from_array(weight, chunks=(self.x.chunks[0],))
        elif weight is not None:
            weight = weight.rechunk((self.x.chunks[0],))
        self.weight = weight

    def blocks(self) -> Iterator[tuple[Any, Any]]:
        """Delayed blocks."""
        parts = self.x.to_delayed().ravel()
        weights: list[Any] = [None] * len(parts)
        if self.weight is not None:
            weights = list(self.weight.to_delayed().ravel())
        yield from zip(parts, weights, strict=True)

    def map(self, f: OfBlock[_T]) -> Iterator[_T]:
        """f of all blocks, by the scheduler that Dask is set to."""
        import dask

        task = dask.delayed(of_block, pure=False)
        yield from dask.compute(*[task(f, x, weight) for x, weight in self.blocks()])


def is_dask(x: Any) -> bool:
    """Is x a Dask array? Asked without importing Dask."""
    return type(x).__module__.partition(".")[0] == "dask" and hasattr(x, "rechunk")


def is_large_float32(x: Any) -> bool:
    """True for rows of float32 so many that they are better read block by block than
    copied into float64.
    """
    return (
        type(x) is np.ndarray
        and x.dtype == np.float32
        and x.ndim == 2
        and x.size > _BLOCK
    )


def stream_of(
    x: Any,
    sample_weight: Any,
    whole: bool = True,
    of_columns: Callable[[Any], Array] | None = None,
) -> Stream | None:
    """x as a stream, or None where it is data in memory: all of it together, if
    `whole`. `of_columns` makes rows of columns by name, where the model has names."""
    if of_columns is not None and (is_dask(x) or isinstance(x, np.memmap)):
        return None
    if is_dask(x):
        return Dask(x, sample_weight)
    if isinstance(x, np.memmap) or (not whole and is_large_float32(x)):
        weight = None
        if sample_weight is not None:
            weight = as_sample_weight(sample_weight, len(x))
        return Mapped(x, weight)
    if isinstance(x, Collection | np.ndarray) or hasattr(x, "__array__"):
        return None
    if not isinstance(x, Iterable) or is_sparse(x) or column_names(x) is not None:
        return None
    if isinstance(x, Iterator):
        raise TypeError(
            "x must be data that can be read again in every pass, got "
            f"{type(x).__name__}, which is used up by one; pass an object whose "
            "__iter__ begins anew, or use em_online for data that are seen once"
        )
    if sample_weight is not None:
        raise ValueError(
            "sample_weight of blocks comes with them: let the iterable yield pairs "
            "(x, sample_weight)"
        )
    return Iterated(x, of_columns or as_data)
