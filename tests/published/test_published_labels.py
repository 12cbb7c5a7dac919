"""Published maxima where labels depend on columns, on groups or on each other.

As in test_published: default starts, and data from ../shared where it is there. The
values are of scipy's L-BFGS-B from many starts, with the published ones beside them.
"""

import csv
import math
from pathlib import Path

import numpy as np
import pytest

import mixnotes as mx

LABELS = Path(__file__).parents[3] / "shared/data/labels"


def table(name):
    """The columns of a file: numbers, or words."""
    path = LABELS / f"{name}.csv"
    if not path.exists():
        pytest.skip("no ../shared here")
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {key: _column([row[key] for row in rows]) for key in rows[0]}


def _column(cells):
    try:
        return np.array(cells, dtype=float)
    except ValueError:
        return np.array(cells)


def test_patents_and_spending_on_research():
    """Wang, Cockburn and Puterman (1998): three Poisson regressions, weights by R&D
    over sales; flexmix ends at -197.675022."""
    line = mx.PoissonRegression("Patents", ["lgRD"])
    fit = mx.em(mx.Mixture(3 * [line], weights=mx.Gate(["RDS"])), table("patent"))
    assert fit.log_likelihood == pytest.approx(-197.6750214, rel=1e-6)
    assert fit.converged
    assert fit.model.n_free == 10
    order = np.argsort([c.intercept for c in fit.mixture.components])
    gate = fit.mixture.weights.matrix[order]
    expected = [[2.9028738, -40.341034], [-0.20920124, 0.74288961]]
    np.testing.assert_allclose((gate - gate[0])[1:], expected, rtol=1e-3)
    lines = [fit.mixture.components[k] for k in order]
    expected = [[-2.6468986, 1.5886449], [0.5063656, 0.8800853], [1.961958, 0.6719289]]
    found = [[line.intercept, line.coef["lgRD"]] for line in lines]
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_lines_with_a_fixed_part_and_weights_by_a_column():
    """flexmix's NregFix, whose own fit stops at -399.409929 (degrees of freedom in its
    standard deviations)."""
    x = table("NregFix")
    line = mx.LinearRegression("y", ["x2", "x1"])
    fit = mx.em(mx.Mixture(3 * [line], weights=mx.Gate(["w"])), x)
    assert fit.log_likelihood == pytest.approx(-399.3961789, rel=1e-6)
    assert fit.model.n_free == 16
    order = np.argsort([c.intercept for c in fit.mixture.components])
    gate = fit.mixture.weights.matrix[order]
    expected = [[1.3560345, -1.9201252], [-0.6738752, 2.4969706]]
    np.testing.assert_allclose((gate - gate[0])[1:], expected, rtol=1e-3)
    sds = [fit.mixture.components[k].sd for k in order]
    np.testing.assert_allclose(sds, [0.97962926, 1.0382487, 0.90361616], rtol=1e-3)
    words = x | {"w": np.where(x["w"] == 1, "yes", "no")}
    named = mx.em(mx.Mixture(3 * [line], weights=mx.Gate(["w"])), words)
    assert named.log_likelihood == pytest.approx(fit.log_likelihood, abs=1e-6)


def test_cheating_and_the_average_of_grades():
    """poLCA's cheating ~ GPA (Linzer and Lewis 2011), published as -429.6384."""
    x = table("cheating_complete")
    items = ["LIEEXAM", "LIEPAPER", "FRAUD", "COPYEXAM"]
    one = mx.Product({item: mx.Bernoulli() for item in items})
    x = {name: column - (name in items) for name, column in x.items()}
    fit = mx.em(mx.Mixture([one, one], weights=mx.Gate(["GPA"])), x)
    assert fit.log_likelihood == pytest.approx(-429.6383844, rel=1e-6)
    assert fit.model.n_free == 10
    order = np.argsort([c.parts["LIEEXAM"].p for c in fit.mixture.components])
    gate = fit.mixture.weights.matrix[order]
    np.testing.assert_allclose(
        (gate - gate[0])[1], [0.11342251, -0.84248486], rtol=1e-3
    )
    found = [[fit.mixture.components[k].parts[i].p for i in items] for k in order]
    expected = [
        [0.0097426329, 0.035340728, 0.034517295, 0.17434756],
        [0.56106647, 0.51423742, 0.21502464, 0.40749827],
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_curves_of_fifty_subjects():
    """flexmix's NPreg, yn ~ x + x^2 | id2, whose own fit stops at -561.565052."""
    x = table("NPreg")
    x["x2"] = x["x"] ** 2
    curve = mx.LinearRegression("yn", ["x", "x2"])
    fit = mx.em(mx.Mixture(2 * [curve]), x, groups="id2")
    assert fit.log_likelihood == pytest.approx(-561.5536882, rel=1e-6)
    assert (fit.model.n_free, fit.n_groups) == (9, 50)
    np.testing.assert_allclose(fit.mixture.weights, 0.5, atol=1e-3)
    found = [
        [c.intercept, c.coef["x"], c.coef["x2"], c.sd] for c in fit.mixture.components
    ]
    expected = [
        [-0.1298121, 4.7050314, 0.045140142, 3.3640761],
        [14.639049, 9.8812341, -0.97374772, 3.3801932],
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-3)
    array = mx.em(mx.Mixture(2 * [curve]), x, groups=x["id2"], starts=2)
    assert array.log_likelihood == pytest.approx(fit.log_likelihood, abs=1e-6)


def trials(name, happened, total, arm, place):
    """Rows of yes and no, how often each counts, and the summed log of the binomial
    coefficients, which rows of yes and no do not have."""
    x = table(name)
    treated = (x[arm] != "Control").astype(float)
    y, n = x[happened], x[total]
    rows = {
        "y": np.repeat([1.0, 0.0], len(y)),
        "treated": np.r_[treated, treated],
        "place": np.r_[x[place], x[place]],
    }
    ways = sum(
        math.lgamma(b + 1) - math.lgamma(a + 1) - math.lgamma(b - a + 1)
        for a, b in zip(y, n, strict=True)
    )
    return rows, np.r_[y, n - y], ways


YES = mx.LogisticRegression("y", {"treated": mx.Shared("effect")})


@pytest.mark.slow
def test_beta_blockers_in_twenty_two_centres():
    """Aitkin (1999); Grün and Leisch (2008): -159.360520 by flexmix."""
    rows, weight, ways = trials("betablocker", "Deaths", "Total", "Treatment", "Center")
    fit = mx.em(mx.Mixture(3 * [YES]), rows, sample_weight=weight, groups="place")
    assert fit.log_likelihood + ways == pytest.approx(-159.3605197, rel=1e-6)
    assert (fit.model.n_free, fit.n_groups) == (6, 22)
    np.testing.assert_allclose(
        fit.mixture.weights, [0.23921206, 0.51174516, 0.24904278], rtol=1e-3
    )
    intercepts = [c.intercept for c in fit.mixture.components]
    np.testing.assert_allclose(
        intercepts, [-2.8336905, -2.2501627, -1.6097096], rtol=1e-3
    )
    effect = fit.mixture.components[0].coef["treated"]
    assert effect == pytest.approx(-0.25817646, rel=1e-3)


@pytest.mark.slow
def test_one_site_of_twenty_two_is_a_component():
    """Mehta's trials: R stops at -71.756832, in a lower optimum."""
    rows, weight, ways = trials("Mehta", "Response", "Total", "Drug", "Site")
    fit = mx.em(mx.Mixture(2 * [YES]), rows, sample_weight=weight, groups="place")
    assert fit.log_likelihood + ways == pytest.approx(-69.15725005, rel=1e-6)
    np.testing.assert_allclose(
        fit.mixture.weights, [0.95431693, 0.045683067], rtol=1e-3
    )


def matched(fit, rank):
    """The fitted components by increasing `rank`, and how they are so ordered."""
    order = np.argsort([rank(c) for c in fit.mixture.components])
    return [fit.mixture.components[k] for k in order], order


def test_long_eruptions_of_old_faithful_follow_short_ones():
    """Azzalini and Bowman (1990): -127.31 for two states. The states of one kind and
    sticky transitions are another summit, seven nats below."""
    x = table("geyser_binary")["long"]
    fit = mx.em(mx.Chain(2 * [mx.Bernoulli()], "stationary"), x)
    assert fit.log_likelihood == pytest.approx(-127.3109669, rel=1e-6)
    assert fit.model.n_free == 4
    parts, order = matched(fit, lambda c: c.p)
    np.testing.assert_allclose([c.p for c in parts], [0.22456117, 1.0], atol=1e-3)
    found = fit.mixture.transition[np.ix_(order, order)]
    np.testing.assert_allclose(found, [[0, 1], [0.82723066, 0.17276934]], atol=1e-3)


def test_waiting_for_old_faithful_in_order():
    x = table("geyser")["waiting"]
    fit = mx.em(mx.Chain(2 * [mx.Normal()], "stationary"), x)
    assert fit.log_likelihood == pytest.approx(-1092.794083, rel=1e-6)
    parts, order = matched(fit, lambda c: c.mean)
    np.testing.assert_allclose([c.mean for c in parts], [59.212598, 82.484], rtol=1e-3)
    np.testing.assert_allclose([c.sd for c in parts], [9.2378411, 6.2173572], rtol=1e-3)
    found = fit.mixture.transition[np.ix_(order, order)]
    np.testing.assert_allclose(found, [[0, 1], [0.77845849, 0.22154151]], atol=1e-3)
    level = fit.mixture.weights[order]
    np.testing.assert_allclose(level, [0.4377153, 0.5622847], rtol=1e-3)


@pytest.mark.parametrize(
    ("sizes", "expected", "steps"),
    [
        ([439], -88.73058448, [[0.88350441, 0.11649559], [0.08433373, 0.91566627]]),
        (
            [168, 134, 137],
            -84.34171428,
            [[0.89465484, 0.10534516], [0.083751496, 0.9162485]],
        ),
    ],
)
def test_response_times_of_one_or_three_sequences(sizes, expected, steps):
    """depmixS4 (Visser and Speekenbrink 2010): -88.73058 as one sequence."""
    group = np.repeat(np.arange(len(sizes)), sizes)
    fit = mx.em(mx.Chain(2 * [mx.Normal()]), table("speed")["rt"], groups=group)
    assert fit.log_likelihood == pytest.approx(expected, rel=1e-6)
    assert fit.model.n_free == 7
    _, order = matched(fit, lambda c: c.mean)
    found = fit.mixture.transition[np.ix_(order, order)]
    np.testing.assert_allclose(found, steps, atol=1e-3)
    np.testing.assert_allclose(fit.mixture.start[order], [0, 1], atol=1e-3)


@pytest.mark.parametrize(
    ("K", "start", "expected", "n_free"),
    [
        (1, "stationary", -391.9189282, 1),
        (2, "stationary", -342.3182668, 4),
        (3, "stationary", -329.4602763, 9),
        (2, None, -341.878701, 5),
    ],
)
def test_earthquakes_of_a_century(K, start, expected, n_free):
    """Zucchini and MacDonald, 1900 to 2006."""
    x = table("earthquakes")["count"]
    fit = mx.em(mx.Chain(K * [mx.Poisson()], start), x)
    assert fit.log_likelihood == pytest.approx(expected, rel=1e-6)
    assert fit.model.n_free == n_free
    rates = {
        1: [19.364486],
        2: [15.472277, 26.125438] if start else [15.420762, 26.018236],
        3: [13.145744, 19.721054, 29.714448],
    }
    found = sorted(c.rate for c in fit.mixture.components)
    np.testing.assert_allclose(found, rates[K], rtol=1e-3)


def test_three_states_that_were_simulated():
    x = table("hmm_normal")["x"]
    fit = mx.em(mx.Chain(3 * [mx.Normal()], "stationary"), x)
    assert fit.log_likelihood == pytest.approx(-737.7497997, rel=1e-6)
    assert fit.model.n_free == 12
    parts, order = matched(fit, lambda c: c.mean)
    means = [-2.0585763, -0.097785211, 3.0251191]
    np.testing.assert_allclose([c.mean for c in parts], means, rtol=1e-3)
    expected = [
        [0.87956004, 0.071715993, 0.048723966],
        [0.094078643, 0.80523292, 0.10068844],
        [0.036612597, 0.1553494, 0.808038],
    ]
    found = fit.mixture.transition[np.ix_(order, order)]
    np.testing.assert_allclose(found, expected, atol=1e-3)
