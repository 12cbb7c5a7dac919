"""Special functions that the families need, in numpy alone: log gamma and its
derivatives, the Bessel function I0, the normal distribution function.

To 1e-12 relative, or absolute where the function crosses zero. What only distribution
functions need (incomplete gamma and beta) is scipy's, imported where it is called.
Source: Abramowitz and Stegun (1964), 6.1.40, 6.3.18, 6.4.11, 9.6.16, 9.7.1.
"""

from __future__ import annotations

import math
from importlib import import_module
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mixnotes.numeric.arrays import Array

_FAR = 10.0  # from here on the asymptotic series are exact to rounding
LOG_2_PI = math.log(2 * math.pi)
HALF_LOG_2_PI = 0.5 * LOG_2_PI
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)
_PSI = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12)
_PSI_1 = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6)


def squared(value: float) -> float:
    """x squared; infinite where a float cannot hold it."""
    value = float(value)
    return value * value


def _series(coefficients: tuple[float, ...], z: Array) -> Array:
    """c0 / z + c1 / z^3 + c2 / z^5 + ..."""
    square = (1 / z) ** 2
    total = coefficients[-1] * square
    for c in coefficients[-2:0:-1]:
        total += c
        total *= square
    return (total + coefficients[0]) / z


def _shifted(x: ArrayLike) -> tuple[Array, Array]:
    """For each x the sum x + m from which on the series holds, and x, x + 1, ..., x + m
    - 1 along a new first axis, with inf in places that are not used.
    """
    x = np.asarray(x, dtype=np.float64)
    if not x.min(initial=_FAR) < _FAR:
        return x, np.full((1, *x.shape), np.inf)
    count = np.ceil(np.maximum(_FAR - x, 0.0))
    steps = np.arange(_FAR).reshape(-1, *[1] * x.ndim)
    return x + count, np.where(steps < count, x + steps, np.inf)


def log_gamma(x: ArrayLike) -> Array:
    """log Gamma(x) for x > 0, elementwise."""
    z, passed = _shifted(x)
    value = (z - 0.5) * np.log(z) - z + HALF_LOG_2_PI + _series(_STIRLING, z)
    return value - np.log(np.where(passed < np.inf, passed, 1.0).prod(axis=0))


def log_gamma_ratio(x: ArrayLike, more: ArrayLike) -> Array:
    """log Gamma(x + more) - log Gamma(x) - more log x for x > 0 and more >= 0.

    It goes to 0 as x grows; the difference of two logarithms would lose that.
    """
    x, more = np.broadcast_arrays(np.asarray(x, float), np.asarray(more, float))
    far = x >= _FAR
    z = np.where(far, x, _FAR)
    tail = _series(_STIRLING, z + more) - _series(_STIRLING, z)
    value = (z + more - 0.5) * np.log1p(more / z) - more + tail
    if far.all():
        return value
    near = np.where(far, 1.0, x)
    plain = log_gamma(near + more) - log_gamma(near) - more * np.log(near)
    return np.where(far, value, plain)


def log_gamma_ratio_of(x: float, more: float) -> float:
    """`log_gamma_ratio` of two numbers, without the cost of arrays."""
    if x < _FAR:
        return math.lgamma(x + more) - math.lgamma(x) - more * math.log(x)
    tail = _stirling(x + more) - _stirling(x)
    return (x + more - 0.5) * math.log1p(more / x) - more + tail


def _stirling(z: float) -> float:
    """log Gamma(z) less the first terms of Stirling's series, for z >= 10."""
    square, total = 1 / (z * z), 0.0
    for c in reversed(_STIRLING):
        total = total * square + c
    return total / z


def log_less_digamma(x: ArrayLike) -> Array:
    """log x - digamma(x) for x > 0, which falls to 0 as 1 / (2 x) does."""
    z, passed = _shifted(x)
    value = 0.5 / z + _series(_PSI, z) / z + (1 / passed).sum(axis=0)
    return value + np.log(np.asarray(x, float) / z)


def digamma(x: ArrayLike) -> Array:
    """d/dx log Gamma(x) for x > 0."""
    return np.log(x) - log_less_digamma(x)


def trigamma(x: ArrayLike) -> Array:
    """d^2/dx^2 log Gamma(x) for x > 0."""
    z, passed = _shifted(x)
    value = 1 / z + 0.5 / (z * z) + _series(_PSI_1, z) / (z * z)
    return value + (1 / (passed * passed)).sum(axis=0)


# ------------------------------------------------------------------- on the circle

_ANGLES = (np.arange(256) + 0.5) * math.pi / 256
_VERSED = 2 * np.sin(_ANGLES / 2) ** 2  # 1 - cos
_SHARP = 500.0  # beyond it the asymptotic series is exact, and 256 angles are too few


def log_bessel_i0(k: ArrayLike) -> Array:
    """log I0(k) - k for k >= 0, the mean of exp(k (cos t - 1)) over the circle."""
    k = np.asarray(k, dtype=np.float64)
    near = np.exp(-np.minimum(k, _SHARP)[..., None] * _VERSED).mean(axis=-1)
    z = np.maximum(k, _SHARP)
    term, total = np.ones_like(z), np.ones_like(z)
    for j in range(1, 9):
        term = term * (2 * j - 1) ** 2 / (8 * j * z)
        total = total + term
    far = np.log(total) - 0.5 * np.log(2 * math.pi * z)
    return np.where(k <= _SHARP, np.log(near), far)


def versed_mean(k: ArrayLike) -> tuple[Array, Array]:
    """1 - I1(k) / I0(k), the mean of 1 - cos t under a von Mises of concentration k,
    and its derivative, minus the variance of cos t."""
    k = np.asarray(k, dtype=np.float64)
    weight = np.exp(-np.minimum(k, _SHARP)[..., None] * _VERSED)
    share = weight / weight.sum(axis=-1, keepdims=True)
    mean = share @ _VERSED
    slope = -(share * (_VERSED - mean[..., None]) ** 2).sum(axis=-1)
    z = 1 / np.maximum(k, _SHARP)
    far = z * (0.5 + z * (1 / 8 + z * (1 / 8 + z * (25 / 128 + z * 13 / 32))))
    down = -z * z * (0.5 + z * (2 / 8 + z * (3 / 8 + z * (100 / 128 + z * 65 / 32))))
    return np.where(k <= _SHARP, mean, far), np.where(k <= _SHARP, slope, down)


# ---------------------------------------------------------------------- the normal

_erfc = np.frompyfunc(math.erfc, 1, 1)
_inverse = np.frompyfunc(NormalDist().inv_cdf, 1, 1)


def normal_cdf(z: ArrayLike) -> Array:
    """P(Z <= z) of a standard normal; to rounding in the lower tail too."""
    return 0.5 * np.asarray(_erfc(-np.asarray(z, float) / math.sqrt(2)), float)


def log_normal_cdf(z: ArrayLike) -> Array:
    """log P(Z <= z) of a standard normal, also where the probability underflows."""
    z = np.asarray(z, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        below = normal_cdf(-np.abs(z))
        near = np.where(z > 0, np.log1p(-below), np.log(below))
        far = np.minimum(z, -30.0)
        s = 1 / (far * far)  # Mills' ratio, in powers of 1 / z^2
        mills = 1 - s * (1 - s * (3 - s * (15 - s * 105)))
        low = -0.5 * far * far - np.log(-far) - HALF_LOG_2_PI + np.log(mills)
    return np.where(z > -30, near, np.where(z == -np.inf, -np.inf, low))


def normal_quantile(q: ArrayLike) -> Array:
    """The z with P(Z <= z) = q, for q from 0 to 1."""
    q = np.asarray(q, dtype=np.float64)
    inner = np.where((q > 0) & (q < 1), q, 0.5)
    z = np.asarray(_inverse(inner), dtype=np.float64)
    return np.where(q <= 0, -np.inf, np.where(q >= 1, np.inf, z))


def scipy_functions(module: str, *names: str) -> Any:
    """Functions of scipy, imported where they are needed; an error that says so where
    it is not installed."""
    try:
        found = import_module(f"scipy.{module}")
    except ImportError:
        raise ImportError(
            f"this needs scipy.{module}.{names[0]}, and scipy is not installed; "
            "python -m pip install scipy"
        ) from None
    return tuple(getattr(found, name) for name in names)


def log_sum_exp(a: Array) -> Array:
    """log sum_k exp(a[k]), shape (n,); -inf where a whole column is -inf."""
    top = a.max(axis=0)
    if not np.isfinite(top).all():
        top = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        total: Array = top + np.log(np.exp(a - top).sum(axis=0))
    return total
