"""The reference: every public object has its page, and the page says what is so."""

import ast
import builtins
import inspect
import re
from pathlib import Path

import griffe
import numpy as np
import pytest
from bs4 import BeautifulSoup

import mixnotes
from apidocs import hooks, pages
from apidocs.catalogue import GROUPS, PAGES
from apidocs.examples import code
from apidocs.uses import Uses, used
from livefence import page

ROOT = Path(__file__).parents[2]
ENTRIES = {e.path: p for p in PAGES.values() for e in p.entries}
AGAIN = "; run `python -m apidocs`, and commit what it writes"
built = [pytest.mark.slow, pytest.mark.timeout(400)]  # the first waits for a build


def public():
    """What is imported from the package, and what its modules of functions hold."""
    yield from mixnotes.__all__
    for module in ("plot", "datasets"):
        yield from (
            f"{module}.{name}"
            for name, member in vars(getattr(mixnotes, module)).items()
            if inspect.isfunction(member)
            and member.__module__ == f"mixnotes.{module}"
            and not name.startswith("_")
        )
    yield "sklearn.MixtureModel"


def shown_members():
    """The path of each object and member that has a heading."""
    for path, where in ENTRIES.items():
        yield path
        entry = next(e for e in where.entries if e.path == path)
        yield from (f"{path}.{member}" for member in entry.members)


# --------------------------------------------------------------- what is in the folder


def test_the_pages_are_what_apidocs_writes(tmp_path):
    written = {name: (tmp_path / name) for name in pages.write(tmp_path)}
    here = {file.name: file for file in pages.FOLDER.glob("*.md")}
    assert set(here) == set(written), f"other pages in docs/reference{AGAIN}"
    stale = [n for n in here if here[n].read_text() != written[n].read_text()]
    assert stale == [], f"not as the docstrings are: {stale}{AGAIN}"


def test_a_page_of_nothing_is_dropped(tmp_path):
    (tmp_path / "Gone.md").write_text("# Gone\n")
    pages.write(tmp_path)
    assert not (tmp_path / "Gone.md").exists()


@pytest.mark.parametrize("name", sorted(set(public()) - {"plot"}))
def test_every_public_object_stands_on_a_page(name):
    assert name in set(shown_members()), f"put {name} into apidocs/catalogue.py"


def test_every_example_of_what_is_shown_is_a_block_that_runs():
    """As many blocks as docstrings have examples, each in its place."""
    missing = []
    for path in shown_members():
        docstring = pages.documented(path).docstring
        has = docstring and any(s.kind.value == "examples" for s in docstring.parsed)
        owner = next(e for e in sorted(ENTRIES, reverse=True) if path.startswith(e))
        text = (pages.FOLDER / f"{ENTRIES[owner].name}.md").read_text("utf-8")
        marker = f"::: mixnotes.{path}\n"
        if not has or marker not in text:
            continue
        after = text.partition(marker)[2].partition("\n:::")[0]
        if "```python" not in after:
            missing.append(path)
    assert missing == []


def test_every_block_of_the_reference_runs():
    """None is only shown; the few without Run are those of other packages."""
    apart = set()
    for file in pages.FOLDER.glob("*.md"):
        for fence in page.read(file).fences:
            assert fence.head.runs, file
            if fence.head.norun:
                apart.add(file.stem)
    assert apart == {"Custom", "from_scipy", "sklearn.MixtureModel"}


def test_the_old_addresses_lead_to_the_list():
    """`reference/#mixnotes.em` was the address of an object on the one page."""
    text = (pages.FOLDER / "index.md").read_text("utf-8")
    for path in ENTRIES:
        assert f'<a id="mixnotes.{path}"></a>' in text


KNOWN = {"Any", "Callable", "Iterable", "Iterator", "Literal", "Mapping", "Sequence"}


def test_every_type_that_the_tables_name_is_said_somewhere():
    """It is Python's, has a page, or has a line on the first page."""
    text = (pages.FOLDER / "index.md").read_text("utf-8")
    lines = set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
    has_page = {path.rpartition(".")[2] for path in shown_members()}
    unknown = {}
    for path in shown_members():
        thing = pages.documented(path)
        found = [*getattr(thing, "parameters", ()), thing]
        text = " ".join(str(getattr(each, "annotation", "")) for each in found)
        for word in re.findall(r"\b[A-Za-z_]\w*", re.sub(r"'[^']*'", "", text)):
            if word in KNOWN | lines | has_page or hasattr(builtins, word):
                continue
            unknown.setdefault(word, path)
    assert set(unknown) <= INSIDE, unknown


# Of a field or an argument that readers do not write: what it is stands beside it.
INSIDE = {
    *("FromScipy", "Learned", "Priced", "RunResult", "Self", "Source", "Space"),
    *("Generator", "NDArray", "bool_", "intp", "np", "random"),
}


def test_no_page_tells_readers_to_install_what_is_not_published():
    for file in [*sorted(ROOT.glob("docs/**/*.md")), ROOT / "README.md"]:
        text = file.read_text("utf-8")
        assert not re.search(r"pip install [\"']?mixnotes", text), file


# ------------------------------------------------------------------- how a page is made


def test_what_an_interpreter_shows_a_page_prints():
    text = (
        ">>> import numpy as np\n>>> x = np.arange(3)  # three\n>>> x.sum()\n3\n"
        ">>> print(x)\n[0 1 2]\n>>> for i in x[:1]:\n...     print(i)\n0\n"
        ">>> max(  # the last\n...     x)\n2\n>>> x.sort()\n"
        ">>> x[0]  # doctest: +ELLIPSIS\n0\n"
    )
    assert code(text) == (
        "import numpy as np\nx = np.arange(3)  # three\nprint(x.sum())\n"
        "print(x)\nfor i in x[:1]:\n    print(i)\n"
        "print(max(  # the last\n    x)\n)\nx.sort()\nprint(x[0])\n"
    )


def test_what_code_uses_is_read_from_its_names():
    text = (
        "from mixnotes.sklearn import MixtureModel\nfrom mixnotes import em\n"
        "mx.plot.density(mx.em(mixnotes.Normal(), x).mixture)\n"
        "y.em(), my.em, 'mx.Poisson'\n"
    )
    names = {"sklearn.MixtureModel", "em", "plot.density", "plot", "Normal"}
    assert {*used(text)} == names
    assert not list(used("a = = 1"))


def test_who_uses_what_is_sorted_by_kind(tmp_path):
    code = "```python\nimport mixnotes as mx\n\nmx.{}\n```\n"
    for name, title, call in [
        ("zeta.md", "Zeta", "em"),
        ("your-data/b.md", "B", "em"),
        ("chapters/c.md", "C", "em"),
        ("chapters/d.md", "D", "select"),
    ]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"# {title}\n\n{code.format(call)}")
    files = {f.relative_to(tmp_path).as_posix(): f for f in tmp_path.rglob("*.md")}
    uses = Uses.of(files)
    assert uses.pages(["em"]) == ["chapters/c.md", "your-data/b.md", "zeta.md"]
    assert uses.pages(["select", "npmle"]) == ["chapters/d.md"]
    assert uses.titles["zeta.md"] == "Zeta"


def test_the_menu_has_every_page_once():
    listed = str(hooks.menu())
    for name in PAGES:
        assert listed.count(f"'reference/{name}.md'") == 1
    nav = [{"A": "a.md"}, {"B": [{"API": hooks.MENU}, "c.md"]}]
    assert [hooks._with_menu(entry) for entry in nav] == [
        {"A": "a.md"},
        {"B": [{"API": hooks.menu()}, "c.md"]},
    ]


def test_the_search_knows_an_object_once():
    """By its page; sections that hold nothing are no results, nor have they words."""
    found = [
        {"location": "reference/em/", "title": "em", "text": "", "tags": ["fit"]},
        {"location": "reference/em/#mixnotes.em", "title": "em", "text": "Maximum"},
        {"location": "reference/em/#example", "title": "Example", "text": ""},
        {"location": "reference/em/#see-also", "title": "See also", "text": "Fit"},
        {"location": "data/", "title": "Data", "text": "", "tags": ["csv"]},
        {"location": "data/#a", "title": "A", "text": "", "tags": ["csv"]},
    ]
    assert hooks._entries(found) == [
        {
            "location": "reference/em/",
            "title": "em",
            "text": "Maximum",
            "tags": ["fit"],
        },
        {"location": "data/", "title": "Data", "text": "", "tags": ["csv"]},
        {"location": "data/#a", "title": "A", "text": ""},
    ]


# -------------------------------------------------------------------- what readers see


@pytest.fixture(scope="module")
def soup(build):
    """The HTML of a page of the reference."""
    folder, read = build() / "reference", {}

    def parsed(name):
        if name not in read:
            file = folder / name / "index.html"
            text = file.read_text("utf-8").partition("<article")[2]
            read[name] = BeautifulSoup(text.partition("</article>")[0], "html.parser")
        return read[name]

    return parsed


def calls(thing, path):
    """Has the object a signature that a reader types?"""
    return thing.is_function or (thing.is_class and pages._is_called(path))


class TestBuilt:
    pytestmark = built

    @pytest.mark.parametrize("name", sorted(PAGES))
    def test_a_signature_is_as_one_would_type_it(self, name, soup):
        """It is a call, whose defaults are values and no traces of the source."""
        for signature in soup(name).select(".doc-signature"):
            text = signature.get_text().strip()
            if "(" not in text.partition(":")[0]:  # a property
                continue
            head, _, arguments = text.partition("(")
            assert re.fullmatch(r"[\w.]+", head)
            made = ast.parse(f"def f({arguments}: pass").body[0]
            assert isinstance(made, ast.FunctionDef)
            for default in [*made.args.defaults, *made.args.kw_defaults]:
                assert default is None or ast.literal_eval(default) != ...

    @pytest.mark.parametrize("name", sorted(PAGES))
    def test_every_parameter_has_its_row_and_default(self, name, soup):
        """In the order of the signature, which is that of Python."""
        for entry in PAGES[name].entries:
            thing = pages.documented(entry.path)
            if not calls(thing, entry.path):
                continue
            heading = soup(name).find(id=f"mixnotes.{entry.path}")
            table = heading.find_next("table")
            rows = [
                [cell.get_text(" ", strip=True) for cell in row.select("td")]
                for row in table.select("tbody tr")
            ]
            wanted = [
                (p.name.lstrip("*"), p.default)
                for p in thing.parameters
                if p.name not in ("self", "cls")
            ]
            assert [row[0].split()[0].lstrip("*") for row in rows] == [
                parameter for parameter, _ in wanted
            ]
            for row, (_, default) in zip(rows, wanted, strict=True):
                assert row[1]
                assert (row[2] == "required") == (default is None)

    @pytest.mark.parametrize("name", sorted(PAGES))
    def test_the_source_is_where_the_link_says(self, name, soup):
        links = soup(name).select(".mx-source a")
        assert links
        for link in links:
            path, _, line = link["href"].partition("/blob/main/")[2].partition("#L")
            file = ROOT / path
            written = file.read_text("utf-8").splitlines()
            where = " ".join(written[int(line) - 1 : int(line) + 2])
            assert path.endswith("__init__.py") or re.search(r"\b(def|class)\b", where)

    def test_the_chapters_that_use_an_object_are_named(self, soup):
        """With what is read from the sources in another way."""
        for name, call in [("npmle", "mx.npmle("), ("Gate", "mx.Gate(")]:
            seen = {
                link["href"].removeprefix("../../").rstrip("/")
                for link in soup(name).select(".mx-used a")
            }
            expected = {
                file.relative_to(ROOT / "docs").with_suffix("").as_posix()
                for file in ROOT.glob("docs/**/*.md")
                if "reference" not in file.parts
                and any(call in fence.source for fence in page.read(file).fences)
            }
            assert seen >= expected != set()

    def test_the_first_page_leads_to_each_in_one_step_and_by_task(self, soup):
        first = soup("")
        headings = [h.get_text().rstrip("¶") for h in first.select("h2")]
        assert headings[: len(GROUPS)] == [group.title for group in GROUPS]
        links = {link["href"].rstrip("/") for link in first.select("li a[href]")}
        assert {f"{name}" for name in PAGES} <= links


# --------------------------------------------------------------- from other packages

GUIDE = ROOT / "docs/from-scikit-learn.md"


def test_every_call_in_the_guide_is_one_of_ours():
    """What stands in the tables after `mx.` is there, with these arguments."""
    text = re.sub(r"^```.*?^```", "", GUIDE.read_text("utf-8"), flags=re.S | re.M)
    seen = set()
    mixture = mixnotes.Mixture([mixnotes.Normal(0, 1)], weights=[1.0])
    for span in re.findall(r"`([^`]*)`", text):
        for path, arguments in re.findall(r"mx\.([\w.]+)(?:\(([^()]*))?", span):
            thing = mixnotes
            for name in path.split("."):
                thing = getattr(thing, name)
            seen.add(path)
            if arguments and path != "NormalInverseWishart.default":
                names = inspect.signature(thing).parameters
                for given in re.findall(r"\b(\w+)=", arguments):
                    assert given in names or "options" in names, span
        for attribute in re.findall(r"\bfit\.(?:mixture\.)?(\w+)", span):
            fit = {*dir(mixnotes.Fit), *mixnotes.Fit.__dataclass_fields__}
            assert attribute in fit or hasattr(mixture, attribute)
    assert len(seen) > 20


def test_the_guide_says_what_scikit_learn_and_ours_give_alike():
    """The blocks ran: each says that all was the same, which they compare."""
    fences = [f for f in page.read(GUIDE).fences if f.head.norun]
    space: dict[str, object] = {}
    with np.errstate(all="raise"):
        said: list[str] = []
        space["print"] = lambda *words: said.append(" ".join(map(str, words)))
        for fence in fences:
            exec(fence.source, space)
    assert [line[-4:] for line in said[-4:]] == 4 * ["True"]
    assert said[0].startswith("[[2.04, 54.48], [4.29, 79.97]]")
    assert [float(line.split()[-1]) for line in said[:2]] == pytest.approx(
        2 * [-4.155382], abs=2e-5
    )


def test_griffe_reads_the_package_that_is_tested():
    assert isinstance(pages.package(), griffe.Object)
    assert Path(str(pages.package().filepath)).parent == Path(mixnotes.__file__).parent
