"""JSON that any version wrote is read by every later one."""

import json
from pathlib import Path

import numpy as np
import pytest

import mixnotes as mx

SAVED = Path(__file__).with_name("saved")
MODEL = mx.Mixture(
    [
        mx.Normal(sd=mx.Shared("sd")),
        mx.Normal(0.25, mx.Shared("sd")),
        mx.Mixture([mx.StudentT(np.inf), mx.Uniform(0, 1)]),
    ],
    weights=[0.5, 0.25, 0.25],
)


@pytest.mark.parametrize("path", sorted(SAVED.glob("*.json")), ids=lambda p: p.stem)
def test_files_of_every_schema_are_read(path):
    assert mx.from_json(path.read_text(encoding="utf-8")) == MODEL


LABELS = {
    "gate": mx.Mixture(
        2 * [mx.Poisson()],
        weights=mx.Gate(
            {"age": [0, mx.Shared("slope")], "party": {"left": [0, 0], "right": None}},
            intercept=[0, -1.5],
        ),
    ),
    "chain": mx.Chain(
        [mx.Normal(0.0, 1.0), mx.Normal()], "stationary", [[None, None], [0.25, 0.75]]
    ),
}


@pytest.mark.parametrize("name", LABELS)
def test_files_of_how_labels_are_drawn_are_read(name):
    text = (SAVED / "labels" / f"{name}.json").read_text(encoding="utf-8")
    assert mx.from_json(text) == LABELS[name]
    assert json.loads(LABELS[name].to_json()) == json.loads(text)


def test_a_file_says_its_schema():
    assert json.loads(MODEL.to_json())["schema"] == 1
    newest = (SAVED / "schema-1.json").read_text(encoding="utf-8")
    assert json.loads(MODEL.to_json()) == json.loads(newest)


@pytest.mark.parametrize("schema", [2, 0, "1", None])
def test_a_schema_that_is_not_known_is_refused(schema):
    state = json.loads(mx.Poisson(2.0).to_json()) | {"schema": schema}
    with pytest.raises(ValueError, match=r"schema from 1 to 1, got .* newer mixnotes"):
        mx.from_json(json.dumps(state))


def nested(levels):
    text = '{"type": "Normal"}'
    for _ in range(levels):
        text = f'{{"type": "Mixture", "weights": [1], "components": [{text}]}}'
    return text


ONE = '{"type": "Normal"}'
HUGE = "9" * 400  # more than a float can hold
OF_STRANGERS = {
    "nested lists": ("[" * 100_000, "nested at most 100 deep"),
    "nested objects": ('{"a":' * 5_000 + "1" + "}" * 5_000, "nested at most 100 deep"),
    "nested mixtures": (nested(60), "nested at most 100 deep"),
    "a count": (f'{{"type": "Binomial", "n": {HUGE}}}', "n must be at most 9,"),
    "more digits than Python reads": (
        f'{{"type": "Binomial", "n": {"9" * 5_000}}}',
        "must be what to_json wrote",
    ),
    "a bound": (f'{{"type": "Normal", "sd": {{"between": [0, {HUGE}]}}}}', "finite"),
    "one bound": ('{"type": "Normal", "sd": {"between": [0]}}', "parameters of Normal"),
    "no bounds": ('{"type": "Normal", "sd": {"between": 1}}', "parameters of Normal"),
    "a word": ('{"type": "Normal", "sd": {"number": "x"}}', "parameters of Normal"),
    "no word": ('{"type": "Normal", "sd": {"number": []}}', "parameters of Normal"),
    "a belief": ('{"type": "Normal", "sd": {"joint": 1}}', "parameters of Normal"),
    "a name": ('{"type": "Normal", "sd": {"shared": 1}}', "parameters of Normal"),
    "weights": (
        f'{{"type": "Mixture", "components": [{ONE}], "weights": [{HUGE}]}}',
        "parameters of Mixture",
    ),
}


@pytest.mark.parametrize("kind", OF_STRANGERS)
def test_json_of_a_stranger_is_refused_in_words(kind):
    text, wrong = OF_STRANGERS[kind]
    with pytest.raises(ValueError, match=wrong):
        mx.from_json(text)


def test_mixtures_are_read_to_the_depth_that_is_told():
    assert mx.from_json(nested(40)).to_json() == json.dumps(
        {"schema": 1} | json.loads(nested(40).replace("[1]", "[1.0]"))
    )


def test_a_text_that_is_too_long_is_refused_before_it_is_read(monkeypatch):
    monkeypatch.setattr("mixnotes.components.saving.LONGEST", 20)
    with pytest.raises(ValueError, match="at most 20 characters, got 36"):
        mx.from_json('{"type": "Normal", "sd": 1.00000000}')
