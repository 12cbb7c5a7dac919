"""Chapter 9's mixtures of K normals, against mixnotes' own densities."""

import json
import re
from html import unescape

import numpy as np
import pytest
from playwright.sync_api import expect

import mixnotes as mx

SIZES = [1, 2, 3, 4, 6, 8, 12, 16]
TARGETS = {
    "uniform": (lambda x: 1.0 * ((x > 0) & (x < 1)), -1, 2),
    "exponential": (lambda x: np.exp(-x) * (x > 0), -6, 30),
    "triangle": (lambda x: (1 - abs(x)).clip(0), -3, 3),
    "Laplace": (lambda x: np.exp(-abs(x)) / 2, -25, 25),
}


def errors(rows, density, low, high):
    """The L1 and the sup error of the mixture of these weights, means and sds."""
    weights, means, sds = np.transpose(rows)
    parts = [mx.Normal(*pair) for pair in zip(means, sds, strict=True)]
    mixture = mx.Mixture(parts, weights / weights.sum())
    x = low + (high - low) * (np.arange(30_000) + 0.5) / 30_000
    gap = abs(np.exp(mixture.log_prob(x)) - density(x))
    return (high - low) * gap.mean(), gap.max()


@pytest.fixture(scope="module")
def found(site):
    """The mixtures that stand in the page: target, K, row, (weight, mean, sd)."""
    path = site.page_with('data-move="approximator"').removeprefix(site.url)
    pattern = r"<span hidden[^>]*>(.*?)</span>\s*</p>"
    hidden = re.search(pattern, site.source(path), re.DOTALL)
    return json.loads(unescape(re.sub("<[^>]+>", "", hidden[1])))


@pytest.fixture
def box(page, site):
    page.goto(site.page_with('data-move="approximator"'))
    box = page.locator("[data-move='approximator'][data-live]")
    expect(box).to_be_visible()
    return box


def test_the_errors_of_the_page_are_those_of_mixnotes(page, site, found):
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
    wanted = [
        [errors(rows, *target) for rows in row]
        for row, target in zip(found, TARGETS.values(), strict=True)
    ]
    np.testing.assert_allclose(numbers, wanted, rtol=0, atol=1e-5)


def test_what_was_found_is_as_good_as_was_known(found):
    """The L1 errors computed elsewhere are reached; no jump is bridged."""
    table = [
        [errors(rows, *target) for rows in row]
        for row, target in zip(found, TARGETS.values(), strict=True)
    ]
    uniform, exponential, _, laplace = np.array(table)
    assert abs(uniform[0, 0] - 0.395) < 5e-4
    assert uniform[-1, 0] < 0.0315
    assert laplace[-1, 0] < 0.00425
    assert uniform[:, 1].min() > 0.5
    assert exponential[:, 1].min() > 0.5


def test_k_and_the_target_work_by_keyboard(page, box, found, violations):
    """Each stop of the slider shows its K and its two errors."""
    slider = box.get_by_role("slider", name=re.compile("number of components"))
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
            l1, sup = errors(found[target][k], *TARGETS[name])
            expect(slider).to_have_attribute("aria-valuetext", str(K))
            shown = f"L1 error {l1:.4f}, sup error {sup:.3f}"
            expect(status).to_have_text(f"The {name} density, K = {K}: {shown}.")
        assert not re.search("NaN|Infinity", box.inner_html())
        box.get_by_role("radio", name=name).focus()
    assert violations() == []


def test_without_scripts_the_table_stands(browser, site):
    """The page is complete before any script runs; the parameters stay hidden."""
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(site.page_with('data-move="approximator"'))
        box = page.locator("[data-move='approximator']")
        expect(box.locator("tbody tr")).to_have_count(4)
        assert box.locator("input, button").count() == 0
        expect(box.locator("[hidden]")).to_be_hidden()
