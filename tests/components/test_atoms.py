"""A probability is never weighed against a density: point masses beside densities."""

import numpy as np
import pytest

import mixnotes as mx

UNITS = [1e-9, 1e-3, 1.0, 1e3, 1e9]
POSITIVE = [
    mx.Exponential(),
    mx.Gamma(),
    mx.LogNormal(),
    mx.Weibull(),
    mx.InverseGaussian(),
]
LINE = [mx.Normal(), mx.Laplace(), mx.Logistic(), mx.Gumbel(), mx.StudentT(df=4.0)]


def _with_zeros(draws: np.ndarray, share: float, seed: int = 1) -> np.ndarray:
    return np.where(np.random.default_rng(seed).random(len(draws)) < share, 0.0, draws)


RAIN = _with_zeros(np.random.default_rng(0).gamma(2.0, 3.0, 400), 0.4)
LOG = _with_zeros(np.random.default_rng(0).normal(1.0, 1.0, 400), 0.3)


@pytest.mark.slow
@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("family", [*POSITIVE, *LINE], ids=repr)
def test_the_mass_takes_the_zeros_and_the_density_the_rest_in_every_unit(family, unit):
    x = unit * (RAIN if family in POSITIVE else LOG)
    fit = mx.em(mx.Mixture([mx.PointMass(0), family]), x, starts=2)
    alone = family.fit(x[x != 0])
    there = x[x != 0]
    assert fit.converged
    assert fit.mixture.weights[0] == pytest.approx(np.mean(x == 0), abs=1e-9)
    np.testing.assert_allclose(
        fit.mixture.components[1].log_prob(there).sum(),
        alone.log_prob(there).sum(),
        atol=1e-6,
    )


def test_the_log_likelihood_is_that_of_the_share_and_of_the_density():
    zeros = LOG == 0
    fit = mx.em(mx.Mixture([mx.PointMass(0), mx.Normal()]), LOG)
    share = zeros.mean()
    rest = mx.Normal().fit(LOG[~zeros]).log_prob(LOG[~zeros]).sum()
    expected = zeros.sum() * np.log(share) + (~zeros).sum() * np.log1p(-share) + rest
    assert fit.log_likelihood == pytest.approx(expected, abs=1e-8)
    assert fit.mixture.log_prob(LOG).sum() == pytest.approx(expected, abs=1e-8)


def test_what_lies_on_the_mass_is_told_from_what_lies_beside_it():
    m = mx.Mixture([mx.PointMass(0), mx.Normal(0.0, 1.0)], [0.3, 0.7])
    np.testing.assert_array_equal(m.responsibilities([0.0, 1e-12]), [[1, 0], [0, 1]])
    np.testing.assert_allclose(np.exp(m.log_prob([0.0])), 0.3)
    assert m.predict([0.0, -0.5]).tolist() == [0, 1]


def test_with_known_densities_only_the_weights_are_learned():
    m = mx.Mixture([mx.PointMass(0), mx.Normal(0.0, 0.01), mx.Normal(1.0, 1.0)])
    fit = mx.em(m, LOG)
    assert fit.mixture.weights[0] == pytest.approx(np.mean(LOG == 0), abs=1e-9)


def test_two_masses_take_their_own_values():
    x = np.where(np.arange(400) % 8 == 0, 2.5, LOG)
    fit = mx.em(mx.Mixture([mx.PointMass(0), mx.Normal(), mx.PointMass(2.5)]), x)
    shares = [np.mean(x == 0), np.mean((x != 0) & (x != 2.5)), np.mean(x == 2.5)]
    np.testing.assert_allclose(fit.mixture.weights, shares, atol=1e-9)


@pytest.mark.parametrize("unit", UNITS)
def test_a_column_of_a_product_has_a_mass_of_its_own(unit):
    rng = np.random.default_rng(3)
    data = {"rain": unit * LOG, "warm": rng.normal(size=400)}
    dry = mx.Product({"rain": mx.PointMass(0), "warm": mx.Normal()})
    wet = mx.Product({"rain": mx.Normal(), "warm": mx.Normal()})
    fit = mx.em(mx.Mixture([dry, wet]), data, starts=2)
    assert fit.mixture.weights[0] == pytest.approx(np.mean(LOG == 0), abs=1e-9)
    r = fit.mixture.responsibilities(data)
    np.testing.assert_array_equal(r[:, 0], LOG == 0)


def test_a_gap_in_the_column_of_the_mass_says_nothing():
    rain = LOG.copy()
    rain[::10] = np.nan
    dry = mx.Product({"rain": mx.PointMass(0), "warm": mx.Normal(0.0, 1.0)})
    wet = mx.Product({"rain": mx.Normal(), "warm": mx.Normal(0.0, 1.0)})
    fit = mx.em(mx.Mixture([dry, wet]), {"rain": rain, "warm": 0 * LOG}, starts=1)
    seen = ~np.isnan(rain)
    assert fit.mixture.weights[0] == pytest.approx(np.mean(rain[seen] == 0), abs=1e-6)


def test_normals_of_two_columns_give_the_mass_of_one_column_nothing():
    data = {"a": LOG, "b": np.random.default_rng(8).normal(size=400)}
    both = mx.Product({("a", "b"): mx.MultivariateNormal()})
    apart = mx.Product({"a": mx.PointMass(0), "b": mx.Normal()})
    fit = mx.em(mx.Mixture([both, apart]), data, starts=2)
    assert fit.mixture.weights[1] == pytest.approx(np.mean(LOG == 0), abs=1e-9)


def test_a_mixture_within_a_mixture_is_the_flat_one():
    flat = mx.Mixture([mx.PointMass(0), mx.Normal(1.0, 2.0), mx.Normal(3.0, 1.0)],
                      [0.2, 0.4, 0.4])  # fmt: skip
    inner = mx.Mixture([mx.PointMass(0), mx.Normal(1.0, 2.0)], [1 / 3, 2 / 3])
    outer = mx.Mixture([inner, mx.Normal(3.0, 1.0)], [0.6, 0.4])
    beside = mx.Mixture(
        [mx.PointMass(0), mx.Mixture(flat.components[1:], [0.5, 0.5])], [0.2, 0.8]
    )
    x = [0.0, 0.5, 3.0]
    np.testing.assert_allclose(outer.log_prob(x), flat.log_prob(x))
    np.testing.assert_allclose(beside.log_prob(x), flat.log_prob(x))


def test_labels_on_the_mass_must_be_its_own():
    labels = np.full(400, -1)
    labels[np.flatnonzero(LOG == 0)[:5]] = 0
    labels[np.flatnonzero(LOG != 0)[:5]] = 1
    m = mx.Mixture([mx.PointMass(0), mx.Normal()])
    fit = mx.em(m, LOG, labels=labels)
    assert fit.mixture.weights[0] == pytest.approx(np.mean(LOG == 0), abs=1e-9)
    labels[np.flatnonzero(LOG == 0)[0]] = 1
    with pytest.raises(ValueError, match="possible under its component"):
        mx.em(m, LOG, labels=labels)


def test_weights_count_the_mass():
    x, w = np.array([0.0, 1.0, 2.0, 4.0]), np.array([6.0, 1.0, 2.0, 1.0])
    fit = mx.em(mx.Mixture([mx.PointMass(0), mx.Normal()]), x, sample_weight=w)
    assert fit.mixture.weights[0] == pytest.approx(0.6, abs=1e-12)


def test_streams_and_online_em_know_the_mass():
    blocks = np.array_split(LOG, 4)
    m = mx.Mixture([mx.PointMass(0), mx.Normal()])
    online = mx.em_online(
        m, blocks, start=mx.Mixture([mx.PointMass(0), mx.Normal(0.0, 1.0)], [0.5, 0.5])
    )

    class Blocks:
        def __iter__(self):
            return iter(blocks)

    exact = mx.em(mx.Mixture([mx.Normal(5.0, 1.0), mx.Normal()]), Blocks(), starts=1)
    assert exact.n == 400
    assert online.weights[0] == pytest.approx(np.mean(LOG == 0), abs=0.03)


def test_censored_values_below_a_limit_are_no_atoms():
    low = np.where(LOG > 1, LOG, np.where(LOG == 0, 0.0, -np.inf))
    high = np.where(LOG > 1, LOG, np.where(LOG == 0, 0.0, 1.0))
    fit = mx.em(
        mx.Mixture([mx.PointMass(0), mx.Normal()]), mx.Censored(low, high), starts=1
    )
    # an interval may hide zeros, so the share is at least that of the zeros seen
    assert fit.converged
    assert fit.mixture.weights[0] >= np.mean(LOG == 0) - 1e-6


def test_select_never_lets_a_density_win_on_a_value_that_others_give_a_mass():
    found = {}
    for unit in UNITS:
        s = mx.select(
            {
                "one": mx.Mixture([mx.Normal()]),
                "with zeros": mx.Mixture([mx.PointMass(0), mx.Normal()]),
            },
            unit * LOG,
        )
        found[unit] = s.best.name
        assert not s["one"].stands
        assert s["one"].impossible
        assert "no such mass" in repr(s)
    assert set(found.values()) == {"with zeros"}


def test_select_without_zeros_in_the_data_compares_as_ever():
    x = LOG[LOG != 0]
    s = mx.select(
        {
            "one": mx.Mixture([mx.Normal()]),
            "zeros": mx.Mixture([mx.PointMass(0), mx.Normal()]),
        },
        x,
    )
    assert s["one"].stands
    assert s.best.name == "one"


def test_no_likelihood_ratio_of_a_mass_and_a_density():
    with pytest.raises(ValueError, match="same PointMass"):
        mx.likelihood_ratio_test(
            mx.Mixture([mx.Normal()]),
            mx.Mixture([mx.PointMass(0), mx.Normal()]),
            LOG,
            samples=1,
        )


# ---------------------------------------------------- families of several values


@pytest.mark.parametrize(
    "other", [mx.Normal(), mx.Gamma(), mx.StudentT(), mx.Uniform(-9.0, 99.0)], ids=repr
)
@pytest.mark.parametrize(
    "counts", [mx.Poisson(), mx.Geometric(), mx.NegativeBinomial()], ids=repr
)
def test_counts_beside_densities_are_refused_on_numbers_that_are_not_counts(
    counts, other
):
    with pytest.raises(ValueError, match="depends on the unit of x"):
        mx.em(mx.Mixture([counts, other]), np.where(RAIN > 0, RAIN, 1.0))


def test_counts_beside_densities_are_refused_where_nothing_is_seen_twice():
    with pytest.raises(ValueError, match="no value is seen twice among 400"):
        mx.em(
            mx.Mixture([mx.Poisson(), mx.Normal()]),
            np.round(1e12 * LOG + 5e12 * np.arange(1, 401)),
        )


def test_counts_beside_densities_are_refused_in_a_column():
    a = mx.Product({"a": mx.Poisson(), "b": mx.Normal()})
    b = mx.Product({"a": mx.Normal(), "b": mx.Normal()})
    with pytest.raises(ValueError, match="column 'a': "):
        mx.em(mx.Mixture([a, b]), {"a": RAIN, "b": LOG})


def test_a_line_and_a_curve_of_counts_are_refused_on_a_target_that_is_no_count():
    m = mx.Mixture([mx.PoissonRegression("y", ["x"]), mx.LinearRegression("y", ["x"])])
    x = np.arange(40.0)
    with pytest.raises(ValueError, match=r"PoissonRegression.*LinearRegression"):
        mx.em(m, {"y": x + 0.5, "x": x})


def test_counts_beside_densities_stand_on_counts():
    x = np.random.default_rng(0).poisson(5, 200)
    assert mx.em(mx.Mixture([mx.Poisson(), mx.Uniform(0.0, 40.0)]), x).converged


def test_a_blank_mass_beside_a_density_must_know_its_value():
    with pytest.raises(ValueError, match="must know its value beside a density"):
        mx.em(mx.Mixture([mx.PointMass(), mx.Normal()]), LOG)


def test_a_class_of_the_readers_own_must_say_which_it_is():
    class Bell:
        n_free = 0

        def log_prob(self, x):
            return -0.5 * np.asarray(x) ** 2 - 0.5 * np.log(2 * np.pi)

        def fit(self, x, sample_weight=None, start=None):
            return self

    class Density(Bell):
        discrete = False

    with pytest.raises(
        TypeError, match="set discrete = True or discrete = False in class Bell"
    ):
        mx.em(mx.Mixture([mx.PointMass(0), Bell()]), LOG)
    fit = mx.em(mx.Mixture([mx.PointMass(0), Density()]), LOG)
    assert fit.mixture.weights[0] == pytest.approx(np.mean(LOG == 0), abs=1e-9)


def test_an_interval_that_begins_at_the_mass_holds_it():
    """Censored is low <= x <= high, for each component by itself; also within."""
    rng = np.random.default_rng(0)
    y = np.where(rng.random(400) < 0.4, 0, rng.exponential(2, 400))
    low, high = np.where(y < 0.5, 0.0, y), np.where(y < 0.5, 0.5, y)
    x = mx.Censored(low, high)
    model = mx.Mixture([mx.PointMass(0), mx.Exponential()])
    fit = mx.em(model, x)
    assert fit.mixture.log_prob(x).sum() == pytest.approx(fit.log_likelihood)
    nested = mx.Mixture([fit.mixture, mx.Exponential(9.0)], [1, 0])
    assert nested.log_prob(x).sum() == pytest.approx(fit.log_likelihood)
    table = mx.select(
        {"spike": model, "none": mx.Mixture([mx.Exponential()])},
        x, folds=4, by="held_out", starts=2,
    )  # fmt: skip
    assert table.best.name == "spike"
    seen = mx.Truncated(fit.mixture, 0, None)
    np.testing.assert_allclose(seen.log_prob(x), fit.mixture.log_prob(x), atol=1e-12)
