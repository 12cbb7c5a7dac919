"""Chapter 1's sliders for weight and separation, against Python's own arithmetic."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

import mixnotes as mx

GRID = [(p / 20, s / 4) for p in range(21) for s in range(25)]


def mixture(p, s):
    return mx.Mixture([mx.Normal(-s / 2, 1), mx.Normal(s / 2, 1)], [p, 1 - p])


@pytest.fixture
def box(move):
    return move("choice")


@pytest.fixture
def computed(page, site):
    """Of each weight and separation: modes, moments, and the density at x = 0.7."""
    page.goto(site.url)
    return page.evaluate(
        """async (grid) => {
             const m = await import("./assets/js/moves/choice.js");
             return grid.map(([p, s]) => ({ tops: m.modes(p, s), ...m.moments(p, s),
                                            density: m.density(0.7, p, s) })); }""",
        GRID,
    )


def test_moments_and_density_are_those_of_the_package(computed):
    """To 1e-12, over both sliders."""
    for (p, s), seen in zip(GRID, computed, strict=True):
        both = mixture(p, s)
        wanted = [both.mean(), both.variance(), np.exp(both.log_prob([0.7]))[0]]
        found = [seen["mean"], seen["variance"], seen["density"]]
        assert found == pytest.approx(wanted, rel=0, abs=1e-12)
        assert seen["ofAverage"] == pytest.approx(p**2 + (1 - p) ** 2, abs=1e-12)


def test_the_modes_are_the_tops_of_the_density(computed):
    """As many as a fine grid shows, each between the means, and flat there to 1e-12."""
    x = np.linspace(-3.2, 3.2, 64_002)
    for (p, s), seen in zip(GRID, computed, strict=True):
        y = np.exp(mixture(p, s).log_prob(x))
        rises = np.diff(y) > 1e-15
        count = int((rises[:-1] & ~rises[1:]).sum())
        assert len(seen["tops"]) == count, (p, s)
        for t in seen["tops"]:
            assert -s / 2 <= t <= s / 2
            a, b = p * np.exp(-((t + s / 2) ** 2) / 2), np.exp(-((t - s / 2) ** 2) / 2)
            slope = -a * (t + s / 2) - (1 - p) * b * (t - s / 2)
            assert abs(slope) < 1e-12, (p, s)


def test_two_standard_deviations_are_the_border_for_equal_weights(page, site):
    """One mode at 2, two from just above; none of it depends on which is A."""
    page.goto(site.url)
    counts = page.evaluate(
        """async (all) => {
             const { modes } = await import("./assets/js/moves/choice.js");
             return all.map(([p, s]) => modes(p, s).length); }""",
        [[0.5, 2], [0.5, 2.01], [0.3, 2.01], [0.7, 2.01], [0.3, 4], [0.7, 4]],
    )
    assert counts == [1, 2, 1, 1, 2, 2]


def test_the_sliders_work_by_keyboard(page, box, violations):
    """Arrow keys move both; numbers, dots and announcement follow."""
    weight = box.get_by_role("slider", name=re.compile("weight of A"))
    separation = box.get_by_role("slider", name=re.compile("separation"))
    status = box.get_by_role("status")
    expect(status).to_have_text(re.compile(r"Two .* 0\.00, variance 5\.00.* 0\.50"))
    assert status.get_attribute("aria-live") == "polite"
    weight.focus()
    for _ in range(20):
        page.keyboard.press("ArrowLeft")
    expect(box.locator("label b").first).to_have_text("0.30")
    expect(status).to_have_text(re.compile(r"Two .* 0\.80, variance 4\.36.* 0\.58"))
    assert box.locator("circle").count() == 2
    separation.focus()
    for _ in range(20):
        page.keyboard.press("ArrowLeft")
    expect(status).to_have_text(re.compile("One mode; "))
    expect(box.locator("circle")).to_have_count(1)
    assert violations(page) == []


def test_the_ends_of_both_sliders_show_numbers(page, box):
    """A weight of 0 or 1 and a separation of 0 leave one component, and no NaN."""
    for slider in box.get_by_role("slider").all():
        for key in ("Home", "End"):
            slider.focus()
            page.keyboard.press(key)
            expect(box.get_by_role("status")).to_have_text(re.compile(r"modes?; mean"))
            assert "NaN" not in box.inner_html()


def test_without_scripts_the_table_stands(still):
    """The page is complete before any script runs."""
    box = still("choice")
    expect(box.locator("tbody tr")).to_have_count(5)
