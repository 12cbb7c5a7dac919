"""The move of chapter 7, against Python's own arithmetic."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

import mixnotes as mx

P, A, B = 0.6, 0.8, 0.3
Q = P * A + (1 - P) * B


@pytest.fixture
def box(move):
    return move("identifiable")


@pytest.fixture
def evaluate(page, site):
    """Run a function of the module `move` and one argument in the page."""

    def run(function, argument):
        page.goto(site.url)
        source = f"""async (argument) => {{
          const move = await import("./assets/js/moves/identifiable.js");
          return ({function})(move, argument); }}"""
        return page.evaluate(source, argument)

    return run


def test_the_third_parameter_makes_the_same_share_of_red(evaluate):
    """To 1e-12 against the solved equation, for each of the three, inside and out."""
    grid = [k / 20 for k in range(21)]
    pairs = [(u, v) for u in grid for v in grid]
    seen = evaluate(
        """({ third }, [pairs, q]) => pairs.map(([u, v]) =>
             [third("p", { a: u, b: v }, q), third("a", { p: u, b: v }, q),
              third("b", { p: u, a: v }, q)])""",
        [pairs, Q],
    )
    for (u, v), (p, a, b) in zip(pairs, seen, strict=True):
        if u != v:
            assert p == pytest.approx((Q - v) / (u - v), rel=1e-12, abs=1e-12)
        if u > 0:
            assert a == pytest.approx((Q - (1 - u) * v) / u, rel=1e-12, abs=1e-12)
        if u < 1:
            assert b == pytest.approx((Q - u * v) / (1 - u), rel=1e-12, abs=1e-12)


def test_where_every_value_fits_or_none_the_arithmetic_says_so(evaluate):
    """NaN for every value, an infinity for none."""
    seen = evaluate(
        """({ third }, q) =>
             [third("p", { a: q, b: q }, q), third("p", { a: 0.2, b: 0.2 }, q),
              third("a", { p: 0, b: q }, q), third("b", { p: 1, a: 0.1 }, q)]
             .map(String)""",
        Q,
    )
    assert seen == ["NaN", "Infinity", "NaN", "Infinity"]


def test_a_bag_of_three_has_the_probabilities_of_the_package(evaluate):
    """To 1e-12, for triples on the edges too."""
    triples = [(P, A, B), (0.5, 0.7, 0.5), (0.2, 1.0, 0.5), (1.0, 0.6, 0.0)]
    seen = evaluate(
        "({ bagOfThree }, all) => all.map(([p, a, b]) => bagOfThree({ p, a, b }))",
        triples,
    )
    for (p, a, b), chances in zip(triples, seen, strict=True):
        parts = [mx.Binomial(3, a), mx.Binomial(3, b)]
        bag = mx.Mixture(parts, weights=[p, 1 - p])
        wanted = np.exp(bag.log_prob(range(4)))
        assert chances == pytest.approx(wanted, rel=0, abs=1e-12)


def test_the_pick_works_by_keyboard(page, box, violations):
    """Sliders and radio buttons, each announced; the third parameter follows."""
    status = box.get_by_role("status")
    assert status.get_attribute("aria-live") == "polite"
    expect(status).to_have_text(re.compile(r"b = 0\.300 .*would agree with it"))
    expect(box.get_by_role("slider")).to_have_count(2)

    def press(name, key, times):
        box.get_by_role("slider", name=name).focus()
        for _ in range(times):
            page.keyboard.press(key)

    press("weight of A", "ArrowLeft", 10)
    press("A's share of red", "ArrowLeft", 10)
    expect(status).to_have_text(
        re.compile(r"π = 0\.50 and a = 0\.70, b = 0\.500 fits .*Bags of three tell")
    )
    press("A's share of red", "Home", 1)
    wanted = f"{Q / 0.5:.3f}"
    expect(status).to_have_text(re.compile(rf"no b .*would have to be {wanted}"))
    expect(box.locator("circle")).to_have_count(1)
    assert violations(page) == []

    press("A's share of red", "End", 1)
    expect(status).to_have_text(re.compile(r"a = 1\.00, b = 0\.200 fits"))
    box.get_by_role("radio", name="b").focus()
    page.keyboard.press("ArrowLeft")  # to a
    expect(box.get_by_role("radio", name="a")).to_be_checked()
    expect(status).to_have_text(re.compile(r"b = 0\.20, a = 1\.000 fits"))
    page.keyboard.press("ArrowLeft")  # to π
    expect(status).to_have_text(re.compile(r"a = 1\.00 and b = 0\.20, π = 0\.500 fits"))
    assert violations(page) == []


def test_the_exchanged_labels_agree_with_bags_of_three(page, box):
    """Weight 0.4, a 0.3, and b is 0.8: the same mixture in the other order."""
    box.get_by_role("slider", name="weight of A").focus()
    for _ in range(20):
        page.keyboard.press("ArrowLeft")
    box.get_by_role("slider", name="A's share of red").focus()
    for _ in range(50):
        page.keyboard.press("ArrowLeft")
    status = box.get_by_role("status")
    expect(status).to_have_text(re.compile(r"b = 0\.800 .*would agree with it too"))


def test_the_three_claims_have_one_likelihood_and_three_kinds_of_bags(page, box):
    """A button sets its triple; the log-likelihood of 600 red in 1,000 stays."""
    single = mx.Bernoulli(Q).log_prob([1, 0]) @ [1000 * Q, 1000 * (1 - Q)]
    shown = f"{single:.2f}".replace("-", "−")
    for who, (p, a, b) in {
        "Bill": (0.5, 0.7, 0.5),
        "Cleo": (0.2, 1.0, 0.5),
        "Ann": (P, A, B),
    }.items():
        box.get_by_role("button", name=who).focus()
        page.keyboard.press("Enter")
        given = rf"π = {p:.2f} and a = {a:.2f}, b = {b:.3f} fits"
        expect(box.get_by_role("status")).to_have_text(re.compile(given))
        expect(box.locator("svg")).to_contain_text(f"log-likelihood always {shown}")
        bag = mx.Mixture([mx.Binomial(3, a), mx.Binomial(3, b)], weights=[p, 1 - p])
        for chance in np.exp(bag.log_prob(range(4))):
            expect(box.locator("svg")).to_contain_text(f"{chance:.3f}")


def test_without_scripts_the_still_table_stands(still):
    """Five picks with the third parameter, computed when the page was built."""
    box = still("identifiable")
    expect(box.locator("tbody tr")).to_have_count(5)
    expect(box.locator("tbody tr").first).to_contain_text(f"{B:.3f}")
