"""Recomputed maxima of what is known of labels, parameters and rows, and their data."""

import json
from pathlib import Path

import numpy as np
import pytest

SHARED = Path(__file__).parents[3] / "shared"
PATH = SHARED / "reference/labels.json"


@pytest.fixture(scope="session")
def cases():
    """By their ids; skipped in a clone that has nothing beside it."""
    if not PATH.exists():
        pytest.skip("no ../shared here")
    return {case["id"]: case for case in json.loads(PATH.read_text())["cases"]}


def data_of(case):
    """The numbers of a case, below their header."""
    path = SHARED / "reference" / case["data"]
    return np.loadtxt(path, delimiter=",", skiprows=1)
