"""What of the book can be carried elsewhere: copies, lists, a feed, a citation."""

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import yaml

from livefence.page import Fence, parse

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow  # the whole book is built


@pytest.fixture(scope="module")
def site(build):
    return build()


def test_each_page_has_a_copy_with_its_blocks_and_what_they_printed(site):
    page = (ROOT / "docs/chapters/03-em.md").read_text("utf-8")
    copy = (site / "chapters/03-em/index.md").read_text("utf-8")
    fences = [c for c in parse(page).cells if isinstance(c, Fence) and c.head.runs]
    assert len(fences) > 5
    for fence in fences:
        assert f"```python\n{fence.source}\n```" in copy
    assert "```text\n[0.5, 0.474747, 0.456004, 0.442067]" in copy
    assert "{python}" not in copy


def test_the_pictures_of_a_copy_can_be_opened_alone(site):
    files = sorted(site.rglob("figure-*.svg"))
    assert len(files) > 30
    for file in files:
        root = ElementTree.parse(file).getroot()
        assert root.tag == "{http://www.w3.org/2000/svg}svg", file
        assert root.get("viewBox")


def test_the_copies_hold_no_data_of_what_moves(site):
    for copy in sorted(site.glob("chapters/*/index.md")):
        longest = max(copy.read_text(encoding="utf-8").splitlines(), key=len)
        assert len(longest) < 3000, (copy, longest[:80])


def test_every_page_of_the_menu_is_in_the_list_for_machines(site):
    found = (site / "llms.txt").read_text("utf-8")
    assert found.startswith("# mixnotes\n\n> ")
    links = re.findall(r"^- \[.+?\]\((.+?)\)", found, re.M)
    assert len(links) == len(set(links)) > 30
    below = links[0].removesuffix("index.md")
    for link in links:
        assert (site / link.removeprefix(below)).is_file(), link
    assert f"{below}chapters/03-em/index.md" in links


def test_robots_are_led_to_the_map(site):
    words = (site / "robots.txt").read_text("utf-8").split()
    assert words[:4] == ["User-agent:", "*", "Allow:", "/"]
    assert words[-1].endswith("/sitemap.xml")
    assert (site / "sitemap.xml").is_file()


def test_the_feed_has_an_entry_for_each_version(site):
    atom = "{http://www.w3.org/2005/Atom}"
    feed = ElementTree.parse(site / "feed.xml").getroot()
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    titles = [e.findtext(f"{atom}title") for e in feed.findall(f"{atom}entry")]
    assert titles == re.findall(r"^## (.+)$", changes, re.M)
    html = (site / "changes/index.html").read_text("utf-8")
    for entry in feed.findall(f"{atom}entry"):
        place = entry.findtext(f"{atom}id").partition("#")[2]
        assert f'id="{place}"' in html


def test_a_page_says_what_it_is_where_it_is_shared(site):
    html = (site / "chapters/03-em/index.html").read_text("utf-8")
    shared = dict(re.findall(r'<meta property="og:(\w+)" content="(.*?)">', html))
    assert shared["title"] == "EM in twenty lines"
    assert shared["url"].endswith("/chapters/03-em/")
    assert len(shared["description"]) > 40
    assert (site / "assets/readme.png").is_file()
    assert shared["image"].endswith("/assets/readme.png")


def test_the_two_forms_of_the_citation_agree():
    cff = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    page = (ROOT / "docs/cite.md").read_text("utf-8")
    bib = dict(re.findall(r"^  (\w+) += \{+(.+?)\}+,?$", page, re.M))
    assert bib["title"] == cff["title"]
    assert bib["url"] == cff["url"]
    assert bib["author"] == cff["authors"][0]["name"]
    assert bib["license"] == cff["license"]
