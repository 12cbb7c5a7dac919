"""Chapter 10's floor under the standard deviations, against the page's Python."""

import json
import re

import numpy as np
import pytest
from playwright.sync_api import expect

from mixnotes import Mixture, Normal


@pytest.fixture
def box(move):
    return move("floor")


@pytest.fixture
def told(page, box):
    return json.loads(page.locator("#mx-galaxies").text_content())


def slider(box):
    return box.get_by_role("slider")


def test_the_arithmetic_of_the_page_is_that_of_python(page, site, told):
    """Densities, the K of least BIC, and which components are needles."""
    ends = [end for data in told.values() for end in data["ends"]]
    xs = np.linspace(8, 36, 57).tolist()
    page.goto(site.url)
    found = page.evaluate(
        """async ([ends, xs]) => {
             const m = await import("./assets/js/moves/floor.js");
             return ends.map((end) => [m.least(end.bic),
               m.needles(end.parts, 82).length,
               xs.map((x) => m.density(end.parts, x))]);
           }""",
        [ends, xs],
    )
    for end, (K, needles, density) in zip(ends, found, strict=True):
        weights, means, sds = np.transpose(end["parts"])
        mixture = Mixture(list(map(Normal, means, sds)), weights / weights.sum())
        wanted = np.exp(mixture.log_prob(xs)) * weights.sum()
        np.testing.assert_allclose(density, wanted, rtol=1e-9, atol=1e-12)
        assert K == 1 + np.argmin(end["bic"]) == len(end["parts"])
        assert needles == (82 * weights < 2.5).sum()


def test_the_floor_is_dragged_by_keyboard(page, box, told, violations):
    """From needles on the left to three components on the right, and announced."""
    status = box.get_by_role("status")
    assert status.get_attribute("aria-live") == "polite"
    expect(status).to_have_text(re.compile(r"K = 6 has .*440\.06; .* two galaxies"))
    expect(box.locator("svg text", has_text="440.06")).to_have_count(1)
    slider(box).focus()
    page.keyboard.press("Home")
    expect(status).to_have_text(re.compile(r"K = 7 .*439\.31; .*Three components own"))
    expect(box.locator("svg text", has_text="3 needles")).to_have_count(1)
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(box.locator("label b")).to_have_text("2 %")
    expect(status).to_have_text(re.compile(r"K = 3 has .*442\.22\. No component is a"))
    assert re.fullmatch(r"2 %, 9\d km/s", slider(box).get_attribute("aria-valuetext"))
    assert "NaN" not in box.inner_html()
    page.evaluate("scrollTo(0, 0)")
    assert violations(page) == []


def test_as_typed_three_win(page, box):
    box.get_by_role("radio", name="as typed").check()
    status = box.get_by_role("status")
    expect(status).to_have_text(re.compile(r"K = 3 has the least BIC found, 441\.61"))


@pytest.mark.parametrize("width", [390, 1280])
def test_no_label_lies_on_another(page, box, told, width):
    """At every place of the slider."""
    page.set_viewport_size({"width": width, "height": 844})
    for name in ("misprint mended", "as typed"):
        box.get_by_role("radio", name=name).check()
        for place in range(len(told["mended"]["ends"])):
            slider(box).fill(str(place))
            boxes = box.locator("svg text").evaluate_all(
                "all => all.map((t) => { const b = t.getBBox();"
                " return [b.x, b.y + 2, b.x + b.width, b.y + b.height - 2]; })"
            )
            for i, a in enumerate(boxes):
                for b in boxes[:i]:
                    apart = a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
                    assert apart, (name, place, a, b)


def test_without_scripts_the_table_stands(still):
    """The page is complete before any script runs."""
    expect(still("floor").locator("tbody tr")).to_have_count(3)
