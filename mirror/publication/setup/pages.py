"""Render guides as pages for people, which look like all pages of the mirror.

Every line that is to be typed has a button that copies it.  What stands between grave accents
in a guide's sentences is shown as code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirror.publication.pages import more_texts
from mirror.publication.pages.layout import Section, copy_button, layout
from mirror.publication.setup.model import Dialect, System
from mirror.publication.setup.render import NO_ADDRESS, PAGE, page_of, parts_of
from mirror.publication.site.html import Markup, coded, joined, tag

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mirror.publication.setup.model import Guide, Lines, Place, Step, Way

_FEED: Final = "/v1/feed.json"
_SUMS: Final = "/resources/firmware/SHA256SUMS"


def render_index_page(guides: Sequence[Guide], place: Place) -> bytes:
    """Return the page that leads to all others."""
    cards = (tag("li", _card(one)) for one in guides)
    feed, sums = tag("a", more_texts.SET_UP_FEED, href=_FEED), tag("a", "SHA256SUMS", href=_SUMS)
    return layout(
        Section.SET_UP,
        more_texts.SET_UP_TITLE,
        tag("h1", more_texts.SET_UP_TITLE),
        tag("p", more_texts.SET_UP_LEAD, class_="lead"),
        _hint(place),
        tag("ul", *cards, class_="programs", by="\n"),
        tag("p", coded(more_texts.SET_UP_TOKENS)),
        tag("p", more_texts.SET_UP_WITHOUT, " ", feed, more_texts.SET_UP_AND, sums, "."),
    )


def render_guide_page(guide: Guide, place: Place) -> bytes:
    """Return the page of *guide*."""
    title = more_texts.SET_UP_OF.format(title=guide.title)
    return layout(
        Section.SET_UP,
        title,
        tag("h1", title),
        tag("p", coded(guide.summary), class_="lead"),
        _hint(place),
        *_remarks(guide),
        *(_way(number, way) for number, way in enumerate(guide.ways, 1)),
        tag("p", tag("a", more_texts.SET_UP_OTHERS, href=PAGE)),
    )


def _card(guide: Guide) -> Markup:
    name, summary = tag("b", guide.title), tag("small", coded(guide.summary))
    return tag("a", name, summary, class_="card", href=page_of(guide), by=" ")


def _hint(place: Place) -> Markup:
    if place.url is None:
        return tag("p", NO_ADDRESS.format(place.base), class_="note")
    return tag("p", more_texts.SET_UP_AT, " ", tag("code", place.url), ".")


def _remarks(guide: Guide) -> Iterator[Markup]:
    if guide.remarks:
        yield tag("ul", *(tag("li", coded(remark)) for remark in guide.remarks), by="\n")


def _way(number: int, way: Way) -> Markup:
    heading = tag("h2", f"{number}. {way.title}", id=f"way-{number}")
    reach = tag("p", more_texts.SET_UP_REACH.format(reach=way.reach), class_="dim")
    parts = (
        joined(tag("h3", name), tag("ol", *map(_step, steps), class_="steps", by="\n"))
        for name, steps in parts_of(way)
    )
    return tag("section", heading, reach, *_missing(way), *parts, by="\n")


def _missing(way: Way) -> Iterator[Markup]:
    if way.missing:
        yield tag("p", tag("b", more_texts.SET_UP_MISSING), " ", coded(way.missing), class_="note")


def _step(step: Step) -> Markup:
    return tag("li", tag("p", coded(step.what)), *map(_lines, step.lines), by="\n")


def _lines(lines: Lines) -> Markup:
    where = [] if lines.system is System.ANY else [more_texts.SYSTEMS[lines.system]]
    where += [more_texts.POWERSHELL] if lines.dialect is Dialect.POWERSHELL else []
    where += [lines.file] if lines.file else []
    heading = [tag("figcaption", ", ".join(where))] if where else []
    text = "\n".join(lines.text)
    shown = joined(tag("pre", tag("code", text)), copy_button(text, ", ".join(where)))
    return tag("figure", *heading, tag("div", shown, class_="line"))
