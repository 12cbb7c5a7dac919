"""The parts that families are made of, one by one: special functions, domains, what
learns from sums, searches; against scipy, closed forms and brute force."""

import itertools
import math

import numpy as np
import pytest
import scipy.optimize
import scipy.special
import scipy.stats

import mixnotes as mx
from mixnotes import covariance, domains, exponential, special
from mixnotes.exponential import Keep
from mixnotes.families import joint, made, search, student

INF, NAN = np.inf, np.nan
close = np.testing.assert_allclose

# -------------------------------------------------------------- special functions


@pytest.mark.parametrize("k", [0.5, 30.0, 499.0, 501.0, 700.0, 5e3, 1e6, 1e12])
def test_the_mean_of_one_minus_cosine_and_its_slope_are_the_integrals(k):
    nodes, weight = np.polynomial.legendre.leggauss(200)
    angle = min(math.pi, 14 / math.sqrt(k)) * nodes
    versed = 2 * np.sin(angle / 2) ** 2
    share = weight * np.exp(-k * versed)
    share /= share.sum()
    mean = share @ versed
    found = special.versed_mean(k)
    close(found[0], mean, rtol=2e-13)
    close(found[1], -share @ (versed - mean) ** 2, rtol=1e-12)
    rows = special.versed_mean([[k, 1.0, 600.0]])
    assert rows[0].shape == rows[1].shape == (1, 3)
    close(rows[0][0, 0], mean, rtol=2e-13)


def test_special_functions_keep_the_shape_of_what_they_are_given():
    x = [[1, 2, 30], [0.25, 10, 1e5]]
    for ours, theirs in (
        (special.log_gamma, scipy.special.gammaln),
        (special.digamma, scipy.special.digamma),
        (special.trigamma, lambda v: scipy.special.polygamma(1, v)),
        (special.log_less_digamma, lambda v: np.log(v) - scipy.special.digamma(v)),
        (special.normal_cdf, scipy.special.ndtr),
        (special.log_normal_cdf, scipy.special.log_ndtr),
    ):
        found = ours(x)
        assert found.shape == (2, 3)
        assert found.dtype == np.float64
        close(found, theirs(np.array(x)), rtol=1e-12, atol=1e-13)
        assert ours(np.zeros(0)).shape == (0,)
        close(ours(12), theirs(12.0), rtol=1e-12)
        close(ours([12, 9]), theirs(np.array([12.0, 9.0])), rtol=1e-12)


def test_log_gamma_ratios_for_near_and_far_and_whole_numbers():
    x = np.array([0.3, 2.0, 9.0, 10.0, 11.0, 1e3, 1e9])[:, None]
    more = np.array([0, 1, 2, 40])
    rising = [
        [np.log1p(np.arange(m) / v).sum() for m in more.tolist()] for v in x.ravel()
    ]
    close(special.log_gamma_ratio(x, more), rising, rtol=1e-13, atol=1e-14)
    close(special.log_gamma_ratio(x[3:], more), rising[3:], rtol=1e-13, atol=1e-14)
    one_by_one = [
        [special.log_gamma_ratio_of(v, m) for m in more.tolist()] for v in x.ravel()
    ]
    close(one_by_one, rising, rtol=1e-13, atol=1e-14)
    assert special.log_gamma_ratio([3, 20], 0).tolist() == [0, 0]
    half = scipy.special.gammaln(7.5) - scipy.special.gammaln(7) - 0.5 * np.log(7)
    close(special.log_gamma_ratio(7, 0.5), half, rtol=1e-12)
    close(special.log_gamma_ratio_of(7, 0.5), half, rtol=1e-12)
    far = scipy.special.poch(50.0, 0.5) / 50**0.5
    close(special.log_gamma_ratio(50, 0.5), np.log(far), rtol=1e-10)
    close(special.log_gamma_ratio_of(50, 0.5), np.log(far), rtol=1e-10)


def test_the_normal_at_its_ends():
    with np.errstate(divide="raise", invalid="raise", over="ignore"):
        logs = special.log_normal_cdf([-INF, -1e200, -40.0, -30.0, 0.0, 9.0, INF])
    assert logs[0] == -INF
    close(logs[2:], scipy.special.log_ndtr([-40.0, -30.0, 0.0, 9.0, INF]), rtol=1e-13)
    assert special.normal_cdf([-INF, 0, INF]).tolist() == [0, 0.5, 1]
    assert special.normal_quantile([0, 0.5, 1]).tolist() == [-INF, 0, INF]
    assert special.normal_quantile([-0.1, 1.1]).tolist() == [-INF, INF]
    close(special.normal_quantile([1e-300, 0.9]), scipy.special.ndtri([1e-300, 0.9]))


def test_what_scipy_lacks_is_told_by_its_name():
    (found,) = special.scipy_functions("special", "erf")
    assert found(0.0) == 0
    with pytest.raises(ImportError, match=r"this needs scipy\.nothing\.here, and"):
        special.scipy_functions("nothing", "here", "there")


def test_log_bessel_of_large_arguments_has_the_terms_of_its_series():
    for k in (500.5, 800.0, 1e4, 1e9):
        z = 1 / (8 * k)
        series = math.log1p(z + 4.5 * z**2 + 37.5 * z**3 + 459.375 * z**4)
        expected = series - 0.5 * math.log(2 * math.pi * k)
        close(special.log_bessel_i0(k), expected, rtol=1e-14)
    assert special.log_bessel_i0(0) == 0
    assert special.log_bessel_i0([[0, 1, 600]]).shape == (1, 3)


# ------------------------------------------------------------------------ domains

NUMBERS = {
    "PROBABILITY": (0.0, 0.2, 1.0),
    "CHANCE": (1e-9, 0.2, 1.0),
    "REAL": (-1e300, -2.0, 0.0, 1e300),
    "LOG_REAL": (-1e300, -2.0, 0.0, 1e300),
    "POSITIVE": (1e-200, 0.5, 1e200),
    "LOG_POSITIVE": (1e-200, 0.5, 1e200),
    "INVERSE": (1e-200, 0.5, 1e200),
    "NOT_NEGATIVE": (0.0, 1e-200, 0.5, 1e200),
    "SHAPE": (1e-200, 0.5, 1e200),
    "POSITIVE_SHAPE": (1e-200, 0.5, 1e200),
    "CONCENTRATION": (0.0, 0.5, 1e200),
    "UP_TO_INFINITY": (1e-200, 0.5, 1e20, INF),
    "ANGLE": (-7.0, 0.0, 7.0),
    "WHOLE": (-3.0, 0.0, 7.0),
}
OUTSIDE = {
    "PROBABILITY": (-1e-9, 1 + 1e-9, NAN, INF),
    "CHANCE": (0.0, 1 + 1e-9, -1.0, NAN),
    "REAL": (INF, -INF, NAN),
    "LOG_REAL": (INF, -INF, NAN),
    "POSITIVE": (0.0, -1.0, INF, NAN),
    "LOG_POSITIVE": (0.0, -1.0, INF, NAN),
    "INVERSE": (0.0, -1.0, INF, NAN),
    "NOT_NEGATIVE": (-1e-300, INF, NAN),
    "SHAPE": (0.0, -1.0, INF, NAN),
    "POSITIVE_SHAPE": (0.0, -1.0, INF, NAN),
    "CONCENTRATION": (-1e-300, INF, NAN),
    "UP_TO_INFINITY": (0.0, -1.0, NAN),
    "ANGLE": (INF, NAN),
    "WHOLE": (0.5, INF, NAN),
}
POWERS = {"REAL": 1, "POSITIVE": 1, "INVERSE": -1, "NOT_NEGATIVE": 1}
POWERS["POSITIVE_SHAPE"] = 1
MEASURES = {
    "SHAPE": np.log,
    "POSITIVE_SHAPE": np.log,
    "CONCENTRATION": np.log1p,
    "UP_TO_INFINITY": lambda v: 1 / (1 + v),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_goes_to_the_line_and_back(name):
    domain, values = getattr(domains, name), np.array(NUMBERS[name])
    line = domain.to_line(values)
    assert line.shape == (len(values), 1)
    assert np.isfinite(line).all()
    assert (np.diff(line[:, 0]) > 0).all()
    close(domain.from_line(line, values), values, rtol=1e-12, atol=1e-290)
    for far in (-1e4, 1e4):
        ends = domain.from_line(np.array([[far]]), values)
        assert not np.isnan(ends).any()
    assert domain.power == POWERS.get(name, 0)
    close(domain.measured(values), MEASURES.get(name, lambda v: v)(values))
    for value in values.tolist():
        assert domain.read(value) == value
        assert domain.read(np.float64(value)) == value
    for value in OUTSIDE[name]:
        assert domain.read(value) is None
        assert domain.read(np.array(value)) is None


@pytest.mark.parametrize(
    "value", ["1", b"1", 1 + 0j, [1.0], np.array([1.0]), np.array("1"), {}, object()]
)
def test_what_is_no_number_is_not_read(value):
    assert domains.REAL.read(value) is None
    assert domains.VECTOR.read(value) is None or np.ndim(value) == 1


def test_whole_numbers_and_decimals_are_read_as_floats():
    for value in (3, np.int8(3), np.float32(3), np.array(3), np.array(3, object)):
        found = domains.POSITIVE.read(value)
        assert type(found) is float
        assert found == 3
    assert domains.REAL.read(10**400) is None


def test_an_interval_is_symmetric_on_the_line():
    low, high = domains.POSITIVE.interval(2.0, 0.5, 3.0)
    assert (low, high) == pytest.approx((2 * np.exp(-0.75), 2 * np.exp(0.75)), rel=1e-8)
    assert type(low) is type(high) is float
    low, high = domains.REAL.interval(2.0, 0.5, 3.0)
    assert (low, high) == pytest.approx((0.5, 3.5), rel=1e-8)
    odds, width = np.log(0.2 / 0.8), 2 * 0.05 / (0.2 * 0.8)
    ends = scipy.special.expit([odds - width, odds + width])
    assert domains.PROBABILITY.interval(0.2, 0.05, 2.0) == pytest.approx(ends, rel=1e-7)
    probs, error = np.array([0.2, 0.8]), np.array([0.05, 0.05])
    low, high = domains.SIMPLEX.interval(probs, error, 2.0)
    assert (low[0], high[0]) == pytest.approx(ends, rel=1e-7)
    assert (1 - high[1], 1 - low[1]) == pytest.approx(ends, rel=1e-7)
    low, high = domains.VECTOR.interval(probs, error, 2.0)
    close(low, probs - 0.1)
    close(high, probs + 0.1)


def test_vectors_go_to_the_line_and_back():
    stack = np.array([[1e-200, 2.0, 1e200], [1.0, 1.0, 3.0]])
    domain = domains.POSITIVE_VECTOR
    close(domain.to_line(stack), np.log(stack))
    close(domain.from_line(np.log(stack), stack), stack, rtol=1e-12)
    close(domain.measured(stack), np.log(stack))
    assert domain.from_line(np.array([[701.0, -800.0]]), stack).tolist() == [[INF, 0]]
    assert domains.VECTOR.to_line(stack) is stack
    assert domains.VECTOR.from_line(stack, stack[:1]) is stack
    assert domains.VECTOR.measured(stack) is stack
    for bad in ([], [[1.0]], [1, NAN], [1, INF], ["a"], [True], [[1], [1, 2]], 3.0):
        assert domains.VECTOR.read(bad) is None
        assert domain.read(bad) is None
    assert domain.read([1, 0]) is None
    read = domain.read([1, 2])
    assert read.dtype == np.float64
    assert not read.flags.writeable


def test_probabilities_go_to_the_line_and_back():
    stack = np.array([[0.0, 0.25, 0.75], [0.5, 0.25, 0.25]])
    line = domains.SIMPLEX.to_line(stack)
    assert np.isfinite(line).all()
    close(domains.SIMPLEX.from_line(line, stack), stack, atol=1e-290)
    close(domains.SIMPLEX.from_line(line + 900, stack), stack, atol=1e-290)
    close(domains.softmax(np.array([1e5, 1e5])), [0.5, 0.5])
    for good in ([1.0], [0, 1], [0.5, 0.5 + 9e-9]):
        assert domains.SIMPLEX.read(good) is not None
    for bad in ([0.5, 0.5 + 2e-8], [1.5, -0.5], [0.4, 0.5], [], 1.0):
        assert domains.SIMPLEX.read(bad) is None


def test_covariances_go_to_the_line_and_back():
    rng = np.random.default_rng(0)
    root = rng.normal(size=(4, 3, 3))
    stack = root @ root.transpose(0, 2, 1)
    domain = domains.COVARIANCE
    line = domain.to_line(stack)
    assert line.shape == (4, 6)
    close(line[:, 0], 0.5 * np.log(stack[:, 0, 0]))
    close(np.linalg.slogdet(stack)[1], 2 * line[:, :3].sum(axis=1))
    close(line[:, 3], stack[:, 1, 0] / np.sqrt(stack[:, 0, 0]))
    close(domain.from_line(line, stack), stack, rtol=1e-10)
    diagonals = np.array([[1.0, 4.0, 1e100]])
    close(domain.to_line(diagonals), np.log(diagonals))
    close(domain.from_line(np.log(diagonals), diagonals), diagonals)
    assert np.isfinite(domain.from_line(np.full((1, 3), 1e4), stack[:1, :2, :2])).all()
    assert domain.measured(stack) is stack
    assert not domain.read(np.eye(2)).flags.writeable
    for good in ([[1e-200, 0], [0, 1e200]], [[2]], [[1, 0.5 + 9e-9], [0.5, 1]]):
        assert domain.read(good) is not None
    for bad in (
        [[1, 2]],
        [1.0],
        [[1, 0.5], [0.4, 1]],
        [[1, 0.5 + 2e-8], [0.5, 1]],
        [[1, 2], [2, 1]],
        [[1, 0], [0, 0]],
        [[-1, 0], [0, 1]],
        [[-1, 0], [0, -1]],
        [[1, 0], [0, NAN]],
        [["a"]],
    ):
        assert domain.read(bad) is None


def test_the_logistic_map_is_flat_at_its_ends():
    domain = domains.PROBABILITY
    u = np.array([[-800.0], [-699.0], [-30.0], [0.0], [30.0], [800.0]])
    p = domain.from_line(u, u)
    assert p[0] == 0
    close(p[1], np.exp(-699), rtol=1e-12)
    close(p[2:], [1 / (1 + np.exp(30)), 0.5, 1 / (1 + np.exp(-30)), 1])
    top = domains.UP_TO_INFINITY.from_line(np.array([[59.9], [60.0], [61.0]]), u)
    assert top.tolist() == [pytest.approx(np.exp(59.9)), INF, INF]
    assert domains.UP_TO_INFINITY.to_line(np.array([INF, 1e300])).tolist() == [[60]] * 2


@pytest.mark.parametrize("name", ["", None, 3])
def test_a_shared_blank_has_a_name(name):
    assert mx.Shared("sd").name == "sd"
    with pytest.raises(TypeError, match="Shared takes a name, a text, got"):
        mx.Shared(name)


# ------------------------------------------- learning from sums, given and in common


def values_of(family, templates, names, free):
    """A stack with given values, and the free numbers in place of the others."""
    owner, values = {}, {}
    for name in names:
        row = []
        for k, template in enumerate(templates):
            here = getattr(template, name)
            if isinstance(here, mx.Shared):
                place = owner.setdefault((name, here.name), len(owner))
            elif here is None:
                place = owner.setdefault((name, k), len(owner))
            else:
                row.append(here)
                continue
            row.append(free[place] if free is not None else 0.0)
        values[name] = np.array(row)
    return values, len(owner)


def height_of(family, values, weight, means):
    with np.errstate(all="ignore"):
        natural, normaliser = family.natural(values)
        return float(weight @ ((np.array(natural) * means).sum(axis=0) - normaliser))


def s(name="s"):
    return mx.Shared(name)


SUMS = {
    "exponential": lambda: (mx.Exponential(s()), mx.Exponential(s()), mx.Exponential()),
    "exponential given": lambda: (mx.Exponential(), mx.Exponential(3.0)),
    "poisson": lambda: (mx.Poisson(s()), mx.Poisson(s()), mx.Poisson(4.0)),
    "geometric": lambda: (mx.Geometric(s()), mx.Geometric(s()), mx.Geometric(0.5)),
    "bernoulli": lambda: (mx.Bernoulli(s()), mx.Bernoulli(s()), mx.Bernoulli(0.5)),
    "binomial": lambda: (mx.Binomial(9, s()), mx.Binomial(9, s()), mx.Binomial(9)),
    "binomial given": lambda: (mx.Binomial(9), mx.Binomial(9, 0.5)),
    "gamma shape": lambda: (mx.Gamma(s()), mx.Gamma(s()), mx.Gamma(), mx.Gamma(2.0)),
    "gamma given scale": lambda: (
        mx.Gamma(s(), 2.0),
        mx.Gamma(s()),
        mx.Gamma(None, 0.5),
        mx.Gamma(),
    ),
    "gamma scale": lambda: (
        mx.Gamma(None, s()),
        mx.Gamma(2.0, s()),
        mx.Gamma(s("a"), None),
        mx.Gamma(s("a"), s()),
    ),
    "gamma all": lambda: (mx.Gamma(s(), s("b")), mx.Gamma(s(), s("b"))),
    "inverse gaussian shape": lambda: (
        mx.InverseGaussian(None, s()),
        mx.InverseGaussian(2.0, s()),
        mx.InverseGaussian(None, 1.5),
        mx.InverseGaussian(),
    ),
    "inverse gaussian mean": lambda: (
        mx.InverseGaussian(s()),
        mx.InverseGaussian(s(), 2.0),
        mx.InverseGaussian(3.0),
    ),
    "beta": lambda: (mx.Beta(), mx.Beta(), mx.Beta()),
    "beta a": lambda: (mx.Beta(s()), mx.Beta(s(), 2.0), mx.Beta(2.0), mx.Beta()),
    "beta both": lambda: (mx.Beta(s(), s("b")), mx.Beta(s(), s("b")), mx.Beta(s())),
    "beta crossed": lambda: (mx.Beta(None, s()), mx.Beta(3.0, s()), mx.Beta(1.0, 2.0)),
}


def sums_of(templates):
    """Weights and mean statistics of components that see other draws."""
    rng = np.random.default_rng(7)
    family, means = templates[0], []
    for k in range(len(templates)):
        if isinstance(family, mx.Beta):
            x = rng.beta(2 + k, 3, 40)
        elif isinstance(family, mx.Bernoulli):
            x = (rng.random(40) < 0.2 + 0.2 * k).astype(float)
        elif family.discrete:
            x = rng.binomial(9, 0.2 + 0.2 * k, 40).astype(float)
        else:
            x = rng.gamma(2 + 2 * k, 1.0 + k, 40)
        means.append(np.mean(family.statistics(x), axis=1))
    return np.array([3.0, 1.0, 0.7, 2.0][: len(templates)]), np.array(means).T


@pytest.mark.parametrize("name", SUMS)
def test_what_is_learned_from_sums_is_the_maximum_over_what_is_free(name):
    templates = SUMS[name]()
    family, names = templates[0], list(templates[0].domains())
    weight, means = sums_of(templates)
    found = family.learn(weight, means, Keep(templates))
    _, count = values_of(family, templates, names, None)
    bounded = isinstance(family, mx.Geometric | mx.Bernoulli | mx.Binomial)
    free_of = scipy.special.expit if bounded else np.exp

    def lowness(u):
        return -height_of(
            family, values_of(family, templates, names, free_of(u))[0], weight, means
        )

    best = scipy.optimize.minimize(lowness, np.zeros(count), options={"gtol": 1e-9})
    best = scipy.optimize.minimize(lowness, best.x, options={"gtol": 1e-9})
    expected = values_of(family, templates, names, free_of(best.x))[0]
    for key in names:
        close(found[key], expected[key], rtol=2e-5)
    assert height_of(family, found, weight, means) >= -best.fun - 1e-11


@pytest.mark.parametrize("name", [n for n in SUMS if n != "beta"])
def test_a_component_without_weight_says_nothing(name):
    """Neither to those that share with it, nor through an error or a NaN."""
    templates = (*SUMS[name](), SUMS[name]()[0])
    family = templates[0]
    weight, means = sums_of(templates[:-1])
    weight = np.append(weight, 0.0)
    means = np.concatenate([means, np.full((len(means), 1), NAN)], axis=1)
    if not isinstance(
        family, mx.Gamma | mx.Beta | mx.InverseGaussian | mx.VonMises
    ):  # these fill in what they iterate over
        means[:, -1] = 0.5
    found = family.learn(weight, means, Keep(templates))
    alone = family.learn(weight[:-1], means[:, :-1], Keep(templates[:-1]))
    for key, values in found.items():
        close(values[:-1], alone[key], rtol=1e-6)


def angles(k):
    return np.random.default_rng(k).vonmises(0.5 * k, 2.0 + k, 60)


def test_directions_in_common_are_at_the_maximum():
    for templates in (
        (mx.VonMises(s()), mx.VonMises(s()), mx.VonMises()),
        (mx.VonMises(None, s()), mx.VonMises(None, s()), mx.VonMises(0.7, s())),
        (mx.VonMises(s(), 2.0), mx.VonMises(s()), mx.VonMises(0.3)),
        (mx.VonMises(s(), s("k")), mx.VonMises(s(), s("k")), mx.VonMises(1.0, 2.0)),
    ):
        family, names = templates[0], ["mean", "concentration"]
        weight = np.array([3.0, 1.0, 0.7])
        means = np.array([np.mean(family.statistics(angles(k)), 1) for k in range(3)]).T
        found = family.learn(weight, means, Keep(templates))
        _, count = values_of(family, templates, names, None)
        best = scipy.optimize.minimize(
            lambda u, family=family, templates=templates, names=names, means=means: (
                -height_of(
                    family,
                    values_of(family, templates, names, np.abs(u))[0],
                    np.array([3.0, 1.0, 0.7]),
                    means,
                )
            ),
            np.ones(count),
            options={"gtol": 1e-10},
        )
        expected = values_of(family, templates, names, np.abs(best.x))[0]
        for key in names:
            close(found[key], expected[key], rtol=2e-5)


def test_tables_of_shares_in_common_are_averaged_by_weight():
    weight = np.array([3.0, 1.0, 2.0])
    means = np.array([[0.5, 0.1, 0.3], [0.2, 0.2, 0.3], [0.3, 0.7, 0.4]])
    pooled = (3 * means[:, 0] + means[:, 1]) / 4
    for templates in (
        (mx.Categorical(s(), n=3), mx.Categorical(s(), n=3), mx.Categorical(n=3)),
        (mx.Multinomial(1, s(), d=3), mx.Multinomial(1, s(), d=3), mx.Multinomial(1)),
    ):
        found = templates[0].learn(weight, means, Keep(templates))["probs"]
        close(found, [pooled, pooled, means[:, 2]])
    given = (mx.Categorical([0.2, 0.3, 0.5]), mx.Categorical(n=3), mx.Categorical(n=3))
    found = given[0].learn(weight, 5 * means, Keep(given))["probs"]
    close(found, [[0.2, 0.3, 0.5], means[:, 1], means[:, 2]])


def test_given_and_shared_blanks_are_put_in_place():
    templates = (mx.Normal(s(), 2.0), mx.Normal(s()), mx.Normal(1.0), mx.Normal(s("t")))
    keep = Keep(templates)
    assert not keep.nothing
    assert Keep([mx.Normal(), mx.Normal()]).nothing
    assert list(keep.given) == ["mean", "sd"]
    learned, weight = np.array([3.0, 7.0, 9.0, 4.0]), np.array([1.0, 3.0, 1.0, 1.0])
    assert keep("mean", learned, weight).tolist() == [6, 6, 1, 4]
    assert keep.pool("mean", learned, weight).tolist() == [6, 6, 9, 4]
    assert keep("sd", learned, weight).tolist() == [2, 7, 9, 4]
    assert learned.tolist() == [3, 7, 9, 4]
    none = np.array([0.0, -1.0, 1.0, 1.0])
    assert keep.pool("mean", learned, none).tolist() == [3, 7, 9, 4]
    some = np.array([NAN, 7.0, 9.0, 4.0])
    assert keep.pool("mean", some, np.array([0, 3.0, 1, 1])).tolist() == [7, 7, 9, 4]
    assert joint.variables("mean", 4, keep).tolist() == [0, 0, -1, 1]
    assert joint.variables("sd", 4, keep).tolist() == [-1, 0, 1, 2]
    means = np.array([[1.0, NAN], [2.0, NAN]])
    filled = exponential.awake(means, np.array([1.0, 0.0]), (5.0, 6.0))
    assert filled.tolist() == [[1, 5], [2, 6]]


def test_the_carriers_of_a_weight():
    assert exponential.carriers_of(np.ones(7)) == 7
    assert exponential.carriers_of(np.array([3.0, 1e-200, 0])) == 1
    close(exponential.carriers_of(1e200 * np.array([3.0, 1.0])), 1.6)


# ---------------------------------------------------------------- covariance models

COUNTS = {  # free numbers of 3 matrices of dimension 4, by mclust's table
    **{"EII": 1, "VII": 3, "EEI": 4, "VEI": 6, "EVI": 10, "VVI": 12, "EEE": 10},
    **{"VEE": 12, "EVE": 16, "VVE": 18, "EEV": 22, "VEV": 24, "EVV": 28, "VVV": 30},
}


def covariance_height(weight, scatter, cov):
    inverse = np.linalg.inv(cov)
    logs = np.linalg.slogdet(cov)[1]
    return -float(weight @ logs + np.einsum("kij,kji->", scatter, inverse))


def orthogonal(angles):
    """The rotation matrix of the plane."""
    c, d = np.cos(angles[0]), np.sin(angles[0])
    return np.array([[c, -d], [d, c]])


def modelled(model, u, k, d):
    """The covariances of a model from free numbers, wherever it has them."""
    place = iter(u)
    turns = d * (d - 1) // 2

    def drawn(letter, make, none):
        if letter == "I":
            return [none] * k
        if letter == "E":
            return [make()] * k
        return [make() for _ in range(k)]

    def shape():
        logs = np.array([next(place) for _ in range(d - 1)])
        return np.exp(np.append(logs, -logs.sum()))

    volume = drawn(model[0], lambda: np.exp(next(place)), 1.0)
    shapes = drawn(model[1], shape, np.ones(d))
    axes = drawn(
        model[2], lambda: orthogonal([next(place) for _ in range(turns)]), np.eye(d)
    )
    return np.array(
        [v * a @ np.diag(b) @ a.T for v, b, a in zip(volume, shapes, axes, strict=True)]
    )


@pytest.mark.parametrize("model", COUNTS)
def test_each_covariance_model_is_at_its_maximum(model):
    k, d = 3, 2
    rng = np.random.default_rng(3)
    root = rng.normal(size=(k, d, d)) * np.array([1.0, 3.0, 0.5])[:, None, None]
    scatter = 20 * (root @ root.transpose(0, 2, 1) + 0.2 * np.eye(d))
    weight = np.array([10.0, 25.0, 40.0])
    axial = model[2] == "I"
    sums = np.einsum("kii->ki", scatter) if axial else scatter
    found = covariance.learn(model, weight, sums, None)
    matrices = np.eye(d) * found[:, None, :] if axial else found
    count = covariance.n_free(model, d, k)
    height = covariance_height(weight, scatter, matrices)
    tops = []
    for seed in range(3):
        begin = np.random.default_rng(seed).normal(size=count)
        best = scipy.optimize.minimize(
            lambda u: -covariance_height(weight, scatter, modelled(model, u, k, d)),
            begin,
            options={"gtol": 1e-7},
        )
        tops.append(-best.fun)
    assert height == pytest.approx(max(tops), abs=1e-7)
    again = covariance.learn(model, weight, sums, found)
    close(again, found, rtol=1e-6, atol=1e-9)
    far = np.stack([np.diag([1.0, 5.0 + j]) for j in range(k)])
    begin = np.einsum("kii->ki", far) if axial else far
    there = covariance.learn(model, weight, sums, begin)
    close(there, found, rtol=1e-6, atol=1e-8)


def test_the_names_and_counts_of_covariance_models():
    assert {m: covariance.n_free(m, 4, 3) for m in covariance.MODELS} == COUNTS
    names = {"full": "VVV", "tied": "EEE", "diagonal": "VVI", "spherical": "VII"}
    for name, model in (names | {"diag": "VVI", "VEV": "VEV"}).items():
        assert covariance.model_of(name) == model
    assert [m for m in COUNTS if covariance.is_axial(m)] == list(COUNTS)[:6]
    one_scale = {m for m in COUNTS if covariance.needs_one_scale(m)}
    assert one_scale == {"EII", "VII", "EVE", "VVE", "EEV", "VEV"}
    with pytest.raises(ValueError, match="covariance must be one of full, tied"):
        covariance.model_of("FULL")
    with pytest.raises(ValueError, match="got 'EE'"):
        mx.MultivariateNormal(covariance="EE")


def test_the_models_that_bind_entries_to_each_other():
    free = [m for m in COUNTS if not covariance.binds(m)]
    assert free == ["VVI", "VVV"]


@pytest.mark.parametrize("model", ["EVE", "VVE", "VEE", "EEE", "EEV", "VEV"])
def test_three_dimensions_have_no_better_neighbour(model):
    rng = np.random.default_rng(8)
    x = rng.normal(size=(2, 30, 3)) @ rng.normal(size=(2, 3, 3))
    scatter = np.einsum("kni,knj->kij", x, x)
    weight = np.array([30.0, 30.0])
    found = covariance.learn(model, weight, scatter, None)
    top = covariance_height(weight, scatter, found)
    values, axes = np.linalg.eigh(found)
    for i, j in itertools.combinations(range(3), 2):
        for angle in (-1e-3, 1e-3):
            turn = np.eye(3)
            turn[i, i] = turn[j, j] = np.cos(angle)
            turn[i, j], turn[j, i] = -np.sin(angle), np.sin(angle)
            if model[2] == "E":  # turned together
                moved = turn @ found @ turn.T
            else:
                frames = axes @ turn
                moved = (frames * values[:, None, :]) @ frames.transpose(0, 2, 1)
            assert covariance_height(weight, scatter, moved) < top + 1e-10
    for factor in (0.999, 1.001):
        assert covariance_height(weight, scatter, factor * found) < top


# ------------------------------------------------------ fits, from a start and without

FITS = {
    "normal": lambda: mx.Normal(1.0, 2.0),
    "lognormal": lambda: mx.LogNormal(0.5, 0.7),
    "exponential": lambda: mx.Exponential(0.3),
    "gamma": lambda: mx.Gamma(2.5, 3.0),
    "gamma small": lambda: mx.Gamma(0.2, 3.0),
    "gamma large": lambda: mx.Gamma(300.0, 0.1),
    "inverse gaussian": lambda: mx.InverseGaussian(2.0, 5.0),
    "beta": lambda: mx.Beta(0.7, 3.0),
    "von mises": lambda: mx.VonMises(0.5, 2.0),
    "von mises wide": lambda: mx.VonMises(0.5, 0.3),
    "von mises sharp": lambda: mx.VonMises(0.5, 3e3),
    "laplace": lambda: mx.Laplace(1.0, 2.0),
    "logistic": lambda: mx.Logistic(1.0, 2.0),
    "gumbel": lambda: mx.Gumbel(1.0, 2.0),
    "weibull": lambda: mx.Weibull(1.5, 3.0),
    "student": lambda: mx.StudentT(3.0, 1.0, 2.0),
    "student sharp": lambda: mx.StudentT(0.7, 1.0, 2.0),
    "negative binomial": lambda: mx.NegativeBinomial(2.0, 5.0),
    "negative binomial large": lambda: mx.NegativeBinomial(3.0, 2e4),
    "poisson": lambda: mx.Poisson(3.0),
    "geometric": lambda: mx.Geometric(0.3),
}
SUBSETS = [
    (name, blanks)
    for name, size in ((n, 3 if "student" in n else 2) for n in FITS)
    for blanks in itertools.product((False, True), repeat=size)
    if any(blanks)
]


def slopes_of(model, filled, x, w):
    """The gradient of the mean log-density on the line, by differences."""
    line = model.to_line(filled)
    found = []
    for k, name in enumerate(model.blanks):
        unit = 1.0
        if name == "loc" or isinstance(filled, mx.Normal):
            unit = getattr(filled, "scale", None) or filled.sd
        if name == "mean" and isinstance(filled, mx.VonMises):
            unit = 1 / math.sqrt(filled.concentration)
        aside = 1e-3 * unit * np.eye(len(line))[k]
        at = [
            w @ model.from_line(line + m * aside, filled).log_prob(x) / w.sum()
            for m in (-2, -1, 1, 2)
        ]
        found.append(np.dot(at, [1, -8, 8, -1]) / 12e-3)
    return np.array(found)


@pytest.mark.parametrize(("name", "blanks"), SUBSETS)
def test_a_fit_is_level_on_the_line_of_its_blanks(name, blanks):
    truth = FITS[name]()
    names = [n for n, b in zip(truth.domains(), blanks, strict=False) if b]
    if not names or (name.startswith("laplace") and "loc" in names):
        assert truth.blanks == ()
        return
    x = truth.sample(90, rng=4)
    w = np.random.default_rng(5).exponential(size=90)
    w[:9] = 0.0
    model = truth.blank(*names)
    fitted = model.fit(x, w)
    assert fitted == model.fit(x[9:], w[9:])
    close(slopes_of(model, fitted, x, w), 0.0, atol=3e-7)
    near = {n: 1.3 * getattr(truth, n) for n in names}
    if name == "geometric":
        near = {"p": 0.5}
    again = model.fit(x, w, start=truth.filled(near))
    for n in truth.domains():
        assert getattr(again, n) == pytest.approx(getattr(fitted, n), rel=2e-6)
    higher = model.fit(x, w, start=fitted)
    assert w @ higher.log_prob(x) >= w @ fitted.log_prob(x) - 1e-12


def test_weighted_medians():
    def of(x, w):
        w = np.array(w, float)
        return search.weighted_median(np.array(x, float), w / w.sum())

    assert of([3, 1, 2], [1, 1, 1]) == 2
    assert of([4, 1, 3, 2], [1, 1, 1, 1]) == 2.5
    assert of([4, 1], [1, 3]) == 1
    assert of([4, 1], [3, 1]) == 4
    assert of([4], [1]) == 4
    assert of([1, 2, 3], [1, 1, 2]) == 2.5
    assert of([1, 2, 9], [0.3, 0.3, 0.4]) == 2
    assert of([1e308, 1.5e308], [1, 1]) == 1.25e308
    many = np.arange(10.0)
    assert of(many, np.full(10, 0.1)) == 4.5


# ------------------------------------------------------------------------- edges

EDGES = {  # component, quantile of 0 and of 1, a value below all
    "normal": (lambda: mx.Normal(1.0, 2.0), -INF, INF),
    "lognormal": (lambda: mx.LogNormal(0.0, 1.0), 0, INF),
    "exponential": (lambda: mx.Exponential(2.0), 0, INF),
    "gamma": (lambda: mx.Gamma(2.0, 3.0), 0, INF),
    "inverse": (lambda: mx.InverseGaussian(2.0, 3.0), 0, INF),
    "beta": (lambda: mx.Beta(2.0, 3.0), 0, 1),
    "uniform": (lambda: mx.Uniform(-1.0, 3.0), -1, 3),
    "laplace": (lambda: mx.Laplace(1.0, 2.0), -INF, INF),
    "logistic": (lambda: mx.Logistic(1.0, 2.0), -INF, INF),
    "gumbel": (lambda: mx.Gumbel(1.0, 2.0), -INF, INF),
    "weibull": (lambda: mx.Weibull(1.5, 2.0), 0, INF),
    "student": (lambda: mx.StudentT(3.0, 1.0, 2.0), -INF, INF),
    "student normal": (lambda: mx.StudentT(INF, 1.0, 2.0), -INF, INF),
    "bernoulli": (lambda: mx.Bernoulli(0.3), 0, 1),
    "binomial": (lambda: mx.Binomial(4, 0.3), 0, 4),
    "binomial one": (lambda: mx.Binomial(1, 0.3), 0, 1),
    "categorical": (lambda: mx.Categorical([0.2, 0.3, 0.5]), 0, 2),
    "geometric": (lambda: mx.Geometric(0.3), 0, INF),
    "poisson": (lambda: mx.Poisson(3.0), 0, INF),
    "negative": (lambda: mx.NegativeBinomial(2.0, 3.0), 0, INF),
    "negative poisson": (lambda: mx.NegativeBinomial(INF, 3.0), 0, INF),
    "point": (lambda: mx.PointMass(2.0), 2, 2),
}
SCIPYS = {
    "normal": lambda: scipy.stats.norm(1, 2),
    "lognormal": lambda: scipy.stats.lognorm(1),
    "exponential": lambda: scipy.stats.expon(scale=0.5),
    "gamma": lambda: scipy.stats.gamma(2, scale=3),
    "inverse": lambda: scipy.stats.invgauss(2 / 3, scale=3),
    "beta": lambda: scipy.stats.beta(2, 3),
    "uniform": lambda: scipy.stats.uniform(-1, 4),
    "laplace": lambda: scipy.stats.laplace(1, 2),
    "logistic": lambda: scipy.stats.logistic(1, 2),
    "gumbel": lambda: scipy.stats.gumbel_r(1, 2),
    "weibull": lambda: scipy.stats.weibull_min(1.5, scale=2),
    "student": lambda: scipy.stats.t(3, 1, 2),
    "student normal": lambda: scipy.stats.norm(1, 2),
    "bernoulli": lambda: scipy.stats.bernoulli(0.3),
    "binomial": lambda: scipy.stats.binom(4, 0.3),
    "binomial one": lambda: scipy.stats.binom(1, 0.3),
    "geometric": lambda: scipy.stats.geom(0.3, -1),
    "poisson": lambda: scipy.stats.poisson(3),
    "negative": lambda: scipy.stats.nbinom(2, 0.4),
    "negative poisson": lambda: scipy.stats.poisson(3),
}
PLACES = np.array([-INF, -1e300, -3.0, -1.0, -0.5, 0.0, 0.25, 0.5, 1.0, 1.5, 2.0])
PLACES = np.append(PLACES, [2.5, 3.0, 3.5, 4.0, 4.5, 9.0, 40.0, 1e300, INF])


@pytest.mark.parametrize("name", EDGES)
def test_distribution_functions_hold_at_every_edge(name):
    make, low, high = EDGES[name]
    component = make()
    assert component.quantile([0, 1]).tolist() == [low, high]
    assert component.ends == (low, high)
    assert component.cdf(-INF) == component.sf(INF) == 0
    assert component.cdf(INF) == component.sf(-INF) == 1
    if name in SCIPYS:
        truth = SCIPYS[name]()
        with np.errstate(all="ignore"):
            below, above = truth.cdf(PLACES), truth.sf(PLACES)
        close(component.cdf(PLACES), below, rtol=1e-11, atol=1e-300)
        close(component.sf(PLACES), above, rtol=1e-11, atol=1e-300)
        close(component.moments(), truth.stats("mv"), rtol=1e-12)
        q = np.array([[1e-12, 0.01, 0.3, 0.5], [0.50001, 0.7, 0.99, 1 - 1e-12]])
        close(component.quantile(q), truth.ppf(q), rtol=1e-7)
    inside = component.inside(np.array([low, high, low - 1, high + 1]))
    if math.isfinite(low) and name not in ("beta", "exponential"):
        assert not inside[2]
    if math.isfinite(high):
        assert not inside[3]


def test_extreme_levels_have_finite_quantiles():
    q = np.array([5e-324, 1e-300, 1 - 2**-53])
    for component in (
        mx.Laplace(0.0, 1.0),
        mx.Logistic(0.0, 1.0),
        mx.Gumbel(0.0, 1.0),
        mx.Weibull(1.0, 1.0),
        mx.Exponential(1.0),
    ):
        found = component._quantile(np.append(q, [0.0, 1.0]))
        assert np.isfinite(found).all(), component
        assert (np.diff(found[:3]) > 0).all()
    close(mx.Laplace(0.0, 1.0).quantile(1e-300), np.log(2e-300))
    close(mx.Logistic(0.0, 1.0).quantile(1e-300), np.log(1e-300))
    close(mx.Gumbel(0.0, 1.0).quantile(1e-300), -np.log(-np.log(1e-300)))
    close(mx.Weibull(2.0, 3.0).quantile(1 - 2**-53), 3 * np.sqrt(53 * np.log(2)))
    close(mx.Laplace(0.0, 1.0).quantile(1 - 2**-53), 52 * np.log(2))
    close(mx.Logistic(0.0, 1.0).quantile(1 - 2**-53), 53 * np.log(2))
    close(mx.Gumbel(0.0, 1.0).quantile(1 - 2**-53), 53 * np.log(2))


def test_what_moments_are_where_there_are_none():
    assert mx.StudentT(INF, 1.0, 2.0).moments() == (1, 4)
    assert mx.StudentT(2.0, 1.0, 2.0).moments() == (1, INF)
    assert mx.StudentT(2.5, 1.0, 2.0).moments() == (1, 20)
    for df in (0.5, 1.0):
        mean, variance = mx.StudentT(df, 1.0, 2.0).moments()
        assert math.isnan(mean)
        assert variance == INF
    rows = mx.MultivariateStudentT
    shape = np.array([[2.0, 0.5], [0.5, 1.0]])
    for df, mean, factor in ((1.0, NAN, INF), (2.0, 1.0, INF), (4.0, 1.0, 2.0)):
        found = rows(df, [1.0, 1.0], shape).moments()
        close(found[0], [mean, mean])
        close(found[1], factor * shape)
    found = rows(INF, [1.0, 2.0], shape).moments()
    assert found[0].tolist() == [1, 2]
    close(found[1], shape)
    assert mx.Weibull(1 / 81, 2.0).moments() == (INF, INF)
    close(mx.Weibull(1 / 70, 2.0).moments()[0], 2 * math.gamma(71))
    close(mx.Weibull(50.0, 2.0).moments(), scipy.stats.weibull_min(50, 0, 2).stats())
    assert mx.PointMass(3.0).moments() == (3, 0)
    assert mx.Uniform(-1.7e308, 1.7e308).moments()[0] == 0
    close(mx.Categorical([0.2, 0.3, 0.5]).moments(), (1.3, 0.61))
    assert mx.NegativeBinomial(2.0, 6.0).moments() == (6, 24)


@pytest.mark.parametrize("k", [0.0, 1e-12, 0.5, 19.0, 21.0, 900.0, 1e8])
def test_angles_have_the_moments_and_arcs_of_their_density(k):
    component = mx.VonMises(0.5, k)
    nodes, weight = np.polynomial.legendre.leggauss(400)
    reach = min(math.pi, 13 / math.sqrt(k or 1e-9))
    angle = reach * nodes
    density = weight * np.exp(-2 * k * np.sin(angle / 2) ** 2)
    density /= density.sum()
    mean, variance = component.moments()
    assert mean == 0.5
    assert variance == pytest.approx(density @ angle**2, rel=1e-12)
    assert component.ends == (0.5 - math.pi, 0.5 + math.pi)
    assert component.cdf(0.5 + reach) == pytest.approx(1, abs=1e-13)
    third = reach / 6 * (nodes + 1)
    logs = component.log_prob(0.5 + third)
    part = reach / 6 * weight @ np.exp(logs)
    found = component.cdf([[0.5 + reach / 3, 0.5 - reach / 3]])
    close(found, [[0.5 + part, 0.5 - part]], atol=1e-15 * max(k, 10))
    assert component.cdf(0.5) == 0.5
    turns = 0.5 + 2 * math.pi * np.array([-2, -1, 1, 3])
    close(component.cdf(turns), [-1.5, -0.5, 1.5, 3.5], rtol=1e-12)
    assert component.cdf([-INF, INF]).tolist() == [0, 1]
    assert component.cdf(0.5 + math.pi) <= 1
    assert component.cdf(0.5 - math.pi) >= 0


@pytest.mark.parametrize("short", [1e-9, 1e-4, 0.1, 0.14, 0.3, 0.46, 0.48, 0.9, 1.0])
def test_concentrations_from_the_length_of_the_mean(short):
    from mixnotes.families.circular import _concentration_of

    found = _concentration_of(np.array([short, 0.2, 1.2]))
    assert found[2] == 0
    mean = special.versed_mean(found)[0]
    close(mean[:2], [short, 0.2], rtol=1e-12)


@pytest.mark.parametrize("level", [-1e9, -50.0, -2.3, -2.1, -0.5, -1e-6, 0.5, 5.0])
@pytest.mark.parametrize("profile", [0.0, 0.3, 0.5, 1.0])
def test_the_shape_of_a_gamma_solves_its_equation(level, profile):
    from mixnotes.families.positive import _shape_of

    if profile == 1:
        level = -abs(level)
    a = _shape_of(np.array([level]), np.array([profile]))[0]
    left = (1 - profile) * math.log(a) - special.log_less_digamma(a)
    assert left == pytest.approx(level, rel=1e-9)


@pytest.mark.parametrize("alpha", [(1e-2, 0.1), (0.5, 40.0, 2.0), (1e5, 2e5), (1, 1)])
def test_the_parameters_of_a_dirichlet_solve_their_equation(alpha):
    from mixnotes.families.bounded import _alpha_of

    alpha = np.array(alpha, float)
    means = scipy.special.digamma(alpha) - scipy.special.digamma(alpha.sum())
    other = scipy.special.digamma(2 + alpha) - scipy.special.digamma(sum(2 + alpha))
    found = _alpha_of(np.array([means, other]))
    close(found, [alpha, 2 + alpha], rtol=1e-6 if alpha.max() > 1e4 else 1e-10)


# ------------------------------------------------------------- densities, by hand


def test_densities_from_what_was_prepared():
    x = np.array([-1.0, 0.5, 3.0])
    uniform = mx.Uniform(0.0, 2.0)
    close(uniform.density(uniform.prepare(x)), [-INF, -math.log(2), -INF])
    assert mx.PointMass(0.5).density(x).tolist() == [-INF, 0, -INF]
    assert mx.NegativeBinomial(2.0, 0.0).log_prob([0, 1]).tolist() == [0, -INF]
    assert mx.Poisson(0.0).log_prob([0, 1, 0.5]).tolist() == [0, -INF, -INF]
    assert mx.Bernoulli(1.0).log_prob([0, 1, 2]).tolist() == [-INF, 0, -INF]
    assert mx.Binomial(2, 0.0).log_prob([0, 1, 2]).tolist() == [0, -INF, -INF]
    close(mx.Geometric(1.0).log_prob([0, 1, -1]), [0, -INF, -INF])
    close(mx.Geometric(1.0).cdf([-0.5, 0, 3]), [0, 1, 1])
    close(mx.Geometric(1.0).sf([-0.5, 0, 3]), [1, 0, 0])
    close(mx.Categorical([0.0, 1.0]).log_prob([0, 1, 2]), [-INF, 0, -INF])


def test_large_counts_have_the_log_probabilities_of_scipy():
    x = np.array([0.0, 4095.0, 4096.0, 4097.0, 1e5, 4096.0])
    for rate in (3.0, 4e3, 1e5):
        expected = scipy.stats.poisson(rate).logpmf(x)
        close(mx.Poisson(rate).log_prob(x), expected, rtol=1e-9)
    for n in (1, 3, 4096, 4097):
        y = x[: n + 1]
        expected = scipy.stats.nbinom(2.5, 2.5 / (2.5 + 500.0)).logpmf(y)
        close(mx.NegativeBinomial(2.5, 500.0).log_prob(y), expected, rtol=1e-9)
        infinite = mx.NegativeBinomial(INF, 500.0).log_prob(y)
        close(infinite, scipy.stats.poisson(500.0).logpmf(y), rtol=1e-9)
    close(
        mx.Binomial(5000, 0.3).log_prob([1500, 4500]),
        scipy.stats.binom(5000, 0.3).logpmf([1500, 4500]),
        rtol=1e-9,
    )


def test_bells_of_several_dimensions():
    square = np.array([0.5, 3.0, 1e6])
    for df in (0.5, 4.0, 300.0):
        for d in (1, 2, 5):
            shape = scipy.stats.multivariate_t(np.zeros(d), np.eye(d), df=df)
            at = np.zeros((3, d))
            at[:, 0] = np.sqrt(square)
            close(student.log_bell(square, df, d), shape.logpdf(at), rtol=1e-12)
    mixed = student.log_bell(square, 4.0, np.array([1, 5, 2]))
    alone = [student.log_bell(square, 4.0, d)[k] for k, d in enumerate((1, 5, 2))]
    close(mixed, alone, rtol=1e-14)
    normal = student.log_bell(square, INF, np.array([1, 5, 2]))
    expected = -0.5 * square - 0.5 * np.array([1, 5, 2]) * math.log(2 * math.pi)
    close(normal, expected, rtol=1e-14)
    assert student.latent(square, INF, 2).tolist() == [1, 1, 1]
    close(student.latent(square, 4.0, 2), 6 / (4 + square))
    assert student.log_bell(np.zeros(0), 4.0, np.zeros(0, int)).shape == (0,)


def test_the_logistic_and_gumbel_shapes_are_their_derivatives():
    z = np.array([-30.0, -2.0, 0.3, 1.0, 40.0])
    for family in (mx.Logistic(), mx.Gumbel(), mx.Weibull()):
        _, first, second = family.shape_of(z)
        up, down = family.shape_of(z + 1e-5), family.shape_of(z - 1e-5)
        close(first, (up[0] - down[0]) / 2e-5, rtol=1e-6, atol=1e-9)
        close(second, (up[1] - down[1]) / 2e-5, rtol=1e-6, atol=1e-9)
    close(mx.Logistic().shape_of(z)[0], scipy.stats.logistic.logpdf(z))
    close(mx.Gumbel().shape_of(z)[0], scipy.stats.gumbel_r.logpdf(z))
    with np.errstate(all="raise"):
        assert mx.Gumbel().shape_of(np.array([-800.0]))[0] == -INF


# ----------------------------------------------------------- pieces of the searches


def test_bounded_parameters_move_along_their_line():
    for bounds in ((0.0, INF), (-INF, 5.0), (0.0, 4.0), (-INF, INF)):
        assert made._moved(2.0, 0.0, bounds, 3.0) == pytest.approx(2, rel=1e-14)
        ahead = [made._moved(2.0, u, bounds, 3.0) for u in (-1.0, 0.5, 1.0)]
        assert ahead == sorted(ahead)
        assert all(bounds[0] < v < bounds[1] for v in ahead)
        for far in (-1e5, 1e5):
            end = made._moved(2.0, far, bounds, 3.0)
            assert end == made._moved(2.0, math.copysign(600, far), bounds, 3.0)
            assert bounds[0] <= end <= bounds[1]
    assert made._moved(3.0, 1.0, (1.0, INF), 9.0) == pytest.approx(1 + 2 * math.e)
    assert made._moved(3.0, 1.0, (-INF, 5.0), 9.0) == pytest.approx(5 - 2 / math.e)
    assert made._moved(3.0, 2.0, (-INF, INF), 9.0) == 21
    odds = 2 / 3 * math.e
    assert made._moved(3.0, 1.0, (1.0, 6.0), 9.0) == pytest.approx(
        1 + 5 * odds / (1 + odds)
    )


def test_values_on_their_bounds_are_put_inside():
    assert made._within(2.0, (0.0, 4.0)) == 2
    assert made._within(0.0, (0.0, 4.0)) == 4e-9
    assert made._within(4.0, (0.0, 4.0)) == 4 - 4e-9
    assert made._within(0.0, (0.0, INF)) == 1e-9
    assert made._within(100.0, (100.0, INF)) == pytest.approx(100 + 1e-7, abs=1e-9)
    assert made._within(-50.0, (-INF, -50.0)) == pytest.approx(-50 - 5e-8, abs=1e-12)
    assert made._within(7.0, (-INF, INF)) == 7


def test_first_guesses_lie_between_the_bounds():
    assert made.first_guesses((0.0, 10.0), 3.0, 2.0) == [5, 2, 8]
    assert made.first_guesses((5.0, 10.0), 3.0, 2.0) == [7.5, 6, 9]
    assert made.first_guesses((1.0, INF), -3.0, 2.0) == [3, 1.5, 2, 4]
    assert made.first_guesses((1.0, INF), 0.0, 4.0) == [5, 1.25, 2, 2]
    assert made.first_guesses((-INF, 1.0), -3.0, 2.0) == [-1, 0.5, 0, -2]
    assert made.first_guesses((-INF, 1.0), 0.0, 4.0) == [-3, 0.75, 0, 0]
    assert made.first_guesses((-INF, INF), -3.0, 2.0) == [-3, 0]
    corners = made._corners(2)
    assert corners.tolist() == [[0, 0], [0.3, 0], [0, 0.3]]


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_the_unit_of_a_parameter_without_bounds_is_what_matters_of_it(scale):
    line = made._Line(
        {"m": (-INF, INF), "s": (0.0, INF)},
        {"m": 0.0, "s": 1.0},
        lambda v: -0.5 * (v["m"] / scale) ** 2,
    )
    assert line.units["s"] == 1
    assert 0.05 * scale < line.units["m"] < 1.01 * scale
    there = line.values(np.array([2.0, math.log(3)]))
    assert there["m"] == 2 * line.units["m"]
    assert there["s"] == pytest.approx(3)
    assert not line.ran_off(np.array([99.0, 39.0]))
    assert line.ran_off(np.array([0.0, 41.0]))
    assert line.ran_off(np.array([0.0, -41.0]))
    assert not line.ran_off(np.array([0.0, 40.0]))


def test_a_parameter_that_cannot_move_has_a_unit_all_the_same():
    line = made._Line({"m": (-INF, INF)}, {"m": 5.0}, lambda v: -INF)
    assert line.units == {"m": 5}
    flat = made._Line({"m": (-INF, INF)}, {"m": 5.0}, lambda v: 0.0)
    assert flat.units["m"] > 1e30


# ------------------------------------------------------------------- regressions


def lines_of(n=60, seed=0):
    """A table of three columns, and weights."""
    rng = np.random.default_rng(seed)
    u, v = rng.normal(2.0, 1.0, n), rng.normal(-1.0, 2.0, n)
    eta = 0.5 + 0.4 * u - 0.3 * v
    return u, v, eta, rng


KINDS = {
    "linear": lambda on, **k: mx.LinearRegression("y", on, **k),
    "poisson": lambda on, **k: mx.PoissonRegression("y", on, **k),
    "logistic": lambda on, **k: mx.LogisticRegression("y", on, **k),
}
KNOWN = {
    "none": lambda: (["u", "v"], {}),
    "slope": lambda: ({"u": None, "v": -0.2}, {}),
    "intercept": lambda: (["u", "v"], {"intercept": 0.3}),
    "slopes": lambda: ({"u": 0.4, "v": -0.2}, {}),
    "only a slope": lambda: ({"u": None, "v": -0.2}, {"intercept": 0.3}),
}


def target_of(kind, eta, rng):
    if kind == "linear":
        return rng.normal(eta, 0.7)
    if kind == "poisson":
        return rng.poisson(np.exp(eta)).astype(float)
    return (rng.random(len(eta)) < scipy.special.expit(eta)).astype(float)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("known", KNOWN)
def test_a_regression_is_level_at_its_fit(kind, known):
    u, v, eta, rng = lines_of()
    table = {"y": target_of(kind, eta, rng), "u": u, "v": v}
    w = rng.exponential(size=60)
    w[:7] = 0
    on, rest = KNOWN[known]()
    model = KINDS[kind](on, **rest)
    fitted = model.fit(table, w)
    rows = np.stack([table["y"], u, v], axis=1)
    line = model.to_line(fitted)
    found = []
    for k in range(len(line)):
        aside = 1e-3 * np.eye(len(line))[k]
        at = [
            w @ model.from_line(line + m * aside, fitted).log_prob(table) / w.sum()
            for m in (-2, -1, 1, 2)
        ]
        found.append(np.dot(at, [1, -8, 8, -1]) / 12e-3)
    close(found, np.zeros(len(line)), atol=1e-7)
    start = model.from_line(line + 0.3, fitted)
    again = model.fit(table, w, start=start)
    close(model.to_line(again), line, rtol=1e-5, atol=1e-6)
    for name in set(fitted._parameters()) - set(model.blanks):
        assert fitted.value_of(name) == model.value_of(name)
    assert [a.name for a in model.axes(fitted)] == list(model.blanks)
    for axis in model.axes(fitted):
        assert axis[1:] == (1, False, None, axis.name != "sd")
        domain = model.domain_of(axis.name)
        assert domain is (domains.POSITIVE if axis.name == "sd" else domains.LOG_REAL)
    assert model.n_free == len(line)
    inner = model.bind(rows)(fitted)
    close(inner, fitted.log_prob(table))
    close(model.from_line(line, fitted).log_prob(table), inner)


def test_regressions_have_the_density_and_mean_of_their_target():
    table = {"y": [0.0, 1.0, 3.0], "u": [1.0, 2.0, 800.0]}
    eta = 0.5 + 2 * np.array(table["u"])
    model = mx.LinearRegression("y", {"u": 2.0}, 0.5, sd=3.0)
    close(model.log_prob(table), scipy.stats.norm(eta, 3).logpdf(table["y"]))
    close(model.expected(table), eta)
    poisson = mx.PoissonRegression("y", {"u": 2.0}, 0.5)
    expected = scipy.stats.poisson(np.exp(eta[:2])).logpmf([0, 1])
    close(poisson.log_prob(table)[:2], expected)
    close(poisson.log_prob(table)[2], 3 * eta[2] - np.exp(700) - np.log(6))
    close(poisson.expected({"u": [0.0, 800.0]}), np.exp([0.5, 700]))
    logistic = mx.LogisticRegression("y", {"u": -2.0}, 0.5)
    close(
        logistic.log_prob(table)[:2],
        scipy.stats.bernoulli(scipy.special.expit(0.5 - np.array([2, 4]))).logpmf(
            [0, 1]
        ),
    )
    assert logistic.log_prob(table)[2] == -INF
    close(logistic.expected(table), scipy.special.expit([-1.5, -3.5, -1599.5]))
    draws = logistic.sample_target({"u": np.zeros(5000)}, 0)
    assert draws.mean() == pytest.approx(scipy.special.expit(0.5), abs=0.02)
    assert set(draws) == {0.0, 1.0}
    counts = poisson.sample_target({"u": np.zeros(5000)}, 0)
    assert counts.dtype == np.float64
    assert counts.mean() == pytest.approx(np.exp(0.5), rel=0.04)
    drawn = model.sample_target({"u": np.zeros(5000)}, 0)
    assert drawn.std() == pytest.approx(3, rel=0.04)
    assert model.sample_target({"u": [1.0]}, 5) == model.sample_target({"u": [1.0]}, 5)


def test_a_regression_on_columns_that_hardly_vary_is_solved():
    rng = np.random.default_rng(2)
    u = 1e4 + rng.normal(size=50)
    y = 3 - 2 * u + rng.normal(size=50)
    w = rng.exponential(size=50)
    fitted = mx.LinearRegression("y", ["u"]).fit({"y": y, "u": u}, w)
    slope = np.cov(u, y, aweights=w)[0, 1] / np.cov(u, aweights=w)
    assert fitted.coef["u"] == pytest.approx(slope, rel=1e-8)
    mean = np.average(y, weights=w) - slope * np.average(u, weights=w)
    assert fitted.intercept == pytest.approx(mean, rel=1e-8)


def test_regressions_are_named_and_blank_by_their_parameters():
    model = mx.LinearRegression("y", {"u": 1.5, "v": None}, 2.0, sd=mx.Shared("s"))
    assert repr(model) == (
        "LinearRegression('y', {'u': 1.5, 'v': None}, intercept=2, sd=Shared('s'))"
    )
    assert model.blanks == ("coef['v']", "sd")
    assert model.shares == {"sd": "s"}
    assert model.parameters == (*("coef", "intercept", "coef['u']", "coef['v']", "sd"),)
    assert model.blank("coef").coef == {"u": None, "v": None}
    assert model.blank("coef").intercept == 2
    assert model.blank("coef['u']", "intercept").coef == {"u": None, "v": None}
    assert model.blank().n_free == 4
    assert model.blank("sd").sd is None
    filled = model.filled({"coef['v']": 3.0, "sd": 0.5})
    assert filled == mx.LinearRegression("y", {"u": 1.5, "v": 3.0}, 2.0, 0.5)
    assert model.settled(filled).sd == 0.5
    assert model.settled(filled).coef["v"] is None
    assert filled.described(model) == (
        "LinearRegression('y'): intercept 2 (given), u 1.5 (given), v 3, sd 0.5"
    )
    assert filled.rank() == (2, 1.5, 3)
    assert mx.from_json(model.to_json()) == model
    assert mx.from_json(filled.to_json()) == filled
    assert hash(filled) == hash(mx.from_json(filled.to_json()))
    assert model.support == "rows whose y is a finite number"
    with pytest.raises(ValueError, match="can have blanks in intercept, coef"):
        model.blank("slope")
    with pytest.raises(AttributeError, match="LinearRegression is immutable, cannot"):
        model.sd = 3.0
    with pytest.raises(ValueError, match="sample_target needs every parameter"):
        model.sample_target({"u": [1.0], "v": [1.0]}, 0)
    with pytest.raises(ValueError, match="expected needs every parameter"):
        model.expected({"u": [1.0], "v": [1.0]})
    with pytest.raises(TypeError, match=r"the mean of y depends on .* expected\(x\)"):
        filled.moments()
    with pytest.raises(TypeError, match="not how these are distributed; call sample_"):
        filled.sample(3, 0)


@pytest.mark.parametrize("unit", [1e-8, 1.0, 1e8])
def test_a_predictor_may_lie_fifty_thousand_spreads_away(unit):
    v = np.array([-1.0, 1.0, -1.0, 1.0]) * unit
    y = np.array([0.0, 1.0, 0.1, 1.2])
    near = {"y": y, "u": v + 4.99e4 * unit}
    fitted = mx.LinearRegression("y", ["u"]).fit(near)
    assert fitted.coef["u"] * unit == pytest.approx(0.525, rel=1e-6)
    far = {"y": y, "u": v - 5.01e4 * unit}
    with pytest.raises(ValueError, match="the predictor 'u' must lie within 50000 of"):
        mx.LinearRegression("y", ["u"]).fit(far)
    one = {"y": y[:1], "u": far["u"][:1]}
    known = mx.LinearRegression("y", ["u"], intercept=0.0)
    assert known.fit(far).coef["u"] == pytest.approx(
        (far["u"] @ y) / (far["u"] ** 2).sum()
    )
    assert mx.LinearRegression("y", {"u": 0.1}).fit(far).coef == {"u": 0.1}
    given = mx.LinearRegression("y", {"u": 0.0}, 0.0, sd=1.0)
    close(given.log_prob(one), scipy.stats.norm.logpdf(y[:1]))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: mx.PoissonRegression("y", ["u"]), "PoissonRegression collapsed: some"),
        (
            lambda: mx.LogisticRegression("y", ["u"]),
            "LogisticRegression collapsed: some combination of u tells y",
        ),
    ],
)
def test_coefficients_on_their_way_to_infinity_are_told(make, words):
    table = {"y": [0.0, 0.0, 0.0, 1.0, 1.0], "u": [-3.0, -2.0, -1.0, 1.0, 1.0]}
    with pytest.raises(ValueError, match=words):
        make().fit(table)


def test_a_count_that_is_large_is_no_collapse():
    table = {"y": [1e17, 3e17, 1e18], "u": [0.0, 1.0, 2.0]}
    fitted = mx.PoissonRegression("y", ["u"]).fit(table)
    assert fitted.coef["u"] == pytest.approx(1.15, abs=0.05)


def test_predictors_that_do_not_vary_apart_are_told():
    table = {"y": [1.0, 2.0, 4.0], "u": [1.0, 2.0, 3.0], "v": [2.0, 4.0, 6.0]}
    with pytest.raises(ValueError, match=r"its predictors \['u', 'v'\] do not vary"):
        mx.LinearRegression("y", ["u", "v"]).fit(table)
    table["v"] = [7.0, 7.0, 7.0]
    with pytest.raises(ValueError, match=r"its predictors \['u', 'v'\] do not vary"):
        mx.LinearRegression("y", ["u", "v"]).fit(table)


# ---------------------------------------------------------------------- products


def product():
    return mx.Product(
        {
            "a": mx.Normal(1.0, 2.0),
            ("b", "c"): mx.MultivariateNormal([0.0, 1.0], [[2.0, 0.6], [0.6, 1.0]]),
            "k": mx.Poisson(3.0),
            "t": mx.StudentT(4.0, 0.0, 1.0),
        }
    )


def test_a_product_has_the_moments_and_lines_of_its_parts():
    made_of = product()
    mean, cov = made_of.moments()
    assert mean.tolist() == [1, 0, 1, 3, 0]
    expected = np.diag([4.0, 2.0, 1.0, 3.0, 2.0])
    expected[1, 2] = expected[2, 1] = 0.6
    close(cov, expected)
    model = made_of.blank("sd", "cov", "parts['t'].loc", "df")
    assert model.blanks == (
        *("parts['a'].sd", "parts[('b', 'c')].cov", "parts['t'].df", "parts['t'].loc"),
    )
    line = model.to_line(made_of)
    assert line.shape == (6,)
    close(line[[0, 4, 5]], [np.log(2), np.log(4), 0])
    moved = model.from_line(line + 0.1, made_of)
    close(moved.parts["a"].sd, 2 * np.exp(0.1))
    close(moved.parts["t"].loc, 0.1)
    assert moved.parts["k"] == made_of.parts["k"]
    close(model.to_line(moved), line + 0.1)
    axes = model.axes(made_of)
    assert [(a.name, a.size) for a in axes] == list(
        zip(model.blanks, (1, 3, 1, 1), strict=True)
    )
    assert model.value_of("parts['t'].df") is None
    assert made_of.value_of("parts['a'].sd") == 2
    assert model.size_of("parts[('b', 'c')].cov") == 3
    assert model.size_of("parts['a'].sd") == 1
    assert model.domain_of("parts['t'].df") is domains.UP_TO_INFINITY
    filled = model.filled({"parts['t'].df": 9.0, "parts['t'].loc": 2.0})
    assert filled.parts["t"] == mx.StudentT(9.0, 2.0, 1.0)
    assert filled.parts["a"].sd is None
    with pytest.raises(KeyError, match="parts"):
        model.value_of("parts['z'].df")
    assert made_of.has_line
    assert not mx.Product({"a": mx.Uniform(), "b": mx.Normal()}).has_line
    known = mx.Product({"a": mx.Normal(0, 1)})
    assert known.to_line(known).shape == (0,)


def test_gaps_of_a_product_are_filled_with_what_is_expected():
    made_of = product()
    x = np.array([[NAN, 2.0, NAN, 5.0, NAN], [2.0, NAN, NAN, NAN, 1.0]])
    filled = made_of.filled_in(x)
    gap = np.isnan(x)
    close(filled[gap], [1, 1.6, 0, 0, 1, 3])
    logs = made_of.log_prob(x)
    first = scipy.stats.norm(0, np.sqrt(2)).logpdf(2) + scipy.stats.poisson(3).logpmf(5)
    second = scipy.stats.norm(1, 2).logpdf(2) + scipy.stats.t(4).logpdf(1)
    close(logs, [first, second])
    assert made_of.inside(
        np.array([[0, 0, 0, 1.5, 0], [NAN, 0, 0, NAN, 0]])
    ).tolist() == [
        False,
        True,
    ]
    found = made_of.marginal(["k", "b", "c"])
    assert list(found.parts) == [("b", "c"), "k"]
    with pytest.raises(ValueError, match="marginal takes whole keys of the product"):
        made_of.marginal(["b"])


def test_each_part_of_a_product_begins_at_its_start():
    """A search with two summits ends on that of its start."""
    x = np.r_[np.full(5, -10.0), np.full(5, 10.0)] + np.linspace(0, 1, 10)
    t = mx.StudentT(df=0.1, scale=0.5)
    model = mx.Product({"a": t, "b": mx.Normal()})
    table = {"a": x, "b": x}
    for loc in (-9.5, 10.5):
        start = mx.Product({"a": t.filled({"loc": loc}), "b": mx.Normal(0.0, 1.0)})
        for found in (
            model.fit(table, start=start),
            model._fit(np.stack([x, x], 1), np.ones(10), start),
        ):
            assert abs(found.parts["a"].loc - loc) < 1.5
            assert found.parts["b"] == mx.Normal().fit(x)
    with pytest.raises(TypeError, match="start must be a Product of the same keys"):
        model.fit(table, start=mx.Product({"a": t.filled({"loc": 0.0})}))
    with pytest.raises(TypeError, match="start must be a Product of the same keys"):
        model.fit(table, start=t)


def test_a_product_says_in_which_column_a_fit_failed():
    table = {"a": [1.0, 1.0, 1.0], "b": [1.0, 2.0, -3.0]}
    with pytest.raises(ValueError, match="column 'a': sd must be learned from values"):
        mx.Product({"a": mx.Normal(), "b": mx.Normal()}).fit(table)
    with pytest.raises(ValueError, match=r"column 'b': Gamma: x must be numbers above"):
        mx.Product({"a": mx.Normal(), "b": mx.Gamma()}).fit(table)
    fitted = mx.Product({"a": mx.Normal(0.0), "b": mx.Normal(0.0)}).fit(
        {"a": [1.0, NAN, 3.0], "b": [1.0, 2.0, NAN]}, [1.0, 2.0, 3.0]
    )
    assert fitted.parts["a"].sd == pytest.approx(np.sqrt((1 + 27) / 4))
    assert fitted.parts["b"].sd == pytest.approx(np.sqrt((1 + 8) / 3))


def test_products_are_written_and_read_and_compared():
    made_of, model = product(), product().blank("mean")
    assert mx.from_json(made_of.to_json()) == made_of
    assert hash(mx.from_json(made_of.to_json())) == hash(made_of)
    assert made_of != made_of.parts["a"]
    assert made_of != model
    assert model.n_free == 3
    assert made_of.laid_out(["t", "k", "b", "c", "a"]).column_names == (
        *("t", "k", "b", "c", "a"),
    )
    assert made_of.support == (
        "a: finite numbers; ('b', 'c'): rows of finite numbers; "
        "k: whole numbers from 0 up; t: finite numbers"
    )
    assert made_of.described(model).startswith(
        "a: Normal(mean=1, sd=2 (given)), b c: MultivariateNormal(mean=[0, 1], cov="
    )
    unsized = mx.Product({("b", "c"): mx.MultivariateNormal(), "a": mx.Normal()})
    assert unsized.sized(3).parts["b", "c"].d == 2
    assert unsized.sized(3).n_free == 7
    shared = mx.Product({"a": mx.Normal(sd=mx.Shared("s")), "b": mx.Normal()})
    assert shared.shares == {"parts['a'].sd": "s"}
    settled = shared.settled(shared.filled({"parts['a'].sd": 3.0}))
    assert settled.parts == {"a": mx.Normal(sd=3.0), "b": mx.Normal()}
    for bad, words in (
        (lambda: made_of.laid_out(["b", "a", "c", "k", "t"]), "go together in one"),
        (lambda: mx.Product({}), "at least one column, got none"),
        (lambda: mx.Product({("a", "b"): mx.Normal()}), "that takes rows, such as"),
        (lambda: mx.Product({"a": mx.MultivariateNormal()}), "give it a tuple of col"),
        (
            lambda: mx.Product({"a": mx.Normal(), ("a", "b"): mx.Dirichlet()}),
            "each column must have one component, got 'a' in two keys",
        ),
        (
            lambda: mx.Product({("b", "u"): mx.LinearRegression("y", ["u"])}),
            "a component with named columns must have them as its key",
        ),
        (lambda: made_of.blank("rats"), "takes parameters of its parts, got rats"),
    ):
        with pytest.raises(ValueError, match=words):
            bad()
    for bad, words in (
        (lambda: mx.Product({"": mx.Normal()}), "a column must be a name, or a tuple"),
        (lambda: mx.Product({3: mx.Normal()}), "a column must be a name, or a tuple"),
        (lambda: mx.Product({"a": 3}), "column 'a' must have a component of mixnotes"),
        (lambda: mx.Product(3), "Product takes a mapping of columns to components"),
    ):
        with pytest.raises(TypeError, match=words):
            bad()
    with pytest.raises(AttributeError, match="a Product is immutable, cannot set pa"):
        made_of.parts = {}


# ------------------------------------------------------------------- rows of numbers


def rows_of_three(seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(40, 3)) @ rng.normal(size=(3, 3)) + [1.0, 2.0, 3.0]
    return x, rng.exponential(size=40)


@pytest.mark.parametrize("df", [0.8, 4.0, INF])
@pytest.mark.parametrize("gap", [False, True])
def test_a_t_in_space_is_level_at_its_fit(df, gap):
    x, w = rows_of_three()
    if gap:
        x[3, 0] = x[7, 1:] = x[20, 2] = NAN
    model = mx.MultivariateStudentT(df=df)
    fitted = model.fit(x, w)
    line = model.to_line(fitted)
    close(slopes_on(model, fitted, line, x, w), 0, atol=2e-7)
    other = fitted.filled({"loc": fitted.loc + 0.5, "shape": 2 * fitted.shape})
    again = model.fit(x, w, start=other)
    close(again.loc, fitted.loc, rtol=1e-6)
    close(again.shape, fitted.shape, rtol=1e-6)
    known = mx.MultivariateStudentT(df=df, loc=[1.0, 2.0, 3.0])
    here = known.fit(x, w)
    close(slopes_on(known, here, known.to_line(here), x, w), 0, atol=2e-7)
    assert here.loc.tolist() == [1, 2, 3]
    shaped = mx.MultivariateStudentT(df=df, shape=fitted.shape)
    there = shaped.fit(x, w)
    close(slopes_on(shaped, there, shaped.to_line(there), x, w), 0, atol=2e-7)
    assert np.array_equal(there.shape, fitted.shape)


def slopes_on(model, filled, line, x, w):
    found = []
    for k in range(len(line)):
        aside = 1e-3 * np.eye(len(line))[k]
        at = [
            w @ model.from_line(line + m * aside, filled).log_prob(x) / w.sum()
            for m in (-2, -1, 1, 2)
        ]
        found.append(np.dot(at, [1, -8, 8, -1]) / 12e-3)
    return np.array(found)


@pytest.mark.parametrize("kind", ["full", "diagonal", "spherical"])
@pytest.mark.parametrize("gap", [False, True])
def test_a_normal_in_space_is_level_at_its_fit(kind, gap):
    x, w = rows_of_three(1)
    x *= [1.0, 10.0, 0.2]
    if gap:
        x[3, 0] = x[7, 1:] = x[20, 2] = NAN
    model = mx.MultivariateNormal(covariance=kind)
    fitted = model.fit(x, w)
    if not gap:
        mean, cov = np.average(x, axis=0, weights=w), np.cov(x.T, aweights=w, ddof=0)
        close(fitted.mean, mean, rtol=1e-12)
        if kind == "diagonal":
            cov = np.diag(np.diagonal(cov))
        if kind == "spherical":
            cov = np.eye(3) * np.trace(cov) / 3
        close(fitted.cov, cov, rtol=1e-10, atol=1e-13)
    top = w @ fitted.log_prob(x)
    for factor in (0.999, 1.001):
        scaled = fitted.filled({"cov": factor * fitted.cov})
        assert w @ scaled.log_prob(x) < top
        for j in range(3):
            moved = (
                fitted.mean + (factor - 1) * np.sqrt(fitted.cov[j, j]) * np.eye(3)[j]
            )
            assert w @ fitted.filled({"mean": moved}).log_prob(x) < top
    known = mx.MultivariateNormal([1.0, 20.0, 0.6], covariance=kind).fit(x, w)
    assert known.mean.tolist() == [1, 20, 0.6]
    top = w @ known.log_prob(x)
    for factor in (0.999, 1.001):
        assert w @ known.filled({"cov": factor * known.cov}).log_prob(x) < top


def test_parts_of_rows_given_others():
    mean, cov = (
        np.array([1.0, 2.0, 3.0]),
        np.array([[2.0, 0.6, 0.1], [0.6, 1.0, -0.3], [0.1, -0.3, 4.0]]),
    )
    normal, t = (
        mx.MultivariateNormal(mean, cov),
        mx.MultivariateStudentT(3.0, mean, cov),
    )
    assert normal.marginal([2, 0]) == mx.MultivariateNormal(
        [3.0, 1.0], [[4.0, 0.1], [0.1, 2.0]]
    )
    assert t.marginal([2, 0]) == mx.MultivariateStudentT(
        3.0, [3.0, 1.0], [[4.0, 0.1], [0.1, 2.0]]
    )
    for whole in (normal, t):
        given = whole.conditional({1: 2.5})
        x = np.array([[0.3, 2.5, 1.0], [2.0, 2.5, 5.0]])
        expected = whole.log_prob(x) - whole.marginal([1]).log_prob(x[:, 1:2])
        close(given.log_prob(x[:, [0, 2]]), expected, rtol=1e-10)
        two = whole.conditional({2: 1.0, 0: 0.3})
        expected = whole.log_prob(x[:1]) - whole.marginal([0, 2]).log_prob(
            x[:1, [0, 2]]
        )
        close(two.log_prob(x[:1, 1:2]), expected, rtol=1e-10)
        filled = whole.filled_in(
            np.array([[NAN, 2.5, NAN], [NAN] * 3, [1.0, 2.0, 4.0]])
        )
        place = mean[[0, 2]] + cov[[0, 2], 1] * 0.5
        close(filled, [[place[0], 2.5, place[1]], mean, [1, 2, 4]])
    heavy = mx.MultivariateStudentT(0.9, mean, cov)
    filled = heavy.filled_in(np.array([[NAN, 2.5, NAN], [NAN] * 3]))
    assert np.isnan(filled[1]).all()
    assert np.isfinite(filled[0]).all()
    one = mx.MultivariateStudentT(1.0, mean, cov).filled_in(np.full((1, 3), NAN))
    assert np.isnan(one).all()


def test_rows_know_how_many_columns_they_have():
    cov = np.eye(2)
    for family, names in (
        (mx.MultivariateNormal, ("mean", "cov")),
        (mx.MultivariateStudentT, ("loc", "shape")),
    ):
        for name, value in zip(names, ([0.0, 1.0], cov), strict=True):
            known = family(**{name: value})
            assert known.d == 2
            assert family().filled({name: value}).d == 2
            assert family().filled({name: value}).blank().d == 2
            assert mx.from_json(known.to_json()) == known
            assert "d" not in known._state()
        blank = family(d=3)
        assert blank.d == 3
        assert mx.from_json(blank.to_json()) == blank
        assert blank._state()["d"] == 3
        assert family().d is None
        assert family().sized(4).d == 4
        with pytest.raises(ValueError, match=r"takes x of shape \(n, 3\), got 2 colum"):
            blank.sized(2)
        with pytest.raises(ValueError, match=": d must be a whole number from 1 up"):
            family(d=0)
        with pytest.raises(ValueError, match=r"must be of one dimension, got \[2, 3\]"):
            family(**{names[1]: cov}, d=3)
        with pytest.raises(ValueError, match="how many numbers are blank depends on"):
            _ = family().n_free
    assert mx.MultivariateNormal(d=3).n_free == 9
    assert mx.MultivariateNormal(d=3, covariance="diagonal").n_free == 6
    assert mx.MultivariateNormal([0.0, 0.0], d=2).n_free == 3
    assert mx.MultivariateNormal(cov=cov).n_free == 2
    assert mx.MultivariateStudentT(d=3).n_free == 10
    assert mx.MultivariateStudentT(loc=[0.0, 0.0]).n_free == 4
    t = mx.MultivariateStudentT(d=3)
    assert [t.size_of(n) for n in ("df", "loc", "shape")] == [1, 3, 6]
    assert mx.MultivariateStudentT(loc=[0.0], shape=[[1.0]]).n_free == 1
    for family, vector in ((mx.Dirichlet, [1.0, 2.0]),):
        assert family(vector).d == 2
        assert family(vector).n_free == 0
        assert family(d=3).n_free == 3
        assert family().filled({"alpha": vector}).d == 2
        assert family(d=2).filled({"alpha": mx.Shared("a")}).d == 2
        assert family(vector, d=2).d == 2
        assert mx.from_json(family(vector).to_json()) == family(vector)
        assert "d" not in family(vector)._state()
        assert family(d=3)._state()["d"] == 3
        assert family().tame.tolist() == [0.5, 0.5]
        assert family(d=4).tame.tolist() == [0.25] * 4
    many = mx.Multinomial(4, [0.2, 0.8])
    assert many.d == 2
    assert mx.Multinomial(4, d=3).n_free == 2
    assert mx.Multinomial(4, d=3).tame.tolist() == [4, 0, 0]
    assert mx.Multinomial(4).tame.tolist() == [4]
    assert mx.Multinomial(4).filled({"probs": [0.5, 0.5]}).d == 2
    assert many.kind() == (mx.Multinomial, 4)
    assert mx.from_json(many.to_json()) == many
    mean, cov = many.moments()
    close(mean, [0.8, 3.2])
    close(cov, [[0.64, -0.64], [-0.64, 0.64]])
    mean, cov = mx.Dirichlet([1.0, 2.0, 3.0]).moments()
    close(mean, [1 / 6, 1 / 3, 1 / 2])
    close(cov, scipy.stats.dirichlet([1, 2, 3]).cov())
    with pytest.raises(ValueError, match="Multinomial: d must be a whole number from"):
        mx.Multinomial(4, d=0)
    assert mx.Multinomial(4, d=1).d == 1


def test_covariances_that_their_model_forbids_are_refused():
    turned, uneven = [[1.0, 0.1], [0.1, 1.0]], [[1.0, 0.0], [0.0, 2.0]]
    assert mx.MultivariateNormal(cov=uneven, covariance="diagonal").d == 2
    assert mx.MultivariateNormal(cov=turned, covariance="tied").d == 2
    assert mx.MultivariateNormal(cov=np.eye(2), covariance="spherical").d == 2
    for cov, kind in ((turned, "diagonal"), (turned, "spherical"), (uneven, "EII")):
        with pytest.raises(ValueError, match=f"cov must be {kind}, got"):
            mx.MultivariateNormal(cov=cov, covariance=kind)
    for name in ("mean", "cov"):
        with pytest.raises(ValueError, match=f"{name} cannot be Shared; for what cova"):
            mx.MultivariateNormal(**{name: mx.Shared("m")})


def test_rows_that_are_too_few_or_flat_are_told():
    x, _ = rows_of_three()
    flat = x.copy()
    flat[:, 2] = flat[:, 0] - flat[:, 1]
    constant = x.copy()
    constant[:, 1] = 7.0
    tiny = 1e-160 * x
    normal, t = mx.MultivariateNormal(), mx.MultivariateStudentT(df=3.0)
    for bad, words in (
        (
            lambda: normal.fit(flat),
            "MultivariateNormal collapsed near x = .*beca",
        ),
        (
            lambda: t.fit(flat),
            "MultivariateStudentT collapsed near x = .*its sh",
        ),
        (lambda: normal.fit(x[:3]), "MultivariateNormal collapsed near x"),
        (lambda: t.fit(x[:3]), "MultivariateStudentT collapsed near x"),
        (lambda: normal.fit(constant), "got column 1 all equal to 7; leave it out"),
        (lambda: t.fit(constant), "got column 1 all equal to 7; leave it out"),
        (lambda: t.fit(tiny), "each column must vary by more than 1e-150 for a shape"),
        (lambda: normal.fit(x[:, 0]), r"write x\[:, None\] for one column, or use No"),
        (lambda: t.fit(x[:, 0]), r"takes one row an observation, x of shape \(n, d\)"),
        (
            lambda: normal.fit(x * [1, NAN, 1]),
            "at least one value, got only missing ones in c",
        ),
        (
            lambda: t.fit(x * [1, NAN, 1]),
            "at least one value, got only missing ones in c",
        ),
    ):
        with pytest.raises(ValueError, match=words):
            bad()
    cov = np.eye(3)
    shaped = mx.MultivariateStudentT(df=3.0, shape=cov).fit(constant)
    assert shaped.loc[1] == pytest.approx(7)
    assert mx.MultivariateNormal(cov=cov).fit(constant).mean[1] == pytest.approx(7)


# --------------------------------------------------- the reader's own, and scipy's


def gaussian(x, m, s):
    return -0.5 * ((x - m) / s) ** 2 - np.log(s) - 0.5 * np.log(2 * np.pi)


def custom(**more):
    return mx.Custom(gaussian, {"m": (-INF, INF), "s": (0, INF)}, **more)


def test_a_custom_density_does_what_its_functions_say():
    made_of = custom(
        m=1.0,
        s=2.0,
        sample=lambda n, rng, m, s: rng.normal(m, s, n),
        moments=lambda m, s: (m, s * s),
        cdf=lambda x, m, s: scipy.special.ndtr((x - m) / s),
        support=(-50, 60),
    )
    assert made_of.moments() == (1, 4)
    close(made_of.cdf([0.0, 1.0]), scipy.special.ndtr([-0.5, 0]))
    close(made_of.sf([3.0]), scipy.special.ndtr([-1.0]))
    close(made_of.quantile([0.2, 0.9]), scipy.stats.norm(1, 2).ppf([0.2, 0.9]))
    assert made_of.quantile([0, 1]).tolist() == [-50, 60]
    assert made_of.ends == (-50, 60)
    assert custom().ends == (-INF, INF)
    assert made_of.support == "numbers from -50 to 60"
    assert custom().support == "finite"
    assert custom(support=lambda x: x > 0).support == "possible"
    assert made_of.inside(np.array([-50.0, 60.0, 61.0, -51.0])).tolist() == [
        *(True, True, False, False),
    ]
    plane = custom(support=(0, 1))
    assert plane.inside(np.array([[0.5, 0.5], [0.5, 2.0]])).tolist() == [True, False]
    assert made_of.sample(5, 0).shape == (5,)
    close(made_of.log_prob([0.0, 70.0]), [gaussian(0.0, 1, 2), -INF])
    assert repr(made_of) == "Custom(gaussian, m=1, s=2)"
    assert made_of.m == 1
    assert made_of.blank("m").blanks == ("m",)
    assert made_of.blank().n_free == 2
    assert made_of.blank("m").filled({"m": 1.0}) == made_of
    assert hash(made_of.blank("m").filled({"m": 1.0})) == hash(made_of)
    assert made_of != made_of.filled({"m": 3.0})
    assert made_of != 3
    assert made_of.domains() == {"m": (-INF, INF), "s": (0, INF)}
    assert custom(discrete=1).discrete is True
    half = custom(support=lambda x: x > 0, m=0.0, s=1.0)
    close(half.log_prob([-1.0, 1.0]), [-INF, gaussian(1.0, 0, 1)])


@pytest.mark.parametrize("start", [None, (0.0, 1.0), (1.4, 2.5)])
def test_a_custom_density_is_fitted_with_weights_from_anywhere(start):
    x = np.random.default_rng(0).normal(3, 2, 50)
    w = np.random.default_rng(1).exponential(size=50)
    w[:5] = 0
    begin = None if start is None else custom(m=start[0], s=start[1])
    for guess in ({}, {"m": 10.0}):
        fitted = custom(guess=guess).fit(x, w, start=begin)
        best = mx.Normal().fit(x, w)
        assert fitted.m == pytest.approx(best.mean, rel=1e-6)
        assert fitted.s == pytest.approx(best.sd, rel=1e-6)
    known = custom(m=3.0).fit(x, w)
    assert known.m == 3
    assert known.s == pytest.approx(mx.Normal(3.0).fit(x, w).sd, rel=1e-6)


CUSTOM_ERRORS = [
    (lambda: mx.Custom(3, {"m": (0, 1)}), "log_prob must be a function, got 3"),
    (lambda: custom(sample=3), "sample must be a function, got 3"),
    (lambda: custom(moments=3), "moments must be a function, got 3"),
    (lambda: custom(cdf=3), "cdf must be a function, got 3"),
    (lambda: mx.Custom(gaussian, {}), "bounds must be a mapping of parameter names"),
    (lambda: mx.Custom(gaussian, [1]), "bounds must be a mapping of parameter names"),
    (lambda: mx.Custom(gaussian, {"a b": (0, 1)}), "bounds must have names as keys"),
    (lambda: mx.Custom(gaussian, {3: (0, 1)}), "bounds must have names as keys, got 3"),
    (lambda: mx.Custom(gaussian, {"fit": (0, 1)}), "cannot have the name fit, which"),
    (lambda: mx.Custom(gaussian, {"m": (1, 1)}), r"bounds of m must be \(low, high\)"),
    (lambda: mx.Custom(gaussian, {"m": 3}), r"bounds of m must be \(low, high\)"),
    (lambda: mx.Custom(gaussian, {"m": (0, "a")}), r"bounds of m must be \(low, high"),
    (lambda: custom(support=(2, 1)), r"support must be \(low, high\), low below high"),
    (lambda: custom(guess={"k": 1}), "guess must name a parameter of bounds, m, s; g"),
    (lambda: custom(k=1), "a keyword must name a parameter of bounds, m, s; got k"),
    (lambda: custom(s=-1), "s must be from 0 to inf, got -1; leave s out to have it"),
    (lambda: custom(s="a"), "s must be a number, got 'a'"),
    (lambda: custom(s=True), "s must be a number, got True"),
    (lambda: custom(s=NAN), "s must be a number, got nan"),
    (lambda: custom(s=1j), "s must be a number, got 1j"),
    (lambda: custom(s=np.complex128(1)), "s must be a number, got"),
    (lambda: custom(s=mx.Shared("s")), "s cannot be Shared, which families in expon"),
    (lambda: custom().moments(), r"moments needs every parameter, and Custom\(gauss"),
    (lambda: custom(m=0, s=1).moments(), "moments"),
    (lambda: custom(m=0, s=1).cdf([1.0]), "cdf"),
    (lambda: custom(m=0, s=1).sample(3, 0), "sample"),
    (lambda: custom(m=0, s=1).to_json(), "a Custom does not save as JSON, for its l"),
    (lambda: custom().blank("k", "j"), "Custom can have blanks in m, s, got j, k"),
    (lambda: custom().log_prob([1.0]), "log_prob needs every parameter"),
    (
        lambda: mx.Custom(lambda x, m: np.ones(2), {"m": (0, 1)}, m=0.5).log_prob([1]),
        r"one number an observation, shape \(1,\), got shape \(2,\)",
    ),
    (
        lambda: mx.Custom(lambda x, m: x * NAN, {"m": (0, 1)}, m=0.5).log_prob([1, 2]),
        r"log_prob must not be NaN, got it at x\[0\] = 1 with",
    ),
    (
        lambda: mx.Custom(
            lambda x, m: np.where(x == 2, NAN, 0.0), {"m": (0, 1)}, m=0.5
        ).log_prob([1, 2]),
        r"log_prob must not be NaN, got it at x\[1\] = 2 with",
    ),
    (
        lambda: mx.Custom(
            lambda x, m, s: np.full(len(x), -INF), {"m": (0, 1), "s": (0, INF)}
        ).fit([1.0, 2.0]),
        "no values of m, s were found under which every observation is possible",
    ),
    (
        lambda: mx.Custom(lambda x, m: m + 0 * x, {"m": (0, INF)}).fit([1.0, 2.0]),
        "m ran off to",
    ),
    (lambda: custom(m=3.0)._fit(np.ones(2), np.zeros(2), None), "from weights that a"),
]


@pytest.mark.parametrize(
    ("bad", "words"), CUSTOM_ERRORS, ids=[w[:50] for _, w in CUSTOM_ERRORS]
)
def test_a_custom_density_that_cannot_be_says_why(bad, words):
    with pytest.raises((ValueError, TypeError), match=words):
        bad()


def test_what_is_made_is_immutable_and_has_only_its_parameters():
    with pytest.raises(AttributeError, match="a Custom is immutable, cannot set m; m"):
        custom().m = 3
    with pytest.raises(AttributeError, match="Custom has no q"):
        _ = custom().q
    start = custom(m=1.0, s=1.0)
    assert custom()._fit(np.ones(2), np.zeros(2), start) is start


def test_scipys_distributions_keep_what_is_known():
    frozen = mx.from_scipy(scipy.stats.gamma(2.0, 1.0, scale=3.0))
    assert frozen.values == {"a": 2, "loc": 1, "scale": 3}
    assert mx.from_scipy(scipy.stats.gamma(2.0, 1.0, 3.0)) == frozen
    assert mx.from_scipy(scipy.stats.gamma(a=2.0, loc=1.0, scale=3.0)) == frozen
    assert mx.from_scipy("gamma", a=2.0, loc=1.0, scale=3.0) == frozen
    assert mx.from_scipy(scipy.stats.gamma(2.0), scale=3.0, loc=1.0) == frozen
    assert mx.from_scipy(scipy.stats.gamma(2.0)).values == {
        **{"a": 2, "loc": 0, "scale": 1},
    }
    assert repr(frozen) == "from_scipy('gamma', a=2, loc=1, scale=3)"
    assert frozen.support == "in the support of gamma"
    assert frozen.ends == (1, INF)
    assert frozen.blank("a").blanks == ("a",)
    assert frozen.blank("a").filled({"a": 2.0}) == frozen
    assert mx.from_json(frozen.to_json()) == frozen
    assert mx.from_json(frozen.blank("a").to_json()) == frozen.blank("a")
    truth = scipy.stats.gamma(2, 1, 3)
    x = np.array([0.5, 1.5, 4.0])
    close(frozen.log_prob(x), truth.logpdf(x))
    close(frozen.cdf(x), truth.cdf(x))
    close(frozen.sf(x), truth.sf(x))
    close(frozen.quantile([0.2, 0.7]), truth.ppf([0.2, 0.7]))
    close(frozen.moments(), truth.stats())
    assert frozen.inside(x).tolist() == [False, True, True]
    assert frozen.blank().inside(x).tolist() == [True, True, True]
    assert (
        frozen.sample(4, 0).tolist() == truth.rvs(4, np.random.default_rng(0)).tolist()
    )
    counts = mx.from_scipy("binom", n=5)
    assert counts.values == {"n": 5, "p": None, "loc": 0}
    assert counts.discrete
    assert counts.inside(np.array([1.0, 1.5])).tolist() == [True, False]
    fitted = counts.fit([1, 2, 4, 0], [1, 2, 1, 1])
    assert fitted.p == pytest.approx(9 / 25, rel=1e-6)
    close(fitted.log_prob([1, 9]), scipy.stats.binom(5, fitted.p).logpmf([1, 9]))
    close(fitted.moments(), (5 * fitted.p, 5 * fitted.p * (1 - fitted.p)))
    moved = mx.from_scipy(scipy.stats.poisson(3.0, 2))
    assert moved.values == {"mu": 3, "loc": 2}
    close(moved.log_prob([2, 4]), scipy.stats.poisson(3, 2).logpmf([2, 4]))
    for bad, words in (
        (lambda: mx.from_scipy("gamma", b=1.0), "gamma has the parameters a, loc, sca"),
        (lambda: mx.from_scipy("binom"), "binom: n must be given, for whole numbers a"),
        (lambda: mx.from_scipy("nothing"), "takes a continuous or discrete distributi"),
        (lambda: mx.from_scipy(3), "takes a continuous or discrete distribution of sc"),
        (lambda: frozen.blank("a").moments(), "moments needs every parameter, and fro"),
        (lambda: mx.from_scipy("gamma", a=-1.0), "a must be from .* to inf, got -1"),
    ):
        with pytest.raises((ValueError, TypeError), match=words):
            bad()


# ----------------------------------------------------------- what a fit cannot learn

TOO_LITTLE = [
    (lambda: mx.Normal().fit([3, 3]), "sd must be learned from values that differ, g"),
    (lambda: mx.LogNormal().fit([3, 3]), "sigma must be learned .* all equal to 3; g"),
    (lambda: mx.Normal().fit([1e-160, 2e-160]), "x must vary by more than 1e-150 for"),
    (lambda: mx.Normal().fit([0, 1], [1, 1e-18]), "Normal collapsed on x = .*its sd f"),
    (
        lambda: mx.LogNormal().fit([1, 100], [1, 1e-18]),
        "LogNormal collapsed on x = 1: its sigma fell to",
    ),
    (lambda: mx.Gumbel().fit([2, 2]), "scale must be learned from values that differ"),
    (lambda: mx.Laplace().fit([7, 7.0]), r"example Laplace\(scale=1.0\)"),
    (lambda: mx.Laplace().fit([0, 1e-160]), "x must vary by more than 1e-150 for sca"),
    (lambda: mx.Laplace().fit([0, 1], [1, 1e-9]), "Laplace collapsed on x = 0: its sp"),
    (lambda: mx.Logistic().fit([0, 1], [1, 1e-9]), "Logistic collapsed on x = 0: its"),
    (lambda: mx.Weibull().fit([2, 5], [1, 1e-9]), "Weibull collapsed on x = 2: its s"),
    (lambda: mx.Exponential().fit([0, 0]), "Exponential collapsed on x = 0: its rate"),
    (lambda: mx.Gamma().fit([3, 3]), "Gamma collapsed on x = 3: its shape grew witho"),
    (lambda: mx.Gamma().fit([1e-302, 2e-303]), "Gamma collapsed: its scale fell below"),
    (lambda: mx.InverseGaussian().fit([3, 3]), "InverseGaussian collapsed on x = 3: i"),
    (lambda: mx.Beta().fit([0.25, 0.25]), "Beta collapsed on x = 0.25: a and b grew"),
    (lambda: mx.Uniform(low=3.0).fit([3, 3]), "Uniform collapsed on x = 3: low and hi"),
    (lambda: mx.VonMises().fit([1, 1]), "VonMises collapsed on x = 1: its concentrat"),
    (
        lambda: mx.Normal()._fit(np.ones(2), np.zeros(2), None),
        r"Normal\(\) cannot be learned from weights that are 0",
    ),
    (
        lambda: mx.LinearRegression("y", ["u"])._fit(
            np.ones((2, 2)), np.zeros(2), None
        ),
        "cannot be learned from weights that are 0",
    ),
    (lambda: mx.Categorical(), "Categorical must have probs or n, the number of cat"),
    (lambda: mx.Categorical([0.5, 0.5], n=3), "one number a category, n = 3, got 2; l"),
    (lambda: mx.Categorical(n=0), "Categorical: n must be a whole number from 1 up"),
    (
        lambda: mx.Categorical(n=3).filled({"probs": [0.5, 0.5]}),
        r"probs must have shape \(3,\), got \[0.5, 0.5\]",
    ),
    (lambda: mx.Binomial(0), "Binomial: n must be a whole number from 1 up, got 0"),
    (lambda: mx.Uniform(1.0, 1.0), "Uniform: low must be below high, got low = 1.0 an"),
    (lambda: mx.Dirichlet([1.0]), "Dirichlet: alpha must have at least 2 numbers, go"),
    (lambda: mx.Dirichlet([1.0, 2.0], d=3), "Dirichlet: alpha must have one number a"),
    (lambda: mx.Dirichlet().n_free, "Dirichlet has no alpha or d; give d, for example"),
    (lambda: mx.Multinomial(3).n_free, "Multinomial has no probs or d; give d, for ex"),
    (
        lambda: mx.LinearRegression("y", ["u"], sd=-1),
        "LinearRegression: sd must be a number above 0, got -1; leave it out",
    ),
    (lambda: mx.LinearRegression("y", "u"), "on must be a list of column names, or a"),
    (lambda: mx.LinearRegression("y", ["y"]), "target and predictors must be differen"),
    (lambda: mx.LinearRegression("y", [""]), "target and predictors must be different"),
    (lambda: mx.LinearRegression("y", {"u": INF}), r"coef\['u'\] must be a finite num"),
    (lambda: mx.LinearRegression("y", {"u": True}), r"coef\['u'\] must be a finite nu"),
    (lambda: mx.LinearRegression("y", ["u"], "a"), "intercept must be a finite number"),
]


@pytest.mark.parametrize(
    ("bad", "words"), TOO_LITTLE, ids=[f"{k}" for k in range(len(TOO_LITTLE))]
)
def test_what_cannot_be_learned_or_made_says_why(bad, words):
    with pytest.raises((ValueError, TypeError), match=words):
        bad()


def test_the_component_that_collapsed_is_the_one_that_is_named():
    """Of several that are learned together."""
    free = np.array([1.0, 1.0])

    def told(templates, means, words):
        with pytest.raises(ValueError, match=words):
            templates[0].learn(free, np.array(means).T, Keep(templates))

    beta = (mx.Beta(), mx.Beta())
    told(beta, [[-1.0, -1.5], [np.log(0.3), np.log(0.7)]], "Beta collapsed on x = 0.3:")
    told(
        (mx.Dirichlet(d=2), mx.Dirichlet(d=2)),
        [[-1.0, -1.5], [np.log(0.3), np.log(0.7)]],
        r"Dirichlet collapsed on x = \[0.3, 0.7\]:",
    )
    gamma = (mx.Gamma(), mx.Gamma())
    told(gamma, [[1.0, -0.5], [3.0, np.log(3.0)]], "Gamma collapsed on x = 3:")
    inverse = (mx.InverseGaussian(), mx.InverseGaussian())
    told(inverse, [[1.0, 2.0], [4.0, 0.25]], "InverseGaussian collapsed on x = 4:")
    angle = (mx.VonMises(), mx.VonMises())
    told(angle, [[0.5, 0.0], [np.cos(2), np.sin(2)]], "VonMises collapsed on x = 2:")
    rate = (mx.Exponential(), mx.Exponential())
    told(rate, [[1.0], [0.0]], "Exponential collapsed on x = 0: its rate grew without")


def test_a_given_spread_cannot_collapse():
    free = np.array([1.0, 1.0])
    for templates, means in (
        ((mx.Gamma(), mx.Gamma(2.0)), [[1.0, -0.5], [3.0, np.log(3.0) - 1e-12]]),
        ((mx.Gamma(), mx.Gamma(None, 2.0)), [[1.0, -0.5], [3.0, np.log(3.0)]]),
        (
            (mx.InverseGaussian(), mx.InverseGaussian(None, 2.0)),
            [[1.0, 2.0], [4.0, 0.25]],
        ),
        (
            (mx.VonMises(), mx.VonMises(None, 2.0)),
            [[0.5, 0.0], [(1 - 1e-12) * np.cos(2), np.sin(2)]],
        ),
        ((mx.Beta(), mx.Beta(2.0)), [[-1.0, -1.5], [np.log(0.3), np.log(0.7)]]),
        ((mx.Beta(), mx.Beta(None, 2.0)), [[-1.0, -1.5], [np.log(0.3), np.log(0.7)]]),
    ):
        found = templates[0].learn(free, np.array(means).T, Keep(templates))
        assert all(np.isfinite(v).all() for v in found.values())
    mx.Normal(sd=1.0).fit([3, 3])
    assert mx.Laplace(scale=1.0).fit([3, 3]).loc == 3
    assert mx.Gumbel(scale=1.0).fit([3, 3]).loc == pytest.approx(3)
    assert mx.Logistic(scale=1.0).fit([3, 3]).loc == pytest.approx(3)
    assert mx.StudentT(3.0, scale=1.0).fit([3, 3]).loc == pytest.approx(3)
    assert mx.Weibull(shape=2.0).fit([3, 3]).scale == pytest.approx(3)


# --------------------------------------------------------------- the packed normal


@pytest.mark.parametrize("k", [1, 3, 6, 7, 9])
def test_the_short_way_of_a_normal_is_what_learning_gives(k):
    rng = np.random.default_rng(k)
    y = rng.normal(size=(k, 30)) * 2 + rng.normal(size=(k, 1))
    share = rng.random((k, 30))
    sums = np.array([share.sum(1), (share * y).sum(1), (share * y * y).sum(1)])
    out = np.empty((3, k))
    sharpest = mx.Normal().direct(sums, 50.0, out)
    values = mx.Normal().learn(sums[0], sums[1:] / sums[0], Keep([mx.Normal()] * k))
    natural, normaliser = mx.Normal().natural(values)
    close(out[0], np.log(sums[0] / 50) - normaliser, rtol=1e-12)
    close(out[1:], natural, rtol=1e-12)
    assert sharpest == pytest.approx((1 / values["sd"] ** 2).max(), rel=1e-12)
    assert mx.Normal().sharpness(natural) == pytest.approx(sharpest, rel=1e-12)
    close(values["sd"], [np.sqrt(np.cov(a, aweights=w, ddof=0)) for a, w in
                         zip(y, share, strict=True)])  # fmt: skip


def test_the_short_way_of_a_normal_gives_up_without_spread_or_weight():
    out = np.empty((3, 2))
    flat = np.array([[2.0, 1.0], [2.0, 0.0], [2.0, 1.0]])
    assert mx.Normal().direct(flat, 3.0, out) == INF
    empty = np.array([[2.0, 0.0], [2.0, 0.0], [4.0, 0.0]])
    assert mx.Normal().direct(empty, 3.0, out) == INF


def test_normals_share_a_mean_by_precision_and_a_spread_by_weight():
    weight = np.array([3.0, 1.0])
    means = np.array([[1.0, 2.0], [5.0, 4.5]])
    tied = (mx.Normal(sd=s()), mx.Normal(sd=s()))
    found = tied[0].learn(weight, means, Keep(tied))
    close(found["mean"], [1, 2])
    close(found["sd"], np.sqrt((3 * 4 + 0.5) / 4))
    joined = (mx.Normal(s()), mx.Normal(s()))
    current = {"mean": np.zeros(2), "sd": np.array([1.0, 0.5])}
    found = joined[0].learn_about(weight, means, Keep(joined), 10.0, current)
    mean = (3 * 1 + 4 * 2) / 7
    close(found["mean"], 10 + mean)
    close(found["sd"], np.sqrt(np.array([5.0, 4.5]) - 2 * mean * means[0] + mean**2))
    found = joined[0].learn_about(weight, means, Keep(joined), 10.0, None)
    close(found["mean"], 11.25)
    given = (mx.Normal(0.5), mx.Normal())
    found = given[0].learn(weight, means, Keep(given))
    close(found["mean"], [0.5, 2])
    close(found["sd"], np.sqrt([5 - 1 + 0.25, 0.5]))


@pytest.mark.parametrize("kind", ["full", "diagonal", "spherical"])
def test_the_packed_and_the_centred_form_of_rows_agree(kind):
    rng = np.random.default_rng(5)
    d, k = 3, 2
    family = mx.MultivariateNormal(covariance=kind)
    if kind == "full":
        root = rng.normal(size=(k, d, d))
        cov = root @ root.transpose(0, 2, 1) + np.eye(d)
    else:
        cov = rng.random((k, d)) + 0.5
    matrices = family.matrices(cov)
    assert matrices.shape == (k, d, d)
    values = {"mean": rng.normal(size=(k, d)), "cov": cov}
    x = rng.normal(size=(20, d))
    expected = [
        scipy.stats.multivariate_normal(values["mean"][j], matrices[j]).logpdf(x)
        for j in range(k)
    ]
    natural, normaliser = family.natural(values)
    packed = np.array(natural).T @ np.array(family.statistics(x)) - normaliser[:, None]
    close(packed, expected, rtol=1e-10)
    out = np.empty((k, 20))
    family.centred_log_prob(values, x.T, out)
    close(out, expected, rtol=1e-10)
    traces = [np.trace(np.linalg.inv(m)) for m in matrices]
    assert family.sharpness(np.array(natural)) == pytest.approx(max(traces), rel=1e-9)
    share = rng.random((k, 20))
    sums = family.centred_sums(values, x.T, share)
    about = np.array(
        [
            share[j] @ np.array(family.statistics(x - values["mean"][j])).T
            for j in range(k)
        ]
    )
    close(sums, about, rtol=1e-10)
    own = family.own_means(values)
    kept = family.sized(d).learn_about(
        np.ones(k), own, Keep([family] * k), values["mean"], None
    )
    close(kept["mean"], values["mean"])
    if kind != "spherical":
        close(kept["cov"], cov, rtol=1e-10)
    frame = exponential.Frame(
        np.array([1.0, 2.0, 3.0]),
        np.array([2.0, 3.0, 0.5]),
        -np.ones(d),
        4 * np.ones(d),
    )
    assert frame.span.tolist() == [5, 5, 5]
    assert frame.reach == 4
    close(frame.apply(x.T), ((x - frame.centre) / frame.scale).T)
    there = family.into(values, frame)
    back = family.out_of(there, frame)
    close(back["cov"], cov)
    close(back["mean"], values["mean"])
    framed = family.matrices(there["cov"])
    close(framed, matrices / np.outer(frame.scale, frame.scale))
    begun = family.begin(x.T, share)
    for j in range(k):
        close(begun["mean"][j], np.average(x, axis=0, weights=share[j]))
        found = family.matrices(begun["cov"])[j]
        close(np.diagonal(found), np.diagonal(np.cov(x.T, aweights=share[j], ddof=0)))
        assert np.count_nonzero(found) == d


def test_a_frame_is_the_mean_and_the_deviation_of_each_column():
    from mixnotes.sums import Rows

    x = np.array([[1.0, 5.0, 10.0], [3.0, 5.0, 30.0], [2.0, 5.0, 80.0]])
    w = np.array([1.0, 2.0, 1.0])
    frame = exponential.Frame.of(Rows(x, w), mx.MultivariateNormal())
    close(frame.centre, [2.25, 5, 37.5])
    sd = np.sqrt(np.average((x - frame.centre) ** 2, axis=0, weights=w))
    close(frame.scale, [sd[0], 1, sd[2]])
    close(frame.low, (x.min(0) - frame.centre) / frame.scale)
    close(frame.high, (x.max(0) - frame.centre) / frame.scale)
    assert frame.reach == max(-frame.low.min(), frame.high.max())
    ball = mx.MultivariateNormal(covariance="spherical")
    close(exponential.Frame.of(Rows(x, w), ball).scale, [sd[2]] * 3)
    logs = exponential.Frame.of(Rows(np.array([1.0, np.e, -4.0]), None), mx.LogNormal())
    close([logs.centre, logs.scale], 0.5)


# ------------------------------------------------------- steps of a t on the line


@pytest.mark.parametrize("fixed", [{}, {"df": 2.0}, {"scale": 1.2}, {"loc": 0.3}])
def test_a_step_of_a_t_never_falls_and_leaves_what_is_given(fixed):
    rng = np.random.default_rng(6)
    y, share = rng.standard_t(2.5, 80), rng.random(80)
    share /= share.sum()
    t = mx.StudentT()

    def height(at):
        z = (y - at["loc"]) / at["scale"]
        return share @ student.log_bell(z * z, at["df"], 1) - np.log(at["scale"])

    begin = {"df": 8.0, "loc": 0.8, "scale": 2.0} | fixed
    before = height(begin)
    here = begin
    for steps in ("_rounds", "_step"):
        for _ in range(3):
            more = (1,) if steps == "_rounds" else ()
            if steps == "_rounds":
                found = t._rounds(y, share, fixed, here, *more)
            else:
                found = t._step(y, share, fixed, here)
            assert height(found) > before - 1e-14
            assert all(found[name] == value for name, value in fixed.items())
            assert list(found) == ["df", "loc", "scale"]
            here, before = found, height(found)
    assert before > height(begin) + 0.01
    polished = t._polished(y, share, fixed, begin, 50)
    best = t._standard(y, share, fixed, None)
    for name in best:
        assert polished[name] == pytest.approx(best[name], rel=1e-5, abs=1e-6)
    infinite = {"df": INF, "loc": 0.0, "scale": 1.0}
    assert t._polished(y, share, {}, infinite, 5) is infinite
    narrow = {"df": 3.0, "loc": 0.0, "scale": 1e-15}
    assert t._polished(y, share, {}, narrow, 5) is narrow


def test_one_round_of_a_t_is_that_of_its_latent_scales():
    y = np.array([-1.0, 0.0, 0.5, 6.0])
    share = np.array([0.2, 0.3, 0.3, 0.2])
    begin = {"df": 3.0, "loc": 0.1, "scale": 1.5}
    fixed = {"df": 3.0}
    found = mx.StudentT()._rounds(y, share, fixed, begin, 1)
    pull = share * 4 / (3 + ((y - 0.1) / 1.5) ** 2)
    loc = pull @ y / pull.sum()
    assert found["loc"] == pytest.approx(loc, rel=1e-14)
    scale = np.sqrt(pull @ (y - loc) ** 2 / pull.sum())
    assert found["scale"] == pytest.approx(scale, rel=1e-14)


def test_the_degrees_of_freedom_of_distances():
    rng = np.random.default_rng(9)
    square = rng.standard_t(4.0, 300) ** 2
    share = np.full(300, 1 / 300)
    found = student.df_of(square, share, 1, None)
    grid = np.geomspace(0.5, 100, 4000)
    heights = [share @ student.log_bell(square, df, 1) for df in grid]
    assert found == pytest.approx(grid[int(np.argmax(heights))], rel=2e-3)
    assert student.df_of(square, share, 1, 30.0) == pytest.approx(found, rel=1e-6)
    assert student.df_of(square, share, 1, INF) == pytest.approx(found, rel=1e-6)
    assert student.df_of(np.ones(300), share, 1, None) == INF
    assert student.df_of(np.ones(300), share, 1, 3.0) == INF


def test_a_given_alpha_and_given_shares_stay_and_say_how_many_they_are():
    templates = (mx.Dirichlet([1.0, 2.0]), mx.Dirichlet(d=2))
    means = np.array([[-1.0, -1.0], [-1.5, -1.5]])
    found = templates[0].learn(np.ones(2), means, Keep(templates))["alpha"]
    assert found[0].tolist() == [1, 2]
    assert found[1].tolist() != [1, 2]
    assert "n" not in mx.Categorical([0.2, 0.8])._state()
    assert mx.Categorical(n=3)._state()["n"] == 3
    assert mx.Categorical(mx.Shared("p"), n=3)._state()["n"] == 3
    assert mx.from_json(mx.Categorical(n=3).to_json()) == mx.Categorical(n=3)
