"""Chapter 12's years in any order: forward pass and mixture, against mixnotes."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

import mixnotes as mx

X = mx.datasets.earthquakes()["count"]
BLANK = mx.Chain(3 * [mx.Poisson()], start="stationary")
MOVE = """import("./assets/js/moves/chain.js")"""


@pytest.fixture(scope="module")
def chain():
    return mx.em(BLANK, X, starts=4).mixture


@pytest.fixture(scope="module")
def mixture():
    return mx.em(mx.Mixture(3 * [mx.Poisson()]), X).mixture


@pytest.fixture
def box(move):
    return move("chain")


def minus(value):
    return f"{value:.2f}".replace("-", "−")


def press(box, name):
    box.get_by_role("button", name=name).focus()
    box.page.keyboard.press("Enter")


def test_the_forward_pass_of_the_page_is_that_of_mixnotes(page, site, chain):
    """Log-likelihood and posterior of the last state, after every year; with a
    transition of probability 0 too."""
    page.goto(site.url)
    rates = [c.rate for c in chain.components]
    never = np.array([[0.5, 0.5, 0.0], [0.0, 0.9, 0.1], [0.2, 0.0, 0.8]])
    for transition in (chain.transition, never):
        known = mx.Chain(chain.components, [0.2, 0.5, 0.3], transition)
        found = page.evaluate(
            f"""async (a) => {{ const m = await {MOVE}; return m.forward(...a); }}""",
            [X.tolist(), [0.2, 0.5, 0.3], transition.tolist(), rates],
        )
        for n in (1, 2, 50, len(X)):
            wanted = known.log_prob(X[:n]).sum()
            assert sum(found["logs"][:n]) == pytest.approx(wanted, abs=1e-9)
            last = known.responsibilities(X[:n])[-1]
            np.testing.assert_allclose(found["filtered"][n - 1], last, atol=1e-9)


def test_rows_that_stand_alone_are_those_of_the_mixture(page, site, mixture):
    page.goto(site.url)
    rates = [c.rate for c in mixture.components]
    found = page.evaluate(
        f"""async (a) => {{ const m = await {MOVE}; return m.alone(...a); }}""",
        [X.tolist(), mixture.weights.tolist(), rates],
    )
    np.testing.assert_allclose(found["logs"], mixture.log_prob(X), atol=1e-9)
    r = mixture.responsibilities(X)
    np.testing.assert_allclose(found["filtered"], r, atol=1e-9)


def test_a_shuffle_is_an_order_of_the_same_years(page, site):
    page.goto(site.url)
    orders = page.evaluate(
        f"""async () => {{ const m = await {MOVE};
             return [1, 2, 1, 77].map((seed) => m.shuffled(107, seed)); }}"""
    )
    for order in orders:
        assert sorted(order) == list(range(107))
        assert sum(t == k for k, t in enumerate(order)) < 10
    assert orders[0] == orders[2] != orders[1]


def test_shuffling_moves_the_chain_and_not_the_mixture(box, chain, mixture, violations):
    """By keyboard; the numbers are Python's, in the order that is drawn."""
    status = box.get_by_role("status")
    both = chain.log_prob(X).sum(), mixture.log_prob(X).sum()
    for value in both:
        expect(status).to_contain_text(minus(value))
    for seed in (1, 2):
        press(box, "Shuffle")
        expect(status).to_contain_text("Years shuffled")
        order = box.page.evaluate(
            f"""async (seed) => {{
                 const m = await import("../../assets/js/moves/chain.js");
                 return m.shuffled({len(X)}, seed); }}""",
            seed,
        )
        shuffled = chain.log_prob(X[order]).sum()
        assert shuffled < both[1]
        expect(status).to_contain_text(minus(shuffled))
        expect(status).to_contain_text(minus(both[1]))
        expect(status).to_contain_text(f"{both[1] - shuffled:.2f} below it")
    press(box, "Backwards")
    expect(status).to_contain_text(minus(chain.log_prob(X[::-1]).sum()))
    press(box, "In order")
    expect(status).to_contain_text(minus(both[0]))
    assert status.get_attribute("aria-live") == "polite"
    assert violations(box.page) == []


def test_the_states_light_up_as_the_forward_pass_goes(box, chain):
    """By the slider: so many years are coloured, and the next is foretold."""
    slider = box.get_by_role("slider")
    slider.focus()
    page = box.page
    page.keyboard.press("Home")
    expect(box.locator("label b")).to_have_text("1900")
    grey = box.locator(".bars path[fill='var(--mx-rule)']")
    expect(grey).to_have_count(106)
    for _ in range(44):
        page.keyboard.press("ArrowRight")
    expect(grey).to_have_count(62)
    expect(box.locator("label b")).to_have_text("1944")
    last = chain.responsibilities(X[:45])[-1]
    ahead = last @ chain.transition @ [c.rate for c in chain.components]
    expect(box.locator("dd").nth(2)).to_have_text(f"{ahead:.1f}")
    seen = minus(chain.log_prob(X[:45]).sum())
    expect(box.locator("dd").first).to_have_text(seen)
    expect(box.get_by_role("status")).to_have_text(re.compile("the first 45 years"))


def test_the_drawing_has_the_counts_as_heights(box):
    """On the widest and the narrowest box, and nothing reaches beyond it."""
    for width in (1280, 390):
        box.page.set_viewport_size({"width": width, "height": 900})
        tops = """(box) => { const tops = {};
            for (const path of box.querySelectorAll(".bars path")) {
              const [, x, y] = path.getAttribute("d").match(/M(\\S+) (\\S+?)[hV]/);
              const height = path.getAttribute("d").match(/v(\\S+?)h/);
              (tops[x] ??= []).push(+height[1]); }
            return Object.values(tops).map((h) => h.reduce((a, b) => a + b, 0)); }"""
        heights = np.array(box.evaluate(tops))
        assert len(heights) == len(X)
        np.testing.assert_allclose(heights / heights.max(), X / X.max(), atol=0.01)
        assert box.page.evaluate("document.body.scrollWidth <= innerWidth")


def test_without_scripts_the_table_stands_there(still, chain, mixture):
    table = still("chain").locator("tbody")
    expect(table.locator("tr")).to_have_count(4)
    expect(table).to_contain_text(f"{chain.log_prob(X).sum():.2f}")
    expect(table).to_contain_text(f"{mixture.log_prob(X).sum():.2f}")
