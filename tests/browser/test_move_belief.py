"""Chapter 13's belief about a weight, against the package and scipy."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect
from scipy.integrate import quad

import mixnotes as mx

PLACES = [
    (red, blue, worth, share)
    for red, blue in [(5, 0), (35, 15), (350, 150)]
    for worth, share in [(1, 0.5), (4, 0.5), (20, 0.25), (40, 0.9)]
]
FACTORIES = [mx.Bernoulli(0.8), mx.Bernoulli(0.3)]


@pytest.fixture
def box(move):
    return move("belief")


def from_the_page(page, site, call):
    page.goto(site.url)
    return page.evaluate(
        f"""async (places) => {{
             const m = await import("./assets/js/moves/belief.js");
             return places.map((p) => {call}); }}""",
        PLACES,
    )


def test_the_steps_end_where_the_package_does(page, site):
    for place, top in zip(
        PLACES, from_the_page(page, site, "m.mode(...p)"), strict=True
    ):
        red, blue, worth, share = place
        alpha = [1 + worth * share, 1 + worth * (1 - share)]
        model = mx.Mixture(FACTORIES, weights=mx.Dirichlet(alpha))
        fit = mx.em(model, [1, 0], sample_weight=[red, blue])
        assert top == pytest.approx(fit.mixture.weights[0], abs=1e-7)


def test_the_mean_is_that_of_the_posterior(page, site):
    for place, mean in zip(
        PLACES, from_the_page(page, site, "m.mean(...p)"), strict=True
    ):
        red, blue, worth, share = place

        def density(p, red=red, blue=blue, worth=worth, share=share):
            log = red * np.log((0.3 + 0.5 * p) / 0.7)
            log += blue * np.log((0.7 - 0.5 * p) / 0.3)
            return np.exp(log) * p ** (worth * share) * (1 - p) ** (worth * (1 - share))

        over, under = (
            quad(f, 0, 1, epsabs=0, limit=200)[0]
            for f in (lambda p: p * density(p), density)
        )
        assert mean == pytest.approx(over / under, abs=1e-5)


def test_a_step_is_that_of_the_package(page, site):
    for place, after in zip(
        PLACES, from_the_page(page, site, "m.step(0.3, ...p)"), strict=True
    ):
        red, blue, worth, share = place
        now = mx.Mixture(FACTORIES, weights=[0.3, 0.7])
        count = np.array([red, blue]) @ now.responsibilities([1, 0])[:, 0]
        wanted = (count + worth * share) / (red + blue + worth)
        assert after == pytest.approx(wanted, abs=1e-12)


def test_it_is_worked_by_keyboard(page, box, violations):
    """Steps, sliders and bags; what they say is announced."""
    status = box.get_by_role("status")
    assert status.get_attribute("aria-live") == "polite"
    expect(status).to_have_text(re.compile(r"alone is highest at 1\.000, .* at 0\.701"))
    box.get_by_role("button", name="EM step").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(status).to_have_text(re.compile(r"Step 2: .* at 0\.701"))
    worth = box.get_by_role("slider", name=re.compile("worth"))
    worth.focus()
    page.keyboard.press("Home")
    expect(status).to_have_text(re.compile(r"the posterior at 1\.000; the mean"))
    expect(box.get_by_text("0 labelled marbles")).to_be_visible()
    assert "NaN" not in box.inner_html()
    page.keyboard.press("End")
    assert "NaN" not in box.inner_html()
    share = box.get_by_role("slider", name=re.compile("of which"))
    for key in ("Home", "End"):
        share.focus()
        page.keyboard.press(key)
        assert "NaN" not in box.inner_html()
        assert "Infinity" not in box.inner_html()
    box.get_by_role("radio", name="350 of 500").check()
    box.get_by_role("button", name="Start again").press("Enter")
    expect(status).to_have_text(re.compile(r"alone is highest at 0\.800"))
    page.evaluate("scrollTo(0, 0)")
    assert violations(page) == []


@pytest.mark.parametrize("width", [390, 1280])
def test_no_label_lies_on_another(page, box, width):
    page.set_viewport_size({"width": width, "height": 844})
    worth, share = box.get_by_role("slider").all()
    for bag in ("5 of 5 red", "35 of 50", "350 of 500"):
        box.get_by_role("radio", name=bag).check()
        for w in (0, 4, 40):
            for s in (0, 0.5, 1):
                worth.fill(str(w))
                share.fill(str(s))
                boxes = box.locator("svg text").evaluate_all(
                    "all => all.map((t) => { const b = t.getBBox();"
                    " return [b.x, b.y + 2, b.x + b.width, b.y + b.height - 2]; })"
                )
                for i, a in enumerate(boxes):
                    assert a[0] >= -1
                    for b in boxes[:i]:
                        apart = a[2] <= b[0] or b[2] <= a[0]
                        apart = apart or a[3] <= b[1] or b[3] <= a[1]
                        assert apart, (bag, w, s, a, b)


def test_without_scripts_the_table_stands(still):
    """The page is complete before any script runs."""
    expect(still("belief").locator("tbody tr")).to_have_count(3)
