"""Student's t in space with missing entries, exact under missing at random."""

import numpy as np
import pytest
import scipy.integrate
import scipy.stats

import mixnotes as mx
from tests.data.test_gaps import with_gaps

LOC = np.array([1.0, -1.0, 0.5])
SHAPE = np.array([[2, 1, 0], [1, 3, 1], [0, 1, 1.0]])
ROW = np.array([0.3, -2.0, 1.0])
NAN = np.nan


def draws(n=150, df=4.0, rng=3):
    return mx.MultivariateStudentT(df, LOC, SHAPE).sample(n, rng=rng)


@pytest.mark.parametrize("seen", [[0], [1, 2], [0, 2], [0, 1, 2]])
@pytest.mark.parametrize("df", [0.7, 4.0, 500.0])
def test_the_density_is_that_of_what_was_seen(seen, df):
    x = np.full((1, 3), NAN)
    x[0, seen] = ROW[seen]
    twin = scipy.stats.multivariate_t(LOC[seen], SHAPE[np.ix_(seen, seen)], df)
    found = mx.MultivariateStudentT(df, LOC, SHAPE).log_prob(x)
    assert found == pytest.approx(twin.logpdf(ROW[seen]), rel=1e-10)


def test_a_row_of_which_nothing_was_seen_says_nothing():
    t = mx.MultivariateStudentT(3, LOC, SHAPE)
    assert t.log_prob([[NAN] * 3, ROW]).tolist() == [0.0, t.log_prob([ROW])[0]]


def test_at_infinite_df_it_is_the_normal_with_gaps():
    x = with_gaps(draws(), 0.3)
    t = mx.MultivariateStudentT(np.inf, LOC, SHAPE)
    normal = mx.MultivariateNormal(LOC, SHAPE)
    np.testing.assert_allclose(t.log_prob(x), normal.log_prob(x), rtol=1e-12)
    np.testing.assert_allclose(t.filled_in(x), normal.filled_in(x), rtol=1e-12)
    fitted = mx.MultivariateStudentT(df=np.inf).fit(x)
    expected = mx.MultivariateNormal().fit(x)
    np.testing.assert_allclose(fitted.loc, expected.mean, rtol=1e-6)
    np.testing.assert_allclose(fitted.shape, expected.cov, rtol=1e-5, atol=1e-6)


def test_rows_of_which_nothing_was_seen_do_not_move_a_fit():
    x = draws()
    whole = mx.MultivariateStudentT().fit(x)
    more = mx.MultivariateStudentT().fit(np.concatenate([x, np.full((40, 3), NAN)]))
    assert more.df == pytest.approx(whole.df, rel=1e-5)
    np.testing.assert_allclose(more.loc, whole.loc, atol=1e-6)
    np.testing.assert_allclose(more.shape, whole.shape, rtol=1e-5, atol=1e-6)


def test_one_column_seen_at_a_time_is_fitted_as_columns_of_their_own():
    """With df given and no row in which two entries were seen, each column's place and
    scale are those of a t on the line."""
    x = draws(120)[:, :2]
    lost = np.arange(120) % 2
    x[np.arange(120), lost] = NAN
    t = mx.MultivariateStudentT(df=3.0).fit(x)
    for j in range(2):
        one = mx.StudentT(df=3.0).fit(x[lost != j, j])
        assert t.loc[j] == pytest.approx(one.loc, rel=1e-6)
        assert t.shape[j, j] == pytest.approx(one.scale**2, rel=1e-6)


@pytest.mark.parametrize(
    "template",
    [
        mx.MultivariateStudentT(),
        mx.MultivariateStudentT(df=3.0),
        mx.MultivariateStudentT(loc=LOC),
        mx.MultivariateStudentT(shape=SHAPE),
    ],
    ids=["all blank", "df given", "loc given", "shape given"],
)
def test_the_limit_is_a_maximum(template):
    """No small move of what is learned goes up."""
    x = with_gaps(draws(), 0.3)
    best = template.fit(x)
    top = best.log_prob(x).sum()
    line, rng = template.unconstrain(best), np.random.default_rng(1)
    for _ in range(40):
        near = template.constrain(line + 1e-3 * rng.normal(size=len(line)), best)
        assert near.log_prob(x).sum() < top
    for name in {"df", "loc", "shape"} - set(template.blanks):
        np.testing.assert_array_equal(getattr(best, name), getattr(template, name))


def test_each_step_rises():
    x, t = with_gaps(draws(80), 0.4), mx.MultivariateStudentT()
    here = mx.MultivariateStudentT(1.0, LOC + 3, 5 * np.eye(3))
    weight = np.random.default_rng(0).random(80)
    before = weight @ here.log_prob(x)
    for _ in range(30):
        here = t._fit(x, weight, here)
        now = weight @ here.log_prob(x)
        assert now >= before
        before = now


def test_a_mixture_climbs_with_gaps_to_a_maximum():
    a = mx.MultivariateStudentT(5, [0, 0], np.eye(2)).sample(120, rng=0)
    b = mx.MultivariateStudentT(5, [5, 3], [[2, 1], [1, 1]]).sample(80, rng=1)
    x = with_gaps(np.concatenate([a, b]), 0.25)
    model = mx.Mixture(2 * [mx.MultivariateStudentT(df=5.0)])
    fit = mx.em(model, x, starts=2)
    assert fit.converged
    assert np.all(np.diff(fit.history) >= 0)
    assert fit.log_likelihood == pytest.approx(fit.mixture.log_prob(x).sum(), rel=1e-12)
    rng, best = np.random.default_rng(2), fit.mixture
    for _ in range(20):
        near = [
            c.constrain(
                c.unconstrain(f) + 1e-3 * rng.normal(size=len(c.unconstrain(f))), f
            )
            for c, f in zip(
                model.with_dimension(2).components, best.components, strict=True
            )
        ]
        assert mx.Mixture(near, best.weights).log_prob(x).sum() < fit.log_likelihood


def test_a_weight_of_two_is_the_row_twice():
    x = with_gaps(draws(60), 0.3)
    weight = np.where(np.arange(60) < 10, 2.0, 1.0)
    start = mx.MultivariateStudentT(3.0, LOC, SHAPE)
    a = start.blank()._fit(x, weight, start)
    b = start.blank()._fit(np.concatenate([x, x[:10]]), np.ones(70), start)
    np.testing.assert_allclose(a.log_prob(x), b.log_prob(x), rtol=1e-10)


@pytest.mark.parametrize("factor", [1e-9, 1e9])
def test_a_change_of_unit_changes_nothing_else(factor):
    x = with_gaps(draws(), 0.2)
    here = mx.MultivariateStudentT().fit(x)
    there = mx.MultivariateStudentT().fit(x * factor + 100 * factor)
    assert there.df == pytest.approx(here.df, rel=1e-5)
    np.testing.assert_allclose(there.shape, here.shape * factor**2, rtol=1e-4)


def test_a_column_of_a_product_may_be_rows_with_gaps():
    x = with_gaps(draws(), 0.2)
    columns = {"a": x[:, 0], "b": x[:, 1], "c": np.arange(150) % 3}
    product = mx.Product(
        {("a", "b"): mx.MultivariateStudentT(df=4.0), "c": mx.Categorical(n=3)}
    ).fit(columns)
    alone = mx.MultivariateStudentT(df=4.0).fit(x[:, :2])
    np.testing.assert_allclose(product.parts["a", "b"].loc, alone.loc, rtol=1e-6)
    np.testing.assert_allclose(product.parts["a", "b"].shape, alone.shape, rtol=1e-6)


# ------------------------------------------------------- marginals and conditionals


def test_the_conditional_is_the_joint_over_the_marginal():
    t = mx.MultivariateStudentT(3.0, LOC, SHAPE)
    rest = t.conditional({2: 1.5, 0: -4.0})
    known = t.marginal([2, 0])
    for y in (-3.0, 0.0, 2.5):
        joint = t.log_prob([[-4.0, y, 1.5]])
        expected = joint - known.log_prob([[1.5, -4.0]])
        assert rest.log_prob([[y]]) == pytest.approx(expected, rel=1e-10)
    assert rest.df == 5.0


def test_the_conditional_of_a_mixture_is_the_joint_over_the_marginal():
    mixture = mx.Mixture(
        [
            mx.MultivariateStudentT(3.0, LOC, SHAPE),
            mx.MultivariateNormal(LOC + 1, 2 * SHAPE),
        ],
        [0.3, 0.7],
    )
    rest = mixture.conditional({1: 0.5})
    y = np.array([[0.2, 3.0], [-2.0, 0.0]])
    joint = mixture.log_prob(np.insert(y, 1, 0.5, axis=1))
    expected = joint - mixture.marginal([1]).log_prob([[0.5]])
    np.testing.assert_allclose(rest.log_prob(y), expected, rtol=1e-10)


def test_a_gap_is_filled_with_the_conditional_mean():
    t = mx.MultivariateStudentT(4.0, LOC[:2], SHAPE[:2, :2])
    filled = mx.Mixture([t]).impute([[2.0, NAN], [NAN, NAN]])

    def density(y):
        return np.exp(t.log_prob([[2.0, y]]))[0]

    level = scipy.integrate.quad(density, -np.inf, np.inf)[0]
    mean = scipy.integrate.quad(lambda y: y * density(y), -np.inf, np.inf)[0] / level
    assert filled[0, 1] == pytest.approx(mean, rel=1e-6)
    np.testing.assert_allclose(filled[1], LOC[:2])


def test_a_mean_that_does_not_exist_is_an_error_and_no_nan():
    cauchy = mx.Mixture([mx.MultivariateStudentT(1.0, LOC[:2], SHAPE[:2, :2])])
    assert np.isfinite(cauchy.impute([[1.0, NAN]])).all()
    with pytest.raises(ValueError, match=r"no mean, got x\[1, 0\]"):
        cauchy.impute([[1.0, NAN], [NAN, NAN]])


def test_errors():
    t = mx.MultivariateStudentT()
    with pytest.raises(ValueError, match=r"at least one value.* column 1;"):
        t.fit([[1.0, NAN], [2.0, NAN], [3.0, NAN]])
    with pytest.raises(ValueError, match=r"finite, got x\[0, 1\] = inf"):
        t.fit([[1.0, np.inf], [2.0, 1.0]])
    with pytest.raises(ValueError, match="got column 1 all equal to 5"):
        t.fit([[1.0, 5.0], [2.0, NAN], [4.0, 5.0]])
    filled = mx.MultivariateStudentT(3.0, LOC, SHAPE)
    with pytest.raises(ValueError, match=r"different numbers from 0 to 2.*got \[1, 1"):
        filled.marginal([1, 1])
    with pytest.raises(TypeError, match="mapping of columns to values"):
        filled.conditional([1])
    with pytest.raises(ValueError, match="must leave a column"):
        filled.conditional({0: 1.0, 1: 1.0, 2: 1.0})
    with pytest.raises(ValueError, match="needs every parameter"):
        mx.MultivariateStudentT(df=3.0, loc=LOC).marginal([0])


def test_a_step_of_complete_rows_is_the_stretched_one():
    """Three rounds of weighted moments, over the sum of the latent precisions (Kent,
    Tyler and Vardi 1994)."""
    x, df = draws(40), 3.0
    loc, shape = LOC + 1, 2 * np.eye(3)
    found = mx.MultivariateStudentT(df=df)._fit(
        x, np.ones(40), mx.MultivariateStudentT(df, loc, shape)
    )
    for _ in range(3):
        far = np.einsum("ni,ij,nj->n", x - loc, np.linalg.inv(shape), x - loc)
        pull = (df + 3) / (df + far)
        loc = pull @ x / pull.sum()
        shape = (x - loc).T @ ((x - loc) * pull[:, None]) / pull.sum()
    np.testing.assert_allclose(found.loc, loc, rtol=1e-10)
    np.testing.assert_allclose(found.shape, shape, rtol=1e-10, atol=1e-12)
