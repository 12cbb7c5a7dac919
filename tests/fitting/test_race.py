"""Starts race: who is left, who joins another, and what is told of them."""

import pickle
import re

import numpy as np
import pytest

import mixnotes as mx
from mixnotes.fitting.engine import Engine
from mixnotes.fitting.inputs import checked
from mixnotes.fitting.race import Entrant, Field, Manner
from mixnotes.fitting.run import Settings

VELOCITY = mx.datasets.galaxies_mass()["velocity"] / 1000
WAITING = mx.datasets.faithful()["waiting"]
TWO = mx.Mixture(2 * [mx.Normal()])
ALONE = Manner(ordered=False, fixed=False)


def test_each_start_says_how_it_ended():
    fit = mx.em(mx.Mixture(5 * [mx.Normal()]), VELOCITY, starts=24)
    words = {
        "left": r"left at step \d+: (about|at most) -[\d,.]+ in sight",
        "joined": r"joined start \d+ at step \d+, which (converged|left|joined)",
        "ended": r"converged: ",
    }
    told = dict.fromkeys(words, 0)
    for end in fit.starts:
        kind = "joined" if end.joined else "left" if end.left else "ended"
        assert re.match(words[kind], end.reason), end.reason
        told[kind] += 1
        assert end.log_likelihood <= fit.log_likelihood + 1e-6
        assert end.history[-1] <= fit.log_likelihood + 1e-6
        assert (np.diff(end.history) >= 0).all()
        height = end.mixture.log_prob(VELOCITY).sum()
        assert height == pytest.approx(end.log_likelihood, abs=1e-6)
    assert all(told.values())
    assert sum(told.values()) == 24
    assert fit.n_followed == 24 - sum(end.left for end in fit.starts)
    assert f"{24 - fit.n_followed} left behind on the way" in str(fit)


def test_a_limit_that_is_told_is_one_that_a_start_does_not_pass():
    """ "At most" is five times the gain that is likely to come: of the starts that were
    left for it none would have come higher than the best."""
    fit = mx.em(mx.Mixture(4 * [mx.Normal()]), VELOCITY, starts=24, rng=3)
    hopeless = [end for end in fit.starts if "at most" in end.reason and not end.joined]
    assert hopeless
    for end in hopeless:
        on = mx.em(mx.Mixture(4 * [mx.Normal()]), VELOCITY, start=end.mixture)
        assert on.log_likelihood <= fit.log_likelihood + 1e-6


def test_no_more_are_drawn_where_most_of_the_first_agree():
    both = np.array(list(mx.datasets.faithful().values())).T
    fit = mx.em(mx.gaussian_mixture(2), both)
    assert len(fit.starts) == 8
    assert fit.n_best >= 5
    assert len(mx.em(TWO, WAITING, starts=12).starts) == 12


def test_without_acceleration_each_start_climbs_to_its_own_end():
    fit = mx.em(mx.Mixture(3 * [mx.Normal()]), VELOCITY, starts=6, accelerate=False)
    assert len(fit.starts) == 6
    assert not any(end.left or end.joined for end in fit.starts)
    assert all(end.converged for end in fit.starts)


def entrants(*starts, model=TWO, x=WAITING):
    model, rows = checked(model, x, None)
    engine = Engine(model, rows)
    settings = Settings(1e-8, 1000, True)
    return [
        Entrant(engine, engine.state(start), k, settings)
        for k, start in enumerate(starts)
    ]


def normals(*places, sd=6.0):
    return mx.Mixture([mx.Normal(at, sd) for at in places], len(places) * [0.5])


def test_runs_that_differ_in_the_order_of_their_components_are_one():
    a, b = entrants(normals(55, 80), normals(80, 55))
    field = Field([a, b], ALONE)
    field.run()
    first, second = field.results()
    assert [first.joined, second.joined] in ([False, True], [True, False])
    assert first.log_likelihood == second.log_likelihood
    ordered = Field(entrants(normals(55, 80), normals(80, 55)), Manner(True, False))
    ordered.run()
    assert not any(end.joined for end in ordered.results())


def test_where_the_leader_collapses_those_left_behind_it_run_again():
    """Onto five equal values a component climbs above all others, and falls."""
    rng = np.random.default_rng(0)
    x = np.r_[rng.normal(0, 1, 60), rng.normal(9, 1, 60), 5 * [20.0]]
    spike = mx.Mixture([mx.Normal(4, 5), mx.Normal(20, 1e-3)], [0.9, 0.1])
    fair = [normals(0, 9 + k / 9, sd=3.0) for k in range(9)]
    field = Field(entrants(spike, *fair, x=x), ALONE)
    field.run()
    ends = field.results()
    assert ends[0].collapsed
    assert field.ended
    assert not field.ended[0].fell
    assert any(end.converged for end in ends)


def test_of_very_many_rows_a_sample_decides_first():
    rng = np.random.default_rng(0)
    x = rng.normal(3.0 * rng.integers(0, 3, 20_000), 1.0)
    fit = mx.em(mx.Mixture(3 * [mx.Normal()]), x)
    assert fit.converged
    sampled = [end for end in fit.starts if "on a sample of 1,024 rows" in end.reason]
    assert sampled
    for end in sampled:  # told as of all rows, and near what that would be
        assert end.left
        whole = end.mixture.log_prob(x).sum()
        assert end.log_likelihood == pytest.approx(whole, rel=0.1)
    best = mx.em(mx.Mixture(3 * [mx.Normal()]), x, starts=2, accelerate=False)
    assert fit.log_likelihood >= best.log_likelihood - 1e-6


def test_a_start_that_was_left_is_pickled_with_its_mixture():
    fit = mx.em(mx.Mixture(4 * [mx.Normal()]), VELOCITY, starts=12)
    again = pickle.loads(pickle.dumps(fit.starts))
    assert [e.mixture for e in again] == [e.mixture for e in fit.starts]
    assert "made" not in repr(again[0])
