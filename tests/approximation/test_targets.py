"""What a density is taken for: its form, its levels, its panels and their masses."""

import math
import warnings

import numpy as np
import pytest
from scipy import integrate, stats
from scipy.special import ndtr

import mixnotes as mx
from mixnotes.approximation import forms, levels, panels
from mixnotes.approximation.panels import as_target
from mixnotes.approximation.target import Jump, Target
from tests.gaussians import bell

INF = math.inf


# ------------------------------------------------------------------------------ forms


def test_a_function_is_taken_as_it_is_or_one_number_at_a_time():
    calls = []

    def whole(x):
        calls.append(np.shape(x))
        return x**2

    x = np.array([1.0, 2.0])
    called = forms.vectorised(whole, "density")
    assert called(x).tolist() == [1, 4]
    assert called(3 * x).tolist() == [9, 36]
    assert calls == [(3,), (2,), (2,)]
    single = forms.vectorised(lambda x: math.exp(-x) if x > 0 else 0, "density")
    np.testing.assert_allclose(single(np.array([-1.0, 2.0])), [0, math.exp(-2)])
    constant = forms.vectorised(lambda x: 1, "density")(x)
    assert constant.tolist() == [1, 1]
    for whole_numbers in (lambda x: x > 1.5, lambda x: (x > 1.5).astype(int)):
        values = forms.vectorised(whole_numbers, "density")(x)
        assert values.dtype == np.float64
        assert values.tolist() == [0, 1]


def test_warnings_of_a_density_are_not_the_readers():
    def noisy(x):
        warnings.warn("look out", RuntimeWarning, stacklevel=1)
        return 1 / (x - x)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isinf(forms.vectorised(noisy, "density")(np.ones(4))).all()


@pytest.mark.parametrize("name", ["density", "cdf"])
def test_a_function_that_is_none_names_itself(name):
    x = np.linspace(0, 1, 5)
    with pytest.raises(TypeError, match=f"^{name} must be a function of x, got 3$"):
        forms.vectorised(3, name)
    with pytest.raises(TypeError, match=f"^{name} must give real numbers, got complex"):
        forms.vectorised(lambda x: x + 1j, name)(x)
    with pytest.raises(
        ValueError, match=rf"^{name} must give one number for each x, shape \(5,\), got"
    ):
        forms.vectorised(lambda x: x[:3], name)(x)
    with pytest.raises(TypeError, match=r"got x{79}$|got 'x{79}$"):
        forms.vectorised(200 * "x", name)


def test_a_support_is_two_numbers_in_order():
    assert forms.as_support([0, "3"]) == (0.0, 3.0)
    assert forms.as_support((-INF, 2)) == (-INF, 2.0)
    for bad in ((1, 1), (2, 1), (math.nan, 1), (0, math.nan)):
        with pytest.raises(ValueError, match="support must have low below high, got"):
            forms.as_support(bad)
    for bad in (5, (1, 2, 3), "ab", None, (1, None), 90 * [0]):
        with pytest.raises(ValueError, match="support must be a pair"):
            forms.as_support(bad)


def test_what_is_no_density_is_told_what_is():
    with pytest.raises(TypeError, match=r"or a pair \(x, values\), got 7$"):
        forms.form_of(7)
    with pytest.raises(ValueError, match="got a discrete distribution; its"):
        forms.form_of(stats.poisson(2))
    with pytest.raises(ValueError, match=r"write scipy.stats.beta\(a, b\)$"):
        forms.form_of(stats.beta)
    with pytest.raises(ValueError, match=r"got an array of shape \(3,\)$"):
        forms.form_of(stats.norm([0, 1, 2], 1))
    with pytest.raises(ValueError, match="got it with sd blank; fit it, or give the"):
        forms.form_of(mx.Normal(0))


def test_a_distribution_comes_with_all_it_knows():
    x = np.array([0.5, 2.0, 4.0])
    gamma = stats.gamma(3, scale=0.5)
    for given in (gamma, gamma.pdf):
        form = forms.form_of(given)
        assert form.support == (0, INF)
        assert form.proper
        assert form.curvature is None
        assert len(form.edges) == 0
        np.testing.assert_allclose(form.pdf(x), gamma.pdf(x))
        np.testing.assert_allclose(form.cdf(x), gamma.cdf(x))
        assert form.variation == pytest.approx(2 * gamma.pdf(1.0), rel=1e-8)
    assert forms.form_of(stats.norm).variation == pytest.approx(2 * bell(0), rel=1e-8)
    form = forms.form_of(bell)
    assert form.cdf is form.variation is form.curvature is None
    assert not form.proper
    assert form.support == (-INF, INF)


@pytest.mark.parametrize(
    ("make", "peak"),
    [
        (lambda: stats.gamma(3, 1, 2), 5.0),
        (lambda: stats.gamma(3, loc=1, scale=2), 5.0),
        (lambda: stats.gamma(a=3, scale=2), 4.0),
        (lambda: stats.gamma(a=3, loc=1), 3.0),
        (lambda: stats.beta(2, b=4, loc=1), 1.25),
        (lambda: stats.norm(2), 2.0),
        (lambda: stats.norm(scale=3), 0.0),
        (lambda: stats.triang(0.25, scale=4), 1.0),
    ],
    ids=range(8),
)
def test_the_variation_of_one_peak_is_twice_its_height(make, peak):
    dist = make()
    found = forms._variation_of(dist)
    assert found == pytest.approx(2 * dist.pdf(peak), rel=1e-8)
    assert found > 2 * dist.pdf(peak)


def test_no_variation_is_taken_from_a_name_alone():
    class Fake:
        name, shapes = "norm", None

    class Frozen:
        dist, args, kwds = Fake(), (), {}

        def pdf(self, x):
            return bell(x)

        def cdf(self, x):
            return ndtr(x)

    assert forms._variation_of(Frozen()) is None
    assert forms._variation_of(stats.skewnorm(2)) is None
    assert forms._variation_of(stats.gamma(0.5)) is None
    form = forms.form_of(Frozen())
    assert form.support == (-INF, INF)
    assert form.proper
    assert form.variation is None


def test_a_mixture_of_normals_comes_with_its_bounds_and_edges():
    mixture = mx.Mixture([mx.Normal(0, 1), mx.Normal(5, 0.5)], [0.25, 0.75])
    form = forms.form_of(mixture)
    x = np.linspace(-10, 12, 2_200_001)
    np.testing.assert_allclose(form.pdf(x[::999]), np.exp(mixture.log_prob(x[::999])))
    np.testing.assert_allclose(form.cdf(x[::999]), mixture.cdf(x[::999]), atol=1e-15)

    def apart(power):
        """The sum over the parts of the integral of |a derivative|."""
        total = 0.0
        for weight, mean, sd in ((0.25, 0, 1), (0.75, 5, 0.5)):
            f = bell(x, mean, sd)
            slope = np.diff(f)
            total += weight * (
                np.abs(slope).sum()
                if power == 1
                else np.abs(np.diff(slope)).sum() / (x[1] - x[0])
            )
        return total

    assert form.variation == pytest.approx(apart(1), rel=1e-6)
    assert form.curvature == pytest.approx(apart(2), rel=1e-5)
    around = [-8, -3, 0, 3, 8, 1, 3.5, 5, 6.5, 9]
    assert sorted(form.edges) == sorted(around)
    assert form.proper
    alone = forms.form_of(mx.Normal(1, 2))
    assert sorted(alone.edges) == [-15, -5, 1, 7, 17]
    other = forms.form_of(mx.Mixture([mx.Normal(0, 1), mx.Gumbel(0, 1)], [0.5, 0.5]))
    assert other.cdf is other.variation is None
    assert other.proper


def test_straight_lines_between_points_are_integrated_exactly():
    x, f = np.array([-1.0, 0, 2, 2.5, 6]), np.array([1.0, 3, 0, 4, 2])
    form = forms.form_of((x, f))
    assert form.support == (-1, 6)
    assert np.array_equal(form.edges, x)
    assert form.variation == 2 + 3 + 4 + 2 + 1 + 2
    assert form.curvature is None
    assert not form.proper
    at = np.array([-2, -1, -0.3, 0, 1.1, 2, 2.2, 2.5, 4.4, 6, 9])
    values = form.pdf(at)
    np.testing.assert_allclose(values, np.interp(at, x, f, left=0, right=0))
    fine = np.unique(np.r_[np.linspace(-1, 6, 70_001), x])
    area = integrate.cumulative_trapezoid(np.interp(fine, x, f), fine, initial=0)
    expected = np.interp(at, fine, area) / area[-1]
    np.testing.assert_allclose(form.cdf(at), expected, atol=1e-8)
    assert form.cdf(at)[-1] == pytest.approx(1, rel=1e-15)
    assert forms.form_of([[0, 1], [0, 1]]).cdf(np.array([0.5]))[0] == 0.25


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        (([0, 1], [1, 1], [2, 2]), r"a pair \(x, values\), got 3 entries"),
        (([0, 1], [1, 1, 1]), r"at least 2 points, got \(2,\) and \(3,\)"),
        (([0], [1]), r"at least 2 points, got \(1,\) and \(1,\)"),
        (([[0, 1]], [[1, 1]]), r"at least 2 points, got \(1, 2\)"),
        (([0, 1, 1, 2, 3], [1, 1, 1, 1, 1]), r"got \[0\. 1\. 1\. 2\.\]\.\.\.; sort"),
        (([0, 1, 2], [1, 2, math.inf]), "be finite, got inf at x = 2$"),
        (([0, 1, 2], [1, math.nan, 1]), "be finite, got nan at x = 1$"),
        (([0, 1.5, 2], [1, -3, -1]), "be not negative, got -3 at x = 1.5$"),
        (([0, 1.5, 2], [0, 0, 0]), "above 0 somewhere, got zeros alone$"),
        (([-INF, 1.5, 2], [0, 0, 0]), "be finite and increase strictly"),
        ((["a", "b"], [0, 1]), "x"),
        (([0, 1], ["a", "b"]), "values"),
    ],
    ids=range(12),
)
def test_a_grid_that_is_none_is_told_why(pair, message):
    with pytest.raises((ValueError, TypeError), match=message):
        forms.form_of(pair)


# ----------------------------------------------------------------------------- levels


def test_the_first_bad_value_is_named_with_its_place():
    x, values = np.array([0.5, 1.5, 2.5]), np.array([1.0, -2.0, math.nan])
    levels.require(np.ones(3, bool), values, x, "finite")
    with pytest.raises(ValueError, match=r"got nan at x = 2.5; give the support on"):
        levels.require(np.isfinite(values), values, x, "finite")
    with pytest.raises(ValueError, match=r"got -2 at x = 1.5; clip it: np.maximum"):
        levels.require(values >= 0, values, x, "not negative")


@pytest.mark.parametrize("factor", [1.0, 3.0])
@pytest.mark.parametrize("place", [0.0, 300.0, -5e4])
def test_levels_are_quantiles_where_the_distribution_function_is_known(factor, place):
    dist = stats.norm(place, 2)
    form = forms.Form(dist.pdf, cdf=lambda x: factor * dist.cdf(x))
    found = levels.levels(form, dist.pdf)
    assert len(found) == 79
    tails = 10.0 ** np.arange(-9, -1)
    u = np.sort(np.r_[tails, np.arange(1, 64) / 64, 1 - tails])
    np.testing.assert_allclose(found - place, 2 * stats.norm.ppf(u), atol=2e-6)
    half = forms.Form(dist.pdf, (place, INF), dist.cdf)
    expected = 2 * stats.norm.ppf(0.5 + u / 2)
    np.testing.assert_allclose(levels.levels(half, dist.pdf) - place, expected,
                               atol=2e-6)  # fmt: skip


@pytest.mark.parametrize(
    ("cdf", "got"),
    [
        (lambda x: 0 * x + 0.5, "got 0.5 and 0.5 at its ends"),
        (lambda x: -np.clip(x, 0, 1), "got -0 and -1 at its ends"),
        (lambda x: np.full(len(x), math.nan), "got nan and nan at its ends"),
        (lambda x: np.where(x > 0.5, math.inf, 0), "got 0 and inf at its ends"),
    ],
    ids=range(4),
)
def test_a_distribution_function_that_does_not_rise_is_refused(cdf, got):
    with pytest.raises(forms.CdfError, match=rf"\(0.0, 1.0\), {got}"):
        levels.levels(forms.Form(bell, (0.0, 1.0), cdf), bell)


@pytest.mark.parametrize(
    ("make", "support", "rough"),
    [
        (lambda: stats.norm(0, 1), (-INF, INF), 6e-4),
        (lambda: stats.norm(40, 2), (-INF, INF), 6e-4),
        (lambda: stats.uniform(3, 4), (3, 7), 6e-4),
        (lambda: stats.beta(2, 5, -100, 300), (-100, 200), 6e-4),
        (lambda: stats.expon(7), (7, INF), 6e-4),
        (lambda: stats.expon(-7, 1e-3), (-7, INF), 0.05),
        (lambda: stats.gumbel_l(-7), (-INF, 0), 6e-4),
    ],
    ids=range(7),
)
def test_levels_by_a_scan_share_the_probability_evenly(make, support, rough):
    dist = make()
    for factor in (1.0, 1e6):
        x = levels._scanned(lambda x, c=factor: c * dist.pdf(x), *support)
        assert np.all(np.diff(x) > 0)
        assert np.all((x > support[0]) & (x < support[1]))
        assert len(x) == 79
        below = dist.cdf(x)
        shares = np.diff(below)[(below[:-1] > 0.1) & (below[:-1] < 0.9)]
        np.testing.assert_allclose(shares, 1 / 64, rtol=rough)
        assert below[0] < 3e-9
        assert dist.sf(x[-1]) < 3e-9


def test_a_scan_that_finds_no_density_says_where_it_looked():
    with pytest.raises(ValueError, match=r"at all of 10,196 places between .* and 1;"):
        levels._scanned(lambda x: 0 * x, 0, 1)
    with pytest.raises(ValueError, match=r"must be finite, got nan at x = 0.5001"):
        levels._scanned(lambda x: np.where(x > 0.5, math.nan, 1.0), 0, 1)
    with pytest.raises(ValueError, match=r"be not negative, got -1 at x = 0.5001"):
        levels._scanned(lambda x: np.where(x > 0.5, -1.0, 1.0), 0, 1)


def test_infinite_values_do_not_hide_the_others():
    x = levels._scanned(lambda x: np.where(x > 0.5, 1.0, math.inf), 0, 1)
    assert x[0] == pytest.approx(0.5, abs=1e-3)
    assert np.median(x) == pytest.approx(0.75, abs=1e-3)


def test_a_scan_is_dense_everywhere_and_denser_at_the_ends():
    for low, high in ((0.0, 1.0), (-30.0, 70.0), (5.0, 5.001)):
        x, wide = levels._scan(low, high), high - low
        assert low < x[0]
        assert x[-1] < high
        assert np.diff(x).max() <= 2.01e-4 * wide
        assert x[0] - low <= 1.1e-12 * wide + 8 * np.spacing(abs(low))
        assert high - x[-1] <= 1.1e-12 * wide + 8 * np.spacing(abs(high))
        np.testing.assert_allclose(low + high - x[::-1], x, atol=1e-13 * wide)
        assert np.sum(x - low < 1e-3 * wide) > 90
    assert 10_000 < len(levels._scan(0.0, 1.0)) < 10_300


@pytest.mark.parametrize("low", [0.0, 5.0, -5.0, 1e4])
def test_a_half_line_is_scanned_from_its_end_and_from_0(low):
    x = levels._scan(low, INF)
    assert np.all(np.diff(x) > 0)
    assert x[0] > low
    assert x[0] - low == pytest.approx(1e-12, abs=2 * np.spacing(abs(low)))
    assert x[-1] >= 1e12
    from_end, from_0 = x[:-1] - low, np.abs(x[:-1])
    allowed = np.maximum(0.01001, 0.00205 * np.minimum(from_end, np.maximum(from_0, 1)))
    allowed[-9:] = INF
    assert np.all(np.diff(x) <= allowed)
    fine = from_end < 0.0095
    steps = x[1:][fine[: len(x) - 1]] - low
    assert np.all(steps <= 1.2 * from_end[fine] + 4 * np.spacing(abs(low)))
    assert np.array_equal(levels._scan(-INF, -low), -x[::-1])


def test_the_whole_line_is_scanned_on_both_sides_of_0():
    x = levels._scan(-INF, INF)
    assert np.array_equal(x, -x[::-1])
    above = x[x > 0]
    assert 0 in x
    assert above[0] == pytest.approx(1e-12)
    assert above[-1] == pytest.approx(1e12)
    assert np.all(np.diff(above) <= np.maximum(0.01001, 0.00205 * above[:-1]))
    assert np.all(above[1:240] / above[:239] < 1.12)
    assert 31_000 < len(above) < 31_500


@pytest.mark.parametrize(
    ("make", "low", "high"),
    [
        (lambda: stats.norm(0, 1), -INF, INF),
        (lambda: stats.norm(0, 1e3), -INF, INF),
        (lambda: stats.norm(-4000, 1), -INF, INF),
        (lambda: stats.cauchy(0, 1), -INF, INF),
        (lambda: stats.uniform(10, 10), 10.0, 20.0),
        (lambda: stats.uniform(-20, 10), -20.0, -10.0),
        (lambda: stats.expon(10), 10.0, INF),
        (lambda: stats.gumbel_l(-300), -INF, -10.0),
    ],
    ids=range(8),
)
def test_quantiles_are_bracketed_closely_and_found(make, low, high):
    dist, u = make(), np.array([1e-3, 0.2, 0.5, 0.9, 0.999])
    first, last = levels._bracket(dist.cdf, u, low, high)
    assert low <= first < last <= high
    assert first == low or dist.cdf(first) < u[0]
    assert last == high or dist.cdf(last) > u[-1]
    q = dist.ppf(u)
    reach = 4 * np.abs(q).max() + 4
    assert max(first, -reach) == first
    assert min(last, reach) == last
    np.testing.assert_allclose(levels._bisected(dist.cdf, u, low, high), q, rtol=1e-9,
                               atol=1e-9)  # fmt: skip


def test_brackets_begin_a_step_within_the_support():
    def straight(x):
        return np.clip((x - 10) / 10, 0, 1)

    assert levels._bracket(straight, np.array([0.01, 0.05]), 10.0, 20.0) == (10, 11)
    assert levels._bracket(straight, np.array([0.01, 0.9]), 10.0, 20.0) == (10, 20)
    mirrored = levels._bracket(
        lambda x: np.clip((x + 20) / 10, 0, 1), np.array([0.95, 0.99]), -20.0, -10.0
    )
    assert mirrored == (-11, -10)
    assert levels._bracket(ndtr, np.array([0.2, 0.8]), -INF, INF) == (-1, 1)
    assert levels._bracket(ndtr, np.array([0.1, 0.9]), -INF, INF) == (-4, 4)
    assert levels._bracket(ndtr, np.array([0.1, 0.9]), -2.0, 3.0) == (-2, 3)


# ----------------------------------------------------------------------------- target


@pytest.mark.parametrize(
    ("make", "finite"),
    [
        (lambda: stats.t(1.5), False),
        (lambda: stats.t(2), False),
        (lambda: stats.t(2.2), True),
        (lambda: stats.pareto(2), False),
        (lambda: stats.pareto(2.5), True),
        (lambda: stats.laplace(1e3), True),
        (lambda: stats.levy(), False),
        (lambda: stats.levy_l(), False),
        (lambda: stats.lognorm(1), True),
        (lambda: stats.uniform(), True),
    ],
    ids=range(10),
)
def test_a_second_moment_is_seen_in_the_tails(make, finite):
    target = as_target(make())
    assert target.has_second_moment() == finite


def test_quantiles_and_their_range_are_the_densitys():
    for dist in (stats.norm(3, 2), stats.expon(1), stats.uniform(-2, 5)):
        target = as_target(dist)
        u = np.array([0.0, 0.001, 0.1, 0.5, 0.77, 0.999, 1.0])
        found = target.quantile(u)
        np.testing.assert_allclose(found[1:-1], dist.ppf(u[1:-1]), atol=2e-3)
        assert found[0] == target.low[0]
        assert found[-1] == target.high[-1]
        centre, scale = target.centre_scale()
        assert centre == pytest.approx(dist.median(), abs=2e-3)
        quartiles = dist.ppf([0.25, 0.75])
        assert scale == pytest.approx(np.diff(quartiles)[0] / 1.349, rel=1e-3)
    empty = Target(lambda x: np.where(x < 1, 1.0, 0), (0, 2), np.array([0.0, 1]),
                   np.array([1.0, 2]), np.array([0.5, 0.5]))  # fmt: skip
    np.testing.assert_allclose(empty.quantile([0.25, 0.75]), [0.5, 1.5])
    jumps = (Jump(0.0, 1.0, 0.5), Jump(2.0, 0.0, 0.75), Jump(3.0, 0.75, 0.25))
    with_jumps = Target(bell, (0, 2), empty.low, empty.high, empty.masses, jumps=jumps)
    assert with_jumps.largest_jump == jumps[1]
    assert [jump.size for jump in jumps] == [0.5, 0.75, 0.5]
    assert empty.largest_jump is None


# ----------------------------------------------------------------------------- panels


@pytest.mark.parametrize(
    ("make", "support"),
    [
        (lambda: stats.norm(2, 3), None),
        (lambda: stats.expon(1, 2), (1, INF)),
        (lambda: stats.gumbel_l(), None),
        (lambda: stats.cauchy(), None),
        (lambda: stats.beta(0.5, 0.7), (0, 1)),
        (lambda: stats.uniform(-3, 2), (-3, -1)),
    ],
    ids=range(6),
)
@pytest.mark.parametrize("factor", [1.0, 5.0])
def test_panels_hold_the_probabilities_that_the_distribution_function_says(
    make, support, factor
):
    dist = make()
    target = as_target(lambda x: factor * dist.pdf(x), support)
    np.testing.assert_allclose(
        target.masses, dist.cdf(target.high) - dist.cdf(target.low), atol=2e-9
    )
    assert target.masses.sum() == pytest.approx(1, rel=1e-12)
    assert np.array_equal(target.low[1:], target.high[:-1])
    assert np.all(target.high > target.low)
    assert dist.cdf(target.low[0]) < 1e-9
    assert dist.sf(target.high[-1]) < 1e-9
    assert (target.low[0] > -1e50) or factor * dist.pdf(target.low[0]) > 1e-300
    x = dist.ppf([0.2, 0.5, 0.9])
    np.testing.assert_allclose(target.pdf(x), dist.pdf(x), rtol=1e-6)
    if factor == 5:
        said = "the density integrates to 5; it was divided by that"
        assert target.notes == (said,)
    else:
        assert target.notes == ()
    assert target.cdf is target.variation is target.curvature is None
    assert target.support == (support or (-INF, INF))


def test_jumps_and_poles_of_a_target_are_of_the_normalised_density():
    target = as_target(lambda x: 5.0 + 0 * x, (-3, -1))
    assert [jump.place for jump in target.jumps] == [-3, -1]
    assert [jump.size for jump in target.jumps] == pytest.approx([0.5, 0.5])
    target = as_target(stats.beta(0.5, 0.7))
    assert target.poles == pytest.approx((0, 1), abs=1e-9)
    assert target.jumps == ()
    assert as_target(bell).jumps == as_target(bell).poles == ()


def test_bounds_are_divided_by_the_integral_and_stay_bounds():
    variation, curvature = 2 * bell(0), 4 * bell(1)
    for factor in (1.0, 5.0):
        target = as_target(
            lambda x, c=factor: c * bell(x),
            None,
            lambda x, c=factor: c * ndtr(x),
            1.01 * factor * variation,
            1.01 * factor * curvature,
        )
        for found, bound in (
            (target.variation, 1.01 * variation),
            (target.curvature, 1.01 * curvature),
        ):
            assert bound <= found <= bound * (1 + 3e-6)
        x = np.array([-50.0, -1.0, 0.5, 50.0])
        np.testing.assert_allclose(target.cdf(x), ndtr(x), atol=1e-15)
    assert as_target(bell, variation=1).variation == pytest.approx(1, rel=3e-6)
    assert as_target(bell, curvature=2).curvature == pytest.approx(2, rel=3e-6)


def test_a_cut_leaves_out_the_curvature_that_a_mixture_knows():
    mixture = mx.Mixture([mx.Normal(0, 1), mx.Normal(1, 2)], [0.5, 0.5])
    whole = as_target(mixture)
    assert whole.curvature > 0
    assert whole.support == (-INF, INF)
    cut = as_target(mixture, (0, INF))
    assert cut.curvature is None
    assert cut.support == (0, INF)
    np.testing.assert_allclose(cut.cdf(np.array([-1.0, 0.0, 1e3])), [0, 0, 1])
    smooth = as_target(lambda x: 6 * x * (1 - x), (0, 1), curvature=40.0)
    assert smooth.curvature == pytest.approx(40, rel=3e-6)


@pytest.mark.parametrize("bound", [0, -1.0, math.inf, math.nan, "3", [1]])
@pytest.mark.parametrize("name", ["variation", "curvature"])
def test_a_bound_is_a_finite_number_above_0(name, bound):
    with pytest.raises(
        ValueError, match=f"^{name} must be a finite bound above 0, got"
    ):
        as_target(bell, **{name: bound})


class Poor:
    """A distribution whose distribution function is another's."""

    def pdf(self, x):
        return bell(x)

    def cdf(self, x):
        return ndtr(x / 2)


def test_a_poor_distribution_function_of_a_library_is_left_unused():
    target = as_target(Poor())
    assert target.cdf is None
    assert len(target.notes) == 1
    assert target.notes[0].startswith("cdf left unused: cdf must be the integral of")
    np.testing.assert_allclose(target.quantile([0.5, 0.9]), [0, 1.2816], atol=1e-3)
    with pytest.raises(forms.CdfError, match="mend one, or leave cdf out"):
        as_target(Poor(), cdf=lambda x: ndtr(x / 2))
    with pytest.raises(
        forms.CdfError, match=r"a probability of .* where the density has"
    ):
        as_target(bell, cdf=lambda x: ndtr(x + 1e-3))
    assert as_target(bell, cdf=lambda x: ndtr(x + 1e-9)).cdf is not None


def test_a_function_is_0_outside_its_support_and_not_called_there():
    seen = []

    def pdf(x):
        seen.extend(x.tolist())
        return 1 + x

    inside = panels._inside(forms.Form(pdf, (1.0, 2.0)))
    assert inside(np.array([0.5, 1.0, 1.5, 2.0, 2.5])).tolist() == [0, 2, 2.5, 3, 0]
    assert seen == [1.0, 1.5, 2.0]


def test_an_infinite_value_is_replaced_by_one_beside_it():
    def pdf(x):
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(x > 4, np.inf, np.where(x >= 1, (x - 1) ** -0.5, 0.0))

    inside = panels._inside(forms.Form(pdf, (0.0, 9.0)))
    found = inside(np.array([0.5, 1.0, 2.0, 4.5, 9.5]))
    beside = 8 * np.spacing(1.0)
    np.testing.assert_allclose(found, [0, beside**-0.5, 1, math.inf, 0])
    mirrored = panels._inside(forms.Form(lambda x: pdf(2 - x), (-2.0, 2.0)))
    assert mirrored(np.array([1.0]))[0] == pytest.approx(beside**-0.5)
    low = panels._inside(forms.Form(lambda x: np.where(x == 0, np.inf, 1 + 0 * x)))
    assert low(np.array([0.0, 3.0])).tolist() == [1, 1]


def test_a_density_within_rounding_is_refused():
    form = forms.Form(bell)
    assert panels._core(np.linspace(3, 7, 101), form) == pytest.approx(2)
    near = 1e6 + 1e-7 * np.linspace(0, 1, 101)
    with pytest.raises(ValueError, match=r"within 4.99.*e-08 of 1e.06; shift it to 0"):
        panels._core(near, form)
    with pytest.raises(forms.CdfError, match="more than rounding, got half of it"):
        panels._core(near, forms.Form(bell, cdf=ndtr))
    with pytest.raises(ValueError, match="within 0 of 2; shift it"):
        panels._core(np.full(9, 2.0), form)
    assert panels._core(1e6 + 1e-5 * np.linspace(0, 1, 101), form) > 4e-6


@pytest.mark.parametrize(
    "edges",
    [
        [0, 1, 2, 102, 103, 104],
        [0, 1, 2, 3, 1000, 1990, 3000],
        [0, 900, 1000, 2000, 2001, 2002],
        [0, 1, 2, 4, 7, 12, 20],
    ],
)
def test_beside_a_narrow_panel_no_wide_one_begins(edges):
    edges = np.array(edges, dtype=float)
    graded = np.unique(panels._graded(edges))
    assert np.isin(edges, graded).all()
    assert graded[[0, -1]].tolist() == [edges[0], edges[-1]]
    width = np.diff(graded)
    ratio = np.maximum(width[2:-1] / width[1:-2], width[1:-2] / width[2:-1])
    assert ratio.max() < 7
    if edges[-1] == 20:
        assert np.array_equal(graded, edges)


def test_edges_beside_a_narrow_panel_double_from_it():
    graded = np.unique(panels._graded(np.array([0.0, 1, 2, 34, 36, 38])))
    assert graded.tolist() == [0, 1, 2, 3, 5, 9, 17, 20, 28, 32, 34, 36, 38]


def test_tails_are_followed_until_three_octaves_hold_nothing():
    rough = np.array([-1.0, 0.0, 1.0])

    def bumps(x):
        """A third octave beyond two empty ones: (5, 9) on the right."""
        x = np.where(x < 0, -x, x)
        return np.where((x < 1) | ((x > 5) & (x < 9)), 1.0, 0.0)

    left, right = panels._outer(forms.Form(bumps), bumps, rough)
    assert right.tolist() == [2, 3, 5, 9, 17, 33]
    assert left.tolist() == [-2, -3, -5, -9, -17, -33]
    one, other = panels._outer(forms.Form(bumps, (-4.0, INF)), bumps, rough)
    assert one.tolist() == [-4]
    assert other.tolist() == right.tolist()
    one, other = panels._outer(forms.Form(bumps, (-INF, 4.0)), bumps, rough)
    assert one.tolist() == left.tolist()
    assert other.tolist() == [4]
    heavy = panels._outer(forms.Form(bell), lambda x: 1 / (1 + np.abs(x)), rough)
    assert 1e99 < heavy[1][-1] < 1e101
    assert heavy[0][-1] == -heavy[1][-1]
    unequal = np.array([-1.0, -0.5, 3.0])
    left, right = panels._outer(forms.Form(bell), bell, unequal)
    assert left[:3].tolist() == [-1.5, -2, -3]
    assert right[:3].tolist() == [6.5, 10, 17]
    pole = panels._outer(
        forms.Form(bell), lambda x: np.where(np.abs(x) > 50, np.inf, bell(x)), rough
    )
    assert pole[1].tolist() == [2, 3, 5, 9, 17, 33]


def test_an_integral_is_cut_to_where_it_is():
    edges = np.linspace(-60, 80, 15)
    for total in (INF, 1.0):
        low, high, masses = panels._integral(bell, edges, 1e-9, total)
        assert masses.sum() == pytest.approx(1, rel=1e-8)
        assert low[0] <= -8
        assert high[-1] >= 8
        assert low[0] >= -20
        assert high[-1] <= 20
        np.testing.assert_allclose(masses, ndtr(high) - ndtr(low), atol=1e-8)
    coarse = len(panels._integral(bell, edges, 1e-2, 1.0)[0])
    assert coarse < len(panels._integral(bell, edges, 1e-6, 1.0)[0])
    scaled = panels._integral(lambda x: 1e9 * bell(x), edges, 1e-9, INF)
    assert len(scaled[0]) == len(panels._integral(bell, edges, 1e-9, INF)[0])
    low, high, masses = panels._integral(lambda x: 0 * x, edges, 1e-9, INF)
    assert len(low) == len(high) == len(masses) == 14
    gap = panels._integral(lambda x: bell(x, -50) + bell(x, 50), edges, 1e-9, INF)
    assert np.array_equal(gap[0][1:], gap[1][:-1])


def test_what_cannot_be_integrated_is_named_with_its_place():
    def check(low, high, masses, support=(-INF, INF)):
        panels._require_integrable(
            np.array(low), np.array(high), np.array(masses), forms.Form(bell, support)
        )

    ends = [-4e99, 0.0, 1.0], [0.0, 1.0, 4e99]
    check(*ends, [1e-10, 1.0, 1e-10])
    with pytest.raises(ValueError, match=r"still holds 0.33 of it beyond -2e.99; give"):
        check(*ends, [1.0, 2.0, 1e-10])
    with pytest.raises(ValueError, match=r"still holds 0.2 of it beyond 2e.99; give"):
        check(*ends, [1e-10, 4.0, 1.0])
    check(*ends, [1.0, 2.0, 3.0], (-4e99, 4e99))
    check([-2e99, 0.0, 1.0], [0.0, 1.0, 2e99], [1.0, 2.0, 3.0])
    tiny = 4 * np.spacing(3.0)
    cells = [0.0, 3.0, 3 + tiny], [3.0, 3 + tiny, 5.0]
    check(*cells, [1.0, 1e-7, 1.0])
    with pytest.raises(ValueError, match=r"bound at x = 3: 0.25 of it lies within"):
        check(*cells, [1.0, 1.0, 2.0])


@pytest.mark.parametrize(
    ("density", "options", "message"),
    [
        (
            lambda x: 1 / np.abs(x - 2),
            {"support": (0, 3)},
            "some kinks, jumps and poles",
        ),
        (
            lambda x: 1 / np.abs(x),
            {"support": (-1, 2)},
            "move a pole that can be|poles",
        ),
        (lambda x: 1 / (9 + np.abs(x)), {}, "give a finite support|give the support"),
    ],
    ids=range(3),
)
def test_an_integral_that_is_none_is_refused(density, options, message):
    with np.errstate(all="ignore"), pytest.raises(ValueError, match=message):
        as_target(density, **options)


def test_a_distribution_function_is_checked_against_the_masses():
    low, high = np.array([0.0, 0.5]), np.array([0.5, 1.0])
    half = np.array([1.0, 1.0])

    def checked(cdf, masses=half):
        return panels._checked_cdf(forms.Form(bell, (0.0, 1.0), cdf), low, high, masses)

    for factor in (1.0, 4.0):
        cdf = checked(lambda x, c=factor: 2 + c * x)
        x = np.array([-3.0, 0.25, 1.0, 7.0])
        np.testing.assert_allclose(cdf(x), [0, 0.25, 1, 1])
    with pytest.raises(forms.CdfError, match=r"of 0.25 between 0 and 0.5 .* has 0.5;"):
        checked(lambda x: x**2)
    form = forms.Form(bell, (0.0, 1.0), lambda x: np.minimum(1.2 * x, 0.2 + 0.8 * x))
    with pytest.raises(forms.CdfError, match=r"of 0.4 between 0.5 and 1 .* has 0.5;"):
        panels._checked_cdf(
            form,
            np.array([0.0, 0.25, 0.5]),
            np.array([0.25, 0.5, 1.0]),
            np.array([1.0, 1.0, 2.0]),
        )
    for bad in (
        lambda x: np.where(x == 0.5, math.nan, x),
        lambda x: np.where(x == 0.5, -1e-9, x),
        lambda x: np.where(x == 0.5, math.inf, x),
    ):
        with pytest.raises(forms.CdfError, match="finite, got one that is not"):
            checked(bad)
    assert checked(lambda x: x + 4e-8 * (x == 0.5))(np.array([0.25]))[0] == 0.25


def test_bounds_below_what_is_seen_are_refused():
    x = np.linspace(-1, 1, 41)

    def tent(x):
        return np.maximum(1 - np.abs(x), 0)

    def target(pdf=tent, jumps=(), **bounds):
        return Target(pdf, (-1, 1), x[:1], x[-1:], np.ones(1), jumps=jumps, **bounds)

    panels._require_bounds(target(variation=2.0, curvature=2.0), x)
    panels._require_bounds(target(), x)
    with pytest.raises(
        ValueError, match=r"^variation .* one of 1.999 .* show 2; give a"
    ):
        panels._require_bounds(target(variation=1.999), x)
    with pytest.raises(
        ValueError, match=r"^curvature .* one of 1.999 .* show 2; give a"
    ):
        panels._require_bounds(target(variation=2.0, curvature=1.999), x)

    def raised(x):
        return 1 + tent(x)

    with pytest.raises(ValueError, match=r"one of 3.9 .* show 4; give"):
        panels._require_bounds(target(raised, variation=3.9), x)
    jumps = (Jump(0.25, 0.0, 1.0), Jump(0.5, 0.0, 9.0))
    with pytest.raises(ValueError, match=r"as it does at x = 0.25; give variation"):
        panels._require_bounds(target(jumps=jumps, curvature=99.0), x)
    panels._require_bounds(target(jumps=jumps, variation=99.0), x)
    close = np.sort(np.r_[x, x + 1e-9])  # rounding between these is no slope

    def rounded(x):
        return np.round(tent(x), 7)

    panels._require_bounds(target(rounded, variation=2.01, curvature=2.01), close)


# ---------------------------------------------------------------------------- angles


@pytest.mark.parametrize(
    ("density", "low", "high"),
    [
        (mx.VonMises(3.0, 2.0), 3 - math.pi, 3 + math.pi),
        (mx.Mixture([mx.VonMises(1.0, 2.0), mx.VonMises(2.0, 2.0)], [0.5, 0.5]),
         1.5 - math.pi, 1.5 + math.pi),
        (mx.Mixture([mx.VonMises(0.0, 3.0), mx.VonMises(math.pi, 3.0)], [0.5, 0.5]),
         -math.pi, math.pi),
        (stats.vonmises(2.0, loc=1.0), 1 - math.pi, 1 + math.pi),
        (stats.vonmises(2.0, scale=24 / (2 * math.pi)), -12, 12),
    ],
)  # fmt: skip
def test_a_density_of_angles_is_taken_on_one_turn(density, low, high):
    target = as_target(density)
    assert target.support == pytest.approx((low, high), abs=1e-12)
    assert len(target.notes) == 1
    assert "repeats itself every" in target.notes[0]
    assert target.masses.sum() == pytest.approx(1, abs=1e-12)
    x = np.linspace(low + 1e-9, high - 1e-9, 50)
    own = (
        np.exp(density.log_prob(x)) if hasattr(density, "log_prob") else density.pdf(x)
    )
    np.testing.assert_allclose(target.pdf(x), own, rtol=1e-6)
    assert target.pdf(np.array([low - 0.1, high + 0.1])).tolist() == [0, 0]


def test_a_support_that_is_given_is_another_turn():
    target = as_target(mx.VonMises(0.0, 2.0), support=(0.0, 2 * math.pi))
    assert target.support == (0, 2 * math.pi)
    assert target.notes == ()
