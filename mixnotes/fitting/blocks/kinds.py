"""Which components go together, and in a block of which kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from mixnotes.components.exponential import ExponentialFamily, StandardizedFamily
from mixnotes.families.product import Product
from mixnotes.fitting.blocks.base import Block, FixedBlock
from mixnotes.fitting.blocks.direct import DirectBlock
from mixnotes.fitting.blocks.exponential import ExponentialBlock
from mixnotes.fitting.blocks.gaussian import GaussianBlock
from mixnotes.fitting.blocks.product import ProductBlock

Kind = Callable[[Sequence[Any], int], Block]  # of some components and their first slot


def blocks_of(
    components: Sequence[Any], cache: bool, apart: bool
) -> list[tuple[Kind, list[int]]]:
    """How components go together: positions by block. `cache`: the log-densities of
    known ones are kept. `apart`: the data are intervals, of which no sums of statistics
    are known."""
    kinds: dict[Any, tuple[Kind, list[int]]] = {}
    joined = _are_joined(components)
    for k, component in enumerate(components):
        key: Any
        kind: Kind
        exponential = isinstance(component, ExponentialFamily) and not apart
        if exponential and (component.blanks or not cache):
            standard = isinstance(component, StandardizedFamily)
            key = component.kind()
            kind = GaussianBlock if standard else ExponentialBlock
        elif not component.n_free:
            key = kind = FixedBlock
        elif joined and isinstance(component, Product):
            key, kind = ProductBlock, partial(ProductBlock, together=blocks_of)
        else:
            key = kind = DirectBlock
        kinds.setdefault(key, (kind, []))[1].append(k)
    return list(kinds.values())


def _are_joined(components: Sequence[Any]) -> bool:
    """Are products of the same columns, and does no part share across columns?"""
    products = [c for c in components if isinstance(c, Product)]
    keys = {tuple(product.parts) for product in products}
    homes: dict[str, set[Any]] = {}
    for product in products:
        for key, part in product.parts.items():
            for name in part.shares.values():
                homes.setdefault(name, set()).add((key, part.kind()))
    return len(keys) == 1 and all(len(home) == 1 for home in homes.values())
