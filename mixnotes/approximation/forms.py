"""A density in any form in which it can be given: a function, a distribution, a
mixture, a grid.

Each becomes a `Form`: functions of arrays and what is known of them, not yet checked.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mixnotes.approximation.gaussians import CURVATURE, VARIATION, Gaussians
from mixnotes.approximation.target import Function
from mixnotes.components.component import Component
from mixnotes.components.mixture import Mixture
from mixnotes.data.check import as_numbers
from mixnotes.families.circular import VonMises
from mixnotes.families.normal import Normal
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.special import versed_mean

# Where a standard member has its one peak, by its shapes; nan where it has none that
# is finite. The total variation of a density with one peak is twice its height.
_PEAKS: dict[str, Callable[..., float]] = {
    "beta": lambda a, b: (a - 1) / (a + b - 2) if min(a, b) > 1 else math.nan,
    "cauchy": lambda: 0.0,
    "expon": lambda: 0.0,
    "gamma": lambda a: a - 1 if a >= 1 else math.nan,
    "gumbel_l": lambda: 0.0,
    "gumbel_r": lambda: 0.0,
    "halfnorm": lambda: 0.0,
    "invgamma": lambda a: 1 / (a + 1),
    "laplace": lambda: 0.0,
    "logistic": lambda: 0.0,
    "lognorm": lambda s: math.exp(-(s**2)),
    "maxwell": lambda: math.sqrt(2),
    "norm": lambda: 0.0,
    "rayleigh": lambda: 1.0,
    "t": lambda df: 0.0,
    "triang": lambda c: c,
    "uniform": lambda: 0.5,
    "weibull_min": lambda c: (1 - 1 / c) ** (1 / c) if c >= 1 else math.nan,
}


class CdfError(ValueError):
    """A distribution function that does not belong to the density."""


@dataclass
class Form:
    """A density as it was given. `proper` says that it is known to integrate to 1."""

    pdf: Function
    support: tuple[float, float] = (-math.inf, math.inf)
    cdf: Function | None = None
    variation: float | None = None
    curvature: float | None = None
    edges: Array = field(default_factory=lambda: np.empty(0))
    proper: bool = False
    notes: tuple[str, ...] = ()


def form_of(density: Any) -> Form:
    """What `approximate` was handed; see there for the forms."""
    if isinstance(density, Component):
        return _of_component(density)
    owner = getattr(density, "__self__", None)
    if getattr(density, "__name__", "") == "pdf" and hasattr(owner, "cdf"):
        density = owner  # scipy.stats.norm.pdf stands for scipy.stats.norm
    if isinstance(density, tuple | list):
        return _of_grid(density)
    if hasattr(density, "pmf") and not hasattr(density, "pdf"):
        raise ValueError(
            "the density must be one on the line, got a discrete distribution; its "
            "probabilities are no density"
        )
    if hasattr(density, "pdf") and hasattr(density, "cdf"):
        return _of_distribution(density)
    if callable(density):
        return Form(vectorised(density, "density"))
    raise TypeError(
        "density must be a function of x, a distribution with pdf and cdf, a mixture, "
        f"or a pair (x, values), got {density!r:.80}"
    )


def as_support(support: Any) -> tuple[float, float]:
    """Two numbers in order."""
    try:
        low, high = (float(end) for end in support)
    except (TypeError, ValueError):
        raise ValueError(
            "support must be a pair (low, high) of numbers, infinite ones included, "
            f"got {support!r:.80}"
        ) from None
    if math.isnan(low) or math.isnan(high) or not low < high:
        raise ValueError(f"support must have low below high, got {(low, high)}")
    return low, high


def vectorised(function: Any, name: str) -> Function:
    """The function on arrays of shape (n,), whether it takes them itself or not."""
    if not callable(function):
        raise TypeError(f"{name} must be a function of x, got {function!r:.80}")
    slow = np.vectorize(function, otypes=[np.float64])
    takes: list[bool] = []

    def called(x: Array) -> Array:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about places where nobody would look
            if not takes:
                takes.append(_takes_arrays(function))
            values = function(x) if takes[0] else slow(x)
        values = np.asarray(values)
        if values.dtype.kind not in "biuf":
            raise TypeError(
                f"{name} must give real numbers, got {values.dtype.name} data; take "
                "the real part, or the absolute value"
            )
        values = values.astype(np.float64, copy=False)
        if values.shape != x.shape:
            raise ValueError(
                f"{name} must give one number for each x, shape {x.shape}, got shape "
                f"{values.shape}"
            )
        return values

    return called


def _takes_arrays(function: Callable[..., Any]) -> bool:
    try:
        values = np.asarray(function(np.array([0.25, 0.5, 0.75])))
    except Exception:  # whatever a reader's scalar function raises on an array
        return False
    return values.shape == (3,)


def _of_distribution(dist: Any) -> Form:
    """One of scipy.stats, frozen or of the new kind, or any that looks like it."""
    if getattr(dist, "numargs", 0):
        raise ValueError(
            f"the distribution must have its parameters, got {dist.name!r} without "
            f"{dist.shapes}; write scipy.stats.{dist.name}({dist.shapes})"
        )
    low, high = dist.support() if hasattr(dist, "support") else (-math.inf, math.inf)
    if np.ndim(low) or np.ndim(high):
        raise ValueError(
            "the distribution must be one, with numbers as parameters, got an array "
            f"of shape {np.shape(low)}"
        )
    frozen = dist() if hasattr(dist, "freeze") else dist
    form = Form(
        vectorised(frozen.pdf, "density"),
        (float(low), float(high)),
        vectorised(frozen.cdf, "cdf"),
        _variation_of(frozen),
        proper=True,
    )
    if getattr(getattr(frozen, "dist", None), "name", "") == "vonmises":
        _, loc, scale = frozen.dist._parse_args(*frozen.args, **frozen.kwds)
        _take_a_turn(form, float(loc), 2 * math.pi * float(scale))
    return form


def _take_a_turn(form: Form, centre: float, period: float) -> None:
    """Let a density of angles, which has no end, be 0 beyond the turn about a
    centre."""
    form.support = centre - 0.5 * period, centre + 0.5 * period
    form.notes = (
        f"the density repeats itself every {period:.6g}; it was taken on one turn, "
        f"from {form.support[0]:.6g} to {form.support[1]:.6g}",
    )


def _variation_of(frozen: Any) -> float | None:
    """The total variation of a density of scipy.stats with one peak, if it is known."""
    family = getattr(frozen, "dist", None)
    peak = _PEAKS.get(getattr(family, "name", ""))
    if (
        family is None
        or peak is None
        or not type(family).__module__.startswith("scipy.stats")
    ):
        return None
    shapes = [name.strip() for name in (family.shapes or "").split(",") if name]
    given = dict(zip([*shapes, "loc", "scale"], frozen.args, strict=False))
    given |= frozen.kwds
    x = peak(*(given[name] for name in shapes))
    height = float(frozen.pdf(given.get("loc", 0) + given.get("scale", 1) * x))
    return 2 * height * (1 + 1e-9) if math.isfinite(height) else None


def _of_component(component: Any) -> Form:
    blanks = component.blanks
    if blanks:
        raise ValueError(
            f"the mixture must be filled to be a density, got it with {blanks[0]} "
            "blank; fit it, or give the value"
        )
    form = Form(lambda x: np.exp(component.log_prob(x)), proper=True)
    mixture = component if isinstance(component, Mixture) else Mixture([component], [1])
    if all(isinstance(part, VonMises) for part in mixture.components):
        _take_a_turn(form, _direction(mixture), 2 * math.pi)
    elif all(isinstance(part, Normal) for part in mixture.components):
        normals = Gaussians.of(mixture)
        p, m, s = normals.weights, normals.means, normals.sds
        form.cdf = normals.cdf
        form.variation = float(p @ (VARIATION / s))
        form.curvature = float(p @ (CURVATURE / s**2))
        form.edges = (m + s[:, None] * np.array([-8, -3, 0, 3, 8])).ravel()
    return form


def _direction(mixture: Mixture) -> float:
    """The mean direction of von Mises distributions; 0 where there is none."""
    means = np.array([part.value_of("mean") for part in mixture.parts])
    k = np.array([part.value_of("concentration") for part in mixture.parts])
    length = (1 - versed_mean(k)[0]) * np.asarray(mixture.weights)
    along, across = float(length @ np.cos(means)), float(length @ np.sin(means))
    return math.atan2(across, along) if math.hypot(across, along) > 1e-9 else 0.0


def _of_grid(pair: Sequence[Any]) -> Form:
    """Straight lines between the points: its integral and variation are exact."""
    x, f = _as_grid(pair)
    pieces = np.diff(x) * (f[1:] + f[:-1]) / 2
    total = float(pieces.sum())
    if not total > 0:
        raise ValueError("the density must be above 0 somewhere, got zeros alone")
    below = np.append(0.0, np.cumsum(pieces)) / total

    def cdf(at: Array) -> Array:
        at = np.clip(at, x[0], x[-1])
        i = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)
        part = at - x[i]
        slope = (f[i + 1] - f[i]) / (x[i + 1] - x[i])
        return below[i] + part * (f[i] + 0.5 * slope * part) / total

    return Form(
        lambda at: np.interp(at, x, f, left=0.0, right=0.0),
        (float(x[0]), float(x[-1])),
        cdf,
        float(np.abs(np.diff(f)).sum() + f[0] + f[-1]),
        edges=x,
    )


def _as_grid(pair: Sequence[Any]) -> tuple[Array, Array]:
    if len(pair) != 2:
        raise ValueError(
            f"a density on a grid must be a pair (x, values), got {len(pair)} entries"
        )
    x, f = as_numbers(pair[0], "x"), as_numbers(pair[1], "values")
    if x.ndim != 1 or x.shape != f.shape or len(x) < 2:
        raise ValueError(
            "x and values must be of one shape (n,) with at least 2 points, got "
            f"{x.shape} and {f.shape}"
        )
    if not np.isfinite(x).all() or not (np.diff(x) > 0).all():
        raise ValueError(
            f"x must be finite and increase strictly, got {x[:4]}...; sort the "
            "points, and keep one of each"
        )
    for ok, what in ((np.isfinite(f), "finite"), (f >= 0, "not negative")):
        if not ok.all():
            i = int(np.argmin(ok))
            raise ValueError(
                f"the density must be {what}, got {f[i]:g} at x = {x[i]:g}"
            )
    return x, f
