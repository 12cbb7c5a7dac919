"""The shipped data are the files of their sheets."""

import hashlib
from importlib.resources import files

import numpy as np
import pytest
from sklearn.datasets import load_digits

import mixnotes as mx

NAMES = sorted(p.name[:-4] for p in (files("mixnotes.datasets") / "csv").iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_each_file_has_a_loader_and_a_sheet_with_its_hash(name):
    data = getattr(mx.datasets, name)()
    raw = (files("mixnotes.datasets") / "csv" / f"{name}.csv").read_bytes()
    assert data.sheet.sha256 == hashlib.sha256(raw).hexdigest()
    for text in (data.sheet.what, data.sheet.source, data.sheet.terms):
        assert text
        assert text in str(data.sheet)
    assert len({len(column) for column in data.values()}) == 1


@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("name", NAMES)
def test_the_line_ends_of_a_checkout_change_no_data(name, end, tmp_path, monkeypatch):
    expected = getattr(mx.datasets, name)()
    raw = (files("mixnotes.datasets") / "csv" / f"{name}.csv").read_bytes()
    (tmp_path / "csv").mkdir()
    turned = raw.replace(b"\r\n", b"\n").replace(b"\n", end)
    (tmp_path / "csv" / f"{name}.csv").write_bytes(turned)
    monkeypatch.setattr(mx.datasets, "files", lambda _: tmp_path)
    found = getattr(mx.datasets, name)()
    assert list(found) == list(expected)
    for column in expected:
        np.testing.assert_array_equal(found[column], expected[column])


def test_the_columns_are_read_only():
    with pytest.raises(ValueError, match="read-only"):
        mx.datasets.london_times()["days"][0] = 1


def test_the_totals_are_those_of_the_sources():
    times = mx.datasets.london_times()
    assert times["days"].sum() == 1096
    assert list(times) == ["deaths", "days"]
    assert mx.datasets.marbles_2000()["count"].sum() == 2000
    assert np.all(mx.datasets.coinflip_do_batzoglou()["tosses"] == 10)
    assert mx.datasets.pearson_crabs()["freq"].sum() == 1000
    assert mx.datasets.v1_hits()["squares"].sum() == 576
    assert mx.datasets.abo_clarke1959()["count"].tolist() == [186, 38, 13, 284]
    assert mx.datasets.linkage_rao()["count"].tolist() == [125, 18, 20, 34]
    assert round(mx.datasets.newcomb()["deviation"].mean(), 2) == 26.21
    assert mx.datasets.faithful()["waiting"].shape == (272,)
    assert mx.datasets.earthquakes()["count"].sum() == 2072
    assert mx.datasets.earthquakes()["year"].tolist() == list(range(1900, 2007))


def test_the_digits_are_those_of_scikit_learn():
    """Which has the same test set of the UCI repository."""
    theirs = load_digits()
    ours = mx.datasets.digits()
    np.testing.assert_array_equal(ours["pixels"], theirs.data)
    np.testing.assert_array_equal(ours["digit"], theirs.target)
    assert not ours["pixels"].flags.writeable


def test_a_frame_has_a_column_for_each_pixel():
    frame = mx.datasets.digits().to_frame()
    assert list(frame)[:3] == ["digit", "pixels_0", "pixels_1"]
    assert frame.shape == (1797, 65)
    assert frame["pixels_63"].max() == 16


def test_the_two_files_of_galaxies_differ_in_one_value():
    as_typed = mx.datasets.galaxies_mass()["velocity"]
    mended = mx.datasets.galaxies_corrected()["velocity"]
    (where,) = np.flatnonzero(as_typed != mended)
    assert (as_typed[where], mended[where], len(mended)) == (26690, 26960, 82)


def test_gaps_are_nan_in_numbers_and_empty_in_text():
    penguins = mx.datasets.penguins()
    assert np.isnan(penguins["flipper_length_mm"]).sum() == 2
    assert (penguins["sex"] == "").sum() == 11
    assert sorted(set(penguins["species"])) == ["Adelie", "Chinstrap", "Gentoo"]


def test_a_file_that_was_changed_is_refused(monkeypatch, tmp_path):
    (tmp_path / "csv").mkdir()
    (tmp_path / "csv" / "london_times.csv").write_text("deaths,days\n0,1\n")
    monkeypatch.setattr(mx.datasets, "files", lambda _: tmp_path)
    with pytest.raises(ValueError, match="is not the file of its sheet"):
        mx.datasets.london_times()
