"""The benchmarks start everyone alike, and the page shows what was measured."""

import dataclasses
import json

import pytest

from benchmarks import report
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
