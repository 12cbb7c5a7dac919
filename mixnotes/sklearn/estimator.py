"""`MixtureModel`: p(x) = sum_k weights_[k] p(x | z = k), as a scikit-learn estimator.

The class holds what scikit-learn asks of an estimator; the other modules of this folder
hold the rest, as functions of what they need.
"""

from __future__ import annotations

import math
from dataclasses import replace
from numbers import Integral
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, DensityMixin
from sklearn.utils import check_random_state, check_scalar
from sklearn.utils.validation import check_is_fitted, validate_data

from mixnotes.components.mixture import Mixture
from mixnotes.data.check import as_sample_weight
from mixnotes.data.sources import Rows, eps_of
from mixnotes.families.multivariate import MultivariateNormal
from mixnotes.families.truncated import as_mixture
from mixnotes.fitting.fit import Fit
from mixnotes.fitting.inputs import checked
from mixnotes.fitting.tree import in_order
from mixnotes.numeric.arrays import Array
from mixnotes.sklearn.arguments import (
    check_arguments,
    first_covariances,
    first_means,
    first_weights,
)
from mixnotes.sklearn.climbs import Climbs, still_rises, unfinished, warn
from mixnotes.sklearn.forgotten import without_rows
from mixnotes.sklearn.parameters import (
    NAMES,
    OF_NORMALS,
    are_enough,
    mixture_of,
    parameters_of,
)
from mixnotes.sklearn.rows import as_the_model_takes, takes_gaps
from mixnotes.sklearn.shapes import KINDS
from mixnotes.sklearn.starts import start_of, with_values


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
    `mixnotes.Fit` (it holds the data, which a pickle leaves out); `weights_`,
    `converged_`, `n_iter_`, `n_features_in_`, `feature_names_in_`; `lower_bound_` and
    `lower_bounds_`, the mean log-likelihood of an observation at the end and after each
    step; of normal components `means_`, `covariances_`, `precisions_` and
    `precisions_cholesky_`. These and `weights_` can be set, without a fit too, and
    `mixture_` is then what they say; of several that say the covariances what was set
    of `precisions_cholesky_` counts, then of `precisions_`.

    Where a fit is cut off at `max_iter`, `converged_` is False, and there is a
    ConvergenceWarning if its mean log-likelihood rose by `tol` in the last step: while
    it does `GaussianMixture` goes on. With `warm_start`, where each fit may be one step
    of a climb, a fit that goes on from another and rises by less is `converged_`;
    `fit_.converged` says whether it came within `tol` of the limit.

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
        check_arguments(vars(self), vars(MixtureModel()))
        model = self._model()
        X = self._checked(X, model, reset=True)
        data = self._data(X, model)
        weight = None
        if sample_weight is not None:
            weight = as_sample_weight(sample_weight, len(X))
        model, source = checked(model, data, weight)
        source.require_digits(eps_of(X))
        goes_on = self.warm_start and self.__sklearn_is_fitted__()
        fit = self._fitted(model, source, data, weight, goes_on)
        self._keep(fit)
        if self.max_iter and not fit.converged:
            rises = still_rises(fit, self.tol, goes_on)
            self.converged_ = goes_on and not rises
            if rises:
                warn(unfinished(fit))
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

    def _fitted(
        self, model: Mixture, source: Any, data: Any, weight: Any, goes_on: bool
    ) -> Fit:
        """The best fit of all starts."""
        climbs = Climbs(
            model,
            source,
            data,
            weight,
            self.tol,
            self.max_iter,
            self._floor,
            self.verbose,
            self.verbose_interval,
        )
        if goes_on:
            if hasattr(self, "fit_") and self.fit_.model != model:
                raise ValueError(
                    "warm_start=True goes on from the last fit, which must be of the "
                    f"same model, got {self.fit_.model!r:.80} then and "
                    f"{model!r:.80} now; set warm_start=False"
                )
            return climbs.best([self.mixture_])
        if self.mixture is not None:
            seed = int(check_random_state(self.random_state).randint(2**31 - 1))
            return climbs.drawn(self.n_init, seed)
        fit = climbs.best(self._starts(model, source))
        named = (self.weights_init, self.means_init, self.precisions_init)
        if any(init is not None for init in named):  # the caller put them in an order
            return fit
        return replace(fit, mixture=in_order(model, fit.mixture))

    def _starts(self, model: Mixture, source: Rows) -> list[Mixture]:
        """Where to climb from: `n_init` mixtures, or the only one there is."""
        x, K = source.whole.x, self.n_components
        d = x.shape[1] if x.ndim == 2 else 1
        inits = (
            first_weights(self.weights_init, K),
            first_means(self.means_init, K, d),
            first_covariances(self.precisions_init, self.covariance_type, K, d),
        )
        only = K == 1 or all(init is not None for init in inits)
        rng = check_random_state(self.random_state)
        starts = [
            start_of(model, source, self.init_params, self._floor, rng)
            for _ in range(1 if only else self.n_init)
        ]
        return [with_values(start, *inits) for start in starts]

    def _model(self) -> Mixture:
        """The model, with its blanks."""
        if self.mixture is not None:
            return as_mixture(self.mixture)
        component = self.component
        if component is None:
            component = MultivariateNormal(covariance=KINDS[self.covariance_type])
        return Mixture(self.n_components * [component])

    @property
    def _floor(self) -> float | None:
        """`reg_covar`, where the model is the one of `GaussianMixture`."""
        normal = self.component is None and self.mixture is None
        return self.reg_covar if normal else None

    # --------------------------------------------------------------- the data

    def _checked(self, X: Any, model: Mixture, reset: bool) -> Array:
        """X as rows of floats, shape (n, d)."""
        rows: Array = validate_data(
            self,
            X,
            reset=reset,
            dtype=[np.float64, np.float32],
            ensure_min_samples=2 if reset else 1,
            ensure_all_finite="allow-nan" if takes_gaps(model) else True,
        )
        return rows

    def _data(self, X: Array, model: Mixture) -> Any:
        """X as the model takes it, by the names that X had at `fit`."""
        seen = getattr(self, "feature_names_in_", None)
        return as_the_model_takes(X, model, seen)

    def _new(self, X: Any, mixture: Mixture) -> Any:
        """New rows, for the fitted mixture."""
        return self._data(self._checked(X, mixture, reset=False), mixture)

    # ------------------------------------------------------------ what is asked

    def predict(self, X: Any) -> NDArray[np.intp]:
        """The most probable component of each row, shape (n,), whole numbers from 0.

        Args:
            X: rows, shape (n, d), or a DataFrame.
        """
        mixture = self.mixture_
        data = self._new(X, mixture)
        labels: NDArray[np.intp] = mixture.predict(data)
        return labels

    def predict_proba(self, X: Any) -> Array:
        """p(z = k | x), shape (n, K); each row sums to 1.

        Args:
            X: rows, shape (n, d), or a DataFrame.
        """
        mixture = self.mixture_
        data = self._new(X, mixture)
        r: Array = mixture.responsibilities(data)
        return r

    def score_samples(self, X: Any) -> Array:
        """log p(x), shape (n,), in nats.

        Args:
            X: rows, shape (n, d), or a DataFrame.
        """
        mixture = self.mixture_
        data = self._new(X, mixture)
        log_prob: Array = mixture.log_prob(data)
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
        mixture = self.mixture_
        check_scalar(n_samples, "n_samples", Integral, min_val=1)
        seed = check_random_state(self.random_state).randint(2**31 - 1)
        X, z = mixture.sample(n_samples, int(seed), labels=True)
        names, seen = mixture.column_names, getattr(self, "feature_names_in_", ())
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
        mixture = self.mixture_
        fit = vars(self).get("fit_")
        return int(mixture.blank().n_free if fit is None else fit.model.n_free)

    # ------------------------------------------------------- what a fit leaves

    @property
    def mixture_(self) -> Mixture:
        """The fitted mixture: that of `weights_`, `means_` and so on, as they stand."""
        check_is_fitted(self)
        own = vars(self)
        given = {name: own[name] for name in NAMES if name in own}
        last, kept = own.get("_last", (None, None))
        return mixture_of(given, self.covariance_type, last, kept)

    def _keep(self, fit: Fit) -> None:
        """What is asked of the estimator from now on."""
        for name in NAMES:
            self.__dict__.pop(name, None)
        self.fit_ = fit
        found = parameters_of(fit.mixture)
        self._last = fit.mixture, {name: v.copy() for name, v in found.items()}
        self.__dict__.update(found)
        self.converged_ = fit.converged
        self.n_iter_ = fit.steps
        self.lower_bound_ = fit.log_likelihood / fit.n
        self.lower_bounds_ = fit.history[1:] / fit.n

    def __getattr__(self, name: str) -> Any:
        """What there is not, and where to look."""
        if name == "mixture_":
            check_is_fitted(self)
        if name in OF_NORMALS and "_last" in vars(self):
            raise AttributeError(
                "only multivariate normal components have means_ and covariances_; "
                "see mixture_.components"
            )
        raise AttributeError(
            f"{type(self).__name__!r} object has no attribute {name!r}"
        )

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled: all but the rows that were fitted."""
        state: dict[str, Any] = super().__getstate__()
        if "fit_" in state:
            state = state | {"fit_": without_rows(state["fit_"])}
        return state

    def __sklearn_is_fitted__(self) -> bool:
        return "_last" in vars(self) or are_enough(vars(self))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        parts = [MultivariateNormal] if self.component is None else [self.component]
        if self.mixture is not None:
            parts = [self.mixture]
        tags.input_tags.allow_nan = all(map(takes_gaps, parts))
        return tags
