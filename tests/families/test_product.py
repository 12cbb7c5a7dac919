"""Rows of named columns: what a product of components promises."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.stats

import mixnotes as mx

PRODUCT = mx.Product({"height": mx.Normal(2.0, 0.5), "eggs": mx.Poisson(3.0)})
TABLE = {"height": [2.0, 1.0, np.nan], "eggs": [3, np.nan, np.nan]}


def penguins():
    """Three columns of 344 birds, eleven of them without a sex."""
    data = mx.datasets.penguins()
    sex = np.full(len(data["sex"]), np.nan)
    sex[data["sex"] == "male"] = 1
    sex[data["sex"] == "female"] = 0
    return {
        "flipper": data["flipper_length_mm"],
        "mass": data["body_mass_g"],
        "sex": sex,
    }


def model(K=3):
    parts = {"flipper": mx.Normal(), "mass": mx.Normal(), "sex": mx.Categorical(n=2)}
    return mx.Mixture(K * [mx.Product(parts)])


def test_the_density_is_the_product_of_the_parts_and_a_gap_says_nothing():
    height = scipy.stats.norm(2.0, 0.5).logpdf([2.0, 1.0])
    eggs = scipy.stats.poisson(3.0).logpmf(3)
    expected = [height[0] + eggs, height[1], 0.0]
    np.testing.assert_allclose(PRODUCT.log_prob(TABLE), expected, rtol=1e-13)


def test_an_array_a_mapping_and_a_structured_array_are_the_same_data():
    rows = np.array([[2.0, 3.0], [1.0, 0.0]])
    record = np.array(
        [(3, 2.0), (0, 1.0)], dtype=[("eggs", np.int64), ("height", np.float64)]
    )
    expected = PRODUCT.log_prob(rows)
    assert np.array_equal(PRODUCT.log_prob(record), expected)
    named = {"eggs": [3, 0], "other": ["a", "b"], "height": [2.0, 1.0]}
    assert np.array_equal(PRODUCT.log_prob(named), expected)


class Frame:
    """As pandas and polars have it: columns by name, each with to_numpy."""

    def __init__(self, columns):
        self._columns = columns
        self.columns = list(columns)

    def __getitem__(self, name):
        return Column(self._columns[name])


class Column:
    def __init__(self, values):
        self._values = values

    def to_numpy(self):
        return np.array(self._values, dtype=object)


def test_a_data_frame_is_asked_by_name_and_none_is_missing():
    frame = Frame({"eggs": [3, None], "height": [2.0, None]})
    expected = PRODUCT.log_prob({"eggs": [3, np.nan], "height": [2.0, np.nan]})
    assert np.array_equal(PRODUCT.log_prob(frame), expected)


def test_a_frame_of_pandas_with_its_own_missing_values():
    frame = pd.DataFrame({"eggs": [3, None], "height": [2.0, 1.0], "other": ["a", "b"]})
    frame["eggs"] = frame["eggs"].astype("Int64")
    expected = PRODUCT.log_prob({"eggs": [3, np.nan], "height": [2.0, 1.0]})
    assert np.array_equal(PRODUCT.log_prob(frame), expected)


def test_a_masked_value_is_missing():
    masked = {"eggs": [3, 1], "height": np.ma.array([2.0, 9.0], mask=[False, True])}
    expected = PRODUCT.log_prob({"eggs": [3, 1], "height": [2.0, np.nan]})
    assert np.array_equal(PRODUCT.log_prob(masked), expected)


def test_each_part_is_fitted_to_what_was_seen_of_its_column():
    fitted = mx.Product({"height": mx.Normal(), "eggs": mx.Poisson()}).fit(
        {"height": [1.0, 3.0, np.nan], "eggs": [4, np.nan, 2]}, sample_weight=[1, 3, 1]
    )
    assert fitted.parts["eggs"] == mx.Poisson(3.0)
    assert fitted.parts["height"].mean == pytest.approx(2.5)


def test_what_was_given_stays():
    template = mx.Product({"height": mx.Normal(sd=0.1), "eggs": mx.Poisson(2.0)})
    fitted = template.fit({"height": [1.0, 3.0], "eggs": [9, 9]})
    assert fitted.parts["height"].sd == 0.1
    assert fitted.parts["eggs"] == mx.Poisson(2.0)


def test_the_order_of_the_columns_does_not_matter():
    turned = mx.Product({"eggs": mx.Poisson(3.0), "height": mx.Normal(2.0, 0.5)})
    both = mx.Mixture([PRODUCT, turned], [0.5, 0.5])
    assert turned == PRODUCT
    assert hash(turned) == hash(PRODUCT)
    np.testing.assert_allclose(both.log_prob(TABLE), PRODUCT.log_prob(TABLE))


def test_a_product_with_a_vector_part():
    pair = mx.MultivariateNormal([0, 1], [[2, 1], [1, 2]])
    product = mx.Product({("a", "b"): pair, "c": mx.Poisson(1.0)})
    table = {"a": [0.5, np.nan], "b": [0.0, 2.0], "c": [1, 0]}
    whole = scipy.stats.multivariate_normal([0, 1], [[2, 1], [1, 2]]).logpdf([0.5, 0.0])
    part = scipy.stats.norm(1, np.sqrt(2)).logpdf(2.0)
    np.testing.assert_allclose(product.log_prob(table), [whole - 1, part - 1])
    mean, cov = product.moments()
    assert mean.tolist() == [0, 1, 1]
    assert cov.tolist() == [[2, 1, 0], [1, 2, 0], [0, 0, 1]]


def test_a_vector_part_learns_from_rows_with_gaps():
    """Bill and flipper together, sex apart, gaps in all three."""
    data, sex = mx.datasets.penguins(), penguins()["sex"]
    pair = data["bill_length_mm"], data["flipper_length_mm"]
    table = {
        "bill": pair[0],
        "flipper": np.where(sex == 1, np.nan, pair[1]),
        "sex": sex,
    }
    parts = {("bill", "flipper"): mx.MultivariateNormal(), "sex": mx.Categorical(n=2)}
    fit = mx.em(mx.Mixture(2 * [mx.Product(parts)]), table, starts=2)
    assert fit.converged
    assert np.all(np.diff(fit.history) >= 0)
    rows = np.array(list(table.values())).T
    assert fit.log_likelihood == pytest.approx(fit.mixture.log_prob(rows).sum())


def test_it_prints_copies_pickles_and_saves():
    template = mx.Product({("a", "b"): mx.MultivariateNormal(d=2), "c": mx.Poisson()})
    for product in (PRODUCT, template):
        assert eval(repr(product), vars(mx)) == product
        assert copy.deepcopy(product) == product
        assert pickle.loads(pickle.dumps(product)) == product
        assert mx.from_json(product.to_json()) == product
    with pytest.raises(AttributeError, match="immutable"):
        PRODUCT.parts = {}


def test_samples_have_one_column_a_name():
    x = PRODUCT.sample(20_000, rng=1)
    assert x.shape == (20_000, 2)
    assert x.mean(axis=0) == pytest.approx([2.0, 3.0], abs=0.06)


def test_three_kinds_of_penguins_with_gaps():
    """The climb rises, ends in a maximum, and the filled gaps are probabilities."""
    table = penguins()
    fit = mx.em(model(), table)
    assert fit.converged
    assert np.all(np.diff(fit.history) >= 0)
    assert fit.model.n_free == 3 * 5 + 2
    filled = fit.mixture.impute(table)
    gap = np.isnan(table["sex"])
    assert np.array_equal(filled[~gap, 2], table["sex"][~gap])
    assert np.all((filled[gap, 2] > 0) & (filled[gap, 2] < 1))
    assert fit.mixture.column_names == ("flipper", "mass", "sex")


@pytest.mark.slow
def test_the_fit_is_that_of_the_complete_rows_where_whole_rows_are_missing():
    """A row of which nothing was seen changes no value, only n."""
    table = {name: column[:50].copy() for name, column in penguins().items()}
    table["sex"][:] = np.arange(50) % 2
    table = {name: column[~np.isnan(column)][:45] for name, column in table.items()}
    longer = {name: np.append(column, np.nan) for name, column in table.items()}
    short, long = mx.em(model(2), table), mx.em(model(2), longer)
    assert long.log_likelihood == pytest.approx(short.log_likelihood, abs=1e-7)
    assert long.n == short.n + 1


def test_blanks_are_named_as_code():
    assert model(1).blanks == (
        "components[0].parts['flipper'].mean",
        "components[0].parts['flipper'].sd",
        "components[0].parts['mass'].mean",
        "components[0].parts['mass'].sd",
        "components[0].parts['sex'].probs",
    )
    fit = mx.em(model(1), penguins())
    name = "components[0].parts['mass'].sd"
    assert fit.mixture.value_of(name) == fit.mixture.components[0].parts["mass"].sd
    low, high = fit.intervals()[name]
    assert 0 < low < fit.mixture.value_of(name) < high


def test_parts_of_several_components_can_share():
    """The same spread in both groups: one number less, and equal values."""
    shared = 2 * [
        mx.Product({"mass": mx.Normal(sd=mx.Shared("sd")), "sex": mx.Bernoulli()})
    ]
    fit = mx.em(mx.Mixture(shared), penguins(), starts=3)
    a, b = (c.parts["mass"].sd for c in fit.mixture.components)
    assert a == pytest.approx(b, rel=1e-12)
    assert fit.model.n_free == 3 + 2 + 1
    free = mx.em(
        mx.Mixture(2 * [mx.Product({"mass": mx.Normal(), "sex": mx.Bernoulli()})]),
        penguins(),
        starts=3,
    )
    assert fit.log_likelihood <= free.log_likelihood + 1e-9


def test_sharing_in_a_product_finds_the_maximum_of_the_packed_engine():
    """One column: the same model as normals of one common spread."""
    x = mx.datasets.faithful()["waiting"]
    fit = mx.em(
        mx.Mixture(2 * [mx.Product({"x": mx.Normal(sd=mx.Shared("s"))})]), {"x": x}
    )
    expected = mx.em(mx.gaussian_mixture(2, "E"), x)
    assert fit.log_likelihood == pytest.approx(expected.log_likelihood, abs=1e-7)


def test_products_may_join_other_columns_in_each_component():
    """The two columns depend on each other in one component alone."""
    truth = mx.Mixture(
        [
            mx.Product(
                {("a", "b"): mx.MultivariateNormal([0, 0], [[1, 0.9], [0.9, 1]])}
            ),
            mx.Product({"a": mx.Normal(4, 1), "b": mx.Normal(-3, 0.5)}),
        ],
        [0.4, 0.6],
    )
    x = truth.sample(600, rng=1)
    fit = mx.em(truth.blank(), x, starts=3)
    assert fit.converged
    assert fit.log_likelihood > truth.log_prob(x).sum()
    joint, apart = fit.mixture.components
    r = fit.mixture.responsibilities(x)
    mean = r.T @ x / r.sum(axis=0)[:, None]
    aside = x - mean[0]
    cov = aside.T @ (aside * r[:, :1]) / r[:, 0].sum()
    np.testing.assert_allclose(joint.parts["a", "b"].mean, mean[0], atol=1e-5)
    np.testing.assert_allclose(joint.parts["a", "b"].cov, cov, atol=1e-5)
    assert [apart.parts[c].mean for c in "ab"] == pytest.approx(mean[1], abs=1e-5)
    errors = fit.standard_errors()
    assert errors["components[1].parts['b'].mean"] == pytest.approx(
        apart.parts["b"].sd / np.sqrt(r[:, 1].sum()), rel=0.1
    )


@pytest.mark.slow
def test_products_that_join_other_columns_can_share():
    share = mx.Normal(sd=mx.Shared("s"))
    model = mx.Mixture(
        [
            mx.Product({("a", "b"): mx.MultivariateNormal(), "c": share}),
            mx.Product({"a": mx.Normal(), "b": mx.Normal(), "c": share}),
        ]
    )
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 3))
    x[150:] += [6, -6, 5]
    fit = mx.em(model, x, starts=2)
    a, b = (c.parts["c"] for c in fit.mixture.components)
    assert a.sd == b.sd
    r = fit.mixture.responsibilities(x)
    squares = (x[:, 2, None] - [a.mean, b.mean]) ** 2
    assert a.sd == pytest.approx(np.sqrt((r * squares).sum() / 300), rel=1e-5)
    assert fit.model.n_free == 5 + 4 + 2 + 1 + 1


def test_the_marginal_of_a_mixture_of_products():
    two = mx.Mixture([PRODUCT, PRODUCT], [0.3, 0.7])
    assert two.marginal(["eggs"]).components[0] == mx.Product({"eggs": mx.Poisson(3.0)})


BAD = [
    (lambda: mx.Product({}), ValueError, "at least one column, got none"),
    (lambda: mx.Product(3), TypeError, "mapping of columns to components, got 3"),
    (lambda: mx.Product({"a": 3}), TypeError, "'a' must have a component .* got 3"),
    (lambda: mx.Product({1: mx.Normal()}), TypeError, "a name, .* got 1"),
    (
        lambda: mx.Product({"a": mx.Normal(), ("a", "b"): mx.MultivariateNormal()}),
        ValueError,
        "one component, got 'a' in two keys",
    ),
    (
        lambda: PRODUCT.log_prob({"height": [1.0]}),
        ValueError,
        "columns height, eggs, got height; eggs is missing",
    ),
    (
        lambda: PRODUCT.log_prob({"height": [1.0], "eggs": [1, 2]}),
        ValueError,
        "of one length, got height: 1, eggs: 2",
    ),
    (
        lambda: PRODUCT.log_prob({"height": ["tall"], "eggs": [1]}),
        TypeError,
        "column 'height' must be numbers, got str.*'tall'.*take a Categorical",
    ),
    (
        lambda: PRODUCT.log_prob({"height": [np.inf], "eggs": [1]}),
        ValueError,
        r"column 'height' must be finite, got height\[0\] = inf",
    ),
    (
        lambda: PRODUCT.log_prob({"height": [[1.0]], "eggs": [1]}),
        ValueError,
        r"column 'height' must be of shape \(n,\), got shape \(1, 1\)",
    ),
    (
        lambda: PRODUCT.log_prob({"height": [], "eggs": []}),
        ValueError,
        "at least one observation, got empty columns",
    ),
    (
        lambda: PRODUCT.log_prob([1.0, 2.0]),
        ValueError,
        r"columns height, eggs, by name or in this order, got an array of shape \(2,\)",
    ),
    (
        lambda: PRODUCT.blank().fit({"height": [1.0, 2.0], "eggs": [1, 2.5]}),
        ValueError,
        r"column 'eggs': Poisson: x must be whole .* got x\[1\] = 2.5",
    ),
    (
        lambda: mx.em(model(2), {"flipper": [1, 2.0], "mass": [1, 2.0], "sex": [0, 2]}),
        ValueError,
        r"column 'sex': Categorical: x must be .* 0 to 1, got x\[1\] = 2",
    ),
    (
        lambda: PRODUCT.blank().fit({"height": [1.0, 2.0], "eggs": [np.nan, np.nan]}),
        ValueError,
        "at least one value, got only missing ones in column 'eggs'",
    ),
    (
        lambda: mx.Mixture([PRODUCT, mx.Product({"height": mx.Normal(0, 1)})]),
        ValueError,
        "must describe the same columns",
    ),
    (
        lambda: mx.Mixture([PRODUCT, mx.Normal(0, 1)]),
        ValueError,
        "must describe the same columns",
    ),
    (
        lambda: PRODUCT.blank("colour"),
        ValueError,
        "takes parameters of its parts, got colour",
    ),
    (
        lambda: mx.Product({"height": mx.Normal()}).log_prob({"height": [1.0]}),
        ValueError,
        "has blanks",
    ),
    (
        lambda: PRODUCT.marginal(["colour"]),
        ValueError,
        r"names of columns, height, eggs, got \['colour'\]",
    ),
]


@pytest.mark.parametrize(("call", "error", "words"), BAD, ids=range(len(BAD)))
def test_errors_say_what_to_do(call, error, words):
    with pytest.raises(error, match=words):
        call()
