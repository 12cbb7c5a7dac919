"""`livefence check FILE...`: what is wrong with pages, by file and line; `livefence fix
FILE...`: what they say of outputs and numbers, written anew."""

import argparse
import os
import sys
from pathlib import Path

from livefence import check, fix, menu
from livefence.process import close_all
from livefence.settings import config_in


def main() -> int:
    """0 where nothing is wrong, 1 where something is, 2 where there is no such file."""
    parser = argparse.ArgumentParser(prog="livefence", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    for name, run, words in (
        ("check", _check, "tell what is wrong with pages"),
        ("fix", _fix, "write what pages say of outputs and numbers anew"),
    ):
        command = commands.add_parser(name, help=words)
        command.add_argument(
            "files", nargs="+", type=Path, metavar="FILE", help="or folder"
        )
        command.set_defaults(run=run)
    arguments = parser.parse_args()
    if missing := [str(file) for file in arguments.files if not file.exists()]:
        print(f"there is no {', '.join(missing)}", file=sys.stderr)
        return 2
    configs = {config_in(check.root_of(file / "any")) for file in arguments.files}
    told = [fault for config in configs if (fault := menu.broken(config))]
    if not told and arguments.run is _check:
        told = [fault for config in configs for fault in menu.faults(config)]
    for fault in told:
        print(fault, flush=True)
    wrong = len(told)
    if not any(map(menu.broken, configs)):
        wrong += sum([arguments.run(file) for file in check.pages(arguments.files)])
    close_all()
    return 1 if wrong else 0


def _check(file: Path) -> int:
    found = check.faults(file)
    for fault in found:
        print(fault, flush=True)
    return len(found)


def _fix(file: Path) -> int:
    if file.suffix == ".ipynb":  # which says nothing of what it gives
        return 0
    faults, written = fix.fix(file)
    for fault in faults:
        print(fault, flush=True)
    if written:
        print(f"{os.path.relpath(file)}: {written} written", flush=True)
    return len(faults)


if __name__ == "__main__":
    sys.exit(main())
