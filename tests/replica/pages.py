"""Upstream's pages of today, to the blank line: the index, its facets, and board pages.

Pure: what the site knows goes in as values, HTML comes out.  Texts are escaped once, here.
The shape is that of ``upstream.md`` sections 3 and 4, and was compared with real pages; where
upstream's own shape is not known (a board without files, a note on a retired variant), it is
a guess that the function says.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from mirror.catalog.kinds import Kind
from tests.replica.builds import Build, ListedBuild, ListedSection
from tests.replica.facts import BoardFact
from tests.replica.prose import board_text
from tests.replica.skeleton import whole_page

MEDIA: Final = "https://micropython.org/resources/micropython-media/boards"
_SOURCE: Final = "https://github.com/micropython/micropython"
FIRMWARE: Final = "/resources/firmware"
FACETS: Final = {"port": "Port", "features": "Feature", "vendor": "Vendor", "mcu": "MCU"}
"""The words of the query, each with the label on the page, in the page's order."""


@dataclass(frozen=True, slots=True)
class BoardMatter:
    """Everything that a board page shows; ``added`` are links that somebody put there.

    ``note_before`` is how the note on previews stands today; in December 2025 it stood
    behind the list.  ``preview_heading`` was another one before 2023.
    """

    fact: BoardFact
    sections: tuple[ListedSection, ...]
    added: tuple[str, ...] = ()
    note_before: bool = True
    preview_heading: str = "Preview builds"


@dataclass(frozen=True, slots=True)
class IndexMatter:
    """Everything that an index page shows: the cards, and the values of each facet."""

    cards: tuple[BoardFact, ...]
    facets: Mapping[str, Sequence[str]]
    active: Mapping[str, str]
    newest: str
    added: tuple[str, ...] = ()


def facet_values(fact: BoardFact, facet: str) -> tuple[str, ...]:
    """Return what *fact* has under *facet*, a key of `FACETS`."""
    if facet == "features":
        return fact.features
    return ({"port": fact.port, "vendor": fact.vendor, "mcu": fact.mcu}[facet],)


def index_page(matter: IndexMatter) -> str:
    """Return the index, or one facet page."""
    facets = "\n".join(_facet(facet, matter) for facet in FACETS)
    cards = "".join(_card(fact) for fact in matter.cards)
    added = "".join(_bare_card(href) for href in matter.added)
    archive = f"micropython-{matter.newest.removeprefix('v')}.tar.xz"
    return whole_page(_INDEX.format(archive=archive, facets=facets) + cards + added + "\n")


def board_page(matter: BoardMatter) -> str:
    """Return the page of one board; without files it has a heading and no list (a guess)."""
    parts = [
        _head(matter.fact),
        board_text(matter.fact),
        "\n\n\n\n    \n",
        *(_section(section, matter) for section in matter.sections),
        "\n\n\n",
        _comment(matter.fact),
    ]
    return whole_page("".join(parts))


def _facet(facet: str, matter: IndexMatter) -> str:
    values = matter.facets[facet]
    active = matter.active.get(facet)
    if active is not None:
        body = f'            {_text(active)} <a href="?" class="filter-option">[x]</a>\n'
    else:
        body = ", \n".join(_option(facet, value) for value in values) + "\n            \n"
    label = FACETS[facet]
    return f'    <span class="filter-name">{label}:</span>\n        \n{body}        \n    <br>\n'


def _option(facet: str, value: str) -> str:
    href = f"?{facet}={quote(value)}"
    link = f'<a href="{href}" class="filter-option">{_text(value)}</a>'
    return f"            \n                {link}"


def _card(fact: BoardFact) -> str:
    thumbnail = next((picture.thumbnail for picture in fact.photographs), None)
    picture = ""
    if thumbnail is not None:
        source = f"{MEDIA}/{fact.board}/{quote(thumbnail)}"
        picture = f'            \n            <img src="{source}">\n            \n'
    return _CARD.format(
        href=fact.board, picture=picture, product=_text(fact.product), vendor=_text(fact.vendor)
    )


def _bare_card(href: str) -> str:
    return _CARD.format(href=_attribute(href), picture="", product="Added", vendor="Added")


def _head(fact: BoardFact) -> str:
    lines = [f"<h2> {_text(fact.product)} </h2>\n\n"]
    if fact.photographs:
        source = f"{MEDIA}/{fact.board}/{quote(fact.photographs[0].name)}"
        lines.append(f'\n<img src="{source}" class="img-responsive thumb hero">\n\n')
    lines.append(_head_line("<strong>Vendor:</strong> " + _text(fact.vendor)))
    if fact.features:
        lines.append(_head_line("<strong>Features:</strong> " + _text(", ".join(fact.features))))
    tree = f"{_SOURCE}/tree/master/ports/{fact.port}/boards/{fact.board}"
    source = f'<a href="{tree}">{fact.port}/{fact.board}</a>'
    lines.append(_head_line(f"    <strong>Source on GitHub:</strong> {source}"))
    if fact.website is not None:
        website = f'<a href="{_attribute(fact.website)}">Website</a>'
        lines.append(_head_line(f"<strong>More info:</strong> {website}"))
    return "".join(lines) + "\n"


def _head_line(text: str) -> str:
    return f"\n<div>\n{text}\n</div>\n\n"


def _section(listed: ListedSection, matter: BoardMatter) -> str:
    label = f" ({_text(listed.section.label)})" if listed.section.label else ""
    note = f"        <p>{_text(listed.section.note)}</p>\n" if listed.section.note else ""
    added = matter.added if listed is matter.sections[0] else ()
    lists = _releases(listed, added) + _previews(listed, matter)
    return (
        f"    <p>\n        \n            <h2>Firmware{label}</h2>\n        \n\n        \n{note}"
        f"{lists}\n    </p>\n    \n"
    )


def _releases(listed: ListedSection, added: Sequence[str]) -> str:
    if not listed.releases and not added:
        return ""
    lines = [_release(build, newest=place == 0) for place, build in enumerate(listed.releases)]
    lines += [_line(f'                <a href="{_attribute(href)}">Added</a>\n') for href in added]
    return "\n        \n        <h3>Releases</h3>\n        \n" + "".join(lines) + "        \n"


def _release(listed: ListedBuild, *, newest: bool) -> str:
    gap = "                \n"
    primary = f"                {_primary_link(listed)}\n"
    if newest:
        primary = f"                <strong>\n{gap}{primary}{gap}                </strong>\n"
    notes = f"{_SOURCE}/releases/tag/{listed.build.version}"
    links = [*_further_links(listed), f'<a href="{notes}">[Release notes]</a>']
    further = "".join(f"{gap}                / {link}\n" for link in links)
    latest = f"{gap}                (latest)\n" if newest else ""
    return _line(f"{gap}{primary}{gap}{further}{latest}{gap}")


def _previews(listed: ListedSection, matter: BoardMatter) -> str:
    if not listed.previews:
        return ""
    note, behind = _NOTE if matter.note_before else "", "" if matter.note_before else _OLD_NOTE
    lines = "".join(_preview(build) for build in listed.previews)
    heading = f"        <h3>{matter.preview_heading}</h3>\n"
    return f"\n        \n{heading}{note}        \n{lines}        \n{behind}"


def _preview(listed: ListedBuild) -> str:
    gap = "                \n"
    further = "".join(f"{gap}                / {link}\n" for link in _further_links(listed))
    return _line(f"                {_primary_link(listed)}\n{further}{gap}")


def _line(content: str) -> str:
    return f"            <div>\n{content}            </div>\n        \n"


def _primary_link(listed: ListedBuild) -> str:
    build, kind = listed.build, listed.kinds[0]
    return _link(build, kind, f"{build.version} ({build.date}) .{kind.value}")


def _further_links(listed: ListedBuild) -> list[str]:
    return [_link(listed.build, kind, _label(kind)) for kind in listed.kinds[1:]]


def _label(kind: Kind) -> str:
    return "[.elf and .map]" if kind is Kind.META_ZIP else f"[.{kind.value}]"


def _link(build: Build, kind: Kind, text: str) -> str:
    return f'<a href="{FIRMWARE}/{build.name(kind)}">{text}</a>'


def _comment(fact: BoardFact) -> str:
    pictures = [f"{MEDIA}/{fact.board}/{quote(picture.name)}" for picture in fact.photographs]
    return "<!--\n\n" + "".join(f'<img src="{source}">\n' for source in pictures) + " -->\n"


def _text(text: str) -> str:
    return html.escape(text, quote=False)


def _attribute(text: str) -> str:
    return html.escape(text)


_NOTE: Final = """\
        <p class="preview-note">
            These are automatic builds of the development branch for the next release.
        </p>
"""
_OLD_NOTE: Final = (
    "        (These are automatic builds of the development branch for the next release.)\n"
)
_CARD: Final = """\

    <a class="board-card" href="{href}">
        <div class="board-image">
{picture}        </div>
        <div class="board-product">{product}</div>
        <div class="board-vendor">{vendor}</div>
    </a>
  
  
"""  # noqa: W293 - as upstream has it
_INDEX: Final = """\
<h1> MicroPython downloads </h1>

<p>
The source is at <a href="https://github.com/micropython/micropython">github.com</a>, and here:
<ul>
    <li> <a href="https://micropython.org/resources/source/{archive}">{archive}</a> (104MiB) </li>
</ul>
</p>

<p>
Snapshots of the repository:
<ul>
    <li> <a href="https://micropython.org/resources/micropython-master.zip">micropython-master.zip</a> </li>
    <li> <a href="https://micropython.org/resources/pyboard-master.zip">pyboard-master.zip</a> </li>
</ul>
</p>

<p>
Filter by:<br>

{facets}
</p>

"""  # noqa: E501 - as upstream has it
