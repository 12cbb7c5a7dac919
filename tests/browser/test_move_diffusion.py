"""Chapter 16's dots, from the fog along the score: against the package and the page."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

import mixnotes as mx

MOVE = """import("./assets/js/moves/diffusion.js")"""
BACK = """const follow = (x, model) => {
  const { times } = m;
  for (let k = 1; k < times.length; k++) x = m.back(x, times[k - 1], times[k], model);
  return x; };"""
AROUND = np.arange(24) * np.pi / 12
ACROSS = np.linspace(-2, 2, 24)
TARGETS = {
    "Ring": 2 * np.column_stack([np.cos(AROUND), np.sin(AROUND)]),
    "Banana": np.column_stack([ACROSS, 0.8 * ACROSS**2 - 1.2]),
}


def after(t, centres, sd):
    """The blurred mixture, by the package."""
    a = np.exp(-t)
    cov = (a**2 * sd**2 + 1 - a**2) * np.eye(2)
    parts = [mx.MultivariateNormal(a * c, cov) for c in centres]
    return mx.Mixture(parts, np.full(len(parts), 1 / len(parts)))


def slope(mixture, x, h=1e-5):
    """The gradient of log p by differences."""
    sides = [
        mixture.log_prob(x + h * e) - mixture.log_prob(x - h * e) for e in np.eye(2)
    ]
    return np.transpose(sides) / (2 * h)


@pytest.fixture
def box(move):
    return move("diffusion")


def from_the_page(page, site, code, *given):
    page.goto(site.url)
    return page.evaluate(
        f"""async (given) => {{ const m = await {MOVE};
             const known = m.targets(0.25); {code} }}""",
        list(given),
    )


@pytest.mark.parametrize("name", ["Ring", "Banana"])
def test_the_targets_and_scores_of_the_page_are_those_of_the_package(page, site, name):
    x = np.random.default_rng(0).normal(size=(20, 2)) * 1.5
    code = """const [name, x, t] = given; return [known[name].centres,
      x.map((at) => m.score(at, t, known[name])),
      x.map((at) => m.guess(at, t, known[name]))];"""
    for t in (0.05, 0.4, 2.0):
        centres, scores, guesses = from_the_page(page, site, code, name, x.tolist(), t)
        np.testing.assert_allclose(centres, TARGETS[name], atol=1e-12)
        now = after(t, TARGETS[name], 0.25)
        np.testing.assert_allclose(scores, slope(now, x), atol=1e-6)
        # the posterior mean, component by component: no score in it
        a, r = np.exp(-t), now.responsibilities(x)
        gain = a * 0.25**2 / (a**2 * 0.25**2 + 1 - a**2)
        each = TARGETS[name] + gain * (x[:, None] - a * TARGETS[name])
        wanted = (r[:, :, None] * each).sum(axis=1)
        np.testing.assert_allclose(guesses, wanted, atol=1e-9)


def test_the_flow_of_the_page_makes_the_banana_out_of_fog(page, site):
    """By the shares of 6,000 dots in eight columns, to their scatter."""
    fog = np.random.default_rng(1).normal(size=(6000, 2))
    code = f"{BACK} return given[0].map((x) => follow(x, known.Banana));"
    found = np.array(from_the_page(page, site, code, fog.tolist()))
    for side in (0, 1):
        edges = np.linspace(-2.6, 2.6, 9)
        parts = [mx.Normal(m, 0.25) for m in TARGETS["Banana"][:, side]]
        wanted = np.diff(mx.Mixture(parts, np.full(24, 1 / 24)).cdf(edges))
        seen = np.histogram(found[:, side], edges)[0] / 6000
        np.testing.assert_allclose(seen, wanted, atol=0.025)


def test_the_needles_bring_back_what_they_were_given(page, site):
    code = f"""{BACK} return [known.Needles.centres,
      given[0].map((x) => follow(x, known.Needles))];"""
    fog = np.random.default_rng(2).normal(size=(300, 2))
    given, found = map(np.array, from_the_page(page, site, code, fog.tolist()))
    apart = np.linalg.norm(found[:, None] - given, axis=2)
    assert len(given) == 40
    assert np.quantile(apart.min(axis=1), 0.99) < 1e-6
    assert len(set(apart.argmin(axis=1))) > 30


def radii(box):
    """Of the dots, in units of the plane."""
    return np.array(
        box.evaluate(
            """(box) => { const view = box.querySelector("svg").viewBox.baseVal;
             return [...box.querySelectorAll(".dots circle")].map((c) => Math.hypot(
               c.cx.baseVal.value - view.width / 2,
               c.cy.baseVal.value - (view.height - 22) / 2)
               / ((view.height - 22) / 6.2)); }"""
        )
    )


def test_the_time_works_by_keyboard_and_the_fog_becomes_a_ring(box, violations):
    slider = box.get_by_role("slider")
    slider.focus()
    box.page.keyboard.press("End")
    status = box.get_by_role("status")
    expect(status).to_have_text(re.compile(r"Time 4\.000: fog"))
    fog = radii(box)
    assert np.mean(fog < 1) == pytest.approx(1 - np.exp(-0.5), abs=0.08)
    box.page.keyboard.press("Home")
    expect(status).to_have_text(re.compile(r"Time 0\.000: a ring"))
    ring = radii(box)
    assert len(ring) == 260
    assert abs(np.median(ring) - 2) < 0.1
    assert ring.min() > 0.9
    assert status.get_attribute("aria-live") == "polite"
    assert "NaN" not in box.inner_html()
    assert violations(box.page) == []


def test_a_target_can_be_chosen_and_is_said(box, violations):
    slider = box.get_by_role("slider")
    slider.focus()
    box.page.keyboard.press("Home")
    status = box.get_by_role("status")
    for name, said in [
        ("Banana", "a banana"),
        ("Needles", "40 dots"),
        ("Ring", "a ring"),
    ]:
        button = box.get_by_role("button", name=name)
        button.focus()
        box.page.keyboard.press("Enter")
        expect(status).to_contain_text(said)
        assert button.get_attribute("aria-pressed") == "true"
        assert "NaN" not in box.inner_html()
        assert violations(box.page) == []


def test_the_film_runs_back_and_is_still_where_motion_is_reduced(box):
    """With motion reduced, at once; else step by step, to the same end."""
    box.page.emulate_media(reduced_motion="reduce")
    run = box.get_by_role("button", name="Run back")
    run.click()
    assert box.get_by_role("slider").input_value() == "0"
    box.page.emulate_media(reduced_motion="no-preference")
    run.click()
    assert int(box.get_by_role("slider").input_value()) > 0
    expect(box.get_by_role("slider")).to_have_value("0")
    expect(box.get_by_role("status")).to_have_text(re.compile("a ring"))


def test_the_numbers_beside_it_are_those_of_python(box):
    slider = box.get_by_role("slider")
    slider.focus()
    box.page.keyboard.press("Home")
    for _ in range(30):
        box.page.keyboard.press("ArrowRight")
    t = 4 * 0.5**3
    a = np.exp(-t)
    numbers = box.locator("dd")
    expect(numbers.nth(0)).to_have_text(f"{a:.4f}")
    expect(numbers.nth(1)).to_have_text(f"{(1 - a**2) ** 0.5:.4f}")
    marked, guess = (
        [
            float(v.replace("−", "-"))
            for v in re.findall("[−0-9.]+", numbers.nth(k).inner_text())
        ]
        for k in (2, 3)
    )
    score = slope(after(t, TARGETS["Ring"], 0.25), np.array([marked]))[0]
    wanted = (np.array(marked) + (1 - a**2) * score) / a
    np.testing.assert_allclose(guess, wanted, atol=0.06)


def test_nothing_reaches_beyond_a_phone(box):
    box.page.set_viewport_size({"width": 390, "height": 844})
    assert box.page.evaluate("document.body.scrollWidth <= innerWidth")


def test_without_scripts_the_table_stands(still):
    expect(still("diffusion").locator("tbody tr")).to_have_count(4)
