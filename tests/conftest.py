"""Every error of the package is compared with its whole message in `__snapshots__/`,
and what it prints and draws with what was `shown` there.

`match=` in a test says what matters of a message; the file says the rest, so that no
word of it changes unseen, and shows all messages in one place. After a change to one:

    pytest tests/test_errors.py --snapshot-update
"""

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from syrupy.assertion import SnapshotAssertion

from mixnotes.components.component import Component

HERE = Path(__file__).parent
BUILD = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir"]
ADDRESS = "http://127.0.0.1:8000/mixnotes/"  # of every site that tests build
OF_A_CHAPTER = re.compile("<!-- of the chapter -->.*?<!-- here -->", re.S)
FAILED = pytest.StashKey[bool]()
NUMPY_2 = [  # how it writes a scalar, and how numpy 1.26 does
    (r"np\.(True|False)_", r"\1"),
    (r"np\.str_\(('[^']*')\)", r"\1"),
    (r"np\.complex128\(([\d.]+j)\)", r"\1"),
    (r"np\.complex128(\([^)]+\))", r"\1"),
    (r"numpy\.bool\b(?!_)", "numpy.bool_"),
]


def own(html: str) -> str:
    """A page without what its slides show of a chapter (docs/overrides/teach.py), which
    is looked at on the chapter's own page."""
    return OF_A_CHAPTER.sub("", html)


def pytest_configure(config: pytest.Config) -> None:
    """What is tested is what stands here, not what another clone has installed."""
    for name in ("mixnotes", "livefence"):
        found = importlib.util.find_spec(name)
        where = Path(found.origin) if found and found.origin else None
        if where is None or not where.is_relative_to(HERE.parent):
            raise pytest.UsageError(
                f"{name} must be that of this clone, {HERE.parent}, got {where}; "
                "run `python -m pip install -r requirements.txt` here, best in an "
                "environment of this clone's own"
            )


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Build the book, strictly, hashes seeded: once for all processes of a run.

    One at a time, since the second need not run the fences again that the first ran.
    """
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent

    def built(seed: int = 1) -> Path:
        name = f"site-{seed}"
        environment = {"PYTHONHASHSEED": str(seed), "SITE_URL": ADDRESS}
        with FileLock(base / "build.lock"):
            if not (base / name).exists():
                part = base / f"{name}.part"
                run = subprocess.run(
                    [*BUILD, part],
                    cwd=HERE.parent,
                    env=os.environ | environment,
                    capture_output=True,
                    text=True,
                )
                assert run.returncode == 0, run.stderr
                part.rename(base / name)
        return base / name

    return built


@pytest.fixture
def shown() -> list[str]:
    """Append what a reader sees: it must be what stands in the file."""
    return []


STATES: dict[tuple[str, str], object] = {}  # of generators, once their module is read


@pytest.fixture(autouse=True)
def same_draws(request: pytest.FixtureRequest) -> None:
    """A module's generator draws the same in each test, whatever ran before it: tests
    are dealt out to several processes."""
    for name, value in vars(request.module).items():
        if isinstance(value, np.random.Generator):
            generator, place = value.bit_generator, (request.module.__name__, name)
            generator.state = STATES.setdefault(place, generator.state)


@pytest.fixture(autouse=True)
def families(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test knows the package's own families, whatever others have defined."""
    own = {k: c for k, c in Component.registry.items() if "mixnotes." in c.__module__}
    monkeypatch.setattr(Component, "registry", own)


@pytest.fixture(autouse=True)
def whole_messages(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    shown: list[str],
    snapshot: SnapshotAssertion,
) -> Iterator[None]:
    """What `pytest.raises(..., match=...)` caught, whole, is what the file says."""
    if request.path.parent.name == "browser":  # with words of their own
        yield
        return
    raises, caught = pytest.raises, []

    def recording(*args, **kwargs):  # type: ignore[no-untyped-def]
        context = raises(*args, **kwargs)
        if "match" in kwargs:
            caught.append(context)
        return context

    monkeypatch.setattr(pytest, "raises", recording)
    yield
    if request.node.stash.get(FAILED, False):
        return
    messages = [*shown, *(str(c.excinfo.value) for c in caught if c.excinfo)]
    if messages:  # where there are none any more, syrupy fails on what is unused
        assert [_steady(message) for message in messages] == snapshot


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that failed has said what is wrong."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


def _steady(message: str) -> str:
    """Without addresses, digits that a processor rounds, what Python calls a function
    that lacks an argument, how a version of numpy writes its scalars, and the list of
    all families, which grows."""
    steady = re.sub(r"0x[0-9a-f]+|\d+(\.\d+)?e[-+]\d+|\d+\.\d{4,}", "…", message)
    steady = re.sub(r"(?<=; known are )[\w, ]+(?=;)", "…", steady)
    for scalar, plain in NUMPY_2:
        steady = re.sub(scalar, plain, steady)
    return re.sub(r"\S+\(\) (?=missing|takes|got)", "… ", steady)
