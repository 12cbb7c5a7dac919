"""EM for a stream that is seen once: each block of rows moves the statistics a little.

For the reader whose data cannot be read again; who can read again takes `em`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mixnotes.components.mixture import Mixture, leaves
from mixnotes.data.check import Rng, as_data
from mixnotes.data.sources import Source
from mixnotes.data.streams import parts_of
from mixnotes.families.noise import Noise
from mixnotes.families.truncated import as_mixture
from mixnotes.fitting.blocks.base import FixedBlock, Statistics
from mixnotes.fitting.blocks.exponential import ExponentialBlock
from mixnotes.fitting.em import em
from mixnotes.fitting.engine import Engine
from mixnotes.fitting.inputs import as_start, checked
from mixnotes.fitting.vector import State
from mixnotes.numeric.arrays import quiet

_LEAST = 10  # rows a component in the first block, where starts are tried on it


def em_online(
    mixture: Mixture,
    blocks: Iterable[Any],
    *,
    start: Mixture | None = None,
    rng: Rng = 0,
    power: float = 0.6,
) -> Mixture:
    """The blanks of `mixture` filled from blocks of rows, each of which is read once.

    After block t the mean statistics are moved towards those of the block by the share
    (t + 1)^-power of the way. The result is made of their average over the last half of
    the stream or more. It is close to what `em` finds if there are many blocks, but not
    the same: nothing is iterated to a limit, so that there is no `Fit`.

    Source: Cappé and Moulines (2009); Polyak and Juditsky (1992), for the average.

    Args:
        mixture: the model, which says what is given and what is blank.
        blocks: any iterable of arrays, shape (n,) or (n, d), or of pairs (x,
            sample_weight).
        start: a mixture with values everywhere to begin from. If left out the first
            block is fitted by `em`, so it should be typical: a block of one kind
            misleads.
        rng: a seed or a numpy Generator, from which the starts on the first block are
            drawn.
        power: how fast later blocks lose their influence, above 0.5 and at most 1.

    Returns:
        A mixture with values everywhere.

    Examples:
        >>> import mixnotes as mx
        >>> two = mx.Mixture([mx.Poisson(1), mx.Poisson(9)], weights=[0.5, 0.5])
        >>> blocks = (two.sample(500, rng=seed) for seed in range(20))
        >>> found = mx.em_online(mx.Mixture([mx.Poisson(), mx.Poisson()]), blocks)
        >>> print([round(part.rate) for part in found.components])
        [1, 9]
    """
    mixture = as_mixture(mixture)
    _require_streamable(mixture, power)
    if mixture.label_rule:
        raise TypeError(
            f"em_online needs weights that are numbers, and here the "
            f"{mixture.label_rule}; use em"
        )
    engine: Engine | None = None
    mean: Statistics | None = None
    averages = _Averages()
    for t, block in enumerate(blocks):
        x, weight = parts_of(block)
        model, source = checked(mixture, as_data(x), weight)
        if engine is None:
            first = _first(model, source.n, x, weight, start, rng)
            engine = _engine_of(model, source)
            state = engine.state(as_start(model, first, "start"))
        with quiet():
            found = _mean_statistics(engine, state, x, weight, source.total)
            share = (t + 1.0) ** -power
            mean = found if mean is None else (1 - share) * mean + share * found
            averages.add(mean)
            state = engine.m_step(mean, state)
    if engine is None:
        raise ValueError(
            "blocks must hold at least one block, got none; an iterator can be read "
            "only once"
        )
    with quiet():
        return engine.mixture(engine.m_step(averages.last_half(), state))


def _require_streamable(mixture: Mixture, power: float) -> None:
    """Raise an error for what is not that of a stream."""
    if isinstance(power, bool) or not (
        isinstance(power, int | float) and 0.5 < power <= 1
    ):
        raise ValueError(f"power must be above 0.5 and at most 1, got {power!r}")
    if any(isinstance(c, Noise) and c.volume is None for c in leaves(mixture)):
        raise ValueError(
            "em_online needs the volume of Noise, since the region of rows to come is "
            "not known, got Noise(); give it, for example Noise(volume=100)"
        )
    if mixture.told:
        raise TypeError(
            "em_online takes no beliefs and no bounds, since it does not know how many "
            f"rows will come, and something is known of {', '.join(mixture.told)}; use "
            "em, which reads blocks of rows too"
        )
    if mixture.column_names is not None:
        raise TypeError(
            "em_online takes no columns by name, and the components take "
            f"{', '.join(mixture.column_names)}; use em, which reads blocks of them too"
        )


def _engine_of(model: Mixture, source: Source) -> Engine:
    """The engine, if all components are learned from statistics that add up."""
    engine = Engine(model, source)
    kinds = ExponentialBlock | FixedBlock
    if not all(isinstance(block, kinds) for block in engine.blocks):
        raise TypeError(
            "em_online needs components of exponential families, and one here "
            "is a class of its own, whose fit takes all rows at once; use em"
        )
    return engine


def _mean_statistics(
    engine: Engine, state: State, x: Any, weight: Any, total: float
) -> Statistics:
    """The statistics of a block, an observation."""
    found = engine.packed_statistics(state, as_data(x), weight)
    if found is None:
        raise ValueError(
            "em_online cannot follow a component that has become so narrow: "
            "its width is lost beside the range of the data; use em"
        )
    return (1 / total) * found


def _first(
    model: Mixture, n: int, x: Any, weight: Any, start: Mixture | None, rng: Rng
) -> Mixture:
    """Where to begin: the start, or a fit of the first block."""
    if start is not None:
        return start
    unknown = sum(c.n_free > 0 for c in model.components)
    if n < _LEAST * unknown:
        raise ValueError(
            f"the first block must hold at least {_LEAST} rows for each component to "
            f"learn, {_LEAST * unknown} here, got {n}; pass larger blocks, or a start"
        )
    return em(model, x, sample_weight=weight, rng=rng).mixture


class _Averages:
    """Averages over the steps since the last power of two, and over those before."""

    def __init__(self) -> None:
        self.count = 0
        self.windows: list[tuple[int, Statistics]] = []

    def add(self, mean: Statistics) -> None:
        if self.count & (self.count + 1) == 0:  # 0, 1, 3, 7, ...: a new window
            self.windows = [*self.windows[-1:], (1, mean)]
        else:
            size, total = self.windows[-1]
            self.windows[-1] = size + 1, total + mean
        self.count += 1

    def last_half(self) -> Statistics:
        """The average over the windows that are kept, at least half of all steps."""
        sizes, totals = zip(*self.windows, strict=True)
        return (1 / sum(sizes)) * sum(totals[1:], totals[0])
