"""The joint conjugate prior of the mean and the covariance of a normal."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from mixnotes.data.check import as_count, as_data
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.special import LOG_2_PI


@dataclass(frozen=True, eq=False, repr=False)
class NormalInverseWishart:
    """What is believed of the mean and the covariance of a normal together, in one
    dimension or several.

    cov is inverse Wishart with `df` degrees of freedom and the scale matrix `scale`;
    given cov, mean is normal about `mean` with covariance cov / shrinkage. In one
    dimension cov is the variance, and the prior an inverse gamma with shape df / 2 and
    scale `scale` / 2. The density is one of the covariance, not of the sd.

    It keeps a component from shrinking onto a point. `default` is mclust's, `penalty`
    says nothing of the mean and as little of the covariance as it takes.

    Source: Fraley and Raftery (2007), Bayesian regularization for normal mixture
    estimation and model-based clustering.

    Args:
        mean: where the means are believed to be, in the unit of the data, a number or a
            vector (d,).
        shrinkage: how many observations at `mean` that belief is worth; 0 says nothing
            of the mean.
        df: the degrees of freedom, above -d - 1. Where it is not above d - 1 this is no
            distribution but a penalty, least at the covariance scale / (df + d + 1).
        scale: the scale of the covariance, in squares of the unit of the data, a number
            above 0 or a positive definite matrix (d, d).

    Examples:
        >>> import mixnotes as mx
        >>> x = mx.datasets.galaxies_corrected()["velocity"]
        >>> prior = mx.NormalInverseWishart.default(x, 3)
        >>> fit = mx.em(mx.Mixture(3 * [mx.Normal(prior=prior)]), x)
        >>> fit.mixture.weights.round(3)
        array([0.085, 0.878, 0.037])
    """

    mean: Any
    shrinkage: float
    df: float
    scale: Any

    def __post_init__(self) -> None:
        mean = np.array(as_data(np.atleast_1d(self.mean)), dtype=np.float64)
        scale = np.array(self.scale, dtype=np.float64)
        scale = scale.reshape(1, 1) if scale.ndim == 0 else scale
        d = len(mean)
        if scale.shape != (d, d):
            raise ValueError(
                "NormalInverseWishart: scale must be a matrix of as many rows and "
                f"columns as mean has numbers, {d}, got shape {scale.shape}"
            )
        proper = np.isfinite(scale).all() and (np.linalg.eigvalsh(scale) > 0).all()
        if not proper:
            raise ValueError(
                "NormalInverseWishart: scale must be positive definite, got "
                f"{scale.tolist()!r:.120}"
            )
        for name, least in (("shrinkage", 0.0), ("df", -(d + 1.0))):
            value = getattr(self, name)
            number = isinstance(value, int | float | np.number)
            at_least = name == "shrinkage" and value == 0
            if not number or not (least < value < math.inf or at_least):
                words = "not below 0" if name == "shrinkage" else f"above {least:g}"
                raise ValueError(
                    f"NormalInverseWishart: {name} must be a number {words}, got "
                    f"{value!r:.80}"
                )
            object.__setattr__(self, name, float(value))
        for name, array in (("mean", mean), ("scale", scale)):
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @classmethod
    def default(cls, x: ArrayLike, K: int) -> Self:
        """mclust's default for K components: it takes the place and the spread of all
        data.

        Args:
            x: the observations, shape (n,), or rows (n, d), without gaps.
            K: how many components the mixture has.

        Examples:
            >>> import mixnotes as mx
            >>> mx.NormalInverseWishart.default([1.0, 2.0, 3.0], 2)
            NormalInverseWishart(mean=2, shrinkage=0.01, df=3, scale=0.25)
        """
        data = as_data(x)
        rows = data.reshape(len(data), -1)
        d = rows.shape[1]
        cov = np.cov(rows, rowvar=False, ddof=1).reshape(d, d)
        scale = cov / as_count(K, "K", 1) ** (2 / d)
        return cls(rows.mean(axis=0), 0.01, d + 2, scale)

    @classmethod
    def penalty(cls, x: ArrayLike, strength: float | None = None) -> Self:
        """What takes strength x (tr(S cov^-1) + log det(cov) - log det(S)) off the
        log-likelihood, S the covariance of all data.

        Source: Ciuperca, Ridolfi and Idier (2003); Chen, Tan and Zhang (2008).

        Args:
            x: the observations, shape (n,), or rows (n, d), without gaps.
            strength: how strong it is, above 0; 1 / sqrt(n) if left out, with which
                the fit is consistent.

        Examples:
            >>> import mixnotes as mx
            >>> x = mx.datasets.galaxies_corrected()["velocity"]
            >>> one = mx.Normal(prior=mx.NormalInverseWishart.penalty(x))
            >>> mx.em(mx.Mixture(3 * [one]), x).mixture.weights.round(3)
            array([0.085, 0.878, 0.037])
        """
        data = as_data(x)
        rows = data.reshape(len(data), -1)
        d = rows.shape[1]
        a = 1 / math.sqrt(len(rows)) if strength is None else strength
        cov = np.cov(rows, rowvar=False, ddof=0).reshape(d, d)
        return cls(rows.mean(axis=0), 0.0, 2 * a - d - 1, 2 * a * cov)

    @property
    def d(self) -> int:
        """How many dimensions there are."""
        return len(self.mean)

    @property
    def counts(self) -> float:
        """How many observations the belief about a covariance adds to its divisor."""
        return self.df + self.d + 1 + (self.shrinkage > 0)

    def log_prob(self, mean: ArrayLike, cov: ArrayLike) -> float:
        """The logarithm of the density at a mean, (d,), and a covariance, (d, d).

        Args:
            mean: a mean, a number or shape (d,).
            cov: a covariance, a variance or shape (d, d).

        Examples:
            >>> import mixnotes as mx
            >>> prior = mx.NormalInverseWishart(0.0, 1.0, 3, 2.0)
            >>> round(prior.log_prob(0.0, 1.0), 3)
            -1.798
        """
        place = np.asarray(mean, dtype=np.float64).reshape(self.d)
        matrix = np.asarray(cov, dtype=np.float64).reshape(self.d, self.d)
        aside, d = place - self.mean, self.d
        log_det = float(np.linalg.slogdet(matrix)[1])
        inner = self.scale + self.shrinkage * np.outer(aside, aside)
        trace = float(np.trace(np.linalg.solve(matrix, inner)))
        power = self.df + d + 1
        found = self._constant() - 0.5 * (power * log_det + trace)
        if self.shrinkage:
            found += 0.5 * (d * (math.log(self.shrinkage) - LOG_2_PI) - log_det)
        return found

    def log_prob_along(self, mean: Array, variance: Array) -> float:
        """The same of uncorrelated columns, each by itself, at the variances (d,)."""
        total = 0.0
        for j in range(self.d):
            one = NormalInverseWishart(
                self.mean[j], self.shrinkage, self.df, self.scale[j, j]
            )
            total += one.log_prob(mean[j], variance[j])
        return total

    def _constant(self) -> float:
        """That of the inverse Wishart."""
        d, df = self.d, self.df
        if not df > d - 1:  # no distribution
            power = df + d + 1
            return 0.5 * power * float(np.linalg.slogdet(self.scale / power)[1])
        gammas = sum(math.lgamma(0.5 * (df - j)) for j in range(d))
        log_det = float(np.linalg.slogdet(self.scale)[1])
        return (
            0.5 * df * log_det
            - 0.5 * df * d * math.log(2)
            - 0.25 * d * (d - 1) * math.log(math.pi)
            - gammas
        )

    def _state(self) -> dict[str, Any]:
        return {
            "mean": self.mean.tolist(),
            "shrinkage": self.shrinkage,
            "df": self.df,
            "scale": self.scale.tolist(),
        }

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, NormalInverseWishart):
            return NotImplemented
        return self._state() == other._state()

    def __hash__(self) -> int:
        return hash(repr(self._state()))

    def __repr__(self) -> str:
        mean: Any = self.mean.tolist()
        scale: Any = self.scale.tolist()
        if self.d == 1:
            mean, scale = mean[0], scale[0][0]
        return (
            f"NormalInverseWishart(mean={_shown(mean)}, shrinkage="
            f"{self.shrinkage:.6g}, df={self.df:.6g}, scale={_shown(scale)})"
        )


def _shown(value: Any) -> str:
    """Numbers to six digits."""
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    return f"{value:.6g}"


def checked_joint(component: Any, prior: Any, d: int | None) -> None:
    """Raise an error unless this is a joint prior for d dimensions, of parameters that
    nothing else is said of."""
    name = type(component).__name__
    if not isinstance(prior, NormalInverseWishart):
        raise TypeError(
            f"{name}: prior must be a NormalInverseWishart, got {prior!r:.80}; a "
            "belief about one parameter stands in its place"
        )
    if d is not None and prior.d != d:
        raise ValueError(
            f"{name}: prior must be of dimension {d}, got one of dimension {prior.d}"
        )
    values = [getattr(component, n) for n in component.constraints()]
    if any(hasattr(v, "log_prob") for v in values) or component.shares:
        raise ValueError(
            f"{name}: prior is of mean and spread together, so neither can be shared "
            f"or have a belief of its own, got {values!r:.120}; leave out one of them"
        )


class WithJoint:
    """What a family has that takes such a `prior`."""

    prior: NormalInverseWishart | None

    @property
    def told(self) -> dict[str, Any]:
        """What is known of blanks."""
        own: Any = super()
        told: dict[str, Any] = own.told
        joint = self.prior is not None and own.blanks
        return told | {"prior": self.prior} if joint else told

    def log_prior(self, filled: Self) -> float:
        """The log-density of all that is believed of blanks."""
        whole: Any = super()
        there: Any = filled
        own, joint = 0.0, self.told.get("prior")
        if joint is not None:
            mean, cov = there.moments()
            if getattr(self, "model", "VVV") == "VVI":
                own = joint.log_prob_along(mean, np.diagonal(cov))
            else:
                own = joint.log_prob(mean, cov)
        return float(own + whole.log_prior(filled))

    def filled(self, values: dict[str, Any]) -> Self:
        """The same component with these parameters set; without blanks nothing is
        believed of them.
        """
        own: Any = super()
        found: Self = own.filled(values)
        return found if getattr(found, "blanks", ()) else found._without_joint()

    def blank(self, *names: str) -> Self:
        """The same component with these parameters blank, to be learned anew; where it
        is all of them, nothing is believed of them any more.

        Args:
            *names: names of parameters; all of them if none is named.
        """
        own: Any = super()
        found: Self = own.blank(*names)
        return found if names else found._without_joint()

    def _without_joint(self) -> Self:
        self.__dict__["prior"] = None
        return self
