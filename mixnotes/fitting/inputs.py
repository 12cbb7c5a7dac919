"""What the caller gave, checked once: the model for these data, and where they are.

Everything that comes in goes through `checked`: arrays, frames, mappings, blocks,
memory maps, Dask arrays and intervals, with weights and labels. What it returns is not
checked again.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixnotes.components.component import Component, weight_of
from mixnotes.components.exponential import is_exponential
from mixnotes.components.foreign import Foreign
from mixnotes.components.measure import require_one_measure
from mixnotes.components.mixture import Mixture
from mixnotes.components.parts import tied
from mixnotes.data.check import (
    as_numbers,
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
from mixnotes.fitting.tree import leaves
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.covariance import is_tied

Data = ArrayLike | Mapping[str, ArrayLike] | Binned | Censored


def checked(
    mixture: Mixture,
    x: Any,
    sample_weight: ArrayLike | None,
    labels: ArrayLike | None = None,
) -> tuple[Mixture, Source]:
    """The model, for data of these columns, and where the data are."""
    mixture = as_mixture(mixture)
    if not isinstance(mixture, Mixture):
        raise TypeError(
            f"mixture must be a Mixture, got {mixture!r:.80}; write "
            "Mixture([component, component])"
        )
    mixture = mixture.with_columns(column_names(x))
    own = any(not is_exponential(c) and c.learns for _, c in leaves(mixture))
    stream: Stream | None = None
    if not isinstance(x, Binned | Censored):
        named = None if mixture.column_names is None else mixture._rows
        stream = stream_of(x, sample_weight, own or labels is not None, named)
    source: Source
    if stream is None:
        source = _checked_rows(mixture, x, sample_weight, labels)
        columns = () if isinstance(source.x, Intervals) else source.x.shape[1:]
    else:
        source = _checked_stream(mixture, stream, labels)
        columns = stream.survey.kept.shape[1:]
    if columns:
        mixture = mixture.with_dimension(columns[0])
    require_agreement(mixture)
    unknown = sum(c.n_free > 0 for c in mixture.components)
    if unknown > source.n:
        raise ValueError(
            "there must be at least as many observations as components to learn, got "
            f"{source.n} observations and {unknown} such components; use fewer "
            "components or more data"
        )
    return mixture, source


def _checked_stream(
    mixture: Mixture, stream: Stream, labels: ArrayLike | None
) -> Stream:
    """Blocks of rows, every one of which the model can learn from."""
    if labels is not None:
        raise ValueError(
            "labels must be left out where x comes in blocks; pass the data as "
            "one array"
        )
    stream.check(partial(_check_whole, mixture))
    stream.require_digits(stream.survey.eps)
    return stream


def _checked_rows(
    mixture: Mixture,
    x: Any,
    sample_weight: ArrayLike | None,
    labels: ArrayLike | None,
) -> Rows:
    """Rows in memory that the model can learn from."""
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
    z = None if labels is None else as_labels(labels, len(data), mixture)
    rows = compress(data, weight, z)
    rows.require_digits(eps_of(x))
    return rows


def as_labels(labels: ArrayLike, n: int, mixture: Mixture) -> NDArray[np.intp]:
    """Which component made each observation, shape (n,); -1 or masked is unknown."""
    masks = sys.modules.get("numpy.ma")  # without a look: to load it takes a while
    if masks and isinstance(labels, masks.MaskedArray):
        labels = np.where(masks.getmaskarray(labels), -1, masks.getdata(labels))
    values = as_numbers(labels, "labels")
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
        "code them so",
        name="labels",
    )
    idle = np.setdiff1d(np.arange(K), values)
    if len(idle) and not (values < 0).any() and mixture.parts[idle[0]].learns:
        raise ValueError(
            f"each component to learn must have an observation, got no label {idle[0]} "
            "and none that is unknown (-1); leave that component out"
        )
    return values.astype(np.intp)


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
    if not isinstance(filled, Mixture) or len(filled.components) != size:
        raise ValueError(
            f"{name} must be a Mixture of {size} components as mixture is, got "
            f"{filled!r:.120}"
        )
    pairs = zip(template.parts, filled.parts, strict=True)
    for k, (inner, part) in enumerate(pairs):
        if isinstance(inner, Mixture):
            _require_same_parts(inner, part, f"components[{k}] of {name}")


def _require_kept(template: Mixture, filled: Any, name: str, at: str = "") -> None:
    """Raise an error unless `filled` agrees with all that `template` gives."""
    given, seen = template.weights, filled.weights
    if given is not None and not np.allclose(given, seen, rtol=0, atol=1e-12):
        raise ValueError(
            f"{name} must keep the weights that mixture gives, {given}, got {seen}"
        )
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
