"""What Run needs: brought and checked, put into the site, and its Python side."""

import hashlib
import io
import json
import re
import tarfile
import zipfile
from base64 import b64encode
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from bs4 import BeautifulSoup

from livefence.browser import parts, site
from livefence.browser.runner import MOST, Runner
from livefence.judge import judge, printed
from livefence.settings import Settings
from sites import Site
from test_fence_process import CHANGES

ROOT = Path(__file__).parents[2]
KNOWN = {
    "drawing": {"depends": ["numbers", "fonttools"], "file_name": "drawing-1.whl"},
    "numbers": {"depends": [], "file_name": "numbers-1.whl"},
}


# ------------------------------------------------------------------------ the parts


def test_a_package_brings_what_it_needs_and_not_what_it_does_without():
    assert list(parts.closure(KNOWN, ["Drawing"])) == ["drawing", "numbers"]
    assert parts.closure(KNOWN, ["drawing"])["drawing"]["depends"] == ["numbers"]
    with pytest.raises(parts.PartsError, match="no package 'nowhere'; leave it out"):
        parts.closure(KNOWN, ["nowhere"])


ARCHIVE = "pyodide-314.0.4.tgz"


def packed(folder, content, name=ARCHIVE):
    """What npm would bring, with this in each of its files."""
    with tarfile.open(folder / name, "w:gz") as tar:
        for file in (*parts.RUNTIME, parts.LOCK):
            member = tarfile.TarInfo(f"package/{file}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return (folder / name).read_bytes()


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        (ARCHIVE, r"pyodide-314.0.4.tgz must have the SHA-256 85d"),
        ("pyodide-9.tgz", "no sum of pyodide-9.tgz: it is not opened"),
    ],
)
def test_an_archive_that_is_another_is_not_opened(tmp_path, monkeypatch, name, wrong):
    monkeypatch.setattr(parts, "_npm", lambda folder, *_: packed(folder, b"x", name))
    with pytest.raises(parts.PartsError, match=wrong):
        parts.bring(tmp_path / "parts", ["numpy"])
    assert not (tmp_path / "parts").exists()


def test_a_file_that_is_another_is_refused_and_nothing_is_left(tmp_path, monkeypatch):
    digest = parts.sha256(packed(tmp_path, b"other"))
    monkeypatch.setitem(parts.SUMS, ARCHIVE, digest)
    content = (tmp_path / ARCHIVE).read_bytes()
    monkeypatch.setattr(
        parts, "_npm", lambda folder, *_: (folder / ARCHIVE).write_bytes(content)
    )
    with pytest.raises(
        parts.PartsError, match=r"pyodide.mjs must have the SHA-256 c75"
    ):
        parts.bring(tmp_path / "parts", ["numpy"])
    assert not (tmp_path / "parts").exists()


def test_the_editor_is_made_of_what_the_lock_file_names():
    """npm compares each package with its sum; the lock file names no host."""
    lock = json.loads((parts.SOURCES / "package-lock.json").read_text())
    wanted = json.loads((parts.SOURCES / "package.json").read_text())["dependencies"]
    packages = {
        name.removeprefix("node_modules/"): entry
        for name, entry in lock["packages"].items()
        if name
    }
    assert {name: packages[name]["version"] for name in wanted} == wanted
    assert all(e["integrity"].startswith("sha512-") for e in packages.values())
    assert not any("resolved" in entry for entry in packages.values())


def test_without_npm_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(parts.PartsError, match=r"npm is needed .*; install Node.js"):
        parts.bring(tmp_path / "parts", ["numpy"])


def test_what_fails_is_told_in_its_own_last_words(tmp_path):
    command = ["sh", "-c", "echo first >&2; echo last >&2; exit 1"]
    with pytest.raises(parts.PartsError, match="sh -c failed: last"):
        parts._call(command, tmp_path)


NO_FILES = b"PK\x05\x06" + bytes(18)  # a zip archive
CONTENT = {"python.mjs": b"export", "editor.js": b"let", "numbers-1.whl": NO_FILES}


@pytest.fixture
def brought(tmp_path, monkeypatch):
    """A folder with parts, as `bring` leaves it; small ones."""
    monkeypatch.setattr(parts, "RUNTIME", ("python.mjs",))
    sums = {name: parts.sha256(content) for name, content in CONTENT.items()}
    entry = {"depends": [], "file_name": "numbers-1.whl", "version": "1"}
    entry["imports"] = ["numbers"]
    entry["sha256"] = sums.pop("numbers-1.whl")
    monkeypatch.setattr(parts, "SUMS", sums)
    lock = json.dumps({"info": {}, "packages": {"numbers": entry}}).encode()

    def unpack(folder, *_):
        for name in ("python.mjs", parts.EDITOR, "numbers-1.whl"):
            (folder / name).write_bytes(CONTENT[name])
        (folder / parts.LOCK).write_bytes(lock)

    monkeypatch.setattr(parts, "_runtime", unpack)
    monkeypatch.setattr(parts, "_wheels", lambda *_: None)
    monkeypatch.setattr(parts, "_editor", lambda *_: None)
    parts.bring(tmp_path / "parts", ["numbers"])
    return tmp_path / "parts"


def test_what_was_brought_is_found_and_not_brought_again(brought, monkeypatch):
    record = parts.found(brought, ["numbers"])
    assert record["sizes"].keys() == CONTENT.keys()
    assert {file.name for file in brought.iterdir()} == {*CONTENT, parts.RECORD}
    monkeypatch.setattr(parts, "_runtime", lambda _: pytest.fail("brought again"))
    assert parts.bring(brought, ["numbers"]) == record


def test_parts_for_other_packages_or_of_another_version_are_not_taken(
    brought, monkeypatch
):
    assert parts.found(brought, ["numbers", "drawing"]) is None
    assert parts.found(brought / "nowhere", ["numbers"]) is None
    monkeypatch.setattr(parts, "PYODIDE", "pyodide@0")
    assert parts.found(brought, ["numbers"]) is None


def test_parts_whose_record_has_no_seal_are_checked_and_taken(brought):
    """So the first version wrote them."""
    file = brought / parts.RECORD
    record = json.loads(file.read_bytes())
    del record["seal"]
    file.write_text(json.dumps(record))
    assert parts.found(brought, ["numbers"]) == record
    (brought / "editor.js").write_bytes(b"lat")
    with pytest.raises(parts.PartsError, match=r"editor.js in .* is not what was"):
        parts.found(brought, ["numbers"])


DAMAGE = {
    "a byte": lambda file: file.write_bytes(flipped(file.read_bytes())),
    "half": lambda file: file.write_bytes(
        file.read_bytes()[: file.stat().st_size // 2]
    ),
    "empty": lambda file: file.write_bytes(b""),
    "more": lambda file: file.write_bytes(file.read_bytes() + b"\n//"),
    "gone": lambda file: file.unlink(),
    "a folder": lambda file: (file.unlink(), file.mkdir()),
    "no end": lambda file: (file.unlink(), file.symlink_to(file)),
    "not text": lambda file: file.write_bytes(b"\xff\xfe"),
    "a list": lambda file: file.write_bytes(b"[]"),
    "a number": lambda file: file.write_bytes(b"1"),
    "null": lambda file: file.write_bytes(b"null"),
    "deep": lambda file: file.write_bytes(b"[" * 100_000),
    "nothing in it": lambda file: file.write_bytes(b"{}"),
}


def flipped(content):
    """One bit of the middle is another."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("name", [*CONTENT, parts.RECORD])
def test_a_damaged_part_is_no_part_and_is_brought_anew(brought, name, damage):
    DAMAGE[damage](brought / name)
    with pytest.raises(parts.PartsError, match=r"python -m livefence.browser"):
        parts.found(brought, ["numbers"])
    if (brought / name).is_dir():
        with pytest.raises(parts.PartsError, match="cannot be put into"):
            parts.bring(brought, ["numbers"])
        return
    parts.bring(brought, ["numbers"])
    assert (brought / "editor.js").read_bytes() == CONTENT["editor.js"]
    assert parts.found(brought, ["numbers"]) is not None


def test_every_byte_of_the_record_counts(brought):
    """None can be flipped without it being told, if the seal's own name is there."""
    file = brought / parts.RECORD
    whole = file.read_bytes()
    seal = whole.index(b'"seal"')
    for at in range(len(whole)):
        if seal <= at < seal + 6:
            continue
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(parts.PartsError):
            parts.found(brought, ["numbers"])


@pytest.mark.slow
@pytest.mark.parametrize("content", [None, "{", '{"for": 1, "seal": "x"}'])
def test_a_strict_build_with_damaged_parts_fails_and_says_why(tmp_path, content):
    """Half of them, or a record that is cut short or changed."""
    made = Site(tmp_path, plugins="plugins: [livefence]\n", browser="parts")
    made.write("docs/index.md", "# A\n\n```python\nprint(1)\n```\n")
    made.write("parts/pyodide.mjs", "half")
    if content:
        made.write(f"parts/{parts.RECORD}", content)
    result = made.build()
    assert result.returncode == 1
    assert "WARNING -  the pages get no Run buttons: " in result.stderr
    assert "`python -m livefence.browser` brings" in result.stderr
    assert "Traceback" not in result.stderr
    assert "run.js" not in made.html("index.html")


# ------------------------------------------------------------------------- the site


def wheel(folder):
    file = folder / "shelf-1.2-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("shelf/__init__.py", "")
        archive.writestr(
            "shelf-1.2.dist-info/METADATA",
            "Name: shelf\nVersion: 1.2\nRequires-Dist: numbers>=1\n"
            "Requires-Dist: elsewhere\nRequires-Dist: drawing; extra == 'plot'\n",
        )
    return file


def test_a_project_s_wheel_is_listed_as_any_other(tmp_path):
    file = wheel(tmp_path)
    entry = site.lock_entry(file.name, file.read_bytes(), KNOWN)
    assert entry["name"] == "shelf"
    assert entry["version"] == "1.2"
    assert entry["imports"] == ["shelf"]
    assert entry["depends"] == ["numbers"]
    assert entry["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()


def test_the_archive_of_the_runner_is_the_same_each_time():
    first = site.runner_zip()
    assert first == site.runner_zip()
    names = zipfile.ZipFile(io.BytesIO(first)).namelist()
    assert "livefence/browser/runner.py" in names


def test_every_page_gets_one_policy_with_the_hash_of_each_inline_script(tmp_path):
    script = b"let a = 1;"
    page = b"<!doctype html><html><head><title>A</title></head><body>%s</body></html>"
    (tmp_path / "a.html").write_bytes(page % (b"<script>" + script + b"</script>"))
    json_only = (
        b'<script type="application/json">{}</script><script src="b.js"></script>'
    )
    (tmp_path / "b.html").write_bytes(page % json_only)
    site.protect(tmp_path)
    policies = {
        re.search(rb'http-equiv="Content-Security-Policy" content="(.*?)"', text)[1]
        for text in ((tmp_path / f"{name}.html").read_bytes() for name in "ab")
    }
    (policy,) = policies
    digest = b64encode(hashlib.sha256(script).digest())
    assert re.findall(rb"'sha256-(.*?)'", policy) == [digest]


@pytest.mark.slow
def test_a_site_without_the_parts_is_built_and_says_so(tmp_path):
    made = Site(tmp_path, plugins="plugins: [livefence]\n", browser="parts")
    made.write("docs/index.md", "# A\n\n```python\nprint(1)\n```\n")
    result = made.build()
    assert result.returncode == 0, result.stderr
    assert "no Run buttons: their parts are not in parts" in result.stderr
    assert "python -m livefence.browser` brings them" in result.stderr
    assert "run.js" not in (tmp_path / "site/index.html").read_text()


def test_settings_without_a_folder_for_parts_are_told(tmp_path):
    made = Site(tmp_path)
    result = made.python("-m", "livefence.browser")
    assert result.returncode == 2
    assert "set `browser`, a folder" in result.stdout


# ----------------------------------------------------------------------- the runner


@pytest.fixture
def runner(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = []
    runner = Runner(
        shown.append, "axes.facecolor: white\n", {"#1f77b4": "var(--blue)"}, ["numpy"]
    )

    def run(*blocks, name="page#0"):
        shown.clear()
        result = json.loads(runner.run(name, list(blocks), "run1-"))
        return "".join(shown), result

    return run


def test_blocks_before_run_first_once_and_silently(runner):
    count = "import builtins\nbuiltins.planted = getattr(builtins, 'planted', 0) + 1"
    first = f"{count}\nx = [1]\nprint('first')"
    second = "x.append(2)\nprint(x)"
    assert runner(first) == ("first\n", {"figures": []})
    assert runner(first, second) == ("[1, 2]\n", {"figures": []})
    printed, _ = runner("import builtins\nprint(builtins.planted)", name="page#1")
    assert printed == "1\n"


def test_a_block_that_is_run_again_gives_the_same_again(runner):
    first, second = "x = [1]", "x.append(2)\nprint(x)"
    assert runner(first, second) == runner(first, second)


def test_chains_do_not_see_each_other(runner):
    runner("x = 1", name="a#0")
    _, result = runner("print(x)", name="b#0")
    assert "NameError: name 'x' is not defined" in result["error"]


KEPT_APART = [
    "print options",
    "a function of a library",
    "a built-in",
    "errors of numpy",
    "the environment",
    "the style",
    "filters of warnings",
    "the path",
    "decimal digits",
]


@pytest.mark.slow
@pytest.mark.parametrize("what", KEPT_APART)
def test_what_one_chain_changes_stays_with_it(runner, what):
    """Its own later blocks see it, another chain does not, in whatever order."""
    change, look, expected = CHANGES[what]
    look = f"{look}\nprint(repr(seen))"
    runner(change, name="a#0")
    assert runner(look, name="b#0")[0] == f"{expected!r}\n"
    changed, result = runner(change, look, name="a#0")
    assert "error" not in result
    if what != "filters of warnings":  # those hold for one block, in the build as well
        assert changed != f"{expected!r}\n"
    assert runner(look, name="b#0")[0] == f"{expected!r}\n"


def test_what_a_chain_draws_does_not_move_another(runner):
    seed = "import random\nimport numpy as np\nrandom.seed(0)\nnp.random.seed(0)"
    draw = "print(random.random(), np.random.random())"
    expected, _ = runner(seed, draw, name="a#0")
    runner(seed, name="b#0")
    runner("import random\nrandom.random()", name="c#0")
    assert runner(seed, draw, name="b#0")[0] == expected


def test_an_error_shows_the_lines_of_the_block_alone(runner):
    _, result = runner("def f():\n    1 / 0\n", "f()")
    assert "runner.py" not in result["error"]
    assert 'File "this block", line 1' in result["error"]
    assert 'File "block 1 of those that this one continues", line 2' in result["error"]
    assert "    1 / 0" in result["error"]
    assert result["where"] is None
    _, result = runner("1 / 0", "pass")
    assert result["where"] == 0


def test_a_module_that_is_missing_is_named(runner):
    _, result = runner("import nowhere.at_all")
    assert result["missing"] == "nowhere"


def test_an_interrupt_is_a_stop_not_an_error(runner):
    _, result = runner("raise KeyboardInterrupt")
    assert result == {"figures": [], "stopped": True, "where": None}


def test_output_is_cut_where_nobody_reads_on(runner):
    printed, _ = runner(f"print('x' * {MOST + 41})")
    assert printed == "x" * MOST + "\n... and 42 characters more\n"


def test_figures_are_drawn_as_on_the_page(runner):
    draw = "import matplotlib.pyplot as plt\nplt.plot([0, 1])\nplt.figure()"
    _, result = runner(draw)
    first, second = result["figures"]
    assert "var(--blue)" in first
    assert "#1f77b4" not in first
    assert all(each.startswith("<svg ") for each in (first, second))
    assert runner("pass")[1] == {"figures": []}


def test_a_phone_is_drawn_figures_of_its_width():
    shown = []
    runner = Runner(shown.append, "", {})
    draw = "import matplotlib.pyplot as plt\nplt.figure(figsize=({}, 3))\nplt.plot([1])"
    found = {}
    for narrow in (False, True):
        runner.narrow = narrow
        for width in (3, 6):
            told = runner.run(f"{narrow}", [draw.format(width)], "run")
            [svg] = json.loads(told)["figures"]
            found[narrow, width] = float(re.search(r'viewBox="0 0 ([\d.]+)', svg)[1])
    assert found[True, 3] == found[False, 3]
    assert found[True, 6] < 270 < found[False, 6]


def test_lines_of_a_notebook_and_show_do_nothing(runner):
    draw = "%config A.b = 1\nimport matplotlib.pyplot as plt\nplt.plot([1])\nplt.show()"
    printed, result = runner(draw)
    assert printed == ""
    assert len(result["figures"]) == 1
    _, result = runner("%config A.b = 1\n1 / 0")
    assert "line 2" in result["error"]


def test_colours_are_those_of_the_settings(brought):
    """What the browser is told is what the site is built with."""
    (brought.parent / "book.mplstyle").write_text("lines.linewidth: 2\n")
    settings = Settings(
        root=brought.parent,
        style="book.mplstyle",
        browser="parts",
        browser_packages=["numbers"],
        colors={"#000000": "var(--ink)"},
    )
    files = site.files(settings)
    told = json.loads(files[f"{site.FOLDER}/browser.json"])
    assert told["style"] == "lines.linewidth: 2\n"
    assert told["colors"] == {"#000000": "var(--ink)"}
    (size,) = (s for name, s in told["sizes"].items() if name.endswith("/python.mjs"))
    assert size[0] == len(CONTENT["python.mjs"])


# ------------------------------------------------------------------------- answers

JUDGED = [
    (0.582, 0.582468, None),
    (0.58, 0.582468, None),
    (0.57, 0.582468, "a is too small"),
    (0.6, 0.582468, "a is too large"),
    (7, 7, None),
    (7.001, 7, "a is too large"),
    (1.2e-28, 1e-28, "a is too large"),
    (1e-20, 0.0, None),
    (float("nan"), 1.0, "a is nan"),
    (None, 1.0, "give a a value"),
    (..., 1.0, "put your answer in place of the dots after a ="),
    ("four", 4, "a must be a number, and is str"),
    (True, 1, "a must be a number, and is bool"),
    ([0.582], 0.582468, None),
    (np.array([[0.582]]), 0.582468, None),
    (np.float32(0.582), 0.582468, None),
    (Fraction(582, 1000), 0.582468, None),
    ((0, 582), 0.582468, "a must be one number: write 0.582, with a point .*"),
    ("0,582", 0.582468, "a must be one number: write 0.582, with a point .*"),
    ([0.5, 0.6], 0.582468, "a must be one number, and holds 2"),
    (np.zeros(3), 0.582468, "a must be one number, and holds 3"),
    (10**400, 0.582468, "a is too large"),
    (-(10**400), 0.582468, "a is too small"),
    (10**400, 7, "a is too large"),
    (float("inf"), 0.582468, "a is too large"),
    (0.58, 0.582468, None),  # rounded right, to two digits
    (0.59, 0.582468, "a is too large"),
    (3.7e-28, 3.743e-28, None),
    (0.0, 0.04, "a is too small"),
    (" ab", "AB", None),
    ("A, b", "AB", None),
    (["A", "B"], "AB", None),
    (np.array(["A", "B"]), "AB", None),
    ("BA", "AB", "a is another word"),
    (1, "AB", "a is another word"),
    ([0.3, 0.8], (0.3, 0.8), None),
    ([0.3, 0.9], (0.3, 0.8), r"a\[1\] is too large"),
    ([0.3], (0.3, 0.8), "a must hold 2 values, and holds 1"),
    (0.3, (0.3, 0.8), "a must hold 2 values, and is one"),
    ([0, 3, 0, 8], (0.3, 0.8), r"a must .* and holds 4 \(a decimal comma .*\)"),
    ([..., 0.8], (0.3, 0.8), "put your answers in place of the dots in a"),
    ("0.3 0.8", (0.3, 0.8), "a must be a list of 2 values, and is a str"),
    ({0.3, 0.8}, (0.3, 0.8), "a must be a list of 2 values, and is a set"),
    ({1: 2.0}, {1: 2.0}, None),
    ({1: 3.0}, {1: 2.0}, r"a\[1\] is too large"),
    ({2: 2.0}, {1: 2.0}, "a must have the keys 1"),
]


@pytest.mark.parametrize(("mine", "right", "wrong"), JUDGED)
def test_an_answer_is_told_right_or_what_is_wrong(mine, right, wrong):
    told = judge("a", mine, right)
    assert told is None if wrong is None else re.fullmatch(wrong, told)


def test_an_answer_may_be_asked_to_fewer_digits():
    assert judge("a", 0.0042, 0.0038, "1") is None
    assert judge("a", 0.0042, 0.0038) == "a is too large"


@pytest.mark.parametrize("answer", [2.714, 2.715, 2.7146, 2.7155])
def test_an_answer_to_three_decimals_is_within_a_unit_of_the_third(answer):
    assert judge("a", answer, 2.714589, ".3") is None


@pytest.mark.parametrize("answer", [2.7, 2.71, 2.72, 2.713, 2.716])
def test_an_answer_to_fewer_decimals_than_asked_is_wrong(answer):
    assert re.fullmatch("a is too (small|large)", judge("a", answer, 2.714589, ".3"))


def test_what_the_solution_prints_is_right_and_other_roundings_are_not():
    told = printed("10 trials: +0.009, 40: +0.099\nsd 4e-28 of 1,096, 0.0, 1")
    assert told == ["+0.009", "+0.099", "4e-28", "0.0"]
    assert judge("a", 0.009, 0.00922306, told=told) is None
    assert judge("a", 0.009, 0.0099, told=told) == "a is too small"
    assert judge("a", 0.0, 0.04, told=told) == "a is too small"
    assert judge("a", 1, 0.76, told=told) == "a is too large"
    assert judge("a", 4e-28, 3.743e-28, told=told) is None


ASKED = """
a = 2


def right(a):
    if a == 4:
        return "a is the square"
    return 1 < a < 3
"""
BY_FUNCTION = [
    ("a = 2.5", "Right."),
    ("a = [2.5]", "Right."),
    ("a = 3", "Not yet: a is not right."),
    ("a = 4", "Not yet: a is the square."),
    ("a = ...", "Not yet: put your answer in place of the dots after a =."),
    ("b = 2", "Not yet: give a a value."),
    ("a = 'two'", "Not yet: a must be a number, and is str."),
    ("a = 10**400", "Not yet: a is too large."),
    (
        "a = 2,5",
        "Not yet: a must be one number: write 2.5, with a point for the comma.",
    ),
    ("a = 2,05", "Not yet: write 2.05, with a point for the comma."),
]


@pytest.mark.parametrize(("answer", "verdict"), BY_FUNCTION)
def test_a_solution_may_say_itself_what_is_right(
    answer, verdict, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    told = json.loads(Runner(lambda text: None, "", {}).check(answer, ASKED, ["a"]))
    assert told["verdict"] == verdict
    assert told["right"] is (verdict == "Right.")


MISTAKES = """
a = 0.25
b = "left"
mistakes = {
    "a": {0.75: "That is the share of the others.", 0.5: "That is half"},
    "b": {"right": "You look from the other side."},
}
"""
RECOGNISED = [
    ("a = 0.25\nb = 'left'", "Right."),
    ("a = 0.7501\nb = 'left'", "Not yet. That is the share of the others."),
    ("a = 3 / 4\nb = 'right'", "Not yet. That is the share of the others."),
    ("a = 0.5\nb = 'left'", "Not yet: That is half."),
    ("a = 0.3\nb = 'left'", "Not yet: a is too large."),
    ("a = 0.25\nb = 'Right'", "Not yet. You look from the other side."),
    ("a = 0.25\nb = 'up'", "Not yet: b is another word."),
    ("a = ...\nb = 'left'", "Not yet: put your answer in place of the dots after a =."),
]


@pytest.mark.parametrize(("answer", "verdict"), RECOGNISED)
@pytest.mark.parametrize("by", ["value", "function"])
def test_a_likely_mistake_is_told_by_its_name(
    answer, verdict, by, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    solution = MISTAKES
    if by == "function":
        solution += "\n\ndef right(a, b):\n    return a < 0.26 and b == 'left'\n"
        if verdict.startswith("Not yet: a is too") or "another word" in verdict:
            verdict = "Not yet: a and b are not right."
    told = json.loads(Runner(print, "", {}).check(answer, solution, ["a", "b"]))
    assert told["verdict"] == verdict
    assert told["right"] is (verdict == "Right.")


def test_an_answer_that_the_function_stumbles_on_shows_no_traceback(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    solution = "a = [1]\n\n\ndef right(a):\n    return a[7] == 1\n"
    told = json.loads(
        Runner(lambda text: None, "", {}).check("a = []", solution, ["a"])
    )
    wrong = "a cannot be read as an answer (list index out of range)"
    assert told == {"figures": [], "right": False, "verdict": f"Not yet: {wrong}."}


def test_an_answer_of_the_reader_s_that_fails_shows_its_own_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = Runner(lambda text: None, "", {}).check("a = 1\na / 0", "a = 2", ["a"])
    assert 'File "this block", line 2' in json.loads(told)["error"]


@pytest.mark.slow
@pytest.mark.parametrize("head", ['check=""', 'check="1a"', 'check="a b-c"', "check=a"])
def test_a_check_that_names_nothing_is_a_fault(head, tmp_path):
    made = Site(tmp_path)
    made.write("docs/index.md", f"```python {{ {head} }}\na = ...\n```\n")
    result = made.build()
    assert result.returncode == 1
    assert "docs/index.md:1: fence header" in result.stderr


def test_a_form_for_an_answer_is_shown_not_run(tmp_path):
    made = Site(tmp_path)
    form = '```python { check="a b:2" }\na, b = ..., 1 / 0\n```\n'
    made.write("docs/index.md", f"{form}\n```python\na = b = 1\n```\n")
    result = made.build()
    assert result.returncode == 0, result.stderr
    form = '<div class="livefence-answer" data-check="a b:2" data-known='
    assert form in made.html("index.html")


FORM = """\
```python { check="a b" }
a = b = ...
```

```python
a, b = 2 / 3, "C, B"
print(f"{a:.4f}")
```

```python { check="c" }
c = ...
```

```python
c = [1, 2]
```
"""


def test_a_form_knows_the_numbers_and_words_of_its_solution(tmp_path):
    """From the cache as well; a list is for Python to compare."""
    made = Site(tmp_path, cache=".cache")
    made.write("docs/index.md", FORM)
    for _ in range(2):
        result = made.build()
        assert result.returncode == 0, result.stderr
        first, second = BeautifulSoup(made.html("index.html"), "html.parser").select(
            ".livefence-answer"
        )
        known = json.loads(first["data-known"])
        assert known["a"]["number"] == 2 / 3
        assert known["a"]["others"] == [0.6667, 0.67]
        assert known["b"] == {"word": "cb"}
        assert "data-known" not in second.attrs


def test_long_output_scrolls_and_says_how_long_it_is(tmp_path):
    made = Site(tmp_path)
    loop = "```python\nfor k in range({}):\n    print(k)\n```\n\n"
    made.write("docs/index.md", loop.format(40) + loop.format(1041))
    result = made.build()
    assert result.returncode == 0, result.stderr
    page = BeautifulSoup(made.html("index.html"), "html.parser")
    short, long = page.select(".livefence-output")
    assert not short.select(".livefence-lines, [style]")
    assert long.select_one(".livefence-lines").text == "1,041 lines; they scroll here."
    assert "overflow-y:auto" in long.code["style"]
    assert long.code["tabindex"] == "0"


def test_an_answer_finds_what_blocks_above_it_bind(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = []
    runner = Runner(shown.append, "", {})
    above = [("page#0", ["def half(x):\n    print('not shown')\n    return x / 2"])]
    told = json.loads(runner.check("a = half(3)", "a = 1.5", ["a"], above))
    assert told["verdict"] == "Right."
    assert "".join(shown) == "not shown\n"  # it was called by the answer
    told = json.loads(runner.check("a = 1", "a = 1.5", ["a"], [("b#0", ["1 / 0"])]))
    assert "ZeroDivisionError" in told["error"]
    assert told["where"] == 0
    chains = [["def half(x): ..."], ["y = 1"]]
    assert json.loads(runner.needs("a = half(3)", chains)) == [[0, 1]]
