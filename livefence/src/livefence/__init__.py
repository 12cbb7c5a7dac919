"""livefence: the Python fences of a Markdown page run, are shown and are tested.

A Python-Markdown extension (`livefence`), a plugin for MkDocs (`livefence.mkdocs`) and
one for pytest (`livefence.pytest_plugin`) that read a page with the same eyes.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from livefence.extension import LiveFence


def makeExtension(**options: Any) -> "LiveFence":
    """The extension, as Python-Markdown asks for it."""
    from livefence.extension import LiveFence

    return LiveFence(**options)
