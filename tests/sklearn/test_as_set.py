"""An estimator whose fitted parameters are loaded, set, reordered, pickled, climbed."""

import copy
import pickle
import warnings

import numpy as np
import pytest

pytest.importorskip("sklearn", minversion="1.6")

from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.mixture import GaussianMixture

import mixnotes as mx
from mixnotes.sklearn import MixtureModel

TYPES = ("full", "tied", "diag", "spherical")
SPREADS = ("covariances_", "precisions_", "precisions_cholesky_")
OF_NORMALS = ("weights_", "means_", *SPREADS)


@pytest.fixture(scope="module")
def geyser():
    data = mx.datasets.faithful()
    return np.column_stack([data["eruptions"], data["waiting"]])


def fitted(kind, X):
    return GaussianMixture(3, covariance_type=kind, random_state=0).fit(X)


@pytest.mark.parametrize("spread", SPREADS)
@pytest.mark.parametrize("kind", TYPES)
def test_known_parameters_can_be_loaded_without_a_fit(geyser, kind, spread):
    """By any one of the three that say the covariances."""
    theirs = fitted(kind, geyser)
    ours = MixtureModel(3, covariance_type=kind, random_state=0)
    for name in ("weights_", "means_", spread):
        with pytest.raises(NotFittedError):
            ours.predict(geyser)
        assert not hasattr(ours, "mixture_")
        setattr(ours, name, getattr(theirs, name))
    np.testing.assert_allclose(
        ours.score_samples(geyser), theirs.score_samples(geyser), rtol=1e-10
    )
    np.testing.assert_array_equal(ours.predict(geyser), theirs.predict(geyser))
    assert ours.bic(geyser) == pytest.approx(theirs.bic(geyser), rel=1e-10)
    X, z = ours.sample(20)
    assert (X.shape, z.shape) == ((20, 2), (20,))


@pytest.mark.parametrize("kind", TYPES)
def test_components_can_be_put_in_another_order(geyser, kind):
    """As users of GaussianMixture do it: one array after another."""
    model = MixtureModel(3, covariance_type=kind, random_state=0, max_iter=1000)
    before = model.fit(geyser).predict_proba(geyser)
    score = model.score(geyser)
    order = [2, 0, 1]
    for name in OF_NORMALS:
        if kind != "tied" or name in ("weights_", "means_"):
            setattr(model, name, getattr(model, name)[order])
    np.testing.assert_allclose(model.predict_proba(geyser), before[:, order], atol=1e-9)
    assert model.score(geyser) == pytest.approx(score, rel=1e-12)
    assert model.mixture_.components[0].mean.tolist() == model.means_[0].tolist()


def test_what_is_changed_in_place_is_seen(geyser):
    model = MixtureModel(2, random_state=0).fit(geyser)
    before = model.mixture_
    assert before is model.fit_.mixture
    model.means_ += 1.0
    model.weights_[:] = [0.5, 0.5]
    np.testing.assert_allclose(
        model.mixture_.components[1].mean, before.components[1].mean + 1
    )
    assert model.mixture_.weights.tolist() == [0.5, 0.5]
    np.testing.assert_array_equal(
        model.mixture_.components[1].cov, before.components[1].cov
    )
    model.fit(geyser)  # what was set is over
    assert model.mixture_ == before


def test_of_several_that_disagree_the_roots_count_as_they_do_in_scikit_learn(geyser):
    model = MixtureModel(2, random_state=0).fit(geyser)
    model.covariances_ = model.covariances_ * 4
    np.testing.assert_array_equal(
        model.mixture_.components[0].cov, model.covariances_[0]
    )
    model.precisions_ = model.precisions_ / 9
    model.precisions_cholesky_ = model.precisions_cholesky_ / 5
    np.testing.assert_allclose(
        model.mixture_.components[0].cov, 25 * model.fit_.mixture.components[0].cov
    )


def test_weights_of_other_families_can_be_set():
    x = mx.Mixture([mx.Poisson(1.0), mx.Poisson(9.0)], [0.3, 0.7]).sample(400, 0)
    model = MixtureModel(2, component=mx.Poisson(), random_state=0).fit(x[:, None])
    model.weights_ = [0.5, 0.5]
    assert model.mixture_.weights.tolist() == [0.5, 0.5]
    assert model.mixture_.components == model.fit_.mixture.components
    model.set_params(component=None).fit(x[:, None] + 0.0)
    assert model.means_.shape == (2, 1)
    model.set_params(component=mx.Poisson()).fit(x[:, None])
    assert not hasattr(model, "means_")  # those of the fit before


def test_a_warm_start_goes_on_from_what_was_set(geyser):
    theirs = GaussianMixture(2, random_state=0).fit(geyser)
    model = MixtureModel(2, warm_start=True)
    for name in ("weights_", "means_", "covariances_"):
        setattr(model, name, getattr(theirs, name)[::-1])
    model.fit(geyser)
    assert model.means_[0, 0] > 4 > model.means_[1, 0]
    assert model.n_iter_ < 30
    assert len(model.fit_.starts) == 1


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("weights_", [0.5, 0.6], "weights_ must not be negative and sum to 1"),
        ("means_", [[1.0, 2.0]], r"means_ must be .* \(2, 2\), got shape \(1, 2\)"),
        ("covariances_", np.eye(2), r"covariances_ must be .* shape \(2, 2, 2\)"),
        ("precisions_", [-np.eye(2)] * 2, "precisions_ must be symmetric and positive"),
        ("precisions_cholesky_", [0 * np.eye(2)] * 2, "must have no 0 on a diagonal"),
    ],
)
def test_what_cannot_be_parameters_is_told(geyser, name, values, words):
    model = MixtureModel(2, random_state=0).fit(geyser)
    setattr(model, name, values)
    with pytest.raises(ValueError, match=words):
        model.predict(geyser)


def test_loaded_parameters_need_a_covariance_type_that_there_is():
    model = MixtureModel(1, covariance_type="round")
    model.weights_, model.means_, model.covariances_ = [1.0], [[0.0]], [[[1.0]]]
    with pytest.raises(ValueError, match="one of full, tied, diag, spherical"):
        model.predict([[1.0]])


# -------------------------------------------------------------------------- pickles


def test_a_pickle_is_without_the_rows():
    """They are large, and may be private."""
    X = np.random.default_rng(0).normal(size=(20_000, 4))
    X[::3] += 5
    X[17] = [8.0625, 1.5, 2.25, 3.125]  # as bytes, whatever the pickle holds beside
    model = MixtureModel(2, random_state=0).fit(X)
    stored = pickle.dumps(model)
    assert len(stored) < 50_000 < X.nbytes
    assert X[17].tobytes() not in stored
    again = pickle.loads(stored)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    np.testing.assert_array_equal(again.lower_bounds_, model.lower_bounds_)
    assert again.mixture_ == model.mixture_
    assert again.bic(X) == model.bic(X)
    assert again.fit_.bic == model.fit_.bic
    assert again.fit_.converged
    assert np.isfinite(model.fit_.icl)  # the estimator itself has its rows


@pytest.mark.parametrize(
    "ask",
    [lambda fit: fit.icl, lambda fit: fit.rate, lambda fit: fit.standard_errors()],
)
def test_what_needs_the_rows_says_that_they_are_gone(geyser, ask):
    model = MixtureModel(2, random_state=0).fit(geyser)
    again = pickle.loads(pickle.dumps(copy.deepcopy(model)))
    assert str(again.fit_) == str(model.fit_)
    with pytest.raises(ValueError, match="needs the rows that were fitted"):
        ask(again.fit_)


def test_a_model_that_was_pickled_goes_on_where_it_ended(geyser):
    model = MixtureModel(3, warm_start=True, max_iter=5, tol=1e-6, random_state=0)
    with pytest.warns(ConvergenceWarning, match="max_iter = 5"):
        model.fit(geyser)
    again = pickle.loads(pickle.dumps(model))
    again.set_params(max_iter=1000).fit(geyser)
    assert again.converged_
    assert again.lower_bound_ > model.lower_bound_


# --------------------------------------------------------------- when a climb is over


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("max_iter", [1, 2, 7])
def test_a_loop_of_warm_starts_ends_about_when_that_of_scikit_learn_does(
    geyser, kind, max_iter
):
    fits = {}
    for estimator in (GaussianMixture, MixtureModel):
        model = estimator(
            3,
            covariance_type=kind,
            warm_start=True,
            max_iter=max_iter,
            random_state=0,
            tol=1e-5,
        )
        fits[estimator], scores = 0, []
        while not fits[estimator] or not model.converged_:
            scores.append(model.fit(geyser).score(geyser))
            fits[estimator] += 1
            assert model.n_iter_ <= max_iter
            assert fits[estimator] < 1000
        assert scores == sorted(scores)
    assert fits[MixtureModel] <= fits[GaussianMixture] + 2


def test_a_warm_start_that_is_cut_off_is_not_near_its_limit(geyser):
    """`converged_` is scikit-learn's word; the fit says the rest."""
    model = MixtureModel(3, warm_start=True, max_iter=1, random_state=0, tol=1e-2)
    with pytest.warns(ConvergenceWarning, match="did not converge: max_iter = 1"):
        model.fit(geyser)
    assert not model.converged_
    for _ in range(20):
        if model.fit(geyser).converged_:
            break
    assert model.converged_
    assert not model.fit_.converged


def test_a_user_is_warned_only_where_scikit_learn_would_go_on():
    """Of 72 ordinary fits none ends where GaussianMixture, at its own tolerance, has
    not ended, and is silent about it; and none has a warning where that has not."""
    iris, faithful = load_iris().data, mx.datasets.faithful()
    geyser = np.column_stack([faithful["eruptions"], faithful["waiting"]])
    told = {}
    for X in (iris, geyser):
        for K in (1, 2, 3):
            for kind in TYPES:
                for seed in range(3):
                    for estimator in (MixtureModel, GaussianMixture):
                        with warnings.catch_warnings(record=True) as seen:
                            warnings.simplefilter("always")
                            how = {"covariance_type": kind, "random_state": seed}
                            model = estimator(K, **how).fit(X)
                        said = [w for w in seen if "converge" in str(w.message)]
                        told.setdefault(estimator, []).append(len(said))
                        if estimator is MixtureModel and not model.converged_:
                            rise = np.diff(model.lower_bounds_[-2:])[0]
                            assert bool(said) == (rise >= model.tol)
    assert len(told[MixtureModel]) == 72
    assert sum(told[MixtureModel]) <= sum(told[GaussianMixture]) == 0


def test_with_tol_0_all_steps_are_taken_until_floats_end(geyser):
    best = MixtureModel(3, tol=0, max_iter=5000, random_state=0).fit(geyser)
    assert best.converged_
    assert "all that steps still move is rounding" in best.fit_.reason
    with pytest.warns(ConvergenceWarning, match="max_iter = 20"):
        short = MixtureModel(3, tol=0, max_iter=20, random_state=0).fit(geyser)
    assert short.n_iter_ == 20
    assert short.lower_bound_ < best.lower_bound_


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("kind", TYPES)
def test_components_without_a_row_leave_a_fit_above_the_floor(kind):
    """More components than distinct rows: no error but words."""
    X = np.vstack([np.ones((5, 5)), np.zeros((5, 5))])
    model = MixtureModel(10, covariance_type=kind, random_state=0).fit(X)
    theirs = GaussianMixture(10, covariance_type=kind, random_state=0).fit(X)
    assert model.score(X) == pytest.approx(theirs.score(X), abs=1e-6)
    assert "no variance is below 1e-06" in model.fit_.reason
