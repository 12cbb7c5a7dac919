"""The look at a site that Zensical built sees what is not there."""

from tools.canary import faults


def test_a_page_a_block_and_a_fault_are_told(tmp_path):
    docs, site = tmp_path / "docs", tmp_path / "site"
    for name in ("index", "good", "short", "wrong", "gone"):
        docs.mkdir(exist_ok=True)
        (docs / f"{name}.md").write_text("```python\n1\n```\n\n```python\n2\n```\n")
    block = '<div class="livefence" data-chain="0"></div>'
    pages = {
        "": 2 * block,
        "good": 2 * block,
        "short": block,
        "wrong": 2 * block + '<div class="livefence-error no-copy"></div>',
    }
    for name, html in pages.items():
        (site / name).mkdir(parents=True, exist_ok=True)
        (site / name / "index.html").write_text(html)
    assert faults(docs, site) == [
        "gone: is not there",
        "short: shows 1 blocks that run, of 2",
        "wrong: shows a fault",
    ]
