"""Chapter 17's two lines and a gate, against mixnotes and Newton's method in numpy."""

import html
import json
import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect
from scipy import optimize, stats

import mixnotes as mx

FLAT = np.array([[80.0, 50.0], [0.0, 0.0]])
START = np.array([-4.2, 0.3]), FLAT, np.array([15.0, 15.0])


@pytest.fixture
def box(move):
    return move("experts")


@pytest.fixture(scope="module")
def ride(site):
    """Speed and cadence, from the page."""
    text = Path(site.folder, "chapters/17-experts/index.html").read_text("utf-8")
    (data,) = re.findall(r'class="mx-data"[^>]*><span[^>]*>(.*?)</span>', text)
    data = json.loads(html.unescape(data))
    return np.array(data["x"]), np.array(data["y"])


def joint(ride, model):
    """p(y, z = k | x), (n, 2)."""
    x, y = ride
    (a, b), lines, sd = model
    g = 1 / (1 + np.exp(-(a + b * x)))
    mean = lines[0] + lines[1] * x[:, None]
    return np.column_stack([1 - g, g]) * stats.norm.pdf(y[:, None], mean, sd)


def em_step(ride, model):
    x, y = ride
    r = joint(ride, model)
    r = r / r.sum(axis=1, keepdims=True)
    lines = [np.polyfit(x, y, 1, w=np.sqrt(w))[::-1] for w in r.T]
    lines = np.column_stack(lines)
    off = y[:, None] - lines[0] - lines[1] * x[:, None]
    sd = np.sqrt((r * off**2).sum(axis=0) / r.sum(axis=0))
    X, gate = np.column_stack([np.ones(len(x)), x]), model[0]
    g = 1 / (1 + np.exp(-X @ gate))
    step = np.linalg.solve((X.T * g * (1 - g)) @ X, X.T @ (r[:, 1] - g))

    def height(gate):
        return (r[:, 1] * (X @ gate) - np.logaddexp(0, X @ gate)).sum()

    while height(gate + step) < height(gate):
        step = step / 2
    return gate + step, lines, sd


def height_of(ride, model):
    return np.log(joint(ride, model).sum(axis=1)).sum()


def test_the_arithmetic_of_the_page_is_that_of_numpy(page, site, ride):
    """Log-likelihoods, responsibilities and twelve steps, from two starts."""
    page.goto(site.url)
    steep = (np.array([-40.0, 2.5]), *START[1:])
    for model in (START, steep):
        (a, b), lines, sd = model
        given = {"a": a, "b": b, "lines": lines.T.tolist(), "sd": sd.tolist()}
        x, y = (v.tolist() for v in ride)
        found = page.evaluate(
            """async ([model, data]) => {
                 const m = await import("./assets/js/moves/experts.js");
                 const path = [];
                 for (let k = 0; k < 12; k++) {
                   path.push([m.logLikelihood(model, data),
                     m.responsibilities(model, data),
                     model.a, model.b, model.lines, model.sd]);
                   model = m.step(model, data); }
                 return path; }""",
            [given, {"x": x, "y": y}],
        )
        for fit, r, a, b, lines, sd in found:
            parts = joint(ride, model)
            assert fit == pytest.approx(height_of(ride, model), abs=1e-6)
            np.testing.assert_allclose(r, parts[:, 1] / parts.sum(axis=1), atol=1e-7)
            np.testing.assert_allclose([a, b], model[0], rtol=1e-6)
            np.testing.assert_allclose(np.transpose(lines), model[1], rtol=1e-6)
            np.testing.assert_allclose(sd, model[2], rtol=1e-6)
            model = em_step(ride, model)


def test_em_by_button_ends_where_the_package_does(box, ride, violations):
    status = box.get_by_role("status")
    assert status.get_attribute("aria-live") == "polite"
    first = height_of(ride, START)
    expect(status).to_have_text(re.compile(f"After 0 steps.* −{-first:.4f}"))
    box.get_by_role("button", name="EM step").press("Enter")
    second = height_of(ride, em_step(ride, START))
    expect(status).to_have_text(re.compile(f"After 1 step .* −{-second:.4f}"))
    for _ in range(3):
        box.get_by_role("button", name="Ten steps").press("Enter")
    line = mx.LinearRegression("y", ["x"])
    gated = mx.Mixture([line, line], weights=mx.Gate(["x"]))
    fit = mx.em(gated, {"x": ride[0], "y": ride[1]})
    expect(status).to_have_text(re.compile(f"After 31 .* −{-fit.log_likelihood:.4f}"))
    slopes = sorted(part.coef["x"] for part in fit.mixture.components)
    for k, slope in enumerate(slopes[::-1]):
        expect(box.locator("dd").nth(1 + k)).to_contain_text(f"{slope:.3f}")
    assert violations(box.page) == []
    box.get_by_role("button", name="Start again").press("Enter")
    expect(status).to_have_text(re.compile(f"After 0 steps.* −{-first:.4f}"))


def test_the_gate_works_by_keyboard_and_em_has_the_best_one(box, ride):
    """Sliders change the gate alone; the ends stay numbers; no gate is higher."""
    for _ in range(3):
        box.get_by_role("button", name="Ten steps").click()
    model = START
    for _ in range(30):
        model = em_step(ride, model)
    best = optimize.minimize(
        lambda gate: -height_of(ride, (gate, *model[1:])), model[0] + 0.01
    )
    assert -best.fun == pytest.approx(height_of(ride, model), abs=1e-6)
    fit = box.locator("dd").first
    steep = box.get_by_role("slider", name=re.compile("Steepness"))
    place = box.get_by_role("slider", name=re.compile("Place"))
    place.focus()
    box.page.keyboard.press("ArrowRight")
    a, b = float(place.input_value()), float(steep.input_value())
    wanted = height_of(ride, (np.array([-a * b, b]), *model[1:]))
    expect(fit).to_have_text(f"−{-wanted:.4f}")
    assert wanted < -best.fun
    for slider in (steep, place):
        for key in ("Home", "End"):
            slider.focus()
            box.page.keyboard.press(key)
            assert "NaN" not in box.inner_html()


def test_the_gate_can_be_dragged_and_dots_change_their_tint(box):
    """A press on the strip below takes it along; one among the dots does not."""
    place = box.get_by_role("slider", name=re.compile("Place"))
    box.get_by_role("slider", name=re.compile("Steepness")).fill("2")
    box.evaluate("(box) => box.scrollIntoView()")
    frame = box.locator("svg").bounding_box()
    before, tints = place.input_value(), box.locator(".dots").inner_html()
    for depth, moves in ((100, False), (330, True)):
        box.page.mouse.move(frame["x"] + 60, frame["y"] + depth)
        box.page.mouse.down()
        box.page.mouse.move(frame["x"] + frame["width"] - 60, frame["y"] + depth)
        box.page.mouse.up()
        assert (place.input_value() != before) == moves
    assert float(place.input_value()) > 25
    expect(box.get_by_role("status")).to_contain_text("With your gate")
    assert box.locator(".dots").inner_html() != tints
    assert "NaN" not in box.inner_html()


def test_nothing_reaches_beyond_a_phone(box):
    box.page.set_viewport_size({"width": 390, "height": 844})
    assert box.page.evaluate("document.body.scrollWidth <= innerWidth")


def test_without_scripts_the_table_stands(still):
    box = still("experts")
    expect(box.locator("tbody tr")).to_have_count(4)
    expect(box.locator("tbody tr").nth(2)).to_contain_text("-189.99")
