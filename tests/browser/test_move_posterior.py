"""Chapter 15's boat: posterior, best normal and encoder, against numpy and scipy."""

import json
import re

import numpy as np
import pytest
from playwright.sync_api import expect
from scipy import optimize, stats

PATH = "chapters/15-hard-e-step/"
GRID = np.linspace(-8, 9, 17_001)
DISTANCES = [0.3, 0.8, 1.0, 1.2, 2.0, 3.0]


def log_joint(x, z):
    away = stats.norm.logpdf(x, np.hypot(z - 0.5, 0.5), 0.2)
    return stats.norm.logpdf(z) + away


def log_evidence(x):
    return np.log(np.exp(log_joint(x, GRID)).sum() * 1e-3)


def gap(x, mean, sd):
    log_q = stats.norm.logpdf(GRID, mean, sd)
    return log_evidence(x) - (np.exp(log_q) * (log_joint(x, GRID) - log_q)).sum() * 1e-3


def top(x, start):
    """The best normal that a search finds from a mean."""
    found = optimize.minimize(
        lambda t: gap(x, t[0], np.exp(t[1])), (start, -1), method="Nelder-Mead"
    )
    return found.x[0], np.exp(found.x[1]), found.fun


@pytest.fixture
def learned(site):
    source = site.source(PATH)
    text = re.search(r'<div class="mx-data" hidden[^>]*>(.*?)</div>', source, re.S)[1]
    return json.loads(re.sub("<[^>]*>", "", text).replace("&quot;", '"'))


@pytest.fixture
def box(move):
    return move("posterior")


def test_the_arithmetic_of_the_page_is_that_of_python(page, site, learned):
    """Evidence, gaps and both tops of the bound, over the slider's range."""
    page.goto(site.url)
    found = page.evaluate(
        """async ([xs, learned]) => {
             const m = await import("./assets/js/moves/posterior.js");
             return xs.map((x) => { const q = m.encoder(x, learned);
               return [m.logEvidence(x, 0.2), q.mean, q.sd, m.gapOf(x, q, 0.2),
                 m.tops(x, 0.2)]; }); }""",
        [DISTANCES, learned],
    )
    for x, (evidence, mean, sd, own, tops) in zip(DISTANCES, found, strict=True):
        assert evidence == pytest.approx(log_evidence(x), abs=1e-8)
        (a, b), (c, d) = learned["mean"], learned["logSd"]
        assert (mean, sd) == pytest.approx((a + b * x, np.exp(c + d * x)))
        assert own == pytest.approx(gap(x, mean, sd), abs=1e-6)
        for q in tops:
            assert q["gap"] == pytest.approx(gap(x, q["mean"], q["sd"]), abs=1e-6)
        best = min(top(x, start)[2] for start in (-1, 0.5, 1.5))
        assert tops[0]["gap"] == pytest.approx(best, abs=2e-4)
        assert tops[0]["gap"] <= tops[1]["gap"]


def test_the_numbers_follow_the_distance_by_keyboard(page, box, learned, violations):
    """Two presses to the right, then to both ends: nothing breaks."""
    status, slider = box.get_by_role("status"), box.get_by_role("slider")
    assert status.get_attribute("aria-live") == "polite"
    slider.focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    mean, sd, best = top(1.3, -1)
    (a, b), (c, d) = learned["mean"], learned["logSd"]
    own = gap(1.3, a + b * 1.3, np.exp(c + d * 1.3))
    said = f"At 1.30 km the best normal has mean {mean:.2f} and sd {sd:.2f}. "
    said += f"Its gap is {best:.3f}, the encoder's {own:.3f}."
    expect(status).to_have_text(said.replace("-", "−"))
    expect(box.locator("dd").last).to_have_text(f"{own - best:.3f}")
    for key, x in (("Home", "0.30"), ("End", "3.00")):
        page.keyboard.press(key)
        expect(status).to_contain_text(f"At {x} km")
        assert "NaN" not in box.inner_html()
        assert "Infinity" not in box.inner_html()
    assert violations(page) == []


def test_from_the_other_side_the_climb_ends_on_the_other_peak(page, box):
    """And back, by keyboard; the button says which it shows."""
    button = box.get_by_role("button")
    button.focus()
    page.keyboard.press("Enter")
    mean, _, there = top(1.2, 1.5)
    status = box.get_by_role("status")
    expect(status).to_contain_text(
        f"the normal from the other side has mean {mean:.2f}"
    )
    expect(status).to_contain_text(f"Its gap is {there:.3f}")
    expect(button).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Enter")
    expect(status).to_contain_text(f"Its gap is {top(1.2, -1)[2]:.3f}")
    expect(button).to_have_attribute("aria-pressed", "false")


def test_without_scripts_the_table_stands(still):
    expect(still("posterior").locator("tbody tr")).to_have_count(4)
