"""The scikit-learn adapter: scikit-learn's checks, and GaussianMixture's answers."""

import inspect
import math
import pickle
import re
import subprocess
import sys
import warnings

import numpy as np
import pytest

pytest.importorskip("sklearn", minversion="1.6")

import pandas as pd
from sklearn.base import clone
from sklearn.datasets import load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import mixnotes as mx
from mixnotes.data.sources import Rows
from mixnotes.fitting.engine import Engine
from mixnotes.fitting.floor import Floor
from mixnotes.sklearn import MixtureModel

TYPES = ("full", "tied", "diag", "spherical")
INITS = ("kmeans", "k-means++", "random", "random_from_data")


@pytest.fixture(scope="module")
def iris():
    return load_iris().data


@pytest.fixture(scope="module")
def geyser():
    data = mx.datasets.faithful()
    return np.column_stack([data["eruptions"], data["waiting"]])


def counts(n=400):
    model = mx.Mixture([mx.Poisson(1.0), mx.Poisson(9.0)], [0.3, 0.7])
    return model.sample(n, 0)[:, None]


def normal_rows(n, d, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d))


# --------------------------------------------------------------- scikit-learn's checks


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(
    [
        MixtureModel(),
        MixtureModel(n_components=2),
        MixtureModel(n_components=2, covariance_type="tied"),
        MixtureModel(n_components=2, covariance_type="diag", init_params="k-means++"),
        MixtureModel(n_components=2, covariance_type="spherical", init_params="random"),
    ]
)
def test_scikit_learn_finds_nothing_wrong(estimator, check):
    """No expected failures: rows fewer than columns, weights of 0 and all."""
    check(estimator)


def test_the_arguments_are_those_of_gaussian_mixture_with_their_defaults():
    theirs = inspect.signature(GaussianMixture).parameters
    ours = inspect.signature(MixtureModel).parameters
    assert set(ours) - set(theirs) == {"component", "mixture"}
    for name, parameter in theirs.items():
        assert ours[name].default == parameter.default, name
        assert ours[name].kind == parameter.kind, name


def test_the_public_methods_and_fitted_attributes_are_those_of_gaussian_mixture(iris):
    theirs = GaussianMixture(2, random_state=0).fit(iris)
    ours = MixtureModel(2, random_state=0).fit(iris)
    names = [n for n in dir(theirs) if not n.startswith("_")]
    assert [n for n in names if not hasattr(ours, n)] == []


# ------------------------------------------------------------ beside GaussianMixture


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize(("name", "K"), [("iris", 3), ("geyser", 2)])
def test_it_is_no_lower_than_gaussian_mixture_at_its_own_optimum(
    request, name, K, kind
):
    X = request.getfixturevalue(name)
    theirs = GaussianMixture(
        K, covariance_type=kind, tol=1e-12, max_iter=10_000, reg_covar=0, random_state=0
    ).fit(X)
    ours = MixtureModel(K, covariance_type=kind, tol=1e-8, random_state=0).fit(X)
    assert ours.converged_
    assert ours.score(X) >= theirs.score(X) - 1e-9
    assert ours.score(X) == pytest.approx(theirs.score(X), abs=1e-7)
    assert ours.aic(X) == pytest.approx(theirs.aic(X), abs=1e-4)
    assert ours.bic(X) == pytest.approx(theirs.bic(X), abs=1e-4)
    assert ours.lower_bound_ == pytest.approx(theirs.lower_bound_, abs=1e-7)
    assert ours.lower_bounds_.shape == (ours.n_iter_,)
    mine, its = np.argsort(ours.means_[:, 0]), np.argsort(theirs.means_[:, 0])
    np.testing.assert_allclose(
        ours.predict_proba(X)[:, mine], theirs.predict_proba(X)[:, its], atol=1e-4
    )
    for attribute in (
        "weights_",
        "means_",
        "covariances_",
        "precisions_",
        "precisions_cholesky_",
    ):
        a, b = getattr(ours, attribute), getattr(theirs, attribute)
        assert a.shape == b.shape, attribute
        if not (kind == "tied" and a.ndim == 2 and attribute != "means_"):
            a, b = a[mine], b[its]
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4, err_msg=attribute)


@pytest.mark.parametrize("init", INITS[:3])
@pytest.mark.parametrize("kind", TYPES)
def test_where_no_row_repeats_it_climbs_from_where_gaussian_mixture_does(kind, init):
    """So it is not lower, seed by seed, on data with several summits."""
    X = normal_rows(60, 2) + 3 * np.random.default_rng(1).integers(3, size=(60, 1))
    for seed in range(3):
        how = {"covariance_type": kind, "init_params": init, "random_state": seed}
        ours = MixtureModel(3, tol=1e-6, max_iter=10_000, **how).fit(X)
        theirs = GaussianMixture(3, tol=1e-10, max_iter=50_000, reg_covar=1e-9, **how)
        assert ours.score(X) >= theirs.fit(X).score(X) - 1e-6


def test_columns_of_very_different_units_do_not_widen_the_start():
    """The least variance of a start is not taken from the column of largest unit."""
    X = load_wine().data
    how = {"covariance_type": "full", "random_state": 0}
    ours = MixtureModel(3, tol=1e-6, max_iter=5000, **how).fit(X)
    theirs = GaussianMixture(3, tol=1e-10, max_iter=20_000, reg_covar=1e-9, **how)
    assert ours.score(X) >= theirs.fit(X).score(X) - 1e-6


@pytest.mark.parametrize("kind", TYPES)
def test_first_values_lead_where_they_lead_gaussian_mixture(geyser, kind):
    start = GaussianMixture(2, covariance_type=kind, random_state=0).fit(geyser)
    how = {
        "covariance_type": kind,
        "weights_init": start.weights_[::-1],
        "means_init": start.means_[::-1],
        "precisions_init": start.precisions_
        if kind == "tied"
        else start.precisions_[::-1],
    }
    ours = MixtureModel(2, tol=1e-7, **how).fit(geyser)
    theirs = GaussianMixture(2, tol=1e-12, max_iter=9999, reg_covar=0, **how)
    theirs.fit(geyser)
    np.testing.assert_allclose(ours.weights_, theirs.weights_, atol=1e-5)
    np.testing.assert_allclose(ours.means_, theirs.means_, rtol=1e-5)
    np.testing.assert_allclose(ours.covariances_, theirs.covariances_, rtol=1e-3)
    assert len(ours.fit_.starts) == 1


def test_means_init_alone_names_the_components(geyser):
    ours = MixtureModel(2, means_init=[[5, 80], [2, 50]], random_state=0).fit(geyser)
    assert ours.means_[0, 0] > 4 > ours.means_[1, 0]


def test_without_names_components_stand_by_increasing_mean(iris):
    for seed in range(4):
        ours = MixtureModel(3, random_state=seed).fit(iris)
        assert list(ours.means_[:, 0]) == sorted(ours.means_[:, 0])
        assert ours.fit_.mixture == ours.mixture_


def test_max_iter_0_keeps_the_start(geyser):
    start = MixtureModel(2, max_iter=0, means_init=[[2, 50], [5, 80]], random_state=0)
    start.fit(geyser)
    np.testing.assert_array_equal(start.means_, [[2, 50], [5, 80]])
    assert (start.n_iter_, start.converged_) == (0, False)
    assert start.lower_bound_ == pytest.approx(start.score(geyser))


def test_the_highest_of_n_init_starts_is_kept(iris):
    how = {"init_params": "random_from_data", "max_iter": 1000, "random_state": 0}
    many = MixtureModel(4, n_init=6, **how).fit(iris)
    assert len(many.fit_.starts) == 6
    heights = [end.log_likelihood for end in many.fit_.starts if not end.collapsed]
    assert many.lower_bound_ * len(iris) == pytest.approx(max(heights), abs=1e-5)
    assert max(heights) - min(heights) > 0.1


def test_a_start_that_is_given_whole_is_the_only_one(geyser):
    whole = {
        "weights_init": [0.4, 0.6],
        "means_init": [[2, 50], [5, 80]],
        "precisions_init": 2 * [np.eye(2)],
    }
    assert len(MixtureModel(2, n_init=5, **whole).fit(geyser).fit_.starts) == 1
    start = MixtureModel(2, max_iter=0, **whole).fit(geyser)
    np.testing.assert_allclose(start.weights_, whole["weights_init"], rtol=1e-12)
    np.testing.assert_allclose(start.means_, whole["means_init"], rtol=1e-12)
    np.testing.assert_allclose(start.covariances_, 2 * [np.eye(2)], rtol=1e-9)
    assert len(MixtureModel(1, n_init=5).fit(geyser).fit_.starts) == 1
    part = MixtureModel(2, n_init=3, means_init=whole["means_init"], random_state=0)
    assert len(part.fit(geyser).fit_.starts) == 3


def test_n_init_is_the_starts_of_a_whole_model(geyser):
    model = mx.Mixture(4 * [mx.MultivariateNormal()])
    many = MixtureModel(mixture=model, n_init=4, max_iter=1000, random_state=0).fit(
        geyser
    )
    assert len(many.fit_.starts) == 4
    again = MixtureModel(mixture=model, n_init=4, max_iter=1000, random_state=0).fit(
        geyser
    )
    assert again.mixture_ == many.mixture_
    other = MixtureModel(mixture=model, n_init=4, max_iter=1000, random_state=1).fit(
        geyser
    )
    ends = [tuple(e.history[:1]) for m in (many, other) for e in m.fit_.starts]
    assert len(set(ends)) > 4


def test_tol_is_how_near_the_end_must_be(iris):
    how = {"n_components": 3, "random_state": 0}
    rough, fine = (MixtureModel(tol=tol, **how).fit(iris) for tol in (0.3, 1e-8))
    assert rough.n_iter_ < fine.n_iter_
    assert rough.fit_.error <= 0.3
    assert fine.fit_.error <= 1e-8


@pytest.mark.parametrize("init", INITS)
def test_rows_of_weight_0_are_no_seeds(init):
    """A far group that does not count draws no component."""
    X = np.r_[normal_rows(60, 2), normal_rows(60, 2, seed=1) + 50]
    weight = np.repeat([1.0, 0.0], 60)
    found = MixtureModel(2, init_params=init, random_state=0, max_iter=0)
    found.fit(X, sample_weight=weight)
    assert np.abs(found.means_).max() < 5


# ------------------------------------------------------------------------- weights


@pytest.mark.parametrize("init", INITS)
def test_a_weight_of_two_is_the_row_twice(init):
    """Starts included, in any order of the rows."""
    rng = np.random.default_rng(3)
    X = normal_rows(80, 2) + 4 * rng.integers(3, size=(80, 1))
    weight = rng.integers(0, 4, size=80)
    how = {"n_components": 3, "init_params": init, "random_state": 0, "max_iter": 1000}
    weighted = MixtureModel(**how).fit(X, sample_weight=weight)
    repeated = MixtureModel(**how).fit(rng.permutation(np.repeat(X, weight, axis=0)))
    np.testing.assert_allclose(
        weighted.score_samples(X), repeated.score_samples(X), atol=1e-8
    )
    score = weighted.score(X, sample_weight=weight)
    assert score == pytest.approx(weighted.lower_bound_, rel=1e-10)


# ------------------------------------------------------------------------ collapse


def floored(kind, n=12, d=20, K=2, least=1e-3):
    X = normal_rows(n, d)
    model = MixtureModel(K, covariance_type=kind, reg_covar=least, random_state=0)
    with pytest.warns(ConvergenceWarning, match=r"no variance below 0.001"):
        return X, model.fit(X)


@pytest.mark.parametrize("kind", ["full", "tied"])
def test_more_columns_than_rows_are_fitted_above_the_floor_and_it_is_said(kind):
    X, model = floored(kind)
    least = np.linalg.eigvalsh(model.covariances_).min()
    assert least == pytest.approx(1e-3, rel=1e-6)
    assert np.isfinite(model.score(X))
    assert (np.diff(model.fit_.history) > -1e-8).all()
    assert "no variance is below 0.001" in model.fit_.reason


def test_a_constant_column_is_fitted_above_the_floor_and_it_is_named():
    X = np.column_stack([normal_rows(50, 1), np.full(50, 7.0)])
    with pytest.warns(ConvergenceWarning, match="column 1 is constant, all equal to 7"):
        model = MixtureModel(covariance_type="diag", reg_covar=0.01).fit(X)
    assert model.covariances_[0, 1] == pytest.approx(0.01)
    assert model.covariances_[0, 0] == pytest.approx(X[:, 0].var())
    assert model.converged_


@pytest.mark.parametrize("kind", ["full", "tied", "diagonal", "spherical"])
def test_a_step_above_the_floor_is_the_best_there_is(kind):
    """No other covariance above the floor is likelier, as far as random ones tell."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 3)) * [1.0, 0.1, 0.1]
    floor = Floor(0.04)
    share = rng.dirichlet([1, 1], 40).T
    model = mx.Mixture(2 * [mx.MultivariateNormal(covariance=kind, d=3)])
    engine = Engine(model, Rows(x, None), priors=floor)
    found = engine.mixture(engine.first(share))

    def height(mixture):
        return float((share.T * mixture.log_joint(x)).sum())

    for _ in range(200):
        noise = [
            0.05 * (a + a.T) for a in rng.normal(size=(2, 3, 3)) * rng.choice([0.05, 1])
        ]
        if kind == "tied":
            noise[1] = noise[0]
        if kind in ("diagonal", "spherical"):
            noise = [np.diag(np.diag(a)) for a in noise]
        if kind == "spherical":
            noise = [np.eye(3) * a[0, 0] for a in noise]
        parts = [
            mx.MultivariateNormal(
                c.mean, _above(floor, c.cov + a, kind), covariance=kind
            )
            for c, a in zip(found.components, noise, strict=True)
        ]
        assert height(mx.Mixture(parts, found.weights)) <= height(found) + 1e-9


def _above(floor, cov, kind):
    axial = kind in ("diagonal", "spherical")
    raised = floor.bounded("cov", (np.diag(cov) if axial else cov)[None])[0]
    return np.diag(raised) if axial else raised


def test_a_fit_that_stands_is_not_changed_by_reg_covar(geyser):
    fits = [
        MixtureModel(2, reg_covar=reg, random_state=0).fit(geyser)
        for reg in (0, 1e-6, 10.0)
    ]
    a, b, c = (fit.score(geyser) for fit in fits)
    assert a == b == pytest.approx(c, abs=1e-7)  # 10 raises the start, not the limit


def test_reg_covar_0_makes_a_collapse_an_error():
    with pytest.raises(ValueError, match="set reg_covar above 0"):
        MixtureModel(2, reg_covar=0, random_state=0).fit(normal_rows(12, 20))


def test_a_collapse_of_another_family_is_an_error():
    X = np.r_[np.zeros(30), np.arange(3.0)][:, None]
    with pytest.raises(ValueError, match="collapsed"):
        MixtureModel(2, component=mx.Normal(), random_state=0).fit(X)


def test_not_converging_is_a_warning_of_scikit_learn(geyser):
    with pytest.warns(ConvergenceWarning, match="max_iter = 2"):
        model = MixtureModel(3, max_iter=2, random_state=0).fit(geyser)
    assert not model.converged_


# ----------------------------------------------------------- other components, models


def test_any_component_on_one_column():
    X = counts()
    model = MixtureModel(2, component=mx.Poisson(), random_state=0).fit(X)
    best = mx.em(mx.Mixture(2 * [mx.Poisson()]), X[:, 0])
    assert model.score(X) * len(X) == pytest.approx(best.log_likelihood, abs=1e-5)
    assert isinstance(model.fit_, mx.Fit)
    assert model.aic(X) == pytest.approx(model.fit_.aic)
    assert model.bic(X) == pytest.approx(model.fit_.bic)
    sampled, z = model.sample(7)
    assert (sampled.shape, z.shape) == ((7, 1), (7,))
    assert not hasattr(model, "means_")
    with pytest.raises(AttributeError, match=r"mixture_\.components"):
        _ = model.means_


@pytest.mark.parametrize("init", INITS)
def test_every_init_params_starts_every_family(init):
    X = counts()
    model = MixtureModel(
        2, component=mx.NegativeBinomial(), init_params=init, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        assert np.isfinite(model.fit(X).score(X))


def test_a_whole_model_with_known_parts():
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.uniform(0, 10, 300), rng.normal(4, 0.1, 100)])
    known = mx.Mixture([mx.Normal(sd=0.1), mx.Uniform(0, 10)])
    model = MixtureModel(mixture=known, n_init=10, random_state=0).fit(x[:, None])
    assert model.mixture_.components[1] == mx.Uniform(0, 10)
    assert model.mixture_.components[0].mean == pytest.approx(4, abs=0.05)
    assert model.weights_[0] == pytest.approx(0.25, abs=0.05)


def penguin_like():
    """Rows of a number with gaps and a code, in an order that is not the model's."""
    rng = np.random.default_rng(0)
    z = rng.integers(2, size=200)
    flipper = rng.normal(190 + 25 * z, 6)
    flipper[::17] = np.nan
    sex = (rng.random(200) < 0.2 + 0.6 * z).astype(int)
    return pd.DataFrame({"sex": sex, "flipper": flipper}), z


def product():
    return mx.Product({"flipper": mx.Normal(), "sex": mx.Categorical(n=2)})


def test_columns_go_by_name_and_may_have_gaps():
    frame, z = penguin_like()
    model = MixtureModel(2, component=product(), random_state=0).fit(frame)
    assert list(model.feature_names_in_) == ["sex", "flipper"]
    assert np.mean(model.predict(frame) == z) > 0.9
    direct = mx.em(mx.Mixture(2 * [product()]), frame)
    assert model.fit_.log_likelihood == pytest.approx(direct.log_likelihood, abs=1e-5)
    X, _ = model.sample(500)
    assert set(np.unique(X[:, 0])) == {0.0, 1.0}
    assert X[:, 1].min() > 100
    with pytest.raises(ValueError, match=r"flipper, sex, got sex, flipper, year"):
        clone(model).fit(frame.assign(year=2007))
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[["flipper", "sex"]])


def test_normal_rows_may_have_gaps(geyser):
    X = geyser.copy()
    X[::9, 0] = np.nan
    model = MixtureModel(2, random_state=0).fit(X)
    direct = mx.em(mx.gaussian_mixture(2), X)
    assert model.fit_.log_likelihood == pytest.approx(direct.log_likelihood, abs=1e-5)
    assert model.__sklearn_tags__().input_tags.allow_nan


def test_a_family_without_gaps_refuses_them():
    model = MixtureModel(2, component=mx.Poisson())
    assert not model.__sklearn_tags__().input_tags.allow_nan
    with pytest.raises(ValueError, match="contains NaN"):
        model.fit(np.r_[counts(), [[np.nan]]])


# ------------------------------------------------------------------ in scikit-learn


def test_it_works_at_the_end_of_a_pipeline(geyser):
    pipe = make_pipeline(StandardScaler(), MixtureModel(2, random_state=0))
    labels = pipe.fit_predict(geyser)
    assert sorted(np.bincount(labels)) == [97, 175]
    scale = np.log(geyser.std(axis=0)).sum()
    alone = MixtureModel(2, random_state=0).fit(geyser).score(geyser)
    assert pipe.score(geyser) == pytest.approx(alone + scale, abs=1e-6)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_grid_search_over_components_and_covariances(geyser):
    grid = {"n_components": [1, 2], "covariance_type": list(TYPES)}
    model = MixtureModel(random_state=0)
    search = GridSearchCV(model, grid, cv=3, error_score="raise").fit(geyser)
    assert search.best_params_["n_components"] == 2
    assert search.best_estimator_.converged_
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_a_grid_search_over_families():
    grid = {"component": [mx.Poisson(), mx.Geometric()]}
    model = MixtureModel(2, random_state=0)
    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(counts())
    assert search.best_params_["component"] == mx.Poisson()


def test_a_clone_has_the_arguments_and_not_the_fit(geyser):
    model = MixtureModel(2, component=mx.MultivariateNormal(), random_state=0)
    copy = clone(model.fit(geyser))
    assert copy.get_params() == model.get_params()
    assert not hasattr(copy, "mixture_")
    assert copy.fit(geyser).mixture_ == model.mixture_


def test_it_pickles(geyser):
    model = MixtureModel(2, random_state=0).fit(geyser)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(
        again.predict_proba(geyser), model.predict_proba(geyser)
    )
    assert again.fit_.log_likelihood == model.fit_.log_likelihood


def test_a_data_frame_gives_feature_names(geyser):
    frame = pd.DataFrame(geyser, columns=["eruptions", "waiting"])
    model = MixtureModel(2, random_state=0).fit(frame)
    assert list(model.feature_names_in_) == ["eruptions", "waiting"]
    assert model.n_features_in_ == 2
    with pytest.warns(UserWarning, match="feature names"):
        model.predict(geyser)


def test_samples_have_the_moments_of_the_mixture(geyser):
    model = MixtureModel(2, random_state=0).fit(geyser)
    X, z = model.sample(20_000)
    assert X.shape == (20_000, 2)
    np.testing.assert_allclose(np.bincount(z) / 20_000, model.weights_, atol=0.02)
    np.testing.assert_allclose(X.mean(axis=0), geyser.mean(axis=0), rtol=0.02)
    np.testing.assert_array_equal(model.sample(5)[0], model.sample(5)[0])


def test_the_same_seed_gives_the_same_fit(iris):
    for state in (0, 5):
        a, b = (
            MixtureModel(3, init_params="random", random_state=state, max_iter=1000)
            for _ in range(2)
        )
        assert a.fit(iris).mixture_ == b.fit(iris).mixture_
    state = np.random.RandomState(0)
    drawn = [MixtureModel(random_state=state).fit(iris).sample(3)[0] for _ in range(2)]
    assert (drawn[0] != drawn[1]).all()


def test_nothing_is_drawn_from_global_random_state(iris):
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    MixtureModel(3, random_state=0).fit(iris).sample(3)
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_a_warm_start_goes_on(geyser):
    model = MixtureModel(3, max_iter=5, warm_start=True, random_state=0, tol=1e-6)
    scores = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for _ in range(4):
            scores.append(model.fit(geyser).score(geyser))
    assert scores == sorted(scores)
    assert scores[-1] > scores[0] + 1e-6
    model.set_params(max_iter=5000).fit(geyser)
    assert model.fit(geyser).n_iter_ < 30
    with pytest.raises(ValueError, match="set warm_start=False"):
        model.set_params(n_components=2).fit(geyser)


def test_verbose_prints_starts_and_steps(geyser, capsys):
    MixtureModel(2, verbose=2, verbose_interval=5, random_state=0).fit(geyser)
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "Initialization 0"
    assert said[1].startswith("  Iteration 5\tlog-likelihood -1")
    MixtureModel(2, random_state=0).fit(geyser)
    assert capsys.readouterr().out == ""
    MixtureModel(2, verbose=1, verbose_interval=2, n_init=3, random_state=0).fit(geyser)
    said = capsys.readouterr().out.splitlines()
    assert [line for line in said if line.startswith("I")] == [
        f"Initialization {k}" for k in range(3)
    ]
    steps = [line for line in said if not line.startswith("I")]
    assert steps
    assert all(re.fullmatch(r"  Iteration \d+", line) for line in steps)


# -------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    "method", ["predict", "predict_proba", "score", "score_samples", "aic", "bic"]
)
def test_before_fit_everything_says_so(iris, method):
    with pytest.raises(NotFittedError):
        getattr(MixtureModel(), method)(iris)
    with pytest.raises(NotFittedError):
        MixtureModel().sample()
    assert not hasattr(MixtureModel(), "means_")


POISSON = mx.Poisson()
KNOWN = mx.Mixture([mx.Poisson(1.0), mx.Poisson()])


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ({"n_components": 0}, ValueError, "n_components == 0, must be >= 1"),
        ({"n_components": 2.5}, TypeError, "n_components must be an instance of"),
        ({"tol": -1.0}, ValueError, "tol must be a finite number not below 0, got -1"),
        ({"tol": math.inf}, ValueError, "tol must be"),
        ({"tol": np.nan}, ValueError, "tol must be .* got nan"),
        ({"tol": "small"}, TypeError, "tol must be an instance of"),
        ({"reg_covar": -1e-6}, ValueError, "reg_covar must be"),
        ({"reg_covar": np.inf}, ValueError, "reg_covar must be"),
        ({"max_iter": -1}, ValueError, "max_iter == -1"),
        ({"n_init": 0}, ValueError, "n_init == 0"),
        ({"covariance_type": "diagonal"}, ValueError, "one of full, tied, diag, sph"),
        ({"covariance_type": ["full"]}, ValueError, "covariance_type must be one of"),
        ({"init_params": "best"}, ValueError, "init_params must be one of kmeans"),
        ({"random_state": "x"}, ValueError, "cannot be used to seed"),
        ({"warm_start": 2}, TypeError, "warm_start must be an instance of"),
        ({"verbose": -1}, ValueError, "verbose == -1"),
        ({"verbose_interval": 0}, ValueError, "verbose_interval == 0"),
        ({"weights_init": [0.5]}, ValueError, r"shape \(2,\), got shape \(1,\)"),
        ({"weights_init": [0.5, 0.6]}, ValueError, "weights_init must not be neg"),
        ({"weights_init": [-0.5, 1.5]}, ValueError, "weights_init must not be neg"),
        ({"means_init": [[1.0], [2.0]]}, ValueError, r"shape \(2, 2\), got shape"),
        ({"means_init": [[1, np.nan]] * 2}, ValueError, "some that are not finite"),
        ({"means_init": "ab"}, TypeError, "means_init must be numbers"),
        ({"precisions_init": np.eye(2)}, ValueError, r"shape \(2, 2, 2\)"),
        (
            {"precisions_init": [-np.eye(2)] * 2},
            ValueError,
            "symmetric and positive definite",
        ),
        (
            {"precisions_init": [[1.0, -1.0], [1.0, 1.0]], "covariance_type": "diag"},
            ValueError,
            "symmetric and positive definite",
        ),
        (
            {"component": POISSON, "covariance_type": "diag"},
            ValueError,
            "covariance_type must be left out where component describes the model",
        ),
        ({"component": POISSON, "reg_covar": 0}, ValueError, "reg_covar must be left"),
        (
            {"component": POISSON, "means_init": [1, 2]},
            ValueError,
            "means_init must be left out",
        ),
        ({"component": POISSON}, ValueError, "pass one column"),
        ({"component": "normal"}, TypeError, "must have log_prob, fit and n_free"),
        ({"mixture": POISSON}, TypeError, "mixture must be a mixnotes.Mixture"),
        ({"mixture": KNOWN}, ValueError, "n_components must be left out where mixture"),
        (
            {"mixture": KNOWN, "n_components": 1, "component": POISSON},
            ValueError,
            "component must be left out",
        ),
        (
            {"mixture": KNOWN, "n_components": 1, "init_params": "random"},
            ValueError,
            "init_params must be left out",
        ),
        (
            {"mixture": KNOWN, "n_components": 1, "max_iter": 0},
            ValueError,
            "max_iter must be at least 1",
        ),
    ],
    ids=str,
)
def test_a_bad_argument_is_told_at_fit(geyser, arguments, kind, words):
    model = MixtureModel(**{"n_components": 2} | arguments)
    with pytest.raises(kind, match=words):
        model.fit(geyser)


def test_bad_data_are_told(geyser):
    with pytest.raises(ValueError, match="at least as many observations"):
        MixtureModel(5).fit(geyser[:4])
    with pytest.raises(ValueError, match="sample_weight must be finite and not neg"):
        MixtureModel().fit(geyser, sample_weight=-np.ones(272))
    with pytest.raises(ValueError, match="infinity"):
        MixtureModel().fit([[1.0, np.inf], [0.0, 1.0]])
    with pytest.raises(ValueError, match="enough digits"):
        MixtureModel().fit((1e6 + normal_rows(50, 2)).astype(np.float32))
    with pytest.raises(ValueError, match="n_samples == 0, must be >= 1"):
        MixtureModel().fit(geyser).sample(0)
    with pytest.raises(ValueError, match="whole numbers"):
        MixtureModel(component=mx.Poisson()).fit([[0.5], [1.0]])


def test_without_scikit_learn_the_import_says_what_to_install():
    code = (
        "import sys; sys.modules['sklearn'] = None; import mixnotes\n"
        "try: import mixnotes.sklearn\n"
        "except ImportError as error: print(error)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "pip install 'scikit-learn>=1.6'" in run.stdout, run.stderr
