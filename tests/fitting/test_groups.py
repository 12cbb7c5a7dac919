"""One label for several rows: against all assignments, and what goes wrong."""

import itertools

import numpy as np
import pytest
import scipy.special

import mixnotes as mx

RNG = np.random.default_rng(1)
GROUP = np.repeat(np.arange(40), RNG.integers(1, 6, 40))
KIND = (RNG.random(40) < 0.4).astype(int)
X = RNG.normal(1.5 * KIND[GROUP], 1.0)
TWO = mx.Mixture(2 * [mx.Normal()])
FIT = mx.em(TWO, X, groups=GROUP)


def by_hand(mixture, x, group, weight=None):
    """log p(group, z = k), (groups, K), row after row."""
    weight = np.ones(len(x)) if weight is None else weight
    found = []
    for g in np.unique(group):
        mine = group == g
        dens = [weight[mine] @ c.log_prob(x[mine]) for c in mixture.components]
        found.append(np.log(mixture.weights) + dens)
    return np.array(found)


def test_the_likelihood_is_that_of_all_assignments():
    """Five groups of three kinds: 243 assignments, summed one by one."""
    three = mx.Mixture(
        [mx.Normal(0, 1), mx.Normal(1, 2), mx.Normal(3, 0.5)], [0.2, 0.5, 0.3]
    )
    group = np.array([0, 0, 1, 2, 2, 2, 3, 4, 4, 4])
    x = RNG.normal(1, 1, 10)
    dens = np.array([c.log_prob(x) for c in three.components])
    heights, post = [], np.zeros((5, 3))
    for z in itertools.product(range(3), repeat=5):
        label = np.array(z)
        row = dens[label[group], np.arange(10)].sum()
        heights.append(row + np.log(three.weights[label]).sum())
        post[np.arange(5), label] += np.exp(heights[-1])
    total = scipy.special.logsumexp(heights)
    post /= np.exp(total)
    r = three.responsibilities(x, groups=group)
    np.testing.assert_allclose(r, post[group], atol=1e-12)
    np.testing.assert_array_equal(
        three.predict(x, groups=group), post[group].argmax(axis=1)
    )
    blank = three.blank("weights")
    step = mx.em_step(blank, three, x, groups=group)
    np.testing.assert_allclose(step.weights, post.mean(axis=0), atol=1e-12)
    fit = mx.em(blank, x, groups=group, start=three, max_iter=1)
    assert fit.history[0] == pytest.approx(total, abs=1e-12)


def test_em_climbs_to_where_the_sum_over_groups_is_highest():
    joint = by_hand(FIT.mixture, X, GROUP)
    rows = scipy.special.logsumexp(joint, axis=1)
    assert FIT.log_likelihood == pytest.approx(rows.sum(), abs=1e-9)
    assert FIT.converged
    assert (np.diff(FIT.history) >= 0).all()
    share = np.exp(joint - rows[:, None])
    entropy = -(share * np.log(np.where(share > 0, share, 1))).sum()
    assert FIT.entropy == pytest.approx(entropy, abs=1e-9)
    assert (FIT.n, FIT.n_groups) == (len(X), 40)
    bic = 5 * np.log(40) - 2 * FIT.log_likelihood
    assert FIT.bic == pytest.approx(bic, abs=1e-9)
    assert "observations in 40 groups" in repr(FIT)


def test_groups_of_one_row_are_no_groups():
    alone, plain = mx.em(TWO, X, groups=np.arange(len(X))), mx.em(TWO, X)
    assert alone.log_likelihood == pytest.approx(plain.log_likelihood, abs=1e-7)


def test_rows_may_come_in_any_order_and_groups_have_any_names():
    order = RNG.permutation(len(X))
    words = np.array([f"subject {g}" for g in GROUP])
    fit = mx.em(TWO, X[order], groups=words[order])
    assert fit.log_likelihood == pytest.approx(FIT.log_likelihood, abs=1e-7)
    dates = mx.em(TWO, X, groups=GROUP.astype("datetime64[D]"))
    assert dates.log_likelihood == pytest.approx(FIT.log_likelihood, abs=1e-7)
    table = {"x": X, "who": words, "age": GROUP / 10}
    one = mx.Product({"x": mx.Normal()})
    named = mx.em(mx.Mixture([one, one]), table, groups="who")
    assert named.log_likelihood == pytest.approx(FIT.log_likelihood, abs=1e-7)
    r = named.mixture.responsibilities(table, groups="who")
    np.testing.assert_allclose(r, FIT.mixture.responsibilities(X, groups=GROUP), 1e-4)


def test_a_weight_is_how_often_a_row_counts_in_its_group():
    w = np.where(np.arange(len(X)) % 3 == 0, 2.0, 1.0)
    w[GROUP == 3] = 0
    kept = np.repeat(np.arange(len(X)), w.astype(int))
    a = mx.em(TWO, X, groups=GROUP, sample_weight=w)
    b = mx.em(TWO, X[kept], groups=GROUP[kept])
    assert a.log_likelihood == pytest.approx(b.log_likelihood, abs=1e-7)
    assert a.n_groups == b.n_groups == 39
    joint = by_hand(a.mixture, X, GROUP, w)[np.arange(40) != 3]
    total = scipy.special.logsumexp(joint, axis=1)
    assert a.log_likelihood == pytest.approx(total.sum(), abs=1e-9)
    r = a.mixture.responsibilities(X, groups=GROUP, sample_weight=w)
    share = np.exp(joint - total[:, None])
    mine = GROUP != 3
    np.testing.assert_allclose(r[mine], np.insert(share, 3, 0, 0)[GROUP[mine]])
    labels = a.mixture.predict(X, groups=GROUP, sample_weight=w)
    np.testing.assert_array_equal(labels, r.argmax(axis=1))


def test_known_labels_and_weights_by_columns_go_with_groups():
    labels = np.full(len(X), -1)
    first = np.unique(GROUP, return_index=True)[1]
    labels[first[:5]] = KIND[:5]  # one row of a group tells of all
    fit = mx.em(TWO, X, groups=GROUP, labels=labels)
    joint = by_hand(fit.mixture, X, GROUP)
    known = joint[np.arange(5), KIND[:5]].sum()
    rest = scipy.special.logsumexp(joint[5:], axis=1).sum()
    assert fit.log_likelihood == pytest.approx(known + rest, abs=1e-9)
    dose = RNG.normal(KIND, 1.0)
    gated = mx.Mixture(2 * [mx.Normal()], weights=mx.Gate(["dose"]))
    on = {"dose": dose[GROUP]}
    fit = mx.em(gated, X, groups=GROUP, covariates=on)
    logs = fit.mixture.weights.log_weights({"dose": dose}, 40).T
    dens = by_hand(fit.mixture.at({"dose": 0}), X, GROUP)
    dens = dens - np.log(fit.mixture.at({"dose": 0}).weights)
    total = scipy.special.logsumexp(logs + dens, axis=1)
    assert fit.log_likelihood == pytest.approx(total.sum(), abs=1e-9)
    r = fit.mixture.responsibilities(X, on, GROUP)
    expected = np.exp(logs + dens - total[:, None])[GROUP]
    np.testing.assert_allclose(r, expected, atol=1e-9)


def test_mixtures_within_draw_a_label_for_each_row():
    """A group is of one kind; its rows are from two places of that kind."""
    inner = mx.Mixture([mx.Normal(-1, 1), mx.Normal(1, 1)])
    model = mx.Mixture([inner, mx.Normal(4, 1)])
    fit = mx.em(model, X, groups=GROUP, starts=3)
    joint = by_hand(fit.mixture, X, GROUP)
    total = scipy.special.logsumexp(joint, axis=1).sum()
    assert fit.log_likelihood == pytest.approx(total, abs=1e-9)
    assert (np.diff(fit.history) >= 0).all()


def test_standard_errors_count_groups():
    """Of weights alone the information is a sum over groups."""
    known = mx.Mixture([mx.Normal(0, 1), mx.Normal(1.5, 1)])
    fit = mx.em(known, X, groups=GROUP)
    joint = by_hand(fit.mixture, X, GROUP)
    dens = np.exp(joint - joint.max(axis=1)[:, None]) / fit.mixture.weights
    scores = (dens[:, 0] - dens[:, 1]) / (dens @ fit.mixture.weights)
    expected = 1 / np.sqrt((scores**2).sum())
    errors = fit.standard_errors()["weights"]
    np.testing.assert_allclose(errors, expected, rtol=1e-5)
    np.testing.assert_allclose(fit.sandwich_errors()["weights"], expected, rtol=1e-4)


def test_the_bootstrap_draws_groups():
    """The share of groups scatters as the share of 40 does, not as that of 118 rows."""
    known = mx.Mixture([mx.Normal(-9, 1), mx.Normal(9, 1)])
    fit = mx.em(known, np.where(KIND[GROUP] == 1, 9.0, -9.0), groups=GROUP)
    share = KIND.mean()
    found = mx.bootstrap(fit, 100).standard_errors()["weights"][0]
    assert found == pytest.approx(np.sqrt(share * (1 - share) / 40), rel=0.3)


def test_folds_keep_groups_whole():
    """Two rows of a group in two folds would tell of each other."""
    found = mx.select(mx.Normal(), X, K=[1, 2], groups=GROUP, folds=4, starts=2)
    assert found[2].held_out > found[1].held_out
    one = found[1].fit.mixture.components[0]
    assert found[1].held_out == pytest.approx(one.log_prob(X).mean(), abs=0.1)


def test_many_rows_are_tried_in_whole_groups():
    """Starts look at some rows of many, and never at half a group."""
    n = 3000
    group = np.repeat(np.arange(n), 3)
    kind = RNG.random(n) < 0.3
    x = RNG.normal(2.0 * kind[group], 1.0)
    fit = mx.em(TWO, x, groups=group, starts=2)
    assert fit.converged
    np.testing.assert_allclose(fit.mixture.weights, [0.7, 0.3], atol=0.05)


GATED = mx.Mixture(2 * [mx.Normal()], weights=mx.Gate(["age"]))
BAD = {
    "too short": lambda: mx.em(TWO, X, groups=GROUP[1:]),
    "no column": lambda: mx.em(TWO, X, groups="who"),
    "another column": lambda: mx.em(
        mx.Mixture(2 * [mx.Product({"x": mx.Normal()})]), {"x": X}, groups="who"
    ),
    "a gap": lambda: mx.em(TWO, X, groups=np.where(GROUP == 2, np.nan, GROUP)),
    "two dimensions": lambda: mx.em(TWO, X, groups=np.c_[GROUP, GROUP]),
    "split labels": lambda: mx.em(TWO, X, groups=GROUP, labels=np.arange(len(X)) % 2),
    "split columns": lambda: mx.em(GATED, X, groups=GROUP, covariates={"age": X}),
    "folds": lambda: mx.select(mx.Normal(), X, K=[1], groups=GROUP, folds=99),
    "a ceiling": lambda: FIT.ceiling(),
    "parametric": lambda: mx.bootstrap(FIT, 2, parametric=True),
    "a ratio": lambda: mx.likelihood_ratio_test(TWO, TWO, X, groups=GROUP),
}


def test_large_numbers_of_groups_are_told_apart():
    """Identifiers of 64 bits: floats would run neighbours together."""
    rng = np.random.default_rng(3)
    few = np.repeat(np.arange(40), 5)
    x = np.repeat(3.0 * (np.arange(40) % 2), 5) + rng.normal(size=200)
    model = mx.Mixture(2 * [mx.Normal()])
    fit = mx.em(model, x, groups=few, starts=2)
    for ids in (few + 2**60, few.astype(np.uint64) + np.uint64(2**63)):
        assert mx.em(model, x, groups=ids, starts=2).n_groups == 40
        far = mx.em(model, x, groups=ids, starts=2).log_likelihood
        assert far == pytest.approx(fit.log_likelihood, abs=1e-8)


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_is_refused_with_a_reason(name):
    with pytest.raises((ValueError, TypeError), match=r"\w{3}"):
        BAD[name]()


def test_rows_of_two_values_in_each_group():
    """Seeds are 0 and 1, and no coin that shows only one side makes a group of both."""
    heads = np.array([5, 9, 8, 4, 7])
    x = np.tile([1.0, 0.0], 5)
    often = np.array([heads, 10 - heads]).T.ravel()
    two = mx.Mixture(2 * [mx.Bernoulli()])
    fit = mx.em(two, x, sample_weight=often, groups=np.repeat(np.arange(5), 2))
    sets = mx.em(mx.Mixture(2 * [mx.Binomial(n=10)]), heads)
    found = [c.p for c in fit.mixture.components]
    expected = [c.p for c in sets.mixture.components]
    assert sorted(found) == pytest.approx(sorted(expected), abs=1e-6)
