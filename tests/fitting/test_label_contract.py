"""What holds however labels are drawn: by gates, for groups, in chains, in part known.

For one list of models, each with its data.
"""

import dataclasses

import numpy as np
import pytest

import mixnotes as mx
from mixnotes.fitting import rows

RNG = np.random.default_rng(4)
N = 120
Z = np.repeat(RNG.integers(0, 2, N // 3), 3)
X = RNG.normal(3.0 * Z, 1.0)
AGE = RNG.normal(Z, 1.0)
WORD = np.where(RNG.random(N) < 0.3 + 0.4 * Z, "yes", "no")
GROUP = np.arange(N) // 3
SOFT = RNG.uniform(0.2, 1, (N, 2))
NORMALS = 2 * [mx.Normal()]
GATE = mx.Mixture(NORMALS, weights=mx.Gate(["age", "word"]))
SHARED = mx.Gate({"age": [0, mx.Shared("s"), mx.Shared("s")]})
NEST = [mx.Mixture(NORMALS), mx.Normal()]
ON = {"age": AGE, "word": WORD}
BELIEVED = mx.Normal(prior=mx.NormalInverseWishart.default(X, 2))
BOUNDED = mx.Normal(sd=mx.Between(0.5, 2.0))
SEEN = mx.Truncated(mx.Normal(), -4.0, 8.0)


@dataclasses.dataclass
class Model:
    """A model and what goes with x; `ordered` rows must stay in order."""

    mixture: mx.Mixture
    beside: dict = dataclasses.field(default_factory=dict)
    ordered: bool = False
    any_unit: bool = True  # is nothing known in the unit of x?

    def fit(self, x=X, **options):
        """The fit from two starts, or as the options say."""
        return mx.em(self.mixture, x, **({"starts": 2} | self.beside | options))

    def of(self, some):
        """What goes with some of the rows."""
        return {
            name: {k: v[some] for k, v in value.items()}
            if isinstance(value, dict)
            else value[some]
            for name, value in self.beside.items()
        }


MODELS = {
    "gate": Model(GATE, {"covariates": ON}),
    "gate of shared": Model(
        mx.Mixture(3 * [mx.Normal()], SHARED), {"covariates": {"age": AGE}}
    ),
    "gate of mixtures": Model(mx.Mixture(NEST, mx.Gate(["age"])), {"covariates": ON}),
    "groups": Model(mx.Mixture(NORMALS), {"groups": GROUP}),
    "groups of mixtures": Model(mx.Mixture(NEST), {"groups": GROUP}),
    "groups of given weights": Model(
        mx.Mixture(NORMALS, [0.4, 0.6]), {"groups": GROUP}
    ),
    "soft labels": Model(mx.Mixture(NORMALS), {"labels": SOFT}),
    "soft groups": Model(mx.Mixture(NORMALS), {"labels": SOFT, "groups": GROUP}),
    "soft gate": Model(GATE, {"labels": SOFT, "covariates": ON}),
    "known gate": Model(
        GATE, {"labels": np.where(np.arange(N) < 30, Z, -1), "covariates": ON}
    ),
    "chain": Model(mx.Chain(NORMALS), {}, True),
    "stationary chain": Model(mx.Chain(NORMALS, "stationary"), {}, True),
    "chains": Model(mx.Chain(NORMALS), {"groups": np.arange(N) // 40}, True),
    "chain with a zero": Model(
        mx.Chain(3 * [mx.Normal()], None, [[None, None, 0], 3 * [None], 3 * [None]]),
        {"groups": np.arange(N) // 40},
        True,
    ),
    "chain of mixtures": Model(mx.Chain(NEST), {}, True),
    "soft chain": Model(mx.Chain(NORMALS), {"labels": SOFT}, True),
    "believed in a gate": Model(
        mx.Mixture(2 * [BELIEVED], mx.Gate(["age"])), {"covariates": ON}, any_unit=False
    ),
    "believed in groups": Model(
        mx.Mixture(2 * [BELIEVED], mx.Dirichlet([2, 2])),
        {"groups": GROUP},
        any_unit=False,
    ),
    "believed in a chain": Model(mx.Chain(2 * [BELIEVED]), {}, True, any_unit=False),
    "bounded in a gate": Model(
        mx.Mixture(2 * [BOUNDED], mx.Gate(["age"])), {"covariates": ON}, any_unit=False
    ),
    "bounded in groups": Model(
        mx.Mixture(2 * [BOUNDED]), {"groups": GROUP}, any_unit=False
    ),
    "bounded in a chain": Model(mx.Chain(2 * [BOUNDED]), {}, True, any_unit=False),
    "truncated in a gate": Model(
        mx.Mixture(2 * [SEEN], mx.Gate(["age"])), {"covariates": ON}, any_unit=False
    ),
    "truncated in groups": Model(
        mx.Mixture(2 * [SEEN]), {"groups": GROUP}, any_unit=False
    ),
    "truncated in a chain": Model(mx.Chain(2 * [SEEN]), {}, True, any_unit=False),
    "gammas in a chain": Model(mx.Chain(2 * [mx.Weibull()]), {}, True),
}
FITS = {}


@pytest.fixture(params=MODELS)
def name(request):
    return request.param


@pytest.fixture
def model(name):
    return MODELS[name]


@pytest.fixture
def x(name):
    return np.exp(X) if name == "gammas in a chain" else X


@pytest.fixture
def fit(name, model, x):
    if name not in FITS:
        FITS[name] = model.fit(x)
    return FITS[name]


def test_the_likelihood_never_falls(model, fit, x):
    """Neither of the climb as it is, nor of plain EM from anywhere."""
    assert fit.converged, fit.reason
    assert (np.diff(fit.history) >= 0).all()
    plain = model.fit(x, starts=1, accelerate=False, rng=7, max_iter=60)
    assert (np.diff(plain.history) >= 0).all()


def test_a_step_from_the_end_stays_there(model, fit, x):
    beside = model.beside
    step = mx.em_step(model.mixture, fit.mixture, x, **beside)
    here = mx.em(model.mixture, x, start=step, max_iter=1, **beside).history[0]
    assert here == pytest.approx(fit.log_likelihood + fit.log_prior, abs=1e-7)
    label = step.label_value
    np.testing.assert_allclose(
        label[np.isfinite(label)],
        fit.mixture.label_value[np.isfinite(label)],
        atol=1e-5,
    )


def test_fitting_leaves_the_model_as_it_was(model, fit):
    assert fit.model.n_free == model.mixture.n_free or "word" in repr(fit.model)
    assert mx.from_json(model.mixture.to_json()) == model.mixture
    assert mx.from_json(fit.mixture.to_json()) == fit.mixture
    assert not fit.mixture.blanks


def test_the_same_call_gives_the_same_answer(model, fit, x):
    assert model.fit(x).mixture == fit.mixture


def test_the_unit_of_the_data_changes_nothing(name, model, fit, x):
    """Nor does an offset, where components are normal."""
    if not model.any_unit:
        pytest.skip("a belief, a bound or an end is in the unit of the data")
    for unit in (1e-7, 1e7):
        other = model.fit(x * unit)
        gained = other.log_likelihood + N * np.log(unit)
        assert gained == pytest.approx(fit.log_likelihood, abs=1e-5)
        np.testing.assert_allclose(
            other.mixture.label_value, fit.mixture.label_value, atol=1e-4
        )


def test_the_order_of_rows_changes_nothing_but_of_a_chain(model, fit, x):
    order = RNG.permutation(N)
    beside = model.of(order)
    other = mx.em(model.mixture, x[order], start=fit.mixture, max_iter=1, **beside)
    top = fit.log_likelihood + fit.log_prior
    same = other.history[0] == pytest.approx(top, abs=1e-8)
    assert same != model.ordered


def test_standard_errors_have_the_names_and_shapes_of_the_blanks(fit):
    """NaN for a probability that is 0 or 1, and for nothing else."""
    errors = fit.standard_errors()
    assert list(errors) == list(fit.model.blanks)
    for key, error in errors.items():
        value = np.asarray(fit.mixture.value_of(key))
        assert np.shape(error) == value.shape
        given = fit.model.is_given(key, value.shape)
        inside = np.isfinite(error)
        assert (np.asarray(error)[inside] >= 0).all()
        sure = np.minimum(np.abs(value), np.abs(1 - value)) < 1e-6
        assert (inside | (sure & ~given)).all()
        if key in ("start", "transition"):
            assert (inside == (given | ~sure)).all()


def test_shares_are_mean_responsibilities(model, fit, x):
    assert fit.shares.sum() == pytest.approx(1)
    if "labels" in model.beside:
        return
    r = fit.mixture.responsibilities(x, **model.beside)
    np.testing.assert_allclose(fit.shares, r.mean(axis=0), atol=1e-6)
    assert r.sum(axis=1) == pytest.approx(np.ones(N))


def test_a_fit_prints_and_shows_itself(fit):
    text, html = repr(fit), fit._repr_html_()
    assert "log-likelihood" in text
    assert "<table" in html
    assert str(fit.model.n_free) in text


def test_many_rows_are_worked_on_in_chunks(name, model, fit, x, monkeypatch):
    """What all rows need at once is one number for each component."""
    monkeypatch.setattr(rows, "_KEPT", 0)
    monkeypatch.setattr(rows.LabelledRows, "chunk_rows", 50)
    again = mx.em(model.mixture, x, start=fit.mixture, max_iter=3, **model.beside)
    top = fit.log_likelihood + fit.log_prior
    assert again.history[0] == pytest.approx(top, abs=1e-8)
    assert again.log_likelihood == pytest.approx(fit.log_likelihood, abs=1e-7)
    np.testing.assert_allclose(again.shares, fit.shares, atol=1e-6)
