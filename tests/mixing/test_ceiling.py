"""The bound on every mixture of a class is one, and as low as it can be."""

import math
import pickle

import numpy as np
import pytest

import mixnotes as mx
from mixnotes.data.sources import compress
from mixnotes.fitting.engine import Engine
from mixnotes.fitting.run import RunResult
from mixnotes.mixing.bounds import cells, largest, log_d
from mixnotes.mixing.members import track
from mixnotes.mixing.nodes import thinned
from mixnotes.mixing.shifts import from_nodes

RNG = np.random.default_rng(0)
GALAXIES = mx.datasets.galaxies_mass()["velocity"] / 1000
DEATHS, DAYS = mx.datasets.london_times().values()
LINE = np.r_[RNG.normal(0, 1, 30), RNG.normal(6, 2, 30)]
COUNTS = np.r_[RNG.poisson(1, 30), RNG.poisson(7, 30)].astype(float)
ABOVE = np.exp(LINE / 4)
TEMPLATES = [  # a component with one blank, data, and what it may be
    (mx.Normal(sd=0.7), LINE, "mean", np.linspace(-8, 14, 2001)),
    (mx.Normal(mean=0.3), LINE, "sd", np.geomspace(1e-2, 40, 2001)),
    (mx.LogNormal(sigma=0.2), ABOVE, "mu", np.linspace(-3, 4, 2001)),
    (mx.LogNormal(mu=0.1), ABOVE, "sigma", np.geomspace(1e-3, 10, 2001)),
    (mx.Laplace(scale=0.7), LINE, "loc", np.linspace(-8, 14, 2001)),
    (mx.Laplace(loc=0.3), LINE, "scale", np.geomspace(1e-2, 40, 2001)),
    (mx.Logistic(scale=0.5), LINE, "loc", np.linspace(-8, 14, 2001)),
    (mx.Gumbel(scale=0.5), LINE, "loc", np.linspace(-8, 14, 2001)),
    (mx.StudentT(df=3.0, scale=0.6), LINE, "loc", np.linspace(-8, 14, 2001)),
    (mx.StudentT(df=math.inf, scale=0.6), LINE, "loc", np.linspace(-8, 14, 2001)),
    (mx.VonMises(concentration=5.0), LINE, "mean", np.linspace(-4, 4, 2001)),
    (mx.VonMises(concentration=0.0), LINE, "mean", np.linspace(-4, 4, 21)),
    (mx.Exponential(), ABOVE, "rate", np.geomspace(1e-2, 10, 2001)),
    (mx.Gamma(shape=6.0), ABOVE, "scale", np.geomspace(1e-2, 10, 2001)),
    (mx.Weibull(shape=3.0), ABOVE, "scale", np.geomspace(1e-1, 20, 2001)),
    (mx.InverseGaussian(shape=9.0), ABOVE, "mean", np.geomspace(1e-2, 90, 2001)),
    (mx.InverseGaussian(mean=2.0), ABOVE, "shape", np.geomspace(1e-2, 1e6, 2001)),
    (mx.Poisson(), COUNTS, "rate", np.r_[0.0, np.geomspace(1e-3, 90, 2001)]),
    (mx.Geometric(), COUNTS, "p", np.linspace(1e-3, 1, 2001)),
    (mx.NegativeBinomial(size=3.0), COUNTS, "mean", np.geomspace(1e-3, 90, 2001)),
    (mx.Binomial(20), COUNTS, "p", np.linspace(0, 1, 2001)),
    (mx.Bernoulli(), COUNTS > 2, "p", np.linspace(0, 1, 2001)),
    (mx.Uniform(low=-9.0), LINE, "high", np.linspace(-4, 14, 2001)),
    (mx.Uniform(high=19.0), LINE, "low", np.linspace(-9, 14, 2001)),
    (mx.PointMass(), COUNTS, "at", np.arange(20.0)),
]
every_template = pytest.mark.parametrize(
    ("template", "x", "name", "values"), TEMPLATES, ids=lambda v: repr(v)[:40]
)


def some_mixture(template, x, name, values, rng, size=3):
    """A mixture that can produce all of x."""
    parts = [template.filled({name: v}) for v in rng.choice(values, size)]
    return mx.Mixture(parts, rng.dirichlet(np.ones(size)))


def log_likelihood(mixture, x):
    return float(mixture.log_prob(x).sum())


def standing(template, mixture, x, weight=None):
    """A `Fit` of any number of `template` that found `mixture`."""
    x = np.asarray(x, dtype=float)
    source = compress(x, weight)
    log_f = mixture.log_prob(source.x)
    height = float(source.weights @ log_f)
    end = RunResult(mixture, height, np.array([height]), True, "", 0.0)
    model = mx.Mixture(len(mixture.components) * [template])
    return mx.Fit.of(model, mixture, source, end, (end,))


@every_template
def test_a_track_has_the_density_of_its_family(template, x, name, values):
    x = np.asarray(x, dtype=float)
    found = track(template, x, None)
    for at in found.guesses()[::7]:
        component = found.component(at)
        np.testing.assert_allclose(
            found.log_prob(np.array([at]))[0],
            component.log_prob(x),
            rtol=1e-9,
            atol=1e-9,
        )
        back = found.find(component)
        if not isinstance(template, mx.VonMises):
            assert back == pytest.approx(at, rel=1e-6, abs=1e-6)


@every_template
def test_the_largest_d_is_between_the_bounds_and_above_every_grid(
    template, x, name, values
):
    x = np.asarray(x, dtype=float)
    rng = np.random.default_rng(1)
    weight = rng.gamma(1.0, 1.0, len(x))
    log_c = np.log(weight / weight.sum()) - rng.normal(-4, 0.5, len(x))
    found = track(template, x, None)
    top = largest(found, log_c, 1e-10)
    of = log_d(found, log_c)
    assert of(np.array([top.at]))[0] == pytest.approx(top.lower, abs=1e-12)
    if found.moves:
        dense = of(np.linspace(*found.best[[0, -1]], 100_000))
        assert dense.max() <= top.upper
        assert dense.max() > top.lower - 1e-6
    grid = [
        np.logaddexp.reduce(template.filled({name: v}).log_prob(x) + log_c)
        for v in values
    ]
    assert top.lower <= top.upper
    assert max(grid) <= top.upper
    assert top.upper - max(top.lower, 0.0) < 2e-10


@every_template
def test_no_mixture_is_above_the_ceiling(template, x, name, values):
    """Of many at random none is, and the best that was found is next to it."""
    x = np.asarray(x, dtype=float)
    rng = np.random.default_rng(2)
    few = values[np.unique(np.linspace(0, len(values) - 1, 40).astype(int))]
    level = np.full(len(few), 1 / len(few))
    parts = [template.filled({name: v}) for v in few]
    others = [mx.Mixture(parts, level)]
    others += [some_mixture(template, x, name, values, rng, 6) for _ in range(200)]
    heights = np.array([log_likelihood(g, x) for g in others])
    for start in (0, int(heights.argmax())):
        bound = standing(template, others[start], x).ceiling()
        assert heights.max() - heights[start] <= bound.exact
        assert bound.found <= bound.exact < bound.found + 1e-7
        assert log_likelihood(bound.better, x) - heights[start] == pytest.approx(
            bound.found, abs=1e-7
        )
        assert bound == (bound.exact if bound.exact >= 1e-6 else 0.0)


# --------------------------------------------------------------------- published data


def test_six_normals_of_sd_1_are_the_best_of_all_for_the_galaxies():
    fit = mx.em(mx.Mixture(6 * [mx.Normal(sd=1.0)]), GALAXIES)
    bound = fit.ceiling()
    assert fit.log_likelihood == pytest.approx(-199.3424, abs=1e-4)
    assert bound == 0.0
    assert bound.exact < 1e-9
    assert bound.at is None
    assert bound.reason == (
        "no mixture of Normal(sd=1), of any number of components, is above by more "
        f"than {bound.exact:.1e} nats: this is the best of all"
    )
    best = mx.npmle(mx.Normal(sd=1.0), GALAXIES)
    assert best.log_likelihood == pytest.approx(fit.log_likelihood, abs=1e-8)


def test_five_are_not_and_it_says_how_much_is_missing():
    fit = mx.em(mx.Mixture(5 * [mx.Normal(sd=1.0)]), GALAXIES)
    bound = fit.ceiling()
    assert fit.log_likelihood == pytest.approx(-204.9424, abs=1e-4)
    assert bound == pytest.approx(204.94240216 - 199.34236158, abs=1e-7)
    assert len(bound.better.components) == 6
    assert bound.at.sd == 1.0
    assert bound.at.mean == pytest.approx(26.901, abs=1e-3)
    assert bound.reason == (
        "no mixture of Normal(sd=1), of any number of components, is above by more "
        "than 5.60004 nats; one of 6 components is above by 5.60004; a component at "
        "mean = 26.9011 would raise it most"
    )


def test_the_best_mixture_of_poissons_for_the_times_is_the_published_one():
    """R's nspmix 2.0-0 (cnm) has the same atoms and weights, one of them at 0."""
    best = mx.npmle(mx.Poisson(), DEATHS, sample_weight=DAYS)
    rates = [c.rate for c in best.mixture.components]
    assert rates == pytest.approx([0, 1.355443, 2.697977], abs=2e-6)
    assert rates[0] == 0.0
    weights = [0.00672981, 0.38947641, 0.60379378]
    assert best.mixture.weights == pytest.approx(weights, abs=1e-6)
    assert best.log_likelihood == pytest.approx(-1989.927105117, abs=1e-8)
    assert best.converged
    assert best.error < 1e-8
    assert best.n == 1096
    assert best.reason == (
        "no mixture of Poisson(), of any number of components, is above by more than "
        f"{best.error:.1e} nats"
    )
    two = mx.em(mx.Mixture(2 * [mx.Poisson()]), DEATHS, sample_weight=DAYS)
    bound = two.ceiling()
    missing = best.log_likelihood - two.log_likelihood
    assert bound == pytest.approx(missing, abs=1e-7)
    assert bound.at.rate == pytest.approx(0.0, abs=1e-12)


def test_two_far_observations_by_hand():
    """One normal between two values 10 apart has log L = -25 - log 2 pi; the best, one
    at each, 2 log(1 / 2) - log 2 pi, but for what one adds at the other, e^-50."""
    one = mx.em(mx.Mixture([mx.Normal(sd=1.0)]), [0.0, 10.0])
    bound = one.ceiling()
    assert bound == pytest.approx(25 - 2 * math.log(2), abs=1e-8)
    assert bound.at.mean in (pytest.approx(0, abs=1e-6), pytest.approx(10, abs=1e-6))
    best = bound.better
    assert [c.mean for c in best.components] == pytest.approx([0, 10], abs=1e-6)
    assert best.weights == pytest.approx([0.5, 0.5])


def drawn(template, name, values, seed):
    """Observations of some mixture, and weights where the seed is odd."""
    rng = np.random.default_rng(seed)
    n, K = int(rng.integers(2, 400)), int(rng.integers(1, 6))
    aside = len(values) // 6 if len(values) > 30 else 0
    middle = values[aside : len(values) - aside]
    parts = [template.filled({name: v}) for v in rng.choice(middle, K)]
    x = mx.Mixture(parts, rng.dirichlet(np.ones(K))).sample(n, rng=seed)
    return x, rng.gamma(1.0, size=n) if seed % 2 else None


FLAT = {mx.Exponential: 3, mx.Poisson: 103, mx.StudentT: 129, mx.NegativeBinomial: 117}


@every_template
def test_the_best_mixture_is_proved_where_the_likelihood_is_flat(
    template, x, name, values
):
    """The seeds of `FLAT` draw two atoms that nearly are one, or one far from any
    observation, which a coarse search takes for the end."""
    for seed in {2, 5, FLAT.get(type(template), 7)}:
        x, weight = drawn(template, name, values, seed)
        best = mx.npmle(template, x, sample_weight=weight)
        assert best.converged, (seed, best.reason)


# ------------------------------------------------------------------------- invariance

FIVE = mx.Mixture(5 * [mx.Normal(sd=1.0)])


@pytest.mark.parametrize("unit", [1e-100, 1e-8, 1e8, 1e100])
def test_the_unit_does_not_matter(unit):
    model = mx.Mixture(5 * [mx.Normal(sd=unit)])
    plain = mx.em(FIVE, GALAXIES, tol=0).ceiling()
    bound = mx.em(model, GALAXIES * unit, tol=0).ceiling()
    assert bound == pytest.approx(plain, rel=1e-9)
    assert bound.at.mean == pytest.approx(plain.at.mean * unit, rel=1e-4)


def test_an_offset_does_not_matter():
    plain = mx.em(FIVE, GALAXIES).ceiling()
    assert mx.em(FIVE, GALAXIES + 2.0**20).ceiling() == pytest.approx(plain, abs=1e-7)


def test_a_weight_of_two_is_the_observation_twice():
    weight = np.where(np.arange(82) < 20, 2.0, 1.0)
    weighted = mx.em(FIVE, GALAXIES, sample_weight=weight).ceiling()
    repeated = mx.em(FIVE, np.r_[GALAXIES, GALAXIES[:20]]).ceiling()
    assert weighted == pytest.approx(repeated, abs=1e-7)


def test_the_order_of_the_observations_does_not_matter():
    plain = mx.em(FIVE, GALAXIES)
    turned = standing(mx.Normal(sd=1.0), plain.mixture, GALAXIES[::-1])
    assert turned.ceiling() == pytest.approx(plain.ceiling(), abs=1e-9)


# ------------------------------------------------------------------------------ edges


@pytest.mark.parametrize(
    ("template", "x"),
    [
        (mx.Normal(sd=1.0), [3.0]),
        (mx.Normal(sd=1.0), [3.0] * 5),
        (mx.Normal(sd=1.0), [0.0, 1e150]),
        (mx.Normal(sd=1.0), [-1e150, 0.0, 1.0, 1e150]),
        (mx.LogNormal(sigma=0.1), [1e-150, 1.0, 2.0, 1e150]),
        (mx.Exponential(), [1e-150, 1.0, 2.0, 1e150]),
        (mx.Weibull(shape=3.0), [1e-150, 1.0, 2.0, 1e150]),
        (mx.Gumbel(scale=1.0), [0.0, 1.0, 1e150]),
        (mx.Logistic(scale=1.0), [0.0, 1.0, 1e150]),
        (mx.StudentT(df=3.0, scale=1.0), [0.0, 1.0, 1e150]),
        (mx.Laplace(scale=1.0), [0.0, 1.0, 1e150]),
        (mx.Poisson(), [0]),
        (mx.Poisson(), [4] * 5),
        (mx.Poisson(), [0, 0, 0]),
        (mx.Poisson(), [0, 5, 1_000_000]),
        (mx.Binomial(10), [0, 10, 10]),
        (mx.Bernoulli(), [0, 1, 1]),
        (mx.Categorical(n=3), [0, 2, 2, 1]),
    ],
)
def test_few_or_odd_observations_have_a_best_mixture(template, x):
    best = mx.npmle(template, x)
    assert best.converged, best.reason
    assert best.error < 1e-8
    assert best.ceiling() == 0.0
    distinct = len(np.unique(x))
    assert len(best.mixture.components) <= distinct


def test_a_mixture_far_from_the_data_has_a_ceiling_that_is_reached():
    """Densities so small that they underflow are compared by their logarithms."""
    far = mx.Mixture([mx.Normal(1e6, 1.0), mx.Normal(-1e6, 1.0)], [0.5, 0.5])
    bound = standing(mx.Normal(sd=1.0), far, GALAXIES).ceiling()
    best = mx.npmle(mx.Normal(sd=1.0), GALAXIES).log_likelihood
    missing = best - log_likelihood(far, GALAXIES)
    assert bound == pytest.approx(missing, rel=1e-9)


def test_known_components_bound_each_other():
    """Of weights alone em finds the maximum, and it is proved."""
    bag = mx.em(mx.Mixture([mx.Bernoulli(0.8), mx.Bernoulli(0.3)]), [1] * 6 + [0] * 4)
    bound = bag.ceiling()
    assert bound == 0.0
    assert bound.better.weights == pytest.approx(bag.mixture.weights, abs=1e-6)


def test_components_of_several_kinds_are_one_class():
    """More of either: no mixture of more that em finds is above."""
    model = mx.Mixture([mx.Normal(sd=1.0), mx.Uniform(0, 50)])
    fit = mx.em(model, GALAXIES)
    bound = fit.ceiling()
    more = mx.em(mx.Mixture([*(6 * [mx.Normal(sd=1.0)]), mx.Uniform(0, 50)]), GALAXIES)
    gain = more.log_likelihood - fit.log_likelihood
    assert gain - 1e-6 < bound.exact < gain + 1e-3
    nested = mx.em(mx.Mixture([mx.Mixture(2 * [mx.Normal(sd=1.0)]), mx.Uniform(0, 50)]),
                   GALAXIES)  # fmt: skip
    top = nested.log_likelihood + nested.ceiling()
    assert top == pytest.approx(fit.log_likelihood + bound, abs=1e-6)


@pytest.mark.slow
def test_negative_binomials_are_bounded_by_poissons():
    """Each is a mixture of Poissons, which are among them."""
    x = [0, 1, 5, 9, 22, 30, 1, 3]
    fit = mx.em(mx.Mixture(2 * [mx.NegativeBinomial()]), x)
    best = mx.npmle(mx.Poisson(), x)
    assert fit.ceiling() == pytest.approx(
        best.log_likelihood - fit.log_likelihood, abs=1e-6
    )
    assert fit.ceiling().at.size == math.inf


def test_given_weights_are_free_in_the_bound_and_it_says_so():
    fit = mx.em(mx.Mixture(3 * [mx.Normal(sd=1.0)], [0.2, 0.3, 0.5]), GALAXIES)
    bound = fit.ceiling()
    best = mx.npmle(mx.Normal(sd=1.0), GALAXIES)
    assert bound == pytest.approx(best.log_likelihood - fit.log_likelihood, abs=1e-6)
    assert bound.reason.endswith(
        "the weights that are given are free in the bound, so that it may not be "
        "reached"
    )


def test_a_ceiling_is_a_float_that_keeps_its_words():
    bound = mx.em(FIVE, GALAXIES).ceiling()
    again = pickle.loads(pickle.dumps(bound))
    assert again == bound
    assert (again.reason, again.at, again.better) == (
        bound.reason, bound.at, bound.better,
    )  # fmt: skip
    assert f"{bound:.2f}" == "5.60"


# ------------------------------------------------------------- without a bound, or with


@pytest.mark.parametrize(
    ("template", "x", "words"),
    [
        (mx.Normal(), GALAXIES, "a Normal whose sd is free, at the observation 9.172"),
        (mx.LogNormal(), GALAXIES, "a LogNormal whose sigma is free"),
        (mx.Gamma(), GALAXIES, "a Gamma whose shape is free, at the observation 9.172"),
        (mx.Weibull(), GALAXIES, "a Weibull whose shape is free"),
        (mx.InverseGaussian(), GALAXIES, "an InverseGaussian whose shape is free"),
        (mx.VonMises(), LINE, "a VonMises whose concentration is free"),
        (mx.Laplace(), LINE, "a Laplace whose scale is free"),
        (mx.Uniform(), LINE, "a Uniform whose ends are free"),
        (mx.Normal(mean=LINE[0]), LINE, "an observation is 0.12573, the place"),
        (mx.InverseGaussian(mean=GALAXIES[0]), GALAXIES, "an observation is 9.172"),
        (mx.Uniform(low=LINE.min()), LINE, "rises without end as its high changes"),
        (mx.Exponential(), [0.0, 1.0, 2.0], "an observation is 0, and an Exponential"),
    ],
)
def test_a_likelihood_without_a_bound_says_why(template, x, words):
    some = mx.Mixture(2 * [mx.Normal(10.0, 9.0)], [0.5, 0.5])
    bound = standing(template, some, x).ceiling()
    assert bound == math.inf
    assert words in bound.reason
    assert bound.at is None
    assert bound.better is None
    with pytest.raises(ValueError, match="there is no best mixing distribution"):
        mx.npmle(template, x)


def test_a_shared_sd_has_no_bound_either():
    fit = mx.em(mx.gaussian_mixture(3, "E"), GALAXIES)
    bound = fit.ceiling()
    assert bound == math.inf
    assert bound.reason.endswith(
        "what is shared can shrink too, with a component at each value"
    )
    least = fit.ceiling(least_scale=1.0)
    best = mx.npmle(mx.Normal(sd=1.0), GALAXIES)
    missing = best.log_likelihood - fit.log_likelihood
    assert least == pytest.approx(missing, abs=1e-6)
    assert "what is shared is free in the bound" in least.reason


@pytest.mark.parametrize(
    "template",
    [
        mx.Normal(),
        mx.Laplace(),
        mx.Logistic(),
        mx.Gumbel(),
        mx.StudentT(df=3.0),
        mx.StudentT(df=1.0),
    ],
    ids=repr,
)
def test_no_wider_component_is_above_the_bound_with_a_least_scale(template):
    """The widest peaks of D are those of the least scale: wider members are mixtures
    of narrower ones."""
    rng = np.random.default_rng(4)
    log_c = rng.normal(3, 1, len(LINE)) - np.log(len(LINE))
    top = largest(track(template, LINE, 0.8), log_c, 1e-10)
    place, spread = template.place, template.spread
    highest = -np.inf
    for width in np.geomspace(0.8, 30, 40):
        for middle in np.linspace(-4, 12, 81):
            member = template.filled({place: middle, spread: width})
            here = np.logaddexp.reduce(member.log_prob(LINE) + log_c)
            highest = max(highest, here)
    assert highest <= top.upper
    assert highest > top.upper - 0.05


def test_the_ceiling_with_a_least_sd_holds_for_fits_with_more_components():
    fit = mx.em(mx.Mixture(2 * [mx.Normal()]), GALAXIES)
    least = 0.4
    bound = fit.ceiling(least_scale=least)
    for K in (3, 4):
        more = mx.em(mx.Mixture(K * [mx.Normal()]), GALAXIES)
        if min(c.sd for c in more.mixture.components) >= least:
            assert more.log_likelihood - fit.log_likelihood <= bound.exact
    best = mx.npmle(mx.Normal(), GALAXIES, least_scale=least)
    assert {c.sd for c in best.mixture.components} == {least}
    assert bound == pytest.approx(best.log_likelihood - fit.log_likelihood, abs=1e-6)
    assert best.ceiling(least_scale=least) == 0.0


def test_a_spread_about_a_known_place_may_have_a_least():
    x = np.r_[LINE, np.zeros(9)]
    best = mx.npmle(mx.Normal(mean=0.0), x, least_scale=0.5)
    assert min(c.sd for c in best.mixture.components) >= 0.5
    assert best.converged
    grid = [mx.Normal(0.0, sd).log_prob(x) for sd in np.geomspace(0.5, 30, 3000)]
    d = np.exp(np.array(grid) - best.mixture.log_prob(x)).mean(axis=1)
    assert d.max() < 1 + 1e-9


# ----------------------------------------------------------------------------- atoms


@pytest.mark.parametrize(
    "template",
    [
        mx.Exponential(),
        mx.Normal(mean=0.0),
        mx.Laplace(loc=0.0),
        mx.Uniform(low=0.0),
        mx.Normal(sd=0.5),
        mx.Laplace(scale=0.5),
        mx.LogNormal(sigma=0.2),
        mx.InverseGaussian(mean=1.0),
        mx.Gamma(shape=0.5),
        mx.Normal(0.0, 2.0),
    ],
    ids=repr,
)
@pytest.mark.parametrize("at", [0.0, 1.0])
def test_observations_on_an_atom_are_its_own(template, at):
    """So that the best of all is that of the others, and their share."""
    x = np.random.default_rng(0).exponential(2, 60)
    both = np.r_[[at] * 4, x]
    if template == mx.Uniform(low=0.0) and at:
        x = np.r_[x, x.max() + 1]
        both = np.r_[[at] * 4, x]
    fit = mx.em(mx.Mixture([mx.PointMass(at), template]), both, starts=1)
    bound = fit.ceiling()
    n = len(both)
    top = 4 * np.log(4 / n) + (n - 4) * np.log(1 - 4 / n)
    if template.blanks:
        top += mx.npmle(template, x).log_likelihood
    else:
        top += log_likelihood(template, x)
    assert fit.log_likelihood + bound.exact == pytest.approx(top, abs=1e-6)
    best = log_likelihood(bound.better, both)
    assert best == pytest.approx(top, abs=1e-6)


def test_a_likelihood_without_a_bound_beside_an_atom_has_none():
    x = np.r_[0.0, 0.0, LINE]
    model = mx.Mixture([mx.PointMass(0.0), mx.Normal(mean=LINE[3])])
    bound = standing(model.components[1], mx.Mixture([mx.PointMass(0.0),
                     mx.Normal(LINE[3], 3.0)], [0.1, 0.9]), x).ceiling()  # fmt: skip
    assert bound == math.inf
    only = mx.em(mx.Mixture([mx.PointMass(0.0), mx.Normal(0.0, 1.0)]), np.zeros(5))
    assert only.ceiling() == 0.0


def test_many_observations_with_an_atom():
    rng = np.random.default_rng(0)
    x = np.r_[np.zeros(700), rng.exponential(2, 9000)]
    fit = mx.em(mx.Mixture([mx.PointMass(0), mx.Exponential()]), x)
    bound = fit.ceiling()
    share = 700 / 9700
    top = 700 * np.log(share) + 9000 * np.log(1 - share)
    top += mx.npmle(mx.Exponential(), x[700:], tol=1e-4).log_likelihood
    assert fit.log_likelihood + bound.exact == pytest.approx(top, abs=2e-4)


# ---------------------------------------------------------------------------- bounds


def within(template, name, values, low, high):
    """The template with bounds; and the values within."""
    bounds = mx.Between(low, high)
    inside = [v for v in values if bounds.ends[0] <= v <= bounds.ends[1]]
    return template.filled({name: bounds}), inside


@pytest.mark.parametrize(
    ("template", "x", "name", "values"),
    [c for c in TEMPLATES if not isinstance(c[0], mx.Uniform | mx.VonMises)][:-1],
    ids=lambda v: repr(v)[:40],
)
def test_bounds_of_the_only_blank_are_of_the_class(template, x, name, values):
    """None of its members, nor a mixture of many, is above; and the best keeps
    within. All that can have bounds but an angle."""
    x = np.asarray(x, dtype=float)
    free = mx.npmle(template, x).mixture.components
    inner = sorted(c.value_of(name) for c in free)
    low, high = (float(v) for v in np.quantile(inner, [0.3, 0.7]))
    low, high = low - 0.02 * abs(low), high + 0.02 * abs(high)
    if template == mx.Bernoulli():
        low, high = 0.3, 0.6
    for ends in ((low, high), (low, None), (None, high)):
        bounded, inside = within(template, name, values, *ends)
        best = mx.npmle(bounded, x)
        assert best.converged, best.reason
        for component in best.mixture.components:
            value = component.value_of(name)
            assert ends[0] is None or value >= ends[0]
            assert ends[1] is None or value <= ends[1]
        inside += [end for end in ends if end is not None]
        log_f = best.mixture.log_prob(x)
        logs = np.array([template.filled({name: v}).log_prob(x) for v in inside])
        assert np.exp(logs - log_f).mean(axis=1).max() < 1 + 1e-8
        few = [template.filled({name: v}) for v in inside[:: len(inside) // 30 + 1]]
        other = mx.Mixture([*few, *best.mixture.components])
        known = mx.em(other, x, max_iter=50)
        assert known.log_likelihood <= best.log_likelihood + 1e-7
        fit = mx.em(mx.Mixture(2 * [bounded]), x, starts=1)
        top = fit.log_likelihood + fit.ceiling().exact
        assert top == pytest.approx(best.log_likelihood, abs=1e-6)


@pytest.mark.parametrize(
    "family", [mx.Normal, mx.Laplace, mx.Logistic, mx.Gumbel], ids=lambda f: f.__name__
)
def test_bounds_of_a_spread_are_a_least_and_a_largest(family):
    bounds = mx.Between(0.8, 3.0)
    template = family(**{family.spread: bounds})
    best = mx.npmle(template, LINE)
    least = mx.npmle(family(), LINE, least_scale=0.8)
    assert best.log_likelihood == pytest.approx(least.log_likelihood, abs=1e-7)
    assert {c.value_of(family.spread) for c in best.mixture.components} == {0.8}
    fit = mx.em(mx.Mixture(2 * [template]), LINE, starts=2)
    assert fit.log_likelihood + fit.ceiling().exact == pytest.approx(
        best.log_likelihood, abs=1e-6
    )
    above = fit.ceiling(least_scale=0.5)  # the larger of both holds
    assert above.exact == pytest.approx(fit.ceiling().exact, abs=1e-8)
    with pytest.raises(ValueError, match="least_scale must not be above the largest"):
        mx.npmle(template, LINE, least_scale=4.0)
    below = family(**{family.spread: mx.Between(None, 3.0)})
    assert mx.em(mx.Mixture(2 * [below]), LINE, starts=1).ceiling() == math.inf


@pytest.mark.parametrize(
    ("template", "x"),
    [
        (mx.Exponential(mx.Between(None, 5.0)), np.r_[0.0, 0.0, ABOVE]),
        (mx.InverseGaussian(ABOVE[0], mx.Between(None, 9.0)), ABOVE),
        (mx.Normal(LINE[0], mx.Between(0.2, 4.0)), LINE),
    ],
    ids=repr,
)
def test_bounds_keep_a_likelihood_from_rising_without_end(template, x):
    best = mx.npmle(template, x)
    assert best.converged, best.reason
    (name,) = template.blanks
    low, high = template.told[name].ends
    log_f = best.mixture.log_prob(x)
    for value in np.geomspace(max(low, 1e-3), high, 500).tolist():
        d = np.exp(template.filled({name: value}).log_prob(x) - log_f).mean()
        assert d < 1 + 1e-8


def test_many_observations_keep_bounds_at_kinks():
    x = np.random.default_rng(0).laplace(0, 1, 6000)
    best = mx.npmle(mx.Laplace(mx.Between(0.5, 1.0), 0.7), x, tol=1e-3)
    at = [c.loc for c in best.mixture.components]
    assert min(at) >= 0.5
    assert max(at) <= 1.0
    log_f = best.mixture.log_prob(x)
    for loc in (0.5, 0.75, 1.0):
        d = np.exp(mx.Laplace(loc, 0.7).log_prob(x) - log_f).mean()
        assert len(x) * np.log(d) < 1e-3


# -------------------------------------------------------------------- many observations

MANY = [
    mx.Mixture([mx.Normal(m, 1.0) for m in (0.0, 3.0, 9.0)], [0.3, 0.4, 0.3]),
    mx.Mixture([mx.Exponential(r) for r in (0.1, 1.0, 10.0)], [0.3, 0.4, 0.3]),
    mx.Mixture([mx.Gamma(5.0, s) for s in (1.0, 3.0, 9.0)], [0.3, 0.4, 0.3]),
    mx.Mixture([mx.InverseGaussian(m, 5.0) for m in (1.0, 3.0, 9.0)], [0.3, 0.4, 0.3]),
    mx.Mixture([mx.Normal(0.0, s) for s in (0.1, 1.0, 5.0)], [0.3, 0.4, 0.3]),
]
BLANK = ["mean", "rate", "scale", "mean", "sd"]
every_many = pytest.mark.parametrize(
    ("truth", "name"), list(zip(MANY, BLANK, strict=True))
)


@every_many
def test_cells_of_many_observations_give_the_same_sums(truth, name):
    """The series is as near as rounding, and never below."""
    x = truth.sample(20_000, rng=0)
    template = truth.components[0].blank(name)
    line = track(template, x, None)
    log_c = np.random.default_rng(1).normal(0, 1, len(x))
    u = np.linspace(*line.best[[0, -1]], 60)
    exact, fast = log_d(line, log_c)(u), cells(line, log_c)(u)
    assert np.all(fast - exact > -1e-13 * (1 + np.abs(exact)))
    assert np.all(fast - exact < 1e-11)


@every_many
def test_the_ceiling_of_many_observations_is_next_to_what_was_found(truth, name):
    x = truth.sample(20_000, rng=0)
    template = truth.components[0].blank(name)
    fit = mx.em(mx.Mixture(3 * [template]), x, start=truth)
    bound = fit.ceiling()
    assert bound.found <= bound.exact <= 1.001 * bound.found + 1e-6
    found = log_likelihood(bound.better, x) - fit.log_likelihood
    assert found == pytest.approx(bound.found, abs=1e-6)


SHIFTED = [
    mx.Mixture([mx.StudentT(df, m, 1.0) for m in (0.0, 9.0)], [0.4, 0.6])
    for df in (0.5, 1.0, 3.0, 40.0)
] + [
    mx.Mixture([mx.Logistic(m, 1.0) for m in (0.0, 9.0)], [0.4, 0.6]),
    *(mx.Mixture([mx.VonMises(m, k) for m in (0.1, 3.0)], [0.4, 0.6])
      for k in (0.3, 2.0, 40.0)),
]  # fmt: skip
every_shift = pytest.mark.parametrize("truth", SHIFTED)


@every_shift
def test_nodes_stand_for_many_observations(truth):
    """Twenty a cell give the sums to rounding, near the data and far from them; an
    observation that is far out stands for itself."""
    name = "mean" if isinstance(truth.components[0], mx.VonMises) else "loc"
    x = truth.sample(200_000, rng=0)
    line = track(truth.components[0].blank(name), x, None)
    log_c = np.random.default_rng(1).normal(0, 1, len(x))
    u = np.linspace(*np.quantile(line.best, [0.001, 0.999]), 40)
    u = np.append(u, line.best[[0, -1]])
    found = from_nodes(line, log_c)
    if found is None:  # tails so heavy that hardly two observations are neighbours
        assert truth.components[0].df == 0.5
        return
    np.testing.assert_allclose(found(u), log_d(line, log_c)(u), rtol=0, atol=2e-13)


@pytest.mark.parametrize("truth", SHIFTED[2:])
def test_the_ceiling_by_nodes_is_next_to_what_was_found(truth):
    name = "mean" if isinstance(truth.components[0], mx.VonMises) else "loc"
    x = truth.sample(20_000, rng=0)
    model = mx.Mixture(2 * [truth.components[0].blank(name)])
    fit = mx.em(model, x, start=truth)
    bound = fit.ceiling()
    assert bound.found <= bound.exact <= 1.001 * bound.found + 1e-6
    found = log_likelihood(bound.better, x) - fit.log_likelihood
    assert found == pytest.approx(bound.found, abs=1e-6)


def test_known_components_keep_their_edges_in_many_observations():
    """A spike at 0 and the ends of a uniform are not smoothed away."""
    rng = np.random.default_rng(6)
    x = np.r_[np.zeros(500), rng.normal(3, 1, 9000), rng.uniform(-2, 8, 3000)]
    model = mx.Mixture([mx.Uniform(-2, 8), mx.Uniform(-1, 1), mx.Normal(sd=1.0)])
    x = x[(x >= -2) & (x <= 8)]
    fit = mx.em(model, x)
    bound = fit.ceiling()
    assert bound.found <= bound.exact <= 1.001 * bound.found + 1e-6


def test_two_observations_stand_for_each_cell_of_neighbours():
    """With the same mean, variance and third moment."""
    rng = np.random.default_rng(5)
    x, weight = rng.normal(0, 0.005, 5000), rng.gamma(1, 1, 5000)
    line = track(mx.Normal(sd=10.0), x, None)
    few, level = thinned([line], x, weight)
    assert len(few) <= 4
    for power in range(4):
        assert level @ few**power == pytest.approx(weight @ x**power, rel=1e-9)


# ----------------------------------------------------------------------------- errors


@pytest.mark.parametrize("least", [0, -1.0, math.inf, True, "1"])
def test_a_least_scale_must_be_a_number_above_0(least):
    fit = mx.em(mx.Mixture(2 * [mx.Normal()]), GALAXIES)
    with pytest.raises(ValueError, match="least_scale must be a number above 0, got"):
        fit.ceiling(least_scale=least)


def test_a_least_scale_must_mean_something():
    with pytest.raises(ValueError, match="least_scale is the least value of a blank"):
        mx.em(FIVE, GALAXIES).ceiling(least_scale=1.0)


def test_a_least_scale_above_that_of_the_fit_is_refused():
    fit = mx.em(mx.Mixture(3 * [mx.Normal()]), GALAXIES)
    with pytest.raises(ValueError, match="least_scale must not be above the sd of"):
        fit.ceiling(least_scale=0.8)


@pytest.mark.parametrize(
    ("template", "x"),
    [
        (mx.Gamma(scale=2.0), GALAXIES),
        (mx.Beta(a=2.0), GALAXIES / 40),
        (mx.StudentT(scale=1.0), GALAXIES),
        (mx.Logistic(loc=1.0), GALAXIES),
        (mx.NegativeBinomial(mean=3.0), COUNTS),
    ],
    ids=repr,
)
def test_a_family_of_which_no_bound_is_known_is_refused(template, x):
    with pytest.raises(TypeError, match="no bound is known for mixtures of"):
        mx.npmle(template, x)


@pytest.mark.parametrize(
    "template",
    [
        mx.Normal(mx.Between(0, 1)),
        mx.Normal(mx.Between(0, 1), mx.Between(1, 2)),
        mx.Gamma(mx.Between(None, 9.0)),
        mx.Gamma(scale=mx.Between(1.0, None)),
        mx.NegativeBinomial(mx.Between(1.0, 9.0)),
        mx.VonMises(mx.Between(0, 1), 3.0),
        mx.VonMises(concentration=mx.Between(None, 3.0)),
        mx.Normal(mx.Normal(0, 1), 1.0),
        mx.Normal(0.0, mx.Gamma(2.0, 2.0)),
        mx.Poisson(mx.Gamma(2.0, 2.0)),
    ],
    ids=repr,
)
def test_bounds_without_a_ceiling_and_beliefs_are_refused(template):
    x = np.minimum(COUNTS + 1, 12)
    with pytest.raises(TypeError, match="no bound is known"):
        mx.npmle(template, x)
    fit = mx.em(mx.Mixture(2 * [template]), x, starts=1, max_iter=5)
    with pytest.raises(TypeError, match=r"no bound is known|this fit has beliefs"):
        fit.ceiling()


def test_believed_weights_are_refused():
    model = mx.Mixture(2 * [mx.Poisson()], mx.Dirichlet([2.0, 2.0]))
    with pytest.raises(TypeError, match="this fit has beliefs, about weights"):
        mx.em(model, COUNTS, starts=1).ceiling()


def test_what_is_given_may_be_below_the_least_scale():
    model = mx.Mixture([mx.Normal(sd=0.1), mx.Normal()])
    fit = mx.em(model, GALAXIES)
    bound = fit.ceiling(least_scale=0.3)
    both = mx.Mixture([*(12 * [mx.Normal(sd=0.1)]), mx.Normal(sd=0.3)])
    more = mx.em(both, GALAXIES, starts=3)
    assert more.log_likelihood - fit.log_likelihood <= bound.exact
    assert "Normal(mean=" in bound.reason


def test_a_class_of_the_readers_own_is_refused():
    class Own:
        n_free = 1

        def log_prob(self, x):
            return mx.Normal(20.0, 5.0).log_prob(x)

        def fit(self, x, sample_weight=None, start=None):
            return self

        def __repr__(self):
            return "Own()"

    fit = mx.em(mx.Mixture([Own(), mx.Normal(sd=1.0)]), GALAXIES)
    with pytest.raises(
        TypeError, match=r"mixtures of Own\(\), which leave what is not"
    ):
        fit.ceiling()


def test_rows_of_columns_are_refused():
    x = np.random.default_rng(0).normal(size=(30, 2))
    fit = mx.em(mx.gaussian_mixture(2), x)
    with pytest.raises(TypeError, match="needs plain observations of one number each"):
        fit.ceiling()


def test_bins_labels_and_blocks_are_refused():
    model = mx.Mixture(2 * [mx.Normal(sd=1.0)])
    binned = mx.em(model, mx.Binned([0, 10, 20, 40], [3, 4, 5]))
    with pytest.raises(TypeError, match="one number each, got intervals"):
        binned.ceiling()
    labels = np.where(np.arange(82) < 5, 0, -1)
    labelled = mx.em(model, GALAXIES, labels=labels)
    with pytest.raises(ValueError, match="a ceiling is for fits without labels"):
        labelled.ceiling()

    class Blocks:
        def __iter__(self):
            return iter([GALAXIES[:40], GALAXIES[40:]])

    with pytest.raises(TypeError, match="a ceiling needs the data in memory"):
        mx.em(model, Blocks()).ceiling()


def test_npmle_takes_one_component_with_a_blank():
    with pytest.raises(TypeError, match="component must be one component with a blank"):
        mx.npmle(mx.Mixture([mx.Normal(sd=1.0)]), GALAXIES)
    with pytest.raises(ValueError, match="component must leave a number blank"):
        mx.npmle(mx.Normal(1.0, 2.0), GALAXIES)
    with pytest.raises(ValueError, match="tol must be a number between 0 and 1"):
        mx.npmle(mx.Normal(sd=1.0), GALAXIES, tol=2)


def test_npmle_says_where_it_did_not_get():
    """Rounding alone is more than such a tolerance."""
    best = mx.npmle(mx.Normal(sd=1.0), GALAXIES, tol=1e-14)
    assert not best.converged
    assert best.error > 1e-14
    assert best.reason.startswith("not converged: no mixture of Normal(sd=1)")
    assert best.reason.endswith("and tol = 1e-14")


def test_the_log_likelihood_of_npmle_is_that_of_em_on_its_mixture():
    best = mx.npmle(mx.Normal(sd=1.0), GALAXIES)
    engine = Engine(best.model, best.source, exact=True)
    height, _ = engine.e_step(engine.state(best.mixture))
    assert best.log_likelihood == pytest.approx(height + engine.constant, abs=1e-10)
