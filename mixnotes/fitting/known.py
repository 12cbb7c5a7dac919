"""What the caller said of labels, checked: known ones, groups, columns, evidence."""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixnotes.components.chain import Chain
from mixnotes.components.gate import Gate
from mixnotes.components.mixture import Mixture
from mixnotes.data.beside import Beside
from mixnotes.data.check import as_array, as_numbers, from_objects, require
from mixnotes.data.streams import is_dask
from mixnotes.data.words import columns_of, group_of, raw_column
from mixnotes.numeric.arrays import Array


class Given(NamedTuple):
    """What the caller gave beside weights."""

    x: Any
    labels: Any
    groups: Any
    covariates: Any


def labels_of(
    mixture: Mixture, given: Given, n: int, weight: Array
) -> tuple[Mixture, NDArray[np.intp] | None, Beside | None]:
    """The model, where its weights depend on columns with the words of these; the
    labels that are known; and what is known beside them."""
    z, evidence = None, None
    if given.labels is not None and np.ndim(given.labels) == 2:
        evidence = as_evidence(given.labels, n, mixture)
    elif given.labels is not None:
        z = as_labels(given.labels, n, mixture)
    mixture, design = _gated(mixture, given, n)
    group: NDArray[np.intp] | None = None
    if isinstance(mixture, Chain):
        group = np.zeros(n, dtype=np.intp)
        if given.groups is not None:
            group = group_of(given.groups, given.x, given.covariates, n)
        require_one_weight(group, weight)
        return mixture, z, Beside(None, group, evidence, ordered=True)
    group = None
    if given.groups is not None:
        group = group_of(given.groups, given.x, given.covariates, n)
        _require_whole_groups(group, z, design, weight)
    if design is None and group is None and evidence is None:
        return mixture, z, None
    return mixture, z, Beside(design, group, evidence)


def in_order(x: Any) -> Any:
    """Rows of a chain: a file is read whole, and blocks must be whole sequences."""
    if is_dask(x):
        raise TypeError(
            "a Chain needs whole sequences, and the blocks of a Dask array may end "
            "anywhere; pass x.compute(), or an iterable whose blocks are sequences"
        )
    return np.array(x) if isinstance(x, np.memmap) else x


def _gated(mixture: Mixture, given: Given, n: int) -> tuple[Mixture, Array | None]:
    """The model with the words of its columns, and the design of its gate."""
    gate, x, covariates = mixture.weights, given.x, given.covariates
    if not isinstance(gate, Gate):
        if covariates is not None and not isinstance(given.groups, str):
            mixture._log_gate(x, covariates, n)  # says why there may be none
        return mixture, None
    columns = columns_of(gate.columns, x, covariates, n)
    raw = {name: raw_column(name, x, covariates) for name in gate.columns}
    gate = gate.with_levels(columns, raw)
    return type(mixture)(mixture.parts, gate), gate.design(columns, n)


def as_labels(labels: ArrayLike, n: int, mixture: Mixture) -> NDArray[np.intp]:
    """Which component made each observation, shape (n,); -1 or masked is unknown."""
    masks = sys.modules.get("numpy.ma")  # without a look: to load it takes a while
    if masks and isinstance(labels, masks.MaskedArray):
        labels = np.where(masks.getmaskarray(labels), -1, masks.getdata(labels))
    values = as_numbers(from_objects(as_array(labels, "labels")), "labels")
    K = len(mixture.components)
    if values.shape != (n,):
        raise ValueError(
            f"labels must be one number an observation, shape ({n},), got shape "
            f"{values.shape}"
        )
    require(
        np.isin(values, np.arange(-1, K)),
        values,
        f"labels must be the number of a component, 0 to {K - 1}, or -1 (unknown)",
        "write -1 where it is missing: np.nan_to_num(labels, nan=-1)"
        if np.isnan(values).any()
        else f"number the components from 0, in the order of the {K}",
        name="labels",
    )
    idle = np.setdiff1d(np.arange(K), values)
    if len(idle) and not (values < 0).any() and mixture.parts[idle[0]].learns:
        raise ValueError(
            f"each component to learn must have an observation, got no label {idle[0]} "
            "and none that is unknown (-1); leave that component out"
        )
    return values.astype(np.intp)


def require_one_weight(group: NDArray[np.intp], weight: Array) -> None:
    """Raise an error where rows of a sequence count differently often."""
    first = np.unique(group, return_index=True)[1][group]
    odd = weight != weight[first]
    if odd.any():
        i = int(np.argmax(odd))
        raise ValueError(
            "the rows of a sequence must have one sample_weight, how often all of it "
            f"counts, got {weight[first[i]]:g} in row {first[i]} and {weight[i]:g} in "
            f"row {i}; leave sample_weight out"
        )


def as_evidence(labels: ArrayLike, n: int, mixture: Mixture) -> Array:
    """log P(what is known of the label | z = k), (n, K), from probabilities or from
    which components are allowed."""
    values = as_numbers(labels, "labels")
    K = len(mixture.components)
    if values.shape != (n, K):
        raise ValueError(
            "labels of two dimensions must have a row for each observation and a "
            f"column for each component, shape ({n}, {K}), got shape {values.shape}"
        )
    fine = np.isfinite(values) & (values >= 0) & (values <= 1)
    require(
        fine,
        values,
        "labels of two dimensions must be probabilities, from 0 to 1, or True and "
        "False for what is allowed",
        "write a row of ones where nothing is known",
        name="labels",
    )
    nowhere = ~(values > 0).any(axis=1)
    if nowhere.any():
        raise ValueError(
            "labels must leave each observation a component, got only zeros in row "
            f"{int(np.argmax(nowhere))}; write a row of ones where nothing is known"
        )
    with np.errstate(divide="ignore"):
        logs: Array = np.log(values)
    return logs


def _require_whole_groups(
    group: NDArray[np.intp],
    z: NDArray[np.intp] | None,
    design: Array | None,
    weight: Array,
) -> None:
    """Raise an error where the rows of a group differ in what is one for all."""
    first = np.unique(group, return_index=True)[1][group]
    if z is not None:
        known = np.full(int(group.max()) + 1, -1)
        np.maximum.at(known, group, z)
        odd = (z >= 0) & (z != known[group])
        if odd.any():
            i = int(np.argmax(odd))
            raise ValueError(
                "the rows of a group have one label, got labels "
                f"{z[i]} and {known[group[i]]} in the group of row {i}; mend the "
                "labels, or leave groups out"
            )
    if design is not None and (design != design[first]).any():
        i = int(np.argmax((design != design[first]).any(axis=1)))
        raise ValueError(
            "the columns that weights depend on must be the same in all rows of a "
            f"group, which has one label, got others in rows {first[i]} and {i}; leave "
            "the column out of the Gate, or groups out"
        )
