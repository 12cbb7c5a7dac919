"""Hook for MkDocs: the site's own scripts go out without comments and indentation."""

from pathlib import Path
from typing import Any

from livefence.browser.site import brief


def on_post_build(config: Any) -> None:
    """Write them anew; what they do is as it was."""
    for script in sorted(Path(config.site_dir, "assets/js").rglob("*.js")):
        script.write_bytes(brief(script.read_text(encoding="utf-8")))
