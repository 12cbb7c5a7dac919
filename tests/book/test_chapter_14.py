"""Chapter 14's model and maxima, against quadrature and scikit-learn."""

from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, stats
from sklearn.decomposition import PCA, FactorAnalysis

import livefence.page
import mixnotes as mx

PAGE = Path(__file__).parents[2] / "docs/chapters/14-hidden-number.md"
NAMES = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]


@pytest.fixture(scope="module")
def ours():
    """The page's own em_step and log_likelihood."""
    page = livefence.page.read(PAGE)
    code = next(f.source for f in page.fences if "def em_step(" in f.source)
    space = {}
    exec(code, space)
    return space


def gentoos():
    birds = mx.datasets.penguins()
    x = np.array([birds[name] for name in NAMES]).T[birds["species"] == "Gentoo"]
    x = x[~np.isnan(x).any(axis=1)]
    return (x - x.mean(axis=0)) / x.std(axis=0)


def threes():
    written = mx.datasets.digits()
    x = written["pixels"][written["digit"] == 3]
    x = x[:, x.std(axis=0) > 0.5]
    return x - x.mean(axis=0)


def climb(ours, x, m, alike, steps):
    rng = np.random.default_rng(0)
    W, noise = rng.normal(size=(x.shape[1], m)), np.ones(x.shape[1])
    path = []
    for _ in range(steps):
        path.append(ours["log_likelihood"](x, W, noise))
        W, noise = ours["em_step"](x, W, noise, alike=alike)
    assert np.diff(path).min() > -1e-8  # EM climbs
    return W, noise, ours["log_likelihood"](x, W, noise)


@pytest.mark.parametrize("m", [1, 2])
@pytest.mark.parametrize(("data", "steps"), [(gentoos, 3000), (threes, 4000)])
def test_em_for_probabilistic_pca_ends_where_scikit_learns_pca_is(ours, data, steps, m):
    """Its score is the log-likelihood of the same model, with n - 1 in place of n."""
    x = data()
    n, d = x.shape
    W, noise, fit = climb(ours, x, m, True, steps)
    pca = PCA(m).fit(x)
    shrink = (n - 1) / n
    assert noise[0] == pytest.approx(pca.noise_variance_ * shrink, rel=1e-6)
    cov = pca.get_covariance() * shrink
    np.testing.assert_allclose(W @ W.T + np.diag(noise), cov, atol=1e-4 * cov.max())
    exact = stats.multivariate_normal(np.zeros(d), cov).logpdf(x).sum()
    assert fit == pytest.approx(exact, abs=1e-4)
    cosines = np.linalg.svd(np.linalg.qr(W)[0].T @ pca.components_.T)[1]
    assert cosines.min() > 1 - 1e-8  # the same subspace


@pytest.mark.parametrize("m", [1, 2])
def test_em_for_factor_analysis_ends_where_scikit_learn_does(ours, m):
    """The log-likelihood; the covariance where the model is identifiable, m = 1."""
    x = gentoos() if m == 1 else threes()
    W, noise, fit = climb(ours, x, m, False, 4000)
    fa = FactorAnalysis(m, tol=1e-12, max_iter=20_000, svd_method="lapack").fit(x)
    theirs = fa.score(x) * len(x)
    assert fit == pytest.approx(theirs, abs=2e-3)
    np.testing.assert_allclose(
        W @ W.T + np.diag(noise), fa.get_covariance(), atol=2e-2 * x.var()
    )


def test_the_hidden_number_is_integrated_out_by_quadrature():
    """p(x) and the posterior's mean and variance, at a few rows of three columns."""
    W, noise = np.array([1.2, -0.5, 2.0]), np.array([0.7, 1.5, 0.3])
    C = np.outer(W, W) + np.diag(noise)
    V = 1 / (1 + W @ (W / noise))
    for x in ([0.3, -1.0, 2.0], [4.0, 1.0, -2.0]):

        def joint(z, power, x=x):
            p = stats.norm.pdf(z) * stats.norm.pdf(x, W * z, noise**0.5).prod()
            return p * z**power

        total, first, second = (
            integrate.quad(joint, -12, 12, (k,), epsabs=0, limit=400)[0]
            for k in range(3)
        )
        direct = stats.multivariate_normal([0, 0, 0], C).pdf(x)
        assert total == pytest.approx(direct, rel=1e-7)
        mean = V * (W / noise) @ x
        assert first / total == pytest.approx(mean, rel=1e-6)
        assert second / total - mean**2 == pytest.approx(V, rel=1e-5)


def test_no_covariance_of_that_form_is_higher_than_the_closed_form(ours):
    """A thousand others, near and far, with the noise learned or given."""
    x, rng = gentoos(), np.random.default_rng(1)
    values, vectors = np.linalg.eigh(np.cov(x.T, bias=True))
    for given in (None, 0.05, 0.9):
        s2 = values[:2].mean() if given is None else given
        W = vectors[:, 2:] * np.maximum(values[2:] - s2, 0) ** 0.5
        top = ours["log_likelihood"](x, W, np.full(4, s2))
        for _ in range(350):
            far = rng.choice([0.003, 0.1, 1])
            other = W + far * rng.normal(size=W.shape)
            v = s2 * np.exp(far * rng.normal()) if given is None else s2
            assert ours["log_likelihood"](x, other, np.full(4, v)) <= top + 1e-9


def test_in_the_limit_the_e_step_is_a_projection_and_the_space_stays(ours):
    """For given noise the best loadings span the principal space; the mean of z tends
    to the orthogonal projection."""
    x = threes()
    first = PCA(2).fit(x).components_.T
    values, vectors = np.linalg.eigh(np.cov(x.T, bias=True))
    for s2 in (values[-2] * 0.9, 1.0, 1e-8):
        W = vectors[:, -2:] * (values[-2:] - s2) ** 0.5
        G = W.T / s2
        z = x @ G.T @ np.linalg.inv(np.eye(2) + G @ W)
        share = 1 - s2 / values[-2:]
        along = x @ vectors[:, -2:]
        # how far out the beads are, along each axis
        np.testing.assert_allclose(z @ W.T @ vectors[:, -2:], along * share, atol=1e-6)
        assert np.linalg.svd(np.linalg.qr(W)[0].T @ first)[1].min() > 1 - 1e-10
    np.testing.assert_allclose(z @ W.T, x @ first @ first.T, atol=1e-5)


def test_between_the_two_regressions_all_lines_fit_equally_and_beyond_none():
    birds = mx.datasets.penguins()
    names = ["flipper_length_mm", "bill_length_mm"]
    x = np.array([birds[name] for name in names]).T[birds["species"] == "Gentoo"]
    x = x[~np.isnan(x).any(axis=1)]
    S = np.cov(x.T, bias=True)
    ann = stats.linregress(x[:, 0], x[:, 1]).slope
    ben = 1 / stats.linregress(x[:, 1], x[:, 0]).slope
    for slope in np.linspace(ann, ben, 9):
        w = np.sqrt([S[0, 1] / slope, S[0, 1] * slope])
        noise = np.diag(S) - w**2
        assert noise.min() > -1e-9
        np.testing.assert_allclose(np.outer(w, w) + np.diag(noise), S)
    for slope in (ann * 0.99, ben * 1.01):
        w = np.sqrt([S[0, 1] / slope, S[0, 1] * slope])
        assert (np.diag(S) - w**2).min() < 0


def test_a_rotation_of_the_loadings_is_the_same_distribution():
    x = threes()
    part = mx.FactorNormal(2).fit(x)
    rng = np.random.default_rng(2)
    for _ in range(5):
        turn, _ = np.linalg.qr(rng.normal(size=(2, 2)))
        W = part.loadings @ turn
        other = mx.FactorNormal(2, part.mean, W, part.noise)
        np.testing.assert_allclose(other.log_prob(x), part.log_prob(x), rtol=1e-9)


def test_the_mixture_on_digits_is_near_the_digits_from_other_seeds_too():
    written = mx.datasets.digits()
    some = np.isin(written["digit"], [3, 5, 8])
    digit, pixels = written["digit"][some], written["pixels"][some]
    x = pixels[:, pixels.std(axis=0) > 0.5]
    model = mx.gaussian_mixture(3, mx.Factors(2, noise="spherical"))
    fits = [mx.em(model, x, starts=3, rng=seed) for seed in (0, 5)]
    assert fits[0].log_likelihood == pytest.approx(fits[1].log_likelihood, abs=1e-3)
    z = fits[0].mixture.predict(x)
    most = [max((digit[z == k] == d).sum() for d in (3, 5, 8)) for k in range(3)]
    assert round(sum(most) / len(x), 2) == 0.95
