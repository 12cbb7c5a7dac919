"""Blocks, memory maps and Dask arrays give the fit of the same rows in memory."""

import os
import signal
import tracemalloc

import dask.array
import numpy as np
import pytest
from distributed import Client, LocalCluster

import mixnotes as mx
from mixnotes.data import sources, streams

TRUTH = mx.Mixture(
    [
        mx.MultivariateNormal([0.0, 1e6], [[1.0, 0.5], [0.5, 2.0]]),
        mx.MultivariateNormal([4.0, 1e6 + 3], [[2.0, -0.3], [-0.3, 0.5]]),
    ],
    [0.3, 0.7],
)
PLANE = TRUTH.sample(3000, rng=0)
TWO = mx.Mixture([mx.Normal(0.0, 1.0), mx.Normal(4.0, 0.5)], [0.3, 0.7])
LINE = TWO.sample(2500, rng=1)
BOTH = mx.Mixture([mx.Poisson(2.0), mx.Binomial(40, 0.6)], [0.4, 0.6])
COUNTS = BOTH.sample(2000, rng=2)
CASES = {
    "full": (mx.gaussian_mixture(2), PLANE),
    "tied": (mx.gaussian_mixture(2, "tied"), PLANE),
    "line": (mx.Mixture(2 * [mx.Normal()]), LINE),
    "known": (mx.Mixture([mx.Normal(0.0, 1.0), mx.Normal()]), LINE),
    "mixed": (mx.Mixture([mx.Poisson(), mx.Binomial(40)]), COUNTS),
    "positive": (mx.Mixture([mx.LogNormal(), mx.Exponential()]), np.exp(LINE / 4)),
}


class Blocks:
    """An iterable that begins anew: blocks of uneven sizes."""

    def __init__(self, x, weight=None, sizes=(7, 600, 1, 433)):
        self.x, self.weight, self.sizes, self.passes = x, weight, sizes, 0

    def __iter__(self):
        self.passes += 1
        place, k = 0, 0
        while place < len(self.x):
            rows = slice(place, place + self.sizes[k % len(self.sizes)])
            place, k = rows.stop, k + 1
            x = self.x[rows]
            yield x if self.weight is None else (x, self.weight[rows])


def mapped(tmp_path, x):
    file = tmp_path / "x.npy"
    np.save(file, x)
    return np.load(file, mmap_mode="r")


def assert_same(here, there, x):
    """The same answer to 1e-9."""
    assert there.log_likelihood == pytest.approx(here.log_likelihood, rel=1e-11)
    assert there.steps == here.steps
    np.testing.assert_allclose(
        there.mixture.log_prob(x), here.mixture.log_prob(x), rtol=1e-9, atol=1e-9
    )
    np.testing.assert_allclose(
        there.mixture.weights, here.mixture.weights, rtol=0, atol=1e-9
    )
    assert there.n == here.n
    assert there.icl == pytest.approx(here.icl, rel=1e-9)


def start_of(name):
    """Somewhere that is not the answer."""
    model, x = CASES[name]
    return mx.em(model, x[:200], starts=1, max_iter=3).mixture


@pytest.mark.parametrize("kind", ["blocks", "map", "dask", "slices"])
@pytest.mark.parametrize("name", CASES)
def test_the_fit_is_that_of_the_rows_in_memory(name, kind, tmp_path, monkeypatch):
    model, x = CASES[name]
    options = {"start": start_of(name), "max_iter": 25, "accelerate": False}
    here = mx.em(model, x, **options)
    if kind == "slices":  # memory itself, cut otherwise
        monkeypatch.setattr(sources, "_SLICE", 77)
    monkeypatch.setattr(streams, "_BLOCK", 401)
    source = {
        "blocks": lambda: Blocks(x),
        "map": lambda: mapped(tmp_path, x),
        "dask": lambda: dask.array.from_array(x, chunks=(533, *x.shape[1:])),
        "slices": lambda: x,
    }[kind]()
    assert_same(here, mx.em(model, source, **options), x)


@pytest.mark.parametrize("kind", ["blocks", "map", "dask"])
def test_weights_travel_with_the_rows(kind, tmp_path):
    """Some are 0."""
    model, x = CASES["full"]
    weight = np.random.default_rng(0).integers(0, 4, len(x)).astype(float)
    options = {"start": start_of("full"), "max_iter": 25, "accelerate": False}
    here = mx.em(model, x, sample_weight=weight, **options)
    if kind == "blocks":
        there = mx.em(model, Blocks(x, weight), **options)
    elif kind == "map":
        there = mx.em(model, mapped(tmp_path, x), sample_weight=weight, **options)
    else:
        array = dask.array.from_array(x, chunks=(1000, 1))
        there = mx.em(model, array, sample_weight=weight, **options)
    assert_same(here, there, x)


@pytest.mark.slow
def test_from_default_starts_and_accelerated_a_stream_ends_where_memory_does():
    model, x = CASES["full"]
    here, there = mx.em(model, x), mx.em(model, Blocks(x))
    assert there.converged, there.reason
    assert there.log_likelihood == pytest.approx(here.log_likelihood, abs=1e-6)
    assert there.rate == pytest.approx(here.rate, abs=1e-5)
    errors, expected = there.standard_errors(), here.standard_errors()
    np.testing.assert_allclose(errors["weights"], expected["weights"], rtol=1e-4)
    same = mx.em(model, Blocks(x))
    assert same.mixture == there.mixture


def test_float32_is_read_as_it_is_and_summed_in_float64():
    """The answer is that of the same numbers in float64, and no copy of x is made."""
    small = (PLANE - [0.0, 1e6]).astype(np.float32)
    x = np.tile(small, (300, 1))
    model = mx.gaussian_mixture(2)
    options = {"start": mx.em(model, small, starts=1, max_iter=3).mixture}
    options |= {"max_iter": 5, "accelerate": False}
    here = mx.em(model, x.astype(np.float64), **options)
    tracemalloc.start()
    there = mx.em(model, x, **options)
    _, top = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert_same(here, there, small)
    assert top < x.nbytes


class SameInFloat32:
    """All that is asked of a component of one's own, that wants its rows at once."""

    n_free = 1

    def __init__(self, middle=0.0):
        self.middle = middle

    def log_prob(self, x):
        assert x.dtype == np.float64
        return -0.5 * ((x - self.middle) ** 2).sum(axis=1)

    def fit(self, x, sample_weight=None, start=None):
        return SameInFloat32(np.average(x, axis=0, weights=sample_weight))


def test_float32_beside_a_component_of_ones_own_is_taken_whole():
    x = np.tile(PLANE - [0.0, 1e6], (30, 1))
    model = mx.Mixture([SameInFloat32(), mx.MultivariateNormal()])
    here = mx.em(model, x.astype(np.float32), starts=1, max_iter=5)
    there = mx.em(model, x.astype(np.float32).astype(float), starts=1, max_iter=5)
    assert here.log_likelihood == pytest.approx(there.log_likelihood, rel=1e-12)


ROUNDED = r"float32 rounds x\[:, 1\] to steps of 8, .* pass x.astype\(np.float64\)"


@pytest.mark.parametrize("kind", ["small", "large", "blocks", "map", "dask"])
def test_data_that_float32_has_rounded_away_are_refused(kind, tmp_path):
    x = np.add(PLANE, [0.0, 1e8]).astype(np.float32)
    source = {
        "small": lambda: x,
        "large": lambda: np.tile(x, (100, 1)),
        "blocks": lambda: Blocks(x),
        "map": lambda: mapped(tmp_path, x),
        "dask": lambda: dask.array.from_array(x, chunks=(533, 2)),
    }[kind]()
    with pytest.raises(ValueError, match=ROUNDED):
        mx.em(mx.gaussian_mixture(2), source)


def test_em_step_takes_blocks():
    model, x = CASES["line"]
    start = start_of("line")
    a, b = mx.em_step(model, start, x), mx.em_step(model, start, Blocks(x))
    np.testing.assert_allclose(a.log_prob(x), b.log_prob(x), rtol=1e-10)


def test_memory_stays_flat_as_a_stream_grows():
    """Four times the rows, read block by block, take no more memory."""

    class Draws:
        def __init__(self, blocks):
            self.blocks = blocks

        def __iter__(self):
            for seed in range(self.blocks):
                yield np.random.default_rng(seed).normal(size=(20_000, 2))

    def peak(blocks):
        tracemalloc.start()
        mx.em(mx.gaussian_mixture(2), Draws(blocks), starts=1, max_iter=2)
        _, top = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return top

    peak(1)
    few, many = peak(4), peak(16)
    assert many < 1.1 * few
    assert many < 8e6


@pytest.mark.slow
def test_a_fit_survives_the_death_of_a_worker():
    """One of two worker processes is killed in the middle; the fit ends right."""
    model, x = CASES["full"]
    options = {"start": start_of("full"), "max_iter": 12, "accelerate": False}
    here = mx.em(model, x, **options)
    killed = []

    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
        ) as cluster,
        Client(cluster) as client,
    ):
        array = dask.array.from_array(x, chunks=(500, 2))

        def kill(step):
            if step.step == 4:
                victim = next(iter(client.run(os.getpid).values()))
                os.kill(victim, signal.SIGKILL)
                killed.append(victim)

        there = mx.em(model, array, callback=kill, **options)
    assert len(killed) == 1
    assert_same(here, there, x)


BAD = [
    (lambda: (b for b in [PLANE]), TypeError, "used up by one; pass an object whose"),
    (lambda: iter([PLANE]), TypeError, "or use em_online"),
    (lambda: Blocks(PLANE[:0]), ValueError, "at least one observation of a weight"),
    (
        lambda: Blocks(np.r_[PLANE, [[np.nan, 0]]]),
        ValueError,
        r"in block \d+ of x: x must be finite, got x\[\d+, 0\] = nan",
    ),
]


@pytest.mark.parametrize(("x", "error", "words"), BAD)
def test_streams_that_cannot_be_fitted_say_so(x, error, words):
    with pytest.raises(error, match=words):
        mx.em(mx.gaussian_mixture(2), x())


def test_blocks_of_other_columns_are_named():
    class Uneven:
        def __iter__(self):
            yield np.ones((3, 2))
            yield np.ones((3, 4))

    with pytest.raises(ValueError, match=r"same columns, got shapes \(n, 2\) and"):
        mx.em(mx.gaussian_mixture(2), Uneven())


def test_a_component_of_ones_own_needs_its_rows_in_memory():
    class Own:
        n_free = 1

        def log_prob(self, x):
            return np.zeros(len(x))

        def fit(self, x, sample_weight=None, start=None):
            return self

    with pytest.raises(TypeError, match="all rows at once; pass the data as one array"):
        mx.em(mx.Mixture([Own(), mx.Normal()]), Blocks(LINE))


def test_weights_for_blocks_come_with_them():
    with pytest.raises(ValueError, match="let the iterable yield pairs"):
        mx.em(CASES["line"][0], Blocks(LINE), sample_weight=np.ones(len(LINE)))


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("name", CASES)
def test_threads_give_the_fit_of_one(name, count, monkeypatch):
    from mixnotes.fitting import rows

    model, x = CASES[name]
    x = np.tile(x, (12, *[1] * (x.ndim - 1)))
    options = {"start": start_of(name), "max_iter": 10, "accelerate": False}
    monkeypatch.setattr(rows, "_WORTH_THREADS", 2000)
    monkeypatch.setattr(rows, "threads", lambda: 1)
    here = mx.em(model, x, **options)
    monkeypatch.setattr(rows, "threads", lambda: count)
    assert_same(here, mx.em(model, x, **options), x)


# ---------------------------------------------------------------- rows come and go


class Passes:
    """Blocks of five rows: in each pass as many as is said, then as many as last."""

    def __init__(self, *counts):
        self.counts, self.passes = list(counts), 0

    def __iter__(self):
        count = self.counts[min(self.passes, len(self.counts) - 1)]
        self.passes += 1
        return iter([LINE[5 * k : 5 * k + 5] for k in range(count)])


class UsedUp:
    """The same iterator each time: the second pass finds nothing."""

    def __init__(self):
        self.blocks = iter([LINE[:500], LINE[500:]])

    def __iter__(self):
        return self.blocks


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (lambda: Passes(50, 30), "got 250 in the first and 150 in a later one"),
        (lambda: Passes(50, 50, 50, 49), "got 250 in the first and 245 in a later"),
        (lambda: Passes(50, 60), "got 250 in the first and 255 or more in a later"),
        (lambda: Passes(50, 0), "got 250 in the first and 0 in a later one; let its"),
        (UsedUp, "got 2500 in the first and 0 in a later one; .* that was read before"),
    ],
)
def test_a_stream_that_is_another_in_a_later_pass_is_refused(x, words):
    with pytest.raises(ValueError, match=words):
        mx.em(CASES["line"][0], x())


def test_a_stream_that_shrinks_after_the_fit_gives_no_standard_errors():
    fit = mx.em(CASES["line"][0], Passes(50), starts=1, max_iter=5)
    fit.source.x.counts = [40]
    with pytest.raises(ValueError, match="got 250 in the first and 200 in a later"):
        fit.standard_errors()


# ---------------------------------------------------------------- columns by name

NAMED = mx.Mixture(2 * [mx.Product({"egg": mx.Poisson(), "wing": mx.Normal()})])
DRAWN = mx.Mixture(
    [
        mx.Product({"egg": mx.Poisson(2.0), "wing": mx.Normal(0.0, 1.0)}),
        mx.Product({"egg": mx.Poisson(9.0), "wing": mx.Normal(4.0, 0.5)}),
    ],
    [0.4, 0.6],
).sample(900, rng=3)
COLUMNS = {"egg": DRAWN[:, 0].astype(int), "wing": DRAWN[:, 1]}


class NamedBlocks:
    """Blocks of named columns, that begin anew."""

    def __init__(self, make, columns=COLUMNS, weight=None):
        self.make, self.columns, self.weight = make, columns, weight

    def __iter__(self):
        for start in range(0, len(DRAWN), 250):
            rows = slice(start, start + 250)
            block = self.make({k: v[rows] for k, v in self.columns.items()})
            yield block if self.weight is None else (block, self.weight[rows])


def as_structure(columns):
    kinds = [(name, column.dtype) for name, column in columns.items()]
    return np.array(list(zip(*columns.values(), strict=True)), dtype=kinds)


def as_frame(columns):
    import pandas

    return pandas.DataFrame(columns | {"other": "a"})


@pytest.mark.parametrize("make", [dict, as_structure, as_frame])
@pytest.mark.parametrize("weighted", [False, True])
def test_blocks_of_named_columns_give_the_fit_of_the_columns(make, weighted):
    weight = np.arange(len(DRAWN)) % 3.0 if weighted else None
    start = mx.em(NAMED, COLUMNS, starts=1, max_iter=2).mixture
    options = {"start": start, "max_iter": 12, "accelerate": False}
    here = mx.em(NAMED, COLUMNS, sample_weight=weight, **options)
    there = mx.em(NAMED, NamedBlocks(make, weight=weight), **options)
    assert_same(here, there, COLUMNS)
    step = mx.em_step(NAMED, start, NamedBlocks(make, weight=weight))
    expected = mx.em_step(NAMED, start, COLUMNS, sample_weight=weight)
    np.testing.assert_allclose(step.log_prob(COLUMNS), expected.log_prob(COLUMNS))


def test_blocks_of_named_columns_from_default_starts_end_where_the_columns_do():
    there = mx.em(NAMED, NamedBlocks(dict))
    assert there.converged, there.reason
    assert there.log_likelihood == pytest.approx(mx.em(NAMED, COLUMNS).log_likelihood)


def test_blocks_of_rows_are_taken_for_the_columns_in_order():
    here = mx.em(NAMED, COLUMNS, starts=1, max_iter=3)
    there = mx.em(NAMED, Blocks(DRAWN), start=here.mixture, max_iter=3)
    same = mx.em(NAMED, COLUMNS, start=here.mixture, max_iter=3)
    assert_same(same, there, COLUMNS)


GAP = COLUMNS | {"wing": np.where(np.arange(len(DRAWN)) == 600, np.nan, DRAWN[:, 1])}


@pytest.mark.parametrize(
    ("model", "x", "error", "words"),
    [
        (
            NAMED,
            lambda: NamedBlocks(dict, {"egg": COLUMNS["egg"]}),
            ValueError,
            "in block 0 of x: x must have the columns egg, wing, got egg; wing is miss",
        ),
        (
            NAMED,
            lambda: NamedBlocks(dict, GAP),
            ValueError,
            "in block 2 of x: x must be finite, .* values that are missing need the",
        ),
        (
            mx.gaussian_mixture(2),
            lambda: NamedBlocks(dict),
            TypeError,
            r"in block 0 of x: x must be an array, got columns by name \(egg, wing\)",
        ),
        (
            NAMED,
            lambda: list(NamedBlocks(dict)),
            TypeError,
            "got mappings one after another; pass one mapping",
        ),
        (NAMED, lambda: iter(NamedBlocks(dict)), TypeError, "used up by one; pass"),
    ],
)
def test_blocks_of_named_columns_that_cannot_be_fitted_say_so(model, x, error, words):
    with pytest.raises(error, match=words):
        mx.em(model, x())


def test_named_columns_in_a_memory_map_may_have_gaps_as_in_memory(tmp_path):
    rows = DRAWN.copy()
    rows[5, 1] = np.nan
    options = {"starts": 1, "max_iter": 5}
    there = mx.em(NAMED, mapped(tmp_path, rows), **options)
    assert there.mixture == mx.em(NAMED, rows, **options).mixture


# -------------------------------------------------------------- masks and other arrays


def test_blocks_that_are_masked_or_sparse_are_refused():
    from scipy import sparse

    hidden = np.ma.array(LINE, mask=np.arange(len(LINE)) == 3)
    weight = np.ma.array(np.ones(len(LINE)), mask=np.arange(len(LINE)) == 3)

    class Sparse(Blocks):
        def __iter__(self):
            yield sparse.csr_array(PLANE)

    model = CASES["line"][0]
    with pytest.raises(ValueError, match="in block 0 of x: x must have no masked"):
        mx.em(model, Blocks(hidden))
    with pytest.raises(ValueError, match="in block 0 of x: sample_weight must have no"):
        mx.em(model, Blocks(LINE, weight))
    with pytest.raises(TypeError, match="in block 0 of x: x must be a dense array"):
        mx.em(mx.gaussian_mixture(2), Sparse(PLANE))


def test_weights_of_blocks_may_be_tiny_in_some_and_not_in_all():
    weight = np.where(np.arange(len(LINE)) < 7, 5e-324, 1.0)
    fit = mx.em(CASES["line"][0], Blocks(LINE, weight), starts=1, max_iter=3)
    assert fit.n == pytest.approx(len(LINE) - 7)
    with pytest.raises(
        ValueError, match=r"sums of it lose their digits, got .* divide"
    ):
        mx.em(CASES["line"][0], Blocks(LINE, np.full(len(LINE), 5e-324)))
