"""Published fits of rows of columns: latent classes, and columns of different kinds."""

import numpy as np
import pytest

import mixnotes as mx
from tests.published.test_published import SHARED


def table(name):
    """The columns of a file, whose first line may be quoted."""
    path = SHARED / name
    if not path.exists():
        pytest.skip("no ../shared here")
    with path.open(encoding="utf-8") as file:
        names = file.readline().replace('"', "").strip().split(",")
        rows = [line.replace('"', "").strip().split(",") for line in file]
    return dict(zip(names, np.array(rows, dtype=np.float64).T, strict=True))


def items(name):
    """Answers 1 and 2 as 0 and 1."""
    return {item: answers - 1 for item, answers in table(name).items()}


def classes(K, names):
    return mx.Mixture(K * [mx.Product({name: mx.Bernoulli() for name in names})])


@pytest.mark.slow
def test_two_classes_of_role_conflict():
    """Stouffer and Toby (1951); Goodman (1974): likelihood-ratio chi-square 2.72."""
    answers = items("values_stouffer_toby.csv")
    one = mx.em(classes(1, answers), answers)
    assert one.log_likelihood == pytest.approx(-543.649824781, abs=1e-6)
    fit = mx.em(classes(2, answers), answers)
    assert fit.log_likelihood == pytest.approx(-504.467670118, abs=1e-6)
    assert fit.aic == pytest.approx(1026.93534024, abs=1e-5)
    assert fit.bic == pytest.approx(1057.31284591, abs=1e-5)
    assert sorted(fit.mixture.weights) == pytest.approx(
        [0.279246317, 0.720753683], abs=1e-6
    )
    three = mx.em(classes(3, answers), answers)
    assert three.log_likelihood == pytest.approx(-503.301137285, abs=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("K", "expected"), [(2, -317.256837299), (3, -293.704978781), (4, -289.28584884321)]
)
def test_classes_of_pathologists(K, expected):
    """Seven pathologists on 118 slides (Agresti 2002). Of four classes the published
    fit, AIC 641.6, is a local maximum."""
    answers = items("carcinoma.csv")
    # Four starts: each climbs 1,700 steps up a ridge of four classes.
    fit = mx.em(classes(K, answers), answers, max_iter=3000, starts=4)
    assert fit.log_likelihood == pytest.approx(expected, abs=1e-5)
    if K == 4:
        assert fit.aic < 641.6 - 1


def test_three_answers_and_two_measurements():
    """Rmixmod smooths its spreads and ends at -769.143."""
    columns = table("heterodata.csv")
    for name in ("V1", "V2", "V3"):
        columns[name] -= 1
    kinds = dict.fromkeys(("V1", "V2", "V3"), mx.Bernoulli())
    kinds |= dict.fromkeys(("V4", "V5"), mx.Normal())
    fit = mx.em(mx.Mixture(2 * [mx.Product(kinds)]), columns)
    assert fit.log_likelihood == pytest.approx(-768.0227378833193, abs=1e-6)
    assert sorted(fit.mixture.weights) == pytest.approx([0.49, 0.51], abs=1e-6)
