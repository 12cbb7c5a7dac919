"""The book as one file, made from the built site; the PDF is in tests/browser."""

import re
import zipfile

import pytest

from tools import book

pytestmark = pytest.mark.slow  # the whole book is built


@pytest.fixture(scope="module")
def site(build):
    return build()


def test_the_pages_of_the_book_come_in_the_order_of_the_menu(site):
    pages = book.pages(site)
    assert [section for section, _, _ in pages] == sorted(
        (section for section, _, _ in pages), key=list(book.SECTIONS).index
    )
    assert pages[2] == ("The book", "3 EM in twenty lines", "chapters/03-em/")
    assert all((site / folder / "index.md").is_file() for _, _, folder in pages)


def test_pages_become_an_epub_with_pictures_and_formulas(site, tmp_path):
    pytest.importorskip("pypandoc", reason='python -m pip install -e ".[carry]"')
    file = tmp_path / "book.epub"
    which = [page for page in book.pages(site) if "02-hidden" in page[2]]
    book.epub(site, file, which)
    with zipfile.ZipFile(file) as read:
        names = read.namelist()
        words = "".join(
            read.read(name).decode()
            for name in names
            if re.search(r"ch\d+\.xhtml$", name)
        )
    drawn = len(list((site / which[0][2]).glob("figure-*.svg")))
    assert sum(name.endswith(".svg") for name in names) == drawn > 0
    assert "The hidden factory" in words
    assert words.count("<math") > 10
