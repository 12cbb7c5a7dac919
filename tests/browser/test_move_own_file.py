"""A reader's own table: what the page makes of it is what the package makes of it."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect
from test_run import _parts  # noqa: F401 (a fixture)

import mixnotes as mx

PAGE = "your-data/your-own-file/"
MODULE = 'const m = await import("/mixnotes/assets/js/moves/own-file.js");'
BIRDS = mx.datasets.penguins()


def text_of(data, names):
    rows = zip(*(data[name].tolist() for name in names), strict=True)
    lines = [
        ",".join("NA" if v in ("", np.nan) or v != v else str(v) for v in r)
        for r in rows
    ]
    return "\n".join([",".join(names), *lines]) + "\n"


TABLES = [
    text_of(BIRDS, list(BIRDS)),
    "a;b\n1,5;x\n-2;y\n",
    "a\tb\n1\t1e3\n2\t-.5\n",
    'a,b\n"x, y","say ""no"""\n"two\nlines",3\n',
    "\ufeffa,b\r\n1,\r\nNA,y\r\n\r\n nan ,null\r\n",
    '"",a\n"1",2\n"2",\n',
    "p,z,n\n0.5,0,12\n0.25,1,3\n",
]


@pytest.mark.parametrize("text", TABLES, ids=range(len(TABLES)))
def test_a_table_is_read_as_the_package_reads_it(page, site, text):
    page.goto(site.url + PAGE)
    found = page.evaluate(f"async (text) => {{ {MODULE} return m.table(text); }}", text)
    data = mx.read_csv(io.StringIO(text))
    assert [each["name"] for each in found["columns"]] == list(data)
    for each, column in zip(found["columns"], data.values(), strict=True):
        words = column.dtype.kind == "U"
        gaps = (column == "") if words else np.isnan(column)
        assert (each["kind"] == "words") == words, each
        assert each["gaps"] == gaps.sum()
        assert each["values"] == column[~gaps].tolist()
        assert found["rows"] == len(column)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "needs a line of names"),
        ("a,b\n", "needs a line of names"),
        ("a,b\n1,2\n3\n", "Row 2 has 1 values"),
        ("a,a\n1,2\n", "Two columns are called a"),
        ("1,2\n3,4\n", "holds numbers: 1, 2"),
    ],
)
def test_what_is_no_table_is_told(page, site, text, words):
    page.goto(site.url + PAGE)
    box = page.locator("[data-move='own-file'][data-live]")
    file = {"name": "x.csv", "mimeType": "text/csv", "buffer": text.encode()}
    box.locator("input[type=file]").set_input_files(file)
    expect(box.get_by_role("status")).to_contain_text("x.csv cannot be used yet.")
    expect(box.get_by_role("status")).to_contain_text(words)
    expect(box.get_by_role("button", name="Write the code")).to_be_hidden()


VALUES = {
    "words": ["a", "b", "b"],
    "zeros and ones": [0, 1, 1],
    "counts": [0, 3, 1, 3],
    "whole numbers": [*range(50, 90), 50],
    "row numbers": [1, 2, 3],
    "shares": [0.2, 0.5, 0.9],
    "positive numbers": [0.5, 2.5, 3.0],
    "numbers": [-1.5, 2.0, 0.0],
}


def test_what_is_offered_fits_columns_of_its_kind(page, site):
    page.goto(site.url + PAGE)
    offers = page.evaluate(f"async () => {{ {MODULE} return m.OFFERS; }}")
    assert set(offers) == set(VALUES)
    for kind, values in VALUES.items():
        text = "x\n" + "\n".join(map(str, values)) + "\n"
        found = page.evaluate(f"async (t) => {{ {MODULE} return m.table(t); }}", text)
        assert found["columns"][0]["kind"] == kind
        assert found["columns"][0]["offers"] == offers[kind]
        x = {"x": mx.read_csv(io.StringIO(text))["x"]}
        for family in offers[kind]:
            row = mx.Product({"x": getattr(mx, family)()})
            assert np.isfinite(mx.em(mx.Mixture([row]), x).log_likelihood), family


def column(name, family="Normal", gaps=0):
    words = BIRDS[name].dtype.kind == "U"
    return {"name": name, "family": family, "words": words, "gaps": gaps}


SEX, YEAR = column("sex", "Categorical", 11), column("year", "Poisson")
LENGTH, MASS = column("bill_length_mm", gaps=2), column("body_mass_g", gaps=2)


@pytest.mark.parametrize(
    ("chosen", "K", "together", "holds"),
    [
        ([YEAR], "2", False, "Poisson(rate="),
        ([LENGTH], "", False, "fitted to 342"),
        ([SEX], "2", False, "Categorical("),
        ([LENGTH, SEX], "2", False, "fitted to 344"),
        ([LENGTH, MASS], "2", True, "MultivariateNormal("),
        ([LENGTH, MASS, SEX], "2", False, "sex: Categorical("),
    ],
)
def test_what_is_written_runs_where_the_file_is(
    page, site, tmp_path, monkeypatch, capsys, chosen, K, together, holds
):
    page.goto(site.url + PAGE)
    name = 'the "birds".csv'
    code = page.evaluate(
        f"async (all) => {{ {MODULE} return m.written(...all); }}",
        [name, chosen, K, together],
    )
    Path(tmp_path / name).write_text(text_of(BIRDS, list(BIRDS)), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert os.listdir() == [name]
    exec(compile(code, "written", "exec"), {})
    printed = capsys.readouterr().out
    assert holds in printed
    assert ("the best by that criterion" in printed) == (K == "")


def test_a_file_is_chosen_fitted_and_found_by_other_blocks(page, site, violations):
    """By keyboard; nothing is asked of another host, and nothing is sent."""
    asked = []
    page.on("request", lambda request: asked.append((request.method, request.url)))
    page.goto(site.url + PAGE)
    box = page.locator("[data-move='own-file'][data-live]")
    text = text_of(BIRDS, ["bill_length_mm", "body_mass_g", "sex"])
    file = {"name": "birds.csv", "mimeType": "text/csv", "buffer": text.encode()}
    box.locator("input[type=file]").set_input_files(file)
    expect(box.get_by_role("status")).to_contain_text("344 rows, 3 columns")
    first, second, _ = box.locator(".mx-columns input").all()
    expect(first).to_be_checked()
    second.focus()
    page.keyboard.press("Space")
    together = box.get_by_label("Normal columns vary together within a component")
    together.focus()
    page.keyboard.press("Space")
    box.get_by_label("How many components").select_option("2")
    assert violations(page) == []
    box.get_by_role("button", name="Write the code and run it").press("Enter")
    block = page.locator("article .livefence").first
    expect(block.locator(".livefence-status")).to_contain_text("Ran in")
    expect(page.locator(".livefence-ran").first).to_contain_text("fitted to 344")
    expect(page.locator(".livefence-ran svg").first).to_be_visible()
    expect(block.locator("pre code").first).to_contain_text('read_csv("birds.csv")')
    page.get_by_role("link", name="Which component?").first.click()
    page.wait_for_url("**/which-component/")
    empty = page.locator(".livefence-empty .livefence")
    empty.locator("code").click()
    expect(empty.locator(".cm-content")).to_be_focused()
    page.keyboard.type('print(len(mx.read_csv("birds.csv")["sex"]))')
    empty.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator(".livefence-empty .livefence-output")).to_have_text("344\n")
    assert {method for method, _ in asked} == {"GET"}
    assert all(url.startswith((site.url, "blob:", "data:")) for _, url in asked)
