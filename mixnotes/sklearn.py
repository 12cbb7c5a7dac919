"""`MixtureModel`, a scikit-learn estimator: the only module that imports sklearn.

For who has a pipeline, a grid search or a `GaussianMixture`, and changes an import.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixnotes.components.component import Component
from mixnotes.components.mixture import Mixture
from mixnotes.data.check import CollapseError, as_numbers, as_sample_weight
from mixnotes.data.sources import Rows, eps_of
from mixnotes.families.multivariate import MultivariateNormal
from mixnotes.fitting.em import em, in_order
from mixnotes.fitting.engine import Engine
from mixnotes.fitting.fit import Fit
from mixnotes.fitting.floor import Floor
from mixnotes.fitting.inputs import checked
from mixnotes.fitting.run import RunResult, Step
from mixnotes.fitting.starts import from_shares
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.ties import ties_with

try:
    from sklearn.base import BaseEstimator, DensityMixin
    from sklearn.cluster import KMeans, kmeans_plusplus
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.utils import check_random_state, check_scalar
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise ImportError(
        "mixnotes.sklearn needs scikit-learn 1.6 or newer; "
        "python -m pip install 'scikit-learn>=1.6'"
    ) from error

_KINDS = {
    "full": "full",
    "tied": "tied",
    "diag": "diagonal",
    "spherical": "spherical",
}
_STARTS = ("kmeans", "k-means++", "random", "random_from_data")
_NORMALS_ONLY = ("covariance_type", "reg_covar", "means_init", "precisions_init")
_SOFT = 0.3  # the part of each row that is shared by all, where a group is too small
_ROUNDING = 1e-12  # of the largest variance: below it a matrix has no inverse


class MixtureModel(DensityMixin, BaseEstimator):  # type: ignore[misc]
    """p(x) = sum_k weights_[k] p(x | z = k), as a scikit-learn estimator.

    It takes the arguments of `sklearn.mixture.GaussianMixture`, so that a change of the
    import is all it takes; beyond them any component or a whole model, and weights of
    observations. The maximum is that of the likelihood itself, not of one in which
    something was added to every variance.

    Components that nothing tells apart stand by increasing mean. NaN is a gap where the
    components take gaps, as the normal ones do. With `component` or `mixture`, what
    describes the normal model (covariance_type, reg_covar, means_init, precisions_init)
    has to be left as it is, or fit says so; with `mixture` also n_components,
    init_params, weights_init and component.

    After `fit` there are `mixture_`, the `mixnotes.Mixture`, and `fit_`, the
    `mixnotes.Fit` (it holds the data); `weights_`, `converged_`, `n_iter_`,
    `n_features_in_`, `feature_names_in_`; `lower_bound_` and `lower_bounds_`, the mean
    log-likelihood of an observation at the end and after each step; of normal
    components `means_`, `covariances_`, `precisions_` and `precisions_cholesky_`.

    Args:
        n_components: how many components, K.
        covariance_type: "full", "tied", "diag" or "spherical".
        tol: stop when the parameters are estimated to be this near to their limit,
            weights as they are, others in standard deviations of the data; 0 is as near
            as floats come.
        reg_covar: where every start collapses, the fit is made again with no variance,
            in any direction, below this, and a ConvergenceWarning says so; 0 makes that
            an error. It is in the unit of X, squared, so that in another unit it bounds
            another variance; a fit that does not need it does not depend on it.
        max_iter: at most so many EM steps a start; 0 keeps the start as it is.
        n_init: how many starts, of which the highest is kept; one where nothing is
            drawn.
        init_params: the groups of a start, from which the first parameters are learned:
            those of k-means ("kmeans"), the rows nearest to seeds far apart
            ("k-means++") or to any rows ("random_from_data"), or random shares
            ("random").
        weights_init: the first weights, shape (K,); those of the groups if left out.
        means_init: the first means, shape (K, d); those of the groups if left out.
        precisions_init: the first precisions, inverses of the covariances, in the shape
            that covariance_type says; those of the groups if left out.
        random_state: seed of starts and of `sample`.
        warm_start: True to climb from where the last fit ended, if there is one.
        verbose: 1 prints starts and steps, 2 the log-likelihood too; 0 nothing.
        verbose_interval: print every so many steps.
        component: any component of mixnotes, in place of the multivariate normal; one
            of numbers takes X of one column, one of named columns a DataFrame.
        mixture: a whole model, known parts and all, in place of all that describes it;
            its starts are those of `mixnotes.em`.

    Examples:
        >>> import mixnotes as mx
        >>> import numpy as np
        >>> from mixnotes.sklearn import MixtureModel
        >>> geyser = mx.datasets.faithful()
        >>> X = np.column_stack([geyser["eruptions"], geyser["waiting"]])
        >>> MixtureModel(n_components=2, random_state=0).fit(X).means_.round(1)
        array([[ 2. , 54.5],
               [ 4.3, 80. ]])
    """

    def __init__(
        self,
        n_components: int = 1,
        *,
        covariance_type: str = "full",
        tol: float = 1e-3,
        reg_covar: float = 1e-6,
        max_iter: int = 100,
        n_init: int = 1,
        init_params: str = "kmeans",
        weights_init: ArrayLike | None = None,
        means_init: ArrayLike | None = None,
        precisions_init: ArrayLike | None = None,
        random_state: Any = None,
        warm_start: bool = False,
        verbose: int = 0,
        verbose_interval: int = 10,
        component: Any = None,
        mixture: Mixture | None = None,
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.n_init = n_init
        self.init_params = init_params
        self.weights_init = weights_init
        self.means_init = means_init
        self.precisions_init = precisions_init
        self.random_state = random_state
        self.warm_start = warm_start
        self.verbose = verbose
        self.verbose_interval = verbose_interval
        self.component = component
        self.mixture = mixture

    # ---------------------------------------------------------------- fitting

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Learn what the model leaves blank from X.

        Args:
            X: rows, shape (n, d), or a DataFrame.
            y: not looked at; scikit-learn's pipelines hand it on.
            sample_weight: how often each row counts, shape (n,); once if left out.

        Returns:
            The estimator itself.

        Raises:
            ValueError: where an argument or the data are not what they must be.
        """
        self._check_arguments()
        model = self._model()
        X = self._checked(X, model, reset=True)
        data = self._data(X, model)
        weight = None
        if sample_weight is not None:
            weight = as_sample_weight(sample_weight, len(X))
        model, source = checked(model, data, weight)
        source.require_digits(eps_of(X))
        fit = self._fitted(model, source, data, weight)
        self.fit_, self.mixture_ = fit, fit.mixture
        if not fit.converged and self.max_iter:
            _warn(fit.reason)
        return self

    def fit_predict(
        self, X: Any, y: Any = None, sample_weight: Any = None
    ) -> NDArray[np.intp]:
        """The most probable component of each row after `fit`, shape (n,).

        Args:
            X: rows, shape (n, d), or a DataFrame.
            y: not looked at; scikit-learn's pipelines hand it on.
            sample_weight: how often each row counts, shape (n,); once if left out.
        """
        return self.fit(X, y, sample_weight).predict(X)

    def _fitted(self, model: Mixture, source: Any, data: Any, weight: Any) -> Fit:
        """The best fit of all starts."""
        if self.warm_start and hasattr(self, "fit_"):
            if self.fit_.model != model:
                raise ValueError(
                    "warm_start=True goes on from the last fit, which must be of the "
                    f"same model, got {self.fit_.model!r:.80} then and "
                    f"{model!r:.80} now; set warm_start=False"
                )
            return self._best(model, source, data, weight, [self.mixture_])
        if self.mixture is not None:
            seed = int(check_random_state(self.random_state).randint(2**31 - 1))
            return self._climbed(model, data, weight, starts=self.n_init, rng=seed)
        starts = self._starts(model, source)
        fit = self._best(model, source, data, weight, starts)
        if self._named:
            return fit
        return replace(fit, mixture=in_order(model, fit.mixture))

    def _best(
        self, model: Mixture, source: Any, data: Any, weight: Any, starts: list[Mixture]
    ) -> Fit:
        """The highest of the fits from these starts."""
        if not self.max_iter:
            return _at_start(model, source, starts[0])
        fits: list[Fit] = []
        fallen = _flat(source.x) if self._normal else ""
        for k, start in enumerate([] if fallen else starts):
            try:
                fits.append(self._climbed(model, data, weight, start=start, number=k))
            except CollapseError as error:
                fallen = f"collapsed: {error}"
        if fits:
            return _highest(fits)
        return self._above_floor(model, source, starts, fallen)

    def _climbed(
        self, model: Mixture, data: Any, weight: Any, number: int = 0, **how: Any
    ) -> Fit:
        """The fit from one start, or from those that `em` draws; an error where it
        collapses."""
        fit = em(
            model,
            data,
            sample_weight=weight,
            tol=self.tol,
            max_iter=max(self.max_iter, 1),
            callback=self._printer(number),
            **how,
        )
        if fit.collapsed:
            raise CollapseError(fit.reason.removeprefix("collapsed: "))
        return fit

    def _above_floor(
        self, model: Mixture, source: Any, starts: list[Mixture], fallen: str
    ) -> Fit:
        """The fit above `reg_covar`, and a warning; an error where there is none."""
        if not (self._normal and self.reg_covar) or source.gaps:
            raise CollapseError(
                f"the likelihood must have a maximum, got only starts that {fallen}"
                + ("; or set reg_covar above 0" if self._normal else "")
            )
        floor = self._floor(source)
        fits = [
            floor.fit(model, source, start, self.tol, self.max_iter) for start in starts
        ]
        _warn(
            f"every start {fallen}. Fitted again with no variance below "
            f"{floor.least:g} (reg_covar)"
        )
        return _highest(fits)

    def _floor(self, rows: Rows) -> Floor:
        """`reg_covar`, or what rounding leaves of the largest variance if that is more.

        A start is learned above it, too, so that none is singular.
        """
        return Floor(max(self.reg_covar, _ROUNDING * float(rows.x.var(axis=0).max())))

    def _above(self, model: Mixture, rows: Rows, share: Array) -> Mixture:
        """The mixture above the floor that fits shares of the rows, (K, n), best."""
        engine = Engine(model, rows, priors=self._floor(rows))
        return engine.mixture(from_shares(engine, share))

    def _printer(self, number: int) -> Callable[[Step], None] | None:
        """What prints the steps, if any is to be printed."""
        if not self.verbose:
            return None

        def show(step: Step) -> None:
            if step.step == 1:
                print(f"Initialization {step.start + number}")
            if step.step % self.verbose_interval == 0:
                height = f"\tlog-likelihood {step.log_likelihood:.5f}"
                print(f"  Iteration {step.step}{height if self.verbose > 1 else ''}")

        return show

    # ----------------------------------------------------------------- starts

    def _starts(self, model: Mixture, source: Rows) -> list[Mixture]:
        """Where to climb from: `n_init` mixtures, or the only one there is."""
        inits = self._inits(source.whole.x)
        given = all(init is not None for init in inits)
        only = given or self.n_components == 1
        rng = check_random_state(self.random_state)
        return [
            _with_values(self._start(model, source, rng), *inits)
            for _ in range(1 if only else self.n_init)
        ]

    def _start(
        self, model: Mixture, source: Rows, rng: np.random.RandomState
    ) -> Mixture:
        """The mixture that fits groups of the rows."""
        points = source.whole.x.reshape(len(source.x), -1)
        distinct, weight, where = _distinct(points, source.weights)
        share = self._shares(_of_size_1(distinct), weight, rng)[:, where]
        poor = np.zeros(len(share), dtype=bool)
        if self._normal:  # too few rows for a covariance of their own
            poor = share @ source.weights <= points.shape[1] + 1
        soft = _softened(share, poor)
        if self._normal and _flat(source.x):
            return self._above(model, source.whole, soft)
        engine = Engine(model, source)
        try:
            return engine.mixture(from_shares(engine, soft))
        except CollapseError:
            soft = _softened(share, ~np.zeros_like(poor))
        try:
            return engine.mixture(from_shares(engine, soft))
        except CollapseError:
            if not self._normal:
                raise
            return self._above(model, source.whole, soft)

    def _shares(
        self, points: Array, weight: Array | None, rng: np.random.RandomState
    ) -> Array:
        """The share of each row in each group, (K, m), as `init_params` says."""
        K, m = self.n_components, len(points)
        if self.init_params == "random":
            share = rng.uniform(size=(m, K)).T
            return share / share.sum(axis=0)
        if self.init_params == "kmeans" and m >= K:
            means = KMeans(K, n_init=1, random_state=rng)
            labels = means.fit(points, sample_weight=weight).labels_
        else:
            labels = _nearest(points, self._seeds(points, weight, rng))
        return np.eye(K)[labels].T

    def _seeds(
        self, points: Array, weight: Array | None, rng: np.random.RandomState
    ) -> Array:
        """Rows to gather others around, (K, d)."""
        K, m = self.n_components, len(points)
        if self.init_params == "random_from_data" or m < K:
            level = None if weight is None else weight / weight.sum()
            return points[rng.choice(m, size=K, replace=m < K, p=level)]
        seeds, _ = kmeans_plusplus(points, K, sample_weight=weight, random_state=rng)
        return seeds

    # --------------------------------------------------------------- the model

    def _model(self) -> Mixture:
        """The model, with its blanks."""
        if self.mixture is not None:
            return self.mixture
        component = self.component
        if component is None:
            component = MultivariateNormal(covariance=_KINDS[self.covariance_type])
        return Mixture(self.n_components * [component])

    @property
    def _normal(self) -> bool:
        """Is the model the one of `GaussianMixture`?"""
        return self.component is None and self.mixture is None

    @property
    def _named(self) -> bool:
        """Did the caller put the components in an order?"""
        return any(
            init is not None
            for init in (self.weights_init, self.means_init, self.precisions_init)
        )

    def _inits(self, x: Array) -> tuple[Array | None, Array | None, Array | None]:
        """Checked first weights, means and covariances, (K,), (K, d) and (K, d, d)."""
        K, d = self.n_components, x.shape[1] if x.ndim == 2 else 1
        weights = means = None
        if self.weights_init is not None:
            weights = _numbers(self.weights_init, "weights_init", (K,))
            if (weights < 0).any() or abs(weights.sum() - 1) > 1e-6:
                raise ValueError(
                    "weights_init must not be negative and sum to 1, got "
                    f"{weights.tolist()}; divide them by their sum"
                )
            weights = weights / weights.sum()
        if self.means_init is not None:
            means = _numbers(self.means_init, "means_init", (K, d))
        if self.precisions_init is None:
            return weights, means, None
        precisions = _matrices(
            _numbers(self.precisions_init, "precisions_init", self._shape(d)),
            self.covariance_type,
            K,
            d,
        )
        symmetric = np.allclose(precisions, precisions.transpose(0, 2, 1))
        if not symmetric or (np.linalg.eigvalsh(precisions) <= 0).any():
            raise ValueError(
                "precisions_init must be symmetric and positive definite, got "
                f"{self.precisions_init!r:.120}; they are inverses of covariances"
            )
        found = np.linalg.inv(precisions)
        return weights, means, 0.5 * (found + found.transpose(0, 2, 1))

    def _shape(self, d: int) -> tuple[int, ...]:
        """The shape of precisions and covariances."""
        K = self.n_components
        shapes = {"full": (K, d, d), "tied": (d, d), "diag": (K, d), "spherical": (K,)}
        return shapes[self.covariance_type]

    def _check_arguments(self) -> None:
        """Raise an error for the first argument that is not what it must be."""
        for name, least in (
            ("n_components", 1),
            ("max_iter", 0),
            ("n_init", 1),
            ("verbose", 0),
            ("verbose_interval", 1),
        ):
            check_scalar(getattr(self, name), name, Integral, min_val=least)
        for name in ("tol", "reg_covar"):
            value = check_scalar(getattr(self, name), name, Real)
            if not 0 <= value < math.inf:
                raise ValueError(
                    f"{name} must be a finite number not below 0, got {value!r}"
                )
        check_scalar(self.warm_start, "warm_start", (bool, np.bool_))
        _require_one_of(self.covariance_type, "covariance_type", tuple(_KINDS))
        _require_one_of(self.init_params, "init_params", _STARTS)
        self._check_model_arguments()

    def _check_model_arguments(self) -> None:
        """Raise an error for an argument that the model has no use for."""
        idle: tuple[str, ...] = ()
        if self.mixture is not None:
            if not isinstance(self.mixture, Mixture):
                raise TypeError(
                    f"mixture must be a mixnotes.Mixture, got {self.mixture!r:.80}; "
                    "for K components of one kind use component"
                )
            idle = (*_NORMALS_ONLY, "n_components", "init_params", "weights_init")
            idle = (*idle, "component")
            if not self.max_iter:
                raise ValueError("max_iter must be at least 1 with mixture, got 0")
        elif self.component is not None:
            idle = _NORMALS_ONLY
        source = "component" if self.mixture is None else "mixture"
        for name in idle:
            value, default = getattr(self, name), _default(name)
            if value is not default and not _equal(value, default):
                raise ValueError(
                    f"{name} must be left out where {source} describes the model, got "
                    f"{value!r:.80}; say it in {source}"
                )

    # --------------------------------------------------------------- the data

    def _checked(self, X: Any, model: Mixture, reset: bool) -> Array:
        """X as rows of floats, shape (n, d)."""
        rows: Array = validate_data(
            self,
            X,
            reset=reset,
            dtype=[np.float64, np.float32],
            ensure_min_samples=2 if reset else 1,
            ensure_all_finite="allow-nan" if _takes_gaps(model) else True,
        )
        return rows

    def _data(self, X: Array, model: Mixture) -> Any:
        """X as the model takes it: one column as numbers, columns by their names."""
        X = np.asarray(X, dtype=np.float64)
        names = model.column_names
        if names is None:
            return X[:, 0] if _takes_numbers(model, X) else X
        seen = getattr(self, "feature_names_in_", None)
        if seen is None:
            return X
        if set(seen) != set(names):
            raise ValueError(
                f"X must have the columns that the model names, {', '.join(names)}, "
                f"got {', '.join(seen)}; pass X[{list(names)!r}]"
            )
        return {name: X[:, j] for j, name in enumerate(seen)}

    def _new(self, X: Any) -> Any:
        """New rows, for the fitted mixture."""
        check_is_fitted(self)
        return self._data(self._checked(X, self.mixture_, reset=False), self.mixture_)

    # ------------------------------------------------------------ what is asked

    def predict(self, X: Any) -> NDArray[np.intp]:
        """The most probable component of each row, shape (n,), whole numbers from 0.

        Args:
            X: rows, shape (n, d), or a DataFrame.
        """
        data = self._new(X)
        labels: NDArray[np.intp] = self.mixture_.predict(data)
        return labels

    def predict_proba(self, X: Any) -> Array:
        """p(z = k | x), shape (n, K); each row sums to 1.

        Args:
            X: rows, shape (n, d), or a DataFrame.
        """
        data = self._new(X)
        r: Array = self.mixture_.responsibilities(data)
        return r

    def score_samples(self, X: Any) -> Array:
        """log p(x), shape (n,), in nats.

        Args:
            X: rows, shape (n, d), or a DataFrame.
        """
        data = self._new(X)
        log_prob: Array = self.mixture_.log_prob(data)
        return log_prob

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """The mean log-likelihood of an observation, in nats.

        Args:
            X: rows, shape (n, d), or a DataFrame.
            y: not looked at; scikit-learn's pipelines hand it on.
            sample_weight: how often each row counts, shape (n,); once if left out.
        """
        log_prob = self.score_samples(X)
        if sample_weight is None:
            return float(log_prob.mean())
        weight = as_sample_weight(sample_weight, len(log_prob))
        return float(np.average(log_prob, weights=weight))

    def sample(self, n_samples: int = 1) -> tuple[Array, NDArray[np.intp]]:
        """Draws from the fitted mixture, (n, d), and z, which component made each,
        (n,).

        Args:
            n_samples: how many, 1 or more.
        """
        check_is_fitted(self)
        check_scalar(n_samples, "n_samples", Integral, min_val=1)
        seed = check_random_state(self.random_state).randint(2**31 - 1)
        X, z = self.mixture_.sample(n_samples, int(seed), labels=True)
        names, seen = self.mixture_.column_names, getattr(self, "feature_names_in_", ())
        if names is not None and len(seen):
            X = X[:, [names.index(name) for name in seen]]
        return X.reshape(n_samples, -1), z

    def aic(self, X: Any) -> float:
        """Akaike's criterion on X; less is better.

        Args:
            X: rows, shape (n, d), or a DataFrame.
        """
        return 2 * self._n_parameters() - 2 * float(self.score_samples(X).sum())

    def bic(self, X: Any) -> float:
        """Schwarz's criterion on X; less is better.

        Args:
            X: rows, shape (n, d), or a DataFrame.
        """
        log_prob = self.score_samples(X)
        penalty = self._n_parameters() * math.log(len(log_prob))
        return penalty - 2 * float(log_prob.sum())

    def _n_parameters(self) -> int:
        check_is_fitted(self)
        return int(self.fit_.model.n_free)

    # ------------------------------------------------------- what a fit leaves

    @property
    def weights_(self) -> Array:
        """P(z = k), shape (K,)."""
        return np.array(self._filled().weights)

    @property
    def converged_(self) -> bool:
        """Did the fit come within `tol` of its limit?"""
        self._filled()
        return bool(self.fit_.converged)

    @property
    def n_iter_(self) -> int:
        """How many steps the best start took."""
        self._filled()
        return int(self.fit_.steps)

    @property
    def lower_bound_(self) -> float:
        """The mean log-likelihood of an observation that was fitted, in nats."""
        self._filled()
        return float(self.fit_.log_likelihood / self.fit_.n)

    @property
    def lower_bounds_(self) -> Array:
        """The same after each step, shape (n_iter_,)."""
        self._filled()
        steps: Array = self.fit_.history[1:] / self.fit_.n
        return steps

    @property
    def means_(self) -> Array:
        """The means of normal components, shape (K, d)."""
        return np.array([c.mean for c in self._normals()])

    @property
    def covariances_(self) -> Array:
        """Their covariances, in the shape that covariance_type says."""
        return _compact([c.cov for c in self._normals()], self._type())

    @property
    def precisions_(self) -> Array:
        """The inverses of the covariances, in the same shape."""
        root = self.precisions_cholesky_
        if self._type() in ("diag", "spherical"):
            return root**2
        return root @ np.swapaxes(root, -1, -2)

    @property
    def precisions_cholesky_(self) -> Array:
        """U of precision = U U', upper triangular, in the same shape."""
        cov = self.covariances_
        if self._type() in ("diag", "spherical"):
            return 1 / np.sqrt(cov)
        return np.swapaxes(np.linalg.inv(np.linalg.cholesky(cov)), -1, -2)

    def _filled(self) -> Mixture:
        check_is_fitted(self)
        mixture: Mixture = self.mixture_
        return mixture

    def _normals(self) -> tuple[Any, ...]:
        components = self._filled().components
        if not all(isinstance(c, MultivariateNormal) for c in components):
            raise AttributeError(
                "only multivariate normal components have means_ and covariances_; "
                "see mixture_.components"
            )
        return components

    def _type(self) -> str:
        """The covariance_type that the shapes of a fit go by."""
        kinds = {c.covariance for c in self._normals()}
        names = {kind: name for name, kind in _KINDS.items()}
        return names.get(kinds.pop(), "full") if len(kinds) == 1 else "full"

    def __sklearn_is_fitted__(self) -> bool:
        return "mixture_" in vars(self)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        parts = [MultivariateNormal] if self.component is None else [self.component]
        if self.mixture is not None:
            parts = [self.mixture]
        tags.input_tags.allow_nan = all(map(_takes_gaps, parts))
        return tags


def _warn(words: str) -> None:
    warnings.warn(words, ConvergenceWarning, stacklevel=3)


def _highest(fits: list[Fit]) -> Fit:
    """The highest of some fits, with what became of all starts: of those that agree
    the first that converged, so that rounding does not choose."""
    top = max(fit.log_likelihood for fit in fits)
    level = [fit for fit in fits if ties_with(fit.log_likelihood, top)]
    chosen = next((fit for fit in level if fit.converged), level[0])
    return replace(chosen, starts=tuple(end for fit in fits for end in fit.starts))


def _at_start(model: Mixture, source: Rows, start: Mixture) -> Fit:
    """The start itself as a `Fit`: no step was taken."""
    height = float(source.weights @ start.log_prob(source.x))
    words = "not converged: max_iter = 0, so this is the start itself"
    end = RunResult(start, height, np.array([height]), False, words, math.inf)
    return Fit.of(model, start, source, end, (end,))


def _with_values(
    start: Mixture, weights: Array | None, means: Array | None, cov: Array | None
) -> Mixture:
    """A start with these first values in it."""
    parts = list(start.components)
    for name, values in (("mean", means), ("cov", cov)):
        if values is not None:
            parts = [p.filled({name: v}) for p, v in zip(parts, values, strict=True)]
    return Mixture(parts, start.weights if weights is None else weights)


def _flat(x: Array) -> str:
    """Words for a column that is constant, where there is one."""
    low, high = np.nanmin(x, axis=0), np.nanmax(x, axis=0)
    if not (low == high).any():
        return ""
    j = int(np.argmax(low == high))
    return f"would collapse: column {j} is constant, all equal to {low[j]:g}"


def _of_size_1(points: Array) -> Array:
    """The rows centred and divided by a power of 2, so that groups are the same in
    every unit and at every offset: nothing but the offset is rounded."""
    middle = points - points.mean(axis=0)
    size = float(np.abs(middle).max())
    scaled: Array = np.ldexp(middle, -math.frexp(size)[1]) if size else middle
    return scaled


def _softened(share: Array, poor: NDArray[np.bool_]) -> Array:
    """The shares, (K, m), each spread out a little, if some group is too small to have
    a covariance of its own."""
    return (1 - _SOFT) * share + _SOFT / len(share) if poor.any() else share


def _distinct(
    points: Array, weight: Array
) -> tuple[Array, Array | None, NDArray[np.intp]]:
    """The distinct rows, their weights, None if each is 1, and where each row is.

    Sorted where rows repeat or weigh: so an observation of weight 2 is drawn as if it
    were there twice. Else as they are: so starts are those of `GaussianMixture`.
    """
    unit = bool((weight == 1).all())
    as_they_are = np.arange(len(points))
    if unit and len(np.unique(points[:, 0])) == len(points):
        return points, None, as_they_are
    rows, where = np.unique(points, axis=0, return_inverse=True)
    where = where.reshape(-1)
    if unit and len(rows) == len(points):
        return points, None, as_they_are
    counts = np.bincount(where, weights=weight).astype(np.float64)
    return rows, counts, where


def _nearest(points: Array, seeds: Array) -> NDArray[np.intp]:
    """Which seed each row is nearest to, shape (m,)."""
    squares = [((points - seed) ** 2).sum(axis=1) for seed in seeds]
    labels: NDArray[np.intp] = np.argmin(squares, axis=0)
    return labels


def _numbers(values: Any, name: str, shape: tuple[int, ...]) -> Array:
    found = as_numbers(values, name)
    if found.shape != shape or not np.isfinite(found).all():
        raise ValueError(
            f"{name} must be finite numbers of shape {shape}, got shape {found.shape}"
            f"{'' if np.isfinite(found).all() else ' with some that are not finite'}"
        )
    return found


def _matrices(values: Array, kind: str, K: int, d: int) -> Array:
    """Matrices, (K, d, d), from the shape of a covariance_type."""
    if kind == "full":
        return values
    if kind == "tied":
        return np.repeat(values[None], K, axis=0)
    return np.eye(d) * values.reshape(K, 1, -1)


def _compact(cov: list[Array], kind: str) -> Array:
    """Covariance matrices in the shape of a covariance_type."""
    if kind == "tied":
        return cov[0].copy()
    if kind == "full":
        return np.array(cov)
    diagonals = np.array([np.diagonal(c) for c in cov])
    return diagonals if kind == "diag" else diagonals[:, 0]


def _takes_numbers(model: Mixture, X: Array) -> bool:
    """Is an observation one number, where X has one column?"""
    if X.shape[1] > 1:
        return False
    try:
        model._rows(np.zeros(1))
    except ValueError:
        return False
    return True


def _takes_gaps(component: Any) -> bool:
    """May a value be missing in a row of this component, or of this mixture?"""
    if isinstance(component, Mixture):
        return all(map(_takes_gaps, component.parts))
    named = isinstance(component, Component) and component.column_names is not None
    return named or bool(getattr(component, "takes_gaps", False))


def _require_one_of(value: Any, name: str, allowed: tuple[str, ...]) -> None:
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {value!r}")


def _default(name: str) -> Any:
    return getattr(MixtureModel(), name)


def _equal(value: Any, default: Any) -> bool:
    return default is not None and bool(value == default)
