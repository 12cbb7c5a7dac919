"""Each exercise checks its answer: the solution is right, the empty form is not."""

import json
from pathlib import Path

import pytest

from livefence.browser.runner import Runner
from livefence.page import read

CHAPTERS = sorted((Path(__file__).parents[1] / "docs/chapters").glob("*.md"))


def exercises(file):
    """The form of each exercise with its solution."""
    page = read(file)
    found = []
    for place, fence in enumerate(page.fences):
        if fence.head.check:
            chain = page.chains[page.chain_of(page.fences[place + 1])]
            solution = [cell for cell in chain if cell in page.fences]
            found.append((fence, page.copied(solution[-1])))
    return found


@pytest.mark.parametrize("file", CHAPTERS, ids=lambda file: file.stem)
def test_the_solution_is_told_right_and_the_form_is_not(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runner = Runner(lambda text: None, "", {})
    found = exercises(file)
    text = file.read_text(encoding="utf-8")
    assert len(found) == text.count("!!! exercise") >= 3
    for fence, solution in found:
        names = fence.head.check.split()
        told = json.loads(runner.check(solution, solution, names))
        assert told.get("right") is True, (fence.line, told)
        told = json.loads(runner.check(fence.source, solution, names))
        assert told.get("right") is False, (fence.line, told)
        assert told["verdict"].startswith("Not yet: ")
