"""A site for a test, in a folder of its own."""

import pytest

from sites import Site


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)
