"""What a reader sees: output, figures and numbers, each in its place."""

import re
import subprocess
import sys
from html.parser import HTMLParser

import markdown
import pytest
from markdown.treeprocessors import Treeprocessor

from livefence import page, shown
from livefence.faults import FenceError

EXTENSIONS = [
    "admonition",
    "attr_list",
    "md_in_html",
    "tables",
    "pymdownx.details",
    "pymdownx.superfences",
    "pymdownx.tabbed",
]
DRAW = "import matplotlib.pyplot as plt\nplt.plot([0, 1])\n"


def show(text, **options):
    """The HTML of a page."""
    return markdown.markdown(
        text,
        extensions=[*EXTENSIONS, "pymdownx.highlight", "livefence"],
        extension_configs={
            "livefence": options,
            "pymdownx.highlight": {"pygments_lang_class": True},
        },
    )


VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}


class Ancestors(HTMLParser):
    """The classes and tags around each output of a page."""

    def __init__(self):
        super().__init__()
        self.open, self.found = [], []

    def handle_starttag(self, tag, attrs):
        if tag in VOID:
            return
        classes = (dict(attrs).get("class") or "").split()
        if "livefence-output" in classes:
            self.found.append([name for names in self.open for name in names])
        self.open.append([tag, *classes])

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop()[0] == tag


def test_what_is_printed_stands_below_the_fence():
    html = show("```python\nprint('<b>', 1)\n```\n")
    assert html.index("highlight") < html.index("&lt;b&gt; 1\n</code></pre></div>")


def test_a_fence_that_prints_nothing_shows_nothing():
    assert "livefence-output" not in show("```python\na = 1\n```\n")


def test_an_output_has_no_copy_button_and_can_be_scrolled_by_keyboard():
    html = show("```python\nprint(1)\n```\n")
    assert '<div class="livefence-output no-copy" data-search-exclude' in html
    assert 'role="group" aria-label="Output">' in html
    assert '<code tabindex="0">' in html


def test_what_a_package_prints_and_warns_of_is_caught():
    text = "```python\nimport sys, this\nprint('err', file=sys.stderr)\n```\n"
    sys.modules.pop("this", None)
    html = show(text)
    assert "The Zen of Python" in html
    assert "err\n</code>" in html


SEEDED = """
import random, tempfile, uuid
import numpy as np
np.random.default_rng(0).spawn(1)[0].normal()
np.random.RandomState(3).normal()
np.random.Generator(np.random.PCG64(1)).normal()
np.random.seed(1)
np.random.normal()
random.seed(2)
random.random()
random.Random(3).random()
with tempfile.TemporaryDirectory(), tempfile.NamedTemporaryFile():
    print("seeded")
"""


def test_a_fence_may_draw_what_a_seed_fixes():
    html = show(f"```python{SEEDED}```\n\n`{{python}} random.random() < 1`\n")
    assert ">seeded\n</code>" in html
    assert '<span class="livefence-number">True</span>' in html


def test_a_package_may_draw_while_it_is_imported(tmp_path):
    """As scipy.stats does, for examples in its docstrings; the page may not."""
    draw = "import numpy as np\nnp.random.default_rng().normal()\n"
    (tmp_path / "draws_once.py").write_text(draw)
    there = f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\nimport draws_once\n"
    assert ">there\n" in show(f"```python\n{there}print('there')\n```\n")
    with pytest.raises(FenceError, match="no seed fixes"):
        show(f"```python\n{there}{draw}```\n")


@pytest.mark.parametrize(
    ("before", "prefix", "inside"),
    [
        ("- item\n\n", "    ", "li"),
        ("!!! note\n\n", "    ", "admonition"),
        ("??? note\n\n", "    ", "details"),
        ('=== "A"\n\n', "    ", "tabbed-content"),
        ('- item\n\n    === "A"\n\n', "        ", "tabbed-content"),
        ("", "> ", "blockquote"),
        ('<div class="grid" markdown>\n\n', "", "grid"),
    ],
)
def test_an_output_stands_inside_the_element_of_its_fence(before, prefix, inside):
    fence = f"{prefix}```python\n{prefix}print(1)\n{prefix}```\n"
    after = "\n</div>\n" if prefix == "" else ""
    ancestors = Ancestors()
    ancestors.feed(show(before + fence + after))
    assert ancestors.open == []
    [names] = ancestors.found
    assert inside in names


def test_numbers_are_formatted_as_in_an_f_string():
    html = show(
        "```python\na = 2 / 3\nd = {'k': '<'}\n```\n\n"
        "*`{python} a:.2f`*, `{python} d['k']!r:>5}`, `{python} {1: 2}[1]`\n\n"
        "| x |\n|---|\n| `{python} \"a\" + 'b'` |\n".replace("!r:>5}", "!r:>5")
    )
    texts = re.findall('<span class="livefence-number">(.*?)</span>', html)
    assert texts == ["0.67", "  &#x27;&lt;&#x27;", "2", "ab"]
    assert '<em><span class="livefence-number">0.67</span></em>' in html


def test_a_number_in_a_formula_is_part_of_the_formula():
    html = show("```python\na = 2\n```\n\nSo $a = `{python} a:.1f`$, `{python} a`.\n")
    assert 'So $a = 2.0$, <span class="livefence-number">2</span>.' in html


def test_a_number_is_that_of_its_place_in_the_page():
    html = show(
        "```python\na = 1\n```\n\nx `{python} a` y\n\n"
        "```python { continuation }\na = 2\n```\n\nx `{python} a` y\n"
    )
    texts = re.findall('<span class="livefence-number">(.*?)</span>', html)
    assert texts == ["1", "2"]


@pytest.mark.parametrize("expression", ["a} {a", "a} x", "", "a!x", "a}}"])
def test_a_number_is_one_expression(expression):
    text = f"```python\na = 1\n```\n\n`{{python}} {expression} `\n"
    with pytest.raises(FenceError, match=r"^<markdown>:5: SyntaxError: "):
        show(text)


def test_without_mkdocs_the_faults_are_raised_all_at_once():
    text = "```python\n1 / 0\n```\n\n```python\n\nx\n```\n"
    with pytest.raises(FenceError) as caught:
        show(text)
    assert str(caught.value) == (
        "<markdown>:2: ZeroDivisionError: division by zero\n"
        "<markdown>:7: NameError: name 'x' is not defined"
    )


def test_a_page_of_zensical_is_named(tmp_path, monkeypatch):
    """It leaves the path with a processor of its own, and heeds exceptions alone."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    body = "```python\n1 / 0\n```\n"
    (tmp_path / "docs" / "a.md").write_text(f"---\ntitle: A\n---\n{body}")
    md = markdown.Markdown(extensions=[*EXTENSIONS, "livefence"])
    links = Treeprocessor(md)
    links.path = "a.md"
    md.treeprocessors.register(links, "zrelpath", 0)
    with pytest.raises(FenceError, match=r"^docs/a\.md:5: ZeroDivisionError"):
        md.convert(body)


def test_a_figure_has_alt_text_a_caption_and_no_prolog():
    html = show(
        '```python\n#| alt: The "line" of `{python} n`\n'
        f"#| caption: *All* `{{python}} n:.1f` points\nn = 2\n{DRAW}```\n"
    )
    assert '<svg role="img" aria-label="The &quot;line&quot; of 2" ' in html
    assert "data-search-exclude" in html
    caption = html[html.index("<figcaption>") : html.index("</figcaption>")]
    assert '<em>All</em> <span class="livefence-number">2.0</span> points' in caption
    assert html.count("<figure") == html.count("</figure>") == 1
    for unwanted in ("<?xml", "<!DOCTYPE", "<metadata", "<style", "xmlns", "<title"):
        assert unwanted not in html


def test_a_figure_points_by_xlink_href():
    """Material's instant navigation sets every `href`, which an SVG element refuses."""
    html = show(f"```python\n#| alt: one\n{DRAW}```\n")
    assert '<use xlink:href="#lf' in html
    assert ' href="#lf' not in html


def test_coordinates_are_given_to_a_hundredth_of_a_point():
    """Half the bytes; scales in transforms keep their digits."""
    html = show(f"```python\n#| alt: one\n{DRAW}```\n")
    places = re.findall(r' (?:d|x|y)="([^"]*)"', html)
    assert places
    assert not re.search(r"\.\d{3}", " ".join(places))


def test_figures_share_no_ids_and_point_at_their_own():
    draw = f"#| alt: one\n#| alt: two\n{DRAW}plt.figure()\nplt.plot([1, 0])\n"
    html = show(f"```python\n{draw}```\n\n```python\n{draw}```\n")
    assert html.count("<svg") == 8, "each of four for a wide and for a narrow page"
    svgs = html[html.index("<svg") :]
    ids = re.findall(r'\bid="(lf[^"]*)"', svgs)
    assert len(ids) == len(set(ids)) > 4
    targets = set(re.findall(r'href="#([^"]*)"|url\(#([^)]*)\)', svgs))
    assert {a or b for a, b in targets} <= set(ids)


def test_a_reader_may_show_the_figure():
    html = show(f"```python\n#| alt: one\n{DRAW}plt.show()\n```\n")
    assert html.count('<svg role="img"') == html.count("<figure") * 2 == 2


def boxes(html):
    """The width and height of each drawing, in points."""
    found = re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', html)
    return [(float(width), float(height)) for width, height in found]


def test_a_figure_is_drawn_again_in_the_width_of_a_phone():
    """With text of the same size; without a style of the page the wide one is seen."""
    html = show(f"```python\n#| alt: one\n{DRAW}plt.ylabel('y')\n```\n")
    (wide, _), (narrow, height) = boxes(html)
    assert narrow <= 270 < wide
    assert height > 0.75 * narrow
    first, second = re.findall(r"<svg [^>]*>", html)
    assert 'aria-label="one"' in first
    assert 'aria-label="one"' in second
    assert "display:none" not in first
    assert 'class="livefence-narrow"' in second
    assert "display:none" in second


def test_a_phones_figure_uses_the_letters_of_the_wide_one():
    """Which are the larger part of a small figure; what it alone has it keeps."""
    html = show(f"```python\n#| alt: one\n{DRAW}plt.ylabel('xyz')\n```\n")
    wide, narrow = html.split('class="livefence-narrow"')
    letters = set(re.findall(r'<path id="([^"]*)" d="[^"]*" transform="scale', wide))
    assert len(letters) > 8
    used = set(re.findall(r'href="#([^"]*)"', narrow))
    assert len(used & letters) > 8
    assert narrow.count('transform="scale(0.015625)"/>') <= 2
    assert used <= set(re.findall(r'\bid="([^"]*)"', html))


def test_panels_in_a_row_stand_below_each_other_on_a_phone_and_the_figure_is_kept():
    draw = (
        "import matplotlib.pyplot as plt\n"
        "figure, axes = plt.subplots(1, 2, sharey=True, figsize=(6.4, 3))\n"
        "axes[0].set_ylabel('height')"
    )
    after = (
        "print([axis.get_subplotspec().get_gridspec().ncols for axis in axes])\n"
        "print(figure.get_size_inches().tolist(), repr(axes[1].get_ylabel()))\n"
        "print(axes[1].yaxis.get_tick_params()['labelleft'])"
    )
    html = show(
        f"```python\n#| alt: one\n{draw}\n```\n\n"
        f"```python {{ continuation }}\n{after}\n```\n"
    )
    (wide, low), (narrow, high) = boxes(html)
    assert high > 1.6 * low
    assert narrow < 0.7 * wide
    assert "[2, 2]\n[6.4, 3.0] &#x27;&#x27;\nFalse\n" in html


def test_a_figure_that_is_narrow_is_drawn_once():
    draw = f"#| alt: one\n{DRAW}plt.gcf().set_size_inches(3, 2)\n"
    assert len(boxes(show(f"```python\n{draw}```\n"))) == 1


def test_code_that_folds_is_run_copied_and_opened_by_its_words():
    html = show(
        f"```python\n#| fold: How it\n#|   is drawn & more\n#| alt: one\n{DRAW}```\n"
        "```python { continuation }\nprint(plt.__name__)\n```\n"
    )
    assert html.count("<details") == 1
    folded = html[html.index("<details") : html.index("</details>")]
    assert "<summary>How it is drawn &amp; more</summary>" in folded
    assert "plt" in folded
    assert "#|" not in html
    assert html.index("</details>") < html.index("<figure"), "the figure is seen"
    assert "matplotlib.pyplot" in html
    copied = shown.blocks(html)[1].copied
    assert "import matplotlib.pyplot as plt\nplt.plot" in copied


def test_a_black_that_matplotlib_leaves_unsaid_is_coloured():
    html = show(
        f"```python\n#| alt: one\n{DRAW}```\n", colors={"#000000": "var(--ink)"}
    )
    assert '"fill:var(--ink);max-width' in html


def test_sentinel_colours_become_css_and_the_style_is_used(tmp_path):
    style = tmp_path / "book.mplstyle"
    style.write_text("axes.edgecolor: 0A0B0C\nfigure.figsize: 2, 1\n")
    html = show(
        f"```python\n#| alt: one\n{DRAW}```\n",
        style=str(style),
        colors={"#0A0b0c": "var(--ink)"},
    )
    assert "stroke: var(--ink)" in html
    assert "#0a0b0c" not in html.lower()
    assert "max-width:192px" in html


def test_what_a_chain_does_to_matplotlib_stays_in_the_chain():
    import matplotlib

    before = matplotlib.rcParams.copy()
    html = show(
        "```python\nimport matplotlib.pyplot as plt\n"
        "plt.rcParams['lines.linewidth'] = 7\n```\n\n"
        "```python { continuation }\nprint(plt.rcParams['lines.linewidth'])\n```\n\n"
        "```python\nimport matplotlib.pyplot as plt\n"
        "print(plt.rcParams['lines.linewidth'], plt.get_fignums())\n```\n"
    )
    assert re.findall(r'tabindex="0">(.*)\n', html) == ["7.0", "1.5 []"]
    assert matplotlib.rcParams == before


def test_what_is_seen_is_what_ran():
    text = (
        "```python\na = '<&\"'\n```\n\n- item\n\n"
        '    ```python { continuation title="T" }\n    #| alt: x\n'
        "    import matplotlib.pyplot as plt\n\n    plt.plot([1])\n    print(a)\n"
        "    ```\n\n```bash\nls\n```\n\n```python { notest }\nno\n```\n"
    )
    seen = [block for block in shown.blocks(show(text)) if block.is_python]
    written = page.parse(text).fences
    assert [b.code.strip("\n") for b in seen] == [f.source for f in written]
    assert [b.copied is not None for b in seen] == [f.head.runs for f in written]


def test_a_block_that_is_not_for_the_page_runs_in_the_build_and_gets_no_buttons():
    """It is copied with what it continues; `run.js` looks for the class `livefence`."""
    html = show(
        "```python { norun }\na = 6\n```\n\n"
        "```python { continuation norun }\nprint(a * 7)\n```\n\n"
        "```python\nprint(1)\n```\n"
    )
    assert ">42\n</code>" in html
    names = re.findall(r'<div class="([\w-]+)" data-search-exclude data-chain', html)
    assert names == ["livefence-still", "livefence-still", "livefence"]
    assert shown.blocks(html)[1].copied == "a = 6\n\nprint(a * 7)\n"


def test_what_is_copied_runs_alone(tmp_path):
    html = show(
        "```python\na = '<&\"'\n```\n\n"
        "```python { continuation }\n#| alt: x\nimport matplotlib.pyplot as plt\n"
        "f = plt.figure()\nprint(a)\n```\n"
    )
    copied = shown.blocks(html)[-1].copied
    assert "#|" not in copied
    ran = subprocess.run(
        [sys.executable, "-I", "-c", copied],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == '<&"\n'


def test_a_page_without_figures_does_not_import_matplotlib(tmp_path):
    code = (
        "import markdown, sys\n"
        "markdown.markdown('```python\\nprint(1)\\n```', "
        "extensions=['pymdownx.superfences', 'livefence'])\n"
        "assert 'matplotlib' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_unknown_option_is_named():
    with pytest.raises(ValueError, match="got stile"):
        show("```python\n```\n", stile="x")


def test_a_chain_runs_in_an_empty_folder():
    html = show("```python\nimport os\nprint(os.listdir('.'))\n```\n")
    assert "[]\n</code>" in html
