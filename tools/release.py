"""What a release is made of, from a clean checkout, and the SHA-256 of each file.

    python -m tools.release dist   # with what requirements.txt installs

Writes the wheels and the source distributions of mixnotes and livefence into the
folder, the built site with the parts of Run as `site/`, and `SHA256SUMS`, which
`sha256sum --check` reads. `tools/verify_release.py` makes it all again and compares.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SUMS = "SHA256SUMS"
PROJECTS = (".", "livefence")


def release(tree: Path, dist: Path, site: bool = True) -> None:
    """Make all of it from a checkout, and write the sums."""
    dist.mkdir(parents=True, exist_ok=True)
    if any(dist.iterdir()):
        raise SystemExit(
            f"{dist.name} must be empty: it holds what is released, no more"
        )
    surroundings = os.environ | {"SOURCE_DATE_EPOCH": _date(tree), "TZ": "UTC"}
    commands = [
        ["build", "--no-isolation", "--outdir", str(dist.resolve()), project]
        for project in PROJECTS
    ]
    if site:
        commands.append(["livefence.browser"])
        folder = str((dist / "site").resolve())
        commands.append(["mkdocs", "build", "--strict", "--site-dir", folder])
    for command in commands:
        whole = [sys.executable, "-m", *command]
        subprocess.run(whole, cwd=tree, env=surroundings, check=True, umask=0o022)
    (dist / SUMS).write_text(
        "".join(f"{digest}  {name}\n" for name, digest in sums(dist).items()), "utf-8"
    )


def sums(dist: Path) -> dict[str, str]:
    """The SHA-256 of each file below the folder, by its path."""
    files = sorted(file for file in dist.rglob("*") if file.is_file())
    return {
        file.relative_to(dist).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
        if file != dist / SUMS
    }


def read(file: Path) -> dict[str, str]:
    """The sums that `release` wrote."""
    pairs = (line.split("  ", 1) for line in file.read_text("utf-8").splitlines())
    return {name: digest for digest, name in pairs}


def _date(tree: Path) -> str:
    """When the commit was made: the date that every file gets."""
    command = ["git", "log", "-1", "--format=%ct"]
    return subprocess.check_output(command, cwd=tree, text=True).strip()


def main() -> None:
    """Refuse what no commit holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dist", type=Path, help="a folder that is empty or new")
    changed = subprocess.check_output(
        ["git", "status", "--porcelain"], cwd=ROOT, text=True
    )
    if changed:
        raise SystemExit(f"commit or put away what has changed:\n{changed}")
    release(ROOT, parser.parse_args().dist)


if __name__ == "__main__":
    main()
