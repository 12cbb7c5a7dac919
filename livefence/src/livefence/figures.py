"""matplotlib figures -> inline SVG that serves light and dark pages alike.

matplotlib is not imported here: a page that draws nothing does not pay for it.
"""

import base64
import contextlib
import html
import io
import os
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SALT = "livefence"
NARROW = 3.6  # inches: a figure for a phone, its text as large as on the wide one
LOWER = 0.9  # of the height that is left to a narrow figure, or to each of its panels
PLACES = re.compile(r'\b(?:d|x|y)="[^"]*"')  # not transforms: their scales are small
PATH = re.compile(r'\bd="[^"]*"')
ASKED = re.compile(r'(?:href="#|url\(#)([^")]+)')
GIVEN = re.compile(r' id="([A-Za-z0-9.]+_\d+)"')
LONG = re.compile(r"-?\d+\.\d{3,}")
ROOT = re.compile(r"<svg\b[^>]*>")
SIZE = re.compile(r'viewBox="([^"]*)"')
DROPPED = re.compile(
    r"<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->|<metadata>.*?</metadata>|<style.*?</style>",
    re.DOTALL,
)
BESIDE = '\n<svg class="livefence-narrow"'
GLYPH = re.compile(r'<path id="([^"]*)" (d="[^"]*" transform="scale[^"]*"/>)\n?')
ID = re.compile(r'(\bid="|\bhref="#|url\(#)')


class Canvas:
    """matplotlib's state for a chain: a style over the defaults, then what it sets.

    On leaving, the state outside is as it was, and no figure is open.
    """

    def __init__(self, style: Path | None) -> None:
        self.style = style
        self.inside: dict[str, Any] | None = None  # rcParams when last left
        self.outside: dict[str, Any] | None = None
        self.unlabelled: list[bool] = []  # of the figures that were taken last
        self.environment: dict[str, str | None] = {}

    def __enter__(self) -> None:
        """A matplotlib that the fence is the first to import reads the environment."""
        rc = {"MPLBACKEND": "agg"}
        if self.style:
            rc["MATPLOTLIBRC"] = str(self.style)
        self.environment = {name: os.environ.get(name) for name in rc}
        os.environ.update(rc)
        self.outside = None
        if matplotlib := sys.modules.get("matplotlib"):
            self.outside = matplotlib.rcParams.copy()
            _set(self.inside if self.inside is not None else self._styled())

    def __exit__(self, *_: object) -> None:
        for name, value in self.environment.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        close_all()
        if matplotlib := sys.modules.get("matplotlib"):
            self.inside = matplotlib.rcParams.copy()
            outside = self.outside
            _set(matplotlib.rcParamsDefault if outside is None else outside)

    def _styled(self) -> dict[str, Any]:
        """The defaults with the style over them."""
        import matplotlib

        params: dict[Any, Any] = dict(matplotlib.rcParamsDefault)
        if self.style:
            style = matplotlib.rc_params_from_file(
                self.style, use_default_template=False
            )
            params.update(style)
        return params

    def take(self) -> list[str]:
        """The open figures as SVG, in the order in which they were made."""
        managers = sys.modules.get("matplotlib._pylab_helpers")
        if managers is None:
            return []
        found = managers.Gcf.get_all_fig_managers()
        self.unlabelled = [_has_bare_axes(manager.canvas.figure) for manager in found]
        try:
            return [both(manager.canvas.figure) for manager in found]
        finally:
            close_all()


def _has_bare_axes(figure: Any) -> bool:
    """Are there numbers along its axes, and on none of them what they are?"""
    numbered = said = False
    for axes in figure.axes:
        said = said or bool(axes.get_xlabel() or axes.get_ylabel() or axes.get_title())
        if axes.axison and axes.has_data():
            ticks = [*axes.get_xticklabels(), *axes.get_yticklabels()]
            numbered = numbered or any(tick.get_text() for tick in ticks)
    above = [getattr(figure, f"_{name}", None) for name in ("supxlabel", "supylabel")]
    return numbered and not said and not any(above)


def _set(params: Any) -> None:
    """Set rcParams, the deprecated ones silently; the backend stays."""
    import matplotlib

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", matplotlib.MatplotlibDeprecationWarning)
        kept = {key: params[key] for key in params if key != "backend"}
        matplotlib.rcParams.update(kept)


def close_all() -> None:
    """Close every open figure, if matplotlib is there."""
    if managers := sys.modules.get("matplotlib._pylab_helpers"):
        managers.Gcf.destroy_all()


def both(figure: Any) -> str:
    """The figure as SVG, and again as on a phone where it is wider than one: two
    elements, of the classes `livefence-wide` and `livefence-narrow`."""
    wide = to_svg(figure)
    if figure.get_size_inches()[0] <= NARROW:
        return wide
    with narrowed(figure):
        narrow = to_svg(figure)
    hidden = narrow.replace('style="', 'style="display:none;', 1)  # but for page.css
    return f"{_classed(wide, 'wide')}\n{_classed(hidden, 'narrow')}"


def wide(svg: str) -> str:
    """Of a figure that was drawn twice, the wide one."""
    return svg.partition(BESIDE)[0]


@contextlib.contextmanager
def narrowed(figure: Any) -> Iterator[None]:
    """The figure in the width of a phone: lower, and panels that stand in a row one
    below the other. On leaving it is as it was."""
    from matplotlib.gridspec import GridSpec

    size = figure.get_size_inches().copy()
    panels = [axis for axis in figure.axes if axis.get_subplotspec() is not None]
    before = [
        (
            axis,
            axis.get_subplotspec(),
            axis.yaxis.get_tick_params().get("labelleft"),
            axis.get_ylabel(),
        )
        for axis in panels
    ]
    grids = {axis.get_subplotspec().get_gridspec() for axis in panels}
    in_a_row = [grid.get_geometry() for grid in grids] == [(1, len(panels))]
    stacked = len(panels) if in_a_row else 1
    try:
        if stacked > 1:
            grid = GridSpec(stacked, 1, figure=figure)
            for axis, place in zip(panels, grid, strict=True):
                axis.set_subplotspec(place)
                axis.tick_params(labelleft=True)
                if axis.get_shared_y_axes().joined(axis, panels[0]):
                    axis.set_ylabel(axis.get_ylabel() or panels[0].get_ylabel())
        figure.set_size_inches(NARROW, size[1] * LOWER * stacked)
        yield
    finally:
        for axis, place, labelled, label in before:
            axis.set_subplotspec(place)
            axis.tick_params(labelleft=labelled is not False)
            axis.set_ylabel(label)
        figure.set_size_inches(size)


def _classed(svg: str, name: str) -> str:
    return svg.replace("<svg ", f'<svg class="livefence-{name}" ', 1)


def to_svg(figure: Any) -> str:
    """The figure as an SVG element, the same bytes on every run."""
    import matplotlib

    stream = io.StringIO()
    rc: Any = {"svg.fonttype": "path", "svg.hashsalt": SALT}
    with matplotlib.rc_context(rc):
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return clean(stream.getvalue())


def decoded(data: str) -> str:
    """The SVG that a notebook holds as base64."""
    return base64.b64decode(data).decode()


def clean(svg: str) -> str:
    """The SVG without what a page has already: prolog, sizes, page-wide style."""
    svg = DROPPED.sub("", svg)
    box = SIZE.search(svg)
    if box is None:
        raise ValueError("the SVG has no viewBox")
    width = float(box[1].split()[2]) * 96 / 72
    root = (
        f'<svg viewBox="{box[1]}" style="max-width:{width:.0f}px;'
        'stroke-linejoin:round;stroke-linecap:butt">'
    )
    svg = ROOT.sub(root, svg, count=1)
    svg = PLACES.sub(lambda place: LONG.sub(_rounded, place[0]), svg)
    svg = _without_idle_names(svg)
    svg = PATH.sub(lambda path: re.sub(r"\s*\n\s*", "", path[0]), svg)
    return re.sub(r"\s*\n\s*", "\n", svg).replace("<defs/>\n", "").strip()


def _without_idle_names(svg: str) -> str:
    """matplotlib names every part, such as `line2d_4`; nothing asks for most."""
    used = set(ASKED.findall(svg))
    return GIVEN.sub(lambda name: name[0] if name[1] in used else "", svg)


def _rounded(number: re.Match[str]) -> str:
    """A hundredth of a point is finer than any screen, and half the bytes."""
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")


def _lettered(narrow: str, wide: str) -> str:
    """The narrow drawing with the letters of the wide one, whose shapes are the same:
    a path may be used from a drawing that is not displayed."""
    known = {shape: name for name, shape in GLYPH.findall(wide)}
    for name, shape in GLYPH.findall(narrow):
        if shape in known:
            narrow = narrow.replace(f'href="#{name}"', f'href="#{known[shape]}"')
    return GLYPH.sub(lambda glyph: "" if glyph[2] in known else glyph[0], narrow)


def inline(svg: str, prefix: str, alt: str, colors: dict[str, str]) -> str:
    """The SVG as it stands in a page: own ids, CSS colours, a name for readers."""
    first, beside, narrow = svg.partition(BESIDE)
    if beside:
        wide = inline(first, prefix, alt, colors)
        narrow = inline(beside[1:] + narrow, f"{prefix}n-", alt, colors)
        return f"{wide}\n{_lettered(narrow, wide)}"
    svg = ID.sub(rf"\g<1>{prefix}", svg)
    if black := colors.get("#000000"):  # matplotlib leaves a black fill unsaid
        svg = svg.replace('style="max-width', f'style="fill:{black};max-width', 1)
    for color, css in colors.items():
        svg = re.sub(rf"{color}(?![0-9a-f])", css, svg, flags=re.IGNORECASE)
    name = html.escape(" ".join(alt.split()))
    attributes = f'role="img" aria-label="{name}" data-search-exclude'
    return svg.replace("<svg ", f"<svg {attributes} ", 1)
