"""`python -m livefence.browser`: bring the parts that Run needs, once."""

import argparse
import sys
from pathlib import Path

from livefence.browser.parts import PartsError, bring
from livefence.settings import config_in, from_config


def main() -> int:
    """Where the site's settings say, for the packages that they name."""
    parser = argparse.ArgumentParser(prog="livefence.browser", description=__doc__)
    parser.add_argument("config", nargs="?", default=config_in(Path()), type=Path)
    settings = from_config(parser.parse_args().config.resolve())
    if settings.parts_folder is None:
        print("set `browser`, a folder for the parts, in the options of livefence")
        return 2
    try:
        record = bring(settings.parts_folder, settings.browser_packages)
    except PartsError as error:
        print(error)
        return 1
    total = sum(gzipped for _, gzipped in record["sizes"].values()) / 1e6
    print(f"{len(record['sizes'])} files, {total:.1f} MB, in {settings.browser}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
