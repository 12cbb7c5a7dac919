"""A table in a text file becomes columns by name, and nothing of it is lost."""

import io

import numpy as np
import pytest

import mixnotes as mx


def columns(text, **options):
    data = mx.read_csv(io.StringIO(text), **options)
    return {name: values.tolist() for name, values in data.items()}


NAN = pytest.approx(np.nan, nan_ok=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b\n1,x\n2.5,y\n", {"a": [1, 2.5], "b": ["x", "y"]}),
        ("a;b\r\n1,5;x\r\n-2;y\r\n", {"a": [1.5, -2], "b": ["x", "y"]}),
        ("a\tb\n1\t1e3\n", {"a": [1], "b": [1000]}),
        ("a|b\n1|2", {"a": [1], "b": [2]}),
        ("a\n1\n2\n", {"a": [1, 2]}),
        ("\ufeffa,b\n1,2\n", {"a": [1], "b": [2]}),
        ("a,b\n1,\nNA,y\n\n nan ,null\n", {"a": [1, NAN, NAN], "b": ["", "y", ""]}),
        ('"",a\n"1",2\n', {"column 1": [1], "a": [2]}),
        ('a,b\n"x, y","say ""no"""\n', {"a": ["x, y"], "b": ['say "no"']}),
        ('a,b\n"two\nlines",3\n', {"a": ["two\nlines"], "b": [3]}),
        ("a, b\n1, 2\n", {"a": [1], "b": [2]}),
        ("a,b\n1,000\n", {"a": [1], "b": [0]}),
        ("id,v\n007,1\nx1,2\n", {"id": ["007", "x1"], "v": [1, 2]}),
    ],
)
def test_columns_are_numbers_or_words(text, expected):
    assert columns(text) == expected


def test_the_separator_may_be_said():
    assert columns("a,b;c\n1,2;3\n", separator=";") == {"a,b": [1.2], "c": [3]}


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("", {}, "must have a line of names"),
        ("\n \n", {}, "must have a line of names"),
        ("a,b\n", {}, "has none"),
        ("a,b\n1,2\n3\n", {}, "line 3 of .* has 1$"),
        ("a,b\n\n1,2,3\n", {}, "line 3 of .* has 3$"),
        ("a,a\n1,2\n", {}, "'a' stands for two"),
        ("1,2\n3,4\n", {}, "holds numbers: 1, 2"),
        ("a,b\n1,2\n", {"separator": ", "}, "must be one character"),
    ],
    ids=["empty", "blank", "rows", "fewer", "more", "twice", "names", "separator"],
)
def test_what_is_no_table_is_refused_in_words(text, options, words):
    with pytest.raises(ValueError, match=words):
        mx.read_csv(io.StringIO(text), **options)


def test_another_encoding_is_named_with_its_line(tmp_path):
    file = tmp_path / "old.csv"
    file.write_bytes("stadt,n\nBonn,1\nKöln,2\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"^line 3 of old\.csv is not utf-8"):
        mx.read_csv(file)
    assert mx.read_csv(file, encoding="latin-1")["stadt"].tolist() == ["Bonn", "Köln"]
    assert mx.read_csv(str(file), encoding="latin-1").sheet.name == "old.csv"


def test_what_is_read_is_what_is_fitted(tmp_path):
    """Gaps and words go into a Product as they come."""
    birds = mx.datasets.penguins()
    names = ["bill_length_mm", "sex"]
    lines = [",".join(names)]
    lines += [
        f"{'' if np.isnan(length) else length},{sex or 'NA'}"
        for length, sex in zip(*(birds[name] for name in names), strict=True)
    ]
    file = tmp_path / "penguins.csv"
    file.write_text("\n".join(lines), encoding="utf-8")
    model = mx.Mixture(
        2 * [mx.Product({names[0]: mx.Normal(), "sex": mx.Categorical()})]
    )
    shipped = mx.em(model, {name: birds[name] for name in names}, starts=2)
    read = mx.em(model, mx.read_csv(file), starts=2)
    assert read.log_likelihood == shipped.log_likelihood


def test_columns_are_read_only_and_have_the_sheet_of_their_file():
    data = mx.read_csv(io.StringIO("a\n1\n"))
    with pytest.raises(ValueError, match="read-only"):
        data["a"][0] = 2
    assert repr(data) == "Dataset(the file: a; 1 row)"
    with pytest.raises(KeyError, match="has the columns a, not 'b'"):
        data["b"]
