"""What the fences of a chapter define, for tests that compare it with other code."""

import contextlib
import io
from functools import cache
from pathlib import Path

import matplotlib.pyplot as plt

from livefence.page import Fence, read

CHAPTERS = Path(__file__).parents[2] / "docs/chapters"


@cache
def ran(chapter, *words, upto=None):
    """The names of a chain after its run, the first in which all of these words stand,
    and as "heard" what it printed; with `upto` it ends after the fence with that word.

    A figure that one page leaves open would be drawn into by the next: all are closed.
    """
    for chain in read(CHAPTERS / f"{chapter}.md").chains:
        sources = [cell.source for cell in chain if isinstance(cell, Fence)]
        if not all(any(word in source for source in sources) for word in words):
            continue
        space = {"__name__": "__main__"}
        with contextlib.redirect_stdout(io.StringIO()) as heard:
            for source in sources:
                exec(compile(source, f"{chapter}.md", "exec"), space)
                if upto and upto in source:
                    break
        plt.close("all")
        return space | {"heard": heard.getvalue()}
    raise LookupError(f"{chapter} has no fences with {words}")
