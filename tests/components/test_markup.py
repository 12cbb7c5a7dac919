"""In a notebook a result is a table: the same content as its print, escaped."""

from html.parser import HTMLParser

import pytest

import mixnotes as mx
from mixnotes.components import html as markup

WAITS = mx.datasets.faithful()["waiting"]


class Reader(HTMLParser):
    """The texts of a piece of HTML, and its tags."""

    def __init__(self, text):
        super().__init__()
        self.texts, self.tags, self.open = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if data.strip():
            self.texts.append(data)


def words(text):
    return text.split()


@pytest.fixture(scope="module")
def fit():
    model = mx.Mixture([mx.Normal(sd=6.0), mx.Normal()])
    return mx.em(model, WAITS, starts=2)


@pytest.fixture(scope="module")
def selection():
    return mx.select(mx.Normal(), WAITS, K=(1, 2), folds=2, starts=2)


@pytest.mark.parametrize("name", ["fit", "selection"])
def test_the_table_has_the_words_of_the_print(name, request):
    """In the same order; a selection has a caption besides."""
    found = request.getfixturevalue(name)
    read = Reader(found._repr_html_())
    texts = read.texts if name == "fit" else read.texts[1:]
    assert words(" ".join(texts)) == words(repr(found))
    assert not read.open


@pytest.mark.parametrize("name", ["fit", "selection"])
def test_heads_say_what_they_are_heads_of_and_no_style_is_set(name, request):
    found = request.getfixturevalue(name)
    tags = Reader(found._repr_html_()).tags
    assert tags[1] == ("caption", {})
    scopes = [attrs.get("scope") for tag, attrs in tags if tag == "th"]
    assert scopes.count("row") == 2
    assert scopes.count("col") == len(scopes) - 2 > 1
    assert all(set(attrs) <= {"scope"} for _, attrs in tags)
    assert {tag for tag, _ in tags}.isdisjoint({"style", "script", "font"})


def test_what_the_reader_named_is_escaped():
    nasty = "<script>alert('x')</script> & \"co\""
    found = mx.select({nasty: mx.Mixture([mx.Normal()])}, WAITS, starts=1)
    text = found._repr_html_()
    assert "<script" not in text
    assert nasty in Reader(text).texts
    product = mx.Mixture([mx.Product({"<b>": mx.Normal()})])
    text = mx.em(product, {"<b>": WAITS}, starts=1)._repr_html_()
    assert "<b>" not in text
    assert "&lt;b&gt;" in text


def test_a_missing_note_leaves_no_paragraph():
    assert "<p>" not in markup.table("c", [["a"], ["b"]], [""])
