"""Render guides as JSON and as lines for a terminal; as pages, see `…setup.pages`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirror.frozen import dataclass
from mirror.publication.setup.model import Guide, Place
from mirror.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mirror.publication.setup.model import Step, System, Way

#: Where the guides are for people; below it, one for each client.
PAGE: Final = "/setup"

#: What is said where this mirror does not know its own address.
NO_ADDRESS: Final = (
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


_GUIDE: Final = Shape(GuideDocument)
_INDEX: Final = Shape(GuideIndex)


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


def render_text(guide: Guide, place: Place, systems: Sequence[System]) -> Iterator[str]:
    """Give the lines that a terminal shows of *guide*, for *systems*."""
    yield f"{guide.title}: {guide.summary}"
    if place.url is None:
        yield NO_ADDRESS.format(place.base)
    yield from guide.remarks
    for number, way in enumerate(guide.ways, 1):
        yield ""
        yield f"{number}. {way.title} (changes {way.reach})"
        if way.missing:
            yield f"   Not yet: {way.missing}"
        for heading, steps in parts_of(way):
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


def parts_of(way: Way) -> Iterator[tuple[str, Sequence[Step]]]:
    """Yield the parts of *way* with their headings."""
    yield "Do", way.steps
    yield "See that it works", way.test
    yield "Undo", way.undo
