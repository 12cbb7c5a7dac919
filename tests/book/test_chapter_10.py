"""Chapter 10's numbers, against scikit-learn, scipy, published theory, other code."""

import re
from functools import partial

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import minimize_scalar, nnls
from sklearn.mixture import GaussianMixture

import mixnotes as mx
from tests.book import chains

pytestmark = pytest.mark.slow
ran = partial(chains.ran, "10-how-many")


def climb(x, start, floor=0.0, steps=4000):
    """Plain EM for normals whose standard deviations are clipped to a floor, which is
    the exact M-step above it: the log-likelihood at its end."""
    weight, mean, sd = map(np.array, zip(*start, strict=True))
    for _ in range(steps):
        joint = np.log(weight) + stats.norm.logpdf(x[:, None], mean, sd)
        total = np.logaddexp.reduce(joint, axis=1)
        r = np.exp(joint - total[:, None])
        size = r.sum(axis=0)
        weight, mean = size / len(x), r.T @ x / size
        sd = np.sqrt((r * (x[:, None] - mean) ** 2).sum(axis=0) / size)
        sd = np.maximum(sd, floor)
    return total.sum(), (weight, mean, sd)


def bic(log_likelihood, K, n=82):
    return -2 * log_likelihood + (3 * K - 1) * np.log(n)


@pytest.mark.parametrize(
    ("name", "K", "value"),
    [
        ("typed", 3, 441.61),
        ("typed", 5, 441.84),
        ("mended", 3, 442.22),
        ("mended", 6, 440.06),
    ],
)
def test_the_four_bics_are_those_of_scikit_learn(name, K, value):
    """It stays where the page's fit ended, with the same BIC."""
    found = ran("free[name]")
    x, mixture = found[name], found["free"][name][K].mixture
    other = GaussianMixture(
        K,
        reg_covar=0,
        tol=1e-12,
        max_iter=5000,
        weights_init=mixture.weights,
        means_init=[[c.mean] for c in mixture.components],
        precisions_init=[[[c.sd**-2]] for c in mixture.components],
    ).fit(x[:, None])
    assert other.bic(x[:, None]) == pytest.approx(value, abs=0.006)
    assert found["bic"][name][K] == pytest.approx(value, abs=0.006)
    assert found["free"][name][K].log_likelihood == pytest.approx(
        other.score(x[:, None]) * 82, abs=1e-5
    )


def test_the_least_bic_is_at_three_as_typed_and_at_six_as_mended():
    found = ran("free[name]")
    for name, K in [("typed", 3), ("mended", 6)]:
        assert 1 + np.argmin(found["bic"][name][1:]) == K
    six = found["free"]["mended"][6]
    owned = six.mixture.responsibilities(found["mended"]).sum(axis=0)
    assert (abs(owned - 2) < 0.01).sum() == 2


def test_a_floor_of_two_percent_brings_three_back():
    """Plain EM with a clipped standard deviation, from many starts of its own, finds
    nothing with a lower BIC."""
    found = ran("free[name]")
    x, rng = found["mended"], np.random.default_rng(0)
    floor = 0.02 * x.std()
    for K in (3, 4, 5, 6):
        heights = []
        for _ in range(15):
            start = [(1 / K, at, x.std() / K) for at in rng.choice(x, K, replace=False)]
            heights.append(climb(x, start, floor, steps=400)[0])
        assert bic(max(heights), K) >= found["floored"][3].bic - 1e-6
        assert max(heights) <= found["floored"][K].log_likelihood + 1e-6
    fits = found["floored"].values()
    assert min(fits, key=lambda fit: fit.bic) is found["floored"][3]


def test_what_the_picture_is_told_is_where_plain_em_stays():
    """Each mixture is above its floor, has the BIC it is said to have, and a climb by
    other code from there gains next to nothing."""
    told = ran("free[name]")["told"]
    for name in ("typed", "mended"):
        x = np.array(told[name]["x"])
        for end in told[name]["ends"]:
            floor, K = end["floor"] / 100 * x.std(), len(end["parts"])
            assert end["bic"][K - 1] == min(end["bic"])
            assert min(sd for _, _, sd in end["parts"]) >= floor * (1 - 1e-4)
            height, _ = climb(x, end["parts"], floor, steps=300)
            assert bic(height, K) == pytest.approx(end["bic"][K - 1], abs=0.03)
    least = {
        name: [1 + int(np.argmin(end["bic"])) for end in told[name]["ends"]]
        for name in told
    }
    assert least["typed"][:5] == [3] * 5
    assert least["mended"] == [3, 3, 3, 6, 6, 6, 7]
    assert told["mended"]["ends"][-1]["bic"][6] == 439.31


def test_a_wider_floor_never_fits_better():
    for data in ran("free[name]")["told"].values():
        values = np.array([end["bic"] for end in data["ends"]])  # wide to narrow
        assert (np.diff(values, axis=0) < 0.02).all()


def test_no_mixture_of_poissons_fits_the_bombs_better_than_the_ceiling():
    """The best mixture by another way: quadratic steps on a fine grid of rates, by
    scipy's nonnegative least squares (Wang 2007)."""
    found = ran("5 and over")
    x = found["x"]
    assert f"{x.mean():.3f} {x.var():.3f} {x.sum()}" == "0.932 0.969 537"
    one = stats.poisson.logpmf(x, x.mean()).sum()
    assert found["one"].log_likelihood == pytest.approx(one)
    values, counts = np.unique(x, return_counts=True)
    p = stats.poisson.pmf(values[:, None], np.arange(0, 10, 0.002))
    root, weights = np.sqrt(counts), np.full(p.shape[1], 1 / p.shape[1])
    for _ in range(30):
        slope = root[:, None] * p / (p @ weights)[:, None]
        sides = np.vstack([slope, np.full(p.shape[1], 1e4)]), np.r_[2 * root, 1e4]
        aim = nnls(*sides)[0]
        aim /= aim.sum()
        tried = [weights + s * (aim - weights) for s in 0.5 ** np.arange(12)]
        weights = max(tried, key=lambda w: counts @ np.log(np.maximum(p @ w, 1e-300)))
    best = counts @ np.log(p @ weights)
    assert (counts @ (p / (p @ weights)[:, None])).max() < 576 * (1 + 1e-5)
    ceiling = found["one"].ceiling()
    assert ceiling - 2e-3 < best - one <= ceiling < np.log(576)
    assert found["one"].bic < found["two"].bic


def test_with_a_known_mean_half_of_the_ratios_are_nought():
    """The limit is half a chi-squared: in the page's samples to their error."""
    found = ran("def ratio")
    known = found["known"]
    assert (known == 0).mean() == pytest.approx(0.5, abs=0.06)
    for value in (0.5, 1.0, 2.0, 3.0):
        share = stats.chi2.sf(value, 1) / 2
        assert (known > value).mean() == pytest.approx(share, abs=0.045)
    assert found["points"] == pytest.approx(stats.chi2.isf(0.05, [1, 2]))


def test_the_ratio_is_twice_the_largest_gain():
    """Against scipy's search over the weight, sample by sample."""
    found = ran("def ratio")
    ratios = found["ratio"](1.5)
    for i in range(40):
        x = found["x"][i]
        base = stats.norm.logpdf(x)

        def loss(weight, x=x):
            p = (1 - weight) * stats.norm.pdf(x) + weight * stats.norm.pdf(x, 1.5)
            return -np.log(p).sum()

        best = minimize_scalar(loss, bounds=(0, 1), method="bounded").fun
        assert ratios[i] == pytest.approx(2 * (-best - base.sum()), abs=2e-3)


def test_the_process_has_the_covariance_of_the_theorem():
    """That of the sum of Hermite terms: (exp(uv) - 1) over its scales."""
    j = np.arange(1, 151)
    scale = np.cumsum(np.log(j)) / 2
    for u, v in [(0.5, 2.0), (-1.0, 3.0), (4.0, 4.0)]:
        a = np.sign(u) ** j * np.exp(j * np.log(abs(u)) - scale)
        b = np.sign(v) ** j * np.exp(j * np.log(abs(v)) - scale)
        assert a @ b == pytest.approx(np.expm1(u * v))


def test_the_limits_of_the_page_are_those_of_its_covariance():
    """60,000 draws on a finer grid, from the eigenvectors of the theorem's covariance;
    the share above a chi-squared's point for M = 4, too."""
    found, rng = ran("limits[M]"), np.random.default_rng(11)
    for M in (1, 2, 4):
        u = np.r_[-np.linspace(0.001, M, 60), np.linspace(0.001, M, 60)]
        scale = np.sqrt(np.expm1(u**2))
        values, vectors = np.linalg.eigh(
            np.expm1(np.outer(u, u)) / np.outer(scale, scale)
        )
        kept = values > 1e-9
        root = vectors[:, kept] * np.sqrt(values[kept])
        W = rng.standard_normal((60_000, kept.sum())) @ root.T
        ratios = np.maximum(W.max(axis=1), 0) ** 2
        point = np.quantile(ratios, 0.95)
        assert found["limits"][M] == pytest.approx(point, abs=0.16)
        share = (ratios > stats.chi2.isf(0.05, 2)).mean()
        assert found["above"][M] == pytest.approx(share, abs=0.006)


def test_with_an_unknown_mean_no_ratio_is_nought():
    """For a mean near 0 of the sign of the average the slope at weight 0 is positive;
    a chi-squared with 2 degrees is too careful for 100 draws."""
    found = ran("def ratio")
    assert (found["unknown"] > 0).all()
    assert (found["unknown"] > found["points"][1]).mean() < 0.05


def test_the_ratios_of_large_samples_come_to_the_limit():
    """For means within 1 of 0, 4,000 draws: the 5 % point of the process."""
    x = np.random.default_rng(5).standard_normal((500, 4000))
    ratios = []
    for mean in np.r_[-1:-0.1:0.25, 0.25:1.1:0.25]:
        e = np.expm1(mean * x - mean**2 / 2)
        weight = np.maximum(e.sum(axis=1), 0) / (e**2).sum(axis=1)
        for _ in range(4):  # Newton
            q = e / (1 + weight[:, None] * e)
            weight = np.maximum(weight + q.sum(axis=1) / (q**2).sum(axis=1), 0)
        ratios.append(2 * np.log1p(weight[:, None] * e).sum(axis=1))
    point = np.quantile(np.max(ratios, axis=0), 0.95)
    limits = ran("limits[M]")["limits"]
    assert point == pytest.approx(limits[1], abs=0.8)
    assert limits[1] < limits[2] < limits[4] < limits[8]


def test_the_slow_rate_is_the_fourth_root():
    """The best theta is the root of the mean square less 1, or 0, to first order; ten
    times the data leave the fourth root of a tenth of it, or with two true components
    the root."""
    found = ran("def em_step(theta, share)")
    for n in (10_000, 100_000):
        z = np.random.default_rng(1).chisquare(n, size=40_000) / n - 1
        size = np.mean(np.maximum(z, 0)) ** 0.5
        i = found["sizes"].index(n)
        assert found["error"][0][i] == pytest.approx(size, rel=0.08)
    factor = {t: (e[-1] / e[0]) ** (1 / 3) for t, e in found["error"].items()}
    assert factor[1] == pytest.approx(10**-0.5, abs=0.02)
    assert factor[0] == pytest.approx(10**-0.25, abs=0.03)


def test_a_best_theta_is_a_maximum():
    found = ran("def em_step(theta, share)")
    share, cells = found["draw"](1000, 1, samples=3), found["cells"]

    def height(theta):
        p = (stats.norm.pdf(cells, theta) + stats.norm.pdf(cells, -theta)) / 2
        return share @ np.log(p)

    for i, theta in enumerate(found["best"](share)):
        for other in (theta - 0.01, theta + 0.01):
            assert height(theta)[i] > height(other)[i]


def test_more_draws_of_one_skewed_kind_ask_for_more_normals():
    found = ran("instruments")
    assert (np.diff(found["chosen"]) >= 0).all()
    assert found["chosen"][0] == 1
    assert found["chosen"][-1] >= 5
    x = np.exp(np.random.default_rng(2).normal(0, 0.5, size=(20_000, 1)))
    by = [GaussianMixture(K, n_init=3, random_state=0).fit(x).bic(x) for K in (1, 2, 3)]
    assert by[2] < by[1] < by[0]
    assert "one kind, skewed: BIC says 3, ICL 1" in found["heard"]
    assert "two kinds, one place: BIC says 2, ICL 1" in found["heard"]


def test_above_the_floor_nothing_far_up_can_win():
    """The ceiling is above what a search of many components reaches."""
    found = ran("three.ceiling")
    x, floor = found["x"], 0.02 * found["x"].std()
    model = mx.Mixture(12 * [mx.Normal(sd=mx.Between(floor, None))])
    many = mx.em(model, x, starts=4)
    gain = many.log_likelihood - found["three"].log_likelihood
    assert 10 < gain < found["most"]
    assert "no K above 10 can have a lower BIC" in found["heard"]


def test_other_folds_have_other_winners():
    """The best is the largest of the four, and not the same for all folds."""
    heard = ran("three.ceiling")["heard"].splitlines()[-3:]
    best = []
    for line in heard:
        values = re.findall(r"-\d\.\d{3}", line)
        assert len(values) == 4
        best.append(int(line.rsplit(" ", 1)[1]))
        assert best[-1] == 3 + np.argmax([float(value) for value in values])
    assert len(set(best)) > 1


def test_the_galaxies_have_more_than_two_components_and_no_fourth_by_the_test():
    found = ran("three.ceiling")["heard"]
    two, three = (float(p) for p in re.findall(r"ratio \d+\.\d, p = (0\.\d{3})", found))
    assert two == 1 / 40
    assert three > 0.1
