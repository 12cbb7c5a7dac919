"""What the caller gave, checked once: the model for these data, and where they are.

Everything that comes in goes through `checked`: arrays, frames, mappings, blocks,
memory maps, Dask arrays and intervals, with weights and labels. What it returns is not
checked again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mixnotes.components.chain import Chain
from mixnotes.components.component import Component, weight_of
from mixnotes.components.exponential import is_exponential
from mixnotes.components.foreign import Foreign
from mixnotes.components.measure import require_one_measure
from mixnotes.components.mixture import Mixture
from mixnotes.components.parts import tied
from mixnotes.data.check import (
    as_sample_weight,
    as_weights,
    require,
    require_seen,
)
from mixnotes.data.intervals import Binned, Censored, Intervals
from mixnotes.data.sources import Rows, Source, Stream, compress, eps_of
from mixnotes.data.streams import stream_of
from mixnotes.data.table import column_names
from mixnotes.families.truncated import as_mixture
from mixnotes.fitting.known import Given, in_order, labels_of, require_one_weight
from mixnotes.fitting.tree import leaves
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.covariance import is_tied

Data = ArrayLike | Mapping[str, ArrayLike] | Binned | Censored


def checked(
    mixture: Mixture,
    x: Any,
    sample_weight: ArrayLike | None,
    labels: ArrayLike | None = None,
    groups: Any = None,
    covariates: Any = None,
) -> tuple[Mixture, Source]:
    """The model, for data of these columns, and where the data are."""
    mixture = as_mixture(mixture)
    if not isinstance(mixture, Mixture):
        raise TypeError(
            f"mixture must be a Mixture, got {mixture!r:.80}; write "
            "Mixture([component, component])"
        )
    mixture = mixture.with_columns(column_names(x))
    if mixture.needs_levels and not _comes_in_blocks(x):
        mixture = mixture.with_levels(x)
    own = any(not is_exponential(c) and c.learns for _, c in leaves(mixture))
    stream: Stream | None = None
    if isinstance(mixture, Chain):
        x = in_order(x)
    if not isinstance(x, Binned | Censored):
        named = None if mixture.column_names is None else mixture._rows
        own |= labels is not None or groups is not None or mixture.label_rule != ""
        stream = stream_of(x, sample_weight, own, named)
    source: Source
    if stream is None:
        given = Given(x, labels, groups, covariates)
        mixture, source = _checked_rows(mixture, given, sample_weight)
        columns = () if isinstance(source.x, Intervals) else source.x.shape[1:]
    else:
        _require_no_labels(mixture, labels, groups, covariates)
        source = _checked_stream(mixture, stream)
        columns = stream.survey.kept.shape[1:]
    if columns:
        mixture = mixture.with_dimension(columns[0])
    require_agreement(mixture)
    _require_enough(mixture, source.n)
    return mixture, source


def _comes_in_blocks(x: Any) -> bool:
    """Is x read some rows at a time?"""
    whole = isinstance(x, Collection | np.ndarray) or column_names(x) is not None
    return not (whole or hasattr(x, "__array__"))


def _require_enough(mixture: Mixture, n: int) -> None:
    """Raise an error where there are more components to learn than observations."""
    unknown = sum(c.n_free > 0 for c in mixture.components)
    if unknown > n:
        raise ValueError(
            "there must be at least as many observations as components to learn, got "
            f"{n} observations and {unknown} such components; use fewer "
            "components or more data"
        )


def _require_no_labels(
    mixture: Mixture, labels: Any, groups: Any, covariates: Any
) -> None:
    """Raise an error where blocks would need something beside their rows."""
    given = {"labels": labels, "groups": groups, "covariates": covariates}
    for name, value in given.items():
        if value is not None:
            raise ValueError(
                f"{name} must be left out where x comes in blocks; pass the data as "
                "one array"
            )
    if mixture.label_rule and not isinstance(mixture, Chain):
        raise ValueError(
            f"data in blocks need weights that are numbers, and here the "
            f"{mixture.label_rule}; pass the data as one array or table"
        )


def _checked_stream(mixture: Mixture, stream: Stream) -> Stream:
    """Blocks of rows, every one of which the model can learn from."""
    stream.check(partial(_check_whole, mixture))
    stream.require_digits(stream.survey.eps)
    return stream


def _checked_rows(
    mixture: Mixture, given: Given, sample_weight: ArrayLike | None
) -> tuple[Mixture, Rows]:
    """The model, and rows in memory that it can learn from."""
    x = given.x
    data, sample_weight = mixture._rows(x), weight_of(x, sample_weight)
    if isinstance(data, Intervals):
        _require_cdfs(mixture)
    weight = None
    if sample_weight is not None:
        weight = as_sample_weight(sample_weight, len(data))
    try:
        for _ in Rows(data, weight).map(partial(_check, mixture)):
            pass
    except ValueError:
        _check(mixture, data, weight)  # says where, counted from the first row
        raise
    if data.ndim == 2 and not isinstance(data, Intervals):
        whole = data if weight is None else data[weight > 0]
        require_seen(whole, mixture.column_names)
    level = as_weights(weight, len(data))
    require_one_measure(_parts(mixture), data, mixture.column_names, level)
    mixture, z, beside = labels_of(mixture, given, len(data), level)
    rows = compress(data, weight, z, beside)
    rows.require_digits(eps_of(x))
    return mixture, rows


def _require_cdfs(mixture: Mixture) -> None:
    """Raise an error unless every component knows the probability of an interval."""
    for _, component in leaves(mixture):
        if type(component)._cdf is Component._cdf:
            raise TypeError(
                "Binned and Censored data need components of one number that have a "
                f"distribution function, and {component!r:.80} has none"
            )


def _check(mixture: Mixture, x: Array, weight: Array | None) -> None:
    """Raise an error unless the model can learn from these rows."""
    data = mixture._rows(x)
    mixture.check_support(data, as_weights(weight, len(data)))


def _check_whole(mixture: Mixture, x: Array, weight: Array | None) -> None:
    """The same of a block, which must have no gaps."""
    remedy = "values that are missing need the data in memory: pass one array"
    require(~np.isnan(x), x, "x must be finite", remedy)
    _check(mixture, x, weight)
    if isinstance(mixture, Chain) and weight is not None:
        require_one_weight(np.zeros(len(x), dtype=np.intp), weight)
    require_one_measure(_parts(mixture), x, None, as_weights(weight, len(x)))


def _parts(mixture: Mixture) -> list[Any]:
    """The components that are no mixtures, of mixtures within too."""
    return [component for _, component in leaves(mixture)]


def require_agreement(mixture: Mixture) -> None:
    """Raise an error unless what is shared or tied is so among components alike,
    at whatever depth they stand: the engine shares across nested mixtures."""
    components = [component for _, component in leaves(mixture)]
    kinds: dict[Any, Any] = {}
    for component in components:
        for name, shared in component.shares.items():
            here = (component.kind(), name)
            if kinds.setdefault(shared, here) != here:
                raise ValueError(
                    f"Shared({shared!r}) must stand for one parameter of one family, "
                    f"got {here[0][0].__name__}.{name} and "
                    f"{kinds[shared][0][0].__name__}.{kinds[shared][1]}; use two names"
                )
    for alike in tied(components):
        model = alike[0].model
        if is_tied(model) and len({c._is_blank("cov") for c in alike}) > 1:
            raise ValueError(
                f"the components of covariance {model} must all have cov blank, or "
                "all given, got both; give those with a known cov another covariance"
            )


def as_start(model: Mixture, start: Mixture, name: str) -> Mixture:
    """`start`, if it has a value everywhere and agrees with all that `model` gives."""
    _require_same_parts(model, start, name)
    start._require_complete(name)
    _require_kept(model, start, name)
    return start


def _require_same_parts(template: Mixture, filled: Any, name: str) -> None:
    """Raise an error unless `filled` is a mixture of as many parts, nested alike."""
    size = len(template.components)
    kind = type(template)
    if not isinstance(filled, kind) or len(filled.components) != size:
        raise ValueError(
            f"{name} must be a {kind.__name__} of {size} components as mixture is, got "
            f"{filled!r:.120}"
        )
    pairs = zip(template.parts, filled.parts, strict=True)
    for k, (inner, part) in enumerate(pairs):
        if isinstance(inner, Mixture):
            _require_same_parts(inner, part, f"components[{k}] of {name}")


def _require_kept(template: Mixture, filled: Any, name: str, at: str = "") -> None:
    """Raise an error unless `filled` agrees with all that `template` gives."""
    template.require_label_kept(filled, name)
    pairs = zip(template.parts, filled.parts, strict=True)
    for k, (inner, part) in enumerate(pairs):
        where = f"{at}components[{k}]"
        if isinstance(inner, Mixture):
            _require_kept(inner, part, name, f"{where}.")
        elif not _keeps(inner, part):
            raise ValueError(
                f"{name} must keep what mixture gives: {where} is {inner!r} in "
                f"mixture and {part!r} in {name}"
            )


def _keeps(template: Component, filled: Any) -> bool:
    """Is `filled` of the kind of `template`, with the same values where given?"""
    if filled.class_name != template.class_name or type(filled) is not type(template):
        return False
    if isinstance(template, Foreign):  # what it was given is not known here
        return True
    blanks = template.blanks
    try:
        same = {name: filled.value_of(name) for name in blanks}
    except KeyError:  # of other columns
        return False
    kept: bool = filled == (template.filled(same) if blanks else template)
    return kept
