"""Data are read block by block: how long a block is changes nothing."""

import numpy as np
import pytest

import mixnotes as mx
from mixnotes.data import check, sources
from mixnotes.fitting import rows

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(400, 3)) + 5 * RNG.integers(2, size=(400, 1))
GAPS = np.where(RNG.random((400, 3)) < 0.15, np.nan, ROWS)
COUNTS = RNG.poisson(1 + 5 * (ROWS[:, 0] > 2)).astype(float)
BIRDS = {"a": GAPS[:, 0], "b": ROWS[:, 1], "eggs": COUNTS}
ROW = mx.MultivariateNormal([0, 0, 0], np.eye(3))
T = mx.MultivariateStudentT(5.0, [0, 0, 0], np.eye(3))


def bird(place):
    return mx.Product(
        {
            "a": mx.Normal(place, 1.0),
            "b": mx.Normal(place, 1.0),
            "eggs": mx.Poisson(1.0 + place),
        }
    )


def moved(component):
    return component.filled({"mean" if component is ROW else "loc": np.full(3, 5.0)})


def line(slope):
    return mx.LinearRegression("a", {"b": slope}, intercept=0.0, sd=1.0)


CASES = {  # data, where to begin, what else em takes
    "numbers": (ROWS[:, 0], [mx.Normal(0.0, 1.0), mx.Normal(5.0, 1.0)], {}),
    "counts": (COUNTS, [mx.Poisson(1.0), mx.NegativeBinomial(3.0, 6.0)], {}),
    "rows": (ROWS, [ROW, moved(ROW)], {}),
    "rows with gaps": (GAPS, [ROW, moved(ROW)], {}),
    "t rows with gaps": (GAPS, [T, moved(T)], {}),
    "columns with gaps": (BIRDS, [bird(0.0), bird(5.0)], {}),
    "lines": ({"a": ROWS[:, 0], "b": ROWS[:, 1]}, [line(1.0), line(0.2)], {}),
    "t": (ROWS[:, 0], [mx.StudentT(4.0, 0.0, 1.0), mx.StudentT(9.0, 5.0, 1.0)], {}),
    "labels": (
        ROWS[:, 0],
        [mx.Normal(0.0, 1.0), mx.Normal(5.0, 1.0)],
        {"labels": np.where(np.arange(400) % 5, -1, ROWS[:, 0] > 2.5)},
    ),
    "labels of rows with gaps": (
        GAPS,
        [ROW, moved(ROW)],
        {"labels": np.where(np.arange(400) % 5, -1, ROWS[:, 0] > 2.5)},
    ),
    "bins": (
        mx.Binned(np.r_[-np.inf, np.linspace(-2, 7, 60), np.inf], np.arange(61) % 7),
        [mx.Normal(0.0, 1.0), mx.Normal(5.0, 1.0)],
        {},
    ),
}


@pytest.fixture
def short(monkeypatch):
    """Call it, and blocks are of 90 rows."""

    def shorten():
        monkeypatch.setattr(sources, "_SLICE", 90)
        monkeypatch.setattr(check, "_SLICE", 90)
        monkeypatch.setattr(rows.PreparedRows, "chunk_rows", 90)

    return shorten


def climbed(name, weight, **more):
    x, parts, options = CASES[name]
    start = mx.Mixture(parts, [0.5, 0.5])
    options = options | more | ({} if name == "bins" else {"sample_weight": weight})
    return mx.em(start.blank(), x, start=start, max_iter=4, accelerate=False, **options)


@pytest.mark.parametrize(
    "weight", [None, 1.0 + np.arange(400) % 3], ids=["", "weights"]
)
@pytest.mark.parametrize("name", CASES)
def test_short_blocks_give_the_fit_of_one(name, weight, short):
    whole = climbed(name, weight)
    short()
    parted = climbed(name, weight)
    np.testing.assert_allclose(parted.history, whole.history, rtol=1e-11)
    x = CASES[name][0]
    assert parted.steps == whole.steps
    np.testing.assert_allclose(
        parted.mixture.responsibilities(x), whole.mixture.responsibilities(x), atol=1e-9
    )
    assert parted.entropy == pytest.approx(whole.entropy, rel=1e-9, abs=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["numbers", "rows with gaps", "labels"])
def test_short_blocks_give_the_errors_of_one(name, short):
    whole = climbed(name, None).standard_errors()
    short()
    parted = climbed(name, None).standard_errors()
    assert whole.keys() == parted.keys()
    for key in whole:
        np.testing.assert_allclose(parted[key], whole[key], rtol=1e-4)
