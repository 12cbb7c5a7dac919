"""The benchmarks start everyone alike, and the page shows what was measured."""

import dataclasses
import json

import numpy as np
import pytest

from benchmarks import approximations, components, many, report
from benchmarks.peers import PEERS, Unfit
from benchmarks.works import WORKS


@pytest.mark.parametrize("work", WORKS, ids=lambda work: work.name)
def test_em_takes_the_steps_of_a_plain_loop(work):
    small = dataclasses.replace(work, n=min(work.n, 2000), steps=4)
    run, mixture = PEERS["mixnotes"](small)
    fit = run()
    assert fit.steps == 4
    try:
        plain, read = PEERS["plain numpy"](small)
    except Unfit:
        assert fit.history[-1] > fit.history[0]
        return
    found = read(plain()).log_prob(small.x).sum()
    assert found == pytest.approx(mixture(fit).log_prob(small.x).sum(), rel=1e-9)


def test_the_table_is_that_of_the_results():
    record = json.loads((report.OUT / "results.json").read_text("utf-8"))
    assert (report.OUT / "table.md").read_text("utf-8") == report.table(record)
    assert set(record["works"]) == {work.name for work in WORKS}


def test_the_approximations_are_those_of_their_results():
    record = json.loads((report.OUT / "approximations.json").read_text("utf-8"))
    written = (report.OUT / "approximations.md").read_text("utf-8")
    assert written == approximations.table(record)
    assert len(record["rows"]) == len(approximations.PUBLISHED)
    for row in record["rows"]:
        assert row["ours"] < row["published"]
        assert row["ours"] == pytest.approx(row["measured"], rel=1e-2)


def test_the_measure_of_the_approximations_is_right():
    """N(0, 1) and N(1, 1) are 2 (2 Phi(1 / 2) - 1) = 0.765849... apart."""

    def density(x):
        return np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)

    error = approximations.l1_error(density, [1], [1], [1], -12, 12)
    assert error == pytest.approx(0.7658498, abs=1e-7)


def test_a_case_is_timed_and_says_what_it_reached(capsys):
    components.main("latent")
    name, seconds, unit, reached = capsys.readouterr().out.split()
    assert (name, unit) == ("latent_classes", "s")
    assert float(seconds) > 0
    assert float(reached) == components.CASES["latent_classes"]()


def test_everyone_takes_the_same_steps_of_many_components():
    x, means = many.data(2000, 40, 6)
    everyone = many.packages(x, means)
    assert set(everyone) == {"mx.em", "mx.em, nearest=32", "scikit-learn"}
    heights = [fit(3)[0] for fit in everyone.values()]
    assert heights == pytest.approx(3 * [heights[0]], rel=1e-9)


def test_the_table_of_many_components_is_that_of_the_results():
    record = json.loads((report.OUT / "many.json").read_text("utf-8"))
    assert (report.OUT / "many.md").read_text("utf-8") == many.table(record)
