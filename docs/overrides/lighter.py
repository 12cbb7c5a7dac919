"""Hook for MkDocs: pages go out without what they do not need.

The site's own scripts lose comments and indentation, and a page that shows no object
of the package does without the style of those.
"""

import re
from pathlib import Path
from typing import Any

from livefence.browser.site import brief

STYLE_OF_OBJECTS = re.compile(
    r'\s*<link rel="stylesheet" href="[^"]*_mkdocstrings\.css">'
)
OBJECT = '<div class="doc doc-object'


def on_post_page(output: str, **_: Any) -> str:
    """The page without a style that it has no use for."""
    return output if OBJECT in output else STYLE_OF_OBJECTS.sub("", output)


def on_post_build(config: Any) -> None:
    """Write the scripts anew; what they do is as it was."""
    for script in sorted(Path(config.site_dir, "assets/js").rglob("*.js")):
        script.write_bytes(brief(script.read_text(encoding="utf-8")))
