"""Chapter 9's proof, drawn: the arithmetic against numpy and mixnotes."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

import mixnotes as mx

CASES = [("box", 1, 0.5), ("box", 8, 0.06), ("box", 32, 0.01), ("roof", 8, 0.2)]
ENDS = {"box": (0, 1), "roof": (-1, 1)}
DENSITY = {
    "box": lambda x: 1.0 * ((x > 0) & (x < 1)),
    "roof": lambda x: (1 - abs(x)).clip(0),
}


def comb(name, K, s):
    """One normal a cell, weighted by the cell's share of 12,000 points."""
    low, high = ENDS[name]
    y = low + (high - low) * (np.arange(12_000) + 0.5) / 12_000
    shares = DENSITY[name](y).reshape(K, -1).sum(axis=1)
    means = low + (high - low) * (np.arange(K) + 0.5) / K
    parts = [mx.Normal(mean, s) for mean in means]
    return mx.Mixture(parts, shares / shares.sum())


def smooth(name, x, s):
    """The density smoothed, by the rule of the middle over 4,000 cells."""
    low, high = ENDS[name]
    y = low + (high - low) * (np.arange(4_000) + 0.5) / 4_000
    f = DENSITY[name](y) * (high - low) / 4_000
    return np.exp(-(((x[:, None] - y) / s) ** 2) / 2) @ f / (s * np.sqrt(2 * np.pi))


def errors(name, K, s):
    low, high = ENDS[name]
    x = low - 8 * s + (high - low + 16 * s) * (np.arange(6_000) + 0.5) / 6_000
    f, soft = DENSITY[name](x), smooth(name, x, s)
    g = np.exp(comb(name, K, s).log_prob(x))
    pairs = [(f, soft), (soft, g), (f, g)]
    return [abs(a - b).mean() * (high - low + 16 * s) for a, b in pairs]


@pytest.fixture
def box(move):
    return move("comb")


@pytest.fixture
def evaluate(page, site):
    """Run a function of the module `move` and one argument in the page."""

    def run(function, argument):
        page.goto(site.url)
        source = f"""async (argument) => {{
          const move = await import("./assets/js/moves/comb.js");
          return ({function})(move, argument); }}"""
        return page.evaluate(source, argument)

    return run


def test_the_normal_distribution_function_is_exact(evaluate):
    x = np.linspace(-9, 9, 361)
    seen = evaluate("({ phi }, x) => x.map(phi)", x.tolist())
    np.testing.assert_allclose(seen, mx.Normal(0, 1).cdf(x), rtol=0, atol=1e-14)


def test_the_errors_of_the_page_are_those_of_python(evaluate):
    """Smoothing, cutting and both, for both densities."""
    seen = evaluate(
        """({ errors, targets }, all) =>
             all.map(([n, K, s]) => errors(targets[n], K, s))""",
        CASES,
    )
    for numbers, case in zip(seen, CASES, strict=True):
        np.testing.assert_allclose(numbers, errors(*case), rtol=0, atol=2e-3)


def test_no_error_is_above_what_the_proof_allows(evaluate):
    """For every stop of both sliders that is tried; and the sum is least at the s of
    the proof."""
    grid = [
        [n, K, 10.0 ** (k / 5 - 2)] for n in ENDS for K in (1, 5, 32) for k in range(11)
    ]
    seen = evaluate(
        """({ errors, bounds, targets }, all) => all.map(([n, K, s]) =>
             [errors(targets[n], K, s), bounds(targets[n], K, s)])""",
        grid,
    )
    for (smoothing, cutting, both), (most, second) in seen:
        assert smoothing <= most + 1e-6
        assert cutting <= second + 1e-6
        assert both <= smoothing + cutting + 1e-12
    sums = evaluate(
        """({ bounds, chosen, targets: { box } }, K) => [0.9, 1, 1.1].map((f) =>
             bounds(box, K, f * chosen(box, K)).reduce((a, b) => a + b))""",
        8,
    )
    assert min(sums) == sums[1] == pytest.approx(2 * np.sqrt(2 / np.pi / 8))


def test_s_and_k_and_the_density_work_by_keyboard(page, box, violations):
    """The status says both errors, with what the proof allows."""
    status = box.get_by_role("status")
    assert status.get_attribute("aria-live") == "polite"
    said = [f"{error:.3f}" for error in errors("box", 8, 0.06)]
    text = status.inner_text()
    assert re.search(rf"K = 8, s = 0\.0603: smoothing costs {said[0]}", text)
    box.get_by_role("slider", name=re.compile("how many normals")).focus()
    page.keyboard.press("ArrowRight")
    expect(status).to_have_text(re.compile("K = 9, s = 0.0603"))
    box.get_by_role("slider", name=re.compile("how much is smoothed")).focus()
    page.keyboard.press("End")
    expect(status).to_have_text(re.compile("K = 9, s = 1.00:"))
    box.get_by_role("button", name="s of the proof").focus()
    page.keyboard.press("Enter")
    expect(status).to_have_text(re.compile("K = 9, s = 0.166:"))
    box.get_by_role("radio", name="box").focus()
    page.keyboard.press("ArrowRight")
    expect(box.get_by_role("radio", name="roof")).to_be_checked()
    assert not re.search("NaN|Infinity", box.inner_html())
    assert violations(page) == []


def test_without_scripts_the_table_stands(still):
    expect(still("comb").locator("tbody tr")).to_have_count(4)
