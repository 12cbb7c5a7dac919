"""When polish and search go on and when they stop."""

import math

import numpy as np
import pytest
from scipy import stats

from mixnotes.approximation import descent, polish
from mixnotes.approximation.descent import Nodes
from mixnotes.approximation.line import Line
from mixnotes.approximation.panels import as_target
from mixnotes.approximation.search import Search, _blame
from tests.gaussians import bell, normals

INF = math.inf


# ------------------------------------------------------------------- polish and search


def skewed_line():
    return Line(as_target(stats.gumbel_r))


@pytest.mark.parametrize("norm", ["L1", "hellinger", "KL", "sup"])
def test_the_rough_distance_is_near_the_measured(norm):
    line = skewed_line()
    mixture = normals([0.5, 0.5], [0.0, 1.2], [0.8, 1.5])
    rough = polish.Polish(line, norm).rough(mixture, line.nodes(mixture, 1e-6))
    assert rough == pytest.approx(line.measure(mixture, norm), rel=2e-2)


@pytest.mark.parametrize("norm", ["L1", "hellinger", "KL", "sup"])
def test_a_polished_mixture_is_nearer_in_its_norm(norm):
    line = skewed_line()
    worker = polish.Polish(line, norm)
    start = normals([0.6, 0.4], [0.0, 1.5], [0.9, 1.5])
    nodes = line.nodes(start, 1e-3)
    found, end = worker._polished(start, 1e-3, 8)
    assert found == pytest.approx(worker.rough(end, nodes), rel=0.05)
    best = {"L1": 0.0612, "hellinger": 0.0575, "KL": 0.0142, "sup": 0.015}[norm]
    assert line.measure(end, norm) < best
    far = normals([0.5, 0.5], [-8.0, 9.0], [0.1, 0.1])
    settled = worker.settled([far, start], 1e-3, keep=1)
    assert line.measure(settled, norm) < best
    both = worker.settled([far, start, start.split(0, 0).without(2)], 1e-3)
    assert line.measure(both, norm) < best


class Told:
    """A polish whose distances are told: the first mean of the mixture."""

    def __init__(self, monkeypatch, norm="L1"):
        self.asked = []
        monkeypatch.setattr(
            polish.Polish, "rough", lambda self, mixture, nodes: mixture.means[0, 0]
        )
        monkeypatch.setattr(polish, "descend", self.descend)
        self.line = skewed_line()
        self.polish = polish.Polish(self.line, norm)
        self.to = iter(())

    def descend(self, mixture, nodes, loss, steps, gain=1e-6, still=None, exact=True):
        self.asked.append((steps, gain, still, exact))
        return self.at(next(self.to, mixture.means[0, 0]))

    @staticmethod
    def at(error):
        return normals([1.0], [error], [1.0])


def test_a_descent_that_leads_away_in_the_norm_is_not_taken(monkeypatch):
    told = Told(monkeypatch)
    nodes = told.line.nodes(told.at(0.5), 0.1)
    for reached, kept in ((0.25, 0.25), (0.75, 0.5)):
        told.to = iter([reached])
        error, mixture = told.polish._nearer(told.at(0.5), nodes, 5, 0.1, True)
        assert error == mixture.means[0, 0] == kept


def test_aims_are_followed_while_one_of_them_pays(monkeypatch):
    told = Told(monkeypatch)
    nodes = told.line.nodes(told.at(1.0), 0.1)

    def turned(errors, **how):
        told.asked.clear()
        told.to = iter(errors)
        aims = len(errors) * [lambda mixture: descent.hellinger()]
        error, mixture = told.polish._turned(told.at(1.0), nodes, aims, **how)
        assert error == mixture.means[0, 0]
        return error, len(told.asked)

    assert turned([0.9, 0.8, 0.7]) == (0.7, 3)
    assert turned([0.9, 2.0, 2.0, 0.1]) == (0.9, 3)
    assert turned([0.9, 2.0, 0.8, 2.0, 0.5]) == (0.5, 5)
    assert turned([0.999, 0.998, 0.1]) == (0.998, 2)  # half a per cent is no gain
    assert turned([0.99, 0.98, 0.1]) == (0.1, 3)
    assert turned([2.0, 2.0, 2.0, 0.1], patience=3) == (1.0, 3)
    assert turned([1.0, 1.0, 0.1]) == (1.0, 2)


def test_the_best_starts_are_followed_to_the_end(monkeypatch):
    told = Told(monkeypatch)
    ends = {}

    def polished(self, start, goal, rounds):
        ends[start.means[0, 0]] = goal, rounds
        return 1 / start.means[0, 0], start

    monkeypatch.setattr(polish.Polish, "_polished", polished)
    firsts = [told.at(error) for error in (0.5, 0.2, 0.9, 0.3)]
    assert told.polish.settled(firsts, 0.1).means[0, 0] == 0.3
    assert ends == {0.2: (0.1, 8), 0.3: (0.1, 8)}
    ends.clear()
    assert told.polish.settled(firsts, 0.1, keep=1, rounds=3).means[0, 0] == 0.2
    assert ends == {0.2: (0.1, 3)}
    assert told.polish.settled(firsts, 0.1, keep=4).means[0, 0] == 0.9


@pytest.mark.parametrize(("goal", "exact"), [(9e-7, True), (1e-5, False)])
def test_steps_are_exact_where_the_goal_is_tiny(goal, exact, monkeypatch):
    told = Told(monkeypatch)
    told.polish.settled([told.at(0.5)], goal)
    assert len(told.asked) > 3
    assert {asked[3] for asked in told.asked} == {exact}
    told.asked.clear()
    told.polish._polished(told.at(0.5), goal, 4)
    assert {asked[3] for asked in told.asked} == {exact}


def test_aims_lead_to_their_norm():
    line, mixture = skewed_line(), normals([1.0], [0.5], [1.2])
    nodes = line.nodes(mixture, 1e-3)
    f, g = nodes.f, mixture.density(nodes.x)
    error = nodes.w @ np.abs(f - g)

    def aims(norm, wide=0.5, rounds=3):
        return [
            aim(mixture) for aim in polish.Polish(line, norm)._aims(nodes, wide, rounds)
        ]

    for norm, loss in (
        ("hellinger", descent.hellinger()),
        ("KL", descent.divergence()),
    ):
        (aim,) = aims(norm)
        np.testing.assert_array_equal(aim.value(f, g), loss.value(f, g))
    losses = aims("L1")
    assert len(losses) == 3
    for share, loss in zip((0.5, 0.25, 0.125), losses, strict=True):
        same = 1 / loss.curvature(g, g)  # the width that corners are rounded by
        np.testing.assert_allclose(same, share * error * (f + g))
    total = nodes.w @ aims("L1", 1e-9, 1)[0].value(f, g)
    assert total == pytest.approx(error, rel=1e-6)
    losses = aims("sup")
    for exponent, loss in zip((4, 8, 16, 32, 64), losses, strict=True):
        expected = (np.abs(f - g) / np.abs(f - g).max()) ** exponent
        np.testing.assert_allclose(loss.value(f, g), expected, atol=1e-300)
    zeros = Nodes(nodes.x, nodes.w, 0 * f)
    empty = polish.Polish(line, "L1")._aims(zeros, 0.5, 1)[0](
        normals([1.0], [1e9], [1.0])
    )
    assert np.isfinite(empty.slope(0 * f, 0 * f + 1)).all()


def test_small_steps_pay_for_a_scale_mixture():
    """The t is one: normals about its centre get near, whatever the start."""
    line = Line(as_target(stats.t(9)))
    worker = polish.Polish(line, "L1")
    ladder = worker._scale_mixture(3, 1e-6)
    assert ladder.K == 3
    np.testing.assert_allclose(ladder.means, line.centre)
    errors = [line.measure(worker._scale_mixture(K, 1e-6), "L1") for K in (1, 2, 3)]
    assert errors[0] > 5 * errors[1] > 20 * errors[2]
    assert polish.Polish(skewed_line(), "L1")._scale_mixture(2, 1e-6) is None
    rough = line.ladder(line.start())
    centred = worker.centred(rough, 1e-3)
    assert np.array_equal(centred.means, rough.means)
    assert line.measure(centred, "hellinger") < 0.5 * line.measure(rough, "hellinger")
    one = worker.sharpened(centred, 1e-5)
    assert len(one) == 2
    assert all(sharp.K == 2 for sharp in one)
    assert line.measure(one[0], "L1") < line.measure(centred, "L1")
    np.testing.assert_allclose(one[1].means, line.centre)
    other = normals([0.5, 0.5], [0.0, 1.0], [1.0, 1.0])
    assert len(polish.Polish(skewed_line(), "L1").sharpened(other, 1e-3)) == 1


def test_nodes_are_ten_times_as_exact_as_what_is_asked():
    assert polish.goal_of(0.5, None) == pytest.approx(0.05)
    assert polish.goal_of(0.5, 0.01) == pytest.approx(1e-3)
    assert polish.goal_of(0.001, 0.01) == pytest.approx(1e-4)
    assert polish.goal_of(1e-14, None) == pytest.approx(1e-11)
    assert polish.goal_of(0.5, 1e-12) == pytest.approx(1e-11)


class Stairs:
    """A space where only the number of components counts."""

    d, most, notes = 1, 40, ()

    def __init__(self, errors, proof=False):
        self.errors, self.proof = errors, proof

    def measure(self, mixture, norm):
        return self.errors[mixture.K]

    def can_certify(self, norm):
        return self.proof

    def start(self):
        return normals([1.0], [0.0], [1.0])

    def nodes(self, mixture, goal):
        x = np.linspace(-3, 3, 61)[:, None]
        return Nodes(x, np.full(61, 0.1), bell(x[:, 0]))

    def gaps(self, mixture, nodes):
        return [(0.3 / (1 + k), np.array([1.0 + k]), np.eye(1)) for k in range(9)]

    def ladder(self, mixture):
        return None


class Bare:
    """A polish that leaves all as it is, and takes the first."""

    def __init__(self):
        self.calls = []

    def settled(self, firsts, goal, keep=2, rounds=8):
        self.calls.append((firsts, goal, keep, rounds))
        return firsts[0]

    def rough(self, mixture, nodes):
        return 1.0


def searching(errors, tolerance=None, most=40, proof=False):
    search = Search(Stairs(errors, proof), "L1", tolerance, most)
    search.polish = Bare()
    return search


def shown_to(seen):
    return lambda K, error: seen.append((K, error))


def test_a_search_grows_to_as_many_as_are_asked_for():
    errors, seen = {K: 1 / K for K in range(1, 30)}, []
    search = searching(errors, most=5)
    assert search.run(shown_to(seen)).K == 5
    assert sorted(search.path) == [1, 2, 3, 4, 5]
    assert seen[:5] == [(K, errors[K]) for K in range(1, 6)]
    assert searching(errors, most=1).run(shown_to([])).K == 1


def test_a_search_stops_at_the_tolerance_and_goes_back_to_as_few():
    errors = {1: 0.9, 2: 0.8, 3: 0.5, 4: 0.05, 5: 0.01}
    search = searching(errors, 0.1)
    assert search.run(shown_to([])).K == 4
    assert sorted(search.path) == [1, 2, 3, 4]
    assert searching(dict.fromkeys(range(1, 9), 0.1), 0.1).run(shown_to([])).K == 1
    short = searching(errors, 0.1, most=3)
    assert short.run(shown_to([])).K == 3
    assert short.why == "3 components were allowed"
    room = searching({1: 0.096, 2: 0.094}, 0.1, proof=True)
    assert room.tolerance == pytest.approx(0.095)
    assert room.run(shown_to([])).K == 2
    assert searching({1: 0.096}, 0.1).run(shown_to([])).K == 1


def test_a_search_without_gains_says_from_where_on():
    errors = {K: 0.9**K if K < 7 else 0.9**6 * 0.9999**K for K in range(1, 41)}
    search = searching(errors, 1e-3)
    best = search.run(shown_to([]))
    assert search.why == f"the search gained no more from {best.K} components on"
    assert 9 <= best.K <= 30
    worse = searching({K: 0.5 + 0.01 * (K > 3) for K in range(1, 41)}, 1e-3)
    assert worse.run(shown_to([])).K <= 3
    search = searching({}, 1e-3)
    for sizes, last, stalled in (
        (9, 0.981, True), (9, 0.979, False), (8, 1.0, False)
    ):  # fmt: skip
        search.path = {K: (2.0 if sizes - 6 >= K else 1.0, None) for K in range(sizes)}
        search.path[sizes - 6] = 1.0, None
        search.path[sizes - 1] = last, None
        assert search._stalled() == stalled
    search.tolerance = None
    search.path[sizes - 1] = 2.0, None
    search.path[90] = 2.0, None
    assert not search._stalled()


def test_the_best_of_each_size_is_kept():
    search, seen = searching({1: 0.5}), []
    first, second = (normals([1.0], [mean], [1.0]) for mean in (0.0, 1.0))
    assert search._note(first, shown_to(seen)) == (0.5, first)
    search.space.errors[1] = 0.7
    assert search._note(second, shown_to(seen)) == (0.5, first)
    search.space.errors[1] = 0.5
    assert search._note(second, shown_to(seen))[1] is first
    search.space.errors[1] = 0.2
    assert search._note(second, shown_to(seen)) == (0.2, second)
    assert search.path == {1: (0.2, second)}
    assert seen == [(1, 0.5), (1, 0.5), (1, 0.5), (1, 0.2)]


def test_enough_is_within_the_tolerance():
    assert searching({}, 0.1)._enough(0.1)
    assert not searching({}, 0.1)._enough(0.1001)
    assert not searching({})._enough(0.0)


def test_as_many_are_added_as_the_last_gains_say_are_missing():
    for tolerance in (None, 1e-6):
        search = searching({}, tolerance)
        more = {K: search._more(K, 0.5) for K in (1, 11, 12, 16, 31, 38, 39)}
        assert more == {1: 1, 11: 1, 12: 1, 16: 2, 31: 3, 38: 2, 39: 1}
    search = searching({}, 0.01)
    assert search._more(1, 0.5) == 1
    search.path = {4: (0.64, None), 8: (0.16, None), 9: (0.01, None)}
    assert search._more(8, 0.16) == 2  # 5.6 of the 8 that are missing; K / 3
    search.path = {20: (0.64, None), 24: (0.16, None)}
    assert search._more(24, 0.16) == 5
    search.most = 27
    assert search._more(24, 0.16) == 3
    search.path = {20: (0.16, None), 24: (0.16, None)}
    assert search._more(24, 0.16) == 1
    search.path = {20: (0.1, None), 24: (0.16, None)}
    assert search._more(24, 0.16) == 1
    fine = searching({}, 5e-6)
    fine.path = {20: (64e-5, None), 24: (16e-5, None)}
    assert fine._more(24, 16e-5) == 7


def test_a_growth_of_one_tries_gaps_and_cuts():
    search = searching({}, 0.01)
    mixture = normals(np.full(5, 0.2), [-2.0, -1, 0, 1, 2], np.ones(5))
    assert search._grown(mixture, 0.5).K == 6
    firsts, goal, keep, rounds = search.polish.calls[0]
    assert goal == pytest.approx(1e-3)
    assert (keep, rounds) == (1, 3)
    assert len(firsts) == 3 + 4
    assert {first.K for first in firsts} == {6}
    for k, first in enumerate(firsts[:3]):
        assert first.means[-1, 0] == 1 + k
    heavy = _blame(mixture, search.space.nodes(mixture, goal))
    for k, first in zip(heavy[:4], firsts[3:], strict=True):
        np.testing.assert_allclose(
            first.means[[k, 5]], mixture.means[k] + [[-0.5], [0.5]]
        )
    search.space.ladder = lambda mixture: normals([1.0], [77.0], [1.0])
    search.polish.centred = lambda ladder, goal: ladder.joined(0.5, [goal], [[1.0]])
    search._grown(mixture, 0.5)
    last = search.polish.calls[-1][0][-1]
    np.testing.assert_allclose(last.means[:, 0], [77, 1e-3])
    assert len(search.polish.calls[-1][0]) == 8


def test_a_growth_of_many_joins_or_cuts_all_at_once():
    search = searching({}, None)
    mixture = normals(np.full(24, 1 / 24), np.linspace(-3, 3, 24), np.full(24, 0.2))
    assert search._grown(mixture, 0.5).K == 27
    joined, split = search.polish.calls[0][0]
    assert joined.means[24:, 0].tolist() == [1, 2, 3]
    assert split.K == 27
    heavy = _blame(mixture, search.space.nodes(mixture, 0.05))[:3]
    moved = np.flatnonzero(split.means[:24, 0] != mixture.means[:, 0])
    assert sorted(moved) == sorted(heavy)
    assert search.polish.calls[0][2:] == (2, 8)


def test_near_the_tolerance_a_quick_polish_is_not_the_last():
    mixture = normals([1.0], [0.0], [1.0])
    for rough, calls in ((0.05, 1), (0.11, 2), (0.116, 1), (0.1, 1)):
        search = searching({}, 0.1)
        search.polish.rough = lambda mixture, nodes, error=rough: error
        assert search._settled([mixture], 0.01) is mixture
        assert [call[2:] for call in search.polish.calls] == [(1, 3), (2, 8)][:calls]
    for tolerance in (None, 1e-6):
        search = searching({}, tolerance)
        search._settled([mixture], 0.01)
        assert [call[2:] for call in search.polish.calls] == [(2, 8)]


def test_the_blame_is_the_error_under_a_component():
    mixture = normals(np.full(3, 1 / 3), [-20.0, 0.0, 20.0], np.ones(3))
    x = np.linspace(-30, 30, 1201)
    f = 0.25 * bell(x, -20) + 0.45 * bell(x) + 0.30 * bell(x, 20)
    nodes = Nodes(x[:, None], np.full(1201, 0.05), f)
    assert _blame(mixture, nodes) == [1, 0, 2]
    heavier = Nodes(x[:, None], np.where(x < -10, 0.5, 0.05), f)
    assert _blame(mixture, heavier) == [0, 1, 2]
    beyond = Nodes(np.array([[1e9]]), np.ones(1), np.ones(1))
    assert sorted(_blame(mixture, beyond)) == [0, 1, 2]


def test_one_less_is_one_dropped_or_two_neighbours_merged():
    search = searching({}, None)
    mixture = normals([0.3, 0.1, 0.2, 0.4], [0.0, 5.0, 6.0, 20.0], np.ones(4))
    ranks = {}

    def rough(fewer, nodes):
        return ranks.setdefault(tuple(fewer.means[:, 0].round(6)), len(ranks))

    search.polish.rough = rough
    search._lesser(mixture, 0.01)
    merged = {
        (6.0, 20.0, 1.25), (0.0, 20.0, 5.666667), (0.0, 5.0, 15.333333),
    }  # fmt: skip
    dropped = [(0.0, 6.0, 20.0), (0.0, 5.0, 20.0), (5.0, 6.0, 20.0)]
    assert list(ranks)[:3] == dropped
    assert set(ranks) == merged | set(dropped)
    firsts = search.polish.calls[0][0]
    assert [tuple(first.means[:, 0].round(6)) for first in firsts] == list(ranks)[:4]
    order = dict(zip(reversed(list(ranks)), range(6), strict=True))
    search.polish.rough = lambda fewer, nodes: order[tuple(fewer.means[:, 0].round(6))]
    search._lesser(mixture, 0.01)
    firsts = search.polish.calls[1][0]
    assert [order[tuple(first.means[:, 0].round(6))] for first in firsts] == [
        0,
        1,
        1,
        2,
    ]


def test_as_many_as_asked_are_moved_about_while_that_pays():
    def run(later):
        search = searching({4: 0.5, 5: 0.4}, None, most=5)
        mixture = normals(np.full(5, 0.2), np.arange(5.0), np.ones(5))
        search.path = {5: (0.4, mixture)}
        steps = iter(later)
        search.space.measure = lambda m, norm: 0.5 if m.K == 4 else next(steps)
        end = search._best_of_so_many(0.4, mixture, shown_to([]))
        assert end is search.path[5][1]
        assert search.most == 5
        return search.path[5][0], len(list(steps))

    assert run([0.3, 0.2, 0.1, 0.05]) == (0.1, 1)
    assert run([0.398, 0.2, 0.1, 0.05]) == (0.398, 3)
    assert run([0.5, 0.2, 0.1]) == (0.4, 2)
    assert run([0.3, 0.299, 0.1]) == (0.299, 1)


@pytest.mark.parametrize(
    ("error", "sharp"), [(2e-5, 0), (9e-6, 1), (2e-12, 1), (9e-13, 0)]
)
def test_tiny_errors_are_sharpened(error, sharp):
    search, asked = searching({1: error}, None, most=1), []
    end = normals([1.0], [7.0], [1.0])

    def sharpened(mixture, goal):
        asked.append(goal)
        search.space.errors[1] = error / 2
        return [end]

    search.polish.sharpened = sharpened
    found = search.run(shown_to([]))
    assert len(asked) == sharp
    assert (found is end) == bool(sharp)
    if sharp:
        assert asked[0] == pytest.approx(max(error, 1e-10) / 100)
