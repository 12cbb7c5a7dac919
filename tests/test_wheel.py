"""The wheel holds mixnotes alone, and runs the README's example by itself."""

import re
import subprocess
import zipfile
from pathlib import Path

import numpy
import pytest

from tests.wheels import ROOT, build, environment


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build(ROOT, tmp_path_factory.mktemp("wheel"))


def test_it_holds_the_package_its_data_and_its_types_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"mixnotes"}
    assert "mixnotes/py.typed" in names
    assert "mixnotes/datasets/csv/london_times.csv" in names
    (metadata,) = [name for name in names if name.endswith("/METADATA")]
    text = zipfile.ZipFile(wheel).read(metadata).decode()
    needed = [s for s in re.findall(r"Requires-Dist: (.*)", text) if "extra" not in s]
    assert [re.match(r"[\w-]+", s)[0] for s in needed] == ["numpy"]


def test_it_runs_the_example_of_the_readme_in_an_empty_environment(wheel, tmp_path):
    """An environment with numpy and the wheel, an empty directory, the same output."""
    python = environment(tmp_path / "env", [wheel], others=False)
    where = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(subprocess.check_output(where, text=True).strip())
    for part in ("numpy", "numpy.libs"):
        source = Path(numpy.__file__).parents[1] / part
        if source.exists():
            (packages / part).symlink_to(source, target_is_directory=True)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    example = re.search(r"```python\n(.*?)```\n\n```text\n(.*?)```", readme, re.DOTALL)
    (tmp_path / "empty").mkdir()
    run = subprocess.run(
        [python, "-I", "-c", example[1]],
        cwd=tmp_path / "empty",
        capture_output=True,
        text=True,
    )
    assert run.stdout == example[2], run.stderr
    lines = [line for line in example[1].splitlines() if line.strip()]
    assert len(lines) <= 8
