"""How many components: the table, held-out likelihood, the bootstrap test."""

import importlib

import numpy as np
import pytest

import mixnotes as mx
from mixnotes.data.check import CollapseError
from mixnotes.study.likelihood_ratio import _gained, _split

GALAXIES = mx.datasets.galaxies_mass()["velocity"] / 1000
TIMES = mx.datasets.london_times()
DAYS = np.repeat(TIMES["deaths"], TIMES["days"].astype(int))
ONE, TWO = mx.Mixture([mx.Poisson()]), mx.Mixture(2 * [mx.Poisson()])


@pytest.fixture(scope="module")
def galaxies():
    return mx.select(mx.Normal(), GALAXIES, K=range(1, 6), folds=4, starts=4)


def test_the_table_holds_every_model_and_every_criterion(galaxies):
    """BIC 441.61 at K = 3 and 441.84 at K = 5: near enough to say that the data do not
    decide (mclust's default start stops short of the first)."""
    assert [c.name for c in galaxies.candidates] == [1, 2, 3, 4, 5]
    assert galaxies[3].fit.bic == pytest.approx(441.61, abs=0.005)
    assert galaxies[5].fit.bic == pytest.approx(441.84, abs=0.005)
    assert galaxies.best is galaxies[3]
    lines = repr(galaxies).splitlines()
    assert lines[0].split() == [
        "model", "log-lik", "free", "AIC", "BIC", "ICL", "held-out", "starts",
    ]  # fmt: skip
    assert lines[3].split()[:3] == ["3", "-203.179", "8"]
    assert lines[3].split()[4] == "441.61*"
    assert lines[6:] == [
        "* the best by that criterion",
        "starts: the share that reached the best log-likelihood",
    ]


def test_the_share_of_starts_is_told(galaxies):
    fit = galaxies[4].fit
    assert galaxies[4].share_of_starts == fit.n_best / 4
    assert 0 < galaxies[4].share_of_starts <= 1


def test_another_criterion_can_choose(galaxies):
    aic = mx.select(mx.Normal(), GALAXIES, K=[1, 2, 3], by="aic", starts=2)
    assert aic.best.fit.aic == min(c.fit.aic for c in aic.candidates)
    held_out = [c.held_out for c in galaxies.candidates]
    other = mx.select(mx.Normal(), GALAXIES, K=[1, 3], by="held_out", folds=4, starts=4)
    assert other.best.name == 3
    assert other[3].held_out == pytest.approx(held_out[2])


def test_the_held_out_likelihood_is_that_of_rows_never_seen():
    """By hand, with as many folds as observations."""
    x = np.array([0.0, 1.0, 2.0, 5.0])
    found = mx.select({"one": mx.Mixture([mx.Normal()])}, x, folds=4)["one"].held_out
    total = 0.0
    for i in range(4):
        rest = np.delete(x, i)
        total += mx.Normal(rest.mean(), rest.std()).log_prob([x[i]])[0]
    assert found == pytest.approx(total / 4, rel=1e-12)


def test_a_model_that_cannot_have_made_what_was_left_out_foretells_nothing():
    """The ends of a uniform are its outermost values, which some fold leaves out; and
    a spike on a value that repeats collapses in every fold."""
    x = np.r_[np.random.default_rng(0).normal(size=40), 3 * [9.0]]
    models = {
        "normal": mx.Mixture([mx.Normal()]),
        "uniform": mx.Mixture([mx.Uniform()]),
        "spike": mx.Mixture([mx.Normal(), mx.Normal(mean=9.0)]),
    }
    found = mx.select(models, x, by="held_out", folds=5, starts=2)
    assert np.isfinite(found["normal"].held_out)
    assert found["uniform"].held_out == -np.inf
    assert found["spike"].held_out == -np.inf
    assert found.best.name == "normal"


def test_counts_are_left_out_one_by_one():
    """A table of counts foretells what the days one by one do."""
    table = mx.select([ONE, TWO], TIMES["deaths"], folds=5, starts=2,
                      sample_weight=TIMES["days"])  # fmt: skip
    days = mx.select([ONE, TWO], DAYS, folds=5, starts=2)
    for k in (0, 1):
        assert table[k].held_out == pytest.approx(days[k].held_out, abs=1e-6)
    assert table[1].held_out > table[0].held_out


def test_a_weight_that_is_no_count_goes_into_a_fold_whole():
    x = np.array([0.0, 1.0, 2.0, 5.0])
    weight = np.array([0.5, 1.5, 1.0, 1.0])
    found = mx.select([mx.Mixture([mx.Normal()])], x, folds=4, sample_weight=weight)
    total = 0.0
    for i in range(4):
        rest = np.arange(4) != i
        normal = mx.Normal().fit(x[rest], weight[rest])
        total += weight[i] * normal.log_prob([x[i]])[0]
    assert found[0].held_out == pytest.approx(total / 4, rel=1e-12)


def test_models_by_name_rows_of_columns_and_weights():
    table = {"a": GALAXIES, "b": np.arange(82) % 2}
    model = mx.Mixture(2 * [mx.Product({"a": mx.Normal(), "b": mx.Bernoulli()})])
    found = mx.select([model], table, folds=2, starts=1)
    assert np.isfinite(found[0].held_out)
    named = {"E": mx.gaussian_mixture(2, "E"), "V": mx.gaussian_mixture(2, "V")}
    weighted = mx.select(named, GALAXIES, sample_weight=np.full(82, 2.0), starts=2)
    plain = mx.select(named, GALAXIES, starts=2)
    doubled = 2 * plain["E"].fit.log_likelihood
    assert weighted["E"].fit.log_likelihood == pytest.approx(doubled)
    assert "held-out" not in repr(plain)


def test_a_collapsed_fit_never_wins():
    """Five values, five normals: every start collapses, and the table says so."""
    x = np.array([0.0, 1.0, 2.0, 4.0, 9.0])
    found = mx.select(mx.Normal(), x, K=[1, 5], starts=2)
    assert found.best.name == 1
    assert "collapsed" in repr(found)
    with pytest.raises(ValueError, match="every start collapsed"):
        _ = mx.select(mx.Normal(), x, K=[5], starts=2).best


@pytest.mark.slow
def test_a_model_that_cannot_begin_is_a_row_of_the_table():
    """The likelihood of a t on three values has no bound as df goes to 0."""
    values = [1.0, 2.0, 3.0]
    with pytest.raises(CollapseError, match="StudentT collapsed on x = "):
        mx.em(mx.Mixture(2 * [mx.StudentT()]), values)
    found = mx.select(mx.StudentT(), values, K=[1, 2], starts=2)
    assert found.best is found[1]
    assert found[2].fit is None
    assert not found[2].stands
    assert found[1].score("bic") == found[1].fit.bic
    assert repr(found).splitlines()[2].split() == ["2", "collapsed"]
    with pytest.raises(ValueError, match="of 2 every first guess collapsed"):
        found[2].score("bic")
    with pytest.raises(ValueError, match="of 2 every first guess collapsed"):
        _ = found[2].share_of_starts
    unseen = mx.select(mx.StudentT(), values, K=[1, 2], starts=2, folds=3)
    assert unseen[2].held_out == -np.inf
    two = mx.Mixture(2 * [mx.StudentT()])
    with pytest.raises(ValueError, match="every start of the smaller one collapsed"):
        mx.likelihood_ratio_test(two, two, values, samples=1, starts=1)


def test_the_best_by_any_criterion():
    found = mx.select(mx.Normal(), GALAXIES, K=[1, 2, 3], starts=2)
    assert found.best is found.best_by("bic")
    for by in ("bic", "aic", "icl"):
        scores = [c.score(by) for c in found.candidates]
        assert scores == [getattr(c.fit, by) for c in found.candidates]
        assert found.best_by(by) is found.candidates[int(np.argmin(scores))]
    with pytest.raises(ValueError, match="held_out must be asked for"):
        found.best_by("held_out")
    with pytest.raises(ValueError, match="by must be one of"):
        found.best_by("BIC")


@pytest.mark.slow
def test_two_poissons_are_needed_for_the_deaths_in_the_times():
    found = mx.likelihood_ratio_test(ONE, TWO, DAYS, samples=19, starts=2)
    assert found.statistic == pytest.approx(22.904, abs=0.001)
    assert found.p_value == 1 / 20
    assert found.null.shape == (19,)
    assert np.all(found.null >= 0)
    assert "p = 0.05" in repr(found)


def test_one_poisson_is_enough_for_the_bombs_on_london():
    """The negative control: V-1 hits on 576 squares (Clarke 1946)."""
    hits = mx.datasets.v1_hits()
    x = np.repeat(hits["hits"], hits["squares"].astype(int))
    found = mx.likelihood_ratio_test(ONE, TWO, x, samples=19, starts=2)
    assert found.p_value > 0.1


def test_the_ratio_of_the_galaxies_is_not_negative():
    """mclust's test of 3 against 4 components of equal variance gives -0.024 there,
    since its larger fit stops short; the truth is 2 (212.351855 - 207.722330)."""
    three, four = mx.gaussian_mixture(3, "E"), mx.gaussian_mixture(4, "E")
    found = mx.likelihood_ratio_test(three, four, GALAXIES, samples=1, starts=6)
    assert found.statistic == pytest.approx(2 * (212.35185518 - 207.72233004), abs=1e-4)


THREE, FOUR = (mx.Mixture(k * [mx.Normal()]) for k in (3, 4))


@pytest.fixture
def small():
    """Three normals on the galaxies, the most distant first."""
    parts = [mx.Normal(33, 1), mx.Normal(21, 2), mx.Normal(10, 0.4)]
    backwards = mx.Mixture(parts, [0.05, 0.85, 0.1])
    return mx.em(THREE, GALAXIES, start=backwards)


@pytest.fixture
def again(small):
    """Four, from each way to split one of the three. The first collapses: its
    likelihood has no bound, and says nothing."""
    found = [mx.em(FOUR, GALAXIES, start=start) for start in _split(small.mixture)]
    assert [fit.starts[0].collapsed for fit in found] == [True, False, False]
    heights = [fit.log_likelihood for fit in found]
    assert max(heights[1:]) > min(heights[1:]) + 0.1
    assert min(heights) > small.log_likelihood
    return found


@pytest.mark.parametrize("collapsed", [False, True])
def test_a_larger_model_that_ends_badly_climbs_from_the_smaller_one(
    monkeypatch, small, again, collapsed
):
    best = max(fit.log_likelihood for fit in again[1:])
    wide = [mx.Normal(m, 9.0) for m in (5, 10, 20)]
    if collapsed:
        spike = mx.Mixture([*wide, mx.Normal(GALAXIES[0], 1e-60)], [0.25] * 4)
        end = mx.em(FOUR, GALAXIES, start=spike)
        assert end.starts[0].collapsed
        assert end.log_likelihood > best
    else:
        poor = mx.Mixture([*wide, mx.Normal(30, 9.0)], [0.25] * 4)
        end = mx.em(FOUR, GALAXIES, start=poor, max_iter=1)
        assert end.log_likelihood < small.log_likelihood - 1

    def em(model, x, **options):
        if "start" in options:
            return mx.em(model, x, **options)
        return end if model is FOUR else small

    module = importlib.import_module(
        "mixnotes.study.select"
    )  # its name is the function
    monkeypatch.setattr(module, "em", em)
    rng = np.random.default_rng(0)
    first, fit, gain = _gained(THREE, FOUR, GALAXIES, rng, {"starts": 3})
    assert first is small
    assert fit.log_likelihood == best
    assert gain == pytest.approx(2 * (fit.log_likelihood - small.log_likelihood))


@pytest.mark.parametrize("K", [1, 2])
def test_a_ratio_of_models_that_collapse_is_refused(K):
    x = np.r_[np.zeros(50), 1.0, 2.0, 3.0]
    smaller, larger = (mx.Mixture(k * [mx.Normal()]) for k in (K, K + 1))
    with pytest.raises(ValueError, match=r"every start of the .* collapsed"):
        mx.likelihood_ratio_test(smaller, larger, x, samples=1, starts=2)


def test_a_negative_ratio_is_refused():
    """Models that are not nested."""
    with pytest.raises(ValueError, match="never negative, got -"):
        mx.likelihood_ratio_test(TWO, ONE, DAYS, samples=1, starts=1)


def test_the_same_call_gives_the_same_answer():
    a, b = (
        mx.likelihood_ratio_test(ONE, TWO, DAYS[:100], samples=3, starts=1, rng=5)
        for _ in range(2)
    )
    assert np.array_equal(a.null, b.null)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: mx.select(mx.Normal(), GALAXIES, K=[]), "at least one mixture"),
        (lambda: mx.select(mx.Normal(), GALAXIES), "mapping of names to mixtures"),
        (lambda: mx.select([mx.Normal()], GALAXIES), r"models\[0\] must be a Mixture"),
        (lambda: mx.select([ONE], GALAXIES, K=[1]), "must be one component"),
        (lambda: mx.select(mx.Normal(), GALAXIES, K=[0]), "K must be a whole number"),
        (lambda: mx.select([ONE], DAYS, by="best"), "by must be one of bic, aic"),
        (
            lambda: mx.select([ONE], DAYS, folds=1),
            "folds must be a whole number from 2",
        ),
        (lambda: mx.select([ONE], [1, 2], folds=3), "at most n = 2, got 3"),
        (
            lambda: mx.select([ONE], DAYS[:6], folds=2, labels=np.zeros(6)),
            "takes no labels",
        ),
        (lambda: mx.select([ONE], DAYS[:9])["two"], "models are 0, not 'two'"),
        (
            lambda: mx.likelihood_ratio_test(ONE, TWO, DAYS, samples=0),
            "samples must be a whole number from 1",
        ),
    ],
)
def test_errors_say_what_to_do(call, words):
    with pytest.raises((ValueError, TypeError, KeyError), match=words):
        call()
