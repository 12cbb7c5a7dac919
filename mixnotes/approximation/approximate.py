"""A density and a tolerance: the Gaussian mixture within it, and its error.

The universal approximation theorem as a function. Chapter 9 says in which sense it
holds; `mixnotes.approximation` has the parts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from mixnotes.approximation.distance import NORMS
from mixnotes.approximation.gaussians import Gaussians
from mixnotes.approximation.line import Line
from mixnotes.approximation.panels import as_target
from mixnotes.approximation.plane import Plane, is_plane
from mixnotes.approximation.search import Search
from mixnotes.approximation.space import Space
from mixnotes.components.mixture import Mixture
from mixnotes.data.check import Rng, as_count, as_rng
from mixnotes.families.gaussian_mixture import gaussian_mixture
from mixnotes.fitting.em import em
from mixnotes.fitting.fit import Fit
from mixnotes.fitting.progress import bar_of
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.threads import one_blas_thread

Norm = Literal["L1", "hellinger", "KL", "sup"]


class Priced(NamedTuple):
    """The best mixture that was found with K components, and its error."""

    K: int
    error: float
    mixture: Mixture


class Learned(NamedTuple):
    """What `em` learned from draws of a density: the mixture, its error, and the whole
    fit.
    """

    mixture: Mixture
    error: float
    fit: Fit


@dataclass(frozen=True, repr=False)
class Approximation:
    """What `approximate` found.

    Examples:
        >>> import mixnotes as mx
        >>> a = mx.approximate(lambda x: 1 - abs(x), components=2, support=(-1, 1))
        >>> print(f"{a.error:.3f} {a.kind}")
        0.060 measured
    """

    mixture: Mixture
    """The Gaussian mixture."""
    error: float
    """Its distance from the density in `norm`."""
    kind: Literal["certified", "measured"]
    """How far to trust the error: "certified" is a proved bound, "measured" is
    quadrature on nodes that the fit never saw."""
    measured: float
    """The measured distance in either case."""
    norm: Norm
    """In which norm: "L1", "hellinger", "KL" or "sup"."""
    reached: bool
    """True where the error is within the tolerance, or none was asked for."""
    reason: str
    """A sentence on that."""
    path: tuple[Priced, ...]
    """For each K on the way, (K, error, mixture): the best that was found, its error as
    measured."""
    notes: tuple[str, ...]
    """What was done to the density, and what no mixture can do."""
    _space: Space = field(compare=False)

    def density(self, x: ArrayLike) -> Array:
        """The density that was approximated, normalised, shape (n,).

        Args:
            x: places, shape (n,), or rows (n, 2) in the plane.

        Examples:
            >>> import mixnotes as mx
            >>> a = mx.approximate(lambda x: 1 - abs(x), components=2, support=(-1, 1))
            >>> a.density([0.0, 0.5]).round(3)
            array([1. , 0.5])
        """
        values: Array = self._space.density(np.asarray(x, dtype=np.float64))
        return values

    @property
    def dimension(self) -> int:
        """1 on the line, 2 in the plane."""
        return self._space.d

    @property
    def interval(self) -> Any:
        """Where to look, in the unit of x: the interval (low, high) that leaves out a
        thousandth of the density on either side; in the plane a pair of intervals.
        """
        return self._space.interval()

    def draw(self, n: int, rng: Rng) -> Array:
        """n independent draws from the density itself, not from the mixture.

        Args:
            n: how many, 1 or more.
            rng: a seed or a numpy Generator.

        Examples:
            >>> import mixnotes as mx
            >>> a = mx.approximate(lambda x: 1 - abs(x), components=2, support=(-1, 1))
            >>> a.draw(5, rng=0).shape
            (5,)
        """
        drawn: Array = self._space.draw(as_count(n, "n", 1), as_rng(rng))
        return drawn

    def distance(self, mixture: Mixture) -> float:
        """The measured distance of another mixture from the density, in `norm`.

        Args:
            mixture: a mixture of normals in the dimension of the density.

        Examples:
            >>> import mixnotes as mx
            >>> a = mx.approximate(lambda x: 1 - abs(x), components=2, support=(-1, 1))
            >>> print(f"{a.distance(mx.Mixture([mx.Normal(0, 0.4)])):.3f}")
            0.116
        """
        normals = Gaussians.of(mixture)
        if normals.d != self._space.d:
            raise ValueError(
                f"the mixture must be in {self._space.d} dimension(s) as the density "
                f"is, got one in {normals.d}"
            )
        return self._space.measure(normals, self.norm)

    def learn(self, n: int, rng: Rng = 0, **options: Any) -> Learned:
        """What EM learns of the density from n draws, with as many components as the
        mixture.

        Args:
            n: how many draws.
            rng: a seed or a numpy Generator.
            **options: options of `em`, such as starts.

        Returns:
            The learned mixture, its error, and the whole fit.

        Examples:
            >>> import mixnotes as mx
            >>> a = mx.approximate(lambda x: 1 - abs(x), components=2, support=(-1, 1))
            >>> a.learn(200, rng=0, starts=1).error > a.error
            True
        """
        generator = as_rng(rng)
        x = self.draw(n, generator)
        model = gaussian_mixture(
            len(self.mixture.components), "V" if self._space.d == 1 else "full"
        )
        fit = em(model, x, rng=generator, **options)
        return Learned(fit.mixture, self.distance(fit.mixture), fit)

    def __repr__(self) -> str:
        K = len(self.mixture.components)
        return (
            f"K = {K}, {self.norm} error {self.error:.3g} ({self.kind}), {self.reason}"
        )


def approximate(
    density: Any,
    tolerance: float | None = None,
    components: int | None = None,
    *,
    norm: Norm = "L1",
    support: Any = None,
    cdf: Callable[..., Any] | None = None,
    variation: float | None = None,
    curvature: float | None = None,
    progress: bool = False,
) -> Approximation:
    """The Gaussian mixture within `tolerance` of a density, with few components.

    The mixture grows from one component: each step adds some where it is below the
    density, and least squares lowers the distance. What comes out is a mixture with
    this error, not a proof that fewer components would not do.

    Where a density is handed over as a function alone, a scan of the line looks for the
    places where it is not 0. A narrow mode far out may escape it: give the support or
    the cdf then. If the density should integrate to 1, `notes` says what was missed.

    Args:
        density: a function of x, of arrays or of single numbers; a distribution of
            scipy.stats; a filled mixture; or a pair (x, values), with straight lines
            between the points. It need not be normalised. In the plane a function of
            rows, shape (n, 2), with a support.
        tolerance: the largest error allowed, 1e-12 or more, in the unit of `norm`.
        components: with a tolerance the largest number of components, else exactly how
            many; if left out 100 at most, and 40 in the plane.
        norm: "L1", twice the total variation distance, from 0 to 2; "hellinger", from 0
            to 1; "KL", the integral of f log(f / g) for the density f and the mixture
            g, in nats; or "sup", in units of the density.
        support: (low, high), the interval outside which the function is 0; in the plane
            ((low, high), (low, high)).
        cdf: the distribution function, if it is known.
        variation: a bound on the integral of |f'|, to which a jump adds its height.
            With a cdf it makes an L1 error certified.
        curvature: a bound on the integral of |f''|; does the same for densities without
            jumps.
        progress: True to show a bar, which needs tqdm.

    Returns:
        The mixture, its error and how far to trust it.

    Examples:
        >>> import mixnotes as mx
        >>> a = mx.approximate(lambda x: 1 - abs(x), tolerance=0.05, support=(-1, 1))
        >>> a.reached, len(a.mixture.components)
        (True, 3)
    """
    if norm not in NORMS:
        raise ValueError(f"norm must be one of {', '.join(NORMS)}, got {norm!r}")
    _require_wish(tolerance, components)
    space = _space_of(density, support, cdf, variation, curvature)
    notes = space.notes + space.limits(norm, tolerance)
    most = components or space.most
    search = Search(space, norm, tolerance, most)
    # The matrices are small: threads of BLAS would only wait for each other.
    with _bar(progress, most) as show, one_blas_thread():
        best = search.run(show)
    error, kind, measured = _judged(space, best, norm, tolerance)
    reached, reason = _verdict(error, best.K, tolerance, search.why)
    path = sorted(search.path.items())
    return Approximation(
        best.mixture(),
        error,
        kind,
        measured,
        norm,
        reached,
        reason,
        tuple(Priced(K, found, normals.mixture()) for K, (found, normals) in path),
        notes,
        space,
    )


def _space_of(
    density: Any, support: Any, cdf: Any, variation: Any, curvature: Any
) -> Space:
    if not is_plane(support):
        return Line(as_target(density, support, cdf, variation, curvature))
    if cdf is not None or variation is not None or curvature is not None:
        raise ValueError(
            "cdf, variation and curvature must be left out in two dimensions: "
            "the error is measured there"
        )
    return Plane(density, support)


def _require_wish(tolerance: float | None, components: int | None) -> None:
    if tolerance is None and components is None:
        raise ValueError(
            "approximate must be told how near or how large: give tolerance=1e-3, "
            "components=10, or both"
        )
    if tolerance is not None and not (
        isinstance(tolerance, int | float | np.number)
        and not isinstance(tolerance, bool)
        and 1e-12 <= tolerance < math.inf
    ):
        raise ValueError(
            f"tolerance must be a number from 1e-12 up, got {tolerance!r}; no mixture "
            "has an error of 0 but for a density that is one; 1e-3 is a good start"
        )
    if components is not None:
        as_count(components, "components", 1)


def _judged(
    space: Space, best: Gaussians, norm: str, tolerance: float | None
) -> tuple[float, Literal["certified", "measured"], float]:
    """The error, its kind, and the error as measured.

    A proved bound is reported where it is nearly as small as what was measured: where
    it keeps the tolerance, or is within a tenth of the measured error.
    """
    measured = space.measure(best, norm)
    if space.can_certify(norm):
        limit = tolerance if tolerance and measured <= tolerance else 1.1 * measured
        for sharp in (0.03 * limit, 0.85 * (limit - measured)):  # the rest: tails
            bound = space.certify(best, max(sharp, 1e-9))
            if bound is not None:
                break
        if bound is not None and bound <= limit:
            return bound, "certified", measured
    return measured, "measured", measured


def _verdict(
    error: float, K: int, tolerance: float | None, why: str
) -> tuple[bool, str]:
    if tolerance is None:
        return True, f"the best found with {K} normal{'s' if K > 1 else ''}"
    if error <= tolerance:
        return True, f"within the tolerance {tolerance:g}"
    return False, (
        f"not within the tolerance {tolerance:g}: {why}; the error found is {error:.3g}"
    )


@contextmanager
def _bar(progress: bool, most: int) -> Iterator[Callable[[int, float], None]]:
    """A function to call with each K and its error: it does nothing, or moves a bar."""
    if not progress:
        yield lambda K, error: None
        return
    with bar_of(most, "component") as bar:

        def show(K: int, error: float) -> None:
            bar.n = K
            bar.set_postfix_str(f"K = {K}, error {error:.3g}")
            bar.update(0)

        yield show
