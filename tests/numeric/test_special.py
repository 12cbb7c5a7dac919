"""Special functions and constraints: against scipy, quadrature, series, round trips."""

import math

import numpy as np
import pytest
import scipy.optimize
import scipy.special
import scipy.stats

import mixnotes as mx
from mixnotes.components import constraints
from mixnotes.numeric import special

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


# ------------------------------------------------------------------------ constraints

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
    constraint, values = getattr(constraints, name), np.array(NUMBERS[name])
    line = constraint.unconstrain(values)
    assert line.shape == (len(values), 1)
    assert np.isfinite(line).all()
    assert (np.diff(line[:, 0]) > 0).all()
    close(constraint.constrain(line, values), values, rtol=1e-12, atol=1e-290)
    for far in (-1e4, 1e4):
        ends = constraint.constrain(np.array([[far]]), values)
        assert not np.isnan(ends).any()
    assert constraint.power == POWERS.get(name, 0)
    close(constraint.measured(values), MEASURES.get(name, lambda v: v)(values))
    for value in values.tolist():
        assert constraint.read(value) == value
        assert constraint.read(np.float64(value)) == value
    for value in OUTSIDE[name]:
        assert constraint.read(value) is None
        assert constraint.read(np.array(value)) is None


@pytest.mark.parametrize(
    "value", ["1", b"1", 1 + 0j, [1.0], np.array([1.0]), np.array("1"), {}, object()]
)
def test_what_is_no_number_is_not_read(value):
    assert constraints.REAL.read(value) is None
    assert constraints.VECTOR.read(value) is None or np.ndim(value) == 1


def test_whole_numbers_and_decimals_are_read_as_floats():
    for value in (3, np.int8(3), np.float32(3), np.array(3), np.array(3, object)):
        found = constraints.POSITIVE.read(value)
        assert type(found) is float
        assert found == 3
    assert constraints.REAL.read(10**400) is None


def test_an_interval_is_symmetric_on_the_line():
    low, high = constraints.POSITIVE.interval(2.0, 0.5, 3.0)
    assert (low, high) == pytest.approx((2 * np.exp(-0.75), 2 * np.exp(0.75)), rel=1e-8)
    assert type(low) is type(high) is float
    low, high = constraints.REAL.interval(2.0, 0.5, 3.0)
    assert (low, high) == pytest.approx((0.5, 3.5), rel=1e-8)
    odds, width = np.log(0.2 / 0.8), 2 * 0.05 / (0.2 * 0.8)
    ends = scipy.special.expit([odds - width, odds + width])
    assert constraints.PROBABILITY.interval(0.2, 0.05, 2.0) == pytest.approx(
        ends, rel=1e-7
    )
    probs, error = np.array([0.2, 0.8]), np.array([0.05, 0.05])
    low, high = constraints.SIMPLEX.interval(probs, error, 2.0)
    assert (low[0], high[0]) == pytest.approx(ends, rel=1e-7)
    assert (1 - high[1], 1 - low[1]) == pytest.approx(ends, rel=1e-7)
    low, high = constraints.VECTOR.interval(probs, error, 2.0)
    close(low, probs - 0.1)
    close(high, probs + 0.1)


def test_vectors_go_to_the_line_and_back():
    stack = np.array([[1e-200, 2.0, 1e200], [1.0, 1.0, 3.0]])
    constraint = constraints.POSITIVE_VECTOR
    close(constraint.unconstrain(stack), np.log(stack))
    close(constraint.constrain(np.log(stack), stack), stack, rtol=1e-12)
    close(constraint.measured(stack), np.log(stack))
    assert constraint.constrain(np.array([[701.0, -800.0]]), stack).tolist() == [
        [INF, 0]
    ]
    assert constraints.VECTOR.unconstrain(stack) is stack
    assert constraints.VECTOR.constrain(stack, stack[:1]) is stack
    assert constraints.VECTOR.measured(stack) is stack
    for bad in ([], [[1.0]], [1, NAN], [1, INF], ["a"], [True], [[1], [1, 2]], 3.0):
        assert constraints.VECTOR.read(bad) is None
        assert constraint.read(bad) is None
    assert constraint.read([1, 0]) is None
    read = constraint.read([1, 2])
    assert read.dtype == np.float64
    assert not read.flags.writeable


def test_probabilities_go_to_the_line_and_back():
    stack = np.array([[0.0, 0.25, 0.75], [0.5, 0.25, 0.25]])
    line = constraints.SIMPLEX.unconstrain(stack)
    assert np.isfinite(line).all()
    close(constraints.SIMPLEX.constrain(line, stack), stack, atol=1e-290)
    close(constraints.SIMPLEX.constrain(line + 900, stack), stack, atol=1e-290)
    close(constraints.softmax(np.array([1e5, 1e5])), [0.5, 0.5])
    for good in ([1.0], [0, 1], [0.5, 0.5 + 9e-9]):
        assert constraints.SIMPLEX.read(good) is not None
    for bad in ([0.5, 0.5 + 2e-8], [1.5, -0.5], [0.4, 0.5], [], 1.0):
        assert constraints.SIMPLEX.read(bad) is None


def test_covariances_go_to_the_line_and_back():
    rng = np.random.default_rng(0)
    root = rng.normal(size=(4, 3, 3))
    stack = root @ root.transpose(0, 2, 1)
    constraint = constraints.COVARIANCE
    line = constraint.unconstrain(stack)
    assert line.shape == (4, 6)
    close(line[:, 0], 0.5 * np.log(stack[:, 0, 0]))
    close(np.linalg.slogdet(stack)[1], 2 * line[:, :3].sum(axis=1))
    close(line[:, 3], stack[:, 1, 0] / np.sqrt(stack[:, 0, 0]))
    close(constraint.constrain(line, stack), stack, rtol=1e-10)
    diagonals = np.array([[1.0, 4.0, 1e100]])
    close(constraint.unconstrain(diagonals), np.log(diagonals))
    close(constraint.constrain(np.log(diagonals), diagonals), diagonals)
    assert np.isfinite(
        constraint.constrain(np.full((1, 3), 1e4), stack[:1, :2, :2])
    ).all()
    assert constraint.measured(stack) is stack
    assert not constraint.read(np.eye(2)).flags.writeable
    for good in ([[1e-200, 0], [0, 1e200]], [[2]], [[1, 0.5 + 9e-9], [0.5, 1]]):
        assert constraint.read(good) is not None
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
        assert constraint.read(bad) is None


def test_the_logistic_map_is_flat_at_its_ends():
    constraint = constraints.PROBABILITY
    u = np.array([[-800.0], [-699.0], [-30.0], [0.0], [30.0], [800.0]])
    p = constraint.constrain(u, u)
    assert p[0] == 0
    close(p[1], np.exp(-699), rtol=1e-12)
    close(p[2:], [1 / (1 + np.exp(30)), 0.5, 1 / (1 + np.exp(-30)), 1])
    top = constraints.UP_TO_INFINITY.constrain(np.array([[59.9], [60.0], [61.0]]), u)
    assert top.tolist() == [pytest.approx(np.exp(59.9)), INF, INF]
    assert (
        constraints.UP_TO_INFINITY.unconstrain(np.array([INF, 1e300])).tolist()
        == [[60]] * 2
    )


@pytest.mark.parametrize("name", ["", None, 3])
def test_a_shared_blank_has_a_name(name):
    assert mx.Shared("sd").name == "sd"
    with pytest.raises(TypeError, match="Shared takes a name, a text, got"):
        mx.Shared(name)
