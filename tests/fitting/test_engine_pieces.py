"""What the engine is put together from: far rows, samples of the data, streams, folds,
draws and floors, each against what it is by hand."""

import numpy as np
import pytest
import scipy.special
import scipy.stats

import mixnotes as mx
from mixnotes.components.component import Component
from mixnotes.data import sources, streams
from mixnotes.data.sources import Rows
from mixnotes.families.line import Gumbel
from mixnotes.fitting.engine import Engine
from mixnotes.fitting.floor import Floor
from mixnotes.fitting.starts import _drawn, _within_support, from_shares
from mixnotes.numeric.covariance import model_of
from mixnotes.numeric.special import log_sum_exp
from mixnotes.study.select import _folds

# ------------------------------------------------------------------ rows far from all


def test_log_sum_exp_keeps_what_exp_would_lose():
    a = np.array([[-5000.0, -np.inf, 800.0, 0.0], [-5001.0, -np.inf, 799.0, -np.inf]])
    expected = [-5000 + np.log1p(np.exp(-1)), -np.inf, 800 + np.log1p(np.exp(-1)), 0.0]
    np.testing.assert_allclose(log_sum_exp(a), expected, rtol=1e-15)


FAR = np.array([-90.0, 0.0, 1.0, 6.0, 150.0])


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("second", [lambda: mx.Normal(), lambda: mx.Laplace()])
def test_a_step_on_rows_where_every_density_underflows(weighted, second):
    """Normals at 90 spreads and more have densities below the least float."""
    weight = np.array([1.0, 2.0, 3.0, 1.0, 0.5]) if weighted else np.ones(5)
    laplace = isinstance(second(), mx.Laplace)
    other = mx.Laplace(5.0, 0.1) if laplace else mx.Normal(5.0, 1.0)
    start = mx.Mixture([mx.Normal(0.0, 1.0), other], [0.3, 0.7])
    fit = mx.em(
        mx.Mixture([mx.Normal(), second()]), FAR, start=start, max_iter=1,
        accelerate=False, sample_weight=weight if weighted else None,
    )  # fmt: skip
    logs = np.array(
        [
            np.log(0.3) + scipy.stats.norm.logpdf(FAR, 0, 1),
            np.log(0.7)
            + (
                -np.abs(FAR - 5) / 0.1 - np.log(0.2)
                if laplace
                else scipy.stats.norm.logpdf(FAR, 5, 1)
            ),
        ]
    )
    total = scipy.special.logsumexp(logs, axis=0)
    assert fit.history[0] == pytest.approx(weight @ total, rel=1e-13)
    share = weight * np.exp(logs - total)
    found = fit.mixture
    assert found.weights[0] == pytest.approx(share[0].sum() / weight.sum(), rel=1e-12)
    mean = share[0] @ FAR / share[0].sum()
    assert found.components[0].mean == pytest.approx(mean, rel=1e-12)
    spread = np.sqrt(share[0] @ (FAR - mean) ** 2 / share[0].sum())
    assert found.components[0].sd == pytest.approx(spread, rel=1e-10)


# -------------------------------------------------------------------------- labels


@pytest.mark.parametrize("labels", [[0, 0, 0, 0], [1, 1, 1, 1]])
def test_a_component_without_a_row_is_named(labels):
    idle = 1 - labels[0]
    with pytest.raises(ValueError, match=f"got no label {idle} and none that is"):
        mx.em(mx.Mixture(2 * [mx.Poisson()]), [1, 2, 3, 4], labels=labels)


def test_labels_must_be_one_a_row_and_name_a_component():
    two = mx.Mixture(2 * [mx.Poisson()])
    with pytest.raises(ValueError, match=r"shape \(4,\), got shape \(3,\)"):
        mx.em(two, [1, 2, 3, 4], labels=[0, 1, 0])
    with pytest.raises(ValueError, match=r"0 to 1, or -1 \(unknown\), got labels\[2\]"):
        mx.em(two, [1, 2, 3, 4], labels=[0, 1, 2, 0])
    known = mx.Mixture([mx.Poisson(), mx.Poisson(3.0)])
    fit = mx.em(known, [1, 2, 3, 4], labels=[0, 0, 0, 0])
    assert fit.mixture.components[0].rate == pytest.approx(2.5)


# --------------------------------------------------------------- some of many rows


def test_a_sample_of_many_rows_keeps_their_weights_and_labels():
    x = np.arange(10_000.0)
    rows = sources.Rows(x, x + 1, labels=np.arange(10_000) % 3)
    some = rows.sample(np.random.default_rng(0))
    assert len(np.unique(some.x)) == 4096
    assert np.array_equal(some.x, np.sort(some.x))
    assert np.array_equal(some.weight, some.x + 1)
    assert np.array_equal(some.labels, some.x % 3)
    other = rows.sample(np.random.default_rng(1))
    assert not np.array_equal(other.x, some.x)
    plain = sources.Rows(x, None).sample(np.random.default_rng(0))
    assert plain.weight is None
    assert plain.labels is None
    small = sources.Rows(x[:4096], None)
    assert small.sample(np.random.default_rng(0)) is small


def test_rows_without_their_gaps_and_labels():
    x = np.array([[1.0, np.nan], [3.0, np.nan], [np.nan, np.nan]])
    rows = sources.Rows(x, np.array([1.0, 2.0, 3.0]), labels=np.array([0, -1, -1]))
    assert np.array_equal(rows.whole.x, [[1, 0], [3, 0], [2, 0]])
    assert np.array_equal(rows.whole.weight, rows.weight)
    assert rows.gaps
    assert np.isnan(x).sum() == 4  # the data are as they were
    free = rows.unlabelled()
    assert np.array_equal(free.x, x[1:], equal_nan=True)
    assert np.array_equal(free.weight, [2.0, 3.0])
    assert [rows.position(k) for k in range(3)] == [0, 1, 2]
    whole = sources.Rows(np.ones((3, 2)), None)
    assert whole.whole is whole
    assert not whole.gaps
    assert whole.unlabelled() is whole


def test_rows_are_looked_at_some_at_a_time_and_each_once():
    x = np.arange(150_000.0)
    parts = list(sources.Rows(x, x + 1).map(lambda x, weight: (x, weight)))
    assert len(parts) == 3
    assert np.array_equal(np.concatenate([a for a, _ in parts]), x)
    assert all(np.array_equal(w, a + 1) for a, w in parts)
    assert all(w is None for w in sources.Rows(x, None).map(lambda x, weight: weight))


class Again:
    """Blocks that can be read again."""

    def __init__(self, parts):
        self.parts = parts

    def __iter__(self):
        return iter(self.parts)


def stream(parts):
    found = streams.Iterated(parts)
    found.check(lambda x, weight: None)
    return found


def test_a_stream_keeps_rows_of_all_its_blocks_in_proportion():
    blocks = [np.arange(k * 10_000.0, k * 10_000 + size) for k, size in
              enumerate((9000, 1000, 0, 5000))]  # fmt: skip
    found = stream([(b, np.where(b % 2, 0.0, b + 1)) for b in blocks])
    assert found.n == 7500
    assert found.total == sum((b + 1)[b % 2 == 0].sum() for b in blocks)
    some = found.sample(np.random.default_rng(0))
    assert len(some.x) == len(np.unique(some.x)) == 4096
    assert np.array_equal(some.weight, some.x + 1)
    counts = np.bincount((some.x // 10_000).astype(int), minlength=4)
    np.testing.assert_allclose(counts / 4096, [0.6, 1 / 15, 0, 1 / 3], atol=0.01)
    assert not np.array_equal(some.x, np.sort(some.x))
    plain = stream([b for b in blocks if len(b)])
    assert plain.total == plain.n == 15_000
    assert plain.sample(np.random.default_rng(0)).weight is None


def test_a_stream_says_in_which_block_and_which_columns():
    with pytest.raises(ValueError, match=r"same columns, got shapes \(n, 2\) and \(n,"):
        stream([np.ones((3, 2)), np.ones((3, 3))])
    with pytest.raises(ValueError, match="at least one observation of a weight above"):
        stream([(np.ones(3), np.zeros(3))])
    two = mx.Mixture(2 * [mx.Poisson()])
    again = Again([np.arange(3.0), np.array([1.0, -1.0])])
    with pytest.raises(ValueError, match=r"in block 1 of x: .*x\[1\] = -1"):
        mx.em(two, again)
    nothing = np.zeros(0)
    with pytest.raises(ValueError, match="in block 1 of x: x must hold at least one"):
        mx.em(two, Again([(np.arange(3.0), np.ones(3)), (nothing, nothing)]))


def test_what_is_read_from_a_file_comes_once_and_in_order(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, np.arange(600_000.0).reshape(-1, 2))
    x = np.load(path, mmap_mode="r")
    weight = np.arange(300_000.0)
    parts = list(streams.Mapped(x, weight).blocks())
    assert len(parts) > 3
    assert np.array_equal(np.concatenate([a for a, _ in parts]), x)
    assert np.array_equal(np.concatenate([w for _, w in parts]), weight)
    assert all(w is None for _, w in streams.Mapped(x, None).blocks())


def test_weights_of_dask_are_cut_as_the_rows_are():
    da = pytest.importorskip("dask.array")
    x, weight = np.arange(200.0).reshape(-1, 2), np.arange(100.0)
    for w in (weight, da.from_array(weight, chunks=50)):
        found = streams.Dask(da.from_array(x, chunks=(30, 1)), w)
        parts = list(found.map(lambda x, weight: (x, weight)))
        assert [len(a) for a, _ in parts] == [30, 30, 30, 10]
        assert np.array_equal(np.concatenate([a for a, _ in parts]), x)
        assert np.array_equal(np.concatenate([w for _, w in parts]), weight)


# --------------------------------------------------------------------- stepwise EM


@pytest.mark.parametrize("power", [0.6, 1.0])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 6, 7, 8, 12])
def test_stepwise_em_is_the_recursion_of_cappe_and_moulines(power, count):
    """Mean statistics move by (t + 1)^-power; the last windows are averaged."""
    rng = np.random.default_rng(count)
    blocks = [rng.poisson(rng.choice([1, 7], 40)).astype(float) for _ in range(count)]
    weights = [1.0 + rng.integers(3, size=40) for _ in range(count)]
    start = mx.Mixture([mx.Poisson(2.0), mx.Poisson(6.0)], [0.5, 0.5])
    pi, rate = np.array([0.5, 0.5]), np.array([2.0, 6.0])
    mean, seen = np.zeros((2, 2)), []
    for t, (x, w) in enumerate(zip(blocks, weights, strict=True)):
        joint = pi * scipy.stats.poisson.pmf(x[:, None], rate)
        share = w[:, None] * joint / joint.sum(axis=1, keepdims=True)
        found = np.array([share.sum(axis=0), x @ share]) / w.sum()
        step = (t + 1.0) ** -power
        mean = found if t == 0 else (1 - step) * mean + step * found
        seen.append(mean)
        pi, rate = mean[0] / mean[0].sum(), mean[1] / mean[0]
    first = {1: 0, 2: 0, 3: 0, 4: 1, 6: 1, 7: 1, 8: 3, 12: 3}[count]
    last = np.mean(seen[first:], axis=0)
    found = mx.em_online(
        mx.Mixture(2 * [mx.Poisson()]),
        zip(blocks, weights, strict=True),
        start=start,
        power=power,
    )
    np.testing.assert_allclose(found.weights, last[0] / last[0].sum(), rtol=1e-12)
    np.testing.assert_allclose(
        [c.rate for c in found.components], last[1] / last[0], rtol=1e-12
    )


def test_stepwise_em_says_what_it_cannot_follow():
    own = mx.Mixture([mx.Gumbel(), mx.Normal()])
    start = mx.Mixture([mx.Gumbel(0.0, 1.0), mx.Normal(0.0, 1.0)], [0.5, 0.5])
    x = np.random.default_rng(0).normal(size=50)
    with pytest.raises(TypeError, match=r"^em_online needs components of exponential"):
        mx.em_online(own, [x], start=start)
    narrow = mx.Mixture([mx.Normal(0.0, 1e-9), mx.Normal(0.0, 1.0)], [0.5, 0.5])
    with pytest.raises(ValueError, match=r"^em_online cannot follow a component that"):
        mx.em_online(mx.Mixture(2 * [mx.Normal()]), [np.r_[x, 1e3]], start=narrow)
    for power in (True, 0.5, 1.01, "1"):
        with pytest.raises(ValueError, match=r"power must be above 0\.5 and at most 1"):
            mx.em_online(mx.Mixture(2 * [mx.Normal()]), [x], power=power)
    known = mx.Mixture([mx.Poisson(1.0), mx.Poisson()])
    with pytest.raises(ValueError, match="at least 10 rows for each component to learn,"
                                         " 10 here, got 9"):  # fmt: skip
        mx.em_online(known, [np.arange(9.0)])


# ----------------------------------------------------------------------- resampling


def bag():
    return mx.Mixture([mx.Bernoulli(0.8), mx.Bernoulli(0.3)])


@pytest.mark.parametrize("parametric", [False, True])
def test_each_sample_of_a_bootstrap_is_as_large_as_the_data(parametric):
    """A sample of n marbles has a whole number of red ones, so (mean - 0.3) / 0.5."""
    fit = mx.em(bag(), [1, 0], sample_weight=[23.0, 17.0])
    found = mx.bootstrap(fit, 50, parametric=parametric, rng=4)
    red = 40 * (0.3 + 0.5 * found.draws["weights"][:, 0])
    inside = np.abs(found.draws["weights"][:, 0] - 0.5) < 0.4999
    np.testing.assert_allclose(red[inside], np.round(red[inside]), atol=1e-4)
    assert len(np.unique(np.round(red[inside]))) > 5
    again = mx.bootstrap(fit, 50, parametric=parametric, rng=4)
    assert np.array_equal(again.draws["weights"], found.draws["weights"])
    other = mx.bootstrap(fit, 50, parametric=parametric, rng=5)
    assert not np.array_equal(other.draws["weights"], found.draws["weights"])


def test_what_a_bootstrap_says_is_made_of_its_draws():
    fit = mx.em(bag(), [1, 0], sample_weight=[23.0, 17.0])
    found = mx.bootstrap(fit, 30)
    draws = found.draws["weights"]
    errors = found.standard_errors()["weights"]
    np.testing.assert_allclose(errors, draws.std(axis=0, ddof=1))
    low, high = found.intervals(0.8)["weights"]
    np.testing.assert_allclose(low, np.quantile(draws, 0.1, axis=0))
    np.testing.assert_allclose(high, np.quantile(draws, 0.9, axis=0))
    assert repr(found).splitlines() == [
        "Bootstrap of 30 samples",
        f"  weights: standard error {np.round(errors, 6).tolist()}",
    ]
    for level in (0, 1.0, True, "a"):
        with pytest.raises(ValueError, match="level must be a number between 0 and 1"):
            found.intervals(level)


def test_samples_without_a_fit_are_counted_and_left_out():
    """Of three values, many samples are all equal, and have no spread."""
    fit = mx.em(mx.Mixture([mx.Normal()]), [0.0, 1.0, 3.0])
    found = mx.bootstrap(fit, 60)
    kept = len(found.draws["components[0].mean"])
    assert 0 < found.failed < 30
    assert kept + found.failed == 60
    assert repr(found).startswith(
        f"Bootstrap of {kept} samples, {found.failed} more failed\n"
    )
    labelled = mx.em(
        mx.Mixture(2 * [mx.Poisson()]), [1, 2, 8, 9, 7, 1], labels=[0, 0, 1, 1, 1, -1]
    )
    rates = mx.bootstrap(labelled, 40).draws["components[0].rate"]
    assert ((rates >= 1) & (rates < 7)).all()
    with pytest.raises(ValueError, match="without labels or intervals"):
        mx.bootstrap(labelled, 40, parametric=True)
    with pytest.raises(TypeError, match="bootstrap takes a Fit, as em returns it"):
        mx.bootstrap(labelled.mixture)


# ---------------------------------------------------------------------------- folds


@pytest.mark.parametrize(
    "weight",
    [np.ones(11), np.array([3.0, 0, 1, 5, 2]), np.array([0.5, 2.5, 1.0, 0.25])],
)
def test_folds_leave_each_observation_out_once(weight):
    parts = list(_folds(weight, 3, 0))
    assert len(parts) == 3
    np.testing.assert_allclose(np.sum(parts, axis=0), weight)
    whole = (weight == np.round(weight)).all()
    counts = [part.sum() if whole else (part > 0).sum() for part in parts]
    assert max(counts) - min(counts) <= 1
    if not whole:
        assert all(((part == 0) | (part == weight)).all() for part in parts)
    others = list(_folds(weight, 3, 1))
    assert any(not np.array_equal(a, b) for a, b in zip(parts, others, strict=True))


# ---------------------------------------------------------------------------- floors


@pytest.mark.parametrize("kind", ["full", "tied", "diagonal", "spherical"])
def test_a_step_above_a_floor_raises_what_lies_below(kind):
    rng = np.random.default_rng(0)
    x = np.c_[rng.normal(size=40), 0.01 * rng.normal(size=40)] @ [
        [0.8, 0.6],
        [-0.6, 0.8],
    ]
    weight = 1.0 + rng.integers(3, size=40)
    share = rng.dirichlet([1, 1], 40).T
    model = mx.Mixture(2 * [mx.MultivariateNormal(covariance=kind, d=2)])
    engine = Engine(model, sources.Rows(x, weight), priors=Floor(0.05))
    level = share * weight
    found = engine.mixture(engine.first(level))
    np.testing.assert_allclose(found.weights, level.sum(axis=1) / weight.sum())
    means = level @ x / level.sum(axis=1)[:, None]
    np.testing.assert_allclose([c.mean for c in found.components], means)
    own = [np.cov(x.T, aweights=w, bias=True) for w in level]
    if kind == "tied":
        own = 2 * [np.average(own, axis=0, weights=level.sum(axis=1))]
    for component, cov in zip(found.components, own, strict=True):
        if kind == "diagonal":
            expected = np.diag(np.maximum(np.diagonal(cov), 0.05))
        elif kind == "spherical":
            expected = max(np.trace(cov) / 2, 0.05) * np.eye(2)
        else:
            values, vectors = np.linalg.eigh(cov)
            assert values[0] < 0.05 < values[1]
            expected = vectors @ np.diag(np.maximum(values, 0.05)) @ vectors.T
        np.testing.assert_allclose(component.cov, expected, atol=1e-12)
        assert component.model == model_of(kind)


def test_a_component_that_no_interval_is_left_to_stays():
    start = Gumbel(1.0, 2.0)
    rows = mx.Mixture([mx.Gumbel()])._rows(mx.Censored([0.0, 1.0], [1.0, 3.0]))
    assert mx.Gumbel().filled_to(rows, np.zeros(2), start) is start
    learned = mx.Gumbel().filled_to(rows, np.ones(2), start)
    assert learned.loc != 1.0


@pytest.mark.parametrize("n", [1, 3, 82])
def test_seeds_are_the_draws_of_numpy(n):
    p = np.random.default_rng(5).random(n)
    p /= p.sum()
    mine, its = np.random.default_rng(n), np.random.default_rng(n)
    assert np.array_equal(_drawn(p, mine, 40), its.choice(n, size=40, p=p))
    assert _drawn(p, mine, 1)[0] == its.choice(n, p=p)
    assert mine.random() == its.random()


def test_a_first_guess_takes_its_weights_from_the_shares_if_all_is_learned():
    """A known component stands level with the others: a share says nothing of it."""
    x = np.array([0.0, 1.0, 2.0, 3.0])
    share = np.array([[0.9, 0.9, 0.9, 0.9], [0.1, 0.1, 0.1, 0.1]])
    expected = {
        (None, None): [0.9, 0.1],
        (0.0, None): [0.5, 0.5],
        (0.0, 3.0): [0.5, 0.5],
    }
    for means, weights in expected.items():
        parts = [mx.Normal(mean, 1.0) for mean in means]
        engine = Engine(mx.Mixture(parts), Rows(x, None))
        state = from_shares(engine, share)
        np.testing.assert_allclose(state.weights[0], weights)
        given = Engine(mx.Mixture(parts, [0.7, 0.3]), Rows(x, None))
        np.testing.assert_allclose(from_shares(given, share).weights[0], [0.7, 0.3])
    nested = mx.Mixture(
        [mx.Normal(sd=1.0), mx.Mixture([mx.Normal(sd=1.0), mx.Normal(9.0, 1.0)])]
    )
    thirds = np.vstack([share, share[1]]) / 1.1
    outer, inner = from_shares(Engine(nested, Rows(x, None)), thirds).weights
    np.testing.assert_allclose(outer, [9 / 11, 2 / 11])
    np.testing.assert_allclose(inner, [0.5, 0.5])


# ------------------------------------------------------------- names of what is blank


def test_every_blank_is_filled_read_and_bounded_by_its_name():
    model = mx.Mixture([mx.Poisson(), mx.Mixture([mx.Poisson(1.0), mx.Normal()])])
    names = {
        "components[0].rate": 3.0,
        "components[1].components[1].mean": -2.0,
        "components[1].components[1].sd": 0.5,
        "components[1].weights": [0.2, 0.8],
        "weights": [0.6, 0.4],
    }
    assert set(model.blanks) == set(names)
    inner = mx.Mixture([mx.Poisson(1.0), mx.Normal(-2.0, 0.5)], [0.2, 0.8])
    whole = mx.Mixture([mx.Poisson(3.0), inner], [0.6, 0.4])
    assert model.filled(names) == whole
    assert model.filled({}) == model
    for name, value in names.items():
        np.testing.assert_array_equal(whole.value_of(name), value)
    spread = model.constraint_of("components[1].components[1].sd")
    assert spread is mx.Normal().constraint_of("sd")
    assert model.constraint_of("weights") is model.constraint_of(
        "components[1].weights"
    )
    assert model.constraint_of("weights") is not spread


def test_a_row_that_the_start_cannot_make_is_named_wherever_it_is():
    x = np.linspace(0.1, 0.9, 150_000)
    x[140_000] = 2.5
    start = mx.Mixture([mx.Uniform(0.0, 1.0), mx.Uniform(0.0, 2.0)], [0.5, 0.5])
    with pytest.raises(ValueError, match=r"x\[140000\] = 2.5"):
        mx.em(mx.Mixture(2 * [mx.Uniform()]), x, start=start)


def test_the_covariances_of_an_adapter_have_the_shape_of_their_type():
    pytest.importorskip("sklearn")
    from mixnotes.sklearn import MixtureModel
    from mixnotes.sklearn.starts import softened

    rng = np.random.default_rng(0)
    x = np.r_[rng.normal(size=(60, 2)), 6 + rng.normal(size=(60, 2))]
    shapes = {"full": (2, 2, 2), "tied": (2, 2), "diagonal": (2, 2), "spherical": (2,)}
    shapes["VEV"] = shapes["full"]
    for kind, shape in shapes.items():
        model = MixtureModel(mixture=mx.gaussian_mixture(2, kind)).fit(x)
        assert model.covariances_.shape == shape
        matrices = np.array([c.cov for c in model.mixture_.components])
        expected = {
            "tied": matrices[0],
            "diagonal": np.diagonal(matrices, axis1=1, axis2=2),
            "spherical": matrices[:, 0, 0],
        }.get(kind, matrices)
        np.testing.assert_allclose(model.covariances_, expected)
        precisions = np.linalg.inv(matrices)
        inverses = {
            "tied": precisions[0],
            "diagonal": np.diagonal(precisions, axis1=1, axis2=2),
            "spherical": precisions[:, 0, 0],
        }.get(kind, precisions)
        np.testing.assert_allclose(model.precisions_, inverses, rtol=1e-9)
    kinds = [mx.MultivariateNormal(covariance=c) for c in ("diagonal", "full")]
    mixed = MixtureModel(mixture=mx.Mixture(kinds)).fit(x)
    assert mixed.covariances_.shape == (2, 2, 2)
    share = np.array([[1.0, 0, 1], [0, 1, 0]])
    poor, rich = np.array([False, True]), np.array([False, False])
    assert softened(share, rich) is share
    soft = softened(share, poor)
    np.testing.assert_allclose(soft.sum(axis=0), 1)
    assert (soft > 0).all()
    np.testing.assert_allclose(soft, share, atol=0.2)


# ------------------------------------------------------------------ edges of options


@pytest.mark.parametrize("tol", [True, -1e-9, "a", np.nan, np.inf])
def test_a_tolerance_is_not_below_0(tol):
    with pytest.raises(ValueError, match="tol must be a number not below 0, got"):
        mx.em(bag(), [0, 1], tol=tol)


def test_quantiles_of_a_mixture_without_a_variance_are_those_of_its_cdf():
    heavy = mx.Mixture(
        [mx.StudentT(1.5, 0.0, 1.0), mx.StudentT(1.5, 3.0, 1.0)], [0.5, 0.5]
    )
    assert heavy.variance() == np.inf
    q = np.array([1e-6, 0.1, 0.5, 0.9, 1 - 1e-6])
    np.testing.assert_allclose(heavy.cdf(heavy.quantile(q)), q, rtol=1e-9)


class Searching(mx.StudentT):
    """A t whose quantiles are searched for, as those of a reader's own family are."""

    _quantile = Component._quantile


def test_quantiles_are_found_where_no_variance_says_how_far_to_look():
    q = np.array([1e-9, 0.2, 0.5, 0.7, 1 - 1e-9])
    expected = scipy.stats.t.ppf(q, 1.5, loc=7)
    found = Searching(1.5, 7.0, 1.0).quantile(q)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


class SearchingWeibull(mx.Weibull):
    """A Weibull distribution whose quantiles are searched for."""

    _quantile = Component._quantile


def test_quantiles_that_are_searched_for_keep_their_digits_near_0():
    q = np.array([1e-12, 1e-6, 0.1])
    found = SearchingWeibull(0.1, 1.0).quantile(q)
    np.testing.assert_allclose(found, (-np.log1p(-q)) ** 10, rtol=1e-9)


def test_predictors_that_tell_all_are_named():
    x, z = np.array([0.0, 1, 2, 3, 4, 5]), np.array([1.0, 0, 1, 1, 0, 1])
    table = {"y": (x + 0.1 * z > 2.5).astype(float), "x": x, "z": z}
    with pytest.raises(ValueError, match="some combination of x, z tells y without"):
        mx.LogisticRegression("y", ["x", "z"]).fit(table)


class Ends:
    """Draws that rounding has put on the ends."""

    @staticmethod
    def beta(a, b, n):
        return np.array([0.0, 0.5, 1.0])


def test_draws_of_a_beta_are_possible_where_rounding_reaches_the_ends():
    draws = mx.Beta(0.01, 0.01)._sample(3, Ends())
    assert ((draws > 0) & (draws < 1)).all()
    assert draws[1] == 0.5


def test_a_lognormal_without_spread_has_no_variance_however_large():
    mean, variance = mx.LogNormal(700.0, 1e-200).moments()
    assert (mean, variance) == (pytest.approx(np.exp(700)), 0.0)


def test_nested_mixtures_stand_in_order_of_their_means():
    x = np.random.default_rng(0).normal(np.repeat([9.0, 1.0], 100), 0.5)
    inner = mx.Mixture([mx.Normal(sd=0.5), mx.Normal(sd=0.6)])
    fit = mx.em(mx.Mixture([inner, inner]), x, starts=2)
    means = [c.mean() for c in fit.mixture.components]
    assert means == sorted(means)


def test_values_that_no_component_allows_are_left_to_all():
    """Their error comes later and says which; a share of nothing would be nan."""
    x = np.array([0.0, 3.0, 9.0])
    share = np.array([[0.25, 0.25, 0.25], [0.75, 0.75, 0.75]])
    few, many = mx.Binomial(2), mx.Binomial(5)
    kept = _within_support([few, many], Rows(x, None), share)
    np.testing.assert_allclose(kept, [[0.25, 0.0, 0.25], [0.75, 1.0, 0.75]])


def test_a_component_that_no_row_is_left_to_begins_with_all():
    x = np.array([0.0, 1.0, 1.5, 7.0, 8.5, 9.0])
    model = mx.Mixture(2 * [mx.Normal()])
    engine = Engine(model, Rows(x, None))
    share = np.array([np.ones(6), np.zeros(6)])
    filled = engine.mixture(from_shares(engine, share))
    assert filled.components[0] == filled.components[1]
    assert filled.components[1].mean == pytest.approx(x.mean())


def test_the_first_row_with_a_value_is_the_same_to_the_last_bit():
    rows = Rows(np.array([1.0, 1.0 + 1e-12, 2.0, 1.0 + 1e-12]), None)
    assert [rows.position(k) for k in range(4)] == [0, 1, 2, 1]


def test_float32_values_that_are_all_equal_have_lost_no_digits():
    fit = mx.em(mx.Mixture([mx.Normal(sd=1.0)]), np.full(5, 3.0, dtype=np.float32))
    assert fit.mixture.components[0].mean == 3.0
