"""The data that the chapters use, shipped with the package, each with its sheet.

Each function gives one data set: columns by name, and a `sheet` that says what they
are, who collected them and under which terms they are here.

Examples:
    >>> import mixnotes as mx
    >>> days = mx.datasets.london_times()
    >>> days
    Dataset(london_times: deaths, days; 10 rows)
    >>> days["deaths"]
    array([0., 1., 2., 3., 4., 5., 6., 7., 8., 9.])
    >>> print(days.sheet.source)
    Hasselblad (1969), JASA 64:1459; Titterington, Smith and Makov (1985)
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from importlib.resources import files

import numpy as np

from mixnotes.datasets.dataset import Dataset as Dataset
from mixnotes.datasets.dataset import Sheet as Sheet
from mixnotes.datasets.reading import column

_SHEETS = {
    sheet.name: sheet
    for sheet in (
        Sheet(
            "abo_clarke1959",
            "people with duodenal ulcer by their ABO blood group",
            "Clarke et al. (1959), British Medical Journal 1:603",
            "facts",
            "3cb3f8ff7851a24b83be13a1452385f5d5de54194d9055eff6dd1a64aa765f61",
        ),
        Sheet(
            "coinflip_do_batzoglou",
            "heads in five sets of ten tosses, each set with one of two coins",
            "Do and Batzoglou (2008), Nature Biotechnology 26:897; made-up numbers",
            "facts",
            "f1b5c5dd147b2af878d46f04c891f0f003a5d863d1f7146aca002ff0762e34d2",
        ),
        Sheet(
            "digits",
            "1,797 handwritten digits of 13 writers: the digit, and 8 x 8 pixels, row "
            "by row, each the number of black points, 0 to 16, in a square of 4 x 4 "
            "points; in the file a letter for each pixel, 0 to 9 and a to g",
            "Alpaydin and Kaynak (1998), Optical Recognition of Handwritten Digits, "
            "UCI Machine Learning Repository: the test set",
            "CC BY 4.0",
            "125a221ae02150138f5b6a6bccff7dff6198eb622ddcaac1dd64b11437958014",
        ),
        Sheet(
            "earthquakes",
            "major earthquakes of the world, of magnitude 7 or more, in each year from "
            "1900 to 2006",
            "Zucchini and MacDonald (2009), Hidden Markov Models for Time Series, who "
            "counted them in the catalogue of the U.S. Geological Survey",
            "facts from a cited book",
            "4c4b1d822fd6e568f2a40c3f0dd81e889e0179b2bded049b52960609d792a4df",
        ),
        Sheet(
            "faithful",
            "eruptions of the geyser Old Faithful: how long each lasted and the "
            "time to the next, in minutes",
            "Härdle (1991), Smoothing Techniques with Implementation in S, for these "
            "272 rows; Azzalini and Bowman (1990), Applied Statistics 39:357, have "
            "another version of 299 rows (geyser in R's package MASS)",
            "cited facts; R ships the same numbers under the GPL",
            "d40b983752ab7ec0b15b740089c3ca7b7b59d0c7433a029a1714d134de1e8d14",
        ),
        Sheet(
            "galaxies_corrected",
            "galaxies_mass with the typing error in its 78th value mended: 26960 "
            "km/s for 26690",
            "Roeder (1990), JASA 85:617; the error is noted in the help of R's "
            "package MASS",
            "cited facts; R ships the same numbers under the GPL",
            "09cdf6702ab184d99b82c0dce6e3a399e133697769e488feb150d1f836fb08ac",
        ),
        Sheet(
            "galaxies_mass",
            "velocities of 82 galaxies of the Corona Borealis region, in km/s, as "
            "R's package MASS has them: the 78th is a typing error, 26690 for 26960",
            "Postman, Huchra and Geller (1986), Astronomical Journal 92:1238; "
            "Roeder (1990), JASA 85:617",
            "cited facts; R ships the same numbers under the GPL",
            "f07e4c914a5500235c57ee398898ffd8220ea440b00f965d6d39bd1f8c62925c",
        ),
        Sheet(
            "linkage_rao",
            "197 animals in four cells whose probabilities depend on one number theta",
            "Rao (1965), Linear Statistical Inference; Dempster, Laird and Rubin "
            "(1977), JRSS B 39:1",
            "facts",
            "c5040a909eb6134ddca17323fe74a55763c6232fce21245c6d78a00e9012a4a6",
        ),
        Sheet(
            "london_times",
            "days by the number of deaths of women aged 80 and older that The Times of "
            "London reported, 1910 to 1912",
            "Hasselblad (1969), JASA 64:1459; Titterington, Smith and Makov (1985)",
            "facts from a cited paper",
            "fad8c1e608b7a4e11fde7a2425bfbf0f9a1c5b63cdc14846a826d72450fab37c",
        ),
        Sheet(
            "marbles_2000",
            "2,000 marbles by colour, 1 for red, drawn from factories that make 80 % "
            "and 30 % red",
            "generated for this project with seed 0",
            "free",
            "a9030369f0c527c199892cbdf5055d452e8466cd42dbbb1acafedad6eefdbcd5",
        ),
        Sheet(
            "newcomb",
            "66 times that light took to pass 7,442 m, as deviations from 24,800 ns",
            "Newcomb (1891); Stigler (1977), Annals of Statistics 5:1055",
            "out of copyright by age",
            "0a7be709b2b1362d5ae416e0f97647c74b2fdc11afa969780000de1b04196aa4",
        ),
        Sheet(
            "pearson_crabs",
            "1,000 crabs from Naples by the ratio of forehead to body length: upper "
            "edges of 29 bins and counts; the first data to which a mixture was "
            "fitted",
            "Weldon (1893); Pearson (1894), Philosophical Transactions A 185:71",
            "out of copyright by age",
            "399fdf41900f51bd58fd1eb5652edee8889b026824031831501b954e64819c7d",
        ),
        Sheet(
            "penguins",
            "344 penguins of three species near Palmer Station, Antarctica; a gap "
            "is NaN in a column of numbers and empty in one of text",
            "Gorman, Williams and Fraser (2014), PLOS ONE 9:e90081; Horst, Hill and "
            "Gorman (2022), R Journal 14:244",
            "CC0",
            "3c4c14fd9d1b3466dff2e046627cc32814ab6226c0e228c55f24e896a93a89b1",
        ),
        Sheet(
            "v1_hits",
            "576 squares of south London by the number of V-1 flying bombs that hit "
            "them; the last row is 5 and over, one square that was hit 7 times",
            "Clarke (1946), Journal of the Institute of Actuaries 72:481",
            "facts",
            "63d9f490a58281d8a938cedc93257ba93adbb989180fe95ca622067f0371010d",
        ),
    )
}


def abo_clarke1959() -> Dataset:
    """People by ABO blood group: columns `phenotype` (text), `count`.

    Examples:
        >>> import mixnotes as mx
        >>> people = mx.datasets.abo_clarke1959()
        >>> print(dict(zip(people["phenotype"].tolist(), people["count"].tolist())))
        {'A': 186.0, 'B': 38.0, 'AB': 13.0, 'O': 284.0}
    """
    return _load("abo_clarke1959")


def coinflip_do_batzoglou() -> Dataset:
    """Heads in five sets of ten tosses: columns `set`, `heads`, `tosses`.

    Examples:
        >>> import mixnotes as mx
        >>> mx.datasets.coinflip_do_batzoglou()["heads"]
        array([5., 9., 8., 4., 7.])
    """
    return _load("coinflip_do_batzoglou")


def digits() -> Dataset:
    """Handwritten digits: columns `digit`, and `pixels` of shape (1797, 64), 0 to 16.

    Examples:
        >>> import mixnotes as mx
        >>> written = mx.datasets.digits()
        >>> written["digit"][:5], written["pixels"].shape
        (array([0., 1., 2., 3., 4.]), (1797, 64))
    """
    data = _load("digits")
    letters = np.frombuffer("".join(data["pixels"]).encode(), np.uint8).astype(float)
    pixels = np.where(letters < ord("a"), letters - ord("0"), letters - ord("a") + 10)
    rows = pixels.reshape(len(data["digit"]), -1)
    return Dataset({"digit": data["digit"], "pixels": rows}, data.sheet)


def earthquakes() -> Dataset:
    """Major earthquakes a year, 1900 to 2006: columns `year`, `count`.

    Examples:
        >>> import mixnotes as mx
        >>> quakes = mx.datasets.earthquakes()
        >>> print(f"{quakes['count'].mean():.2f} a year over {len(quakes['year'])}")
        19.36 a year over 107
    """
    return _load("earthquakes")


def faithful() -> Dataset:
    """Old Faithful in minutes, 272 times: columns `eruptions`, `waiting`.

    Examples:
        >>> import mixnotes as mx
        >>> geyser = mx.datasets.faithful()
        >>> print(f"{geyser['waiting'].mean():.1f} min")
        70.9 min
    """
    return _load("faithful")


def galaxies_corrected() -> Dataset:
    """Velocities of 82 galaxies in km/s, mended: column `velocity`.

    Examples:
        >>> import mixnotes as mx
        >>> print(mx.datasets.galaxies_corrected()["velocity"][77])
        26960.0
    """
    return _load("galaxies_corrected")


def galaxies_mass() -> Dataset:
    """Velocities of 82 galaxies in km/s, as MASS has them: column `velocity`.

    Examples:
        >>> import mixnotes as mx
        >>> print(mx.datasets.galaxies_mass()["velocity"][77])
        26690.0
    """
    return _load("galaxies_mass")


def linkage_rao() -> Dataset:
    """Animals in four cells: columns `cell`, `count`, `probability` (two of text).

    Examples:
        >>> import mixnotes as mx
        >>> mx.datasets.linkage_rao()["count"]
        array([125.,  18.,  20.,  34.])
    """
    return _load("linkage_rao")


def london_times() -> Dataset:
    """Deaths a day in The Times: columns `deaths`, `days`.

    Examples:
        >>> import mixnotes as mx
        >>> days = mx.datasets.london_times()
        >>> print(f"{days['days'].sum():.0f} days")
        1096 days
    """
    return _load("london_times")


def marbles_2000() -> Dataset:
    """Two thousand marbles by colour: columns `red`, `count`.

    Examples:
        >>> import mixnotes as mx
        >>> marbles = mx.datasets.marbles_2000()
        >>> marbles["red"], marbles["count"]
        (array([1., 0.]), array([1259.,  741.]))
    """
    return _load("marbles_2000")


def newcomb() -> Dataset:
    """Newcomb's light times, ns less 24,800: column `deviation`.

    Examples:
        >>> import mixnotes as mx
        >>> light = mx.datasets.newcomb()["deviation"]
        >>> sorted(light.tolist())[:3]
        [-44.0, -2.0, 16.0]
    """
    return _load("newcomb")


def pearson_crabs() -> Dataset:
    """Weldon's crabs in 29 bins: columns `ratio` (upper edge), `freq`.

    Examples:
        >>> import mixnotes as mx
        >>> crabs = mx.datasets.pearson_crabs()
        >>> print(f"{crabs['freq'].sum():.0f} crabs in {len(crabs['ratio'])} bins")
        1000 crabs in 29 bins
    """
    return _load("pearson_crabs")


def penguins() -> Dataset:
    """344 penguins in mm and g, with gaps: `species`, `flipper_length_mm`, ...

    Examples:
        >>> import mixnotes as mx
        >>> import numpy as np
        >>> mass = mx.datasets.penguins()["body_mass_g"]
        >>> print(f"{np.nanmean(mass):.0f} g, {np.isnan(mass).sum()} gaps")
        4202 g, 2 gaps
    """
    return _load("penguins")


def v1_hits() -> Dataset:
    """Squares of south London by hits: columns `hits`, `squares`.

    Examples:
        >>> import mixnotes as mx
        >>> hits = mx.datasets.v1_hits()
        >>> print(f"{hits['hits'] @ hits['squares']:.0f} hits at least")
        535 hits at least
    """
    return _load("v1_hits")


def _load(name: str) -> Dataset:
    raw = (files("mixnotes.datasets") / "csv" / f"{name}.csv").read_bytes()
    sheet = _SHEETS[name]
    if sheet.sha256 not in map(_sha256, _line_ends(raw)):
        raise ValueError(
            f"{name}.csv is not the file of its sheet (its SHA-256 differs); "
            "install mixnotes again"
        )
    head, *rows = csv.reader(raw.decode().splitlines())
    columns = map(column, zip(*rows, strict=True))
    return Dataset(dict(zip(head, columns, strict=True)), sheet)


def _sha256(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def _line_ends(raw: bytes) -> Iterator[bytes]:
    """The file as it lies here, and as it was if a checkout changed its line ends."""
    yield raw
    unix = raw.replace(b"\r\n", b"\n")
    yield unix
    yield unix.replace(b"\n", b"\r\n")
