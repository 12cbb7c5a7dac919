"""Chapter 9's mixtures of K normals, against mixnotes' own densities."""

import json
import re
from html import unescape

import numpy as np
import pytest
from playwright.sync_api import expect

import mixnotes as mx

SIZES = [1, 2, 3, 4, 6, 8, 12, 16]
JUMPS = {"uniform": {0: (0, 1), 1: (1, 0)}, "exponential": {0: (0, 1)}}  # one-sided
TARGETS = {
    "uniform": (lambda x: 1.0 * ((x > 0) & (x < 1)), -1, 2),
    "exponential": (lambda x: np.exp(-x) * (x > 0), -5, 25),
    "triangle": (lambda x: (1 - abs(x)).clip(0), -3, 3),
    "Laplace": (lambda x: np.exp(-abs(x)) / 2, -18, 18),
}


def errors(rows, density, low, high, jumps=()):
    """The L1 and the sup error of the mixture of these weights, means and sds, by
    brute force: 600,000 cells, 2,001 points about each component, one-sided limits."""
    weights, means, sds = np.transpose(rows)
    parts = [mx.Normal(*pair) for pair in zip(means, sds, strict=True)]
    mixture = mx.Mixture(parts, weights / weights.sum())
    x = low + (high - low) * (np.arange(600_000) + 0.5) / 600_000
    gap = abs(np.exp(mixture.log_prob(x)) - density(x))
    around = (means[:, None] + sds[:, None] * np.linspace(-8, 8, 2001)).ravel()
    around = around[~np.isin(around, list(jumps))]
    sup = [gap.max(), abs(np.exp(mixture.log_prob(around)) - density(around)).max()]
    for place, sides in dict(jumps).items():
        sup += [abs(np.exp(mixture.log_prob([place]))[0] - side) for side in sides]
    return (high - low) * gap.mean(), max(sup)


@pytest.fixture(scope="module")
def found(site):
    """The mixtures that stand in the page: target, K, row, (weight, mean, sd)."""
    path = site.page_with('data-move="approximator"').removeprefix(site.url)
    pattern = r'<div[^>]*data-of="approximator"[^>]*>(.*?)</div>'
    hidden = re.search(pattern, site.source(path), re.DOTALL)
    return json.loads(unescape(re.sub("<[^>]+>", "", hidden[1])))


@pytest.fixture(scope="module")
def wanted(found):
    """The two errors for every target and K."""
    return [
        [errors(rows, *target, JUMPS.get(name, ())) for rows in row]
        for row, (name, target) in zip(found, TARGETS.items(), strict=True)
    ]


@pytest.fixture
def box(move):
    return move("approximator")


def test_the_errors_of_the_page_are_those_of_mixnotes(page, site, found, wanted):
    """For every target and K, from the same parameters."""
    assert [[len(rows) for rows in row] for row in found] == 4 * [SIZES]
    page.goto(site.url)
    numbers = page.evaluate(
        """async (found) => {
             const m = await import("./assets/js/moves/approximator.js");
             const targets = Object.values(m.targets);
             return found.map((row, k) => row.map((rows) => {
               const { l1, sup } = m.errors(rows, targets[k]);
               return [l1, sup]; })); }""",
        found,
    )
    (l1, sup), (wanted_l1, wanted_sup) = np.moveaxis([numbers, wanted], -1, 1)
    np.testing.assert_allclose(l1, wanted_l1, rtol=0, atol=1e-5)
    np.testing.assert_allclose(sup, wanted_sup, rtol=0, atol=1e-4)


def test_what_was_found_is_as_good_as_was_known(wanted):
    """The L1 errors computed elsewhere are reached; no jump is bridged, and narrow
    components do not hide what is missed beside it."""
    uniform, exponential, _, laplace = np.array(wanted)
    assert round(uniform[-1, 1], 3) == 0.639
    assert round(exponential[-1, 1], 3) == 0.638
    assert abs(uniform[0, 0] - 0.395) < 5e-4
    assert uniform[-1, 0] < 0.0315
    assert laplace[-1, 0] < 0.00425
    assert uniform[:, 1].min() > 0.5
    assert exponential[:, 1].min() > 0.5


def test_k_and_the_target_work_by_keyboard(page, box, wanted, violations):
    """Each stop of the slider shows its K and its two errors."""
    slider = box.get_by_role("slider", name=re.compile("number of normals"))
    status = box.get_by_role("status")
    assert status.get_attribute("aria-live") == "polite"
    box.get_by_role("radio", name="uniform").focus()
    for target, name in enumerate(TARGETS):
        if target:
            page.keyboard.press("ArrowRight")
        expect(box.get_by_role("radio", name=name)).to_be_checked()
        slider.focus()
        page.keyboard.press("Home")
        for k, K in enumerate(SIZES):
            if k:
                page.keyboard.press("ArrowRight")
            l1, sup = wanted[target][k]
            expect(slider).to_have_attribute("aria-valuetext", str(K))
            shown = f"L1 error {l1:.4f}, sup error {sup:.3f}"
            expect(status).to_have_text(f"The {name} density, K = {K}: {shown}.")
            expect(box.locator("svg")).to_contain_text(f"area between: {l1:.4f}")
            expect(box.locator("svg")).to_contain_text(f"gap {sup:.3f}")
        assert not re.search("NaN|Infinity", box.inner_html())
        box.get_by_role("radio", name=name).focus()
    assert violations(page) == []


def test_without_scripts_the_table_stands(still):
    """The page is complete before any script runs; the parameters stay hidden."""
    box = still("approximator")
    expect(box.locator("tbody tr")).to_have_count(3)
    expect(box.page.locator("[data-of]")).to_be_hidden()
