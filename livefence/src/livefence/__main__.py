"""`livefence check FILE...`: what is wrong with pages, by file and line; `livefence fix
FILE...`: what they say of outputs and numbers, written anew."""

import argparse
import os
import sys
from pathlib import Path

from livefence import check, fix
from livefence.process import close_all


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
    wrong = sum([arguments.run(file) for file in check.pages(arguments.files)])
    close_all()
    return 1 if wrong else 0


def _check(file: Path) -> int:
    found = check.faults(file)
    for fault in found:
        print(fault, flush=True)
    return len(found)


def _fix(file: Path) -> int:
    faults, written = fix.fix(file)
    for fault in faults:
        print(fault, flush=True)
    if written:
        print(f"{os.path.relpath(file)}: {written} written", flush=True)
    return len(faults)


if __name__ == "__main__":
    sys.exit(main())
