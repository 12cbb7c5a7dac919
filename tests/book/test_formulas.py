"""Formulas go out as MathML; one that cannot is told with its line."""

import logging
from types import SimpleNamespace

import pytest

from docs.overrides import formulas


@pytest.fixture
def drawn(tmp_path):
    """A page with these formulas, as it goes out."""
    file = SimpleNamespace(src_uri="c.md", abs_src_path=tmp_path / "c.md")

    def made(html, source=""):
        file.abs_src_path.write_text(source, encoding="utf-8")
        return formulas.on_post_page(html, SimpleNamespace(file=file))

    return made


def test_a_formula_is_drawn_and_keeps_its_tex(drawn):
    html = drawn(r'<p>A <span class="arithmatex">\(x &lt; \frac{1}{2}\)</span>.</p>')
    assert "<mfrac><mn>1</mn><mn>2</mn></mfrac>" in html
    assert r'x-tex">x &lt; \frac{1}{2}</annotation></semantics></math></span>.' in html
    assert 'display="block"' not in html


def test_what_stands_by_itself_is_drawn_so(drawn):
    html = drawn('<div class="arithmatex">\\[\na\n\\]</div><div>b</div>')
    assert '<div class="arithmatex"><math display="block">' in html
    assert html.endswith("</math></div><div>b</div>")


def test_a_formula_that_cannot_be_drawn_is_told_with_its_line(drawn, caplog):
    caplog.set_level(logging.ERROR)
    formula = r"\(\wrong{x}\)"
    drawn(f'<span class="arithmatex">{formula}</span>', f"# A\n\nIt is {formula}.\n")
    (record,) = caplog.records
    assert record.getMessage().startswith(f"docs/c.md:3: {formula}: ")
