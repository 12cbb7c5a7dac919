"""Chapter 1's draws by choice and by average, against the data and the package."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

import mixnotes as mx

HOW = {"p": 0.36, "meanA": 54.6, "meanB": 80.1, "sd": 5.9}
WAITS = mx.datasets.faithful()["waiting"]


@pytest.fixture
def computed(page, site):
    """What the script says of the waits, of the laws, and of many draws."""
    page.goto(site.url)
    return page.evaluate(
        """async ([how, n]) => {
             const m = await import("./assets/js/moves/draw.js");
             const draws = m.tosses(n, 5).map((toss) => m.drawn(toss, how));
             return { waits: m.WAITS, laws: m.laws(how), draws }; }""",
        [HOW, 20_000],
    )


def test_the_grey_outline_is_that_of_the_waits(computed):
    assert computed["waits"] == list(np.histogram(WAITS, range(42, 100, 3))[0])
    assert sum(computed["waits"]) == len(WAITS) == 272


def test_the_numbers_of_the_picture_are_those_of_the_fit():
    """To the digits that the page gives."""
    parts = [mx.Normal(sd=mx.Shared("sd")), mx.Normal(sd=mx.Shared("sd"))]
    fit = mx.em(mx.Mixture(parts), WAITS, rng=0).mixture
    short, long = sorted(fit.components, key=lambda c: c.mean)
    assert [round(short.mean, 1), round(long.mean, 1)] == [HOW["meanA"], HOW["meanB"]]
    assert round(short.sd, 1) == HOW["sd"]
    assert round(min(fit.weights), 2) == HOW["p"]


def test_the_laws_are_those_of_the_package(computed):
    parts = [mx.Normal(HOW["meanA"], HOW["sd"]), mx.Normal(HOW["meanB"], HOW["sd"])]
    mixture = mx.Mixture(parts, [HOW["p"], 1 - HOW["p"]])
    laws = computed["laws"]
    assert laws["mean"] == pytest.approx(mixture.mean(), abs=1e-10)
    assert laws["choice"] == pytest.approx(mixture.variance(), abs=1e-10)
    assert laws["average"] == pytest.approx((0.36**2 + 0.64**2) * 5.9**2, abs=1e-10)


def test_the_draws_follow_their_laws(computed):
    """Mean and variance within four standard errors, and the share of A."""
    draws, laws = computed["draws"], computed["laws"]
    for name in ("choice", "average"):
        x = np.array([draw[name] for draw in draws])
        assert abs(x.mean() - laws["mean"]) < 4 * x.std() / len(x) ** 0.5
        off = ((x - x.mean()) ** 2).std() / len(x) ** 0.5
        assert abs(x.var() - laws[name]) < 4 * off
    share = np.mean([draw["fromA"] for draw in draws])
    assert abs(share - 0.36) < 4 * (0.36 * 0.64 / len(draws)) ** 0.5
    for draw in draws[:50]:
        of_kind = draw["xa"] if draw["fromA"] else draw["xb"]
        assert draw["choice"] == of_kind
        assert draw["average"] == pytest.approx(0.36 * draw["xa"] + 0.64 * draw["xb"])


def test_the_buttons_work_by_keyboard(page, move, violations):
    """Start again empties both pictures, Draw one adds a dot to each and says which."""
    box = move("draw")
    status = box.get_by_role("status")
    expect(box.locator("circle")).to_have_count(2 * 272)
    expect(status).to_have_text(re.compile(r"mean 70\.9.*184\.6.*18\.8"))
    assert status.get_attribute("aria-live") == "polite"

    def press(name):
        box.get_by_role("button", name=name).focus()
        page.keyboard.press("Enter")

    press("Start again")
    expect(box.locator("circle")).to_have_count(0)
    press("Draw one")
    expect(box.locator("circle")).to_have_count(2)
    said = re.compile(r"Choice 1: B, (\d+\.\d) minutes\. Average: 0\.36 × (\S+) \+")
    expect(status).to_have_text(said)
    long, short = map(float, said.search(status.inner_text()).groups())
    average = 0.36 * short + 0.64 * long
    expect(status).to_have_text(re.compile(f"= {average:.1f}".replace(".", r"\.")))
    press("Draw 272")
    expect(box.locator("circle")).to_have_count(2 * 272)
    assert violations(page) == []
    press("Draw one")  # where all are drawn it begins anew
    expect(box.locator("circle")).to_have_count(2)


def test_the_ends_of_the_slider_leave_one_kind(page, move):
    """At 0 and 1 both pictures are the same draws, of one colour, and no NaN."""
    box = move("draw")
    for key, law in (("Home", r"80\.1"), ("End", r"54\.6")):
        box.get_by_role("slider").focus()
        page.keyboard.press(key)
        expect(box.get_by_role("status")).to_have_text(
            re.compile(rf"mean {law}; .* 34\.8, of an average 34\.8")
        )
        assert "NaN" not in box.inner_html()


def test_without_scripts_the_table_stands(still):
    """The page is complete before any script runs."""
    expect(still("draw").locator("tbody tr")).to_have_count(6)
