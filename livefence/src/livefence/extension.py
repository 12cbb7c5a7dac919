"""The Python-Markdown extension: runs the chains of a page, shows what they gave."""

import html
import json
from typing import Any

from markdown import Markdown
from markdown.extensions import Extension
from markdown.preprocessors import Preprocessor

from livefence import chains, figures, page
from livefence.chains import Result
from livefence.context import PageContext
from livefence.page import Cell, Command, Fence, Number, Page
from livefence.run import number_html
from livefence.settings import Settings, from_options

MARKS = ("```", "~~~", "`{python}", "{python} ")
FIRST = 1000
PRIORITY = 27  # after white space is normalised (30), before superfences (25)

MOST_LINES = 40  # of output that are seen at once; `run.js` has the same
TALL = "32em"

ran: dict[str, tuple[Page, dict[Cell, Result]]] = {}  # by file, for `livefence.mkdocs`


class LiveFence(Extension):
    """Runs the Python fences of a page and puts their output and figures below."""

    def __init__(self, **options: Any) -> None:
        self.options = options
        super().__init__()

    def extendMarkdown(self, md: Markdown) -> None:
        """Register the preprocessor."""
        source = Source(md)
        runner = Runner(md, self.options, source)
        md.preprocessors.register(source, "livefence_source", FIRST)
        md.preprocessors.register(runner, "livefence", PRIORITY)


class Source(Preprocessor):
    """Remembers the text that was handed to Markdown, before anything touched it."""

    text = ""

    def run(self, lines: list[str]) -> list[str]:
        """The lines as they are."""
        self.text = "\n".join(lines)
        return lines


class Runner(Preprocessor):
    """Replaces the cells of a page by what they gave."""

    def __init__(self, md: Markdown, options: dict[str, Any], source: Source) -> None:
        super().__init__(md)
        self.options = options
        self.source = source

    def run(self, lines: list[str]) -> list[str]:
        """The lines of the page with its cells replaced."""
        text = "\n".join(lines)
        place = PageContext.of(self.md, self.source.text)
        if place is None:
            return lines
        settings = from_options(self.options, place.root)
        place.report(place.quiet(settings))
        if not any(mark in text for mark in MARKS):
            return lines
        parsed = page.parse(text, place.first_line(self.source.text))
        results = run_page(parsed, place, settings)
        place.report([r["fault"] for r in results.values() if "fault" in r])
        ran[place.file] = parsed, results
        writer = Writer(self.md, parsed, settings)
        return writer.write(results).split("\n")


def run_page(
    parsed: Page, place: PageContext, settings: Settings
) -> dict[Cell, Result]:
    """What each cell gave; a cell after a fence that failed gave nothing."""
    given: dict[Cell, Result] = {}
    for job in chains.of_page(parsed, place.path, place.file, settings):
        gave = chains.results(job, settings)
        given.update(zip(job.cells, gave, strict=False))
        if job.form and "answers" in gave[-1]:
            given[job.form] = {"known": gave[-1]["answers"]}
    return given


class Writer:
    """Writes the text of the page anew, with HTML in the stash of Markdown."""

    def __init__(self, md: Markdown, parsed: Page, settings: Settings) -> None:
        self.md, self.parsed, self.settings = md, parsed, settings
        self.drawn = 0

    def write(self, results: dict[Cell, Result]) -> str:
        """The text with each cell replaced by what the reader sees."""
        pieces, at = [], 0
        for cell in self.parsed.cells:
            pieces.append(self.parsed.text[at : cell.start])
            pieces.append(self._cell(cell, results.get(cell, {})))
            at = cell.end
        return "".join(pieces) + self.parsed.text[at:]

    def _cell(self, cell: Cell, result: Result) -> str:
        if isinstance(cell, Fence):
            return self._fence(cell, result)
        if isinstance(cell, Command):
            return self._command(cell, result)
        if isinstance(cell, Number):
            if cell.in_math and "text" in result:
                return str(result["text"])
            shown = number_html(result["text"]) if "text" in result else _lost(result)
            return self._stash(shown)
        text = self.parsed.text[cell.start : cell.end]
        return f"{self._stash(_error(result))}\n\n{text}" if result else text

    def _fence(self, fence: Fence, result: Result) -> str:
        """The fence, its output and its figures, each at the fence's indentation."""
        blocks = ["\n".join([fence.mark + fence.head.shown, fence.seen, fence.mark])]
        if fence.head.runs:
            chain = self.parsed.chain_of(fence)
            name = "livefence-still" if fence.head.norun else "livefence"
            fold, end = "", "</div>"
            if fence.fold:
                words = html.escape(fence.fold)
                fold = f'<details class="livefence-fold"><summary>{words}</summary>'
                end = "</details></div>"
            opening = self._stash(
                f'<div class="{name}" data-search-exclude data-chain="{chain}"'
                f"{_copied(fence)}>{fold}"
            )
            blocks = [opening, *blocks, self._stash(end)]
        elif fence.head.check:
            known = page.attribute(json.dumps(result["known"])) if result else ""
            opening = self._stash(
                f'<div class="livefence-answer" data-check="{fence.head.check}"'
                + (f' data-known="{known}">' if known else ">")
            )
            blocks = [opening, *blocks, self._stash("</div>")]
        return self._with_result(fence.prefix, blocks, result)

    def _command(self, cell: Command, result: Result) -> str:
        """The commands, and what they print."""
        code = cell.code.strip("\n")
        block = "\n".join([cell.mark + cell.language, code, cell.mark])
        return self._with_result(cell.prefix, [block], result)

    def _with_result(self, prefix: str, blocks: list[str], result: Result) -> str:
        """The blocks, and below them the output, the figures and the fault, each at the
        indentation of the page."""
        if result.get("output"):
            blocks.append(self._stash(_output(result["output"])))
        for svg, alt, caption in result.get("figures", []):
            blocks.extend(self._figure(svg, alt, caption))
        if "fault" in result:
            blocks.append(self._stash(_error(result)))
        lines = "\n\n".join(["", *blocks, ""]).split("\n")
        return "\n".join((prefix + line).rstrip() for line in lines)

    def _figure(self, svg: str, alt: str, caption: str) -> list[str]:
        """The figure; its caption stands as Markdown between two pieces of HTML."""
        self.drawn += 1
        svg = figures.inline(svg, f"lf{self.drawn}-", alt, self.settings.colors)
        figure = f'<figure class="livefence-figure">\n{svg}'
        if not caption:
            return [self._stash(f"{figure}\n</figure>")]
        closing = "</figcaption>\n</figure>"
        return [self._stash(f"{figure}\n<figcaption>"), caption, self._stash(closing)]

    def _stash(self, raw: str) -> str:
        return str(self.md.htmlStash.store(raw))


def _copied(fence: Fence) -> str:
    """What is copied of the fence, where that is other than what is seen."""
    if fence.source == fence.seen:
        return ""
    return f' data-copy="{page.attribute(fence.source)}"'


def _output(text: str) -> str:
    """What was printed; `no-copy` keeps Material's button away. Of what is long, the
    first lines are seen, the rest scrolls in its place, and how much it is is told."""
    lines = text.count("\n") + (not text.endswith("\n"))
    shown = html.escape(text.rstrip("\n"))
    long = lines > MOST_LINES
    style = f' style="max-height:{TALL};overflow-y:auto"' if long else ""
    told = f'<p class="livefence-lines">{lines:,} lines; they scroll here.</p>'
    return (
        '<div class="livefence-output no-copy" data-search-exclude '
        'role="group" aria-label="Output">'
        f'<pre><code tabindex="0"{style}>{shown}\n</code></pre>'
        f"{told if long else ''}</div>"
    )


def _error(result: Result) -> str:
    """A fault where the author sees it; a strict build does not publish it."""
    shown = html.escape(str(result["fault"]))
    return (
        '<div class="livefence-error no-copy" role="alert" '
        'style="border-left:4px solid #d32f2f">'
        f'<pre><code tabindex="0">{shown}\n</code></pre></div>'
    )


def _lost(result: Result) -> str:
    """A number that could not be had."""
    said = html.escape(str(result.get("fault", "not run")))
    return f'<span class="livefence-error" style="color:#d32f2f">{said}</span>'
