"""What an author can set, for the site and the tests alike."""

import functools
import re
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Settings:
    """The options of the extension; paths are relative to `root`."""

    style: str | None = None  # a matplotlib style file
    colors: dict[str, str] = field(default_factory=dict)  # "#rrggbb" -> CSS
    packages: list[str] = field(default_factory=list)  # whose sources key the cache
    cache: str | None = None  # a folder; None keeps nothing
    max_svg_kb: float = 150
    max_output_lines: int = 10_000
    max_output_kb: float = 1000
    captions: bool = False  # must each figure have one?
    labels: bool = False  # must the axes of each say what they are?
    formulas: bool = False  # are \( \) and \[ \] formulas?
    macros: str | None = None  # a script that names the macros that it knows
    given: dict[str, list[str]] = field(
        default_factory=dict
    )  # what pages start from, by glob
    notest: list[str] | None = (
        None  # globs of pages whose blocks may not run; None: any
    )
    titles: list[str] = field(default_factory=list)  # pages: one title everywhere
    plain_html: bool = False  # are styles and frames in a page wrong?
    exercises: bool = False  # has each a hint, and a solution that asserts?
    readers: list[str] | None = None  # what blocks may import beside Python's own
    moves: str | None = None  # the script of an element's data-move, as in js/{}.js
    timeout: float = 20  # seconds that a fence or a number may compute
    patience: float = 100  # seconds that it may take, if it waits or others compute
    notebooks: list[str] = field(default_factory=list)  # pages to download, as globs
    notebook_first: str = ""  # the first cell of each, such as what to install
    browser: str | None = None  # a folder for what Run needs; None: no Run
    browser_packages: list[str] = field(default_factory=lambda: ["numpy", "matplotlib"])
    empty_block: str | None = None  # what runs before it; None: no empty block
    wheels: list[str] = field(default_factory=list)  # projects that Run can import
    wheels_without: list[str] = field(default_factory=list)  # folders not brought along
    root: Path = field(default_factory=Path.cwd)

    @property
    def style_file(self) -> Path | None:
        """The style file, if one is set."""
        return self.root / self.style if self.style else None

    @property
    def known_macros(self) -> frozenset[str] | None:
        """The macros that formulas may use; None: any."""
        return None if self.macros is None else _macros(self.root / self.macros)

    @property
    def parts_folder(self) -> Path | None:
        """Where `python -m livefence.browser` puts what Run needs."""
        return self.root / self.browser if self.browser else None


MACRO = re.compile(r"\\\\([A-Za-z]+)")  # in the text of a string of JavaScript
CONFIGS = ("mkdocs.yml", "mkdocs.yaml", "zensical.toml")


def config_in(folder: Path) -> Path:
    """The file that says what the site of a folder is, which need not be there."""
    there = [folder / name for name in CONFIGS if (folder / name).is_file()]
    return there[0] if there else folder / CONFIGS[0]


@functools.lru_cache(maxsize=8)
def _macros(script: Path) -> frozenset[str]:
    """Every word that stands behind a backslash in a script, such as KaTeX's."""
    if not script.is_file():
        raise ValueError(f"livefence macros must be a file, and {script.name} is none")
    return frozenset(MACRO.findall(script.read_text(encoding="utf-8")))


def from_config(config: Path) -> Settings:
    """The settings that a mkdocs.yml or a zensical.toml gives to livefence, or the
    usual ones."""
    root = config.parent
    if not config.is_file():
        return Settings(root=root)
    said = load(config)
    below = [_options(said.get(key)) for key in ("markdown_extensions", "plugins")]
    return from_options(below[0] or below[1], root)


def load(config: Path) -> dict[str, Any]:
    """What a mkdocs.yml or a zensical.toml says."""
    if config.suffix == ".toml":
        return dict(
            tomllib.loads(config.read_text(encoding="utf-8")).get("project", {})
        )
    import yaml

    class Loader(yaml.SafeLoader):
        """Reads a mkdocs.yml and skips tags such as !ENV and !!python/name."""

    Loader.add_multi_constructor("", lambda *_: None)
    return yaml.load(config.read_text(encoding="utf-8"), Loader) or {}


def from_options(options: dict[str, Any], root: Path) -> Settings:
    """The settings in a mapping, checked by name."""
    known = {f.name for f in fields(Settings)} - {"root"}
    if unknown := sorted(set(options) - known):
        raise ValueError(
            f"livefence knows the options {', '.join(sorted(known))}; "
            f"got {', '.join(unknown)}"
        )
    colors = options.get("colors") or {}
    given = {
        pattern: [str(number) for number in numbers or []]
        for pattern, numbers in (options.get("given") or {}).items()
    }
    if bad := [c for c in colors if not re.fullmatch("#[0-9a-fA-F]{6}", c)]:
        raise ValueError(f"livefence colors are written #rrggbb, got {bad[0]!r}")
    return Settings(**{**options, "colors": colors, "given": given}, root=root)


def _options(entries: Any) -> dict[str, Any]:
    """The options of livefence among extensions or plugins, a list or a mapping."""
    if isinstance(entries, dict):
        return entries.get("livefence") or {}
    for entry in entries or []:
        if isinstance(entry, dict) and "livefence" in entry:
            return entry["livefence"] or {}
    return {}
