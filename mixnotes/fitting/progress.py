"""Who watches a climb: a progress bar, the caller's own function, both or neither."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from mixnotes.fitting.run import Step

Watch = Callable[[Step], object]


def bar_of(total: int | None, unit: str, instead: str = "") -> Any:
    """A bar of tqdm, `total` units long if that is known; where tqdm is not installed
    an error says so, and `instead` what else to do."""
    try:
        from tqdm.auto import tqdm
    except ImportError:
        raise ImportError(
            "progress=True needs tqdm, which is not installed; "
            f"python -m pip install tqdm{instead}"
        ) from None
    return tqdm(total=total, unit=unit)


@contextmanager
def watcher(
    progress: bool, callback: Watch | None, starts: int
) -> Iterator[Watch | None]:
    """The function that is shown each step, or None. How many steps there will be is
    not known before."""
    if not progress:
        yield callback
        return
    with bar_of(None, "step", ", or pass a callback") as bar:

        def watch(step: Step) -> None:
            bar.set_postfix_str(
                f"start {step.start + 1} of {starts}, "
                f"log-likelihood {step.log_likelihood:.6g}"
            )
            bar.update()
            if callback:
                callback(step)

        yield watch
