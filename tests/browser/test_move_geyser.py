"""EM on Old Faithful, on the landing page: its run is the package's, and so is that of
a start of the reader's own."""

import json
import re

import numpy as np
import pytest
from playwright.sync_api import expect

import mixnotes as mx

GEYSER = mx.datasets.faithful()
X = np.column_stack([GEYSER["eruptions"], GEYSER["waiting"]])
BLANK = mx.gaussian_mixture(2)
COV = [0.9, 0, 60]


def mixture(of):
    parts = [
        mx.MultivariateNormal(mean, [[a, b], [b, c]])
        for mean, (a, b, c) in zip(of["means"], of["covs"], strict=True)
    ]
    return mx.Mixture(parts, weights=of["weights"])


def plain(step):
    return {
        "weights": step.weights.tolist(),
        "means": [each.mean.tolist() for each in step.components],
        "covs": [each.cov[np.triu_indices(2)].tolist() for each in step.components],
    }


@pytest.fixture
def box(page, site):
    page.goto(site.url)
    box = page.locator("[data-move='geyser'][data-live]")
    expect(box.locator("circle").first).to_be_visible()
    return box


def test_the_arithmetic_of_the_page_is_that_of_mixnotes(page, site):
    """Responsibilities, log-likelihood and a whole run from three starts."""
    page.goto(site.url)
    for means in ([[2.5, 80], [4.5, 60]], [[2, 50], [2.1, 90]], [[5, 95], [1.7, 45]]):
        start = {"weights": [0.5, 0.5], "means": means, "covs": [COV, COV]}
        shares, fit, run = page.evaluate(
            """async ([start, x]) => {
                 const m = await import("./assets/js/moves/geyser.js");
                 const { shares, fit } = m.eStep(start, x);
                 return [shares, fit, m.climb(start, x)]; }""",
            [start, X.tolist()],
        )
        current = mixture(start)
        np.testing.assert_allclose(
            shares, current.responsibilities(X)[:, 0], rtol=1e-9, atol=1e-12
        )
        assert fit == pytest.approx(current.log_prob(X).sum(), rel=1e-12)
        assert len(run) > 5
        for seen in run:
            wanted = plain(current)
            for key in ("weights", "means", "covs"):
                np.testing.assert_allclose(seen[key], wanted[key], rtol=1e-7, atol=1e-9)
            assert seen["fit"] == pytest.approx(current.log_prob(X).sum(), rel=1e-10)
            current = mx.em_step(BLANK, current, X)
        gains = np.diff([each["fit"] for each in run])
        assert (gains > -1e-9).all()


def test_the_run_that_the_page_brings_was_computed_by_the_package(site):
    source = site.source("")
    pattern = r'<div class="mx-data" hidden[^>]*>(.*?)</div>'
    found = re.search(pattern, source, re.DOTALL)
    text = re.sub(r"<[^>]+>", "", found[1]).replace("&quot;", '"')
    data = json.loads(text)
    np.testing.assert_array_equal(data["x"], X)
    fit = mx.em(BLANK, X)
    assert data["run"][-1]["fit"] == pytest.approx(fit.log_likelihood, abs=0.01)
    for before, after in zip(data["run"], data["run"][1:], strict=False):
        step = plain(mx.em_step(BLANK, mixture(before), X))
        for key in ("weights", "means", "covs"):
            np.testing.assert_allclose(after[key], step[key], rtol=1e-3, atol=1e-4)


def test_its_steps_are_gone_through_by_keyboard(page, box, violations):
    slider = box.get_by_role("slider", name=re.compile("EM step"))
    status = box.get_by_role("status")
    expect(status).to_contain_text("The start")
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", re.compile(r"step 1, .*−1278"))
    expect(status).to_contain_text("Step 1: ")
    page.keyboard.press("End")
    expect(slider).to_have_attribute("aria-valuetext", re.compile(r"−1130\.3"))
    expect(status).to_contain_text("Nothing is left to gain")
    expect(box.locator("svg").first).to_contain_text("A 64 %")
    assert violations(page) == []
    box.get_by_role("button", name="Another start").press("Enter")
    expect(status).to_contain_text("The start")
    back = box.get_by_role("button", name="The page's run")
    expect(back).to_be_visible()
    back.press("Enter")
    expect(back).to_be_hidden()
    expect(slider).to_have_attribute("max", "12")


def test_labels_do_not_meet_where_the_centres_do(page, box):
    """In any step of the page's run, nor of ten other starts."""
    overlaps = """(box) => {
      const [a, b] = [...box.querySelectorAll(".mx-geyser svg:first-child .mx-halo")]
        .map((label) => label.getBoundingClientRect());
      const across = a.left < b.right && b.left < a.right;
      return across && a.top < b.bottom && b.top < a.bottom;
    }"""
    page.emulate_media(reduced_motion="reduce")
    slider = box.get_by_role("slider")
    for _ in range(10):
        for step in range(int(slider.get_attribute("max")) + 1):
            slider.fill(str(step))
            assert not box.evaluate(overlaps), step
        box.get_by_role("button", name="Another start").click()


def test_a_centre_that_is_dragged_begins_another_run(page, box):
    centre = box.locator(".mx-hold").first
    place = centre.bounding_box()
    x, y = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 30, y + 20, steps=3)
    page.mouse.up()
    expect(box.get_by_role("button", name="The page's run")).to_be_visible()
    moved = box.locator(".mx-hold").first.bounding_box()
    assert moved["x"] + moved["width"] / 2 == pytest.approx(x + 30, abs=1.5)
    assert moved["y"] + moved["height"] / 2 == pytest.approx(y + 20, abs=1.5)
    box.get_by_role("button", name="Step", exact=True).click()
    expect(box.get_by_role("status")).to_contain_text("Step 1: ")


def test_run_goes_to_the_end_and_stops_there(page, box):
    box.get_by_role("button", name="Run").click()
    expect(box.get_by_role("status")).to_contain_text("Nothing is left to gain")
    expect(box.get_by_role("button", name="Run")).to_be_visible()


def test_without_scripts_and_on_paper_the_picture_stands_still(browser, page, site):
    with browser.new_context(java_script_enabled=False) as context:
        other = context.new_page()
        other.goto(site.url)
        expect(other.locator("[data-move='geyser']")).to_be_hidden()
        expect(other.locator(".mx-hero figure svg").first).to_be_visible()
    page.goto(site.url)
    expect(page.locator("[data-move='geyser'][data-live]")).to_be_visible()
    expect(page.locator(".mx-hero figure")).to_be_hidden()
    page.emulate_media(media="print")
    expect(page.locator("[data-move='geyser']")).to_be_hidden()
    expect(page.locator(".mx-hero figure")).to_be_visible()
