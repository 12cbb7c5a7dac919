"""Multivariate normals: one alone, many in a mixture, and their fourteen models."""

import numpy as np
import pytest
import scipy.optimize
import scipy.stats

import mixnotes as mx
from mixnotes.numeric import covariance

MEAN, COV = [1.0, -2.0, 0.5], [[2.0, 0.3, -0.5], [0.3, 1.0, 0.1], [-0.5, 0.1, 0.7]]
ONE = mx.MultivariateNormal(MEAN, COV)
RNG = np.random.default_rng(0)


def blobs(n=300, d=3, k=3, seed=0):
    """Draws from k normals of different volumes, shapes and orientations."""
    rng = np.random.default_rng(seed)
    parts = []
    for _ in range(k):
        factor = rng.normal(size=(d, d)) + np.eye(d)
        parts.append(rng.normal(0, 4, d) + rng.normal(size=(n // k, d)) @ factor)
    return np.concatenate(parts), np.repeat(np.arange(k), n // k)


def start_of(model, x, labels):
    """Each component fitted to its own group."""
    groups = [x[labels == k] for k in range(len(model.components))]
    parts = [c.fit(g) for c, g in zip(model.components, groups, strict=True)]
    return mx.Mixture(parts, np.array([len(g) for g in groups]) / len(x))


# ------------------------------------------------------------------------- one alone


def test_the_log_density_is_that_of_scipy_in_the_bulk_and_the_tails():
    x = np.r_[ONE.sample(50, rng=1), 30 * RNG.normal(size=(50, 3))]
    expected = scipy.stats.multivariate_normal(MEAN, COV).logpdf(x)
    np.testing.assert_allclose(ONE.log_prob(x), expected, rtol=1e-11)


def test_samples_have_the_moments():
    x = ONE.sample(20_000, rng=2)
    np.testing.assert_allclose(x.mean(axis=0), MEAN, atol=0.06)
    np.testing.assert_allclose(np.cov(x.T), COV, atol=0.1)
    assert np.array_equal(x, ONE.sample(20_000, rng=2))


def test_the_fit_is_the_mean_and_the_covariance_of_the_rows():
    x, w = ONE.sample(40, rng=3), RNG.exponential(size=40)
    fitted = mx.MultivariateNormal().fit(x, w)
    np.testing.assert_allclose(fitted.mean, w @ x / w.sum(), rtol=1e-12)
    expected = np.cov(x.T, aweights=w, bias=True)
    np.testing.assert_allclose(fitted.cov, expected, rtol=1e-10, atol=1e-14)
    about = mx.MultivariateNormal(mean=[0, 0, 0]).fit(x)
    np.testing.assert_allclose(about.cov, x.T @ x / 40, rtol=1e-10)
    kept = mx.MultivariateNormal(cov=COV).fit(x)
    np.testing.assert_allclose(kept.mean, x.mean(axis=0), rtol=1e-12)
    assert np.array_equal(kept.cov, COV)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("diagonal", lambda s: np.diag(np.diag(s))),
        ("spherical", lambda s: np.eye(3) * np.trace(s) / 3),
        ("tied", lambda s: s),
    ],
)
def test_the_kinds_of_covariance(name, expected):
    x = ONE.sample(60, rng=4)
    fitted = mx.MultivariateNormal(covariance=name).fit(x)
    sample_cov = np.cov(x.T, bias=True)
    np.testing.assert_allclose(fitted.cov, expected(sample_cov), rtol=1e-10, atol=1e-14)


def test_copies_pickles_and_json_are_the_same():
    import copy
    import pickle

    for component in (
        ONE,
        mx.MultivariateNormal(d=2, covariance="VEV"),
        mx.MultivariateNormal(),
    ):
        for other in (
            copy.deepcopy(component),
            pickle.loads(pickle.dumps(component)),
            mx.from_json(component.to_json()),
            eval(repr(component), vars(mx)),
        ):
            assert other == component
            assert hash(other) == hash(component)
    with pytest.raises(ValueError, match="read-only"):
        ONE.cov[0, 0] = 5


def test_a_mixture_has_a_mean_vector_and_a_covariance_matrix():
    mixture = mx.Mixture([ONE, mx.MultivariateNormal([0, 0, 4], np.eye(3))], [0.3, 0.7])
    x = mixture.sample(200_000, rng=0)
    np.testing.assert_allclose(mixture.mean(), x.mean(axis=0), atol=0.03)
    np.testing.assert_allclose(mixture.variance(), np.cov(x.T), atol=0.05)


def test_a_fit_prints_vectors_and_matrices():
    x = ONE.sample(50, rng=0)[:, :2]
    text = str(mx.em(mx.Mixture([mx.MultivariateNormal(mean=[0.5, 0])]), x))
    assert "MultivariateNormal(mean=[0.5, 0] (given), cov=[[" in text


# ----------------------------------------------------------------- in other places


def test_shifts_and_scales_of_single_columns_move_the_fit_with_them():
    """Offsets of 1e8 and units of 1e-9 and 1e9, the full model."""
    x, labels = blobs()
    shift, scale = np.array([1e8, -3.0, 0.0]), np.array([1.0, 1e-9, 1e9])
    y = shift * scale + scale * x
    model = mx.gaussian_mixture(3)
    here = mx.em(model, x, start=start_of(model, x, labels))
    there = mx.em(model, y, start=start_of(model, y, labels))
    assert there.log_likelihood + len(x) * np.log(scale).sum() == pytest.approx(
        here.log_likelihood, abs=1e-5
    )
    for a, b in zip(here.mixture.components, there.mixture.components, strict=True):
        np.testing.assert_allclose((b.mean / scale - shift), a.mean, atol=1e-5)
        np.testing.assert_allclose(b.cov / np.outer(scale, scale), a.cov, atol=1e-5)


@pytest.mark.parametrize("gap", [1e2, 1e5, 1e8])
def test_groups_that_are_far_apart_and_sharp_keep_their_digits(gap):
    """The ratio of distance to width at which squares lose everything."""
    rng = np.random.default_rng(1)
    near, far = rng.normal(size=(100, 2)), gap + rng.normal(size=(150, 2))
    fit = mx.em(mx.gaussian_mixture(2), np.r_[near, far])
    first, second = fit.mixture.components
    np.testing.assert_allclose(first.mean, near.mean(axis=0), atol=1e-9 + 1e-15 * gap)
    np.testing.assert_allclose(first.cov, np.cov(near.T, bias=True), rtol=1e-6)
    np.testing.assert_allclose(second.cov, np.cov(far.T, bias=True), rtol=1e-6)
    np.testing.assert_allclose(fit.mixture.weights, [0.4, 0.6], atol=1e-12)


def test_one_far_outlier_does_not_spoil_the_rest():
    x, _ = blobs(200, d=2, k=2)
    fit = mx.em(mx.gaussian_mixture(2, "spherical"), np.r_[x, [[1e7, 1e7]]])
    total = fit.mixture.log_prob(np.r_[x, [[1e7, 1e7]]]).sum()
    assert np.isfinite(fit.log_likelihood)
    assert fit.log_likelihood == pytest.approx(total, rel=1e-9)


def test_one_dimension_is_the_normal_on_the_line():
    x = mx.Mixture([mx.Normal(0, 1), mx.Normal(5, 2)], [0.4, 0.6]).sample(300, rng=0)
    line = mx.em(mx.Mixture(2 * [mx.Normal()]), x)
    space = mx.em(mx.gaussian_mixture(2), x[:, None])
    assert space.log_likelihood == pytest.approx(line.log_likelihood, abs=1e-6)


def test_a_collapse_is_reported_and_does_not_win():
    """Three equal rows among thirty: a component that sits on them has no width."""
    x = np.r_[np.random.default_rng(0).normal(size=(30, 2)), np.full((3, 2), 9.0)]
    spike = mx.MultivariateNormal([9.0, 9.0], 1e-3 * np.eye(2))
    wide = mx.MultivariateNormal([0.0, 0.0], np.eye(2))
    fit = mx.em(mx.gaussian_mixture(2), x, start=mx.Mixture([wide, spike], [0.9, 0.1]))
    assert fit.starts[0].collapsed
    assert fit.reason.startswith("collapsed: MultivariateNormal collapsed near x = [9")
    tied = mx.em(mx.gaussian_mixture(2, "tied"), x)
    assert tied.converged, tied.reason


# ------------------------------------------------------------- the fourteen models


@pytest.mark.parametrize("model", covariance.MODELS)
def test_the_m_step_of_each_model_has_no_higher_neighbour(model):
    """Among matrices of the model's own form, reached by a general optimiser."""
    x, labels = blobs(150, d=2, k=2, seed=3)
    weight = np.array([60.0, 90.0])
    scatter = np.array(
        [w * np.cov(x[labels == k].T, bias=True) for k, w in enumerate(weight)]
    )
    axial = model[2] == "I"
    given = np.einsum("kii->ki", scatter) if axial else scatter
    best = covariance.learn(model, weight, given, None)

    def minus(cov):
        inverse = np.linalg.inv(cov)
        log_det = np.linalg.slogdet(cov)[1]
        return 0.5 * (weight @ log_det + np.einsum("kij,kji->", inverse, scatter))

    def made(u):
        """Volume, shape and angle of two matrices from six numbers."""
        volume = np.exp([u[0], u[0] if model[0] == "E" else u[1]])
        free = {"I": [0, 0], "E": [u[2], u[2]], "V": [u[2], u[3]]}[model[1]]
        turn = {"I": [0, 0], "E": [u[4], u[4]], "V": [u[4], u[5]]}[model[2]]
        covs = []
        for v, shape, angle in zip(volume, free, turn, strict=True):
            c, s = np.cos(angle), np.sin(angle)
            axes = np.array([[c, -s], [s, c]])
            covs.append(v * axes @ np.diag(np.exp([shape, -shape])) @ axes.T)
        return np.array(covs)

    found = min(
        scipy.optimize.minimize(
            lambda u: minus(made(u)), RNG.normal(size=6), bounds=6 * [(-9, 9)]
        ).fun
        for _ in range(8)
    )
    full = best if best.ndim == 3 else np.array([np.diag(b) for b in best])
    assert minus(full) == pytest.approx(found, abs=1e-7)


@pytest.mark.parametrize("model", covariance.MODELS)
def test_the_likelihood_never_falls_under_any_model(model):
    x, labels = blobs(120, d=3, k=3, seed=5)
    mixture = mx.gaussian_mixture(3, model)
    labels = RNG.permutation(labels)  # a poor start
    fit = mx.em(mixture, x, start=start_of(mixture, x, labels), max_iter=200)
    assert np.all(np.diff(fit.history) >= 0)
    total = fit.mixture.log_prob(x).sum()
    assert fit.log_likelihood == pytest.approx(total, rel=1e-10)


@pytest.mark.parametrize("model", covariance.MODELS)
def test_the_free_numbers_are_those_of_mclust(model):
    """Celeux and Govaert (1995), table 1: three components in three dimensions."""
    volume = {"E": 1, "V": 3}[model[0]]
    shape = {"I": 0, "E": 2, "V": 6}[model[1]]
    turn = {"I": 0, "E": 3, "V": 9}[model[2]]
    mixture = mx.Mixture(3 * [mx.MultivariateNormal(d=3, covariance=model)])
    assert mixture.n_free == volume + shape + turn + 3 * 3 + 2


@pytest.mark.slow
def test_the_four_names_of_scikit_learn_are_four_of_the_models():
    pairs = {"full": "VVV", "tied": "EEE", "diagonal": "VVI", "spherical": "VII"}
    x, _ = blobs(90, d=2, k=2)
    for name, model in {**pairs, "diag": "VVI"}.items():
        named, lettered = (mx.em(mx.gaussian_mixture(2, m), x) for m in (name, model))
        assert named.log_likelihood == pytest.approx(lettered.log_likelihood, rel=1e-12)


def test_what_is_common_is_common():
    x, _ = blobs(200, d=2, k=3)
    covs = [c.cov for c in mx.em(mx.gaussian_mixture(3, "tied"), x).mixture.components]
    assert np.array_equal(covs[0], covs[1])
    assert np.array_equal(covs[0], covs[2])
    fit = mx.em(mx.gaussian_mixture(2, "EVI"), x)
    volumes = [np.linalg.det(c.cov) for c in fit.mixture.components]
    assert volumes[0] == pytest.approx(volumes[1], rel=1e-9)


# ----------------------------------------------------------------- what must not be

BAD = [
    (lambda: mx.MultivariateNormal([0, np.nan]), r"vector of finite numbers.*got"),
    (lambda: mx.MultivariateNormal(0.0), r"vector of finite numbers, shape \(d,\)"),
    (lambda: mx.MultivariateNormal([0, 0], [[1, 2], [2, 1]]), "positive definite"),
    (lambda: mx.MultivariateNormal([0, 0], [[1, 2], [0, 1]]), "symmetric"),
    (lambda: mx.MultivariateNormal([0, 0], np.eye(3)), r"one dimension, got \[2, 3\]"),
    (lambda: mx.MultivariateNormal(covariance="round"), "covariance must be one of"),
    (lambda: mx.gaussian_mixture(2, "round"), r"one of full, tied.*got 'round'"),
    (lambda: mx.gaussian_mixture(0), "K must be a whole number from 1 up, got 0"),
    (
        lambda: mx.MultivariateNormal([0, 0], [[2, 1], [1, 2]], "diagonal"),
        "cov must be diagonal, got",
    ),
    (
        lambda: mx.MultivariateNormal(cov=mx.Shared("c")),
        r'cov cannot be Shared.*covariance="tied"',
    ),
    (lambda: mx.MultivariateNormal().n_free, r"give d, for example"),
    (lambda: ONE.log_prob([[1.0, 2.0]]), r"dimension 3 takes x of shape \(n, 3\), got"),
    (lambda: mx.em(mx.gaussian_mixture(2), [1.0, 2.0]), r"write x\[:, None\]"),
    (
        lambda: mx.em(mx.gaussian_mixture(1), np.c_[np.arange(9.0), np.full(9, 3)]),
        "column 1 all equal to 3; leave it out",
    ),
    (
        lambda: mx.em(mx.Mixture([mx.Normal(), mx.Normal()]), np.ones((3, 2))),
        r"one number an observation, x of shape \(n,\), got shape \(3, 2\)",
    ),
    (
        lambda: mx.em(
            mx.Mixture(
                [
                    mx.MultivariateNormal(covariance="EEE"),
                    mx.MultivariateNormal(cov=np.eye(2), covariance="EEE"),
                ]
            ),
            blobs(d=2)[0],
        ),
        "must all have cov blank, or all given",
    ),
]


@pytest.mark.parametrize(("call", "words"), BAD)
def test_bad_input_gets_an_error_that_says_what_to_do(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_a_t_of_many_rows_may_be_narrow_beside_the_others():
    """What many rows carry is no collapse, down to what rounding leaves."""
    rng = np.random.default_rng(0)
    narrow, wide = 1e-9 * rng.normal(size=(80, 2)), rng.normal(size=(80, 2))
    model = mx.Mixture(2 * [mx.MultivariateStudentT(df=5.0)])
    start = mx.Mixture(
        [
            mx.MultivariateStudentT(5.0, [0, 0], 1e-16 * np.eye(2)),
            mx.MultivariateStudentT(5.0, [0, 0], np.eye(2)),
        ],
        [0.5, 0.5],
    )
    fit = mx.em(model, np.r_[narrow, wide], start=start)
    assert fit.converged, fit.reason
    assert fit.mixture.weights[0] == pytest.approx(0.5, abs=1e-3)
    sd = np.sqrt(np.diag(fit.mixture.components[0].shape))
    np.testing.assert_allclose(sd, 1e-9, rtol=0.3)


def test_one_column_may_be_given_by_its_number():
    plane = mx.Mixture(
        [
            mx.MultivariateNormal([0, 1], np.eye(2)),
            mx.MultivariateNormal([5, 6], 2 * np.eye(2)),
        ],
        [0.5, 0.5],
    )
    assert plane.marginal(1) == plane.marginal([1])


def test_a_conditional_of_one_column_has_quantiles():
    """An interval of a prediction: by the conditional normals, and by draws."""
    cov = [[[1.0, 0.8], [0.8, 1.0]], [[1.0, -0.5], [-0.5, 2.0]]]
    parts = [
        mx.MultivariateNormal([0, 0], cov[0]),
        mx.MultivariateNormal([1, 4], cov[1]),
    ]
    there = mx.Mixture(parts, [0.5, 0.5]).conditional({0: 0.5})
    low, high = there.quantile([0.05, 0.95])
    np.testing.assert_allclose(there.cdf([low, high]), [0.05, 0.95], atol=1e-12)
    draws = there.sample(100_000, rng=0)[:, 0]
    assert np.mean((draws > low) & (draws < high)) == pytest.approx(0.9, abs=0.005)
    alike = mx.MultivariateStudentT(5.0, [0, 0], cov[0])
    one = mx.Mixture([alike]).conditional({0: 0.5})
    part = one.components[0]
    line = scipy.stats.t(part.df, part.loc[0], np.sqrt(part.shape[0, 0]))
    np.testing.assert_allclose(one.quantile([0.05]), line.ppf([0.05]), rtol=1e-9)
    with pytest.raises(
        TypeError, match="cdf and quantile are of one column, and Multi"
    ):
        mx.Mixture(parts, [0.5, 0.5]).quantile([0.5])
