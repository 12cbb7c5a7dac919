"""Another site, as the page on livefence says: two wheels, no checkout, five lines."""

import re
import shutil
import subprocess
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import expect
from test_run import Block, _parts  # noqa: F401 (a fixture)

from livefence.settings import from_config
from tests.wheels import ROOT, build, environment

pytestmark = pytest.mark.timeout(300)
PAGE = """\
# Mine

```python
import mixnotes as mx

bag = mx.Mixture([mx.Bernoulli(0.8), mx.Bernoulli(0.3)])
print(mx.em(bag, [1] * 6 + [0] * 4).mixture.weights.round(3))
```

```python
import numpy as np

print(np.arange(3).sum())
```
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The lines of the page, one page and the parts, and the Python of an environment
    with the two wheels."""
    folder = tmp_path_factory.mktemp("elsewhere")
    wheels = [build(ROOT, folder / "a"), build(ROOT / "livefence", folder / "b")]
    python = environment(folder / "env", wheels)
    site = folder / "site of mine"
    (site / "docs").mkdir(parents=True)
    page = (ROOT / "docs/livefence.md").read_text(encoding="utf-8")
    lines, *_ = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert len(lines.splitlines()) <= 6
    (site / "mkdocs.yml").write_text(lines, encoding="utf-8")
    shutil.copytree(
        from_config(ROOT / "mkdocs.yml").parts_folder, site / ".cache/parts"
    )
    (site / "docs/index.md").write_text(PAGE, encoding="utf-8")
    return site, python


def call(project, *command):
    site, python = project
    command = [python, "-I", "-m", *command]
    return subprocess.run(command, cwd=site, capture_output=True, text=True)


@pytest.fixture(scope="module")
def elsewhere(project):
    run = call(project, "mkdocs", "build", "--strict")
    assert run.returncode == 0, run.stderr
    handler = partial(SimpleHTTPRequestHandler, directory=project[0] / "site")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_both_packages_are_those_of_the_wheels(project):
    code = "import livefence, mixnotes; print(livefence.__file__, mixnotes.__file__)"
    site, python = project
    found = subprocess.check_output([python, "-I", "-c", code], cwd=site, text=True)
    assert found.count(f"{site.parent / 'env'}") == 2


def test_a_site_of_five_lines_runs_its_blocks(elsewhere, page):
    page.goto(elsewhere)
    block = Block(page, 1)
    expect(page.locator(".livefence-output").first).to_have_text("[0.6 0.4]")
    block.run()
    assert block.output == "3\n"
    block.write("print('here')")
    block.run()
    assert block.output == "here\n"


def test_its_pages_are_tests_and_are_checked(project):
    tested = call(project, "pytest", "--markdown-docs", "docs")
    assert "2 passed" in tested.stdout, tested.stdout
    checked = call(project, "livefence", "check", "docs")
    assert (checked.returncode, checked.stdout) == (0, "")
