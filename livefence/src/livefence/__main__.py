"""`python -m livefence check FILE...`: what is wrong with pages, by file and line."""

import argparse
import sys
from pathlib import Path

from livefence import check
from livefence.process import close_all


def main() -> int:
    """0 where nothing is wrong, 1 where something is, 2 where there is no such file."""
    parser = argparse.ArgumentParser(prog="livefence", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    checks = commands.add_parser("check", help="tell what is wrong with pages")
    checks.add_argument("files", nargs="+", type=Path, metavar="FILE", help="or folder")
    files = parser.parse_args().files
    if missing := [str(file) for file in files if not file.exists()]:
        print(f"there is no {', '.join(missing)}", file=sys.stderr)
        return 2
    wrong = 0
    for file in check.pages(files):
        for fault in check.faults(file):
            wrong += 1
            print(fault, flush=True)
    close_all()
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
