"""Wheels of this repository, and environments that have them and no checkout."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def build(project: Path, folder: Path) -> Path:
    """A wheel, by the backend of requirements.txt: nothing is downloaded."""
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation"]
    run = subprocess.run(
        [*command, "--outdir", folder, project], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout + run.stderr
    (found,) = folder.glob(f"{project.name if project != ROOT else 'mixnotes'}-*")
    return found


def environment(folder: Path, wheels: list[Path], others: bool = True) -> Path:
    """The Python of an environment with the wheels, and, of what is installed here,
    `others`: but nothing that is installed from a checkout."""
    venv.create(folder, with_pip=False)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    where = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(subprocess.check_output(where, text=True).strip())
    for wheel in wheels:
        zipfile.ZipFile(wheel).extractall(packages)
    if others:  # a folder that a .pth adds has no .pth files of its own that are read
        (packages / "others.pth").write_text(sysconfig.get_path("purelib"))
    return python
