"""A release is the same bytes wherever and whenever it is made."""

import json
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile

import pytest

import mixnotes
from tests.wheels import ROOT
from tools import bill
from tools.release import SUMS, read, release, sums
from tools.verify_release import differences

NAMES = ("mixnotes", "livefence")


def tree(folder):
    """What git would put into a clone of this, as one commit of a given date."""
    listed = subprocess.check_output(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        text=True,
    )
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file() and not name.startswith(("docs/", "tests/")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@b", "-c", "core.hooksPath="]
    date = {"GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z", "PATH": "/usr/bin:/bin"}
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "A"]):
        subprocess.run([*git, *command], cwd=folder, check=True, env=date)
    return folder


@pytest.fixture(scope="module")
def twice(tmp_path_factory):
    """Two releases, without the site, from two folders: files of other dates and
    other rights, another order of hashes, another time zone."""
    made = []
    for k, umask in enumerate((0o022, 0o077)):
        folder = tmp_path_factory.mktemp(f"release {k}")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PYTHONHASHSEED", str(k))
            patch.setenv("TZ", ("UTC", "Asia/Tokyo")[k])
            checkout = tree(folder / "tree")
            for file in checkout.rglob("*.py"):
                file.chmod(0o666 & ~umask)
            release(checkout, folder / "dist", site=False)
        made.append(folder / "dist")
    return made


@pytest.mark.slow
def test_wheels_and_source_distributions_are_the_same_bytes(twice):
    first, second = twice
    assert sums(first) == sums(second) == read(first / SUMS)
    kinds = {name.partition("-")[0] + name[-7:] for name in sums(first)}
    assert kinds == {f"{n}{e}" for n in NAMES for e in ("any.whl", ".tar.gz")}


@pytest.mark.slow
def test_a_wheel_built_from_its_source_distribution_is_the_same(twice, tmp_path):
    """Whoever builds from the source that is released gets what is released."""
    for name in NAMES:
        (source,) = twice[0].glob(f"{name}-*.tar.gz")
        with tarfile.open(source) as archive:  # 3.11.3 and older have no filters
            archive.extraction_filter = getattr(tarfile, "data_filter", None)
            archive.extractall(tmp_path)
        (wheel,) = twice[0].glob(f"{name}-*.whl")
        build = [sys.executable, "-m", "build", "--wheel", "--no-isolation"]
        with pytest.MonkeyPatch.context() as patch:
            date = subprocess.check_output(
                ["git", "log", "-1", "--format=%ct"],
                cwd=twice[0].parent / "tree",
                text=True,
            )
            patch.setenv("SOURCE_DATE_EPOCH", date.strip())
            folder = tmp_path / source.name.removesuffix(".tar.gz")
            subprocess.run([*build, folder], check=True, capture_output=True)
        (again,) = folder.glob("dist/*.whl")
        assert again.read_bytes() == wheel.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_wheel_carries_the_bill_of_what_it_holds(twice, name):
    (wheel,) = twice[0].glob(f"{name}-*.whl")
    archive = zipfile.ZipFile(wheel)
    (inside,) = [n for n in archive.namelist() if "/sboms/" in n]
    assert archive.read(inside).decode() == bill.text(name)
    held = {c["name"] for c in json.loads(bill.text(name))["components"]}
    data = {n.rpartition("/")[2] for n in archive.namelist() if n.endswith(".csv")}
    assert data <= held


@pytest.mark.parametrize("name", NAMES)
def test_the_bills_are_what_the_tool_writes(name):
    assert bill.BILLS[name].read_text(encoding="utf-8") == bill.text(name)


def test_what_differs_is_named():
    released = {"a.whl": "1", "b.whl": "2", "site/c.html": "3"}
    made = {"a.whl": "1", "b.whl": "0", "site/d.html": "4"}
    assert differences(released, made) == [
        "b.whl differs",
        "site/c.html was released and was not made",
        "site/d.html was made and was not released",
    ]
    assert differences(released, released) == []


def test_a_folder_that_holds_something_is_refused(tmp_path):
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist/old.whl").write_text("")
    with pytest.raises(SystemExit, match="dist must be empty"):
        release(ROOT, tmp_path / "dist", site=False)


def test_the_recipe_for_conda_says_what_the_package_says():
    recipe = (ROOT / "tools/conda/recipe.yaml").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert f'version: "{mixnotes.__version__}"' in recipe
    run = re.search(r"  run:\n((?:    - .+\n)+)", recipe)[1]
    wanted = {line.replace(" ", "") for line in project["project"]["dependencies"]}
    wanted.add("python" + project["project"]["requires-python"])
    assert {line.strip("- ").replace(" ", "") for line in run.splitlines()} == wanted
    assert project["build-system"]["requires"] == ["hatchling==1.33.0"]
    assert "hatchling ==1.33.0" in recipe
