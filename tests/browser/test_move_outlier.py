"""Chapter 11's t distribution on Newcomb's light times, against mixnotes' own."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

import mixnotes as mx

LIGHT = mx.datasets.newcomb()["deviation"]


def fitted(moved, df):
    """Centre, scale, and what the moved measurement counts."""
    x = np.where(LIGHT == -44, moved, LIGHT)
    if df == np.inf:
        return x.mean(), x.std(), 1.0
    t = mx.StudentT(df=df).fit(x)
    return t.loc, t.scale, (df + 1) / (df + ((moved - t.loc) / t.scale) ** 2)


@pytest.fixture
def box(move):
    return move("outlier")


def test_the_arithmetic_of_the_page_is_that_of_mixnotes(page, site):
    """The data, and the fit over both sliders."""
    page.goto(site.url)
    others, freedoms, found = page.evaluate(
        """async () => {
             const m = await import("./assets/js/moves/outlier.js");
             const places = [-60, -44, 0, 26, 58];
             const found = m.freedoms.flatMap((df) => places.map((at) => {
               const { loc, scale, u } = m.fit([at, ...m.others], df);
               return [at, String(df), loc, scale, u[0],
                 m.mean([at, ...m.others]), m.median([at, ...m.others])]; }));
             return [m.others, m.freedoms.map(String), found]; }"""
    )
    np.testing.assert_array_equal([-44, *others], np.sort(LIGHT))
    assert freedoms[0] == "1"
    assert freedoms[-1] == "Infinity"
    assert "3" in freedoms
    for at, df, *numbers in found:
        x = np.where(LIGHT == -44, at, LIGHT)
        wanted = [*fitted(at, float(df)), x.mean(), np.median(x)]
        np.testing.assert_allclose(numbers, wanted, rtol=1e-6)


def test_it_opens_with_the_numbers_of_the_chapter(box):
    status = box.get_by_role("status")
    assert status.get_attribute("aria-live") == "polite"
    expect(status).to_have_text(re.compile("mean 26.21, median 27.00, .* 27.4548"))
    expect(status).to_have_text(re.compile("counts 0.0136"))


def test_both_sliders_work_by_keyboard(page, box, violations):
    """At infinity the t is the mean; at the ends all stays a number."""
    status = box.get_by_role("status")
    box.get_by_role("slider", name=re.compile("degrees")).focus()
    page.keyboard.press("End")
    expect(status).to_have_text(
        re.compile("the normal, which is t on ∞ degrees of freedom, 26.2121")
    )
    page.keyboard.press("Home")
    loc, _, counts = fitted(-44, 1)
    expect(status).to_have_text(re.compile(f"{loc:.4f}, where .* {counts:.4f}"))
    assert violations(page) == []
    box.get_by_role("slider", name=re.compile("lowest")).focus()
    for key, at in (("End", 58), ("Home", -60)):
        page.keyboard.press(key)
        loc, _, counts = fitted(at, 1)
        expect(status).to_have_text(re.compile(f"{loc:.4f}, where .* {counts:.4f}"))
        assert "NaN" not in box.inner_html()


def test_the_measurement_can_be_dragged(page, box):
    """It goes where it is let go; a press elsewhere moves nothing."""
    slider = box.get_by_role("slider", name=re.compile("lowest"))
    ring = box.locator("svg circle[r='8']").bounding_box()
    x, y = ring["x"] + ring["width"] / 2, ring["y"] + ring["height"] / 2
    page.mouse.move(x + 90, y)
    page.mouse.down()
    page.mouse.move(x + 120, y)
    page.mouse.up()
    assert slider.input_value() == "-44"
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 100, y, steps=4)
    page.mouse.up()
    moved = int(slider.input_value())
    assert -44 < moved < 10
    loc, _, counts = fitted(moved, 3)
    status = box.get_by_role("status")
    expect(status).to_have_text(re.compile(f"{loc:.4f}, where .* {counts:.4f}"))


def test_without_scripts_the_table_stands(still):
    box = still("outlier")
    expect(box.locator("tbody tr")).to_have_count(4)
    expect(box.locator("tbody tr").last).to_contain_text("0.0136")
