"""Where other packages go silently wrong, what em says and does; and what it shares."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mixnotes as mx

TWO = mx.Mixture(2 * [mx.Normal()])
PLAIN = {"accelerate": False, "max_iter": 50}
DRAWS = mx.Mixture([mx.Normal(0.0, 1.0), mx.Normal(4.0, 0.5)], [0.3, 0.7]).sample(
    200, rng=5
)
TIMES = mx.datasets.london_times()


# ------------------------------------------------------------------------- stopping


@pytest.mark.parametrize("accelerate", [True, False])
def test_it_does_not_stop_short_on_overlapping_normals(accelerate):
    """A tolerance on the gain a step in the mean log-likelihood, as scikit-learn's
    0.001, ends after a few steps, tens of units short. Ours ends within 1e-5 of a climb
    a thousand times as strict."""
    truth = mx.Mixture([mx.Normal(0.0, 1.0), mx.Normal(2.5, 1.0)], [0.5, 0.5])
    x = truth.sample(20_000, rng=0)
    start = mx.Mixture([mx.Normal(-1.0, 1.0), mx.Normal(1.0, 2.0)], [0.5, 0.5])
    fit = mx.em(TWO, x, start=start, accelerate=accelerate)
    strict = mx.em(TWO, x, start=fit.mixture, tol=1e-11)
    assert fit.converged, fit.reason
    assert strict.log_likelihood - fit.log_likelihood < 1e-5
    small = np.diff(mx.em(TWO, x, start=start, **PLAIN).history) / len(x) < 1e-3
    short = mx.em(TWO, x, start=start, **{**PLAIN, "max_iter": int(small.argmax()) + 1})
    assert not short.converged
    assert "the log-likelihood still rises by" in short.reason
    assert strict.log_likelihood - short.log_likelihood > 10


def test_one_outlier_makes_nothing_nan():
    """Where densities are exponentiated all responsibilities of it are 0 / 0."""
    x = np.r_[DRAWS, 1e4]
    fit = mx.em(mx.Mixture([mx.Normal(sd=1.0), mx.Normal(sd=1.0)]), x)
    assert np.isfinite(fit.log_likelihood)
    assert np.isfinite(fit.mixture.responsibilities(x)).all()


# -------------------------------------------------------------------------- saddles


def test_a_start_on_a_saddle_is_left():
    """Equal components stay equal under EM: a point that is level, and no summit."""
    equal = mx.Mixture(2 * [mx.Normal(2.0, 1.5)], [0.5, 0.5])
    best = mx.em(TWO, DRAWS)
    fit = mx.em(TWO, DRAWS, start=equal)
    assert "after a saddle at" in fit.reason
    assert isinstance(fit.error, float)
    assert fit.converged == (fit.error <= 1e-8)
    assert fit.log_likelihood == pytest.approx(best.log_likelihood, abs=1e-6)
    assert np.all(np.diff(fit.history) >= 0)


def test_a_saddle_between_symmetric_maxima_is_left():
    """Draws that are mirrored about 0; the start's means are equal, its weights not."""
    x = np.r_[DRAWS - 2.8, 2.8 - DRAWS]
    model = mx.Mixture([mx.Normal(sd=1.0), mx.Normal(sd=1.0)], [0.5, 0.5])
    saddle = mx.Mixture([mx.Normal(0.0, 1.0), mx.Normal(0.0, 1.0)], [0.5, 0.5])
    fit = mx.em(model, x, start=saddle)
    means = sorted(c.mean for c in fit.mixture.components)
    assert means[1] - means[0] > 1
    assert fit.log_likelihood == pytest.approx(mx.em(model, x).log_likelihood, abs=1e-6)


# --------------------------------------------------------- what is shared and common


def test_a_shared_spread_is_learned_from_all():
    fit = mx.em(mx.Mixture(2 * [mx.Normal(sd=mx.Shared("sd"))]), DRAWS)
    first, second = fit.mixture.components
    assert first.sd == second.sd
    r = fit.mixture.responsibilities(DRAWS)
    gaps = DRAWS[:, None] - np.array([first.mean, second.mean])
    assert first.sd == pytest.approx(np.sqrt((r * gaps**2).sum() / len(DRAWS)))
    assert fit.model.n_free == 4
    assert np.all(np.diff(fit.history) >= 0)


def test_a_shared_mean_of_unequal_spreads_is_a_summit():
    """A scale mixture: no shift of the common mean is higher."""
    truth = mx.Mixture([mx.Normal(1.0, 0.3), mx.Normal(1.0, 3.0)], [0.5, 0.5])
    x = truth.sample(500, rng=0)
    fit = mx.em(mx.Mixture(2 * [mx.Normal(mean=mx.Shared("m"))]), x)
    a, b = fit.mixture.components
    assert a.mean == b.mean
    for shift in (-1e-4, 1e-4):
        parts = [mx.Normal(a.mean + shift, a.sd), mx.Normal(b.mean + shift, b.sd)]
        moved = mx.Mixture(parts, fit.mixture.weights)
        assert moved.log_prob(x).sum() < fit.log_likelihood


@pytest.mark.parametrize(
    ("family", "name", "x"),
    [
        (mx.Poisson, "rate", [0, 3, 5, 1]),
        (mx.Geometric, "p", [0, 3, 5, 1]),
        (mx.Exponential, "rate", [0.1, 3, 5, 1]),
        (mx.Bernoulli, "p", [0, 1, 1, 1]),
        (mx.LogNormal, "sigma", [0.1, 3, 5, 1]),
    ],
)
def test_components_that_share_all_are_one(family, name, x):
    """Two that share every blank fit as one component does."""
    blanks = {n: mx.Shared(n) for n in family.constraints()}
    weights = [0.25, 0.75]
    shared = mx.em(mx.Mixture(2 * [family(**blanks)], weights), x)
    alone = family().fit(x)
    seen = [getattr(c, name) for c in shared.mixture.components]
    assert seen == pytest.approx([getattr(alone, name)] * 2, rel=1e-6)
    assert shared.model.n_free == alone.blank().n_free


def test_a_shared_name_must_mean_one_thing():
    model = mx.Mixture(
        [mx.Normal(sd=mx.Shared("s")), mx.LogNormal(sigma=mx.Shared("s"))]
    )
    with pytest.raises(ValueError, match=r"got LogNormal.sigma and Normal.sd; use two"):
        mx.em(model, DRAWS + 9)
    with pytest.raises(TypeError, match="takes a name"):
        mx.Shared(3)


def test_what_is_shared_survives_json():
    model = mx.Mixture(2 * [mx.Normal(sd=mx.Shared("sd"))])
    assert mx.from_json(model.to_json()) == model
    assert eval(repr(model), vars(mx)) == model


# ------------------------------------------------------------------ steps one can see


def test_a_callback_sees_every_step_of_every_start():
    steps = []
    fit = mx.em(TWO, DRAWS, starts=3, callback=steps.append)
    assert {s.start for s in steps} == {0, 1, 2}
    last = [s for s in steps if s.start == 2][-1]
    assert last.step == len(fit.starts[2].history) - 1
    heights = [s.log_likelihood for s in steps if s.start == 0]
    assert heights == list(fit.starts[0].history[1:])
    assert last.mixture().log_prob(DRAWS).sum() == pytest.approx(last.log_likelihood)


def test_a_callback_can_stop_a_fit_by_an_error():
    def enough(step):
        if step.step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mx.em(TWO, DRAWS, callback=enough)


def test_a_bar_is_shown_where_it_is_asked_for(capsys):
    mx.em(TWO, DRAWS, starts=2)
    assert capsys.readouterr().err == ""
    mx.em(TWO, DRAWS, starts=2, progress=True)
    shown = capsys.readouterr().err
    assert "start 2 of 2" in shown
    assert "log-likelihood" in shown


def test_without_tqdm_a_bar_says_what_to_install(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.raises(ImportError, match="needs tqdm"):
        mx.em(TWO, DRAWS, progress=True)


# -------------------------------------------------------------- invariances, any data

NUMBERS = st.lists(  # none so near to another that a component shrinks onto them
    st.integers(-100, 100), min_size=8, max_size=40, unique=True
)
START = mx.Mixture([mx.Normal(-10.0, 30.0), mx.Normal(15.0, 40.0)], [0.4, 0.6])
FEW = {"start": START, "max_iter": 15, "accelerate": False}


@settings(max_examples=25, deadline=None)
@given(NUMBERS, st.randoms(use_true_random=False))
def test_permuted_rows_climb_alike(x, random):
    other = list(x)
    random.shuffle(other)
    here, there = mx.em(TWO, x, **FEW), mx.em(TWO, other, **FEW)
    assert there.log_likelihood == pytest.approx(here.log_likelihood, abs=1e-7)


@settings(max_examples=25, deadline=None)
@given(NUMBERS)
def test_relabelled_components_climb_alike(x):
    swapped = mx.Mixture(START.components[::-1], START.weights[::-1])
    here = mx.em(TWO, x, **FEW)
    there = mx.em(TWO, x, **{**FEW, "start": swapped})
    assert there.log_likelihood == pytest.approx(here.log_likelihood, abs=1e-7)


@settings(max_examples=25, deadline=None)
@given(NUMBERS, st.sampled_from([1e-9, 1e-3, 7.0, 1e9]), st.integers(-8, 8))
def test_shifted_and_scaled_data_climb_alike(x, scale, power):
    shift = np.sign(power) * 10.0 ** abs(power)
    moved = [
        mx.Normal(scale * (c.mean + shift), scale * c.sd) for c in START.components
    ]
    here = mx.em(TWO, x, **FEW)
    start = mx.Mixture(moved, START.weights)
    y = scale * (np.asarray(x) + shift)
    there = mx.em(TWO, y, **{**FEW, "start": start})
    back = there.log_likelihood + len(x) * np.log(scale)
    assert back == pytest.approx(here.log_likelihood, abs=2e-4)  # digits lost by + 1e8


@settings(max_examples=25, deadline=None)
@given(NUMBERS, st.data())
def test_a_weight_of_two_is_the_row_twice(x, data):
    weight = data.draw(st.lists(st.integers(1, 3), min_size=len(x), max_size=len(x)))
    here = mx.em(TWO, x, sample_weight=weight, **FEW)
    there = mx.em(TWO, np.repeat(x, weight), **FEW)
    assert there.log_likelihood == pytest.approx(here.log_likelihood, abs=1e-7)


# --------------------------------------------------- digits, near the edges of floats


@pytest.mark.parametrize("gap", [1e2, 1e4, 1e7])
def test_squares_give_way_to_distances_where_they_lose_digits(gap):
    """Two groups whose distance is `gap` times their width."""
    rng = np.random.default_rng(0)
    near, far = rng.normal(size=300), gap + rng.normal(size=200)
    fit = mx.em(TWO, np.r_[near, far])
    first, second = fit.mixture.components
    assert first.sd == pytest.approx(near.std(), rel=1e-8)
    assert second.sd == pytest.approx(far.std(), rel=1e-6)
    assert fit.converged, fit.reason


def test_a_start_that_is_too_sharp_for_squares_climbs_by_distances():
    rng = np.random.default_rng(0)
    x = np.r_[rng.normal(size=300), 1e7 + rng.normal(size=200)]
    parts = [mx.Normal(0.0, 1.0), mx.Normal(1e7, 1.0)]
    fit = mx.em(TWO, x, start=mx.Mixture(parts, [0.5, 0.5]))
    assert fit.converged, fit.reason
    assert fit.mixture.components[1].sd == pytest.approx(x[300:].std(), rel=1e-6)


@pytest.mark.parametrize("x", [1e200, -1e200])
def test_data_too_large_for_squares_are_refused(x):
    with pytest.raises(ValueError, match=r"at most 1e\+150 in size.*rescale it"):
        mx.em(TWO, [0.0, 1.0, x])
