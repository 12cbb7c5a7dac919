"""Words wherever a category stands: learned, kept, shown, saved, sampled and filled."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest

import mixnotes as mx

BIRDS = mx.datasets.penguins()
ONE = mx.Product(
    {"species": mx.Categorical(), "sex": mx.Categorical(), "body_mass_g": mx.Normal()}
)
FIT = mx.em(mx.Mixture(3 * [ONE]), BIRDS, starts=3)
SEX = np.where(BIRDS["sex"] == "", None, BIRDS["sex"])


class Enum:
    """A column of polars' Enum: an order of its own, and no `__array__`."""

    class dtype:
        categories = ("male", "female")

    def to_numpy(self):
        return SEX

    def __len__(self):
        return len(SEX)


class Unordered(Enum):
    """A column of polars' Categorical, whose categories have no order."""

    class dtype:
        categories = object()


class Dictionary:
    """A dictionary of Arrow, whose `to_numpy` turns what is missing into a word."""

    type = "dictionary<values=string, indices=int8, ordered=0>"

    class dictionary:
        def to_pylist():
            return ["male", "female"]

    def to_pylist(self):
        return SEX.tolist()

    def to_numpy(self):
        return np.where(SEX == "male", "male", "female")

    __array__ = to_numpy

    def __len__(self):
        return len(SEX)


@pytest.mark.parametrize(
    ("sex", "levels"),
    [
        (BIRDS["sex"], ("female", "male")),
        (SEX, ("female", "male")),
        (SEX.tolist(), ("female", "male")),
        ([np.nan if v is None else v for v in SEX], ("female", "male")),
        (pd.Series(SEX), ("female", "male")),
        (pd.Series(SEX, dtype="string"), ("female", "male")),
        (pd.Series(SEX).astype("category"), ("female", "male")),
        (pd.Categorical(SEX, ["none", "male", "female"]), ("male", "female")),
        (Enum(), ("male", "female")),
        (Unordered(), ("female", "male")),
        (Dictionary(), ("male", "female")),
    ],
    ids=lambda v: type(v).__name__,
)
def test_words_of_any_kind_give_the_same_fit(sex, levels):
    x = {"species": BIRDS["species"], "sex": sex, "body_mass_g": BIRDS["body_mass_g"]}
    fit = mx.em(mx.Mixture(3 * [ONE]), x, starts=3)
    assert fit.log_likelihood == pytest.approx(FIT.log_likelihood, abs=1e-8)
    assert fit.model.components[0].parts["sex"].levels == levels


def test_words_are_the_codes_that_one_would_make_of_them():
    """The same likelihood as of whole numbers, with what is missing NaN."""
    codes = np.unique(BIRDS["species"], return_inverse=True)[1]
    sex = np.where(SEX == "female", 0.0, np.where(SEX == "male", 1.0, np.nan))
    one = mx.Product(
        {
            "species": mx.Categorical(n=3),
            "sex": mx.Categorical(n=2),
            "body_mass_g": mx.Normal(),
        }
    )
    x = {"species": codes, "sex": sex, "body_mass_g": BIRDS["body_mass_g"]}
    fit = mx.em(mx.Mixture(3 * [one]), x, starts=3)
    assert fit.log_likelihood == pytest.approx(FIT.log_likelihood, abs=1e-8)
    assert fit.bic == pytest.approx(FIT.bic)


def test_a_table_of_pandas_polars_or_arrow_is_one_table():
    frame = BIRDS.to_frame()
    tables = [frame, frame.astype({"sex": "category"})]
    polars = pytest.importorskip("polars")
    pyarrow = pytest.importorskip("pyarrow")
    tables += [polars.from_pandas(frame), pyarrow.table(frame)]
    words = {"sex": pyarrow.array(SEX).dictionary_encode()}
    numbers = {k: frame[k] for k in ("species", "body_mass_g")}
    tables.append(pyarrow.table(numbers | words))
    for table in tables:
        fit = mx.em(mx.Mixture(3 * [ONE]), table, starts=3)
        assert fit.log_likelihood == pytest.approx(FIT.log_likelihood, abs=1e-8)


def test_levels_are_shown_and_kept():
    shown = str(FIT)
    assert "sex: Categorical(female: " in shown
    assert "species: Categorical(Adelie: " in shown
    found = FIT.mixture
    assert "Categorical({'female': " in repr(found)
    for other in (
        mx.from_json(found.to_json()),
        pickle.loads(pickle.dumps(found)),
        copy.deepcopy(found),
    ):
        assert other == found
        np.testing.assert_array_equal(other.predict(BIRDS), found.predict(BIRDS))
    assert found.blank().components[0].parts["sex"].levels == ("female", "male")
    coin = mx.Categorical({"heads": 0.25, "tails": 0.75})
    assert eval(repr(coin), vars(mx)) == coin
    blank = mx.Categorical(levels=["heads", "tails"])
    assert eval(repr(blank), vars(mx)) == blank


def test_samples_are_words_and_can_be_fitted():
    drawn = FIT.mixture.sample(400, rng=0)
    assert set(drawn) == {"species", "sex", "body_mass_g"}
    assert set(drawn["sex"]) == {"female", "male"}
    again = mx.em(mx.Mixture(3 * [ONE]), drawn, starts=1)
    assert again.model.components[0].parts["species"].levels == tuple(
        np.unique(BIRDS["species"])
    )
    coin = mx.Categorical({"heads": 0.25, "tails": 0.75}).sample(1000, rng=0)
    assert (coin == "heads").mean() == pytest.approx(0.25, abs=0.05)


def test_a_missing_word_is_filled_with_the_most_probable_one():
    found = FIT.mixture
    filled = found.impute(BIRDS)
    gaps = np.flatnonzero(BIRDS["sex"] == "")
    r = found.responsibilities(BIRDS)[gaps]
    probs = r @ [part.parts["sex"].probs for part in found.components]
    expected = np.array(["female", "male"])[probs.argmax(axis=1)]
    np.testing.assert_array_equal(filled["sex"][gaps], expected)
    rest = BIRDS["sex"] != ""
    np.testing.assert_array_equal(filled["sex"][rest], BIRDS["sex"][rest])


def test_given_what_is_known_of_a_row_the_rest_has_quantiles():
    """By the ratio of densities, and with a word among what is known."""
    bill = "bill_length_mm", "bill_depth_mm"
    one = mx.Product({"species": mx.Categorical(), bill: mx.MultivariateNormal()})
    found = mx.em(mx.Mixture(2 * [one]), BIRDS, starts=2).mixture
    known = {"species": "Gentoo", "bill_length_mm": 45.0}
    depth = np.linspace(5, 30, 4001)
    rows = {name: np.repeat(value, 4001) for name, value in known.items()}
    density = np.exp(found.log_prob(rows | {"bill_depth_mm": depth}))
    density /= np.trapezoid(density, depth)
    rest = found.conditional(known)
    here = np.exp(rest.log_prob({"bill_depth_mm": depth}))
    np.testing.assert_allclose(here, density, atol=1e-6)
    low, high = rest.quantile([0.05, 0.95])
    inner = (depth > low) & (depth < high)
    assert np.trapezoid(density * inner, depth) == pytest.approx(0.9, abs=0.01)
    assert found.marginal(["bill_depth_mm"]).cdf([100.0]) == pytest.approx([1.0])


def test_numbers_are_categories_too():
    found = mx.Categorical().fit([1, 2, 2, 5])
    assert found.levels == (1, 2, 5)
    np.testing.assert_allclose(found.probs, [0.25, 0.5, 0.25])
    np.testing.assert_allclose(found.cdf([0, 1, 4, 5]), [0, 0.25, 0.75, 1])
    np.testing.assert_allclose(found.log_prob([3, 5]), [-np.inf, np.log(0.25)])
    assert set(found.sample(100, rng=0)) == {1.0, 2.0, 5.0}
    assert mx.Categorical().fit([0, 1, 2, 1]).levels is None
    mean, variance = found.moments()
    assert mean == pytest.approx(2.5)
    assert variance == pytest.approx(np.var([1, 2, 2, 5]))


def test_words_that_read_like_numbers_stay_words():
    """Codes of places: "08001" is not 8001."""
    codes = np.array(["08001", "8001", "9000", "08001"], dtype=object)
    assert mx.Categorical().fit(codes).levels == ("08001", "8001", "9000")
    x = [1.0, 2.0, 8.0, 9.0, 1.5, 8.5]
    place = np.array(["1", "2", "1", "2", "01", "01"], dtype=object)
    model = mx.Mixture([mx.Normal(1.0, 1), mx.Normal(8.0, 1)], mx.Gate(["place"]))
    gate = mx.em(model, x, covariates={"place": place}).mixture.weights
    assert set(gate.coef["place"]) == {"01", "1", "2"}


def test_folds_know_all_levels():
    table = mx.select(
        {K: mx.Mixture(K * [ONE]) for K in (1, 2)}, BIRDS, folds=3, starts=2
    )
    assert np.isfinite([c.held_out for c in table.candidates]).all()


def test_a_frame_of_a_dataset():
    frame = BIRDS.to_frame()
    assert frame.shape == (344, 9)
    assert frame["sex"].isna().sum() == 11
    assert frame["body_mass_g"].isna().sum() == 2


def test_the_columns_of_a_frame_are_named_in_every_print():
    frame = BIRDS.to_frame()[["bill_length_mm", "bill_depth_mm"]].dropna()
    fit = mx.em(mx.gaussian_mixture(2), frame, starts=1)
    assert fit.columns == ("bill_length_mm", "bill_depth_mm")
    assert "columns: bill_length_mm, bill_depth_mm" in str(fit)
    assert "columns: bill_length_mm, bill_depth_mm" in fit._repr_html_()
    assert mx.em(mx.gaussian_mixture(2), frame.to_numpy(), starts=1).columns == ()
    assert "columns:" not in str(FIT)  # which stand beside each component


BAD = {
    "a new word": lambda: mx.Categorical({"a": 0.5, "b": 0.5}).log_prob(["a", "c"]),
    "a new word in a column": lambda: FIT.mixture.predict(
        {"species": ["Emu"], "sex": ["male"], "body_mass_g": [1.0]}
    ),
    "no word": lambda: mx.Categorical().fit([None, None]),
    "a gap in one column": lambda: mx.Categorical().fit(["a", None]),
    "words and numbers": lambda: mx.Categorical().fit(["a", 3]),
    "measurements": lambda: mx.Categorical().fit([1.5, 2.0]),
    "too few levels": lambda: mx.Categorical(n=3).fit(["a", "b"]),
    "probabilities of numbers": lambda: mx.Categorical([0.5, 0.5]).log_prob(["a"]),
    "a sum that is not 1": lambda: mx.Categorical({"a": 0.5, "b": 0.6}),
    "levels twice": lambda: mx.Categorical(levels=["a", "a"]),
    "levels of two kinds": lambda: mx.Categorical(levels=["a", 1]),
    "levels that are one word": lambda: mx.Categorical(levels="abc"),
    "levels and names": lambda: mx.Categorical({"a": 1.0}, levels=["a"]),
    "two sizes": lambda: mx.Categorical(n=3, levels=["a", "b"]),
    "a belief of another size": lambda: mx.Categorical(mx.Dirichlet([2, 2]), n=3),
    "not known yet": lambda: mx.Categorical().n_free,
    "words for another family": lambda: mx.Bernoulli().fit(["yes", "no"]),
    "words in a column of numbers": lambda: mx.Product({"a": mx.Poisson()}).fit(
        {"a": ["x", "y"]}
    ),
    "dates": lambda: mx.Normal().fit(np.array(["2020-01-01"], dtype="M8[D]")),
    "a frame of one column": lambda: mx.Normal().fit(pd.DataFrame({"a": [1.0, 2]})),
    "a frame of two columns": lambda: mx.Normal().fit(
        pd.DataFrame({"a": [1.0, 2], "b": [1.0, 2]})
    ),
    "an image": lambda: mx.Normal().fit(np.arange(64.0).reshape(8, 8)),
    "a column that is not there": lambda: FIT.mixture.conditional({"wing": 1.0}),
    "all columns known": lambda: FIT.mixture.marginal(["sex"]).conditional(
        {"sex": "male"}
    ),
    "quantiles of several columns": lambda: FIT.mixture.quantile([0.5]),
    "blocks of words": lambda: mx.em(mx.Mixture(2 * [mx.Categorical()]), Words()),
}


class Words:
    def __iter__(self):
        yield ["a", "b"]


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_category_is_refused_with_a_reason(name, snapshot):
    with pytest.raises((TypeError, ValueError)) as error:
        BAD[name]()
    assert str(error.value) == snapshot


def test_remedies_work_on_what_was_passed():
    """Each error says what to do; here it is done."""
    frame = pd.DataFrame({"a": [1.0, 2, 4]})
    assert mx.Normal().fit(frame["a"]).mean == pytest.approx(7 / 3)
    image = np.arange(64.0).reshape(8, 8)
    assert mx.Normal().fit(np.ravel(image)).mean == pytest.approx(31.5)
    x = np.array(["2020-01-01", "2020-01-03", "2020-01-08"], dtype="M8[D]")
    days = (x - x.min()) / np.timedelta64(1, "D")
    assert mx.Normal().fit(days).mean == pytest.approx(3)
    answers = ["yes", "no", "yes"]
    yes = (np.asarray(answers) == "yes").astype(float)
    assert mx.Bernoulli().fit(yes).p == pytest.approx(2 / 3)
