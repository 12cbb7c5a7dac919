"""Chapter 14's rod and beads, against numpy and the package."""

import json
import re

import numpy as np
import pytest
from playwright.sync_api import expect

import mixnotes as mx

PATH = "chapters/14-hidden-number/"
RODS = [(2.0, -2.5), (6.0, 2.0), (0.3, 0.1)]


def em_step(x, w, variance):
    """z, its variance, and the new rod and variance, by matrices."""
    left = 1 / (1 + w @ w / variance)
    z = left * x @ w / variance
    zz = z @ z + len(x) * left
    new = z @ x / zz
    noise = ((x**2).sum() - new @ x.T @ z) / x.size
    return z, left, new, noise


def log_likelihood(x, w, variance):
    c = np.outer(w, w) + variance * np.eye(2)
    return mx.MultivariateNormal(np.zeros(2), c).log_prob(x).sum()


@pytest.fixture
def data(site):
    source = site.source(PATH)
    text = re.search(r'<div class="mx-data" hidden[^>]*>(.*?)</div>', source, re.S)[1]
    return json.loads(re.sub("<[^>]*>", "", text).replace("&quot;", '"'))


@pytest.fixture
def x(data):
    return np.array([data["x"], data["y"]]).T


@pytest.fixture
def box(move):
    return move("rod")


def test_the_page_brings_the_gentoos(x):
    birds = mx.datasets.penguins()
    names = ["flipper_length_mm", "bill_length_mm"]
    rows = np.array([birds[name] for name in names]).T[birds["species"] == "Gentoo"]
    rows = rows[~np.isnan(rows).any(axis=1)]
    np.testing.assert_allclose(x, rows - rows.mean(axis=0), atol=0.006)


def test_the_arithmetic_of_the_page_is_that_of_python(page, site, data, x):
    """Both half steps and the log-likelihood, from several rods and noises."""
    cases = [(rod, sd**2) for rod in RODS for sd in (0.05, 2.0, 7.5)]
    page.goto(site.url)
    found = page.evaluate(
        """async ([data, cases]) => {
             const m = await import("./assets/js/moves/rod.js");
             return cases.map(([rod, variance]) => {
               const e = m.eStep(data, rod, variance), n = m.mStep(data, e);
               return [e.z, e.left, n.rod, n.variance,
                 m.logLikelihood(data, rod, variance)]; }); }""",
        [data, cases],
    )
    for (rod, variance), (*numbers, fit) in zip(cases, found, strict=True):
        wanted = em_step(x, np.array(rod), variance)
        for number, want in zip(numbers, wanted, strict=True):
            np.testing.assert_allclose(number, want, rtol=1e-9, atol=1e-12)
        assert fit == pytest.approx(log_likelihood(x, np.array(rod), variance))


def test_the_best_is_the_closed_form_and_the_fit_of_the_package(page, site, data, x):
    """With the noise learned; and given, where no other rod is higher."""
    page.goto(site.url)
    free, *given = page.evaluate(
        """async (data) => {
             const m = await import("./assets/js/moves/rod.js");
             return [undefined, 0.01, 4, 60].map((v) => m.best(data, v)); }""",
        data,
    )
    fit = mx.FactorNormal(1, np.zeros(2), kind_of_noise="spherical").fit(x)
    assert free["variance"] == pytest.approx(fit.noise[0], rel=1e-6)
    np.testing.assert_allclose(free["rod"], fit.loadings[:, 0], rtol=1e-5)
    rng = np.random.default_rng(0)
    for each in given:
        w = np.array(each["rod"])
        top = log_likelihood(x, w, each["variance"])
        for _ in range(50):
            other = w + rng.normal(size=2) * rng.choice([0.01, 0.3, 4])
            assert log_likelihood(x, other, each["variance"]) <= top + 1e-9
    assert np.hypot(*given[2]["rod"]) == 0  # noise beyond the first eigenvalue


def test_half_steps_are_taken_by_keyboard(page, box, x, violations):
    """E, then M, then E: each says what it did, and the button names the next."""
    page.emulate_media(reduced_motion="reduce")
    status = box.get_by_role("status")
    assert status.get_attribute("aria-live") == "polite"
    w = np.array(RODS[0])
    for step in (1, 2, 3):
        fit = f"{log_likelihood(x, w, 4.0):.2f}".replace("-", "−")
        box.get_by_role("button", name="E: slide the beads").focus()
        page.keyboard.press("Enter")
        expect(status).to_contain_text(f"Log-likelihood {fit}, at most")
        w = em_step(x, w, 4.0)[2]
        slope = f"{w[1] / w[0]:.3f}".replace("-", "−")
        box.get_by_role("button", name="M: turn the rod").focus()
        page.keyboard.press("Enter")
        expect(status).to_contain_text(f"M, step {step}: the rod is at rest, ")
        expect(status).to_contain_text(f"slope {slope}")
    assert "NaN" not in box.inner_html()
    assert violations(page) == []
    box.get_by_role("button", name="Start again").click()
    expect(status).to_contain_text("no bead has moved yet")


def test_run_ends_at_the_maximum_with_the_noise_learned_or_given(page, box, x):
    """Moving or still; beyond the first eigenvalue the rod shrinks to a point."""
    status = box.get_by_role("status")
    fit = mx.FactorNormal(1, np.zeros(2), kind_of_noise="spherical").fit(x)
    slope = fit.loadings[1, 0] / fit.loadings[0, 0]
    box.get_by_role("button", name="Run").click()
    expect(status).to_contain_text(f"The end of EM: slope {slope:.3f}, σ 2.000 mm")
    box.get_by_role("checkbox").check()
    box.get_by_role("button", name="Run").click()
    expect(status).to_contain_text(f"σ {fit.noise[0] ** 0.5:.3f} mm")
    best = f"{log_likelihood(x, fit.loadings[:, 0], fit.noise[0]):.2f}"
    best = best.replace("-", "−")
    expect(status).to_contain_text(f"Log-likelihood {best}, at most {best}")
    box.get_by_role("checkbox").uncheck()
    box.get_by_role("slider").focus()
    for key, said in (("Home", "At σ 0.05 mm"), ("End", "At σ 7.50 mm")):
        page.keyboard.press(key)
        expect(status).to_contain_text(said)
        assert "NaN" not in box.inner_html()
    box.get_by_role("button", name="Run").click()
    expect(status).to_contain_text("the length 0")


def test_without_scripts_the_table_stands(still):
    expect(still("rod").locator("tbody tr")).to_have_count(4)
