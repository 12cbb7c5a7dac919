"""All that is wrong with a page, by line: `python -m livefence check docs/page.md`."""

import os
from collections.abc import Iterator
from pathlib import Path

from livefence import lab, nav, page
from livefence.context import PageContext
from livefence.extension import run_page
from livefence.faults import Fault
from livefence.quiet import quiet
from livefence.settings import CONFIGS, config_in, from_config


def faults(path: Path) -> list[Fault]:
    """All that is wrong with the page, by line; its fences run, as in the build."""
    root = root_of(path)
    shown = os.path.relpath(path.resolve(), root).replace(os.sep, "/")
    config = config_in(root)
    settings = from_config(config)
    if path.suffix == ".ipynb":
        found = lab.faults(path, shown, root, nav.read(config), settings)
        return sorted(set(found), key=lambda fault: fault.line)
    found = quiet(path, shown, nav.read(config), settings)
    try:
        parsed = page.read(path)
    except UnicodeDecodeError:  # which is among them
        return found
    place = PageContext(shown, str(path.resolve()), root, mkdocs=True)
    results = run_page(parsed, place, settings)
    found += [result["fault"] for result in results.values() if "fault" in result]
    return sorted(set(found), key=lambda fault: fault.line)


def root_of(path: Path) -> Path:
    """The nearest folder above that has a mkdocs.yml or the like, or where we are."""
    for folder in path.resolve().parents:
        if config_in(folder).is_file():
            return folder
    return Path.cwd()


def pages(paths: list[Path]) -> Iterator[Path]:
    """The files, and in place of a folder the pages of the site below it."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        site = nav.read(config_in(root_of(path / CONFIGS[0])))
        for each in sorted([*path.rglob("*.md"), *path.rglob("*.ipynb")]):
            if ".ipynb_checkpoints" in each.parts:
                continue
            if site.folder is None or site.source(each) is not None:
                yield each
