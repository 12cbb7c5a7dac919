"""Student's t on the line: a normal whose scale is itself drawn.

In space it is in student_rows.py. Given df, a place and a scale are learned by EM over
the latent scales, stretched (parameter expansion); df by a search along 1 / df, which
includes 0: the normal.
Source: Liu and Rubin (1995), ML estimation of the t distribution using EM and its
extensions, ECM and ECME; Kent, Tyler and Vardi (1994), for the stretched step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mixnotes.components.constraints import (
    POSITIVE,
    REAL,
    UP_TO_INFINITY,
    Scalar,
    parameter,
)
from mixnotes.families.search import LocationScale, Stepped
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.ascent import ascend, up_to_a_limit
from mixnotes.numeric.special import (
    LOG_2_PI,
    log_gamma_ratio_of,
    normal_cdf,
    normal_quantile,
    scipy_functions,
    squared,
)

Dimension = int | NDArray[np.intp]  # of all observations, or of each

GUESSES = np.array([0.02, 0.1, 0.3, 1.0])  # of 1 / df
_NEAR = np.array([1e-4, 3e-3])  # of 1 / df, to see whether the limit is a maximum
TRIAL = 10  # rounds at each guess
ROUNDS = 3  # of place and scale, then df, in a step
_TINY = 1e-14  # a scale in standard units that has collapsed
_NARROW = 1e-6  # one in which a first guess is passed over
_FAR = 30.0  # degrees of freedom beyond which the limit may be higher
_NONE = 1e-5  # degrees of freedom that are none
_HUGE = 1e140  # its square is finite


def _constant(df: float, d: int) -> float:
    """The log-density at the centre of d dimensions, at unit scale."""
    if df == math.inf:
        return -0.5 * d * LOG_2_PI
    return log_gamma_ratio_of(0.5 * df, 0.5 * d) - 0.5 * d * LOG_2_PI


def log_bell(square: Array, df: float, d: Dimension) -> Array:
    """log p at squared distances, of d dimensions at unit scale."""
    if isinstance(d, int):
        top: Any = _constant(df, d)
    else:
        most = int(d.max(initial=0))
        top = np.array([_constant(df, j) for j in range(most + 1)])[d]
    if df == math.inf:
        return top - 0.5 * square
    return top - 0.5 * (df + d) * np.log1p(square / df)


def latent(square: Array, df: float, d: Dimension) -> Array:
    """The expected latent precision of each observation, by which it counts: small far
    out.
    """
    return np.ones_like(square) if df == math.inf else (df + d) / (df + square)


def df_of(square: Array, share: Array, d: Dimension, start: float | None) -> float:
    """The df that fits squared distances best, infinity included."""

    def height(t: float) -> float:
        return float(share @ log_bell(square, 1 / t if t else math.inf, d))

    begin = None if start is None else 1 / start
    t = up_to_a_limit(height, begin, np.concatenate([_NEAR, GUESSES]))
    return 1 / t if t else math.inf


@dataclass(frozen=True, repr=False, eq=False)
class StudentT(LocationScale, Stepped):
    """StudentT(df, loc, scale) on the line: p(x) falls as |x|^-(df + 1) far out.

    In place of a normal where there are outliers: `StudentT(df=4)`. df = inf is the
    normal itself, and a fit that ends there says so. scale is not the standard
    deviation, which is scale sqrt(df / (df - 2)), and infinite for df <= 2.

    Source: Liu and Rubin (1995).

    Args:
        df: the degrees of freedom, above 0, infinity included, no unit; blank if left
            out.
        loc: the centre, in the unit of x; blank if left out.
        scale: how wide it is, above 0, in the unit of x; blank if left out.

    Examples:
        >>> import mixnotes as mx
        >>> light = mx.StudentT(df=4).fit(mx.datasets.newcomb()["deviation"])
        >>> print(f"{light.loc:.2f} {light.scale:.2f}")
        27.49 4.51
    """

    df: Scalar = parameter(UP_TO_INFINITY)  # degrees of freedom
    loc: Scalar = parameter(REAL)
    scale: Scalar = parameter(POSITIVE)

    support = "finite numbers"
    place, spread = "loc", "scale"

    @property
    def limit(self) -> str:
        """The normal, where df is infinite; and no distribution, where it is 0."""
        if isinstance(self.df, float) and self.df < _NONE:
            return "df = 0, where the tails have no end"
        return "df = inf, a normal" if self.df == math.inf else ""

    up_to_infinity = "df"

    def _finite(self, filled: Self) -> Array:
        """Degrees of freedom from nearly a normal to a Cauchy distribution."""
        return 1 / np.concatenate([_NEAR, GUESSES])

    def density(self, prepared: Any) -> Array:
        """log p at (x - loc) / scale, less log scale."""
        scale = self.given("scale")
        return self._bell((prepared - self.given("loc")) / scale) - math.log(scale)

    def _bell(self, z: Array) -> Array:
        """The same from standardised x; exact even where z^2 overflows."""
        df, size = self.given("df"), np.abs(z)
        if df == math.inf or not size.max(initial=0.0) > _HUGE:
            return log_bell(size * size, df, 1)
        far = _constant(df, 1) - 0.5 * (df + 1) * (
            2 * np.log(np.maximum(size, 1.0)) - math.log(df)
        )
        near = np.minimum(size, _HUGE)
        return np.where(size > _HUGE, far, log_bell(near * near, df, 1))

    def _standard(
        self, y: Array, share: Array, fixed: dict[str, float], start: Any
    ) -> dict[str, float]:
        if start is not None:
            return self._step(y, share, fixed, start)
        best: dict[str, float] = {}
        top = -math.inf
        for df in (fixed["df"],) if "df" in fixed else (math.inf, *(1 / GUESSES)):
            begin = {"loc": 0.0, "scale": 1.0} | fixed | {"df": df}
            found = self._rounds(y, share, fixed | {"df": df}, begin, TRIAL)
            if not found["scale"] > _NARROW and best:
                continue  # the likelihood is without bound there
            z = (y - found["loc"]) / found["scale"]
            height = share @ log_bell(z * z, df, 1) - math.log(found["scale"])
            if height > top:
                best, top = found, float(height)
        here = self._rounds(y, share, fixed, best, ROUNDS)
        return self._polished(y, share, fixed, here, 100)

    def _step(
        self, y: Array, share: Array, fixed: dict[str, float], start: dict[str, float]
    ) -> dict[str, float]:
        """One round of place and scale, then two Newton steps in everything; df is
        searched for where it is infinite or nearly so."""
        far = not start["df"] < _FAR
        known = fixed if far else fixed | {"df": start["df"]}
        here = self._rounds(y, share, known, start, 1)
        here = self._polished(y, share, fixed, here, 2)
        if not here["df"] < _FAR and not far:
            here = self._rounds(y, share, fixed, here, 1)
        return here

    def _polished(
        self,
        y: Array,
        share: Array,
        fixed: dict[str, float],
        here: dict[str, float],
        steps: int,
    ) -> dict[str, float]:
        """Newton steps in all blanks together, while df is finite: EM is slow where df
        and scale move together."""
        free = [name for name in here if name not in fixed]
        if here["df"] == math.inf or not here["scale"] > _TINY:
            return here

        def values(u: Array) -> dict[str, float]:
            found = dict(here)
            for name, step in zip(free, u.tolist(), strict=True):
                if name == "loc":
                    found[name] += here["scale"] * step
                else:
                    found[name] *= math.exp(min(max(step, -300.0), 300.0))
            return found

        def height(u: Array) -> float:
            at = values(u)
            z = (y - at["loc"]) / at["scale"]
            return float(share @ log_bell(z * z, at["df"], 1)) - math.log(at["scale"])

        return values(ascend(height, np.zeros(len(free)), steps).place)

    def _rounds(
        self,
        y: Array,
        share: Array,
        fixed: dict[str, float],
        start: dict[str, float],
        rounds: int,
    ) -> dict[str, float]:
        """Some rounds of place and scale, then df, each up from the last."""
        df, loc, scale = start["df"], start["loc"], start["scale"]
        for _ in range(rounds):
            square = ((y - loc) / scale) ** 2
            pull = share * latent(square, df, 1)
            loc = fixed.get("loc", float(pull @ y / pull.sum()))
            if "scale" not in fixed:
                scale = math.sqrt(float(pull @ (y - loc) ** 2 / pull.sum()))
            if not scale > _TINY:
                break  # the caller sees that it has collapsed
            if "df" not in fixed:
                df = df_of(((y - loc) / scale) ** 2, share, 1, df)
        return {"df": df, "loc": loc, "scale": scale} | fixed

    def _sample(self, n: int, rng: np.random.Generator) -> Array:
        df, loc, scale = self.given("df"), self.given("loc"), self.given("scale")
        if df == math.inf:
            return rng.normal(loc, scale, n)
        return loc + scale * rng.standard_t(df, n)

    def _narrowed(self, filled: Self, at: float, factor: float) -> dict[str, Any]:
        return {"loc": at, "scale": factor * filled.given("scale")}

    def moments(self) -> tuple[float, float]:
        """E[x] = loc for df > 1, and Var[x] = scale^2 df / (df - 2) for df > 2.

        nan where there is no mean, infinity where there is no variance.
        """
        df, square = self.given("df"), squared(self.given("scale"))
        mean = self.given("loc") if df > 1 else math.nan
        if df == math.inf:
            return mean, square
        return mean, square * df / (df - 2) if df > 2 else math.inf

    def _z(self, x: Array) -> Array:
        return (x - self.given("loc")) / self.given("scale")

    def _cdf(self, x: Array) -> Array:
        (stdtr,) = scipy_functions("special", "stdtr")

        z, df = self._z(x), self.given("df")
        return normal_cdf(z) if df == math.inf else stdtr(df, z)

    def _sf(self, x: Array) -> Array:
        (stdtr,) = scipy_functions("special", "stdtr")

        z, df = self._z(x), self.given("df")
        return normal_cdf(-z) if df == math.inf else stdtr(df, -z)

    def _quantile(self, q: Array) -> Array:
        (stdtrit,) = scipy_functions("special", "stdtrit")

        df = self.given("df")
        z = normal_quantile(q) if df == math.inf else stdtrit(df, q)
        return self.given("loc") + self.given("scale") * z
