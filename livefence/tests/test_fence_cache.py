"""What cannot be read whole from the cache is not there, and a folder that takes
nothing stops no build."""

import errno
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from livefence import cache
from livefence.browser import site
from livefence.mkdocs import LiveFencePlugin
from livefence.settings import Settings
from sites import Site
from test_fence_browser import DAMAGE, wheel

RESULTS = [{"output": "0.5\n", "figures": [["<svg/>", "A line", ""]]}, {"text": "2"}]


@pytest.fixture
def settings(tmp_path):
    return Settings(root=tmp_path, cache="cache")


def test_what_was_stored_is_loaded(settings):
    cache.store("a", RESULTS, settings)
    assert cache.load("a", settings) == RESULTS
    assert cache.load("b", settings) is None
    assert [file.name for file in (settings.root / "cache").iterdir()] == ["a.json"]


def test_every_byte_of_an_entry_counts(settings):
    cache.store("a", RESULTS, settings)
    file = settings.root / "cache/a.json"
    whole = file.read_bytes()
    for at in range(len(whole)):
        for bit in (1, 32):
            changed = bytes([whole[at] ^ bit])
            file.write_bytes(whole[:at] + changed + whole[at + 1 :])
            assert cache.load("a", settings) is None
        file.write_bytes(whole[:at])
        assert cache.load("a", settings) is None


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_entry_is_a_miss(settings, damage):
    cache.store("a", RESULTS, settings)
    DAMAGE[damage](settings.root / "cache/a.json")
    assert cache.load("a", settings) is None


def test_the_entry_of_another_is_a_miss(settings):
    cache.store("a", RESULTS, settings)
    shutil.copy(settings.root / "cache/a.json", settings.root / "cache/b.json")
    assert cache.load("b", settings) is None


def test_a_pipe_in_the_place_of_an_entry_is_not_waited_for(settings):
    (settings.root / "cache").mkdir()
    os.mkfifo(settings.root / "cache/a.json")
    assert cache.load("a", settings) is None


@pytest.mark.parametrize("call", ["mkstemp", "replace"])
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_folder_that_takes_nothing_stops_nothing(
    settings, monkeypatch, caplog, call, error
):
    """It is said once; and half a file is left nowhere."""

    def refuse(*args, **kwargs):
        raise OSError(error, os.strerror(error))

    owner = cache.tempfile if call == "mkstemp" else cache.os
    monkeypatch.setattr(owner, call, refuse)
    with caplog.at_level("INFO"):
        cache.store("a", RESULTS, settings)
        cache.store("b", RESULTS, settings)
    assert cache.load("a", settings) is None
    assert list((settings.root / "cache").iterdir()) == []
    (said,) = caplog.messages
    assert re.fullmatch(r"nothing can be kept in .*cache \(.*\)", said)


def test_a_folder_that_fills_up_while_a_file_is_written_stops_nothing(settings):
    """A device that is always full."""
    (settings.root / "cache").mkdir()
    full = settings.root / "full"
    full.symlink_to("/dev/full")

    def open_full(dir, suffix):
        return os.open(full, os.O_WRONLY), str(settings.root / "cache/a.tmp")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache.tempfile, "mkstemp", open_full)
        cache.store("a", RESULTS, settings)
    assert cache.load("a", settings) is None


# ------------------------------------------------------------------------ whole builds


def chains(marks):
    """A page with a chain for each kind of damage; each says that it has run."""
    for number in range(len(DAMAGE)):
        code = f"with open({str(marks)!r}, 'a') as f:\n    _ = f.write('x')\n"
        yield f"```python\n{code}print({number} / 7)\n```\n"


@pytest.mark.slow
def test_a_build_with_a_damaged_cache_is_a_cold_one(tmp_path):
    """Each chain whose entry is damaged runs again, and nothing else is seen."""
    made = Site(tmp_path, cache=".cache")
    marks = tmp_path / "marks"
    made.write("docs/index.md", "# A\n\n" + "\n".join(chains(marks)))
    cold = made.build()
    assert cold.returncode == 0, cold.stderr
    html = made.html("index.html")
    entries = sorted((tmp_path / ".cache").iterdir())
    assert marks.read_text() == len(entries) * "x" == len(DAMAGE) * "x"
    for entry, damage in zip(entries, DAMAGE.values(), strict=True):
        damage(entry)
    warm = made.build()
    assert warm.returncode == 0, warm.stderr
    assert made.html("index.html") == html
    assert marks.read_text() == 2 * len(DAMAGE) * "x"


def test_a_cache_in_the_place_of_which_a_file_lies_stops_no_build(tmp_path):
    made = Site(tmp_path, cache=".cache")
    made.write(".cache", "a file")
    made.write("docs/index.md", "# A\n\n```python\nprint(5)\n```\n")
    result = made.build()
    assert result.returncode == 0, result.stderr
    assert "nothing can be kept in " in result.stderr
    assert ">5\n</code>" in made.html("index.html")


# --------------------------------------------------------------- notebooks and wheels


class Plugin:
    """mkdocs-jupyter, as far as it is asked here."""

    def __init__(self):
        self.config = {"cache_dir": "elsewhere"}


def remembered(settings, *written, livefence=None):
    """What a build finds of notebooks that ran, and what it leaves of its own."""
    plugin, livefence = Plugin(), livefence or LiveFencePlugin()
    livefence._remember_notebooks(plugin, settings)
    folder = Path(plugin.config["cache_dir"])
    found = {file.name: file.read_text() for file in folder.iterdir()}
    for name in written:
        (folder / name).write_text('{"content": "0.5"}')
    livefence._keep_notebooks(settings)
    assert not folder.exists()
    return found


def test_a_notebook_that_ran_is_remembered(settings):
    assert remembered(settings, "a.json") == {}
    assert remembered(settings) == {"a.json": '{"content": "0.5"}'}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_notebook_is_forgotten(settings, damage):
    remembered(settings, "a.json", "b.json")
    (entry,) = (settings.root / "cache").glob("*/a.json")
    DAMAGE[damage](entry)
    assert list(remembered(settings)) == ["b.json"]


def test_a_build_that_was_stopped_leaves_nothing_to_remember(settings):
    plugin, livefence = Plugin(), LiveFencePlugin()
    livefence._remember_notebooks(plugin, settings)
    (Path(plugin.config["cache_dir"]) / "a.json").write_text('{"content')
    assert remembered(settings, livefence=livefence) == {}


def test_notebooks_of_other_surroundings_go(settings):
    remembered(settings, "a.json")
    (here,) = (settings.root / "cache").iterdir()
    older = here.rename(here.with_name("notebooks-0123456789abcdef"))
    assert remembered(settings, "b.json") == {}
    assert not older.exists()
    assert remembered(settings) == {"b.json": '{"content": "0.5"}'}


def test_a_wheel_is_built_again_where_it_is_damaged_or_its_text_changed(
    tmp_path, monkeypatch
):
    (tmp_path / "shelf").mkdir()
    file = wheel(tmp_path)
    built = []

    def build(project, root, without):
        built.append((project, without))
        return file.name, file.read_bytes()

    monkeypatch.setattr(site, "_built", build)
    settings = Settings(root=tmp_path, wheels=["shelf"])

    def count():
        ((name, content),) = site.wheels(settings, tmp_path / "parts")
        assert (name, content) == (file.name, file.read_bytes())
        return len(built)

    assert (count(), count()) == (1, 1)
    for number, damage in enumerate(DAMAGE.values(), 2):
        (kept,) = (tmp_path / "parts/wheels/0").rglob("*.whl")
        damage(kept)
        assert (count(), count()) == (number, number)
    (tmp_path / "shelf/README.md").write_text("other words")
    assert (count(), count()) == (number + 1, number + 1)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1234567890")
    assert (count(), count()) == (number + 2, number + 2)
    shutil.rmtree(tmp_path / "parts")
    (tmp_path / "parts").write_text("a file")
    assert count() == number + 3
    (tmp_path / "parts").unlink()
    settings = replace(settings, wheels_without=["shelf/extras"])
    assert (count(), count()) == (number + 4, number + 4)
    assert built[-1] == ("shelf", ["shelf/extras"])
