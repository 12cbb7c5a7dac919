"""Chapter 15's gaps, gradients and draws, against quadrature and differences."""

from functools import partial

import numpy as np
import pytest
from scipy import integrate, optimize, stats

import mixnotes as mx
from tests.book import chains

ran = partial(chains.ran, "15-hard-e-step")


@pytest.fixture(scope="module")
def boat():
    return ran("def monte_carlo")


@pytest.fixture(scope="module")
def digits():
    """The straight decoder and the bent one."""
    return ran("def gradient")


def evidence(x):
    """p(x) of the boat, by scipy."""

    def joint(z):
        away = np.hypot(z - 0.5, 0.5)
        return stats.norm.pdf(z) * stats.norm.pdf(x, away, 0.2)

    peaks = [0.5 - max(x * x - 0.25, 0) ** 0.5, 0.5 + max(x * x - 0.25, 0) ** 0.5]
    return integrate.quad(joint, -8, 9, points=peaks, epsabs=1e-13, limit=400)[0]


def divergence(x, mean, sd):
    """KL(q || posterior), by scipy: nothing of it knows of a bound."""
    total = evidence(x)

    def part(z):
        posterior = stats.norm.logpdf(z) - np.log(total)
        posterior += stats.norm.logpdf(x, np.hypot(z - 0.5, 0.5), 0.2)
        log_q = stats.norm.logpdf(z, mean, sd)
        return np.exp(log_q) * (log_q - posterior)

    ends = mean - 9 * sd, mean + 9 * sd
    return integrate.quad(part, *ends, epsabs=1e-12, limit=400)[0]


@pytest.mark.parametrize("x", [0.35, 0.8, 1.2, 2.6])
def test_the_gap_is_the_divergence_from_the_posterior(boat, x):
    assert boat["log_evidence"](x) == pytest.approx(np.log(evidence(x)), abs=1e-8)
    for mean, sd in [(0, 1), (-0.5, 0.22), (1.5, 0.3)]:
        gap = boat["log_evidence"](x) - boat["bound"](x, mean, sd)
        assert gap == pytest.approx(divergence(x, mean, sd), abs=1e-6)
        assert gap > 0


@pytest.mark.parametrize("x", [0.35, 0.8, 1.0, 1.2, 2.6])
def test_no_normal_has_a_smaller_gap_than_the_best(boat, x):
    """Nelder and Mead from several starts, on scipy's divergence."""
    ends = [boat["best_normal"](x, start) for start in (-1, 1.5)]
    ours = min(divergence(x, *q) for q in ends)
    theirs = min(
        optimize.minimize(
            lambda t: divergence(x, t[0], np.exp(t[1])), (m, -1), method="Nelder-Mead"
        ).fun
        for m in (-1, 0.5, 1.5)
    )
    assert ours == pytest.approx(theirs, abs=2e-4)


def test_the_gap_of_the_encoder_is_the_sum_of_two_that_are_not_negative(boat):
    for x in (0.4, 0.9, 1.7, 2.8):
        family, encoder = boat["gaps"](x)
        mean, log_sd = boat["line"] @ [1, x]
        whole = divergence(x, mean, np.exp(log_sd))
        assert family + encoder == pytest.approx(whole, abs=1e-6)
        assert family > 0
        assert encoder > -1e-6


def test_a_normal_on_one_peak_loses_at_least_what_the_other_holds(boat):
    beyond = boat["beyond"]
    for start, kept in ((-1, 1 - beyond), (1.5, beyond)):
        gap = divergence(1.2, *boat["best_normal"](1.2, start))
        assert -np.log(kept) < gap < -np.log(kept) + 0.02


def test_the_picture_has_the_line_of_the_page(boat):
    picture = ran("def learn")
    np.testing.assert_allclose(picture["line"], boat["line"], rtol=1e-9)


def test_slopes_by_reparametrisation_are_those_of_the_bound(boat):
    """By draws within their standard error, by quadrature and by differences."""
    x, mean, sd, h = 1.2, 0.1, 0.5, 1e-5
    by_mean, by_log_sd = boat["slopes"](x, mean, sd)

    def low(mean, sd):
        return boat["bound"](x, mean, sd)

    wanted = (low(mean + h, sd) - low(mean - h, sd)) / (2 * h)
    assert by_mean == pytest.approx(wanted, rel=1e-3)
    up, down = low(mean, sd * np.exp(h)), low(mean, sd * np.exp(-h))
    assert by_log_sd == pytest.approx((up - down) / (2 * h), rel=5e-3)
    eps = np.random.default_rng(0).normal(size=400_000)
    z = mean + sd * eps
    each = (x - boat["f"](z)) * (z - 0.5) / boat["f"](z) / 0.2**2 - z
    assert abs(each.mean() - by_mean) < 4 * each.std() / 400_000**0.5
    other = each * eps * sd + 1
    assert abs(other.mean() - by_log_sd) < 4 * other.std() / 400_000**0.5


def test_the_monte_carlo_e_step_is_the_exact_one_but_for_noise(boat):
    """From three means, with many chains; and an EM step by the grid is scipy's."""
    for mu in (-1.0, -0.4, 0.2):
        after, height = boat["exact"](mu)
        first = boat["distances"][:3]
        for x in first:
            wanted = integrate.quad(
                lambda z, x=x, mu=mu: (
                    stats.norm.pdf(z, mu)
                    * stats.norm.pdf(x, np.hypot(z - 0.5, 0.5), 0.2)
                ),
                -8,
                9,
                epsabs=1e-13,
                limit=400,
            )[0]
            row = np.flatnonzero(boat["distances"] == x)[0]
            prior = stats.norm.pdf(boat["coarse"], mu)
            ours = (np.exp(boat["fits"][row]) * prior).sum() * 4 * boat["width"]
            assert ours == pytest.approx(wanted, rel=1e-6)
        z = np.full((200, 60), -1.0)
        for _ in range(20):
            found, z = boat["monte_carlo"](mu, z)
        error = z.std(axis=1).mean() / (200 * 60) ** 0.5
        assert abs(found - after) < 5 * error
        assert boat["exact"](after)[1] > height


def test_a_monte_carlo_e_step_stops_climbing_where_its_noise_is(boat):
    """EM by the grid never falls; that of draws does, and ends further below."""
    runs, top = boat["runs"], boat["top"]
    assert np.diff(runs[0]).min() > -1e-9
    end = {N: top - np.mean(heights[10:]) for N, heights in runs.items()}
    assert end[0] < 1e-6 < end[50] < end[3]
    for N in (3, 50):
        assert (np.diff(runs[N][10:]) < 0).mean() > 0.25


def test_of_all_products_the_best_has_the_precisions_of_the_diagonal():
    """A search over means and variances, for a posterior of three numbers."""
    rng = np.random.default_rng(1)
    root = rng.normal(size=(3, 3))
    C, mean = root @ root.T + 0.3 * np.eye(3), rng.normal(size=3)
    precision = np.linalg.inv(C)

    def kl(t):
        off, v = t[:3] - mean, np.exp(t[3:])
        rest = np.linalg.slogdet(C)[1] - t[3:].sum() - 3
        return (np.diag(precision) @ v + off @ precision @ off + rest) / 2

    found = optimize.minimize(kl, np.zeros(6), method="BFGS", options={"gtol": 1e-9})
    np.testing.assert_allclose(found.x[:3], mean, atol=1e-5)
    np.testing.assert_allclose(np.exp(found.x[3:]), 1 / np.diag(precision), rtol=1e-5)
    assert (1 / np.diag(precision) <= np.diag(C)).all()
    gap = np.log(np.diag(precision)).sum() - np.linalg.slogdet(precision)[1]
    assert found.fun == pytest.approx(gap / 2, abs=1e-9)


def test_a_straight_decoder_has_the_gap_of_the_formula(digits):
    """The bound written out for a linear encoder; turned by 45 degrees and not."""
    W, sigma2, new = digits["W"], digits["sigma2"], digits["new"]
    exact = stats.multivariate_normal(np.zeros(64), W @ W.T + sigma2 * np.eye(64))
    assert exact.logpdf(new).mean() == pytest.approx(digits["linear"], abs=1e-8)
    for degrees in (0, 15, 45):
        c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        V = W @ np.array([[c, -s], [s, c]])
        precision = np.eye(2) + V.T @ V / sigma2
        mean = new @ V @ np.linalg.inv(precision) / sigma2  # the linear encoder
        v = 1 / np.diag(precision)
        off = ((new - mean @ V.T) ** 2).sum(axis=1) + (v * (V**2).sum(axis=0)).sum()
        low = -off / sigma2 / 2 - 32 * np.log(2 * np.pi * sigma2)
        low -= ((mean**2 + v - 1) / 2 - np.log(v) / 2).sum(axis=1)
        gap = np.log(np.diag(precision)).sum() - np.linalg.slogdet(precision)[1]
        assert digits["linear"] - low.mean() == pytest.approx(gap / 2, abs=1e-8)
        assert (gap > 1e-3) == (degrees > 0)


@pytest.mark.parametrize("seed", [0, 1])
def test_every_slope_written_by_hand_is_that_of_differences(digits, seed):
    """All blocks of numbers, along random directions; before training and after."""
    rng = np.random.default_rng(seed)
    x, eps = digits["known"][:30], rng.normal(size=(30, 2))
    for net in (digits["new_net"](rng), digits["net"]):
        by = digits["gradient"](x, net, eps)
        assert by.keys() == net.keys()
        for name, value in net.items():
            way = rng.normal(size=value.shape)
            ends = [
                digits["bound"](x, {**net, name: value + h * way}, eps).sum()
                for h in (1e-5, -1e-5)
            ]
            slope = (ends[0] - ends[1]) / 2e-5
            wanted = np.sum(by[name] * way)
            assert slope == pytest.approx(wanted, rel=1e-4, abs=1e-2), name


def test_the_grid_gives_the_likelihood_and_the_bound_of_the_bent_decoder(digits):
    """Against a finer grid about each posterior, and against draws."""
    some = digits["new"][:6]
    log_joint, exact = digits["on_grid"](some)
    mean, log_sd, _ = digits["encode"](some, digits["net"])
    own = digits["of_normal"](log_joint, mean, np.exp(log_sd))
    fine = np.linspace(-5, 5, 401)
    z = np.stack(np.meshgrid(fine, fine), axis=-1).reshape(-1, 2)
    images, variance = digits["decode"](z, digits["net"])[0], digits["variance"]
    rng = np.random.default_rng(2)
    for i, x in enumerate(some):
        prior = stats.norm.logpdf(z).sum(axis=1)
        joint = prior + stats.norm.logpdf(x, images, variance**0.5).sum(axis=1)
        top = joint.max()
        finer = top + np.log(np.exp(joint - top).sum() * (fine[1] - fine[0]) ** 2)
        assert exact[i] == pytest.approx(finer, abs=1e-3)
        eps = rng.normal(size=(20_000, 2))
        draws = digits["bound"](np.tile(x, (20_000, 1)), digits["net"], eps)
        error = draws.std() / 20_000**0.5
        assert abs(draws.mean() - own[i]) < 5 * error + 2e-3
        assert own[i] < exact[i]


def test_no_search_finds_a_product_with_a_higher_bound(digits):
    """scipy from the page's best, on the grid, for the first new images."""
    some = digits["new"][:6]
    log_joint, exact = digits["on_grid"](some)
    mean, log_sd, _ = digits["encode"](some, digits["net"])
    found = digits["best_product"](some, mean, log_sd)
    ours = digits["of_normal"](log_joint, *found)
    for i in range(len(some)):

        def low(t, i=i):
            q = t[None, :2], np.exp(t[None, 2:])
            return -digits["of_normal"](log_joint[i : i + 1], *q)[0]

        t = np.concatenate([found[0][i], np.log(found[1][i])])
        best = optimize.minimize(low, t, method="Nelder-Mead", options={"maxiter": 150})
        assert -best.fun - ours[i] < 0.05
        assert ours[i] < exact[i]


def test_no_other_start_finds_a_better_product_for_any_new_image(digits):
    """The climb begins at the encoder's and at the top of the grid; here also at four
    draws from each posterior. From the encoder's alone some images end lower."""
    some, rng = digits["new"], np.random.default_rng(0)
    log_joint, exact = digits["on_grid"](some)
    _, log_sd, _ = digits["encode"](some, digits["net"])
    odds = np.exp(log_joint - log_joint.max(axis=1)[:, None])
    odds /= odds.sum(axis=1)[:, None]
    tops = []
    for _ in range(4):
        spots = [rng.choice(len(digits["grid"]), p=each) for each in odds]
        found = digits["best_product"](some, digits["grid"][spots], log_sd)
        tops.append(digits["of_normal"](log_joint, *found))
    gap = (exact - np.max(tops, axis=0)).mean()
    assert digits["parts"]["new"][1] < gap + 0.01
    assert digits["lower"] >= 5


def test_the_parts_of_the_gap_of_the_autoencoder(digits):
    """Both positive; the encoder's is larger on images that it did not learn from, and
    the bent decoder is far ahead of the straight one."""
    new, learned = digits["parts"]["new"], digits["parts"]["learned from"]
    assert min(new[1:] + learned[1:]) > 0
    assert new[2] > 2 * learned[2]
    assert new[0] > digits["linear"] + 5


def test_the_straight_decoder_learned_by_draws_loses_what_the_closed_form_loses():
    """The bound of a linear autoencoder, maximised by scipy at three noises: it is the
    exact maximum of probabilistic PCA, and uses a number for each larger eigenvalue."""
    written = mx.datasets.digits()
    x = written["pixels"][written["digit"] == 0][:, 10:16] / 16
    x = x - x.mean(axis=0)
    S = x.T @ x / len(x)
    values, vectors = np.linalg.eigh(S)
    for sigma2, alive in (
        (values[-1] * 1.1, 0),
        ((values[-1] + values[-2]) / 2, 1),
        (values[-3] * 1.1, 2),
    ):

        def loss(t, sigma2=sigma2):
            W, G, v = t[:12].reshape(6, 2), t[12:24].reshape(2, 6), np.exp(t[24:])
            rest = np.eye(6) - W @ G
            fit = np.trace(rest @ S @ rest.T) + v @ (W**2).sum(axis=0)
            kl = (np.trace(G @ S @ G.T) + v.sum() - 2 - np.log(v).sum()) / 2
            return fit / sigma2 / 2 + 3 * np.log(2 * np.pi * sigma2) + kl

        start = np.random.default_rng(3).normal(size=26) * 0.3
        end = optimize.minimize(loss, start, method="BFGS", options={"gtol": 1e-8})
        W = vectors[:, -2:] * np.maximum(values[-2:] - sigma2, 0) ** 0.5
        C = W @ W.T + sigma2 * np.eye(6)
        exact = (
            -(np.linalg.slogdet(2 * np.pi * C)[1] + np.trace(np.linalg.solve(C, S))) / 2
        )
        assert -end.fun == pytest.approx(exact, abs=1e-4)
        G, v = end.x[12:24].reshape(2, 6), np.exp(end.x[24:])
        told = (np.diag(G @ S @ G.T) + v - 1 - np.log(v)) / 2
        assert (told > 1e-3).sum() == alive
