"""Tests by folder run on all cores, tests by file in this process.

What a file's few tests take is less than what it takes to start a second process.
`-n` says otherwise: `-n 0` for one process, `-n 2` for two, whatever is named.
"""

import os
from collections.abc import Generator
from pathlib import Path

import pytest

THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@pytest.hookimpl(wrapper=True)
def pytest_cmdline_main(config: pytest.Config) -> Generator[None, object, object]:
    """As `-n logical --dist worksteal`: neighbours stay together and share fixtures."""
    option = config.option
    if option.collectonly:
        option.disable_unused_snapshots = True  # nothing runs, so none is used
    elif hasattr(option, "numprocesses") and "PYTEST_XDIST_WORKER" not in os.environ:
        if option.numprocesses is None and not option.tx:
            files = [Path(arg.partition("::")[0]).is_file() for arg in config.args]
            option.numprocesses = 0 if all(files) else "logical"
        if option.numprocesses and option.dist == "no":
            option.dist = "worksteal"
        if option.numprocesses:
            for name in THREADS:  # of BLAS; else two processes have four on two cores
                os.environ.setdefault(name, "1")
    return (yield)


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """The pages of the book are slow: each fence runs, in a process of its page."""
    for item in items:
        if config.rootpath / "docs" in item.path.parents:
            item.add_marker("slow")
