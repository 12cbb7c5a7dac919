"""The page on livefence says how another site gets Run: here such a site is built."""

import re
import shutil
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import expect
from test_run import Block, _parts  # noqa: F401 (a fixture)

from livefence.settings import from_mkdocs

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.timeout(200)


@pytest.fixture
def elsewhere(tmp_path):
    """The ten lines of the page, the folder, one page, and the parts."""
    page = (ROOT / "docs/livefence.md").read_text(encoding="utf-8")
    lines, *_ = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert len(lines.splitlines()) <= 12
    (tmp_path / "mkdocs.yml").write_text(lines, encoding="utf-8")
    shutil.copytree(ROOT / "livefence", tmp_path / "livefence")
    shutil.copytree(
        from_mkdocs(ROOT / "mkdocs.yml").parts_folder, tmp_path / ".cache/parts"
    )
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/index.md").write_text(
        "# Mine\n\n```python\nimport numpy as np\n\nprint(np.arange(3).sum())\n```\n",
        encoding="utf-8",
    )
    build = [sys.executable, "-m", "mkdocs", "build", "--strict"]
    run = subprocess.run(build, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path / "site")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_a_site_of_ten_lines_runs_its_blocks(elsewhere, page):
    page.goto(elsewhere)
    block = Block(page)
    expect(page.locator(".livefence-output").first).to_have_text("3")
    block.run()
    assert block.output == "3\n"
    block.write("print('here')")
    block.run()
    assert block.output == "here\n"
