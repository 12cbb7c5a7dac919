"""A density and a tolerance: the mixture, its error, and every way to be refused."""

import itertools
import subprocess
import sys

import numpy as np
import pytest
from scipy import integrate, stats
from scipy.special import ndtr

import mixnotes as mx

TABLE = 1 / np.sqrt(2 * np.pi)


def log_chi2(x):
    """The density of the logarithm of a chi-squared variable, one degree."""
    with np.errstate(over="ignore"):
        return TABLE * np.exp(x / 2 - np.exp(x) / 2)


def gumbel(x):
    return np.exp(-x - np.exp(-np.maximum(x, -700)))


def logistic(x):
    return 0.25 / np.cosh(x / 2) ** 2


def uniform(x):
    return 1.0 * ((x >= 0) & (x <= 1))


def normals(mixture):
    """Weights, means and standard deviations."""
    parts = mixture.components
    sds = [part.sd for part in parts]
    return mixture.weights, np.array([part.mean for part in parts]), np.array(sds)


def mixture_density(mixture, x):
    w, m, s = normals(mixture)
    return (w / s * TABLE * np.exp(-(((x[:, None] - m) / s) ** 2) / 2)).sum(axis=1)


def l1_error(density, mixture, low, high, n=400_000):
    """Midpoints, a million of them or so; what lies beyond is the mixture's alone."""
    x = low + (high - low) * (np.arange(n) + 0.5) / n
    inside = np.abs(density(x) - mixture_density(mixture, x)).mean() * (high - low)
    w, m, s = normals(mixture)
    return inside + w @ (ndtr((low - m) / s) + ndtr((m - high) / s))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("density", "K", "low", "high", "most"),
    [
        (log_chi2, 7, -40, 6, 6.9e-3),
        (log_chi2, 10, -40, 6, 1.5e-3),
        (gumbel, 10, -5, 40, 5e-4),
        (logistic, 8, -50, 50, 1.35e-7),
        (uniform, 1, -2, 3, 0.395),
        (uniform, 16, -1, 2, 0.031),
    ],
)
def test_the_error_with_so_many_is_below_the_published(density, K, low, high, most):
    """Bounds: of the guide's tables, and for the logistic with eight normals the error
    of Monahan and Stefanski (1992)."""
    support = (0, 1) if density is uniform else None
    a = mx.approximate(density, components=K, support=support)
    assert len(a.mixture.components) == K
    error = l1_error(density, a.mixture, low, high)
    assert error <= most
    assert error == pytest.approx(a.measured, rel=1e-3)


@pytest.mark.slow
def test_ten_normals_are_nearer_to_the_logistic_than_four_millionths():
    a = mx.approximate(logistic, components=10)
    assert l1_error(logistic, a.mixture, -50, 50) <= 4e-6


def marron_wand():
    """Weights, means and standard deviations: Marron and Wand (1992), table 1."""
    e, j = np.arange(-2, 3), np.arange(6)
    comb = 2 / 3 + 0 * j
    yield [1], [0], [1]
    yield [1 / 5, 1 / 5, 3 / 5], [0, 1 / 2, 13 / 12], [1, 2 / 3, 5 / 9]
    yield 8 * [1 / 8], 3 * ((2 / 3) ** np.arange(8) - 1), (2 / 3) ** np.arange(8)
    yield [2 / 3, 1 / 3], [0, 0], [1, 0.1]
    yield [0.1, 0.9], [0, 0], [1, 0.1]
    yield [0.5, 0.5], [-1, 1], comb[:2]
    yield [0.5, 0.5], [-1.5, 1.5], [0.5, 0.5]
    yield [0.75, 0.25], [0, 1.5], [1, 1 / 3]
    yield [0.45, 0.45, 0.1], [-1.2, 1.2, 0], [0.6, 0.6, 0.25]
    yield [0.5, *5 * [0.1]], [0, *(j[:5] / 2 - 1)], [1, *5 * [0.1]]
    yield (
        [0.49, 0.49, *7 * [1 / 350]],
        [-1, 1, *((np.arange(7) - 3) / 2)],
        [*comb[:2], *7 * [0.01]],
    )
    yield [0.5, *(2.0 ** (1 - e) / 31)], [0, *(e + 0.5)], [1, *(2.0**-e / 10)]
    yield (
        [0.46, 0.46, *3 * [1 / 300], *3 * [7 / 300]],
        [-1, 1, -0.5, -1, -1.5, 0.5, 1, 1.5],
        [*comb[:2], *3 * [0.01], *3 * [0.07]],
    )
    yield 2.0 ** (5 - j) / 63, (65 - 96 * 0.5**j) / 21, 32 / 63 * 0.5**j
    yield (
        [*3 * [2 / 7], *3 * [1 / 21]],
        [*((12 * j[:3] - 15) / 7), *(2 * np.arange(8, 11) / 7)],
        [*3 * [2 / 7], *3 * [1 / 21]],
    )


@pytest.mark.slow
@pytest.mark.parametrize("case", list(marron_wand()), ids=range(1, 16))
def test_a_mixture_of_normals_comes_back_at_its_own_size(case):
    """As a function, of which nothing is known but its values."""
    w, m, s = map(np.asarray, case)
    assert w.sum() == pytest.approx(1)

    def density(x):
        return (w / s * TABLE * np.exp(-(((x[:, None] - m) / s) ** 2) / 2)).sum(axis=1)

    a = mx.approximate(density, components=len(w))
    x = np.unique((m + s * np.linspace(-9, 9, 4001)[:, None]).ravel())
    gap = np.abs(density(x) - mixture_density(a.mixture, x))
    assert integrate.trapezoid(gap, x) < 1e-6
    assert a.measured < 1e-6


def test_a_filled_mixture_is_a_density_too():
    known = mx.Mixture([mx.Normal(-2, 0.5), mx.Normal(1, 1)], [0.3, 0.7])
    a = mx.approximate(known, tolerance=1e-4)
    assert len(a.mixture.components) == 2
    assert a.kind == "certified"
    x = np.linspace(-4, 4, 9)
    np.testing.assert_allclose(a.mixture.log_prob(x), known.log_prob(x), atol=1e-2)


@pytest.mark.parametrize(
    ("density", "options"),
    [
        (stats.norm(3, 2), {}),
        (stats.norm(3, 2).pdf, {}),
        (lambda x: stats.norm.pdf(x, 3, 2), {}),
        (lambda x: 2 / np.sqrt(np.pi) * np.exp(-((x - 3) ** 2) / 8), {}),
        (mx.Normal(3, 2), {}),
        (lambda x: float(np.exp(-((x - 3) ** 2) / 8)) if x == x else 1 / 0, {}),
        (
            (np.linspace(-9, 15, 400), stats.norm.pdf(np.linspace(-9, 15, 400), 3, 2)),
            {},
        ),
    ],
    ids=["frozen", "its pdf", "a function", "unnormalised", "ours", "scalars", "grid"],
)
def test_one_density_in_any_form_is_one_mixture(density, options):
    a = mx.approximate(density, tolerance=0.01, **options)
    (part,) = a.mixture.components
    assert part.mean == pytest.approx(3, abs=0.01)
    assert part.sd == pytest.approx(2, abs=0.01)
    assert a.error < 0.01


def test_an_unnormalised_density_is_divided_and_a_note_says_so():
    a = mx.approximate(lambda x: 6 * logistic(x), tolerance=0.01)
    assert a.notes == ("the density integrates to 6; it was divided by that",)
    assert a.density(np.array([0.0])) == pytest.approx(0.25)
    assert mx.approximate(logistic, tolerance=0.01).notes == ()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("density", "support", "tolerance"),
    [
        (lambda x: np.exp(-x), (0, np.inf), 0.02),
        (lambda x: np.exp(x), (-np.inf, 0), 0.02),
        (lambda x: np.exp(-np.abs(x)) / 2, None, 0.01),
        (lambda x: np.maximum(1 - np.abs(x), 0), (-1, 1), 0.01),
        (lambda x: np.where(x < 0.3, 2.0, 4 / 7), (0, 1), 0.1),
        (lambda x: 0.5 / np.sqrt(np.maximum(x, 1e-300)), (0, 1), 0.05),
        (lambda x: 1 / (np.pi * (1 + x**2)), None, 0.02),
        (
            lambda x: (
                0.5 * TABLE * (np.exp(-(x**2) / 2) + np.exp(-((x - 1000) ** 2) / 2))
            ),
            None,
            0.01,
        ),
    ],
    ids=["half", "half below", "kink", "tent", "step", "pole", "Cauchy", "far apart"],
)
def test_jumps_kinks_poles_and_tails(density, support, tolerance):
    """The error again by scipy's quad, panel by panel between where the curves turn."""
    a = mx.approximate(density, tolerance=tolerance, support=support)
    assert a.reached
    low, high = support or (-np.inf, np.inf)
    _, m, s = normals(a.mixture)
    cuts = np.unique(np.clip((m + s * [[-6], [-2], [0], [2], [6]]).ravel(), low, high))
    # poles and tails where quad wants them: at ends
    cuts = np.unique([*cuts, *[c for c in (low, 0.0, 0.3, high) if low <= c <= high]])

    def gap(x):
        x = np.atleast_1d(x)
        return np.abs(density(x) - mixture_density(a.mixture, x))[0]

    error = sum(
        integrate.quad(gap, *ends, limit=300, epsabs=1e-6)[0]
        for ends in itertools.pairwise([low, *cuts, high])
        if ends[0] < ends[1]
    )
    w = a.mixture.weights
    error += w @ (ndtr((low - m) / s) + ndtr((m - high) / s))
    assert error <= tolerance
    assert error == pytest.approx(a.measured, rel=0.01)


def test_the_sup_error_at_a_jump_is_never_below_half_of_it():
    a = mx.approximate(uniform, components=3, norm="sup", support=(0, 1))
    (note,) = a.notes
    assert "jumps by 1 at x = " in note
    assert "at least 0.5" in note
    assert 0.5 <= a.error < 0.56
    with pytest.raises(ValueError, match=r"at least 0\.5; ask for norm='L1'"):
        mx.approximate(uniform, 0.49, norm="sup", support=(0, 1))
    for K in (1, 8):
        b = mx.approximate(uniform, components=K, support=(0, 1))
        x = np.linspace(-1, 2, 300_001)
        assert np.abs(uniform(x) - mixture_density(b.mixture, x)).max() >= 0.5 - 1e-3


def test_a_divergence_that_is_infinite_is_refused_at_once():
    for heavy in (stats.cauchy, stats.t(1.5), stats.pareto(2)):
        with pytest.raises(ValueError, match="infinite; ask for norm='hellinger'"):
            mx.approximate(heavy, 0.1, norm="KL")
    assert mx.approximate(stats.t(3), 0.1, norm="KL").reached
    with pytest.raises(ValueError, match="bounded density, got one that grows"):
        mx.approximate(stats.beta(0.5, 2), 0.1, norm="sup")


@pytest.mark.parametrize("norm", ["L1", "hellinger", "KL", "sup"])
def test_each_norm_is_what_its_name_says(norm):
    a = mx.approximate(logistic, tolerance=0.01, norm=norm)
    x = np.linspace(-45, 45, 300_001)
    f, g = logistic(x), mixture_density(a.mixture, x)
    log_g = a.mixture.log_prob(x)
    exact = {
        "L1": integrate.trapezoid(np.abs(f - g), x),
        "hellinger": np.sqrt(
            integrate.trapezoid((np.sqrt(f) - np.sqrt(g)) ** 2, x) / 2
        ),
        "KL": integrate.trapezoid(f * (np.log(f) - log_g), x),
        "sup": np.abs(f - g).max(),
    }[norm]
    assert a.error == pytest.approx(exact, rel=1e-3)
    assert a.error <= 0.01


def test_the_path_is_the_price_of_a_tolerance():
    a = mx.approximate(gumbel, tolerance=0.003)
    sizes = [point.K for point in a.path]
    errors = [point.error for point in a.path]
    assert sizes == list(range(1, len(a.mixture.components) + 1))
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] <= 0.003 < errors[-2]
    for K, error, mixture in a.path:
        assert len(mixture.components) == K
        assert a.distance(mixture) == pytest.approx(error)


def test_where_the_components_do_not_suffice_it_says_so():
    a = mx.approximate(uniform, tolerance=1e-3, components=3, support=(0, 1))
    assert not a.reached
    assert a.reason.startswith("not within the tolerance 0.001: 3 components were all")
    assert repr(a).startswith(f"K = 3, L1 error {a.error:.3g} (measured), not within")
    assert len(a.mixture.components) == 3
    assert a.error > 1e-3


def test_what_is_learned_is_worse_than_the_best_and_better_with_more_draws():
    a = mx.approximate(gumbel, components=3)
    few, many = (a.learn(n, rng=0, starts=4) for n in (200, 20_000))
    assert a.error < many.error < few.error < 0.5
    assert many.fit.mixture == many.mixture
    assert many.error == pytest.approx(l1_error(gumbel, many.mixture, -5, 40), rel=1e-3)


def test_draws_are_of_the_density():
    a = mx.approximate(stats.expon, tolerance=0.1)
    x = a.draw(20_000, rng=0)
    assert stats.kstest(x, "expon").pvalue > 0.01


RING = {"support": ((-4, 4), (-4, 4))}


def ring(x):
    return np.exp(-((np.hypot(x[:, 0], x[:, 1]) - 2) ** 2) / 0.32)


def banana(x):
    return np.exp(-(x[:, 0] ** 2) / 2 - 2 * (x[:, 1] - x[:, 0] ** 2) ** 2)


def square(x):
    return 1.0 * (np.abs(x) <= 1).all(axis=1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("density", "support", "tolerance"),
    [
        (ring, ((-4, 4), (-4, 4)), 0.2),
        (banana, ((-5, 5), (-3, 26)), 0.15),
        (square, ((-1, 1), (-1, 1)), 0.35),
    ],
)
def test_the_plane_by_a_grid_of_its_own(density, support, tolerance):
    a = mx.approximate(density, tolerance=tolerance, support=support)
    assert a.reached
    assert a.kind == "measured"
    low, high = np.array(support, dtype=float).T
    low, high = low - 3, high + 3
    n = 701
    axes = [low[i] + (high[i] - low[i]) * (np.arange(n) + 0.5) / n for i in (0, 1)]
    x = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
    cell = np.prod((high - low) / n)
    f = density(x) * (
        (x >= np.array(support)[:, 0]) & (x <= np.array(support)[:, 1])
    ).all(1)
    f = f / (f.sum() * cell)
    g = sum(
        w * stats.multivariate_normal(*part.moments()).pdf(x)
        for w, part in zip(a.mixture.weights, a.mixture.components, strict=True)
    )
    error = np.abs(f - g).sum() * cell
    assert error <= tolerance * 1.01
    assert error == pytest.approx(a.error, rel=0.02)


def test_in_the_plane_too_it_can_be_learned():
    a = mx.approximate(ring, components=4, **RING)
    learned = a.learn(2000, rng=0, starts=2)
    assert a.error < learned.error < 1
    assert a.draw(5, rng=0).shape == (5, 2)
    with pytest.raises(ValueError, match="in 2 dimension"):
        a.distance(mx.Mixture([mx.Normal(0, 1)], [1]))


def test_a_bar_is_shown_for_those_who_ask(capsys):
    mx.approximate(gumbel, components=2, progress=True)
    assert "K = 2, error" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("place", "scale"), [(0, 1e-9), (0, 1e9), (1e6, 1), (-50, 1e-3), (1e5, 1e-2)]
)
@pytest.mark.parametrize("support", [True, False])
def test_units_and_origin_do_not_matter(place, scale, support):
    """Of the density of place + scale times an exponential variable."""

    def density(x):
        z = (x - place) / scale
        return np.where(z >= 0, np.exp(-np.maximum(z, 0)), 0) / scale

    if support:
        a = mx.approximate(density, tolerance=0.1, support=(place, np.inf))
    else:
        a = mx.approximate(stats.expon(place, scale), tolerance=0.1)
    w, m, s = normals(a.mixture)
    moved = mx.Mixture(
        [mx.Normal(*pair) for pair in zip((m - place) / scale, s / scale, strict=True)],
        w,
    )

    def standard(x):
        return np.where(x >= 0, np.exp(-np.maximum(x, 0)), 0)

    assert l1_error(standard, moved, -5, 40) <= 0.1


def test_it_works_without_scipy():
    code = (
        "import sys; sys.modules['scipy'] = None\n"
        "import numpy as np, mixnotes as mx\n"
        "a = mx.approximate(lambda x: np.exp(-abs(x)) / 2, tolerance=0.02, variation=1,"
        " cdf=lambda x: np.where(x < 0, np.exp(-abs(x)), 2 - np.exp(-abs(x))) / 2)\n"
        "print(a.kind, a.error <= 0.02)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout.split() == ["certified", "True"], run.stderr


def test_a_mode_that_a_scan_misses_shows_in_the_notes():
    """Half of it is within a hundredth of 12,345.6: the cdf says so, the notes too."""

    def density(x):
        far = (x - 12345.6) / 1e-3
        return TABLE * (np.exp(-(x**2) / 2) + 1e3 * np.exp(-(far**2) / 2)) / 2

    def cdf(x):
        return (ndtr(x) + ndtr((x - 12345.6) / 1e-3)) / 2

    alone = mx.approximate(density, tolerance=0.01)
    assert alone.notes == ("the density integrates to 0.5; it was divided by that",)
    known = mx.approximate(density, tolerance=0.01, cdf=cdf)
    assert known.notes == ()
    assert max(normals(known.mixture)[1]) == pytest.approx(12345.6, abs=1e-3)


def test_a_bar_without_tqdm_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.raises(ImportError, match="pip install tqdm"):
        mx.approximate(gumbel, components=1, progress=True)


BAD = [
    (lambda x: np.sin(x), {"support": (0, 6)}, "not negative, got -.* at x = .*clip"),
    (lambda x: np.where(x < 1, np.nan, np.exp(-x)), {}, "must be finite, got nan at"),
    (lambda x: 0 * x, {}, "above 0 somewhere, got 0 at all of"),
    (lambda x: 1 + 0 * x, {}, "finite integral"),
    (lambda x: 1 / x, {"support": (0, 1)}, "finite integral, got one that grows"),
    (lambda x: 1 / (1 + np.abs(x)), {}, "finite integral"),
    (logistic, {"support": (1, 0)}, "support must have low below high"),
    (logistic, {"support": "all"}, "support must be a pair"),
    (logistic, {"support": (0, np.nan)}, "low below high"),
    (logistic, {"tolerance": 0}, "from 1e-12 up, got 0; no mixture has an error of 0"),
    (logistic, {"tolerance": -1}, "tolerance must be a number"),
    (logistic, {"tolerance": np.nan}, "tolerance must be a number"),
    (logistic, {"tolerance": "small"}, "tolerance must be a number"),
    (logistic, {"components": 0}, "components"),
    (logistic, {"components": 2.5}, "components"),
    (logistic, {"norm": "L2"}, "norm must be one of L1, hellinger, KL, sup, got 'L2'"),
    (logistic, {"tolerance": None}, "give tolerance=1e-3, components=10, or both"),
    (logistic, {"cdf": 3}, "cdf must be a function"),
    (logistic, {"cdf": lambda x: 0 * x}, "cdf must rise over the support"),
    (logistic, {"cdf": ndtr}, "cdf must be the integral of the density"),
    (logistic, {"variation": -1}, "variation must be a finite bound above 0"),
    (stats.gamma, {}, "must have its parameters, got 'gamma' without a"),
    (stats.norm([0, 1]), {}, "with numbers as parameters, got an array"),
    (stats.poisson(3), {}, "got a discrete distribution"),
    (mx.Normal(), {}, "the mixture must be filled to be a density"),
    (lambda x: np.ones(3), {}, "one number for each x"),
    (lambda x: 1j * np.exp(-(x**2)), {}, "must give real numbers, got complex128"),
    ("exp(-x)", {}, "density must be a function of x"),
    (([0, 1, 2], [0, -1, 0]), {}, "not negative, got -1 at x = 1"),
    (([0, 2, 1], [0, 1, 0]), {}, "increase strictly"),
    (([0, 1], [0, 0]), {}, "above 0 somewhere, got zeros alone"),
    (([0, 1], [1, 1, 1]), {}, "of one shape"),
    (([0, 1, np.inf], [1, 1, 1]), {}, "finite and increase strictly"),
    (([0, 1, 2],), {}, r"a pair \(x, values\), got 1"),
    (lambda x: 1 + 0 * x, {"support": (1e9, 1e9 + 1e-6)}, "more than rounding"),
    (ring, {"support": ((0, np.inf), (0, 1))}, "two dimensions must be finite"),
    (lambda x: x, RING, r"rows, shape \(n, 2\), and give one number for each"),
    (lambda x: 0 * x[:, 0], RING, "above 0 somewhere in its support"),
    (lambda x: x[:, 0], RING, "not negative, got"),
    (lambda x: x[:, 0] / 0, RING, "must be finite"),
    (3, RING, "a function of rows"),
    (ring, RING | {"cdf": ndtr}, "left out in two dimensions"),
]


@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
@pytest.mark.parametrize(("density", "options", "message"), BAD, ids=range(len(BAD)))
def test_bad_input_is_told_what_to_do(density, options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        mx.approximate(density, **{"tolerance": 0.1} | options)


def test_a_distance_is_of_normals_alone():
    a = mx.approximate(gumbel, components=1)
    for other in (mx.Mixture(2 * [mx.Normal()]), mx.Exponential(1.0), 3):
        with pytest.raises(ValueError, match="a filled one of normals"):
            a.distance(other)


def test_the_tolerance_of_a_smooth_density_is_kept_with_few_looks_at_it():
    """How often the density is asked is the same on every machine."""
    asked = []

    def counting(x):
        asked.append(x.size)
        return gumbel(x)

    a = mx.approximate(counting, tolerance=1e-3)
    assert a.reached
    assert len(asked) < 400
    assert sum(asked) < 600_000
