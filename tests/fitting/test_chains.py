"""Labels that depend on the one before: against all paths, and what goes wrong."""

import itertools
import pickle
import subprocess
import sys

import numpy as np
import pytest
import scipy.optimize
import scipy.special

import mixnotes as mx

RNG = np.random.default_rng(3)
STEPS = np.array([[0.9, 0.1], [0.2, 0.8]])
TRUE = mx.Chain([mx.Normal(0, 1), mx.Normal(3, 1)], [0.5, 0.5], STEPS)
X = TRUE.sample(300, 1)
TWO = mx.Chain(2 * [mx.Normal()])
FIT = mx.em(TWO, X, starts=3)
THREE = mx.Chain(
    [mx.Poisson(1.0), mx.Poisson(4.0), mx.Poisson(9.0)],
    [0.5, 0.3, 0.2],
    [[0.7, 0.2, 0.1], [0.0, 0.6, 0.4], [0.3, 0.3, 0.4]],
)
COUNTS = np.array([0, 3, 5, 9, 2, 7])


def log_path(chain, dens, z):
    """log p(x, z) of one sequence, term by term."""
    start, steps = chain.label_value[0], chain.label_value[1:]
    with np.errstate(divide="ignore"):
        total = np.log(start[z[0]]) + sum(
            np.log(steps[a, b]) for a, b in itertools.pairwise(z)
        )
    return total + sum(dens[k, t] for t, k in enumerate(z))


def all_paths(chain, x):
    """log p(x), the posterior of each label, of each pair, and the best path."""
    K, n = len(chain.components), len(x)
    dens = np.array([c.log_prob(x) for c in chain.components])
    paths = list(itertools.product(range(K), repeat=n))
    heights = np.array([log_path(chain, dens, z) for z in paths])
    total = scipy.special.logsumexp(heights)
    r, pairs = np.zeros((n, K)), np.zeros((K, K))
    for z, height in zip(paths, heights, strict=True):
        share = np.exp(height - total)
        r[np.arange(n), z] += share
        for a, b in itertools.pairwise(z):
            pairs[a, b] += share
    return total, r, pairs, paths[int(heights.argmax())]


def test_everything_agrees_with_the_sum_over_all_paths():
    """729 of them, some of which a transition of 0 forbids."""
    total, r, pairs, best = all_paths(THREE, COUNTS)
    assert THREE.log_prob(COUNTS).sum() == pytest.approx(total, abs=1e-12)
    np.testing.assert_allclose(THREE.responsibilities(COUNTS), r, atol=1e-12)
    np.testing.assert_array_equal(THREE.predict(COUNTS), r.argmax(axis=1))
    np.testing.assert_array_equal(THREE.path(COUNTS), best)
    first = [all_paths(THREE, COUNTS[: t + 1])[0] for t in range(len(COUNTS))]
    np.testing.assert_allclose(THREE.log_prob(COUNTS), np.diff([0, *first]), atol=1e-12)
    joint = THREE.log_joint(COUNTS)
    np.testing.assert_allclose(
        scipy.special.logsumexp(joint, axis=1), THREE.log_prob(COUNTS), atol=1e-12
    )
    step = mx.em_step(mx.Chain(THREE.components), THREE, COUNTS)
    np.testing.assert_allclose(step.start, r[0], atol=1e-12)
    expected = pairs / pairs.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(step.transition, expected, atol=1e-12)
    free = mx.Chain(3 * [mx.Poisson()], THREE.start, THREE.transition)
    step = mx.em_step(free, THREE, COUNTS)
    rates = r.T @ COUNTS / r.sum(axis=0)
    np.testing.assert_allclose([c.rate for c in step.components], rates, atol=1e-12)
    fit = mx.em(free, COUNTS, start=THREE, max_iter=1)
    assert fit.history[0] == pytest.approx(total, abs=1e-12)


def test_the_published_posterior_of_three_symbols():
    """Ten symbols, 1024 paths, at given parameters."""
    chain = mx.Chain(
        [mx.Categorical([0.5, 0.4, 0.1]), mx.Categorical([0.1, 0.3, 0.6])],
        [0.6, 0.4],
        [[0.7, 0.3], [0.2, 0.8]],
    )
    x = [0, 1, 2, 2, 0, 1, 2, 0, 0, 1]
    assert chain.log_prob(x).sum() == pytest.approx(-11.48855048, abs=1e-8)
    second = [0.14504733, 0.48027981, 0.8863371, 0.87857364, 0.40976169]
    second += [0.52122864, 0.70375963, 0.19730315, 0.13608447, 0.31220497]
    np.testing.assert_allclose(chain.responsibilities(x)[:, 1], second, atol=1e-8)
    assert chain.path(x).tolist() == [0, 0, 1, 1, 1, 1, 1, 0, 0, 0]
    dens = np.array([c.log_prob(x) for c in chain.components])
    best = log_path(chain, dens, chain.path(x))
    assert best == pytest.approx(-14.237893, abs=1e-6)


def test_sequences_know_nothing_of_each_other():
    """In any order, one among the other, as one table or row after row."""
    group = RNG.integers(0, 4, len(COUNTS) * 3)
    x = np.tile(COUNTS, 3)
    parts = [x[group == g] for g in range(4)]
    totals = [all_paths(THREE, part)[0] for part in parts]
    logs = THREE.log_prob(x, groups=group)
    assert logs.sum() == pytest.approx(sum(totals), abs=1e-12)
    r = THREE.responsibilities(x, groups=group)
    path = THREE.path(x, groups=group)
    for g, part in enumerate(parts):
        _, expected, _, best = all_paths(THREE, part)
        np.testing.assert_allclose(r[group == g], expected, atol=1e-12)
        np.testing.assert_array_equal(path[group == g], best)
    free = THREE.blank("weights")
    one = mx.em_step(free, THREE, x, groups=group)
    order = np.argsort(group, kind="stable")
    other = mx.em_step(free, THREE, x[order], groups=group[order].astype(str))
    np.testing.assert_allclose(one.transition, other.transition, atol=1e-12)
    firsts = np.array([all_paths(THREE, part)[1][0] for part in parts])
    np.testing.assert_allclose(one.start, firsts.mean(axis=0), atol=1e-12)


def test_em_climbs_to_where_scipy_ends():
    assert FIT.converged
    assert (np.diff(FIT.history) >= 0).all()
    assert FIT.log_likelihood == pytest.approx(FIT.mixture.log_prob(X).sum(), abs=1e-8)
    plain = mx.em(TWO, X, start=FIT.starts[0].mixture, accelerate=False)
    assert plain.log_likelihood == pytest.approx(FIT.log_likelihood, abs=1e-8)

    def loss(v):
        steps = scipy.special.expit(v[4:6])
        table = [[1 - steps[0], steps[0]], [steps[1], 1 - steps[1]]]
        parts = [mx.Normal(v[k], np.exp(v[2 + k])) for k in range(2)]
        return -mx.Chain(parts, FIT.mixture.start, table).log_prob(X).sum()

    first, second = FIT.mixture.components
    steps = FIT.mixture.transition
    at = [first.mean, second.mean, np.log(first.sd), np.log(second.sd)]
    at += [*scipy.special.logit([steps[0, 1], steps[1, 0]])]
    assert -loss(np.array(at)) == pytest.approx(FIT.log_likelihood, abs=1e-7)
    found = scipy.optimize.minimize(loss, at, method="BFGS")
    assert -found.fun <= FIT.log_likelihood + 1e-6


def test_standard_errors_are_those_of_the_curvature():
    """Of two transitions with all else known, by second differences."""
    known = mx.Chain(TRUE.components, [0.5, 0.5])
    fit = mx.em(known, X)
    a, b = fit.mixture.transition[0, 1], fit.mixture.transition[1, 0]

    def height(a, b):
        steps = [[1 - a, a], [b, 1 - b]]
        return mx.Chain(TRUE.components, [0.5, 0.5], steps).log_prob(X).sum()

    h = 1e-4
    curved = np.empty((2, 2))
    for i, j in itertools.product(range(2), repeat=2):
        ei, ej = h * np.eye(2)[i], h * np.eye(2)[j]
        at = np.array([a, b])
        curved[i, j] = -(
            height(*(at + ei + ej))
            - height(*(at + ei - ej))
            - height(*(at - ei + ej))
            + height(*(at - ei - ej))
        ) / (4 * h * h)
    expected = np.sqrt(np.diagonal(np.linalg.inv(curved)))
    errors = fit.standard_errors()["transition"]
    assert errors.shape == (2, 2)
    np.testing.assert_allclose([errors[0, 1], errors[1, 0]], expected, rtol=1e-3)
    low, high = fit.intervals()["transition"]
    assert ((low > 0) & (low < fit.mixture.transition)).all()
    assert ((high < 1) & (high > fit.mixture.transition)).all()


def test_sandwich_errors_go_by_sequences():
    x = np.concatenate([TRUE.sample(30, seed) for seed in range(40)])
    group = np.repeat(np.arange(40), 30)
    known = mx.Chain(TRUE.components, [0.5, 0.5])
    fit = mx.em(known, x, groups=group)
    assert fit.n_groups == 40
    a, b = fit.standard_errors(), fit.sandwich_errors()
    np.testing.assert_allclose(a["transition"], b["transition"], rtol=0.4)
    found = mx.bootstrap(fit, 60).standard_errors()["transition"]
    np.testing.assert_allclose(b["transition"], found, rtol=0.4)


def test_a_sequence_weighs_as_often_as_it_counts():
    x = np.concatenate([TRUE.sample(30, seed) for seed in range(10)])
    group = np.repeat(np.arange(10), 30)
    often = np.array([2.0, 0, *np.ones(8)])
    a = mx.em(TWO, x, groups=group, sample_weight=often[group], starts=2)
    rows = np.concatenate([np.arange(30), np.arange(30), np.arange(60, 300)])
    again = np.repeat(np.arange(10), 30)
    b = mx.em(TWO, x[rows], groups=again, starts=2)
    assert a.log_likelihood == pytest.approx(b.log_likelihood, abs=1e-7)
    np.testing.assert_allclose(a.mixture.transition, b.mixture.transition, atol=1e-6)
    assert a.entropy == pytest.approx(b.entropy, abs=1e-5)


def test_zeros_stay_and_so_does_what_is_given():
    """Left to right: no way back, and one exit that is known."""
    steps = [[None, None, 0], [0, 0.75, 0.25], [0, 0, 1]]
    model = mx.Chain(3 * [mx.Normal()], [1, 0, 0], steps)
    assert model.n_free == 6 + 1
    assert model.blanks[-1] == "transition"
    x = np.r_[RNG.normal(0, 1, 60), RNG.normal(4, 1, 8), RNG.normal(-3, 1, 60)]
    fit = mx.em(model, x)
    found = fit.mixture.transition
    assert found[0, 2] == found[1, 0] == found[2, 0] == found[2, 1] == 0
    assert (found[1, 1], found[1, 2], found[2, 2]) == (0.75, 0.25, 1)
    assert fit.mixture.start.tolist() == [1, 0, 0]
    assert (np.diff(fit.mixture.path(x)) >= 0).all()
    assert (np.diff(fit.history) >= 0).all()
    assert fit.converged
    part = mx.Chain(2 * [mx.Normal()], [0.25, None], [[None, 0.1], [None, None]])
    assert part.start.tolist() == [0.25, 0.75]
    assert part.n_free == 4 + 1


def test_the_start_may_be_stationary():
    model = mx.Chain(2 * [mx.Normal()], "stationary")
    assert model.n_free == 6
    fit = mx.em(model, X, starts=3)
    assert (np.diff(fit.history) >= 0).all()
    chain = fit.mixture
    assert chain.start == "stationary"
    level = chain.weights
    np.testing.assert_allclose(level @ chain.transition, level, atol=1e-14)
    given = mx.Chain(chain.components, level, chain.transition)
    assert fit.log_likelihood == pytest.approx(given.log_prob(X).sum(), abs=1e-8)

    def loss(v):
        a, b = scipy.special.expit(v)
        steps = [[1 - a, a], [b, 1 - b]]
        return -mx.Chain(chain.components, "stationary", steps).log_prob(X).sum()

    at = scipy.special.logit([chain.transition[0, 1], chain.transition[1, 0]])
    found = scipy.optimize.minimize(loss, at, method="BFGS")
    assert -found.fun <= fit.log_likelihood + 1e-8
    many = np.concatenate([TRUE.sample(4, seed) for seed in range(60)])
    fit = mx.em(model, many, groups=np.repeat(np.arange(60), 4), starts=2)
    assert fit.converged
    assert (np.diff(fit.history) >= 0).all()
    errors = fit.standard_errors()
    assert "start" not in errors


def test_known_and_soft_labels_hold_the_path():
    z = np.array([0, 1, 2, 2, 1, 0])
    known = np.array([0, -1, -1, 2, -1, -1])
    dens = np.array([c.log_prob(COUNTS) for c in THREE.components])
    paths = list(itertools.product(range(3), repeat=6))
    heights = np.array([log_path(THREE, dens, p) for p in paths])
    fits = [(p[0] == 0) & (p[3] == 2) for p in paths]
    total = scipy.special.logsumexp(heights[fits])
    free = THREE.blank("weights")
    fit = mx.em(free, COUNTS, labels=known, start=THREE, max_iter=1)
    assert fit.history[0] == pytest.approx(total, abs=1e-12)
    soft = RNG.uniform(0.1, 1, (6, 3))
    more = [np.log(soft[np.arange(6), p]).sum() for p in paths]
    total = scipy.special.logsumexp(heights + more)
    fit = mx.em(free, COUNTS, labels=soft, start=THREE, max_iter=1)
    assert fit.history[0] == pytest.approx(total, abs=1e-12)
    with pytest.raises(ValueError, match="possible together"):
        mx.em(free, COUNTS, labels=np.r_[1, 0, -np.ones(4)], start=THREE)
    assert z.shape == known.shape


def test_the_entropy_is_that_of_paths():
    paths = list(itertools.product(range(3), repeat=6))
    dens = np.array([c.log_prob(COUNTS) for c in THREE.components])
    heights = np.array([log_path(THREE, dens, p) for p in paths])
    share = np.exp(heights - scipy.special.logsumexp(heights))
    expected = -(share * np.log(np.where(share > 0, share, 1))).sum()
    free = mx.Chain(THREE.components, None, THREE.transition)
    fit = mx.em(free, COUNTS, start=THREE, max_iter=1)
    at = mx.Chain(THREE.components, fit.mixture.start, THREE.transition)
    heights = np.array([log_path(at, dens, p) for p in paths])
    share = np.exp(heights - scipy.special.logsumexp(heights))
    expected = -(share * np.log(np.where(share > 0, share, 1))).sum()
    assert fit.entropy == pytest.approx(expected, abs=1e-10)
    assert fit.bic == pytest.approx(2 * np.log(6) - 2 * fit.log_likelihood)


def test_a_row_far_from_all_components_loses_nothing():
    """Densities of exp(-1e6) beside each other, and a way that is forced."""
    chain = mx.Chain([mx.Normal(0, 1), mx.Normal(1000, 1)], [1, 0], [[0, 1], [1, 0]])
    x = np.array([0.0, 0.0, 0.0, 1000.0])
    expected = sum(chain.components[t % 2].log_prob([v])[0] for t, v in enumerate(x))
    assert chain.log_prob(x).sum() == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(chain.responsibilities(x)[:, 0], [1, 0, 1, 0])
    assert chain.path(x).tolist() == [0, 1, 0, 1]
    step = mx.em_step(chain.blank("transition"), chain, x)
    np.testing.assert_allclose(step.transition, [[0, 1], [1, 0]])


def test_components_may_be_of_any_kind():
    """Mixtures, products with gaps, regressions, a class without sums."""
    inner = mx.Mixture([mx.Normal(), mx.Normal()])
    fit = mx.em(mx.Chain([inner, mx.Normal(3, 1)]), X, starts=2)
    assert fit.log_likelihood == pytest.approx(fit.mixture.log_prob(X).sum(), abs=1e-8)
    assert (np.diff(fit.history) >= 0).all()
    table = {"x": np.where(np.arange(300) % 9 == 0, np.nan, X), "u": np.arange(300.0)}
    product = mx.Product({"x": mx.Normal(), "u": mx.Uniform(-1, 301)})
    fit = mx.em(mx.Chain([product, product]), table, starts=2)
    assert fit.log_likelihood == pytest.approx(
        fit.mixture.log_prob(table).sum(), abs=1e-8
    )
    line = mx.LinearRegression("x", ["u"])
    fit = mx.em(mx.Chain([line, line]), {"x": X, "u": np.arange(300.0)}, starts=2)
    assert (np.diff(fit.history) >= 0).all()
    gamma = mx.em(mx.Chain(2 * [mx.Gamma()]), np.exp(X), starts=2)
    assert gamma.converged
    assert (np.diff(gamma.history) >= 0).all()


def test_a_chain_of_independent_rows_is_a_mixture():
    """Where all rows of the transitions are the weights."""
    w = [0.3, 0.7]
    chain = mx.Chain(TRUE.components, w, [w, w])
    plain = mx.Mixture(TRUE.components, w)
    np.testing.assert_allclose(chain.log_prob(X), plain.log_prob(X), atol=1e-12)
    np.testing.assert_allclose(
        chain.responsibilities(X), plain.responsibilities(X), atol=1e-12
    )
    np.testing.assert_allclose(chain.weights, w, atol=1e-14)
    assert chain.mean() == pytest.approx(plain.mean())
    assert chain.variance() == pytest.approx(plain.variance())
    np.testing.assert_allclose(chain.cdf([0.0, 1.0]), plain.cdf([0.0, 1.0]))
    np.testing.assert_allclose(chain.quantile([0.1, 0.9]), plain.quantile([0.1, 0.9]))


@pytest.mark.parametrize(
    "chain",
    [
        TWO,
        TRUE,
        FIT.mixture,
        THREE,
        mx.Chain(2 * [mx.Normal()], "stationary"),
        mx.Chain(2 * [mx.Normal()], None, [[None, None], [0, 1]]),
        mx.Chain([mx.Poisson(2.0)]),
    ],
    ids=["blank", "two", "a fit", "three", "stationary", "a zero", "one"],
)
def test_a_chain_is_a_value(chain):
    """It compares, hashes, copies, pickles, prints as code and saves as JSON."""
    assert mx.from_json(chain.to_json()) == chain
    assert pickle.loads(pickle.dumps(chain)) == chain
    assert len({chain, mx.from_json(chain.to_json())}) == 1
    assert chain != mx.Chain(2 * [mx.Bernoulli()])
    assert chain.blank().n_free >= chain.n_free
    if chain != FIT.mixture:  # six digits do not sum to 1
        assert eval(repr(chain), vars(mx)) == chain
    with pytest.raises(AttributeError, match="immutable"):
        chain.start = None


def test_all_blank_states_come_by_increasing_mean():
    means = [c.mean for c in FIT.mixture.components]
    assert means == sorted(means)
    np.testing.assert_allclose(FIT.mixture.transition, STEPS, atol=0.1)


def test_draws_follow_the_transitions():
    x, z = TRUE.sample(20_000, 0, labels=True)
    assert x.shape == z.shape == (20_000,)
    pairs = np.zeros((2, 2))
    np.add.at(pairs, (z[:-1], z[1:]), 1)
    shares = pairs / pairs.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(shares, STEPS, atol=0.02)
    for k, component in enumerate(TRUE.components):
        assert x[z == k].mean() == pytest.approx(component.mean, abs=0.05)
    assert TRUE.sample(0, 0).shape == (0,)


def test_a_fit_prints_its_transitions(shown):
    shown.append("\n".join(repr(FIT).splitlines()[:-2]))


def test_states_that_differ_in_their_spread_alone():
    """Stretches of calm and of storm have one mean: seeds by place find neither."""
    true = mx.Chain(
        [mx.Normal(0, 1), mx.Normal(0, 4)], [0.5, 0.5], [[0.98, 0.02], [0.03, 0.97]]
    )
    x = true.sample(800, 5)
    fit = mx.em(TWO, x)
    sds = sorted(c.sd for c in fit.mixture.components)
    np.testing.assert_allclose(sds, [1, 4], rtol=0.15)
    assert fit.log_likelihood > true.log_prob(x).sum()


class Sequences:
    """Blocks that begin anew in every pass, each a sequence."""

    def __init__(self, parts):
        self.parts = parts

    def __iter__(self):
        return iter(self.parts)


def test_blocks_are_sequences():
    """Statistics of one sequence are added to those of others, wherever they are."""
    parts = [TRUE.sample(n, n) for n in (40, 1, 7, 60, 25)]
    group = np.repeat(np.arange(5), [len(part) for part in parts])
    whole = mx.em(TWO, np.concatenate(parts), groups=group, starts=2)
    apart = mx.em(TWO, Sequences(parts), starts=2)
    assert apart.log_likelihood == pytest.approx(whole.log_likelihood, abs=1e-7)
    np.testing.assert_allclose(
        apart.mixture.transition, whole.mixture.transition, atol=1e-6
    )
    assert apart.entropy == pytest.approx(whole.entropy, abs=1e-5)
    assert repr(apart).splitlines()[1:3] == repr(whole).splitlines()[1:3]
    weighted = [(part, np.full(len(part), 2.0)) for part in parts]
    twice = mx.em(TWO, Sequences(weighted), start=whole.mixture)
    assert twice.log_likelihood == pytest.approx(2 * whole.log_likelihood, abs=1e-6)
    left_out = [
        (part, np.full(len(part), 1.0 * (k > 0))) for k, part in enumerate(parts)
    ]
    rest = mx.em(TWO, Sequences(left_out), start=whole.mixture)
    same = mx.em(TWO, Sequences(parts[1:]), start=whole.mixture)
    assert rest.log_likelihood == pytest.approx(same.log_likelihood, abs=1e-7)
    with pytest.raises(ValueError, match="one sample_weight"):
        mx.em(TWO, Sequences([(parts[0], np.arange(40.0))]))
    with pytest.raises(
        ValueError, match=r"in block 1 of x: .* at least one observation"
    ):
        mx.em(TWO, Sequences([parts[0], np.empty(0)]))


def test_a_file_is_one_sequence(tmp_path):
    np.save(tmp_path / "x.npy", X)
    file = np.load(tmp_path / "x.npy", mmap_mode="r")
    fit = mx.em(TWO, file, start=FIT.mixture)
    assert fit.log_likelihood == pytest.approx(FIT.log_likelihood, abs=1e-8)


def test_long_sequences_are_tried_in_stretches():
    """Starts look at some rows of many, and these follow each other."""
    x = TRUE.sample(9000, 2)
    fit = mx.em(TWO, x, starts=2)
    assert fit.converged
    np.testing.assert_allclose(fit.mixture.transition, STEPS, atol=0.03)


def test_models_are_compared_by_sequences_not_seen():
    x = np.concatenate([TRUE.sample(25, seed) for seed in range(12)])
    group = np.repeat(np.arange(12), 25)
    models = {"one": mx.Chain([mx.Normal()]), "two": TWO}
    found = mx.select(models, x, groups=group, folds=3, starts=2, by="held_out")
    assert found.best.name == "two"
    single = found["one"].fit.mixture.components[0]
    assert found["one"].held_out == pytest.approx(single.log_prob(x).mean(), abs=0.05)


def test_it_needs_no_scipy():
    code = (
        "import sys; sys.modules['scipy'] = None\n"
        "import numpy as np, mixnotes as mx\n"
        "x = np.r_[np.arange(9.0), 6 + np.arange(9.0)]\n"
        "fit = mx.em(mx.Chain(2 * [mx.Normal()], 'stationary'), x)\n"
        "assert fit.converged, fit.reason\n"
        "print(len(fit.mixture.path(x)))\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout == "18\n", run.stderr


ABSORBING = mx.Chain([mx.Normal(0, 1), mx.Normal(3, 1)], [0.5, 0.5], np.eye(2))
BAD = {
    "a word": lambda: mx.Chain(TWO.components, "begin"),
    "no probabilities": lambda: mx.Chain(TWO.components, ["a", "b"]),
    "too few": lambda: mx.Chain(TWO.components, [1.0]),
    "a row of zeros": lambda: mx.Chain(TWO.components, None, [[0, 0], [0.5, 0.5]]),
    "not 1": lambda: mx.Chain(TWO.components, [0.5, 0.6]),
    "above 1 with a blank": lambda: mx.Chain(TWO.components, [1.5, None]),
    "negative": lambda: mx.Chain(TWO.components, None, [[-0.5, 1.5], [0.5, 0.5]]),
    "not square": lambda: mx.Chain(TWO.components, None, [[0.5, 0.5]]),
    "ragged": lambda: mx.Chain(TWO.components, None, [[0.5, 0.5], [1.0]]),
    "no one distribution": lambda: mx.Chain(TWO.components, "stationary", np.eye(2)),
    "a mean without one": lambda: ABSORBING.mean(),
    "nested": lambda: mx.Mixture([TWO, mx.Normal()]),
    "no rows": lambda: mx.em(TWO, []),
    "groups too short": lambda: mx.em(TWO, X, groups=[1, 2]),
    "columns": lambda: mx.em(TWO, X, covariates={"age": X}),
    "columns of rows": lambda: TRUE.log_prob(X, {"age": X}),
    "weights within": lambda: mx.em(TWO, X, sample_weight=np.arange(300.0)),
    "blank": lambda: TWO.path(X),
    "impossible": lambda: mx.Chain(
        [mx.Bernoulli(1.0), mx.Bernoulli(0.0)], [1, 0], np.eye(2)
    ).responsibilities([1, 0]),
    "no start": lambda: mx.em(TWO, X, start=mx.Mixture(TRUE.components, [0.5, 0.5])),
    "another start": lambda: mx.em(mx.Chain(TWO.components, [1, 0]), X, start=TRUE),
    "a conditional": lambda: TRUE.conditional({0: 1.0}),
    "online": lambda: mx.em_online(TWO, [X]),
    "a ceiling": lambda: FIT.ceiling(),
    "one sequence drawn": lambda: mx.bootstrap(FIT, 2),
    "one sequence scored": lambda: FIT.sandwich_errors(),
    "parametric": lambda: mx.bootstrap(FIT, 2, parametric=True),
    "a ratio": lambda: mx.likelihood_ratio_test(TWO, TWO, X),
    "dask": lambda: mx.em(TWO, pytest.importorskip("dask.array").from_array(X)),
    "labels of blocks": lambda: mx.em(TWO, Sequences([X]), labels=np.zeros(300)),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_is_refused_with_a_reason(name):
    with pytest.raises((ValueError, TypeError), match=r"\w{3}"):
        BAD[name]()


def test_a_start_on_its_edge_leaves_the_errors_of_the_rest():
    """One sequence has one start: it is sure of it, and says nothing of how sure."""
    errors = FIT.standard_errors()
    assert np.isnan(errors["start"]).all()
    first = FIT.mixture.start.round()
    given = mx.Chain(2 * [mx.Normal()], first)
    known = mx.em(
        given, X, start=mx.Chain(FIT.mixture.components, first, FIT.mixture.transition)
    ).standard_errors()
    for key, error in known.items():
        np.testing.assert_allclose(errors[key], error, rtol=1e-4)


def test_a_sequence_that_no_path_can_have_made_is_told():
    """A chain that must stay at a mass of 3 meets a 4."""
    parts = [mx.Poisson(), mx.PointMass(3)]
    chain = mx.Chain(parts, start=[0, 1], transition=[[0, 1], [0, 1]])
    with pytest.raises(ValueError, match=r"possible as a whole.*transitions allow"):
        mx.em(chain, [3, 3, 4])
