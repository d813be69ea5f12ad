"""Render guides: as JSON, as a page for people, and as lines for a terminal.

The pages look like all pages of the mirror, and read well without script and style sheet.  All
text goes through HTML's escape.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter

from mirror.publication.pages.layout import Section, layout
from mirror.publication.setup.model import Dialect, Guide, Place, System
from mirror.publication.site.html import Markup, tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mirror.publication.setup.model import Lines, Step, Way

#: Where the guides are for people; below it, one for each client.
PAGE: Final = "/setup"

_NO_ADDRESS: Final = (
    "This mirror does not know by which address you reach it: put that in the place of {}. Its"
    " operator sets public_url, and it stands here."
)


@dataclass(frozen=True, slots=True)
class GuideDocument:
    """``/v1/setup/{client}.json``: the guide, and the mirror that it leads to."""

    guide: Guide
    mirror: Place
    type: str = "mpmirror.setup"
    format: int = 1


@dataclass(frozen=True, slots=True)
class GuideLine:
    """One line of the index."""

    client: str
    title: str
    summary: str
    path: str
    page: str


@dataclass(frozen=True, slots=True)
class GuideIndex:
    """``/v1/setup.json``: all clients for which there is a guide."""

    clients: tuple[GuideLine, ...]
    type: str = "mpmirror.setup-index"
    format: int = 1


_GUIDE: Final = TypeAdapter(GuideDocument)
_INDEX: Final = TypeAdapter(GuideIndex)


def render_guide(guide: Guide, place: Place) -> bytes:
    """Return *guide* as JSON."""
    return _GUIDE.dump_json(GuideDocument(guide, place)) + b"\n"


def render_index(guides: Iterable[Guide]) -> bytes:
    """Return the index of *guides* as JSON."""
    lines = (
        GuideLine(one.client, one.title, one.summary, f"/v1{PAGE}/{one.client}.json", page_of(one))
        for one in guides
    )
    return _INDEX.dump_json(GuideIndex(tuple(lines))) + b"\n"


def page_of(guide: Guide) -> str:
    """Return the path of the page for *guide*."""
    return f"{PAGE}/{guide.client}"


def render_index_page(guides: Sequence[Guide], place: Place) -> bytes:
    """Return the page that leads to all others."""
    rows = "".join(
        f'<dt><a href="{page_of(one)}">{escape(one.title)}</a></dt><dd>{escape(one.summary)}</dd>\n'
        for one in guides
    )
    body = (
        "<p>Choose your program. Each way says what it changes, how to see that it works, and how"
        " to undo it; take the first that fits.</p>\n"
        f"{_hint(place)}<dl>\n{rows}</dl>\n"
        "<p>Start programs that you lead here without tokens in their environment, such as"
        " GITHUB_TOKEN: they would send them to whoever answers.</p>\n"
        "<p>Without any of it, every file is at "
        '<a href="/v1/feed.json">the feed</a> and '
        '<a href="/resources/firmware/SHA256SUMS">SHA256SUMS</a>.</p>\n'
    )
    return _page("Set a program up for this mirror", body)


def render_guide_page(guide: Guide, place: Place) -> bytes:
    """Return the page of *guide*."""
    ways = "".join(_way(number, way) for number, way in enumerate(guide.ways, 1))
    body = (
        f"<p>{escape(guide.summary)}</p>\n{_hint(place)}{_remarks(guide)}{ways}"
        f'<p><a href="{PAGE}">Other programs</a></p>\n'
    )
    return _page(f"{guide.title} and this mirror", body)


def render_text(guide: Guide, place: Place, systems: Sequence[System]) -> Iterator[str]:
    """Give the lines that a terminal shows of *guide*, for *systems*."""
    yield f"{guide.title}: {guide.summary}"
    if place.url is None:
        yield _NO_ADDRESS.format(place.base)
    yield from guide.remarks
    for number, way in enumerate(guide.ways, 1):
        yield ""
        yield f"{number}. {way.title} (changes {way.reach})"
        if way.missing:
            yield f"   Not yet: {way.missing}"
        for heading, steps in _parts(way):
            yield f"   {heading}:"
            for step in steps:
                yield f"   - {step.what}"
                yield from _step_text(step, systems)


def _step_text(step: Step, systems: Sequence[System]) -> Iterator[str]:
    for lines in step.lines:
        if lines.system not in systems:
            continue
        if lines.file:
            yield f"     {lines.file}"
        for text in lines.text:
            yield f"       {text}"


def _parts(way: Way) -> Iterator[tuple[str, Sequence[Step]]]:
    yield "Do", way.steps
    yield "See that it works", way.test
    yield "Undo", way.undo


def _way(number: int, way: Way) -> str:
    missing = f"<p><strong>Not yet:</strong> {escape(way.missing)}</p>\n" if way.missing else ""
    parts = "".join(
        f"<h3>{heading}</h3>\n<ol>\n{''.join(map(_step, steps))}</ol>\n"
        for heading, steps in _parts(way)
    )
    return (
        f'<section>\n<h2 id="way-{number}">{number}. {escape(way.title)}</h2>\n'
        f"<p>Changes {escape(way.reach)}.</p>\n{missing}{parts}</section>\n"
    )


def _step(step: Step) -> str:
    return f"<li><p>{escape(step.what)}</p>\n{''.join(map(_lines, step.lines))}</li>\n"


def _lines(lines: Lines) -> str:
    where = [] if lines.system is System.ANY else [_SYSTEMS[lines.system]]
    where += ["in PowerShell"] if lines.dialect is Dialect.POWERSHELL else []
    where += [lines.file] if lines.file else []
    heading = f"<figcaption>{escape(', '.join(where))}</figcaption>" if where else ""
    text = escape("\n".join(lines.text))
    return f"<figure>{heading}<pre><code>{text}</code></pre></figure>\n"


_SYSTEMS: Final = {
    System.ANY: "Everywhere",
    System.UNIX: "Linux and macOS",
    System.LINUX: "Linux",
    System.MACOS: "macOS",
    System.WINDOWS: "Windows",
}


def _remarks(guide: Guide) -> str:
    rows = "".join(f"<li>{escape(remark)}</li>\n" for remark in guide.remarks)
    return f"<ul>\n{rows}</ul>\n" if rows else ""


def _hint(place: Place) -> str:
    if place.url is not None:
        return f"<p>This mirror is at <code>{escape(place.url)}</code>.</p>\n"
    return f"<p><strong>{escape(_NO_ADDRESS.format(place.base))}</strong></p>\n"


def _page(title: str, body: str) -> bytes:
    return layout(Section.SET_UP, title, tag("h1", title), Markup(body))
