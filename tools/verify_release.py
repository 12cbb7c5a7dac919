"""Make a release again, and compare it with what was released, file by file.

    python -m tools.verify_release v1.0.0 SHA256SUMS

Takes the tag from this clone into a new folder and a new environment there, installs
what its requirements.txt pins, and runs its own `tools.release`. Says which files
differ, are missing or are too many, and exits with 1 if any; with `--keep FOLDER` what
was made stays, for a look at the difference. Needs git, npm and the package indexes.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from tools.release import ROOT, SUMS, read


def differences(released: dict[str, str], made: dict[str, str]) -> list[str]:
    """What differs, a line a file; none where the two are the same."""
    words = {
        "differs": [n for n in released if n in made and released[n] != made[n]],
        "was released and was not made": [n for n in released if n not in made],
        "was made and was not released": [n for n in made if n not in released],
    }
    return [f"{name} {how}" for how, names in words.items() for name in sorted(names)]


def make(tag: str, folder: Path) -> dict[str, str]:
    """The sums of the tag, made in a folder that is new."""
    tree, dist = folder / "tree", folder / "dist"
    clone = ["git", "clone", "--quiet", "--branch", tag, str(ROOT), str(tree)]
    subprocess.run(clone, check=True)
    venv.create(folder / "env", with_pip=True)
    python = str(folder / "env" / ("Scripts" if os.name == "nt" else "bin") / "python")
    pip = [python, "-m", "pip", "install", "--quiet", "-r", "requirements.txt"]
    subprocess.run(pip, cwd=tree, check=True)
    subprocess.run([python, "-m", "tools.release", str(dist)], cwd=tree, check=True)
    return read(dist / SUMS)


def main() -> int:
    """0 where all files are the same."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tag", help="such as v1.0.0, or any branch of this clone")
    parser.add_argument("sums", type=Path, help=f"the {SUMS} that was released")
    parser.add_argument("--keep", type=Path, help="a new folder for what is made")
    arguments = parser.parse_args()
    released = read(arguments.sums)
    with tempfile.TemporaryDirectory() as temporary:
        made = make(arguments.tag, (arguments.keep or Path(temporary)).resolve())
    found = differences(released, made)
    for line in found:
        print(line)
    same = len(released) - sum("not released" not in line for line in found)
    print(f"{same} of {len(released)} files are the same, to the byte")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
