"""With MkDocs: the cache, packages that are edited, docstrings, two builds alike."""

import pytest

from livefence import shown
from sites import Site

FIGURE = """\
#| alt: A needle.
import matplotlib.pyplot as plt

plt.plot([0, 1])
"""
DOCSTRINGS = """
plugins:
  - search
  - mkdocstrings:
      handlers:
        python:
          paths: [.]
"""


def built(site):
    """The HTML of all pages, once a strict build has passed."""
    result = site.build()
    assert result.returncode == 0, result.stderr
    return {
        path.name: path.read_bytes() for path in (site.root / "site").rglob("*.html")
    }


@pytest.mark.slow
def test_builds_are_the_same_bytes_with_and_without_the_cache(tmp_path):
    """A warm build runs nothing; a file of the cache that is spoilt is passed over."""
    site = Site(tmp_path, cache=".cache")
    mark = tmp_path / "mark"
    code = (
        f"{FIGURE}\nwith open('{mark.as_posix()}', 'a') as f:\n    print(f.write('x'))"
    )
    site.write("docs/index.md", f"# A\n\n```python\n{code}\n```\n\n`{{python}} 1`\n")
    cold, warm = built(site), built(site)
    assert mark.read_text() == "x"
    for path in (tmp_path / ".cache").iterdir():
        path.write_text("{ not json")
    again = built(site)
    assert mark.read_text() == "xx"
    assert cold == warm == again


SHOWS = f"""\
# Ä

```python
{FIGURE}
print("ä", 1234567.5, sorted({{"b", "a"}}), f"{{0.1:n}}")
```

`{{python}} 2 / 3:.2f`
"""
SURROUNDINGS = {
    "another time zone": {"TZ": "Asia/Tokyo"},
    "another order of hashes": {"PYTHONHASHSEED": "7"},
    "another language": {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"},
    "no language": {"LC_ALL": "C", "PYTHONUTF8": "0"},
    "other rights": {"umask": 0o077},
    "another width": {"COLUMNS": "20"},
}


@pytest.mark.slow
def test_a_site_is_the_same_bytes_wherever_it_is_built(tmp_path):
    """A path with blanks, one by a symbolic link, and other surroundings."""
    first = Site(tmp_path / "here")
    first.write("docs/index.md", SHOWS)
    expected = built(first)
    for k, (name, settings) in enumerate(SURROUNDINGS.items()):
        made = Site(tmp_path / f"a folder, {k}")
        made.write("docs/index.md", SHOWS)
        if k % 2:
            (tmp_path / f"link {k}").symlink_to(made.root, target_is_directory=True)
            made.root = tmp_path / f"link {k}"
        result = made.build(**settings)
        assert result.returncode == 0, f"{name}: {result.stderr}"
        pages = (made.root / "site").rglob("*.html")
        assert {p.name: p.read_bytes() for p in pages} == expected, name


@pytest.mark.slow
def test_an_edit_of_a_package_is_seen_within_one_process(tmp_path):
    """As under `mkdocs serve`: the package is imported anew."""
    site = Site(tmp_path, cache=".cache", packages="[shelf]")
    site.write("shelf/__init__.py", "from shelf.book import title\n")
    book = site.write("shelf/book.py", "title = 'First'\n")
    site.write("docs/index.md", "```python\nimport shelf\nprint(shelf.title)\n```\n")
    twice = (
        "from mkdocs import config\nfrom mkdocs.commands.build import build\n"
        "for _ in range(2):\n    build(config.load_config('mkdocs.yml', strict=True))\n"
        "    print(open('site/index.html').read().count('The second\\n'))\n"
        f"    open({str(book)!r}, 'w').write(\"title = 'The second'\")\n"
    )
    result = site.python("-c", twice)
    assert result.stdout.split() == ["0", "1"], result.stderr


@pytest.mark.slow
def test_docstrings_are_shown_not_run_and_figures_are_not_searched(tmp_path):
    site = Site(tmp_path, plugins=DOCSTRINGS, theme="material")
    wrong = "```python continuation\n1 / 0\n```\n\nOr `{python} 1 / 0`."
    site.write("shelf.py", f'"""A shelf.\n\n{wrong}\n"""\n')
    site.write("docs/index.md", f"# A\n\n```python\n{FIGURE}```\n\n::: shelf\n")
    html = built(site)["index.html"].decode()
    assert "{python} 1 / 0" in html
    assert shown.blocks(html)[0].copied is not None
    assert 'aria-label="A needle."' in html
    index = (tmp_path / "site/search/search_index.json").read_text()
    assert "A shelf" in index
    assert "needle" not in index


@pytest.mark.slow
def test_lines_are_those_of_the_file(tmp_path):
    """Front matter counts, however it is written."""
    site = Site(tmp_path)
    heads = {
        "yaml": "---\ntitle: A\n---\n\n\n",
        "multimarkdown": "title: A\n\n",
        "blank": "\n\n",
        "tab": "---\ntitle: A\n---\n\t\n",
        "index": "",
    }
    for name, head in heads.items():
        site.write(f"docs/{name}.md", f"{head}```python\n1 / 0\n```\n")
    stderr = site.build().stderr
    for name, head in heads.items():
        assert f"docs/{name}.md:{head.count(chr(10)) + 2}: ZeroDivisionError" in stderr
