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
