"""The quiet mistakes of a page: told by its tests and by `livefence check` alike."""

from pathlib import Path

from livefence import lint, nav
from livefence.faults import Fault, FenceError
from livefence.settings import Settings


def quiet(path: Path, shown: str, site: nav.Site, settings: Settings) -> list[Fault]:
    """What is wrong with the page, without running it."""
    try:
        text = lint.text_of(path, shown)
    except FenceError as error:
        return list(error.faults)
    found = lint.faults(text, settings, site.source(path), site.folder)
    if left_out := site.left_out(path):
        found.insert(0, (1, left_out))
    return [Fault(shown, line, message) for line, message in found]
