"""Sites that are made for a test, and how they are built and tested."""

import os
import subprocess
import sys
from pathlib import Path
from textwrap import indent

MKDOCS = """\
site_name: planted
theme: {name: THEME}
use_directory_urls: false
markdown_extensions:
  - admonition
  - attr_list
  - md_in_html
  - tables
  - pymdownx.details
  - pymdownx.highlight: {anchor_linenums: true, pygments_lang_class: true}
  - pymdownx.inlinehilite
  - pymdownx.superfences
  - pymdownx.tabbed: {alternate_style: true}
  - livefence:
"""
PYTEST = """\
[pytest]
addopts = -p pytest_markdown_docs.plugin -p livefence.pytest_plugin --markdown-docs
testpaths = docs
filterwarnings = error
"""
# matplotlib is imported ahead, so that its import is not what a time limit meets.
BUILD = "import matplotlib.pyplot, mkdocs.__main__; mkdocs.__main__.cli()"


class Site:
    """A project with pages, built and tested in processes of its own."""

    def __init__(
        self, root: Path, plugins: str = "", theme: str = "mkdocs", **options: object
    ) -> None:
        self.root = root
        mkdocs = MKDOCS.replace("THEME", theme)
        lines = "".join(f"{key}: {value}\n" for key, value in options.items())
        self.write(
            "mkdocs.yml", mkdocs + indent(lines or "cache:\n", 6 * " ") + plugins
        )
        self.write("pytest.ini", PYTEST)

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def html(self, name: str) -> str:
        return (self.root / "site" / name).read_text(encoding="utf-8")

    def python(
        self, *command: str, umask: int = -1, **settings: str
    ) -> subprocess.CompletedProcess[str]:
        environment = os.environ | settings
        environment |= {
            "PYTHONPATH": os.pathsep.join([str(self.root), *sys.path]),
            "SOURCE_DATE_EPOCH": "0",
            "NO_MKDOCS_2_WARNING": "1",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        }
        return subprocess.run(
            [sys.executable, *command],
            cwd=self.root,
            env=environment,
            capture_output=True,
            text=True,
            umask=umask,
        )

    def build(
        self, umask: int = -1, **settings: str
    ) -> subprocess.CompletedProcess[str]:
        command = ("-c", BUILD, "build", "--strict")
        return self.python(*command, umask=umask, **settings)

    def test(self, *options: str) -> subprocess.CompletedProcess[str]:
        return self.python("-m", "pytest", "-p", "no:cacheprovider", *options)
