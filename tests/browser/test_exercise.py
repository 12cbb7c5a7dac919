"""An exercise in the page: typed answers, hints, the chapter's names, and a tick."""

import re

import pytest
from playwright.sync_api import expect
from test_run import Block, _parts  # noqa: F401 (a fixture)

pytestmark = pytest.mark.timeout(300)
FACTORY = "chapters/02-hidden-factory/"
EM = "chapters/03-em/"
both_schemes = pytest.mark.parametrize("scheme", ["light", "dark"])


def answers(page):
    return [
        Block(page, box=box) for box in page.locator("article .livefence-answer").all()
    ]


def typed(block, text):
    block.box.locator("input").fill(text)
    block.page.keyboard.press("Enter")
    return block.status


TYPED = [
    ("0.8258", "Right."),
    ("0,8258", "Right."),
    (" 0.826 ", "Right."),
    ("0.256/0.31", "Right."),
    ("0.64", "Not yet. That is after one red marble; there are two."),
    ("0,6", "Not yet: answer is too small (it is read as 0.6)."),
    ("82.58", "Not yet: answer is too large."),
    ("\u22120.8", "Not yet: answer is too small."),
    ("1e999", "Not yet: answer is too large."),
    ("9" * 500, "Not yet: answer is too large."),
    ("", "Not yet: give answer a value."),
    ("10**400", "Not yet: answer must be a number, such as 0.25 or 1/4"),
    ("many", "Not yet: answer must be a number"),
    ("1/0", "Not yet: answer is too large."),
    ("0/0", "Not yet: answer must be a number"),
    ("<b>1</b>", "Not yet: answer must be a number"),
]


def test_a_typed_number_is_checked_without_python(page, site):
    asked = []
    page.goto(site.url + FACTORY)
    page.on("request", lambda request: asked.append(request.url))
    number, word, *_ = answers(page)
    for text, verdict in TYPED:
        expect(typed(number, text)).to_contain_text(verdict)
    expect(typed(word, "C, C")).to_have_text("Not yet: guesses is another word.")
    expect(typed(word, "A, C")).to_contain_text("The third is the bluest factory")
    expect(typed(word, "a, b")).to_have_text("Right.")
    assert not [url for url in asked if "assets/livefence/" in url]


def test_what_the_page_says_of_a_typed_number_is_what_python_says(page, site):
    """The build wrote down what is right; Python compares anew."""
    page.goto(site.url + FACTORY)
    number = answers(page)[0]
    for value, said in [
        ("0.83", "Right."),
        ("0.8299", "Right."),
        ("0.8301", "Not yet: answer is too large."),
        ("0.8216", "Not yet: answer is too small."),
        ("0.8217", "Right."),
    ]:
        expect(typed(number, value)).to_have_text(said)
        number.write(f"answer = {value}")
        number.button("Check").click()
        expect(number.status).to_have_text(said)
        number.button("Reset").click()


def test_a_right_answer_stays_ticked_until_it_is_let_go(page, site):
    page.goto(site.url + FACTORY)
    first = answers(page)[0]
    tick = page.locator(".admonition.exercise .livefence-tick")
    typed(first, "0.5")
    expect(first.status).to_have_class(re.compile("livefence-wrong"))
    expect(tick).to_have_count(0)
    typed(first, "0.8258")
    expect(first.status).to_have_class(re.compile("livefence-right"))
    expect(tick).to_have_text("Solved")
    page.reload()
    expect(tick).to_have_count(1)
    answers(page)[0].button("Reset").click()
    expect(tick).to_have_count(0)
    page.reload()
    expect(answers(page)[0].button("Check")).to_be_visible()
    expect(tick).to_have_count(0)


def test_an_answer_finds_the_names_of_the_chapter(page, site):
    """`em_step` stands in the first block; no block was run before."""
    page.goto(site.url + EM)
    answer = answers(page)[1]
    answer.write(
        "path = [0.5]\n"
        "for _ in range(60):\n"
        "    path.append(em_step(path[-1], 0.35))\n"
        "rate = (path[40] - path[39]) / (path[39] - path[38])"
    )
    answer.button("Check").click()
    expect(answer.status).to_have_text("Right.")
    Block(page).write("def mine():\n    return 0.9011")  # as the reader changed them
    answer.write("rate = mine()")
    answer.button("Check").click()
    expect(answer.status).to_have_text(re.compile("^Right"))
    Block(page).write("def mine():\n    return 1 / 0\n\n\nmine()")
    answer.button("Check").click()
    expect(answer.status).to_have_text(
        "An error in a block above, which the answer leans on; it is shown below."
    )


def test_hints_stand_before_the_solution(page, site):
    page.goto(site.url + FACTORY)
    for exercise in page.locator(".admonition.exercise").all():
        titles = exercise.locator("details > summary").all_text_contents()
        assert titles == ["Hint", "Solution"]


@both_schemes
def test_axe_finds_nothing_with_answers_and_edits(page, site, violations, scheme):
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto(site.url + FACTORY)
    first, _, third, *_ = answers(page)
    Block(page).write("x = 1")
    page.reload()
    expect(page.locator(".livefence-note")).to_be_visible()
    typed(first, "0.8258")
    typed(third, "0.7")
    assert violations(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
